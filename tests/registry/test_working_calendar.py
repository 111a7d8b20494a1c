import datetime as dt

import pytest
from django.utils import timezone, translation

from registry.domain import calendar_days
from registry.domain.calendar import forget_calendar, missing_years, shown_calendar, wanted_years
from registry.models import CalendarDay, CalendarNotice
from registry.reference import load
from tests.factories import CalendarNoticeFactory, UserFactory

D = dt.date
pytestmark = pytest.mark.django_db
BANNER = "calendar-banner"


@pytest.mark.parametrize(
    ("today", "missing"),
    [
        (D(2026, 10, 31), []),
        (D(2026, 11, 1), [2027]),
        (D(2027, 2, 1), [2027]),
        (D(2027, 11, 1), [2027, 2028]),
    ],
)
def test_the_next_year_is_wanted_from_november_on(today, missing):
    assert missing_years(today) == missing


def test_the_answer_is_kept_and_forgotten(django_assert_num_queries):
    with django_assert_num_queries(1):
        assert missing_years(D(2026, 11, 1)) == [2027]
        assert missing_years(D(2026, 11, 1)) == [2027]
    CalendarNoticeFactory(year=2027)
    assert missing_years(D(2026, 11, 1)) == [2027]
    forget_calendar()
    assert missing_years(D(2026, 11, 1)) == []


def test_loading_the_calendar_forgets_the_answer(django_capture_on_commit_callbacks):
    CalendarDay.objects.filter(notice__year=2026).delete()
    CalendarNotice.objects.filter(year=2026).delete()
    assert missing_years(D(2026, 5, 1)) == [2026]
    with django_capture_on_commit_callbacks(execute=True):
        load(only=["calendar"])
    assert missing_years(D(2026, 5, 1)) == []


def test_the_calendar_of_pages_says_what_the_notices_say(django_assert_num_queries):
    stored = calendar_days()
    with django_assert_num_queries(1):
        shown = shown_calendar()
        assert shown_calendar() == shown
    assert shown.years == stored.years
    assert {date: (day.working, day.label, day.published_on) for date, day in shown.days.items()} == {
        date: (day.working, day.label, day.published_on) for date, day in stored.days.items()
    }
    with translation.override("en"):
        assert shown.days[D(2020, 2, 1)].label == "Spring Festival"


@pytest.fixture
def no_calendar():
    """The notices of the years that are wanted now are missing."""
    years = wanted_years(timezone.localdate())
    CalendarDay.objects.filter(notice__year__in=years).delete()
    CalendarNotice.objects.filter(year__in=years).delete()
    return "、".join(map(str, years))


@pytest.fixture
def whole_calendar():
    for year in wanted_years(timezone.localdate()):
        CalendarNoticeFactory(year=year)


PAGES = [
    ("regulator", "/"),
    ("officer", "/cases/"),
    ("clerk", "/admin/"),
    ("clerk", "/admin/registry/channel/"),
]


@pytest.mark.parametrize(("role", "path"), PAGES)
def test_every_page_tells_who_sees_cases_of_a_missing_calendar(client, no_calendar, role, path):
    client.force_login(UserFactory(roles=[role]))
    html = client.get(path).content.decode()
    assert html.count(BANNER) == 1
    assert no_calendar in html.partition(BANNER)[2].partition("</p>")[0]


@pytest.mark.parametrize(("role", "path"), PAGES)
def test_nothing_is_said_of_a_calendar_that_is_there(client, whole_calendar, role, path):
    client.force_login(UserFactory(roles=[role]))
    assert BANNER not in client.get(path).content.decode()


@pytest.mark.parametrize(
    ("role", "path"), [("auditor", "/accounts/access-log/"), ("account_manager", "/admin/")]
)
def test_who_sees_no_cases_is_told_nothing(client, no_calendar, role, path):
    client.force_login(UserFactory(roles=[role]))
    page = client.get(path, follow=True)
    assert page.status_code == 200
    assert BANNER not in page.content.decode()


def test_strangers_are_told_nothing(client, no_calendar):
    assert BANNER not in client.get("/accounts/login/").content.decode()


def test_the_banner_costs_no_query_once_it_is_known(client, no_calendar, django_assert_num_queries):
    client.force_login(UserFactory(roles=["officer"]))
    client.get("/accounts/password/")
    with django_assert_num_queries(3) as first:  # session, user, permissions
        assert BANNER in client.get("/accounts/password/").content.decode()
    assert not any("calendarnotice" in query["sql"] for query in first.captured_queries)
