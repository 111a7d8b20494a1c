"""The returns ledger: what stores took back under their return pledges, month by month."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.models.fields import AMOUNT, reference
from core.models import TimestampedModel
from core.triggers import AppendOnly
from pledges.models.pledge import Premises
from pledges.querysets import OfEntryQuerySet, ReturnEntryQuerySet


class ReturnEntry(TimestampedModel):
    """How often one of a merchant's premises took goods back in a month, and for how much (CNY). `month`: its first day.
    Entered here by a person (`entered_by`) or brought by a file; what it said before stands in its changes."""

    premises = models.ForeignKey(Premises, models.PROTECT, related_name="returns", verbose_name=_("premises"))
    month = models.DateField(_("month"))
    count = models.PositiveIntegerField(_("returns"))
    amount = models.DecimalField(_("amount paid back (CNY)"), **AMOUNT)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, db_index=False, related_name="+",
        editable=False, verbose_name=_("entered by"),
    )  # fmt: skip
    import_file = reference("cases.ImportFile", _("imported from"), editable=False)
    import_line = models.PositiveIntegerField(_("line"), null=True, editable=False)

    objects = ReturnEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("returns of a month")
        verbose_name_plural = _("returns by month")
        ordering = ["-month", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["premises", "month"], name="pledges_return_monthly",
                violation_error_message=_("The returns of these premises in that month are entered already."),
            ),
            models.CheckConstraint(
                condition=Q(month__day=1), name="pledges_return_month",
                violation_error_message=_("A month is given by its first day."),
            ),
            models.CheckConstraint(
                condition=Q(count=0, amount=0) | Q(count__gt=0, amount__gte=0), name="pledges_return_amount",
                violation_error_message=_("An amount is never below zero, and zero where nothing was taken back."),
            ),
            models.CheckConstraint(
                condition=Q(entered_by__isnull=False, import_file__isnull=True, import_line__isnull=True)
                | Q(entered_by__isnull=True, import_file__isnull=False, import_line__isnull=False),
                name="pledges_return_origin",
                violation_error_message=_("An entry is made by a person or by a row of a file."),
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["-month", "-id"], name="pledges_return_newest")]

    def __str__(self):
        return f"{self.premises} {self.month:%Y-%m}"


class ReturnChange(models.Model):
    """What an entry said before and after it was corrected: by a person for a reason, or by a row of a later file.
    Append-only."""

    entry = models.ForeignKey(ReturnEntry, models.PROTECT, related_name="changes", verbose_name=_("entry"))
    count_before = models.PositiveIntegerField(_("returns before"))
    amount_before = models.DecimalField(_("amount before (CNY)"), **AMOUNT)
    count = models.PositiveIntegerField(_("returns"))
    amount = models.DecimalField(_("amount paid back (CNY)"), **AMOUNT)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("time"))
    import_file = reference("cases.ImportFile", _("imported from"))
    import_line = models.PositiveIntegerField(_("line"), null=True, blank=True)

    objects = OfEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("correction of returns")
        verbose_name_plural = _("corrections of returns")
        ordering = ["at", "pk"]
        default_permissions = ("view",)
        triggers = [AppendOnly()]
        constraints = [
            models.CheckConstraint(
                condition=~Q(reason="") & Q(import_file__isnull=True, import_line__isnull=True)
                | Q(reason="", import_file__isnull=False, import_line__isnull=False),
                name="pledges_return_change_why",
                violation_error_message=_("A correction has a reason, or is that of a file."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.entry} {self.at:%Y-%m-%d}"
