"""Sessions that two people book at the same moment, in transactions of their own."""

import threading

import pytest
from django.db import connection, transaction
from django.test import Client

from core.exceptions import DomainError
from mediation.domain import Appointment, schedule
from mediation.models import Room, Session
from tests.cases.domain.test_acts_races import at_once, deadlocks
from tests.factories import AgencyFactory, CaseFactory, MediatorFactory, RoomFactory, UserFactory
from tests.mediation.conftest import HOUR, NOW, THURSDAY
from tests.waiting import comes_to_wait


@pytest.mark.parametrize("shared", ["room", "mediator"])
def test_of_two_who_book_the_same_at_the_same_instant_one_wins_each_time(fresh_database, shared):
    district = AgencyFactory(parent=AgencyFactory())
    clerks = [UserFactory(agency=district, roles=["mediator"]) for _n in range(2)]
    cases = [CaseFactory(handling=district, accepted=True) for _n in range(2)]
    mediators = [MediatorFactory(agency=district) for _n in range(2)]
    rooms = [RoomFactory(agency=district) for _n in range(2)]
    if shared == "room":
        rooms = [rooms[0]] * 2
    else:
        mediators = [mediators[0]] * 2

    for _time in range(100):

        def book(n):
            appointment = Appointment(mediators[n], THURSDAY, THURSDAY + HOUR, "on_site", rooms[n])
            return schedule(cases[n], appointment, actor=clerks[n], now=NOW)

        results = at_once(lambda: book(0), lambda: book(1))

        lost = [result for result in results if isinstance(result, DomainError)]
        won = [result for result in results if isinstance(result, Session)]
        assert (len(lost), len(won)) == (1, 1), results
        assert str(won[0].mediator) in str(lost[0])
        assert list(Session.objects.standing()) == won
        Session.objects.filter(pk=won[0].pk).update(state="cancelled", cancelled_at=NOW)
    assert deadlocks() == 0


def posted_meanwhile(user, path: str, data: dict, work) -> list[str]:
    """What the form says to `user` whose POST comes while the transaction that does `work` is still open, and waits for
    it: his own check has found nothing in his way."""
    client, answers = Client(), []
    client.force_login(user)
    client.cookies["django_language"] = "en"

    def post():
        try:
            answers.append(client.post(path, data))
        finally:
            connection.close()

    with transaction.atomic():
        work()
        thread = threading.Thread(target=post)
        thread.start()
        assert comes_to_wait(thread)
    thread.join(30)
    (answer,) = answers
    assert answer.status_code == 200
    form = answer.context_data["adminform"].form
    return [str(message) for messages in form.errors.values() for message in messages]


@pytest.fixture
def district(fresh_database):
    return AgencyFactory(parent=AgencyFactory())


def test_a_race_that_is_lost_to_another_booking_is_an_error_of_the_form(district):
    clerks = [UserFactory(agency=district, roles=["mediator"]) for _n in range(2)]
    cases = [CaseFactory(handling=district, accepted=True) for _n in range(2)]
    mediator = MediatorFactory(agency=district)
    given = {
        "number": cases[1].number, "day": "2026-11-12", "starts": "09:30", "ends": "10:30", "mode": "remote",
        "link": "会议号 1", "mediator": mediator.pk,
    }  # fmt: skip

    def book():
        appointment = Appointment(mediator, THURSDAY, THURSDAY + HOUR, "remote", link="会议号 2")
        schedule(cases[0], appointment, actor=clerks[0], now=NOW)

    said = posted_meanwhile(clerks[1], "/admin/mediation/session/add/", given, book)

    assert said == [f"{mediator} leads another session from 2026-11-12 09:00 to 2026-11-12 10:00: remotely."]
    assert [session.case for session in Session.objects.all()] == [cases[0]]


def test_a_race_that_is_lost_to_a_row_of_the_same_name_is_an_error_of_the_form(district):
    head = UserFactory(agency=district, roles=["approver"])
    given = {"agency": district.pk, "name": "第一调解室", "address": "", "seats": ""}

    said = posted_meanwhile(
        head, "/admin/mediation/room/add/", given, lambda: RoomFactory(agency=district, name="第一调解室")
    )

    assert said == ["The agency has a room of this name already."]
    assert Room.objects.count() == 1
