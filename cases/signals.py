"""Signals that someone may not be a consumer, or writes again: what there is, with the very cases behind it.

Order 121 art 17 names factors without figures, and cities may refine them: windows and measures are rules as data
(`SignalRule`). A signal is evidence for an official who decides and says why. Nothing here adds signals up, puts people
in an order or refuses anything; the lead of a report is verified whatever is found (art 27).

Who a case is compared with comes out of indexes: the same identity or phone number (as keyed hash), merchant or order
number, and of each no more than the CAP cases nearest in time before it and as many after it.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import BinaryField, CharField, IntegerField, QuerySet, Value
from django.db.models.functions import Cast, Left
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.enums import OPEN_STATES, Kind, SignalCode, State
from cases.models import Case, Party, SignalRule
from cases.querysets import local_day_bounds, sees_reporters
from cases.similarity import overlap, pairs, plain
from core.language import in_language
from core.personal_data import lookup_hash
from core.text import mask_numbers, name_key

CAP = 500  # cases of one person, merchant or order that are looked at, on each side
PERSONS = 10  # parties of a joint complaint whose other cases are looked for
OPENING = 200  # characters of a narrative that a row reads
IDENTITY, PHONE, MERCHANT, ORDER = "identity", "phone", "merchant", "order"
DAYS = "{days}"  # in an explanation, as it is edited: the window of the rule
NO_HASH = Cast(Value(None), BinaryField())
COMPARED = (
    "id", "received_at", "merchant_id", "category_id", "problem_id", "goods", "order_number", "narrative", "demand",
)  # fmt: skip
SHOWN = (
    "id", "number", "kind", "received_at", "state", "merchant_id", "merchant__name", "merchant_written", "narrative",
    "demand",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A case behind a signal. `why`: what it shares with the case looked at; `share`: of the texts, where compared."""

    case: Case
    why: list[str]
    share: float | None = None


@dataclass(frozen=True)
class Signal:
    """A sign with the cases that show it, newest first. `others`: cases outside the user's scope, counted and no more;
    `capped`: there may be more than were looked at; `facts`: (label, number) of persons, or of the months."""

    rule: SignalRule
    rows: list[Row]
    others: int
    capped: bool
    facts: list[tuple[str, int]]

    @property
    def code(self) -> str:
        return self.rule.code

    @property
    def title(self) -> str:
        return self.rule.label

    @property
    def explanation(self) -> str:
        text = in_language(self.rule.explanation, self.rule.explanation_en)
        return text.replace(DAYS, str(self.rule.window_days))

    @property
    def basis(self) -> str:
        return in_language(self.rule.basis, self.rule.basis_en)

    def as_seen(self) -> dict[str, Any]:
        """What a decision keeps of it: the code, the numbers of its cases, and how many more there were."""
        return {"code": self.code, "numbers": [row.case.number for row in self.rows], "others": self.others}


def signals_of(case: Case, user) -> list[Signal]:
    """The signals of `case`, by the rules in force when it was received; none where there were no rules.

    Cases outside the scope of `user` are counted; those that only a sealed reporter links to this one are left out
    without a word, unless he sees reporters. At most five queries, however many cases there are.
    """
    rules = list(SignalRule.objects.valid_on(timezone.localdate(case.received_at)))
    evidence = Evidence(case, {rule.code: rule for rule in rules}, with_sealed=sees_reporters(user))
    drafts = [(rule, evidence.of(rule)) for rule in rules]
    drafts = [(rule, draft) for rule, draft in drafts if draft.links and draft.count >= rule.at_least]
    wanted = {link.met.pk for _rule, draft in drafts for link in draft.links}
    seen = _visible(wanted, user) if wanted else {}
    return [_signal(rule, draft, seen) for rule, draft in drafts]


def _visible(ids: set[int], user) -> dict[int, Case]:
    cases = Case.objects.visible_to(user).filter(pk__in=ids).select_related("merchant")
    cases = cases.only(
        "number", "kind", "state", "received_at", "claimed", "goods", "merchant_written", "merchant__name"
    )
    return cases.annotate(opening=Left("narrative", OPENING)).in_bulk()


def _signal(rule: SignalRule, draft: "Draft", seen: dict[int, Case]) -> Signal:
    links = sorted(draft.links, key=lambda link: (link.met.received_at, link.met.pk), reverse=True)
    rows = [Row(seen[link.met.pk], link.why, link.share) for link in links if link.met.pk in seen]
    return Signal(rule, rows, len(links) - len(rows), draft.capped, draft.facts)


