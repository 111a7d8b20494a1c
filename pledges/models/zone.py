"""Zones in which many merchants pledge, and the workstations where consumers are helped on the spot."""

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cases.models.fields import reference
from core.models import TimestampedModel
from pledges.enums import WorkstationKind, ZoneKind
from pledges.models.pledge import Premises
from pledges.querysets import MembershipQuerySet, WorkstationItemQuerySet, WorkstationQuerySet, ZoneQuerySet

RESULT_LENGTH = 500


class Zone(TimestampedModel):
    """A street block, mall, station, scenic area, demonstration area or village that is looked after as one. `agency`:
    whose register it stands in; `closed_on` is the first day on which it is a zone no more."""

    kind = models.CharField(_("kind"), max_length=14, choices=ZoneKind)
    name = models.CharField(_("name"), max_length=200)
    agency = models.ForeignKey("registry.Agency", models.PROTECT, related_name="+", verbose_name=_("kept by"))
    region = models.ForeignKey("registry.Region", models.PROTECT, related_name="+", verbose_name=_("district"))
    operator = models.ForeignKey(
        "registry.Merchant", models.PROTECT, null=True, blank=True, related_name="zones", verbose_name=_("operator"),
        help_text=_("Who runs the place, such as the company of the mall"),
    )  # fmt: skip
    address = models.CharField(_("address"), max_length=300, blank=True)
    opened_on = models.DateField(_("zone since"))
    closed_on = models.DateField(
        pgettext_lazy("pledges", "closed on"), null=True, blank=True,
        help_text=_("First day on which it is a zone no more"),
    )

    objects = ZoneQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("pledges", "zone")
        verbose_name_plural = pgettext_lazy("pledges", "zones")
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_on__isnull=True) | Q(closed_on__gt=F("opened_on")), name="pledges_zone_period",
                violation_error_message=_("A zone closes after it has opened."),
            ),
            models.UniqueConstraint(
                fields=["region", "name"], name="pledges_zone_once",
                violation_error_message=_("There is a zone of this name in the district already."),
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["agency", "name", "id"], name="pledges_zone_of_agency")]

    def __str__(self):
        return self.name


