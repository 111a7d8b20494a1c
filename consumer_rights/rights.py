"""What the application may do in the database, where another role owns it.

The owner (`DATABASE_OWNER_URL`) runs the migrations. The application (`DATABASE_URL`) owns nothing: it reads and adds,
changes what the models do not keep as it is, deletes what it must, and can neither alter a table nor switch off a
trigger, so that whoever takes it over cannot rewrite the logs.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model
from psycopg2 import sql

from core.triggers import refused

# whose rows the application deletes: what ends by itself, what stands for a tick in a form, what is computed anew
DELETED = {
    "accounts.SignIn",  # after SIGN_IN_LOG_DAYS
    "accounts.User_groups",
    "accounts.User_user_permissions",
    "auth.Group",
    "auth.Group_permissions",
    "axes.AccessAttempt",
    "axes.AccessAttemptExpiration",
    "axes.AccessFailureLog",
    "cases.BulkAct",  # prepared and never begun
    "cases.BulkRow",
    "cases.CaseChange",  # read by all
    "cases.Clock",
    "cases.ListColumns",
    "cases.SavedFilter",
    "registry.CalendarDay",
    "registry.RegionSuccession",
    "sessions.Session",
}
ONLY_READ = {"auth.Permission", "contenttypes.ContentType", "pghistory.Context"}  # migrations fill them
ANALYZED = {"cases", "registry"}  # apps whose statistics an import renews
MAINTAIN_SINCE = 170_000


@contextmanager
def as_owner(alias: str) -> Iterator[None]:
    """The connection `alias` is the owner's inside. ImproperlyConfigured where both are the same role."""
    connection = connections[alias]
    before = connection.settings_dict
    if before["USER"] == settings.DATABASE_OWNER["USER"]:
        raise ImproperlyConfigured(
            f"DATABASE_URL and DATABASE_OWNER_URL both name the role {before['USER']}: the application must not own "
            "its tables (docs/operations.md, section Two roles)."
        )
    connection.close()
    connection.settings_dict = before | settings.DATABASE_OWNER
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict = before


def privileges(model: type[Model], version: int) -> list[str]:
    """What the application may do with the table of `model` on a server of this version (170002)."""
    if model._meta.label in ONLY_READ or not model._meta.managed:
        return ["SELECT"]
    wanted = ["SELECT", "INSERT", "UPDATE"]
    if model._meta.label in DELETED:
        wanted.append("DELETE")
    if version >= MAINTAIN_SINCE and model._meta.app_label in ANALYZED:
        wanted.append("MAINTAIN")
    return [name for name in wanted if name not in refused(model)]


def grant(alias: str, role: str) -> None:
    """Give `role` what the application needs and take from it what it had more; for the owner, in one transaction.
    Doing it again changes nothing."""
    connection = connections[alias]
    with connection.cursor() as cursor:
        known = set(connection.introspection.table_names(cursor, include_views=True))
        statements = ["REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}"]
        for table, names in _wanted(connection.pg_version).items():
            if table in known:
                statements.append(f'GRANT {", ".join(names)} ON "{table}" TO {{role}}')
        statements += [
            "REVOKE CREATE ON SCHEMA public FROM PUBLIC, {role}",
            "GRANT USAGE ON SCHEMA public TO {role}",
            "REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {role}",
            "GRANT SELECT, USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}",
            "GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {role}",
        ]
        names = {"role": sql.Identifier(role), "database": sql.Identifier(connection.settings_dict["NAME"])}
        cursor.execute(sql.SQL(";\n".join(statements)).format(**names))


def _wanted(version: int) -> dict[str, list[str]]:
    """Privileges by table: of every model, those that Django makes included."""
    found = {
        model._meta.db_table: privileges(model, version)
        for model in apps.get_models(include_auto_created=True)
        if not model._meta.proxy
    }
    return found | {MigrationRecorder.Migration._meta.db_table: ["SELECT"]}
