"""What two do at the same moment to pledges, premises, zones and plans, in transactions of their own."""

import datetime as dt

import pytest
from django.db import transaction
from django.utils import timezone

from core.exceptions import DomainError
from pledges.domain import (
    act_on_pledge,
    expire_pledges,
    join_zone,
    keep_plan,
    plan_inspection,
    record_returns,
    register_premises,
)
from pledges.importers.pledges import PledgeTarget
from pledges.importers.returns import ReturnTarget
from pledges.models import Inspection, Pledge, Premises, ReturnEntry, ZoneMembership
from registry.models import Agency, Merchant
from tests.cases.domain.test_acts_races import at_once, deadlocks
from tests.factories import (
    AgencyFactory,
    PlanFactory,
    PledgeFactory,
    PledgeTypeFactory,
    PremisesFactory,
    UserFactory,
    ZoneFactory,
)
from tests.importing import called, counts, write_lines
from tests.pledges.test_import_pledges import HEADER, LINE
from tests.waiting import comes_to_wait, eventually, in_thread

REASON = "多次拒绝退货，核查属实"
RETURNS = ("经营者名称", "门店名称", "区县", "月份", "退货件数", "退货金额")


@pytest.fixture
def line():
    return LINE | {"有效期至": str(timezone.localdate() + dt.timedelta(days=60))}


@pytest.fixture
def west(fresh_database):
    return Agency.objects.get(name="杭州市西湖区市场监督管理局")


@pytest.fixture
def head(west):
    return UserFactory(agency=west, roles=["approver"])


@pytest.fixture
def clerk(west):
    return UserFactory(agency=west, roles=["pledge_clerk"])


@pytest.fixture
def district(fresh_database):
    return AgencyFactory(parent=AgencyFactory())


@pytest.fixture
def run(fresh_database, capsys, tmp_path):
    def call(*lines, command="import_pledges", header=HEADER):
        return called(capsys, command, write_lines(tmp_path / f"{command}.csv", header, lines))

    return call


class Meanwhile:
    """Someone else's `work`, in a transaction of its own, while an import writes its rows: begun when it comes to them,
    and left to go on until it has to wait for the import, or has ended."""

    def __init__(self, monkeypatch, target, work):
        self.work, self.waited, self.outcome, self.thread = work, None, None, None
        write = target.write

        def beside(target, cursor, converted):
            write(target, cursor, converted)
            if self.thread is None:
                self.thread = in_thread(self._do)
                self.waited = comes_to_wait(self.thread)

        monkeypatch.setattr(target, "write", beside)

    def _do(self):
        try:
            self.outcome = self.work()
        except DomainError as refused:
            self.outcome = refused

    def ended(self):
        self.thread.join(30)
        assert not self.thread.is_alive()
        return self.outcome


class BeforeHand:
    """An import while `work` is going on: it has to wait for that, and finds what it did."""

    def __init__(self, run, work):
        with transaction.atomic():
            work()
            self.thread = in_thread(lambda: setattr(self, "summary", run()))
            self.waited = comes_to_wait(self.thread)
        self.thread.join(60)
        assert not self.thread.is_alive()


def test_an_act_waits_for_the_import_and_is_done_on_what_that_brought(run, line, head, monkeypatch):
    """Revoked by the register, it is not renewed by who saw it in force."""
    run(line)
    pledge = Pledge.objects.get()
    ended = str(timezone.localdate())
    other = Meanwhile(monkeypatch, PledgeTarget, lambda: act_on_pledge(pledge, "renew", actor=head))

    assert counts(run(line | {"状态": "摘牌", "结束日期": ended})) == {"rows": 1, "updated": 1}

    assert isinstance(other.ended(), DomainError)
    assert other.waited
    assert list(Pledge.objects.values_list("state", "terms")) == [("revoked", 1)]
    assert list(pledge.events.order_by("pk").values_list("verb", flat=True)) == ["apply", "publish", "revoke"]


def test_the_import_waits_for_an_act_and_leaves_what_was_worked_on(run, line, head):
    run(line)
    pledge = Pledge.objects.get()
    changed = line | {"状态": "摘牌", "结束日期": str(timezone.localdate())}

    beside = BeforeHand(lambda: run(changed), lambda: act_on_pledge(pledge, "suspend", actor=head, note=REASON))

    assert beside.waited
    assert counts(beside.summary) == {"rows": 1, "unchanged": 1, "warnings": 1, "differing": 1}
    assert Pledge.objects.get().state == "suspended"
    assert list(pledge.events.order_by("pk").values_list("verb", flat=True)) == ["apply", "publish", "suspend"]


def test_premises_that_are_taken_up_by_hand_and_by_file_are_one(run, line, clerk):
    """Whoever writes second finds those of the first: the import takes them, the clerk is told."""
    run(line | {"门店名称": "青禾一店"})
    merchant, region = Merchant.objects.get(), Premises.objects.get().region
    by_hand = {"name": line["门店名称"], "region": region, "actor": clerk}

    beside = BeforeHand(lambda: run(line | {"承诺编号": "C2"}), lambda: register_premises(merchant, **by_hand))

    assert beside.waited
    assert counts(beside.summary) == {"rows": 1, "created": 1}
    assert Pledge.objects.get(external_number="C2").premises.import_file is None
    assert Premises.objects.count() == 2


