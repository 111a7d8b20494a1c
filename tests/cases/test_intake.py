import datetime as dt
from decimal import Decimal

import pytest
from django.utils import timezone

from cases.domain import take_in
from cases.domain.parties import personal_data
from cases.enums import Kind, State
from cases.forms.intake import IntakeForm
from cases.merchants import find_merchants
from cases.models import Case, CaseEvent, Party
from core.exceptions import DomainError
from registry.models import Merchant, Region
from tests.cases.filings import PHONE
from tests.cases.pages import filled
from tests.factories import (
    AgencyFactory,
    CaseFactory,
    MerchantFactory,
    PartyFactory,
    UserFactory,
)
from tests.factories.cases import local

pytestmark = pytest.mark.django_db
URL, SIMILAR, MERCHANTS = "/cases/new/", "/cases/new/similar/", "/cases/merchants/"


@pytest.fixture
def call(client, officer):
    """`call(**fields)`: the officer opens the form and registers; a complaint unless told otherwise."""
    client.force_login(officer)

    def register(*people, **fields):
        form = client.get(URL).context["form"]
        return client.post(URL, filled(form, *people, **fields))

    return register


def errors(response):
    """Field (or "") and message of each line of the summary; the case is not there."""
    assert response.status_code == 422
    assert Case.objects.count() == 0
    return {line.field_id.removeprefix("id_"): line.message for line in response.context["wrong"]}


# ---- what is registered


def test_a_complaint(call, district):
    region = Region.objects.get(code="330106", valid_to=None)

    response = call(
        {"name": "张 测试", "phone": "138-0000-0001", "address": "杭州市西湖区测试路1号", "id_number": "11010519491231002x"},  # noqa: E501
        region="330106", merchant_address="文三路1号", category="12315:127", goods="净水器", brand="清泉",
        order_number="DD-1", sales_mode="online", occurred_on="2026年3月1日", claimed="¥1,280.5元", publish="on",
        platform_written="橙筐",
    )  # fmt: skip

    case = Case.objects.get()
    assert response.headers["Location"] == case.get_absolute_url()
    assert (case.kind, case.state, case.source, case.channel.code) == (
        "complaint",
        "registered",
        "portal",
        "12315-phone",
    )
    assert (case.receiving, case.handling, case.custodian) == (district, district, district)
    assert (case.region, case.category.code, case.platform.code) == (region, "127", "chengkuang")
    assert (case.merchant.name, case.merchant.region, case.merchant.verified) == (
        "测试净水器商行",
        region,
        False,
    )
    assert (case.goods, case.brand, case.order_number, case.sales_mode) == (
        "净水器",
        "清泉",
        "DD-1",
        "online",
    )
    assert (case.occurred_on, case.claimed) == (dt.date(2026, 3, 1), Decimal("1280.50"))
    assert (case.narrative, case.demand) == ("净水器漏水，商家拒绝退货。", "退款")
    assert case.consents == {"publish": True, "entrust": False}
    party = case.parties.get()
    assert (party.role, party.sealed, party.representative) == ("consumer", False, None)
    assert personal_data(party) == {
        "name": "张 测试", "phone": PHONE, "address": "杭州市西湖区测试路1号", "id_type": "居民身份证",
        "id_number": "11010519491231002X",
    }  # fmt: skip
    assert [clock.rule.code for clock in case.clocks.all()] == ["complaint.accept"]


def test_the_number_is_read_out_and_the_next_call_is_a_key_away(call, client):
    page = client.get(call().headers["Location"]).content.decode()

    case = Case.objects.get()
    assert f'<strong class="registered-number tnum">{case.number}</strong>' in page
    assert case.clocks.get().due_on.isoformat() in page
    assert 'href="/cases/new/" data-alt="n"' in page


def test_a_report_seals_who_reports(call):
    call(kind="report", publish="on", claimed="5")

    case = Case.objects.get()
    assert (case.kind, case.claimed, case.consents) == ("report", None, {})
    assert (case.parties.get().role, case.parties.get().sealed) == ("reporter", True)
    assert case.clocks.get().rule.code == "report.verify"


