"""The page of one case, and the logged reveal of a party's data."""

from django.contrib import messages
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Min, OuterRef, Prefetch, Q, Subquery
from django.db.models.functions import JSONObject
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.generic import DetailView, View

from accounts.client import client_ip
from cases import casefile
from cases.domain import available_acts, reveal_party
from cases.domain.reasons import MIN_REASON
from cases.forms import RevealForm
from cases.models import (
    Case,
    CaseReference,
    Clock,
    Ground,
    Party,
    Recovery,
)
from cases.querysets import sees_reporters
from cases.tables import STATE_TONES, origin_of
from cases.views import attachments, documents
from cases.views.lists import SEARCH_SECONDS, CaseList, CaseRows
from cases.views.opened_from import from_queue, opened_from
from cases.views.queue import QueueRows
from core.exceptions import DomainError
from core.language import in_language
from core.pagination import Cursor
from core.panels import panels
from core.personal_data import PersonalDataError
from core.related import fetch_together
from core.text import mask_numbers
from core.timeouts import QueryTooSlow, time_limit
from core.views import ListPage, ScopedMixin

OTHERS = 5
TOGETHER = ("events", "supervisions", "call_backs", "clock_changes", "pauses", "extensions", "attachments")


class Neighbours:
    """A list from which a case was opened, read for the cases before and after it."""

    def neighbours(self, case: Case) -> tuple[str | None, str | None]:
        filterset, queryset = self.filtered()
        if not filterset.is_valid():
            return None, None
        return self.get_paginator(filterset, queryset, 1).neighbours(case, "number", at=self.request.GET.get("at"))

    def query_of(self, number: str) -> str:
        """The query with which the case of that number is opened from this list."""
        return self.request.GET.urlencode()


class ListNeighbours(Neighbours, CaseRows, ListPage):
    list_label, list_view = CaseList.list_label, CaseList.list_view


class QueueNeighbours(Neighbours, QueueRows):
    def neighbours(self, case):
        case.due_on = case.clocks.running().aggregate(first=Min("due_on"))["first"]  # its place in the queue
        return super().neighbours(case)

    def query_of(self, number):
        query = self.request.GET.copy()
        case = self.get_queryset().by_urgency().get(number=number)
        query["at"] = Cursor.of(case, self.sort).encode()
        return query.urlencode()


def list_page(request) -> ListNeighbours | QueueNeighbours:
    """The list from which a case was opened, by default the list of cases."""
    page = QueueNeighbours() if from_queue(request) else ListNeighbours()
    page.setup(request)
    return page


class NeighbourCase(ScopedMixin, View):
    """Leads on to the case before or after this one in the list from which it was opened. Found only when asked for:
    the page of a case does not wait for its list."""

    model = Case
    permission_required = "cases.view_case"

    def get(self, request, number, way):
        case = get_object_or_404(self.get_queryset(), number=number)
        rows = list_page(request)
        text = _("This is the last case of the list.") if way == "next" else _("This is the first case of the list.")
        try:
            with time_limit(SEARCH_SECONDS):
                found = rows.neighbours(case)[way == "next"]
        except QueryTooSlow:
            found, text = None, _("Finding the next case of this list takes too long. Narrow the list.")
        if found is None:
            messages.info(request, text)
        query = rows.query_of(found) if found else request.GET.urlencode()
        return HttpResponseRedirect(f"{reverse('cases:detail', args=[found or number])}?{query}")


