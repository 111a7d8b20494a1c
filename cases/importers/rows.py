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
from cases.enums import Body, Kind, Outcome, PartyRole, RecoveryKind, SalesMode, State
from cases.importers.engine import Converted, Options
from core.importing.profile import Profile
from core.importing.readers import Source
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
    "order_number": 80, "ground": 60,
}  # fmt: skip
STAMPS = ("received_at", "decided_at", "accepted_at", "closed_at")
DATES = (*STAMPS, "occurred_on")
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
ROLES = {
    COMPLAINT: PartyRole.CONSUMER.value, REPORT: PartyRole.REPORTER.value, INQUIRY: PartyRole.INQUIRER.value
}  # fmt: skip
BODIES = {
    AgencyKind.BUREAU.value: BUREAU, AgencyKind.STATION.value: BUREAU, AgencyKind.COUNCIL.value: COUNCIL,
    AgencyKind.COMMITTEE.value: Body.COMMITTEE.value, AgencyKind.COURT.value: Body.COURT.value,
    AgencyKind.PLATFORM.value: Body.PLATFORM.value,
}  # fmt: skip
SEPARATOR = "\x1f"
EDGES = (" \x1f", "\x1f ", "\x1f'", "\x1f＇", "\x1f`")
TERMS = 100_000  # remembered terms of one file before it starts afresh


class RowRejected(Exception):
    """One value of the row cannot be taken."""

    def __init__(self, column: str, value, rule: str, message: str):
        super().__init__(message)
        self.column, self.value, self.rule, self.message = column, str(value), rule, message


class Shared:
    """What all files of a run share: reference data in memory, the importing agency, the time of the run."""

    def __init__(self, options: Options):
        self.directory = Directory.load()
        self.rules = RuleBook.load(load_calendar())
        self.agency = options.agency
        self.now = timezone.now()
        self.zone = timezone.get_default_timezone()


