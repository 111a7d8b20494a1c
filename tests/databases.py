"""Databases of the test suite: one migrated template with reference data, and clones of it (0.1 s each)."""

import contextlib
import hashlib
import subprocess
import sys
import uuid
from collections.abc import Iterator
from os import environ
from pathlib import Path

import psycopg2
from django.core.management import get_commands
from django.db import connection

ROOT = Path(__file__).resolve().parents[1]
PREFIX = "cr_test"
LOCK = 7_312_015
SOURCES = (
    "*/migrations/*.py",
    "*/models.py",
    "*/models/*.py",
    "core/triggers.py",
    "*/enums.py",
    "*/reference/**/*",
    "accounts/roles.py",
    "requirements.txt",
)


def fingerprint() -> str:
    """Changes with whatever the template is made of."""
    digest = hashlib.sha256()
    for pattern in SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            if path.is_file() and not {".venv", "var", "tests", "__pycache__"} & set(path.relative_to(ROOT).parts):
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def database_url(name: str) -> str:
    """The DATABASE_URL of the server under test with another database."""
    base, _, _ = environ["DATABASE_URL"].rpartition("/")
    return f"{base}/{name}"


@contextlib.contextmanager
def maintenance() -> Iterator:
    """A cursor on the maintenance database, outside any transaction."""
    parameters = connection.get_connection_params() | {"dbname": "postgres"}
    for name in ("cursor_factory", "context"):
        parameters.pop(name, None)
    link = psycopg2.connect(**parameters)
    link.autocommit = True
    try:
        with link.cursor() as cursor:
            yield cursor
    finally:
        link.close()


def template() -> str:
    """The name of the template, made once for all workers and kept until its sources change."""
    name = f"{PREFIX}_template_{fingerprint()}"
    with maintenance() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{PREFIX}_%"])
        found = {row[0] for row in cursor.fetchall()}
        if name not in found:
            for old in found:
                if old.startswith(f"{PREFIX}_template_"):
                    cursor.execute(f'DROP DATABASE IF EXISTS "{old}" WITH (FORCE)')
            if environ.get("CI"):  # the server goes with the machine: nothing need outlive a power cut
                for setting in ("fsync", "full_page_writes"):
                    cursor.execute(f"ALTER SYSTEM SET {setting} = off")
                cursor.execute("SELECT pg_reload_conf()")
            building = f"{PREFIX}_building"
            cursor.execute(f'DROP DATABASE IF EXISTS "{building}" WITH (FORCE)')
            cursor.execute(f'CREATE DATABASE "{building}"')
            for command in ("migrate", "load_reference", "sync_roles"):
                if command in get_commands():
                    _manage(building, command)
            cursor.execute(f'ALTER DATABASE "{building}" RENAME TO "{name}"')
        cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    return name


def _manage(database: str, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments, "-v", "0"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=environ | {"DATABASE_URL": database_url(database), "DJANGO_SETTINGS_MODULE": "tests.settings"},
    )
    if done.returncode:
        raise RuntimeError(f"manage.py {arguments[0]} failed while making the test template:\n{done.stderr}")


@contextlib.contextmanager
def clone(label: str = "") -> Iterator[str]:
    """A fresh clone of the template, dropped afterwards. Yields its name."""
    name = f"{PREFIX}_{label or 'clone'}_{uuid.uuid4().hex[:8]}"
    source = template()
    try:  # whoever is interrupted from here on leaves none behind
        with maintenance() as cursor:
            # one at a time: a template must not be in use while it is copied
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            # a third quicker than through the log, where nothing waits for the disk
            strategy = "STRATEGY FILE_COPY" if environ.get("CI") else ""
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}" {strategy}')
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
            # what a crash of the server would lose of a test is lost in any case
            cursor.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
        yield name
    finally:
        try:
            _drop(name)
        except (KeyboardInterrupt, SystemExit):  # a signal on the way to it
            _drop(name)
            raise


def _drop(name: str) -> None:
    with maintenance() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextlib.contextmanager
def connected_to(name: str) -> Iterator[None]:
    """Point this process's connection at another database."""
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before
