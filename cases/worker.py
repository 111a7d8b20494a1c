"""The worker: gives all consumers of the change feed their batches, and does the jobs that wait, one after the other,
until it is told to stop."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator

from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.utils.translation import gettext as _

from cases.domain import consume, consumers, ensure_index, has_work, run_bulk_acts, settle, trim_feed
from core.exceptions import DomainError

LOCK = "consumer_rights.worker"
IDLE_SECONDS = 1.0  # how far behind an idle worker may be
RETRY_SECONDS = 5.0  # after a lost connection, or while another worker is at work
PAUSE_SECONDS = 60.0  # for a consumer that has failed
JOB_ROWS = 50  # a turn of a job; consumers are not kept waiting for longer
# what is done behind people, asked for by them or by the time: a function of how much to do at the most, and how much
# it was
JOBS: dict[str, Callable[[int], int]] = {"bulk_acts": run_bulk_acts}
Say = Callable[[str], None]
Progress = Callable[[str, int, float], None]  # consumer or job, cases, seconds of a batch
logger = logging.getLogger(__name__)


def register_job(name: str, job: Callable[[int], int]) -> None:
    """Let the worker do `job` of an upper app in turn with the others."""
    JOBS[name] = job


class WorkerBusy(DomainError):
    """Another worker is at work on this database."""

    def __init__(self):
        super().__init__(_("Another worker is running on this database. There is one for all consumers."))


@contextlib.contextmanager
def only_worker() -> Iterator[None]:
    """One worker at a time. The server releases the lock when we or the connection are gone. Raises WorkerBusy."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [LOCK])
        if not cursor.fetchone()[0]:
            raise WorkerBusy
    try:
        yield
    finally:
        with contextlib.suppress(DatabaseError, InterfaceError), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", [LOCK])


def drain(
    progress: Progress = lambda *batch: None,
    *,
    stop: threading.Event | None = None,
    jobs: bool = False,
    around: Callable[[], contextlib.AbstractContextManager] = contextlib.nullcontext,
) -> int:
    """Work until nothing is left to read or, with `jobs`, to do, and return how many cases that were. Rows that wait for
    a running transaction are left. `around` is entered once no other worker can be at work. Raises what a consumer
    raises, and WorkerBusy."""
    with only_worker(), around():
        rounds = Rounds(progress, stop or threading.Event(), careful=False, jobs=jobs)
        return sum(iter(rounds.turn, 0))


def work(stop: threading.Event, progress: Progress, warn: Say) -> None:
    """Work until `stop` is set. A lost connection is waited for, another worker too; a consumer that fails is logged
    and left alone for a while, and the others go on. `warn` is told what hinders."""
    while not stop.is_set():
        try:
            with only_worker():
                ensure_index()
                rounds = Rounds(progress, stop, jobs=True)
                while not stop.is_set():
                    if not rounds.turn():
                        stop.wait(IDLE_SECONDS)
        except WorkerBusy as busy:
            warn(f"{busy} {_('Waiting for it to end.')}")
            while not stop.wait(RETRY_SECONDS) and _is_busy():
                pass
        except (OperationalError, InterfaceError) as error:
            warn(_("The database cannot be reached, trying again: %(error)s") % {"error": str(error).strip()})
            connection.close()
            stop.wait(RETRY_SECONDS)


def _is_busy() -> bool:
    try:
        with only_worker():
            return False
    except WorkerBusy:
        return True
    except (OperationalError, InterfaceError):
        return False  # whoever asks finds it out


def _is_lost(error: Exception) -> bool:
    """Whether the connection has gone, and with it the lock: Django may have made another one meanwhile."""
    if not isinstance(error, (OperationalError, InterfaceError)):
        return False
    code = getattr(error.__cause__, "pgcode", None)
    return code is None or code.startswith(("08", "57P"))


class Rounds:
    """Rounds among the consumers and, with `jobs`, the jobs. `careful`: one that fails is left alone for a while."""

    def __init__(
        self, progress: Progress, stop: threading.Event, *, careful: bool = True, jobs: bool = False
    ):
        self.progress, self.stop, self.careful = progress, stop, careful
        self.jobs = JOBS if jobs else {}
        self.paused: dict[str, float] = {}
        self.unsettled: set[str] = set()

    def turn(self) -> int:
        """A batch for each that has one, and a piece of the read feed deleted. Returns how many cases there were."""
        done = sum(self._serve(name) for name in (*consumers(), *self.jobs) if not self.stop.is_set())
        if not self.stop.is_set():
            trim_feed()
        return done

    def _serve(self, name: str) -> int:
        if self.paused.get(name, 0) > time.monotonic():
            return 0
        start, session = time.monotonic(), connection.connection
        try:
            cases = self._work(name)
        except Exception as error:
            # a block that loses its connection leaves a new one behind, and the lock is not held by that
            if not self.careful or _is_lost(error) or connection.connection is not session:
                raise
            logger.exception("The consumer %s has failed and pauses for %d seconds.", name, PAUSE_SECONDS)
            self.paused[name] = time.monotonic() + PAUSE_SECONDS
            return 0
        if cases:
            self.progress(name, cases, time.monotonic() - start)
        return cases

    def _work(self, name: str) -> int:
        if name in self.jobs:
            return self.jobs[name](JOB_ROWS)
        cases = len(consume(name).case_ids) if has_work(name) else 0
        if cases:
            self.unsettled.add(name)
        elif name in self.unsettled:
            settle(name)
            self.unsettled.discard(name)
        return cases
