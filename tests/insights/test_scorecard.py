import csv
import datetime as dt
import io
import re
from types import SimpleNamespace

import pytest
from django.urls import reverse
from python_calamine import CalamineWorkbook

from cases.enums import Body
from insights.forms import Choice
from insights.matching import savings
from insights.metrics import metric
from insights.periods import Period
from insights.scorecard import COUNTS, RATE, Scorecard, channel_tiles
from mediation.enums import ReferralReturn, ReferralState
from registry.models import Category, Platform
from tests.factories import CaseFactory, PlatformFactory, ReferralFactory, UserFactory
from tests.factories.cases import local
from tests.insights.world import muddle

pytestmark = pytest.mark.django_db

CHANNEL = reverse("insights:channel")
EXPORT = reverse("insights:channel_export")
FIGURES = reverse("insights:channel_figures")
YEAR, LAST = Period.of_year(2020), dt.date(2020, 12, 31)
QUERIES = 11
IN_2020 = Choice("years", YEAR, YEAR)


def page(client, url: str, **headers) -> str:
    response = client.get(url, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


@pytest.fixture
def regulator(client, city):
    client.force_login(city.regulator)
    return client


@pytest.fixture
def channel(city):
    """Thirty complaints that one platform settled in 10 days, as many ordinary ones of 20, and one that the other
    platform declined."""
    Platform.objects.update(green_from=None)  # those of the reference data
    some, other = PlatformFactory(code="a-some", name="甲测试"), PlatformFactory(code="b-other", name="乙测试")
    kwargs = {
        "handling": city.district, "received_at": local(2020, 5, 4), "category": Category.objects.order_by("pk")[0]
    }
    for _ in range(30):
        settled = CaseFactory(closed=True, closed_at=local(2020, 5, 14), **kwargs)
        ReferralFactory(
            case=settled, platform=some, state=ReferralState.SETTLED, referred_at=local(2020, 5, 6),
            ended_at=settled.closed_at,
        )  # fmt: skip
        CaseFactory(closed=True, **kwargs)
    ReferralFactory(
        case=CaseFactory(accepted=True, **kwargs), platform=other, state=ReferralState.RETURNED,
        returned_because=ReferralReturn.DECLINED, referred_at=local(2020, 5, 6), ended_at=local(2020, 5, 8),
    )  # fmt: skip
    return SimpleNamespace(some=some, other=other)


def line(shown: str, label: str) -> list[str]:
    """The cells of a line as text."""
    found = next(row for row in re.findall(r"<tr>(.*?)</tr>", shown, re.S) if f">{label}</th>" in row)
    cells = re.findall(r"<td[^>]*>(.*?)</td>", found, re.S)
    return [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in cells]


# the numbers


def test_each_number_is_that_of_its_figure(city):
    muddle({city.district: Body.BUREAU, city.station: Body.BUREAU, city.branch: Body.COUNCIL}, n=300, seed=5)
    card = Scorecard(city.regulator, IN_2020, None, dt.date(2021, 1, 31))

    assert [each.platform.code for each in card.lines] == sorted(each.platform.code for each in card.lines)
    assert sum(each.counts["channel.referred"] for each in card.lines) > card.total.counts["channel.referred"] > 0
    for each in [*card.lines, card.total]:
        assert each.counts == {code: metric(code).compute(each.scope).value for code in COUNTS}
        assert each.rate == metric(RATE).compute(each.scope)
        assert each.saving == savings(each.scope)[None]
        for number, code in ((each.matched, "channel.time_saved"), (each.unmatched, "channel.time_saved.uncounted")):
            assert number.n == metric(code).queryset("value", each.scope).count()


def test_members_stand_there_without_any_complaint_and_others_only_with_one(city):
    Platform.objects.update(green_from=None)
    early = PlatformFactory(code="m1", green_to=dt.date(2020, 1, 1))
    left = PlatformFactory(code="m2", green_to=dt.date(2020, 1, 2))
    late = PlatformFactory(code="m3", green_from=LAST)
    later = PlatformFactory(code="m4", green_from=dt.date(2021, 1, 1))
    outside = PlatformFactory(code="m5", outside=True)
    case = CaseFactory(handling=city.district, received_at=local(2020, 5, 4))
    ReferralFactory(case=case, platform=outside, referred_at=local(2020, 5, 5))

    lines = Scorecard(city.regulator, IN_2020, None, dt.date(2021, 1, 31)).lines

    assert [each.platform for each in lines] == [left, late, outside]
    assert early not in lines
    assert later not in lines
    assert [each.referred.n for each in lines] == [0, 0, 1]


def test_the_figures_of_the_dashboard_stand_beside_earlier_ones(city, channel):
    referred, rate, saved = channel_tiles(city.regulator, IN_2020, None, LAST)

    assert (referred.now.value, referred.year.value, referred.before.value) == (31, 0, 0)
    assert (rate.now.value, rate.year.value) == (30 / 31, None)
    assert (saved.now.value, saved.year.value, saved.on_year) == (0.5, None, None)
    assert channel_tiles(city.stranger, IN_2020, None, LAST)[0].now.value == 0


# the page


def test_a_line_for_each_platform_and_one_for_all(regulator, channel):
    shown = page(regulator, f"{CHANNEL}?year=2020")

    assert line(shown, "甲测试") == ["30", "30", "100.0% / 30", "0", "0", "0", "10", "20", "50.0%", "30", "0"]
    assert line(shown, "乙测试") == ["1", "0", "0.0% / 1", "1", "0", "0", "-", "-", "- 不足30对", "0", "0"]
    assert line(shown, "所有平台") == ["31", "30", "96.8% / 31", "1", "0", "0", "10", "20", "50.0%", "30", "0"]


def test_each_count_opens_its_cases(regulator, channel):
    shown = page(regulator, f"{CHANNEL}?year=2020")
    year = "from=2020-01-01&amp;to=2020-12-31"
    declined = f"/cases/?metric=channel.returned.declined&amp;part=value&amp;{year}&amp;to_platform=b-other"

    assert f'href="{declined}">1</a>' in shown
    opened = page(regulator, declined.replace("&amp;", "&"))
    assert "乙测试" in opened
    assert len(re.findall(r'<td[^>]*class="[^"]*cell-title', opened)) == 1


def test_the_scope_of_the_reader_is_kept(client, city, channel):
    client.force_login(city.stranger)
    assert "甲测试" not in page(client, f"{CHANNEL}?year=2020")
    client.force_login(city.officer)
    assert line(page(client, f"{CHANNEL}?year=2020"), "甲测试")[0] == "30"


@pytest.mark.parametrize("url", [CHANNEL, FIGURES, f"{EXPORT}?format=csv"])
def test_people_of_a_platform_do_not_see_the_others(client, channel, url):
    client.force_login(UserFactory(roles=["platform_partner"], agency=channel.some.agency))
    assert client.get(url).status_code == 403
    assert client.get(url, headers={"HX-Request": "true"}).status_code == 403


def test_without_any_referral_it_says_how_they_come(regulator):
    shown = page(regulator, f"{CHANNEL}?year=2020")

    assert "manage.py import_referrals" in shown
    assert "scorecard" not in shown


def test_a_period_without_referrals_is_empty(regulator, channel):
    shown = page(regulator, f"{CHANNEL}?year=2018")

    assert "manage.py" not in shown
    assert "scorecard" not in shown


def test_htmx_gets_the_part_alone(regulator, channel):
    fragment = page(regulator, f"{CHANNEL}?year=2020", **{"HX-Request": "true"})
    figures = page(regulator, f"{FIGURES}?year=2020", **{"HX-Request": "true"})

    assert "<html" not in fragment
    assert "甲测试" in fragment
    assert "<html" not in figures
    assert "50.0%" in figures
    assert "metric=channel.settlement_rate&amp;part=numerator" in figures
    assert f"{CHANNEL}?year=2020" in figures


def test_the_figures_as_a_page_are_the_scorecard(regulator):
    response = regulator.get(f"{FIGURES}?year=2020")
    assert (response.status_code, response["Location"]) == (302, f"{CHANNEL}?year=2020")


def test_the_dashboard_fetches_the_figures(regulator, channel):
    shown = page(regulator, f"{reverse('insights:dashboard')}?year=2020")
    assert f'hx-get="{FIGURES}?year=2020"' in shown


def test_the_scorecard_in_english_has_no_chinese_but_names(regulator, channel):
    regulator.cookies["django_language"] = "en"
    Platform.objects.filter(code="a-some").update(name_en="Some")
    Platform.objects.filter(code="b-other").update(name_en="Other")

    shown = re.search(r"<main.*</main>", page(regulator, f"{CHANNEL}?year=2020"), re.S).group(0)

    assert not re.search(r"[一-鿿]", shown)


def test_the_reasons_of_a_return_are_headed_as_they_are(regulator, channel):
    regulator.cookies["django_language"] = "en"

    shown = page(regulator, f"{CHANNEL}?year=2020")
    body = b"".join(regulator.get(f"{EXPORT}?year=2020&format=csv").streaming_content).decode("utf-8-sig")

    heads = re.findall(r'<th scope="col" class="num">(.*?)</th>', shown)
    assert heads[2:5] == ["Declined", "Term over", "Recalled"]
    assert next(csv.reader(io.StringIO(body)))[5:8] == [
        "Declined by platforms", "Term of the platform over without a settlement", "Recalled from platforms",
    ]  # fmt: skip


def test_an_exact_number_of_queries_however_many_platforms(regulator, channel, django_assert_num_queries):
    page(regulator, f"{CHANNEL}?year=2020")
    with django_assert_num_queries(QUERIES):
        page(regulator, f"{CHANNEL}?year=2020")
    PlatformFactory.create_batch(3)
    with django_assert_num_queries(QUERIES):
        page(regulator, f"{CHANNEL}?year=2020")


# the files


def test_the_lines_as_a_file(regulator, channel):
    body = b"".join(regulator.get(f"{EXPORT}?year=2020&format=csv").streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(body)))

    assert [row[0] for row in rows[1:]] == ["甲测试", "乙测试", "所有平台"]
    assert rows[1][1:] == ["30", "30", "30", "100.0", "0", "0", "0", "10", "20", "50.0", "30", "0", ""]
    assert rows[2][1:] == ["1", "0", "1", "0.0", "1", "0", "0", "", "", "", "0", "0", "不足30对"]

    content = b"".join(regulator.get(f"{EXPORT}?year=2020&format=xlsx").streaming_content)
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert [row[1] for row in sheet[1:]] == [30, 1, 31]


def test_a_wrong_period_leads_back_and_a_wrong_format_is_not_there(regulator, channel):
    response = regulator.get(f"{EXPORT}?from=2020-03-01&to=2020-01-01&format=csv")
    assert (response.status_code, response["Location"]) == (302, f"{CHANNEL}?from=2020-03-01&to=2020-01-01")
    assert regulator.get(f"{EXPORT}?year=2020&format=pdf").status_code == 404


def test_who_may_not_export_has_no_button_and_no_file(client, city, channel):
    client.force_login(UserFactory(roles=["clerk"], agency=city.district))
    assert EXPORT not in page(client, f"{CHANNEL}?year=2020")
    assert client.get(f"{EXPORT}?format=csv").status_code == 403
