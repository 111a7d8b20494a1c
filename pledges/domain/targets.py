"""Targets of a year, and how far they are: counted from rows, never written down.

What counts: pledges published, and workstations opened, from the first day of the year to the day that is asked for. A
unit, a company or a workstation counts in the year of its first one, and once.
"""

import calendar
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import override

from core.pagination import capped_counts
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
    one query."""
    targets = list(targets)
    counted = [reached(target, day) for target in targets] + [_waiting(target, day, today) for target in targets]
    counts = capped_counts(counted, cap=None) if counted else []
    return [
        _progress(target, day, today, *found)
        for target, *found in zip(targets, counts, counts[len(targets) :], strict=False)
    ]


def _waiting(target: Target, day: dt.date, today: dt.date) -> QuerySet:
    return under_review(target, today) if _has_review(target, day, today) else Target.objects.none()


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
    first, last = dt.date(target.year, 1, 1), last_counted(target.year, day)
    if target.what == TargetKind.VILLAGE_WORKSTATIONS:
        return _workstations(target).opened_between(first, last)
    pledges = Pledge.objects.filter(_within(target, "agency__"), published_on__range=(first, last))
    match target.what:
        case TargetKind.DEMONSTRATION_AREAS:
            return pledges.filter(type__code=TYPES[target.what]).first_of_type()
        case TargetKind.DELTA_COMPANIES:
            return pledges.filter(type__code=TYPES[target.what]).first_of_merchant()
    return pledges.first_ones()


def under_review(target: Target, today: dt.date) -> QuerySet:
    """The rows that would count for a target of the running year if they were published: applications, one for each that
    would count, or workstations with a day of opening that is still to come this year."""
    if target.what == TargetKind.VILLAGE_WORKSTATIONS:
        return _workstations(target).filter(opened_on__gt=today, opened_on__year=target.year)
    pledges = Pledge.objects.filter(_within(target, "agency__"), state__in=REVIEWED)
    others = Pledge.objects.all()
    match target.what:
        case TargetKind.DEMONSTRATION_AREAS:
            same = {"premises": OuterRef("premises"), "type": OuterRef("type")}
        case TargetKind.DELTA_COMPANIES:
            same = {"premises__merchant": OuterRef("premises__merchant"), "type": OuterRef("type")}
        case _:
            same = {"premises": OuterRef("premises")}
    if target.what in TYPES:
        pledges = pledges.filter(type__code=TYPES[target.what])
    published = others.filter(**same).published()
    sooner = others.filter(_within(target, "agency__"), pk__lt=OuterRef("pk"), state__in=REVIEWED, **same)
    return pledges.filter(~Exists(published), ~Exists(sooner))


def _workstations(target: Target):
    return Workstation.objects.filter(_within(target, "agency__"), kind=WorkstationKind.VILLAGE)


def _within(target: Target, prefix: str) -> Q:
    """Of the target's agency and of all below it."""
    return Q(**{f"{prefix}path__startswith": target.agency.path})
