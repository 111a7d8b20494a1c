"""How quick the search is: `python -m benchmarks.search --cases N [N…]`, progress on stderr, one JSON object on stdout.

The demo city is built in a database of its own, with its open cases due around today, and multiplied by SQL; then the
searched texts are made as `rebuild_search` makes them. Lists are asked for through the whole portal by users of the
city, a district and a station, who may know people's numbers: by words, and by each filter alone. What the change feed
costs is measured on a COPY of cases.
"""

import argparse
import datetime as dt
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

from django.contrib import admin
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Count
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from accounts.domain import create_user, system_user
from accounts.models import User
from benchmarks.answers import measure_page, summary
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
from benchmarks.multiplying import RARE, RARER, district, multiply, station
from benchmarks.own import city_bureau
from cases.domain.reveal import personal_context
from cases.filters import UNKNOWN, CaseFilterSet
from cases.models import Case, Party
from cases.references import References
from core.personal_data import decrypt
from registry.models import Agency

CITY_SCALE = "0.02"
COPIED = 50_000
ABSENT = "飞碟"  # in no case
SEARCHES = {
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
    "beginning of a number": {"q": "S330"},
    "beginning of a further number": {"q": "R33010"},
}
# values beside a common and the rarest one: dates, and what people choose every day
DAILY = {
    "state": ("open", "closed"),
    "category": (UNKNOWN,),
    "due": ("overdue", "3", "7"),
    "mark": ("dispatch", "differs"),
    "received_from": ("2020-06-01", str(timezone.localdate() - dt.timedelta(days=7))),
    "received_to": ("2019-01-31", "2020-06-01"),
}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search", description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, nargs="+", default=[100_000, 200_000], help="sizes, rising")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the JSON there too")
    options = parser.parse_args(arguments)
    end_cleanly_on_signals()
    with fresh_database("search"), tempfile.TemporaryDirectory(prefix="benchmark-") as directory:
        city = {"scale": CITY_SCALE, "today": timezone.localdate(), "directory": Path(directory)}
        call_command("demo", **city, no_serve=True, allow_external=True, stdout=sys.stderr)
        queries = {"searches": SEARCHES | _people(), "filters": _single_filters()}
        result = {
            "feed": _feed(),
            "sizes": [_size(cases, queries) for cases in sorted(options.cases)],
            "machine": machine(),
        }
    for kind in queries:
        result[kind] = summary([size[kind] for size in result["sizes"]])
    # a filter by which the whole city finds nothing says little
    pages = result["sizes"][-1]["filters"].items()
    result["filters"]["empty"] = [name for name, page in pages if name.startswith("city") and not page["count"]]
    if options.out:
        options.out.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, ensure_ascii=False))


def _size(cases: int, queries: dict[str, dict]) -> dict:
    filling = seconds_of(lambda: multiply(cases))
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
    return found | {kind: _pages(of) for kind, of in queries.items()} | {"stock_admin": stock_admin()}


def _people() -> dict[str, dict]:
    """Searches by the numbers of who has most cases in the small city, and of someone with hardly any."""
    found = {}
    for kind, label in (("phone", "phone"), ("id_number", "identity number")):
        hashed = f"{kind}_hash"
        known = Party.objects.exclude(**{hashed: None}).values(hashed).annotate(n=Count("pk")).order_by("-n", hashed)
        for often, person in (("many", known.first()), ("few", known.last())):
            party = Party.objects.filter(**{hashed: person[hashed]}).first()
            personal = decrypt(party.personal, context=personal_context(party.pk))
            found[f"{label} of {often} cases"] = {"q": personal[kind]}
    return found


def _single_filters() -> dict[str, dict]:
    """Each filter of the list alone, with the rarest value of the small city and the commonest, short of a half of it."""
    request = RequestFactory().get("/")
    request.user = User(username="filters", is_superuser=True, is_active=True)
    references = References()

    def filtered(name: str, value: str) -> CaseFilterSet:
        filters = CaseFilterSet({name: value}, queryset=Case.objects.order_by(), request=request)
        filters.references = references
        return filters

    half = Case.objects.count() / 2
    found = {"none": {}}
    for name in CaseFilterSet.base_filters:
        if name == "q":
            continue
        if name == "merchant":  # there are thousands
            named = Case.objects.exclude(merchant=None).order_by().values_list("merchant").annotate(n=Count("pk"))
            counts = {str(pk): n for pk, n in named}
        else:
            values = _values(getattr(filtered(name, "").form.fields[name], "choices", ()))
            counts = {value: filtered(name, value).qs.count() for value in values}
        known = sorted((count, value) for value, count in counts.items() if count and value != UNKNOWN)
        # what nearly all cases have is as good as no filter
        common = [value for count, value in known if count < half]
        chosen = dict.fromkeys([*DAILY.get(name, ()), *common[-1:], *(value for _count, value in known[:1])])
        if not chosen:
            raise SystemExit(f"No case has a value by which the filter {name} can be measured")
        found |= {f"{name}={value}": {name: value} for value in chosen}
    return found


def _values(choices) -> Iterator[str]:
    """What can be chosen, in groups or not."""
    for value, label in choices:
        if isinstance(label, (list, tuple)):
            yield from _values(label)
        elif str(value):
            yield str(value)


def _pages(queries: dict) -> dict[str, dict]:
    """The list for each reader. Import runs are for the city alone."""
    found = {}
    with transaction.atomic():
        for scope, agency, roles in (
            ("city", city_bureau(), ["city_regulator", "officer"]), ("district", district(), ["officer"]),
            ("station", station(), ["officer"]),
        ):  # fmt: skip
            client = _client(scope, agency, roles)
            for name, query in queries.items():
                url = f"{reverse('cases:list')}?{urlencode(query)}"
                page = measure_page(client, f"{scope}, {name}", url)
                if page is None and scope == "city":
                    raise SystemExit(f"{url} is not understood")
                if page:
                    found[f"{scope}, {name}"] = page
        transaction.set_rollback(True)
    return found


def _client(name: str, agency: Agency, roles: list[str]) -> Client:
    user, _password = create_user(
        actor=system_user(),
        username=f"benchmark-{name}",
        agency=agency,
        roles=roles,
        must_change_password=False,
    )
    client = Client(headers={"accept-language": "zh-hans"})
    client.force_login(user, backend="accounts.backends.AccountBackend")
    return client


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
