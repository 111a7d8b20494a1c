"""Acts that two people do at the same moment, in transactions of their own."""

import threading

import pytest
from django.db import connection, transaction

from cases.domain import perform, record_delivery, register_case
from cases.enums import Addressee, DeliveryResult, DocumentForm, Kind, NoticeMeans, Outcome, State
from cases.models import Case, CaseEvent, CaseReference, Clock
from core.exceptions import DomainError
from tests.factories import AgencyFactory, ClockFactory, DocumentFactory, UserFactory
from tests.factories.cases import PERSON, local
from tests.waiting import comes_to_wait

NOW = local(2026, 11, 10)
RECEIVED = local(2026, 11, 9)


@pytest.fixture
def officers(fresh_database):
    """Two officers of one district, committed for real."""
    district = AgencyFactory(parent=AgencyFactory())
    return [UserFactory(agency=district, roles=["officer"]) for _n in range(2)]


def report(officer):
    return register_case(
        actor=officer, kind=Kind.REPORT, received_at=RECEIVED, handling=officer.agency, people=[PERSON],
        merchant_written="杭州测试商店", narrative="销售过期食品", now=RECEIVED,
    )  # fmt: skip


def at_once(*works) -> list:
    """What each of `works` returns, or the refusal that it raises, all begun at the same moment."""
    start, results = threading.Barrier(len(works)), [None] * len(works)

    def run(place, work):
        try:
            start.wait(10)
            results[place] = work()
        except Exception as error:  # noqa: BLE001 - anything but a refusal is a fault, and the test says which
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


def deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return cursor.fetchone()[0]


@pytest.mark.parametrize("new_facts", [True, False])
def test_of_two_merges_that_cross_one_is_done_and_the_other_told(officers, new_facts):
    for _time in range(10):
        pair = [report(officers[0]), report(officers[0])]

        def merge(n, pair=pair):
            return perform(
                pair[n], "merge", actor=officers[n], now=NOW, target=pair[1 - n], note="同一事实", new_facts=new_facts
            )

        results = at_once(lambda merge=merge: merge(0), lambda merge=merge: merge(1))

        lost = [n for n, result in enumerate(results) if isinstance(result, DomainError)]
        assert len(lost) == 1, results
        loser, winner = lost[0], 1 - lost[0]
        assert isinstance(results[winner], CaseEvent), results
        assert pair[loser].number in str(results[loser]) or pair[winner].number in str(results[loser])
        kept, merged = Case.objects.get(pk=pair[loser].pk), Case.objects.get(pk=pair[winner].pk)
        assert (merged.state, merged.outcome, merged.origin) == (State.CLOSED, Outcome.OTHER, kept)
        assert (kept.state, kept.outcome, kept.origin) == (State.REGISTERED, "", None)
        assert list(merged.events.order_by("pk").values_list("verb", flat=True)) == ["register", "merge"]
        assert list(kept.events.order_by("pk").values_list("verb", flat=True)) == ["register", "receive_repeat"]
        assert list(Clock.objects.filter(case__in=pair, stopped_on=None).values_list("case", flat=True)) == [kept.pk]
    assert deadlocks() == 0


def test_a_number_of_the_national_platform_that_two_cases_claim_at_once_is_given_to_one(officers):
    first, second = report(officers[0]), report(officers[0])
    told = []

    def enter(case, officer):
        return perform(case, "enter_national", actor=officer, now=NOW, number="3301002026111000001")

    with transaction.atomic():
        enter(first, officers[0])
        thread = threading.Thread(target=lambda: told.extend(at_once(lambda: enter(second, officers[1]))))
        thread.start()
        waits = comes_to_wait(thread)
    thread.join(30)

    assert waits
    assert isinstance(told[0], DomainError), told
    assert "3301002026111000001" in str(told[0])
    assert CaseReference.objects.get().case == first
    assert list(second.events.values_list("verb", flat=True)) == ["register"]


def test_of_two_documents_that_arrive_the_first_ends_the_term_of_the_notice(officers):
    case = report(officers[0])
    term = ClockFactory(case=case, code="report.inform", started_on=RECEIVED.date())
    made = {"case": case, "agency": case.handling, "form": DocumentForm.REPORT_RESULT, "side": Addressee.COMPLAINANT}
    first, second = (DocumentFactory(created_at=RECEIVED, **made) for _n in range(2))
    told = []

    def deliver(document, officer, at):
        return record_delivery(
            document, means=NoticeMeans.LETTER, at=at, result=DeliveryResult.DELIVERED, actor=officer,
            now=local(2026, 11, 13),
        )  # fmt: skip

    with transaction.atomic():
        deliver(first, officers[0], local(2026, 11, 11))
        later = local(2026, 11, 12)
        thread = threading.Thread(target=lambda: told.extend(at_once(lambda: deliver(second, officers[1], later))))
        thread.start()
        waits = comes_to_wait(thread)
    thread.join(30)

    term.refresh_from_db()
    assert waits
    assert (told[0].document, term.stopped_on) == (second, local(2026, 11, 11).date())
