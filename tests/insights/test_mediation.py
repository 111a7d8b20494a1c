import datetime as dt
import re

import pytest
from django.urls import reverse
from django.utils import translation

from cases.enums import Body, Outcome
from insights.forms import Choice
from insights.mediation import BY_BODY, OF_BOTH, MediationFigures
from insights.metrics import metric
from insights.periods import Period
from insights.places import Map
from insights.summary import OF_MEDIATION
from tests.factories import CaseFactory
from tests.factories.cases import local
from tests.insights.world import muddle

pytestmark = pytest.mark.django_db

HOME, PAGE, DEFINITIONS = (reverse(f"insights:{name}") for name in ("dashboard", "mediation", "definitions"))
YEAR = Period.of_year(2020)
IN_2020 = Choice("years", YEAR, YEAR)
TODAY = dt.date(2021, 6, 1)
NO_CHANGE = "同比 - 环比 -"


def figures(user, place=None) -> MediationFigures:
    return MediationFigures(user, IN_2020, place, TODAY)


def test_every_figure_of_mediation_is_shown():
    shown = [code for _label, *codes in BY_BODY for code in codes] + list(OF_BOTH)

    assert sorted(shown) == sorted(OF_MEDIATION)


def test_each_number_is_that_of_its_figure_in_each_period(city):
    muddle({city.district: Body.BUREAU, city.station: Body.BUREAU, city.branch: Body.COUNCIL}, n=300, seed=7)
    found = figures(city.regulator)

    tiles = [tile for line in found.by_body for tile in line.tiles] + found.of_both
    assert all(tile.now.value for tile in tiles)
    for tile in tiles:
        for _name, side in tile.sides:
            assert side.figure == tile.metric.compute(side.scope), tile.metric.code
    assert [side.scope.period.start.year for _name, side in tiles[0].sides] == [2020, 2019, 2019]


def test_where_areas_changed_nothing_is_compared(city):
    place = Map.load().place("330114", Period.of_year(2021))
    choice = Choice("years", Period.of_year(2021), Period.of_year(2021))
    found = MediationFigures(city.regulator, choice, place, dt.date(2021, 12, 31))

    tile = found.of_both[0]
    assert (tile.now.value, tile.year.value) == (0, None)
    assert tile.year.reason


@pytest.fixture
def regulator(client, city):
    client.force_login(city.regulator)
    return client


def text(html: str) -> list[str]:
    return [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in re.findall(r"<td[^>]*>(.*?)</td>", html, re.S)]


def test_the_page_shows_both_definitions_for_both_bodies_with_their_parts(regulator, city):
    for handling, body, agreements in ((city.district, Body.BUREAU, 3), (city.branch, Body.COUNCIL, 1)):
        made = {"closed": True, "handling": handling, "body": body, "received_at": local(2020, 5, 4)}
        CaseFactory.create_batch(agreements, outcome=Outcome.AGREEMENT, **made)
        CaseFactory(outcome=Outcome.FAILED, **made)
        CaseFactory(outcome=Outcome.WITHDRAWN, **made)

    response = regulator.get(f"{PAGE}?year=2020")
    shown = response.content.decode()

    assert response.status_code == 200
    rows = re.findall(r"<tr>(.*?)</tr>", shown, re.S)
    bureaus, councils = text(next(row for row in rows if "success_council.bureaus" in row))
    assert (bureaus, councils) == tuple(f"{value} {NO_CHANGE}" for value in ("75.0% 3 / 4", "50.0% 1 / 2"))
    bureaus, councils = text(next(row for row in rows if "success_national.councils" in row))
    assert (bureaus, councils) == tuple(f"{value} {NO_CHANGE}" for value in ("60.0% 3 / 5", "33.3% 1 / 3"))
    for code in ("mediation.success_council.bureaus", "mediation.success_national.councils"):
        for part in ("numerator", "denominator"):
            address = next(one for one in re.findall(r'href="([^"]*)"', shown) if f"{code}&amp;part={part}" in one)
            opened = regulator.get(address.replace("&amp;", "&"))
            assert opened.context["page"].count == getattr(
                metric(code).compute(figures(city.regulator).scope), part
            ), (code, part)


def test_the_dashboard_loads_the_section_of_its_period(regulator, city):
    CaseFactory(handling=city.district, received_at=local(2020, 5, 4))

    shown = regulator.get(f"{HOME}?year=2020&region=330100").content.decode()
    section = regulator.get(f"{PAGE}?year=2020&region=330100", headers={"HX-Request": "true"}).content.decode()

    assert f'hx-get="{PAGE}?year=2020&amp;region=330100"' in shown
    assert "<html" not in section
    asked = "from=2020-01-01&amp;to=2020-12-31&amp;region=330100"
    assert f"metric=confirmation.confirmed&amp;part=value&amp;{asked}" in section
    assert f"{DEFINITIONS}#confirmation.confirmed" in section


def test_what_is_wrong_in_the_address_is_said(regulator, city):
    shown = regulator.get(f"{PAGE}?from=2020-05-01").content.decode()

    with translation.override("zh-hans"):
        assert translation.gettext("A period of your own needs both its first and its last day.") in shown


def test_as_many_queries_however_many_cases(regulator, city, django_assert_num_queries):
    regulator.get(PAGE)  # what stays in memory
    for n in (1, 3):
        CaseFactory.create_batch(n, closed=True, handling=city.district, received_at=local(2020, 5, 4))
        with django_assert_num_queries(11):
            assert regulator.get(f"{PAGE}?year=2020").status_code == 200
