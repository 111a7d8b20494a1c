"""Rows of a delimited text file, with the physical line on which each starts."""

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TextIO

from django.utils.translation import gettext as _

from core.importing.encoding import CUT, CUT_HANDLER, text_codec
from core.importing.header import MAX_JUNK, HeaderMatcher
from core.importing.report import BadRow, refused

# characters of one cell
MAX_CELL = 1 << 20
_HEADER_LINES = MAX_JUNK + 50
_DELIMITERS = (",", ";", "\t", "|")


def open_text(path: Path, encoding: str) -> TextIO:
    """The text of the file, line ends as they are, `CUT` for a last character that is not whole."""
    stream = path.open(encoding=text_codec(path, encoding), errors=CUT_HANDLER, newline="", buffering=1 << 18)
    stream._CHUNK_SIZE = 1 << 16
    return stream


def find_header(
    path: Path, stream: TextIO, matcher: HeaderMatcher, delimiter: str
) -> tuple[int, int, str, list[str]]:
    """(line of the header, lines up to its end, delimiter, header cells).

    The header is the first of the rows 1 to 21 that has all the required headers under any delimiter.
    """
    csv.field_size_limit(MAX_CELL)
    lines = list(islice(stream, _HEADER_LINES))
    if not any(map(str.strip, lines)) and not any(map(str.strip, stream)):
        raise refused(path, _("it is empty. Export it again."))
    delimiters = _DELIMITERS if delimiter == "auto" else (delimiter,)
    for index in range(min(len(lines), MAX_JUNK + 1)):
        best = (0, 0, "", [])
        for candidate in delimiters:
            used, cells = _first_row(lines[index:], candidate)
            if (score := matcher.matches(cells, index + 1)) > best[0]:
                best = (score, used, candidate, cells)
        if best[0]:
            return index + 1, index + best[1], best[2], best[3]
    raise matcher.missing(path)


def _first_row(lines: list[str], delimiter: str) -> tuple[int, list[str]]:
    lines = [lines[0].removeprefix("\ufeff"), *lines[1:]]
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        cells = next(reader)
    except csv.Error:
        return 1, []
    return reader.line_num, [cell.replace(CUT, "\ufffd") for cell in cells]


def data_rows(
    path: Path, stream: TextIO, *, delimiter: str, width: int, key: int, line: int
) -> Iterator[tuple[int, list[str]] | BadRow]:
    """The rows after the header; `line` physical lines have been read, `key` is the identifying column.

    Blank rows are left out. A row that is no row of `width` cells comes as a `BadRow`; lines which an
    unclosed quotation mark has swallowed are read again as rows of their own.
    """
    csv.field_size_limit(MAX_CELL)
    pushed: list[str] = []
    taken: list[str] = []

    def feed() -> Iterator[str]:
        while pushed:
            text = pushed.pop()
            taken.append(text)
            yield text
        for text in stream:
            taken.append(text)
            yield text

    while True:
        cells = error = None
        try:
            for cells in csv.reader(feed(), delimiter=delimiter, strict=True):
                if len(cells) == width and taken[-1][-1] != CUT:
                    if cells[key].strip() or any(map(str.strip, cells)):
                        yield line + 1, cells
                elif any(map(str.strip, cells)):
                    break
                line += len(taken)
                taken.clear()
            else:
                return
        except csv.Error as problem:
            cells, error = None, str(problem)
        if error and error.startswith("field larger"):
            raise refused(path, _endless(taken, delimiter, line))
        if not pushed:
            pushed.extend(islice(stream, 1))
        open_end = bool(error) and error.startswith("unexpected end")
        row, used = _repair(taken, cells, delimiter, width, line + 1, last=not pushed, open_end=open_end)
        yield row
        line += used
        pushed.extend(reversed(taken[used:]))
        taken.clear()


def _repair(
    taken: list[str],
    cells: list[str] | None,
    delimiter: str,
    width: int,
    line: int,
    *,
    last: bool,
    open_end: bool,
) -> tuple[tuple[int, list[str]] | BadRow, int]:
    """(the row made of the physical lines `taken`, how many of them belong to it).

    `cells` is what a strict reader made of them, None when their quotation marks are wrong; `open_end`
    when a mark is still open at the end of the file, `last` when no line follows.
    """
    if cells is None and len(taken) == 1:
        loose = _one_line(taken[0], delimiter)
        if loose is not None and len(loose) == width and not taken[0].endswith(CUT):
            return (line, loose), 1
    used = _next_row(taken, delimiter, width)
    whole = used == len(taken)
    quotes_wrong = cells is None or not whole
    if quotes_wrong:
        cells = _loose(taken[:used], delimiter)
    text = "".join(taken[:used])
    ended = text.endswith(("\n", "\r"))
    cut = last and whole and (open_end or (not ended and (text.endswith(CUT) or len(cells) < width)))
    counts = {"count": len(cells), "width": width}
    if cut:
        rule = "row.cut_off"
        reason = _("The file seems cut off in this row. Export it again, whole.")
    elif quotes_wrong:
        rule = "row.quotes"
        reason = _(
            "A quotation mark in this row is not closed, or stands alone inside a cell. Double or remove it."
        )
    elif len(cells) < width:
        rule = "row.too_few_cells"
        reason = _("The row has %(count)s cells, the header has %(width)s. Complete it.") % counts
    else:
        rule = "row.too_many_cells"
        reason = (
            _(
                "The row has %(count)s cells, the header has %(width)s. "
                "Put a cell that contains the delimiter in quotation marks."
            )
            % counts
        )
    cells = [cell.replace(CUT, "\ufffd") for cell in cells]
    raw = text.rstrip("\r\n").replace(CUT, "\ufffd")
    return BadRow(line, cells, raw, rule, reason), used


def _next_row(taken: list[str], delimiter: str, width: int) -> int:
    """Index of the first line after the first that makes a whole row by itself, else their number."""
    for index in range(1, len(taken)):
        cells = _one_line(taken[index], delimiter)
        if cells is not None and len(cells) == width and not taken[index].endswith(CUT):
            return index
    return len(taken)


_AFTER = "\x00after"


def _one_line(text: str, delimiter: str) -> list[str] | None:
    """The cells of the text read leniently, None when a quotation mark is still open at its end."""
    reader = csv.reader([text, _AFTER], delimiter=delimiter)
    try:
        cells = next(reader)
    except csv.Error:
        return None
    return cells if reader.line_num == 1 else None


def _loose(lines: list[str], delimiter: str) -> list[str]:
    try:
        return next(csv.reader(lines, delimiter=delimiter))
    except csv.Error:
        return lines


def _endless(taken: list[str], delimiter: str, line: int) -> str:
    """What to say of a cell above `MAX_CELL`: the line on which its quotation mark opened."""
    start = line + 1
    try:
        cells = next(csv.reader(taken[:-1], delimiter=delimiter), [""])
        start += sum(cell.count("\n") + cell.count("\r") - cell.count("\r\n") for cell in cells[:-1])
    except csv.Error:
        pass
    return _(
        "line %(line)s: a cell that starts here is longer than %(size)s characters; "
        "a quotation mark is not closed. Close or remove it."
    ) % {"line": start, "size": f"{MAX_CELL:,}"}
