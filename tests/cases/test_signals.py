import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from cases import signals
from cases.domain import decide_on_signals
from cases.models import Case, CaseEvent, SignalDecision, SignalRule
from cases.signals import repeats_of, signals_of, similar_cases
from core.exceptions import DomainError
from tests.cases.filings import AT, IDENTITY, PHONE, REASON, TEXT
from tests.factories import (
    AgencyFactory,
    CaseFactory,
    CategoryFactory,
    MerchantFactory,
    PartyFactory,
    ProblemFactory,
    UserFactory,
)
from tests.factories.cases import local

pytestmark = pytest.mark.django_db


@pytest.fixture
def regulator(city):
    return UserFactory(agency=city, roles=["city_regulator"])


def found(case, user) -> dict[str, signals.Signal]:
    return {signal.code: signal for signal in signals_of(case, user)}


def rows(signal) -> list[str]:
    return [row.case.number for row in signal.rows]


def rule(code) -> SignalRule:
    return SignalRule.objects.get(code=code, valid_to=None)


# the person


def test_other_cases_of_the_same_person_are_found_by_either_number(filed, regulator):
    case = filed(identity=IDENTITY, narrative=TEXT)
    by_phone = filed(days=-10)
    by_identity = filed(days=-20, phone="13800000002", identity=IDENTITY)
    filed(days=-5, phone="13800000003", identity="000000199001010022")

    with translation.override("en"):
        signal = found(case, regulator)["person.cases"]

    assert rows(signal) == [by_phone.number, by_identity.number]
    assert [row.why for row in signal.rows] == [["same phone number"], ["same identity number"]]
    assert (signal.others, signal.capped) == (0, False)


@pytest.mark.parametrize(("days", "shown"), [(-365, True), (-366, False), (365, True), (366, False)])
def test_the_window_reaches_as_far_as_the_rule_says(filed, regulator, days, shown):
    case, other = filed(), filed(days=days)

    assert rows(found(case, regulator)["person.cases"]) == [other.number] if shown else not found(case, regulator)


def test_a_phone_number_under_another_identity_is_no_same_person(filed, regulator):
    case = filed(identity=IDENTITY)
    other = filed(days=-1, identity="000000199001010022")

    signals_found = found(case, regulator)

    assert "person.cases" not in signals_found
    assert rows(signals_found["phone.shared"]) == [other.number]
    assert signals_found["phone.shared"].facts[0][1] == 2


def test_one_person_with_one_phone_is_no_shared_phone(filed, regulator):
    case = filed(identity=IDENTITY)
    filed(days=-1, identity=IDENTITY)
    filed(days=-2)

    assert "phone.shared" not in found(case, regulator)


def test_two_other_persons_with_the_phone_of_someone_unknown_share_it(filed, regulator):
    case = filed()
    others = [filed(days=-n, identity=f"00000019900101002{n}") for n in (1, 2)]

    assert rows(found(case, regulator)["phone.shared"]) == [other.number for other in others]


def test_cases_about_the_same_merchant_and_the_same_matter_are_told_apart(filed, regulator):
    category, problem, merchant = CategoryFactory(), ProblemFactory(), MerchantFactory()
    case = filed(merchant=merchant, category=category, problem=problem, goods="净水器（大）")
    same_merchant = filed(days=-1, merchant=merchant)
    same_goods = filed(days=-2, goods="净水器(大)")
    same_category = filed(days=-3, category=category, problem=problem)
    unknown = filed(days=-4, merchant=None)

    with translation.override("en"):
        signals_found = found(case, regulator)

    assert len(signals_found["person.cases"].rows) == 4
    assert rows(signals_found["person.merchant"]) == [same_merchant.number]
    subject = signals_found["person.subject"]
    assert rows(subject) == [same_goods.number, same_category.number]
    assert [row.why[1:] for row in subject.rows] == [["same goods"], ["same category", "same problem"]]
    assert unknown.number not in rows(subject)


def test_merchants_that_are_not_known_are_not_the_same(filed, regulator):
    case = filed(merchant=None)
    filed(days=-1, merchant=None)

    assert "person.merchant" not in found(case, regulator)


