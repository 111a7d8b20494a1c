"""The import machinery: recognise files, work through them in chunks, survive being killed.

    recognise all files → for each chunk of rows: read → look up what is known → check and convert → one transaction
    that writes the chunk, its rejects and warnings, and the run's progress

A chunk that the database refuses is written in halves, and these in halves, until the rows that it does not take
stand alone: they are rejected, all others are written.

Reading and converting go on in other processes (`pipeline`) while the database writes the chunk before. A run
that was cut off is found by the digests of its files and profile; it goes on behind its last committed chunk, under
its own id.
"""

import contextlib
import dataclasses
import hashlib
import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from django.db import DatabaseError, DataError, IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.domain import reject_context
from cases.enums import RejectKind, RunState
from cases.importers.pipeline import converted_chunks
from cases.importers.report import COUNTERS, RejectsFile, first_rejects, summary
from cases.models import ImportFile, ImportRun, ImportWarning
from core.bulk import copy_line, copy_lines
from core.exceptions import DomainError
from core.importing.profile import Profile
from core.importing.readers import Source, recognise
from core.importing.report import BadRow
from core.importing.values import cell_text
from core.money import yuan
from core.personal_data import encrypt
from core.text import clean_cell, mask_numbers

CHUNK_ROWS = 5_000
ANALYZE_FROM = 10_000  # created rows after which the planner's statistics are renewed
CONFLICT_RETRIES = 3
LOST_RACE = "cases_case_external_number"
LOCK = "consumer_rights.import"


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

    def merge(self, later: "Converted") -> None:
        """Add what became of the rows behind these."""
        self.counts.update(later.counts)
        self.problems += later.problems
        for key, (count, line) in later.warnings.items():
            self.warnings.setdefault(key, [0, line])[0] += count
        self.control.merge(later.control)
        self.stored.merge(later.stored)


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
        """What is not nothing, so that equal totals are equal objects."""
        return {
            "rows": self.rows,
            "amounts": {name: str(yuan(amount)) for name, amount in sorted(self.amounts.items()) if amount},
            "by_kind": {kind: rows for kind, rows in sorted(self.by_kind.items()) if rows},
            "by_region": {region: rows for region, rows in sorted(self.by_region.items()) if rows},
        }


