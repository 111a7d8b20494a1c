"""What happens beside a test, in threads and processes: begun, and waited for."""

import threading
import time
from collections.abc import Callable

from django.db import connection

WAITING = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND backend_type = 'client backend' AND wait_event_type = 'Lock'"""


def eventually(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait until `condition` holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.05)


def in_thread(work: Callable[[], object]) -> threading.Thread:
    """`work`, begun beside the test on a connection of its own."""

    def run():
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def comes_to_wait(thread: threading.Thread, seconds: float = 20) -> bool:
    """Whether `thread`, which the test has begun, comes to wait for a lock in the database, and does not end without.

    Asked of the database, since a thread that has not ended by some moment may just be slow."""
    deadline = time.monotonic() + seconds
    while thread.is_alive() and time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # within a transaction the view stays as first read
            cursor.execute(WAITING)
            if cursor.fetchone()[0]:
                return True
        time.sleep(0.01)
    return False
