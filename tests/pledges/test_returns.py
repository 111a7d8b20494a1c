"""The returns ledger: what is entered by hand, how it is corrected, and what is refused."""

import datetime as dt
from decimal import Decimal

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from core.exceptions import DomainError
from pledges.domain import first_month, record_returns
from pledges.models import ReturnChange, ReturnEntry
from tests.factories import (
    AgencyFactory,
    PledgeFactory,
    PledgeTypeFactory,
    PremisesFactory,
    ReturnEntryFactory,
    UserFactory,
)
from tests.factories.cases import local

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

NOW = local(2026, 11, 12, 16)
day = dt.date
JUNE, SUM = day(2026, 6, 1), Decimal("250.50")


@pytest.fixture
def returns():
    return PledgeTypeFactory(returns=True)


@pytest.fixture
def pledged(premises, returns):
    """Premises whose first return pledge was published on 20 May 2026; another pledge stood before it."""
    PledgeFactory(premises=premises, in_force=True, published_on=day(2025, 1, 1))
    PledgeFactory(premises=premises, type=returns, in_force=True, published_on=day(2026, 5, 20))
    return premises


@pytest.fixture
def record(pledged, clerk):
    def call(month=JUNE, count=3, amount=SUM, *, at=pledged, actor=clerk, now=NOW, **more):
        return record_returns(at, month, count, amount, actor=actor, now=now, **more)

    return call


def rows():
    return list(ReturnEntry.objects.order_by("pk").values()), list(ReturnChange.objects.order_by("pk").values())


def test_returns_of_a_month_are_entered(record, pledged, clerk):
    entry = record(day(2026, 6, 17))

    assert entry == ReturnEntry.objects.get()
    assert (entry.premises, entry.month, entry.count, entry.amount) == (pledged, day(2026, 6, 1), 3, Decimal("250.50"))
    assert (entry.entered_by, entry.import_file, entry.changes.count()) == (clerk, None, 0)


@pytest.mark.parametrize("month", [day(2026, 5, 1), day(2026, 5, 31), day(2026, 11, 12), day(2026, 11, 30)])
def test_from_the_month_of_the_first_publication_to_the_present_one(record, month):
    assert record(month).month == month.replace(day=1)


def test_none_in_a_month_is_a_statement_too(record):
    entry = record(count=0, amount=Decimal(0))

    assert (entry.count, entry.amount) == (0, Decimal("0.00"))


def test_a_correction_keeps_what_stood_before_it(record, pledged, clerk, head):
    entry = record()

    corrected = record(count=2, amount=Decimal("99.90"), actor=head, reason="一笔重复登记")

    entry.refresh_from_db()
    assert (corrected, entry.count, entry.amount, entry.entered_by) == (entry, 2, Decimal("99.90"), clerk)
    change = ReturnChange.objects.get()
    assert (change.entry, change.actor, change.at, change.reason) == (entry, head, NOW, "一笔重复登记")
    assert (change.count_before, change.amount_before) == (3, Decimal("250.50"))
    assert (change.count, change.amount, change.import_file) == (2, Decimal("99.90"), None)


def test_the_same_again_changes_nothing(record):
    record()
    before = rows()

    record()

    assert rows() == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"month": day(2026, 12, 1)}, "lies in the future"),
        ({"month": day(2026, 4, 30)}, "was published in 2026-05"),
        ({"count": -1}, "zero or more"), ({"count": 10**9}, "below 1,000,000,000"),
        ({"amount": Decimal("-0.01")}, "zero or more"), ({"amount": Decimal("1.005")}, "more than two decimals"),
        ({"amount": Decimal("10000000000.01")}, "at most"), ({"count": 0}, "the amount is zero"),
        ({"reason": ""}, "Give the reason"), ({"reason": "    x  "}, "Give the reason"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(record, changes, message):
    record()
    before = rows()

    with pytest.raises(DomainError, match=message):
        record(**{"count": 5} | changes)

    assert rows() == before


def test_no_returns_without_a_return_pledge(record, district, returns):
    premises = PremisesFactory(agency=district)
    PledgeFactory(premises=premises, in_force=True)
    PledgeFactory(premises=premises, type=returns)  # applied for, never published

    with pytest.raises(DomainError, match="No pledge by which goods are taken back"):
        record(at=premises)

    assert first_month(premises) is None
    assert rows() == ([], [])


def test_a_pledge_that_ended_still_has_its_returns(record, pledged):
    assert first_month(pledged) == day(2026, 5, 1)
    pledged.pledges.filter(type__least_days=7).update(state="revoked", ended_on=day(2026, 7, 1))

    assert record(day(2026, 9, 1)).month == day(2026, 9, 1)


class TestWho:
    @pytest.mark.parametrize("role", ["regulator", "officer", "mediator", "clerk"])
    def test_only_keepers_enter(self, record, district, role):
        with pytest.raises(PermissionDenied):
            record(actor=UserFactory(agency=district, roles=[role]))
        assert rows() == ([], [])

    def test_nobody_enters_for_another_agency(self, record):
        with pytest.raises(PermissionDenied):
            record(actor=UserFactory(agency=AgencyFactory(), roles=["pledge_clerk"]))
        assert rows() == ([], [])

    @pytest.mark.parametrize("role", ["pledge_clerk", "approver", "regulator", "officer"])
    def test_whoever_sees_the_premises_sees_their_returns(self, record, district, role):
        entry = record()
        change = record(count=1, reason="漏登记一笔").changes.get()
        own = UserFactory(agency=district, roles=[role])
        above, other = (UserFactory(agency=agency, roles=[role]) for agency in (district.parent, AgencyFactory()))

        for user, entries, changes in [(own, [entry], [change]), (above, [entry], [change]), (other, [], [])]:
            assert list(ReturnEntry.objects.visible_to(user)) == entries
            assert list(ReturnChange.objects.visible_to(user)) == changes

    def test_nobody_else(self, record, district):
        record()
        record(count=1, reason="漏登记一笔")

        for user in (AnonymousUser(), UserFactory(agency=district), UserFactory(agency=district, roles=["mediator"])):
            assert not ReturnEntry.objects.visible_to(user).exists()
            assert not ReturnChange.objects.visible_to(user).exists()

    def test_the_city_sees_all(self, record):
        record()

        assert ReturnEntry.objects.visible_to(UserFactory(agency=AgencyFactory(), roles=["city_regulator"])).exists()


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"month": day(2026, 6, 2)}, "pledges_return_month"),
        ({"amount": Decimal("-1")}, "pledges_return_amount"), ({"count": 0}, "pledges_return_amount"),
        ({"entered_by": None}, "pledges_return_origin"), ({"import_line": 7}, "pledges_return_origin"),
        ({}, "pledges_return_monthly"),
    ],
)  # fmt: skip
def test_the_database_holds_it_too(record, pledged, clerk, changes, constraint):
    record()
    given = {"premises": pledged, "month": day(2026, 6, 1), "entered_by": clerk}

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        ReturnEntryFactory(**given | changes)


def test_corrections_are_only_ever_added(record):
    record()
    record(count=1, reason="漏登记一笔")

    for act in (lambda: ReturnChange.objects.update(count=7), lambda: ReturnChange.objects.all().delete()):
        with pytest.raises(Exception, match="Cannot"), transaction.atomic():
            act()
    assert ReturnChange.objects.get().count == 1
