"""The query forms of the lists of mediators and of returns."""

from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cases.filters import Choice, SelectedFilterSet
from core.filters import DateFilter, FilterSet, WordFilter
from insights.periods import NAMED, YEAR, Period, named
from insights.scopes import Scope
from insights.workload import with_load
from mediation.models import Mediator
from mediation.plan import agencies_of, with_calendar
from pledges.found import found_premises
from pledges.models import ReturnEntry
from registry.models import Agency


class LoadFilterSet(FilterSet):
    """Whose work, and of which period: this year so far unless the address says otherwise."""

    on_phone = ("period", "agency")

    period = Choice(
        label=_("Period"), method="by_period", empty_label=dict(NAMED)[YEAR],
        choices=[pair for pair in NAMED if pair[0] != YEAR],
    )
    first = DateFilter(label=_("First day"), method="by_period")
    last = DateFilter(label=_("Last day"), method="by_period")
    agency = Choice(label=_("Agency"), method="by_agency", searchable=True)

    class Meta:
        model = Mediator
        fields: list[str] = []

    @cached_property
    def agencies(self) -> dict[str, Agency]:
        return {agency.code: agency for agency in with_calendar(agencies_of(self.request.user), None)}

    def get_form_class(self):
        self.filters["agency"].extra["choices"] = [(code, one.label) for code, one in self.agencies.items()]
        return super().get_form_class()

    @cached_property
    def chosen(self) -> Period:
        """The period in which sessions were held: two dates go before a named one. This year so far where what was asked
        for is wrong."""
        today = timezone.localdate()
        given = self.form.cleaned_data if self.is_valid() else {}
        if given.get("first"):
            return Period(given["first"], given["last"])
        return named(given.get("period") or YEAR, today).until(today)

    def is_valid(self):
        if super().is_valid():
            first, last = (self.form.cleaned_data.get(name) for name in ("first", "last"))
            if bool(first) != bool(last):
                self.form.add_error(None, gettext("A period of your own needs both its first and its last day."))
            elif first and last < first:
                self.form.add_error(None, gettext("The last day comes before the first."))
        return self.is_bound and not self.form.errors

    def filter_queryset(self, queryset):
        scope = Scope(self.request.user, self.chosen, timezone.localdate())
        return with_load(super().filter_queryset(queryset), scope)

    def by_period(self, queryset, name, value):
        return queryset  # what is counted depends on it, not who stands here

    def by_agency(self, queryset, name, value):
        return queryset.filter(agency__in=Agency.objects.within(self.agencies[value]).values("pk"))


class ReturnFilterSet(SelectedFilterSet):
    """The returns ledger."""

    on_phone = ("q",)

    q = WordFilter(label=_("Search"), method="search", placeholder=_("Merchant or premises"))
    month_from = DateFilter(label=_("Months from"), field_name="month", lookup_expr="gte")
    month_to = DateFilter(label=_("Months to"), field_name="month", lookup_expr="lte")

    class Meta:
        model = ReturnEntry
        fields: list[str] = []

    def search(self, queryset, name, value):
        return found_premises(queryset, value, "premises")