def test_an_anonymous_report_has_nobody(call):
    call({}, kind="report", anonymous="on")

    assert Case.objects.get().parties.count() == 0


def test_an_inquiry_stays_open(call):
    call({}, kind="inquiry", merchant_written="", demand="")

    case = Case.objects.get()
    assert (case.kind, case.state, case.merchant, case.clocks.count()) == ("inquiry", "registered", None, 0)


def test_an_inquiry_answered_at_once_is_closed(call):
    call({}, kind="inquiry", answer="可向所在地市场监管所投诉。")

    case = Case.objects.get()
    assert (case.state, case.outcome) == (State.CLOSED, "answered")
    assert [(e.verb, e.note) for e in case.events.order_by("pk")] == [
        ("register", ""), ("answer", "可向所在地市场监管所投诉。"), ("close", ""),
    ]  # fmt: skip


def test_nobody_represents_a_joint_complaint_before_its_complainants_choose(call):
    call({"name": "甲", "phone": PHONE}, {"name": "乙"}, {}, {"name": "丙", "phone": "13800000003"})

    parties = Case.objects.get().parties.order_by("pk")
    assert [(personal_data(p)["name"], p.representative) for p in parties] == [
        ("甲", None),
        ("乙", None),
        ("丙", None),
    ]


def test_a_mixed_submission_is_split(call, client):
    response = call(split="on", split_text="无证经营。")

    report, complaint = Case.objects.order_by("kind").reverse()
    assert response.headers["Location"] == complaint.get_absolute_url()
    assert (report.kind, report.origin, report.narrative) == ("report", complaint, "无证经营。")
    assert (report.merchant, report.parties.get().sealed) == (complaint.merchant, True)
    assert report.number in client.get(response.headers["Location"]).content.decode()


def test_a_split_without_words_of_its_own_copies_the_narrative(call):
    call(split="on")

    assert Case.objects.get(kind="report").narrative == "净水器漏水，商家拒绝退货。"


def test_a_call_is_dispatched_to_one_below(call, district):
    station = AgencyFactory(parent=district, station=True)

    call(handling=str(station.pk))

    assert (Case.objects.get().handling, Case.objects.get().custodian) == (station, station)


def test_a_call_is_left_for_dispatch(call, district):
    call(handling="leave")

    assert (Case.objects.get().handling, Case.objects.get().custodian) == (None, district)


def test_a_letter_is_received_when_it_came(call):
    call(channel="letter", received_at="2026-04-14 09:30")

    case = Case.objects.get()
    assert (case.received_at, case.number[:5]) == (local(2026, 4, 14, 9, 30), "2026-")
    assert case.regime == "decree778"


def test_the_region_is_the_one_of_the_day_of_receipt(call):
    call(region="330103", received_at="2021-04-08 09:00", occurred_on="2021-04-01")

    assert Case.objects.get().region.valid_to == dt.date(2021, 4, 9)


def test_html_stays_text(call, client):
    text = "<script>alert(1)</script> & <b>漏水</b>"

    page = client.get(
        call(narrative=text, merchant_written="<i>商行</i>").headers["Location"]
    ).content.decode()

    case = Case.objects.get()
    assert (case.narrative, case.merchant.name) == (text, "<i>商行</i>")
    assert "<script>alert(1)" not in page
    assert "<i>商行" not in page


def test_what_no_reader_sees_is_taken_away(call):
    call(narrative="漏水\x07\u200b\r\n第二行\u202e", goods=" 净\t水器\n二代 ")

    assert Case.objects.get().narrative == "漏水\n第二行"
    assert Case.objects.get().goods == "净 水器 二代"


def test_a_line_end_counts_as_one_character(call):
    call(narrative="水\r\n" * 5000)

    assert len(Case.objects.get().narrative) == 9999


