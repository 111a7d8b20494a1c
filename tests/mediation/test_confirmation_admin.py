"""The pages of judicial confirmation: the mediators', the court's, and what a race leaves of either."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AccessLog
from cases.models import ClockRule
from core.workflow import last_event_id
from mediation.domain import act_on_confirmation, issue_package, prepare
from mediation.domain.confirmations import TERM
from mediation.models import JudicialConfirmation
from tests.factories import (
    AgencyFactory,
    AgreementFactory,
    ConfirmationFactory,
    DocumentFactory,
    EntrustmentFactory,
    InstalmentFactory,
    PartyFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
LIST = "/admin/mediation/judicialconfirmation/"
ADD = f"{LIST}add/"


def ago(days: int) -> dt.date:
    return timezone.localdate() - dt.timedelta(days=days)


@pytest.fixture
def court():
    return AgencyFactory(court=True, name="第一区人民法院微法庭", name_en="First Micro-court")


@pytest.fixture
def agreement(district):
    """In force for ten days."""
    agreement = AgreementFactory(in_force=True, case__handling=district, reached_on=ago(10))
    PartyFactory(case=agreement.case)
    return agreement


@pytest.fixture
def prepared(agreement, court, clerk):
    return prepare(agreement, court=court, actor=clerk, note="内部备注")


@pytest.fixture
def packed(prepared, agreement, clerk):
    agreement.documents.add(DocumentFactory(case=agreement.case, form="agreement", side="both"))
    issue_package(prepared, actor=clerk)
    return prepared


@pytest.fixture
def applied(packed, clerk):
    act_on_confirmation(packed, "apply", actor=clerk, applied_on=ago(5), both_parties=True, note="内部备注")
    return packed


@pytest.fixture
def as_(client):
    """`as_(user)`: the client signed in as the user, in English."""

    def sign_in(user):
        client.force_login(user)
        client.cookies["django_language"] = "en"
        return client

    return sign_in


@pytest.fixture
def desk(as_, clerk):
    return as_(clerk)


@pytest.fixture
def liaison(court):
    return UserFactory(agency=court, roles=["court_liaison"])


def page(confirmation, verb: str = "") -> str:
    return f"{LIST}{confirmation.pk}/" + (f"act/{verb}/" if verb else "change/")


def html(client, path, **data) -> str:
    response = client.get(path, data)
    assert response.status_code == 200, path
    return response.content.decode()


def errors(response) -> list[str]:
    shown = response.context_data
    form = shown["adminform"].form if "adminform" in shown else shown["form"]
    return [str(message) for messages in form.errors.values() for message in messages]


def said(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


# the mediators' pages


def test_a_mediator_prepares_what_an_agreements_page_leads_to(desk, agreement, court, clerk):
    form = html(desk, ADD, agreement=agreement.pk)
    assert f'value="{agreement.case.number}"' in form

    response = desk.post(ADD, {"case_number": agreement.case.number, "court": court.pk, "note": ""}, follow=True)

    confirmation = JudicialConfirmation.objects.get()
    assert response.redirect_chain == [(page(confirmation), 302)]
    assert (confirmation.agreement, confirmation.court, confirmation.events.get().actor) == (agreement, court, clerk)
    assert said(response) == [f"Prepared. The last day for the application is {confirmation.due_on}."]


def test_an_agreements_page_tells_until_when_a_court_can_be_asked(desk, agreement, court, clerk):
    label, address = "Joint application to a court until", f"/admin/mediation/agreement/{agreement.pk}/change/"
    shown = html(desk, address)
    assert label in shown
    assert "Day 10, last day in " in shown

    type(agreement).objects.filter(pk=agreement.pk).update(reached_on=ago(60), effective_on=ago(60))
    assert "Last day over for " in html(desk, address)

    prepare(agreement, court=court, actor=clerk)
    assert label not in html(desk, address)


def test_after_the_last_day_it_is_prepared_with_a_warning(desk, agreement, court):
    type(agreement).objects.filter(pk=agreement.pk).update(reached_on=ago(60), effective_on=ago(60))

    response = desk.post(ADD, {"case_number": agreement.case.number, "court": court.pk}, follow=True)

    due_on = JudicialConfirmation.objects.get().due_on
    assert said(response) == [
        f"The last day for the application was {due_on}. A court need not take what comes later."
    ]


def test_the_address_names_no_agreement_of_another_agency(desk):
    other = AgreementFactory(in_force=True)

    assert other.case.number not in html(desk, ADD, agreement=other.pk)
    for nonsense in ("x", "9" * 30, "-1", "²"):
        html(desk, ADD, agreement=nonsense)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"case_number": "2026-99999999"}, "No case that you may mediate has this number and an agreement."),
        ({"case_number": ""}, "This field is required."),
        ({"court": ""}, "This field is required."),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_written(desk, agreement, court, fields, words):
    response = desk.post(ADD, {"case_number": agreement.case.number, "court": court.pk} | fields)

    assert errors(response) == [words]
    assert not JudicialConfirmation.objects.exists()


def test_an_agreement_of_another_agency_and_one_that_is_not_a_court_are_refused(desk, agreement, court):
    other = AgreementFactory(in_force=True)
    bureau = AgencyFactory()

    strange = desk.post(ADD, {"case_number": other.case.number, "court": court.pk})
    wrong = desk.post(ADD, {"case_number": agreement.case.number, "court": bureau.pk})

    assert errors(strange) == ["No case that you may mediate has this number and an agreement."]
    assert "court" in wrong.context_data["adminform"].form.errors
    assert not JudicialConfirmation.objects.exists()


def test_what_the_domain_refuses_stands_above_the_form(desk, prepared, agreement, court):
    response = desk.post(ADD, {"case_number": agreement.case.number, "court": court.pk})

    assert errors(response) == ["The confirmation of this agreement is under way already."]
    assert JudicialConfirmation.objects.count() == 1


def test_courts_alone_are_offered(desk, court):
    AgencyFactory(name="第一区人民法院路市场监管所")
    asked = {"app_label": "mediation", "model_name": "judicialconfirmation", "field_name": "court", "term": "第一区"}

    found = desk.get("/admin/autocomplete/", asked).json()["results"]

    assert [one["id"] for one in found] == [str(court.pk)]


def test_the_way_from_application_to_enforcement(desk, packed, agreement):
    InstalmentFactory(agreement=agreement, due_on=ago(3))
    steps = [
        ("apply", {"applied_on": f"{ago(5)}", "both_parties": "on"}, "applied"),
        ("accept", {"accepted_on": f"{ago(4)}", "number": "（2026）测民特1号"}, "accepted"),
        ("confirm", {"ruled_on": f"{ago(2)}", "ruling": "（2026）测民特1号之一"}, "confirmed"),
        ("enforce", {"enforced_on": f"{ago(1)}", "enforcement": "（2026）测执1号"}, "confirmed"),
    ]
    for verb, given, state in steps:
        assert f'href="{page(packed, verb)}"' in html(desk, page(packed))
        html(desk, page(packed, verb))
        response = desk.post(page(packed, verb), given | {"seen": last_event_id(packed), "note": ""})
        assert response.status_code == 302, errors(response)
        packed.refresh_from_db()
        assert packed.state == state
    shown = html(desk, page(packed))
    # numbers of a court are written in one language, which an English page says
    for words in ("（2026）测民特1号", "（2026）测民特1号之一", "（2026）测执1号"):
        assert f'<span translate="no">{words}</span>' in shown
    assert "205" in shown
    assert "/act/" not in shown


def test_a_late_application_is_recorded_and_said_not_to_be_in_time(desk, agreement, court, clerk):
    type(agreement).objects.filter(pk=agreement.pk).update(reached_on=ago(60), effective_on=ago(60))
    confirmation = prepare(agreement, court=court, actor=clerk)

    response = desk.post(page(confirmation, "apply"), {"applied_on": f"{ago(1)}", "both_parties": "on"}, follow=True)

    confirmation.refresh_from_db()
    assert (confirmation.state, confirmation.in_time) == ("applied", False)
    late, recorded = said(response)
    assert late == (
        f"The last day for the application was {confirmation.due_on}: it is recorded, and does not count as in time."
    )
    assert recorded == "Recorded: Record the application."


@pytest.mark.parametrize(
    ("verb", "given", "words"),
    [
        ("apply", {"applied_on": "", "both_parties": "on"}, "This field is required."),
        ("apply", {"both_parties": ""}, "Both parties apply jointly (Civil Procedure Law, art 205)."),
        ("withdraw", {"note": ""}, "This field is required."),
        ("issue", {}, "The agreement has no document of its present wording. Issue it first."),
    ],
)
def test_what_an_act_is_refused_for(desk, prepared, verb, given, words):
    applied_on = {"applied_on": f"{ago(1)}"} if verb == "apply" else {}
    before = prepared.events.count()

    response = desk.post(page(prepared, verb), applied_on | given)

    assert response.status_code == 200
    assert errors(response) == [words]
    prepared.refresh_from_db()
    assert (prepared.state, prepared.events.count()) == ("prepared", before)


def test_an_act_that_does_not_apply_leads_back_and_says_why(desk, prepared):
    response = desk.get(page(prepared, "enforce"), follow=True)

    assert response.redirect_chain == [(page(prepared), 302)]
    assert "This act does not apply" in said(response)[0]
    assert desk.get(page(prepared, "nonsense")).status_code == 404
    assert desk.get(page(prepared, "prepare")).status_code == 404


def test_whoever_acts_on_an_older_state_is_told_who_did_what(desk, prepared, clerk):
    seen = last_event_id(prepared)
    act_on_confirmation(prepared, "apply", actor=clerk, applied_on=ago(1), both_parties=True)

    response = desk.post(page(prepared, "withdraw"), {"seen": seen, "note": "不再申请"})

    (message,) = errors(response)
    assert "Someone else has worked on this" in message
    prepared.refresh_from_db()
    assert prepared.state == "applied"


def test_papers_are_opened_from_the_page_and_each_download_is_logged(desk, packed, clerk):
    shown = html(desk, page(packed))
    for document in packed.documents.all():
        path = f"{LIST}{packed.pk}/papers/{document.pk}/"
        assert f'href="{path}"' in shown
        response = desk.get(path)
        assert response.content.startswith(b"PK")
        assert response["Content-Disposition"].startswith("attachment")
    assert AccessLog.objects.filter(user=clerk, action="download").count() == 3
    stray = DocumentFactory(case=packed.agreement.case)
    assert desk.get(f"{LIST}{packed.pk}/papers/{stray.pk}/").status_code == 404


def test_the_head_of_a_unit_looks_on(as_, packed, district):
    desk = as_(UserFactory(agency=district, roles=["approver"]))
    paper = packed.documents.filter(form="court_application").get()

    shown = html(desk, page(packed))

    assert "/act/" not in shown
    assert f"/papers/{paper.pk}/" not in shown
    assert paper.number in shown
    assert desk.get(f"{LIST}{packed.pk}/papers/{paper.pk}/").status_code == 403
    assert desk.get(page(packed, "apply")).status_code == 403
    assert desk.get(ADD).status_code == 403
    assert not AccessLog.objects.exists()


# lists


@pytest.fixture
def rows(district, court):
    """One of each degree of urgency, and one that was applied for, by name."""
    days = {"calm": 10, "soon": 22, "urgent": 27, "overdue": 50, "applied": 10}
    made = {}
    for name, since in days.items():
        agreement = AgreementFactory(in_force=True, case__handling=district, reached_on=ago(since))
        due_on = ago(since - 30)
        fields = {"state": "applied", "applied_on": ago(1), "article": 205, "in_time": True} if name == "applied" else {}
        made[name] = ConfirmationFactory(agreement=agreement, court=court, safe_on=due_on, due_on=due_on, **fields)
    return made


def listed(client, rows, **query) -> set[str]:
    shown = html(client, LIST, **query)
    return {name for name, row in rows.items() if row.agreement.case.number in shown}


def test_the_list_filters_and_searches(desk, rows, court):
    JudicialConfirmation.objects.filter(pk=rows["applied"].pk).update(
        state="accepted", number="（2026）测民特7号", accepted_on=ago(1)
    )

    assert listed(desk, rows) == set(rows)
    for level in ("calm", "soon", "urgent", "overdue"):
        assert listed(desk, rows, urgency=level) == {level}
    assert listed(desk, rows, urgency="nonsense") == set(rows)
    assert listed(desk, rows, state__exact="accepted") == {"applied"}
    assert listed(desk, rows, timely="yes") == {"applied"}
    assert listed(desk, rows, q="（2026）测民特7") == {"applied"}
    assert listed(desk, rows, q=rows["soon"].agreement.case.number) == {"soon"}
    shown = html(desk, LIST)
    marks = ("Day 10, last day in 20", "Day 22, last day in 8", "Day 27, last day in 3", "Last day over for 20 days")
    for words in marks:
        assert words in shown
    assert "First Micro-court" in shown


def test_the_list_shows_no_row_of_another_agency(desk, rows):
    other = ConfirmationFactory()

    assert other.agreement.case.number not in html(desk, LIST)
    assert desk.get(page(other)).status_code == 404
    assert desk.get(page(other, "withdraw")).status_code == 404


def test_the_list_and_the_page_ask_as_much_for_many_rows_as_for_one(desk, rows, packed):
    def asked(path):
        html(desk, path)  # what is kept from one page to the next
        with CaptureQueriesContext(connection) as queries:
            html(desk, path)
        return len(queries)

    few, one = asked(LIST), asked(page(packed))
    for _n in range(5):
        ConfirmationFactory(
            agreement=AgreementFactory(in_force=True, case__handling=packed.agreement.case.handling), court=packed.court
        )
        packed.documents.add(DocumentFactory(case=packed.agreement.case))
        packed.events.create(verb="issue", before="prepared", after="prepared", actor=UserFactory(), at=timezone.now())

    assert (asked(LIST), asked(page(packed))) == (few, one)
    assert few <= 12
    assert one <= 12


def test_the_mediators_day_has_what_is_to_be_taken_to_court(desk, rows):
    other = ConfirmationFactory()
    shown = html(desk, "/admin/")
    part = shown[shown.index("To be taken to court") :]

    order = [name for _at, name in sorted((part.find(f"{row.pk}/change/"), name) for name, row in rows.items())]
    # what was applied for is not found, nor what has had its last day
    assert set(order[:2]) == {"applied", "overdue"}
    assert order[2:] == ["urgent", "soon", "calm"]
    for name in ("applied", "overdue"):
        assert rows[name].agreement.case.number not in part
    assert f"{LIST}{other.pk}/" not in shown
    assert f'<a href="{LIST}?urgency=overdue">1 prepared confirmation has had its last day.</a>' in part
    assert listed(desk, rows, urgency="overdue") == {"overdue"}


def test_what_has_had_its_last_day_hides_nothing_that_is_still_in_time(desk, district, court, monkeypatch):
    monkeypatch.setattr("mediation.templatetags.confirmations.MOST", 11)
    monkeypatch.setattr("mediation.templatetags.confirmations.SHOWN", 2)

    def made(number, days):
        for _n in range(number):
            agreement = AgreementFactory(in_force=True, case__handling=district, reached_on=ago(days))
            last = ago(days - 30)
            yield ConfirmationFactory(agreement=agreement, court=court, safe_on=last, due_on=last)

    overdue, (calm,), (today,), (soon,) = list(made(11, 90)), made(1, 10), made(1, 30), made(1, 22)
    words = "prepared confirmations have had their last day."

    part = day_of(desk)
    assert f"11 {words}" in part
    assert [one.pk for one in (calm, today, soon) if f"{LIST}{one.pk}/change/" in part] == [today.pk, soon.pk]
    assert part.index(f"{LIST}{today.pk}/") < part.index(f"{LIST}{soon.pk}/")
    assert not any(f"{LIST}{one.pk}/" in part for one in overdue)

    list(made(1, 60))
    assert f"More than 11 {words}" in day_of(desk)
    JudicialConfirmation.objects.update(due_on=ago(1), safe_on=ago(1))
    assert "No confirmation is to be applied for in time." in day_of(desk)


def day_of(client) -> str:
    shown = html(client, "/admin/")
    return shown[shown.index("To be taken to court") :]


def test_the_mediators_day_tells_of_agreements_whose_time_for_a_court_runs_out(
    as_, desk, district, court, clerk, monkeypatch
):
    address = "/admin/mediation/agreement/"
    days = {
        "day 19": 19, "day 20": 20, "day 29": 29, "over": 60, "prepared": 25, "withdrawn": 25, "draft": 25,
        "performed": 25, "annulled": 25,
    }  # fmt: skip
    facts = {
        "draft": {"in_force": False}, "performed": {"state": "performed", "performed_on": ago(3)},
        "annulled": {"state": "annulled", "annulled_at": timezone.now()},
    }  # fmt: skip
    made = {
        name: AgreementFactory(
            **{"in_force": True, "case__handling": district, "reached_on": ago(since)} | facts.get(name, {})
        )
        for name, since in days.items()
    }
    stranger = AgreementFactory(in_force=True, reached_on=ago(25))
    EntrustmentFactory(case=made["day 20"].case, agency=district)  # one's own and entrusted, and still one
    entrusted = AgreementFactory(in_force=True, reached_on=ago(25))
    EntrustmentFactory(case=entrusted.case, agency=district)
    for name in ("prepared", "withdrawn"):
        confirmation = prepare(made[name], court=court, actor=clerk)
        if name == "withdrawn":
            act_on_confirmation(confirmation, "withdraw", actor=clerk, note="双方先履行")

    part = day_of(desk)

    words = "agreements have been in effect for 20 days or longer, and nothing is prepared for a court."
    assert f'<a href="{address}?todo=court_soon">5 {words}</a>' in part
    shown = html(desk, address, todo="court_soon")
    found = {name for name, one in made.items() if one.case.number in shown}
    assert found == {"day 20", "day 29", "withdrawn", "performed"}
    assert stranger.case.number not in shown

    monkeypatch.setattr("mediation.templatetags.confirmations.MOST", 3)
    assert f"More than 3 {words}" in day_of(desk)
    for one in (made["day 20"], made["day 29"], made["performed"], entrusted):
        prepare(one, court=court, actor=clerk)
    assert "1 agreement has been in effect for 20 days or longer, and nothing is prepared for a court." in day_of(desk)
    prepare(made["withdrawn"], court=court, actor=clerk)
    assert "court_soon" not in day_of(desk)
    assert "court_soon" not in day_of(as_(UserFactory(agency=None, roles=["mediator"])))
    assert "1 agreement has been in effect" in day_of(as_(UserFactory(superuser=True)))


def test_without_a_rule_for_the_day_the_mediators_day_is_shown_all_the_same(desk, district, agreement):
    type(agreement).objects.filter(pk=agreement.pk).update(reached_on=ago(25), effective_on=ago(25))
    ClockRule.objects.filter(code=TERM).delete()

    assert "court_soon" not in day_of(desk)


@pytest.mark.parametrize("number", [1, 3])
def test_the_mediators_day_asks_as_much_for_three_confirmations_as_for_one(desk, district, court, number):
    for _n in range(number):
        for since in (10, 60):
            agreement = AgreementFactory(in_force=True, case__handling=district, reached_on=ago(since))
            due_on = ago(since - 30)
            ConfirmationFactory(agreement=agreement, court=court, safe_on=due_on, due_on=due_on)
        AgreementFactory(in_force=True, case__handling=district, reached_on=ago(22))
    html(desk, "/admin/")

    with CaptureQueriesContext(connection) as queries:
        html(desk, "/admin/")

    assert len(queries) == 20


def test_the_page_of_the_case_shows_how_far_it_has_come(as_, clerk, applied, district):
    path = f"/cases/{applied.agreement.case.number}/mediation/"
    officer = UserFactory(agency=district, roles=["officer"])

    kept, seen = html(as_(clerk), path), html(as_(officer), path)

    for shown in (kept, seen):
        assert "Judicial confirmation" in shown
        assert f"{applied.due_on}" in shown
        assert "First Micro-court" in shown
        assert "In time" in shown
    assert (page(applied) in kept, page(applied) in seen) == (True, False)


# the court's pages


def test_a_liaison_starts_with_his_list_and_has_no_other_page(client, applied, court):
    user = UserFactory(agency=court, roles=["court_liaison"], password="court-315-pass")  # noqa: S106
    signed_in = client.post("/accounts/login/", {"username": user.username, "password": "court-315-pass"})
    client.cookies["django_language"] = "en"

    assert signed_in.headers["Location"] == LIST
    assert applied.agreement.case.number in html(client, LIST)
    number = applied.agreement.case.number
    document = applied.documents.first()
    for path in (
        f"/cases/{number}/", "/cases/", "/cases/?q=净水器", f"/cases/{number}/mediation/", "/cases/recoveries/",
        f"/cases/{number}/documents/{document.pk}/file/", "/admin/cases/case/", "/admin/mediation/session/",
        "/admin/mediation/agreement/", "/imports/", "/insights/definitions/", ADD,
    ):  # fmt: skip
        assert client.get(path).status_code == 403, path
    for path in ("/", "/admin/"):
        shown = html(client, path)
        assert number not in shown
        assert "To be taken to court" not in shown


def test_a_liaison_records_acceptance_and_ruling_and_reads_the_papers(as_, liaison, applied):
    desk = as_(liaison)
    shown = html(desk, page(applied))
    assert {verb for verb in ("issue", "apply", "accept", "confirm", "dismiss", "withdraw", "enforce")
            if page(applied, verb) in shown} == {"accept", "dismiss"}  # fmt: skip
    assert "内部备注" not in shown
    assert "Case page" not in shown

    for document in applied.documents.all():
        assert f"/papers/{document.pk}/" in shown
        assert desk.get(f"{LIST}{applied.pk}/papers/{document.pk}/").content.startswith(b"PK")
    desk.post(page(applied, "accept"), {"accepted_on": f"{ago(4)}", "number": "（2026）测民特1号", "note": ""})
    desk.post(page(applied, "dismiss"), {
        "ruled_on": f"{ago(3)}", "ruling": "（2026）测民特1号之一", "ground": "unclear", "note": "",
    })  # fmt: skip

    applied.refresh_from_db()
    assert (applied.state, applied.ground, applied.number) == ("dismissed", "unclear", "（2026）测民特1号")
    assert AccessLog.objects.filter(user=liaison, action="download").count() == 3
    for verb in ("issue", "apply", "withdraw", "enforce"):
        assert desk.post(page(applied, verb), {"note": "原因"}).status_code == 403


def test_a_liaison_does_not_find_the_application_of_another_court(as_, applied):
    desk = as_(UserFactory(agency=AgencyFactory(court=True), roles=["court_liaison"]))
    document = applied.documents.first()

    assert applied.agreement.case.number not in html(desk, LIST)
    assert page(applied) not in html(desk, LIST, q=applied.agreement.case.number)
    for path in (page(applied), page(applied, "accept"), f"{LIST}{applied.pk}/papers/{document.pk}/",
                 f"{LIST}{applied.pk}/history/"):  # fmt: skip
        assert desk.get(path).status_code == 404, path
    given = {"accepted_on": f"{ago(4)}", "number": "（2026）测民特1号"}
    assert desk.post(page(applied, "accept"), given).status_code == 404
    applied.refresh_from_db()
    assert applied.state == "applied"
    assert not AccessLog.objects.exists()


def test_what_is_only_prepared_is_not_the_courts_yet(as_, clerk, liaison, packed):
    assert "?state__exact=prepared" in html(as_(clerk), LIST)
    desk = as_(liaison)

    shown = html(desk, LIST)
    assert packed.agreement.case.number not in shown
    assert "?state__exact=prepared" not in shown  # nor does the list offer what it never has
    assert "?state__exact=applied" in shown
    assert desk.get(page(packed)).status_code == 404


def test_the_agreement_leads_to_its_confirmation_or_to_its_preparation(as_, district, agreement, court, clerk):
    address, new = f"/admin/mediation/agreement/{agreement.pk}/change/", f"{ADD}?agreement={agreement.pk}"
    approver = UserFactory(agency=district, roles=["approver"])
    draft = AgreementFactory(case__handling=district)

    assert new in html(as_(clerk), address)
    assert new not in html(as_(approver), address)
    assert f"{ADD}?" not in html(as_(clerk), f"/admin/mediation/agreement/{draft.pk}/change/")

    confirmation = prepare(agreement, court=court, actor=clerk)
    for user in (clerk, approver):
        text = html(as_(user), address)
        assert page(confirmation) in text
        assert new not in text

    act_on_confirmation(confirmation, "withdraw", actor=clerk, note="双方先履行")
    text = html(as_(clerk), address)
    assert page(confirmation) not in text
    assert new in text
