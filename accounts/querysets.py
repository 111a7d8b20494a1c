from django.contrib.auth.models import UserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Concat

from registry.enums import AgencyKind


def is_city_bureau(agency) -> bool:
    """Whether `agency` is the bureau which no other stands above. None is not."""
    return agency is not None and agency.kind == AgencyKind.BUREAU and agency.parent_id is None


def keeps_for(user, agency) -> bool:
    """Whether `user` keeps what belongs to `agency`: his own or one below it. What belongs to all agencies (None) is kept
    in the city bureau."""
    if user.is_superuser or user.agency is None:
        return user.is_superuser
    return is_city_bureau(user.agency) if agency is None else agency.path.startswith(user.agency.path)


def reads_all(user) -> bool:
    """Whether an auditor reads the lines of everybody: in the city bureau, which runs the portal."""
    return user.is_superuser or is_city_bureau(user.agency)


def people(user, prefix: str = "") -> Q:
    """The people of the user's agency and of those below it; nobody where he has none."""
    return Q(**{f"{prefix}agency__path__startswith": user.agency.path}) if user.agency_id else Q(pk__in=[])


class UserQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Account managers see the accounts of their agency and below; everyone else sees only himself."""
        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self
        if user.has_perm("accounts.view_user") and user.agency_id:
            return self.filter(agency__path__startswith=user.agency.path)
        return self.filter(pk=user.pk)

    def audited_by(self, user):
        """Those whose lines in the logs `user` reads."""
        if not user.has_perm("accounts.view_accesslog"):
            return self.none()
        return self if reads_all(user) else self.filter(people(user))

    def named_like(self, words: str):
        """Those whose user name, or family name and given name without a space between, contains the words."""
        rows = self.alias(full_name=Concat("last_name", "first_name"))
        return rows.filter(Q(full_name__icontains=words) | Q(username__icontains=words))


class UserManagerWithScope(UserManager.from_queryset(UserQuerySet)):
    use_in_migrations = False


class LogQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The logs are for those who hold the permission to read them. The city bureau, which runs the portal,
        reads every line; another agency reads the lines of its own people and of those below it."""
        if not user.has_perm(f"accounts.view_{self.model._meta.model_name}"):
            return self.none()
        return self if reads_all(user) else self.filter(people(user, "user__"))
