"""The returns ledger: how often stores took goods back, by month. One that is entered stays; a correction keeps what
stood before it, with its reason.
"""

import datetime as dt
from decimal import Decimal

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.domain.reasons import check_reason
from core.exceptions import DomainError
from core.importing.values import MAX_AMOUNT
from core.money import yuan
from pledges.models import Pledge, Premises, ReturnEntry

ADD, CHANGE = "pledges.add_returnentry", "pledges.change_returnentry"
MOST = 10**9  # returns of one store in one month; more is a number of another kind


def record_returns(
    premises: Premises, month: dt.date, count: int, amount: Decimal, *, actor, reason: str = "",
    now: dt.datetime | None = None,
) -> ReturnEntry:  # fmt: skip
    """Enter how often goods were taken back at these premises in the month of that day, and for how much (CNY); or, for
    `reason`, correct what is entered. What says the same again changes nothing.

    Raises PermissionDenied, and DomainError for a month to come or before the first return pledge of these premises, for
    numbers that cannot be, and for a correction without its reason.
    """
    now, month = now or timezone.now(), month.replace(day=1)
    with transaction.atomic():
        premises = Premises.objects.visible_to(actor).select_for_update(of=("self",)).filter(pk=premises.pk).first()
        if premises is None:
            raise PermissionDenied
        entry = premises.returns.filter(month=month).first()
        if not actor.has_perm(CHANGE if entry else ADD):
            raise PermissionDenied
        amount = _checked(count, amount)
        _check_month(premises, month, now)
        if entry is None:
            return ReturnEntry.objects.create(
                premises=premises, month=month, count=count, amount=amount, entered_by=actor
            )
        if (entry.count, entry.amount) == (count, amount):
            return entry
        if not reason.strip():
            raise DomainError(_("The returns of this month are entered already. Give the reason for a correction."))
        entry.changes.create(
            count_before=entry.count, amount_before=entry.amount, count=count, amount=amount,
            reason=check_reason(reason), actor=actor, at=now,
        )  # fmt: skip
        entry.count, entry.amount = count, amount
        entry.save(update_fields=["count", "amount", "updated_at"])
    return entry


def first_month(premises: Premises) -> dt.date | None:
    """The first month in which goods may have been taken back at these premises: that of the first return pledge
    published there. None where there was none."""
    published = Pledge.objects.of_returns().filter(premises=premises).order_by("published_on")
    first = published.values_list("published_on", flat=True).first()
    return first and first.replace(day=1)


def _checked(count: int, amount: Decimal) -> Decimal:
    if not 0 <= count < MOST:
        raise DomainError(_("The number of returns is zero or more, and below %(limit)s.") % {"limit": f"{MOST:,}"})
    if not 0 <= amount <= MAX_AMOUNT:
        raise DomainError(_("The amount is zero or more, and at most %(limit)s yuan.") % {"limit": f"{MAX_AMOUNT:,}"})
    if yuan(amount) != amount:
        raise DomainError(_("The amount has more than two decimals."))
    if amount and not count:
        raise DomainError(_("Where nothing was taken back, the amount is zero."))
    return yuan(amount)


def _check_month(premises: Premises, month: dt.date, now: dt.datetime) -> None:
    if month > timezone.localdate(now):
        raise DomainError(_("The month lies in the future."))
    first = first_month(premises)
    if first is None:
        raise DomainError(_("No pledge by which goods are taken back was ever published for these premises."))
    if month < first:
        raise DomainError(
            _("The first return pledge of these premises was published in %(month)s.") % {"month": f"{first:%Y-%m}"}
        )
