import datetime as dt

import pytest
from django.db.models import Min
from django.test import RequestFactory
from django.utils import timezone, translation

from cases.enums import RunState, State
from cases.tables import STATE_TONES, CaseTable, as_written, origin_of, run_status, subject
from core.pagination import Page, Sort
from tests.factories import CaseFactory, ClockFactory, ImportRunFactory, RecoveryFactory, UserFactory


def test_every_state_has_a_tone():
    assert set(STATE_TONES) == set(State)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("商家拒绝退款", "商家拒绝退款"),
        ("请致电 13800001234 联系", "请致电 138****1234 联系"),
        ("第一行\n第二行", "第一行 第二行"),
        ("字" * 61, "字" * 60 + "…"),
        ("", ""),
    ],
)
def test_the_subject_is_one_short_line_without_phone_numbers(text, shown):
    assert subject(text) == shown


def test_a_phone_number_at_the_cut_stays_masked():
    text = "字" * 50 + "13800001234" + "字" * 20

    assert "0000" not in subject(text)


def test_what_was_not_recognised_is_marked_and_escaped():
    assert as_written("西湖区", "西湖") == "西湖区"
    assert as_written(None, "") == "-"
    html = as_written(None, "<b>不知何处</b>")
    assert "&lt;b&gt;不知何处&lt;/b&gt;" in html
    assert 'title="原文，未识别"' in html


def table(case, address="/"):
    request = RequestFactory().get(address)
    case.opening, case.due_on = case.narrative, case.clocks.filter(stopped_on=None).aggregate(due=Min("due_on"))["due"]
    made = CaseTable([case], request=request)
    made.keyset = Page([case], Sort("received", "received_at", True), 25, None, None, None)
    return made


def cell(case, column, address="/"):
    return table(case, address).rows[0].get_cell(column)


@pytest.mark.django_db
def test_a_row_leads_to_its_case_and_carries_the_list_along():
    case = CaseFactory()

    html = cell(case, "number", "/cases/?state=open&after=x~1&size=50")

    assert f'href="/cases/{case.number}/?state=open&amp;sort=-received"' in html


@pytest.mark.django_db
def test_the_most_urgent_running_clock_is_shown():
    case, today = CaseFactory(), timezone.localdate()
    assert cell(case, "due") == "-"
    ended = {"due_on": today - dt.timedelta(days=9), "stopped_on": today - dt.timedelta(days=12)}
    ClockFactory(case=case, code="council.accept", **ended)
    late = ClockFactory(case=case, due_on=today - dt.timedelta(days=2))
    ClockFactory(case=case, due_on=today + dt.timedelta(days=30), code="complaint.mediate")

    html = cell(case, "due")

    assert f"{late.due_on:%Y-%m-%d}" in html
    assert "due-over" in html


@pytest.mark.django_db
def test_where_a_posting_comes_from():
    imported, here = RecoveryFactory(imported=True), RecoveryFactory()
    clerk, officer = UserFactory(roles=["clerk"]), UserFactory(roles=["officer"])
    run = imported.import_file.run_id

    assert origin_of(imported, clerk) == f'<a href="/imports/{run}/">{imported.import_file.name}</a>'
    assert origin_of(imported, officer) == imported.import_file.name
    assert origin_of(here, officer) == here.actor.get_full_name()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "busy", "words", "tone"),
    [
        (RunState.COMPLETED, False, "Completed", "green"),
        (RunState.COMPLETED, True, "Completed", "green"),
        (RunState.RUNNING, True, "Running", "blue"),
        (RunState.RUNNING, False, "Cut off", "red"),
    ],
)
def test_a_run_without_an_import_at_work_was_cut_off(state, busy, words, tone):
    run = ImportRunFactory(state=state)

    with translation.override("en"):
        assert run_status(run, busy) == (words, tone)
