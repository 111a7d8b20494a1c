import datetime as dt
import io
import re
import tomllib
import zipfile
from urllib.parse import unquote

import factory
import pytest
from django.contrib.messages import get_messages
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from docx import Document as Word

from accounts.models import AccessLog
from cases.domain import documents, issue_document, perform, record_delivery, void_document
from cases.domain.contents import GROUND_TEXTS, People, contents_of
from cases.domain.documents import document_context, open_document, stop_notice, why_not
from cases.domain.templates import built_in
from cases.enums import (
    Addressee,
    Body,
    DeliveryResult,
    DocumentForm,
    Kind,
    NoticeMeans,
    PartyRole,
    Side,
    State,
    Verb,
)
from cases.models import Case, CaseEvent, Clock, Delivery, Document, DocumentSeries, Ground
from cases.official_forms import (
    ALLOWED,
    DATA,
    FORMS,
    SOURCES,
    asked_label,
    required_of,
    sample_values,
    variables_of,
)
from core import docx_templates, vault
from core.exceptions import DomainError
from core.personal_data import decrypt
from tests.core.test_docx_templates import text_of
from tests.factories import (
    AgencyFactory,
    AttachmentFactory,
    CaseEventFactory,
    CaseFactory,
    ClockFactory,
    DeliveryFactory,
    DocumentFactory,
    DocumentTemplateFactory,
    LetterheadFactory,
    MerchantFactory,
    PartyFactory,
    UserFactory,
)
from tests.factories.cases import PERSON, local

pytestmark = pytest.mark.django_db
NOW = local(2026, 11, 25, 15, 30)
F, A = DocumentForm, Addressee
REPORTER = {
    "name": "赵举报", "phone": "13900004321", "address": "杭州市拱墅区隐蔽路9号", "id_number": "000000198502020022",
}  # fmt: skip
GIVEN = {
    "respondent_contact": "李经理",
    "respondent_phone": "0571-11111111",
    "recipient": "测试区市场监督管理局",
    "report_back_on": dt.date(2026, 12, 10),
    "enclosures": 2,
    "pages": 7,
    "id_deadline": dt.date(2026, 12, 1),
    "id_papers": "居民身份证复印件",
    "contact_phone": "0571-22222222",
    "contact_address": "测试市测试路8号",
    "ground": "o121.refuse.3",
    "reason": "不能证明存在消费者权益争议",
    "mediate_at": local(2026, 12, 2, 14, 5),
    "place": "测试市场监管所调解室",
    "mediators": "王调解、陈调解",
    "recusal_days": 3,
    "bring": "购物凭证",
    "terms": "一、退款1280元；\n二、双方再无争议。",
    "mediated_on": dt.date(2026, 11, 20),
    "respondent_representative": "周法人",
    "complainant_agent": "钱代理",
    "respondent_agent": "孙代理",
    "legal_basis": "《测试条例》第八条",
    "result": "已立案调查，罚款5000元。",
    "held_at": local(2026, 11, 20, 9, 30),
    "present": "双方到场。",
    "record": "双方陈述意见，经调解员说明法律规定后协商一致。",
    "outcome": "达成调解协议",
    "court": "测试区人民法院",
    "effective_on": dt.date(2026, 11, 21),
}


def given(form: DocumentForm, **changes) -> dict:
    values = {name: GIVEN[name] for name in FORMS[form].asks}
    if form == F.TERMINATION:
        values["ground"] = "o121.terminate.3"
    return values | changes


def days_after_receipt(days: int) -> factory.LazyAttribute:
    return factory.LazyAttribute(lambda case: case.received_at + dt.timedelta(days=days))


AGREED = {"state": State.ENDED, "ended_at": days_after_receipt(18), "outcome": "agreement"}
READY = {
    F.COMPLAINT_REGISTER: {},
    F.REPORT_REGISTER: {"report": True},
    F.DISPATCH_NOTICE: {},
    F.IDENTITY_NOTICE: {},
    F.ACCEPTANCE: {"accepted": True},
    F.REFUSAL: {"refused": True},
    F.MEDIATION_NOTICE: {"accepted": True, "state": State.MEDIATING},
    F.TERMINATION: {
        "accepted": True,
        "state": State.ENDED,
        "ended_at": days_after_receipt(18),
        "outcome": "failed",
    },
    F.AGREEMENT: {"accepted": True, "state": State.MEDIATING},
    F.REPORT_RESULT: {"report": True, "state": State.FILED, "decided_at": days_after_receipt(8)},
    F.COUNCIL_NOTICE: {"accepted": True, "body": Body.COUNCIL},
    F.COUNCIL_AGREEMENT: {"accepted": True, "body": Body.COUNCIL, **AGREED},
    F.MEDIATION_RECORD: {"accepted": True, "state": State.MEDIATING},
    F.COURT_APPLICATION: {"accepted": True, "merchant_code_written": "91000000MA0000000N", **AGREED},
    F.MEDIATOR_CERTIFICATE: {"accepted": True, **AGREED},
}


@pytest.fixture
def made(district):
    """`made(form)`: a case for which `form` can be issued, with its consumer, or reporter."""

    def make(form: DocumentForm, person: dict | None = None, **changes) -> Case:
        fields = {
            "handling": district, "regime": "order121", "goods": "净水器", "brand": "测牌",
            "occurred_on": dt.date(2026, 10, 30), "consents": {"publish": True, "entrust": False},
            "merchant": MerchantFactory(name="测试净水商贸有限公司", address="测试街1号"),
        }  # fmt: skip
        case = CaseFactory(**fields | READY[form] | changes)
        reporter = case.kind == Kind.REPORT
        PartyFactory(case=case, reporter=reporter, plain=person or (REPORTER if reporter else PERSON))
        return case

    return make


@pytest.fixture
def letterhead(district):
    return LetterheadFactory(agency=district, prefix="测市监")


def issue(case, form, side, actor, **changes):
    changes.setdefault("values", given(form))
    return issue_document(case, form=form, side=side, actor=actor, **{"now": NOW} | changes)


def content(document) -> bytes:
    return vault.read(document.file, context=document_context(document.pk))


def values_of(document) -> dict:
    return decrypt(document.values, context=document_context(document.pk))


