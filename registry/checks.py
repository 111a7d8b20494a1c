"""System checks of the registry (`manage.py check --tag calendar`)."""

import datetime as dt

from django.core.checks import Warning as CheckWarning
from django.db import DatabaseError, connection
from django.utils import timezone
from django.utils.translation import gettext as _

from registry.domain.calendar import known_years, wanted_years
from registry.models import CalendarNotice

TAG = "calendar"


def check_calendar(app_configs, *, today: dt.date | None = None, **kwargs) -> list[CheckWarning]:
    """Warn of a year without a working-day calendar: due dates in it are provisional. Silent without a
    database."""
    table = CalendarNotice._meta.db_table
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [table])
            if not cursor.fetchone()[0]:
                return []
        known = known_years()
    except DatabaseError:
        return []
    return [
        CheckWarning(
            _("The working-day calendar of %(year)d is not loaded; due dates in that year are provisional.")
            % {"year": year},
            hint=_(
                "Once the State Council has published its notice, add it to registry/reference/calendar and run "
                "manage.py load_reference, or enter it in the admin."
            ),
            id="registry.W001",
        )
        for year in wanted_years(today or timezone.localdate())
        if year not in known
    ]
