"""Imported cases, written set-wise: the one exception to verbs, under the same constraints.

An imported case writes no CaseEvent; its run is its origin. Where a verb has been used on a case here, an import
changes none of it: local work wins. Nor does the row of another system than the one the case came from: a case follows
its own source. In both cases the row is compared with the case, and a difference is listed for reconciliation.
"""

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils import timezone

from cases.domain.clocks import place_anew
from cases.domain.reveal import personal_context
from cases.enums import LOSS_KINDS, PartyRole, RecoveryKind
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
DIGEST = CASE_COLUMNS.index("source_digest")
# a number of another system stands for one case only, the one that bears it before any that is said to
OWNERS = """
SELECT number, case_id FROM cases_casereference WHERE source = %(source)s AND number = ANY(%(numbers)s)
UNION ALL
SELECT external_number, id FROM cases_case WHERE source = %(source)s AND external_number = ANY(%(numbers)s)"""
ADD_REFERENCES = """
INSERT INTO cases_casereference (case_id, source, number)
SELECT t.case_id, %s, t.number FROM unnest(%s::bigint[], %s::text[]) AS t(case_id, number)
ON CONFLICT DO NOTHING"""
LINK = """
INSERT INTO cases_casereference (case_id, source, number, source_digest)
SELECT t.case_id, %s, t.number, t.digest FROM unnest(%s::bigint[], %s::text[], %s::bytea[]) AS t(case_id, number, digest)
ON CONFLICT (number, source) WHERE NOT source = '' DO UPDATE SET source_digest = excluded.source_digest"""
POSTED = """
SELECT case_id, kind, sum(amount), bool_or(import_file_id IS NULL) FROM cases_recovery
 WHERE case_id = ANY(%s) GROUP BY case_id, kind"""
SETTLE = """
UPDATE cases_importdifference d SET open = false FROM cases_importfile f JOIN cases_importrun r ON r.id = f.run_id
 WHERE f.id = d.file_id AND d.open AND d.case_id = ANY(%s) AND r.source = %s"""
FLAG = """
UPDATE cases_case c SET differs = NOT differs
 WHERE id = ANY(%s) AND differs <> EXISTS (SELECT FROM cases_importdifference d WHERE d.case_id = c.id AND d.open)"""


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
    foreign: bool = False  # the case came from another system and follows that one
    stated: frozenset[str] = frozenset()  # columns of which the row itself says something; of known cases only
    day_only: frozenset[str] = frozenset()  # stamps without a time of day
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
    references: list[tuple[int, str, int]] = field(default_factory=list)  # case id, number, line

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
        self.references += [(case_id, number, case.line) for number in case.references]


@dataclass(slots=True)
class Written:
    """What became of known cases: how many rows say otherwise than the case, the imported amounts by kind that stay
    though their row no longer states them, and (number, line) of references that stand for another case."""

    differing: int
    unstated: Counter
    strange: list[tuple[str, int]]


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


def lock_worked(cursor, case_ids: list[int]) -> set[int]:
    """Lock the cases in the order of their ids; returns those on which a verb was used here."""
    if not case_ids:
        return set()
    ids = sorted(case_ids)
    cursor.execute("SELECT id FROM cases_case WHERE id = ANY(%s) ORDER BY id FOR UPDATE", [ids])
    cursor.execute("SELECT DISTINCT case_id FROM cases_caseevent WHERE case_id = ANY(%s)", [ids])
    return {row[0] for row in cursor.fetchall()}


def write_imported(
    cursor,
    *,
    new: NewCases,
    follow: list[ImportedCase],
    left: list[ImportedCase],
    merchants: dict,
    source: str,
    reference_source: str,
    now,
) -> Written:
    """Write new cases, bring those of `follow` to what their source says now, and only compare those of `left`: they
    were worked on here, or are of another source. All known cases are locked. One transaction, the caller's.

    `merchants`: the ids of all merchants that new and followed cases name. `source`: of the file. `reference_source`:
    of the further numbers in it, "" where the profile does not tell.
    """
    _insert(cursor, new, merchants)
    differing, unstated = _update(cursor, follow, merchants, now)
    differing += _leave(cursor, left)
    _reconcile(cursor, [*follow, *left], differing, source)
    _link(cursor, [case for case in left if case.foreign], source)
    known = [(case.case_id, number, case.line) for case in (*follow, *left) for number in case.references]
    strange = _add_references(cursor, reference_source, new.references + known)
    return Written(len(differing), unstated, strange)


