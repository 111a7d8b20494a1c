"""The calendar of an agency's sessions, made ready for its template: a day by half hours, a week by days."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field

from django.utils import timezone

from mediation.models import Mediator, Room, Session

SLOT = dt.timedelta(minutes=30)
OPENS, CLOSES = dt.time(8), dt.time(18)
DAYS = 7


@dataclass
class Cell:
    """`slots` half hours with a session, or one without."""

    slots: int
    session: Session | None = None


@dataclass
class Line:
    """One mediator or room. `cells` of a day; `days` of a week."""

    label: str
    cells: list[Cell] = field(default_factory=list)
    days: list[list[Session]] = field(default_factory=list)


@dataclass
class DayPlan:
    heads: list[str]  # of full hours
    mediators: list[Line]
    rooms: list[Line]


def monday_of(day: dt.date) -> dt.date:
    return day - dt.timedelta(days=day.weekday())


def day_plan(sessions: list[Session], day: dt.date, mediators: list[Mediator], rooms: list[Room]) -> DayPlan:
    """Who leads what and which room is taken on `day`. The hours shown reach from eight to eighteen, and further where a
    session does."""
    opens, closes = _at(day, OPENS), _at(day, CLOSES)
    for session in sessions:
        opens = min(opens, _floor(timezone.localtime(session.period.lower)))
        closes = max(closes, _ceil(timezone.localtime(session.period.upper)))
    slots = (closes - opens) // SLOT
    heads = [f"{(opens + SLOT * number):%H:%M}" for number in range(0, slots, 2)]
    return DayPlan(
        heads,
        [Line(str(one), _cells([s for s in sessions if s.mediator_id == one.pk], opens, slots)) for one in mediators],
        [Line(str(one), _cells([s for s in sessions if s.room_id == one.pk], opens, slots)) for one in rooms],
    )


def _cells(sessions: list[Session], opens: dt.datetime, slots: int) -> list[Cell]:
    """The slots of a line from left to right: a session from its first half hour to its last."""
    cells, place = [], 0
    for session in sorted(sessions, key=lambda one: one.period.lower):
        first = max(place, (_floor(timezone.localtime(session.period.lower)) - opens) // SLOT)
        last = max(first + 1, (_ceil(timezone.localtime(session.period.upper)) - opens) // SLOT)
        cells += [Cell(1) for _n in range(first - place)] + [Cell(last - first, session)]
        place = last
    return cells + [Cell(1) for _n in range(slots - place)]


def week_plan(sessions: list[Session], monday: dt.date, mediators: list[Mediator]) -> list[Line]:
    """Each mediator's sessions of the seven days from `monday`."""
    found: dict[tuple[int, dt.date], list[Session]] = defaultdict(list)
    for session in sorted(sessions, key=lambda one: one.period.lower):
        found[session.mediator_id, timezone.localdate(session.period.lower)].append(session)
    days = [monday + dt.timedelta(days=number) for number in range(DAYS)]
    return [Line(str(one), days=[found[one.pk, day] for day in days]) for one in mediators]


def _at(day: dt.date, time: dt.time) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, time))


def _floor(when: dt.datetime) -> dt.datetime:
    return when.replace(minute=when.minute // 30 * 30, second=0, microsecond=0)


def _ceil(when: dt.datetime) -> dt.datetime:
    floor = _floor(when)
    return floor if floor == when else floor + SLOT
