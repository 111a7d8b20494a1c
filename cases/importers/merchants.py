"""Rows of merchants: found by credit code, else by name and region; taken as verified."""

import re
from dataclasses import dataclass, field
from itertools import islice

from django.utils import timezone
from django.utils.translation import gettext as _

from cases.domain import merchants_renamed
from cases.importers.engine import CHUNK_ROWS, Converted, Options, Target, Totals
from cases.importers.rows import HEADER_LIMIT, RowRejected, merchant_key, wrong_code
from cases.models import ImportReject, ImportRun
from core.importing.report import BadRow
from core.importing.values import BadValue, cell_text, is_empty, number_text, parse_credit_code, shown_number
from core.pinyin import pinyin_key
from core.text import clean_cell
from registry.domain import Directory
from registry.models import Industry, Merchant, Region

LIMITS = {"name": 200, "address": 300, "aliases": 200}
UPDATABLE = ("name", "name_key", "pinyin", "aliases", "region_id", "address", "industry_id", "verified", "updated_at")


Warnings = list[tuple[str, str, str]]  # rule, column, value


@dataclass
class ConvertedMerchants(Converted):
    merchants: list[tuple[Merchant, Warnings, int, list]] = field(default_factory=list)


class MerchantTarget(Target):
    name = "merchants"
    fields = frozenset({"name", "credit_code", "aliases", "region", "address", "industry"})
    key_field = "name"
    analyzed = ("registry_merchant",)
    needed = (Region,)

    def __init__(self, *args):
        super().__init__(*args)
        self.codes = dict(Region.objects.values_list("pk", "code"))

    def _identity(self, merchant: Merchant):
        """What tells merchants apart: the credit code, else the normalised name and the place by its code, whose
        area may have changed since."""
        return merchant.credit_code or (merchant.name_key, self.codes.get(merchant.region_id))

    @classmethod
    def load(cls, options: Options):
        return Directory.load(), {industry.code: industry.pk for industry in Industry.objects.all()}

    def skip(self, rows) -> None:
        refused = set(ImportReject.objects.filter(file=self.file).values_list("line", flat=True))
        while chunk := list(islice(rows, CHUNK_ROWS)):
            for merchant, _warnings, line, _raw in self.convert(chunk, None).merchants:
                if line not in refused:
                    self.take(self._identity(merchant))

    def convert(self, chunk: list, answer: None) -> "ConvertedMerchants":
        converted = ConvertedMerchants()
        converted.counts["rows"] = len(chunk)
        for row in chunk:
            if isinstance(row, BadRow):
                converted.reject(row.line, row.rule, row.reason, row.cells or [row.raw])
                continue
            line, raw = row
            code_column = self.source.columns.get("credit_code")
            cells = [
                clean_cell(shown_number(cell) if index == code_column else cell_text(cell))
                for index, cell in enumerate(raw)
            ]
            try:
                converted.merchants.append((*self._build(cells), line, raw))
            except RowRejected as bad:
                converted.reject(line, bad.rule, bad.message, raw, bad.column, bad.value)
        return converted

    def _cell(self, cells: list[str], name: str) -> str:
        index = self.source.columns.get(name)
        if index is None or is_empty(cells[index]):
            return clean_cell(self.profile.constants.get(name, ""))
        return cells[index]

    def _header(self, name: str) -> str:
        index = self.source.columns.get(name)
        return clean_cell(self.source.header[index])[:HEADER_LIMIT] if index is not None else f"[constants] {name}"

    def _build(self, cells: list[str]) -> tuple[Merchant, Warnings]:
        """Check one row. Raises RowRejected."""
        directory, industries = self.shared
        warnings: Warnings = []
        name = self._cell(cells, "name")
        if not name:
            raise RowRejected(self._header("name"), name, "required", _("The row has no name."))
        for field_name, limit in LIMITS.items():
            text = self._cell(cells, field_name)
            if len(text) > limit:
                message = _("The text is longer than %(limit)d characters. Shorten it.") % {"limit": limit}
                raise RowRejected(self._header(field_name), text[:60] + "…", "length", message)
        key = merchant_key(name, self._header("name"))
        code = None
        if written := self._cell(cells, "credit_code"):
            try:
                code, warning = parse_credit_code(number_text(written))
            except BadValue as bad:
                raise RowRejected(self._header("credit_code"), written, bad.rule, str(bad)) from None
            if warning:
                warnings.append(("credit_code", self._header("credit_code"), wrong_code(written)))
        region = None
        if place := self._cell(cells, "region"):
            region = directory.region(place, timezone.localdate())
            if region is None:
                warnings.append(("region", self._header("region"), place))
        industry = None
        if section := self._cell(cells, "industry"):
            industry = industries.get(section[:1].upper())
            if industry is None:
                warnings.append(("industry", self._header("industry"), section))
        aliases = [part for part in re.split(r"[;；、]", self._cell(cells, "aliases")) if part.strip()]
        merchant = Merchant(
            name=name, name_key=key, credit_code=code, aliases=aliases, region_id=region.pk if region else None,
            address=self._cell(cells, "address"), industry_id=industry, verified=True,
        )  # fmt: skip
        return merchant, warnings

    def write(self, cursor, converted: "ConvertedMerchants") -> None:
        merchants = self._first_of_each(converted)
        codes = [merchant.credit_code for merchant in merchants if merchant.credit_code]
        keys = [merchant.name_key for merchant in merchants if not merchant.credit_code]
        stored = {
            m.credit_code: m for m in Merchant.objects.select_for_update().filter(credit_code__in=codes)
        }
        unnumbered = Merchant.objects.select_for_update().filter(name_key__in=keys, credit_code=None)
        stored |= {self._identity(m): m for m in unnumbered.order_by("verified", "-pk")}
        fresh, changed, renamed = [], [], []
        for merchant in merchants:
            found = stored.get(self._identity(merchant))
            before = (found.name, found.aliases) if found else None
            if found is None:
                merchant.pinyin = pinyin_key(merchant.name_key)
                fresh.append(merchant)
            elif self._follow(found, merchant):
                changed.append(found)
                if (found.name, found.aliases) != before:
                    renamed.append(found.pk)
            else:
                converted.counts["unchanged"] += 1
        Merchant.objects.bulk_create(fresh, batch_size=2000)
        Merchant.objects.bulk_update(changed, UPDATABLE, batch_size=2000)
        if renamed:
            merchants_renamed(renamed)
        converted.counts["created"], converted.counts["updated"] = len(fresh), len(changed)
        for merchant in merchants:
            region = self.codes.get(merchant.region_id, "")
            converted.stored.add(kind="merchant", region=region)

    def _first_of_each(self, converted: "ConvertedMerchants") -> list[Merchant]:
        merchants = []
        for merchant, warnings, line, raw in converted.merchants:
            identity = self._identity(merchant)
            if identity in self.taken:
                message = _("This merchant stands in the file before; the first row was taken. Remove one.")
                column = self._header("credit_code" if merchant.credit_code else "name")
                converted.duplicate(line, message, raw, column, merchant.credit_code or merchant.name)
                continue
            self.take(identity)
            for rule, column, value in warnings:
                converted.warn(rule, column, value, line)
            converted.control.add(kind="merchant", region=self.codes.get(merchant.region_id, ""))
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
            stored.pinyin = pinyin_key(stored.name_key)
            stored.updated_at = timezone.now()
        return changed

    @staticmethod
    def written_totals(cursor, run: ImportRun) -> Totals:
        return Totals()  # every row was read back while it was written
