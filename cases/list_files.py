"""Lists of the administration as files."""

from collections.abc import Callable, Sequence

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG, IGNORED_PARAMS, ORDER_VAR, PAGE_VAR, SEARCH_VAR
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from cases.views.lists import SEARCH_SECONDS, XLSX_ROWS, log_list
from core import exports
from core.exceptions import DomainError
from core.timeouts import QueryTooSlow, time_limit

NO_FILTERS = {*IGNORED_PARAMS, ERROR_FLAG, PAGE_VAR} - {ORDER_VAR, SEARCH_VAR}


def field_column(model: type[Model], name: str, value: str | Callable = "", **options) -> exports.Column:
    """The column of a field, under the field's name."""
    return exports.Column(capfirst(model._meta.get_field(name).verbose_name), value or name, **options)


class ListFile:
    """The rows that the address selects, in its order, as a file at the same address with `format`, csv or xlsx; in the
    access log before its first byte. `export_related`: what the columns read beside what the list does."""

    export_name: str
    export_permission: str
    export_columns: Sequence[exports.Column]
    export_related: tuple[str, ...] = ()
    change_list_template = "admin/exported_list.html"

    def changelist_view(self, request, extra_context=None):
        if "format" not in request.GET:
            exported = {"exported": request.user.has_perm(self.export_permission)}
            return super().changelist_view(request, exported | (extra_context or {}))
        if not (self.has_view_permission(request) and request.user.has_perm(self.export_permission)):
            raise PermissionDenied
        request.GET = request.GET.copy()
        form = request.GET.pop("format")[-1]
        if form not in ("csv", "xlsx"):
            raise Http404
        try:
            return self._file(request, form)
        except DomainError as refused:
            messages.error(request, str(refused))
        except QueryTooSlow:
            message = _("The export was stopped: finding its rows took more than %(n)d seconds. Narrow the list.")
            messages.error(request, message % {"n": SEARCH_SECONDS})
        except IncorrectLookupParameters:
            pass  # the list says so
        return HttpResponseRedirect(f"{request.path}?{request.GET.urlencode()}")

    def _file(self, request, form: str) -> HttpResponseBase:
        with time_limit(SEARCH_SECONDS):
            rows = self.get_changelist_instance(request).queryset
            if self.export_related:  # of none, all would be read
                rows = rows.select_related(*self.export_related)
            if form == "xlsx":
                exports.check_fits(rows, XLSX_ROWS)
            else:
                list(rows.values("pk")[:1])
        given = {name: value for name, value in request.GET.items() if value and name not in NO_FILTERS}
        log_list(request, self.export_name, given, fields=form)
        title = str(self.opts.verbose_name_plural)
        return exports.respond(rows, self.export_columns, form=form, name=self.export_name, title=title)
