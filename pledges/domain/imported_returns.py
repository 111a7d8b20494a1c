"""Imported entries of the returns ledger, written set-wise: the exception to verbs, under the same constraints.

What a file brought follows it, and each correction keeps what stood before it. What a person entered or corrected here is
left as it is, and only compared.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from core.bulk import copy_line, copy_lines, next_ids

# the first months of what the premises of these merchants promised, None where goods were never taken back
UNITS = """
SELECT u.id, merchant_id, name_key, region_id, agency_id,
       (SELECT date_trunc('month', min(p.published_on))::date FROM pledges_pledge p
          JOIN pledges_pledgetype t ON t.id = p.type_id AND t.least_days IS NOT NULL WHERE p.premises_id = u.id)
  FROM pledges_premises u WHERE merchant_id = ANY(%s) AND name_key = ANY(%s)"""
LOCK = "SELECT id FROM pledges_premises WHERE id = ANY(%s) ORDER BY id FOR UPDATE"
STORED = """
SELECT r.premises_id, r.month, r.id, r.count, r.amount,
       r.entered_by_id IS NOT NULL
       OR EXISTS (SELECT FROM pledges_returnchange c WHERE c.entry_id = r.id AND c.import_file_id IS NULL)
  FROM pledges_returnentry r
  JOIN (SELECT DISTINCT * FROM unnest(%s::bigint[], %s::date[]) AS t(premises_id, month)) t
    ON t.premises_id = r.premises_id AND t.month = r.month ORDER BY r.id FOR NO KEY UPDATE OF r"""
UPDATE = """
UPDATE pledges_returnentry r
   SET count = t.count, amount = t.amount, updated_at = %s, import_file_id = %s, import_line = t.line
  FROM unnest(%s::bigint[], %s::int[], %s::numeric[], %s::int[]) AS t(id, count, amount, line) WHERE r.id = t.id"""
READ_BACK = """
SELECT g.code, count(*), sum(r.amount) FROM pledges_returnentry r JOIN pledges_premises u ON u.id = r.premises_id
  JOIN registry_region g ON g.id = u.region_id WHERE r.id = ANY(%s) GROUP BY 1"""

Identity = tuple[int, dt.date]


class Unit(NamedTuple):
    """Premises, and the month in which they first promised to take goods back."""

    id: int
    merchant_id: int
    name_key: str
    region_id: int
    agency_id: int
    first_month: dt.date | None


@dataclass(slots=True)
class ImportedReturns:
    """What a row says of one month of one of a merchant's premises."""

    line: int
    month: dt.date
    count: int
    amount: Decimal
    premises_id: int = 0

    @property
    def identity(self) -> Identity:
        return self.premises_id, self.month


class Stored(NamedTuple):
    """An entry as it is, and whether a person entered or corrected it here."""

    id: int
    count: int
    amount: Decimal
    worked: bool


@dataclass
class Written:
    """What became of the entries. `ids`: of all that were taken."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    differing: list[ImportedReturns] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)


def units_named(cursor, merchants: Iterable[int], keys: Iterable[str]) -> dict[tuple[int, str], list[Unit]]:
    """The premises of these merchants under one of the names, by merchant and key of the name."""
    cursor.execute(UNITS, [list(merchants), list(keys)])
    found: dict[tuple[int, str], list[Unit]] = {}
    for row in cursor.fetchall():
        unit = Unit(*row)
        found.setdefault((unit.merchant_id, unit.name_key), []).append(unit)
    return found


def write_returns(cursor, entries: list[ImportedReturns], *, file_id: int, actor, now: dt.datetime) -> Written:
    """Write entries of which none stands twice. One transaction, the caller's; the premises are locked first."""
    cursor.execute(LOCK, [sorted({entry.premises_id for entry in entries})])
    cursor.execute(STORED, [[entry.premises_id for entry in entries], [entry.month for entry in entries]])
    stored = {row[:2]: Stored(*row[2:]) for row in cursor.fetchall()}
    written, fresh, changed = Written(), [], []
    for entry in entries:
        found = stored.get(entry.identity)
        if found is None:
            fresh.append(entry)
            continue
        written.ids.append(found.id)
        same = (found.count, found.amount) == (entry.count, entry.amount)
        if same or found.worked:
            written.unchanged += 1
            if not same:
                written.differing.append(entry)
        else:
            changed.append((found, entry))
    _correct(cursor, changed, file_id, actor.pk, now)
    ids = next_ids(cursor, "pledges_returnentry", len(fresh))
    copy_lines(
        cursor, "pledges_returnentry",
        ("id", "premises_id", "month", "count", "amount", "import_file_id", "import_line", "created_at", "updated_at"),
        (
            copy_line((pk, one.premises_id, one.month, one.count, one.amount, file_id, one.line, now, now))
            for pk, one in zip(ids, fresh, strict=True)
        ),
    )  # fmt: skip
    written.created, written.updated = len(ids), len(changed)
    written.ids += ids
    return written


def _correct(cursor, changed: list[tuple[Stored, ImportedReturns]], file_id: int, actor_id: int, now) -> None:
    if not changed:
        return
    copy_lines(
        cursor, "pledges_returnchange",
        ("entry_id", "count_before", "amount_before", "count", "amount", "reason", "actor_id", "at", "import_file_id",
         "import_line"),
        [
            copy_line((
                found.id, found.count, found.amount, said.count, said.amount, "", actor_id, now, file_id, said.line,
            ))
            for found, said in changed
        ],
    )  # fmt: skip
    columns = zip(*((found.id, said.count, said.amount, said.line) for found, said in changed), strict=True)
    cursor.execute(UPDATE, [now, file_id, *map(list, columns)])


def returns_of(cursor, ids: list[int]) -> list[tuple[str, int, Decimal]]:
    """Rows and amounts of these entries by division code, as the database has them."""
    cursor.execute(READ_BACK, [ids])
    return cursor.fetchall()
