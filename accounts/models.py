"""Who may use the portal, what each role may do, and the logs of who signed in and who saw personal data."""

import pgtrigger
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.enums import SignInOutcome
from accounts.querysets import LogQuerySet, UserManagerWithScope

APPEND_ONLY = pgtrigger.Update | pgtrigger.Delete


class User(AbstractUser):
    """A member of an agency. What he sees is his agency and everything below it; without an agency, nothing."""

    agency = models.ForeignKey(
        "registry.Agency",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="users",
        verbose_name=_("agency"),
    )
    must_change_password = models.BooleanField(
        _("must change the password at the next sign-in"), default=False
    )
    password_changed_at = models.DateTimeField(
        _("password changed at"), null=True, blank=True, editable=False
    )

    objects = UserManagerWithScope()

    class Meta(AbstractUser.Meta):
        verbose_name = _("user")
        verbose_name_plural = _("users")

    def get_full_name(self):
        """Chinese order, without a space."""
        return f"{self.last_name}{self.first_name}".strip() or self.username


class SignIn(models.Model):
    """One line of the sign-in log, kept at least six months (Cybersecurity Law, article 21)."""

    user = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("user")
    )
    username = models.CharField(_("user name as entered"), max_length=150)
    outcome = models.CharField(_("outcome"), max_length=12, choices=SignInOutcome)
    at = models.DateTimeField(_("time"), db_index=True)
    ip = models.GenericIPAddressField(_("address"), null=True, blank=True)
    user_agent = models.CharField(_("browser"), max_length=300, blank=True)

    objects = LogQuerySet.as_manager()

    class Meta:
        verbose_name = _("sign-in")
        verbose_name_plural = _("sign-in log")
        ordering = ["-at", "-pk"]
        triggers = [pgtrigger.Protect(name="no_update", operation=pgtrigger.Update)]

    def __str__(self):
        return f"{self.username} {self.at:%Y-%m-%d %H:%M}"


class AccessLog(models.Model):
    """Who revealed which personal datum, or took which file out, of what, when and why. Never changed."""

    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("user"))
    at = models.DateTimeField(_("time"), db_index=True)
    action = models.CharField(_("action"), max_length=20)
    target = models.CharField(_("of what"), max_length=200)
    fields = models.CharField(_("data"), max_length=200, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    ip = models.GenericIPAddressField(_("address"), null=True, blank=True)

    objects = LogQuerySet.as_manager()

    class Meta:
        verbose_name = _("access to personal data")
        verbose_name_plural = _("access log")
        ordering = ["-at", "-pk"]
        triggers = [pgtrigger.Protect(name="append_only", operation=APPEND_ONLY)]

    def __str__(self):
        return f"{self.user} {self.action} {self.target}"
