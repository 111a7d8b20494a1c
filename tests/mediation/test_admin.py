"""The mediators' pages in the administration: what they show, what they write, and what they say where it is refused."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases.enums import Outcome, State
from cases.models import Ground
from mediation import querysets
from mediation.domain import lapse_sessions, schedule
from mediation.enums import SessionOutcome, SessionState
from mediation.models import Entrustment, Mediator, Recusal, Room, Session
from registry.domain import load_calendar
from tests.factories import (
    AgencyFactory,
    CaseFactory,
    ClockFactory,
    EntrustmentFactory,
    LeaveFactory,
    MediatorFactory,
    RecusalFactory,
    RoomFactory,
    SessionFactory,
    UserFactory,
    WorkingHoursFactory,
)
from tests.factories.cases import local
from tests.mediation.conftest import HOUR, NOW, THURSDAY

pytestmark = pytest.mark.django_db
ADD = "/admin/mediation/session/add/"


@pytest.fixture
def desk(client, clerk):
    """The client of the mediator's account, in English."""
    client.force_login(clerk)
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def head(client, district):
    """The head of the unit, signed in, in English."""
    user = UserFactory(agency=district, roles=["approver"])
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return user


def entered(case, place, **fields):
    return {
        "number": case.number, "day": "2026-11-12", "starts": "09:00", "ends": "10:00", "mode": "on_site",
        "room": place.room.pk, "mediator": place.mediator.pk,
    } | fields  # fmt: skip


def errors(response) -> list[str]:
    shown = response.context_data
    form = shown["adminform"].form if "adminform" in shown else shown["form"]
    return [str(message) for messages in form.errors.values() for message in messages]


def formset(name: str) -> dict:
    return {f"{name}-{part}": 0 for part in ("TOTAL_FORMS", "INITIAL_FORMS")}


INLINES = formset("attendances") | formset("events")


# sessions


def test_a_mediator_books_a_session(desk, clerk, case, place):
    response = desk.post(ADD, entered(case, place, note="首次调解"))

    session = Session.objects.get()
    assert response.status_code == 302
    assert (session.case, session.mediator, session.room, session.period.lower) == (
        case, place.mediator, place.room, THURSDAY,
    )  # fmt: skip
    assert session.events.get().actor == clerk
    assert session.attendances.count() == 2


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"starts": "07:00", "ends": "08:00"}, "outside the working hours"),
        ({"day": "2026-11-14"}, "no working day"),
        ({"ends": "09:00"}, "must end after it begins"),
        ({"number": "2026-99999999"}, "No case that you may mediate"),
        ({"room": ""}, "either a room or another place"),
        ({"day": "12.11.2026"}, "Enter a valid date"),
    ],
)
def test_what_is_refused_stands_above_the_form_and_nothing_is_lost(desk, case, place, fields, words):
    response = desk.post(ADD, entered(case, place, **fields))

    assert response.status_code == 200
    assert [message for message in errors(response) if words in message], errors(response)
    assert f'value="{case.number}"' in response.content.decode() or "number" in fields
    assert not Session.objects.exists()


def test_who_is_booked_at_that_time_is_told(desk, case, place, district):
    SessionFactory(case=CaseFactory(handling=district, accepted=True), mediator=place.mediator, starts=THURSDAY)

    response = desk.post(ADD, entered(case, place, starts="09:30", ends="10:30"))

    (words,) = errors(response)
    assert words == f"{place.mediator} leads another session from 2026-11-12 09:00 to 2026-11-12 10:00: remotely."
    assert Session.objects.count() == 1


def test_suggestions_stand_beside_the_form(desk, case, place):
    away = MediatorFactory(agency=case.custodian, languages=["wuu", "csl"])
    LeaveFactory(mediator=away)

    query = {"number": case.number, "day": "2026-11-12", "starts": "09:00", "ends": "10:00"}
    html = desk.get(ADD, query).content.decode()

    assert "Mediators for this time" in html
    assert html.index(str(place.mediator)) < html.index(str(away))
    assert f"{away} is on leave from 2026-11-09 to 2026-11-13." in html
    spoken = "Wu dialect, Chinese Sign Language"  # what nobody can match with a case, whoever chooses has to see
    assert spoken in html
    assert spoken in desk.get("/admin/mediation/mediator/").content.decode()


def test_a_scheduled_session_is_moved_and_one_that_is_over_only_looked_at(desk, clerk, case, at, place):
    session = schedule(case, at(), actor=clerk, now=NOW)
    address = f"/admin/mediation/session/{session.pk}/change/"

    response = desk.post(address, entered(case, place, starts="14:00", ends="15:00") | INLINES)

    assert response.status_code == 302
    session.refresh_from_db()
    assert session.period.lower == THURSDAY + 5 * HOUR
    Session.objects.filter(pk=session.pk).update(state=SessionState.CANCELLED, cancelled_at=NOW)
    html = desk.get(address).content.decode()
    assert 'name="_save"' not in html
    assert desk.post(address, entered(case, place)).status_code == 403


def test_the_outcome_is_recorded_with_roll_and_minutes(desk, clerk, case, at):
    session = schedule(case, at(), actor=clerk, now=NOW)
    roll = {f"presence_{one.pk}": "present" for one in session.attendances.all()}
    address = f"/admin/mediation/session/{session.pk}/act/hold/"

    missing = desk.post(address, {"outcome": "agreement"})
    done = desk.post(address, roll | {"outcome": "agreement", "minutes": "双方同意退款。", "both_consent": "on"})

    assert missing.status_code == 200
    assert errors(missing).count("This field is required.") == 3  # two of the roll, and the minutes
    assert [words for words in errors(missing) if words.startswith("Mediation begins when both parties consent")]
    assert done.status_code == 302
    session.refresh_from_db()
    case.refresh_from_db()
    assert (session.state, session.outcome, case.outcome) == ("held", SessionOutcome.AGREEMENT, Outcome.AGREEMENT)
    page = desk.get(f"/admin/mediation/session/{session.pk}/change/").content.decode()
    assert "双方同意退款。" in page


