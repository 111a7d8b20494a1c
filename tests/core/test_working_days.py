import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.working_days import Calendar, Step, Term, merged

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


pauses = st.lists(st.tuples(st.dates(D(2017, 6, 1), D(2025, 6, 30)), st.integers(0, 120)), max_size=6).map(
    lambda spans: [(day, day + dt.timedelta(days=n)) for day, n in spans]
)
near_pauses = st.lists(st.tuples(st.integers(-20, 150), st.integers(0, 25)), max_size=6)


def placed(start: dt.date, offsets: list[tuple[int, int]]) -> list[tuple[dt.date, dt.date]]:
    """Pauses in the neighbourhood of `start`, where they meet its term."""
    days = [(start + dt.timedelta(days=first), n) for first, n in offsets]
    return [(day, day + dt.timedelta(days=n)) for day, n in days]


def following(start: dt.date, pauses) -> list[dt.date]:
    """The days after `start` that are in no pause."""
    days = [start + dt.timedelta(days=i) for i in range(1, 1500)]
    return [day for day in days if all(day < first or day >= after for first, after in pauses)]


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
    assert calendar.add_working_days(D(2026, 12, 24), 2) == Term(D(2026, 12, 28), D(2026, 12, 28), False)
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
    # a last day of a known year that would roll into an unknown one
    known = Calendar({D(2026, 12, 28): False, **{D(2026, 12, day): False for day in (29, 30, 31)}}, [2026])
    assert known.add_natural_days(D(2026, 12, 1), 27) == Term(D(2026, 12, 28), D(2027, 1, 1), True)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_last_days_of_december_wait_for_the_notice_of_the_next_year(n):
    """The notice of 2019 made 2018-12-29 a working day and 30 and 31 December days off."""
    alone, both = Calendar({}, [2026]), Calendar({}, [2026, 2027])
    end = D(2026, 12, 28) + dt.timedelta(days=n)
    assert alone.add_working_days(D(2026, 12, 28), n) == Term(end, end, True)
    assert both.add_working_days(D(2026, 12, 28), n) == Term(end, end, False)
    assert alone.add_natural_days(D(2026, 12, 28), n) == Term(end, end, True)
    assert both.add_natural_days(D(2026, 12, 28), n) == Term(end, end, False)
    assert alone.missing_years([D(2026, 12, 28), end]) == [2027]
    assert alone.missing_years([D(2026, 12, 28)]) == []


def test_a_day_of_a_pause_needs_no_calendar():
    calendar = Calendar({}, [2026, 2028])
    away = [(D(2026, 12, 25), D(2028, 1, 3))]
    assert calendar.add_working_days(D(2026, 12, 23), 2, pauses=away) == Term(
        D(2028, 1, 3), D(2028, 1, 3), False
    )
    assert calendar.add_working_days(D(2026, 12, 23), 2).provisional is False
    assert calendar.add_working_days(D(2026, 12, 23), 4).provisional is True
    # nor one that the last day passes over
    rolled = Calendar({}, [2026, 2029]).add_natural_days(
        D(2026, 12, 20), 6, pauses=[(D(2026, 12, 28), D(2029, 1, 2))]
    )
    assert rolled == Term(D(2026, 12, 26), D(2029, 1, 2), False)


# pauses

MONDAY = D(2026, 3, 2)


@pytest.mark.parametrize(
    ("pauses", "working", "natural"),
    [
        ([], D(2026, 3, 9), D(2026, 3, 12)),
        # Wednesday and Thursday are left out, Friday counts again
        ([(D(2026, 3, 4), D(2026, 3, 6))], D(2026, 3, 11), D(2026, 3, 14)),
        ([(D(2026, 3, 4), D(2026, 3, 5)), (D(2026, 3, 5), D(2026, 3, 6))], D(2026, 3, 11), D(2026, 3, 14)),
        ([(D(2026, 3, 5), D(2026, 3, 6)), (D(2026, 3, 4), D(2026, 3, 6))], D(2026, 3, 11), D(2026, 3, 14)),
        # of a weekend only natural days are left out
        ([(D(2026, 3, 7), D(2026, 3, 9))], D(2026, 3, 9), D(2026, 3, 14)),
        # the day on which the term starts does not count anyway
        ([(D(2026, 3, 1), D(2026, 3, 3))], D(2026, 3, 9), D(2026, 3, 12)),
        ([(D(2026, 2, 20), D(2026, 3, 4))], D(2026, 3, 10), D(2026, 3, 13)),
        ([(D(2026, 3, 4), D(2026, 3, 4))], D(2026, 3, 9), D(2026, 3, 12)),  # of no day
        ([(D(2026, 3, 13), D(2026, 3, 20))], D(2026, 3, 9), D(2026, 3, 12)),  # after the end
        # the second lies in the part by which the first lengthens the term
        ([(D(2026, 3, 4), D(2026, 3, 6)), (D(2026, 3, 11), D(2026, 3, 13))], D(2026, 3, 13), D(2026, 3, 16)),
        ([(D(2026, 3, 12), D(2026, 3, 13))], D(2026, 3, 9), D(2026, 3, 13)),  # on the last natural day
        ([(D(2026, 3, 9), D(2026, 3, 16))], D(2026, 3, 16), D(2026, 3, 19)),
    ],
)
def test_days_of_a_pause_do_not_count(pauses, working, natural):
    assert PLAIN.add_working_days(MONDAY, 5, pauses=pauses).due_on == working
    assert PLAIN.add_natural_days(MONDAY, 10, "none", pauses=pauses).due_on == natural


