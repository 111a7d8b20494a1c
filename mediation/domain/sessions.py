"""Sessions: scheduled, moved, called, cancelled, held. What comes of one moves its case by an act of the case.

Every function locks the case first and the session after it, so that two at work on one case never wait for each other.
Sources: Order 121 arts 18 to 24.
"""

import datetime as dt
from typing import NamedTuple

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.domain import system_user
from cases.domain import issuing, perform
from cases.domain.acts import WORKFLOWS, not_with_platform
from cases.enums import MEDIATED_STATES, Kind, MediationMode, PartyRole, PauseReason, Side, State, Verb
from cases.models import Case
from cases.official_forms import ISSUE
from core.exceptions import DomainError
from core.refusals import refusal
from core.workflow import Act, Transition, Workflow
from mediation.domain.mediating import (
    cases_for,
    cases_of,
    left_words,
    mediating_agency,
    mediators_of,
    who_left,
    why_not_bookable,
)
from mediation.domain.papers import issue_notice, issue_record
from mediation.enums import Presence, RecusalDecision, SessionOutcome, SessionState, SessionVerb
from mediation.models import Attendance, Mediator, Room, Session
from registry.domain import load_calendar

ADD, CHANGE = "mediation.add_session", "mediation.change_session"
LAPSING = "sessions"  # the name of the consumer
LONGEST = dt.timedelta(hours=8)
HERE = (Presence.PRESENT, Presence.REMOTE)
# what a session that ends the dispute does to its case
ACT_OF = {
    SessionOutcome.AGREEMENT: Verb.AGREE, SessionOutcome.SETTLED: Verb.SETTLE,
    SessionOutcome.WITHDRAWN: Verb.WITHDRAW, SessionOutcome.FAILED: Verb.FAIL, SessionOutcome.ABSENT: Verb.FAIL,
}  # fmt: skip
WITH_GROUND = (SessionOutcome.FAILED, SessionOutcome.ABSENT)
UNCONSENTED = gettext_lazy(
    "Mediation begins when both parties consent to it (Order 121, art 18). Without that nothing can be agreed in it."
)
SUSPENDED = gettext_lazy("Mediation waits for the decision on an application for recusal (Order 121, art 21).")
BY_BOTH = (SessionOutcome.AGREEMENT, SessionOutcome.SETTLED)


class Appointment(NamedTuple):
    """Who, when and where: aware times; on site a room or another place, remotely a link or number."""

    mediator: Mediator
    starts: dt.datetime
    ends: dt.datetime
    mode: str
    room: Room | None = None
    place: str = ""
    link: str = ""


def schedule(case: Case, appointment: Appointment, *, actor, now: dt.datetime | None = None, note: str = "") -> Session:
    """Book a session of an accepted complaint, with all its parties on the list of those to be called.

    Raises PermissionDenied, and DomainError where the law or somebody's time is in the way: nothing is booked then.
    """
    with transaction.atomic():
        case = lock_case(case, actor, ADD)
        return _booked(case, appointment, actor=actor, now=now or timezone.now(), note=note)


def _booked(case: Case, appointment: Appointment, *, actor, now, note: str = "", kept: Room | None = None) -> Session:
    """A new session of the locked case. `kept`: the room of the one that it follows."""
    check_appointment(case, appointment, actor, kept=kept)
    session = _saved(_placed(Session(case=case, agency=mediating_agency(case)), appointment))
    Attendance.objects.bulk_create(
        [Attendance(session=session, side=Side.RESPONDENT)]
        + [
            Attendance(session=session, side=Side.COMPLAINANT, party=party)
            for party in case.parties.exclude(role=PartyRole.REPORTER).order_by("pk")
        ]
    )
    session.events.create(
        verb=SessionVerb.SCHEDULE, before="", after=session.state, actor=actor, at=now, note=note,
        data=_told(appointment),
    )  # fmt: skip
    return session


