"""The figures of the dashboard for several periods at once, in a few passes over covering indexes.

Every number here is also defined in insights.metrics, one figure and one period at a time; a test holds the two
together. Nothing is stored: each call counts the rows. `Count` names a column that is never null and that the index
of the pass holds.
"""

import datetime as dt
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.db.models import Case, Count, DateField, F, Func, IntegerField, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce

from cases.enums import LOSS_KINDS, Body, Kind, Outcome, RecoveryStatus
from cases.models import ClockRule
from cases.querysets import local_day_bounds
from core.money import ZERO, yuan
from insights import mediated, metrics
from insights.metrics import Value as Figure
from insights.periods import ONE_DAY, Period
from insights.places import Place
from insights.scopes import Scope, once_each
from mediation.enums import ConfirmationState
from mediation.models import JudicialConfirmation, Session

FIGURES = (
    "cases.received", "cases.received.complaint", "cases.received.report", "cases.received.inquiry",
    "cases.accepted_on_time", "cases.closed_on_time", "cases.verified_on_time", "cases.resolution_rate",
    "cases.overdue", "mediation.success_national", "mediation.success_council", "recoveries.total",
    "recoveries.council", "recoveries.multiple_and_moral", "councils.received", "councils.inquiries",
    "councils.disputes", "councils.accepted_on_time", "mediation.success_national.councils",
)  # fmt: skip
OF_BODY = {Body.BUREAU: "recoveries", Body.COUNCIL: "recoveries.council"}
STATED = {(body, status): f"{code}.{status}" for body, code in OF_BODY.items() for status in RecoveryStatus.values}
OF_MEDIATION = (
    "mediation.success_council", "mediation.success_council.bureaus", "mediation.success_national",
    "mediation.success_national.councils", "mediation.time_to_settlement", "mediation.time_to_settlement.councils",
    "mediation.sessions", "mediation.agreements", "mediation.performed", "confirmation.applied",
    "confirmation.confirmed", "confirmation.dismissed", "confirmation.late", *STATED.values(),
)  # fmt: skip
TERMS = {
    metrics.ACCEPT: "cases.accepted_on_time",
    metrics.MEDIATE: "cases.closed_on_time",
    **dict.fromkeys(metrics.VERIFY, "cases.verified_on_time"),
    metrics.COUNCIL_ACCEPT: "councils.accepted_on_time",
}
FEW_EDGES = 6
KINDS = {kind: f"cases.received.{kind}" for kind in Kind.values}


class Slots:
    """Days cut at the edges of all given periods. A row is counted once, in its slot; a period is a run of slots."""

    def __init__(self, periods: Iterable[Period]):
        self.edges = sorted({edge for p in periods for edge in (p.start, p.end + ONE_DAY)})

    @property
    def first(self) -> dt.date:
        return self.edges[0]

    @property
    def last(self) -> dt.date:
        return self.edges[-1] - ONE_DAY

    def of(self, period: Period) -> range:
        """The slots that make up one of the given periods."""
        return range(bisect_left(self.edges, period.start) + 1, bisect_left(self.edges, period.end + ONE_DAY) + 1)

    def number(self, column: str) -> Case | Func:
        """The slot of a date column, from 1."""
        if len(self.edges) <= FEW_EDGES:  # a fifth quicker than the search
            steps = [When(**{f"{column}__lt": edge}, then=slot) for slot, edge in enumerate(self.edges)]
            return Case(*steps, default=len(self.edges), output_field=IntegerField())
        edges = Value(self.edges, ArrayField(DateField()))
        return Func(F(column), edges, function="width_bucket", output_field=IntegerField())

    def total(self, counts: Counter, period: Period) -> int:
        return sum(counts[slot] for slot in self.of(period))


@dataclass
class Breakdown:
    """Received by bureaus, by key: in the period and in the one it is compared with."""

    now: Counter = field(default_factory=Counter)
    earlier: Counter = field(default_factory=Counter)

    def __sub__(self, part: "Breakdown") -> "Breakdown":
        return Breakdown(self.now - part.now, self.earlier - part.earlier)