def test_a_paused_term_rolls_from_its_lengthened_end_and_into_no_pause():
    saturday = [(D(2026, 3, 4), D(2026, 3, 6))]
    assert PLAIN.add_natural_days(MONDAY, 10, pauses=saturday) == Term(D(2026, 3, 14), D(2026, 3, 16), False)
    until_wednesday = [*saturday, (D(2026, 3, 16), D(2026, 3, 18))]
    assert PLAIN.add_natural_days(MONDAY, 10, pauses=until_wednesday) == Term(
        D(2026, 3, 14), D(2026, 3, 18), False
    )
    # a pause on the day after a last day that stays does nothing
    after = [(D(2026, 3, 13), D(2026, 3, 18))]
    assert PLAIN.add_natural_days(MONDAY, 10, pauses=after) == Term(D(2026, 3, 12), D(2026, 3, 12), False)


def test_steps_name_the_days_of_a_pause():
    pauses = [(D(2026, 3, 3), D(2026, 3, 5))]
    assert PLAIN.add_working_days(MONDAY, 1, pauses=pauses, steps=True).steps == (
        Step(MONDAY, "start", None),
        Step(D(2026, 3, 3), "paused", None),
        Step(D(2026, 3, 4), "paused", None),
        Step(D(2026, 3, 5), "working", 1),
    )
    rolled = PLAIN.add_natural_days(D(2026, 3, 6), 1, pauses=[(D(2026, 3, 9), D(2026, 3, 10))], steps=True)
    assert rolled.steps == (
        Step(D(2026, 3, 6), "start", None),
        Step(D(2026, 3, 7), "natural", 1),
        Step(D(2026, 3, 7), "weekend", None),
        Step(D(2026, 3, 8), "weekend", None),
        Step(D(2026, 3, 9), "paused", None),
        Step(D(2026, 3, 10), "rolled", None),
    )


@pytest.mark.parametrize("add", [PLAIN.add_working_days, PLAIN.add_natural_days])
def test_a_pause_that_ends_before_it_starts_is_refused(add):
    with pytest.raises(ValueError, match="cannot end before it starts: 2026-03-05 to 2026-03-04"):
        add(MONDAY, 5, pauses=[(D(2026, 3, 5), D(2026, 3, 4))])


@pytest.mark.parametrize(
    ("until", "days"),
    [
        (D(2020, 1, 17), 0),
        (D(2020, 1, 18), 0),
        (D(2020, 1, 20), 2),  # the Sunday before is a working day
        (D(2020, 2, 3), 6),
        (D(2020, 1, 15), -2),
    ],
)
def test_working_days_until_a_day(until, days):
    assert Calendar(SPRING_2020).working_days_until(D(2020, 1, 17), until) == days


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


@given(calendars, starts, lengths, near_pauses)
def test_paused_working_days_equal_a_count_by_hand(calendar, start, n, offsets):
    away = placed(start, offsets)
    working = [day for day in following(start, away) if calendar.is_working(day)]
    assert calendar.add_working_days(start, n, pauses=away).due_on == (working[n - 1] if n else start)


@given(calendars, starts, st.integers(1, 90), near_pauses, st.sampled_from(["none", "holidays", "rest_days"]))
def test_paused_natural_days_equal_a_count_by_hand(calendar, start, n, offsets, roll):
    away = placed(start, offsets)
    open_days = following(start, away)
    last = open_days[n - 1]
    stays = {
        "none": lambda day: True,
        "holidays": lambda day: not calendar.is_holiday(day),
        "rest_days": calendar.is_working,
    }[roll]
    moved = last if stays(last) else next(day for day in open_days[n:] if stays(day))
    assert calendar.add_natural_days(start, n, roll, pauses=away)[:2] == (last, moved)


@given(calendars, starts, lengths, pauses, pauses)
def test_a_further_pause_never_ends_a_term_earlier(calendar, start, n, some, more):
    for few, many in [
        (
            calendar.add_working_days(start, n, pauses=some),
            calendar.add_working_days(start, n, pauses=some + more),
        ),
        (
            calendar.add_natural_days(start, n, pauses=some),
            calendar.add_natural_days(start, n, pauses=some + more),
        ),
    ]:
        assert few.safe_on <= many.safe_on
        assert few.due_on <= many.due_on


def test_pauses_that_touch_are_one():
    assert merged([(D(2026, 3, 5), D(2026, 3, 6)), (D(2026, 3, 4), D(2026, 3, 5))]) == [
        (D(2026, 3, 4), D(2026, 3, 6))
    ]


@given(pauses)
def test_merged_pauses_hold_the_same_days_apart_from_each_other(spans):
    found = merged(spans)
    inside = {first + dt.timedelta(days=i) for first, after in spans for i in range((after - first).days)}
    assert {
        first + dt.timedelta(days=i) for first, after in found for i in range((after - first).days)
    } == inside
    assert all(first < after for first, after in found)
    assert all(one[1] < two[0] for one, two in pairwise(found))


@given(calendars, starts, lengths, near_pauses)
def test_steps_tell_the_same_term(calendar, start, n, offsets):
    away = placed(start, offsets)
    for plain, told in [
        (
            calendar.add_working_days(start, n, pauses=away),
            calendar.add_working_days(start, n, pauses=away, steps=True),
        ),
        (
            calendar.add_natural_days(start, n, pauses=away),
            calendar.add_natural_days(start, n, pauses=away, steps=True),
        ),
    ]:
        assert told[:3] == plain[:3]
        assert told.steps[0] == Step(start, "start", None)
        assert told.steps[-1].on == told.due_on
        assert [step.number for step in told.steps if step.number] == list(range(1, n + 1))
