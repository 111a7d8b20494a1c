"""The mediators' pages in the administration: what they show, what they write, and what they say where it is refused."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.enums import Outcome, State
from mediation.domain import schedule
from mediation.enums import SessionOutcome, SessionState
from mediation.models import Entrustment, Mediator, Recusal, Room, Session
from tests.factories import (
    AgencyFactory,
    CaseFactory,
    EntrustmentFactory,
    LeaveFactory,
    MediatorFactory,
    RecusalFactory,
    SessionFactory,
    UserFactory,
)
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

    assert errors(response) == [f"{place.mediator} leads another session from 2026-11-12 09:00 to 2026-11-12 10:00."]
    assert Session.objects.count() == 1


def test_suggestions_stand_beside_the_form(desk, case, place):
    away = MediatorFactory(agency=case.custodian)
    LeaveFactory(mediator=away)

    query = {"number": case.number, "day": "2026-11-12", "starts": "09:00", "ends": "10:00"}
    html = desk.get(ADD, query).content.decode()

    assert "Mediators for this time" in html
    assert html.index(str(place.mediator)) < html.index(str(away))
    assert "on leave" in html


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
    assert errors(missing).count("This field is required.") == 4  # two of the roll, the consent and the minutes
    assert done.status_code == 302
    session.refresh_from_db()
    case.refresh_from_db()
    assert (session.state, session.outcome, case.outcome) == ("held", SessionOutcome.AGREEMENT, Outcome.AGREEMENT)
    page = desk.get(f"/admin/mediation/session/{session.pk}/change/").content.decode()
    assert "双方同意退款。" in page


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


@pytest.mark.parametrize("view", ["day", "week"])
def test_the_calendar_shows_the_agencys_sessions(desk, clerk, case, at, view):
    schedule(case, at(), actor=clerk, now=NOW)
    other = SessionFactory(starts=THURSDAY)

    html = desk.get("/admin/mediation/session/calendar/", {"day": "2026-11-12", "view": view}).content.decode()

    assert f"09:00-10:00 {case.number}" in html
    assert other.case.number not in html
    for day in ("", "x", "2026-13-01", "0001-01-01"):
        assert desk.get("/admin/mediation/session/calendar/", {"day": day}).status_code == 200


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/admin/", 20), ("/admin/mediation/session/", 20), ("/admin/mediation/mediatedcase/", 20),
        ("/admin/mediation/session/calendar/?day=2026-11-12", 20), (ADD, 20),
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
