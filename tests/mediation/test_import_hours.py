import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.importing.values import BadValue
from mediation.hours import Hours
from mediation.importers.hours import hours_text, parse_hours, parse_leave, parse_times

MORNING, AFTERNOON = (dt.time(9), dt.time(12)), (dt.time(13, 30), dt.time(17))
UNTIL = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)


def week(days, *spans) -> list[Hours]:
    return [Hours(day, *span) for day in days for span in spans]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("周一至周五 09:00-12:00,13:30-17:00", week(range(5), MORNING, AFTERNOON)),
        ("周一至周五 09:00-12:00，13:30-17:00；周六 9:00-12:00",
         [*week(range(5), MORNING, AFTERNOON), *week([5], MORNING)]),
        ("周一、周三：9：00～12：00", week([0, 2], MORNING)),
        ("星期天 09:00-12:00\n星期一09:00至12:00", week([0, 6], MORNING)),
        ("Mon-Fri 13:30 - 17:00; saturday 9:00-12:00", [*week(range(5), AFTERNOON), *week([5], MORNING)]),
        ("工作日 9点00分—12点00分", week(range(5), MORNING)),
        ("每天 13:30-17:00,09:00-12:00", week(range(7), MORNING, AFTERNOON)),
        ("周一 09:00-12:00,12:00-13:30", week([0], MORNING, (dt.time(12), dt.time(13, 30)))),
        ("办公时间", []),
        ("Office", []),
    ],
)  # fmt: skip
def test_hours_as_people_write_them(text, expected):
    assert parse_hours(text) == expected


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("周一", "hours.unreadable"), ("；", "hours.unreadable"), ("周一 9-12", "hours.unreadable"),
        ("某日 09:00-10:00", "hours.unreadable"),
        ("周五至周一 09:00-10:00", "hours.unreadable"), ("周一 09:00-24:00", "hours.unreadable"),
        ("09:00-10:00", "hours.unreadable"), ("周一 09:00-10:00-11:00", "hours.unreadable"),
        ("周一至周二至周三 09:00-10:00", "hours.unreadable"), ("周一 09:60-10:00", "hours.unreadable"),
        ("周一 10:00-09:00", "hours.order"), ("周一 09:00-09:00", "hours.order"),
        ("周一 09:00-11:00,10:00-12:00", "hours.overlap"), ("周一 09:00-11:00；周一至周二 10:00-12:00", "hours.overlap"),
    ],
)  # fmt: skip
def test_hours_that_cannot_be_read(text, rule):
    with pytest.raises(BadValue) as bad:
        parse_hours(text)

    assert bad.value.rule == rule


def test_the_times_of_one_day():
    assert parse_times("13:30-17:00，9:00-12:00", 3) == week([3], MORNING, AFTERNOON)


@pytest.mark.parametrize(
    ("hours", "text"),
    [
        ([*week(range(5), MORNING, AFTERNOON), *week([5], MORNING)],
         "周一至周五 09:00-12:00,13:30-17:00；周六 09:00-12:00"),
        (week([0, 2, 3], MORNING), "周一 09:00-12:00；周三至周四 09:00-12:00"),
        ([], "办公时间"),
    ],
)  # fmt: skip
def test_hours_in_words(hours, text):
    assert hours_text(hours) == text


@st.composite
def weekly_hours(draw):
    hours = []
    for day in draw(st.sets(st.integers(0, 6))):
        minutes = sorted(draw(st.sets(st.integers(0, 24 * 60 - 1), min_size=2, max_size=6)))
        times = [dt.time(*divmod(minute, 60)) for minute in minutes]
        hours += [Hours(day, *span) for span in zip(times[::2], times[1::2], strict=False)]
    return sorted(hours)


@given(weekly_hours())
def test_what_is_written_reads_as_it_was(hours):
    assert parse_hours(hours_text(hours)) == hours


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-02~2026-01-05;2026-02-01", [("2026-01-02", "2026-01-05"), ("2026-02-01", "2026-02-01")]),
        ("2026年1月2日至2026年1月5日", [("2026-01-02", "2026-01-05")]),
        ("2026-02-01、2026-01-02 - 2026-01-05", [("2026-01-02", "2026-01-05"), ("2026-02-01", "2026-02-01")]),
    ],
)
def test_leave_as_people_write_it(text, expected):
    days = [tuple(map(dt.date.fromisoformat, one)) for one in expected]

    assert parse_leave(text, until=UNTIL) == days


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("2026-01-05~2026-01-02", "leave.order"), ("2026-01-01~2026-01-03;2026-01-03", "leave.overlap"),
        ("2020-01-01~2026-01-01", "leave.long"), ("下周", "date.unreadable"), ("2026-02-30", "date.impossible"),
        ("2026-01-01~2026-01-02~2026-01-03", "leave.unreadable"), ("2026-01-01~", "leave.unreadable"),
        ("2031-01-01", "date.future"),
    ],
)  # fmt: skip
def test_leave_that_cannot_be_read(text, rule):
    with pytest.raises(BadValue) as bad:
        parse_leave(text, until=UNTIL)

    assert bad.value.rule == rule
