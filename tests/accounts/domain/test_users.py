import datetime as dt
import json

import pytest
from axes.models import AccessAttempt
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone, translation

from accounts import domain
from accounts.domain.users import temporary_password
from accounts.models import User
from accounts.roles import ROLES
from core.exceptions import DomainError
from registry.enums import AgencyKind
from tests.factories import PASSWORD, AgencyFactory, UserFactory

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 2, 1, 0, tzinfo=dt.UTC)


@pytest.fixture
def city():
    return AgencyFactory()


@pytest.fixture
def district(city):
    return AgencyFactory(parent=city)


@pytest.fixture
def station(district):
    return AgencyFactory(parent=district, kind=AgencyKind.STATION)


@pytest.fixture
def manager(district):
    return UserFactory(agency=district, roles=["account_manager"])


def state(user):
    """All that management can change."""
    user = User.objects.get(pk=user.pk)
    return (
        user.password,
        user.agency_id,
        user.last_name,
        user.first_name,
        user.email,
        user.is_active,
        user.is_staff,
        user.is_superuser,
        user.must_change_password,
        domain.role_codes(user),
    )


VERBS = {
    "change_roles": lambda actor, user: domain.change_user(actor=actor, user=user, roles=["clerk"]),
    "change_user": lambda actor, user: domain.change_user(actor=actor, user=user, last_name="赵"),
    "reset_password": lambda actor, user: domain.reset_password(actor=actor, user=user),
    "deactivate": lambda actor, user: domain.deactivate(actor=actor, user=user),
    "activate": lambda actor, user: domain.activate(actor=actor, user=user),
    "unlock": lambda actor, user: domain.unlock(actor=actor, user=user),
}
verbs = pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)


# who may manage whom


@verbs
@pytest.mark.parametrize(
    "who", ["himself", "superuser", "above", "beside", "without agency", "by an officer", "by nobody"]
)
def test_outside_his_reach_a_manager_changes_nothing(verb, who, manager, city):
    user = {
        "himself": lambda: manager,
        "superuser": lambda: UserFactory(superuser=True, agency=manager.agency),
        "above": lambda: UserFactory(agency=city),
        "beside": lambda: UserFactory(agency=AgencyFactory(parent=city)),
        "without agency": lambda: UserFactory(agency=None),
    }.get(who, lambda: UserFactory(agency=manager.agency))()
    actor = {
        "by an officer": lambda: UserFactory(agency=city, roles=["officer"]),
        "by nobody": lambda: UserFactory(agency=city, closed=True, roles=["account_manager"]),
    }.get(who, lambda: manager)()
    AccessAttempt.objects.create(username=user.username, failures_since_start=5)
    before = state(user)

    with pytest.raises(PermissionDenied):
        verb(actor, user)

    assert state(user) == before
    assert AccessAttempt.objects.count() == 1
    assert LogEntry.objects.count() == 0


@verbs
@pytest.mark.parametrize("actor", ["manager", "superuser", "system"])
def test_within_reach_every_verb_is_done_and_written_down(verb, actor, manager, station):
    user = UserFactory(agency=station, closed=verb is VERBS["activate"])
    AccessAttempt.objects.create(username=user.username, failures_since_start=5)
    actor = {
        "manager": lambda: manager,
        "superuser": lambda: UserFactory(superuser=True),
        "system": domain.system_user,
    }[actor]()

    verb(actor, user)

    line = LogEntry.objects.get()
    assert (line.user, line.object_id, line.action_flag) == (actor, str(user.pk), CHANGE)


def test_no_one_signs_in_as_the_system(client):
    system = domain.system_user()

    assert domain.system_user() == system
    assert (system.is_active, system.has_usable_password(), system.is_superuser) == (False, False, False)
    for password in ("", "!", system.password):
        client.post("/accounts/login/", {"username": "system", "password": password})
        assert "_auth_user_id" not in client.session


# create


