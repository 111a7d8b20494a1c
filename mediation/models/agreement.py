"""What the parties agreed on, who has signed it, and how it is performed."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cases.enums import RecoveryKind, Side
from cases.models import Case, Document, Party, Recovery
from cases.models.fields import AMOUNT
from core.models import TimestampedModel
from core.triggers import AppendOnly
from mediation.enums import IN_EFFECT, AgreementForm, AgreementState, AgreementVerb
from mediation.models.session import Session
from mediation.querysets import AgreementQuerySet, InstalmentQuerySet, OfAgreementQuerySet

SIDES = [choice for choice in Side.choices if choice[0]]


class Agreement(TimestampedModel):
    """What a mediation came to, in writing. It takes effect with the last signature; from then on it is performed, and
    may be taken to a court for confirmation. A case has one at a time: another only once the first is annulled."""

    case = models.ForeignKey(
        Case, models.PROTECT, related_name="agreements", verbose_name=_("case"), editable=False
    )
    session = models.ForeignKey(
        Session, models.PROTECT, null=True, blank=True, related_name="agreements", verbose_name=_("session"),
        editable=False,
    )  # fmt: skip
    form = models.CharField(_("form"), max_length=8, choices=AgreementForm, editable=False)
    state = models.CharField(
        _("state"), max_length=10, choices=AgreementState, default=AgreementState.DRAFT, editable=False
    )
    reached_on = models.DateField(_("reached on"))
    terms = models.TextField(_("terms"), help_text=_("What was agreed on, as it stands in the document"))
    effective_on = models.DateField(_("in force from"), null=True, blank=True, editable=False)
    performed_on = models.DateField(_("performed on"), null=True, blank=True, editable=False)
    annulled_at = models.DateTimeField(_("annulled at"), null=True, editable=False)
    documents = models.ManyToManyField(Document, related_name="+", blank=True, editable=False)

    objects = AgreementQuerySet.as_manager()

    class Meta:
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
        ordering = ["-reached_on", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=~Q(state=AgreementState.ANNULLED), name="mediation_agreement_one_standing",
                violation_error_message=_("The case has an agreement already. Annul that one first."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=IN_EFFECT, effective_on__isnull=False)
                | ~Q(state__in=IN_EFFECT) & (Q(effective_on__isnull=True) | Q(state=AgreementState.ANNULLED)),
                name="mediation_agreement_in_force",
                violation_error_message=_("An agreement in force has the day of its last signature."),
            ),
            models.CheckConstraint(
                condition=Q(effective_on__isnull=True) | Q(effective_on__gte=models.F("reached_on")),
                name="mediation_agreement_signed_after",
                violation_error_message=_("An agreement is signed once it is reached."),
            ),
            models.CheckConstraint(
                condition=Q(state=AgreementState.PERFORMED, performed_on__isnull=False)
                | ~Q(state=AgreementState.PERFORMED) & Q(performed_on__isnull=True),
                name="mediation_agreement_performed",
                violation_error_message=_("A performed agreement has the day on which it was, and no other has one."),
            ),
            models.CheckConstraint(
                condition=Q(state=AgreementState.ANNULLED, annulled_at__isnull=False)
                | ~Q(state=AgreementState.ANNULLED) & Q(annulled_at__isnull=True),
                name="mediation_agreement_annulled",
                violation_error_message=_("An annulled agreement has the time at which it was."),
            ),
        ]  # fmt: skip
        indexes = [
            # what the mediator's day asks for: to be signed, or to be performed
            models.Index(
                fields=["state", "case"],
                condition=Q(state__in=[AgreementState.DRAFT, AgreementState.IN_FORCE]),
                name="mediation_agreement_awaiting",
            ),
            models.Index(fields=["-reached_on", "-id"], name="mediation_agreement_newest"),
            models.Index(
                fields=["reached_on", "id"], condition=Q(state=AgreementState.DRAFT),
                name="mediation_agreement_to_sign",
            ),
            # which of those in effect could still be taken to a court
            models.Index(
                fields=["effective_on"], include=["id", "case"], condition=Q(state__in=IN_EFFECT),
                name="mediation_agreement_effective",
            ),
        ]

    def __str__(self):
        return f"{self.case} {self.get_form_display()}"

    @property
    def is_in_effect(self) -> bool:
        return self.state in IN_EFFECT


class Signature(models.Model):
    """One who has to sign, and the day on which he did. `party`: of the complainant's side."""

    agreement = models.ForeignKey(
        Agreement, models.PROTECT, related_name="signatures", verbose_name=_("agreement")
    )
    side = models.CharField(_("side"), max_length=12, choices=SIDES)
    party = models.ForeignKey(
        Party, models.PROTECT, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("party")
    )
    signed_on = models.DateField(_("signed on"), null=True, blank=True)

    objects = OfAgreementQuerySet.as_manager()

    class Meta:
        verbose_name = _("signature")
        verbose_name_plural = _("signatures")
        ordering = ["side", "pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["agreement", "side", "party"], nulls_distinct=False, name="mediation_signature_once"
            )
        ]

    def __str__(self):
        return f"{self.agreement} {self.get_side_display()}"


