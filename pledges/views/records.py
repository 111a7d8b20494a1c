"""The page of a pledge, and that of a merchant: what it promised, and what became of that."""

import datetime as dt
from functools import reduce
from operator import or_

from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncYear
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.generic import TemplateView

from accounts.domain import SYSTEM
from cases.enums import LOSS_KINDS, OPEN_STATES, Kind, Outcome
from cases.models import Case, Recovery
from core.views import ScopedMixin
from pledges.details import of_pledge
from pledges.models import Breach, Inspection, Pledge, Premises, ReturnEntry
from pledges.public import public_pledges
from pledges.tones import INSPECTION_TONES, PLEDGE_TONES
from registry.models import Merchant

NEWEST = 20  # cases on the page; the rest is one click away
MOST_PLEDGES = 100  # a chain has hundreds of them; all are in the register
YEARS = 5


class PledgePage(ScopedMixin, TemplateView):
    """One pledge with its events, for whoever sees the register; who keeps it goes on in the administration."""

    model = Pledge
    permission_required = "pledges.view_pledge"
    template_name = "pledges/detail.html"

    def get_context_data(self, pk, **kwargs):
        rows = self.get_queryset().select_related("premises__merchant", "premises__region", "type", "agency", "previous")
        pledge = get_object_or_404(rows, pk=pk)
        user = self.request.user
        keeps = user.is_staff and (user.has_perm("pledges.change_pledge") or user.has_perm("pledges.decide_pledge"))
        return super().get_context_data(
            pledge=pledge, tone=PLEDGE_TONES[pledge.state], promise=pledge.promise, keeps=keeps,
            events=[(event, of_pledge(event)) for event in pledge.events.select_related("actor").order_by("-pk")],
            opinions=list(pledge.opinions.all()), suspensions=list(pledge.suspensions.all()),
            evaluations=list(pledge.evaluations.all()),
            system=SYSTEM, binds=Pledge.objects.in_force_on(timezone.localdate()).filter(pk=pledge.pk).exists(), **kwargs,
        )  # fmt: skip


class MerchantPage(ScopedMixin, TemplateView):
    """A merchant, as far as the reader sees its cases and pledges; one of whom he sees nothing is not there."""

    permission_required = "pledges.view_pledge"
    template_name = "pledges/merchant.html"

    def get_context_data(self, pk, **kwargs):
        user, merchant = self.request.user, get_object_or_404(Merchant.objects.select_related("region"), pk=pk)
        rows = Pledge.objects.visible_to(user).filter(premises__merchant=merchant)
        pledges = list(rows.select_related("premises__region", "type").order_by("-applied_on", "-pk")[: MOST_PLEDGES + 1])
        premises = Premises.objects.visible_to(user).filter(merchant=merchant)
        cases = Case.objects.visible_to(user).filter(merchant=merchant)
        if not pledges and not premises.exists() and not cases.exists():
            raise Http404
        since = dt.date(timezone.localdate().year - YEARS + 1, 1, 1)
        return super().get_context_data(
            merchant=merchant, tones=PLEDGE_TONES,
            pledges=[(pledge, PLEDGE_TONES[pledge.state]) for pledge in pledges[:MOST_PLEDGES]],
            more=len(pledges) > MOST_PLEDGES,
            public=self._public(rows), years=self._years(cases, since),
            newest=list(cases.order_by("-received_at", "-pk")[:NEWEST]),
            recovered=self._recovered(cases), breaches=self._breaches(user, merchant),
            returns=self._returns(user, merchant), inspections=self._inspections(user, merchant),
            sees_inspections=user.has_perm("pledges.view_inspection"), **kwargs,
        )  # fmt: skip

    @staticmethod
    def _public(rows) -> list[Pledge]:
        """What the public would see of these pledges: those that bind today, and nothing of complaints."""
        binding = public_pledges().filter(pk__in=rows.order_by().values("pk"))
        return list(binding.select_related("premises__region", "type")[:MOST_PLEDGES])

    @staticmethod
    def _breaches(user, merchant) -> list[tuple[Breach, str]]:
        """The newest breaches of its pledges, with the page on which the reader looks at each."""
        found = Breach.objects.visible_to(user).filter(pledge__premises__merchant=merchant).with_facts()
        breaches = list(found.order_by("-found_at", "-pk")[:NEWEST])
        if user.is_staff:
            return [(breach, reverse("admin:pledges_breach_change", args=[breach.pk])) for breach in breaches]
        cases = Case.objects.visible_to(user).filter(pk__in={breach.case_id for breach in breaches})
        seen = set(cases.values_list("pk", flat=True))
        return [
            (breach, reverse("pledges:breach", args=[breach.case.number, breach.pk]) if breach.case_id in seen else "")
            for breach in breaches
        ]

    @staticmethod
    def _inspections(user, merchant) -> list[tuple[Inspection, str, str]]:
        """The latest visits to its premises with how many items were not in order (`not_ok`), the tone of the state of
        each, and its page. What is only planned is not told: nobody learns here of an undercover visit to come."""
        visits = Inspection.objects.visible_to(user).seen().filter(premises__merchant=merchant).with_failures()
        visits = visits.select_related("premises", "type").order_by("-visited_on", "-pk")
        opens = user.is_staff and user.has_perm("pledges.view_inspection")
        return [
            (
                visit, INSPECTION_TONES[visit.state],
                reverse("admin:pledges_inspection_change", args=[visit.pk]) if opens else "",
            )
            for visit in visits[:NEWEST]
        ]

    @staticmethod
    def _returns(user, merchant) -> list[dict]:
        """Returns executed at its premises: times and yuan of each year, the newest first."""
        entries = ReturnEntry.objects.visible_to(user).filter(premises__merchant=merchant)
        by_year = entries.order_by().annotate(year=TruncYear("month")).values("year")
        return list(by_year.annotate(times=Sum("count"), amount=Sum("amount")).order_by("-year")[:YEARS])

    @staticmethod
    def _years(cases, since) -> list[dict]:
        """Of each year since: reports, complaints, and how these ended; the ways of ending and the open ones add up."""
        complaint = Q(kind=Kind.COMPLAINT)
        ways = {
            "settled": Q(outcome__in=(Outcome.AGREEMENT, Outcome.SETTLED)), "failed": Q(outcome=Outcome.FAILED),
            "withdrawn": Q(outcome=Outcome.WITHDRAWN), "open": Q(outcome="", state__in=OPEN_STATES),
        }  # fmt: skip
        ways["other"] = ~reduce(or_, ways.values())
        by_year = cases.filter(received_on__gte=since).annotate(year=TruncYear("received_on")).order_by("-year")
        return list(by_year.values("year").annotate(
            complaints=Count("pk", filter=complaint), reports=Count("pk", filter=Q(kind=Kind.REPORT)),
            **{name: Count("pk", filter=complaint & way) for name, way in ways.items()},
        ))  # fmt: skip

    @staticmethod
    def _recovered(cases):
        """Recovered loss of these cases, in yuan; None where nothing was posted."""
        return Recovery.objects.filter(case__in=cases, kind__in=LOSS_KINDS).aggregate(sum=Sum("amount"))["sum"]