# what a case is compared with


@dataclass
class Met:
    """A case that shares a key with the one looked at; `persons`: (hash of a phone number, hash of the identity number
    or None) of its parties with that phone number."""

    pk: int
    received_at: dt.datetime
    merchant_id: int | None
    category_id: int | None
    problem_id: int | None
    goods: str
    order_number: str
    narrative: str
    demand: str
    kinds: set[str] = field(default_factory=set)
    persons: set[tuple[bytes, bytes | None]] = field(default_factory=set)


@dataclass(frozen=True)
class Link:
    met: Met
    why: list[str]
    share: float | None = None


@dataclass(frozen=True)
class Draft:
    """What speaks for a signal, in scope or not. `count`: what the rule measures."""

    links: list[Link]
    count: int
    capped: bool = False
    facts: list[tuple[str, int]] = field(default_factory=list)


class Evidence:
    """All that has a key in common with a case, and what it says by each rule."""

    def __init__(self, case: Case, rules: dict[str, SignalRule], *, with_sealed: bool):
        self.case, self.rules = case, rules
        self.parties = Party.objects.all() if with_sealed else Party.objects.filter(sealed=False)
        own = self.parties.filter(case=case).order_by("pk").values_list("phone_hash", "id_number_hash")
        self.own = [(_bytes(phone), _bytes(identity)) for phone, identity in own] if rules else []
        self.phones = _known(phone for phone, _identity in self.own)
        self.identities = _known(identity for _phone, identity in self.own)
        self.capped: set[str] = {IDENTITY, PHONE} if len(self.own) > PERSONS else set()
        self.met: dict[int, Met] = {}
        self._read(list(self._branches()))
        self.same_person = [met for met in self.met.values() if self._is_same_person(met)]

    def of(self, rule: SignalRule) -> Draft:
        """What there is for this rule."""
        return {
            SignalCode.PERSON_CASES: self._person_cases,
            SignalCode.PERSON_MERCHANT: self._person_merchant,
            SignalCode.PERSON_SUBJECT: self._person_subject,
            SignalCode.PERSON_MONTH: self._person_month,
            SignalCode.PHONE_SHARED: self._phone_shared,
            SignalCode.MERCHANT_ALIKE: self._merchant_alike,
            SignalCode.ORDER_SAME: self._order_same,
            SignalCode.TEXT_ALIKE: self._text_alike,
        }[rule.code](rule)

    # reading

    def _branches(self) -> Iterator[tuple[str, QuerySet]]:
        """(kind of key, the cases nearest in time that have it) of each key, before the case and after it."""
        of_persons = self._window(
            SignalCode.PERSON_CASES, SignalCode.PERSON_MERCHANT, SignalCode.PERSON_SUBJECT, SignalCode.PERSON_MONTH,
            SignalCode.PHONE_SHARED, SignalCode.TEXT_ALIKE,
        )
        parties = self.parties.exclude(case=self.case)
        for phone in self.phones[:PERSONS]:
            yield from self._nearest(PHONE, parties.filter(phone_hash=phone), of_persons)
        for identity in self.identities[:PERSONS]:
            yield from self._nearest(IDENTITY, parties.filter(id_number_hash=identity), of_persons)
        cases = Case.objects.exclude(pk=self.case.pk)
        if self.case.merchant_id:
            days = self._window(SignalCode.MERCHANT_ALIKE, SignalCode.TEXT_ALIKE)
            yield from self._nearest(MERCHANT, cases.filter(merchant=self.case.merchant_id), days)
        if self.case.order_number:
            days = self._window(SignalCode.ORDER_SAME, SignalCode.TEXT_ALIKE)
            yield from self._nearest(ORDER, cases.filter(order_number=self.case.order_number), days)

    def _window(self, *codes: SignalCode) -> int:
        return max((self.rules[code].window_days for code in codes if code in self.rules), default=0)

    def _nearest(self, kind: str, rows: QuerySet, days: int) -> Iterator[tuple[str, QuerySet]]:
        if not days:
            return
        of_party = rows.model is Party
        prefix, at, window = "case__" if of_party else "", self.case.received_at, dt.timedelta(days=days)
        when, pk = f"{prefix}received_at", f"{prefix}id"
        hashes = ("phone_hash", "id_number_hash") if of_party else (NO_HASH, NO_HASH)
        rows = rows.values_list(*(f"{prefix}{name}" for name in COMPARED), *hashes)
        yield kind, rows.filter(**{f"{when}__lte": at, f"{when}__gte": at - window}).order_by(f"-{when}", f"-{pk}")
        yield kind, rows.filter(**{f"{when}__gt": at, f"{when}__lte": at + window}).order_by(when, pk)

    def _read(self, branches: list[tuple[str, QuerySet]]) -> None:
        numbered = [
            rows.annotate(branch=Value(n, IntegerField()))[: CAP + 1] for n, (_kind, rows) in enumerate(branches)
        ]
        taken: Counter[int] = Counter()
        for *values, phone, identity, branch in _united(numbered):
            kind = branches[branch][0]
            taken[branch] += 1
            if taken[branch] > CAP:
                self.capped.add(kind)
                continue
            met = self.met.setdefault(values[0], Met(*values))
            met.kinds.add(kind)
            if kind == PHONE:
                met.persons.add((_bytes(phone), _bytes(identity)))

    def _is_same_person(self, met: Met) -> bool:
        """By the identity number; by the phone number where no two identity numbers speak against it."""
        if IDENTITY in met.kinds:
            return True
        return any(
            identity is None or not any(own == phone and known for own, known in self.own)
            for phone, identity in met.persons
        )

    def _within(self, rule: SignalRule, found: Iterable[Met]) -> Iterator[Met]:
        window = dt.timedelta(days=rule.window_days)
        return (met for met in found if abs(met.received_at - self.case.received_at) <= window)

    def _hit(self, *kinds: str) -> bool:
        return not self.capped.isdisjoint(kinds)

    # the signals

    def _person_cases(self, rule: SignalRule) -> Draft:
        links = [Link(met, _why(met.kinds - {MERCHANT, ORDER})) for met in self._within(rule, self.same_person)]
        return Draft(links, len(links), self._hit(IDENTITY, PHONE))

    def _person_merchant(self, rule: SignalRule) -> Draft:
        merchant = self.case.merchant_id
        found = [met for met in self._within(rule, self.same_person) if merchant and met.merchant_id == merchant]
        links = [Link(met, _why(met.kinds - {ORDER} | {MERCHANT})) for met in found]
        return Draft(links, len(links), self._hit(IDENTITY, PHONE))

    def _person_subject(self, rule: SignalRule) -> Draft:
        links = [
            Link(met, [*_why(met.kinds - {MERCHANT, ORDER}), *same])
            for met in self._within(rule, self.same_person)
            if (same := self._same_subject(met))
        ]
        return Draft(links, len(links), self._hit(IDENTITY, PHONE))

    def _same_subject(self, met: Met) -> list[str]:
        case, found = self.case, []
        if case.goods and name_key(case.goods) == name_key(met.goods):
            found.append(_("same goods"))
        if case.category_id and case.category_id == met.category_id:
            found.append(_("same category"))
        if case.problem_id and case.problem_id == met.problem_id:
            found.append(_("same problem"))
        return found

    def _person_month(self, rule: SignalRule) -> Draft:
        """The months in which the person filed so many cases, this one included, and all other cases of these."""
        found = list(self._within(rule, self.same_person))
        months = Counter(_month(met.received_at) for met in found)
        months[_month(self.case.received_at)] += 1
        many = {month: number for month, number in months.items() if number >= rule.at_least}
        links = [
            Link(met, _why(met.kinds - {MERCHANT, ORDER})) for met in found if _month(met.received_at) in many
        ]
        facts = sorted(many.items(), reverse=True)
        return Draft(links, max(many.values(), default=0), self._hit(IDENTITY, PHONE), facts)

    def _phone_shared(self, rule: SignalRule) -> Draft:
        """The cases filed under one of the phone numbers with another identity number than here."""
        near, persons = list(self._within(rule, self.met.values())), {}
        for phone, identity in [*self.own, *(person for met in near for person in met.persons)]:
            if phone and identity:
                persons.setdefault(phone, set()).add(identity)
        shared = {phone for phone, identities in persons.items() if len(identities) >= rule.at_least}
        links = [
            Link(met, _why({PHONE}))
            for met in near
            if any(phone in shared and identity and (phone, identity) not in self.own for phone, identity in met.persons)
        ]
        count = max((len(persons[phone]) for phone in shared), default=0)
        return Draft(links, count, self._hit(PHONE), [(_("Identity numbers"), count)])

    def _merchant_alike(self, rule: SignalRule) -> Draft:
        """Other persons' cases about the merchant in like words; who is not known is no other person."""
        alike = list(self._alike(rule, [met for met in self.met.values() if MERCHANT in met.kinds]))
        here = {*self.phones, *self.identities}
        if not alike or not here:
            return Draft([], 0)
        known: dict[int, tuple[set[bytes], set[bytes]]] = {}
        rows = self.parties.filter(case__in=[met.pk for met, _share in alike])
        for pk, phone, identity in rows.values_list("case_id", "phone_hash", "id_number_hash"):
            phones, identities = known.setdefault(pk, (set(), set()))
            phones.update(_known([_bytes(phone)]))
            identities.update(_known([_bytes(identity)]))
        links, others = [], set()
        for met, share in alike:
            phones, identities = known.get(met.pk, (set(), set()))
            if (phones or identities) and here.isdisjoint(phones | identities):
                links.append(Link(met, [*_why({MERCHANT}), _("like text")], share))
                others.add(frozenset(identities or phones))
        return Draft(links, len(others), self._hit(MERCHANT), [(_("Other persons"), len(others))])

    def _order_same(self, rule: SignalRule) -> Draft:
        found = self._within(rule, (met for met in self.met.values() if ORDER in met.kinds))
        merchant = self.case.merchant_id
        links = [
            Link(met, _why({ORDER, MERCHANT} if merchant and met.merchant_id == merchant else {ORDER})) for met in found
        ]
        return Draft(links, len(links), self._hit(ORDER))

    def _text_alike(self, rule: SignalRule) -> Draft:
        found = [met for met in self.met.values() if met.kinds & {MERCHANT, ORDER} or self._is_same_person(met)]
        links = [Link(met, [*_why(met.kinds), _("like text")], share) for met, share in self._alike(rule, found)]
        return Draft(links, len(links), bool(self.capped))

    def _alike(self, rule: SignalRule, found: Iterable[Met]) -> Iterator[tuple[Met, float]]:
        words = pairs(plain(self.case.narrative, self.case.demand))
        if words:
            for met in self._within(rule, found):
                share = _share(words, met.narrative, met.demand, rule)
                if share is not None:
                    yield met, share


