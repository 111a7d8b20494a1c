import datetime as dt

import pytest
from django.http import QueryDict

from insights.forms import Choice, PeriodForm
from insights.periods import Period

TODAY = dt.date(2026, 11, 24)


def choice(query: str) -> Choice:
    return PeriodForm(QueryDict(query)).choice(TODAY)


def period(start: str, end: str) -> Period:
    return Period(dt.date.fromisoformat(start), dt.date.fromisoformat(end))


@pytest.mark.parametrize(
    ("query", "name", "whole", "chosen"),
    [
        ("", "year", ("2026-01-01", "2026-12-31"), ("2026-01-01", "2026-11-24")),
        ("period=month", "month", ("2026-11-01", "2026-11-30"), ("2026-11-01", "2026-11-24")),
        ("period=quarter", "quarter", ("2026-10-01", "2026-12-31"), ("2026-10-01", "2026-11-24")),
        ("period=last", "last", ("2025-01-01", "2025-12-31"), ("2025-01-01", "2025-12-31")),
        ("year=2020", "years", ("2020-01-01", "2020-12-31"), ("2020-01-01", "2020-12-31")),
        ("from=2020-03-05&to=2020-03-05", "custom", ("2020-03-05", "2020-03-05"), ("2020-03-05", "2020-03-05")),
        ("from=2026-11-01&to=2026-12-31", "custom", ("2026-11-01", "2026-12-31"), ("2026-11-01", "2026-12-31")),
        ("year=2020&from=2019-01-01&to=2019-02-01&period=month", "years", ("2020-01-01", "2020-12-31"),
         ("2020-01-01", "2020-12-31")),
    ],
)  # fmt: skip
def test_periods_to_choose(query, name, whole, chosen):
    assert choice(query) == Choice(name, period(*whole), period(*chosen))


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("year=abc", "year"),
        ("year=99999", "year"),
        ("period=decade", "period"),
        ("from=2020-02-30&to=2020-03-01", "from"),
        ("from=2020-02-01", "__all__"),
        ("from=2020-03-01&to=2020-02-01", "__all__"),
        ("from=0001-01-01&to=2020-02-01", "__all__"),
        (f"region={'9' * 50}", "region"),
    ],
)
def test_what_is_wrong_is_said_and_this_year_shown(query, field):
    form = PeriodForm(QueryDict(query))

    assert form.choice(TODAY).name == "year"
    assert list(form.errors) == [field]
