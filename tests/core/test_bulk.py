import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.bulk import copy_line, copy_lines, copy_value, next_ids

pytestmark = pytest.mark.django_db
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=40) | st.sampled_from(
    ["\\N", "\\.", "", "\\", "\\\\n", "\t", "a\tb\r\nc", "\\x00", "\v\b", "NULL", "😀退款", "'\"", "\ufeff", "\u2028"]
)
ROWS = st.lists(
    st.tuples(
        st.none() | TEXTS,
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.booleans(),
        st.none() | st.binary(max_size=20),
        st.none() | st.dictionaries(TEXTS, TEXTS | st.none() | st.integers(-9, 9) | st.lists(TEXTS), max_size=3),
        st.none() | st.decimals(-(10**9), 10**9, places=2),
        st.none() | st.dates(),
    ),
    max_size=5,
)
# one object lasts for all examples: the temporary table is emptied for each
RELAXED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
COLUMNS = ("words", "n", "flag", "raw", "data", "amount", "day")


@pytest.fixture
def cursor():
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE copied (id bigserial, words text, n bigint, flag boolean, raw bytea, data json,"
            " amount numeric(14, 2), day date) ON COMMIT DROP"
        )
        yield cursor
        cursor.execute("DROP TABLE copied")


def stored(cursor) -> list[tuple]:
    cursor.execute(f"SELECT {', '.join(COLUMNS)} FROM copied ORDER BY id")
    return [tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in cursor.fetchall()]


@RELAXED
@given(rows=ROWS)
def test_every_value_comes_back_from_the_database_as_it_went_in(cursor, rows):
    cursor.execute("TRUNCATE copied")
    # JSON has no NUL and no lone surrogates either; all else must survive
    copy_lines(cursor, "copied", COLUMNS, [copy_line(row) for row in rows])

    assert stored(cursor) == rows


@RELAXED
@given(words=st.text(st.characters(exclude_characters="\x00\t\n\r\\", exclude_categories=["Cs"])), n=st.integers(0, 9))
def test_a_plain_line_is_the_line_itself_where_nothing_needs_an_escape(words, n):
    row = (words, n, None, True, b"\\", Decimal("1.50"), dt.date(2020, 5, 6))

    assert copy_line(row, plain=True) == copy_line(row)


@pytest.mark.parametrize("value", [{}, []])
def test_empty_json_is_json_and_not_null(cursor, value):
    copy_lines(cursor, "copied", ("data",), [copy_value(value)])

    assert stored(cursor)[0][4] == value


def test_no_lines_are_no_copy(cursor):
    copy_lines(cursor, "copied", COLUMNS, [])

    assert stored(cursor) == []


def test_an_aware_time_keeps_its_moment(cursor):
    at = dt.datetime(2020, 5, 6, 9, 30, 1, 250, tzinfo=dt.timezone(dt.timedelta(hours=8)))
    cursor.execute("ALTER TABLE copied ADD COLUMN at timestamptz")
    copy_lines(cursor, "copied", ("at",), [copy_value(at)])

    cursor.execute("SELECT at FROM copied")
    assert cursor.fetchone()[0] == at


def test_ids_come_from_the_sequence_and_never_twice(cursor):
    first, second = next_ids(cursor, "cases_case", 3), next_ids(cursor, "cases_case", 2)

    assert len({*first, *second}) == 5
    assert min(second) > max(first)
    assert next_ids(cursor, "cases_case", 0) == []
