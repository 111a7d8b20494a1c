import re

import pytest
from axes.models import AccessAttempt
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.test import Client

from accounts import domain
from accounts.models import User
from tests.factories import PASSWORD, AgencyFactory, UserFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/accounts/user/"
ADD = "/admin/accounts/user/add/"
TEMPORARY = re.compile(r'value="((?:\w{4}-){3}\w{4})"')


@pytest.fixture
def city():
    return AgencyFactory()


@pytest.fixture
def district(city):
    return AgencyFactory(parent=city)


@pytest.fixture
def manager(district):
    return UserFactory(username="manager", agency=district, roles=["account_manager"])


@pytest.fixture
def client(manager):
    client = Client()
    client.force_login(manager)
    client.cookies["django_language"] = "en"
    return client


def page(user, action="change"):
    return f"{LIST}{user.pk}/{action}/"


def form(home, **changes):
    return {
        "username": "chenjing",
        "last_name": "陈",
        "first_name": "静",
        "email": "",
        "agency": home.pk,
        "roles": ["officer"],
    } | changes


def test_list_shows_the_accounts_of_the_agency_and_below(client, district, city):
    below = UserFactory(agency=AgencyFactory(parent=district), roles=["officer", "mediator"])
    UserFactory(agency=city)

    response = client.get(LIST)

    assert {user.username for user in response.context["cl"].result_list} == {"manager", below.username}
    assert "Case officer, Mediator" in response.content.decode()


def test_list_filters_by_role(client, district):
    officer = UserFactory(agency=district, roles=["officer"])

    response = client.get(LIST, {"role": "officer"})

    assert list(response.context["cl"].result_list) == [officer]


@pytest.mark.parametrize(
    ("lookup", "value"),
    [
        ("password__startswith", "pbkdf2"),
        ("password__regex", "^p"),
        ("is_superuser__exact", "0"),
        ("email__contains", ""),
        ("last_login__isnull", "1"),
        ("groups__name__startswith", "o"),
        ("agency__name__contains", "局"),
        ("is_active__gte", "1"),
    ],
)
def test_the_address_cannot_filter_by_what_is_no_filter_of_the_list(client, district, lookup, value):
    user = UserFactory(agency=district, roles=["officer"])

    response = client.get(LIST, {lookup: value})

    assert response.status_code == 400
    assert user.username not in response.content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_list_query_count(client, district, count, django_assert_num_queries):
    UserFactory.create_batch(count, agency=district, roles=["officer"])
    client.get(LIST)

    with django_assert_num_queries(6):  # session, user, permissions, count, rows, roles
        client.get(LIST)


def test_a_new_account_shows_its_password_once(client, manager, district):
    response = client.post(ADD, form(district, roles=["officer", "clerk"]))

    user = User.objects.get(username="chenjing")
    password = TEMPORARY.search(response.content.decode())[1]
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    assert user.check_password(password)
    assert (user.must_change_password, user.is_staff, user.is_superuser) == (True, True, False)
    assert (user.agency, user.get_full_name()) == (district, "陈静")
    assert domain.role_codes(user) == {"officer", "clerk"}
    assert LogEntry.objects.count() == 1
    assert password not in str(client.cookies) + str(client.session.items())
    assert password not in client.get(page(user)).content.decode()


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"roles": ["officer", "auditor"]}, "roles", "One person holds roles of one of these alone"),
        ({"roles": ["auditor", "account_manager"]}, "roles", "One person holds roles"),
        ({"roles": ["city_regulator"]}, "roles", "is for the city bureau alone"),
        ({"roles": ["emperor"]}, "roles", "emperor is not one of the available choices"),
        ({"agency": "outside"}, "agency", "not one of the available choices"),
        ({"agency": ""}, "agency", "required"),
        ({"username": "Manager"}, "__all__", "written with other capitals"),
        ({"username": "system"}, "username", "belongs to the system"),
        ({"username": ""}, "username", "required"),
    ],
)
def test_a_bad_new_account_is_refused_with_a_reason(client, district, city, changes, field, words):
    if changes.get("agency") == "outside":
        changes = {"agency": city.pk}
    count = User.objects.count()

    response = client.post(ADD, form(district, **changes))

    errors = response.context["adminform"].form.errors
    assert list(errors) == [field]
    assert words in str(errors[field])
    assert User.objects.count() == count


def test_forged_fields_do_nothing(client, district):
    client.post(ADD, form(district) | {"is_superuser": "on", "is_staff": "on", "user_permissions": "1"})

    user = User.objects.get(username="chenjing")
    assert (user.is_superuser, user.is_staff, user.user_permissions.count()) == (False, False, 0)


def test_change(client, district):
    below = AgencyFactory(parent=district)
    user = UserFactory(username="chenjing", agency=district, roles=["officer"])

    response = client.post(page(user), form(below, last_name="程", roles=["auditor"], username="another"))

    user.refresh_from_db()
    assert response.status_code == 302
    assert (user.username, user.get_full_name(), user.agency) == ("chenjing", "程静", below)
    assert domain.role_codes(user) == {"auditor"}
    assert LogEntry.objects.count() == 1


