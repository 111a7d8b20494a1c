"""The case list and the recovery ledger, with their exports."""

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any
from urllib.parse import quote

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, DecimalField, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Left, NullIf
from django.urls import reverse, reverse_lazy
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.client import client_ip
from accounts.domain import log_access
from accounts.enums import AccessAction
from accounts.models import AccessLog
from cases.choosing import choosing_bar
from cases.desk import Desk, read_desk
from cases.domain import bulk_steps
from cases.domain.reasons import MIN_REASON, check_access_reason
from cases.domain.reveal import personal_context
from cases.enums import (
    LOSS_KINDS,
    Body,
    Kind,
    Outcome,
    RecoveryKind,
    RecoveryMeans,
    RecoveryStatus,
    State,
    SupervisionKind,
)
from cases.filters import CaseFilterSet, RecoveryFilterSet, Selection, due_window, read_selection
from cases.forms.reveal import REASON_LENGTH
from cases.models import Case, Clock, Party, Recovery, Supervision
from cases.references import References
from cases.search import SearchPaginator
from cases.tables import CaseTable, RecoveryTable
from core.exceptions import DomainError
from core.exports import Column
from core.pagination import COUNT_CAP, OF_ONE_PAGE, CountingPaginator, capped_counts
from core.personal_data import PersonalDataError, decrypt
from core.timeouts import QueryTooSlow, time_limit
from core.views import ExportPage, ListPage
from registry.models import Platform

SEARCH_SECONDS = 8
COUNT_SECONDS = 2  # the counts of the tabs are left out rather than waited for
SOON_DAYS = 7  # working days
XLSX_ROWS = 20_000  # a workbook is made while one waits: about 11 s of CPU
OPENING = 200  # characters of a narrative that a list reads
EXPORTED_DATA = "name, phone, texts"  # in clear, of an export with personal data
TARGET_LENGTH = AccessLog._meta.get_field("target").max_length
SEPARATORS = re.compile(r"[%&=\s]")  # in a logged value; letters of any script stay readable
HEAVY = ("narrative", "demand", "extra", "consents", "source_digest")
NO_STATE = (*OF_ONE_PAGE, "sort", "columns")
# what a column of the list needs beside the case's own fields
RELATED = {
    "merchant": "merchant", "region": "region", "category": "category", "officer": "officer", "handling": "handling",
    "problem": "problem", "channel": "channel", "platform": "platform", "district": "custodian_district",
}


@dataclass(frozen=True)
class Tab:
    """A quick filter above the list. `capped`: there are more than `count`, which is None where not counted."""

    label: str
    url: str
    count: int | None
    capped: bool
    current: bool

    @classmethod
    def counted(cls, label: str, url: str, count: int | None, current: bool) -> "Tab":
        return cls(label, url, None if count is None else min(count, COUNT_CAP), (count or 0) > COUNT_CAP, current)


class LimitedRows:
    """Rows that are found within a time limit or not at all."""

    too_slow = False

    def filtered(self):
        if not self.too_slow:
            return super().filtered()
        filterset = self.get_filterset(self.get_queryset())
        return filterset, filterset.queryset.none()

    def get_context_data(self, **kwargs):
        try:
            with time_limit(SEARCH_SECONDS):
                return self.fill(super().get_context_data(**kwargs))
        except QueryTooSlow:
            self.too_slow = True
            return self.fill(super().get_context_data(**kwargs))

    def fill(self, context: dict) -> dict:
        """Everything that needs a query is asked here, inside the time limit, and not by the template."""
        context["page"].count  # noqa: B018 - counts now
        return context | {"too_slow": self.too_slow, "seconds": SEARCH_SECONDS}

    def counts(self, querysets: list, beside: tuple[str, list] | None = None, more: int = 0) -> list[int | None]:
        """How many rows each has, no further than the cap, and the `more` counts of the statement `beside`, in one
        query; None where that takes too long."""
        if not self.too_slow:
            with contextlib.suppress(QueryTooSlow), time_limit(COUNT_SECONDS):
                return capped_counts(querysets, beside)
        return [None] * (len(querysets) + more)


