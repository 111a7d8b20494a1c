import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from accounts.models import AccessLog
from cases.copyout import as_text, copy_out
from cases.models import UNKNOWN_END, Party
from tests.factories import (
    CaseFactory,
    CaseReferenceFactory,
    CategoryFactory,
    ChannelFactory,
    ClockFactory,
    PartyFactory,
    RecoveryFactory,
    SupervisionFactory,
    UserFactory,
)
from tests.factories.cases import PERSON, local

pytestmark = pytest.mark.django_db
REASON = "录入全国平台"


@pytest.fixture
def case(district, officer):
    return CaseFactory(
        handling=district, officer=officer, closed=True, source="hotline12345", external_number="HZ1",
        channel=ChannelFactory(name="网站"), merchant=None, merchant_written="无名早餐铺13900001234",
        merchant_address="文三路1号", category=CategoryFactory(name="净水器"), goods="净水器", sales_mode="online",
        claimed=Decimal("1280"), order_number="D1", occurred_on=dt.date(2026, 10, 1), demand="退款",
        narrative="漏水", received_at=local(2026, 11, 2, 9, 30), department="二科", national_entry="to_enter",
        extra={"反馈内容": "已退款", "空": ""},
    )  # fmt: skip


def url(case) -> str:
    return f"/cases/{case.number}/copy-out/"


def english(case, user, **more) -> list[tuple[str, str]]:
    with translation.override("en"):
        return copy_out(case, user, **more)


def test_fields_stand_in_the_order_of_the_national_record(case, officer):
    CaseReferenceFactory(case=case, source="national12315", number="330106000020261102001")
    PartyFactory(case=case)
    ClockFactory(case=case, due_on=dt.date(2026, 11, 11))
    ClockFactory(case=case, code="complaint.mediate", due_on=dt.date(2027, 1, 10))
    SupervisionFactory(case=case)
    SupervisionFactory(case=case)
    SupervisionFactory(case=case, supervised=True)
    RecoveryFactory(case=case, amount=Decimal("100.5"))
    RecoveryFactory(case=case, amount=Decimal("500"), kind="moral")

    assert english(case, officer) == [
        ("Registration number", "330106000020261102001"),
        ("Kind", "投诉"),
        ("Received", "2026-11-02 09:30:00"),
        ("Channel", "网站"),
        ("Handling agency", case.handling.name),
        ("Department", "二科"),
        ("Times urged", "2"),
        ("Times supervised", "1"),
        ("First check due", "2026-11-11"),
        ("Handling due", "2027-01-10"),
        ("Consumer: Name", "张**"),
        ("Consumer: Phone", "138****0001"),
        ("Consumer: Address", "杭州市西湖区****"),
        ("Consumer: Identity document", "居民身份证"),
        ("Consumer: Identity number", "000000********0011"),
        ("Merchant", "无名早餐铺139****1234"),
        ("Address of the merchant", "文三路1号"),
        ("Category", "净水器"),
        ("Goods or service", "净水器"),
        ("Sales mode", "网络购物"),
        ("Claimed (CNY)", "1280.00"),
        ("Order number", "D1"),
        ("Narrative", "漏水"),
        ("Date of the dispute", "2026-10-01"),
        ("Demand", "退款"),
        ("Decision", "已受理"),
        ("Decided", "2026-11-04 09:30:00"),
        ("State", "已办结"),
        ("Outcome", "达成调解协议"),
        ("Closed", "2026-11-22 09:30:00"),
        ("Recovered (CNY)", "100.50"),
        ("Moral damages (CNY)", "500.00"),
        ("反馈内容", "已退款"),
    ]


def test_a_number_of_another_system_is_not_the_national_one(case, officer):
    assert "Registration number" not in dict(english(case, officer))


def test_a_term_that_stands_still_has_no_day(case, officer):
    ClockFactory(
        case=case, due_on=UNKNOWN_END, safe_on=UNKNOWN_END, started_on=dt.date(2026, 11, 2),
        paused_on=dt.date(2026, 11, 3),
    )  # fmt: skip

    assert "First check due" not in dict(english(case, officer))


@pytest.mark.parametrize("code", ["report.verify", "report.verify_extended"])
def test_the_first_check_of_a_report_is_its_verification_extended_or_not(officer, district, code):
    report = CaseFactory(report=True, handling=district)
    ClockFactory(case=report, code=code, due_on=dt.date(2026, 12, 14))

    assert dict(english(report, officer))["First check due"] == "2026-12-14"


