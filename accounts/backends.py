from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission

from accounts.models import User


class AccountBackend(ModelBackend):
    """Django's own, with the agency in the same query: every page shows it and every row scope needs it. What someone
    may do comes from roles alone: permissions given to a single user are not asked for, and count for nothing."""

    def get_user(self, user_id):
        user = User.objects.select_related("agency").filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None

    def _get_user_permissions(self, user_obj):
        return Permission.objects.none()
