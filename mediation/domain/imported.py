"""Imported sessions, written set-wise: the exception to verbs, under the same constraints.

An imported session writes no SessionEvent; its run is its origin. It touches neither state nor outcome of its case, which
follows its own source. A session on which a verb was used here is left as it is, and only compared; that one was
cancelled by itself, since its case was over, is nothing that anybody did.
"""

import datetime as dt
from bisect import bisect_left, insort
from dataclasses import dataclass, field
from typing import NamedTuple

from cases.enums import PartyRole, Side
from core.bulk import copy_line, copy_lines, next_ids
from mediation.domain.sessions import booked_words, where_in_words
from mediation.enums import SessionState

NUMBERED = """
SELECT number, id FROM cases_case WHERE number = ANY(%(numbers)s)"""
OF_SOURCE = """
SELECT number, case_id FROM cases_casereference WHERE source = %(source)s AND number = ANY(%(numbers)s)
 UNION ALL
SELECT external_number, id FROM cases_case WHERE source = %(source)s AND external_number = ANY(%(numbers)s)"""
LOCK_CASES = """
SELECT id, kind, state, accepted_at, received_at, custodian_id FROM cases_case WHERE id = ANY(%s)
 ORDER BY id FOR NO KEY UPDATE"""
ENTRUSTED = """
SELECT case_id, agency_id, ended_at FROM mediation_entrustment WHERE case_id = ANY(%s) ORDER BY entrusted_at DESC"""
LOCK_MEDIATORS = """
SELECT id, agency_id, name, number, active_from, active_to FROM mediation_mediator
 WHERE agency_id = ANY(%s) AND (name = ANY(%s) OR number = ANY(%s)) ORDER BY id FOR NO KEY UPDATE"""
RECUSED = """
SELECT case_id, mediator_id, decided_at FROM mediation_recusal WHERE decision = 'granted' AND case_id = ANY(%s)"""
WITH_PLATFORM = """
SELECT case_id FROM cases_clockpause WHERE case_id = ANY(%s) AND ended_on IS NULL AND reason = 'green_channel'"""
LOCK_ROOMS = "SELECT id FROM mediation_room WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
STORED = """
SELECT external_number, s.id, case_id, mediator_id, lower(period), upper(period), mode, room_id, place, link, s.state,
       outcome, minutes, cancelled_at,
       EXISTS (SELECT FROM mediation_sessionevent WHERE session_id = s.id AND verb <> 'lapse')
       OR EXISTS (SELECT FROM mediation_agreement WHERE session_id = s.id),
       s.state = 'cancelled' AND EXISTS (SELECT FROM mediation_sessionevent WHERE session_id = s.id AND verb = 'lapse'),
       m.name, m.agency_id, coalesce(r.name, '')
  FROM mediation_session s JOIN mediation_mediator m ON m.id = s.mediator_id
  LEFT JOIN mediation_room r ON r.id = s.room_id
 WHERE s.source = %s AND external_number = ANY(%s) ORDER BY s.id FOR NO KEY UPDATE OF s"""
# a side of which nobody is on the list is not there
CALLED = """
SELECT DISTINCT ON (session_id, side) session_id, side, means, called_at FROM mediation_attendance
 WHERE session_id = ANY(%s) ORDER BY session_id, side, means = '', id"""
# each by the index of its own constraint
OVERLAPPING = " UNION ".join(
    f"SELECT s.id, s.case_id, s.mediator_id, s.room_id, lower(s.period), upper(s.period), m.name,"  # noqa: S608 - ours
    f" coalesce(r.name, ''), s.place"
    f"  FROM unnest(%(case)s::bigint[], %(mediator)s::bigint[], %(room)s::bigint[], %(starts)s::timestamptz[],"
    f" %(ends)s::timestamptz[]) AS t(case_id, mediator_id, room_id, starts, ends)"
    f"  JOIN mediation_session s ON s.{name}_id = t.{name}_id AND s.period && tstzrange(t.starts, t.ends)"
    f"  JOIN mediation_mediator m ON m.id = s.mediator_id LEFT JOIN mediation_room r ON r.id = s.room_id"
    f" WHERE s.state <> 'cancelled'"
    for name in ("mediator", "room", "case")
)
PARTIES = "SELECT case_id, id FROM cases_party WHERE case_id = ANY(%s) AND role <> %s ORDER BY id"
COLUMNS = (
    "case_id", "agency_id", "mediator_id", "period", "mode", "room_id", "place", "link", "state", "outcome", "minutes",
    "held_at", "cancelled_at", "import_file_id", "import_line",
)  # fmt: skip
READ_BACK = "SELECT state, count(*) FROM mediation_session WHERE id = ANY(%s) GROUP BY state"


