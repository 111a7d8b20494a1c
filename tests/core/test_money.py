from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from core.money import ZERO, amount_field, yuan


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1.005", "1.01"), ("1.004", "1.00"), ("-1.005", "-1.01"), (7, "7.00"), (Decimal("0.125"), "0.13")],
)
def test_yuan_rounds_half_up_to_the_fen(value, expected):
    assert str(yuan(value)) == expected


def test_yuan_takes_no_float():
    with pytest.raises(TypeError, match="never float"):
        yuan(1.1)


def test_amount_field_is_a_plain_decimal_field_and_never_negative():
    field = amount_field("amount")

    assert field.deconstruct()[1] == "django.db.models.DecimalField"
    assert field.default == ZERO
    field.run_validators(Decimal("999999999999.99"))
    with pytest.raises(ValidationError):
        field.run_validators(Decimal("-0.01"))


def test_amount_field_takes_other_settings():
    field = amount_field("amount", default=None, null=True)

    assert field.default is None
    assert field.null
