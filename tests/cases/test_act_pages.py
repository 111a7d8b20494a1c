"""The pages on which one act is done."""

import re

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from cases.domain import perform, register_case
from cases.enums import Kind, State
from cases.models import Case, CaseEvent, Ground
from core.workflow import last_event_id
from tests.cases.pages import SCRIPT, address, post, text
from tests.factories import AgencyFactory, CaseFactory, MerchantFactory, UserFactory
from tests.factories.cases import PERSON, local

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(officer, district):
    return register_case(
        actor=officer, kind=Kind.COMPLAINT, received_at=local(2026, 11, 9), handling=district, people=[PERSON],
        merchant_written="杭州测试商店", narrative="买到的商品有质量问题", now=local(2026, 11, 9),
    )  # fmt: skip


@pytest.fixture
def head(district):
    return UserFactory(agency=district, roles=["officer", "approver"])


def test_buttons_lead_to_the_acts_that_are_legal_now(client, officer, case):
    client.force_login(officer)

    html = text(client.get(case.get_absolute_url()))

    assert f'href="{address(case, "accept")}"' in html
    assert f'href="{address(case, "refuse")}"' in html
    assert address(case, "close") not in html
    assert address(case, "assign") not in html  # no permission


def test_an_act_is_done_and_leads_back_to_the_case(client, officer, case):
    response = post(client, officer, case, "accept", note="符合条件")

    assert (response.status_code, response.url) == (302, case.get_absolute_url())
    assert len(list(get_messages(response.wsgi_request))) == 1
    case.refresh_from_db()
    assert case.state == State.ACCEPTED
    assert case.events.get(verb="accept").note == "符合条件"


def test_htmx_gets_the_form_alone_and_is_sent_on(client, officer, case):
    client.force_login(officer)
    fragment = text(client.get(address(case, "refuse"), headers={"HX-Request": "true"}))
    assert fragment.lstrip().startswith('<div class="act-form" id="act">')

    response = post(client, officer, case, "accept", htmx=True)

    assert (response.status_code, response.headers["HX-Redirect"]) == (200, case.get_absolute_url())


def test_what_is_missing_is_said_beside_the_field(client, officer, case):
    response = post(client, officer, case, "refuse", note="原因")

    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["ground"]
    assert 'value="原因"' in text(response) or ">\n原因" in text(response)
    assert Case.objects.get(pk=case.pk).state == State.REGISTERED


def test_the_loser_of_a_race_is_told_who_did_what(client, officer, head, case):
    seen = last_event_id(case)
    perform(case, "accept", actor=head, now=local(2026, 11, 10))

    response = post(client, officer, case, "refuse", seen=seen, note="原因",
                    ground=Ground.objects.for_case(case, "refuse").first().pk)  # fmt: skip

    assert response.status_code == 409
    said = response.context["form"].non_field_errors()[0]
    assert head.get_full_name() in said
    assert case.get_absolute_url() in text(response)
    case.refresh_from_db()
    assert (case.state, case.events.count()) == (State.ACCEPTED, 2)


def test_a_form_without_what_was_seen_is_still_checked(client, officer, head, case):
    perform(case, "accept", actor=head, now=local(2026, 11, 10))

    response = post(client, officer, case, "accept", seen="")

    assert response.status_code == 409
    assert case.events.count() == 2


def test_an_act_that_does_not_apply_leads_back_with_the_reason(client, officer, case):
    client.force_login(officer)

    response = client.get(address(case, "close"))

    assert (response.status_code, response.url) == (302, case.get_absolute_url())
    assert len(list(get_messages(response.wsgi_request))) == 1


@pytest.mark.parametrize(
    ("verb", "status"), [("nonsense", 404), ("verify", 404), ("assign", 403), ("supervise", 403)]
)
def test_acts_that_are_not_the_users(client, officer, case, verb, status):
    assert post(client, officer, case, verb).status_code == status
    assert case.events.count() == 1


@pytest.mark.parametrize("seen", ["-1", "x", "9" * 40, "0' OR 1=1"])
def test_a_forged_form_changes_nothing(client, officer, case, seen):
    assert post(client, officer, case, "accept", seen=seen).status_code in (409, 422)
    assert case.events.count() == 1


