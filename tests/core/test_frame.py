"""The frame of every page, and the pages that stand in for one: errors, refusals, an expired form."""

import re

import pytest
from django.test import Client
from django.utils import translation
from django.views import defaults

from tests.factories import UserFactory

# who sees what in the side menu
MENUS = {
    "regulator": ["/cases/bulk/", "/", "/cases/", "/pledges/", "/cases/recoveries/", "/imports/"],
    "city_regulator": ["/cases/bulk/", "/", "/cases/", "/pledges/", "/cases/recoveries/", "/imports/"],
    "officer": ["/cases/queue/", "/cases/new/", "/cases/bulk/", "/", "/cases/", "/pledges/", "/cases/recoveries/"],
    "approver": ["/cases/queue/", "/cases/bulk/", "/", "/cases/", "/pledges/", "/cases/recoveries/", "/admin/"],
    "mediator": ["/", "/cases/", "/cases/recoveries/", "/admin/"],
    "clerk": ["/", "/cases/", "/cases/recoveries/", "/imports/", "/admin/"],
    "auditor": ["/imports/", "/audit/", "/accounts/sign-ins/", "/accounts/access-log/"],
    "account_manager": ["/accounts/sign-ins/", "/admin/"],
    "pledge_clerk": ["/", "/cases/", "/pledges/", "/cases/recoveries/", "/imports/", "/admin/"],
    "platform_partner": ["/admin/mediation/platformreferral/", "/admin/"],
    "court_liaison": ["/admin/"],
}


def menu(html: str) -> list[str]:
    side = html[html.index('<nav class="side"') :]
    return re.findall(r'<a href="([^"]+)"', side[: side.index("</nav>")])


@pytest.mark.parametrize("role", MENUS)
def test_the_menu_has_what_the_role_may_open(db, client, role):
    client.force_login(UserFactory(roles=[role]))
    links = menu(client.get("/accounts/password/").content.decode())
    assert links == MENUS[role]
    for link in links:
        assert client.get(link).status_code == 200


def test_the_place_in_the_menu_is_marked(db, client):
    client.force_login(UserFactory(roles=["regulator"]))
    html = client.get("/cases/").content.decode()
    assert re.findall(r'<a href="([^"]+)" aria-current="page"', html) == ["/cases/"]


def test_search_is_for_those_who_see_cases(db, client):
    client.force_login(UserFactory(roles=["officer"]))
    assert "topbar-search" in client.get("/accounts/password/").content.decode()
    client.force_login(UserFactory(roles=["auditor"]))
    assert "topbar-search" not in client.get("/accounts/password/").content.decode()


def test_nothing_is_loaded_from_elsewhere(db, client):
    client.force_login(UserFactory(roles=["regulator"]))
    for path in ("/", "/cases/", "/imports/"):
        html = client.get(path).content.decode()
        assert re.findall(r'(?:src|href)="(?:https?:)?//[^"]*"', html) == []
        assert re.findall(r"<(?:script|style)(?![^>]*(?:src=|application/json))[^>]*>", html) == []
        assert re.findall(r'\s(?:style|on\w+)="', html) == []


@pytest.mark.parametrize(
    ("language", "words"), [("zh-hans", "系统出现错误"), ("en", "Something went wrong on the server")]
)
def test_the_error_page_needs_no_database(rf, language, words):
    with translation.override(language):
        response = defaults.server_error(rf.get("/cases/"))
    assert response.status_code == 500
    assert words in response.content.decode()


def test_the_page_of_a_bad_request_needs_no_database(rf):
    response = defaults.bad_request(rf.get("/cases/"), ValueError("secret"))
    assert response.status_code == 400
    assert "无法识别该请求" in response.content.decode()
    assert "secret" not in response.content.decode()


def test_an_expired_form_says_what_to_do():
    response = Client(enforce_csrf_checks=True).post("/accounts/login/", {"username": "x", "password": "y"})
    assert response.status_code == 403
    assert "页面停留时间过长" in response.content.decode()


def test_a_page_that_is_not_there(db, client):
    client.force_login(UserFactory(roles=["officer"]))
    response = client.get("/no-such-page/")
    assert response.status_code == 404
    assert "页面不存在" in response.content.decode()
    assert menu(response.content.decode()) == MENUS["officer"]


def test_a_page_that_is_not_there_shows_strangers_no_menu(db, client):
    response = client.get("/no-such-page/")
    assert response.status_code == 404
    assert '<nav class="side"' not in response.content.decode()


def test_a_page_one_may_not_open(db, client):
    client.force_login(UserFactory(roles=["officer"]))
    response = client.get("/imports/")
    assert response.status_code == 403
    assert "您的账号没有此项权限" in response.content.decode()
