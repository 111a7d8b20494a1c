"""The dashboard with its sections, the scorecard of the green channel, the load of mediators, returns under pledges,
what the rates leave out, and what the figures mean."""

import datetime as dt
from operator import itemgetter

from django.db.models import Max, Min
from django.http import Http404, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView

from cases.models import Case
from cases.views.lists import LoggedExport, SelectedRows
from core import exports
from core.exceptions import DomainError
from core.exports import Column, name_of
from core.views import ExportPage, FragmentMixin, ListPage, ScopedMixin
from insights.dashboard import Dashboard
from insights.enums import Part
from insights.filters import LoadFilterSet, ReturnFilterSet
from insights.forms import PeriodForm
from insights.mediation import MediationFigures
from insights.metrics import families, metric, metrics
from insights.periods import NAMED, Period
from insights.places import Map, Place
from insights.pledge_figures import PledgeFigures
from insights.scopes import Scope
from insights.scorecard import REASONS, Line, Scorecard, channel_tiles
from insights.selections import RETURNS, address, describe, span
from insights.tables import LoadTable, ReturnTable
from mediation.models import Mediator
from pledges.models import Pledge, ReturnEntry


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
                place = self.located(regions, token, choice.period)
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

    def located(self, regions: Map, token: str, period: Period) -> Place:
        """The region that `token` names. Raises DomainError where there is none."""
        return regions.place(token, period)

    def tools(self, asked: dict) -> dict:
        """What the chooser of period and region needs."""
        first, last = self.received_span()
        return {
            "choice": asked["choice"],
            "place": asked["place"],
            "places": asked["map"].choices(asked["choice"].period),
            "problems": asked["problems"],
            "named": [(name, label, self.query(period=name)) for name, label in NAMED],
            "years": range(asked["today"].year, (first or asked["today"]).year - 1, -1),
            "last_case_on": last,
            "last_year_query": self.query(year=last.year) if last else "",
            "here": self.request.path,
        }

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
        return super().get_context_data(
            dashboard=dashboard, uncounted_query=self.request.GET.urlencode(), **self.tools(asked), **kwargs
        )


class ScorecardPage(PeriodPage):
    """The platforms of the green channel side by side, for those who see the dashboard."""

    template_name = "insights/channel.html"
    fragment_template_name = "insights/_channel.html"

    def get_context_data(self, **kwargs):
        asked = self.read()
        card = self.card(asked)
        return super().get_context_data(
            card=card, none_ever=not card.scope.referrals().exists(), **self.tools(asked), **kwargs
        )

    def card(self, asked: dict) -> Scorecard:
        return Scorecard(self.request.user, asked["choice"], asked["place"], asked["today"])


def _percent(value: float | None) -> float | None:
    return None if value is None else round(100 * value, 2)


class ScorecardExport(ScorecardPage):
    """The lines of the scorecard as a file, the last of all together: `?format=csv` or `xlsx` beside its period."""

    permission_required = ("cases.view_case", "cases.export_case")
    columns = (
        Column(_("Platform"), "label", width=24),
        Column(_("Referred"), "referred.n"),
        Column(_("Settled"), "settled.n"),
        Column(pgettext_lazy("referrals", "Ended"), "ended.n"),
        Column(_("Settlement rate (%)"), lambda line: _percent(line.rate.value), width=18),
        *(
            Column(metric(code).label, lambda line, code=code: line.counts[code], width=20)
            for code in REASONS.values()
        ),
        Column(_("Days where the platform settled (median)"), "saving.there", width=24),
        Column(_("Days of ordinary cases (median)"), "saving.ordinary", width=24),
        Column(_("Time saved (%)"), lambda line: _percent(line.saving.share)),
        Column(_("Pairs"), "saving.pairs"),
        Column(_("Settled, not compared"), "saving.unmatched", width=18),
        Column(_("Note"), "reason", width=28),
    )

    def get(self, request, *args, **kwargs):
        form, asked = request.GET.get("format"), self.read()
        if form not in ("csv", "xlsx"):
            raise Http404
        if asked["problems"]:
            parameters = request.GET.copy()
            del parameters["format"]
            return HttpResponseRedirect(f"{reverse('insights:channel')}?{parameters.urlencode()}")
        card = self.card(asked)
        lines: list[Line] = [*card.lines, card.total]
        return exports.respond(lines, self.columns, form=form, name="green-channel", title=gettext("Green channel"))


class ChannelFigures(PeriodPage):
    """The section of the dashboard; the scorecard where it is asked for as a page."""

    fragment_template_name = template_name = "insights/_channel_figures.html"

    def get(self, request, *args, **kwargs):
        if not self.wants_fragment:
            return HttpResponseRedirect(f"{reverse('insights:channel')}?{request.GET.urlencode()}")
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs):
        asked = self.read()
        return super().get_context_data(
            tiles=channel_tiles(self.request.user, asked["choice"], asked["place"], asked["today"]),
            query=self.request.GET.urlencode(), **kwargs,
        )  # fmt: skip


