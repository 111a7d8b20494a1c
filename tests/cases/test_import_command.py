"""What the import commands say, the modes of a call, and the file of rejects."""

import csv
import json
import os
import stat
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from accounts.domain import system_user
from accounts.models import AccessLog
from cases.importers.commands import ImportCommand
from cases.models import Case, ImportFile, ImportReject, ImportRun, ImportWarning, Party
from tests.cases.files import row, rows, write
from tests.factories import AgencyFactory

pytestmark = pytest.mark.django_db


def counts(summary: dict) -> dict:
    names = ("rows", "created", "updated", "unchanged", "duplicates", "rejected")
    return {name: summary[name] for name in names if summary[name]}


@pytest.fixture
def say(capsys):
    """Call import_cases; the lines that it prints, in English."""

    def call(*paths, **options):
        with translation.override("en"):
            try:
                call_command("import_cases", *map(str, paths), profile="national12315", **options)
            finally:
                call.lines = capsys.readouterr().out.splitlines()
        return call.lines

    return call


@pytest.fixture
def cut_off(run, monkeypatch):
    """Call import_cases and end it after its first chunk."""

    def call(path, **options):
        def stop(command, run, file):
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(ImportCommand, "_progress", stop)
            with pytest.raises(KeyboardInterrupt):
                run(path, **options)

    return call


class TestFindings:
    def test_the_most_frequent_are_printed_with_line_and_file(self, say, tmp_path):
        first = write(tmp_path / "a.csv", [*rows(1), *rows(3, 行政区划="火星区")[1:]])
        second = write(tmp_path / "b.csv", [row(登记编号="x", 行政区划="火星区", 接收方式="飞鸽传书")])

        lines = say(first, second)

        assert [line for line in lines if line.startswith("  ")] == [
            "  Region not recognised: 行政区划 “火星区”, 2 rows, first in line 3 of a.csv",
            "  Channel not recognised: 接收方式 “飞鸽传书”, 1 row, line 2 of b.csv",
            "  Region not recognised: 行政区划 “火星区”, 1 row, line 2 of b.csv",
        ]

    @pytest.mark.parametrize("dry_run", [False, True])
    def test_more_than_twenty_are_counted(self, say, tmp_path, dry_run):
        path = write(tmp_path / "a.csv", [row(登记编号=f"{n}", 行政区划=f"第{n}区") for n in range(23)])

        lines = say(path, dry_run=dry_run)

        assert sum("Region not recognised" in line for line in lines) == 20
        assert "  and 3 more" in lines

    @pytest.mark.parametrize("dry_run", [False, True])
    def test_json_lists_two_hundred_and_says_how_many_there_are(self, run, tmp_path, dry_run):
        lines = [row(登记编号=f"{n}", 行政区划=f"第{n}区") for n in range(203)]
        lines.append(row(登记编号="x", 行政区划="第7区"))

        summary = run(write(tmp_path / "a.csv", lines), dry_run=dry_run)

        assert (len(summary["findings"]), summary["findings_total"], summary["warnings"]) == (200, 203, 204)
        assert summary["findings"][0] == {
            "rule": "region", "column": "行政区划", "value": "第7区", "rows": 2, "file": "a.csv", "first_line": 9,
        }  # fmt: skip
        assert ImportWarning.objects.count() == (0 if dry_run else 203)

    def test_each_file_has_its_own_first_line(self, run, tmp_path):
        run(
            write(tmp_path / "a.csv", rows(2, 行政区划="火星区")),
            write(tmp_path / "b.csv", [row(登记编号="x"), row(登记编号="y", 行政区划="火星区")]),
        )

        found = ImportWarning.objects.order_by("file__position").values_list("file__name", "count", "first_line")
        assert list(found) == [("a.csv", 2, 2), ("b.csv", 1, 3)]


