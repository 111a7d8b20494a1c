"""Rows of Excel workbooks: XLSX, and the old binary XLS from Excel 97 on."""

import mmap
import re
import struct
import zipfile
import zlib
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from django.utils.translation import gettext as _
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
    XmlError,
    ZipError,
)

from core.importing.header import MAX_JUNK, HeaderMatcher
from core.importing.report import refused
from core.importing.values import cell_text

# A sheet is held in memory while it is read. Bytes of all parts when inflated, and of all cell texts:
MAX_UNPACKED = 512 << 20
# inflated to packed size, once more than 32 MiB are inflated; deflate itself cannot pass 1032
MAX_RATIO = 200
_RATIO_FROM = 32 << 20
# rows times columns of the smallest rectangle around all filled cells of a sheet
MAX_CELLS = 20_000_000
_MAX_PARTS = 10_000
_CHUNK = 1 << 20


@contextmanager
def open_workbook(path: Path) -> Iterator[CalamineWorkbook]:
    """The open workbook; FileRefused when it is damaged, encrypted or of another kind."""
    with path.open("rb") as stream, _readable(path):
        workbook = CalamineWorkbook.from_filelike(stream)
    try:
        yield workbook
    finally:
        workbook.close()


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except PasswordError as error:
        raise _encrypted(path) from error
    except (CalamineError, XmlError, ZipError) as error:
        raise (_encrypted(path) if _holds_encrypted_package(path) else _damaged(path)) from error
    except BaseException as error:
        # a panic of the Rust library is no Exception
        if type(error).__name__ != "PanicException":
            raise
        raise _damaged(path) from error


def _holds_encrypted_package(path: Path) -> bool:
    """An XLSX with a password is an OLE container with a stream of this name."""
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find("EncryptedPackage".encode("utf-16-le")) >= 0


def _damaged(path: Path):
    return refused(
        path,
        _("it is no whole Excel workbook. Open it in Excel or WPS and save it again as .xlsx or CSV."),
    )


def _encrypted(path: Path):
    return refused(path, _("it is protected by a password. Save it without one."))


def find_sheet(
    path: Path, workbook: CalamineWorkbook, matcher: HeaderMatcher, name: str
) -> tuple[CalamineSheet, int, list[str], list[str]]:
    """(sheet, row of its header from 1, header cells, further sheets with such a header).

    `name` is the sheet that the profile asks for, "" for the first one with the required headers, visible
    ones first.
    """
    sheets = [sheet for sheet in workbook.sheets_metadata if sheet.typ is SheetTypeEnum.WorkSheet]
    sheets.sort(key=lambda sheet: sheet.visible is not SheetVisibleEnum.Visible)
    names = [sheet.name for sheet in sheets]
    if name and name not in names:
        raise refused(
            path,
            _("it has no sheet “%(sheet)s”; its sheets are: %(names)s. Correct the profile under [file].")
            % {"sheet": name, "names": ", ".join(names)},
        )
    found = None
    others = []
    filled = False
    for candidate in [name] if name else names:
        with _readable(path):
            sheet = workbook.get_sheet_by_name(candidate)
        filled = filled or bool(sheet.height)
        for row, cells in enumerate(islice(_rows(sheet), MAX_JUNK + 1), 1):
            texts = [cell_text(cell) for cell in cells]
            if matcher.matches(texts, row):
                if found:
                    others.append(candidate)
                else:
                    found = sheet, row, texts
                break
    if not filled:
        raise refused(path, _("it is empty. Export it again."))
    if not found:
        raise matcher.missing(path)
    return *found, others


def data_rows(sheet: CalamineSheet, header_row: int) -> Iterator[tuple[int, list]]:
    """(row from 1, cells) of the rows below the header, all of one width, blank ones left out."""
    for row, cells in enumerate(islice(_rows(sheet), header_row, None), header_row + 1):
        if not is_blank(cells):
            yield row, cells