def _insert(cursor, new: NewCases, merchants: dict) -> None:
    ends = {merchant: f"\t{copy_value(merchants.get(merchant))}" for merchant in set(new.merchants)}
    lines = (line + ends[merchant] for line, merchant in zip(new.cases, new.merchants, strict=True))
    copy_lines(cursor, "cases_case", NEW_COLUMNS, lines)
    copy_lines(cursor, "cases_party", PARTY_COLUMNS, new.parties)
    copy_lines(cursor, "cases_clock", CLOCK_COLUMNS, new.clocks)
    copy_lines(cursor, "cases_recovery", RECOVERY_COLUMNS, new.recoveries)


def _add_references(cursor, source: str, named: list[tuple[int, str, int]]) -> list[tuple[str, int]]:
    """Store further numbers of cases; returns number and line of those that stand for another case already."""
    if not named:
        return []
    owners: dict[str, int] = {}
    if source:
        cursor.execute(OWNERS, {"source": source, "numbers": [number for _case, number, _line in named]})
        owners = dict(cursor.fetchall())  # a case's own number comes last, and so wins
    fresh, strange = [], []
    for case_id, number, line in named:
        owner = owners.get(number)
        if not source:  # nobody says that equal numbers are of one system
            fresh.append((case_id, number))
        elif owner is None:
            owners[number] = case_id
            fresh.append((case_id, number))
        elif owner != case_id:
            strange.append((number, line))
    if fresh:
        case_ids, numbers = map(list, zip(*fresh, strict=True))
        cursor.execute(ADD_REFERENCES, [source, case_ids, numbers])
    return strange


def _link(cursor, cases: list[ImportedCase], source: str) -> None:
    """The row's own number becomes a further number of the case, with the digest of what was compared."""
    if cases:
        case_ids, numbers, digests = zip(
            *((case.case_id, case.external_number, case.values[DIGEST]) for case in cases), strict=True
        )
        cursor.execute(LINK, [source, list(case_ids), list(numbers), list(digests)])


def recovery_line(case: ImportedCase, kind: str, amount: Decimal, now) -> str:
    unspecified = RecoveryKind.UNSPECIFIED.value
    return copy_line(
        (case.case_id, case.posted_on, amount, str(kind), unspecified, unspecified, "", case.file_id, now)
    )


def _update(cursor, cases: list[ImportedCase], merchants: dict, now) -> tuple[list[ImportedCase], Counter]:
    """Bring cases to what their source says; as `_post_differences` returns."""
    if not cases:
        return [], Counter()
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
        f"UPDATE cases_case c SET {assignments} FROM imported_case i WHERE c.id = i.id"  # noqa: S608 - our own names
    )
    ids = [case.case_id for case in cases]
    # rows of other systems are to be compared with the case as it is now
    cursor.execute(
        "UPDATE cases_casereference SET source_digest = '' WHERE case_id = ANY(%s) AND source_digest <> ''", [ids]
    )
    cursor.execute("DELETE FROM cases_clock WHERE case_id = ANY(%s)", [ids])
    copy_lines(
        cursor,
        "cases_clock",
        CLOCK_COLUMNS,
        (copy_line((case.case_id, *clock)) for case in cases for clock in case.clocks),
    )
    place_anew(ids)
    _update_parties(cursor, cases)
    return _post_differences(cursor, cases, now)


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


def _group(kind: str) -> str:
    """A source states its recovered loss as one sum, whatever of it we know to be refund, repair and so on."""
    return RecoveryKind.UNSPECIFIED.value if kind in LOSS_KINDS else kind


def _posted(cursor, ids: list[int]) -> tuple[dict[int, Counter], set[int]]:
    """Amounts posted on cases, by kind as a source states them, and the cases with postings made here."""
    cursor.execute(POSTED, [ids])
    posted: dict[int, Counter] = {}
    local = set()
    for case_id, kind, amount, made_here in cursor.fetchall():
        posted.setdefault(case_id, Counter())[_group(kind)] += amount
        if made_here:
            local.add(case_id)
    return posted, local


