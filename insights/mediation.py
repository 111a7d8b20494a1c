"""The section of mediation: both definitions of success for both bodies, and what became of agreements, beside the year
before and the period before."""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext_lazy as _

from insights.dashboard import Side, Tile, period_before, year_before
from insights.forms import Choice
from insights.metrics import metric
from insights.places import Place
from insights.scopes import Scope
from insights.selections import describe, span
from insights.summary import summarise_mediation

# figures that bureaus and councils have of their own, side by side
BY_BODY = (
    (_("Success, as councils count"), "mediation.success_council.bureaus", "mediation.success_council"),
    (
        _("Success, as the national platform counts"), "mediation.success_national",
        "mediation.success_national.councils",
    ),
    (_("Median days to a settlement"), "mediation.time_to_settlement", "mediation.time_to_settlement.councils"),
    (_("Recovered loss, paid"), "recoveries.paid", "recoveries.council.paid"),
    (_("Recovered loss, promised"), "recoveries.promised", "recoveries.council.promised"),
    (_("Recovered loss, payment not stated"), "recoveries.unspecified", "recoveries.council.unspecified"),
)  # fmt: skip
OF_BOTH = (
    "mediation.sessions", "mediation.agreements", "mediation.performed", "confirmation.applied",
    "confirmation.confirmed", "confirmation.dismissed", "confirmation.late",
)  # fmt: skip


@dataclass
class Line:
    """One figure of bureaus, and the same of councils."""

    label: str
    bureaus: Tile
    councils: Tile

    @property
    def tiles(self) -> list[Tile]:
        return [self.bureaus, self.councils]


class MediationFigures:
    """The figures of one reader, period and region, counted when made."""

    def __init__(self, user, choice: Choice, place: Place | None, as_of: dt.date):
        self.scope = Scope(user, choice.period, as_of, place)
        self.earlier = year_before(self.scope), period_before(self.scope, choice.whole)
        self.reasons = [
            place.why_not_comparable(choice.period, other.period) if place else "" for other in self.earlier
        ]
        self.figures = summarise_mediation([self.scope, *self.earlier])

    @property
    def words(self) -> str:
        return describe(self.scope)

    @property
    def year_words(self) -> str:
        return span(self.earlier[0].period)

    @property
    def before_words(self) -> str:
        return span(self.earlier[1].period)

    @cached_property
    def by_body(self) -> list[Line]:
        return [Line(label, self._tile(bureaus), self._tile(councils)) for label, bureaus, councils in BY_BODY]

    @cached_property
    def of_both(self) -> list[Tile]:
        return [self._tile(code) for code in OF_BOTH]

    def _tile(self, code: str) -> Tile:
        figure, (now, *earlier) = metric(code), self.figures
        sides = [Side(figure, self.scope, now[code])]
        for scope, figures, reason in zip(self.earlier, earlier, self.reasons, strict=True):
            sides.append(Side(figure, scope, None if reason else figures[code], reason))
        return Tile(figure, *sides)
