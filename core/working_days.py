"""Terms in working days and in natural days on a known calendar of holidays and make-up working days.

Pure: no database, no clock. The day of the start never counts (Order 121 art 45, CPL art 85): a term of
working days runs from the next working day, a term of natural days from the next day. Days of a pause do not count
(Order 121 art 22): the day on which it starts is the first that does not, the day on which it ends counts again.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

Roll = Literal["none", "holidays", "rest_days"]
Reason = Literal["start", "working", "make_up", "weekend", "holiday", "natural", "rolled", "paused"]
Pause = tuple[dt.date, dt.date]  # the first day that does not count, the first that counts again
DAY = dt.timedelta(days=1)
SATURDAY = 5
# a notice on a year's holidays may name days of the December before; those for 2019 to 2026 named none before the 29th
NEW_YEAR_FROM = (12, 29)


class Step(NamedTuple):
    """One day of a term: why it counts or not, and its number once it counts."""

    on: dt.date
    reason: Reason
    number: int | None


class Term(NamedTuple):
    """The last day of a term. `safe_on` is the day before any roll, `due_on` the legal one. `provisional`:
    the count needed days that a notice still to come may change."""

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

    def working_days_until(self, day: dt.date, until: dt.date) -> int:
        """How many working days come after `day`, up to and including `until`; negative where it lies before."""
        if until < day:
            return -self.working_days_until(until, day)
        return sum(self.is_working(one) for one in _days(day + DAY, until + DAY))

    def is_known(self, day: dt.date) -> bool:
        """Whether every notice that may name `day` has been published."""
        return self.known_years.issuperset(notice_years(day))

    def missing_years(self, days: Iterable[dt.date]) -> list[int]:
        """The years whose notice is not known and may change one of `days`."""
        return sorted({year for day in days for year in notice_years(day)} - self.known_years)

    def add_working_days(
        self, start: dt.date, n: int, *, pauses: Iterable[Pause] = (), steps: bool = False
    ) -> Term:
        """The end of a term of `n` working days that starts with `start`; `steps` adds every day on the way.

        Raises ValueError for a negative n or a pause that ends before it starts.
        """
        _check(n)
        spans = merged(pauses)
        day, left, known, path = start, n, True, [Step(start, "start", None)]
        while left:
            day += DAY
            paused = bool(spans) and _within(spans, day)
            counts = not paused and self.is_working(day)
            known = known and (paused or self.is_known(day))
            left -= counts
            if steps:
                path.append(
                    Step(day, "paused" if paused else self._reason(day), n - left if counts else None)
                )
        return Term(day, day, not known, tuple(path) if steps else ())

    def add_natural_days(
        self,
        start: dt.date,
        n: int,
        roll: Roll = "rest_days",
        *,
        pauses: Iterable[Pause] = (),
        steps: bool = False,
    ) -> Term:
        """The end of a term of `n` natural days that starts with `start`. A last day on a holiday
        (`holidays`) or on any day that is not a working day (`rest_days`) moves to the first day after that is
        in no pause.

        Raises ValueError for a negative n, an unknown `roll` or a pause that ends before it starts.
        """
        _check(n)
        leaves = self._leaves(roll)
        spans = merged(pauses)
        raw = due = _lengthened(start, start + n * DAY, spans)
        while leaves(due) or (due > raw and _within(spans, due)):
            due += DAY
        # a last day that cannot move is sure whatever the calendar will say
        provisional = roll != "none" and not all(
            self.is_known(day) for day in _days(raw, due + DAY) if day == raw or not _within(spans, day)
        )
        path = self._natural_path(start, raw, due, spans) if steps else ()
        return Term(raw, due, provisional, path)

    def _leaves(self, roll: Roll) -> Callable[[dt.date], bool]:
        match roll:
            case "none":
                return lambda day: False
            case "holidays":
                return self.is_holiday
            case "rest_days":
                return lambda day: not self.is_working(day)
        raise ValueError(f"unknown roll: {roll!r}")

    def _natural_path(
        self, start: dt.date, raw: dt.date, due: dt.date, spans: list[Pause]
    ) -> tuple[Step, ...]:
        path, number = [Step(start, "start", None)], 0
        for day in _days(start + DAY, raw + DAY):
            paused = _within(spans, day)
            number += not paused
            path.append(Step(day, "paused", None) if paused else Step(day, "natural", number))
        if due > raw:
            for day in _days(raw, due):
                paused = day > raw and _within(spans, day)
                path.append(Step(day, "paused" if paused else self._reason(day), None))
            path.append(Step(due, "rolled", None))
        return tuple(path)

    def _reason(self, day: dt.date) -> Reason:
        weekend = day.weekday() >= SATURDAY
        if self.is_working(day):
            return "make_up" if weekend else "working"
        return "holiday" if self.is_holiday(day) else "weekend"


def notice_years(day: dt.date) -> tuple[int, ...]:
    """The years whose notices may name `day`: its own, and for the last days of December the next."""
    return (day.year,) if (day.month, day.day) < NEW_YEAR_FROM else (day.year, day.year + 1)


def merged(pauses: Iterable[Pause]) -> list[Pause]:
    """The same days as pauses in order that neither overlap nor touch, without those of no day.

    Raises ValueError for a pause that ends before it starts.
    """
    found: list[Pause] = []
    for start, end in sorted(pauses):
        if end < start:
            raise ValueError(f"a pause cannot end before it starts: {start} to {end}")
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        elif start < end:
            found.append((start, end))
    return found


def _lengthened(start: dt.date, end: dt.date, spans: list[Pause]) -> dt.date:
    """The last day of a term after `start`, moved by as many days as pauses take out of it, those included that
    only the lengthened term meets."""
    for first, after in spans:
        first = max(first, start + DAY)
        if first > end:
            break
        end += max(after - first, dt.timedelta(0))
    return end


def _within(spans: list[Pause], day: dt.date) -> bool:
    return any(start <= day < end for start, end in spans)


def _days(first: dt.date, after: dt.date) -> Iterator[dt.date]:
    """The days from `first` until the day before `after`."""
    return (first + i * DAY for i in range((after - first).days))


def _check(n: int) -> None:
    if n < 0:
        raise ValueError(f"a term cannot be negative: {n}")
