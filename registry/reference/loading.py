"""From the files into the database: a row is created, updated, unchanged, or kept because it was edited
here."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, models, transaction
from django.utils.translation import gettext as _

from core.exceptions import DomainError, FileRefused
from registry.domain.calendar import forget_calendar
from registry.domain.consequences import Consequence, consequences
from registry.reference.datasets import Dataset, FileLine, FileRow, Reader, Values, canonical, datasets

LOCK = 7_312_016  # two loads at once wait for each other
OUTCOMES = ("created", "updated", "unchanged", "kept")


@dataclass(frozen=True)
class Difference:
    """A value on which a row edited here and its file differ."""

    dataset: str
    key: str
    field: str
    file: Any
    stored: Any


@dataclass
class Report:
    """What a load did, by data set. `missing`: rows that came from a file and no longer stand in it;
    `local`: rows that were added here. Neither is ever deleted. `fixed`: values of a file that were not taken, not
    even by `--overwrite`, since the field cannot change any more; the rest of the row was. `changed`: the keys of
    rows that were created or updated; `consequences`: what has followed from them, or would follow, in other apps."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    missing: list[tuple[str, str]] = field(default_factory=list)
    local: list[tuple[str, str]] = field(default_factory=list)
    fixed: list[Difference] = field(default_factory=list)
    changed: dict[str, list[str]] = field(default_factory=dict)
    consequences: list[Consequence] = field(default_factory=list)

    @property
    def changes(self) -> int:
        """Rows that were created or updated."""
        return sum(counts["created"] + counts["updated"] for counts in self.counts.values())

    def as_json(self) -> dict:
        """The report as one JSON object."""
        return {
            "datasets": self.counts,
            "differences": [asdict(difference) for difference in self.differences],
            "missing": [{"dataset": dataset, "key": key} for dataset, key in self.missing],
            "local": [{"dataset": dataset, "key": key} for dataset, key in self.local],
            "fixed": [asdict(difference) for difference in self.fixed],
            "consequences": [consequence.as_json() for consequence in self.consequences],
        }


def load(
    *,
    only: Collection[str] = (),
    overwrite: Collection[str] = (),
    write: bool = True,
    known: Iterable[Dataset] = (),
) -> Report:
    """Bring the database to the files, in one transaction.

    `only`: names of data sets; `overwrite`: codes or keys of edited rows that shall take the file's values;
    `write=False` says what would happen and changes nothing; `known`: the data sets, by default all
    registered. Raises FileRefused when files are wrong (every problem, one a line) and DomainError for an
    unknown name.
    """
    known = list(known) or datasets()
    names = [dataset.name for dataset in known]
    if unknown := sorted(set(only) - set(names)):
        raise DomainError(
            _("Unknown data set: %(names)s. There are: %(known)s.")
            % {"names": ", ".join(unknown), "known": ", ".join(names)}
        )
    report, keys, problems, met = Report(), Keys(known), [], set()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        for dataset in known:
            if not only or dataset.name in only:
                loader = Loader(dataset, keys, report, set(overwrite))
                problems += loader.run()
                met |= loader.met
        if problems:
            raise FileRefused("\n".join(problems))
        if lost := sorted(set(overwrite) - met):
            raise DomainError(_("No row of the files has this code or key: %s.") % ", ".join(lost))
        if report.changed:
            report.consequences = consequences(report.changed, write=write)
        transaction.on_commit(forget_calendar)
        transaction.set_rollback(not write)
    return report


