"""Who may use the portal, what each role may do, and the logs of who signed in and who saw personal data."""

import pgtrigger
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F, Func, Value
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.enums import AccessAction, SignInOutcome
from accounts.querysets import LogQuerySet, UserManagerWithScope
from core.triggers import AppendOnly, Refuse, Trigger

# what a line is about: the number of a case before "/" and the part of it
RECORD = Func(F("target"), Value("/"), Value(1), function="split_part", output_field=models.CharField())
LOG_DAYS_MIN = 183  # six months: Cybersecurity Law, article 21


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
        constraints = [
            models.UniqueConstraint(
                Lower("username"),
                name="accounts_user_username_any_case",
                violation_error_message=_("A user of this name exists already, written with other capitals."),
            )
        ]

    def get_full_name(self):
        """Chinese order, without a space."""
        return f"{self.last_name}{self.first_name}".strip() or self.username


class UserRole(User.groups.through):
    """The roles held. Account managers, auditors and those who work on cases exclude each other, whatever writes
    the row; the user's own row is locked first, so that two writers cannot each add half of a forbidden pair."""

    class Meta:
        proxy = True
        default_permissions = ()
        verbose_name = _("role held")
        verbose_name_plural = _("roles held")
        triggers = [
            Trigger(
                name="exclusive_roles",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                declare=[("families", "text[]")],
                func="""
                    PERFORM 1 FROM accounts_user WHERE id = NEW.user_id FOR NO KEY UPDATE;
                    SELECT array_agg(DISTINCT CASE WHEN name IN ('auditor', 'account_manager') THEN name
                                                   ELSE 'case' END)
                      INTO families
                      FROM auth_group
                     WHERE id = NEW.group_id
                        OR id IN (SELECT group_id FROM accounts_user_groups
                                   WHERE user_id = NEW.user_id AND id IS DISTINCT FROM NEW.id);
                    IF cardinality(families) > 1 THEN
                        RAISE EXCEPTION 'roles of different families: %', array_to_string(families, ', ')
                              USING ERRCODE = 'check_violation', CONSTRAINT = 'accounts_exclusive_roles';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]


class SignIn(models.Model):
    """One line of the sign-in log, kept at least six months (Cybersecurity Law, article 21)."""

    user = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name=_("user")
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
        indexes = [models.Index(fields=["user", "-at", "-id"], name="accounts_signin_of_user")]
        triggers = [
            Refuse(name="no_update", operation=pgtrigger.Update | pgtrigger.Truncate),
            Refuse(
                name="kept_six_months",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Condition(
                    f"OLD.at > statement_timestamp() - interval '{LOG_DAYS_MIN} days'"
                ),
            ),
        ]

    def __str__(self):
        return f"{self.username} {self.at:%Y-%m-%d %H:%M}"


class AccessLog(models.Model):
    """Who revealed which personal datum, or took which file out, of what, when and why. Never changed."""

    user = models.ForeignKey(User, models.PROTECT, db_index=False, related_name="+", verbose_name=_("user"))
    at = models.DateTimeField(_("time"), db_index=True)
    action = models.CharField(_("action"), max_length=20, choices=AccessAction)
    target = models.CharField(_("of what"), max_length=200)
    fields = models.CharField(_("data"), max_length=200, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    ip = models.GenericIPAddressField(_("address"), null=True, blank=True)

    objects = LogQuerySet.as_manager()

    class Meta:
        verbose_name = _("access to personal data")
        verbose_name_plural = _("access log")
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["user", "-at", "-id"], name="accounts_accesslog_of_user"),
            models.Index(RECORD, F("at").desc(), F("id").desc(), name="accounts_accesslog_of_record"),
        ]
        triggers = [AppendOnly()]

    def __str__(self):
        return f"{self.user} {self.action} {self.target}"
