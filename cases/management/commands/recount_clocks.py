import json

from django.core.management.base import BaseCommand, CommandError

from accounts.domain.users import system_user
from cases.domain import preview_recount, recount
from cases.models import ClockRule
from core.exceptions import DomainError
from core.readiness import ready_database


class Command(BaseCommand):
    help = (
        "Count the due dates of all open terms anew by the stored calendar and rules. Loading reference data and the "
        "admin do so by themselves; this is for what was changed otherwise, or while an import ran."
    )
    requires_system_checks = []  # the answer itself says where a calendar is missing

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="change nothing; say which due dates would move")
        parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")

    def handle(self, *, dry_run, **options):
        try:
            with ready_database(ClockRule):
                found = preview_recount() if dry_run else recount(actor=system_user())
        except DomainError as error:
            raise CommandError(str(error)) from None
        if options["json"]:
            self.stdout.write(json.dumps(found.as_json(), ensure_ascii=False))
            return
        for sentence in found.sentences():
            self.stdout.write(sentence)
