"""The register of pledges of the demo: the stock of past years, written set-wise as if taken over from another register,
and what is in hand in one district, done by the same verbs as anyone's."""

import datetime as dt
import functools
import random
import tomllib
from collections import defaultdict, deque
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from django.db import connection, transaction
from django.utils import timezone

from accounts.domain import system_user
from accounts.models import User
from core.bulk import copy_line, copy_lines, next_ids
from core.dates import add_months
from core.exceptions import DomainError
from core.pinyin import pinyin_key
from core.text import name_key
from demo.city.figures import (
    CROSS_STORE,
    RENEWED,
    RENEWED_FROM_2023,
    RETURNS_A_MONTH,
    UNITS,
    WITH_LEDGER,
    YUAN_A_RETURN,
    new_units,
    scaled,
)
from demo.city.vocabulary import read
from pledges.domain import act_on_pledge, apply_for, last_day
from pledges.domain.pledges import next_stage
from pledges.enums import Freight, Level, Origin, PledgeState, PledgeVerb, Pool, PromiseField
from pledges.models import Pledge, PledgeType, Premises
from registry.models import Agency, Merchant

HERE = Path(__file__).resolve().parent
DAY = dt.timedelta(days=1)
TEN = dt.time(10)
RETURNS, SHOP = "no_reason_return", "shop"
ROAD = "演示路"  # on which all addresses are, so that none is a real one
BUREAU = "{}-bureau"
WENT_INTO = {"330103": "330105", "330104": "330102"}  # districts that are no more, and where most of them went
REVOKED, DEREGISTERED, SUSPENDED = 0.010, 0.045, 0.012  # of the pledges in each term; no source is known for these
TAKEN_UP_AGAIN, SECOND_TYPE = 0.05, 0.03  # of what expired, and of the units with returns
# last days in the clerk's district, from today on
EXPIRING = (4, 11, 19, 27, 38, 52, 66, 81)
MERCHANT = (
    "id", "created_at", "updated_at", "name", "name_key", "pinyin", "aliases", "region_id", "address", "verified",
)  # fmt: skip
PREMISES = (
    "id", "created_at", "updated_at", "name", "name_key", "address", "link", "agency_id", "merchant_id", "region_id",
)  # fmt: skip
PLEDGE = (
    "id", "created_at", "updated_at", "premises_id", "type_id", "agency_id", "state", "origin", "application",
    "applied_on", *(field.value for field in PromiseField), "published_on", "valid_to", "ended_on", "terms", "plaque",
    "level", "pool", "waiting_reason", "previous_id", "source", "external_number",
)  # fmt: skip
SUSPENSION = ("pledge_id", "since", "until", "reason")
RETURN = ("created_at", "updated_at", "premises_id", "month", "count", "amount", "entered_by_id")
EVENT = ("pledge_id", "verb", "before", "after", "actor_id", "at", "note", "data")


class Place(NamedTuple):
    """A district of today, by its bureau."""

    agency: Agency
    name: str
    weight: float
    streets: list[str]


def districts() -> list[Place]:
    """The districts of today with their bureaus, and how much of the trade each has."""
    agencies = {agency.code: agency for agency in Agency.objects.select_related("region")}
    weights, streets = {}, {}
    for area in read("places")["area"]:
        code = area["new_code"]
        weights[code] = weights.get(code, 0) + area["offline"]
        streets.setdefault(code, []).extend(area["streets"])
    return [
        Place(agency := agencies[BUREAU.format(code)], agency.region.name, weight, streets[code])
        for code, weight in weights.items()
    ]


class Unit(NamedTuple):
    place: Place
    type: str
    published_on: dt.date


class Act(NamedTuple):
    verb: str
    after: str
    on: dt.date
    data: dict
    note: str = ""


