import datetime as dt
from types import SimpleNamespace

import pytest

from mediation.domain import Appointment
from tests.factories import (
    AgencyFactory,
    CaseFactory,
    MediatorFactory,
    PartyFactory,
    RoomFactory,
    UserFactory,
)
from tests.factories.cases import local

NOW = local(2026, 11, 10, 16)
THURSDAY = local(2026, 11, 12)  # a working day, 9 o'clock
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def district(db):
    return AgencyFactory(parent=AgencyFactory())


@pytest.fixture
def clerk(district):
    """A mediator's account in the district."""
    return UserFactory(agency=district, roles=["mediator"])


@pytest.fixture
def case(district):
    """An accepted complaint of the district with its complainant."""
    case = CaseFactory(handling=district, accepted=True, regime="order121")
    PartyFactory(case=case)
    return case


@pytest.fixture
def place(district):
    """A mediator and a room of the district."""
    return SimpleNamespace(mediator=MediatorFactory(agency=district), room=RoomFactory(agency=district))


@pytest.fixture
def at(place):
    """`at(starts, hours=1, **fields)`: an appointment on site with the mediator, in the room."""

    def make(starts=THURSDAY, hours=1, **fields):
        given = {"mediator": place.mediator, "mode": "on_site", "room": place.room} | fields
        return Appointment(starts=starts, ends=starts + hours * HOUR, **given)

    return make
