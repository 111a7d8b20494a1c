"""Lists of breaches and of inspections in the portal, and the page of an inspection: for whoever supervises and does not
work in the administration."""

import csv
import datetime as dt
import io

import pytest
from django.utils import timezone

from accounts.models import AccessLog
from tests.factories import (
    AgencyFactory,
    BreachFactory,
    CaseFactory,
    ChecklistItemFactory,
    FindingFactory,
    InspectionFactory,
    PledgeFactory,
    PremisesFactory,
    RegionFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
BREACHES, INSPECTIONS = "/pledges/breaches/", "/pledges/inspections/"
day = dt.date


@pytest.fixture
def desk(client, district):
    """Of the regulator of the district, in English."""
    client.force_login(UserFactory(agency=district, roles=["regulator"]))
    client.cookies["django_language"] = "en"
    return client


def breach_at(agency, *, handling=None, **facts):
    pledge = PledgeFactory(premises__agency=agency, in_force=True)
    case = CaseFactory(handling=handling or agency, merchant=pledge.premises.merchant, region=pledge.premises.region)
    return BreachFactory(pledge=pledge, case=case, **facts)


def listed(client, address) -> set:
    page = client.get(address)
    assert page.context_data["filter"].form.errors == {}
    return set(page.context_data["page"].rows)


def cells(client, address) -> list[list[str]]:
    response = client.get(address)
    assert response.status_code == 200, response
    return list(csv.reader(io.StringIO(response.getvalue().decode("utf-8-sig"))))


def test_the_list_of_breaches_has_what_one_sees(desk, district):
    own, handled = breach_at(district), breach_at(AgencyFactory(), handling=district)
    kept = breach_at(district, handling=AgencyFactory())
    breach_at(AgencyFactory())

    page = desk.get(BREACHES)
    assert set(page.context_data["page"].rows) == {own, handled, kept}
    text = page.text
    for breach, opens in ((own, True), (handled, True), (kept, False)):  # whose case others have
        assert breach.case.number in text
        assert (f'href="/cases/{breach.case.number}/pledges/{breach.pk}/"' in text) is opens
    assert desk.get(f"/cases/{own.case.number}/pledges/{own.pk}/").status_code == 200


def test_filters_of_breaches(desk, district):
    decided = {"decided_at": timezone.now()}
    suspected = breach_at(district, found_at=timezone.now())
    lost = breach_at(district, matches=False)
    confirmed = breach_at(district, confirmed=True)
    late = breach_at(district, state="correcting", due_on=day(2026, 1, 1), **decided)
    today = timezone.localdate()

    for query, found in (
        ("state=confirmed", confirmed), ("todo=decide", suspected), ("todo=lost", lost), ("todo=follow", confirmed),
        ("todo=late", late), (f"type={late.pledge.type.code}", late), (f"q={lost.case.number}", lost),
        (f"q={lost.pledge.premises.merchant.name}", lost), (f"found_from={today}", suspected),
        (f"found_from={today}&found_to={today}", suspected),
    ):  # fmt: skip
        assert listed(desk, f"{BREACHES}?{query}") == {found}, query
    assert listed(desk, f"{BREACHES}?found_to={today - dt.timedelta(days=1)}") == {lost, confirmed, late}
    assert "days overdue" in desk.get(f"{BREACHES}?todo=late").text


def test_the_district_is_that_of_the_premises(desk, district):
    here, there = (breach_at(district) for _breach in range(2))
    city = RegionFactory(level="city")
    for region in (here.pledge.premises.region, there.pledge.premises.region):
        type(region).objects.filter(pk=region.pk).update(parent=city)
    visit = InspectionFactory(premises=here.pledge.premises)
    InspectionFactory(premises=there.pledge.premises)

    code = here.pledge.premises.region.code
    assert listed(desk, f"{BREACHES}?district={code}") == {here}
    assert listed(desk, f"{INSPECTIONS}?district={code}") == {visit}


def test_the_newest_stand_first(desk, district):
    older, newer = (breach_at(district, found_at=timezone.now() - dt.timedelta(days=days)) for days in (9, 2))
    first, second = (InspectionFactory(premises=older.pledge.premises, planned_on=day(2026, 12, n)) for n in (1, 9))

    assert list(desk.get(BREACHES).context_data["page"].rows) == [newer, older]
    assert list(desk.get(INSPECTIONS).context_data["page"].rows) == [second, first]


def test_breaches_as_a_file(desk, client, district):
    breach_at(district, confirmed=True)
    breach = breach_at(district)
    premises = breach.pledge.premises
    type(premises).objects.filter(pk=premises.pk).update(name="湖滨店13800001234")
    type(premises.merchant).objects.filter(pk=premises.merchant_id).update(name="湖滨商行13900004321")
    assert f'href="{BREACHES}export/?state=suspected&amp;format=csv"' in desk.get(f"{BREACHES}?state=suspected").text

    head, row = cells(desk, f"{BREACHES}export/?state=suspected&format=csv")
    assert (head[0], head[1], head[6]) == ("Case number", "State", "Day of the dispute or receipt")
    assert row[:4] == [breach.case.number, "Suspected", "湖滨商行139****4321", "湖滨店138****1234"]
    assert row[6] == "2026-11-02"
    assert AccessLog.objects.latest("pk").target == "breaches?state=suspected"
    client.force_login(UserFactory(agency=district, roles=["officer"]))
    assert "format=csv" not in client.get(BREACHES).text
    assert client.get(f"{BREACHES}export/?format=csv").status_code == 403
    assert AccessLog.objects.filter(action="export").count() == 1


def test_filters_of_inspections(desk, district):
    premises = PremisesFactory(agency=district, name="湖滨店13800001234", merchant__name="湖滨商行13900004321")
    planned = InspectionFactory(premises=premises, mode="undercover", planned_on=day(2026, 12, 1))
    late = InspectionFactory(
        premises=PremisesFactory(agency=district), visited=True, state="correcting", correct_by=day(2026, 11, 12)
    )
    InspectionFactory()

    assert listed(desk, INSPECTIONS) == {planned, late}
    for query, found in (
        ("state=planned", planned), ("mode=undercover", planned), ("correction=late", late), ("q=湖滨", planned),
        (f"q={late.premises.merchant.name}", late), (f"type={late.type.code}", late),
        ("planned_from=2026-11-11", planned), ("planned_to=2026-11-30", late),
    ):  # fmt: skip
        assert listed(desk, f"{INSPECTIONS}?{query}") == {found}, query
    text = desk.get(INSPECTIONS).text
    assert f'href="{INSPECTIONS}{planned.pk}/"' in text
    assert "湖滨店138****1234" in text
    head, row = cells(desk, f"{INSPECTIONS}export/?mode=undercover&format=csv")
    assert (head[0], *row[:3], row[5], row[6]) == (
        "Planned on", "2026-12-01", "湖滨店138****1234", "湖滨商行139****4321", "Undercover", "Planned",
    )  # fmt: skip
    assert AccessLog.objects.latest("pk").target == "inspections?mode=undercover"


def test_the_page_of_an_inspection(desk, district):
    inspection = InspectionFactory(
        premises=PremisesFactory(agency=district), state="correcting", visited_on=day(2026, 11, 10),
        correct_by=day(2026, 11, 20), inspectors="李四", summary="电话13800001234",
    )  # fmt: skip
    item = ChecklistItemFactory(type=inspection.type, critical=True, name_en="Sign at the door", weight=2)
    FindingFactory(inspection=inspection, item=item, result="not_ok", note="未公示13800001234")
    FindingFactory(inspection=inspection, item=ChecklistItemFactory(type=inspection.type, weight=3))
    inspection.events.create(
        verb="order", before="visited", after="correcting", at=timezone.now(), note="限期整改",
        actor=UserFactory(agency=district),
    )  # fmt: skip
    again = InspectionFactory(premises=inspection.premises, follows=inspection)

    page = desk.get(f"{INSPECTIONS}{inspection.pk}/")
    shown = page.context_data
    assert (shown["points"], shown["not_ok"], shown["late"], shown["keeps"]) == ((3, 5), 1, True, False)
    for words in (
        "Sign at the door", "critical", "未公示138****1234", "电话138****1234", "限期整改", "2026-11-20", "3 / 5",
        "Not corrected in time", f'href="{INSPECTIONS}{again.pk}/"',
    ):  # fmt: skip
        assert words in page.text, words
    assert f'href="{INSPECTIONS}{inspection.pk}/"' in desk.get(f"{INSPECTIONS}{again.pk}/").text
    assert "/admin/" not in page.text


def test_the_register_leads_to_both_lists(desk, client, district):
    text = desk.get("/pledges/").text
    assert f'href="{BREACHES}"' in text
    assert f'href="{INSPECTIONS}"' in text
    client.force_login(UserFactory(agency=district, roles=["officer"]))
    assert f'href="{INSPECTIONS}"' not in client.get("/pledges/").text
    assert client.get(INSPECTIONS).status_code == 403
