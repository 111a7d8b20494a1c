import datetime as dt

import pytest
from axes.models import AccessAttempt
from django.test import Client
from django.utils import timezone

from accounts import domain
from accounts.models import SignIn
from tests.factories import (
    PASSWORD,
    AccessLogFactory,
    AgencyFactory,
    SignInFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"
SIGN_INS = "/accounts/sign-ins/"
ACCESS_LOG = "/accounts/access-log/"
NEW_PASSWORD = "another-horse-8-staple"


@pytest.fixture
def city():
    return AgencyFactory()


@pytest.fixture
def district(city):
    return AgencyFactory(parent=city)


def sign_in(client, username, password=PASSWORD, **kwargs):
    return client.post(LOGIN, {"username": username, "password": password}, **kwargs)


def signed_in(*roles, **kwargs):
    client, user = Client(), UserFactory(roles=roles, **kwargs)
    client.force_login(user)
    return client, user


def outcomes():
    return list(SignIn.objects.order_by("pk").values_list("username", "outcome"))


# sign-in


def test_sign_in_is_logged_with_address_and_browser(client):
    user = UserFactory(roles=["officer"])

    response = sign_in(client, user.username, REMOTE_ADDR="192.0.2.7", headers={"User-Agent": "Firefox"})

    assert (response.status_code, response.url) == (302, "/")
    line = SignIn.objects.get()
    assert (line.user, line.username, line.outcome) == (user, user.username, "succeeded")
    assert (line.ip, line.user_agent) == ("192.0.2.7", "Firefox")
    assert timezone.now() - line.at < dt.timedelta(minutes=1)


@pytest.mark.parametrize(
    ("roles", "home"),
    [
        (["officer"], "/"),
        (["clerk"], "/"),
        (["auditor"], "/accounts/access-log/"),
        (["account_manager"], "/admin/accounts/user/"),
        ([], "/"),
    ],
)
def test_everyone_starts_on_a_page_of_his_own_work(client, roles, home):
    user = UserFactory(roles=roles)

    response = sign_in(client, user.username)

    assert response.url == home


def test_sign_in_goes_where_one_wanted_to_go_but_not_to_another_site(client):
    user = UserFactory(roles=["auditor"])

    inside = client.post(LOGIN, {"username": user.username, "password": PASSWORD, "next": SIGN_INS})
    outside = Client().post(
        LOGIN, {"username": user.username, "password": PASSWORD, "next": "https://example.org/"}
    )

    assert inside.url == SIGN_INS
    assert outside.url == ACCESS_LOG


@pytest.mark.parametrize("password", ["wrong-horse-7-battery", PASSWORD.upper()])
def test_wrong_password_is_refused_and_logged(client, password):
    user = UserFactory()

    response = sign_in(client, user.username, password)

    assert response.status_code == 200
    assert response.context["form"].non_field_errors() == ["用户名或密码错误。"]
    assert "_auth_user_id" not in client.session
    assert outcomes() == [(user.username, "failed")]
    assert SignIn.objects.get().user == user


def test_unknown_name_closed_account_and_wrong_password_look_the_same(client):
    closed, open_ = UserFactory(closed=True), UserFactory()

    answers = [
        sign_in(client, "nobody").context["form"].non_field_errors(),
        sign_in(client, closed.username).context["form"].non_field_errors(),
        sign_in(client, open_.username, "wrong").context["form"].non_field_errors(),
    ]

    assert answers == [["用户名或密码错误。"]] * 3
    assert list(SignIn.objects.order_by("pk").values_list("user", flat=True)) == [None, closed.pk, open_.pk]


def test_an_empty_form_is_no_attempt(client):
    response = client.post(LOGIN, {"username": "someone", "password": ""})

    assert response.context["form"].errors["password"]
    assert outcomes() == []


@pytest.mark.parametrize("name", ["x" * 151, "x" * 300, "字" * 3000, "x\x00"])
def test_a_name_that_no_account_can_have_is_not_tried(client, name):
    response = sign_in(client, name)

    assert response.status_code == 200
    assert list(response.context["form"].errors) == ["username"]
    assert outcomes() == []
    assert AccessAttempt.objects.count() == 0


# many names from one address


@pytest.fixture
def flooded(settings):
    """Three failures of made-up names from one address, which is as many as may fail in a minute."""
    settings.SIGN_IN_ADDRESS_LIMIT = 3
    for n in range(3):
        assert sign_in(Client(), f"made-up-{n}", REMOTE_ADDR="192.0.2.50").status_code == 200


def test_an_address_from_which_too_many_failed_must_wait(client, flooded):
    user = UserFactory()
    before = outcomes()

    response = sign_in(client, user.username, REMOTE_ADDR="192.0.2.50", headers={"Cookie": "django_language=en"})

    assert (response.status_code, response["Retry-After"]) == (429, "60")
    assert "too many failed sign-ins from your network address" in response.content.decode()
    assert "_auth_user_id" not in client.session
    assert outcomes() == before == [("made-up-0", "failed"), ("made-up-1", "failed"), ("made-up-2", "failed")]
    assert AccessAttempt.objects.count() == 3


def test_no_password_is_hashed_for_an_address_that_must_wait(client, flooded, monkeypatch):
    tried = []
    monkeypatch.setattr("django.contrib.auth.forms.authenticate", lambda *_args, **given: tried.append(given))

    sign_in(client, "made-up", REMOTE_ADDR="192.0.2.50")
    assert tried == []
    sign_in(client, "made-up", REMOTE_ADDR="192.0.2.51")
    assert len(tried) == 1


def test_other_addresses_and_the_page_itself_stay_open(client, flooded):
    user = UserFactory()

    assert client.get(LOGIN, REMOTE_ADDR="192.0.2.50").status_code == 200
    assert sign_in(client, user.username, REMOTE_ADDR="192.0.2.51").status_code == 302


def test_after_a_minute_the_address_may_try_again(flooded):
    now = timezone.now()

    assert domain.must_wait(ip="192.0.2.50", now=now)
    assert not domain.must_wait(ip="192.0.2.50", now=now + dt.timedelta(seconds=61))
    assert not domain.must_wait(ip=None, now=now)


def test_signing_in_and_out_counts_for_nothing(settings):
    settings.SIGN_IN_ADDRESS_LIMIT = 2
    for outcome in ("succeeded", "signed_out", "expired", "failed"):
        SignInFactory(outcome=outcome, ip="192.0.2.50")
    assert not domain.must_wait(ip="192.0.2.50")

    SignInFactory(outcome="locked_out", ip="192.0.2.50")
    assert domain.must_wait(ip="192.0.2.50")


def test_without_a_limit_nobody_waits(flooded, settings):
    settings.SIGN_IN_ADDRESS_LIMIT = 0

    assert not domain.must_wait(ip="192.0.2.50")


# lockout


def test_five_failures_lock_the_account_out_even_for_the_right_password(client):
    user = UserFactory()

    statuses = [sign_in(client, user.username, "wrong").status_code for _ in range(5)]
    right = sign_in(Client(REMOTE_ADDR="192.0.2.99"), user.username)

    assert statuses == [200, 200, 200, 200, 429]
    assert right.status_code == 429
    assert int(right["Retry-After"]) in range(1795, 1801)
    assert outcomes() == [(user.username, "failed")] * 4 + [(user.username, "locked_out")] * 2
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(("cookie", "words"), [("en", "5 failed sign-ins"), ("zh-hans", "30")])
def test_lockout_page_speaks_both_languages(client, cookie, words):
    user = UserFactory()
    client.cookies["django_language"] = cookie
    for _ in range(4):
        sign_in(client, user.username, "wrong")

    response = sign_in(client, user.username, "wrong")

    assert response["Content-Language"] == cookie
    assert words in response.content.decode()


def test_the_counter_belongs_to_the_name_and_others_still_come_in(client):
    locked, other = UserFactory(), UserFactory()
    for _ in range(5):
        sign_in(client, locked.username, "wrong")

    assert sign_in(client, other.username).status_code == 302


def test_tries_during_a_lockout_do_not_prolong_it(client):
    user = UserFactory()
    for _ in range(5):
        sign_in(client, user.username, "wrong")
    begun = timezone.now() - dt.timedelta(minutes=29)
    AccessAttempt.objects.update(attempt_time=begun)

    refused = sign_in(client, user.username)
    AccessAttempt.objects.update(attempt_time=begun - dt.timedelta(minutes=2))
    accepted = sign_in(client, user.username)

    assert refused.status_code == 429
    assert int(refused["Retry-After"]) in range(55, 61)
    assert accepted.status_code == 302


def test_a_success_starts_the_count_again(client):
    user = UserFactory()
    for _ in range(4):
        sign_in(client, user.username, "wrong")
    sign_in(client, user.username)

    statuses = [sign_in(Client(), user.username, "wrong").status_code for _ in range(4)]

    assert statuses == [200] * 4


def test_the_admin_has_no_login_page_of_its_own(client):
    response = client.get("/admin/accounts/user/", follow=True)

    assert response.redirect_chain == [("/accounts/login/?next=/admin/accounts/user/", 302)]
    assert response.status_code == 200
    assert client.get("/admin/login/?next=/admin/accounts/user/").url == response.redirect_chain[0][0]


@pytest.mark.parametrize("path", ["/admin/password_change/", "/admin/password_change/done/"])
def test_the_admin_has_no_password_page_of_its_own(path):
    manager, _user = signed_in("account_manager")

    assert manager.get(path).url == "/accounts/password/"


def test_who_may_not_enter_the_admin_is_told_so(client):
    officer, _user = signed_in("officer")

    response = officer.get("/admin/", follow=True)

    assert response.redirect_chain == [("/admin/login/?next=/admin/", 302)]
    assert response.status_code == 403


def test_admin_login_leads_staff_to_the_admin():
    manager, _user = signed_in("account_manager")

    assert manager.get("/admin/login/").url == "/admin/"


@pytest.mark.parametrize("path", ["/accounts/logout/", "/admin/logout/"])
def test_sign_out_is_a_post_and_logged(path):
    client, user = signed_in("officer")

    assert client.get(path).status_code == 405
    assert "_auth_user_id" in client.session
    response = client.post(path)

    assert response.url == LOGIN
    assert "_auth_user_id" not in client.session
    assert outcomes() == [(user.username, "signed_out")]


# passwords


def test_a_temporary_password_must_be_changed_before_anything_else(client):
    user = UserFactory(roles=["auditor"], temporary=True)
    sign_in(client, user.username)

    refused = [client.get(path) for path in ("/", SIGN_INS, "/admin/")]
    form = client.get("/accounts/password/")

    assert [(response.status_code, response.url) for response in refused] == [
        (302, "/accounts/password/")
    ] * 3
    assert form.status_code == 200


def test_changing_the_password_opens_the_portal_and_ends_other_sessions(client):
    user = UserFactory(roles=["auditor"], temporary=True)
    elsewhere = Client()
    sign_in(client, user.username)
    sign_in(elsewhere, user.username)

    response = client.post(
        "/accounts/password/",
        {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD},
    )

    user.refresh_from_db()
    assert response.url == ACCESS_LOG
    assert client.get(ACCESS_LOG).status_code == 200
    assert elsewhere.get(ACCESS_LOG).url == f"{LOGIN}?next={ACCESS_LOG}"
    assert user.must_change_password is False
    assert timezone.now() - user.password_changed_at < dt.timedelta(minutes=1)
    assert user.check_password(NEW_PASSWORD)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (PASSWORD, PASSWORD, "password_unchanged"),
        (PASSWORD, "short-7", "password_too_short"),
        (PASSWORD, "password123", "password_too_common"),
        (PASSWORD, "83920174650", "password_entirely_numeric"),
        (PASSWORD, "zhangweiming", "password_too_similar"),
        ("wrong", NEW_PASSWORD, "password_incorrect"),
    ],
)
def test_bad_passwords_are_refused_and_the_old_one_stays(old, new, code):
    client, user = signed_in("officer", username="zhangweiming", temporary=True)

    response = client.post(
        "/accounts/password/", {"old_password": old, "new_password1": new, "new_password2": new}
    )

    user.refresh_from_db()
    codes = {error.code for errors in response.context["form"].errors.as_data().values() for error in errors}
    assert codes == {code}
    assert user.check_password(PASSWORD)
    assert user.must_change_password is True
    assert user.password_changed_at is None


