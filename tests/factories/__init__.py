from tests.factories.accounts import PASSWORD, AccessLogFactory, SignInFactory, UserFactory
from tests.factories.registry import AgencyFactory

__all__ = ["PASSWORD", "AccessLogFactory", "AgencyFactory", "SignInFactory", "UserFactory"]