def digest(values: Values) -> str:
    """The digest of a row's values in their canonical form."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


class Keys:
    """Natural keys of the rows of each model: stored ones, and those that a file is about to bring."""

    def __init__(self, known: list[Dataset]):
        self._datasets = {dataset.model: dataset for dataset in known}
        self._ids: dict[type[models.Model], dict[str, int | None]] = {}
        self._names: dict[type[models.Model], dict[int, str]] = {}
        self._codes: dict[type[models.Model], dict[str, set[str]]] = {}

    def stored(self, row: models.Model) -> None:
        model, key = type(row), self._datasets[type(row)].key_of(row)
        self._ids[model][key], self._names[model][row.pk] = row.pk, key
        self._codes[model][row.code].add(key)

    def expect(self, model: type[models.Model], row: FileRow) -> None:
        self._fill(model)
        self._ids[model].setdefault(row.key)
        self._codes[model][row.values["code"]].add(row.key)

    def full(self, model: type[models.Model], written: str) -> str | None:
        """The whole key of a row that is named by it, or by its code where only one row has that."""
        self._fill(model)
        if written in self._ids[model]:
            return written
        keys = self._codes[model].get(written, ())
        return next(iter(keys)) if len(keys) == 1 else None

    def id(self, model: type[models.Model], key: str) -> int | None:
        """The id of a row, once it is stored."""
        return self._ids[model][key]

    def name(self, model: type[models.Model], pk: int | None) -> str | None:
        """The key of a stored row."""
        self._fill(model)
        return self._names[model].get(pk)

    def _fill(self, model: type[models.Model]) -> None:
        if model not in self._ids:
            self._ids[model], self._names[model], self._codes[model] = {}, {}, defaultdict(set)
            for row in model._base_manager.only("pk", "code", *self._datasets[model].key):
                self.stored(row)


class Loader:
    """Loads one data set: compares every row, then writes."""

    def __init__(self, dataset: Dataset, keys: Keys, report: Report, overwrite: set[str]):
        self.dataset, self.keys, self.report, self.overwrite = dataset, keys, report, overwrite
        self.met: set[str] = set()  # of the codes to overwrite, those that this data set has
        self.problems: list[str] = []
        self.counts = report.counts[dataset.name] = dict.fromkeys(OUTCOMES, 0)

    def run(self) -> list[str]:
        """Load, and return what is wrong with the files; nothing is written where something is."""
        model, reader = self.dataset.model, Reader(self.dataset)
        rows = reader.rows()
        if reader.problems:
            return reader.problems
        for row in rows:
            self.keys.expect(model, row)
        wanted = [self._wanted(row) for row in rows]
        if self.problems:
            return self.problems
        stored = {self.dataset.key_of(row): row for row in model._base_manager.all()}
        children = self._stored_children()
        changed, confirmed = [], []
        for row, values in zip(rows, wanted, strict=True):
            self.met |= {row.key, values["code"]} & self.overwrite
            found = stored.pop(row.key, None)
            if found is None:
                outcome, found = "created", model()
            else:
                current = self._current(found, row, children.get(found.pk, ()))
                values = self._without_fixed(found, row, values, current)
                outcome = self._outcome(found, row, values, current)
            self.counts[outcome] += 1
            if outcome in ("created", "updated"):
                self._save(found, row, values)
                self.report.changed.setdefault(self.dataset.name, []).append(row.key)
                changed.append((found, values))
            elif outcome == "kept":
                self._differ(row, values, current)
            elif found.file_digest != digest(values):
                found.file_digest = digest(values)
                confirmed.append(found)
        model._base_manager.bulk_update(confirmed, ["file_digest"])
        if self.dataset.children and not self.problems:
            for found, values in changed:
                self._save_children(found, values[self.dataset.children.name], children.get(found.pk, ()))
        for key, left in stored.items():
            (self.report.missing if left.file_digest else self.report.local).append((self.dataset.name, key))
        return self.problems

    # the canonical form of both sides

    def _wanted(self, row: FileRow) -> Values:
        """The values of a row of the file, foreign keys resolved to whole keys."""
        values = self._resolved(row, self.dataset.model)
        if children := self.dataset.children:
            lines = [self._resolved(line, children.model) for line in row.children]
            values[children.name] = sorted(lines, key=_order)
        return values

    def _resolved(self, line: FileLine, model: type[models.Model]) -> Values:
        values = dict(line.values)
        for name, written in line.references.items():
            values[name] = self.keys.full(model._meta.get_field(name).related_model, written)
            if values[name] is None:
                reason = _("no row has this key; a code of several versions is written CODE:DATE")
                self.problems.append(f"{line.place}: {name}: {written!r}: {reason}")
        return values

    def _current(self, found: models.Model, row: FileRow, children: Collection[models.Model]) -> Values:
        """The values of a stored row, of the fields that the file speaks of."""
        values = self._values(found, row.columns)
        if self.dataset.children:
            lines = [self._values(child, self._child_columns()) for child in children]
            values[self.dataset.children.name] = sorted(lines, key=_order)
        return values

    def _values(self, found: models.Model, columns: Iterable[str]) -> Values:
        values = {}
        for name in columns:
            column = found._meta.get_field(name)
            if isinstance(column, models.ForeignKey):
                value = self.keys.name(column.related_model, getattr(found, column.attname))
            else:
                value = canonical(column, getattr(found, name))
            if value not in (None, "", []):
                values[name] = value
        return values

    def _child_columns(self) -> list[str]:
        """All columns of a child but its id and its parent."""
        fields = self.dataset.children.model._meta.fields
        return [
            column.name
            for column in fields
            if not column.primary_key and column.name != self.dataset.children.parent
        ]

    def _stored_children(self) -> dict[int, list[models.Model]]:
        found = defaultdict(list)
        if children := self.dataset.children:
            for child in children.model._base_manager.all():
                found[getattr(child, f"{children.parent}_id")].append(child)
        return found

    # what becomes of a row

    def _without_fixed(self, found: models.Model, row: FileRow, values: Values, current: Values) -> Values:
        """The values of the file, with the stored one for each field that cannot change any more."""
        if values == current:
            return values
        for name in sorted(found.fixed_fields()):
            said, stored = values.get(name), current.get(name)
            if name in row.columns and said != stored:
                self.report.fixed.append(Difference(self.dataset.name, row.key, name, said, stored))
                values = {key: value for key, value in values.items() if key != name}
                values |= {} if stored is None else {name: stored}
        return values

    def _outcome(self, found: models.Model, row: FileRow, values: Values, current: Values) -> str:
        if values == current:
            return "unchanged"
        untouched = found.file_digest == digest(current)
        return "updated" if untouched or {row.key, found.code} & self.overwrite else "kept"

    def _differ(self, row: FileRow, values: Values, current: Values) -> None:
        for name in sorted(values.keys() | current.keys()):
            said, stored = values.get(name), current.get(name)
            if said != stored:
                if self.dataset.children and name == self.dataset.children.name:
                    said, stored = [x for x in said if x not in stored], [x for x in stored if x not in said]
                self.report.differences.append(Difference(self.dataset.name, row.key, name, said, stored))

    # writing

    def _save(self, found: models.Model, row: FileRow, values: Values) -> None:
        if self._assign(found, row.place, row.columns, values):
            found.file_digest = digest(values)
            try:
                found.clean()
                found.validate_constraints()
            except ValidationError as error:
                self.problems.append(f"{row.place}: {' '.join(error.messages)}")
                return
            found.save()
            self.keys.stored(found)

    def _assign(self, found: models.Model, place: str, columns: Iterable[str], values: Values) -> bool:
        for name in columns:
            column, value = found._meta.get_field(name), values.get(name)
            if isinstance(column, models.ForeignKey):
                pk = self.keys.id(column.related_model, value) if value else None
                if value and pk is None:
                    reason = _("the row that this one refers to must stand before it")
                    self.problems.append(f"{place}: {name}: {value!r}: {reason}")
                    return False
                setattr(found, column.attname, pk)
            else:
                setattr(found, name, column.get_default() if value is None else column.to_python(value))
        return True

    def _save_children(
        self, found: models.Model, wanted: list[Values], stored: Collection[models.Model]
    ) -> None:
        children = self.dataset.children
        columns = self._child_columns()
        kept = []
        for child in stored:
            values = self._values(child, columns)
            if values in wanted:
                kept.append(values)
            else:
                child.delete()
        for values in wanted:
            if values not in kept:
                child = children.model(**{children.parent: found})
                self._assign(child, self.dataset.name, columns, values)
                child.save()


def _order(values: Values) -> str:
    return json.dumps(values, sort_keys=True, ensure_ascii=False)
