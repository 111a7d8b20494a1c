import datetime as dt
import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.template import Context, Template, TemplateSyntaxError
from django.test import RequestFactory
from django.utils import translation

from core.templatetags import portal

ROOT = Path(__file__).resolve().parents[2]


def render(source, **context):
    return Template("{% load portal %}" + source).render(Context(context))


@pytest.mark.parametrize(
    ("value", "chinese", "english"),
    [
        (None, "-", "-"),
        (0, "0", "0"),
        (9_999, "9,999", "9,999"),
        (Decimal("9999.4"), "9,999", "9,999"),
        (Decimal("9999.5"), "1.0万", "10,000"),
        (12_345, "1.2万", "12,345"),
        (3_815_000, "381.5万", "3.8 M"),
        (99_994_999, "9,999.5万", "100.0 M"),
        (99_999_999, "1.00亿", "100.0 M"),
        (999_999, "100.0万", "999,999"),
        (Decimal("999999.5"), "100.0万", "1.0 M"),
        (999_950_000, "10.00亿", "1.00 B"),
        (123_456_789_012, "1,234.57亿", "123.46 B"),
        (-12_345, "−1.2万", "−12,345"),
        (126_000_000.0, "1.26亿", "126.0 M"),
    ],
)
def test_compact(value, chinese, english):
    assert portal.compact(value) == chinese
    with translation.override("en"):
        assert portal.compact(value) == english


def test_money_count_and_percent():
    assert portal.money(Decimal("1234567.005")) == "1,234,567.01"
    assert portal.money(-5) == "−5.00"
    assert portal.count(1234567) == "1,234,567"
    assert portal.percent(0.981) == "98.1%"
    assert portal.percent(Decimal("0.98149999"), 2) == "98.15%"
    assert portal.percent(1 / 3) == "33.3%"
    assert portal.percent(0) == "0.0%"
    assert {portal.money(None), portal.count(None), portal.percent(None), portal.signed_percent(None)} == {"-"}


@pytest.mark.parametrize(("value", "text"), [(0.053, "+5.3%"), (-0.042, "−4.2%"), (0.0004, "0.0%"), (0, "0.0%")])
def test_signed_percent(value, text):
    assert portal.signed_percent(value) == text


@pytest.mark.parametrize(
    ("value", "good", "tone", "words"),
    [
        (0.21, "none", "neutral", "▲上升 21.0%"),
        (0.21, "up", "good", "▲上升 21.0%"),
        (0.21, "down", "bad", "▲上升 21.0%"),
        (-0.169, "up", "bad", "▼下降 16.9%"),
        (-0.169, "down", "good", "▼下降 16.9%"),
    ],
)
def test_delta(value, good, tone, words):
    html = portal.delta(value, good)
    assert f'class="delta delta-{tone}"' in html
    assert re.sub(r"<[^>]+>", "", html) == words


def test_delta_of_unknown_and_of_nothing():
    assert portal.delta(None) == '<span class="delta">-</span>'
    assert re.sub(r"<[^>]+>", "", portal.delta(0.0004)) == "持平"
    assert re.sub(r"<[^>]+>", "", portal.delta_points(-0.004, "up")) == "▼下降 0.4个百分点"
    assert portal.delta_points(None) == '<span class="delta">-</span>'


@pytest.mark.parametrize(
    ("days", "tone", "text"),
    [(-14, "over", "超期 14 天"), (-1, "over", "超期 1 天"), (0, "soon", "今日到期"), (1, "soon", "剩 1 天"),
     (7, "soon", "剩 7 天"), (8, "far", "剩 8 天")],
)  # fmt: skip
def test_due_tag(days, tone, text):
    today = dt.date(2024, 6, 3)
    assert portal.due_tag(today + dt.timedelta(days), today) == f'<span class="due due-{tone}">{text}</span>'


def test_due_tag_without_a_date_and_in_english():
    assert portal.due_tag(None) == "-"
    with translation.override("en"):
        assert "1 day left" in portal.due_tag(dt.date(2024, 6, 4), dt.date(2024, 6, 3))
        assert "2 days overdue" in portal.due_tag(dt.date(2024, 6, 1), dt.date(2024, 6, 3))


def test_state_escapes_and_knows_its_tones():
    assert portal.state("<b>", "blue") == '<span class="state state-blue">&lt;b&gt;</span>'
    with pytest.raises(TemplateSyntaxError, match="purple"):
        portal.state("x", "purple")


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ('{% query sort="-claimed" %}', "/cases/?q=%E9%A2%84%E4%BB%98&amp;state=a&amp;state=b&amp;sort=-claimed"),
        ('{% query q="a&b" %}', "/cases/?q=a%26b&amp;state=a&amp;state=b"),
        ('{% query "q" %}', "/cases/?state=a&amp;state=b"),
        ('{% query "q" "state" %}', "/cases/"),
        ("{% query both %}", "/cases/"),
        ("{% query q=none state=none %}", "/cases/"),
        ('{% query "q" path="/cases/export/" format="csv" %}', "/cases/export/?state=a&amp;state=b&amp;format=csv"),
    ],
)
def test_query_keeps_the_other_parameters_and_drops_the_place_in_the_list(tag, expected):
    request = RequestFactory().get("/cases/", {"q": "预付", "state": ["a", "b"], "after": "1~2", "before": "3"})
    assert render(tag, request=request, both=("q", "state"), none=None) == expected


def test_current(rf):
    request = rf.get("/")
    assert portal.current({"request": request}, "cases:list") == ""
    request.resolver_match = type("Match", (), {"view_name": "admin:index", "namespaces": ["admin"]})()
    assert portal.current({"request": request}, "admin:index") == ' aria-current="page"'
    assert portal.current({"request": request}, "cases:list", "admin") == ' aria-current="page"'
    assert portal.current({"request": request}, "cases:list") == ""


def test_small_filters(django_user_model):
    assert portal.minutes(dt.timedelta(seconds=1801)) == 31
    assert portal.startswith("/admin/cases/", "/admin/")
    assert portal.initial(django_user_model(username="wang", last_name="王", first_name="敏")) == "王"
    assert portal.initial(django_user_model(username="wang")) == "W"


def test_icon():
    assert portal.icon("search") == (
        '<svg class="icon" aria-hidden="true" focusable="false" width="20" height="20">'
        '<use href="/static/vendor/tabler-icons/sprite.svg#search"></use></svg>'
    )


def test_every_icon_of_the_sources_is_in_the_sprite():
    sprite = Path(finders.find(portal.SPRITE)).read_text("utf-8")
    symbols = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    used = set()
    for path in ROOT.glob("templates/**/*.html"):
        used |= set(re.findall(r"""{% icon ["']([^"']+)["']""", path.read_text("utf-8")))
        used |= set(re.findall(r'symbol="([^"]+)"', path.read_text("utf-8")))
    assert len(used) > 10
    assert used <= symbols
