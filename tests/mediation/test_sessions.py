import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied

from accounts.domain import system_user
from cases.domain import consumers, perform
from cases.domain.registration import custody
from cases.enums import Outcome, State
from cases.models import Case, CaseEvent, Ground
from core.exceptions import DomainError, TransitionNotAllowed
from mediation.domain import (
    LAPSING,
    SESSION,
    Appointment,
    act_on,
    adjourn,
    ask_recusal,
    cases_of,
    lapse_sessions,
    schedule,
)
from mediation.enums import SessionOutcome, SessionState, SessionVerb
from mediation.models import Attendance, Session, SessionEvent
from tests.factories import (
    AgencyFactory,
    CaseFactory,
    EntrustmentFactory,
    LeaveFactory,
    MediatorFactory,
    PartyFactory,
    RecusalFactory,
    RoomFactory,
    SessionFactory,
    UserFactory,
    WorkingHoursFactory,
    grant,
)
from tests.factories.cases import local
from tests.mediation.conftest import HOUR, NOW, THURSDAY

pytestmark = pytest.mark.django_db
AFTER = THURSDAY + 2 * HOUR


def book(case, appointment, actor, **fields):
    return schedule(case, appointment, actor=actor, **({"now": NOW} | fields))


def refused(case, appointment, actor, words):
    with pytest.raises(DomainError, match=words):
        book(case, appointment, actor)
    assert not Session.objects.filter(case=case).exists()
    assert not SessionEvent.objects.filter(session__case=case).exists()


@pytest.fixture
def session(case, clerk, at):
    return book(case, at(), clerk)


def roll(session, complainant="present", respondent="present"):
    presences = {"complainant": complainant, "respondent": respondent}
    return {one.pk: presences[one.side] for one in session.attendances.all()}


def hold(session, actor, outcome, presences=(), **fields):
    given = {"roll": roll(session, *presences), "minutes": "双方到场，听取了意见。", "both_consent": True}
    given |= {"now": AFTER, "outcome": outcome} | fields
    return act_on(session, SessionVerb.HOLD, actor=actor, **given)


def ground(case, position):
    return Ground.objects.for_case(case, "terminate").get(position=position)


# booking


def test_a_session_is_booked_with_everyone_on_its_list(case, clerk, at, place, district):
    second = PartyFactory(case=case)

    session = book(case, at(), clerk, note="首次调解")

    stored = Session.objects.get()
    assert stored == session
    assert (stored.case, stored.agency, stored.mediator, stored.room) == (case, district, place.mediator, place.room)
    assert (stored.period.lower, stored.period.upper) == (THURSDAY, THURSDAY + HOUR)
    assert stored.state == SessionState.SCHEDULED
    assert {(one.side, one.party_id) for one in stored.attendances.all()} == {
        ("respondent", None), *(("complainant", party.pk) for party in case.parties.all()),
    }  # fmt: skip
    assert second.pk in {one.party_id for one in stored.attendances.all()}
    event = stored.events.get()
    assert (event.verb, event.before, event.after, event.actor, event.at, event.note) == (
        "schedule", "", "scheduled", clerk, NOW, "首次调解",
    )  # fmt: skip
    assert event.data["starts"] == THURSDAY.isoformat()
    case.refresh_from_db()
    assert case.state == State.ACCEPTED


def test_nobody_books_without_the_permission_or_outside_his_agency(case, at, district):
    for user in (
        UserFactory(agency=district, roles=["officer"]),
        UserFactory(agency=AgencyFactory(parent=district.parent), roles=["mediator"]),
        UserFactory(roles=["mediator"]),
    ):
        with pytest.raises(PermissionDenied):
            book(case, at(), user)
    assert not Session.objects.exists()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "must be accepted before"),
        ({"closed": True}, "is over: its state is “Closed”"),
        ({"refused": True}, "must be accepted before"),
        ({"report": True}, "Only complaints are mediated"),
    ],
)
def test_only_accepted_complaints_have_sessions(in_english, district, clerk, at, fields, words):
    refused(CaseFactory(handling=district, **fields), at(), clerk, words)