# ---- merchants


def test_the_chosen_merchant(call):
    merchant = MerchantFactory(coded=True, name="清泉净水有限公司")

    call(merchant=str(merchant.pk), merchant_written="清泉净水有限公司")

    assert Case.objects.get().merchant == merchant


def test_a_chosen_merchant_whose_name_was_changed_is_not_it(call):
    merchant = MerchantFactory(coded=True)

    call(merchant=str(merchant.pk), merchant_written="另一家")

    assert Case.objects.get().merchant.name == "另一家"


def test_a_credit_code_names_the_merchant(call):
    merchant = MerchantFactory(coded=True)

    call(merchant_written="91000000 MA0000000N")

    assert Case.objects.get().merchant == merchant


def test_a_merchant_that_he_may_not_know_is_not_chosen(call, neighbour):
    hidden = MerchantFactory(name="测试净水器商行")
    CaseFactory(merchant=hidden, handling=neighbour)

    call(merchant=str(hidden.pk))

    assert Case.objects.exclude(merchant=hidden).count() == 1


# ---- what is refused


PERSON = {"name": "张测试", "phone": PHONE}


@pytest.mark.parametrize(
    ("people", "fields", "wrong"),
    [
        ([PERSON | {"phone": "1380000"}], {}, ["people-0-phone"]),
        ([PERSON | {"phone": "138****0001"}], {}, ["people-0-phone"]),
        ([PERSON | {"phone": ""}], {}, ["people-0-phone"]),
        ([PERSON | {"name": ""}], {}, ["people-0-name"]),
        ([PERSON, {"phone": "13800000002"}], {}, ["people-1-name"]),
        ([{}], {}, ["people-0-name", "people-0-phone"]),
        ([PERSON | {"id_number": "110105194912310021"}], {}, ["people-0-id_number"]),
        ([PERSON | {"id_number": "110105********0021"}], {}, ["people-0-id_number"]),
        ([PERSON | {"id_type": "驾照"}], {}, ["people-0-id_type"]),
        ([PERSON | {"name": "张" * 81}], {}, ["people-0-name"]),
        ([{}], {"kind": "report"}, ["people-0-name"]),
        ([PERSON], {"kind": "report", "anonymous": "on"}, ["anonymous"]),
        ([PERSON], {"kind": "suggestion"}, ["kind_0"]),
        ([PERSON], {"channel": "pigeon"}, ["channel"]),
        ([PERSON], {"channel": "fax"}, ["channel"]),
        ([PERSON], {"merchant_written": ""}, ["merchant_written"]),
        ([PERSON], {"merchant_written": "商" * 201}, ["merchant_written"]),
        ([PERSON], {"merchant_written": "91000000MA0000000N"}, ["merchant_written"]),
        ([PERSON], {"region": "999999"}, ["region"]),
        ([PERSON], {"region": "330110", "received_at": "1995-01-01 09:00", "channel": "letter"}, ["region"]),
        ([PERSON], {"category": "12315:nothing"}, ["category"]),
        ([PERSON], {"problem": "x"}, ["problem"]),
        ([PERSON], {"sales_mode": "dream"}, ["sales_mode"]),
        ([PERSON], {"claimed": "-1"}, ["claimed"]),
        ([PERSON], {"claimed": "1.005"}, ["claimed"]),
        ([PERSON], {"claimed": "1000000000000"}, ["claimed"]),
        ([PERSON], {"claimed": "NaN"}, ["claimed"]),
        ([PERSON], {"claimed": "很多"}, ["claimed"]),
        ([PERSON], {"occurred_on": "2999-01-01"}, ["occurred_on"]),
        ([PERSON], {"occurred_on": "2026-02-30"}, ["occurred_on"]),
        ([PERSON], {"occurred_on": "昨天"}, ["occurred_on"]),
        ([PERSON], {"occurred_on": "2026-04-15", "received_at": "2026-04-14 09:00"}, ["occurred_on"]),
        ([PERSON], {"received_at": "2999-01-01 09:00"}, ["received_at"]),
        ([PERSON], {"received_at": "0001-01-01 00:00"}, ["received_at"]),
        ([PERSON], {"received_at": "2026-04-14 25:00"}, ["received_at"]),
        ([PERSON], {"narrative": ""}, ["narrative"]),
        ([PERSON], {"narrative": "水" * 10_001}, ["narrative"]),
        ([PERSON], {"narrative": "水\x00"}, ["narrative"]),
        ([PERSON], {"goods": "水\x00"}, ["goods"]),
        ([PERSON], {"demand": " "}, ["demand"]),
        ([PERSON], {"split": "on", "split_text": "报" * 10_001}, ["split_text"]),
        ([PERSON], {"kind": "inquiry", "answer": "答" * 1001}, ["answer"]),
        ([PERSON], {"handling": "0"}, ["handling"]),
        ([PERSON], {"people-TOTAL_FORMS": "many"}, [""]),
        ([PERSON], {"people-TOTAL_FORMS": "21"}, [""]),
        ([PERSON], {"token": "forged"}, [""]),
        ([PERSON], {"token": "\x00"}, [""]),
    ],
)  # fmt: skip
def test_wrong_values_are_named_beside_their_field(call, people, fields, wrong):
    response = call(*people, **fields)

    assert sorted(errors(response)) == sorted(wrong)
    assert Party.objects.count() == Merchant.objects.count() == 0
    page = response.content.decode()
    assert 'role="alert"' in page
    for name in filter(None, wrong):
        assert f'href="#id_{name}"' in page


