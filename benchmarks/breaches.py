"""How quickly complaints are held against pledges, and how quickly the register answers: `python -m benchmarks.breaches
--cases N --pledges N`, progress on stderr, one JSON object on stdout.

Made-up merchants, premises, pledges and cases are written by plain SQL into a database of its own, dropped afterwards:
small merchants, half of which have pledged, chains with hundreds of premises, platforms with tens of thousands of cases.
The consumer of the change feed then reads all cases from nothing, which is a year of 750,000 and what went before, and
after that a day of imported ones, and the same day again, in which nothing has changed. The pages of breaches
are measured on what it found, those of the register beside them.
"""

import argparse
import json
import random
import time
from collections.abc import Iterator

from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client

from accounts.models import User
from benchmarks import register
from benchmarks.answers import MOST_MS, RUNS, measure_page, processor_time, summary
from benchmarks.measuring import end_cleanly_on_signals, fresh_database, machine, say, settle
from benchmarks.own import city_bureau
from benchmarks.repeats import (
    CASES_OF_A_MERCHANT,
    DAYS,
    FIRST_DAY,
    LETTERS,
    PLATFORM_SHARE,
    PLATFORMS,
    columns_of,
)
from cases.domain import cases_concerned, consume, has_work
from cases.models import Case
from pledges.domain import BREACHES
from pledges.models import Breach, Pledge, PledgeType, Premises
from registry.models import Agency
from tests.factories import CaseFactory, MerchantFactory, PledgeFactory, PremisesFactory

YEAR, DAY = 750_000, 3_000  # cases
YEAR_SECONDS, DAY_SECONDS = 60, 2
UNITS, CHAINS, OF_CHAINS, AT_PLATFORMS = 0.6, 40, 0.2, 0.01  # premises for each pledge; the share of chains, of platforms
DEMANDS = ("要求退款", "要求退货退款", "要求赔礼道歉", "要求维修", "希望依法处理", "要求赔偿损失", "要求换货", "要求查处")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.breaches", description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, default=1_000_000, help="default 1,000,000")
    parser.add_argument("--pledges", type=int, default=80_000, help="in force (default 80,000)")
    parser.add_argument("--day", type=int, default=DAY, help=f"cases of a day's import (default {DAY:,})")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"how often each page is timed (default {RUNS})")
    parser.add_argument("--seed", type=int, default=17)
    options = parser.parse_args(arguments)
    end_cleanly_on_signals()
    with fresh_database("breaches"):
        found = measure(options.cases, options.pledges, options.day, options.runs, random.Random(options.seed))
        print(json.dumps(found | {"machine": machine()}, ensure_ascii=False))


def measure(cases: int, pledges: int, day: int, runs: int, chance: random.Random) -> dict:
    start = time.perf_counter()
    template = build(cases, pledges, chance)
    say(f"{pledges:,} pledges and {cases:,} cases made in {time.perf_counter() - start:.0f} s")
    register.write_field_work(Premises.objects.earliest("pk"))
    settle()
    share = min(YEAR, cases)
    year = read_all(share)
    before = Breach.objects.count()
    say(f"{share:,} cases read in {year[0]:.1f} s ({year[1]:.1f} s of work): {before:,} suspected breaches")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE pledges_breach, pledges_breachevent")
    register.decide_breaches()
    write_cases(template, day, cases + 1, chance)
    imported = read_all(day)
    added = Breach.objects.count() - before
    say(f"{day:,} imported cases read in {imported[0]:.2f} s: {added:,} suspected breaches")
    cases_concerned("SELECT id FROM cases_case ORDER BY id DESC LIMIT %s", [day])
    again = read_all(day)
    pages = {name: measure_page(client, name, url, runs=runs) for name, (client, url) in _pages()}
    return summary([pages], most_ms=MOST_MS) | {
        "cases": Case.objects.count(), "pledges": Pledge.objects.count(), "premises": Premises.objects.count(),
        "breaches": before, "year_cases": share, "year_seconds": round(year[0] * YEAR / share, 1),
        "year_cpu_seconds": round(year[1] * YEAR / share, 1), "day_cases": day, "day_seconds": round(imported[0], 2),
        "day_cpu_seconds": round(imported[1], 2), "day_breaches": added, "again_seconds": round(again[0], 2),
        f"year_within_{YEAR_SECONDS}s": year[0] * YEAR / share <= YEAR_SECONDS,
        f"day_within_{DAY_SECONDS}s": imported[0] <= DAY_SECONDS, "pages": pages,
    }  # fmt: skip


def read_all(share: int) -> tuple[float, float]:
    """Let the consumer read what there is; seconds until it had read `share` cases, and the processor time of both sides
    for it, which other work on the machine does not lengthen."""
    read, found, start, used = 0, None, time.perf_counter(), processor_time()
    while has_work(BREACHES):
        read += len(consume(BREACHES).case_ids)
        if found is None and read >= share:
            found = time.perf_counter() - start, processor_time() - used
    return found or (time.perf_counter() - start, processor_time() - used)


# ---- the stock


