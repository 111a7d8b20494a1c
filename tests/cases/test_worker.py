"""The worker as a process of its own, and its rounds among the consumers."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg2
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from cases import worker
from cases.domain import SEARCH, waiting
from cases.enums import BulkState
from cases.models import BulkAct, CaseChange, CaseSearch
from cases.worker import Rounds, WorkerBusy, drain, only_worker
from tests.factories import BulkActFactory, CaseFactory, UserFactory
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(fresh_database):
    """`run("--once")`: a worker on the test's database; ended with the test."""
    processes = []

    def start(*options) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "worker", "-v", "2", *options], cwd=ROOT, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=os.environ | {"DATABASE_URL": fresh_database, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        )  # fmt: skip
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def elsewhere(fresh_database):
    """A cursor of another connection."""
    link = psycopg2.connect(fresh_database)
    link.autocommit = True
    with link.cursor() as cursor:
        yield cursor
    link.close()


def indexed() -> int:
    return CaseSearch.objects.count()


def asked_for(cases: int) -> BulkAct:
    """A bulk act that waits to be done."""
    case = CaseFactory()
    more = [CaseFactory(handling=case.handling) for _n in range(cases - 1)]
    officer = UserFactory(agency=case.handling, roles=["officer"])
    return BulkActFactory(actor=officer, cases=[case, *more], total=cases)


# the process


def test_it_does_bulk_acts(run):
    act = asked_for(3)
    run()

    eventually(lambda: BulkAct.objects.get(pk=act.pk).state == BulkState.DONE)

    assert list(act.rows.values_list("outcome", flat=True)) == ["done"] * 3


def test_once_it_does_bulk_acts_too(run):
    act = asked_for(2)

    out, _none = run("--once").communicate(timeout=60)

    assert "bulk_acts: 2" in out
    assert BulkAct.objects.get(pk=act.pk).state == BulkState.DONE


def test_what_only_fills_the_search_does_no_bulk_act(fresh_database):
    act = asked_for(2)

    drain()

    assert BulkAct.objects.get(pk=act.pk).state == BulkState.QUEUED


def test_it_follows_the_cases_until_it_is_told_to_stop(run):
    first = CaseFactory()
    process = run()
    eventually(lambda: indexed() == 1)
    second = CaseFactory()
    eventually(lambda: indexed() == 2)
    eventually(lambda: not CaseChange.objects.exists())

    process.send_signal(signal.SIGTERM)
    out, _none = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "search: 1 (" in out
    assert set(CaseSearch.objects.values_list("pk", flat=True)) == {first.pk, second.pk}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_while_it_has_nothing_to_do(run, number):
    process = run()
    eventually(lambda: waiting(SEARCH) == 0 and _lock_is_held())
    process.send_signal(number)

    process.communicate(timeout=20)
    assert process.returncode == 0


def _lock_is_held() -> bool:
    with contextlib.suppress(WorkerBusy), only_worker():
        return False
    return True


def test_once_does_all_and_ends(run):
    CaseFactory()

    out, _none = run("--once").communicate(timeout=60)

    assert (indexed(), waiting(SEARCH)) == (1, 0)
    assert sorted(line.partition(" (")[0] for line in out.splitlines()) == ["breaches: 1", "search: 1", "sessions: 1"]


def test_a_second_worker_waits_for_the_first_and_takes_over(run):
    first = run()
    eventually(_lock_is_held)
    second = run()
    assert second.stdout.readline().startswith(str(WorkerBusy()))
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=20)

    CaseFactory()
    eventually(lambda: indexed() == 1)


def test_once_beside_a_worker_says_so(fresh_database, elsewhere):
    elsewhere.execute("SELECT pg_advisory_lock(hashtext(%s))", [worker.LOCK])

    with pytest.raises(CommandError, match=str(WorkerBusy())):
        call_command("worker", once=True)


