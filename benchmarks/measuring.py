"""What the benchmarks share: databases that are dropped again, the clock, the description of the machine."""

import contextlib
import os
import platform
import signal
import statistics
import sys
import time
from collections.abc import Callable, Iterator

import django
from django.db import DatabaseError, connection, transaction

from tests import databases


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def end_cleanly_on_signals() -> None:
    """Let `kill` and the end of a terminal raise SystemExit, so that the databases are dropped."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda caught, frame: sys.exit(128 + caught))


def new_database(label: str) -> contextlib.AbstractContextManager[str]:
    """A new clone of the migrated template with reference data; dropped afterwards. Yields its name."""
    return databases.clone(f"bench_{os.getpid()}_{label}")


@contextlib.contextmanager
def fresh_database(label: str) -> Iterator[str]:
    """This process's connection on a new database. Yields its DATABASE_URL."""
    with new_database(label) as name, databases.connected_to(name):
        settle()
        yield databases.database_url(name)


def settle() -> None:
    """Write out what earlier work left dirty, so that it is not charged to what is measured next."""
    # the right may be missing on a server that is not our own: the figures are noisier then, and no less true
    with contextlib.suppress(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")


def seconds_of(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def middle(label: str, rows: int, times: list[float]) -> float:
    """The median of several runs, each told on stderr."""
    median = statistics.median(times)
    runs = ", ".join(f"{value:.2f}" for value in times)
    say(f"{label}: {runs} s, {rows / median:,.0f} rows/s")
    return median


def machine() -> dict:
    """What the figures were measured on."""
    with connection.cursor() as cursor:
        found = {}
        for name in ("server_version", "shared_buffers", "max_wal_size", "synchronous_commit", "fsync"):
            cursor.execute(f"SHOW {name}")
            found[name] = cursor.fetchone()[0]
    return {
        "load_average": round(os.getloadavg()[0], 1),  # of the minute before: others may have been at work
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "django": django.get_version(),
        "postgresql": found.pop("server_version"),
        **found,
    }
