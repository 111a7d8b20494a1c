"""Pledges of merchants at their premises: what is promised, since when, and what was done about it."""

import datetime as dt

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cases.models.fields import AMOUNT, reference
from core.models import TimestampedModel
from core.triggers import AppendOnly
from core.working_days import DAY
from pledges.enums import (
    ENDED,
    NEVER_PUBLISHED,
    PUBLIC,
    EvaluationResult,
    Freight,
    Level,
    Origin,
    PledgeState,
    PledgeVerb,
    Pool,
    PromiseField,
    Stage,
)
from pledges.models.type import PledgeType
from pledges.querysets import OfPledgeQuerySet, PledgeQuerySet, PremisesQuerySet
from registry.models import Merchant


class Premises(TimestampedModel):
    """A merchant at one place, in town or online: the unit that pledges. `agency`: whose register it stands in."""

    merchant = models.ForeignKey(
        Merchant, models.PROTECT, db_index=False, related_name="premises", verbose_name=_("merchant")
    )
    name = models.CharField(_("name of the premises"), max_length=200)
    name_key = models.CharField(max_length=200, editable=False)
    agency = models.ForeignKey(
        "registry.Agency", models.PROTECT, related_name="+", verbose_name=_("kept by"),
    )  # fmt: skip
    region = models.ForeignKey(
        "registry.Region", models.PROTECT, related_name="+", verbose_name=_("district")
    )
    address = models.CharField(_("address"), max_length=300, blank=True)
    platform = reference("registry.Platform", _("platform"))
    link = models.CharField(_("link of the online shop"), max_length=300, blank=True)
    import_file = reference("cases.ImportFile", _("imported from"), editable=False)
    import_line = models.PositiveIntegerField(_("line"), null=True, editable=False)

    objects = PremisesQuerySet.as_manager()

    class Meta:
        verbose_name = _("premises")
        verbose_name_plural = pgettext_lazy("plural", "premises")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "name_key", "region"], name="pledges_premises_once",
                violation_error_message=_("The merchant has premises of this name there already."),
            ),
        ]  # fmt: skip
        indexes = [
            # a case concerns those in its region: a chain has hundreds
            models.Index(fields=["merchant", "region"], name="pledges_premises_of_merchant"),
            GinIndex(OpClass("name", name="gin_trgm_ops"), name="pledges_premises_name_trgm"),
        ]

    def __str__(self):
        return self.name


