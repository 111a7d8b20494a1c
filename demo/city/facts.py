"""What happens to each case: when it comes, is decided and closed, how it ends, what is paid and recovered.

The facts of a file are drawn day by day from streams of their own, so that they can be drawn again at will: a first
pass adds them up, the second writes them with the sums brought to the planned totals. Every case takes the same number
of draws, whatever becomes of it.
"""

import datetime as dt
import random
from collections import Counter
from typing import NamedTuple

from demo.city.figures import (
    BUREAU,
    BY_PLATFORM,
    CHANNEL_PACE,
    COMPLAINT,
    COUNCIL_BODY,
    DECLINED,
    INQUIRY,
    RECENT_DAYS,
    REPORT,
    SETTLED_THERE,
    SILENT,
    FilePlan,
    council_outcomes,
    largest_remainder,
)
from demo.city.seasons import Days, day_weight, phase
from demo.city.vocabulary import TABLE, Item, Vocabulary, drawing_table

AGREEMENT, FAILED, SETTLED, WITHDRAWN, UNREACHABLE = range(5)
OUTCOMES = ("agreement", "failed", "settled", "withdrawn", "unreachable")
DEAR = 10_000_00  # cents: of what costs more, a small part comes back
LATE_CLOSING = (76, 150)  # days after acceptance: later than 45 working days and than 60 days
LATE_VERIFYING = (55, 95)  # later than 15 working days extended by 15
LATE_CHECK = (24, 40)  # later than 7 working days
# Office days here are not quite working days: a settlement within eight of them is always within ten working days, and
# thirteen are always more.
PLATFORM_DAYS, SILENCE = 8, 13
DECLINING = 5  # days at most until a platform declines
EARLIEST_RECENT = dt.date(2021, 1, 1)  # nothing recent may fall into the years that have their totals


class Practice(NamedTuple):
    """How an office works: shares between 0 and 1; `check` the longest first check in time, in days; `closing`
    (first day, last day, share); `part` the least share of the price that comes back and what may come on top."""

    refused: float
    late_check: float
    late_closing: float
    late_verifying: float
    filed: float
    with_money: float
    full_refund: float
    part: tuple[float, float]
    outcomes: tuple[float, ...]
    check: int
    closing: tuple[tuple[int, int, float], ...]


BUREAU_CLOSING = ((1, 5, 0.22), (5, 20, 0.40), (20, 45, 0.28), (45, 58, 0.10))
COUNCIL_CLOSING = ((1, 4, 0.35), (4, 8, 0.45), (8, 12, 0.20))
BUREAU_OUTCOMES = (0.56, 0.24, 0.11, 0.07, 0.02)
COUNCIL_PRACTICE = Practice(
    refused=0, late_check=0.01, late_closing=0.05, late_verifying=0, filed=0, with_money=0.75, full_refund=0.55,
    part=(0.15, 0.50), outcomes=(), check=5, closing=COUNCIL_CLOSING,
)
PRACTICES = {
    (BUREAU, 2019): Practice(
        refused=0.15, late_check=0.006, late_closing=0.0728, late_verifying=0.030, filed=0.045, with_money=0.92,
        full_refund=0.74, part=(0.25, 0.60), outcomes=BUREAU_OUTCOMES, check=7, closing=BUREAU_CLOSING,
    ),
    (BUREAU, 2020): Practice(
        refused=0.14, late_check=0.005, late_closing=0.0847, late_verifying=0.0325, filed=0.036, with_money=0.80,
        full_refund=0.38, part=(0.15, 0.50), outcomes=BUREAU_OUTCOMES, check=7, closing=BUREAU_CLOSING,
    ),
    (BUREAU, None): Practice(
        refused=0.16, late_check=0.006, late_closing=0.050, late_verifying=0.035, filed=0.040, with_money=0.80,
        full_refund=0.40, part=(0.15, 0.50), outcomes=BUREAU_OUTCOMES, check=7, closing=BUREAU_CLOSING,
    ),
    (COUNCIL_BODY, 2019): COUNCIL_PRACTICE,
    (COUNCIL_BODY, 2020): COUNCIL_PRACTICE,
    (COUNCIL_BODY, None): COUNCIL_PRACTICE._replace(late_closing=0.08, outcomes=(0.86, 0.02, 0.08, 0.03, 0.01)),
}
LATE_COUNCIL_CLOSING = (22, 60)  # later than 10 working days

