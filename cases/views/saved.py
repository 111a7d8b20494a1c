"""The filters that a user keeps for his lists, and the columns that he sees in them."""

from django.contrib import messages
from django.http import Http404, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.generic import TemplateView, View

from cases.desk import read_desk
from cases.domain import (
    choose_columns,
    delete_filter,
    rename_filter,
    reset_columns,
    save_filter,
    share_filter,
)
from cases.domain.lists import NAME_LENGTH, NameRefused, NameTaken
from cases.models import ListColumns, SavedFilter
from cases.views.lists import CaseList, understood
from cases.views.queue import WorkQueue
from core.exceptions import DomainError
from core.pagination import choose_sort
from core.views import ScopedMixin

LISTS = {page.list_name: page for page in (CaseList, WorkQueue)}


def list_page(request, name: str):
    """The list of that name as the user may open it; 404 for any other."""
    if name not in LISTS:
        raise Http404
    page = LISTS[name]()
    page.setup(request)
    if not page.has_permission():
        raise Http404
    return page


def to_keep(page, query: QueryDict, columns: str = "") -> dict[str, str]:
    """What a saved filter keeps of an address: filters of the list's form, its order, and columns. Raises DomainError
    where the form finds a value wrong, or where a figure has chosen the rows."""
    if "metric" in query:
        raise DomainError(_("The rows behind a figure cannot be saved as a filter. Take the figure away first."))
    form = page.filterset_class(query, queryset=page.model.objects.none(), request=page.request)
    if not form.is_valid():
        raise DomainError(_("A filter is wrong, and nothing was saved. Correct it first."))
    parameters = understood(page, form, choose_sort(page.sorts, query.get("sort"), page.default_sort))
    if "q" in parameters:  # as it was typed: what may be somebody's number is refused, not kept masked
        parameters["q"] = form.form.cleaned_data["q"]
    if columns:
        parameters["columns"] = ",".join(page.table_class.arranged(columns.split(",")))
    return parameters


def address(page, query: str) -> str:
    return f"{reverse(page.list_view)}?{query}" if query else reverse(page.list_view)


def ask_name(request, title: str, refused: NameRefused, *, back: str, label, given=None):
    """The name as it was typed, what is wrong with it, and all else that was `given`, to be sent again."""
    context = {
        "title": title, "refused": str(refused), "name": request.POST.get("name", ""), "name_length": NAME_LENGTH,
        "back": back, "label": label, "given": given,
    }  # fmt: skip
    return render(request, "cases/saved_name.html", context, status=422)


class SavedFilters(ScopedMixin, TemplateView):
    """One's own filters, to be renamed, shared and deleted, and those that others share."""

    model = SavedFilter
    permission_required = "cases.view_case"
    template_name = "cases/saved.html"

    def get_context_data(self, **kwargs):
        own, shared = [], []
        for saved in self.get_queryset().select_related("owner__agency").order_by("list", "name", "pk"):
            page = LISTS.get(saved.list)
            if page is not None:
                mine = saved.owner_id == self.request.user.pk
                (own if mine else shared).append((saved, page.list_label, address(page, saved.query)))
        return super().get_context_data(own=own, shared=shared, name_length=NAME_LENGTH, **kwargs)


class SaveFilter(ScopedMixin, View):
    """Keeps the filters of the list from which it is sent; a name that is taken is asked about first."""

    model = SavedFilter
    permission_required = "cases.view_case"
    http_method_names = ["post"]

    def post(self, request, name):
        page = list_page(request, name)
        given, replace = request.POST, "replace" in request.POST
        query = given.get("query", "")
        try:
            parameters = to_keep(page, QueryDict(query), given.get("columns", ""))
            saved = save_filter(
                actor=request.user, list=name, name=given.get("name", ""), parameters=parameters, replace=replace
            )
        except NameTaken as taken:
            context = {"page": page, "given": given, "taken": str(taken), "back": address(page, query)}
            return render(request, "cases/saved_replace.html", context)
        except NameRefused as refused:
            back = address(page, query)
            return ask_name(request, _("Save the filter"), refused, back=back, label=page.list_label, given=given)
        except DomainError as refused:
            messages.error(request, str(refused))
            return HttpResponseRedirect(address(page, query))
        messages.success(request, _("The filter “%(name)s” is saved.") % {"name": saved.name})
        return HttpResponseRedirect(address(page, saved.query))