@pytest.mark.parametrize("forged", ["0", "-5", "99999999999999999999", "abc", "1;--"])
@pytest.mark.parametrize(("verb", "name"), [("refuse", "ground"), ("dispatch", "agency"), ("check_identity", "party")])
def test_forged_ids_are_refused(client, head, case, verb, name, forged):
    response = post(client, head, case, verb, **{name: forged, "note": "原因", "identity": "verified"})

    assert response.status_code == 422
    assert name in response.context["form"].errors
    assert case.events.count() == 1


def test_another_agency_cannot_be_chosen(client, officer, neighbour, case):
    response = post(client, officer, case, "dispatch", agency=neighbour.pk)

    assert list(response.context["form"].errors) == ["agency"]
    assert Case.objects.get(pk=case.pk).handling != neighbour


def test_a_case_of_another_agency_has_no_acts(client, neighbour, case):
    stranger = UserFactory(agency=neighbour, roles=["officer"])

    assert post(client, stranger, case, "accept").status_code == 404
    assert case.events.count() == 1


def test_a_repeat_is_not_merged_into_a_case_out_of_sight(client, officer, neighbour, case):
    Case.objects.filter(pk=case.pk).update(kind=Kind.REPORT)
    theirs = CaseFactory(kind=Kind.REPORT, handling=neighbour)

    response = post(client, officer, case, "merge", target=theirs.number, note="重复")

    assert list(response.context["form"].errors) == ["target"]
    assert Case.objects.get(pk=case.pk).state == State.REGISTERED


@pytest.mark.parametrize(
    ("verb", "data"),
    [
        ("refuse", {"note": SCRIPT}), ("urge", {"text": SCRIPT, "reply_due_on": "2099-01-01"}),
        ("supplement", {"text": SCRIPT}), ("correct", {"goods": SCRIPT, "brand": SCRIPT, "note": SCRIPT}),
        ("correct", {"merchant_written": SCRIPT, "note": SCRIPT}), ("join", {"role": "proxy", "name": SCRIPT}),
    ],
)  # fmt: skip
def test_script_stays_text(client, head, case, verb, data):
    if verb == "refuse":
        data = data | {"ground": Ground.objects.for_case(case, "refuse").first().pk}

    response = post(client, head, case, verb, **data)

    assert response.status_code == 302
    page = text(client.get(Case.objects.get(pk=case.pk).get_absolute_url()))
    assert SCRIPT not in page
    assert escape(SCRIPT) in page or verb == "join"


@pytest.mark.parametrize(
    ("verb", "data", "wrong"),
    [
        ("urge", {"text": "请尽快", "reply_due_on": "2020-01-01"}, None),
        ("urge", {"text": "请尽快", "reply_due_on": "31/12/2099"}, "reply_due_on"),
        ("supplement", {"text": "长" * 10_001}, "text"),
        ("correct", {"claimed": "-1", "note": "更正"}, "claimed"),
        ("correct", {"claimed": "1.005", "note": "更正"}, "claimed"),
        ("correct", {"merchant_written": "91000000MA0000001L", "note": "更正"}, None),
        ("join", {"role": "consumer", "name": "赵测试", "phone": "123"}, "phone"),
        ("join", {"role": "consumer", "name": "赵测试", "id_number": "330106199001010011"}, "id_number"),
        ("join", {"role": "consumer", "name": "赵测试", "phone": "138****0001"}, "phone"),
        ("join", {"role": "consumer", "name": "赵测试", "id_number": "330106********0011"}, "id_number"),
        ("join", {"role": "reporter", "name": "赵测试"}, "role"),
        ("supplement", {"text": "a\x00b"}, "text"),
    ],
)  # fmt: skip
def test_wrong_values_are_refused_and_nothing_changes(client, head, case, verb, data, wrong):
    before = Case.objects.filter(pk=case.pk).values().get()

    response = post(client, head, case, verb, **data)

    assert response.status_code in (409, 422), text(response)
    if wrong:
        assert list(response.context["form"].errors) == [wrong]
    assert Case.objects.filter(pk=case.pk).values().get() == before
    assert case.events.count() == 1


def test_a_correction_finds_the_merchant_by_its_code(client, officer, case):
    merchant = MerchantFactory(credit_code="91330100MA0000000C", verified=True)

    response = post(client, officer, case, "correct", merchant_written="91330100MA0000000C", note="核对营业执照")

    assert response.status_code == 302
    assert Case.objects.get(pk=case.pk).merchant == merchant


