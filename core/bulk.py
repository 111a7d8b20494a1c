"""Set-wise writing: rows go to PostgreSQL by COPY in its text format."""

import io
import json
import re
from collections.abc import Iterable, Sequence

SPECIAL = re.compile(r"[\\\t\n\r]")
NULL = "\\N"
BLOCK = 1 << 18  # bytes that go to the server at a time
JSON = json.JSONEncoder(ensure_ascii=False).encode
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _escaped(text: str) -> str:
    return text.translate(ESCAPES) if SPECIAL.search(text) else text


# how values other than text are written; all others as `str` writes them
WRITERS = {
    type(None): lambda _: NULL,
    bool: lambda value: "t" if value else "f",
    bytes: lambda value: "\\\\x" + value.hex(),
    dict: lambda value: JSON(value).translate(ESCAPES) if value else "{}",
    list: lambda value: JSON(value).translate(ESCAPES) if value else "[]",
}


def copy_value(value) -> str:
    """One value in COPY's text format; None is NULL, dict and list are JSON."""
    kind = value.__class__
    return _escaped(value) if kind is str else WRITERS.get(kind, str)(value)


def copy_line(values: Iterable, *, plain: bool = False) -> str:
    """One row, without the line end. `plain`: the caller knows that no text of it needs an escape."""
    if not plain:
        return "\t".join(map(copy_value, values))
    writer = WRITERS.get
    return "\t".join([
        value if (kind := value.__class__) is str else NULL if value is None else writer(kind, str)(value)
        for value in values
    ])


def copy_lines(cursor, table: str, columns: Sequence[str], lines: Iterable[str]) -> None:
    """COPY ready lines into `table`. `cursor` is Django's; names are our own, never input."""
    text = "\n".join(lines)
    if text:
        file = io.BytesIO(f"{text}\n".encode())
        with cursor.db.wrap_database_errors:  # the driver's own method: Django wraps only the usual ones
            cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", file, BLOCK)


def next_ids(cursor, table: str, count: int) -> list[int]:
    """`count` fresh ids of `table` from its sequence."""
    if not count:
        return []
    cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [table])
    sequence = cursor.fetchone()[0]
    cursor.execute("SELECT array_agg(nextval(%s::regclass)) FROM generate_series(1, %s)", [sequence, count])
    return cursor.fetchone()[0]
