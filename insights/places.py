"""Regions as figures see them: a chosen region with all below it, and whether it was the same area before.

The same code may name different areas at different times (Hangzhou, 2021-04-09). A token names one of them:
`330102` is the one in force at the end of the period, `330102:2021-04-09` the one valid from that day,
`330100:only` the cases for which nothing below the city is known, `unknown` those without any region.
"""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core.exceptions import DomainError
from insights.periods import FIRST_YEAR, LAST_YEAR, ONE_DAY, Period
from registry.enums import RegionLevel
from registry.models import Region, RegionSuccession

ALWAYS = Period(dt.date(FIRST_YEAR, 1, 1), dt.date(LAST_YEAR, 12, 31))
UNKNOWN = "unknown"
ONLY = "only"


@dataclass(frozen=True)
class Place:
    """A choice of region. `ids`: the regions whose cases count; None among them stands for cases without a region.

    `since` and `until` (first day no longer) bound the time in which the area was the same.
    """

    token: str
    label: str
    ids: frozenset[int | None]
    since: dt.date | None = None
    until: dt.date | None = None
    region: Region | None = None

    def covers(self, period: Period) -> bool:
        """Whether the area was the same on every day of the period."""
        return (not self.since or self.since <= period.start) and (not self.until or period.end < self.until)

    def overlaps(self, period: Period) -> bool:
        return (not self.since or self.since <= period.end) and (not self.until or period.start < self.until)

    def why_not_comparable(self, *periods: Period) -> str:
        """Why figures of these periods are of different areas; empty where they are of the same."""
        for changed in (self.since, self.until):
            if changed and any(p.start < changed for p in periods) and any(p.end >= changed for p in periods):
                return _("The area changed on %(date)s; figures before and after are of different areas.") % {
                    "date": date_format(changed, "DATE_FORMAT")
                }
        return ""