def test_a_party_that_did_not_come_has_consented_to_nothing(desk, clerk, case, at):
    session = schedule(case, at(), actor=clerk, now=NOW)
    roll = {f"presence_{one.pk}": "absent" for one in session.attendances.all()}
    address = f"/admin/mediation/session/{session.pk}/act/hold/"
    ground = Ground.objects.for_case(case, "terminate").get(position=2)

    form = desk.get(address).context_data["form"]
    done = desk.post(address, roll | {"outcome": "absent", "minutes": "被投诉人未到场。", "ground": ground.pk})

    assert not form.fields["both_consent"].required
    assert done.status_code == 302
    case.refresh_from_db()
    assert (case.state, case.outcome) == (State.ENDED, Outcome.FAILED)
    assert [event.verb for event in case.events.all()] == ["fail"]


def test_an_adjourned_session_books_the_next_in_one_go(desk, clerk, case, at):
    session = schedule(case, at(), actor=clerk, now=NOW)
    given = {f"presence_{one.pk}": "present" for one in session.attendances.all()}
    given |= {"outcome": "adjourned", "minutes": "待检测报告。", "both_consent": "on"}
    address = f"/admin/mediation/session/{session.pk}/act/hold/"

    half = desk.post(address, given | {"next_day": "2026-11-13"})
    desk.post(address, given | {"next_day": "2026-11-13", "next_starts": "09:00", "next_ends": "10:00"})

    assert "Give the day, the beginning and the end of the next session, or none of them." in errors(half)
    session.refresh_from_db()
    assert session.following.period.lower == THURSDAY + dt.timedelta(days=1)


def test_whoever_acts_on_an_older_state_is_told_who_did_what(desk, clerk, case, at):
    session = schedule(case, at(), actor=clerk, now=NOW)
    seen = session.events.get().pk
    told = [one.pk for one in session.attendances.all()]
    desk.post(f"/admin/mediation/session/{session.pk}/act/call/", {"seen": seen, "attendances": told, "means": "phone"})

    response = desk.post(f"/admin/mediation/session/{session.pk}/act/cancel/", {"seen": seen, "note": "当事人申请改期"})

    assert response.status_code == 200
    (message,) = errors(response)
    assert "Someone else has worked on this" in message
    assert "Parties called" in message
    session.refresh_from_db()
    assert session.state == SessionState.SCHEDULED


def test_an_act_that_does_not_apply_leads_back_and_says_why(desk, clerk, case, at):
    session = schedule(case, at(), actor=clerk, now=NOW)
    type(case).objects.filter(pk=case.pk).update(state=State.CLOSED, outcome="settled", closed_at=NOW)

    response = desk.get(f"/admin/mediation/session/{session.pk}/act/hold/", follow=True)

    assert response.redirect_chain == [(f"/admin/mediation/session/{session.pk}/change/", 302)]
    assert "The mediation of this case is over" in response.content.decode()


# mediators of other agencies

CHOICES = "/admin/autocomplete/?app_label=mediation&field_name=mediator&model_name="


@pytest.mark.parametrize("model", ["session", "recusal"])
def test_mediators_of_the_agencies_above_are_chosen_by_name(desk, district, place, model):
    above, beside = (MediatorFactory(agency=one) for one in (district.parent, AgencyFactory(parent=district.parent)))

    found = desk.get(f"{CHOICES}{model}").json()["results"]

    assert {one["text"] for one in found} == {above.name, place.mediator.name}
    assert beside.name not in str(found)
    assert above.name not in desk.get("/admin/mediation/mediator/").content.decode()
    assert desk.get(f"/admin/mediation/mediator/{above.pk}/change/").status_code == 404


def test_a_session_and_a_recusal_of_a_mediator_above_are_recorded(desk, case, district, place):
    above, beside = (MediatorFactory(agency=one) for one in (district.parent, AgencyFactory(parent=district.parent)))
    recusal = {"number": case.number, "side": "complainant", "reason": "与被投诉人有亲属关系"}

    refused = desk.post(ADD, entered(case, place, mediator=beside.pk))
    booked = desk.post(ADD, entered(case, place, mediator=above.pk))
    also_refused = desk.post("/admin/mediation/recusal/add/", recusal | {"mediator": beside.pk})
    asked = desk.post("/admin/mediation/recusal/add/", recusal | {"mediator": above.pk})

    for response in (refused, also_refused):
        assert any("Select a valid choice" in words for words in errors(response))
    assert [response.status_code for response in (booked, asked)] == [302, 302]
    session = Session.objects.get()
    assert session.mediator == Recusal.objects.get().mediator == above
    page = desk.get(f"/admin/mediation/session/{session.pk}/change/").content.decode()
    assert above.name in page
    assert case.number in desk.get("/admin/mediation/recusal/").content.decode()