# when people turn to the authorities, by hour, and when offices decide
PUBLIC_HOURS = (6, 3, 2, 1, 1, 2, 6, 18, 50, 82, 92, 78, 52, 62, 84, 86, 80, 60, 40, 42, 48, 46, 34, 16)
OFFICE_HOURS = (0, 0, 0, 0, 0, 0, 0, 0, 50, 100, 100, 60, 8, 50, 95, 100, 70, 12, 0, 0, 0, 0, 0, 0)


class Referral(NamedTuple):
    """To the platform on which the trader sells, and what came of it: SETTLED_THERE, DECLINED or SILENT."""

    sent: int
    sent_second: int
    ended: int
    ended_second: int
    result: int


class ComplaintFacts(NamedTuple):
    """Days are indices of seasons.Days; `closed` is past the last known day where the case is open. Cents."""

    second: int
    trade: int
    item: Item
    paid: int
    decided: int
    decided_second: int
    refused: bool
    closed: int
    closed_second: int
    outcome: int | None
    raw: int
    full: bool
    online: bool
    referral: Referral | None


class ReportFacts(NamedTuple):
    second: int
    trade: int
    item: Item
    paid: int
    decided: int
    decided_second: int
    filed: bool
    closed: int
    closed_second: int
    fine: int
    confiscated: int


class InquiryFacts(NamedTuple):
    second: int
    closed: int
    closed_second: int


class Deck:
    """Outcomes dealt without putting back: when all are dealt, the counts are exactly those given."""

    def __init__(self, counts: list[int], rng: random.Random):
        self._left, self._rest, self._draw = list(counts), sum(counts), rng.random

    def deal(self) -> int:
        pick, outcome = int(self._draw() * self._rest), 0
        while pick >= self._left[outcome]:
            pick -= self._left[outcome]
            outcome += 1
        self._left[outcome] -= 1
        self._rest -= 1
        return outcome


