"""One act on many cases: chosen in a list, confirmed, and what became of each."""

import copy
from typing import NamedTuple

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Exists, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import View

from accounts.models import User
from cases.domain import bulk_steps, cancel_bulk, confirm_bulk, prepare_bulk, run_bulk_acts
from cases.domain.bulk import AT_ONCE, MAX_CASES, act_step, check_size, given_data, outlook, step_label
from cases.enums import BulkOrigin, BulkOutcome, BulkState, Verb
from cases.filters import BulkFilterSet, BulkRowFilterSet
from cases.forms import act_form
from cases.models import BulkAct, BulkRow, Case
from cases.tables import BULK_TONES, BulkRowTable, BulkTable, as_written
from cases.views.lists import SEARCH_SECONDS, CaseRows, LoggedExport, Tab, label_of, understood
from cases.views.queue import QueueRows
from core.exceptions import DomainError
from core.exports import Column
from core.pagination import KEY, SIZES, KeysetPaginator, choose_sort
from core.templatetags.portal import UNKNOWN
from core.text import mask_numbers
from core.timeouts import QueryTooSlow, time_limit
from core.views import ListPage, ScopedMixin

FIRST_ROWS = 10  # shown before it is confirmed
AGAIN = "bulk"  # in place of a list: rows of an earlier bulk act


class ListedCases(CaseRows, ListPage):
    """The case list, read for the ids of its rows."""


class ListedQueue(QueueRows):
    """The work queue, read for the ids of its rows."""

    def filtered(self):
        # its order is that of a term, which the rows have as listed only
        filterset, rows = super().filtered()
        return filterset, rows.by_urgency()


class ListOfCases(NamedTuple):
    """A list from which cases are chosen: its address, and the page that reads its rows."""

    view: str
    page: type[ListPage]


LISTS = {
    "cases": ListOfCases("cases:list", ListedCases),
    "queue": ListOfCases("cases:queue", ListedQueue),
}


class BulkPages(ScopedMixin):
    model = BulkAct
    permission_required = "cases.view_case"

    @cached_property
    def act(self) -> BulkAct:
        # the act only exists for its actor, who is at hand with his agency and permissions
        act = get_object_or_404(BulkAct.objects.visible_to(self.request.user), pk=self.kwargs["pk"])
        act.actor = self.request.user
        return act


def list_address(name: str, query: str) -> str:
    """Where the cases were chosen."""
    if name == AGAIN:
        return reverse("cases:bulk", args=[query])
    path = reverse(LISTS[name].view)
    return f"{path}?{query}" if query else path


# ---- choosing


class StartBulk(BulkPages, View):
    """Fixes the chosen rows of a list, or all that match its filters, and leads on to be confirmed."""

    http_method_names = ["post"]

    def post(self, request):
        given = request.POST
        name, query = given.get("list", ""), given.get("query", "")
        if name not in LISTS:
            raise Http404
        try:
            act = self.prepare(name, query)
        except DomainError as refused:
            messages.error(request, str(refused))
            return HttpResponseRedirect(list_address(name, query))
        return HttpResponseRedirect(reverse("cases:bulk_confirm", args=[act.pk]))

    def prepare(self, name: str, query: str) -> BulkAct:
        given = self.request.POST
        verb = chosen_verb(given, self.request.user)
        listed = ListedIn(name, query, self.request)
        if given.get("all"):
            return prepare_bulk(
                actor=self.request.user, verb=verb, case_ids=listed.ids(), origin=BulkOrigin.FILTER, list=name,
                query=listed.understood(),
            )  # fmt: skip
        chosen = set(given.getlist("case"))
        ids = [int(text) for text in given.getlist("case") if KEY.fullmatch(text)]  # all else is no row
        check_size(len(chosen))
        return prepare_bulk(
            actor=self.request.user, verb=verb, case_ids=ids, chosen=len(chosen), list=name, query=listed.understood()
        )


def chosen_verb(given, user) -> str:
    """The act that was asked for. Raises DomainError for none, PermissionDenied for one that is not his."""
    verb = given.get("verb", "")
    if not verb:
        raise DomainError(_("Choose what is to be done with the cases."))
    if verb not in bulk_steps(user):
        raise PermissionDenied
    return verb


class ListedIn:
    """The rows of a list under a query, as the one who asks sees them."""

    def __init__(self, name: str, query: str, request):
        self.page = LISTS[name].page()
        asked = copy.copy(request)
        asked.GET = QueryDict(query)
        self.page.setup(asked)
        if not self.page.has_permission():
            raise PermissionDenied
        self.sort = choose_sort(self.page.sorts, asked.GET.get("sort"), self.page.default_sort)

    def ids(self) -> list[int]:
        """The ids in the list's order, one more than a bulk act takes at the most."""
        try:
            with time_limit(SEARCH_SECONDS):
                filterset, rows = self.page.filtered()
                if not filterset.is_valid():
                    raise DomainError(_("A filter is wrong, and nothing was chosen. Correct it first."))
                ordered = KeysetPaginator(rows, self.sort).ordered()
                return list(ordered.values_list("pk", flat=True)[: MAX_CASES + 1])
        except QueryTooSlow:
            raise DomainError(
                _("Finding the cases took more than %(n)d seconds, and nothing was chosen. Narrow the list.")
                % {"n": SEARCH_SECONDS}
            ) from None

    def understood(self) -> str:
        """The query as the list understood it; empty where it did not."""
        filterset = self.page.get_filterset(self.page.model._default_manager.none())
        return urlencode(understood(self.page, filterset, self.sort))


