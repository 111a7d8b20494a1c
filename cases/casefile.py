"""What the page of a case shows, made ready for its template: facts, steps, clocks, timeline, parties, changes."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from cases.clocks import RuleBook
from cases.domain.clocks import EXTENDED, left_out
from cases.domain.parties import PERSONAL
from cases.domain.reveal import personal_context
from cases.enums import (
    FINAL_STATES,
    LOSS_KINDS,
    IdentityCheck,
    Kind,
    MediationMode,
    NoticeMeans,
    Outcome,
    PauseReason,
    RecoveryKind,
    RecoveryStatus,
    Regime,
    Satisfaction,
    Side,
    State,
    SupervisionKind,
    TermUnit,
    Verb,
)
from cases.models import (
    Case,
    CaseEvent,
    Clock,
    ClockChange,
    ClockPause,
    ImportDifference,
    Party,
    Recovery,
)
from cases.querysets import sees_reporters
from core.language import in_language
from core.personal_data import PersonalDataError, decrypt, mask
from core.templatetags.portal import UNKNOWN, money
from core.text import mask_numbers
from registry.domain.calendar import shown_calendar

SOON_DAYS = 7
RECORD_CASES = 500  # of a merchant, read for its record


def personal_label(name: str) -> str:
    """A field of the personal data in words."""
    return {
        "name": _("Name"), "phone": _("Phone"), "address": _("Address"), "id_type": _("Identity document"),
        "id_number": _("Identity number"),
    }.get(name, name)


@dataclass(frozen=True)
class Fact:
    """One cell of the grid. `written`: what the source wrote, where it was not recognised or says more."""

    label: str
    value: Any = None
    written: str = ""
    hint: str = ""
    wide: bool = False
    free: bool = False  # text as someone wrote it, in whatever language


@dataclass(frozen=True)
class Step:
    name: str
    at: dt.datetime | None
    status: str  # done, now, todo


@dataclass(frozen=True)
class Term:
    """A clock as the page shows it; `days` are left, or late where negative (calendar days), `working_days` the same in
    working days. `told`: sentences that explain its end. A paused one has no end, and neither days nor use."""

    clock: Clock
    name: str
    length: str
    basis: str
    tone: str  # over, soon, far, paused, done, late
    days: int
    working_days: int
    used: int  # per cent of the time
    told: list[str]
    changes: list[tuple[ClockChange, str]]  # with its note, numbers masked

    @property
    def running(self) -> bool:
        return self.clock.stopped_on is None

    @property
    def days_late(self) -> int:
        return -self.days

    @property
    def working_days_late(self) -> int:
        return -self.working_days


@dataclass(frozen=True)
class Entry:
    """A line of the timeline."""

    at: dt.datetime
    title: str
    by: str = ""
    note: str = ""


@dataclass(frozen=True)
class PartyView:
    """A party with masked data; `hidden`: sealed, and nothing at all is shown before a reveal."""

    party: Party
    rows: list[tuple[str, str]]
    hidden: bool
    unreadable: bool
    can_reveal: bool


def hides_numbers(case: Case, user) -> bool:
    """Whether phone and identity numbers inside the texts are hidden from `user`."""
    if case.kind == Kind.REPORT:
        return not sees_reporters(user)
    return not user.has_perm("cases.reveal_party")


def facts(case: Case, *, masked: bool) -> list[tuple[str, list[Fact]]]:
    """The grid, in groups."""
    text = mask_numbers if masked else str

    def named(label: str, resolved, written: str, **more) -> Fact:
        name, written = "" if resolved is None else text(str(resolved)), text(written)
        return Fact(label, name, "" if written == name else written, **more)

    address = case.merchant_address or (case.merchant.address if case.merchant else "")
    other_custodian = [Fact(_("Custodian"), case.custodian)] if case.custodian_id != case.handling_id else []
    return [
        (_("Registration"), [
            Fact(_("Case number"), case.number),
            Fact(_("Kind"), case.get_kind_display()),
            Fact(_("Handled by"), case.get_body_display()),
            Fact(_("Received"), case.received_at),
            named(_("Channel"), case.channel, case.channel_written),
            named(_("Region"), case.region, case.region_written),
            named(_("Handling agency"), case.handling, case.agency_written),
            Fact(_("Department"), text(case.department), free=True),
            Fact(_("Officer"), case.officer.get_full_name() if case.officer else None, free=True),
            *other_custodian,
        ]),
        (_("Merchant"), [
            named(
                _("Merchant"), case.merchant, case.merchant_written, wide=True, free=True,
                hint="" if case.merchant is None or case.merchant.verified else _("unverified"),
            ),
            named(
                _("Unified social credit code"), case.merchant.credit_code if case.merchant else None,
                case.merchant_code_written, free=True,
            ),
            Fact(_("Address"), text(address), free=True),
            named(_("Platform"), case.platform, case.platform_written),
        ]),
        (_("Matter"), [
            named(_("Category"), case.category, case.category_written),
            named(_("Problem"), case.problem, case.problem_written),
            Fact(_("Goods or service"), text(case.goods), free=True),
            Fact(_("Brand"), text(case.brand), free=True),
            Fact(_("Sales mode"), case.get_sales_mode_display()),
            Fact(_("Order number"), text(case.order_number), free=True),
            Fact(_("Date of the dispute"), case.occurred_on),
            Fact(_("Outcome"), case.get_outcome_display()),
            Fact(_("Legal ground"), ground_in_words(case) or text(case.ground), free=not ground_in_words(case)),
        ]),
    ]


def ground_in_words(case: Case) -> str:
    """The legal ground of the case as the page's query found it by its code; empty for one that a source wrote."""
    named = getattr(case, "ground_named", None)
    return in_language(named["name"], named["name_en"]) if named else ""