def every_part(docx: bytes) -> str:
    """All parts of the package in one: document, headers, properties, comments, relations, with and without tags."""
    with zipfile.ZipFile(io.BytesIO(docx)) as archive:
        raw = "".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())
    return raw + re.sub(r"<[^>]*>", "", raw) + text_of(docx)


COPIES = [(form, side) for form, side in ALLOWED if FORMS[form].of_case]  # others: tests/pledges/test_letters.py
each_copy = pytest.mark.parametrize(("form", "side"), COPIES, ids=[f"{form}-{side}" for form, side in COPIES])


# issuing


@each_copy
def test_each_form_is_issued_for_each_side(made, officer, letterhead, form, side):
    case = made(form)

    document = issue(case, form, side, officer)

    document.refresh_from_db()
    definition = FORMS[form]
    assert document.number == f"测市监{definition.word}〔2026〕第1号"
    assert (document.case, document.form, document.side, document.agency) == (case, form, side, case.handling)
    assert (document.year, document.serial, document.created_by, document.created_at) == (
        2026,
        1,
        officer,
        NOW,
    )
    assert (document.template, document.is_void) == (None, False)
    docx = content(document)
    assert document.size == len(docx)
    text = "\n".join(paragraph.text for paragraph in Word(io.BytesIO(docx)).paragraphs)
    assert text.startswith(definition.title)
    assert document.number in text_of(docx)
    assert "{{" not in text_of(docx)
    event = CaseEvent.objects.get(verb="issue_document")
    assert (event.actor, event.at, event.data) == (
        officer, NOW, {"document": document.pk, "number": document.number},
    )  # fmt: skip


def test_the_contents_are_those_of_the_case_and_what_was_given(made, officer, letterhead):
    case = made(F.MEDIATION_NOTICE)

    document = issue(case, F.MEDIATION_NOTICE, A.COMPLAINANT, officer)

    assert values_of(document) == {
        "accepted_on": "2026年11月4日",
        "addressee": "张测试",
        "agency": "测试市市场监督管理局",
        "article": "第二十条",
        "bring": "购物凭证",
        "case_number": case.number,
        "contact_address": "测试市测试路1号",
        "contact_phone": "0571-22222222",
        "issued_on": "2026年11月25日",
        "kind": "投诉",
        "mediate_at": "2026年12月2日14时05分",
        "mediators": "王调解、陈调解",
        "number": "测市监投调〔2026〕第1号",
        "officer": officer.get_full_name(),
        "order": "《市场监督管理投诉举报处理办法》",
        "place": "测试市场监管所调解室",
        "received_on": "2026年11月2日",
        "recusal_days": "3",
        "respondent_name": "测试净水商贸有限公司",
        "subject": "测试净水商贸有限公司净水器",
    }


def test_the_register_of_a_complaint(made, officer, letterhead):
    document = issue(made(F.COMPLAINT_REGISTER), F.COMPLAINT_REGISTER, A.INTERNAL, officer)

    values = values_of(document)
    assert {name: values[name] for name in values if name.startswith("complainant")} == {
        "complainant_name": "张测试", "complainant_phone": "13800000001", "complainant_address": "杭州市西湖区测试路1号",
        "complainant_id_type": "居民身份证", "complainant_id_number": "000000199001010011",
    }  # fmt: skip
    assert (values["consent_publish"], values["consent_entrust"]) == ("☑是　☐否", "☐是　☑否")
    assert (values["amount"], values["occurred_on"], values["goods"]) == (
        "1,280.00元",
        "2026年10月30日",
        "测牌 净水器",
    )
    assert (document.personal, document.sealed) == (True, False)


def test_an_anonymous_report(made, officer, letterhead):
    case = made(F.REPORT_REGISTER)
    case.parties.update(personal=None)

    assert values_of(issue(case, F.REPORT_REGISTER, A.INTERNAL, officer))["reporter_name"] == "匿名"


def test_in_a_joint_complaint_the_representatives_stand_for_all(made, officer, letterhead):
    case = made(F.ACCEPTANCE)
    for n, name in enumerate(("甲代表", "乙代表"), 1):
        PartyFactory(case=case, representative=n, plain={"name": name})
    PartyFactory(case=case, role=PartyRole.PROXY, plain={"name": "丙代理"})

    assert values_of(issue(case, F.ACCEPTANCE, A.COMPLAINANT, officer))["addressee"] == "甲代表、乙代表"


def test_under_order_20_its_articles_and_grounds_are_cited(made, officer, letterhead):
    case = made(F.REFUSAL, regime="order20")

    values = values_of(
        issue(case, F.REFUSAL, A.COMPLAINANT, officer, values=given(F.REFUSAL, ground="o20.refuse.6"))
    )

    assert (values["order"], values["article"]) == ("《市场监督管理投诉举报处理暂行办法》", "第十五条")
    assert values["ground_item"] == "六"
    assert [ground["mark"] for ground in values["grounds"]] == ["☐"] * 5 + ["☑"]
    assert values["grounds"][4]["text"] == "未提供本办法第九条第一款和第十条规定的材料的"


def test_a_ground_of_other_rules_is_refused(made, officer, letterhead):
    for wrong in ("o20.refuse.1", "o121.terminate.1", "nonsense"):
        with pytest.raises(DomainError):
            issue(made(F.REFUSAL), F.REFUSAL, A.COMPLAINANT, officer, values=given(F.REFUSAL, ground=wrong))

    assert Document.objects.count() == 0


@pytest.mark.parametrize(
    ("form", "decided", "other"),
    [(F.REFUSAL, "o121.refuse.2", "o121.refuse.3"), (F.TERMINATION, "o121.terminate.1", "o121.terminate.5")],
)
def test_a_document_states_the_ground_that_was_decided_on(made, officer, letterhead, form, decided, other):
    case = made(form, ground=decided)

    with pytest.raises(DomainError, match="另一情形"):
        issue(case, form, A.COMPLAINANT, officer, values=given(form) | {"ground": other})
    assert (Document.objects.count(), DocumentSeries.objects.count()) == (0, 0)
    values = values_of(issue(case, form, A.COMPLAINANT, officer, values=given(form) | {"ground": decided}))

    assert [ground["mark"] for ground in values["grounds"]].index("☑") == int(decided[-1]) - 1


def test_order_20_knows_no_demand_for_papers(made, officer, letterhead):
    with pytest.raises(DomainError):
        issue(made(F.IDENTITY_NOTICE, regime="order20"), F.IDENTITY_NOTICE, A.COMPLAINANT, officer)

    assert (Document.objects.count(), DocumentSeries.objects.count()) == (0, 0)


