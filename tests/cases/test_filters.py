import datetime as dt

import pytest
from django.test import RequestFactory
from django.utils import timezone, translation

from cases.domain import write_search
from cases.filters import CaseFilterSet, RecoveryFilterSet, RunFilterSet
from cases.models import Case, ImportRun, Recovery
from cases.references import References
from registry.models import Region
from tests.factories import (
    AgencyFactory,
    CaseFactory,
    CaseReferenceFactory,
    CategoryFactory,
    ChannelFactory,
    ClockFactory,
    ImportFileFactory,
    ImportRunFactory,
    MerchantFactory,
    ProblemFactory,
    RecoveryFactory,
    RegionFactory,
    UserFactory,
)
from tests.factories.cases import local

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return UserFactory(superuser=True)


@pytest.fixture
def select(user):
    """`select(kind="report")`: the cases that the form's values select, the search having read them all."""

    def apply(filterset=CaseFilterSet, model=Case, **data):
        write_search(list(Case.objects.values_list("pk", flat=True)))
        request = RequestFactory().get("/", data)
        request.user = user
        form = filterset(request.GET, queryset=model.objects.visible_to(user), request=request)
        assert form.is_valid(), form.errors
        return set(form.qs)

    return apply


@pytest.fixture
def errors(user):
    def read(**data):
        request = RequestFactory().get("/", data)
        request.user = user
        form = CaseFilterSet(request.GET, queryset=Case.objects.visible_to(user), request=request)
        assert not form.is_valid()
        return form.form.errors

    return read


def test_plain_choices(select):
    report, closed = CaseFactory(report=True), CaseFactory(closed=True)
    council = CaseFactory(body="council")

    assert select(kind="report") == {report}
    assert select(state="closed") == {closed}
    assert select(outcome="agreement") == {closed}
    assert select(body="council") == {council}
    assert select(state="open") == {report, council}
    assert select() == {report, closed, council}


def test_a_code_stands_for_the_region_in_all_its_versions_and_for_the_streets_below(select):
    old = RegionFactory(code="990777", valid_to=dt.date(2021, 4, 9))
    new = RegionFactory(code="990777", valid_from=dt.date(2021, 4, 9))
    street = RegionFactory(street=True, parent=new)
    mine = {CaseFactory(region=region) for region in (old, new, street)}
    CaseFactory(region=RegionFactory())

    assert select(place="990777") == mine


def test_a_city_stands_for_its_districts(select):
    hangzhou = Region.objects.get(code="330100")
    case = CaseFactory(region=Region.objects.filter(parent=hangzhou).first())

    assert case in select(place="330100")


def test_what_was_not_recognised_can_be_listed(select):
    unknown = CaseFactory(region=None, region_written="不知何处")
    case = CaseFactory(
        region=RegionFactory(), category=CategoryFactory(), problem=ProblemFactory(), channel=ChannelFactory()
    )
    undispatched = CaseFactory(
        handling=None, custodian=AgencyFactory(), region=RegionFactory(), category=CategoryFactory(),
        problem=ProblemFactory(), channel=ChannelFactory(),
    )

    for name in ("place", "category", "problem", "channel"):
        assert select(**{name: "unknown"}) == {unknown}, name
    assert select(handling="unknown") == {undispatched}
    assert case not in select(handling="unknown")


def test_an_agency_stands_for_all_below_it_and_for_no_other(select, city, district, neighbour):
    station = AgencyFactory(station=True, parent=district)
    cases = [CaseFactory(handling=agency) for agency in (city, district, station, neighbour)]

    assert select(handling=district.code) == set(cases[1:3])
    assert select(handling=city.code) == set(cases)
    assert select(handling=station.code) == {cases[2]}


def test_a_category_stands_for_its_subclasses_and_a_council_class_for_the_national_ones_linked_to_it(select):
    council = CategoryFactory(councils=True, code="tc")
    parent = CategoryFactory(code="tp", council=council)
    child = CategoryFactory(code="tcc", parent=parent)
    cases = {CaseFactory(category=parent), CaseFactory(category=child)}
    CaseFactory(category=CategoryFactory())

    assert select(category="12315:tp") == cases
    assert select(category="council:tc") == cases
    assert {case.category for case in select(category="12315:tcc")} == {child}


def test_a_class_alone_is_without_what_another_vocabulary_links_to_it(select, errors):
    council = CategoryFactory(councils=True, code="tc")
    below = CategoryFactory(councils=True, code="tcb", parent=council)
    CaseFactory(category=CategoryFactory(code="tp", council=council))
    cases = {CaseFactory(category=council), CaseFactory(category=below)}

    assert select(category="council:tc:only") == cases
    assert set(errors(category="council:nowhere:only")) == {"category"}


