"""Agreements that a court confirms, so that they can be enforced."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cases.models import Document
from core.models import TimestampedModel
from core.triggers import AppendOnly
from mediation.enums import ConfirmationState, ConfirmationVerb, DismissalGround
from mediation.models.agreement import Agreement
from mediation.querysets import ConfirmationQuerySet, OfConfirmationQuerySet
from registry.enums import AgencyKind

OVER = (ConfirmationState.DISMISSED, ConfirmationState.WITHDRAWN)
TAKEN_UP = (ConfirmationState.ACCEPTED, ConfirmationState.CONFIRMED)
APPLIED = (ConfirmationState.APPLIED, *TAKEN_UP, ConfirmationState.DISMISSED)
RULED = (ConfirmationState.CONFIRMED, ConfirmationState.DISMISSED)


class JudicialConfirmation(TimestampedModel):
    """Both parties ask a court to confirm their agreement, within thirty days of its effect (Civil Procedure Law arts
    194, 201 or 205, by the day of the application). `due_on`: the last day; `safe_on`: before that day moves off a day
    off; `provisional`: the calendar of its year was not known. A later application is recorded and is not in time."""

    agreement = models.ForeignKey(
        Agreement, models.PROTECT, related_name="confirmations", verbose_name=_("agreement"), editable=False
    )
    court = models.ForeignKey(
        "registry.Agency", models.PROTECT, related_name="+", verbose_name=_("court"),
        limit_choices_to={"kind": AgencyKind.COURT},
    )  # fmt: skip
    state = models.CharField(
        _("state"), max_length=10, choices=ConfirmationState, default=ConfirmationState.PREPARED, editable=False
    )
    safe_on = models.DateField(_("safe until"), editable=False)
    due_on = models.DateField(_("due on"), editable=False)
    provisional = models.BooleanField(_("provisional"), default=False, editable=False)
    applied_on = models.DateField(_("applied for on"), null=True, blank=True, editable=False)
    article = models.PositiveSmallIntegerField(
        _("article"), null=True, blank=True, editable=False, help_text=_("Of the Civil Procedure Law then in force")
    )
    in_time = models.BooleanField(_("in time"), null=True, editable=False)
    number = models.CharField(_("number of the court"), max_length=60, blank=True, editable=False)
    accepted_on = models.DateField(_("accepted by the court on"), null=True, blank=True, editable=False)
    ruled_on = models.DateField(_("ruled on"), null=True, blank=True, editable=False)
    ruling = models.CharField(_("number of the ruling"), max_length=60, blank=True, editable=False)
    ground = models.CharField(_("ground"), max_length=14, choices=DismissalGround, blank=True, editable=False)
    enforced_on = models.DateField(_("enforcement applied for on"), null=True, blank=True, editable=False)
    enforcement = models.CharField(_("number of the enforcement"), max_length=60, blank=True, editable=False)
    documents = models.ManyToManyField(Document, related_name="+", blank=True, editable=False)

    objects = ConfirmationQuerySet.as_manager()

    class Meta:
        verbose_name = _("judicial confirmation")
        verbose_name_plural = _("judicial confirmations")
        ordering = ["-created_at", "-pk"]
        permissions = [("rule_judicialconfirmation", _("Can record what the court decides"))]
        constraints = [
            models.UniqueConstraint(
                fields=["agreement"], condition=~Q(state__in=OVER), name="mediation_confirmation_one_standing",
                violation_error_message=_("The confirmation of this agreement is under way already."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=APPLIED, applied_on__isnull=False)
                | Q(state=ConfirmationState.PREPARED, applied_on__isnull=True)
                | Q(state=ConfirmationState.WITHDRAWN),
                name="mediation_confirmation_applied",
                violation_error_message=_("What was applied for has the day of the application."),
            ),
            models.CheckConstraint(
                condition=Q(applied_on__isnull=True, in_time__isnull=True, article__isnull=True)
                | Q(applied_on__isnull=False, applied_on__gt=F("due_on"), in_time=False, article__isnull=False)
                | Q(applied_on__isnull=False, applied_on__lte=F("due_on"), in_time=True, article__isnull=False),
                name="mediation_confirmation_in_time",
                violation_error_message=_("An application after its last day is not in time."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=TAKEN_UP, accepted_on__isnull=False) & ~Q(number="")
                | ~Q(state__in=TAKEN_UP),
                name="mediation_confirmation_accepted",
                violation_error_message=_("What the court has accepted has its number and day."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=RULED, ruled_on__isnull=False) | ~Q(state__in=RULED) & Q(ruled_on__isnull=True),
                name="mediation_confirmation_ruled",
                violation_error_message=_("A ruling has its day."),
            ),
            models.CheckConstraint(
                condition=Q(state=ConfirmationState.DISMISSED) & ~Q(ground="")
                | ~Q(state=ConfirmationState.DISMISSED) & Q(ground=""),
                name="mediation_confirmation_ground",
                violation_error_message=_("A dismissal has its ground, and nothing else has one."),
            ),
            models.CheckConstraint(
                condition=(Q(accepted_on__isnull=True) | Q(accepted_on__gte=F("applied_on")))
                & (Q(ruled_on__isnull=True) | Q(ruled_on__gte=F("applied_on")))
                & (Q(accepted_on__isnull=True) | Q(ruled_on__isnull=True) | Q(ruled_on__gte=F("accepted_on")))
                & (Q(enforced_on__isnull=True) | Q(enforced_on__gte=F("ruled_on"))),
                name="mediation_confirmation_order",
                violation_error_message=_("Application, acceptance, ruling and enforcement follow one another."),
            ),
            models.CheckConstraint(
                condition=Q(enforced_on__isnull=True, enforcement="") | Q(state=ConfirmationState.CONFIRMED),
                name="mediation_confirmation_enforced",
                violation_error_message=_("Only a confirmed agreement is enforced."),
            ),
        ]  # fmt: skip
        indexes = [
            # whose last day comes near
            models.Index(
                fields=["due_on"], include=["agreement"], condition=Q(state=ConfirmationState.PREPARED),
                name="mediation_confirmation_due",
            ),
            models.Index(fields=["court", "-applied_on", "-id"], name="mediation_confirmation_court"),
        ]  # fmt: skip

    def __str__(self):
        return self.number or str(self.agreement)


class ConfirmationEvent(models.Model):
    """What was done about a confirmation: verb, state before and after, who, when. Append-only."""

    confirmation = models.ForeignKey(
        JudicialConfirmation, models.PROTECT, related_name="events", verbose_name=_("judicial confirmation")
    )
    verb = models.CharField(_("act"), max_length=16)
    before = models.CharField(_("state before"), max_length=10, blank=True)
    after = models.CharField(_("state after"), max_length=10, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("time"))
    note = models.CharField(_("note"), max_length=1000, blank=True)
    data = models.JSONField(_("details"), default=dict, blank=True)

    objects = OfConfirmationQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("event", "act about a confirmation")
        verbose_name_plural = pgettext_lazy("event", "acts about confirmations")
        ordering = ["at", "pk"]
        default_permissions = ("view",)
        triggers = [AppendOnly()]

    def __str__(self):
        return f"{self.confirmation} {self.verb}"

    @property
    def label(self) -> str:
        return str(ConfirmationVerb(self.verb).label)
