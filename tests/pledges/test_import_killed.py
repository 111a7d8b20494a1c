"""Real imports of pledges and returns are killed with -9; in the end nothing shows it."""

import datetime as dt
import random
import time

import psycopg2
import pytest

from tests import databases
from tests.cases.test_import_killed import kill, survivors, wait_until
from tests.importing import write_lines
from tests.mediation.test_import_killed import KILLS, ROWS, finish, start
from tests.waiting import eventually

PUBLISHED = dt.date(2019, 1, 1)
FINGERPRINTS = {
    "merchants": "SELECT name, credit_code, verified FROM registry_merchant ORDER BY 1, 2",
    "premises": """
        SELECT m.name, u.name, u.address, a.code, import_line FROM pledges_premises u
          JOIN registry_merchant m ON m.id = merchant_id JOIN registry_agency a ON a.id = agency_id ORDER BY 1, 2""",
    "pledges": """
        SELECT p.external_number, u.name, t.code, p.state, p.applied_on, p.published_on, p.valid_to, p.ended_on, p.terms,
               p.days, p.statement, p.import_line, b.external_number
          FROM pledges_pledge p JOIN pledges_premises u ON u.id = premises_id JOIN pledges_pledgetype t ON t.id = type_id
          LEFT JOIN pledges_pledge b ON b.id = p.previous_id ORDER BY 1""",
    "events": """
        SELECT p.external_number, verb, before, after, note, data - 'file' FROM pledges_pledgeevent e
          JOIN pledges_pledge p ON p.id = pledge_id ORDER BY 1, e.id""",
    "suspensions": """
        SELECT p.external_number, since, until FROM pledges_suspension JOIN pledges_pledge p ON p.id = pledge_id
         ORDER BY 1, 2""",
    "returns": """
        SELECT u.name, month, count, amount, r.import_line FROM pledges_returnentry r
          JOIN pledges_premises u ON u.id = premises_id ORDER BY 1, 2""",
    "changes": "SELECT count(*) FROM pledges_returnchange",
    "rejects": 'SELECT line, kind, "column", value, rule FROM cases_importreject ORDER BY line, kind',
    "warnings": 'SELECT rule, "column", value, count, first_line FROM cases_importwarning ORDER BY 1, 2, 3',
    "run": """
        SELECT target, state, rows, created, updated, unchanged, duplicates, rejected, warnings, differing, control::text
          FROM cases_importrun ORDER BY id""",
}


def pledges() -> list[dict]:
    """Some overlap another at their premises, some stand twice, some name no district."""
    lines = []
    for n in range(ROWS):
        published = PUBLISHED + dt.timedelta(days=n)
        ended = n % 4 == 1
        lines.append({
            "承诺编号": f"C{n - 40 if n % 90 == 50 else n}", "承诺类型": "无理由退货承诺单位",
            "经营者名称": f"杭州青禾{n // 3}商贸有限公司", "门店名称": f"青禾{n - 1 if n % 70 == 5 else n}店",
            "区县": "西湖区" if n % 110 else "不知", "申请日期": str(published), "公布日期": str(published),
            "有效期至": "2033-12-31" if n % 2 else str(published + dt.timedelta(days=364)),
            "状态": "摘牌" if ended else "暂停" if n % 4 == 3 else "在期", "暂停日期": "2023-01-01" if n % 4 == 3 else "",
            "结束日期": "2023-06-01" if ended else "", "退货天数": "7", "承诺内容": f"承诺{n}",
        })  # fmt: skip
    return lines


def returns() -> list[dict]:
    """Some stand twice, some are of a month before the pledge."""
    lines = []
    for n in range(ROWS):
        number = n - 40 if n % 90 == 50 else n
        lines.append({
            "经营者名称": f"杭州青禾{number // 3}商贸有限公司", "门店名称": f"青禾{number}店", "区县": "西湖区",
            "月份": "2023-03" if n % 110 else "2018-12", "退货件数": str(n + 1), "退货金额": f"{n}.50",
        })  # fmt: skip
    return lines


FILES = {"import_pledges": pledges, "import_returns": returns}


def prepare(url: str, folder, command: str) -> None:
    """The pledges that the returns name."""
    if command == "import_returns":
        lines = [
            line | {"承诺编号": f"P{n}", "门店名称": f"青禾{n}店", "区县": "西湖区"} for n, line in enumerate(pledges())
        ]
        finish(url, "import_pledges", write_lines(folder / "pledges.csv", lines[0].keys(), lines))


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
        prepare(undisturbed, tmp_path, command)
        expected_summary = finish(undisturbed, command, path)
        expected = fingerprint(undisturbed)
    prepare(fresh_database, tmp_path, command)
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
