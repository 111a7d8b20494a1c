"""Rows of platforms: found by their code. The file is the source of what it says; an empty cell takes nothing away."""

from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from cases.importers.engine import Options
from cases.importers.plain import ConvertedRows, Entry, PlainRow, PlainTarget, split_list
from cases.importers.rows import RowRejected, merchant_key
from core.importing.values import parse_credit_code
from registry.domain.directory import spelling
from registry.enums import AgencyKind
from registry.models import Agency, Merchant, Platform, Region

ALIAS = 60
KIND = "platform"


@dataclass
class Said:
    """What a row says of a platform: values of its columns, and who runs it by code or by the key of the name."""

    code: str
    values: dict = field(default_factory=dict)
    aliases: list[str] = field(default_factory=list)
    operator: str = ""  # credit code
    operator_key: str = ""
    agency: str = ""


class PlatformTarget(PlainTarget):
    name = "platforms"
    fields = frozenset(
        {"code", "name", "name_en", "aliases", "operator", "operator_code", "agency", "green_from", "green_to"}
    )
    key_field = "code"
    analyzed = ("registry_platform",)
    needed = (Region,)
    limits = {"code": 32, "name": 120, "name_en": 160, "operator": 200}
    numbers = frozenset({"code", "operator_code"})
    moments = frozenset({"green_from", "green_to"})

    @classmethod
    def load(cls, options: Options):
        return None

    def keys(self, said: Said) -> tuple:
        return (said.code,)

    def build(self, row: PlainRow) -> Said:
        row.required("code", _("The row has no code, so the platform could not be found again."))
        said = Said(row.number("code"), agency=row["agency"])
        said.values = {name: row[name] for name in ("name", "name_en") if row[name]}
        said.values |= {name: day for name in ("green_from", "green_to") if (day := row.day(name))}
        said.aliases = split_list(row["aliases"])
        for alias in said.aliases:
            if len(alias) > ALIAS:
                message = _("The text is longer than %(limit)d characters. Shorten it.") % {"limit": ALIAS}
                raise row.bad("aliases", "length", message, alias)
        if row["operator_code"]:
            said.operator, warning = parse_credit_code(row.number("operator_code"))
            if warning:
                raise row.bad("operator_code", "credit_code", warning)
        elif row["operator"]:
            said.operator_key = merchant_key(row["operator"], self.header("operator"))
        return said

    def write(self, cursor, converted: ConvertedRows) -> None:
        message = _("This platform stands in the file before; the first row was taken. Remove one.")
        entries = self.firsts(converted, converted.entries, message, "code", lambda said: said.code)
        stored = {platform.code: platform for platform in Platform.objects.select_for_update().order_by("pk")}
        known = Known.load([entry.item for entry in entries], stored)
        taken: list[Platform] = []
        for entry in entries:
            try:
                outcome, platform = self._follow(entry, stored.get(entry.item.code), known)
            except RowRejected as bad:
                self.refuse(converted, entry, bad)
                continue
            converted.counts[outcome] += 1
            converted.control.add(kind=KIND)
            taken.append(platform)
        converted.stored.add(kind=KIND, rows=Platform.objects.filter(pk__in=[one.pk for one in taken]).count())

    def _follow(self, entry: Entry, found: Platform | None, known: "Known") -> tuple[str, Platform]:
        """Bring the platform to what the row says; says what became of it. Raises RowRejected."""
        said, row = entry.item, self.row(entry)
        platform = found or Platform(code=said.code)
        before = {name: getattr(platform, name) for name in ("operator_id", "agency_id", *said.values)}
        now = before | said.values | known.resolved(said, row)
        added = [alias for alias in said.aliases if alias not in platform.aliases]
        for name in ("name", "name_en"):
            if not now.get(name) and not getattr(platform, name):
                raise row.bad(name, "required", _("A new platform needs its name, and the English one."))
        for name, value in now.items():
            setattr(platform, name, value)
        aliases, platform.aliases = platform.aliases, [*platform.aliases, *added]
        try:
            if platform.green_from and platform.green_to and platform.green_to <= platform.green_from:
                raise row.bad("green_to", "date_order", _("The end of the membership must come after its start."))
            known.check_names(platform, row)
        except RowRejected:
            platform.aliases = aliases
            for name, value in before.items():
                setattr(platform, name, value)
            raise
        if found and now == before and not added:
            return "unchanged", platform
        platform.save()
        known.note(platform)
        return ("updated" if found else "created"), platform


class Known:
    """What the rows of a chunk may name: operators, agencies, and the names that other platforms bear."""

    def __init__(self, operators: dict, namesakes: dict, agencies: dict, platforms):
        self.operators, self.namesakes, self.agencies = operators, namesakes, agencies
        self.names: dict[str, str] = {}  # whose each spelling is, by code
        self.hosts: dict[int, str] = {}  # whose each agency is
        for platform in platforms:
            self.note(platform)

    @classmethod
    def load(cls, rows: list[Said], stored: dict[str, Platform]) -> "Known":
        codes = {said.operator for said in rows} - {""}
        keys = {said.operator_key for said in rows} - {""}
        namesakes: dict[str, list[int]] = {}
        for key, pk in Merchant.objects.filter(name_key__in=keys, verified=True).values_list("name_key", "pk"):
            namesakes.setdefault(key, []).append(pk)
        return cls(
            dict(Merchant.objects.filter(credit_code__in=codes).values_list("credit_code", "pk")),
            namesakes,
            {agency.code: agency for agency in Agency.objects.filter(code__in={said.agency for said in rows})},
            stored.values(),
        )

    def note(self, platform: Platform) -> None:
        for text in (platform.code, platform.name, platform.name_en, *platform.aliases):
            self.names.setdefault(spelling(text), platform.code)
        if platform.agency_id:
            self.hosts[platform.agency_id] = platform.code

    def resolved(self, said: Said, row: PlainRow) -> dict:
        """Operator and agency that the row names. Raises RowRejected for one that there is not."""
        found = {}
        if said.operator or said.operator_key:
            name = "operator_code" if said.operator else "operator"
            pks = [self.operators.get(said.operator)] if said.operator else self.namesakes.get(said.operator_key, [])
            if len(pks) != 1 or pks[0] is None:
                raise row.bad(
                    name, "operator",
                    _("There is no verified merchant of this code or name, or more than one. Import the merchant first,"
                      " or give its credit code."),
                )  # fmt: skip
            found["operator_id"] = pks[0]
        if said.agency:
            agency = self.agencies.get(said.agency)
            if agency is None or agency.kind != AgencyKind.PLATFORM:
                raise row.bad("agency", "agency", _("There is no agency of a platform with this code."))
            if self.hosts.get(agency.pk, said.code) != said.code:
                raise row.bad("agency", "agency", _("This is the agency of another platform."))
            found["agency_id"] = agency.pk
        return found

    def check_names(self, platform: Platform, row: PlainRow) -> None:
        """A name by which files mean two platforms means neither of them. Raises RowRejected."""
        named = [("name", platform.name), ("name_en", platform.name_en)]
        for name, text in (*named, *(("aliases", alias) for alias in platform.aliases)):
            if self.names.get(spelling(text), platform.code) != platform.code:
                raise row.bad(
                    name, "name_taken", _("Another platform bears this name, so no file could tell the two apart."), text
                )
