"""How quick repeats are found: `python -m benchmarks.repeats --cases N`, progress on stderr, one JSON object on stdout.

The cases are made by SQL in a database of their own, which is dropped afterwards: small merchants, platforms with tens
of thousands of cases, people who write a thousand times. Pairs that say nearly the same are planted among them; which of
them are found is part of the result. The look-ups of a case page and of the intake are timed on the same data.
"""

import argparse
import datetime as dt
import json
import random
import statistics
import time
from collections import Counter
from pathlib import Path

from django.db import connection
from django.utils import timezone

from accounts.domain import create_user, system_user
from benchmarks.measuring import end_cleanly_on_signals, fresh_database, machine, say
from benchmarks.own import city_bureau
from cases.models import Case, Party
from cases.repeats import find_repeats
from cases.signals import signals_of, similar_cases
from cases.similarity import overlap, pairs, plain
from core.personal_data import lookup_hash
from tests.factories import CaseFactory, MerchantFactory, PartyFactory

FIRST_DAY, DAYS = dt.date(2026, 4, 20), 365
PLATFORMS, PLATFORM_SHARE = 8, 0.32  # merchants with tens of thousands of cases, and their share of all
CASES_OF_A_MERCHANT, CASES_OF_A_PERSON = 17, 2.5
WRITERS, CASES_OF_A_WRITER = 20, 1500
PLANTED_OVERLAP = 0.8
RUNS = 5
LETTERS = (
    "商家客服退款拒绝订单快递包装破损质量问题购买使用三天出现故障联系多次没有回复要求赔偿发票合同会员余额门店关闭教练课程预付"
    "办理销售承诺宣传不符实际效果食品过期异味标签成分检测报告空调安装漏水维修收费说明酒店预订取消费用扣除航班改签手机屏幕电池"
    "发热更换保修期限家具甲醛超标油漆开裂尺寸定金返还美容皮肤过敏医院证明电动车辆充电失效轮胎里程二手事故隐瞒平台介入处理结果"
    "满意投诉消费权益保护法律规定工商部门调解协商一致经理电话告知等待时间超过约定装修工期延误材料型号品牌假冒正品鉴定专柜价格"
    "差异优惠活动红包积分"
)
WORDS = [LETTERS[n : n + 2] for n in range(0, len(LETTERS), 2)]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.repeats", description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, default=1_000_000, help="default 1000000")
    parser.add_argument("--planted", type=int, default=200, help="pairs that say nearly the same (default 200)")
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the JSON there too")
    options = parser.parse_args(arguments)
    end_cleanly_on_signals()
    with fresh_database("repeats"):
        result = measure(options.cases, options.planted, random.Random(options.seed))
    if options.out:
        options.out.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, ensure_ascii=False))


def measure(cases: int, planted: int, chance: random.Random) -> dict:
    start = time.perf_counter()
    make_cases(cases, chance)
    say(f"{cases:,} cases made in {time.perf_counter() - start:.0f} s")
    wanted = plant(planted, chance)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    look_ups = measure_look_ups()
    start, start_of_cpu = time.perf_counter(), time.process_time()
    found = find_repeats(
        since=FIRST_DAY,
        days=90,
        at_least=PLANTED_OVERLAP,
        progress=lambda why, filings: say(f"{why}: {filings:,} after {time.perf_counter() - start:.0f} s"),
    )
    seconds, of_cpu = time.perf_counter() - start, time.process_time() - start_of_cpu
    of_pairs = {frozenset((pair.earlier, pair.later)): pair.overlap for pair in found.pairs}
    missed = [sorted(pair) for pair in wanted if pair not in of_pairs]
    say(f"{len(found.pairs):,} pairs in {seconds:.1f} s, {len(missed)} of {len(wanted)} planted ones missed")
    return {
        "cases": Case.objects.count(),
        "largest_merchant": Case.objects.raw(
            "SELECT 1 AS id, count(*) AS n FROM cases_case GROUP BY merchant_id ORDER BY n DESC LIMIT 1"
        )[0].n,
        "planted": len(wanted),
        "planted_found": len(wanted) - len(missed),
        "planted_missed": missed,
        "planted_overlap": {"least": round(min(wanted.values()), 3), "most": round(max(wanted.values()), 3)},
        "pairs": len(found.pairs),
        "why": Counter(" ".join(pair.why) for pair in found.pairs),
        "capped": found.capped,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(of_cpu, 1),  # without the database's; tells more where others are at work
        "cases_per_second": round(cases / seconds),
        "look_ups": look_ups,
        "machine": machine(),
    }


