"""The work queue: what is to be done now, the most urgent first."""

from django.db.models import Exists, F, Min, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce, Left, NullIf
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cases.choosing import choosing_bar
from cases.domain import bulk_steps
from cases.enums import SupervisionKind
from cases.filters import AGENCY, DUE, MINE, TO_DO, QueueFilterSet, due_window, of_desk, select_to_do, to_do
from cases.models import Case, Supervision
from cases.tables import QueueTable
from cases.views.lists import HEAVY, OPENING, RELATED, DeskMixin, LimitedRows, Tab, how_often
from core.language import is_chinese
from core.pagination import KeysetPaginator
from core.views import ListPage

PERMISSIONS = ("cases.handle_case", "cases.approve_case")  # either opens the queue
PAGE = "page"  # the count of the page's own rows, beside those of the tabs


class QueueRows(DeskMixin, LimitedRows, ListPage):
    """The cases of a desk that the address selects, in its order."""

    model = Case
    permission_required = PERMISSIONS
    filterset_class = QueueFilterSet
    table_class = QueueTable
    list_name, list_label, list_view = "queue", _("Work queue"), "cases:queue"
    sorts = {"due": ("due_on", "received_at"), "received": "received_at"}
    default_sort = "due"

    def has_permission(self):
        user = self.request.user
        return user.has_perm("cases.view_case") and any(map(user.has_perm, PERMISSIONS))

    def get_paginator(self, filterset, queryset, size):
        return KeysetPaginator(self.annotated(queryset.by_urgency()), self.sort, size, counted=queryset)

    def annotated(self, queryset):
        return queryset


class WorkQueue(QueueRows):
    template_name = "cases/queue.html"
    fragment_template_name = "cases/_queue.html"

    def get_filterset(self, queryset):
        filterset = super().get_filterset(queryset)
        filterset.calendar = self.desk.calendar
        return filterset

    def annotated(self, queryset):
        """What a row says of its case beside the case's own fields."""
        waiting = Supervision.objects.filter(case=OuterRef("pk"), replied_at=None).order_by().values("case")
        itself = Case.objects.filter(pk=OuterRef("pk"))
        return (
            queryset.select_related(*(RELATED[name] for name in self.shown if name in RELATED)).defer(*HEAVY)
            .annotate(
                opening=Left(Coalesce(NullIf("narrative", Value("")), "demand"), OPENING),
                urged=how_often(SupervisionKind.URGE),
                supervised=how_often(SupervisionKind.SUPERVISE),
                reply_due_on=Subquery(waiting.values(day=Min("reply_due_on"))),
                returned=Exists(itself.returned()),
                paused=Exists(itself.paused()),
                term=F("urgent__rule__name") if is_chinese() else Coalesce(
                    NullIf("urgent__rule__name_en", Value("")), "urgent__rule__name"
                ),
            )
        )

    def get_table(self, page):
        table = super().get_table(page)
        table.calendar = self.desk.calendar
        return table

    def fill(self, context):
        form = context["filter"]
        desk = form.desk_name if form.is_valid() else MINE
        context["table"].empty_text = empty_text(desk, form.data.get("todo", ""))
        tabs = self.tabs(desk, form.understood(), context["page"])
        context = super().fill(context)
        bar = choosing_bar(self.request, self.list_name, context["page"], context["table"])
        return context | tabs | {"bulk": bar, "has_bulk_acts": bool(bulk_steps(self.request.user))}

    def tabs(self, desk: str, understood: dict[str, str], page) -> dict:
        """The two desks, and the quick filters of the present one, counted in one query together with the page."""
        user, now = self.request.user, self.request.GET.get("todo", "")
        rows, calendar = Case.objects.visible_to(user), self.desk.calendar
        mine, todos = of_desk(rows, user, desk), to_do(user, desk)
        desks = {MINE: _("Mine"), AGENCY: _("My agency's")}
        parts = {name: of_desk(rows, user, name).open() for name in desks} | {
            todo: select_to_do(mine, todo, calendar=calendar) for todo in todos if todo not in DUE
        }
        several = page.previous or page.next
        # what is not narrowed further has as many rows as its tab says, where it has one
        own = PAGE if understood.keys() - {"desk", "todo"} or now not in ("", *todos) else now or desk
        if several and own == PAGE:
            parts[PAGE] = page.queryset
        windows = [due_window(due, calendar=calendar) for due in DUE]
        found = self.counts(list(parts.values()), mine.due_counts(*windows), more=len(windows))
        counts = dict(zip((*parts, *DUE), found, strict=True))
        if several and counts[own] is not None:
            page.count = counts[own]
        path = reverse(self.list_view)
        return {
            "desks": [
                Tab.counted(str(label), f"{path}?desk={name}", counts[name], name == desk)
                for name, label in desks.items()
            ],
            "tabs": [
                Tab.counted(
                    str(TO_DO[todo]), f"{path}?{urlencode({'desk': desk} | ({} if todo == now else {'todo': todo}))}",
                    counts[todo], todo == now,
                )
                for todo in todos
            ],
        }


def empty_text(desk: str, todo: str) -> str:
    """What to do where nothing is to be done."""
    if todo:
        return gettext("Nothing of this kind is to be done. Take the filter away to see the rest.")
    if desk == MINE:
        return gettext(
            "No open case is assigned to you. Cases that nobody has taken yet stand under “My agency's”, “Unassigned”."
        )
    return gettext("Your agency has no open case. Closed ones are in the list of cases.")
