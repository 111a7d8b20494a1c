"""The change feed, with transactions that really run side by side."""

import contextlib

import psycopg2
import pytest
from django.db import OperationalError, connection, transaction

from cases.domain import (
    begin_again,
    consume,
    feed,
    is_filled,
    read_changes,
    trim_feed,
    waiting,
)
from cases.models import Case, CaseChange, FeedPosition
from tests import databases
from tests.factories import CaseFactory, CaseReferenceFactory

TOUCH = "UPDATE cases_case SET goods = goods || 'x' WHERE id = %s"

COPY_OF = """
INSERT INTO cases_case (number, {columns}) SELECT number || '-copy', {columns} FROM cases_case WHERE id = %s
RETURNING id"""


def copied() -> str:
    """The columns of a case that a copy of it may share."""
    own = ("id", "number", "external_number")
    fields = [field for field in Case._meta.concrete_fields if not field.generated and field.name not in own]
    return ", ".join(field.column for field in fields)


@pytest.fixture
def cases(fresh_database):
    """Two cases of a database of its own, of which the consumer "first" has read everything."""
    cases = [CaseFactory() for _n in range(2)]
    read_all("first")
    return cases


@pytest.fixture
def other(fresh_database):
    """`with other() as cursor`: a transaction of another connection, left open until it is committed by hand."""

    @contextlib.contextmanager
    def connect():
        link = psycopg2.connect(fresh_database)
        try:
            with link.cursor() as cursor:
                yield cursor
        finally:
            link.close()

    return connect


def read(consumer="first", limit=100):
    with transaction.atomic():
        return read_changes(consumer, limit)


def read_all(consumer="first", limit=100) -> list[list[int]]:
    return [batch.case_ids for batch in iter(lambda: read(consumer, limit), feed.Batch([]))]


def changes() -> list[tuple[int, str]]:
    return list(CaseChange.objects.order_by("pk").values_list("case_id", "kind"))


# what is written


def test_one_statement_writes_a_row_a_case_with_the_number_of_its_transaction(cases):
    CaseChange.objects.all().delete()
    with transaction.atomic(), connection.cursor() as cursor:
        Case.objects.update(goods="净水器")
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        (current,) = cursor.fetchone()

    assert sorted(CaseChange.objects.values_list("case_id", "kind", "transaction")) == [
        (case.pk, "changed", current) for case in cases
    ]


def test_what_is_new_and_what_is_changed(cases):
    CaseChange.objects.all().delete()
    case = CaseFactory()
    CaseReferenceFactory(case=cases[0])
    cases[1].references.create(number="X1")
    cases[1].references.update(source="odr")
    Case.objects.filter(pk=0).update(goods="nothing")

    assert changes() == [
        (case.pk, "created"), (cases[0].pk, "changed"), (cases[1].pk, "changed"), (cases[1].pk, "changed"),
    ]  # fmt: skip


def test_what_was_taken_back_leaves_nothing(cases, other):
    with other() as cursor:
        cursor.execute(TOUCH, [cases[0].pk])
        cursor.connection.rollback()

    assert read().case_ids == []
    assert waiting("first") == 0


# reading


def test_each_case_once_in_a_batch(cases):
    for _n in range(3):
        cases[1].save()
    cases[0].save()

    assert read().case_ids == [cases[0].pk, cases[1].pk]
    assert read().case_ids == []


def test_batches_of_a_limit(cases):
    more = [CaseFactory().pk for _n in range(5)]

    assert read_all(limit=2) == [more[:2], more[2:4], more[4:]]


def test_a_new_consumer_is_given_all_cases_once_the_newest_first_and_then_the_changes(cases):
    third = CaseFactory().pk

    assert read_all("second", limit=2) == [[cases[1].pk, third], [cases[0].pk]]
    assert is_filled("second")
    cases[0].save()
    assert read_all("second") == [[cases[0].pk]]


def test_the_backfill_can_begin_again_beside_changes(cases):
    begin_again("first")
    assert not is_filled("first")
    cases[1].save()

    assert read_all(limit=1) == [[cases[1].pk], [cases[1].pk], [cases[0].pk]]
    assert is_filled("first")