def build(cases: int, pledges: int, chance: random.Random) -> Case:
    """Merchants, their premises and pledges, and cases; returns the case from which all others are copied."""
    merchant = MerchantFactory()
    premises = PremisesFactory(merchant=merchant, agency=city_bureau())
    pledge = PledgeFactory(
        premises=premises, type=PledgeType.objects.get(code="no_reason_return"), in_force=True, published_on=FIRST_DAY
    )
    template = CaseFactory(handling=city_bureau(), merchant=merchant, external_number=None, claimed=None)
    complained = max(1, int(cases * (1 - PLATFORM_SHARE) / CASES_OF_A_MERCHANT))
    units = max(1, int(pledges * UNITS))
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.17)")
        cursor.execute(
            """CREATE TEMPORARY TABLE districts AS
               SELECT row_number() OVER (ORDER BY a.id) - 1 AS n, a.id AS agency, a.region_id AS region
                 FROM registry_agency a
                WHERE a.kind = 'bureau' AND a.parent_id IS NOT NULL AND a.region_id IS NOT NULL AND a.valid_to IS NULL"""
        )
        named = columns_of(
            "registry_merchant", id="m.id + n", name="'商户' || n", name_key="'商户' || n", credit_code="NULL"
        )
        cursor.execute(
            f"""INSERT INTO registry_merchant ({columns_of("registry_merchant")})
                SELECT {named} FROM registry_merchant m, generate_series(1, %s) n WHERE m.id = %s""",
            [PLATFORMS + complained + units, merchant.pk],
        )
        cursor.execute(
            """CREATE TEMPORARY TABLE made AS
               SELECT %s::bigint AS first, %s::bigint AS complained, %s::bigint AS units,
                      (SELECT count(*) FROM districts) AS districts""",
            [merchant.pk + 1, complained, units],
        )
        write_premises(cursor, premises)
        write_pledges(cursor, pledge, pledges)
    write_cases(template, cases, 1, chance)
    with connection.cursor() as cursor:
        for table in ("registry_merchant", "pledges_premises", "pledges_pledge"):
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
        cursor.execute("VACUUM ANALYZE")
    return template


def write_premises(cursor, template: Premises) -> None:
    """Of platforms a few, of chains hundreds each; of every second small merchant one, in the district of its cases, and
    the rest of merchants about whom nobody complains."""
    of_chain = f"first + {PLATFORMS} + 2 * mod(n, {CHAINS})"
    made = columns_of(
        "pledges_premises", id="p.id + k.n", name="'门店' || k.n", name_key="'门店' || k.n", agency_id="d.agency",
        region_id="d.region", platform_id="NULL", merchant_id="k.merchant",
    )  # fmt: skip
    cursor.execute(
        f"""INSERT INTO pledges_premises ({columns_of("pledges_premises")})
            SELECT {made}
              FROM pledges_premises p, made,
                   LATERAL (SELECT n, CASE WHEN n <= units * {AT_PLATFORMS} THEN first + mod(n, {PLATFORMS})
                                           WHEN n <= units * {OF_CHAINS} THEN {of_chain}
                                           WHEN n <= units * {OF_CHAINS} + complained / 2
                                           THEN first + {PLATFORMS} + 2 * (n - floor(units * {OF_CHAINS})::bigint)
                                           ELSE first + {PLATFORMS} + complained + n - 1 END AS merchant
                              FROM generate_series(1, units) n) k
              JOIN districts d
                ON d.n = mod(CASE WHEN k.n <= (SELECT units * {OF_CHAINS} FROM made) THEN k.n ELSE k.merchant END,
                             (SELECT districts FROM made))
             WHERE p.id = %s""",
        [template.pk],
    )


def write_pledges(cursor, template: Pledge, count: int) -> None:
    """One or two of different types at each premises, published over two and a half years, one in a hundred suspended for
    a month."""
    made = columns_of(
        "pledges_pledge", id="p.id + k.n", premises_id="k.premises", type_id="k.type", agency_id="k.agency",
        application="''", applied_on="k.published - 20", published_on="k.published", valid_to="k.published + 1095",
        days="CASE WHEN mod(k.n, 2) = 0 THEN 7 + mod(k.n, 9) END",
    )  # fmt: skip
    cursor.execute(
        f"""INSERT INTO pledges_pledge ({columns_of("pledges_pledge")})
            SELECT {made}
              FROM pledges_pledge p,
                   (SELECT n, s.id AS premises, s.agency_id AS agency,
                           types[1 + mod(s.row + n / rows, cardinality(types))] AS type,
                           date '2024-01-01' + floor(random() * 900)::int AS published
                      FROM (SELECT id, agency_id, row_number() OVER (ORDER BY id) - 1 AS row, count(*) OVER () AS rows
                              FROM pledges_premises) s,
                           (SELECT array_agg(id ORDER BY position) AS types FROM pledges_pledgetype
                             WHERE code IN ('no_reason_return', 'reassuring_unit', 'cross_store', 'live_room')) t,
                           generate_series(0, %s) n
                     WHERE s.row = mod(n, rows)) k
             WHERE p.id = %s AND k.n > 0""",
        [count, template.pk],
    )
    cursor.execute(
        """INSERT INTO pledges_suspension (pledge_id, since, until, reason)
           SELECT id, published_on + 200, published_on + 230, '多次拒绝退货' FROM pledges_pledge WHERE mod(id, 100) = 0"""
    )