def steps(case: Case) -> list[Step]:
    """The way of a case of this kind, and how far it has come."""
    decided = case.decided_at or case.accepted_at
    ends = {State.REFUSED: _("Not accepted"), State.NOT_FILED: _("Not filed")}
    if case.state in ends:
        way = [(State.REGISTERED, _("Registered"), case.received_at), (case.state, ends[case.state], decided)]
    elif case.kind == Kind.INQUIRY:
        way = [
            (State.REGISTERED, _("Registered"), case.received_at),
            (State.ENDED, _("Answered"), case.ended_at or case.closed_at),
            (State.CLOSED, _("Closed"), case.closed_at),
        ]
    elif case.kind == Kind.REPORT:
        way = [
            (State.REGISTERED, _("Registered"), case.received_at),
            (State.ACCEPTED, _("Verification"), case.accepted_at),
            (State.FILED, pgettext("a report", "Filed"), decided),
            (State.CLOSED, _("Closed"), case.closed_at),
        ]
        if case.state == State.CLOSED and decided is None:
            way.pop(2)
    else:
        way = [
            (State.REGISTERED, _("Registered"), case.received_at),
            (State.ACCEPTED, _("Accepted"), case.accepted_at or decided),
            (State.MEDIATING, _("Mediation"), None),
            (State.ENDED, pgettext("mediation", "Ended"), case.ended_at),
            (State.CLOSED, _("Closed"), case.closed_at),
        ]
        if case.state == State.CLOSED and case.ended_at is None:
            del way[2:4]  # of an imported case no more is known
    states = [state for state, _name, _at in way]
    here = states.index(case.state) if case.state in states else 0
    return [
        Step(name, at, "todo" if n > here else "now" if n == here and case.state not in FINAL_STATES else "done")
        for n, (_state, name, at) in enumerate(way)
    ]


def terms(case: Case, today: dt.date) -> list[Term]:
    """The case's clocks: those that run first, the most urgent at the top."""
    days = shown_calendar()
    book = RuleBook((), days.calendar(), days)
    clocks = sorted(case.clocks.all(), key=lambda c: (c.stopped_on is not None, c.due_on, c.pk))
    changes, pauses = list(case.clock_changes.all()), list(case.pauses.all())
    return [_term(clock, today, book, pauses, [c for c in changes if _same_term(c, clock)]) for clock in clocks]


