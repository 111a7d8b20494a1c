from dataclasses import dataclass, field

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Count, Value
from django.db.models.functions import Concat
from django.utils.translation import gettext as _

from accounts.roles import ROLES
from core.exceptions import DomainError
from core.language import listed


@dataclass
class RoleChanges:
    """How the database differs from the code, as role codes and "app.codename" of permissions."""

    created: list[str] = field(default_factory=list)
    added: dict[str, list[str]] = field(default_factory=dict)
    removed: dict[str, list[str]] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)  # groups that are no role -> their members

    def __bool__(self) -> bool:
        return bool(self.created or self.added or self.removed or self.unknown)


@transaction.atomic
def sync_roles(*, dry_run: bool = False) -> RoleChanges:
    """Make groups and their permissions what `accounts.roles` says; permissions that it does not name are removed.

    A group that is no role loses its permissions; without members it is deleted, with members it is kept and
    reported. Raises DomainError where a permission does not exist (migrations not applied).
    """
    wanted = set().union(*(role.permissions for role in ROLES.values()))
    known = dict(
        Permission.objects.annotate(full=Concat("content_type__app_label", Value("."), "codename"))
        .filter(full__in=wanted)
        .values_list("full", "pk")
    )
    if missing := sorted(wanted - known.keys()):
        raise DomainError(
            _("These permissions do not exist; run the migrations first: %(names)s")
            % {"names": listed(missing)}
        )
    groups = {group.name: group for group in Group.objects.select_for_update().order_by("name")}
    changes = RoleChanges()
    for code, role in ROLES.items():
        group = groups.get(code)
        held = _held(group) if group else {}
        if group is None:
            changes.created.append(code)
        if added := sorted(role.permissions - held.keys()):
            changes.added[code] = added
        if removed := sorted(held.keys() - role.permissions):
            changes.removed[code] = removed
        if not dry_run and (group is None or added or removed):
            group = group or Group.objects.create(name=code)
            group.permissions.set([known[name] for name in role.permissions])
    _drop_unknown(changes, dry_run)
    return changes


def _held(group: Group) -> dict[str, int]:
    rows = group.permissions.values_list("content_type__app_label", "codename", "pk")
    return {f"{app}.{codename}": pk for app, codename, pk in rows}


def _drop_unknown(changes: RoleChanges, dry_run: bool) -> None:
    for group in Group.objects.exclude(name__in=ROLES).annotate(members=Count("user")).order_by("name"):
        changes.unknown[group.name] = group.members
        if not dry_run:
            group.permissions.clear()
            if not group.members:
                group.delete()
