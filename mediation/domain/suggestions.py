"""Which mediator for a case: those who may lead it, with the reasons for and against each. Nobody is chosen."""

import datetime as dt
from dataclasses import dataclass, field

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases.models import Case
from mediation.domain.mediating import left_words, mediators_near, who_left, why_not_bookable
from mediation.domain.sessions import taken_by
from mediation.enums import SessionState
from mediation.models import Mediator, Session
from registry.domain import load_calendar
from registry.models import Category

LOAD_DAYS = 14  # ahead, in which the sessions that are scheduled count as load


@dataclass
class Suggestion:
    """`sessions`: how many are scheduled for the next fourteen days. `against` says why the time is impossible, or that
    the mediator has left the case."""

    mediator: Mediator
    knows_field: bool
    sessions: int
    left: bool = False
    reasons: list[str] = field(default_factory=list)
    against: list[str] = field(default_factory=list)


def suggest(case: Case, starts: dt.datetime, ends: dt.datetime) -> list[Suggestion]:
    """The mediators of a case for a time: first who is free, then who knows the field, then who has the least to do; last
    who has left the case after an application for recusal, so that nobody wonders where he is."""
    calendar, fields, left = load_calendar(), _fields_of(case), set(who_left(case))
    horizon = DateTimeTZRange(timezone.now(), timezone.now() + dt.timedelta(days=LOAD_DAYS))
    upcoming = Q(sessions__state=SessionState.SCHEDULED, sessions__period__overlap=horizon)
    rows = (
        mediators_near(case, timezone.localdate(starts)).select_related("agency")
        .prefetch_related("fields", "hours", "leaves")
        .annotate(load=Count("sessions", filter=upcoming, distinct=True))
    )
    taken = {
        session.mediator_id: session
        for session in Session.objects.standing().filter(
            mediator__in=rows.values("pk"), period__overlap=DateTimeTZRange(starts, ends, "[)")
        ).select_related("mediator", "room")
    }
    found = []
    for mediator in rows:
        knows = not fields.isdisjoint(one.pk for one in mediator.fields.all())
        one = Suggestion(mediator, knows, mediator.load, mediator.pk in left)
        if knows:
            one.reasons.append(_("knows the field"))
        one.reasons.append(
            ngettext("%(n)d session in the next %(days)d days", "%(n)d sessions in the next %(days)d days", mediator.load)
            % {"n": mediator.load, "days": LOAD_DAYS}
        )
        if one.left:
            one.against.append(left_words(mediator))
        if reason := why_not_bookable(mediator, starts, ends, calendar):
            one.against.append(reason)
        if session := taken.get(mediator.pk):
            one.against.append(taken_by("mediator", session))
        found.append(one)
    return sorted(found, key=_place)


def _place(one: Suggestion) -> tuple:
    return one.left, bool(one.against), not one.knows_field, one.sessions, one.mediator.name


def _fields_of(case: Case) -> set[int]:
    """The category of a case, those above it, and the council's class that they belong to."""
    found: set[int] = set()
    category = case.category
    while category is not None:
        found |= {category.pk, category.council_id}
        category = category.parent
    above = Category.objects.filter(pk__in=found - {None}).values_list("parent", flat=True)
    return (found | set(above)) - {None}