@pytest.mark.parametrize(
    ("starts", "hours", "words"),
    [
        (local(2026, 11, 3), 1, "before the complaint was accepted, on 2026-11-04 09:00"),
        (local(2026, 11, 12, 17), 1, "outside the working hours"),
        (local(2026, 11, 14), 1, "no working day"),
        (local(2026, 10, 1), 1, "before the complaint was accepted"),
        (THURSDAY, 0, "must end after it begins"),
        (THURSDAY, -1, "must end after it begins"),
        (THURSDAY, 9, "eight hours at most"),
    ],
)
def test_times_at_which_no_session_is_held(in_english, case, clerk, at, starts, hours, words):
    refused(case, at(starts, hours), clerk, words)


def test_whoever_is_on_leave_or_elsewhere_or_gone_is_not_booked(in_english, case, clerk, at, place, district):
    mediator = place.mediator
    leave = LeaveFactory(mediator=mediator)
    refused(case, at(), clerk, "is on leave from 2026-11-09 to 2026-11-13")
    leave.delete()
    WorkingHoursFactory(mediator=mediator, weekday=4)
    refused(case, at(), clerk, "outside the working hours")
    mediator.hours.all().delete()
    mediator.active_to = THURSDAY.date()
    mediator.save()
    refused(case, at(), clerk, "does not mediate for")
    other = MediatorFactory(agency=AgencyFactory(parent=district.parent))
    refused(case, at(mediator=other), clerk, "does not mediate for")


def test_mediators_of_the_agency_above_and_below_lead_sessions_too(case, clerk, at, district):
    above, below = district.parent, AgencyFactory(parent=district, station=True)
    for days, agency in enumerate((above, below)):
        starts = THURSDAY + dt.timedelta(days=days)
        assert book(case, at(starts, mediator=MediatorFactory(agency=agency)), clerk).agency == district


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"room": None}, "either a room or another place"),
        ({"place": "商场一楼"}, "either a room or another place"),
        ({"mode": "remote"}, "Give the link"),
        ({"mode": "remote", "link": "会议号 1"}, "neither room nor place"),
    ],
)
def test_where_a_session_is_held(in_english, case, clerk, at, fields, words):
    refused(case, at(**fields), clerk, words)


def test_a_room_is_one_of_the_actors_and_in_use(in_english, case, clerk, at, district):
    for room in (RoomFactory(agency=district, closed=True), RoomFactory(agency=district.parent), RoomFactory()):
        refused(case, at(room=room), clerk, "not one of your agency's")


def test_who_is_booked_stands_in_the_refusal(in_english, case, clerk, at, place, district):
    book(case, at(), clerk)
    others = [CaseFactory(handling=district, accepted=True) for _n in range(2)]
    half = THURSDAY + HOUR / 2

    refused(others[0], at(half, room=RoomFactory(agency=district)), clerk,
            f"{place.mediator} leads another session from 2026-11-12 09:00 to 2026-11-12 10:00: {place.room}.")
    refused(others[1], at(half, mediator=MediatorFactory(agency=district)), clerk,
            f"The room is taken from 2026-11-12 09:00 to 2026-11-12 10:00, by {place.mediator}")
    with pytest.raises(DomainError, match="The case has another session"):
        book(case, at(half, mediator=MediatorFactory(agency=district), room=RoomFactory(agency=district)), clerk)
    assert Session.objects.count() == 1


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ({"room": None, "place": "商场一楼"}, "商场一楼"),
        ({"room": None, "mode": "remote", "link": "会议号 1234"}, "remotely"),
    ],
)
def test_where_a_mediator_is_booked_is_told(in_english, case, clerk, at, place, district, where, words):
    book(case, at(**where), clerk)

    refused(CaseFactory(handling=district, accepted=True), at(), clerk, f"to 2026-11-12 10:00: {words}.$")


def test_sessions_may_follow_each_other_and_what_is_cancelled_is_in_nobodys_way(case, clerk, at, session):
    act_on(session, SessionVerb.CANCEL, actor=clerk, now=NOW, note="当事人申请改期")

    again = book(case, at(), clerk)

    assert book(case, at(THURSDAY + HOUR), clerk).period.lower == again.period.upper


