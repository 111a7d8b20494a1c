"""What a command needs of the database before it can begin."""

import contextlib
from collections.abc import Iterator

from django.db import ProgrammingError, models
from django.utils.translation import gettext as _
from psycopg2.errors import UndefinedColumn, UndefinedTable

from core.exceptions import DomainError


@contextlib.contextmanager
def ready_database(*needed: type[models.Model]) -> Iterator[None]:
    """Work that needs a migrated database in which the reference data `needed` is loaded. DomainError, in one line
    with the command to run, where it is not."""
    try:
        if not all(model.objects.exists() for model in needed):
            raise DomainError(_("There is no reference data yet. Run: manage.py load_reference"))
        yield
    except ProgrammingError as error:
        if not isinstance(error.__cause__, (UndefinedTable, UndefinedColumn)):
            raise
        raise DomainError(_("The database is not up to date. Run: manage.py migrate")) from None