@pytest.fixture
def entrusted(case):
    """The case is entrusted to a council; a mediator of it, of the council above, of a branch below, and of others."""
    council = AgencyFactory(council=True, parent=AgencyFactory(council=True))
    EntrustmentFactory(case=case, agency=council)
    elsewhere = EntrustmentFactory().agency
    ended = EntrustmentFactory(
        case__handling=case.custodian, ended_at=NOW, ended_by=UserFactory(), ended_because="消费者撤回同意"
    ).agency
    agencies = {
        "council": council, "above": council.parent, "below": AgencyFactory(council=True, parent=council),
        "beside": AgencyFactory(council=True, parent=council.parent), "elsewhere": elsewhere, "ended": ended,
    }  # fmt: skip
    return {name: MediatorFactory(agency=agency, name=f"余{name}") for name, agency in agencies.items()}


@pytest.mark.parametrize("model", ["session", "recusal"])
def test_mediators_of_the_body_that_has_a_case_are_chosen_by_whoever_entrusted_it(
    desk, district, place, entrusted, model
):  # fmt: skip
    found = desk.get(f"{CHOICES}{model}").json()["results"]

    near = {entrusted[name].name for name in ("council", "above", "below")}
    assert {one["text"] for one in found} == {place.mediator.name, *near}
    page = desk.get("/admin/mediation/mediator/").content.decode()
    assert not any(one.name in page for one in entrusted.values())


@pytest.mark.parametrize("who", ["council", "above", "below"])
def test_the_bureau_books_a_session_of_what_it_entrusted_with_the_body_s_mediator(desk, case, place, entrusted, who):
    recusal = {"number": case.number, "side": "complainant", "reason": "与被投诉人有亲属关系"}

    booked = desk.post(ADD, entered(case, place, mediator=entrusted[who].pk), follow=True)

    session = Session.objects.get()
    assert (session.mediator, session.agency) == (entrusted[who], entrusted["council"].agency)
    (told,) = booked.context["messages"]
    assert f"entrusted to {session.agency}, which keeps the session" in str(told)
    assert f"/admin/mediation/session/{session.pk}/" not in booked.content.decode()
    assert desk.get(f"/admin/mediation/session/{session.pk}/change/").status_code == 404
    desk.post("/admin/mediation/recusal/add/", recusal | {"mediator": entrusted[who].pk})
    assert Recusal.objects.get().mediator == entrusted[who]


def test_what_is_entrusted_is_booked_with_no_other_mediator(desk, case, district, place, entrusted):
    other = CaseFactory(handling=district, accepted=True)

    for who in ("beside", "elsewhere", "ended"):
        refused = desk.post(ADD, entered(case, place, mediator=entrusted[who].pk))
        assert any("Select a valid choice" in words for words in errors(refused)), who
    own = desk.post(ADD, entered(case, place))
    of_other = desk.post(ADD, entered(other, place, mediator=entrusted["council"].pk))

    council = entrusted["council"]
    assert errors(own) == [f"{place.mediator} does not mediate for {council.agency} on that day."]
    assert errors(of_other) == [f"{council} does not mediate for {district} on that day."]
    assert not Session.objects.exists()


@pytest.mark.parametrize("view", ["day", "week"])
def test_the_calendar_has_a_line_for_a_mediator_above_who_leads_a_session_here(desk, case, district, place, view):
    leading, idle = (MediatorFactory(agency=district.parent) for _n in range(2))
    SessionFactory(case=case, mediator=leading, starts=THURSDAY)
    elsewhere = SessionFactory(mediator=leading, starts=THURSDAY + HOUR)

    html = desk.get("/admin/mediation/session/calendar/", {"day": "2026-11-12", "view": view}).content.decode()

    shown = [place.mediator.name, f"{leading.name} <small>{district.parent.label}</small>"]
    assert lines(html) == [*shown, *([place.room.name] if view == "day" else [])]
    assert f"09:00-10:00 {case.number}" in html
    assert elsewhere.case.number not in html


def test_who_leads_a_session_for_an_agency_above_has_it_on_his_pages(client, case, district, place):
    station = AgencyFactory(parent=district)
    leader = UserFactory(agency=station, roles=["mediator"])
    mine = MediatorFactory(agency=station, user=leader)
    now = timezone.localtime()
    session = SessionFactory(
        case=case, mediator=mine, mode="on_site", link="", room=place.room, starts=now.replace(hour=9, minute=0)
    )
    colleague = UserFactory(agency=station, roles=["mediator"])
    address = f"/admin/mediation/session/{session.pk}/change/"
    pages = ("/admin/", "/admin/mediation/session/", "/admin/mediation/session/calendar/", address)
    later = {"day": "2099-11-12", "starts": "09:00", "ends": "10:00"}  # a Thursday without a calendar of its own

    client.force_login(leader)
    seen = [case.number in client.get(page).content.decode() for page in pages]
    moved = client.post(address, entered(case, place, mediator=mine.pk, **later) | INLINES, follow=True)
    client.force_login(colleague)
    others = [client.get(page) for page in pages]

    assert seen == [True] * 4
    assert moved.redirect_chain
    session.refresh_from_db()
    assert (session.room, timezone.localtime(session.period.lower).year) == (place.room, 2099)
    assert [case.number in response.content.decode() for response in others] == [False] * 4
    assert others[-1].status_code == 404


# what belongs to them


def test_the_head_of_a_unit_entrusts_and_takes_back(head, client, case):
    council = AgencyFactory(council=True)
    given = {"number": case.number, "agency": council.pk, "complainant_agrees": "on"}

    refused = client.post("/admin/mediation/entrustment/add/", given)
    done = client.post("/admin/mediation/entrustment/add/", given | {"respondent_agrees": "on"})

    assert errors(refused) == ["Both sides must agree to entrusted mediation (Order 121, art 19)."]
    assert done.status_code == 302
    entrustment = Entrustment.objects.get()
    client.post(f"/admin/mediation/entrustment/{entrustment.pk}/change/", {"because": "消费者撤回同意"})
    entrustment.refresh_from_db()
    assert (entrustment.ended_by, entrustment.ended_because) == (head, "消费者撤回同意")


