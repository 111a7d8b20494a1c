import datetime as dt

import pytest

from registry.domain import Directory, directory
from registry.models import Agency, Category, Region
from tests.factories import CategoryFactory, ChannelFactory, ProblemFactory, RegionFactory

D = dt.date
OLD, NEW = D(2021, 4, 8), D(2021, 4, 9)
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def hangzhou(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        return Directory.load()


def test_loading_takes_seven_queries(django_assert_num_queries):
    with django_assert_num_queries(7):
        Directory.load()


def test_resolving_takes_none(hangzhou, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert hangzhou.agency("湖滨市场监管所", NEW).region.code == "330102003"
        assert hangzhou.region("上城区", NEW).code == "330102"
        assert len(hangzhou.agency("330102-bureau", NEW).ancestor_ids) == 2


@pytest.mark.parametrize(
    "written",
    [
        "上城", "上城区", "杭州市上城区", "浙江省杭州市上城区", "330102", "330102000000", " 上城区　", "３３０１０２",
        "杭州市 上城区", "浙江省杭州市上城", "Shangcheng District",
    ],
)  # fmt: skip
def test_a_district_under_each_of_its_written_forms(hangzhou, written):
    assert hangzhou.region(written, OLD).valid_to == NEW
    assert hangzhou.region(written, NEW).valid_from == NEW


@pytest.mark.parametrize(
    ("written", "day", "code"),
    [
        ("下城区", OLD, "330103"),
        ("下城区", NEW, None),
        ("330104", OLD, "330104"),
        ("330104", NEW, None),
        ("临平区", OLD, None),
        ("临平区", NEW, "330113"),
        ("临平", OLD, None),  # a street of that name is written with its kind
        ("临平街道", OLD, "330110001"),
        ("临平街道", NEW, "330113001"),
        ("杭州市余杭区临平街道", OLD, "330110001"),
        ("杭州市余杭区临平街道", NEW, None),
        ("330110001000", OLD, "330110001"),
        ("富阳市", D(2014, 12, 12), "330183"),
        ("富阳", D(2014, 12, 13), "330111"),
        ("杭州", NEW, "330100"),
        ("浙江省", NEW, "330000"),
        ("桐庐县", NEW, "330122"),
        ("余抗区", OLD, None),
        ("外省市", OLD, None),
        ("主城区", NEW, None),
        ("", OLD, None),
        ("上城区", D(2001, 3, 24), None),
    ],
)
def test_regions_by_name_code_and_day(hangzhou, written, day, code):
    found = hangzhou.region(written, day)
    assert (found and found.code) == code


def test_a_name_that_two_places_of_a_level_bear_is_unknown():
    RegionFactory(street=True, name="同名街道")
    RegionFactory(street=True, name="同名街道")
    higher = RegionFactory(name="同名", name_en="x")
    RegionFactory(street=True, name="同名", name_en="y")
    found = Directory.load()
    assert found.region("同名街道", NEW) is None
    assert found.region("同名", NEW) == higher


@pytest.mark.parametrize(
    ("written", "day", "code"),
    [
        ("杭州市市场监督管理局", OLD, "330100-bureau"),
        ("杭州市上城区市场监督管理局", OLD, "330102-bureau"),
        ("上城区市场监管局", NEW, "330102-bureau"),
        ("杭州市下城区市场监督管理局", OLD, "330103-bureau"),
        ("杭州市下城区市场监督管理局", NEW, None),
        ("下沙市场监督管理所", OLD, "330104010-station"),
        ("下沙市场监督管理所", NEW, "330114001-station"),
        ("杭州市钱塘区市场监督管理局", OLD, "330114-bureau"),  # the export names who has the case now
        ("桐庐县市场监督管理局", NEW, "330122-bureau"),
        ("杭州市桐庐县市场监督管理局", NEW, "330122-bureau"),
        ("杭州高新技术产业开发区(滨江)市场监督管理局", NEW, "330108-bureau"),
        ("杭州市消保委", NEW, "330100-council"),
        ("杭州市余杭区消费者权益保护委员会", NEW, "330110-council"),
        ("建德市消费者权益保护委员会", NEW, "330182-council"),
        ("杭州市消费纠纷人民调解委员会", NEW, "330100-committee"),
        ("上城区人民法院消费纠纷“微法庭”", NEW, "330102-court"),
        ("330106-bureau", NEW, "330106-bureau"),
        ("余杭市监局", NEW, None),
        ("滨江区市场监管分局（暂定）", NEW, None),
        ("杭州市余杭区市埸监督管理局", NEW, None),
        ("市场监督管理局", NEW, None),
    ],
)
def test_agencies_by_name_alias_code_and_day(hangzhou, written, day, code):
    found = hangzhou.agency(written, day)
    assert (found and found.code) == code


def test_the_place_of_an_agency_on_a_day(hangzhou):
    bureau = hangzhou.agency("330102-bureau", NEW)
    assert hangzhou.region_of(bureau).valid_from == NEW
    assert hangzhou.region_of(bureau, OLD).valid_to == NEW
    assert hangzhou.region_of(Agency(code="x")) is None


@pytest.mark.parametrize(
    ("agency", "day", "region"),
    [
        ("330113-bureau", OLD, ("330110", D(2001, 3, 25))),  # 临平 was a part of 余杭
        ("330113-bureau", NEW, ("330113", NEW)),
        ("330114-bureau", OLD, None),  # 钱塘 came from 江干 and 萧山
        ("330113001-station", OLD, ("330110001", D(2001, 3, 25))),
        ("330111-bureau", D(2014, 12, 12), ("330183", D(2001, 3, 25))),
        ("330111-bureau", D(2001, 3, 24), None),
        ("330106-bureau", D(2001, 3, 24), None),
    ],
)
def test_before_its_place_began_an_agency_is_where_that_came_from(hangzhou, agency, day, region):
    found = hangzhou.region_of(hangzhou.agency(agency, NEW), day)
    assert (found and (found.code, found.valid_from)) == region


@pytest.mark.parametrize(
    ("written", "day", "code"),
    [
        ("12315热线", OLD, "12315-phone"),
        ("全国12315平台APP", OLD, "12315-app"),
        ("全国12315平台app", OLD, "12315-app"),
        ("12345政务服务便民热线", OLD, "12345"),
        ("传真", D(2026, 4, 14), "fax"),
        ("传真", D(2026, 4, 15), None),
        ("杭州智慧315", D(2021, 3, 14), None),
        ("杭州智慧315", D(2021, 3, 15), "zhihui315"),
        ("ODR", OLD, "odr"),
        ("电话", OLD, "phone"),
        ("信鸽", OLD, None),
    ],
)
def test_channels(hangzhou, written, day, code):
    found = hangzhou.channel(written, day)
    assert (found and found.code) == code


@pytest.mark.parametrize(
    ("written", "scheme", "code"),
    [
        ("商品（产品）->家用电器->电视机", "12315", "127"),
        ("商品(产品)→家用电器", "12315", "127"),
        ("商品->家用电器", "12315", "127"),
        ("家用电器", "12315", "127"),
        ("127", "12315", "127"),
        ("服务->餐饮和住宿->餐馆", "12315", "s01"),
        ("服务－＞旅游", "12315", "s06"),
        ("商品（产品）->其他", "12315", "g99"),
        ("服务->其他", "12315", "s99"),
        ("其他", None, None),  # of goods or of services?
        ("商品（产品）", None, None),
        ("商品（产品）->旅游", None, None),  # a service under goods
        ("家用电子电器类", "council", "cg01"),
        ("生活、社会服务类", "council", "cs01"),
        ("烟、酒和饮料", "12315", "103"),
        ("烟、酒和饮料类", "council", "cg04"),
        # classes that both vocabularies have, under the council's name
        ("食品类", "12315", "101"),
        ("商品（产品）->食品类->大米", "12315", "101"),
        ("服务->互联网服务", "12315", "s10"),
        ("服务->教育培训服务->校外培训", "12315", "s04"),
        ("服务->文化、娱乐、体育服务", "12315", "s05"),
        ("服务->旅游服务", "12315", "s06"),
        ("服务->销售服务", "12315", "s09"),
        ("服务->电信服务", "12315", "s20"),
        ("服务->金融服务", "12315", "s22"),
        ("服务->保险服务", "12315", "s23"),
        ("不明物体", None, None),
        ("->", None, None),
    ],
)
def test_categories(hangzhou, written, scheme, code):
    found = hangzhou.category(written)
    assert (found and found.scheme, found and found.code) == (scheme, code)


def test_a_path_resolves_to_its_deepest_known_level():
    appliances = Category.objects.get(code="127")
    television = CategoryFactory(parent=appliances, name="电视机")
    colour = CategoryFactory(parent=television, name="彩色电视机")
    found = Directory.load()
    assert found.category("商品（产品）->家用电器->电视机->彩色电视机->液晶") == colour
    assert found.category("家用电器->电视机->黑白电视机") == television
    assert found.category("彩色电视机") == colour


@pytest.mark.parametrize(
    ("written", "scheme", "code"),
    [
        ("质量->不合格", "12315", "01"),
        ("食品安全->超过保质期", "12315", "53"),
        ("人格权益", "12315", "11"),
        ("虚假宣传", "council", "c05"),
        ("其它违反登记管理->违法登记管理", "12315", "14"),
        ("12", "12315", "12"),
        ("服务->质量", "12315", "01"),  # no branches here
        ("胎压异常", None, None),
    ],
)
def test_problems(hangzhou, written, scheme, code):
    found = hangzhou.problem(written)
    assert (found and found.scheme, found and found.code) == (scheme, code)


def test_platforms(hangzhou):
    assert hangzhou.platform("橙筐商城").code == hangzhou.platform("橙筐").code == "chengkuang"
    assert hangzhou.platform("chengkuang").agency_id == hangzhou.agency("platform-chengkuang", NEW).pk
    assert hangzhou.platform("某宝") is None


def test_written_values_are_remembered_up_to_a_bound(monkeypatch):
    monkeypatch.setattr(directory, "MEMORY", 3)
    known = Directory.load()
    for number in range(10):
        assert known.category(f"无此类{number}") is None
        assert len(known._categories) <= 3
    first = known.category("家用电器")
    Category.objects.filter(code="127").update(name="改名")
    assert known.category("家用电器") is first


def test_a_spelling_of_two_rows_is_unknown():
    ChannelFactory(name="甲", aliases=["同"])
    ChannelFactory(name="乙", aliases=["同"])
    ProblemFactory(name="丙", aliases=["同"])
    found = Directory.load()
    assert found.channel("同", NEW) is None
    assert found.channel("甲", NEW).name == "甲"
    assert found.problem("同").name == "丙"


def test_thirteen_districts_on_either_map():
    for day in (D(2020, 12, 31), D(2021, 4, 9), D(2026, 4, 15)):
        assert Region.objects.valid_on(day).filter(level="district").count() == 13
        assert Agency.objects.valid_on(day).filter(kind="bureau", parent__code="330100-bureau").count() == 13
        assert Agency.objects.valid_on(day).filter(kind="council", parent__code="330100-council").count() == 13
