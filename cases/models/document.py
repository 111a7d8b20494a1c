"""The official documents of a case, the templates they are made from, their numbers and their delivery."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.enums import Addressee, DeliveryResult, DocumentForm, NoticeMeans
from cases.models.attachment import Attachment
from cases.models.case import Case
from cases.querysets import DeliveryQuerySet, ScopedQuerySet
from core.triggers import AppendOnly, Refuse
from core.vault import NAME_LENGTH as STORED_NAME_LENGTH
from registry.models import Agency
from registry.querysets import ReferenceQuerySet


class Letterhead(models.Model):
    """How an agency signs: the short prefix of its numbers (杭市监 in 杭市监投受〔2026〕第12号), its name in full, where
    it is reached. An agency without a letterhead signs with its name."""

    agency = models.OneToOneField(Agency, models.PROTECT, related_name="letterhead", verbose_name=_("agency"))
    prefix = models.CharField(
        _("prefix of numbers"),
        max_length=20,
        unique=True,
        help_text=_("What the numbers of its documents begin with"),
    )
    full_name = models.CharField(_("name in full"), max_length=120, blank=True)
    phone = models.CharField(_("telephone"), max_length=40, blank=True)
    address = models.CharField(_("postal address"), max_length=200, blank=True)

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("letterhead")
        verbose_name_plural = _("letterheads")
        ordering = ["prefix"]

    def __str__(self):
        return self.prefix


class DocumentTemplate(models.Model):
    """A DOCX template of staff in place of the built-in one, for one agency or (`agency` empty) for all. Each upload
    is a new version; the older ones stay, and documents name the one they were made from."""

    form = models.CharField(_("form"), max_length=20, choices=DocumentForm)
    agency = models.ForeignKey(
        Agency,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("agency"),
        help_text=_("Empty: for all agencies that have none of their own"),
    )
    version = models.PositiveIntegerField(_("version"), editable=False)
    active = models.BooleanField(_("in use"), default=True)
    file = models.CharField(max_length=STORED_NAME_LENGTH, unique=True, editable=False)
    size = models.PositiveIntegerField(_("size"), editable=False)
    sha256 = models.CharField("SHA-256", max_length=64, editable=False)
    note = models.CharField(_("note"), max_length=300, blank=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("uploaded by")
    )
    uploaded_at = models.DateTimeField(_("uploaded at"))

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("document template")
        verbose_name_plural = _("document templates")
        ordering = ["form", "-version"]
        default_permissions = ("change", "view")
        constraints = [
            models.UniqueConstraint(
                fields=["form", "agency", "version"],
                nulls_distinct=False,
                name="cases_documenttemplate_version",
            ),
            models.UniqueConstraint(
                fields=["form", "agency"],
                condition=Q(active=True),
                nulls_distinct=False,
                name="cases_documenttemplate_one_in_use",
                violation_error_message=_("Another version of this template is in use."),
            ),
        ]
        triggers = [
            Refuse(name="never_deleted", operation=pgtrigger.Delete | pgtrigger.Truncate),
            Refuse(
                name="in_use_only",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(exclude=["active"]),
            ),
        ]

    def __str__(self):
        return f"{self.get_form_display()} {self.version}"


class DocumentSeries(models.Model):
    """The last number given for a form by an agency in a year. The row is locked while a document is issued and
    counts in the same transaction, so that numbers have no gaps."""

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+", verbose_name=_("agency"))
    form = models.CharField(_("form"), max_length=20, choices=DocumentForm)
    year = models.PositiveSmallIntegerField(_("year"))
    last = models.PositiveIntegerField(_("last number"), default=0)

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("series of numbers")
        verbose_name_plural = _("series of numbers")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["agency", "form", "year"], name="cases_documentseries_once")
        ]

    def __str__(self):
        return f"{self.agency} {self.form} {self.year}"


class Document(models.Model):
    """One official document as it was issued: number, file and what it was filled with, for ever. A wrong one is
    voided with a reason and keeps its number; printing it again gives the very same file.

    `template` is empty where the built-in template was used; `template_sha256` tells which in any case. `values` are
    encrypted, since they hold personal data; `personal` and `sealed`: the file names the person of the case, a
    reporter.
    """

    case = models.ForeignKey(Case, models.PROTECT, related_name="documents", verbose_name=_("case"))
    form = models.CharField(_("form"), max_length=20, choices=DocumentForm)
    side = models.CharField(_("addressee"), max_length=12, choices=Addressee)
    agency = models.ForeignKey(
        Agency, models.PROTECT, db_index=False, related_name="+", verbose_name=_("issued by")
    )
    year = models.PositiveSmallIntegerField(_("year"))
    serial = models.PositiveIntegerField(_("serial number"))
    number = models.CharField(_("number"), max_length=160, unique=True)
    template = models.ForeignKey(
        DocumentTemplate,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("template"),
    )
    template_sha256 = models.CharField(max_length=64, editable=False)
    values = models.BinaryField(_("contents, encrypted"), editable=False)
    personal = models.BooleanField(_("names a person"), editable=False)
    sealed = models.BooleanField(_("sealed"), editable=False)
    file = models.CharField(max_length=STORED_NAME_LENGTH, unique=True, editable=False)
    size = models.PositiveIntegerField(_("size"), editable=False)
    sha256 = models.CharField("SHA-256", max_length=64, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        db_index=False,
        related_name="+",
        verbose_name=_("issued by (person)"),
    )
    created_at = models.DateTimeField(_("issued at"))
    voided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("voided by"),
    )
    voided_at = models.DateTimeField(_("voided at"), null=True, blank=True)
    void_reason = models.CharField(_("reason for voiding"), max_length=300, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ["created_at", "pk"]
        default_permissions = ("issue", "view")
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "form", "year", "serial"], name="cases_document_serial_once"
            ),
            models.CheckConstraint(
                condition=Q(voided_by__isnull=True, voided_at__isnull=True, void_reason="")
                | (Q(voided_by__isnull=False, voided_at__isnull=False) & ~Q(void_reason="")),
                name="cases_document_voiding",
            ),
            models.CheckConstraint(condition=Q(serial__gt=0), name="cases_document_serial_positive"),
            # a reporter is a person, and nothing sealed goes to the other side (Order 121 art 37)
            models.CheckConstraint(
                condition=Q(sealed=False)
                | (Q(personal=True) & ~Q(side__in=[Addressee.RESPONDENT, Addressee.BOTH])),
                name="cases_document_sealed_not_to_respondent",
            ),
        ]
        triggers = [
            Refuse(name="never_deleted", operation=pgtrigger.Delete | pgtrigger.Truncate),
            # `values` change when keys are rotated
            Refuse(
                name="voided_only",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(exclude=["voided_by", "voided_at", "void_reason", "values"]),
            ),
            Refuse(
                name="voided_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.voided_at IS NOT NULL AND (OLD.voided_by_id, OLD.voided_at, OLD.void_reason)"
                    " IS DISTINCT FROM (NEW.voided_by_id, NEW.voided_at, NEW.void_reason)"
                ),
            ),
        ]

    def __str__(self):
        return self.number

    @property
    def is_void(self) -> bool:
        return self.voided_at is not None


class Delivery(models.Model):
    """A document was brought to somebody, or it was tried: by which means, when, with what result. Append-only."""

    document = models.ForeignKey(
        Document, models.PROTECT, related_name="deliveries", verbose_name=_("document")
    )
    means = models.CharField(_("means"), max_length=10, choices=NoticeMeans)
    addressee = models.CharField(_("addressee"), max_length=12, choices=Addressee)
    at = models.DateTimeField(_("time"))
    result = models.CharField(_("result"), max_length=10, choices=DeliveryResult)
    note = models.CharField(_("note"), max_length=300, blank=True)
    proof = models.ForeignKey(
        Attachment, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("proof")
    )
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by")
    )
    recorded_at = models.DateTimeField(_("recorded at"))

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["at", "pk"]
        default_permissions = ("view",)
        triggers = [AppendOnly()]

    def __str__(self):
        return f"{self.document} {self.get_means_display()}"
