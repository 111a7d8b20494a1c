"""The query forms of the registers."""

import datetime as dt

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cases.filters import Choice, SelectedFilterSet
from core.filters import DateFilter, FilterSet, WordFilter
from core.lookups import contains
from pledges.domain.pledges import RENEWABLE_DAYS
from pledges.enums import Level, PledgeState, Pool, ZoneKind
from pledges.found import found_premises
from pledges.models import Pledge, PledgeType, Target, Zone
from registry.enums import RegionLevel
from registry.models import Region


def district_choices() -> list[tuple[str, str]]:
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
    district = Choice(label=_("District"), field_name="premises__region__code", choices=district_choices)
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
                return queryset.expiring(today, RENEWABLE_DAYS)
        return queryset.late(today)


class NoFilterSet(FilterSet):
    """Of lists that have all their rows."""

    class Meta:
        model = Target
        fields: list[str] = []


class ZoneFilterSet(FilterSet):
    q = WordFilter(label=_("Search"), method="search", placeholder=_("Name of the zone"))
    kind = Choice(label=_("Kind"), choices=ZoneKind.choices)
    open = Choice(
        label=_("State"), method="by_state",
        choices=[
            ("yes", pgettext_lazy("a zone or workstation", "Open")),
            ("no", pgettext_lazy("a zone or workstation", "Closed")),
        ],
    )  # fmt: skip

    class Meta:
        model = Zone
        fields: list[str] = []

    def search(self, queryset, name, value):
        return queryset.filter(contains("name", value))

    def by_state(self, queryset, name, value):
        today = timezone.localdate()
        return queryset.open_on(today) if value == "yes" else queryset.filter(closed_on__lte=today)
