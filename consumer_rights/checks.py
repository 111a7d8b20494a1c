"""What must hold before the portal may run: usable keys, and a PostgreSQL that can search Chinese."""

from django.core.checks import Error
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from core import personal_data

OLDEST_POSTGRESQL = 150_000


def check_keys(app_configs, **kwargs) -> list[Error]:
    """The keys of personal data are present and well formed."""
    try:
        personal_data.check_keys()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="consumer_rights.E001")]
    return []


def check_database(app_configs, databases=None, **kwargs) -> list[Error]:
    """PostgreSQL 15 or newer, in UTF-8, with a character type under which Chinese has trigrams."""
    errors = []
    for alias in databases or ():
        connection = connections[alias]
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_encoding")
            encoding = cursor.fetchone()[0]
            cursor.execute("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'")
            trigrams = 1
            if cursor.fetchone():
                cursor.execute("SELECT cardinality(show_trgm('健身'))")
                trigrams = cursor.fetchone()[0]
        if connection.pg_version < OLDEST_POSTGRESQL:
            errors.append(
                Error(
                    "PostgreSQL 15 or newer is needed.", hint="Upgrade the server.", id="consumer_rights.E002"
                )
            )
        if encoding != "UTF8":
            errors.append(
                Error(
                    f"The database is in {encoding}.", hint="Create it in UTF8.", id="consumer_rights.E003"
                )
            )
        if not trigrams:
            errors.append(
                Error(
                    "Chinese names cannot be searched under the database's character type (LC_CTYPE).",
                    hint="Create the database with LC_CTYPE C.UTF-8 or another UTF-8 locale.",
                    id="consumer_rights.E004",
                )
            )
    return errors
