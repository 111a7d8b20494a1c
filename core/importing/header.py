"""From a header row to the place of every field."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _

from core.importing.profile import Profile, header_key
from core.importing.report import refused

# title and blank rows that may stand above the header
MAX_JUNK = 20


@dataclass(frozen=True)
class Layout:
    """Where things stand: `columns` field -> index, `kept` header of the profile -> index, `unnamed` the
    columns without a header, which must be empty."""

    columns: dict[str, int]
    kept: dict[str, int]
    unnamed: tuple[int, ...]


class HeaderMatcher:
    def __init__(self, profile: Profile):
        self.profile = profile
        self.fields = {
            header_key(header): name for name, headers in profile.columns.items() for header in headers
        }
        self.keep = {header_key(header): header for header in profile.keep}
        self.ignore = {header_key(header) for header in profile.ignore}
        self.best: tuple[int, int, int, list[str]] = (-1, -1, 0, [])

    def matches(self, cells: Sequence[str], line: int) -> int:
        """How many columns of this row are known, 0 unless all required headers are there."""
        found = {self.fields[key] for key in map(header_key, cells) if key in self.fields}
        score = (len(found), len(cells))
        if any(cells) and score > self.best[:2]:
            self.best = (*score, line, list(cells))
        return len(found) if found.issuperset(self.profile.required) else 0

    def missing(self, path: Path):
        """The refusal when no row has all the required headers."""
        line, cells = self.best[2:]
        if not cells:
            return refused(
                path,
                _("there is no header in the first %(count)s rows. Remove what stands above it.")
                % {"count": MAX_JUNK + 1},
            )
        found = {self.fields.get(header_key(cell)) for cell in cells}
        lacking = [
            " / ".join(self.profile.columns[name]) for name in self.profile.required if name not in found
        ]
        return refused(
            path,
            _(
                "the header lacks %(missing)s. The row that comes nearest, line %(line)s, has: %(found)s. "
                "Give the file's own headers in the profile under [columns]."
            )
            % {"missing": _quoted(lacking), "line": line, "found": _quoted(cells)},
        )

    def resolve(self, path: Path, cells: Sequence[str]) -> Layout:
        """The layout of the header row; FileRefused for doubled and for unknown columns."""
        places: dict[str, list[int]] = {}
        unknown, unnamed = [], []
        for index, cell in enumerate(cells):
            key = header_key(cell)
            if key in self.fields:
                places.setdefault(self.fields[key], []).append(index)
            elif key in self.keep:
                places.setdefault(self.keep[key], []).append(index)
            elif not key:
                unnamed.append(index)
            elif key not in self.ignore and not self.profile.ignores_unknown:
                unknown.append(index)
        doubled = [indexes for indexes in places.values() if len(indexes) > 1]
        if doubled:
            raise refused(
                path,
                _("these columns mean the same: %(columns)s. Remove or rename all but one of each.")
                % {"columns": "; ".join(_numbered(cells, indexes) for indexes in doubled)},
            )
        if unknown:
            raise refused(
                path,
                _(
                    "unknown columns: %(columns)s. Name them in the profile under [columns], keep or ignore, "
                    'for example ignore = ["%(example)s"].'
                )
                % {"columns": _numbered(cells, unknown), "example": cells[unknown[0]].strip()},
            )
        return Layout(
            columns={name: places[name][0] for name in self.profile.columns if name in places},
            kept={header: places[header][0] for header in self.profile.keep if header in places},
            unnamed=() if self.profile.ignores_unknown else tuple(unnamed),
        )


def _quoted(texts: Sequence[str]) -> str:
    return ", ".join(f"“{' '.join(text.split())}”" for text in texts[:60] if text.strip())[:1500]


def _numbered(cells: Sequence[str], indexes: Sequence[int]) -> str:
    return ", ".join(
        _("“%(header)s” (column %(number)s)")
        % {"header": " ".join(cells[index].split()), "number": index + 1}
        for index in indexes
    )
