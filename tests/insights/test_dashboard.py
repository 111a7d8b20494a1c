import datetime as dt
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.http import QueryDict
from django.utils import translation

from cases.enums import Kind
from cases.filters import CaseFilterSet
from core import panels
from insights.dashboard import COUNCILS, TILES, Dashboard, change
from insights.forms import PeriodForm
from insights.metrics import metric
from insights.places import Map
from registry.models import Category, Channel, Region
from tests.factories import CaseFactory, CategoryFactory, ClockFactory
from tests.factories.cases import local

pytestmark = pytest.mark.django_db

TODAY = dt.date(2021, 11, 24)


def dashboard(user, query: str = "year=2020", *, today: dt.date = TODAY) -> Dashboard:
    choice = PeriodForm(QueryDict(query)).choice(today)
    regions = Map.load()
    token = dict(parse_qsl(query)).get("region")
    return Dashboard(user, choice, regions.place(token, choice.period) if token else None, regions, today)


def received(city, *days, n=1, **kwargs):
    for day in days:
        at = local(*map(int, day.split("-")))
        CaseFactory.create_batch(n, handling=city.district, received_at=at, **kwargs)


def tile(board: Dashboard, code: str):
    return next(tile for tile in [*board.tiles, *board.councils] if tile.metric.code == code)


def region(code: str, since: str = "2001-03-25") -> Region:
    return Region.objects.get(code=code, valid_from=since)


def test_every_figure_of_the_issue_is_shown(city):
    board = dashboard(city.regulator)

    assert [tile.metric.code for tile in board.tiles] == list(TILES)
    assert [tile.metric.code for tile in board.councils] == list(COUNCILS)
    assert [part.metric.code for part in board.tiles[0].beside] == [
        "cases.received.complaint", "cases.received.report", "cases.received.inquiry",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("now", "earlier", "unit", "expected"),
    [
        (12, 10, "cases", 0.2), (0, 10, "cases", -1.0), (5, 0, "cases", None), (5, None, "cases", None),
        (0.75, 0.5, "rate", 0.25), (0.0, 0.5, "rate", -0.5), (None, 0.5, "rate", None), (0.5, None, "rate", None),
    ],
)  # fmt: skip
def test_changes(now, earlier, unit, expected):
    assert change(now, earlier, unit) == (None if expected is None else pytest.approx(expected))


def test_a_month_so_far_compares_with_the_same_days(city):
    received(city, "2021-11-01", "2021-11-24", n=3)
    received(city, "2020-11-01", "2020-11-24", n=2)
    received(city, "2021-10-01", "2021-10-24")
    received(city, "2020-11-25", "2021-10-25", "2021-10-31", n=9)

    board = dashboard(city.regulator, "period=month")
    shown = tile(board, "cases.received")

    assert [side.value for _name, side in shown.sides] == [6, 4, 2]
    assert (shown.on_year, shown.on_before) == (0.5, 2.0)
    assert (board.year.period.end, board.before.period.end) == (dt.date(2020, 11, 24), dt.date(2021, 10, 24))


def test_earlier_periods_are_judged_from_the_same_distance(city):
    """Two complaints accepted on the 20th, one this month and one a month ago, each open for ten days: neither had
    ended after four."""
    for month in (10, 11):
        CaseFactory(
            accepted=month == 11, closed=month == 10, handling=city.district,
            received_at=local(2021, month, 18), **({"closed_at": local(2021, 10, 30)} if month == 10 else {}),
        )  # fmt: skip

    shown = tile(dashboard(city.regulator, "period=month"), "cases.resolution_rate")

    assert (shown.now.figure.numerator, shown.now.figure.denominator) == (0, 1)
    assert (shown.before.figure.numerator, shown.before.figure.denominator) == (0, 1)
    assert "as_of=2021-10-24" in shown.before.numerator_url


def test_a_past_year_is_judged_as_long_after_as_the_year_before(city):
    board = dashboard(city.regulator, "year=2020")

    assert board.scope.as_of == TODAY
    assert board.year.as_of == board.before.as_of == dt.date(2020, 11, 24)


