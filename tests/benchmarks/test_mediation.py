import json
import os
import subprocess
import sys

from benchmarks.answers import MEDIATION_QUERIES
from tests import databases


def test_every_page_of_every_reader_is_measured(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        databases.template()  # the benchmark clones it
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.mediation", "--cases", "3000", "--open", "1000", "--sessions", "900",
         "--runs", "1"],
        cwd=databases.ROOT, env=os.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert process.returncode == 0, process.stderr
    found = json.loads(process.stdout.splitlines()[-1])
    assert (found["cases"], found["sessions"]) == (3000, 900)
    assert found["most_queries"] <= MEDIATION_QUERIES
    readers = ("station", "district", "city", "councils")
    assert all(found[name] for name in ("agreements", "confirmations", "referrals")), found
    pages = (
        "day", "agreements to perform", "confirmations overdue", "referrals waiting",
        "calendar, day of an agency", "calendar, week of an agency",
    )  # fmt: skip
    assert {f"{reader}: {page}" for reader in readers for page in pages} <= set(found["pages"])
    assert found["entrusted"] > 0
    assert "within_400ms" in found
