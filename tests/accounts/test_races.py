import threading

from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, transaction

from accounts.models import User
from tests.factories import UserFactory


def test_two_writers_cannot_each_add_half_of_a_forbidden_pair(fresh_database):
    user = UserFactory()
    officer, auditor = (Group.objects.get(name=name) for name in ("officer", "auditor"))
    first_has_written, errors = threading.Event(), []

    def second():
        first_has_written.wait(10)
        try:
            User.objects.get(pk=user.pk).groups.add(auditor)
        except IntegrityError as refused:
            errors.append(refused)
        finally:
            connection.close()

    thread = threading.Thread(target=second)
    thread.start()
    with transaction.atomic():
        user.groups.add(officer)
        first_has_written.set()
        thread.join(0.5)
        waits = thread.is_alive()
    thread.join(10)

    assert waits
    assert len(errors) == 1
    assert [group.name for group in user.groups.all()] == ["officer"]