def write_cases(template: Case, count: int, first: int, chance: random.Random) -> None:
    """Cases over a year: a third about platforms, the rest about small merchants and chains, mostly in the district of
    their premises; one in three names a problem, and one in four the day of the purchase."""
    received, bought = f"timestamptz '{FIRST_DAY} 00:00+08' + random() * interval '{DAYS} days'", "- mod(k.n, 90)::int"
    texts = ["".join(chance.choices(LETTERS, k=90)) for _n in range(500)]
    made = columns_of(
        "cases_case", id=f"c.id + {first - 1} + k.n", number=f"'P' || {first - 1} + k.n", merchant_id="k.merchant",
        received_at="k.received", region_id="d.region", custodian_district_id="d.agency", custodian_id="d.agency",
        handling_id="d.agency", receiving_id="d.agency",
        occurred_on=f"CASE WHEN mod(k.n, 4) = 0 THEN (k.received AT TIME ZONE 'Asia/Shanghai')::date {bought} END",
        problem_id="CASE WHEN mod(k.n, 3) = 0 THEN problems[1 + mod(k.n * 7, cardinality(problems))] END",
        narrative="'我反映：' || texts[1 + mod(k.n * 13, 500)]",
        demand=f"CASE WHEN mod(k.n, 20) = 0 THEN '' ELSE demands[1 + mod(k.n * 11, {len(DEMANDS)})] || k.n || '元' END",
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO cases_case ({columns_of("cases_case")})
                SELECT {made}
                  FROM cases_case c, (SELECT %s::text[] AS texts, %s::text[] AS demands OFFSET 0) t,
                       (SELECT array_agg(id ORDER BY id) AS problems FROM registry_problem) q,
                       LATERAL (SELECT n, {received} AS received,
                                       first + CASE WHEN random() < {PLATFORM_SHARE}
                                                    THEN floor(random() * {PLATFORMS})::int
                                                    ELSE {PLATFORMS} + floor(random() * complained)::int END AS merchant
                                  FROM made, generate_series(1, %s) n OFFSET 0) k
                  JOIN districts d ON d.n = mod(CASE WHEN mod(k.n, 10) = 0 THEN k.n ELSE k.merchant END,
                                                (SELECT districts FROM made))
                 WHERE c.id = %s""",
            [texts, list(DEMANDS), count, template.pk],
        )
        cursor.execute("SELECT setval(pg_get_serial_sequence('cases_case', 'id'), (SELECT max(id) FROM cases_case))")


# ---- the pages


def _pages() -> Iterator[tuple[str, tuple[Client, str]]]:
    """The pages of every reader, by name."""
    base = "/admin/pledges/breach/"
    district = Agency.objects.get(pk=Premises.objects.filter(region__isnull=False).latest("pk").agency_id)
    for reader, agency in (("district", district), ("city", city_bureau())):
        user = User.objects.create(username=f"benchmark-{reader}", agency=agency, is_staff=True)
        user.groups.add(*Group.objects.filter(name__in=["pledge_clerk", "approver"]))
        client = Client(headers={"accept-language": "zh-hans"})
        client.force_login(user, backend="accounts.backends.AccountBackend")
        breach = Breach.objects.visible_to(user).with_facts().order_by("-pk")[0]
        region, number = breach.pledge.premises.region_id, breach.case.number
        addresses = {
            "list": base,
            "to decide": f"{base}?todo=decide",
            "of a type": f"{base}?type={breach.pledge.type_id}",
            "of a district": f"{base}?district={region}&todo=decide",
            "confirmed": f"{base}?state__exact=confirmed",
            "to follow": f"{base}?todo=follow",
            "correction overdue": f"{base}?todo=late",
            "of a case": f"{base}?q={number}",
            "of a merchant": f"{base}?q={breach.pledge.premises.merchant.name}",
            "breach": f"{base}{breach.pk}/change/",
            "pledges of a case": f"/cases/{number}/pledges/",
            "portal list": "/pledges/breaches/",
            "portal list, to decide": "/pledges/breaches/?todo=decide",
            "portal list, to follow": "/pledges/breaches/?todo=follow",
            "portal list, of a type": f"/pledges/breaches/?type={breach.pledge.type.code}",
            "portal list, of a district": f"/pledges/breaches/?district={breach.pledge.premises.region.code}",
            "portal list, confirmed": "/pledges/breaches/?state=confirmed&sort=found",
            "portal list, of a merchant": f"/pledges/breaches/?q={breach.pledge.premises.merchant.name}",
        } | register.addresses(user)
        for name, url in addresses.items():
            yield f"{reader}: {name}", (client, url)


if __name__ == "__main__":
    main()