def test_whole_months_are_compared_to_their_last_day(city):
    received(city, "2020-02-29", n=2)
    received(city, "2021-02-28")

    shown = tile(dashboard(city.regulator, "from=2021-02-01&to=2021-02-28", today=dt.date(2021, 2, 28)), "cases.received")

    assert (shown.now.value, shown.year.value) == (1, 2)


def test_custom_days_compare_with_as_many_before(city):
    received(city, "2020-03-11", "2020-03-20")
    received(city, "2020-03-01", "2020-03-10", "2020-03-05")
    received(city, "2020-02-29", n=5)

    assert tile(dashboard(city.regulator, "from=2020-03-11&to=2020-03-20"), "cases.received").before.value == 3


def test_a_district_whose_area_changed_shows_no_comparison_but_why(city):
    new = region("330102", "2021-04-09")
    received(city, "2021-10-05", region=new)
    received(city, "2020-10-05", region=region("330102"))

    board = dashboard(city.regulator, "period=month&region=330102", today=dt.date(2021, 10, 24))
    shown = tile(board, "cases.received")

    assert (shown.now.value, shown.year.value, shown.on_year) == (1, None, None)
    assert "2021年4月9日" in shown.year.reason
    assert shown.year.url == ""
    assert shown.before.value == 0
    assert [row.earlier for row in board.categories] == [None]


def test_the_city_compares_across_the_change_of_the_map(city):
    received(city, "2021-10-05", region=region("330102", "2021-04-09"))
    received(city, "2020-10-05", n=2, region=region("330103"))

    shown = tile(dashboard(city.regulator, "period=month&region=330100", today=dt.date(2021, 10, 24)), "cases.received")

    assert (shown.now.value, shown.year.value) == (1, 2)


def test_trend_of_this_year_and_the_last(city):
    received(city, "2021-01-31", "2021-11-24", "2021-11-24")
    received(city, "2020-01-01", "2020-01-15", "2020-11-30", "2020-12-31")

    months = dashboard(city.regulator, "period=year").trend

    assert [month.now for month in months] == [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, None]
    assert [month.earlier for month in months] == [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]
    assert months[0].change == -0.5
    assert months[10].change is None  # the month is not over
    assert months[0].label == "1月"
    assert panels.selection("metric")(city.regulator, dict(parse_qsl(urlsplit(months[10].url).query)))[0].count() == 2
    with translation.override("en"):
        assert dashboard(city.regulator).trend[0].label == "Jan"


def test_trend_of_a_district_begins_with_its_area(city):
    new = region("330102", "2021-04-09")
    received(city, "2021-04-10", "2021-05-01", region=new)

    months = dashboard(city.regulator, "period=year&region=330102").trend

    assert [month.now for month in months[:6]] == [None, None, None, 1, 1, 0]
    assert {month.earlier for month in months} == {None}


def test_districts_gather_their_streets_and_name_what_is_not_known(city):
    xihu, street = region("330106"), region("330106005")
    received(city, "2020-05-01", region=xihu, n=2)
    received(city, "2020-05-01", region=street, kind=Kind.REPORT)
    received(city, "2019-05-01", region=street)
    received(city, "2020-05-01", region=region("330100"), n=2)
    received(city, "2020-05-01", region=None)

    rows = dashboard(city.regulator).districts

    assert [(row.now, row.earlier, row.parts) for row in rows] == [
        (3, 1, (2, 1, 0)), (2, 0, (2, 0, 0)), (1, 0, (1, 0, 0)),
    ]  # fmt: skip
    assert rows[0].label == "西湖区"
    for row in rows:
        found = panels.selection("metric")(city.regulator, dict(parse_qsl(urlsplit(row.url).query)))[0]
        assert found.count() == row.now