def test_the_clerk_is_told_of_premises_that_an_import_is_writing(run, line, clerk, monkeypatch):
    run(line | {"门店名称": "青禾一店"})
    merchant, region = Merchant.objects.get(), Premises.objects.get().region
    by_hand = {"name": line["门店名称"], "region": region, "actor": clerk}
    other = Meanwhile(monkeypatch, PledgeTarget, lambda: register_premises(merchant, **by_hand))

    assert counts(run(line | {"承诺编号": "C2"})) == {"rows": 1, "created": 1}

    assert isinstance(other.ended(), DomainError)
    assert other.waited
    assert Premises.objects.count() == 2


def test_of_a_month_entered_by_hand_and_by_file_the_first_stands(run, line, clerk, monkeypatch):
    run(line | {"公布日期": "2024-05-20"})
    premises = Premises.objects.get()
    row = {"经营者名称": line["经营者名称"], "门店名称": line["门店名称"], "区县": "西湖区", "月份": "2024-06",
           "退货件数": "3", "退货金额": "30"}  # fmt: skip
    other = Meanwhile(
        monkeypatch, ReturnTarget, lambda: record_returns(premises, dt.date(2024, 6, 1), 4, 40, actor=clerk)
    )

    assert counts(run(row, command="import_returns", header=RETURNS)) == {"rows": 1, "created": 1, "warnings": 1}

    assert isinstance(other.ended(), DomainError)
    assert other.waited
    assert list(ReturnEntry.objects.values_list("count", "entered_by")) == [(3, None)]


def test_of_a_renewal_and_a_new_pledge_for_the_same_days_one_is_refused(district):
    """The term was over yesterday and nobody has written that down yet: it may still be renewed, or another published."""
    head, type = UserFactory(agency=district, roles=["approver"]), PledgeTypeFactory()
    today = timezone.localdate()
    yesterday = today - dt.timedelta(days=1)
    for _time in range(5):
        premises = PremisesFactory(agency=district)
        stands = PledgeFactory(
            premises=premises, type=type, in_force=True, published_on=dt.date(2023, 1, 1), valid_to=yesterday
        )
        other = PledgeFactory(premises=premises, type=type, state="admitted", applied_on=today)

        done = at_once(
            lambda pledge=stands: act_on_pledge(pledge, "renew", actor=head, on=yesterday),
            lambda pledge=other: act_on_pledge(pledge, "publish", actor=head),
        )

        assert [one.__class__ for one in done if isinstance(one, Exception)] == [DomainError]
        assert Pledge.objects.filter(premises=premises).in_force_on(today).count() == 1
    assert deadlocks() == 0


def test_what_somebody_is_renewing_does_not_run_out_meanwhile(district):
    """The worker waits for nobody, and comes back to it."""
    head, yesterday = UserFactory(agency=district, roles=["approver"]), timezone.localdate() - dt.timedelta(days=1)
    pledge = PledgeFactory(
        premises__agency=district, in_force=True, published_on=dt.date(2023, 1, 1), valid_to=yesterday
    )
    expired = []

    with transaction.atomic():
        act_on_pledge(pledge, "renew", actor=head, on=yesterday)
        thread = in_thread(lambda: expired.append(expire_pledges(10)))
        assert not comes_to_wait(thread)
        thread.join(30)
    expired.append(expire_pledges(10))

    assert expired == [0, 0]
    assert list(Pledge.objects.values_list("state", "terms")) == [("in_force", 2)]


def test_premises_join_a_zone_once(district):
    clerk, zone = UserFactory(agency=district, roles=["pledge_clerk"]), ZoneFactory(agency=district)
    for _time in range(5):
        premises, since = PremisesFactory(agency=district), timezone.localdate()

        done = at_once(*2 * [lambda premises=premises, since=since: join_zone(zone, premises, since=since, actor=clerk)])

        assert [one.__class__ for one in done if isinstance(one, Exception)] == [DomainError]
        assert ZoneMembership.objects.filter(premises=premises).count() == 1
    assert deadlocks() == 0


def test_a_visit_is_not_planned_into_a_plan_that_is_being_narrowed(district):
    clerk = UserFactory(agency=district, roles=["pledge_clerk"])
    premises, type = PremisesFactory(agency=district), PledgeTypeFactory()
    plan = PlanFactory(agency=district, starts_on=dt.date(2026, 1, 1), ends_on=dt.date(2026, 12, 31))
    results = []

    def visit():
        try:
            plan_inspection(premises, planned_on=dt.date(2026, 12, 1), type=type, plan=plan, actor=clerk)
        except DomainError as refused:
            results.append(str(refused))

    with transaction.atomic():
        keep_plan(plan, actor=clerk, ends_on=dt.date(2026, 6, 30))
        thread = in_thread(visit)
        assert comes_to_wait(thread)
    eventually(lambda: not thread.is_alive())

    assert len(results) == 1
    assert "2026-06-30" in results[0]
    assert not Inspection.objects.exists()
