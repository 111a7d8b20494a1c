from decimal import ROUND_HALF_UP, Decimal

from django.core.validators import MinValueValidator
from django.db import models

ZERO = Decimal("0.00")


def yuan(value: Decimal | int | str) -> Decimal:
    """CNY to the fen, half up: the one place where an amount is rounded. TypeError for a float."""
    if isinstance(value, float):
        raise TypeError("amounts are Decimal, int or str, never float")
    return Decimal(value).quantize(ZERO, ROUND_HALF_UP)


def amount_field(verbose_name: str, **kwargs) -> models.DecimalField:
    """CNY to the fen. A function, not a Field subclass: migrations then name Django's field only."""
    kwargs = {"default": ZERO, "validators": [MinValueValidator(ZERO)]} | kwargs
    return models.DecimalField(verbose_name, max_digits=14, decimal_places=2, **kwargs)
