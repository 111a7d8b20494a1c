"""What the models of cases share: amounts of money, local dates and plain references."""

from django.db import models
from django.db.models import F, Func

AMOUNT = {"max_digits": 14, "decimal_places": 2}


class LocalDate(Func):
    """The date of a timestamp in Chinese local time; immutable, so it can be a generated column."""

    template = "(%(expressions)s AT TIME ZONE 'Asia/Shanghai')::date"
    output_field = models.DateField()


def local_date(field: str, verbose_name) -> models.GeneratedField:
    return models.GeneratedField(
        expression=LocalDate(F(field)),
        output_field=models.DateField(),
        db_persist=True,
        verbose_name=verbose_name,
    )


def reference(to: str, verbose_name, **kwargs) -> models.ForeignKey:
    """A foreign key without an index of its own: lists are served by the composite indexes of the case."""
    return models.ForeignKey(
        to,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=verbose_name,
        **kwargs,
    )
