"""Imported cases, written set-wise: the one exception to verbs, under the same constraints.

An imported case writes no CaseEvent; its run is its origin. Where a verb has been used on a case here, an import
changes none of it: local work wins, and the difference is listed for reconciliation.
"""

from dataclasses import dataclass, field
from decimal import Decimal

from cases.domain.reveal import personal_context
from cases.enums import PartyRole, RecoveryKind
from core.bulk import copy_line, copy_lines, copy_value, next_ids
from core.personal_data import MASK, decrypt, encrypt, lookup_hash

# columns of cases_case in the order of ImportedCase.values; merchant_id follows, resolved last
CASE_COLUMNS = (
    "kind",
    "body",
    "channel_id",
    "channel_written",
    "received_at",
    "decided_at",
    "accepted_at",
    "closed_at",
    "region_id",
    "region_written",
    "handling_id",
    "agency_written",
    "department",
    "custodian_id",
    "custodian_root_id",
    "custodian_district_id",
    "merchant_written",
    "merchant_address",
    "merchant_code_written",
    "platform_id",
    "platform_written",
    "category_id",
    "category_written",
    "problem_id",
    "problem_written",
    "goods",
    "brand",
    "order_number",
    "sales_mode",
    "occurred_on",
    "narrative",
    "demand",
    "claimed",
    "state",
    "outcome",
    "ground",
    "regime",
    "import_file_id",
    "import_line",
    "source_digest",
    "extra",
)
NEW_COLUMNS = (
    "id",
    "number",
    "source",
    "external_number",
    "consents",
    "differs",
    *CASE_COLUMNS,
    "merchant_id",
)
PARTY_COLUMNS = ("id", "case_id", "role", "sealed", "personal", "phone_hash", "id_number_hash")
CLOCK_COLUMNS = ("case_id", "rule_id", "started_on", "safe_on", "due_on", "stopped_on", "provisional")
RECOVERY_COLUMNS = (
    "case_id",
    "posted_on",
    "amount",
    "kind",
    "status",
    "means",
    "evidence",
    "import_file_id",
    "created_at",
)
# a number of another system stands for one case only: the first that names it keeps it
ADD_REFERENCES = """
INSERT INTO cases_casereference (case_id, source, number)
SELECT t.case_id, %s, t.number FROM unnest(%s::bigint[], %s::text[]) AS t(case_id, number)
ON CONFLICT (number, source) DO NOTHING"""


@dataclass(slots=True)
class ImportedCase:
    """One row of a source, checked and resolved except for its merchant.

    `values` follow CASE_COLUMNS; `clocks` are (rule id, started, safe, due, stopped, provisional); `amounts` are the
    source's cumulative amounts by RecoveryKind, in yuan; a kind on which the source says nothing is absent.
    """

    line: int
    external_number: str
    year: int
    values: tuple
    role: str | None
    personal: dict[str, str]
    clocks: list[tuple]
    amounts: dict[str, Decimal]
    posted_on: object
    file_id: int
    merchant: tuple | None = None  # what registry.domain.resolve_merchants takes
    region_code: str = ""
    claimed: Decimal | None = None
    case_id: int | None = None
    references: tuple[str, ...] = ()
    warnings: tuple[tuple[str, str, str], ...] = ()  # (rule, column, value) of what stays as written
    plain: bool = False  # no text of the row needs an escape in COPY


@dataclass(slots=True)
class NewCases:
    """New cases ready for COPY: lines of each table, and beside each case line the merchant that it still lacks."""

    cases: list[str] = field(default_factory=list)
    merchants: list[tuple | None] = field(default_factory=list)
    parties: list[str] = field(default_factory=list)
    clocks: list[str] = field(default_factory=list)
    recoveries: list[str] = field(default_factory=list)
    references: list[tuple[int, str]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.cases)

    def add(self, case: ImportedCase, *, source: str, case_id: int, party_id: int, now) -> None:
        """Make the lines of one case; all that costs time and needs no database."""
        case.case_id = case_id
        head = (str(case_id), f"{case.year}-{case_id:08d}", source, case.external_number, "{}", "f")
        self.cases.append(copy_line((*head, *case.values), plain=case.plain))
        self.merchants.append(case.merchant)
        if case.role:
            self.parties.append(party_line(party_id, case_id, case.role, case.personal))
        for clock in case.clocks:
            self.clocks.append(copy_line((case_id, *clock), plain=True))
        for kind, amount in case.amounts.items():
            if amount:
                self.recoveries.append(recovery_line(case, kind, amount, now))
        self.references += [(case_id, number) for number in case.references]


