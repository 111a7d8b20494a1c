"""Rows of complaints, reports and inquiries: how they are found again, checked, resolved and written."""

import contextlib
import datetime as dt
import re
import unicodedata
from decimal import Decimal

from cases.clocks import RuleBook
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.domain import ImportedCase, write_imported
from cases.domain.imported import prepare_new
from cases.enums import Body, Kind, Outcome, PartyRole, RecoveryKind, RejectKind, SalesMode, State
from cases.importers.engine import Chunk, Options, Problem, Target, Totals
from cases.models import ImportRun
from core.bulk import next_ids
from core.importing.report import BadRow
from core.importing.values import (
    BadValue,
    cell_text,
    number_text,
    parse_amount,
    parse_credit_code,
    parse_date,
    parse_datetime,
    parse_id_number,
    parse_phone,
)
from core.personal_data import keyed_digest, mask
from core.text import clean_cell, name_key
from registry.domain import Directory, load_calendar
from registry.domain.merchants import resolve_merchants
from registry.enums import AgencyKind

FIELDS = frozenset(
    {
        "external_number",
        "references",
        "kind",
        "channel",
        "received_at",
        "decided_at",
        "accepted_at",
        "closed_at",
        "merchant",
        "merchant_code",
        "merchant_address",
        "region",
        "agency",
        "department",
        "category",
        "problem",
        "goods",
        "brand",
        "order_number",
        "sales_mode",
        "occurred_on",
        "platform",
        "narrative",
        "demand",
        "claimed",
        "recovered",
        "multiple_damages",
        "moral_damages",
        "acceptance",
        "handling",
        "outcome",
        "ground",
        "name",
        "phone",
        "address",
        "id_type",
        "id_number",
    }
)
AMOUNTS = {
    "recovered": RecoveryKind.UNSPECIFIED.value,
    "multiple_damages": RecoveryKind.MULTIPLE.value,
    "moral_damages": RecoveryKind.MORAL.value,
}
# lengths of the columns; a longer text is a reject, never cut in silence
LIMITS = {
    "external_number": 80,
    "channel": 120,
    "region": 120,
    "agency": 160,
    "department": 160,
    "merchant": 200,
    "merchant_address": 300,
    "platform": 120,
    "category": 200,
    "problem": 200,
    "goods": 200,
    "brand": 120,
    "order_number": 80,
    "ground": 60,
}
DATES = ("received_at", "decided_at", "accepted_at", "closed_at", "occurred_on")
ACCEPTANCE = frozenset({"pending", "accepted", "refused", "filed", "not_filed"})
HANDLING = frozenset({"open", "closed"})
CODES = {
    "kind": frozenset(Kind.values),
    "acceptance": ACCEPTANCE,
    "handling": HANDLING,
    "outcome": frozenset(Outcome.values),
    "sales_mode": frozenset(SalesMode.values),
}
ROLES = {
    Kind.COMPLAINT.value: PartyRole.CONSUMER.value,
    Kind.REPORT.value: PartyRole.REPORTER.value,
    Kind.INQUIRY.value: PartyRole.INQUIRER.value,
}
BODIES = {
    AgencyKind.BUREAU.value: Body.BUREAU.value,
    AgencyKind.STATION.value: Body.BUREAU.value,
    AgencyKind.COUNCIL.value: Body.COUNCIL.value,
    AgencyKind.COMMITTEE.value: Body.COMMITTEE.value,
    AgencyKind.COURT.value: Body.COURT.value,
    AgencyKind.PLATFORM.value: Body.PLATFORM.value,
}
SEPARATOR = "\x1f"
# a row that matches is cleaned cell by cell; most rows are clean, and the check is one pass
DIRTY = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1e\x7f-\x9f\u200b-\u200f\u2028\u2029\u202a-\u202e\u2060\ufeff\r]"
    "|(?:^|\x1f)[\\s\u3000'＇`]|[\\s\u3000](?:\x1f|$)"
)


SUMS = ", ".join(f"sum(amount) FILTER (WHERE kind = '{kind}')" for kind in AMOUNTS.values())
SUMMED = ", ".join(f"s{n}" for n in range(len(AMOUNTS)))
STORED = f"""
SELECT c.id, c.kind, coalesce(g.code, ''), c.claimed, {SUMMED}
  FROM cases_case c LEFT JOIN registry_region g ON g.id = c.region_id
  LEFT JOIN LATERAL (SELECT {SUMS} FROM cases_recovery WHERE case_id = c.id AND import_file_id IS NOT NULL
  ) AS r({SUMMED}) ON true"""  # noqa: S608 - our own names