class Life(NamedTuple):
    """What became of a pledge by the demo's day. Its terms and acts; when it was suspended."""

    applied_on: dt.date
    published_on: dt.date
    valid_to: dt.date
    ended_on: dt.date | None
    state: str
    terms: int
    acts: list[Act]
    suspended: list[tuple[dt.date, dt.date]]


class Register:
    """`end`: until when people have worked in the demo."""

    def __init__(self, *, seed: int, scale: str, end: dt.datetime):
        self.rng = random.Random(f"{seed}/pledges")
        self.scale, self.end, self.today = Decimal(scale), end, timezone.localdate(end)
        with open(HERE / "data" / "pledges.toml", "rb") as file:
            self.words = tomllib.load(file)
        self.syllables = read("traders")["syllables"]
        self.types = {type.code: type for type in PledgeType.objects.all()}
        people = {user.username: user for user in User.objects.select_related("agency")}
        self.clerk, self.head, self.system = people["pledges"], people["approver"], system_user().pk
        self.places = districts()
        self.home = next(place for place in self.places if place.agency == self.clerk.agency)
        self.taken: set[str] = set()
        self.lines: dict[str, list[str]] = defaultdict(list)

    @transaction.atomic
    def do(self) -> int:
        """Returns the number of premises."""
        units = [unit for year in range(min(UNITS), self.today.year + 1) for unit in self._cohort(year)]
        asked = [Unit(self.home, entry["type"], self.today) for entry in self.words["application"]]
        premises = self._write(units, asked)
        for entry, pk in zip(self.words["application"], premises, strict=True):
            self._apply(Premises.objects.get(pk=pk), entry)
        self._work()
        return Premises.objects.count()

    # the stock

    def _cohort(self, year: int) -> list[Unit]:
        """The units newly created in a year; of this year those up to today. Some of the clerk's expire soon."""
        ends = (self.today + days * DAY for days in EXPIRING)
        soon = deque(day for end in ends if (day := add_months(end + DAY, -36)).year == year)
        length = (dt.date(year + 1, 1, 1) - dt.date(year, 1, 1)).days
        weights, units = [place.weight for place in self.places], []
        for code, number in new_units(year, self.scale).items():
            for n in range(number):
                place = self.rng.choices(self.places, weights)[0]
                published_on = dt.date(year, 1, 1) + int(self.rng.random() * length) * DAY
                if soon and n < 4 and self.types[code].term_months == 36:
                    place, published_on = self.home, soon.popleft()
                if published_on <= self.today:
                    units.append(Unit(place, code, published_on))
        return units

    def _write(self, units: list[Unit], asked: list[Unit]) -> list[int]:
        """All by COPY; returns the premises of the applications."""
        with connection.cursor() as cursor:
            premises = self._premises([*units, *asked], cursor)
            lives = self._lives(units)
            ids = next_ids(cursor, "pledges_pledge", len(lives))
            for (position, code, life, previous), pk in zip(lives, ids, strict=True):
                previous_id = None if previous is None else ids[previous]
                if code == RETURNS and previous is None and self.rng.random() < WITH_LEDGER:
                    self._ledger(premises[position], life)
                self._pledge(pk, premises[position], units[position].place, code, life, previous_id)
            tables = {
                "registry_merchant": ("merchant", MERCHANT), "pledges_premises": ("premises", PREMISES),
                "pledges_pledge": ("pledge", PLEDGE), "pledges_suspension": ("suspension", SUSPENSION),
                "pledges_pledgeevent": ("event", EVENT), "pledges_returnentry": ("return", RETURN),
            }  # fmt: skip
            for table, (kind, columns) in tables.items():
                copy_lines(cursor, table, columns, self.lines[kind])
                cursor.execute(f"ANALYZE {table}")
        return premises[len(units) :]

    def _premises(self, units: list[Unit], cursor) -> list[int]:
        """Premises of shops belong to merchants of the district that the cases know, as far as there are any; those of
        other units to merchants of their own."""
        known = self._merchants()
        ids = next_ids(cursor, "pledges_premises", len(units))
        fresh = iter(next_ids(cursor, "registry_merchant", len(units)))
        now, used = self.end, {}
        for pk, unit in zip(ids, units, strict=True):
            street, place = self.rng.choice(unit.place.streets), unit.place
            shops = known[place.agency.pk]
            if unit.type in self.words["unit"] or not shops:
                merchant, (owner, name) = next(fresh), self._invented(unit.type, street)
                key = name_key(owner)
                self.lines["merchant"].append(copy_line([
                    merchant, now, now, owner, key, pinyin_key(key), "{}", place.agency.region_id, "", True,
                ]))  # fmt: skip
            else:
                merchant, owner = shops[0]
                shops.rotate(-1)
                used[merchant] = n = used.get(merchant, 0) + 1
                name = f"{owner}（{street}{n if n > 1 else ''}店）"
            address = f"{place.name}{street}{ROAD}{self.rng.randrange(1, 999)}号"
            self.lines["premises"].append(copy_line([
                pk, now, now, name[:200], name_key(name[:200]), address, "", place.agency.pk, merchant,
                place.agency.region_id,
            ]))  # fmt: skip
        return ids

    def _merchants(self) -> dict[int, deque]:
        """Verified merchants by the bureau of today's district: (id, name), in an order of their own."""
        codes = {place.agency.code: place.agency.pk for place in self.places}
        found: dict[int, deque] = {pk: deque() for pk in codes.values()}
        rows = Merchant.objects.filter(verified=True, region__isnull=False).order_by("pk")
        for pk, name, code in rows.values_list("pk", "name", "region__code"):
            district = code[:6]
            if (agency := codes.get(BUREAU.format(WENT_INTO.get(district, district)))) is not None:
                found[agency].append((pk, name))
        for merchants in found.values():
            self.rng.shuffle(merchants)
        return found

    def _invented(self, code: str, street: str) -> tuple[str, str]:
        """The names of a new merchant and of its premises."""
        while (word := "".join(self.rng.sample(self.syllables, 3))) in self.taken:
            pass
        self.taken.add(word)
        forms = self.words["unit"].get(code, self.words["unit"][SHOP])
        return tuple(forms[name].format(word=word, street=street) for name in ("merchant", "premises"))

    def _lives(self, units: list[Unit]) -> list[tuple[int, str, Life, int | None]]:
        """(position of the unit, type, life, position of the pledge that it takes up again): the first pledge of every
        unit, then what some of them took up again or added."""
        lives = [(n, unit.type, self._life(unit.type, unit.published_on), None) for n, unit in enumerate(units)]
        more: list[tuple[int, str, Life, int | None]] = []
        cross = {year: max(1, int(scaled(number, self.scale))) for year, number in CROSS_STORE.items()}
        for n, code, life, _previous in lives:
            if life.state == PledgeState.EXPIRED and self.rng.random() < TAKEN_UP_AGAIN:
                again = life.valid_to + self.rng.randrange(50, 300) * DAY
                if again <= self.today:
                    more.append((n, code, self._life(code, again), n))
            if code != RETURNS:
                continue
            if self.rng.random() < SECOND_TYPE:
                added = add_months(life.published_on, self.rng.randrange(13, 30))
                if added <= self.today:
                    more.append((n, "reassuring_unit", self._life("reassuring_unit", added), None))
            for year in cross:
                day = dt.date(year, self.rng.randrange(2, 12), self.rng.randrange(1, 28))
                stands = life.published_on.year < year and day < (life.ended_on or life.valid_to)
                if cross[year] and stands and day <= self.today:
                    cross[year] -= 1
                    more.append((n, "cross_store", self._life("cross_store", day), None))
                    break
        return lives + more

    def _life(self, code: str, published_on: dt.date) -> Life:
        rng, type = self.rng, self.types[code]
        applied_on = published_on - rng.randrange(15, 45) * DAY
        valid_to = last_day(published_on, type)
        admitted_on = published_on - rng.randrange(1, 10) * DAY
        acts = [
            Act(PledgeVerb.APPLY, PledgeState.APPLIED, applied_on, {"origin": Origin.FILE.value}),
            Act(PledgeVerb.ADMIT, PledgeState.ADMITTED, admitted_on, {}),
            Act(PledgeVerb.PUBLISH, PledgeState.IN_FORCE, published_on, {"valid_to": valid_to.isoformat()}),
        ]
        state, ended_on, terms, start, suspended = PledgeState.IN_FORCE, None, 1, published_on, []
        while True:
            over, fate = min(valid_to, self.today - DAY), rng.random()
            day = start + rng.randrange(30, type.term_months * 30 - 120) * DAY
            if fate < REVOKED + DEREGISTERED:
                if day <= over:
                    verb = PledgeVerb.REVOKE if fate < REVOKED else PledgeVerb.DEREGISTER
                    state = PledgeState.REVOKED if fate < REVOKED else PledgeState.DEREGISTERED
                    ended_on = day
                    acts.append(Act(verb, state, day, {}, self.words["ended"][verb]))
                    break
            elif fate < REVOKED + DEREGISTERED + SUSPENDED:
                until = day + rng.randrange(7, 30) * DAY
                if until <= over:
                    suspended.append((day, until))
                    acts.append(Act(PledgeVerb.SUSPEND, PledgeState.SUSPENDED, day, {}, self.words["note"]["suspend"]))
                    acts.append(Act(PledgeVerb.REINSTATE, PledgeState.IN_FORCE, until, {}))
            if valid_to >= self.today:
                break
            if rng.random() >= (RENEWED if valid_to.year < 2023 else RENEWED_FROM_2023):
                state = PledgeState.EXPIRED
                acts.append(Act(PledgeVerb.EXPIRE, state, valid_to + DAY, {}))
                break
            on, start = valid_to - rng.randrange(3, 80) * DAY, valid_to + DAY
            valid_to, terms = add_months(start, type.term_months) - DAY, terms + 1
            acts.append(Act(PledgeVerb.RENEW, state, on, {"valid_to": valid_to.isoformat()}))
        return Life(applied_on, published_on, valid_to, ended_on, state, terms, acts, suspended)

    def _pledge(
        self, pk: int, premises: int, place: Place, code: str, life: Life, previous: int | None
    ) -> None:
        promise, entered = self._promise(code), at(life.applied_on)
        self.lines["pledge"].append(copy_line([
            pk, entered, entered, premises, self.types[code].pk, place.agency.pk, life.state, Origin.FILE.value, "",
            life.applied_on, *(promise[field] for field in PromiseField.values), life.published_on, life.valid_to,
            life.ended_on, life.terms, f"演示{life.published_on.year}-{pk:06d}", Level.DISTRICT.value, Pool.NONE.value,
            "", previous, "", "",
        ]))  # fmt: skip
        reason = self.words["note"]["suspend"]
        self.lines["suspension"] += [copy_line([pk, since, until, reason]) for since, until in life.suspended]
        before = ""
        for act in life.acts:
            data = {"on": act.on.isoformat()} | act.data
            if act.verb == PledgeVerb.APPLY:
                data["previous"] = previous
            self.lines["event"].append(
                copy_line([pk, act.verb, before, act.after, self.system, at(act.on), act.note, data])
            )
            before = act.after

    def _ledger(self, premises: int, life: Life) -> None:
        """The returns of each whole month of a pledge, entered on the first day after it."""
        month, end = add_months(life.published_on.replace(day=1), 1), life.ended_on or life.valid_to + DAY
        while (after := add_months(month, 1)) <= min(end, self.today):
            count = self.rng.randint(*RETURNS_A_MONTH)
            amount = Decimal(count * self.rng.randint(*(100 * yuan for yuan in YUAN_A_RETURN))) / 100
            self.lines["return"].append(copy_line([at(after), at(after), premises, month, count, amount, self.system]))
            month = after

    def _promise(self, code: str) -> dict:
        """All parts of a promise as they are stored."""
        words, rng = self.words["promise"], self.rng
        parts = {field: "" for field in PromiseField.values} | {"days": None, "refund_days": None, "fund": None}
        needs = self.types[code].needs
        if "days" in needs:
            parts |= {"days": rng.choice((7, 7, 7, 10, 15, 30)), "goods": rng.choice(words["goods"]),
                      "excluded": words["excluded"], "condition": words["condition"], "proof": words["proof"]}
        if "freight" in needs:
            parts["freight"] = rng.choice((Freight.CONSUMER, Freight.MERCHANT)).value
        if "refund_days" in needs:
            parts["refund_days"] = rng.choice((3, 7))
        if "cross_store" in needs:
            parts["cross_store"] = words["cross_store"]
        if "statement" in needs:
            parts["statement"] = words["statement"][code]
        return parts

    # what is in hand

    def _apply(self, premises: Premises, entry: dict) -> None:
        day = self.today - entry["days_ago"] * DAY
        type = self.types[entry["type"]]
        promise = {name: value for name, value in self._promise(type.code).items() if value not in (None, "")}
        pledge = apply_for(premises, type, promise=promise, applied_on=day, actor=self.clerk, now=at(day))
        for n in range(entry.get("opinions", 0)):
            stage, on = next_stage(pledge), day + (n + 1) * DAY
            body, person = self.words["opinion"][stage]
            favourable = not entry.get("against", False)
            text = self.words["opinion"]["favourable" if favourable else "unfavourable"]
            act_on_pledge(
                pledge, PledgeVerb.OPINE, actor=self.clerk, now=at(on), stage=stage, text=text, body=body,
                person=person, given_on=on, favourable=favourable,
            )  # fmt: skip
        if decided := entry.get("decided"):
            actor = self.clerk if decided == PledgeVerb.WITHDRAW else self.head
            note = self.words["note"].get(decided, "")
            act_on_pledge(pledge, decided, actor=actor, now=at(day + 6 * DAY), note=note)

    def _work(self) -> None:
        """Corrections under way and late, evaluations, a suspension and a warning in the clerk's district."""
        rows = Pledge.objects.filter(
            agency=self.clerk.agency, state=PledgeState.IN_FORCE, published_on__lt=self.today - 400 * DAY,
            valid_to__gt=self.today + 100 * DAY,
        )  # fmt: skip
        notes = self.words["note"]
        acts = (
            *((PledgeVerb.RECTIFY, self.clerk, days, {"note": notes["rectify"]}) for days in (60, 45, 8, 5, 2)),
            (PledgeVerb.SUSPEND, self.head, 9, {"note": notes["suspend"]}),
            (PledgeVerb.WARN, self.clerk, 6, {"note": notes["warn"]}),
            *((PledgeVerb.EVALUATE, self.clerk, 4, {
                "year": self.today.year - 1, "result": "confirmed", "note": notes["evaluate"],
            }) for _n in range(4)),
        )  # fmt: skip
        chosen = rows.order_by("-published_on", "pk")[: len(acts)]
        for (verb, actor, days, data), pledge in zip(acts, chosen, strict=False):
            day = self.today - days * DAY
            try:
                act_on_pledge(pledge, verb, actor=actor, now=at(day), on=day, **data)
            except DomainError:  # such as a renewal after that day: this one is left as it is
                continue


@functools.cache
def at(day: dt.date) -> dt.datetime:
    """When the act of a day was done."""
    return timezone.make_aware(dt.datetime.combine(day, TEN))


def has_been_done() -> bool:
    """Whether the register has any premises; then the demo adds nothing."""
    return Premises.objects.exists()