def _term(
    clock: Clock, today: dt.date, book: RuleBook, pauses: list[ClockPause], changes: list[ClockChange]
) -> Term:
    rule, until = clock.rule, clock.stopped_on or today
    unit = (
        ngettext("%(n)d working day", "%(n)d working days", rule.length)
        if rule.unit == TermUnit.WORKING
        else ngettext("%(n)d day", "%(n)d days", rule.length)
    )
    basis = in_language(rule.basis, rule.basis_en)
    days = working_days = used = 0
    if clock.paused_on:
        tone, told = "paused", [_("The term stands still: its end is known once it runs on.")]
    else:
        days, working_days = (clock.due_on - until).days, book.calendar.working_days_until(until, clock.due_on)
        span = (clock.due_on - clock.started_on).days or 1
        used = max(0, min(100, round(100 * (until - clock.started_on).days / span)))
        told = _told(clock, book, pauses)
        if clock.stopped_on is not None:
            tone = "late" if days < 0 else "done"
        else:
            tone = "over" if days < 0 else "soon" if days <= SOON_DAYS else "far"
    length = unit % {"n": rule.length}
    noted = [(change, mask_numbers(change.note)) for change in changes]
    return Term(clock, str(rule), length, basis, tone, days, working_days, used, told, noted)


def _told(clock: Clock, book: RuleBook, pauses: list[ClockPause]) -> list[str]:
    """Why a term ends when it does, by the calendar and the rule as they are now."""
    spans = left_out(clock.rule, pauses, clock.stopped_on)
    term, sentences = book.tell(clock.rule, clock.started_on, spans)
    if term.due_on != clock.due_on:
        sentences.append(
            _("What is stored is %(stored)s: it was counted by the calendar or the rule of then.")
            % {"stored": clock.due_on.isoformat()}
        )
    return sentences


def _same_term(change: ClockChange, clock: Clock) -> bool:
    """Whether a change is of this clock; an extended term is the one that it extends."""
    codes = {clock.rule.code, *(code for code, extended in EXTENDED.items() if extended == clock.rule.code)}
    codes |= {EXTENDED[code] for code in codes if code in EXTENDED}
    return change.rule.code in codes and change.side == clock.side


def timeline(case: Case, *, halves: bool) -> list[Entry]:
    """What happened, the newest first: the acts done here, and the stamps of the case that none of them has set.
    `halves`: whether the reader may know which complaint and which report were one submission."""
    events = list(case.events.all())
    done = {event.at for event in events}
    handled_by = str(case.handling or "")
    stamps = [(case.received_at, _("Registered"), str(case.receiving or ""), "")]
    if case.decided_at and case.state in (State.REFUSED, State.NOT_FILED):
        note = ground_in_words(case) or mask_numbers(case.ground)
        stamps.append((case.decided_at, case.get_state_display(), handled_by, note))
    elif case.decided_at and case.decided_at != case.accepted_at:
        title = _("Decided on filing") if case.kind == Kind.REPORT else _("Decided on acceptance")
        stamps.append((case.decided_at, title, handled_by, ""))
    if case.accepted_at:
        stamps.append((case.accepted_at, _("Accepted"), handled_by, ""))
    if case.closed_at and case.state == State.CLOSED:
        stamps.append((case.closed_at, _("Closed"), handled_by, case.get_outcome_display()))
    here = {event.verb for event in events}
    entries = [
        Entry(at, title, by=by, note=note)
        for at, title, by, note in stamps
        if at not in done and not (at == case.received_at and Verb.REGISTER in here)
    ]
    entries += [_act(event, halves=halves) for event in events]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


# codes in the data of an act, with the words for them
CODES = {
    "side": Side, "means": NoticeMeans, "mode": MediationMode, "reason": PauseReason, "satisfaction": Satisfaction,
    "identity": IdentityCheck, "recovery_kind": RecoveryKind, "recovery_status": RecoveryStatus,
}  # fmt: skip