def test_months_with_many_cases_are_counted_with_this_one(filed, regulator):
    case = filed()
    november = [filed(days=n) for n in (1, 2, 3, 4)]
    filed(days=-10)

    signal = found(case, regulator)["person.month"]

    assert signal.facts == [("2026-11", 5)]
    assert rows(signal) == [other.number for other in reversed(november)]


def test_fewer_cases_in_a_month_are_no_signal(filed, regulator):
    case = filed()
    for n in (1, 2, 3):
        filed(days=n)

    assert "person.month" not in found(case, regulator)


# orders and texts


def test_the_same_order_number_is_found_whoever_wrote(filed, regulator):
    case = filed(order_number="DD20261102001")
    other = filed(days=-100, phone="13800000002", order_number="DD20261102001")
    filed(days=-1, phone="13800000003", order_number="DD20261102002")

    assert rows(found(case, regulator)["order.same"]) == [other.number]


def test_no_order_number_is_not_the_same_as_none(filed, regulator):
    case = filed(order_number="")
    filed(days=-1, phone="13800000002", order_number="")

    assert found(case, regulator) == {}


def test_like_texts_are_found_among_cases_of_the_person_the_merchant_and_the_order(filed, regulator):
    merchant = MerchantFactory()
    like = TEXT.replace("三天", "四天")
    case = filed(narrative=TEXT, merchant=merchant, order_number="A1")
    same = [
        filed(days=-1, narrative=like),
        filed(days=-2, narrative=like, phone="13800000002", merchant=merchant),
        filed(days=-3, narrative=like, phone="13800000003", order_number="A1"),
    ]
    filed(days=-4, narrative=like, phone="13800000004")  # nothing but the text
    filed(days=-5)  # nothing but the person
    filed(days=-91, narrative=like)

    signal = found(case, regulator)["text.alike"]

    assert rows(signal) == [other.number for other in same]
    # of 41 pairs each, "用三" and "三天" stand in one text alone, "用四" and "四天" in the other
    assert [row.share for row in signal.rows] == [39 / 43] * 3


def test_the_measure_of_like_texts_is_data(filed, regulator):
    case, other = filed(narrative=TEXT), filed(days=-1, narrative=TEXT.replace("三天", "四天"))
    assert rows(found(case, regulator)["text.alike"]) == [other.number]

    SignalRule.objects.filter(code="text.alike").update(overlap=100)

    assert "text.alike" not in found(case, regulator)


def test_numbers_do_not_make_texts_differ(filed, regulator):
    case = filed(narrative=f"订单20261102001，{TEXT}，电话13800001234")
    other = filed(days=-1, narrative=f"订单99，{TEXT}，电话13912345678")

    assert [(row.case.number, row.share) for row in found(case, regulator)["text.alike"].rows] == [(other.number, 1.0)]


def test_several_persons_in_like_words_about_one_merchant(filed, regulator):
    merchant = MerchantFactory()
    case = filed(narrative=TEXT, merchant=merchant)
    others = [filed(days=-n, narrative=TEXT, merchant=merchant, phone=f"1380000001{n}") for n in (1, 2)]
    filed(days=-3, narrative=TEXT, merchant=merchant)  # the same person
    filed(days=-31, narrative=TEXT, merchant=merchant, phone="13800000019")
    filed(days=-4, narrative=TEXT, phone="13800000018")  # another merchant
    unknown = CaseFactory(handling=case.handling, merchant=merchant, narrative=TEXT, demand="", received_at=AT)

    signal = found(case, regulator)["merchant.alike"]

    assert rows(signal) == [other.number for other in others]
    assert signal.facts[0][1] == 2
    assert unknown.number in rows(found(case, regulator)["text.alike"])


# rules


def test_a_case_has_the_rules_of_the_day_on_which_it_was_received(filed, regulator):
    for received, article in ((local(2026, 4, 14), "第十五条"), (local(2026, 4, 15), "第十七条")):
        case = filed(days=(received - AT).days)
        filed(days=(received - AT).days - 1)
        assert article in found(case, regulator)["person.cases"].basis
    old = filed(days=(local(2019, 12, 31) - AT).days)
    filed(days=(local(2019, 12, 30) - AT).days)

    assert signals_of(old, regulator) == []


