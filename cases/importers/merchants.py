"""Rows of merchants: found by credit code, else by name and region; taken as verified."""

import re
from dataclasses import dataclass, field

from django.utils import timezone
from django.utils.translation import gettext as _

from cases.importers.engine import Converted, Options, Target, Totals
from cases.importers.rows import RowRejected
from cases.models import ImportRun
from core.importing.report import BadRow
from core.importing.values import cell_text, parse_credit_code
from core.text import clean_cell, name_key
from registry.domain import Directory
from registry.models import Industry, Merchant, Region

LIMITS = {"name": 200, "address": 300, "aliases": 200}
UPDATABLE = ("name", "name_key", "aliases", "region_id", "address", "industry_id", "verified", "updated_at")


def _identity(merchant: Merchant):
    """What tells merchants apart: the credit code, else the normalised name and the place."""
    return merchant.credit_code or (merchant.name_key, merchant.region_id)


@dataclass
class ConvertedMerchants(Converted):
    merchants: list[tuple[Merchant, int, list]] = field(default_factory=list)


class MerchantTarget(Target):
    name = "merchants"
    fields = frozenset({"name", "credit_code", "aliases", "region", "address", "industry"})
    key_field = "name"
    tables = ("registry_merchant",)

    def __init__(self, *args):
        super().__init__(*args)
        self.taken: set = set()
        self.codes = dict(Region.objects.values_list("pk", "code"))

    @classmethod
    def load(cls, options: Options):
        return Directory.load(), {industry.code: industry.pk for industry in Industry.objects.all()}

    def skip(self, rows) -> None:
        for merchant, _line, _raw in self.convert(list(rows), None).merchants:
            self.taken.add(_identity(merchant))

    def convert(self, chunk: list, answer: None) -> "ConvertedMerchants":
        converted = ConvertedMerchants()
        converted.counts["rows"] = len(chunk)
        for row in chunk:
            if isinstance(row, BadRow):
                converted.reject(row.line, row.rule, row.reason, row.cells or [row.raw])
                continue
            line, raw = row
            cells = [clean_cell(cell_text(cell)) for cell in raw]
            try:
                converted.merchants.append((self._build(line, cells, converted), line, raw))
            except RowRejected as bad:
                converted.reject(line, bad.rule, bad.message, raw, bad.column, bad.value)
        return converted

    def _cell(self, cells: list[str], name: str) -> str:
        index = self.source.columns.get(name)
        return (cells[index] if index is not None else "") or self.profile.constants.get(name, "")

    def _header(self, name: str) -> str:
        index = self.source.columns.get(name)
        return self.source.header[index] if index is not None else name

    def _build(self, line: int, cells: list[str], converted: Converted) -> Merchant:
        """Check one row. Raises RowRejected."""
        directory, industries = self.shared
        name = self._cell(cells, "name")
        key = name_key(name)
        if not key:
            raise RowRejected(self._header("name"), name, "required", _("The row has no name."))
        for field_name, limit in LIMITS.items():
            text = self._cell(cells, field_name)
            if len(text) > limit:
                message = _("The text is longer than %(limit)d characters. Shorten it.") % {"limit": limit}
                raise RowRejected(self._header(field_name), text[:60] + "…", "length", message)
        code = None
        if written := self._cell(cells, "credit_code"):
            code, warning = parse_credit_code(written)
            if warning:
                converted.warn("credit_code", self._header("credit_code"), written, line)
        region = None
        if place := self._cell(cells, "region"):
            region = directory.region(place, timezone.localdate())
            if region is None:
                converted.warn("region", self._header("region"), place, line)
        industry = None
        if section := self._cell(cells, "industry"):
            industry = industries.get(section[:1].upper())
            if industry is None:
                converted.warn("industry", self._header("industry"), section, line)
        aliases = [part for part in re.split(r"[;；、]", self._cell(cells, "aliases")) if part.strip()]
        converted.control.add(kind="merchant", region=region.code if region else "")
        return Merchant(
            name=name, name_key=key, credit_code=code, aliases=aliases, region_id=region.pk if region else None,
            address=self._cell(cells, "address"), industry_id=industry, verified=True,
        )  # fmt: skip

    def write(self, cursor, converted: "ConvertedMerchants") -> None:
        merchants = self._first_of_each(converted)
        codes = [merchant.credit_code for merchant in merchants if merchant.credit_code]
        keys = [merchant.name_key for merchant in merchants if not merchant.credit_code]
        stored = {
            m.credit_code: m for m in Merchant.objects.select_for_update().filter(credit_code__in=codes)
        }
        unnumbered = Merchant.objects.select_for_update().filter(name_key__in=keys, credit_code=None)
        stored |= {_identity(m): m for m in unnumbered.order_by("verified", "-pk")}
        fresh, changed = [], []
        for merchant in merchants:
            found = stored.get(_identity(merchant))
            if found is None:
                fresh.append(merchant)
            elif self._follow(found, merchant):
                changed.append(found)
            else:
                converted.counts["unchanged"] += 1
        Merchant.objects.bulk_create(fresh, batch_size=2000)
        Merchant.objects.bulk_update(changed, UPDATABLE, batch_size=2000)
        converted.counts["created"], converted.counts["updated"] = len(fresh), len(changed)
        for merchant in merchants:
            region = self.codes.get(merchant.region_id, "")
            converted.stored.add(kind="merchant", region=region)

    def _first_of_each(self, converted: "ConvertedMerchants") -> list[Merchant]:
        merchants = []
        for merchant, line, raw in converted.merchants:
            identity = _identity(merchant)
            if identity in self.taken:
                message = _("This merchant stands in the file before; the first row was taken. Remove one.")
                column = self._header("credit_code" if merchant.credit_code else "name")
                converted.duplicate(line, message, raw, column, merchant.credit_code or merchant.name)
                converted.control.add(kind="merchant", region=self.codes.get(merchant.region_id, ""), rows=-1)
                continue
            self.taken.add(identity)
            merchants.append(merchant)
        return merchants

    @staticmethod
    def _follow(stored: Merchant, said: Merchant) -> bool:
        """Bring a stored merchant to what the file says; an empty cell takes nothing away."""
        changed = False
        for name in ("name", "name_key", "region_id", "address", "industry_id", "verified"):
            value = getattr(said, name)
            if value not in (None, "") and value != getattr(stored, name):
                setattr(stored, name, value)
                changed = True
        if more := [alias for alias in said.aliases if alias not in stored.aliases]:
            stored.aliases = [*stored.aliases, *more]
            changed = True
        if changed:
            stored.updated_at = timezone.now()
        return changed

    @staticmethod
    def written_totals(cursor, run: ImportRun) -> Totals:
        return Totals()  # every row was read back while it was written
