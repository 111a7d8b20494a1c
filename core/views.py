"""Views that keep to the user's rows, and the list page: FilterSet, Table and a few lines.

A list page works without JavaScript, and its URL is its whole state. htmx gets the results alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model, QuerySet
from django.http import Http404, HttpResponseRedirect
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from core import exports
from core.exceptions import DomainError
from core.filters import FilterSet
from core.pagination import SIZES, KeysetPaginator, Sort, choose_sort
from core.tables import Table
from core.timeouts import QueryTooSlow, time_limit


def visible(model: type[Model], user) -> QuerySet:
    """The rows of `model` that `user` may see. A model without row scope is a mistake, not an open table."""
    queryset = model._default_manager.all()
    if not hasattr(queryset, "visible_to"):
        raise ImproperlyConfigured(f"{model.__name__}.objects has no visible_to(user)")
    return queryset.visible_to(user)


class ScopedMixin(PermissionRequiredMixin):
    """The page by permission (403 without), its rows by scope (404 outside)."""

    raise_exception = True
    model: type[Model] | None = None

    def get_queryset(self) -> QuerySet:
        if self.model is None:
            raise ImproperlyConfigured(f"{type(self).__name__} must set model")
        return visible(self.model, self.request.user)


class FragmentMixin:
    """A page of which htmx gets a part alone, `fragment_template_name`."""

    fragment_template_name: str

    @property
    def wants_fragment(self) -> bool:
        htmx = self.request.htmx
        return bool(htmx) and not htmx.boosted and not htmx.history_restore_request

    def get_template_names(self) -> list[str]:
        return [self.fragment_template_name if self.wants_fragment else self.template_name]

    def render_to_response(self, context, **response_kwargs):
        response = super().render_to_response(context, **response_kwargs)
        patch_vary_headers(response, ["HX-Request", "HX-Boosted", "HX-History-Restore-Request"])
        return response


class ListPage(FragmentMixin, ScopedMixin, TemplateView):
    """A list. `sorts` maps column names to the field paths they sort by (a tuple: the path, and those that break its
    ties); `default_sort` is "name" or "-name".

    Context: `filter`, `table`, `page` (core.pagination.Page), `chips`.
    """

    filterset_class: type[FilterSet]
    table_class: type[Table]
    sorts: Mapping[str, str | tuple[str, ...]]
    default_sort: str
    paginator_class = KeysetPaginator
    default_size = SIZES[0]

    def get_filterset(self, queryset: QuerySet) -> FilterSet:
        return self.filterset_class(self.request.GET, queryset=queryset, request=self.request)

    def filtered(self) -> tuple[FilterSet, QuerySet]:
        """The filter form and the rows it selects; none while a value in it is wrong."""
        filterset = self.get_filterset(self.get_queryset())
        return filterset, filterset.qs if filterset.is_valid() else filterset.queryset.none()

    def get_paginator(self, filterset: FilterSet, queryset: QuerySet, size: int) -> KeysetPaginator:
        """The pages of the rows that are selected, in the order that the address names."""
        return self.paginator_class(queryset, self.sort, size)

    @property
    def sort(self) -> Sort:
        return choose_sort(self.sorts, self.request.GET.get("sort"), self.default_sort)

    def get_table(self, page) -> Table:
        table = self.table_class(page.rows, request=self.request)
        table.keyset, table.sorts = page, self.sorts
        return table

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        parameters = self.request.GET
        filterset, queryset = self.filtered()
        size = parameters.get("size", "")
        size = int(size) if size in map(str, SIZES) else self.default_size
        page = self.get_paginator(filterset, queryset, size).page(
            after=parameters.get("after"), before=parameters.get("before")
        )
        return super().get_context_data(
            filter=filterset,
            table=self.get_table(page),
            page=page,
            chips=filterset.chips(),
            sizes=SIZES,
            **kwargs,
        )


class ExportPage(ListPage):
    """The same rows in the same order as a file: `?format=csv` or `xlsx` beside the list's own parameters.

    Where the list cannot be exported (a wrong filter, too many rows for a sheet, a search that takes too long) the
    way leads back to the list, which says why. `columns` are core.exports.Column; `list_url` is the list's address;
    `xlsx_rows` is how many rows a workbook may have here; `seconds` is how long each query may take until the first
    row is found.
    """

    columns: Sequence[exports.Column]
    export_name: str
    export_title: Any
    list_url: Any
    xlsx_rows = exports.XLSX_MAX_ROWS
    seconds = 8.0

    def get(self, request, *args, **kwargs):
        return self.export(request.GET.get("format"))

    def export(self, form: str | None):
        """The file, "csv" or "xlsx"."""
        if form not in ("csv", "xlsx"):
            raise Http404
        try:
            with time_limit(self.seconds):
                filterset, queryset = self.filtered()
                if not filterset.is_valid():
                    return self.back()
                sort = self.sort
                ordered = KeysetPaginator(queryset, sort).ordered()
                if form == "xlsx":
                    exports.check_fits(ordered, self.xlsx_rows)
                else:
                    list(ordered.values("pk")[:1])
            self.before_export(form, filterset, sort)
        except DomainError as refused:
            messages.error(self.request, str(refused))
            return self.back()
        except QueryTooSlow:
            messages.error(
                self.request,
                _("The export was stopped: finding its rows took more than %(n)d seconds. Narrow the list.")
                % {"n": self.seconds},
            )
            return self.back()
        return exports.respond(
            ordered, self.columns, form=form, name=self.export_name, title=str(self.export_title)
        )

    def before_export(self, form: str, filterset: FilterSet, sort: Sort) -> None:
        """Called before the first byte; where a list holds personal data, log the export here. Raises DomainError
        where it must not go out."""

    def back(self) -> HttpResponseRedirect:
        parameters = self.request.GET.copy()
        parameters.pop("format", None)
        return HttpResponseRedirect(f"{self.list_url}?{parameters.urlencode()}")
