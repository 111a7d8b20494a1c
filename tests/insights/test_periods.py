import datetime as dt

import pytest

from core.dates import add_months
from insights.periods import Period


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def period(start: str, end: str) -> Period:
    return Period(day(start), day(end))


def test_a_period_does_not_end_before_it_starts():
    with pytest.raises(ValueError, match="ends on or after"):
        period("2020-01-02", "2020-01-01")


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (Period.of_year(2020), period("2020-01-01", "2020-12-31")),
        (Period.of_quarter(day("2020-11-24")), period("2020-10-01", "2020-12-31")),
        (Period.of_quarter(day("2020-01-01")), period("2020-01-01", "2020-03-31")),
        (Period.of_month(day("2020-02-10")), period("2020-02-01", "2020-02-29")),
    ],
)
def test_calendar_periods(made, expected):
    assert made == expected


def test_a_running_period_goes_as_far_as_the_day():
    assert Period.of_year(2020).until(day("2020-11-24")) == period("2020-01-01", "2020-11-24")
    assert Period.of_year(2020).until(day("2021-11-24")) == Period.of_year(2020)
    assert Period.of_year(2022).until(day("2021-11-24")) == period("2022-01-01", "2022-01-01")


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2021-02-01", "2021-02-28", ("2020-02-01", "2020-02-29")),  # a whole month stays whole
        ("2020-02-01", "2020-02-29", ("2019-02-01", "2019-02-28")),
        ("2020-02-10", "2020-02-29", ("2019-02-10", "2019-02-28")),  # a day that was not there becomes the last
        ("2020-01-01", "2020-11-24", ("2019-01-01", "2019-11-24")),
    ],
)
def test_the_same_period_of_the_year_before(start, end, expected):
    assert period(start, end).year_before() == period(*expected)


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        (("2020-03-01", "2020-03-31"), None, ("2020-02-01", "2020-02-29")),
        (("2020-01-01", "2020-03-31"), None, ("2019-10-01", "2019-12-31")),
        (("2020-01-01", "2020-12-31"), None, ("2019-01-01", "2019-12-31")),
        (("2020-03-01", "2020-03-24"), ("2020-03-01", "2020-03-31"), ("2020-02-01", "2020-02-24")),
        (("2020-03-01", "2020-03-30"), ("2020-03-01", "2020-03-31"), ("2020-02-01", "2020-02-29")),
        (("2020-10-01", "2020-11-24"), ("2020-10-01", "2020-12-31"), ("2020-07-01", "2020-08-24")),
        (("2020-03-11", "2020-03-20"), None, ("2020-03-01", "2020-03-10")),
    ],
)
def test_the_period_before(part, whole, expected):
    assert period(*part).before(period(*whole) if whole else None) == period(*expected)


def test_months_are_added_across_years():
    assert add_months(day("2020-01-31"), -2) == day("2019-11-30")
    assert add_months(day("2019-11-30"), 3) == day("2020-02-29")