# ---- confirming


class ConfirmBulk(BulkPages, View):
    """Asks once for what the act needs, and says what would become of the cases."""

    def get(self, request, pk):
        if self.act.state != BulkState.PREPARED:
            return HttpResponseRedirect(self.act.get_absolute_url())
        return self.show(self.form())

    def post(self, request, pk):
        if self.act.state != BulkState.PREPARED:
            return HttpResponseRedirect(self.act.get_absolute_url())
        form = self.form(request.POST)
        if form is None or not form.is_valid():
            return self.show(form, status=422)
        confirmed = confirm_bulk(self.act, actor=request.user, data=form.act_data())
        if confirmed and self.act.total <= AT_ONCE:
            run_bulk_acts(AT_ONCE, only=self.act)
        return HttpResponseRedirect(self.act.get_absolute_url())

    @cached_property
    def step(self):
        if self.act.verb not in bulk_steps(self.request.user):
            raise PermissionDenied
        return act_step(self.act)

    def form(self, data=None):
        """The form of the act, with the grounds that one of the cases may have; None where no kind has the act."""
        if self.step is None:
            return None
        form = act_form(self.step, user=self.request.user, data=data)
        if ground := form.fields.get("ground"):
            regimes = Case.objects.filter(bulk_rows__act=self.act).order_by().values_list("regime", flat=True).distinct()
            ground.queryset = ground.queryset.under_any(regimes)
        return form

    def show(self, form, status=200):
        found = outlook(self.act, actor=self.request.user, first=FIRST_ROWS)
        rows = [
            (row, case, case and as_written(case.merchant, case.merchant_written), reason)
            for row, case, reason in found.first
        ]
        context = {
            "act": self.act, "label": step_label(self.act.verb), "step": self.step, "form": form, "outlook": found,
            "rows": rows, "unable": self.act.total - found.able, "at_once": self.act.total <= AT_ONCE,
            "back_url": list_address(self.act.list, self.act.query), "taken_back": taken_back(self.act.verb),
        }  # fmt: skip
        return render(self.request, "cases/bulk/confirm.html", context, status=status)


TAKEN_BACK = {
    Verb.TAKE: gettext_lazy("A bulk act is not taken back as a whole. The cases can be assigned anew."),
    Verb.ASSIGN: gettext_lazy(
        "A bulk act is not taken back as a whole. Choose the cases again and assign them to someone else."
    ),
    Verb.DISPATCH: gettext_lazy(
        "A bulk act is not taken back as a whole. Choose the cases again and dispatch them to another agency."
    ),
}


def taken_back(verb: str) -> str:
    """What can be done about a bulk act that should not have been."""
    return str(
        TAKEN_BACK.get(
            verb,
            gettext_lazy("A bulk act is not taken back. What can be reopened is reopened case by case, with approval."),
        )
    )


# ---- what became of it


class BulkRows(BulkPages):
    """The cases of one bulk act."""

    model = BulkRow
    filterset_class = BulkRowFilterSet
    sorts = {"position": "position"}
    default_sort = "position"
    default_size = SIZES[-1]

    def get_queryset(self):
        return super().get_queryset().filter(act=self.act)


def given_in_words(act: BulkAct, user) -> list[tuple[str, str]]:
    """What the act is given, as its form calls it."""
    given = given_data(act)
    step = act_step(act) if given else None
    fields = act_form(step, user=user).fields if step else {}
    return [
        (str(fields[name].label) if name in fields else name, in_words(value, fields.get(name)))
        for name, value in given.items()
    ]


def in_words(value, field=None) -> str:
    if value is None or value == "":
        return UNKNOWN
    if isinstance(value, User):
        return value.get_full_name()
    if isinstance(value, str) and field is not None and not hasattr(field, "queryset"):
        value = dict(getattr(field, "choices", ())).get(value, value)
    return mask_numbers(str(value))


