import datetime as dt
import json
import sys
import time
from dataclasses import asdict

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from cases.management.commands.clock import date
from cases.models import SignalRule
from cases.repeats import Repeats, find_repeats
from core.exceptions import DomainError
from core.readiness import ready_database


class Command(BaseCommand):
    help = "Find cases that say nearly the same as an earlier one of the same person, merchant or order. Changes nothing."

    def add_arguments(self, parser):
        parser.add_argument("--since", metavar="DATE", type=date, help="received on or after (default: DAYS ago)")
        parser.add_argument("--days", type=int, metavar="DAYS", help="at most so long after the earlier (default: rule)")
        parser.add_argument("--overlap", type=int, metavar="PERCENT", help="of the texts, 50 to 100 (default: rule)")
        parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")

    def handle(self, *, since: dt.date | None, days: int | None, overlap: int | None, **options):
        if days is not None and days < 1:
            raise CommandError(_("Days must be at least 1."))
        if overlap is not None and not 50 <= overlap <= 100:
            raise CommandError(_("The overlap must be from 50 to 100 per cent."))
        started = time.monotonic()
        try:
            with ready_database(SignalRule):
                found = find_repeats(
                    since=since, days=days, at_least=overlap and overlap / 100, progress=self._progress
                )
        except DomainError as error:
            raise CommandError(str(error)) from None
        if options["json"]:
            seconds = round(time.monotonic() - started, 3)
            self.stdout.write(json.dumps(asdict(found) | {"seconds": seconds}, default=str, ensure_ascii=False))
        else:
            self._print(found)

    def _progress(self, why: str, filings: int) -> None:
        if sys.stderr.isatty():
            self.stderr.write(f"{why}: {filings:,}")

    def _print(self, found: Repeats) -> None:
        for pair in found.pairs:
            self.stdout.write(f"{pair.later} {pair.earlier} {pair.overlap:.0%} {', '.join(pair.why)}")
        self.stdout.write(
            _("Pairs since %(since)s, at most %(days)d days apart: %(pairs)d.")
            % {"pairs": len(found.pairs), "since": found.since, "days": found.days}
        )
        if found.capped:
            self.stdout.write(_("Cut short where very many cases read alike: %d times.") % found.capped)
