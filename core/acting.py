"""Who is at work: what the database writes into histories by itself bears this user.

A setting of the session, read by the default of a column, costs a bulk write nothing. pghistory's own contexts were
measured at a subtransaction for each row, and keep the user in a table that must be updated with every write.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection, models
from django.db.models import Func
from psycopg2.extensions import TRANSACTION_STATUS_INERROR

SETTING = "consumer_rights.actor"


class Acting(Func):
    """The id of the user at work, NULL where nobody is named."""

    template = f"NULLIF(current_setting('{SETTING}', true), '')::bigint"
    output_field = models.BigIntegerField()


def acting_user(verbose_name) -> models.ForeignKey:
    """A column that the database fills with the user at work, whoever writes the row."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, editable=False, db_constraint=False, db_index=False,
        db_default=Acting(), related_name="+", verbose_name=verbose_name,
    )  # fmt: skip


@contextmanager
def acting(user) -> Iterator[None]:
    """What is written inside bears `user`; None: nobody. Each session of a pool must be one client's until it is given
    back, or another would write under this name."""
    before = _set(str(user.pk) if user else "")
    try:
        yield
    finally:
        # after an error inside a transaction the setting is taken back with it, and nothing can be said meanwhile
        if not (connection.needs_rollback or _in_error()):
            _set(before)


def _in_error() -> bool:
    session = connection.connection
    return session is not None and session.get_transaction_status() == TRANSACTION_STATUS_INERROR


def _set(value: str) -> str:
    """Put `value` in; what was there before."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(current_setting(%s, true), ''), set_config(%s, %s, false)", [SETTING, SETTING, value]
        )
        return cursor.fetchone()[0]
