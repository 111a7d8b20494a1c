from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cases.domain import choose_columns
from cases.models import ListColumns
from cases.tables import CaseTable, QueueTable
from tests.cases.pages import transactions
from tests.factories import (
    CaseFactory,
    CategoryFactory,
    ChannelFactory,
    PlatformFactory,
    ProblemFactory,
    RecoveryFactory,
    RegionFactory,
    SupervisionFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
LIST, FORM = "/cases/", "/cases/columns/cases/"
USUAL = (
    "number", "kind", "subject", "merchant", "region", "category", "claimed", "received", "due", "state",
)  # fmt: skip


@pytest.fixture
def chosen():
    """`chosen(user)`: the columns that he has chosen; None where he has not."""
    return lambda user: ListColumns.objects.filter(user=user, list="cases").values_list("columns", flat=True).first()


@pytest.fixture
def sent(client):
    def post(user, path=FORM, **data):
        client.force_login(user)
        return client.post(path, data)

    return post


def headings(response) -> list[str]:
    return [column.name for column in response.context_data["table"].columns]


def test_what_is_shown_for_which_names():
    assert CaseTable.arranged(None) == USUAL
    assert CaseTable.arranged(["state", "number", "officer"]) == ("state", "number", "officer")
    assert CaseTable.arranged(["state", "nothing", "state"]) == ("number", "state")
    assert CaseTable.arranged([]) == ("number",)


def test_new_columns_are_off_until_they_are_chosen(visit, officer, district):
    CaseFactory(handling=district)
    assert headings(visit(officer, LIST)) == list(USUAL)

    choose_columns(actor=officer, list="cases", columns=["officer", "number", "goods"])
    choose_columns(actor=UserFactory(agency=district), list="cases", columns=["state"])
    choose_columns(actor=officer, list="queue", columns=["kind"])

    assert headings(visit(officer, LIST)) == ["officer", "number", "goods"]


def test_an_address_may_name_columns(visit, officer):
    choose_columns(actor=officer, list="cases", columns=["number", "goods"])

    response = visit(officer, LIST, columns="state,nothing,officer")

    assert headings(response) == ["number", "state", "officer"]
    assert response.context_data["tabs"][0].current


def test_every_column_shows_its_value(visit, officer, district):
    case = CaseFactory(
        handling=district, closed=True, officer=officer, channel=ChannelFactory(), problem=ProblemFactory(),
        platform=PlatformFactory(), sales_mode="online", ground="法定理由", national_entry="to_update",
        goods="净水器13800001234", order_number="订单13900001234",
    )  # fmt: skip
    RecoveryFactory(case=case, amount=Decimal("60.00"))
    RecoveryFactory(case=case, amount=Decimal("500.00"), kind="moral")
    SupervisionFactory.create_batch(2, case=case)
    SupervisionFactory(case=case, supervised=True)
    bare = CaseFactory(handling=None, custodian=district, external_number=None, agency_written="某所")

    rows = visit(officer, LIST, columns=",".join(CaseTable.on_request)).context_data["table"].rows

    shown = {row.record: {column.name: str(value) for column, value in row.items()} for row in rows}
    assert shown[case] == {
        "number": f'<a href="{case.get_absolute_url()}?columns={"%2C".join(CaseTable.on_request)}&amp;sort=-received">'
                  f"{case.number}</a>",
        "officer": officer.get_full_name(), "handling": str(district), "problem": str(case.problem),
        "channel": str(case.channel), "sales_mode": "网络购物", "outcome": "达成调解协议", "ground": "法定理由",
        "decided": "2026-11-04", "accepted": "2026-11-04", "closed": "2026-11-22", "recovered": "60.00",
        "platform": str(case.platform), "external_number": case.external_number,
        "national_entry": str(case.get_national_entry_display()), "goods": "净水器138****1234",
        "order_number": "订单139****1234", "urgings": "2", "district": str(district),
    }  # fmt: skip
    empty = shown[bare]
    assert "某所" in empty.pop("handling")
    assert {name for name, value in empty.items() if value != "-"} == {"number", "urgings", "district", "national_entry"}
    assert empty["urgings"] == "0"


@pytest.mark.parametrize("rows", [1, 3])
def test_no_column_takes_a_query_for_each_row(warm, officer, district, rows):
    choose_columns(actor=officer, list="cases", columns=CaseTable._meta.fields)
    for _n in range(rows):
        case = CaseFactory(
            handling=district, officer=UserFactory(), channel=ChannelFactory(), problem=ProblemFactory(),
            platform=PlatformFactory(), region=RegionFactory(), category=CategoryFactory(),
        )  # fmt: skip
        RecoveryFactory(case=case)
        SupervisionFactory(case=case)
    client = warm(officer, LIST)

    with CaptureQueriesContext(connection) as queries:
        response = client.get(LIST)

    assert len(queries) - transactions(queries) == 10
    assert response.content.decode().count('class="cell-line nowrap tnum"') >= rows


# the form


def test_the_form_lists_shown_columns_first(visit, officer):
    choose_columns(actor=officer, list="cases", columns=["state", "number"])

    rows = visit(officer, FORM).context_data["rows"]

    assert [(name, shown, fixed) for name, _header, shown, fixed in rows[:3]] == [
        ("state", True, False), ("number", True, True), ("kind", False, False),
    ]  # fmt: skip
    assert len(rows) == len(CaseTable._meta.fields)


@pytest.mark.parametrize(("name", "table"), [("cases", CaseTable), ("queue", QueueTable)])
def test_the_form_stays_within_twelve_queries(warm, officer, name, table):
    choose_columns(actor=officer, list=name, columns=table._meta.fields)
    client = warm(officer, LIST)

    with CaptureQueriesContext(connection) as queries:
        response = client.get(f"/cases/columns/{name}/", {"state": "open", "todo": "reply"})

    assert response.status_code == 200
    assert 3 < len(queries) <= 12


def test_ticked_columns_are_kept_in_their_order(sent, officer, chosen):
    response = sent(officer, f"{FORM}?state=open&columns=kind", order=["state", "number", "kind", "officer"],
                    column=["officer", "state", "nothing"], save="yes")  # fmt: skip

    assert chosen(officer) == ["state", "number", "officer"]
    assert (response.status_code, response["Location"]) == (302, "/cases/?state=open")


@pytest.mark.parametrize(
    ("button", "name", "order"),
    [
        ("up", "kind", ["kind", "number", "state"]), ("down", "kind", ["number", "state", "kind"]),
        ("up", "number", ["number", "kind", "state"]), ("down", "state", ["number", "kind", "state"]),
    ],
)  # fmt: skip
def test_a_column_moves_by_one_place(sent, officer, chosen, button, name, order):
    response = sent(officer, f"{FORM}?state=open", order=["number", "region", "kind", "state"],
                    column=["kind", "state"], **{button: name})  # fmt: skip

    assert chosen(officer) == order
    assert response["Location"] == f"{FORM}?state=open#column-{name}"


def test_reset_brings_back_the_lists_own(sent, officer, chosen):
    choose_columns(actor=officer, list="cases", columns=["number"])
    colleague = UserFactory(agency=officer.agency, roles=["officer"])
    choose_columns(actor=colleague, list="cases", columns=["number"])

    sent(officer, reset="yes", order=["number", "kind"], column=["kind"])

    assert chosen(officer) is None
    assert chosen(colleague) == ["number"]


def test_exports_keep_all_columns_and_the_form_says_so(client, visit, officer, district):
    CaseFactory(handling=district)
    choose_columns(actor=officer, list="cases", columns=["number"])
    client.cookies["django_language"] = "en"

    export = visit(officer, reverse("cases:export"), format="csv")

    assert b"Narrative" in b"".join(export.streaming_content)
    assert "Exports keep all their columns." in visit(officer, FORM).content.decode()
