"""Zones as the portal shows them: a list, and of each one a sheet to take along on a visit."""

import datetime as dt
from operator import itemgetter

from django.db.models import Count, F, Prefetch, Q
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.views.generic import DetailView

from cases.enums import Kind
from cases.models import Case
from cases.references import References
from cases.views.lists import LoggedExport, label_of
from core.dates import add_months
from core.exports import Column, name_of
from core.views import ListPage, ScopedMixin
from pledges.enums import InspectionMode, InspectionState, ZoneKind
from pledges.filters import ZoneFilterSet
from pledges.models import Breach, Inspection, Pledge, Premises, Workstation, Zone, ZoneMembership
from pledges.querysets import Median
from pledges.tables import ZoneTable
from registry.models import Region

MONTHS = 12  # that the sheet looks back
EXPORT = "pledges.export_pledge"


class ZoneRows:
    """The zones that the address selects, in its order."""

    model = Zone
    permission_required: str | tuple[str, ...] = "pledges.view_zone"
    filterset_class = ZoneFilterSet
    sorts = {"name": "name", "opened": "opened_on"}
    default_sort = "name"


class ZoneList(ZoneRows, ListPage):
    template_name, fragment_template_name = "pledges/zones.html", "pledges/_rows.html"
    table_class = ZoneTable

    def get_queryset(self):
        return super().get_queryset().select_related("agency", "region", "operator")

    def get_context_data(self, **kwargs):
        exports = self.request.user.has_perm(EXPORT)
        return super().get_context_data(export_url=reverse("pledges:zones_export") if exports else "", **kwargs)


class ZoneExport(ZoneRows, LoggedExport):
    export_name = "zones"
    export_title = _("Zones")
    list_url = reverse_lazy("pledges:zones")
    export_permissions = (EXPORT,)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        return (
            Column(_("Name"), itemgetter("name"), masked=True, width=28),
            Column(_("Kind"), label_of(ZoneKind, "kind"), width=20),
            Column(_("Kept by"), name_of("agency"), width=28),
            Column(_("District"), name_of("region")),
            Column(_("Operator"), itemgetter("operator__name"), masked=True, width=28),
            Column(_("Address"), itemgetter("address"), masked=True, width=32),
            Column(_("Zone since"), itemgetter("opened_on"), width=11),
            Column(_("Closed on"), itemgetter("closed_on"), width=11),
            Column(_("Members"), itemgetter("members")),
        )

    def get_queryset(self):
        member = Q(memberships__in=ZoneMembership.objects.on(timezone.localdate()).order_by().values("pk"))
        return super().get_queryset().annotate(members=Count("memberships", filter=member)).values(
            "name", "kind", "agency__name", "agency__name_en", "region__name", "region__name_en", "operator__name",
            "address", "opened_on", "closed_on", "members",
        )  # fmt: skip


class ZoneSheet(ScopedMixin, DetailView):
    """One page, made to be printed: members with what they promise and what was complained of, inspections, workstations.
    Each reader finds what he sees elsewhere, and nothing else."""

    model = Zone
    permission_required = "pledges.view_zone"
    template_name = "pledges/zone.html"

    def get_queryset(self):
        return super().get_queryset().select_related("agency", "region", "operator")

    def get_context_data(self, **kwargs):
        zone, user = self.object, self.request.user
        today = timezone.localdate()
        since = add_months(today, -MONTHS)
        members = self.members(zone, user, today)
        place = place_of(zone, today)
        complaints = complaints_by_merchant({one.merchant_id for one in members}, place, user, since)
        breaches = breaches_at(members, user, since)
        return super().get_context_data(
            today=today,
            since=since,
            place=place,
            members=[(one, complaints.get(one.merchant_id), breaches.get(one.pk, 0)) for one in members],
            # a merchant with several premises here has its complaints once
            complaints=sum(complaints.values()),
            counts_complaints=user.has_perm("cases.view_case"),
            breaches=sum(breaches.values()),
            counts_breaches=user.has_perm("pledges.view_breach"),
            pledging=sum(bool(one.standing) for one in members),
            others=zone.memberships.on(today).count() - len(members),
            inspections=self.inspections(members, user, since),
            workstations=self.workstations(zone, user, today),
            **kwargs,
        )

    @staticmethod
    def members(zone: Zone, user, today: dt.date) -> list[Premises]:
        """The premises in the zone today, each with its pledges in force (`standing`)."""
        pledges = Pledge.objects.visible_to(user).in_force_on(today).order_by("type__position")
        pledges = pledges.only("premises", "type", "valid_to", "days").prefetch_related("type")  # of which there are few
        premises = Premises.objects.visible_to(user).members_of(zone, today).select_related("merchant")
        return list(premises.prefetch_related(Prefetch("pledges", pledges, to_attr="standing")).order_by("name", "pk"))

    @staticmethod
    def inspections(members: list[Premises], user, since: dt.date) -> list[tuple[Inspection, str, str]]:
        """The visits to members, the latest first, with how many items were not in order; each with its mode and state
        in words, which a model would look up anew for every row."""
        rows = Inspection.objects.visible_to(user).seen().filter(premises__in=members, visited_on__gte=since)
        rows = rows.with_failures().only("premises", "type", "visited_on", "mode", "state", "correct_by")
        rows = list(rows.prefetch_related("type").order_by("-visited_on", "-pk"))
        known = {one.pk: one for one in members}
        for one in rows:
            one.premises = known[one.premises_id]
        modes, states = (
            {value: str(label) for value, label in choices.choices} for choices in (InspectionMode, InspectionState)
        )
        return [(one, modes[one.mode], states[one.state]) for one in rows]

    @staticmethod
    def workstations(zone: Zone, user, today: dt.date) -> list[Workstation]:
        """Those open today, with what they have handled."""
        return list(
            Workstation.objects.visible_to(user).open_on(today).filter(zone=zone).annotate(
                handled=Count("items", filter=Q(items__ended_at__isnull=False)),
                first_response=Median(F("items__first_response_at") - F("items__received_at")),
            ).order_by("name", "pk")
        )  # fmt: skip


def place_of(zone: Zone, today: dt.date) -> Region:
    """The district of the zone, or into which it went where it is no more."""
    region = zone.region
    while region.valid_to is not None and region.valid_to <= today:
        successors = list(region.successors.all()[:2])
        if len(successors) != 1:
            break
        region = successors[0]
    return region


def complaints_by_merchant(merchants: set[int], place: Region, user, since: dt.date) -> dict[int, int]:
    """How many complaints that `user` sees were received against each merchant since the local day `since`, in `place`
    and all below it, by the code that the case list goes by: of a chain, not those about its shops in other districts.
    Which shop of the district a complaint is about no case says."""
    rows = Case.objects.visible_to(user).filter(
        kind=Kind.COMPLAINT, merchant__in=merchants, received_at__gte=start_of(since),
        region__in=References().ids("region", place.code),
    )  # fmt: skip
    return dict(rows.order_by().values_list("merchant").annotate(n=Count("pk")))


def breaches_at(members: list[Premises], user, since: dt.date) -> dict[int, int]:
    """How many breaches that `user` sees were found at each of the premises since the local day `since`, of those that
    somebody has confirmed."""
    rows = Breach.objects.visible_to(user).established().filter(
        pledge__premises__in=members, found_at__gte=start_of(since)
    )
    return dict(rows.order_by().values_list("pledge__premises").annotate(n=Count("pk")))


def start_of(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))
