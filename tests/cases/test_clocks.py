import datetime as dt
import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from cases.clocks import Due, RuleBook, UnknownRule
from cases.models import ClockRule
from core.exceptions import DomainError
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
        ("lead.verify", D(2026, 4, 14), "order20", 15, "working"),
        ("lead.verify", D(2026, 4, 15), "order121", 15, "working"),
        ("lead.verify_extended", D(2020, 1, 1), "order20", 30, "working"),
        ("report.inform", D(2026, 4, 14), "order20", 5, "working"),
        ("report.inform", D(2026, 4, 15), "service", 5, "working"),
        ("jurisdiction.settle", D(2026, 4, 14), "order20", 7, "working"),
        ("jurisdiction.settle", D(2026, 4, 15), "order121", 7, "working"),
        ("council.query", D(2020, 6, 1), "zhejiang2017", 5, "working"),
        ("merchant.reply", D(2020, 6, 1), "zhejiang2017", 5, "natural"),
        ("merchant.perform", D(2020, 6, 1), "zhejiang2017", 3, "natural"),
        ("confirmation.apply", D(2021, 12, 31), "cpl2012", 30, "natural"),
        ("confirmation.apply", D(2022, 1, 1), "cpl2021", 30, "natural"),
        ("confirmation.apply", D(2024, 1, 1), "cpl2023", 30, "natural"),
    ],
)
def test_the_date_picks_the_version(book, code, day, regime, length, unit):
    rule = book.rule(code, day)
    assert (rule.regime, rule.length, rule.unit, rule.roll) == (regime, length, unit, "rest_days")


@pytest.mark.parametrize(
    ("code", "regime", "found"),
    [
        ("complaint.mediate", "order20", "order20"),
        ("complaint.mediate", "order62", "order62"),
        ("complaint.notify_end", "decree778", "order121"),  # which has no such term: the day of receipt decides
        ("complaint.mediate", "order999", "order121"),
        ("complaint.mediate", "", "order121"),
    ],
)
def test_the_rules_of_a_case_pick_the_version_before_its_date(book, code, regime, found):
    assert book.rule(code, D(2026, 5, 6), regime).regime == found


def test_of_two_versions_of_the_same_rules_the_date_picks_one():
    first = ClockRule(code="x", regime="a", valid_from=D(2020, 1, 1), valid_to=D(2021, 1, 1))
    second = ClockRule(code="x", regime="a", valid_from=D(2021, 1, 1), valid_to=D(2022, 1, 1))
    third = ClockRule(code="x", regime="b", valid_from=D(2022, 1, 1))
    book = RuleBook([third, second, first], Calendar({}))
    assert book.rule("x", D(2020, 5, 1), "a") is first
    assert book.rule("x", D(2023, 5, 1), "a") is second
    assert book.rule("x", D(2023, 5, 1)) is third
    assert book.regimes == {"a", "b"}


def test_testing_is_left_out_of_mediation_and_verification_alone():
    paused = ClockRule.objects.filter(pauses=True).order_by("code", "valid_from").values_list("code", "regime")
    assert list(paused) == [
        ("complaint.mediate", "order20"),
        ("complaint.mediate", "decree778"),
        ("complaint.mediate", "order121"),
        ("lead.verify", "order20"),
        ("lead.verify", "order121"),
        ("lead.verify_extended", "order20"),
        ("lead.verify_extended", "order121"),
        ("report.verify", "order2"),
        ("report.verify", "order42"),
        ("report.verify_extended", "order2"),
        ("report.verify_extended", "order42"),
    ]


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
    assert len(by_code) == 16
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
        "A last day that is no working day moves to the first working day after, from an ordinary weekend too.",
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
        "The calendar of 2027 is not known: of the days on which its notice may speak only weekends are left out, and "
        "the end may change."
    )
    with translation.override("en"):
        natural = book.explain("complaint.mediate", D(2026, 10, 30))  # until 29 December
    assert natural["provisional"] is True
    assert natural["steps"][-2].startswith("The calendar of 2027 is not known")


@pytest.mark.parametrize(
    ("roll", "due", "sentence"),
    [
        ("none", "2026-06-13", "The last day stays where it falls, on a day off too."),
        (
            "holidays", "2026-06-13",
            "A last day on a statutory holiday moves to the first day after; an ordinary weekend does not move it.",
        ),
        (
            "rest_days", "2026-06-15",
            "A last day that is no working day moves to the first working day after, from an ordinary weekend too.",
        ),
    ],
)  # fmt: skip
def test_what_moves_the_last_day_is_said(roll, due, sentence):
    ClockRule.objects.filter(code="complaint.mediate").update(roll=roll)
    with translation.override("en"):
        found = RuleBook.load().explain("complaint.mediate", D(2026, 4, 14))
    assert (found["due_on"], found["steps"][1]) == (due, sentence)


