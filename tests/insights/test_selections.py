import datetime as dt
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.utils import timezone, translation

from cases.enums import Body, Kind
from core import panels
from core.exceptions import DomainError
from insights.enums import Part, Unit
from insights.matching import savings
from insights.metrics import metric, metrics
from insights.periods import Period
from insights.places import Map
from insights.scopes import Scope
from insights.selections import address, read_scope
from registry.models import Platform
from tests.factories import CaseFactory, RecoveryFactory
from tests.factories.cases import local
from tests.insights.world import muddle

pytestmark = pytest.mark.django_db

IN_2020 = {"from": "2020-01-01", "to": "2020-12-31"}


def parameters(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


SELECTIONS = {"/cases/recoveries/": "postings", "/pledges/": "pledges", "/insights/returns/": "returns"}


def opened(user, url: str):
    """The rows that the list at this address starts from."""
    return panels.selection(SELECTIONS.get(urlsplit(url).path, "metric"))(user, parameters(url))[0]


@pytest.fixture
def busy(city):
    muddle({city.district: Body.BUREAU, city.station: Body.BUREAU, city.branch: Body.COUNCIL}, n=120, seed=3)
    return city


LISTED = [figure for figure in metrics() if figure.unit != Unit.PLATFORMS]  # these are on the scorecard


@pytest.mark.parametrize("figure", LISTED, ids=lambda figure: figure.code)
def test_the_address_of_every_part_opens_exactly_what_is_counted(busy, figure):
    place = Map.load().place("330100", Period.of_year(2020))
    for scope in (
        Scope(busy.regulator, Period.of_year(2020), dt.date(2020, 12, 31)),
        Scope(busy.regulator, Period(dt.date(2020, 2, 5), dt.date(2020, 9, 7)), dt.date(2020, 8, 1), place),
        Scope(busy.officer, Period.of_year(2020), dt.date(2021, 2, 3), agency=busy.station),
    ):
        for part in figure.rows:
            found = opened(scope.user, address(figure, part, scope))
            assert set(found) == set(figure.queryset(part, scope))
        value = figure.compute(scope)
        if figure.unit == Unit.RETURNS:
            assert sum(row.count for row in found) == value.value
        elif figure.unit == Unit.MONEY:
            assert sum(row.amount for row in found) == value.value
        elif figure.unit == Unit.RATE:
            assert found.count() == value.denominator
        elif figure.unit in (Unit.SAVING, Unit.PAIRS):
            assert found.count() == savings(scope)[None].matched
        elif figure.unit == Unit.DAYS:
            days = sorted((timezone.localdate(row.ended_at or row.closed_at) - row.accepted_on).days for row in found)
            assert value.value == (days[(len(days) - 1) // 2] if days else None)
        else:
            assert found.count() == value.value


def test_another_agency_opens_nothing(busy):
    for figure in LISTED:
        for part in figure.rows:
            url = address(figure, part, Scope(busy.stranger, Period.of_year(2020), dt.date(2021, 2, 3)))
            assert not opened(busy.stranger, url).exists()


def test_an_address_is_readable_and_short_today(city):
    scope = Scope(city.regulator, Period.of_year(2020), timezone.localdate())

    assert address(metric("cases.received"), Part.VALUE, scope, category="12315:101") == (
        "/cases/?metric=cases.received&part=value&from=2020-01-01&to=2020-12-31&category=12315:101"
    )
    assert address(metric("recoveries.total"), Part.VALUE, scope).startswith("/cases/recoveries/?metric=recoveries.total")


def test_title_and_description_say_what_is_opened(city):
    _rows, title, description = panels.selection("metric")(
        city.regulator, {"metric": "cases.accepted_on_time", "part": "numerator", "region": "330106", **IN_2020}
    )

    assert title == f"{metric('cases.accepted_on_time').label} · {Part.NUMERATOR.label}"
    assert "2020年1月1日" in description
    assert "西湖区" in description
    assert str(metric("cases.accepted_on_time").numerator) in description


def test_a_part_left_out_is_the_value_or_the_denominator(city):
    case = CaseFactory(accepted=True, handling=city.district, received_at=local(2020, 5, 1))
    RecoveryFactory(case=case, posted_on=dt.date(2020, 5, 1))

    for code in ("cases.received", "cases.resolution_rate"):
        assert panels.selection("metric")(city.regulator, {"metric": code, **IN_2020})[0].get() == case
    assert panels.selection("postings")(city.regulator, {"metric": "recoveries.total", **IN_2020})[0].get().case == case


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("metric", {}, "no figure"),
        ("metric", {"metric": "cases.nothing", **IN_2020}, r"cases\.nothing"),
        ("metric", {"metric": "recoveries.total", **IN_2020}, r"recoveries\.total"),
        ("postings", {"metric": "cases.received", **IN_2020}, r"cases\.received"),
        ("metric", {"metric": "cases.received", "part": "numerator", **IN_2020}, "numerator"),
        ("metric", {"metric": "cases.received", "to": "2020-12-31"}, "from"),
        ("metric", {"metric": "cases.received", **IN_2020, "from": "2020-02-30"}, "2020-02-30"),
        ("metric", {"metric": "cases.received", **IN_2020, "to": "2019-12-31"}, "before the first"),
        ("metric", {"metric": "cases.received", **IN_2020, "from": "0001-01-01"}, "1950"),
        ("metric", {"metric": "cases.received", **IN_2020, "as_of": "yesterday"}, "yesterday"),
        ("metric", {"metric": "cases.received", **IN_2020, "region": "999999"}, "999999"),
        ("metric", {"metric": "cases.received", **IN_2020, "region": "330113"}, "330113"),
        ("metric", {"metric": "cases.received", **IN_2020, "agency": "nobody"}, "nobody"),
        ("metric", {"metric": "channel.referred", **IN_2020, "to_platform": "nowhere"}, "nowhere"),
        ("metric", {"metric": "cases.received", **IN_2020, "to_platform": "yanguo"}, r"cases\.received"),
        ("metric", {"metric": "channel.platforms", **IN_2020}, r"channel\.platforms"),
        ("metric", {"metric": "pledges.created", **IN_2020}, r"pledges\.created"),
        ("pledges", {"metric": "cases.received", **IN_2020}, r"cases\.received"),
        ("pledges", {"metric": "pledges.created.nothing", **IN_2020}, r"pledges\.created\.nothing"),
        ("pledges", {"metric": "pledges.created", **IN_2020, "region": "999999"}, "999999"),
    ],
)
def test_what_cannot_be_opened_is_said(city, name, given, said):
    with translation.override("en"), pytest.raises(DomainError, match=said):
        panels.selection(name)(city.regulator, given)


def test_a_scope_is_read_back_from_its_address(city):
    scope = Scope(
        city.officer, Period(dt.date(2021, 1, 1), dt.date(2021, 12, 31)), dt.date(2021, 11, 30),
        Map.load().place("330102:2001-03-25", Period.of_year(2021)), city.district,
        Platform.objects.get(code="yanguo"),
    )  # fmt: skip

    assert read_scope(city.officer, parameters(address(metric("channel.referred"), Part.VALUE, scope))) == scope


def test_platforms_are_opened_on_the_scorecard(city):
    scope = Scope(city.officer, Period.of_year(2020), timezone.localdate())
    assert address(metric("channel.platforms"), Part.VALUE, scope) == "/insights/channel/?from=2020-01-01&to=2020-12-31"


def test_the_case_list_shows_the_figure_and_its_cases(client, city):
    counted = CaseFactory(handling=city.district, received_at=local(2020, 5, 1))
    report = CaseFactory(handling=city.district, received_at=local(2020, 5, 1), kind=Kind.REPORT)
    client.force_login(city.officer)
    scope = Scope(city.officer, Period.of_year(2020), dt.date(2021, 6, 1))

    page = client.get(address(metric("cases.received.complaint"), Part.VALUE, scope)).content.decode()

    assert counted.number in page
    assert report.number not in page
    assert str(metric("cases.received.complaint").label) in page
