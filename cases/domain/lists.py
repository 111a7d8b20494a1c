"""What a user may do with his own filters and columns; nobody else may, whatever his permissions."""

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping, Sequence

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import User
from cases.models import ListColumns, SavedFilter
from cases.models.lists import QUERY_LENGTH
from core.exceptions import DomainError
from core.text import clean_cell, mask_numbers

MOST_FILTERS = 100  # of one user
NAME_LENGTH = SavedFilter._meta.get_field("name").max_length
PERSONAL_LENGTHS = (11, 18)  # digits of a mobile and of an identity number, however they are spaced
RUN_OF_DIGITS = re.compile(r"\d(?:[\W_]{0,3}\d)*(?:[\W_]{0,3}X(?![A-Z]))?")


class NameRefused(DomainError):
    """No filter can be called so."""


class NameTaken(NameRefused):
    """The user has a filter of this name in this list already."""


@transaction.atomic
def save_filter(
    *,
    actor: User,
    list: str,
    name: str,
    parameters: Mapping[str, str],
    replace: bool = False,
    now: dt.datetime | None = None,
) -> SavedFilter:
    """Keep the query of a list under a name. `parameters` are what the list understood of its address.

    With `replace` the user's own filter of that name takes the new query and stays shared as it was; without, it is
    NameTaken. Raises NameRefused, or DomainError where there is nothing to keep, too much, or a number that may be
    somebody's.
    """
    name, query = _name(name), urlencode(parameters)
    if not query:
        raise DomainError(_("No filter is set. Choose what the list is to show, then save it."))
    if any(may_be_personal(value) for value in parameters.values()):
        raise DomainError(
            _(
                "A search for what may be somebody's telephone or identity number is not saved. Take the number out and "
                "save the rest."
            )
        )
    if len(query) > QUERY_LENGTH:
        raise DomainError(_("The filters are too long to be saved. Take one away or shorten the words."))
    own = _locked(actor)
    taken = own.filter(list=list, name=name).first()
    if taken and not replace:
        raise NameTaken(_("You have a filter “%(name)s” in this list already.") % {"name": name})
    if not taken and own.count() >= MOST_FILTERS:
        raise DomainError(
            _("You have %(n)d saved filters, and no more are kept. Delete one that you do not need.")
            % {"n": MOST_FILTERS}
        )
    saved = taken or SavedFilter(owner=actor, list=list, name=name)
    saved.query, saved.changed_at = query, now or timezone.now()
    saved.save()
    return saved


@transaction.atomic
def rename_filter(
    saved: SavedFilter, *, actor: User, name: str, now: dt.datetime | None = None
) -> SavedFilter:
    """Give one's own filter another name. Raises NameRefused."""
    saved, name = _own(saved, actor), _name(name)
    if SavedFilter.objects.filter(owner=actor, list=saved.list, name=name).exclude(pk=saved.pk).exists():
        raise NameTaken(_("You have a filter “%(name)s” in this list already.") % {"name": name})
    return _changed(saved, now, name=name)


@transaction.atomic
def share_filter(
    saved: SavedFilter, *, actor: User, shared: bool, now: dt.datetime | None = None
) -> SavedFilter:
    """Share one's own filter with the own agency and all below it, or keep it to oneself again."""
    saved = _own(saved, actor)
    if shared and actor.agency_id is None:
        raise DomainError(_("You belong to no agency with which a filter could be shared."))
    return _changed(saved, now, shared=shared)


@transaction.atomic
def delete_filter(saved: SavedFilter, *, actor: User) -> None:
    """Delete one's own filter, for everyone with whom it is shared, too."""
    _own(saved, actor).delete()


def choose_columns(*, actor: User, list: str, columns: Sequence[str]) -> None:
    """Show `columns` in this order from now on; the caller knows the list's columns."""
    ListColumns.objects.update_or_create(user=actor, list=list, defaults={"columns": [*columns]})


def reset_columns(*, actor: User, list: str) -> None:
    """Show the list's own columns again."""
    ListColumns.objects.filter(user=actor, list=list).delete()


def may_be_personal(text: str) -> bool:
    """Whether `text` holds what may be a telephone or identity number: digits, however spaced, as many as these have,
    or what is masked on every page."""
    text = unicodedata.normalize("NFKC", text).upper()
    runs = (sum(char.isalnum() for char in found[0]) for found in RUN_OF_DIGITS.finditer(text))
    return any(length in PERSONAL_LENGTHS for length in runs) or mask_numbers(text) != text


def _name(name: str) -> str:
    name = " ".join(clean_cell(name).split())
    if not name:
        raise NameRefused(_("Give the filter a name."))
    if len(name) > NAME_LENGTH:
        raise NameRefused(_("The name is too long: at most %(n)d characters.") % {"n": NAME_LENGTH})
    if may_be_personal(name):
        raise NameRefused(_("The name holds what may be a telephone or identity number. Give another name."))
    return name


def _locked(actor: User):
    """The actor's filters, after his row is locked: two writers cannot both be the last that is allowed."""
    User.objects.select_for_update(of=("self",), no_key=True).get(pk=actor.pk)
    return SavedFilter.objects.filter(owner=actor)


def _own(saved: SavedFilter, actor: User) -> SavedFilter:
    found = _locked(actor).filter(pk=saved.pk).first()
    if found is None:
        raise PermissionDenied
    return found


def _changed(saved: SavedFilter, now: dt.datetime | None, **values) -> SavedFilter:
    for field, value in values.items():
        setattr(saved, field, value)
    saved.changed_at = now or timezone.now()
    saved.save(update_fields=[*values, "changed_at"])
    return saved
