"""Inspections of premises that have pledged: what is asked there, what was planned, and what was found."""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.filetypes import NAME_LENGTH
from core.language import in_language
from core.models import TimestampedModel
from core.triggers import AppendOnly, Refuse
from core.vault import NAME_LENGTH as STORED_NAME_LENGTH
from pledges.enums import SEEN, ChecklistHead, FindingResult, InspectionMode, InspectionState, InspectionVerb
from pledges.models.pledge import Pledge, Premises
from pledges.models.type import PledgeType
from pledges.querysets import InspectionQuerySet, OfAgencyQuerySet, OfInspectionQuerySet, PledgeTypeQuerySet
from registry.models import ReferenceModel


class ChecklistItem(ReferenceModel):
    """One question that an inspection of a type of pledge answers. `critical`: where it is not in order, a correction of
    the pledge is proposed."""

    type = models.ForeignKey(
        PledgeType, models.PROTECT, related_name="checklist", verbose_name=_("type of pledge")
    )
    code = models.CharField(_("code"), max_length=64, unique=True)
    head = models.CharField(_("head"), max_length=12, choices=ChecklistHead)
    help = models.CharField(_("what to look at"), max_length=300, blank=True)
    help_en = models.CharField(_("what to look at, in English"), max_length=400, blank=True)
    weight = models.PositiveSmallIntegerField(_("weight"), default=1)
    critical = models.BooleanField(_("critical"), default=False)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_to = models.DateField(_("valid to"), null=True, blank=True, help_text=_("First day no longer valid"))

    objects = PledgeTypeQuerySet.as_manager()

    class Meta:
        verbose_name = _("item of a checklist")
        verbose_name_plural = _("items of checklists")
        ordering = ["type", "position", "code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_from__isnull=True) | Q(valid_to__gt=F("valid_from")),
                name="pledges_checklist_period",
                violation_error_message=_("The end of validity must come after its start."),
            ),
            models.CheckConstraint(
                condition=Q(weight__gte=1), name="pledges_checklist_weight",
                violation_error_message=_("The weight is 1 at least."),
            ),
        ]  # fmt: skip

    @property
    def hint(self) -> str:
        return in_language(self.help, self.help_en)


class InspectionPlan(TimestampedModel):
    """How much an agency means to inspect from `starts_on` to `ends_on`. `types`: codes of pledge types, empty: any."""

    name = models.CharField(_("name"), max_length=120)
    agency = models.ForeignKey("registry.Agency", models.PROTECT, related_name="+", verbose_name=_("agency"))
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("last day"))
    types = ArrayField(
        models.CharField(max_length=32), default=list, blank=True, verbose_name=_("types of pledges"),
        help_text=_("None chosen: any type"),
    )  # fmt: skip
    visits = models.PositiveIntegerField(_("number of visits"))
    undercover = models.PositiveSmallIntegerField(
        _("share undercover (%)"), default=0, help_text=_("Of the visits, how many per cent at least")
    )

    objects = OfAgencyQuerySet.as_manager()

    class Meta:
        verbose_name = _("inspection plan")
        verbose_name_plural = _("inspection plans")
        ordering = ["-starts_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="pledges_plan_period",
                violation_error_message=_("The last day does not lie before the first one."),
            ),
            models.CheckConstraint(
                condition=Q(visits__gte=1), name="pledges_plan_visits",
                violation_error_message=_("A plan has one visit at least."),
            ),
            models.CheckConstraint(
                condition=Q(undercover__lte=100), name="pledges_plan_undercover",
                violation_error_message=_("A share is 100 per cent at most."),
            ),
            models.UniqueConstraint(
                fields=["agency", "name"], name="pledges_plan_once",
                violation_error_message=_("The agency has a plan of this name already."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.name


class Inspection(TimestampedModel):
    """One visit to premises, open or undercover, by the checklist of a type of pledge. What is not in order can be
    corrected until `correct_by`; another inspection that looks at it again names this one (`follows`)."""

    plan = models.ForeignKey(
        InspectionPlan, models.PROTECT, null=True, blank=True, related_name="inspections", verbose_name=_("plan")
    )
    premises = models.ForeignKey(
        Premises, models.PROTECT, related_name="inspections", verbose_name=_("premises")
    )
    pledge = models.ForeignKey(
        Pledge, models.PROTECT, null=True, blank=True, related_name="inspections", verbose_name=_("pledge")
    )
    type = models.ForeignKey(
        PledgeType, models.PROTECT, related_name="+", verbose_name=_("checklist of"), db_index=False
    )
    follows = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, editable=False, related_name="followers",
        verbose_name=_("inspects again"),
    )  # fmt: skip
    mode = models.CharField(_("mode"), max_length=10, choices=InspectionMode, default=InspectionMode.OPEN)
    state = models.CharField(
        _("state"), max_length=10, choices=InspectionState, default=InspectionState.PLANNED, editable=False
    )
    planned_on = models.DateField(_("planned on"))
    visited_on = models.DateField(_("visited on"), null=True, blank=True, editable=False)
    inspectors = models.CharField(_("inspectors"), max_length=200, blank=True)
    summary = models.TextField(_("summary"), blank=True, editable=False)
    correct_by = models.DateField(_("to be corrected by"), null=True, blank=True, editable=False)
    corrected_on = models.DateField(_("corrected on"), null=True, blank=True, editable=False)
    ended_at = models.DateTimeField(pgettext_lazy("pledges", "ended at"), null=True, blank=True, editable=False)

    objects = InspectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("inspection")
        verbose_name_plural = _("inspections")
        ordering = ["-planned_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=SEEN, visited_on__isnull=False)
                | ~Q(state__in=SEEN) & Q(visited_on__isnull=True),
                name="pledges_inspection_visited",
                violation_error_message=_("Whatever was visited has its day, and nothing else has."),
            ),
            models.CheckConstraint(
                condition=~Q(state=InspectionState.CORRECTING) | Q(correct_by__isnull=False),
                name="pledges_inspection_correcting",
                violation_error_message=_("What is being corrected has a last day."),
            ),
            models.CheckConstraint(
                condition=Q(correct_by__isnull=True) | Q(correct_by__gte=F("visited_on")),
                name="pledges_inspection_correct_by",
                violation_error_message=_("A correction is due after the visit."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=["closed", "cancelled"], ended_at__isnull=False)
                | ~Q(state__in=["closed", "cancelled"]) & Q(ended_at__isnull=True),
                name="pledges_inspection_ended",
                violation_error_message=_("What is closed or cancelled has the time of that."),
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["-planned_on", "-id"], name="pledges_inspection_newest"),
            models.Index(
                fields=["correct_by"], condition=Q(state="correcting"), name="pledges_inspection_late"
            ),
        ]

    def __str__(self):
        return f"{self.premises} {self.visited_on or self.planned_on}"


