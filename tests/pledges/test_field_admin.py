"""The registers of zones, workstations, inspections and targets in the administration, and the sheet of a zone."""

import datetime as dt
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AccessLog
from pledges.models import (
    Finding,
    Inspection,
    InspectionPhoto,
    InspectionPlan,
    Pledge,
    Target,
    Workstation,
    WorkstationItem,
    Zone,
    ZoneMembership,
)
from registry.models import Region
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
    TargetFactory,
    UserFactory,
    WorkstationFactory,
    ZoneFactory,
)
from tests.factories.cases import local
from tests.factories.documents import PDF
from tests.factories.pledges import PNG

pytestmark = pytest.mark.django_db

day = dt.date
BASE = "/admin/pledges"


@pytest.fixture
def desk(client, clerk):
    """The client of the pledge clerk, in English."""
    client.force_login(clerk)
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def zone(district):
    return ZoneFactory(agency=district, region=RegionFactory())


@pytest.fixture
def type():
    """With one critical item and one that is not."""
    found = PledgeTypeFactory(correction_days=5)
    ChecklistItemFactory(type=found, code="t.sign", name_en="Sign", critical=True, position=1)
    ChecklistItemFactory(type=found, code="t.price", name_en="Price", position=2)
    return found


@pytest.fixture
def visited(premises, type):
    """A critical item is not in order."""
    inspection = InspectionFactory(premises=premises, type=type, visited=True)
    for item, result in zip(type.checklist.order_by("position"), ("not_ok", "ok"), strict=True):
        FindingFactory(inspection=inspection, item=item, result=result)
    return inspection


def errors(response) -> list[str]:
    shown = response.context_data
    form = shown["adminform"].form if "adminform" in shown else shown["form"]
    return [str(message) for messages in form.errors.values() for message in messages]


def html(response) -> str:
    assert response.status_code == 200, response
    return response.content.decode()


# zones and members


def test_a_zone_is_entered_and_changed(desk, district):
    region = RegionFactory()
    given = {"kind": "mall", "name": "武林商圈", "agency": district.pk, "region": region.pk, "opened_on": "2021-03-01"}
    refused = desk.post(f"{BASE}/zone/add/", given | {"closed_on": "2021-03-01"})
    assert errors(refused) == ["A zone closes after it has opened."]
    assert not Zone.objects.exists()

    assert desk.post(f"{BASE}/zone/add/", given | {"operator": MerchantFactory().pk}).status_code == 302
    zone = Zone.objects.get()
    assert desk.post(f"{BASE}/zone/{zone.pk}/change/", given | {"name": "湖滨商圈"}).status_code == 302
    zone.refresh_from_db()
    assert (zone.name, zone.agency, zone.operator) == ("湖滨商圈", district, None)


def test_districts_are_those_of_today(desk, zone):
    gone, street = RegionFactory(ended=True), RegionFactory(street=True)
    offered = set(desk.get(f"{BASE}/zone/add/").context_data["adminform"].form.fields["region"].queryset)
    assert zone.region in offered
    assert not offered & {gone, street}
    Zone.objects.filter(pk=zone.pk).update(region=gone)
    kept = desk.get(f"{BASE}/zone/{zone.pk}/change/").context_data["adminform"].form.fields["region"].queryset
    assert gone in kept


def test_another_agency_is_not_offered_and_not_taken(desk, zone):
    other = AgencyFactory()
    given = {"kind": "mall", "name": "武林商圈", "agency": other.pk, "region": zone.region.pk, "opened_on": "2021-03-01"}
    assert errors(desk.post(f"{BASE}/zone/add/", given)) == [
        "Select a valid choice. That choice is not one of the available choices."
    ]
    assert Zone.objects.get() == zone


def test_premises_join_a_zone_and_leave_it(desk, zone, premises, clerk):
    page = html(desk.get(f"{BASE}/zone/{zone.pk}/change/"))
    assert f"{BASE}/zonemembership/add/?zone={zone.pk}" in page
    given = {"zone": zone.pk, "premises": premises.pk, "since": "2026-01-05"}
    assert desk.post(f"{BASE}/zonemembership/add/", given).status_code == 302
    assert errors(desk.post(f"{BASE}/zonemembership/add/", given)) == [
        "The premises are in this zone at that time already."
    ]
    membership = ZoneMembership.objects.get()
    address = f"{BASE}/zonemembership/{membership.pk}/change/"
    assert errors(desk.post(address, {"until": "2026-01-05"})) == [
        "A membership ends after it has begun, and somebody has ended it."
    ]
    assert desk.post(address, {"until": "2026-06-01"}).status_code == 302
    membership.refresh_from_db()
    assert (membership.until, membership.ended_by, membership.added_by) == (day(2026, 6, 1), clerk, clerk)
    assert 'name="_save"' not in html(desk.get(address))
    assert desk.post(address, {"until": "2026-07-01"}).status_code == 403


