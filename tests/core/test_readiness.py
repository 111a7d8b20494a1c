"""Commands say in one line what the database lacks."""

import uuid

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import translation

from cases.models import Case
from tests import databases
from tests.cases.files import rows, write


@pytest.fixture
def empty_database(django_db_setup, django_db_blocker):
    """A database without a single table."""
    name = f"{databases.PREFIX}_empty_{uuid.uuid4().hex[:8]}"
    with django_db_blocker.unblock():
        with databases.maintenance() as cursor:
            cursor.execute(f'CREATE DATABASE "{name}"')
        with databases.connected_to(name):
            yield
        with databases.maintenance() as cursor:
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def commands(tmp_path):
    path = str(write(tmp_path / "a.csv", rows(1)))
    return [
        ("import_cases", [path], {"profile": "national12315"}),
        *((f"import_{name}", [path], {}) for name in ("merchants", "platforms", "mediators", "sessions", "referrals")),
        ("metrics", ["--year", "2020"], {}),
        ("clock", ["complaint.accept", "2026-04-20"], {}),
    ]


def refusals(commands) -> list[tuple[int, str]]:
    """Exit code and message of each command."""
    found = []
    for name, arguments, options in commands:
        with translation.override("en"), pytest.raises(CommandError) as refused:
            call_command(name, *arguments, **options)
        found.append((refused.value.returncode, str(refused.value)))
    return found


@pytest.mark.usefixtures("empty_database")
def test_a_database_that_is_not_migrated(commands):
    assert refusals(commands) == [(1, "The database is not up to date. Run: manage.py migrate")] * len(commands)


@pytest.mark.django_db
def test_a_table_that_lacks_a_column(commands):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE cases_clockrule RENAME COLUMN regime TO old")

    found = refusals([command for command in commands if command[0] == "clock"])

    assert found == [(1, "The database is not up to date. Run: manage.py migrate")]


@pytest.mark.django_db
def test_a_database_without_reference_data(commands):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # cases and logs refuse to be emptied
        cursor.execute("TRUNCATE registry_region, cases_clockrule CASCADE")

    assert refusals(commands) == [(1, "There is no reference data yet. Run: manage.py load_reference")] * len(commands)
    assert Case.objects.count() == 0
