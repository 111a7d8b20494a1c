"""The import of complaints, reports and inquiries: how rows are found again, and written chunk by chunk."""

import contextlib
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import IntegrityError, connection
from django.utils.translation import gettext as _

from cases.domain import ImportedCase, NewCases, write_imported
from cases.importers.engine import Converted, Options, Target, Totals
from cases.importers.rows import AMOUNTS, FIELDS, CaseRows, RowRejected, Shared
from cases.models import ImportRun
from core.bulk import next_ids
from core.importing.report import BadRow
from registry.domain.merchants import resolve_merchants

SUMS = ", ".join(f"sum(amount) FILTER (WHERE kind = '{kind}')" for kind in AMOUNTS.values())
SUMMED = ", ".join(f"s{n}" for n in range(len(AMOUNTS)))
STORED = f"""
SELECT c.id, c.kind, coalesce(g.code, ''), c.claimed, {SUMMED}
  FROM cases_case c LEFT JOIN registry_region g ON g.id = c.region_id
  LEFT JOIN LATERAL (SELECT {SUMS} FROM cases_recovery WHERE case_id = c.id AND import_file_id IS NOT NULL
  ) AS r({SUMMED}) ON true"""  # noqa: S608 - our own names
# the postings of each case by their index: a join would fall back on comparing all with all while the statistics
# of the tables do not yet know the file
WRITTEN = f"""
SELECT w.kind, coalesce(g.code, ''), count(*), sum(w.claimed), {", ".join(f"sum(s{n})" for n in range(len(AMOUNTS)))}
  FROM cases_case w LEFT JOIN registry_region g ON g.id = w.region_id
  LEFT JOIN LATERAL (SELECT {SUMS} FROM cases_recovery WHERE case_id = w.id AND import_file_id IS NOT NULL
  ) AS r({SUMMED}) ON true
 WHERE w.import_file_id = ANY(%s) GROUP BY 1, 2"""  # noqa: S608 - our own names


KNOWN = """
SELECT external_number, id, source_digest FROM cases_case WHERE source = %(source)s AND external_number = ANY(%(numbers)s)
UNION ALL
SELECT r.number, c.id, c.source_digest FROM cases_casereference r JOIN cases_case c ON c.id = r.case_id
 WHERE r.source = %(source)s AND r.number = ANY(%(numbers)s)"""


def _count(converted: Converted, case: ImportedCase) -> None:
    for rule, column, value in case.warnings:
        converted.warn(rule, column, value, case.line)
    amounts = {name: case.amounts[kind] for name, kind in AMOUNTS.items() if kind in case.amounts}
    if case.claimed is not None:
        amounts["claimed"] = case.claimed
    converted.control.add(kind=case.values[0], region=case.region_code, amounts=amounts)


def _count_unchanged(converted: Converted, kind: str, region: str, stored: dict, said: dict) -> None:
    converted.counts["unchanged"] += 1
    converted.stored.add(kind=kind, region=region, amounts=stored)
    converted.control.add(kind=kind, region=region, amounts=said)


def _stored_amounts(claimed, amounts) -> dict[str, Decimal]:
    named = {"claimed": claimed, **dict(zip(AMOUNTS, amounts, strict=True))}
    return {name: amount for name, amount in named.items() if amount is not None}


@dataclass
class Known:
    """The answer to a worker: cases by number (id, digest of the row last taken), control totals of those that did
    not change, and fresh ids for the others."""

    cases: dict[str, tuple[int, bytes]]
    totals: dict[int, tuple[str, str, dict]]
    case_ids: list[int]
    party_ids: list[int]


@dataclass
class Repeated:
    """A row whose number stands twice in the file; whether it is the first is settled in the order of the file."""

    line: int
    number: str
    cells: list
    case: ImportedCase | None = None  # None: unchanged
    ids: tuple[int, int] | None = None  # for a new case
    totals: tuple | None = None


@dataclass
class ConvertedCases(Converted):
    new: NewCases = field(default_factory=NewCases)
    changed: list[ImportedCase] = field(default_factory=list)
    repeated: list[Repeated] = field(default_factory=list)