def test_a_signal_is_shown_from_the_number_of_its_rule(filed, regulator):
    case, _other = filed(), filed(days=-1)
    SignalRule.objects.filter(code="person.cases").update(at_least=2)

    assert "person.cases" not in found(case, regulator)


def test_titles_and_explanations_are_in_the_language_of_the_page(filed, regulator):
    case, _other = filed(), filed(days=-1)
    SignalRule.objects.filter(code="person.cases").update(window_days=180)

    signal = found(case, regulator)["person.cases"]
    assert (signal.title, signal.explanation[:8]) == ("同一人的其他案件", "前后180日内，")
    with translation.override("en"):
        assert signal.title == "Other cases of the same person"
        assert signal.explanation.startswith("Other cases filed within 180 days before or after by")
        assert signal.basis.endswith("(SAMR Order 121), art 17")


@pytest.mark.parametrize(
    "wrong",
    [
        {"window_days": 0},
        {"at_least": 0},
        {"overlap": 49, "code": "text.alike"},
        {"overlap": 101, "code": "text.alike"},
        {"overlap": None, "code": "text.alike"},
        {"overlap": 80, "code": "person.cases"},
        {"valid_to": dt.date(2030, 1, 1)},
    ],
)
def test_measures_that_mean_nothing_are_refused(wrong):
    new = SignalRule(
        **{"code": "person.cases", "name": "试", "name_en": "Try", "valid_from": dt.date(2030, 1, 1), "window_days": 1,
           "explanation": "试", "explanation_en": "Try", "basis": "试", "basis_en": "Try"} | wrong
    )  # fmt: skip

    with pytest.raises(ValidationError):
        new.validate_constraints()
    with pytest.raises(IntegrityError), transaction.atomic():
        new.save()


def test_of_very_many_cases_the_nearest_are_looked_at_and_it_is_told(filed, regulator, monkeypatch):
    monkeypatch.setattr(signals, "CAP", 2)
    case = filed()
    before = [filed(days=-n) for n in (1, 2, 3)]
    after = [filed(days=n) for n in (1, 2)]

    signal = found(case, regulator)["person.cases"]

    assert rows(signal) == [after[1].number, after[0].number, before[0].number, before[1].number]
    assert signal.capped


# who sees what


def test_cases_out_of_scope_are_counted_and_not_shown(filed, district, neighbour):
    case, mine = filed(), filed(days=-1)
    theirs = [filed(days=-n, handling=neighbour) for n in (2, 3)]
    regulator = UserFactory(agency=district, roles=["regulator"])

    signal = found(case, regulator)["person.cases"]

    assert rows(signal) == [mine.number]
    assert signal.others == 2
    assert not {other.number for other in theirs} & {row.case.number for row in signal.rows}


def test_what_a_sealed_reporter_links_is_left_out_without_a_word(filed, regulator, district):
    case = filed()
    report = filed(days=-1, reporter=True, report=True)
    sees = UserFactory(agency=district, roles=["officer"])

    assert found(case, regulator) == {}
    assert rows(found(case, sees)["person.cases"]) == [report.number]


def test_the_reporter_of_a_report_links_it_to_nothing(filed, regulator, district):
    report = filed(reporter=True, report=True)
    case = filed(days=-1)

    assert found(report, regulator) == {}
    assert found(report, UserFactory(superuser=True)) == {}
    assert rows(found(report, UserFactory(agency=district, roles=["officer"]))["person.cases"]) == [case.number]


def test_sealed_reporters_are_no_other_persons_either(filed, regulator, district):
    merchant = MerchantFactory()
    case = filed(narrative=TEXT, merchant=merchant)
    report = filed(days=-1, narrative=TEXT, merchant=merchant, phone="13800000002", reporter=True, report=True)

    assert rows(found(case, regulator)["text.alike"]) == [report.number]  # by the merchant, which everyone sees
    assert "merchant.alike" not in found(case, regulator)
    sees = UserFactory(agency=district, roles=["officer"])
    assert rows(found(case, sees)["merchant.alike"]) == [report.number]


# queries


