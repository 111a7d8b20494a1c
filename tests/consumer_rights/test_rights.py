"""The application under a role that owns nothing, in a database that another role has migrated."""

import secrets
import uuid
from types import SimpleNamespace
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.apps import apps
from django.conf import settings
from django.db import Error, connection, transaction

from accounts.models import AccessLog, SignIn
from cases.models import Case, CaseChange, CaseHistory, CaseSearch, Party
from consumer_rights.rights import DELETED, ONLY_READ, privileges
from core.triggers import append_only_models
from tests import databases
from tests.cases.files import rows, write
from tests.consumer_rights.production import run
from tests.factories import PASSWORD, CaseFactory, UserFactory

KEPT = [model._meta.db_table for model in append_only_models()]


def url_of(role, password, database):
    parts = urlsplit(databases.database_url(database))
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{role}:{password}@{place}"))


@pytest.fixture(scope="session")  # the module is shared out among workers, and comes back to one
def installation(django_db_setup, django_db_blocker):
    """Two roles and a database, as docs/operations.md has them, migrated by one and filled by the other."""
    label, password = uuid.uuid4().hex[:8], secrets.token_hex(8)
    name, owner, role = (f"{databases.PREFIX}_{part}_{label}" for part in ("rights", "owner", "app"))
    with django_db_blocker.unblock():
        with databases.maintenance() as cursor:
            for one in (owner, role):
                cursor.execute(f"CREATE ROLE {one} LOGIN PASSWORD '{password}'")
            cursor.execute(f'CREATE DATABASE "{name}" OWNER {owner}')
        given = {
            "DATABASE_URL": url_of(role, password, name),
            "PERSONAL_DATA_KEYS": settings.PERSONAL_DATA_KEYS,
            "LOOKUP_KEY": settings.LOOKUP_KEY,
        }
        migrated = run("manage.py", "migrate", **given, DATABASE_OWNER_URL=url_of(owner, password, name))
        filled = [run("manage.py", command, **given) for command in ("load_reference", "sync_roles")]
        try:
            yield SimpleNamespace(
                name=name, owner=owner, role=role, password=password, given=given, migrated=migrated, filled=filled,
                owner_url=url_of(owner, password, name),
            )  # fmt: skip
        finally:
            with databases.maintenance() as cursor:
                cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
                for one in (owner, role):
                    cursor.execute(f"DROP ROLE {one}")


@pytest.fixture
def as_application(installation, django_db_blocker):
    """This process's connection is the application's."""
    before = connection.settings_dict
    connection.close()
    connection.settings_dict = before | {
        "NAME": installation.name, "USER": installation.role, "PASSWORD": installation.password,
    }  # fmt: skip
    try:
        with django_db_blocker.unblock():
            yield
    finally:
        connection.close()
        connection.settings_dict = before


def execute(*statements):
    with transaction.atomic(), connection.cursor() as cursor:
        for sql in statements:
            cursor.execute(sql)


def rows_of(table):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")
        return cursor.fetchall()


# setting up


def test_migrate_works_as_the_owner_and_grants(installation):
    assert (installation.migrated.returncode, installation.migrated.stderr) == (0, "")
    assert f"Rights of the role {installation.role} are as the models say." in installation.migrated.stdout
    assert [(done.returncode, done.stderr) for done in installation.filled] == [(0, "")] * 2


def test_the_check_for_production_finds_nothing(installation):
    done = run("manage.py", "check", "--deploy", "--database", "default", **installation.given)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("System check identified no issues")


def test_migrating_again_changes_no_right(installation, as_application):
    listed = "SELECT relname, relacl::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    before = set(rows_of(f"({listed}) AS rights"))

    done = run("manage.py", "migrate", **installation.given, DATABASE_OWNER_URL=installation.owner_url)

    assert done.returncode == 0, done.stderr
    assert set(rows_of(f"({listed}) AS rights")) == before


@pytest.mark.parametrize("statement", [
    "DROP TABLE cases_party", "ALTER TABLE cases_case ADD COLUMN more text", "CREATE TABLE more (id bigint)",
    "CREATE INDEX more ON cases_case (id)",
])  # fmt: skip
def test_without_the_owner_nothing_can_be_migrated(installation, as_application, statement):
    with pytest.raises(Error, match="must be owner|permission denied"):
        execute(statement)


