"""The cases behind the figures of mediation: sessions, agreements, their performance, confirmation by a court, and how
long mediation took.

A session, an agreement and a confirmation belong to their case; cases are counted, of bureaus and councils alike unless
a figure names one of them. Conditions are also used by insights.summary, for several periods at once.
"""

from django.db.models import Aggregate, Exists, F, Func, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, TruncDate

from cases.enums import Body, Kind, Outcome
from cases.querysets import local_day_bounds
from insights.scopes import Scope
from mediation.enums import ConfirmationState, SessionState
from mediation.models import Agreement, Instalment, JudicialConfirmation, Session

BOTH = (Body.BUREAU, Body.COUNCIL)
RESOLVED = (Outcome.AGREEMENT, Outcome.SETTLED)


class Median(Aggregate):
    """The least value up to which at least half of all values lie. Of nothing, None."""

    template = "percentile_disc(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = IntegerField()


class DaysBetween(Func):
    """The first date less the second, in days."""

    arg_joiner = " - "
    template = "(%(expressions)s)"
    output_field = IntegerField()


# conditions on sessions, agreements and confirmations


def held(scope: Scope) -> Q:
    """Sessions that were held and began in the period."""
    first, after = local_day_bounds(scope.start, scope.until)
    return Q(state=SessionState.HELD, period__startswith__gte=first, period__startswith__lt=after)


def standing(scope: Scope) -> Q:
    """Agreements that had not been annulled by the as-of day."""
    return Q(annulled_at__isnull=True) | Q(annulled_at__gte=local_day_bounds(scope.as_of, scope.as_of)[1])


def in_force(scope: Scope) -> Q:
    return Q(**scope.days("effective_on")) & standing(scope)


def falling_due(scope: Scope) -> Q:
    """Agreements in force with the day of their last instalment, `last_on`, in the period."""
    return Q(effective_on__isnull=False, **scope.days("last_on")) & standing(scope)


PERFORMED_IN_TIME = Q(performed_on__lte=F("last_on"))


def applied(scope: Scope) -> Q:
    return Q(**scope.days("applied_on"))


def applied_late(scope: Scope) -> Q:
    return applied(scope) & Q(in_time=False)


def ruled(scope: Scope, state: ConfirmationState) -> Q:
    return Q(state=state, **scope.days("ruled_on"))


def with_last_day() -> QuerySet[Agreement]:
    """Agreements with `last_on`, the day by which all was to be done; None where nothing is written down."""
    last = Instalment.objects.filter(agreement=OuterRef("pk")).order_by("-due_on").values("due_on")[:1]
    return Agreement.objects.annotate(last_on=Subquery(last))


# cases


def with_session(scope: Scope) -> QuerySet:
    return _cases(scope).filter(Exists(Session.objects.filter(held(scope), case=OuterRef("pk"))))


def with_agreement(scope: Scope) -> QuerySet:
    return _cases(scope).filter(Exists(Agreement.objects.filter(in_force(scope), case=OuterRef("pk"))))


def with_performance(scope: Scope, *conditions: Q) -> QuerySet:
    """Cases whose agreement was to be performed in full by a day in the period."""
    return _cases(scope).filter(Exists(with_last_day().filter(falling_due(scope), *conditions, case=OuterRef("pk"))))


def with_confirmation(scope: Scope, condition: Q) -> QuerySet:
    return _cases(scope).filter(
        Exists(JudicialConfirmation.objects.filter(condition, agreement__case=OuterRef("pk")))
    )


def _cases(scope: Scope) -> QuerySet:
    return scope.cases().filter(body__in=BOTH)


# how long mediation took


def over_at() -> Coalesce:
    """When mediation ended: sources that give no end of it give the closing."""
    return Coalesce(F("ended_at"), F("closed_at"))


def days_taken() -> Func:
    """Whole days from the day of acceptance to the day on which mediation ended."""
    return DaysBetween(TruncDate(over_at()), F("accepted_on"))


def over_in(scope: Scope) -> Q:
    """Of complaints with `over_at`."""
    first, after = local_day_bounds(scope.start, scope.until)
    return Q(over_at__gte=first, over_at__lt=after)


def settled(scope: Scope, body: Body) -> QuerySet:
    """Complaints that ended with an agreement or a settlement in the period, with a known day of acceptance."""
    return scope.cases().alias(over_at=over_at()).filter(
        over_in(scope), kind=Kind.COMPLAINT, body=body, outcome__in=RESOLVED, accepted_at__isnull=False
    )


def settled_undated(scope: Scope, body: Body) -> QuerySet:
    """Those received in the period of which the day of acceptance or of the end is not known."""
    return scope.cases().filter(
        Q(accepted_at__isnull=True) | Q(ended_at__isnull=True, closed_at__isnull=True),
        **scope.times("received_at"), kind=Kind.COMPLAINT, body=body, outcome__in=RESOLVED,
    )  # fmt: skip


def median_days(scope: Scope, body: Body) -> int | None:
    return settled(scope, body).order_by().aggregate(days=Median(days_taken()))["days"]
