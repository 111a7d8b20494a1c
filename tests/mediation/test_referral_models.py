"""What the database keeps of referrals, and who sees them."""

import pytest
from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.db import IntegrityError, transaction

from mediation.models import PlatformReferral, ReferralEvent
from tests.factories import AgencyFactory, CaseFactory, PlatformFactory, ReferralFactory, UserFactory
from tests.factories.cases import local

pytestmark = pytest.mark.django_db
READ = "mediation.view_platformreferral"


def user_of(agency, *permissions):
    user = UserFactory(agency=agency)
    group = Group.objects.create(name=f"of {user}")
    for permission in permissions:
        app, codename = permission.split(".")
        group.permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    user.groups.add(group)
    return user


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"state": "settled"}, "mediation_referral_ended"),
        ({"state": "returned", "ended_at": local(2026, 11, 9)}, "mediation_referral_ended"),
        ({"ended_at": local(2026, 11, 9)}, "mediation_referral_ended"),
        ({"returned_because": "silence"}, "mediation_referral_ended"),
        ({"state": "settled", "ended_at": local(2026, 11, 4)}, "mediation_referral_order"),
        ({"replied_at": local(2026, 11, 4)}, "mediation_referral_order"),
        ({"reply": "收到"}, "mediation_referral_replied"),
        ({"settlement": "退款"}, "mediation_referral_settled"),
    ],
)
def test_what_a_referral_cannot_be(values, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        ReferralFactory(**values)


def test_a_case_is_with_one_platform_at_a_time_and_may_go_out_again():
    case = CaseFactory()
    ReferralFactory(case=case, declined=True)
    ReferralFactory(case=case)

    with pytest.raises(IntegrityError, match="mediation_referral_waiting_once"), transaction.atomic():
        ReferralFactory(case=case)


def test_whose_referrals_are_seen():
    """A platform sees its own, a bureau those of its cases; nobody sees any without the permission, or without an
    agency, and a platform's people see no other's whatever else they may do."""
    bureau = AgencyFactory()
    mine, others = ReferralFactory(case=CaseFactory(handling=bureau)), ReferralFactory()
    platform = mine.platform
    event = ReferralEvent.objects.create(referral=mine, verb="refer", after="waiting", at=mine.referred_at)

    def seen(user):
        return set(PlatformReferral.objects.visible_to(user)), set(ReferralEvent.objects.visible_to(user))

    everything = (READ, "cases.view_case", "cases.view_all_agencies")
    assert seen(user_of(bureau, READ, "cases.view_case")) == ({mine}, {event})
    assert seen(user_of(platform.agency, READ)) == ({mine}, {event})
    assert seen(user_of(platform.agency, *everything)) == ({mine}, {event})
    assert seen(user_of(others.platform.agency, *everything)) == ({others}, set())
    assert seen(user_of(PlatformFactory().agency, READ)) == (set(), set())
    assert seen(user_of(bureau, *everything)) == ({mine, others}, {event})
    assert seen(user_of(bureau, READ)) == (set(), set())
    assert seen(user_of(bureau, "cases.view_case")) == (set(), set())
    assert seen(user_of(None, READ, "cases.view_case")) == (set(), set())
    assert seen(user_of(None, READ)) == (set(), set())
    assert seen(AnonymousUser()) == (set(), set())