def _act(event: CaseEvent, *, halves: bool) -> Entry:
    """An act as the timeline tells it: to whom, on which ground, in which words."""
    data = event.data
    said = [str(data["to"])] if data.get("to") else []
    if worded := data.get("worded"):
        said.append(in_language(*worded))
    number = data.get("split_from") or data.get("number")
    if number and (halves or not (event.verb == Verb.SPLIT or data.get("split_from"))):
        said.append(str(number))
    said += [str(labels(data[name]).label) for name, labels in CODES.items() if data.get(name) in labels.values]
    if data.get("amount"):
        said.append(money(Decimal(data["amount"])))
    if event.verb == Verb.PAUSE and data.get("document"):
        said.append(mask_numbers(data["document"]))
    if data.get("regime"):
        said.append(Regime.label_of(data["regime"]))
    if data.get("changed"):
        said += [str(Case._meta.get_field(name).verbose_name) for name in data["changed"]]
    if event.note:
        said.append(mask_numbers(event.note))
    by = event.actor.get_full_name() if event.actor else ""
    return Entry(event.at, event.label, by=by, note=in_language("；", "; ").join(said))


@dataclass(frozen=True)
class MerchantRecord:
    """What the reader sees of a merchant's last twelve months, the case itself left out. `capped`: there are more."""

    complaints: int
    reports: int
    open: int
    ended: int  # complaints with an outcome
    agreed: int  # of these with an agreement, or settled by the parties
    capped: bool

    @property
    def rate(self) -> int | None:
        """Per cent of the ended complaints that came to an agreement or a settlement; None without any."""
        return round(100 * self.agreed / self.ended) if self.ended else None


def merchant_record(others: list[Case], now: dt.datetime) -> MerchantRecord:
    """The record, from the merchant's other cases, the newest first and one more than RECORD_CASES at most."""
    recent = [case for case in others[:RECORD_CASES] if case.received_at > now - dt.timedelta(days=365)]
    complaints = [case for case in recent if case.kind == Kind.COMPLAINT]
    ended = [case for case in complaints if case.outcome]
    return MerchantRecord(
        complaints=len(complaints),
        reports=sum(case.kind == Kind.REPORT for case in recent),
        open=sum(case.state not in FINAL_STATES for case in recent),
        ended=len(ended),
        agreed=sum(case.outcome in (Outcome.AGREEMENT, Outcome.SETTLED) for case in ended),
        capped=len(others) > RECORD_CASES and len(recent) == RECORD_CASES,
    )


@dataclass(frozen=True)
class Linked:
    """The other half of a mixed submission, or the case that a repeat belongs to."""

    number: str
    kind: str
    state: str
    why: str


def linked(case: Case) -> list[Linked]:
    """The cases that were split from this one or it from them, and repeats, as far as the reader may see them."""
    found = []
    for row in case.linked:
        same_kind = row["kind"] == case.kind
        why = _("repeat") if same_kind else _("split")
        found.append(Linked(row["number"], str(Kind(row["kind"]).label), str(State(row["state"]).label), why))
    return found


def parties(case: Case, user) -> list[PartyView]:
    """The parties with masked data. A sealed one is not even masked without its own permission, nor to a superuser,
    who may reveal it."""
    found = []
    for party in case.parties.all():
        allowed = user.has_perm("cases.reveal_reporter" if party.sealed else "cases.reveal_party")
        hidden = party.sealed and not sees_reporters(user)
        rows, unreadable = [], False
        if party.personal and not hidden:
            try:
                personal = decrypt(party.personal, context=personal_context(party.pk))
            except PersonalDataError:
                personal, unreadable = {}, True
            rows = personal_rows({name: mask(name, value) for name, value in personal.items()})
        found.append(PartyView(party, rows, hidden, unreadable, allowed and party.personal is not None))
    return found


def personal_rows(personal: dict[str, str]) -> list[tuple[str, str]]:
    """(label, value) of the fields that have one, in a fixed order."""
    names = [*PERSONAL, *(name for name in personal if name not in PERSONAL)]
    return [(personal_label(name), personal[name]) for name in names if personal.get(name)]


def times_asked(case: Case) -> tuple[int, int]:
    """How often the handling of the case was urged, and how often supervised."""
    kinds = [made.kind for made in case.supervisions.all()]
    return kinds.count(SupervisionKind.URGE), kinds.count(SupervisionKind.SUPERVISE)


