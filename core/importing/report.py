from dataclasses import dataclass
from pathlib import Path

from core.exceptions import FileRefused


def refused(path: Path, problem: str) -> FileRefused:
    """The refusal of a file as a whole: its name, then `problem` with the advice in it."""
    return FileRefused(f"{Path(path).name}: {problem}")


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that has no cells to speak of, for the importer to reject: `raw` is its text as it stands in
    the file, `cells` what could be made of it, `reason` safe to show."""

    line: int
    cells: list[str]
    raw: str
    rule: str
    reason: str
