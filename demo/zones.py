"""Zones of the demo with their members, workstations with what they handle, and the targets of a year."""

import datetime as dt
from collections import deque
from typing import NamedTuple

from django.db import connection, transaction

from core.bulk import copy_line, next_ids
from core.pinyin import pinyin_key
from core.text import name_key
from demo.city.figures import (
    ANSWERED_IN_TIME,
    ITEMS_A_MONTH,
    LEFT,
    MEMBERS,
    WORKSTATIONS,
    ZONES,
    scaled,
    village_workstations,
)
from demo.field import FieldWork, street_of
from demo.pledges import MERCHANT, RETURNS, ROAD, Place, at
from pledges.domain import (
    join_zone,
    keep_target,
    keep_workstation,
    keep_zone,
    leave_zone,
    record_item,
    update_item,
)
from pledges.enums import PledgeState, WorkstationKind, ZoneKind
from pledges.models import Pledge, Premises, Target, Workstation, Zone

# what pledges as a whole is a zone
KIND_OF = {
    "street_block": ZoneKind.STREET, "demonstration_area": ZoneKind.DEMONSTRATION, "village": ZoneKind.VILLAGE,
}  # fmt: skip
SHOPS = (RETURNS, "reassuring_unit")  # of whom zones consist
PROMPT, TARDY = (3, 240), (1500, 4000)  # minutes to the first response
FIRST_DAY = dt.date(2018, 1, 1)
ZONE = (
    "id", "created_at", "updated_at", "kind", "name", "agency_id", "region_id", "operator_id", "address", "opened_on",
    "closed_on",
)  # fmt: skip
MEMBERSHIP = ("zone_id", "premises_id", "since", "until", "left_on", "added_by_id", "ended_by_id")
WORKSTATION = (
    "id", "created_at", "updated_at", "name", "kind", "zone_id", "agency_id", "region_id", "host", "address", "contact",
    "telephone", "mediators", "opened_on",
)  # fmt: skip
ITEM = (
    "created_at", "updated_at", "workstation_id", "received_at", "first_response_at", "ended_at", "what", "result",
    "recorded_by_id",
)  # fmt: skip
MERCHANTS, ZONE_TABLE, MEMBERSHIPS = "registry_merchant", "pledges_zone", "pledges_zonemembership"
STATIONS, ITEMS = "pledges_workstation", "pledges_workstationitem"


class ZoneRow(NamedTuple):
    pk: int
    kind: str
    name: str
    place: Place
    address: str
    operator: int | None
    opened_on: dt.date
    closed_on: dt.date | None


