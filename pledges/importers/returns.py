"""Rows of the returns ledger: what a store took back in a month. They make no merchant, premises or pledge."""

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.importers.engine import CHUNK_ROWS, Options
from cases.importers.plain import ConvertedRows, Entry, PlainRow, PlainTarget, reach
from cases.importers.rows import RowRejected
from cases.models import ImportReject
from core.importing.values import EARLIEST, parse_amount
from pledges.domain.imported import unverified
from pledges.domain.imported_returns import ImportedReturns, Unit, returns_of, units_named, write_returns
from pledges.domain.returns import MOST
from pledges.importers.naming import as_bad, read_merchant, read_premises, read_region
from pledges.models import PledgeType
from registry.domain import Directory
from registry.domain.merchants import MerchantKey, Places, find_merchants
from registry.models import Region

KIND = "returns"
MONTH = re.compile(r"(\d{4})(?:\s*(?:[-/]|年)\s*(\d{1,2})\s*月?|\.?(\d{2}))")
COUNT = re.compile(r"(-?)(\d{1,3}(?:,\d{3})+|\d+)(?:\.0+)?\s*[件次笔]?")


@dataclass
class Shared:
    directory: Directory
    codes: dict[int, str]  # of regions, by id
    places: Places
    within: frozenset[int] | None
    today: dt.date


@dataclass(slots=True)
class Said:
    """What a row says: the returns, and by what it names the premises. Without a region, a code names the merchant."""

    returns: ImportedReturns
    merchant: MerchantKey
    name_key: str
    region_id: int | None
    code: str = ""  # of the region of the premises, once these are found


