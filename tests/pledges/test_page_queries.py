"""Every page of the register asks the database as often for three rows as for one, and marks what is written in one
language."""

import datetime as dt
import re
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.factories import (
    AgencyFactory,
    BreachFactory,
    CaseFactory,
    ChecklistItemFactory,
    CoverageFactory,
    FindingFactory,
    InspectionFactory,
    ItemFactory,
    MembershipFactory,
    MerchantFactory,
    PhotoFactory,
    PlanFactory,
    PledgeFactory,
    PledgeTypeFactory,
    PremisesFactory,
    ProblemFactory,
    RegionFactory,
    ReturnEntryFactory,
    TargetFactory,
    UserFactory,
    WorkstationFactory,
    ZoneFactory,
)

pytestmark = pytest.mark.django_db
LISTS = (
    "pledge", "premises", "returnentry", "breach", "zone", "zonemembership", "workstation", "workstationitem",
    "inspectionplan", "inspection", "target", "checklistitem", "pledgetype",
)  # fmt: skip
PAGES = (
    "/pledges/", "/pledges/?q=店", "/pledges/{pledge}/", "/pledges/merchants/{merchant}/", "/pledges/zones/",
    "/pledges/zones/{zone}/", "/pledges/targets/?year=2026", "/pledges/targets/{target}/reached/",
    "/pledges/breaches/", "/pledges/breaches/?q=店&todo=decide", "/pledges/inspections/", "/pledges/inspections/?q=店",
    "/pledges/inspections/{inspection}/", "/cases/{case}/pledges/", "/cases/{case}/pledges/{breach}/",
    "/insights/returns/",
    *(f"/admin/pledges/{model}/" for model in LISTS),
    "/admin/pledges/pledge/{pledge}/change/", "/admin/pledges/premises/{premises}/change/",
    "/admin/pledges/breach/{breach}/change/", "/admin/pledges/inspection/{inspection}/change/",
    "/admin/pledges/returnentry/{entry}/change/", "/admin/pledges/inspectionplan/{plan}/change/",
    "/admin/pledges/zone/{zone}/change/", "/admin/pledges/workstation/{workstation}/change/",
)  # fmt: skip


@pytest.fixture
def world(district):
    """One of each, to which `grow` adds what stands beside and below it."""
    pledge = PledgeFactory(premises__agency=district, in_force=True)
    premises = pledge.premises
    case = CaseFactory(handling=district, merchant=premises.merchant, region=premises.region)
    return SimpleNamespace(
        district=district, pledge=pledge, premises=premises, case=case, breach=BreachFactory(pledge=pledge, case=case),
        zone=MembershipFactory(premises=premises).zone, plan=PlanFactory(agency=district), months=iter(range(1, 13)),
        inspection=InspectionFactory(premises=premises, visited=True), entry=ReturnEntryFactory(premises=premises),
        workstation=WorkstationFactory(agency=district), target=TargetFactory(agency=district),
    )  # fmt: skip


def addresses(world) -> list[str]:
    keys = {name: row.pk for name, row in vars(world).items() if hasattr(row, "pk")}
    keys |= {"case": world.case.number, "merchant": world.premises.merchant_id}
    return [page.format(**keys) for page in PAGES]


