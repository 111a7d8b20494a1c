"""The reference regions of Hangzhou: the map changed on 2021-04-09."""

import datetime as dt

import pytest

from core.exceptions import DomainError
from insights.periods import Period
from insights.places import UNKNOWN, Map
from registry.models import Region, RegionSuccession
from tests.factories import RegionFactory

pytestmark = pytest.mark.django_db

CHANGED = dt.date(2021, 4, 9)
IN_2020, IN_2021, IN_2022 = (Period.of_year(year) for year in (2020, 2021, 2022))


@pytest.fixture
def regions():
    return Map.load()


def region(code: str, since: str = "2001-03-25") -> Region:
    return Region.objects.get(code=code, valid_from=since)


def test_a_map_takes_two_queries(django_assert_num_queries):
    with django_assert_num_queries(2):
        Map.load().place("330100", IN_2020)


@pytest.mark.parametrize(
    ("token", "period", "since"),
    [
        ("330102", IN_2020, "2001-03-25"),
        ("330102", IN_2022, "2021-04-09"),
        ("330102", IN_2021, "2021-04-09"),  # of two in the year, the one in force at its end
        ("330102:2001-03-25", IN_2021, "2001-03-25"),
        ("330103", IN_2021, "2001-03-25"),
    ],
)
def test_a_code_names_the_area_of_its_time(regions, token, period, since):
    assert regions.place(token, period).region == region(token.split(":")[0], since)


@pytest.mark.parametrize(
    ("token", "period"), [("330103", IN_2022), ("330113", IN_2020), ("999999", IN_2020), ("330102:2020-01-01", IN_2021)]
)
def test_a_region_that_is_not_in_force_is_refused(regions, token, period):
    with pytest.raises(DomainError, match=token):
        regions.place(token, period)


def test_a_region_stands_for_all_below_it_whenever_it_was(regions):
    city = regions.place("330100", IN_2022)
    streets = Region.objects.filter(code="330104009").values_list("pk", flat=True)

    assert {region("330103").pk, region("330114", "2021-04-09").pk, *streets} <= city.ids
    assert region("330000").pk not in city.ids


def test_only_leaves_out_what_is_below(regions):
    assert regions.place("330100:only", IN_2022).ids == {region("330100").pk}


def test_unknown_has_no_region(regions):
    assert regions.place(UNKNOWN, IN_2020).ids == {None}


def test_an_area_that_went_on_unchanged_under_another_code_is_one_place(regions):
    """富阳 became a district in 2014: the same area, so its years compare."""
    place = regions.place("330111", IN_2022)

    assert {region("330111", "2014-12-13").pk, region("330183").pk} <= place.ids
    assert place.why_not_comparable(Period.of_year(2014), Period.of_year(2013)) == ""


@pytest.mark.parametrize("code", ["330102", "330105", "330109", "330110"])
def test_a_district_whose_area_changed_has_no_year_before(regions, code):
    place = regions.place(code, IN_2022)

    assert place.since == CHANGED
    assert "2021年4月9日" in place.why_not_comparable(IN_2022, Period.of_year(2020))
    assert "2021年4月9日" in place.why_not_comparable(Period.of_year(2021), Period.of_year(2020))
    assert place.why_not_comparable(Period.of_year(2023), IN_2022) == ""


def test_an_abolished_district_ends_comparably(regions):
    place = regions.place("330103", IN_2020)

    assert place.why_not_comparable(IN_2020, Period.of_year(2019)) == ""
    assert place.why_not_comparable(IN_2021, IN_2020) != ""


@pytest.mark.parametrize("code", ["330100", "330106", "330122"])
def test_the_city_and_unchanged_districts_compare(regions, code):
    assert regions.place(code, IN_2021).why_not_comparable(IN_2021, IN_2020) == ""


def test_a_street_that_moved_whole_compares(regions):
    """The street 四季青 went from 江干 to 上城 as it was."""
    place = regions.place("330102012", IN_2022)

    assert place.why_not_comparable(IN_2021, IN_2020) == ""
    assert region("330104006").pk in place.ids


def test_a_region_merged_with_another_is_not_its_old_self():
    first, second, merged = RegionFactory(ended=True), RegionFactory(ended=True), RegionFactory(valid_from=CHANGED)
    for old in (first, second):
        RegionSuccession.objects.create(predecessor=old, successor=merged, whole=True)

    assert Map.load().lineage(merged) == [merged]
    assert Map.load().lineage(first) == [first]


def test_tokens_carry_the_date_only_where_a_code_is_not_enough(regions):
    old, new = region("330102"), region("330102", "2021-04-09")

    assert regions.of(new, IN_2022).token == "330102"
    assert regions.of(new, IN_2021).token == "330102:2021-04-09"
    assert "2021年4月9日" in regions.of(new, IN_2021).label
    assert "2021年4月8日" in regions.of(old, IN_2021).label
    for place in (regions.of(old, IN_2021), regions.of(new, IN_2021, only=True)):
        assert regions.place(place.token, IN_2021).ids == place.ids


def test_choices_are_the_city_and_the_districts_of_the_period(regions):
    before = [place.token for place in regions.choices(IN_2020)]
    after = [place.token for place in regions.choices(IN_2022)]

    assert before[0] == after[0] == "330100"
    assert {"330103", "330104"} <= set(before) - set(after)
    assert {"330113", "330114"} <= set(after) - set(before)
    assert len(before) == len(after) == 14


def test_rows_of_a_breakdown(regions):
    street, district, city = region("330106005"), region("330106"), region("330100")
    within = regions.place("330106", IN_2020)

    assert regions.row_of(street.pk, None) == (district.pk, False)
    assert regions.row_of(district.pk, None) == (district.pk, False)
    assert regions.row_of(city.pk, None) == (city.pk, True)
    assert regions.row_of(None, None) == (None, False)
    assert regions.row_of(street.pk, within) == (street.pk, False)
    assert regions.row_of(district.pk, within) == (district.pk, True)
