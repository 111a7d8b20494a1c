"""Rows of Excel workbooks: XLSX, and the old binary XLS from Excel 97 on."""

import mmap
import re
import string
import struct
import zipfile
import zlib
from array import array
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice, zip_longest
from pathlib import Path
from typing import BinaryIO
from xml.parsers import expat

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

_LETTERS = string.ascii_letters.encode()
# no workbook comes near these; they keep the memory of the XML parser small
_MAX_DEPTH = 1000
_MAX_NAMES = 10_000
_MAX_TOKEN = 8 << 20


# NotImplementedError: the archive says that it needs a later version of the format
_DAMAGE = (
    zipfile.BadZipFile, NotImplementedError, zlib.error, expat.ExpatError, struct.error, EOFError, OSError, ValueError
)  # fmt: skip


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
    except _DAMAGE as error:
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
    far cells, or one long string shown often, would make a small file fill the memory. Any part may be a
    sheet, whatever its name, so all are parsed.
    """

    def __init__(self, path: Path):
        self.path = path
        self.packed = self.unpacked = 0
        self.error_cells = self.shared_cells = 0
        self.lengths = array("Q")  # of the shared strings, in bytes with their tags
        self.sheets: list[zipfile.ZipInfo] = []  # parts with cells that show a shared string

    def part(self, stream: BinaryIO, part: zipfile.ZipInfo) -> None:
        self.packed += part.compress_size
        chunks = self.count(_inflated(stream, part))
        found = _Part()
        try:
            found.read(chunks)
        except (expat.ExpatError, ValueError):
            deque(chunks, maxlen=0)  # to count the rest of its bytes
            if not _may_be_anything(part.filename):
                raise
            return
        if found.area > MAX_CELLS:
            raise _too_large(self.path)
        self.error_cells += found.error_cells
        self.shared_cells += found.shared_cells
        if found.shared_cells:
            self.sheets.append(part)
        self.lengths = array("Q", map(max, zip_longest(self.lengths, found.lengths, fillvalue=0)))

    def count(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.unpacked += len(chunk)
            if self.unpacked > MAX_UNPACKED or self.unpacked > max(_RATIO_FROM, self.packed * MAX_RATIO):
                raise _too_large(self.path)
            yield chunk

    def check_texts(self) -> None:
        if self.shared_cells * max(self.lengths, default=0) <= MAX_UNPACKED:
            return
        shown = _ShownTexts(self.lengths)
        with self.path.open("rb") as stream:
            for part in self.sheets:
                for _total in shown.read(_inflated(stream, part)):
                    if shown.total > MAX_UNPACKED:
                        raise _too_large(self.path)


def _may_be_anything(name: str) -> bool:
    """Whether a part of this name may be no XML: a picture, a macro, what other programs keep in the file."""
    name = name.casefold()
    if "&" in name:  # as a target of a sheet it could be written in two ways
        return False
    return not name.endswith((".xml", ".rels")) or re.search(r"customxml/item\d+\.xml$", name) is not None


class _Part:
    """The filled cells and the shared strings in one part, parsed in chunks. ValueError or ExpatError for what is
    not well-formed or has a document type, which no part of a workbook may have: it could declare entities."""

    def __init__(self):
        self.rows = self.columns = self.error_cells = self.shared_cells = 0
        self.lengths = array("Q")

    @property
    def area(self) -> int:
        return self.rows * self.columns

    def read(self, chunks: Iterator[bytes]) -> None:
        started = ended = row = opened = 0
        reference = ""  # of the last cell
        cell: dict[str, str] | None = None  # begun, and still without a value
        in_string = False
        filled: list[dict[str, str]] = []
        ends: list[str] = []
        names = _LocalNames()
        parser = _parser()

        # called twice a cell: what can wait is done by chunks
        def start(name, attributes):
            nonlocal started, row, opened, reference, cell, in_string
            started += 1
            local = names[name]
            if local == "c":
                cell = attributes
                if "r" in attributes:
                    reference = attributes["r"]
                else:
                    parser.EndElementHandler = end
                    reference = attributes["r"] = _following(reference, row)
            elif local == "v" or local == "is":
                if cell:
                    filled.append(cell)
                    cell = None
            elif local == "row":
                row = int(attributes["r"]) if "r" in attributes else row + 1
            elif local == "si":
                if in_string:
                    raise ValueError
                parser.EndElementHandler = end
                in_string, opened = True, parser.CurrentByteIndex
            elif local == "Relationship":
                _check_target(attributes)

        # only where it is needed, since it costs as much as `start`; elsewhere the ends are merely counted
        def end(name):
            nonlocal ended, reference, in_string
            ended += 1
            local = names[name]
            if local == "row":
                reference = ""
            elif local == "si":
                in_string = False
                self.lengths.append(parser.CurrentByteIndex - opened)

        parser.StartElementHandler, parser.EndElementHandler = start, ends.append
        for _chunk in _parsed(parser, chunks):
            ended += len(ends)
            ends.clear()
            if started - ended > _MAX_DEPTH:
                raise ValueError
            self._add(filled)
            filled.clear()

    def _add(self, cells: list[dict[str, str]]) -> None:
        kinds = [cell.get("t") for cell in cells]
        self.shared_cells += kinds.count("s")
        self.error_cells += kinds.count("e")
        references = "\n".join([cell["r"] for cell in cells]).encode()
        columns = set(references.translate(None, b"0123456789").split())
        rows = set(references.translate(None, _LETTERS).split())
        self.columns = max(self.columns, *map(_column_number, columns), 0)
        self.rows = max(self.rows, *map(int, rows), 0)


class _ShownTexts:
    """Adds up in `total` the lengths of the shared strings that cells show, one for each cell."""

    def __init__(self, lengths: array):
        self.total = 0
        self._lengths, self._longest = lengths, max(lengths)

    def read(self, chunks: Iterator[bytes]) -> Iterator[None]:
        shared = False
        opened = 0
        text = ""
        names = _LocalNames()
        parser = _parser()
        parser.buffer_text = True

        def start(name, attributes):
            nonlocal shared, opened, text
            local = names[name]
            if local == "c":
                shared = attributes.get("t") == "s"
            elif local == "v":
                opened, text = parser.CurrentByteIndex, ""

        def characters(data):
            nonlocal text
            if shared:
                text += data

        def end(name):
            if shared and names[name] == "v":
                self.total += self._length(text, parser.CurrentByteIndex - opened == len(f"<{name}>{text}"))

        parser.StartElementHandler, parser.EndElementHandler = start, end
        parser.CharacterDataHandler = characters
        return _parsed(parser, chunks)

    def _length(self, text: str, plain: bool) -> int:
        """Of the string of that number. Where it is written in any unusual way, the reader may take another one."""
        if not (plain and text.isascii() and text.isdigit()):
            return self._longest
        index = int(text)
        return self._lengths[index] if index < len(self._lengths) else 0


def _check_target(attributes: dict[str, str]) -> None:
    """A sheet must be a part that has to be XML."""
    if attributes.get("Type", "").endswith("/worksheet") and _may_be_anything(attributes.get("Target", "")):
        raise ValueError


def _column_number(letters: bytes) -> int:
    """From 1 for A; ValueError for what no column is called."""
    if not letters.isalpha() or len(letters) > 3:
        raise ValueError
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _following(reference: str, row: int) -> str:
    """The reference of a cell that has none: it stands right of the last one."""
    letters = reference.rstrip("0123456789").encode()
    number = _column_number(letters) + 1 if letters else 1
    name = ""
    while number:
        number, letter = divmod(number - 1, 26)
        name = chr(65 + letter) + name
    return f"{name}{row}"


class _LocalNames(dict):
    """Names of elements without their prefix."""

    def __missing__(self, name: str) -> str:
        self[name] = local = name.rpartition(":")[2]
        return local


def _parser() -> expat.XMLParserType:
    # the reader takes markup as ASCII bytes: another encoding would hide from one what the other sees
    parser = expat.ParserCreate("utf-8")
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def _refuse_doctype(*_declared) -> None:
    raise ValueError


def _parsed(parser: expat.XMLParserType, chunks: Iterator[bytes]) -> Iterator[None]:
    """Parse chunk by chunk, within the limits of memory."""
    fed = 0
    for chunk in chunks:
        parser.Parse(chunk, False)
        fed += len(chunk)
        if len(parser.intern) > _MAX_NAMES or fed - parser.CurrentByteIndex > _MAX_TOKEN:
            raise ValueError
        yield
    parser.Parse(b"", True)
    yield


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
