"""An unverified merchant is stated to be a registered one: all that is known of it moves there, or nothing does."""

import datetime as dt

import pytest
from django.contrib.admin.models import LogEntry
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils import timezone

from cases.domain import merchants
from cases.models import Case, CaseHistory
from core.acting import acting
from core.exceptions import DomainError
from pledges.domain.identified import AT_PREMISES
from pledges.models import Pledge, PledgeEvent, Premises, ReturnEntry, Zone, ZoneMembership
from registry.domain.merchants import find_merchants, identify_merchant, resolve_merchants
from registry.models import Merchant, Platform
from tests.factories import (
    CaseFactory,
    InspectionFactory,
    MembershipFactory,
    MerchantFactory,
    PlatformFactory,
    PledgeFactory,
    PledgeTypeFactory,
    PremisesFactory,
    RegionFactory,
    ReturnEntryFactory,
    UserFactory,
    ZoneFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
CODE = "91000000MA0000010P"
day = dt.date


@pytest.fixture
def place():
    return RegionFactory()


@pytest.fixture
def unknown(place):
    return MerchantFactory(name="清泉百货", name_key="清泉百货", region=place, verified=False, credit_code=None)


@pytest.fixture
def registered(place):
    return MerchantFactory(coded=True, credit_code=CODE, name="杭州清泉百货有限公司", region=place)


@pytest.fixture
def shop(district, place):
    """`shop(merchant)`: its premises of one name at one place."""
    return lambda merchant, **facts: PremisesFactory(
        **{"merchant": merchant, "agency": district, "region": place, "name": "湖滨店", "name_key": "湖滨店"} | facts
    )


def stored() -> list:
    models = (Merchant, Premises, Pledge, PledgeEvent, ReturnEntry, ZoneMembership, Case, Zone)
    return [list(model.objects.order_by("pk").values()) for model in models]


def test_everything_moves(unknown, registered, shop, clerk, district):
    type = PledgeTypeFactory()
    ended = {"in_force": True, "published_on": day(2022, 1, 1), "valid_to": day(2022, 12, 31)}
    mine, theirs = shop(unknown, address="延安路1号"), shop(registered)
    alone = shop(unknown, name="武林店", name_key="武林店")
    earlier, standing = PledgeFactory(premises=mine, type=type, **ended), PledgeFactory(premises=alone, in_force=True)
    PledgeFactory(premises=theirs, type=type, in_force=True, published_on=day(2023, 1, 1))
    visit, returns = InspectionFactory(premises=mine), ReturnEntryFactory(premises=mine)
    member, case = MembershipFactory(premises=mine), CaseFactory(merchant=unknown)
    zone, platform = ZoneFactory(agency=district, operator=unknown), PlatformFactory(operator=unknown)

    with acting(clerk):
        told = identify_merchant(unknown, registered, actor=clerk)

    assert told == ["1 case", "2 premises", "2 pledges"]
    assert set(Premises.objects.values_list("pk", "merchant", "address")) == {
        (theirs.pk, registered.pk, "延安路1号"), (alone.pk, registered.pk, alone.address),
    }  # fmt: skip
    for row in (earlier, visit, returns, member):
        row.refresh_from_db()
        assert row.premises == theirs
    assert Case.objects.get().merchant == registered
    assert CaseHistory.objects.filter(pgh_obj=case).latest("pgh_id").actor == clerk
    assert (Zone.objects.get(pk=zone.pk).operator, Platform.objects.get(pk=platform.pk).operator) == (registered,) * 2
    acts = PledgeEvent.objects.filter(verb="identify").order_by("pk")
    assert [(act.pledge, act.actor, act.data) for act in acts] == [
        (one, clerk, {"merchant": registered.pk, "before": unknown.pk}) for one in (earlier, standing)
    ]
    unknown.refresh_from_db()
    assert (unknown.same_as, unknown.verified) == (registered, False)


def test_whatever_refers_to_a_merchant_or_to_premises_is_thought_of():
    def refers(model) -> set:
        fields = model._meta.get_fields(include_hidden=True)
        return {field.related_model for field in fields if field.auto_created and not field.concrete}

    assert refers(Merchant) - {Merchant, CaseHistory} == {Case, Premises, Zone, Platform}
    assert refers(Premises) == set(AT_PREMISES)


def test_what_comes_under_its_name_later_goes_there(unknown, registered, clerk, place):
    identify_merchant(unknown, registered, actor=clerk)

    key = (None, "清泉百货", place.pk, "清泉百货")
    with connection.cursor() as cursor:
        assert find_merchants(cursor, {key}) == {key: registered.pk}
        assert resolve_merchants(cursor, {key}, now=timezone.now()) == {key: registered.pk}
    assert Merchant.objects.count() == 2


def test_what_stands_in_the_way_is_named_and_nothing_moves(unknown, registered, shop, clerk):
    mine, theirs = shop(unknown), shop(registered)
    type, zone, month = PledgeTypeFactory(name_en="Reassuring shop"), ZoneFactory(name="武林商圈"), day(2026, 3, 1)
    for one in (mine, theirs):
        PledgeFactory(premises=one, type=type, in_force=True)
        MembershipFactory(premises=one, zone=zone)
        ReturnEntryFactory(premises=one, month=month)
    CaseFactory(merchant=unknown)
    before = stored()

    with pytest.raises(DomainError) as refused:
        identify_merchant(unknown, registered, actor=clerk)

    for words in ("“Reassuring shop” at 湖滨店", "zone 武林商圈", "returns of 2026-03 at 湖滨店"):
        assert words in str(refused.value)
    assert stored() == before


def test_who_states_it_and_of_whom(unknown, registered, shop, clerk, district, monkeypatch):
    other = MerchantFactory(verified=False, credit_code=None)
    foreign = PremisesFactory(merchant=unknown)
    CaseFactory(merchant=unknown)
    before = stored()

    for role in ("approver", "regulator", "clerk", "officer"):
        with pytest.raises(PermissionDenied):
            identify_merchant(unknown, registered, actor=UserFactory(agency=district, roles=[role]))
    for one, another, words in (
        (unknown, other, "not verified"), (registered, registered, "verified itself"), (unknown, registered, "not yours"),
    ):  # fmt: skip
        with pytest.raises(DomainError, match=words):
            identify_merchant(one, another, actor=clerk)
    Premises.objects.filter(pk=foreign.pk).update(agency=district)
    monkeypatch.setattr(merchants, "MOST", 0)
    with pytest.raises(DomainError, match="More than 0 cases"):
        identify_merchant(unknown, registered, actor=clerk)
    Premises.objects.filter(pk=foreign.pk).update(agency=foreign.agency)
    assert stored() == before


def test_the_page_of_an_unverified_merchant(client, unknown, registered, shop, clerk, district):
    shop(unknown)
    client.force_login(clerk)
    client.cookies["django_language"] = "en"
    address = f"/admin/registry/merchant/{unknown.pk}/change/"
    assert 'name="registered"' in client.get(address).text
    assert 'name="name"' not in client.get(address).text
    assert 'name="registered"' not in client.get(f"/admin/registry/merchant/{registered.pk}/change/").text
    refused = client.post(address, {"registered": "91000000MA0000020X"})
    assert "No merchant with this credit code is known" in refused.text

    told = client.post(address, {"registered": f" {CODE.lower()}", "name": "别的"}, follow=True)

    assert "Moved to 杭州清泉百货有限公司: 1 premises." in told.text
    unknown.refresh_from_db()
    assert (unknown.same_as, unknown.name, LogEntry.objects.count()) == (registered, "清泉百货", 1)
    shown = client.get(address).text
    assert 'name="registered"' not in shown
    assert "杭州清泉百货有限公司" in shown
    client.force_login(UserFactory(agency=district, roles=["clerk"]))
    again = MerchantFactory(verified=False, credit_code=None)
    assert 'name="registered"' not in client.get(f"/admin/registry/merchant/{again.pk}/change/").text
