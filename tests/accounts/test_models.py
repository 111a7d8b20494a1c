import datetime as dt

import pytest
from django.contrib.auth.models import Group
from django.db import Error, IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import AccessLog, SignIn
from tests.factories import AccessLogFactory, SignInFactory, UserFactory

pytestmark = pytest.mark.django_db


def groups(*codes):
    return list(Group.objects.filter(name__in=codes))


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        ("officer", "auditor"),
        ("officer", "account_manager"),
        ("auditor", "account_manager"),
        ("auditor", "clerk"),
        ("account_manager", "mediator"),
    ],
)
def test_the_database_keeps_families_apart(held, wanted):
    user = UserFactory(roles=[held])

    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        user.groups.add(*groups(wanted))

    assert refused.value.__cause__.diag.constraint_name == "accounts_exclusive_roles"
    assert [group.name for group in user.groups.all()] == [held]


def test_the_database_keeps_families_apart_in_one_statement_and_in_updates():
    user, other = UserFactory(), UserFactory(roles=["officer", "mediator"])

    with pytest.raises(IntegrityError, match="exclusive|families"), transaction.atomic():
        user.groups.add(*groups("officer", "auditor"))
    with pytest.raises(IntegrityError, match="families"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_user_groups SET group_id = %s WHERE user_id = %s AND group_id = %s",
            [groups("auditor")[0].pk, other.pk, groups("officer")[0].pk],
        )

    assert user.groups.count() == 0
    assert {group.name for group in other.groups.all()} == {"officer", "mediator"}


def test_roles_of_one_family_and_an_exchange_are_let_through():
    user = UserFactory(roles=["officer", "mediator", "clerk"])

    user.groups.set(groups("auditor"))

    assert [group.name for group in user.groups.all()] == ["auditor"]


def test_the_access_log_is_never_changed():
    line = AccessLogFactory(target="2026-00000001/1")

    with pytest.raises(Error, match="Cannot update"), transaction.atomic():
        AccessLog.objects.update(target="elsewhere")
    with pytest.raises(Error, match="Cannot"), transaction.atomic():
        line.delete()

    assert AccessLog.objects.get().target == "2026-00000001/1"


def test_the_sign_in_log_is_never_changed_and_kept_six_months():
    young = SignInFactory(at=timezone.now() - dt.timedelta(days=182))
    old = SignInFactory(at=timezone.now() - dt.timedelta(days=184))

    with pytest.raises(Error, match="Cannot update"), transaction.atomic():
        SignIn.objects.update(outcome="failed")
    with pytest.raises(Error, match="Cannot delete"), transaction.atomic():
        young.delete()
    old.delete()

    assert list(SignIn.objects.values_list("pk", "outcome")) == [(young.pk, "succeeded")]


def test_names_are_written_the_chinese_way():
    assert UserFactory(last_name="欧阳", first_name="小明").get_full_name() == "欧阳小明"
    assert UserFactory(username="nameless", last_name="", first_name="").get_full_name() == "nameless"
