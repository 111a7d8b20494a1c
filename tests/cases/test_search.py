"""Searching cases: what is looked for, what is found, and that the quick ways find exactly what is there."""

import datetime as dt
import random

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from cases import search
from cases.domain import compare_search, one_spelling, search_text, settle_search, write_search
from cases.filters import CaseFilterSet, Searched
from cases.models import Case, CaseChange, CaseSearch
from cases.search import SearchPaginator, Words, read_person
from core.pagination import LAST, KeysetPaginator, Sort
from tests.factories import (
    CaseFactory,
    CaseReferenceFactory,
    MerchantFactory,
    PartyFactory,
    UserFactory,
)
from tests.factories.cases import PERSON, local

pytestmark = pytest.mark.django_db


@pytest.fixture
def regulator():
    return UserFactory(superuser=True)


@pytest.fixture
def look(regulator):
    """`look("words", user=officer)`: the form, the search having read all cases."""

    def apply(q, user=regulator, **data):
        write_search(list(Case.objects.values_list("pk", flat=True)))
        request = RequestFactory().get("/", {"q": q, **data})
        request.user = user
        form = CaseFilterSet(request.GET, queryset=Case.objects.visible_to(user), request=request)
        assert form.is_valid(), form.errors
        assert form.qs.query
        return form

    return apply


@pytest.fixture
def find(look):
    return lambda q, **options: set(look(q, **options).qs)


# what was typed


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("健身房 余额", ("健身房", "余额"), ()),
        ("健身房　余额", ("健身房", "余额"), ()),
        ("ＫＦＣ kfc ＫＦc", ("kfc",), ()),
        ('"退款 太慢" 健身', ("退款 太慢", "健身"), ()),
        ("“退款 太慢”「不 退」『再 来』", ("退款 太慢", "不 退", "再 来"), ()),
        ("＂全角 引号＂ ｢半角 引号｣", ("全角 引号", "半角 引号"), ()),
        ('"没有 写完', ("没有 写完",), ()),
        ("退款 -健身 －美容 -“美 发”", ("退款",), ("健身", "美容", "美 发")),
        ("- “” -", (), ()),
        ("e-mail 双-11", ("e-mail", "双-11"), ()),
        ('5" 屏', ('5"', "屏"), ()),
        ("", (), ()),
    ],
)
def test_words_phrases_and_what_must_not_be_there(text, wanted, unwanted):
    assert Words.read(text) == Words(wanted, unwanted)


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("13800000001", ("phone", "13800000001")),
        (" 138-0000 0001 ", ("phone", "13800000001")),
        ("+86 138 0000 0001", ("phone", "13800000001")),
        ("００８６１３８００００００01", ("phone", "13800000001")),
        ("000000199001010011", ("id_number", "000000199001010011")),
        ("000000 19900101 001x", ("id_number", "00000019900101001X")),
        ("0571-88000001", ("phone", "057188000001")),
        ("（0571）8800 0001", ("phone", "057188000001")),
        ("010 68000001", ("phone", "01068000001")),
        ("330100900101001", ("id_number", "330100900101001")),  # of fifteen digits, as they were before 1999
        ("88000001", None),  # without its area code it may be anything
        ("330100901301001", None),
        ("930100900101001", None),  # an order: no region begins with 9, so that texts show it
        ("0000001990010100112", None),
        ("000000199013010011", None),  # no date: an order
        ("1380000000", None),
        ("13800000001 退款", None),
        ("T13800000001", None),
        ("1380000000x", None),
    ],
)
def test_numbers_of_persons(text, person):
    assert read_person(text) == person


# what is searched


def test_the_searched_text_has_one_spelling_and_a_line_for_each_text():
    assert search_text(("ＡＢＣ店\n 第２ 行", "", "Straße ㎏", "ABC店 第2 行")) == "abc店 第2 行\nstrasse kg"


@pytest.mark.parametrize(
    "text",
    ["电话13800001234", "电话138-0000-1234", "电话１３８ ００００ １２３４", "电话①③⑧00001234"],
)
def test_telephone_numbers_are_masked_however_they_are_written(text):
    assert search_text([text]) == "电话138****1234"


def test_two_texts_never_make_a_number_nor_a_word_together():
    assert search_text(["尾号138", "00001234元"]) == "尾号138\n00001234元"


@pytest.mark.parametrize("word", ["0000", "8000", "13800001234", "138000", "38-0", "38*", "19900101", "0001"])
@pytest.mark.parametrize(
    "field", ["narrative", "demand", "merchant_written", "goods", "brand", "order_number"]
)
def test_what_a_mask_hides_is_not_found_in_any_text(find, field, word):
    CaseFactory(
        **{
            "narrative": "",
            "demand": "",
            "merchant": None,
            field: "张 13800001234 和 330102199001010011"[:80],
        }
    )

    if word == "38*":  # the mask itself is seen by everyone
        assert len(find(word)) == 1
    else:
        assert find(word) == set()
    assert len(find("张")) == 1