@dataclass
class Summary:
    """`figures[i]` belongs to the i-th scope; `months` maps the first day of a month to cases received."""

    figures: list[dict[str, Figure]]
    months: dict[dt.date, int]
    regions: Breakdown
    regions_by_kind: Counter
    categories: Breakdown
    channels: Breakdown

    def __sub__(self, part: "Summary") -> "Summary":
        """What is left without the rows of `part`, which are among its own: everything here is a sum over rows."""
        return Summary(
            [
                {code: figure - rest[code] for code, figure in figures.items()}
                for figures, rest in zip(self.figures, part.figures, strict=True)
            ],
            {month: n - part.months[month] for month, n in self.months.items()},
            self.regions - part.regions,
            self.regions_by_kind - part.regions_by_kind,
            self.categories - part.categories,
            self.channels - part.channels,
        )


def summarise(
    scopes: Sequence[Scope], months: Sequence[Period], compared: int | None, *, rest: Place | None = None
) -> Summary:
    """Figures of each scope, the trend by month, and where the cases of the first scope came from.

    The scopes differ in period and as-of day alone; a scope whose period begins after its as-of day counts nothing.
    `compared` is the index of the scope with which the breakdowns compare, if any. Eight queries on cases, terms
    and postings, and one on the rules.

    `rest`: all that is not in the scopes' place, where that is the smaller part. Then everything is counted less the
    rest, in twice as many queries: finding the cases of nearly all terms and postings took three times as long.
    """
    if rest is not None:
        return summarise([replace(s, place=None) for s in scopes], months, compared) - summarise(
            [replace(s, place=rest) for s in scopes], months, compared
        )
    figures: list[dict[str, Figure]] = [{} for _scope in scopes]
    summary = Summary(figures, {}, Breakdown(), Counter(), Breakdown(), Breakdown())
    spans = [Period(s.start, s.until) if s.until >= s.start else None for s in scopes]
    _receipts(scopes[0], spans, months, compared, summary)
    _origins(scopes[0], spans, compared, summary)
    _terms(scopes, spans, figures)
    _acceptances(scopes, spans, figures)
    _council_endings(scopes, spans, figures)
    _recoveries(scopes, spans, figures)
    return summary


def summarise_mediation(scopes: Sequence[Scope]) -> list[dict[str, Figure]]:
    """The figures of mediation (OF_MEDIATION) of each scope; these differ as in `summarise`. Six queries."""
    return once_each(scopes, _summarise_mediation)


def _summarise_mediation(scopes: Sequence[Scope]) -> list[dict[str, Figure]]:
    figures: list[dict[str, Figure]] = [{} for _scope in scopes]
    spans = [Period(s.start, s.until) if s.until >= s.start else None for s in scopes]
    _acceptances(scopes, spans, figures)
    _endings(scopes, figures)
    _stated(scopes, spans, figures)
    cases = scopes[0].cases().filter(body__in=mediated.BOTH).order_by().values("pk")
    sessions = Session.objects.filter(case__in=cases)
    _cases(sessions, "case", {"mediation.sessions": mediated.held}, scopes, figures)
    agreements = mediated.with_last_day().filter(case__in=cases)
    _cases(
        agreements, "case",
        {
            "mediation.agreements": mediated.in_force,
            "performed": lambda scope: mediated.falling_due(scope) & mediated.PERFORMED_IN_TIME,
            "due": mediated.falling_due,
        },
        scopes, figures,
    )
    _cases(
        JudicialConfirmation.objects.filter(agreement__case__in=cases), "agreement__case",
        {
            "confirmation.applied": mediated.applied,
            "confirmation.confirmed": lambda scope: mediated.ruled(scope, ConfirmationState.CONFIRMED),
            "confirmation.dismissed": lambda scope: mediated.ruled(scope, ConfirmationState.DISMISSED),
            "confirmation.late": mediated.applied_late,
        },
        scopes, figures,
    )
    for found in figures:
        found["mediation.performed"] = Figure.of_rate(found.pop("performed").value, found.pop("due").value)
    return [{code: found[code] for code in OF_MEDIATION} for found in figures]


def _received(scope: Scope, slots: Slots):
    first, after = local_day_bounds(slots.first, slots.last)
    return scope.cases().filter(received_at__gte=first, received_at__lt=after).order_by()


