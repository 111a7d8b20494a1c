"""The register of pledges, with its export."""

from operator import itemgetter

from django.conf import settings
from django.urls import reverse_lazy
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from cases.views.lists import LoggedExport, SelectedRows, label_of
from core.exports import Column, name_of
from core.pagination import COUNT_CAP, CountingPaginator, DearPaginator
from core.panels import panels
from core.views import ListPage
from pledges.enums import Freight, Level, PledgeState, Pool
from pledges.filters import PledgeFilterSet
from pledges.models import Pledge
from pledges.tables import PledgeTable


class PledgeRows(SelectedRows):
    """The pledges that the address selects, in its order."""

    model = Pledge
    permission_required = "pledges.view_pledge"
    filterset_class = PledgeFilterSet
    selection_name = "pledges"
    export_view = "pledges:export"
    export_permission = "pledges.export_pledge"
    sorts = {"published": "published_on", "until": "valid_to", "applied": "applied_on"}
    default_sort = "-applied"


class UnitsPaginator(DearPaginator):
    """Whether a pledge is the oldest of its unit is asked of each. How many there are is counted as far as the figure's
    other lists, whose reader compares the two."""

    count_cap = COUNT_CAP


class PledgeList(PledgeRows, ListPage):
    table_class = PledgeTable
    template_name = "pledges/list.html"
    fragment_template_name = "pledges/_list.html"

    def get_queryset(self):
        return super().get_queryset().select_related("premises__merchant", "premises__region", "type")

    def get_paginator(self, filterset, queryset, size):
        """What a figure counts may be few of many."""
        if self.selection is None:
            return super().get_paginator(filterset, queryset, size)
        units = self.selection.parameters["metric"] == "pledges.in_force"
        made = UnitsPaginator if units else CountingPaginator
        return made(queryset, self.sort, size)

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            panels=panels("pledges", None, self.request.user), previewed=settings.PUBLIC_REGISTER_PREVIEW, **kwargs
        )


class PledgeExport(PledgeRows, LoggedExport):
    export_name = "pledges"
    export_title = _("Pledges")
    list_url = reverse_lazy("pledges:list")
    export_permissions = ("pledges.export_pledge",)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        return (
            Column(_("Merchant"), itemgetter("premises__merchant__name"), masked=True, width=32),
            Column(_("Unified social credit code"), itemgetter("premises__merchant__credit_code"), width=22),
            Column(_("Premises"), itemgetter("premises__name"), masked=True, width=28),
            Column(_("District"), name_of("premises__region")),
            Column(_("Address"), itemgetter("premises__address"), masked=True, width=32),
            Column(_("Type"), name_of("type"), width=20),
            Column(_("State"), label_of(PledgeState, "state")),
            Column(_("Applied on"), itemgetter("applied_on"), width=11),
            Column(_("Published on"), itemgetter("published_on"), width=11),
            Column(_("Last day"), itemgetter("valid_to"), width=11),
            Column(_("Ended on"), itemgetter("ended_on"), width=11),
            Column(_("Continuous terms"), itemgetter("terms")),
            Column(_("Number of the plaque"), itemgetter("plaque"), width=18),
            Column(_("Level"), label_of(Level, "level")),
            Column(_("Pool"), label_of(Pool, "pool")),
            Column(_("Return days"), itemgetter("days")),
            Column(_("Goods covered"), itemgetter("goods"), masked=True, width=30),
            Column(_("Goods excluded"), itemgetter("excluded"), masked=True, width=30),
            Column(_("Freight paid by"), label_of(Freight, "freight")),
            Column(_("Promise"), itemgetter("statement"), masked=True, width=40),
        )

    def get_queryset(self):
        return super().get_queryset().values(
            "premises__merchant__name", "premises__merchant__credit_code", "premises__name", "premises__region__name",
            "premises__region__name_en", "premises__address", "type__name", "type__name_en", "state", "applied_on",
            "published_on", "valid_to", "ended_on", "terms", "plaque", "level", "pool", "days", "goods", "excluded",
            "freight", "statement",
        )  # fmt: skip
