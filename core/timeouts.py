"""A limit for queries that a reader's words may make slow."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction
from psycopg2.errors import QueryCanceled


class QueryTooSlow(Exception):
    """A query was cut off by `time_limit`; nothing was changed."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Each query inside runs for `seconds` at most, in one transaction. Raises QueryTooSlow."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(int(seconds * 1000))])
            yield
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise QueryTooSlow from error
        raise