def test_an_entrusting_bureau_finds_its_entrustments(head, client, case, district):
    """They belong to the body that they went to, and to the bureau whose case it is."""
    given, taken = EntrustmentFactory(case=case), EntrustmentFactory(agency=district)
    other = EntrustmentFactory()

    html = client.get("/admin/mediation/entrustment/").content.decode()

    assert given.case.number in html
    assert taken.case.number in html
    assert other.case.number not in html


def test_recusal_is_recorded_by_a_mediator_and_decided_by_the_head(desk, client, case, place, district):
    client.post("/admin/mediation/recusal/add/", {
        "number": case.number, "mediator": place.mediator.pk, "side": "complainant", "reason": "与被投诉人有亲属关系",
    })  # fmt: skip
    recusal = Recusal.objects.get()
    client.force_login(UserFactory(agency=district, roles=["approver"]))

    client.post(f"/admin/mediation/recusal/{recusal.pk}/change/", {"verdict": "granted", "note": "情况属实"})

    recusal.refresh_from_db()
    assert (recusal.decision, recusal.note) == ("granted", "情况属实")


def test_who_recorded_an_application_is_told_that_another_decides(head, client, case, place):
    recusal = RecusalFactory(case=case, mediator=place.mediator, recorded_by=head)

    response = client.post(f"/admin/mediation/recusal/{recusal.pk}/change/", {"verdict": "granted", "note": ""})

    assert errors(response) == ["Someone other than the mediator and whoever recorded the application decides on it."]


def kept(district, **fields) -> dict:
    hours = {"hours-TOTAL_FORMS": 1, "hours-INITIAL_FORMS": 0, "hours-0-weekday": 0, "hours-0-starts": "09:00",
             "hours-0-ends": "12:00"}  # fmt: skip
    return {"name": "方令仪", "agency": district.pk, "languages": ["cmn", "csl"]} | hours | formset("leaves") | fields


def test_the_head_keeps_the_mediators_of_his_agency_with_their_hours(head, client, district):
    client.post("/admin/mediation/mediator/add/", kept(district))

    mediator = Mediator.objects.get()
    assert (mediator.name, mediator.agency, mediator.languages) == ("方令仪", district, ["cmn", "csl"])
    hours = mediator.hours.get()
    assert (hours.weekday, hours.starts, hours.ends) == (0, dt.time(9), dt.time(12))


def test_nobody_keeps_mediators_or_rooms_of_another_agency(head, client, district):
    above = district.parent
    for path, given in (("mediator", kept(above)), ("room", {"agency": above.pk, "name": "第一调解室"})):
        response = client.post(f"/admin/mediation/{path}/add/", given)
        assert "agency" in response.context_data["adminform"].form.errors
    assert not Mediator.objects.exists()
    assert not Room.objects.exists()


def test_a_leave_that_is_not_taken_is_taken_away_again(head, client, district):
    leave = LeaveFactory(mediator__agency=district)
    address = f"/admin/mediation/mediator/{leave.mediator_id}/change/"
    given = kept(district) | formset("hours") | {
        "leaves-TOTAL_FORMS": 1, "leaves-INITIAL_FORMS": 1, "leaves-0-id": leave.pk,
        "leaves-0-mediator": leave.mediator_id, "leaves-0-starts_on": "2026-11-09", "leaves-0-ends_on": "2026-11-13",
        "leaves-0-DELETE": "on",
    }  # fmt: skip

    response = client.post(address, given)

    assert response.status_code == 302
    assert not leave.mediator.leaves.exists()


def booked_ahead(district, number: int) -> list[Session]:
    """Sessions of one mediator on as many working days from next week on, at nine, the earliest first."""
    mediator, calendar = MediatorFactory(agency=district), load_calendar()
    today = timezone.localdate()
    days = [calendar.add_working_days(today, 7 + count).due_on for count in range(number)]
    return [
        SessionFactory(
            case=CaseFactory(handling=district, accepted=True), mediator=mediator,
            starts=local(day.year, day.month, day.day),
        )
        for day in days
    ]  # fmt: skip


def told(response) -> list[str]:
    return [str(message) for message in response.context["messages"] if message.level_tag == "warning"]


@pytest.mark.parametrize("what", ["leave", "hours", "active_to"])
def test_who_enters_leave_or_hours_is_told_what_was_booked_before(head, client, district, what):
    first, second = booked_ahead(district, 2)
    mediator = first.mediator
    day = timezone.localdate(second.period.lower)
    SessionFactory(case=first.case, mediator=mediator, starts=timezone.now() - HOUR * 100)  # past
    elsewhere = SessionFactory(mediator=mediator, starts=second.period.lower + HOUR)  # of another agency's case
    given = kept(district, active_from="", active_to="") | formset("hours") | formset("leaves") | {
        "leave": {"leaves-TOTAL_FORMS": 1, "leaves-0-starts_on": f"{day}", "leaves-0-ends_on": f"{day}"},
        "hours": {
            "hours-TOTAL_FORMS": 1, "hours-0-weekday": (day.weekday() + 1) % 7, "hours-0-starts": "09:00",
            "hours-0-ends": "12:00",
        },
        "active_to": {"active_to": f"{day}"},
    }[what]  # fmt: skip

    response = client.post(f"/admin/mediation/mediator/{mediator.pk}/change/", given, follow=True)

    assert response.redirect_chain
    (message,) = told(response)
    outside = [second] if what != "hours" else [one for one in (first, second) if not _fits(one, given)]
    assert message.startswith(f"{len(outside)} scheduled session")
    assert [f"/admin/mediation/session/{one.pk}/change/" in message for one in (first, second)] == [
        one in outside for one in (first, second)
    ]
    assert f"{day} 09:00 {second.case.number}</a>" in message
    assert elsewhere.case.number not in message
    page = client.get(f"/admin/mediation/session/{second.pk}/change/").content.decode()
    assert "lies outside the times of its mediator" in page


