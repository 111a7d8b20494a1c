import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages import get_messages
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import Client

from accounts.middleware import LAST_SEEN, ActingMiddleware, SessionPolicyMiddleware
from accounts.models import SignIn
from cases.models import CaseHistory
from tests.factories import PASSWORD, CaseFactory, UserFactory

pytestmark = pytest.mark.django_db
PAGE = "/accounts/access-log/"
LOGIN_BACK = f"/accounts/login/?next={PAGE}"


@pytest.fixture
def auditor():
    return UserFactory(roles=["auditor"])


@pytest.fixture
def used(client, auditor):
    """A client that has opened a page."""
    client.force_login(auditor)
    client.get(PAGE)
    return client


def rest(client, seconds):
    """Move the last request of the client into the past."""
    session = client.session
    session[LAST_SEEN] -= seconds
    session.save()
    return session[LAST_SEEN]


# idle time


def test_thirty_idle_minutes_end_the_session_and_are_logged(used, auditor):
    rest(used, 30 * 60)

    response = used.get(PAGE, REMOTE_ADDR="192.0.2.3")

    assert (response.status_code, response.url) == (302, LOGIN_BACK)
    assert Session.objects.count() == 0
    line = SignIn.objects.get()
    assert (line.user, line.username, line.outcome, line.ip) == (
        auditor,
        auditor.username,
        "expired",
        "192.0.2.3",
    )


def test_a_shorter_rest_does_not_end_it(used):
    rest(used, 30 * 60 - 5)

    assert used.get(PAGE).status_code == 200
    assert SignIn.objects.count() == 0


def test_the_time_is_a_setting(used, settings):
    settings.SESSION_IDLE_MINUTES = 5
    rest(used, 5 * 60)

    assert used.get(PAGE).url == LOGIN_BACK


def test_the_login_page_says_why(used):
    used.cookies["django_language"] = "en"
    rest(used, 30 * 60)

    page = used.get(PAGE, follow=True)

    assert [str(message) for message in get_messages(page.wsgi_request)] == [
        "You were signed out because nothing was done for 30 minutes."
    ]
    assert "nothing was done for 30 minutes" in page.content.decode()


def test_the_session_is_written_at_most_once_a_minute(used):
    recent = rest(used, 55)
    used.get(PAGE)
    after_55_seconds = used.session[LAST_SEEN]
    rest(used, 10)
    used.get(PAGE)

    assert after_55_seconds == recent
    assert used.session[LAST_SEEN] >= recent + 55


def test_a_page_that_asks_by_itself_does_not_keep_the_session_alive(used):
    moved = rest(used, 29 * 60)

    polled = used.get(PAGE, headers={"HX-Request": "true", "HX-Trigger": "poll"})
    after_polling = used.session[LAST_SEEN]
    rest(used, 60)
    expired = used.get(PAGE, headers={"HX-Request": "true", "HX-Trigger": "poll"})

    assert polled.status_code == 200
    assert after_polling == moved
    assert expired["HX-Redirect"] == "/accounts/login/?next=/"


def test_a_post_after_the_time_does_nothing_and_leads_to_the_login(used, auditor):
    rest(used, 30 * 60)

    response = used.post("/accounts/password/", {"old_password": "x"})

    assert response.url == "/accounts/login/?next=/"
    assert SignIn.objects.get().outcome == "expired"


def test_htmx_is_sent_to_the_login_as_a_whole_page(used):
    rest(used, 30 * 60)

    response = used.get(
        f"{PAGE}?q=x", headers={"HX-Request": "true", "HX-Current-URL": f"http://testserver{PAGE}?q=y"}
    )

    assert response.status_code == 200
    assert response["HX-Redirect"] == f"/accounts/login/?next={PAGE}%3Fq%3Dy"
    assert "_auth_user_id" not in used.session


def test_htmx_without_a_session_is_sent_to_the_login_as_a_whole_page():
    response = Client().get(
        f"{PAGE}?q=x", headers={"HX-Request": "true", "HX-Current-URL": f"http://testserver{PAGE}"}
    )

    assert (response.status_code, response["HX-Redirect"]) == (200, LOGIN_BACK)


def test_the_way_back_never_leads_to_another_site():
    response = Client().get(
        PAGE, headers={"HX-Request": "true", "HX-Current-URL": "https://example.org/phish"}
    )

    assert response["HX-Redirect"] == "/accounts/login/?next=/"


