"""The query forms of the lists of pledges' registers."""

import django_filters
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.filters import ALL, FilterSet, WordFilter
from core.lookups import contains
from pledges.enums import ZoneKind
from pledges.models import Target, Zone


class NoFilterSet(FilterSet):
    """Of lists that have all their rows."""

    class Meta:
        model = Target
        fields: list[str] = []


class ZoneFilterSet(FilterSet):
    q = WordFilter(label=_("Search"), method="search", placeholder=_("Name of the zone"))
    kind = django_filters.ChoiceFilter(label=_("Kind"), choices=ZoneKind.choices, empty_label=ALL)
    open = django_filters.ChoiceFilter(
        label=_("State"), method="by_state", empty_label=ALL,
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
