from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal("0.00")


def yuan(value: Decimal | int | str) -> Decimal:
    """CNY to the fen, half up: the one place where an amount is rounded. TypeError for a float."""
    if isinstance(value, float):
        raise TypeError("amounts are Decimal, int or str, never float")
    return Decimal(value).quantize(ZERO, ROUND_HALF_UP)
