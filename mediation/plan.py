"""The calendar of an agency's sessions, made ready for its template: a day by half hours, a week by days.

An agency may have more mediators than a page has lines, the city a thousand. The lines are chosen first, and the
sessions of these alone are read.
"""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Value, When
from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from mediation.domain import outside_words, times_in
from mediation.enums import SessionState
from mediation.models import Mediator, Room, Session
from registry.domain.calendar import shown_calendar
from registry.models import Agency

SLOT = dt.timedelta(minutes=30)
OPENS, CLOSES = dt.time(8), dt.time(18)
DAYS = 7
LINES = 60  # mediators of a page, and as many rooms


class Entry(NamedTuple):
    """What a calendar shows of a session: local times, its state or "stranded", its text, the address of its page, and
    why it lies outside the times of its mediator."""

    mediator: int
    room: int | None
    starts: dt.datetime
    ends: dt.datetime
    state: str
    text: str
    url: str
    outside: str = ""


@dataclass
class Cell:
    """`slots` half hours with a session, or one without."""

    slots: int
    entry: Entry | None = None


@dataclass
class Line:
    """One mediator or room. `cells` of a day; `days` of a week. `agency`: of a mediator of another one than is shown."""

    label: str
    agency: str = ""
    cells: list[Cell] = field(default_factory=list)
    days: list[list[Entry]] = field(default_factory=list)


@dataclass
class DayPlan:
    heads: list[str]  # of full hours
    mediators: list[Line]
    rooms: list[Line]


@dataclass
class Part:
    """The mediators and rooms of one page, of `most_mediators` and `most_rooms` in all. `page` counts from 1; `first` is
    the agency whose calendar it is, None of all."""

    mediators: list[Mediator]
    rooms: list[Room]
    most_mediators: int
    most_rooms: int
    page: int
    pages: int
    first: Agency | None = None

    def agency_of(self, mediator: Mediator) -> str:
        """The agency of one who leads sessions here and belongs elsewhere; empty of all others."""
        if self.first is None or mediator.agency.path.startswith(self.first.path):
            return ""
        return mediator.agency.label

    @property
    def before(self) -> int:
        """Lines of the pages before this one."""
        return (self.page - 1) * LINES

    @property
    def previous(self) -> int | None:
        return self.page - 1 if self.page > 1 else None

    @property
    def next(self) -> int | None:
        return self.page + 1 if self.page < self.pages else None

    @property
    def last_mediator(self) -> int:
        return self.before + len(self.mediators)

    @property
    def last_room(self) -> int:
        return self.before + len(self.rooms)

    def entries(self, sessions: QuerySet[Session]) -> list[Entry]:
        """Those of `sessions` that these lead or that take place here, the earliest first."""
        lines = Q(mediator__in=[one.pk for one in self.mediators])
        if self.rooms:
            lines |= Q(room__in=[one.pk for one in self.rooms])
        now, calendar = timezone.now(), shown_calendar().calendar()
        # those of a line are read once for all their sessions; others lead some in the rooms
        known = {one.pk: times_in(one.times) for one in self.mediators}
        rows = sessions.filter(lines).with_stranded().with_times(now, list(known)).values_list(
            "pk", "mediator", "room", "period", "state", "case__number", "stranded", "times"
        )
        before, _key, after = reverse("admin:mediation_session_change", args=[0]).rpartition("0")
        found = []
        # thousands in a week: no objects, no look at the urls
        for key, mediator, room, period, state, number, stranded, times in rows:
            starts, ends = timezone.localtime(period.lower), timezone.localtime(period.upper)
            text = f"{starts:%H:%M}-{ends:%H:%M} {number}"
            outside = ""
            if state == SessionState.SCHEDULED and starts > now:
                outside = outside_words(known.get(mediator) or times_in(times), starts, ends, calendar)
            if stranded:
                state, text = "stranded", f"{text} {_('Can no longer be held')}"
            found.append(Entry(mediator, room, starts, ends, state, text, f"{before}{key}{after}", outside))
        return sorted(found, key=lambda entry: (entry.starts, entry.url))


