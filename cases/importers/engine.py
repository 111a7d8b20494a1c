"""The import machinery: recognise files, work through them in chunks, survive being killed.

    recognise all files → for each chunk of rows: read → look up what is known → check and convert → one transaction
    that writes the chunk, its rejects and warnings, and the run's progress

Reading and converting go on in other processes (`pipeline`) while the database writes the chunk before. A run
that was cut off is found by the digests of its files and profile; it goes on behind its last committed chunk, under
its own id.
"""

import contextlib
import csv
import hashlib
import itertools
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.domain import reject_context
from cases.enums import RejectKind, RunState
from cases.importers.pipeline import converted_chunks
from cases.models import ImportFile, ImportReject, ImportRun, ImportWarning
from core.bulk import copy_line, copy_lines
from core.exceptions import DomainError
from core.exports import csv_cell
from core.importing.profile import Profile
from core.importing.readers import Source, recognise
from core.money import yuan
from core.personal_data import decrypt, encrypt
from core.text import mask_numbers

CHUNK_ROWS = 5_000
ANALYZE_FROM = 10_000  # created rows after which the planner's statistics are renewed
CONFLICT_RETRIES = 3
LOCK = "consumer_rights.import"
COUNTERS = ("rows", "created", "updated", "unchanged", "duplicates", "rejected", "warnings", "differing")


@dataclass
class Problem:
    """Why a row was not taken: the column and value concerned, the rule, and what to do."""

    line: int
    kind: str
    rule: str
    message: str
    column: str = ""
    value: str = ""
    cells: list | None = None


@dataclass
class Converted:
    """What became of a chunk of rows: what the target writes, rejects, warnings, counts, control totals."""

    counts: Counter = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    warnings: dict[tuple[str, str, str], list[int]] = field(default_factory=dict)
    control: "Totals" = field(default_factory=lambda: Totals())  # of the rows taken from the file
    stored: "Totals" = field(default_factory=lambda: Totals())  # of the rows that the database held already

    def warn(self, rule: str, column: str, value: str, line: int) -> None:
        """Count a value that stays as written, with the first line where it stands."""
        entry = self.warnings.setdefault((rule, column[:120], mask_numbers(value)[:200]), [0, line])
        entry[0] += 1
        entry[1] = min(entry[1], line)
        self.counts["warnings"] += 1

    def reject(
        self, line: int, rule: str, message: str, cells: list, column: str = "", value: str = ""
    ) -> None:
        self.counts["rejected"] += 1
        shown = mask_numbers(value)
        self.problems.append(Problem(line, RejectKind.REJECTED.value, rule, message, column, shown, cells))

    def duplicate(self, line: int, message: str, cells: list, column: str, value: str) -> None:
        self.counts["duplicates"] += 1
        self.problems.append(
            Problem(line, RejectKind.DUPLICATE.value, "duplicate", message, column, value, cells)
        )


class Totals:
    """Control totals: rows, and sums in yuan by name, by kind and by region."""

    def __init__(self, data: dict | None = None):
        data = data or {}
        self.rows = data.get("rows", 0)
        self.amounts = Counter({name: Decimal(value) for name, value in data.get("amounts", {}).items()})
        self.by_kind = Counter(data.get("by_kind", {}))
        self.by_region = Counter(data.get("by_region", {}))

    def add(
        self, *, kind: str = "", region: str = "", amounts: dict[str, Decimal] | None = None, rows: int = 1
    ):
        self.rows += rows
        self.by_kind[kind] += rows
        self.by_region[region] += rows
        for name, amount in (amounts or {}).items():
            self.amounts[name] += amount

    def merge(self, other: "Totals") -> None:
        self.rows += other.rows
        self.amounts.update(other.amounts)
        self.by_kind.update(other.by_kind)
        self.by_region.update(other.by_region)

    def as_json(self) -> dict:
        return {
            "rows": self.rows,
            "amounts": {name: str(yuan(amount)) for name, amount in sorted(self.amounts.items())},
            "by_kind": dict(sorted(self.by_kind.items())),
            "by_region": dict(sorted(self.by_region.items())),
        }


class Target:
    """What is imported: how rows of one kind are looked up, converted and written. Subclassed per kind."""

    name: str
    fields: frozenset[str]  # what a profile may fill
    key_field: str  # the one that tells rows apart
    tables: tuple[str, ...]

    def __init__(
        self, shared, profile: Profile, source: Source, run: ImportRun, file: ImportFile, recheck: bool
    ):
        self.shared, self.profile, self.source = shared, profile, source
        self.run, self.file, self.recheck = run, file, recheck
        self.clock = time.monotonic()  # since the last committed chunk

    @classmethod
    def load(cls, options: "Options"):
        """What all files of a run share: reference data in memory."""
        raise NotImplementedError

    def skip(self, rows: Iterator) -> None:
        """Take note of rows that an earlier, cut-off call has written already."""

    def identify(self, rows: list):
        """A worker's chunk of raw rows, cleaned."""
        return rows

    def question(self, chunk):
        """What a worker must know of its chunk before it can convert it. Never None: that ends the file."""
        return ()

    def answer(self, question):
        """Looked up in the database, here."""

    def convert(self, chunk, answer) -> Converted:
        """Check and convert every row of the chunk; in a worker, without the database."""
        raise NotImplementedError

    def write(self, cursor, converted: Converted) -> None:
        """Write the chunk set-wise, inside the caller's transaction."""
        raise NotImplementedError

    @staticmethod
    def written_totals(cursor, run: ImportRun) -> Totals:
        """Control totals read back from the rows that this run created or updated."""
        raise NotImplementedError


