import csv
import datetime as dt
import io
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.cookie import CookieStorage
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404
from django.template.response import TemplateResponse
from django.test import RequestFactory
from django.views.generic import DetailView
from django_htmx.middleware import HtmxDetails

from core import exports
from core.filters import DateFilter, FilterSet, WordFilter
from core.tables import Column, DateColumn, MoneyColumn, NumberColumn, StateColumn, Table, TimeColumn
from core.views import ExportPage, ListPage, ScopedMixin, visible
from tests.core.shelves import Book, Shelf


class BookFilterSet(FilterSet):
    on_phone = ("q",)
    q = WordFilter(label="书名", field_name="title", lookup_expr="contains")
    since = DateFilter(label="购入起", field_name="bought_on", lookup_expr="gte")

    class Meta:
        model = Book
        fields = []


class BookTable(Table):
    title = Column(card="title")
    price = MoneyColumn()
    pages = NumberColumn()
    lent_at = TimeColumn()
    bought_on = DateColumn()

    class Meta(Table.Meta):
        model = Book
        fields = ["title", "price", "pages", "lent_at", "bought_on"]


class BookList(ListPage):
    model = Book
    permission_required = "core.view_book"
    filterset_class = BookFilterSet
    table_class = BookTable
    template_name = "whole.html"
    fragment_template_name = "fragment.html"
    sorts = {"title": "title", "price": "price", "bought_on": "bought_on"}
    default_sort = "-bought_on"


class BookExport(ExportPage, BookList):
    columns = [exports.Column("书名", "title")]
    export_name = "books"
    export_title = "书"
    list_url = "/books/"


class BookDetail(ScopedMixin, DetailView):
    model = Book
    permission_required = "core.view_book"


def user(name="甲", permissions=("core.view_book",)):
    return SimpleNamespace(
        username=name,
        is_superuser=name == "root",
        is_authenticated=True,
        has_perms=lambda wanted: set(wanted) <= set(permissions),
    )


def make_request(parameters=None, *, by=None, **headers):
    request = RequestFactory().get("/books/", parameters or {}, headers=headers)
    request.user = by or user()
    request.htmx = HtmxDetails(request)
    request._messages = CookieStorage(request)
    return request


def get(view, parameters=None, **options):
    return view.as_view()(make_request(parameters, **options))


