"""Signals of repeated and professional claims: the cases behind them, and the decision of an official. The cases that
one may repeat."""

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.generic import View

from cases.domain import decide_on_signals
from cases.enums import Kind
from cases.forms import SignalDecisionForm
from cases.models import Case
from cases.models.signal import MIN_DECISION
from cases.querysets import sees_reporters
from cases.signals import CAP, PERSONS, repeats_of, signals_of
from cases.tables import STATE_TONES, as_written, subject
from cases.views.opened_from import opened_from
from core.exceptions import DomainError
from core.text import mask_numbers
from core.timeouts import QueryTooSlow, time_limit
from core.views import ScopedMixin

OPEN_ROWS = 20  # the others are folded away
REPEATS = 8
REPEAT_SECONDS = 3  # they only help: what takes longer is not waited for
READ = ("number", "kind", "state", "received_at", "merchant", "order_number", "narrative", "demand")


@method_decorator(never_cache, name="dispatch")
class CaseSignals(ScopedMixin, View):
    """The signals of a case; a POST records a decision."""

    model = Case
    permission_required = ("cases.view_case", "cases.view_signals")

    def get(self, request, number):
        return self.page(self.case(number), SignalDecisionForm())

    def post(self, request, number):
        case, form = self.case(number), SignalDecisionForm(request.POST)
        if form.is_valid():
            try:
                decide_on_signals(case, actor=request.user, **form.cleaned_data)
            except DomainError as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, _("The decision is recorded."))
                return HttpResponseRedirect(request.get_full_path())
        return self.page(case, form)

    def case(self, number: str) -> Case:
        return get_object_or_404(self.get_queryset(), number=number)

    def page(self, case: Case, form: SignalDecisionForm):
        decisions = case.signal_decisions.select_related("actor")
        signals = [(signal, *_folded(signal.rows)) for signal in signals_of(case, self.request.user)]
        return render(self.request, "cases/signals.html", {
            "case": case,
            "tone": STATE_TONES.get(case.state, "grey"),
            "signals": signals,
            "decisions": [(decision, mask_numbers(decision.reason)) for decision in decisions],
            "form": form,
            "can_decide": self.request.user.has_perm("cases.decide_signals"),
            "min_reason": MIN_DECISION,
            "is_report": case.kind == Kind.REPORT,
            "reporters_left_out": not sees_reporters(self.request.user),
            "cap": CAP,
            "persons": PERSONS,
            **opened_from(self.request),
        })  # fmt: skip


@method_decorator(never_cache, name="dispatch")
class CaseRepeats(ScopedMixin, View):
    """The earlier cases that a case may repeat: a page, and without its frame what the page of the case loads."""

    model = Case
    permission_required = "cases.view_case"

    def get(self, request, number):
        case = get_object_or_404(self.get_queryset().only(*READ), number=number)
        try:
            with time_limit(REPEAT_SECONDS):
                rows = repeats_of(case, request.user, limit=REPEATS)
        except QueryTooSlow:
            rows = None
        template = "cases/_repeats.html" if request.htmx else "cases/repeats.html"
        return render(request, template, {
            "case": case,
            "tone": STATE_TONES.get(case.state, "grey"),
            "rows": rows,
            "limit": REPEATS,
            "seconds": REPEAT_SECONDS,
            "reporters_left_out": not sees_reporters(request.user),
            **opened_from(request),
        })  # fmt: skip


def _folded(rows) -> tuple[list[dict], list[dict]]:
    """The rows as the page shows them: the newest, and the others."""
    lines = [_line(row) for row in rows]
    return lines[:OPEN_ROWS], lines[OPEN_ROWS:]


def _line(row) -> dict:
    case = row.case
    return {
        "case": case,
        "subject": subject(case.opening) or mask_numbers(case.goods),
        "merchant": as_written(case.merchant, case.merchant_written),
        "tone": STATE_TONES.get(case.state, "grey"),
        "why": row.why,
        "share": row.share,
    }