def _receipts(scope: Scope, spans, months: Sequence[Period], compared: int | None, summary: Summary) -> None:
    """By day of receipt: kinds and bodies, months, regions."""
    slots = Slots([span for span in spans if span] + list(months))
    rows = (
        _received(scope, slots)
        .filter(body__in=[Body.BUREAU, Body.COUNCIL])
        .values_list(slots.number("received_on"), "kind", "body", "region")
        .annotate(n=Count("*"))
    ) if slots.edges else []
    by_kind: dict[tuple[str, str], Counter] = defaultdict(Counter)
    by_region: dict[tuple[int | None, str], Counter] = defaultdict(Counter)
    for slot, kind, body, region, n in rows:
        by_kind[body, kind][slot] += n
        if body == Body.BUREAU:
            by_region[region, kind][slot] += n
    for span, figures in zip(spans, summary.figures, strict=True):
        count = {
            (body, kind): slots.total(by_kind[body, kind], span) if span else 0
            for body in (Body.BUREAU, Body.COUNCIL) for kind in Kind.values
        }
        for kind, code in KINDS.items():
            figures[code] = Figure(count[Body.BUREAU, kind])
        figures["cases.received"] = Figure(sum(count[Body.BUREAU, kind] for kind in Kind.values))
        figures["councils.received"] = Figure(sum(count[Body.COUNCIL, kind] for kind in Kind.values))
        figures["councils.inquiries"] = Figure(count[Body.COUNCIL, Kind.INQUIRY])
    for month in months:
        summary.months[month.start] = sum(slots.total(by_kind[Body.BUREAU, kind], month) for kind in Kind.values)
    for (region, kind), counts in by_region.items():
        if spans[0]:
            n = slots.total(counts, spans[0])
            summary.regions.now[region] += n
            summary.regions_by_kind[region, kind] += n
        if compared is not None and spans[compared]:
            summary.regions.earlier[region] += slots.total(counts, spans[compared])


def _origins(scope: Scope, spans, compared: int | None, summary: Summary) -> None:
    """By category and channel, in the period and in the one it is compared with."""
    wanted = [(spans[0], "now")] + ([(spans[compared], "earlier")] if compared is not None else [])
    wanted = [(span, name) for span, name in wanted if span]
    if not wanted:
        return
    slots = Slots(span for span, _name in wanted)
    rows = (
        _received(scope, slots)
        .filter(body=Body.BUREAU)
        .values_list(slots.number("received_on"), "category", "channel")
        .annotate(n=Count("*"))
    )
    inside = [(slots.of(span), name) for span, name in wanted]
    for slot, category, channel, n in rows:
        for run, name in inside:
            if slot in run:
                getattr(summary.categories, name)[category] += n
                getattr(summary.channels, name)[channel] += n


def _terms(scopes: Sequence[Scope], spans, figures: list[dict]) -> None:
    """By the last day of statutory terms: kept or not; and terms that had passed and were still running."""
    known = ClockRule.objects.filter(code__in={*TERMS, *metrics.BUREAU_TERMS}).values_list("pk", "code")
    rules = {pk: TERMS[code] for pk, code in known if code in TERMS}
    slots = Slots(span for span in spans if span)
    total: dict[str, Counter] = defaultdict(Counter)
    kept: dict[str, Counter] = defaultdict(Counter)
    if slots.edges:
        rows = (
            scopes[0].clocks()
            .filter(rule__in=rules, provisional=False, due_on__gte=slots.first, due_on__lte=slots.last)
            .order_by().values_list(slots.number("due_on"), "rule")
            .annotate(n=Count("*"), kept=Count("rule", filter=Q(stopped_on__lte=F("due_on"))))
        )
        for slot, rule, n, on_time in rows:
            total[rules[rule]][slot] += n
            kept[rules[rule]][slot] += on_time
    bureau = [pk for pk, code in known if code in metrics.BUREAU_TERMS]
    passed = [
        Q(due_on__lt=scope.until) & (Q(stopped_on__isnull=True) | Q(stopped_on__gt=scope.until)) for scope in scopes
    ]
    some = passed[0]
    for condition in passed[1:]:
        some |= condition
    overdue = (
        scopes[0].clocks()
        # a term that was still running after its last day was never kept: so much smaller an index serves
        .filter(Q(stopped_on__isnull=True) | Q(stopped_on__gt=F("due_on")), some, rule__in=bureau)
        .aggregate(**{f"n{i}": Count("case", distinct=True, filter=condition) for i, condition in enumerate(passed)})
    )
    for i, (span, found) in enumerate(zip(spans, figures, strict=True)):
        for code in dict.fromkeys(TERMS.values()):
            counts = (slots.total(kept[code], span), slots.total(total[code], span)) if span else (0, 0)
            found[code] = Figure.of_rate(*counts)
        found["cases.overdue"] = Figure(overdue[f"n{i}"])