def grow(world) -> None:
    now, actor, district = timezone.now(), UserFactory(), world.district
    soon = timezone.localdate() + dt.timedelta(days=20)
    for merchant in (MerchantFactory(), world.premises.merchant):
        premises = PremisesFactory(agency=district, merchant=merchant, region=RegionFactory(parent=RegionFactory()))
        pledge = PledgeFactory(premises=premises, in_force=True, valid_to=soon, type=PledgeTypeFactory(returns=True))
        MembershipFactory(premises=premises, zone=world.zone)
        MembershipFactory(premises=premises)
        case = CaseFactory(handling=district, merchant=merchant, region=premises.region)
        BreachFactory(pledge=pledge, case=case, confirmed=True)
        visited = {"premises": premises, "pledge": pledge, "type": pledge.type, "visited": True}
        FindingFactory(inspection=InspectionFactory(plan=PlanFactory(agency=district), **visited))
        ReturnEntryFactory(premises=premises)
    pledge, inspection = world.pledge, world.inspection
    for row, verb in ((pledge, "pool"), (world.breach, "find"), (inspection, "move")):
        row.events.create(verb=verb, before=row.state, after=row.state, actor=UserFactory(), at=now)
    BreachFactory(pledge=PledgeFactory(premises=world.premises, in_force=True), case=world.case)
    pledge.opinions.create(
        stage="council", favourable=True, text="同意", body="区消保委", person="李四", given_on=pledge.applied_on
    )
    FindingFactory(inspection=inspection, item=ChecklistItemFactory(type=inspection.type))
    PhotoFactory(inspection=inspection)
    InspectionFactory(premises=world.premises, follows=inspection)
    month = next(world.months)
    ReturnEntryFactory(premises=world.premises, month=dt.date(2025, month, 1))
    world.entry.changes.create(
        count_before=month, amount_before="1.00", count=month + 1, amount="2.00", reason="更正录入", actor=actor, at=now
    )
    ItemFactory(workstation=WorkstationFactory(agency=district, zone=world.zone))
    ItemFactory(workstation=world.workstation)
    ZoneFactory(agency=district, operator=MerchantFactory())
    TargetFactory(agency=AgencyFactory(parent=district))


def asked(client, address) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200, address
    return len(queries)


def test_as_many_queries_however_many_rows(client, district, world):
    client.force_login(UserFactory(agency=district, roles=["pledge_clerk", "approver", "officer"]))
    grow(world)
    pages = addresses(world)
    for address in pages:
        client.get(address)  # what stays in memory
    few = {address: asked(client, address) for address in pages}
    for _time in range(2):
        grow(world)
    many = {address: asked(client, address) for address in pages}

    assert many == few
    assert max(few.values()) <= 20


READ = re.compile(r'<div class="readonly[^"]*">(.*?)</div>', re.S)
MARKED = re.compile(r'<(\w+)[^>]* translate="no"[^>]*>.*?</\1>', re.S)
HAN = re.compile(r"[\u4e00-\u9fff]+")


def test_what_is_read_in_the_administration_is_in_the_language_of_the_page_or_marked(client, district, world):
    world.premises.merchant.name = "清泉百货"
    world.premises.merchant.save()
    inspection = InspectionFactory(
        premises=world.premises, pledge=world.pledge, plan=world.plan, follows=world.inspection, inspectors="李四、王五",
        summary="货架整齐", type=world.pledge.type, visited=True,
    )  # fmt: skip
    item = ItemFactory(workstation=world.workstation, ended=True)
    member = MembershipFactory(premises=world.premises, until=dt.date(2026, 1, 1), ended_by=UserFactory(agency=district))
    kind = PledgeTypeFactory(aliases=["别名"], stages=["council"])
    CoverageFactory(type=kind, words=["退货"], problem=ProblemFactory())
    client.cookies["django_language"] = "en"
    client.force_login(UserFactory(agency=district, roles=["pledge_clerk"]))
    left = {}
    for row in (inspection, item, member, kind, world.premises, world.entry):
        address = reverse(f"admin:pledges_{row._meta.model_name}_change", args=[row.pk])
        page = client.get(address).content.decode()
        assert READ.findall(page), address
        left[address] = [HAN.findall(MARKED.sub("", line)) for line in READ.findall(page)]

    assert {address: lines for address, lines in left.items() if any(lines)} == {}
    page = client.get(reverse("admin:pledges_pledgetype_change", args=[kind.pk])).content.decode()
    assert [words in page for words in ("Consumer council", "退货", "别名")] == [True, True, True]
