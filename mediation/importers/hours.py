"""Weekly hours and leave as a cell writes them. Pure: no database, no clock.

    周一至周五 09:00-12:00,13:30-17:00；周六 09:00-12:00
    2026-01-02~2026-01-05；2026-02-01
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable
from itertools import groupby

from django.utils.translation import gettext as _

from core.importing.values import BadValue, parse_date
from mediation.hours import Hours

HOURS_EXAMPLE = "周一至周五 09:00-12:00,13:30-17:00;周六 09:00-12:00"
LEAVE_EXAMPLE = "2026-01-02~2026-01-05;2026-02-01"
OFFICE = "办公时间"  # the mediator has no hours of his own: he works as the office does
DAY_CHARACTERS = "一二三四五六日"
NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAYS = (
    {f"{week}{day}": index for week in ("周", "星期", "礼拜") for index, day in enumerate(DAY_CHARACTERS)}
    | {f"{week}天": 6 for week in ("周", "星期", "礼拜")}
    | {name[:length]: index for index, name in enumerate(NAMES) for length in (3, len(name))}
)
SPANS_OF_DAYS = {"工作日": range(5), "每天": range(7), "周末": range(5, 7), "daily": range(7), "weekdays": range(5)}
OFFICE_WORDS = (OFFICE, "按办公时间", "office")
ENTRY = re.compile(r"[;\n]")
LIST = re.compile(r"[,、]")
TO = re.compile(r"至|到|~|-")
TIME = re.compile(r"(\d{1,2})[:.点时](\d{2})分?", re.ASCII)
# where the days of an entry end: in front of its first time
FIRST_TIME = re.compile(r"(?=\d)")
DASHES = str.maketrans("–—−－～〜", "-----~")
LONGEST = dt.timedelta(days=731)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).translate(DASHES).replace("〜", "~").casefold()


def _bad(reason: str, rule: str) -> BadValue:
    return BadValue(reason, _("Write it as %(example)s.") % {"example": HOURS_EXAMPLE}, rule=rule)


def parse_hours(text: str) -> list[Hours]:
    """The weekly hours in a cell, in order; none for a word that means the hours of the office.

    Entries are parted by `;` or a line end; each has its days, then its times. BadValue: hours.unreadable, hours.order
    (an end not after its start), hours.overlap.
    """
    plain = "".join(_plain(text).split(" ")).strip()
    if plain in OFFICE_WORDS:
        return []
    found: list[Hours] = []
    for entry in filter(None, map(str.strip, ENTRY.split(plain))):
        days, *times = FIRST_TIME.split(entry, maxsplit=1)
        if not times:
            raise _bad(_("“%(entry)s” gives no times.") % {"entry": entry[:40]}, "hours.unreadable")
        spans = _spans(times[0])
        found += [Hours(day, *span) for day in _days(days.rstrip(":,")) for span in spans]
    if not found:
        raise _bad(_("“%(entry)s” gives no times.") % {"entry": text[:40]}, "hours.unreadable")
    return _apart(found)


def parse_times(text: str, weekday: int) -> list[Hours]:
    """The times of one weekday, such as 09:00-12:00,13:30-17:00. Raises as `parse_hours`."""
    return _apart([Hours(weekday, *span) for span in _spans("".join(_plain(text).split()))])


def _days(text: str) -> list[int]:
    days: list[int] = []
    for part in LIST.split(text):
        if part in SPANS_OF_DAYS:
            days += SPANS_OF_DAYS[part]
            continue
        ends = [DAYS.get(name) for name in TO.split(part)]
        if None in ends or not 1 <= len(ends) <= 2 or ends[0] > ends[-1]:
            raise _bad(_("“%(days)s” names no days of the week.") % {"days": text[:40]}, "hours.unreadable")
        days += range(ends[0], ends[-1] + 1)
    return sorted(set(days))


def _spans(text: str) -> list[tuple[dt.time, dt.time]]:
    spans = []
    for part in LIST.split(text):
        times = [_time(one) for one in TO.split(part)]
        if len(times) != 2:
            raise _bad(_("“%(times)s” is no span of time.") % {"times": part[:40]}, "hours.unreadable")
        if times[1] <= times[0]:
            raise _bad(_("“%(times)s” ends before it begins.") % {"times": part[:40]}, "hours.order")
        spans.append((times[0], times[1]))
    return spans


def _time(text: str) -> dt.time:
    match = TIME.fullmatch(text)
    try:
        return dt.time(int(match[1]), int(match[2]))
    except (TypeError, ValueError):
        raise _bad(_("“%(time)s” is no time of day.") % {"time": text[:40]}, "hours.unreadable") from None


def _apart(hours: Iterable[Hours]) -> list[Hours]:
    """In order; BadValue where two of a day overlap."""
    found = sorted(hours)
    for before, after in zip(found, found[1:], strict=False):
        if before.weekday == after.weekday and after.starts < before.ends:
            raise _bad(_("Two times of one day overlap."), "hours.overlap")
    return found


def hours_text(hours: Iterable[Hours]) -> str:
    """Weekly hours as `parse_hours` reads them; consecutive days of the same times stand together."""
    times: dict[int, str] = {}
    for weekday, spans in groupby(sorted(hours), key=lambda one: one.weekday):
        times[weekday] = ",".join(f"{one.starts:%H:%M}-{one.ends:%H:%M}" for one in spans)
    runs: list[list[int]] = []
    for day in times:
        if runs and runs[-1][-1] == day - 1 and times[day] == times[day - 1]:
            runs[-1].append(day)
        else:
            runs.append([day])
    parts = []
    for run in runs:
        names = [f"周{DAY_CHARACTERS[day]}" for day in (run[0], run[-1])]
        parts.append(f"{names[0] if len(run) == 1 else '至'.join(names)} {times[run[0]]}")
    return "；".join(parts) or OFFICE


def parse_leave(text: str, *, until: dt.datetime) -> list[tuple[dt.date, dt.date]]:
    """First and last day of each leave in a cell, in order: 2026-01-02~2026-01-05;2026-02-01.

    `until`: how far ahead one may lie. BadValue: leave.order, leave.overlap, leave.long (more than two years), and those
    of dates.
    """
    found = []
    for entry in filter(None, map(str.strip, re.split(r"[;,、\n]", _plain(text)))):
        days = [parse_date(part.strip(), now=until) for part in re.split(r"~|至|到|\s-\s", entry)]
        if not 1 <= len(days) <= 2 or None in days:
            raise _bad_leave(_("“%(entry)s” is no leave.") % {"entry": entry[:40]}, "leave.unreadable")
        first, last = days[0], days[-1]
        if last < first:
            raise _bad_leave(_("“%(entry)s” ends before it begins.") % {"entry": entry[:40]}, "leave.order")
        if last - first > LONGEST:
            raise _bad_leave(_("“%(entry)s” is longer than two years.") % {"entry": entry[:40]}, "leave.long")
        found.append((first, last))
    found.sort()
    for before, after in zip(found, found[1:], strict=False):
        if after[0] <= before[1]:
            raise _bad_leave(_("Two leaves overlap."), "leave.overlap")
    return found


def _bad_leave(reason: str, rule: str) -> BadValue:
    return BadValue(reason, _("Write it as %(example)s.") % {"example": LEAVE_EXAMPLE}, rule=rule)