class BulkDetail(BulkRows, ListPage):
    table_class = BulkRowTable
    template_name = "cases/bulk/detail.html"

    def get(self, request, *args, **kwargs):
        if self.act.state == BulkState.PREPARED:
            return HttpResponseRedirect(reverse("cases:bulk_confirm", args=[self.act.pk]))
        return super().get(request, *args, **kwargs)

    def get_template_names(self):
        if not self.wants_fragment:
            return [self.template_name]
        parts = {"results": "cases/bulk/_rows.html", "progress": "cases/bulk/_progress.html"}
        return [parts.get(self.request.htmx.target, "cases/bulk/_run.html")]

    def get_queryset(self):
        seen = Case.objects.visible_to(self.request.user).filter(pk=OuterRef("case"))
        return (
            super().get_queryset().annotate(in_sight=Exists(seen)).select_related("case", "event")
            .only("position", "outcome", "message", "act_id", "case__number", "case__kind", "event__at")
        )

    def get_table(self, page):
        table = super().get_table(page)
        table.sorts = {}  # there is no other order
        return table

    def get_context_data(self, **kwargs):
        act = self.act
        counted = dict(act.rows.order_by().values_list("outcome").annotate(Count("pk")))
        counts = [(outcome, counted.get(outcome, 0)) for outcome in BulkOutcome]
        return super().get_context_data(**kwargs) | {
            "act": act,
            "label": step_label(act.verb),
            "given": given_in_words(act, self.request.user),
            "chips": [],
            "counts": counts,
            "settled": act.total - counted.get(BulkOutcome.PENDING, 0),
            "tone": BULK_TONES[act.state],
            "tabs": self.tabs(counts),
            "steps": [] if act.is_live else list(bulk_steps(self.request.user).values()),
            "again": [(outcome, n) for outcome, n in counts if n and outcome != BulkOutcome.PENDING],
            "back_url": list_address(act.list, act.query),
            "taken_back": taken_back(act.verb),
            "export_url": reverse("cases:bulk_export", args=[act.pk])
            if self.request.user.has_perm("cases.export_case")
            else "",
        }

    def tabs(self, counts) -> list[Tab]:
        path, now = self.act.get_absolute_url(), self.request.GET.get("outcome", "")
        tabs = [Tab(_("All"), path, self.act.total, False, not now)]
        return tabs + [
            Tab(str(outcome.label), f"{path}?outcome={outcome}", n, False, now == outcome) for outcome, n in counts if n
        ]


class BulkExport(BulkRows, LoggedExport):
    """What became of the cases, as a file."""

    export_title = gettext_lazy("Outcome of a bulk act")
    selection = None

    @property
    def export_name(self) -> str:
        return f"bulk-{self.act.pk}"

    @property
    def list_url(self) -> str:
        return self.act.get_absolute_url()

    def get_queryset(self):
        return super().get_queryset().values("position", "case__number", "outcome", "message", "event__at")

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        return (
            Column(_("Position"), lambda row: row["position"], width=10),
            Column(_("Case number"), lambda row: row["case__number"]),
            Column(_("Act"), lambda row: step_label(self.act.verb)),
            Column(_("Outcome"), label_of(BulkOutcome, "outcome"), width=12),
            Column(_("Message"), lambda row: row["message"], masked=True, width=60),
            Column(_("Time"), lambda row: row["event__at"], width=19),
        )


class CancelBulk(BulkPages, View):
    http_method_names = ["post"]

    def post(self, request, pk):
        left = cancel_bulk(self.act, actor=request.user)
        if left:
            messages.success(
                request,
                ngettext("Stopped; %(n)d case is left as it was.", "Stopped; %(n)d cases are left as they were.", left)
                % {"n": left},
            )
        else:
            messages.warning(request, _("There was nothing left to stop."))
        return HttpResponseRedirect(self.act.get_absolute_url())


class ChooseAgain(BulkPages, View):
    """The cases of one outcome, chosen for another act."""

    http_method_names = ["post"]

    def post(self, request, pk):
        given, act = request.POST, self.act
        if given.get("outcome", "") not in BulkOutcome.values or act.state == BulkState.PREPARED:
            raise Http404
        ids = list(act.rows.filter(outcome=given["outcome"]).order_by("position").values_list("case", flat=True))
        try:
            chosen = prepare_bulk(
                actor=request.user, verb=chosen_verb(given, request.user), case_ids=ids, list=AGAIN, query=str(act.pk)
            )
        except DomainError as refused:
            messages.error(request, str(refused))
            return HttpResponseRedirect(act.get_absolute_url())
        return HttpResponseRedirect(reverse("cases:bulk_confirm", args=[chosen.pk]))


class BulkList(BulkPages, ListPage):
    filterset_class = BulkFilterSet
    table_class = BulkTable
    template_name = "cases/bulk/list.html"
    fragment_template_name = "cases/bulk/_results.html"
    sorts = {"number": "pk"}
    default_sort = "-number"

    def get_queryset(self):
        return (
            super().get_queryset().exclude(state=BulkState.PREPARED)
            .annotate(**{outcome.value: _rows(outcome) for outcome in BulkTable.counted})
        )  # fmt: skip

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        return context | {"poll": any(act.is_live for act in context["page"].rows)}


def _rows(outcome: str) -> Coalesce:
    rows = BulkRow.objects.filter(act=OuterRef("pk"), outcome=outcome).order_by().values("act")
    return Coalesce(Subquery(rows.values(n=Count("pk"))), 0)