@dataclass
class Map:
    """All regions in memory, with their succession. Two queries."""

    regions: dict[int, Region]
    successions: list[RegionSuccession] = field(default_factory=list)

    @classmethod
    def load(cls) -> "Map":
        return cls(
            {region.pk: region for region in Region.objects.order_by("code", "valid_from")},
            list(RegionSuccession.objects.all()),
        )

    @cached_property
    def below(self) -> dict[int | None, list[int]]:
        children = defaultdict(list)
        for region in self.regions.values():
            children[region.parent_id].append(region.pk)
        return children

    def with_descendants(self, ids: set[int]) -> frozenset[int]:
        found, new = set(ids), set(ids)
        while new:
            new = {child for pk in new for child in self.below[pk]} - found
            found |= new
        return frozenset(found)

    def lineage(self, region: Region) -> list[Region]:
        """`region` and the regions, before and after it, that were the very same area: whole successions in which
        the one has no other successor and the other no other predecessor."""
        into, out_of = defaultdict(list), defaultdict(list)
        for step in self.successions:
            into[step.successor_id].append(step)
            out_of[step.predecessor_id].append(step)
        found = [region]
        for steps, other, back in ((into, "predecessor_id", out_of), (out_of, "successor_id", into)):
            place = region
            while True:
                follow = steps[place.pk]
                if len(follow) != 1 or not follow[0].whole:
                    break
                place = self.regions[getattr(follow[0], other)]
                if len(back[place.pk]) != 1 or place in found:
                    break
                found.append(place)
        return sorted(found, key=lambda r: r.valid_from)

    def place(self, token: str, period: Period) -> Place:
        """The region that `token` names in `period`. Raises DomainError where there is none."""
        if token == UNKNOWN:
            return Place(UNKNOWN, _("Region not known"), frozenset({None}))
        code, *rest = token.split(":")
        only = ONLY in rest
        wanted = [part for part in rest if part != ONLY]
        rows = [r for r in self.regions.values() if r.code == code and in_force(r, period)]
        if wanted:
            rows = [r for r in rows if [r.valid_from.isoformat()] == wanted]
        if not rows:
            raise DomainError(
                _("No region %(token)s between %(start)s and %(end)s.")
                % {"token": token, "start": period.start, "end": period.end}
            )
        return self.of(max(rows, key=lambda r: r.valid_from), period, only=only)

    def of(self, region: Region, period: Period, *, only: bool = False) -> Place:
        """The place of a region; `only`: without the regions below it."""
        lineage = self.lineage(region)
        ids = {r.pk for r in lineage}
        namesakes = [r for r in self.regions.values() if r.code == region.code and in_force(r, period)]
        token, label = region.code, region.label
        if len(namesakes) > 1:
            token = f"{region.code}:{region.valid_from}"
            label = self._dated_label(region, latest=region == namesakes[-1])
        if only:
            token, label = f"{token}:{ONLY}", _("%(region)s, nothing nearer known") % {"region": label}
        ids_counted = frozenset(ids) if only else self.with_descendants(ids)
        return Place(token, label, ids_counted, lineage[0].valid_from, lineage[-1].valid_to, region)

    def in_register(self, token: str) -> Place:
        """The region that `token` names on today's map, by which a register that is kept up knows it; one that is no more
        where there is none today. Raises DomainError."""
        try:
            return self.place(token, _today())
        except DomainError:
            return self.place(token, ALWAYS)

    def as_registered(self, region: Region, *, only: bool = False) -> Place:
        """The place of a region, with a token that `in_register` reads back."""
        return self.of(region, _today() if in_force(region, _today()) else ALWAYS, only=only)

    def rest_of(self, place: Place) -> Place:
        """Whatever is not in `place`, cases without a region included."""
        return Place("", "", (frozenset(self.regions) | {None}) - place.ids)

    @staticmethod
    def _dated_label(region: Region, *, latest: bool) -> str:
        if latest:
            day = {"date": date_format(region.valid_from, "DATE_FORMAT"), "region": region.label}
            return _("%(region)s (from %(date)s)") % day
        day = {"date": date_format(region.valid_to - ONE_DAY, "DATE_FORMAT"), "region": region.label}
        return _("%(region)s (to %(date)s)") % day

    def choices(self, period: Period) -> list[Place]:
        """Cities and districts of the period, each city before its districts."""
        shown = [
            r for r in self.regions.values()
            if r.level in (RegionLevel.CITY, RegionLevel.DISTRICT) and in_force(r, period)
        ]
        return [self.of(region, period) for region in shown]

    def row_of(self, region_id: int | None, under: Place | None) -> tuple[int | None, bool]:
        """The row of a breakdown to which a case of this region belongs: (region, only).

        Without a chosen region, its district; with one, the region directly below the chosen. `only`: the case
        names nothing nearer than the row, so the row stands for that region alone.
        """
        if region_id is None:
            return None, False
        chosen = under.region.level if under and under.region else None
        if chosen in (RegionLevel.DISTRICT, RegionLevel.STREET):
            return self._ancestor(region_id, RegionLevel.STREET)
        return self._ancestor(region_id, RegionLevel.DISTRICT)

    def _ancestor(self, region_id: int, level: str) -> tuple[int, bool]:
        place = self.regions[region_id]
        while place.level != level:
            if place.parent_id is None or RANK[place.level] < RANK[level]:
                return region_id, True
            place = self.regions[place.parent_id]
        return place.pk, False


RANK = {level: rank for rank, level in enumerate(
    (RegionLevel.PROVINCE, RegionLevel.CITY, RegionLevel.DISTRICT, RegionLevel.STREET)
)}


def _today() -> Period:
    return Period(timezone.localdate(), timezone.localdate())


def in_force(region: Region, period: Period) -> bool:
    """Whether the region was valid on some day of the period."""
    return region.valid_from <= period.end and (region.valid_to is None or region.valid_to > period.start)