def party_line(party_id: int, case_id: int, role: str, personal: dict[str, str]) -> str:
    """A party ready for COPY: encrypted, hashed for look-up, sealed if a reporter."""
    phone, id_number = personal.get("phone"), personal.get("id_number")
    values = (
        party_id,
        case_id,
        role,
        role == PartyRole.REPORTER,
        encrypt(personal, context=personal_context(party_id)) if personal else None,
        lookup_hash("phone", phone) if phone else None,
        lookup_hash("id_number", id_number) if id_number else None,
    )
    return copy_line(values, plain=True)  # no text of the row itself


def write_imported(
    cursor, *, new: NewCases, changed: list[ImportedCase], merchants: dict, source: str, now
) -> int:
    """Write new cases, and bring unworked ones to what their source says now. One transaction, the caller's.

    `merchants`: the ids of all merchants that the cases name. Returns how many of `changed` were left alone because
    work was done on them here.
    """
    _insert(cursor, new, merchants, source)
    worked = _lock_and_split(cursor, changed)
    follow = [case for case in changed if case.case_id not in worked]
    _update(cursor, follow, merchants, source, now)
    _record_differences(cursor, [case for case in changed if case.case_id in worked])
    return len(worked)


def _insert(cursor, new: NewCases, merchants: dict, source: str) -> None:
    ends = {merchant: f"\t{copy_value(merchants.get(merchant))}" for merchant in set(new.merchants)}
    lines = (line + ends[merchant] for line, merchant in zip(new.cases, new.merchants, strict=True))
    copy_lines(cursor, "cases_case", NEW_COLUMNS, lines)
    copy_lines(cursor, "cases_party", PARTY_COLUMNS, new.parties)
    copy_lines(cursor, "cases_clock", CLOCK_COLUMNS, new.clocks)
    copy_lines(cursor, "cases_recovery", RECOVERY_COLUMNS, new.recoveries)
    _add_references(cursor, source, new.references)


def _add_references(cursor, source: str, references: list[tuple[int, str]]) -> None:
    if references:
        case_ids, numbers = map(list, zip(*references, strict=True))
        cursor.execute(ADD_REFERENCES, [source, case_ids, numbers])


def recovery_line(case: ImportedCase, kind: str, amount: Decimal, now) -> str:
    unspecified = RecoveryKind.UNSPECIFIED.value
    return copy_line(
        (case.case_id, case.posted_on, amount, str(kind), unspecified, unspecified, "", case.file_id, now)
    )


def _lock_and_split(cursor, changed: list[ImportedCase]) -> set[int]:
    """Lock the rows in the order of their ids, then see on which of them a verb was used here."""
    if not changed:
        return set()
    ids = sorted(case.case_id for case in changed)
    cursor.execute("SELECT id FROM cases_case WHERE id = ANY(%s) ORDER BY id FOR UPDATE", [ids])
    cursor.execute("SELECT DISTINCT case_id FROM cases_caseevent WHERE case_id = ANY(%s)", [ids])
    return {row[0] for row in cursor.fetchall()}


def _update(cursor, cases: list[ImportedCase], merchants: dict, source: str, now) -> None:
    if not cases:
        return
    columns = (*CASE_COLUMNS, "merchant_id")
    cursor.execute(
        f"CREATE TEMP TABLE IF NOT EXISTS imported_case ON COMMIT DELETE ROWS AS SELECT id, {', '.join(columns)} "  # noqa: S608
        "FROM cases_case WITH NO DATA"
    )
    cursor.execute("TRUNCATE imported_case")
    copy_lines(
        cursor,
        "imported_case",
        ("id", *columns),
        (copy_line((case.case_id, *case.values, merchants.get(case.merchant))) for case in cases),
    )
    assignments = ", ".join(f"{name} = i.{name}" for name in columns)
    cursor.execute(
        f"UPDATE cases_case c SET {assignments}, differs = false FROM imported_case i WHERE c.id = i.id"  # noqa: S608
    )
    ids = [case.case_id for case in cases]
    cursor.execute("DELETE FROM cases_clock WHERE case_id = ANY(%s)", [ids])
    copy_lines(
        cursor,
        "cases_clock",
        CLOCK_COLUMNS,
        (copy_line((case.case_id, *clock)) for case in cases for clock in case.clocks),
    )
    _add_references(cursor, source, [(case.case_id, number) for case in cases for number in case.references])
    _update_parties(cursor, cases)
    _post_differences(cursor, cases, now)