def _fits(session, given) -> bool:
    return timezone.localdate(session.period.lower).weekday() == given["hours-0-weekday"]


def test_ten_of_many_sessions_outside_are_named_and_none_where_all_fit(head, client, district):
    sessions = booked_ahead(district, 12)
    mediator = sessions[0].mediator
    address = f"/admin/mediation/mediator/{mediator.pk}/change/"
    given = kept(district) | formset("hours") | formset("leaves")
    day = timezone.localdate(sessions[0].period.lower)

    fits = client.post(address, given, follow=True)
    page = client.get(f"/admin/mediation/session/{sessions[0].pk}/change/").content.decode()
    many = client.post(address, given | {"active_to": f"{day}"}, follow=True)

    assert told(fits) == []
    assert "lies outside the times of its mediator" not in page
    (message,) = told(many)
    assert message.startswith("12 scheduled sessions lie outside")
    assert (message.count("<a "), message.endswith("</a>, …")) == (10, True)


def test_numbers_of_people_in_names_notes_and_minutes_are_masked(desk, clerk, case, at, place):
    phone = "13800001234"
    type(case).objects.filter(pk=case.pk).update(merchant=None, merchant_written=f"张某{phone}", narrative=f"电话{phone}")
    session = schedule(case, at(), actor=clerk, now=NOW, note=f"先打{phone}")
    Session.objects.filter(pk=session.pk).update(minutes=f"联系{phone}")
    waiting = CaseFactory(handling=case.custodian, accepted=True, merchant=None, merchant_written=f"李某{phone}")
    recusal = RecusalFactory(case=case, mediator=place.mediator, reason=f"电话{phone}")
    for path in (
        "/admin/", "/admin/mediation/session/", f"/admin/mediation/session/{session.pk}/change/",
        "/admin/mediation/mediatedcase/", f"/admin/mediation/recusal/{recusal.pk}/change/",
    ):
        html = desk.get(path).content.decode()
        assert phone not in html, path
        assert "138****1234" in html, path
    assert waiting.number in desk.get("/admin/").content.decode()


# pages


def test_the_first_page_is_the_mediators_day(desk, clerk, case, at, district):
    schedule(case, at(), actor=clerk, now=NOW)
    waiting = CaseFactory(handling=district, accepted=True)
    elsewhere = CaseFactory(accepted=True)

    html = desk.get("/admin/").content.decode()

    late = html[html.index("Past, without an outcome") : html.index("Cases to schedule")]
    to_schedule = html[html.index("Cases to schedule") : html.index("Terms running out")]
    assert case.number in late
    assert waiting.number in to_schedule
    assert case.number not in to_schedule
    assert elsewhere.number not in html


def test_what_can_no_longer_be_held_is_the_first_to_be_done(desk, clerk, case, district):
    soon = timezone.now() + HOUR
    ended, lapsed = (
        SessionFactory(case=CaseFactory(handling=district, closed=True), starts=soon + n * HOUR)
        for n in (0, 2)
    )
    lapsed.attendances.create(side="respondent", means="phone", called_at=NOW)
    SessionFactory(case=case, starts=soon + 4 * HOUR)
    lapse_sessions([lapsed.case_id])
    days = {"day": f"{timezone.localdate(soon)}"}

    html = desk.get("/admin/").content.decode()
    first = html[html.index("No longer mediated here") : html.index("Cases to schedule")]
    assert f'href="/admin/mediation/session/{ended.pk}/act/cancel/"' in first
    assert f"{ended.case.number}</a>" in first
    assert lapsed.case.number in first.split("tell whoever was called")[0]
    assert case.number not in first

    path = "/admin/mediation/session/"
    (row,) = desk.get(path, {"when": "stranded"}).context_data["cl"].result_list
    assert row == ended
    for page in (path, f"/admin/mediation/session/{ended.pk}/change/", f"/cases/{ended.case.number}/mediation/"):
        assert "an no longer be held" in desk.get(page).content.decode(), page
    for view in ("day", "week"):
        shown = desk.get(f"{path}calendar/", days | {"view": view}).content.decode()
        assert f"{ended.case.number} Can no longer be held" in shown
        assert shown.count("Can no longer be held") == 1


@pytest.mark.parametrize("view", ["day", "week"])
def test_the_calendar_shows_the_agencys_sessions(desk, clerk, case, at, view):
    schedule(case, at(), actor=clerk, now=NOW)
    other = SessionFactory(starts=THURSDAY)

    html = desk.get("/admin/mediation/session/calendar/", {"day": "2026-11-12", "view": view}).content.decode()

    assert f"09:00-10:00 {case.number}" in html
    assert other.case.number not in html
    for day in ("", "x", "2026-13-01", "0001-01-01"):
        assert desk.get("/admin/mediation/session/calendar/", {"day": day}).status_code == 200


CALENDAR = "/admin/mediation/session/calendar/"


