import json
import os
import subprocess
import sys

from benchmarks.answers import MEDIATION_QUERIES
from insights.pledge_figures import SHOWN
from tests import databases


def test_the_consumer_and_every_page_of_every_reader_are_measured(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        databases.template()  # the benchmark clones it
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.breaches", "--cases", "3000", "--pledges", "400", "--day", "200",
         "--runs", "1"],
        cwd=databases.ROOT, env=os.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert process.returncode == 0, process.stderr
    found = json.loads(process.stdout.splitlines()[-1])
    assert (found["cases"], found["pledges"], found["premises"]) == (3201, 427, 241)  # with the ones copied
    assert (found["year_cases"], found["day_cases"]) == (3000, 200)
    assert 0 < found["day_breaches"] < found["breaches"]
    assert found["most_queries"] <= MEDIATION_QUERIES
    assert {"year_within_60s", "day_within_2s", "within_300ms"} <= set(found)
    pages = (
        "list", "to decide", "of a type", "of a district", "of a case", "breach", "pledges of a case", "confirmed",
        "correction overdue", "register", "register, late", "register, of a merchant", "merchant", "zone", "inspections",
        "returns", "items handled", "portal list", "portal list, to decide", "inspections, list", "inspection",
    )  # fmt: skip
    assert {f"{reader}: {page}" for reader in ("district", "city") for page in pages} <= set(found["pages"])
    # the lists behind the figures of the city, and those of what is late, are not measured empty
    figures = {name: page for name, page in found["pages"].items() if name.startswith("city: rows of ")}
    assert {name.split()[3].rstrip(",") for name in figures} == set(SHOWN)
    full = [*figures, "city: register, late", "city: returns, list", "city: target rows, premises_created"]
    assert [name for name in full if not found["pages"][name]["count"] and "of a merchant" not in name] == []