class ZoneMembership(models.Model):
    """Premises in a zone, from `since` to the day before `until`: that is the day on which they left (`left_on`) or the
    zone closed, whichever came first. They may be in several zones at a time, such as a mall and its street block."""

    zone = models.ForeignKey(
        Zone, models.PROTECT, related_name="memberships", verbose_name=pgettext_lazy("pledges", "zone")
    )
    premises = models.ForeignKey(
        Premises, models.PROTECT, related_name="memberships", verbose_name=_("premises")
    )
    since = models.DateField(_("member since"))
    until = models.DateField(_("until"), null=True, blank=True, help_text=_("First day no longer a member"))
    left_on = models.DateField(null=True, editable=False)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, editable=False, db_index=False, related_name="+",
        verbose_name=_("added by"),
    )  # fmt: skip
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, db_index=False, related_name="+",
        verbose_name=pgettext_lazy("a membership", "ended by"),
    )  # fmt: skip

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("member of a zone")
        verbose_name_plural = _("members of zones")
        ordering = ["-since", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(until__isnull=True, ended_by__isnull=True)
                | Q(until__gt=F("since"), ended_by__isnull=False),
                name="pledges_membership_period",
                violation_error_message=_("A membership ends after it has begun, and somebody has ended it."),
            ),
            models.CheckConstraint(
                condition=Q(left_on__isnull=True) | Q(until__isnull=False, until__lte=F("left_on")),
                name="pledges_membership_left",
                violation_error_message=_("Who has left a zone is no member from that day on."),
            ),
            ExclusionConstraint(
                name="pledges_membership_once",
                expressions=[
                    ("zone", RangeOperators.EQUAL),
                    ("premises", RangeOperators.EQUAL),
                    (Func("since", "until", function="daterange"), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("The premises are in this zone at that time already."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.zone} {self.premises}"


class Workstation(TimestampedModel):
    """A station where consumers are helped on the spot. Contact and telephone are those on its sign, which is public."""

    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(_("kind"), max_length=8, choices=WorkstationKind)
    zone = models.ForeignKey(
        Zone, models.PROTECT, null=True, blank=True, related_name="workstations",
        verbose_name=pgettext_lazy("pledges", "zone"),
    )  # fmt: skip
    agency = models.ForeignKey("registry.Agency", models.PROTECT, related_name="+", verbose_name=_("kept by"))
    region = models.ForeignKey("registry.Region", models.PROTECT, related_name="+", verbose_name=_("district"))
    host = models.CharField(_("host"), max_length=200, blank=True, help_text=_("In whose rooms it is"))
    address = models.CharField(_("address"), max_length=300, blank=True)
    contact = models.CharField(
        _("contact person"), max_length=60, blank=True, help_text=_("As displayed at the workstation")
    )
    telephone = models.CharField(
        _("public telephone"), max_length=60, blank=True,
        help_text=_("As displayed at the workstation; no private number"),
    )  # fmt: skip
    mediators = models.CharField(
        _("mediators"), max_length=300, blank=True, help_text=_("Their names, as displayed at the workstation")
    )
    opened_on = models.DateField(_("opened on"))
    closed_on = models.DateField(
        pgettext_lazy("pledges", "closed on"), null=True, blank=True, help_text=_("First day no longer open")
    )

    objects = WorkstationQuerySet.as_manager()

    class Meta:
        verbose_name = _("workstation")
        verbose_name_plural = _("workstations")
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_on__isnull=True) | Q(closed_on__gt=F("opened_on")),
                name="pledges_workstation_period",
                violation_error_message=_("A workstation closes after it has opened."),
            ),
            models.UniqueConstraint(
                fields=["region", "name"], name="pledges_workstation_once",
                violation_error_message=_("There is a workstation of this name in the district already."),
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["agency", "name", "id"], name="pledges_workstation_agency"),
            models.Index(fields=["kind", "opened_on"], name="pledges_workstation_opened"),
        ]

    def __str__(self):
        return self.name


class WorkstationItem(TimestampedModel):
    """A matter that a workstation has dealt with. Not who came: only what it was about, and what became of it."""

    workstation = models.ForeignKey(
        Workstation, models.PROTECT, related_name="items", db_index=False, verbose_name=_("workstation")
    )
    received_at = models.DateTimeField(_("received at"))
    first_response_at = models.DateTimeField(_("first response at"), null=True, blank=True)
    ended_at = models.DateTimeField(pgettext_lazy("pledges", "ended at"), null=True, blank=True)
    what = models.CharField(
        _("what it was about"), max_length=500,
        help_text=_("Goods and problem. No names, telephone or identity numbers of people: those belong into a case."),
    )  # fmt: skip
    result = models.CharField(
        _("result"), max_length=RESULT_LENGTH, blank=True, help_text=_("What it came to, without personal data")
    )
    case = reference("cases.Case", _("case"), editable=False)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, editable=False, db_index=False, related_name="+",
        verbose_name=_("recorded by"),
    )  # fmt: skip

    objects = WorkstationItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("item of a workstation")
        verbose_name_plural = _("items of workstations")
        ordering = ["-received_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=(Q(first_response_at__isnull=True) | Q(first_response_at__gte=F("received_at")))
                & (Q(ended_at__isnull=True) | Q(ended_at__gte=F("first_response_at"))),
                name="pledges_item_order",
                violation_error_message=_("An item is received, then responded to, then ended."),
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(first_response_at__isnull=False),
                name="pledges_item_responded",
                violation_error_message=_("What has ended was responded to."),
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, result="") | Q(ended_at__isnull=False) & ~Q(result=""),
                name="pledges_item_result",
                violation_error_message=_("What has ended has a result, and only that."),
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["workstation", "-received_at", "-id"], name="pledges_item_of_workstation"),
            models.Index(fields=["-received_at", "-id"], name="pledges_item_newest"),
        ]

    def __str__(self):
        return f"{self.workstation} {self.received_at:%Y-%m-%d}"
