import datetime as dt

import pytest

from core.working_days import Calendar
from mediation.hours import Hours, joined, why_closed
from tests.factories.cases import local

# the holidays of early October 2026 as if by notice: off from Thursday 1 to Wednesday 7, Saturday 10 worked instead
CALENDAR = Calendar({dt.date(2026, 10, day): False for day in range(1, 8)} | {dt.date(2026, 10, 10): True})
MORNINGS = [Hours(weekday, dt.time(9), dt.time(12)) for weekday in range(5)]
SATURDAYS = [Hours(5, dt.time(13), dt.time(17))]


def span(day, first, last):
    times = (dt.time.fromisoformat(text) for text in (first, last))
    return [local(2026, 10, day, when.hour, when.minute) for when in times]


@pytest.mark.parametrize(
    ("hours", "day", "first", "last", "why"),
    [
        ([], 12, "08:30", "17:30", ""),
        ([], 12, "08:29", "09:00", "hours"),
        ([], 12, "17:00", "17:31", "hours"),
        ([], 11, "09:00", "10:00", "rest_day"),  # a Sunday
        ([], 10, "09:00", "10:00", ""),  # a Saturday that is worked
        ([], 5, "09:00", "10:00", "holiday"),
        (MORNINGS, 12, "09:00", "12:00", ""),
        (MORNINGS, 12, "11:30", "12:30", "hours"),
        (MORNINGS, 10, "10:00", "11:00", ""),  # worked like any other day
        (MORNINGS, 10, "13:00", "14:00", "hours"),
        (MORNINGS, 17, "10:00", "11:00", "rest_day"),
        (MORNINGS, 5, "09:00", "10:00", "holiday"),
        (SATURDAYS, 17, "13:00", "14:00", ""),
        (SATURDAYS, 17, "12:00", "14:00", "hours"),
        (SATURDAYS, 12, "13:00", "14:00", "hours"),  # not on Mondays
        (MORNINGS + SATURDAYS, 10, "13:00", "14:00", ""),
    ],
)
def test_when_a_mediator_can_be_booked(hours, day, first, last, why):
    assert why_closed(*span(day, first, last), hours, CALENDAR) == why


def test_a_session_stays_within_a_day():
    assert why_closed(local(2026, 10, 12, 16), local(2026, 10, 13, 9), [], CALENDAR) == "several_days"


def test_hours_that_touch_are_one_span():
    nine, noon, one, five = (dt.time(hour) for hour in (9, 12, 13, 17))

    assert joined([(noon, five), (nine, noon)]) == [(nine, five)]
    assert joined([(one, five), (nine, noon)]) == [(nine, noon), (one, five)]
    assert joined([(nine, five), (noon, one)]) == [(nine, five)]
