"""Every page of the register asks the database as often for three rows as for one."""

import datetime as dt
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import (
    AgencyFactory,
    BreachFactory,
    CaseFactory,
    ChecklistItemFactory,
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
    "/cases/{case}/pledges/", "/cases/{case}/pledges/{breach}/", "/insights/returns/",
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
