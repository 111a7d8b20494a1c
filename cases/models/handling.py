"""Around the handling of a case: legal grounds as dated data, urging and supervision, call-backs."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cases.enums import GroundPurpose, Kind, Outcome, Satisfaction, SupervisionKind
from cases.models.case import Case
from cases.querysets import GroundQuerySet, ScopedQuerySet
from registry.models import ReferenceModel


class Ground(ReferenceModel):
    """A ground that the law names for a decision. `regimes`: the rules under which it may be given; none: under all.
    `outcome`: what a dispute that is ended on it counts as. `after_term`: only once the term of mediation has passed."""

    code = models.CharField(_("code"), max_length=40, unique=True)
    purpose = models.CharField(_("given for"), max_length=12, choices=GroundPurpose)
    regimes = ArrayField(models.CharField(max_length=20), default=list, blank=True, verbose_name=_("rules"))
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome, blank=True)
    after_term = models.BooleanField(_("only after the term"), default=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, blank=True)
    basis = models.CharField(_("legal basis"), max_length=200, blank=True)
    basis_en = models.CharField(_("legal basis (English)"), max_length=240, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    objects = GroundQuerySet.as_manager()

    class Meta:
        verbose_name = _("legal ground")
        verbose_name_plural = _("legal grounds")
        ordering = ["purpose", "position", "code"]


class Supervision(models.Model):
    """Someone urges the handling of a case, or a superior supervises it; answered with a reply."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="supervisions", verbose_name=_("case"))
    kind = models.CharField(_("kind"), max_length=10, choices=SupervisionKind)
    text = models.CharField(_("text"), max_length=1000)
    reply_due_on = models.DateField(_("reply due on"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("time"))
    reply = models.CharField(_("reply"), max_length=1000, blank=True)
    replied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("replied by")
    )
    replied_at = models.DateTimeField(_("replied at"), null=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("urging or supervision")
        verbose_name_plural = _("urging and supervision")
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(reply="", replied_by__isnull=True, replied_at__isnull=True)
                | (~Q(reply="") & Q(replied_by__isnull=False, replied_at__isnull=False)),
                name="cases_supervision_reply",
            ),
        ]
        indexes = [
            models.Index(
                fields=["reply_due_on"],
                include=["case", "kind"],
                condition=Q(replied_at__isnull=True),
                name="cases_supervision_open",
            )
        ]

    def __str__(self):
        return f"{self.case} {self.get_kind_display()}"


class CallBack(models.Model):
    """A call to the person of a closed case by someone other than its handler (Order 121 art 26)."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="call_backs", verbose_name=_("case"))
    at = models.DateTimeField(_("time"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by")
    )
    handler = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("handled by")
    )
    reached = models.BooleanField(_("reached"))
    satisfaction = models.CharField(_("satisfaction"), max_length=16, choices=Satisfaction, blank=True)
    note = models.CharField(_("note"), max_length=1000, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("call-back")
        verbose_name_plural = _("call-backs")
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(handler__isnull=True) | ~Q(handler=F("actor")), name="cases_callback_by_another"
            ),
            models.CheckConstraint(
                condition=Q(reached=True) | Q(satisfaction=""), name="cases_callback_answer_when_reached"
            ),
        ]

    def __str__(self):
        return f"{self.case} {self.at:%Y-%m-%d}"
