"""Plain COPY, the two ends of the scale: of the file as it stands into text, and of finished rows into the tables
that an import fills."""

import csv
from collections.abc import Iterable
from pathlib import Path

from django.db import connection, transaction

IMPORTED = ("cases_case", "cases_party", "cases_recovery", "cases_clock")
# what the imported rows refer to and the template database lacks
NEEDED = ("accounts_user", "registry_merchant", "cases_importrun", "cases_importfile")
COUNTED = (*IMPORTED, "cases_casehistory", "registry_merchant")
WRITTEN_COLUMNS = """
SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position) FROM information_schema.columns
 WHERE table_schema = 'public' AND table_name = %s AND is_generated = 'NEVER'"""


def copy_file_into_text(path: Path) -> None:
    """The UTF-8 CSV as it stands into a new table of text columns without any index."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        width = len(next(csv.reader(file)))
    columns = ", ".join(f"c{n} text" for n in range(width))
    with transaction.atomic(), connection.cursor() as cursor, path.open("rb") as file:
        cursor.execute(f"CREATE TABLE bare ({columns})")
        cursor.copy_expert("COPY bare FROM STDIN (FORMAT csv, HEADER, ENCODING 'UTF8')", file)


def unload(tables: Iterable[str], directory: Path) -> None:
    """The rows of the tables in COPY's text format, a file a table, without generated columns."""
    with connection.cursor() as cursor:
        for table in tables:
            with (directory / table).open("wb") as file:
                cursor.copy_expert(
                    f"COPY (SELECT {_columns(cursor, table)} FROM {table} ORDER BY id) TO STDOUT", file
                )


def load(tables: Iterable[str], directory: Path) -> None:
    """What `unload` wrote, in one transaction, by one COPY a table."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in tables:
            with (directory / table).open("rb") as file:
                cursor.copy_expert(f"COPY {table} ({_columns(cursor, table)}) FROM STDIN", file)


def count(tables: Iterable[str] = COUNTED) -> dict[str, int]:
    counts = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {table}")
            counts[table] = cursor.fetchone()[0]
    return counts


def _columns(cursor, table: str) -> str:
    cursor.execute(WRITTEN_COLUMNS, [table])
    return cursor.fetchone()[0]
