import datetime as dt
import random
import re
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from core import pagination
from core.pagination import (
    BadCursor,
    CountingPaginator,
    Cursor,
    DearPaginator,
    KeysetPaginator,
    Sort,
    choose_sort,
)
from tests.core.shelves import Book, Shelf

UTC = dt.UTC
START = dt.datetime(2024, 1, 1, 8, 30, 0, 123456, tzinfo=UTC)


@pytest.fixture
def books(book_tables):
    """3,000 books: few distinct values, so many ties, and every third value missing where it may be."""
    draw = random.Random(7)
    shelves = Shelf.objects.bulk_create(Shelf(name=f"架{number}") for number in range(7))
    Book.objects.bulk_create(
        Book(
            title=f"T{draw.randrange(500)}",
            lent_at=draw.choice([None, START + dt.timedelta(seconds=draw.randrange(40))]),
            bought_on=dt.date(2024, 1, 1) + dt.timedelta(days=draw.randrange(30)),
            price=draw.choice([None, Decimal(draw.randrange(100)) / 4]),
            pages=draw.randrange(-20, 20),
            shelf=draw.choice([None, *shelves]),
        )
        for _number in range(3000)
    )
    return Book.objects.select_related("shelf")


FIELDS = ["lent_at", "bought_on", "price", "title", "pages", "shelf__name", "id", "pk"]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("descending", [True, False])
def test_walking_forward_and_back_visits_each_row_once(books, field, descending):
    walk(KeysetPaginator(books, Sort("x", field, descending), size=100))


@pytest.mark.parametrize("descending", [True, False])
def test_an_order_may_be_an_annotation_with_fields_that_break_its_ties(books, descending):
    paginator = KeysetPaginator(
        books.annotate(lent=F("lent_at")), Sort("x", "lent", descending, ("bought_on", "pages")), size=100
    )

    rows = walk(paginator)

    known = [(book.lent, book.bought_on, book.pages, book.pk) for book in rows if book.lent is not None]
    others = [(book.bought_on, book.pages, book.pk) for book in rows[len(known) :]]
    assert 0 < len(known) < 3000
    assert known == sorted(known, reverse=descending)
    assert others == sorted(others, reverse=descending)
    numbers = [book.pk for book in rows]
    for place in (0, 1, len(known) - 1, len(known), 2999):
        before = numbers[place - 1] if place else None
        after = numbers[place + 1] if place < 2999 else None
        assert paginator.neighbours(rows[place]) == (before, after)


def test_the_way_on_may_start_where_a_row_stood(books):
    paginator = KeysetPaginator(books, Sort("x", "price", False), size=9)
    page = paginator.page()
    moved, following = page.rows[3:5]
    place = page.place(moved)
    Book.objects.filter(pk=moved.pk).update(price=10_000)
    moved = books.get(pk=moved.pk)

    assert paginator.neighbours(moved, at=place) == (page.rows[2].pk, following.pk)
    assert paginator.neighbours(moved)[1] != following.pk
    for wrong in ("", "~", "1", page.place(following), f"x~{moved.pk}"):
        assert paginator.neighbours(moved, at=wrong) == paginator.neighbours(moved)


def test_a_list_may_be_counted_by_other_means(books):
    paginator = KeysetPaginator(books, Sort("x", "id", False), size=50, counted=Book.objects.all())

    assert paginator.page().count == 3000
    assert paginator.page().queryset.query.select_related is False


def walk(paginator) -> list:
    """All rows page by page, after a check that they come once each, in order, and in the same pages on the way
    back."""
    forward, page = [], paginator.page()
    pages = [page]
    assert page.previous is None
    while page.next:
        forward += page.rows
        page = paginator.page(after=page.next)
        pages.append(page)
    forward += page.rows
    expected = list(paginator.ordered())
    assert [book.pk for book in forward] == [book.pk for book in expected]
    assert len({book.pk for book in forward}) == 3000

    for earlier in reversed(pages[:-1]):
        page = paginator.page(before=page.previous)
        assert [book.pk for book in page.rows] == [book.pk for book in earlier.rows]
        assert page.next == earlier.next
    assert page.previous is None
    return forward


@pytest.mark.parametrize("descending", [True, False])
def test_rows_without_a_value_come_last_in_both_directions(books, descending):
    rows = list(KeysetPaginator(books, Sort("x", "price", descending), 3000).ordered())
    values = [book.price for book in rows]
    known = [value for value in values if value is not None]
    assert 0 < len(known) < 3000
    assert values[: len(known)] == sorted(known, reverse=descending)