@dataclass
class Options:
    user: object
    agency: object
    dry_run: bool = False
    atomic: bool = False
    recheck: bool = False
    rejects: Path | None = None
    progress: Callable[[ImportRun, ImportFile], None] = lambda run, file: None
    chunk_rows: int = CHUNK_ROWS


class RowsRejected(DomainError):
    """`--atomic` met rows that it could not take: nothing was written."""

    def __init__(self, message: str, summary: dict):
        super().__init__(message)
        self.summary = summary


class _Undo(Exception):
    """Leaves the outer transaction of a dry run, or of an atomic run with rejects."""


def run_import(target: type[Target], paths: list[Path], profile: Profile, options: Options) -> dict:
    """Import files and return the summary that `--json` prints (design: "Commands that others rely on").

    Raises FileRefused before anything is written where a file as a whole cannot be read, DomainError where another
    import is running, RowsRejected for an atomic import with rejects.
    """
    sources = [recognise(path, profile) for path in paths]
    whole = options.dry_run or options.atomic
    summary: dict = {}
    with _import_lock():
        if not whole:
            return _work(target, sources, profile, options)
        with contextlib.suppress(_Undo), transaction.atomic():
            summary = _work(target, sources, profile, options)
            if options.dry_run or summary["rejected"]:
                raise _Undo
    if options.dry_run:
        return summary | {"run": None, "dry_run": True}
    if summary["rejected"]:
        raise RowsRejected(
            _("%(n)d rows were rejected, and so nothing was written (--atomic).")
            % {"n": summary["rejected"]},
            summary | {"run": None},
        )
    return summary


