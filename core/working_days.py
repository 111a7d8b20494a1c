"""Terms in working days and in natural days on a known calendar of holidays and make-up working days.

Pure: no database, no clock. The day of the start never counts (Order 121 art 45, CPL art 85): a term of
working days runs from the next working day, a term of natural days from the next day.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, NamedTuple

Roll = Literal["none", "holidays", "rest_days"]
Reason = Literal["start", "working", "make_up", "weekend", "holiday", "natural", "rolled"]
DAY = dt.timedelta(days=1)
SATURDAY = 5


class Step(NamedTuple):
    """One day of a term: why it counts or not, and its number once it counts."""

    on: dt.date
    reason: Reason
    number: int | None


class Term(NamedTuple):
    """The last day of a term. `safe_on` is the day before any roll, `due_on` the legal one. `provisional`:
    the count needed days of a year whose calendar is not known (weekends only)."""

    safe_on: dt.date
    due_on: dt.date
    provisional: bool
    steps: tuple[Step, ...] = ()


class Calendar:
    """Working days as the State Council's notices have them; days that no notice names follow the weekend.

    `days`: date -> True for a working day, False for a day off. `known_years`: the years that have a
    notice; by default the years of `days` (a notice also names days of the December before, so pass them
    where it matters).
    """

    def __init__(self, days: Mapping[dt.date, bool], known_years: Iterable[int] | None = None):
        self._days = dict(days)
        self.known_years = frozenset({day.year for day in self._days} if known_years is None else known_years)

    def is_working(self, day: dt.date) -> bool:
        """Whether `day` is a working day, make-up working weekends included."""
        named = self._days.get(day)
        return day.weekday() < SATURDAY if named is None else named

    def is_holiday(self, day: dt.date) -> bool:
        """Whether a notice makes `day` a day off; an ordinary weekend is none."""
        return self._days.get(day) is False

    def is_known(self, day: dt.date) -> bool:
        """Whether the calendar of the year of `day` has been published."""
        return day.year in self.known_years

    def add_working_days(self, start: dt.date, n: int, *, steps: bool = False) -> Term:
        """The end of a term of `n` working days that starts with `start`; `steps` adds every day on the way.

        Raises ValueError for a negative n.
        """
        _check(n)
        day, left, known, path = start, n, True, [Step(start, "start", None)]
        while left:
            day += DAY
            known = known and day.year in self.known_years
            counts = self.is_working(day)
            left -= counts
            if steps:
                path.append(Step(day, self._reason(day), n - left if counts else None))
        return Term(day, day, not known, tuple(path) if steps else ())

    def add_natural_days(
        self, start: dt.date, n: int, roll: Roll = "rest_days", *, steps: bool = False
    ) -> Term:
        """The end of a term of `n` natural days that starts with `start`. A last day on a holiday
        (`holidays`) or on any day that is not a working day (`rest_days`) moves to the first day after.

        Raises ValueError for a negative n or an unknown `roll`.
        """
        _check(n)
        leaves = self._leaves(roll)
        raw = due = start + n * DAY
        while leaves(due):
            due += DAY
        # a last day that cannot move is sure whatever the calendar will say
        provisional = roll != "none" and not all(
            self.is_known(raw + i * DAY) for i in range((due - raw).days + 1)
        )
        return Term(raw, due, provisional, self._natural_path(start, n, raw, due) if steps else ())

    def _leaves(self, roll: Roll) -> Callable[[dt.date], bool]:
        match roll:
            case "none":
                return lambda day: False
            case "holidays":
                return self.is_holiday
            case "rest_days":
                return lambda day: not self.is_working(day)
        raise ValueError(f"unknown roll: {roll!r}")

    def _natural_path(self, start: dt.date, n: int, raw: dt.date, due: dt.date) -> tuple[Step, ...]:
        path = [Step(start, "start", None)]
        path += [Step(start + i * DAY, "natural", i) for i in range(1, n + 1)]
        if due > raw:
            path += [Step(raw + i * DAY, self._reason(raw + i * DAY), None) for i in range((due - raw).days)]
            path.append(Step(due, "rolled", None))
        return tuple(path)

    def _reason(self, day: dt.date) -> Reason:
        weekend = day.weekday() >= SATURDAY
        if self.is_working(day):
            return "make_up" if weekend else "working"
        return "holiday" if self.is_holiday(day) else "weekend"


def _check(n: int) -> None:
    if n < 0:
        raise ValueError(f"a term cannot be negative: {n}")