class CaseFacts(NamedTuple):
    """What decides whether a session, or a referral, can be of this case."""

    id: int
    kind: str
    state: str
    accepted_at: dt.datetime | None
    received_at: dt.datetime
    custodian_id: int


class MediatorFacts(NamedTuple):
    id: int
    agency_id: int
    name: str
    number: str
    active_from: dt.date | None
    active_to: dt.date | None

    def mediates_on(self, day: dt.date) -> bool:
        return (self.active_from is None or self.active_from <= day) and (self.active_to is None or day < self.active_to)


@dataclass(slots=True)
class ImportedSession:
    """A session as its row states it, resolved to what is stored. `called`: means and time of the call by side; "" and
    None are what the row does not state. `agency_id`: whose mediator leads it."""

    line: int
    external_number: str
    starts: dt.datetime
    ends: dt.datetime
    mode: str
    state: str
    outcome: str = ""
    place: str = ""
    link: str = ""
    minutes: str = ""
    cancelled_at: dt.datetime | None = None
    called: dict[str, tuple[str, dt.datetime]] = field(default_factory=dict)
    case_id: int = 0
    agency_id: int = 0
    mediator_id: int = 0
    mediator: str = ""
    room_id: int | None = None
    room: str = ""


class Stored(NamedTuple):
    """An imported session as it is, whether it was worked on here, or cancelled by itself, and who leads it."""

    id: int
    case_id: int
    mediator_id: int
    starts: dt.datetime
    ends: dt.datetime
    mode: str
    room_id: int | None
    place: str
    link: str
    state: str
    outcome: str
    minutes: str
    cancelled_at: dt.datetime | None
    worked: bool
    lapsed: bool
    mediator: str
    mediator_agency_id: int
    room: str


class Slot(NamedTuple):
    """A time that is taken, by whom and where."""

    starts: dt.datetime
    ends: dt.datetime
    who: str
    where: str


@dataclass
class Written:
    """What became of the sessions: those that were made, brought up to date, are as the row says, and differ from it but
    were worked on here; by line, why one cannot stand at its time; lines whose number bears a session of another agency.
    `ids`: of all that were taken."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    differing: list[ImportedSession] = field(default_factory=list)
    booked: dict[int, str] = field(default_factory=dict)
    foreign: list[int] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)


def cases_numbered(cursor, numbers: list[str], source: str) -> dict[str, int]:
    """The case of each number: its own in `source`, else a further one there, else the portal's. Without a source, only
    the portal's own numbers are known."""
    cursor.execute(NUMBERED, {"numbers": numbers})
    found = dict(cursor.fetchall())
    if source:
        cursor.execute(OF_SOURCE, {"numbers": numbers, "source": source})
        found |= dict(cursor.fetchall())  # a case's own number comes last, and so wins
    return found


def lock_cases(cursor, ids: set[int]) -> dict[int, CaseFacts]:
    """The cases, locked in the order of their ids."""
    cursor.execute(LOCK_CASES, [sorted(ids)])
    return {row[0]: CaseFacts(*row) for row in cursor.fetchall()}


def mediating_agencies(cursor, cases: dict[int, CaseFacts]) -> dict[int, list[tuple[int, dt.datetime | None]]]:
    """By case, whose mediators may lead its sessions, and until when: whom it is or was entrusted to, and its
    custodian."""
    found: dict[int, list] = {pk: [] for pk in cases}
    cursor.execute(ENTRUSTED, [list(cases)])
    for case_id, agency_id, ended_at in cursor.fetchall():
        found[case_id].append((agency_id, ended_at))
    for pk, case in cases.items():
        found[pk].append((case.custodian_id, None))
    return found


def lock_mediators(cursor, agencies: set[int], names: set[str], numbers: set[str]) -> list[MediatorFacts]:
    """Those of the agencies who bear one of the names or numbers, locked in the order of their ids."""
    cursor.execute(LOCK_MEDIATORS, [list(agencies), list(names), list(numbers - {""})])
    return [MediatorFacts(*row) for row in cursor.fetchall()]


def recused(cursor, cases: set[int]) -> dict[tuple[int, int], dt.datetime]:
    """Who has left a case after an application, and when, by case and mediator."""
    cursor.execute(RECUSED, [list(cases)])
    return {(case_id, mediator_id): at for case_id, mediator_id, at in cursor.fetchall()}


def with_platform(cursor, cases: set[int]) -> set[int]:
    """Those that a platform of the green channel has now."""
    cursor.execute(WITH_PLATFORM, [list(cases)])
    return {case_id for (case_id,) in cursor.fetchall()}


