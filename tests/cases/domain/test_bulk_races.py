"""Bulk acts when several run at once, when one is stopped, and when the process is killed between any two rows."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg2
import pytest
from django.db import transaction

from cases.domain import bulk as domain
from cases.domain import cancel_bulk, confirm_bulk, run_bulk_acts
from cases.enums import BulkState, Verb
from cases.models import CaseEvent, Clock
from tests.cases.bulk_acts import outcomes, prepare, queue, state
from tests.factories import AgencyFactory, CaseFactory, UserFactory
from tests.waiting import comes_to_wait, in_thread

ROOT = Path(__file__).resolve().parents[3]
# so many rows that some are left at every kill, however late the test comes to look
KILLS, ROWS = 4, 100


@pytest.fixture
def committed(fresh_database):
    """An officer and twelve cases of his district, committed for real."""
    district = AgencyFactory(parent=AgencyFactory())
    officer = UserFactory(agency=district, roles=["officer"])
    return officer, [CaseFactory(handling=district) for _n in range(12)]


def test_two_runs_at_once_do_each_case_once(committed):
    officer, cases = committed
    act = queue(officer, cases)
    done, start = [], threading.Barrier(2)

    def run():
        start.wait(10)
        done.append(run_bulk_acts())

    for thread in [in_thread(run), in_thread(run)]:
        thread.join(30)

    assert sum(done) == 12
    assert outcomes(act) == ["done"] * 12
    assert CaseEvent.objects.count() == 12
    assert state(act) == BulkState.DONE


def test_a_row_that_another_run_is_doing_is_passed_over_and_keeps_the_act_open(committed):
    officer, cases = committed
    act = queue(officer, cases[:3])
    done = []
    with transaction.atomic():
        act.rows.select_for_update().get(position=1)
        thread = in_thread(lambda: done.append(run_bulk_acts()))
        thread.join(30)

    assert done == [2]
    assert outcomes(act) == ["pending", "done", "done"]
    assert state(act) == BulkState.RUNNING
    assert run_bulk_acts() == 1
    assert state(act) == BulkState.DONE


def test_stopping_waits_for_the_row_that_is_being_done(committed):
    officer, cases = committed
    act = queue(officer, cases[:3])
    left = []
    with transaction.atomic():
        assert domain._do_next(act, {}, None)
        thread = in_thread(lambda: left.append(cancel_bulk(act, actor=officer)))
        waits = comes_to_wait(thread)
    thread.join(10)

    assert waits
    assert left == [2]
    assert outcomes(act) == ["done", "cancelled", "cancelled"]


def test_confirming_twice_at_once_queues_once(committed):
    officer, cases = committed
    act = prepare(officer, cases)
    queued = []
    with transaction.atomic():
        queued.append(confirm_bulk(act, actor=officer, data={}))
        thread = in_thread(lambda: queued.append(confirm_bulk(act, actor=officer, data={})))
        waits = comes_to_wait(thread)
    thread.join(10)

    assert waits
    assert queued == [True, False]


def start_command(url: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "manage.py", "run_bulk_acts"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"},
    )  # fmt: skip


def test_killed_again_and_again_it_does_each_case_once(fresh_database):
    """A trigger makes each act slow enough for the kill to come in the middle of one."""
    district = AgencyFactory(parent=AgencyFactory())
    officer = UserFactory(agency=district, roles=["officer"])
    act = queue(officer, [CaseFactory(handling=district, regime="order121") for _n in range(ROWS)], Verb.ACCEPT)
    link = psycopg2.connect(fresh_database)
    link.autocommit = True
    cursor = link.cursor()
    cursor.execute(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_sleep(0.02); RETURN NEW; END $$;"
        " CREATE TRIGGER slow BEFORE INSERT ON cases_caseevent FOR EACH ROW EXECUTE FUNCTION slow()"
    )

    def done() -> int:
        cursor.execute("SELECT count(*) FROM cases_bulkrow WHERE outcome = 'done'")
        return cursor.fetchone()[0]

    chance, before = random.Random(121), 0
    for _kill in range(KILLS):
        process = start_command(fresh_database)
        deadline = time.monotonic() + 30
        while done() < before + 3:
            assert process.poll() is None, process.stderr.read().decode()
            assert time.monotonic() < deadline
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.05))
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        before = done()
    assert before < ROWS
    cursor.execute("SELECT count(*) FROM cases_caseevent")
    assert cursor.fetchone()[0] == before

    last = start_command(fresh_database)
    out, error = last.communicate(timeout=120)
    link.close()

    assert (last.returncode, error.decode()) == (0, "")
    assert int(out) == ROWS - before
    assert outcomes(act) == ["done"] * ROWS
    assert state(act) == BulkState.DONE
    assert CaseEvent.objects.count() == CaseEvent.objects.values("case").distinct().count() == ROWS
    assert Clock.objects.count() == ROWS