def test_nothing_is_booked_while_a_recusal_is_undecided(in_english, case, clerk, at):
    case.pauses.create(
        reason="recusal", started_on=dt.date(2026, 11, 9), document="申请书", actor=clerk, created_at=NOW
    )
    refused(case, at(), clerk, "Mediation waits for the decision on an application for recusal")


def test_a_mediator_who_had_to_leave_the_case_is_not_booked_for_it(in_english, case, clerk, at, place):
    recusal = RecusalFactory(
        case=case, mediator=place.mediator, decision="granted", decided_at=NOW, decided_by=UserFactory()
    )
    refused(case, at(), clerk, f"{place.mediator} has left this case after an application for recusal")
    recusal.delete()
    assert book(case, at(), clerk)


# entrusted


def test_an_entrusted_case_is_mediated_by_the_council_alone(in_english, case, at, district, clerk):
    council = AgencyFactory(council=True)
    EntrustmentFactory(case=case, agency=council)
    theirs = UserFactory(agency=council, roles=["mediator"])
    appointment = at(mediator=MediatorFactory(agency=council), room=RoomFactory(agency=council))

    refused(case, at(), clerk, "does not mediate for")  # the bureau's own
    session = book(case, appointment, theirs)

    assert session.agency == council
    assert list(Session.objects.visible_to(theirs)) == [session]
    assert not Case.objects.visible_to(theirs).exists()
    hold(session, theirs, SessionOutcome.AGREEMENT)
    case.refresh_from_db()
    assert (case.state, case.outcome, case.custodian) == (State.ENDED, Outcome.AGREEMENT, district)


def test_once_the_entrustment_has_ended_the_council_has_no_access(case, at, district):
    council = AgencyFactory(council=True)
    EntrustmentFactory(
        case=case, agency=council, ended_at=NOW, ended_by=UserFactory(), ended_because="消费者撤回同意"
    )
    theirs = UserFactory(agency=council, roles=["mediator"])

    with pytest.raises(PermissionDenied):
        book(case, at(mediator=MediatorFactory(agency=council)), theirs)


# moving, calling, cancelling


def test_a_session_is_moved_and_everyone_must_be_told_again(case, clerk, at, session, place):
    chosen = list(session.attendances.all())
    act_on(session, SessionVerb.CALL, actor=clerk, now=NOW, attendances=chosen, means="phone")

    act_on(session, SessionVerb.MOVE, actor=clerk, now=NOW, appointment=at(THURSDAY + HOUR))

    session.refresh_from_db()
    assert session.period.lower == THURSDAY + HOUR
    assert set(session.attendances.values_list("means", "called_at")) == {("", None)}
    event = session.events.order_by("-pk")[0]
    assert (event.verb, event.data["from"]) == ("move", THURSDAY.isoformat())


def test_a_move_that_changes_nothing_or_meets_another_is_refused(in_english, case, clerk, at, session, district):
    with pytest.raises(DomainError, match="Nothing is different"):
        act_on(session, SessionVerb.MOVE, actor=clerk, now=NOW, appointment=at())
    other = SessionFactory(
        case=CaseFactory(handling=district, accepted=True), mediator=MediatorFactory(agency=district),
        starts=THURSDAY + 2 * HOUR,
    )  # fmt: skip
    with pytest.raises(DomainError, match=f"{other.mediator} leads another session"):
        act_on(session, SessionVerb.MOVE, actor=clerk, now=NOW,
               appointment=at(THURSDAY + 2 * HOUR, mediator=other.mediator))
    session.refresh_from_db()
    assert session.period.lower == THURSDAY
    assert session.events.count() == 1


def test_a_call_is_recorded_for_those_who_were_told(case, clerk, session):
    told = session.attendances.get(side="respondent")
    act_on(session, SessionVerb.CALL, actor=clerk, now=NOW, attendances=[told], means="letter", called_at=NOW - HOUR)

    assert {(one.side, one.means, one.called_at) for one in session.attendances.all()} == {
        ("respondent", "letter", NOW - HOUR), ("complainant", "", None),
    }  # fmt: skip
    assert session.events.order_by("-pk")[0].data["called"] == ["respondent"]


