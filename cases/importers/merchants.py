"""Rows of merchants: found by credit code, else by name and region; taken as verified."""

import re

from django.utils import timezone
from django.utils.translation import gettext as _

from cases.enums import RejectKind
from cases.importers.engine import Chunk, Options, Problem, Target, Totals
from cases.models import ImportRun
from core.importing.report import BadRow
from core.importing.values import cell_text, parse_credit_code
from core.text import clean_cell, name_key
from registry.domain import Directory
from registry.models import Industry, Merchant

LIMITS = {"name": 200, "address": 300, "aliases": 200}
UPDATABLE = ("name", "name_key", "aliases", "region_id", "address", "industry_id", "verified", "updated_at")


class MerchantTarget(Target):
    name = "merchants"
    fields = frozenset({"name", "credit_code", "aliases", "region", "address", "industry"})
    key_field = "name"
    tables = ("registry_merchant",)

    def __init__(self, *args):
        super().__init__(*args)
        self.once: set[tuple] = set()

    @classmethod
    def load(cls, options: Options):
        return Directory.load(), {industry.code: industry.pk for industry in Industry.objects.all()}

    def skip(self, rows) -> None:
        chunk = Chunk(list(rows), 0)
        self.look_up(None, chunk)
        self.convert(chunk)

    def look_up(self, cursor, chunk: Chunk) -> None:
        """Nothing to look up beforehand: merchants are found while writing."""

    def convert(self, chunk: Chunk) -> Chunk:
        for row in chunk.rows:
            chunk.counts["rows"] += 1
            if isinstance(row, BadRow):
                self._problem(chunk, row.line, row.rule, row.reason, row.cells or [row.raw])
                continue
            line, raw = row
            cells = [clean_cell(cell_text(cell)) for cell in raw]
            problem = self._take(chunk, line, cells)
            if problem:
                column, value, rule, message, kind = problem
                self._problem(chunk, line, rule, message, raw, column, value, kind)
        return chunk

    def _problem(
        self, chunk, line, rule, message, cells, column="", value="", kind=RejectKind.REJECTED
    ) -> None:
        chunk.counts["duplicates" if kind == RejectKind.DUPLICATE else "rejected"] += 1
        chunk.problems.append(Problem(line, kind.value, rule, message, column, value, cells))

    def _cell(self, cells: list[str], name: str) -> str:
        index = self.source.columns.get(name)
        return (cells[index] if index is not None else "") or self.profile.constants.get(name, "")

    def _take(self, chunk: Chunk, line: int, cells: list[str]) -> tuple | None:
        """Add the row to the chunk, or say why not."""
        directory, industries = self.shared
        header = {name: self.source.header[index] for name, index in self.source.columns.items()}
        name = self._cell(cells, "name")
        key = name_key(name)
        if not key:
            return (
                header.get("name", "name"),
                name,
                "required",
                _("The row has no name."),
                RejectKind.REJECTED,
            )
        for field, limit in LIMITS.items():
            if len(self._cell(cells, field)) > limit:
                return (
                    header[field],
                    self._cell(cells, field)[:60] + "…",
                    "length",
                    _("The text is longer than %(limit)d characters. Shorten it.") % {"limit": limit},
                    RejectKind.REJECTED,
                )
        code = None
        if written := self._cell(cells, "credit_code"):
            code, warning = parse_credit_code(written)
            if warning:
                chunk.warn("credit_code", header["credit_code"], written, line)
        region = None
        if place := self._cell(cells, "region"):
            region = directory.region(place, timezone.localdate())
            if region is None:
                chunk.warn("region", header["region"], place, line)
        industry = None
        if section := self._cell(cells, "industry"):
            industry = industries.get(section[:1].upper())
            if industry is None:
                chunk.warn("industry", header["industry"], section, line)
        identity = (code,) if code else (key, region.pk if region else None)
        if identity in self.once:
            return (
                header.get("credit_code" if code else "name", "name"),
                code or name,
                "duplicate",
                _("This merchant stands in the file before; the first row was taken. Remove one of them."),
                RejectKind.DUPLICATE,
            )
        self.once.add(identity)
        aliases = [part for part in re.split(r"[;；、]", self._cell(cells, "aliases")) if part.strip()]
        chunk.new.append(
            Merchant(
                name=name,
                name_key=key,
                credit_code=code,
                aliases=aliases,
                region_id=region.pk if region else None,
                address=self._cell(cells, "address"),
                industry_id=industry,
                verified=True,
            )
        )
        chunk.control.add(kind="merchant", region=region.code if region else "")
        return None

    def write(self, cursor, chunk: Chunk) -> None:
        codes = [merchant.credit_code for merchant in chunk.new if merchant.credit_code]
        keys = [merchant.name_key for merchant in chunk.new if not merchant.credit_code]
        by_code = {
            m.credit_code: m for m in Merchant.objects.select_for_update().filter(credit_code__in=codes)
        }
        by_name = {
            (m.name_key, m.region_id): m
            for m in Merchant.objects.select_for_update()
            .filter(name_key__in=keys, credit_code=None)
            .order_by("verified", "-pk")
        }
        fresh, changed = [], []
        for merchant in chunk.new:
            found = (
                by_code.get(merchant.credit_code)
                if merchant.credit_code
                else by_name.get((merchant.name_key, merchant.region_id))
            )
            if found is None:
                fresh.append(merchant)
            elif self._follow(found, merchant):
                changed.append(found)
            else:
                chunk.counts["unchanged"] += 1
        Merchant.objects.bulk_create(fresh, batch_size=2000)
        Merchant.objects.bulk_update(changed, UPDATABLE, batch_size=2000)
        chunk.counts["created"] += len(fresh)
        chunk.counts["updated"] += len(changed)
        chunk.stored.add(kind="merchant", rows=len(chunk.new))

    @staticmethod
    def _follow(stored: Merchant, said: Merchant) -> bool:
        """Bring a stored merchant to what the file says; an empty cell takes nothing away."""
        changed = False
        for field in ("name", "name_key", "region_id", "address", "industry_id", "verified"):
            value = getattr(said, field)
            if value not in (None, "") and value != getattr(stored, field):
                setattr(stored, field, value)
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
