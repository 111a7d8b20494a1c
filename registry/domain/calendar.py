"""The working-day calendar out of the stored notices."""

import datetime as dt
from typing import NamedTuple

from core.working_days import Calendar
from registry.models import CalendarDay


class CalendarDays(NamedTuple):
    """`days`: the day that holds for each date that a notice names; `years`: the years with a notice."""

    days: dict[dt.date, CalendarDay]
    years: frozenset[int]

    def calendar(self) -> Calendar:
        return Calendar({date: day.working for date, day in self.days.items()}, self.years)


def calendar_days(as_of: dt.date | None = None) -> CalendarDays:
    """The named days with their notices: for each date the notice published last, or last by `as_of`. One
    query."""
    stored = CalendarDay.objects.select_related("notice").order_by("notice__published_on", "notice_id")
    if as_of is not None:
        stored = stored.filter(notice__published_on__lte=as_of)
    days, years = {}, set()
    for day in stored:
        days[day.date] = day
        years.add(day.notice.year)
    return CalendarDays(days, frozenset(years))


def load_calendar(as_of: dt.date | None = None) -> Calendar:
    """The calendar as the notices published by `as_of` (or all of them) have it. One query."""
    return calendar_days(as_of).calendar()
