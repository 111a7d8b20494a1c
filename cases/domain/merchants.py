"""Cases follow a merchant that is found to be another."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases.models import Case
from core.exceptions import DomainError
from registry.models import Merchant

MOST = 5_000  # cases that move in one transaction, each with a line of its history


def move_cases(merchant: Merchant, registered: Merchant, *, actor) -> list[str]:
    """All its cases, of whatever agency: which merchant one is about is nobody's secret, and its history tells who stated
    it. Raises DomainError where there are more than MOST."""
    if Case.objects.filter(merchant=merchant)[: MOST + 1].count() > MOST:
        raise DomainError(
            _("More than %(n)s cases are about this merchant. Give it its credit code instead, or correct the cases.")
            % {"n": f"{MOST:,}"}
        )
    moved = Case.objects.filter(merchant=merchant).update(merchant=registered)
    return [ngettext("%(n)s case", "%(n)s cases", moved) % {"n": f"{moved:,}"}] if moved else []
