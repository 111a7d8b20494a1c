"""The pages of the green channel: of the platforms in the administration, of the regulators on the case."""

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AccessLog
from cases.domain import start_clock
from cases.domain.parties import add_party
from cases.models import Case, CaseEvent, Recovery
from mediation.domain import act_on_referral, refer
from mediation.models import PlatformReferral, ReferralEvent
from tests.factories import (
    AgencyFactory,
    CaseFactory,
    MerchantFactory,
    PlatformFactory,
    ReferralFactory,
    UserFactory,
)
from tests.factories.cases import PERSON

pytestmark = pytest.mark.django_db
LIST = "/admin/mediation/platformreferral/"


@pytest.fixture
def world(db):
    """A complaint of two days ago, with texts and people, that its bureau has referred to a platform; all act today."""
    district = AgencyFactory(parent=AgencyFactory())
    platform = PlatformFactory(name_en="Chengce Mall")
    received_at = timezone.now() - dt.timedelta(days=2)
    case = CaseFactory(
        handling=district, received_at=received_at, claimed=Decimal("300.00"), platform=platform, regime="order121",
        merchant=MerchantFactory(name="杭州澄测商贸有限公司"), merchant_written="澄测小店 13900000002",
        goods="电动牙刷 13900000003", order_number="202611090001234", demand="退款，电话13900000004",
        narrative="身份证330102199001011234，电话13900000005，商品损坏",
    )  # fmt: skip
    officer = UserFactory(agency=district, roles=["officer"], last_name="沈", first_name="测试员")
    start_clock(case, "complaint.accept", on=timezone.localdate(received_at), actor=officer)
    add_party(case, role="consumer", personal=PERSON)
    add_party(case, role="proxy", personal=PERSON | {"name": "钱代理", "phone": "13700000009"})
    return SimpleNamespace(
        district=district, platform=platform, case=case, officer=officer,
        partner=UserFactory(agency=platform.agency, roles=["platform_partner"]),
        referral=refer(case, platform, actor=officer, note="请联系 13900000006"),
    )  # fmt: skip


@pytest.fixture
def visit(client):
    """`visit(user)`: the client, signed in as that user, in English."""

    def sign_in(user):
        client.force_login(user)
        client.cookies["django_language"] = "en"
        return client

    return sign_in


def stored():
    models = (PlatformReferral, ReferralEvent, Case, CaseEvent, Recovery, AccessLog)
    return [list(model.objects.order_by("pk").values()) for model in models]


def errors(response) -> list[str]:
    return [str(message) for messages in response.context_data["form"].errors.values() for message in messages]


def page(referral, part="change") -> str:
    return f"{LIST}{referral.pk}/{part}/"


# ---- the platform's people


def test_a_partner_starts_with_what_was_referred_to_his_platform(client, world):
    answer = client.post("/accounts/login/", {"username": world.partner.username, "password": "correct-horse-7-battery"})

    assert (answer.status_code, answer["Location"]) == (302, LIST)


def test_a_partner_sees_his_platforms_referrals_and_no_case(visit, world):
    other = ReferralFactory(case=CaseFactory(handling=world.district))
    desk = visit(world.partner)

    html = desk.get(LIST).content.decode()

    assert world.case.number in html
    assert other.case.number not in html
    assert "?platform=" not in html  # nothing to choose among
    for path in (f"/cases/{world.case.number}/", "/cases/", "/cases/queue/", f"/cases/{world.case.number}/channel/"):
        assert desk.get(path).status_code == 403
    assert "/cases/" not in desk.get("/").content.decode()
    for part in ("change", "act/reply", "phone"):
        assert desk.get(page(other, part)).status_code == 404


def test_what_a_partner_reads_of_a_case(visit, world):
    """What he needs to settle, with the names and the numbers of people masked; neither who else took part nor which
    official worked on it."""
    html = visit(world.partner).get(page(world.referral)).content.decode()

    for shown in (
        world.case.number, "杭州澄测商贸有限公司", "澄测小店", "电动牙刷", "202611090001234", "300.00", "退款",
        "商品损坏", "张某", "330102********1234", *(f"139****000{n}" for n in range(2, 7)), "The regulator",
    ):  # fmt: skip
        assert shown in html, shown
    for hidden in (
        PERSON["name"], PERSON["phone"], "138****0001", PERSON["address"], PERSON["id_number"], "钱代理", "钱某",
        "330102199001011234", *(f"1390000000{n}" for n in range(2, 7)), world.officer.get_full_name(),
        world.case.get_absolute_url(), "/channel/",
    ):  # fmt: skip
        assert hidden not in html, hidden


def test_a_regulator_reads_who_did_what_and_gets_to_the_case(visit, world):
    head = UserFactory(agency=world.district, roles=["approver"])

    html = visit(head).get(page(world.referral)).content.decode()

    assert world.officer.get_full_name() in html
    assert f'href="{world.case.get_absolute_url()}"' in html
    assert page(world.referral, "act/recall") in html
    assert page(world.referral, "act/settle") not in html
    assert page(world.referral, "phone") not in html