@pytest.mark.parametrize("others", [1, 3])
def test_signals_take_as_many_queries_for_one_row_as_for_three(filed, regulator, others):
    merchant = MerchantFactory()
    case = filed(narrative=TEXT, merchant=merchant, order_number="A1", identity=IDENTITY)
    for n in range(others):
        filed(days=-n, narrative=TEXT, merchant=merchant, order_number="A1")
        filed(days=-n, narrative=TEXT, merchant=merchant, phone=f"1380000001{n}")
    regulator.has_perm("cases.view_case")

    with CaptureQueriesContext(connection) as queries:
        signals_found = signals_of(case, regulator)
        for signal in signals_found:
            assert [(row.case.number, row.case.merchant.name, row.case.opening) for row in signal.rows]

    # rules, own parties, what shares a key, the persons of like texts, the rows
    assert len(queries) == 5
    assert len(signals_found) >= 4


# the decision


def test_a_decision_keeps_the_signals_as_they_were_seen(filed, district, neighbour):
    case, other = filed(), filed(days=-1)
    filed(days=-2, handling=neighbour)
    regulator = UserFactory(agency=district, roles=["regulator"])

    decision = decide_on_signals(case, actor=regulator, decision="not_living", reason=f"  {REASON} ", now=AT)

    decision.refresh_from_db()
    assert (decision.case, decision.decision, decision.reason) == (case, "not_living", REASON)
    assert (decision.actor, decision.at) == (regulator, AT)
    assert decision.seen == [{"code": "person.cases", "numbers": [other.number], "others": 1}]


def test_a_decision_changes_nothing_of_the_case_and_is_no_act_of_its_timeline(filed, regulator):
    case = filed()
    before = Case.objects.values().get(pk=case.pk)

    decide_on_signals(case, actor=regulator, decision="police", reason=REASON)

    assert Case.objects.values().get(pk=case.pk) == before
    assert not CaseEvent.objects.exists()


def test_a_later_decision_stands_beside_the_earlier_one(filed, regulator):
    case = filed()
    first = decide_on_signals(case, actor=regulator, decision="not_living", reason=REASON, now=AT)
    second = decide_on_signals(
        case, actor=regulator, decision="plausible", reason="已提供家庭使用的照片和发票", now=AT + dt.timedelta(days=1)
    )

    assert list(case.signal_decisions.all()) == [second, first]
    for change in (
        lambda: SignalDecision.objects.filter(pk=first.pk).update(reason="改了理由改了理由改"),
        lambda: SignalDecision.objects.filter(pk=first.pk).delete(),
    ):
        with pytest.raises(Exception, match="append_only"), transaction.atomic():
            change()
    first.refresh_from_db()
    assert first.reason == REASON


@pytest.mark.parametrize(
    ("decision", "reason", "message"),
    [
        ("not_living", "太多了", "at least 10 characters"),
        ("not_living", " " * 12, "at least 10 characters"),
        ("guilty", REASON, "Choose what you conclude"),
        ("", REASON, "Choose what you conclude"),
    ],
)
def test_a_decision_without_a_reason_or_a_meaning_is_refused(filed, regulator, decision, reason, message):
    with translation.override("en"), pytest.raises(DomainError, match=message):
        decide_on_signals(filed(), actor=regulator, decision=decision, reason=reason)

    assert not SignalDecision.objects.exists()


@pytest.mark.parametrize("role", ["officer", "mediator", "clerk"])
def test_without_the_permission_nothing_is_decided(filed, district, role):
    actor = UserFactory(agency=district, roles=[role])

    with pytest.raises(PermissionDenied):
        decide_on_signals(filed(), actor=actor, decision="plausible", reason=REASON)

    assert not SignalDecision.objects.exists()


def test_out_of_scope_nothing_is_decided(filed, neighbour):
    actor = UserFactory(agency=neighbour, roles=["regulator"])

    with pytest.raises(DomainError):
        decide_on_signals(filed(), actor=actor, decision="plausible", reason=REASON)

    assert not SignalDecision.objects.exists()


@pytest.mark.parametrize("wrong", [{"reason": "太短"}, {"reason": " " * 20}, {"decision": "guilty"}])
def test_the_database_refuses_a_decision_without_reason_or_meaning(filed, regulator, wrong):
    fields = {"decision": "plausible", "reason": REASON} | wrong

    with pytest.raises(IntegrityError), transaction.atomic():
        SignalDecision.objects.create(case=filed(), actor=regulator, at=AT, **fields)


