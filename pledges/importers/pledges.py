"""Rows of a register of pledges: who promises what at which premises, since when, and how it ended."""

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from functools import partial

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.importers.engine import Options
from cases.importers.plain import ConvertedRows, Entry, PlainRow, PlainTarget, reach
from cases.importers.rows import RowRejected
from core.dates import add_months
from core.importing.values import parse_amount
from core.working_days import DAY
from pledges.domain.imported import (
    APPLIED,
    ENDS,
    EXPIRED,
    IN_FORCE,
    SUSPENDED,
    ImportedPledge,
    Stored,
    Unit,
    lock_units,
    states_of_pledges,
    stored_pledges,
    suspended_days,
    units_of,
    unverified,
    write_pledges,
)
from pledges.enums import Freight, PromiseField
from pledges.importers.naming import as_bad, read_merchant, read_premises, read_region
from pledges.models import PledgeType
from registry.domain import Directory
from registry.domain.directory import spelling
from registry.domain.merchants import MerchantKey, Places, find_merchants, resolve_merchants
from registry.enums import AgencyKind
from registry.models import Agency, Region

LEAST_DAYS = 7
MOST_TERMS = 99
WHOLE = re.compile(r"(\d{1,4})(?:个?(?:自然)?[天日]内?|期)?")
PERIOD = ("applied_on", "published_on", "valid_to", "suspended_on", "ended_on")
PARTS = ("goods", "excluded", "condition", "proof", "cross_store", "statement")
KEEPERS = (AgencyKind.BUREAU, AgencyKind.STATION, AgencyKind.COUNCIL)


@dataclass
class Shared:
    directory: Directory
    types: dict[str, list[PledgeType]]  # by each spelling of code, name and alias
    type_ids: dict[int, PledgeType]
    regions: dict[int, Region]
    bureaus: list[tuple[int, int]]  # region and id of the bureaus that there are today
    places: Places
    agency: Agency
    within: frozenset[int] | None
    today: dt.date
    keepers: dict[int, int]  # by region, remembered

    def reaches(self, agency_id: int) -> bool:
        return self.within is None or agency_id in self.within

    def keeper(self, region_id: int) -> int:
        """The bureau of that place, or of the one around it, if the importing agency imports for it; else that agency."""
        found = self.keepers.get(region_id)
        if found is None:
            found = self.keepers[region_id] = self._keeper(region_id)
        return found

    def _keeper(self, region_id: int | None) -> int:
        while region_id is not None:
            here = self.places.here(region_id, self.bureaus)
            if len(here) == 1 and self.reaches(here[0]):
                return here[0]
            region_id = self.regions[region_id].parent_id
        return self.agency.pk


@dataclass(slots=True)
class Said:
    """What a row says: the pledge, and by what it names merchant, premises and keeper."""

    pledge: ImportedPledge
    merchant: MerchantKey
    name: str
    name_key: str
    region_id: int
    address: str
    agency_id: int | None


