"""The figures of pledges, of the returns under them and of their breaches.

A row of `pledges.*` is always a pledge. Where units are counted, which are premises, each of them is there with one
pledge: the first that it ever published, or of those in force the oldest. Units are told by the district and the agency
with which they stand in the register today. Breaches are told by their cases.
"""

from collections.abc import Iterable

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from insights.enums import Good, Part, Unit
from insights.metrics import AT_THE_END, RECEIVED_ON, Family, Metric, Value, register, register_family
from insights.scopes import Scope
from pledges.enums import BreachState, PledgeState, PledgeVerb
from pledges.models import Pledge, PledgeEvent, PledgeType

CREATED, IN_FORCE, ENDED, RENEWED = "pledges.created", "pledges.in_force", "pledges.ended", "pledges.renewed"
TIMES_RETURNED, AMOUNT_RETURNED = "returns.count", "returns.amount"
SUSPECTED, CONFIRMED = "breaches.suspected", "breaches.confirmed"
TAKEN_BACK = (PledgeState.REVOKED, PledgeState.DEREGISTERED)

# rows


def created(scope: Scope) -> QuerySet:
    """The first pledge of each unit that had none before, published in the period."""
    return scope.pledges().first_ones().filter(**scope.days("published_on"))


def created_by_type(scope: Scope) -> QuerySet:
    """The first pledge of each type, published in the period, of the units that had none before it."""
    before = Pledge.objects.filter(premises=OuterRef("premises"), published_on__lt=scope.start)
    return scope.pledges().first_of_type().filter(~Exists(before), **scope.days("published_on"))


def in_force(scope: Scope) -> QuerySet:
    """The oldest pledge in force of each unit at the end; asked of each pledge, so that a page need not look at all."""
    return in_force_by_type(scope).filter(~Exists(in_force_by_type(scope).earlier()))


def units_in_force(scope: Scope) -> Value:
    """As many as `in_force` has rows; counted without choosing one pledge of each."""
    return Value(in_force_by_type(scope).aggregate(n=Count("premises", distinct=True))["n"])


def in_force_by_type(scope: Scope) -> QuerySet:
    """All pledges in force at the end; of a type a unit has one at most."""
    return scope.pledges().in_force_on(scope.until)


def ended(scope: Scope) -> QuerySet:
    return scope.pledges().filter(state__in=TAKEN_BACK, **scope.days("ended_on"))


def renewed(scope: Scope) -> QuerySet:
    """By the day that the renewal bears; ISO dates are in the order of their text."""
    first, last = scope.start.isoformat(), scope.until.isoformat()
    acts = PledgeEvent.objects.filter(verb=PledgeVerb.RENEW, data__on__gte=first, data__on__lte=last)
    return scope.pledges().filter(pk__in=acts.order_by().values("pledge"))


def returned(scope: Scope) -> QuerySet:
    """Entries of the months that begin in the period."""
    return scope.returns().filter(**scope.days("month"))


def times_returned(scope: Scope) -> Value:
    return Value(returned(scope).aggregate(n=Sum("count", default=0))["n"])


def suspected(scope: Scope) -> QuerySet:
    """Cases received in the period that fall under a pledge, or did so when somebody decided."""
    found = scope.breaches().filter(Q(matches=True) | ~Q(state=BreachState.SUSPECTED), case=OuterRef("pk"))
    return scope.cases().filter(Exists(found), **scope.times("received_at"))


def confirmed(scope: Scope) -> QuerySet:
    decided = scope.breaches().established().filter(**scope.times("decided_at"))
    return scope.cases().filter(pk__in=decided.order_by().values("case"))


def entries() -> Iterable[tuple[str, str]]:
    return [(type.code, type.label) for type in PledgeType.objects.all()]


# definitions

PUBLISHED_ON = _("day of the publication")
ENDED_ON = _("day on which the pledge ended")
RENEWED_ON = _("day of the renewal")
REGISTER = _("register of pledges")
MONTH = _("first day of the month of the entry")
DECIDED_ON = _("day of the decision")
LEDGER = _("returns ledger")
BREACHES = _("complaints that fall under a pledge")


def register_all() -> None:
    """Make the figures known; once, when the apps are ready."""
    register(
        Metric(
            CREATED, _("Units newly created"), Unit.UNITS,
            _(
                "Premises whose first pledge of any type was published in the period, each once. A pledge that is"
                " renewed, or taken up again after its end, makes no new unit."
            ),
            PUBLISHED_ON, REGISTER, {Part.VALUE: created}, good=Good.UP,
        )
    )  # fmt: skip
    register_family(
        Family(
            CREATED, _("Units newly created"), Unit.UNITS,
            _(
                "Of the units newly created in the period, those with a first pledge of the type published in it. A unit"
                " with several types is counted with each of them, so that the parts can be more than the whole; a type"
                " that an older unit adds is not counted."
            ),
            PUBLISHED_ON, REGISTER,
            lambda scope, code: created_by_type(scope).filter(type__code=code), entries, good=Good.UP,
        )
    )  # fmt: skip
    register(
        Metric(
            IN_FORCE, _("Units in force"), Unit.UNITS,
            _("Premises with a pledge of any type in force on that day, each once. Suspended pledges are not in force."),
            AT_THE_END, REGISTER, {Part.VALUE: in_force}, good=Good.UP, calculate=units_in_force,
        )
    )  # fmt: skip
    register_family(
        Family(
            IN_FORCE, _("Units in force"), Unit.UNITS,
            _("Premises with a pledge of the type in force on that day. A unit with several types is counted with each."),
            AT_THE_END, REGISTER,
            lambda scope, code: in_force_by_type(scope).filter(type__code=code), entries, good=Good.UP,
        )
    )  # fmt: skip
    register(
        Metric(
            ENDED, _("Pledges revoked or deregistered"), Unit.PLEDGES,
            _("Pledges that were revoked or deregistered in the period, by the first day on which they no longer bound."),
            ENDED_ON, REGISTER, {Part.VALUE: ended}, good=Good.DOWN,
        )
    )  # fmt: skip
    register(
        Metric(
            RENEWED, _("Pledges renewed"), Unit.PLEDGES,
            _("Pledges that were renewed for a further term in the period, each once."),
            RENEWED_ON, REGISTER, {Part.VALUE: renewed}, good=Good.UP,
        )
    )  # fmt: skip
    register(
        Metric(
            TIMES_RETURNED, _("Returns under pledges"), Unit.RETURNS,
            _("How often premises with a return pledge took goods back in the months that begin in the period."),
            MONTH, LEDGER, {Part.VALUE: returned}, calculate=times_returned,
        )
    )  # fmt: skip
    register(
        Metric(
            AMOUNT_RETURNED, _("Amount paid back under pledges"), Unit.MONEY,
            _("What premises with a return pledge paid back for these returns."),
            MONTH, LEDGER, {Part.VALUE: returned}, opens="returns",
        )
    )  # fmt: skip
    register(
        Metric(
            SUSPECTED, _("Suspected breaches of pledges"), Unit.CASES,
            _(
                "Complaints received in the period that fall under a pledge of the merchant, or did so when somebody"
                " decided, whatever was decided; each once."
            ),
            RECEIVED_ON, BREACHES, {Part.VALUE: suspected}, good=Good.DOWN,
        )
    )  # fmt: skip
    register(
        Metric(
            CONFIRMED, _("Confirmed breaches of pledges"), Unit.CASES,
            _("Complaints of which it was confirmed in the period that the merchant broke a pledge; each once."),
            DECIDED_ON, BREACHES, {Part.VALUE: confirmed}, good=Good.DOWN,
        )
    )  # fmt: skip
