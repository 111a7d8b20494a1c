import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.models import AccessLog, SignIn, User
from tests.factories import AccessLogFactory, AgencyFactory, SignInFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_accounts_are_visible_to_managers_of_the_agency_and_above():
    city = AgencyFactory()
    district, council = AgencyFactory(parent=city), AgencyFactory(kind="council")
    of_city, of_district = (
        UserFactory(agency=agency, roles=["account_manager"]) for agency in (city, district)
    )
    officer, mediator = UserFactory(agency=district, roles=["officer"]), UserFactory(agency=council)
    admin = UserFactory(superuser=True)

    seen = {
        user: set(User.objects.visible_to(user)) for user in (of_city, of_district, officer, mediator, admin)
    }

    assert seen == {
        of_city: {of_city, of_district, officer},
        of_district: {of_district, officer},
        officer: {officer},
        mediator: {mediator},
        admin: {of_city, of_district, officer, mediator, admin},
    }
    assert set(User.objects.visible_to(AnonymousUser())) == set()


def test_a_manager_without_an_agency_sees_himself():
    manager = UserFactory(agency=None, roles=["account_manager"])
    UserFactory(agency=None)

    assert list(User.objects.visible_to(manager)) == [manager]


def test_logs_are_closed_by_default():
    SignInFactory()
    AccessLogFactory()
    nobody = [UserFactory(roles=[code]) for code in ("officer", "city_regulator", "clerk")]
    nobody.append(UserFactory(agency=None, roles=["auditor"]))

    for user in nobody:
        assert not SignIn.objects.visible_to(user).exists()
        assert not AccessLog.objects.visible_to(user).exists()
    assert not AccessLog.objects.visible_to(UserFactory(roles=["account_manager"])).exists()
