import datetime as dt
from decimal import Decimal

import factory
from django.utils import timezone

from pledges.domain import photo_context
from pledges.enums import (
    BreachState,
    ChecklistHead,
    FindingResult,
    InspectionState,
    PledgeState,
    TargetKind,
    WorkstationKind,
    ZoneKind,
)
from pledges.models import (
    Breach,
    ChecklistItem,
    Coverage,
    Finding,
    Inspection,
    InspectionPhoto,
    InspectionPlan,
    Pledge,
    PledgeType,
    Premises,
    ReturnEntry,
    Target,
    Workstation,
    WorkstationItem,
    Zone,
    ZoneMembership,
)
from tests.factories.accounts import UserFactory
from tests.factories.cases import CaseFactory, local
from tests.factories.documents import StoredFactory
from tests.factories.registry import AgencyFactory, MerchantFactory, RegionFactory

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


class PledgeTypeFactory(factory.django.DjangoModelFactory):
    """A type that needs nothing but a statement, with no opinions."""

    class Meta:
        model = PledgeType

    class Params:
        # of the no-reason return: days, goods and a proof, after the opinions of a council and a bureau
        returns = factory.Trait(
            least_days=7, needs=["days", "goods", "proof"], stages=["council", "bureau"], name="无理由退货承诺单位",
            name_en="No-reason return",
        )  # fmt: skip

    code = factory.Sequence(lambda n: f"type{n}")
    name = factory.Sequence(lambda n: f"放心消费单位{n}")
    name_en = factory.Sequence(lambda n: f"Reassuring unit {n}")
    needs = ["statement"]
    stages = []


class CoverageFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Coverage

    type = factory.SubFactory(PledgeTypeFactory)
    words = ["退货"]


class PremisesFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Premises

    merchant = factory.SubFactory(MerchantFactory)
    name = factory.Sequence(lambda n: f"门店{n}")
    name_key = factory.LazyAttribute(lambda premises: premises.name)
    agency = factory.SubFactory(AgencyFactory)
    region = factory.SubFactory(RegionFactory)


class PledgeFactory(factory.django.DjangoModelFactory):
    """An application; `in_force`: published on `published_on`, by default a hundred days ago, for three years."""

    class Meta:
        model = Pledge

    class Params:
        in_force = factory.Trait(
            state=PledgeState.IN_FORCE,
            published_on=factory.LazyFunction(lambda: timezone.localdate() - dt.timedelta(days=100)),
            valid_to=factory.LazyAttribute(lambda pledge: pledge.published_on + dt.timedelta(days=1095)),
            applied_on=factory.LazyAttribute(lambda pledge: pledge.published_on - dt.timedelta(days=20)),
            terms=1,
        )

    premises = factory.SubFactory(PremisesFactory)
    type = factory.SubFactory(PledgeTypeFactory)
    agency = factory.SelfAttribute("premises.agency")
    applied_on = factory.LazyFunction(lambda: timezone.localdate() - dt.timedelta(days=30))
    statement = "缺一赔十，假一赔三。"


class ReturnEntryFactory(factory.django.DjangoModelFactory):
    """Three returns of May 2026, entered by somebody."""

    class Meta:
        model = ReturnEntry

    premises = factory.SubFactory(PremisesFactory)
    month = dt.date(2026, 5, 1)
    count = 3
    amount = Decimal("250.50")
    entered_by = factory.SubFactory(UserFactory)


class BreachFactory(factory.django.DjangoModelFactory):
    """A suspicion that nobody has decided; `confirmed` by somebody."""

    class Meta:
        model = Breach

    class Params:
        confirmed = factory.Trait(state=BreachState.CONFIRMED, decided_at=local(2026, 11, 20))

    pledge = factory.SubFactory(PledgeFactory, in_force=True)
    case = factory.SubFactory(
        CaseFactory, merchant=factory.SelfAttribute("..pledge.premises.merchant"),
        region=factory.SelfAttribute("..pledge.premises.region"),
    )  # fmt: skip
    counts_on = dt.date(2026, 11, 2)
    evidence = factory.LazyAttribute(lambda breach: {
        "day": breach.counts_on.isoformat(), "by": "receipt", "type": breach.pledge.type.code,
        "term": [breach.pledge.published_on.isoformat(), breach.pledge.valid_to.isoformat()],
        "promise": {"states": ["statement"]}, "problem": None, "rules": [{"problem": None, "words": ["退款"]}],
        "text": "demand", "premises": {"by": "region", "platform": False, "among": 1},
    })  # fmt: skip
    found_at = local(2026, 11, 3)


