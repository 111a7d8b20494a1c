"""How much sooner a complaint ends that a platform settles: like compared with like.

Handling time is in whole days from the day of receipt to the day of closing. Complaints that a platform of the green
channel settled stand on the one side, on the other the ordinary ones: accepted, closed with an outcome and never
referred to any platform. Both were received by bureaus in the period and closed by the as-of day. A cell holds the
complaints of one category (as stored with the case), one band of the amount claimed (BANDS) and one month of receipt.

A cell with complaints on both sides gives as many pairs as its smaller side has complaints. Each of its complaints
weighs pairs / complaints of its side, so that either side of a cell weighs as much as it has pairs, and no pair has to
be picked. The median of a side is the least number of days up to which complaints of at least half of its weight were
closed, over all such cells. What is saved is 1 - median of the settled / median of the ordinary. Complaints in a cell
with one side alone, without a category or not yet closed are in neither median; those that a platform settled are
counted as not matched. Below FEWEST_PAIRS pairs nothing is said.
"""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import (
    BigIntegerField,
    DecimalField,
    Exists,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Cast, Coalesce, ExtractMonth, ExtractYear, TruncMonth

from cases.enums import Body, Kind
from cases.querysets import local_day_bounds
from insights.scopes import Scope
from mediation.enums import ReferralState
from mediation.models import PlatformReferral

FEWEST_PAIRS = 30
# Amount claimed in yuan, from each of these on: nothing or unknown, then below 100, 500, 1,000 and 5,000, and above.
BANDS = (Decimal("0.01"), Decimal(100), Decimal(500), Decimal(1000), Decimal(5000))


@dataclass(frozen=True)
class Saving:
    """`settled`: complaints that platforms settled; `matched`: those of them that have something to compare with. The
    medians in days, None where nothing is matched."""

    settled: int = 0
    matched: int = 0
    pairs: int = 0
    there: int | None = None
    ordinary: int | None = None

    @property
    def unmatched(self) -> int:
        return self.settled - self.matched

    @property
    def is_told(self) -> bool:
        return self.pairs >= FEWEST_PAIRS and bool(self.ordinary)

    @property
    def days(self) -> int | None:
        """How many days sooner."""
        return self.ordinary - self.there if self.is_told else None

    @property
    def share(self) -> float | None:
        """The part of the ordinary time that is saved; below 0 where it takes longer."""
        return self.days / self.ordinary if self.is_told else None


def settled_there(scope: Scope) -> QuerySet:
    """Complaints to bureaus of the period that a platform has settled, matched or not. Of several the last did."""
    rows = _received(scope).filter(Exists(_settlements(scope)))
    if scope.platform:
        rows = rows.alias(its_platform=_settled_by(scope)).filter(its_platform=scope.platform.pk)
    return rows


def ordinary(scope: Scope) -> QuerySet:
    """The complaints of the period that went the ordinary way to their end."""
    return (
        _received(scope)
        .filter(
            ~Exists(PlatformReferral.objects.filter(case=OuterRef("pk"))), accepted_on__isnull=False,
            closed_on__lte=scope.as_of, category__isnull=False,
        )
        .exclude(outcome="")
    )  # fmt: skip


def matched(scope: Scope) -> QuerySet:
    """Of what platforms settled, the complaints that have ordinary ones in their cell."""
    return settled_there(scope).filter(closed_on__lte=scope.as_of).alias(cell=_cell_number()).filter(_has_ordinary(scope))


def unmatched(scope: Scope) -> QuerySet:
    """Of what platforms settled, the complaints that cannot be compared."""
    running = Q(closed_on__isnull=True) | Q(closed_on__gt=scope.as_of)
    return settled_there(scope).alias(cell=_cell_number()).filter(running | ~_has_ordinary(scope))


def savings(scope: Scope, *, by_platform: bool = False) -> dict[int | None, Saving]:
    """Over all platforms (key None), and with `by_platform` also of each that settled a complaint, by key. One query."""
    columns = ("category_id", "band", "month", "received_on", "closed_on")
    there = settled_there(scope).annotate(**_cell(), settled_by=_settled_by(scope)).order_by()
    usual = ordinary(scope).annotate(**_cell()).order_by()
    try:
        sql_there, there_values = there.values_list("settled_by", *columns).query.sql_with_params()
        sql_usual, usual_values = usual.values_list(*columns).query.sql_with_params()
    except EmptyResultSet:  # the reader sees no cases
        return {None: Saving()}
    key, sets = (EACH, "(), (platform)") if by_platform else ("0", "()")
    sql = SQL.format(there=sql_there, usual=sql_usual, key=key, sets=sets)
    with connection.cursor() as cursor:
        cursor.execute(sql, [*there_values, scope.as_of, *usual_values])
        found = {platform or None: Saving(*numbers) for platform, *numbers in cursor.fetchall()}
    return {None: Saving()} | found


def _received(scope: Scope) -> QuerySet:
    return scope.cases().filter(**scope.times("received_at"), body=Body.BUREAU, kind=Kind.COMPLAINT)


def _settlements(scope: Scope) -> QuerySet:
    return PlatformReferral.objects.filter(
        case=OuterRef("pk"), state=ReferralState.SETTLED, ended_at__lt=_after(scope.as_of)
    )


def _settled_by(scope: Scope) -> Subquery:
    return Subquery(_settlements(scope).order_by("-ended_at", "-pk").values("platform")[:1])


def _after(day: dt.date) -> dt.datetime:
    """The first instant after a local day."""
    return local_day_bounds(day, day)[1]


def _cell() -> dict:
    claimed = Coalesce(F("claimed"), Value(Decimal(0)))
    edges = Value(list(BANDS), ArrayField(DecimalField(max_digits=14, decimal_places=2)))
    return {
        "band": Func(claimed, edges, function="width_bucket", output_field=IntegerField()),
        "month": TruncMonth("received_on"),
    }


def _has_ordinary(scope: Scope) -> Q:
    """On rows with a `cell`. The cells are one set that the server hashes: looked up row by row, 48,000 complaints among
    a year's were compared with all others, which took hours."""
    return Q(cell__in=ordinary(scope).annotate(cell=_cell_number()).order_by().values("cell"))


def _cell_number() -> Coalesce:
    """The cell of a complaint as one number; -1 without a category, which no ordinary one is."""
    whole = BigIntegerField()
    month = ExtractYear("received_on") * 12 + ExtractMonth("received_on")
    number = (Cast("category_id", whole) * 10 + Cast(_cell()["band"], whole)) * 100_000 + Cast(month, whole)
    return Coalesce(number, Value(-1), output_field=whole)


# Platform 0 stands for all. A half is compared with a grain of tolerance, since the weights are decimal fractions.
EACH = "CASE WHEN grouping(platform) = 1 THEN 0 ELSE platform END"
SQL = """
WITH settled (platform, category, band, month, received_on, closed_on) AS MATERIALIZED ({there}),
there AS MATERIALIZED (
    SELECT {key} AS platform, category, band, month, days,
        count(*) AS n
    FROM (
        SELECT platform, category, band, month, closed_on - received_on AS days FROM settled WHERE closed_on <= %s
    ) AS closed
    GROUP BY category, band, month, days, GROUPING SETS ({sets})
),
ordinary (category, band, month, received_on, closed_on) AS MATERIALIZED ({usual}),
usual AS MATERIALIZED (
    SELECT category, band, month, closed_on - received_on AS days, count(*) AS n FROM ordinary GROUP BY 1, 2, 3, 4
),
cells AS MATERIALIZED (
    SELECT platform, category, band, month, t.n AS n_there, u.n AS n_usual, least(t.n, u.n) AS pairs
    FROM (SELECT platform, category, band, month, sum(n) AS n FROM there GROUP BY 1, 2, 3, 4) AS t
    JOIN (SELECT category, band, month, sum(n) AS n FROM usual GROUP BY 1, 2, 3) AS u USING (category, band, month)
),
weights AS (
    SELECT platform, true AS is_there, days, sum(n * pairs / n_there) AS weight
    FROM there JOIN cells USING (platform, category, band, month) GROUP BY 1, 3
    UNION ALL
    SELECT platform, false, days, sum(n * pairs / n_usual)
    FROM usual JOIN cells USING (category, band, month) GROUP BY 1, 3
),
running AS (
    SELECT platform, is_there, days, sum(weight) OVER (PARTITION BY platform, is_there ORDER BY days) AS upto
    FROM weights
),
sizes AS (SELECT platform, sum(pairs) AS pairs, sum(n_there) AS matched FROM cells GROUP BY 1),
totals AS (
    SELECT {key} AS platform, count(*) AS settled
    FROM settled GROUP BY GROUPING SETS ({sets})
)
SELECT platform, settled, coalesce(matched, 0)::bigint, coalesce(pairs, 0)::bigint,
    min(days) FILTER (WHERE is_there AND upto * 2 >= pairs - 0.000000001),
    min(days) FILTER (WHERE NOT is_there AND upto * 2 >= pairs - 0.000000001)
FROM totals LEFT JOIN sizes USING (platform) LEFT JOIN running USING (platform)
GROUP BY platform, settled, matched, pairs ORDER BY platform
"""