def _rows(sheet: CalamineSheet) -> Iterator[list]:
    return sheet.iter_rows() if sheet.height else iter(())


def is_blank(cells: list) -> bool:
    return not any(cell.strip() if isinstance(cell, str) else cell is not None for cell in cells)


# Parts of an XLSX file ------------------------------------------------------------------------------------

_REFERENCE = re.compile(rb"\br=[\"']([A-Z]{0,3})(\d{1,7})[\"']")
_ROW_OR_CELL = re.compile(rb"<(?:\w+:)?(row|c)(?=[\s/>])([^<>]*)>(?=(\s*<[^/]|))")
_CELL_STARTS = (b"<c ", b"<c>", b":c ", b":c>")
_SHARED = re.compile(rb"\bt=[\"']s[\"'][^<>]*>\s*<(?:\w+:)?v>\s*(\d+)")
_STRING_END = re.compile(rb"</(?:\w+:)?si>|<(?:\w+:)?si\s*/>")
# longer than any tag of a cell
_OVERLAP = 512


def check_xlsx(path: Path) -> int:
    """Refuse what is no XLSX workbook or would not fit into memory; the number of error cells (#N/A).

    Every part is inflated and counted: sizes that the archive states are not believed.
    """
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as stream:
            parts = archive.infolist()
            _check_kind(path, {part.filename for part in parts})
            if any(part.flag_bits & 1 for part in parts):
                raise _encrypted(path)
            if len(parts) > _MAX_PARTS:
                raise _too_large(path)
            scan = _Scan(path)
            for part in parts:
                scan.part(stream, part)
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError) as error:
        raise _damaged(path) from error
    scan.check_texts()
    return scan.error_cells


def _check_kind(path: Path, names: set[str]) -> None:
    if "xl/workbook.xml" in names:
        return
    if "xl/workbook.bin" in names:
        kind = "XLSB"
    elif "content.xml" in names:
        kind = "OpenDocument"
    elif "word/document.xml" in names:
        kind = "Word"
    else:
        raise refused(path, _("it is a ZIP archive, not a workbook. Unpack it and give the files in it."))
    raise refused(path, _("it is a file of the kind %(kind)s. Save it as .xlsx or CSV.") % {"kind": kind})


def _too_large(path: Path):
    return refused(
        path,
        _(
            "unpacked, this workbook is too large to be read safely (limits: %(size)s MiB, %(cells)s cells). "
            "Save it as CSV, which has no limit."
        )
        % {"size": MAX_UNPACKED >> 20, "cells": f"{MAX_CELLS:,}"},
    )