def lock_case(case: Case, actor, permission: str, among=None) -> Case:
    """The case, locked, for someone who may work on its mediation; `among`: for whom it is one of these. Raises
    PermissionDenied."""
    if not actor.has_perm(permission):
        raise PermissionDenied
    rows = cases_of(actor) if among is None else among
    locked = rows.select_for_update(of=("self",)).filter(pk=case.pk).first()
    if locked is None:
        raise PermissionDenied
    return locked


def check_appointment(case: Case, appointment: Appointment, actor, *, kept: Room | None = None) -> None:
    """Raises DomainError where a session of `case` cannot be held so; whether others are booked, the database says.
    `kept`: a room that the session has already, which may be another agency's."""
    mediator, starts, ends = appointment.mediator, appointment.starts, appointment.ends
    if case.kind != Kind.COMPLAINT:
        raise DomainError(_("Only complaints are mediated."))
    if case.accepted_at is None:
        raise DomainError(_("The complaint must be accepted before a session is scheduled (Order 121, art 18)."))
    if case.state not in MEDIATED_STATES:
        raise DomainError(
            _("The mediation of this case is over: its state is “%(state)s”.") % {"state": case.get_state_display()}
        )
    check_here(case, actor)
    if is_suspended(case):
        raise DomainError(str(SUSPENDED))
    if ends <= starts:
        raise DomainError(_("The session must end after it begins."))
    if ends - starts > LONGEST:
        raise DomainError(_("A session lasts eight hours at most. Schedule a further one."))
    if starts < case.accepted_at:
        raise DomainError(
            _("The session would begin before the complaint was accepted, on %(date)s.")
            % {"date": f"{timezone.localtime(case.accepted_at):%Y-%m-%d %H:%M}"}
        )
    if mediator.pk in who_left(case):
        raise DomainError(left_words(mediator))
    if not mediators_of(case, timezone.localdate(starts)).filter(pk=mediator.pk).exists():
        raise DomainError(
            _("%(mediator)s does not mediate for %(agency)s on that day.")
            % {"mediator": mediator, "agency": mediating_agency(case)}
        )
    if reason := why_not_bookable(mediator, starts, ends, load_calendar()):
        raise DomainError(reason)
    _check_place(appointment, actor, kept)


def check_here(case: Case, actor) -> None:
    """Raises DomainError while a platform of the green channel has the complaint."""
    if reason := not_with_platform(case, actor):
        raise DomainError(reason)


def is_suspended(case: Case) -> bool:
    """Whether mediation waits for a decision on recusal, recorded here or on the page of the case."""
    pending = case.recusals.filter(decision=RecusalDecision.PENDING)
    return pending.exists() or case.pauses.filter(reason=PauseReason.RECUSAL, ended_on__isnull=True).exists()


def _check_place(appointment: Appointment, actor, kept: Room | None) -> None:
    room = appointment.room
    if appointment.mode == MediationMode.REMOTE:
        if not appointment.link:
            raise DomainError(_("Give the link or number by which the parties join."))
        if room or appointment.place:
            raise DomainError(_("A remote session needs neither room nor place."))
    elif bool(room) == bool(appointment.place):
        raise DomainError(_("On site, a session has either a room or another place."))
    own = room and (room == kept or Room.objects.visible_to(actor).filter(pk=room.pk).exists())
    if room and (room.closed or not own):
        raise DomainError(_("This room is not one of your agency's, or is no longer used."))


def _placed(session: Session, appointment: Appointment) -> Session:
    session.mediator, session.mode = appointment.mediator, appointment.mode
    session.room, session.place, session.link = appointment.room, appointment.place, appointment.link
    session.period = DateTimeTZRange(appointment.starts, appointment.ends, "[)")
    return session


def _saved(session: Session) -> Session:
    """Written, or refused with who is booked then. Whoever books the same person or room waits for the other first: two
    that check an exclusion constraint against each other would else end in a deadlock."""
    list(Mediator.objects.select_for_update(no_key=True).filter(pk=session.mediator_id).values_list("pk"))
    list(Room.objects.select_for_update(no_key=True).filter(pk=session.room_id).values_list("pk"))
    try:
        with transaction.atomic():
            session.save()
    except IntegrityError as error:
        raise DomainError(_who_is_booked(session) or refusal(error)) from error
    return session


