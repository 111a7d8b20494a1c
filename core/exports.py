"""Any list as a file: CSV as a stream, XLSX from constant memory, both safe to open in a spreadsheet.

A cell is either a number, a date or text. Text never becomes a formula: CSV text that a spreadsheet would
calculate gets a leading apostrophe, XLSX text is written as text. Numbers stay numbers.
"""

import csv
import datetime as dt
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from itertools import islice
from typing import Any

import xlsxwriter
from django.db.models import QuerySet
from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone, translation
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from core.exceptions import DomainError
from core.language import in_language
from core.text import mask_numbers

XLSX_MAX_ROWS = 1_048_575  # a sheet's 1,048,576 rows less the heading
XLSX_MAX_TEXT = 32_767
BATCH = 2_000
FORMULA_STARTS = tuple("=+-@＝＋－＠")
CONTROL_STARTS = ("\t", "\r", "\n")
CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class ExportTooLarge(DomainError):
    """The list does not fit into the format; the message says what to do."""


@dataclass(frozen=True)
class Column:
    """One column of a file: `value` is a dotted path of attributes or a function of the row.

    Methods along a path are called. `masked` hides phone and identity numbers inside free text.
    """

    header: Any
    value: str | Callable[[Any], Any]
    masked: bool = False
    width: int = 16

    @cached_property
    def _path(self) -> list[str]:
        return self.value.split(".")

    def unmasked(self, but: Callable[[Any], bool]) -> "Column":
        """The column in clear, except for the rows of which `but` holds."""
        if not self.masked:
            return self
        plain = replace(self, masked=False)
        return replace(plain, value=lambda row: self.read(row) if but(row) else plain.read(row))

    def read(self, row) -> Any:
        """The cell's value: a number, a date, an aware datetime, text, or None."""
        if callable(self.value):
            value = self.value(row)
        else:
            value = row
            for name in self._path:
                value = None if value is None else getattr(value, name)
                value = value() if callable(value) else value
        if value is None or isinstance(value, (int, float, Decimal, dt.date)) and not isinstance(value, bool):
            return value
        if isinstance(value, bool):
            return _("Yes") if value else _("No")
        return mask_numbers(str(value)) if self.masked else str(value)


def name_of(path: str) -> Callable[[dict], str]:
    """The name of the reference row at `path`, in the language of the file, from rows of plain values that have both of
    its names."""
    return lambda row: in_language(row[f"{path}__name"] or "", row[f"{path}__name_en"] or "")


def rows(queryset: QuerySet | list, columns: Sequence[Column], language: str | None) -> Iterator[list]:
    """The cells of every row in `language`, read through a server-side cursor in batches where it is no list."""
    records = iter(queryset) if isinstance(queryset, list) else queryset.iterator(chunk_size=BATCH)
    while batch := list(islice(records, BATCH)):
        # a stream is sent after the middleware is done, so the language has to be set for each batch
        with translation.override(language):
            cells = [[column.read(record) for column in columns] for record in batch]
        yield from cells


def csv_cell(value) -> str:
    """The text of a cell in a CSV file."""
    if value is None:
        return ""
    if isinstance(value, str):
        risky = value.startswith(CONTROL_STARTS) or value.lstrip().startswith(FORMULA_STARTS)
        return f"'{value}" if risky else value
    if isinstance(value, dt.datetime):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M:%S}"
    return str(value)


class _Line:
    """A file whose `write` hands the text back, for csv.writer."""

    def write(self, text: str) -> str:
        return text


def csv_lines(queryset: QuerySet | list, columns: Sequence[Column]) -> Iterator[bytes]:
    """A CSV file in UTF-8 with a byte order mark, without which Excel misreads Chinese."""
    headers = [str(column.header) for column in columns]
    return csv_of(headers, rows(queryset, columns, translation.get_language()))


