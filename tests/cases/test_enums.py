import csv
from pathlib import Path

from django.conf import settings
from django.utils import translation

from cases.enums import Regime

RULES = Path(settings.BASE_DIR) / "cases" / "reference" / "clock_rules.csv"


def test_every_regime_of_the_clock_rules_has_a_name():
    lines = [line for line in RULES.read_text("utf-8").splitlines() if not line.startswith("#")]

    assert {row["regime"] for row in csv.DictReader(lines)} == set(Regime.values)


def test_a_regime_is_named_in_the_language_of_the_page():
    assert Regime.label_of("order121") == "市场监管总局令第121号"
    with translation.override("en"):
        assert Regime.label_of("order121") == "SAMR Order 121"


def test_a_code_without_a_name_stands_for_itself():
    assert Regime.label_of("order999") == "order999"