def test_the_grounds_of_the_law_are_worded_as_in_the_law():
    texts = tomllib.loads(GROUND_TEXTS.read_text(encoding="utf-8"))
    known = {f"{article}.{item}" for article, items in texts.items() for item in items}
    codes = set(Ground.objects.filter(purpose__in=["refuse", "terminate"]).values_list("code", flat=True))

    assert known == {code for code in codes if code.startswith(("o20.", "d778.", "o121."))}


# who issues, and when


@pytest.mark.parametrize("role", ["regulator", "approver", "clerk"])
def test_without_the_permission_nothing_is_issued(made, district, role):
    with pytest.raises(PermissionDenied):
        issue(made(F.ACCEPTANCE), F.ACCEPTANCE, A.COMPLAINANT, UserFactory(agency=district, roles=[role]))

    assert (Document.objects.count(), DocumentSeries.objects.count(), CaseEvent.objects.count()) == (0, 0, 0)


@pytest.mark.parametrize("form", [F.REPORT_REGISTER, F.REPORT_RESULT])
def test_a_reporter_is_put_into_documents_by_those_who_may_know_him(made, officer, mediator, form):
    case, side = made(form), FORMS[form].sides[0]
    for actor in (mediator, UserFactory(superuser=True)):
        with pytest.raises(PermissionDenied):
            issue(case, form, side, actor)
    assert Document.objects.count() == 0

    document = issue(case, form, side, officer)

    assert (document.personal, document.sealed) == (True, True)


def test_for_a_case_of_another_agency_nothing_is_issued(made, neighbour, officer):
    with pytest.raises(PermissionDenied):
        issue(made(F.ACCEPTANCE, handling=neighbour), F.ACCEPTANCE, A.COMPLAINANT, officer)

    assert Document.objects.count() == 0


@pytest.mark.parametrize(
    ("form", "side"),
    [(F.ACCEPTANCE, A.RESPONDENT), (F.AGREEMENT, A.RESPONDENT), (F.REPORT_RESULT, A.RESPONDENT), ("x", "y")],
)
def test_a_document_is_made_out_for_its_sides_alone(made, officer, form, side):
    with pytest.raises(DomainError):
        issue_document(made(F.ACCEPTANCE), form=form, side=side, actor=officer, now=NOW)


@pytest.mark.parametrize(
    ("form", "changes"),
    [
        (F.IDENTITY_NOTICE, {"accepted": True}),
        (F.ACCEPTANCE, {"accepted": False}),
        (F.ACCEPTANCE, {"accepted": False, "refused": True}),
        (F.REFUSAL, {"refused": False}),
        (F.MEDIATION_NOTICE, {"state": State.ENDED, "ended_at": local(2026, 11, 20)}),
        (F.TERMINATION, {"outcome": "agreement"}),
        (F.TERMINATION, {"state": State.MEDIATING, "ended_at": None}),
        (F.AGREEMENT, {"state": State.ENDED, "ended_at": local(2026, 11, 20), "outcome": "failed"}),
        (F.REPORT_RESULT, {"state": State.ACCEPTED, "decided_at": None}),
        (F.ACCEPTANCE, {"report": True, "state": State.FILED}),
        (F.REPORT_REGISTER, {"report": False}),
        (F.ACCEPTANCE, {"body": Body.COUNCIL}),
    ],
)  # fmt: skip
def test_a_document_says_only_what_is_so(made, officer, form, changes):
    case = made(form, **changes)

    assert why_not(case, form) != ""
    with pytest.raises(DomainError):
        issue(case, form, FORMS[form].sides[0], officer)
    assert (Document.objects.count(), DocumentSeries.objects.count()) == (0, 0)


@each_copy
def test_what_is_asked_for_must_be_given(made, officer, form, side):
    for name in FORMS[form].asks:
        values = given(form) | {name: ""}
        if name in FORMS[form].optional:
            continue
        with pytest.raises(DomainError) as refused:
            issue(made(form), form, side, officer, values=values)
        assert asked_label(name) in str(refused.value)
    with pytest.raises(DomainError, match="nonsense"):
        issue(made(form), form, side, officer, values=given(form) | {"nonsense": "x"})
    assert Document.objects.count() == 0


@pytest.mark.parametrize(
    ("form", "wrong"),
    [
        (F.DISPATCH_NOTICE, {"report_back_on": dt.date(2026, 11, 24)}),
        (F.DISPATCH_NOTICE, {"report_back_on": "2026-12-01"}),
        (F.DISPATCH_NOTICE, {"pages": -1}),
        (F.DISPATCH_NOTICE, {"pages": "七"}),
        (F.IDENTITY_NOTICE, {"id_deadline": dt.date(2026, 11, 24)}),
        (F.MEDIATION_NOTICE, {"mediate_at": local(2026, 11, 25, 15, 30)}),
        (F.MEDIATION_NOTICE, {"mediate_at": dt.date(2026, 12, 2)}),
        (F.MEDIATION_NOTICE, {"recusal_days": 0}),
        (F.MEDIATION_NOTICE, {"place": "字" * 5001}),
        (F.AGREEMENT, {"mediated_on": dt.date(2026, 11, 26)}),
        (F.AGREEMENT, {"mediated_on": dt.date(2026, 11, 1)}),
    ],
)
def test_what_makes_no_sense_is_refused(made, officer, form, wrong):
    with pytest.raises(DomainError):
        issue(made(form), form, FORMS[form].sides[0], officer, values=given(form) | wrong)

    assert (Document.objects.count(), DocumentSeries.objects.count()) == (0, 0)


# numbers


