"""Targets of a year with how far they are, and the rows behind each number."""

import datetime as dt

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext
from django.views.generic import TemplateView

from cases.views.lists import LoggedExport
from core.exports import Column
from core.filters import FIRST_DAY, LAST_DAY
from core.pagination import DearPaginator
from core.views import ListPage, ScopedMixin
from pledges.domain import progress, reached, under_review
from pledges.domain.targets import days_gone, last_counted
from pledges.enums import TargetKind
from pledges.filters import NoFilterSet
from pledges.models import Target
from pledges.tables import OpenedTable, PublishedTable

VIEW, EXPORT = "pledges.view_target", "pledges.export_pledge"
REACHED, REVIEW = "reached", "review"
PUBLISHED = (
    Column(_("Premises"), "premises.name", masked=True, width=28),
    Column(_("Merchant"), "premises.merchant.name", masked=True, width=32),
    Column(_("Type"), "type.label", width=20),
    Column(_("District"), "premises.region.label"),
    Column(_("Kept by"), "agency.label", width=28),
    Column(_("Applied on"), "applied_on", width=11),
    Column(_("Published on"), "published_on", width=11),
)
OPENED = (
    Column(_("Name"), "name", masked=True, width=28),
    Column(_("Host"), "host", masked=True, width=28),
    Column(_("District"), "region.label"),
    Column(_("Kept by"), "agency.label", width=28),
    Column(_("Opened on"), "opened_on", width=11),
)


def asked_day(text: str, today: dt.date) -> dt.date:
    """The day that the address names, today where it names none, or one to come."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return today
    return day if FIRST_DAY <= day <= min(today, LAST_DAY) else today


class TargetsPage(ScopedMixin, TemplateView):
    """The whole state is in the address: `year`, and `on`, the day as of which it is counted."""

    model = Target
    permission_required = VIEW
    template_name = "pledges/targets.html"

    def get_context_data(self, **kwargs):
        today = timezone.localdate()
        day = asked_day(self.request.GET.get("on", ""), today)
        targets = self.get_queryset()
        years = sorted(targets.order_by().values_list("year", flat=True).distinct(), reverse=True)
        asked = self.request.GET.get("year", "")
        year = int(asked) if asked in map(str, years) else next((one for one in years if one <= day.year), day.year)
        shown = targets.filter(year=year).select_related("agency").order_by("agency__path", "code")
        lines = progress(shown, day, today=today)
        gone, days = days_gone(year, day)
        return super().get_context_data(
            lines=lines, year=year, years=years, day=day, today=today, last=last_counted(year, day), begun=gone > 0,
            gone=100 * gone // days, over=gone == days, **kwargs,
        )  # fmt: skip


class CountedRows:
    """What a number of the page of targets has counted: the same rows, by the same query."""

    model = Target
    permission_required: str | tuple[str, ...] = VIEW
    filterset_class = NoFilterSet

    @cached_property
    def target(self) -> Target:
        rows = super().get_queryset().select_related("agency")
        return get_object_or_404(rows, pk=self.kwargs["pk"])

    @cached_property
    def day(self) -> dt.date:
        return asked_day(self.request.GET.get("on", ""), timezone.localdate())

    @property
    def part(self) -> str:
        if self.kwargs["part"] not in (REACHED, REVIEW):
            raise Http404
        return self.kwargs["part"]

    @property
    def of_workstations(self) -> bool:
        return self.target.what == TargetKind.VILLAGE_WORKSTATIONS

    @property
    def sorts(self):
        if self.of_workstations:
            return {"day": "opened_on"}
        return {"day": "published_on" if self.part == REACHED else "applied_on"}

    default_sort = "day"

    def get_queryset(self):
        """The target is in the reader's scope, and so is all that it counts."""
        today = timezone.localdate()
        rows = reached(self.target, self.day) if self.part == REACHED else under_review(self.target, today)
        if self.of_workstations:
            return rows.select_related("agency", "region")
        return rows.select_related("premises__merchant", "premises__region", "type", "agency")

    @property
    def last(self) -> dt.date:
        """The last day that counts."""
        return last_counted(self.target.year, self.day) if self.part == REACHED else timezone.localdate()


class TargetRows(CountedRows, ListPage):
    template_name, fragment_template_name = "pledges/target_rows.html", "pledges/_rows.html"
    paginator_class = DearPaginator  # whether a pledge is the first of its unit or merchant is asked of each

    def get(self, request, *args, **kwargs):
        if "format" in request.GET:
            return TargetExport.as_view()(request, *args, **kwargs)
        return super().get(request, *args, **kwargs)

    @property
    def table_class(self):
        return OpenedTable if self.of_workstations else PublishedTable

    def get_context_data(self, **kwargs):
        words = pgettext("a target", "Reached") if self.part == REACHED else _("Under review")
        path = self.request.path if self.request.user.has_perm(EXPORT) else ""
        return super().get_context_data(target=self.target, words=words, last=self.last, export_url=path, **kwargs)


class TargetExport(CountedRows, LoggedExport):
    """The same as a file, at the same address with `format`."""

    export_name = "target"
    export_permissions = (EXPORT,)

    @property
    def columns(self) -> tuple[Column, ...]:
        if self.of_workstations:
            return OPENED
        return PUBLISHED

    @property
    def export_title(self) -> str:
        return str(self.target)

    @property
    def list_url(self) -> str:
        return self.request.path

    @property
    def logged_as(self) -> str:
        return f"targets/{self.target.code}/{self.part}/{self.last}"