def test_htmx_with_a_temporary_password_is_sent_to_change_it(client):
    client.force_login(UserFactory(roles=["auditor"], temporary=True))

    response = client.get(PAGE, headers={"HX-Request": "true"})

    assert (response.status_code, response["HX-Redirect"]) == (200, "/accounts/password/")


def test_a_closed_account_is_out_with_the_next_request(used, auditor):
    auditor.is_active = False
    auditor.save()

    assert used.get(PAGE).url == LOGIN_BACK


# language


@pytest.mark.parametrize(
    ("accept", "cookie", "language"),
    [
        (None, None, "zh-hans"),
        ("en-US,en;q=0.9", None, "zh-hans"),
        ("zh-CN", "en", "en"),
        ("en", "zh-hans", "zh-hans"),
        ("en", "fr", "zh-hans"),
        ("en", "../../etc", "zh-hans"),
    ],
)
def test_chinese_unless_the_switch_says_english(client, accept, cookie, language):
    if cookie:
        client.cookies["django_language"] = cookie

    response = client.get("/accounts/login/", headers={"Accept-Language": accept} if accept else {})

    assert response["Content-Language"] == language
    assert f'<html lang="{language}">' in response.content.decode()
    assert "Cookie" in response["Vary"]


def test_the_switch_works_before_sign_in_and_lasts(client):
    response = client.post("/i18n/setlang/", {"language": "en", "next": "/accounts/login/"})

    cookie = client.cookies["django_language"]
    assert (response.status_code, response.url) == (302, "/accounts/login/")
    assert (cookie.value, cookie["max-age"]) == ("en", 365 * 24 * 3600)
    assert client.get("/accounts/login/")["Content-Language"] == "en"


def test_the_switch_works_before_the_password_is_changed(client):
    client.force_login(UserFactory(temporary=True))

    response = client.post("/i18n/setlang/", {"language": "en", "next": "/accounts/password/"})

    assert response.url == "/accounts/password/"


# what may be kept


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (PAGE, 200),
        ("/accounts/sign-ins/", 200),
        ("/cases/", 403),
        ("/nothing/", 404),
        ("/accounts/password/", 200),
        ("/admin/login/", 403),
    ],
)
def test_no_answer_to_a_signed_in_user_is_kept(used, path, status):
    response = used.get(path)

    assert (response.status_code, response.headers.get("Cache-Control")) == (status, "no-store, private")


def test_signing_in_and_out_is_not_kept_either(client, auditor):
    answers = [
        client.post("/accounts/login/", {"username": auditor.username, "password": PASSWORD}),
        client.post("/accounts/logout/"),
    ]

    assert [answer.status_code for answer in answers] == [302, 302]
    for answer in answers:
        assert "no-store" in answer["Cache-Control"]
        assert "private" in answer["Cache-Control"]


def test_what_a_view_says_itself_stays(rf, auditor):
    def view(request):
        return HttpResponse(headers={"Cache-Control": "max-age=60"})

    request = rf.get("/")
    request.user, request.session, request.htmx = auditor, {}, False

    assert SessionPolicyMiddleware(view)(request)["Cache-Control"] == "max-age=60"


def test_static_files_may_be_kept(used):
    response = used.get("/static/portal/portal.css")
    response.close()

    assert response.status_code == 200
    assert "no-store" not in response.headers.get("Cache-Control", "")


# who is at work


@pytest.mark.parametrize(("method", "named"), [("post", True), ("get", False)])
def test_what_a_request_changes_bears_its_user(rf, auditor, method, named):
    def view(request):
        CaseFactory()
        return HttpResponse()

    request = getattr(rf, method)("/")
    request.user = auditor
    ActingMiddleware(view)(request)
    CaseFactory()

    actors = CaseHistory.objects.order_by("pgh_id").values_list("actor", flat=True)
    assert list(actors) == [auditor.pk if named else None, None]


def test_a_stranger_is_nobody(rf):
    request = rf.post("/")
    request.user = AnonymousUser()

    assert ActingMiddleware(lambda request: HttpResponse(status=204))(request).status_code == 204


def test_it_stands_where_the_user_is_known_and_the_session_has_not_ended(settings):
    order = [settings.MIDDLEWARE.index(f"accounts.middleware.{name}Middleware") for name in ("SessionPolicy", "Acting")]

    assert order == sorted(order)
