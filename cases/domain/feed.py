"""Reading the change feed of cases: what is derived from cases follows them behind, in batches, and misses none.

A consumer reads a batch and writes what it makes of it in one transaction, in which its position moves on. A case may
come more than once, never less than once: what a consumer does must bear being done again.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone

from cases.models import Case, CaseChange, FeedPosition

BATCH = 5_000  # rows of the feed, or cases without it
WAITING_CAP = 10_000
ALL = 2**63 - 1  # above every key
_consumers: dict[str, "Consumer"] = {}

NEWEST = "SELECT coalesce(max(id), 0), pg_current_xact_id_if_assigned() IS NULL FROM cases_casechange"
# a consumer that is new has all cases before it, and those of transactions that run now beside it in the feed
OPEN = """
INSERT INTO cases_feedposition (consumer, last_id, until_id, until_transaction, backfill_before)
VALUES (%(consumer)s, %(newest)s, %(newest)s, pg_current_xact_id()::text::bigint, %(all)s)
ON CONFLICT (consumer) DO NOTHING"""
HORIZON = """
SELECT pg_current_xact_id()::text::bigint, pg_snapshot_xmin(pg_current_snapshot())::text::bigint"""
# transactions of other databases, which that number counts too, write nothing here: who holds the lock on its own number
# in this one? It is held from before the first write until all that was written can be seen
OLDEST_HERE = """
SELECT min(pg_current_xact_id()::text::bigint - age(l.transactionid))
  FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
 WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted
   AND (a.pid IS NULL OR a.datid = (SELECT oid FROM pg_database WHERE datname = current_database()))"""
WAITING = """
SELECT (SELECT count(*) FROM (SELECT FROM cases_casechange WHERE id > p.last_id LIMIT %s) AS a)
     + (SELECT count(*) FROM (SELECT FROM cases_case WHERE id < p.backfill_before LIMIT %s) AS b)
  FROM (SELECT last_id, backfill_before FROM cases_feedposition WHERE consumer = %s
        UNION ALL SELECT %s, %s ORDER BY last_id LIMIT 1) AS p"""
CHANGED = """
INSERT INTO cases_casechange (case_id, kind, "transaction")
SELECT id, 'changed', (SELECT pg_current_xact_id()::text::bigint) FROM ({}) AS c (id)"""
OF_MERCHANTS = "SELECT id FROM cases_case WHERE merchant_id = ANY(%s)"
TRIM = """
DELETE FROM cases_casechange WHERE id = ANY(ARRAY(
  SELECT id FROM cases_casechange
   WHERE id <= (SELECT min(last_id) FROM cases_feedposition WHERE consumer = ANY(%(consumers)s))
   ORDER BY id LIMIT %(limit)s))"""


@dataclass(frozen=True)
class Batch:
    """The cases to look at, each once. `held_back`: rows are there that cannot be read yet, because a transaction
    that may still write before them is running."""

    case_ids: list[int]
    held_back: bool = False


@dataclass(frozen=True)
class Consumer:
    function: Callable[[list[int]], None]
    settle: Callable[[], None] | None = None


def register_consumer(
    name: str, function: Callable[[list[int]], None], *, settle: Callable[[], None] | None = None
) -> None:
    """Let `function(case_ids)` follow the cases; it writes in the transaction in which it is called. `settle()` is
    called when it has been given all there was. For `AppConfig.ready()`. A consumer that is new is given all cases
    there are, once."""
    _consumers[name] = Consumer(function, settle)


def consumers() -> tuple[str, ...]:
    return tuple(_consumers)


def consume(name: str, limit: int = BATCH) -> Batch:
    """Give the consumer its next batch; one transaction. Raises KeyError for one that is not registered."""
    function = _consumers[name].function
    with transaction.atomic():
        batch = read_changes(name, limit)
        if batch.case_ids:
            function(batch.case_ids)
    return batch


def settle(name: str) -> None:
    """Let the consumer put in order what its batches have left, now that it has time."""
    if function := _consumers[name].settle:
        function()


def read_changes(consumer: str, limit: int = BATCH, *, now=None) -> Batch:
    """The next changed cases for a consumer, from at most `limit` rows, and the position moved behind them.

    Must open the transaction in which the consumer writes what it makes of them: both stand or fall together. A second
    reader of the same consumer waits for the first. Where the feed is read, the backfill goes on.
    """
    with connection.cursor() as cursor:
        newest = _newest(cursor)
        position = _locked(cursor, consumer, newest)
        cursor.execute(HORIZON)
        current, oldest = cursor.fetchone()
        if position.last_id >= position.until_id < newest:
            position.until_id, position.until_transaction = newest, current
        # a number of the future is of the server from which this database was restored: nothing of that one runs
        readable = position.until_transaction > current or _have_ended(cursor, position.until_transaction, oldest)
        batch = _next(cursor, position, limit) if readable else Batch([], held_back=True)
        position.read_at = now or timezone.now()
        position.save()
    return batch


def _newest(cursor) -> int:
    """The newest row that is seen, read before the transaction has its number: a number that it had already would be
    older than transactions whose rows may yet appear below that row."""
    cursor.execute(NEWEST)
    newest, is_first = cursor.fetchone()
    if not is_first:
        raise RuntimeError("The feed must be read before anything is written in the same transaction.")
    return newest


def _locked(cursor, consumer: str, newest: int) -> FeedPosition:
    """The consumer's position, made where it is new, for this transaction alone."""
    position = FeedPosition.objects.select_for_update().filter(pk=consumer).first()
    if position is None:
        cursor.execute(OPEN, {"consumer": consumer, "newest": newest, "all": ALL})
        position = FeedPosition.objects.select_for_update().get(pk=consumer)
    return position


