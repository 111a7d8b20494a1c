"""One row of complaints, reports or inquiries: cleaned, checked and resolved, without the database.

Everything here runs once per row of files of a million rows, so what can be remembered per file or per value is.
"""

import contextlib
import datetime as dt
import re
import unicodedata
from operator import itemgetter

from django.utils import timezone
from django.utils.translation import gettext as _

from cases.clocks import RuleBook
from cases.domain import ImportedCase
from cases.domain.parties import ROLES
from cases.enums import FINAL_STATES, Body, Kind, Outcome, RecoveryKind, SalesMode, State
from cases.importers.engine import Options
from core.importing.profile import Profile
from core.importing.readers import Source
from core.importing.values import (
    EARLIEST,
    PLACEHOLDERS,
    BadValue,
    cell_text,
    is_empty,
    masked_address,
    masked_name,
    number_text,
    parse_amount,
    parse_credit_code,
    parse_date,
    parse_datetime,
    parse_id_number,
    parse_phone,
    read_stamp,
    reads_stamps,
    shown_number,
)
from core.personal_data import keyed_digest, mask
from core.text import clean_cell, mask_numbers, name_key
from registry.domain import Directory, load_calendar
from registry.enums import AgencyKind

FIELDS = frozenset({
    "external_number", "references", "kind", "channel", "received_at", "decided_at", "accepted_at", "closed_at",
    "merchant", "merchant_code", "merchant_address", "region", "agency", "department", "category", "problem",
    "goods", "brand", "order_number", "sales_mode", "occurred_on", "platform", "narrative", "demand", "claimed",
    "recovered", "multiple_damages", "moral_damages", "acceptance", "handling", "outcome", "ground", "name",
    "phone", "address", "id_type", "id_number",
})  # fmt: skip
AMOUNTS = {
    "recovered": RecoveryKind.UNSPECIFIED.value,
    "multiple_damages": RecoveryKind.MULTIPLE.value,
    "moral_damages": RecoveryKind.MORAL.value,
}
# lengths of the columns; a longer text is a reject, never cut in silence
LIMITS = {
    "external_number": 80, "channel": 120, "region": 120, "agency": 160, "department": 160, "merchant": 200,
    "merchant_address": 300, "platform": 120, "category": 200, "problem": 200, "goods": 200, "brand": 120,
    "order_number": 80, "ground": 60, "merchant_code": 60,
}  # fmt: skip
REFERENCE_LIMIT = 80
HEADER_LIMIT = 120
# numbers that are names: a spreadsheet that takes them for amounts rounds them
NUMBERS = ("external_number", "references", "order_number", "merchant_code", "phone", "id_number")
# where "-", 无 and the like mean that the cell is empty
BLANKABLE = (
    "references", "channel", "merchant", "merchant_code", "merchant_address", "region", "agency", "department",
    "category", "problem", "order_number", "platform", "ground", "name", "phone", "address", "id_type", "id_number",
)  # fmt: skip
STAMPS = ("received_at", "decided_at", "accepted_at", "closed_at")
DATES = (*STAMPS, "occurred_on")
# fields that are columns of a case, those that are resolved to one, and those that amount to its state
STATED = (*STAMPS, "kind", "outcome", "ground", "claimed")
RESOLVED = {"agency": "handling_id", "region": "region_id"}
DECIDING = ("acceptance", "handling", "outcome", *STAMPS[1:])
CODES = {
    "kind": frozenset(Kind.values),
    "acceptance": frozenset({"pending", "accepted", "refused", "filed", "not_filed"}),
    "handling": frozenset({"open", "closed"}),
    "outcome": frozenset(Outcome.values),
    "sales_mode": frozenset(SalesMode.values),
}
COMPLAINT, REPORT, INQUIRY = Kind.COMPLAINT.value, Kind.REPORT.value, Kind.INQUIRY.value
REGISTERED, ACCEPTED, FILED = State.REGISTERED.value, State.ACCEPTED.value, State.FILED.value
REFUSED, NOT_FILED, CLOSED = State.REFUSED.value, State.NOT_FILED.value, State.CLOSED.value
BUREAU, COUNCIL = Body.BUREAU.value, Body.COUNCIL.value
BODIES = {
    AgencyKind.BUREAU.value: BUREAU, AgencyKind.STATION.value: BUREAU, AgencyKind.COUNCIL.value: COUNCIL,
    AgencyKind.COMMITTEE.value: Body.COMMITTEE.value, AgencyKind.COURT.value: Body.COURT.value,
    AgencyKind.PLATFORM.value: Body.PLATFORM.value,
}  # fmt: skip
SEPARATOR = "\x1f"
APOSTROPHES = ("'", "\u2019", "＇")
EDGES = (" \x1f", "\x1f ", *(f"\x1f{mark}" for mark in APOSTROPHES))
COPY_ESCAPED = re.compile(r"[\\\t\n\r]")
TERMS = 100_000  # remembered terms of one file before it starts afresh


