import datetime as dt

import pytest

from core.working_days import Term, notice_years
from registry.domain import calendar_days, load_calendar
from registry.models import CalendarDay, CalendarNotice
from tests.factories import CalendarDayFactory, CalendarNoticeFactory

D = dt.date
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def calendar(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        return load_calendar()


def test_working_days_of_each_year(calendar):
    """The figures of the project's domain reference, computed there from the State Council's notices."""
    counts = {}
    for year in range(2019, 2027):
        days = (D(year, 1, 1) + dt.timedelta(days=i) for i in range(366))
        counts[year] = sum(calendar.is_working(day) for day in days if day.year == year)
    assert counts == {2019: 250, 2020: 249, 2021: 250, 2022: 249, 2023: 249, 2024: 251, 2025: 248, 2026: 248}
    assert calendar.known_years == set(range(2019, 2027))


@pytest.mark.parametrize(
    ("received", "due"),
    [
        (D(2020, 1, 17), D(2020, 2, 4)),  # Sunday 19 January was a working day
        (D(2020, 1, 23), D(2020, 2, 11)),
        (D(2020, 9, 27), D(2020, 10, 13)),  # received on a make-up working day
        (D(2021, 2, 5), D(2021, 2, 20)),  # ends on a make-up working Saturday
        (D(2021, 3, 12), D(2021, 3, 23)),
        (D(2021, 4, 25), D(2021, 5, 7)),
        (D(2026, 4, 24), D(2026, 5, 8)),
    ],
)
def test_seven_working_days(calendar, received, due):
    assert calendar.add_working_days(received, 7) == Term(due, due, False)


def test_forty_five_working_days(calendar):
    assert calendar.add_working_days(D(2020, 1, 20), 45).due_on == D(2020, 3, 31)


def test_forty_five_working_days_span_61_to_71_days_over_2020(calendar):
    starts = [D(2020, 1, 1) + dt.timedelta(days=i) for i in range(366)]
    spans = sorted((calendar.add_working_days(day, 45).due_on - day).days for day in starts)
    assert (spans[0], spans[183], spans[-1]) == (61, 65, 71)


def test_seven_working_days_span_8_to_19_days_over_2020(calendar):
    starts = [D(2020, 1, 1) + dt.timedelta(days=i) for i in range(366)]
    spans = sorted((calendar.add_working_days(day, 7).due_on - day).days for day in starts)
    assert (spans[0], spans[183], spans[-1]) == (8, 10, 19)


@pytest.mark.parametrize(
    ("accepted", "safe", "due"),
    [
        (D(2026, 4, 20), D(2026, 6, 19), D(2026, 6, 22)),  # Dragon Boat Festival
        (D(2026, 8, 3), D(2026, 10, 2), D(2026, 10, 8)),  # National Day
    ],
)
def test_sixty_natural_days(calendar, accepted, safe, due):
    assert calendar.add_natural_days(accepted, 60) == Term(safe, due, False)


def test_beyond_the_last_notice_a_term_is_provisional(calendar):
    assert calendar.add_working_days(D(2026, 12, 24), 7) == Term(D(2027, 1, 4), D(2027, 1, 4), True)
    assert not calendar.add_working_days(D(2026, 12, 17), 7).provisional  # ends on the 28th
    assert calendar.add_working_days(
        D(2026, 12, 21), 7
    ).provisional  # and this on the 30th, which 2027 may name
    # the notice for 2019 names days of December 2018, and yet 2018 is not known
    assert calendar.add_working_days(D(2018, 12, 27), 7).provisional


def test_a_notice_names_days_of_its_year_and_the_last_ones_of_the_december_before():
    """What Calendar.is_known rests on."""
    before = set()
    for day in CalendarDay.objects.select_related("notice"):
        if day.date.year != day.notice.year:
            assert day.notice.year in notice_years(day.date)
            before.add(day.date)
    assert before == {D(2018, 12, 29), D(2018, 12, 30), D(2018, 12, 31), D(2022, 12, 31)}


def test_the_extension_of_spring_festival_2020_supersedes_day_by_day():
    found = sorted(calendar_days().days.items())
    around = [day for date, day in found if D(2020, 1, 30) <= date <= D(2020, 2, 3)]
    codes = dict(CalendarNotice.objects.values_list("published_on", "code"))
    assert [(day.working, codes[day.published_on]) for day in around] == [
        (False, "2020"),
        (False, "2020-amendment"),
        (False, "2020-amendment"),
        (False, "2020-amendment"),
        (True, "2020-amendment"),
    ]


@pytest.mark.parametrize(
    ("as_of", "due"),
    [
        (D(2020, 1, 26), D(2020, 2, 2)),  # as it stood: 1 February to be worked, then a weekend day
        (D(2020, 1, 27), D(2020, 2, 3)),
        (None, D(2020, 2, 3)),
    ],
)
def test_the_calendar_as_of_a_day_knows_the_notices_of_then(as_of, due):
    calendar = load_calendar(as_of)
    assert calendar.is_working(D(2020, 2, 1)) is (as_of == D(2020, 1, 26))
    first = calendar.add_working_days(D(2020, 1, 31), 1).due_on
    assert first == (D(2020, 2, 1) if as_of == D(2020, 1, 26) else due)


def test_labour_day_2019_was_one_day_before_the_change():
    before, after = load_calendar(D(2019, 3, 21)), load_calendar()
    assert [before.is_holiday(D(2019, 5, day)) for day in range(1, 6)] == [True, False, False, False, False]
    assert [after.is_holiday(D(2019, 5, day)) for day in range(1, 6)] == [True, True, True, True, False]
    assert not before.is_working(D(2019, 4, 28))
    assert after.is_working(D(2019, 4, 28))
    assert after.is_working(D(2019, 5, 5))


def test_a_later_notice_of_the_same_day_wins():
    early = CalendarNoticeFactory(published_on=D(2029, 11, 1))
    late = CalendarNoticeFactory(published_on=D(2029, 11, 20))
    CalendarDayFactory(notice=late, date=D(2030, 1, 2), working=False)
    CalendarDayFactory(notice=early, date=D(2030, 1, 2), working=True)
    assert not load_calendar().is_working(D(2030, 1, 2))
    assert load_calendar(D(2029, 11, 19)).is_working(D(2030, 1, 2))
    assert 2030 in load_calendar().known_years


def test_the_calendar_takes_one_query(django_assert_num_queries):
    with django_assert_num_queries(1):
        load_calendar()
