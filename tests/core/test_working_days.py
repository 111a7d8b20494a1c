import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.working_days import Calendar, Step, Term

D = dt.date
# the State Council's calendar of Spring Festival 2020, original notice and extension, as the notices merge
SPRING_2020 = {
    D(2020, 1, 19): True,
    **{D(2020, 1, day): False for day in range(24, 32)},
    D(2020, 2, 1): False,
    D(2020, 2, 2): False,
    D(2020, 2, 3): True,
}
PLAIN = Calendar({}, range(1, 10_000))
FROM, TO = D(2018, 1, 1), D(2024, 12, 31)

starts = st.dates(FROM, TO)
lengths = st.integers(0, 90)
calendars = st.dictionaries(st.dates(FROM, D(2025, 12, 31)), st.booleans(), max_size=300).map(Calendar)


def counted_by_hand(calendar: Calendar, start: dt.date, n: int) -> dt.date:
    """The last day by looking at every day of the following two years."""
    following = [start + dt.timedelta(days=i) for i in range(1, 1200)]
    working = [day for day in following if calendar.is_working(day)]
    return working[n - 1] if n else start


def test_a_working_day_is_named_or_no_weekend():
    calendar = Calendar(SPRING_2020)
    assert [calendar.is_working(D(2020, 1, day)) for day in range(17, 26)] == [
        True, False, True, True, True, True, True, False, False,
    ]  # fmt: skip


def test_a_holiday_is_named_by_a_notice():
    calendar = Calendar(SPRING_2020)
    assert calendar.is_holiday(D(2020, 1, 25))
    assert not calendar.is_holiday(D(2020, 1, 18))  # an ordinary Saturday
    assert not calendar.is_holiday(D(2020, 1, 19))


def test_known_years_are_those_of_the_days_unless_given():
    assert Calendar({D(2018, 12, 31): False, D(2019, 1, 1): False}).known_years == {2018, 2019}
    assert Calendar({D(2018, 12, 31): False}, [2019]).known_years == {2019}


@pytest.mark.parametrize(
    ("start", "n", "end"),
    [
        (D(2020, 1, 17), 1, D(2020, 1, 19)),  # the Sunday is a make-up working day
        (D(2020, 1, 17), 7, D(2020, 2, 4)),
        (D(2020, 1, 18), 1, D(2020, 1, 19)),  # starts on a weekend
        (D(2020, 1, 23), 1, D(2020, 2, 3)),
        (D(2020, 1, 25), 2, D(2020, 2, 4)),  # starts on a holiday
        (D(2020, 1, 17), 0, D(2020, 1, 17)),
    ],
)
def test_working_days_run_from_the_next_working_day(start, n, end):
    assert Calendar(SPRING_2020).add_working_days(start, n) == Term(end, end, False)


def test_steps_say_why_each_day_counts():
    term = Calendar(SPRING_2020).add_working_days(D(2020, 1, 22), 3, steps=True)

    assert term.due_on == D(2020, 2, 4)
    assert term.steps == (
        Step(D(2020, 1, 22), "start", None),
        Step(D(2020, 1, 23), "working", 1),
        *(Step(D(2020, 1, day), "holiday", None) for day in range(24, 32)),
        Step(D(2020, 2, 1), "holiday", None),
        Step(D(2020, 2, 2), "holiday", None),
        Step(D(2020, 2, 3), "working", 2),
        Step(D(2020, 2, 4), "working", 3),
    )
    weekend = Calendar(SPRING_2020).add_working_days(D(2020, 1, 17), 1, steps=True)
    assert [(step.reason, step.number) for step in weekend.steps] == [
        ("start", None), ("weekend", None), ("make_up", 1),
    ]  # fmt: skip


def test_a_year_without_a_calendar_makes_a_term_provisional():
    calendar = Calendar({}, [2026])
    assert calendar.add_working_days(D(2026, 12, 28), 3) == Term(D(2026, 12, 31), D(2026, 12, 31), False)
    assert calendar.add_working_days(D(2026, 12, 28), 4) == Term(D(2027, 1, 1), D(2027, 1, 1), True)
    # the days on the way count too: the start lies in an unknown year
    assert calendar.add_working_days(D(2025, 12, 30), 2).provisional


DRAGON_BOAT_2026 = {D(2026, 6, day): False for day in (19, 20, 21)}


@pytest.mark.parametrize(
    ("roll", "due"), [("none", D(2026, 6, 19)), ("holidays", D(2026, 6, 22)), ("rest_days", D(2026, 6, 22))]
)
def test_natural_days_roll_from_a_holiday(roll, due):
    term = Calendar(DRAGON_BOAT_2026).add_natural_days(D(2026, 4, 20), 60, roll)
    assert term == Term(D(2026, 6, 19), due, False)


