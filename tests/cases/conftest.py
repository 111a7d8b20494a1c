import datetime as dt
import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from cases.domain import feed, register_consumer
from core import panels
from tests.cases.filings import AT, PHONE, own_text
from tests.factories import (
    AgencyFactory,
    CalendarDayFactory,
    CalendarNoticeFactory,
    CaseFactory,
    PartyFactory,
    UserFactory,
)


@pytest.fixture
def city(db):
    return AgencyFactory()


@pytest.fixture
def district(city):
    return AgencyFactory(parent=city)


@pytest.fixture
def neighbour(city):
    """Another district of the same city."""
    return AgencyFactory(parent=city)


@pytest.fixture
def officer(district):
    return UserFactory(agency=district, roles=["officer"])


@pytest.fixture
def approver(district):
    """The head of the officer's unit."""
    return UserFactory(agency=district, roles=["approver"])


@pytest.fixture
def bridge():
    """A notice by which the next two days are off and the ten after them working days, whatever today is."""
    notice, today = CalendarNoticeFactory(published_on=dt.date(2190, 1, 1)), timezone.localdate()
    for left in range(1, 13):
        CalendarDayFactory(notice=notice, date=today + dt.timedelta(days=left), working=left > 2)


@pytest.fixture
def mediator(district):
    return UserFactory(agency=district, roles=["mediator"])


@pytest.fixture
def english(client):
    """The pages that `client` opens are in English."""
    client.cookies["django_language"] = "en"


@pytest.fixture
def visit(client):
    """`visit(user, url, **query)`: the response to a GET by `user`."""

    def get(user, url, **query):
        client.force_login(user)
        return client.get(url, query)

    return get


@pytest.fixture
def warm(client):
    """Sign in and open a first page, so that the session is written before queries are counted."""

    def sign_in(user, url):
        client.force_login(user)
        client.get(url)
        return client

    return sign_in


@pytest.fixture
def figures():
    """`figures(name, function)` answers for a selection during the test."""
    before = dict(panels._selections)
    yield panels.register_selection
    panels._selections.clear()
    panels._selections.update(before)


@pytest.fixture
def registered():
    """`registered(name, function)` is a consumer of the feed during the test, and no other is."""
    before = dict(feed._consumers)
    feed._consumers.clear()
    yield register_consumer
    feed._consumers.clear()
    feed._consumers.update(before)


@pytest.fixture
def stored_files(settings):
    """`stored_files()`: the files in the vault."""
    return lambda: [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


@pytest.fixture
def run(capsys):
    """Call import_cases; the JSON object of its last line."""

    def call(*paths, profile="national12315", **options):
        call_command("import_cases", *map(str, paths), profile=str(profile), json=True, **options)
        return json.loads(capsys.readouterr().out.splitlines()[-1])

    return call


@pytest.fixture
def filed(district):
    """`filed(...)`: a case of the district with a text of its own, received `days` after AT; `phone` and `identity` are
    its person's."""

    def file(*, days=0, phone=PHONE, identity="", reporter=False, **fields):
        fields = {"handling": district, "narrative": own_text(), "demand": ""} | fields
        case = CaseFactory(received_at=AT + dt.timedelta(days=days), **fields)
        person = {"phone": phone, "id_number": identity}
        PartyFactory(case=case, plain={key: value for key, value in person.items() if value}, reporter=reporter)
        return case

    return file
