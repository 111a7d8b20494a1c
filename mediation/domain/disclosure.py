"""What the people of a platform read of a case that was referred to it: this list, and nothing beside it.

Strict confidentiality belongs to the channel: no reporters, no identity numbers, no addresses, no other parties; names
masked, numbers in texts masked. The telephone of the complainant is revealed one by one (`reveal_phones`).
"""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from cases.domain.parties import personal_data
from cases.enums import PartyRole
from core.personal_data import PersonalDataError
from core.templatetags.portal import money
from core.text import mask_numbers
from mediation.models import PlatformReferral


def facts_for_platform(referral: PlatformReferral) -> list[tuple[str, Any]]:
    """What a platform needs to settle: label and value, in the order in which they are read."""
    case = referral.case
    return [
        (_("Case number"), case.number),
        (_("Received on"), timezone.localdate(case.received_at).isoformat()),
        (_("Complainant"), "、".join(complainants(referral)) or "-"),
        (_("Merchant"), mask_numbers(case.merchant.name if case.merchant else "") or "-"),
        (_("Shop as written"), mask_numbers(case.merchant_written) or "-"),
        (_("Goods or service"), mask_numbers(case.goods) or "-"),
        (_("Order number"), case.order_number or "-"),
        (_("Amount claimed (CNY)"), money(case.claimed)),
        (_("Demand"), mask_numbers(case.demand) or "-"),
        (_("Narrative"), mask_numbers(case.narrative) or "-"),
    ]


def complainants(referral: PlatformReferral) -> list[str]:
    """The masked names of those who complain; proxies and sealed people are none of them."""
    found = []
    for party in referral.case.parties.filter(role=PartyRole.CONSUMER, sealed=False).order_by("pk"):
        try:
            found.append(masked_name(personal_data(party).get("name", "")) or "-")
        except PersonalDataError:  # the key that encrypted it is not configured
            found.append("-")
    return found


def masked_name(name: str) -> str:
    """What a platform reads of a name: the family name, the rest as 某."""
    return f"{name[0]}某" if name else ""
