"""How quick the work queue is: `python -m benchmarks.queue --cases N [N…] --open N`, progress on stderr, JSON on stdout.

Made-up cases are written by plain SQL into a database of its own for each size, dropped afterwards: closed ones, and
among the newest those that are open, at every size as many, with their terms, officers and marks. The queue is then
asked for by an officer, a station, a district and the whole city, and the page of a case for its neighbours, through
the whole portal. Each page is measured at all sizes one right after the other: a machine that grows slower meanwhile
would else be taken for a stock that has grown.
"""

import argparse
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import User
from benchmarks.answers import RUNS, measure_page, summary
from benchmarks.measuring import end_cleanly_on_signals, machine, new_database, say, settle
from cases.filters import TO_DO
from cases.models import Case, Clock
from registry.models import Agency
from tests.databases import connected_to

STATIONS, OFFICERS, OF_OFFICER = 12, 8, 50  # stations of a district, officers of a station, their open cases
STATE = """CASE WHEN NOT open THEN 'closed' WHEN n % 4 = 0 THEN 'registered' WHEN n % 19 = 0 THEN 'ended'
                WHEN n % 23 = 0 THEN 'mediating' ELSE 'accepted' END"""
# columns of a case, by what they are made of
VALUES = {
    "number": "'Q' || n", "external_number": "'Q' || n", "kind": "'complaint'", "body": "'bureau'",
    "source": "'national12315'", "received_at": "at", "state": STATE,
    "outcome": "CASE WHEN open THEN '' ELSE 'other' END",
    "accepted_at": f"CASE WHEN {STATE} <> 'registered' THEN at + interval '5 days' END",
    "decided_at": f"CASE WHEN {STATE} <> 'registered' THEN at + interval '5 days' END",
    "closed_at": "CASE WHEN NOT open THEN at + interval '30 days' END",
    "ended_at": f"CASE WHEN {STATE} = 'ended' THEN at + interval '40 days' END",
    "handling_id": "CASE WHEN open AND n % 40 = 0 THEN NULL ELSE station END", "receiving_id": "district",
    "custodian_id": "station", "custodian_district_id": "district", "custodian_root_id": "root",
    "officer_id": "CASE WHEN n % 10 > 0 THEN officer END", "claimed": "n % 5000",
    "narrative": "'消费者在网上购买的商品与宣传不符，要求退款，商家不予处理。' || n", "demand": "'退款'",
    "national_entry": "CASE WHEN n % 97 = 0 AND (open OR n % 10 = 0) THEN 'to_enter' ELSE '' END",
    "differs": "open AND n % 101 = 0",
}  # fmt: skip
EMPTY = {"CharField": "''", "TextField": "''", "JSONField": "'{}'", "BooleanField": "false"}
MORE = (
    # the term of acceptance of all, stopped or late; that of mediation once accepted; that of the notice at the end
    """INSERT INTO cases_clock (case_id, rule_id, side, started_on, safe_on, due_on, stopped_on, paused_on, provisional)
       SELECT id, (SELECT id FROM cases_clockrule WHERE code = 'complaint.accept' ORDER BY valid_from DESC LIMIT 1), '',
              received_on, received_on + 9, received_on + 9,
              CASE WHEN state <> 'registered' THEN received_on + 5 + (id % 7)::int END, NULL, false
         FROM cases_case WHERE state <> 'registered' OR id % 10 > 0""",
    """INSERT INTO cases_clock (case_id, rule_id, side, started_on, safe_on, due_on, stopped_on, paused_on, provisional)
       SELECT id, (SELECT id FROM cases_clockrule WHERE code = 'complaint.mediate' ORDER BY valid_from DESC LIMIT 1), '',
              accepted_on, CASE WHEN paused THEN '9999-12-31'::date ELSE accepted_on + 60 END,
              CASE WHEN paused THEN '9999-12-31'::date ELSE accepted_on + 61 END,
              coalesce(closed_on, ended_at::date), CASE WHEN paused THEN accepted_on + 10 END, false
         FROM (SELECT *, state IN ('accepted', 'mediating') AND id % 33 = 0 AS paused FROM cases_case) AS found
        WHERE accepted_on IS NOT NULL""",
    """INSERT INTO cases_clock (case_id, rule_id, side, started_on, safe_on, due_on, stopped_on, paused_on, provisional)
       SELECT id, (SELECT id FROM cases_clockrule WHERE code = 'complaint.notify_end' ORDER BY valid_from DESC LIMIT 1),
              side, ended_at::date, ended_at::date + 8, ended_at::date + 8, NULL, NULL, false
         FROM cases_case, unnest(ARRAY['complainant', 'respondent']) AS side WHERE state = 'ended'""",
    # and of some that are closed, whose complainant nobody has told
    """INSERT INTO cases_clock (case_id, rule_id, side, started_on, safe_on, due_on, stopped_on, paused_on, provisional)
       SELECT id, (SELECT id FROM cases_clockrule WHERE code = 'complaint.notify_end' ORDER BY valid_from DESC LIMIT 1),
              'complainant', closed_on, closed_on + 8, closed_on + 8, NULL, NULL, false
         FROM cases_case WHERE state = 'closed' AND id % 30 = 0 AND received_on > current_date - 90""",
    """INSERT INTO cases_supervision (case_id, kind, text, reply_due_on, actor_id, at, reply, replied_by_id, replied_at)
       SELECT id, CASE WHEN id % 3 = 0 THEN 'supervise' ELSE 'urge' END, '请尽快办理', current_date - 5 + (id % 11)::int,
              boss, now(), CASE WHEN replied THEN '已办' ELSE '' END, CASE WHEN replied THEN boss END,
              CASE WHEN replied THEN now() END
         FROM (SELECT *, id % 2 = 0 AS replied, (SELECT min(id) FROM accounts_user) AS boss FROM cases_case) AS found
        WHERE id % 41 = 0 AND (closed_at IS NULL OR id % 2 = 0)""",
    """INSERT INTO cases_extension (case_id, code, reason, started_on, asked_by_id, asked_at, decision)
       SELECT id, 'report.verify', '需要检测', received_on, (SELECT min(id) FROM accounts_user), now(), ''
         FROM cases_case WHERE closed_at IS NULL AND id % 150 = 0""",
    """INSERT INTO cases_caseevent (case_id, verb, before, after, actor_id, at, note, data)
       SELECT id, CASE WHEN state = 'registered' THEN 'return_to_intake' ELSE 'accept' END, 'registered', state,
              officer_id, now(), '', '{}' FROM cases_case WHERE id % 29 = 0""",
)


