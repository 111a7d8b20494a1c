"""The one change feed of cases, which everything that is derived from cases reads, and where each reader has got to."""

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from cases.enums import ChangeKind
from cases.querysets import MachineryQuerySet, ScopedQuerySet
from core.triggers import Trigger

# the number of the transaction is asked for once a statement, and not at all by one that touches no row
RECORD = (
    'INSERT INTO cases_casechange (case_id, kind, "transaction")'
    " SELECT {column}, '{kind}', (SELECT pg_current_xact_id()::text::bigint) FROM changed_rows; RETURN NULL;"
)


def record_changes(column: str) -> list[Trigger]:
    """Triggers by which each statement that inserts or updates rows writes one line of the feed a row; `column` holds
    the case. New numbers of a case are a change of it."""
    kinds = {pgtrigger.Insert: "created" if column == "id" else "changed", pgtrigger.Update: "changed"}
    return [
        Trigger(
            name=f"feed_{str(operation).lower()}",
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=operation,
            referencing=pgtrigger.Referencing(new="changed_rows"),
            func=RECORD.format(column=column, kind=kind),
        )
        for operation, kind in kinds.items()
    ]


class CaseChange(models.Model):
    """A case was created or changed by a transaction. Written by triggers alone, read by `cases.domain.read_changes`,
    deleted when all consumers have read it. No index but the key and no constraint, so that an import hardly feels it."""

    case = models.ForeignKey(
        "cases.Case",
        models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name=_("case"),
    )
    kind = models.CharField(_("kind of change"), max_length=8, choices=ChangeKind, editable=False)
    transaction = models.BigIntegerField(_("transaction"), editable=False)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of a case")
        verbose_name_plural = _("changes of cases")
        ordering = ["pk"]

    def __str__(self):
        return f"{self.case_id} {self.kind}"


class FeedPosition(models.Model):
    """How far a consumer has read the feed: all rows up to `last_id`.

    Identifiers are given out before their transactions end, so a lower one may appear after a higher. Rows up to
    `until_id` are therefore read only when every transaction older than `until_transaction`, which began after the
    row `until_id` was seen, has ended: none can appear among them any more.

    `backfill_before`: cases with a lower key are still to be read without the feed, from the newest to the oldest; they
    may be older than it, or than the consumer. Empty where there are none.
    """

    consumer = models.CharField(_("consumer"), max_length=40, primary_key=True)
    last_id = models.BigIntegerField(default=0, editable=False)
    until_id = models.BigIntegerField(default=0, editable=False)
    until_transaction = models.BigIntegerField(default=0, editable=False)
    backfill_before = models.BigIntegerField(null=True, editable=False)
    read_at = models.DateTimeField(_("last read at"), null=True, editable=False)

    objects = MachineryQuerySet.as_manager()

    class Meta:
        verbose_name = _("position in the change feed")
        verbose_name_plural = _("positions in the change feed")
        ordering = ["consumer"]

    def __str__(self):
        return self.consumer
