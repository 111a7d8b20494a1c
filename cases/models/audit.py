"""Who saw and changed what, of all tables that keep it, in one order of time."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from cases.enums import AuditKind
from cases.querysets import AuditQuerySet


def _part(to, verbose_name=None) -> models.ForeignKey:
    return models.ForeignKey(
        to,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        editable=False,
        related_name="+",
        verbose_name=verbose_name,
    )


class AuditEntry(models.Model):
    """A row of one of the tables named below, as a line of an audit: read from a view of the database (its last
    migration says how), never written. A table that is to be read here, too, is one more SELECT there and one more
    key here. `record` is what a line of the access log is about; `previous` the state before a change."""

    id = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(_("time"))
    kind = models.CharField(_("kind"), max_length=10, choices=AuditKind)
    user = _part(settings.AUTH_USER_MODEL, _("by"))
    case = _part("cases.Case", _("case"))
    record = models.CharField(_("record"), max_length=200)
    history = _part("cases.CaseHistory")
    previous = _part("cases.CaseHistory")
    event = _part("cases.CaseEvent")
    access = _part("accounts.AccessLog")
    sign_in = _part("accounts.SignIn")
    run = _part("cases.ImportRun")
    difference = _part("cases.ImportDifference")

    objects = AuditQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = "cases_auditentry"
        default_permissions = ()
        verbose_name = _("line of an audit")
        verbose_name_plural = _("lines of an audit")

    def __str__(self):
        return f"{self.at:%Y-%m-%d %H:%M} {self.kind}"
