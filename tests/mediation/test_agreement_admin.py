"""Agreements on the mediators' pages: entered with their instalments, signed, performed, and what is refused."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AccessLog
from cases.domain import pay_recovery
from cases.domain.recoveries import promises
from cases.enums import Outcome, State
from cases.models import Case, Recovery
from mediation.domain import Due, act_on_agreement, draw_up
from mediation.enums import AgreementState
from mediation.models import Agreement
from tests.factories import (
    AgencyFactory,
    AgreementFactory,
    CaseFactory,
    InstalmentFactory,
    MediatorFactory,
    PartyFactory,
    SessionFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
ADD = "/admin/mediation/agreement/add/"


@pytest.fixture
def desk(client, clerk):
    client.force_login(clerk)
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def case(district):
    now = timezone.now()
    case = CaseFactory(
        handling=district, accepted=True, regime="order121", state=State.ENDED, outcome=Outcome.AGREEMENT,
        received_at=now - dt.timedelta(days=9), accepted_at=now - dt.timedelta(days=8), ended_at=now, claimed="500.00",
    )  # fmt: skip
    PartyFactory(case=case)
    return case


@pytest.fixture
def today():
    return timezone.localdate()


@pytest.fixture
def agreement(case, clerk, today):
    dues = [Due(today, "退还货款，电话13800001234", "refund", Decimal("300.00"))]
    return draw_up(case, terms="退还货款300元。", reached_on=today, instalments=dues, actor=clerk)


def agreed(district):
    return CaseFactory(
        handling=district, accepted=True, state=State.ENDED, outcome=Outcome.AGREEMENT, ended_at=timezone.now()
    )


def entered(case, today, *rows, **fields):
    return {
        "number": case.number, "reached_on": f"{today}", "terms": "经营者退还货款。",
        "instalments-TOTAL_FORMS": len(rows), "instalments-INITIAL_FORMS": 0,
        **{f"instalments-{n}-{name}": value for n, row in enumerate(rows) for name, value in row.items()},
    } | fields  # fmt: skip


def errors(response) -> str:
    lists = re.findall(r'class="errorlist[^"]*".*?</ul>', response.content.decode(), re.DOTALL)
    return re.sub(r"<[^>]+>", "", " ".join(lists))


def url(agreement, page="change/"):
    return f"/admin/mediation/agreement/{agreement.pk}/{page}"


def test_an_agreement_is_entered_with_what_is_to_be_done_by_when(desk, case, clerk, today):
    proposed = desk.get(f"{ADD}?number={case.number}").context_data["adminform"].form
    rows = [
        {"due_on": f"{today}", "what": "退还货款", "kind": "refund", "amount": "300.00"},
        {"due_on": f"{today}", "what": "补发配件", "kind": "", "amount": ""},
    ]

    response = desk.post(ADD, entered(case, today, *rows))

    agreement = Agreement.objects.get()
    assert (proposed["number"].value(), proposed["reached_on"].value()) == (case.number, today)
    assert response.status_code == 302
    assert (agreement.case, agreement.terms, agreement.reached_on) == (case, "经营者退还货款。", today)
    assert [(one.what, one.kind, one.amount) for one in agreement.instalments.all()] == [
        ("退还货款", "refund", Decimal("300.00")), ("补发配件", "", None),
    ]  # fmt: skip
    assert agreement.events.get().actor == clerk


@pytest.mark.parametrize(
    ("row", "fields", "words"),
    [
        ({"due_on": "2020-01-01", "what": "退款"}, {}, "is to be done on the day of the agreement"),
        ({"due_on": "2026-99-01", "what": "退款"}, {}, "Enter a valid date"),
        ({"due_on": "{today}", "what": "退款", "kind": "refund", "amount": "-5"}, {}, "An amount is above zero"),
        ({"due_on": "{today}", "what": "退款", "amount": "5"}, {}, "An amount is above zero"),
        ({}, {"terms": " "}, "This field is required"),
        ({}, {"number": "2026-99999999"}, "No case that you may mediate"),
    ],
)
def test_what_is_refused_stands_above_the_form_with_all_that_was_entered(desk, case, today, row, fields, words):
    given = {name: value.format(today=today) for name, value in row.items()}

    response = desk.post(ADD, entered(case, today, *([given] if given else []), **fields))

    assert response.status_code == 200
    assert words in errors(response)
    assert given.get("what", "") in response.content.decode()
    assert not Agreement.objects.exists()


def test_it_is_revised_until_it_is_signed(desk, agreement, today):
    old = agreement.instalments.get()
    given = {
        "reached_on": f"{today}", "terms": "改为退还200元。",
        "instalments-TOTAL_FORMS": 2, "instalments-INITIAL_FORMS": 1,
        "instalments-0-id": old.pk, "instalments-0-agreement": agreement.pk, "instalments-0-due_on": f"{today}",
        "instalments-0-what": "退还货款", "instalments-0-kind": "refund", "instalments-0-amount": "300.00",
        "instalments-0-DELETE": "on",
        "instalments-1-due_on": f"{today}", "instalments-1-what": "退还货款", "instalments-1-kind": "refund",
        "instalments-1-amount": "200.00", "signatures-TOTAL_FORMS": 0, "signatures-INITIAL_FORMS": 0,
        "events-TOTAL_FORMS": 0, "events-INITIAL_FORMS": 0,
    }  # fmt: skip

    response = desk.post(url(agreement), given)

    assert response.status_code == 302
    agreement.refresh_from_db()
    assert agreement.terms == "改为退还200元。"
    assert [one.amount for one in agreement.instalments.all()] == [Decimal("200.00")]

    chosen = [one.pk for one in agreement.signatures.all()]
    desk.post(url(agreement, "act/sign/"), {"signatures": chosen, "signed_on": f"{today}", "seen": ""})
    page = desk.get(url(agreement))
    assert 'name="terms"' not in page.content.decode()
    assert desk.post(url(agreement), given).status_code == 403
    agreement.refresh_from_db()
    assert (agreement.state, agreement.terms) == (AgreementState.IN_FORCE, "改为退还200元。")


def test_a_page_tells_which_document_a_revision_makes_void(desk, agreement, clerk, today):
    assert "With a revision it is void" not in desk.get(url(agreement)).content.decode()
    number = act_on_agreement(agreement, "issue", actor=clerk).data["number"]
    shown = desk.get(url(agreement)).content.decode()
    assert f'The document <span translate="no">{number}</span> has this wording. With a revision it is void' in shown
    given = {
        "reached_on": f"{today}", "terms": "改为退还200元。",
        **{f"{rows}-{n}_FORMS": 0 for rows in ("instalments", "signatures", "events") for n in ("TOTAL", "INITIAL")},
    }

    response = desk.post(url(agreement), given, follow=True)

    words = [str(message) for message in response.context["messages"]]
    assert words[0] == (
        f"Void with this revision: {number}. Make out the document anew before it is signed or goes to a court."
    )
    assert agreement.documents.get().is_void
    shown = desk.get(url(agreement)).content.decode()
    assert "With a revision it is void" not in shown
    assert '<span class="flag">void</span>' in shown


def test_it_is_signed_and_performed_on_its_pages(desk, agreement, clerk, today):
    chosen = [one.pk for one in agreement.signatures.all()]
    assert desk.get(url(agreement, "act/sign/")).status_code == 200
    assert desk.post(url(agreement, "act/sign/"), {"signatures": chosen, "signed_on": f"{today}"}).status_code == 302
    refund = agreement.instalments.get()
    given = {"instalment": refund.pk, "performed_on": f"{today}", "evidence": "转账记录", "amount": "100.00"}

    desk.post(url(agreement, "act/perform/"), given)
    assert "200.00" in desk.get(url(agreement)).content.decode()  # still owed
    (rest,) = promises(agreement.case)
    pay_recovery(rest, amount=Decimal("50.00"), evidence="转账", actor=clerk)
    for path in ("change/", "act/perform/"):
        shown = desk.get(url(agreement, path)).content.decode()
        assert "150.00" in shown, path
        assert "200.00" not in shown, path
    desk.post(url(agreement, "act/perform/"), given | {"amount": ""})

    agreement.refresh_from_db()
    assert agreement.state == AgreementState.PERFORMED
    assert sum(Recovery.objects.values_list("amount", flat=True)) == Decimal("300.00")
    page = desk.get(url(agreement)).content.decode()
    assert "13800001234" not in page
    assert "138****1234" in page


def test_a_refused_act_keeps_what_was_entered(desk, agreement, today):
    tomorrow = today + dt.timedelta(days=1)
    chosen = [one.pk for one in agreement.signatures.all()]

    response = desk.post(url(agreement, "act/sign/"), {"signatures": chosen, "signed_on": f"{tomorrow}", "note": "备注"})

    assert response.status_code == 200
    assert "signed between the day on which it was reached" in errors(response)
    assert "备注" in response.content.decode()
    assert set(agreement.signatures.values_list("signed_on", flat=True)) == {None}


def test_the_document_is_made_out_and_opened_with_a_trace(desk, agreement, clerk):
    assert desk.post(url(agreement, "act/issue/"), {"respondent_representative": "周法人"}).status_code == 302
    document = agreement.documents.get()

    assert document.number in desk.get(url(agreement)).content.decode()
    response = desk.get(url(agreement, f"papers/{document.pk}/"))

    assert response.status_code == 200
    assert "wordprocessingml" in response["Content-Type"]
    assert AccessLog.objects.filter(user=clerk, target__endswith=document.number).exists()
    other = AgreementFactory()
    assert desk.get(url(other, f"papers/{document.pk}/")).status_code == 404
    assert desk.get(url(agreement, "papers/0/")).status_code == 404


def test_another_agency_finds_no_page_of_it(client, agreement, today):
    client.force_login(UserFactory(agency=AgencyFactory(), roles=["mediator"]))
    for page in ("change/", "act/sign/", "act/annul/", "act/issue/"):
        assert client.get(url(agreement, page)).status_code in (302, 404), page
    chosen = [one.pk for one in agreement.signatures.all()]
    assert client.post(url(agreement, "act/sign/"), {"signatures": chosen, "signed_on": f"{today}"}).status_code == 404
    assert client.post(ADD, entered(agreement.case, today)).status_code == 200
    assert Agreement.objects.get() == agreement
    assert agreement.case.number not in client.get("/admin/mediation/agreement/").content.decode()


@pytest.fixture
def led(client, case):
    """The session in which the case came to an agreement; the mediator of a station below, who led it, is signed in."""
    leader = UserFactory(agency=AgencyFactory(parent=case.custodian), roles=["mediator"])
    client.force_login(leader)
    client.cookies["django_language"] = "en"
    mediator = MediatorFactory(agency=leader.agency, user=leader)
    return SessionFactory(case=case, held=True, starts=timezone.now() - dt.timedelta(hours=2), mediator=mediator)


def test_who_led_the_session_for_an_agency_above_has_the_pages_of_its_agreement(client, led, case, today):
    address = f"/admin/mediation/session/{led.pk}/change/"
    assert f'href="{ADD}?number={case.number}"' in client.get(address).content.decode()

    due = {"due_on": f"{today}", "what": "退还货款", "kind": "refund", "amount": "300.00"}
    entry = client.post(ADD, entered(case, today, due), follow=True)
    agreement = Agreement.objects.get()
    assert entry.redirect_chain
    assert f'href="{url(agreement)}"' in client.get(address).content.decode()
    assert client.post(url(agreement, "act/issue/"), {}).status_code == 302
    document = agreement.documents.get()
    page = client.get(url(agreement)).content.decode()
    paper = client.get(url(agreement, f"papers/{document.pk}/"))
    revised = client.post(url(agreement), {
        "reached_on": f"{today}", "terms": "改为退还200元。",
        **{f"{rows}-{n}_FORMS": 0 for rows in ("instalments", "signatures", "events") for n in ("TOTAL", "INITIAL")},
    })  # fmt: skip

    assert document.number in page
    for path in ("act/sign/", "act/annul/", case.get_absolute_url()):
        assert path not in page
    assert (paper.status_code, revised.status_code) == (200, 302)
    assert AccessLog.objects.filter(user=led.mediator.user, target__endswith=document.number).exists()
    agreement.refresh_from_db()
    assert (agreement.session, agreement.terms, agreement.documents.get().is_void) == (led, "改为退还200元。", True)
    chosen = [one.pk for one in agreement.signatures.all()]
    signed = client.post(url(agreement, "act/sign/"), {"signatures": chosen, "signed_on": f"{today}"}, follow=True)
    assert "The rest is done by that agency." in signed.content.decode()
    assert set(agreement.signatures.values_list("signed_on", flat=True)) == {None}


def test_who_led_the_session_opens_nothing_else_of_the_case_or_of_others(client, led, case, clerk, district, today):
    other = agreed(district)
    agreement = draw_up(case, terms="退还货款。", reached_on=today, instalments=[], actor=clerk)
    theirs = draw_up(other, terms="退还货款。", reached_on=today, instalments=[], actor=clerk)
    for one in (agreement, theirs):
        act_on_agreement(one, "issue", actor=clerk)
    document, elsewhere = (one.documents.get() for one in (agreement, theirs))
    leader = led.mediator.user

    assert client.get(url(agreement, f"papers/{document.pk}/")).status_code == 200
    for path in ("change/", "act/issue/", "history/", f"papers/{elsewhere.pk}/"):
        assert client.get(url(theirs, path)).status_code == 404, path
    assert client.get(url(agreement, f"papers/{elsewhere.pk}/")).status_code == 404
    assert "No case that you may mediate" in errors(client.post(ADD, entered(other, today)))
    for path in (case.get_absolute_url(), f"/cases/{case.number}/documents/{document.pk}/file/"):
        assert client.get(path).status_code == 404, path
    for path in ("/admin/mediation/agreement/", "/admin/mediation/mediatedcase/"):
        assert case.number not in client.get(path).content.decode(), path

    client.force_login(UserFactory(agency=leader.agency, roles=["mediator"]))
    for path in ("change/", "act/issue/", f"papers/{document.pk}/"):
        assert client.get(url(agreement, path)).status_code == 404, path
    assert "No case that you may mediate" in errors(client.post(ADD, entered(case, today)))


def test_who_led_the_session_and_may_know_no_person_reads_no_document(client, led, case, clerk, today):
    agreement = draw_up(case, terms="退还货款。", reached_on=today, instalments=[], actor=clerk)
    act_on_agreement(agreement, "issue", actor=clerk)
    document, leader = agreement.documents.get(), led.mediator.user
    Permission.objects.get(codename="reveal_party").group_set.clear()

    page = client.get(url(agreement)).content.decode()

    assert document.number in page
    assert f"papers/{document.pk}/" not in page
    assert client.get(url(agreement, f"papers/{document.pk}/")).status_code == 403
    assert not AccessLog.objects.filter(user=leader).exists()


@pytest.mark.parametrize(
    ("todo", "shown"),
    [
        ("sign", {"draft"}), ("perform", {"due", "late"}), ("late", {"late"}), ("court", {"due", "late"}),
        ("reopened", {"late"}), ("", None),
    ],
)  # fmt: skip
def test_the_list_is_narrowed_to_what_is_to_be_done(desk, district, today, todo, shown):
    def made(**facts):
        case = agreed(district)
        return AgreementFactory(case=case, reached_on=today - dt.timedelta(days=20), **facts)

    kinds = {
        "draft": made(), "due": made(in_force=True), "late": made(in_force=True),
        "annulled": made(in_force=True, state="annulled", annulled_at=timezone.now()),
    }  # fmt: skip
    InstalmentFactory(agreement=kinds["due"], due_on=today)
    InstalmentFactory(agreement=kinds["late"], due_on=today - dt.timedelta(days=1))
    for name in ("late", "annulled"):
        Case.objects.filter(pk=kinds[name].case_id).update(state=State.ACCEPTED, outcome="", ended_at=None)

    page = desk.get("/admin/mediation/agreement/", {"todo": todo} if todo else {}).content.decode()

    expected = set(kinds) if shown is None else shown
    assert {name for name, one in kinds.items() if one.case.number in page} == expected
    assert page.count('<span class="flag">case reopened</span>') == ("late" in expected)


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_and_the_day_take_as_many_queries_for_three_as_for_one(desk, district, today, rows):
    for _n in range(rows):
        case = agreed(district)
        SessionFactory(case=case, held=True, held_at=timezone.now(), starts=timezone.now() - dt.timedelta(days=2 + _n))
        other = agreed(district)
        InstalmentFactory(agreement=AgreementFactory(case=other, in_force=True), due_on=today)
        AgreementFactory(case=CaseFactory(handling=district, accepted=True))
    counts = {}
    for address in ("/admin/mediation/agreement/", "/admin/"):
        desk.get(address)
        with CaptureQueriesContext(connection) as queries:
            response = desk.get(address)
        assert response.status_code == 200
        counts[address] = len(queries)

    assert counts == {"/admin/mediation/agreement/": 9, "/admin/": 20}


def test_the_day_shows_what_is_to_be_drawn_up_signed_and_performed(desk, case, district, today, clerk):
    SessionFactory(case=case, held=True, held_at=timezone.now())
    other = agreed(district)
    late = InstalmentFactory(agreement=AgreementFactory(case=other, in_force=True), due_on=today - dt.timedelta(days=1))

    page = desk.get("/admin/").content.decode()
    assert f"/admin/mediation/agreement/add/?number={case.number}" in page
    assert f"/admin/mediation/agreement/{late.agreement.pk}/change/" in page
    assert "overdue" in page

    agreement = draw_up(case, terms="退款", reached_on=today, instalments=[], actor=clerk)
    page = desk.get("/admin/").content.decode()
    assert f"add/?number={case.number}" not in page
    assert f"/admin/mediation/agreement/{agreement.pk}/change/" in page
    chosen = list(agreement.signatures.all())
    act_on_agreement(agreement, "sign", actor=clerk, signatures=chosen, signed_on=today)
    assert f"/admin/mediation/agreement/{agreement.pk}/change/" not in desk.get("/admin/").content.decode()


def test_the_case_page_tells_of_the_agreement(client, agreement, district):
    client.force_login(UserFactory(agency=district, roles=["officer"]))
    client.cookies["django_language"] = "en"

    page = client.get(f"/cases/{agreement.case.number}/mediation/").content.decode()

    assert "To be signed" in page
    assert "300.00" in page
    assert "13800001234" not in page
    assert "/admin/mediation/agreement/" not in page  # an officer does not enter the administration
    assert "case reopened" not in page

    Case.objects.filter(pk=agreement.case_id).update(state=State.ACCEPTED, outcome="", ended_at=None)
    assert "case reopened" in client.get(f"/cases/{agreement.case.number}/mediation/").content.decode()