def part_of(
    mediators: QuerySet[Mediator], rooms: QuerySet[Room], *, first: Agency | None, page: str | None
) -> Part:
    """The page that the address names, or the nearest to it that there is; the mediators and rooms of the agency `first`
    come before those of all others."""
    most = [mediators.count(), rooms.count()]
    pages = max(1, *(-(-number // LINES) for number in most))
    wanted = int(page) if page and page.isdecimal() and len(page) < 6 else 1
    number = min(max(wanted, 1), pages)
    lines = slice((number - 1) * LINES, number * LINES)
    others = Case(When(agency=first.pk if first else None, then=Value(0)), default=Value(1))
    mediators = mediators.select_related("agency").with_times(timezone.now())
    return Part(
        list(mediators.order_by(others, "agency", "name", "pk")[lines]),
        list(rooms.order_by(others, "agency", "name")[lines]),
        *most, number, pages, first,
    )  # fmt: skip


def agencies_of(user) -> list[Agency]:
    """The agencies whose calendar `user` may see, with `has_lines`: whether it has mediators or rooms."""
    lines = [rows.filter(agency=OuterRef("pk")).order_by() for rows in (Mediator.objects, Room.objects.in_use())]
    agencies = Agency.objects.annotate(has_lines=Exists(lines[0]) | Exists(lines[1])).order_by("code")
    agencies = agencies.only("code", "name", "name_en", "path")
    if user.has_perm("cases.view_all_agencies"):
        return list(agencies)
    return list(agencies.within(user.agency)) if user.agency_id else []


def chosen_agency(agencies: list[Agency], key: str | None) -> Agency | None:
    """The one of `agencies` that the address names, None where it names none. Raises Http404 for any other."""
    if not key:
        return None
    for agency in agencies:
        if str(agency.pk) == key:
            return agency
    raise Http404


def with_calendar(agencies: list[Agency], chosen: Agency | None) -> list[Agency]:
    """Those to choose from: with mediators or rooms of their own, or below them; and the chosen one."""
    kept = {above for agency in agencies if agency.has_lines for above in agency.ancestor_ids}
    return [agency for agency in agencies if agency.pk in kept or agency == chosen]


def monday_of(day: dt.date) -> dt.date:
    return day - dt.timedelta(days=day.weekday())


def day_plan(entries: list[Entry], day: dt.date, part: Part) -> DayPlan:
    """Who leads what and which room is taken on `day`. The hours shown reach from eight to eighteen, and further where a
    session does."""
    opens, closes = _at(day, OPENS), _at(day, CLOSES)
    led: dict[int, list[Entry]] = defaultdict(list)
    held: dict[int | None, list[Entry]] = defaultdict(list)
    for entry in entries:
        opens, closes = min(opens, _floor(entry.starts)), max(closes, _ceil(entry.ends))
        led[entry.mediator].append(entry)
        held[entry.room].append(entry)
    slots = (closes - opens) // SLOT
    heads = [f"{(opens + SLOT * number):%H:%M}" for number in range(0, slots, 2)]
    return DayPlan(
        heads,
        [Line(str(one), part.agency_of(one), _cells(led[one.pk], opens, slots)) for one in part.mediators],
        [Line(str(one), cells=_cells(held[one.pk], opens, slots)) for one in part.rooms],
    )


def _cells(entries: list[Entry], opens: dt.datetime, slots: int) -> list[Cell]:
    """The slots of a line from left to right: a session from its first half hour to its last."""
    cells, place = [], 0
    for entry in entries:
        first = max(place, (_floor(entry.starts) - opens) // SLOT)
        last = max(first + 1, (_ceil(entry.ends) - opens) // SLOT)
        cells += [Cell(1) for _n in range(first - place)] + [Cell(last - first, entry)]
        place = last
    return cells + [Cell(1) for _n in range(slots - place)]


def week_plan(entries: list[Entry], monday: dt.date, part: Part) -> list[Line]:
    """Each mediator's sessions of the seven days from `monday`."""
    found: dict[tuple[int, dt.date], list[Entry]] = defaultdict(list)
    for entry in entries:
        found[entry.mediator, entry.starts.date()].append(entry)
    days = [monday + dt.timedelta(days=number) for number in range(DAYS)]
    return [
        Line(str(one), part.agency_of(one), days=[found[one.pk, day] for day in days]) for one in part.mediators
    ]


def _at(day: dt.date, time: dt.time) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, time))


def _floor(when: dt.datetime) -> dt.datetime:
    return when.replace(minute=when.minute // 30 * 30, second=0, microsecond=0)


def _ceil(when: dt.datetime) -> dt.datetime:
    floor = _floor(when)
    return floor if floor == when else floor + SLOT