WRITTEN = f"""
WITH written AS MATERIALIZED (SELECT id, kind, region_id, claimed FROM cases_case WHERE import_file_id = ANY(%s)),
     sums AS (SELECT case_id, {SUMS} FROM cases_recovery
               WHERE import_file_id IS NOT NULL AND case_id IN (SELECT id FROM written) GROUP BY case_id),
     posted(case_id, {SUMMED}) AS (SELECT * FROM sums)
SELECT w.kind, coalesce(g.code, ''), count(*), sum(w.claimed), {", ".join(f"sum(s{n})" for n in range(len(AMOUNTS)))}
  FROM written w LEFT JOIN posted p ON p.case_id = w.id LEFT JOIN registry_region g ON g.id = w.region_id
 GROUP BY 1, 2"""  # noqa: S608 - our own names


class RowRejected(Exception):
    """One value of the row cannot be taken."""

    def __init__(self, column: str, value, rule: str, message: str):
        super().__init__(message)
        self.column, self.value, self.rule, self.message = column, str(value), rule, message


def _day(at):
    return timezone.localtime(at).date() if at else None


def _stored_amounts(claimed, amounts) -> dict[str, Decimal]:
    named = {"claimed": claimed, **dict(zip(AMOUNTS, amounts, strict=True))}
    return {name: amount for name, amount in named.items() if amount is not None}


def _state(kind: str, acceptance: str, handling: str, outcome: str, dates: dict) -> str:
    """The state that the source's two statuses amount to; where it has none, its outcome and dates speak."""
    if acceptance == "refused":
        return State.REFUSED.value
    if acceptance == "not_filed" and kind == Kind.REPORT:
        return State.NOT_FILED.value
    if handling == "closed" or (not handling and (dates["closed_at"] or outcome)):
        return State.CLOSED.value
    if acceptance == "filed" and kind == Kind.REPORT:
        return State.FILED.value
    if acceptance in ("accepted", "filed") or (not acceptance and dates["accepted_at"]):
        return State.ACCEPTED.value
    return State.REGISTERED.value


def _complete(kind: str, state: str, dates: dict) -> None:
    """Fill the stamps that follow from others: the decision accepts, refuses or files; acceptance is a decision."""
    if kind == Kind.COMPLAINT and state in (State.ACCEPTED, State.CLOSED):
        dates["accepted_at"] = dates["accepted_at"] or dates["decided_at"]
        dates["decided_at"] = dates["decided_at"] or dates["accepted_at"]
    if state in (State.REFUSED, State.NOT_FILED):
        dates["closed_at"] = dates["closed_at"] or dates["decided_at"]
        dates["decided_at"] = dates["decided_at"] or dates["closed_at"]
    elif state != State.CLOSED:
        dates["closed_at"] = None


class Shared:
    """Reference data of a run, in memory."""

    def __init__(self, options: Options):
        self.directory = Directory.load()
        self.rules = RuleBook.load(load_calendar())
        self.agency = options.agency
        self.now = timezone.now()
        self.zone = timezone.get_default_timezone()


