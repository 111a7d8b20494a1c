"""`python -m benchmarks [--only NAME…]`, or `make bench`: all measurements one after another, each in a process and a
database of its own. Progress on stderr, one JSON object with a part for each on the last line of stdout; its `targets`
are what was aimed at and what came of it."""

import argparse
import json
import subprocess
import sys

from benchmarks.answers import MEDIATION_MS, MEDIATION_QUERIES, MOST_MS, MOST_QUERIES, MOST_RATIO

SIZES = (1_000_000, 2_000_000)
KINDS = ("filters", "searches")
IMPORT_RATIOS = ("ratio_to_copy_indexed", "ratio_to_import_export", "ratio_to_import_export_tuned")


def parts(rows: int, sizes: list[int], seconds: float) -> dict[str, list[str]]:
    """The command of each part."""
    return {
        "import": ["imports", "--rows", str(rows)],
        "search": ["search", "--cases", *map(str, sizes)],
        # of an archive that grows the same number is open
        "queue": ["queue", "--cases", *map(str, sizes), "--open", str(sizes[0] // 25)],
        "mediation": ["mediation", "--cases", str(sizes[0]), "--sessions", str(sizes[0] * 3 // 10)],
        "breaches": ["breaches", "--cases", str(sizes[0]), "--pledges", str(sizes[0] * 8 // 100)],
        "repeats": ["repeats", "--cases", str(sizes[0])],
        "storm": ["storm", "--seconds", str(seconds)],
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=list(parts(0, [0], 0)), help="these parts alone")
    parser.add_argument("--rows", type=int, default=105_000, help="rows of the imported file")
    parser.add_argument("--cases", type=int, nargs="+", default=list(SIZES), help="sizes of the stock of cases, rising")
    parser.add_argument("--seconds", type=float, default=60, help="how long processes fight over cases")
    options = parser.parse_args()
    results = {}
    for name, command in parts(options.rows, options.cases, options.seconds).items():
        if options.only and name not in options.only:
            continue
        if (found := _run(command)) is None:
            return 1
        results[name] = found
    results["targets"] = targets(results)
    print(json.dumps(results, ensure_ascii=False))
    return 0


def targets(results: dict) -> dict[str, dict]:
    """What was aimed at and what came of it: p95 at the first size, the last size's times beside it, queries, import."""
    lists = {"queue": results.get("queue"), **{kind: results.get("search", {}).get(kind) for kind in KINDS}}
    found = {name: _reached(part) for name, part in lists.items() if part}
    if "mediation" in results:
        found["mediation"] = _reached(results["mediation"], MEDIATION_MS, MEDIATION_QUERIES)
    if "breaches" in results:
        part = results["breaches"]
        found["breaches"] = _reached(part, MOST_MS, MEDIATION_QUERIES) | {
            name: value for name, value in part.items() if name.startswith(("year_", "day_"))
        }  # fmt: skip
    if "import" in results:
        found["import"] = {name: value for name, value in results["import"].items() if name in IMPORT_RATIOS}
    return found


def _reached(part: dict, most_ms: int = MOST_MS, most_queries: int = MOST_QUERIES) -> dict:
    """Each figure, and whether it keeps to its limit."""
    found = {
        "p95_ms": part["slowest"][0]["p95_ms"], f"within_{most_ms}ms": part[f"within_{most_ms}ms"],
        "queries": part["most_queries"], f"within_{most_queries}_queries": part["most_queries"] <= most_queries,
    }  # fmt: skip
    ratios = {name: part[name]["overall"] for name in ("ratio_p50", "ratio_p95") if name in part}
    return found | ratios | ({f"within_{MOST_RATIO}x": max(ratios.values()) <= MOST_RATIO} if ratios else {})


def _run(command: list[str]) -> dict | None:
    """The JSON object that a measurement prints; None where it failed."""
    module, *arguments = command
    print(f"== {' '.join(command)}", file=sys.stderr, flush=True)
    ended = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", f"benchmarks.{module}", *arguments], stdout=subprocess.PIPE, text=True, check=False
    )
    if ended.returncode:
        print(f"benchmarks.{module} failed", file=sys.stderr)
        return None
    return json.loads(ended.stdout.splitlines()[-1])


if __name__ == "__main__":
    sys.exit(main())
