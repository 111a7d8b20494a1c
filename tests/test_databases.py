import signal

import psycopg2
import pytest

from tests import databases


def test_a_clone_goes_even_where_a_signal_comes_while_it_is_dropped(django_db_setup, django_db_blocker, monkeypatch):
    """The signal is met on the way to the server: there a process spends most of that time."""
    connect, signals = psycopg2.connect, [SystemExit(128 + signal.SIGTERM)]

    def interrupted(*arguments, **parameters):
        if signals:
            raise signals.pop()
        return connect(*arguments, **parameters)

    with django_db_blocker.unblock():
        with pytest.raises(SystemExit) as ended, databases.clone("interrupted") as name:
            monkeypatch.setattr(psycopg2, "connect", interrupted)
        with databases.maintenance() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            left = cursor.fetchall()

    assert ended.value.code == 128 + signal.SIGTERM
    assert left == []
