"""What pages about a case's files and documents share: a form that leads back to the case, a file to be saved."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.generic import FormView

from cases.models import Case
from cases.views.opened_from import opened_from
from core.exceptions import DomainError
from core.personal_data import PersonalDataError
from core.views import ScopedMixin


def file_response(content: bytes, *, name: str, content_type: str) -> HttpResponse:
    """A file to be saved: never shown as a page of the portal, whatever is in it."""
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def back_to(case: Case, panel: str, suffix: str = "") -> HttpResponseRedirect:
    """The panel of the case; `suffix` is the query of the list from which the case was opened."""
    return HttpResponseRedirect(f"{case.get_absolute_url()}{suffix}#{panel}")


class CaseFormPage(ScopedMixin, FormView):
    """A form about a case, or about something that belongs to one, on a page of its own; it leads back to the case."""

    template_name = "cases/paper_form.html"
    panel: str

    @cached_property
    def object(self):
        rows = self.get_queryset()
        if self.model is Case:
            return get_object_or_404(rows, number=self.kwargs["number"])
        return get_object_or_404(rows.select_related("case"), pk=self.kwargs["pk"], case__number=self.kwargs["number"])

    @property
    def case(self) -> Case:
        """Raises Http404 outside the user's scope."""
        return self.object if self.model is Case else self.object.case

    def dispatch(self, request, *args, **kwargs):
        if self.has_permission() and (refusal := self.why_not()):
            messages.error(request, refusal)
            return back_to(self.case, self.panel, self.of_list["list_suffix"])
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def of_list(self) -> dict:
        return opened_from(self.request)

    def why_not(self) -> str:
        """Why there is nothing to fill in, in words; raises Http404 where there is nothing at all."""
        return "" if self.case else _("There is no such case.")

    def form_valid(self, form):
        try:
            done = self.act(form)
        except DomainError as refused:
            form.add_error(None, str(refused))
            return self.form_invalid(form)
        except PersonalDataError:
            form.add_error(None, _("The stored data cannot be read: the key that encrypted it is not configured."))
            return self.form_invalid(form)
        messages.success(self.request, done)
        return back_to(self.case, self.panel, self.of_list["list_suffix"])

    def act(self, form) -> str:
        """Do it; what is said of it. Raises DomainError."""
        raise NotImplementedError

    def get_context_data(self, **kwargs):
        return super().get_context_data(case=self.case, panel=self.panel, **self.of_list, **self.texts(), **kwargs)

    def texts(self) -> dict[str, str]:
        """`heading`, `button`, and perhaps a `hint`."""
        raise NotImplementedError
