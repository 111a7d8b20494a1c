import json
import time

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from cases.domain import SEARCH, begin_again, compare_search, filled_at_once, is_filled, waiting
from cases.models import Case
from cases.worker import WorkerBusy, drain
from core.exceptions import DomainError
from core.readiness import ready_database

POLL_SECONDS = 1.0


class Command(BaseCommand):
    help = "Bring the searched texts of all cases up to date, beside other work. May be called again if cut off."

    def add_arguments(self, parser):
        parser.add_argument("--check", action="store_true", help="Only compare; exit 1 where they differ.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object and nothing else.")

    def handle(self, *, check: bool, json: bool, **options):
        self._started, self._done, self._json = time.monotonic(), 0, json
        try:
            with ready_database():
                self._total = Case.objects.count()
                self._check() if check else self._rebuild()
        except DomainError as error:
            raise CommandError(str(error)) from None

    def _check(self) -> None:
        missing, stale = compare_search(self._progress)
        self._print({"cases": self._total, "missing": missing, "stale": stale, "waiting": waiting(SEARCH)})
        if missing or stale:
            raise CommandError(_("The search differs from the cases. Run: manage.py rebuild_search"))

    def _rebuild(self) -> None:
        """By this process or, where a worker runs, by that one, which is then waited for."""
        begin_again(SEARCH)
        while not is_filled(SEARCH):
            try:
                done = drain(self._batch, around=filled_at_once)
            except WorkerBusy as busy:
                self.stderr.write(f"{busy} {_('It does the work.')}")
                done = 0
            if not done:
                time.sleep(POLL_SECONDS)
        self._print({"cases": self._total, "seconds": round(time.monotonic() - self._started, 1)})

    def _batch(self, consumer: str, cases: int, seconds: float) -> None:
        if consumer == SEARCH:
            self._progress(cases)

    def _progress(self, cases: int) -> None:
        self._done += cases
        seconds = time.monotonic() - self._started
        self.stderr.write(f"{self._done:,} / {self._total:,}  {seconds:.0f} s")

    def _print(self, found: dict) -> None:
        lines = (f"{name}: {value:,}" for name, value in found.items())
        self.stdout.write(json.dumps(found) if self._json else "\n".join(lines))