def test_create_user(manager, station):
    user, password = domain.create_user(
        actor=manager,
        username="chenjing",
        agency=station,
        roles=["officer", "clerk"],
        last_name="陈",
        first_name="静",
        email="chenjing@example.com",
    )

    user.refresh_from_db()
    assert user.check_password(password)
    assert user.must_change_password is True
    assert (user.agency, user.get_full_name(), user.email) == (station, "陈静", "chenjing@example.com")
    assert domain.role_codes(user) == {"officer", "clerk"}
    assert (user.is_staff, user.is_superuser, user.is_active) == (True, False, True)
    line = LogEntry.objects.get()
    assert (line.user, line.object_id, line.action_flag) == (manager, str(user.pk), ADDITION)


def test_create_user_with_a_known_password_for_demos(manager, station):
    user, password = domain.create_user(
        actor=manager, username="demo", agency=station, password=PASSWORD, must_change_password=False
    )

    assert password == PASSWORD
    assert user.must_change_password is False
    assert user.is_staff is False


@pytest.mark.parametrize("where", ["above", "beside", None])
def test_create_user_elsewhere_is_denied(where, manager, city):
    agency = {"above": city, "beside": AgencyFactory(parent=city)}.get(where)

    with pytest.raises(PermissionDenied):
        domain.create_user(actor=manager, username="chenjing", agency=agency)

    assert not User.objects.filter(username="chenjing").exists()


@pytest.mark.parametrize("username", ["system", "System", "", "two words", "x" * 151])
def test_bad_user_names_are_refused(username, manager, station):
    count = User.objects.count()

    with pytest.raises(ValidationError) as refused:
        domain.create_user(actor=manager, username=username, agency=station)

    assert list(refused.value.message_dict) == ["username"]
    assert User.objects.count() == count


def test_a_name_that_differs_in_capitals_alone_is_taken(manager, station):
    UserFactory(username="chenjing")

    with pytest.raises(ValidationError, match="written with other capitals"), translation.override("en"):
        domain.create_user(actor=manager, username="ChenJing", agency=station)

    assert User.objects.filter(username__iexact="chenjing").count() == 1


def test_temporary_passwords_differ_and_pass_the_rules():
    passwords = {temporary_password() for _ in range(200)}

    assert len(passwords) == 200
    assert {len(password) for password in passwords} == {19}
    for password in passwords:
        validate_password(password)


# roles


@pytest.mark.parametrize(
    "roles",
    [
        ("auditor", "account_manager"),
        *((code, "auditor") for code in ROLES if code not in ("auditor", "account_manager")),
        *((code, "account_manager") for code in ROLES if code not in ("auditor", "account_manager")),
    ],
    ids="+".join,
)
def test_families_exclude_each_other(roles, city):
    admin, user = UserFactory(superuser=True), UserFactory(agency=city, roles=["mediator"])

    with pytest.raises(DomainError):
        domain.change_user(actor=admin, user=user, roles=roles)

    assert domain.role_codes(user) == {"mediator"}


def test_case_roles_go_together(city):
    user = UserFactory(agency=city)
    together = {"regulator", "city_regulator", "officer", "mediator", "clerk"}

    domain.change_user(actor=UserFactory(superuser=True), user=user, roles=together)

    assert domain.role_codes(user) == together


def test_one_family_can_take_the_place_of_another(manager, station):
    user = UserFactory(agency=station, roles=["officer", "clerk"])

    domain.change_user(actor=manager, user=user, roles=["auditor"])

    user.refresh_from_db()
    assert domain.role_codes(user) == {"auditor"}
    assert user.is_staff is False
    assert json.loads(LogEntry.objects.get().change_message) == [
        {"changed": {"fields": ["roles [clerk, officer] → [auditor]"]}}
    ]


def test_unknown_roles_are_refused(manager, station):
    user = UserFactory(agency=station, roles=["officer"])

    with pytest.raises(DomainError, match="emperor"):
        domain.change_user(actor=manager, user=user, roles=["officer", "emperor"])

    assert domain.role_codes(user) == {"officer"}


