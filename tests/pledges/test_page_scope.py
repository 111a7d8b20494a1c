"""Forms of the register offer and take rows in the reader's scope alone, and nothing is written where one is not."""


import pytest
from django.utils import timezone

from pledges.models import (
    Inspection,
    Pledge,
    Premises,
    ReturnEntry,
    WorkstationItem,
    ZoneMembership,
)
from tests.factories import (
    AgencyFactory,
    BreachFactory,
    CaseFactory,
    InspectionFactory,
    MembershipFactory,
    PhotoFactory,
    PlanFactory,
    PledgeFactory,
    PledgeTypeFactory,
    PremisesFactory,
    ReturnEntryFactory,
    TargetFactory,
    UserFactory,
    WorkstationFactory,
    ZoneFactory,
)

pytestmark = pytest.mark.django_db
BASE = "/admin/pledges"


def rows_of(agency) -> dict:
    """One of each that another row may name, of an agency."""
    premises = PremisesFactory(agency=agency)
    pledge = PledgeFactory(premises=premises, in_force=True, type=PledgeTypeFactory(returns=True))
    return {
        "premises": premises, "pledge": pledge, "zone": ZoneFactory(agency=agency), "plan": PlanFactory(agency=agency),
        "workstation": WorkstationFactory(agency=agency), "first": InspectionFactory(premises=premises, visited=True),
        "number": CaseFactory(handling=agency),
    }  # fmt: skip


@pytest.fixture
def desk(client, district):
    client.force_login(UserFactory(agency=district, roles=["pledge_clerk", "approver"]))
    return client


@pytest.fixture
def own(district):
    return rows_of(district)


@pytest.fixture
def others(district):
    """Of the neighbour, and of the agency above both."""
    return [rows_of(AgencyFactory(parent=district.parent)), rows_of(district.parent)]


CHOSEN = [
    ("pledge", "premises"), ("returnentry", "premises"), ("zonemembership", "zone"), ("zonemembership", "premises"),
    ("workstation", "zone"), ("workstationitem", "workstation"), ("inspection", "premises"), ("inspection", "pledge"),
    ("inspection", "plan"),
]  # fmt: skip


@pytest.mark.parametrize(("model", "name"), CHOSEN)
def test_no_list_of_choices_has_rows_of_others(desk, own, others, model, name):
    asked = {"app_label": "pledges", "model_name": model, "field_name": name, "term": ""}

    found = [row["id"] for row in desk.get("/admin/autocomplete/", asked).json()["results"]]
    assert found == [str(own[name].pk)]
    for other in others:  # nor does the address of a new row name one
        page = desk.get(f"{BASE}/{model}/add/", {name: other[name].pk})
        assert page.status_code == 200
        assert str(other[name]) not in page.content.decode()
    assert str(own[name]) in desk.get(f"{BASE}/{model}/add/", {name: own[name].pk}).content.decode()


def entered(model, rows) -> dict:
    today, kind = f"{timezone.localdate()}", PledgeTypeFactory()
    return {
        "pledge": {"premises": rows["premises"], "type": kind, "applied_on": today, "statement": "假一赔三"},
        "returnentry": {"premises": rows["premises"], "month": today, "count": "1", "amount": "1.00"},
        "zonemembership": {"zone": rows["zone"], "premises": rows["premises"], "since": today},
        "workstationitem": {
            "workstation": rows["workstation"], "received_at_0": "2026-10-02", "received_at_1": "09:00", "what": "漏水",
            "number": rows["number"],
        },
        "inspection": {
            "premises": rows["premises"], "pledge": rows["pledge"], "plan": rows["plan"], "mode": "open",
            "planned_on": "2026-11-30", "first": rows["first"],
        },
    }[model]  # fmt: skip


def sent(given) -> dict:
    named = {name: value.number for name, value in given.items() if name == "number"}
    return {name: getattr(value, "pk", value) for name, value in given.items()} | named