class SelectedRows(LimitedRows):
    """Rows that a figure may have selected (`?metric=…`)."""

    selection_name: str
    export_view: str
    export_permission = "cases.export_case"

    @cached_property
    def selection(self) -> Selection | None:
        return read_selection(self.selection_name, self.request)

    def get_queryset(self):
        if self.selection and self.selection.queryset is not None:
            return self.selection.queryset.visible_to(self.request.user)
        return super().get_queryset()

    def get_filterset(self, queryset):
        return self.filterset_class(
            self.request.GET, queryset=queryset, request=self.request, selection=self.selection
        )

    def fill(self, context):
        path = reverse(self.export_view) if self.request.user.has_perm(self.export_permission) else ""
        return super().fill(context) | {
            "selection": self.selection,
            "kept": list(self.selection.parameters.items()) if self.selection else [],
            "export_url": path,
        }


class CaseRows(SelectedRows):
    """The cases that the address selects, in its order."""

    model = Case
    permission_required = "cases.view_case"
    filterset_class = CaseFilterSet
    selection_name = "metric"
    export_view = "cases:export"
    sorts = {"received": "received_at", "claimed": "claimed", "number": "number"}
    default_sort = "-received"
    searching: SearchPaginator | None = None

    def get_paginator(self, filterset, queryset, size):
        """Words are searched by a paginator of their own."""
        if filterset.found is None or not filterset.is_valid():
            return CountingPaginator(queryset, self.sort, size)
        self.searching = SearchPaginator(filterset.found, self.sort, size)
        return self.searching


def understood(page, filterset, sort) -> dict[str, str]:
    """The query of a list as it was understood, whatever else the address carried: the figure, the filters, and an order
    that is not the list's own."""
    selection = getattr(page, "selection", None)
    given = (selection.parameters if selection else {}) | filterset.understood()
    if sort.parameter != page.default_sort:
        given["sort"] = sort.parameter
    return given


class DeskMixin:
    """A list whose reader may keep filters and, where its table has columns on request, choose columns. `list_name` is
    the name under which he does, `list_label` what people call it, `list_view` its address."""

    list_name: str
    list_label: Any
    list_view: str

    @cached_property
    def desk(self) -> Desk:
        return read_desk(self.request.user, self.list_name)

    @cached_property
    def shown(self) -> tuple[str, ...]:
        """The columns: those that the address names, else those that the reader chose, else the list's own."""
        if not self.table_class.on_request:
            return self.table_class.arranged(None)
        named = self.request.GET.get("columns")
        return self.table_class.arranged(named.split(",") if named else self.desk.columns)

    def get_table(self, page):
        table = self.table_class(page.rows, request=self.request, shown=self.shown)
        table.keyset, table.sorts = page, self.sorts
        return table

    def get_context_data(self, **kwargs):
        query = self.request.GET.copy()
        for name in OF_ONE_PAGE:
            query.pop(name, None)
        now = {name: value for name, value in query.items() if value}
        context = super().get_context_data(**kwargs)
        return context | {
            "list_tools": "cases/_desk.html",
            "desk": self.desk,
            "list_name": self.list_name,
            "list_path": reverse(self.list_view),
            "list_query": urlencode(now),
            "kept_now": next((kept for kept in (*self.desk.own, *self.desk.shared) if kept.parameters == now), None),
            "shown_columns": ",".join(self.shown) if self.table_class.on_request else "",
        }


