"""Premises, with all that stands at them, follow a merchant that is found to be another."""

import datetime as dt
from collections.abc import Iterator

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.exceptions import DomainError
from core.language import listed
from core.text import mask_numbers
from core.working_days import DAY
from pledges.domain.premises import namesake
from pledges.domain.suspicion import look_again
from pledges.enums import REVIEWED, PledgeVerb
from pledges.models import Inspection, Pledge, PledgeEvent, Premises, ReturnEntry, Zone, ZoneMembership
from registry.models import Merchant

AT_PREMISES = (Pledge, Inspection, ReturnEntry, ZoneMembership)
FOR_EVER = dt.date.max


def move_premises(merchant: Merchant, registered: Merchant, *, actor) -> list[str]:
    """Its premises become those of `registered`; where that one has some of the same name at the same place, they are
    one, and what stands at them comes together. Returns what moved, in words.

    Raises DomainError where `actor` does not see them all, or where both have what only one can have.
    """
    Zone.objects.filter(operator=merchant).update(operator=registered)
    both = Premises.objects.filter(merchant__in=(merchant, registered))
    units = [one for one in both.select_for_update().order_by("pk") if one.merchant_id == merchant.pk]
    pairs = [(one, namesake(one, registered)) for one in units]
    concerned = {row.pk for pair in pairs for row in pair if row is not None}
    if Premises.objects.visible_to(actor).filter(pk__in=concerned).count() < len(concerned):
        raise DomainError(
            _("Premises of this merchant are kept by agencies that are not yours. Ask somebody who keeps all of them.")
        )
    if reasons := [reason for one, other in pairs if other is not None for reason in _in_the_way(one, other)]:
        raise DomainError(listed(reasons))
    pledges = list(Pledge.objects.filter(premises__in=units).select_for_update().order_by("pk"))
    for one, other in pairs:
        if other is None:
            one.merchant = registered
            one.save(update_fields=["merchant", "updated_at"])
        else:
            _join(one, other)
    _tell(pledges, merchant, registered, actor)
    # which premises a complaint is about is told by all that the merchant has
    look_again(list(Pledge.objects.published().filter(premises__merchant=registered).values_list("pk", flat=True)))
    words = [ngettext("%(n)s premises", "%(n)s premises", len(units)) % {"n": len(units)}] if units else []
    return words + ([ngettext("%(n)s pledge", "%(n)s pledges", len(pledges)) % {"n": len(pledges)}] if pledges else [])


def _join(one: Premises, other: Premises) -> None:
    """Let all that stands at `one` stand at `other`. Nothing is left of the former, since nothing refers to it."""
    Pledge.objects.filter(premises=one).update(agency=other.agency)
    for model in AT_PREMISES:
        model.objects.filter(premises=one).update(premises=other)
    if one.address and not other.address:
        other.address = one.address
        other.save(update_fields=["address", "updated_at"])
    one.delete()


def _tell(pledges: list[Pledge], merchant: Merchant, registered: Merchant, actor) -> None:
    data, now = {"merchant": registered.pk, "before": merchant.pk}, timezone.now()
    PledgeEvent.objects.bulk_create(
        PledgeEvent(
            pledge=one, verb=PledgeVerb.IDENTIFY, before=one.state, after=one.state, actor=actor, at=now, data=data
        )
        for one in pledges
    )


def _in_the_way(one: Premises, other: Premises) -> Iterator[str]:
    """What both premises have and only one can, in words."""
    name = mask_numbers(other.name)
    for kind, mine, theirs in _pairs(one, other, Pledge, "type"):
        if _overlap(mine, theirs):
            yield _("both have a pledge “%(type)s” at %(premises)s at the same time") % {"type": kind, "premises": name}
    for zone, mine, theirs in _pairs(one, other, ZoneMembership, "zone"):
        if mine.since < (theirs.until or FOR_EVER) and theirs.since < (mine.until or FOR_EVER):
            yield _("both are members of the zone %(zone)s at the same time") % {"zone": mask_numbers(zone.name)}
    for month, _mine, _theirs in _pairs(one, other, ReturnEntry, "month"):
        yield _("both have returns of %(month)s at %(premises)s") % {"month": f"{month:%Y-%m}", "premises": name}


def _pairs(one: Premises, other: Premises, model, key: str) -> Iterator[tuple]:
    """What stands at the two under the same key: the key, the row at `one`, the row at `other`."""
    theirs: dict = {}
    for row in model.objects.filter(premises=other).order_by("pk"):
        theirs.setdefault(getattr(row, key), []).append(row)
    for mine in model.objects.filter(premises=one).order_by("pk"):
        for row in theirs.get(getattr(mine, key), ()):
            yield getattr(mine, key), mine, row


def _overlap(one: Pledge, other: Pledge) -> bool:
    """Whether both are under review, or in force on a day."""
    if one.published_on is None or other.published_on is None:
        return one.state in REVIEWED and other.state in REVIEWED
    ends = [row.ended_on or row.valid_to + DAY for row in (one, other)]
    return max(one.published_on, other.published_on) < min(ends)