class CaseRows:
    """Turns the rows of one file into ImportedCase."""

    def __init__(self, profile: Profile, source: Source, shared: Shared, file_id: int):
        self.profile, self.source, self.shared, self.file_id = profile, source, shared, file_id
        self.formats = profile.date_formats
        self.date_columns = {source.columns[name] for name in DATES if name in source.columns}
        self.key = source.columns["external_number"]
        self.names = (*source.columns, *(f"+{header}" for header in source.kept))
        indexes = [*source.columns.values(), *source.kept.values()]
        pick = itemgetter(*indexes)
        self.pick = pick if len(indexes) > 1 else lambda cells: (pick(cells),)
        self.blank = dict.fromkeys(FIELDS, "") | dict(profile.constants)
        self.filled = [(n, v) for n, v in profile.constants.items() if n in source.columns]
        self.limits = [(name, limit) for name, limit in LIMITS.items() if name in source.columns]
        self.stamps = [name for name in STAMPS if name in source.columns or name in profile.constants]
        self.amounts = [(name, kind) for name, kind in AMOUNTS.items() if name in source.columns]
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
            and joined[:1] not in (" ", "'", "＇", "`")
            and joined[-1:] != " "
            and unicodedata.is_normalized("NFC", joined)
        )
        if tidy:
            return cells, "\\" not in joined
        return [clean_cell(cell) for cell in cells], False

    def _sheet_text(self, index: int, cell) -> str:
        """The text of a spreadsheet's cell; a serial number in a column of dates is the date it stands for."""
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
        row.update(zip(self.names, self.pick(cells), strict=True))
        for name, value in self.filled:
            row[name] = row[name] or value
        return row

    def header(self, name: str) -> str:
        index = self.source.columns.get(name)
        return self.source.header[index] if index is not None else name

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
                    self.header(name), row[name][:60] + "…", "length",
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

    def build(
        self, line: int, cells: list[str], number: str, digest: bytes, converted: Converted
    ) -> ImportedCase:
        """Check and resolve one row. Raises RowRejected; unresolved names are warnings, kept as written."""
        row = self.row(cells)
        self._check_lengths(row)
        if not number:
            raise self._required(
                "external_number", _("The row has no number, so it could not be found again.")
            )
        if "+" in number or "." in number:
            self._value(row, "external_number", number_text)
        kind = self._code(row, "kind")
        if not kind:
            raise self._required("kind", _("The row does not say what it is."))
        dates = self._dates(row)
        received_at = dates["received_at"]
        day = received_at.date()
        handling, region, resolved = self._resolve(row, day, converted, line)
        custodian = handling or self.shared.agency
        body = BODIES[custodian.kind]
        ancestors = custodian.ancestor_ids

        outcome = self._code(row, "outcome")
        state = _state(kind, self._code(row, "acceptance"), self._code(row, "handling"), outcome, dates)
        if kind == INQUIRY and state == CLOSED:
            outcome = outcome or Outcome.ANSWERED.value
        _complete(kind, state, dates)
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
        code = self._credit_code(row, converted, line)
        written = row["merchant"]
        key = name_key(written) if written else ""
        region_id = region.pk if region else None
        values = (
            kind, body, *resolved[0], received_at, dates["decided_at"], dates["accepted_at"], dates["closed_at"],
            region_id, row["region"], handling.pk if handling else None, row["agency"], row["department"],
            custodian.pk, ancestors[0], ancestors[1] if len(ancestors) > 1 else None, written,
            row["merchant_address"], *resolved[1], *resolved[2], *resolved[3], row["goods"], row["brand"],
            row["order_number"], self._code(row, "sales_mode"), occurred_on, row["narrative"], row["demand"],
            claimed, state, outcome, row["ground"], regime, self.file_id, line, digest, self._extra(row),
        )  # fmt: skip
        posted = dates["closed_at"] or dates["accepted_at"] or received_at
        return ImportedCase(
            line=line, external_number=number, year=day.year, values=values, role=ROLES[kind],
            personal=self._personal(row, converted, line), clocks=clocks, amounts=amounts, posted_on=posted.date(),
            file_id=self.file_id, merchant=(code, key, region_id, written or code) if key or code else None,
            references=_references(row["references"], number), region_code=region.code if region else "",
            claimed=claimed,
        )  # fmt: skip

    def _resolve(self, row: dict[str, str], day: dt.date, converted: Converted, line: int) -> tuple:
        """Agency and region of the day, and (id, as written) of channel, platform, category and problem."""
        directory = self.shared.directory
        agency, place = row["agency"], row["region"]
        handling = directory.agency(agency, day) if agency else None
        region = directory.region(place, day) if place else None
        if agency and handling is None:
            converted.warn("agency", self.header("agency"), agency, line)
        if place and region is None:
            converted.warn("region", self.header("region"), place, line)
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
                converted.warn(name, self.header(name), row[name], line)
            resolved.append((found.pk if found else None, row[name]))
        return handling, region, resolved

    def _extra(self, row: dict[str, str]) -> dict[str, str]:
        return {header: row[f"+{header}"] for header in self.source.kept if row[f"+{header}"]}

    def _dates(self, row: dict[str, str]) -> dict:
        """The stamps of the row, in order; a stamp without a time of day never lies before the receipt."""
        dates: dict = dict.fromkeys(STAMPS)
        zone, now = self.shared.zone, self.shared.now
        for name in self.stamps:
            found = self._value(row, name, parse_datetime, self.formats, zone, now=now)
            if found is None:
                continue
            at = found.at
            received_at = dates["received_at"]
            if received_at is not None and at < received_at:
                if not found.date_only or at.date() < received_at.date():
                    raise RowRejected(
                        self.header(name), row[name], "date_order",
                        _("This is before the receipt (%(date)s). Correct one of the two.")
                        % {"date": received_at.date()},
                    )  # fmt: skip
                at = received_at
            dates[name] = at
        if dates["received_at"] is None:
            raise self._required("received_at", _("The row has no date of receipt."))
        return dates

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
        clocks, regime = [], ""
        for code, start, stop, running in wanted:
            term = self._term(code, day, start)
            if term is None:
                continue
            regime = regime or term[0]
            # where it ended and the source does not say when, this clock cannot be told
            if stop is not None or running:
                clocks.append((term[1], start, *term[2], None if running else stop, term[3]))
        return clocks, regime

    def _term(self, code: str, day: dt.date, start: dt.date) -> tuple | None:
        """(regime, rule id, (safe, due), provisional), or None where no version was in force."""
        key = (code, day, start)
        if key in self.terms:
            return self.terms[key]
        if len(self.terms) >= TERMS:
            self.terms.clear()
        rule = self.shared.rules.rule(code, day)
        term = None
        if rule is not None:
            safe_on, due_on, provisional = self.shared.rules.term(rule, start)
            term = (rule.regime, rule.pk, (safe_on, due_on), provisional)
        return self.terms.setdefault(key, term)

    def _credit_code(self, row: dict[str, str], converted: Converted, line: int) -> str | None:
        text = row["merchant_code"]
        if not text:
            return None
        code, warning = parse_credit_code(text)
        if warning:
            converted.warn("credit_code", self.header("merchant_code"), text, line)
        return code

    def _personal(self, row: dict[str, str], converted: Converted, line: int) -> dict[str, str]:
        personal = {name: row[name] for name in ("name", "address", "id_type") if row[name]}
        for name, parse in (("phone", parse_phone), ("id_number", parse_id_number)):
            if row[name]:
                found = parse(row[name])
                personal[name] = found.value
                if not found.ok:
                    converted.warn(name, self.header(name), mask(name, found.value), line)
        return personal


def _references(text: str, number: str) -> tuple[str, ...]:
    parts = re.split(r"[;；、,\s]+", text) if text else ()
    return tuple(part for part in parts if part and part != number)


def _state(kind: str, acceptance: str, handling: str, outcome: str, dates: dict) -> str:
    """The state that the source's two statuses amount to; where it has none, its outcome and dates speak."""
    if acceptance == "refused":
        return REFUSED
    if acceptance == "not_filed" and kind == REPORT:
        return NOT_FILED
    if handling == "closed" or (not handling and (dates["closed_at"] or outcome)):
        return CLOSED
    if acceptance == "filed" and kind == REPORT:
        return FILED
    if acceptance in ("accepted", "filed") or (not acceptance and dates["accepted_at"]):
        return ACCEPTED
    return REGISTERED


def _complete(kind: str, state: str, dates: dict) -> None:
    """Fill the stamps that follow from others: the decision accepts, refuses or files; acceptance decides."""
    if kind == COMPLAINT and state in (ACCEPTED, CLOSED):
        dates["accepted_at"] = dates["accepted_at"] or dates["decided_at"]
        dates["decided_at"] = dates["decided_at"] or dates["accepted_at"]
    if state in (REFUSED, NOT_FILED):
        dates["closed_at"] = dates["closed_at"] or dates["decided_at"]
        dates["decided_at"] = dates["decided_at"] or dates["closed_at"]
    elif state != CLOSED:
        dates["closed_at"] = None
