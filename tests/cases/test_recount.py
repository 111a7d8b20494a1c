"""Due dates after a change of the calendar or of a rule, and the ways in."""

import datetime as dt
import json
from io import StringIO

import pytest
from django.core.management import call_command

from cases.domain import (
    decide_extension,
    pause_clocks,
    preview_recount,
    recount,
    resume_clocks,
    start_clock,
    stop_clocks,
)
from cases.models import UNKNOWN_END, Clock, ClockChange, ClockRule
from registry.models import CalendarDay, CalendarNotice
from registry.reference import load
from tests.factories import CalendarDayFactory, CalendarNoticeFactory, CaseFactory, UserFactory
from tests.factories.cases import local

D = dt.date
THEN = local(2020, 1, 27, 18)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def before_the_extension():
    """The calendar of 26 January 2020: Spring Festival ends on the 30th."""
    CalendarDay.objects.filter(notice__code="2020-amendment").delete()
    CalendarNotice.objects.filter(code="2020-amendment").delete()


def clock(day, code="complaint.accept", **case):
    case = CaseFactory(received_at=local(day.year, day.month, day.day), **case)
    return start_clock(case, code, on=day, now=THEN)


@pytest.fixture
def clocks(before_the_extension):
    """Open terms around Spring Festival 2020, as they stood when it was extended."""
    return {
        "friday": clock(D(2020, 1, 17)),
        "eve": clock(D(2020, 1, 23)),
        "other": clock(D(2020, 1, 23)),
        "mediated": clock(D(2020, 1, 20), "complaint.mediate"),
        "early": clock(D(2020, 1, 2)),
    }


def ends(clocks):
    return {name: Clock.objects.get(pk=clock.pk).due_on for name, clock in clocks.items()}


BEFORE = {
    "friday": D(2020, 2, 1), "eve": D(2020, 2, 7), "other": D(2020, 2, 7), "mediated": D(2020, 3, 27),
    "early": D(2020, 1, 13),
}  # fmt: skip
AFTER = {
    "friday": D(2020, 2, 4), "eve": D(2020, 2, 11), "other": D(2020, 2, 11), "mediated": D(2020, 3, 31),
    "early": D(2020, 1, 13),
}  # fmt: skip
AS_JSON = {
    "moved": 4,
    "earlier": 0,
    "later": 4,
    "newly_provisional": 0,
    "settled": 0,
    "rules": {
        "complaint.accept": {"earlier": 0, "later": 3},
        "complaint.mediate": {"earlier": 0, "later": 1},
    },
    "largest": [
        {"rule": "complaint.accept", "before_on": "2020-02-07", "after_on": "2020-02-11", "clocks": 2},
        {"rule": "complaint.mediate", "before_on": "2020-03-27", "after_on": "2020-03-31", "clocks": 1},
        {"rule": "complaint.accept", "before_on": "2020-02-01", "after_on": "2020-02-04", "clocks": 1},
    ],
}


def written():
    return list(Clock.objects.order_by("pk").values()), ClockChange.objects.count()


def test_the_extension_of_spring_festival_moves_the_open_terms(clocks):
    assert ends(clocks) == BEFORE

    report = load(only=["calendar"])

    assert report.changed == {"calendar": ["2020-amendment"]}
    assert [found.as_json() for found in report.consequences] == [AS_JSON]
    assert ends(clocks) == AFTER
    changes = ClockChange.objects.order_by("case_id")
    assert [(c.case_id, c.before_on, c.after_on, c.why, c.note, c.actor) for c in changes] == [
        (clocks[name].case_id, BEFORE[name], AFTER[name], "calendar", "2020-amendment", None)
        for name in ("friday", "eve", "other", "mediated")
    ]
    # both notices stay
    assert CalendarNotice.objects.filter(code__in=["2020", "2020-amendment"]).count() == 2
    assert CalendarDay.objects.get(notice__code="2020", date=D(2020, 2, 1)).working
    assert not load(only=["calendar"]).consequences


