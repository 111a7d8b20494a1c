"""The import of complaints, reports and inquiries: how rows are found again, and written chunk by chunk."""

from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice

from django.db import connection
from django.db.models import BinaryField, CharField, JSONField, TextField
from django.utils.translation import gettext as _

from cases.domain import ImportedCase, NewCases, lock_worked, write_imported
from cases.enums import LOSS_KINDS
from cases.importers.engine import CHUNK_ROWS, Converted, Options, Target, Totals
from cases.importers.rows import AMOUNTS, FIELDS, CaseRows, RowRejected, Shared
from cases.models import Case, CaseReference, ClockRule, ImportReject, ImportRun
from core.bulk import next_ids
from core.importing.report import BadRow
from registry.domain.merchants import resolve_merchants
from registry.models import Region

TEXTS = (BinaryField, CharField, JSONField, TextField)
# what lists and figures choose by: statistics of free texts would be most of the work, and no plan looks at them
CHOSEN_BY = ", ".join(f.column for f in Case._meta.concrete_fields if f.choices or not isinstance(f, TEXTS))
LOSSES = ", ".join(f"'{kind.value}'" for kind in LOSS_KINDS)
KINDS = {"recovered": LOSSES, "multiple_damages": "'multiple'", "moral_damages": "'moral'"}  # what each amount sums
SUMS = ", ".join(f"sum(amount) FILTER (WHERE kind IN ({KINDS[name]}))" for name in AMOUNTS)
SUMMED = ", ".join(f"s{n}" for n in range(len(AMOUNTS)))
STORED = f"""
SELECT c.id, c.kind, coalesce(g.code, ''), c.claimed, {SUMMED}
  FROM cases_case c LEFT JOIN registry_region g ON g.id = c.region_id
  LEFT JOIN LATERAL (SELECT {SUMS} FROM cases_recovery WHERE case_id = c.id) AS r({SUMMED}) ON true
 WHERE c.id = ANY(%s)"""  # noqa: S608 - our own names
# the postings of each case by their index: a join would fall back on comparing all with all while the statistics
# of the tables do not yet know the file
WRITTEN = f"""
SELECT w.kind, coalesce(g.code, ''), count(*), sum(w.claimed), {", ".join(f"sum(s{n})" for n in range(len(AMOUNTS)))}
  FROM cases_case w LEFT JOIN registry_region g ON g.id = w.region_id
  LEFT JOIN LATERAL (SELECT {SUMS} FROM cases_recovery WHERE case_id = w.id) AS r({SUMMED}) ON true
 WHERE w.import_file_id = ANY(%s) GROUP BY 1, 2"""  # noqa: S608 - our own names

# case and digest of the row last seen, by number: the source's own, then those that another system's file has given
OWN = """
SELECT external_number, id, source_digest FROM cases_case WHERE source = %s AND external_number = ANY(%s)"""
REFERRED = """
SELECT r.number, c.id, CASE WHEN c.source = r.source THEN c.source_digest ELSE r.source_digest END, c.source <> r.source
  FROM cases_casereference r JOIN cases_case c ON c.id = r.case_id WHERE r.source = %s AND r.number = ANY(%s)"""
# own cases that bear a second number of their source
SECOND = "SELECT DISTINCT case_id FROM cases_casereference WHERE source = %s AND case_id = ANY(%s)"
NAMED = "SELECT external_number, id FROM cases_case WHERE source = %s AND external_number = ANY(%s)"
IN_RUN = "SELECT id FROM cases_case WHERE id = ANY(%s) AND import_file_id = ANY(%s)"


def _said(case: ImportedCase) -> dict[str, Decimal]:
    amounts = {name: case.amounts[kind] for name, kind in AMOUNTS.items() if kind in case.amounts}
    return amounts if case.claimed is None else amounts | {"claimed": case.claimed}


def _count(converted: Converted, case: ImportedCase) -> None:
    for rule, column, value in case.warnings:
        converted.warn(rule, column, value, case.line)
    converted.control.add(kind=case.values[0], region=case.region_code, amounts=_said(case))


def _amounts_of_both(stored: dict, said: dict) -> dict:
    """The stored amounts that a row states; where its cell is empty there is nothing to compare."""
    return {name: stored.get(name, Decimal(0)) for name in said}


def _count_unchanged(converted: Converted, kind: str, region: str, stored: dict, said: dict) -> None:
    """A row whose case stays as it is; of kind and region only the case is asked."""
    converted.stored.add(kind=kind, region=region, amounts=_amounts_of_both(stored, said))
    converted.control.add(kind=kind, region=region, amounts=said)


def _stored_amounts(claimed, amounts) -> dict[str, Decimal]:
    named = {"claimed": claimed, **dict(zip(AMOUNTS, amounts, strict=True))}
    return {name: amount for name, amount in named.items() if amount is not None}


