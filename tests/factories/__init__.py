from tests.factories.accounts import PASSWORD, AccessLogFactory, SignInFactory, UserFactory
from tests.factories.registry import (
    AgencyFactory,
    CalendarDayFactory,
    CalendarNoticeFactory,
    CategoryFactory,
    ChannelFactory,
    IndustryFactory,
    MerchantFactory,
    PlatformFactory,
    ProblemFactory,
    RegionFactory,
)

__all__ = [
    "PASSWORD",
    "AccessLogFactory",
    "AgencyFactory",
    "CalendarDayFactory",
    "CalendarNoticeFactory",
    "CategoryFactory",
    "ChannelFactory",
    "IndustryFactory",
    "MerchantFactory",
    "PlatformFactory",
    "ProblemFactory",
    "RegionFactory",
    "SignInFactory",
    "UserFactory",
]