class CaseTarget(Target):
    name = "cases"
    fields = FIELDS
    key_field = "external_number"
    tables = ("cases_case", "cases_party", "cases_clock", "cases_recovery", "registry_merchant")

    def __init__(self, *args):
        super().__init__(*args)
        self.at = self.source.columns
        self.formats = self.profile.date_formats
        self.date_columns = {self.at[name] for name in DATES if name in self.at}
        self.keep = list(self.source.kept.items())
        self.used = sorted({*self.at.values(), *(index for _, index in self.keep)})
        self.constants = self.profile.constants
        self.maps = self.profile.values
        self.salt = f"{self.profile.digest}{SEPARATOR}".encode()
        self.once: set[str] = set()

    @classmethod
    def load(cls, options: Options) -> Shared:
        return Shared(options)

    # reading

    def clean(self, cells: list) -> list[str]:
        """The cells as clean text; numbers and dates of spreadsheets become exact text."""
        if self.source.kind != "csv":
            cells = [self._sheet_text(index, cell) for index, cell in enumerate(cells)]
        joined = SEPARATOR.join(cells)
        if DIRTY.search(joined) or not unicodedata.is_normalized("NFC", joined):
            return [clean_cell(cell) for cell in cells]
        return cells

    def _sheet_text(self, index: int, cell) -> str:
        """The text of a spreadsheet's cell; a serial number in a column of dates is the date it stands for."""
        if index in self.date_columns and not isinstance(cell, str) and cell is not None:
            with contextlib.suppress(BadValue):
                at, date_only = parse_datetime(cell, (), self.shared.zone, now=self.shared.now)
                midnight = at.time() == dt.time.min
                return at.date().isoformat() if date_only or midnight else at.isoformat()
        return cell_text(cell)

    def skip(self, rows) -> None:
        if not self.source.duplicate_keys:
            for _row in rows:
                pass
            return
        chunk = Chunk([], 0)
        for row in rows:
            if isinstance(row, BadRow):
                continue
            cells = self.clean(row[1])
            number = self._number(cells)
            if self.source.key_hash(number) in self.source.duplicate_keys:
                try:
                    self._build(row[0], cells, number, b"", chunk)
                except RowRejected:
                    continue
                self.once.add(number)

    def look_up(self, cursor, chunk: Chunk) -> None:
        rows, numbers = [], []
        for row in chunk.rows:
            if isinstance(row, BadRow):
                rows.append(row)
                continue
            cells = self.clean(row[1])
            number = self._number(cells)
            digest = keyed_digest(self.salt + SEPARATOR.join([cells[i] for i in self.used]).encode())
            rows.append((row[0], cells, number, digest, row[1]))
            numbers.append(number)
        chunk.rows = rows
        cursor.execute(
            "SELECT external_number, id, source_digest, NULL FROM cases_case"
            " WHERE source = %s AND external_number = ANY(%s)"
            " UNION ALL SELECT r.number, c.id, c.source_digest, c.external_number"
            " FROM cases_casereference r JOIN cases_case c ON c.id = r.case_id"
            " WHERE r.source = %s AND r.number = ANY(%s)",
            [self.profile.source, numbers, self.profile.source, numbers],
        )
        chunk.known = {number: (case_id, bytes(digest or b"")) for number, case_id, digest, _other in cursor}
        unseen = sum(1 for number in numbers if number not in chunk.known)
        chunk.case_ids = next_ids(cursor, "cases_case", unseen)
        chunk.party_ids = next_ids(cursor, "cases_party", unseen)
        self._read_stored(cursor, chunk)

    def _read_stored(self, cursor, chunk: Chunk) -> None:
        """What the database holds of the rows that did not change, for the control totals."""
        same = [
            chunk.known[row[2]][0]
            for row in chunk.rows
            if not isinstance(row, BadRow)
            and not self.recheck
            and row[2] in chunk.known
            and chunk.known[row[2]][1] == row[3]
        ]
        chunk.same = {}
        if same:
            cursor.execute(STORED + " WHERE c.id = ANY(%s)", [same])
            for case_id, kind, region, claimed, *amounts in cursor:
                chunk.same[case_id] = (kind, region, _stored_amounts(claimed, amounts))

    def _number(self, cells: list[str]) -> str:
        index = self.at.get("external_number")
        return cells[index] if index is not None and index < len(cells) else ""

    # checking and converting

    def convert(self, chunk: Chunk) -> Chunk:
        self.once -= chunk.first  # where the chunk is converted again after a lost race
        case_ids, party_ids = iter(chunk.case_ids), iter(chunk.party_ids)
        counts, twice = chunk.counts, self.source.duplicate_keys
        for row in chunk.rows:
            counts["rows"] += 1
            if isinstance(row, BadRow):
                self._reject(chunk, row.line, row.rule, row.reason, cells=row.cells or [row.raw])
                continue
            line, cells, number, digest, raw = row
            repeated = bool(twice) and self.source.key_hash(number) in twice
            if repeated and number in self.once:
                counts["duplicates"] += 1
                chunk.problems.append(
                    Problem(
                        line,
                        RejectKind.DUPLICATE.value,
                        "duplicate",
                        _(
                            "This number stands in the file before; the first row was taken. Remove one of them."
                        ),
                        self._header("external_number"),
                        number,
                        raw,
                    )
                )
                continue
            known = chunk.known.get(number)
            if known and known[1] == digest and not self.recheck:
                self._note(chunk, number, repeated)
                counts["unchanged"] += 1
                kind, region, amounts = chunk.same[known[0]]
                chunk.stored.add(kind=kind, region=region, amounts=amounts)
                chunk.control.add(kind=kind, region=region, amounts=self._file_amounts(cells))
                continue
            try:
                case = self._build(line, cells, number, digest, chunk)
            except RowRejected as bad:
                self._reject(chunk, line, bad.rule, bad.message, bad.column, bad.value, raw)
                continue
            self._note(chunk, number, repeated)
            self._count(chunk, case)
            if known:
                case.case_id = known[0]
                chunk.changed.append(case)
            else:
                prepare_new(
                    case,
                    source=self.profile.source,
                    case_id=next(case_ids),
                    party_id=next(party_ids) if case.role else None,
                )
                chunk.new.append(case)
        return chunk

    def _note(self, chunk: Chunk, number: str, repeated: bool) -> None:
        if repeated:
            self.once.add(number)
            chunk.first.add(number)

    def _reject(self, chunk, line, rule, message, column="", value="", cells=None) -> None:
        chunk.counts["rejected"] += 1
        chunk.problems.append(Problem(line, RejectKind.REJECTED.value, rule, message, column, value, cells))

    def _file_amounts(self, cells: list[str]) -> dict[str, Decimal]:
        """Amounts of a row that was taken before, so they are known to be good."""
        found = {}
        for name in ("claimed", *AMOUNTS):
            amount = parse_amount(self._text(cells, name))
            if amount is not None:
                found[name] = amount
        return found

    def _count(self, chunk: Chunk, case: ImportedCase) -> None:
        amounts = {name: case.amounts[kind] for name, kind in AMOUNTS.items() if kind in case.amounts}
        if case.claimed is not None:
            amounts["claimed"] = case.claimed
        chunk.control.add(kind=case.values[0], region=case.region_code, amounts=amounts)

    def _header(self, name: str) -> str:
        index = self.at.get(name)
        return self.source.header[index] if index is not None else name

    def _text(self, cells: list[str], name: str) -> str:
        index = self.at.get(name)
        text = cells[index] if index is not None else ""
        return text or self.constants.get(name, "")

    def _limited(self, cells: list[str], name: str) -> str:
        text = self._text(cells, name)
        if len(text) > LIMITS[name]:
            raise RowRejected(
                self._header(name),
                text[:60] + "…",
                "length",
                _("The text has %(n)d characters; at most %(limit)d fit. Shorten it.")
                % {"n": len(text), "limit": LIMITS[name]},
            )
        return text

    def _coded(self, cells: list[str], name: str) -> str:
        """A value of a closed vocabulary, by the profile's map or as a code."""
        text = self._text(cells, name)
        mapped = self.maps.get(name)
        if mapped:
            code = mapped.get(text)
            if code is None and text:
                code = mapped.get("*")
            if code is None and text in CODES[name]:
                code = text
        else:
            code = text
        if not code and not text:
            return ""
        if code is None or code not in CODES[name] and code != "":
            raise RowRejected(
                self._header(name),
                text,
                "vocabulary",
                _("Not a known value. Add it to [values.%(field)s] of the profile, as one of: %(codes)s.")
                % {"field": name, "codes": ", ".join(sorted(CODES[name]))},
            )
        return code

    def _value(self, cells: list[str], name: str, parse, *args, **options):
        text = self._text(cells, name)
        if not text:
            return None
        try:
            return parse(text, *args, **options)
        except BadValue as bad:
            raise RowRejected(self._header(name), text, bad.rule, str(bad)) from None

    def _build(self, line: int, cells: list[str], number: str, digest: bytes, chunk: Chunk) -> ImportedCase:
        """Check and resolve one row. Raises RowRejected; unresolved names are warnings and stay as written."""
        shared, directory = self.shared, self.shared.directory
        self._limited(cells, "external_number")
        if not number:
            raise RowRejected(
                self._header("external_number"),
                "",
                "required",
                _("The row has no number, so it could not be found again."),
            )
        self._value(cells, "external_number", number_text)
        kind = self._coded(cells, "kind")
        if not kind:
            raise RowRejected(self._header("kind"), "", "required", _("The row does not say what it is."))
        dates = self._dates(cells)
        received_at = dates["received_at"]
        day = received_at.date()

        agency_written, region_written = self._limited(cells, "agency"), self._limited(cells, "region")
        handling = directory.agency(agency_written, day) if agency_written else None
        region = directory.region(region_written, day) if region_written else None
        if agency_written and not handling:
            chunk.warn("agency", self._header("agency"), agency_written, line)
        if region_written and not region:
            chunk.warn("region", self._header("region"), region_written, line)
        if not region_written and handling:
            region = directory.region_of(handling, day)
        custodian = handling or shared.agency
        body = BODIES[str(custodian.kind)]
        ancestors = custodian.ancestor_ids

        resolved = {}
        for name in ("channel", "category", "problem", "platform"):
            written = self._limited(cells, name)
            found = None
            if written:
                resolve = getattr(directory, name)
                found = resolve(written, day) if name in ("channel",) else resolve(written)
                if not found:
                    chunk.warn(name, self._header(name), written, line)
            resolved[name] = (found.pk if found else None, written)

        acceptance, handled, outcome = (
            self._coded(cells, "acceptance"),
            self._coded(cells, "handling"),
            self._coded(cells, "outcome"),
        )
        state = _state(kind, acceptance, handled, outcome, dates)
        if kind == Kind.INQUIRY and state == State.CLOSED and not outcome:
            outcome = Outcome.ANSWERED.value
        _complete(kind, state, dates)
        clocks, regime = self._clocks(kind, body, state, day, dates)

        amounts, claimed = {}, self._value(cells, "claimed", parse_amount)
        for name, posting in AMOUNTS.items():
            if name in self.at:
                amount = self._value(cells, name, parse_amount)
                if amount is not None:
                    amounts[posting] = amount
        sales_mode = self._coded(cells, "sales_mode")
        merchant_written = self._limited(cells, "merchant")
        code = self._credit_code(cells, chunk, line)
        posted_on = _day(dates["closed_at"] or dates["accepted_at"] or received_at)
        values = (
            kind,
            body,
            *resolved["channel"],
            received_at,
            dates["decided_at"],
            dates["accepted_at"],
            dates["closed_at"],
            region.pk if region else None,
            region_written,
            handling.pk if handling else None,
            agency_written,
            self._limited(cells, "department"),
            custodian.pk,
            ancestors[0],
            ancestors[1] if len(ancestors) > 1 else None,
            merchant_written,
            self._limited(cells, "merchant_address"),
            *resolved["platform"],
            *resolved["category"],
            *resolved["problem"],
            self._limited(cells, "goods"),
            self._limited(cells, "brand"),
            self._limited(cells, "order_number"),
            sales_mode,
            self._value(
                cells, "occurred_on", parse_date, self.formats, self.shared.zone, now=self.shared.now
            ),
            self._text(cells, "narrative"),
            self._text(cells, "demand"),
            claimed,
            state,
            outcome,
            self._limited(cells, "ground"),
            regime,
            self.file.pk,
            line,
            digest,
            self._extra(cells),
        )
        merchant = None
        key = name_key(merchant_written) if merchant_written else ""
        if key or code:
            merchant = (code, key, region.pk if region else None, merchant_written or code)
        return ImportedCase(
            line=line,
            external_number=number,
            year=day.year,
            values=values,
            role=ROLES[kind],
            personal=self._personal(cells, chunk, line),
            clocks=clocks,
            amounts=amounts,
            posted_on=posted_on,
            file_id=self.file.pk,
            merchant=merchant,
            references=self._references(cells, number),
            region_code=region.code if region else "",
            claimed=claimed,
        )

    def _extra(self, cells: list[str]) -> dict[str, str]:
        return {header: cells[index] for header, index in self.keep if cells[index]}

    def _references(self, cells: list[str], number: str) -> tuple[str, ...]:
        text = self._text(cells, "references")
        if not text:
            return ()
        return tuple(part for part in re.split(r"[;；、,\s]+", text) if part and part != number)

    def _dates(self, cells: list[str]) -> dict:
        """The stamps of the row, in order; a stamp without a time of day never lies before the receipt."""
        dates: dict = {}
        for name in DATES[:4]:
            found = self._value(
                cells, name, parse_datetime, self.formats, self.shared.zone, now=self.shared.now
            )
            at, date_only = found or (None, False)
            if name == "received_at":
                if at is None:
                    raise RowRejected(
                        self._header(name), "", "required", _("The row has no date of receipt.")
                    )
            elif at is not None and at < dates["received_at"]:
                if not date_only or at.date() < dates["received_at"].date():
                    raise RowRejected(
                        self._header(name),
                        self._text(cells, name),
                        "date_order",
                        _("This is before the receipt (%(date)s). Correct one of the two.")
                        % {"date": dates["received_at"].date()},
                    )
                at = dates["received_at"]
            dates[name] = at
        return dates

    def _clocks(self, kind: str, body: str, state: str, day, dates: dict) -> tuple[list[tuple], str]:
        """The statutory clocks of a row and its regime, by the version of the rules in force on receipt."""
        rules = self.shared.rules
        decided, accepted, closed = (_day(dates[name]) for name in ("decided_at", "accepted_at", "closed_at"))
        undecided = state == State.REGISTERED
        wanted = []
        if kind == Kind.COMPLAINT and body == Body.COUNCIL:
            wanted.append(("council.accept", day, decided, undecided))
        elif kind == Kind.COMPLAINT and body == Body.BUREAU:
            wanted.append(("complaint.accept", day, decided, undecided))
            if accepted and state != State.REFUSED:
                wanted.append(("complaint.mediate", accepted, closed, state == State.ACCEPTED))
        elif kind == Kind.REPORT and body == Body.BUREAU:
            wanted.append(("report.verify", day, decided, state in (State.REGISTERED, State.ACCEPTED)))
        clocks, regime = [], ""
        for code, start, stop, running in wanted:
            rule = rules.rule(code, day)
            if rule is None:
                continue
            regime = regime or rule.regime
            if stop is None and not running:
                continue  # it ended, and the source does not say when: this clock cannot be told
            safe_on, due_on, provisional = rules.term(rule, start)
            clocks.append((rule.pk, start, safe_on, due_on, None if running else stop, provisional))
        return clocks, regime

    def _credit_code(self, cells: list[str], chunk: Chunk, line: int) -> str | None:
        text = self._text(cells, "merchant_code")
        if not text:
            return None
        code, warning = parse_credit_code(text)
        if warning:
            chunk.warn("credit_code", self._header("merchant_code"), text, line)
        return code

    def _personal(self, cells: list[str], chunk: Chunk, line: int) -> dict[str, str]:
        personal = {}
        for name in ("name", "address", "id_type"):
            if text := self._text(cells, name):
                personal[name] = text
        if text := self._text(cells, "phone"):
            phone, _masked, good = parse_phone(text)
            personal["phone"] = phone
            if not good:
                chunk.warn("phone", self._header("phone"), mask("phone", phone), line)
        if text := self._text(cells, "id_number"):
            number, _masked, good = parse_id_number(text)
            personal["id_number"] = number
            if not good:
                chunk.warn("id_number", self._header("id_number"), mask("id_number", number), line)
        return personal

    # writing

    def write(self, cursor, chunk: Chunk) -> None:
        cases = [*chunk.new, *chunk.changed]
        merchants = resolve_merchants(
            cursor, {case.merchant for case in cases if case.merchant}, now=self.shared.now
        )
        for case in cases:
            case.merchant_id = merchants[case.merchant] if case.merchant else None
        left = write_imported(
            cursor, source=self.profile.source, new=chunk.new, changed=chunk.changed, now=self.shared.now
        )
        chunk.counts["created"] += len(chunk.new)
        chunk.counts["updated"] += len(chunk.changed) - left
        chunk.counts["unchanged"] += left
        chunk.counts["differing"] += left

    @staticmethod
    def written_totals(cursor, run: ImportRun) -> Totals:
        totals = Totals()
        cursor.execute(WRITTEN, [list(run.files.values_list("pk", flat=True))])
        for kind, region, rows, claimed, *amounts in cursor:
            totals.add(kind=kind, region=region, rows=rows, amounts=_stored_amounts(claimed, amounts))
        return totals