def test_roles_that_were_never_synced_are_refused(manager, station):
    Group.objects.filter(name="mediator").delete()
    user = UserFactory(agency=station)

    with pytest.raises(DomainError, match="sync_roles"):
        domain.change_user(actor=manager, user=user, roles=["mediator"])

    assert domain.role_codes(user) == set()


@pytest.mark.parametrize("kind", ["district", AgencyKind.COUNCIL, AgencyKind.PLATFORM, AgencyKind.COURT])
def test_the_whole_city_is_for_the_city_bureau_alone(kind, district):
    agency = district if kind == "district" else AgencyFactory(kind=kind)
    user = UserFactory(agency=agency, roles=["regulator"])

    with pytest.raises(DomainError):
        domain.change_user(actor=UserFactory(superuser=True), user=user, roles=["city_regulator"])

    assert domain.role_codes(user) == {"regulator"}


@pytest.mark.parametrize(
    ("kind", "roles"),
    [
        (AgencyKind.BUREAU, ["platform_partner"]), (AgencyKind.COUNCIL, ["platform_partner"]),
        (AgencyKind.COURT, ["platform_partner"]), (AgencyKind.PLATFORM, ["officer"]),
        (AgencyKind.PLATFORM, ["platform_partner", "mediator"]), (AgencyKind.PLATFORM, ["auditor"]),
    ],
)  # fmt: skip
def test_a_platform_has_its_partners_and_nobody_else_has(in_english, kind, roles):
    user = UserFactory(agency=AgencyFactory(kind=kind))

    with pytest.raises(DomainError, match="people of a platform"):
        domain.change_user(actor=UserFactory(superuser=True), user=user, roles=roles)

    assert domain.role_codes(user) == set()


@pytest.mark.parametrize(
    ("kind", "roles"),
    [
        (AgencyKind.BUREAU, ["court_liaison"]), (AgencyKind.COUNCIL, ["court_liaison"]),
        (AgencyKind.PLATFORM, ["court_liaison"]), (AgencyKind.COURT, ["mediator"]),
        (AgencyKind.COURT, ["court_liaison", "mediator"]), (AgencyKind.COURT, ["auditor"]),
    ],
)  # fmt: skip
def test_a_court_has_its_liaisons_and_nobody_else_has(in_english, kind, roles):
    user = UserFactory(agency=AgencyFactory(kind=kind))

    with pytest.raises(DomainError, match="people of a court"):
        domain.change_user(actor=UserFactory(superuser=True), user=user, roles=roles)

    assert domain.role_codes(user) == set()


def test_a_liaison_belongs_to_a_court(district):
    admin = UserFactory(superuser=True)
    user = UserFactory(agency=AgencyFactory(court=True))
    domain.change_user(actor=admin, user=user, roles=["court_liaison"])

    with pytest.raises(DomainError):
        domain.change_user(actor=admin, user=user, agency=district)

    user.refresh_from_db()
    assert (user.agency.kind, domain.role_codes(user), user.is_staff) == ("court", {"court_liaison"}, True)


def test_a_partner_does_not_take_his_role_to_a_bureau(district):
    admin = UserFactory(superuser=True)
    user = UserFactory(agency=AgencyFactory(partner=True))
    domain.change_user(actor=admin, user=user, roles=["platform_partner"])

    with pytest.raises(DomainError):
        domain.change_user(actor=admin, user=user, agency=district)

    user.refresh_from_db()
    assert (user.agency.kind, domain.role_codes(user), user.is_staff) == ("platform", {"platform_partner"}, True)


def test_who_sees_the_whole_city_cannot_take_that_to_a_district(city, district):
    admin, user = UserFactory(superuser=True), UserFactory(agency=city, roles=["city_regulator"])

    with pytest.raises(DomainError):
        domain.change_user(actor=admin, user=user, agency=district)
    unchanged = state(user)
    domain.change_user(actor=admin, user=user, agency=district, roles=["regulator"])

    user.refresh_from_db()
    assert (unchanged[1], unchanged[-1]) == (city.pk, {"city_regulator"})
    assert (user.agency, domain.role_codes(user)) == (district, {"regulator"})


