"""The same import with django-import-export: as one writes it, and tuned by hand.

Both bring the rows of a 12315 export to the same end as this portal's importer: cases with resolved names, merchants,
encrypted parties, statutory clocks, recoveries (`end_state` compares them). Neither reports what it could not resolve,
survives being killed, keeps work done here or knows masked values; what they cost is what they do.
"""

import datetime as dt
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import tablib
from django.db import connection
from django.db.models import Q
from django.utils import timezone
from import_export.fields import Field
from import_export.resources import ModelResource
from import_export.widgets import DateTimeWidget, DateWidget, DecimalWidget, ForeignKeyWidget, Widget

from accounts.domain import system_user
from benchmarks.own import PROFILE, city_bureau
from cases.clocks import RuleBook
from cases.domain.reveal import personal_context
from cases.enums import Kind, PartyRole, State
from cases.importers.commands import BUILT_IN
from cases.importers.rows import FIELDS
from cases.models import Case, Clock, ImportFile, ImportRun, Party, Recovery
from core.bulk import next_ids
from core.importing.profile import load_profile
from core.importing.values import parse_credit_code
from core.personal_data import encrypt, lookup_hash
from core.text import name_key
from registry.enums import Branch, Scheme
from registry.models import Agency, Category, Channel, Merchant, Platform, Problem, Region

MOMENT, DAY = "%Y-%m-%d %H:%M:%S", "%Y-%m-%d"
KEPT = ("反馈内容", "罚款金额(单位:元)", "没收金额(单位:元)")
PERSONAL = {
    "name": "姓名", "phone": "联系电话", "address": "联系地址", "id_type": "证件类型", "id_number": "证件号码"
}  # fmt: skip
ROLES = {
    Kind.COMPLAINT: PartyRole.CONSUMER, Kind.REPORT: PartyRole.REPORTER, Kind.INQUIRY: PartyRole.INQUIRER
}  # fmt: skip
TAKEN = (
    "external_number", "channel", "channel_written", "received_at", "decided_at", "accepted_at", "closed_at",
    "merchant_written", "merchant_address", "merchant_code_written", "region", "region_written", "platform",
    "platform_written", "demand",
    "problem", "problem_written", "category", "category_written", "brand", "order_number", "occurred_on", "claimed",
    "handling", "agency_written", "department", "kind", "sales_mode", "outcome",
)  # fmt: skip
BATCH = 1000


def import_file(resource: "CaseResource", path: Path) -> None:
    """Read the file and import it; any row in error fails the benchmark."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        dataset = tablib.Dataset().load(file, format="csv")
    resource.import_data(dataset, raise_errors=True)


class Coded(Widget):
    """A closed vocabulary, by the value map of the portal's own profile."""

    def __init__(self, profile, name: str):
        super().__init__()
        self.profile, self.name = profile, name

    def clean(self, value, row=None, **kwargs):
        return self.profile.translate(self.name, value)[0] or ""


class Named(ForeignKeyWidget):
    """By name or alias; a name that is not known stays as written in the column beside."""

    def __init__(self, model):
        super().__init__(model, field="name")

    def clean(self, value, row=None, **kwargs):
        try:
            return super().clean(value, row, **kwargs)
        except (self.model.DoesNotExist, self.model.MultipleObjectsReturned):
            return None

    def get_instance_by_lookup_fields(self, value, row, **kwargs):
        return self.get_queryset(value, row).get(Q(name=value) | Q(aliases__contains=[value]))


class NamedThen(Named):
    """By the name that was valid on the day of receipt."""

    def get_queryset(self, value, row, *args, **kwargs):
        return self.model.objects.filter(valid_on(received_on(row)))


class NamedPart(Named):
    """By the part of a path that is a class of the national vocabulary: problem->…, branch->category->…"""

    def __init__(self, model, part: int):
        super().__init__(model)
        self.part = part

    def get_queryset(self, value, row, *args, **kwargs):
        return self.model.objects.filter(scheme=Scheme.NATIONAL, parent=None)

    def clean(self, value, row=None, **kwargs):
        return super().clean(part_of(value, self.part), row, **kwargs)


