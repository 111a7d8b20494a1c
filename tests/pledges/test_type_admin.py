"""Types of pledges and what falls under each, kept in the administration, and what follows for complaints."""

import pytest
from django.contrib.admin.models import LogEntry

from cases.models import CaseChange
from pledges.domain import find_breaches
from pledges.models import Breach, Coverage, PledgeType
from registry.models import Problem
from tests.factories import (
    CaseFactory,
    CoverageFactory,
    PledgeFactory,
    PledgeTypeFactory,
    ProblemFactory,
    UserFactory,
)
from tests.registry.test_admin import confirmed, posted

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
LIST = "/admin/pledges/pledgetype/"


@pytest.fixture
def root(client):
    client.force_login(UserFactory(superuser=True))
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def type():
    """Whatever wants its money back falls under it."""
    return CoverageFactory(type=PledgeTypeFactory(code="returns", returns=True), words=["退款"]).type


@pytest.fixture
def complaint(type, premises):
    """About a merchant with a pledge of the type in force; an exchange is asked for."""
    pledge = PledgeFactory(premises=premises, type=type, in_force=True)
    return CaseFactory(merchant=pledge.premises.merchant, region=pledge.premises.region, demand="要求换货")


def page_of(type) -> str:
    return f"{LIST}{type.pk}/change/"


def entered(client, type, **fields) -> dict:
    return posted(client.get(page_of(type))) | fields


def fed() -> list[int]:
    return sorted(CaseChange.objects.values_list("case", flat=True).distinct())


def test_a_type_is_entered_with_what_falls_under_it(root):
    problem = ProblemFactory()
    given = {
        "code": "library", "name": "放心书店", "name_en": "Reassuring bookshop", "aliases": "书店", "position": "70",
        "needs": ["days", "goods"], "stages": ["council"], "least_days": "15", "term_months": "24",
        "waiting_months": "12", "correction_days": "10", "valid_from": "2026-11-01", "valid_to": "",
        "coverages-TOTAL_FORMS": "2", "coverages-INITIAL_FORMS": "0",
        "coverages-0-problem": problem.pk, "coverages-0-words": "",
        "coverages-1-problem": "", "coverages-1-words": "退货，换货、退款",
    }  # fmt: skip

    response = root.post(f"{LIST}add/", given)

    assert response.status_code == 302, response.context["errors"]
    type = PledgeType.objects.get(code="library")
    assert (type.needs, type.stages, type.least_days, type.term_months, type.aliases) == (
        ["days", "goods"], ["council"], 15, 24, ["书店"],
    )  # fmt: skip
    assert list(type.coverages.order_by("pk").values_list("problem", "words")) == [
        (problem.pk, []), (None, ["退货", "换货", "退款"]),
    ]  # fmt: skip


@pytest.mark.parametrize(("fields", "words"), [
    ({"least_days": "6"}, "A return pledge gives seven days at least."),
    ({"term_months": "0"}, "A term is a month at least, and a correction takes a day at least."),
    ({"correction_days": "0"}, "A term is a month at least, and a correction takes a day at least."),
    ({"valid_from": "2026-11-01", "valid_to": "2026-11-01"}, "The end of validity must come after its start."),
    ({"coverages-0-words": ""}, "Name a problem, words of the demand, or both."),
    ({"coverages-TOTAL_FORMS": "2", "coverages-1-problem": "", "coverages-1-words": "退货"},
     "There is a rule for this problem already."),
])  # fmt: skip
def test_what_the_law_or_reason_forbids_is_refused_in_words_and_changes_nothing(root, type, complaint, fields, words):
    before = PledgeType.objects.filter(pk=type.pk).values().get(), list(Coverage.objects.values())

    page = root.post(page_of(type), entered(root, type) | fields | {"_confirmed": "yes"})

    assert page.status_code == 200
    assert words in page.content.decode()
    assert (PledgeType.objects.filter(pk=type.pk).values().get(), list(Coverage.objects.values())) == before
    assert (fed(), LogEntry.objects.count()) == ([complaint.pk], 0)


