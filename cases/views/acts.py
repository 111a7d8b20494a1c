"""The page of one act on one case: what it asks for, and what became of it."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View
from django_htmx.http import HttpResponseClientRedirect

from cases.casefile import hides_numbers
from cases.domain import WORKFLOWS, perform
from cases.enums import Kind, Verb
from cases.forms import act_form
from cases.forms.acts import CORRECTED
from cases.models import Case
from cases.views.opened_from import opened_from
from core.exceptions import DomainError
from core.text import mask_numbers
from core.views import ScopedMixin
from core.workflow import Transition, last_event_id

# why an act is asked twice about, or what one should know before it
ADVICE = {
    Verb.SPLIT: gettext_lazy(
        "The report goes to the same agency with the reporter sealed. Mind that the complaint, which the merchant is "
        "told of, may show who has reported."
    ),
}


class ActPage(ScopedMixin, View):
    """GET asks, POST does. htmx gets the form alone, and is sent back to the case once it is done."""

    model = Case
    permission_required = "cases.view_case"

    @cached_property
    def case(self) -> Case:
        rows = self.get_queryset().select_related("custodian", "handling", "merchant")
        return get_object_or_404(rows, number=self.kwargs["number"])

    @cached_property
    def step(self) -> Transition:
        workflow, verb = WORKFLOWS[self.case.kind], self.kwargs["verb"]
        if verb not in workflow:
            raise Http404
        if not self.request.user.has_perm(workflow[verb].permission):
            raise PermissionDenied
        return workflow[verb]

    def get(self, request, number, verb):
        if reason := self.step.why_not(self.case, request.user):
            return self.back(messages.WARNING, reason)
        return self.show(self.form())

    def post(self, request, number, verb):
        form = self.form(request.POST)
        if not form.is_valid():
            return self.show(form, status=422)
        try:
            event = perform(
                self.case, self.step.verb, actor=request.user, seen=form.cleaned_data["seen"], **form.act_data()
            )
        except DomainError as refused:
            form.add_error(None, str(refused))
            return self.show(form, status=409)
        return self.back(messages.SUCCESS, self.done(event))

    def form(self, data=None):
        initial = {"seen": last_event_id(self.case)}
        if self.step.verb == Verb.CORRECT:
            initial |= {name: self._shown(getattr(self.case, name)) for name in CORRECTED}
        if self.step.verb == Verb.SPLIT:
            initial["text"] = self._shown(self.case.narrative)
        return act_form(self.step, user=self.request.user, case=self.case, data=data, initial=initial)

    def show(self, form, status=200):
        context = {
            "case": self.case, "step": self.step, "form": form, **opened_from(self.request),
            "advice": ADVICE.get(self.step.verb) if self.case.kind == Kind.COMPLAINT else None,
        }  # fmt: skip
        template = "cases/_act.html" if self.request.htmx else "cases/act.html"
        return render(self.request, template, context, status=status)

    def _shown(self, value):
        """A value that a field begins with. A text whose numbers are masked for the reader is left out, or the mask
        would be stored: what stays empty stays as it is."""
        hidden = isinstance(value, str) and hides_numbers(self.case, self.request.user)
        return "" if hidden and mask_numbers(value) != value else value

    def back(self, level: int, text: str):
        messages.add_message(self.request, level, text)
        # a case that went back up is out of sight
        seen, of_list = self.get_queryset().filter(pk=self.case.pk).exists(), opened_from(self.request)
        address = f"{self.case.get_absolute_url()}{of_list['list_suffix']}" if seen else of_list["back"]
        return HttpResponseClientRedirect(address) if self.request.htmx else HttpResponseRedirect(address)

    @staticmethod
    def done(event) -> str:
        text = _("Done: %(act)s.") % {"act": event.label}
        if event.verb == Verb.SPLIT:
            text += " " + _("The other half is case %(number)s.") % {"number": event.data["number"]}
        return text