def write_sessions(
    cursor, sessions: list[ImportedSession], *, within: frozenset[int] | None, source: str, file_id: int, now: dt.datetime
) -> Written:
    """Write sessions whose cases and mediators are locked. Those for which somebody is booked, and those whose number
    bears a session of an agency that is not `within` (None: all), are left out, and told. One transaction, the
    caller's."""
    rooms = {session.room_id for session in sessions} - {None}
    cursor.execute(LOCK_ROOMS, [sorted(rooms)])
    cursor.execute(STORED, [source, [session.external_number for session in sessions]])
    stored = {row[0]: Stored(*row[1:]) for row in cursor.fetchall()}
    cursor.execute(CALLED, [[one.id for one in stored.values()]])
    called: dict[int, dict] = {}
    for session_id, side, means, at in cursor.fetchall():
        called.setdefault(session_id, {})[side] = (means, at)

    written, fresh, changed = Written(), [], []
    for session in sessions:
        found = stored.get(session.external_number)
        if found is None:
            fresh.append(session)
            continue
        if within is not None and found.mediator_agency_id not in within:
            written.foreign.append(session.line)
            continue
        # a row in which it is still planned knows nothing of what became of its case
        waits = found.lapsed and session.state == SessionState.SCHEDULED
        same = waits or _agrees(found, called.get(found.id, {}), session)
        if same or found.worked:
            written.unchanged += 1
            written.ids.append(found.id)
            if not same:
                written.differing.append(session)
        else:
            changed.append(session)
    placed = _place(cursor, fresh, changed, stored, written)
    _update(cursor, [one for one in changed if one.line in placed], stored, called, written, file_id, now)
    _insert(cursor, [one for one in fresh if one.line in placed], written, source, file_id, now)
    return written


def _agrees(found: Stored, called: dict, session: ImportedSession) -> bool:
    """Whether the session is as its row states it; an empty cell states nothing."""
    if session.minutes and session.minutes != found.minutes:
        return False
    if session.cancelled_at and session.cancelled_at != found.cancelled_at:
        return False
    if _called_otherwise(called, session):
        return False
    names = ("case_id", "mediator_id", "starts", "ends", "mode", "room_id", "place", "link", "state", "outcome")
    return all(getattr(found, name) == getattr(session, name) for name in names)


def _called_otherwise(called: dict, session: ImportedSession) -> bool:
    """Whether the row states another call of somebody who is on the list."""
    return any(called.get(side, call) != call for side, call in session.called.items())


# ---- who is booked


class Plan:
    """The times that are taken of mediators, rooms and cases; none of them overlap."""

    def __init__(self):
        self.slots: dict[tuple[str, int], list[Slot]] = {}

    def booked(self, session) -> str:
        """Who is booked at the time of the session; "" where nobody is."""
        for what, pk in _resources(session):
            slots = self.slots.get((what, pk), [])
            at = bisect_left(slots, session.ends, key=lambda slot: slot.starts)
            if at and slots[at - 1].ends > session.starts:
                slot = slots[at - 1]
                return booked_words(what, slot.who, slot.starts, slot.ends, slot.where)
        return ""

    def book(self, session) -> None:
        where = where_in_words(session.room, session.place)
        slot = Slot(session.starts, session.ends, session.mediator, where)
        for resource in _resources(session):
            insort(self.slots.setdefault(resource, []), slot)


def _resources(session) -> list[tuple[str, int]]:
    found = [("mediator", session.mediator_id), ("case", session.case_id)]
    return found if session.room_id is None else [*found, ("room", session.room_id)]


def _stands(session) -> bool:
    return session.state != SessionState.CANCELLED


def _place(cursor, fresh: list, changed: list, stored: dict[str, Stored], written: Written) -> set[int]:
    """The lines whose sessions can stand at their times, in the order of the file. A session that changes leaves its old
    time free, unless its row cannot be taken: then it keeps that, and whoever wanted it is refused as well."""
    rows = sorted([*fresh, *changed], key=lambda session: session.line)
    standing = [session for session in rows if _stands(session)]
    leaving = {stored[session.external_number].id: session for session in changed}
    others = [other for other in _overlapping(cursor, standing) if other.id not in leaving]
    stuck: set[int] = set()  # lines that cannot be taken
    while True:
        plan, refused = Plan(), {}
        for other in others:
            plan.book(other)
        for session in changed:
            old = stored[session.external_number]
            if session.line in stuck and _stands(old):
                plan.book(old)
        for session in standing:
            if session.line in stuck:
                continue
            if reason := plan.booked(session):
                refused[session.line] = reason
            else:
                plan.book(session)
        written.booked |= refused
        stuck |= refused.keys()
        if not any(leaver.line in refused for leaver in leaving.values()):
            return {session.line for session in rows} - stuck


class Other(NamedTuple):
    """A session that stands at a time which a row wants."""

    id: int
    case_id: int
    mediator_id: int
    room_id: int | None
    starts: dt.datetime
    ends: dt.datetime
    mediator: str
    room: str
    place: str


