import os
import signal
import threading

from django.core.management.base import BaseCommand, CommandError

from cases.worker import drain, work
from core.exceptions import DomainError
from core.readiness import ready_database


class Command(BaseCommand):
    help = "Keep what is derived from cases, such as the search, up to date, and do bulk acts. Runs until it is stopped."

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="Do what there is to do, and end.")
        parser.add_argument("--parent", type=int, metavar="PID", help="End when this is no longer the parent process.")

    def handle(self, *, once: bool, parent: int | None, verbosity: int, **options):
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda caught, frame: stop.set())
        if parent is not None:
            threading.Thread(target=_watch, args=(parent, stop), daemon=True).start()
        progress = self._progress if verbosity > 1 else lambda *batch: None
        try:
            with ready_database():
                if once:
                    drain(progress, stop=stop, jobs=True)
                else:
                    work(stop, progress, self._warn)
        except DomainError as error:
            raise CommandError(str(error)) from None

    def _progress(self, consumer: str, cases: int, seconds: float) -> None:
        self.stdout.write(f"{consumer}: {cases:,} ({seconds:.1f} s)")
        self.stdout.flush()

    def _warn(self, text: str) -> None:
        self.stderr.write(text)
        self.stderr.flush()


def _watch(parent: int, stop: threading.Event) -> None:
    while os.getppid() == parent and not stop.wait(1):
        pass
    stop.set()