class RowRejected(Exception):
    """One value of the row cannot be taken."""

    def __init__(self, column: str, value, rule: str, message: str):
        super().__init__(message)
        self.column, self.value, self.rule, self.message = column, str(value), rule, message


def merchant_key(name: str, column: str) -> str:
    """The key of a merchant's name. Raises RowRejected: one character may stand for a dozen."""
    key = name_key(name)
    if len(key) > LIMITS["merchant"]:
        raise RowRejected(
            column, name[:60] + "…", "length",
            _("Written out in plain letters, the name has %(n)d characters; at most %(limit)d fit. Shorten it.")
            % {"n": len(key), "limit": LIMITS["merchant"]},
        )  # fmt: skip
    return key


def wrong_code(text: str) -> str:
    """What stands in place of a credit code, to store and show: an identity or phone number only masked."""
    compact = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", text))
    masked = mask_numbers(compact)
    return text if masked == compact else masked


class Shared:
    """What all files of a run share: reference data in memory, the importing agency, the time of the run."""

    def __init__(self, options: Options):
        self.directory = Directory.load()
        self.rules = RuleBook.load(load_calendar())
        self.agency = options.agency
        self.zone = timezone.get_default_timezone()
        self.now = timezone.localtime(timezone=self.zone)  # stamps of the same zone are compared at once
        self.custody: dict[int, tuple] = {}

    def custody_of(self, agency) -> tuple[int, int, int | None]:
        """The custodian and its ancestors of the levels used for row scope."""
        found = self.custody.get(agency.id)
        if found is None:
            ancestors = agency.ancestor_ids
            found = (agency.id, ancestors[0], ancestors[1] if len(ancestors) > 1 else None)
            self.custody[agency.id] = found
        return found


