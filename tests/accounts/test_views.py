import pytest
from django.urls import reverse

from accounts.models import SignIn
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


def sign_in(client, username, password=PASSWORD, **kwargs):
    return client.post(LOGIN, {"username": username, "password": password}, **kwargs)


def test_sign_in_leads_a_case_worker_to_the_dashboard_and_is_logged(client):
    user = UserFactory(roles=["officer"])

    response = sign_in(client, user.username, REMOTE_ADDR="192.0.2.7", headers={"User-Agent": "Firefox"})

    assert (response.status_code, response.url) == (302, "/")
    line = SignIn.objects.get()
    assert (line.user, line.username, line.outcome) == (user, user.username, "succeeded")
    assert (line.ip, line.user_agent) == ("192.0.2.7", "Firefox")