class CaseList(DeskMixin, CaseRows, ListPage):
    list_name, list_label, list_view = "cases", _("Cases"), "cases:list"
    table_class = CaseTable
    template_name = "cases/list.html"
    fragment_template_name = "cases/_results.html"

    def get_queryset(self):
        annotations = {
            "subject": ("opening", Left(Coalesce(NullIf("narrative", Value("")), "demand"), OPENING)),
            "due": ("due_on", next_due()),
            "recovered": ("recovered", _total(Q(kind__in=LOSS_KINDS))),
            "urgings": ("urgings", how_often(SupervisionKind.URGE)),
        }
        return (
            super().get_queryset()
            .select_related(*(RELATED[name] for name in self.shown if name in RELATED))
            .defer(*HEAVY)
            .annotate(**dict(annotations[name] for name in self.shown if name in annotations))
        )

    def get_filterset(self, queryset):
        filterset = super().get_filterset(queryset)
        filterset.calendar = self.desk.calendar
        return filterset

    def fill(self, context):
        searched = context["filter"].searched
        found = {"searched": searched and searched.value, "waiting": getattr(self.searching, "waiting", 0)}
        if self.request.user.has_perms(PersonalExport.export_permissions):
            found |= {
                "export_tools": "cases/_personal_export.html", "personal_url": reverse("cases:export_personal"),
                "min_reason": MIN_REASON, "reason_length": REASON_LENGTH,
            }  # fmt: skip
        context = super().fill(context)
        bar = choosing_bar(self.request, "cases", context["page"], context["table"])
        return context | {"tabs": self.tabs(), "bulk": bar, "has_bulk_acts": bool(bulk_steps(self.request.user))} | found

    def tabs(self) -> list[Tab]:
        """Quick filters over all that the user sees, counted no further than the cap, in one query."""
        rows = Case.objects.visible_to(self.request.user)
        windows = [due_window(due, calendar=self.desk.calendar) for due in ("overdue", str(SOON_DAYS))]
        everything, dispatch, overdue, soon = self.counts(
            [rows, rows.to_dispatch()], rows.due_counts(*windows), more=len(windows)
        )
        parts = [
            (gettext("All"), {}, everything),
            (gettext("Overdue"), {"due": "overdue"}, overdue),
            (gettext("Due within 7 working days"), {"due": str(SOON_DAYS)}, soon),
            (gettext("To dispatch"), {"mark": "dispatch"}, dispatch),
        ]
        now = {name: value for name, value in self.request.GET.items() if value and name not in NO_STATE}
        path = reverse("cases:list")
        return [
            Tab.counted(label, f"{path}?{urlencode(query)}" if query else path, count, query == now)
            for label, query, count in parts
        ]


def _total(*conditions) -> Subquery:
    """The sum of a case's postings, in yuan; NULL where it has none."""
    postings = Recovery.objects.filter(*conditions, case=OuterRef("pk")).order_by().values("case")
    return Subquery(postings.values(total=Sum("amount")), output_field=DecimalField(max_digits=14, decimal_places=2))


def next_due(*, known: bool = False) -> Subquery:
    """The end of a case's most urgent running term; with `known` of those alone that do not stand still."""
    clocks = Clock.objects.ending() if known else Clock.objects.running()
    return Subquery(clocks.filter(case=OuterRef("pk")).order_by("due_on").values("due_on")[:1])


def how_often(kind: SupervisionKind) -> Coalesce:
    """How often the handling of a case was urged, or supervised."""
    made = Supervision.objects.filter(case=OuterRef("pk"), kind=kind).order_by().values("case")
    return Coalesce(Subquery(made.values(n=Count("pk"))), 0)


def label_of(choices, field: str):
    """The label of a field with choices, from rows of plain values."""
    labels = {value: str(label) for value, label in choices.choices}
    return lambda row: labels.get(row[field], row[field])


class LoggedExport(ExportPage):
    """An export that stands in the access log before its first byte, with the list that it was made of."""

    xlsx_rows = XLSX_ROWS
    seconds = SEARCH_SECONDS
    selection: Selection | None = None
    export_permissions: tuple[str, ...] = ("cases.export_case",)

    def get_permission_required(self):
        """Whatever the list demands, and the export's own; a list beside it in the bases cannot take it away."""
        return (*super().get_permission_required(), *self.export_permissions)

    @property
    def logged_as(self) -> str:
        """What the access log calls the list."""
        return self.export_name

    def before_export(self, form, filterset, sort):
        """The log names the list as it was understood."""
        log_list(self.request, self.logged_as, understood(self, filterset, sort), **self.logged(form))

    def logged(self, form: str) -> dict[str, str]:
        """What the access log says of the data. Raises DomainError where they must not go out."""
        return {"fields": form}


def log_list(request, name: str, given: Mapping[str, str], **said: str) -> None:
    """Write into the access log that the list `name` goes out, selected as `given`. Raises DomainError where the filters
    do not fit: cut or hashed, they would not tell later what has gone out."""
    query = "&".join(f"{key}={SEPARATORS.sub(_escaped, value)}" for key, value in given.items())
    target = f"{name}?{query}" if query else name
    if len(target) > TARGET_LENGTH:
        raise DomainError(
            gettext(
                "The filters are too long for the access log, and nothing is exported without it. Take a filter "
                "away or shorten the words."
            )
        )
    log_access(user=request.user, action=AccessAction.EXPORT, target=target, ip=client_ip(request), **said)


