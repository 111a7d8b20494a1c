"""The people of a case, encrypted."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.enums import IdentityCheck, PartyRole
from cases.models.case import Case
from cases.querysets import ScopedQuerySet


class Party(models.Model):
    """A consumer, reporter or inquirer. Personal data is one AES-256-GCM ciphertext of a JSON object
    (name, phone, address, id_type, id_number); keyed hashes serve exact look-ups. A reporter is always sealed."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="parties", verbose_name=_("case"))
    role = models.CharField(_("role"), max_length=10, choices=PartyRole)
    sealed = models.BooleanField(_("sealed"), default=False)
    personal = models.BinaryField(_("personal data, encrypted"), null=True, editable=False)
    # up to two act for the others in a joint complaint (Order 121 art 12)
    representative = models.PositiveSmallIntegerField(
        _("representative"), null=True, blank=True, editable=False
    )
    identity = models.CharField(
        _("identity"),
        max_length=10,
        choices=IdentityCheck,
        blank=True,
        default="",
        db_default="",
        editable=False,
    )
    phone_hash = models.BinaryField(null=True, editable=False)
    id_number_hash = models.BinaryField(null=True, editable=False)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("party")
        verbose_name_plural = _("parties")
        constraints = [
            models.CheckConstraint(
                condition=~Q(role=PartyRole.REPORTER) | Q(sealed=True), name="cases_party_reporter_is_sealed"
            ),
            models.UniqueConstraint(
                fields=["case", "representative"],
                condition=Q(representative__isnull=False),
                name="cases_party_representative_once",
            ),
            models.CheckConstraint(
                condition=Q(representative__isnull=True)
                | Q(representative__in=[1, 2], role=PartyRole.CONSUMER),
                name="cases_party_two_representatives",
            ),
        ]
        indexes = [
            models.Index(
                fields=["phone_hash"], condition=Q(phone_hash__isnull=False), name="cases_party_phone"
            ),
            models.Index(
                fields=["id_number_hash"],
                condition=Q(id_number_hash__isnull=False),
                name="cases_party_id_number",
            ),
        ]

    def __str__(self):
        return f"{self.get_role_display()} {self.pk}"