class MediationPage(PeriodPage):
    """The figures of mediation: a section of the dashboard, and a page."""

    template_name = "insights/mediation.html"
    fragment_template_name = "insights/_mediation.html"

    def get_context_data(self, **kwargs):
        asked = self.read()
        figures = MediationFigures(self.request.user, asked["choice"], asked["place"], asked["today"])
        return super().get_context_data(figures=figures, problems=asked["problems"], **kwargs)


class PledgesPage(PeriodPage):
    """Units in force and newly created, by type and district: a section of the dashboard, and a page with a chooser of
    its own. The register knows the districts of today, whatever the period."""

    permission_required = ("cases.view_case", "pledges.view_pledge")
    template_name = "insights/pledges.html"
    section_template_name, fragment_template_name = "insights/_pledges.html", "insights/_pledges_page.html"

    @property
    def is_section(self) -> bool:
        return self.wants_fragment and self.request.htmx.target != "dash"

    def get_template_names(self):
        return [self.section_template_name] if self.is_section else super().get_template_names()

    def render_to_response(self, context, **response_kwargs):
        response = super().render_to_response(context, **response_kwargs)
        patch_vary_headers(response, ["HX-Target"])
        return response

    def located(self, regions, token, period):
        return regions.in_register(token)

    def received_span(self):
        """The first and the last day on which a pledge that the reader sees was published."""
        pledges = Pledge.objects.visible_to(self.request.user)
        found = pledges.aggregate(first=Min("published_on"), last=Max("published_on"))
        return found["first"], found["last"]

    def get_context_data(self, **kwargs):
        asked = self.read()
        figures = PledgeFigures(self.request.user, asked["choice"], asked["place"], asked["map"], asked["today"])
        tools = {"problems": asked["problems"]}
        if not self.is_section:
            tools = self.tools(asked) | {"places": asked["map"].choices(Period(asked["today"], asked["today"]))}
        return super().get_context_data(figures=figures, **tools, **kwargs)


class ReturnRows(SelectedRows):
    """The entries of the returns ledger that the address selects, in its order."""

    model = ReturnEntry
    permission_required = ("pledges.view_premises", "pledges.view_returnentry")
    filterset_class = ReturnFilterSet
    selection_name = RETURNS
    export_view = "insights:returns_export"
    export_permission = "pledges.export_pledge"
    sorts = {"month": "month", "returns": "count", "amount": "amount"}
    default_sort = "-month"


class ReturnList(ReturnRows, ListPage):
    table_class = ReturnTable
    template_name = "insights/returns.html"
    fragment_template_name = "pledges/_list.html"

    def get_queryset(self):
        return super().get_queryset().select_related("premises__merchant", "premises__region")


class ReturnExport(ReturnRows, LoggedExport):
    export_name = "returns"
    export_title = _("Returns by month")
    list_url = reverse_lazy("insights:returns")
    export_permissions = ("pledges.export_pledge",)
    columns = (
        Column(_("Month"), lambda row: f"{row['month']:%Y-%m}", width=10),
        Column(_("Merchant"), itemgetter("premises__merchant__name"), masked=True, width=32),
        Column(_("Premises"), itemgetter("premises__name"), masked=True, width=28),
        Column(_("District"), name_of("premises__region")),
        Column(_("Returns"), itemgetter("count")),
        Column(_("Amount paid back (CNY)"), itemgetter("amount"), width=18),
    )

    def get_queryset(self):
        return super().get_queryset().values(
            "month", "premises__merchant__name", "premises__name", "premises__region__name",
            "premises__region__name_en", "count", "amount",
        )  # fmt: skip


class LoadRows:
    """The mediators whom the reader sees, by agency and name, with what they have to do."""

    model = Mediator
    permission_required: tuple[str, ...] = ("cases.view_case", "mediation.view_session")
    filterset_class = LoadFilterSet
    sorts = {"agency": ("agency__code", "name")}
    default_sort = "agency"

    def get_queryset(self):
        return super().get_queryset().select_related("agency")


class LoadList(LoadRows, ListPage):
    table_class = LoadTable
    template_name = "insights/mediators.html"
    fragment_template_name = "insights/_mediators.html"

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        context["words"] = span(context["filter"].chosen)
        if self.request.user.has_perm("cases.export_case"):
            context["export_url"] = reverse("insights:mediators_export")
        return context


class LoadExport(LoadRows, ExportPage):
    permission_required = (*LoadRows.permission_required, "cases.export_case")
    export_name = "mediators"
    export_title = _("Load of mediators")
    list_url = reverse_lazy("insights:mediators")
    columns = (
        Column(_("Agency"), "agency.label", width=28),
        Column(_("Mediator"), "name"),
        Column(_("Sessions ahead"), "ahead"),
        Column(_("Sessions held"), "held"),
        Column(_("Hours"), lambda row: round(row.led_hours, 2)),
        Column(_("Cases in hand"), "in_hand"),
        Column(_("Share of the agency's hours (%)"), lambda row: _percent(row.share), width=24),
    )


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
        return super().get_context_data(metrics=[*metrics(), *families()], **kwargs)
