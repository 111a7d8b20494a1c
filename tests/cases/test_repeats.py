import datetime as dt
import json
import random
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from cases import repeats
from cases.models import SignalRule
from cases.repeats import find_repeats
from core.exceptions import DomainError
from tests.cases.filings import IDENTITY, TEXT
from tests.factories import MerchantFactory

pytestmark = pytest.mark.django_db
ON = dt.date(2026, 11, 2)
LIKE = TEXT.replace("三天", "四天")


def pairs(**options) -> list[tuple]:
    return [(pair.later, pair.earlier, pair.why) for pair in find_repeats(today=ON, **options).pairs]


def test_repeats_are_of_the_same_person_merchant_or_order(filed):
    merchant = MerchantFactory()
    by_merchant = filed(days=-9, narrative=TEXT, merchant=merchant, phone="13800000002"), filed(
        days=-1, narrative=LIKE, merchant=merchant, phone="13800000003"
    )
    other = TEXT[::-1]
    by_person = filed(days=-8, narrative=other, identity=IDENTITY), filed(days=-2, narrative=other, identity=IDENTITY)
    another = TEXT[::2] * 2
    by_order = filed(days=-7, narrative=another, order_number="A1", phone="13800000004"), filed(
        days=-3, narrative=another, order_number="A1", phone="13800000005"
    )
    filed(days=-4, narrative=TEXT, phone="13800000006")  # nothing but the text
    filed(days=-4, order_number="A1", merchant=merchant)  # nothing but the rest

    assert sorted(pairs()) == sorted([
        (by_merchant[1].number, by_merchant[0].number, ("merchant",)),
        (by_person[1].number, by_person[0].number, ("identity", "phone")),
        (by_order[1].number, by_order[0].number, ("order",)),
    ])


def test_a_pair_that_shares_several_things_stands_once(filed):
    merchant = MerchantFactory()
    cases = [filed(days=n, narrative=TEXT, merchant=merchant, order_number="A1") for n in (-5, -1)]

    [pair] = find_repeats(today=ON).pairs

    assert (pair.earlier, pair.later, pair.overlap) == (cases[0].number, cases[1].number, 1.0)
    assert pair.why == ("merchant", "order", "phone")


def test_the_later_is_since_the_date_and_the_earlier_within_the_days(filed):
    first, second, third = (filed(days=n, narrative=TEXT) for n in (-60, -40, -10))

    assert pairs(days=30, since=dt.date(2026, 9, 20)) == [
        (third.number, second.number, ("phone",)),
        (second.number, first.number, ("phone",)),
    ]
    assert pairs(days=30) == [(third.number, second.number, ("phone",))]
    assert pairs(days=29) == []
    assert len(pairs(days=90)) == 3


def test_without_values_the_rule_for_like_texts_holds(filed):
    SignalRule.objects.filter(code="text.alike").update(window_days=7, overlap=95)
    filed(days=-5, narrative=TEXT)
    filed(days=-1, narrative=LIKE)

    found = find_repeats(today=ON)
    assert (found.days, found.overlap, found.since, found.pairs) == (7, 0.95, dt.date(2026, 10, 26), [])
    assert len(find_repeats(today=ON, at_least=0.9).pairs) == 1


def test_sealed_reporters_link_nothing(filed):
    for n in (-5, -1):
        filed(days=n, narrative=TEXT, reporter=True, report=True, identity=IDENTITY)

    assert pairs() == []


def test_short_texts_are_no_repeats(filed):
    for n in (-5, -1):
        filed(days=n, narrative="要求退款")

    assert pairs() == []


def test_a_joint_complaint_is_no_repeat_of_itself(filed):
    case = filed(days=-1, narrative=TEXT)
    filed(days=-2)
    case.parties.create(role="consumer", phone_hash=case.parties.get().phone_hash)

    assert pairs() == []


@pytest.mark.parametrize("small", [2, 1000])
def test_large_groups_give_the_same_pairs_as_small_ones(filed, monkeypatch, small):
    """With the index of rare pairs, and without it."""
    monkeypatch.setattr(repeats, "SMALL", small)
    chance, merchant = random.Random(5), MerchantFactory()
    planted = set()
    for n in range(40):
        phones = [f"1380000{n:02d}{m:02d}" for m in (1, 2)]
        case = filed(days=-80 + n, merchant=merchant, phone=phones[0])
        if n % 4 == 0:
            start = chance.randrange(45)
            text = case.narrative[:start] + "甲乙丙" + case.narrative[start + 3 :]
            planted.add((filed(days=-79 + n, merchant=merchant, phone=phones[1], narrative=text).number, case.number))

    assert {(later, earlier) for later, earlier, _why in pairs()} == planted


def test_of_very_many_the_nearest_are_paired_and_it_is_told(filed, monkeypatch):
    monkeypatch.setattr(repeats, "PARTNERS", 2)
    cases = [filed(days=-9 + n, narrative=TEXT) for n in range(4)]

    found = find_repeats(today=ON)

    assert [(pair.later, pair.earlier) for pair in found.pairs if pair.later == cases[3].number] == [
        (cases[3].number, cases[2].number),
        (cases[3].number, cases[1].number),
    ]
    assert found.capped == 1  # the last case; the third has no more than its two


def test_without_rules_the_way_out_is_told():
    SignalRule.objects.all().delete()
    with translation.override("en"), pytest.raises(DomainError, match="manage.py load_reference"):
        find_repeats(today=ON)


# the command


def command(*arguments) -> list[str]:
    out = StringIO()
    call_command("find_repeats", *arguments, stdout=out)
    return out.getvalue().splitlines()


@pytest.fixture
def repeated(filed):
    return filed(days=-5, narrative=TEXT), filed(days=-1, narrative=LIKE)


def test_the_command_prints_one_json_object_and_nothing_else(repeated):
    earlier, later = repeated

    [line] = command("--since", "2026-10-01", "--days", "30", "--json")

    found = json.loads(line)
    assert found.pop("seconds") >= 0
    assert found == {
        "since": "2026-10-01", "days": 30, "overlap": 0.8, "read": 4, "capped": 0,
        "pairs": [{"earlier": earlier.number, "later": later.number, "overlap": 0.907, "why": ["phone"]}],
    }  # fmt: skip


def test_the_command_prints_a_line_for_each_pair(repeated):
    earlier, later = repeated

    with translation.override("en"):
        lines = command("--since", "2026-10-01")

    assert lines == [
        f"{later.number} {earlier.number} 91% phone", "Pairs since 2026-10-01, at most 90 days apart: 1.",
    ]  # fmt: skip


def test_the_overlap_can_be_asked_for(repeated):
    assert json.loads(command("--since", "2026-10-01", "--overlap", "95", "--json")[0])["pairs"] == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--days", "0"], "at least 1"),
        (["--overlap", "49"], "from 50 to 100"),
        (["--overlap", "101"], "from 50 to 100"),
        (["--since", "2026-02-30"], "is no date"),
    ],
)
def test_the_command_refuses_what_means_nothing(arguments, reason):
    with translation.override("en"), pytest.raises(CommandError, match=reason):
        command(*arguments)
