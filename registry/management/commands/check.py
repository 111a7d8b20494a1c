from django.core import checks
from django.core.management.commands import check

from registry.checks import TAG, check_calendar


class Command(check.Command):
    """Django's own, and with `--tag calendar` the working-day calendar. Any check that is registered for good runs
    before every command and with `--deploy`, but a year without a notice yet is no fault of the installation."""

    def handle(self, *app_labels, **options):
        if TAG in (options["tags"] or ()) or options["list_tags"]:
            checks.register(check_calendar, TAG)
        super().handle(*app_labels, **options)
