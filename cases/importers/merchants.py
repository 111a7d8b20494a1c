"""Rows of merchants: found by credit code, else by name and region; taken as verified."""

from django.utils import timezone
from django.utils.translation import gettext as _

from cases.domain import merchants_renamed
from cases.importers.engine import Options
from cases.importers.plain import ConvertedRows, PlainRow, PlainTarget, split_list
from cases.importers.rows import merchant_key, wrong_code
from core.importing.values import parse_credit_code
from core.pinyin import pinyin_key
from registry.domain import Directory
from registry.models import Industry, Merchant, Region

LIMITS = {"name": 200, "address": 300, "aliases": 200}
UPDATABLE = ("name", "name_key", "pinyin", "aliases", "region_id", "address", "industry_id", "verified", "updated_at")


class MerchantTarget(PlainTarget):
    name = "merchants"
    fields = frozenset({"name", "credit_code", "aliases", "region", "address", "industry"})
    key_field = "name"
    analyzed = ("registry_merchant",)
    needed = (Region,)
    limits = LIMITS
    numbers = frozenset({"credit_code"})

    def __init__(self, *args):
        super().__init__(*args)
        self.places = dict(Region.objects.values_list("pk", "code"))

    def _identity(self, merchant: Merchant):
        """What tells merchants apart: the credit code, else the normalised name and the place by its code, whose
        area may have changed since."""
        return merchant.credit_code or (merchant.name_key, self.places.get(merchant.region_id))

    @classmethod
    def load(cls, options: Options):
        return Directory.load(), {industry.code: industry.pk for industry in Industry.objects.all()}

    def keys(self, merchant: Merchant) -> tuple:
        return (self._identity(merchant),)

    def build(self, row: PlainRow) -> Merchant:
        directory, industries = self.shared
        name = row.required("name", _("The row has no name."))
        key = merchant_key(name, self.header("name"))
        code = None
        if written := row["credit_code"]:
            code, warning = parse_credit_code(row.number("credit_code"))
            if warning:
                row.warnings.append(("credit_code", self.header("credit_code"), wrong_code(written)))
        region = industry = None
        if place := row["region"]:
            region = directory.region(place, timezone.localdate())
            if region is None:
                row.warn("region", "region")
        if section := row["industry"]:
            industry = industries.get(section[:1].upper())
            if industry is None:
                row.warn("industry", "industry")
        return Merchant(
            name=name, name_key=key, credit_code=code, aliases=split_list(row["aliases"]),
            region_id=region.pk if region else None, address=row["address"], industry_id=industry, verified=True,
        )  # fmt: skip

    def write(self, cursor, converted: ConvertedRows) -> None:
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
            if found is not None and found.same_as_id:  # somebody knows better than a row without a code
                converted.counts["unchanged"] += 1
            elif found is None:
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
            region = self.places.get(merchant.region_id, "")
            converted.stored.add(kind="merchant", region=region)

    def _first_of_each(self, converted: ConvertedRows) -> list[Merchant]:
        merchants = []
        for entry in converted.entries:
            merchant, identity = entry.item, self._identity(entry.item)
            if identity in self.taken:
                message = _("This merchant stands in the file before; the first row was taken. Remove one.")
                column = self.header("credit_code" if merchant.credit_code else "name")
                converted.duplicate(entry.line, message, entry.raw, column, merchant.credit_code or merchant.name)
                continue
            self.take(identity)
            for rule, column, value in entry.warnings:
                converted.warn(rule, column, value, entry.line)
            converted.control.add(kind="merchant", region=self.places.get(merchant.region_id, ""))
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