def test_numbers_count_by_agency_form_and_year(made, officer, letterhead, city):
    first = issue(made(F.ACCEPTANCE), F.ACCEPTANCE, A.COMPLAINANT, officer)
    second = issue(made(F.ACCEPTANCE), F.ACCEPTANCE, A.COMPLAINANT, officer)
    other_form = issue(made(F.COMPLAINT_REGISTER), F.COMPLAINT_REGISTER, A.INTERNAL, officer)
    next_year = issue(made(F.ACCEPTANCE), F.ACCEPTANCE, A.COMPLAINANT, officer, now=local(2027, 1, 1, 0, 0))
    bureau = AgencyFactory(parent=city, name="无前缀局")
    elsewhere = issue(
        made(F.ACCEPTANCE, handling=bureau),
        F.ACCEPTANCE,
        A.COMPLAINANT,
        UserFactory(agency=bureau, roles=["officer"]),
    )

    assert [document.number for document in (first, second, other_form, next_year, elsewhere)] == [
        "测市监投受〔2026〕第1号", "测市监投受〔2026〕第2号", "测市监投登〔2026〕第1号", "测市监投受〔2027〕第1号",
        "无前缀局投受〔2026〕第1号",
    ]  # fmt: skip


def test_a_station_issues_in_the_name_of_its_bureau(made, district, letterhead):
    station = AgencyFactory(station=True, parent=district)
    case = made(F.ACCEPTANCE, handling=station)

    document = issue(case, F.ACCEPTANCE, A.COMPLAINANT, UserFactory(agency=station, roles=["officer"]))

    assert (document.agency, document.number) == (district, "测市监投受〔2026〕第1号")


def test_intake_dispatches_in_its_own_name(made, city, district):
    LetterheadFactory(agency=city, prefix="测总")
    case = made(F.DISPATCH_NOTICE, handling=None, custodian=district)

    document = issue(case, F.DISPATCH_NOTICE, A.INTERNAL, UserFactory(agency=city, roles=["officer"]))

    assert (document.agency, document.number) == (city, "测总分送〔2026〕第1号")


def test_two_agencies_of_one_prefix_are_told(made, officer, city):
    DocumentFactory(agency=city, number=f"{officer.agency.name}投受〔2026〕第1号")

    with pytest.raises(DomainError, match="投受〔2026〕第1号"):
        issue(made(F.ACCEPTANCE), F.ACCEPTANCE, A.COMPLAINANT, officer)
    assert DocumentSeries.objects.count() == 0


@pytest.mark.parametrize("where", ["render", "write", "row", "event"])
def test_whatever_fails_leaves_no_gap_and_no_file(made, officer, letterhead, stored_files, monkeypatch, where):
    def fail(*args, **kwargs):
        raise RuntimeError(where)

    issue(made(F.ACCEPTANCE), F.ACCEPTANCE, A.COMPLAINANT, officer)
    files = set(stored_files())
    owner, name = {
        "render": (docx_templates, "render"), "write": (vault, "write"), "row": (documents, "encrypt"),
        "event": (documents, "_write_event"),
    }[where]  # fmt: skip
    case = made(F.ACCEPTANCE)
    with monkeypatch.context() as patched:
        patched.setattr(owner, name, fail)
        with pytest.raises(RuntimeError):
            issue(case, F.ACCEPTANCE, A.COMPLAINANT, officer)

    assert set(stored_files()) == files
    assert issue(made(F.ACCEPTANCE), F.ACCEPTANCE, A.COMPLAINANT, officer).serial == 2


# nobody is named who must not be


FACING = [copy for copy in COPIES if copy[1] in (A.RESPONDENT, A.BOTH)]


@pytest.mark.parametrize(("form", "side"), FACING, ids=[f"{form}-{side}" for form, side in FACING])
def test_the_respondent_s_copy_never_names_the_reporter(made, officer, letterhead, form, side):
    """A mixed case whose texts are full of him, in all the ways in which people write numbers."""
    case = made(
        form, goods="赵举报买的净水器", brand="赵举报牌", problem_written="赵举报说质量差，电话139 0000 4321",
        narrative="本人赵举报，电话13900004321，住杭州市拱墅区隐蔽路9号，身份证000000198502020022，与张测试同去。",
        demand="请联系赵举报 139-0000-4321 退款", order_number="13900004321",
    )  # fmt: skip
    PartyFactory(case=case, reporter=True, plain=REPORTER)

    document = issue(case, form, side, officer)

    found = every_part(content(document))
    squeezed = re.sub(r"\W", "", found)
    for value in REPORTER.values():
        assert value not in found
        assert re.sub(r"\W", "", value) not in squeezed
    for name in ("phone", "address", "id_number"):
        assert PERSON[name] not in found
    assert (PERSON["name"] in found) is (form in (F.AGREEMENT, F.COUNCIL_AGREEMENT))  # which both sign
    assert document.sealed is False


@each_copy
def test_no_copy_but_the_reporter_s_own_names_him(made, officer, letterhead, form, side):
    case = made(form, narrative="赵举报13900004321说", goods="赵举报的净水器")
    if case.kind == Kind.COMPLAINT:
        PartyFactory(case=case, reporter=True, plain=REPORTER)

    document = issue(case, form, side, officer)

    found = every_part(content(document))
    assert any(value in found for value in REPORTER.values()) is (form in (F.REPORT_REGISTER, F.REPORT_RESULT))


@pytest.mark.parametrize(
    "text", ["请张测试到场", "请张 测 试到场", "电话１３８ 0000 0001", "身份证000000199001010011"]
)
def test_given_texts_that_name_the_complainant_are_refused_for_the_respondent(
    made, officer, letterhead, text
):
    case = made(F.MEDIATION_NOTICE)
    with pytest.raises(DomainError, match=asked_label("bring")):
        issue(case, F.MEDIATION_NOTICE, A.RESPONDENT, officer, values=given(F.MEDIATION_NOTICE, bring=text))
    assert (Document.objects.count(), DocumentSeries.objects.count()) == (0, 0)

    assert issue(
        case, F.MEDIATION_NOTICE, A.COMPLAINANT, officer, values=given(F.MEDIATION_NOTICE, bring=text)
    )


def test_a_template_of_staff_gets_nothing_that_the_side_may_not_read(made):
    """The templates of a form know all its variables; those of another side's copy are empty."""
    names = variables_of(F.MEDIATION_NOTICE)
    contents = contents_of(
        made(F.MEDIATION_NOTICE), form=F.MEDIATION_NOTICE, side=A.RESPONDENT, given=given(F.MEDIATION_NOTICE),
        agency_name="测试局", officer="王", letterhead=None, now=NOW,
    )  # fmt: skip

    assert contents.keys() == names.keys()
    assert not contents.keys() & {
        "complainant_name",
        "complainant_phone",
        "facts",
        "demand",
        "clue",
        "reporter_name",
    }
    assert contents["addressee"] == "测试净水商贸有限公司"


