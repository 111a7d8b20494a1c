"""The query forms of the registers."""

import datetime as dt

from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cases.filters import Choice, SelectedFilterSet
from cases.querysets import local_day_bounds
from core.filters import DateFilter, FilterSet, WordFilter
from core.lookups import contains
from pledges.domain.pledges import RENEWABLE_DAYS
from pledges.enums import (
    BreachState,
    BreachToDo,
    InspectionMode,
    InspectionState,
    Level,
    PledgeState,
    Pool,
    ZoneKind,
)
from pledges.found import found_premises
from pledges.models import Breach, Inspection, Pledge, PledgeType, Target, Zone
from registry.enums import RegionLevel
from registry.models import Region


def district_choices() -> list[tuple[str, str]]:
    """The districts there are, and those that were, by code; the name that was valid last."""
    found = Region.objects.filter(level=RegionLevel.DISTRICT, parent__level=RegionLevel.CITY)
    return list({region.code: region.label for region in found.order_by("code", "valid_from")}.items())


def type_choices() -> list[tuple[str, str]]:
    return [(one.code, one.label) for one in PledgeType.objects.all()]


class PledgeFilterSet(SelectedFilterSet):
    """The register of pledges."""

    on_phone = ("q", "state")
    folded = ("pool", "level", "published_from", "published_to")

    q = WordFilter(label=_("Search"), method="search", placeholder=_("Merchant or premises"))
    type = Choice(label=_("Type"), field_name="type__code", choices=type_choices)
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


class BreachFilterSet(FilterSet):
    """Complaints that fall under a pledge."""

    on_phone = ("q", "state")

    q = WordFilter(
        label=_("Search"), method="search", placeholder=_("Beginning of the case number or of the merchant's name")
    )
    state = Choice(label=_("State"), choices=BreachState.choices)
    type = Choice(label=_("Type of pledge"), field_name="pledge__type__code", choices=type_choices)
    district = Choice(label=_("District"), field_name="pledge__premises__region__code", choices=district_choices)
    todo = Choice(label=_("To do"), method="by_todo", choices=BreachToDo.choices)
    found_from = DateFilter(label=_("Found from"), method="by_start")
    found_to = DateFilter(label=_("Found to"), method="by_end")

    class Meta:
        model = Breach
        fields: list[str] = []

    def search(self, queryset, name, value):
        words = value.strip()
        return queryset.search(words) if words else queryset

    def by_todo(self, queryset, name, value):
        return queryset.waiting(value, timezone.localdate())

    def by_start(self, queryset, name, value):
        return queryset.filter(found_at__gte=local_day_bounds(value, value)[0])

    def by_end(self, queryset, name, value):
        return queryset.filter(found_at__lt=local_day_bounds(value, value)[1])


class InspectionFilterSet(FilterSet):
    """Visits to premises, planned and made."""

    on_phone = ("q", "state")

    q = WordFilter(label=_("Search"), method="search", placeholder=_("Merchant or premises"))
    state = Choice(label=_("State"), choices=InspectionState.choices)
    correction = Choice(
        label=capfirst(_("correction")), method="by_correction",
        choices=[("late", _("Not corrected in time"))],
    )  # fmt: skip
    mode = Choice(label=_("Mode"), choices=InspectionMode.choices)
    type = Choice(label=_("Checklist of"), field_name="type__code", choices=type_choices)
    district = Choice(label=_("District"), field_name="premises__region__code", choices=district_choices)
    planned_from = DateFilter(label=_("Planned from"), field_name="planned_on", lookup_expr="gte")
    planned_to = DateFilter(label=_("Planned to"), field_name="planned_on", lookup_expr="lte")

    class Meta:
        model = Inspection
        fields: list[str] = []

    def search(self, queryset, name, value):
        return found_premises(queryset, value, "premises")

    def by_correction(self, queryset, name, value):
        return queryset.late(timezone.localdate())