# change


def test_change_user(manager, station):
    user = UserFactory(agency=manager.agency, last_name="陈", first_name="静")

    domain.change_user(actor=manager, user=user, last_name="程", first_name="静", agency=station)

    user.refresh_from_db()
    assert (user.get_full_name(), user.agency) == ("程静", station)
    message = LogEntry.objects.get().get_change_message
    with translation.override("en"):
        assert message() == "Changed last name and agency."


def test_change_user_without_a_change_writes_nothing(manager):
    user = UserFactory(agency=manager.agency, roles=["officer"])

    domain.change_user(actor=manager, user=user, last_name=user.last_name, roles=["officer"])

    assert LogEntry.objects.count() == 0


def test_change_user_to_an_agency_outside_is_denied(manager, city):
    user = UserFactory(agency=manager.agency)
    before = state(user)

    with pytest.raises(PermissionDenied):
        domain.change_user(actor=manager, user=user, agency=city)

    assert state(user) == before


@pytest.mark.parametrize("field", ["is_superuser", "username", "password", "is_staff"])
def test_change_user_changes_no_other_field(field, manager):
    with pytest.raises(TypeError, match=field):
        domain.change_user(actor=manager, user=UserFactory(agency=manager.agency), **{field: True})


# passwords, lockout, closing


def test_reset_password(manager, client):
    user = UserFactory(agency=manager.agency)
    client.force_login(user)
    AccessAttempt.objects.create(username=user.username, failures_since_start=5)
    other = AccessAttempt.objects.create(username="someone-else", failures_since_start=5)

    password = domain.reset_password(actor=manager, user=user)

    user.refresh_from_db()
    assert user.check_password(password)
    assert user.must_change_password is True
    assert list(AccessAttempt.objects.all()) == [other]
    assert client.get("/accounts/password/").status_code == 302


def test_change_password():
    user = UserFactory(temporary=True)

    domain.change_password(user=user, password="another-horse-8-staple", now=NOW)

    user.refresh_from_db()
    assert user.check_password("another-horse-8-staple")
    assert (user.must_change_password, user.password_changed_at) == (False, NOW)


def test_deactivate_and_activate(manager):
    user = UserFactory(agency=manager.agency, roles=["officer"])

    domain.deactivate(actor=manager, user=user)
    closed = state(user)
    domain.activate(actor=manager, user=user)

    assert closed[5] is False
    assert state(user)[5] is True
    assert domain.role_codes(user) == {"officer"}
    assert LogEntry.objects.count() == 2


def test_locked_until_is_when_enough_failures_are_forgotten():
    def failures(minute, count):
        row = AccessAttempt.objects.create(
            username="chenjing", user_agent=str(minute), failures_since_start=count
        )
        AccessAttempt.objects.filter(pk=row.pk).update(attempt_time=NOW + dt.timedelta(minutes=minute))

    until = {}
    failures(-31, 4)  # forgotten already
    failures(-20, 1)
    failures(-10, 3)
    until["four"] = domain.locked_until("chenjing", now=NOW)
    failures(0, 1)
    until["five"] = domain.locked_until("chenjing", now=NOW)
    failures(0.5, 3)
    until["eight"] = domain.locked_until("chenjing", now=NOW + dt.timedelta(minutes=1))
    until["other"] = domain.locked_until("someone-else", now=NOW)

    assert until == {
        "four": None,
        "five": NOW + dt.timedelta(minutes=10),
        "eight": NOW + dt.timedelta(minutes=20),
        "other": None,
    }


def test_unlock_lets_the_user_in_again(manager, client):
    user = UserFactory(agency=manager.agency)
    for _ in range(5):
        client.post("/accounts/login/", {"username": user.username, "password": "wrong"})
    locked = domain.locked_until(user.username)

    domain.unlock(actor=manager, user=user)

    response = client.post("/accounts/login/", {"username": user.username, "password": PASSWORD})
    assert locked > timezone.now()
    assert domain.locked_until(user.username) is None
    assert response.status_code == 302