def _escaped(match: re.Match) -> str:
    return quote(match[0])


EXPORTED = (
    "number", "source", "external_number", "kind", "body", "channel", "channel_written", "received_at", "decided_at",
    "accepted_at", "closed_at", "state", "outcome", "ground", "region", "region_written", "handling",
    "agency_written", "department", "merchant__name", "merchant__credit_code", "merchant_written",
    "merchant_code_written", "platform", "platform_written", "category", "category_written", "problem",
    "problem_written", "goods", "brand", "narrative", "demand", "claimed", "differs",
)


class CaseExport(CaseRows, LoggedExport):
    """The listed cases. Nothing of the parties; numbers inside the texts are masked.

    Rows are plain values and names come from memory: whole objects with their relations took four times as long.
    """

    export_name = "cases"
    export_title = _("Cases")
    list_url = reverse_lazy("cases:list")

    def get_queryset(self):
        return super().get_queryset().values(
            *EXPORTED, due_on=next_due(known=True), recovered=_total(Q(kind__in=LOSS_KINDS))
        )

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        references = References()
        names = {
            of: {option.pk: option.name for option in references.of(of)}
            for of in ("channel", "region", "agency", "category", "problem")
        }
        names["platform"] = {platform.pk: platform.label for platform in Platform.objects.all()}
        codes = {option.pk: option.code for option in references.of("region")}

        def named(of: str, field: str, written: str):
            return lambda row: names[of].get(row[field]) or row[written]

        return (
            Column(_("Case number"), itemgetter("number")),
            Column(_("Source"), itemgetter("source")),
            Column(_("External number"), itemgetter("external_number"), width=24),
            Column(_("Kind"), label_of(Kind, "kind"), width=10),
            Column(_("Handled by"), label_of(Body, "body"), width=12),
            Column(_("Channel"), named("channel", "channel", "channel_written"), masked=True),
            Column(_("Received"), itemgetter("received_at"), width=19),
            Column(_("Decided"), itemgetter("decided_at"), width=19),
            Column(_("Accepted"), itemgetter("accepted_at"), width=19),
            Column(_("Closed"), itemgetter("closed_at"), width=19),
            Column(_("State"), label_of(State, "state"), width=12),
            Column(_("Outcome"), label_of(Outcome, "outcome"), width=14),
            Column(_("Legal ground"), itemgetter("ground"), masked=True),
            Column(_("Due on"), itemgetter("due_on"), width=11),
            Column(_("Region"), named("region", "region", "region_written"), masked=True),
            Column(_("Region code"), lambda row: codes.get(row["region"]), width=9),
            Column(_("Handling agency"), named("agency", "handling", "agency_written"), masked=True, width=28),
            Column(_("Department"), itemgetter("department"), masked=True),
            Column(
                _("Merchant"), lambda row: row["merchant__name"] or row["merchant_written"], masked=True, width=32
            ),
            Column(_("Unified social credit code"), itemgetter("merchant__credit_code"), width=20),
            Column(_("Credit code as written"), itemgetter("merchant_code_written"), masked=True, width=20),
            Column(_("Platform"), named("platform", "platform", "platform_written"), masked=True),
            Column(_("Category"), named("category", "category", "category_written"), masked=True),
            Column(_("Problem"), named("problem", "problem", "problem_written"), masked=True),
            Column(_("Goods or service"), itemgetter("goods"), masked=True),
            Column(_("Brand"), itemgetter("brand"), masked=True),
            Column(_("Narrative"), itemgetter("narrative"), masked=True, width=60),
            Column(_("Demand"), itemgetter("demand"), masked=True, width=30),
            Column(_("Claimed (CNY)"), itemgetter("claimed"), width=14),
            Column(_("Recovered (CNY)"), itemgetter("recovered"), width=14),
            Column(_("Differs from its source"), itemgetter("differs"), width=10),
        )