def test_last_page_is_full_and_leads_back(books):
    paginator = KeysetPaginator(books, Sort("x", "lent_at", True), size=70)
    last = paginator.page(before=pagination.LAST)
    assert last.next is None
    assert [book.pk for book in last.rows] == [book.pk for book in list(paginator.ordered())[-70:]]
    previous = paginator.page(before=last.previous)
    assert [book.pk for book in previous.rows] == [book.pk for book in list(paginator.ordered())[-140:-70]]


def test_going_back_near_the_top_shows_a_full_first_page(books):
    paginator = KeysetPaginator(books, Sort("x", "id", False), size=50)
    first = paginator.page()
    fifth = Cursor(first.rows[4].pk, first.rows[4].pk).encode()
    page = paginator.page(before=fifth)
    assert [book.pk for book in page.rows] == [book.pk for book in first.rows]
    assert page.previous is None


def test_a_cursor_past_the_end_shows_the_first_page(books):
    paginator = KeysetPaginator(books, Sort("x", "id", False), size=50)
    page = paginator.page(after=f"{2**62}~{2**62}")
    assert [book.pk for book in page.rows] == [book.pk for book in paginator.page().rows]


BAD = [
    "x", "~", "~1", "1~", "1~0", "1~-3", "1~01", "0", "abc~5", "2024-01-01~5", "2024-01-01T00:00:00~5",
    "2024-13-01T00:00:00+00:00~5", "NaN~5", "Infinity~5", "1e999~5", "\x00~5", "a\x00b~5", "1~5~", "99" * 30,
    "5" * 400 + "~5", "1~9223372036854775808", "' OR 1=1 --~5", "½~5", "1~٣", "10000-01-01~4", "0000-00-00~4",
    "9" * 25 + "~1",
]  # fmt: skip


@pytest.mark.parametrize("field", FIELDS)
def test_a_bad_cursor_never_fails(books, field):
    paginator = KeysetPaginator(books, Sort("x", field, True), size=5)
    for text in BAD:
        for page in (paginator.page(after=text), paginator.page(before=text)):
            assert len(page.rows) == 5, text


@settings(max_examples=150, deadline=None)
@given(
    text=st.text(max_size=30) | st.from_regex(r"[0-9T:.+~eE-]{1,30}", fullmatch=True),
    field=st.sampled_from(FIELDS),
)
def test_any_text_is_read_as_a_cursor_or_refused(text, field):
    model_field, _nullable = pagination._resolve(Book.objects.all(), field)
    try:
        cursor = Cursor.decode(text, model_field)
    except BadCursor:
        return
    assert 1 <= cursor.key <= pagination.MAX_KEY
    assert Cursor.decode(cursor.encode(), model_field) == cursor


def test_null_cursor_of_a_column_that_always_has_a_value_is_bad(books):
    paginator = KeysetPaginator(books, Sort("x", "bought_on", True), size=5)
    assert paginator.page(after="17").previous is None


def test_a_page_is_one_query_and_two_where_the_values_end(books, django_assert_num_queries):
    paginator = KeysetPaginator(books, Sort("x", "price", True), size=50)
    with django_assert_num_queries(1):
        first = paginator.page()
    with django_assert_num_queries(1):
        paginator.page(after=first.next)
    boundary = list(paginator.ordered().filter(price__isnull=False))[-10]
    with django_assert_num_queries(2):
        page = paginator.page(after=Cursor(boundary.price, boundary.pk).encode())
    assert [book.price is None for book in page.rows] == [False] * 9 + [True] * 41


def test_depth_is_reached_by_a_range_of_the_index(books):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("CREATE INDEX book_price ON test_book (price, id)")
        cursor.execute("ANALYZE test_book")
        cursor.execute("SET LOCAL enable_seqscan = off")
    paginator = KeysetPaginator(Book.objects.all(), Sort("x", "price", True), size=20)
    deep = list(paginator.ordered())[1200]
    with CaptureQueriesContext(connection) as queries:
        paginator.page(after=Cursor(deep.price, deep.pk).encode())
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {queries[0]['sql']}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert re.search(r"Limit .*\n.*Index Only Scan Backward using book_price", plan)
    assert "Index Cond: ((price IS NOT NULL) AND (ROW(price, id) <" in plan


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("descending", [True, False])
def test_neighbours_of_a_row(books, field, descending, django_assert_num_queries):
    paginator = KeysetPaginator(books, Sort("x", field, descending))
    rows = list(paginator.ordered())
    missing = [place for place, row in enumerate(rows) if place and paginator._cursor(row).value is None][:1]
    for place in {0, 1, 1499, len(rows) - 1, *missing, *(place - 1 for place in missing)}:
        with django_assert_num_queries(1):
            before, after = paginator.neighbours(rows[place], "title")
        assert before == (rows[place - 1].title if place else None)
        assert after == (rows[place + 1].title if place + 1 < len(rows) else None)


