"""Names as written in files, resolved to places, agencies, channels, categories, problems and platforms.

Loaded once for a run with seven queries, then in memory. Every method returns a model instance of the
registry (so `.pk`, `.code`, `.kind`, `.ancestor_ids` cost no query) or None for what is unknown, and
remembers each written value.
"""

import datetime as dt
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Protocol

from registry.enums import Branch, RegionLevel, Scheme
from registry.models import Agency, Category, Channel, Platform, Problem, Region, RegionSuccession

MEMORY = 200_000  # written values remembered by one method before it starts afresh
UNSEEN = object()
LEVELS = {RegionLevel.PROVINCE: 0, RegionLevel.CITY: 1, RegionLevel.DISTRICT: 2, RegionLevel.STREET: 3}
PATH = re.compile(r"-+>|→|>|/")
BRANCHES = {
    "商品(产品)": Branch.GOODS,
    "商品": Branch.GOODS,
    "产品": Branch.GOODS,
    "goods": Branch.GOODS,
    "服务": Branch.SERVICES,
    "services": Branch.SERVICES,
}


class Dated(Protocol):
    pk: int
    valid_from: dt.date | None
    valid_to: dt.date | None


def spelling(written: str) -> str:
    """The form under which names are compared: full-width and half-width, case and white space do not
    count."""
    return "".join(unicodedata.normalize("NFKC", written).casefold().split())


class Memory(dict):
    """What written values resolved to; bounded, so that a file of a million different spellings is no
    danger."""

    def keep(self, key, found):
        if len(self) >= MEMORY:
            self.clear()
        self[key] = found
        return found


def _valid(row: Dated, day: dt.date) -> bool:
    return (row.valid_from is None or row.valid_from <= day) and (row.valid_to is None or day < row.valid_to)


def _by_spelling(rows: Iterable, spellings) -> dict[str, list]:
    """Rows under each of their spellings; a spelling keeps the order of the rows."""
    index = defaultdict(list)
    for row in rows:
        for key in dict.fromkeys(spelling(text) for text in spellings(row) if text):
            index[key].append(row)
    return dict(index)


def _names(row) -> tuple:
    return row.code, row.name, row.name_en, *row.aliases


class Tree:
    """A vocabulary with levels, looked up by name, code or path. `branches`: first parts of a path that are
    no class themselves but say to which branch the next one belongs."""

    def __init__(self, rows: list, branches: Mapping[str, Branch]):
        self._branches = branches
        # a national class comes before a council's of the same name
        rows = sorted(rows, key=lambda row: (row.scheme != Scheme.NATIONAL, row.position, row.code))
        self._all = _by_spelling(rows, _names)
        below = defaultdict(list)
        for row in rows:
            below[row.parent_id].append(row)
        self._below = {parent: _by_spelling(children, _names) for parent, children in below.items()}

    def find(self, written: str):
        """The class that a bare name or code means, or the deepest known one of a path `a->b->c`."""
        whole = self._one(self._all.get(spelling(written), []), None)
        if whole is not None:
            return whole
        parts = [part for part in map(spelling, PATH.split(unicodedata.normalize("NFKC", written))) if part]
        branch = self._branches.get(parts[0]) if len(parts) > 1 else None
        found = None
        for part in parts[branch is not None :]:
            if found is None:
                found = self._one(self._below.get(None, {}).get(part, []), branch)
            elif children := self._below.get(found.pk, {}).get(part):
                found = children[0]
            else:
                break
        return found

    @staticmethod
    def _one(candidates: list, branch: Branch | None):
        """The candidate of the branch, the national vocabulary first; None where two of one vocabulary
        compete."""
        if branch is not None:
            candidates = [row for row in candidates if row.branch == branch]
        first = [row for row in candidates if row.scheme == candidates[0].scheme]
        return first[0] if len(first) == 1 else None


