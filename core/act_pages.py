"""Pages of acts: a row of the admin leads to each act that can be done to it."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.forms import Form
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
        return self.act_page(
            request, obj, self.workflow[verb], why_not=partial(self.why_not, obj=obj, user=request.user),
            form_of=partial(self.act_form, request, verb, obj), act=partial(self.act, request, verb, obj),
        )  # fmt: skip

    def act_page(
        self, request, obj: Model, step: Transition, *, why_not: Callable[[Transition], str],
        form_of: Callable[..., Form], act: Callable[[Form], None],
    ):  # fmt: skip
        """The page of an act from a row of this admin, whatever it is an act on: `form_of(refused)` makes its form, with
        what it was refused for."""
        opts = self.opts
        if not request.user.has_perm(step.permission):
            raise PermissionDenied
        back = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[obj.pk])
        if reason := why_not(step):
            messages.error(request, reason)
            return HttpResponseRedirect(back)
        form = form_of()
        if request.method == "POST" and form.is_valid():
            try:
                act(form)
            except (DomainError, IntegrityError) as error:
                form = form_of(refusal(error))
                form.is_valid()
            else:
                messages.success(request, _("Recorded: %(act)s.") % {"act": step.label})
                return HttpResponseRedirect(back)
        context = self.admin_site.each_context(request) | {
            "title": step.label, "subtitle": str(obj), "opts": opts, "subject": obj, "form": form, "step": step,
            "back": back, "media": self.media + form.media,
        }  # fmt: skip
        return TemplateResponse(request, "core/act.html", context)


class BulkActPages:
    """Acts on many rows at once: an action of the list leads to the form of the act, and that to what came of each row.
    Each is an act of its own: what one is refused for keeps back no other. For admins that are ActPages, too.

    `many_forms`: of the verbs whose form for one row asks for what differs from row to row."""

    most_rows = 500
    many_forms: Mapping[str, type] = MappingProxyType({})

    def act_on_one_of_many(self, request, verb: str, obj: Model, form) -> None:
        raise NotImplementedError

    def get_actions(self, request):
        """One for each act that makes sense on many and that the reader may do."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        for step in self.workflow:
            if step.bulk and step.verb in self.act_forms and request.user.has_perm(step.permission):
                actions[str(step.verb)] = (_begin_many, str(step.verb), step.label)
        return actions

    def bulk_urls(self) -> list:
        name = f"{self.opts.app_label}_{self.opts.model_name}_many"
        return [path("many/<slug:verb>/", self.admin_site.admin_view(self.many_view), name=name)]

    def many_view(self, request, verb):
        """The form of the act for the chosen rows, then what came of each."""
        if verb not in self.act_forms or not self.workflow[verb].bulk:
            raise Http404
        step, opts = self.workflow[verb], self.opts
        if not self.has_view_permission(request) or not request.user.has_perm(step.permission):
            raise PermissionDenied
        back = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
        chosen = [int(key) for key in request.POST.getlist("chosen") if key.isascii() and key.isdigit()]
        found = self.get_queryset(request).select_related(*self.act_related).filter(pk__in=chosen)
        rows = list(found) if len(chosen) <= self.most_rows else []
        if request.method != "POST" or not rows:
            messages.error(request, _("Choose rows of the list first."))
            return HttpResponseRedirect(back)
        confirmed = "confirmed" in request.POST
        data = request.POST if confirmed else None
        forms = {**self.act_forms, **self.many_forms}
        form = forms[verb](data, subject=rows[0], user=request.user, initial={})
        outcomes = [self._one_of_many(request, verb, row, form) for row in rows] if confirmed and form.is_valid() else []
        context = self.admin_site.each_context(request) | {
            "title": step.label, "opts": opts, "rows": rows, "form": form, "step": step, "back": back,
            "outcomes": outcomes, "done": sum(not refused for _row, refused in outcomes),
            "media": self.media + form.media,
        }  # fmt: skip
        return TemplateResponse(request, "core/many.html", context)

    def _one_of_many(self, request, verb: str, obj: Model, form) -> tuple[Model, str]:
        """The row, and why nothing was done to it; "" where it was."""
        try:
            with transaction.atomic():
                self.act_on_one_of_many(request, verb, obj, form)
        except (DomainError, IntegrityError) as error:
            return obj, refusal(error)
        except PermissionDenied:
            return obj, _("You may not do this to it.")
        return obj, ""


def _begin_many(model_admin, request, queryset):
    """The page of the act, for the rows that were ticked."""
    keys = queryset.order_by().values_list("pk", flat=True)[: model_admin.most_rows + 1]
    if len(keys) > model_admin.most_rows:
        messages.error(request, _("At most %(n)d rows at once. Narrow the list.") % {"n": model_admin.most_rows})
        return None
    request.POST = request.POST.copy()
    request.POST.setlist("chosen", [str(key) for key in keys])
    return model_admin.many_view(request, request.POST["action"])