# the cases


def make_cases(count: int, chance: random.Random) -> None:
    """`count` cases over a year, each with a party, copied from one that the factory makes."""
    template = CaseFactory(handling=city_bureau(), merchant=None, external_number=None, claimed=None)
    party = PartyFactory(case=template, plain=None)
    merchants = max(1, int(count * (1 - PLATFORM_SHARE) / CASES_OF_A_MERCHANT)) + PLATFORMS
    sentences = ["".join(chance.choices(WORDS, k=chance.randint(7, 12))) + "，" for _n in range(1200)]
    demand = "'希望依法处理，退款' || mod(n, 3000) || '元。'"
    said = "||".join(["s.said[1 + floor(random() * 1200)::int]"] * 6)
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.17)")
        cursor.execute(
            f"""INSERT INTO registry_merchant ({columns_of("registry_merchant")})
                SELECT {columns_of("registry_merchant", id="m.id + n", name="'商户' || n", name_key="'商户' || n",
                                 credit_code="NULL")}
                  FROM registry_merchant m, generate_series(1, %s) n WHERE m.id = %s""",
            [merchants, MerchantFactory().pk],
        )
        cursor.execute("SELECT min(id), max(id) FROM registry_merchant WHERE name LIKE '商户%'")
        first, _last = cursor.fetchone()
        merchant = (
            f"{first} + CASE WHEN random() < {PLATFORM_SHARE} THEN floor(random() * {PLATFORMS})::int"
            f" ELSE {PLATFORMS} + floor(random() * {merchants - PLATFORMS})::int END"
        )
        received = f"timestamptz '{FIRST_DAY} 00:00+08' + random() * interval '{DAYS} days'"
        order = f"CASE WHEN random() < 0.3 THEN 'D' || floor(random() * {count})::bigint ELSE '' END"
        cursor.execute(
            f"""INSERT INTO cases_case ({columns_of("cases_case")})
                SELECT {columns_of("cases_case", id="c.id + n", number="'B' || n", received_at=received,
                                 merchant_id=merchant, order_number=order,
                                 narrative="'我反映：' || " + said, demand=demand)}
                  FROM cases_case c, generate_series(1, %s) n, (SELECT %s::text[] AS said OFFSET 0) s
                 WHERE c.id = %s""",
            [count, sentences, template.pk],
        )
        writers = WRITERS * CASES_OF_A_WRITER if count >= 10 * WRITERS * CASES_OF_A_WRITER else count // 20
        others = f"{WRITERS} + floor(random() * {count} / {CASES_OF_A_PERSON})"
        person = f"CASE WHEN n <= {writers} THEN mod(n, {WRITERS}) ELSE {others} END"
        hashed = "substr(sha256(person::text::bytea), {}, 16)"
        cursor.execute(
            f"""INSERT INTO cases_party ({columns_of("cases_party")})
                SELECT {columns_of("cases_party", id="p.id + n", case_id=f"{template.pk} + n",
                                 phone_hash=hashed.format(1),
                                 id_number_hash=f"CASE WHEN mod(n, 2) = 0 THEN {hashed.format(9)} END")}
                  FROM cases_party p, (SELECT n, ({person})::bigint AS person FROM generate_series(1, %s) n OFFSET 0) m
                 WHERE p.id = %s""",
            [count, party.pk],
        )
        for table in ("registry_merchant", "cases_case", "cases_party"):
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
        cursor.execute("ANALYZE")