def test_pauses_are_explained(book):
    with translation.override("en"):
        found = book.explain(
            "complaint.mediate", D(2026, 5, 6), pauses=[(D(2026, 5, 20), D(2026, 6, 3)), (D(2026, 6, 10), D(2026, 6, 11))]
        )
    assert (found["safe_on"], found["due_on"]) == ("2026-07-20", "2026-07-20")
    assert found["steps"][2:] == [
        "2026-05-06 (Wed): the term starts; this day does not count.",
        "2026-05-07 (Thu) to 2026-05-19 (Tue): every day counts, day 1–13.",
        "2026-05-20 (Wed) to 2026-06-02 (Tue): paused, not counted.",
        "2026-06-03 (Wed) to 2026-06-09 (Tue): every day counts, day 14–20.",
        "2026-06-10 (Wed): paused, not counted.",
        "2026-06-11 (Thu) to 2026-07-20 (Mon): every day counts, day 21–60.",
        "The term ends on 2026-07-20 (Mon).",
    ]
    assert book.term(book.rule("complaint.mediate", D(2026, 5, 6)), D(2026, 5, 6)).due_on == D(2026, 7, 6)


def test_a_rule_that_leaves_out_no_pauses_says_so(book):
    with translation.override("en"), pytest.raises(DomainError) as refused:
        book.explain("complaint.accept", D(2026, 5, 6), pauses=[(D(2026, 5, 7), D(2026, 5, 8))])
    assert str(refused.value) == "complaint.accept (order121) leaves out no pauses: every day counts."


def test_steps_and_basis_are_chinese_by_default(book):
    found = book.explain("complaint.accept", D(2020, 1, 17))
    assert found["basis"] == "《市场监督管理投诉举报处理暂行办法》（市场监管总局令第20号）第十四条"
    assert found["steps"][0].startswith("投诉受理决定")
    assert "春节" in found["steps"][3]


def test_explain_with_a_calendar_of_its_own_reads_the_notices_then(django_assert_num_queries):
    book = RuleBook.load(load_calendar())
    with django_assert_num_queries(1):
        assert "端午节" in book.explain("complaint.mediate", D(2026, 4, 20))["steps"][4]


@pytest.mark.parametrize(
    ("code", "day", "reason"),
    [
        (
            "complaint.acept", D(2020, 1, 1),
            "There is no rule complaint.acept. The rules are: channel.settle, complaint.accept, complaint.mediate, "
            "complaint.notify_end, confirmation.apply, council.accept, council.mediate, council.query, "
            "jurisdiction.settle, lead.verify, lead.verify_extended, merchant.perform, merchant.reply, report.inform, "
            "report.verify, report.verify_extended.",
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


def test_rules_without_a_version_of_the_term_are_refused(book):
    with translation.override("en"), pytest.raises(UnknownRule) as refused:
        book.explain("complaint.notify_end", D(2026, 5, 6), regime="decree778")
    assert str(refused.value) == (
        "complaint.notify_end has no version under decree778. The versions: order20 from 2020-01-01 until 2026-04-14; "
        "order121 from 2026-04-15."
    )


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


@pytest.mark.parametrize(
    ("rule", "date", "due"),
    [
        ("complaint.accept", "2020-01-17", "2020-02-04"),
        ("complaint.accept", "2020-01-23", "2020-02-11"),
        ("complaint.accept", "2020-09-27", "2020-10-13"),
        ("complaint.accept", "2021-02-05", "2021-02-20"),
        ("complaint.accept", "2021-03-12", "2021-03-23"),
        ("complaint.accept", "2021-04-25", "2021-05-07"),
        ("complaint.accept", "2026-04-24", "2026-05-08"),
        ("complaint.mediate", "2020-01-20", "2020-03-31"),
        ("complaint.mediate", "2026-04-20", "2026-06-22"),
        ("complaint.mediate", "2026-08-03", "2026-10-08"),
    ],
)
def test_the_worked_dates_of_the_project(rule, date, due):
    assert json.loads(clock(rule, date, "--json"))["due_on"] == due


def test_the_command_takes_pauses_and_rules_by_name():
    found = json.loads(clock("complaint.mediate", "2026-05-06", "--regime", "order20", "--json"))
    assert (found["regime"], found["due_on"]) == ("order20", "2026-07-08")
    pauses = ["--pause", "2026-05-20:2026-06-03", "--pause", "2026-06-10:2026-06-11"]
    assert json.loads(clock("complaint.mediate", "2026-05-06", *pauses, "--json"))["due_on"] == "2026-07-20"


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
        (["complaint.accept", "2026-08-03", "--pause", "2026-08-04:2026-08-05"], "leaves out no pauses"),
        (["complaint.mediate", "2026-08-03", "--pause", "2026-08-04"], "Write it as FROM:TO"),
        (["complaint.mediate", "2026-08-03", "--pause", "2026-08-04:x"], "'x' is no date"),
        (["complaint.mediate", "2026-08-03", "--pause", "2026-08-05:2026-08-04"], "ends before it starts"),
        (["complaint.mediate", "2026-08-03", "--regime", "order99"], "has no version under order99"),
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