def test_a_call_of_the_future_or_of_nobody_is_refused(in_english, clerk, session):
    other = Attendance.objects.create(session=SessionFactory(), side="respondent")
    told = session.attendances.get(side="respondent")
    for given, words in (
        ({"attendances": [told], "called_at": NOW + HOUR}, "lies in the future"),
        ({"attendances": [other]}, "Choose who was called"),
    ):
        with pytest.raises(DomainError, match=words):
            act_on(session, SessionVerb.CALL, actor=clerk, now=NOW, means="phone", **given)
    assert not Attendance.objects.exclude(means="").exists()


def test_a_cancelled_session_stays_and_says_why(in_english, clerk, session):
    act_on(session, SessionVerb.CANCEL, actor=clerk, now=NOW, note="当事人申请改期")

    session.refresh_from_db()
    assert (session.state, session.cancelled_at) == (SessionState.CANCELLED, NOW)
    for verb in (SessionVerb.CANCEL, SessionVerb.HOLD, SessionVerb.MOVE, SessionVerb.CALL):
        with pytest.raises(TransitionNotAllowed, match="in the state “Cancelled”"):
            act_on(session, verb, actor=clerk, now=NOW)


# what can no longer be held


def test_what_is_ahead_lapses_once_mediation_is_over_or_elsewhere(in_english, case, clerk, at, session, place, district):
    """The mediator and the room are free again, and the event says why; what has begun, people decide on."""
    over, gone, begun, goes_on, entrusted = (
        CaseFactory(handling=district, accepted=True, accepted_at=local(2026, 11, 4)) for _n in range(5)
    )
    hours = dict(zip((over, gone, goes_on), range(1, 4), strict=True))
    ahead = {one: book(one, at(THURSDAY + hour * HOUR), clerk) for one, hour in hours.items() if hour != 3}
    ahead[goes_on] = book(goes_on, at(THURSDAY + 5 * HOUR), clerk)
    past = book(begun, at(NOW - HOUR), clerk)
    council = EntrustmentFactory(case=entrusted).agency
    kept = SessionFactory(case=entrusted, agency=council, starts=THURSDAY, mediator=MediatorFactory(agency=council))
    perform(over, "withdraw", actor=clerk, now=NOW)
    perform(begun, "withdraw", actor=clerk, now=NOW)
    neighbour = AgencyFactory(parent=district.parent)
    Case.objects.filter(pk=gone.pk).update(**custody(neighbour), handling=neighbour)
    assert set(Session.objects.stranded()) == {ahead[over], ahead[gone], past}

    for _time in range(2):
        lapse_sessions([one.pk for one in (case, over, gone, begun, goes_on, entrusted)], now=NOW)

    assert set(Session.objects.scheduled()) == {session, ahead[goes_on], past, kept}
    assert set(Session.objects.lapsed(NOW)) == {ahead[over], ahead[gone]}
    for one in (ahead[over], ahead[gone]):
        one.refresh_from_db()
        event = one.events.latest("pk")
        assert (one.cancelled_at, event.verb, event.before, event.after) == (NOW, "lapse", "scheduled", "cancelled")
        assert (event.actor, event.label) == (system_user(), "Cancelled, as its case is no longer mediated here")
    assert book(case, at(THURSDAY + HOUR), clerk).room == place.room
    with pytest.raises(DomainError, match="can still be held"):
        act_on(session, SessionVerb.LAPSE, actor=clerk, now=NOW)
    assert LAPSING in consumers()


def test_a_session_whose_case_has_gone_elsewhere_is_cancelled_by_its_own_mediators_alone(
    in_english, case, clerk, session, at, district
):  # fmt: skip
    neighbour = AgencyFactory(parent=district.parent)
    Case.objects.filter(pk=case.pk).update(**custody(neighbour), handling=neighbour)
    session = Session.objects.with_stranded().get(pk=session.pk)

    assert session.stranded
    assert [step.verb for step in SESSION.available(session, clerk)] == [SessionVerb.CANCEL]
    for verb, given in ((SessionVerb.HOLD, {}), (SessionVerb.MOVE, {"appointment": at(THURSDAY + HOUR)})):
        with pytest.raises(PermissionDenied):
            act_on(session, verb, actor=clerk, now=AFTER, **given)
    with pytest.raises(PermissionDenied):
        act_on(session, SessionVerb.CANCEL, actor=UserFactory(agency=neighbour, roles=["mediator"]), now=NOW, note="移送")

    act_on(session, SessionVerb.CANCEL, actor=clerk, now=NOW, note="案件已移送其他机构")

    assert Session.objects.get().state == SessionState.CANCELLED


