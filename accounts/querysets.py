from django.contrib.auth.models import UserManager
from django.db import models


class UserQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Account managers see the accounts of their agency and below; everyone else sees only himself."""
        if not user.is_authenticated:
            return self.none()
        if user.has_perm("accounts.change_user") and user.agency_id:
            return self.filter(agency__path__startswith=user.agency.path)
        return self.filter(pk=user.pk)


class UserManagerWithScope(UserManager.from_queryset(UserQuerySet)):
    use_in_migrations = False


class LogQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The logs are for those who hold the permission to read them; everyone else sees nothing."""
        return self if user.has_perm(f"accounts.view_{self.model._meta.model_name}") else self.none()