def csv_of(headers: Sequence[str], records: Iterator[list]) -> Iterator[bytes]:
    """The same of rows of cells; no cell is a formula to a spreadsheet."""
    writer = csv.writer(_Line())
    yield b"\xef\xbb\xbf" + writer.writerow([csv_cell(header) for header in headers]).encode()
    while batch := list(islice(records, BATCH)):
        yield "".join(writer.writerow([csv_cell(cell) for cell in cells]) for cells in batch).encode()


def check_fits(queryset: QuerySet | list, limit: int = XLSX_MAX_ROWS) -> None:
    """Raises ExportTooLarge when there are more rows than a workbook may have."""
    if isinstance(queryset, list):
        return
    if not queryset.query.is_sliced:
        queryset = queryset.order_by()  # counting needs none
    if queryset[: limit + 1].count() > limit:
        raise ExportTooLarge(
            _(
                "An Excel file takes at most %(limit)s rows here and this list has more. "
                "Narrow the list, or export it as CSV."
            )
            % {"limit": f"{limit:,}"}
        )


def write_xlsx(queryset: QuerySet | list, columns: Sequence[Column], target, *, sheet: str = "") -> int:
    """Write the list as an XLSX workbook to the file or path `target`; returns the number of rows.

    Raises ExportTooLarge, before anything is written, when the rows do not fit into one sheet.
    """
    check_fits(queryset)
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    written = 0
    records = rows(queryset, columns, translation.get_language())
    with xlsxwriter.Workbook(target, options) as workbook:
        worksheet = workbook.add_worksheet(sheet[:31] or None)
        heading = workbook.add_format({"bold": True, "bg_color": "#E8F0FB", "bottom": 1})
        styles = {
            "money": workbook.add_format({"num_format": "#,##0.00"}),
            "date": workbook.add_format({"num_format": "yyyy-mm-dd"}),
            "time": workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        }
        for position, column in enumerate(columns):
            worksheet.set_column(position, position, column.width)
            worksheet.write_string(0, position, str(column.header), heading)
        worksheet.freeze_panes(1, 0)
        for written, cells in enumerate(islice(records, XLSX_MAX_ROWS), start=1):
            for position, cell in enumerate(cells):
                _write_cell(worksheet, written, position, cell, styles)
        worksheet.autofilter(0, 0, written, len(columns) - 1)
    return written


def _write_cell(worksheet, row: int, position: int, value, styles: dict) -> None:
    if value is None or value == "":
        return
    if isinstance(value, str):
        # a longer text would be left out without a word
        if len(value) > XLSX_MAX_TEXT:
            mark = _("… (cut: the cell is full)")
            value = value[: XLSX_MAX_TEXT - len(mark)] + mark
        worksheet.write_string(row, position, value)
    elif isinstance(value, dt.datetime):
        worksheet.write_datetime(row, position, timezone.make_naive(value), styles["time"])
    elif isinstance(value, dt.date):
        worksheet.write_datetime(row, position, value, styles["date"])
    elif isinstance(value, Decimal):
        worksheet.write_number(row, position, value, styles["money"])
    else:
        worksheet.write_number(row, position, value)


def file_name(name: str, extension: str) -> str:
    """`name` with the local date and minute: cases-20241123-0905.csv."""
    return f"{name}-{timezone.localtime():%Y%m%d-%H%M}.{extension}"


def respond(
    queryset: QuerySet | list, columns: Sequence[Column], *, form: str, name: str, title: str
) -> HttpResponseBase:
    """The list as a download; `form` is "csv" or "xlsx". A list in memory is short. Raises ExportTooLarge."""
    if form == "csv":
        response = StreamingHttpResponse(csv_lines(queryset, columns), content_type=CSV_TYPE)
        response["Content-Disposition"] = content_disposition_header(True, file_name(name, "csv"))
        return response
    target = tempfile.TemporaryFile()  # noqa: SIM115 - FileResponse closes it once it is sent
    try:
        write_xlsx(queryset, columns, target, sheet=title)
    except BaseException:
        target.close()
        raise
    target.seek(0)
    return FileResponse(target, as_attachment=True, filename=file_name(name, "xlsx"), content_type=XLSX_TYPE)