def test_members_that_are_none_again_when_the_closing_was_wrong_are_named(desk, zone, district):
    mine, foreign = PremisesFactory(agency=district, name="湖滨店13800001234"), PremisesFactory()
    back = MembershipFactory(zone=zone, premises=PremisesFactory(agency=district))
    stay = [MembershipFactory(zone=zone, premises=one) for one in (mine, foreign)]
    given = {
        "kind": zone.kind, "name": zone.name, "agency": district.pk, "region": zone.region_id,
        "opened_on": zone.opened_on.isoformat(),
    }  # fmt: skip
    address = f"{BASE}/zone/{zone.pk}/change/"
    assert desk.post(address, given | {"closed_on": "2026-06-01"}).status_code == 302
    for one in (mine, foreign):
        MembershipFactory(premises=one, since=day(2026, 7, 1))

    shown = [str(message) for message in desk.post(address, given, follow=True).context["messages"]]

    named = "no members here again: 湖滨店138****1234, 1 that others keep."
    assert [message for message in shown if named in message]
    ends = dict(zone.memberships.values_list("pk", "until"))
    assert ends == {back.pk: None} | dict.fromkeys([one.pk for one in stay], day(2026, 6, 1))


def test_the_members_of_one_zone(desk, zone, district):
    own = MembershipFactory(zone=zone, premises=PremisesFactory(agency=district))
    MembershipFactory(premises=PremisesFactory(agency=district))
    foreign = ZoneFactory()

    def listed(query):
        return set(desk.get(f"{BASE}/zonemembership/?{query}").context_data["cl"].queryset)

    assert listed(f"zone={zone.pk}") == {own}
    # of another agency, and what is no key: as without
    for query in (f"zone={foreign.pk}", "zone=x", "zone=" + "9" * 30, "zone=²", "member=nonsense"):
        assert len(listed(query)) == 2, query
    ZoneMembership.objects.filter(pk=own.pk).update(until=day(2026, 1, 1), ended_by=own.added_by)
    assert listed("member=ended") == {own}
    assert own not in listed("member=now")


# workstations


def test_a_workstation_and_its_items(desk, zone, district, clerk):
    given = {
        "name": "武林服务站", "kind": "mall", "zone": zone.pk, "agency": district.pk, "region": zone.region.pk,
        "opened_on": "2021-03-01", "contact": "赵六", "telephone": "0571-85000000",
    }  # fmt: skip
    assert desk.post(f"{BASE}/workstation/add/", given).status_code == 302
    station = Workstation.objects.get()
    case = CaseFactory(handling=district)
    item = {
        "workstation": station.pk, "received_at_0": "2026-10-01", "received_at_1": "09:00",
        "what": "找13800001234，电饭煲坏了",
    }  # fmt: skip
    assert desk.post(f"{BASE}/workstationitem/add/", item).status_code == 302
    kept = WorkstationItem.objects.get()
    assert (kept.received_at, kept.recorded_by) == (local(2026, 10, 1), clerk)
    address = f"{BASE}/workstationitem/{kept.pk}/change/"
    for page in (desk.get(address), desk.get(f"{BASE}/workstationitem/")):
        assert "138****1234" in html(page)
        assert "13800001234" not in html(page)
    answer = {
        "first_response_at_0": "2026-10-01", "first_response_at_1": "09:20", "ended_at_0": "2026-10-01",
        "ended_at_1": "10:00", "result": "换新",
    }  # fmt: skip
    assert errors(desk.post(address, answer | {"number": "2026-99999999"})) == ["No case that you see has this number."]
    assert errors(desk.post(address, answer | {"result": ""})) == ["What has ended has a result, and only that."]
    assert desk.post(address, answer | {"number": case.number}).status_code == 302
    kept.refresh_from_db()
    assert (kept.result, kept.case, kept.what) == ("换新", case, "找13800001234，电饭煲坏了")
    theirs = CaseFactory()  # of others by now
    other = ItemFactory(workstation=station, received_at=local(2026, 10, 1), case=theirs)
    address_of_other = f"{BASE}/workstationitem/{other.pk}/change/"
    assert desk.post(address_of_other, answer | {"number": theirs.number}).status_code == 302
    other.refresh_from_db()
    assert (other.result, other.case) == ("换新", theirs)
    assert desk.post(address, answer).status_code == 403
    assert case.number in html(desk.get(address))
    page = html(desk.get(f"{BASE}/workstation/{station.pk}/change/"))
    assert "20 minutes" in page


