"""Statutory terms: the rules as dated data, and the clocks of cases."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cases.enums import Roll, TermUnit
from cases.models.case import Case
from cases.querysets import ClockQuerySet
from registry.models import ReferenceModel
from registry.querysets import DatedQuerySet


class ClockRule(ReferenceModel):
    """A statutory term in force from one date to another; the date of receipt picks the version."""

    code = models.CharField(_("code"), max_length=40)
    regime = models.CharField(_("regime"), max_length=20)
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(
        _("valid to"), null=True, blank=True, help_text=_("First day no longer valid")
    )
    length = models.PositiveSmallIntegerField(_("length"))
    unit = models.CharField(_("unit"), max_length=8, choices=TermUnit)
    roll = models.CharField(_("last day rolls"), max_length=10, choices=Roll, default=Roll.REST_DAYS)
    starts = models.CharField(_("starts with"), max_length=120)
    starts_en = models.CharField(_("starts with (English)"), max_length=160)
    basis = models.CharField(_("legal basis"), max_length=200)
    basis_en = models.CharField(_("legal basis (English)"), max_length=240)

    objects = DatedQuerySet.as_manager()

    class Meta:
        verbose_name = _("clock rule")
        verbose_name_plural = _("clock rules")
        ordering = ["code", "valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["code", "valid_from"], name="cases_clock_rule_once"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
                name="cases_clock_rule_period",
                violation_error_message=_("The end of validity must come after its start."),
            ),
        ]


class Clock(models.Model):
    """One statutory term of one case. The day of the start does not count; `safe_on` is the last day before any
    roll, `due_on` the legal one. `provisional`: the calendar of the due date's year was not known."""

    case = models.ForeignKey(
        Case, models.PROTECT, db_index=False, related_name="clocks", verbose_name=_("case")
    )  # found by the unique index
    rule = models.ForeignKey(
        ClockRule, models.PROTECT, db_index=False, related_name="clocks", verbose_name=_("rule")
    )
    started_on = models.DateField(_("started on"))
    safe_on = models.DateField(_("safe until"))
    due_on = models.DateField(_("due on"))
    stopped_on = models.DateField(_("stopped on"), null=True, blank=True)
    provisional = models.BooleanField(_("provisional"), default=False)

    objects = ClockQuerySet.as_manager()

    class Meta:
        verbose_name = _("clock")
        verbose_name_plural = _("clocks")
        ordering = ["due_on", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["case", "rule"], name="cases_clock_once"),
            models.CheckConstraint(
                condition=Q(due_on__gte=F("safe_on"), safe_on__gte=F("started_on")), name="cases_clock_order"
            ),
            models.CheckConstraint(
                condition=Q(stopped_on__isnull=True) | Q(stopped_on__gte=F("started_on")),
                name="cases_clock_stop_after_start",
            ),
        ]
        indexes = [
            models.Index(
                fields=["rule", "due_on"],
                include=["stopped_on", "case", "provisional"],
                name="cases_clock_due",
            ),
            # still running, or stopped too late: few of all, and all that "overdue" asks for
            models.Index(
                fields=["due_on"],
                include=["case", "stopped_on", "rule"],
                condition=Q(stopped_on__isnull=True) | Q(stopped_on__gt=F("due_on")),
                name="cases_clock_late",
            ),
        ]

    def __str__(self):
        return f"{self.rule.code} {self.due_on}"