def lines(html: str) -> list[str]:
    """The mediators and rooms of a calendar, from above."""
    return re.findall(r'<th scope="row" translate="no">(.*?)</th>', html)


def many(agency, number: int) -> list[str]:
    return [
        one.name for one in Mediator.objects.bulk_create(
            [Mediator(agency=agency, name=f"何{place:03}") for place in range(number)]
        )
    ]  # fmt: skip


def mark(why: str) -> str:
    """What stands in a calendar beside a session that lies outside the times of its mediator."""
    return f'<span class="flag" title="{why}">outside the times of the mediator</span>'


@pytest.mark.parametrize("view", ["day", "week"])
def test_the_calendar_marks_what_lies_outside_the_times_of_its_mediator(desk, district, place, view):
    thursday = local(2099, 11, 12)  # without a calendar of its own
    away, late, there = (MediatorFactory(agency=district, name=name) for name in ("汤假", "汤迟", "汤在"))
    LeaveFactory(mediator=away, starts_on=dt.date(2099, 11, 12), ends_on=dt.date(2099, 11, 13))
    WorkingHoursFactory(mediator=late, weekday=3)
    sessions = [
        SessionFactory(
            case=CaseFactory(handling=district, accepted=True), mediator=mediator, starts=starts, mode="on_site",
            link="", room=place.room,
        )
        for mediator, starts in ((away, thursday), (late, thursday + 5 * HOUR), (there, thursday + HOUR))
    ]  # fmt: skip
    SessionFactory(case=sessions[0].case, mediator=away, starts=thursday + 8 * HOUR, held=True)

    html = desk.get(CALENDAR, {"day": "2099-11-12", "view": view}).content.decode()

    shown = re.findall(r'<a class="plan-session \w+" href="[^"]*/(\d+)/change/">(.*?)</a>', html)
    assert {(int(key), text.split("</span> ")[1]) for key, text in shown if "outside" in text} == {
        (sessions[0].pk, mark("汤假 is on leave from 2099-11-12 to 2099-11-13.")),
        (sessions[1].pk, mark("This is outside the working hours of the mediator.")),
    }
    assert html.count("outside the times") == (4 if view == "day" else 2)  # of a day rooms have lines, too


def test_a_room_marks_also_what_a_mediator_leads_who_has_no_line_beside_it(desk, district, stations):
    room = RoomFactory(agency=stations[0])
    mediator = district.mediators.get()
    LeaveFactory(mediator=mediator, starts_on=dt.date(2099, 11, 12), ends_on=dt.date(2099, 11, 12))
    SessionFactory(
        case=CaseFactory(handling=district, accepted=True), mediator=mediator, starts=local(2099, 11, 12),
        mode="on_site", link="", room=room,
    )  # fmt: skip

    html = desk.get(CALENDAR, {"day": "2099-11-12", "agency": stations[0].pk}).content.decode()

    assert lines(html) == ["于0A", room.name]
    assert html.count(mark(f"{mediator} is on leave from 2099-11-12 to 2099-11-12.")) == 1


def at_the_end_of_today(district, number=1):
    """Sessions that are ahead all day long, of mediators on leave who have hours."""
    today = timezone.localdate()
    for _n in range(number):
        session = SessionFactory(
            case=CaseFactory(handling=district, accepted=True), starts=local(today.year, today.month, today.day, 23, 59)
        )
        LeaveFactory(mediator=session.mediator, starts_on=today, ends_on=today)
        WorkingHoursFactory(mediator=session.mediator)
    return session


def test_the_first_page_says_why_a_session_of_today_lies_outside_the_times_of_its_mediator(desk, district):
    session, today = at_the_end_of_today(district), timezone.localdate()
    SessionFactory(case=session.case, mediator=session.mediator, starts=local(today.year, today.month, today.day, 0))

    html = desk.get("/admin/").content.decode()

    why = f"{session.mediator} is on leave from {today} to {today}."
    flag = '<span class="flag">outside the times of the mediator</span>'
    assert f'Scheduled {flag} <span translate="no">{why}</span></td>' in html
    assert html.count("outside the times") == 1  # what has begun was held or not


@pytest.mark.parametrize("path", ["/admin/", CALENDAR, f"{CALENDAR}?view=week"])
def test_what_lies_outside_is_found_without_a_further_query(desk, district, path):
    def counted() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert desk.get(path).status_code == 200
        return len(queries)

    SessionFactory(case=CaseFactory(handling=district, accepted=True), starts=timezone.now() - HOUR / 60)
    desk.get(path)
    none = counted()
    at_the_end_of_today(district)
    one = counted()
    at_the_end_of_today(district, 2)

    assert "outside the times of the mediator</span>" in desk.get(path).content.decode()
    assert (one, counted()) == (none, none)
    assert none <= 20


@pytest.mark.parametrize("view", ["day", "week"])
def test_a_calendar_with_more_mediators_than_lines_says_so_and_is_paged(desk, case, district, view):
    names = many(district, 61)
    last = Mediator.objects.get(name=names[-1])
    SessionFactory(case=case, mediator=last, starts=THURSDAY + 10 * HOUR)
    given = {"day": "2026-11-12", "view": view}

    first, second, beyond = (desk.get(CALENDAR, given | {"page": page}).content.decode() for page in ("", "2", "99"))

    assert lines(first) == names[:60]
    assert lines(second) == lines(beyond) == names[60:]
    assert "Mediators 1 to 60 of 61" in first
    assert "Mediators 61 to 61 of 61" in second
    assert case.number not in first
    assert f"19:00-20:00 {case.number}" in second
    # the hours of a day are those of the sessions shown
    assert [">19:00</th>" in html for html in (first, second)] == [False, view == "day"]
    assert f"?day=2026-11-12&amp;view={view}&amp;page=2" in first
    assert f"view={view}&amp;page=2" in second[second.index("Earlier") - 60 : second.index("Earlier")]
    for page in ("0", "-1", "x", "1" * 400, "２"):
        assert desk.get(CALENDAR, given | {"page": page}).status_code == 200


