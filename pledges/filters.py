"""The query form of the register."""

import datetime as dt

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.filters import Choice, SelectedFilterSet
from core.filters import DateFilter, WordFilter
from pledges.enums import Level, PledgeState, Pool
from pledges.found import found_premises
from pledges.models import Pledge, PledgeType
from registry.enums import RegionLevel
from registry.models import Region

SOON_DAYS = 90  # in which a pledge can be renewed


def districts() -> list[tuple[str, str]]:
    """The districts there are, and those that were, by code; the name that was valid last."""
    found = Region.objects.filter(level=RegionLevel.DISTRICT, parent__level=RegionLevel.CITY)
    return list({region.code: region.label for region in found.order_by("code", "valid_from")}.items())


class PledgeFilterSet(SelectedFilterSet):
    """The register of pledges."""

    on_phone = ("q", "state")
    folded = ("pool", "level", "published_from", "published_to")

    q = WordFilter(label=_("Search"), method="search", placeholder=_("Merchant or premises"))
    type = Choice(
        label=_("Type"), field_name="type__code",
        choices=lambda: [(one.code, one.label) for one in PledgeType.objects.all()],
    )  # fmt: skip
    state = Choice(label=_("State"), choices=PledgeState.choices)
    district = Choice(label=_("District"), field_name="premises__region__code", choices=districts)
    todo = Choice(
        label=_("To do"), method="by_todo",
        choices=[
            ("review", _("Under review")), ("renew", _("Expiring soon")), ("correct", _("Correction overdue")),
        ],
    )  # fmt: skip
    pool = Choice(label=_("Pool"), choices=Pool.choices)
    level = Choice(label=_("Level"), choices=Level.choices)
    published_from = DateFilter(label=_("Published from"), field_name="published_on", lookup_expr="gte")
    published_to = DateFilter(label=_("Published to"), field_name="published_on", lookup_expr="lte")

    class Meta:
        model = Pledge
        fields: list[str] = []

    def search(self, queryset, name, value):
        return found_premises(queryset, value, "premises")

    def by_todo(self, queryset, name, value):
        today: dt.date = timezone.localdate()
        match value:
            case "review":
                return queryset.under_review()
            case "renew":
                return queryset.expiring(today, SOON_DAYS)
        return queryset.late(today)
