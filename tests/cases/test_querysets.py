import pytest

from cases.models import Case, Recovery
from tests.factories import AgencyFactory, CaseFactory, RecoveryFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def chain():
    """Agencies one below the other, five deep, and a case in the custody of each."""
    agencies = [AgencyFactory()]
    for _n in range(4):
        agencies.append(AgencyFactory(station=True, parent=agencies[-1]))
    return agencies, [CaseFactory(handling=agency) for agency in agencies]


@pytest.mark.parametrize("depth", range(5))
def test_at_any_depth_an_agency_sees_its_own_cases_and_those_below(chain, depth):
    agencies, cases = chain
    beside = AgencyFactory(station=True, parent=agencies[depth - 1]) if depth else AgencyFactory()
    CaseFactory(handling=beside)
    postings = [RecoveryFactory(case=case) for case in cases]
    officer = UserFactory(agency=agencies[depth], roles=["officer"])

    assert set(Case.objects.visible_to(officer)) == set(cases[depth:])
    assert set(Recovery.objects.visible_to(officer)) == set(postings[depth:])


def test_a_station_reads_what_is_below_it_once_a_request(chain, django_assert_num_queries):
    agencies, _cases = chain
    officer = UserFactory(agency=agencies[3], roles=["officer"])

    with django_assert_num_queries(4):  # permissions, what is below, two lists
        assert [len(Case.objects.visible_to(officer)) for _n in range(2)] == [2, 2]