def test_the_agreement_holds_the_dispute_with_numbers_masked(made, officer, letterhead):
    case = made(
        F.AGREEMENT,
        narrative="张测试，电话13800000001，杭州市西湖区测试路1号，买到漏水的净水器。",
        demand="退款",
    )

    values = values_of(issue(case, F.AGREEMENT, A.BOTH, officer))

    assert values["matter"] == "张测试，电话138****0001，***，买到漏水的净水器。\n退款"
    assert values["complainant_name"] == "张测试"


# text stays text


HOSTILE = "<script>alert(1)</script>{{ 987*654321 }}{% for a in b %}&amp;</w:t>]]>\x07\x0c"


@each_copy
def test_markup_and_tags_in_texts_stay_text(made, officer, letterhead, form, side):
    case = made(
        form, {"name": HOSTILE, "phone": HOSTILE, "address": HOSTILE, "id_number": HOSTILE, "id_type": HOSTILE},
        goods=HOSTILE, narrative=HOSTILE, demand=HOSTILE, merchant=None, merchant_written=HOSTILE,
        merchant_address=HOSTILE, channel_written=HOSTILE,
    )  # fmt: skip
    values = {
        name: HOSTILE if isinstance(value, str) and name != "ground" else value
        for name, value in given(form).items()
    }
    if side in (A.RESPONDENT, A.BOTH):
        case.parties.update(personal=None)

    document = issue(case, form, side, officer, values=values)

    docx = content(document)
    docx_templates.check_filled(docx)
    assert "645814827" not in text_of(docx)
    assert "<script>" not in every_part(docx).split("<w:body>")[1].split("</w:body>")[0]
    assert "<script>alert(1)</script>{{ 987*654321 }}{% for a in b %}&amp;</w:t>]]>" in text_of(docx)


# what the law demands


@each_copy
def test_every_copy_carries_what_the_law_demands(made, officer, letterhead, form, side):
    """Of the table of data: each variable with its contents of this very case, each printed text."""
    case = made(form)
    if form == F.COMPLAINT_REGISTER:
        PartyFactory(case=case, role=PartyRole.PROXY, plain={"name": "钱代理"})
    document = issue(case, form, side, officer)

    values, text = values_of(document), text_of(content(document))
    for datum in DATA:
        if datum.form != form:
            continue
        assert datum.printed in text
        for name in datum.variables:
            assert values[name], name
            shown = (
                [item["text"] for item in values[name]] if isinstance(values[name], list) else [values[name]]
            )
            for line in "\n".join(shown).split("\n"):
                assert line in text, (datum.what, name)


def test_the_representative_stands_in_his_place_and_only_where_the_law_asks_for_him(made, officer, letterhead):
    for form, side in COPIES:
        case = made(form)
        if case.kind == Kind.REPORT:
            continue
        PartyFactory(case=case, role=PartyRole.PROXY, plain={"name": "吴委托", "phone": "13700001111"})

        document = issue(case, form, side, officer)

        text, here = text_of(content(document)), form in (F.COMPLAINT_REGISTER, F.MEDIATION_RECORD)
        assert ("代理人吴委托" in text, "吴委托" in text, "13700001111" in text) == (here, here, False), form


@pytest.mark.parametrize("form", list(F))
def test_the_built_in_templates_can_be_uploaded_as_they_are(form):
    used = docx_templates.check(
        built_in(form), name=f"{form}.docx", variables=variables_of(form), required=required_of(form)
    )

    assert set(required_of(form)) <= used


def test_the_table_is_of_variables_that_there_are():
    for datum in DATA:
        assert datum.variables or datum.printed
        assert set(datum.variables) <= variables_of(datum.form).keys(), datum
    used = {name for form in F for name in variables_of(form)}
    assert used == SOURCES.keys()
    assert {datum.form for datum in DATA} == set(F)
    assert {name for form in FORMS.values() for name in form.asks} <= used
    for definition in FORMS.values():
        assert set(definition.optional) <= set(definition.asks)
        assert all(asked_label(name) != name for name in definition.asks)


def test_sample_values_are_for_every_variable():
    assert all(sample_values(form).keys() == variables_of(form).keys() for form in F)


# printing again, voiding


def test_printed_again_it_is_the_very_same_file(made, officer, letterhead):
    case = made(F.ACCEPTANCE)
    document = issue(case, F.ACCEPTANCE, A.COMPLAINANT, officer)
    case.goods = "别的商品"
    case.save()
    DocumentTemplateFactory(form=F.ACCEPTANCE)

    first, second = (open_document(document, actor=officer, ip="192.0.2.7") for _ in range(2))

    assert first == second == content(document)
    entries = AccessLog.objects.order_by("pk")
    assert [(entry.action, entry.target, entry.fields) for entry in entries] == [
        ("download", f"{case.number}/document/{document.number}", "acceptance")
    ] * 2


def test_who_may_open_a_document(made, officer, mediator, letterhead, district):
    regulator, root = UserFactory(agency=district, roles=["regulator"]), UserFactory(superuser=True)
    acceptance = issue(made(F.ACCEPTANCE), F.ACCEPTANCE, A.COMPLAINANT, officer)
    notice = issue(made(F.MEDIATION_NOTICE), F.MEDIATION_NOTICE, A.RESPONDENT, officer)
    register = issue(made(F.REPORT_REGISTER), F.REPORT_REGISTER, A.INTERNAL, officer)

    opened = {}
    for name, document in (("acceptance", acceptance), ("notice", notice), ("register", register)):
        for user in (officer, mediator, regulator, root):
            try:
                open_document(document, actor=user, ip=None)
            except PermissionDenied:
                continue
            opened.setdefault(name, []).append(user)
    assert opened == {
        "acceptance": [officer, mediator, root],
        "notice": [officer, mediator, regulator, root],
        "register": [officer],
    }
    assert AccessLog.objects.count() == 8


def test_a_wrong_document_is_voided_and_its_number_stays_used(made, officer, letterhead):
    document = issue(made(F.ACCEPTANCE), F.ACCEPTANCE, A.COMPLAINANT, officer)

    void_document(document, reason="  当事人姓名写错  ", actor=officer, now=NOW)

    document.refresh_from_db()
    assert (document.voided_by, document.voided_at, document.void_reason) == (officer, NOW, "当事人姓名写错")
    event = CaseEvent.objects.order_by("pk").last()
    assert (event.verb, event.note) == ("void_document", "当事人姓名写错")
    assert issue(made(F.ACCEPTANCE), F.ACCEPTANCE, A.COMPLAINANT, officer).serial == 2
    assert open_document(document, actor=officer, ip=None)


