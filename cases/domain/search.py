"""The searched text of cases, and keeping it up with them: a consumer of the change feed."""

import contextlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator

from django.db import connection

from cases.models import Case, CaseSearch
from core.bulk import copy_line, copy_lines
from core.text import mask_numbers

COMPARED = 5_000  # cases at a time
(INDEX,) = CaseSearch._meta.indexes
SEARCH = "search"  # the name of the consumer
_SPACE = re.compile(r"\s+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
TEXTS = """
SELECT c.id, c.received_at, c.custodian_id, c.custodian_root_id, c.custodian_district_id, c.narrative, c.demand,
       coalesce(m.name, ''), c.merchant_written, c.goods, c.brand, c.order_number, coalesce(m.aliases, '{}')
  FROM cases_case c LEFT JOIN registry_merchant m ON m.id = c.merchant_id WHERE c.id = ANY(%s) ORDER BY c.id"""
COLUMNS = ("case_id", "received_at", "custodian", "custodian_root", "custodian_district", "content")
NAMES = ", ".join(COLUMNS)
STAGE = f"""
CREATE TEMPORARY TABLE IF NOT EXISTS search_staging ON COMMIT DELETE ROWS AS
SELECT {NAMES} FROM cases_casesearch WITH NO DATA"""  # noqa: S608 - our own names
MERGE = f"""
INSERT INTO cases_casesearch AS s ({NAMES}) SELECT {NAMES} FROM search_staging
ON CONFLICT (case_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in COLUMNS[1:])}
 WHERE ({", ".join(f"s.{name}" for name in COLUMNS)})
       IS DISTINCT FROM ({", ".join(f"excluded.{name}" for name in COLUMNS)})"""  # noqa: S608


def one_spelling(text: str) -> str:
    """`text` as it is searched: compatible characters are one (full width and half, ㎏ and kg), case does not count,
    any white space is one space."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return _SPACE.sub(" ", _CONTROL.sub(" ", folded)).strip()


def searched_field(text: str) -> str:
    """One text of a case as it is searched. Masked before and after: what the page hides is hidden, and what only one
    spelling makes a number of, too."""
    return mask_numbers(one_spelling(mask_numbers(text)))


def search_text(texts: Iterable[str]) -> str:
    """The texts of a case, one a line, so that no word or phrase is found across two of them; each once."""
    return "\n".join(dict.fromkeys(filter(None, map(searched_field, texts))))


def write_search(case_ids: list[int]) -> None:
    """Bring the searched texts of these cases up to date; what has not changed is not written."""
    with connection.cursor() as cursor:
        cursor.execute(STAGE)
        cursor.execute("TRUNCATE search_staging")
        copy_lines(cursor, "search_staging", COLUMNS, map(copy_line, _rows_of(cursor, case_ids)))
        cursor.execute(MERGE)


def settle_search() -> None:
    """Sort what waits at the index into it: each search reads that list from end to end."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT cases_settle_search()")


def _rows_of(cursor, case_ids: list[int]) -> Iterator[tuple]:
    """Rows in the order of COLUMNS, as the cases are now."""
    cursor.execute(TEXTS, [case_ids])
    for *facts, narrative, demand, name, written, goods, brand, order_number, aliases in cursor.fetchall():
        yield *facts, search_text((narrative, demand, name, written, goods, brand, order_number, *aliases))


@contextlib.contextmanager
def filled_at_once() -> Iterator[None]:
    """Around the filling of an empty table: the index is built when all texts are there, in half of the time. Until
    then a rare word takes as long as reading all of them. Only for the owner of the table: others fill it as it is."""
    if CaseSearch.objects.exists() or not _is_owner():
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX IF EXISTS {INDEX.name}")
    try:
        yield
    finally:
        ensure_index()


def ensure_index() -> None:
    """Build the index where it is missing, as it is if the process was killed that had taken it away. Only its owner
    had done so, and only he can mend it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NULL", [INDEX.name])
        (missing,) = cursor.fetchone()
    if missing and _is_owner():
        with connection.schema_editor() as editor:
            editor.add_index(CaseSearch, INDEX)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE cases_casesearch")


def _is_owner() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = 'cases_casesearch'::regclass")
        return cursor.fetchone()[0]


def compare_search(progress: Callable[[int], None] = lambda done: None) -> tuple[int, int]:
    """How many cases the search does not have at all, and how many it has otherwise than they are. Reads all of them."""
    missing = stale = last = 0
    while True:
        ids = list(Case.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:COMPARED])
        if not ids:
            return missing, stale
        stored = {row[0]: row for row in CaseSearch.objects.filter(pk__in=ids).values_list(*COLUMNS)}
        with connection.cursor() as cursor:
            now = {row[0]: row for row in _rows_of(cursor, ids)}
        missing += len(now.keys() - stored.keys())
        stale += sum(pk in stored and stored[pk] != row for pk, row in now.items())
        last = ids[-1]
        progress(len(ids))