# what comes of it


@pytest.mark.parametrize(
    ("outcome", "presences", "case_outcome"),
    [
        ("agreement", ("present", "remote"), Outcome.AGREEMENT),
        ("settled", ("present", "present"), Outcome.SETTLED),
        ("withdrawn", ("present", "absent"), Outcome.WITHDRAWN),
    ],
)
def test_what_comes_of_a_session_moves_the_case(case, clerk, session, outcome, presences, case_outcome):
    event = hold(session, clerk, outcome, presences)

    case.refresh_from_db()
    session.refresh_from_db()
    assert (case.state, case.outcome, case.ended_at) == (State.ENDED, case_outcome, AFTER)
    assert (session.state, session.outcome, session.held_at) == (SessionState.HELD, outcome, AFTER)
    assert session.minutes == "双方到场，听取了意见。"
    done = list(case.events.order_by("pk"))
    assert [one.verb for one in done[:1]] == ["mediate"]
    assert {one.actor for one in done} == {clerk}
    assert event.data == {"outcome": outcome, "case_event": done[-1].pk}


@pytest.mark.parametrize(("outcome", "presences", "position"), [
    ("failed", ("present", "present"), 3), ("absent", ("present", "absent"), 2),
])  # fmt: skip
def test_a_session_without_agreement_gives_the_legal_ground(case, clerk, session, outcome, presences, position):
    hold(session, clerk, outcome, presences, ground=ground(case, position))

    case.refresh_from_db()
    assert (case.outcome, case.ground) == (Outcome.FAILED, ground(case, position).code)


@pytest.mark.parametrize(
    ("outcome", "presences", "position", "state", "case_outcome", "verbs"),
    [
        ("absent", ("present", "absent"), 2, State.ENDED, Outcome.FAILED, ["fail"]),
        ("failed", ("present", "present"), 3, State.ENDED, Outcome.FAILED, ["fail"]),
        ("withdrawn", ("present", "absent"), None, State.ENDED, Outcome.WITHDRAWN, ["withdraw"]),
        ("settled", ("present", "present"), None, State.ENDED, Outcome.SETTLED, ["settle"]),
        ("adjourned", ("present", "excused"), None, State.ACCEPTED, "", []),
    ],
)
def test_a_consent_that_nobody_gave_is_not_recorded(
    case, clerk, session, outcome, presences, position, state, case_outcome, verbs
):  # fmt: skip
    given = {"ground": ground(case, position)} if position else {}

    hold(session, clerk, outcome, presences, both_consent=False, **given)

    case.refresh_from_db()
    session.refresh_from_db()
    assert (session.state, session.outcome, case.state, case.outcome) == (SessionState.HELD, outcome, state, case_outcome)
    assert [event.verb for event in case.events.order_by("pk")] == verbs


def test_a_session_adjourned_without_consent_is_followed_by_one_that_begins_mediation(case, clerk, session, at):
    following = adjourn(
        session, at(THURSDAY + dt.timedelta(days=1)), actor=clerk, now=AFTER, roll=roll(session, "excused"),
        minutes="消费者请求改期。",
    )  # fmt: skip
    hold(following, clerk, "agreement", now=AFTER + dt.timedelta(days=1))

    case.refresh_from_db()
    assert case.outcome == Outcome.AGREEMENT
    assert [event.verb for event in case.events.order_by("pk")] == ["mediate", "agree"]
    assert case.events.order_by("pk")[0].at == AFTER + dt.timedelta(days=1)


def test_a_case_in_mediation_is_asked_for_no_second_consent(case, clerk, session):
    perform(case, "mediate", actor=clerk, now=NOW, mode="on_site", both_consent=True)

    hold(session, clerk, "agreement", both_consent=False)

    case.refresh_from_db()
    assert case.outcome == Outcome.AGREEMENT
    assert case.events.filter(verb="mediate").count() == 1


