"""Every day of 2019 to 2026, counted a second time from the notices' files without any code of the portal."""

import csv
import datetime as dt
import json
from bisect import bisect_right
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from cases.clocks import RuleBook
from cases.models import ClockRule

NOTICES = Path(__file__).parents[2] / "registry" / "reference" / "calendar"
FIRST, LAST = 2019, 2026
pytestmark = pytest.mark.django_db


def named_days() -> dict[str, str]:
    """date -> yes (working) or no, as the notice published last has it."""
    notices = []
    for path in NOTICES.glob("*.csv"):
        lines = path.read_text("utf-8").splitlines()
        (published,) = [line.split(": ")[1] for line in lines if line.startswith("# published_on: ")]
        notices.append((published, list(csv.DictReader(line for line in lines if not line.startswith("#")))))
    return {
        row["date"]: row["working"]
        for _published, rows in sorted(notices, key=lambda n: n[0])
        for row in rows
    }


@pytest.fixture(scope="module")
def working_days() -> list[int]:
    """The ordinals of all working days; of the time around, weekdays."""
    named = named_days()
    days = range(dt.date(FIRST - 1, 1, 1).toordinal(), dt.date(LAST + 1, 12, 31).toordinal())
    return [
        n
        for n in days
        if named.get(dt.date.fromordinal(n).isoformat(), "yes" if n % 7 in range(1, 6) else "no") == "yes"
    ]


def every_day():
    first, last = dt.date(FIRST, 1, 1).toordinal(), dt.date(LAST, 12, 31).toordinal()
    return map(dt.date.fromordinal, range(first, last + 1))


def test_the_notices_say_what_is_known_of_these_years(working_days):
    counts = [
        sum(dt.date.fromordinal(n).year == year for n in working_days) for year in range(FIRST, LAST + 1)
    ]
    assert counts == [250, 249, 250, 249, 249, 251, 248, 248]


@pytest.mark.parametrize("length", [5, 7, 10, 15, 30, 45])
def test_working_days(working_days, length):
    book = RuleBook.load()
    rule = ClockRule(pk=-length, code="x", unit="working", length=length)
    wrong = [
        day
        for day in every_day()
        if book.term(rule, day).due_on.toordinal()
        != working_days[bisect_right(working_days, day.toordinal()) + length - 1]
    ]
    assert wrong == []


@pytest.mark.parametrize("length", [3, 5, 30, 60])
def test_natural_days(working_days, length):
    book = RuleBook.load()
    rule = ClockRule(pk=-length, code="x", unit="natural", length=length, roll="rest_days")
    workable = set(working_days)
    for day in every_day():
        safe_on, due_on, _provisional = book.term(rule, day)
        end = day.toordinal() + length
        assert safe_on.toordinal() == end
        while end not in workable:
            end += 1
        assert due_on.toordinal() == end


@pytest.mark.parametrize("length", [3, 30, 60])
def test_natural_days_that_an_ordinary_weekend_does_not_move(working_days, length):
    book = RuleBook.load()
    rule = ClockRule(pk=-length, code="x", unit="natural", length=length, roll="holidays")
    holidays = {dt.date.fromisoformat(day).toordinal() for day, working in named_days().items() if working == "no"}
    for day in every_day():
        end = day.toordinal() + length
        while end in holidays:
            end += 1
        assert book.term(rule, day).due_on.toordinal() == end


CODES = (
    "complaint.accept", "complaint.mediate", "report.verify", "council.accept", "council.mediate", "merchant.reply",
    "channel.settle", "confirmation.apply",
)  # fmt: skip


@pytest.mark.parametrize("code", CODES)
def test_what_the_command_prints_of_every_day(working_days, code):
    """Which is RuleBook.explain; by the rule of the day, whose length and unit are read from the database alone."""
    book, workable = RuleBook.load(), set(working_days)
    versions = list(ClockRule.objects.filter(code=code).order_by("valid_from"))
    wrong = []
    for day in every_day():
        if day < versions[0].valid_from:  # the verification of reports has rules since April 2019
            continue
        found = book.explain(code, day)
        rule = [version for version in versions if version.valid_from <= day][-1]
        if rule.unit == "working":
            end = working_days[bisect_right(working_days, day.toordinal()) + rule.length - 1]
        else:
            end = day.toordinal() + rule.length
            while end not in workable:
                end += 1
        due_on = dt.date.fromordinal(end)
        # the notice of the next year may name days from 29 December on
        if (found["due_on"], found["provisional"]) != (due_on.isoformat(), due_on >= dt.date(LAST, 12, 29)):
            wrong.append((day, found["due_on"], found["provisional"]))
    assert wrong == []


@pytest.mark.parametrize("code", ["complaint.accept", "complaint.mediate", "report.verify", "council.accept"])
def test_the_command_says_the_same_in_every_month(working_days, code):
    """By the rule of the day, whose length and unit are read from the answer of the database alone."""
    for year in range(FIRST + 1, LAST + 1):
        for month in range(1, 13):
            day = dt.date(year, month, 24)
            rule = ClockRule.objects.valid_on(day).get(code=code)
            out = StringIO()
            call_command("clock", code, day.isoformat(), "--json", stdout=out)
            found = dt.date.fromisoformat(json.loads(out.getvalue())["due_on"]).toordinal()
            if rule.unit == "working":
                assert found == working_days[bisect_right(working_days, day.toordinal()) + rule.length - 1]
            else:
                end = day.toordinal() + rule.length
                assert found == next(n for n in working_days if n >= end)