@dataclass(frozen=True)
class Stock:
    """One size of the stock of cases: its database, and who asks for which address, by the name of the page."""

    database: str
    cases: int
    still_open: int
    pages: dict[str, tuple[Client, str]]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.queue", description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, nargs="+", default=[1_000_000], help="sizes, rising (default 1,000,000)")
    parser.add_argument("--open", type=int, default=40_000, help="of them open (default 40,000)")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"how often each page is timed (default {RUNS})")
    options = parser.parse_args(arguments)
    end_cleanly_on_signals()
    with ExitStack() as stack:
        stocks = []
        for size in sorted(options.cases):
            name = stack.enter_context(new_database("queue"))
            with connected_to(name):
                build(size, options.open)
                stocks.append(Stock(name, Case.objects.count(), Case.objects.open().count(), dict(_pages())))
        settle()
        print(json.dumps(measure(stocks, options.runs), ensure_ascii=False))


def build(cases: int, still_open: int) -> None:
    """Cases, the newest last; two of five of the newest are open. Constraints hold, triggers stay silent."""
    say(f"writing {cases:,} cases")
    _people()
    columns = {
        field.column: VALUES.get(field.column) or EMPTY[field.get_internal_type()]
        for field in Case._meta.concrete_fields
        if not field.generated and not field.primary_key and (field.column in VALUES or not field.null)
    }
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            f"""
            INSERT INTO cases_case ({', '.join(columns)})
            SELECT {', '.join(columns.values())}
              FROM (SELECT n, n > {cases} - {still_open} * 5 / 2 AND n % 5 < 2 AS open,
                           now() - interval '4 hours' - ({cases} - n) * interval '90 days' / ({still_open} * 5 / 2) AS at,
                           (power(n * 7919::bigint % 100003 / 1e5, 1.4) * (SELECT max(place) FROM desks))::int AS place
                      FROM generate_series(1, {cases}) AS n) AS made
              JOIN desks USING (place)"""
        )
        for statement in MORE:
            cursor.execute(statement)
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM ANALYZE")


