"""Set-wise writing: rows go to PostgreSQL by COPY in its text format."""

import io
import json
import re
from collections.abc import Iterable, Sequence

SPECIAL = re.compile(r"[\\\t\n\r]")
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def copy_value(value) -> str:
    """One value in COPY's text format; None is NULL, dict and list are JSON."""
    kind = type(value)
    if kind is str:
        return value.translate(ESCAPES) if SPECIAL.search(value) else value
    if value is None:
        return "\\N"
    if kind is bytes:
        return "\\\\x" + value.hex()
    if kind is bool:
        return "t" if value else "f"
    if kind in (dict, list):
        return json.dumps(value, ensure_ascii=False).translate(ESCAPES)
    return str(value)


def copy_line(values: Iterable) -> str:
    """One row, without the line end."""
    return "\t".join(map(copy_value, values))


def copy_lines(cursor, table: str, columns: Sequence[str], lines: Iterable[str]) -> None:
    """COPY ready lines into `table`. `cursor` is Django's; names are our own, never input."""
    text = "\n".join(lines)
    if text:
        cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", io.StringIO(text + "\n"))


def next_ids(cursor, table: str, count: int) -> list[int]:
    """`count` fresh ids of `table` from its sequence."""
    if not count:
        return []
    cursor.execute(
        "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, count]
    )
    return [row[0] for row in cursor.fetchall()]