def test_the_first_wrong_field_has_the_focus_and_nothing_typed_is_lost(call):
    page = call(PERSON | {"phone": "12"}, goods="净水器", narrative="<漏水>", claimed="x").content.decode()

    assert page.count(" autofocus") == 1
    assert page.index(" autofocus") > page.index('name="people-0-phone"')
    assert page.index(" autofocus") < page.index('name="people-0-address"')
    assert 'value="净水器"' in page
    assert "&lt;漏水&gt;" in page
    assert 'value="12"' in page


def test_values_of_another_kind_are_not_looked_at(call):
    call({}, kind="inquiry", claimed="x", demand="退" * 3000, anonymous="on", split="on")

    assert (Case.objects.get().claimed, Case.objects.get().demand) == (None, "")


def test_another_agency_cannot_be_chosen(call, neighbour):
    assert list(errors(call(handling=str(neighbour.pk)))) == ["handling"]


# ---- several people without JavaScript


def test_one_more_person_loses_nothing_and_checks_nothing(call):
    response = call({"name": "甲", "phone": "12"}, claimed="x", add_person="1")

    page = response.content.decode()
    assert response.status_code == 200
    assert Case.objects.count() == 0
    assert 'name="people-1-name"' in page
    assert 'value="甲"' in page
    assert 'value="x"' in page
    assert "errorlist" not in page
    assert page.index(" autofocus") > page.index('name="people-0-id_number"')


def test_no_more_people_than_there_may_be(call):
    page = call(*[PERSON] * 20, add_person="1").content.decode()

    assert 'name="people-19-name"' in page
    assert 'name="people-20-name"' not in page
    assert 'name="add_person"' not in page


# ---- once


def test_a_form_sent_twice_makes_one_case(client, officer):
    client.force_login(officer)
    data = filled(client.get(URL).context["form"], split="on")

    first, second = client.post(URL, data), client.post(URL, data)

    assert first.headers["Location"] == second.headers["Location"]
    assert (Case.objects.count(), CaseEvent.objects.count(), Party.objects.count()) == (2, 3, 2)


def test_two_forms_with_the_same_contents_make_two(call):
    call()
    call()

    assert Case.objects.count() == 2