class NamedInBranch(NamedPart):
    """Goods and services have classes of the same name."""

    def get_queryset(self, value, row, *args, **kwargs):
        return super().get_queryset(value, row).filter(branch=branch_of(row))


def one_of(found):
    """The only one of them, if there is one."""
    rows = list(found[:2])
    return rows[0] if len(rows) == 1 else None


def part_of(path: str, part: int) -> str:
    parts = path.split("->")
    return parts[part] if len(parts) > part else ""


def branch_of(row) -> Branch:
    return Branch.SERVICES if row["客体类别全称"].startswith("服务") else Branch.GOODS


def valid_on(day: dt.date) -> Q:
    return (Q(valid_from=None) | Q(valid_from__lte=day)) & (Q(valid_to=None) | Q(valid_to__gt=day))


def received_on(row) -> dt.date:
    return dt.date.fromisoformat(row["登记时间"][:10])


class CaseResource(ModelResource):
    """As one writes it: a field a column, look-ups by name, what belongs to the case in the hooks around saving."""

    external_number = Field("external_number", "登记编号")
    channel = Field("channel", "接收方式", widget=Named(Channel))
    channel_written = Field("channel_written", "接收方式")
    received_at = Field("received_at", "登记时间", widget=DateTimeWidget(MOMENT))
    decided_at = Field("decided_at", "初查时间", widget=DateTimeWidget(MOMENT))
    accepted_at = Field("accepted_at", "受理时间", widget=DateTimeWidget(MOMENT))
    closed_at = Field("closed_at", "办结时间", widget=DateTimeWidget(MOMENT))
    merchant_written = Field("merchant_written", "企业名称")
    merchant_address = Field("merchant_address", "企业地址")
    merchant_code_written = Field("merchant_code_written", "统一社会信用代码")
    region = Field("region", "行政区划", widget=NamedThen(Region))
    region_written = Field("region_written", "行政区划")
    platform = Field("platform", "平台名称", widget=Named(Platform))
    platform_written = Field("platform_written", "平台名称")
    demand = Field("demand", "诉求内容")
    problem = Field("problem", "问题类别全称", widget=NamedPart(Problem, 0))
    problem_written = Field("problem_written", "问题类别全称")
    category = Field("category", "客体类别全称", widget=NamedInBranch(Category, 1))
    category_written = Field("category_written", "客体类别全称")
    brand = Field("brand", "品牌")
    order_number = Field("order_number", "订单号")
    occurred_on = Field("occurred_on", "争议发生时间", widget=DateWidget(DAY))
    claimed = Field("claimed", "消费金额(单位:元)", widget=DecimalWidget())
    handling = Field("handling", "处理机构", widget=NamedThen(Agency))
    agency_written = Field("agency_written", "处理机构")
    department = Field("department", "处理部门")
    kind = Field("kind", "类型")
    sales_mode = Field("sales_mode", "销售方式")
    outcome = Field("outcome", "调解结果")

    class Meta:
        model = Case
        import_id_fields = ("external_number",)
        fields = TAKEN

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.profile = load_profile(
            PROFILE, known_fields=FIELDS, builtin_dir=BUILT_IN, key_field="external_number"
        )
        for name in ("kind", "sales_mode", "outcome"):
            self.fields[name].widget = Coded(self.profile, name)
        self.rules = RuleBook.load()
        self.agency = city_bureau()
        self.file = self._origin()

    def get_queryset(self):
        return Case.objects.filter(source=self.profile.source)

    def _origin(self) -> ImportFile:
        """An imported case says where it came from: a constraint of the table."""
        run = ImportRun.objects.create(
            target="cases", profile="import-export", source=self.profile.source, digest="", state="completed",
            user=system_user(), agency=self.agency, started_at=timezone.now(), finished_at=timezone.now(),
        )  # fmt: skip
        return ImportFile.objects.create(run=run, position=0, name="peer", sha256="", size=0, rows_total=0)

    def before_save_instance(self, instance, row, **kwargs):
        self.complete(instance, row, kwargs["row_number"])
        instance.merchant = self.merchant_of(instance, row)
        instance.pk = self.new_id("cases_case")
        instance.number = f"{received_on(row).year}-{instance.pk:08d}"

    def after_save_instance(self, instance, row, **kwargs):
        self.party_of(instance, row).save(force_insert=True)
        for clock in instance.terms:
            clock.save()
        for recovery in self.recoveries_of(instance, row):
            recovery.save()

    # what both variants do to a row

    def complete(self, case: Case, row, number: int) -> None:
        """What follows from several columns: place, custody, state, stamps, origin."""
        case.source, case.import_file, case.import_line = self.profile.source, self.file, number + 1
        case.extra = {header: row[header] for header in KEPT if row[header]}
        custodian = case.handling or self.agency
        if case.region is None and not case.region_written and case.handling:
            case.region = self.region_of(case.handling, received_on(row))
        ancestors = custodian.ancestor_ids
        case.custodian, case.custodian_root_id = custodian, ancestors[0]
        case.custodian_district_id = ancestors[1] if len(ancestors) > 1 else None
        case.state = self.state_of(case, row)
        if case.kind == Kind.INQUIRY and case.state == State.CLOSED:
            case.outcome = case.outcome or "answered"
        if case.state not in (State.CLOSED, State.REFUSED, State.NOT_FILED):
            case.closed_at = None
        case.terms = self.clocks_of(case)
        case.regime = self.rules.regime_of(case.kind, case.body, received_on(row))

    def state_of(self, case: Case, row) -> str:
        acceptance = self.profile.translate("acceptance", row["初查受理状态"])[0] or ""
        handling = self.profile.translate("handling", row["办理情况状态"])[0] or ""
        if acceptance in ("refused", "not_filed"):
            return acceptance
        if handling == "closed":
            return State.CLOSED
        return acceptance if acceptance in ("accepted", "filed") else State.REGISTERED

    def region_of(self, agency: Agency, day: dt.date) -> Region | None:
        if agency.region is None:
            return None
        then = Region.objects.filter(valid_on(day))
        return then.filter(code=agency.region.code).first() or one_of(then.filter(successors=agency.region))

    def merchant_of(self, case: Case, row) -> Merchant | None:
        """The trader of a valid credit code, else the one verified trader of that name and place, else one to check."""
        code, key = self.merchant_key(row)
        if code:
            defaults = {
                "name": case.merchant_written,
                "name_key": key,
                "region": case.region,
                "verified": True,
            }
            return Merchant.objects.get_or_create(credit_code=code, defaults=defaults)[0]
        if not key:
            return None
        verified = Merchant.objects.filter(name_key=key, region=case.region, verified=True)[:2]
        if len(verified) == 1 and case.region:
            return verified[0]
        return Merchant.objects.get_or_create(
            name_key=key, region=case.region, verified=False, credit_code=None,
            defaults={"name": case.merchant_written},
        )[0]  # fmt: skip

    def merchant_key(self, row) -> tuple[str | None, str]:
        code = parse_credit_code(row["统一社会信用代码"])[0] if row["统一社会信用代码"] else None
        return code, name_key(row["企业名称"]) if row["企业名称"] else ""

    def new_id(self, table: str) -> int:
        with connection.cursor() as cursor:
            return next_ids(cursor, table, 1)[0]

    def party_of(self, case: Case, row) -> Party:
        pk = self.new_id("cases_party")
        personal = {name: row[header] for name, header in PERSONAL.items() if row[header]}
        role = ROLES[case.kind]
        return Party(
            id=pk, case=case, role=role, sealed=role == PartyRole.REPORTER,
            personal=encrypt(personal, context=personal_context(pk)) if personal else None,
            phone_hash=lookup_hash("phone", personal.get("phone", "")),
            id_number_hash=lookup_hash("id_number", personal.get("id_number", "")),
        )  # fmt: skip

    def clocks_of(self, case: Case) -> list[Clock]:
        """The terms that run from the receipt and from the acceptance, by the rules of the day of receipt."""
        received, decided, accepted, closed = (
            at and timezone.localdate(at)
            for at in (case.received_at, case.decided_at, case.accepted_at, case.closed_at)
        )
        wanted = []
        if case.kind == Kind.COMPLAINT:
            wanted.append(("complaint.accept", received, decided, case.state == State.REGISTERED))
            if accepted and case.state != State.REFUSED:
                wanted.append(("complaint.mediate", accepted, closed, case.state == State.ACCEPTED))
        elif case.kind == Kind.REPORT:
            running = case.state in (State.REGISTERED, State.ACCEPTED)
            wanted.append(("report.verify", received, decided, running))
        clocks = []
        for code, start, stop, running in wanted:
            rule = self.rules.rule(code, received)
            if rule and (stop or running):
                due = self.rules.term(rule, start)
                clocks.append(
                    Clock(
                        case=case, rule=rule, started_on=start, safe_on=due.safe_on, due_on=due.due_on,
                        stopped_on=None if running else stop, provisional=due.provisional,
                    )
                )  # fmt: skip
        return clocks

    def recoveries_of(self, case: Case, row) -> list[Recovery]:
        amount = Decimal(row["挽回经济损失(单位:元)"] or 0)
        posted_at = case.closed_at or case.accepted_at or case.received_at
        if not amount:
            return []
        return [
            Recovery(case=case, posted_on=timezone.localdate(posted_at), amount=amount, import_file=self.file)
        ]