class CaseDetail(ScopedMixin, DetailView):
    model = Case
    permission_required = "cases.view_case"
    slug_field = slug_url_kwarg = "number"
    template_name = "cases/detail.html"
    context_object_name = "case"

    def get_queryset(self):
        references = CaseReference.objects.filter(case=OuterRef("pk")).order_by("number")
        grounds = Ground.objects.filter(code=OuterRef("ground"))
        halves = Case.objects.visible_to(self.request.user).filter(Q(origin=OuterRef("pk")) | Q(pk=OuterRef("origin")))
        if not sees_reporters(self.request.user):  # the complaint would tell who has reported
            halves = halves.filter(kind=OuterRef("kind"))
        return (
            super().get_queryset()
            .select_related(
                "channel", "region", "receiving", "handling", "custodian", "officer", "merchant", "platform",
                "category", "problem", "import_file__run",
            )
            .annotate(
                further_numbers=ArraySubquery(references.values("number")),
                ground_named=Subquery(grounds.values(named=JSONObject(name="name", name_en="name_en"))[:1]),
                linked=ArraySubquery(
                    halves.order_by("pk").values(
                        linked=JSONObject(number="number", kind="kind", state="state", origin="origin")
                    )
                ),
            )
            .prefetch_related(
                Prefetch("parties", Party.objects.order_by("pk")),
                Prefetch("clocks", Clock.objects.select_related("rule")),
                Prefetch("recoveries", Recovery.objects.select_related("import_file", "actor", "reversal")),
                documents.with_deliveries(),
            )
        )

    def get_object(self, queryset=None):
        case = super().get_object(queryset)
        fetch_together(case, TOGETHER)
        return case

    def get_context_data(self, **kwargs):
        case, user = self.object, self.request.user
        masked = casefile.hides_numbers(case, user)
        text = mask_numbers if masked else str
        acts, between = available_acts(case, user), in_language("；", "; ")
        return super().get_context_data(
            masked=masked,
            narrative=text(case.narrative),
            demand=text(case.demand),
            groups=casefile.facts(case, masked=masked),
            steps=casefile.steps(case),
            terms=casefile.terms(case, timezone.localdate()),
            entries=casefile.timeline(case, halves=sees_reporters(user)),
            parties=casefile.parties(case, user),
            tone=STATE_TONES[case.state],
            amounts=(amounts := casefile.amounts(case)),
            postings=[
                (posting, origin_of(posting, user), text(between.join(filter(None, (posting.evidence, posting.reason)))))
                for posting in amounts.postings
            ],
            extra=[(name, text(str(value))) for name, value in case.extra.items() if value not in (None, "")],
            others=(others := self.others(case))[:OTHERS],
            record=casefile.merchant_record(others, timezone.now()),
            differences=casefile.differences(case) if case.differs else [],
            acts=[step for step in acts if step.target is not None and not step.grave],
            further_acts=[step for step in acts if step.target is None or step.grave],
            linked=casefile.linked(case),
            supervisions=case.supervisions.all(),
            asked=casefile.times_asked(case),
            call_backs=case.call_backs.all(),
            documents=documents.document_rows(case, user),
            issuable=documents.choices(case, user),
            attachments=attachments.attachment_rows(case, user, masked=masked),
            panels=panels("case", case, user),
            form=RevealForm(),
            min_reason=MIN_REASON,
            **opened_from(self.request),
            **kwargs,
        )

    def others(self, case: Case) -> list[Case]:
        """The newest other cases of the same merchant that the user sees, as many as its record is read from."""
        if case.merchant_id is None:
            return []
        rows = Case.objects.visible_to(self.request.user).filter(merchant=case.merchant_id).exclude(pk=case.pk)
        read = rows.only("number", "kind", "state", "outcome", "received_at").order_by("-received_at", "-pk")
        return list(read[: casefile.RECORD_CASES + 1])


@method_decorator(never_cache, name="dispatch")
class RevealParty(ScopedMixin, View):
    """Shows a party's data once, to those who may, after the reason is in the access log."""

    model = Party
    permission_required = "cases.view_case"
    http_method_names = ["post"]

    def post(self, request, number, pk):
        party = get_object_or_404(self.get_queryset().select_related("case"), pk=pk, case__number=number)
        form = RevealForm(request.POST)
        context = {"party": party, "case": party.case, "form": form, "min_reason": MIN_REASON}
        if form.is_valid():
            try:
                personal = reveal_party(
                    party, actor=request.user, reason=form.cleaned_data["reason"], ip=client_ip(request)
                )
            except DomainError as error:
                form.add_error("reason", str(error))
            except PersonalDataError:
                form.add_error(None, _("The stored data cannot be read: the key that encrypted it is not configured."))
            else:
                context["rows"] = casefile.personal_rows(personal)
        template = "cases/_revealed.html" if request.htmx else "cases/revealed.html"
        return render(request, template, context)