def test_why_a_reporter_s_document_is_void_is_for_those_who_may_know_him(client, made, officer, mediator, letterhead):
    case = made(F.REPORT_REGISTER)
    void_document(issue(case, F.REPORT_REGISTER, A.INTERNAL, officer), reason="赵举报的名字写错", actor=officer)

    for user, sees in ((officer, True), (mediator, False)):
        client.force_login(user)
        assert ("赵举报" in client.get(f"/cases/{case.number}/").content.decode()) is sees


def test_an_officer_of_the_complainant_s_name_stays_named(made, district, officer, letterhead):
    namesake = UserFactory(agency=district, last_name="张", first_name="测试", roles=["officer"])
    case = made(F.MEDIATION_NOTICE, officer=namesake)

    assert values_of(issue(case, F.MEDIATION_NOTICE, A.RESPONDENT, officer))["officer"] == "张测试"


def test_voiding_needs_permission_scope_reason_and_a_document_in_force(made, officer, neighbour, letterhead):
    document = issue(made(F.ACCEPTANCE), F.ACCEPTANCE, A.COMPLAINANT, officer)
    for actor, reason, error in (
        (UserFactory(agency=officer.agency, roles=["regulator"]), "当事人姓名写错", PermissionDenied),
        (UserFactory(agency=neighbour, roles=["officer"]), "当事人姓名写错", PermissionDenied),
        (officer, " 写错 ", DomainError),
        (officer, "错" * 301, DomainError),
    ):
        with pytest.raises(error):
            void_document(document, reason=reason, actor=actor)
    document.refresh_from_db()
    assert not document.is_void

    void_document(document, reason="当事人姓名写错", actor=officer)
    with pytest.raises(DomainError):
        void_document(document, reason="另一个理由", actor=officer)
    document.refresh_from_db()
    assert document.void_reason == "当事人姓名写错"


@pytest.mark.parametrize(
    "changes",
    [
        {"number": "x"},
        {"serial": 9},
        {"file": "x"},
        {"sha256": "x"},
        {"side": "respondent"},
        {"sealed": True},
    ],
)
def test_the_database_changes_nothing_of_a_document(made, officer, letterhead, changes):
    document = issue(made(F.ACCEPTANCE), F.ACCEPTANCE, A.COMPLAINANT, officer)

    with pytest.raises(DatabaseError), transaction.atomic():
        Document.objects.filter(pk=document.pk).update(**changes)
    with pytest.raises(DatabaseError), transaction.atomic():
        Document.objects.filter(pk=document.pk).delete()


def test_the_database_takes_no_voiding_back(made, officer, letterhead):
    document = issue(made(F.ACCEPTANCE), F.ACCEPTANCE, A.COMPLAINANT, officer)
    void_document(document, reason="当事人姓名写错", actor=officer)

    with pytest.raises(DatabaseError), transaction.atomic():
        Document.objects.filter(pk=document.pk).update(voided_at=None, voided_by=None, void_reason="")
    with pytest.raises(DatabaseError), transaction.atomic():
        Document.objects.filter(pk=document.pk).update(void_reason="别的理由")


def test_the_database_keeps_a_reporter_from_the_other_side():
    with pytest.raises(IntegrityError, match="cases_document_sealed_not_to_respondent"):
        DocumentFactory(side=A.RESPONDENT, sealed=True)


# delivery


def deliver(document, actor, **changes):
    fields = {"means": NoticeMeans.LETTER, "at": local(2026, 11, 26), "result": DeliveryResult.DELIVERED}
    return record_delivery(document, actor=actor, **fields | {"now": local(2026, 11, 27)} | changes)


def test_a_delivery_is_recorded_with_its_proof(made, officer, letterhead):
    document = issue(made(F.ACCEPTANCE), F.ACCEPTANCE, A.COMPLAINANT, officer)
    proof = AttachmentFactory(case=document.case)

    delivery = deliver(document, officer, proof=proof, note=" 挂号信 ")

    delivery.refresh_from_db()
    assert (delivery.means, delivery.addressee, delivery.result) == ("letter", "complainant", "delivered")
    assert (delivery.at, delivery.recorded_at) == (local(2026, 11, 26), local(2026, 11, 27))
    assert (delivery.proof, delivery.note, delivery.recorded_by) == (proof, "挂号信", officer)
    event = CaseEvent.objects.order_by("pk").last()
    assert (event.verb, event.data["delivery"], event.data["result"]) == (
        "deliver_document",
        delivery.pk,
        "delivered",
    )


def test_wrong_deliveries_are_refused(made, officer, neighbour, letterhead):
    document = issue(made(F.ACCEPTANCE), F.ACCEPTANCE, A.COMPLAINANT, officer)
    void = void_document(
        issue(made(F.ACCEPTANCE), F.ACCEPTANCE, A.COMPLAINANT, officer),
        reason="当事人姓名写错",
        actor=officer,
    )
    withdrawn = AttachmentFactory(case=document.case, withdrawn=True)
    for given_, error in (
        ({"actor": UserFactory(agency=officer.agency, roles=["regulator"])}, PermissionDenied),
        ({"actor": UserFactory(agency=neighbour, roles=["officer"])}, PermissionDenied),
        ({"at": local(2026, 11, 28)}, DomainError),
        ({"at": local(2026, 11, 25, 15, 29)}, DomainError),
        ({"addressee": A.RESPONDENT}, DomainError),
        ({"proof": AttachmentFactory()}, DomainError),
        ({"proof": withdrawn}, DomainError),
        ({"document": void}, DomainError),
    ):
        given_ = {"document": document, "actor": officer} | given_
        with pytest.raises(error):
            deliver(given_.pop("document"), **given_)
    assert Delivery.objects.count() == 0


def test_an_agreement_is_delivered_to_one_party_at_a_time(made, officer, letterhead):
    document = issue(made(F.AGREEMENT), F.AGREEMENT, A.BOTH, officer)
    for nobody in ("", A.BOTH, A.INTERNAL):
        with pytest.raises(DomainError):
            deliver(document, officer, addressee=nobody)

    for party in (A.COMPLAINANT, A.RESPONDENT):
        deliver(document, officer, addressee=party)

    assert [row.addressee for row in document.deliveries.order_by("pk")] == ["complainant", "respondent"]


