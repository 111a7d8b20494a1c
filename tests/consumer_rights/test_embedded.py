"""A server of its own in a scratch checkout; the one of this checkout is never touched."""

import os
import pwd
import shutil
import signal
import socket
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


# a directory that another user has put where ours should be


@pytest.fixture
def planted(stopped):
    """The socket directory made by somebody else, with a server in it. Yields (directory, server)."""
    directory = embedded.layout().sockets
    shutil.rmtree(directory)
    directory.mkdir(mode=0o755)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(directory / ".s.PGSQL.5432"))
        server.listen()
        server.setblocking(False)
        yield directory, server
    shutil.rmtree(directory, ignore_errors=True)


def nobody_has_called(server) -> bool:
    try:
        server.accept()
    except BlockingIOError:
        return True
    return False


def refused(call) -> str:
    with pytest.raises(embedded.EmbeddedDatabaseError) as error:
        call()
    return str(error.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user's directory")
@pytest.mark.parametrize("call", [embedded.start, embedded.status])
def test_no_server_in_another_users_directory_is_talked_to(planted, call):
    directory, server = planted
    stranger = pwd.getpwnam("daemon")
    os.chown(directory, stranger.pw_uid, stranger.pw_gid)

    message = refused(call)

    assert message.startswith(f"{directory} belongs to another user")
    assert nobody_has_called(server)
    assert (directory.stat().st_uid, stat.S_IMODE(directory.stat().st_mode)) == (stranger.pw_uid, 0o755)
    assert embedded.stop() is False


@pytest.mark.parametrize("call", [embedded.start, embedded.status])
def test_no_server_in_a_directory_that_others_write_to_is_talked_to(planted, call):
    directory, server = planted
    directory.chmod(0o1777)

    assert str(directory) in refused(call)
    assert nobody_has_called(server)


@pytest.mark.parametrize("name", ["data", "sockets", "log"])
def test_a_link_hands_nothing_to_the_servers_user(stopped, tmp_path, name):
    path = getattr(embedded.layout(), name)
    victim = tmp_path / "victim"
    aside = path.with_name(f"{path.name}.aside")
    path.rename(aside)
    victim.touch(mode=0o644) if name == "log" else victim.mkdir(mode=0o755)
    before = victim.stat()
    path.symlink_to(victim)
    try:
        assert str(path) in refused(embedded.start)
    finally:
        path.unlink()
        aside.rename(path)

    after = victim.stat()
    assert (after.st_uid, after.st_gid, after.st_mode) == (before.st_uid, before.st_gid, before.st_mode)
    assert victim.is_file() or list(victim.iterdir()) == []
    assert ask(embedded.start(), "SELECT 1") == 1


def test_the_url_takes_no_other_users_server(running):
    user = embedded.status()["user"]
    url, _, options = running.partition("?")

    assert options == f"requirepeer={user}"
    assert ask(running, "SELECT 1") == 1
    with pytest.raises(psycopg2.OperationalError, match="requirepeer specifies"):
        ask(f"{url}?requirepeer=daemon", "SELECT 1")
