import json
import os
import signal
import subprocess
import sys
import time

import pytest

from benchmarks.copying import COUNTED, IMPORTED
from tests import databases

RATIOS = (
    "ratio_to_copy_unindexed", "ratio_to_copy_indexed", "ratio_to_import_export", "ratio_to_import_export_tuned",
    "ratio_to_import_export_same_rows", "ratio_to_import_export_tuned_same_rows", "ratio_unchanged_to_first",
)  # fmt: skip
WAYS = (
    "copy_unindexed",
    "copy_indexed",
    "import_first",
    "import_unchanged",
    "import_export",
    "import_export_tuned",
)


def benchmark(*arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.imports", *arguments],
        cwd=databases.ROOT, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def measured(django_db_setup, django_db_blocker, tmp_path_factory):
    out = tmp_path_factory.mktemp("benchmark") / "result.json"
    with django_db_blocker.unblock():
        databases.template()  # the benchmark clones it
        process = benchmark(
            "--rows", "300", "--peer-rows", "40", "--tuned-rows", "120", "--runs", "1", "--out", str(out)
        )
        printed, said = process.communicate()
        left = databases_of(process)
    assert process.returncode == 0, said
    return json.loads(printed.splitlines()[-1]), json.loads(out.read_text()), left


def databases_of(process) -> set[str]:
    """The databases of one benchmark, whatever others run beside it."""
    with databases.maintenance() as cursor:
        cursor.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE %s",
            [f"{databases.PREFIX}_bench_{process.pid}_%"],
        )
        return {name for (name,) in cursor.fetchall()}


def test_prints_one_object_and_writes_the_same_to_the_file(measured):
    printed, written, _left = measured

    assert printed == written


def test_has_time_speed_and_ratio_of_every_way(measured):
    result = measured[0]

    assert result["rows"] == {"file": 300, "import_export": 40, "import_export_tuned": 120}
    assert set(result["rows_per_second"]) == set(WAYS)
    assert set(WAYS) <= set(result["seconds"])
    assert all(result[name] > 0 for name in RATIOS)
    assert result["ratio_to_copy_indexed"] == pytest.approx(
        result["seconds"]["copy_indexed"] / result["seconds"]["import_first"], rel=0.02
    )
    assert {"cores", "python", "postgresql", "import_export"} <= set(result["machine"])
    assert [size["rows"] for size in result["memory"]] == [120, 300]
    assert all(size["peak_mib"] > 0 for size in result["memory"])


def test_compared_tables_hold_the_same_rows(measured):
    tables = measured[0]["tables"]

    assert tables["copied"] == tables["imported"]
    assert set(tables["copied"]) == set(COUNTED)
    assert tables["imported"]["cases_case"] == 300
    assert all(tables["imported"][name] > 0 for name in IMPORTED)


def test_drops_its_databases(measured):
    assert measured[2] == set()


def test_drops_them_when_ended_by_a_signal(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        databases.template()
        process = benchmark("--rows", "2000")
        made = set()
        while process.poll() is None and not made:
            time.sleep(0.05)
            made = databases_of(process)  # for the moment: each measurement has one of its own
        process.terminate()
        process.communicate(timeout=60)
        left = databases_of(process)

    assert made
    assert process.returncode == 128 + signal.SIGTERM
    assert left == set()
