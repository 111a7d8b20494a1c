"""Rows that only the database refuses: they become rejects, and all others are written."""

import pytest
from django.db import connection

from cases.importers.cases import CaseTarget
from cases.models import Case, Clock, ImportReject, ImportWarning, Party, Recovery
from registry.models import Channel, Merchant
from tests.cases.files import row, rows, write
from tests.factories import ChannelFactory

pytestmark = pytest.mark.django_db


def counts(summary: dict) -> dict:
    names = ("rows", "created", "updated", "unchanged", "duplicates", "rejected", "warnings")
    return {name: summary[name] for name in names if summary[name]}


@pytest.fixture
def no_ghosts():
    """A rule of the database that no check of the importer knows."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE cases_case ADD CONSTRAINT no_ghosts CHECK (brand <> 'ghost')")


def ghosts(lines: list[dict], *at: int) -> list[dict]:
    """The lines, of which some bear what the rule forbids; a column of the file is needed for it."""
    return [line | {"品牌": "ghost" if n in at else "brand"} for n, line in enumerate(lines)]


def write_brands(path, lines):
    return write(path, lines, header=[*row(), "品牌"])


@pytest.mark.usefixtures("no_ghosts")
class TestRefusedByTheDatabase:
    @pytest.mark.parametrize("chunk_rows", [1, 2, 4, 5000])
    def test_the_guilty_rows_are_rejected_and_the_rest_is_written(self, run, tmp_path, chunk_rows):
        lines = ghosts([*rows(9, 行政区划="火星区"), row(登记编号="bad", 消费金额="-1")], 0, 3, 8)
        for n, line in enumerate(lines):
            line["企业名称"] = f"第{n}号店"

        summary = run(write_brands(tmp_path / "a.csv", lines), chunk_rows=chunk_rows)

        assert counts(summary) == {"rows": 10, "created": 6, "rejected": 4, "warnings": 6}
        assert [case.import_line for case in Case.objects.order_by("import_line")] == [3, 4, 6, 7, 8, 9]
        assert Party.objects.count() == Recovery.objects.count() == 6
        assert Clock.objects.count() == 12
        found = ImportReject.objects.order_by("line").values_list("line", "column", "value", "rule")
        assert list(found) == [
            (2, "登记编号", "330100000001", "database"), (5, "登记编号", "330100000004", "database"),
            (10, "登记编号", "330100000009", "database"), (11, "消费金额(单位:元)", "-1", "amount.negative"),
        ]  # fmt: skip
        assert ImportWarning.objects.values_list("value", "count", "first_line").get() == ("火星区", 6, 3)
        assert not Merchant.objects.filter(name__in=["第0号店", "第3号店", "第8号店"]).exists()
        assert summary["control"]["file"] == summary["control"]["database"]
        assert summary["control"]["file"]["rows"] == 6

    def test_the_message_names_the_rule_and_nothing_of_the_database(self, run, tmp_path):
        run(write_brands(tmp_path / "a.csv", ghosts(rows(3), 1)))

        message = ImportReject.objects.get().message
        assert "no_ghosts" in message
        for word in ("cases_case", "INSERT", "COPY", "relation", "13800001234", "Failing row"):
            assert word not in message

    def test_a_second_row_of_the_number_is_taken_instead(self, run, tmp_path):
        lines = ghosts([row(登记编号="7"), *rows(3), row(登记编号="7", 企业名称="乙店"), row(登记编号="7")], 0)

        summary = run(write_brands(tmp_path / "a.csv", lines), chunk_rows=3)

        assert counts(summary) == {"rows": 6, "created": 4, "duplicates": 1, "rejected": 1}
        assert Case.objects.get(external_number="7").merchant_written == "乙店"

    def test_a_known_case_is_left_as_it_was(self, run, tmp_path):
        run(write_brands(tmp_path / "a.csv", ghosts(rows(3))))
        before = list(Case.objects.order_by("pk").values())

        summary = run(write_brands(tmp_path / "b.csv", ghosts(rows(3, 处理部门="新的科室"), 1)))

        assert counts(summary) == {"rows": 3, "updated": 2, "rejected": 1}
        assert Case.objects.values().get(pk=before[1]["id"]) == before[1]

    def test_a_whole_import_of_one_transaction_goes_on_too(self, run, tmp_path):
        summary = run(write_brands(tmp_path / "a.csv", ghosts(rows(5), 2)), dry_run=True)

        assert counts(summary) == {"rows": 5, "created": 4, "rejected": 1}
        assert Case.objects.count() == 0


def test_a_reference_that_was_deleted_meanwhile_is_found_where_it_is_written(run, tmp_path, monkeypatch):
    """Foreign keys are checked with the row, not when all is committed."""
    channel = ChannelFactory(name="飞鸽传书")
    write_chunk = CaseTarget.write

    def late(target, cursor, converted):
        Channel.objects.filter(pk=channel.pk).delete()
        return write_chunk(target, cursor, converted)

    monkeypatch.setattr(CaseTarget, "write", late)
    summary = run(write(tmp_path / "a.csv", [*rows(1), row(登记编号="x", 接收方式="飞鸽传书")]))

    assert counts(summary) == {"rows": 2, "created": 1, "rejected": 1}
    assert ImportReject.objects.values_list("line", "rule").get() == (3, "database")


def test_a_value_that_the_database_cannot_work_with_is_rejected(run, tmp_path):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE cases_case ADD CONSTRAINT odd CHECK (1 / (length(brand) - 5) < 9)")
    lines = ghosts(rows(3), 1)
    lines[0]["品牌"] = lines[2]["品牌"] = "brands"

    summary = run(write_brands(tmp_path / "a.csv", lines))

    assert counts(summary) == {"rows": 3, "created": 2, "rejected": 1}
    reject = ImportReject.objects.get()
    assert (reject.line, reject.rule) == (3, "database")
    assert "zero" not in reject.message
