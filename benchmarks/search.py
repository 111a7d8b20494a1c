"""How quick the search is: `python -m benchmarks.search --cases N [N…]`, progress on stderr, one JSON object on stdout.

The demo city is built in a database of its own and multiplied by SQL, its texts put together anew; then the searched
texts are made as `rebuild_search` makes them. Lists are asked for through the whole portal by users of the city, a
district and a station. What the change feed costs is measured on a COPY of cases.
"""

import argparse
import datetime as dt
import json
import statistics
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlencode

from django.contrib import admin
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.domain import create_user, system_user
from accounts.models import User
from benchmarks.copying import WRITTEN_COLUMNS
from benchmarks.measuring import (
    end_cleanly_on_signals,
    fresh_database,
    machine,
    middle,
    say,
    seconds_of,
    settle,
)
from benchmarks.own import city_bureau
from benchmarks.pages import NO_QUERIES
from cases.models import Case
from registry.models import Agency

CITY_SCALE = "0.02"
TODAY = dt.date(2026, 4, 20)
RUNS = 8
COPIED = 50_000
STATION_SHARE = 8  # one of so many cases of the district is the station's
RARE, RARER, ABSENT = "琉璃瓦", "殡葬", "飞碟"  # in one of 2,000 cases, of 20,000, in none
SEARCHES = {
    "no search": {},
    "common word": {"q": "退款"},
    "very common word": {"q": "消费者"},
    "word of one season": {"q": "口罩"},
    "rare word": {"q": RARE},
    "very rare word": {"q": RARER},
    "absent word": {"q": ABSENT},
    "two common words": {"q": "退款 商家"},
    "common and rare word": {"q": f"退款 {RARE}"},
    "two words that never meet": {"q": f"{RARE} {RARER}"},
    "phrase": {"q": "“七日无理由退货”"},
    "exclusion": {"q": "退款 -商家"},
    "rare word, one kind": {"q": RARE, "kind": "complaint"},
    "common word, one kind": {"q": "退款", "kind": "complaint"},
    "absent word, one kind": {"q": ABSENT, "kind": "complaint"},
    "common word, one year": {"q": "退款", "received_from": "2021-01-01", "received_to": "2021-12-31"},
    "merchant": {"q": "杭州 家居"},
    "order number": {"q": "订单号 2479911852895503563"},
}
POOL = """
CREATE TABLE pool AS
SELECT row_number() OVER (ORDER BY kind, category_id, md5(id::text)) - 1 AS place, c.*,
       split_part(demand, '。', 1) AS head, substr(demand, length(split_part(demand, '。', 1)) + 2) AS tail
  FROM cases_case c"""
# the opening of one narrative with the rest of another of the same kind of goods; the years after 2020 are filled from
# those before; what happened in 2020 stays there for the most part
MULTIPLY = """
INSERT INTO cases_case ({columns}) SELECT {values}
  FROM generate_series(%(first)s, %(last)s) g
 CROSS JOIN LATERAL (SELECT hashint8(g)::bigint + 2147483648, hashint8(g + 1000000000)::bigint + 2147483648) AS h (x, y)
  JOIN pool a ON a.place = x %% %(pool)s
  JOIN pool b ON b.place = least(a.place + y %% 20, %(pool)s - 1)
 CROSS JOIN LATERAL (SELECT make_interval(years => (
   CASE WHEN a.received_at < '2020-01-01' THEN y %% 7 WHEN a.received_at < '2021-01-01' AND y %% 2 = 0 THEN y / 2 %% 5
        ELSE 0 END)::int)) AS s (later)"""
VALUES = {
    "number": "'S' || g",
    "source": "'synthetic'",
    "external_number": "'S' || 330106000000000000 + g::bigint * 7919",
    "narrative": "a.head || '。' || b.tail || CASE y %% 2000 WHEN 0 THEN '另附" + RARE + "照片。' ELSE '' END"
    " || CASE y %% 20000 WHEN 1 THEN '涉及" + RARER + "服务。' ELSE '' END",
    "demand": "''",
    **{name: f"a.{name} + later" for name in ("received_at", "decided_at", "accepted_at", "closed_at")},
}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search", description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, nargs="+", default=[100_000, 200_000], help="sizes, rising")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the JSON there too")
    options = parser.parse_args(arguments)
    end_cleanly_on_signals()
    with fresh_database("search"), tempfile.TemporaryDirectory(prefix="benchmark-") as directory:
        city = {"scale": CITY_SCALE, "today": TODAY, "directory": Path(directory)}
        call_command("demo", **city, no_serve=True, allow_external=True, stdout=sys.stderr)
        result = {
            "feed": _feed(),
            "sizes": [_size(cases) for cases in sorted(options.cases)],
            "machine": machine(),
        }
    for kind in ("searches", "filters"):
        found = [_all_p95(size[kind]) for size in result["sizes"]]
        result[kind] = {
            "p95_ms": dict(zip([str(size["cases"]) for size in result["sizes"]], found, strict=True)),
            "ratio_p95": round(found[-1] / found[0], 2),
            "slowest": [_slowest(size[kind]) for size in result["sizes"]],
            "most_queries": max(page["queries"] for size in result["sizes"] for page in _each(size[kind])),
        }
    if options.out:
        options.out.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, ensure_ascii=False))


