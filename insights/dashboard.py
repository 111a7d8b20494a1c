"""What the dashboard shows: figures beside those of the year before and the period before, and where cases came from."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from cases.references import UNLINKED
from core.dates import add_months
from core.language import is_chinese
from insights.enums import Part, Unit
from insights.forms import Choice
from insights.metrics import Metric, metric
from insights.metrics import Value as Figure
from insights.periods import ONE_DAY, Period, months_between
from insights.places import UNKNOWN, Map, Place, in_force
from insights.scopes import Scope
from insights.selections import address, describe, span
from insights.summary import Breakdown, Summary, summarise
from registry.enums import Scheme
from registry.models import Category, Channel

RECEIVED = "cases.received"
TILES = (
    RECEIVED, "cases.accepted_on_time", "cases.closed_on_time", "cases.verified_on_time", "cases.resolution_rate",
    "mediation.success_national", "recoveries.total", "cases.overdue",
)  # fmt: skip
BESIDE = {
    RECEIVED: tuple(f"{RECEIVED}.{kind}" for kind in ("complaint", "report", "inquiry")),
    "recoveries.total": ("recoveries.multiple_and_moral",),
}
COUNCILS = (
    "councils.received", "councils.inquiries", "councils.disputes", "councils.accepted_on_time",
    "mediation.success_council", "recoveries.council",
)  # fmt: skip
ICONS = {
    RECEIVED: "inbox", "cases.accepted_on_time": "clipboard-check", "cases.closed_on_time": "clock",
    "cases.verified_on_time": "shield-check", "cases.resolution_rate": "gavel",
    "mediation.success_national": "scale", "recoveries.total": "receipt-refund", "cases.overdue": "alert-triangle",
}  # fmt: skip
CHART_BARS = 12
KINDS = ("complaint", "report", "inquiry")


def change(now, earlier, unit: str):
    """The difference of a rate or a saving, the relative change of a count or amount; None where there is no telling."""
    if now is None or earlier is None:
        return None
    if unit in (Unit.RATE, Unit.SAVING):
        return now - earlier
    return (now - earlier) / earlier if earlier else None


@dataclass
class Side:
    """A figure in one of the periods, and the addresses of its rows. `reason`: why it cannot be told."""

    metric: Metric
    scope: Scope
    figure: Figure | None
    reason: str = ""

    @property
    def value(self):
        return self.figure.value if self.figure else None

    @property
    def period(self) -> str:
        return span(self.scope.period)

    def _address(self, part: Part) -> str:
        return address(self.metric, part, self.scope) if self.figure else ""

    @property
    def url(self) -> str:
        return self._address(Part.VALUE) if self.metric.unit != Unit.RATE else ""

    @property
    def numerator_url(self) -> str:
        return self._address(Part.NUMERATOR) if self.metric.unit == Unit.RATE else ""

    @property
    def denominator_url(self) -> str:
        return self._address(Part.DENOMINATOR) if self.metric.unit == Unit.RATE else ""


@dataclass
class Tile:
    """One figure with its comparisons."""

    metric: Metric
    now: Side
    year: Side
    before: Side
    icon: str = ""
    beside: list["Tile"] = field(default_factory=list)

    @property
    def on_year(self):
        return change(self.now.value, self.year.value, self.metric.unit)

    @property
    def on_before(self):
        return change(self.now.value, self.before.value, self.metric.unit)

    @property
    def sides(self) -> list[tuple[str, Side]]:
        return [
            (_("This period"), self.now),
            (_("Year before"), self.year),
            (_("The period before"), self.before),
        ]

    @property
    def is_rate(self) -> bool:
        return self.metric.unit == Unit.RATE

    @property
    def is_saving(self) -> bool:
        return self.metric.unit == Unit.SAVING

    @property
    def in_points(self) -> bool:
        return self.is_rate or self.is_saving

    @property
    def is_money(self) -> bool:
        return self.metric.unit == Unit.MONEY

    @property
    def alert(self) -> bool:
        return self.metric.code == "cases.overdue" and bool(self.now.value)


@dataclass
class Row:
    """One line of a breakdown. `earlier` is None where it cannot be compared, and `reason` says why."""

    label: str
    now: int
    earlier: int | None
    url: str
    share: float | None = None
    parts: tuple[int, ...] = ()
    reason: str = ""

    @property
    def change(self):
        return change(self.now, self.earlier, Unit.CASES)


@dataclass
class Month:
    label: str
    now: int | None
    earlier: int | None
    url: str
    complete: bool

    @property
    def change(self):
        """Only of whole months: the first days of a month against a whole one would tell nothing."""
        return change(self.now, self.earlier, Unit.CASES) if self.complete else None


def year_before(scope: Scope) -> Scope:
    return _earlier(scope, scope.period.year_before(), 12)


def period_before(scope: Scope, whole: Period) -> Scope:
    earlier = scope.period.before(whole)
    months = months_between(whole.start, whole.end + ONE_DAY) if whole.is_whole_months else 0
    return _earlier(scope, earlier, months)


def _earlier(scope: Scope, period: Period, months: int) -> Scope:
    """As of the same distance from the period's end, so that like is compared with like: of complaints accepted this
    month few have ended yet, and it was no different a year ago."""
    as_of = add_months(scope.as_of, -months) if months else scope.as_of - (scope.period.start - period.start)
    return scope.moved_to(period, max(as_of, period.end) if scope.as_of >= scope.period.end else as_of)


class Dashboard:
    """The figures of one reader, period and region, counted when made."""

    def __init__(self, user, choice: Choice, place: Place | None, regions: Map, as_of: dt.date):
        self.scope = Scope(user, choice.period, as_of, place)
        self.choice, self.place, self.map = choice, place, regions
        self.year, self.before = year_before(self.scope), period_before(self.scope, choice.whole)
        self.reasons = [
            place.why_not_comparable(choice.period, other.period) if place else ""
            for other in (self.year, self.before)
        ]
        most = place is not None and 2 * len(place.ids) > len(regions.regions)
        self.summary: Summary = summarise(
            [self.scope, self.year, self.before],
            self._months(),
            None if self.reasons[0] else 1,
            rest=regions.rest_of(place) if most else None,
        )
        self.counted_at = timezone.localtime()

    @property
    def scope_words(self) -> str:
        return describe(self.scope)

    @property
    def year_words(self) -> str:
        return span(self.year.period)

    @property
    def before_words(self) -> str:
        return span(self.before.period)

    # figures

    @cached_property
    def tiles(self) -> list[Tile]:
        return [self._tile(code) for code in TILES]

    @cached_property
    def councils(self) -> list[Tile]:
        return [self._tile(code) for code in COUNCILS]

    def _tile(self, code: str) -> Tile:
        figure = metric(code)
        now, year, before = self.summary.figures
        sides = [Side(figure, self.scope, now[code])]
        for scope, figures, reason in zip(
            (self.year, self.before), (year, before), self.reasons, strict=True
        ):
            sides.append(Side(figure, scope, None if reason else figures[code], reason))
        return Tile(
            figure, *sides, icon=ICONS.get(code, ""), beside=[self._tile(c) for c in BESIDE.get(code, ())]
        )

    @property
    def received(self) -> int:
        return self.summary.figures[0][RECEIVED].value

    @property
    def is_empty(self) -> bool:
        """Neither bureaus nor councils have any case in the period."""
        return not (self.received or self.summary.figures[0]["councils.received"].value)

    # trend

    @property
    def trend_year(self) -> int:
        return self.scope.period.end.year

    def _months(self) -> list[Period]:
        """The months of the period's year as far as they have come, and all of the year before."""
        months = [Period.of_month(dt.date(year, m, 1)) for year in (self.trend_year - 1, self.trend_year)
                  for m in range(1, 13)]  # fmt: skip
        return [month.until(self.scope.as_of) for month in months if month.start <= self.scope.as_of]

    @cached_property
    def trend(self) -> list[Month]:
        rows = []
        for number in range(1, 13):
            month = Period.of_month(dt.date(self.trend_year, number, 1))
            earlier = month.year_before()
            scope = self.scope.moved_to(month.until(self.scope.as_of), self.scope.as_of)
            rows.append(
                Month(
                    month_label(month.start),
                    self._of_month(month) if not self.place or self.place.overlaps(month) else None,
                    self._of_month(earlier) if not self.place or self.place.covers(earlier) else None,
                    address(metric(RECEIVED), Part.VALUE, scope),
                    complete=month.end <= self.scope.as_of,
                )
            )
        return rows

    def _of_month(self, month: Period) -> int | None:
        return self.summary.months.get(month.start)

    @property
    def trend_chart(self) -> dict:
        return {
            "labels": [month.label for month in self.trend],
            "series": [
                {"name": str(self.trend_year), "data": [month.now for month in self.trend]},
                {
                    "name": str(self.trend_year - 1),
                    "data": [month.earlier for month in self.trend],
                    "muted": True,
                },
            ],
        }

    # where cases came from

    @cached_property
    def districts(self) -> list[Row]:
        period, earlier = self.scope.period, self.year.period
        now, before, kinds = Counter(), Counter(), Counter()
        for region, n in self.summary.regions.now.items():
            now[self._row(region)] += n
        for region, n in self.summary.regions.earlier.items():
            before[self._row(region)] += n
        for (region, kind), n in self.summary.regions_by_kind.items():
            kinds[self._row(region), kind] += n
        rows = []
        for key in now.keys() | {
            key for key in before if key[0] is None or in_force(self.map.regions[key[0]], period)
        }:
            place = self._place(key)
            reason = self.reasons[0] or place.why_not_comparable(period, earlier)
            scope = Scope(self.scope.user, period, self.scope.as_of, place)
            rows.append(
                Row(
                    place.label,
                    now[key],
                    None if reason else before[key],
                    address(metric(RECEIVED), Part.VALUE, scope),
                    parts=tuple(kinds[key, kind] for kind in KINDS),
                    reason=reason,
                )  # fmt: skip
            )
        return sorted(rows, key=lambda row: (-row.now, row.label))

    def _row(self, region: int | None) -> tuple[int | None, bool]:
        """The row of a region; regions that are one area under two codes share it."""
        pk, only = self.map.row_of(region, self.place)
        return (self.map.lineage(self.map.regions[pk])[-1].pk if pk else None), only

    def _place(self, key: tuple[int | None, bool]) -> Place:
        pk, only = key
        period = self.scope.period
        if pk is None:
            return self.map.place(UNKNOWN, period)
        return self.map.of(self.map.regions[pk], period, only=only)

    @property
    def has_districts(self) -> bool:
        """Whether there is anything to compare: not where a district was chosen and its cases name no street."""
        return not self.place or len(self.districts) > 1

    @property
    def changed_areas(self) -> str:
        """Why rows of the breakdown have no year before, where some have none."""
        return next((row.reason for row in self.districts if row.reason), "")

    @property
    def districts_chart(self) -> dict:
        rows = self.districts[:CHART_BARS]
        names = [metric(f"{RECEIVED}.{kind}") for kind in KINDS]
        return {
            "labels": [row.label for row in rows],
            "series": [
                {"name": str(name.label), "data": [row.parts[i] for row in rows]}
                for i, name in enumerate(names)
            ],
            "links": [row.url for row in rows],
        }

    @cached_property
    def categories(self) -> list[Row]:
        known = {row.pk: row for row in Category.objects.all()}

        def top(pk):
            while pk is not None and known[pk].parent_id is not None:
                pk = known[pk].parent_id
            return pk

        def row(pk):
            """A council class without the national ones that belong to it: they have rows of their own."""
            only = UNLINKED if known[pk].scheme == Scheme.COUNCIL else ""
            return known[pk].label, {"category": f"{known[pk].scheme}:{known[pk].code}{only}"}

        return self._rows(
            self.summary.categories, top, _("Category not known"), row, {"category": UNKNOWN}
        )  # fmt: skip

    @cached_property
    def channels(self) -> list[Row]:
        known = {row.pk: row for row in Channel.objects.all()}
        return self._rows(
            self.summary.channels, lambda pk: pk, _("Channel not known"),
            lambda pk: (known[pk].label, {"channel": known[pk].code}), {"channel": UNKNOWN},
        )  # fmt: skip

    def _rows(
        self, counts: Breakdown, key_of: Callable, unknown: str, known: Callable[[int], tuple[str, dict]],
        unknown_query: dict,
    ) -> list[Row]:  # fmt: skip
        now, earlier = Counter(), Counter()
        for into, found in ((now, counts.now), (earlier, counts.earlier)):
            for pk, n in found.items():
                into[key_of(pk)] += n
        rows = []
        for pk in now.keys() | earlier.keys():
            label, query = (unknown, unknown_query) if pk is None else known(pk)
            rows.append(
                Row(
                    label,
                    now[pk],
                    None if self.reasons[0] else earlier[pk],
                    address(metric(RECEIVED), Part.VALUE, self.scope, **query),
                    share=now[pk] / self.received if self.received else None,
                    reason=self.reasons[0],
                )  # fmt: skip
            )
        return sorted(rows, key=lambda row: (-row.now, row.label))

    @property
    def categories_chart(self) -> dict:
        return _bars(self.categories)

    @property
    def channels_chart(self) -> dict:
        return _bars(self.channels)


def _bars(rows: Iterable[Row]) -> dict:
    shown = [row for row in rows if row.now][:CHART_BARS]
    return {
        "labels": [row.label for row in shown],
        "series": [{"name": str(metric(RECEIVED).label), "data": [row.now for row in shown]}],
        "links": [row.url for row in shown],
    }


def month_label(day: dt.date) -> str:
    """1月 or Jan."""
    return f"{day.month}月" if is_chinese() else date_format(day, "M")