# the intake


@dataclass(frozen=True)
class SimilarCase:
    """A case that may be the one being taken in, without personal data. `kind` and `state` are codes."""

    number: str
    kind: str
    received_on: dt.date
    merchant: str
    state: str
    why: list[str]

    @property
    def kind_label(self) -> str:
        return str(Kind(self.kind).label)

    @property
    def state_label(self) -> str:
        return str(State(self.state).label)

    @property
    def is_open(self) -> bool:
        """Whether its handling can be urged."""
        return self.state in OPEN_STATES


def similar_cases(
    *,
    phone: str | None = None,
    id_number: str | None = None,
    merchant=None,
    order_number: str | None = None,
    text: str = "",
    received_on: dt.date,
    user,
    limit: int = 10,
    phone_hashes: Iterable[bytes] = (),
    id_number_hashes: Iterable[bytes] = (),
    besides: Case | None = None,
) -> list[SimilarCase]:
    """Cases in the scope of `user`, received until `received_on`, that may be the one being taken in: of the same person
    or order number, or about the same merchant (or its id) in like words. `text` is narrative and demand.
    Persons whose numbers are stored are given by their hashes, so that nothing is decrypted; PERSONS of them are looked
    for at the most. `besides` is left out.

    Cases of the same order or in like words stand first, then the newest. Sealed reporters as in `signals_of`. Two
    queries, besides those for the permissions.
    """
    rules = {rule.code: rule for rule in SignalRule.objects.valid_on(received_on)}
    merchant_id, words = getattr(merchant, "pk", merchant), pairs(plain(text))
    keys = {
        PHONE: _known([lookup_hash("phone", phone or ""), *phone_hashes])[:PERSONS],
        IDENTITY: _known([lookup_hash("id_number", id_number or ""), *id_number_hashes])[:PERSONS],
        ORDER: [number] if (number := (order_number or "").strip()) else [],
        MERCHANT: [merchant_id] if merchant_id and words else [],
    }
    met: dict[int, tuple[dict, set[str]]] = {}
    for *values, kind in _united(list(_intake_branches(keys, rules, received_on, user, besides))):
        row = dict(zip(SHOWN, values, strict=True))
        met.setdefault(row["id"], (row, set()))[1].add(kind)
    found, rule = [], rules.get(SignalCode.TEXT_ALIKE)
    for row, kinds in met.values():
        alike = rule is not None and _share(words, row["narrative"], row["demand"], rule) is not None
        if alike or kinds - {MERCHANT}:
            if merchant_id and row["merchant_id"] == merchant_id:
                kinds.add(MERCHANT)
            why = [*_why(kinds), *([_("like text")] if alike else [])]
            found.append((alike or ORDER in kinds, row["received_at"], row["id"], _similar_case(row, why)))
    return [similar for *_order, similar in sorted(found, key=lambda one: one[:3], reverse=True)[:limit]]


