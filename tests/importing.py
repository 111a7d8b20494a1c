"""Calls of the import commands with made-up rows, shared by the tests of all targets."""

import csv
import json
from pathlib import Path

from django.core.management import call_command

COUNTERS = ("rows", "created", "updated", "unchanged", "duplicates", "rejected", "warnings", "differing")


def write_lines(path: Path, header, lines: list[dict]) -> Path:
    """A CSV file; a line has the cells that it names, and is otherwise empty."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(header), restval="")
        writer.writeheader()
        writer.writerows(lines)
    return path


def called(capsys, command: str, *paths: Path, **options) -> dict:
    """The JSON object that the command prints."""
    call_command(command, *map(str, paths), json=True, **options)
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def counts(summary: dict) -> dict:
    """How the rows came out; not that they make merchants, as those of nearly every file of pledges here do."""
    made = sum(finding["rows"] for finding in summary["findings"] if finding["rule"] == "merchant_made")
    counted = summary | {"warnings": summary["warnings"] - made}
    return {name: counted[name] for name in COUNTERS if counted[name]}
