"""Spans of local dates, and the spans that they are compared with."""

import calendar
import datetime as dt
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from core.dates import add_months

ONE_DAY = dt.timedelta(days=1)
FIRST_YEAR, LAST_YEAR = 1950, 2199
MONTH, QUARTER, YEAR, LAST = "month", "quarter", "year", "last"
NAMED = (
    (MONTH, _("This month")),
    (QUARTER, _("This quarter")),
    (YEAR, _("This year")),
    (LAST, _("Last year")),
)


@dataclass(frozen=True)
class Period:
    """Local dates from `start` to `end`, both included. ValueError where the end comes before the start."""

    start: dt.date
    end: dt.date

    def __post_init__(self):
        if self.end < self.start:
            raise ValueError("a period ends on or after its first day")

    @classmethod
    def of_year(cls, year: int) -> "Period":
        return cls(dt.date(year, 1, 1), dt.date(year, 12, 31))

    @classmethod
    def of_quarter(cls, day: dt.date) -> "Period":
        first = dt.date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
        return cls(first, month_end(add_months(first, 2)))

    @classmethod
    def of_month(cls, day: dt.date) -> "Period":
        return cls(day.replace(day=1), month_end(day))

    def until(self, day: dt.date) -> "Period":
        """The period as far as it has come by `day`; a period that begins later keeps its first day alone."""
        return Period(self.start, max(self.start, min(self.end, day)))

    @property
    def is_whole_months(self) -> bool:
        return self.start.day == 1 and self.end == month_end(self.end)

    def shifted(self, months: int) -> "Period":
        """The same span of the calendar so many months away: whole months stay whole months, and a day that a
        month does not have becomes its last."""
        end = add_months(self.end, months)
        return Period(add_months(self.start, months), month_end(end) if self.is_whole_months else end)

    def year_before(self) -> "Period":
        return self.shifted(-12)

    def before(self, whole: "Period | None" = None) -> "Period":
        """The period before this one.

        Of whole months, as many months before. Of the first part of a month, quarter or year (`whole`), the same
        part of the month, quarter or year before. Of any other span, as many days directly before.
        """
        span = whole or self
        if span.is_whole_months:
            return self.shifted(-months_between(span.start, span.end + ONE_DAY))
        return Period(self.start - (self.end - self.start) - ONE_DAY, self.start - ONE_DAY)


def named(name: str, today: dt.date) -> Period:
    """The whole month, quarter or year that one of NAMED means on `today`."""
    return {
        MONTH: Period.of_month(today),
        QUARTER: Period.of_quarter(today),
        YEAR: Period.of_year(today.year),
        LAST: Period.of_year(today.year - 1),
    }[name]


def month_end(day: dt.date) -> dt.date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def months_between(start: dt.date, end: dt.date) -> int:
    return (end.year - start.year) * 12 + end.month - start.month
