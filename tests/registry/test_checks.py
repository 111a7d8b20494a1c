import datetime as dt
import os
import subprocess
import sys

import pytest
from django.core import checks
from django.db import connection
from django.utils import timezone, translation

from registry.checks import TAG, check_calendar
from registry.models import CalendarDay, CalendarNotice, Region
from tests import databases

D = dt.date


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("today", "missing"),
    [
        (D(2026, 10, 31), []),
        (D(2026, 11, 1), [2027]),
        (D(2027, 3, 1), [2027]),
        (D(2027, 12, 1), [2027, 2028]),
        (D(2018, 5, 1), [2018]),
    ],
)
def test_years_without_a_calendar(today, missing):
    with translation.override("en"):
        found = check_calendar(None, today=today)
    assert [message.msg.split(" is not")[0] for message in found] == [
        f"The working-day calendar of {year}" for year in missing
    ]
    assert {message.id for message in found} <= {"registry.W001"}
    assert all(message.level == checks.WARNING and message.hint for message in found)


@pytest.mark.django_db
def test_a_notice_in_the_admin_is_enough():
    CalendarNotice.objects.create(
        code="2027", year=2027, name="通知", name_en="Notice", published_on=D(2026, 11, 5), url="https://www.gov.cn/"
    )
    assert check_calendar(None, today=D(2026, 11, 24)) == []


@pytest.mark.django_db
def test_silent_without_the_table():
    with connection.schema_editor() as editor:
        editor.delete_model(CalendarDay)
        editor.delete_model(CalendarNotice)
    assert check_calendar(None, today=D(2030, 1, 1)) == []
    assert Region.objects.exists()  # no failed query has spoilt the transaction


def manage_check(database, *arguments):
    done = subprocess.run(
        [sys.executable, "manage.py", "check", *arguments],
        cwd=databases.ROOT,
        env=os.environ | {"DATABASE_URL": databases.database_url(database), "DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_silent_without_a_database():
    status, text = manage_check("no_such_database", "--tag", TAG)
    assert status == 0
    assert "registry.W001" not in text


@pytest.fixture
def no_calendar(fresh_database):
    """A database in which the calendar of this year is missing. Yields its name."""
    CalendarNotice.objects.filter(year__gte=timezone.localdate().year).update(year=2001)
    return fresh_database.rpartition("/")[2]


@pytest.mark.parametrize("arguments", [("--tag", TAG), ("--tag", TAG, "--database", "default")])
def test_manage_check_tells_it_when_its_tag_is_asked_for(no_calendar, arguments):
    status, text = manage_check(no_calendar, *arguments)
    assert status == 0
    assert f"(registry.W001) {timezone.localdate().year} " in text


@pytest.mark.parametrize("arguments", [(), ("--database", "default"), ("--tag", "models")])
def test_it_is_no_part_of_other_checks(no_calendar, arguments):
    status, text = manage_check(no_calendar, *arguments)
    assert status == 0
    assert text.startswith("System check identified no issues")


def test_its_tag_is_listed():
    status, text = manage_check(databases.template(), "--list-tags")
    assert (status, TAG in text.splitlines()) == (0, True)