class CaseRows:
    """Turns the rows of one file into ImportedCase."""

    def __init__(self, profile: Profile, source: Source, shared: Shared, file_id: int):
        self.profile, self.source, self.shared, self.file_id = profile, source, shared, file_id
        self.formats = profile.date_formats
        self.stamped = reads_stamps(self.formats)
        self.date_columns = {source.columns[name] for name in DATES if name in source.columns}
        self.number_columns = {source.columns[name] for name in NUMBERS if name in source.columns}
        self.headers = {
            name: clean_cell(source.header[index])[:HEADER_LIMIT] for name, index in source.columns.items()
        }
        self.key = source.columns["external_number"]
        self.names = (*source.columns, *(f"+{header}" for header in source.kept))
        indexes = [*source.columns.values(), *source.kept.values()]
        pick = itemgetter(*indexes)
        self.pick = pick if len(indexes) > 1 else lambda cells: (pick(cells),)
        self.kept = [(clean_cell(header), f"+{header}") for header in source.kept]
        self.constants = {name: clean_cell(value) for name, value in profile.constants.items()}
        self.plain_constants = not any(map(COPY_ESCAPED.search, self.constants.values()))
        self.blank = dict.fromkeys(FIELDS, "") | self.constants
        self.blankable = [name for name in BLANKABLE if name in source.columns]
        self.filled = [(name, value) for name, value in self.constants.items() if name in source.columns]
        given = source.columns.keys() | self.constants.keys()
        self.limits = [(name, limit) for name, limit in LIMITS.items() if name in given]
        self.stamps = [name for name in STAMPS if name in given]
        self.numbers = [name for name in NUMBERS if name in given]
        self.amounts = [(name, kind) for name, kind in AMOUNTS.items() if name in given]
        self.coded = {name: {} for name in CODES}
        self.salt = f"{profile.digest}{SEPARATOR}"
        self.terms: dict[tuple, tuple] = {}

    # reading

    def clean(self, cells: list) -> tuple[list[str], bool]:
        """The cells as clean text, and whether none of them needs an escape in COPY. Most rows are clean, which a
        few passes over the whole row tell; only the others are cleaned cell by cell."""
        if self.source.kind != "csv":
            cells = [self._sheet_text(index, cell) for index, cell in enumerate(cells)]
        joined = SEPARATOR.join(cells)
        tidy = (
            "".join(cells).isprintable()
            and not any(edge in joined for edge in EDGES)
            and joined[:1] not in (" ", *APOSTROPHES)
            and joined[-1:] != " "
            and unicodedata.is_normalized("NFC", joined)
        )
        if tidy:
            return cells, "\\" not in joined and self.plain_constants
        return [clean_cell(cell) for cell in cells], False

    def _sheet_text(self, index: int, cell) -> str:
        """The text of a spreadsheet's cell; a serial number in a column of dates is the date it stands for."""
        if index in self.number_columns:
            return shown_number(cell)
        if index in self.date_columns and not isinstance(cell, str) and cell is not None:
            with contextlib.suppress(BadValue):
                at, date_only = parse_datetime(cell, (), self.shared.zone, now=self.shared.now)
                midnight = at.time() == dt.time.min
                return f"{at:%Y-%m-%d}" if date_only or midnight else f"{at:%Y-%m-%d %H:%M:%S}"
        return cell_text(cell)

    def digest(self, cells: list[str]) -> bytes:
        """The keyed digest of what the profile takes from the row, and of the profile."""
        return keyed_digest((self.salt + SEPARATOR.join(self.pick(cells))).encode())

    def row(self, cells: list[str]) -> dict[str, str]:
        """The row by field; constants where the file has no column or an empty cell."""
        row = self.blank.copy()
        taken = self.pick(cells)
        row.update(zip(self.names, taken, strict=True))
        if not PLACEHOLDERS.isdisjoint(taken):
            row |= {name: "" for name in self.blankable if is_empty(row[name])}
        for name, value in self.filled:
            row[name] = row[name] or value
        return row

    def header(self, name: str) -> str:
        """The column to name in a message."""
        if name in self.headers:
            return self.headers[name]
        return f"[constants] {name}" if name in self.constants else name

    def amounts_of(self, cells: list[str]) -> dict:
        """Amounts of a row that was taken before, so they are known to be good."""
        row = self.row(cells)
        found = {name: parse_amount(row[name]) for name in ("claimed", *AMOUNTS) if row[name]}
        return {name: amount for name, amount in found.items() if amount is not None}

    # checking

    def _required(self, name: str, message: str) -> RowRejected:
        return RowRejected(self.header(name), "", "required", message)

    def _check_lengths(self, row: dict[str, str]) -> None:
        for name, limit in self.limits:
            if len(row[name]) > limit:
                raise RowRejected(
                    self.header(name), mask_numbers(row[name])[:60] + "…", "length",
                    _("The text has %(n)d characters; at most %(limit)d fit. Shorten it.")
                    % {"n": len(row[name]), "limit": limit},
                )  # fmt: skip

    def _code(self, row: dict[str, str], name: str) -> str:
        """A value of a closed vocabulary, by the profile's map or as a code; remembered per written value."""
        text = row[name]
        known = self.coded[name]
        if text in known:
            return known[text]
        code, mapped = self.profile.translate(name, text)
        code = code or ""
        if code and code not in CODES[name] or not mapped and text not in CODES[name]:
            if name == "kind":
                raise RowRejected(
                    self.header(name), text, "vocabulary",
                    _("Only complaints, reports and inquiries are imported, and this is none of their words. If it"
                      " means one of them, add it to [values.kind] of the profile; otherwise leave the row out."),
                )  # fmt: skip
            raise RowRejected(
                self.header(name), text, "vocabulary",
                _("Not a known value. Add it to [values.%(field)s] of the profile, as one of: %(codes)s.")
                % {"field": name, "codes": ", ".join(sorted(CODES[name]))},
            )  # fmt: skip
        return known.setdefault(text, code)

    def _value(self, row: dict[str, str], name: str, parse, *args, **options):
        text = row[name]
        if not text:
            return None
        try:
            return parse(text, *args, **options)
        except BadValue as bad:
            raise RowRejected(self.header(name), text, bad.rule, str(bad)) from None

    def build(self, line: int, cells: list[str], number: str, digest: bytes, *, known: bool) -> ImportedCase:
        """Check and resolve one row. Raises RowRejected; unresolved names are warnings, kept as written. `known`: its
        case is, and the two may have to be compared."""
        row = self.row(cells)
        warnings: list[tuple[str, str, str]] = []
        self._check_lengths(row)
        if is_empty(number):
            raise self._required(
                "external_number", _("The row has no number, so it could not be found again.")
            )
        self._check_rounded(row)
        kind = self._code(row, "kind")
        if not kind:
            raise self._required("kind", _("The row does not say what it is."))
        dates, day_only = self._dates(row)
        received_at = dates["received_at"]
        day = received_at.date()
        handling, region, resolved = self._resolve(row, day, warnings)
        custodian = handling or self.shared.agency
        body = BODIES[custodian.kind]

        outcome = self._code(row, "outcome")
        state = _state(kind, self._acceptance(row, kind), self._code(row, "handling"), outcome, dates)
        if outcome and state not in FINAL_STATES:
            warnings.append(("outcome", self.header("outcome"), row["outcome"]))
            outcome = ""
        if kind == INQUIRY and state == CLOSED:
            outcome = outcome or Outcome.ANSWERED.value
        _complete(kind, state, dates)
        self._check_closing(row, dates, "closed_at" in day_only)
        clocks, regime = self._clocks(kind, body, state, day, dates)
        claimed = self._value(row, "claimed", parse_amount)
        amounts = {}
        for name, posting in self.amounts:
            amount = self._value(row, name, parse_amount)
            if amount is not None:
                amounts[posting] = amount
        occurred_on = self._value(
            row, "occurred_on", parse_date, self.formats, self.shared.zone, now=self.shared.now
        )
        code, code_written = self._credit_code(row, warnings)
        written = row["merchant"]
        key = merchant_key(written, self.header("merchant")) if written else ""
        region_id = region.id if region else None
        values = (
            kind, body, *resolved[0], received_at, dates["decided_at"], dates["accepted_at"], dates["closed_at"],
            region_id, row["region"], handling.id if handling else None, row["agency"], row["department"],
            *self.shared.custody_of(custodian), written,
            row["merchant_address"], code_written, *resolved[1], *resolved[2], *resolved[3], row["goods"], row["brand"],
            row["order_number"], self._code(row, "sales_mode"), occurred_on, row["narrative"], row["demand"],
            claimed, state, outcome, row["ground"], regime, self.file_id, line, digest, self._extra(row),
        )  # fmt: skip
        posted = dates["closed_at"] or dates["accepted_at"] or received_at
        return ImportedCase(
            line=line, external_number=number, year=day.year, values=values, role=ROLES[kind].value,
            personal=self._personal(row, warnings), clocks=clocks, amounts=amounts, posted_on=posted.date(),
            file_id=self.file_id, merchant=(code, key, region_id, written or code) if key or code else None,
            references=self._references(row, number), region_code=region.code if region else "",
            claimed=claimed, warnings=tuple(warnings),
            stated=self._stated(row) if known else frozenset(), day_only=frozenset(day_only),
        )  # fmt: skip

    @staticmethod
    def _stated(row: dict[str, str]) -> frozenset[str]:
        """The columns of a case of which the row itself says something; others are derived."""
        stated = {name for name in STATED if row[name]}
        if any(row[name] for name in DECIDING):
            stated.add("state")
        return frozenset(stated | {column for name, column in RESOLVED.items() if row[name]})

    def further(self, text: str, number: str) -> tuple[str, ...]:
        """The further numbers in a cell of them; where they are of another system, one may be the row's own."""
        own = "" if self.profile.reference_source else number
        return tuple(part for part in _parts(text) if part != own and not is_empty(part))

    def _check_rounded(self, row: dict[str, str]) -> None:
        for name in self.numbers:
            if "+" in row[name]:
                for part in _parts(row[name]) if name == "references" else (row[name],):
                    self._value({name: part}, name, number_text)

    def _references(self, row: dict[str, str], number: str) -> tuple[str, ...]:
        parts = self.further(row["references"], number)
        for part in parts:
            if len(part) > REFERENCE_LIMIT:
                raise RowRejected(
                    self.header("references"), part[:60] + "…", "length",
                    _("This number has %(n)d characters; at most %(limit)d fit. Numbers are parted by ; or blanks.")
                    % {"n": len(part), "limit": REFERENCE_LIMIT},
                )  # fmt: skip
        return parts

    def _acceptance(self, row: dict[str, str], kind: str) -> str:
        acceptance = self._code(row, "acceptance")
        if acceptance in ("filed", "not_filed") and kind != REPORT:
            raise RowRejected(
                self.header("acceptance"), row["acceptance"], "vocabulary",
                _("Only reports are filed or not filed, and this row is none. Correct the status or the kind."),
            )  # fmt: skip
        return acceptance

    def _resolve(self, row: dict[str, str], day: dt.date, warnings: list) -> tuple:
        """Agency and region of the day, and (id, as written) of channel, platform, category and problem."""
        directory = self.shared.directory
        agency, place = row["agency"], row["region"]
        handling = directory.agency(agency, day) if agency else None
        region = directory.region(place, day) if place else None
        if agency and handling is None:
            warnings.append(("agency", self.header("agency"), agency))
        if place and region is None:
            warnings.append(("region", self.header("region"), place))
        if not place and handling is not None:
            region = directory.region_of(handling, day)
        named = (
            ("channel", row["channel"] and directory.channel(row["channel"], day)),
            ("platform", row["platform"] and directory.platform(row["platform"])),
            ("category", row["category"] and directory.category(row["category"])),
            ("problem", row["problem"] and directory.problem(row["problem"])),
        )
        resolved = []
        for name, found in named:
            if found is None:
                warnings.append((name, self.header(name), row[name]))
            resolved.append((found.id if found else None, row[name]))
        return handling, region, resolved

    def _extra(self, row: dict[str, str]) -> dict[str, str]:
        return {header: row[name] for header, name in self.kept if row[name]}

    def _dates(self, row: dict[str, str]) -> tuple[dict, set[str]]:
        """The stamps of the row, none before the receipt, and the names of those without a time of day: such a one
        stands for any time of its day."""
        dates: dict = dict.fromkeys(STAMPS)
        day_only = set()
        zone, now = self.shared.zone, self.shared.now
        for name in self.stamps:
            text = row[name]
            if not text:
                continue
            at, date_only = self.stamped and read_stamp(text, zone), False
            if not at or not EARLIEST.year <= at.year or at > now:
                found = self._value(row, name, parse_datetime, self.formats, zone, now=now)
                if found is None:
                    continue
                at, date_only = found
            if date_only:
                day_only.add(name)
            received_at = dates["received_at"]
            if received_at is not None and at < received_at:
                if not date_only or at.date() < received_at.date():
                    raise RowRejected(
                        self.header(name), row[name], "date_order",
                        _("This is before the receipt (%(date)s). Correct one of the two.")
                        % {"date": received_at.date()},
                    )  # fmt: skip
                at = received_at
            dates[name] = at
        if dates["received_at"] is None:
            raise self._required("received_at", _("The row has no date of receipt."))
        return dates, day_only

    def _check_closing(self, row: dict[str, str], dates: dict, day_only: bool) -> None:
        """No case ends before it was decided on or accepted."""
        closed_at = dates["closed_at"]
        before = [dates[name] for name in ("decided_at", "accepted_at") if dates[name] is not None]
        if closed_at is None or not before or closed_at >= (last := max(before)):
            return
        if day_only and closed_at.date() == last.date():
            dates["closed_at"] = last
            return
        raise RowRejected(
            self.header("closed_at"), row["closed_at"], "date_order",
            _("This is before the decision or the acceptance (%(date)s). Correct one of the two.")
            % {"date": f"{last:%Y-%m-%d %H:%M}"},
        )  # fmt: skip

    def _clocks(self, kind: str, body: str, state: str, day: dt.date, dates: dict) -> tuple[list[tuple], str]:
        """The statutory clocks of a row and its regime, by the version of the rules in force on receipt."""
        decided, accepted, closed = (dates[name] and dates[name].date() for name in STAMPS[1:])
        wanted = []
        if kind == COMPLAINT and body == COUNCIL:
            wanted.append(("council.accept", day, decided, state == REGISTERED))
        elif kind == COMPLAINT and body == BUREAU:
            wanted.append(("complaint.accept", day, decided, state == REGISTERED))
            if accepted and state != REFUSED:
                wanted.append(("complaint.mediate", accepted, closed, state == ACCEPTED))
        elif kind == REPORT and body == BUREAU:
            wanted.append(("report.verify", day, decided, state in (REGISTERED, ACCEPTED)))
        clocks, regime = [], self.shared.rules.regime_of(kind, body, day)
        for code, start, stop, running in wanted:
            term = self._term(code, day, start)
            if term is None:
                continue
            # where it ended and the source does not say when, this clock cannot be told
            if stop is not None or running:
                clocks.append((term[0], start, *term[1], None if running else stop, term[2]))
        return clocks, regime

    def _term(self, code: str, day: dt.date, start: dt.date) -> tuple | None:
        """(rule id, (safe, due), provisional), or None where no version was in force."""
        key = (code, day, start)
        if key in self.terms:
            return self.terms[key]
        if len(self.terms) >= TERMS:
            self.terms.clear()
        rule = self.shared.rules.rule(code, day)
        term = None
        if rule is not None:
            safe_on, due_on, provisional = self.shared.rules.term(rule, start)
            term = (rule.pk, (safe_on, due_on), provisional)
        return self.terms.setdefault(key, term)

    def _credit_code(self, row: dict[str, str], warnings: list) -> tuple[str | None, str]:
        """The valid code, and the cell as written; of an identity number in this column, no more than a mask."""
        text = row["merchant_code"]
        if not text:
            return None, ""
        code, warning = parse_credit_code(text)
        if warning:
            text = wrong_code(text)
            warnings.append(("credit_code", self.header("merchant_code"), text))
        return code, text

    def _personal(self, row: dict[str, str], warnings: list) -> dict[str, str]:
        personal = {
            "name": masked_name(row["name"]), "address": masked_address(row["address"]), "id_type": row["id_type"]
        }  # fmt: skip
        personal = {name: value for name, value in personal.items() if value}
        for name, parse in (("phone", parse_phone), ("id_number", parse_id_number)):
            if row[name]:
                found = parse(row[name])
                personal[name] = found.value
                if not found.ok:
                    warnings.append((name, self.header(name), mask(name, found.value)))
        return personal