@pytest.fixture
def books(book_tables):
    mine, other = Shelf.objects.create(name="甲"), Shelf.objects.create(name="乙")
    for number in range(60):
        Book.objects.create(
            title=f"甲{number:02}", shelf=mine, price=number or None, pages=1000 * number,
            bought_on=dt.date(2024, 1, 1) + dt.timedelta(days=number // 2),
        )  # fmt: skip
    Book.objects.create(title="乙书", shelf=other, bought_on=dt.date(2024, 1, 1))


def titles(response):
    return [row.title for row in response.context_data["page"].rows]


def test_rows_are_those_in_scope(books):
    assert titles(get(BookList, {"q": "书"})) == []
    assert titles(get(BookList, {"q": "书"}, by=user("乙"))) == ["乙书"]
    assert titles(get(BookList, {"q": "书"}, by=user("root"))) == ["乙书"]


def test_a_row_outside_the_scope_is_not_found(books):
    request = RequestFactory().get("/")
    request.user = user("甲")
    with pytest.raises(Http404):
        BookDetail.as_view()(request, pk=Book.objects.get(title="乙书").pk)
    assert BookDetail.as_view()(request, pk=Book.objects.get(title="甲01").pk).status_code == 200


def test_a_page_needs_its_permission(books):
    with pytest.raises(PermissionDenied):
        get(BookList, by=user(permissions=()))
    anonymous = AnonymousUser()
    with pytest.raises(PermissionDenied):
        get(BookList, by=anonymous)


def test_a_model_without_scope_is_refused_even_to_those_who_see_everything(book_tables):
    with pytest.raises(ImproperlyConfigured, match="Shelf.objects has no visible_to"):
        visible(Shelf, user("root"))

    class ShelfList(BookList):
        model = Shelf

    with pytest.raises(ImproperlyConfigured):
        get(ShelfList, by=user("root"))


def test_a_view_without_model_or_permission_is_a_mistake(books):
    class NoModel(BookList):
        model = None

    class NoPermission(BookList):
        permission_required = None

    for view in (NoModel, NoPermission):
        with pytest.raises(ImproperlyConfigured):
            get(view)


def test_filter_sort_and_page(books):
    first = get(BookList, {"q": "甲", "since": "2024-01-03", "sort": "title"})
    assert titles(first) == [f"甲{n:02}" for n in range(4, 29)]
    page = first.context_data["page"]
    query = {"q": "甲", "since": "2024-01-03", "sort": "title"}
    second = get(BookList, query | {"after": page.next})
    assert titles(second) == [f"甲{n:02}" for n in range(29, 54)]
    back = get(BookList, query | {"before": second.context_data["page"].previous})
    assert titles(back) == titles(first)
    assert page.count == 56


def test_unknown_sort_size_and_cursor_give_the_default_first_page(books):
    plain = titles(get(BookList))
    assert plain[0] == "甲59"
    assert titles(get(BookList, {"sort": "shelf__name", "size": "7", "after": "x", "before": "y"})) == plain
    assert titles(get(BookList, {"size": "1000000"})) == plain
    assert len(titles(get(BookList, {"size": "50"}))) == 50


def test_a_wrong_filter_shows_no_rows_and_says_why(books):
    response = get(BookList, {"since": "2024-02-30", "q": "甲"})
    assert titles(response) == []
    assert response.context_data["filter"].form.errors == {"since": ["输入一个有效的日期。"]}
    assert response.context_data["chips"] == []


def test_chips_tell_the_filters_in_use(books):
    chips = get(BookList, {"q": "甲", "since": "2024-01-03"}).context_data["chips"]
    assert [(chip.label, chip.value, chip.parameters) for chip in chips] == [
        ("书名", "甲", ("q",)),
        ("购入起", "2024-01-03", ("since",)),
    ]


@pytest.mark.parametrize(
    ("headers", "template"),
    [
        ({}, "whole.html"),
        ({"HX-Request": "true"}, "fragment.html"),
        ({"HX-Request": "true", "HX-Boosted": "true"}, "whole.html"),
        ({"HX-Request": "true", "HX-History-Restore-Request": "true"}, "whole.html"),
    ],
)
def test_htmx_gets_the_results_alone(books, headers, template):
    response = get(BookList, **headers)
    assert isinstance(response, TemplateResponse)
    assert response.template_name == [template]
    assert response["Vary"] == "HX-Request, HX-Boosted, HX-History-Restore-Request"


def test_a_list_is_two_queries(books, django_assert_num_queries):
    with django_assert_num_queries(2):
        response = get(BookList)
        assert len(response.context_data["table"].rows) == 25
        assert response.context_data["page"].count == 60


def test_table_html(books):
    view = get(BookList, {"q": "甲00", "sort": "price"})
    html = view.context_data["table"].as_html(view._request)
    assert 'aria-sort="ascending"' in html
    assert "/books/?q=%E7%94%B200&amp;sort=-price" in html  # again: the other way round
    assert "/books/?q=%E7%94%B200&amp;sort=-bought_on" in html  # a date starts with the newest
    assert '<td class="cell-title" translate="no" data-label="Title">甲00</td>' in html
    assert '<td class="cell-line num" data-label="价格" data-empty>-</td>' in html
    assert '<td class="cell-line num" data-label="Pages">0</td>' in html
    assert '<td class="cell-line date" data-label="Bought on">2024-01-01</td>' in html


def test_headings_are_the_names_of_the_fields(books):
    table = get(BookList).context_data["table"]
    assert [column.header for column in table.columns] == ["Title", "价格", "Pages", "Lent at", "Bought on"]


def test_cells(books):
    book = Book(title="<b>", price=1234.5, pages=12345, lent_at=dt.datetime(2024, 5, 6, 16, 30, tzinfo=dt.UTC))

    class ToneTable(Table):
        pages = StateColumn(tones={3: "green"})

        class Meta(Table.Meta):
            model = Book
            fields = ["pages"]

    cells = BookTable([book]).rows[0]
    assert cells.get_cell("price") == "1,234.50"
    assert cells.get_cell("pages") == "12,345"
    assert cells.get_cell("lent_at") == "2024-05-07 00:30"
    assert DateColumn().render(book.lent_at) == "2024-05-07"
    assert ToneTable([Book(pages=3)]).rows[0].get_cell("pages") == '<span class="state state-green">3</span>'
    assert ToneTable([Book(pages=4)]).rows[0].get_cell("pages") == '<span class="state state-grey">4</span>'


def test_export_has_the_rows_and_the_order_of_the_list(books):
    response = get(BookExport, {"q": "甲", "sort": "price", "format": "csv", "after": "1~2", "size": "50"})
    rows = list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))
    assert [row[0] for row in rows] == ["书名", *(f"甲{n:02}" for n in range(1, 60)), "甲00"]


def test_export_keeps_the_scope_and_the_permission(books):
    response = get(BookExport, {"format": "csv"}, by=user("乙"))
    assert b"".join(response.streaming_content).decode("utf-8-sig").split() == ["书名", "乙书"]
    with pytest.raises(PermissionDenied):
        get(BookExport, {"format": "csv"}, by=user("乙", permissions=()))


def test_export_of_an_unknown_format_is_not_found(books):
    for form in ({}, {"format": "exe"}):
        with pytest.raises(Http404):
            get(BookExport, form)


def test_export_of_a_wrong_filter_leads_back_to_the_list(books):
    response = get(BookExport, {"format": "csv", "since": "x"})
    assert (response.status_code, response.url) == (302, "/books/?since=x")


def test_export_that_does_not_fit_leads_back_and_says_why(books):
    logged = []

    class LoggedExport(BookExport):
        xlsx_rows = 10

        def before_export(self, form, filterset, sort):
            logged.append((form, filterset.form.cleaned_data["q"], sort.parameter))

    request = make_request({"format": "xlsx", "q": "甲"})
    response = LoggedExport.as_view()(request)
    assert (response.status_code, response.url) == (302, "/books/?q=%E7%94%B2")
    assert [message.level_tag for message in request._messages] == ["error"]
    assert "最多 10 行" in str(next(iter(request._messages)))
    assert logged == []

    response = LoggedExport.as_view()(make_request({"format": "csv", "q": "甲"}))
    assert logged == [("csv", "甲", "-bought_on")]
    assert len(b"".join(response.streaming_content).splitlines()) == 61