def _post_differences(cursor, cases: list[ImportedCase], now) -> tuple[list[ImportedCase], Counter]:
    """Post what the source's cumulative amount exceeds (or falls short of) the imported postings by. Where postings
    were made here, post nothing: the first value returned are the cases on which these differ from the source, the
    second the amounts posted that no row states any longer."""
    posted, local = _posted(cursor, [case.case_id for case in cases])
    lines, differing, unstated = [], [], Counter()
    for case in cases:
        known = posted.get(case.case_id, {})
        unstated.update({kind: amount for kind, amount in known.items() if kind not in case.amounts})
        deltas = {kind: amount - known.get(kind, Decimal(0)) for kind, amount in case.amounts.items()}
        if not any(deltas.values()):
            continue
        if case.case_id in local:
            differing.append(case)
            continue
        lines += [recovery_line(case, kind, delta, now) for kind, delta in deltas.items() if delta]
    copy_lines(cursor, "cases_recovery", RECOVERY_COLUMNS, lines)
    return differing, unstated


# what a row states of a case that it does not change, and the names as written that tell of it. Another system has
# its own receipt, handling agency and region
COMPARED = ("state", "outcome", "ground", "decided_at", "accepted_at", "closed_at", "claimed")
COMPARED_OF_OWN = (*COMPARED, "kind", "received_at", "handling_id", "region_id")
WRITTEN_NAMES = {"handling_id": "agency_written", "region_id": "region_written"}
OURS = f"SELECT id, {', '.join(COMPARED_OF_OWN)} FROM cases_case WHERE id = ANY(%s)"  # noqa: S608 - our own names


def _stated(case: ImportedCase) -> dict:
    """What the row itself states, by column; an empty cell states nothing, whatever was derived for it."""
    values = dict(zip(CASE_COLUMNS, case.values, strict=True))
    names = COMPARED if case.foreign else COMPARED_OF_OWN
    return {name: values[name] for name in names if name in case.stated and values[name] not in (None, "")}


def _agrees(ours: dict, case: ImportedCase) -> bool:
    """Whether the case holds what the row states; a stamp without a time of day states its day."""
    for name, stated in _stated(case).items():
        mine = ours[name]
        if name in case.day_only and mine is not None:
            mine, stated = timezone.localdate(mine), stated.date()
        if mine != stated:
            return False
    return True


def _leave(cursor, cases: list[ImportedCase]) -> list[ImportedCase]:
    """Compare rows with cases that they do not change. Returns those that differ."""
    if not cases:
        return []
    ids = [case.case_id for case in cases]
    # a reporter's identity is sealed at once, whatever was done here
    reporters = [case.case_id for case in cases if case.role == PartyRole.REPORTER]
    if reporters:
        cursor.execute("UPDATE cases_party SET sealed = true WHERE case_id = ANY(%s) AND NOT sealed", [reporters])
    cursor.execute(OURS, [ids])
    ours = {row[0]: dict(zip(COMPARED_OF_OWN, row[1:], strict=True)) for row in cursor.fetchall()}
    posted, _local = _posted(cursor, ids)
    differing = []
    for case in cases:
        mine, amounts = ours[case.case_id], posted.get(case.case_id, {})
        if not _agrees(mine, case) or any(
            amounts.get(kind, 0) != amount for kind, amount in case.amounts.items()
        ):
            differing.append(case)
    own = [case for case in cases if not case.foreign]
    if own:
        # the digest says which state of the source has been seen, so that it is not listed again
        cursor.execute(
            "UPDATE cases_case c SET source_digest = t.digest FROM unnest(%s::bigint[], %s::bytea[]) AS t(id, digest)"
            " WHERE c.id = t.id",
            [[case.case_id for case in own], [case.values[DIGEST] for case in own]],
        )
    return differing


def _says(case: ImportedCase) -> dict[str, str]:
    """What the row states, in the form that is kept: by column, of agency and region the names as written."""
    values = dict(zip(CASE_COLUMNS, case.values, strict=True))
    stated = {WRITTEN_NAMES.get(name, name): value for name, value in _stated(case).items()}
    stated |= {name: values[name] for name in WRITTEN_NAMES.values() if name in stated}
    return {name: str(value) for name, value in (stated | case.amounts).items() if value != ""}


def _reconcile(cursor, cases: list[ImportedCase], differing: list[ImportedCase], source: str) -> None:
    """What the source said before of these cases is settled: it agrees now, or says something else, which is listed."""
    if not cases:
        return
    ids = [case.case_id for case in cases]
    cursor.execute(SETTLE, [ids, source])
    copy_lines(
        cursor,
        "cases_importdifference",
        ("case_id", "file_id", "line", "says", "open"),
        (copy_line((case.case_id, case.file_id, case.line, _says(case), True)) for case in differing),
    )
    cursor.execute(FLAG, [ids])