def test_a_lost_connection_is_made_again(run, elsewhere):
    run()
    eventually(_lock_is_held)
    elsewhere.execute(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    assert elsewhere.fetchone() == (1,)

    CaseFactory()
    eventually(lambda: indexed() == 1)


def test_it_ends_with_its_parent(run):
    process = run("--parent", str(os.getppid()))  # which is ours, not its own

    process.communicate(timeout=30)
    assert process.returncode == 0


# rounds


def test_each_consumer_has_its_turn_and_settles_when_it_has_read_all(fresh_database, registered):
    heard = []
    registered("a", lambda ids: heard.append(("a", ids)), settle=lambda: heard.append("settled"))
    registered("b", lambda ids: heard.append(("b", ids)))
    case = CaseFactory()

    told = []
    assert drain(lambda name, cases, seconds: told.append((name, cases))) == 2
    assert heard == [("a", [case.pk]), ("b", [case.pk]), "settled"]
    assert told == [("a", 1), ("b", 1)]
    assert drain() == 0
    assert heard[3:] == []


def test_one_that_fails_pauses_and_the_others_go_on(fresh_database, registered, caplog, monkeypatch):
    heard = []

    def fail(ids):
        heard.append("failed")
        raise ValueError("a mistake of its own")

    registered("a", fail)
    registered("b", lambda ids: heard.append("b"))
    CaseFactory()
    rounds = Rounds(lambda *batch: None, threading.Event())

    assert [rounds.turn(), rounds.turn()] == [1, 0]
    assert heard == ["failed", "b"]
    assert "a mistake of its own" in caplog.text
    monkeypatch.setattr(time, "monotonic", lambda now=time.monotonic: now() + worker.PAUSE_SECONDS)
    rounds.turn()
    assert heard == ["failed", "b", "failed"]


def test_without_care_a_failure_is_raised(fresh_database, registered):
    def fail(ids):
        raise ValueError("a mistake of its own")

    registered("a", fail)
    CaseFactory()

    with pytest.raises(ValueError, match="its own"):
        drain()
    assert not _lock_is_held()


def test_a_stop_is_heeded_between_batches(fresh_database, registered):
    stop = threading.Event()
    heard = []
    registered("a", lambda ids: stop.set())
    registered("b", heard.append)
    CaseFactory()

    drain(stop=stop)
    assert heard == []


def test_the_index_is_made_where_it_is_missing(run):
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX cases_casesearch_bigrams")
    run()

    def there():
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('cases_casesearch_bigrams') IS NOT NULL")
            return cursor.fetchone()[0]

    eventually(there)


# rebuild_search


def test_rebuild_search_fills_an_empty_search_and_says_how_far_it_is(fresh_database, capsys):
    case = CaseFactory(narrative="健身房")
    call_command("rebuild_search", json=True)

    out, error = capsys.readouterr()
    assert '"cases": 1' in out
    assert error.startswith("1 / 1  ")
    assert CaseSearch.objects.get().case_id == case.pk
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'cases_casesearch_bigrams'")
        assert "cases_bigrams(content)" in cursor.fetchone()[0]


def test_rebuild_search_mends_what_is_wrong_and_check_tells_of_it(fresh_database, capsys):
    cases = [CaseFactory() for _n in range(3)]
    call_command("rebuild_search")
    call_command("rebuild_search", check=True)
    CaseSearch.objects.filter(pk=cases[0].pk).delete()
    CaseSearch.objects.filter(pk=cases[1].pk).update(content="otherwise")
    capsys.readouterr()

    with pytest.raises(CommandError):
        call_command("rebuild_search", check=True)
    assert "missing: 1\nstale: 1\nwaiting: 0" in capsys.readouterr().out
    call_command("rebuild_search")
    call_command("rebuild_search", check=True)


def test_rebuild_search_leaves_the_work_to_a_worker_that_runs(run, capsys):
    CaseFactory()
    run()
    eventually(lambda: indexed() == 1)
    CaseSearch.objects.update(content="otherwise")

    call_command("rebuild_search")

    assert str(WorkerBusy()) in capsys.readouterr().err
    assert CaseSearch.objects.get().content != "otherwise"
