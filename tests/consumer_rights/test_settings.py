import pytest

from registry.models import CalendarNotice
from tests.consumer_rights.production import run


def test_the_check_for_production_finds_nothing(fresh_database):
    CalendarNotice.objects.all().update(year=2001)  # as in the autumn, before the State Council has given its notice

    done = run("manage.py", "check", "--deploy", DATABASE_URL=fresh_database)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("System check identified no issues")


def test_the_check_of_the_database_finds_that_one_role_does_all(fresh_database):
    done = run("manage.py", "check", "--deploy", "--database", "default", DATABASE_URL=fresh_database)

    assert (done.returncode, done.stderr.count("consumer_rights.")) == (0, 1)
    assert "(consumer_rights.W002) The role of DATABASE_URL owns the tables" in done.stderr
    assert "System check identified 1 issue" in done.stderr


def test_a_malformed_key_fails_the_check():
    done = run("manage.py", "check", LOOKUP_KEY="2b")

    assert done.returncode == 1
    assert "consumer_rights.E001" in done.stderr


@pytest.mark.parametrize("name", ["SECRET_KEY", "PERSONAL_DATA_KEYS", "LOOKUP_KEY"])
def test_a_missing_variable_is_named(name):
    done = run("manage.py", "check", **{name: None})

    assert done.returncode == 1
    assert f"Set {name} in the environment (README, section Settings)." in done.stderr.splitlines()[-1]


def test_without_a_database_url_the_settings_say_so():
    code = "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'consumer_rights.settings'; import django; django.setup()"
    done = run("-c", code, DATABASE_URL=None)

    assert done.returncode == 1
    assert "Set DATABASE_URL in the environment" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("changes", "expression", "expected"),
    [
        ({}, "settings.DEBUG", "False"),
        ({}, "settings.SECURE_SSL_REDIRECT and settings.SESSION_COOKIE_SECURE and settings.CSRF_COOKIE_SECURE", "True"),
        ({"PLAIN_HTTP": "1"}, "settings.SECURE_SSL_REDIRECT or settings.SECURE_HSTS_SECONDS > 0", "False"),
        ({"ALLOWED_HOSTS": "a.example,b.example"}, "settings.ALLOWED_HOSTS", "['a.example', 'b.example']"),
        ({"DATABASE_URL": "postgres://u@%2Frun%2Fpg:5432/x"}, "settings.DATABASES['default']['HOST']", "/run/pg"),
    ],
)
def test_values_come_from_the_environment(changes, expression, expected):
    code = (
        "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'consumer_rights.settings'\n"
        f"from django.conf import settings; print({expression})"
    )
    done = run("-c", code, **changes)

    assert (done.stdout.strip(), done.stderr) == (expected, "")