# the intake


ON = dt.date(2026, 11, 2)


def test_similar_cases_are_of_the_person_the_order_or_in_like_words(filed, officer):
    merchant = MerchantFactory(name="测试青禾商贸")
    by_phone = filed(days=-1)
    by_identity = filed(days=-2, phone="", identity=IDENTITY)
    by_order = filed(days=-3, phone="", order_number="A1")
    by_text = filed(days=-4, phone="", narrative=TEXT, merchant=merchant)
    filed(days=-5, phone="13800000002", merchant=merchant)  # the merchant alone is nothing

    with translation.override("en"):
        similar = similar_cases(
            phone="+86 138-0000-0001", id_number=IDENTITY, merchant=merchant, order_number=" A1 ", text=TEXT,
            received_on=ON, user=officer,
        )  # fmt: skip

    assert [(one.number, one.why) for one in similar] == [
        (by_order.number, ["same order number"]),
        (by_text.number, ["same merchant", "like text"]),
        (by_phone.number, ["same phone number"]),
        (by_identity.number, ["same identity number"]),
    ]
    assert (similar[1].merchant, similar[1].received_on) == ("测试青禾商贸", dt.date(2026, 10, 29))
    assert (similar[1].kind, similar[1].state) == ("complaint", "registered")
    assert (similar[1].kind_label, similar[1].state_label) == ("投诉", "待处理")


def test_similar_cases_show_no_personal_data(filed, officer):
    filed(days=-1, merchant=None, merchant_written="张三13800001234", narrative="电话13800001234")

    [similar] = similar_cases(phone=PHONE, received_on=ON, user=officer)

    assert similar.merchant == "张三138****1234"
    assert PHONE not in repr(similar)
    assert "13800001234" not in repr(similar)


@pytest.mark.parametrize("known", [{}, {"phone": ""}, {"phone": "138****0001"}, {"id_number": "*"}, {"order_number": " "},
                                   {"text": "退款"}, {"merchant": 0, "text": TEXT}])  # fmt: skip
def test_without_anything_to_go_by_nothing_is_similar(filed, officer, known):
    filed(days=-1)
    filed(days=-1, phone="")
    filed(days=-1, narrative=TEXT)
    filed(days=-1, narrative="退款")

    assert similar_cases(received_on=ON, user=officer, **known) == []


def test_similar_cases_keep_to_scope_time_and_limit(filed, officer, neighbour):
    inside = [filed(days=-n) for n in range(3)]
    filed(days=-366)
    filed(days=1)
    filed(days=-1, handling=neighbour)

    assert [one.number for one in similar_cases(phone=PHONE, received_on=ON, user=officer)] == [
        case.number for case in inside
    ]
    assert len(similar_cases(phone=PHONE, received_on=ON, user=officer, limit=2)) == 2


def test_similar_cases_leave_out_sealed_reporters(filed, officer, district):
    report = filed(days=-1, reporter=True, report=True)

    assert [one.number for one in similar_cases(phone=PHONE, received_on=ON, user=officer)] == [report.number]
    mediator = UserFactory(agency=district, roles=["mediator"])
    assert similar_cases(phone=PHONE, received_on=ON, user=mediator) == []


@pytest.mark.parametrize("others", [1, 3])
def test_similar_cases_take_two_queries(filed, officer, others):
    merchant = MerchantFactory()
    for n in range(others):
        filed(days=-n, order_number="A1", merchant=merchant, narrative=TEXT, identity=IDENTITY)
    officer.has_perm("cases.view_case")

    with CaptureQueriesContext(connection) as queries:
        similar = similar_cases(
            phone=PHONE, id_number=IDENTITY, merchant=merchant.pk, order_number="A1", text=TEXT, received_on=ON,
            user=officer,
        )  # fmt: skip

    assert len(queries) == 2
    assert len(similar) == others
    assert len(similar[0].why) == 5


def test_nobody_without_an_agency_finds_similar_cases(filed):
    filed(days=-1)

    assert similar_cases(phone=PHONE, received_on=ON, user=UserFactory(agency=None)) == []


