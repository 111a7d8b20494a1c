"""What the repository's own reference data say."""

import datetime as dt

import pytest

from registry.enums import AgencyKind, Branch, RegionLevel, Scheme
from registry.models import (
    Agency,
    CalendarNotice,
    Category,
    Channel,
    Industry,
    Platform,
    Problem,
    Region,
    RegionSuccession,
)
from registry.reference import datasets

D = dt.date
CUT = D(2021, 4, 9)
pytestmark = pytest.mark.django_db


def test_every_row_has_both_names():
    for dataset in datasets():
        rows = list(dataset.model.objects.values_list("name", "name_en"))
        assert rows
        for name, name_en in rows:
            assert name
            assert name_en
            assert name_en.isascii() or name_en == "Changlü Town"


def names(**conditions):
    return set(Region.objects.filter(**conditions).values_list("name", flat=True))


def test_the_districts_of_the_old_and_the_new_map():
    assert names(level=RegionLevel.DISTRICT, valid_to=CUT) == {"上城区", "下城区", "江干区", "拱墅区", "萧山区", "余杭区"}
    assert names(level=RegionLevel.DISTRICT, valid_from=CUT) == {
        "上城区", "拱墅区", "萧山区", "余杭区", "临平区", "钱塘区",
    }  # fmt: skip


def test_every_place_that_ended_has_successors_from_that_very_day():
    for region in Region.objects.filter(valid_to__isnull=False).prefetch_related("successions__successor"):
        successors = [(s.successor.valid_from, s.whole) for s in region.successions.all()]
        assert successors
        assert {valid_from for valid_from, _whole in successors} == {region.valid_to}
        assert (len(successors) == 1) is successors[0][1]  # either everything to one, or parts to several


@pytest.mark.parametrize(
    ("old", "successors"),
    [
        ("下城区", {"拱墅区"}),
        ("江干区", {"上城区", "钱塘区"}),
        ("萧山区", {"萧山区", "钱塘区"}),
        ("余杭区", {"余杭区", "临平区"}),
        ("上城区", {"上城区"}),
    ],
)
def test_successors_of_districts(old, successors):
    region = Region.objects.get(name=old, valid_to=CUT)
    assert set(region.successors.values_list("name", flat=True)) == successors


def test_streets_went_where_their_districts_say():
    """The parts of a district are the districts to which its streets went."""
    for district in Region.objects.filter(level=RegionLevel.DISTRICT, valid_to=CUT):
        streets = RegionSuccession.objects.filter(predecessor__parent=district)
        assert streets.exists()
        went = set(streets.values_list("successor__parent", flat=True))
        assert went == set(district.successions.values_list("successor", flat=True))
        assert all(streets.values_list("whole", flat=True))


def test_thirty_one_streets_changed_their_code():
    moved = RegionSuccession.objects.filter(predecessor__level=RegionLevel.STREET)
    changed = [(s.predecessor.name, s.successor.name) for s in moved if s.predecessor.code != s.successor.code]
    assert len(changed) == 31
    assert all(before == after for before, after in changed)
    qiantang = moved.filter(successor__parent__name="钱塘区")
    assert sorted(qiantang.values_list("predecessor__name", "predecessor__parent__name")) == [
        ("下沙街道", "江干区"), ("临江街道", "萧山区"), ("义蓬街道", "萧山区"), ("前进街道", "萧山区"),
        ("新湾街道", "萧山区"), ("河庄街道", "萧山区"), ("白杨街道", "江干区"),
    ]  # fmt: skip


def test_no_place_outlives_the_one_above():
    for region in Region.objects.filter(parent__isnull=False).select_related("parent"):
        assert region.parent.valid_from <= region.valid_from
        if region.parent.valid_to:
            assert region.valid_to
            assert region.valid_to <= region.parent.valid_to
        above = region.parent.code
        assert region.code.startswith(above.rstrip("0") if above.endswith("00") else above)


def test_no_name_or_alias_means_two_agencies_of_one_day():
    for day in (D(2020, 6, 1), CUT, D(2026, 4, 15)):
        written = [n for a in Agency.objects.valid_on(day) for n in {a.code, a.name, a.name_en, *a.aliases}]
        assert sorted(n for n in written if written.count(n) > 1) == []


def test_the_agency_trees():
    roots = Agency.objects.filter(parent=None)
    assert {root.code for root in roots if not root.code.startswith("platform-")} == {
        "330100-bureau", "330100-council", "330100-committee", "330102-court",
    }  # fmt: skip
    city, council = Agency.objects.get(code="330100-bureau"), Agency.objects.get(code="330100-council")
    assert set(Agency.objects.within(city).values_list("kind", flat=True)) == {AgencyKind.BUREAU, AgencyKind.STATION}
    assert set(Agency.objects.within(council).values_list("kind", flat=True)) == {AgencyKind.COUNCIL}
    assert Agency.objects.filter(kind=AgencyKind.STATION).count() == 16
    for agency in Agency.objects.filter(parent__isnull=False).select_related("parent"):
        assert agency.path == f"{agency.parent.path}{agency.pk}/"


def test_fifteen_platforms_are_in_the_green_channel():
    platforms = Platform.objects.select_related("agency")
    assert platforms.count() == 15
    for platform in platforms:
        assert platform.agency.kind == AgencyKind.PLATFORM
        assert (platform.green_from, platform.green_to) == (D(2019, 1, 1), None)


def test_fax_ended_with_order_121():
    assert Channel.objects.get(code="fax").valid_to == D(2026, 4, 15)
    assert Channel.objects.valid_on(D(2026, 4, 15)).count() == Channel.objects.count() - 1


def test_the_two_vocabularies_of_goods_and_services():
    council = Category.objects.filter(scheme=Scheme.COUNCIL)
    assert [council.filter(branch=branch).count() for branch in Branch.values] == [10, 13, 1]
    national = Category.objects.filter(scheme=Scheme.NATIONAL)
    assert not national.filter(council=None).exists()
    assert not national.exclude(council__scheme=Scheme.COUNCIL).exists()
    assert national.filter(code__regex=r"^1\d\d$").count() == 27
    for row in national.exclude(council__branch=Branch.OTHER).select_related("council"):
        assert row.branch == row.council.branch


def test_problems_are_linked_to_the_ten_natures():
    assert list(Problem.objects.filter(scheme=Scheme.COUNCIL).order_by("position").values_list("name", flat=True)) == [
        "售后服务", "合同", "质量", "价格", "虚假宣传", "安全", "假冒", "人格尊严", "计量", "其他",
    ]  # fmt: skip
    national = Problem.objects.filter(scheme=Scheme.NATIONAL)
    assert national.count() == 20
    assert not national.exclude(council__scheme=Scheme.COUNCIL).exists()


def test_the_sections_of_industries():
    assert "".join(Industry.objects.values_list("code", flat=True)) == "ABCDEFGHIJKLMNOPQRST"


def test_each_notice_names_its_address():
    notices = CalendarNotice.objects.order_by("published_on")
    assert [notice.code for notice in notices] == [
        "2019", "2019-amendment", "2020", "2020-amendment", "2021", "2022", "2023", "2024", "2025", "2026",
    ]  # fmt: skip
    assert all("gov.cn/zhengce/zhengceku/" in notice.url for notice in notices)
    assert len({notice.url for notice in notices}) == 10
