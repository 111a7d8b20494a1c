import csv
import datetime as dt
import io
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from cases.enums import State
from insights.periods import Period
from insights.scopes import Scope
from insights.workload import with_load
from mediation.models import Mediator
from tests.factories import CaseFactory, MediatorFactory, SessionFactory, UserFactory
from tests.factories.cases import local

pytestmark = pytest.mark.django_db

PAGE, EXPORT = reverse("insights:mediators"), reverse("insights:mediators_export")
NOW = local(2026, 11, 10, 12)
YEAR = Period.of_year(2026)


def loads(user, period: Period = YEAR) -> dict[str, tuple]:
    rows = with_load(Mediator.objects.visible_to(user), Scope(user, period, timezone.localdate(NOW)), now=NOW)
    return {row.name: (row.ahead, row.held, row.led_hours, row.in_hand, row.share) for row in rows}


@pytest.fixture
def boss(city):
    return UserFactory(roles=["approver"], agency=city.district)


def session(mediator, case=None, starts=None, **kwargs):
    case = case or CaseFactory(accepted=True, handling=mediator.agency, received_at=local(2026, 10, 1))
    return SessionFactory(case=case, mediator=mediator, starts=starts or local(2026, 11, 2, 9), **kwargs)


def test_what_is_ahead_what_was_held_and_what_is_in_hand(city, boss):
    busy, other = (MediatorFactory(name=name, agency=city.district) for name in ("甲测试", "乙测试"))
    MediatorFactory(name="丙测试", agency=city.station)
    first = CaseFactory(accepted=True, handling=city.district, received_at=local(2026, 10, 1))
    ended = CaseFactory(
        handling=city.district, received_at=local(2026, 10, 1), accepted=True, state=State.ENDED,
        outcome="agreement", ended_at=local(2026, 11, 2),
    )  # fmt: skip
    session(busy, first, local(2026, 11, 2, 9), held=True)
    session(busy, first, local(2026, 11, 12, 9))
    session(busy, ended, local(2026, 11, 2, 14), held=True)
    session(busy, starts=local(2026, 11, 10, 11))  # begun, nothing recorded yet
    session(busy, starts=local(2026, 11, 13), cancelled=True)
    session(busy, starts=local(2025, 11, 13), held=True)
    session(other, first, local(2026, 11, 3, 9), held=True)

    assert loads(boss) == {
        "甲测试": (1, 2, 2.0, 3, pytest.approx(2 / 3)),
        "乙测试": (0, 1, 1.0, 1, pytest.approx(1 / 3)),
        "丙测试": (0, 0, 0.0, 0, None),
    }
    assert loads(boss, Period(dt.date(2025, 11, 1), dt.date(2025, 11, 30)))["甲测试"][1:3] == (1, 1.0)


def test_whoever_left_stands_here_while_there_is_something_of_his(city, boss):
    gone, idle = (
        MediatorFactory(name=name, agency=city.district, active_to=dt.date(2026, 11, 5)) for name in ("甲测试", "乙测试")
    )
    session(gone, held=True)

    assert loads(boss) == {"甲测试": (0, 1, 1.0, 1, 1.0)}
    assert idle.name not in loads(boss)


@pytest.mark.parametrize(
    ("reader", "seen"),
    [
        ("regulator", {"甲测试", "乙测试", "丙测试"}), ("boss", {"甲测试", "乙测试"}), ("mediator", {"丙测试"}),
        ("officer", set()), ("auditor", set()),
    ],
)  # fmt: skip
def test_each_sees_the_mediators_of_the_own_agencies(city, reader, seen):
    for name, agency in (("甲测试", city.district), ("乙测试", city.neighbour), ("丙测试", city.branch)):
        session(MediatorFactory(name=name, agency=agency), held=True)

    assert set(loads(getattr(city, reader))) == seen


def test_a_session_of_an_agency_that_the_reader_does_not_see_counts_nowhere(city, boss):
    mediator = MediatorFactory(name="甲测试", agency=city.district)
    session(mediator, held=True, agency=city.neighbour)

    assert loads(boss) == {"甲测试": (0, 0, 0.0, 0, None)}


# the page


def names(shown: str) -> list[str]:
    return re.findall(r">(.测试)<", shown)


def test_the_list_is_by_agency_and_name_whatever_they_have_to_do(client, city):
    first, second = sorted((city.district, city.neighbour), key=lambda agency: agency.code)
    for name, agency in (("乙测试", second), ("甲测试", second), ("丙测试", first)):
        MediatorFactory(name=name, agency=agency)
    today = timezone.localtime().replace(hour=9)
    session(Mediator.objects.get(name="甲测试"), starts=today + dt.timedelta(days=1))
    client.force_login(city.regulator)

    expected = [one.name for one in Mediator.objects.order_by("agency__code", "name", "pk")]
    assert names(client.get(PAGE).content.decode()) == expected
    assert names(client.get(f"{PAGE}?sort=-ahead").content.decode()) == expected
    assert names(client.get(f"{PAGE}?agency={first.code}").content.decode()) == ["丙测试"]


def test_a_wrong_period_or_agency_shows_nobody_and_says_why(client, city):
    MediatorFactory(name="甲测试", agency=city.district)
    client.force_login(city.regulator)

    for query in ("first=2026-05-01", "first=2026-05-02&last=2026-05-01", "agency=nowhere", "period=year7"):
        response = client.get(f"{PAGE}?{query}")
        assert response.status_code == 200
        assert not names(response.content.decode()), query
        assert response.context["filter"].form.errors, query
        for problem in sum(response.context["filter"].form.errors.values(), []):
            assert problem in response.content.decode()


def test_the_file_has_the_same_rows(client, city):
    mediator = MediatorFactory(name="甲测试", agency=city.district)
    session(mediator, starts=local(2020, 5, 4), held=True)
    client.force_login(city.regulator)

    response = client.get(f"{EXPORT}?format=csv&first=2020-05-01&last=2020-05-31")
    header, row = csv.reader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig")))
    assert len(header) == 7
    assert row == [city.district.label, "甲测试", "0", "1", "1.0", "1", "100.0"]


def test_a_mediator_exports_nothing(client, city):
    client.force_login(city.mediator)

    assert client.get(PAGE).status_code == 200
    assert client.get(f"{EXPORT}?format=csv").status_code == 403
    assert EXPORT not in client.get(PAGE).content.decode()


def test_as_many_queries_however_many_mediators(client, city, django_assert_num_queries):
    client.force_login(city.regulator)
    client.get(PAGE)  # what stays in memory
    for n in (1, 2):
        MediatorFactory.create_batch(n, agency=city.district)
        with django_assert_num_queries(5):
            assert client.get(PAGE).status_code == 200
