"""Imported pledges, written set-wise: the exception to verbs, under the same constraints.

The acts that a register tells of are written as events, with whoever runs the import and the row: on which days a pledge
was in force can be told from these as from any others. What a later row corrects is told again from the publication on,
and what stands before that no longer counts. A pledge on which somebody did anything here is left as it is, and only
compared; that its term ran out is nothing that anybody did. One that was inspected, or of which a breach was decided on,
follows its register too, but neither to other premises or another type nor back to an application.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from django.utils.translation import gettext as _

from core.bulk import copy_line, copy_lines, next_ids
from core.working_days import DAY
from pledges.domain.suspicion import look_again
from pledges.enums import REVIEWED, Level, Origin, PledgeState, PledgeVerb, Pool, PromiseField
from registry.domain.merchants import MerchantKey, resolve_merchants

APPLIED, IN_FORCE, SUSPENDED, EXPIRED = (
    PledgeState.APPLIED.value, PledgeState.IN_FORCE.value, PledgeState.SUSPENDED.value, PledgeState.EXPIRED.value,
)  # fmt: skip
PARTS = tuple(PromiseField.values)
FACTS = (
    "premises_id", "type_id", "agency_id", "state", "applied_on", "published_on", "valid_to", "ended_on", "terms",
    "plaque",
)  # fmt: skip
FOLLOWED = (*FACTS, *PARTS)
COLUMNS = (*FOLLOWED, "import_file_id", "import_line")
# what an imported pledge has from the beginning
FIRST = {
    "origin": Origin.FILE.value, "application": "", "level": Level.DISTRICT.value, "pool": Pool.NONE.value,
    "waiting_reason": "",
}  # fmt: skip
ENDS = {
    PledgeState.REVOKED.value: PledgeVerb.REVOKE.value,
    PledgeState.DEREGISTERED.value: PledgeVerb.DEREGISTER.value,
}
AFTER = {
    PledgeVerb.APPLY.value: APPLIED, PledgeVerb.PUBLISH.value: IN_FORCE, PledgeVerb.RENEW.value: IN_FORCE,
    PledgeVerb.SUSPEND.value: SUSPENDED, PledgeVerb.REINSTATE.value: IN_FORCE, PledgeVerb.EXPIRE.value: EXPIRED,
} | {verb: state for state, verb in ENDS.items()}  # fmt: skip

UNITS = """
SELECT id, merchant_id, name_key, region_id, agency_id FROM pledges_premises WHERE merchant_id = ANY(%s) ORDER BY id"""
UNVERIFIED = "SELECT id FROM registry_merchant WHERE id = ANY(%s) AND NOT verified"
AT = "SELECT DISTINCT premises_id FROM pledges_pledge WHERE source = %s AND external_number = ANY(%s)"
LOCK_UNITS = "SELECT id FROM pledges_premises WHERE id = ANY(%s) ORDER BY id FOR UPDATE"
STORED = f"""
SELECT external_number, id, {", ".join(FOLLOWED)},
       EXISTS (SELECT FROM pledges_pledgeevent e
                WHERE e.pledge_id = p.id AND e.verb <> 'expire' AND NOT e.data ? 'file'),
       EXISTS (SELECT FROM pledges_inspection i WHERE i.pledge_id = p.id)
       OR EXISTS (SELECT FROM pledges_breach b WHERE b.pledge_id = p.id AND b.state <> 'suspected')
  FROM pledges_pledge p WHERE source = %s AND external_number = ANY(%s) ORDER BY id FOR NO KEY UPDATE"""  # noqa: S608
SUSPENSIONS = "SELECT pledge_id, since, until FROM pledges_suspension WHERE pledge_id = ANY(%s) ORDER BY since, until"
OTHERS = """
SELECT id, premises_id, type_id, state, published_on, coalesce(ended_on, valid_to + 1), external_number
  FROM pledges_pledge WHERE premises_id = ANY(%s) AND (published_on IS NOT NULL OR state = ANY(%s))"""
# nobody is in anybody's way while they change places: constraints look at each row as it is written
STEP_ASIDE = """
UPDATE pledges_pledge SET state = 'withdrawn', published_on = NULL, valid_to = NULL, ended_on = NULL, terms = 0,
       correct_by = NULL WHERE id = ANY(%s)"""
# taken up again after an end, a pledge follows the one before it
FOLLOW = """
UPDATE pledges_pledge p SET previous_id = o.previous
  FROM (SELECT id, lag(id) OVER (PARTITION BY premises_id, type_id ORDER BY published_on NULLS LAST, id) AS previous
          FROM pledges_pledge
         WHERE premises_id = ANY(%s) AND (published_on IS NOT NULL OR state IN ('applied', 'admitted'))) o
 WHERE p.id = o.id AND p.source <> '' AND p.previous_id IS DISTINCT FROM o.previous"""
# taken up again before the time after a revocation was over
EARLY = """
SELECT p.id FROM pledges_pledge p JOIN pledges_pledge o ON o.id = p.previous_id AND o.state = 'revoked'
  JOIN pledges_pledgetype t ON t.id = o.type_id
 WHERE p.id = ANY(%s) AND p.waiting_reason = ''
   AND p.applied_on < o.ended_on + make_interval(months => t.waiting_months)"""
PUBLISHED_OF = """
SELECT p.id FROM pledges_pledge p JOIN pledges_premises u ON u.id = p.premises_id
 WHERE u.merchant_id = ANY(%s) AND p.published_on IS NOT NULL"""
ADDRESS = """
UPDATE pledges_premises p SET address = t.address, updated_at = %s
  FROM unnest(%s::bigint[], %s::text[]) AS t(id, address) WHERE p.id = t.id AND p.address = ''"""
READ_BACK = """
SELECT p.state, g.code, count(*) FROM pledges_pledge p JOIN pledges_premises u ON u.id = p.premises_id
  JOIN registry_region g ON g.id = u.region_id WHERE p.id = ANY(%s) GROUP BY 1, 2"""

Days = tuple[dt.date, dt.date | None]  # since, and the first day after
Step = tuple[str, dt.date, dt.date | None]  # verb, the day from which it holds, the last day of the term


@dataclass(eq=False, slots=True)
class Unit:
    """A merchant at one place; `id` 0 until it is stored, and so is `merchant_id` of a merchant that is to be made."""

    id: int
    merchant_id: int
    name_key: str
    region_id: int
    agency_id: int
    name: str = ""
    address: str = ""
    line: int = 0
    merchant: MerchantKey | None = None


@dataclass(slots=True)
class ImportedPledge:
    """A pledge as it is to be, by its row and, where that leaves a cell empty, by what is stored. `stated`: the state by
    the row alone, which knows nothing of today. `promise`: the parts that the row states."""

    line: int
    external_number: str
    type_id: int
    stated: str
    applied_on: dt.date | None
    published_on: dt.date | None
    valid_to: dt.date | None
    ended_on: dt.date | None
    suspended_on: dt.date | None
    terms: int
    plaque: str
    reason: str
    promise: dict[str, object]
    state: str = ""
    unit: Unit | None = None
    suspensions: list[Days] = field(default_factory=list)

    @property
    def premises_id(self) -> int:
        return self.unit.id

    @property
    def agency_id(self) -> int:
        return self.unit.agency_id

    @property
    def until(self) -> dt.date | None:
        """The first day after its time."""
        return self.ended_on or self.valid_to and self.valid_to + DAY


class Stored(NamedTuple):
    """A pledge as it is, whether somebody did anything to it here (`worked`), and whether it was inspected or a breach of
    it decided on (`judged`): of these premises, this type, and what was published."""

    id: int
    premises_id: int
    type_id: int
    agency_id: int
    state: str
    applied_on: dt.date
    published_on: dt.date | None
    valid_to: dt.date | None
    ended_on: dt.date | None
    terms: int
    plaque: str
    days: int | None
    goods: str
    excluded: str
    condition: str
    proof: str
    freight: str
    refund_days: int | None
    cross_store: str
    fund: Decimal | None
    statement: str
    worked: bool
    judged: bool
    suspensions: list[Days]

    def is_left(self, pledge: "ImportedPledge") -> bool:
        """Whether a row that says otherwise changes nothing."""
        moved = (self.premises_id, self.type_id) != (pledge.premises_id, pledge.type_id)
        taken_back = self.published_on is not None and pledge.published_on is None
        return self.worked or self.judged and (moved or taken_back)


class Other(NamedTuple):
    """A pledge at a time which a row wants, or an application."""

    id: int
    premises_id: int
    type_id: int
    state: str
    since: dt.date | None
    until: dt.date | None
    number: str


@dataclass
class Written:
    """What became of the pledges: those that were left although they differ; those that were taken up again before the
    waiting time was over; by line, why one cannot stand at its time; `ids` of all that were taken."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    differing: list[ImportedPledge] = field(default_factory=list)
    early: list[ImportedPledge] = field(default_factory=list)
    overlapping: dict[int, str] = field(default_factory=dict)
    ids: list[int] = field(default_factory=list)


