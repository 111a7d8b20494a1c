"""Premises: where a merchant pledges, and whose register they stand in."""

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.exceptions import DomainError
from core.models import valid_on
from core.text import name_key
from pledges.domain.keeping import write
from pledges.domain.suspicion import look_again
from pledges.models import Pledge, Premises
from registry.domain.merchants import Places
from registry.enums import AgencyKind, RegionLevel
from registry.models import Agency, Merchant, Platform, Region

ADD, CHANGE = "pledges.add_premises", "pledges.change_premises"


def keeper_of(region: Region, agency: Agency) -> Agency:
    """In whose register premises of that district stand that `agency` takes up: the district's bureau, if it is that
    agency or below it, else the agency itself."""
    bureaus = Agency.objects.within(agency).filter(valid_on(timezone.localdate()), kind=AgencyKind.BUREAU, region=region)
    return bureaus.order_by("path").first() or agency


def register_premises(
    merchant: Merchant, *, name: str, region: Region, actor, address: str = "", platform: Platform | None = None,
    link: str = "",
) -> Premises:  # fmt: skip
    """Take up the premises of a merchant. Raises PermissionDenied, and DomainError where they stand there already or
    `region` is no district."""
    if not actor.has_perm(ADD) or actor.agency is None:
        raise PermissionDenied
    merchant = merchant.same_as or merchant
    premises = Premises(merchant=merchant, agency=keeper_of(region, actor.agency))
    _write(premises, name, region, address, platform, link)
    return premises


def change_premises(
    premises: Premises, *, name: str, region: Region, actor, address: str = "", platform: Platform | None = None,
    link: str = "",
) -> Premises:  # fmt: skip
    """Correct what is known of premises; moved to another district, they and their pledges stand in the register of its
    bureau. Raises PermissionDenied and DomainError."""
    if not actor.has_perm(CHANGE):
        raise PermissionDenied
    with transaction.atomic():
        locked = Premises.objects.visible_to(actor).select_for_update().filter(pk=premises.pk).first()
        if locked is None:
            raise PermissionDenied
        if region != locked.region and actor.agency is not None:
            locked.agency = keeper_of(region, actor.agency)
        _write(locked, name, region, address, platform, link)
        Pledge.objects.filter(premises=locked).exclude(agency=locked.agency).update(agency=locked.agency)
    return locked


def _same(premises: Premises) -> Premises | None:
    """Premises of the merchant under that name at that place, though on the map of another day: they are one unit."""
    return namesake(premises, premises.merchant)


def namesake(premises: Premises, merchant: Merchant) -> Premises | None:
    """The premises of `merchant` under the same name at the same place, though on the map of another day."""
    named = Premises.objects.filter(merchant=merchant, name_key=premises.name_key).exclude(pk=premises.pk)
    located = [(one.region_id, one) for one in named.select_related("region").order_by("pk")]
    if not located:
        return None
    with connection.cursor() as cursor:
        here = Places(cursor).here(premises.region_id, located)
    return here[0] if here else None


def _write(premises: Premises, name: str, region: Region, address: str, platform, link: str) -> None:
    name = name.strip()
    if not name_key(name):
        raise DomainError(_("Give the premises a name."))
    if region.level != RegionLevel.DISTRICT:
        raise DomainError(_("Premises lie in a district or county."))
    premises.name, premises.name_key, premises.region = name, name_key(name), region
    if (other := _same(premises)) is not None:
        raise DomainError(
            _("The merchant has premises of this name there already, in %(region)s. Use these, or name them apart.")
            % {"region": other.region}
        )
    premises.address, premises.platform, premises.link = address.strip(), platform, link.strip()
    with transaction.atomic():
        write(premises)
        # which premises a complaint is about is told by their district
        pledges = Pledge.objects.published().filter(premises__merchant=premises.merchant_id)
        look_again(list(pledges.order_by().values_list("pk", flat=True)))
