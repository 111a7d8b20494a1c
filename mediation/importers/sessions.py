"""Rows of sessions that other systems know: past ones and planned ones."""

import datetime as dt
from dataclasses import dataclass
from functools import partial

from django.utils import timezone
from django.utils.translation import gettext as _

from cases.enums import MEDIATED_STATES, Kind, MediationMode, NoticeMeans, Side
from cases.importers.engine import Options
from cases.importers.plain import ConvertedRows, Entry, PlainRow, PlainTarget, reach, split_list
from cases.importers.rows import RowRejected
from cases.models import ClockRule
from core.importing.values import Moment
from mediation.domain.imported import (
    CaseFacts,
    ImportedSession,
    MediatorFacts,
    cases_numbered,
    lock_cases,
    lock_mediators,
    mediating_agencies,
    recused,
    states_of,
    with_platform,
    write_sessions,
)
from mediation.domain.mediating import why_not_bookable
from mediation.domain.sessions import LONGEST
from mediation.enums import SessionOutcome, SessionState
from mediation.models import Mediator, Room
from registry.domain import Directory, load_calendar
from registry.domain.directory import spelling
from registry.models import Agency, Region

SIDES = tuple(side.value for side in Side if side)


@dataclass
class Shared:
    directory: Directory
    within: frozenset[int] | None
    agencies: dict[int, Agency]

    def near(self, one: int, other: int) -> bool:
        """Whether one of the two agencies is part of the other, or the same."""
        return one in self.agencies[other].ancestor_ids or other in self.agencies[one].ancestor_ids


@dataclass
class Said:
    """What a row says: the session, and by what it names case, mediator and room."""

    session: ImportedSession
    case: str
    agency_id: int
    mediator: str
    number: str
    room: str