def test_a_calendar_with_fewer_says_nothing_of_pages(desk, district):
    many(district, 60)
    assert "Mediators 1 to" not in desk.get(CALENDAR).content.decode()


def test_more_rooms_than_lines_have_pages_too(desk, district, place):
    Room.objects.bulk_create([Room(agency=district, name=f"室{number:03}") for number in range(60)])

    first, second = (desk.get(CALENDAR, {"page": page}).content.decode() for page in ("1", "2"))

    assert "Rooms 1 to 60 of 61" in first
    assert "Rooms 61 to 61 of 61" in second
    assert len(lines(first) + lines(second)) == 62


@pytest.fixture
def stations(district):
    """Two stations of the district, whose codes come before its own, with a mediator each, and one of the district."""
    found = [
        AgencyFactory(parent=district, code=code, name_en=code, pk=pk)  # keys that no comma may part
        for code, pk in (("0A", 1_234_001), ("0B", 1_234_002))
    ]
    for agency in (*found, district):
        MediatorFactory(agency=agency, name=f"于{agency.code}")
    return found


@pytest.mark.parametrize("view", ["day", "week"])
def test_the_own_agency_comes_first_and_one_agency_is_chosen(desk, district, stations, view):
    for station in stations:
        SessionFactory(
            case=CaseFactory(handling=station, accepted=True), mediator=station.mediators.get(), starts=THURSDAY
        )
    numbers = [session.case.number for session in Session.objects.order_by("pk")]
    own, *below = [f"于{agency.code}" for agency in (district, *stations)]

    every, one, whole = (
        desk.get(CALENDAR, {"day": "2026-11-12", "view": view, "agency": key}).content.decode()
        for key in ("", stations[1].pk, district.pk)
    )

    assert lines(every) == lines(whole) == [own, *below]
    assert lines(one) == below[1:]
    assert [number in every for number in numbers] == [True, True]
    assert [number in one for number in numbers] == [False, True]
    assert f'<option value="{stations[1].pk}" selected>0B</option>' in one
    # whatever is chosen next, the agency stays
    links = re.findall(r'href="\?([^"]*)"', one[one.index('class="plan-nav"') :])
    assert len(links) == (5 if view == "day" else 12)
    assert all(f"&amp;agency={stations[1].pk}" in link for link in links)
    assert "&amp;agency=" not in every[every.index('class="plan-nav"') :]


@pytest.mark.parametrize("view", ["day", "week"])
def test_of_a_chosen_agency_the_mediators_above_who_lead_its_sessions_are_shown_with_their_agency(
    desk, district, stations, view
):  # fmt: skip
    one, other = stations
    city, own, idle = (
        MediatorFactory(agency=agency, name=name)
        for agency, name in ((district.parent, "何市"), (district, "何区"), (district, "何闲"))
    )
    for mediator, station in ((city, one), (own, one), (idle, other), (other.mediators.get(), other)):
        SessionFactory(case=CaseFactory(handling=station, accepted=True), mediator=mediator, starts=THURSDAY)
    numbers = [session.case.number for session in Session.objects.order_by("pk")]
    given = {"day": "2026-11-12", "view": view}

    html = desk.get(CALENDAR, given | {"agency": one.pk}).content.decode()

    assert lines(html) == [
        "于0A", f"何市 <small>{district.parent.label}</small>", f"何区 <small>{district.label}</small>",
    ]
    assert [number in html for number in numbers] == [True, True, False, False]
    assert lines(desk.get(CALENDAR, given | {"agency": one.pk, "day": "2026-11-20"}).content.decode()) == ["于0A"]
    whole = lines(desk.get(CALENDAR, given | {"agency": district.pk}).content.decode())
    assert [line for line in whole if "<small>" in line] == [f"何市 <small>{district.parent.label}</small>"]


def test_only_agencies_within_the_users_own_are_offered_and_chosen(desk, district, stations):
    other, empty = AgencyFactory(parent=district.parent), AgencyFactory(parent=district)
    MediatorFactory(agency=other, name="外人")

    html = desk.get(CALENDAR).content.decode()

    offered = re.findall(r'<option value="(\d*)"', html)
    assert offered == ["", *(str(agency.pk) for agency in (*stations, district))]
    assert "外人" not in html
    for key in (other.pk, district.parent.pk, "x", "0", "-1", "9" * 30, f"{district.pk} ", "\x00"):
        assert desk.get(CALENDAR, {"agency": key}).status_code == 404, key
    response = desk.get(CALENDAR, {"agency": empty.pk})
    assert "This agency has no mediators." in response.content.decode()


def test_whoever_mediates_no_longer_keeps_his_line_on_days_with_a_session(desk, case, district):
    gone, away = (
        MediatorFactory(agency=district, name=name, active_to=dt.date(2026, 11, 1)) for name in ("钱一", "钱二")
    )
    SessionFactory(case=case, mediator=gone, starts=THURSDAY)
    SessionFactory(case=case, mediator=away, starts=THURSDAY + 3 * HOUR, cancelled=True)

    def shown(**given):
        return lines(desk.get(CALENDAR, given).content.decode())

    assert shown(day="2026-11-12") == shown(day="2026-11-09", view="week") == ["钱一"]
    assert shown(day="2026-11-13") == []


