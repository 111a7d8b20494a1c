"""One act on many cases, with what became of each."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cases.enums import BulkOrigin, BulkOutcome, BulkState
from cases.models.case import Case
from cases.models.event import CaseEvent
from cases.querysets import BulkActQuerySet, BulkRowQuerySet

LIVE = (BulkState.QUEUED, BulkState.RUNNING)
MESSAGE_LENGTH = 1000


class BulkAct(models.Model):
    """A verb that someone asks for on many cases. Its cases are fixed in its rows when it is prepared, and it is done
    once it is confirmed.

    `data` is what the act is given, rows by their key and dates as ISO text. `list` and `query` tell the list and the
    filters, as they were understood, from which the cases were chosen. `missing` of the chosen cases were not found
    among those that the actor may see. `language` is that of the messages.
    """

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by")
    )
    agency = models.ForeignKey(
        "registry.Agency", models.PROTECT, null=True, related_name="+", verbose_name=_("agency")
    )
    verb = models.CharField(_("act"), max_length=32)
    data = models.JSONField(_("details"), default=dict)
    origin = models.CharField(_("chosen by"), max_length=10, choices=BulkOrigin)
    list = models.CharField(_("list"), max_length=20)
    query = models.TextField(_("filters"), blank=True)
    total = models.PositiveIntegerField(_("cases"))
    missing = models.PositiveIntegerField(_("not found"), default=0)
    language = models.CharField(_("language"), max_length=10)
    state = models.CharField(_("state"), max_length=10, choices=BulkState, default=BulkState.PREPARED)
    created_at = models.DateTimeField(_("created at"))
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True)
    started_at = models.DateTimeField(_("started at"), null=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)

    objects = BulkActQuerySet.as_manager()

    class Meta:
        verbose_name = _("bulk act")
        verbose_name_plural = _("bulk acts")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(total__gt=0), name="cases_bulkact_has_cases"),
            models.CheckConstraint(
                condition=Q(state=BulkState.PREPARED, confirmed_at=None, started_at=None, finished_at=None)
                | Q(state=BulkState.QUEUED, confirmed_at__isnull=False, started_at=None, finished_at=None)
                | Q(
                    state=BulkState.RUNNING,
                    confirmed_at__isnull=False,
                    started_at__isnull=False,
                    finished_at=None,
                )
                | Q(
                    state=BulkState.DONE,
                    confirmed_at__isnull=False,
                    started_at__isnull=False,
                    finished_at__isnull=False,
                )
                | Q(state=BulkState.CANCELLED, confirmed_at__isnull=False, finished_at__isnull=False),
                name="cases_bulkact_stamps",
            ),
        ]
        indexes = [
            models.Index(
                fields=["confirmed_at"],
                condition=Q(state__in=[BulkState.QUEUED, BulkState.RUNNING]),
                name="cases_bulkact_to_do",
            )
        ]

    def __str__(self):
        return f"{self.pk} {self.verb}"

    def get_absolute_url(self):
        return reverse("cases:bulk", args=[self.pk])

    @property
    def is_live(self) -> bool:
        """Whether some of it may still be done."""
        return self.state in LIVE


class BulkRow(models.Model):
    """One case of a bulk act. `seen` is the last event of the case when it was chosen, 0 where there was none."""

    act = models.ForeignKey(
        BulkAct, models.PROTECT, db_index=False, related_name="rows", verbose_name=_("bulk act")
    )  # found by the unique indexes
    case = models.ForeignKey(
        Case, models.PROTECT, db_index=False, related_name="bulk_rows", verbose_name=_("case")
    )
    position = models.PositiveIntegerField(_("position"))
    seen = models.BigIntegerField(_("last act seen"))
    outcome = models.CharField(_("outcome"), max_length=10, choices=BulkOutcome, default=BulkOutcome.PENDING)
    message = models.CharField(_("message"), max_length=MESSAGE_LENGTH, blank=True)
    event = models.ForeignKey(
        CaseEvent, models.PROTECT, null=True, db_index=False, related_name="+", verbose_name=_("act done")
    )

    objects = BulkRowQuerySet.as_manager()

    class Meta:
        verbose_name = _("case of a bulk act")
        verbose_name_plural = _("cases of bulk acts")
        ordering = ["act", "position"]
        constraints = [
            models.UniqueConstraint(fields=["act", "position"], name="cases_bulkrow_position"),
            models.UniqueConstraint(fields=["act", "case"], name="cases_bulkrow_case_once"),
            models.CheckConstraint(
                condition=Q(outcome=BulkOutcome.DONE, event__isnull=False, message="")
                | Q(outcome__in=[BulkOutcome.REFUSED, BulkOutcome.FAILED], event__isnull=True)
                & ~Q(message="")
                | Q(outcome__in=[BulkOutcome.PENDING, BulkOutcome.CANCELLED], event__isnull=True, message=""),
                name="cases_bulkrow_says_what_became",
            ),
        ]
        indexes = [
            models.Index(
                fields=["act", "position"],
                condition=Q(outcome=BulkOutcome.PENDING),
                name="cases_bulkrow_to_do",
            )
        ]

    def __str__(self):
        return f"{self.act_id}/{self.position}"
