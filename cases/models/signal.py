"""Signs that someone may not be a consumer, or writes again: their measures as dated data, and what was decided."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length, Trim
from django.db.models.lookups import GreaterThanOrEqual
from django.utils.translation import gettext_lazy as _

from cases.enums import TEXT_SIGNALS, SignalCode, SignalFinding
from cases.models.case import Case
from cases.querysets import ScopedQuerySet
from core.triggers import AppendOnly
from registry.models import ReferenceModel
from registry.querysets import DatedQuerySet

MIN_DECISION = 10  # characters of its reason


class SignalRule(ReferenceModel):
    """From when on a sign is shown as a signal (Order 121 art 17, which cities may refine). The date of receipt picks
    the version. `window_days`: how far before and after the case others count; `at_least`: how many there must be;
    `overlap`: how many per cent of their pairs of characters two texts must have in common."""

    code = models.CharField(_("code"), max_length=20, choices=SignalCode)
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(
        _("valid to"), null=True, blank=True, help_text=_("First day no longer valid")
    )
    window_days = models.PositiveSmallIntegerField(
        _("days before and after"), validators=[MinValueValidator(1), MaxValueValidator(1100)]
    )
    at_least = models.PositiveSmallIntegerField(
        _("shown from"),
        default=1,
        help_text=_("Number of other cases, of persons or, for the month, of all cases of the person"),
    )
    overlap = models.PositiveSmallIntegerField(_("overlap of the texts (%)"), null=True, blank=True)
    explanation = models.CharField(_("explanation"), max_length=300)
    explanation_en = models.CharField(_("explanation (English)"), max_length=500)
    basis = models.CharField(_("legal basis"), max_length=200)
    basis_en = models.CharField(_("legal basis (English)"), max_length=240)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    objects = DatedQuerySet.as_manager()

    class Meta:
        verbose_name = _("signal rule")
        verbose_name_plural = _("signal rules")
        ordering = ["position", "code", "valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["code", "valid_from"], name="cases_signal_rule_once"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
                name="cases_signal_rule_period",
                violation_error_message=_("The end of validity must come after its start."),
            ),
            models.CheckConstraint(
                condition=Q(window_days__gte=1, at_least__gte=1),
                name="cases_signal_rule_measures",
                violation_error_message=_("Days and number must be at least 1."),
            ),
            models.CheckConstraint(
                # below one half, texts have in common what all complaints have
                condition=Q(code__in=TEXT_SIGNALS, overlap__isnull=False, overlap__gte=50, overlap__lte=100)
                | (~Q(code__in=TEXT_SIGNALS) & Q(overlap__isnull=True)),
                name="cases_signal_rule_overlap",
                violation_error_message=_(
                    "Signals of like texts need an overlap from 50 to 100 per cent; others have none."
                ),
            ),
        ]

    @property
    def share(self) -> float | None:
        """The overlap as a fraction."""
        return None if self.overlap is None else self.overlap / 100


class SignalDecision(models.Model):
    """What someone concluded from the signals of a case, and why. `seen`: the signals that he had before him, each with
    its code, the numbers of its cases and how many more there were outside his scope. A later decision stands beside
    an earlier one. Append-only."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="signal_decisions", verbose_name=_("case"))
    decision = models.CharField(_("decision"), max_length=16, choices=SignalFinding)
    reason = models.CharField(_("reason"), max_length=1000)
    seen = models.JSONField(_("signals seen"), default=list, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("time"))

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("decision on signals")
        verbose_name_plural = _("decisions on signals")
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(decision__in=SignalFinding.values), name="cases_signaldecision_known"
            ),
            models.CheckConstraint(
                condition=GreaterThanOrEqual(Length(Trim("reason")), MIN_DECISION),
                name="cases_signaldecision_has_reason",
            ),
        ]
        triggers = [AppendOnly()]

    def __str__(self):
        return f"{self.case} {self.get_decision_display()}"