def repeats_of(case: Case, user, *, limit: int = 10) -> list[SimilarCase]:
    """The cases in the scope of `user` that `case` may repeat: what its intake would have shown, looked up by the hashes
    of its parties. Sealed reporters, its own too, as in `signals_of`; for who does not see them no report and no other
    case repeat each other. Three queries, besides those for the permissions."""
    own = _parties_seen_by(user).filter(case=case).order_by("pk").values_list("phone_hash", "id_number_hash")
    hashes = [(_bytes(phone), _bytes(identity)) for phone, identity in own]
    return similar_cases(
        phone_hashes=_known(phone for phone, _identity in hashes),
        id_number_hashes=_known(identity for _phone, identity in hashes),
        merchant=case.merchant_id, order_number=case.order_number, text=f"{case.narrative}\n{case.demand}",
        received_on=timezone.localdate(case.received_at), user=user, limit=limit, besides=case,
    )  # fmt: skip


def _parties_seen_by(user) -> QuerySet:
    """The parties in the scope of `user` whose numbers may link cases for him."""
    parties = Party.objects.visible_to(user)
    return parties if sees_reporters(user) else parties.filter(sealed=False)


def _intake_branches(
    keys: dict[str, list], rules: dict[str, SignalRule], received_on: dt.date, user, besides: Case | None
) -> Iterator[QuerySet]:
    """The newest cases of each key, as far back as its rule says."""
    start, end = local_day_bounds(received_on, received_on)
    parties, cases = _parties_seen_by(user), Case.objects.visible_to(user)
    if besides is not None:
        parties, cases = parties.exclude(case=besides), cases.exclude(pk=besides.pk)
        if not sees_reporters(user):  # a complaint of the same order or in the same words would tell who has reported
            kinds = [kind for kind in Kind if (kind == Kind.REPORT) == (besides.kind == Kind.REPORT)]
            parties, cases = parties.filter(case__kind__in=kinds), cases.filter(kind__in=kinds)
    for kind, code, rows, column in (
        (PHONE, SignalCode.PERSON_CASES, parties, "phone_hash"),
        (IDENTITY, SignalCode.PERSON_CASES, parties, "id_number_hash"),
        (ORDER, SignalCode.ORDER_SAME, cases, "order_number"),
        (MERCHANT, SignalCode.TEXT_ALIKE, cases, "merchant"),
    ):
        for key in keys[kind] if code in rules else ():
            prefix = "case__" if rows.model is Party else ""
            when, first = f"{prefix}received_at", start - dt.timedelta(days=rules[code].window_days)
            found = rows.filter(**{column: key, f"{when}__gte": first, f"{when}__lt": end})
            columns = [f"{prefix}{name}" for name in SHOWN]
            yield found.order_by(f"-{when}", f"-{prefix}id").values_list(*columns, Value(kind, CharField()))[:CAP]


