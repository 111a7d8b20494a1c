"""What can be imported: one entry for each target, by which the pages of imports and the commands name it.

An app above adds its own in `AppConfig.ready()`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class ImportTarget:
    """`name`: as in ImportRun.target. `example`: what to type behind `manage.py`, for whoever imports for the first time.
    `differing`: what the counter of that name counts. `kinds`, `amounts`: labels of the kinds of rows and of the sums in
    the control totals. `permission`: with which files of this kind alone are imported ("": nobody but who may import
    all)."""

    name: str
    label: Any
    example: str
    differing: Any = _("Differing from what is stored")
    kinds: Mapping[str, Any] = field(default_factory=dict)
    amounts: Mapping[str, Any] = field(default_factory=dict)
    permission: str = ""


EVERYTHING = "cases.add_importrun"  # files of all kinds
_targets: dict[str, ImportTarget] = {}


def register_target(target: ImportTarget) -> None:
    """Let rows of this kind be imported, and their runs be shown and found."""
    _targets[target.name] = target


def import_targets() -> list[ImportTarget]:
    """All targets, in the order in which they were registered."""
    return list(_targets.values())


def target_choices() -> list[tuple[str, Any]]:
    """The targets by which runs are filtered."""
    return [(target.name, target.label) for target in import_targets()]


def import_target(name: str) -> ImportTarget:
    """The target of a run; one that is known no more goes by its bare name."""
    return _targets.get(name) or ImportTarget(name, name, "")


def import_permissions(target: ImportTarget) -> list[str]:
    """Each of these lets its holder import files of this kind, and take away their rejected rows as they stood."""
    return [EVERYTHING, target.permission] if target.permission else [EVERYTHING]


def may_import(user, target: ImportTarget) -> bool:
    return any(user.has_perm(permission) for permission in import_permissions(target))
