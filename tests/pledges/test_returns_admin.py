"""The returns ledger on its pages: entered, corrected, looked through, and shown to nobody else."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pledges.domain import record_returns
from pledges.models import ReturnChange, ReturnEntry
from tests.factories import (
    AgencyFactory,
    ImportFileFactory,
    PledgeFactory,
    PledgeTypeFactory,
    PremisesFactory,
    ReturnEntryFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
LIST = "/admin/pledges/returnentry/"
MAY = dt.date(2026, 5, 1)
CORRECTED = {"count": "2", "amount": "99.90", "changes-TOTAL_FORMS": "0", "changes-INITIAL_FORMS": "0"}


@pytest.fixture
def desk(client, clerk):
    client.force_login(clerk)
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def pledged(premises):
    PledgeFactory(
        premises=premises, type=PledgeTypeFactory(returns=True), in_force=True, published_on=dt.date(2026, 1, 20)
    )
    return premises


@pytest.fixture
def entry(pledged, clerk):
    return record_returns(pledged, MAY, 3, Decimal("250.50"), actor=clerk)


def change(entry):
    return f"{LIST}{entry.pk}/change/"


def text_of(response) -> str:
    return response.content.decode()


def rows():
    return list(ReturnEntry.objects.order_by("pk").values()), list(ReturnChange.objects.values())


def test_a_month_is_entered(desk, pledged, clerk):
    response = desk.post(f"{LIST}add/", {"premises": pledged.pk, "month": "2026-05-17", "count": "3", "amount": "250.5"})

    entry = ReturnEntry.objects.get()
    assert (response.status_code, entry.premises, entry.month) == (302, pledged, MAY)
    assert (entry.count, entry.amount, entry.entered_by) == (3, Decimal("250.50"), clerk)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"month": "2025-12-31"}, "was published in 2026-01"), ({"count": "-1"}, "greater than or equal to 0"),
        ({"amount": "1.005"}, "no more than 2 decimal places"), ({"count": "0"}, "the amount is zero"),
        ({"count": "1.5"}, "whole number"), ({"month": ""}, "This field is required"),
    ],
)  # fmt: skip
def test_what_cannot_be_stands_above_the_form(desk, pledged, changes, message):
    given = {"premises": pledged.pk, "month": "2026-05-01", "count": "3", "amount": "250.50"} | changes

    response = desk.post(f"{LIST}add/", given)

    assert (response.status_code, rows()) == (200, ([], []))
    assert message in text_of(response)


def test_a_month_that_is_entered_is_not_entered_again(desk, entry):
    before = rows()

    response = desk.post(f"{LIST}add/", {"premises": entry.premises_id, "month": MAY, "count": "4", "amount": "1"})

    assert "entered already. Give the reason for a correction" in text_of(response)
    assert rows() == before


def test_a_correction_has_its_reason_and_stands_below_the_entry(desk, entry, clerk):
    before = rows()
    refused = desk.post(change(entry), CORRECTED | {"reason": ""})
    assert (refused.status_code, rows()) == (200, before)
    short = desk.post(change(entry), CORRECTED | {"reason": "x"})
    assert "at least 5 characters" in text_of(short)
    assert rows() == before

    done = desk.post(change(entry), CORRECTED | {"reason": "一笔重复登记 13800001234"})

    entry.refresh_from_db()
    assert (done.status_code, entry.count, entry.amount) == (302, 2, Decimal("99.90"))
    page = text_of(desk.get(change(entry)))
    assert "250.50" in page
    assert clerk.get_full_name() in page
    assert "一笔重复登记" in page
    assert "13800001234" not in page


def test_the_list_is_searched_and_filtered(desk, entry, district):
    premises = PremisesFactory(agency=district, name="湖滨店", merchant__name="杭州样例商贸有限公司")
    other = ReturnEntryFactory(premises=premises, month=dt.date(2024, 5, 1))
    of_file = ReturnEntryFactory(
        premises=premises, entered_by=None, import_file=ImportFileFactory(name="台账.csv"), import_line=2
    )
    foreign = ReturnEntryFactory(premises__name="别处店")

    def listed(**query):
        return list(desk.get(LIST, query).context_data["cl"].result_list)

    assert listed() == [of_file, entry, other]
    assert listed(q="湖滨") == listed(q="样例商贸") == [of_file, other]
    assert listed(year="2024") == [other]
    for nonsense in ("0000", "9999", "x"):
        assert listed(year=nonsense) == [of_file, entry, other]
    assert listed(q="别处") == []
    assert "台账.csv" in text_of(desk.get(LIST))
    assert desk.get(change(foreign)).status_code == 404


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_asks_the_database_no_more_for_more_rows(desk, district, rows):
    for _row in range(rows):
        ReturnEntryFactory(premises__agency=district)
    desk.get(LIST)

    with CaptureQueriesContext(connection) as queries:
        desk.get(LIST)

    assert len(queries) == 6


@pytest.mark.parametrize(
    ("role", "add", "seen"),
    [("pledge_clerk", 200, 200), ("approver", 200, 200), ("mediator", 403, 403), ("clerk", 403, 403)],
)
def test_who_enters_and_who_looks(client, district, entry, role, add, seen):
    client.force_login(UserFactory(agency=district, roles=[role]))

    assert [client.get(f"{LIST}add/").status_code, client.get(change(entry)).status_code] == [add, seen]
    assert client.get(f"{LIST}{entry.pk}/delete/").status_code == 403
    client.force_login(UserFactory(agency=AgencyFactory(), roles=[role]))
    assert client.get(change(entry)).status_code == (404 if seen == 200 else 403)


def test_premises_of_another_agency_cannot_be_chosen(desk):
    other = PledgeFactory(type=PledgeTypeFactory(returns=True), in_force=True)
    given = {"premises": other.premises_id, "month": timezone.localdate(), "count": "1", "amount": "1"}

    response = desk.post(f"{LIST}add/", given)

    assert (response.status_code, rows()) == (200, ([], []))
    assert "Select a valid choice" in text_of(response)