def _acceptances(scopes: Sequence[Scope], spans, figures: list[dict]) -> None:
    """By day of acceptance: what became of the complaints."""
    counts = {}
    for i, scope in enumerate(scopes):
        inside = Q(accepted_on__gte=scope.start, accepted_on__lte=scope.until)
        counts[f"accepted{i}"] = Count("body", filter=inside)
        counts[f"agreed{i}"] = Count("body", filter=inside & metrics.ended(scope, Outcome.AGREEMENT))
        counts[f"resolved{i}"] = Count("body", filter=inside & metrics.ended(scope, *metrics.RESOLVED))
    rows = (
        scopes[0].cases()
        .filter(_hull("accepted_on", spans), kind=Kind.COMPLAINT, body__in=[Body.BUREAU, Body.COUNCIL])
        .order_by().values("body").annotate(**counts)
    )
    by_body = defaultdict(Counter, {row["body"]: Counter(row) for row in rows})
    bureau, council = by_body[Body.BUREAU], by_body[Body.COUNCIL]
    for i, found in enumerate(figures):
        found["cases.resolution_rate"] = Figure.of_rate(bureau[f"resolved{i}"], bureau[f"accepted{i}"])
        found["mediation.success_national"] = Figure.of_rate(bureau[f"agreed{i}"], bureau[f"accepted{i}"])
        found["mediation.success_national.councils"] = Figure.of_rate(council[f"agreed{i}"], council[f"accepted{i}"])
        found["councils.disputes"] = Figure(council[f"accepted{i}"])


def _council_endings(scopes: Sequence[Scope], spans, figures: list[dict]) -> None:
    counts = {}
    for i, scope in enumerate(scopes):
        inside = Q(closed_on__gte=scope.start, closed_on__lte=scope.until)
        counts[f"ended{i}"] = Count("body", filter=inside)
        counts[f"agreed{i}"] = Count("body", filter=inside & Q(outcome=Outcome.AGREEMENT))
    found = (
        scopes[0].cases()
        .filter(_hull("closed_on", spans), body=Body.COUNCIL, kind=Kind.COMPLAINT, outcome__in=metrics.CONCLUDED)
        .aggregate(**counts)
    )
    for i, into in enumerate(figures):
        into["mediation.success_council"] = Figure.of_rate(found[f"agreed{i}"], found[f"ended{i}"])


def _recoveries(scopes: Sequence[Scope], spans, figures: list[dict]) -> None:
    """By day of posting. Bureaus' sums are all sums less those of others, which are few and found by an index."""
    sums = {
        f"s{i}": Coalesce(Sum("amount", filter=Q(posted_on__gte=s.start, posted_on__lte=s.until)), ZERO)
        for i, s in enumerate(scopes)
    }
    postings = scopes[0].recoveries().filter(_hull("posted_on", spans)).order_by()
    losses: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO] * len(scopes))
    damages: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO] * len(scopes))

    def add(body: str, kind: str, amounts: Sequence[Decimal], sign: int = 1) -> None:
        into = losses if kind in LOSS_KINDS else damages if kind in metrics.DAMAGES else None
        if into is not None:
            into[body] = [total + sign * amount for total, amount in zip(into[body], amounts, strict=True)]

    for kind, *amounts in postings.values_list("kind").annotate(**sums):
        add(Body.BUREAU, kind, amounts)
    others = postings.exclude(case__body=Body.BUREAU)
    for body, kind, *amounts in others.values_list("case__body", "kind").annotate(**sums):
        add(Body.BUREAU, kind, amounts, sign=-1)
        add(body, kind, amounts)
    for i, found in enumerate(figures):
        found["recoveries.total"] = Figure(yuan(losses[Body.BUREAU][i]))
        found["recoveries.council"] = Figure(yuan(losses[Body.COUNCIL][i]))
        found["recoveries.multiple_and_moral"] = Figure(yuan(damages[Body.BUREAU][i]))