class ReturnTarget(PlainTarget):
    name = "returns"
    fields = frozenset({"merchant", "merchant_code", "premises", "region", "month", "count", "amount"})
    key_field = "merchant"
    analyzed = ("pledges_returnentry",)
    needed = (Region, PledgeType)
    limits = {"merchant": 200, "premises": 200, "region": 120}
    numbers = frozenset({"merchant_code"})
    moments = frozenset({"month"})

    @classmethod
    def load(cls, options: Options) -> Shared:
        with connection.cursor() as cursor:
            places = Places(cursor)
        codes = dict(Region.objects.values_list("pk", "code"))
        return Shared(Directory.load(), codes, places, reach(options.agency), timezone.localdate())

    # in a worker

    def build(self, row: PlainRow) -> Said:
        month = self._month(row)
        count, amount = self._count(row), self._amount(row)
        if amount and not count:
            message = _("Where nothing was taken back, the amount is zero. Correct one of the two.")
            raise row.bad("amount", "count", message)
        region = None
        if row["region"]:
            region = read_region(row, self.shared.directory, [month, self.shared.today])
        merchant = read_merchant(row, region)
        if merchant[0] is None and region is None:
            message = _(
                "Without a valid credit code, only name and district together tell which merchant it is. Add the code or "
                "the district."
            )
            raise row.bad("merchant", "merchant", message)
        key = read_premises(row)[1]
        return Said(ImportedReturns(0, month, count, amount), merchant, key, region and region.pk)

    def _month(self, row: PlainRow) -> dt.date:
        written = row.required("month", _("The row does not say of which month the returns are."))
        match = MONTH.fullmatch(unicodedata.normalize("NFKC", written))
        if match:
            year, number = int(match[1]), int(match[2] or match[3])
            if not (EARLIEST.year <= year and 1 <= number <= 12):
                raise row.bad("month", "date.impossible", _("There is no such month. Write it as 2020-05."))
            month = dt.date(year, number, 1)
        else:
            day = row.day("month")
            if day is None:
                raise row.bad("month", "required", _("The row does not say of which month the returns are."))
            month = day.replace(day=1)
        if month > self.shared.today:
            raise row.bad("month", "date.future", _("The month lies in the future. Correct it in the source."))
        return month

    @staticmethod
    def _count(row: PlainRow) -> int:
        written = row.required("count", _("The row does not say how often goods were taken back; write 0 for never."))
        match = COUNT.fullmatch(unicodedata.normalize("NFKC", written))
        if not match or not match[2].isascii():
            raise row.bad("count", "count", _("Not a whole number of returns. Write it in digits, such as 12."))
        if match[1]:
            raise row.bad("count", "count", _("The number of returns is negative. Correct it in the source."))
        digits = match[2].replace(",", "")
        if len(digits) > 12 or int(digits) >= MOST:
            message = _("The number of returns is above %(limit)s. Check whether a number of another kind stands here.")
            raise row.bad("count", "count", message % {"limit": f"{MOST:,}"})
        return int(digits)

    @staticmethod
    def _amount(row: PlainRow) -> Decimal:
        row.required("amount", _("The row does not say how much was paid back; write 0 for nothing."))
        amount = as_bad(row, "amount", parse_amount)
        if amount is None:
            raise row.bad("amount", "required", _("The row does not say how much was paid back; write 0 for nothing."))
        return amount

    # in the main process

    def keys(self, said: Said) -> tuple:
        return (said.returns.identity,)

    def skip(self, rows) -> None:
        """The premises of rows that were written, since one may be named in several ways."""
        refused = set(ImportReject.objects.filter(file=self.file).values_list("line", flat=True))
        while chunk := list(islice(rows, CHUNK_ROWS)):
            converted = self.convert(chunk, None)
            converted.entries = [entry for entry in converted.entries if entry.line not in refused]
            with connection.cursor() as cursor:
                for entry in self._resolved(cursor, converted):
                    self.take(*self.keys(entry.item))

    def write(self, cursor, converted: ConvertedRows) -> None:
        good = self._resolved(cursor, converted)
        message = _("This month of these premises stands in the file before; the first row was taken. Remove one.")
        entries = self.firsts(converted, good, message, "month", lambda said: f"{said.returns.month:%Y-%m}")
        written = write_returns(
            cursor, [entry.item.returns for entry in entries], file_id=self.file.pk, actor=self.run.user, now=self.now
        )
        by_line = {entry.line: entry for entry in entries}
        for entry in entries:
            said = entry.item
            converted.control.add(kind=KIND, region=said.code, amounts={"returned": said.returns.amount})
            for rule, column, value in entry.warnings:
                converted.warn(rule, column, value, entry.line)
        for returns in written.differing:
            row = self.row(by_line[returns.line])
            converted.warn("returns", self.header("month"), f"{row['merchant']} {returns.month:%Y-%m}", returns.line)
        for code, rows, amount in returns_of(cursor, written.ids):
            converted.stored.add(kind=KIND, region=code, rows=rows, amounts={"returned": amount})
        counts = converted.counts
        counts["created"], counts["updated"] = written.created, written.updated
        counts["unchanged"], counts["differing"] = written.unchanged, len(written.differing)

    def _resolved(self, cursor, converted: ConvertedRows) -> list[Entry]:
        """The rows of premises that there are; the others are rejected."""
        said = [entry.item for entry in converted.entries]
        merchants = find_merchants(cursor, {one.merchant for one in said})
        named = {pk for key, pk in merchants.items() if not key[0]}
        verified = named - unverified(cursor, named)
        units = units_named(cursor, set(merchants.values()), {one.name_key for one in said})
        good = []
        for entry in converted.entries:
            try:
                unit = self._unit(entry, merchants, units)
            except RowRejected as bad:
                self.refuse(converted, entry, bad)
                continue
            entry.item.returns.premises_id, entry.item.returns.line = unit.id, entry.line
            entry.item.code = self.shared.codes[unit.region_id]
            merchant = entry.item.merchant
            if merchant[0] is None and merchants[merchant] in verified:
                entry.warnings.append(("merchant_named", self.header("merchant"), merchant[3]))
            good.append(entry)
        return good

    def _unit(self, entry: Entry, merchants: dict[MerchantKey, int], units: dict[tuple[int, str], list[Unit]]) -> Unit:
        said, row, within = entry.item, self.row(entry), self.shared.within
        merchant = merchants.get(said.merchant)
        if merchant is None:
            if said.merchant[0]:
                message = _("There is no merchant of this credit code. Import its pledge first.")
                raise row.bad("merchant_code", "merchant", message)
            message = _(
                "There is no merchant of this name in this district, or not one alone. Give its credit code, or import "
                "its pledge first; a namesake elsewhere is never taken for it."
            )
            raise row.bad("merchant", "merchant", message)
        column = "premises" if row["premises"] else "merchant"
        named = [unit for unit in units.get((merchant, said.name_key), ()) if within is None or unit.agency_id in within]
        here = named
        if said.region_id is not None:
            ids = set(self.shared.places.here(said.region_id, [(unit.region_id, unit.id) for unit in named]))
            here = [unit for unit in named if unit.id in ids]
        if not here:
            message = _("The merchant has no premises of this name there. Write it as in the register of pledges.")
            raise row.bad(column, "premises", message)
        if len(here) > 1:
            message = _("The merchant has several premises of this name. Give the district.")
            raise row.bad(column, "premises", message)
        unit = here[0]
        if unit.first_month is None:
            message = _(
                "No pledge by which goods are taken back was ever published for these premises. Import the pledge first, "
                "or correct the name."
            )
            raise row.bad(column, "pledge", message)
        if said.returns.month < unit.first_month:
            message = _("The first return pledge of these premises was published in %(month)s. Correct the month.")
            raise row.bad("month", "date_order", message % {"month": f"{unit.first_month:%Y-%m}"})
        return unit
