import pytest

from tests.factories import AgencyFactory, PremisesFactory, UserFactory


@pytest.fixture
def district(db):
    return AgencyFactory(parent=AgencyFactory())


@pytest.fixture
def clerk(district):
    """Keeps the register of the district."""
    return UserFactory(agency=district, roles=["pledge_clerk"])


@pytest.fixture
def head(district):
    """Decides about pledges of the district."""
    return UserFactory(agency=district, roles=["approver"])


@pytest.fixture
def premises(district):
    return PremisesFactory(agency=district)
