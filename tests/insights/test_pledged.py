"""The figures of pledges: exact values on small data, what each opens, and the section of the dashboard."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.urls import reverse
from django.utils import timezone, translation

from core import panels
from core.exceptions import DomainError
from insights.enums import Part
from insights.forms import Choice
from insights.metrics import every_metric, family, metric
from insights.periods import Period
from insights.places import Map
from insights.pledge_figures import PledgeFigures
from insights.scopes import Scope
from insights.selections import address
from pledges.domain import act_on_pledge
from pledges.enums import BreachState
from pledges.models import Pledge, PledgeEvent, PledgeType, Suspension
from registry.models import Region
from tests.factories import (
    BreachFactory,
    CaseFactory,
    MerchantFactory,
    PledgeFactory,
    PremisesFactory,
    ReturnEntryFactory,
    TargetFactory,
    UserFactory,
)
from tests.factories.cases import local
from tests.insights.test_selections import parameters

pytestmark = pytest.mark.django_db

YEAR = Period.of_year(2020)
LAST = dt.date(2020, 12, 31)
TODAY = dt.date(2021, 6, 1)
PAGE, LIST, EXPORT = reverse("insights:pledges"), reverse("pledges:list"), reverse("pledges:export")
CODES = ("pledges.created", "pledges.in_force", "pledges.ended", "pledges.renewed")
day = dt.date


def type_of(code: str) -> PledgeType:
    return PledgeType.objects.get(code=code)


def published(on: dt.date, code="reassuring_unit", *, premises=None, to: dt.date | None = None, **facts) -> Pledge:
    premises = premises or PremisesFactory()
    given = {"published_on": on, "valid_to": to or on + dt.timedelta(days=1095)} | facts
    return PledgeFactory(premises=premises, type=type_of(code), in_force=True, **given)


def scope(user=None, *, period=YEAR, as_of=TODAY, **narrowed) -> Scope:
    return Scope(user, period, as_of, **narrowed)


def value(code: str, *args, **kwargs) -> int:
    return metric(code).compute(scope(*args, **kwargs)).value


def rows(code: str, *args, **kwargs) -> set:
    return set(metric(code).queryset(Part.VALUE, scope(*args, **kwargs)))


# what counts


def test_a_unit_is_new_by_the_day_of_its_first_publication():
    for on in (day(2019, 12, 31), day(2020, 1, 1), day(2020, 12, 31), day(2021, 1, 1)):
        published(on)
    PledgeFactory()  # an application makes no unit

    assert value("pledges.created") == 2
    assert value("pledges.created", as_of=day(2020, 12, 30)) == 1
    assert value("pledges.created.reassuring_unit") == 2
    assert value("pledges.created.factory") == 0


def test_a_unit_with_several_types_is_one_unit_and_stands_with_each():
    shop = PremisesFactory()
    first = published(day(2020, 3, 1), premises=shop)
    second = published(day(2020, 3, 1), "factory", premises=shop)
    third = published(day(2020, 9, 1), "no_reason_return", premises=shop)

    assert rows("pledges.created") == rows("pledges.in_force") == {first}
    for pledge in (first, second, third):
        assert rows(f"pledges.created.{pledge.type.code}") == {pledge}
        assert rows(f"pledges.in_force.{pledge.type.code}") == {pledge}


def test_two_shops_of_a_merchant_are_two_units():
    chain = MerchantFactory()
    for _shop in range(2):
        published(day(2020, 3, 1), premises=PremisesFactory(merchant=chain))

    assert value("pledges.created") == value("pledges.in_force") == 2


def test_a_type_that_an_older_unit_adds_makes_nothing_new():
    shop = PremisesFactory()
    old = published(day(2019, 5, 1), premises=shop)
    added = published(day(2020, 5, 1), "factory", premises=shop)

    assert value("pledges.created") == value("pledges.created.factory") == 0
    assert rows("pledges.in_force") == {old}
    assert rows("pledges.in_force.factory") == {added}


def test_what_is_renewed_is_not_new(city):
    pledge = published(day(2019, 2, 1), to=day(2020, 1, 31), premises=PremisesFactory(agency=city.district))
    head = UserFactory(agency=city.district, roles=["approver"])
    act_on_pledge(pledge, "renew", actor=head, on=day(2020, 1, 31), now=local(2020, 2, 20))

    assert value("pledges.created") == 0
    assert rows("pledges.renewed") == rows("pledges.in_force") == {pledge}
    assert value("pledges.created", period=Period.of_year(2019)) == 1
    for start, end, n in ((day(2020, 1, 31), day(2020, 1, 31), 1), (day(2020, 2, 1), LAST, 0)):
        assert value("pledges.renewed", period=Period(start, end)) == n
    assert value("pledges.renewed", as_of=day(2020, 1, 30)) == 0


def test_a_pledge_renewed_twice_in_a_period_counts_once(city):
    pledge = published(day(2018, 2, 1))
    for on in ("2020-01-31", "2020-12-31"):
        PledgeEvent.objects.create(pledge=pledge, verb="renew", at=timezone.now(), data={"on": on})

    assert rows("pledges.renewed") == {pledge}


def test_renewals_of_a_period_are_found_by_their_index():
    pledge = published(day(2018, 2, 1))
    others = (PledgeEvent(pledge=pledge, verb="evaluate", at=timezone.now(), data={}) for _n in range(500))
    PledgeEvent.objects.bulk_create(others)
    scope = Scope(None, YEAR, LAST)

    with connection.cursor() as cursor:  # of a handful of events each index is as good as another
        cursor.execute("ANALYZE pledges_pledgeevent")
    plan = metric("pledges.renewed").queryset(Part.VALUE, scope).explain()
    assert "pledges_event_renewed" in plan


def test_what_is_taken_up_again_is_not_new():
    shop = PremisesFactory()
    before = published(day(2017, 1, 1), to=day(2019, 12, 31), premises=shop, state="expired")
    again = published(day(2020, 2, 1), premises=shop, previous=before)

    assert value("pledges.created") == value("pledges.created.reassuring_unit") == 0
    assert rows("pledges.in_force") == {again}


def test_taken_up_again_within_the_year_it_is_new_once():
    shop = PremisesFactory()
    first = published(day(2020, 2, 1), premises=shop, state="revoked", ended_on=day(2020, 2, 1))
    same_day = published(day(2020, 2, 1), premises=shop, previous=first)

    assert rows("pledges.created") == rows("pledges.created.reassuring_unit") == {first}
    assert rows("pledges.in_force") == {same_day}


def test_in_force_is_told_of_the_last_day():
    published(day(2020, 1, 1), to=day(2020, 12, 31))
    published(day(2020, 1, 1), to=day(2020, 12, 30))
    published(day(2020, 1, 1), state="revoked", ended_on=day(2020, 12, 31))
    published(day(2021, 1, 1))

    assert value("pledges.in_force") == 1
    assert value("pledges.in_force", as_of=day(2020, 12, 30)) == 3
    assert value("pledges.in_force", period=Period(day(2021, 1, 1), day(2021, 1, 1))) == 1


def test_suspended_days_are_not_in_force():
    pledge = published(day(2020, 1, 1))
    other = published(day(2020, 6, 1), "factory", premises=pledge.premises)
    Suspension.objects.create(pledge=pledge, since=day(2020, 12, 31), until=day(2021, 1, 2), reason="整改期间暂停")

    assert rows("pledges.in_force") == {other}
    assert value("pledges.in_force.reassuring_unit") == 0
    assert value("pledges.in_force.reassuring_unit", as_of=day(2020, 12, 30)) == 1
    assert rows("pledges.in_force.reassuring_unit", period=Period(day(2021, 1, 2), day(2021, 1, 2))) == {pledge}


def test_ended_are_those_revoked_and_deregistered_in_the_period():
    gone = {
        published(day(2019, 1, 1), state=state, ended_on=on)
        for state, on in (("revoked", day(2020, 1, 1)), ("deregistered", day(2020, 12, 31)))
    }
    published(day(2019, 1, 1), state="revoked", ended_on=day(2019, 12, 31))
    published(day(2019, 1, 1), state="revoked", ended_on=day(2021, 1, 1))
    published(day(2017, 1, 1), to=day(2020, 3, 1), state="expired")

    assert rows("pledges.ended") == gone
    assert value("pledges.ended", as_of=day(2020, 12, 30)) == 1


# whose rows


def test_figures_keep_to_the_agencies_and_the_roles_of_the_reader(city):
    kept = {
        agency: published(day(2020, 5, 1), premises=PremisesFactory(agency=agency))
        for agency in (city.bureau, city.district, city.station, city.neighbour)
    }
    for code in ("pledges.created", "pledges.in_force", "pledges.in_force.reassuring_unit"):
        assert rows(code) == rows(code, city.regulator) == set(kept.values())
        assert rows(code, city.officer) == {kept[city.district], kept[city.station]}
        assert rows(code, city.stranger) == {kept[city.neighbour]}
        assert rows(code, agency=city.district) == {kept[city.district], kept[city.station]}
        assert rows(code, city.stranger, agency=city.district) == set()
        assert rows(code, city.mediator) == rows(code, city.auditor) == set()


def region(code: str, since: str) -> Region:
    return Region.objects.get(code=code, valid_from=since)


def test_a_place_is_that_of_today_whatever_the_period():
    """The register has the premises with the district of today, which in 2020 had other bounds or another name."""
    for code, since in (("330102", "2021-04-09"), ("330105", "2021-04-09"), ("330106", "2001-03-25")):
        published(day(2020, 5, 1), premises=PremisesFactory(region=region(code, since)))
    regions = Map.load()

    for token, n in (("330102", 1), ("330106", 1), ("330100", 3), ("330103", 0)):
        assert value("pledges.created", place=regions.place(token, YEAR)) == n, token
    with translation.override("en"), pytest.raises(DomainError, match="999999"):
        regions.in_register("999999")


# what a figure opens


@pytest.mark.parametrize("token", [None, "330106", "330102"])
def test_a_figure_opens_exactly_what_it_counts(client, city, token):
    places = region("330106", "2001-03-25"), region("330102", "2021-04-09")
    for n, agency in enumerate((city.district, city.district, city.station, city.neighbour)):
        shop = PremisesFactory(agency=agency, region=places[n % 2])
        pledge = published(day(2020, 2 + n, 1), premises=shop)
        published(day(2020, 7, 1), "factory", premises=shop, state="revoked", ended_on=day(2020, 8, 1))
        PledgeEvent.objects.create(pledge=pledge, verb="renew", at=timezone.now(), data={"on": "2020-03-01"})
    client.force_login(city.officer)
    place = Map.load().in_register(token) if token else None
    asked = scope(city.officer, as_of=timezone.localdate(), place=place)

    counted = 0
    for figure in every_metric():
        if figure.code.startswith("pledges."):
            url = address(figure, Part.VALUE, asked)
            response = client.get(url)
            assert response.status_code == 200
            counted += (n := figure.compute(asked).value)
            assert response.context["page"].count == n, figure.code
            opened = {row.pk for row in response.context["page"].rows}
            assert opened == {row.pk for row in figure.queryset(Part.VALUE, asked)}
            assert str(figure.label) in response.content.decode()
            selected = panels.selection("pledges")(city.officer, parameters(url))[0]
            assert {row.pk for row in selected} == opened
    assert counted == (7 * 3 if token is None else 7 * 2 if token == "330106" else 7)


def test_a_figure_that_is_none_is_said_and_opens_nothing(client, city):
    published(day(2020, 5, 1), premises=PremisesFactory(agency=city.district))
    client.force_login(city.officer)

    response = client.get(f"{LIST}?metric=cases.received&from=2020-01-01&to=2020-12-31")

    assert response.context["page"].count == 0
    assert "cases.received" in response.content.decode()


def test_the_rows_of_a_figure_are_exported(client, city):
    shop = PremisesFactory(name="云帆超市（测试店）", agency=city.district)
    published(day(2020, 5, 1), "factory", premises=shop, to=day(2023, 4, 30))
    published(day(2019, 5, 1), premises=PremisesFactory(agency=city.district))
    client.force_login(UserFactory(agency=city.district, roles=["pledge_clerk"]))
    query = "metric=pledges.created&part=value&from=2020-01-01&to=2020-12-31"

    assert EXPORT in client.get(f"{LIST}?{query}").content.decode()
    lines = b"".join(client.get(f"{EXPORT}?{query}&format=csv")).decode("utf-8-sig").splitlines()

    assert len(lines) == 2
    for word in ("云帆超市（测试店）", "放心工厂", "2020-05-01", "2023-04-30"):
        assert word in lines[1]


# the section of the dashboard


def test_the_section_counts_by_type_and_district_and_opens_each(client, city):
    west, upper = region("330106", "2001-03-25"), region("330102", "2021-04-09")
    for place, n in ((west, 2), (upper, 1)):
        for _shop in range(n):
            shop = PremisesFactory(agency=city.district, region=place)
            published(day(2020, 5, 1), premises=shop)
            published(day(2020, 6, 1), "factory", premises=shop)
    published(day(2019, 5, 1), "village", premises=PremisesFactory(agency=city.district, region=west))
    client.force_login(city.regulator)

    response = client.get(f"{PAGE}?year=2020")
    figures = response.context["figures"]

    assert [(line.label, line.in_force, line.created) for line in figures.by_type] == [
        ("放心消费单位", 3, 3), ("放心工厂", 3, 3), ("放心村", 1, 0),
    ]  # fmt: skip
    assert [(line.label, line.in_force, line.created) for line in figures.by_district] == [
        ("西湖区", 3, 2), ("上城区", 1, 1),
    ]  # fmt: skip
    assert [(tile.metric.code, tile.now.value, tile.year.value) for tile in figures.tiles] == [
        ("pledges.in_force", 4, 1), ("pledges.created", 3, 1), ("pledges.renewed", 0, 0), ("pledges.ended", 0, 0),
        ("returns.count", 0, 0), ("returns.amount", 0, 0), ("breaches.suspected", 0, 0), ("breaches.confirmed", 0, 0),
    ]  # fmt: skip
    for line in (*figures.by_type, *figures.by_district):
        for url, n in ((line.in_force_url, line.in_force), (line.created_url, line.created)):
            assert url.replace("&", "&amp;") in response.content.decode()
            assert client.get(url).context["page"].count == n, url


def test_a_district_that_is_no_more_has_its_line_and_opens_it(client, city):
    old = region("330102", "2001-03-25")
    published(day(2020, 5, 1), premises=PremisesFactory(agency=city.district, region=old))
    client.force_login(city.regulator)

    line = client.get(f"{PAGE}?year=2020").context["figures"].by_district[0]

    assert (line.created, client.get(line.created_url).context["page"].count) == (1, 1)


def test_each_line_is_that_of_its_figure(city):
    shop = PremisesFactory(agency=city.district, region=region("330106", "2001-03-25"))
    published(day(2020, 5, 1), premises=shop)
    published(day(2020, 6, 1), "factory", premises=shop)
    place = Map.load().in_register("330106")
    figures = PledgeFigures(city.regulator, Choice("years", YEAR, YEAR), place, Map.load(), TODAY)

    types = PledgeType.objects.filter(code__in=["reassuring_unit", "factory"])
    for type, line in zip(types, figures.by_type, strict=True):
        for whole, n in (("pledges.in_force", line.in_force), ("pledges.created", line.created)):
            assert family(whole).of(type.code, type.label).compute(figures.scope).value == n == 1
    assert [(line.in_force, line.created) for line in figures.by_district] == [(1, 1)]


def test_the_dashboard_loads_the_section_for_those_who_see_pledges(client, city):
    for handling in (city.district, city.branch):
        CaseFactory(handling=handling, received_at=local(2020, 5, 4))
    for reader, sees in (("regulator", True), ("officer", True), ("mediator", False)):
        client.force_login(getattr(city, reader))
        shown = client.get(f"{reverse('insights:dashboard')}?year=2020").content.decode()
        assert (f'hx-get="{PAGE}?year=2020"' in shown) is sees, reader
    client.force_login(city.officer)
    section = client.get(f"{PAGE}?year=2020", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in section


def test_targets_of_the_year_stand_in_the_section_and_open_their_rows(client, city):
    kind = {"what": "demonstration_areas", "year": 2020}
    target = TargetFactory(agency=city.bureau, number=4, **kind)
    TargetFactory(agency=city.district, **kind)
    TargetFactory(agency=city.bureau, what="demonstration_areas", year=2019)
    shop = PremisesFactory(agency=city.district, region=region("330106", "2001-03-25"))
    published(day(2020, 5, 1), "demonstration_area", premises=shop)
    published(day(2020, 9, 1), "demonstration_area", premises=PremisesFactory(agency=city.district, region=shop.region))
    client.force_login(city.regulator)

    shown = client.get(f"{PAGE}?from=2020-01-01&to=2020-06-30")
    [line] = shown.context["figures"].targets
    assert (line.target, line.reached, line.share) == (target, 1, 0.25)
    rows = f"/pledges/targets/{target.pk}/reached/?on=2020-06-30"
    assert f'href="{rows}"' in shown.content.decode()
    assert client.get(rows).context["page"].count == 1
    assert client.get(f"{PAGE}?year=2020&region=330106").context["figures"].targets == []
    client.force_login(city.officer)
    assert client.get(f"{PAGE}?year=2020").context["figures"].targets == []  # who has no right to targets


def test_the_page_has_a_chooser_of_its_own_and_the_section_has_none(client, city):
    published(day(2019, 5, 1), premises=PremisesFactory(agency=city.district, region=region("330106", "2001-03-25")))
    client.force_login(city.regulator)

    page = client.get(f"{PAGE}?year=2020")
    assert list(page.context["years"])[-1] == 2019
    upper = [place.token for place in page.context["places"] if place.region.name == "上城区"]
    assert upper == ["330102"]  # the one of today alone, by which the register knows it
    chosen = client.get(f"{PAGE}?year=2020", headers={"HX-Request": "true", "HX-Target": "dash"})
    assert 'name="region"' in chosen.content.decode()
    assert "<html" not in chosen.content.decode()
    assert {"HX-Request", "HX-Target"} <= {name.strip() for name in chosen["Vary"].split(",")}
    section = client.get(f"{PAGE}?year=2020", headers={"HX-Request": "true"}).content.decode()
    assert 'name="region"' not in section
    assert 'id="t-units-places"' in section


def test_the_register_leads_to_the_districts_and_each_of_them_to_its_types_and_streets(client, city):
    west = region("330106", "2001-03-25")
    street = Region.objects.filter(parent=west, level="street").first()
    published(day(2020, 5, 1), premises=PremisesFactory(agency=city.district, region=street))
    published(day(2020, 5, 1), "factory", premises=PremisesFactory(agency=city.district, region=west))
    other = region("330102", "2021-04-09")
    published(day(2020, 5, 1), "village", premises=PremisesFactory(agency=city.district, region=other))
    published(day(2020, 5, 1), "village", premises=PremisesFactory(agency=city.neighbour, region=west))
    client.force_login(city.officer)

    assert f'href="{PAGE}"' in client.get(LIST).content.decode()
    page = client.get(f"{PAGE}?year=2020")
    assert 'href="/insights/pledges/?year=2020&amp;region=330106"' in page.content.decode()
    figures = client.get(f"{PAGE}?year=2020&region=330106").context["figures"]

    assert [(line.label, line.in_force, line.created, line.token) for line in figures.by_type] == [
        ("放心消费单位", 1, 1, ""), ("放心工厂", 1, 1, ""),
    ]  # fmt: skip
    lines = {line.label: (line.in_force, line.created, line.token) for line in figures.by_district}
    assert lines == {street.name: (1, 1, street.code), "西湖区（未细分）": (1, 1, "")}
    for line in (*figures.by_type, *figures.by_district):
        assert client.get(line.in_force_url).context["page"].count == line.in_force


def test_whoever_sees_no_cases_is_not_led_to_figures(client, city):
    clerk = UserFactory(agency=city.district)
    clerk.user_permissions.add(Permission.objects.get(codename="view_pledge"))
    client.force_login(clerk)

    assert f'href="{PAGE}"' not in client.get(LIST).content.decode()


def test_what_is_wrong_in_the_address_of_the_section_is_said(client, city):
    client.force_login(city.regulator)

    for query, word in (("from=2020-05-01", "2020"), ("year=2020&region=999999", "999999")):
        assert word in client.get(f"{PAGE}?{query}").content.decode()


def test_the_section_in_english_has_no_chinese(client, city):
    published(day(2020, 5, 1), premises=PremisesFactory(agency=city.district, region=region("330106", "2001-03-25")))
    client.force_login(city.regulator)
    client.cookies["django_language"] = "en"

    shown = re.search(r"<main.*</main>", client.get(f"{PAGE}?year=2020").content.decode(), re.S).group(0)

    assert not re.search(r"[\u4e00-\u9fff]", shown)


def test_as_many_queries_however_many_units(client, city, django_assert_num_queries):
    client.force_login(city.regulator)
    client.get(PAGE)  # what stays in memory
    for n in (1, 3):
        for number in range(n):
            code = ("village", "factory", "live_room")[number]
            place = region(("330106", "330108", "330109")[number], "2021-04-09" if number == 2 else "2001-03-25")
            published(day(2020, 5, 1), code, premises=PremisesFactory(agency=city.district, region=place))
        with django_assert_num_queries(28):
            client.get(f"{PAGE}?year=2020")


# returns and breaches


def test_returns_count_in_the_month_that_begins_in_the_period(client, city):
    west = region("330106", "2001-03-25")
    shop = PremisesFactory(agency=city.district, region=west)
    other = PremisesFactory(agency=city.neighbour, region=west)
    for month, count, amount in (
        (day(2019, 12, 1), 9, "900.00"), (day(2020, 1, 1), 3, "250.50"), (day(2020, 12, 1), 2, "100.25"),
        (day(2021, 1, 1), 9, "900.00"),
    ):  # fmt: skip
        ReturnEntryFactory(premises=shop, month=month, count=count, amount=Decimal(amount))
    ReturnEntryFactory(premises=other, month=day(2020, 5, 1), count=5, amount=Decimal(70))

    assert (value("returns.count"), value("returns.amount")) == (10, Decimal("420.75"))
    assert value("returns.count", as_of=day(2020, 11, 30)) == 8
    assert (value("returns.count", city.officer), value("returns.amount", city.officer)) == (5, Decimal("350.75"))
    assert value("returns.count", agency=city.neighbour) == 5
    assert value("returns.count", place=Map.load().in_register("330108")) == 0
    assert value("returns.count", city.mediator) == value("returns.amount", city.auditor) == 0
    client.force_login(city.officer)
    for code in ("returns.count", "returns.amount"):
        url = address(metric(code), Part.VALUE, scope(city.officer, as_of=timezone.localdate()))
        response = client.get(url)
        assert {row.pk for row in response.context["page"].rows} == {row.pk for row in rows(code, city.officer)}
        assert response.context["page"].count == 2
        assert "250.50" in response.content.decode()


def test_the_entries_of_a_figure_are_exported(client, city):
    shop = PremisesFactory(name="云帆超市（测试店）", agency=city.district)
    ReturnEntryFactory(premises=shop, month=day(2020, 5, 1), count=7, amount=Decimal("1234.50"))
    ReturnEntryFactory(premises=shop, month=day(2021, 5, 1))
    client.force_login(UserFactory(agency=city.district, roles=["pledge_clerk"]))
    query = "metric=returns.amount&part=value&from=2020-01-01&to=2020-12-31"

    lines = b"".join(client.get(f"{reverse('insights:returns_export')}?{query}&format=csv")).decode("utf-8-sig")

    assert len(lines.splitlines()) == 2
    for word in ("云帆超市（测试店）", "2020-05", "7", "1234.50"):
        assert word in lines.splitlines()[1]


def test_suspected_are_complaints_received_and_confirmed_are_those_decided(city):
    shop = PremisesFactory(agency=city.district)
    pledges = [published(day(2019, 1, 1), code, premises=shop) for code in ("reassuring_unit", "factory")]

    def complaint(month, **facts):
        case = CaseFactory(handling=city.district, received_at=local(2020, month, 4))
        for pledge in pledges:  # under two pledges it is one complaint
            BreachFactory(case=case, pledge=pledge, **facts)
        return case

    waiting = complaint(3)
    lost = complaint(4, matches=False)
    dismissed = complaint(5, matches=False, state=BreachState.DISMISSED, decided_at=local(2020, 6, 1))
    late = complaint(6, confirmed=True, decided_at=local(2021, 1, 1, 0))
    sure = complaint(7, confirmed=True, decided_at=local(2020, 12, 31, 23))

    assert rows("breaches.suspected") == {waiting, dismissed, late, sure}
    assert rows("breaches.confirmed") == {sure}
    assert rows("breaches.confirmed", period=Period.of_year(2021)) == {late}
    assert rows("breaches.suspected", city.officer) == {waiting, dismissed, late, sure}
    for reader in (city.stranger, city.mediator, UserFactory(agency=city.district, roles=["mediator"])):
        assert rows("breaches.suspected", reader) == rows("breaches.confirmed", reader) == set()
    assert lost.breaches.count() == 2
