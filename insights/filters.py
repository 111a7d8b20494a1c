"""The query form of the list of mediators."""

from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from cases.filters import Choice
from core.filters import DateFilter, FilterSet
from insights.forms import NAMED, YEAR, PeriodForm
from insights.periods import Period
from insights.scopes import Scope
from insights.workload import with_load
from mediation.models import Mediator
from mediation.plan import agencies_of, with_calendar
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
    def asked(self) -> PeriodForm:
        names = {"period": "period", "from": "first", "to": "last"}
        return PeriodForm({name: self.data.get(mine, "") for name, mine in names.items()})

    @cached_property
    def chosen(self) -> Period:
        """The period in which sessions were held."""
        return self.asked.choice(timezone.localdate()).period

    def is_valid(self):
        valid = super().is_valid()
        for message in self.asked.non_field_errors() if valid else ():
            self.form.add_error("last", message)
        return valid and not self.form.errors

    def filter_queryset(self, queryset):
        scope = Scope(self.request.user, self.chosen, timezone.localdate())
        return with_load(super().filter_queryset(queryset), scope)

    def by_period(self, queryset, name, value):
        return queryset  # what is counted depends on it, not who stands here

    def by_agency(self, queryset, name, value):
        return queryset.filter(agency__in=Agency.objects.within(self.agencies[value]).values("pk"))