def columns_of(table: str, **expressions: str) -> str:
    """The columns of a table that can be written, in its order; `expressions` take the place of some."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s"
            " AND is_generated = 'NEVER' ORDER BY ordinal_position",
            [table],
        )
        return ", ".join(expressions.get(name, f'"{name}"') for (name,) in cursor)


# the planted pairs


def plant(count: int, chance: random.Random) -> dict[frozenset[str], float]:
    """`count` cases that repeat others with 3 to 10 per cent of the characters changed: the numbers of each pair with
    the overlap of its texts. A third is about the same merchant, by someone else; a third by the same person about
    another; a third about the same order."""
    highest = Case.objects.latest("pk").pk
    lowest = highest - Case.objects.filter(number__startswith="B").count()
    planted = {}
    while len(planted) < count:
        case = Case.objects.get(pk=chance.randint(lowest + 1, highest))
        text = _changed(case.narrative, chance)
        share = overlap(pairs(plain(case.narrative, case.demand)), pairs(plain(text, case.demand)))
        if share < PLANTED_OVERLAP:
            continue  # scattered changes of many characters break twice as many pairs
        link = ("merchant", "person", "order")[len(planted) % 3]
        if link == "order" and not case.order_number:
            case.order_number = f"P{case.pk}"
            Case.objects.filter(pk=case.pk).update(order_number=case.order_number)
        party, number = Party.objects.get(case=case), f"R{len(planted)}"
        planted[frozenset((case.number, number))] = share
        case.pk, case.number, case.narrative = None, number, text
        case.received_at += dt.timedelta(days=chance.uniform(0.1, 80))
        case.merchant_id = case.merchant_id if link == "merchant" else None
        case.order_number = case.order_number if link == "order" else ""
        case.save(force_insert=True)
        party.pk, party.case = None, case
        if link != "person":
            party.phone_hash, party.id_number_hash = lookup_hash("phone", f"139{len(planted):08d}"), None
        party.save(force_insert=True)
    return planted


def _changed(text: str, chance: random.Random) -> str:
    """The text with 3 to 10 per cent of its characters changed: in one to three stretches, or scattered."""
    characters, left = list(text), max(1, round(len(text) * chance.uniform(0.03, 0.10)))
    longest = 1 if chance.random() < 0.3 else -(-left // chance.randint(1, 3))
    while left > 0:
        length = min(left, longest)
        start = chance.randrange(len(text) - length)
        for place in range(start, start + length):
            characters[place] = chance.choice("甲乙丙丁戊己庚辛壬癸")
        left -= length
    return "".join(characters)


# the look-ups


def measure_look_ups() -> dict:
    """Milliseconds of what a page asks: of an ordinary case, of one at a platform, of one of someone who writes much."""
    user, _password = create_user(
        actor=system_user(), username="benchmark", agency=city_bureau(), roles=["city_regulator"],
        must_change_password=False,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SELECT merchant_id FROM cases_case GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")
        platform = cursor.fetchone()[0]
    half = FIRST_DAY + dt.timedelta(days=DAYS // 2)
    about = Case.objects.filter(received_on__gte=half, number__startswith="B").order_by("received_at")
    cases = {
        "ordinary": about.exclude(merchant=platform).order_by("-pk")[0],
        "platform": about.filter(merchant=platform)[0],
        "writer": Case.objects.get(number="B1"),
    }
    found = {}
    for name, case in cases.items():
        found[f"signals, {name}"] = _milliseconds(f"signals, {name}", lambda case=case: signals_of(case, user))
        found[f"intake, {name}"] = _milliseconds(
            f"intake, {name}",
            lambda case=case: similar_cases(
                phone="13800000001", id_number="000000199001010011", merchant=case.merchant_id,
                order_number=case.order_number or "D1", text=case.narrative, user=user,
                received_on=timezone.localdate(case.received_at),
            ),
        )  # fmt: skip
    return found


def _milliseconds(name: str, work) -> dict[str, float]:
    times = []
    for _n in range(RUNS):
        start = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - start))
    say(f"{name}: first {times[0]:.0f} ms, median {statistics.median(times):.0f} ms")
    return {"first_ms": round(times[0], 1), "median_ms": round(statistics.median(times), 1)}


if __name__ == "__main__":
    main()