def _similar_case(row: dict, why: list[str]) -> SimilarCase:
    merchant = mask_numbers(row["merchant__name"] or row["merchant_written"])
    return SimilarCase(
        row["number"], row["kind"], timezone.localdate(row["received_at"]), merchant, row["state"], why
    )


# what both share


def _united(branches: list[QuerySet]) -> Iterable[tuple]:
    """The rows of all branches in one query."""
    if not branches:
        return []
    return branches[0].union(*branches[1:], all=True) if len(branches) > 1 else branches[0]


def _share(words: frozenset[str], narrative: str, demand: str, rule: SignalRule) -> float | None:
    """How much of the texts is the same, where it is enough for the rule."""
    share = overlap(words, pairs(plain(narrative, demand)))
    return share if share and share >= rule.share else None


def _why(kinds: set[str]) -> list[str]:
    """What cases have in common, in words."""
    words = {
        IDENTITY: _("same identity number"),
        PHONE: _("same phone number"),
        ORDER: _("same order number"),
        MERCHANT: _("same merchant"),
    }
    return [text for kind, text in words.items() if kind in kinds]


def _month(at: dt.datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m}"


def _bytes(value) -> bytes | None:
    return None if value is None else bytes(value)


def _known(values: Iterable[bytes | None]) -> list[bytes]:
    """The values that are known, each once."""
    return list(dict.fromkeys(value for value in values if value is not None))
