import json
import time

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from core.exceptions import DomainError
from registry.reference import Report, load


class Command(BaseCommand):
    help = (
        "Load the reference data of the repository: regions, agencies, vocabularies, calendars, rules. Rows edited "
        "in the admin are kept and reported; nothing is ever deleted."
    )
    requires_system_checks = []  # the calendar check would warn of the very data that is about to be loaded

    def add_arguments(self, parser):
        parser.add_argument(
            "--only", action="append", default=[], metavar="NAME", help="load this data set alone"
        )
        parser.add_argument(
            "--overwrite",
            nargs="+",
            action="extend",
            default=[],
            metavar="CODE",
            help="take the file's values for these edited rows (a code, or CODE:DATE for one version)",
        )
        parser.add_argument(
            "--check",
            action="store_true",
            help="change nothing; exit 1 when a row would be created or updated",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="change nothing; say what would be loaded and which due dates would move",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")

    def handle(self, *, only, overwrite, check, dry_run, **options):
        started = time.monotonic()
        try:
            report = load(only=only, overwrite=overwrite, write=not (check or dry_run))
        except DomainError as error:
            raise CommandError(str(error)) from None
        if options["json"]:
            seconds = round(time.monotonic() - started, 3)
            self.stdout.write(json.dumps(report.as_json() | {"seconds": seconds}, ensure_ascii=False))
        elif options["verbosity"]:
            self._print(report)
        if check and report.changes:
            raise CommandError(
                _("%d rows differ from the files and would be loaded. Run manage.py load_reference.")
                % report.changes
            )

    def _print(self, report: Report) -> None:
        for name, counts in report.counts.items():
            self.stdout.write(
                f"{name}: "
                + _("%(created)d created, %(updated)d updated, %(unchanged)d unchanged, %(kept)d kept")
                % counts
            )
        for one in report.differences:
            self.stdout.write(
                _("%(dataset)s %(key)s was edited here and is kept: %(field)s: %(file)s → %(stored)s")
                % vars(one)
            )
        if report.differences:
            self.stdout.write(_("To take the file's values: manage.py load_reference --overwrite CODE"))
        for one in report.fixed:
            self.stdout.write(
                _("%(dataset)s %(key)s has cases in custody and is not moved: %(field)s: %(file)s → %(stored)s")
                % vars(one)
            )
        for dataset, key in report.missing:
            self.stdout.write(
                _("%(dataset)s %(key)s stands no longer in its file; it stays.")
                % {"dataset": dataset, "key": key}
            )
        for consequence in report.consequences:
            for sentence in consequence.sentences():
                self.stdout.write(sentence)
        if report.local:
            self.stdout.write(_("Added here and in no file: %d rows.") % len(report.local))