class TestAtomic:
    def test_it_prints_the_first_rejects_and_names_no_page(self, say, tmp_path):
        path = write(tmp_path / "a.csv", [row(登记编号="1", 消费金额="-1"), row(登记编号="2", 登记时间="2020-02-30")])

        with pytest.raises(CommandError) as refused:
            say(path, atomic=True)

        assert refused.value.returncode == 2
        first, second = (line for line in say.lines if line.startswith("  a.csv, line"))
        assert first.startswith("  a.csv, line 2, 消费金额(单位:元) “-1”: ")
        assert second.startswith("  a.csv, line 3, 登记时间 “2020-02-30”: ")
        assert len(first) > len("  a.csv, line 2, 消费金额(单位:元) “-1”: ")
        assert not any("page" in line for line in say.lines)
        assert "Call again with --rejects OUT.csv to get all rejected rows." in say.lines

    def test_json_lists_the_first_twenty_rejects(self, run, tmp_path, capsys):
        path = write(tmp_path / "a.csv", rows(25, 消费金额="-1"))

        with pytest.raises(CommandError):
            run(path, atomic=True)

        summary = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert (summary["run"], summary["rejected"], len(summary["rejects"])) == (None, 25, 20)
        assert [summary["rejects"][0][name] for name in ("file", "line", "column", "value", "rule")] == [
            "a.csv", 2, "消费金额(单位:元)", "-1", "amount.negative",
        ]  # fmt: skip

    def test_it_does_not_go_on_with_an_ordinary_run(self, run, cut_off, tmp_path):
        path = write(tmp_path / "a.csv", rows(5))
        cut_off(path, chunk_rows=2)
        begun = ImportRun.objects.get()

        summary = run(path, atomic=True)

        assert counts(summary) == {"rows": 5, "created": 3, "unchanged": 2}
        assert summary["run"] != begun.pk
        begun.refresh_from_db()
        assert (begun.state, begun.rows) == ("running", 2)
        assert counts(run(path)) == {"rows": 5, "created": 2, "unchanged": 3}
        assert ImportRun.objects.get(pk=begun.pk).state == "completed"

    def test_with_rejects_it_leaves_a_run_that_was_cut_off_as_it_was(self, run, cut_off, tmp_path):
        path = write(tmp_path / "a.csv", [*rows(4), row(登记编号="x", 消费金额="-1")])
        cut_off(path, chunk_rows=2)
        before = [list(model.objects.order_by("pk").values()) for model in (Case, Party, ImportRun, ImportFile)]

        with pytest.raises(CommandError) as refused:
            run(path, atomic=True)

        assert refused.value.returncode == 2
        assert before == [
            list(model.objects.order_by("pk").values()) for model in (Case, Party, ImportRun, ImportFile)
        ]
        assert ImportReject.objects.count() == 0

    def test_a_run_that_goes_on_keeps_its_agency(self, run, cut_off, tmp_path):
        path = write(tmp_path / "a.csv", rows(4, 处理机构="不知何处的所"))
        first = AgencyFactory()
        cut_off(path, chunk_rows=2, agency=first.code)

        run(path, agency=AgencyFactory().code)

        assert ImportRun.objects.get().agency == first
        assert set(Case.objects.values_list("custodian", flat=True)) == {first.pk}


class TestRejectsFile:
    @pytest.fixture
    def path(self, tmp_path):
        return write(tmp_path / "a.csv", [row(登记编号="1"), row(登记编号="2", 消费金额="-1")])

    def refused(self, run, path, out, **options) -> str:
        """The one line with which a call is refused before anything is done."""
        with pytest.raises(CommandError) as refused:
            run(path, rejects=out, **options)
        assert (refused.value.returncode, "\n" in str(refused.value)) == (1, False)
        assert [model.objects.count() for model in (Case, ImportRun, AccessLog)] == [0, 0, 0]
        return str(refused.value)

    def test_a_folder_that_does_not_exist(self, run, path, tmp_path):
        assert str(tmp_path / "no" / "r.csv") in self.refused(run, path, tmp_path / "no" / "r.csv")

    def test_a_folder_that_cannot_be_written(self, run, path):
        assert "/proc/r.csv" in self.refused(run, path, Path("/proc/r.csv"))

    def test_a_folder_in_place_of_a_file(self, run, path, tmp_path):
        self.refused(run, path, tmp_path)

    def test_one_of_the_files_to_import(self, run, path, tmp_path):
        before = path.read_bytes()

        self.refused(run, path, tmp_path / "." / "a.csv")

        os.link(path, tmp_path / "same.csv")
        self.refused(run, path, tmp_path / "same.csv")
        assert path.read_bytes() == before

    def test_a_link_is_not_followed(self, run, path, tmp_path):
        (tmp_path / "precious").write_text("kept")
        (tmp_path / "r.csv").symlink_to(tmp_path / "precious")

        self.refused(run, path, tmp_path / "r.csv")

        assert (tmp_path / "precious").read_text() == "kept"

    def test_it_is_written_beside_and_then_named(self, run, path, tmp_path):
        out = tmp_path / "out"
        out.mkdir()
        (out / "r.csv").write_text("old")
        (out / "r.csv").chmod(0o644)
        os.link(out / "r.csv", tmp_path / "old.csv")

        run(path, rejects=out / "r.csv")

        assert (tmp_path / "old.csv").read_text() == "old"  # another file took the name
        assert [file.name for file in out.iterdir()] == ["r.csv"]
        assert stat.S_IMODE((out / "r.csv").stat().st_mode) == 0o600
        with (out / "r.csv").open(encoding="utf-8-sig", newline="") as file:
            assert [line[1] for line in csv.reader(file)][1:] == ["3"]

    def test_a_call_that_fails_leaves_the_old_file_alone(self, run, path, tmp_path):
        out = tmp_path / "out"
        out.mkdir()
        (out / "r.csv").write_text("old")

        with pytest.raises(CommandError):
            run(path, profile="nirgends", rejects=out / "r.csv")
        with pytest.raises(CommandError):
            run(path, tmp_path / "absent.csv", rejects=out / "r.csv")

        assert [(file.name, file.read_text()) for file in out.iterdir()] == [("r.csv", "old")]

    @pytest.mark.parametrize(("mode", "of"), [({}, None), ({"dry_run": True}, "dry-run"), ({"atomic": True}, "atomic")])
    def test_it_is_logged_as_an_export(self, run, path, tmp_path, mode, of):
        out = tmp_path / "r.csv"
        if "atomic" in mode:
            with pytest.raises(CommandError):
                run(path, rejects=out, **mode)
        else:
            run(path, rejects=out, **mode)

        entry = AccessLog.objects.get()
        run_id = of or ImportRun.objects.get().pk
        assert (entry.user, entry.action, entry.target) == (system_user(), "export", f"imports/{run_id}/rejects.csv")
        assert (entry.fields, entry.reason) == ("rejected rows", f"--rejects {out}")
        assert "amount.negative" in out.read_text(encoding="utf-8-sig")