def test_help_says_that_no_personal_data_belong_there(desk):
    assert "No names, telephone or identity numbers of people" in html(desk.get(f"{BASE}/workstationitem/add/"))


# plans and inspections


def test_a_plan_is_made_and_shows_how_far_it_is(desk, district, type, premises):
    given = {
        "name": "2026年暗访", "agency": district.pk, "starts_on": "2026-01-01", "ends_on": "2026-12-31", "visits": 3,
        "undercover": 50, "types": [type.code],
    }  # fmt: skip
    assert errors(desk.post(f"{BASE}/inspectionplan/add/", given | {"undercover": 101})) == [
        "A share is 100 per cent at most."
    ]
    assert desk.post(f"{BASE}/inspectionplan/add/", given).status_code == 302
    plan = InspectionPlan.objects.get()
    assert plan.types == [type.code]
    InspectionFactory(plan=plan, premises=premises, type=type, visited=True, mode="undercover")
    page = html(desk.get(f"{BASE}/inspectionplan/{plan.pk}/change/"))
    assert "1 / 3" in page
    assert "1 / 2" in page


def test_a_visit_is_planned_and_recorded(desk, premises, type, clerk):
    given = {"premises": premises.pk, "mode": "open", "planned_on": "2026-11-10", "inspectors": "孙八"}
    refused = desk.post(f"{BASE}/inspection/add/", given)
    assert errors(refused) == ["Name the pledge, or whose checklist is used."]
    assert desk.post(f"{BASE}/inspection/add/", given | {"type": type.pk}).status_code == 302
    inspection = Inspection.objects.get()
    act = f"{BASE}/inspection/{inspection.pk}/act"
    page = html(desk.get(f"{act}/visit/"))
    assert "Sign (critical)" in page
    found = {"visited_on": "2026-11-10", "inspectors": "孙八", "result-t.sign": "ok", "note-t.sign": "在门口"}
    missing = desk.post(f"{act}/visit/", found)
    assert errors(missing) == ["This field is required."]
    assert not Finding.objects.exists()
    assert desk.post(f"{act}/visit/", found | {"result-t.price": "not_ok", "summary": "见照片。"}).status_code == 302
    inspection.refresh_from_db()
    assert (inspection.state, inspection.summary) == ("visited", "见照片。")
    assert list(inspection.findings.values_list("result", "note")) == [("ok", "在门口"), ("not_ok", "")]
    assert inspection.events.get(verb="visit").actor == clerk
    page = html(desk.get(f"{BASE}/inspection/{inspection.pk}/change/"))
    assert "在门口" in page
    assert desk.post(f"{BASE}/inspection/{inspection.pk}/change/", given).status_code == 403


def test_the_checklist_of_the_day_of_the_visit_is_asked_for(desk, premises, type):
    type.checklist.filter(code="t.price").update(valid_to=day(2026, 11, 1))
    inspection = InspectionFactory(premises=premises, type=type)
    address = f"{BASE}/inspection/{inspection.pk}/act/visit/"
    assert "result-t.price" not in html(desk.get(address))
    page = desk.post(address, {"visited_on": "2026-10-30", "result-t.sign": "ok"})
    assert "result-t.price" in html(page)  # it was asked on that day
    assert desk.post(address, {"visited_on": "nonsense"}).status_code == 200
    assert not Finding.objects.exists()


def test_a_failed_critical_item_leads_to_the_pledge_and_changes_nothing(desk, visited, premises, type):
    address = f"{BASE}/inspection/{visited.pk}/change/"
    words = "A critical item is not in order"
    assert words not in html(desk.get(address))
    pledge = PledgeFactory(premises=premises, type=type, in_force=True)
    page = html(desk.get(address))
    assert words in page
    assert f"{BASE}/pledge/{pledge.pk}/act/rectify/" in page
    assert (Pledge.objects.get().correct_by, pledge.events.count()) == (None, 0)


