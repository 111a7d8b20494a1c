"""How the platforms of the green channel do, one line each, in the order of their codes: no ranks.

Each number is that of a figure of insights.metrics, narrowed to the platform; the last line is of all together.
"""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from insights.dashboard import Side, Tile, period_before, year_before
from insights.enums import Part
from insights.forms import Choice
from insights.matching import FEWEST_PAIRS, Saving, savings
from insights.metrics import Value, metric
from insights.places import Place
from insights.scopes import Scope, once_each
from insights.selections import address, describe
from mediation.enums import ReferralReturn, ReferralState
from registry.models import Platform

REFERRED, SETTLED, RETURNED, RATE, SAVED = (
    "channel.referred", "channel.settled", "channel.returned", "channel.settlement_rate", "channel.time_saved",
)  # fmt: skip
REASONS = {reason: f"{RETURNED}.{reason}" for reason in ReferralReturn.values if reason}
COUNTS = (REFERRED, SETTLED, RETURNED, *REASONS.values())
FIGURES = (REFERRED, RATE, SAVED)  # of the dashboard


@dataclass
class Number:
    """One cell: how many, and the address of the rows."""

    n: int
    url: str


@dataclass
class Line:
    """One platform, or all of them (`platform` None)."""

    scope: Scope
    counts: dict[str, int]
    rate: Value
    saving: Saving

    @property
    def platform(self) -> Platform | None:
        return self.scope.platform

    @property
    def label(self) -> str:
        return self.platform.label if self.platform else _("All platforms")

    def _number(self, code: str) -> Number:
        return Number(self.counts[code], address(metric(code), Part.VALUE, self.scope))

    @property
    def referred(self) -> Number:
        return self._number(REFERRED)

    @property
    def settled(self) -> Number:
        return self._number(SETTLED)

    @property
    def returned(self) -> list[Number]:
        return [self._number(code) for code in REASONS.values()]

    @property
    def ended(self) -> Number:
        return Number(self.rate.denominator, address(metric(RATE), Part.DENOMINATOR, self.scope))

    @property
    def matched(self) -> Number:
        return Number(self.saving.matched, address(metric(SAVED), Part.VALUE, self.scope))

    @property
    def unmatched(self) -> Number:
        return Number(self.saving.unmatched, address(metric(f"{SAVED}.uncounted"), Part.VALUE, self.scope))

    @property
    def reason(self) -> str:
        """Why nothing is said of the time saved."""
        if self.saving.is_told:
            return ""
        if self.saving.pairs < FEWEST_PAIRS:
            return _("fewer than %(n)d pairs") % {"n": FEWEST_PAIRS}
        return _("ordinary cases took no whole day")


class Scorecard:
    """The platforms that were members in the period or had complaints in it, as the reader's cases show them."""

    def __init__(self, user, choice: Choice, place: Place | None, as_of: dt.date):
        self.scope = Scope(user, choice.period, as_of, place)

    @property
    def words(self) -> str:
        return describe(self.scope)

    @cached_property
    def _savings(self) -> dict[int | None, Saving]:
        return savings(self.scope, by_platform=True)

    @cached_property
    def lines(self) -> list[Line]:
        counts = self._counts()
        member = Q(green_from__lte=self.scope.until) & (Q(green_to__isnull=True) | Q(green_to__gt=self.scope.start))
        platforms = Platform.objects.filter(member | Q(pk__in=counts.keys() | self._savings.keys() - {None}))
        return [self._line(platform, counts.get(platform.pk)) for platform in platforms.order_by("code")]

    def _line(self, platform: Platform, counts: dict | None) -> Line:
        scope = Scope(self.scope.user, self.scope.period, self.scope.as_of, self.scope.place, platform=platform)
        return self._told(scope, counts or {"ended": 0}, self._savings.get(platform.pk, Saving()))

    @cached_property
    def total(self) -> Line:
        return self._told(self.scope, self._rows().aggregate(**self._counters()), self._savings[None])

    @staticmethod
    def _told(scope: Scope, counts: dict, saving: Saving) -> Line:
        rate = Value.of_rate(counts.get(_name(SETTLED), 0), counts["ended"])
        return Line(scope, {code: counts.get(_name(code), 0) for code in COUNTS}, rate, saving)

    @property
    def is_empty(self) -> bool:
        return not self.total.referred.n and not self.total.rate.denominator and not self.total.saving.settled

    def _counts(self) -> dict[int, dict]:
        """By platform, in one pass over the referrals of the period."""
        rows = self._rows().values("platform").annotate(**self._counters())
        return {row.pop("platform"): row for row in rows}

    def _rows(self) -> QuerySet:
        sent, over = self._times
        return self.scope.referrals().filter(sent | over).order_by()

    def _counters(self) -> dict[str, Count]:
        """Each case once, whatever is counted and however often it was referred."""
        sent, over = self._times
        conditions = {
            REFERRED: sent,
            SETTLED: over & Q(state=ReferralState.SETTLED),
            RETURNED: over & Q(state=ReferralState.RETURNED),
            "ended": over & ~Q(state=ReferralState.WAITING),
        } | {code: over & Q(returned_because=reason) for reason, code in REASONS.items()}
        return {_name(code): Count("case", distinct=True, filter=condition) for code, condition in conditions.items()}

    @property
    def _times(self) -> tuple[Q, Q]:
        """What was sent in the period, and what ended in it."""
        return Q(**self.scope.times("referred_at")), Q(**self.scope.times("ended_at"))


def _name(code: str) -> str:
    """A code as the name of a column."""
    return code.replace(".", "_")


def channel_tiles(user, choice: Choice, place: Place | None, as_of: dt.date) -> list[Tile]:
    """The figures of the green channel beside those of the year before and the period before."""
    scope = Scope(user, choice.period, as_of, place)
    earlier = year_before(scope), period_before(scope, choice.whole)
    reasons = [place.why_not_comparable(choice.period, other.period) if place else "" for other in earlier]
    tiles = []
    for code in FIGURES:
        figure = metric(code)
        now, *before = once_each((scope, *earlier), lambda scopes, figure=figure: [figure.compute(s) for s in scopes])
        sides = [Side(figure, scope, now)]
        for other, value, reason in zip(earlier, before, reasons, strict=True):
            sides.append(Side(figure, other, None if reason else value, reason))
        tiles.append(Tile(figure, *sides))
    return tiles
