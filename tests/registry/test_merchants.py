from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from core.text import name_key
from registry.domain.merchants import resolve_merchants
from registry.models import Merchant, Region

pytestmark = pytest.mark.django_db
CODE, OTHER = "91000000MA0000010P", "91000000MA0000020Q"


@pytest.fixture
def west():
    return Region.objects.filter(code="330106").first()


@pytest.fixture
def east():
    return Region.objects.filter(code="330109").first()


def resolve(*wanted) -> list[Merchant]:
    """The merchants of the wanted keys, in their order."""
    with connection.cursor() as cursor:
        ids = resolve_merchants(cursor, set(wanted), now=timezone.now())
    assert set(ids) == set(wanted)
    return [Merchant.objects.get(pk=ids[key]) for key in wanted]


def merchant(name: str, **fields) -> Merchant:
    return Merchant.objects.create(name=name, name_key=name, **{"verified": True} | fields)


def test_new_merchants_have_the_key_that_lists_are_sorted_by(west):
    found = resolve((CODE, "杭州银行", west.pk, "杭州银行"), (None, "北京行", west.pk, "北京（行）"))

    assert [(m.name, m.pinyin) for m in found] == [
        ("杭州银行", "hang zhou yin hang "), ("北京（行）", "bei jing xing "),
    ]  # fmt: skip


def test_the_database_sorts_by_bytes(west):
    names = ["杭", "b店", "阿", "Z店", "北", "阿里"]
    resolve(*[(None, name_key(name), west.pk, name) for name in names])

    assert list(Merchant.objects.order_by("pinyin").values_list("name", flat=True)) == [
        "b店", "Z店", "阿", "阿里", "北", "杭",
    ]  # fmt: skip


def test_the_migration_fills_what_stands_already(west, monkeypatch):
    migration = import_module("registry.migrations.0003_merchant_pinyin")
    monkeypatch.setattr(migration, "BATCH", 2)
    for name in ("杭", "阿", "北", "A", "厦门"):
        merchant(name, region=west, pinyin="")

    with connection.schema_editor() as editor:
        migration.fill(apps, editor)

    assert list(Merchant.objects.order_by("pinyin").values_list("name", "pinyin")) == [
        ("A", "A"), ("阿", "a "), ("北", "bei "), ("杭", "hang "), ("厦门", "xia men "),
    ]  # fmt: skip


class TestByCode:
    def test_the_code_decides_whatever_name_and_place(self, west, east):
        stored = merchant("甲店", credit_code=CODE, region=west)

        assert resolve((CODE, "乙店", east.pk, "乙店"), (CODE, "甲店", None, "甲店")) == [stored, stored]
        stored.refresh_from_db()
        assert (stored.name, stored.region) == ("甲店", west)
        assert Merchant.objects.count() == 1

    def test_an_unknown_code_makes_a_verified_merchant(self, west):
        (made,) = resolve((CODE, "甲店", west.pk, "甲 店"))

        assert (made.credit_code, made.verified) == (CODE, True)
        assert (made.name, made.name_key, made.region, made.aliases, made.address) == ("甲 店", "甲店", west, [], "")

    def test_one_unknown_code_under_two_names_makes_one_merchant(self, west, east):
        first, second = resolve((CODE, "甲店", west.pk, "甲店"), (CODE, "乙店", east.pk, "乙店"))

        assert first == second
        assert Merchant.objects.count() == 1

    def test_a_merchant_of_the_same_name_without_code_is_not_given_one(self, west):
        named = merchant("甲店", region=west)

        (made,) = resolve((CODE, "甲店", west.pk, "甲店"))

        assert made != named
        named.refresh_from_db()
        assert named.credit_code is None

    def test_two_codes_are_two_merchants(self, west):
        first, second = resolve((CODE, "甲店", west.pk, "甲店"), (OTHER, "甲店", west.pk, "甲店"))

        assert (first.credit_code, second.credit_code) == (CODE, OTHER)


@pytest.fixture
def region():
    """`region(code, first day)`, by default the present version."""

    def find(code: str, valid_from: str | None = None) -> Region:
        found = Region.objects.filter(code=code)
        return found.get(valid_from=valid_from) if valid_from else found.get(valid_to=None)

    return find


OLD_MAP = "2001-03-25"


