"""Where an upper app fills a slot on a page of a lower one, in its `AppConfig.ready()`.

A selection answers which rows stand behind a figure: `function(user, parameters) -> (queryset, title, description)`.
It raises core.exceptions.DomainError for a figure that it does not know.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from core.exceptions import DomainError

Select = Callable[[Any, dict[str, str]], tuple[QuerySet, str, str]]
_selections: dict[str, Select] = {}


def register_selection(name: str, function: Select) -> None:
    """Let `function` answer for the selection `name`: "metric" for cases, "postings" for recoveries."""
    _selections[name] = function


def selection(name: str) -> Select:
    """The function registered for `name`. Raises DomainError where there is none."""
    try:
        return _selections[name]
    except KeyError:
        raise DomainError(_("This list cannot be opened by a figure.")) from None


@dataclass(frozen=True)
class Panel:
    """A part of the page of a record, with a page of its own at `url_name`, to which it is a link without JavaScript; the
    page asks the database nothing for it. `shows(record, user)`: whether it stands there."""

    title: Any
    url_name: str
    note: Any
    shows: Callable[[Any, Any], bool]


_panels: dict[str, list[Panel]] = {}


def register_panel(slot: str, panel: Panel) -> None:
    """Let `panel` stand on the page that has the slot: "case" for the page of a case, "pledges" for the
    register of pledges, which is no record and links to it alone."""
    _panels.setdefault(slot, []).append(panel)


def panels(slot: str, record, user) -> list[Panel]:
    """The panels of a slot that `user` has beside `record`."""
    return [panel for panel in _panels.get(slot, []) if panel.shows(record, user)]
