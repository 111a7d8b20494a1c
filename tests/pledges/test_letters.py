"""The warning letter: what it tells the merchant, who makes it out, and who reads it."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.models import AccessLog
from cases.domain import void_document
from cases.domain.documents import check_may_issue, document_context
from cases.enums import Addressee, DocumentForm
from cases.models import CaseEvent, Document, DocumentSeries
from cases.official_forms import ALLOWED, DATA
from core import docx_templates, vault
from core.exceptions import DomainError, TransitionNotAllowed
from core.personal_data import decrypt
from pledges.domain import BREACH, act_on_breach
from pledges.domain.letters import letter_of
from pledges.models import Breach, BreachEvent
from tests.core.test_docx_templates import text_of
from tests.factories import (
    AgencyFactory,
    BreachFactory,
    CaseFactory,
    LetterheadFactory,
    MerchantFactory,
    PartyFactory,
    PledgeFactory,
    PledgeTypeFactory,
    PremisesFactory,
    RegionFactory,
    UserFactory,
)
from tests.factories.cases import PERSON, local

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
day = dt.date
NOW = local(2026, 11, 23, 16)
REASON, WARNED_OF = "小票在七日内，门店拒绝退货", "立即按公示的承诺办理退货"
REPORTER = {"name": "赵举报", "phone": "13900004321", "address": "杭州市拱墅区隐蔽路9号"}


@pytest.fixture
def pledge(district):
    premises = PremisesFactory(
        agency=district, name="测试门店", address="测试街1号", region=RegionFactory(name="测试区"),
        merchant=MerchantFactory(name="测试商贸有限公司"),
    )  # fmt: skip
    return PledgeFactory(
        premises=premises, type=PledgeTypeFactory(name="线下无理由退货承诺单位"), in_force=True,
        published_on=day(2025, 1, 1), valid_to=day(2027, 12, 31), days=7, goods="服装", freight="merchant",
        statement="七日内无理由退货，热线13911112222", plaque="西放心0007",
    )  # fmt: skip


@pytest.fixture
def breach(pledge, district):
    """A complaint of the district that says what is not to stand in the letter."""
    case = CaseFactory(
        handling=district, merchant=pledge.premises.merchant, region=pledge.premises.region,
        received_at=local(2026, 11, 2), narrative="张测试说店员辱骂", demand="退款并道歉", goods="张测试的外套",
    )  # fmt: skip
    PartyFactory(case=case)
    PartyFactory(case=case, reporter=True, plain=REPORTER)
    return BreachFactory(pledge=pledge, case=case)


def do(breach, verb, *, actor, now=NOW, **data):
    return act_on_breach(breach, verb, actor=actor, now=now, **data)


@pytest.fixture
def warned(breach, clerk):
    do(breach, "confirm", actor=clerk, note=REASON)
    do(breach, "warn", actor=clerk, note=WARNED_OF, on=day(2026, 11, 21))
    return breach


def content(document) -> str:
    return text_of(vault.read(document.file, context=document_context(document.pk)))


def values_of(document) -> dict:
    return decrypt(document.values, context=document_context(document.pk))


def stored():
    models = (Breach, BreachEvent, Document, DocumentSeries, CaseEvent, Breach.documents.through)
    return [list(model.objects.order_by("pk").values()) for model in models]


# ---- what it tells


def test_the_letter_tells_what_was_promised_and_what_was_found(warned, clerk, district):
    LetterheadFactory(agency=district, prefix="西市监", full_name="测试区市场监督管理局", phone="0571-8888")

    event = do(warned, "letter", actor=clerk)

    letter = warned.documents.get()
    values = values_of(letter)
    *parts, statement = values.pop("promise").split("\n")
    assert parts == ["退货天数：7", "适用商品：服装", "运费承担：经营者"]
    assert statement.endswith("：七日内无理由退货，热线139****2222")
    assert values == {
        "agency": "测试区市场监督管理局", "article": "", "case_number": warned.case.number,
        "contact_address": "测试市测试路1号", "contact_phone": "0571-8888", "correct_by": "",
        "dispute": "", "findings": REASON, "issued_on": "2026年11月23日", "kind": "投诉",
        "legal_basis": "《中华人民共和国消费者权益保护法实施条例》第十二条", "number": "西市监告诫〔2026〕第1号",
        "officer": clerk.get_full_name(), "order": "", "pledge_number": "西放心0007",
        "pledge_term": "2025年1月1日至2027年12月31日", "pledge_type": "线下无理由退货承诺单位",
        "pledger": "测试商贸有限公司", "premises": "测试门店，测试区，测试街1号",
        "received_on": "2026年11月2日", "respondent_name": "测试商贸有限公司", "warned_of": WARNED_OF,
        "warned_on": "2026年11月21日",
    }  # fmt: skip
    text = content(letter)
    for shown in (
        "告诫书", "西市监告诫〔2026〕第1号", "测试商贸有限公司：", "编号：西放心0007", "适用商品：服装",
        warned.case.number, REASON, WARNED_OF, "请立即改正", "暂停承诺，直至摘牌并向社会公示",
        "测试区市场监督管理局（印章）", "联系电话：0571-8888",
    ):  # fmt: skip
        assert shown in text, shown
    assert "{{" not in text
    assert "{%" not in text
    assert (letter.case, letter.side, letter.agency, letter.created_by, letter.personal, letter.sealed) == (
        warned.case, "respondent", district, clerk, False, False,
    )  # fmt: skip
    assert (event.before, event.after, event.note, event.data) == (
        "warned", "warned", "", {"document": letter.pk, "number": letter.number},
    )  # fmt: skip
    issued = CaseEvent.objects.get(verb="issue_document")
    assert (issued.case, issued.actor, issued.data["number"]) == (warned.case, clerk, letter.number)


def test_all_that_the_law_demands_stands_in_it(warned, clerk):
    do(warned, "rectify", actor=clerk, note=REASON)
    do(warned, "letter", actor=clerk)

    letter = letter_of(warned)
    values, text = values_of(letter), content(letter)
    demanded = [datum for datum in DATA if datum.form == DocumentForm.WARNING_LETTER]
    assert len(demanded) == 8
    for datum in demanded:
        assert datum.printed in text
        for name in datum.variables:
            assert values[name], name
            for line in values[name].split("\n"):
                assert line in text, name


def test_a_correction_that_was_ordered_has_its_last_day(warned, clerk):
    do(warned, "rectify", actor=clerk, note=REASON, correct_by=day(2026, 12, 9))

    do(warned, "letter", actor=clerk)

    text = content(letter_of(warned))
    assert "请于2026年12月9日前（含当日）改正" in text
    assert "立即改正，" not in text


@pytest.mark.parametrize(("counts_on", "law"), [(day(2024, 6, 30), "第十六条"), (day(2024, 7, 1), "实施条例》第十二条")])
def test_it_rests_on_the_law_of_the_day(warned, clerk, counts_on, law):
    Breach.objects.update(counts_on=counts_on)

    do(warned, "letter", actor=clerk)

    assert law in values_of(letter_of(warned))["legal_basis"]


def test_it_is_worded_anew_where_that_is_wanted(warned, clerk):
    event = do(warned, "letter", actor=clerk, findings="核查小票属实，电话13912345678", warned_of="三日内办理退货")

    values = values_of(letter_of(warned))
    assert (values["findings"], values["warned_of"]) == ("核查小票属实，电话139****5678", "三日内办理退货")
    assert set(event.data) == {"document", "number"}


def test_markup_and_tags_in_texts_stay_text(warned, clerk):
    hostile = "<script>alert(1)</script>{{ 987*654321 }}{% for a in b %}&amp;</w:t>]]>"
    type(warned.pledge).objects.update(goods=hostile, plaque=hostile[:40])

    do(warned, "letter", actor=clerk, findings=hostile, warned_of=hostile)

    letter = letter_of(warned)
    docx_templates.check_filled(vault.read(letter.file, context=document_context(letter.pk)))
    assert content(letter).count(hostile) == 3
    assert "645814827" not in content(letter)


# ---- nobody is named


def test_it_names_nobody_who_complained_or_reported(warned, clerk):
    do(warned, "letter", actor=clerk)

    text = content(letter_of(warned)) + str(values_of(letter_of(warned)))
    for hidden in (*PERSON.values(), *REPORTER.values(), "辱骂", "道歉", "外套"):
        assert str(hidden) not in text, hidden
    assert "subject" not in ALLOWED[DocumentForm.WARNING_LETTER, Addressee.RESPONDENT]


@pytest.mark.parametrize("name", ["findings", "warned_of"])
@pytest.mark.parametrize("text", ["拒绝为张测试退货", "拒绝为张 测 试退货", "赵举报反映属实"])
def test_a_text_that_names_one_is_refused_and_the_try_is_kept(warned, clerk, name, text):
    before = stored()

    with pytest.raises(DomainError, match="tells who complained or reported"):
        do(warned, "letter", actor=clerk, **{name: text})

    assert stored() == before
    assert list(AccessLog.objects.values_list("user", "action", "target", "fields", "reason")) == [
        (clerk.pk, "lookup", warned.case.number, "name", "warning_letter")
    ]


def test_nor_does_a_reason_that_was_given_before_bring_a_name_in(breach, clerk):
    do(breach, "confirm", actor=clerk, note="张测试的小票属实")
    do(breach, "warn", actor=clerk, note=WARNED_OF)
    before = stored()

    with pytest.raises(DomainError, match="Facts and reasons"):
        do(breach, "letter", actor=clerk)

    assert stored() == before
    do(breach, "letter", actor=clerk, findings="小票属实，未予退货")
    assert "张测试" not in content(letter_of(breach))


# ---- when, by whom, in whose name


def test_without_a_warning_there_is_no_letter(breach, clerk):
    do(breach, "confirm", actor=clerk, note=REASON)
    before = stored()
    with pytest.raises(TransitionNotAllowed, match="does not apply in the state “Confirmed”"):
        do(breach, "letter", actor=clerk)
    assert stored() == before

    do(breach, "rectify", actor=clerk, note=REASON)  # a correction alone warns nobody
    before = stored()
    with pytest.raises(TransitionNotAllowed, match="The merchant has not been warned"):
        do(breach, "letter", actor=clerk)
    assert stored() == before
    assert "letter" not in {step.verb for step in BREACH.available(breach, clerk)}


def test_made_out_anew_it_makes_the_one_before_void(warned, clerk):
    do(warned, "letter", actor=clerk)
    first = letter_of(warned)
    later = do(warned, "letter", actor=clerk, now=NOW + dt.timedelta(hours=1))

    second = letter_of(warned)
    first.refresh_from_db()
    assert (second.pk == first.pk, first.is_void, second.is_void) == (False, True, False)
    assert (first.voided_by, first.void_reason) == (clerk, "The letter was made out anew.")
    assert (first.serial, second.serial) == (1, 2)
    assert (later.data["voided"], later.data["number"]) == (first.number, second.number)
    assert warned.documents.count() == 2


def test_the_keeper_of_the_pledge_makes_it_out_for_a_case_of_others_in_his_own_name(pledge, clerk, district):
    case = CaseFactory(handling=AgencyFactory(), merchant=pledge.premises.merchant, officer=UserFactory())
    breach = BreachFactory(pledge=pledge, case=case, confirmed=True)
    breach.events.create(verb="confirm", actor=clerk, at=NOW, note=REASON)
    do(breach, "warn", actor=clerk, note=WARNED_OF)

    do(breach, "letter", actor=clerk)

    letter = letter_of(breach)
    assert (letter.agency, values_of(letter)["officer"]) == (district, clerk.get_full_name())


def test_a_station_writes_in_the_name_of_its_bureau(warned, clerk, district):
    station = AgencyFactory(parent=district, kind="station")
    type(warned.pledge).objects.update(agency=station)
    warned.pledge.refresh_from_db()
    clerk = type(clerk).objects.get(pk=clerk.pk)

    do(warned, "letter", actor=clerk)

    assert letter_of(warned).agency == district


@pytest.mark.parametrize("role", ["officer", "mediator", "regulator", "clerk"])
def test_nobody_but_a_keeper_of_pledges_makes_it_out(warned, district, role):
    actor, before = UserFactory(agency=district, roles=[role]), stored()

    with pytest.raises(PermissionDenied):
        do(warned, "letter", actor=actor)
    with pytest.raises(PermissionDenied):
        check_may_issue(actor, DocumentForm.WARNING_LETTER, Addressee.RESPONDENT)

    assert stored() == before


def test_who_has_the_case_alone_makes_out_no_letter_for_a_pledge_of_others(warned):
    others = AgencyFactory()
    warned.case.custodian = warned.case.custodian_district = warned.case.handling = warned.case.custodian_root = others
    warned.case.save()
    neighbour, before = UserFactory(agency=others, roles=["pledge_clerk", "officer"]), stored()
    assert Breach.objects.visible_to(neighbour).get() == warned

    with pytest.raises(PermissionDenied):
        do(warned, "letter", actor=neighbour)

    assert stored() == before


def test_who_sees_neither_makes_out_nothing(warned):
    stranger, before = UserFactory(agency=AgencyFactory(), roles=["pledge_clerk", "approver"]), stored()

    with pytest.raises(PermissionDenied):
        do(warned, "letter", actor=stranger)

    assert stored() == before


def test_an_officer_of_the_case_declares_no_letter_void(warned, clerk, district):
    do(warned, "letter", actor=clerk)
    letter, officer = letter_of(warned), UserFactory(agency=district, roles=["officer"])

    with pytest.raises(PermissionDenied):
        void_document(letter, reason="写错了告诫对象", actor=officer)

    letter.refresh_from_db()
    assert not letter.is_void


# ---- on the pages


@pytest.fixture
def visit(client):
    def sign_in(user):
        client.force_login(user)
        client.cookies["django_language"] = "en"
        return client

    return sign_in


def page(breach, part="change") -> str:
    return f"/admin/pledges/breach/{breach.pk}/{part}/"


@pytest.fixture
def today(breach, clerk):
    """Confirmed and warned today, as pages have it."""
    act_on_breach(breach, "confirm", actor=clerk, note=REASON)
    act_on_breach(breach, "warn", actor=clerk, note=WARNED_OF, on=timezone.localdate())
    return breach


def test_it_is_made_out_and_opened_from_the_page_of_the_breach(visit, clerk, today):
    desk = visit(clerk)
    assert page(today, "act/letter") in desk.get(page(today)).content.decode()
    form = desk.get(page(today, "act/letter")).context_data["form"]
    assert {name: field.initial for name, field in form.fields.items() if name != "seen"} == {
        "findings": REASON, "warned_of": WARNED_OF,
    }  # fmt: skip

    desk.post(page(today, "act/letter"), {"findings": "小票属实，未予退货", "warned_of": WARNED_OF})

    letter = letter_of(today)
    html = desk.get(page(today)).content.decode()
    assert letter.number in html
    opened = desk.get(page(today, f"papers/{letter.pk}"))
    assert opened["Content-Type"].endswith("wordprocessingml.document")
    assert "小票属实，未予退货" in text_of(opened.content)
    assert list(AccessLog.objects.values_list("user", "action", "target")) == [
        (clerk.pk, "download", f"{today.case.number}/document/{letter.number}")
    ]


def test_what_names_somebody_stands_above_the_form(visit, clerk, today):
    desk, before = visit(clerk), stored()

    response = desk.post(page(today, "act/letter"), {"findings": "拒绝为张测试退货", "warned_of": WARNED_OF})

    assert "tells who complained" in str(response.context_data["form"].errors)
    assert stored() == before


def test_whoever_has_the_case_reads_it_on_the_case_and_does_not_make_it_out_there(visit, clerk, today, district):
    act_on_breach(today, "letter", actor=clerk)
    # also where he keeps the pledge besides
    letter, officer = letter_of(today), UserFactory(agency=district, roles=["officer", "pledge_clerk"])
    desk, base = visit(officer), f"/cases/{today.case.number}"
    address = f"{base}/documents/{letter.pk}"

    html = desk.get(f"{base}/pledges/{today.pk}/").content.decode()
    assert f"{address}/file/" in html
    assert letter.number in html
    assert desk.get(f"{address}/file/").status_code == 200
    of_case = desk.get(f"{base}/").content.decode()
    assert f"{address}/file/" in of_case
    assert f"{address}/deliver/" in of_case
    assert f"{address}/void/" not in of_case
    assert "warning_letter" not in of_case
    assert desk.get(f"{address}/void/").status_code == 403
    assert desk.post(f"{address}/void/", {"reason": "写错了告诫对象"}).status_code == 403
    assert desk.get(f"{base}/documents/warning_letter/respondent/issue/").status_code == 404


def test_out_of_scope_it_is_not_there(visit, clerk, today):
    act_on_breach(today, "letter", actor=clerk)
    letter, others = letter_of(today), AgencyFactory()
    mine = BreachFactory(pledge__premises__agency=others)
    desk = visit(UserFactory(agency=others, roles=["pledge_clerk", "approver", "officer"]))

    for address in (
        page(today), page(today, f"papers/{letter.pk}"), page(mine, f"papers/{letter.pk}"), page(today, "act/letter"),
        f"/cases/{today.case.number}/documents/{letter.pk}/file/", f"/cases/{today.case.number}/pledges/{today.pk}/",
    ):
        assert desk.get(address).status_code in (302, 404), address
        assert letter.number not in desk.get(address, follow=True).content.decode(), address
    assert not AccessLog.objects.exists()
