"""The quick passes of the dashboard against the definitions, on a muddle of cases."""

import datetime as dt

import pytest

from cases.enums import Body, RecoveryStatus
from insights.metrics import metric
from insights.periods import Period
from insights.places import Map
from insights.scopes import Scope
from insights.summary import FIGURES, OF_MEDIATION, Slots, summarise, summarise_mediation
from tests.insights.world import muddle

pytestmark = pytest.mark.django_db



def period(start: str, end: str) -> Period:
    return Period(dt.date.fromisoformat(start), dt.date.fromisoformat(end))


YEAR = Period.of_year(2020)
TODAY = dt.date(2021, 6, 1)
PERIODS = {
    "years": (YEAR, YEAR.year_before(), YEAR.year_before()),
    "months": (
        period("2020-03-01", "2020-03-31"), period("2019-12-01", "2019-12-31"), period("2020-02-01", "2020-02-29"),
    ),
    "days": (period("2020-06-03", "2020-06-03"), period("2019-11-03", "2019-11-03"), period("2020-06-02", "2020-06-02")),
    "overlapping": (
        period("2019-11-05", "2020-12-20"), period("2018-11-05", "2019-12-20"), period("2019-12-01", "2020-01-31"),
    ),
}  # fmt: skip


@pytest.fixture
def busy(city):
    muddle(
        {
            city.bureau: Body.BUREAU, city.district: Body.BUREAU, city.station: Body.BUREAU,
            city.neighbour: Body.BUREAU, city.council: Body.COUNCIL, city.branch: Body.COUNCIL,
        },
        n=600, seed=20,
    )  # fmt: skip
    return city


def scopes(user, periods, as_ofs, **kwargs):
    return [Scope(user, period, as_of, **kwargs) for period, as_of in zip(periods, as_ofs, strict=True)]


def assert_as_defined(asked: list[Scope]) -> None:
    summary = summarise(asked, [], 1)

    for scope, figures in zip(asked, summary.figures, strict=True):
        assert figures == {code: metric(code).compute(scope) for code in FIGURES}
    for scope, figures in zip(asked, summarise_mediation(asked), strict=True):
        assert figures == {code: metric(code).compute(scope) for code in OF_MEDIATION}


@pytest.mark.parametrize("name", PERIODS)
def test_every_figure_is_as_defined_in_every_period(busy, name):
    assert_as_defined(scopes(None, PERIODS[name], [TODAY] * 3))


@pytest.mark.parametrize("name", ["regulator", "boss", "officer", "clerk", "mediator", "auditor"])
def test_every_figure_is_as_defined_for_every_reader(busy, name):
    assert_as_defined(scopes(getattr(busy, name), PERIODS["overlapping"], [TODAY] * 3))


@pytest.mark.parametrize("token", ["330100", "330106", "330100:only", "unknown"])
def test_every_figure_is_as_defined_in_every_place(busy, token):
    assert_as_defined(scopes(busy.regulator, PERIODS["years"], [TODAY] * 3, place=Map.load().place(token, YEAR)))


@pytest.mark.parametrize("token", ["330100", "330106", "unknown"])
def test_all_less_the_rest_is_what_is_in_the_place(busy, token):
    regions = Map.load()
    place, months = regions.place(token, YEAR), [Period.of_month(dt.date(2020, n, 1)) for n in range(1, 13)]
    asked = scopes(busy.regulator, PERIODS["overlapping"], [TODAY] * 3, place=place)
    counted = summarise(asked, months, 1)

    less = summarise(asked, months, 1, rest=regions.rest_of(place))

    assert less.figures == counted.figures
    assert less.months == counted.months
    assert less.regions_by_kind == counted.regions_by_kind
    for name in ("regions", "categories", "channels"):
        assert getattr(less, name) == getattr(counted, name), name


def test_every_figure_is_as_defined_of_an_agency(busy):
    assert_as_defined(scopes(None, PERIODS["years"], [TODAY] * 3, agency=busy.district))


@pytest.mark.parametrize(
    "as_ofs", [("2020-07-15", "2019-07-15", "2019-07-15"), ("2020-12-31", "2019-12-31", "2019-12-30"),
               ("2019-12-31", "2020-06-30", "2018-12-31")]
)  # fmt: skip
def test_every_figure_is_as_defined_as_of_another_day(busy, as_ofs):
    assert_as_defined(scopes(busy.regulator, PERIODS["years"], [dt.date.fromisoformat(day) for day in as_ofs]))


def test_the_muddle_leaves_no_figure_untested(busy):
    asked = scopes(None, PERIODS["years"], [TODAY] * 3)
    figures = summarise(asked, [], 1).figures[0] | summarise_mediation(asked)[0]

    assert all(figure.value for figure in figures.values())
    assert all(0 < figure.value < 1 for figure in figures.values() if figure.denominator)


def test_an_empty_database_counts_nothing(db):
    assert_as_defined(scopes(None, PERIODS["years"], [TODAY] * 3))


def test_breakdowns_and_months_add_up(busy):
    months = [Period.of_month(dt.date(2020, number, 1)) for number in range(1, 13)]
    asked = scopes(busy.regulator, PERIODS["years"], [TODAY] * 3)
    summary = summarise(asked, months, 1)
    now, earlier = (figures["cases.received"].value for figures in summary.figures[:2])

    for breakdown in (summary.regions, summary.categories, summary.channels):
        assert sum(breakdown.now.values()) == now
        assert sum(breakdown.earlier.values()) == earlier
    assert sum(summary.regions_by_kind.values()) == now
    assert sum(summary.months.values()) == now
    assert summary.months[dt.date(2020, 3, 1)] == metric("cases.received").compute(
        Scope(busy.regulator, months[2], TODAY)
    ).value


def test_nine_queries_whatever_the_period(busy, django_assert_num_queries):
    list(busy.regulator.get_all_permissions())
    for periods in PERIODS.values():
        asked = scopes(busy.regulator, periods, [TODAY] * 3)
        with django_assert_num_queries(9):
            summarise(asked, [YEAR], 1)


def test_six_queries_for_mediation(busy, django_assert_num_queries):
    list(busy.regulator.get_all_permissions())
    for periods in PERIODS.values():
        with django_assert_num_queries(6):
            summarise_mediation(scopes(busy.regulator, periods, [TODAY] * 3))


@pytest.mark.parametrize("name", ["regulator", "officer", "mediator", "auditor"])
@pytest.mark.parametrize("code", ["recoveries.total", "recoveries.council"])
def test_promised_paid_and_unspecified_make_up_the_recovered_loss(busy, name, code):
    prefix = code.removesuffix(".total")
    for periods in PERIODS.values():
        for scope in scopes(getattr(busy, name), periods, [TODAY, dt.date(2020, 6, 30), TODAY]):
            parts = [metric(f"{prefix}.{part}").compute(scope).value for part in RecoveryStatus.values]
            assert sum(parts) == metric(code).compute(scope).value


def test_slots_cut_days_at_the_edges_of_periods():
    first, second = Period(dt.date(2020, 1, 1), dt.date(2020, 1, 10)), Period(dt.date(2020, 1, 5), dt.date(2020, 1, 20))
    slots = Slots([first, second])

    assert slots.edges == [dt.date(2020, 1, 1), dt.date(2020, 1, 5), dt.date(2020, 1, 11), dt.date(2020, 1, 21)]
    assert (list(slots.of(first)), list(slots.of(second))) == ([1, 2], [2, 3])
    assert (slots.first, slots.last) == (first.start, second.end)
