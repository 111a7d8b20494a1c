from django.contrib.auth.hashers import check_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


class NotTheLastPasswordValidator:
    """A new password must differ from the one that it replaces."""

    def validate(self, password, user=None):
        if user is not None and user.pk and check_password(password, user.password):
            raise ValidationError(self.get_help_text(), code="password_unchanged")

    def get_help_text(self):
        return _("The new password must differ from the last one.")