class Target:
    """What is imported: how rows of one kind are looked up, converted and written. Subclassed per kind."""

    name: str
    fields: frozenset[str]  # what a profile may fill
    key_field: str  # the one that tells rows apart
    analyzed: tuple[str, ...]  # tables, some with columns, whose statistics are renewed
    needed: tuple[type, ...]  # reference data without which nothing can be imported

    def __init__(
        self, shared, profile: Profile, source: Source, run: ImportRun, file: ImportFile, recheck: bool
    ):
        self.shared, self.profile, self.source = shared, profile, source
        self.run, self.file, self.recheck = run, file, recheck
        self.clock = time.monotonic()  # since the last committed chunk
        self.taken: set = set()  # what at most one row of the file may stand for
        self.taking: set = set()  # by the rows that are being written

    @classmethod
    def load(cls, options: "Options"):
        """What all files of a run share: reference data in memory."""
        raise NotImplementedError

    def take(self, *keys) -> None:
        """Note that a row which is being written stands for these. It is forgotten if the write fails."""
        self.taking.update(key for key in keys if key not in self.taken)
        self.taken.update(keys)

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
    import is running or the file of rejects cannot be written, RowsRejected for an atomic import with rejects.
    """
    rejects = RejectsFile(options.rejects, paths) if options.rejects else None
    sources = [recognise(path, profile) for path in paths]
    try:
        with _import_lock():
            found, undone = _run(target, sources, profile, options, rejects)
        if rejects:
            run = found["run"] or ("dry-run" if options.dry_run else "atomic")
            rejects.publish(user=options.user, target=f"imports/{run}/rejects.csv")
    finally:
        if rejects:
            rejects.discard()
    if undone and not options.dry_run:
        message = _("%(n)d rows were rejected, and so nothing was written (--atomic).")
        raise RowsRejected(message % {"n": found["rejected"]}, found)
    return found


def _run(target, sources, profile, options: Options, rejects: RejectsFile | None) -> tuple[dict, bool]:
    """The summary, and whether all was taken back: after a dry run, or an atomic one with rejects."""
    if not (options.dry_run or options.atomic):
        return _work(target, sources, profile, options, rejects), False
    with contextlib.suppress(_Undo), transaction.atomic():
        found = _work(target, sources, profile, options, rejects)
        if not options.dry_run and not found["rejected"]:
            return found, False
        found |= {"rejects": first_rejects(ImportRun.objects.get(pk=found["run"])), "run": None}
        raise _Undo
    return found | {"dry_run": True} if options.dry_run else found, True


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


def _work(target, sources: list[Source], profile, options: Options, rejects: RejectsFile | None) -> dict:
    run, files = _open_run(target, sources, profile, options)
    shared = target.load(dataclasses.replace(options, agency=run.agency))  # a run keeps its agency
    for source, file in zip(sources, files, strict=True):
        if file.rows_done == 0:
            _note(file, source)
        if file.rows_done < file.rows_total:
            _import_file(target(shared, profile, source, run, file, options.recheck), options)
    _finish(target, run)
    if rejects:
        rejects.gather(run)
    return summary(run)


def _open_run(target, sources, profile: Profile, options: Options) -> tuple[ImportRun, list[ImportFile]]:
    """Continue the cut-off run of the same files, profile and mode, or begin a new one."""
    mode = [str(options.recheck), str(options.atomic)]
    parts = [target.name, profile.digest, *mode, *(source.sha256 for source in sources)]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
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


def _note(file: ImportFile, source: Source) -> None:
    """What the reader noticed of the file as a whole stands among the warnings, once."""
    for note in source.notes:
        ImportWarning.objects.get_or_create(
            run=file.run, file=file, rule="file", column=source.path.name[:120], value=note[:200],
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
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a bad reference shows where it is written, not at the end
        converted = _write_chunk(target, cursor, converted, options.chunk_rows)
        _write_problems(cursor, target, converted)
        _write_warnings(cursor, target.file, converted)
        _write_progress(target, converted)


def _write_chunk(target: Target, cursor, converted: Converted, chunk_rows: int) -> Converted:
    """Write the rows of a chunk, but for those that the database refuses. Returns what became of them."""
    for retries in reversed(range(CONFLICT_RETRIES)):
        try:
            _write_rows(target, cursor, converted)
            return converted
        except (DataError, IntegrityError) as error:
            rows = list(itertools.islice(target.source.rows(target.file.rows_done), chunk_rows))
            if LOST_RACE not in str(error) or not retries:
                break
        # one of these numbers was entered at a case since we looked: look again
        converted = _convert(target, rows)
    return _write_halves(target, cursor, rows)


def _write_rows(target: Target, cursor, converted: Converted) -> None:
    target.taking = set()
    try:
        with transaction.atomic():
            target.write(cursor, converted)
    except DatabaseError:
        target.taken -= target.taking  # nothing was written: these rows are still to be taken
        raise


def _convert(target: Target, rows: list) -> Converted:
    chunk = target.identify(rows)
    return target.convert(chunk, target.answer(target.question(chunk)))


def _write_halves(target: Target, cursor, rows: list) -> Converted:
    """Write rows of which some are refused: in ever smaller parts, until the guilty ones stand alone."""
    if not rows[1:]:
        return _write_part(target, cursor, rows)
    middle = len(rows) // 2
    converted = _write_part(target, cursor, rows[:middle])
    converted.merge(_write_part(target, cursor, rows[middle:]))
    return converted


def _write_part(target: Target, cursor, rows: list) -> Converted:
    converted = _convert(target, rows)
    try:
        _write_rows(target, cursor, converted)
    except (DataError, IntegrityError) as error:
        return _write_halves(target, cursor, rows) if rows[1:] else _refused(target, rows[0], error)
    return converted


def _refused(target: Target, row: tuple | BadRow, error: DatabaseError) -> Converted:
    """A row that the database does not take becomes a reject. The words of the database are not shown: they may
    repeat the whole row."""
    if isinstance(row, BadRow):
        raise error
    line, cells = row
    constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    if constraint:
        message = _(
            "The database refuses this row: it breaks the rule %(rule)s. Correct the row in the source; if it is "
            "right, tell the administrator of the portal."
        ) % {"rule": constraint}
    else:
        message = _(
            "The database cannot store a value of this row. Correct the row in the source; if it is right, tell the "
            "administrator of the portal."
        )
    converted = Converted()
    converted.counts["rows"] = 1
    key = target.source.key_column
    header, value = clean_cell(target.source.header[key]), clean_cell(cell_text(cells[key]))
    converted.reject(line, "database", message, cells, header, value)
    return converted


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


def _write_warnings(cursor, file: ImportFile, converted: Converted) -> None:
    if not converted.warnings:
        return
    cursor.execute(
        'INSERT INTO cases_importwarning (run_id, file_id, rule, "column", value, count, first_line)'
        " SELECT %s, %s, * FROM unnest(%s::text[], %s::text[], %s::text[], %s::int[], %s::int[])"
        ' ON CONFLICT (file_id, rule, "column", value) DO UPDATE SET count = cases_importwarning.count + excluded.count',
        [
            file.run_id,
            file.pk,
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
            for table in target.analyzed:
                cursor.execute(f"ANALYZE {table}")