class Instalment(models.Model):
    """One thing that the merchant is to do by a day. With an amount it is posted as promised once the agreement is in
    force, and as paid when it is performed; `promise` was still owed of it when something was last done about it here
    (`mediation.domain.owed_of`)."""

    agreement = models.ForeignKey(
        Agreement, models.PROTECT, related_name="instalments", verbose_name=_("agreement")
    )
    due_on = models.DateField(_("due on"))
    what = models.CharField(_("what is to be done"), max_length=200)
    kind = models.CharField(
        _("kind"), max_length=12, blank=True,
        choices=[pair for pair in RecoveryKind.choices if pair[0] != RecoveryKind.UNSPECIFIED],
    )  # fmt: skip
    amount = models.DecimalField(
        _("amount"), null=True, blank=True, help_text=_("Empty where nothing is to be posted"), **AMOUNT
    )
    promise = models.OneToOneField(
        Recovery, models.PROTECT, null=True, blank=True, editable=False, related_name="instalment",
        verbose_name=_("promise"),
    )  # fmt: skip
    performed_on = models.DateField(_("performed on"), null=True, blank=True, editable=False)
    evidence = models.CharField(_("evidence"), max_length=300, blank=True, editable=False)

    objects = InstalmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("instalment")
        verbose_name_plural = _("instalments")
        ordering = ["due_on", "pk"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__isnull=True, kind="", promise__isnull=True)
                | Q(amount__isnull=False, amount__gt=0) & ~Q(kind=""),
                name="mediation_instalment_amount",
                violation_error_message=_("An amount is above zero and has its kind."),
            ),
            models.CheckConstraint(
                condition=Q(performed_on__isnull=True) | ~Q(evidence="") & Q(promise__isnull=True),
                name="mediation_instalment_performed",
                violation_error_message=_("What was performed has its evidence, and nothing of it is owed."),
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_on"], include=["agreement"], condition=Q(performed_on__isnull=True),
                name="mediation_instalment_owed",
            )
        ]  # fmt: skip

    def __str__(self):
        return f"{self.due_on} {self.get_kind_display()}".strip()


class AgreementEvent(models.Model):
    """What was done to an agreement: verb, state before and after, who, when. Append-only."""

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="events", verbose_name=_("agreement"))
    verb = models.CharField(_("act"), max_length=16)
    before = models.CharField(_("state before"), max_length=10, blank=True)
    after = models.CharField(_("state after"), max_length=10, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("time"))
    note = models.CharField(_("note"), max_length=1000, blank=True)
    data = models.JSONField(_("details"), default=dict, blank=True)

    objects = OfAgreementQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("event", "act on an agreement")
        verbose_name_plural = pgettext_lazy("event", "acts on agreements")
        ordering = ["at", "pk"]
        default_permissions = ("view",)
        triggers = [AppendOnly()]

    def __str__(self):
        return f"{self.agreement} {self.verb}"

    @property
    def label(self) -> str:
        return str(AgreementVerb(self.verb).label)