@contextlib.contextmanager
def _import_lock() -> Iterator[None]:
    """One import at a time: two would wait for each other's merchants. Released by the server if we are killed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [LOCK])
        if not cursor.fetchone()[0]:
            raise DomainError(
                _("Another import is running. Wait until it has ended and start this one again.")
            )
        try:
            yield
        finally:
            connection.ensure_connection()
            with connection.cursor() as again:
                again.execute("SELECT pg_advisory_unlock(hashtext(%s))", [LOCK])


def _work(target, sources: list[Source], profile: Profile, options: Options) -> dict:
    run, files = _open_run(target, sources, profile, options)
    shared = target.load(options)
    for source, file in zip(sources, files, strict=True):
        if file.rows_done == 0:
            _note(run, source)
        if file.rows_done < file.rows_total:
            _import_file(target(shared, profile, source, run, file, options.recheck), options)
    _finish(target, run)
    if options.rejects:
        write_rejects(run, options.rejects)
    return summary(run)


def _open_run(target, sources, profile: Profile, options: Options) -> tuple[ImportRun, list[ImportFile]]:
    """Continue the cut-off run of the same files and profile, or begin a new one."""
    digest = hashlib.sha256(
        "\n".join([target.name, profile.digest, str(options.recheck), *(s.sha256 for s in sources)]).encode()
    ).hexdigest()
    with transaction.atomic():
        run = ImportRun.objects.select_for_update().filter(digest=digest, state=RunState.RUNNING).first()
        if run:
            return run, list(run.files.order_by("position"))
        run = ImportRun.objects.create(
            target=target.name,
            profile=profile.name,
            source=profile.source,
            digest=digest,
            user=options.user,
            agency=options.agency,
            started_at=timezone.now(),
        )
        files = ImportFile.objects.bulk_create(
            ImportFile(
                run=run,
                position=position,
                name=source.path.name[:255],
                sha256=source.sha256,
                size=source.size,
                encoding=source.encoding or source.kind,
                rows_total=source.row_count,
            )
            for position, source in enumerate(sources)
        )
    return run, files


def _note(run: ImportRun, source: Source) -> None:
    """What the reader noticed of the file as a whole stands among the warnings, once."""
    for note in source.notes:
        ImportWarning.objects.get_or_create(
            run=run, rule="file", column=source.path.name[:120], value=note[:200],
            defaults={"count": 1, "first_line": source.header_line},
        )  # fmt: skip


def _import_file(target: Target, options: Options) -> None:
    done = target.file.rows_done
    if done:
        target.skip(itertools.islice(target.source.rows(), done))
    for converted in converted_chunks(target, done, options.chunk_rows):
        _commit(target, converted, options)
        options.progress(target.run, target.file)


def _commit(target: Target, converted: Converted, options: Options) -> None:
    """One transaction: the chunk's rows, rejects, warnings and the run's progress, or none of it."""
    for attempt in itertools.count(1):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                target.write(cursor, converted)
                _write_problems(cursor, target, converted)
                _write_warnings(cursor, target.run, converted)
                _write_progress(target, converted)
            return
        except IntegrityError as error:
            if "cases_case_external_number" not in str(error) or attempt == CONFLICT_RETRIES:
                raise
            # a case with one of these numbers was registered by hand since we looked: look again
            rows = target.source.rows(target.file.rows_done)
            chunk = target.identify(list(itertools.islice(rows, options.chunk_rows)))
            converted = target.convert(chunk, target.answer(target.question(chunk)))


def _write_problems(cursor, target: Target, converted: Converted) -> None:
    file_id = target.file.pk
    copy_lines(
        cursor,
        "cases_importreject",
        ("file_id", "line", "kind", '"column"', "value", "rule", "message", "raw"),
        (
            copy_line(
                (
                    file_id,
                    p.line,
                    p.kind,
                    p.column[:120],
                    p.value[:200],
                    p.rule,
                    p.message[:500],
                    encrypt(
                        {"cells": [str(cell) for cell in p.cells]}, context=reject_context(file_id, p.line)
                    )
                    if p.cells is not None
                    else None,
                )
            )
            for p in converted.problems
        ),
    )


def _write_warnings(cursor, run: ImportRun, converted: Converted) -> None:
    if not converted.warnings:
        return
    cursor.execute(
        'INSERT INTO cases_importwarning (run_id, rule, "column", value, count, first_line)'
        " SELECT %s, * FROM unnest(%s::text[], %s::text[], %s::text[], %s::int[], %s::int[])"
        ' ON CONFLICT (run_id, rule, "column", value) DO UPDATE SET count = cases_importwarning.count + excluded.count',
        [
            run.pk,
            *map(list, zip(*((*key, *entry) for key, entry in converted.warnings.items()), strict=True)),
        ],
    )


def _write_progress(target: Target, converted: Converted) -> None:
    run, file = target.run, target.file
    now = time.monotonic()
    run.seconds += now - target.clock
    target.clock = now
    for name in COUNTERS:
        setattr(run, name, getattr(run, name) + converted.counts[name])
    totals, stored = Totals(run.control.get("file")), Totals(run.control.get("unchanged"))
    totals.merge(converted.control)
    stored.merge(converted.stored)
    run.control = {"file": totals.as_json(), "unchanged": stored.as_json()}
    file.rows_done += converted.counts["rows"]
    run.save(update_fields=[*COUNTERS, "seconds", "control"])
    file.save(update_fields=["rows_done"])


def _finish(target, run: ImportRun) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        stored = Totals(run.control.get("unchanged"))
        stored.merge(target.written_totals(cursor, run))
        run.control = {
            "file": Totals(run.control.get("file")).as_json(),
            "database": stored.as_json(),
        }
        run.state, run.finished_at = RunState.COMPLETED, timezone.now()
        run.save(update_fields=["control", "state", "finished_at"])
        if run.created >= ANALYZE_FROM:
            for table in target.tables:
                cursor.execute(f"ANALYZE {table}")


def summary(run: ImportRun) -> dict:
    """The JSON object of `--json`."""
    return {
        "run": run.pk,
        "files": [
            {"name": f.name, "sha256": f.sha256, "rows": f.rows_total} for f in run.files.order_by("position")
        ],
        **{name: getattr(run, name) for name in COUNTERS},
        "seconds": round(run.seconds, 3),
        "control": run.control,
    }


REJECT_COLUMNS = ("file", "line", "kind", "column", "value", "rule", "reason")


def reject_rows(run: ImportRun) -> Iterator[list[str]]:
    """The rejects of a run as table rows, header first; behind each its row as it stood in the file."""
    yield [*REJECT_COLUMNS, "row…"]
    rejects = (
        ImportReject.objects.filter(file__run=run)
        .select_related("file")
        .order_by("file__position", "line", "pk")
    )
    for reject in rejects.iterator(2000):
        raw = reject.raw
        cells = decrypt(raw, context=reject_context(reject.file_id, reject.line))["cells"] if raw else []
        yield [
            reject.file.name,
            str(reject.line),
            reject.kind,
            reject.column,
            reject.value,
            reject.rule,
            reject.message,
            *cells,
        ]


def write_rejects(run: ImportRun, path: Path) -> None:
    """Write the rejects to a CSV that only its owner may read: the rows hold personal data."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.fchmod(descriptor, 0o600)  # also where the file existed
    with open(descriptor, "w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([csv_cell(cell) for cell in row] for row in reject_rows(run))
