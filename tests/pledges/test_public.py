"""What the public would see of the register, and that nobody sees it unless the installation says so."""

import datetime as dt

import pytest

from tests.factories import PledgeFactory, PledgeTypeFactory, PremisesFactory, RegionFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def reader(client, clerk, settings):
    settings.PUBLIC_REGISTER_PREVIEW = True
    client.force_login(clerk)
    client.cookies["django_language"] = "en"
    return client


def test_off_it_is_not_there(reader, settings):
    settings.PUBLIC_REGISTER_PREVIEW = False
    assert reader.get("/pledges/public/").status_code == 404
    assert "/pledges/public/" not in reader.get("/pledges/").content.decode()


def test_on_the_register_leads_to_it(reader):
    assert 'href="/pledges/public/"' in reader.get("/pledges/").content.decode()


def test_numbers_below_five_are_not_told_and_nobody_sums_them_up(reader):
    kinds, region = PledgeTypeFactory.create_batch(2), RegionFactory()
    for kind, number in zip(kinds, (4, 5), strict=True):
        for _n in range(number):
            PledgeFactory(premises=PremisesFactory(region=region), type=kind, in_force=True)
    PledgeFactory(premises=PremisesFactory(region=region), type=kinds[0])  # not published

    page = reader.get("/pledges/public/")

    assert page.context["types"] == kinds
    assert page.context["districts"] == [(region, ["fewer than 5", "5"])]


def test_only_what_binds_is_shown(reader):
    shown = PledgeFactory(in_force=True, premises__name="湖滨店")
    past = {"published_on": dt.date(2019, 1, 1), "valid_to": dt.date(2020, 1, 1)}
    PledgeFactory(in_force=True, premises__name="已过期店", **past)
    suspended = PledgeFactory(in_force=True, premises__name="已暂停店", state="suspended")
    suspended.suspensions.create(since=suspended.published_on, reason="多次拒绝退货")

    page = reader.get("/pledges/public/")

    assert list(page.context["newest"]) == [shown]
