"""Imported cases, written set-wise: the one exception to verbs, under the same constraints.

An imported case writes no CaseEvent; its run is its origin. Where a verb has been used on a case here, an import
changes none of it: local work wins, and the difference is listed for reconciliation.
"""

from dataclasses import dataclass
from decimal import Decimal

from cases.domain.reveal import personal_context
from cases.enums import PartyRole, RecoveryKind
from core.bulk import copy_line, copy_lines, next_ids
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
PERSONAL_FIELDS = ("name", "phone", "address", "id_type", "id_number")


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
    merchant_id: int | None = None
    case_id: int | None = None
    references: tuple[str, ...] = ()
    case_line: str = ""
    party_line: str = ""


def prepare_new(case: ImportedCase, *, source: str, case_id: int, party_id: int | None) -> None:
    """Make the ready COPY lines of a new case; all that costs time and needs no database."""
    case.case_id = case_id
    head = (case_id, f"{case.year}-{case_id:08d}", source, case.external_number, {}, False)
    case.case_line = copy_line((*head, *case.values))
    if party_id and case.role:
        case.party_line = party_line(party_id, case_id, case.role, case.personal)


def party_line(party_id: int, case_id: int, role: str, personal: dict[str, str]) -> str:
    """A party ready for COPY: encrypted, hashed for look-up, sealed if a reporter."""
    return copy_line(
        (
            party_id,
            case_id,
            role,
            role == PartyRole.REPORTER,
            encrypt(personal, context=personal_context(party_id)) if personal else None,
            lookup_hash("phone", personal.get("phone", "")),
            lookup_hash("id_number", personal.get("id_number", "")),
        )
    )


def write_imported(cursor, *, source: str, new: list[ImportedCase], changed: list[ImportedCase], now) -> int:
    """Write new cases, and bring unworked ones to what their source says now. One transaction, the caller's.

    Returns how many of `changed` were left alone because work was done on them here.
    """
    _insert(cursor, source, new, now)
    worked = _lock_and_split(cursor, changed)
    follow = [case for case in changed if case.case_id not in worked]
    _update(cursor, follow, now)
    _record_differences(cursor, [case for case in changed if case.case_id in worked])
    return len(worked)


def _insert(cursor, source: str, new: list[ImportedCase], now) -> None:
    merchant = {case.merchant_id: copy_line((case.merchant_id,)) for case in new}
    copy_lines(
        cursor, "cases_case", NEW_COLUMNS, (f"{case.case_line}\t{merchant[case.merchant_id]}" for case in new)
    )
    copy_lines(cursor, "cases_party", PARTY_COLUMNS, (case.party_line for case in new if case.party_line))
    _write_clocks(cursor, new)
    copy_lines(
        cursor,
        "cases_recovery",
        RECOVERY_COLUMNS,
        (
            _recovery_line(case, kind, amount, now)
            for case in new
            for kind, amount in case.amounts.items()
            if amount
        ),
    )
    _write_references(cursor, source, new)


def _write_references(cursor, source: str, cases: list[ImportedCase]) -> None:
    for case in cases:
        for number in case.references:
            cursor.execute(
                "INSERT INTO cases_casereference (case_id, source, number) VALUES (%s, %s, %s)"
                " ON CONFLICT (number, source) DO NOTHING",
                [case.case_id, source, number],
            )


def _write_clocks(cursor, cases: list[ImportedCase]) -> None:
    copy_lines(
        cursor,
        "cases_clock",
        CLOCK_COLUMNS,
        (copy_line((case.case_id, *clock)) for case in cases for clock in case.clocks),
    )


def _recovery_line(case: ImportedCase, kind: str, amount: Decimal, now) -> str:
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


def _update(cursor, cases: list[ImportedCase], now) -> None:
    if not cases:
        return
    columns = (*CASE_COLUMNS, "merchant_id")
    cursor.execute(
        "CREATE TEMP TABLE IF NOT EXISTS imported_case ON COMMIT DELETE ROWS AS "
        f"SELECT id, {', '.join(columns)} FROM cases_case WITH NO DATA"  # noqa: S608 - our own names
    )
    cursor.execute("TRUNCATE imported_case")
    copy_lines(
        cursor,
        "imported_case",
        ("id", *columns),
        (copy_line((case.case_id, *case.values, case.merchant_id)) for case in cases),
    )
    assignments = ", ".join(f"{name} = i.{name}" for name in columns)
    cursor.execute(
        f"UPDATE cases_case c SET {assignments}, differs = false FROM imported_case i WHERE c.id = i.id"  # noqa: S608
    )
    ids = [case.case_id for case in cases]
    cursor.execute("DELETE FROM cases_clock WHERE case_id = ANY(%s)", [ids])
    _write_clocks(cursor, cases)
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
        lines += [_recovery_line(case, kind, delta, now) for kind, delta in deltas.items() if delta]
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
