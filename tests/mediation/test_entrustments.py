import pytest
from django.core.exceptions import PermissionDenied

from cases.models import Case
from core.exceptions import DomainError
from mediation.domain import cases_of, end_entrustment, entrust, schedule
from mediation.models import Entrustment
from tests.factories import AgencyFactory, CaseFactory, UserFactory
from tests.factories.cases import local
from tests.mediation.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def head(district):
    return UserFactory(agency=district, roles=["approver"])


@pytest.fixture
def council(db):
    return AgencyFactory(council=True)


def give(case, agency, actor, **fields):
    given = {"complainant_agrees": True, "respondent_agrees": True, "now": NOW} | fields
    return entrust(case, agency, actor=actor, **given)


def test_an_entrusted_case_stays_the_bureaus_and_its_mediators_see_it_to_mediate(case, head, council, district):
    theirs = UserFactory(agency=council, roles=["mediator"])
    assert not cases_of(theirs).exists()

    entrustment = give(case, council, head, note="双方已书面同意")

    assert (entrustment.case, entrustment.agency, entrustment.entrusted_by) == (case, council, head)
    assert list(cases_of(theirs)) == [case]
    assert not Case.objects.visible_to(theirs).exists()
    case.refresh_from_db()
    assert case.custodian == district


@pytest.mark.parametrize("missing", ["complainant_agrees", "respondent_agrees"])
def test_both_sides_must_agree(in_english, case, head, council, missing):
    with pytest.raises(DomainError, match="Both sides must agree"):
        give(case, council, head, **{missing: False})
    assert not Entrustment.objects.exists()


def test_to_whom_mediation_is_entrusted(in_english, case, head, district):
    for agency, words in (
        (AgencyFactory(parent=district.parent), "councils and mediation committees alone"),
        (AgencyFactory(court=True), "councils and mediation committees alone"),
        (AgencyFactory(partner=True), "councils and mediation committees alone"),
        (AgencyFactory(council=True, ended=True), "no longer exists"),
    ):
        with pytest.raises(DomainError, match=words):
            give(case, agency, head)
    assert not Entrustment.objects.exists()


def test_it_is_never_passed_on(case, head, council):
    """Whoever has a case entrusted does not see it otherwise, and so cannot entrust it to a third."""
    give(case, council, head)
    theirs = UserFactory(agency=council, roles=["approver"])

    with pytest.raises(PermissionDenied):
        give(case, AgencyFactory(kind="committee"), theirs)
    assert Entrustment.objects.count() == 1


def test_a_case_is_entrusted_to_one_body_at_a_time(in_english, case, head, council):
    give(case, council, head)
    with pytest.raises(DomainError, match="entrusted to someone already"):
        give(case, AgencyFactory(council=True), head)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "once a complaint is accepted"), ({"closed": True}, "until mediation is over"),
        ({"accepted": True, "body": "council"}, "A bureau entrusts"),
        ({"accepted": True, "report": True}, "A bureau entrusts"),
    ],
)
def test_which_cases_are_entrusted(in_english, head, council, district, fields, words):
    with pytest.raises(DomainError, match=words):
        give(CaseFactory(handling=district, **fields), council, head)


def test_what_is_scheduled_comes_first(in_english, case, clerk, head, council, at):
    schedule(case, at(), actor=clerk, now=NOW)
    with pytest.raises(DomainError, match="A session is scheduled for 2026-11-12 09:00"):
        give(case, council, head)


def test_either_side_ends_it_for_a_reason_and_once(in_english, case, head, council):
    theirs = UserFactory(agency=council, roles=["approver"])
    entrustment = give(case, council, head)
    with pytest.raises(DomainError, match="Give the reason"):
        end_entrustment(entrustment, because="  ", actor=theirs, now=NOW)

    end_entrustment(entrustment, because="消费者撤回同意", actor=theirs, now=local(2026, 11, 11))

    entrustment.refresh_from_db()
    assert (entrustment.ended_by, entrustment.ended_because) == (theirs, "消费者撤回同意")
    assert not cases_of(theirs).exists()
    with pytest.raises(DomainError, match="has ended already"):
        end_entrustment(entrustment, because="再次收回委托", actor=head, now=NOW)
    assert give(case, council, head, now=local(2026, 11, 12)).pk != entrustment.pk