def test_a_partner_replies_settles_and_posts_what_was_paid(visit, world):
    desk = visit(world.partner)

    desk.post(page(world.referral, "act/reply"), {"text": "已联系消费者"})
    answer = desk.post(
        page(world.referral, "act/settle"),
        {"settlement": "退货退款", "amount": "250", "kind": "refund", "status": "paid", "evidence": "退款单0001"},
        follow=True,
    )

    world.referral.refresh_from_db()
    world.case.refresh_from_db()
    referral = world.referral
    assert (referral.state, referral.reply, referral.settlement) == ("settled", "已联系消费者", "退货退款")
    assert (world.referral.recovery.amount, world.referral.recovery.means) == (Decimal("250.00"), "platform")
    assert (world.case.state, world.case.outcome) == ("ended", "settled")
    html = answer.content.decode()
    assert "Recorded: Record the settlement." in html
    assert "250.00" in html
    assert "act/reply" not in html


@pytest.mark.parametrize(
    ("verb", "given", "words"),
    [
        ("settle", {"settlement": "退款", "amount": "300.01", "kind": "refund", "status": "paid", "evidence": "单据"},
         "more than the claim of 300.00 yuan"),
        ("settle", {"settlement": "退款", "amount": "10"}, "Needed with an amount"),
        ("settle", {"settlement": "退款", "amount": "-1", "kind": "refund", "status": "paid", "evidence": "单据"},
         "greater than or equal to 0.01"),
        ("settle", {"settlement": "退款", "kind": "refund"}, "Give the amount"),
        ("settle", {"settlement": ""}, "required"),
        ("reply", {"text": " "}, "required"),
        ("decline", {"note": "不行"}, "at least 5 characters"),
    ],
)  # fmt: skip
def test_what_is_wrong_stands_above_the_form_with_all_that_was_entered(visit, world, verb, given, words):
    before = stored()

    response = visit(world.partner).post(page(world.referral, f"act/{verb}"), given)

    assert response.status_code == 200
    assert any(words in message for message in errors(response)), errors(response)
    for value in given.values():
        assert value.strip() in response.content.decode()
    assert stored() == before


def test_whoever_answers_what_was_taken_back_meanwhile_is_told_who_was_quicker(visit, world):
    """`seen` is from before; then the act itself has no page any more."""
    desk = visit(world.partner)
    act_on_referral(world.referral, "reply", actor=world.partner, text="已联系消费者")
    seen = world.referral.events.order_by("pk").first().pk
    before = stored()

    response = desk.post(page(world.referral, "act/settle"), {"settlement": "退款", "seen": seen})

    assert [message for message in errors(response) if "Someone else has worked on this" in message]
    assert stored() == before
    act_on_referral(world.referral, "recall", actor=world.officer, note="消费者要求调解")
    response = desk.post(page(world.referral, "act/settle"), {"settlement": "退款"}, follow=True)
    assert response.redirect_chain == [(page(world.referral), 302)]
    assert "does not apply in the state “Came back”" in response.content.decode()


def test_a_waiting_referral_whose_term_is_over_says_so_and_takes_no_answer(visit, world):
    over = ReferralFactory(
        case=CaseFactory(handling=world.district), platform=world.platform, due_on=dt.date(2026, 1, 5),
        safe_on=dt.date(2026, 1, 5), referred_at=timezone.now() - dt.timedelta(days=400),
    )  # fmt: skip
    desk = visit(world.partner)

    assert "Term over, comes back" in desk.get(LIST, {"due": "over"}).content.decode()
    html = desk.get(page(over)).content.decode()
    assert "Term over, comes back" in html
    assert "/act/" not in html
    assert page(over, "phone") not in html
    answer = desk.get(page(over, "act/settle"), follow=True)
    assert "ended on 2026-01-05" in answer.content.decode()
    head = UserFactory(agency=world.district, roles=["officer"])
    assert "Term over, comes back" in visit(head).get(f"/cases/{over.case.number}/channel/").content.decode()


def test_the_telephone_is_shown_once_for_a_reason(visit, world):
    desk, path = visit(world.partner), page(world.referral, "phone")

    asked, short = desk.get(path), desk.post(path, {"reason": "要"})
    for response in (asked, short):
        assert PERSON["phone"] not in response.content.decode()
    assert not AccessLog.objects.exists()
    shown = desk.post(path, {"reason": "联系消费者协商"})

    html = shown.content.decode()
    assert PERSON["phone"] in html
    assert "13700000009" not in html
    assert shown["Cache-Control"].startswith("max-age=0")
    line = AccessLog.objects.get()
    assert (line.user, line.fields, line.reason) == (world.partner, "phone", "联系消费者协商")


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_asks_the_same_however_many_there_are(visit, world, rows):
    ReferralFactory.create_batch(rows - 1, platform=world.platform)
    desk = visit(world.partner)
    desk.get(LIST)

    with CaptureQueriesContext(connection) as queries:
        html = desk.get(LIST).content.decode()

    assert html.count('class="field-number"') == rows
    assert len(queries) == 6, [query["sql"] for query in queries]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"state__exact": "waiting"}, {"waiting"}), ({"state__exact": "settled"}, {"settled"}),
        ({"due": "unanswered"}, {"waiting"}), ({"due": "over"}, set()), ({"due": "soon"}, set()),
        ({"platform": "none"}, {"waiting", "settled"}), ({"q": "0000-00000000"}, set()),
    ],
)  # fmt: skip
def test_the_list_is_narrowed(visit, world, asked, found):
    ReferralFactory(case=CaseFactory(handling=world.district), settled=True)
    head = UserFactory(agency=world.district, roles=["approver"])

    rows = visit(head).get(LIST, asked).context_data["cl"].result_list

    assert {row.state for row in rows} == found


