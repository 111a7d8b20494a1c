"""Rows of plain lists: read cell by cell, checked without the database, written by their target."""

import contextlib
import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.importers.engine import CHUNK_ROWS, Converted, Target, Totals
from cases.importers.rows import HEADER_LIMIT, RowRejected
from cases.models import ImportReject, ImportRun
from core.importing.report import BadRow
from core.importing.values import (
    BadValue,
    Moment,
    cell_text,
    is_empty,
    number_text,
    parse_datetime,
    shown_number,
)
from core.text import clean_cell, mask_numbers
from registry.models import Agency

AHEAD = dt.timedelta(days=3660)  # how far what is planned, or in force until a day, may lie ahead
SEPARATORS = re.compile(r"[;；、\n]")
Warnings = list[tuple[str, str, str]]  # rule, column, value


def split_list(text: str) -> list[str]:
    """The parts of a cell that lists several."""
    return [part.strip() for part in SEPARATORS.split(text) if part.strip()]


def reach(agency: Agency) -> frozenset[int] | None:
    """Ids of the agencies for which an import of `agency` brings rows: itself and those below it. None, all, for the
    city's bureau, which imports for councils, committees and platforms as well."""
    if agency.is_bureau and agency.parent_id is None:
        return None
    return frozenset(agency.ids_within)


def cases_within(agency: Agency) -> Q:
    """The cases of which an import of `agency` brings rows."""
    within = reach(agency)
    return Q() if within is None else Q(custodian__in=within)


@dataclass(slots=True)
class Entry:
    """A row that was read: what it says, the cells as they stood in the file, and cleaned."""

    line: int
    item: object
    raw: list
    cells: list[str]
    warnings: Warnings


@dataclass
class ConvertedRows(Converted):
    entries: list[Entry] = field(default_factory=list)


class PlainRow:
    """The cells of one row by field; a word for nothing is nothing, unless the field is a free text."""

    def __init__(self, target: "PlainTarget", cells: list[str]):
        self.target, self.cells = target, cells
        self.warnings: Warnings = []

    def __getitem__(self, name: str) -> str:
        target = self.target
        index = target.source.columns.get(name)
        if index is None or not self.cells[index] or (name not in target.texts and is_empty(self.cells[index])):
            return target.constants.get(name, "")
        return self.cells[index]

    def bad(self, name: str, rule: str, message: str, value: str | None = None) -> RowRejected:
        """The row cannot be taken for the sake of this field."""
        text = self[name] if value is None else value
        return RowRejected(self.target.header(name), text if len(text) <= 60 else text[:60] + "…", rule, message)

    def warn(self, name: str, rule: str) -> None:
        self.warnings.append((rule, self.target.header(name), self[name]))

    def required(self, name: str, message: str) -> str:
        if not self[name]:
            raise self.bad(name, "required", message)
        return self[name]

    def check_lengths(self) -> None:
        for name, limit in self.target.limits.items():
            if len(self[name]) > limit:
                message = _("The text is longer than %(limit)d characters. Shorten it.") % {"limit": limit}
                raise self.bad(name, "length", message, mask_numbers(self[name]))

    def number(self, name: str) -> str:
        """A number that is a name. Raises RowRejected where a spreadsheet has rounded it."""
        try:
            return number_text(self[name]) if self[name] else ""
        except BadValue as bad:
            raise self.bad(name, bad.rule, str(bad)) from None

    def moment(self, name: str, *, ahead: bool = False) -> Moment | None:
        """Date and time; `ahead`: it may lie in the future."""
        return self.read_moment(name, self[name], ahead=ahead)

    def read_moment(self, name: str, text: str, *, ahead: bool = False) -> Moment | None:
        """As `moment`, of a text that is put together from several cells, `name` among them."""
        target = self.target
        now = target.now + AHEAD if ahead else target.now
        try:
            return parse_datetime(text, target.profile.date_formats, target.zone, now=now)
        except BadValue as bad:
            raise self.bad(name, bad.rule, str(bad)) from None

    def day(self, name: str, *, ahead: bool = True) -> dt.date | None:
        moment = self.moment(name, ahead=ahead)
        return moment and moment.at.date()

    def code(self, name: str, part: str | None = None) -> str:
        """A value of a closed vocabulary, by the profile's map or as its code; "" for an empty cell. `part`: of a cell
        that lists several."""
        text = self[name] if part is None else part
        code, mapped = self.target.profile.translate(name, text)
        code = code or ""
        known = self.target.codes[name]
        if code and code not in known or not mapped and text not in known:
            message = _("Not a known value. Add it to [values.%(field)s] of the profile, as one of: %(codes)s.")
            raise self.bad(name, "vocabulary", message % {"field": name, "codes": ", ".join(sorted(known))}, text)
        return code


