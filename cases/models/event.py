"""The acts done on a case here."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.enums import Verb
from cases.models.case import Case
from cases.querysets import ScopedQuerySet
from core.triggers import AppendOnly


class CaseEvent(models.Model):
    """What was done to a case here: verb, state before and after, who, when, on what ground. Append-only."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="events", verbose_name=_("case"))
    verb = models.CharField(_("act"), max_length=32)
    before = models.CharField(_("state before"), max_length=10, blank=True)
    after = models.CharField(_("state after"), max_length=10, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("by"),
    )
    at = models.DateTimeField(_("time"))
    note = models.CharField(_("note"), max_length=1000, blank=True)
    data = models.JSONField(_("details"), default=dict, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("act")
        verbose_name_plural = _("acts")
        ordering = ["at", "pk"]
        indexes = [
            models.Index(fields=["actor", "-at", "-id"], name="cases_caseevent_of_actor"),
            # cases that came back, until they are dispatched again
            models.Index(
                fields=["case", "id"],
                condition=Q(verb__in=[Verb.RETURN, Verb.DISPATCH]),
                name="cases_caseevent_returned",
            ),
        ]
        triggers = [AppendOnly()]

    def __str__(self):
        return f"{self.case} {self.verb}"

    @property
    def label(self) -> str:
        return Verb.label_of(self.verb)
