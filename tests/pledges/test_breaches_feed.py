"""Suspected breaches follow the change feed, in a database of their own."""

import datetime as dt
import threading

import psycopg2
import pytest
from django.db import connection, transaction

from cases.domain import consume
from cases.models import Case, FeedPosition
from pledges.domain import BREACHES, act_on_breach, find_breaches
from pledges.models import Breach
from tests.factories import CaseFactory, CoverageFactory, PledgeFactory, UserFactory
from tests.factories.cases import local

REASON = "门店拒绝七日内退货"


@pytest.fixture
def pledge(fresh_database):
    return PledgeFactory(
        type=CoverageFactory(words=["退款"]).type, in_force=True, published_on=dt.date(2026, 1, 1),
        valid_to=dt.date(2026, 12, 31),
    )  # fmt: skip


def complaint(pledge):
    return CaseFactory(merchant=pledge.premises.merchant, region=pledge.premises.region, demand="要求退款")


def read_all() -> None:
    while not FeedPosition.objects.filter(pk=BREACHES, backfill_before=None).exists() or consume(BREACHES).case_ids:
        consume(BREACHES)


def found() -> list[tuple[int, bool]]:
    return sorted(Breach.objects.values_list("case", "matches"))


def test_what_was_there_before_is_found_and_what_comes_and_changes_afterwards(pledge):
    first = complaint(pledge)
    read_all()
    assert found() == [(first.pk, True)]

    second = complaint(pledge)
    Case.objects.filter(pk=first.pk).update(demand="要求道歉")
    read_all()

    assert found() == [(first.pk, False), (second.pk, True)]


def test_taken_up_again_it_is_looked_at_as_the_case_now_is(pledge):
    case = complaint(pledge)
    read_all()
    breach, officer = Breach.objects.get(), UserFactory(agency=case.handling, roles=["officer"])
    act_on_breach(breach, "dismiss", actor=officer, note=REASON)
    Case.objects.filter(pk=case.pk).update(demand="要求道歉")
    read_all()
    assert found() == [(case.pk, True)]  # decided, and left

    act_on_breach(breach, "reopen", actor=officer, note=REASON)
    read_all()

    assert found() == [(case.pk, False)]


def test_whoever_acts_on_a_breach_and_the_consumer_wait_for_one_another(pledge, fresh_database):
    """While somebody has the pledge locked, the evidence is not renewed; what he then decides is left."""
    case = complaint(pledge)
    read_all()
    breach = Breach.objects.get()
    Case.objects.filter(pk=case.pk).update(demand="要求道歉")

    other = psycopg2.connect(fresh_database)
    with other, other.cursor() as cursor:
        cursor.execute("SELECT FROM pledges_pledge WHERE id = %s FOR UPDATE", [pledge.pk])
        reader = threading.Thread(target=_look_and_close, args=[case])
        reader.start()
        reader.join(1)
        assert reader.is_alive()
        cursor.execute(
            "UPDATE pledges_breach SET state = 'confirmed', decided_at = %s WHERE id = %s",
            [local(2026, 11, 20), breach.pk],
        )
    reader.join(20)
    other.close()

    assert not reader.is_alive()
    assert list(Breach.objects.values_list("state", "matches")) == [("confirmed", True)]


def _look_and_close(case) -> None:
    try:
        with transaction.atomic():
            find_breaches([case.pk])
    finally:
        connection.close()