class TestOnAnotherMap:
    """A district keeps its code while its area changes, or goes into another one: Hangzhou, 2021-04-09."""

    @pytest.mark.parametrize(
        ("stored", "asked"),
        [
            (("330110",), ("330110", OLD_MAP)),  # 余杭 today, of a case before
            (("330110", OLD_MAP), ("330110",)),
            (("330113",), ("330110", OLD_MAP)),  # 临平 came from 余杭
            (("330102",), ("330104", OLD_MAP)),  # 江干 went into 上城 and 钱塘
            (("330114",), ("330104", OLD_MAP)),
            (("330111",), ("330183", OLD_MAP)),  # 富阳市 became a district
        ],
    )
    def test_the_verified_merchant_of_the_same_district_is_taken(self, region, stored, asked):
        verified = merchant("甲店", region=region(*stored))

        assert resolve((None, "甲店", region(*asked).pk, "甲店")) == [verified]

    @pytest.mark.parametrize(
        ("stored", "asked"),
        [
            (("330113",), ("330110",)),  # side by side today
            (("330102",), ("330110", OLD_MAP)),
            (("330103", OLD_MAP), ("330104", OLD_MAP)),
        ],
    )
    def test_one_of_another_district_is_not(self, region, stored, asked):
        verified = merchant("甲店", region=region(*stored))

        (made,) = resolve((None, "甲店", region(*asked).pk, "甲店"))

        assert (made != verified, made.verified, made.region) == (True, False, region(*asked))

    def test_the_nearer_one_is_taken(self, region):
        of_that_day = merchant("甲店", region=region("330110", OLD_MAP))
        of_that_code = merchant("甲店", region=region("330110"))
        merchant("甲店", region=region("330113"))

        wanted = (None, "甲店", region("330110", OLD_MAP).pk, "甲店")
        assert resolve(wanted) == [of_that_day]
        of_that_day.delete()
        assert resolve(wanted) == [of_that_code]

    def test_two_that_are_equally_near_are_not_guessed_between(self, region):
        stored = [merchant("甲店", region=region(code)) for code in ("330102", "330114")]

        (made,) = resolve((None, "甲店", region("330104", OLD_MAP).pk, "甲店"))

        assert made not in stored
        assert not made.verified


class TestByName:
    @pytest.mark.parametrize("code", [None, CODE])
    def test_the_one_verified_merchant_of_name_and_region_is_taken(self, west, code):
        stored = merchant("甲店", region=west, credit_code=code)

        assert resolve((None, "甲店", west.pk, "甲 店")) == [stored]

    def test_a_namesake_elsewhere_is_not_taken(self, west, east):
        elsewhere = merchant("甲店", region=east)

        (made,) = resolve((None, "甲店", west.pk, "甲店"))

        assert made != elsewhere
        assert (made.region, made.verified, made.credit_code) == (west, False, None)

    def test_of_two_verified_namesakes_neither_is_taken(self, west):
        stored = {merchant("甲店", region=west), merchant("甲店", region=west, credit_code=CODE)}

        (made,) = resolve((None, "甲店", west.pk, "甲店"))

        assert made not in stored
        assert not made.verified

    def test_the_verified_one_comes_before_the_unverified_one(self, west):
        merchant("甲店", region=west, verified=False)
        verified = merchant("甲店", region=west)

        assert resolve((None, "甲店", west.pk, "甲店")) == [verified]

    def test_an_unverified_one_is_made_once_and_found_again(self, west):
        first = resolve((None, "甲店", west.pk, "甲店"))

        assert resolve((None, "甲店", west.pk, "甲—店")) == first
        assert (first[0].name, Merchant.objects.count()) == ("甲店", 1)

    def test_without_a_place_no_verified_merchant_is_taken(self, west):
        merchant("甲店", region=west)
        merchant("甲店", region=None)

        (made,) = resolve((None, "甲店", None, "甲店"))

        assert (made.region, made.verified) == (None, False)
        assert resolve((None, "甲店", None, "甲店")) == [made]

    def test_the_places_of_one_name_stay_apart(self, west, east):
        in_west, in_east, nowhere = resolve(
            (None, "甲店", west.pk, "甲店"), (None, "甲店", east.pk, "甲店"), (None, "甲店", None, "甲店")
        )

        assert [m.region for m in (in_west, in_east, nowhere)] == [west, east, None]

    def test_two_spellings_of_one_name_make_one_merchant(self, west):
        first, second = resolve((None, "甲店", west.pk, "甲店"), (None, "甲店", west.pk, "甲（店）"))

        assert first == second


def test_nothing_wanted_asks_the_database_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert resolve() == []


def test_the_queries_do_not_grow_with_the_merchants(west, django_assert_num_queries):
    wanted = {(None, f"第{n}店", west.pk, f"第{n}店") for n in range(30)}
    with django_assert_num_queries(4), connection.cursor() as cursor:
        assert len(resolve_merchants(cursor, wanted, now=timezone.now())) == 30