def _parts(references: str) -> list[str]:
    return [part for part in re.split(r"[;；、,\s]+", references) if part] if references else []


def _state(kind: str, acceptance: str, handling: str, outcome: str, dates: dict) -> str:
    """The state that the source's two statuses amount to; where it has none, its outcome and dates speak."""
    if acceptance == "refused":
        return REFUSED
    if acceptance == "not_filed":
        return NOT_FILED
    if handling == "closed" or (not handling and (dates["closed_at"] or outcome)):
        return CLOSED
    if acceptance == "filed":
        return FILED
    if acceptance == "accepted" or (not acceptance and dates["accepted_at"]):
        return ACCEPTED
    return REGISTERED


def _complete(kind: str, state: str, dates: dict) -> None:
    """Fill the stamps that follow from others: the decision accepts, refuses or files; acceptance decides. What was
    refused was never accepted: the stamp that says so is that of the decision."""
    if state == REFUSED:
        dates["decided_at"] = dates["decided_at"] or dates["accepted_at"]
        dates["accepted_at"] = None
    if kind == COMPLAINT and state in (ACCEPTED, CLOSED):
        dates["accepted_at"] = dates["accepted_at"] or dates["decided_at"]
        dates["decided_at"] = dates["decided_at"] or dates["accepted_at"]
    if state in (REFUSED, NOT_FILED):
        dates["closed_at"] = dates["closed_at"] or dates["decided_at"]
        dates["decided_at"] = dates["decided_at"] or dates["closed_at"]
    elif state != CLOSED:
        dates["closed_at"] = None
