"""Ways on which a reporter's identity, or a number hidden behind a mask, could come out beside the pages made for it."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AccessLog
from cases.domain import issue_document, perform, register_case
from cases.enums import Kind
from cases.filters import CaseFilterSet
from cases.models import Case
from core.exceptions import DomainError
from tests.factories import AttachmentFactory, UserFactory, grant
from tests.factories.cases import PERSON, local

pytestmark = pytest.mark.django_db
PHONE = "13900005678"


@pytest.fixture
def report(officer, district):
    return register_case(
        actor=officer, kind=Kind.REPORT, received_at=local(2026, 11, 9), handling=district, people=[PERSON],
        merchant_written="杭州测试商店", narrative=f"举报人电话{PHONE}", goods=f"商品 {PHONE}", now=local(2026, 11, 9),
    )  # fmt: skip


@pytest.fixture
def handler(district):
    """Someone who handles cases and may not know reporters."""
    user = UserFactory(agency=district, roles=["mediator"])
    grant(user, "handle_case")
    return user


def page(client, user, address) -> str:
    client.force_login(user)
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("who", ["handler", "superuser"])
def test_forms_of_acts_show_no_number_that_the_page_masks(client, request, report, who):
    user = request.getfixturevalue("handler") if who == "handler" else UserFactory(superuser=True)

    html = page(client, user, reverse("cases:act", args=[report.number, "correct"]))

    assert "<form" in html
    assert PHONE not in html


def test_what_was_left_out_of_a_correction_stays(report, handler):
    perform(report, "correct", actor=handler, brand="测试牌", goods="", note="更正品牌")

    report.refresh_from_db()
    assert (report.goods, report.brand) == (f"商品 {PHONE}", "测试牌")


def test_only_who_may_know_the_reporter_makes_him_a_complainant(report, handler, officer):
    for user in (handler, UserFactory(superuser=True)):
        with pytest.raises(DomainError):
            perform(report, "split", actor=user)
    assert not report.derived.exists()
    assert not AccessLog.objects.exists()

    perform(report, "split", actor=officer, text="要求退款")

    assert AccessLog.objects.get().target == report.number
    assert not report.derived.get().parties.get().sealed


def test_the_halves_are_linked_for_those_alone_who_may_know_the_reporter(client, officer, district, handler):
    complaint = register_case(
        actor=officer, kind=Kind.COMPLAINT, received_at=local(2026, 11, 9), handling=district, people=[PERSON],
        merchant_written="杭州测试商店", narrative="过期", now=local(2026, 11, 9),
    )  # fmt: skip
    perform(complaint, "split", actor=officer)
    half = complaint.derived.get()

    for one, other in ((complaint, half), (half, complaint)):
        # the merchant's record lists what every reader sees; it says nothing of who belongs together
        Case.objects.filter(pk=other.pk).update(merchant=None)
        assert other.number in page(client, officer, one.get_absolute_url())
        assert other.number not in page(client, handler, one.get_absolute_url())
        Case.objects.filter(pk=other.pk).update(merchant=one.merchant)


def test_whoever_acts_for_a_reporter_is_sealed_with_him(report, officer):
    perform(report, "join", actor=officer, role="proxy", name="钱测试", phone="13900000001")

    assert all(party.sealed for party in report.parties.all())


def test_proofs_to_choose_from_are_files_that_one_may_open(client, district, report, officer):
    mediator = UserFactory(agency=district, roles=["mediator"])
    AttachmentFactory(case=report, name="张三举报材料.pdf")
    ahead = timezone.localdate() + dt.timedelta(days=10)
    values = {"recipient": "余杭所", "report_back_on": ahead, "enclosures": 1, "pages": 1}
    document = issue_document(report, form="dispatch_notice", side="internal", actor=officer, values=values)

    address = reverse("cases:deliver_document", args=[report.number, document.pk])

    assert "张三举报材料" in page(client, officer, address)
    assert "张三举报材料" not in page(client, mediator, address)


@pytest.mark.parametrize("words", [PHONE, f"退款 {PHONE}", f"“{PHONE}”", "330106199001010011 退款"])
def test_what_is_kept_of_a_search_has_its_numbers_masked(rf, officer, words):
    request = rf.get("/cases/", {"q": words})
    request.user = officer
    filterset = CaseFilterSet(request.GET, queryset=Case.objects.none(), request=request)

    kept = filterset.understood()["q"]

    assert PHONE not in kept
    assert "330106199001010011" not in kept