def _overlapping(cursor, sessions: list[ImportedSession]) -> list[Other]:
    if not sessions:
        return []
    cursor.execute(OVERLAPPING, {
        "case": [one.case_id for one in sessions], "mediator": [one.mediator_id for one in sessions],
        "room": [one.room_id for one in sessions], "starts": [one.starts for one in sessions],
        "ends": [one.ends for one in sessions],
    })  # fmt: skip
    return [Other(*row) for row in cursor.fetchall()]


# ---- writing


def _values(session: ImportedSession, found: Stored | None, file_id: int, now: dt.datetime) -> tuple:
    """In the order of COLUMNS. When it was recorded that a session was held, or called off, a source does not say: the
    first time at which it can have been stands for it."""
    held_at = min(session.ends, now) if session.state == SessionState.HELD else None
    cancelled_at = None
    if not _stands(session):
        kept = found.cancelled_at if found else None
        cancelled_at = session.cancelled_at or kept or min(session.starts, now)
    return (
        session.case_id, session.agency_id, session.mediator_id,
        f'["{session.starts.isoformat()}","{session.ends.isoformat()}")', session.mode, session.room_id, session.place,
        session.link, session.state, session.outcome, session.minutes or (found.minutes if found else ""), held_at,
        cancelled_at, file_id, session.line,
    )  # fmt: skip


def _insert(cursor, sessions: list[ImportedSession], written: Written, source: str, file_id: int, now) -> None:
    ids = next_ids(cursor, "mediation_session", len(sessions))
    copy_lines(
        cursor, "mediation_session",
        ("id", "source", "external_number", "created_at", "updated_at", *COLUMNS),
        (
            copy_line((pk, source, session.external_number, now, now, *_values(session, None, file_id, now)))
            for pk, session in zip(ids, sessions, strict=True)
        ),
    )  # fmt: skip
    _call(cursor, dict(zip(ids, sessions, strict=True)))
    written.created += len(ids)
    written.ids += ids


def _update(cursor, sessions: list[ImportedSession], stored, called, written: Written, file_id: int, now) -> None:
    if not sessions:
        return
    found = {session.line: stored[session.external_number] for session in sessions}
    ids = [one.id for one in found.values()]
    # nobody is in anybody's way while they change places: constraints look at each row as it is written
    cursor.execute(
        "UPDATE mediation_session SET state = 'cancelled', cancelled_at = %s, held_at = NULL, outcome = ''"
        " WHERE id = ANY(%s)",
        [now, ids],
    )
    columns = ", ".join(COLUMNS)
    cursor.execute(
        f"CREATE TEMP TABLE IF NOT EXISTS imported_session ON COMMIT DELETE ROWS AS SELECT id, {columns}"  # noqa: S608
        " FROM mediation_session WITH NO DATA"
    )
    cursor.execute("TRUNCATE imported_session")
    copy_lines(
        cursor, "imported_session", ("id", *COLUMNS),
        (
            copy_line((found[one.line].id, *_values(one, found[one.line], file_id, now))) for one in sessions
        ),
    )  # fmt: skip
    assignments = ", ".join(f"{name} = i.{name}" for name in COLUMNS)
    cursor.execute(
        f"UPDATE mediation_session s SET updated_at = %s, {assignments} FROM imported_session i WHERE s.id = i.id",  # noqa: S608
        [now],
    )
    anew = {}
    for session in sessions:
        old = found[session.line]
        told = _called_otherwise(called.get(old.id, {}), session)
        if told or (old.case_id, old.starts, old.ends) != (session.case_id, session.starts, session.ends):
            anew[old.id] = session  # who was told of another time has to be told again
    cursor.execute("DELETE FROM mediation_attendance WHERE session_id = ANY(%s)", [list(anew)])
    _call(cursor, anew)
    written.updated += len(ids)
    written.ids += ids


def _call(cursor, sessions: dict[int, ImportedSession]) -> None:
    """The list of those who are to be called, as when a session is booked here, with the calls that the source knows."""
    parties: dict[int, list[int]] = {}
    cursor.execute(PARTIES, [list({one.case_id for one in sessions.values()}), PartyRole.REPORTER])
    for case_id, party_id in cursor.fetchall():
        parties.setdefault(case_id, []).append(party_id)
    lines = []
    for pk, session in sessions.items():
        sides = [(Side.RESPONDENT.value, None)]
        sides += [(Side.COMPLAINANT.value, party) for party in parties.get(session.case_id, ())]
        for side, party in sides:
            means, at = session.called.get(side, ("", None))
            lines.append(copy_line((pk, side, party, means, at, "", "")))
    columns = ("session_id", "side", "party_id", "means", "called_at", "presence", "note")
    copy_lines(cursor, "mediation_attendance", columns, lines)


def states_of(cursor, ids: list[int]) -> dict[str, int]:
    """How many of these sessions there are in each state, as the database has them."""
    cursor.execute(READ_BACK, [ids])
    return dict(cursor.fetchall())
