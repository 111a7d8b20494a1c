import datetime as dt

import factory

from core.pinyin import pinyin_key
from core.text import name_key
from registry.enums import AgencyKind, Branch, RegionLevel, Scheme
from registry.models import (
    Agency,
    CalendarDay,
    CalendarNotice,
    Category,
    Channel,
    Industry,
    Merchant,
    Platform,
    Problem,
    Region,
)


class RegionFactory(factory.django.DjangoModelFactory):
    """A district without a parent, in force since 2001."""

    class Meta:
        model = Region

    class Params:
        ended = factory.Trait(valid_to=dt.date(2021, 4, 9))
        street = factory.Trait(
            level=RegionLevel.STREET,
            code=factory.Sequence(lambda n: f"{99000000 + n:09d}"),
            name=factory.Sequence(lambda n: f"测试{n}街道"),
        )

    code = factory.Sequence(lambda n: f"{990000 + n:06d}")
    name = factory.Sequence(lambda n: f"测试{n}区")
    name_en = factory.Sequence(lambda n: f"District {n}")
    level = RegionLevel.DISTRICT
    valid_from = dt.date(2001, 3, 25)


class AgencyFactory(factory.django.DjangoModelFactory):
    """A bureau without a parent, unless told otherwise: `AgencyFactory(parent=city)`."""

    class Meta:
        model = Agency
        skip_postgeneration_save = True

    class Params:
        station = factory.Trait(kind=AgencyKind.STATION, parent=factory.SubFactory("tests.factories.AgencyFactory"))
        council = factory.Trait(kind=AgencyKind.COUNCIL)
        court = factory.Trait(kind=AgencyKind.COURT)
        partner = factory.Trait(kind=AgencyKind.PLATFORM)
        ended = factory.Trait(valid_to=dt.date(2021, 4, 9))

    code = factory.Sequence(lambda n: f"test-agency-{n}")
    name = factory.Sequence(lambda n: f"市场监管局{n}")
    name_en = factory.Sequence(lambda n: f"Bureau {n}")
    kind = AgencyKind.BUREAU


class IndustryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Industry

    code = factory.Sequence(lambda n: f"Z{n}")
    name = factory.Sequence(lambda n: f"行业{n}")
    name_en = factory.Sequence(lambda n: f"Industry {n}")


class MerchantFactory(factory.django.DjangoModelFactory):
    """An unverified merchant; `coded` gives it a valid credit code of the made-up division 000000."""

    class Meta:
        model = Merchant

    class Params:
        coded = factory.Trait(credit_code="91000000MA0000000N", verified=True)

    name = factory.Sequence(lambda n: f"测试{n}商贸有限公司")
    name_key = factory.LazyAttribute(lambda merchant: name_key(merchant.name))
    pinyin = factory.LazyAttribute(lambda merchant: pinyin_key(merchant.name_key))
    region = factory.SubFactory(RegionFactory)


class PlatformFactory(factory.django.DjangoModelFactory):
    """A platform in the green channel since 2019; `outside` is none of its members."""

    class Meta:
        model = Platform

    class Params:
        outside = factory.Trait(agency=None, green_from=None)

    code = factory.Sequence(lambda n: f"platform{n}")
    name = factory.Sequence(lambda n: f"测试商城{n}")
    name_en = factory.Sequence(lambda n: f"Mall {n}")
    agency = factory.SubFactory(AgencyFactory, partner=True)
    green_from = dt.date(2019, 1, 1)


class ChannelFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Channel

    code = factory.Sequence(lambda n: f"channel{n}")
    name = factory.Sequence(lambda n: f"渠道{n}")
    name_en = factory.Sequence(lambda n: f"Channel {n}")


class CategoryFactory(factory.django.DjangoModelFactory):
    """A national class of goods; `councils` makes one of the councils' vocabulary."""

    class Meta:
        model = Category

    class Params:
        councils = factory.Trait(scheme=Scheme.COUNCIL)
        service = factory.Trait(branch=Branch.SERVICES)

    scheme = Scheme.NATIONAL
    branch = Branch.GOODS
    code = factory.Sequence(lambda n: f"t{n}")
    name = factory.Sequence(lambda n: f"类别{n}")
    name_en = factory.Sequence(lambda n: f"Category {n}")


class ProblemFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Problem

    class Params:
        councils = factory.Trait(scheme=Scheme.COUNCIL)

    scheme = Scheme.NATIONAL
    code = factory.Sequence(lambda n: f"t{n}")
    name = factory.Sequence(lambda n: f"问题{n}")
    name_en = factory.Sequence(lambda n: f"Problem {n}")


class CalendarNoticeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CalendarNotice

    code = factory.Sequence(lambda n: f"notice{n}")
    name = factory.LazyAttribute(lambda notice: f"{notice.year}年放假通知")
    name_en = factory.LazyAttribute(lambda notice: f"Holidays of {notice.year}")
    year = 2030
    published_on = factory.LazyAttribute(lambda notice: dt.date(notice.year - 1, 11, 4))
    url = "https://www.gov.cn/test.htm"


class CalendarDayFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CalendarDay

    notice = factory.SubFactory(CalendarNoticeFactory)
    date = dt.date(2030, 1, 1)
    working = False
    name = "元旦"
    name_en = "New Year's Day"
