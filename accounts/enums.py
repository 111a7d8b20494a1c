from django.db import models
from django.utils.translation import gettext_lazy as _


class SignInOutcome(models.TextChoices):
    SUCCEEDED = "succeeded", _("Signed in")
    FAILED = "failed", _("Wrong user name or password")
    LOCKED_OUT = "locked_out", _("Refused: locked out")
    SIGNED_OUT = "signed_out", _("Signed out")
    EXPIRED = "expired", _("Signed out after idle time")
