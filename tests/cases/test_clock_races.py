import datetime as dt
import threading

from django.db import transaction

from cases.domain import recount, start_clock, stop_clocks
from cases.domain.clocks import hold_calendar
from cases.models import Clock
from core.exceptions import DomainError
from tests.factories import CaseFactory
from tests.factories.cases import local
from tests.waiting import comes_to_wait, in_thread

D = dt.date
THEN = local(2020, 1, 27, 18)


def test_an_act_during_a_recount_is_refused_and_one_before_it_is_waited_for(fresh_database):
    case = CaseFactory(received_at=local(2020, 1, 23))
    made = start_clock(case, "complaint.accept", on=D(2020, 1, 23), now=THEN)
    Clock.objects.update(due_on=D(2020, 2, 7), safe_on=D(2020, 2, 7))
    other = CaseFactory(received_at=local(2020, 1, 23))
    late = start_clock(other, "complaint.accept", on=D(2020, 1, 23), now=THEN)
    Clock.objects.filter(pk=late.pk).update(due_on=D(2020, 2, 7), safe_on=D(2020, 2, 7))
    holds, done, recounted, found, refusals = threading.Event(), threading.Event(), threading.Event(), [], []

    def second():
        holds.wait(10)
        with transaction.atomic():
            found.append(recount())
            recounted.set()
            done.wait(10)

    thread = in_thread(second)
    with transaction.atomic():
        stop_clocks(case, on=D(2020, 1, 24), now=THEN)
        holds.set()
        waits = comes_to_wait(thread)
    assert recounted.wait(10)
    try:
        with transaction.atomic():
            hold_calendar()
    except DomainError as error:
        refusals.append(str(error))
    done.set()
    thread.join(10)

    assert waits
    assert len(refusals) == 1
    assert [move.n for move in found[0].moves] == [1]
    made.refresh_from_db()
    late.refresh_from_db()
    assert (made.due_on, made.stopped_on) == (D(2020, 2, 7), D(2020, 1, 24))  # stopped meanwhile
    assert late.due_on == D(2020, 2, 11)
    with transaction.atomic():
        hold_calendar()


def test_acts_hold_the_calendar_side_by_side(fresh_database, django_assert_num_queries):
    held = []

    def second():
        with transaction.atomic():
            hold_calendar()
            held.append("second")

    with transaction.atomic():
        with django_assert_num_queries(1):
            hold_calendar()
        in_thread(second).join(30)  # on a connection of its own: on one alone any lock may be taken twice

    assert held == ["second"]