def test_a_station_of_another_tree_finds_nothing(filed):
    filed(days=-1)
    user = UserFactory(agency=AgencyFactory(council=True), roles=["officer"])

    assert similar_cases(phone=PHONE, received_on=ON, user=user) == []


# what a case may repeat


def numbers(similar) -> list[str]:
    return [one.number for one in similar]


def test_a_case_repeats_those_of_its_own_parties(filed, officer):
    case = filed(identity=IDENTITY)
    PartyFactory(case=case, plain={"phone": "13800000009"})
    by_phone = filed(days=-1)
    by_identity = filed(days=-2, phone="13800000002", identity=IDENTITY)
    by_second = filed(days=-3, phone="13800000009")
    filed(days=-4, phone="13800000003")
    filed(days=1)

    with translation.override("en"):
        similar = repeats_of(case, officer)

    assert [(one.number, one.why) for one in similar] == [
        (by_phone.number, ["same phone number"]),
        (by_identity.number, ["same identity number"]),
        (by_second.number, ["same phone number"]),
    ]


def test_a_case_repeats_those_of_its_order_and_in_its_words(filed, officer):
    merchant = MerchantFactory()
    case = filed(phone="", order_number="A1", merchant=merchant, narrative=TEXT)
    by_text = filed(days=-1, phone="", merchant=merchant, narrative="", demand=TEXT)
    by_order = filed(days=-2, phone="", order_number="A1")
    filed(days=-3, phone="", merchant=merchant)

    assert numbers(repeats_of(case, officer)) == [by_text.number, by_order.number]


def test_a_sealed_reporters_numbers_link_for_those_who_see_reporters(filed, officer, district):
    report = filed(reporter=True, report=True)
    complaint = filed(days=-1)
    mediator = UserFactory(agency=district, roles=["mediator"])

    assert numbers(repeats_of(report, officer)) == [complaint.number]
    assert repeats_of(report, mediator) == []
    assert repeats_of(report, UserFactory(is_superuser=True)) == []


@pytest.mark.parametrize(("one", "other"), [(True, False), (False, True)])
def test_no_order_or_words_tell_who_has_reported(filed, officer, district, one, other):
    shared = {"merchant": MerchantFactory(), "order_number": "A1", "narrative": TEXT}
    case, half = (
        filed(days=days, report=report, reporter=report, **shared) for days, report in ((0, one), (-1, other))
    )
    alike = filed(days=-2, report=one, reporter=one, phone="", **shared)
    mediator = UserFactory(agency=district, roles=["mediator"])

    assert numbers(repeats_of(case, officer)) == [half.number, alike.number]
    assert numbers(repeats_of(case, mediator)) == [alike.number]


def test_what_a_case_repeats_keeps_to_scope_and_limit(filed, officer, neighbour):
    case = filed()
    inside = [filed(days=-n) for n in range(1, 4)]
    filed(days=-1, handling=neighbour)

    assert numbers(repeats_of(case, officer)) == numbers(inside)
    assert numbers(repeats_of(case, officer, limit=2)) == numbers(inside[:2])


def test_of_many_parties_the_first_are_looked_for(filed, officer, monkeypatch):
    monkeypatch.setattr(signals, "PERSONS", 2)
    case = filed()
    for n in (2, 3):
        PartyFactory(case=case, plain={"phone": f"1380000000{n}"})
    earlier = [filed(days=-n, phone=f"1380000000{n}") for n in (1, 2, 3)]

    assert numbers(repeats_of(case, officer)) == numbers(earlier[:2])


@pytest.mark.parametrize("parties", [1, 3])
def test_what_a_case_repeats_takes_three_queries_and_decrypts_nothing(filed, officer, parties):
    case = filed(identity=IDENTITY)
    for n in range(2, parties + 1):
        PartyFactory(case=case, plain={"phone": f"1380000000{n}"})
        filed(days=-n, phone=f"1380000000{n}")
    filed(days=-1)
    officer.has_perm("cases.view_case")

    with CaptureQueriesContext(connection) as queries:
        similar = repeats_of(case, officer)

    assert len(queries) == 3
    assert len(similar) == parties
    assert not any('"personal"' in query["sql"] for query in queries)