class CaseTarget(Target):
    name = "cases"
    fields = FIELDS
    key_field = "external_number"
    tables = ("cases_case", "cases_party", "cases_clock", "cases_recovery", "registry_merchant")

    def __init__(self, *args):
        super().__init__(*args)
        self.rows = CaseRows(self.profile, self.source, self.shared, self.file.pk)
        self.twice = self.source.duplicate_keys
        self.taken: set[str] = set()  # of the numbers that stand twice

    @classmethod
    def load(cls, options: Options) -> Shared:
        return Shared(options)

    def _is_repeated(self, number: str) -> bool:
        return bool(self.twice) and self.source.key_hash(number) in self.twice

    def skip(self, rows) -> None:
        if not self.twice:
            return
        for row in rows:
            if isinstance(row, BadRow):
                continue
            cells, _plain = self.rows.clean(row[1])
            number = cells[self.rows.key]
            if self._is_repeated(number):
                with contextlib.suppress(RowRejected):
                    self.rows.build(row[0], cells, number, b"")
                    self.taken.add(number)

    # in a worker

    def identify(self, rows: list) -> list:
        """Each row becomes (line, clean cells, whether plain for COPY, number, digest, cells as written)."""
        clean, digest, key = self.rows.clean, self.rows.digest, self.rows.key
        chunk = []
        for row in rows:
            if isinstance(row, BadRow):
                chunk.append(row)
                continue
            line, raw = row
            cells, plain = clean(raw)
            chunk.append((line, cells, plain, cells[key], digest(cells), raw))
        return chunk

    def question(self, chunk: list) -> list[tuple[str, bytes]]:
        return [(row[3], row[4]) for row in chunk if not isinstance(row, BadRow)]

    def convert(self, chunk: list, answer: Known) -> ConvertedCases:
        known, source, now = answer.cases, self.profile.source, self.shared.now
        case_ids, party_ids = iter(answer.case_ids), iter(answer.party_ids)
        converted = ConvertedCases()
        converted.counts["rows"] = len(chunk)
        for row in chunk:
            if isinstance(row, BadRow):
                converted.reject(row.line, row.rule, row.reason, row.cells or [row.raw])
                continue
            line, cells, plain, number, digest, raw = row
            found = known.get(number)
            if found is not None and found[1] == digest and not self.recheck:
                kind, region, stored = answer.totals[found[0]]
                totals = (kind, region, stored, self.rows.amounts_of(cells))
                if self._is_repeated(number):
                    converted.repeated.append(Repeated(line, number, raw, totals=totals))
                else:
                    _count_unchanged(converted, *totals)
                continue
            try:
                case = self.rows.build(line, cells, number, digest)
            except RowRejected as bad:
                converted.reject(line, bad.rule, bad.message, raw, bad.column, bad.value)
                continue
            case.plain = plain
            if found is not None:
                case.case_id = found[0]
            ids = (next(case_ids), next(party_ids)) if found is None else None
            if self._is_repeated(number):
                converted.repeated.append(Repeated(line, number, raw, case, ids))
                continue
            _count(converted, case)
            if ids:
                converted.new.add(case, source=source, case_id=ids[0], party_id=ids[1], now=now)
            else:
                converted.changed.append(case)
        return converted

    # in the main process

    def answer(self, question: list[tuple[str, bytes]]) -> Known:
        numbers = [number for number, _digest in question]
        with connection.cursor() as cursor:
            cursor.execute(KNOWN, {"source": self.profile.source, "numbers": numbers})
            cases = {number: (case_id, bytes(digest or b"")) for number, case_id, digest in cursor}
            unseen = sum(number not in cases for number in numbers)
            known = Known(
                cases, {}, next_ids(cursor, "cases_case", unseen), next_ids(cursor, "cases_party", unseen)
            )
            same = [cases[n][0] for n, digest in question if n in cases and cases[n][1] == digest]
            if same and not self.recheck:
                cursor.execute(f"{STORED} WHERE c.id = ANY(%s)", [same])
                for case_id, kind, region, claimed, *amounts in cursor:
                    known.totals[case_id] = (kind, region, _stored_amounts(claimed, amounts))
        return known

    def write(self, cursor, converted: ConvertedCases) -> None:
        taken = set(self.taken)
        try:
            self._write(cursor, converted)
        except IntegrityError:
            self.taken = taken  # nothing of the chunk was written: its first rows are still to be taken
            raise

    def _write(self, cursor, converted: ConvertedCases) -> None:
        self._settle(converted)
        new, changed = converted.new, converted.changed
        wanted = {*new.merchants, *(case.merchant for case in changed)} - {None}
        now = self.shared.now
        merchants = resolve_merchants(cursor, wanted, now=now)
        left = write_imported(
            cursor, new=new, changed=changed, merchants=merchants, source=self.profile.source, now=now
        )
        counts = converted.counts
        counts["created"], counts["updated"] = len(new), len(changed) - left
        counts["unchanged"] += left
        counts["differing"] = left

    def _settle(self, converted: ConvertedCases) -> None:
        """The first good row of a number is taken; the others are reported."""
        for row in converted.repeated:
            if row.number in self.taken:
                message = _(
                    "This number stands in the file before; the first row was taken. Remove one of them."
                )
                column = self.rows.header("external_number")
                converted.duplicate(row.line, message, row.cells, column, row.number)
                continue
            self.taken.add(row.number)
            if row.case is None:
                _count_unchanged(converted, *row.totals)
                continue
            _count(converted, row.case)
            if row.ids:
                case_id, party_id = row.ids
                converted.new.add(
                    row.case,
                    source=self.profile.source,
                    case_id=case_id,
                    party_id=party_id,
                    now=self.shared.now,
                )
            else:
                converted.changed.append(row.case)
        converted.repeated = []

    @staticmethod
    def written_totals(cursor, run: ImportRun) -> Totals:
        totals = Totals()
        cursor.execute(WRITTEN, [list(run.files.values_list("pk", flat=True))])
        for kind, region, rows, claimed, *amounts in cursor:
            totals.add(kind=kind, region=region, rows=rows, amounts=_stored_amounts(claimed, amounts))
        return totals