class SessionTarget(PlainTarget):
    name = "sessions"
    fields = frozenset({
        "external_number", "case", "agency", "mediator", "mediator_number", "day", "starts", "ends", "mode", "room",
        "place", "link", "state", "outcome", "minutes", "called", "called_by", "called_at", "cancelled_at",
    })  # fmt: skip
    key_field = "external_number"
    analyzed = ("mediation_session", "mediation_attendance")
    needed = (Region, ClockRule)
    limits = {
        "external_number": 80, "case": 80, "agency": 160, "mediator": 60, "mediator_number": 40, "room": 60, "place": 200,
        "link": 300,
    }  # fmt: skip
    numbers = frozenset({"external_number", "case", "mediator_number"})
    moments = frozenset({"day", "starts", "ends", "called_at", "cancelled_at"})
    texts = frozenset({"minutes"})
    codes = {
        "mode": frozenset(MediationMode.values),
        "state": frozenset(SessionState.values),
        "outcome": frozenset(SessionOutcome.values),
        "called_by": frozenset(NoticeMeans.values),
        "called": frozenset(SIDES),
    }

    @classmethod
    def load(cls, options: Options) -> Shared:
        agencies = {agency.pk: agency for agency in Agency.objects.all()}
        return Shared(Directory.load(), reach(options.agency), agencies)

    # in a worker

    def build(self, row: PlainRow) -> Said:
        row.required("external_number", _("The row has no number, so it could not be found again."))
        row.required("case", _("The row does not say of which case the session was."))
        row.required("mediator", _("The row names no mediator."))
        starts, ends = self._times(row)
        session = ImportedSession(0, row.number("external_number"), starts, ends, row.code("mode"), row.code("state"))
        self._check_state(row, session)
        self._check_place(row, session)
        session.minutes, session.called = row["minutes"], self._called(row)
        return Said(
            session, row.number("case"), self._agency(row, starts), row["mediator"], row.number("mediator_number"),
            row["room"],
        )  # fmt: skip

    def _times(self, row: PlainRow) -> tuple[dt.datetime, dt.datetime]:
        starts, ends = (self._time(row, name) for name in ("starts", "ends"))
        if ends <= starts:
            raise row.bad("ends", "date_order", _("The session must end after it begins."))
        if ends - starts > LONGEST:
            raise row.bad("ends", "long", _("A session lasts eight hours at most. Schedule a further one."))
        return starts, ends

    def _time(self, row: PlainRow, name: str) -> dt.datetime:
        row.required(name, _("The row does not say when the session was."))
        moment = self._of_day(row, name) if row["day"] else row.moment(name, ahead=True)
        if moment is None or moment.date_only:
            raise row.bad(name, "date.no_time", _("A session needs the time of day."))
        return moment.at

    def _of_day(self, row: PlainRow, name: str) -> Moment | None:
        """A time of day on the day that stands in a column of its own."""
        day = row.day("day")
        return row.read_moment(name, f"{day} {row[name]}", ahead=True)

    def _check_state(self, row: PlainRow, session: ImportedSession) -> None:
        row.required("state", _("The row does not say whether the session was held."))
        state, session.outcome = session.state, row.code("outcome")
        if state == SessionState.HELD:
            if not session.outcome:
                raise row.bad("outcome", "outcome", _("A session that was held has an outcome."))
            if session.starts > self.now:
                raise row.bad("starts", "date.future", _("The session has not begun yet."))
        elif session.outcome:
            raise row.bad("outcome", "outcome", _("Only a session that was held has an outcome."))
        if row["cancelled_at"]:
            if state != SessionState.CANCELLED:
                raise row.bad("cancelled_at", "outcome", _("The session was not cancelled."))
            session.cancelled_at = row.moment("cancelled_at").at

    @staticmethod
    def _check_place(row: PlainRow, session: ImportedSession) -> None:
        row.required("mode", _("The row does not say whether the session was on site or remote."))
        session.place, session.link = row["place"], row["link"]
        if session.mode == MediationMode.REMOTE:
            if row["room"] or session.place:
                name = "room" if row["room"] else "place"
                raise row.bad(name, "place", _("A remote session needs neither room nor place."))
            if not session.link:
                raise row.bad("link", "place", _("Give the link or number by which the parties join."))
        elif bool(row["room"]) == bool(session.place):
            raise row.bad("place", "place", _("On site, a session has either a room or another place."))

    @staticmethod
    def _called(row: PlainRow) -> dict[str, tuple[str, dt.datetime]]:
        """Means and time of the call, by side; a time without a side means both."""
        if not (row["called"] or row["called_by"] or row["called_at"]):
            return {}
        row.required("called_at", _("The row does not say when the parties were called."))
        row.required("called_by", _("The row does not say how the parties were called."))
        call = (row.code("called_by"), row.moment("called_at").at)
        parts = split_list(row["called"].replace(",", ";").replace("，", ";"))
        return {side: call for side in ([row.code("called", part) for part in parts] or SIDES)}

    def _agency(self, row: PlainRow, starts: dt.datetime) -> int:
        written = row.required("agency", _("The row does not say of which agency the mediator is."))
        agency = self.shared.directory.agency(written, timezone.localdate(min(starts, self.now)))
        if agency is None:
            raise row.bad("agency", "agency", _("There was no agency of this code, name or alias on that day."))
        if self.shared.within is not None and agency.pk not in self.shared.within:
            raise row.bad("agency", "agency", _("This agency is not one of the importing agency's."))
        return agency.pk

    def keys(self, said: Said) -> tuple:
        number = said.session.external_number
        return (number,) if self.source.key_hash(number) in self.source.duplicate_keys else ()

    # in the main process

    def write(self, cursor, converted: ConvertedRows) -> None:
        good = Resolver(cursor, self, converted.entries).resolve(converted)
        message = _("This number stands in the file before; the first row was taken. Remove one of them.")
        self.write_firsts(
            converted, good, partial(self._write, cursor, converted), message, "external_number",
            lambda said: said.session.external_number,
        )  # fmt: skip

    def _write(self, cursor, converted: ConvertedRows, entries: list[Entry]) -> None:
        by_line = {entry.line: entry for entry in entries}
        written = write_sessions(
            cursor, [entry.item.session for entry in entries], within=self.shared.within, source=self.profile.source,
            file_id=self.file.pk, now=self.now,
        )  # fmt: skip
        foreign = _("This number bears a session of another agency. Give it one of your own, or a source of its own.")
        for line, column, rule, reason in sorted((
            *((line, "starts", "booked", reason) for line, reason in written.booked.items()),
            *((line, "external_number", "agency", foreign) for line in written.foreign),
        )):
            entry = by_line.pop(line)
            self.give_up(converted, entry, self.row(entry).bad(column, rule, reason))
        for entry in by_line.values():
            converted.control.add(kind=entry.item.session.state)
            for rule, column, value in entry.warnings:
                converted.warn(rule, column, value, entry.line)
        for session in written.differing:
            converted.warn("session", self.header("external_number"), session.external_number, session.line)
        for state, rows in states_of(cursor, written.ids).items():
            converted.stored.add(kind=state, rows=rows)
        converted.counts.update(
            created=written.created, updated=written.updated, unchanged=written.unchanged,
            differing=len(written.differing),
        )  # fmt: skip


