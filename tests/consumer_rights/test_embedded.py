"""A server of its own in a scratch checkout; the one of this checkout is never touched."""

import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg2
import pytest

from consumer_rights import embedded


@pytest.fixture(scope="module")
def checkout():
    """A checkout in which no server has ever run, under a locale that does not exist."""
    ours = embedded.layout().data
    # not under pytest's own directory, which another user may not enter
    base = Path(tempfile.mkdtemp(prefix="embedded-"))
    base.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedded, "BASE_DIR", base)
        patch.setenv("LC_ALL", "POSIX")
        patch.setenv("LANG", "zh_XX")
        embedded.layout.cache_clear()
        place = embedded.layout()
        assert place.data != ours
        yield base
        embedded.stop()
        for directory in (place.sockets, base, place.data.parent):
            shutil.rmtree(directory, ignore_errors=True)
    embedded.layout.cache_clear()


@pytest.fixture
def running(checkout) -> str:
    return embedded.start()


@pytest.fixture
def stopped(running) -> Path:
    """The data directory of a server that has run and does not."""
    embedded.stop()
    return embedded.layout().data


def ask(url: str, *statements: str):
    """The first value of the last statement's answer."""
    link = psycopg2.connect(url)
    link.autocommit = True
    try:
        with link.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchone()[0] if cursor.description else None
    finally:
        link.close()


def test_before_the_first_start_nothing_runs(checkout):
    state = embedded.status()

    assert (state["running"], state["pid"]) == (False, None)
    assert embedded.stop() is False
    assert state["version"] >= 15


def test_start_makes_a_server_that_answers(running):
    state = embedded.status()

    assert ask(running, "SELECT current_database()") == "consumer_rights"
    assert (state["running"], state["url"]) == (True, running)
    assert Path(state["data"], "PG_VERSION").exists()
    assert ask(running, "SHOW data_directory") == state["data"]


def test_only_its_user_may_enter_and_nothing_listens_on_the_network(running):
    place = embedded.layout()

    assert {stat.S_IMODE(path.stat().st_mode) for path in (place.data, place.sockets)} == {0o700}
    assert ask(running, "SHOW listen_addresses") == ""


def test_a_second_start_finds_the_server_that_runs(running):
    pid = embedded.status()["pid"]

    assert embedded.start() == running
    assert embedded.status()["pid"] == pid


def test_chinese_can_be_searched_whatever_the_locale_of_the_environment(running):
    trigrams = ask(running, "CREATE EXTENSION IF NOT EXISTS pg_trgm", "SELECT show_trgm('健身')")

    assert len(trigrams) > 0
    assert ask(running, "SHOW server_encoding") == "UTF8"
    assert ask(running, "SELECT '健身' ~ '^\\w+$'") is True


def test_what_was_stored_outlives_a_stop(running):
    ask(running, "CREATE TABLE IF NOT EXISTS kept (n int)", "TRUNCATE kept", "INSERT INTO kept VALUES (7)")

    assert embedded.stop() is True
    assert embedded.status()["running"] is False
    assert ask(embedded.start(), "SELECT n FROM kept") == 7


def test_a_stale_pid_file_that_names_this_process_harms_neither(stopped):
    pid_file = stopped / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{stopped}\n0\n")
    signals = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: signals.append(number))
    try:
        assert embedded.status()["pid"] is None
        assert embedded.stop() is False
        assert ask(embedded.start(), "SELECT 1") == 1
    finally:
        signal.signal(signal.SIGTERM, before)

    assert signals == []
    assert embedded.status()["pid"] != os.getpid()


def test_a_stale_pid_file_that_names_a_stranger_never_costs_him_his_life(stopped):
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        (stopped / "postmaster.pid").write_text(f"{stranger.pid}\n{stopped}\n0\n")
        assert embedded.stop() is False
        assert ask(embedded.start(), "SELECT 1") == 1
        assert embedded.stop() is True
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize("content", ["", "nonsense\n"])
def test_a_damaged_pid_file_does_not_keep_the_server_from_starting(stopped, content):
    (stopped / "postmaster.pid").write_text(content)

    assert embedded.stop() is False
    assert ask(embedded.start(), "SELECT 1") == 1


def test_after_kill_9_the_next_start_recovers_what_was_committed(running):
    ask(running, "CREATE TABLE IF NOT EXISTS kept (n int)", "TRUNCATE kept", "INSERT INTO kept VALUES (9)")
    pid = embedded.status()["pid"]
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while embedded.status()["running"]:
        assert time.monotonic() < deadline

    assert ask(embedded.start(), "SELECT n FROM kept") == 9
    assert embedded.status()["pid"] != pid