def _stored(cursor, case_ids: list[int]) -> dict[int, tuple[str, str, dict]]:
    """Kind, region and amounts of cases, as they are compared in the control totals."""
    if not case_ids:
        return {}
    cursor.execute(STORED, [case_ids])
    return {
        case_id: (kind, region, _stored_amounts(claimed, amounts))
        for case_id, kind, region, claimed, *amounts in cursor
    }


@dataclass
class Asked:
    """A worker's question: number and digest of each row, and the further numbers of those that have any."""

    rows: list[tuple[str, bytes]]
    named: dict[str, tuple[str, ...]]


@dataclass
class Known:
    """The answer to a worker: cases by number, control totals of those that did not change, and fresh ids for the
    others. A case is (id, digest of the row last taken, whether it is another source's, whether another row of the
    file may stand for it too)."""

    cases: dict[str, tuple[int, bytes, bool, bool]]
    totals: dict[int, tuple[str, str, dict]]
    case_ids: list[int]
    party_ids: list[int]


@dataclass
class Repeated:
    """A row whose number or case may come twice in the file; whether it is the first is settled in the order of the
    file."""

    line: int
    number: str
    cells: list
    case: ImportedCase | None = None  # None: unchanged
    case_id: int | None = None  # of a known case
    ids: tuple[int, int] | None = None  # for a new case
    totals: tuple | None = None


@dataclass
class ConvertedCases(Converted):
    new: NewCases = field(default_factory=NewCases)
    changed: list[ImportedCase] = field(default_factory=list)  # all rows of known cases that are not as last time
    repeated: list[Repeated] = field(default_factory=list)