def test_a_termination_that_arrives_stops_the_notice_of_its_side(district, officer, letterhead):
    case = CaseFactory(handling=district, regime="order121", accepted=True, state=State.MEDIATING)
    PartyFactory(case=case)
    perform(
        case,
        Verb.FAIL,
        actor=officer,
        now=local(2026, 11, 24),
        ground=Ground.objects.get(code="o121.terminate.3"),
    )
    copies = {side: issue(case, F.TERMINATION, side, officer) for side in (A.COMPLAINANT, A.RESPONDENT)}

    deliver(copies[A.COMPLAINANT], officer, result=DeliveryResult.FAILED)
    assert case.clocks.running().count() == 2
    deliver(copies[A.COMPLAINANT], officer)

    stopped = Clock.objects.get(case=case, side=Side.COMPLAINANT)
    assert stopped.stopped_on == dt.date(2026, 11, 26)
    assert [clock.side for clock in case.clocks.running()] == [Side.RESPONDENT]
    deliver(copies[A.RESPONDENT], officer, means=NoticeMeans.PUBLIC)
    assert case.clocks.running().count() == 0
    perform(case, Verb.CLOSE, actor=officer, now=local(2026, 11, 27))


def test_a_delivery_stops_no_other_term(made, officer, letterhead):
    document = issue(made(F.ACCEPTANCE), F.ACCEPTANCE, A.COMPLAINANT, officer)
    clock = ClockFactory(case=document.case, code="complaint.mediate", due_on=dt.date(2026, 12, 30))

    deliver(document, officer)

    clock.refresh_from_db()
    assert clock.stopped_on is None
    assert stop_notice(document, addressee=A.COMPLAINANT, on=dt.date(2026, 11, 26), actor=officer, now=NOW) == 0


def test_deliveries_are_never_changed():
    delivery = DeliveryFactory()
    with pytest.raises(DatabaseError), transaction.atomic():
        Delivery.objects.filter(pk=delivery.pk).update(result=DeliveryResult.FAILED)
    with pytest.raises(DatabaseError), transaction.atomic():
        delivery.delete()


# pages


def url(case, *parts) -> str:
    return "/".join(["", "cases", case.number, "documents", *map(str, parts), ""])


def typed(values: dict) -> dict:
    """As a browser sends them."""
    return {
        name: value.strftime("%Y-%m-%dT%H:%M") if isinstance(value, dt.datetime) else str(value)
        for name, value in values.items()
    }


def later(form) -> dict:
    """The given values, with days that lie ahead of the real clock or behind it."""
    values = given(form)
    now = timezone.localtime()
    ahead = {
        "report_back_on": now.date(),
        "id_deadline": now.date(),
        "mediate_at": now + dt.timedelta(days=3),
    }
    values |= {name: value for name, value in ahead.items() if name in values}
    if "mediated_on" in values:
        values["mediated_on"] = now.date()
    return values


@each_copy
def test_each_form_has_a_page_and_leads_back(client, made, officer, letterhead, form, side):
    case = made(form, received_at=timezone.now() - dt.timedelta(days=20))
    client.force_login(officer)
    assert url(case, form, side, "issue") in client.get(f"/cases/{case.number}/").content.decode()

    page = client.get(url(case, form, side, "issue"))
    assert list(page.context_data["form"].fields) == list(FORMS[form].asks)
    response = client.post(url(case, form, side, "issue"), typed(later(form)))

    document = Document.objects.get()
    assert response.headers["Location"] == f"/cases/{case.number}/#documents"
    assert document.number in str(list(get_messages(response.wsgi_request))[0])
    case_page = client.get(f"/cases/{case.number}/").content.decode()
    assert document.number in case_page
    file = client.get(url(case, document.pk, "file"))
    assert file.content == content(document)
    assert file.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert unquote(file.headers["Content-Disposition"]).endswith(
        f"{FORMS[form].title} {document.number}.docx"
    )


def test_the_form_proposes_what_is_known(client, made, officer, letterhead, district):
    mine = UserFactory(agency=district, roles=["officer"])
    case = made(F.REFUSAL, officer=mine, ground="o121.refuse.4")
    CaseEventFactory(case=case, verb="refuse", note="超过三年")
    client.force_login(officer)

    refusal = client.get(url(case, F.REFUSAL, A.COMPLAINANT, "issue")).context_data["form"]
    assert refusal["ground"].value() == "o121.refuse.4"
    assert [code for code, _label in refusal.fields["ground"].choices] == ["o121.refuse.4"]
    assert refusal["reason"].value() == "超过三年"
    case = made(F.REFUSAL, officer=mine, ground="超期")  # as its source put it
    refusal = client.get(url(case, F.REFUSAL, A.COMPLAINANT, "issue")).context_data["form"]
    assert len(refusal.fields["ground"].choices) == 7
    assert refusal["reason"].value() == ""
    case = made(F.MEDIATION_NOTICE, officer=mine)
    notice = client.get(url(case, F.MEDIATION_NOTICE, A.COMPLAINANT, "issue")).context_data["form"]
    assert (notice["contact_phone"].value(), notice["mediators"].value()) == (
        "0571-00000000",
        mine.get_full_name(),
    )


def test_what_is_wrong_stands_in_the_form(client, made, officer, letterhead):
    case = made(F.MEDIATION_NOTICE)
    client.force_login(officer)
    values = typed(later(F.MEDIATION_NOTICE)) | {"bring": "请张测试到场"}

    response = client.post(url(case, F.MEDIATION_NOTICE, A.RESPONDENT, "issue"), values)

    assert response.status_code == 200
    (error,) = response.context_data["form"].non_field_errors()
    assert asked_label("bring") in error
    assert "张测试" not in error
    assert Document.objects.count() == 0


def test_a_form_that_does_not_apply_leads_back_with_the_reason(client, made, officer):
    case = made(F.ACCEPTANCE)
    client.force_login(officer)

    for method in (client.get, client.post):
        response = method(url(case, F.REFUSAL, A.COMPLAINANT, "issue"))
        assert (response.status_code, response.headers["Location"]) == (
            302,
            f"/cases/{case.number}/#documents",
        )
    for wrong in (url(case, "x", "y", "issue"), url(case, F.ACCEPTANCE, A.RESPONDENT, "issue")):
        assert client.get(wrong).status_code == 404
    assert Document.objects.count() == 0


