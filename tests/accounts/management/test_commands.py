import datetime as dt

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.utils import timezone, translation

from accounts.models import SignIn, User
from tests.factories import SignInFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def test_sync_roles_says_what_it_did(capsys):
    Group.objects.get(name="auditor").delete()
    Group.objects.create(name="old")

    call_command("sync_roles")
    first = capsys.readouterr().out.splitlines()
    call_command("sync_roles")
    second = capsys.readouterr().out.splitlines()

    assert first == [
        "New role auditor",
        "auditor + accounts.view_accesslog",
        "auditor + accounts.view_signin",
        "auditor + cases.view_casehistory",
        "auditor + cases.view_importrun",
        "old is no role and has no members; it is removed.",
    ]
    assert second == ["The roles are what the code says."]


def test_sync_roles_check_changes_nothing(capsys):
    Group.objects.get(name="mediator").delete()

    with pytest.raises(CommandError, match="run sync_roles"):
        call_command("sync_roles", "--check")

    assert not Group.objects.filter(name="mediator").exists()
    call_command("sync_roles", verbosity=0)
    call_command("sync_roles", "--check")


def test_purge_sign_ins(capsys, settings):
    settings.SIGN_IN_LOG_DAYS = 400
    SignInFactory(at=timezone.now() - dt.timedelta(days=401))
    SignInFactory(at=timezone.now() - dt.timedelta(days=399))

    call_command("purge_sign_ins")

    assert capsys.readouterr().out == "1 line older than 400 days deleted.\n"
    assert SignIn.objects.count() == 1


def test_purge_sign_ins_refuses_less_than_six_months(settings):
    settings.SIGN_IN_LOG_DAYS = 90
    SignInFactory(at=timezone.now() - dt.timedelta(days=1000))

    with pytest.raises(CommandError, match="at least 183 days"):
        call_command("purge_sign_ins")

    assert SignIn.objects.count() == 1


def test_createsuperuser_makes_one_for_the_setting_up(monkeypatch, client):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "correct-horse-7-battery")

    call_command(
        "createsuperuser", "--noinput", "--username", "root", "--email", "root@example.com", verbosity=0
    )

    root = User.objects.get(username="root")
    response = client.post("/accounts/login/", {"username": "root", "password": "correct-horse-7-battery"})
    assert (root.is_superuser, root.is_staff, root.agency, root.groups.count()) == (True, True, None, 0)
    assert response.status_code == 302
    assert client.get("/admin/accounts/user/").status_code == 200