def test_a_form_sent_again_with_other_contents_asks(client, officer):
    client.force_login(officer)
    data = filled(client.get(URL).context["form"])
    client.post(URL, data)
    case = Case.objects.get()

    response = client.post(URL, data | {"goods": "手机"})

    assert response.status_code == 409
    assert case.number in response.context["wrong"][0].message
    assert Case.objects.count() == 1
    client.post(URL, data | {"goods": "手机", "token": response.context["form"].initial["token"]})
    assert Case.objects.count() == 2


def test_the_form_of_another_user_does_not_count(client, officer, district):
    client.force_login(officer)
    data = filled(client.get(URL).context["form"])
    client.force_login(UserFactory(agency=district, roles=["officer"]))

    response = client.post(URL, data)

    assert list(errors(response)) == [""]
    client.post(URL, data | {"token": response.context["form"].initial["token"]})
    assert Case.objects.count() == 1


def test_nothing_is_registered_where_a_later_step_is_refused(officer):
    with pytest.raises(DomainError):
        take_in(
            actor=officer, form="f", since=0, contents="c", kind=Kind.REPORT, received_at=timezone.now(), people=[],
            answer="只有咨询可以答复",
        )  # fmt: skip

    assert Case.objects.count() == 0


# ---- who


def test_without_an_agency_nobody_registers(client):
    client.force_login(UserFactory(superuser=True))

    assert client.get(URL).status_code == client.post(URL).status_code == 403


def test_a_council_uses_its_own_vocabulary(client):
    client.force_login(UserFactory(agency=AgencyFactory(council=True), roles=["officer"]))

    page = client.get(URL).content.decode()

    assert 'value="council:cg01"' in page
    assert 'value="12315:127"' not in page


def test_queries(warm, officer, django_assert_num_queries):
    client = warm(officer, URL)

    with django_assert_num_queries(6):
        client.get(URL)


# ---- similar cases


@pytest.fixture
def similar(client, officer):
    client.force_login(officer)

    def ask(**fields):
        data = {"people-TOTAL_FORMS": "1"} | fields
        return client.post(SIMILAR, data, headers={"hx-request": "true"})

    return ask


def test_cases_of_the_same_caller(similar, district, neighbour):
    mine = CaseFactory(handling=district, received_at=timezone.now() - dt.timedelta(days=3))
    other = CaseFactory(handling=neighbour, received_at=timezone.now() - dt.timedelta(days=3))
    PartyFactory(case=mine)
    PartyFactory(case=other)

    page = similar(**{"people-0-phone": "138 0000 0001"}).content.decode()

    assert mine.number in page
    assert other.number not in page
    assert PHONE not in page
    assert 'target="_blank"' in page


def test_nothing_whole_finds_nothing(similar, district):
    PartyFactory(case=CaseFactory(handling=district, received_at=timezone.now() - dt.timedelta(days=3)))

    page = similar(
        **{"people-0-phone": "1380000", "people-TOTAL_FORMS": "x", "received_at": "?"}
    ).content.decode()

    assert "/cases/" not in page


def test_each_case_once_for_several_people(similar, district):
    case = CaseFactory(handling=district, received_at=timezone.now() - dt.timedelta(days=3))
    PartyFactory(case=case)
    PartyFactory(case=case, plain={"phone": "13800000002"})

    page = similar(
        **{"people-TOTAL_FORMS": "2", "people-0-phone": PHONE, "people-1-phone": "13800000002"}
    ).content.decode()

    assert page.count(f">{case.number}<") == 1


# ---- merchants while one types


def names(response):
    return [merchant["name"] for merchant in response.json()["merchants"]]


def make(name, **kwargs):
    return MerchantFactory(name=name, **({"verified": True} | kwargs))


def test_merchants_by_name(officer):
    for name in ("杭州清泉净水有限公司", "清泉净水", "宁波清泉净水设备厂", "青全净水", "星辰超市"):
        make(name)

    assert [m.name for m in find_merchants("清泉净水", user=officer)] == [
        "清泉净水", "宁波清泉净水设备厂", "杭州清泉净水有限公司", "青全净水",
    ]  # fmt: skip


