import factory
from django.contrib.auth.models import Group, Permission
from django.utils import timezone

from accounts.enums import AccessAction, SignInOutcome
from accounts.models import AccessLog, SignIn, User
from accounts.roles import ROLES
from tests.factories.registry import AgencyFactory

PASSWORD = "correct-horse-7-battery"


class UserFactory(factory.django.DjangoModelFactory):
    """`UserFactory(roles=["officer"], agency=station)`; the password is PASSWORD."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    class Params:
        temporary = factory.Trait(must_change_password=True)
        closed = factory.Trait(is_active=False)
        superuser = factory.Trait(is_superuser=True, is_staff=True, agency=None)

    username = factory.Sequence(lambda n: f"user{n}")
    last_name = "王"
    first_name = factory.Sequence(lambda n: f"测试{n}")
    password = factory.django.Password(PASSWORD)
    agency = factory.SubFactory(AgencyFactory)

    @factory.post_generation
    def roles(self, create, codes, **kwargs):
        for code in codes or ():
            self.groups.add(Group.objects.get(name=code))
        if codes and not self.is_staff and any(ROLES[code].staff for code in codes):
            self.is_staff = True
            self.save(update_fields=["is_staff"])


def grant(user, *codenames: str) -> None:
    """Let `user` have permissions of the cases that none of his roles gives."""
    group = Group.objects.create(name=f"granted to {user.pk}: {', '.join(codenames)}"[:150])
    group.permissions.set(Permission.objects.filter(codename__in=codenames, content_type__app_label="cases"))
    user.groups.add(group)


class SignInFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = SignIn

    user = factory.SubFactory(UserFactory)
    username = factory.LazyAttribute(lambda line: line.user.username if line.user else "nobody")
    outcome = SignInOutcome.SUCCEEDED
    at = factory.LazyFunction(timezone.now)
    ip = "192.0.2.10"


class AccessLogFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = AccessLog

    user = factory.SubFactory(UserFactory)
    at = factory.LazyFunction(timezone.now)
    action = AccessAction.REVEAL
    target = "2026-00000001/1"
    fields = "name, phone"
    reason = "回访当事人"
    ip = "192.0.2.10"