def test_an_adjourned_session_leaves_the_case_and_books_the_next(case, clerk, session, at):
    following = adjourn(
        session, at(THURSDAY + dt.timedelta(days=1)), actor=clerk, now=AFTER, roll=roll(session, "excused"),
        minutes="补充检测报告后再议。", both_consent=True,
    )  # fmt: skip

    case.refresh_from_db()
    session.refresh_from_db()
    assert (case.state, case.outcome) == (State.MEDIATING, "")
    assert (session.outcome, session.following) == (SessionOutcome.ADJOURNED, following)
    assert following.preceding == session


def test_where_the_next_session_cannot_be_booked_nothing_is_recorded(in_english, case, clerk, session, at):
    with pytest.raises(DomainError, match="no working day"):
        adjourn(session, at(local(2026, 11, 14)), actor=clerk, now=AFTER, roll=roll(session), minutes="改日再议。",
                both_consent=True)

    session.refresh_from_db()
    case.refresh_from_db()
    assert (session.state, case.state, Session.objects.count()) == (SessionState.SCHEDULED, State.ACCEPTED, 1)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"now": THURSDAY - HOUR}, "has not begun yet"),
        ({"outcome": "won"}, "Choose what came"),
        ({"minutes": " "}, "Missing: minutes"),
        ({"roll": {}}, "Call the roll"),
        ({"both_consent": False}, "Mediation begins when both parties consent"),
        ({"outcome": "failed"}, "ground"),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_written(in_english, case, clerk, session, fields, words):
    given = {"outcome": "agreement"} | fields
    with pytest.raises(DomainError, match=words):
        hold(session, clerk, given.pop("outcome"), **given)

    session.refresh_from_db()
    case.refresh_from_db()
    assert (session.state, session.minutes, case.state) == (SessionState.SCHEDULED, "", State.ACCEPTED)
    assert set(session.attendances.values_list("presence", flat=True)) == {""}
    assert session.events.count() == 1
    assert not CaseEvent.objects.exists()


@pytest.mark.parametrize(
    ("outcome", "presences", "words"),
    [
        ("agreement", ("present", "absent"), "only where both sides are present"),
        ("settled", ("excused", "present"), "only where both sides are present"),
        ("absent", ("present", "excused"), "Nobody is marked as absent"),
    ],
)
def test_an_outcome_fits_to_the_roll(in_english, case, clerk, session, outcome, presences, words):
    with pytest.raises(DomainError, match=words):
        hold(session, clerk, outcome, presences, ground=ground(case, 2))
    session.refresh_from_db()
    assert session.outcome == ""


def test_a_joint_complaint_is_settled_with_the_consent_of_all(in_english, case, clerk, at):
    PartyFactory(case=case)
    session = book(case, at(), clerk)

    with pytest.raises(DomainError, match="joint complaint"):
        hold(session, clerk, "agreement")
    hold(session, clerk, "agreement", represented_agree=True)

    case.refresh_from_db()
    assert case.outcome == Outcome.AGREEMENT


def test_no_outcome_is_recorded_on_a_case_that_is_over(in_english, case, clerk, session):
    Case.objects.filter(pk=case.pk).update(state=State.CLOSED, outcome=Outcome.SETTLED, closed_at=AFTER)

    with pytest.raises(TransitionNotAllowed, match="is over: its state is “Closed”"):
        hold(session, clerk, "agreement")

    session.refresh_from_db()
    assert session.state == SessionState.SCHEDULED


def test_minutes_are_added_to_and_never_changed(clerk, session):
    hold(session, clerk, "agreement")
    act_on(session, SessionVerb.ADD_MINUTES, actor=clerk, now=AFTER + HOUR, text="更正：退款于三日内支付。")

    session.refresh_from_db()
    assert session.minutes == "双方到场，听取了意见。\n\n[2026-11-12 12:00] 更正：退款于三日内支付。"
    assert "退款" not in str(session.events.order_by("-pk")[0].data)


