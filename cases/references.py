"""Reference data as the query forms need it: channels, regions, agencies, categories and problems in one query."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import BigIntegerField, CharField, DateField, F, Value
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext as _

from core.language import is_chinese
from registry.enums import RegionLevel, Scheme
from registry.models import Agency, Category, Channel, Problem, Region

INDENT = "\u3000"
UNLINKED = ":only"  # behind the value of a class: without what another vocabulary links to it
SCHEMES = frozenset(Scheme)
NONE = Cast(Value(None), BigIntegerField())  # a bare NULL would be text to a UNION


@dataclass(frozen=True)
class Option:
    """One row: `link` is the class of the councils' vocabulary it belongs to, `group` its scheme or level,
    `until` the first day on which it is no longer valid."""

    pk: int
    code: str
    name: str
    parent: int | None
    link: int | None
    group: str
    path: str
    until: dt.date | None

    @property
    def label(self) -> str:
        if self.until is None or self.until > timezone.localdate():
            return self.name
        return _("%(name)s (until %(date)s)") % {"name": self.name, "date": self.until - dt.timedelta(days=1)}

    @property
    def value(self) -> str:
        """What the address carries: a code, with its vocabulary where there are two."""
        return f"{self.group}:{self.code}" if self.group in SCHEMES else self.code


class References:
    """All options, and the ids that a chosen one stands for (those below it included)."""

    def __init__(self) -> None:
        name = "name" if is_chinese() else "name_en"
        tree = {"parent": F("parent_id"), "link": F("council_id"), "group": F("scheme"), "position": F("position")}
        rows = _rows(Channel, "channel", name, until=F("valid_to"), position=F("position")).union(
            _rows(Region, "region", name, parent=F("parent_id"), group=F("level"), until=F("valid_to")),
            _rows(Agency, "agency", name, path=F("path"), until=F("valid_to")),
            _rows(Category, "category", name, **tree),
            _rows(Problem, "problem", name, **tree),
            all=True,
        )
        self.options: dict[str, list[Option]] = {}
        for of, _position, code, pk, *rest in sorted(rows, key=lambda row: row[:4]):
            self.options.setdefault(of, []).append(Option(pk, code, *rest))

    def of(self, name: str) -> list[Option]:
        return self.options.get(name, [])

    def choices(self, name: str) -> list[tuple]:
        """(value, label) pairs; one value for all rows of a code, named by the one that is valid longest."""
        return _pairs(self.of(name))

    def regions(self) -> list[tuple]:
        """Provinces, cities and districts, those below a city set in."""
        shown = [option for option in self.of("region") if option.group != RegionLevel.STREET]
        return _pairs(shown, indent=lambda option: option.group == RegionLevel.DISTRICT)

    def classes(self, name: str, chosen: str = "") -> list[tuple]:
        """Categories or problems, one group a vocabulary; a chosen class without its links is a choice, too."""
        groups = ((scheme.label, self.classes_of(name, scheme, chosen)) for scheme in Scheme)
        return [(label, pairs) for label, pairs in groups if pairs]

    def classes_of(self, name: str, scheme: Scheme, chosen: str = "") -> list[tuple]:
        """The categories or problems of one vocabulary, those below another set in."""
        tree = list(_in_tree_order([option for option in self.of(name) if option.group == scheme]))
        pairs = [(o.value, INDENT * depth + o.label) for depth, o in tree]
        return pairs + [
            (chosen, _("%(name)s (of this vocabulary alone)") % {"name": o.label})
            for _depth, o in tree
            if chosen == o.value + UNLINKED
        ]

    def ids(self, name: str, value: str) -> set[int]:
        """The ids of the option with this value, of all below it and, but for `UNLINKED`, of what is linked to it."""
        options = self.of(name)
        linked = not value.endswith(UNLINKED)
        value = value.removesuffix(UNLINKED)
        found = {option.pk for option in options if option.value == value}
        if name == "agency":
            paths = tuple(option.path for option in options if option.pk in found)
            return {option.pk for option in options if option.path.startswith(paths)} if paths else set()
        while True:
            below = {o.pk for o in options if o.parent in found or linked and o.link in found} - found
            if not below:
                return found
            found |= below


def _rows(model, of: str, name: str, **columns):
    """(of, position, code, pk, name, parent, link, group, path, until) of every row of `model`."""
    text, day = Value("", CharField()), Cast(Value(None), DateField())
    return model.objects.order_by().values_list(
        Value(of, CharField()), columns.get("position", Value(0)), "code", "pk", name,
        columns.get("parent", NONE), columns.get("link", NONE), columns.get("group", text),
        columns.get("path", text), columns.get("until", day),
    )


def _pairs(options: Iterable[Option], indent=lambda option: False) -> list[tuple]:
    pairs: dict[str, tuple[dt.date, str]] = {}
    for option in options:
        until = option.until or dt.date.max
        if option.value not in pairs or until > pairs[option.value][0]:
            pairs[option.value] = (until, (INDENT if indent(option) else "") + option.label)
    return [(value, label) for value, (_until, label) in pairs.items()]


def _in_tree_order(options: list[Option], parent: int | None = None, depth: int = 0) -> Iterable[tuple[int, Option]]:
    known = {option.pk for option in options}
    for option in options:
        if option.parent == parent or (parent is None and option.parent not in known):
            yield depth, option
            yield from _in_tree_order(options, option.pk, depth + 1)
