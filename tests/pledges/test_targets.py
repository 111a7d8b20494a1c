"""Targets of a year: what counts, how far they are, and the page that shows it."""

import datetime as dt
import re

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from core.dates import add_months
from core.exceptions import DomainError
from pledges.domain import keep_target, progress, reached, under_review
from pledges.enums import TargetKind
from pledges.models import PledgeType, Target
from registry.models import Agency
from registry.reference import load
from tests.factories import (
    AgencyFactory,
    MerchantFactory,
    PledgeFactory,
    PremisesFactory,
    TargetFactory,
    UserFactory,
    WorkstationFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

day = dt.date
TODAY = day(2026, 11, 12)


@pytest.fixture
def city(district):
    return district.parent


def target(agency, what, **facts):
    return TargetFactory(agency=agency, what=what, **facts)


def type_of(code):
    return PledgeType.objects.get(code=code)


def published(premises, code, on, **facts):
    given = {"valid_to": add_months(on, 36) - dt.timedelta(days=1), "applied_on": on - dt.timedelta(days=20)}
    return PledgeFactory(premises=premises, type=type_of(code), in_force=True, published_on=on, **given | facts)


def ended(premises, code, on, until):
    return published(premises, code, on, state="deregistered", ended_on=until)


# what counts


def test_demonstration_areas_newly_published(district, city):
    one = target(city, "demonstration_areas")
    premises = [PremisesFactory(agency=district) for _number in range(5)]
    first = published(premises[0], "demonstration_area", day(2026, 1, 1))
    published(premises[1], "demonstration_area", day(2025, 12, 31))  # of the year before
    published(premises[2], "demonstration_area", day(2026, 11, 13))  # after the day
    published(premises[3], "street_block", day(2026, 5, 1))
    ended(premises[4], "demonstration_area", day(2024, 1, 1), day(2025, 1, 1))
    published(premises[4], "demonstration_area", day(2026, 5, 1))  # taken up again
    published(PremisesFactory(), "demonstration_area", day(2026, 5, 1))  # of another agency
    gone = ended(PremisesFactory(agency=city), "demonstration_area", day(2026, 2, 1), day(2026, 3, 1))

    assert set(reached(one, TODAY)) == {first, gone}  # what ended since was reached
    assert set(reached(one, day(2026, 1, 31))) == {first}
    assert not reached(one, day(2025, 12, 31)).exists()
    assert reached(one, day(2027, 6, 1)).count() == 3  # the year ends with it


def test_companies_newly_in_the_cross_store_return_count_once(district, city):
    one = target(city, "delta_companies")
    chain, old, back = MerchantFactory(), MerchantFactory(), MerchantFactory()
    first = published(PremisesFactory(merchant=chain, agency=district), "cross_store", day(2026, 2, 1))
    published(PremisesFactory(merchant=chain, agency=district), "cross_store", day(2026, 2, 1))
    published(PremisesFactory(merchant=chain, agency=city), "cross_store", day(2026, 3, 1))
    published(PremisesFactory(merchant=chain, agency=city), "no_reason_return", day(2026, 1, 10))
    published(PremisesFactory(merchant=old, agency=district), "cross_store", day(2025, 6, 1))
    published(PremisesFactory(merchant=old, agency=district), "cross_store", day(2026, 6, 1))
    ended(PremisesFactory(merchant=back, agency=district), "cross_store", day(2023, 6, 1), day(2024, 6, 1))
    published(PremisesFactory(merchant=back, agency=district), "cross_store", day(2026, 6, 1))

    assert list(reached(one, TODAY)) == [first]


def test_units_newly_created_count_once_whatever_their_types(district, city):
    one = target(city, "premises_created")
    twice, old = PremisesFactory(agency=district), PremisesFactory(agency=district)
    first = published(twice, "no_reason_return", day(2026, 2, 1))
    published(twice, "factory", day(2026, 2, 1))
    published(old, "factory", day(2025, 2, 1))
    published(old, "no_reason_return", day(2026, 2, 1))

    assert list(reached(one, TODAY)) == [first]


def test_village_workstations_opened(district, city):
    one = target(city, "village_workstations")
    opened = WorkstationFactory(agency=district, opened_on=day(2026, 1, 1))
    closed = WorkstationFactory(agency=city, opened_on=day(2026, 11, 12), closed_on=day(2026, 11, 13))
    for facts in ({"opened_on": day(2025, 12, 31)}, {"opened_on": day(2026, 2, 1), "kind": "mall"}):
        WorkstationFactory(agency=district, **facts)
    WorkstationFactory(opened_on=day(2026, 2, 1))
    announced = WorkstationFactory(agency=district, opened_on=day(2026, 12, 1))
    WorkstationFactory(agency=district, opened_on=day(2027, 1, 1))

    assert set(reached(one, TODAY)) == {opened, closed}
    assert list(under_review(one, TODAY)) == [announced]


def test_what_is_under_review(district, city):
    areas, companies, units = (
        target(city, what) for what in ("demonstration_areas", "delta_companies", "premises_created")
    )
    chain = MerchantFactory()
    shops = [PremisesFactory(agency=district, merchant=chain) for _number in range(3)]
    new = PledgeFactory(premises=shops[0], type=type_of("cross_store"))
    PledgeFactory(premises=shops[1], type=type_of("cross_store"), state="admitted")
    other = PledgeFactory(premises=shops[2], type=type_of("demonstration_area"))
    PledgeFactory(premises=shops[2], type=type_of("factory"))
    PledgeFactory(premises=PremisesFactory(agency=district), type=type_of("cross_store"), state="rejected")
    known = PremisesFactory(agency=district)
    published(known, "cross_store", day(2026, 2, 1))
    PledgeFactory(premises=known, type=type_of("factory"))
    PledgeFactory(premises=PremisesFactory(merchant=known.merchant, agency=district), type=type_of("cross_store"))

    assert list(under_review(areas, TODAY)) == [other]
    assert list(under_review(companies, TODAY)) == [new]
    assert under_review(units, TODAY).count() == 4  # three of the chain, and the second one of the known merchant


# how far it is


def test_counted_together_each_target_has_the_rows_that_it_has_alone(district, city):
    """A company with premises in two districts counts in each, and in the city once."""
    other = AgencyFactory(parent=city)
    targets = [target(agency, what) for agency in (city, district, other) for what in TargetKind.values]
    targets += [target(city, "premises_created", year=2025)]
    for agency in (district, other, other, city):
        PledgeFactory(premises=PremisesFactory(agency=agency), type=type_of("demonstration_area"))
        published(PremisesFactory(agency=agency), "cross_store", day(2026, 2, 1))
        published(PremisesFactory(agency=agency), "factory", day(2025, 2, 1))
        WorkstationFactory(agency=agency, opened_on=day(2026, 12, 1))
    for chain in MerchantFactory.create_batch(2):
        for agency in (district, other, other):
            PledgeFactory(premises=PremisesFactory(agency=agency, merchant=chain), type=type_of("cross_store"))
    WorkstationFactory(agency=other, opened_on=day(2026, 2, 1))

    found = [(one.reached, one.review) for one in progress(targets, TODAY, today=TODAY)]

    assert found == [
        (reached(one, TODAY).count(), under_review(one, TODAY).count() if one.year == 2026 else None) for one in targets
    ]
    companies = [one for one, each in zip(found, targets, strict=True) if each.what == "delta_companies"]
    assert companies == [(4, 2), (1, 2), (2, 2)]


def test_progress_and_pace(district, city):
    one = target(city, "village_workstations", number=8)
    for month in (1, 2, 3):
        WorkstationFactory(agency=district, opened_on=day(2026, month, 1))
    WorkstationFactory(agency=district, opened_on=day(2026, 12, 1))

    now = progress([one], TODAY, today=TODAY)[0]
    assert (now.reached, now.review, now.with_review) == (3, 1, 4)
    assert now.pace == 3  # 3 in 316 days make 3.46 in 365
    assert (now.share, now.bar) == (0.375, 37)
    early = progress([one], day(2026, 2, 10), today=TODAY)[0]
    assert (early.reached, early.review, early.with_review, early.pace) == (2, None, None, 17)  # 2 in 41 days
    over = progress([one], day(2027, 3, 1), today=day(2027, 3, 1))[0]
    assert (over.reached, over.review, over.pace, over.day) == (4, None, None, day(2026, 12, 31))
    before = progress([one], day(2025, 12, 31), today=day(2025, 12, 31))[0]
    assert (before.reached, before.review, before.pace) == (0, None, None)


def test_more_than_the_target_fills_the_bar(district):
    one = target(district, "village_workstations", number=1)
    WorkstationFactory.create_batch(2, agency=district, opened_on=day(2026, 2, 1))
    found = progress([one], TODAY, today=TODAY)[0]
    assert (found.share, found.bar) == (2.0, 100)


# keeping


def test_a_target_is_set_once_by_who_keeps_the_register(district, city, clerk):
    given = {"year": 2027, "what": "delta_companies", "agency": district, "number": 5, "source": "工作要点"}
    one = keep_target(Target(), actor=clerk, **given)
    assert (one.code, one.name_en) == (
        f"2027-delta_companies-{district.code}", "2027 Companies newly in the cross-city cross-store return",
    )  # fmt: skip
    with pytest.raises(DomainError):
        keep_target(Target(), actor=clerk, **given)
    with pytest.raises(DomainError, match="your own agency"):
        keep_target(Target(), actor=clerk, **given | {"agency": city})
    for wrong in ({"number": 0}, {"year": 1999}):
        with pytest.raises(DomainError):
            keep_target(Target(), actor=clerk, **given | {"what": "premises_created"} | wrong)
    with pytest.raises(PermissionDenied):
        keep_target(one, actor=UserFactory(agency=district, roles=["regulator"]), number=1)
    assert Target.objects.filter(agency__in=[district, city]).get().number == 5


def test_the_targets_of_2021_are_reference_data():
    city = Agency.objects.get(code="330100-bureau")
    assert dict(Target.objects.filter(year=2021, agency=city).values_list("what", "number")) == {
        "demonstration_areas": 30, "village_workstations": 280, "delta_companies": 50,
    }  # fmt: skip
    assert load(only=["targets"]).counts["targets"] == {"created": 0, "updated": 0, "unchanged": 3, "kept": 0}


# the page


@pytest.fixture
def page(client, district):
    """The pages as the regulator of the district sees them, in English."""
    client.force_login(UserFactory(agency=district, roles=["regulator"]))
    client.cookies["django_language"] = "en"

    def get(path):
        response = client.get(path)
        assert response.status_code == 200, response
        return response

    return get


def test_every_number_of_the_page_opens_the_rows_that_it_counts(page, district):
    year = timezone.localdate().year
    one = target(district, "village_workstations", year=year, number=4)
    other = target(district, "premises_created", year=year, number=4)
    opened = WorkstationFactory(agency=district, opened_on=day(year, 1, 1))
    unit = published(PremisesFactory(agency=district, name="清泉门店"), "factory", day(year, 1, 1))
    PledgeFactory(premises=PremisesFactory(agency=district, name="待审门店"), type=type_of("factory"))

    html = page("/pledges/targets/").content.decode()
    links = re.findall(r'href="(/pledges/targets/\d+/(?:reached|review)/[^"]*)" aria-label="[^"]* (\d+)"', html)
    assert {re.sub(r"\?.*", "", path): int(n) for path, n in links} == {
        f"/pledges/targets/{one.pk}/reached/": 1, f"/pledges/targets/{one.pk}/review/": 0,
        f"/pledges/targets/{other.pk}/reached/": 1, f"/pledges/targets/{other.pk}/review/": 1,
    }  # fmt: skip
    for path, n in links:
        assert page(path).context["page"].count == int(n), path
    assert opened.name in page(f"/pledges/targets/{one.pk}/reached/").content.decode()
    assert unit.premises.name in page(f"/pledges/targets/{other.pk}/reached/").content.decode()
    assert "待审门店" in page(f"/pledges/targets/{other.pk}/review/").content.decode()
    assert 'role="img" aria-label="1 of 4"' in html
    assert "no prediction" in html


def test_a_day_that_is_past(page, district):
    one = target(district, "village_workstations", year=2025, number=4)
    WorkstationFactory(agency=district, opened_on=day(2025, 5, 1))
    WorkstationFactory(agency=district, opened_on=day(2025, 7, 1))

    found = page("/pledges/targets/?year=2025&on=2025-06-30")
    assert [(line.reached, line.review, line.pace) for line in found.context["lines"]] == [(1, None, 2)]
    assert f"/pledges/targets/{one.pk}/reached/?on=2025-06-30" in found.content.decode()
    assert page(f"/pledges/targets/{one.pk}/reached/?on=2025-06-30").context["page"].count == 1
    assert page("/pledges/targets/?year=2025").context["lines"][0].reached == 2


@pytest.mark.parametrize(
    "query", ["year=x&on=x", "year=1&on=9999-99-99", "year=99999999999&on=0001-01-01", "on=2999-01-01"]
)
def test_what_cannot_be_read_leads_to_today(page, district, query):
    assert page(f"/pledges/targets/?{query}").context["day"] == timezone.localdate()


def test_targets_of_others_are_not_there(page, client, district, city):
    other = target(AgencyFactory(), "village_workstations")
    above = target(city, "village_workstations")
    assert not page("/pledges/targets/?year=2026").context["lines"]
    for one in (other, above):
        assert client.get(f"/pledges/targets/{one.pk}/reached/").status_code == 404
    own = target(district, "village_workstations")
    assert client.get(f"/pledges/targets/{own.pk}/nonsense/").status_code == 404


@pytest.mark.parametrize("kinds", [1, 4])
def test_the_page_asks_as_many_queries_however_many_targets(page, district, kinds, django_assert_num_queries):
    for what in TargetKind.values[:kinds]:
        target(district, what)
    WorkstationFactory(agency=district, opened_on=day(2026, 2, 1))
    page("/pledges/targets/?year=2026")
    with django_assert_num_queries(7):
        found = page("/pledges/targets/?year=2026")
    assert len(found.context["lines"]) == min(kinds, len(TargetKind.values))


def test_the_list_asks_a_fixed_number_of_queries(page, district, django_assert_num_queries):
    one = target(district, "premises_created")
    published(PremisesFactory(agency=district), "factory", day(2026, 1, 1))
    page(f"/pledges/targets/{one.pk}/reached/")
    with django_assert_num_queries(8):
        page(f"/pledges/targets/{one.pk}/reached/")
    for _number in range(2):
        published(PremisesFactory(agency=district), "factory", day(2026, 1, 1))
    with django_assert_num_queries(8):
        page(f"/pledges/targets/{one.pk}/reached/")