def test_a_place_behind_the_last_row_leads_to_the_first_page(books, django_assert_num_queries):
    priced = books.filter(price__isnull=False)
    last = list(KeysetPaginator(priced, Sort("x", "price", False), 10).ordered())[-1]
    paginator = KeysetPaginator(priced, Sort("x", "price", False), 10)
    with django_assert_num_queries(3):  # beyond it, those without a price, the first page
        page = paginator.page(after=Cursor(last.price, last.pk).encode())
    assert (page.previous, [row.pk for row in page.rows]) == (None, [row.pk for row in paginator.page().rows])
    few = KeysetPaginator(priced.filter(pk=last.pk), Sort("x", "price", False), 10)
    with django_assert_num_queries(3):
        assert few.page(after=Cursor(last.price, last.pk).encode()).rows == [last]


@pytest.mark.parametrize("few", [2_000, 5_000])  # of 3,000 books
@pytest.mark.parametrize("field", ["price", "shelf__name", "id"])
def test_a_list_that_is_counted_first_has_the_same_pages_and_neighbours(books, monkeypatch, field, few):
    monkeypatch.setattr(CountingPaginator, "FEW", few)
    order = Sort("x", field, True)
    rows = list(KeysetPaginator(books, order).ordered())

    assert walk(CountingPaginator(books, order, size=100)) == rows
    assert CountingPaginator(books, order).neighbours(rows[1499], "pk") == (rows[1498].pk, rows[1500].pk)


@pytest.mark.parametrize("field", ["price", "shelf__name", "id"])
def test_a_list_of_dear_rows_has_the_same_pages_and_a_lower_cap(books, field):
    order = Sort("x", field, True)
    page = DearPaginator(books, order, size=100).page()

    assert walk(DearPaginator(books, order, size=100)) == list(KeysetPaginator(books, order).ordered())
    assert (page.count, page.is_capped, page.cap) == (2001, True, 2000)


def test_a_list_is_counted_first_and_once(books, monkeypatch, django_assert_num_queries):
    order = Sort("x", "id", True)
    for found, count, asked in ((books, 3000, 2), (books.filter(pages__gt=1000), 0, 1), (books.none(), 0, 0)):
        with django_assert_num_queries(asked):
            page = CountingPaginator(found, order, 25).page()
            assert (page.count, len(page.rows), page.is_capped) == (count, min(count, 25), False)
    monkeypatch.setattr(KeysetPaginator, "count_cap", 1000)
    page = CountingPaginator(books, order, 25).page()
    assert (page.count, page.is_capped) == (1001, True)


def test_few_rows_are_sorted_without_a_walk_down_the_list(books):
    """The planner would go down the index in the order of the list, for rows that it expects at once."""
    rare = books.filter(pages__gt=1000)
    with CaptureQueriesContext(connection) as queries:
        CountingPaginator(rare, Sort("x", "id", True), 25).page()
    assert ["ORDER BY" in query["sql"] for query in queries] == [False]


def test_count_stops_at_the_cap(books, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(KeysetPaginator, "count_cap", 1000)
    page = KeysetPaginator(books, Sort("x", "id", True), 25).page()
    assert (page.count, page.is_capped, page.cap) == (1001, True, 1000)
    few = books.filter(pk__in=[book.pk for book in page.rows][:7])
    short = KeysetPaginator(few, Sort("x", "id", True), 25).page()
    with django_assert_num_queries(0):
        assert (short.count, short.is_capped) == (7, False)


def test_empty_list(book_tables):
    page = KeysetPaginator(Book.objects.all(), Sort("x", "price", True), 25).page(before=pagination.LAST)
    assert (page.rows, page.previous, page.next, page.count) == ([], None, None, 0)


@pytest.mark.parametrize(
    ("requested", "expected"),
    [
        ("price", Sort("price", "price", False)),
        ("-price", Sort("price", "price", True)),
        ("shelf", Sort("shelf", "shelf__name", False)),
        (None, Sort("price", "price", True)),
        ("", Sort("price", "price", True)),
        ("password", Sort("price", "price", True)),
        ("--price", Sort("price", "price", True)),
    ],
)
def test_choose_sort(requested, expected):
    sorts = {"price": "price", "shelf": "shelf__name"}
    assert choose_sort(sorts, requested, "-price") == expected
    assert choose_sort(sorts, expected.parameter, "-price") == expected


def test_a_default_that_is_no_sort_order_is_a_mistake():
    with pytest.raises(ValueError, match="newest"):
        choose_sort({"price": "price"}, None, "-newest")