def test_the_list_is_narrowed_to_a_platform_and_searched_by_case_number(visit, world):
    ReferralFactory(case=CaseFactory(handling=world.district))
    desk = visit(UserFactory(agency=world.district, roles=["approver"]))

    for asked in ({"platform": world.platform.pk}, {"q": world.case.number}):
        assert list(desk.get(LIST, asked).context_data["cl"].result_list) == [world.referral]


# ---- the page of a case


@pytest.fixture
def fresh(world):
    """A complaint that has not been with a platform."""
    return CaseFactory(handling=world.district, received_at=timezone.now(), platform=world.platform)


def channel(case) -> str:
    return f"/cases/{case.number}/channel/"


def test_a_complaint_leads_to_the_green_channel_and_a_report_does_not(visit, world, fresh):
    report = CaseFactory(handling=world.district, report=True)
    desk = visit(world.officer)

    assert f'href="{channel(fresh)}"' in desk.get(fresh.get_absolute_url()).content.decode()
    assert "/channel/" not in desk.get(report.get_absolute_url()).content.decode()


def test_an_officer_refers_a_complaint_and_takes_it_back(visit, world, fresh):
    desk = visit(world.officer)
    former = PlatformFactory(name_en="Former Mall", green_to=timezone.localdate())

    html = desk.get(channel(fresh)).content.decode()
    assert f'<option value="{world.platform.pk}" selected>' in html  # the case's own
    assert "Former Mall" not in html
    response = desk.post(channel(fresh), {"act": "refer", "platform": world.platform.pk, "note": "请尽快"}, follow=True)

    referral = fresh.referrals.get()
    assert f"Referred to Chengce Mall; due on {referral.due_on}" in response.content.decode()
    assert (referral.platform, referral.created_by) == (world.platform, world.officer)
    assert referral.events.get().note == "请尽快"
    seen = response.context["form"].initial["seen"]
    response = desk.post(channel(fresh), {"act": "recall", "reason": "消费者要求调解", "seen": seen}, follow=True)
    referral.refresh_from_db()
    assert "The complaint is back" in response.content.decode()
    assert (referral.state, referral.returned_because, referral.reason) == ("returned", "recalled", "消费者要求调解")
    assert former.referrals.count() == 0


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ({"act": "refer"}, 422, "required"),
        ({"act": "refer", "platform": "former"}, 422, "Select a valid choice"),
        ({"act": "recall", "reason": "消费者要求调解"}, 302, ""),
        ({"act": "settle"}, 302, ""),
    ],
)
def test_a_wrong_post_refers_nothing(visit, world, fresh, given, status, words):
    former = PlatformFactory(green_to=timezone.localdate())
    before = stored()

    response = visit(world.officer).post(
        channel(fresh), given | ({"platform": former.pk} if "platform" in given else {})
    )

    assert response.status_code == status
    assert words in response.content.decode()
    assert stored() == before


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"closed": True}, "does not apply in the state “Closed”"),
        ({"accepted": True, "state": "mediating"}, "does not apply in the state “In mediation”"),
        ({"report": True}, "Only complaints go to a platform"),
    ],
)
def test_what_cannot_be_referred_says_why(visit, world, facts, words):
    case = CaseFactory(handling=world.district, **facts)
    desk, before = visit(world.officer), stored()

    html = desk.get(channel(case)).content.decode()
    answer = desk.post(channel(case), {"act": "refer", "platform": world.platform.pk}, follow=True)

    assert words in html
    assert "<textarea" not in html
    assert words in answer.content.decode()
    assert stored() == before


def test_a_recall_on_an_older_view_is_refused(visit, world):
    seen = world.referral.events.get().pk
    act_on_referral(world.referral, "reply", actor=world.partner, text="已联系消费者")
    before = stored()

    response = visit(world.officer).post(
        channel(world.case), {"act": "recall", "reason": "消费者要求调解", "seen": seen}
    )

    assert response.status_code == 409
    assert "Someone else has worked on this" in response.content.decode()
    assert "消费者要求调解" in response.content.decode()
    assert stored() == before


def test_who_only_reads_a_case_sees_its_referrals(visit, world):
    reader = UserFactory(agency=world.district, roles=["regulator"])

    html = visit(reader).get(channel(world.case)).content.decode()
    part = visit(reader).get(channel(world.case), headers={"hx-request": "true"}).content.decode()

    for shown in (html, part):
        assert "Chengce Mall" in shown
        assert "With the platform" in shown
        assert "<textarea" not in shown
        assert "Take back" not in shown
    assert "<h1" not in part
