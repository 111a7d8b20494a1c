"""What must hold before the portal may run: usable keys, a PostgreSQL that can search Chinese, logs that are kept."""

from django.apps import apps
from django.conf import settings
from django.core.checks import Error, Warning
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from core import personal_data
from core.triggers import refused, triggers_of

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
                Error(f"The database is in {encoding}.", hint="Create it in UTF8.", id="consumer_rights.E003")
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


def check_triggers(app_configs, databases=None, **kwargs) -> list[Warning]:
    """Every trigger that the models name is on its table and switched on. Tables that are not there yet do not count."""
    wanted = [
        (model._meta.db_table, trigger.get_pgid(model))
        for model in apps.get_models()
        for trigger in triggers_of(model)
    ]
    found = []
    for alias in databases or ():
        with connections[alias].cursor() as cursor:
            cursor.execute(
                'SELECT wanted."table", wanted.name FROM unnest(%s, %s) AS wanted("table", name)'
                ' LEFT JOIN pg_trigger t ON t.tgrelid = to_regclass(wanted."table") AND t.tgname = wanted.name'
                " WHERE to_regclass(wanted.\"table\") IS NOT NULL AND t.tgenabled IS DISTINCT FROM 'O' ORDER BY 1, 2",
                [[table for table, _name in wanted], [name for _table, name in wanted]],
            )
            found += [
                Warning(
                    f"The trigger {name} of the table {table} is missing or switched off.",
                    hint=f"As the owner: ALTER TABLE {table} ENABLE TRIGGER {name}, or run migrate.",
                    id="consumer_rights.W001",
                )
                for table, name in cursor.fetchall()
            ]
    return found


def check_rights(app_configs, databases=None, **kwargs) -> list[Warning]:
    """In production the application neither owns its tables nor may change what is only added."""
    kept = [
        (model._meta.db_table, privilege)
        for model in apps.get_models()
        for privilege in sorted(refused(model))
    ]
    found = []
    for alias in [] if settings.EMBEDDED_DATABASE else databases or ():
        connection = connections[alias]
        if settings.DATABASE_OWNER and connection.settings_dict["USER"] == settings.DATABASE_OWNER["USER"]:
            continue  # migrate, at its work
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
                " AND pg_has_role(relowner, 'MEMBER')"
            )
            if cursor.fetchone()[0]:
                found.append(
                    Warning(
                        "The role of DATABASE_URL owns the tables: whoever takes the application over can rewrite the "
                        "logs and the history.",
                        hint="Give them to a role of DATABASE_OWNER_URL (docs/operations.md, section Two roles).",
                        id="consumer_rights.W002",
                    )
                )
                continue
            cursor.execute(
                'SELECT DISTINCT "table" FROM unnest(%s, %s) AS kept("table", privilege)'
                ' WHERE to_regclass("table") IS NOT NULL AND has_table_privilege("table", privilege) ORDER BY 1',
                [[table for table, _name in kept], [name for _table, name in kept]],
            )
            if tables := [row[0] for row in cursor.fetchall()]:
                found.append(
                    Warning(
                        f"The role of DATABASE_URL may change what is kept as it is: {', '.join(tables)}.",
                        hint="Run migrate with DATABASE_OWNER_URL: it grants what the models say.",
                        id="consumer_rights.W003",
                    )
                )
    return found
