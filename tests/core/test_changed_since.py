"""Two people edit one row in the administration: the later one is told, and loses nothing of what was typed."""

import re
from html import unescape

import pytest
from django.contrib.admin.models import LogEntry

from pledges.models import PledgeType, Zone
from registry.models import Merchant
from tests.factories import (
    CoverageFactory,
    MerchantFactory,
    PledgeTypeFactory,
    ProblemFactory,
    UserFactory,
    ZoneFactory,
)

pytestmark = pytest.mark.django_db
TOLD = "Someone else has changed this since you opened it: "


@pytest.fixture
def desk(client):
    client.force_login(UserFactory(is_superuser=True, is_staff=True))
    client.cookies["django_language"] = "en"
    return client


def seen(response) -> str:
    return unescape(re.search(r'name="_seen" value="([^"]*)"', response.text)[1])


def opened(client, address: str) -> dict:
    """What the page at that address would send if it were saved as it is."""
    response = client.get(address)
    forms = [response.context_data["adminform"].form]
    for inline in response.context_data["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    given = {field.html_name: field.value() for form in forms for field in form}
    return {name: value for name, value in given.items() if value is not None and value is not False} | {
        "_seen": seen(response)
    }


def refusals(response) -> list[str]:
    assert response.status_code == 200, response
    return list(response.context_data["adminform"].form.non_field_errors())


def test_what_the_other_has_entered_is_not_overwritten_unseen(desk):
    """Rows that the administration writes itself."""
    merchant = MerchantFactory(name="清泉百货", address="延安路1号")
    address = f"/admin/registry/merchant/{merchant.pk}/change/"
    mine, theirs = opened(desk, address), opened(desk, address)
    assert desk.post(address, theirs | {"address": "湖滨路2号"}).status_code == 302

    refused = desk.post(address, mine | {"name": "清泉百货商店"})

    (told,) = refusals(refused)
    assert told.startswith(f"{TOLD}Address. Nothing was saved")
    assert 'value="清泉百货商店"' in refused.text
    assert 'value="延安路1号"' in refused.text
    assert (Merchant.objects.get().name, LogEntry.objects.count()) == ("清泉百货", 1)
    # an error of another kind does not make one forget what was seen
    assert refusals(desk.post(address, mine | {"name": ""})) == []
    again = mine | {"name": "清泉百货商店", "_seen": seen(refused)}
    assert desk.post(address, again).status_code == 302
    assert Merchant.objects.values_list("name", "address").get() == ("清泉百货商店", "延安路1号")


def test_the_same_change_twice_and_changes_of_what_one_leaves_alone_are_no_conflict(desk):
    merchant = MerchantFactory(name="清泉百货", address="延安路1号")
    address = f"/admin/registry/merchant/{merchant.pk}/change/"
    mine = opened(desk, address)
    Merchant.objects.filter(pk=merchant.pk).update(name="清泉百货商店")

    assert desk.post(address, mine | {"name": "清泉百货商店", "address": "湖滨路2号"}).status_code == 302
    assert Merchant.objects.values_list("name", "address").get() == ("清泉百货商店", "湖滨路2号")


def test_rows_that_a_verb_writes(desk):
    zone = ZoneFactory(address="延安路1号")
    address = f"/admin/pledges/zone/{zone.pk}/change/"
    mine = opened(desk, address)
    Zone.objects.filter(pk=zone.pk).update(address="湖滨路2号", name="湖滨商圈")

    (told,) = refusals(desk.post(address, mine | {"kind": "station"}))

    assert told.startswith(f"{TOLD}Name, Address. Nothing was saved")
    assert Zone.objects.values_list("kind", "address").get() == (zone.kind, "湖滨路2号")


def test_rows_with_consequences_and_what_stands_below_them(desk):
    kind = PledgeTypeFactory(term_months=12)
    first = CoverageFactory(type=kind, words=["退货"])
    CoverageFactory(type=kind, problem=ProblemFactory(), words=["换货"])
    address = f"/admin/pledges/pledgetype/{kind.pk}/change/"
    mine = opened(desk, address)
    type(first).objects.filter(pk=first.pk).update(words=["退款"])

    (told,) = refusals(desk.post(address, mine | {"term_months": 24, "_confirmed": "1"}))

    assert told.startswith(f"{TOLD}Words of the demand. Nothing")
    first.refresh_from_db()
    assert (first.words, PledgeType.objects.get(pk=kind.pk).term_months) == (["退款"], 12)