# ---- what there is


def units_of(cursor, merchants: Iterable[int]) -> dict[tuple[int, str], list[Unit]]:
    """The premises of these merchants, by merchant and key of the name."""
    cursor.execute(UNITS, [list(merchants)])
    found: dict[tuple[int, str], list[Unit]] = {}
    for pk, merchant_id, key, region_id, agency_id in cursor.fetchall():
        found.setdefault((merchant_id, key), []).append(Unit(pk, merchant_id, key, region_id, agency_id))
    return found


def unverified(cursor, merchants: Iterable[int]) -> set[int]:
    cursor.execute(UNVERIFIED, [list(merchants)])
    return {pk for (pk,) in cursor.fetchall()}


def lock_units(cursor, ids: Iterable[int], source: str = "", numbers: Iterable[str] = ()) -> set[int]:
    """Lock premises in the order of their ids, and with them those of the pledges that bear these numbers."""
    cursor.execute(AT, [source, list(numbers)])
    wanted = {*ids, *(pk for (pk,) in cursor.fetchall())}
    cursor.execute(LOCK_UNITS, [sorted(wanted)])
    return wanted


def stored_pledges(cursor, source: str, numbers: list[str]) -> dict[str, Stored]:
    """The pledges of these numbers, locked; their premises are."""
    cursor.execute(STORED, [source, numbers])
    rows = cursor.fetchall()
    cursor.execute(SUSPENSIONS, [[row[1] for row in rows]])
    days: dict[int, list[Days]] = {}
    for pledge_id, since, until in cursor.fetchall():
        days.setdefault(pledge_id, []).append((since, until))
    return {row[0]: Stored(*row[1:], days.get(row[1], [])) for row in rows}


