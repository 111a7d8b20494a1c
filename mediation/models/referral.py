"""The green channel: complaints that a platform settles with the consumer directly, for a time."""

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cases.models import Case, Recovery
from cases.models.fields import reference
from core.models import TimestampedModel
from core.triggers import AppendOnly
from mediation.enums import ReferralReturn, ReferralState, ReferralVerb
from mediation.querysets import OfReferralQuerySet, ReferralQuerySet


class PlatformReferral(TimestampedModel):
    """A complaint put into the hands of a member of the green channel, which has ten working days to settle it with the
    consumer. Meanwhile the terms of the case stand still. `due_on`: the last day; `safe_on`: before that day moves off a
    day off; `provisional`: the calendar of its year was not known."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="referrals", verbose_name=_("case"))
    # found by the index of the newest of a platform
    platform = models.ForeignKey(
        "registry.Platform", models.PROTECT, related_name="referrals", db_index=False, verbose_name=_("platform")
    )
    state = models.CharField(
        _("state"), max_length=10, choices=ReferralState, default=ReferralState.WAITING, editable=False
    )
    referred_at = models.DateTimeField(_("referred at"), editable=False)
    safe_on = models.DateField(_("safe until"), editable=False)
    due_on = models.DateField(_("due on"), editable=False)
    provisional = models.BooleanField(_("provisional"), default=False, editable=False)
    reply = models.TextField(_("reply of the platform"), blank=True, editable=False)
    replied_at = models.DateTimeField(_("replied at"), null=True, editable=False)
    ended_at = models.DateTimeField(_("ended at"), null=True, editable=False)
    returned_because = models.CharField(
        _("came back because"), max_length=10, choices=ReferralReturn, blank=True, editable=False
    )
    reason = models.TextField(_("reason of the return"), blank=True, editable=False)
    settlement = models.TextField(_("settlement"), blank=True, editable=False)
    recovery = models.OneToOneField(
        Recovery, models.PROTECT, null=True, blank=True, editable=False, related_name="referral",
        verbose_name=_("recovery"),
    )  # fmt: skip
    import_file = reference("cases.ImportFile", _("imported from"))
    import_line = models.PositiveIntegerField(_("line"), null=True, editable=False)
    created_by = reference(settings.AUTH_USER_MODEL, _("referred by"))

    objects = ReferralQuerySet.as_manager()

    class Meta:
        verbose_name = _("referral to a platform")
        verbose_name_plural = _("referrals to platforms")
        ordering = ["-referred_at", "-pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(state=ReferralState.WAITING), name="mediation_referral_waiting_once",
                violation_error_message=_("This complaint is with a platform already."),
            ),
            models.CheckConstraint(
                condition=Q(state=ReferralState.WAITING, ended_at__isnull=True, returned_because="")
                | Q(state=ReferralState.SETTLED, ended_at__isnull=False, returned_because="")
                | Q(state=ReferralState.RETURNED, ended_at__isnull=False) & ~Q(returned_because=""),
                name="mediation_referral_ended",
                violation_error_message=_(
                    "A referral that is over has the time of its end, and one that came back the reason."
                ),
            ),
            models.CheckConstraint(
                condition=(Q(ended_at__isnull=True) | Q(ended_at__gte=F("referred_at")))
                & (Q(replied_at__isnull=True) | Q(replied_at__gte=F("referred_at"))),
                name="mediation_referral_order",
                violation_error_message=_("A platform answers and ends a referral after it was made."),
            ),
            models.CheckConstraint(
                condition=Q(reply="") | Q(replied_at__isnull=False), name="mediation_referral_replied",
                violation_error_message=_("A reply has its time."),
            ),
            models.CheckConstraint(
                condition=Q(settlement="", recovery__isnull=True) | Q(state=ReferralState.SETTLED),
                name="mediation_referral_settled",
                violation_error_message=_("Only a settled referral has a settlement."),
            ),
            models.CheckConstraint(condition=Q(due_on__gte=F("safe_on")), name="mediation_referral_due"),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["-referred_at", "-id"], name="mediation_referral_newest"),
            models.Index(fields=["platform", "-referred_at", "-id"], name="mediation_referral_of_platform"),
            models.Index(
                fields=["due_on", "id"], condition=Q(state=ReferralState.WAITING), name="mediation_referral_waiting"
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.case} {self.platform}"

    @property
    def result(self) -> str:
        """In words where it is: of one that came back the reason."""
        return self.get_returned_because_display() if self.returned_because else self.get_state_display()

    def is_over(self, day: dt.date) -> bool:
        """Whether it waits although its term ended before the local day `day`: to be written down as come back."""
        return self.state == ReferralState.WAITING and self.due_on < day


class ReferralEvent(models.Model):
    """What was done to a referral: verb, state before and after, who, when; nobody where the term ran
    out. Append-only."""

    referral = models.ForeignKey(
        PlatformReferral, models.PROTECT, related_name="events", verbose_name=_("referral to a platform")
    )
    verb = models.CharField(_("act"), max_length=16)
    before = models.CharField(_("state before"), max_length=10, blank=True)
    after = models.CharField(_("state after"), max_length=10, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, db_index=False, related_name="+",
        verbose_name=_("by"),
    )  # fmt: skip
    at = models.DateTimeField(_("time"))
    note = models.CharField(_("note"), max_length=1000, blank=True)
    data = models.JSONField(_("details"), default=dict, blank=True)

    objects = OfReferralQuerySet.as_manager()

    class Meta:
        verbose_name = _("act on a referral")
        verbose_name_plural = _("acts on referrals")
        ordering = ["at", "pk"]
        default_permissions = ("view",)
        triggers = [AppendOnly()]

    def __str__(self):
        return f"{self.referral} {self.verb}"

    @property
    def label(self) -> str:
        return str(ReferralVerb(self.verb).label)
