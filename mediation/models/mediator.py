"""Who mediates, when, and where."""

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from core.language import listed
from core.models import TimestampedModel
from mediation.enums import Language, Weekday
from mediation.querysets import MediatorQuerySet, OfMediatorQuerySet, RoomQuerySet
from registry.enums import AgencyKind

# mediation is a matter of bureaus, councils and mediation committees (Order 121 arts 18 and 19)
MEDIATING_KINDS = (AgencyKind.BUREAU, AgencyKind.STATION, AgencyKind.COUNCIL, AgencyKind.COMMITTEE)


class Mediator(TimestampedModel):
    """A person who leads sessions for an agency. `user`: his account, where he has one."""

    name = models.CharField(_("name"), max_length=60)
    number = models.CharField(
        _("staff number"), max_length=40, blank=True, help_text=_("Tells people of one name in one agency apart")
    )
    agency = models.ForeignKey(
        "registry.Agency", models.PROTECT, related_name="mediators", verbose_name=_("agency"),
        limit_choices_to={"kind__in": MEDIATING_KINDS},
    )  # fmt: skip
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="mediator",
        verbose_name=_("account"),
    )  # fmt: skip
    fields = models.ManyToManyField(
        "registry.Category", blank=True, related_name="+", verbose_name=_("fields"),
        help_text=_("Goods and services that this person knows"),
    )  # fmt: skip
    languages = ArrayField(
        models.CharField(max_length=3, choices=Language), default=list, blank=True, verbose_name=_("languages")
    )
    active_from = models.DateField(_("mediates from"), null=True, blank=True)
    active_to = models.DateField(
        _("mediates until"), null=True, blank=True, help_text=_("First day on which this person mediates no more")
    )

    objects = MediatorQuerySet.as_manager()

    class Meta:
        verbose_name = _("mediator")
        verbose_name_plural = _("mediators")
        ordering = ["agency", "name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(active_to__isnull=True) | Q(active_from__isnull=True) | Q(active_to__gt=F("active_from")),
                name="mediation_mediator_period",
                violation_error_message=_("The end of the activity must come after its start."),
            ),
            models.UniqueConstraint(
                fields=["agency", "number"], condition=~Q(number=""), name="mediation_mediator_number",
                violation_error_message=_("The agency has a mediator of this number already."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.name

    @property
    def spoken(self) -> str:
        """The languages in words; empty where none is recorded."""
        return listed(Language(code).label for code in self.languages)


class WorkingHours(models.Model):
    """When a mediator can be booked on a weekday. Without any, as the office is open: see `mediation.hours`."""

    mediator = models.ForeignKey(Mediator, models.PROTECT, related_name="hours", verbose_name=_("mediator"))
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday)
    starts = models.TimeField(_("from"))
    ends = models.TimeField(_("until"))

    objects = OfMediatorQuerySet.as_manager()

    class Meta:
        verbose_name = _("working hours")
        verbose_name_plural = _("working hours")
        ordering = ["weekday", "starts"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends__gt=F("starts")), name="mediation_hours_order",
                violation_error_message=_("The end must come after the start."),
            ),
            models.UniqueConstraint(
                fields=["mediator", "weekday", "starts"], name="mediation_hours_once",
                violation_error_message=_("These hours stand here already."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.get_weekday_display()} {self.starts:%H:%M}-{self.ends:%H:%M}"


class DateRange(Func):
    """The days from one to another, both included."""

    function = "DATERANGE"
    output_field = DateRangeField()


class Leave(models.Model):
    """Days on which a mediator cannot be booked."""

    mediator = models.ForeignKey(Mediator, models.PROTECT, related_name="leaves", verbose_name=_("mediator"))
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    note = models.CharField(_("note"), max_length=200, blank=True)

    objects = OfMediatorQuerySet.as_manager()

    class Meta:
        verbose_name = _("leave")
        verbose_name_plural = _("leave")
        ordering = ["starts_on"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="mediation_leave_order",
                violation_error_message=_("The last day lies before the first."),
            ),
            ExclusionConstraint(
                name="mediation_leave_apart",
                expressions=[
                    ("mediator", RangeOperators.EQUAL),
                    (DateRange("starts_on", "ends_on", RangeBoundary(True, True)), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("This person is on leave on some of these days already."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.starts_on} - {self.ends_on}"


class Room(TimestampedModel):
    """A place of an agency in which sessions are held, one at a time."""

    agency = models.ForeignKey("registry.Agency", models.PROTECT, related_name="rooms", verbose_name=_("agency"))
    name = models.CharField(_("name"), max_length=60)
    address = models.CharField(_("address"), max_length=200, blank=True)
    seats = models.PositiveSmallIntegerField(_("seats"), null=True, blank=True)
    closed = models.BooleanField(_("no longer used"), default=False)

    objects = RoomQuerySet.as_manager()

    class Meta:
        verbose_name = _("room")
        verbose_name_plural = _("rooms")
        ordering = ["agency", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "name"], name="mediation_room_once",
                violation_error_message=_("The agency has a room of this name already."),
            )
        ]  # fmt: skip

    def __str__(self):
        return self.name