class Zones(FieldWork):
    part = "zones"

    @transaction.atomic
    def do(self) -> tuple[int, int]:
        """Returns the number of zones and of workstations."""
        with connection.cursor() as cursor:
            zones = [*self._that_pledge(cursor), *self._others(cursor)]
            self._members(zones)
            self._workstations(zones, cursor)
            self.write(cursor, {
                MERCHANTS: MERCHANT, ZONE_TABLE: ZONE, MEMBERSHIPS: MEMBERSHIP, STATIONS: WORKSTATION, ITEMS: ITEM,
            })  # fmt: skip
        self._at_home()
        return Zone.objects.count(), Workstation.objects.count()

    # the stock

    def _that_pledge(self, cursor) -> list[ZoneRow]:
        """Street blocks, demonstration areas and villages of the register, from their first publication."""
        rows = Pledge.objects.filter(type__code__in=KIND_OF).first_ones().order_by("published_on", "pk").values_list(
            "type__code", "premises__name", "agency", "premises__address", "premises__merchant", "published_on",
            "ended_on", "state",
        )  # fmt: skip
        rows = [row for row in rows if row[2] in self.place_of]
        zones = []
        for pk, row in zip(next_ids(cursor, ZONE_TABLE, len(rows)), rows, strict=True):
            code, name, agency, address, operator, opened_on, ended_on, state = row
            closed_on = ended_on if state == PledgeState.DEREGISTERED else None
            place = self.place_of[agency]
            zones.append(self._zone(pk, KIND_OF[code], name, place, address, operator, opened_on, closed_on))
        return zones

    def _others(self, cursor) -> list[ZoneRow]:
        """Malls, stations and scenic areas, each with a company that runs it."""
        places = [
            (kind, place)
            for kind, number in ZONES.items()
            for place in self.spread(max(int(scaled(number, self.scale)), len(self.places)))
        ]
        zones, now = [], self.end
        ids = zip(next_ids(cursor, ZONE_TABLE, len(places)), next_ids(cursor, MERCHANTS, len(places)), strict=True)
        for (pk, operator), (kind, place) in zip(ids, places, strict=True):
            words, word = self.words["zone"][kind], self.word()
            key = name_key(owner := words["operator"].format(word=word))
            self.lines[MERCHANTS].append(copy_line([
                operator, now, now, owner, key, pinyin_key(key), "{}", place.agency.region_id, "", True,
            ]))  # fmt: skip
            address = f"{place.name}{self.rng.choice(place.streets)}{ROAD}{self.rng.randrange(1, 999)}号"
            opened_on = self.day_between(FIRST_DAY, self.ago(60))
            zones.append(self._zone(pk, kind, words["name"].format(word=word), place, address, operator, opened_on))
        return zones

    def _zone(self, pk, kind, name, place, address, operator, opened_on, closed_on=None) -> ZoneRow:
        self.lines[ZONE_TABLE].append(copy_line([
            pk, self.end, self.end, str(kind), name, place.agency.pk, place.agency.region_id, operator, address,
            opened_on, closed_on,
        ]))  # fmt: skip
        return ZoneRow(pk, kind, name, place, address, operator, opened_on, closed_on)

    def _members(self, zones: list[ZoneRow]) -> None:
        """Shops of the same street, or of the district where that has too few, one after the other."""
        by_street, by_place = self._shops()
        for zone in zones:
            least, most = MEMBERS[zone.kind]
            shops = by_street.get((zone.place.agency.pk, street_of(zone.address, zone.place)), deque())
            if len(shops) < least:
                shops = by_place.get(zone.place.agency.pk, deque())
            for _n in range(min(self.rng.randint(least, most), len(shops))):
                premises, published_on = shops[0]
                shops.rotate(-1)
                since = max(zone.opened_on, published_on) + dt.timedelta(days=self.rng.randrange(150))
                if since > self.today or (zone.closed_on and since >= zone.closed_on):
                    continue
                until, left_on = zone.closed_on, since + dt.timedelta(days=self.rng.randrange(60, 900))
                if self.rng.random() < LEFT and left_on <= min(zone.closed_on or self.today, self.today):
                    until = left_on
                else:
                    left_on = None
                ended_by = None if until is None else self.system
                self.lines[MEMBERSHIPS].append(
                    copy_line([zone.pk, premises, since, until, left_on, self.system, ended_by])
                )

    def _shops(self) -> tuple[dict, dict]:
        """(premises, day of the first publication) by district and street, and by district alone."""
        by_street: dict[tuple[int, str], deque] = {}
        by_place: dict[int, deque] = {}
        rows = Pledge.objects.filter(type__code__in=SHOPS).first_ones().order_by("published_on", "pk")
        for pk, agency, address, day in rows.values_list("premises", "agency", "premises__address", "published_on"):
            if place := self.place_of.get(agency):
                by_street.setdefault((agency, street_of(address, place)), deque()).append((pk, day))
                by_place.setdefault(agency, deque()).append((pk, day))
        return by_street, by_place

    def _workstations(self, zones: list[ZoneRow], cursor) -> None:
        """Of each year those in villages, in such that pledge as far as there are any; all others by kind."""
        free: dict[tuple[int, str], deque] = {}
        for zone in zones:
            if zone.closed_on is None:
                free.setdefault((zone.place.agency.pk, zone.kind), deque()).append(zone)
        opened = []
        for year in range(FIRST_DAY.year + 1, self.today.year + 1):
            for place in self.spread(village_workstations(year, self.scale, least=len(self.places))):
                first, last = dt.date(year, 1, 1), dt.date(year, 12, 31)
                opened.append((WorkstationKind.VILLAGE, place, self.day_between(first, last), last))
        for kind, number in WORKSTATIONS.items():
            number = max(int(scaled(number, self.scale)), 1)
            for place in self.spread(max(number, len(self.places)) if kind == WorkstationKind.OTHER else number):
                opened.append((kind, place, self.day_between(FIRST_DAY, self.ago(60)), self.ago(60)))
        opened = [one for one in opened if one[2] <= self.today]
        for pk, (kind, place, day, last) in zip(next_ids(cursor, STATIONS, len(opened)), opened, strict=True):
            zones = free.get((place.agency.pk, kind))
            zone = zones.popleft() if zones and zones[0].opened_on <= min(last, self.today) else None
            self._workstation(pk, kind, place, max(day, zone.opened_on) if zone else day, zone)

    def _workstation(self, pk: int, kind: str, place: Place, opened_on: dt.date, zone: ZoneRow | None) -> None:
        words, now = self.words["workstation"][kind], self.end
        street = self.rng.choice(place.streets)
        name = zone.name if zone else words["alone"].format(street=street, word=self.word())
        address = zone.address if zone else f"{place.name}{street}{ROAD}{self.rng.randrange(1, 999)}号"
        contact, *mediators = self.people(self.rng.randint(2, 4))
        self.lines[STATIONS].append(copy_line([
            pk, now, now, words["name"].format(place=name), str(kind), zone and zone.pk, place.agency.pk,
            place.agency.region_id, words["host"].format(place=name), address, contact,
            self.words["telephone"].format(number=pk % 10_000), "、".join(mediators), opened_on,
        ]))  # fmt: skip
        self._items(pk, opened_on)

    def _items(self, station: int, opened_on: dt.date) -> None:
        """What it has received until now; of the last days some is in hand."""
        rng, days = self.rng, (self.today - opened_on).days
        for _n in range(int(days / 30 * rng.uniform(*ITEMS_A_MONTH))):
            day = opened_on + dt.timedelta(days=rng.randrange(days))
            received = at(day) + dt.timedelta(minutes=rng.randrange(-60, 420))
            in_time = rng.random() < ANSWERED_IN_TIME
            response = received + dt.timedelta(minutes=rng.randrange(*(PROMPT if in_time else TARDY)))
            ended = response + dt.timedelta(minutes=rng.randrange(10, 4000))
            matter = rng.choice(self.words["matter"])
            result = rng.choice(matter["results"])
            if ended > self.end:
                ended, result = None, ""
            self.lines[ITEMS].append(copy_line([
                received, received, station, received, response if response <= self.end else None, ended, matter["what"],
                result, self.system,
            ]))  # fmt: skip

    # what is in hand

    def _at_home(self) -> None:
        zones = self._home_zones()
        stations = [self._home_workstation(entry, zones) for entry in self.words["home_workstation"]]
        for entry in self.words["home_item"]:
            self._home_item(stations[entry["station"]], entry)
        for entry in self.words["home_target"]:
            number = max(entry["least"], int(scaled(entry["number"], self.scale)))
            keep_target(
                Target(), actor=self.clerk, now=self.end, year=self.today.year, agency=self.home.agency,
                what=entry["what"], number=number, source=entry["source"],
            )  # fmt: skip

    def _home_zones(self) -> dict[str, Zone]:
        """Each with members that have pledged for a while, and some that have left."""
        standing = Pledge.objects.visible_to(self.clerk).in_force_on(self.today).filter(
            type__code__in=SHOPS, published_on__lte=self.ago(200)
        )  # fmt: skip
        shops = deque(dict(standing.order_by("-published_on", "pk").values_list("premises", "published_on")).items())
        zones = {}
        for entry in self.words["home_zone"]:
            opened_on = self.ago(entry["opened"])
            zone = zones[entry["name"]] = keep_zone(
                Zone(), actor=self.clerk, now=at(opened_on), kind=entry["kind"], name=entry["name"],
                agency=self.home.agency, region=self.home.agency.region, address=entry["address"], opened_on=opened_on,
            )  # fmt: skip
            for number in range(min(entry["members"], len(shops))):
                pk, published_on = shops.popleft()
                since = min(max(opened_on, published_on) + dt.timedelta(days=7 * number), self.ago(60))
                member = join_zone(zone, Premises.objects.get(pk=pk), since=since, actor=self.clerk, now=at(since))
                if number < entry["left"]:
                    leave_zone(member, until=self.ago(30), actor=self.clerk, now=at(self.ago(30)))
        return zones

    def _home_workstation(self, entry: dict, zones: dict[str, Zone]) -> Workstation:
        opened_on, (contact, *mediators) = self.ago(entry["opened"]), self.people(3)
        return keep_workstation(
            Workstation(), actor=self.clerk, now=at(opened_on), name=entry["name"], kind=entry["kind"],
            zone=zones.get(entry.get("zone")), agency=self.home.agency, region=self.home.agency.region,
            host=entry["host"], address=entry["address"], contact=contact,
            telephone=self.words["telephone"].format(number=self.rng.randrange(10_000)),
            mediators="、".join(mediators), opened_on=opened_on,
        )  # fmt: skip

    def _home_item(self, station: Workstation, entry: dict) -> None:
        received_at = at(self.ago(entry["days_ago"]))
        matter = self.words["matter"][entry["matter"]]
        item = record_item(
            station, actor=self.clerk, now=received_at, received_at=received_at, what=matter["what"]
        )
        if "minutes" not in entry:
            return
        response = received_at + dt.timedelta(minutes=entry["minutes"])
        item = update_item(item, actor=self.clerk, now=response, first_response_at=response)
        if "hours" in entry:
            ended_at = response + dt.timedelta(hours=entry["hours"])
            update_item(item, actor=self.clerk, now=ended_at, ended_at=ended_at, result=matter["results"][0])


def has_been_done() -> bool:
    """Whether there is any zone; then the demo adds nothing."""
    return Zone.objects.exists()
