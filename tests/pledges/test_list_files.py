"""Rows of targets, breaches and inspections as files: what the list shows, to whoever may export."""

import csv
import io
import zipfile

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from accounts.models import AccessLog
from cases import list_files
from tests.factories import (
    BreachFactory,
    CaseFactory,
    InspectionFactory,
    PledgeFactory,
    PremisesFactory,
    TargetFactory,
    UserFactory,
    WorkstationFactory,
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
