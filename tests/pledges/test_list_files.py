"""Rows of the registers as files: what the list shows, to whoever may export."""

import csv
import io
import zipfile

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AccessLog
from cases import list_files
from tests.factories import (
    BreachFactory,
    CaseFactory,
    InspectionFactory,
    ItemFactory,
    MembershipFactory,
    PlanFactory,
    PledgeFactory,
    PledgeTypeFactory,
    PremisesFactory,
    TargetFactory,
    UserFactory,
    WorkstationFactory,
    ZoneFactory,
)

pytestmark = pytest.mark.django_db
BREACHES, INSPECTIONS = "/admin/pledges/breach/", "/admin/pledges/inspection/"


@pytest.fixture
def desk(client, clerk):
    client.force_login(clerk)
    client.cookies["django_language"] = "en"
    return client


def cells(client, address) -> list[list[str]]:
    response = client.get(address)
    assert response.status_code == 200, (address, response)
    return list(csv.reader(io.StringIO(response.getvalue().decode("utf-8-sig"))))


def logged() -> list[str]:
    return list(AccessLog.objects.order_by("pk").values_list("target", flat=True))


def test_rows_of_a_target(desk, district):
    today = timezone.localdate()
    pledge = PledgeFactory(
        premises__agency=district, premises__name="湖滨店13800001234", in_force=True, published_on=today
    )
    target = TargetFactory(agency=district, year=today.year, what="premises_created")
    villages = TargetFactory(agency=district, year=today.year, what="village_workstations")
    station = WorkstationFactory(agency=district, opened_on=today)
    address = f"/pledges/targets/{target.pk}/reached/"
    assert f'href="{address}?format=csv"' in desk.get(address).text

    head, row = cells(desk, f"{address}?format=csv")
    assert head[0] == "Premises"
    assert (row[0], row[1], row[-1]) == ("湖滨店138****1234", pledge.premises.merchant.name, today.isoformat())
    assert cells(desk, f"/pledges/targets/{villages.pk}/reached/?format=csv")[1][0] == station.name
    assert cells(desk, f"/pledges/targets/{target.pk}/reached/?format=csv&on={today.year}-01-01")[1:] == (
        [row] if (today.month, today.day) == (1, 1) else []
    )
    assert logged()[0] == f"targets/{target.code}/reached/{today}"


def test_breaches_as_the_list_selects_them(desk, district):
    for name, facts in (("湖滨店13800001234", {}), ("武林店", {"confirmed": True, "found_at": timezone.now()})):
        BreachFactory(
            pledge=PledgeFactory(premises__agency=district, premises__name=name, in_force=True),
            case=CaseFactory(handling=district), **facts,
        )  # fmt: skip
    BreachFactory()
    shown = desk.get(f"{BREACHES}?state__exact=suspected&p=1").text
    assert f'href="{BREACHES}?state__exact=suspected&amp;format=csv"' in shown

    head, *rows = cells(desk, f"{BREACHES}?format=csv&state__exact=suspected&p=1")
    assert head[:2] == ["Case number", "State"]
    assert [row[3] for row in rows] == ["湖滨店138****1234"]
    oldest, latest = (cells(desk, f"{BREACHES}?format=csv&o={order}")[1:] for order in ("9", "-9"))
    assert (len(oldest), oldest) == (2, latest[::-1])
    assert logged() == ["breaches?state__exact=suspected", "breaches?o=9", "breaches?o=-9"]


def test_inspections_in_the_language_of_the_reader(desk, district):
    InspectionFactory(premises=PremisesFactory(agency=district, name="湖滨店13800001234"), visited=True)
    InspectionFactory()

    head, row = cells(desk, f"{INSPECTIONS}?format=csv")
    assert (head[6], row[1], row[6]) == ("State", "湖滨店138****1234", "Visited")
    sheet = desk.get(f"{INSPECTIONS}?format=xlsx")
    assert zipfile.is_zipfile(io.BytesIO(sheet.getvalue()))
    desk.cookies["django_language"] = "zh-hans"
    assert cells(desk, f"{INSPECTIONS}?format=csv")[0][6] == "状态"