def is_valid(one, day: dt.date) -> bool:
    return (one.valid_from is None or one.valid_from <= day) and (one.valid_to is None or day < one.valid_to)


class Remembered(Widget):
    """Another look-up widget's rows, read once into a dictionary."""

    def __init__(self, lookup: Named):
        super().__init__()
        self.part = getattr(lookup, "part", None)
        self.dated, self.branched = isinstance(lookup, NamedThen), isinstance(lookup, NamedInBranch)
        self.rows = defaultdict(list)
        national = {"scheme": Scheme.NATIONAL, "parent": None} if self.part is not None else {}
        for row in lookup.model.objects.filter(**national):
            for name in {row.name, *row.aliases}:
                self.rows[name].append(row)

    def clean(self, value, row=None, **kwargs):
        found = self.rows.get(value if self.part is None else part_of(value, self.part), ())
        if self.dated:
            day = received_on(row)
            found = [one for one in found if is_valid(one, day)]
        elif self.branched:
            found = [one for one in found if one.branch == branch_of(row)]
        return found[0] if len(found) == 1 else None


class TunedCaseResource(CaseResource):
    """The same tuned by hand: in bulk, without diffs or a transaction a row, look-ups and ids from memory, and what
    belongs to the cases of a batch written behind them."""

    class Meta:
        model = Case
        import_id_fields = ("external_number",)
        fields = TAKEN
        use_bulk = True
        batch_size = BATCH
        skip_diff = True
        force_init_instance = True
        report_skipped = False

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        for name in ("channel", "region", "platform", "problem", "category", "handling"):
            self.fields[name].widget = Remembered(self.fields[name].widget)
        self.regions = defaultdict(list)
        for region in Region.objects.all():
            self.regions[region.code].append(region)
        self.origins = {r.pk: list(r.predecessors.all()) for r in Region.objects.prefetch_related("predecessors")}
        self.agency_regions = {a.pk: a.region for a in Agency.objects.select_related("region")}
        self.ids = {"cases_case": [], "cases_party": []}
        self.merchants, self.fresh = {}, []
        self.parties, self.clocks, self.recoveries = [], [], []
        for merchant in Merchant.objects.all():
            self._remember(merchant)

    def after_save_instance(self, instance, row, **kwargs):
        self.parties.append(self.party_of(instance, row))
        self.clocks += instance.terms
        self.recoveries += self.recoveries_of(instance, row)

    def bulk_create(self, using_transactions, dry_run, raise_errors, batch_size=None, result=None):
        Merchant.objects.bulk_create(self.fresh, BATCH)
        super().bulk_create(using_transactions, dry_run, raise_errors, batch_size=batch_size, result=result)
        for model, made in ((Party, self.parties), (Clock, self.clocks), (Recovery, self.recoveries)):
            model.objects.bulk_create(made, BATCH)
            made.clear()
        self.fresh.clear()

    def region_of(self, agency, day):
        region = self.agency_regions[agency.pk]
        if region is None:
            return None
        same = [one for one in self.regions[region.code] if is_valid(one, day)]
        return one_of(same or [one for one in self.origins[region.pk] if is_valid(one, day)])

    def merchant_of(self, case, row):
        code, key = self.merchant_key(row)
        if not code and not key:
            return None
        place = case.region.pk if case.region else None
        verified = self.merchants.get((key, place, True), ()) if place else ()
        if code:
            found = self.merchants.get(code)
        elif len(verified) == 1:
            found = verified[0]
        else:
            found = next(iter(self.merchants.get((key, place, False), ())), None)
        if found is None:
            found = Merchant(
                name=case.merchant_written,
                name_key=key,
                credit_code=code,
                region=case.region,
                verified=bool(code),
            )
            self.fresh.append(found)
            self._remember(found)
        return found

    def _remember(self, merchant: Merchant) -> None:
        if merchant.credit_code:
            self.merchants[merchant.credit_code] = merchant
        place = (merchant.name_key, merchant.region_id, merchant.verified)
        self.merchants.setdefault(place, []).append(merchant)

    def new_id(self, table):
        if not self.ids[table]:
            with connection.cursor() as cursor:
                self.ids[table] = next_ids(cursor, table, BATCH)[::-1]
        return self.ids[table].pop()


