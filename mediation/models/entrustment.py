"""Mediation in another body's hands (Order 121 art 19)."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.models import Case
from mediation.querysets import EntrustmentQuerySet
from registry.enums import AgencyKind

# to whom a bureau may entrust: councils and mediation committees, which do not pass it on
ENTRUSTED_KINDS = (AgencyKind.COUNCIL, AgencyKind.COMMITTEE)


class Entrustment(models.Model):
    """A bureau's case that a council or a mediation committee mediates in the bureau's name, with the consent of both
    sides. The case stays the bureau's, and so do its terms."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="entrustments", verbose_name=_("case"))
    agency = models.ForeignKey(
        "registry.Agency", models.PROTECT, related_name="+", verbose_name=_("entrusted to"),
        limit_choices_to={"kind__in": ENTRUSTED_KINDS},
    )  # fmt: skip
    complainant_agrees = models.BooleanField(_("the complainant agrees"), default=False)
    respondent_agrees = models.BooleanField(_("the respondent agrees"), default=False)
    note = models.CharField(_("note"), max_length=500, blank=True)
    entrusted_at = models.DateTimeField(_("entrusted at"), editable=False)
    entrusted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+", db_index=False,
        verbose_name=_("entrusted by"),
    )  # fmt: skip
    ended_at = models.DateTimeField(_("ended at"), null=True, editable=False)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+", db_index=False,
        verbose_name=_("ended by"),
    )  # fmt: skip
    ended_because = models.CharField(_("reason of the end"), max_length=500, blank=True, editable=False)

    objects = EntrustmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("entrusted mediation")
        verbose_name_plural = _("entrusted mediation")
        ordering = ["-entrusted_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(ended_at__isnull=True), name="mediation_entrusted_once",
                violation_error_message=_("The mediation of this case is entrusted to someone already."),
            ),
            models.CheckConstraint(
                condition=Q(complainant_agrees=True, respondent_agrees=True), name="mediation_entrusted_by_consent",
                violation_error_message=_("Both sides must agree to entrusted mediation (Order 121, art 19)."),
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by__isnull=True, ended_because="")
                | Q(ended_at__isnull=False, ended_by__isnull=False) & ~Q(ended_because=""),
                name="mediation_entrusted_ended",
                violation_error_message=_("An end names who ended it, when and why."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.case} → {self.agency}"