def test_a_class_alone_can_be_chosen_only_where_it_was_asked_for():
    council = CategoryFactory(councils=True, code="tc", name="测试类")
    value = "council:tc:only"

    pairs = dict(pair for _scheme, group in References().classes("category", value) for pair in group)

    assert council.name in pairs[value]
    assert pairs[value] != pairs["council:tc"]
    assert all(value not in dict(group) for _scheme, group in References().classes("category"))


def test_dates_of_receipt_are_local_days_both_included(select):
    first, last = CaseFactory(received_at=local(2026, 3, 1, 0)), CaseFactory(received_at=local(2026, 3, 31, 23, 59))
    CaseFactory(received_at=local(2026, 2, 28, 23, 59))
    CaseFactory(received_at=local(2026, 4, 1, 0))

    assert select(received_from="2026-03-01", received_to="2026-03-31") == {first, last}


def test_due_looks_at_running_clocks_and_counts_working_days(select, bridge):
    today = timezone.localdate()
    days = {-1: None, 0: None, 5: None, 6: None, 9: None, 10: None}
    for left in days:
        days[left] = ClockFactory(due_on=today + dt.timedelta(days=left)).case
    ClockFactory(due_on=today - dt.timedelta(days=1), stopped_on=today - dt.timedelta(days=3))

    assert select(due="overdue") == {days[-1]}
    assert select(due="3") == {days[0], days[5]}
    assert select(due="7") == {days[0], days[5], days[6], days[9]}


def test_to_dispatch_means_open_and_without_an_agency(select, district):
    waiting = CaseFactory(handling=None, custodian=district)
    CaseFactory(handling=None, custodian=district, closed=True)
    CaseFactory()

    assert select(mark="dispatch") == {waiting}


def test_differs(select):
    case = CaseFactory(differs=True)
    CaseFactory()

    assert select(mark="differs") == {case}


def test_the_cases_of_a_run(select):
    file = ImportFileFactory()
    case = CaseFactory(import_file=file, import_line=2)
    CaseFactory(import_file=ImportFileFactory(), import_line=2)

    assert select(run=file.run_id) == {case}


def test_the_cases_of_a_merchant(select):
    case = CaseFactory()
    CaseFactory()

    assert select(merchant=case.merchant_id) == {case}


# search


@pytest.mark.parametrize("number", ["2026-00990001", "N-EXT-4711", "HZDH0000815"])
def test_a_number_in_any_system_finds_the_case(select, number):
    case = CaseFactory(number="2026-00990001", external_number="N-EXT-4711", narrative="")
    CaseReferenceFactory(case=case, number="HZDH0000815")
    CaseFactory(narrative=f"引用了 {number}")

    assert select(q=number) == {case}
    assert select(q=number[:-1]) == {case}


def test_a_number_is_found_in_any_year(select):
    case = CaseFactory(received_at=local(2015, 1, 5), external_number="OLD2015001")

    assert select(q="OLD2015001") == {case}


def test_the_name_of_a_merchant_in_any_year_and_any_case(select):
    case = CaseFactory(merchant=MerchantFactory(name="杭州KFC餐饮有限公司"), received_at=local(2015, 1, 5))

    assert select(q="kfc") == {case}
    assert select(q="kfc 杭州") == {case}
    assert select(q="kfc 宁波") == set()


def test_all_words_of_the_narrative(select):
    case = CaseFactory(narrative="健身房突然关门，余额无法退还")
    CaseFactory(narrative="健身房收费过高")

    assert select(q="健身房 余额") == {case}
    assert select(q="健身房　余额") == {case}  # a full-width space parts words too


def test_words_of_the_demand_and_of_the_merchant_as_written(select):
    demand = CaseFactory(narrative="", demand="要求赔偿三倍")
    written = CaseFactory(narrative="", merchant=None, merchant_written="无名早餐铺")

    assert select(q="三倍") == {demand}
    assert select(q="早餐铺") == {written}


@pytest.mark.parametrize("word", ["全额%", "a_b", r"c\d", "'; DROP TABLE cases_case; --"])
def test_wildcards_and_quotes_stand_for_themselves(select, word):
    case = CaseFactory(narrative=f"写着 {word} 的包装")
    CaseFactory(narrative="写着 全额 元 axb cxd 的包装")

    assert select(q=word) == {case}