def test_what_falls_under_a_type_is_changed_once_what_follows_is_confirmed(root, type, complaint):
    find_breaches([complaint.pk])
    CaseChange.objects.all().delete()
    assert not Breach.objects.exists()

    asked = root.post(page_of(type), entered(root, type, **{"coverages-0-words": "退款,换货"}))
    assert asked.context["consequences"] == [["1 complaint is held against the pledges again."]]
    assert (type.coverages.get().words, fed(), LogEntry.objects.count()) == (["退款"], [], 0)

    done = root.post(page_of(type), confirmed(asked) | {"coverages-0-words": "退款,换货"}, follow=True)
    assert [str(message) for message in done.context["messages"]][-1] == "1 complaint is held against the pledges again."
    assert (type.coverages.get().words, fed()) == (["退款", "换货"], [complaint.pk])
    assert "what falls under" in LogEntry.objects.get().get_change_message()
    find_breaches([complaint.pk])
    assert Breach.objects.get().evidence["rules"] == [{"problem": None, "words": ["换货"]}]


def test_a_rule_that_holds_no_longer_is_taken_out(root, type, complaint):
    complaint.demand = "要求退款"
    complaint.save()
    CoverageFactory(type=type, problem=ProblemFactory(), words=[])
    find_breaches([complaint.pk])
    assert Breach.objects.get().matches

    given = entered(root, type, **{"coverages-0-DELETE": "on", "_confirmed": "yes"})
    assert root.post(page_of(type), given).status_code == 302

    find_breaches([complaint.pk])
    assert type.coverages.get().problem is not None
    breach = Breach.objects.get()
    assert (breach.matches, breach.evidence["rules"]) == (False, [{"problem": None, "words": ["退款"]}])


def test_rules_for_the_time_to_come_ask_for_no_confirmation(root, type, complaint):
    CaseChange.objects.all().delete()

    response = root.post(page_of(type), entered(root, type, least_days="15", code="other"))

    assert response.status_code == 302, response.context["errors"]
    assert fed() == []
    type.refresh_from_db()
    assert (type.code, type.least_days) == ("returns", 15)


def test_a_type_that_stays_as_it_is_does_not_differ_from_its_file(root):
    PledgeTypeFactory(needs=["proof", "days"], stages=["bureau", "association"])
    for type in PledgeType.objects.prefetch_related("coverages"):
        before = [PledgeType.objects.filter(pk=type.pk).values().get(), list(type.coverages.values().order_by("pk"))]
        assert root.post(page_of(type), entered(root, type)).status_code == 302
        after = [PledgeType.objects.filter(pk=type.pk).values().get(), list(type.coverages.values().order_by("pk"))]
        assert after == before


def test_who_keeps_pledges_reads_the_rules_and_changes_none(client, clerk, type):
    client.force_login(clerk)
    client.cookies["django_language"] = "en"

    page = client.get(page_of(type))
    assert "退款" in page.content.decode()
    assert client.post(page_of(type), {"least_days": "30", "coverages-0-DELETE": "on"}).status_code == 403

    type.refresh_from_db()
    assert (type.least_days, type.coverages.count()) == (7, 1)


@pytest.mark.parametrize("types", [1, 3])
def test_the_list_takes_as_many_queries_however_many_types(root, types, django_assert_num_queries):
    for _n in range(types):
        CoverageFactory(type__name="查询用")
    root.get(LIST)
    with django_assert_num_queries(4):
        page = root.get(LIST, {"q": "查询用"})
    assert len(page.context["cl"].result_list) == types


def test_a_page_asks_for_what_falls_under_the_type_once_and_for_the_name_of_each_problem(
    root, type, django_assert_num_queries
):
    for _row in range(2):
        CoverageFactory(type=type, problem=ProblemFactory(), words=[])
    root.get(page_of(type))
    with django_assert_num_queries(6):
        root.get(page_of(type))


def test_when_a_problem_moves_under_another_complaints_are_looked_at_again(root, type, complaint):
    """Whoever is below a problem falls under its rules."""
    whole = ProblemFactory()
    part = ProblemFactory(scheme=whole.scheme)
    CoverageFactory(type=type, problem=whole, words=[])
    complaint.problem = part
    complaint.save()
    CaseChange.objects.all().delete()
    page = f"/admin/registry/problem/{part.pk}/change/"

    asked = root.post(page, posted(root.get(page)) | {"parent": whole.pk})
    assert asked.context["consequences"] == [["1 complaint is held against the pledges again."]]
    assert (Problem.objects.get(pk=part.pk).parent, fed()) == (None, [])

    assert root.post(page, confirmed(asked)).status_code == 302
    assert (Problem.objects.get(pk=part.pk).parent, fed()) == (whole, [complaint.pk])
    find_breaches([complaint.pk])
    assert Breach.objects.get().case == complaint