class PersonalExport(CaseExport):
    """The listed cases with names and telephone numbers of the parties, and the numbers inside the texts: for a
    reason that is posted, and stands in the access log before the first byte. Sealed reporters stay sealed, and what a
    report says may tell of them."""

    http_method_names = ["post"]
    export_permissions = ("cases.export_case", "cases.export_personal")
    export_name = "cases-personal"

    def post(self, request):
        return self.export(request.POST.get("format"))

    def logged(self, form):
        return {"fields": f"{form}, {EXPORTED_DATA}", "reason": check_access_reason(self.request.POST.get("reason", ""))}

    def get_queryset(self):
        parties = Party.objects.filter(case=OuterRef("pk"), sealed=False, personal__isnull=False).order_by("pk")
        return super().get_queryset().annotate(
            party_ids=ArraySubquery(parties.values("pk")), party_data=ArraySubquery(parties.values("personal"))
        )

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        return (
            *(column.unmasked(lambda row: row["kind"] == Kind.REPORT) for column in super().columns),
            Column(_("Names of the parties"), lambda row: _of_parties(row, "name"), width=20),
            Column(_("Telephone numbers of the parties"), lambda row: _of_parties(row, "phone"), width=20),
        )


def _of_parties(row: dict, name: str) -> str:
    """One datum of the parties of a row, in their order."""
    if "people" not in row:
        row["people"] = [_personal(*found) for found in zip(row["party_ids"], row["party_data"], strict=True)]
    return "; ".join(value for person in row["people"] if (value := person.get(name)))


def _personal(pk: int, personal) -> dict[str, str]:
    try:
        return decrypt(personal, context=personal_context(pk))
    except PersonalDataError:
        return {"name": gettext("(cannot be read)")}


class RecoveryRows(SelectedRows):
    """The postings that the address selects, in its order."""

    model = Recovery
    permission_required = "cases.view_case"
    filterset_class = RecoveryFilterSet
    selection_name = "postings"
    export_view = "cases:recoveries_export"
    sorts = {"posted": "posted_on", "amount": "amount"}
    default_sort = "-posted"


class RecoveryList(RecoveryRows, ListPage):
    table_class = RecoveryTable
    template_name = "cases/recoveries.html"
    fragment_template_name = "cases/_recoveries.html"

    def get_queryset(self):
        return (
            super().get_queryset()
            .select_related("case__merchant", "import_file", "actor")
            .defer(*(f"case__{name}" for name in HEAVY))
        )

    def fill(self, context):
        return super().fill(context) | {"totals": self.totals(context["page"].queryset)}

    @staticmethod
    def totals(postings) -> dict:
        """Sums of all postings that match, in yuan: together, and what counts as recovered loss."""
        return postings.select_related(None).defer(None).order_by().aggregate(
            rows=Count("pk"), loss=Sum("amount", filter=Q(kind__in=LOSS_KINDS)), amount=Sum("amount")
        )


class RecoveryExport(RecoveryRows, LoggedExport):
    export_name = "recoveries"
    export_title = _("Recoveries")
    list_url = reverse_lazy("cases:recoveries")

    def get_queryset(self):
        return super().get_queryset().values(
            "posted_on", "case__number", "case__external_number", "case__merchant__name", "case__merchant_written",
            "kind", "status", "means", "amount", "evidence", "import_file__name", "actor__last_name",
            "actor__first_name", "actor__username",
        )

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        return (
            Column(_("Date"), itemgetter("posted_on"), width=11),
            Column(_("Case number"), itemgetter("case__number")),
            Column(_("External number"), itemgetter("case__external_number"), width=24),
            Column(
                _("Merchant"), lambda row: row["case__merchant__name"] or row["case__merchant_written"], masked=True,
                width=32,
            ),
            Column(_("Kind"), label_of(RecoveryKind, "kind")),
            Column(_("Status"), label_of(RecoveryStatus, "status")),
            Column(pgettext_lazy("means of a recovery", "By"), label_of(RecoveryMeans, "means")),
            Column(_("Amount (CNY)"), itemgetter("amount"), width=14),
            Column(_("Evidence"), itemgetter("evidence"), masked=True, width=30),
            Column(_("Imported from"), itemgetter("import_file__name"), width=28),
            Column(_("Posted by"), self.actor),
        )

    @staticmethod
    def actor(row) -> str | None:
        """The name of who posted it here, as User.get_full_name writes it."""
        if row["actor__username"] is None:
            return None
        return f"{row['actor__last_name']}{row['actor__first_name']}".strip() or row["actor__username"]
