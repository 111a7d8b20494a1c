"""What the portal's pages show of pledges."""

import datetime as dt

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views import View

from cases.models import Case
from cases.tables import STATE_TONES
from cases.views.opened_from import opened_from
from core.exceptions import DomainError
from core.views import ScopedMixin
from core.workflow import last_event_id
from pledges.domain import BREACH, act_on_breach
from pledges.domain.evidence import earlier, exhibits
from pledges.enums import BreachVerb
from pledges.forms.acts import ReasonForm
from pledges.models import Breach, Pledge

# whoever has the case decides whether the promise was broken; what follows is done by the keepers of the pledge
DECISIONS = (BreachVerb.CONFIRM, BreachVerb.DISMISS, BreachVerb.REOPEN)
SHOWN = 20


class OfCase(ScopedMixin):
    """Whoever sees the case, and breaches at all."""

    model = Case
    permission_required = ("cases.view_case", "pledges.view_breach")

    @cached_property
    def case(self) -> Case:
        rows = self.get_queryset().select_related("merchant", "region", "problem", "category")
        return get_object_or_404(rows, number=self.kwargs["number"])

    def context(self) -> dict:
        return {
            "case": self.case, "tone": STATE_TONES.get(self.case.state, "grey"), **opened_from(self.request),
        }  # fmt: skip


class CasePledges(OfCase, View):
    """What the merchant had promised in public on the day of the dispute, or of the receipt, and which of it the case
    stands against: a page, and without its frame what the page of the case loads."""

    def get(self, request, number):
        user, day = request.user, day_of(self.case)
        pledges = Pledge.objects.none()
        if self.case.merchant_id:
            pledges = Pledge.objects.standing_on(day).filter(premises__merchant=self.case.merchant_id)
        binding = set(pledges.in_force_on(day).values_list("pk", flat=True)) if self.case.merchant_id else set()
        shown = pledges.select_related("type", "premises__region").order_by("type__position", "premises", "pk")
        rows = list(shown[: SHOWN + 1])
        return render(request, "pledges/_case.html" if request.htmx else "pledges/case.html", self.context() | {
            "day": day, "is_dispute": self.case.occurred_on is not None, "more": len(rows) > SHOWN,
            "rows": [(pledge, pledge.pk in binding) for pledge in rows[:SHOWN]],
            "breaches": list(self.case.breaches.with_facts().order_by("-found_at", "-pk")),
            "may_decide": user.has_perm("pledges.change_breach"),
        })  # fmt: skip


class CaseBreach(OfCase, View):
    """The evidence of one suspected breach, on which whoever may confirms or dismisses it for a reason."""

    @cached_property
    def breach(self) -> Breach:
        return get_object_or_404(self.case.breaches.with_facts(), pk=self.kwargs["pk"])

    @cached_property
    def steps(self) -> list:
        return [step for step in BREACH.available(self.breach, self.request.user) if step.verb in DECISIONS]

    def get(self, request, number, pk):
        return self.show(self.form())

    def post(self, request, number, pk):
        """Done on what the reader saw; whoever was quicker is named, and nothing is written."""
        if not request.user.has_perm("pledges.change_breach"):
            raise PermissionDenied
        verb = request.POST.get("act")
        if verb not in {step.verb for step in self.steps}:
            messages.warning(
                request, _("Someone else has worked on this since you opened it, so nothing was done.")
            )
            return HttpResponseRedirect(self.address)
        form = self.form(request.POST)
        if not form.is_valid():
            return self.show(form, status=422)
        try:
            act_on_breach(
                self.breach, verb, actor=request.user, seen=form.cleaned_data["seen"], note=form.cleaned_data["note"]
            )
        except DomainError as refused:
            form.add_error(None, str(refused))
            return self.show(form, status=409)
        messages.success(request, _("Recorded: %(act)s.") % {"act": BREACH[verb].label})
        return HttpResponseRedirect(self.address)

    @property
    def address(self) -> str:
        path = reverse("pledges:breach", args=[self.case.number, self.breach.pk])
        return f"{path}{opened_from(self.request)['list_suffix']}"

    def form(self, data=None) -> ReasonForm:
        return ReasonForm(
            data, subject=self.breach, user=self.request.user, initial={"seen": last_event_id(self.breach)}
        )

    def show(self, form, status=200):
        user = self.request.user
        return render(self.request, "pledges/breach.html", self.context() | {
            "breach": self.breach, "exhibits": exhibits(self.breach, user), "earlier": earlier(self.breach, user),
            "events": self.breach.events.select_related("actor").order_by("-pk"), "steps": self.steps, "form": form,
            "address": self.address, "papers": self.breach.documents.defer("values").order_by("created_at", "pk"),
        }, status=status)  # fmt: skip


def day_of(case: Case) -> dt.date:
    """The day on which a pledge must have bound: of the dispute, or of the receipt where that is unknown."""
    return case.occurred_on or case.received_on