class ChangeSaved(ScopedMixin, View):
    """One change to one's own filter."""

    model = SavedFilter
    permission_required = "cases.view_case"
    http_method_names = ["post"]

    def get_queryset(self):
        return super().get_queryset().filter(owner=self.request.user)

    def post(self, request, pk):
        saved = get_object_or_404(self.get_queryset(), pk=pk)
        try:
            messages.success(request, self.change(saved))
        except DomainError as refused:
            return self.refuse(refused)
        return HttpResponseRedirect(reverse("cases:saved"))

    def refuse(self, refused: DomainError):
        messages.error(self.request, str(refused))
        return HttpResponseRedirect(reverse("cases:saved"))


class RenameFilter(ChangeSaved):
    def change(self, saved):
        renamed = rename_filter(saved, actor=self.request.user, name=self.request.POST.get("name", ""))
        return _("The filter is now called “%(name)s”.") % {"name": renamed.name}

    def refuse(self, refused):
        if not isinstance(refused, NameRefused):
            return super().refuse(refused)
        back = reverse("cases:saved")
        return ask_name(self.request, _("Rename the filter"), refused, back=back, label=_("Saved filters"))


class ShareFilter(ChangeSaved):
    def change(self, saved):
        shared = "shared" in self.request.POST
        share_filter(saved, actor=self.request.user, shared=shared)
        if shared:
            return _("“%(name)s” is shared with your agency and those below it.") % {"name": saved.name}
        return _("“%(name)s” is yours alone again.") % {"name": saved.name}


class DeleteFilter(ChangeSaved):
    def change(self, saved):
        delete_filter(saved, actor=self.request.user)
        return _("The filter “%(name)s” is deleted.") % {"name": saved.name}


class Columns(ScopedMixin, TemplateView):
    """Which columns of a list one sees, and in which order. Its address carries the query of the list, so that the way
    back leads there."""

    model = ListColumns
    permission_required = "cases.view_case"
    template_name = "cases/columns.html"
    page = None

    def dispatch(self, request, *args, **kwargs):
        if self.has_permission():
            self.page = list_page(request, kwargs["name"])
            if not self.page.table_class.on_request:
                raise Http404
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs):
        table = self.page.table_class
        shown = table.arranged(read_desk(self.request.user, self.kwargs["name"]).columns)
        columns = table([], shown=(*shown, *(name for name in table._meta.fields if name not in shown))).columns
        rows = [(column.name, column.header, column.name in shown, column.name in table.fixed) for column in columns]
        return super().get_context_data(rows=rows, last=shown[-1], label=self.page.list_label, back=self.back, **kwargs)

    @property
    def back(self) -> str:
        """The list again; columns that its address named would hide those just chosen."""
        query = self.request.GET.copy()
        query.pop("columns", None)
        return address(self.page, query.urlencode())

    def post(self, request, name):
        if "reset" in request.POST:
            reset_columns(actor=request.user, list=name)
            return HttpResponseRedirect(self.back)
        table, given = self.page.table_class, request.POST
        wanted = {*given.getlist("column"), *table.fixed}
        shown = [column for column in table.arranged(given.getlist("order")) if column in wanted]
        moved = given.get("up") or given.get("down")
        if moved in shown:
            _move(shown, moved, -1 if "up" in given else 1)
        choose_columns(actor=request.user, list=name, columns=shown)
        return HttpResponseRedirect(f"{request.get_full_path()}#column-{moved}" if moved in shown else self.back)


def _move(names: list[str], name: str, step: int) -> None:
    """Move `name` one place up or down; at the end of the list it stays."""
    place = names.index(name)
    there = max(0, min(len(names) - 1, place + step))
    names.insert(there, names.pop(place))
