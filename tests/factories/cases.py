import datetime as dt
from decimal import Decimal

import factory
from django.utils import timezone

from cases.domain import reject_context
from cases.domain.reveal import personal_context
from cases.enums import (
    BulkOrigin,
    BulkState,
    Kind,
    Outcome,
    PartyRole,
    RecoveryKind,
    RecoveryMeans,
    RecoveryStatus,
    RejectKind,
    RunState,
    State,
    SupervisionKind,
)
from cases.models import (
    BulkAct,
    BulkRow,
    Case,
    CaseEvent,
    CaseReference,
    Clock,
    ClockRule,
    Extension,
    ImportDifference,
    ImportFile,
    ImportReject,
    ImportRun,
    ImportWarning,
    Party,
    Recovery,
    SavedFilter,
    Supervision,
)
from core.personal_data import encrypt, lookup_hash
from tests.factories.accounts import UserFactory
from tests.factories.registry import AgencyFactory, MerchantFactory


def local(year: int, month: int, day: int, hour: int = 9, minute: int = 0) -> dt.datetime:
    """A local time as an aware datetime."""
    return dt.datetime(year, month, day, hour, minute, tzinfo=timezone.get_default_timezone())


def ancestor(agency, depth: int):
    ids = agency.ancestor_ids
    return ids[depth] if len(ids) > depth else None


class CaseFactory(factory.django.DjangoModelFactory):
    """A complaint to be decided, in the custody of the agency that handles it: `CaseFactory(handling=station)`.

    Without `handling` it is to be dispatched by `custodian`.
    """

    class Meta:
        model = Case

    class Params:
        accepted = factory.Trait(
            state=State.ACCEPTED,
            decided_at=factory.LazyAttribute(lambda case: case.received_at + dt.timedelta(days=2)),
            accepted_at=factory.LazyAttribute(lambda case: case.received_at + dt.timedelta(days=2)),
        )
        closed = factory.Trait(
            state=State.CLOSED,
            outcome=Outcome.AGREEMENT,
            decided_at=factory.LazyAttribute(lambda case: case.received_at + dt.timedelta(days=2)),
            accepted_at=factory.LazyAttribute(lambda case: case.received_at + dt.timedelta(days=2)),
            closed_at=factory.LazyAttribute(lambda case: case.received_at + dt.timedelta(days=20)),
        )
        refused = factory.Trait(
            state=State.REFUSED,
            ground="不属于职责范围",
            decided_at=factory.LazyAttribute(lambda case: case.received_at + dt.timedelta(days=2)),
            closed_at=factory.LazyAttribute(lambda case: case.received_at + dt.timedelta(days=2)),
        )
        report = factory.Trait(kind=Kind.REPORT)

    number = factory.Sequence(lambda n: f"2026-{n:08d}")
    kind = Kind.COMPLAINT
    source = "national12315"
    external_number = factory.Sequence(lambda n: f"T{n:010d}")
    received_at = local(2026, 11, 2)
    handling = factory.SubFactory(AgencyFactory)
    custodian = factory.LazyAttribute(lambda case: case.handling)
    custodian_root_id = factory.LazyAttribute(lambda case: ancestor(case.custodian, 0))
    custodian_district_id = factory.LazyAttribute(lambda case: ancestor(case.custodian, 1))
    merchant = factory.SubFactory(MerchantFactory)
    narrative = "消费者购买的净水器使用三天后漏水，商家拒绝退货。"
    demand = "退款"
    claimed = Decimal("1280.00")


class CaseReferenceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CaseReference

    case = factory.SubFactory(CaseFactory)
    source = "hotline12345"
    number = factory.Sequence(lambda n: f"HZDH{n:010d}")


PERSON = {
    "name": "张测试",
    "phone": "13800000001",
    "address": "杭州市西湖区测试路1号",
    "id_type": "居民身份证",
    "id_number": "000000199001010011",
}


class PartyFactory(factory.django.DjangoModelFactory):
    """A consumer with the made-up data of PERSON; `plain=None` for one without any, `reporter` for a sealed one."""

    class Meta:
        model = Party
        skip_postgeneration_save = True

    class Params:
        reporter = factory.Trait(role=PartyRole.REPORTER, sealed=True)

    case = factory.SubFactory(CaseFactory)
    role = PartyRole.CONSUMER

    @factory.post_generation
    def plain(self, create, personal, **kwargs):
        personal = PERSON if personal is None else personal
        if personal:
            self.personal = encrypt(personal, context=personal_context(self.pk))
            self.phone_hash = lookup_hash("phone", personal.get("phone", ""))
            self.id_number_hash = lookup_hash("id_number", personal.get("id_number", ""))
            self.save()


class ClockFactory(factory.django.DjangoModelFactory):
    """A running term: `ClockFactory(case=case, due_on=day)`; `stopped_on` ends it."""

    class Meta:
        model = Clock

    class Params:
        code = "complaint.accept"

    case = factory.SubFactory(CaseFactory)
    rule = factory.LazyAttribute(lambda clock: ClockRule.objects.filter(code=clock.code).order_by("-valid_from")[0])
    due_on = factory.LazyFunction(timezone.localdate)
    safe_on = factory.SelfAttribute("due_on")
    started_on = factory.LazyAttribute(lambda clock: clock.safe_on - dt.timedelta(days=9))