def _endings(scopes: Sequence[Scope], figures: list[dict]) -> None:
    """By day of closing, and by the day on which mediation ended: agreements, failures, and how long they took."""
    counts = {}
    for i, scope in enumerate(scopes):
        closed = Q(closed_on__gte=scope.start, closed_on__lte=scope.until)
        counts[f"agreed{i}"] = Count("pk", filter=closed & Q(outcome=Outcome.AGREEMENT))
        counts[f"ended{i}"] = Count("pk", filter=closed & Q(outcome__in=metrics.CONCLUDED))
        told = mediated.over_in(scope) & Q(outcome__in=mediated.RESOLVED, accepted_at__isnull=False)
        counts[f"days{i}"] = mediated.Median(mediated.days_taken(), filter=told)
    first = min(scope.start for scope in scopes)
    rows = (
        scopes[0].cases().alias(over_at=mediated.over_at())
        .filter(
            Q(closed_on__gte=first) | Q(over_at__gte=local_day_bounds(first, first)[0]), kind=Kind.COMPLAINT,
            body__in=mediated.BOTH, outcome__in=[*mediated.RESOLVED, Outcome.FAILED],
        )
        .order_by().values("body").annotate(**counts)
    )  # fmt: skip
    by_body = {row["body"]: row for row in rows}
    names = {Body.BUREAU: (".bureaus", ""), Body.COUNCIL: ("", ".councils")}
    for body, (of_council, of_time) in names.items():
        row = by_body.get(body, {})
        for i, found in enumerate(figures):
            found[f"mediation.success_council{of_council}"] = Figure.of_rate(
                row.get(f"agreed{i}", 0), row.get(f"ended{i}", 0)
            )
            found[f"mediation.time_to_settlement{of_time}"] = Figure(row.get(f"days{i}"))


def _stated(scopes: Sequence[Scope], spans, figures: list[dict]) -> None:
    """By day of posting, and by what is known of the payment."""
    sums = {
        f"s{i}": Coalesce(Sum("amount", filter=Q(posted_on__gte=s.start, posted_on__lte=s.until)), ZERO)
        for i, s in enumerate(scopes)
    }
    postings = scopes[0].recoveries().filter(_hull("posted_on", spans), kind__in=LOSS_KINDS, case__body__in=OF_BODY)
    rows = postings.order_by().values_list("case__body", "status").annotate(**sums)
    amounts = {(body, status): sums for body, status, *sums in rows}
    for key, code in STATED.items():
        for found, amount in zip(figures, amounts.get(key, [ZERO] * len(scopes)), strict=True):
            found[code] = Figure(yuan(amount))


def _cases(
    rows: QuerySet, case: str, conditions: dict[str, Callable[[Scope], Q]], scopes: Sequence[Scope], figures: list[dict]
) -> None:  # fmt: skip
    """How many cases have a row that meets a condition, of each code and scope."""
    wanted = [(code, i, condition(scope)) for code, condition in conditions.items() for i, scope in enumerate(scopes)]
    some = wanted[0][2]
    for _code, _i, condition in wanted[1:]:
        some |= condition
    found = rows.filter(some).order_by().aggregate(
        **{f"n{n}": Count(case, distinct=True, filter=condition) for n, (_c, _i, condition) in enumerate(wanted)}
    )
    for n, (code, i, _condition) in enumerate(wanted):
        figures[i][code] = Figure(found[f"n{n}"])


def _hull(column: str, spans: Sequence[Period | None]) -> Q:
    """All spans at once: from the first day of the earliest to the last of the latest."""
    real = [span for span in spans if span]
    if not real:
        return Q(pk__in=[])
    return Q(**{f"{column}__gte": min(s.start for s in real), f"{column}__lte": max(s.end for s in real)})