def test_members_of_zones_and_premises(desk, district):
    premises = PremisesFactory(agency=district, name="湖滨店13800001234")
    zone = MembershipFactory(premises=premises).zone
    MembershipFactory()

    head, row = cells(desk, f"/admin/pledges/zonemembership/?format=csv&zone={zone.pk}")
    assert head == ["Zone", "Premises", "Merchant", "District", "Member since", "Until"]
    assert row == [zone.name, "湖滨店138****1234", premises.merchant.name, premises.region.label, "2020-06-01", ""]
    other = PremisesFactory(agency=district)
    address = f"/admin/pledges/premises/?district={other.region.pk}"
    head, row = cells(desk, f"{address}&format=csv")
    assert (head[0], row[0]) == ("Name of the premises", other.name)
    assert (row[1], row[3]) == (other.merchant.name, other.region.label)
    assert premises.name not in desk.get(address).text
    assert len(cells(desk, "/admin/pledges/premises/?format=csv")) == 3
    assert logged() == [
        f"members-of-zones?zone={zone.pk}", f"premises?district={other.region.pk}", "premises",
    ]  # fmt: skip


def test_workstations_with_what_they_handled_and_plans(desk, district):
    zone = ZoneFactory(agency=district)
    station = WorkstationFactory(agency=district, zone=zone, telephone="0571-85000000", opened_on="2021-05-01")
    item = ItemFactory(workstation=station, ended=True, case=CaseFactory(handling=district), result="退款13800001234")
    ItemFactory()
    kind = PledgeTypeFactory()
    PlanFactory(agency=district, types=[kind.code], name="春季检查")
    PlanFactory()

    head, row = cells(desk, "/admin/pledges/workstation/?format=csv")
    assert head[:5] == ["Name", "Kind", "Zone", "Kept by", "District"]
    assert row[:4] == [station.name, "In a village", zone.name, district.label]
    assert row[8:] == ["0571-85000000", "", "2021-05-01", ""]
    head, row = cells(desk, "/admin/pledges/workstationitem/?format=csv")
    assert (row[1], row[3], row[6], row[7]) == (station.name, item.what, "退款138****1234", item.case.number)
    head, row = cells(desk, "/admin/pledges/inspectionplan/?format=csv")
    assert row == ["春季检查", district.label, "2026-01-01", "2026-12-31", kind.label, "10", "50"]


def test_no_file_of_the_administration_looks_up_its_rows_one_by_one(desk, district):
    def grow():
        zone = ZoneFactory(agency=district)
        station = WorkstationFactory(agency=district, zone=zone)
        ItemFactory(workstation=station, case=CaseFactory(handling=district))
        MembershipFactory(zone=zone, premises=PremisesFactory(agency=district))
        PlanFactory(agency=district)

    grow()
    desk.get("/admin/pledges/premises/")  # what stays in memory
    lists = ("workstation", "workstationitem", "zonemembership", "inspectionplan", "premises")
    addresses = [f"/admin/pledges/{model}/?format=csv" for model in lists]
    counts = []
    for _size in (1, 3):
        found = []
        for address in addresses:
            with CaptureQueriesContext(connection) as queries:
                cells(desk, address)
            found.append(len(queries))
        counts.append(found)
        grow()
        grow()
    assert counts[0] == counts[1]


def test_what_does_not_go_out(desk, client, district, monkeypatch):
    InspectionFactory(premises=PremisesFactory(agency=district), visited=True)
    assert desk.get(f"{INSPECTIONS}?format=pdf").status_code == 404
    assert desk.get(f"{INSPECTIONS}?format=csv&nonsense=1").status_code == 400
    assert desk.get(f"{INSPECTIONS}?format=csv&type__id__exact=x").url == f"{INSPECTIONS}?type__id__exact=x"
    monkeypatch.setattr(list_files, "XLSX_ROWS", 0)
    told = desk.get(f"{INSPECTIONS}?format=xlsx&mode__exact=open", follow=True)
    assert told.redirect_chain == [(f"{INSPECTIONS}?mode__exact=open", 302)]
    assert "Narrow the list" in told.text
    reader = UserFactory(agency=district, is_staff=True)
    reader.user_permissions.add(*Permission.objects.filter(codename__in=("view_inspection", "view_target")))
    client.force_login(reader)
    assert "format=csv" not in client.get(INSPECTIONS).text
    target = TargetFactory(agency=district)
    assert "format=csv" not in client.get(f"/pledges/targets/{target.pk}/reached/").text
    for address in (INSPECTIONS, f"/pledges/targets/{target.pk}/reached/"):
        assert client.get(f"{address}?format=csv").status_code == 403
    assert logged() == []