@pytest.mark.parametrize(
    ("roll", "due"), [("none", D(2026, 6, 13)), ("holidays", D(2026, 6, 13)), ("rest_days", D(2026, 6, 15))]
)
def test_natural_days_roll_from_an_ordinary_weekend_only_as_rest_days(roll, due):
    assert Calendar(DRAGON_BOAT_2026).add_natural_days(D(2026, 4, 14), 60, roll).due_on == due


def test_holidays_that_end_before_a_weekend_roll_to_the_saturday_unless_rest_days_roll():
    calendar = Calendar({D(2026, 1, 1): False, D(2026, 1, 2): False})
    assert calendar.add_natural_days(D(2025, 12, 31), 1, "holidays").due_on == D(2026, 1, 3)
    assert calendar.add_natural_days(D(2025, 12, 31), 1, "rest_days").due_on == D(2026, 1, 5)


def test_steps_of_natural_days_end_with_the_roll():
    term = Calendar(DRAGON_BOAT_2026).add_natural_days(D(2026, 6, 17), 2, steps=True)
    assert term.steps == (
        Step(D(2026, 6, 17), "start", None),
        Step(D(2026, 6, 18), "natural", 1),
        Step(D(2026, 6, 19), "natural", 2),
        Step(D(2026, 6, 19), "holiday", None),
        Step(D(2026, 6, 20), "holiday", None),
        Step(D(2026, 6, 21), "holiday", None),
        Step(D(2026, 6, 22), "rolled", None),
    )


def test_natural_days_are_provisional_where_the_last_day_is_not_known():
    calendar = Calendar({}, [2026])
    assert calendar.add_natural_days(D(2026, 12, 1), 31).provisional  # 2027-01-01
    assert not calendar.add_natural_days(D(2026, 12, 1), 31, "none").provisional
    assert not calendar.add_natural_days(D(2025, 12, 1), 60).provisional  # only the last day matters
    # a last day at the end of a known year that would roll into an unknown one
    known = Calendar({D(2026, 12, 31): False}, [2026])
    assert known.add_natural_days(D(2026, 12, 1), 30) == Term(D(2026, 12, 31), D(2027, 1, 1), True)


def test_bad_terms_are_refused():
    with pytest.raises(ValueError, match="negative: -1"):
        PLAIN.add_working_days(D(2026, 1, 1), -1)
    with pytest.raises(ValueError, match="negative: -3"):
        PLAIN.add_natural_days(D(2026, 1, 1), -3)
    with pytest.raises(ValueError, match="unknown roll: 'sometimes'"):
        PLAIN.add_natural_days(D(2026, 1, 1), 3, "sometimes")


@given(calendars, starts, lengths)
def test_working_days_equal_a_count_by_hand(calendar, start, n):
    assert calendar.add_working_days(start, n).due_on == counted_by_hand(calendar, start, n)


@given(calendars, starts, st.integers(1, 90))
def test_a_term_of_working_days_ends_on_a_working_day(calendar, start, n):
    assert calendar.is_working(calendar.add_working_days(start, n).due_on)


@given(calendars, starts, st.integers(0, 40), st.integers(0, 40))
def test_adding_twice_is_adding_the_sum(calendar, start, n, m):
    twice = calendar.add_working_days(calendar.add_working_days(start, n).due_on, m)
    assert twice.due_on == calendar.add_working_days(start, n + m).due_on


@given(calendars, starts, st.integers(0, 400), lengths)
def test_a_later_start_never_ends_earlier(calendar, start, days, n):
    later = start + dt.timedelta(days=days)
    assert calendar.add_working_days(start, n).due_on <= calendar.add_working_days(later, n).due_on
    assert calendar.add_natural_days(start, n).due_on <= calendar.add_natural_days(later, n).due_on


@given(calendars, starts, lengths)
def test_rolled_terms_end_on_a_working_day_not_before_the_safe_one(calendar, start, n):
    term = calendar.add_natural_days(start, n)
    assert term.safe_on == start + dt.timedelta(days=n)
    assert term.due_on >= term.safe_on
    assert calendar.is_working(term.due_on)
    between = (term.safe_on + dt.timedelta(days=i) for i in range((term.due_on - term.safe_on).days))
    assert not any(calendar.is_working(day) for day in between)


@given(calendars, starts, lengths)
def test_steps_tell_the_same_term(calendar, start, n):
    for plain, told in [
        (calendar.add_working_days(start, n), calendar.add_working_days(start, n, steps=True)),
        (calendar.add_natural_days(start, n), calendar.add_natural_days(start, n, steps=True)),
    ]:
        assert told[:3] == plain[:3]
        assert told.steps[0] == Step(start, "start", None)
        assert told.steps[-1].on == told.due_on
        assert [step.number for step in told.steps if step.number] == list(range(1, n + 1))
