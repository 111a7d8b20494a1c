import csv
import datetime as dt
import io
import zipfile
from decimal import Decimal

import pytest
from django.utils import timezone, translation
from python_calamine import CalamineWorkbook

from core import exports
from core.exports import Column, ExportTooLarge
from tests.core.shelves import Book, Shelf

COLUMNS = [
    Column("书名", "title"),
    Column("价格", "price"),
    Column("页数", "pages"),
    Column("借出", "lent_at"),
    Column("购入", "bought_on"),
    Column("书架", "shelf.name"),
    Column("备注", "note", masked=True),
    Column("有备注", lambda book: bool(book.note)),
]
PAYLOADS = ["=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\tx", "\rx", "\nx", " =1", "＝1+1", "－1"]
PAYLOADS.append('=cmd|" /C calc"!A0')


def add(**values):
    return Book.objects.create(**{"title": "T", "bought_on": dt.date(2024, 5, 6)} | values)


def read_csv(response):
    content = b"".join(response.streaming_content)
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def read_xlsx(response):
    content = b"".join(response.streaming_content)
    response.file_to_stream.close()
    return content, CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()


@pytest.fixture
def one_book(book_tables):
    return add(
        title="消费者权益保护法，“第二版”",
        price=Decimal("-1234.50"),
        pages=-7,
        lent_at=dt.datetime(2024, 5, 6, 16, 30, tzinfo=dt.UTC),
        shelf=Shelf.objects.create(name="甲"),
        note="电话13800001234，身份证330000199001011234",
    )


def test_csv_of_one_row(one_book):
    response = exports.respond(Book.objects.all(), COLUMNS, form="csv", name="books", title="书")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == f'attachment; filename="books-{timezone.localtime():%Y%m%d-%H%M}.csv"'
    assert read_csv(response) == [
        ["书名", "价格", "页数", "借出", "购入", "书架", "备注", "有备注"],
        ["消费者权益保护法，“第二版”", "-1234.50", "-7", "2024-05-07 00:30:00", "2024-05-06", "甲",
         "电话138****1234，身份证330000********1234", "是"],
    ]  # fmt: skip


def test_xlsx_of_one_row_keeps_types(one_book):
    response = exports.respond(Book.objects.all(), COLUMNS, form="xlsx", name="案件", title="书")
    assert response["Content-Disposition"].startswith("attachment; filename*=utf-8''%E6%A1%88%E4%BB%B6-20")
    _content, rows = read_xlsx(response)
    assert rows == [
        ["书名", "价格", "页数", "借出", "购入", "书架", "备注", "有备注"],
        ["消费者权益保护法，“第二版”", -1234.5, -7.0, dt.datetime(2024, 5, 7, 0, 30), dt.date(2024, 5, 6), "甲",  # noqa: DTZ001
         "电话138****1234，身份证330000********1234", "是"],
    ]  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS)
def test_text_never_becomes_a_formula(book_tables, payload):
    add(title=payload)
    columns = [Column("=header", "title")]
    rows = read_csv(exports.respond(Book.objects.all(), columns, form="csv", name="x", title="x"))
    assert rows == [["'=header"], [f"'{payload}"]]
    content, rows = read_xlsx(exports.respond(Book.objects.all(), columns, form="xlsx", name="x", title="x"))
    assert rows[0] == ["=header"]
    sheet = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert sheet.count('t="inlineStr"') == 2


def test_long_digits_stay_text_in_xlsx(book_tables):
    add(title="33010020240506000012345")
    _content, rows = read_xlsx(
        exports.respond(Book.objects.all(), [Column("编号", "title")], form="xlsx", name="x", title="x")
    )
    assert rows[1] == ["33010020240506000012345"]


def test_missing_values_are_empty_cells(book_tables):
    add(title="")
    assert read_csv(exports.respond(Book.objects.all(), COLUMNS, form="csv", name="x", title="x"))[1] == [
        "", "", "0", "", "2024-05-06", "", "", "否",
    ]  # fmt: skip
    _content, rows = read_xlsx(exports.respond(Book.objects.all(), COLUMNS, form="xlsx", name="x", title="x"))
    assert rows[1] == ["", "", 0.0, "", dt.date(2024, 5, 6), "", "", "否"]


def test_a_text_longer_than_a_cell_is_cut_and_says_so(book_tables):
    add(note="长" * 40_000)
    columns = [Column("备注", "note")]
    _content, rows = read_xlsx(exports.respond(Book.objects.all(), columns, form="xlsx", name="x", title="x"))
    assert len(rows[1][0]) == exports.XLSX_MAX_TEXT
    assert rows[1][0].endswith("长……（超出单元格上限，已截断）")
    assert len(read_csv(exports.respond(Book.objects.all(), columns, form="csv", name="x", title="x"))[1][0]) == 40_000


def test_a_list_longer_than_a_workbook_may_be_is_refused(book_tables):
    for _number in range(3):
        add()
    exports.check_fits(Book.objects.all(), 3)
    add()
    with pytest.raises(ExportTooLarge, match="最多 3 行.*CSV"):
        exports.check_fits(Book.objects.all(), 3)
    assert len(read_csv(exports.respond(Book.objects.all(), COLUMNS, form="csv", name="x", title="x"))) == 5


def test_a_part_of_a_list(book_tables, tmp_path):
    for _number in range(5):
        add()
    assert exports.write_xlsx(Book.objects.order_by("pk")[1:4], COLUMNS, tmp_path / "part.xlsx") == 3


def test_many_rows_in_order_by_batches(book_tables, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(exports, "BATCH", 10)
    Book.objects.bulk_create(Book(title=f"{n:03}", bought_on=dt.date(2024, 1, 1)) for n in range(101))
    with django_assert_num_queries(1):
        rows = read_csv(
            exports.respond(Book.objects.order_by("title"), [Column("t", "title")], form="csv", name="x", title="x")
        )
    assert [row[0] for row in rows] == ["t", *(f"{n:03}" for n in range(101))]


def test_a_stream_keeps_the_language_of_its_page(book_tables):
    add()
    with translation.override("en"):
        response = exports.respond(Book.objects.all(), COLUMNS[-1:], form="csv", name="x", title="x")
    assert read_csv(response)[1] == ["No"]


def test_empty_list(book_tables):
    header = [str(column.header) for column in COLUMNS]
    assert read_csv(exports.respond(Book.objects.all(), COLUMNS, form="csv", name="x", title="x")) == [header]
    _content, rows = read_xlsx(exports.respond(Book.objects.all(), COLUMNS, form="xlsx", name="x", title="x"))
    assert rows == [header]
