"""The ledger of what consumers got back."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cases.enums import RecoveryKind, RecoveryMeans, RecoveryStatus
from cases.models.case import Case
from cases.models.fields import AMOUNT, reference
from cases.querysets import ScopedQuerySet
from core.triggers import AppendOnly, Trigger


class WholeReversal(Trigger):
    """A reversal takes back one whole posting of its own case, which is none itself."""

    name = "whole_reversal"
    operation = pgtrigger.Insert
    when = pgtrigger.Before
    condition = pgtrigger.Q(new__reversal_of__isnull=False)
    func = """
        IF NOT EXISTS (
            SELECT FROM cases_recovery taken
             WHERE taken.id = NEW.reversal_of_id AND taken.reversal_of_id IS NULL AND taken.case_id = NEW.case_id
               AND taken.amount = -NEW.amount AND taken.kind = NEW.kind AND taken.status = NEW.status
               AND taken.means = NEW.means AND taken.posted_on <= NEW.posted_on
        ) THEN
            RAISE EXCEPTION 'A reversal takes back one whole posting of its case, which is none itself'
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    """


class Recovery(models.Model):
    """One posting of money or money's worth that a consumer got back. Corrected by reversal, never edited."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="recoveries", verbose_name=_("case"))
    posted_on = models.DateField(_("posted on"))
    amount = models.DecimalField(_("amount"), **AMOUNT)
    kind = models.CharField(_("kind"), max_length=12, choices=RecoveryKind, default=RecoveryKind.UNSPECIFIED)
    status = models.CharField(
        _("status"), max_length=12, choices=RecoveryStatus, default=RecoveryStatus.UNSPECIFIED
    )
    means = models.CharField(_("by"), max_length=12, choices=RecoveryMeans, default=RecoveryMeans.UNSPECIFIED)
    evidence = models.CharField(_("evidence"), max_length=300, blank=True)
    reason = models.CharField(
        pgettext_lazy("why a recovery was posted", "reason"), max_length=1000, blank=True, db_default=""
    )
    reversal_of = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="reversal", verbose_name=_("reversal of")
    )
    actor = reference(settings.AUTH_USER_MODEL, _("posted by"))
    import_file = reference("cases.ImportFile", _("imported from"))
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("recovery")
        verbose_name_plural = _("recoveries")
        ordering = ["posted_on", "pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="cases_recovery_not_zero"),
            models.CheckConstraint(
                # an import posts the difference to the amount it finds, which may be a reduction
                condition=Q(amount__gt=0) | Q(reversal_of__isnull=False) | Q(import_file__isnull=False),
                name="cases_recovery_negative_is_a_correction",
            ),
            models.CheckConstraint(
                condition=Q(actor__isnull=False) | Q(import_file__isnull=False),
                name="cases_recovery_has_origin",
            ),
            models.CheckConstraint(
                condition=Q(import_file__isnull=False) | ~Q(evidence="") | ~Q(reason=""),
                name="cases_recovery_has_evidence",
            ),
        ]
        indexes = [
            models.Index(
                fields=["posted_on"], include=["case", "amount", "kind"], name="cases_recovery_posted"
            )
        ]
        triggers = [AppendOnly(), WholeReversal()]

    def __str__(self):
        return f"{self.posted_on} {self.amount}"