def test_correction_and_closing(desk, visited, premises, type):
    act = f"{BASE}/inspection/{visited.pk}/act"
    assert "within 5 working days" in html(desk.get(f"{act}/order/"))
    assert desk.post(f"{act}/order/", {"note": "挂出承诺标识", "correct_by": "2026-01-01"}).status_code == 200
    assert desk.post(f"{act}/order/", {"note": "挂出承诺标识"}).status_code == 302
    visited.refresh_from_db()
    assert visited.state == "correcting"
    Inspection.objects.filter(pk=visited.pk).update(correct_by=day(2026, 11, 11))
    late = desk.get(f"{BASE}/inspection/?correction=late")
    assert list(late.context_data["cl"].queryset) == [visited]
    assert "Not corrected in time" in html(late)
    page = html(desk.get(f"{BASE}/inspection/{visited.pk}/change/"))
    assert f"?premises={premises.pk}&amp;type={type.pk}&amp;first={visited.pk}" in page
    given = {"premises": premises.pk, "type": type.pk, "mode": "open", "planned_on": "2026-11-12"}
    assert desk.post(f"{BASE}/inspection/add/", given | {"first": 10**9}).status_code == 200
    assert desk.post(f"{BASE}/inspection/add/", given | {"first": visited.pk}).status_code == 302
    assert visited.followers.count() == 1
    assert "Inspected again" in html(desk.get(f"{BASE}/inspection/{visited.pk}/change/"))
    assert desk.post(f"{act}/close/", {"corrected_on": timezone.localdate().isoformat()}).status_code == 302
    visited.refresh_from_db()
    assert visited.state == "closed"
    assert desk.get(f"{act}/close/").status_code == 302  # there is nothing to close any more


def test_photos(desk, visited, clerk):
    add = f"{BASE}/inspection/{visited.pk}/photos/add/"
    refused = desk.post(add, {"file": SimpleUploadedFile("a.pdf", PDF)})
    assert errors(refused) == ["Only pictures are taken here: JPEG, PNG, WebP, HEIC."]
    assert not InspectionPhoto.objects.exists()
    assert desk.post(add, {"file": SimpleUploadedFile("门头.png", PNG), "note": "入口"}).status_code == 302
    photo = InspectionPhoto.objects.get()
    opened = desk.get(f"{BASE}/inspection/{visited.pk}/photos/{photo.pk}/")
    assert opened.content == PNG
    assert (opened["Content-Type"], "attachment" in opened["Content-Disposition"]) == ("image/png", True)
    assert AccessLog.objects.get().user == clerk
    assert "门头.png" in html(desk.get(f"{BASE}/inspection/{visited.pk}/change/"))
    away = f"{BASE}/inspection/{visited.pk}/photos/{photo.pk}/withdraw/"
    assert errors(desk.post(away, {"reason": "错"})) != []
    assert desk.post(away, {"reason": "拍错了门店"}).status_code == 302
    assert desk.get(f"{BASE}/inspection/{visited.pk}/photos/{photo.pk}/").status_code == 302
    assert desk.get(away).status_code == 302
    assert AccessLog.objects.count() == 1
    page = html(desk.get(f"{BASE}/inspection/{visited.pk}/change/"))
    assert f"/photos/{photo.pk}/" not in page
    assert "拍错了门店" in page


def test_photos_of_others_are_not_there(desk, visited):
    foreign = PhotoFactory()
    other = PhotoFactory(inspection=InspectionFactory(premises=visited.premises, visited=True))
    for inspection, photo in ((foreign.inspection, foreign), (visited, foreign), (visited, other)):
        for end in ("", "withdraw/"):
            assert desk.get(f"{BASE}/inspection/{inspection.pk}/photos/{photo.pk}/{end}").status_code == 404
    planned = InspectionFactory(premises=visited.premises)
    assert desk.get(f"{BASE}/inspection/{planned.pk}/photos/add/").status_code == 302
    assert not AccessLog.objects.exists()


# targets


def test_a_target_is_set(desk, district):
    given = {"year": 2026, "what": "delta_companies", "agency": district.pk, "number": 5, "source": "工作要点"}
    assert desk.post(f"{BASE}/target/add/", given).status_code == 302
    assert errors(desk.post(f"{BASE}/target/add/", given)) != []
    target = Target.objects.get(agency=district)
    assert desk.post(f"{BASE}/target/{target.pk}/change/", given | {"number": 6}).status_code == 302
    target.refresh_from_db()
    assert (target.number, target.code) == (6, f"2026-delta_companies-{district.code}")
    assert "/pledges/targets/" in html(desk.get(f"{BASE}/target/"))