def test_numbers_in_texts_are_masked_until_the_logged_reveal_and_always_for_those_without_it(case, officer, district):
    clerk = UserFactory(agency=district, roles=["clerk"])

    shown = [dict(english(case, user, revealed=revealed))["Merchant"]
             for user in (officer, clerk) for revealed in (None, {})]  # fmt: skip

    assert shown == ["无名早餐铺139****1234", "无名早餐铺13900001234", "无名早餐铺139****1234", "无名早餐铺139****1234"]


def test_a_sealed_reporter_is_left_out_until_revealed(case, district):
    party = PartyFactory(case=case, reporter=True)
    clerk = UserFactory(agency=district, roles=["clerk"])

    assert not [label for label, _text in english(case, clerk) if label.startswith("Reporter")]
    assert ("Reporter: Phone", PERSON["phone"]) in english(case, clerk, revealed={party.pk: PERSON})


def test_all_fields_at_once_are_one_a_line():
    with translation.override("en"):
        assert as_text([("Kind", "投诉"), ("Demand", "退款")]) == "Kind: 投诉\nDemand: 退款"


# the page


def test_the_page_shows_masked_data_and_logs_nothing(visit, officer, case):
    PartyFactory(case=case)

    html = visit(officer, url(case)).content.decode()

    assert "138****0001" in html
    assert PERSON["phone"] not in html
    assert html.count("readonly") == html.count("data-copy=") == 27  # each field, and all of them at once
    assert not AccessLog.objects.exists()


def test_data_is_shown_in_clear_once_after_each_access_is_logged(client, officer, case):
    parties = [PartyFactory(case=case), PartyFactory(case=case, reporter=True)]
    client.force_login(officer)

    response = client.post(url(case), {"reason": REASON})

    html = response.content.decode()
    assert html.count(PERSON["phone"]) == 4  # a field each, and all fields at once
    assert "no-store" in response["Cache-Control"]
    logged = AccessLog.objects.order_by("pk").values_list("user", "action", "target", "reason")
    assert list(logged) == [(officer.pk, "reveal", f"{case.number}/{party.pk}", REASON) for party in parties]
    assert PERSON["phone"] not in client.get(url(case)).content.decode()


def test_without_a_reason_nothing_is_shown(client, officer, case):
    PartyFactory(case=case)
    client.force_login(officer)

    html = client.post(url(case), {"reason": "看"}).content.decode()

    assert "invalid-feedback" in html
    assert PERSON["phone"] not in html
    assert not AccessLog.objects.exists()


def test_what_cannot_be_read_is_not_logged(client, officer, case):
    good, broken = PartyFactory(case=case), PartyFactory(case=case)
    Party.objects.filter(pk=broken.pk).update(personal=b"x")
    client.force_login(officer)

    html = client.post(url(case), {"reason": REASON}).content.decode()

    assert PERSON["phone"] not in html
    assert not AccessLog.objects.filter(target__endswith=f"/{good.pk}").exists()


def test_there_is_a_way_to_record_the_entry_while_it_is_due(visit, officer, case):
    act = f"/cases/{case.number}/act/enter_national/"
    link = f'href="{url(case)}"'

    assert act in visit(officer, url(case)).content.decode()
    assert link in visit(officer, case.get_absolute_url()).content.decode()
    entered = CaseFactory(handling=officer.agency, national_entry="entered")
    assert f"{entered.number}/act/enter_national/" not in visit(officer, url(entered)).content.decode()
    assert f'href="{url(entered)}"' not in visit(officer, entered.get_absolute_url()).content.decode()


@pytest.mark.parametrize("rows", [1, 3])
def test_the_page_takes_as_many_queries_for_one_party_as_for_three(warm, officer, case, rows):
    for _n in range(rows):
        PartyFactory(case=case)
        SupervisionFactory(case=case)
        RecoveryFactory(case=case)
        CaseReferenceFactory(case=case)
    ClockFactory(case=case)
    client = warm(officer, url(case))

    with CaptureQueriesContext(connection) as queries:
        client.get(url(case))

    # session, user, permissions, the case, five kinds of what belongs to it
    assert len(queries) == 9


def test_the_word_of_a_copy_button_stands_apart_from_the_name_of_its_field(visit, officer, case):
    html = visit(officer, url(case)).content.decode()

    button = html.split('data-copy="copy-1"')[1].split("</button>")[0]
    assert '<span data-word="复制">复制</span><span class="visually-hidden"> ' in button


def test_a_reason_that_is_too_short_is_said_at_its_field(client, officer, case):
    PartyFactory(case=case)
    client.force_login(officer)

    html = client.post(url(case), {"reason": "看"}).content.decode()

    assert 'aria-describedby="reason-error reason-note" aria-invalid="true"' in html
    assert '<div id="reason-error">' in html
