from types import SimpleNamespace

import pytest

from registry.enums import AgencyKind
from tests.factories import AgencyFactory, UserFactory


@pytest.fixture
def city():
    """Two trees of agencies, and a reader at each level. `regulator` sees all, `boss` the bureaus of the city."""
    bureau = AgencyFactory()
    district, neighbour = AgencyFactory(parent=bureau), AgencyFactory(parent=bureau)
    station = AgencyFactory(kind=AgencyKind.STATION, parent=district)
    council = AgencyFactory(council=True)
    branch = AgencyFactory(kind=AgencyKind.COUNCIL, parent=council)
    readers = {
        "regulator": UserFactory(roles=["city_regulator"], agency=bureau),
        "boss": UserFactory(roles=["regulator"], agency=bureau),
        "officer": UserFactory(roles=["officer"], agency=district),
        "clerk": UserFactory(roles=["officer"], agency=station),
        "stranger": UserFactory(roles=["officer"], agency=neighbour),
        "mediator": UserFactory(roles=["mediator"], agency=branch),
        "auditor": UserFactory(roles=["auditor"], agency=bureau),
    }
    return SimpleNamespace(
        bureau=bureau, district=district, neighbour=neighbour, station=station, council=council, branch=branch, **readers
    )