def test_delivery_and_voiding_have_their_pages(client, made, officer, letterhead):
    case = made(F.AGREEMENT)
    issued_at = timezone.now() - dt.timedelta(hours=2)  # which is yesterday for the first two hours of a day
    document = issue(case, F.AGREEMENT, A.BOTH, officer, now=issued_at,
                     values=given(F.AGREEMENT) | {"mediated_on": timezone.localdate(issued_at)})  # fmt: skip
    proof = AttachmentFactory(case=case, name="回执.pdf")
    client.force_login(officer)

    page = client.get(url(case, document.pk, "deliver"))
    assert "回执.pdf" in page.content.decode()
    told = typed({"at": timezone.localtime() - dt.timedelta(hours=1)}) | {
        "means": "in_person", "result": "delivered", "addressee": "respondent", "proof": proof.pk, "note": "",
    }  # fmt: skip
    assert client.post(url(case, document.pk, "deliver"), told).status_code == 302
    delivery = Delivery.objects.get()
    assert (delivery.addressee, delivery.means, delivery.proof) == ("respondent", "in_person", proof)

    assert client.get(url(case, document.pk, "void")).status_code == 200
    response = client.post(url(case, document.pk, "void"), {"reason": "金额写错了，13800001234"})
    assert response.headers["Location"] == f"/cases/{case.number}/#documents"
    case_page = client.get(f"/cases/{case.number}/").content.decode()
    assert "138****1234" in case_page
    assert url(case, document.pk, "void") not in case_page
    assert url(case, document.pk, "file") in case_page
    for act in ("void", "deliver"):
        assert client.get(url(case, document.pk, act)).status_code == 302
        assert client.post(url(case, document.pk, act), told | {"reason": "再来一次吧"}).status_code == 302
    assert Delivery.objects.count() == 1


@each_copy
def test_the_form_of_a_document_stays_within_twelve_queries(warm, made, officer, letterhead, form, side):
    case = made(form, officer=officer)
    for _n in range(3):
        AttachmentFactory(case=case)
    client = warm(officer, "/cases/")

    with CaptureQueriesContext(connection) as queries:
        response = client.get(url(case, form, side, "issue"))

    assert response.status_code == 200
    assert 3 < len(queries) <= 12


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("act", ["deliver", "void"])
def test_delivery_and_voiding_stay_within_twelve_queries(warm, made, officer, letterhead, act, rows):
    case = made(F.AGREEMENT)
    document = issue(case, F.AGREEMENT, A.BOTH, officer)
    for _n in range(rows):
        AttachmentFactory(case=case)
        DeliveryFactory(document=document)
    client = warm(officer, "/cases/")

    with CaptureQueriesContext(connection) as queries:
        response = client.get(url(case, document.pk, act))

    assert response.status_code == 200
    assert 3 < len(queries) <= 12


def test_the_proof_is_a_file_of_the_same_case(client, made, officer, letterhead):
    document = DocumentFactory(case=made(F.ACCEPTANCE), created_at=timezone.now() - dt.timedelta(hours=2))
    client.force_login(officer)
    told = typed({"at": timezone.localtime() - dt.timedelta(hours=1)}) | {
        "means": "letter", "result": "delivered", "proof": AttachmentFactory().pk,
    }  # fmt: skip

    response = client.post(url(document.case, document.pk, "deliver"), told)

    assert "proof" in response.context_data["form"].errors
    assert Delivery.objects.count() == 0


def test_those_who_only_look_see_the_panel_without_acts(client, made, officer, letterhead, district):
    case = made(F.ACCEPTANCE)
    document = issue(case, F.ACCEPTANCE, A.COMPLAINANT, officer)
    client.force_login(UserFactory(agency=district, roles=["regulator"]))

    page = client.get(f"/cases/{case.number}/").content.decode()

    assert document.number in page
    assert url(case) not in page
    assert client.get(url(case, document.pk, "file")).status_code == 403
    assert AccessLog.objects.count() == 0


def test_a_case_without_people_gets_its_documents(made, officer, letterhead):
    case = made(F.ACCEPTANCE)
    case.parties.update(personal=None)

    assert People.of(case).secrets(sealed_only=False) == set()
    assert values_of(issue(case, F.ACCEPTANCE, A.COMPLAINANT, officer))["addressee"] == "投诉人"


def test_the_page_of_a_form_keeps_to_its_list_and_to_the_words_of_its_writer(client, made, officer, letterhead):
    case = made(F.ACCEPTANCE)
    client.force_login(officer)
    address = f"{url(case, F.ACCEPTANCE, A.COMPLAINANT, 'issue')}?list=queue&desk=mine"

    html = client.get(address).content.decode()
    response = client.post(address, typed(later(F.ACCEPTANCE)))

    # nothing stays in the browser, and nothing typed is lost where nobody is signed in any more
    assert '<form method="post" autocomplete="off" data-ask-first>' in html
    assert f'href="/cases/{case.number}/?list=queue&amp;desk=mine#documents"' in html
    assert response.headers["Location"] == f"/cases/{case.number}/?list=queue&desk=mine#documents"


def test_documents_and_deliveries_are_called_by_their_names(client, made, officer, letterhead):
    case = made(F.AGREEMENT)
    issued = timezone.now() - dt.timedelta(hours=2)
    document = issue(case, F.AGREEMENT, A.BOTH, officer, now=issued,
                     values=given(F.AGREEMENT) | {"mediated_on": timezone.localdate(issued)})  # fmt: skip
    DeliveryFactory(document=document, means="in_person", result="delivered", addressee="respondent")
    client.force_login(officer)

    case_page = client.get(f"/cases/{case.number}/").content.decode()
    deliver = client.get(url(case, document.pk, "deliver")).content.decode()

    assert '<th scope="col">文书</th>' in case_page
    assert '<th scope="col" class="row-acts">' in case_page
    told = case_page.split('id="documents"')[1].split("</section>")[0]
    assert "被投诉人，" in told
    assert ", " not in told.split("被投诉人，")[1].split("</div>")[0]
    assert "送达结果" in deliver
    assert "导入结果" not in deliver
