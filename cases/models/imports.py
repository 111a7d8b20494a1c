"""Import runs with their files, rejects, warnings and differences."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cases.enums import RejectKind, RunState
from cases.models.case import Case
from cases.querysets import RunFileQuerySet, RunQuerySet, RunRejectQuerySet, ScopedQuerySet
from core.text import mask_numbers


class ImportRun(models.Model):
    """One call of an import command. A run that was cut off is continued by the same files and profile."""

    target = models.CharField(_("what"), max_length=12)
    profile = models.CharField(_("profile"), max_length=60)
    source = models.CharField(_("source"), max_length=40)
    digest = models.CharField(_("digest of files and profile"), max_length=64)
    state = models.CharField(_("state"), max_length=10, choices=RunState, default=RunState.RUNNING)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("user")
    )
    agency = models.ForeignKey(
        "registry.Agency", models.PROTECT, related_name="+", verbose_name=_("importing agency")
    )
    started_at = models.DateTimeField(_("started at"))
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    seconds = models.FloatField(_("seconds of work"), default=0)
    rows = models.PositiveIntegerField(_("rows"), default=0)
    created = models.PositiveIntegerField(_("created"), default=0)
    updated = models.PositiveIntegerField(_("updated"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    duplicates = models.PositiveIntegerField(_("twice in the file"), default=0)
    rejected = models.PositiveIntegerField(_("rejected"), default=0)
    warnings = models.PositiveIntegerField(_("warnings"), default=0)
    differing = models.PositiveIntegerField(_("differing from the stored case"), default=0)
    control = models.JSONField(_("control totals"), default=dict, blank=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        verbose_name = _("import run")
        verbose_name_plural = _("import runs")
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["digest"], condition=Q(state=RunState.RUNNING), name="cases_importrun_one_running"
            ),
            models.CheckConstraint(
                condition=Q(
                    rows=F("created") + F("updated") + F("unchanged") + F("duplicates") + F("rejected")
                ),
                name="cases_importrun_rows_add_up",
            ),
        ]

    def __str__(self):
        return f"{self.pk} {self.profile}"

    def get_absolute_url(self):
        return reverse("imports:detail", args=[self.pk])


class ImportFile(models.Model):
    """A file of a run and how far it has been read: `rows_done` is committed with each chunk."""

    run = models.ForeignKey(ImportRun, models.PROTECT, related_name="files", verbose_name=_("run"))
    position = models.PositiveSmallIntegerField(_("position"))
    name = models.CharField(_("file"), max_length=255)
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    size = models.BigIntegerField(_("size"))
    encoding = models.CharField(_("encoding"), max_length=20, blank=True)
    rows_total = models.PositiveIntegerField(_("rows in the file"))
    rows_done = models.PositiveIntegerField(_("rows done"), default=0)

    objects = RunFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("imported file")
        verbose_name_plural = _("imported files")
        ordering = ["run", "position"]
        constraints = [
            models.UniqueConstraint(fields=["run", "position"], name="cases_importfile_position"),
            models.CheckConstraint(condition=Q(rows_done__lte=F("rows_total")), name="cases_importfile_done"),
        ]

    def __str__(self):
        return self.name


class ImportReject(models.Model):
    """A row that was not taken, with the reason and the row itself (encrypted: it may hold personal data)."""

    file = models.ForeignKey(ImportFile, models.PROTECT, related_name="rejects", verbose_name=_("file"))
    line = models.PositiveIntegerField(_("line"))
    kind = models.CharField(_("what happened"), max_length=10, choices=RejectKind)
    column = models.CharField(_("column"), max_length=120, blank=True)
    value = models.CharField(_("value"), max_length=200, blank=True)
    rule = models.CharField(_("rule"), max_length=40)
    message = models.CharField(_("reason"), max_length=500)
    raw = models.BinaryField(_("row, encrypted"), null=True, editable=False)

    objects = RunRejectQuerySet.as_manager()

    class Meta:
        verbose_name = _("rejected row")
        verbose_name_plural = _("rejected rows")
        ordering = ["file", "line", "pk"]

    def __str__(self):
        return f"{self.file}:{self.line}"


class ImportWarning(models.Model):
    """A value of a file that was kept as written and could not be resolved, with the number of its rows."""

    run = models.ForeignKey(ImportRun, models.PROTECT, related_name="findings", verbose_name=_("run"))
    file = models.ForeignKey(
        ImportFile, models.PROTECT, db_index=False, related_name="+", verbose_name=_("file")
    )
    rule = models.CharField(_("rule"), max_length=40)
    column = models.CharField(_("column"), max_length=120)
    value = models.CharField(_("value"), max_length=200, blank=True)
    count = models.PositiveIntegerField(_("rows"))
    first_line = models.PositiveIntegerField(_("first line"))

    objects = RunFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("warning of an import")
        verbose_name_plural = _("warnings of imports")
        ordering = ["rule", "-count"]
        constraints = [
            models.UniqueConstraint(
                fields=["file", "rule", "column", "value"], name="cases_importwarning_once"
            )
        ]

    def __str__(self):
        return f"{self.rule}: {mask_numbers(self.value)}"


class ImportDifference(models.Model):
    """What a source says of a case that it does not change: one on which work was done here, or one that follows
    another system. `open` until a later row of the same source agrees, or says something else."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="differences", verbose_name=_("case"))
    file = models.ForeignKey(ImportFile, models.PROTECT, related_name="+", verbose_name=_("file"))
    line = models.PositiveIntegerField(_("line"))
    says = models.JSONField(_("the source says"))
    open = models.BooleanField(_("to reconcile"), default=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("difference")
        verbose_name_plural = _("differences")
        constraints = [models.UniqueConstraint(fields=["case", "file", "line"], name="cases_difference_once")]

    def __str__(self):
        return f"{self.case} {self.file}:{self.line}"