@dataclass(frozen=True)
class Amounts:
    """The money of a case in yuan; None where nothing is known."""

    claimed: Decimal | None
    recovered: Decimal | None
    apart: Decimal | None  # multiple and moral damages
    promised: Decimal | None  # of all that was recovered, what is known not to be paid yet
    postings: list[Recovery]


def amounts(case: Case) -> Amounts:
    postings = sorted(case.recoveries.all(), key=lambda p: (p.posted_on, p.pk))
    losses = [p.amount for p in postings if p.kind in LOSS_KINDS]
    apart = [p.amount for p in postings if p.kind not in LOSS_KINDS]
    promised = sum(p.amount for p in postings if p.status == RecoveryStatus.PROMISED)
    return Amounts(
        case.claimed, sum(losses) if losses else None, sum(apart) if apart else None, promised or None, postings
    )


HISTORY_FIELDS = (
    "state", "outcome", "ground", "kind", "body", "handling", "custodian", "officer", "merchant", "category",
    "problem", "region", "claimed", "received_at", "decided_at", "accepted_at", "closed_at", "regime",
)
NUMBERS = ("number", "external_number")  # by which a case is found: never masked
HISTORY_RELATIONS = ("handling", "custodian", "officer", "merchant", "category", "problem", "region")


def changed(before, after) -> Iterator[tuple[str, str, str]]:
    """(label, before, after) of what differs between two rows of the history, numbers masked."""
    for name in HISTORY_FIELDS:
        field = Case._meta.get_field(name)
        if getattr(before, field.attname) != getattr(after, field.attname):
            yield str(field.verbose_name), _shown(before, field), _shown(after, field)


def _shown(row, field) -> str:
    value = getattr(row, field.name)
    if value in (None, ""):
        return UNKNOWN
    if codes := _codes(field):
        return str(codes.get(value, value))
    return value if field.name in NUMBERS else value_in_words(value)


def _codes(field) -> dict:
    """The codes that a field stores, with their labels; empty for a field of another kind."""
    return dict(Regime.choices if field.name == "regime" else field.flatchoices or ())


def value_in_words(value) -> str:
    if isinstance(value, dt.datetime):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M}"
    if isinstance(value, Decimal):
        return money(value)
    return mask_numbers(str(value))


@dataclass(frozen=True)
class Difference:
    """What a source said of a case that was worked on here: (label, here, in the source)."""

    where: ImportDifference
    rows: list[tuple[str, str, str]]


def differences(case: Case) -> list[Difference]:
    """What imports would have changed and did not, as their sources say it now, newest first."""
    posted = dict.fromkeys(RecoveryKind.values, Decimal(0))
    for posting in case.recoveries.all():
        # a source states its recovered loss as one sum
        kind = RecoveryKind.UNSPECIFIED if posting.kind in LOSS_KINDS else posting.kind
        posted[kind] += posting.amount
    kinds = dict(RecoveryKind.choices) | {RecoveryKind.UNSPECIFIED.value: _("Recovered loss")}
    found = []
    for difference in case.differences.filter(open=True).select_related("file").order_by("-pk"):
        rows = []
        order = [*(field.name for field in Case._meta.fields), *kinds]
        for name, says in sorted(difference.says.items(), key=lambda item: order.index(item[0])):
            if name in kinds:
                label, mine, theirs = kinds[name], money(posted[name]), _source_value(says, None)
            else:
                field = Case._meta.get_field(name)
                label, mine, theirs = field.verbose_name, _shown(case, field), _source_value(says, field)
            rows.append((str(label), mine, theirs))
        found.append(Difference(difference, rows))
    return found


def _source_value(says: str, field) -> str:
    """What the source said, written as the page writes what is stored here."""
    if field is not None and (codes := _codes(field)):
        return str(codes.get(says, says))
    if field is not None and isinstance(field, models.DateTimeField):
        at = parse_datetime(says)
        return value_in_words(at) if at else says
    if field is None or isinstance(field, models.DecimalField):
        return money(Decimal(says))
    return says if field.name in NUMBERS else mask_numbers(says)
