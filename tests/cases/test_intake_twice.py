"""Two presses of one button, at the same moment, on a database of their own."""

import threading

from django.db import connection
from django.test import Client

from cases.models import Case, CaseEvent
from tests.cases.pages import filled
from tests.factories import UserFactory

URL = "/cases/new/"


def test_a_form_sent_twice_at_once_makes_one_case(fresh_database):
    client, found = Client(), []
    client.force_login(UserFactory(roles=["officer"]))
    data = filled(client.get(URL).context["form"])
    together = threading.Barrier(2)

    def send():
        other = Client()
        other.cookies = client.cookies
        together.wait()
        try:
            found.append(other.post(URL, data).headers["Location"])
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [Case.objects.get().get_absolute_url()] * 2
    assert CaseEvent.objects.count() == 1
