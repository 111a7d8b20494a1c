import datetime as dt
import json
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from cases.enums import Kind
from insights.metrics import families, metric, metrics
from tests.factories import CaseFactory, ClockFactory, RecoveryFactory, UserFactory
from tests.factories.cases import local

pytestmark = pytest.mark.django_db

HOME = reverse("insights:dashboard")
UNCOUNTED = reverse("insights:uncounted")
DEFINITIONS = reverse("insights:definitions")


def page(client, url: str, **headers) -> str:
    response = client.get(url, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


@pytest.fixture
def regulator(client, city):
    client.force_login(city.regulator)
    return client


def case(city, **kwargs):
    return CaseFactory(handling=city.district, received_at=local(2020, 5, 4), **kwargs)


# the dashboard


def test_the_address_is_the_state(regulator, city):
    case(city)
    RecoveryFactory(case=case(city, kind=Kind.REPORT), posted_on=dt.date(2020, 6, 1))

    shown = page(regulator, f"{HOME}?year=2020&region=330100")

    assert "2020年1月1日" in shown
    assert '<option value="2020" selected>' in shown
    assert '<option value="330100" selected>' in shown
    assert "metric=cases.received&amp;part=value&amp;from=2020-01-01&amp;to=2020-12-31&amp;region=330100" in shown
    assert "/cases/recoveries/?metric=recoveries.total" in shown


def test_rates_open_numerator_and_denominator(regulator, city):
    ClockFactory(case=case(city), due_on=dt.date(2020, 5, 13))

    shown = page(regulator, f"{HOME}?year=2020")

    assert "metric=cases.accepted_on_time&amp;part=numerator" in shown
    assert "metric=cases.accepted_on_time&amp;part=denominator" in shown


def tile(shown: str, code: str) -> str:
    """The tile of one figure."""
    tiles = re.findall(r'<li class="kpi.*?</li>', shown, re.S)
    return next(tile for tile in tiles if f"<code>{code}</code>" in tile)


def test_an_unknown_rate_is_a_dash_and_never_nought(regulator, city):
    case(city)

    shown = tile(page(regulator, f"{HOME}?year=2020"), "cases.resolution_rate")

    assert re.search(r'<div class="kpi-value">\s*-\s*</div>', shown)
    assert "0.0%" not in shown


def test_the_definition_stands_by_the_figure(regulator, city):
    case(city)
    figure = metric("cases.closed_on_time")

    shown = tile(page(regulator, f"{HOME}?year=2020"), figure.code)

    for words in (figure.definition, figure.numerator, figure.denominator, figure.basis, figure.source):
        assert str(words) in shown


def test_the_scope_of_the_reader_is_kept(client, city):
    case(city)
    case(city, kind=Kind.INQUIRY)
    CaseFactory(handling=city.neighbour, received_at=local(2020, 5, 4))
    for reader, n in (("regulator", 3), ("boss", 3), ("officer", 2), ("stranger", 1)):
        client.force_login(getattr(city, reader))
        shown = tile(page(client, f"{HOME}?year=2020"), "cases.received")
        assert re.search(r'<div class="kpi-value"><a [^>]*>(\d+)</a>', shown).group(1) == str(n), reader
    client.force_login(city.mediator)
    assert 'class="kpis' not in page(client, f"{HOME}?year=2020")


def test_htmx_gets_the_fragment_alone(regulator, city):
    case(city)

    fragment = page(regulator, f"{HOME}?year=2020", **{"HX-Request": "true"})
    whole = page(regulator, f"{HOME}?year=2020", **{"HX-Request": "true", "HX-History-Restore-Request": "true"})

    assert "<html" not in fragment
    assert "data-announce" in fragment
    assert fragment.strip().splitlines()[-1] in whole
    assert "<html" in whole


def test_answers_vary_by_htmx(regulator):
    assert "HX-Request" in regulator.get(HOME)["Vary"]


def test_charts_have_their_data_and_a_table(regulator, city):
    case(city)

    shown = page(regulator, f"{HOME}?year=2020")

    charts = re.findall(
        r'data-chart="[\w-]+" data-src="([\w-]+)" role="img" aria-labelledby="([\w-]+)" aria-describedby="([\w-]+)"',
        shown,
    )
    assert [source for source, _label, _table in charts] == ["d-trend", "d-districts", "d-categories", "d-channels"]
    for source, label, table in charts:
        data = json.loads(re.search(rf'<script id="{source}" type="application/json">(.*?)</script>', shown).group(1))
        assert data["labels"]
        assert f'id="{label}"' in shown
        assert re.search(rf'<table class="[^"]*" id="{table}"', shown)


def test_nothing_inline(regulator, city):
    case(city)

    shown = page(regulator, f"{HOME}?year=2020")

    assert not re.search(r"\s(style|onclick|onchange|hx-on[:\w-]*)=", shown)
    assert set(re.findall(r"<script(?![^>]*src=)([^>]*)>", shown)) <= {
        f' id="d-{name}" type="application/json"' for name in ("trend", "districts", "categories", "channels")
    }


@pytest.mark.parametrize(
    ("query", "said"),
    [("region=999999", "999999"), ("from=2020-03-01&to=2020-01-01", "截止"), ("year=abc", "整数"), ("period=x", "x")],
)
def test_bad_choices_are_said_and_something_shown(regulator, city, query, said):
    CaseFactory(handling=city.district, received_at=timezone.now())

    shown = page(regulator, f"{HOME}?{query}")

    problem = re.search(r'<p class="alert-line alert-error" role="alert">(.*?)</p>', shown, re.S)
    assert said in problem.group(1)
    assert 'class="kpis' in shown


def test_without_any_case_it_says_how_to_import(regulator):
    shown = page(regulator, HOME)

    assert "manage.py import_cases" in shown
    assert 'class="kpis' not in shown


def test_a_period_without_cases_leads_to_the_last_one_that_has_some(regulator, city):
    case(city)

    shown = page(regulator, f"{HOME}?year=2021")

    assert 'href="?year=2020"' in shown
    assert "manage.py" not in shown


def test_years_to_pick_go_back_to_the_first_case(regulator, city):
    CaseFactory(handling=city.district, received_at=local(2018, 1, 1, 0))

    years = re.findall(r'<option value="(\d{4})"', page(regulator, HOME))

    assert years == [str(year) for year in range(timezone.localdate().year, 2017, -1)]


def test_an_exact_number_of_queries_however_many_cases(regulator, city, django_assert_num_queries):
    case(city)
    page(regulator, HOME)
    with django_assert_num_queries(17):
        page(regulator, f"{HOME}?year=2020")
    for kind in Kind:
        case(city, kind=kind)
    with django_assert_num_queries(17):
        page(regulator, f"{HOME}?year=2020")


@pytest.mark.parametrize("role", ["auditor", "account_manager"])
def test_those_without_cases_get_a_start_page(client, role):
    client.force_login(UserFactory(roles=[role]))

    shown = page(client, HOME)

    assert 'class="kpis' not in shown
    assert reverse("accounts:sign_ins") in shown
    assert (reverse("imports:list") in shown) == (role == "auditor")
    assert reverse("cases:list") not in re.search(r'<main.*</main>', shown, re.S).group(0)


# left out of the rates


def test_what_the_rates_leave_out(regulator, city):
    case(city)
    case(city, kind=Kind.REPORT)

    whole = page(regulator, f"{UNCOUNTED}?year=2020")
    fragment = page(regulator, f"{UNCOUNTED}?year=2020", **{"HX-Request": "true"})

    for code in ("cases.accepted_on_time.uncounted", "cases.verified_on_time.uncounted"):
        assert re.search(rf'metric={re.escape(code)}[^"]*">1</a>', whole)
    assert re.search(r'metric=cases\.closed_on_time\.uncounted[^"]*">0</a>', whole)
    assert "<html" not in fragment
    assert "cases.accepted_on_time.uncounted" in fragment


def test_every_rate_has_its_row(regulator):
    shown = page(regulator, UNCOUNTED)

    for figure in metrics():
        if figure.uncounted:
            assert f"metric={figure.uncounted}&amp;" in shown
    assert shown.count(".uncounted&amp;") == 12


# definitions


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_figure_is_defined(regulator, language):
    regulator.cookies["django_language"] = language

    shown = page(regulator, DEFINITIONS)

    for figure in (*metrics(), *families()):
        assert f'<tr id="{figure.code}">' in shown
    if language == "en":
        assert not re.search(r"[\u4e00-\u9fff]", re.search(r"<main.*</main>", shown, re.S).group(0))


def test_the_dashboard_in_english_has_no_chinese(regulator, city):
    case(city)
    regulator.cookies["django_language"] = "en"

    shown = re.search(r"<main.*</main>", page(regulator, f"{HOME}?year=2020"), re.S).group(0)

    assert not re.search(r"[\u4e00-\u9fff]", shown)