def test_all_texts_are_searched_in_all_years(find):
    merchant = MerchantFactory(name="杭州KFC餐饮有限公司", aliases=["肯德基"])
    case = CaseFactory(
        narrative="健身房关门", demand="三倍赔偿", merchant=merchant, merchant_written="老街早餐铺", goods="净水器",
        brand="湖畔", order_number="TB20200101777", received_at=local(2015, 1, 5),
    )  # fmt: skip
    CaseFactory(narrative="别的")

    for word in (
        "健身",
        "三倍",
        "kfc",
        "ＫＦＣ",
        "肯德基",
        "早餐铺",
        "净水器",
        "湖畔",
        "tb2020",
        "健身 kfc 三倍 湖畔",
    ):
        assert find(word) == {case}, word
    assert find("健身 宁波") == set()


def test_phrases_and_exclusion(find):
    both = CaseFactory(narrative="健身房 退款 太慢")
    apart = CaseFactory(narrative="太慢了，健身房不退款")

    assert find("太慢 退款") == {both, apart}
    assert find('"退款 太慢"') == {both}
    assert find("健身 -「退款 太慢」") == {apart}
    assert find("健身 -退款") == set()
    assert find("-太慢了") == {both}


@pytest.mark.parametrize(
    "word", ["全额%", "a_b", r"c\d", "100%_", "\\", "%", "_", "'", "𠮷野", "𠮷", "👩‍👧", "㎏"]
)
def test_signs_stand_for_themselves(find, word):
    case = CaseFactory(narrative=f"写着 {word} 的包装", demand="")
    CaseFactory(narrative="写着 全额 元 axb cxd 吉野 👩 的包装", demand="")

    assert find(word) == {case}


def test_a_word_longer_than_the_text_is_not_found(find):
    CaseFactory(narrative="短", demand="", merchant=None)

    assert find("短短" * 20) == set()
    assert len(find("短")) == 1


# numbers


@pytest.mark.parametrize("number", ["2026-00990001", "N-EXT-4711", "HZDH0000815"])
def test_a_number_wins_over_words(look, number):
    case = CaseFactory(number="2026-00990001", external_number="N-EXT-4711", narrative="")
    CaseReferenceFactory(case=case, number="HZDH0000815")
    CaseFactory(narrative=f"引用了 {number}")

    form = look(number)

    assert (set(form.qs), form.searched, form.found) == ({case}, Searched.NUMBER, None)


def test_a_number_that_no_visible_case_has_is_a_word(look, officer, neighbour, district):
    CaseFactory(handling=neighbour, external_number="THEIRS-1")
    mentions = CaseFactory(handling=district, narrative="来信提到 THEIRS-1")

    form = look("THEIRS-1", user=officer)

    assert (set(form.qs), form.searched) == ({mentions}, Searched.WORDS)


# persons


def person(kind="phone"):
    return PERSON[kind]


@pytest.mark.parametrize("kind", ["phone", "id_number"])
def test_a_person_is_found_by_the_whole_number_alone(look, officer, district, kind):
    case = CaseFactory(handling=district)
    PartyFactory(case=case)
    CaseFactory(handling=district, narrative=f"文中写着 {person('phone')}")

    form = look(person(kind), user=officer)

    assert (set(form.qs), form.searched) == ({case}, Searched.PERSON)
    assert set(look(person(kind)[:-1], user=officer).qs) == set()


def test_a_person_of_another_agency_is_not_found(find, officer, neighbour):
    PartyFactory(case=CaseFactory(handling=neighbour))

    assert find(person(), user=officer) == set()


def test_who_may_reveal_no_party_finds_none(look, district):
    PartyFactory(case=CaseFactory(handling=district))
    reader = UserFactory(agency=district, roles=["clerk"])

    form = look(person(), user=reader)

    assert (set(form.qs), form.searched) == (set(), Searched.NO_PERSON)


def test_a_sealed_reporter_is_found_by_those_alone_who_see_reporters(find, district, officer, regulator):
    """Not by a superuser, whose permissions nobody has given, nor by who may reveal other parties."""
    case = CaseFactory(handling=district, report=True)
    PartyFactory(case=case, reporter=True)

    assert find(person(), user=officer) == {case}
    assert find(person(), user=regulator) == set()
    assert find(person(), user=UserFactory(agency=district, roles=["mediator"])) == set()


# the quick ways