class ZoneFactory(factory.django.DjangoModelFactory):
    """A mall, a zone since 2020."""

    class Meta:
        model = Zone

    kind = ZoneKind.MALL
    name = factory.Sequence(lambda n: f"测试商圈{n}")
    agency = factory.SubFactory(AgencyFactory)
    region = factory.SubFactory(RegionFactory)
    opened_on = dt.date(2020, 1, 1)


class MembershipFactory(factory.django.DjangoModelFactory):
    """Premises in a zone of the agency that keeps them, since 2020."""

    class Meta:
        model = ZoneMembership

    premises = factory.SubFactory(PremisesFactory)
    zone = factory.SubFactory(ZoneFactory, agency=factory.SelfAttribute("..premises.agency"))
    since = dt.date(2020, 6, 1)
    until = None
    left_on = factory.SelfAttribute("until")
    added_by = factory.SubFactory(UserFactory)


class WorkstationFactory(factory.django.DjangoModelFactory):
    """In a village, open since 2020."""

    class Meta:
        model = Workstation

    name = factory.Sequence(lambda n: f"测试村{n}消费维权服务站")
    kind = WorkstationKind.VILLAGE
    agency = factory.SubFactory(AgencyFactory)
    region = factory.SubFactory(RegionFactory)
    opened_on = dt.date(2020, 1, 1)


class ItemFactory(factory.django.DjangoModelFactory):
    """Received on 1 October 2026 at nine; `ended` an hour later, responded to in between."""

    class Meta:
        model = WorkstationItem

    class Params:
        ended = factory.Trait(
            first_response_at=factory.LazyAttribute(lambda item: item.received_at + dt.timedelta(minutes=20)),
            ended_at=factory.LazyAttribute(lambda item: item.received_at + dt.timedelta(hours=1)),
            result="当场退货",
        )

    workstation = factory.SubFactory(WorkstationFactory)
    received_at = local(2026, 10, 1, 9)
    what = "电热水壶不加热"
    recorded_by = factory.SubFactory(UserFactory)


class ChecklistItemFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ChecklistItem

    type = factory.SubFactory(PledgeTypeFactory)
    code = factory.Sequence(lambda n: f"test.item{n}")
    head = ChecklistHead.RIGHTS
    name = factory.Sequence(lambda n: f"检查项{n}")
    name_en = factory.Sequence(lambda n: f"Item {n}")
    position = factory.Sequence(int)


class PlanFactory(factory.django.DjangoModelFactory):
    """Ten visits in 2026, half of them undercover."""

    class Meta:
        model = InspectionPlan

    name = factory.Sequence(lambda n: f"检查计划{n}")
    agency = factory.SubFactory(AgencyFactory)
    starts_on, ends_on = dt.date(2026, 1, 1), dt.date(2026, 12, 31)
    visits, undercover = 10, 50


class InspectionFactory(factory.django.DjangoModelFactory):
    """A visit planned for 10 November 2026; `visited` on that day."""

    class Meta:
        model = Inspection

    class Params:
        visited = factory.Trait(state=InspectionState.VISITED, visited_on=factory.SelfAttribute("planned_on"))

    premises = factory.SubFactory(PremisesFactory)
    type = factory.SubFactory(PledgeTypeFactory)
    planned_on = dt.date(2026, 11, 10)


class FindingFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Finding

    inspection = factory.SubFactory(InspectionFactory, visited=True)
    item = factory.SubFactory(ChecklistItemFactory, type=factory.SelfAttribute("..inspection.type"))
    result = FindingResult.OK


class PhotoFactory(StoredFactory):
    """A tiny PNG of an inspection."""

    class Meta:
        model = InspectionPhoto

    class Params:
        withdrawn = factory.Trait(
            withdrawn_by=factory.SelfAttribute("added_by"), withdrawn_at=factory.SelfAttribute("added_at"),
            withdrawal_reason="拍错了门店",
        )

    context = staticmethod(photo_context)
    content = PNG
    inspection = factory.SubFactory(InspectionFactory, visited=True)
    name, content_type = "照片.png", "image/png"
    added_by = factory.SubFactory(UserFactory)
    added_at = local(2026, 11, 10, 15)


class TargetFactory(factory.django.DjangoModelFactory):
    """Of 2026; that of a kind and agency stands once."""

    class Meta:
        model = Target

    what = TargetKind.VILLAGE_WORKSTATIONS
    year = 2026
    agency = factory.SubFactory(AgencyFactory)
    code = factory.LazyAttribute(lambda target: f"{target.year}-{target.what}-{target.agency.code}")
    name, name_en = "目标", "Target"
    number = 10
    source = "工作要点"