def _update_parties(cursor, cases: list[ImportedCase]) -> None:
    """A masked or empty value never overwrites a real one."""
    ids = [case.case_id for case in cases]
    cursor.execute("SELECT id, case_id, role, personal FROM cases_party WHERE case_id = ANY(%s)", [ids])
    stored = {row[1]: row for row in cursor.fetchall()}
    fresh = []
    for case in cases:
        found = stored.get(case.case_id)
        if not found:
            if case.role and case.personal:
                fresh.append(case)
            continue
        party_id, _, role, blob = found
        old = decrypt(blob, context=personal_context(party_id)) if blob else {}
        merged = old | {
            name: value
            for name, value in case.personal.items()
            if value and not (MASK in value and old.get(name) and MASK not in old[name])
        }
        new_role = case.role or role
        if merged == old and new_role == role:
            continue
        cursor.execute(
            "UPDATE cases_party SET role = %s, sealed = sealed OR %s, personal = %s, phone_hash = %s,"
            " id_number_hash = %s WHERE id = %s",
            [
                new_role,
                new_role == PartyRole.REPORTER,
                encrypt(merged, context=personal_context(party_id)) if merged else None,
                lookup_hash("phone", merged.get("phone", "")),
                lookup_hash("id_number", merged.get("id_number", "")),
                party_id,
            ],
        )
    for case, party_id in zip(fresh, next_ids(cursor, "cases_party", len(fresh)), strict=True):
        copy_lines(
            cursor,
            "cases_party",
            PARTY_COLUMNS,
            [party_line(party_id, case.case_id, case.role, case.personal)],
        )


def _post_differences(cursor, cases: list[ImportedCase], now) -> None:
    """Post what the source's cumulative amount exceeds (or falls short of) the imported postings by; where
    postings were made here, post nothing and list the difference."""
    ids = [case.case_id for case in cases]
    cursor.execute(
        "SELECT case_id, kind, sum(amount), bool_or(import_file_id IS NULL) FROM cases_recovery"
        " WHERE case_id = ANY(%s) GROUP BY case_id, kind",
        [ids],
    )
    posted: dict[int, dict[str, Decimal]] = {}
    local = set()
    for case_id, kind, amount, made_here in cursor.fetchall():
        posted.setdefault(case_id, {})[kind] = amount
        if made_here:
            local.add(case_id)
    lines, differing = [], []
    for case in cases:
        known = posted.get(case.case_id, {})
        deltas = {kind: amount - known.get(kind, Decimal(0)) for kind, amount in case.amounts.items()}
        if not any(deltas.values()):
            continue
        if case.case_id in local:
            differing.append(case)
            continue
        lines += [recovery_line(case, kind, delta, now) for kind, delta in deltas.items() if delta]
    copy_lines(cursor, "cases_recovery", RECOVERY_COLUMNS, lines)
    _record_differences(cursor, differing)


SAYS = ("state", "outcome", "ground", "decided_at", "accepted_at", "closed_at", "claimed")


def _says(case: ImportedCase) -> dict[str, str]:
    """What the source states of the things that an import never changes on a worked case."""
    stated = {name: case.values[CASE_COLUMNS.index(name)] for name in SAYS} | case.amounts
    return {name: str(value) for name, value in stated.items() if value not in (None, "")}


def _record_differences(cursor, cases: list[ImportedCase]) -> None:
    if not cases:
        return
    copy_lines(
        cursor,
        "cases_importdifference",
        ("case_id", "file_id", "line", "says"),
        (copy_line((case.case_id, case.file_id, case.line, _says(case))) for case in cases),
    )
    digests = {case.case_id: case.values[CASE_COLUMNS.index("source_digest")] for case in cases}
    for case_id, digest in digests.items():
        # the digest says which state of the source has been seen, so that it is not listed again
        cursor.execute(
            "UPDATE cases_case SET differs = true, source_digest = %s WHERE id = %s", [digest, case_id]
        )
