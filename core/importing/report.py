from dataclasses import dataclass
from pathlib import Path

from core.exceptions import FileRefused


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong with one row of a file.

    `line` is the physical line of a CSV file or the row of a sheet on which the row starts, `column` the
    header as the file has it ("" when the row as a whole is wrong), `value` the cell as written, `rule` a
    stable dotted code, `message` the reason and what to do, safe to show.
    """

    line: int
    column: str
    value: str
    rule: str
    message: str


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
