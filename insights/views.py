"""The dashboard, what its rates leave out, and what its figures mean."""

import datetime as dt

from django.db.models import Max, Min
from django.http import QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.generic import TemplateView

from cases.models import Case
from core.exceptions import DomainError
from core.views import FragmentMixin, ScopedMixin
from insights.dashboard import Dashboard
from insights.enums import Part
from insights.forms import NAMED, PeriodForm
from insights.metrics import metric, metrics
from insights.places import Map
from insights.scopes import Scope
from insights.selections import address, describe


class PeriodPage(FragmentMixin, ScopedMixin, TemplateView):
    """A page of figures. Its whole state is in the address: a period, and perhaps a region."""

    permission_required = "cases.view_case"

    def read(self) -> dict:
        """The period and region asked for; what is wrong with them is in `problems`."""
        form = PeriodForm(self.request.GET)
        today = timezone.localdate()
        choice = form.choice(today)
        problems = [message for messages in form.errors.values() for message in messages]
        regions, place = Map.load(), None
        token = form.cleaned_data.get("region")
        if token:
            try:
                place = regions.place(token, choice.period)
            except DomainError as error:
                problems.append(str(error))
        return {
            "form": form,
            "choice": choice,
            "place": place,
            "map": regions,
            "today": today,
            "problems": problems,
        }


class DashboardPage(PeriodPage):
    template_name = "insights/dashboard.html"
    fragment_template_name = "insights/_dashboard.html"

    def handle_no_permission(self):
        """Whoever keeps accounts, logs or files has no figures to see, but a start page."""
        return render(self.request, "insights/home.html")

    def get_context_data(self, **kwargs):
        asked = self.read()
        choice, place = asked["choice"], asked["place"]
        dashboard = Dashboard(self.request.user, choice, place, asked["map"], asked["today"])
        first, last = self.received_span()
        years = range(asked["today"].year, (first or asked["today"]).year - 1, -1)
        return super().get_context_data(
            dashboard=dashboard,
            choice=choice,
            place=place,
            places=asked["map"].choices(choice.period),
            problems=asked["problems"],
            named=[(name, label, self.query(period=name)) for name, label in NAMED],
            years=years,
            last_case_on=last,
            last_year_query=self.query(year=last.year) if last else "",
            uncounted_query=self.request.GET.urlencode(),
            **kwargs,
        )

    def received_span(self) -> tuple[dt.date | None, dt.date | None]:
        """The first and the last day on which a case that the reader sees was received."""
        found = Case.objects.visible_to(self.request.user).aggregate(
            first=Min("received_at"), last=Max("received_at")
        )
        return tuple(timezone.localdate(at) if at else None for at in (found["first"], found["last"]))

    def query(self, **period) -> str:
        """The address of another period of the same region."""
        query = QueryDict(mutable=True)
        query.update({name: str(value) for name, value in period.items()})
        if region := self.request.GET.get("region"):
            query["region"] = region
        return f"?{query.urlencode(':')}"


class UncountedPage(PeriodPage):
    """Cases that could not be placed in a rate, for want of a date, a term or a calendar."""

    template_name = "insights/uncounted.html"
    fragment_template_name = "insights/_uncounted.html"

    def get_context_data(self, **kwargs):
        asked = self.read()
        scope = Scope(self.request.user, asked["choice"].period, asked["today"], asked["place"])
        return super().get_context_data(
            rows=self.rows(scope), problems=asked["problems"], words=describe(scope), **kwargs
        )

    @staticmethod
    def rows(scope: Scope) -> list[dict]:
        found = []
        for rate in metrics():
            if rate.uncounted:
                left_out = metric(rate.uncounted)
                value = left_out.compute(scope).value
                found.append(
                    {
                        "rate": rate,
                        "metric": left_out,
                        "n": value,
                        "url": address(left_out, Part.VALUE, scope),
                    }
                )
        return found


class Definitions(ScopedMixin, TemplateView):
    """Every figure, what it means and where it comes from."""

    permission_required = "cases.view_case"
    template_name = "insights/definitions.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(metrics=metrics(), **kwargs)
