"""Statutory terms: the rules as dated data, and the clocks of cases."""

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cases.enums import ClockReason, PauseReason, Roll, Side, TermUnit
from cases.models.case import Case
from cases.querysets import ClockQuerySet, ScopedQuerySet
from core.triggers import AppendOnly
from registry.models import ReferenceModel
from registry.querysets import DatedQuerySet

UNKNOWN_END = dt.date.max


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
    pauses = models.BooleanField(
        _("testing excluded"), default=False, help_text=_("The time of appraisal and testing does not count")
    )
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
    roll, `due_on` the legal one. `provisional`: the calendar of the due date's year was not known. `side`: for whom a
    notice is due, where each side has a clock. While the term stands still since `paused_on`, no end is known, and
    both ends are UNKNOWN_END: in no period, and never overdue."""

    case = models.ForeignKey(
        Case, models.PROTECT, db_index=False, related_name="clocks", verbose_name=_("case")
    )  # found by the unique index
    rule = models.ForeignKey(
        ClockRule, models.PROTECT, db_index=False, related_name="clocks", verbose_name=_("rule")
    )
    side = models.CharField(_("side"), max_length=12, choices=Side, default="", db_default="", blank=True)
    started_on = models.DateField(_("started on"))
    safe_on = models.DateField(_("safe until"))
    due_on = models.DateField(_("due on"))
    stopped_on = models.DateField(_("stopped on"), null=True, blank=True)
    paused_on = models.DateField(_("paused on"), null=True, blank=True)
    provisional = models.BooleanField(_("provisional"), default=False)

    objects = ClockQuerySet.as_manager()

    class Meta:
        verbose_name = _("clock")
        verbose_name_plural = _("clocks")
        ordering = ["due_on", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["case", "rule", "side"], name="cases_clock_once"),
            models.CheckConstraint(
                condition=Q(paused_on__isnull=True, due_on__lt=UNKNOWN_END)
                | Q(paused_on__isnull=False, due_on=UNKNOWN_END, safe_on=UNKNOWN_END),
                name="cases_clock_paused_has_no_end",
            ),
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
            # the most urgent first, and whether a case has one that is more urgent
            models.Index(
                fields=["due_on"],
                include=["case", "id"],
                condition=Q(stopped_on__isnull=True),
                name="cases_clock_running",
            ),
            models.Index(
                fields=["case", "due_on", "id"], condition=Q(stopped_on__isnull=True), name="cases_clock_next"
            ),
        ]

    def __str__(self):
        return f"{self.rule.code} {self.due_on}"


class ClockPause(models.Model):
    """A time that does not count for the terms of a case whose rules exclude it: from `started_on`, the first day that
    does not count, until `ended_on`, the first day that counts again. `document`: what orders it."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="pauses", verbose_name=_("case"))
    reason = models.CharField(_("reason"), max_length=16, choices=PauseReason)
    started_on = models.DateField(_("started on"))
    ended_on = models.DateField(_("ended on"), null=True, blank=True)
    document = models.CharField(pgettext_lazy("paper that orders a pause", "document"), max_length=200)
    note = models.CharField(_("note"), max_length=1000, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by")
    )
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("ended by")
    )
    created_at = models.DateTimeField(_("created at"))

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("pause")
        verbose_name_plural = _("pauses")
        ordering = ["started_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(ended_on__isnull=True), name="cases_clockpause_one_open"
            ),
            models.CheckConstraint(
                condition=Q(ended_on__isnull=True, ended_by__isnull=True)
                | Q(ended_on__gte=F("started_on"), ended_by__isnull=False),
                name="cases_clockpause_end",
            ),
            models.CheckConstraint(condition=~Q(document=""), name="cases_clockpause_has_document"),
        ]

    def __str__(self):
        return f"{self.get_reason_display()} {self.started_on}"


class Extension(models.Model):
    """A longer term, asked for by one person and decided by another (penalty procedure art 18). It lengthens the run of
    the term that began on `started_on`: one that has been started anew may be extended again."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="extensions", verbose_name=_("case"))
    code = models.CharField(_("term"), max_length=40)
    started_on = models.DateField(_("started on"))
    reason = models.CharField(_("reason"), max_length=1000)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("asked for by")
    )
    asked_at = models.DateTimeField(_("asked at"))
    granted = models.BooleanField(_("granted"), null=True)
    decision = models.CharField(_("reason of the decision"), max_length=1000, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided at"), null=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("extension")
        verbose_name_plural = _("extensions")
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "code"], condition=Q(granted__isnull=True), name="cases_extension_one_asked"
            ),
            models.UniqueConstraint(
                fields=["case", "code", "started_on"], condition=Q(granted=True), name="cases_extension_granted_once"
            ),
            models.CheckConstraint(
                condition=Q(granted__isnull=True, decided_by__isnull=True, decided_at__isnull=True)
                | Q(granted__isnull=False, decided_by__isnull=False, decided_at__isnull=False),
                name="cases_extension_decided",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("asked_by")),
                name="cases_extension_two_people",
            ),
        ]

    def __str__(self):
        return f"{self.case} {self.code}"


class ClockChange(models.Model):
    """Why a term of a case ends on another day than before; an end that is not known is empty. Append-only."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="clock_changes", verbose_name=_("case"))
    rule = models.ForeignKey(
        ClockRule, models.PROTECT, db_index=False, related_name="+", verbose_name=_("rule")
    )
    side = models.CharField(_("side"), max_length=12, choices=Side, blank=True)
    why = models.CharField(_("why"), max_length=12, choices=ClockReason)
    before_on = models.DateField(_("due before"), null=True)
    after_on = models.DateField(_("due after"), null=True)
    at = models.DateTimeField(_("time"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by")
    )
    note = models.CharField(_("note"), max_length=1000, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of a term")
        verbose_name_plural = _("changes of terms")
        ordering = ["at", "pk"]
        triggers = [AppendOnly()]

    def __str__(self):
        return f"{self.case} {self.before_on} → {self.after_on}"