def test_two_characters_stand_at_the_beginning_or_behind_the_place(officer):
    for name in ("清泉净水", "杭州市西湖区清泉超市", "西湖清泉茶馆", "老字号清泉"):
        make(name)

    assert {m.name for m in find_merchants("清泉", user=officer)} == {
        "清泉净水",
        "杭州市西湖区清泉超市",
        "西湖清泉茶馆",
    }


def test_merchants_by_alias_and_code(officer):
    merchant = make("杭州甲有限公司", aliases=["水妈妈专营店"], credit_code="91000000MA0000000N")

    for text in ("水妈妈专营店", "妈妈", "9100 0000", "91000000ma0000000n"):
        assert find_merchants(text, user=officer) == [merchant], text
    assert find_merchants("0000000N", user=officer) == []
    assert find_merchants(" \u200b", user=officer) == []


def test_an_unverified_merchant_is_shown_to_who_has_a_case_of_it(visit, officer, district, neighbour):
    CaseFactory(merchant=make("清泉甲店", verified=False), handling=district)
    CaseFactory(merchant=make("清泉乙店", verified=False), handling=neighbour)

    assert names(visit(officer, MERCHANTS, q="清泉")) == ["清泉甲店"]


def test_at_most_ten(visit, officer):
    for n in range(12):
        make(f"清泉{n}店")

    assert len(names(visit(officer, MERCHANTS, q="清泉"))) == 10


def test_a_row_of_the_list(visit, officer):
    region = Region.objects.get(code="330106", valid_to=None)
    merchant = make("清泉净水", credit_code="91000000MA0000000N", region=region, address="文三路1号")

    assert visit(officer, MERCHANTS, q="清泉净水").json() == {
        "merchants": [
            {
                "id": merchant.pk, "name": "清泉净水", "district": "西湖区", "region": "330106",
                "address": "文三路1号", "code": "000N", "verified": True,
            }
        ]
    }  # fmt: skip


@pytest.mark.parametrize("several", [1, 3])
def test_queries_for_merchants(warm, officer, django_assert_num_queries, several):
    for n in range(several):
        make(f"清泉净水{n}店")
    client = warm(officer, MERCHANTS)

    with django_assert_num_queries(11):
        client.get(MERCHANTS, {"q": "清泉净水"})


# ---- an urging instead of a case


@pytest.mark.parametrize(
    ("state", "offered"), [({}, True), ({"accepted": True}, True), ({"closed": True}, False), ({"refused": True}, False)]
)
def test_an_urging_is_offered_in_a_new_tab_where_it_can_be_recorded(client, officer, district, state, offered):
    case = CaseFactory(handling=district, order_number="DD-1", **state)
    client.force_login(officer)

    html = client.post(SIMILAR, {"order_number": "DD-1"}).content.decode()

    assert case.number in html
    link = f'<a href="/cases/{case.number}/act/urge/" target="_blank" rel="noopener">'
    assert (link in html) == offered
    assert ("/act/urge/" in html) == offered


def test_why_a_case_may_be_the_same_is_told_with_chinese_commas(client, officer, district):
    merchant = make("清泉净水")
    CaseFactory(handling=district, merchant=merchant, order_number="DD-1", narrative="净水器漏水，商家拒绝退货。")
    client.force_login(officer)

    html = client.post(
        SIMILAR, {"order_number": "DD-1", "merchant": merchant.pk, "narrative": "净水器漏水，商家拒绝退货。"}
    ).content.decode()

    assert html.split("<b>")[1].split("</b>")[0] == "订单号相同、同一经营者"


def test_a_form_that_was_given_to_someone_else_is_not_recognised(call, district):
    other = UserFactory(agency=district, roles=["officer"])
    form = IntakeForm(user=other, merchants=Merchant.objects.none(), now=timezone.now())

    assert errors(call(token=form.initial["token"])) == {"": "表单无法识别，请再按一次“登记”。"}
