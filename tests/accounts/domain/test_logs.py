import datetime as dt

import pytest
from django.utils import timezone

from accounts import domain
from accounts.models import AccessLog, SignIn
from core.exceptions import DomainError
from tests.factories import SignInFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_log_access():
    user = UserFactory()

    domain.log_access(
        user=user,
        action="reveal",
        target="2026-00000012/7",
        fields="name, phone",
        reason=" 回访 ",
        ip="2001:db8::1",
    )

    line = AccessLog.objects.get()
    assert (line.user, line.action, line.target) == (user, "reveal", "2026-00000012/7")
    assert (line.fields, line.reason, line.ip) == ("name, phone", "回访", "2001:db8::1")
    assert timezone.now() - line.at < dt.timedelta(minutes=1)


@pytest.mark.parametrize(("field", "limit"), [("target", 200), ("fields", 200), ("reason", 300)])
def test_log_access_keeps_whole_texts_or_refuses(field, limit):
    user = UserFactory()
    given = {"user": user, "action": "reveal", "target": "x"}

    domain.log_access(**given | {field: "x" * limit})
    with pytest.raises(DomainError, match=str(limit)):
        domain.log_access(**given | {field: "x" * (limit + 1)})

    assert AccessLog.objects.count() == 1


def test_log_sign_in_cuts_what_a_stranger_sends():
    domain.log_sign_in(outcome="failed", username="x" * 200, user_agent="y" * 1000)

    line = SignIn.objects.get()
    assert (line.user, line.username, line.user_agent, line.ip) == (None, "x" * 150, "y" * 300, None)


def test_purge_deletes_what_is_older():
    now = timezone.now()
    old = [SignInFactory(at=now - dt.timedelta(days=days)) for days in (201, 500)]
    young = [SignInFactory(at=now - dt.timedelta(days=days)) for days in (0, 199)]

    deleted = domain.purge_sign_ins(days=200)

    assert deleted == len(old)
    assert set(SignIn.objects.all()) == set(young)


@pytest.mark.parametrize("days", [182, 0, -1])
def test_purge_refuses_less_than_six_months(days):
    SignInFactory(at=timezone.now() - dt.timedelta(days=1000))

    with pytest.raises(DomainError, match="183"):
        domain.purge_sign_ins(days=days)

    assert SignIn.objects.count() == 1


def test_purge_at_six_months_agrees_with_the_database():
    SignInFactory(at=timezone.now() - dt.timedelta(days=183, seconds=1))
    young = SignInFactory(at=timezone.now() - dt.timedelta(days=182, hours=23, minutes=59))

    assert domain.purge_sign_ins(days=183) == 1
    assert SignIn.objects.get() == young
