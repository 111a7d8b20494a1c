from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.domain import log_access
from accounts.enums import AccessAction
from cases.domain.reasons import check_access_reason
from cases.models import Party
from core.personal_data import decrypt


def personal_context(party_id: int) -> str:
    """The place to which the ciphertext of a party is bound."""
    return f"cases.Party:{party_id}"


@transaction.atomic
def reveal_party(party: Party, *, actor, reason: str, ip: str | None) -> dict:
    """The personal data of `party` in clear, after the access is logged with its reason.

    A sealed reporter needs a permission of his own (Order 121 art 37); being a superuser is not a reason.
    Raises PermissionDenied, or DomainError where the reason is missing.
    """
    permission = "cases.reveal_reporter" if party.sealed else "cases.reveal_party"
    if not actor.has_perm(permission):
        raise PermissionDenied
    reason = check_access_reason(reason)
    personal = decrypt(party.personal, context=personal_context(party.pk)) if party.personal else {}
    log_access(
        user=actor,
        action=AccessAction.REVEAL,
        target=f"{party.case.number}/{party.pk}",
        fields=", ".join(sorted(personal)),
        reason=reason,
        ip=ip,
    )
    return personal