END_STATE = """
SELECT c.external_number, c.kind, c.body, c.state, c.outcome, c.ground, c.regime, c.received_at, c.decided_at,
       c.accepted_at, c.closed_at, c.channel_id, c.region_id, c.handling_id, c.custodian_id, c.custodian_root_id,
       c.custodian_district_id, c.platform_id, c.category_id, c.problem_id, c.sales_mode, c.occurred_on, c.claimed,
       c.demand, c.merchant_written, c.merchant_code_written, m.name_key, c.extra,
       array(SELECT ROW(p.role, p.sealed, p.phone_hash, p.id_number_hash, p.personal IS NULL)::text
               FROM cases_party p WHERE p.case_id = c.id ORDER BY 1) AS parties,
       array(SELECT ROW(k.rule_id, k.started_on, k.safe_on, k.due_on, k.stopped_on, k.provisional)::text
               FROM cases_clock k WHERE k.case_id = c.id ORDER BY 1) AS clocks,
       array(SELECT ROW(r.posted_on, r.amount, r.kind)::text FROM cases_recovery r WHERE r.case_id = c.id ORDER BY 1)
         AS recoveries
  FROM cases_case c LEFT JOIN registry_merchant m ON m.id = c.merchant_id ORDER BY c.external_number"""


def end_state() -> list[dict]:
    """What an import came to, without keys of its own making: cases with merchant, parties, clocks, recoveries."""
    with connection.cursor() as cursor:
        cursor.execute(END_STATE)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def differences(expected: list[dict], found: list[dict]) -> list[str]:
    """Where two end states differ, for a message: case, column, both values."""
    if len(expected) != len(found):
        return [f"{len(expected)} cases, not {len(found)}"]
    return [
        f"{one['external_number']} {name}: {one[name]!r}, not {other[name]!r}"
        for one, other in zip(expected, found, strict=True)
        for name in one
        if one[name] != other[name]
    ]
