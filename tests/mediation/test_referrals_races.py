"""A platform and a regulator, or the time, at one referral at the same moment, in transactions of their own."""

import datetime as dt

import pytest
from django.db import connection, transaction

from cases.domain import start_clock
from cases.models import Case, CaseEvent, ClockPause, Recovery
from core.exceptions import DomainError
from mediation.domain import act_on_referral, lapse_referrals, refer
from mediation.models import PlatformReferral
from tests.cases.domain.test_acts_races import at_once, deadlocks
from tests.factories import AgencyFactory, CaseFactory, PlatformFactory, UserFactory
from tests.factories.cases import local

MONDAY = local(2026, 11, 9, 10)
MONEY = {"amount": 20, "kind": "refund", "status": "paid", "evidence": "退款单"}


@pytest.fixture
def world(fresh_database):
    """`referred()`: a referral of a new complaint; with it an officer and a partner."""
    district = AgencyFactory(parent=AgencyFactory())
    platform = PlatformFactory()
    officer = UserFactory(agency=district, roles=["officer"])
    partner = UserFactory(agency=platform.agency, roles=["platform_partner"])

    def referred():
        case = CaseFactory(handling=district, received_at=local(2026, 11, 5), regime="order121")
        start_clock(case, "complaint.accept", on=dt.date(2026, 11, 5), actor=officer, now=MONDAY)
        return refer(case, platform, actor=officer, now=MONDAY)

    return officer, partner, referred


def outcome(referral):
    """What stands of a referral: its state, that of its case, how many postings, open pauses and acts of each."""
    referral.refresh_from_db()
    case = Case.objects.get(pk=referral.case_id)
    return (
        referral.state, case.state, Recovery.objects.filter(case=case).count(),
        ClockPause.objects.filter(case=case, ended_on=None).count(), referral.events.count(),
        CaseEvent.objects.filter(case=case).count(), case.clocks.get().paused_on,
    )  # fmt: skip


# settled: refer and settle; refer, settle and the posting on the case
SETTLED = ("settled", "ended", 1, 0, 2, 3, None)
RETURNED = ("returned", "registered", 0, 0, 2, 2, None)


def test_of_a_settlement_and_a_recall_at_the_same_instant_one_wins_each_time(world):
    officer, partner, referred = world
    now, seen = local(2026, 11, 10), set()

    for _time in range(40):
        referral = referred()
        settled, recalled = at_once(
            lambda one=referral: act_on_referral(
                PlatformReferral.objects.get(pk=one.pk), "settle", actor=partner, now=now, settlement="退款", **MONEY
            ),
            lambda one=referral: act_on_referral(
                PlatformReferral.objects.get(pk=one.pk), "recall", actor=officer, now=now, note="消费者要求调解"
            ),
        )

        lost = [result for result in (settled, recalled) if isinstance(result, DomainError)]
        assert len(lost) == 1, (settled, recalled)
        assert outcome(referral) == (RETURNED if lost == [settled] else SETTLED)
        assert "最近一次操作" in str(lost[0])
        seen.add(referral.state)
    assert seen
    assert deadlocks() == 0


def test_two_turns_of_the_job_at_the_same_instant_let_each_come_back_once(world):
    _officer, _partner, referred = world
    now = local(2026, 11, 24)

    for _time in range(10):
        referrals = [referred() for _n in range(3)]
        counts = at_once(lambda: lapse_referrals(50, now=now), lambda: lapse_referrals(50, now=now))
        done = sum(counts) + lapse_referrals(50, now=now)  # one may have left to the other what was locked

        assert done == 3, counts
        assert {outcome(referral) for referral in referrals} == {RETURNED}
    assert deadlocks() == 0


def test_a_case_at_which_someone_works_is_left_for_the_next_turn(world):
    _officer, _partner, referred = world
    busy, free = referred(), referred()
    now = local(2026, 11, 24)

    with transaction.atomic():
        Case.objects.select_for_update().get(pk=busy.case_id)
        (done, _nothing) = at_once(lambda: lapse_referrals(50, now=now), lambda: None)
    assert done == 1
    assert (outcome(busy)[0], outcome(free)[0]) == ("waiting", "returned")

    assert lapse_referrals(50, now=now) == 1
    assert outcome(busy) == RETURNED


def test_a_settlement_on_the_last_day_and_the_end_of_the_term_at_the_same_instant(world):
    """The clocks of two machines differ by a moment: whoever has the case first wins."""
    _officer, partner, referred = world
    last, after = local(2026, 11, 23, 23, 59), local(2026, 11, 24, 0, 0)

    for _time in range(40):
        referral = referred()
        settled, lapsed = at_once(
            lambda one=referral: act_on_referral(
                PlatformReferral.objects.get(pk=one.pk), "settle", actor=partner, now=last, settlement="退款", **MONEY
            ),
            lambda: lapse_referrals(50, now=after),
        )

        if isinstance(settled, DomainError):
            assert lapsed == 1
            assert outcome(referral) == RETURNED
        else:
            assert lapsed == 0
            assert outcome(referral) == SETTLED
    assert deadlocks() == 0
    assert not connection.in_atomic_block
