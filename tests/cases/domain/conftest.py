from types import SimpleNamespace

import pytest

from tests.factories import AgencyFactory, UserFactory


@pytest.fixture
def world(db):
    """A city with a district and its station; an officer and a head of the unit in the district."""
    city = AgencyFactory()
    district = AgencyFactory(parent=city)
    station = AgencyFactory(parent=district, kind="station")
    return SimpleNamespace(
        city=city, district=district, station=station, other=AgencyFactory(parent=city),
        officer=UserFactory(agency=district, roles=["officer"]),
        colleague=UserFactory(agency=district, roles=["officer"]),
        head=UserFactory(agency=district, roles=["officer", "approver"]),
    )  # fmt: skip
