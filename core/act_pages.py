"""Pages of acts: a row of the admin leads to each act that can be done to it."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.db.models import Model
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _

from core.exceptions import DomainError
from core.refusals import refusal
from core.workflow import Transition, Workflow, last_event_id


class ActPages:
    """`act_forms` are the forms of the verbs that have a page; `act` does one. What the domain refuses, or someone else
    was quicker with, stands above the form with all that was entered."""

    workflow: Workflow
    act_forms: dict[str, type]
    act_related: tuple[str, ...] = ()

    def act_form(self, request, verb: str, obj: Model, refused: str = ""):
        data = request.POST if request.method == "POST" else None
        initial = {"seen": last_event_id(obj)}
        return self.act_forms[verb](data, subject=obj, user=request.user, refusal=refused, initial=initial)

    def act(self, request, verb: str, obj: Model, form) -> None:
        raise NotImplementedError

    def why_not(self, step: Transition, obj: Model, user) -> str:
        """Why the act has no page now, in words; empty where it has."""
        return step.why_not(obj, user)

    def act_urls(self) -> list:
        opts = self.opts
        name = f"{opts.app_label}_{opts.model_name}_act"
        return [path("<int:pk>/act/<slug:verb>/", self.admin_site.admin_view(self.act_view), name=name)]

    def act_view(self, request, pk, verb):
        """One act on a row: its form, and what came of it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        obj = self.get_queryset(request).select_related(*self.act_related).filter(pk=pk).first()
        if obj is None or verb not in self.act_forms:
            raise Http404
        step, opts = self.workflow[verb], self.opts
        if not request.user.has_perm(step.permission):
            raise PermissionDenied
        back = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[pk])
        if reason := self.why_not(step, obj, request.user):
            messages.error(request, reason)
            return HttpResponseRedirect(back)
        form = self.act_form(request, verb, obj)
        if request.method == "POST" and form.is_valid():
            try:
                self.act(request, verb, obj, form)
            except (DomainError, IntegrityError) as error:
                form = self.act_form(request, verb, obj, refusal(error))
                form.is_valid()
            else:
                messages.success(request, _("Recorded: %(act)s.") % {"act": step.label})
                return HttpResponseRedirect(back)
        context = self.admin_site.each_context(request) | {
            "title": step.label, "subtitle": str(obj), "opts": opts, "subject": obj, "form": form, "step": step,
            "back": back, "media": self.media + form.media,
        }  # fmt: skip
        return TemplateResponse(request, "core/act.html", context)
