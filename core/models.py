from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.language import in_language


class TimestampedModel(models.Model):
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        abstract = True


class NamedModel(models.Model):
    """Reference data with a Chinese and an English name; it shows itself in the language of the page."""

    name = models.CharField(_("name"), max_length=120)
    name_en = models.CharField(_("English name"), max_length=160)

    class Meta:
        abstract = True

    def __str__(self):
        return self.label

    @property
    def label(self) -> str:
        return in_language(self.name, self.name_en)


def valid_on(day, *, prefix: str = "") -> Q:
    """Rows whose validity covers the local date `day`: valid_from <= day, and day < valid_to where there is one."""
    start, end = f"{prefix}valid_from", f"{prefix}valid_to"
    return (Q(**{f"{start}__lte": day}) | Q(**{f"{start}__isnull": True})) & (
        Q(**{f"{end}__gt": day}) | Q(**{f"{end}__isnull": True})
    )
