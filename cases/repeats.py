"""Filings that say nearly the same as an earlier one, found in all cases since a date.

Only cases of the same person, merchant or order number are compared, and only those near enough in time. Where these are
many, a text meets those alone that share some of its rarest pairs of characters, which like texts cannot fail to do
(`similarity.RareIndex`): a platform with tens of thousands of cases is gone through without comparing all with all, and
no pair is missed.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.enums import SignalCode
from cases.models import Case, Party, SignalRule
from cases.querysets import local_day_bounds
from cases.similarity import RareIndex, Sketch, Threshold, overlap, pairs, plain, remembered_pairs, sketch
from core.exceptions import DomainError

SMALL = 200  # up to here all cases of a group are compared by their sketches
PARTNERS = 50  # earlier cases of a group that one case is paired with, the newest first
CHUNK = 5_000  # rows read at a time


class Filing(NamedTuple):
    """A case as it is compared; `text` in plain form."""

    pk: int
    number: str
    received_at: dt.datetime
    text: str
    sketch: Sketch


@dataclass(frozen=True)
class Pair:
    """A case and an earlier one that says nearly the same. `why`: what else they share: "identity" and "phone" of a
    party, "order", "merchant"."""

    earlier: str
    later: str
    overlap: float
    why: tuple[str, ...]


@dataclass(frozen=True)
class Repeats:
    """`read`: rows read, a case once for each thing by which it is compared, those before `since` included. `capped`:
    cases for which the search was cut short."""

    since: dt.date
    days: int
    overlap: float
    read: int
    pairs: list[Pair]
    capped: int


def find_repeats(
    *,
    days: int | None = None,
    since: dt.date | None = None,
    at_least: float | None = None,
    today: dt.date | None = None,
    progress: Callable[[str, int], None] = lambda why, filings: None,
) -> Repeats:
    """Pairs of cases of which the later was received on or after `since`, by default `days` before `today`, and the
    earlier at most `days` before it, with texts that overlap by `at_least`.

    Days and overlap are those of the rule for like texts where they are not given. A sealed reporter links no cases
    here, as nobody has shown that he may see one. Raises DomainError where no rule is in force.
    """
    today = today or timezone.localdate()
    rule = SignalRule.objects.valid_on(today).filter(code=SignalCode.TEXT_ALIKE).first()
    if rule is None:
        raise DomainError(_("No signal rules are loaded. Run manage.py load_reference."))
    days = days or rule.window_days
    since = since or today - dt.timedelta(days=days)
    sweep = Sweep(Threshold(at_least or rule.share), since, days)
    with transaction.atomic():  # one state of the data for all groups
        for why, rows in _groups(sweep.first):
            sweep.add(why, rows)
            progress(why, sweep.read)
    return Repeats(since, days, sweep.threshold.at_least, sweep.read, sweep.result(), sweep.capped)


def _groups(first: dt.datetime) -> Iterator[tuple[str, Iterable[tuple]]]:
    """What cases are compared by, with the rows (key, id, number, received at, narrative, demand) in the order of
    keys and times. Keys that only one case has are left out where that is cheaper than to read them."""
    columns = ("number", "received_at", "narrative", "demand")
    cases = Case.objects.filter(received_at__gte=first)
    parties = Party.objects.filter(sealed=False, case__received_at__gte=first)
    by_case = [f"case__{name}" for name in columns]
    for why, name in (("identity", "id_number_hash"), ("phone", "phone_hash")):
        of_person = parties.filter(**{f"{name}__isnull": False})
        several = of_person.values(name).annotate(n=Count("case", distinct=True)).filter(n__gt=1)
        rows = of_person.filter(**{f"{name}__in": several.values(name)}).order_by(name, "case__received_at", "case_id")
        yield why, rows.values_list(name, "case_id", *by_case).iterator(CHUNK)
    ordered = cases.exclude(order_number="")
    several = ordered.order_by().values("order_number").annotate(n=Count("pk")).filter(n__gt=1)
    rows = ordered.filter(order_number__in=several.values("order_number"))
    rows = rows.order_by("order_number", "received_at", "pk")
    yield "order", rows.values_list("order_number", "pk", *columns).iterator(CHUNK)
    rows = cases.filter(merchant__isnull=False).order_by("merchant_id", "received_at", "pk")
    yield "merchant", rows.values_list("merchant_id", "pk", *columns).iterator(CHUNK)


class Sweep:
    """Goes through groups of cases that share something, and keeps what it finds."""

    def __init__(self, threshold: Threshold, since: dt.date, days: int):
        self.threshold, self.window = threshold, dt.timedelta(days=days)
        self.since, _end = local_day_bounds(since, since)
        self.first = self.since - self.window
        self.read = self.capped = 0
        self._numbers: dict[int, str] = {}
        self._found: dict[tuple[int, int], tuple[float, set[str]]] = {}

    def add(self, why: str, rows: Iterable[tuple]) -> None:
        """Compare the cases of each key among themselves."""
        for _key, group in groupby(rows, key=itemgetter(0)):
            rows_of_key = list(group)
            self.read += len(rows_of_key)
            if len(rows_of_key) > 1 and rows_of_key[-1][3] >= self.since:
                self._compare(why, list(_filings(rows_of_key)))

    def result(self) -> list[Pair]:
        """The pairs in the order of the later case, the newest first."""
        return [
            Pair(self._numbers[earlier], self._numbers[later], round(share, 4), tuple(sorted(why)))
            for (later, earlier), (share, why) in sorted(self._found.items(), reverse=True)
        ]

    def _compare(self, why: str, filings: list[Filing]) -> None:
        """Compare each filing since the first day with those before it, the nearest in time first."""
        index = RareIndex(self.threshold, (pairs(filing.text) for filing in filings)) if len(filings) > SMALL else None
        first = 0
        for place, filing in enumerate(filings):
            while filings[first].received_at < filing.received_at - self.window:
                first += 1
            if filing.received_at >= self.since:
                before = index.before(place, first) if index else range(place - 1, first - 1, -1)
                self._compare_with(why, filing, (filings[other] for other in before))
            elif index:
                index.add(place)
        self.capped += index.capped if index else 0

    def _compare_with(self, why: str, filing: Filing, others: Iterable[Filing]) -> None:
        partners = 0
        for other in others:
            if self.threshold.possible(filing.sketch, other.sketch):
                share = 1.0 if filing.text == other.text else _overlap(filing.text, other.text)
                if share >= self.threshold.at_least:
                    if partners == PARTNERS:
                        self.capped += 1
                        return
                    self._keep(why, filing, other, share)
                    partners += 1

    def _keep(self, why: str, later: Filing, earlier: Filing, share: float) -> None:
        self._numbers |= {later.pk: later.number, earlier.pk: earlier.number}
        self._found.setdefault((later.pk, earlier.pk), (share, set()))[1].add(why)


def _filings(rows: list[tuple]) -> Iterator[Filing]:
    """The filings of one key, each once; texts that are too short to be compared are left out."""
    last = None
    for _key, pk, number, received_at, narrative, demand in rows:
        if pk != last:
            last, text = pk, plain(narrative, demand)
            if found := pairs(text):
                yield Filing(pk, number, received_at, text, sketch(found))


def _overlap(one: str, other: str) -> float:
    return overlap(remembered_pairs(one), remembered_pairs(other))