def _people() -> None:
    """Stations and officers, and one numbered desk for each officer."""
    root = Agency.objects.get(kind="bureau", parent=None)
    desks = []
    for district in Agency.objects.filter(parent=root, valid_to=None):
        for number in range(STATIONS):
            code = f"{district.code}-{number}"
            station = Agency.objects.create(code=code, name=code, name_en=code, kind="station", parent=district)
            people = [User(username=f"{code}-{n}", agency=station) for n in range(OFFICERS)]
            desks += [(root.pk, district.pk, station.pk, user.pk) for user in User.objects.bulk_create(people)]
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE desks (place int, root bigint, district bigint, station bigint, officer bigint)")
        for place, desk in enumerate(desks):
            cursor.execute("INSERT INTO desks VALUES (%s, %s, %s, %s, %s)", [place, *desk])


def measure(stocks: list[Stock], runs: int) -> dict:
    """Every page of every reader at every size, in milliseconds."""
    found: list[dict] = [{} for _stock in stocks]
    for name in stocks[0].pages:
        for stock, pages in zip(stocks, found, strict=True):
            client, url = stock.pages[name]
            with connected_to(stock.database):
                page = measure_page(client, f"{stock.cases:,} cases, {name}", url, runs=runs)
            if page:  # not all is to be done by all
                pages[name] = page
    sizes = [
        {"cases": stock.cases, "open": stock.still_open, "pages": pages}
        for stock, pages in zip(stocks, found, strict=True)
    ]
    return summary(found) | {"sizes": sizes, "machine": machine()}


def _pages() -> Iterator[tuple[str, tuple[Client, str]]]:
    """The pages of every reader, by name."""
    for reader, client, case in _readers():
        for name, url in _of_reader(reader, case):
            yield f"{reader}: {name}", (client, url)


def _readers() -> Iterator[tuple[str, Client, Case]]:
    """The officer whose open cases are nearest to 50, his station, the district nearest to 5,000, and the city."""
    root = Agency.objects.get(kind="bureau", parent=None)
    officer = User.objects.get(pk=_nearest("officer_id", OF_OFFICER))
    district = Agency.objects.get(pk=_nearest("custodian_district_id", 5000))
    for reader, user in (
        ("officer", officer),
        ("station", User.objects.create(username="benchmark-station", agency=officer.agency)),
        ("district", User.objects.create(username="benchmark-district", agency=district)),
        ("city", User.objects.create(username="benchmark-city", agency=root)),
    ):
        user.groups.add(Group.objects.get(name="officer" if reader == "officer" else "approver"))
        client = Client(headers={"accept-language": "zh-hans"})
        client.force_login(user, backend="accounts.backends.AccountBackend")
        user = User.objects.get(pk=user.pk)
        mine = Case.objects.filter(officer=user) if reader == "officer" else Case.objects.visible_to(user)
        say(f"{reader}: {mine.open().count():,} open cases")
        yield reader, client, mine.open().filter(clocks__in=Clock.objects.running()).order_by("?").first()


def _nearest(column: str, count: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {column} FROM cases_case WHERE closed_at IS NULL AND {column} IS NOT NULL GROUP BY 1"
            " ORDER BY abs(count(*) - %s), 1 LIMIT 1",
            [count],
        )
        return cursor.fetchone()[0]


def _of_reader(reader: str, case: Case) -> Iterator[tuple[str, str]]:
    queue = f"{reverse('cases:queue')}?desk={'mine' if reader == 'officer' else 'agency'}"
    yield "first page", queue
    yield "last page", f"{queue}&before=end"
    yield "newest first", f"{queue}&sort=-received"
    for todo in TO_DO:
        yield todo, f"{queue}&todo={todo}"
    due_on = min(clock.due_on for clock in case.clocks.running())
    yield "in the middle", f"{queue}&after={due_on}~{case.received_at.isoformat().replace('+', '%2B')}~{case.pk}"
    yield "case", case.get_absolute_url()
    for way in ("next", "previous"):
        yield f"{way} case", f"{case.get_absolute_url()}{way}/?list=queue&{queue.partition('?')[2]}"


if __name__ == "__main__":
    main()
