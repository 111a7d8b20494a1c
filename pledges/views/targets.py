"""Targets of a year with how far they are, and the rows behind each number."""

import datetime as dt

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.generic import TemplateView

from core.filters import FIRST_DAY, LAST_DAY
from core.views import ListPage, ScopedMixin
from pledges.domain import progress, reached, under_review
from pledges.domain.targets import days_gone, last_counted
from pledges.enums import TargetKind
from pledges.filters import NoFilterSet
from pledges.models import Target
from pledges.tables import OpenedTable, PublishedTable

VIEW = "pledges.view_target"
REACHED, REVIEW = "reached", "review"


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


class TargetRows(ListPage):
    """What a number of the page of targets has counted: the same rows, by the same query."""

    model = Target
    permission_required = VIEW
    template_name, fragment_template_name = "pledges/target_rows.html", "pledges/_rows.html"
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
    def table_class(self):
        return OpenedTable if self.of_workstations else PublishedTable

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

    def get_context_data(self, **kwargs):
        words = pgettext("a target", "Reached") if self.part == REACHED else _("Under review")
        last = last_counted(self.target.year, self.day) if self.part == REACHED else timezone.localdate()
        return super().get_context_data(target=self.target, words=words, last=last, **kwargs)
