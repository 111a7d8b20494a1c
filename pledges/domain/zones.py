"""Zones with their members, and workstations with what they handle."""

import datetime as dt

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Least
from django.utils import timezone
from django.utils.translation import gettext as _

from core.exceptions import DomainError
from core.working_days import DAY
from pledges.domain.keeping import assign, check_seen, keep, locked, permit, write
from pledges.models import Premises, Workstation, WorkstationItem, Zone, ZoneMembership

ITEM_FIELDS = {"received_at", "first_response_at", "ended_at", "what", "result", "case"}


@transaction.atomic
def keep_zone(zone: Zone, *, actor, now: dt.datetime | None = None, **fields) -> Zone:
    """Write a new zone, or `fields` of one. A zone that closes has no members from that day on; where it closes later, or
    not at all, those that had not left before are members again, but for premises that have joined another zone since:
    these have left, and are told as `joined_elsewhere` of what is returned.

    Raises PermissionDenied, and DomainError where a membership lies outside its time.
    """
    closed_on = locked(zone, actor).closed_on if zone.pk else None
    zone = keep(Zone(pk=zone.pk), fields, actor)
    zone.joined_elsewhere = []
    if zone.memberships.filter(since__lt=zone.opened_on).exists():
        raise DomainError(_("It had members before that day."))
    if zone.closed_on and zone.memberships.filter(since__gte=zone.closed_on).exists():
        raise DomainError(_("It has members that joined on the day it closes, or later."))
    if zone.closed_on != closed_on:
        zone.joined_elsewhere = _settle_members(zone, closed_on, actor)
    return zone


def _settle_members(zone: Zone, closed_on: dt.date | None, actor) -> list[Premises]:
    """Let the members of a zone that closed on `closed_on` end as it does now; those that had ended with it and have
    joined another one since have left. Returns their premises."""
    members, elsewhere = zone.memberships.filter(left_on__isnull=True), []
    if closed_on and (zone.closed_on is None or zone.closed_on > closed_on):
        joined = ZoneMembership.objects.filter(premises=OuterRef("premises"), since__gte=closed_on).exclude(zone=zone)
        stayed = list(members.filter(Exists(joined)).order_by("premises__name", "pk").select_related("premises"))
        elsewhere = [one.premises for one in stayed]
        zone.memberships.filter(pk__in=[one.pk for one in stayed]).update(left_on=F("until"))
    members.update(until=zone.closed_on, ended_by=actor if zone.closed_on else None)
    ends = Least("left_on", Value(zone.closed_on)) if zone.closed_on else F("left_on")
    zone.memberships.filter(left_on__isnull=False).update(until=ends)
    return elsewhere


@transaction.atomic
def join_zone(
    zone: Zone, premises: Premises, *, since: dt.date, actor, now: dt.datetime | None = None
) -> ZoneMembership:
    """Put premises that `actor` sees into a zone from the day `since`, to the day on which it closes if that is known.
    Raises PermissionDenied and DomainError."""
    permit(actor, ZoneMembership())
    premises, zone = locked(premises, actor), locked(zone, actor)
    if since > timezone.localdate(now or timezone.now()):
        raise DomainError(_("A membership does not begin on a day to come."))
    if since < zone.opened_on or (zone.closed_on and since >= zone.closed_on):
        raise DomainError(_("It is no zone on that day."))
    ended = {"until": zone.closed_on, "ended_by": actor} if zone.closed_on else {}
    return write(ZoneMembership(zone=zone, premises=premises, since=since, added_by=actor, **ended))


def may_leave(membership: ZoneMembership, day: dt.date) -> bool:
    """Whether its end can still be told on `day`: nobody has, and that the zone will close later is no matter."""
    return membership.until is None or membership.until > day + DAY


@transaction.atomic
def leave_zone(membership: ZoneMembership, *, until: dt.date, actor, now: dt.datetime | None = None) -> ZoneMembership:
    """End a membership; `until` is the first day without it, tomorrow at the latest. Raises PermissionDenied and
    DomainError."""
    permit(actor, membership)
    check_seen(membership, actor)
    locked(membership.premises, actor)
    membership, today = locked(membership, actor), timezone.localdate(now or timezone.now())
    if not may_leave(membership, today):
        raise DomainError(_("This membership has ended already."))
    if until > today + DAY:
        raise DomainError(_("A membership does not end on a day to come."))
    membership.until = membership.left_on = until
    membership.ended_by = actor
    return write(membership)


@transaction.atomic
def keep_workstation(
    workstation: Workstation, *, actor, now: dt.datetime | None = None, **fields
) -> Workstation:
    """Write a new workstation, or `fields` of one. Raises PermissionDenied, also for a zone that `actor` does not see,
    and DomainError where it has items outside its time."""
    check_seen(fields.get("zone"), actor)
    workstation = keep(Workstation(pk=workstation.pk), fields, actor)
    outside = Q(received_at__date__lt=workstation.opened_on)
    if workstation.closed_on:
        outside |= Q(received_at__date__gte=workstation.closed_on)
    if workstation.items.filter(outside).exists():
        raise DomainError(_("It has received items outside that time."))
    return workstation


@transaction.atomic
def record_item(
    workstation: Workstation, *, actor, now: dt.datetime | None = None, **fields
) -> WorkstationItem:
    """Write down what a workstation has received, and perhaps what came of it: `received_at`, `what`, and
    `first_response_at`, `ended_at`, `result`, `case`. Raises PermissionDenied and DomainError."""
    item = WorkstationItem(recorded_by=actor)
    permit(actor, item)
    item.workstation = locked(workstation, actor)
    return _write_item(item, fields, actor, now)


@transaction.atomic
def update_item(item: WorkstationItem, *, actor, now: dt.datetime | None = None, **fields) -> WorkstationItem:
    """Write down what came of an item that has not ended. Raises PermissionDenied and DomainError."""
    permit(actor, item)
    item = locked(item, actor)
    if item.ended_at is not None:
        raise DomainError(_("This item has ended already."))
    return _write_item(item, fields, actor, now)


def _write_item(item: WorkstationItem, fields: dict, actor, now: dt.datetime | None) -> WorkstationItem:
    if unknown := fields.keys() - ITEM_FIELDS:
        raise TypeError(f"an item has no {', '.join(sorted(unknown))}")
    case = fields.get("case")
    if case is not None and case.pk != item.case_id:
        check_seen(case, actor)
    assign(item, fields)
    if not item.what:
        raise DomainError(_("Say what it was about."))
    times = [at for at in (item.received_at, item.first_response_at, item.ended_at) if at is not None]
    if max(times) > (now or timezone.now()):
        raise DomainError(_("What is recorded does not lie in the future."))
    day, station = timezone.localdate(item.received_at), item.workstation
    if day < station.opened_on or (station.closed_on and day >= station.closed_on):
        raise DomainError(_("The workstation was not open on that day."))
    return write(item)
