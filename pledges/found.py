"""Searching the register by names."""

from django.db.models import Q, QuerySet

from pledges.models import Premises
from registry.models import Merchant

FEW = 1_000  # merchants, or premises, that are named by key


def found_premises(queryset: QuerySet, words: str, path: str = "") -> QuerySet:
    """The rows of premises (at `path`) in whose name, or in that of whose merchant, the words stand. Names are looked up
    first, by their own indexes: the database would else join all premises with their merchants. Where a word is so common
    that they are more than a FEW, all of them count all the same."""
    words = words.strip()
    if not words:
        return queryset
    premises = _few(Premises.objects.filter(name__contains=words))
    merchants = _few(Merchant.objects.filter(name__contains=words))
    key = path or "pk"
    merchant = f"{path}__merchant" if path else "merchant"
    return queryset.filter(Q(**{f"{key}__in": premises}) | Q(**{f"{merchant}__in": merchants}))


def _few(rows: QuerySet) -> list[int] | QuerySet:
    """Their keys, or the question for them."""
    keys = rows.order_by().values_list("pk", flat=True)
    found = list(keys[: FEW + 1])
    return found if len(found) <= FEW else keys
