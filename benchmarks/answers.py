"""How quickly the portal answers with pages, and what that comes to over many of them."""

import os
import statistics
import time
from pathlib import Path

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from benchmarks.measuring import say
from benchmarks.pages import NO_QUERIES
from core.startup import load_for_good

WARM_UPS, RUNS = 2, 20
MOST_MS, MOST_QUERIES, MOST_RATIO = 300, 12, 1.3
MEDIATION_MS, MEDIATION_QUERIES = 400, 20  # of the mediators' pages, in the administration


def measure_page(client: Client, name: str, url: str, *, runs: int = RUNS) -> dict | None:
    """Wall times, and the processor time of both sides, which other work on the machine does not lengthen. None where
    the reader may not choose what the address names: the list would be empty and quick. One run alone is not warmed up:
    that is to see every page answer, and no measurement."""
    load_for_good()
    times, warm_ups = [], min(WARM_UPS, runs - 1)
    for run in range(warm_ups + runs):
        if run == warm_ups:
            used = processor_time()
        start = time.perf_counter()
        response = client.get(url)
        times.append(1000 * (time.perf_counter() - start))
        page = getattr(response, "context_data", None) or {}
        if response.status_code not in (200, 302) or page.get("too_slow"):
            raise SystemExit(f"{url} answers {response.status_code}, or too late")
        if "filter" in page and not page["filter"].form.is_valid():
            return None
    cpu = (processor_time() - used) / runs
    with CaptureQueriesContext(connection) as queries:
        client.get(url)
    times = times[warm_ups:]
    found = {
        "url": url, "p50_ms": round(statistics.median(times), 1),
        "p95_ms": round(_p95(times), 1), "cpu_ms": round(1000 * cpu, 1),
        "queries": sum(not query["sql"].startswith(NO_QUERIES) for query in queries),
    }  # fmt: skip
    if "page" in page:
        found |= {"count": page["page"].count, "more": page["page"].is_capped}
    say(f"{name}: {found}")
    return found


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20, method="inclusive")[-1] if len(times) > 1 else times[0]


def summary(sizes: list[dict[str, dict]], *, most_ms: int = MOST_MS) -> dict:
    """Of the same pages at each size of the stock, by name: the slowest and all that take too long, at each size; the
    ratio of the last size to the first, of all pages together and of the one that grows most."""
    late = [
        {name: page["p95_ms"] for name, page in pages.items() if page["p95_ms"] > most_ms} for pages in sizes
    ]
    found = {
        "slowest": [_greatest({name: page["p95_ms"] for name, page in pages.items()}, "p95_ms") for pages in sizes],
        f"over_{most_ms}ms": [{"count": len(pages), "pages": pages} for pages in late],
        f"within_{most_ms}ms": not late[0],
        "most_queries": max(page["queries"] for pages in sizes for page in pages.values()),
    }  # fmt: skip
    if sizes[1:]:
        found |= {
            f"ratio_{measure}": _ratio(sizes[0], sizes[-1], f"{measure}_ms") for measure in ("p50", "p95")
        }
    return found


def _ratio(first: dict[str, dict], last: dict[str, dict], measure: str) -> dict:
    pairs = {name: (first[name][measure], last[name][measure]) for name in first if name in last}
    before, after = (sum(values) for values in zip(*pairs.values(), strict=True))
    return {
        "overall": round(after / before, 2),
        "worst": _greatest(
            {name: round(after / before, 2) for name, (before, after) in pairs.items()}, "ratio"
        ),
    }


def _greatest(values: dict[str, float], measure: str) -> dict:
    name = max(values, key=values.get)
    return {"page": name, measure: values[name]}


def processor_time() -> float:
    """Seconds that this process and the server's process of its connection have worked; of a server elsewhere, 0."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        path = Path(f"/proc/{cursor.fetchone()[0]}/stat")
    ticks = path.read_text().rpartition(")")[2].split()[11:13] if path.exists() else (0, 0)
    return time.process_time() + sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