class FileFacts:
    """The facts of one file. `cut`: index of the last day that is known; nothing has happened after it."""

    def __init__(self, plan: FilePlan, vocabulary: Vocabulary, days: Days, *, seed: int, cut: int):
        self.plan, self.days, self.cut = plan, days, cut
        self._words, self._stream = vocabulary, f"{seed}/{plan.name}"
        self.practice = PRACTICES[plan.body, plan.year]
        self.span = _span(plan, cut)
        dates = [dt.date.fromisoformat(days.iso[day]) for day in self.span]
        self.phases = [phase(date) for date in dates]
        self.counts = {
            kind: largest_remainder(total, [round(day_weight(date, kind) * 1000) for date in dates])
            for kind, total in plan.counts.items()
        }
        self._last_decision = _last_decision(plan, days)
        practice = self.practice
        self._check = _table([(1, practice.check, 1.0)], LATE_CHECK, practice.late_check)
        late = LATE_CLOSING if plan.body == BUREAU else LATE_COUNCIL_CLOSING
        self._closing = _table(list(practice.closing), late, practice.late_closing)
        self._verifying = _table([(1, 6, 0.4), (6, 18, 0.6)], LATE_VERIFYING, practice.late_verifying)
        self._outcomes = drawing_table(list(practice.outcomes)) if practice.outcomes else None
        self.shares: dict[int, list[int]] = {}  # year of closing -> outcomes to deal, for the councils' past years
        self._decks: dict[int, Deck] = {}
        self._referrable = 0  # complaints that could be referred, once they have been counted
        self._channel: Deck | None = None

    def restart(self) -> None:
        """Before each pass: the decks are full again."""
        self._decks = {
            year: Deck(counts, random.Random(f"{self._stream}/outcomes/{year}"))
            for year, counts in self.shares.items()
        }
        if self._referrable:
            counts = [self.plan.referred, self._referrable - self.plan.referred]
            self._channel = Deck(counts, random.Random(f"{self._stream}/channel"))

    def count_referrable(self) -> None:
        """Before the first pass: so that of the complaints that could be referred exactly as many are as planned."""
        if not self.plan.referred:
            return
        self._referrable, self._channel = 0, None
        for position in range(len(self.span)):
            self.complaints(position)
        if self._referrable < self.plan.referred:
            raise ValueError("The city is too small to hold its referrals to platforms; choose a larger scale.")

    def complaints(self, position: int) -> list[ComplaintFacts]:
        """The complaints received on the day at `position` of the span."""
        count = self.counts.get(COMPLAINT, [0] * len(self.span))[position]
        draw = random.Random(f"{self._stream}/complaints/{self.span[position]}").random
        day, cut = self.span[position], self.cut
        office, years = self.days.office, self.days.year
        table, trades = self._words.trade_tables[self.phases[position]], self._words.trades
        check, closing, outcomes, decks = self._check, self._closing, self._outcomes, self._decks
        practice, past = self.practice, self.plan.year is not None
        refers, channel = self.plan.referred > 0, self._channel
        least, spread = practice.part
        facts = []
        for _ in range(count):
            second = PUBLIC[int(draw() * TABLE)]
            trade = table[int(draw() * TABLE)]
            items = trades[trade].items
            item = items[int(draw() * len(items))]
            paid = item.prices[int(draw() * len(item.prices))]
            decided = min(office[day + check[int(draw() * TABLE)]], self._last_decision)
            refused = draw() < practice.refused
            closed = office[decided + closing[int(draw() * TABLE)]]
            u_outcome, u_money, u_full, u_part = draw(), draw(), draw(), draw()
            u_second, online = draw(), draw() < trades[trade].online
            u_channel, u_platform = draw(), draw()
            decided_second, closed_second = OFFICE[int(u_second * TABLE)], OFFICE[int(u_outcome * TABLE)]
            outcome, raw, full, referral = None, 0, False, None
            if refers and online and not refused:
                plan = self._referral(day, decided, decided_second, closed, closed_second, u_channel, u_platform)
                if years[plan[0].sent] == years[day]:
                    if channel is None:
                        self._referrable += 1
                    elif channel.deal() == 0:
                        referral, decided, closed, closed_second = plan
            if not refused and closed <= cut:
                deck = decks.get(years[closed])
                if referral and referral.result == SETTLED_THERE:
                    outcome = SETTLED
                elif deck:
                    outcome = deck.deal()
                elif outcomes:
                    outcome = outcomes[int(u_outcome * TABLE)]
                # What is recovered in a past year belongs to cases of that year by receipt and by closing, so that the
                # year's sum is the same on either reading; what goes over into the next year is performed in kind.
                in_year = not past or years[closed] == years[day]
                pays = outcome == AGREEMENT or (referral and referral.result == SETTLED_THERE)
                if pays and in_year and u_money < practice.with_money:
                    if paid > DEAR:
                        raw = int(paid * (0.02 + 0.08 * u_part)) // 100 * 100
                    elif u_full < practice.full_refund:
                        raw, full = paid, True
                    else:
                        raw = max(int(paid * (least + spread * u_part)) // 100 * 100, 100)
            if refused:
                closed = decided
            if decided == day:
                decided_second = min(second + 60 + int(u_second * 1800), 86399)
            facts.append(
                ComplaintFacts(
                    second, trade, item, paid, decided, decided_second, refused, closed, closed_second, outcome, raw,
                    full, online, referral,
                )
            )
        return facts

    def _referral(
        self, day: int, decided: int, decided_second: int, closed: int, closed_second: int, u_result: float,
        u_days: float,
    ) -> tuple[Referral, int, int, int]:  # fmt: skip
        """What becomes of a complaint that is referred: the referral, and its days of decision and of closing.

        What the platform settles goes at another pace from its receipt on, and is closed when it is settled. What comes
        back takes as long after that as it would have taken without.
        """
        if u_result < BY_PLATFORM[SETTLED_THERE]:
            decided = self.days.office[day + _paced(decided - day)]
            ended = max(day + _paced(closed - day), decided)
            sent = max(self.days.office_days_from(ended, -1 - int(u_days * PLATFORM_DAYS)), decided)
            sent_second = decided_second + 600 if sent == decided else OFFICE[int(u_days * TABLE)]
            ended_second = max(closed_second, sent_second + 1800) if ended == sent else closed_second
            return Referral(sent, sent_second, ended, ended_second, SETTLED_THERE), decided, ended, ended_second
        if u_result < BY_PLATFORM[SETTLED_THERE] + BY_PLATFORM[DECLINED]:
            ended, result = self.days.office[decided + 1 + int(u_days * DECLINING)], DECLINED
        else:
            ended, result = self.days.office_days_from(decided, SILENCE), SILENT
        referral = Referral(decided, decided_second + 600, ended, OFFICE[int(u_days * TABLE)], result)
        return referral, decided, self.days.office[ended + closed - decided], closed_second

    def reports(self, position: int) -> list[ReportFacts]:
        count = self.counts.get(REPORT, [0] * len(self.span))[position]
        draw = random.Random(f"{self._stream}/reports/{self.span[position]}").random
        day, office = self.span[position], self.days.office
        table, trades = self._words.report_trades[self.phases[position]], self._words.trades
        facts = []
        for _ in range(count):
            second = PUBLIC[int(draw() * TABLE)]
            trade = table[int(draw() * TABLE)]
            items = trades[trade].items
            item = items[int(draw() * len(items))]
            paid = item.prices[int(draw() * len(item.prices))]
            decided = office[day + self._verifying[int(draw() * TABLE)]]
            decided_second = OFFICE[int(draw() * TABLE)]
            filed, u_closed, u_fine, u_gains = draw() < self.practice.filed, draw(), draw(), draw()
            closed, closed_second, fine, confiscated = decided, decided_second, 0, 0
            if filed:
                closed = office[decided + 20 + int(u_closed * 65)]
                closed_second = OFFICE[int(u_closed * TABLE)]
                fine = int(500 * 200 ** (u_fine**1.35)) // 100 * 100 * 100
                confiscated = int(50 * 400**u_gains) * 100 if u_gains > 0.55 else 0
            facts.append(
                ReportFacts(
                    second, trade, item, paid, decided, decided_second, filed, closed, closed_second, fine, confiscated
                )
            )
        return facts

    def inquiries(self, position: int) -> list[InquiryFacts]:
        count = self.counts.get(INQUIRY, [0] * len(self.span))[position]
        draw = random.Random(f"{self._stream}/inquiries/{self.span[position]}").random
        day, office = self.span[position], self.days.office
        facts = []
        for _ in range(count):
            second, u_wait, u_days = PUBLIC[int(draw() * TABLE)], draw(), draw()
            if u_days < 0.93:
                closed, closed_second = day, min(second + 90 + int(u_wait * 1500), 86399)
            else:
                closed, closed_second = office[day + 1 + int((u_days - 0.93) * 40)], OFFICE[int(u_wait * TABLE)]
            facts.append(InquiryFacts(second, closed, closed_second))
        return facts

    def closings(self) -> Counter:
        """How many accepted complaints have been closed, by the year of closing."""
        years = self.days.year
        return Counter(
            years[case.closed]
            for position in range(len(self.span))
            for case in self.complaints(position)
            if not case.refused and case.closed <= self.cut
        )

    def raw_sums(self) -> tuple[int, int]:
        """Cents as drawn: of full refunds and of parts."""
        full = part = 0
        self.restart()
        for position in range(len(self.span)):
            for case in self.complaints(position):
                if case.full:
                    full += case.raw
                else:
                    part += case.raw
        return full, part


def _paced(days: int) -> int:
    """So many days at the pace of the channel, rounded."""
    of, whole = CHANNEL_PACE
    return (2 * of * days + whole) // (2 * whole)


def share_out_councils(files: list[FileFacts]) -> None:
    """Give the councils' past years their decks. A year's success counts what was closed in it, whichever year's file
    it stands in."""
    closings = [file.closings() for file in files]
    for year in sorted(set().union(*closings)):
        numbers = [count[year] for count in closings]
        agreed, failed = council_outcomes(sum(numbers), min(max(year, 2019), 2020))
        failures = largest_remainder(failed, numbers)
        decided = largest_remainder(agreed + failed, numbers)
        for file, number, total, without in zip(files, numbers, decided, failures, strict=True):
            rest = number - total
            counts = [total - without, without, *largest_remainder(rest, [6, 3, 1])]
            file.shares[year] = counts


class Amounts:
    """Brings the recovered sums of a file, drawn as `full` and `part` cents, to `target`, to the cent; without a
    target they stay as drawn.

    Full refunds stay what was paid; the parts take up the difference, in whole yuan except for the last. Where that
    would distort them (a small file with one dear case), all sums are scaled alike.
    """

    def __init__(self, target: int | None = None, full: int = 0, part: int = 0):
        self._plain = target is None
        self._only_parts = not self._plain and part > 0 and 0.4 <= (target - full) / part <= 1.5
        self._source = part if self._only_parts else full + part
        self._target = 0 if self._plain else target - full if self._only_parts else target
        if not self._plain and target and not self._source:
            raise ValueError("The city is too small to hold its recovered sums; choose a larger scale.")
        self._seen = self._given = 0

    def of(self, case: ComplaintFacts) -> int:
        if not case.raw or self._plain or (self._only_parts and case.full):
            return case.raw
        self._seen += case.raw
        upto = self._seen * self._target // self._source
        if self._seen < self._source:
            upto = upto // 100 * 100
        amount = upto - self._given
        self._given = upto
        return amount


def _span(plan: FilePlan, cut: int) -> range:
    if plan.year:
        return range(Days.index(dt.date(plan.year, 1, 1)), Days.index(dt.date(plan.year + 1, 1, 1)))
    return range(max(cut - RECENT_DAYS + 1, Days.index(EARLIEST_RECENT)), cut + 1)


def _last_decision(plan: FilePlan, days: Days) -> int:
    """The councils accept before the year is out what came in it, so that a past year has as many disputes by acceptance
    as by receipt. Its 31 December must be an office day."""
    if plan.body != COUNCIL_BODY or not plan.year:
        return len(days.iso)
    return days.office[Days.index(dt.date(plan.year, 12, 31))]


def _table(in_time: list[tuple[int, int, float]], late: tuple[int, int], late_share: float) -> list[int]:
    """A drawing table of days: (first, last, weight) spread evenly, and the late ones."""
    days: Counter = Counter()
    for first, last, weight in in_time:
        for day in range(first, last + 1):
            days[day] += weight * (1 - late_share) / (last - first + 1)
    for day in range(late[0], late[1] + 1):
        days[day] += late_share / (late[1] - late[0] + 1)
    values = list(days)
    return [values[index] for index in drawing_table(list(days.values()))]


def _seconds(hours: tuple[int, ...]) -> list[int]:
    rng = random.Random("hours of the day")
    return [hour * 3600 + rng.randrange(3600) for hour in drawing_table(list(hours))]


PUBLIC, OFFICE = _seconds(PUBLIC_HOURS), _seconds(OFFICE_HOURS)
