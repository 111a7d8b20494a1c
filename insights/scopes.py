"""Whose rows a figure counts: the reader's, in a period, a region and an agency, as known on a day."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from django.db.models import Q, QuerySet

from cases.enums import Body
from cases.models import Case, Clock, Recovery
from cases.querysets import local_day_bounds
from insights.periods import Period
from insights.places import Map, Place
from mediation.models import PlatformReferral
from pledges.models import Breach, Pledge, ReturnEntry
from registry.models import Agency, Platform


@dataclass(frozen=True)
class Scope:
    """`user` None means every row: for commands only, never for a request.

    Nothing after `as_of` counts. `agency` is the handling agency with all below it, which stays as it was when a
    case changes hands, and of a pledge the one that keeps it; `place` is the trader's region. `platform` narrows the
    figures of the green channel to what was referred to it; others do not know it.
    """

    user: object | None
    period: Period
    as_of: dt.date
    place: Place | None = None
    agency: Agency | None = None
    platform: Platform | None = None

    @property
    def start(self) -> dt.date:
        return self.period.start

    @property
    def until(self) -> dt.date:
        """The last day that counts: the end of the period, or the as-of day if that comes first."""
        return min(self.period.end, self.as_of)

    def moved_to(self, period: Period, as_of: dt.date) -> "Scope":
        return replace(self, period=period, as_of=as_of)

    def cases(self) -> QuerySet:
        return self._kept(Case.objects, "")

    def clocks(self) -> QuerySet:
        return self._kept(Clock.objects, "case__")

    def recoveries(self) -> QuerySet:
        return self._kept(Recovery.objects, "case__")

    def referrals(self) -> QuerySet:
        """Of complaints of bureaus to platforms. Who sees the cases may count them."""
        rows = PlatformReferral.objects.filter(case__in=self.cases().filter(body=Body.BUREAU).order_by())
        return rows.filter(platform=self.platform) if self.platform else rows

    def pledges(self) -> QuerySet:
        return self._of_premises(Pledge.objects, agency="agency")

    def returns(self) -> QuerySet:
        return self._of_premises(ReturnEntry.objects, agency="premises__agency")

    def breaches(self) -> QuerySet:
        """To be asked for of `cases()` alone: whoever sees a case, and breaches at all, sees those of it."""
        sees = self.user is None or self.user.has_perm("pledges.view_breach")
        return Breach.objects.all() if sees else Breach.objects.none()

    def times(self, field: str) -> dict[str, dt.datetime]:
        """Conditions for an instant within the days that count, local time."""
        first, after = local_day_bounds(self.start, self.until)
        return {f"{field}__gte": first, f"{field}__lt": after}

    def days(self, field: str) -> dict[str, dt.date]:
        """Conditions for a local date within the days that count."""
        return {f"{field}__gte": self.start, f"{field}__lte": self.until}

    def _kept(self, manager, prefix: str) -> QuerySet:
        return self._narrowed(manager, self.place, region=f"{prefix}region", agency=f"{prefix}handling")

    def _of_premises(self, manager, *, agency: str) -> QuerySet:
        """Rows of premises in the place, by the districts of today: a register is kept up, whenever its premises came
        into it."""
        place = self.place
        if place and place.region and place.region.valid_to is not None:
            place = Map.load().in_register(place.token)
        return self._narrowed(manager, place, region="premises__region", agency=agency)

    def _narrowed(self, manager, place: Place | None, *, region: str, agency: str) -> QuerySet:
        """The rows of `manager` that the user sees, of the place and the agency by these fields."""
        rows = manager.all() if self.user is None else manager.visible_to(self.user)
        if place is not None:
            inside = Q(**{f"{region}__in": sorted(place.ids - {None})})
            if None in place.ids:
                inside |= Q(**{f"{region}__isnull": True})
            rows = rows.filter(inside)
        if self.agency is not None:
            rows = rows.filter(**{f"{agency}__in": Agency.objects.within(self.agency).values("pk")})
        return rows


def once_each(scopes: Sequence[Scope], compute: Callable[[list[Scope]], Sequence]) -> list:
    """What `compute` makes of the distinct ones among `scopes`, for each of these: the year before a whole year is also
    the period before it."""
    distinct = list(dict.fromkeys(scopes))
    found = dict(zip(distinct, compute(distinct), strict=True))
    return [found[scope] for scope in scopes]
