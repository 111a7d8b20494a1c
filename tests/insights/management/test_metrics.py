import datetime as dt
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone, translation

from insights.metrics import every_metric
from tests.factories import CaseFactory, ClockFactory, RecoveryFactory
from tests.factories.cases import local

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[3]


def run(capsys, *arguments: str) -> str:
    call_command("metrics", *arguments)
    return capsys.readouterr().out


def as_json(capsys, *arguments: str) -> dict:
    return json.loads(run(capsys, *arguments, "--json").splitlines()[-1])


@pytest.fixture
def complaint(city):
    case = CaseFactory(closed=True, handling=city.station, received_at=local(2020, 5, 4))
    CaseFactory.create_batch(2, accepted=True, handling=city.neighbour, received_at=local(2020, 5, 4))
    ClockFactory(case=case, due_on=dt.date(2020, 5, 13), stopped_on=dt.date(2020, 5, 13))
    RecoveryFactory(case=case, posted_on=dt.date(2020, 6, 1), amount=Decimal("1234.50"))
    return case


def test_the_object_of_json(capsys, complaint):
    found = as_json(capsys, "--year", "2020", "--as-of", "2021-03-12")

    assert found["period"] == {"from": "2020-01-01", "to": "2020-12-31"}
    assert found["scope"] == {"region": None, "agency": None}
    assert found["as_of"] == "2021-03-12"
    assert found["metrics"].keys() == {figure.code for figure in every_metric()}
    empty = {"numerator": None, "denominator": None}
    assert found["metrics"]["cases.received"] == {"value": 3, "unit": "cases", **empty}
    assert found["metrics"]["recoveries.total"] == {"value": "1234.50", "unit": "CNY", **empty}
    assert found["metrics"]["recoveries.council"] == {"value": "0.00", "unit": "CNY", **empty}
    assert found["metrics"]["cases.resolution_rate"] == {
        "value": 1 / 3, "numerator": 1, "denominator": 3, "unit": "rate",
    }  # fmt: skip
    assert found["metrics"]["cases.accepted_on_time"]["value"] == 1.0
    assert found["metrics"]["cases.verified_on_time"] == {
        "value": None, "numerator": 0, "denominator": 0, "unit": "rate",
    }  # fmt: skip


def test_json_is_one_line_and_nothing_else(capsys, complaint):
    output = run(capsys, "--year", "2020", "--json")

    assert output.count("\n") == 1
    assert output.startswith('{"period"')


def test_region_and_agency_narrow_the_scope(capsys, city, complaint):
    found = as_json(capsys, "--year", "2020", "--agency", city.district.code)
    assert found["scope"] == {"region": None, "agency": city.district.code}
    assert found["metrics"]["cases.received"]["value"] == 1

    found = as_json(capsys, "--from", "2021-01-01", "--to", "2021-12-31", "--region", "330102")
    assert found["scope"] == {"region": "330102:2021-04-09", "agency": None}
    assert found["metrics"]["cases.received"]["value"] == 0


def test_days_are_both_included(capsys, complaint):
    for day, n in (("2020-05-03", 0), ("2020-05-04", 3), ("2020-05-05", 0)):
        assert as_json(capsys, "--from", day, "--to", day)["metrics"]["cases.received"]["value"] == n


def test_without_a_period_it_is_this_year(capsys):
    year = timezone.localdate().year
    assert as_json(capsys)["period"] == {"from": f"{year}-01-01", "to": f"{year}-12-31"}


def test_people_get_a_table(capsys, city, complaint):
    with translation.override("en"):
        shown = run(capsys, "--year", "2020", "--agency", city.district.code)

    lines = {line.split()[0]: line for line in shown.splitlines() if "." in line.split()[0]}
    assert lines.keys() == {figure.code for figure in every_metric()}
    assert lines["recoveries.total"].split()[1] == "1,234.50"
    assert "1 / 1" in lines["cases.resolution_rate"]
    assert "100.00%" in lines["cases.resolution_rate"]
    assert lines["cases.verified_on_time"].split()[1] == "-"
    assert "Bureau" in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--year", "2020", "--from", "2020-01-01"], "--year"),
        (["--year", "20200"], "1950"),
        (["--from", "2020-01-01"], "its last day"),
        (["--from", "2020-13-01", "--to", "2020-12-31"], "2020-13-01"),
        (["--from", "2020-02-01", "--to", "2020-01-01"], "before the first"),
        (["--year", "2020", "--region", "999999"], "999999"),
        (["--year", "2020", "--region", "330113"], "330113"),
        (["--year", "2020", "--agency", "nobody"], "nobody"),
        (["--as-of", "12 March"], "12 March"),
        (["--as-of", "2199-01-01"], "--as-of"),
    ],
)
def test_bad_arguments_are_said_in_one_line(arguments, said):
    with translation.override("en"), pytest.raises(CommandError) as caught:
        call_command("metrics", *arguments)

    assert caught.value.returncode == 1
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_bad_argument_ends_the_process_with_1():
    done = subprocess.run(
        [sys.executable, "manage.py", "metrics", "--year", "20200"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "CommandError" in done.stderr
