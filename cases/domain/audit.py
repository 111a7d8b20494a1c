"""Finding the cases of a person for an audit, by a number that stays nowhere."""

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from accounts.domain import log_access
from accounts.enums import AccessAction
from cases.domain.reasons import check_access_reason
from cases.querysets import AUDIT
from core.exceptions import DomainError
from core.personal_data import lookup_hash

LOGGED_DIGITS = 16  # of the keyed hash: two look-ups of one person are seen to be that


def look_up_person(*, actor, kind: str, number: str, reason: str, ip: str | None) -> bytes:
    """The keyed hash by which parties with this "phone" or "id_number" are found, after the access is logged.

    Raises PermissionDenied, or DomainError where the reason is missing or the number finds nobody.
    """
    if not actor.has_perms(AUDIT):
        raise PermissionDenied
    reason = check_access_reason(reason)
    found = lookup_hash(kind, number)
    if found is None:
        raise DomainError(_("Give the whole number: by a masked one nobody is found."))
    target = f"person/{found.hex()[:LOGGED_DIGITS]}"
    log_access(user=actor, action=AccessAction.LOOKUP, target=target, fields=kind, reason=reason, ip=ip)
    return found