def test_a_preview_writes_nothing_and_says_the_same(clocks):
    before = written()
    report = load(only=["calendar"], write=False)
    assert [found.as_json() for found in report.consequences] == [AS_JSON]
    assert written() == before
    assert not CalendarNotice.objects.filter(code="2020-amendment").exists()
    assert preview_recount().moves == []


def test_it_is_told_in_words(clocks):
    (found,) = load(only=["calendar"], write=False).consequences
    assert list(found.sentences()) == [
        "4 open clocks move.",
        "Decision on accepting a complaint (complaint.accept): 3 later, 0 earlier.",
        "Mediation of a complaint (complaint.mediate): 1 later, 0 earlier.",
        "2020-02-07 → 2020-02-11, Decision on accepting a complaint: 2.",
        "2020-03-27 → 2020-03-31, Mediation of a complaint: 1.",
        "2020-02-01 → 2020-02-04, Decision on accepting a complaint: 1.",
    ]


def test_a_stopped_or_paused_term_stays(clocks):
    actor = UserFactory()
    stop_clocks(clocks["eve"].case, on=D(2020, 1, 24), now=THEN)
    paused = clocks["mediated"].case
    pause_clocks(
        paused, reason="testing", started_on=D(2020, 1, 22), document="委托书", actor=actor, now=THEN
    )

    load(only=["calendar"])

    assert ends(clocks) == AFTER | {"eve": BEFORE["eve"], "mediated": UNKNOWN_END}
    # it is counted by the calendar of the day on which it runs on
    resume_clocks(paused, ended_on=D(2020, 1, 23), actor=actor, now=THEN)
    assert ends(clocks)["mediated"] == D(2020, 4, 1)


def test_pauses_that_are_over_are_left_out_again(clocks):
    actor = UserFactory()
    case = clocks["mediated"].case
    for start, end in [(D(2020, 1, 21), D(2020, 1, 22)), (D(2020, 1, 22), D(2020, 1, 24))]:
        pause_clocks(case, reason="testing", started_on=start, document="委托书", actor=actor, now=THEN)
        resume_clocks(case, ended_on=end, actor=actor, now=THEN)
    assert ends(clocks)["mediated"] == D(2020, 4, 1)

    (found,) = load(only=["calendar"]).consequences
    assert found.moved == 4
    assert ends(clocks)["mediated"] == D(2020, 4, 3)
    assert case.clock_changes.order_by("pk").last().before_on == D(2020, 4, 1)


def test_the_time_with_a_platform_is_left_out_again_whatever_the_rule_says(clocks):
    actor = UserFactory()
    case = clocks["friday"].case
    given = {"reason": "green_channel", "document": "转办单", "actor": actor, "now": THEN}
    pause_clocks(case, started_on=D(2020, 1, 20), **given)
    resume_clocks(case, ended_on=D(2020, 1, 22), actor=actor, now=THEN)
    assert ends(clocks)["friday"] == D(2020, 2, 4)
    waiting = clocks["other"].case
    pause_clocks(waiting, started_on=D(2020, 1, 23), **given)

    load(only=["calendar"])

    # the holiday ends with 2 February, and two working days before it were the platform's
    assert ends(clocks)["friday"] == D(2020, 2, 6)
    assert ends(clocks)["other"] == UNKNOWN_END


