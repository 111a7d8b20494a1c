import datetime as dt
import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from cases.clocks import Due, RuleBook, UnknownRule
from cases.models import ClockRule
from core.working_days import Calendar
from registry.domain import load_calendar
from registry.models import CalendarDay

D = dt.date
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def book(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        return RuleBook.load()


@pytest.mark.parametrize(
    ("code", "day", "regime", "length", "unit"),
    [
        ("complaint.accept", D(2014, 3, 15), "order62", 7, "working"),
        ("complaint.accept", D(2019, 12, 31), "order62", 7, "working"),
        ("complaint.accept", D(2020, 1, 1), "order20", 7, "working"),
        ("complaint.accept", D(2024, 6, 30), "order20", 7, "working"),
        ("complaint.accept", D(2024, 7, 1), "decree778", 7, "working"),
        ("complaint.accept", D(2026, 4, 14), "decree778", 7, "working"),
        ("complaint.accept", D(2026, 4, 15), "order121", 7, "working"),
        ("complaint.mediate", D(2019, 12, 31), "order62", 60, "natural"),
        ("complaint.mediate", D(2020, 1, 1), "order20", 45, "working"),
        ("complaint.mediate", D(2024, 6, 30), "order20", 45, "working"),
        ("complaint.mediate", D(2024, 7, 1), "decree778", 60, "natural"),
        ("complaint.mediate", D(2026, 4, 15), "order121", 60, "natural"),
        ("complaint.notify_end", D(2026, 4, 14), "order20", 7, "working"),
        ("complaint.notify_end", D(2026, 4, 15), "order121", 7, "working"),
        ("report.verify", D(2019, 4, 1), "order2", 15, "working"),
        ("report.verify", D(2021, 7, 15), "order42", 15, "working"),
        ("report.verify_extended", D(2020, 6, 1), "order2", 30, "working"),
        ("council.accept", D(2017, 5, 1), "zhejiang2017", 5, "working"),
        ("council.mediate", D(2020, 6, 1), "zhejiang2017", 10, "working"),
        ("channel.settle", D(2020, 6, 1), "odr", 10, "working"),
        ("confirmation.apply", D(2021, 12, 31), "cpl2012", 30, "natural"),
        ("confirmation.apply", D(2022, 1, 1), "cpl2021", 30, "natural"),
        ("confirmation.apply", D(2024, 1, 1), "cpl2023", 30, "natural"),
    ],
)
def test_the_date_picks_the_version(book, code, day, regime, length, unit):
    rule = book.rule(code, day)
    assert (rule.regime, rule.length, rule.unit, rule.roll) == (regime, length, unit, "rest_days")


@pytest.mark.parametrize(
    ("code", "day"),
    [
        ("complaint.accept", D(2014, 3, 14)),
        ("complaint.notify_end", D(2019, 12, 31)),
        ("report.verify", D(2019, 3, 31)),
        ("council.accept", D(2017, 4, 30)),
        ("no.such.rule", D(2020, 1, 1)),
    ],
)
def test_no_version_is_none(book, code, day):
    assert book.rule(code, day) is None
    assert book.rule(code, day) is None  # remembered


def test_the_versions_of_a_rule_follow_each_other_without_a_gap():
    by_code = {}
    for rule in ClockRule.objects.order_by("code", "valid_from"):
        by_code.setdefault(rule.code, []).append(rule)
    assert len(by_code) == 9
    for versions in by_code.values():
        assert [rule.valid_to for rule in versions] == [rule.valid_from for rule in versions[1:]] + [None]


@pytest.mark.parametrize(
    ("code", "start", "safe", "due"),
    [
        ("complaint.accept", D(2020, 1, 17), D(2020, 2, 4), D(2020, 2, 4)),
        ("complaint.accept", D(2021, 2, 5), D(2021, 2, 20), D(2021, 2, 20)),
        ("complaint.accept", D(2026, 4, 24), D(2026, 5, 8), D(2026, 5, 8)),
        ("complaint.mediate", D(2020, 1, 20), D(2020, 3, 31), D(2020, 3, 31)),
        ("complaint.mediate", D(2026, 4, 20), D(2026, 6, 19), D(2026, 6, 22)),
        ("complaint.mediate", D(2026, 8, 3), D(2026, 10, 2), D(2026, 10, 8)),
        ("report.verify", D(2020, 9, 15), D(2020, 10, 12), D(2020, 10, 12)),
        ("council.accept", D(2020, 9, 30), D(2020, 10, 14), D(2020, 10, 14)),
        ("council.mediate", D(2020, 9, 30), D(2020, 10, 21), D(2020, 10, 21)),
        ("confirmation.apply", D(2024, 9, 1), D(2024, 10, 1), D(2024, 10, 8)),
    ],
)
def test_terms(book, code, start, safe, due):
    assert book.term(book.rule(code, start), start) == Due(safe, due, False)


def test_a_term_beyond_the_known_calendar_is_provisional(book):
    rule = book.rule("complaint.accept", D(2026, 12, 28))
    assert book.term(rule, D(2026, 12, 28)) == (D(2027, 1, 6), D(2027, 1, 6), True)


def test_the_version_of_receipt_counts_from_the_acceptance(book):
    """Received under Order 20, accepted under Decree 778: still 45 working days."""
    rule = book.rule("complaint.mediate", D(2024, 6, 28))
    assert rule.regime == "order20"
    assert book.term(rule, D(2024, 7, 2)).due_on == D(2024, 9, 3)


def test_rules_and_terms_are_looked_up_once(book, django_assert_num_queries):
    rule = book.rule("complaint.accept", D(2020, 1, 17))
    with django_assert_num_queries(0):
        assert book.rule("complaint.accept", D(2020, 1, 17)) is rule
        assert book.term(rule, D(2020, 1, 17)) is book.term(rule, D(2020, 1, 17))


def test_loading_takes_two_queries_or_one_with_a_calendar(django_assert_num_queries):
    with django_assert_num_queries(2):
        RuleBook.load()
    calendar = load_calendar()
    with django_assert_num_queries(1):
        RuleBook.load(calendar)


def test_a_book_takes_the_calendar_that_it_is_given():
    weekends_only = RuleBook.load(Calendar({}, range(2000, 2100)))
    rule = weekends_only.rule("complaint.accept", D(2020, 1, 17))
    assert weekends_only.term(rule, D(2020, 1, 17)).due_on == D(2020, 1, 28)


def test_working_days_are_explained_day_by_day(book):
    with translation.override("en"):
        found = book.explain("complaint.accept", D(2020, 1, 17))
    assert found == {
        "rule": "complaint.accept",
        "regime": "order20",
        "start_on": "2020-01-17",
        "due_on": "2020-02-04",
        "safe_on": "2020-02-04",
        "provisional": False,
        "basis": "Interim Measures for Handling Complaints and Reports in Market Regulation (SAMR Order 20), art 14",
        "steps": [
            "Decision on accepting a complaint: 7 working days from: receipt of the complaint. In force from "
            "2020-01-01 until 2024-06-30. Basis: Interim Measures for Handling Complaints and Reports in Market "
            "Regulation (SAMR Order 20), art 14.",
            "2020-01-17 (Fri): the term starts; this day does not count.",
            "2020-01-18 (Sat): weekend, no working day.",
            "2020-01-19 (Sun): make-up working day (Spring Festival, notice of 2019-11-21), counted, working day 1.",
            "2020-01-20 (Mon) to 2020-01-23 (Thu): counted, working day 2–5.",
            "2020-01-24 (Fri) to 2020-01-30 (Thu): holiday (Spring Festival, notice of 2019-11-21), no working day.",
            "2020-01-31 (Fri) to 2020-02-02 (Sun): holiday (Spring Festival, notice of 2020-01-27), no working day.",
            "2020-02-03 (Mon) to 2020-02-04 (Tue): counted, working day 6–7.",
            "The term ends on 2020-02-04 (Tue).",
        ],
    }


def test_natural_days_are_explained_with_the_roll(book):
    with translation.override("en"):
        found = book.explain("complaint.mediate", D(2026, 4, 20))
    assert (found["safe_on"], found["due_on"]) == ("2026-06-19", "2026-06-22")
    assert found["steps"][1:] == [
        "2026-04-20 (Mon): the term starts; this day does not count.",
        "2026-04-21 (Tue) to 2026-06-19 (Fri): every day counts, day 1–60.",
        "2026-06-19 (Fri) to 2026-06-21 (Sun): holiday (Dragon Boat Festival, notice of 2025-11-04), no working day.",
        "2026-06-22 (Mon): the first day after, to which the last day moves.",
        "Safe until 2026-06-19 (Fri), before the last day moves; legally the term ends on 2026-06-22 (Mon).",
    ]


def test_a_provisional_term_says_so(book):
    with translation.override("en"):
        found = book.explain("complaint.accept", D(2026, 12, 28))
    assert found["provisional"] is True
    assert found["steps"][-2] == (
        "The calendar of 2027 is not known: only weekends are left out there, and the end may change."
    )


def test_steps_and_basis_are_chinese_by_default(book):
    found = book.explain("complaint.accept", D(2020, 1, 17))
    assert found["basis"] == "《市场监督管理投诉举报处理暂行办法》（市场监管总局令第20号）第十四条"
    assert found["steps"][0].startswith("投诉受理决定")
    assert "春节" in found["steps"][3]


def test_explain_with_a_calendar_of_its_own_reads_the_notices_then(django_assert_num_queries):
    book = RuleBook.load(load_calendar())
    with django_assert_num_queries(1):
        assert "端午节" in book.explain("complaint.mediate", D(2026, 4, 20))["steps"][3]


@pytest.mark.parametrize(
    ("code", "day", "reason"),
    [
        (
            "complaint.acept", D(2020, 1, 1),
            "There is no rule complaint.acept. The rules are: channel.settle, complaint.accept, complaint.mediate, "
            "complaint.notify_end, confirmation.apply, council.accept, council.mediate, report.verify, "
            "report.verify_extended.",
        ),
        (
            "complaint.notify_end", D(2019, 5, 1),
            "No version of complaint.notify_end was in force on 2019-05-01. The versions: order20 from 2020-01-01 "
            "until 2026-04-14; order121 from 2026-04-15.",
        ),
    ],
)  # fmt: skip
def test_what_there_is_not_is_told_with_what_there_is(book, code, day, reason):
    with translation.override("en"), pytest.raises(UnknownRule) as refused:
        book.explain(code, day)
    assert str(refused.value) == reason


def test_without_rules_the_way_out_is_told():
    with translation.override("en"), pytest.raises(UnknownRule, match="manage.py load_reference"):
        RuleBook([], Calendar({})).explain("complaint.accept", D(2020, 1, 1))


# the command


def clock(*arguments):
    out = StringIO()
    call_command("clock", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_prints_one_json_object_and_nothing_else():
    lines = clock("complaint.mediate", "2026-08-03", "--json").splitlines()
    assert len(lines) == 1
    found = json.loads(lines[0])
    assert (found["rule"], found["start_on"], found["due_on"], found["safe_on"]) == (
        "complaint.mediate", "2026-08-03", "2026-10-08", "2026-10-02",
    )  # fmt: skip
    assert found["basis"] == "《市场监督管理投诉举报处理办法》（市场监管总局令第121号）第二十三条"


def test_the_command_prints_the_steps_in_the_language_asked_for():
    assert clock("complaint.mediate", "2026-08-03", "--lang", "en").splitlines()[-1] == (
        "Safe until 2026-10-02 (Fri), before the last day moves; legally the term ends on 2026-10-08 (Thu)."
    )
    assert "第二十三条" in clock("complaint.mediate", "2026-08-03").splitlines()[0]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["no.such.rule", "2026-08-03"], "There is no rule no.such.rule."),
        (["complaint.accept", "2010-01-01"], "order62 from 2014-03-15 until 2019-12-31; order20 from 2020-01-01"),
        (["complaint.accept", "2026-02-30"], "'2026-02-30' is no date. Write it as YYYY-MM-DD"),
        (["complaint.accept", "9999-12-30"], "after the year 9999"),
    ],
)
def test_the_command_refuses_what_it_cannot_answer(arguments, reason):
    with translation.override("en"), pytest.raises(CommandError) as refused:
        clock(*arguments)
    assert reason in str(refused.value)


def test_a_corrected_calendar_moves_the_due_date():
    assert json.loads(clock("complaint.accept", "2020-01-23", "--json"))["due_on"] == "2020-02-11"
    CalendarDay.objects.filter(notice__code="2020-amendment").delete()
    assert json.loads(clock("complaint.accept", "2020-01-23", "--json"))["due_on"] == "2020-02-07"