def suspended_days(pledge: ImportedPledge, found: Stored | None, today: dt.date) -> list[Days]:
    """The days on which the pledge was or is suspended. One that its row calls suspended may have run out since; a
    suspension of which the row says nothing any more has ended."""
    known = found.suspensions if found else []
    closed = [(since, until) for since, until in known if until is not None]
    since = next((since for since, until in known if until is None), None)
    end = pledge.until if pledge.state != SUSPENDED else None
    if pledge.stated != SUSPENDED:
        last = min(end or today, today)
        return closed if since is None or since >= last else [*closed, (since, last)]
    if pledge.suspended_on is not None or since is None:
        over = [since for since, until in closed if until == end] or [today]
        since = pledge.suspended_on or over[-1]
    if end is not None and since >= end:
        return closed
    return [*(days for days in closed if days[1] <= since), (since, end)]


# ---- writing


def write_pledges(
    cursor, pledges: list[ImportedPledge], stored: dict[str, Stored], *, source: str, file_id: int, actor,
    now: dt.datetime, today: dt.date,
) -> Written:  # fmt: skip
    """Write pledges whose premises are locked, and the premises that are not there yet. Those that overlap another of
    their type are left out, and told. One transaction, the caller's."""
    written, fresh, changed = Written(), [], []
    for pledge in pledges:
        found = stored.get(pledge.external_number)
        if found is None:
            fresh.append(pledge)
            continue
        same = _agrees(found, pledge)
        if same or found.is_left(pledge):
            written.unchanged += 1
            written.ids.append(found.id)
            if not same:
                written.differing.append(pledge)
        else:
            changed.append(pledge)
    placed = _place(cursor, fresh, changed, stored, written)
    fresh = [pledge for pledge in fresh if pledge.line in placed]
    changed = [pledge for pledge in changed if pledge.line in placed]
    joined = _make_units(cursor, [*changed, *fresh], file_id, now)
    writer = _Writer(cursor, file_id, actor.pk, now, today)
    writer.update(changed, stored)
    written.updated = len(changed)
    ids = writer.insert(fresh, source)
    written.created = len(ids)
    taken = dict(zip((*(stored[one.external_number].id for one in changed), *ids), (*changed, *fresh), strict=True))
    written.ids += taken
    touched = {stored[one.external_number].premises_id for one in changed}
    cursor.execute(FOLLOW, [list(touched | {one.premises_id for one in taken.values()})])
    cursor.execute(EARLY, [list(taken)])
    written.early = [taken[pk] for (pk,) in cursor.fetchall()]
    # which premises a complaint is about is told by their district, so that new ones concern all pledges of a merchant
    cursor.execute(PUBLISHED_OF, [list(joined)])
    look_again([*{*taken, *(pk for (pk,) in cursor.fetchall())}])
    return written


