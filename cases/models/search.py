"""What the words of a search are looked for in."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Func
from django.utils.translation import gettext_lazy as _

from cases.models.case import Case
from cases.querysets import SearchQuerySet


class Bigrams(Func):
    """All pairs of neighbouring characters of a text, by the function that the migration makes."""

    function = "cases_bigrams"
    arity = 1
    output_field = ArrayField(models.TextField())


class CaseSearch(models.Model):
    """The text of a case as it is searched: without the numbers that are masked, in one spelling of case and width
    (`cases.domain.search_text`). A table of its own, filled behind the case by the worker: kept up within each write,
    its index would bring an import down to a quarter of its speed."""

    case = models.OneToOneField(
        Case,
        models.PROTECT,
        primary_key=True,
        db_constraint=False,
        related_name="search",
        verbose_name=_("case"),
    )
    content = models.TextField(_("text"), editable=False)
    # repeated here, so that thousands of found rows are put into scope and order without a look at their cases
    received_at = models.DateTimeField(_("received at"), editable=False)
    custodian = models.BigIntegerField(editable=False)
    custodian_root = models.BigIntegerField(editable=False)
    custodian_district = models.BigIntegerField(null=True, editable=False)

    objects = SearchQuerySet.as_manager()

    class Meta:
        verbose_name = _("searched text of a case")
        verbose_name_plural = _("searched texts of cases")
        indexes = [
            # rows go into the index by thousands at once, which takes half of the time; until then each search reads
            # their list, so it must not grow long
            GinIndex(
                Bigrams(F("content")),
                name="cases_casesearch_bigrams",
                fastupdate=True,
                gin_pending_list_limit=32768,
            )
        ]

    def __str__(self):
        return str(self.case_id)
