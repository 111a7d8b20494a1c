"""Which pledges there are, what each needs, and what falls under it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from pledges.enums import PromiseField, Stage
from pledges.querysets import PledgeTypeQuerySet
from registry.models import ReferenceModel


class PledgeType(ReferenceModel):
    """A kind of pledge of the reassuring-consumption programme, with its rules as data. Days are calendar days, but those
    for a correction, which are working days."""

    code = models.CharField(_("code"), max_length=32, unique=True)
    aliases = ArrayField(models.CharField(max_length=60), default=list, blank=True, verbose_name=_("aliases"))
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    needs = ArrayField(
        models.CharField(max_length=16, choices=PromiseField), default=list, blank=True, verbose_name=_("needs"),
        help_text=_("What the promise must state"),
    )  # fmt: skip
    stages = ArrayField(
        models.CharField(max_length=12, choices=Stage), default=list, blank=True, verbose_name=_("opinions"),
        help_text=_("Whose opinions an application takes, in this order"),
    )  # fmt: skip
    least_days = models.PositiveSmallIntegerField(
        _("fewest return days"), null=True, blank=True, help_text=_("Empty where nothing is taken back")
    )
    term_months = models.PositiveSmallIntegerField(_("term in months"), default=36)
    waiting_months = models.PositiveSmallIntegerField(
        _("waiting time after a revocation, in months"), default=12
    )
    correction_days = models.PositiveSmallIntegerField(_("days for a correction"), default=15)
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_to = models.DateField(
        _("valid to"), null=True, blank=True, help_text=_("First day no longer valid")
    )

    objects = PledgeTypeQuerySet.as_manager()

    class Meta:
        verbose_name = _("type of pledge")
        verbose_name_plural = _("types of pledges")
        ordering = ["position", "code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(least_days__isnull=True) | Q(least_days__gte=7), name="pledges_type_least_days",
                violation_error_message=_("A return pledge gives seven days at least."),
            ),
            models.CheckConstraint(
                condition=Q(term_months__gte=1, correction_days__gte=1), name="pledges_type_terms",
                violation_error_message=_("A term is a month at least, and a correction takes a day at least."),
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")), name="pledges_type_period",
                violation_error_message=_("The end of validity must come after its start."),
            ),
        ]  # fmt: skip


class Coverage(models.Model):
    """What falls under the pledges of a type: complaints of a problem, those below it and those linked to it, whose
    demand has one of the words in it; without a problem any, without words any demand."""

    type = models.ForeignKey(PledgeType, models.PROTECT, related_name="coverages", verbose_name=_("type of pledge"))
    problem = models.ForeignKey(
        "registry.Problem", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("problem")
    )
    words = ArrayField(
        models.CharField(max_length=20), default=list, blank=True, verbose_name=_("words of the demand"),
        help_text=_("One of them is in the demand; empty: any demand"),
    )  # fmt: skip

    objects = PledgeTypeQuerySet.as_manager()

    class Meta:
        verbose_name = _("what falls under a type of pledge")
        verbose_name_plural = _("what falls under types of pledges")
        ordering = ["type", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["type", "problem"], nulls_distinct=False, name="pledges_coverage_once",
                violation_error_message=_("There is a rule for this problem already."),
            ),
            models.CheckConstraint(
                condition=Q(problem__isnull=False) | ~Q(words=[]), name="pledges_coverage_narrow",
                violation_error_message=_("Name a problem, words of the demand, or both."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.type} {self.problem or ''} {'、'.join(self.words)}".strip()
