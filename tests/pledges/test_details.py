"""What the timelines tell of each act: whatever an event keeps, in words."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from pledges.details import OF_INSPECTION, OF_PLEDGE, InspectionDetails, of_pledge
from pledges.domain import (
    INSPECTION,
    PLEDGE,
    act_on_inspection,
    act_on_pledge,
    add_photo,
    apply_for,
    expire_pledges,
    plan_inspection,
    withdraw_photo,
)
from pledges.enums import InspectionVerb, PledgeVerb
from pledges.models import InspectionEvent, PledgeEvent
from registry.domain.merchants import identify_merchant
from tests.factories import (
    ChecklistItemFactory,
    InspectionFactory,
    MerchantFactory,
    PledgeFactory,
    PledgeTypeFactory,
    PremisesFactory,
    UserFactory,
)
from tests.factories.cases import local
from tests.factories.pledges import PNG

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
NOW = local(2026, 11, 12, 16)
day = dt.date


def plain(details) -> str:
    return re.sub(r"<[^>]+>", "", str(details))


@pytest.fixture
def keeper(district):
    return UserFactory(agency=district, roles=["pledge_clerk", "approver"])


@pytest.fixture
def lives(premises, keeper):
    """Pledges to which everything was done that can be done to one."""

    def done(pledge, *acts):
        for verb, data in acts:
            act_on_pledge(pledge, verb, actor=keeper, now=NOW, **data)

    returns = PledgeTypeFactory(returns=True, stages=["council"], term_months=36)
    earlier = PledgeFactory(
        premises=premises, type=returns, in_force=True, state="expired", published_on=day(2021, 3, 1),
        valid_to=day(2024, 2, 29),
    )  # fmt: skip
    promise = {"days": 10, "goods": "全部商品", "proof": "小票", "freight": "consumer"}
    pledge = apply_for(
        premises, earlier.type, promise=promise, applied_on=day(2026, 11, 2), actor=keeper, now=NOW, origin="merchant"
    )
    opinion = {"stage": "council", "text": "符合，电话13900000001", "body": "区消保委", "person": "王五"}
    done(
        pledge,
        ("revise", {"promise": {"days": 15, "goods": "全部商品", "proof": "小票", "excluded": "内衣"}}),
        ("opine", opinion | {"given_on": day(2026, 11, 3), "favourable": True}),
        ("admit", {"on": day(2026, 11, 4)}),
        ("publish", {"on": day(2026, 11, 5), "plaque": "A1"}), ("plaque", {"plaque": "A2"}), ("upgrade", {}),
        ("pool", {"pool": "star"}), ("warn", {"note": "多次投诉，予以告诫"}),
        ("rectify", {"note": "标识缺失，限期改正", "correct_by": day(2026, 11, 20)}), ("correct", {"note": "已改正"}),
        ("suspend", {"note": "多次拒绝退货"}), ("reinstate", {"note": "已改正，恢复"}),
        ("evaluate", {"year": 2026, "result": "revoke"}), ("revoke", {"note": "拒不改正，予以摘牌"}),
    )  # fmt: skip
    in_force = {"in_force": True, "published_on": day(2023, 12, 1), "valid_to": day(2026, 11, 30)}
    renewed = PledgeFactory(premises=premises, **in_force)
    done(renewed, ("renew", {}), ("deregister", {"note": "商户歇业注销"}))
    PledgeFactory(premises=premises, **(in_force | {"valid_to": day(2026, 11, 11)}))
    expire_pledges(10, now=NOW)
    for verb in ("reject", "withdraw"):
        done(PledgeFactory(premises=premises), (verb, {"note": "不符合条件，不予接纳"}))
    known_by_name = MerchantFactory(verified=False, credit_code=None, name="清泉百货")
    PledgeFactory(premises=PremisesFactory(merchant=known_by_name, agency=premises.agency))
    identify_merchant(known_by_name, MerchantFactory(verified=True, name="杭州清泉百货有限公司"), actor=keeper)
    pledge.events.create(
        verb="publish", before="admitted", after="in_force", at=NOW, data={"file": 3, "line": 12, "on": "2026-11-05"}
    )


TOLD = {
    "apply": "By the merchant; Takes up the pledge of 2021-03-01 again",
    "revise": "Before: Return days: 10; Goods excluded: -; Freight paid by: Consumer",
    "opine": "Consumer council; In favour; Body: 区消保委; Person: 王五; Given on: 2026-11-03; "
             "Opinion: 符合，电话139****0001",
    "publish": "Last day: 2029-11-04; Number of the plaque: A1", "plaque": "Number of the plaque: A2",
    "upgrade": "City level", "pool": "Star pool", "rectify": "To be corrected by: 2026-11-20",
    "evaluate": "Year: 2026; To be revoked; Warning pool", "renew": "Last day: 2029-11-30",
    "identify": "Merchant: 杭州清泉百货有限公司; Before: 清泉百货",
    **dict.fromkeys(
        ("admit", "warn", "correct", "suspend", "reinstate", "revoke", "deregister", "expire", "reject", "withdraw"), ""
    ),
}  # fmt: skip


@pytest.mark.usefixtures("lives")
def test_every_act_on_a_pledge_tells_what_it_keeps():
    events = list(PledgeEvent.objects.order_by("pk"))
    *acts, from_file = events

    assert {event.verb: plain(of_pledge(event)) for event in acts} == TOLD
    assert plain(of_pledge(from_file)) == "Line 12 of a file"
    assert {step.verb for step in PLEDGE} <= TOLD.keys() == set(PledgeVerb.values)
    kept = {name for event in events if event.verb != "identify" for name in event.data}
    assert kept - {"on", "file"} == set(OF_PLEDGE)  # the day stands in a column of its own


@pytest.mark.usefixtures("lives")
def test_the_pages_of_a_pledge_show_the_details_and_mark_what_somebody_wrote(client, keeper):
    client.force_login(keeper)
    client.cookies["django_language"] = "en"
    pledge = PledgeEvent.objects.get(verb="pool").pledge
    for address in (f"/pledges/{pledge.pk}/", f"/admin/pledges/pledge/{pledge.pk}/change/"):
        page = client.get(address).content.decode()
        for words in (
            ">City level<", ">Star pool<", ">To be corrected by: 2026-11-20<",
            '>Last day: 2029-11-04; Number of the plaque: <span translate="no">A1</span><',
            'Goods excluded: <span translate="no">-</span>', 'Opinion: <span translate="no">符合，电话139****0001</span>',
        ):  # fmt: skip
            assert words in page, (address, words)
        assert "13900000001" not in page


def test_an_act_that_keeps_nothing_of_the_kind_says_nothing(premises):
    bare = PledgeFactory(premises=premises).events.create(verb="revise", at=NOW, data={"before": {}})
    assert of_pledge(bare) == "The promise is the same"
    bare.verb, bare.data = "pool", {}
    assert of_pledge(bare) == ""


@pytest.fixture
def visits(premises, keeper):
    """Inspections to which everything was done that can be done to one."""

    def done(inspection, *acts):
        for verb, data in acts:
            act_on_inspection(inspection, verb, actor=keeper, now=NOW, **data)

    def answers(*results):
        return [{"code": code, "result": result, "note": ""} for code, result in zip(codes, results, strict=True)]

    kind, codes = PledgeTypeFactory(correction_days=5), ("t.sign", "t.price", "t.goods")
    for code, name in zip(codes, ("Sign", "Price", "Goods"), strict=True):
        ChecklistItemFactory(type=kind, code=code, name_en=name)
    first = InspectionFactory(premises=premises, type=kind, visited=True, planned_on=day(2026, 10, 8))
    given = {"planned_on": day(2026, 11, 20), "mode": "undercover"}
    again = plan_inspection(premises, type=kind, follows=first, actor=keeper, now=NOW, **given)
    visit = {"visited_on": day(2026, 11, 10), "findings": answers("ok", "not_ok", "not_ok")}
    done(
        again, ("move", {"planned_on": day(2026, 11, 9), "mode": "open", "inspectors": "孙八"}), ("visit", visit),
        ("find", {"findings": answers("ok", "ok", "not_ok"), "note": "原录入有误，予以更正"}),
        ("order", {"note": "商品标识缺失，限期改正", "correct_by": day(2026, 11, 20)}),
        ("extend", {"note": "货架改造需要时间", "correct_by": day(2026, 11, 25)}),
    )  # fmt: skip
    photo = add_photo(again, name="照片13900000001.png", content=PNG, note="", actor=keeper)
    withdraw_photo(photo, reason="拍错了门店", actor=keeper)
    done(again, ("close", {"corrected_on": day(2026, 11, 12)}))
    other = plan_inspection(premises, type=kind, planned_on=day(2026, 11, 20), actor=keeper, now=NOW)
    done(other, ("cancel", {"note": "商户已歇业，不再检查"}))
    return again


VISITS_TOLD = {
    "plan": "Planned on: 2026-11-20; Undercover; Inspected again after 2026-10-08",
    "move": "Planned on: 2026-11-09; Open",
    "visit": "Visited on: 2026-11-10; In order 1, Not in order 2", "find": "Price: In order, before: Not in order",
    "order": "To be corrected by: 2026-11-20", "extend": "To be corrected by: 2026-11-25",
    "photo": "Photo: 照片139****0001.png", "withdraw_photo": "Photo: 照片139****0001.png",
    "close": "Corrected on: 2026-11-12",
}  # fmt: skip


def test_every_act_on_an_inspection_tells_what_it_keeps(visits):
    told = InspectionDetails(visits)
    assert {event.verb: plain(told(event)) for event in visits.events.all()} == VISITS_TOLD
    cancelled = InspectionEvent.objects.get(verb="cancel")
    assert (cancelled.data, InspectionDetails(cancelled.inspection)(cancelled)) == ({}, "")
    assert {step.verb for step in INSPECTION} <= {*VISITS_TOLD, "cancel"} == set(InspectionVerb.values)
    kept = {name for event in InspectionEvent.objects.all() for name in event.data}
    assert kept - {"before", "findings", "follows", "photo"} == set(OF_INSPECTION)


def test_findings_revised_to_the_same_results_say_so(visits):
    event = visits.events.get(verb="find")
    event.data = event.data | {"findings": event.data["before"]}
    assert InspectionDetails(visits)(event) == "The results are the same"


def test_the_page_of_an_inspection_asks_for_items_and_photos_once(client, keeper, visits):
    client.force_login(keeper)
    client.cookies["django_language"] = "en"
    with CaptureQueriesContext(connection) as queries:
        page = client.get(f"/admin/pledges/inspection/{visits.pk}/change/").content.decode()

    for words in ("In order 1, Not in order 2", "Price: In order, before: Not in order", '<span translate="no">照片139'):
        assert words in page
    asked = [query["sql"] for query in queries.captured_queries]
    assert sum('FROM "pledges_checklistitem"' in sql for sql in asked) == 1
    assert sum('FROM "pledges_inspectionphoto"' in sql for sql in asked) == 2  # the list of them is on the page, too


def test_details_are_in_chinese_on_a_chinese_page(visits):
    with translation.override("zh-hans"):
        told = plain(InspectionDetails(visits)(visits.events.get(verb="order")))
    assert told == "整改期限：2026-11-20"