BOOKED = {
    "mediator": gettext_lazy("%(who)s leads another session from %(from)s to %(to)s: %(where)s."),
    "room": gettext_lazy("The room is taken from %(from)s to %(to)s, by %(who)s."),
    "case": gettext_lazy("The case has another session from %(from)s to %(to)s, with %(who)s."),
}


def booked_words(what: str, who, starts: dt.datetime, ends: dt.datetime, where: str) -> str:
    """That `what` (mediator, room or case) is booked then, for a session that `who` leads. See `where_in_words`."""
    first, last = (f"{timezone.localtime(when):%Y-%m-%d %H:%M}" for when in (starts, ends))
    return BOOKED[what] % {"who": who, "from": first, "to": last, "where": where}


def where_in_words(room: str, place: str) -> str:
    """Where a session is: the name of its room, another place, or remotely. How to join is for the parties alone."""
    return room or place or _("remotely")


def taken_by(what: str, session: Session) -> str:
    """That `what` (mediator, room or case) is booked for `session`."""
    where = where_in_words(session.room.name if session.room else "", session.place)
    return booked_words(what, session.mediator, session.period.lower, session.period.upper, where)


def _who_is_booked(session: Session) -> str:
    """Which session takes the mediator or the room at that time, as far as it stands."""
    others = Session.objects.standing().filter(period__overlap=session.period).exclude(pk=session.pk)
    for what, found in (
        ("mediator", others.filter(mediator=session.mediator)),
        ("room", others.filter(room=session.room) if session.room else others.none()),
        ("case", others.filter(case=session.case)),
    ):
        if other := found.select_related("mediator", "room").first():
            return taken_by(what, other)
    return ""


def _told(appointment: Appointment) -> dict:
    """What the event keeps: how to join is for the parties alone."""
    return {
        "mediator": appointment.mediator.pk, "starts": appointment.starts.isoformat(),
        "ends": appointment.ends.isoformat(), "mode": appointment.mode,
        "room": appointment.room.pk if appointment.room else None,
    }  # fmt: skip


# ---- guards and effects


def _case_goes_on(session, user) -> str:
    case = session.case
    if case.state not in MEDIATED_STATES:
        return _("The mediation of this case is over: its state is “%(state)s”.") % {"state": case.get_state_display()}
    if session.agency_id != case.custodian_id and _is_stranded(session):
        return _("The case has gone to another agency, whose mediators lead its sessions.")
    return ""


def _is_stranded(session) -> bool:
    """As it was read with the session for a page; a row that is locked for an act is asked for anew."""
    known = vars(session).get("stranded")
    return Session.objects.stranded().filter(pk=session.pk).exists() if known is None else known


def _goes_on_nowhere(session, user) -> str:
    return "" if _is_stranded(session) else _("The session can still be held.")


def _move(act: Act) -> None:
    appointment = act.data.pop("appointment")
    session = act.obj
    check_appointment(session.case, appointment, act.actor, kept=session.room)
    if all(getattr(session, name) == value for name, value in _fields(appointment).items()):
        raise DomainError(_("Nothing is different from what is booked."))
    act.facts |= {"from": timezone.localtime(session.period.lower).isoformat(), **_told(appointment)}
    _saved(_placed(session, appointment))
    # who was told of another time has to be told again
    session.attendances.update(means="", called_at=None)


def _fields(appointment: Appointment) -> dict:
    return {
        "mediator": appointment.mediator, "mode": appointment.mode, "room": appointment.room,
        "place": appointment.place, "link": appointment.link,
        "period": DateTimeTZRange(appointment.starts, appointment.ends, "[)"),
    }  # fmt: skip