def test_the_position_stands_and_falls_with_what_the_consumer_writes(cases, registered):
    written = []

    def fail(ids):
        written.extend(ids)
        raise ValueError

    registered("first", fail)
    cases[0].save()
    with pytest.raises(ValueError):  # noqa: PT011 - its own
        consume("first")
    assert (written, waiting("first")) == ([cases[0].pk], 1)

    registered("first", written.extend)
    assert consume("first").case_ids == [cases[0].pk]
    assert waiting("first") == 0


def test_reading_behind_a_write_is_refused(cases):
    with transaction.atomic():
        cases[0].save()
        with pytest.raises(RuntimeError):
            read_changes("first")


# transactions side by side


def test_a_lower_row_that_is_committed_late_is_not_lost(cases, other):
    with other() as slow, other() as quick:
        # the one that is older by its number writes the later row, and commits first
        quick.execute("SELECT pg_current_xact_id()")
        slow.execute(TOUCH, [cases[0].pk])
        quick.execute(TOUCH, [cases[1].pk])
        quick.connection.commit()
        assert read() == feed.Batch([], held_back=True)
        slow.connection.commit()

    assert read_all() == [[cases[0].pk, cases[1].pk]]


def test_a_transaction_that_has_not_yet_written_holds_nothing_back_for_long(cases, other):
    with other() as idle:
        idle.execute("SELECT pg_current_xact_id()")
        cases[0].save()
        assert read().held_back
        idle.connection.commit()

        idle.execute("SELECT pg_current_xact_id()")  # a younger one: it can only write above what was seen
        assert read().case_ids == [cases[0].pk]


def test_reading_is_not_held_back_by_those_who_only_look(cases, other):
    cases[0].save()
    with other() as looking:
        looking.execute("SELECT count(*) FROM cases_case")

        assert read().case_ids == [cases[0].pk]


def test_reading_is_not_held_back_by_another_database(cases):
    cases[0].save()
    with (
        contextlib.closing(psycopg2.connect(databases.database_url("postgres"))) as link,
        link.cursor() as elsewhere,
    ):
        elsewhere.execute("SELECT pg_current_xact_id()")

        assert read().case_ids == [cases[0].pk]


def test_a_new_consumer_misses_no_case_of_a_transaction_that_runs_beside_it(cases, other):
    with other() as slow:
        slow.execute(COPY_OF.format(columns=copied()), [cases[0].pk])
        (late,) = slow.fetchone()
        cases[1].save()
        assert read("second").held_back
        slow.connection.commit()

    assert read_all("second") == [[cases[0].pk, cases[1].pk, late]]


def test_two_readers_of_a_consumer_read_one_after_the_other(cases, other):
    cases[0].save()
    with other() as second:
        second.execute("SELECT FROM cases_feedposition WHERE consumer = 'first' FOR UPDATE")
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        with pytest.raises(OperationalError, match="lock timeout"):
            read()
        second.connection.rollback()

    assert read().case_ids == [cases[0].pk]


def test_a_position_of_another_server_is_not_waited_for(cases):
    """As after a restore: its transactions had higher numbers than ours will have for long."""
    FeedPosition.objects.update(until_transaction=2**40)
    cases[0].save()

    assert read_all() == [[cases[0].pk]]


# what all have read


def test_rows_that_all_registered_consumers_have_read_are_deleted_in_batches(cases, registered):
    registered("first", lambda ids: None)
    registered("second", lambda ids: None)
    for _n in range(3):
        cases[0].save()
    read_all("first")
    assert trim_feed() == 0  # the second has read nothing yet

    read_all("second")
    cases[1].save()
    read_all("first")
    FeedPosition.objects.create(consumer="gone")  # of an app that is no longer here
    assert trim_feed(limit=2) == 2
    assert trim_feed() == 3
    assert changes() == [(cases[1].pk, "changed")]


def test_without_consumers_nothing_is_deleted(cases, registered):
    assert trim_feed() == 0
    assert CaseChange.objects.count() == 2


def test_what_waits_is_counted(cases):
    assert waiting("first") == 0
    assert waiting("new") == 2

    for _n in range(3):
        cases[0].save()
    assert waiting("first") == 3
    begin_again("first")
    assert waiting("first") == 5
    assert waiting("first", cap=1) == 2
