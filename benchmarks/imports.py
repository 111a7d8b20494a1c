"""How quick an import is: `python -m benchmarks.imports`, progress on stderr, one JSON object on stdout.

In one run, on one file of the national platform's form written by the demo city, each on a database of its own cloned
from the migrated template with reference data:

    copy_unindexed      bare COPY of the file into a table of text columns without an index
    copy_indexed        COPY of the finished rows into the tables that the import fills, with everything on them
    import_first        this portal's importer, the file's recognition and the statistics of the tables included
    import_unchanged    the same file again
    import_export       django-import-export as one writes it, on the first rows
    import_export_tuned the same tuned by hand, on more of them

The importer runs on the two shorter files too, so that what is compared are the same rows, brought to the same end:
`benchmarks.peer.end_state` is compared column by column. Nothing here passes or fails by its speed.
"""

import argparse
import csv
import datetime as dt
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from decimal import Decimal
from importlib.metadata import version
from itertools import islice
from os import environ
from pathlib import Path

from benchmarks import peer
from benchmarks.copying import IMPORTED, NEEDED, copy_file_into_text, count, load, unload
from benchmarks.measuring import (
    end_cleanly_on_signals,
    fresh_database,
    machine,
    middle,
    say,
    seconds_of,
    settle,
)
from benchmarks.own import import_file
from demo.city import SMALLEST_SCALE, write_city
from tests import databases

ITEMS_AT_FULL_SCALE = 750_000
FILE, ENCODING = "12315_2020.csv", "utf-8-sig"
SEED = 2020
TODAY = dt.date(2026, 4, 20)
COPY_RUNS, IMPORT_RUNS = 3, 2


def main(arguments: list[str] | None = None) -> None:
    options = _parse(arguments)
    end_cleanly_on_signals()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as directory:
        result = measure(options, Path(directory))
    if options.out:
        options.out.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, ensure_ascii=False))


def measure(options: argparse.Namespace, directory: Path) -> dict:
    """All measurements, as the object that is printed."""
    used = _machine()
    path = _write_file(directory, options.rows)
    short, tuned = (_first_rows(path, n) for n in (options.peer_rows, options.tuned_rows))
    rows = {"file": _rows(path), "import_export": _rows(short), "import_export_tuned": _rows(tuned)}
    say(f"{rows['file']:,} rows, {path.stat().st_size:,} bytes")

    times, tables = {}, {}
    copy_runs, import_runs = options.runs or COPY_RUNS, options.runs or IMPORT_RUNS
    times["copy_unindexed"] = middle("copy, unindexed", rows["file"], _copies_of_file(path, copy_runs))
    first, again, tables["imported"] = _imports(path, directory, import_runs)
    times["import_first"] = middle("import, first load", rows["file"], first)
    times["import_unchanged"] = middle("import, unchanged", rows["file"], again)
    copies, tables["copied"] = _copies_of_rows(directory, copy_runs)
    times["copy_indexed"] = middle("copy, indexed", rows["file"], copies)
    _check("COPY of the finished rows", tables["imported"] == tables["copied"], str(tables))
    for name, file, resource in (
        ("import_export", short, peer.CaseResource),
        ("import_export_tuned", tuned, peer.TunedCaseResource),
    ):
        same = f"import_of_{name}_rows"
        times[same], expected = _end_of(same, rows[name], lambda f=file: import_file(f))
        times[name], found = _end_of(name, rows[name], lambda f=file, r=resource: peer.import_file(r(), f))
        _check(name, not (wrong := peer.differences(expected, found)), "; ".join(wrong[:5]))
    memory = {label: _memory(file) for label, file in (("import_export_tuned", tuned), ("file", path))}
    speed = {
        name: rows.get(name, rows["file"]) / seconds
        for name, seconds in times.items()
        if not name.startswith("import_of_")
    }
    return {
        "rows": rows,
        "file_bytes": path.stat().st_size,
        "seconds": {name: round(seconds, 3) for name, seconds in times.items()},
        "rows_per_second": {name: round(value) for name, value in speed.items()},
        "ratio_to_copy_unindexed": _ratio(speed["import_first"], speed["copy_unindexed"]),
        "ratio_to_copy_indexed": _ratio(speed["import_first"], speed["copy_indexed"]),
        "ratio_to_import_export": _ratio(speed["import_first"], speed["import_export"]),
        "ratio_to_import_export_tuned": _ratio(speed["import_first"], speed["import_export_tuned"]),
        "ratio_to_import_export_same_rows": _ratio(
            times["import_export"], times["import_of_import_export_rows"]
        ),
        "ratio_to_import_export_tuned_same_rows": _ratio(
            times["import_export_tuned"], times["import_of_import_export_tuned_rows"]
        ),
        "ratio_unchanged_to_first": _ratio(speed["import_unchanged"], speed["import_first"]),
        "tables": tables,
        "memory": [{"rows": rows[name], **memory[name]} for name in memory],
        "machine": used,
    }


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.imports", description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the file (default 100000)")
    parser.add_argument("--peer-rows", type=int, default=5_000, help="for import-export as one writes it")
    parser.add_argument("--tuned-rows", type=int, default=20_000, help="for import-export tuned by hand")
    parser.add_argument("--runs", type=int, metavar="N", help="runs of each (default: copies 3, imports 2)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the JSON there too")
    return parser.parse_args(arguments)


