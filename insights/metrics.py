"""Every figure is defined here once; pages, commands and reports look it up by its code.

A figure is made of QuerySets, and what a click on it opens are the very same QuerySets: a count is the number of
rows of its value, an amount the sum of its postings, a rate the rows of its numerator over those of its denominator.
A code is public and stable; a changed meaning gets a new code. `cases.*`, `mediation.success_national`,
`recoveries.total` and `recoveries.multiple_and_moral` cover bureaus; figures of councils have codes of their own.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cases.enums import LOSS_KINDS, OPEN_STATES, Body, Kind, Outcome, RecoveryKind, State
from cases.models import Clock
from cases.querysets import local_day_bounds
from core.exceptions import DomainError
from core.money import ZERO, yuan
from insights.enums import Good, Part, Unit
from insights.scopes import Scope

ACCEPT, MEDIATE, COUNCIL_ACCEPT = "complaint.accept", "complaint.mediate", "council.accept"
# a report has one of the two: approval makes the extended term of the other
VERIFY = ("report.verify", "report.verify_extended")
LEADS = ("lead.verify", "lead.verify_extended")  # of what was found in mediation; a term, but of no rate
BUREAU_TERMS = (ACCEPT, MEDIATE, *VERIFY, *LEADS)
RESOLVED = (Outcome.AGREEMENT, Outcome.SETTLED)
CONCLUDED = (Outcome.AGREEMENT, Outcome.FAILED)
DAMAGES = (RecoveryKind.MULTIPLE, RecoveryKind.MORAL)

Rows = Callable[[Scope], QuerySet]
Described = tuple[str, Rows]  # what the rows are in words, and the rows


@dataclass(frozen=True)
class Value:
    """What a figure came to. `value` is None where it is unknown: a rate of nothing has no value."""

    value: int | Decimal | float | None
    numerator: int | None = None
    denominator: int | None = None

    @classmethod
    def of_rate(cls, numerator: int, denominator: int) -> "Value":
        return cls(numerator / denominator if denominator else None, numerator, denominator)

    def __sub__(self, part: "Value") -> "Value":
        """What is left of a count, an amount or a rate without the rows of `part`, which are among its own."""
        if self.denominator is not None:
            return self.of_rate(self.numerator - part.numerator, self.denominator - part.denominator)
        return Value(self.value - part.value)


@dataclass(frozen=True)
class Metric:
    """One figure: what it means in words, and the rows that it counts.

    `basis` is the date by which a row falls into the period. `uncounted` is the code of the figure that counts what
    could not be placed in a rate, for want of a date, a term or a calendar.
    """

    code: str
    label: str
    unit: Unit
    definition: str
    basis: str
    source: str
    rows: Mapping[Part, Rows]
    numerator: str = ""
    denominator: str = ""
    good: Good = Good.NONE
    uncounted: str = ""

    def queryset(self, part: str, scope: Scope) -> QuerySet:
        """The rows behind a part: cases, or postings of an amount. DomainError for a part that it does not have."""
        if part not in self.rows:
            raise DomainError(
                gettext("%(code)s has no part “%(part)s”, only: %(parts)s.")
                % {"code": self.code, "part": part, "parts": ", ".join(self.rows)}
            )
        return self.rows[Part(part)](scope)

    def compute(self, scope: Scope) -> Value:
        """The figure by its definition. Amounts are Decimal in yuan, rates unrounded fractions from 0 to 1."""
        if self.unit == Unit.RATE:
            return Value.of_rate(*(self.rows[part](scope).count() for part in (Part.NUMERATOR, Part.DENOMINATOR)))
        rows = self.rows[Part.VALUE](scope)
        if self.unit == Unit.MONEY:
            return Value(yuan(rows.aggregate(sum=Sum("amount", default=ZERO))["sum"]))
        return Value(rows.count())


_registry: dict[str, Metric] = {}


def metrics() -> Iterable[Metric]:
    """All figures, in the order in which they are shown."""
    return _registry.values()


def metric(code: str) -> Metric:
    """The figure with this code. Raises DomainError where there is none."""
    try:
        return _registry[code]
    except KeyError:
        raise DomainError(gettext("There is no figure with the code %(code)s.") % {"code": code}) from None


def _register(new: Metric) -> None:
    if new.code in _registry:
        raise ValueError(f"{new.code} is defined twice")
    _registry[new.code] = new


# rows


def received(scope: Scope, **conditions) -> QuerySet:
    return scope.cases().filter(**scope.times("received_at"), **conditions)


def accepted(scope: Scope, body: Body) -> QuerySet:
    return scope.cases().filter(**scope.days("accepted_on"), body=body, kind=Kind.COMPLAINT)


def ended(scope: Scope, *outcomes: Outcome) -> Q:
    """An outcome counts from the day on which the case was closed; where a source gives no day, at once."""
    return Q(outcome__in=outcomes) & (Q(closed_on__isnull=True) | Q(closed_on__lte=scope.as_of))


def with_term(*codes: str, **conditions) -> Exists:
    return Exists(Clock.objects.filter(case=OuterRef("pk"), rule__code__in=codes, **conditions))


def due(scope: Scope, codes: Iterable[str], **conditions) -> QuerySet:
    """Cases whose term had its last day in the period, and not after as-of. A term that runs into a year without a
    published calendar is provisional and does not count; one that stands still has no last day yet."""
    return scope.cases().filter(with_term(*codes, provisional=False, **scope.days("due_on"), **conditions))


def without_term(scope: Scope, *codes: str, **conditions) -> QuerySet:
    return received(scope, **conditions).filter(~with_term(*codes, provisional=False))


def taken_up(cases: QuerySet) -> QuerySet:
    """Complaints that were accepted, as far as can be told: without those withdrawn here before that."""
    states = (State.ACCEPTED, State.MEDIATING, State.ENDED, State.CLOSED)
    return cases.filter(body=Body.BUREAU, kind=Kind.COMPLAINT, state__in=states).exclude(
        accepted_at=None, ended_at__isnull=False, outcome=Outcome.WITHDRAWN
    )


def accepted_undated(scope: Scope) -> QuerySet:
    return taken_up(received(scope, accepted_at=None))


def council_ended(scope: Scope, *outcomes: Outcome) -> QuerySet:
    return scope.cases().filter(
        body=Body.COUNCIL, kind=Kind.COMPLAINT, outcome__in=outcomes, **scope.days("closed_on")
    )


def open_cases(scope: Scope) -> QuerySet:
    return scope.cases().filter(
        Q(state__in=OPEN_STATES) | Q(closed_on__gt=scope.until),
        body=Body.BUREAU, received_at__lt=local_day_bounds(scope.until, scope.until)[1],
    )


def overdue_cases(scope: Scope) -> QuerySet:
    passed = {"due_on__lt": scope.until}
    return scope.cases().filter(
        Q(with_term(*BUREAU_TERMS, stopped_on=None, **passed))
        | Q(with_term(*BUREAU_TERMS, stopped_on__gt=scope.until, **passed))
    )


def posted(scope: Scope, body: Body, kinds: Iterable[RecoveryKind]) -> QuerySet:
    return scope.recoveries().filter(case__body=body, kind__in=kinds, **scope.days("posted_on"))


# definitions

RECEIVED_ON = _("date of receipt")
ACCEPTED_ON = _("date of acceptance")
DUE_ON = _("last day of the term, by the State Council's calendar of working days")
CLOSED_ON = _("date of closing")
POSTED_ON = _("date of the posting")
AT_THE_END = _("the last day of the period, or the as-of day if that comes first")
CASES = _("cases")
LEDGER = _("ledger of recoveries")
TERM_OVER = _(
    "Cases whose term had its last day in the period and not after the as-of day, including late and unfinished ones."
)
TERM_KEPT = _("Of these, the cases done on or before the last day.")
COMPLAINTS_ACCEPTED = _("Complaints accepted in the period.")


def _count(code: str, label: str, definition: str, rows: Rows, *, basis: str = RECEIVED_ON, **words) -> None:
    _register(
        Metric(
            code, label, Unit.CASES, definition, basis=basis, rows={Part.VALUE: rows}, **({"source": CASES} | words)
        )
    )


def _amount(code: str, label: str, definition: str, rows: Rows) -> None:
    _register(
        Metric(
            code, label, Unit.MONEY, definition, basis=POSTED_ON, source=LEDGER, rows={Part.VALUE: rows}, good=Good.UP
        )
    )


def _rate(
    code: str, label: str, definition: str, *, numerator: Described, denominator: Described, uncounted: Described,
    basis: str, source: str,
) -> None:  # fmt: skip
    """A rate, and the count of what could not be placed in it."""
    companion = f"{code}.uncounted"
    _register(
        Metric(
            code, label, Unit.RATE, definition, basis, source,
            {Part.NUMERATOR: numerator[1], Part.DENOMINATOR: denominator[1]},
            numerator=numerator[0], denominator=denominator[0], good=Good.UP, uncounted=companion,
        )
    )
    _count(companion, format_lazy("{} {}", label, _("(not counted)")), uncounted[0], uncounted[1], good=Good.DOWN)


def _on_time(code: str, label: str, definition: str, *terms: str, statute: str, uncounted: Described) -> None:
    _rate(
        code, label, definition,
        numerator=(TERM_KEPT, lambda scope: due(scope, terms, stopped_on__lte=F("due_on"))),
        denominator=(TERM_OVER, lambda scope: due(scope, terms)),
        uncounted=uncounted, basis=DUE_ON, source=statute,
    )  # fmt: skip


_count(
    "cases.received", _("Cases received"), _("Complaints, reports and inquiries that bureaus received in the period."),
    lambda scope: received(scope, body=Body.BUREAU),
)
_count(
    "cases.received.complaint", _("Complaints received"), _("Complaints that bureaus received in the period."),
    lambda scope: received(scope, body=Body.BUREAU, kind=Kind.COMPLAINT),
)
_count(
    "cases.received.report", _("Reports received"), _("Reports that bureaus received in the period."),
    lambda scope: received(scope, body=Body.BUREAU, kind=Kind.REPORT),
)
_count(
    "cases.received.inquiry", _("Inquiries received"), _("Inquiries that bureaus received in the period."),
    lambda scope: received(scope, body=Body.BUREAU, kind=Kind.INQUIRY),
)
_on_time(
    "cases.accepted_on_time", _("Complaints decided on time"),
    _("The share of complaints whose acceptance or refusal was decided within the statutory term."), ACCEPT,
    statute=_("Order 20, article 14; Order 121, article 15: seven working days"),
    uncounted=(
        _("Complaints received by bureaus in the period whose term for acceptance cannot be determined."),
        lambda scope: without_term(scope, ACCEPT, body=Body.BUREAU, kind=Kind.COMPLAINT),
    ),
)
_on_time(
    "cases.closed_on_time", _("Complaints closed on time"),
    _("The share of accepted complaints that were closed within the statutory term of mediation."), MEDIATE,
    statute=_("Order 20, article 21: 45 working days; Decree 778, article 46, and Order 121, article 23: 60 days"),
    uncounted=(
        _(
            "Complaints received by bureaus in the period, accepted or closed, whose term for mediation cannot be"
            " determined."
        ),
        lambda scope: taken_up(without_term(scope, MEDIATE)),
    ),
)
_on_time(
    "cases.verified_on_time", _("Reports verified on time"),
    _("The share of reports that were verified, and their filing decided, within the statutory term."), *VERIFY,
    statute=_("Rules on penalty procedure, article 18: fifteen working days, thirty where extended with approval"),
    uncounted=(
        _("Reports received by bureaus in the period whose term for verification cannot be determined."),
        lambda scope: without_term(scope, *VERIFY, *LEADS, body=Body.BUREAU, kind=Kind.REPORT),
    ),
)
_rate(
    "cases.resolution_rate", _("Resolution rate"),
    _("The share of accepted complaints that ended with an agreement or were settled by the parties."),
    numerator=(
        _("Of these, the complaints that ended with an agreement or were settled by the parties."),
        lambda scope: accepted(scope, Body.BUREAU).filter(ended(scope, *RESOLVED)),
    ),
    denominator=(COMPLAINTS_ACCEPTED, lambda scope: accepted(scope, Body.BUREAU)),
    uncounted=(
        _("Complaints received by bureaus in the period, accepted or closed, whose date of acceptance is not known."),
        accepted_undated,
    ),
    basis=ACCEPTED_ON, source=_("cases; the outcome is kept apart from the legal ground of closing"),
)
_count(
    "cases.open", _("Open cases"), _("Cases of bureaus that were received and not yet closed on the day."), open_cases,
    basis=AT_THE_END, good=Good.DOWN,
)
_count(
    "cases.overdue", _("Overdue cases"),
    _("Cases of bureaus with a term for acceptance, mediation or verification that had passed and was still running."),
    overdue_cases, basis=AT_THE_END, source=_("statutory terms of the cases"), good=Good.DOWN,
)
_rate(
    "mediation.success_national", _("Mediation success"),
    _(
        "As the national platform is understood to count: agreements as a share of the complaints that bureaus"
        " accepted in the period."
    ),
    numerator=(
        _("Of these, the complaints that ended with an agreement."),
        lambda scope: accepted(scope, Body.BUREAU).filter(ended(scope, Outcome.AGREEMENT)),
    ),
    denominator=(COMPLAINTS_ACCEPTED, lambda scope: accepted(scope, Body.BUREAU)),
    uncounted=(
        _("Complaints received by bureaus in the period, accepted or closed, whose date of acceptance is not known."),
        accepted_undated,
    ),
    basis=ACCEPTED_ON, source=_("national 12315 platform: successful mediations over accepted complaints"),
)
_rate(
    "mediation.success_council", _("Mediation success of councils"),
    _(
        "Agreements over agreements and failures of the complaints that councils closed in the period; withdrawn,"
        " settled and refused ones are in neither."
    ),
    numerator=(
        _("Of these, the complaints that ended with an agreement."),
        lambda scope: council_ended(scope, Outcome.AGREEMENT),
    ),
    denominator=(
        _("Complaints of councils closed in the period with an agreement or without one after mediation."),
        lambda scope: council_ended(scope, *CONCLUDED),
    ),
    uncounted=(
        _("Complaints received by councils in the period that ended in mediation, whose date of closing is not known."),
        lambda scope: received(
            scope, body=Body.COUNCIL, kind=Kind.COMPLAINT, outcome__in=CONCLUDED, closed_at=None
        ),
    ),
    basis=CLOSED_ON, source=_("cases whose handling agency is a consumer council"),
)
_amount(
    "recoveries.total", _("Recovered loss"),
    _(
        "Money or money's worth recovered for consumers in cases of bureaus, paid or promised: refunds, repairs,"
        " replacements, compensation; less reversals. Multiple and moral damages are counted separately."
    ),
    lambda scope: posted(scope, Body.BUREAU, LOSS_KINDS),
)
_amount(
    "recoveries.council", _("Recovered loss of councils"),
    _(
        "Money or money's worth recovered for consumers in cases of councils, paid or promised: refunds, repairs,"
        " replacements, compensation; less reversals. Multiple and moral damages are counted separately."
    ),
    lambda scope: posted(scope, Body.COUNCIL, LOSS_KINDS),
)
_amount(
    "recoveries.multiple_and_moral", _("Multiple and moral damages"),
    _("Multiple damages and moral damages that consumers got in cases of bureaus; not part of the recovered loss."),
    lambda scope: posted(scope, Body.BUREAU, DAMAGES),
)
_count(
    "councils.received", _("Received by councils"),
    _("Complaints, reports and inquiries that consumer councils received in the period."),
    lambda scope: received(scope, body=Body.COUNCIL),
)
_count(
    "councils.inquiries", _("Inquiries to councils"), _("Inquiries that consumer councils received in the period."),
    lambda scope: received(scope, body=Body.COUNCIL, kind=Kind.INQUIRY),
)
_count(
    "councils.disputes", _("Disputes accepted by councils"),
    _("Complaints that consumer councils accepted in the period."),
    lambda scope: accepted(scope, Body.COUNCIL), basis=ACCEPTED_ON,
)
_on_time(
    "councils.accepted_on_time", _("Complaints decided on time by councils"),
    _("The share of complaints to councils whose acceptance or refusal was decided within the term."), COUNCIL_ACCEPT,
    statute=_("Zhejiang implementing measures, article 32: five working days"),
    uncounted=(
        _("Complaints received by councils in the period whose term for acceptance cannot be determined."),
        lambda scope: without_term(scope, COUNCIL_ACCEPT, body=Body.COUNCIL, kind=Kind.COMPLAINT),
    ),
)
