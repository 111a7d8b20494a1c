"""What a data set is, and how its files are read and checked."""

import csv
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

REMARKS = frozenset({"confidence", "remark"})  # columns for readers of the file alone
HEAD = re.compile(r"#\s*([A-Za-z_ ]+?)\s*:\s*(.*)")
REQUIRED_HEAD = ("source", "as of")
LIST_SEPARATOR = "|"
OWNER = "of"
TRUTH = {"yes": True, "no": False}

Values = dict[str, Any]


@dataclass(frozen=True)
class Children:
    """Rows that belong to a row of a data set and count as a value of it: the days of a notice, the
    successions of a region. `path`: a file of their own, whose column `of` names the row; without it they
    are the lines of the file that a folder's data set has for each row."""

    name: str
    model: type[models.Model]
    parent: str
    path: Path | None = None


@dataclass(frozen=True)
class Dataset:
    """A set of reference rows. `path` is a CSV file, or a folder with a file a row whose head holds the
    values and whose lines hold the children. `key` names the fields that identify a row."""

    name: str
    model: type[models.Model]
    path: Path
    key: tuple[str, ...] = ("code",)
    children: Children | None = None

    def key_of(self, row: models.Model) -> str:
        """The natural key of a stored row, as files write it: `330102:2021-04-09`."""
        return ":".join(str(getattr(row, name)) for name in self.key)


@dataclass
class FileLine:
    """Values out of one line of a file: dates as ISO text, empty values left out, foreign keys apart and as
    written."""

    place: str
    columns: tuple[str, ...]
    values: Values
    references: dict[str, str]


@dataclass
class FileRow(FileLine):
    """One row of a data set, with its natural key and its children. `columns` are the fields of which the
    file speaks: an empty cell is a value, an absent column is none."""

    key: str = ""
    children: list[FileLine] = field(default_factory=list)


_registered: dict[str, Dataset] = {}


def register(*new: Dataset) -> None:
    """Make data sets known to `load_reference`, in the order in which they refer to one another."""
    for dataset in new:
        if _registered.setdefault(dataset.name, dataset) != dataset:
            raise ValueError(f"another data set is registered as {dataset.name!r}")


def datasets() -> list[Dataset]:
    """All registered data sets, in the order of loading."""
    return list(_registered.values())


def canonical(field: models.Field, value) -> Any:
    """A value of a field, other than a foreign key, in the form in which files and rows are compared."""
    if isinstance(value, list):
        return list(value)
    return value.isoformat() if isinstance(field, models.DateField) and value else value


def _truth(text: str) -> bool:
    try:
        return TRUTH[text]
    except KeyError:
        raise ValidationError(_("must be yes or no")) from None


class Reader:
    """Reads the files of one data set and collects every problem instead of stopping at the first."""

    def __init__(self, dataset: Dataset):
        self.dataset = dataset
        self.problems: list[str] = []

    def rows(self) -> list[FileRow]:
        """The rows in the order of the files; `problems` then lists what is wrong with them."""
        children = self.dataset.children
        if self.dataset.path.is_dir():
            found = [self._file_as_row(path) for path in sorted(self.dataset.path.glob("*.csv"))]
        else:
            _head, lines = self._open(self.dataset.path, self.dataset.model)
            found = [self._row(line) for line in lines]
        rows: dict[str, FileRow] = {}
        for row in found:
            if row.key in rows:
                self._problem(row.place, "", row.key, _("stands twice, first in %s") % rows[row.key].place)
            rows[row.key] = row
        if children and children.path:
            _head, lines = self._open(children.path, children.model, owner=True)
            for line in lines:
                owner = line.values.pop(OWNER)
                if owner in rows:
                    rows[owner].children.append(line)
                else:
                    self._problem(line.place, OWNER, owner, _("no such row in this data set"))
        return found

    def _file_as_row(self, path: Path) -> FileRow:
        head, lines = self._open(path, self.dataset.children.model)
        names = {column.name for column in self.dataset.model._meta.fields}
        cells = {name: value for name, value in head.items() if name in names}
        row = self._row(self._line(f"{path.name}:1", self.dataset.model, cells))
        row.children = lines
        return row

    def _row(self, line: FileLine) -> FileRow:
        for name in self.dataset.key:
            if name not in line.columns:
                self._problem(line.place, name, "", _("the key of the row is missing"))
        key = ":".join(str(line.values.get(name, "")) for name in self.dataset.key)
        return FileRow(line.place, line.columns, line.values, line.references, key)

    def _line(self, place: str, model: type[models.Model], cells: dict[str, str]) -> FileLine:
        """One line with its values checked by the fields of the model."""
        values, references = {}, {}
        columns = tuple(name for name in cells if name not in REMARKS and name != OWNER)
        for name in columns:
            text, column = cells[name], model._meta.get_field(name)
            if isinstance(column, models.ForeignKey):
                if text:
                    references[name] = text
                elif not column.null:
                    self._problem(place, name, "", _("must not be empty"))
                continue
            raw = text
            if isinstance(column, ArrayField):
                raw = [part.strip() for part in text.split(LIST_SEPARATOR) if part.strip()]
            elif not text and (column.null or column.has_default()):
                raw = column.get_default()
            try:
                if isinstance(column, models.BooleanField):
                    raw = _truth(text)
                value = canonical(column, column.clean(raw, None))
            except ValidationError as error:
                self._problem(place, name, text, " ".join(error.messages))
                continue
            if value not in (None, "", []):
                values[name] = value
        if OWNER in cells:
            values[OWNER] = cells[OWNER]
        return FileLine(place, columns, values, references)

    def _open(self, path: Path, model: type[models.Model], *, owner: bool = False) -> tuple[dict, list[FileLine]]:
        """The head of a file and its lines."""
        text = path.read_text(encoding="utf-8").splitlines(keepends=True)
        first = next((number for number, line in enumerate(text) if not line.startswith("#")), len(text))
        head = {match[1]: match[2] for line in text[:first] if (match := HEAD.fullmatch(line.strip()))}
        for name in REQUIRED_HEAD:
            if not head.get(name):
                self._problem(path.name, name, "", _("the head of the file must say it: # %s: …") % name)
        reader = csv.reader(text[first:])
        header = next(reader, [])
        known = {column.name for column in model._meta.fields} | REMARKS | ({OWNER} if owner else set())
        unknown = [name for name in header if name not in known]
        for name in unknown:
            self._problem(f"{path.name}:{first + 1}", name, "", _("unknown column"))
        lines = []
        for cells in reader if not unknown else ():
            place = f"{path.name}:{first + reader.line_num}"
            if len(cells) == len(header):
                cells = (cell.strip() for cell in cells)
                lines.append(self._line(place, model, dict(zip(header, cells, strict=True))))
            elif cells:
                self._problem(
                    place, "", ",".join(cells)[:60],
                    _("%(found)d cells where the header has %(wanted)d") % {"found": len(cells), "wanted": len(header)},
                )
        return head, lines

    def _problem(self, place: str, column: str, value: str, reason: str) -> None:
        self.problems.append(": ".join(part for part in (place, column, value and repr(value), reason) if part))