class ImportRunFactory(factory.django.DjangoModelFactory):
    """A completed run of 12 rows; `running` has no end yet."""

    class Meta:
        model = ImportRun

    class Params:
        running = factory.Trait(state=RunState.RUNNING, finished_at=None)

    target = "cases"
    profile = "national12315"
    source = "national12315"
    digest = factory.Sequence(lambda n: f"{n:064x}")
    state = RunState.COMPLETED
    user = factory.SubFactory(UserFactory)
    agency = factory.SubFactory(AgencyFactory)
    started_at = local(2026, 11, 20)
    finished_at = local(2026, 11, 20, 9, 1)
    rows = 12
    created = 12


class ImportFileFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ImportFile

    run = factory.SubFactory(ImportRunFactory)
    position = factory.Sequence(int)
    name = factory.Sequence(lambda n: f"导出{n}.csv")
    sha256 = factory.Sequence(lambda n: f"{n:064x}")
    size = 4096
    encoding = "gb18030"
    rows_total = 12
    rows_done = 12


class ImportRejectFactory(factory.django.DjangoModelFactory):
    """`cells` are the row as it stood in the file, stored encrypted."""

    class Meta:
        model = ImportReject
        exclude = ["cells"]

    cells = ("T1", "投诉", "13800000002", "=1+1")
    file = factory.SubFactory(ImportFileFactory)
    line = factory.Sequence(lambda n: n + 2)
    kind = RejectKind.REJECTED
    column = "登记时间"
    value = "2026-13-40"
    rule = "date"
    message = "这不是日期。"
    raw = factory.LazyAttribute(
        lambda reject: encrypt({"cells": list(reject.cells)}, context=reject_context(reject.file.pk, reject.line))
    )


class ImportWarningFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ImportWarning

    run = factory.SubFactory(ImportRunFactory)
    file = factory.LazyAttribute(lambda warning: warning.run.files.first() or ImportFileFactory(run=warning.run))
    rule = "region"
    column = "行政区划"
    value = factory.Sequence(lambda n: f"不知何处{n}")
    count = 3
    first_line = 7


class ImportDifferenceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ImportDifference

    case = factory.SubFactory(CaseFactory)
    file = factory.SubFactory(ImportFileFactory)
    line = 5
    says = factory.LazyFunction(lambda: {"state": "closed", "unspecified": "88.00"})


class RecoveryFactory(factory.django.DjangoModelFactory):
    """A refund of 100 yuan, paid after mediation, posted here; `imported` comes from a file instead."""

    class Meta:
        model = Recovery

    class Params:
        imported = factory.Trait(actor=None, import_file=factory.SubFactory(ImportFileFactory))

    case = factory.SubFactory(CaseFactory)
    posted_on = dt.date(2026, 11, 10)
    amount = Decimal("100.00")
    kind = RecoveryKind.REFUND
    status = RecoveryStatus.PAID
    means = RecoveryMeans.MEDIATION
    evidence = "收条"
    actor = factory.SubFactory(UserFactory)


class CaseEventFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CaseEvent

    case = factory.SubFactory(CaseFactory)
    verb = "accept"
    before = State.REGISTERED
    after = State.ACCEPTED
    actor = factory.SubFactory(UserFactory)
    at = local(2026, 11, 4)


class SavedFilterFactory(factory.django.DjangoModelFactory):
    """A filter of the case list that its owner keeps for himself."""

    class Meta:
        model = SavedFilter

    owner = factory.SubFactory(UserFactory)
    list = "cases"
    name = factory.Sequence(lambda n: f"筛选{n}")
    query = "state=closed"
    changed_at = local(2026, 11, 20)


class BulkActFactory(factory.django.DjangoModelFactory):
    """"Take over" as someone has asked for it on `cases`, not yet done."""

    class Meta:
        model = BulkAct
        skip_postgeneration_save = True

    actor = factory.SubFactory(UserFactory)
    agency = factory.LazyAttribute(lambda act: act.actor.agency)
    verb = "take"
    origin = BulkOrigin.SELECTION
    list = "cases"
    total = 1
    language = "zh-hans"
    state = BulkState.QUEUED
    created_at = local(2026, 11, 20)
    confirmed_at = local(2026, 11, 20, 9, 1)

    @factory.post_generation
    def cases(self, create, chosen, **kwargs):
        for position, case in enumerate(chosen or [CaseFactory(handling=self.agency)], start=1):
            BulkRow.objects.create(act=self, case=case, position=position, seen=0)


class SupervisionFactory(factory.django.DjangoModelFactory):
    """Someone has urged the handling of a case; `supervised`: a superior supervises it. Both wait for a reply, but
    for `replied`."""

    class Meta:
        model = Supervision

    class Params:
        supervised = factory.Trait(kind=SupervisionKind.SUPERVISE)
        replied = factory.Trait(
            reply="正在办理", replied_by=factory.SelfAttribute("actor"), replied_at=local(2026, 11, 21)
        )

    case = factory.SubFactory(CaseFactory)
    kind = SupervisionKind.URGE
    text = "请尽快办理"
    reply_due_on = dt.date(2100, 1, 1)
    actor = factory.SubFactory(UserFactory)
    at = local(2026, 11, 20)


class ExtensionFactory(factory.django.DjangoModelFactory):
    """A longer term that was asked for, and on which nobody has decided."""

    class Meta:
        model = Extension

    case = factory.SubFactory(CaseFactory)
    code = "report.verify"
    started_on = dt.date(2026, 11, 2)
    reason = "需要检测"
    asked_by = factory.SubFactory(UserFactory)
    asked_at = local(2026, 11, 20)
