"""The section of pledges: units in force and newly created, beside the year before and the period before, and by type and
district."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Count, F, QuerySet

from insights.dashboard import Side, Tile, period_before, year_before
from insights.enums import Part
from insights.forms import Choice
from insights.metrics import family, metric
from insights.places import Map, Place
from insights.pledged import (
    AMOUNT_RETURNED,
    CONFIRMED,
    CREATED,
    ENDED,
    IN_FORCE,
    RENEWED,
    SUSPECTED,
    TIMES_RETURNED,
    created,
    created_by_type,
    in_force_by_type,
)
from insights.scopes import Scope, once_each
from insights.selections import address, describe, span
from pledges.domain.targets import Progress, progress
from pledges.models import PledgeType, Target

SHOWN = (IN_FORCE, CREATED, RENEWED, ENDED, TIMES_RETURNED, AMOUNT_RETURNED, SUSPECTED, CONFIRMED)


@dataclass
class Line:
    """One type or district: its units in force at the end and those newly created, with the addresses of both. `token`:
    of a region that has a page of its own."""

    label: str
    in_force: int
    created: int
    in_force_url: str
    created_url: str
    token: str = ""


class PledgeFigures:
    """The figures of one reader, period and region, counted when made. `place` is of today's map."""

    def __init__(self, user, choice: Choice, place: Place | None, regions: Map, as_of: dt.date):
        self.scope = Scope(user, choice.period, as_of, place)
        self.map = regions
        self.earlier = year_before(self.scope), period_before(self.scope, choice.whole)
        self.tiles = [self._tile(code) for code in SHOWN]

    @property
    def words(self) -> str:
        return describe(self.scope)

    @property
    def year_words(self) -> str:
        return span(self.earlier[0].period)

    @property
    def before_words(self) -> str:
        return span(self.earlier[1].period)

    @property
    def is_empty(self) -> bool:
        return not any(side.value for tile in self.tiles for _name, side in tile.sides)

    @cached_property
    def by_type(self) -> list[Line]:
        """Types that have any units, in the order of the programme."""
        standing, new = (_count(rows(self.scope), "type") for rows in (in_force_by_type, created_by_type))
        lines = []
        for type in PledgeType.objects.filter(pk__in=standing.keys() | new.keys()):
            addresses = [self._of_type(code, type) for code in (IN_FORCE, CREATED)]
            lines.append(Line(type.label, standing[type.pk], new[type.pk], *addresses))
        return lines

    def _of_type(self, code: str, type: PledgeType) -> str:
        return address(family(code).of(type.code, type.label), Part.VALUE, self.scope)

    @cached_property
    def by_district(self) -> list[Line]:
        """Districts that have any units, those with most first; below a chosen district its streets."""
        standing, new = (self._districts(rows(self.scope)) for rows in (in_force_by_type, created))
        lines = []
        for pk, only in standing.keys() | new.keys():
            place = self.map.as_registered(self.map.regions[pk], only=only)
            scope = Scope(self.scope.user, self.scope.period, self.scope.as_of, place)
            addresses = [address(metric(code), Part.VALUE, scope) for code in (IN_FORCE, CREATED)]
            token = "" if only or place == self.scope.place else place.token
            lines.append(Line(place.label, standing[pk, only], new[pk, only], *addresses, token))
        return sorted(lines, key=lambda line: (-line.in_force, -line.created, line.label))

    @cached_property
    def targets(self) -> list[Progress]:
        """The targets of the year in which the period ends, as of its end: those of the highest agency of which the
        reader sees any. They are set for agencies, so that a chosen region has none."""
        user, day = self.scope.user, self.scope.until
        if self.scope.place is not None or not user.has_perm("pledges.view_target"):
            return []
        rows = Target.objects.visible_to(user).filter(year=day.year)
        targets = list(rows.select_related("agency").order_by("agency__path", "code"))
        return progress([one for one in targets if one.agency == targets[0].agency], day, today=self.scope.as_of)

    def _districts(self, rows: QuerySet) -> Counter:
        found = Counter()
        for region, n in _count(rows, "premises__region").items():
            pk, only = self.map.row_of(region, self.scope.place)
            found[self.map.lineage(self.map.regions[pk])[-1].pk, only] += n
        return found

    def _tile(self, code: str) -> Tile:
        figure, scopes = metric(code), (self.scope, *self.earlier)
        values = once_each(scopes, lambda distinct: [figure.compute(scope) for scope in distinct])
        return Tile(figure, *(Side(figure, scope, value) for scope, value in zip(scopes, values, strict=True)))


def _count(rows: QuerySet, key: str) -> Counter:
    """Units, each once, by a key of their pledges."""
    return Counter(dict(rows.order_by().values_list(F(key)).annotate(n=Count("premises", distinct=True))))
