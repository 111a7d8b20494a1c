"""What the public would see of the register: pledges that bind, and numbers too small to point at anyone left out."""

from django.db.models import Count, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from pledges.models import Pledge, PledgeType
from registry.models import Region

SMALL = 5  # units or complaints below which a number could tell who is behind it


def suppressed(number: int) -> str:
    """The number as the public sees it: nought, and one of at least SMALL, stands; those between are not told."""
    return f"{number:,}" if number == 0 or number >= SMALL else _("fewer than %(n)d") % {"n": SMALL}


def public_pledges() -> QuerySet[Pledge]:
    """Those in force today, whosever register they stand in."""
    return Pledge.objects.in_force_on(timezone.localdate()).order_by("-published_on", "-pk")


def units_by_district() -> tuple[list[PledgeType], list[tuple[Region, list[str]]]]:
    """Units in force today: the types that there are, and by district a number for each of them. Each is suppressed by
    itself, and there are no sums, from which a suppressed one could be told."""
    cells = public_pledges().order_by().values_list("premises__region", "type")
    numbers = {(region, kind): n for region, kind, n in cells.annotate(n=Count("premises", distinct=True))}
    types = list(PledgeType.objects.filter(pk__in={kind for _region, kind in numbers}))
    regions = Region.objects.filter(pk__in={region for region, _kind in numbers}).order_by("code", "valid_from")
    return types, [
        (region, [suppressed(numbers.get((region.pk, kind.pk), 0)) for kind in types]) for region in regions
    ]
