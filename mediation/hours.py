"""When a mediator can be booked. Pure: no database, no clock."""

import datetime as dt
from collections.abc import Iterable
from typing import Literal, NamedTuple

from core.working_days import SATURDAY, Calendar

OFFICE = (dt.time(8, 30), dt.time(17, 30))  # of a mediator whose hours nobody has entered, on working days

Refusal = Literal["", "several_days", "holiday", "rest_day", "hours"]


class Hours(NamedTuple):
    weekday: int  # 0 is Monday
    starts: dt.time
    ends: dt.time


def why_closed(starts: dt.datetime, ends: dt.datetime, hours: Iterable[Hours], calendar: Calendar) -> Refusal:
    """Why a mediator with these weekly `hours` cannot be booked from `starts` to `ends`, local times; "": he can.

    Nobody works on a holiday of the State Council's notices. A make-up working day at a weekend is worked like any day
    from Monday to Friday.
    """
    day = starts.date()
    if ends.date() != day:
        return "several_days"
    if calendar.is_holiday(day):
        return "holiday"
    weekly = list(hours)
    if not weekly:
        if not calendar.is_working(day):
            return "rest_day"
        spans = [OFFICE]
    elif calendar.is_working(day) and day.weekday() >= SATURDAY:
        spans = [(one.starts, one.ends) for one in weekly if one.weekday in (day.weekday(), *range(SATURDAY))]
    else:
        spans = [(one.starts, one.ends) for one in weekly if one.weekday == day.weekday()]
        if not spans and not calendar.is_working(day):
            return "rest_day"
    first, last = starts.timetz().replace(tzinfo=None), ends.timetz().replace(tzinfo=None)
    return "" if any(first >= opens and last <= closes for opens, closes in joined(spans)) else "hours"


def joined(spans: Iterable[tuple[dt.time, dt.time]]) -> list[tuple[dt.time, dt.time]]:
    """The same times in order, as spans that neither overlap nor touch."""
    found: list[tuple[dt.time, dt.time]] = []
    for opens, closes in sorted(spans):
        if found and opens <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], closes))
        else:
            found.append((opens, closes))
    return found