class PledgeTarget(PlainTarget):
    name = "pledges"
    fields = frozenset({
        "external_number", "type", "merchant", "merchant_code", "premises", "region", "address", "agency", "state",
        "reason", "terms", "plaque", "days", "freight", "refund_days", "fund", *PERIOD, *PARTS,
    })  # fmt: skip
    key_field = "external_number"
    analyzed = ("pledges_premises", "pledges_pledge", "pledges_pledgeevent", "registry_merchant")
    needed = (Region, PledgeType)
    limits = {
        "external_number": 80, "type": 60, "merchant": 200, "premises": 200, "region": 120, "address": 300, "agency": 160,
        "reason": 500, "plaque": 40, "proof": 200,
    }  # fmt: skip
    numbers = frozenset({"external_number", "merchant_code", "plaque"})
    moments = frozenset(PERIOD)
    codes = {
        "state": frozenset({APPLIED, IN_FORCE, SUSPENDED, EXPIRED, *ENDS}),
        "freight": frozenset(Freight.values),
    }

    @classmethod
    def load(cls, options: Options) -> Shared:
        types: dict[str, list[PledgeType]] = {}
        every = list(PledgeType.objects.all())
        for type in every:
            for written in {spelling(text) for text in (type.code, type.name, type.name_en, *type.aliases)}:
                types.setdefault(written, []).append(type)
        today = timezone.localdate()
        bureaus = Agency.objects.filter(kind=AgencyKind.BUREAU, region__isnull=False).order_by("pk")
        standing = [one for one in bureaus if one.valid_to is None or today < one.valid_to]
        with connection.cursor() as cursor:
            places = Places(cursor)
        return Shared(
            Directory.load(), types, {type.pk: type for type in every}, Region.objects.in_bulk(),
            [(agency.region_id, agency.pk) for agency in standing], places, options.agency, reach(options.agency),
            today, {},
        )  # fmt: skip

    # in a worker

    def build(self, row: PlainRow) -> Said:
        row.required("external_number", _("The row has no number, so it could not be found again."))
        row.required("state", _("The row does not say how the pledge stands."))
        pledge = ImportedPledge(
            0, row.number("external_number"), 0, row.code("state"), *self._days(row), self._terms(row),
            row.number("plaque"), row["reason"], {},
        )  # fmt: skip
        self._check_days(row, pledge)
        day = pledge.published_on or pledge.applied_on
        type = self._type(row, pledge.applied_on or day)
        pledge.type_id, pledge.promise = type.pk, self._promise(row, type)
        region = read_region(row, self.shared.directory, [day, pledge.applied_on or day, self.shared.today])
        merchant = read_merchant(row, region)
        return Said(pledge, merchant, *read_premises(row), region.pk, row["address"], self._agency(row))

    @staticmethod
    def _days(row: PlainRow) -> list[dt.date | None]:
        """Application, publication, last day, end and suspension; only the last day of a term can lie ahead."""
        names = ("applied_on", "published_on", "valid_to", "ended_on", "suspended_on")
        return [row.day(name, ahead=name == "valid_to") for name in names]

    def _terms(self, row: PlainRow) -> int:
        """0 where the row does not say."""
        if not row["terms"]:
            return 0
        terms = self._whole(row, "terms")
        if not 1 <= terms <= MOST_TERMS:
            raise row.bad("terms", "number", _("A pledge has from 1 to %(most)d terms.") % {"most": MOST_TERMS})
        return terms

    @staticmethod
    def _whole(row: PlainRow, name: str) -> int:
        match = WHOLE.fullmatch(unicodedata.normalize("NFKC", row[name]))
        if not match or not match[1].isascii():
            raise row.bad(name, "number", _("Not a whole number. Write it in digits, such as 7."))
        return int(match[1])

    def _check_days(self, row: PlainRow, pledge: ImportedPledge) -> None:
        if pledge.stated == APPLIED:
            self._check_application(row, pledge)
            return
        if pledge.published_on is None:
            message = _("What is or was in force was published on some day. Add it, or correct the state.")
            raise row.bad("published_on", "required", message)
        if pledge.applied_on is not None and pledge.applied_on > pledge.published_on:
            raise row.bad("applied_on", "date_order", _("The application would come after the publication."))
        if pledge.valid_to is not None and pledge.valid_to < pledge.published_on:
            raise row.bad("valid_to", "date_order", _("The pledge would end before it was published. Correct the dates."))
        self._check_end(row, pledge)
        if pledge.suspended_on is not None:
            if pledge.stated != SUSPENDED:
                raise row.bad("suspended_on", "state", _("Only what is suspended has the day of a suspension."))
            if pledge.suspended_on < pledge.published_on:
                raise row.bad("suspended_on", "date_order", _("The suspension would begin before the publication."))

    @staticmethod
    def _check_application(row: PlainRow, pledge: ImportedPledge) -> None:
        if pledge.applied_on is None:
            raise row.bad("applied_on", "required", _("An application has its day."))
        for name in ("published_on", "valid_to", "ended_on", "suspended_on", "terms", "plaque"):
            if row[name]:
                message = _("An application that is under review has nothing of the kind yet. Correct it, or the state.")
                raise row.bad(name, "state", message)

    @staticmethod
    def _check_end(row: PlainRow, pledge: ImportedPledge) -> None:
        if pledge.stated in ENDS:
            if pledge.ended_on is None:
                message = _("What was revoked or deregistered has the day on which it ended.")
                raise row.bad("ended_on", "required", message)
            if pledge.ended_on < pledge.published_on:
                message = _("The pledge would end before it was published. Correct the dates.")
                raise row.bad("ended_on", "date_order", message)
        elif pledge.ended_on is not None:
            message = _("Only what was revoked or deregistered has a day of its end. Correct the state or the day.")
            raise row.bad("ended_on", "state", message)

    def _type(self, row: PlainRow, day: dt.date) -> PledgeType:
        written = row.required("type", _("The row does not say what kind of pledge it is."))
        named = self.shared.types.get(spelling(written), [])
        then = [
            type for type in named
            if (type.valid_from is None or type.valid_from <= day) and (type.valid_to is None or day < type.valid_to)
        ]  # fmt: skip
        if len(then) == 1:
            return then[0]
        if named and not then:
            raise row.bad("type", "type", _("Pledges of this type were not taken on %(day)s.") % {"day": day})
        message = _("There is no type of pledge of this code, name or alias. Correct it, or add the alias to its type.")
        raise row.bad("type", "type", message)

    def _promise(self, row: PlainRow, type: PledgeType) -> dict:
        promise: dict[str, object] = {name: row[name] for name in PARTS if row[name]}
        for name in ("days", "refund_days"):
            if row[name]:
                promise[name] = self._whole(row, name)
        least = type.least_days or LEAST_DAYS
        if promise.get("days", least) < least:
            message = _("Goods are taken back for %(least)d days at least, not %(days)d.")
            raise row.bad("days", "days", message % {"least": least, "days": promise["days"]})
        if row["freight"]:
            promise["freight"] = row.code("freight")
        if (fund := as_bad(row, "fund", parse_amount)) is not None:
            promise["fund"] = fund
        promise = {name: value for name, value in promise.items() if value != ""}
        for name in type.needs:
            if name not in promise:
                column = self.header(name) if name in self.source.columns else str(PromiseField(name).label)
                row.warnings.append(("promise", column, type.name))
        return promise

    def _agency(self, row: PlainRow) -> int | None:
        if not row["agency"]:
            return None
        agency = self.shared.directory.agency(row["agency"], self.shared.today)
        if agency is None or agency.kind not in KEEPERS:
            message = _("There is no bureau, station or council of this name today. Name the one that keeps it now.")
            raise row.bad("agency", "agency", message)
        if not self.shared.reaches(agency.pk):
            raise row.bad("agency", "agency", _("This agency is not one of the importing agency's."))
        return agency.pk

    def keys(self, said: Said) -> tuple:
        number = said.pledge.external_number
        return (number,) if self.source.key_hash(number) in self.source.duplicate_keys else ()

    # in the main process

    def write(self, cursor, converted: ConvertedRows) -> None:
        resolver = Resolver(cursor, self, converted.entries)
        good = resolver.resolve(converted)
        message = _("This number stands in the file before; the first row was taken. Remove one of them.")
        self.write_firsts(
            converted, good, partial(self._write, cursor, converted, resolver.stored), message, "external_number",
            lambda said: said.pledge.external_number,
        )  # fmt: skip

    def _write(self, cursor, converted: ConvertedRows, stored: dict[str, Stored], entries: list[Entry]) -> None:
        by_line = {entry.line: entry for entry in entries}
        written = write_pledges(
            cursor, [entry.item.pledge for entry in entries], stored, source=self.profile.source,
            file_id=self.file.pk, actor=self.run.user, now=self.now, today=self.shared.today,
        )  # fmt: skip
        for line, reason in sorted(written.overlapping.items()):
            entry = by_line.pop(line)
            column = "published_on" if entry.item.pledge.published_on else "type"
            self.give_up(converted, entry, self.row(entry).bad(column, "overlap", reason))
        regions = self.shared.regions
        for entry in by_line.values():
            pledge = entry.item.pledge
            converted.control.add(kind=pledge.state, region=regions[pledge.unit.region_id].code)
            for rule, column, value in entry.warnings:
                converted.warn(rule, column, value, entry.line)
        for pledge in written.early:
            converted.warn("early", self.header("external_number"), pledge.external_number, pledge.line)
        for pledge in written.differing:
            converted.warn("pledge", self.header("external_number"), pledge.external_number, pledge.line)
        for state, code, rows in states_of_pledges(cursor, written.ids):
            converted.stored.add(kind=state, region=code, rows=rows)
        converted.counts.update(
            created=written.created, updated=written.updated, unchanged=written.unchanged,
            differing=len(written.differing),
        )  # fmt: skip


