"""Where an upper app fills a slot on a page of a lower one, in its `AppConfig.ready()`.

A selection answers which rows stand behind a figure: `function(user, parameters) -> (queryset, title, description)`.
It raises core.exceptions.DomainError for a figure that it does not know.
"""

from collections.abc import Callable
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