def _value(pledge: ImportedPledge, found: Stored | None, name: str):
    if name not in PARTS:
        return getattr(pledge, name)
    if name in pledge.promise:
        return pledge.promise[name]
    if found is not None:
        return getattr(found, name)
    return None if name in ("days", "refund_days", "fund") else ""


def _agrees(found: Stored, pledge: ImportedPledge) -> bool:
    return pledge.suspensions == found.suspensions and all(
        _value(pledge, found, name) == getattr(found, name) for name in FOLLOWED
    )


def _make_units(cursor, pledges: list[ImportedPledge], file_id: int, now: dt.datetime) -> set[int]:
    """Store the premises that are new, and the merchants of these; an address is added where none is known. Returns the
    merchants that were there and have new premises."""
    known = {one.unit.id: one.unit for one in pledges if one.unit.id and one.unit.address}
    if known:
        cursor.execute(ADDRESS, [now, list(known), [unit.address for unit in known.values()]])
    new = list(dict.fromkeys(one.unit for one in pledges if not one.unit.id))
    joined = {unit.merchant_id for unit in new if unit.merchant_id}
    merchants = resolve_merchants(cursor, {unit.merchant for unit in new if not unit.merchant_id}, now=now)
    for unit, pk in zip(new, next_ids(cursor, "pledges_premises", len(new)), strict=True):
        unit.id, unit.merchant_id = pk, unit.merchant_id or merchants[unit.merchant]
    copy_lines(
        cursor, "pledges_premises",
        ("id", "merchant_id", "name", "name_key", "agency_id", "region_id", "address", "link", "import_file_id",
         "import_line", "created_at", "updated_at"),
        (
            copy_line((
                unit.id, unit.merchant_id, unit.name, unit.name_key, unit.agency_id, unit.region_id, unit.address, "",
                file_id, unit.line, now, now,
            ))
            for unit in new
        ),
    )  # fmt: skip
    return joined