class Resolver:
    """The cases, mediators and rooms that the rows of a chunk name; cases and mediators are locked."""

    def __init__(self, cursor, target: SessionTarget, entries: list[Entry]):
        self.target, self.shared, self.entries = target, target.shared, entries
        said = [entry.item for entry in entries]
        self.numbered = cases_numbered(cursor, list({one.case for one in said}), target.profile.reference_source)
        self.cases = lock_cases(cursor, set(self.numbered.values()))
        self.agencies = mediating_agencies(cursor, self.cases)
        self.recused, self.away = recused(cursor, set(self.cases)), with_platform(cursor, set(self.cases))
        self.mediators: dict[tuple[int, str, str], list[MediatorFacts]] = {}
        found = lock_mediators(
            cursor, {one.agency_id for one in said}, {one.mediator for one in said}, {one.number for one in said}
        )
        for mediator in found:
            for key in {(mediator.agency_id, mediator.name, ""), (mediator.agency_id, mediator.name, mediator.number)}:
                self.mediators.setdefault(key, []).append(mediator)
        self.rooms: dict[str, list[Room]] = {}
        if any(one.room for one in said):
            for room in Room.objects.order_by("pk"):
                self.rooms.setdefault(spelling(room.name), []).append(room)

    def resolve(self, converted: ConvertedRows) -> list[Entry]:
        """The rows that name what there is; the others are rejected."""
        resolved = []
        for entry in self.entries:
            try:
                self._resolve(entry)
            except RowRejected as bad:
                self.target.refuse(converted, entry, bad)
            else:
                resolved.append(entry)
        self._note_outside([entry for entry in resolved if self._is_ahead(entry.item.session)])
        return resolved

    def _is_ahead(self, session: ImportedSession) -> bool:
        return session.state == SessionState.SCHEDULED and session.starts > self.target.now

    def _note_outside(self, planned: list[Entry]) -> None:
        """What is planned is taken as the source has it; outside the mediator's hours or leave it is a warning."""
        if not planned:
            return
        rows = Mediator.objects.filter(pk__in={entry.item.session.mediator_id for entry in planned})
        mediators, calendar = rows.prefetch_related("hours", "leaves").in_bulk(), load_calendar()
        for entry in planned:
            session = entry.item.session
            reason = why_not_bookable(mediators[session.mediator_id], session.starts, session.ends, calendar)
            if reason:
                day = f"{timezone.localtime(session.starts):%Y-%m-%d %H:%M}"
                entry.warnings.append(("hours", self.target.header("starts"), f"{day} {reason}"))

    def _resolve(self, entry: Entry) -> None:
        said, row = entry.item, self.target.row(entry)
        session = said.session
        case = self._case(said, row)
        mediator = self._mediator(said, row)
        session.line, session.case_id = entry.line, case.id
        session.mediator_id, session.mediator = mediator.id, mediator.name
        session.agency_id = self._mediating(said, case, mediator, row)
        session.room_id = None
        if said.room:
            session.room_id = self._room(said)
            session.place = "" if session.room_id else said.room
            session.room = said.room if session.room_id else ""
            if session.room_id is None:
                entry.warnings.append(("room", self.target.header("room"), said.room))

    def _case(self, said: Said, row: PlainRow) -> CaseFacts:
        session, case = said.session, self.cases.get(self.numbered.get(said.case, 0))
        if case is None:
            raise row.bad("case", "case", _("There is no case of this number."))
        if case.kind != Kind.COMPLAINT:
            raise row.bad("case", "case", _("Only complaints are mediated."))
        if case.accepted_at is None:
            raise row.bad("case", "case", _("The complaint has not been accepted (Order 121, art 18)."))
        if session.starts < case.accepted_at:
            raise row.bad(
                "starts", "date_order",
                _("The session would begin before the complaint was accepted, on %(date)s.")
                % {"date": f"{timezone.localtime(case.accepted_at):%Y-%m-%d %H:%M}"},
            )  # fmt: skip
        ahead = self._is_ahead(session)
        if ahead and case.state not in MEDIATED_STATES:
            raise row.bad("case", "case", _("The mediation of this case is over: no session of it can be ahead."))
        if ahead and case.id in self.away:
            raise row.bad("case", "case", _("The complaint is with a platform of the green channel."))
        return case

    def _mediator(self, said: Said, row: PlainRow) -> MediatorFacts:
        found = self.mediators.get((said.agency_id, said.mediator, said.number), [])
        if not found:
            message = _("This agency has no mediator of this name, or none with this number. Import the mediators first.")
            raise row.bad("mediator", "mediator", message)
        if len(found) > 1:
            message = _("Several people of this agency bear the name. Give the number of the mediator.")
            raise row.bad("mediator", "namesake", message)
        if not found[0].mediates_on(timezone.localdate(said.session.starts)):
            raise row.bad("mediator", "mediator", _("This person does not mediate on that day."))
        return found[0]

    def _mediating(self, said: Said, case: CaseFacts, mediator: MediatorFacts, row: PlainRow) -> int:
        """Whose session it is: the body to which the case is entrusted then, or its custodian."""
        starts = said.session.starts
        left = self.recused.get((case.id, mediator.id))
        if left is not None and left <= starts:
            raise row.bad("mediator", "recused", _("The mediator had left this case after an application for recusal."))
        for agency_id, until in self.agencies[case.id]:
            if (until is None or starts < until) and self.shared.near(agency_id, mediator.agency_id):
                return agency_id
        message = _("The mediator's agency neither holds this case nor is it entrusted with it.")
        raise row.bad("mediator", "agency", message)

    def _room(self, said: Said) -> int | None:
        """The room of that name of the session's agency, or of one above it or below it; one in use for what is ahead."""
        session = said.session
        named = self.rooms.get(spelling(said.room), ())
        if self._is_ahead(session):
            named = [room for room in named if not room.closed]
        own = [room.pk for room in named if room.agency_id == session.agency_id]
        near = own or [room.pk for room in named if self.shared.near(room.agency_id, session.agency_id)]
        return near[0] if len(near) == 1 else None

