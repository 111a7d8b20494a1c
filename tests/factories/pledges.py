import datetime as dt
from decimal import Decimal

import factory
from django.utils import timezone

from pledges.enums import BreachState, PledgeState
from pledges.models import Breach, Coverage, Pledge, PledgeType, Premises, ReturnEntry
from tests.factories.accounts import UserFactory
from tests.factories.cases import CaseFactory, local
from tests.factories.registry import AgencyFactory, MerchantFactory, RegionFactory


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