def test_both_must_not_be_the_same_role(installation):
    given = installation.given | {"DATABASE_OWNER_URL": installation.given["DATABASE_URL"]}

    done = run("manage.py", "migrate", **given)

    assert done.returncode == 1
    assert f"DATABASE_URL and DATABASE_OWNER_URL both name the role {installation.role}" in done.stderr


def test_a_plan_or_a_check_grants_nothing(installation):
    for option in ("--plan", "--check"):
        done = run(
            "manage.py", "migrate", option, **installation.given, DATABASE_OWNER_URL=installation.owner_url
        )

        assert (done.returncode, "Rights of" in done.stdout) == (0, False)


def test_a_role_that_owns_or_may_too_much_is_warned_of(installation, as_application):
    check = ("manage.py", "check", "--database", "default")
    owned = run(*check, **installation.given | {"DATABASE_URL": installation.owner_url})
    with databases.connected_to(installation.name):
        connection.settings_dict |= {"USER": installation.owner}
        execute(f"GRANT UPDATE ON accounts_accesslog TO {installation.role}")
        more = run(*check, **installation.given)
        execute("ALTER TABLE cases_caseevent DISABLE TRIGGER USER")
        off = run(*check, **installation.given)
        execute("ALTER TABLE cases_caseevent ENABLE TRIGGER USER")
        run("manage.py", "migrate", **installation.given, DATABASE_OWNER_URL=installation.owner_url)
    again = run(*check, **installation.given)

    assert "(consumer_rights.W002) The role of DATABASE_URL owns the tables" in owned.stderr
    assert "(consumer_rights.W003)" in more.stderr
    assert "may change what is kept as it is: accounts_accesslog." in more.stderr
    assert "(consumer_rights.W001)" in off.stderr
    assert (
        "pgtrigger_append_only_320b9 of the table cases_caseevent is missing or switched off." in off.stderr
    )
    assert again.stdout.startswith("System check identified no issues")


# what is refused


@pytest.mark.parametrize("table", KEPT)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {table} SET {key} = {key}",
        "DELETE FROM {table}",
        "TRUNCATE {table}",
        "TRUNCATE {table} CASCADE",
        "ALTER TABLE {table} DISABLE TRIGGER ALL",
        "ALTER TABLE {table} DISABLE TRIGGER USER",
        "ALTER TABLE {table} ADD COLUMN more integer",
        "ALTER TABLE {table} RENAME TO other",
        "DROP TABLE {table} CASCADE",
        "CREATE TRIGGER mine BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "CREATE RULE mine AS ON INSERT TO {table} DO INSTEAD NOTHING",
        "SELECT 1 FROM {table} FOR UPDATE",
    ],
)
def test_what_is_only_added_cannot_be_changed(as_application, table, statement):
    key = "pgh_id" if table == "cases_casehistory" else "id"
    before = rows_of(table)

    with pytest.raises(Error, match=r"permission denied|must be (table )?owner"):
        execute("SET pgtrigger.ignore = '{}'", statement.format(table=table, key=key))

    assert rows_of(table) == before


@pytest.mark.parametrize(
    "statement",
    [
        "SET session_replication_role = replica",
        "DROP TRIGGER pgtrigger_append_only_36f4b ON accounts_accesslog",
        "DROP FUNCTION pgtrigger_append_only_36f4b() CASCADE",
        "ALTER FUNCTION pgtrigger_append_only_36f4b() RENAME TO other",
        "CREATE TABLE mine (id integer)",
        "CREATE FUNCTION mine() RETURNS integer AS 'SELECT 1' LANGUAGE sql",
        "CREATE SCHEMA mine",
        "DELETE FROM cases_case",
        "TRUNCATE cases_case CASCADE",
        "UPDATE accounts_signin SET username = 'other'",
        "TRUNCATE accounts_signin",
        "DELETE FROM accounts_user",
        "DELETE FROM cases_party",
        "DELETE FROM django_admin_log",
        "INSERT INTO auth_permission (name, content_type_id, codename) VALUES ('x', 1, 'x')",
        "DELETE FROM django_migrations",
    ],
)
def test_nor_can_the_rest_of_the_house_be_altered(as_application, statement):
    with pytest.raises(Error, match=r"permission denied|must be owner"):
        execute(statement)


