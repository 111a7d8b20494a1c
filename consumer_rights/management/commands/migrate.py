from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import connections

from consumer_rights.rights import as_owner, grant


class Command(migrate.Command):
    """Django's own. Where DATABASE_OWNER_URL names the owner of the tables, it is done by him, and then the
    application's role gets its rights on what there is now."""

    def handle(self, *args, **options):
        if settings.DATABASE_OWNER is None:
            super().handle(*args, **options)
            return
        alias = options["database"]
        role = connections[alias].settings_dict["USER"]
        try:
            with as_owner(alias):
                super().handle(*args, **options)
                if not (options["plan"] or options["check_unapplied"]):
                    grant(alias, role)
                    self._say(options["verbosity"], f"  Rights of the role {role} are as the models say.")
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None

    def _say(self, verbosity: int, words: str) -> None:
        if verbosity:
            self.stdout.write(self.style.SUCCESS(words))
