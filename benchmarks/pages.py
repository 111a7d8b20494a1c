"""How quick pages are: `python -m benchmarks.pages --scale S`, progress on stderr, one JSON object on stdout.

The demo city of that scale is built in a database of its own, through the importer, and dropped afterwards; with
`--here` the database named by DATABASE_URL (or the embedded one) is measured as it stands, in one transaction that is
rolled back. Each page is asked for by the city's regulator through the whole portal: middleware, queries, template.
"""

import argparse
import contextlib
import datetime as dt
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.domain import create_user, system_user
from benchmarks.measuring import end_cleanly_on_signals, fresh_database, machine, say
from benchmarks.own import city_bureau
from cases.models import Case, ImportRun
from core.pagination import LAST, Cursor
from core.startup import load_for_good
from registry.models import Merchant

RUNS = 5
NO_QUERIES = ("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK", "BEGIN", "COMMIT")
WORD, ABSENT_WORD = "预付", "飞碟"  # the second stands in no case
TODAY = dt.date(2026, 4, 20)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__.split("\n")[0])
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--scale", default="0.02", help="of the demo city; 1 is Hangzhou (default 0.02)")
    where.add_argument("--here", action="store_true", help="measure the present database instead")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the JSON there too")
    options = parser.parse_args(arguments)
    end_cleanly_on_signals()
    with contextlib.nullcontext() if options.here else _city(options.scale):
        result = measure()
    if options.out:
        options.out.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, ensure_ascii=False))


@contextlib.contextmanager
def _city(scale: str) -> Iterator[None]:
    with fresh_database("pages"), tempfile.TemporaryDirectory(prefix="benchmark-") as directory:
        options = {"scale": scale, "today": TODAY, "directory": Path(directory)}
        call_command("demo", **options, no_serve=True, allow_external=True, stdout=sys.stderr)
        yield


def measure() -> dict:
    """All pages on the present database, which is left as it was."""
    found = machine()
    load_for_good()
    with transaction.atomic():
        client = _regulator()
        pages = {name: _measure_page(client, name, url) for name, url in _pages()}
        result = {"cases": Case.objects.count(), "pages": pages, "machine": found}
        transaction.set_rollback(True)
    return result


def _regulator() -> Client:
    user, _password = create_user(
        actor=system_user(), username="benchmark", agency=city_bureau(), roles=["city_regulator"],
        must_change_password=False,
    )  # fmt: skip
    client = Client(headers={"accept-language": "zh-hans"})
    client.force_login(user, backend="accounts.backends.AccountBackend")
    return client


def _pages() -> Iterator[tuple[str, str]]:
    """Names and addresses: what a day's work opens, and what costs most."""
    newest = Case.objects.order_by("-received_at", "-pk").first()
    oldest_year = Case.objects.order_by("received_at").first().received_at.year
    year = _busiest_year()
    merchant = Merchant.objects.get(pk=_busiest_merchant())
    dashboard, cases = reverse("insights:dashboard"), reverse("cases:list")
    yield "dashboard", dashboard
    yield "dashboard, a full year", f"{dashboard}?year={year}"
    yield "dashboard, all years", f"{dashboard}?from={oldest_year}-01-01&to={newest.received_at.year}-12-31"
    yield "dashboard, one district", f"{dashboard}?year={year}&region=330106"
    yield "list", cases
    yield "list, in the middle", f"{cases}?{urlencode({'after': _middle()})}"
    yield "list, last page", f"{cases}?before={LAST}"
    yield "list, filtered", f"{cases}?kind=complaint&state=closed&place=330106"
    yield "list, overdue", f"{cases}?due=overdue"
    yield "list, by amount", f"{cases}?sort=-claimed"
    yield "list, one year", f"{cases}?received_from={year}-01-01&received_to={year}-12-31"
    yield "search, number", f"{cases}?q={newest.number}"
    yield "search, merchant", f"{cases}?q={merchant.name}"
    yield "search, word", f"{cases}?q={WORD}"
    yield "search, absent word", f"{cases}?q={ABSENT_WORD}"
    figure = f"part=numerator&from={year}-01-01&to={year}-12-31"
    yield "cases of a figure", f"{cases}?metric=cases.accepted_on_time&{figure}"
    yield "case", newest.get_absolute_url()
    yield "recoveries", reverse("cases:recoveries")
    yield "import run", ImportRun.objects.order_by("-rows").first().get_absolute_url()


def _busiest_year() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(year FROM received_on)::int FROM cases_case GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
        )
        return cursor.fetchone()[0]


def _middle() -> str:
    """The place in the list below which one half of the cases lies."""
    cases = Case.objects.order_by("-received_at", "-pk")
    case = cases[Case.objects.count() // 2]
    return Cursor(case.received_at, case.pk).encode()


def _busiest_merchant() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT merchant_id FROM cases_case WHERE merchant_id IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
        )
        return cursor.fetchone()[0]


def _measure_page(client: Client, name: str, url: str) -> dict:
    times = []
    for run in range(RUNS + 1):
        with CaptureQueriesContext(connection) if run == RUNS else contextlib.nullcontext() as queries:
            start = time.perf_counter()
            response = client.get(url)
            seconds = time.perf_counter() - start
        if response.status_code != 200:
            raise SystemExit(f"{url} answers {response.status_code}")
        if run < RUNS:
            times.append(seconds)
    median = statistics.median(times)
    count = sum(not query["sql"].startswith(NO_QUERIES) for query in queries)
    say(f"{name}: first {1000 * times[0]:.0f} ms, median {1000 * median:.0f} ms, {count} queries  {url}")
    return {
        "url": url,
        "first_ms": round(1000 * times[0], 1),
        "median_ms": round(1000 * median, 1),
        "queries": count,
        "bytes": len(response.content),
    }


if __name__ == "__main__":
    main()
