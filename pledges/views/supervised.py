"""Breaches and inspections as the portal lists them for whoever supervises: nothing is done here. A breach is decided on
the page of its case, an inspection is worked on in the administration."""

import datetime as dt
from operator import itemgetter

from django.shortcuts import get_object_or_404
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.generic import TemplateView

from cases.list_files import field_column
from cases.models import Case
from cases.views.lists import LimitedRows, LoggedExport, label_of
from core.exports import Column, name_of
from core.pagination import DearPaginator
from core.views import ListPage, ScopedMixin
from pledges.domain import score
from pledges.enums import BreachState, FindingResult, InspectionMode, InspectionState
from pledges.filters import BreachFilterSet, InspectionFilterSet
from pledges.models import Breach, Inspection
from pledges.tables import BreachTable, InspectionTable
from pledges.tones import FINDING_TONES, INSPECTION_TONES

EXPORT = "pledges.export_pledge"
PREMISES = "premises__name", "premises__merchant__name", "premises__region__name", "premises__region__name_en"
# of five tables, what the list of breaches names
SHOWN = (
    "state", "matches", "counts_on", "due_on", "found_at", "case__number", "pledge__type__name",
    "pledge__type__name_en", *(f"pledge__{name}" for name in PREMISES),
)  # fmt: skip


class SupervisedRows(LimitedRows):
    """`export_view`: the address of the same rows as a file."""

    export_view: str

    def fill(self, context):
        exports = self.request.user.has_perm(EXPORT)
        return super().fill(context) | {"export_url": reverse(self.export_view) if exports else ""}


class BreachRows(SupervisedRows):
    """The breaches that the address selects, in its order."""

    model = Breach
    permission_required: str | tuple[str, ...] = "pledges.view_breach"
    filterset_class = BreachFilterSet
    export_view = "pledges:breaches_export"
    sorts = {"found": "found_at"}
    default_sort = "-found"


class BreachList(BreachRows, ListPage):
    template_name, fragment_template_name = "pledges/breaches.html", "pledges/_supervised.html"
    table_class, paginator_class = BreachTable, DearPaginator

    def get_queryset(self):
        return super().get_queryset().with_facts().only(*SHOWN)

    def get_table(self, page):
        """With the cases that the reader sees: a breach of a pledge that he keeps may be of a case of others."""
        table = super().get_table(page)
        cases = Case.objects.none()
        if self.request.user.has_perm("cases.view_case"):
            cases = Case.objects.visible_to(self.request.user).filter(pk__in={one.case_id for one in page.rows})
        table.seen = set(cases.values_list("pk", flat=True))
        return table


class BreachExport(BreachRows, LoggedExport):
    export_name = "breaches"
    export_title = pgettext_lazy("of pledges", "breaches")
    list_url = reverse_lazy("pledges:breaches")
    export_permissions = (EXPORT,)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        return (
            Column(_("Case number"), itemgetter("case__number"), width=20),
            Column(_("State"), label_of(BreachState, "state")),
            Column(_("Merchant"), itemgetter("pledge__premises__merchant__name"), masked=True, width=32),
            Column(_("Premises"), itemgetter("pledge__premises__name"), masked=True, width=28),
            Column(_("Type"), name_of("pledge__type"), width=20),
            Column(_("District"), name_of("pledge__premises__region")),
            field_column(Breach, "counts_on", itemgetter("counts_on"), width=11),
            field_column(Breach, "due_on", itemgetter("due_on"), width=11),
            field_column(Breach, "matches", itemgetter("matches")),
            field_column(Breach, "found_at", itemgetter("found_at"), width=19),
            field_column(Breach, "decided_at", itemgetter("decided_at"), width=19),
        )

    def get_queryset(self):
        return super().get_queryset().values(*SHOWN, "decided_at")


class InspectionRows(SupervisedRows):
    """The inspections that the address selects, in its order."""

    model = Inspection
    permission_required: str | tuple[str, ...] = "pledges.view_inspection"
    filterset_class = InspectionFilterSet
    export_view = "pledges:inspections_export"
    sorts = {"planned": "planned_on"}
    default_sort = "-planned"


class InspectionList(InspectionRows, ListPage):
    template_name, fragment_template_name = "pledges/inspections.html", "pledges/_supervised.html"
    table_class = InspectionTable

    def get_queryset(self):
        return super().get_queryset().select_related("premises__merchant", "premises__region", "type")


class InspectionExport(InspectionRows, LoggedExport):
    export_name = "inspections"
    export_title = _("Inspections")
    list_url = reverse_lazy("pledges:inspections")
    export_permissions = (EXPORT,)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        return (
            Column(_("Planned on"), itemgetter("planned_on"), width=11),
            Column(_("Premises"), itemgetter("premises__name"), masked=True, width=28),
            Column(_("Merchant"), itemgetter("premises__merchant__name"), masked=True, width=32),
            Column(_("District"), name_of("premises__region")),
            Column(_("Type"), name_of("type"), width=20),
            Column(_("Mode"), label_of(InspectionMode, "mode")),
            Column(_("State"), label_of(InspectionState, "state")),
            Column(_("Visited on"), itemgetter("visited_on"), width=11),
            Column(_("To be corrected by"), itemgetter("correct_by"), width=11),
            Column(_("Corrected on"), itemgetter("corrected_on"), width=11),
        )

    def get_queryset(self):
        return super().get_queryset().values(
            "planned_on", *PREMISES, "type__name", "type__name_en", "mode", "state", "visited_on", "correct_by",
            "corrected_on",
        )  # fmt: skip


class InspectionPage(ScopedMixin, TemplateView):
    """One inspection: what the checklist found, and what is to be corrected."""

    model = Inspection
    permission_required = "pledges.view_inspection"
    template_name = "pledges/inspection.html"

    def get_context_data(self, pk, **kwargs):
        rows = self.get_queryset().select_related(
            "premises__merchant", "premises__region", "type", "plan", "pledge", "follows"
        )
        inspection, user = get_object_or_404(rows, pk=pk), self.request.user
        findings = list(inspection.findings.select_related("item"))
        today: dt.date = timezone.localdate()
        return super().get_context_data(
            inspection=inspection, tone=INSPECTION_TONES[inspection.state], points=score(inspection),
            findings=[(finding, FINDING_TONES[finding.result]) for finding in findings],
            not_ok=sum(finding.result == FindingResult.NOT_OK for finding in findings),
            late=inspection.state == InspectionState.CORRECTING and inspection.correct_by < today,
            events=list(inspection.events.select_related("actor").order_by("-pk")),
            followers=list(inspection.followers.order_by("planned_on", "pk")),
            keeps=user.is_staff and user.has_perm("pledges.change_inspection"), **kwargs,
        )  # fmt: skip