# lists


LISTS = {
    "zone": lambda here, number: ZoneFactory(agency=here),
    "zonemembership": lambda here, number: MembershipFactory(premises=PremisesFactory(agency=here)),
    "workstation": lambda here, number: WorkstationFactory(agency=here, zone=ZoneFactory(agency=here)),
    "workstationitem": lambda here, number: ItemFactory(workstation__agency=here),
    "inspectionplan": lambda here, number: PlanFactory(agency=here),
    "inspection": lambda here, number: InspectionFactory(premises=PremisesFactory(agency=here)),
    "target": lambda here, number: TargetFactory(agency=here, year=2026 + number),
}


@pytest.mark.parametrize("model", LISTS)
def test_lists_show_own_rows_with_a_fixed_number_of_queries(desk, district, model):
    make = LISTS[model]
    make(AgencyFactory(), 5)
    queries = []
    for number in range(3):
        make(district, number)
        desk.get(f"{BASE}/{model}/")
        with CaptureQueriesContext(connection) as asked:
            page = desk.get(f"{BASE}/{model}/")
        queries.append(len(asked))
        assert len(page.context_data["cl"].result_list) == number + 1
    assert queries[0] == queries[2], queries


def test_the_page_of_an_inspection_takes_as_many_queries_for_many_acts_as_for_one(desk, clerk, district):
    inspection = InspectionFactory(premises=PremisesFactory(agency=district), visited=True)
    address, counts = f"{BASE}/inspection/{inspection.pk}/change/", []
    for number in (1, 3):
        for _n in range(number):
            inspection.events.create(verb="find", before="visited", after="visited", actor=clerk, at=timezone.now())
            FindingFactory(inspection=inspection, result="not_ok")
        desk.get(address)
        with CaptureQueriesContext(connection) as asked:
            assert desk.get(address).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 20


def test_checklists_are_looked_at(desk, type):
    page = html(desk.get(f"{BASE}/checklistitem/?q=t.sign"))
    assert "t.sign" in page
    item = type.checklist.get(code="t.sign")
    assert desk.post(f"{BASE}/checklistitem/{item.pk}/change/", {}).status_code == 403


# the sheet of a zone


@pytest.fixture
def sheet(client, district, zone):
    """The sheet as the regulator of the district sees it, in English."""
    client.force_login(UserFactory(agency=district, roles=["regulator"]))
    client.cookies["django_language"] = "en"
    return lambda: client.get(f"/pledges/zones/{zone.pk}/")


def test_the_sheet_of_a_zone(sheet, zone, district, type):
    today = timezone.localdate()
    merchant = MerchantFactory()
    shops = [PremisesFactory(agency=district, merchant=merchant, name=f"门店{letter}") for letter in "甲乙"]
    left, foreign = PremisesFactory(agency=district, name="已退出门店"), PremisesFactory(name="外局门店")
    for one in (*shops, left, foreign):
        MembershipFactory(zone=zone, premises=one)
    ZoneMembership.objects.filter(premises=left).update(until=day(2026, 1, 1), ended_by=UserFactory())
    pledge = PledgeFactory(premises=shops[0], type=type, in_force=True)
    BreachFactory(pledge=pledge, case=CaseFactory(handling=district), confirmed=True, found_at=timezone.now())
    BreachFactory(pledge=pledge, case=CaseFactory(handling=district), found_at=timezone.now())  # a suspicion
    PledgeFactory(premises=shops[1], type=type)  # not in force
    new, old = timezone.now() - dt.timedelta(days=10), timezone.now() - dt.timedelta(days=380)
    here = {"merchant": merchant, "region": zone.region}
    for number, at in enumerate((new, new, old)):
        CaseFactory(handling=district, received_at=at, goods=f"商品{number}", **here)
    CaseFactory(handling=district, received_at=new, report=True, **here)
    CaseFactory(received_at=new, **here)  # of another agency
    seen = InspectionFactory(premises=shops[0], type=type, visited=True, planned_on=today)
    FindingFactory(inspection=seen, result="not_ok")
    FindingFactory(inspection=seen)
    InspectionFactory(premises=shops[1], type=type, mode="undercover", planned_on=today)  # to come
    InspectionFactory(premises=shops[1], type=type, visited=True, planned_on=today - dt.timedelta(days=400))
    station = WorkstationFactory(agency=district, zone=zone, contact="赵六", telephone="0571-85000000")
    for wait in (10, 20, 90):
        ItemFactory(workstation=station, ended=True, first_response_at=local(2026, 10, 1) + dt.timedelta(minutes=wait),
                    ended_at=local(2026, 10, 1, 12))  # fmt: skip
    WorkstationFactory(agency=district, zone=zone, closed_on=day(2021, 1, 1))

    page = sheet()
    shown = page.context_data
    assert [(one.name, len(one.standing), n, broken) for one, n, broken in shown["members"]] == [
        ("门店乙", 0, 2, 0), ("门店甲", 1, 2, 1),
    ]  # fmt: skip
    assert (shown["complaints"], shown["breaches"], shown["pledging"], shown["others"]) == (2, 1, 1, 1)
    assert [(one.pk, one.not_ok) for one, _mode, _state in shown["inspections"]] == [(seen.pk, 1)]
    assert [(one.pk, one.handled, one.first_response) for one in shown["workstations"]] == [
        (station.pk, 3, dt.timedelta(minutes=20))
    ]
    text = html(page)
    assert "0571-85000000" in text
    assert "外局门店" not in text
    assert "已退出门店" not in text
    assert f"Complaints in {zone.region}" in text