ALPHABET = "退款健身房预付卡ab%_\\\"'元1 －𠮷👍，。"


def random_text(draw: random.Random, most: int) -> str:
    return "".join(draw.choice(ALPHABET) for _n in range(draw.randint(0, most)))


@pytest.fixture
def scatter(district, neighbour):
    """`scatter(400)`: so many cases of random texts in two districts."""

    def make(number):
        draw = random.Random(20260420)
        days = [local(2026, 1, 1) + dt.timedelta(hours=hour) for hour in range(number // 3)]
        cases = Case.objects.bulk_create(
            CaseFactory.build(
                handling=draw.choice([district, district, neighbour]), merchant=None,
                demand=random_text(draw, 12), narrative=random_text(draw, 30), received_at=draw.choice(days),
                claimed=draw.choice([None, draw.randint(1, 20)]), kind=draw.choice(["complaint", "inquiry"]),
            )
            for _n in range(number)
        )  # fmt: skip
        write_search([case.pk for case in cases])
        settle_search()
        return list(Case.objects.all())

    return make


@pytest.fixture
def many(scatter):
    return scatter(400)


def has(content: str, words: Words) -> bool:
    return all(w in content for w in words.wanted) and not any(w in content for w in words.unwanted)


def expected(cases, words: Words) -> set:
    return {case for case in cases if has(search_text((case.narrative, case.demand)), words)}


def random_query(draw: random.Random) -> str:
    words = [random_text(draw, 3).strip() for _n in range(draw.randint(1, 2))]
    return draw.choice(["{}", "{} {}", '"{} {}"', "{} -{}"]).format(*(words * 2))


def test_random_words_find_what_a_look_at_every_text_finds(scatter, regulator):
    cases = scatter(3000)
    contents = {case.pk: search_text((case.narrative, case.demand)) for case in cases}
    draw = random.Random(315)
    found = 0
    for _n in range(150):
        words = Words.read(random_query(draw))
        texts = words.in_index(CaseSearch.objects.visible_to(regulator))
        right = {pk for pk, content in contents.items() if has(content, words)}
        assert set(texts.values_list("pk", flat=True)) == right, words
        found += bool(right)
    assert found > 50


@pytest.mark.parametrize("walked", [5, 60, 4000])
@pytest.mark.parametrize("sort", ["-received", "received", "-claimed", "number"])
def test_every_way_finds_exactly_what_is_there_in_its_order(
    monkeypatch, many, officer, regulator, walked, sort
):
    monkeypatch.setattr(search, "WALKED", walked)
    draw = random.Random(f"{walked}{sort}")
    fields = {"received": "received_at", "claimed": "claimed", "number": "number"}
    order = Sort(sort.strip("-"), fields[sort.strip("-")], sort.startswith("-"))
    some = 0
    for _n in range(20):
        query, user = random_query(draw), draw.choice([officer, regulator])
        rows = Case.objects.visible_to(user)
        others = draw.choice([{}, {"kind": "inquiry"}])
        rows = rows.filter(**others)
        words = Words.read(query)
        if not words:
            continue
        right = expected(rows, words)
        found = search.Search(rows, words, user, plain=not others, wide=user == regulator)
        assert pages(found, order) == [row for row in found_in_order(rows, order) if row in right], query
        assert pages(found, order, backwards=True) == pages(found, order), query
        some += bool(right)
    assert some > 5


def found_in_order(rows, order: Sort) -> list:
    return list(KeysetPaginator(rows, order).ordered())


def pages(found, order: Sort, *, backwards=False) -> list:
    """All rows, page after page, 25 at a time, from either end."""
    rows, page = [], SearchPaginator(found, order, 25).page(**({"before": LAST} if backwards else {}))
    while True:
        rows = [*page.rows, *rows] if backwards else [*rows, *page.rows]
        step = {"before": page.previous} if backwards else {"after": page.next}
        if not any(step.values()):
            return list(dict.fromkeys(rows))
        page = SearchPaginator(found, order, 25).page(**step)


@pytest.mark.parametrize("walked", [5, 4000])
def test_neighbours_are_those_of_the_whole_list(monkeypatch, many, regulator, walked):
    monkeypatch.setattr(search, "WALKED", walked)
    order = Sort("received", "received_at", True)
    found = search.Search(Case.objects.all(), Words.read("健身"), regulator, plain=True, wide=True)
    right = pages(found, order)
    assert len(right) > 2

    for position, case in enumerate(right):
        before, after = SearchPaginator(found, order, 1).neighbours(case, "number")
        assert before == (right[position - 1].number if position else None)
        assert after == (right[position + 1].number if position + 1 < len(right) else None)


def test_the_count_is_exact_where_it_can_be_and_says_so_where_not(monkeypatch, many, regulator):
    order = Sort("received", "received_at", True)
    right = len(expected(Case.objects.all(), Words.read("退")))
    inquiries = Case.objects.filter(kind="inquiry")

    def counted(rows=None, user=regulator, plain=True, wide=True, words="退"):
        rows = Case.objects.visible_to(user) if rows is None else rows
        page = SearchPaginator(search.Search(rows, Words.read(words), user, plain, wide), order, 25).page()
        return page.count, page.is_capped

    for dense in (0.0, 1.0):  # by reading, by the index
        monkeypatch.setattr(search, "DENSE", dense)
        assert counted() == (right, False)
    monkeypatch.setattr(search, "COUNT_CAP", 100)
    assert counted() == (100, True)
    monkeypatch.undo()
    monkeypatch.setattr(search, "WALKED", 150)
    newest = expected(found_in_order(inquiries, order)[:150], Words.read("退"))
    assert counted(inquiries, plain=False) == (len(newest), True)
    rare = "退款"
    right = len(expected(inquiries, Words.read(rare)))
    monkeypatch.setattr(search, "SPARSE", 1.1)
    assert counted(inquiries, plain=False) == (len(expected(inquiries, Words.read("退"))), False)
    assert counted(inquiries, plain=False, words=rare) == (right, False)
    monkeypatch.setattr(search, "LOOKED_UP", 50)
    count, more = counted(inquiries, plain=False)
    assert more
    assert 25 <= count <= 51


def test_a_stale_scope_shows_no_case_of_another_agency(find, officer, neighbour, district):
    """The searched text still bears the old custodian: the case itself decides."""
    case = CaseFactory(handling=district, narrative="移交")
    assert find("移交", user=officer) == {case}
    Case.objects.update(
        custodian=neighbour, custodian_district=neighbour.pk, custodian_root=neighbour.ancestor_ids[0]
    )

    found = search.Search(
        Case.objects.visible_to(officer), Words.read("移交"), officer, plain=True, wide=False
    )
    assert SearchPaginator(found, Sort("received", "received_at", True), 25).page().rows == []


def test_a_rare_word_is_found_by_the_index_and_a_page_takes_two_queries(monkeypatch, many, regulator):
    monkeypatch.setattr(search, "WALKED", 5)
    found = search.Search(Case.objects.all(), Words.read("预付"), regulator, plain=True, wide=True)

    with CaptureQueriesContext(connection) as queries:
        page = SearchPaginator(found, Sort("received", "received_at", True), 25).page()

    assert page.rows
    assert len(queries) == 2


# keeping it up


def test_texts_follow_their_cases(find):
    case = CaseFactory(narrative="旧词")
    assert find("旧词") == {case}
    Case.objects.update(narrative="新词")

    assert compare_search() == (0, 1)
    assert find("新词") == {case}
    assert find("旧词") == set()
    assert compare_search() == (0, 0)


def test_what_has_not_changed_is_not_written(find):
    CaseFactory()
    assert find("净水器")
    with connection.cursor() as cursor:
        cursor.execute("SELECT ctid FROM cases_casesearch")
        before = cursor.fetchall()
        find("净水器")
        cursor.execute("SELECT ctid FROM cases_casesearch")

        assert cursor.fetchall() == before


def test_a_missing_text_is_counted():
    CaseFactory()

    assert compare_search() == (1, 0)
    assert CaseSearch.objects.count() == 0


def test_one_spelling_is_one():
    assert one_spelling(" Ｆｕｌｌ\tWIDTH \x00 ﬁ ") == "full width fi"
    assert one_spelling(one_spelling("Ǆ ß ㎏ ①")) == one_spelling("Ǆ ß ㎏ ①")


# merchants


def test_cases_of_a_renamed_merchant_stand_in_the_feed(client):
    merchant, other = MerchantFactory(name="旧名商店"), MerchantFactory()
    case = CaseFactory(merchant=merchant)
    CaseFactory(merchant=other)
    CaseChange.objects.all().delete()
    client.force_login(UserFactory(superuser=True))
    form = {"name": "新名商店", "aliases": "", "address": "", "verified": ""}

    client.post(f"/admin/registry/merchant/{merchant.pk}/change/", form)
    merchant.refresh_from_db()
    assert merchant.name == "新名商店"
    assert list(CaseChange.objects.values_list("case_id", "kind")) == [(case.pk, "changed")]

    client.post(f"/admin/registry/merchant/{merchant.pk}/change/", form | {"address": "新地址"})
    merchant.refresh_from_db()
    assert merchant.address == "新地址"
    assert CaseChange.objects.count() == 1
