"""Targets of a year, and how far they are: counted from rows, never written down.

What counts: pledges published, and workstations opened, from the first day of the year to the day that is asked for. A
unit, a company or a workstation counts in the year of its first one, and once.
"""

import calendar
import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import BigIntegerField, CharField, Count, Exists, F, OuterRef, Q, QuerySet, Value
from django.utils.translation import override

from pledges.domain.keeping import keep
from pledges.enums import REVIEWED, TargetKind, WorkstationKind
from pledges.models import Pledge, Target, Workstation

TYPES = {TargetKind.DEMONSTRATION_AREAS: "demonstration_area", TargetKind.DELTA_COMPANIES: "cross_store"}


@transaction.atomic
def keep_target(target: Target, *, actor, now: dt.datetime | None = None, **fields) -> Target:
    """Write a new target, or `fields` of one. It bears the name of what it counts. Raises PermissionDenied and
    DomainError."""
    what, year, agency = (fields.get(name, getattr(target, name, None)) for name in ("what", "year", "agency"))
    label = TargetKind(what).label
    names = {}
    for name, language in (("name", "zh-hans"), ("name_en", "en")):
        with override(language):
            names[name] = f"{year} {label}"
    return keep(Target(pk=target.pk), fields | names | {"code": f"{year}-{what}-{agency.code}"}, actor)