def _call(act: Act) -> None:
    """Someone was told of the session: on site, of its time, place and mediator (Order 121 art 20)."""
    called_at = act.data.get("called_at") or act.now
    if called_at > act.now:
        raise DomainError(_("The time of the call lies in the future."))
    chosen = act.obj.attendances.filter(pk__in=[one.pk for one in act.data.pop("attendances")])
    if not chosen.update(means=act.data["means"], called_at=called_at):
        raise DomainError(_("Choose who was called."))
    act.facts["called"] = list(chosen.values_list("side", flat=True))


def _hold(act: Act) -> None:
    """The roll call, the minutes and what came of it; then the act on the case that follows. Mediation begins with the
    consent of both parties: of a first session to which one did not come, or that came to nothing, none is on record."""
    session, outcome = act.obj, act.data["outcome"]
    if session.period.lower > act.now:
        raise DomainError(_("The session has not begun yet."))
    if is_suspended(session.case):
        raise DomainError(str(SUSPENDED))
    if session.mediator_id in who_left(session.case):
        raise DomainError(
            _("%(mediator)s has left this case. Move the session to another mediator first.")
            % {"mediator": session.mediator}
        )
    if outcome not in SessionOutcome.values:
        raise DomainError(_("Choose what came of the session."))
    present = _roll(session, act.data.pop("roll"))
    _check_present(outcome, present)
    act.changes |= {"minutes": act.data.pop("minutes"), "outcome": outcome, "held_at": act.now}
    consent, ground = act.data.pop("both_consent", False), act.data.pop("ground", None)
    agreed, case, rows = act.data.pop("represented_agree", False), session.case, cases_for(session, act.actor)
    if needs_consent(case, outcome) and not consent:
        raise DomainError(str(UNCONSENTED))
    if case.state == State.ACCEPTED and consent:
        given = {"mode": session.mode, "both_consent": consent}
        perform(case, Verb.MEDIATE, actor=act.actor, now=act.now, among=rows, **given)
    if verb := ACT_OF.get(outcome):
        given = {"ground": ground} if outcome in WITH_GROUND else {"represented_agree": agreed}
        event = perform(case, verb, actor=act.actor, now=act.now, among=rows, **given)
        act.facts["case_event"] = event.pk


def needs_consent(case: Case, outcome: str) -> bool:
    """Whether `outcome` can be recorded only once mediation has begun, and it has not."""
    verb = ACT_OF.get(outcome)
    return case.state == State.ACCEPTED and verb is not None and State.ACCEPTED not in WORKFLOWS[case.kind][verb].sources


def _roll(session: Session, roll: dict[int, str]) -> dict[str, set[str]]:
    """Write who came; the presences found on each side."""
    found: dict[str, set[str]] = {Side.COMPLAINANT: set(), Side.RESPONDENT: set()}
    for attendance in session.attendances.select_for_update():
        presence = roll.get(attendance.pk, attendance.presence)
        if presence not in Presence.values or not presence:
            raise DomainError(_("Call the roll: say of everyone who was called whether he came."))
        attendance.presence = presence
        attendance.save(update_fields=["presence"])
        found[attendance.side].add(presence)
    return found


def _check_present(outcome: str, present: dict[str, set[str]]) -> None:
    here = all(found & set(HERE) for found in present.values())
    if outcome in BY_BOTH and not here:
        raise DomainError(_("The parties agree only where both sides are present."))
    if outcome == SessionOutcome.ABSENT and not any(Presence.ABSENT in found for found in present.values()):
        raise DomainError(_("Nobody is marked as absent without good reason."))


def _add_minutes(act: Act) -> None:
    """What is remembered later is added; what was written first stays."""
    stamp = timezone.localtime(act.now).strftime("%Y-%m-%d %H:%M")
    act.changes["minutes"] = f"{act.obj.minutes}\n\n[{stamp}] {act.data.pop('text')}".strip()