def _write_file(directory: Path, rows: int) -> Path:
    """The city's file of the full year 2020, cut to so many rows."""
    city = directory / "city"
    scale = max(SMALLEST_SCALE, Decimal(rows) / ITEMS_AT_FULL_SCALE)
    write_city(city, scale=scale, seed=SEED, today=TODAY)
    return _first_rows(city / FILE, rows)


def _first_rows(path: Path, count: int) -> Path:
    target = path.with_name(f"first_{count}.csv")
    with (
        path.open(encoding=ENCODING, newline="") as source,
        target.open("w", encoding=ENCODING, newline="") as file,
    ):
        csv.writer(file).writerows(islice(csv.reader(source), count + 1))
    return target


def _rows(path: Path) -> int:
    with path.open(encoding=ENCODING, newline="") as file:
        return sum(1 for _row in csv.reader(file)) - 1


def _copies_of_file(path: Path, runs: int) -> list[float]:
    times = []
    for _run in range(runs):
        with fresh_database("bare"):
            times.append(seconds_of(lambda: copy_file_into_text(path)))
    return times


def _imports(path: Path, directory: Path, runs: int) -> tuple[list[float], list[float], dict[str, int]]:
    """Times of first loads and of the same files again, and the rows of each table; unloads the finished rows."""
    first, again = [], []
    for _run in range(runs):
        with fresh_database("import"):
            first.append(seconds_of(lambda: import_file(path)))
            tables = count()
            if not _run:
                unload((*IMPORTED, *NEEDED), directory)
            settle()
            again.append(seconds_of(lambda: import_file(path)))
            _check("the unchanged file", count() == tables, str(count()))
    return first, again, tables


def _copies_of_rows(directory: Path, runs: int) -> tuple[list[float], dict[str, int]]:
    times = []
    for _run in range(runs):
        with fresh_database("copy"):
            load(NEEDED, directory)
            settle()
            times.append(seconds_of(lambda: load(IMPORTED, directory)))
            tables = count()
    return times, tables


def _end_of(label: str, rows: int, work: Callable[[], object]) -> tuple[float, list[dict]]:
    """Time of an import into a database of its own, and what it came to."""
    with fresh_database("peer"):
        seconds = middle(label, rows, [seconds_of(work)])
        return seconds, peer.end_state()


def _memory(path: Path) -> dict:
    with fresh_database("memory") as url:
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "benchmarks.memory", str(path)],
            env=environ | {"DATABASE_URL": url},
            stdout=subprocess.PIPE,
            check=True,
            text=True,
            cwd=databases.ROOT,
        )
    return json.loads(done.stdout.splitlines()[-1])


def _machine() -> dict:
    return machine() | {"import_export": version("django-import-export")}


def _ratio(mine: float, other: float) -> float:
    return round(mine / other, 3)


def _check(what: str, equal: bool, message: str) -> None:
    """The compared ways must have come to the same end, or their times say nothing."""
    if not equal:
        raise SystemExit(f"The benchmark compares unlike things: {what}: {message}")


if __name__ == "__main__":
    main()