@dataclass(frozen=True)
class Progress:
    """Where a target stands on a day. `review`: how many are under review for it, None for a day that is past, since
    what was under review then is not kept; `pace`: what it comes to by the end of the year if it goes on as so far, a
    plain proportion of days and no prediction, None where the year is over or has not begun."""

    target: Target
    day: dt.date
    reached: int
    review: int | None
    pace: int | None

    @property
    def share(self) -> float:
        """Of the target, 1 where it is reached."""
        return self.reached / self.target.number

    @property
    def bar(self) -> int:
        """The share as whole per cents of a bar, which ends at 100."""
        return min(100, self.reached * 100 // self.target.number)

    @property
    def with_review(self) -> int | None:
        """What it comes to if all that is under review is published."""
        return None if self.review is None else self.reached + self.review


def last_counted(year: int, day: dt.date) -> dt.date:
    """The last day of the year that counts on `day`."""
    return min(day, dt.date(year, 12, 31))


def days_gone(year: int, day: dt.date) -> tuple[int, int]:
    """How many days of the year are over with `day`, and how many it has."""
    days = 366 if calendar.isleap(year) else 365
    return max(0, (last_counted(year, day) - dt.date(year, 1, 1)).days + 1), days


def progress(targets: Iterable[Target], day: dt.date, *, today: dt.date) -> list[Progress]:
    """Where each of the targets stands on the local day `day`, in its agency and all below it: in their order, counted in
    one query. Those of one kind and year are counted together, by agency: a question for each of a city's took the
    database 330 ms to plan."""
    targets, alike, parts = list(targets), defaultdict(list), []
    for target in targets:
        alike[target.what, target.year].append(target)
    for (what, year), some in alike.items():
        parts.append(_by_agency(_reached(some, day), what, year))
        if _has_review(some[0], day, today):
            parts.append(_by_agency(_applied(some, today), what, year, of_review=True))
    found = defaultdict(list)
    for what, year, of_review, path, once, count in parts[0].union(*parts[1:], all=True) if parts else ():
        found[what, year, of_review].append((path, once, count))
    return [
        _progress(target, day, today, *(_count(found[target.what, target.year, kind], target) for kind in (0, 1)))
        for target in targets
    ]


def _by_agency(rows: QuerySet, what: str, year: int, *, of_review: bool = False) -> QuerySet:
    """How many rows each agency has: tuples of what and year, 1 for those under review, the path of the agency, 0 or the
    company that counts once wherever it is, and the number."""
    of_company = of_review and what == TargetKind.DELTA_COMPANIES
    once = F("premises__merchant") if of_company else Value(0, BigIntegerField())
    told = [Value(what, CharField()), Value(year), Value(int(of_review)), F("agency__path"), once]
    return rows.order_by().values_list(*told).annotate(Count("pk"))


def _count(found: list[tuple[str, int, int]], target: Target) -> int:
    within = [(once, count) for path, once, count in found if path.startswith(target.agency.path)]
    return sum(count for once, count in within if not once) + len({once for once, _count in within if once})


def _has_review(target: Target, day: dt.date, today: dt.date) -> bool:
    """Whether `day` is today, in the year of the target."""
    return day == today and day.year == target.year


def _progress(target: Target, day: dt.date, today: dt.date, count: int, waiting: int) -> Progress:
    gone, days = days_gone(target.year, day)
    pace = count * days // gone if 0 < gone < days else None
    review = waiting if _has_review(target, day, today) else None
    return Progress(target, last_counted(target.year, day), count, review, pace)


def reached(target: Target, day: dt.date) -> QuerySet:
    """The rows that a target counts on the local day `day`: pledges, or workstations of villages."""
    return _reached([target], day)


def _reached(targets: list[Target], day: dt.date) -> QuerySet:
    """The same for several of one kind and year, all rows once."""
    what, year = targets[0].what, targets[0].year
    first, last = dt.date(year, 1, 1), last_counted(year, day)
    if what == TargetKind.VILLAGE_WORKSTATIONS:
        return _workstations(targets).opened_between(first, last)
    pledges = Pledge.objects.filter(_within(targets), published_on__range=(first, last))
    match what:
        case TargetKind.DEMONSTRATION_AREAS:
            return pledges.filter(type__code=TYPES[what]).first_of_type()
        case TargetKind.DELTA_COMPANIES:
            return pledges.filter(type__code=TYPES[what]).first_of_merchant()
    return pledges.first_ones()


def under_review(target: Target, today: dt.date) -> QuerySet:
    """The rows that would count for a target of the running year if they were published: applications, one for each that
    would count, or workstations with a day of opening that is still to come this year."""
    rows = _applied([target], today)
    if target.what != TargetKind.DELTA_COMPANIES:
        return rows
    sooner = Pledge.objects.filter(_within([target]), pk__lt=OuterRef("pk"), state__in=REVIEWED, **_same(target.what))
    return rows.filter(~Exists(sooner))


def _applied(targets: list[Target], today: dt.date) -> QuerySet:
    """The same for several of one kind and year; of a company all applications, as it is in several agencies."""
    what, year = targets[0].what, targets[0].year
    if what == TargetKind.VILLAGE_WORKSTATIONS:
        return _workstations(targets).filter(opened_on__gt=today, opened_on__year=year)
    pledges = Pledge.objects.filter(_within(targets), state__in=REVIEWED)
    if what in TYPES:
        pledges = pledges.filter(type__code=TYPES[what])
    same = Pledge.objects.filter(**_same(what))
    pledges = pledges.filter(~Exists(same.published()))
    if what == TargetKind.DELTA_COMPANIES:
        return pledges
    return pledges.filter(~Exists(same.filter(pk__lt=OuterRef("pk"), state__in=REVIEWED)))


def _same(what: str) -> dict[str, OuterRef]:
    """What pledges have in common that count once."""
    match what:
        case TargetKind.DEMONSTRATION_AREAS:
            return {"premises": OuterRef("premises"), "type": OuterRef("type")}
        case TargetKind.DELTA_COMPANIES:
            return {"premises__merchant": OuterRef("premises__merchant"), "type": OuterRef("type")}
    return {"premises": OuterRef("premises")}


def _workstations(targets: list[Target]):
    return Workstation.objects.filter(_within(targets), kind=WorkstationKind.VILLAGE)


def _within(targets: list[Target]) -> Q:
    """Of the agencies of the targets and of all below them."""
    paths = {target.agency.path for target in targets}
    highest = [path for path in paths if not any(path != other and path.startswith(other) for other in paths)]
    return Q.create([Q(agency__path__startswith=path) for path in sorted(highest)], connector=Q.OR)
