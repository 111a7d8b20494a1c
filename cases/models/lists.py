"""How a user has set up his lists: filters that he keeps, and the columns that he sees."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.querysets import OwnQuerySet, SavedFilterQuerySet

QUERY_LENGTH = 1000  # characters, as an address writes them


class SavedFilter(models.Model):
    """A query of one list under a name. `query` is the query string as the list understood it, and holds no number
    that may be somebody's. `shared`: with the owner's agency and all below it."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+", verbose_name=_("owner")
    )  # found by the unique index
    list = models.CharField(_("list"), max_length=20)
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(_("query"), max_length=QUERY_LENGTH)
    shared = models.BooleanField(_("shared"), default=False)
    changed_at = models.DateTimeField(_("changed at"))

    objects = SavedFilterQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved filter")
        verbose_name_plural = _("saved filters")
        ordering = ["list", "name"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "list", "name"], name="cases_savedfilter_once"),
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(query=""), name="cases_savedfilter_says_something"
            ),
        ]
        indexes = [
            models.Index(fields=["list"], condition=Q(shared=True), name="cases_savedfilter_shared"),
        ]

    def __str__(self):
        return self.name


class ListColumns(models.Model):
    """The columns that a user sees in one list: their names, in his order."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+", verbose_name=_("user")
    )  # found by the unique index
    list = models.CharField(_("list"), max_length=20)
    columns = models.JSONField(_("columns"))

    objects = OwnQuerySet.as_manager()

    class Meta:
        verbose_name = _("columns of a list")
        verbose_name_plural = _("columns of lists")
        constraints = [models.UniqueConstraint(fields=["user", "list"], name="cases_listcolumns_once")]

    def __str__(self):
        return f"{self.user} {self.list}"
