"""The pages of imports show runs of all targets, whichever app brings them."""

import pytest

from cases.filters import RunFilterSet
from cases.models import ImportRun
from cases.targets import import_target, import_targets
from tests.cases.pages import text
from tests.factories import AgencyFactory, ImportFileFactory, ImportRunFactory, UserFactory

pytestmark = pytest.mark.django_db
LIST = "/imports/"
TARGETS = {
    "cases": "Cases", "merchants": "Merchants", "platforms": "Platforms", "mediators": "Mediators",
    "sessions": "Sessions", "referrals": "Referrals to platforms", "pledges": "Pledges", "returns": "Returns by month",
}  # fmt: skip


@pytest.fixture
def clerk(db):
    return UserFactory(agency=AgencyFactory(), roles=["clerk"])


@pytest.fixture
def visit(client, clerk):
    """`visit(url, **query)`: the response to a GET by the clerk, in English."""
    client.cookies["django_language"] = "en"
    client.force_login(clerk)
    return client.get


def run_of(clerk, target: str, **fields) -> ImportRun:
    return ImportFileFactory(run=ImportRunFactory(agency=clerk.agency, user=clerk, target=target, **fields)).run


def test_every_target_is_known_once():
    assert [target.name for target in import_targets()] == list(TARGETS)
    longest = ImportRun._meta.get_field("target").max_length
    assert all(len(name) <= longest for name in TARGETS)


@pytest.mark.parametrize("name", TARGETS)
def test_a_run_is_shown_listed_and_found_by_what_it_brought(visit, clerk, name):
    run = run_of(clerk, name)
    run_of(clerk, "cases" if name != "cases" else "merchants")

    listed, shown = visit(LIST, {"target": name}), text(visit(f"{LIST}{run.pk}/"))

    assert listed.context_data["page"].rows == [run]
    assert [str(row.get_cell("what")) for row in listed.context_data["table"].rows] == [TARGETS[name]]
    assert f"<dd>{TARGETS[name]}</dd>" in shown
    assert (f"?run={run.pk}" in shown) is (name == "cases")


def test_a_target_that_nobody_knows_is_refused_by_the_filter(clerk):
    filters = RunFilterSet({"target": "secrets"}, queryset=ImportRun.objects.all())

    assert not filters.is_valid()


def test_a_run_of_a_target_that_is_known_no_more_goes_by_its_name(visit, clerk):
    run = run_of(clerk, "penalties")

    assert "<dd>penalties</dd>" in text(visit(f"{LIST}{run.pk}/"))
    assert import_target("penalties").label == "penalties"


def test_the_control_totals_of_sessions_are_told_by_their_state(visit, clerk):
    totals = {"rows": 3, "amounts": {}, "by_kind": {"held": 2, "cancelled": 1}, "by_region": {"": 3}}
    run = run_of(clerk, "sessions", control={"file": totals, "database": totals}, differing=1)

    response = visit(f"{LIST}{run.pk}/")

    found = {total.label: total.file for group in response.context_data["groups"] for total in group.totals}
    assert (found["Held"], found["Cancelled"]) == ("2", "1")
    assert "Differing from sessions worked on here" in text(response)


def test_before_the_first_import_the_page_tells_all_commands(visit):
    html = text(visit(LIST))

    for name in TARGETS:
        assert f"manage.py import_{name} " in html, name
