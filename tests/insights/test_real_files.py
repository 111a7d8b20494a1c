"""Figures of real complaints, imported as a user would, against a count of the same files by the csv module alone."""

import csv
import json
from collections import Counter
from pathlib import Path

import pytest
from django.core.management import call_command
from django.urls import reverse

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[2]
CARS = ROOT / "tests" / "data" / "car_complaints_2024_excerpt.csv"
BANKS = ROOT / "tests" / "data" / "cfpb_complaints_2020_excerpt.csv"
SETTLED = {"Closed with monetary relief", "Closed with non-monetary relief"}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def imported(capsys, path: Path, profile: str) -> None:
    call_command("import_cases", str(path), profile=str(ROOT / "docs" / "examples" / profile), json=True)
    capsys.readouterr()


def figures(capsys, year: int) -> dict:
    call_command("metrics", year=year, json=True)
    return json.loads(capsys.readouterr().out.splitlines()[-1])["metrics"]


def tiles(client, user, year: int) -> dict:
    client.force_login(user, backend="accounts.backends.AccountBackend")
    dashboard = client.get(reverse("insights:dashboard"), {"year": year}).context["dashboard"]
    return {tile.metric.code: tile.now for tile in dashboard.tiles}


def test_cars_are_counted_by_year(capsys, client, city):
    expected = Counter(int(row["投诉日期"][:4]) for row in rows(CARS))

    imported(capsys, CARS, "car_complaints.toml")

    assert sum(expected.values()) == 120
    for year, count in expected.items():
        found = figures(capsys, year)
        assert found["cases.received"]["value"] == count
        assert found["cases.received.complaint"]["value"] == count
        assert tiles(client, city.regulator, year)["cases.received"].value == count


def test_banks_are_counted_by_year_and_outcome(capsys, client, city):
    received, accepted, settled = Counter(), Counter(), Counter()
    for row in rows(BANKS):
        year, sent = int(row["Date received"][:4]), int(row["Date sent to company"][:4])
        received[year] += 1
        accepted[sent] += 1
        settled[sent] += row["Company response to consumer"] in SETTLED

    imported(capsys, BANKS, "cfpb_complaints.toml")

    assert sum(received.values()) == len(rows(BANKS)) > 100
    assert 0 < sum(settled.values()) < sum(accepted.values())
    for year in received | accepted:
        found = figures(capsys, year)
        assert found["cases.received"]["value"] == received[year]
        rate = found["cases.resolution_rate"]
        assert (rate["numerator"], rate["denominator"]) == (settled[year], accepted[year])
        tile = tiles(client, city.regulator, year)["cases.resolution_rate"].figure
        assert (tile.numerator, tile.denominator) == (settled[year], accepted[year])
