"""Complaints that fall under a pledge: suspected breaches, what people decided of them, and what followed."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.triggers import AppendOnly
from pledges.enums import ESTABLISHED, MAY_BE_CORRECTED, BreachState, BreachVerb
from pledges.models.pledge import Pledge
from pledges.querysets import BreachQuerySet, OfBreachQuerySet


class Breach(models.Model):
    """A complaint about what a merchant had promised in a pledge that bound on the day of the dispute, or else of the
    receipt (`counts_on`). Such a promise is a part of the contract (Regulation implementing the Consumer Rights Law,
    art 12).

    `evidence` says in codes, without anything about people, how it was found: see pledges.domain.suspicion. As long as
    nobody has decided it follows the case: `matches` is false once the case no longer falls under the promise. Whether
    the promise was broken is decided by people alone.
    """

    case = models.ForeignKey(
        "cases.Case", models.PROTECT, db_index=False, related_name="breaches", verbose_name=_("case")
    )
    pledge = models.ForeignKey(Pledge, models.PROTECT, related_name="breaches", verbose_name=_("pledge"))
    state = models.CharField(
        _("state"), max_length=12, choices=BreachState, default=BreachState.SUSPECTED, editable=False
    )
    counts_on = models.DateField(_("day of the dispute or receipt"), editable=False)
    evidence = models.JSONField(_("evidence"), default=dict, editable=False)
    matches = models.BooleanField(_("falls under the promise"), default=True, editable=False)
    found_at = models.DateTimeField(_("found at"), editable=False)
    decided_at = models.DateTimeField(pgettext_lazy("a breach", "decided at"), null=True, blank=True, editable=False)
    due_on = models.DateField(_("to be corrected by"), null=True, blank=True, editable=False)
    documents = models.ManyToManyField("cases.Document", related_name="+", blank=True, editable=False)

    objects = BreachQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("of a pledge", "breach")
        verbose_name_plural = pgettext_lazy("of pledges", "breaches")
        ordering = ["-found_at", "-pk"]
        default_permissions = ("view", "change")
        constraints = [
            models.UniqueConstraint(
                fields=["case", "pledge"], name="pledges_breach_once",
                violation_error_message=_("This complaint stands against this pledge already."),
            ),
            models.CheckConstraint(
                condition=Q(state=BreachState.SUSPECTED, decided_at__isnull=True)
                | ~Q(state=BreachState.SUSPECTED) & Q(decided_at__isnull=False),
                name="pledges_breach_decided",
                violation_error_message=_("What was decided has the time of it, and a suspicion has none."),
            ),
            models.CheckConstraint(
                condition=~Q(state=BreachState.CORRECTING) & Q(due_on__isnull=True)
                | Q(state__in=MAY_BE_CORRECTED, due_on__isnull=False),
                name="pledges_breach_correction",
                violation_error_message=_("A correction has its last day, and nothing else has."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=BreachState.values), name="pledges_breach_state_known",
                violation_error_message=_("There is no such state."),
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["-found_at", "-id"], name="pledges_breach_newest"),
            models.Index(
                fields=["-found_at", "-id"], condition=Q(state="suspected", matches=True), name="pledges_breach_to_decide"
            ),
            # the cases of a figure of confirmed breaches
            models.Index(
                fields=["decided_at", "case"], condition=Q(state__in=ESTABLISHED), name="pledges_breach_established"
            ),
            # the cases of a figure of suspected breaches
            models.Index(
                fields=["case"], condition=Q(matches=True) | ~Q(state="suspected"), name="pledges_breach_counted"
            ),
            # the last days of corrections
            models.Index(fields=["due_on"], condition=Q(state="correcting"), name="pledges_breach_due"),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.case.number} {self.pledge}"


class BreachEvent(models.Model):
    """What happened to a breach: verb, state before and after, who, when; nobody where it was found, or its evidence
    changed, by itself. An act on the pledge is named by its event there (`pledge_event` in the data). Append-only."""

    breach = models.ForeignKey(Breach, models.PROTECT, related_name="events", verbose_name=_("breach"))
    verb = models.CharField(_("act"), max_length=16)
    before = models.CharField(_("state before"), max_length=12, blank=True)
    after = models.CharField(_("state after"), max_length=12, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, db_index=False, related_name="+",
        verbose_name=_("by"),
    )  # fmt: skip
    at = models.DateTimeField(_("time"))
    note = models.CharField(_("note"), max_length=1000, blank=True)
    data = models.JSONField(_("details"), default=dict, blank=True)

    objects = OfBreachQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("event", "act on a breach")
        verbose_name_plural = pgettext_lazy("event", "acts on breaches")
        ordering = ["at", "pk"]
        default_permissions = ("view",)
        triggers = [AppendOnly()]

    def __str__(self):
        return f"{self.breach_id} {self.verb}"

    @property
    def label(self) -> str:
        return str(BreachVerb(self.verb).label)