def test_the_role_cannot_become_the_owner(installation, as_application):
    with pytest.raises(Error, match="permission denied"):
        execute(f"SET ROLE {installation.owner}")


# ordinary work


def test_ordinary_work_goes_on(installation, as_application, client, tmp_path):
    path = write(tmp_path / "a.csv", rows(3, 姓名="张三", 联系电话="13800000000"))
    user = UserFactory(roles=["officer", "clerk"], agency=None, is_superuser=True)
    assert (
        client.post("/accounts/login/", {"username": user.username, "password": PASSWORD}).status_code == 302
    )

    first, again = (
        run(
            "manage.py",
            "import_cases",
            str(path),
            "--profile",
            "national12315",
            "--json",
            **installation.given,
        )
        for _ in range(2)
    )
    assert (first.returncode, first.stderr) == (0, "")
    assert '"created": 3' in first.stdout
    assert '"unchanged": 3' in again.stdout
    party = Party.objects.select_related("case").order_by("pk")[0]
    client.force_login(user)
    shown = client.post(
        f"/cases/{party.case.number}/parties/{party.pk}/reveal/", {"reason": "核对消费者身份"}, secure=True
    )
    with transaction.atomic():
        Case.objects.filter(pk=party.case_id).update(claimed=5)
    client.post("/accounts/logout/")

    assert "13800000000" in shown.content.decode()
    assert AccessLog.objects.get().target == f"{party.case.number}/{party.pk}"
    history = CaseHistory.objects.filter(pgh_obj=party.case_id).order_by("pgh_id")
    assert list(history.values_list("pgh_label", flat=True)) == ["insert", "update"]
    assert list(SignIn.objects.order_by("pk").values_list("outcome", flat=True)) == [
        "succeeded",
        "signed_out",
    ]


@pytest.mark.parametrize(
    "command",
    ["clearsessions", "purge_sign_ins", "rotate_personal_data", "sync_roles", "load_reference", "axes_reset"],
)
def test_commands_work(installation, command):
    done = run("manage.py", command, **installation.given)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", [("worker", "--once"), ("rebuild_search",), ("rebuild_search", "--check")])
def test_the_search_is_kept_up(installation, as_application, command):
    CaseFactory(narrative="健身房")
    if "--check" in command:
        run("manage.py", "worker", "--once", **installation.given)

    done = run("manage.py", *command, **installation.given)

    assert done.returncode == 0, done.stderr
    assert CaseSearch.objects.count() == Case.objects.count()
    assert not CaseChange.objects.exists()


def test_a_large_import_renews_statistics_where_the_server_lets_it(as_application):
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE imported_case ON COMMIT DELETE ROWS AS SELECT id FROM cases_case LIMIT 0"
        )
        cursor.execute("TRUNCATE imported_case")
        cursor.execute("ANALYZE cases_case (received_at)")
        refused = [notice for notice in connection.connection.notices if "permission denied" in notice]

    assert bool(refused) is (connection.pg_version < 170_000)


# the table of rights


def test_what_is_deleted_and_only_read_exists_and_is_not_kept():
    labels = {model._meta.label for model in apps.get_models(include_auto_created=True)}

    assert labels >= DELETED | ONLY_READ
    assert not DELETED & {model._meta.label for model in append_only_models()}
    assert privileges(AccessLog, 150_000) == ["SELECT", "INSERT"]
    assert privileges(SignIn, 170_000) == ["SELECT", "INSERT", "DELETE"]
    assert privileges(Case, 170_000) == ["SELECT", "INSERT", "UPDATE", "MAINTAIN"]


@pytest.mark.django_db
def test_every_table_is_one_of_a_model():
    """Of no other would `migrate` grant anything."""
    described = {model._meta.db_table for model in apps.get_models(include_auto_created=True)} | {
        "django_migrations"
    }

    assert set(connection.introspection.table_names(include_views=True)) <= described
