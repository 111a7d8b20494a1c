"""The people of a case: encrypted, and sealed where they report."""

from django.db import connection

from cases.domain.reveal import personal_context
from cases.enums import Kind, PartyRole
from cases.models import Case, Party
from core.bulk import next_ids
from core.personal_data import decrypt, encrypt, lookup_hash

PERSONAL = ("name", "phone", "address", "id_type", "id_number")  # what is kept of a person
ROLES = {Kind.COMPLAINT: PartyRole.CONSUMER, Kind.REPORT: PartyRole.REPORTER, Kind.INQUIRY: PartyRole.INQUIRER}


def add_party(case: Case, *, role: str, personal: dict[str, str]) -> Party:
    """Store a person of `case`; `personal` maps PERSONAL to what was said of them.

    A reporter, and whoever acts for one, is always sealed (Order 121 art 37). The caller holds the transaction.
    """
    personal = {name: value for name, value in personal.items() if value}
    with connection.cursor() as cursor:
        (pk,) = next_ids(cursor, "cases_party", 1)
    return Party.objects.create(
        pk=pk,
        case=case,
        role=role,
        sealed=PartyRole.REPORTER in (role, ROLES[case.kind]),
        personal=encrypt(personal, context=personal_context(pk)) if personal else None,
        phone_hash=lookup_hash("phone", personal.get("phone", "")),
        id_number_hash=lookup_hash("id_number", personal.get("id_number", "")),
    )


def personal_data(party: Party) -> dict[str, str]:
    """What is known of a person, in clear: for the domain itself, never for a page."""
    return decrypt(party.personal, context=personal_context(party.pk)) if party.personal else {}
