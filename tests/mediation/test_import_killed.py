"""Real imports of sessions and referrals are killed with -9; in the end nothing shows it."""

import datetime as dt
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import psycopg2
import pytest

from tests import databases
from tests.cases.files import rows, write
from tests.cases.test_import_killed import ROOT, kill, survivors, wait_until
from tests.importing import write_lines
from tests.waiting import eventually

KILLS = 2
ROWS = 800
CHUNK = 30
AGENCY = "杭州市西湖区市场监督管理局"
START = dt.datetime(2020, 6, 1, 9, tzinfo=dt.UTC)
FINGERPRINTS = {
    "sessions": """
        SELECT s.external_number, c.external_number, m.name, period, mode, r.name, place, link, s.state, s.outcome,
               minutes, held_at, cancelled_at, s.import_line
          FROM mediation_session s JOIN cases_case c ON c.id = s.case_id
          JOIN mediation_mediator m ON m.id = s.mediator_id LEFT JOIN mediation_room r ON r.id = s.room_id ORDER BY 1""",
    "attendances": """
        SELECT s.external_number, side, means, called_at FROM mediation_attendance a
          JOIN mediation_session s ON s.id = a.session_id ORDER BY 1, 2""",
    "referrals": """
        SELECT c.external_number, p.code, referred_at, r.state, returned_because, replied_at, r.ended_at, reply,
               settlement, due_on, r.import_line
          FROM mediation_platformreferral r JOIN cases_case c ON c.id = r.case_id
          JOIN registry_platform p ON p.id = r.platform_id ORDER BY 1, 2, 3""",
    "cases": "SELECT external_number, state, outcome, closed_at FROM cases_case ORDER BY 1",
    "rejects": 'SELECT line, kind, "column", value, rule FROM cases_importreject ORDER BY line, kind',
    "warnings": 'SELECT rule, "column", value, count, first_line FROM cases_importwarning ORDER BY 1, 2, 3',
    "run": """
        SELECT target, state, rows, created, updated, unchanged, duplicates, rejected, warnings, differing, control::text
          FROM cases_importrun ORDER BY id""",
}


def sessions() -> list[dict]:
    """Some overlap one before them, some stand twice, some are of no case."""
    lines = []
    for n in range(ROWS):
        starts = START + dt.timedelta(hours=n - (n % 70 == 5))
        lines.append({
            "场次编号": f"C{n - 40 if n % 90 == 50 else n}", "登记编号": f"3301{n + 1:08d}" if n % 110 else "不知",
            "调解机构": AGENCY, "调解员": "赵调解", "开始时间": f"{starts:%Y-%m-%d %H:%M}",
            "结束时间": f"{starts + dt.timedelta(minutes=50):%Y-%m-%d %H:%M}", "调解方式": "现场", "地点": f"地点{n % 7}",
            "调解室": "", "场次状态": "已召开", "调解结果": "达成协议", "调解记录": f"记录{n}", "通知方式": "电话",
            "通知时间": "2020-05-31 10:00",
        })  # fmt: skip
    for line in lines[::60]:
        line["调解室"], line["地点"] = "不知名的房间", ""
    return lines


def referrals() -> list[dict]:
    """Some stand twice, some name no platform."""
    lines = []
    for n in range(ROWS):
        settled = n % 3 == 0
        lines.append({
            "登记编号": f"3301{(n - 40 if n % 90 == 50 else n) + 1:08d}", "平台名称": "橙筐商城" if n % 110 else "不知",
            "转办时间": "2020-05-07 10:00", "答复时间": "2020-05-09 10:00", "办结时间": "2020-05-12 10:00",
            "办理结果": "已和解" if settled else "平台退回", "和解内容": f"退款{n}元" if settled else "",
            "答复内容": f"答复{n}",
        })  # fmt: skip
    return lines


FILES = {"import_sessions": sessions, "import_referrals": referrals}


def start(url: str, command: str, path: Path, *more: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "manage.py", command, str(path), *more, "--chunk-rows", str(CHUNK), "--json"], cwd=ROOT,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        env=os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"},
    )  # fmt: skip


def finish(url: str, command: str, path: Path, *more: str) -> dict:
    out, error = (process := start(url, command, path, *more)).communicate(timeout=120)
    assert process.returncode == 0, error.decode()
    return json.loads(out.splitlines()[-1])


def prepare(url: str, folder: Path) -> None:
    """The cases and the mediator that the files name."""
    cases = write(folder / "cases.csv", rows(ROWS))
    finish(url, "import_cases", cases, "--profile", "national12315")
    mediators = write_lines(folder / "mediators.csv", ("姓名", "机构"), [{"姓名": "赵调解", "机构": AGENCY}])
    finish(url, "import_mediators", mediators)


def fingerprint(url: str) -> dict[str, list]:
    with psycopg2.connect(url) as link, link.cursor() as cursor:
        found = {}
        for name, query in FINGERPRINTS.items():
            cursor.execute(query)
            found[name] = cursor.fetchall()
    link.close()
    return found


@pytest.mark.parametrize("command", FILES)
def test_killed_it_ends_as_if_undisturbed(fresh_database, tmp_path, command):
    lines, chance = FILES[command](), random.Random(20200601)
    path = write_lines(tmp_path / "a.csv", lines[0].keys(), lines)
    with databases.clone(f"undisturbed_{command}") as name:
        undisturbed = databases.database_url(name)
        prepare(undisturbed, tmp_path)
        expected_summary = finish(undisturbed, command, path)
        expected = fingerprint(undisturbed)
    prepare(fresh_database, tmp_path)
    link = psycopg2.connect(fresh_database)
    link.autocommit = True
    cursor = link.cursor()

    def rows_done() -> int:
        cursor.execute("SELECT coalesce(sum(rows_done), 0) FROM cases_importfile WHERE name = 'a.csv'")
        return cursor.fetchone()[0]

    for _kill in range(KILLS):
        before = rows_done()
        process = start(fresh_database, command, path)
        assert wait_until(lambda seen=before: rows_done() > seen, process)
        time.sleep(chance.random() * 0.05)
        kill(process)
        assert rows_done() < ROWS, "the run ended before all kills: more rows are needed"
        eventually(lambda group=process.pid: not survivors(group))

    summary = finish(fresh_database, command, path)
    found = fingerprint(fresh_database)
    link.close()

    assert expected_summary["created"] > ROWS * 0.9
    assert min(expected_summary[name] for name in ("duplicates", "rejected")) > 5
    for name in expected:
        assert found[name] == expected[name], name
    ignored = ("seconds", "run")
    assert {k: v for k, v in summary.items() if k not in ignored} == {
        k: v for k, v in expected_summary.items() if k not in ignored
    }
