"""What belongs to the file of a case: evidence, papers, proofs."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.enums import AttachmentKind
from cases.models.case import Case
from cases.querysets import ScopedQuerySet
from core.filetypes import NAME_LENGTH
from core.triggers import Refuse
from core.vault import NAME_LENGTH as STORED_NAME_LENGTH


class Attachment(models.Model):
    """A file of a case, stored encrypted (core.vault) and bound to this row. What was added stays; a wrong one is
    withdrawn with a reason. The content type was found in the content."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="attachments", verbose_name=_("case"))
    kind = models.CharField(_("kind"), max_length=10, choices=AttachmentKind)
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
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("withdrawn by"),
    )
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)
    withdrawal_reason = models.CharField(_("reason for the withdrawal"), max_length=300, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ["added_at", "pk"]
        default_permissions = ("add", "view")
        constraints = [
            models.CheckConstraint(
                condition=Q(withdrawn_by__isnull=True, withdrawn_at__isnull=True, withdrawal_reason="")
                | (Q(withdrawn_by__isnull=False, withdrawn_at__isnull=False) & ~Q(withdrawal_reason="")),
                name="cases_attachment_withdrawal",
            ),
            models.CheckConstraint(condition=Q(size__gt=0), name="cases_attachment_not_empty"),
        ]
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
