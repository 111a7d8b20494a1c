"""Every figure is defined here once; pages, commands and reports look it up by its code.

A figure is made of QuerySets, and what a click on it opens are the very same QuerySets: a count is the number of
rows of its value, an amount the sum of its postings, a rate the rows of its numerator over those of its denominator.
A code is public and stable; a changed meaning gets a new code. `cases.*`, `mediation.success_national`,
`recoveries.total`, `recoveries.multiple_and_moral` and `channel.*` cover bureaus; figures of councils have codes of
their own. `confirmation.*`, `mediation.sessions`, `mediation.agreements` and `mediation.performed` cover both.
Figures of an app of its own stand in a module of their own: those of pledges in insights.pledged.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cases.enums import LOSS_KINDS, OPEN_STATES, Body, Kind, Outcome, RecoveryKind, RecoveryStatus, State
from cases.models import Clock
from cases.querysets import local_day_bounds
from core.exceptions import DomainError
from core.money import ZERO, yuan
from insights.enums import Good, Part, Unit
from insights.matching import FEWEST_PAIRS, matched, savings, unmatched
from insights.mediated import (
    PERFORMED_IN_TIME,
    RESOLVED,
    applied,
    applied_late,
    median_days,
    ruled,
    settled,
    settled_undated,
    with_agreement,
    with_confirmation,
    with_performance,
    with_session,
)
from insights.scopes import Scope
from mediation.enums import ConfirmationState, ReferralReturn, ReferralState
from mediation.models import PlatformReferral
from registry.models import Platform

ACCEPT, MEDIATE, COUNCIL_ACCEPT = "complaint.accept", "complaint.mediate", "council.accept"
# a report has one of the two: approval makes the extended term of the other
VERIFY = ("report.verify", "report.verify_extended")
LEADS = ("lead.verify", "lead.verify_extended")  # of what was found in mediation; a term, but of no rate
BUREAU_TERMS = (ACCEPT, MEDIATE, *VERIFY, *LEADS)
CONCLUDED = (Outcome.AGREEMENT, Outcome.FAILED)
CHANNEL = "channel."  # the figures that can be narrowed to a platform begin so
DAMAGES = (RecoveryKind.MULTIPLE, RecoveryKind.MORAL)

Rows = Callable[[Scope], QuerySet]
Described = tuple[str, Rows]  # what the rows are in words, and the rows


@dataclass(frozen=True)
class Value:
    """What a figure came to. `value` is None where it is unknown: a rate of nothing has no value. `numerator` and
    `denominator` are rows, of a saving days."""

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
    could not be placed in a rate, for want of a date, a term or a calendar, or had nothing to be compared with.
    `calculate` is there where a value is more than a count or a sum of its rows, which are those it rests on. `opens` is
    the selection that answers for its rows, where it is another than that of its unit.
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
    opens: str = ""
    calculate: Callable[[Scope], Value] | None = None

    def queryset(self, part: str, scope: Scope) -> QuerySet:
        """The rows behind a part: cases, postings of an amount, or platforms. DomainError for a part that it does not
        have."""
        if part not in self.rows:
            raise DomainError(
                gettext("%(code)s has no part “%(part)s”, only: %(parts)s.")
                % {"code": self.code, "part": part, "parts": ", ".join(self.rows)}
            )
        return self.rows[Part(part)](scope)

    def compute(self, scope: Scope) -> Value:
        """The figure by its definition. Amounts are Decimal in yuan, rates unrounded fractions from 0 to 1, savings up to
        1 and below 0 where something takes longer."""
        if self.calculate:
            return self.calculate(scope)
        if self.unit == Unit.RATE:
            return Value.of_rate(*(self.rows[part](scope).count() for part in (Part.NUMERATOR, Part.DENOMINATOR)))
        rows = self.rows[Part.VALUE](scope)
        if self.unit == Unit.MONEY:
            return Value(yuan(rows.aggregate(sum=Sum("amount", default=ZERO))["sum"]))
        return Value(rows.count())


@dataclass(frozen=True)
class Family:
    """Figures of one meaning, one for each entry of a vocabulary: `whole.key` is the code of that of the key.
    `entries` gives key and name of those that there are."""

    whole: str
    label: str
    unit: Unit
    definition: str
    basis: str
    source: str
    rows: Callable[[Scope, str], QuerySet]
    entries: Callable[[], Iterable[tuple[str, str]]]
    good: Good = Good.NONE
    numerator = denominator = ""

    @property
    def code(self) -> str:
        return f"{self.whole}.*"

    def members(self) -> Iterable[Metric]:
        return (self.of(key, name) for key, name in self.entries())

    def member(self, key: str) -> Metric | None:
        return next((self.of(key, name) for known, name in self.entries() if known == key), None)

    def of(self, key: str, name: str) -> Metric:
        """The figure of the entry with this key and name."""
        return Metric(
            f"{self.whole}.{key}", format_lazy("{} · {}", self.label, name), self.unit, self.definition, self.basis,
            self.source, {Part.VALUE: lambda scope: self.rows(scope, key)}, good=self.good,
        )


_registry: dict[str, Metric] = {}
_families: dict[str, Family] = {}


def metrics() -> Iterable[Metric]:
    """The figures that stand alone, in the order in which they are shown."""
    return _registry.values()


def metric(code: str) -> Metric:
    """The figure with this code. Raises DomainError where there is none."""
    if found := _registry.get(code):
        return found
    whole, _dot, key = code.rpartition(".")
    if whole in _families and (found := _families[whole].member(key)):
        return found
    raise DomainError(gettext("There is no figure with the code %(code)s.") % {"code": code})


def families() -> Iterable[Family]:
    """All families, in the order in which they are shown."""
    return _families.values()


def family(whole: str) -> Family:
    """The parts of the figure with this code."""
    return _families[whole]


def every_metric() -> Iterable[Metric]:
    """All figures there are, those of families behind the figure that they are parts of."""
    for code, figure in _registry.items():
        yield figure
        if code in _families:
            yield from _families[code].members()


def register(new: Metric) -> None:
    if new.code in _registry:
        raise ValueError(f"{new.code} is defined twice")
    _registry[new.code] = new


def register_family(new: Family) -> None:
    """Of the parts of the figure with the code `new.whole`, which is registered before."""
    if new.whole not in _registry:
        raise ValueError(f"{new.whole} is not defined")
    _families[new.whole] = new


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


def taken_up(cases: QuerySet, body: Body = Body.BUREAU) -> QuerySet:
    """Complaints that were accepted, as far as can be told: without those withdrawn here before that."""
    states = (State.ACCEPTED, State.MEDIATING, State.ENDED, State.CLOSED)
    return cases.filter(body=body, kind=Kind.COMPLAINT, state__in=states).exclude(
        accepted_at=None, ended_at__isnull=False, outcome=Outcome.WITHDRAWN
    )


def accepted_undated(scope: Scope, body: Body = Body.BUREAU) -> QuerySet:
    return taken_up(received(scope, accepted_at=None), body)


def closed_with(scope: Scope, body: Body, *outcomes: Outcome) -> QuerySet:
    return scope.cases().filter(body=body, kind=Kind.COMPLAINT, outcome__in=outcomes, **scope.days("closed_on"))


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


def posted(scope: Scope, body: Body, kinds: Iterable[RecoveryKind], **conditions) -> QuerySet:
    return scope.recoveries().filter(case__body=body, kind__in=kinds, **scope.days("posted_on"), **conditions)


def with_referral(scope: Scope, **conditions) -> QuerySet:
    """Complaints that went to a platform, however often."""
    referrals = PlatformReferral.objects.filter(case=OuterRef("pk"), **conditions)
    if scope.platform:
        referrals = referrals.filter(platform=scope.platform)
    return scope.cases().filter(Exists(referrals), body=Body.BUREAU)


def referred(scope: Scope) -> QuerySet:
    return with_referral(scope, **scope.times("referred_at"))


def with_end(scope: Scope, *states: ReferralState, **conditions) -> QuerySet:
    """Complaints of which a referral ended in the period. One that came back and went to a platform again can have ended
    in both ways."""
    return with_referral(scope, state__in=states, **scope.times("ended_at"), **conditions)


def came_back(because: ReferralReturn) -> Rows:
    return lambda scope: with_end(scope, ReferralState.RETURNED, returned_because=because)


def platforms(scope: Scope) -> QuerySet:
    referrals = scope.referrals().filter(**scope.times("referred_at"))
    return Platform.objects.filter(pk__in=referrals.order_by().values("platform"))


def time_saved(scope: Scope) -> Value:
    saving = savings(scope)[None]
    return Value(saving.share, saving.days, saving.ordinary if saving.is_told else None)


# definitions

RECEIVED_ON = _("date of receipt")
ACCEPTED_ON = _("date of acceptance")
DUE_ON = _("last day of the term, by the State Council's calendar of working days")
CLOSED_ON = _("date of closing")
REFERRED_ON = _("day of the referral")
REFERRAL_ENDED_ON = _("day on which the referral ended")
POSTED_ON = _("date of the posting")
AT_THE_END = _("the last day of the period, or the as-of day if that comes first")
CASES = _("cases")
LEDGER = _("ledger of recoveries")
REFERRALS = _("referrals to platforms of the green channel")
TERM_OVER = _(
    "Cases whose term had its last day in the period and not after the as-of day, including late and unfinished ones."
)
TERM_KEPT = _("Of these, the cases done on or before the last day.")
COMPLAINTS_ACCEPTED = _("Complaints accepted in the period.")


def _count(code: str, label: str, definition: str, rows: Rows, *, basis: str = RECEIVED_ON, **words) -> None:
    register(
        Metric(
            code, label, Unit.CASES, definition, basis=basis, rows={Part.VALUE: rows}, **({"source": CASES} | words)
        )
    )


def _amount(code: str, label: str, definition: str, rows: Rows) -> None:
    register(
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
    register(
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
        lambda scope: closed_with(scope, Body.COUNCIL, Outcome.AGREEMENT),
    ),
    denominator=(
        _("Complaints of councils closed in the period with an agreement or without one after mediation."),
        lambda scope: closed_with(scope, Body.COUNCIL, *CONCLUDED),
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
_count(
    "channel.referred", _("Referred to platforms"),
    _("Complaints of bureaus that were referred to a platform of the green channel in the period."), referred,
    basis=REFERRED_ON, source=REFERRALS,
)
_count(
    "channel.settled", _("Settled by platforms"),
    _("Complaints of bureaus whose referral ended in the period with a settlement between the parties."),
    lambda scope: with_end(scope, ReferralState.SETTLED), basis=REFERRAL_ENDED_ON, source=REFERRALS, good=Good.UP,
)
_count(
    "channel.returned", _("Came back from platforms"),
    _(
        "Complaints of bureaus whose referral ended in the period without a settlement: declined, not settled within"
        " the term, or recalled."
    ),
    lambda scope: with_end(scope, ReferralState.RETURNED), basis=REFERRAL_ENDED_ON, source=REFERRALS, good=Good.DOWN,
)
_count(
    "channel.returned.declined", _("Declined by platforms"),
    _("Complaints of bureaus that a platform declined in the period."), came_back(ReferralReturn.DECLINED),
    basis=REFERRAL_ENDED_ON, source=REFERRALS, good=Good.DOWN,
)
_count(
    "channel.returned.silence", _("Term of the platform over without a settlement"),
    _(
        "Complaints of bureaus that came back in the period because the term of the platform was over without a"
        " settlement, whether or not it had replied."
    ),
    came_back(ReferralReturn.SILENCE), basis=REFERRAL_ENDED_ON, source=REFERRALS, good=Good.DOWN,
)
_count(
    "channel.returned.recalled", _("Recalled from platforms"),
    _("Complaints of bureaus that the regulator took back from a platform in the period."),
    came_back(ReferralReturn.RECALLED), basis=REFERRAL_ENDED_ON, source=REFERRALS,
)
register(
    Metric(
        "channel.settlement_rate", _("Settlement rate of the green channel"), Unit.RATE,
        _("The share of the complaints with a referral that ended in the period which a platform settled."),
        basis=REFERRAL_ENDED_ON, source=_("referrals to platforms; first settlement of online dispute resolution (ODR)"),
        rows={
            Part.NUMERATOR: lambda scope: with_end(scope, ReferralState.SETTLED),
            Part.DENOMINATOR: lambda scope: with_end(scope, ReferralState.SETTLED, ReferralState.RETURNED),
        },
        numerator=_("Of these, the complaints that a platform settled."),
        denominator=_("Complaints of bureaus with a referral that ended in the period."),
        good=Good.UP,
    )
)
register(
    Metric(
        "channel.platforms", _("Platforms in the green channel"), Unit.PLATFORMS,
        _("Platforms to which complaints of bureaus were referred in the period."),
        basis=REFERRED_ON, source=REFERRALS, rows={Part.VALUE: platforms},
    )
)
register(
    Metric(
        "channel.time_saved", _("Time saved in the green channel"), Unit.SAVING,
        format_lazy(
            _(
                "How much sooner complaints end that a platform settled: 1 - their median time of handling / that of"
                " ordinary complaints, which were accepted, closed with an outcome and never referred. Like is compared"
                " with like: the same category, band of the amount claimed (none, below 100, 500, 1,000, 5,000 yuan,"
                " and above) and month of receipt; either side of such a cell weighs as much as its smaller side has"
                " complaints, which makes so many pairs. In whole days from receipt to closing. Not told below {n}"
                " pairs. Its rows are the settled complaints with a match."
            ),
            n=FEWEST_PAIRS,
        ),
        basis=RECEIVED_ON, source=_("cases, and referrals to platforms of the green channel"),
        rows={Part.VALUE: matched}, good=Good.UP, uncounted="channel.time_saved.uncounted", calculate=time_saved,
    )
)
register(
    Metric(
        "channel.time_saved.pairs", _("Pairs compared for the time saved"), Unit.PAIRS,
        _(
            "Pairs of a complaint that a platform settled and an ordinary one of the same category, band of the amount"
            " and month of receipt."
        ),
        basis=RECEIVED_ON, source=_("cases, and referrals to platforms of the green channel"),
        rows={Part.VALUE: matched}, calculate=lambda scope: Value(savings(scope)[None].pairs),
    )
)
_count(
    "channel.time_saved.uncounted", _("Time saved in the green channel (not compared)"),
    _(
        "Complaints received in the period that a platform settled, but which are not closed, have no category or no"
        " ordinary complaint of the same category, band of the amount and month."
    ),
    unmatched, source=_("cases, and referrals to platforms of the green channel"),
)


# mediation

AGREEMENT_REACHED = _("Of these, the complaints that ended with an agreement.")
OVER_ON = _("day on which mediation ended; of closing where a source gives no end of mediation")
HELD_ON = _("day of the session")
IN_FORCE_ON = _("day of the last signature")
LAST_DUE_ON = _("day of the last instalment of the agreement")
APPLIED_ON = _("day of the application")
RULED_ON = _("day of the ruling")
AGREEMENTS = _("agreements of bureaus and councils")
CONFIRMATIONS = _("judicial confirmations of agreements; each belongs to the case of its agreement")
TERM_OF_APPLICATION = _("Civil Procedure Law, now article 205: thirty days from the agreement's effect")


def _median(code: str, label: str, body: Body, definition: str, *, undated: str) -> None:
    """A median of days, and the count of what has no dates to tell them by."""
    companion = f"{code}.uncounted"
    register(
        Metric(
            code, label, Unit.DAYS, definition, basis=OVER_ON, source=CASES, good=Good.DOWN, uncounted=companion,
            rows={Part.VALUE: lambda scope: settled(scope, body)},
            calculate=lambda scope: Value(median_days(scope, body)),
        )
    )
    _count(
        companion, format_lazy("{} {}", label, _("(not counted)")), undated,
        lambda scope: settled_undated(scope, body), good=Good.DOWN,
    )


def _stated(code: str, body: Body, labels: Mapping[RecoveryStatus, tuple[str, str]]) -> None:
    """The recovered loss by what is known of its payment. The parts make up the whole, reversals among them."""
    for status, (label, definition) in labels.items():
        _amount(
            f"{code}.{status.value}", label, definition,
            lambda scope, status=status: posted(scope, body, LOSS_KINDS, status=status),
        )


_rate(
    "mediation.success_council.bureaus", _("Mediation success of bureaus, as councils count"),
    _(
        "Agreements over agreements and failures of the complaints that bureaus closed in the period; withdrawn,"
        " settled and refused ones are in neither. To be set beside the figure of councils."
    ),
    numerator=(AGREEMENT_REACHED, lambda scope: closed_with(scope, Body.BUREAU, Outcome.AGREEMENT)),
    denominator=(
        _("Complaints of bureaus closed in the period with an agreement or without one after mediation."),
        lambda scope: closed_with(scope, Body.BUREAU, *CONCLUDED),
    ),
    uncounted=(
        _("Complaints received by bureaus in the period that ended in mediation, whose date of closing is not known."),
        lambda scope: received(scope, body=Body.BUREAU, kind=Kind.COMPLAINT, outcome__in=CONCLUDED, closed_at=None),
    ),
    basis=CLOSED_ON, source=_("cases whose handling agency is a bureau or station"),
)
_rate(
    "mediation.success_national.councils", _("Mediation success of councils, as the national platform counts"),
    _("Agreements as a share of the complaints that councils accepted in the period. To be set beside that of bureaus."),
    numerator=(
        AGREEMENT_REACHED, lambda scope: accepted(scope, Body.COUNCIL).filter(ended(scope, Outcome.AGREEMENT))
    ),
    denominator=(COMPLAINTS_ACCEPTED, lambda scope: accepted(scope, Body.COUNCIL)),
    uncounted=(
        _("Complaints received by councils in the period, accepted or closed, whose date of acceptance is not known."),
        lambda scope: accepted_undated(scope, Body.COUNCIL),
    ),
    basis=ACCEPTED_ON, source=_("cases whose handling agency is a consumer council"),
)
_median(
    "mediation.time_to_settlement", _("Days to a settlement"), Body.BUREAU,
    _(
        "The median of the whole days from acceptance to the end of mediation, of the complaints of bureaus that ended in"
        " the period with an agreement or were settled by the parties: the least number of days within which at least"
        " half of them ended. Its rows are these complaints."
    ),
    undated=_("Complaints received by bureaus in the period that ended so, whose acceptance or end has no known date."),
)
_median(
    "mediation.time_to_settlement.councils", _("Days to a settlement at councils"), Body.COUNCIL,
    _(
        "The median of the whole days from acceptance to the end of mediation, of the complaints of councils that ended"
        " in the period with an agreement or were settled by the parties: the least number of days within which at least"
        " half of them ended. Its rows are these complaints."
    ),
    undated=_("Complaints received by councils in the period that ended so, whose acceptance or end has no known date."),
)
_count(
    "mediation.sessions", _("Cases with a session"),
    _("Cases of bureaus and councils in whose mediation a session was held in the period, however many."),
    with_session, basis=HELD_ON, source=_("sessions of mediation"),
)
_count(
    "mediation.agreements", _("Agreements in force"),
    _("Cases of bureaus and councils whose agreement came into force in the period and has not been annulled."),
    with_agreement, basis=IN_FORCE_ON, source=AGREEMENTS, good=Good.UP,
)
register(
    Metric(
        "mediation.performed", _("Agreements performed in time"), Unit.RATE,
        _("The share of the agreements to be performed by a day in the period that were performed in full by that day."),
        basis=LAST_DUE_ON, source=AGREEMENTS,
        rows={
            Part.NUMERATOR: lambda scope: with_performance(scope, PERFORMED_IN_TIME),
            Part.DENOMINATOR: with_performance,
        },
        numerator=_("Of these, the cases in which all was performed by the day of the last instalment."),
        denominator=_(
            "Cases of bureaus and councils with an agreement in force whose last instalment was due in the period and not"
            " after the as-of day; agreements without instalments are left out."
        ),
        good=Good.UP,
    )
)
_count(
    "confirmation.applied", _("Confirmations applied for"),
    _(
        "Cases of bureaus and councils for whose agreement the confirmation by a court was applied for in the period,"
        " whatever became of it."
    ),
    lambda scope: with_confirmation(scope, applied(scope)), basis=APPLIED_ON, source=CONFIRMATIONS,
)
_count(
    "confirmation.confirmed", _("Agreements confirmed by a court"),
    _("Cases of bureaus and councils whose agreement a court confirmed in the period."),
    lambda scope: with_confirmation(scope, ruled(scope, ConfirmationState.CONFIRMED)), basis=RULED_ON,
    source=CONFIRMATIONS, good=Good.UP,
)
_count(
    "confirmation.dismissed", _("Confirmations dismissed"),
    _("Cases of bureaus and councils in which a court dismissed the application for confirmation in the period."),
    lambda scope: with_confirmation(scope, ruled(scope, ConfirmationState.DISMISSED)), basis=RULED_ON,
    source=CONFIRMATIONS, good=Good.DOWN,
)
_count(
    "confirmation.late", _("Confirmations applied for too late"),
    _(
        "Cases of bureaus and councils for whose agreement the confirmation was applied for in the period, but after the"
        " thirtieth day from its effect."
    ),
    lambda scope: with_confirmation(scope, applied_late(scope)), basis=APPLIED_ON, source=TERM_OF_APPLICATION,
    good=Good.DOWN,
)
_stated(
    "recoveries", Body.BUREAU,
    {
        RecoveryStatus.PROMISED: (
            _("Recovered loss, promised"),
            _(
                "The part of the recovered loss of bureaus that is posted as promised, less reversals. A promise that is"
                " paid is reversed on the day of payment and posted as paid: the amount moves from here to there on that"
                " day, so that a period can have less than nothing."
            ),
        ),
        RecoveryStatus.PAID: (
            _("Recovered loss, paid"),
            _("The part of the recovered loss of bureaus that is posted as paid, less reversals."),
        ),
        RecoveryStatus.UNSPECIFIED: (
            _("Recovered loss, payment not stated"),
            _(
                "The part of the recovered loss of bureaus of which the source, mostly an import, does not say whether it"
                " is promised or paid. Promised, paid and this part make up the recovered loss."
            ),
        ),
    },
)
_stated(
    "recoveries.council", Body.COUNCIL,
    {
        RecoveryStatus.PROMISED: (
            _("Recovered loss of councils, promised"),
            _("As for bureaus: the part of the recovered loss of councils that is posted as promised, less reversals."),
        ),
        RecoveryStatus.PAID: (
            _("Recovered loss of councils, paid"),
            _("The part of the recovered loss of councils that is posted as paid, less reversals."),
        ),
        RecoveryStatus.UNSPECIFIED: (
            _("Recovered loss of councils, payment not stated"),
            _(
                "The part of the recovered loss of councils of which the source does not say whether it is promised or"
                " paid. Promised, paid and this part make up the recovered loss of councils."
            ),
        ),
    },
)