def _size(cases: int) -> dict:
    filling = seconds_of(lambda: _multiply(cases))
    say(f"{cases:,} cases after {filling:.0f} s")
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE cases_casesearch")
    building = seconds_of(lambda: call_command("rebuild_search", json=True, stdout=sys.stderr))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
        cursor.execute(
            "SELECT pg_relation_size('cases_casesearch'), pg_relation_size('cases_casesearch_bigrams'),"
            " (SELECT avg(length(content)) FROM cases_casesearch)"
        )
        table, index, length = cursor.fetchone()
    settle()
    found = {
        "cases": Case.objects.count(), "build_seconds": round(building, 1), "table_mb": table >> 20,
        "index_mb": index >> 20, "characters": round(length),
    }  # fmt: skip
    say(json.dumps(found))
    return found | {"searches": _pages(SEARCHES), "filters": _pages(_filters()), "stock_admin": stock_admin()}


def _multiply(cases: int) -> None:
    """Add synthetic cases until there are so many. A station has its share of the busiest district."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('pool') IS NULL")
        if cursor.fetchone()[0]:
            cursor.execute(POOL)
            cursor.execute("CREATE UNIQUE INDEX ON pool (place)")
            cursor.execute("ANALYZE pool")
        cursor.execute("SELECT count(*) FROM pool")
        (pool,) = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM cases_case")
        (there,) = cursor.fetchone()
        cursor.execute(WRITTEN_COLUMNS, ["cases_case"])
        columns = [name for name in cursor.fetchone()[0].split(", ") if name != "id"]
        values = [VALUES.get(name, f"a.{name}") for name in columns]
        sql = MULTIPLY.format(columns=", ".join(columns), values=", ".join(values))
        with transaction.atomic():
            # neither history nor feed nor keys of what is a copy of rows that keep to all of them
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(sql, {"first": there, "last": cases - 1, "pool": pool})
            cursor.execute(
                "UPDATE cases_case SET custodian_id = %s WHERE custodian_id = %s AND id %% %s = 0",
                [_station().pk, _district().pk, STATION_SHARE],
            )
        cursor.execute("VACUUM (ANALYZE) cases_case")


def _district() -> Agency:
    return Agency.objects.get(code="330106") if Agency.objects.filter(code="330106").exists() else _busiest()


def _busiest() -> Agency:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT custodian_district_id FROM pool WHERE custodian_district_id IS NOT NULL AND body = 'bureau'"
            " GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
        )
        return Agency.objects.get(pk=cursor.fetchone()[0])


def _station() -> Agency:
    district = _district()
    station = Agency.objects.filter(code="benchmark-station").first()
    return station or Agency.objects.create(
        code="benchmark-station", name="测试所", name_en="Station", kind="station", parent=district,
        region=district.region,
    )  # fmt: skip


def _filters() -> dict:
    """Each filter of the list alone, with a value that many cases have."""
    case = Case.objects.filter(merchant__isnull=False, category__isnull=False, problem__isnull=False).latest(
        "received_at"
    )
    return {
        "none": {},
        **{name: {name: value} for name, value in {
            "kind": "complaint", "state": "closed", "due": "overdue", "place": "330106", "handling": _district().code,
            "category": f"12315:{case.category.code}", "problem": f"12315:{case.problem.code}",
            "channel": case.channel.code if case.channel else "12315-phone", "outcome": "agreement", "body": "council",
            "mark": "differs", "merchant": case.merchant_id, "received_from": "2020-06-01",
        }.items()},
        "open": {"state": "open"}, "due in 3": {"due": "3"}, "due in 7": {"due": "7"}, "dispatch": {"mark": "dispatch"},
    }  # fmt: skip


def _pages(queries: dict) -> dict:
    found = {}
    with transaction.atomic():
        for scope, agency, role in (
            ("city", city_bureau(), "city_regulator"), ("district", _district(), "officer"),
            ("station", _station(), "officer"),
        ):  # fmt: skip
            client = _client(scope, agency, role)
            found[scope] = {
                name: _measure(client, f"{scope}, {name}", query) for name, query in queries.items()
            }
        transaction.set_rollback(True)
    return found


def _client(name: str, agency: Agency, role: str) -> Client:
    user, _password = create_user(
        actor=system_user(),
        username=f"benchmark-{name}",
        agency=agency,
        roles=[role],
        must_change_password=False,
    )
    client = Client(headers={"accept-language": "zh-hans"})
    client.force_login(user, backend="accounts.backends.AccountBackend")
    return client


def _measure(client: Client, name: str, query: dict) -> dict:
    url = f"{reverse('cases:list')}?{urlencode(query)}"
    response = client.get(url)
    page = response.context_data["page"]
    times = sorted(seconds_of(lambda: client.get(url)) for _n in range(RUNS))
    with CaptureQueriesContext(connection) as queries:
        client.get(url)
    if response.status_code != 200 or response.context_data["too_slow"]:
        raise SystemExit(f"{url} answers {response.status_code}")
    found = {
        "p50_ms": round(1000 * statistics.median(times), 1), "p95_ms": round(1000 * _p95(times), 1),
        "queries": sum(not query["sql"].startswith(NO_QUERIES) for query in queries),
        "count": page.count, "more": page.is_capped,
    }  # fmt: skip
    say(f"{name}: {found}")
    return found


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20, method="inclusive")[-1]


def _each(pages: dict) -> list[dict]:
    """All lists that were measured, but for those without any search or filter."""
    return [page for of in pages.values() for name, page in of.items() if name not in ("no search", "none")]


def _all_p95(pages: dict) -> float:
    """Of all lists of all kinds, each with the same weight."""
    return round(_p95([page["p95_ms"] for page in _each(pages)]), 1)


def _slowest(pages: dict) -> str:
    scope, name, page = max(
        ((scope, name, page) for scope, of in pages.items() for name, page in of.items()),
        key=lambda line: line[2]["p95_ms"],
    )
    return f"{scope}, {name}: {page['p95_ms']} ms"


class StockAdmin(admin.ModelAdmin):
    """The same list as one writes it in the Django admin, with the portal's columns, filters and search."""

    list_display = ("number", "kind", "merchant", "region", "category", "claimed", "received_at", "state")
    list_filter = ("kind", "state", "body", "outcome", "region", "category", "problem", "channel", "differs")
    search_fields = ("number", "external_number", "narrative", "demand", "merchant__name")
    date_hierarchy = "received_at"


