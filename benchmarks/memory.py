"""Peak memory of one import, in a process of its own: `python -m benchmarks.memory FILE` prints it as JSON.

The import works in a main process and several workers. Their peaks are added as if each held its memory for itself
and all came at once, so the sum is what the import needs at most; pages that they share are counted several times.
"""

import json
import resource
import sys
from pathlib import Path

from benchmarks.measuring import say
from benchmarks.own import import_file
from cases.importers.pipeline import WORKERS

KIB = 1 if sys.platform == "darwin" else 1024  # what ru_maxrss counts in


def main(path: Path) -> None:
    import_file(path)
    main_process = _peak()
    worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * KIB
    say(
        f"memory {path.name}: main {main_process >> 20} MiB, each of {WORKERS} workers {worker >> 20} MiB at most"
    )
    print(json.dumps({"bytes": path.stat().st_size, "peak_mib": (main_process + WORKERS * worker) >> 20}))


def _peak() -> int:
    """The peak of this process in bytes. On Linux from /proc: there ru_maxrss still holds that of whoever started us."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIB


if __name__ == "__main__":
    main(Path(sys.argv[1]))
