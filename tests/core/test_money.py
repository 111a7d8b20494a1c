from decimal import Decimal

import pytest

from core.money import yuan


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1.005", "1.01"), ("1.004", "1.00"), ("-1.005", "-1.01"), (7, "7.00"), (Decimal("0.125"), "0.13")],
)
def test_yuan_rounds_half_up_to_the_fen(value, expected):
    assert str(yuan(value)) == expected


def test_yuan_takes_no_float():
    with pytest.raises(TypeError, match="never float"):
        yuan(1.1)