class Pledge(TimestampedModel):
    """What a merchant promises in public at one of its premises. It binds from its publication to the last day of its
    term (`valid_to`), or until the day before `ended_on`; renewed, it goes on as the same one with a further term. Taken
    up again after an end it is another one, whose `previous` is this. A public promise binds (Regulation implementing
    the Consumer Rights Law, art 12)."""

    premises = models.ForeignKey(Premises, models.PROTECT, related_name="pledges", verbose_name=_("premises"))
    type = models.ForeignKey(PledgeType, models.PROTECT, related_name="pledges", verbose_name=_("type"))
    agency = models.ForeignKey(
        "registry.Agency", models.PROTECT, related_name="+", db_index=False, verbose_name=_("kept by"), editable=False
    )
    state = models.CharField(
        _("state"), max_length=12, choices=PledgeState, default=PledgeState.APPLIED, editable=False
    )
    origin = models.CharField(_("applied for"), max_length=8, choices=Origin, default=Origin.CLERK)
    # of applications made in one: the number of the paper, the same for all premises of a merchant
    application = models.CharField(_("number of the application"), max_length=60, blank=True)
    applied_on = models.DateField(_("applied on"))

    days = models.PositiveSmallIntegerField(_("return days"), null=True, blank=True)
    goods = models.TextField(_("goods covered"), blank=True)
    excluded = models.TextField(_("goods excluded"), blank=True)
    condition = models.TextField(_("condition of the goods"), blank=True)
    proof = models.CharField(_("proof of purchase"), max_length=200, blank=True)
    freight = models.CharField(_("freight paid by"), max_length=8, choices=Freight, blank=True)
    refund_days = models.PositiveSmallIntegerField(_("refund within (days)"), null=True, blank=True)
    cross_store = models.TextField(_("stores that take goods back"), blank=True)
    fund = models.DecimalField(_("advance compensation fund (CNY)"), null=True, blank=True, **AMOUNT)
    statement = models.TextField(pgettext_lazy("of a pledge", "promise"), blank=True)

    published_on = models.DateField(_("published on"), null=True, blank=True, editable=False)
    valid_to = models.DateField(_("last day"), null=True, blank=True, editable=False)
    ended_on = models.DateField(
        _("ended on"), null=True, blank=True, editable=False, help_text=_("First day no longer in force")
    )
    terms = models.PositiveSmallIntegerField(_("continuous terms"), default=0, editable=False)
    plaque = models.CharField(_("number of the plaque"), max_length=40, blank=True, editable=False)
    level = models.PositiveSmallIntegerField(_("level"), choices=Level, default=Level.DISTRICT, editable=False)
    pool = models.CharField(_("pool"), max_length=12, choices=Pool, default=Pool.NONE, editable=False)
    correct_by = models.DateField(_("to be corrected by"), null=True, blank=True, editable=False)
    previous = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="followers", editable=False,
        verbose_name=_("previous pledge"),
    )  # fmt: skip
    waiting_reason = models.CharField(
        _("reason not to wait"), max_length=500, blank=True,
        help_text=_("Why it is taken up again before the waiting time after a revocation is over"),
    )  # fmt: skip

    # of pledges that another system knows: its number there, and the row that it was last brought by
    source = models.CharField(_("source"), max_length=40, blank=True, editable=False)
    external_number = models.CharField(_("number in the source"), max_length=80, blank=True, editable=False)
    import_file = reference("cases.ImportFile", _("imported from"), editable=False)
    import_line = models.PositiveIntegerField(_("line"), null=True, editable=False)

    objects = PledgeQuerySet.as_manager()

    class Meta:
        verbose_name = _("pledge")
        verbose_name_plural = _("pledges")
        ordering = ["-applied_on", "-pk"]
        permissions = [
            ("decide_pledge", _("Can admit, publish, renew, suspend and revoke pledges")),
            ("export_pledge", _("Can export lists of pledges")),
            ("import_pledge", _("Can import files of pledges and of returns")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=NEVER_PUBLISHED, published_on__isnull=True, valid_to__isnull=True, terms=0)
                | Q(state__in=[*PUBLIC, *ENDED], published_on__isnull=False, valid_to__isnull=False, terms__gte=1),
                name="pledges_pledge_published",
                violation_error_message=_("What is or was in force has its publication, its last day and its terms."),
            ),
            models.CheckConstraint(
                condition=(Q(published_on__isnull=True) | Q(published_on__gte=F("applied_on")))
                & (Q(valid_to__isnull=True) | Q(valid_to__gte=F("published_on")))
                & (Q(ended_on__isnull=True) | Q(ended_on__gte=F("published_on"))),
                name="pledges_pledge_order",
                violation_error_message=_("Application, publication and end follow one another."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=[PledgeState.REVOKED, PledgeState.DEREGISTERED], ended_on__isnull=False)
                | ~Q(state__in=[PledgeState.REVOKED, PledgeState.DEREGISTERED]) & Q(ended_on__isnull=True),
                name="pledges_pledge_ended",
                violation_error_message=_("What was revoked or deregistered has the day on which it ended."),
            ),
            models.CheckConstraint(
                condition=Q(days__isnull=True) | Q(days__gte=7), name="pledges_pledge_days",
                violation_error_message=_("Goods are taken back for seven days at least."),
            ),
            models.CheckConstraint(
                condition=Q(fund__isnull=True) | Q(fund__gte=0), name="pledges_pledge_fund",
                violation_error_message=_("A fund is never below zero."),
            ),
            models.CheckConstraint(
                condition=Q(correct_by__isnull=True) | Q(state__in=PUBLIC), name="pledges_pledge_correct_by",
                violation_error_message=_("Only what is in force or suspended is to be corrected."),
            ),
            models.CheckConstraint(
                condition=Q(source="", external_number="", import_file__isnull=True, import_line__isnull=True)
                | ~Q(source="") & ~Q(external_number="") & Q(import_file__isnull=False, import_line__isnull=False),
                name="pledges_pledge_imported",
                violation_error_message=_("An imported pledge has a source, a number there, and its row."),
            ),
            models.UniqueConstraint(
                fields=["source", "external_number"], condition=~Q(source=""), name="pledges_pledge_number",
                violation_error_message=_("There is a pledge of this number from this source already."),
            ),
            models.UniqueConstraint(
                fields=["premises", "type"], condition=Q(state__in=["applied", "admitted"]),
                name="pledges_pledge_one_application",
                violation_error_message=_("There is an application for this type at these premises already."),
            ),
            ExclusionConstraint(
                name="pledges_pledge_one_in_force",
                expressions=[
                    ("premises", RangeOperators.EQUAL),
                    ("type", RangeOperators.EQUAL),
                    (
                        Func(
                            "published_on", Coalesce("ended_on", F("valid_to") + Value(1, models.IntegerField())),
                            function="daterange",
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(published_on__isnull=False),
                violation_error_message=_("A pledge of this type is in force at these premises at that time."),
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["agency", "-applied_on", "-id"], name="pledges_pledge_of_agency"),
            models.Index(fields=["-applied_on", "-id"], name="pledges_pledge_newest"),
            models.Index(fields=["published_on"], name="pledges_pledge_published"),
            models.Index(fields=["ended_on"], condition=Q(ended_on__isnull=False), name="pledges_pledge_ended"),
            # whose term ends next
            models.Index(fields=["valid_to"], condition=Q(state__in=PUBLIC), name="pledges_pledge_expiring"),
            models.Index(
                fields=["state", "-applied_on"], condition=Q(state__in=["applied", "admitted", "suspended"]),
                name="pledges_pledge_in_hand",
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.premises} {self.type}"

    @property
    def is_public(self) -> bool:
        return self.state in PUBLIC

    @property
    def last_on(self) -> dt.date | None:
        """The last day on which it is or was in force; None where there is no such day."""
        if self.ended_on is None:
            return self.valid_to
        return None if self.ended_on == self.published_on else self.ended_on - DAY

    @property
    def promise(self) -> list[tuple[str, str]]:
        """What is promised, part by part, as far as it states anything: label and value in words."""
        parts = []
        for name in PromiseField.values:
            value = getattr(self, name)
            if value not in (None, ""):
                shown = getattr(self, f"get_{name}_display", None)
                parts.append((self._meta.get_field(name).verbose_name, str(shown() if shown else value)))
        return parts


class Opinion(models.Model):
    """What an association, a council or a bureau says about an application. Append-only: a body that thinks otherwise
    gives another, and the last one of a stage counts."""

    pledge = models.ForeignKey(Pledge, models.PROTECT, related_name="opinions", verbose_name=_("pledge"))
    stage = models.CharField(_("stage"), max_length=12, choices=Stage)
    favourable = models.BooleanField(_("in favour"))
    text = models.CharField(_("opinion"), max_length=1000)
    body = models.CharField(_("body"), max_length=120)
    person = models.CharField(_("person"), max_length=60)
    given_on = models.DateField(_("given on"))

    objects = OfPledgeQuerySet.as_manager()

    class Meta:
        verbose_name = _("opinion")
        verbose_name_plural = _("opinions")
        ordering = ["pk"]
        default_permissions = ("view",)
        triggers = [AppendOnly()]

    def __str__(self):
        return f"{self.body} {self.given_on}"


class Suspension(models.Model):
    """Days on which a pledge that stands does not bind: from `since` to the day before `until`."""

    pledge = models.ForeignKey(Pledge, models.PROTECT, related_name="suspensions", verbose_name=_("pledge"))
    since = models.DateField(_("since"))
    until = models.DateField(_("until"), null=True, blank=True, help_text=_("First day in force again"))
    reason = models.CharField(_("reason"), max_length=500)

    objects = OfPledgeQuerySet.as_manager()

    class Meta:
        verbose_name = _("suspension")
        verbose_name_plural = _("suspensions")
        ordering = ["since", "pk"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")), name="pledges_suspension_period",
                violation_error_message=_("A suspension does not end before it begins."),
            ),
            ExclusionConstraint(
                name="pledges_suspension_once",
                expressions=[
                    ("pledge", RangeOperators.EQUAL),
                    (Func("since", "until", function="daterange"), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("The pledge is suspended at that time already."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.pledge} {self.since}"


class Evaluation(models.Model):
    """The yearly evaluation of a pledge, once a year."""

    pledge = models.ForeignKey(Pledge, models.PROTECT, related_name="evaluations", verbose_name=_("pledge"))
    year = models.PositiveSmallIntegerField(_("year"))
    result = models.CharField(_("result"), max_length=10, choices=EvaluationResult)
    text = models.CharField(_("findings"), max_length=1000, blank=True)
    evaluated_on = models.DateField(_("evaluated on"))

    objects = OfPledgeQuerySet.as_manager()

    class Meta:
        verbose_name = _("evaluation")
        verbose_name_plural = _("evaluations")
        ordering = ["-year", "pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["pledge", "year"], name="pledges_evaluation_yearly",
                violation_error_message=_("The pledge has been evaluated for that year."),
            )
        ]  # fmt: skip

    def __str__(self):
        return f"{self.pledge} {self.year}"


class PledgeEvent(models.Model):
    """What was done to a pledge: verb, state before and after, who, when; nobody where its term ran out. Its data have
    the local day from which it holds (`on`) and the last day that the pledge then has (`valid_to`): from these alone it
    can be told on which days it was in force. Append-only."""

    pledge = models.ForeignKey(Pledge, models.PROTECT, related_name="events", verbose_name=_("pledge"))
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

    objects = OfPledgeQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("event", "act on a pledge")
        verbose_name_plural = pgettext_lazy("event", "acts on pledges")
        ordering = ["at", "pk"]
        default_permissions = ("view",)
        triggers = [AppendOnly()]
        indexes = [
            # the renewals of a period, by the day that they bear
            models.Index(
                KeyTransform("on", "data"), condition=Q(verb=PledgeVerb.RENEW), name="pledges_event_renewed"
            ),
        ]

    def __str__(self):
        return f"{self.pledge} {self.verb}"

    @property
    def label(self) -> str:
        return str(PledgeVerb(self.verb).label)