def stock_admin() -> dict:
    """Milliseconds of its first page, of one filter and of one word: the median of three."""
    user = User(username="stock", is_superuser=True, is_staff=True, is_active=True)
    listed = StockAdmin(Case, admin.AdminSite())
    listed.admin_site.register(Case, StockAdmin)
    found = {}
    for name, query in {
        "first page": {},
        "filter": {"state__exact": "closed"},
        "word": {"q": "退款"},
    }.items():
        request = RequestFactory().get("/", query)
        request.user = user
        times = sorted(
            seconds_of(lambda request=request: listed.changelist_view(request).render()) for _n in range(3)
        )
        found[name] = round(1000 * times[1])
        say(f"stock admin, {name}: {found[name]} ms")
    return found


def _feed() -> dict:
    """COPY of cases with and without the triggers of the change feed, in turn."""
    times: dict[bool, list[float]] = {True: [], False: []}
    for _n in range(5):
        for with_feed in times:
            times[with_feed].append(_copy(with_feed))
    rows = {with_feed: middle(f"COPY, feed {with_feed}", COPIED, found) for with_feed, found in times.items()}
    return {"rows": COPIED, "ratio": round(rows[True] / rows[False], 3)}


def _copy(with_feed: bool) -> float:
    with transaction.atomic(), connection.cursor() as cursor, tempfile.TemporaryFile() as file:
        cursor.execute(WRITTEN_COLUMNS, ["cases_case"])
        names = [name for name in cursor.fetchone()[0].split(", ") if name != "id"]
        new = {"number": "'C' || n", "external_number": "'C' || n", "differs": "false"}
        cursor.copy_expert(
            f"COPY (SELECT {', '.join(new.get(name, name) for name in names)} FROM (SELECT *, row_number() OVER () AS n"
            f" FROM cases_case, generate_series(1, 3)) AS c WHERE n <= {COPIED}) TO STDOUT",
            file,
        )
        file.seek(0)
        if not with_feed:
            cursor.execute(
                "SELECT tgname FROM pg_trigger WHERE tgrelid = 'cases_case'::regclass AND tgname LIKE 'pgtrigger_feed%'"
            )
            for (name,) in cursor.fetchall():
                cursor.execute(f"ALTER TABLE cases_case DISABLE TRIGGER {name}")
        seconds = seconds_of(
            lambda: cursor.copy_expert(f"COPY cases_case ({', '.join(names)}) FROM STDIN", file)
        )
        transaction.set_rollback(True)
    return seconds


if __name__ == "__main__":
    main()
