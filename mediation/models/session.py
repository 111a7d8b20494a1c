"""Sessions: their time and place, who was called and came, what was done to them, and recusal."""

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.enums import MediationMode, NoticeMeans, Side
from cases.models import Case, Party
from cases.models.fields import reference
from core.models import TimestampedModel
from core.triggers import AppendOnly
from mediation.enums import Presence, RecusalDecision, SessionOutcome, SessionState, SessionVerb
from mediation.models.mediator import Mediator, Room
from mediation.querysets import (
    MediatedCaseQuerySet,
    OfSessionQuerySet,
    RecusalQuerySet,
    SessionQuerySet,
)

STANDS = ~Q(state=SessionState.CANCELLED)


class Session(TimestampedModel):
    """One meeting in the mediation of a complaint (Order 121 art 20). What stands is never in another's way: the
    database lets neither a mediator nor a room be booked twice for a time."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="sessions", verbose_name=_("case"))
    # whose mediator leads it: the agency of the case, or the one that it is entrusted to
    agency = models.ForeignKey(
        "registry.Agency", models.PROTECT, related_name="+", db_index=False, verbose_name=_("agency")
    )
    mediator = models.ForeignKey(
        Mediator, models.PROTECT, related_name="sessions", db_index=False, verbose_name=_("mediator")
    )
    period = DateTimeRangeField(_("time"))
    mode = models.CharField(_("mode"), max_length=8, choices=MediationMode)
    room = models.ForeignKey(
        Room, models.PROTECT, null=True, blank=True, related_name="sessions", db_index=False, verbose_name=_("room")
    )
    place = models.CharField(
        _("place"), max_length=200, blank=True, help_text=_("Where it is not one of the rooms")
    )
    link = models.CharField(
        _("link or number"), max_length=300, blank=True, help_text=_("By which the parties join remotely")
    )
    state = models.CharField(
        _("state"), max_length=10, choices=SessionState, default=SessionState.SCHEDULED, editable=False
    )
    outcome = models.CharField(
        _("outcome"), max_length=10, choices=SessionOutcome, blank=True, editable=False
    )
    minutes = models.TextField(_("minutes"), blank=True)
    held_at = models.DateTimeField(_("recorded at"), null=True, editable=False)
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True, editable=False)
    following = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, editable=False, related_name="preceding",
        verbose_name=_("next session"),
    )  # fmt: skip
    documents = models.ManyToManyField("cases.Document", related_name="+", blank=True, editable=False)

    # of sessions that another system knows: its number there, and the row that it was last brought by
    source = models.CharField(_("source"), max_length=40, blank=True, editable=False)
    external_number = models.CharField(_("number in the source"), max_length=80, blank=True, editable=False)
    import_file = reference("cases.ImportFile", _("imported from"), editable=False)
    import_line = models.PositiveIntegerField(_("line"), null=True, editable=False)

    objects = SessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        ordering = ["period", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(period__isempty=False, period__lower_inf=False, period__upper_inf=False),
                name="mediation_session_period",
                violation_error_message=_("A session has a beginning and an end after it."),
            ),
            models.CheckConstraint(
                condition=Q(mode=MediationMode.REMOTE, room__isnull=True, place="") & ~Q(link="")
                | Q(mode=MediationMode.ON_SITE) & (Q(room__isnull=False, place="") | Q(room__isnull=True) & ~Q(place="")),
                name="mediation_session_place",
                violation_error_message=_(
                    "On site, a session has a room or another place; remotely, the link or number to join by."
                ),
            ),
            models.CheckConstraint(
                condition=Q(state=SessionState.HELD, held_at__isnull=False) & ~Q(outcome="")
                | ~Q(state=SessionState.HELD) & Q(held_at__isnull=True, outcome=""),
                name="mediation_session_held",
                violation_error_message=_("A session that was held has an outcome, and no other has one."),
            ),
            models.CheckConstraint(
                condition=Q(state=SessionState.CANCELLED, cancelled_at__isnull=False)
                | ~Q(state=SessionState.CANCELLED) & Q(cancelled_at__isnull=True),
                name="mediation_session_cancelled",
                violation_error_message=_("A cancelled session has the time at which it was."),
            ),
            models.CheckConstraint(
                condition=Q(following__isnull=True) | Q(outcome=SessionOutcome.ADJOURNED),
                name="mediation_session_following",
                violation_error_message=_("Only an adjourned session is followed by another."),
            ),
            models.CheckConstraint(
                condition=Q(source="", external_number="", import_file__isnull=True, import_line__isnull=True)
                | ~Q(source="") & ~Q(external_number="") & Q(import_file__isnull=False, import_line__isnull=False),
                name="mediation_session_imported",
                violation_error_message=_("An imported session has a source, a number there, and its row."),
            ),
            models.UniqueConstraint(
                fields=["source", "external_number"], condition=~Q(source=""), name="mediation_session_number",
                violation_error_message=_("There is a session of this number from this source already."),
            ),
            ExclusionConstraint(
                name="mediation_session_mediator_once",
                expressions=[("mediator", RangeOperators.EQUAL), ("period", RangeOperators.OVERLAPS)],
                condition=STANDS,
                violation_error_message=_("The mediator leads another session at that time."),
            ),
            ExclusionConstraint(
                name="mediation_session_room_once",
                expressions=[("room", RangeOperators.EQUAL), ("period", RangeOperators.OVERLAPS)],
                condition=STANDS,
                violation_error_message=_("The room is taken at that time."),
            ),
            ExclusionConstraint(
                name="mediation_session_case_once",
                expressions=[("case", RangeOperators.EQUAL), ("period", RangeOperators.OVERLAPS)],
                condition=STANDS,
                violation_error_message=_("The case has another session at that time."),
            ),
        ]
        indexes = [
            # the days of an agency
            models.Index("agency", models.Func("period", function="lower"), name="mediation_session_calendar"),
            # what came to an agreement that is to be drawn up
            models.Index(
                fields=["-held_at"], include=["case", "mediator"], condition=Q(outcome=SessionOutcome.AGREEMENT),
                name="mediation_session_agreed",
            ),
            # the calendar of some mediators, and what a search by name finds
            models.Index("mediator", models.Func("period", function="lower"), name="mediation_session_mediator"),
            # the list of those who see many, whose sessions would else all be sorted for each page
            models.Index(fields=["-period", "-id"], name="mediation_session_newest"),
            # those whose outcome is missing, and which cases wait for a session: few are neither held nor cancelled
            models.Index(
                models.Func("period", function="lower"), include=["case", "agency"],
                condition=Q(state=SessionState.SCHEDULED), name="mediation_session_scheduled",
            ),
        ]

    def __str__(self):
        return f"{self.case} {timezone.localtime(self.period.lower):%Y-%m-%d %H:%M}"


class MediatedCase(Case):
    """A complaint as those see it who mediate."""

    objects = MediatedCaseQuerySet.as_manager()

    class Meta:
        proxy = True
        default_permissions = ("view",)
        verbose_name = _("case in mediation")
        verbose_name_plural = _("cases in mediation")
        ordering = ["-received_at", "-pk"]


class Attendance(models.Model):
    """Someone who is called to a session, how he was told, and whether he came. `party`: of the complainant's side; the
    respondent is the merchant of the case."""

    session = models.ForeignKey(Session, models.PROTECT, related_name="attendances", verbose_name=_("session"))
    side = models.CharField(_("side"), max_length=12, choices=[c for c in Side.choices if c[0]])
    party = models.ForeignKey(
        Party, models.PROTECT, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("party")
    )
    means = models.CharField(_("called by"), max_length=10, choices=NoticeMeans, blank=True)
    called_at = models.DateTimeField(_("called at"), null=True, blank=True)
    presence = models.CharField(_("roll call"), max_length=8, choices=Presence, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)

    objects = OfSessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("attendance")
        verbose_name_plural = _("attendance")
        ordering = ["side", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "side", "party"], nulls_distinct=False, name="mediation_attendance_once",
                violation_error_message=_("This party is on the list already."),
            ),
            models.CheckConstraint(
                condition=Q(means="", called_at__isnull=True) | ~Q(means="") & Q(called_at__isnull=False),
                name="mediation_attendance_called",
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.session} {self.get_side_display()}"


class SessionEvent(models.Model):
    """What was done to a session: verb, state before and after, who, when. Append-only."""

    session = models.ForeignKey(Session, models.PROTECT, related_name="events", verbose_name=_("session"))
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

    objects = OfSessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("act on a session")
        verbose_name_plural = _("acts on sessions")
        ordering = ["at", "pk"]
        triggers = [AppendOnly()]

    def __str__(self):
        return f"{self.session} {self.verb}"

    @property
    def label(self) -> str:
        return str(SessionVerb(self.verb).label)


class Recusal(models.Model):
    """A party asks that a mediator leave a case, or he asks himself (Order 121 art 21). Mediation waits for the
    decision, which is another person's."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="recusals", verbose_name=_("case"))
    mediator = models.ForeignKey(Mediator, models.PROTECT, related_name="recusals", verbose_name=_("mediator"))
    side = models.CharField(
        _("asked for by"), max_length=12, choices=[*[c for c in Side.choices if c[0]], ("mediator", _("the mediator"))]
    )
    reason = models.CharField(_("reason"), max_length=500)
    asked_at = models.DateTimeField(_("asked for at"))
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False, verbose_name=_("recorded by")
    )
    decision = models.CharField(_("decision"), max_length=8, choices=RecusalDecision, blank=True, editable=False)
    decided_at = models.DateTimeField(_("decided at"), null=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+", db_index=False,
        verbose_name=_("decided by"),
    )  # fmt: skip
    note = models.CharField(_("note"), max_length=500, blank=True)

    objects = RecusalQuerySet.as_manager()

    class Meta:
        verbose_name = _("application for recusal")
        verbose_name_plural = _("applications for recusal")
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "mediator"], condition=Q(decision=""), name="mediation_recusal_pending_once",
                violation_error_message=_("An application about this mediator is still to be decided."),
            ),
            models.CheckConstraint(
                condition=Q(decision="", decided_at__isnull=True, decided_by__isnull=True)
                | ~Q(decision="") & Q(decided_at__isnull=False, decided_by__isnull=False),
                name="mediation_recusal_decided",
                violation_error_message=_("A decision names who took it, and when."),
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=models.F("recorded_by")),
                name="mediation_recusal_by_another",
                violation_error_message=_("Whoever recorded the application does not decide on it."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.case} {self.mediator}"
