"""What an agency means to reach in a year."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from pledges.enums import TargetKind
from pledges.querysets import TargetQuerySet
from registry.models import ReferenceModel


class Target(ReferenceModel):
    """So many of `what` in a year, in an agency and all below it. What has been reached is never written here: it is
    counted from the rows (pledges.domain.targets)."""

    code = models.CharField(_("code"), max_length=100, unique=True, editable=False)
    year = models.PositiveSmallIntegerField(_("year"))
    what = models.CharField(pgettext_lazy("a target", "what"), max_length=24, choices=TargetKind)
    agency = models.ForeignKey("registry.Agency", models.PROTECT, related_name="+", verbose_name=_("agency"))
    number = models.PositiveIntegerField(pgettext_lazy("a target", "number"))
    source = models.CharField(_("source"), max_length=300, help_text=_("Where the target was set"))

    objects = TargetQuerySet.as_manager()

    class Meta:
        verbose_name = _("target")
        verbose_name_plural = _("targets")
        ordering = ["-year", "code"]
        constraints = [
            models.UniqueConstraint(
                fields=["year", "what", "agency"], name="pledges_target_once",
                violation_error_message=_("The agency has this target for the year already."),
            ),
            models.CheckConstraint(
                condition=Q(year__range=(2000, 2100)), name="pledges_target_year",
                violation_error_message=_("The year lies between 2000 and 2100."),
            ),
            models.CheckConstraint(
                condition=Q(number__gte=1), name="pledges_target_number",
                violation_error_message=_("A target is 1 at least."),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.year} {self.get_what_display()}"