# what cannot be read


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "petition"),
        ("state", "vanished"),
        ("due", "30"),
        ("place", "999999x"),
        ("handling", "nobody"),
        ("received_from", "2026-02-30"),
        ("received_to", "gestern"),
        ("run", "7x"),
        ("run", "999999999"),
        ("merchant", "999999999"),
        ("mark", "later"),
    ],
)
def test_a_wrong_value_is_an_error_of_its_field(errors, field, value):
    assert list(errors(**{field: value})) == [field]


def test_a_run_of_another_agency_is_not_a_choice(officer, neighbour):
    run = ImportRunFactory(agency=neighbour)
    request = RequestFactory().get("/", {"run": run.pk})
    request.user = officer

    form = CaseFilterSet(request.GET, queryset=Case.objects.visible_to(officer), request=request)

    assert list(form.form.errors) == ["run"]


def test_a_merchant_known_only_elsewhere_is_not_a_choice(officer, district, neighbour):
    theirs, mine = CaseFactory(handling=neighbour).merchant, CaseFactory(handling=district).merchant
    verified = MerchantFactory(coded=True)

    def read(merchant):
        request = RequestFactory().get("/", {"merchant": merchant.pk})
        request.user = officer
        return CaseFilterSet(request.GET, queryset=Case.objects.visible_to(officer), request=request)

    assert (list(read(theirs).form.errors), read(theirs).chips()) == (["merchant"], [])
    assert [chip.value for merchant in (mine, verified) for chip in read(merchant).chips()] == [
        mine.name, verified.name,
    ]  # fmt: skip


# chips


def test_chips_say_in_words_what_is_filtered(user, district):
    region = RegionFactory(name="测试西区")
    merchant = MerchantFactory(name="测试茶馆", verified=True)
    data = {"place": region.code, "state": "open", "received_from": "2026-01-02", "merchant": merchant.pk}
    request = RequestFactory().get("/", data)
    request.user = user
    form = CaseFilterSet(request.GET, queryset=Case.objects.all(), request=request)

    chips = {chip.parameters: chip.value for chip in form.chips()}

    assert chips[("place",)] == "测试西区"
    assert chips[("merchant",)] == "测试茶馆"
    assert chips[("received_from",)] == "2026-01-02"
    assert set(chips) == {("place",), ("state",), ("received_from",), ("merchant",)}


def test_the_vocabularies_take_one_query(django_assert_num_queries):
    with django_assert_num_queries(1):
        references = References()
        assert references.choices("agency")
        assert references.regions()
        assert references.classes("category")
        assert references.classes("problem")
        assert references.choices("channel")


def test_options_follow_the_language_and_say_until_when_they_were_valid():
    RegionFactory(code="990888", name="旧区", name_en="Old District", valid_to=dt.date(2021, 4, 9))

    assert dict(References().regions())["990888"].strip() == "旧区（至 2021-04-08）"
    with translation.override("en"):
        assert dict(References().regions())["990888"].strip() == "Old District (until 2021-04-08)"


def test_streets_are_no_choice():
    street = RegionFactory(street=True)

    assert street.code not in dict(References().regions())


# the other forms


def test_recoveries(select):
    refund = RecoveryFactory(posted_on=dt.date(2026, 3, 5))
    moral = RecoveryFactory(kind="moral", status="promised", means="court", posted_on=dt.date(2026, 4, 1))
    imported = RecoveryFactory(imported=True, kind="unspecified", posted_on=dt.date(2026, 3, 31))

    def found(**data):
        return select(RecoveryFilterSet, Recovery, **data)

    assert found(posted_from="2026-03-05", posted_to="2026-03-31") == {refund, imported}
    assert found(kind="loss") == {refund, imported}
    assert found(kind="moral") == found(status="promised") == found(means="court") == {moral}
    assert found(origin="imported") == {imported}
    assert found(origin="here") == {refund, moral}
    assert found(q=refund.case.number) == found(q=refund.case.external_number) == {refund}


def test_runs(select):
    plain = ImportRunFactory(profile="hotline12345")
    rejected = ImportRunFactory(target="merchants", rows=13, rejected=1, warnings=2)
    ImportFileFactory(run=rejected, name="商户 名录.xlsx")
    ImportFileFactory(run=rejected, name="商户 名录 2.xlsx")
    running = ImportRunFactory(running=True, differing=1)

    def found(**data):
        return select(RunFilterSet, ImportRun, **data)

    assert found(q="HOTLINE") == {plain}
    assert found(q="名录") == {rejected}
    assert found(target="merchants") == {rejected}
    assert found(target="sessions") == set()
    assert found(state="running") == {running}
    assert found(problems="rejected") == found(problems="warnings") == {rejected}
    assert found(problems="differing") == {running}
