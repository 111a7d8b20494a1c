"""What the registers of an agency have in common: who keeps them, and how a row is written."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from accounts.querysets import keeps_for
from core.exceptions import DomainError
from core.refusals import refusal
from core.text import clean_cell


def permit(actor, row: Model) -> None:
    """Raises PermissionDenied unless `actor` may add a row of this kind (one without a key), or change one."""
    verb = "change" if row.pk else "add"
    if not actor.has_perm(f"pledges.{verb}_{row._meta.model_name}"):
        raise PermissionDenied


def locked(row: Model, actor) -> Model:
    """The row as it is now, locked. Raises PermissionDenied where `actor` does not see it."""
    found = type(row)._default_manager.visible_to(actor).select_for_update(of=("self",)).filter(pk=row.pk).first()
    if found is None:
        raise PermissionDenied
    return found


def check_seen(row: Model | None, actor) -> None:
    """Raises PermissionDenied for a row that `actor` does not see; None is no row."""
    if row is not None and not type(row)._default_manager.visible_to(actor).filter(pk=row.pk).exists():
        raise PermissionDenied


def assign(row: Model, fields: dict[str, Any]) -> None:
    """Set `fields`, texts without what nobody can see. Raises DomainError for one that cannot be stored."""
    for name, value in fields.items():
        if isinstance(value, str):
            value = clean_cell(value)
            longest = row._meta.get_field(name).max_length
            if longest and len(value) > longest:
                raise DomainError(_("At most %(n)d characters.") % {"n": longest})
        setattr(row, name, value)


def write(row: Model) -> Model:
    """Save the row. Raises DomainError where a constraint forbids it."""
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise DomainError(refusal(error)) from error
    return row


def keep(row: Model, fields: dict[str, Any], actor) -> Model:
    """Write `fields` of a new row (without a key) or of one that `actor` keeps; inside a transaction. Raises
    PermissionDenied, and DomainError for an agency whose register he does not keep."""
    permit(actor, row)
    if row.pk:
        row = locked(row, actor)
    assign(row, fields)
    if not keeps_for(actor, row.agency):
        raise DomainError(_("You keep the registers of your own agency and of those below it alone."))
    return write(row)