def _have_ended(cursor, number: int, oldest: int) -> bool:
    """Whether all transactions of this database with a lower number have ended; `oldest` runs on the server."""
    if oldest >= number:
        return True
    cursor.execute(OLDEST_HERE)
    return cursor.fetchone()[0] >= number


def _next(cursor, position: FeedPosition, limit: int) -> Batch:
    """Move `position` behind the next rows of the feed or, where there are none, the next cases without it."""
    if position.last_id < position.until_id:
        cursor.execute(
            "SELECT id, case_id FROM cases_casechange WHERE id > %s AND id <= %s ORDER BY id LIMIT %s",
            [position.last_id, position.until_id, limit],
        )
        rows = cursor.fetchall()
        position.last_id = rows[-1][0] if len(rows) == limit else position.until_id
        return Batch(sorted({case_id for _id, case_id in rows}))
    if position.backfill_before is None:
        return Batch([])
    ids = list(
        Case.objects.filter(pk__lt=position.backfill_before).order_by("-pk").values_list("pk", flat=True)[:limit]
    )
    position.backfill_before = ids[-1] if len(ids) == limit else None
    return Batch(ids[::-1])


def has_work(consumer: str) -> bool:
    """Whether the consumer has something to read, without a lock or a write."""
    position = FeedPosition.objects.filter(pk=consumer).first()
    if position is None or position.backfill_before is not None:
        return True
    return CaseChange.objects.filter(pk__gt=position.last_id).exists()


def is_filled(consumer: str) -> bool:
    """Whether the consumer has been given all cases once and lives on changes alone."""
    return FeedPosition.objects.filter(pk=consumer, backfill_before=None).exists()


def waiting(consumer: str, cap: int = WAITING_CAP) -> int:
    """How many changes and cases the consumer has not read, counted to twice `cap` at most."""
    with connection.cursor() as cursor:
        cursor.execute(*waiting_sql(consumer, cap))
        return cursor.fetchone()[0]


def waiting_sql(consumer: str, cap: int = WAITING_CAP) -> tuple[str, list]:
    """The question of `waiting`, for a statement that asks more."""
    return WAITING, [cap, cap, consumer, ALL, ALL]


def begin_again(consumer: str) -> None:
    """Have the consumer read all cases anew, beside whatever changes meanwhile."""
    with transaction.atomic(), connection.cursor() as cursor:
        position = _locked(cursor, consumer, _newest(cursor))
        position.backfill_before = ALL
        position.save(update_fields=["backfill_before"])


def merchants_renamed(merchant_ids: list[int]) -> None:
    """What a case shows of its merchant has changed: the cases of these merchants stand in the feed as changed. In the
    transaction that renames them."""
    cases_concerned(OF_MERCHANTS, [merchant_ids])


def cases_concerned(select: str, parameters: list | dict) -> int:
    """The cases whose keys the statement `select` gives, each once, stand in the feed as changed: something else that is
    derived from them has changed. In the transaction that changes it; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(CHANGED.format(select), parameters)
        return cursor.rowcount


def trim_feed(limit: int = 4 * BATCH) -> int:
    """Delete rows that all registered consumers have read, `limit` at most; returns how many."""
    names = list(_consumers)
    with transaction.atomic(), connection.cursor() as cursor:
        if FeedPosition.objects.filter(pk__in=names).count() < len(names) or not names:
            return 0
        cursor.execute(TRIM, {"consumers": names, "limit": limit})
        return cursor.rowcount