class Finding(models.Model):
    """What an inspection found on one item of the checklist."""

    inspection = models.ForeignKey(
        Inspection, models.PROTECT, related_name="findings", verbose_name=_("inspection")
    )
    item = models.ForeignKey(ChecklistItem, models.PROTECT, related_name="+", verbose_name=_("item"))
    result = models.CharField(_("result"), max_length=14, choices=FindingResult)
    note = models.CharField(_("note"), max_length=500, blank=True)

    objects = OfInspectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("finding")
        verbose_name_plural = _("findings")
        ordering = ["item__position", "item__code"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["inspection", "item"], name="pledges_finding_once",
                violation_error_message=_("This item stands in the inspection already."),
            )
        ]  # fmt: skip

    def __str__(self):
        return f"{self.item} {self.get_result_display()}"


class InspectionPhoto(models.Model):
    """A picture of an inspection, stored encrypted (core.vault) and bound to this row. What was added stays; a wrong one
    is withdrawn with a reason. The content type was found in the content."""

    inspection = models.ForeignKey(Inspection, models.PROTECT, related_name="photos", verbose_name=_("inspection"))
    name = models.CharField(_("file name"), max_length=NAME_LENGTH)
    content_type = models.CharField(_("content type"), max_length=80)
    size = models.PositiveIntegerField(_("size"))
    sha256 = models.CharField("SHA-256", max_length=64, editable=False)
    file = models.CharField(max_length=STORED_NAME_LENGTH, unique=True, editable=False)
    note = models.CharField(_("note"), max_length=300, blank=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("added by")
    )
    added_at = models.DateTimeField(_("added at"))
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("withdrawn by"),
    )  # fmt: skip
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)
    withdrawal_reason = models.CharField(_("reason for the withdrawal"), max_length=300, blank=True)

    objects = OfInspectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("photo")
        verbose_name_plural = _("photos")
        ordering = ["added_at", "pk"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=Q(withdrawn_by__isnull=True, withdrawn_at__isnull=True, withdrawal_reason="")
                | (Q(withdrawn_by__isnull=False, withdrawn_at__isnull=False) & ~Q(withdrawal_reason="")),
                name="pledges_photo_withdrawal",
                violation_error_message=_("A withdrawal has a person, a time and a reason."),
            ),
            models.CheckConstraint(
                condition=Q(size__gt=0), name="pledges_photo_not_empty",
                violation_error_message=_("The file is empty."),
            ),
        ]  # fmt: skip
        triggers = [
            Refuse(name="never_deleted", operation=pgtrigger.Delete | pgtrigger.Truncate),
            Refuse(
                name="withdrawn_only",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(exclude=["withdrawn_by", "withdrawn_at", "withdrawal_reason"]),
            ),
            Refuse(
                name="withdrawn_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__withdrawn_at__isnull=False),
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def is_withdrawn(self) -> bool:
        return self.withdrawn_at is not None


class InspectionEvent(models.Model):
    """What was done to an inspection: verb, state before and after, who, when. Append-only."""

    inspection = models.ForeignKey(
        Inspection, models.PROTECT, related_name="events", verbose_name=_("inspection")
    )
    verb = models.CharField(_("act"), max_length=16)
    before = models.CharField(_("state before"), max_length=10, blank=True)
    after = models.CharField(_("state after"), max_length=10, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, db_index=False, related_name="+",
        verbose_name=_("by"),
    )  # fmt: skip
    at = models.DateTimeField(_("time"))
    note = models.CharField(_("note"), max_length=1000, blank=True)
    data = models.JSONField(_("details"), default=dict, blank=True)

    objects = OfInspectionQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("event", "act on an inspection")
        verbose_name_plural = pgettext_lazy("event", "acts on inspections")
        ordering = ["at", "pk"]
        default_permissions = ("view",)
        triggers = [AppendOnly()]

    def __str__(self):
        return f"{self.inspection} {self.verb}"

    @property
    def label(self) -> str:
        return str(InspectionVerb(self.verb).label)
