"""A real import process is killed with -9 again and again; in the end nothing shows it."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg2
import pytest

from cases.domain import reject_context
from cases.domain.reveal import personal_context
from core.personal_data import decrypt
from tests import databases
from tests.cases.files import order, row, rows, write_orders, write_with_references
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]
KILLS = 8
ROWS = 2500
CHUNK = 40
FINGERPRINTS = {
    "cases": """
        SELECT external_number, kind, body, state, outcome, regime, claimed, received_at, decided_at, accepted_at,
               closed_at, merchant_written, m.name, r.code, extra::text, import_line
          FROM cases_case c LEFT JOIN registry_merchant m ON m.id = c.merchant_id
          LEFT JOIN registry_region r ON r.id = c.region_id ORDER BY 1""",
    "recoveries": """
        SELECT external_number, posted_on, amount, p.kind FROM cases_recovery p JOIN cases_case c ON c.id = p.case_id
         ORDER BY 1, 2, 3""",
    "clocks": """
        SELECT external_number, u.code, started_on, safe_on, due_on, stopped_on, provisional
          FROM cases_clock k JOIN cases_case c ON c.id = k.case_id JOIN cases_clockrule u ON u.id = k.rule_id
         ORDER BY 1, 2""",
    "parties": """
        SELECT external_number, role, sealed, encode(phone_hash, 'hex') FROM cases_party p
          JOIN cases_case c ON c.id = p.case_id ORDER BY 1, 2""",
    "history": """
        SELECT external_number, pgh_label, h.state FROM cases_casehistory h JOIN cases_case c ON c.id = h.pgh_obj_id
         ORDER BY 1, pgh_id""",
    "references": """
        SELECT external_number, r.source, r.number, encode(r.source_digest, 'hex') FROM cases_casereference r
          JOIN cases_case c ON c.id = r.case_id ORDER BY 1, 2, 3""",
    "differences": """
        SELECT external_number, line, says::text, open FROM cases_importdifference d
          JOIN cases_case c ON c.id = d.case_id ORDER BY 1, 2""",
    "rejects": 'SELECT line, kind, "column", value, rule FROM cases_importreject ORDER BY line, kind',
    "warnings": 'SELECT rule, "column", value, count, first_line FROM cases_importwarning ORDER BY 1, 2, 3',
    "merchants": "SELECT name_key, credit_code, verified FROM registry_merchant ORDER BY 1, 2",
    "run": """
        SELECT state, rows, created, updated, unchanged, duplicates, rejected, warnings, differing, control::text
          FROM cases_importrun ORDER BY id""",
    "files": "SELECT name, rows_total, rows_done FROM cases_importfile ORDER BY id",
}
# what is encrypted differs in every write; what it says must not
ENCRYPTED = {
    "personal": """
        SELECT external_number, p.id, personal FROM cases_party p JOIN cases_case c ON c.id = p.case_id
         ORDER BY external_number""",
    "raw": "SELECT line, file_id, raw FROM cases_importreject ORDER BY line",
}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    lines = rows(ROWS)
    for n, line in enumerate(lines):
        line["企业名称"] = f"第{n % 37}号店"
        line["联系电话"] = f"138{n:08d}"
        line["行政区划"] = "火星区" if n % 50 == 0 else "西湖区"
        if n % 300 == 0:
            line["12345工单号"] = f"HZ{n}"  # of a case that is there
        elif n % 100 == 0:
            line["12345工单号"] = f"HZ{n};HZ{n - 100}"  # of none; of another, which is a warning where there is one
    lines[130]["消费金额(单位:元)"] = "-1"
    lines.insert(700, row(登记编号=lines[10]["登记编号"], 企业名称="重复"))
    lines.insert(2000, row(登记编号="second") | {"12345工单号": "HZ300"})  # stands for a case that was taken before
    return write_with_references(tmp_path_factory.mktemp("killed") / "a.csv", lines)


@pytest.fixture(scope="module")
def orders(tmp_path_factory):
    """What is there before: orders of the 12345 line that rows of the other file name, or that name a row."""
    lines = [
        order(工单编号=f"HZ{n}", 来电号码=f"138{n:08d}", 涉及金额="1300.00" if n % 600 else "1200.00")
        for n in range(0, ROWS, 300)
    ]
    lines += [order(工单编号=f"HX{n}", further=f"3301{n:08d}") for n in range(50, ROWS, 700)]
    return write_orders(tmp_path_factory.mktemp("orders") / "orders.csv", lines)


def start(url: str, path: Path, profile: str = "national12315") -> subprocess.Popen:
    command = [sys.executable, "manage.py", "import_cases", str(path), "--profile", profile]
    return subprocess.Popen(
        [*command, "--chunk-rows", str(CHUNK), "--json"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"}, start_new_session=True,
    )  # fmt: skip


def finish(url: str, path: Path, profile: str = "national12315") -> dict:
    process = start(url, path, profile)
    out, error = process.communicate(timeout=120)
    assert process.returncode == 0, error.decode()
    return json.loads(out.splitlines()[-1])


def fingerprint(url: str) -> dict[str, list]:
    with psycopg2.connect(url) as link, link.cursor() as cursor:
        found = {}
        for name, query in FINGERPRINTS.items():
            cursor.execute(query)
            found[name] = cursor.fetchall()
        cursor.execute(ENCRYPTED["personal"])
        found["personal"] = [
            (number, decrypt(blob, context=personal_context(party))) for number, party, blob in cursor.fetchall()
        ]
        cursor.execute(ENCRYPTED["raw"])
        found["raw"] = [
            (line, decrypt(blob, context=reject_context(file, line))) for line, file, blob in cursor.fetchall()
        ]
    link.close()
    return found


def rows_done(cursor) -> int:
    cursor.execute("SELECT coalesce(sum(rows_done), 0) FROM cases_importfile WHERE name = 'a.csv'")
    return cursor.fetchone()[0]


def wait_until(condition, process: subprocess.Popen, seconds: float = 30) -> bool:
    """True once the condition holds, False if the process has ended before."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        if process.poll() is not None:
            return False
        time.sleep(0.005)
    raise AssertionError("nothing happened")


