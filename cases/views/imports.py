"""The import runs: what came in, what was not taken and why, and whether the totals agree."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.generic import DetailView, View

from accounts.client import client_ip
from accounts.domain import log_access
from accounts.enums import AccessAction
from cases.enums import RunState
from cases.filters import RunFilterSet
from cases.importers.engine import LOCK
from cases.importers.report import FINDINGS, finding_words, reject_rows
from cases.models import Case, ImportDifference, ImportReject, ImportRun
from cases.tables import RejectTable, RunTable, run_status
from cases.targets import import_target, import_targets, may_import
from core.exports import CSV_TYPE, csv_of, file_name
from core.pagination import SIZES, KeysetPaginator, Sort
from core.templatetags.portal import count, money
from core.text import mask_numbers
from core.views import FragmentMixin, ListPage, ScopedMixin
from registry.models import Region

DIFFERENCES = 50
REJECTS = Sort("line", "pk", descending=False)


def import_at_work() -> bool:
    """Whether an import process holds the lock that lets one work at a time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND (classid::bigint << 32) | objid::bigint = hashtext(%s)::bigint)",
            [LOCK],
        )
        return cursor.fetchone()[0]


class RunList(ListPage):
    model = ImportRun
    permission_required = "cases.view_importrun"
    filterset_class = RunFilterSet
    table_class = RunTable
    template_name = "imports/list.html"
    fragment_template_name = "imports/_results.html"
    sorts = {"started": "started_at", "run": "pk"}
    default_sort = "-started"

    def get_queryset(self):
        return super().get_queryset().select_related("user").prefetch_related("files")

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        unfinished = [run for run in context["page"].rows if run.state == RunState.RUNNING]
        context["table"].busy = busy = bool(unfinished) and import_at_work()
        never = not context["page"].rows and not context["chips"]
        return context | {"poll": busy, "never": never, "targets": import_targets() if never else []}


@dataclass(frozen=True)
class Total:
    """A control total in the file and in the database, ready to show."""

    label: str
    file: str
    database: str
    differs: bool


@dataclass(frozen=True)
class TotalGroup:
    title: str
    totals: list[Total]


def control_totals(run: ImportRun) -> list[TotalGroup]:
    """Rows, amounts, kinds and regions: in the file against in the database (once the run is completed)."""
    file, database = run.control.get("file", {}), run.control.get("database")
    regions = dict.fromkeys({*file.get("by_region", {}), *(database or {}).get("by_region", {})}, "")
    names = {region.code: region.label for region in Region.objects.filter(code__in=regions).order_by("valid_from")}
    target = import_target(run.target)
    amounts = {
        "claimed": _("Amount claimed"), "recovered": _("Recovered loss"),
        "multiple_damages": _("Multiple damages"), "moral_damages": _("Moral damages"), **target.amounts,
    }
    kinds = target.kinds
    groups = [
        TotalGroup(_("Rows and amounts"), [
            _total(_("Rows taken"), file.get("rows", 0), database and database.get("rows", 0), count),
            *(
                _total(amounts.get(name, name), Decimal(mine or 0), None if theirs is None else Decimal(theirs), money)
                for name, mine, theirs in _sides(file, database, "amounts")
            ),
        ]),
    ]
    for title, key, labels in ((_("By kind"), "by_kind", kinds), (_("By region"), "by_region", names)):
        totals = [
            _total(str(labels.get(name, name)) or _("(not recognised)"), mine or 0, theirs, count)
            for name, mine, theirs in _sides(file, database, key)
        ]
        if totals and not (len(totals) == 1 and totals[0].label == _("(not recognised)")):
            groups.append(TotalGroup(title, totals))
    return groups


def _sides(file: dict, database: dict | None, key: str) -> Iterator[tuple]:
    mine, theirs = file.get(key, {}), (database or {}).get(key, {})
    for name in sorted({*mine, *theirs}):
        yield name, mine.get(name), None if database is None else theirs.get(name, 0)


def _total(label, mine, theirs, shown) -> Total:
    return Total(
        str(label), shown(mine), "" if theirs is None else shown(theirs), theirs is not None and mine != theirs
    )


class RunPages(ScopedMixin):
    model = ImportRun
    permission_required = "cases.view_importrun"


class RunDetail(FragmentMixin, RunPages, DetailView):
    template_name = "imports/detail.html"
    context_object_name = "run"

    def get_queryset(self):
        return super().get_queryset().select_related("user", "agency").prefetch_related("files")

    def get_template_names(self):
        if not self.wants_fragment:
            return [self.template_name]
        parts = {"results": "imports/_rejects.html", "progress": "imports/_progress.html"}
        return [parts.get(self.request.htmx.target, "imports/_run.html")]

    @cached_property
    def busy(self) -> bool:
        return self.object.state == RunState.RUNNING and import_at_work()

    def get_context_data(self, **kwargs):
        run, parameters = self.object, self.request.GET
        rejects = ImportReject.objects.filter(file__in=run.files.all()).select_related("file").defer("raw")
        size = int(parameters["size"]) if parameters.get("size") in map(str, SIZES) else SIZES[0]
        page = KeysetPaginator(rejects, REJECTS, size).page(
            after=parameters.get("after"), before=parameters.get("before")
        )
        table = RejectTable(page.rows, request=self.request)
        table.keyset = page
        label, tone = run_status(run, self.busy)
        findings = list(run.findings.order_by("-count", "rule", "column", "value", "file")[: FINDINGS + 1])
        files = list(run.files.all())
        names = {file.pk: file.name for file in files}
        return super().get_context_data(
            files=files,
            rows_total=sum(file.rows_total for file in files),
            rows_done=sum(file.rows_done for file in files),
            status=label,
            tone=tone,
            target=(target := import_target(run.target)),
            may_take=may_import(self.request.user, target),
            busy=self.busy,
            groups=control_totals(run),
            page=page,
            table=table,
            sizes=SIZES,
            findings=[
                (finding, finding_words(finding.rule), mask_numbers(finding.value), names[finding.file_id])
                for finding in findings[:FINDINGS]
            ],
            more_findings=len(findings) > FINDINGS,
            findings_limit=FINDINGS,
            **self.differing(run),
            **kwargs,
        )

    def differing(self, run: ImportRun) -> dict:
        """Cases of the run on which the source and the work done here disagree, as far as the user sees them."""
        if not run.differing:
            return {"differing": [], "more_differing": False}
        cases = Case.objects.visible_to(self.request.user)
        rows = list(
            ImportDifference.objects.filter(file__in=run.files.all(), case__in=cases)
            .select_related("case", "file").defer("case__narrative", "case__demand")
            .order_by("pk")[: DIFFERENCES + 1]
        )
        return {"differing": rows[:DIFFERENCES], "more_differing": len(rows) > DIFFERENCES}


class RunRejects(RunPages, View):
    """The rejected rows as they stood in the file, for whoever may import such files: personal data, so it is logged
    before the first byte."""

    http_method_names = ["get"]

    def get(self, request, pk):
        run = get_object_or_404(self.get_queryset(), pk=pk)
        if not may_import(request.user, import_target(run.target)):
            raise PermissionDenied
        name = file_name(f"rejects-{run.pk}", "csv")
        log_access(
            user=request.user, action=AccessAction.EXPORT, target=f"imports/{run.pk}/rejects.csv", fields="rejected rows",
            ip=client_ip(request),
        )
        records = reject_rows(run)
        response = StreamingHttpResponse(csv_of(next(records), records), content_type=CSV_TYPE)
        response["Content-Disposition"] = content_disposition_header(True, name)
        return response