def test_what_the_domain_refuses_is_explained_and_changes_nothing(client, district):
    user = UserFactory(agency=district, roles=["officer"])
    Group.objects.filter(name="mediator").delete()  # never synced

    response = client.post(page(user), form(district, roles=["mediator"]), follow=True)

    user.refresh_from_db()
    assert [str(message) for message in response.context["messages"]] == [
        "The database does not know the role mediator; run sync_roles."
    ]
    assert domain.role_codes(user) == {"officer"}
    assert user.last_name == "王"


@pytest.mark.parametrize("action", ["change", "password", "active", "unlock", "delete", "history"])
def test_accounts_of_other_agencies_are_not_there(client, city, action):
    user = UserFactory(agency=city)
    AccessAttempt.objects.create(username=user.username, failures_since_start=5)

    responses = [client.get(page(user, action)), client.post(page(user, action), form(city))]

    user.refresh_from_db()
    expected = 403 if action == "delete" else 404
    assert [response.status_code for response in responses] == [expected] * 2
    assert (user.is_active, user.check_password(PASSWORD), user.must_change_password) == (True, True, False)
    assert AccessAttempt.objects.count() == 1


@pytest.mark.parametrize("action", ["change", "password", "active", "unlock", "delete"])
@pytest.mark.parametrize("who", ["himself", "superuser"])
def test_his_own_account_and_superusers_are_only_looked_at(client, manager, district, who, action):
    user = manager if who == "himself" else UserFactory(superuser=True, agency=district)
    AccessAttempt.objects.create(username=user.username, failures_since_start=5)
    before = domain.role_codes(user)

    response = client.post(page(user, action), form(district, roles=["officer"]))

    user.refresh_from_db()
    assert response.status_code == 403
    if action == "change":
        assert 'name="_save"' not in client.get(page(user)).content.decode()
    else:
        assert client.get(page(user, action)).status_code == 403
    assert domain.role_codes(user) == before
    assert (user.is_active, user.check_password(PASSWORD), user.last_name) == (True, True, "王")
    assert AccessAttempt.objects.count() == 1


def test_reset_password(client, district):
    user = UserFactory(agency=district)
    asked = client.get(page(user, "password"))
    user.refresh_from_db()
    untouched = user.check_password(PASSWORD)

    response = client.post(page(user, "password"))

    user.refresh_from_db()
    assert untouched
    assert asked.status_code == 200
    assert user.check_password(TEMPORARY.search(response.content.decode())[1])
    assert user.must_change_password is True
    assert "no-store" in response["Cache-Control"]


def test_close_and_open_again(client, district):
    user = UserFactory(agency=district)
    states = []
    for _ in range(2):
        assert client.get(page(user, "active")).status_code == 200
        assert client.post(page(user, "active")).url == page(user)
        user.refresh_from_db()
        states.append(user.is_active)

    assert states == [False, True]


def test_unlock(client, district):
    user = UserFactory(agency=district)
    AccessAttempt.objects.create(username=user.username, failures_since_start=5)
    locked = client.get(page(user)).content.decode()

    response = client.post(page(user, "unlock"))

    assert "Until " in locked
    assert response.url == page(user)
    assert AccessAttempt.objects.count() == 0
    assert "Until " not in client.get(page(user)).content.decode()


def test_nobody_is_deleted(client, district):
    user = UserFactory(agency=district)

    response = client.post(page(user, "delete"), {"post": "yes"})

    assert response.status_code == 403
    assert User.objects.filter(pk=user.pk).exists()


def test_history_tells_what_a_manager_did(client, district):
    user = UserFactory(agency=district, roles=["officer"])
    client.post(page(user), form(district, username=user.username, roles=["mediator"]))

    html = client.get(page(user, "history")).content.decode()

    assert "roles [officer] → [mediator]" in html


def test_suggested_agencies_are_the_managers_own(client, district, city):
    below = AgencyFactory(parent=district)
    AgencyFactory(parent=city)

    found = client.get(
        f"{LIST}agencies/",
        {"app_label": "accounts", "model_name": "user", "field_name": "agency", "term": ""},
    ).json()

    assert {row["id"] for row in found["results"]} == {str(district.pk), str(below.pk)}


def test_superuser_manages_every_account_and_agency(city):
    client, user = Client(), UserFactory(agency=city, roles=["mediator"])
    client.force_login(UserFactory(superuser=True))

    response = client.post(page(user), form(city, roles=["city_regulator"]))

    assert response.status_code == 302
    assert domain.role_codes(user) == {"city_regulator"}


def test_roles_are_not_edited_as_groups():
    client = Client()
    client.force_login(UserFactory(superuser=True))

    assert client.get("/admin/auth/group/").status_code == 404
