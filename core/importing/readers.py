"""Recognise a file and read its rows: CSV in the usual encodings, XLSX, old XLS."""

import hashlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, islice, pairwise
from pathlib import Path

from django.utils.translation import gettext as _

from core.importing import delimited, workbook
from core.importing.encoding import Survey, refuse_undecodable, survey
from core.importing.header import HeaderMatcher
from core.importing.profile import Profile
from core.importing.report import BadRow, refused
from core.importing.values import BadValue, is_empty, number_text

Row = tuple[int, list]


@dataclass(frozen=True)
class Source:
    """A recognised file.

    `kind` is "csv", "xlsx" or "xls"; `header_line` the physical line (CSV) or the row of the sheet;
    `columns` field -> index and `kept` header of the profile -> index, both only for what the file has;
    `row_count` the rows that `rows` gives, `bad_rows` among them; `duplicate_keys` the hashes of key values
    that stand in more than one row (by `key_hash`, candidates to compare); `notes` what the user should know.
    """

    path: Path
    profile: Profile
    kind: str
    encoding: str
    delimiter: str
    sheet: str
    header_line: int
    header: tuple[str, ...]
    columns: dict[str, int]
    kept: dict[str, int]
    sha256: str
    size: int
    row_count: int = 0
    bad_rows: int = 0
    duplicate_keys: frozenset[int] = frozenset()
    notes: tuple[str, ...] = ()
    _data_line: int = field(default=0, repr=False)
    _mtime_ns: int = field(default=0, repr=False)

    @property
    def key_column(self) -> int:
        return self.columns[self.profile.key_field]

    def rows(self, start: int = 0) -> Iterator[Row | BadRow]:
        """The data rows from number `start` on (from 0), blank ones left out, in the order of the file.

        A row is (line on which it starts, cells as written: text, in sheets also numbers and dates), or a
        `BadRow`. FileRefused when the file is no longer the one that was recognised.
        """
        status = self.path.stat()
        if (status.st_size, status.st_mtime_ns) != (self.size, self._mtime_ns):
            raise refused(self.path, _("it has changed since it was recognised. Start again."))
        return islice(self._rows(), start, None)

    def _rows(self) -> Iterator[Row | BadRow]:
        if self.kind == "csv":
            with delimited.open_text(self.path, self.encoding) as stream:
                for _line in islice(stream, self._data_line):
                    pass
                yield from delimited.data_rows(
                    self.path,
                    stream,
                    delimiter=self.delimiter,
                    width=len(self.header),
                    key=self.key_column,
                    line=self._data_line,
                )
        else:
            with workbook.open_workbook(self.path) as book:
                sheet = book.get_sheet_by_name(self.sheet)
                yield from workbook.data_rows(sheet, self._data_line)

    @staticmethod
    def key_hash(text: str) -> int:
        """Eight bytes that stand for a key value, the same in every process."""
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def recognise(path: Path | str, profile: Profile) -> Source:
    """Read the whole file by `profile`, write nothing. FileRefused, in one line with what to do, when it
    cannot be read as a whole. Memory does not grow with the size of a CSV file but for 8 bytes a row.
    """
    path = Path(path)
    if not path.is_file():
        raise refused(path, _("there is no such file. Check the path."))
    seen = survey(path, profile.encoding)
    if seen.kind != "csv":
        return _recognise_workbook(path, profile, seen)
    try:
        return _recognise_csv(path, profile, seen)
    except UnicodeDecodeError as error:
        raise refuse_undecodable(path, seen.encoding) from error


def _recognise_csv(path: Path, profile: Profile, seen: Survey) -> Source:
    matcher = HeaderMatcher(profile)
    with delimited.open_text(path, seen.encoding) as stream:
        line, end, delimiter, cells = delimited.find_header(path, stream, matcher, profile.delimiter)
    layout = matcher.resolve(path, cells)
    source = Source(
        path=path,
        profile=profile,
        kind="csv",
        encoding=seen.encoding,
        delimiter=delimiter,
        sheet="",
        header_line=line,
        header=tuple(cells),
        columns=layout.columns,
        kept=layout.kept,
        sha256=seen.sha256,
        size=seen.size,
        _data_line=end,
        _mtime_ns=seen.mtime_ns,
    )
    return _counted(source, source.rows(), layout.unnamed)


def _recognise_workbook(path: Path, profile: Profile, seen: Survey) -> Source:
    kind = "xlsx" if seen.kind == "zip" else "xls"
    error_cells = workbook.check_xlsx(path) if kind == "xlsx" else 0
    matcher = HeaderMatcher(profile)
    with workbook.open_workbook(path) as book:
        sheet, line, cells, others = workbook.find_sheet(path, book, matcher, profile.sheet)
        layout = matcher.resolve(path, cells)
        source = Source(
            path=path,
            profile=profile,
            kind=kind,
            encoding="",
            delimiter="",
            sheet=sheet.name,
            header_line=line,
            header=tuple(cells),
            columns=layout.columns,
            kept=layout.kept,
            sha256=seen.sha256,
            size=seen.size,
            notes=tuple(_workbook_notes(others, error_cells)),
            _data_line=line,
            _mtime_ns=seen.mtime_ns,
        )
        return _counted(source, workbook.data_rows(sheet, line), layout.unnamed)


def _workbook_notes(others: list[str], error_cells: int) -> Iterator[str]:
    for name in others:
        yield _(
            "The sheet “%(sheet)s” has the same headers and is not read. Name it in a profile to import it."
        ) % {"sheet": name}
    if error_cells:
        yield _("Cells with a formula error such as #N/A, read as empty: %(count)s.") % {"count": error_cells}


def _counted(source: Source, rows: Iterator[Row | BadRow], unnamed: tuple[int, ...]) -> Source:
    """The source with what only a reading of all rows tells."""
    count = bad = 0
    key = source.key_column
    hashes = [array("Q") for _byte in range(256)]
    for row in rows:
        count += 1
        if isinstance(row, BadRow):
            bad += 1
            continue
        line, cells = row
        for index in unnamed:
            if not workbook.is_blank(cells[index : index + 1]):
                raise refused(
                    source.path,
                    _("line %(line)s has a value in column %(number)s, which has no header. Name the column.")
                    % {"line": line, "number": index + 1},
                )
        try:
            text = number_text(cells[key])
        except BadValue:
            continue
        if not is_empty(text):
            value = Source.key_hash(text)
            hashes[value >> 56].append(value)
    return replace(
        source,
        row_count=count,
        bad_rows=bad,
        duplicate_keys=frozenset(chain.from_iterable(map(_repeated, hashes))),
    )


def _repeated(hashes: array) -> Iterator[int]:
    ordered = sorted(hashes)
    return (value for value, following in pairwise(ordered) if value == following)
