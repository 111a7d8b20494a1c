from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import ngettext

from accounts.domain import purge_sign_ins
from core.exceptions import DomainError


class Command(BaseCommand):
    help = "Delete the lines of the sign-in log that are older than SIGN_IN_LOG_DAYS; for a daily job."

    def handle(self, **options):
        days = settings.SIGN_IN_LOG_DAYS
        try:
            deleted = purge_sign_ins(days=days)
        except DomainError as refused:
            raise CommandError(str(refused)) from None
        self.stdout.write(
            ngettext(
                "%(n)d line older than %(days)d days deleted.",
                "%(n)d lines older than %(days)d days deleted.",
                deleted,
            )
            % {"n": deleted, "days": days}
        )
