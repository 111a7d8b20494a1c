"""The working-day calendar out of the stored notices."""

import datetime as dt
from typing import NamedTuple

from django.core.cache import cache
from django.utils import timezone

from core.language import in_language
from core.working_days import Calendar
from registry.models import CalendarDay, CalendarNotice

NEXT_YEAR_FROM = 11  # the State Council publishes the next year's notice in late October or November
CACHED_DAYS, CACHED_YEARS = "registry.calendar.days", "registry.calendar.years"
CACHE_SECONDS = 60  # what pages say of the calendar may lag behind as long


class NamedDay(NamedTuple):
    """A day that a notice names, without the rows behind it."""

    working: bool
    name: str
    name_en: str
    published_on: dt.date

    @property
    def label(self) -> str:
        return in_language(self.name, self.name_en)


class CalendarDays(NamedTuple):
    """`days`: the day that holds for each date that a notice names; `years`: the years with a notice."""

    days: dict[dt.date, NamedDay]
    years: frozenset[int]

    def calendar(self) -> Calendar:
        return Calendar({date: day.working for date, day in self.days.items()}, self.years)


def calendar_days(as_of: dt.date | None = None) -> CalendarDays:
    """The named days: for each date the notice published last, or last by `as_of`. One query, of plain values: every act
    with a term counts by it, and rows as objects took a fifth of its time."""
    stored = CalendarDay.objects.order_by("notice__published_on", "notice_id")
    if as_of is not None:
        stored = stored.filter(notice__published_on__lte=as_of)
    days, years = {}, set()
    for date, year, *named in stored.values_list(
        "date", "notice__year", "working", "name", "name_en", "notice__published_on"
    ):
        days[date] = NamedDay(*named)
        years.add(year)
    return CalendarDays(days, frozenset(years))


def load_calendar(as_of: dt.date | None = None) -> Calendar:
    """The calendar as the notices published by `as_of` (or all of them) have it. One query."""
    return calendar_days(as_of).calendar()


def shown_calendar() -> CalendarDays:
    """The calendar for pages that explain a date: from the cache, so that most of them ask the database nothing."""
    return cache.get_or_set(CACHED_DAYS, calendar_days, CACHE_SECONDS)


def missing_years(today: dt.date | None = None) -> list[int]:
    """The years that `wanted_years` names and no notice is stored for; from the cache, as pages show it."""
    years = cache.get_or_set(CACHED_YEARS, known_years, CACHE_SECONDS)
    return [year for year in wanted_years(today or timezone.localdate()) if year not in years]


def wanted_years(today: dt.date) -> list[int]:
    """The years whose calendar is needed on that day."""
    return [today.year] + ([today.year + 1] if today.month >= NEXT_YEAR_FROM else [])


def known_years() -> frozenset[int]:
    """The years with a notice, by their notices alone. One query."""
    return frozenset(CalendarNotice.objects.values_list("year", flat=True).distinct())


def forget_calendar() -> None:
    """Let pages read the calendar again; other processes do once their own copy is CACHE_SECONDS old."""
    cache.delete_many([CACHED_DAYS, CACHED_YEARS])

