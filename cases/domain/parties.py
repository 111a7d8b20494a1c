"""The people of a case: encrypted, sealed where they report, up to two of them acting for the others."""

from django.db import connection

from cases.domain.reveal import personal_context
from cases.enums import PartyRole
from cases.models import Case, Party
from core.bulk import next_ids
from core.personal_data import decrypt, encrypt, lookup_hash


def add_party(case: Case, *, role: str, personal: dict[str, str], representative: int | None = None) -> Party:
    """Store a person of `case`; `personal` maps name, phone, address, id_type, id_number to what was said of them.

    A reporter is always sealed (Order 121 art 37). The caller holds the transaction.
    """
    personal = {name: value for name, value in personal.items() if value}
    with connection.cursor() as cursor:
        (pk,) = next_ids(cursor, "cases_party", 1)
    return Party.objects.create(
        pk=pk,
        case=case,
        role=role,
        sealed=role == PartyRole.REPORTER,
        representative=representative,
        personal=encrypt(personal, context=personal_context(pk)) if personal else None,
        phone_hash=lookup_hash("phone", personal.get("phone", "")),
        id_number_hash=lookup_hash("id_number", personal.get("id_number", "")),
    )


def personal_data(party: Party) -> dict[str, str]:
    """What is known of a person, in clear: for the domain itself, never for a page."""
    return decrypt(party.personal, context=personal_context(party.pk)) if party.personal else {}


def copy_parties(source: Case, target: Case, *, role: str) -> None:
    """The people of `source`, apart from their authorised representatives, as `role` of `target`."""
    for party in source.parties.exclude(role=PartyRole.PROXY).order_by("pk"):
        add_party(target, role=role, personal=personal_data(party))