class _Writer:
    """Pledges, their suspensions and the events that tell of both, as one file brings them."""

    def __init__(self, cursor, file_id: int, actor_id: int, now: dt.datetime, today: dt.date):
        self.cursor, self.file_id, self.actor_id, self.now, self.today = cursor, file_id, actor_id, now, today

    def insert(self, pledges: list[ImportedPledge], source: str) -> list[int]:
        ids, now = next_ids(self.cursor, "pledges_pledge", len(pledges)), self.now
        copy_lines(
            self.cursor, "pledges_pledge",
            ("id", "source", "external_number", "created_at", "updated_at", *FIRST, *COLUMNS),
            (
                copy_line((pk, source, one.external_number, now, now, *FIRST.values(), *self._values(one, None)))
                for pk, one in zip(ids, pledges, strict=True)
            ),
        )  # fmt: skip
        self._suspend(zip(ids, pledges, strict=True), {})
        self._tell(
            (pk, one, "", [(PledgeVerb.APPLY.value, one.applied_on, None), *_told(one)])
            for pk, one in zip(ids, pledges, strict=True)
        )
        return ids

    def update(self, pledges: list[ImportedPledge], stored: dict[str, Stored]) -> None:
        if not pledges:
            return
        cursor, found = self.cursor, {one.line: stored[one.external_number] for one in pledges}
        ids = [one.id for one in found.values()]
        cursor.execute(STEP_ASIDE, [ids])
        columns = ", ".join(COLUMNS)
        cursor.execute(
            f"CREATE TEMP TABLE IF NOT EXISTS imported_pledge ON COMMIT DELETE ROWS AS SELECT id, {columns}"  # noqa: S608
            " FROM pledges_pledge WITH NO DATA"
        )
        cursor.execute("TRUNCATE imported_pledge")
        copy_lines(
            cursor, "imported_pledge", ("id", *COLUMNS),
            (copy_line((found[one.line].id, *self._values(one, found[one.line]))) for one in pledges),
        )  # fmt: skip
        assignments = ", ".join(f"{name} = i.{name}" for name in COLUMNS)
        cursor.execute(
            f"UPDATE pledges_pledge p SET updated_at = %s, {assignments} FROM imported_pledge i WHERE p.id = i.id",  # noqa: S608
            [self.now],
        )
        anew = {found[one.line].id: one for one in pledges if one.suspensions != found[one.line].suspensions}
        cursor.execute(
            "DELETE FROM pledges_suspension WHERE pledge_id = ANY(%s) RETURNING pledge_id, since, reason", [list(anew)]
        )
        self._suspend(anew.items(), {(pk, since): reason for pk, since, reason in cursor.fetchall()})
        self._tell(
            (found[one.line].id, one, found[one.line].state, self._told_anew(found[one.line], one)) for one in pledges
        )

    def _values(self, pledge: ImportedPledge, found: Stored | None) -> tuple:
        return (*(_value(pledge, found, name) for name in FOLLOWED), self.file_id, pledge.line)

    def _suspend(self, pledges: Iterable[tuple[int, ImportedPledge]], known: dict[tuple, str]) -> None:
        """Write the days, with the reason of the row for the last ones, and else what was known of them."""
        lines = []
        for pk, pledge in pledges:
            for since, until in pledge.suspensions:
                last = pledge.stated == SUSPENDED and (since, until) == pledge.suspensions[-1]
                reason = last and pledge.reason or known.get((pk, since)) or _("As the register says")
                lines.append(copy_line((pk, since, until, reason)))
        copy_lines(self.cursor, "pledges_suspension", ("pledge_id", "since", "until", "reason"), lines)

    def _told_anew(self, found: Stored, pledge: ImportedPledge) -> list[Step]:
        """What is to be told of a pledge that was told of otherwise before; that only its texts changed, where that is
        all."""
        before, after = _told(found), _told(pledge)
        if after[: len(before)] == before:
            return after[len(before) :] or [(PledgeVerb.REVISE.value, self.today, None)]
        if found.state in (IN_FORCE, EXPIRED) and pledge.terms > found.terms and pledge.valid_to > found.valid_to:
            longer = [(PledgeVerb.PUBLISH.value, found.published_on, pledge.valid_to), *before[1:]]
            longer = [step for step in longer if step[0] != PledgeVerb.EXPIRE]
            if after[: len(longer)] == longer:
                on = min(found.valid_to, self.today)
                return [(PledgeVerb.RENEW.value, on, pledge.valid_to), *after[len(longer) :]]
        return after or [(PledgeVerb.APPLY.value, pledge.applied_on, None)]

    def _tell(self, told: Iterable[tuple[int, ImportedPledge, str, list[Step]]]) -> None:
        """Write the steps of each pledge, that was in a state before, as events."""
        lines = []
        for pk, pledge, before, steps in told:
            state = before
            for verb, on, valid_to in steps:
                data = {"file": self.file_id, "line": pledge.line}
                if verb != PledgeVerb.REVISE:
                    data["on"] = on.isoformat()
                if valid_to is not None:
                    data["valid_to"] = valid_to.isoformat()
                if verb == PledgeVerb.APPLY:
                    data["origin"] = Origin.FILE.value
                after = AFTER.get(verb, state)
                note = pledge.reason if verb in (PledgeVerb.SUSPEND, *ENDS.values()) else ""
                lines.append(copy_line((pk, verb, state, after, self.actor_id, self.now, note, data)))
                state = after
        columns = ("pledge_id", "verb", "before", "after", "actor_id", "at", "note", "data")
        copy_lines(self.cursor, "pledges_pledgeevent", columns, lines)


