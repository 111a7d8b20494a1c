import json
import os
import subprocess
import sys

from benchmarks.answers import MOST_QUERIES
from tests import databases


def test_every_page_of_every_reader_is_measured(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        databases.template()  # the benchmark clones it
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.queue", "--cases", "3000", "--open", "200", "--runs", "1"],
        cwd=databases.ROOT, env=os.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert process.returncode == 0, process.stderr
    found = json.loads(process.stdout.splitlines()[-1])
    assert [(size["cases"], size["open"]) for size in found["sizes"]] == [(3000, 200)]
    assert found["most_queries"] <= MOST_QUERIES
    for size in found["sizes"]:
        pages = size["pages"]
        assert {f"{reader}: first page" for reader in ("officer", "station", "district", "city")} <= set(pages)
        assert pages["city: first page"]["count"] == 200
    pages = [page for size in found["sizes"] for page in size["pages"].items()]
    assert any(page.get("count") for name, page in pages if name.endswith(": extension"))