# the logs


@pytest.mark.parametrize("count", [1, 3])
def test_sign_in_log_query_count(count, city, django_assert_num_queries):
    client, auditor = signed_in("auditor", agency=city)
    SignInFactory.create_batch(count)

    client.get(SIGN_INS)
    with django_assert_num_queries(4):  # session, user with agency, permissions, rows
        response = client.get(SIGN_INS)

    assert len(response.context["page"].rows) == count


@pytest.mark.parametrize("count", [1, 3])
def test_access_log_query_count(count, city, django_assert_num_queries):
    client, auditor = signed_in("auditor", agency=city)
    AccessLogFactory.create_batch(count)

    client.get(ACCESS_LOG)
    with django_assert_num_queries(4):
        response = client.get(ACCESS_LOG)

    assert len(response.context["page"].rows) == count


def shown(client, path, **parameters):
    return [row.pk for row in client.get(path, parameters).context["page"].rows]


def test_city_auditor_reads_every_line_and_a_district_one_its_own(city, district):
    station = AgencyFactory(parent=district, kind="station")
    here, elsewhere = UserFactory(agency=station), UserFactory(agency=AgencyFactory())
    lines = [SignInFactory(user=user).pk for user in (here, elsewhere)]
    unknown = SignInFactory(user=None, username="nobody").pk
    accesses = [AccessLogFactory(user=user).pk for user in (here, elsewhere)]
    of_city, _ = signed_in("auditor", agency=city)
    of_district, _ = signed_in("auditor", agency=district)

    assert shown(of_city, SIGN_INS) == [unknown, lines[1], lines[0]]
    assert shown(of_district, SIGN_INS) == [lines[0]]
    assert shown(of_city, ACCESS_LOG) == [accesses[1], accesses[0]]
    assert shown(of_district, ACCESS_LOG) == [accesses[0]]