SESSION = Workflow(
    Transition(SessionVerb.MOVE, gettext_lazy("Move"), (SessionState.SCHEDULED,), None, CHANGE, ("appointment",),
               guard=_case_goes_on, effect=_move),
    Transition(SessionVerb.CALL, gettext_lazy("Record a call"), (SessionState.SCHEDULED,), None, CHANGE,
               ("attendances", "means"), ("called_at", "note"), guard=_case_goes_on, effect=_call),
    Transition(SessionVerb.HOLD, gettext_lazy("Record the outcome"), (SessionState.SCHEDULED,), SessionState.HELD,
               CHANGE, ("outcome", "roll", "minutes"), ("ground", "both_consent", "represented_agree", "note"),
               guard=_case_goes_on, effect=_hold),
    Transition(SessionVerb.CANCEL, gettext_lazy("Cancel the session"), (SessionState.SCHEDULED,),
               SessionState.CANCELLED, CHANGE, ("note",), (), stamps=("cancelled_at",), grave=True),
    Transition(SessionVerb.LAPSE, gettext_lazy("Can no longer be held"), (SessionState.SCHEDULED,),
               SessionState.CANCELLED, None, (), (), stamps=("cancelled_at",), guard=_goes_on_nowhere),
    Transition(SessionVerb.ADD_MINUTES, gettext_lazy("Add to the minutes"), (SessionState.HELD,), None, CHANGE,
               ("text",), (), effect=_add_minutes),
    Transition(SessionVerb.NOTICE, gettext_lazy("Make out a notice"), (SessionState.SCHEDULED,), None, ISSUE,
               ("side", "contact_phone", "recusal_days"), ("bring",), guard=_case_goes_on, effect=issue_notice),
    Transition(SessionVerb.RECORD, gettext_lazy("Make out the record"), (SessionState.HELD,), None, ISSUE, (), (),
               effect=issue_record),
)  # fmt: skip


def act_on(session: Session, verb: str, *, actor, now: dt.datetime | None = None, seen: int | None = None, **data):
    """Do `verb` to `session`; returns the event. One's own session is cancelled also when its case has gone elsewhere,
    and whoever leads one does all that belongs to it, though the case is another agency's.
    See core.workflow.Workflow.apply for what is checked and raised."""
    with issuing(session.case, actor):
        among = Case.objects.filter(pk=session.case_id) if verb == SessionVerb.CANCEL else cases_for(session, actor)
        lock_case(session.case, actor, (SESSION[verb].permission or CHANGE) if verb in SESSION else CHANGE, among)
        return SESSION.apply(session, verb, actor=actor, now=now, seen=seen, **data)


def lapse_sessions(case_ids: list[int], *, now: dt.datetime | None = None) -> None:
    """Of these cases, cancel what is ahead and can no longer be held, so that nobody waits and no room is kept. What has
    begun may have taken place, whatever became of the case meanwhile: people say what it was. Follows the change feed of
    cases (`cases.domain.register_consumer`)."""
    now, actor = now or timezone.now(), system_user()
    rows = Session.objects.stranded().filter(case__in=case_ids, period__startswith__gt=now)
    for pk, case_id in list(rows.order_by("case", "pk").values_list("pk", "case")):
        Case.objects.select_for_update(of=("self",)).get(pk=case_id)
        if session := rows.filter(pk=pk).first():  # whoever was at work may have cancelled it, or gone on
            SESSION.apply(session, SessionVerb.LAPSE, actor=actor, now=now, among=Session.objects.filter(pk=pk))


def adjourn(session: Session, appointment: Appointment, *, actor, now: dt.datetime | None = None, **data) -> Session:
    """Record that `session` was adjourned, and book the one that follows it. Returns the latter."""
    with transaction.atomic():
        act_on(session, SessionVerb.HOLD, actor=actor, now=now, outcome=SessionOutcome.ADJOURNED, **data)
        case = lock_case(session.case, actor, ADD, cases_for(session, actor))
        following = _booked(case, appointment, actor=actor, now=now or timezone.now(), kept=session.room)
        Session.objects.filter(pk=session.pk).update(following=following)
    session.following = following
    return following