def _told(pledge: ImportedPledge | Stored) -> list[Step]:
    """The acts behind the days of a pledge, from its publication on, in their order."""
    if pledge.published_on is None:
        return []
    steps: list[Step] = [(PledgeVerb.PUBLISH.value, pledge.published_on, pledge.valid_to)]
    end: Step | None = None
    if pledge.state in ENDS:
        end = (ENDS[pledge.state], pledge.ended_on, None)
    elif pledge.state == EXPIRED:
        end = (PledgeVerb.EXPIRE.value, pledge.valid_to + DAY, None)
    for since, until in pledge.suspensions:
        steps.append((PledgeVerb.SUSPEND.value, since, None))
        if until is not None and (end is None or until < end[1]):
            steps.append((PledgeVerb.REINSTATE.value, until, None))
    return [*steps, end] if end else steps


# ---- who stands where


class _Plan:
    """The times of the pledges of one type at one premises, none of which overlap, and the one application."""

    def __init__(self):
        self.slots: dict[tuple, list[tuple[dt.date, dt.date, str]]] = {}
        self.applications: dict[tuple, str] = {}

    def taken(self, key: tuple, state: str, since: dt.date | None, until: dt.date | None) -> str:
        """In words, what stands in the way; "" where nothing does."""
        if state in REVIEWED:
            if (number := self.applications.get(key)) is None:
                return ""
            return _("An application for this type at these premises is under review already: %(number)s.") % {
                "number": number or _("made here")
            }
        for first, after, number in self.slots.get(key, ()):
            if since < min(after, until) and first < until:
                return _(
                    "At these premises a pledge of this type stands from %(first)s to %(last)s already: %(number)s."
                ) % {"first": first, "last": after - DAY, "number": number or _("made here")}
        return ""

    def put(self, key: tuple, state: str, since: dt.date | None, until: dt.date | None, number: str) -> None:
        if state in REVIEWED:
            self.applications[key] = number
        elif since is not None and since < until:
            self.slots.setdefault(key, []).append((since, until, number))


def _key(pledge: ImportedPledge) -> tuple:
    return pledge.unit.id or pledge.unit, pledge.type_id


def _place(cursor, fresh: list, changed: list, stored: dict[str, Stored], written: Written) -> set[int]:
    """The lines whose pledges can stand at their times, in the order of the file. A pledge that changes leaves its old
    time free, unless its row cannot be taken: then it keeps that, and whoever wanted it is refused as well."""
    rows = sorted([*fresh, *changed], key=lambda pledge: pledge.line)
    leaving = {stored[pledge.external_number].id: pledge.line for pledge in changed}
    premises = {pledge.unit.id for pledge in rows if pledge.unit.id}
    cursor.execute(OTHERS, [list(premises), list(REVIEWED)])
    others = [Other(*row) for row in cursor.fetchall()]
    stuck: set[int] = set()  # lines that cannot be taken
    while True:
        plan, refused = _Plan(), {}
        for other in others:
            if leaving.get(other.id) is None or leaving[other.id] in stuck:
                plan.put((other.premises_id, other.type_id), other.state, other.since, other.until, other.number)
        for pledge in rows:
            if pledge.line in stuck:
                continue
            place = _key(pledge), pledge.state, pledge.published_on, pledge.until
            if reason := plan.taken(*place):
                refused[pledge.line] = reason
            else:
                plan.put(*place, pledge.external_number)
        written.overlapping |= refused
        stuck |= refused.keys()
        if not refused.keys() & set(leaving.values()):
            return {pledge.line for pledge in rows} - stuck


def states_of_pledges(cursor, ids: list[int]) -> list[tuple[str, str, int]]:
    """How many of these pledges there are by state and division code, as the database has them."""
    cursor.execute(READ_BACK, [ids])
    return cursor.fetchall()
