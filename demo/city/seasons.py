"""When things come in and when offices work. Working days are known here only roughly, on purpose: the city must not
share its calendar with the figures that are computed from it."""

import datetime as dt

FIRST_DAY = dt.date(2017, 7, 1)  # earlier than the earliest purchase that a case of 2019 tells of
NEW_MAP = dt.date(2021, 4, 9)  # the districts of Hangzhou changed
EPIDEMIC = (dt.date(2020, 1, 23), dt.date(2020, 3, 20))
SPRING_FESTIVALS = (
    (dt.date(2019, 2, 4), dt.date(2019, 2, 10)),
    (dt.date(2020, 1, 24), dt.date(2020, 2, 2)),
    (dt.date(2021, 2, 11), dt.date(2021, 2, 17)),
)
WEEKDAYS = (1.12, 1.08, 1.05, 1.03, 1.0, 0.76, 0.70)
MONTHS = (0.92, 0.86, 1.08, 0.95, 0.97, 1.0, 0.98, 0.97, 0.98, 0.97, 1.12, 1.12)
EPIDEMIC_RUSH = {"complaint": 1.3, "report": 1.5, "inquiry": 1.7}

PHASES = ("2019", "2020", "epidemic", "surge", "recent")


def phase(day: dt.date) -> int:
    """Index into PHASES: which mix of trades is complained about."""
    if EPIDEMIC[0] <= day <= EPIDEMIC[1]:
        return 2
    if (11, 11) <= (day.month, day.day) <= (12, 5) or (6, 18) <= (day.month, day.day) <= (6, 30):
        return 3
    return {2019: 0, 2020: 1}.get(day.year, 4)


def day_weight(day: dt.date, kind: str) -> float:
    """How much of a kind comes in on a day, relative to an average Friday."""
    weight = WEEKDAYS[day.weekday()] * MONTHS[day.month - 1]
    if any(first <= day <= last for first, last in SPRING_FESTIVALS):
        weight *= 0.5
    if dt.date(2020, 1, 28) <= day <= dt.date(2020, 3, 10):
        weight *= EPIDEMIC_RUSH[kind]
    if (day.month, day.day) == (3, 15):
        weight *= 1.9
    if (11, 11) <= (day.month, day.day) <= (11, 30) and kind != "inquiry":
        weight *= 1.45
    if (6, 18) <= (day.month, day.day) <= (6, 28) and kind != "inquiry":
        weight *= 1.2
    if (10, 1) <= (day.month, day.day) <= (10, 7):
        weight *= 0.7
    return weight


def is_office_day(day: dt.date) -> bool:
    """Roughly a working day: no weekend and none of the long holidays."""
    if day.weekday() >= 5 or (10, 1) <= (day.month, day.day) <= (10, 7) or (5, 1) <= (day.month, day.day) <= (5, 3):
        return False
    return not any(first <= day <= last for first, last in SPRING_FESTIVALS)


class Days:
    """Tables by day index (0 is FIRST_DAY): texts of dates, the office day on or after a day, the year."""

    def __init__(self, last: dt.date):
        count = (last - FIRST_DAY).days + 1
        days = [FIRST_DAY + dt.timedelta(i) for i in range(count)]
        self.iso = [day.isoformat() for day in days]
        self.compact = [day.strftime("%Y%m%d") for day in days]
        self.spoken = [f"{day.year}年{day.month}月{day.day}日" for day in days]
        self.year = [day.year for day in days]
        self.office = [0] * count
        following = count - 1
        for i in range(count - 1, -1, -1):
            if is_office_day(days[i]):
                following = i
            self.office[i] = following
        self._office_days = [i for i in range(count) if self.office[i] == i]
        ranks = {day: rank for rank, day in enumerate(self._office_days)}
        self._rank = [ranks.get(day, len(ranks) - 1) for day in self.office]

    def office_days_from(self, day: int, number: int) -> int:
        """So many office days after (before, where negative) the office day on or after `day`."""
        return self._office_days[self._rank[day] + number]

    @staticmethod
    def index(day: dt.date) -> int:
        return (day - FIRST_DAY).days


# the time of a day in seconds, as written behind a date
CLOCK = [f" {s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(86400)]
