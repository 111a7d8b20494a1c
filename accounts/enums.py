from django.db import models
from django.utils.translation import gettext_lazy as _


class SignInOutcome(models.TextChoices):
    SUCCEEDED = "succeeded", _("Signed in")
    FAILED = "failed", _("Wrong user name or password")
    LOCKED_OUT = "locked_out", _("Locked out")
    SIGNED_OUT = "signed_out", _("Signed out")
    EXPIRED = "expired", _("Signed out after idle time")


class AccessAction(models.TextChoices):
    REVEAL = "reveal", _("Revealed")
    EXPORT = "export", _("Exported")
    DOWNLOAD = "download", _("Downloaded")
    LOOKUP = "lookup", _("Looked up a person")


class Family(models.TextChoices):
    """Roles of different families are never held by one person."""

    CASE = "case", _("Work on cases")
    AUDITOR = "auditor", _("Audit")
    ACCOUNT_MANAGER = "account_manager", _("Management of accounts")