class Resolver:
    """The merchants and premises that the rows of a chunk name, and the pledges of their numbers, locked."""

    def __init__(self, cursor, target: PledgeTarget, entries: list[Entry]):
        self.target, self.shared, self.entries = target, target.shared, entries
        self.made: set[MerchantKey] = set()  # with a code that no merchant had
        self.merchants = self._merchants(cursor, {entry.item.merchant for entry in entries})
        merchants = set(self.merchants.values())
        self.unverified = unverified(cursor, merchants)
        self.units: dict[tuple, list[Unit]] = dict(units_of(cursor, merchants))
        for entry in entries:
            entry.item.pledge.line = entry.line
            entry.item.pledge.unit = self._unit(entry.item, entry.line)
        numbers = [entry.item.pledge.external_number for entry in entries]
        known = {entry.item.pledge.unit.id for entry in entries} - {0}
        lock_units(cursor, known, target.profile.source, numbers)
        self.stored = stored_pledges(cursor, target.profile.source, numbers)
        self.kept = {unit.id: unit for units in self.units.values() for unit in units if unit.id}

    def _merchants(self, cursor, wanted: set[MerchantKey]) -> dict[MerchantKey, int]:
        """Those that there are. Rows that give a merchant's code make it known to the rows beside them that only name it,
        as they do to later ones."""
        found = find_merchants(cursor, wanted)
        self.made = {key for key in wanted - found.keys() if key[0]}
        named = {key for key in wanted - found.keys() if not key[0]}
        names = {key[1] for key in named}
        if coded := {key for key in wanted - found.keys() if key[0] and key[1] in names}:
            found |= resolve_merchants(cursor, coded, now=self.target.now)
            found |= find_merchants(cursor, named)
        return found

    def _unit(self, said: Said, line: int) -> Unit:
        """The premises of that name of the merchant at that place, whatever day's map the two stand on; else new ones."""
        merchant_id, (code, name_key, region_id, _name) = self.merchants.get(said.merchant, 0), said.merchant
        who = merchant_id or code or (name_key, region_id)  # one that is not there yet is told apart as it will be
        named = self.units.setdefault((who, said.name_key), [])
        located = [(unit.region_id, index) for index, unit in enumerate(named)]
        if here := self.shared.places.here(said.region_id, located):
            unit = named[here[0]]
            unit.address = unit.address or said.address
            return unit
        keeper = said.agency_id or self.shared.keeper(said.region_id)
        unit = Unit(
            0, merchant_id, said.name_key, said.region_id, keeper, said.name, said.address, line, said.merchant
        )
        named.append(unit)
        return unit

    def resolve(self, converted: ConvertedRows) -> list[Entry]:
        """The rows that can be taken as far as it is known; the others are rejected."""
        resolved = []
        for entry in self.entries:
            try:
                self._settle(entry, self.stored.get(entry.item.pledge.external_number))
            except RowRejected as bad:
                self.target.refuse(converted, entry, bad)
            else:
                resolved.append(entry)
        return resolved

    def _settle(self, entry: Entry, found: Stored | None) -> None:
        said, row, header = entry.item, self.target.row(entry), self.target.header
        pledge = said.pledge
        here = self.kept.get(found.premises_id) if found is not None else None
        if here is not None and not pledge.unit.id:
            # of that merchant, and known under another name or elsewhere: renamed or corrected, there or here
            pledge.unit = here
            column = "premises" if row["premises"] else "merchant"
            entry.warnings.append(("premises", header(column), said.name))
        self._check_keeper(said, row, found, entry)
        if rule := self._how_known(said.merchant):
            entry.warnings.append((rule, header("merchant"), said.merchant[3]))
        pledge.state = pledge.stated
        if pledge.stated != APPLIED:
            self._settle_days(pledge, row, found, entry)
            self._settle_state(pledge, row, entry)
        if found is not None:
            pledge.plaque = pledge.plaque or found.plaque
        known = pledge.suspended_on is not None or (found is not None and found.state == SUSPENDED)
        if pledge.state == SUSPENDED and not known:
            entry.warnings.append(("suspension", header("state"), row["state"]))
        pledge.suspensions = suspended_days(pledge, found, self.shared.today)

    def _how_known(self, key: MerchantKey) -> str:
        """The rule of the warning that a merchant takes: it is not verified, it is made, or only name and district tell
        which it is; "" for one whose code was known."""
        merchant = self.merchants.get(key)
        if merchant in self.unverified or (merchant is None and key[0] is None):
            return "merchant"
        if key in self.made:
            return "merchant_made"
        return "" if key[0] else "merchant_named"

    def _check_keeper(self, said: Said, row: PlainRow, found: Stored | None, entry: Entry) -> None:
        agency_id = said.pledge.unit.agency_id
        if not self.shared.reaches(agency_id) or (found is not None and not self.shared.reaches(found.agency_id)):
            message = _("These premises are kept by an agency that is not one of the importing agency's.")
            raise row.bad("premises" if row["premises"] else "merchant", "agency", message)
        if said.agency_id and said.agency_id != agency_id:
            entry.warnings.append(("keeper", self.target.header("agency"), row["agency"]))

    def _settle_days(self, pledge: ImportedPledge, row: PlainRow, found: Stored | None, entry: Entry) -> None:
        """What the cells leave open: by what is stored, else by the rules of the type."""
        before = found if found is not None and found.published_on is not None else None
        if pledge.applied_on is None:
            pledge.applied_on = min(found.applied_on, pledge.published_on) if found else pledge.published_on
        terms = pledge.terms or (before.terms if before else 1)
        if pledge.valid_to is None and before and (before.published_on, before.terms) == (pledge.published_on, terms):
            pledge.valid_to = before.valid_to
        pledge.terms, months = terms, self.shared.type_ids[pledge.type_id].term_months
        if pledge.valid_to is None:
            try:
                pledge.valid_to = add_months(pledge.published_on, terms * months) - DAY
            except (ValueError, OverflowError):
                raise row.bad("terms", "number", _("So many terms end beyond all dates. Correct their number.")) from None
        elif terms > 1 and add_months(pledge.published_on, (terms - 1) * months) > pledge.valid_to:
            # the day may be that of the last term alone, and a unit counts as new by the first
            entry.warnings.append(("terms", self.target.header("published_on"), row["published_on"]))

    def _settle_state(self, pledge: ImportedPledge, row: PlainRow, entry: Entry) -> None:
        over = pledge.valid_to < self.shared.today
        if pledge.stated in ENDS:
            if pledge.ended_on > pledge.valid_to:
                message = _("The term was over on %(day)s already. Correct a date, or give the pledge as expired.")
                raise row.bad("ended_on", "date_order", message % {"day": pledge.valid_to})
        elif pledge.stated == EXPIRED:
            if not over:
                message = _("The term runs until %(day)s, so it is not over yet. Correct the last day or the state.")
                column = "valid_to" if row["valid_to"] else "state"
                raise row.bad(column, "date.future", message % {"day": pledge.valid_to})
        elif over:
            pledge.state = EXPIRED
            entry.warnings.append(("expired", self.target.header("state"), row["state"]))
        if pledge.suspended_on is not None and pledge.suspended_on > pledge.valid_to:
            message = _("The term was over on %(day)s already. Correct a date.")
            raise row.bad("suspended_on", "date_order", message % {"day": pledge.valid_to})