def test_districts_of_both_maps_in_the_year_of_the_change(city):
    received(city, "2021-02-01", region=region("330102"))
    received(city, "2021-06-01", region=region("330102", "2021-04-09"), n=2)
    received(city, "2021-06-01", region=region("330106"), n=3)
    received(city, "2020-06-01", region=region("330106"))

    board = dashboard(city.regulator, "period=year")
    rows = board.districts

    assert [(row.now, row.earlier) for row in rows] == [(3, 1), (2, None), (1, None)]
    assert len({row.label for row in rows}) == 3
    assert "2021年4月9日" in board.changed_areas
    for row in rows:
        found = panels.selection("metric")(city.regulator, dict(parse_qsl(urlsplit(row.url).query)))[0]
        assert found.count() == row.now


def test_a_chosen_district_is_broken_down_by_streets(city):
    xihu, street = region("330106"), region("330106005")
    received(city, "2020-05-01", region=street, n=2)
    received(city, "2020-05-01", region=xihu)

    board = dashboard(city.regulator, "year=2020&region=330106")

    assert [row.now for row in board.districts] == [2, 1]
    assert board.has_districts
    received(city, "2019-05-01", region=xihu)
    assert not dashboard(city.regulator, "year=2019&region=330106").has_districts


def test_categories_and_channels_open_their_cases(city, rf):
    top = Category.objects.filter(scheme="12315", parent=None).order_by("pk")[0]
    below = CategoryFactory(parent=top)
    phone, web = Channel.objects.order_by("pk")[:2]
    received(city, "2020-05-01", category=top, channel=phone)
    received(city, "2020-05-01", category=below, channel=phone, n=2)
    received(city, "2020-05-01", category=None, channel=None)
    received(city, "2019-05-01", category=below, channel=web)

    board = dashboard(city.regulator)

    assert [(row.label, row.now, row.earlier) for row in board.categories][0] == (top.label, 3, 1)
    assert [(row.now, row.earlier, row.share) for row in board.channels] == [(3, 0, 0.75), (1, 0, 0.25), (0, 1, 0.0)]
    for row in [*board.categories, *board.channels]:
        query = dict(parse_qsl(urlsplit(row.url).query))
        found = panels.selection("metric")(city.regulator, query)[0]
        request = rf.get(row.url)
        request.user = city.regulator
        assert CaseFilterSet(request.GET, queryset=found, request=request).qs.count() == row.now


def test_a_class_of_either_vocabulary_opens_its_own_cases_alone(city, rf):
    council = Category.objects.get(scheme="council", code="cs07")
    national = Category.objects.get(scheme="12315", code="s10")
    assert national.council == council
    received(city, "2020-05-01", category=council, n=2)
    received(city, "2020-05-01", category=national, n=3)

    rows = dashboard(city.regulator).categories

    assert [(row.label, row.now) for row in rows] == [("互联网", 3), ("互联网服务", 2)]
    for row in rows:
        query = dict(parse_qsl(urlsplit(row.url).query))
        found = panels.selection("metric")(city.regulator, query)[0]
        request = rf.get(row.url)
        request.user = city.regulator
        assert CaseFilterSet(request.GET, queryset=found, request=request).qs.count() == row.now


def test_charts_hold_what_the_tables_hold(city):
    received(city, "2020-05-01", region=region("330106"), n=2)
    board = dashboard(city.regulator)

    assert board.trend_chart["series"][0]["data"] == [month.now for month in board.trend]
    assert board.districts_chart["labels"] == ["西湖区"]
    assert [series["data"] for series in board.districts_chart["series"]] == [[2], [0], [0]]
    assert board.categories_chart["series"][0]["data"] == [2]
    assert board.channels_chart["links"] == [board.channels[0].url]


def test_overdue_cases_alert(city):
    assert not tile(dashboard(city.regulator), "cases.overdue").alert
    ClockFactory(case=CaseFactory(handling=city.district, received_at=local(2020, 5, 1)), due_on=dt.date(2020, 5, 12))

    assert tile(dashboard(city.regulator), "cases.overdue").alert


def test_good_and_bad_directions():
    assert metric("cases.overdue").good == "down"
    assert metric("cases.resolution_rate").good == "up"
    assert metric("cases.received").good == "none"