def test_a_notice_of_the_next_year_settles_what_was_provisional():
    case = CaseFactory(received_at=local(2026, 12, 21))
    made = start_clock(case, "complaint.accept", on=D(2026, 12, 21), now=local(2026, 12, 21, 10))
    later = CaseFactory(received_at=local(2026, 12, 28))
    start_clock(later, "complaint.accept", on=D(2026, 12, 28), now=local(2026, 12, 28, 10))
    assert (made.due_on, made.provisional) == (D(2026, 12, 30), True)

    notice = CalendarNoticeFactory(code="2027", year=2027, published_on=D(2026, 11, 20))
    for day in (1, 2, 3):
        CalendarDayFactory(notice=notice, date=D(2027, 1, day), working=False)
    found = recount(notice="2027", now=local(2026, 12, 29))

    assert (found.moved, found.later, found.settled, found.newly_provisional) == (1, 1, 2, 0)
    assert "No longer provisional: 2." in list(found.sentences())
    made.refresh_from_db()
    assert (made.due_on, made.provisional) == (D(2026, 12, 30), False)
    assert not case.clock_changes.exists()  # its end has not moved
    CalendarDay.objects.filter(notice=notice).delete()
    notice.delete()
    assert preview_recount().newly_provisional == 2
    assert "Provisional from now on: 2." in list(preview_recount().sentences())


def test_a_corrected_rule_moves_its_own_terms(clocks):
    rule = clocks["friday"].rule
    ClockRule.objects.filter(pk=rule.pk).update(length=5)
    recounted = recount(
        rules=[rule.pk], why="rule", notice="complaint.accept:2020-01-01", actor=UserFactory()
    )
    assert recounted.by_rule == [("complaint.accept", "Decision on accepting a complaint", 4, 0)]
    assert ends(clocks) == BEFORE | {
        "friday": D(2020, 1, 23), "eve": D(2020, 2, 5), "other": D(2020, 2, 5), "early": D(2020, 1, 9),
    }  # fmt: skip
    assert set(ClockChange.objects.values_list("why", "note")) == {("rule", "complaint.accept:2020-01-01")}
    # the file's own value, which comes back by a load
    report = load(only=["clock_rules"], overwrite=["complaint.accept:2020-01-01"])
    assert [found.moved for found in report.consequences] == [4]
    assert ends(clocks) == BEFORE


def test_an_extended_term_is_counted_by_its_extended_rule(before_the_extension):
    made = clock(D(2020, 1, 2), "report.verify", report=True)
    asker, chief = UserFactory(), UserFactory(superuser=True)
    extension = made.case.extensions.create(
        code="report.verify", started_on=made.started_on, reason="外调", asked_by=asker, asked_at=THEN
    )
    decide_extension(extension, granted=True, reason="同意延长", actor=chief, now=local(2020, 1, 20))
    made.refresh_from_db()
    assert made.due_on == D(2020, 2, 18)
    load(only=["calendar"])
    made.refresh_from_db()
    assert (made.due_on, made.started_on) == (D(2020, 2, 20), D(2020, 1, 2))


def test_other_data_sets_have_no_consequence(clocks):
    CalendarDay.objects.filter(notice__code="2021").delete()
    report = load(only=["channels"])
    assert (report.changed, report.consequences) == ({}, [])


# commands


def run(*arguments):
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue().splitlines()


def test_load_reference_says_what_moved(clocks):
    before = written()
    lines = run("load_reference", "--only", "calendar", "--dry-run")
    assert "4 open clocks move." in lines
    assert written() == before
    assert json.loads(run("load_reference", "--only", "calendar", "--dry-run", "--json")[-1])[
        "consequences"
    ] == [AS_JSON]
    assert "4 open clocks move." in run("load_reference", "--only", "calendar")
    assert ends(clocks) == AFTER


def test_recount_clocks_counts_what_someone_changed_by_hand(clocks):
    notice = CalendarNoticeFactory(code="2020-hand", year=2020, published_on=D(2020, 1, 27))
    for day in (31, 1, 2):
        CalendarDayFactory(notice=notice, date=D(2020, 1 if day == 31 else 2, day), working=False)

    before = written()
    assert json.loads(run("recount_clocks", "--dry-run", "--json")[-1]) == AS_JSON
    assert run("recount_clocks", "--dry-run")[0] == "4 open clocks move."
    assert written() == before
    assert json.loads(run("recount_clocks", "--json")[-1]) == AS_JSON
    assert ends(clocks) == AFTER
    assert ClockChange.objects.first().actor.username == "system"
    assert run("recount_clocks") == ["0 open clocks move."]