def test_a_superuser_without_agency_sees_the_calendar_of_all(client, stations):
    client.force_login(UserFactory(is_superuser=True, is_staff=True, agency=None))
    assert len(lines(client.get(CALENDAR).content.decode())) == 3
    assert len(lines(client.get(CALENDAR, {"agency": stations[0].pk}).content.decode())) == 1


def test_of_many_sessions_the_first_page_shows_the_earliest_and_the_own(desk, clerk, district):
    now = timezone.localtime()
    morning = now.replace(hour=8, minute=0, second=0, microsecond=0)
    own = MediatorFactory(agency=district, user=clerk)
    others = [
        SessionFactory(case=CaseFactory(handling=district, accepted=True), starts=morning + dt.timedelta(minutes=number))
        for number in range(21)
    ]
    mine = SessionFactory(
        case=CaseFactory(handling=district, accepted=True), mediator=own, starts=morning + 9 * HOUR
    )

    html = desk.get("/admin/").content.decode()

    today = html[html.index("Sessions today") : html.index("Cases to schedule")]
    shown = re.findall(r'<td class="tnum">([^<]+)</td>', today)
    assert shown == [mine.case.number, *(session.case.number for session in others[:20])]
    assert "Besides your own, the first 20 sessions are shown." in today
    others[0].delete()
    assert "the first 20" not in desk.get("/admin/").content.decode()


def test_what_is_entrusted_stands_among_what_is_to_be_done(client, district):
    """Own and entrusted cases in one order, a case that is both once."""
    council = AgencyFactory(council=True)
    client.force_login(UserFactory(agency=council, roles=["mediator"]))
    client.cookies["django_language"] = "en"
    own = [CaseFactory(handling=council, accepted=True, received_at=NOW - number * 2 * HOUR) for number in range(8)]
    entrusted = [
        EntrustmentFactory(agency=council, case__received_at=NOW - (2 * number + 1) * HOUR).case for number in range(8)
    ]
    EntrustmentFactory(agency=council, case=own[0])
    ended = EntrustmentFactory(
        agency=council, ended_at=NOW, ended_by=UserFactory(), ended_because="消费者撤回同意"
    )
    for place, case in enumerate([*entrusted, *own, ended.case]):
        ClockFactory(
            case=case, code="complaint.mediate", due_on=dt.date(2020, 1, 20) - dt.timedelta(days=place)
        )

    html = client.get("/admin/").content.decode()

    to_schedule = html[html.index("Cases to schedule") : html.index("Terms running out")]
    terms = html[html.index("Terms running out") :]
    both = [case.number for pair in zip(own, entrusted, strict=True) for case in pair]
    assert re.findall(r'<li><span class="tnum">([^<]+)</span>', to_schedule) == both[:10]
    assert re.findall(r'<span class="tnum">([^<]+)</span> [^<]+</li>', terms) == [
        case.number for case in [*entrusted, *own][:-11:-1]
    ]
    assert ended.case.number not in html


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("2026-0001", ["a"]), ("2026-000", ["a", "b", "c"]), ("26-0001", []), ("方", ["a", "b"]), ("令", ["b"]),
        ("2026-0001 方", ["a"]), ("2026-0003 方", []), ("'方令 仪'", ["b"]), ("无", []), ("2027", []),
        ("2", ["a", "b", "c"]),
    ],
)  # fmt: skip
def test_sessions_are_found_by_case_and_mediator(desk, district, search, found):
    for key, number, name in (("a", "2026-0001", "方元"), ("b", "2026-0002", "方令 仪"), ("c", "2026-0003", "余2")):
        case = CaseFactory(handling=district, accepted=True, number=number)
        SessionFactory(case=case, mediator__name=name, mediator__agency=district, starts=THURSDAY, link=key)
    SessionFactory(case__number="2026-00019", mediator__name="方外")

    response = desk.get("/admin/mediation/session/", {"q": search})

    assert sorted(session.link for session in response.context_data["cl"].result_list) == found


def test_a_search_that_finds_many_cases_finds_their_sessions(desk, district, monkeypatch):
    monkeypatch.setattr(querysets, "FEW", 1)
    for number in range(3):
        case = CaseFactory(handling=district, accepted=True, number=f"2026-000{number}")
        SessionFactory(case=case, mediator__name=f"方{number}", mediator__agency=district)

    for search, most in (("2026", 3), ("方", 3), ("2026-0001", 1), ("2026 方1", 1), ("2026 无", 0)):
        response = desk.get("/admin/mediation/session/", {"q": search})
        assert len(response.context_data["cl"].result_list) == most, search


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/admin/", 20), ("/admin/mediation/session/", 20), ("/admin/mediation/mediatedcase/", 20),
        ("/admin/mediation/session/calendar/?day=2026-11-12", 20), (ADD, 20),
        ("/admin/mediation/session/calendar/?day=2026-11-12&view=week", 20), ("/admin/mediation/session/?q=2026", 20),
    ],
)  # fmt: skip
def test_pages_ask_as_many_queries_for_many_rows_as_for_one(desk, district, path, most):
    def counted() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert desk.get(path).status_code == 200
        return len(queries)

    def add(number):
        case = CaseFactory(handling=district, accepted=True)
        SessionFactory(case=case, starts=THURSDAY + dt.timedelta(hours=number))
        CaseFactory(handling=district, accepted=True)

    add(0)
    desk.get(path)
    one = counted()
    for number in (1, 2):
        add(number)
    assert counted() == one
    assert one <= most