def test_an_act_needs_its_permission_and_the_session_in_sight(case, session, district):
    reader = UserFactory(agency=district)
    grant(reader, "view_case")
    neighbour = UserFactory(agency=AgencyFactory(parent=district.parent), roles=["mediator"])
    for user in (reader, neighbour):
        with pytest.raises(PermissionDenied):
            act_on(session, SessionVerb.CANCEL, actor=user, now=NOW, note="改期")
    session.refresh_from_db()
    assert session.state == SessionState.SCHEDULED


# led for another agency


@pytest.fixture
def lent(case, district):
    """A session of the district's case, in its room, that the mediator of a station below leads; and his account."""
    station = AgencyFactory(parent=district)
    leader = UserFactory(agency=station, roles=["mediator"])
    session = SessionFactory(
        case=case, mediator=MediatorFactory(agency=station, user=leader), mode="on_site", link="",
        room=RoomFactory(agency=district), starts=THURSDAY,
    )  # fmt: skip
    for party in (None, *case.parties.all()):
        session.attendances.create(side="complainant" if party else "respondent", party=party)
    return session


def test_who_leads_a_session_for_an_agency_above_sees_it_and_does_all_of_it(case, lent, district):
    leader = lent.mediator.user
    colleague = UserFactory(agency=leader.agency, roles=["mediator"])
    assert list(Session.objects.visible_to(leader)) == [lent]
    assert not Session.objects.visible_to(colleague).exists()
    assert not Case.objects.visible_to(leader).exists()
    assert not cases_of(leader).exists()  # of the case nothing but the session

    act_on(lent, SessionVerb.CALL, actor=leader, now=NOW, attendances=list(lent.attendances.all()), means="phone")
    moved = Appointment(lent.mediator, THURSDAY + HOUR, THURSDAY + 2 * HOUR, "on_site", lent.room)
    act_on(lent, SessionVerb.MOVE, actor=leader, now=NOW, appointment=moved)
    next_day = moved._replace(starts=THURSDAY + dt.timedelta(days=1), ends=THURSDAY + dt.timedelta(days=1) + HOUR)
    following = adjourn(lent, next_day, actor=leader, now=AFTER, roll=roll(lent), minutes="改日再议。", both_consent=True)
    assert (following.agency, following.room, following.mediator) == (district, lent.room, lent.mediator)
    hold(following, leader, "agreement", now=AFTER + dt.timedelta(days=1))

    case.refresh_from_db()
    assert (case.outcome, case.custodian) == (Outcome.AGREEMENT, district)
    act_on(following, SessionVerb.ADD_MINUTES, actor=leader, now=AFTER + dt.timedelta(days=1), text="更正")


def test_who_leads_one_session_of_a_case_books_no_other(case, lent, at):
    leader = lent.mediator.user
    with pytest.raises(PermissionDenied):
        book(case, at(THURSDAY + 3 * HOUR), leader)
    with pytest.raises(PermissionDenied):
        ask_recusal(case, lent.mediator, side="mediator", reason="与被投诉人有亲属关系", actor=leader, now=NOW)
    assert Session.objects.count() == 1


def test_who_no_longer_leads_a_session_sees_it_no_more(case, clerk, lent, at, place):
    leader = lent.mediator.user
    act_on(lent, SessionVerb.MOVE, actor=clerk, now=NOW, appointment=at(room=lent.room))

    assert not Session.objects.visible_to(leader).exists()
    with pytest.raises(PermissionDenied):
        hold(lent, leader, "agreement")
    assert Session.objects.get().mediator == place.mediator


def test_who_leads_a_session_of_a_case_that_went_elsewhere_only_cancels_it(case, lent, district):
    leader, neighbour = lent.mediator.user, AgencyFactory(parent=district.parent)
    Case.objects.filter(pk=case.pk).update(**custody(neighbour), handling=neighbour)

    with pytest.raises(PermissionDenied):
        hold(lent, leader, "agreement")
    act_on(lent, SessionVerb.CANCEL, actor=leader, now=NOW, note="案件已移送其他机构")

    assert Session.objects.get().state == SessionState.CANCELLED


def test_what_one_leads_is_seen_by_those_alone_who_see_sessions(lent):
    leader = lent.mediator.user
    leader.groups.clear()
    leader = type(leader).objects.get(pk=leader.pk)

    assert not Session.objects.visible_to(leader).exists()