def kill(process: subprocess.Popen) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdout, process.stderr):
        stream.close()


def survivors(group: int) -> list[int]:
    """Processes of a session that still run (those that nobody has buried yet do not)."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _parent, process_group = stat.read_text().rpartition(")")[2].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(process_group) == group and state != "Z":
            found.append(int(stat.parent.name))
    return found


def test_killed_at_eight_moments_it_ends_as_if_undisturbed(fresh_database, path, orders):
    chance = random.Random(20201231)
    with databases.clone("undisturbed") as name:
        undisturbed = databases.database_url(name)
        finish(undisturbed, orders, "hotline12345")
        expected_summary = finish(undisturbed, path)
        expected = fingerprint(undisturbed)
    finish(fresh_database, orders, "hotline12345")
    killed = inside_copy = 0
    link = psycopg2.connect(fresh_database)
    link.autocommit = True
    cursor = link.cursor()

    def importing() -> bool:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return cursor.fetchone()[0] > 0

    def waits_in_copy() -> bool:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY cases_clock%'"
            " AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0] > 0

    # one kill inside a COPY: another session holds a lock that the COPY has to wait for
    blocker = psycopg2.connect(fresh_database)
    with blocker.cursor() as lock:
        lock.execute("LOCK TABLE cases_clock IN SHARE MODE")
        process = start(fresh_database, path)
        assert wait_until(waits_in_copy, process)
        kill(process)
        killed, inside_copy = killed + 1, inside_copy + 1
    blocker.rollback()
    blocker.close()

    eventually(lambda: not importing())
    while killed < KILLS:
        before = rows_done(cursor)
        process = start(fresh_database, path)
        assert wait_until(importing, process)
        if killed % 2:  # let it get on by a chunk before the blow, or it would never end
            assert wait_until(lambda seen=before: rows_done(cursor) > seen, process)
        time.sleep(chance.random() * 0.05)
        kill(process)
        killed += 1
        assert rows_done(cursor) < ROWS, "the run ended before all kills: more rows are needed"
        # the server notices, and so do the workers: nothing of the killed import goes on
        eventually(lambda: not importing())
        eventually(lambda group=process.pid: not survivors(group))

    summary = finish(fresh_database, path)
    found = fingerprint(fresh_database)
    link.close()

    assert (killed, inside_copy) == (KILLS, 1)
    assert {name: len(lines) for name, lines in found.items() if not lines} == {}
    for name in expected:
        assert found[name] == expected[name], name
    ignored = ("seconds", "run")
    assert {k: v for k, v in summary.items() if k not in ignored} == {
        k: v for k, v in expected_summary.items() if k not in ignored
    }