class CaseTarget(Target):
    name = "cases"
    fields = FIELDS
    key_field = "external_number"
    analyzed = (
        f"cases_case ({CHOSEN_BY})", "cases_party", "cases_clock", "cases_recovery", "registry_merchant"
    )  # fmt: skip
    needed = (Region, ClockRule)

    def __init__(self, *args):
        super().__init__(*args)
        self.rows = CaseRows(self.profile, self.source, self.shared, self.file.pk)
        self.twice = self.source.duplicate_keys
        self.further = self.source.columns.get("references")

    @classmethod
    def load(cls, options: Options) -> Shared:
        return Shared(options)

    def _is_repeated(self, number: str) -> bool:
        return bool(self.twice) and self.source.key_hash(number) in self.twice

    def skip(self, rows) -> None:
        linked = self.further is not None or CaseReference.objects.filter(source=self.profile.source).exists()
        if not self.twice and not linked:
            return
        refused = set(ImportReject.objects.filter(file=self.file).values_list("line", flat=True))
        while chunk := list(islice(rows, CHUNK_ROWS)):
            taken = [row for row in chunk if not isinstance(row, BadRow) and row[0] not in refused]
            asked = self.question(self.identify(taken))
            self.take(*(number for number, _digest in asked.rows if self._is_repeated(number)))
            if linked:
                with connection.cursor() as cursor:
                    self.take(*(found[0] for found in self._known(cursor, asked).values() if found[3]))

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

    def question(self, chunk: list) -> Asked:
        rows = [row for row in chunk if not isinstance(row, BadRow)]
        named = {}
        if self.further is not None:
            further = self.rows.further
            named = {row[3]: further(text, row[3]) for row in rows if (text := row[1][self.further])}
        return Asked([(row[3], row[4]) for row in rows], named)

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
                if found[3] or self._is_repeated(number):
                    converted.repeated.append(Repeated(line, number, raw, case_id=found[0], totals=totals))
                else:
                    converted.counts["unchanged"] += 1
                    _count_unchanged(converted, *totals)
                continue
            try:
                case = self.rows.build(line, cells, number, digest, known=found is not None)
            except RowRejected as bad:
                converted.reject(line, bad.rule, bad.message, raw, bad.column, bad.value)
                continue
            case.plain = plain
            if found is not None:
                case.case_id, case.foreign = found[0], found[2]
            ids = (next(case_ids), next(party_ids)) if found is None else None
            if (found is not None and found[3]) or self._is_repeated(number):
                converted.repeated.append(Repeated(line, number, raw, case, case.case_id, ids))
                continue
            if ids:
                _count(converted, case)
                converted.new.add(case, source=source, case_id=ids[0], party_id=ids[1], now=now)
            else:
                converted.changed.append(case)
        return converted

    # in the main process

    def answer(self, question: Asked) -> Known:
        with connection.cursor() as cursor:
            cases = self._known(cursor, question)
            unseen = sum(number not in cases for number, _digest in question.rows)
            same = [cases[n][0] for n, digest in question.rows if n in cases and cases[n][1] == digest]
            return Known(
                cases,
                {} if self.recheck else _stored(cursor, same),
                next_ids(cursor, "cases_case", unseen),
                next_ids(cursor, "cases_party", unseen),
            )

    def _known(self, cursor, asked: Asked) -> dict[str, tuple[int, bytes, bool, bool]]:
        """The case of each number: its own, else the one that another system's file has given it to, else the one
        whose own number is among the row's further numbers."""
        source, reference_source = self.profile.source, self.profile.reference_source
        numbers = [number for number, _digest in asked.rows]
        cursor.execute(OWN, [source, numbers])
        own = {number: (case_id, bytes(digest or b"")) for number, case_id, digest in cursor}
        second: set[int] = set()
        if own:
            cursor.execute(SECOND, [source, [case_id for case_id, _digest in own.values()]])
            second = {case_id for (case_id,) in cursor}
        cursor.execute(REFERRED, [source, numbers])
        cases = {number: (case_id, bytes(digest or b""), foreign, True) for number, case_id, digest, foreign in cursor}
        cases |= {number: (*found, False, found[0] in second) for number, found in own.items()}
        named = {number: further for number, further in asked.named.items() if number not in cases}
        if named and reference_source:
            cursor.execute(NAMED, [reference_source, [number for further in named.values() for number in further]])
            theirs = dict(cursor.fetchall())
            for number, further in named.items():
                if case_id := next((theirs[other] for other in further if other in theirs), None):
                    cases[number] = (case_id, b"", True, True)
        return cases

    def write(self, cursor, converted: ConvertedCases) -> None:
        self._settle(converted)
        worked = lock_worked(cursor, [case.case_id for case in converted.changed])
        left = [case for case in converted.changed if case.foreign or case.case_id in worked]
        follow = [case for case in converted.changed if not case.foreign and case.case_id not in worked]
        self._count_known(cursor, converted, follow, left)
        new, now = converted.new, self.shared.now
        wanted = {*new.merchants, *(case.merchant for case in follow)} - {None}
        written = write_imported(
            cursor,
            new=new,
            follow=follow,
            left=left,
            merchants=resolve_merchants(cursor, wanted, now=now),
            source=self.profile.source,
            reference_source=self.profile.reference_source,
            now=now,
        )
        for number, line in written.strange:
            converted.warn("reference", self.rows.header("references"), number, line)
        for name, kind in AMOUNTS.items():
            # read back with the case in the end, though nothing in the file stands against it
            converted.stored.amounts[name] -= written.unstated[kind]
        counts = converted.counts
        counts["created"], counts["updated"] = len(new), len(follow)
        counts["unchanged"] += len(left)
        counts["differing"] = written.differing

    def _count_known(self, cursor, converted: ConvertedCases, follow: list, left: list) -> None:
        """Control totals of rows whose case is not read back at the end: left as it is, or, where an earlier file of
        the run has brought it, read back before this row overwrites it."""
        again: list[int] = []
        if self.file.position and follow:
            files = list(self.run.files.values_list("pk", flat=True))
            cursor.execute(IN_RUN, [[case.case_id for case in follow], files])
            again = [case_id for (case_id,) in cursor]
        stored = _stored(cursor, [*again, *(case.case_id for case in left)])
        for case_id in again:
            kind, region, amounts = stored[case_id]
            converted.stored.add(kind=kind, region=region, amounts=amounts)
        for case in left:
            kind, region, amounts = stored[case.case_id]
            if case.foreign:  # of another system's kind and region
                _count_unchanged(converted, kind, region, amounts, _said(case))
            else:
                converted.control.add(kind=case.values[0], region=case.region_code, amounts=_said(case))
                converted.stored.add(kind=kind, region=region, amounts=_amounts_of_both(amounts, _said(case)))
        for case in follow:
            _count(converted, case)

    def _settle(self, converted: ConvertedCases) -> None:
        """The first good row of a number, and of a case, is taken; the others are reported."""
        for row in converted.repeated:
            if row.number in self.taken or row.case_id in self.taken:
                if row.number in self.taken:
                    message = _(
                        "This number stands in the file before; the first row was taken. Remove one of them."
                    )
                else:
                    message = _(
                        "A row before this one stands for the same case, of which this is a further number; the "
                        "first row was taken."
                    )
                column = self.rows.header("external_number")
                converted.duplicate(row.line, message, row.cells, column, row.number)
                continue
            if self._is_repeated(row.number):
                self.take(row.number)
            if row.case_id:
                self.take(row.case_id)
            if row.case is None:
                converted.counts["unchanged"] += 1
                _count_unchanged(converted, *row.totals)
            elif row.ids:
                case_id, party_id = row.ids
                _count(converted, row.case)
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
