"""How much mediators have to do: whose sessions are ahead, and what was held in a period. No ranks, and no success of a
person: whoever gets the hard cases would be punished for them."""

import datetime as dt

from django.db.models import (
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    FloatField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
)
from django.db.models.functions import Coalesce, Extract, NullIf
from django.utils import timezone

from cases.enums import MEDIATED_STATES
from insights.mediated import held
from insights.scopes import Scope
from mediation.enums import SessionState
from mediation.models import Mediator, Session

HOUR = 3600


def with_load(mediators: QuerySet[Mediator], scope: Scope, *, now: dt.datetime | None = None) -> QuerySet[Mediator]:
    """Those of `mediators` who mediate today or have a session that counts here, each with

    - `ahead`: sessions that are scheduled and have not begun
    - `held`: sessions held in the period, and `led_hours`: how long these were set to last, in hours
    - `in_hand`: complaints whose mediation is not over, in which this person has a session that was not cancelled
    - `share`: of the hours of all mediators of the agency, from 0 to 1; None where there are none

    Only sessions that the reader of `scope` sees are counted.
    """
    now = now or timezone.now()
    sessions = Session.objects.visible_to(scope.user).order_by()
    in_period = sessions.filter(held(scope))
    ahead = sessions.filter(state=SessionState.SCHEDULED, period__startswith__gte=now)
    open_ones = sessions.standing().filter(case__state__in=MEDIATED_STATES)
    by_mediator = {"mediator": OuterRef("pk")}
    hours = _each(in_period, "mediator", _hours(), FloatField(), **by_mediator)
    of_agency = _each(in_period, "mediator__agency", _hours(), FloatField(), mediator__agency=OuterRef("agency"))
    counted = sessions.filter(held(scope) | Q(pk__in=ahead.values("pk")) | Q(pk__in=open_ones.values("pk")))
    return mediators.active_on_or_in(timezone.localdate(now), counted).annotate(
        ahead=_each(ahead, "mediator", Count("pk"), **by_mediator),
        held=_each(in_period, "mediator", Count("pk"), **by_mediator),
        led_hours=hours,
        in_hand=_each(open_ones, "mediator", Count("case", distinct=True), **by_mediator),
        share=F("led_hours") / NullIf(of_agency, 0.0),
    )


def _hours() -> ExpressionWrapper:
    length = Sum(ExpressionWrapper(F("period__endswith") - F("period__startswith"), output_field=DurationField()))
    return ExpressionWrapper(Extract(length, "epoch") / HOUR, output_field=FloatField())


def _each(sessions: QuerySet, key: str, what, output_field=None, **of) -> Coalesce:
    """What a mediator's sessions, or those of his agency, come to; 0 without any."""
    found = sessions.filter(**of).values(key).annotate(n=what).values("n")
    return Coalesce(Subquery(found), 0 if output_field is None else 0.0, output_field=output_field)