MODELS = {
    "pledge": Pledge, "returnentry": ReturnEntry, "zonemembership": ZoneMembership, "workstationitem": WorkstationItem,
    "inspection": Inspection,
}  # fmt: skip
NAMED = [
    ("pledge", "premises"), ("returnentry", "premises"), ("zonemembership", "zone"), ("zonemembership", "premises"),
    ("workstationitem", "workstation"), ("workstationitem", "number"), ("inspection", "premises"),
    ("inspection", "pledge"), ("inspection", "plan"), ("inspection", "first"),
]  # fmt: skip


@pytest.mark.parametrize(("model", "name"), NAMED)
def test_a_row_of_others_that_is_sent_all_the_same_is_not_taken(desk, own, others, model, name):
    given = entered(model, own)
    before = MODELS[model].objects.count()

    for other in others:
        answer = desk.post(f"{BASE}/{model}/add/", sent(given | {name: other[name]}))
        assert answer.status_code == 200
        assert name in answer.context["adminform"].form.errors
        if name != "number":  # which stands there as it was typed
            assert str(other[name]) not in answer.content.decode()
    assert MODELS[model].objects.count() == before

    assert desk.post(f"{BASE}/{model}/add/", sent(given)).status_code == 302
    assert MODELS[model].objects.count() == before + 1


def test_no_page_of_a_row_of_others_is_there(desk, own, others):
    for other in others:
        premises, pledge, inspection = other["premises"], other["pledge"], other["first"]
        breach = BreachFactory(pledge=pledge, case=CaseFactory(handling=premises.agency, merchant=premises.merchant))
        photo, entry = PhotoFactory(inspection=inspection), ReturnEntryFactory(premises=premises)
        member, target = MembershipFactory(premises=premises), TargetFactory(agency=premises.agency)
        for page in (
            f"/pledges/{pledge.pk}/", f"/pledges/merchants/{premises.merchant_id}/",
            f"/pledges/zones/{other['zone'].pk}/", f"/pledges/targets/{target.pk}/reached/",
            f"/cases/{breach.case.number}/pledges/", f"/cases/{breach.case.number}/pledges/{breach.pk}/",
            f"/pledges/inspections/{inspection.pk}/", f"{BASE}/pledge/{pledge.pk}/act/warn/",
            f"{BASE}/breach/{breach.pk}/act/confirm/", f"{BASE}/inspection/{inspection.pk}/act/close/",
            f"{BASE}/inspection/{inspection.pk}/photos/{photo.pk}/", f"{BASE}/inspection/{inspection.pk}/photos/add/",
            f"{BASE}/inspection/{inspection.pk}/photos/{photo.pk}/withdraw/",
            *(f"{BASE}/{row._meta.model_name}/{row.pk}/change/" for row in (
                premises, pledge, breach, inspection, entry, member, target, other["zone"], other["workstation"],
                other["plan"],
            )),
        ):  # fmt: skip
            assert desk.get(page).status_code == 404, page
            assert desk.post(page, {"note": "多次拒绝退货", "reason": "拍错门店"}).status_code in (403, 404, 405), page
        assert not pledge.events.exists()
        assert not breach.events.exists()
        assert not inspection.events.exists()
        photo.refresh_from_db()
        assert not photo.is_withdrawn


def test_acts_on_many_reach_no_row_of_others(desk, own, others):
    chosen = [own["pledge"].pk, *(other["pledge"].pk for other in others)]

    answer = desk.post(f"{BASE}/pledge/many/pool/", {"confirmed": "1", "chosen": chosen, "pool": "star"})

    assert answer.context["done"] == 1
    assert list(Pledge.objects.filter(pool="star")) == [own["pledge"]]
    for other in others:
        assert str(other["premises"]) not in answer.content.decode()


def test_districts_of_the_filter_of_breaches_are_those_where_one_keeps_premises(desk, own, others):
    page = desk.get(f"{BASE}/breach/").content.decode()

    assert own["premises"].region.label in page
    assert [other["premises"].region.label in page for other in others] == [False, False]
    assert Premises.objects.count() == 3