class PlainTarget(Target):
    """A target whose rows stand for themselves. Subclasses say which fields are what, and `build` and `write` them."""

    limits: Mapping[str, int] = {}  # longest texts; a longer one is a reject, never cut
    numbers: frozenset[str] = frozenset()  # fields whose cells are numbers that are names
    moments: frozenset[str] = frozenset()  # fields of dates and times
    texts: frozenset[str] = frozenset()  # in which "-" and 无 are texts like any other
    codes: Mapping[str, frozenset[str]] = {}

    def __init__(self, *args):
        super().__init__(*args)
        self.now, self.zone = timezone.now(), timezone.get_default_timezone()
        self.constants = {name: clean_cell(value) for name, value in self.profile.constants.items()}
        columns = self.source.columns
        self.number_columns = {columns[name] for name in self.numbers if name in columns}
        self.moment_columns = {columns[name] for name in self.moments if name in columns}

    def header(self, name: str) -> str:
        """The column to name in a message."""
        index = self.source.columns.get(name)
        if index is None:
            return f"[constants] {name}" if name in self.constants else name
        return clean_cell(self.source.header[index])[:HEADER_LIMIT]

    def build(self, row: PlainRow) -> object:
        """Check one row, and say what it means. Raises RowRejected."""
        raise NotImplementedError

    def keys(self, item) -> tuple:
        """What only the first row of the file may stand for."""
        return ()

    def skip(self, rows) -> None:
        refused = set(ImportReject.objects.filter(file=self.file).values_list("line", flat=True))
        while chunk := list(islice(rows, CHUNK_ROWS)):
            for entry in self.convert(chunk, None).entries:
                if entry.line not in refused:
                    self.take(*self.keys(entry.item))

    def convert(self, chunk: list, answer: None) -> ConvertedRows:
        converted = ConvertedRows()
        converted.counts["rows"] = len(chunk)
        for given in chunk:
            if isinstance(given, BadRow):
                converted.reject(given.line, given.rule, given.reason, given.cells or [given.raw])
                continue
            line, raw = given
            row = PlainRow(self, [self._text(index, cell) for index, cell in enumerate(raw)])
            try:
                row.check_lengths()
                converted.entries.append(Entry(line, self.build(row), raw, row.cells, row.warnings))
            except RowRejected as bad:
                converted.reject(line, bad.rule, bad.message, raw, bad.column, bad.value)
        return converted

    def _text(self, index: int, cell) -> str:
        if isinstance(cell, str):
            return clean_cell(cell)
        if index in self.number_columns:
            return clean_cell(shown_number(cell))
        if index in self.moment_columns and cell is not None:
            with contextlib.suppress(BadValue):
                at, date_only = parse_datetime(cell, (), self.zone, now=self.now + AHEAD)
                return f"{at:%Y-%m-%d}" if date_only or at.time() == dt.time.min else f"{at:%Y-%m-%d %H:%M:%S}"
        return clean_cell(cell_text(cell))

    def firsts(self, converted: ConvertedRows, good: list[Entry], message: str, column: str, value) -> list[Entry]:
        """The first good row of each key; the others are listed as standing twice, with the value of `column`."""
        entries = []
        for entry in good:
            if self._is_taken(entry):
                converted.duplicate(entry.line, message, entry.raw, self.header(column), value(entry.item))
                continue
            self.take(*self.keys(entry.item))
            entries.append(entry)
        return entries

    def write_firsts(
        self, converted: ConvertedRows, good: list[Entry], write: Callable[[list[Entry]], None], message: str,
        column: str, value,
    ) -> None:  # fmt: skip
        """As `firsts`, for rows of which some are found out only while they are written: `write` refuses these by
        `give_up`, and the next row of the same key stands in."""
        while good:
            firsts, later = [], []
            for entry in good:
                if self._is_taken(entry):
                    later.append(entry)
                else:
                    self.take(*self.keys(entry.item))
                    firsts.append(entry)
            if firsts:
                write(firsts)
            self.firsts(converted, [entry for entry in later if self._is_taken(entry)], message, column, value)
            good = [entry for entry in later if not self._is_taken(entry)]

    def _is_taken(self, entry: Entry) -> bool:
        return any(key in self.taken for key in self.keys(entry.item))

    def give_up(self, converted: Converted, entry: Entry, bad: RowRejected) -> None:
        """Refuse a row that stood for its keys: another may."""
        self.taken.difference_update(self.keys(entry.item))
        self.refuse(converted, entry, bad)

    def row(self, entry: Entry) -> PlainRow:
        """The cells of a row that was read, to name one of them."""
        return PlainRow(self, entry.cells)

    def refuse(self, converted: Converted, entry: Entry, bad: RowRejected) -> None:
        """A row that was read well and, looked up in the database, cannot be taken."""
        converted.reject(entry.line, bad.rule, bad.message, entry.raw, bad.column, bad.value)

    @staticmethod
    def written_totals(cursor, run: ImportRun) -> Totals:
        return Totals()  # every row was read back while it was written