def test_complaints_about_a_chain_are_those_of_the_district(sheet, client, zone, district):
    """By its code, whatever day's map a case is on, with the streets below it: as the list to which the number leads."""
    shop = MembershipFactory(zone=zone, premises=PremisesFactory(agency=district)).premises
    before = RegionFactory(code=zone.region.code, valid_from=day(2000, 1, 1), valid_to=zone.region.valid_from)
    street = RegionFactory(parent=zone.region, level="street")
    new = timezone.now() - dt.timedelta(days=10)
    found = [
        CaseFactory(handling=district, merchant=shop.merchant, received_at=new, region=region)
        for region in (zone.region, before, street, RegionFactory(), None)
    ][:3]

    page = sheet()
    assert (page.context_data["members"], page.context_data["complaints"]) == ([(shop, 3, 0)], 3)
    link = re.search(r'href="(/cases/\?merchant=[^"]+)"', html(page))[1].replace("&amp;", "&")
    assert set(client.get(link).context_data["page"].rows) == set(found)


def test_a_zone_in_a_district_that_is_no_more_counts_in_that_into_which_it_went(sheet, zone, district):
    shop = MembershipFactory(zone=zone, premises=PremisesFactory(agency=district)).premises
    old, now = zone.region, RegionFactory(valid_from=day(2021, 4, 9))
    Region.objects.filter(pk=old.pk).update(valid_to=now.valid_from)
    old.successors.add(now, through_defaults={"whole": True})
    CaseFactory(handling=district, merchant=shop.merchant, received_at=timezone.now(), region=now)

    assert sheet().context_data["members"] == [(shop, 1, 0)]
    other = RegionFactory(valid_from=day(2021, 4, 9))
    old.successors.add(other, through_defaults={"whole": False})
    assert (sheet().context_data["place"], sheet().context_data["complaints"]) == (old, 0)


def test_the_sheet_asks_a_fixed_number_of_queries(sheet, zone, district, type, django_assert_num_queries):
    def member():
        premises = PremisesFactory(agency=district)
        MembershipFactory(zone=zone, premises=premises)
        PledgeFactory(premises=premises, type=type, in_force=True)
        InspectionFactory(premises=premises, type=type, visited=True, planned_on=timezone.localdate())
        ItemFactory(workstation=WorkstationFactory(agency=district, zone=zone), ended=True)

    member()
    sheet()
    with django_assert_num_queries(15):
        sheet()
    member()
    member()
    with django_assert_num_queries(15):
        sheet()


def test_zones_of_others_have_no_sheet(client, clerk, district, zone):
    client.force_login(clerk)
    assert client.get(f"/pledges/zones/{ZoneFactory().pk}/").status_code == 404
    listed = client.get("/pledges/zones/?q=测试&kind=mall&open=yes").context_data["page"].rows
    assert listed == [zone]
    assert not client.get("/pledges/zones/?open=no").context_data["page"].rows
    client.force_login(UserFactory(agency=district, roles=["mediator"]))
    assert client.get(f"/pledges/zones/{zone.pk}/").status_code == 403
