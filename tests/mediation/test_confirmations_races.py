"""Two who prepare the confirmation of one agreement at the same moment, in transactions of their own."""

import datetime as dt
import threading

import pytest
from django.db import transaction
from django.utils import timezone

from cases.domain import recount
from core.exceptions import DomainError
from mediation.domain import act_on_confirmation, prepare
from mediation.models import JudicialConfirmation
from tests.cases.domain.test_acts_races import at_once, deadlocks
from tests.factories import AgencyFactory, AgreementFactory, UserFactory
from tests.mediation.test_sessions_races import posted_meanwhile
from tests.waiting import in_thread


def two_clerks():
    """An agreement in force for ten days, a court, and two mediators who may take the one to the other."""
    district = AgencyFactory(parent=AgencyFactory())
    since = timezone.localdate() - dt.timedelta(days=10)
    agreement = AgreementFactory(in_force=True, case__handling=district, reached_on=since)
    clerks = [UserFactory(agency=district, roles=["mediator"]) for _n in range(2)]
    return agreement, AgencyFactory(court=True), clerks


def test_of_two_who_prepare_the_same_at_once_one_wins_each_time(fresh_database):
    agreement, court, clerks = two_clerks()

    for _time in range(30):
        results = at_once(*(lambda clerk=clerk: prepare(agreement, court=court, actor=clerk) for clerk in clerks))

        lost = [result for result in results if isinstance(result, DomainError)]
        won = [result for result in results if isinstance(result, JudicialConfirmation)]
        assert (len(lost), len(won)) == (1, 1), results
        standing = JudicialConfirmation.objects.exclude(state="withdrawn")
        assert list(standing) == won
        standing.update(state="withdrawn")
    assert deadlocks() == 0


def test_who_is_slower_is_told_above_the_form(fresh_database):
    agreement, court, clerks = two_clerks()

    said = posted_meanwhile(
        clerks[1], "/admin/mediation/judicialconfirmation/add/",
        {"case_number": agreement.case.number, "court": court.pk, "note": ""},
        lambda: prepare(agreement, court=court, actor=clerks[0]),
    )  # fmt: skip

    assert said == ["The confirmation of this agreement is under way already."]
    assert JudicialConfirmation.objects.get().events.get().actor == clerks[0]


def test_no_last_day_is_counted_while_the_calendar_is_being_replaced(fresh_database):
    agreement, court, (clerk, _other) = two_clerks()
    prepared = prepare(agreement, court=court, actor=clerk)
    counting, done = threading.Event(), threading.Event()

    def replaced():
        with transaction.atomic():
            recount()
            counting.set()
            done.wait(10)

    thread = in_thread(replaced)
    assert counting.wait(10)
    given = {"applied_on": timezone.localdate(), "both_parties": True}
    with pytest.raises(DomainError, match="正在重新计算全部到期日"):
        act_on_confirmation(prepared, "apply", actor=clerk, **given)
    with transaction.atomic():
        JudicialConfirmation.objects.update(state="withdrawn")
        with pytest.raises(DomainError, match="正在重新计算全部到期日"):
            prepare(agreement, court=court, actor=clerk)
        transaction.set_rollback(True)
    done.set()
    thread.join(10)

    prepared.refresh_from_db()
    assert prepared.state == "prepared"
    act_on_confirmation(prepared, "apply", actor=clerk, **given)
    assert JudicialConfirmation.objects.get().in_time