def test_an_auditor_of_a_root_that_is_no_bureau_reads_only_its_own(city):
    council = AgencyFactory(kind="council")
    own, other = SignInFactory(user=UserFactory(agency=council)), SignInFactory()
    client, _user = signed_in("auditor", agency=council)

    assert shown(client, SIGN_INS) == [own.pk]
    assert SignIn.objects.filter(pk=other.pk).exists()


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({"q": "zhang"}, ["zhangwei"]),
        ({"q": "张伟"}, ["zhangwei"]),
        ({"q": "198.51.100"}, ["lina"]),
        ({"outcome": "failed"}, ["lina"]),
        ({"since": "2026-03-02"}, ["lina", "late"]),
        ({"until": "2026-03-01"}, ["zhangwei"]),
        ({"since": "2026-03-01", "until": "2026-03-02"}, ["zhangwei", "lina"]),
        ({"q": "nothing of this kind"}, []),
        ({"since": "yesterday"}, []),
        ({"outcome": "unheard-of"}, []),
    ],
)
def test_sign_in_log_filters(city, parameters, found):
    client, _user = signed_in("auditor", agency=city)
    zone = timezone.get_default_timezone()
    zhang = UserFactory(username="zhangwei", last_name="张", first_name="伟")
    SignInFactory(user=zhang, at=dt.datetime(2026, 3, 1, 23, 59, 59, tzinfo=zone))
    SignInFactory(
        user=UserFactory(username="lina"),
        at=dt.datetime(2026, 3, 2, 0, 0, tzinfo=zone),
        outcome="failed",
        ip="198.51.100.4",
    )
    SignInFactory(user=None, username="late", at=dt.datetime(2026, 3, 3, 0, 0, tzinfo=zone))

    response = client.get(SIGN_INS, parameters | {"sort": "at"})

    assert [row.username for row in response.context["page"].rows] == found


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({"q": "2026-00000007"}, [0]),
        ({"q": "lina"}, [1]),
        ({"q": "李娜"}, [1]),
        ({"action": "export"}, [1]),
        ({"since": "2026-03-02"}, [1]),
        ({"until": "2026-03-01"}, [0]),
    ],
)
def test_access_log_filters(city, parameters, found):
    client, _user = signed_in("auditor", agency=city)
    lina = UserFactory(username="lina", last_name="李", first_name="娜")
    lines = [
        AccessLogFactory(target="2026-00000007/3", at=dt.datetime(2026, 3, 1, 4, tzinfo=dt.UTC)),
        AccessLogFactory(
            user=lina, action="export", target="cases", at=dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
        ),
    ]

    assert shown(client, ACCESS_LOG, **parameters) == [lines[number].pk for number in found]


def test_access_log_names_the_data_in_words(city):
    client, _user = signed_in("auditor", agency=city)
    client.cookies["django_language"] = "en"
    AccessLogFactory(fields="id_number, phone")

    assert "identity number, phone" in client.get(ACCESS_LOG).content.decode()


@pytest.mark.parametrize("path", [SIGN_INS, ACCESS_LOG])
def test_htmx_gets_the_results_alone(path):
    client, _user = signed_in("auditor")

    html = client.get(path, headers={"HX-Request": "true"}).content.decode()

    assert "<html" not in html
    assert "<table" in html


def test_a_form_can_ask_whether_one_is_still_signed_in(client):
    signed_in_client, _user = signed_in("mediator")

    answer = signed_in_client.head("/accounts/session/")

    assert (answer.status_code, answer.content) == (204, b"")
    assert signed_in_client.post("/accounts/session/").status_code == 405
    assert client.head("/accounts/session/").headers["Location"].startswith("/accounts/login/")