class Directory:
    """Everything that a file may name. Make it with `Directory.load()`, once per run."""

    def __init__(self, *, regions, agencies, channels, categories, problems, platforms, successions):
        self._region_ids = {region.pk: region for region in regions}
        self._origins = defaultdict(list)
        for step in successions:
            self._origins[step.successor_id].append(step.predecessor_id)
        self._region_codes = defaultdict(list)
        for region in regions:
            self._region_codes[region.code].append(region)
        by_level = sorted(regions, key=lambda region: LEVELS[region.level])
        self._region_names = _by_spelling(by_level, self._place_names)
        self._agencies_written = _by_spelling(agencies, _names)
        self._channels_written = _by_spelling(channels, _names)
        self._platforms_written = _by_spelling(platforms, _names)
        self._category_tree, self._problem_tree = Tree(categories, BRANCHES), Tree(problems, {})
        self._regions, self._agencies, self._channels = Memory(), Memory(), Memory()
        self._categories, self._problems, self._platforms = Memory(), Memory(), Memory()

    @classmethod
    def load(cls) -> "Directory":
        return cls(
            regions=list(Region.objects.all()),
            agencies=list(Agency.objects.select_related("region")),
            channels=list(Channel.objects.all()),
            categories=list(Category.objects.all()),
            problems=list(Problem.objects.all()),
            platforms=list(Platform.objects.all()),
            successions=list(RegionSuccession.objects.all()),
        )

    def region(self, written: str, day: dt.date) -> Region | None:
        """The place of that code, name or full name on that day. A bare name that several places of the
        highest matching level bear on that day is unknown."""
        found = self._regions.get((written, day), UNSEEN)
        return self._regions.keep((written, day), self._region(written, day)) if found is UNSEEN else found

    def region_of(self, agency: Agency, day: dt.date | None = None) -> Region | None:
        """The place of an agency; on `day`, the version of that code then in force, else the one region that the
        place came from. None where it came from several, or nobody says from which."""
        if agency.region_id is None:
            return None
        region = self._region_ids[agency.region_id]
        if day is None:
            return region
        return self.region(region.code, day) or self._before(region, day)

    def _before(self, region: Region, day: dt.date) -> Region | None:
        while day < region.valid_from:
            origins = [self._region_ids[pk] for pk in self._origins.get(region.pk, ())]
            if len(origins) != 1 or origins[0].valid_from >= region.valid_from:
                return None
            region = origins[0]
        return region if _valid(region, day) else None

    def agency(self, written: str, day: dt.date) -> Agency | None:
        """The agency of that code, name or alias. One that had ended by `day` is not meant; one that began
        later is: an export names the agency that has the case now."""
        found = self._agencies.get((written, day), UNSEEN)
        return self._agencies.keep((written, day), self._agency(written, day)) if found is UNSEEN else found

    def channel(self, written: str, day: dt.date) -> Channel | None:
        """The way in of that code, name or alias, if it was open on that day."""
        found = self._channels.get((written, day), UNSEEN)
        if found is UNSEEN:
            open_then = [row for row in self._channels_written.get(spelling(written), ()) if _valid(row, day)]
            found = self._channels.keep((written, day), open_then[0] if len(open_then) == 1 else None)
        return found

    def category(self, written: str) -> Category | None:
        """The class that a name, a code or a path such as `商品（产品）->家用电器->电视机` means: the
        deepest known level of a path; the national vocabulary comes before the councils'."""
        found = self._categories.get(written, UNSEEN)
        return self._categories.keep(written, self._category_tree.find(written)) if found is UNSEEN else found

    def problem(self, written: str) -> Problem | None:
        """The problem that a name, a code or a path means, as for `category`."""
        found = self._problems.get(written, UNSEEN)
        return self._problems.keep(written, self._problem_tree.find(written)) if found is UNSEEN else found

    def platform(self, written: str) -> Platform | None:
        """The platform of that code, name or alias."""
        found = self._platforms.get(written, UNSEEN)
        if found is UNSEEN:
            named = self._platforms_written.get(spelling(written), ())
            found = self._platforms.keep(written, named[0] if len(named) == 1 else None)
        return found

    def _place_names(self, region: Region) -> list[str]:
        """Name and aliases, each also after the names of the places above it."""
        names = [region.name, region.name_en, *region.aliases]
        above, prefix = self._region_ids.get(region.parent_id), ""
        while above:
            prefix = above.name + prefix
            names += [prefix + name for name in (region.name, *region.aliases)]
            above = self._region_ids.get(above.parent_id)
        return names

    def _region(self, written: str, day: dt.date) -> Region | None:
        key = spelling(written)
        by_code = key.isdigit()
        named = self._region_codes.get(_division_code(key)) if by_code else self._region_names.get(key)
        then = [region for region in named or () if _valid(region, day)]
        highest = [region for region in then if region.level == then[0].level]
        return highest[0] if len(highest) == 1 else None

    def _agency(self, written: str, day: dt.date) -> Agency | None:
        named = [row for row in self._agencies_written.get(spelling(written), ()) if not _ended(row, day)]
        then = [row for row in named if _valid(row, day)] or named
        return then[0] if len(then) == 1 else None


def _ended(row: Dated, day: dt.date) -> bool:
    return row.valid_to is not None and row.valid_to <= day


def _division_code(digits: str) -> str:
    """A division code without the zeros that fill the statistical form of twelve digits."""
    if len(digits) == 12:
        return digits[:6] if digits.endswith("000000") else digits[:9]
    return digits
