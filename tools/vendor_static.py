"""Copy the pinned front-end files into static/vendor/, which the repository carries.

    tools/vendor_static.py            install frontend/package-lock.json with npm, write static/vendor/ anew
    tools/vendor_static.py --check    compare static/vendor/ with vendor.lock.json; needs no Node

vendor.lock.json names every vendored file with its SHA-256 and every package with its version and licence.
"""

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FRONTEND = ROOT / "frontend"
VENDOR = ROOT / "static" / "vendor"
LOCK_NAME = "vendor.lock.json"
# a dangling source map makes collectstatic with hashed names fail
SOURCE_MAP = re.compile(rb"\n?(//[#@]|/\*[#@]) ?sourceMappingURL=[^\n*]*(\*/)?\s*")
SHAPE = re.compile(r"<(?:path|circle|line|polyline|rect|ellipse)[^>]*/>")
SYMBOL = (
    '<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" '
    'stroke-linecap="round" stroke-linejoin="round">{body}</symbol>'
)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def check(vendor: Path = VENDOR) -> list[str]:
    """What is wrong with the vendored files under `vendor`, one line each; empty when all is well."""
    lock = json.loads((vendor / LOCK_NAME).read_text("utf-8"))
    listed = {name: value for package in lock.values() for name, value in package["files"].items()}
    present = {p.relative_to(vendor).as_posix() for p in vendor.rglob("*") if p.is_file()} - {LOCK_NAME}
    problems = [f"missing: {name}" for name in sorted(listed.keys() - present)]
    problems += [f"not in the lock: {name}" for name in sorted(present - listed.keys())]
    problems += [
        f"changed: {name}"
        for name in sorted(listed.keys() & present)
        if digest((vendor / name).read_bytes()) != listed[name]
    ]
    return problems


def sprite(icons: list[str], source: Path) -> bytes:
    """One SVG file that holds the named icons as symbols."""
    symbols = []
    for name in sorted(icons):
        shapes = SHAPE.findall((source / f"{name}.svg").read_text("utf-8"))
        symbols.append(SYMBOL.format(name=name, body="".join(shapes)))
    head, tail = '<svg xmlns="http://www.w3.org/2000/svg">', "</svg>\n"
    return (head + "\n".join(symbols) + tail).encode()


def vendor() -> None:
    """Install with npm, copy the listed files, build icon sprite and ECharts bundle, write the lock."""
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=FRONTEND, check=True)
    package = json.loads((FRONTEND / "package.json").read_text("utf-8"))
    modules = FRONTEND / "node_modules"
    shutil.rmtree(VENDOR, ignore_errors=True)
    lock: dict[str, dict] = {}

    def put(name: str, target: str, content: bytes) -> None:
        content = SOURCE_MAP.sub(b"\n", content)
        path = VENDOR / target
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        meta = json.loads((modules / name / "package.json").read_text("utf-8"))
        entry = lock.setdefault(name, {"version": meta["version"], "license": meta["license"], "files": {}})
        entry["files"][target] = digest(content)

    for name, files in package["vendor"].items():
        for source, target in files.items():
            put(name, target, (modules / name / source).read_bytes())
    outline = modules / "@tabler/icons/icons/outline"
    put("@tabler/icons", "tabler-icons/sprite.svg", sprite(package["icons"], outline))
    bundle = modules / "echarts.custom.min.js"
    subprocess.run(
        [
            "npx",
            "--no-install",
            "esbuild",
            "echarts-entry.js",
            "--bundle",
            "--minify",
            "--format=iife",
            "--target=es2018",
            "--legal-comments=eof",
            f"--outfile={bundle}",
        ],
        cwd=FRONTEND,
        check=True,
    )
    put("echarts", "echarts/echarts.custom.min.js", bundle.read_bytes())
    (VENDOR / LOCK_NAME).write_text(json.dumps(lock, indent=1, sort_keys=True) + "\n", "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description="Vendor the front-end libraries, or check them.")
    parser.add_argument("--check", action="store_true", help="compare with vendor.lock.json, change nothing")
    if not parser.parse_args().check:
        vendor()
    problems = check()
    for problem in problems:
        print(problem)
    print(f"static/vendor: {len(problems)} problem(s)" if problems else "static/vendor: as locked")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
