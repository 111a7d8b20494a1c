from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from accounts.domain import sync_roles
from core.exceptions import DomainError


class Command(BaseCommand):
    help = "Make the roles (groups and their permissions) what the code says. Doing it again changes nothing."

    def add_arguments(self, parser):
        parser.add_argument(
            "--check", action="store_true", help="Change nothing; exit 1 if the roles differ from the code."
        )

    def handle(self, *, check, verbosity, **options):
        try:
            changes = sync_roles(dry_run=check)
        except DomainError as refused:
            raise CommandError(str(refused)) from None
        lines = [
            *(_("New role %(role)s") % {"role": code} for code in changes.created),
            *(f"{code} + {name}" for code, names in changes.added.items() for name in names),
            *(f"{code} - {name}" for code, names in changes.removed.items() for name in names),
            *(self._unknown(name, members) for name, members in changes.unknown.items()),
        ]
        if verbosity:
            self.stdout.write("\n".join(lines) or _("The roles are what the code says."))
        if check and changes:
            raise CommandError(_("The roles differ from the code: run sync_roles."))

    @staticmethod
    def _unknown(name: str, members: int) -> str:
        if members:
            said = _("%(name)s is no role and grants nothing; it has members (%(n)d) and is kept.")
        else:
            said = _("%(name)s is no role and has no members; it is removed.")
        return said % {"name": name, "n": members}