def test_a_case_that_went_out_of_sight_leads_back_to_the_list(client, officer, city, case):
    ground = Ground.objects.for_case(case, "return").first()

    response = post(client, officer, case, "return_to_intake", ground=ground.pk, note="不在辖区")

    assert (response.status_code, response.url) == (302, "/cases/")
    case.refresh_from_db()
    assert case.custodian == city


def test_the_identity_form_names_nobody_who_is_sealed(client, officer, district):
    report = register_case(
        actor=officer, kind=Kind.REPORT, received_at=local(2026, 11, 9), handling=district, people=[PERSON],
        merchant_written="杭州测试商店", now=local(2026, 11, 9),
    )  # fmt: skip
    client.force_login(officer)

    html = text(client.get(address(report, "check_identity")))

    assert "张" not in re.sub(r"<[^>]+>", "", html.split("<main")[1])


@pytest.mark.parametrize("parties", [1, 3])
def test_an_exact_number_of_queries(client, officer, district, parties):
    case = register_case(
        actor=officer, kind=Kind.COMPLAINT, received_at=local(2026, 11, 9), handling=district,
        people=[PERSON] * parties, merchant_written="杭州测试商店", now=local(2026, 11, 9),
    )  # fmt: skip
    client.force_login(officer)
    client.get(address(case, "accept"))

    with CaptureQueriesContext(connection) as queries:
        client.get(address(case, "refuse"))

    # session, user, permissions, case, pauses, the last act, grounds
    assert len(queries) == 7


def test_two_posts_of_the_same_form_do_it_once(client, officer, case):
    seen = last_event_id(case)

    first = post(client, officer, case, "supplement", seen=seen, text="补充")
    second = post(client, officer, case, "supplement", seen=seen, text="补充")

    assert (first.status_code, second.status_code) == (302, 409)
    assert CaseEvent.objects.filter(case=case, verb="supplement").count() == 1


def test_representatives_are_named(client, officer, district):
    case = register_case(
        actor=officer, kind=Kind.COMPLAINT, received_at=local(2026, 11, 9), handling=district,
        people=[PERSON] * 3, merchant_written="杭州测试商店", now=local(2026, 11, 9),
    )  # fmt: skip
    first, second, _third = case.parties.order_by("pk")

    response = post(client, officer, case, "represent", representatives=[first.pk, second.pk])

    assert response.status_code == 302
    assert list(case.parties.order_by("pk").values_list("representative", flat=True)) == [1, 2, None]
    assert case.events.get(verb="represent").data["representatives"] == [first.pk, second.pk]


def test_agencies_to_choose_are_the_own_ones_below(client, officer, district, city):
    station = AgencyFactory(parent=district, kind="station")
    AgencyFactory(parent=city)
    case = CaseFactory(handling=district)
    client.force_login(officer)

    choices = list(client.get(address(case, "dispatch")).context["form"].fields["agency"].queryset)

    assert choices == [station]


def test_a_case_that_went_out_of_sight_leads_back_to_the_queue_it_was_opened_from(client, officer, case):
    ground = Ground.objects.for_case(case, "return").first()
    client.force_login(officer)

    response = client.post(
        f"{address(case, 'return_to_intake')}?list=queue&desk=mine&at=x",
        {"seen": last_event_id(case), "ground": ground.pk, "note": "不在辖区"},
    )

    assert (response.status_code, response.url) == (302, "/cases/queue/?desk=mine")


def test_the_form_of_an_act_takes_the_focus_and_the_further_acts_are_a_menu(client, officer, case):
    client.force_login(officer)

    page = text(client.get(case.get_absolute_url()))
    fragment = text(client.get(address(case, "accept"), headers={"HX-Request": "true"}))

    assert '<details class="menu acts-more">' in page
    assert '<h2 class="act-title" tabindex="-1" data-focus>' in fragment


def test_what_an_act_asks_for_is_called_by_its_name(client, officer, case):
    client.force_login(officer)
    perform(case, "accept", actor=officer)

    assert "文书依据" in text(client.get(address(case, "pause")))
    assert "补充事实描述" in text(client.get(address(case, "supplement")))
    split = text(client.get(address(case, "split")))
    assert "另一部分的事实描述" in split
    assert "<h1>拆分 " in split