class _Scan:
    """What reading the workbook would cost, counted over its parts one chunk at a time.

    A sheet costs the rectangle around its filled cells, and every cell a copy of its shared string: two
    far cells, or one long string shown often, would make a small file fill the memory.
    """

    def __init__(self, path: Path):
        self.path = path
        self.packed = self.unpacked = 0
        self.error_cells = 0
        self.lengths = array("I")  # of the shared strings, in bytes with their tags
        self.shared_cells = 0
        self.others: list[zipfile.ZipInfo] = []

    def part(self, stream: BinaryIO, part: zipfile.ZipInfo) -> None:
        self.packed += part.compress_size
        chunks = self.count(_inflated(stream, part))
        first = next(chunks, b"")
        if re.search(rb"<(?:\w+:)?sst\b", first[:4096]):
            self.strings(chain([first], chunks))
        else:
            self.others.append(part)
            self.sheet(stream, part, chain([first], chunks))

    def count(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.unpacked += len(chunk)
            if self.unpacked > MAX_UNPACKED or self.unpacked > max(_RATIO_FROM, self.packed * MAX_RATIO):
                raise _too_large(self.path)
            yield chunk

    def strings(self, chunks: Iterator[bytes]) -> None:
        rest = b""
        carried = 0
        for chunk in chunks:
            for text in (texts := _STRING_END.split(rest + chunk))[:-1]:
                self.lengths.append(carried + len(text))
                carried = 0
            rest = texts[-1]
            if len(rest) > _OVERLAP:
                carried += len(rest) - _OVERLAP
                rest = rest[-_OVERLAP:]

    def sheet(self, stream: BinaryIO, part: zipfile.ZipInfo, chunks: Iterator[bytes]) -> None:
        columns: set[bytes] = set()
        last_row = starts = named = 0
        for chunk in _whole_tags(chunks):
            references = _REFERENCE.findall(chunk)
            starts += sum(map(chunk.count, _CELL_STARTS))
            named += len(references) - chunk.count(b"<row ") - chunk.count(b":row ")
            columns.update({letters for letters, _row in references})
            last_row = max(last_row, *map(int, {row for _letters, row in references}), 0)
            self.shared_cells += chunk.count(b't="s"') + chunk.count(b"t='s'")
            self.error_cells += chunk.count(b't="e"')
        area = last_row * max(map(_column_number, columns), default=0)
        if (area > MAX_CELLS or starts > named) and _filled_area(_inflated(stream, part)) > MAX_CELLS:
            raise _too_large(self.path)

    def check_texts(self) -> None:
        longest = max(self.lengths, default=0)
        if self.shared_cells * longest <= MAX_UNPACKED:
            return
        total = 0
        with self.path.open("rb") as stream:
            for part in self.others:
                for chunk in _overlapping(_inflated(stream, part)):
                    for index in map(int, _SHARED.findall(chunk)):
                        if index < len(self.lengths):
                            total += self.lengths[index]
                    if total > MAX_UNPACKED:
                        raise _too_large(self.path)


def _filled_area(chunks: Iterator[bytes]) -> int:
    """Cells of the rectangle from A1 to the last filled row and column of a sheet."""
    row = column = last_row = last_column = 0
    rest = b""
    for chunk in chain(chunks, [b""]):
        data = rest + chunk
        rest = data[-_OVERLAP:]
        for match in _ROW_OR_CELL.finditer(data):
            if chunk and match.end() > len(data) - _OVERLAP:
                rest = data[match.start() :]
                break
            name, attributes, child = match.groups()
            reference = _REFERENCE.search(attributes)
            if name == b"row":
                row = int(reference[2]) if reference else row + 1
                column = 0
                continue
            if reference:
                column, row = _column_number(reference[1]), int(reference[2])
            else:
                column += 1
            if child and not attributes.endswith(b"/"):
                last_row, last_column = max(last_row, row), max(last_column, column)
    return last_row * last_column


def _inflated(stream: BinaryIO, part: zipfile.ZipInfo) -> Iterator[bytes]:
    stream.seek(part.header_offset)
    head = stream.read(30)
    if len(head) < 30 or not head.startswith(b"PK\x03\x04"):
        raise zipfile.BadZipFile
    stream.seek(int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little"), 1)
    left = part.compress_size
    if part.compress_type == zipfile.ZIP_STORED:
        inflate = None
    elif part.compress_type == zipfile.ZIP_DEFLATED:
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    else:
        raise zipfile.BadZipFile
    while left > 0:
        packed = stream.read(min(left, 65536))
        if not packed:
            raise zipfile.BadZipFile
        left -= len(packed)
        if inflate is None:
            yield packed
            continue
        while packed:
            yield inflate.decompress(packed, _CHUNK)
            packed = inflate.unconsumed_tail
            if inflate.eof:
                return
    if inflate is not None and not inflate.eof:
        raise zipfile.BadZipFile


def _overlapping(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        chunk = rest + chunk
        yield chunk
        rest = chunk[-_OVERLAP:]


def _whole_tags(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        data = rest + chunk
        last = data.rfind(b"<")
        if last < 0 or len(data) - last > _OVERLAP:
            last = len(data)
        yield data[:last]
        rest = data[last:]
    yield rest


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
