"""A notice or a rule that is changed in the admin: what moves is shown first, and moved once that is confirmed."""

import datetime as dt

import pytest

from cases.domain import start_clock
from cases.models import Clock, ClockChange, ClockRule
from registry.models import CalendarDay, CalendarNotice
from tests.cases.test_admin import rule_data
from tests.factories import CaseFactory, UserFactory
from tests.factories.cases import local
from tests.registry.test_admin import confirmed

D = dt.date
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english", "in_english")]


@pytest.fixture
def clock():
    """Due on 2026-11-30."""
    return start_clock(
        CaseFactory(received_at=local(2026, 11, 19)),
        "complaint.accept",
        on=D(2026, 11, 19),
        now=local(2026, 11, 19, 10),
    )


@pytest.fixture
def clerk(client):
    user = UserFactory(roles=["clerk"])
    client.force_login(user)
    return user


NOTICE = {
    "code": "2026-amendment", "name": "通知", "name_en": "Notice", "year": "2026", "published_on": "2026-11-20",
    "url": "https://www.gov.cn/x.htm", "days-TOTAL_FORMS": "1", "days-INITIAL_FORMS": "0",
    "days-0-date": "2026-11-27", "days-0-name": "假日", "days-0-name_en": "Holiday",
}  # fmt: skip
ADD = "/admin/registry/calendarnotice/add/"


def state():
    return (
        list(Clock.objects.values()),
        ClockChange.objects.count(),
        CalendarDay.objects.count(),
        CalendarNotice.objects.count(),
    )


def test_a_notice_shows_what_it_moves_and_moves_it_when_confirmed(client, clerk, clock):
    assert clock.due_on == D(2026, 11, 30)
    before = state()

    page = client.post(ADD, NOTICE)

    assert state() == before
    assert page.context["consequences"] == [
        [
            "1 open clock moves.",
            "Decision on accepting a complaint (complaint.accept): 1 later, 0 earlier.",
            "2026-11-30 → 2026-12-01, Decision on accepting a complaint: 1.",
        ]
    ]
    html = page.content.decode()
    assert "1 open clock moves." in html
    assert "Nothing has been saved yet." in html

    response = client.post(ADD, confirmed(page), follow=True)
    clock.refresh_from_db()
    assert clock.due_on == D(2026, 12, 1)
    change = ClockChange.objects.get()
    assert (change.before_on, change.after_on, change.why, change.note, change.actor) == (
        D(2026, 11, 30), D(2026, 12, 1), "calendar", "2026-amendment", clerk,
    )  # fmt: skip
    assert [str(message) for message in response.context["messages"]][-1] == "1 open clock moves."
    assert CalendarNotice.objects.filter(code="2026").exists()  # the earlier notice stays


def test_a_changed_day_of_a_notice_asks_too(client, clerk, clock):
    client.post(ADD, NOTICE | {"_confirmed": "yes"})
    notice = CalendarNotice.objects.get(code="2026-amendment")
    path = f"/admin/registry/calendarnotice/{notice.pk}/change/"
    day = notice.days.get()
    data = NOTICE | {
        "days-INITIAL_FORMS": "1", "days-0-id": day.pk, "days-0-notice": notice.pk, "days-0-date": "2026-11-26",
        "days-0-working": "on", "_continue": "1",
    }  # fmt: skip
    page = client.post(path, data)
    assert page.context["consequences"][0][0] == "1 open clock moves."
    response = client.post(path, confirmed(page))
    assert (response.status_code, response.headers["Location"]) == (302, path)
    clock.refresh_from_db()
    assert clock.due_on == D(2026, 11, 30)


def test_a_rule_shows_what_it_moves_and_moves_it_when_confirmed(client, clock):
    root = UserFactory(superuser=True)
    client.force_login(root)
    rule = clock.rule
    path = f"/admin/cases/clockrule/{rule.pk}/change/"
    before = state()

    page = client.post(path, rule_data(rule, length=5))
    assert page.context["consequences"][0][0] == "1 open clock moves."
    assert state() == before
    assert ClockRule.objects.get(pk=rule.pk).length == 7

    assert client.post(path, confirmed(page)).status_code == 302
    clock.refresh_from_db()
    assert (clock.due_on, ClockRule.objects.get(pk=rule.pk).length) == (D(2026, 11, 26), 5)
    change = ClockChange.objects.get()
    assert (change.why, change.note, change.actor) == ("rule", f"complaint.accept:{rule.valid_from}", root)


def test_words_of_a_rule_are_saved_at_once(client, clock):
    client.force_login(UserFactory(superuser=True))
    path = f"/admin/cases/clockrule/{clock.rule_id}/change/"
    response = client.post(path, rule_data(clock.rule, name_en="Acceptance"))
    assert response.status_code == 302
    assert ClockRule.objects.get(pk=clock.rule_id).name_en == "Acceptance"
    assert not ClockChange.objects.exists()


def test_who_may_not_change_a_notice_confirms_none(client, clock):
    client.force_login(UserFactory(roles=["account_manager"]))
    before = state()
    for data in (NOTICE, NOTICE | {"_confirmed": "yes"}):
        assert client.post(ADD, data).status_code == 403
    assert state() == before
