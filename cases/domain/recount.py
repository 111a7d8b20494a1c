"""Due dates counted anew once the calendar or a rule has changed, over all open terms at once.

A term that stands still has no due date, and gets one by the calendar of the day on which it runs on; a stopped one
stays as it was judged. Terms are counted once for each rule and start; only those with pauses behind them one by one.
"""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases.clocks import RuleBook
from cases.domain.clocks import CALENDAR_LOCK, left_out
from cases.enums import ALL_TERMS_WAIT, EXCLUDED_REASONS, ClockReason
from cases.models import ClockPause, ClockRule
from core.working_days import Calendar

LARGEST = 5  # moves that are told one by one
OPEN = "k.stopped_on IS NULL AND k.paused_on IS NULL"
PAIRS = f"SELECT DISTINCT rule_id, started_on FROM cases_clock k WHERE {OPEN} AND rule_id = ANY(%s)"  # noqa: S608 - own words
WITH_PAUSES = f"""
SELECT k.id, k.case_id, k.rule_id, k.started_on FROM cases_clock k
 WHERE {OPEN} AND rule_id = ANY(%s)
   AND EXISTS (SELECT FROM cases_clockpause p
                WHERE p.case_id = k.case_id AND p.ended_on IS NOT NULL
                  AND (p.reason = ANY(%s) OR p.reason = ANY(%s) AND k.rule_id = ANY(%s)))"""  # noqa: S608 - own words
# what each open term comes to now; then those of which this is news
COUNTED = f"""
WITH counted AS (
    SELECT k.id, t.safe_on, t.due_on, t.provisional
      FROM cases_clock k
      JOIN unnest(%(rules)s::bigint[], %(starts)s::date[], %(safe)s::date[], %(due)s::date[], %(provisional)s::boolean[])
           AS t(rule_id, started_on, safe_on, due_on, provisional) USING (rule_id, started_on)
     WHERE {OPEN} AND k.id <> ALL(%(apart)s::bigint[])
    UNION ALL
    SELECT * FROM unnest(%(apart)s::bigint[], %(apart_safe)s::date[], %(apart_due)s::date[],
                         %(apart_provisional)s::boolean[])
), moving AS (
    SELECT k.id, k.case_id, k.rule_id, k.side, k.due_on AS before_on, k.provisional AS was,
           n.safe_on, n.due_on AS after_on, n.provisional
      FROM cases_clock k JOIN counted n USING (id)
     WHERE {OPEN} AND (k.safe_on, k.due_on, k.provisional) IS DISTINCT FROM (n.safe_on, n.due_on, n.provisional)
     ORDER BY k.id %(lock)s
)"""  # noqa: S608 - own words
LOCK_CASES = """
SELECT count(*) FROM (
    SELECT FROM cases_case c WHERE c.id IN (SELECT case_id FROM moving) ORDER BY c.id FOR KEY SHARE OF c) AS locked"""
MOVE = """, moved AS (
    UPDATE cases_clock k SET safe_on = m.safe_on, due_on = m.after_on, provisional = m.provisional
      FROM moving m WHERE k.id = m.id
), noted AS (
    INSERT INTO cases_clockchange (case_id, rule_id, side, why, before_on, after_on, at, actor_id, note)
    SELECT case_id, rule_id, side, %(why)s, before_on, after_on, %(now)s, %(actor)s, %(note)s FROM moving
     WHERE before_on <> after_on
)"""
TOLD = """
SELECT rule_id, before_on, after_on, was, provisional, count(*) FROM moving GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4"""


class Moved(NamedTuple):
    """So many open terms of one rule whose end moves from one day to another, or changes its certainty alone."""

    rule: ClockRule
    before_on: dt.date
    after_on: dt.date
    was: bool  # provisional before
    provisional: bool
    n: int

    @property
    def days(self) -> int:
        return (self.after_on - self.before_on).days


@dataclass(frozen=True)
class Recount:
    """What a recount moves, or has moved."""

    moves: list[Moved]

    def __add__(self, more: "Recount") -> "Recount":
        return Recount(self.moves + more.moves)

    @property
    def moved(self) -> int:
        """How many due dates move."""
        return self.earlier + self.later

    @property
    def earlier(self) -> int:
        return sum(move.n for move in self.moves if move.days < 0)

    @property
    def later(self) -> int:
        return sum(move.n for move in self.moves if move.days > 0)

    @property
    def newly_provisional(self) -> int:
        return sum(move.n for move in self.moves if move.provisional and not move.was)

    @property
    def settled(self) -> int:
        """Terms that were provisional and are no longer."""
        return sum(move.n for move in self.moves if move.was and not move.provisional)

    @property
    def by_rule(self) -> list[tuple[str, str, int, int]]:
        """(code, name, earlier, later) of each rule with a due date that moves."""
        found = []
        moves = sorted((move for move in self.moves if move.days), key=lambda move: move.rule.code)
        for code, group in groupby(moves, key=lambda move: move.rule.code):
            counts, name = Counter(), ""
            for move in group:
                name = move.rule.label
                counts[move.days > 0] += move.n
            found.append((code, name, counts[False], counts[True]))
        return found

    @property
    def largest(self) -> list[Moved]:
        """The largest moves, by days."""
        moves = sorted((move for move in self.moves if move.days), key=attrgetter("before_on"))
        return sorted(moves, key=lambda move: -abs(move.days))[:LARGEST]

    def sentences(self) -> Iterator[str]:
        """The same in words."""
        yield ngettext("%(n)d open clock moves.", "%(n)d open clocks move.", self.moved) % {"n": self.moved}
        for code, name, earlier, later in self.by_rule:
            yield _("%(name)s (%(code)s): %(later)d later, %(earlier)d earlier.") % {
                "name": name, "code": code, "later": later, "earlier": earlier,
            }  # fmt: skip
        for move in self.largest:
            yield _("%(before)s → %(after)s, %(name)s: %(n)d.") % {
                "before": move.before_on, "after": move.after_on, "name": move.rule.label, "n": move.n,
            }  # fmt: skip
        if self.newly_provisional:
            yield _("Provisional from now on: %(n)d.") % {"n": self.newly_provisional}
        if self.settled:
            yield _("No longer provisional: %(n)d.") % {"n": self.settled}

    def as_json(self) -> dict:
        """The same as one JSON object."""
        return {
            "moved": self.moved,
            "earlier": self.earlier,
            "later": self.later,
            "newly_provisional": self.newly_provisional,
            "settled": self.settled,
            "rules": {code: {"earlier": earlier, "later": later} for code, _name, earlier, later in self.by_rule},
            "largest": [
                {
                    "rule": move.rule.code, "before_on": move.before_on.isoformat(),
                    "after_on": move.after_on.isoformat(), "clocks": move.n,
                }
                for move in self.largest
            ],
        }  # fmt: skip


def preview_recount(calendar: Calendar | None = None, *, rules: Collection[int] | None = None) -> Recount:
    """What `recount` would move, by the stored calendar or another. Writes and locks nothing."""
    book = RuleBook.load(calendar)
    return _run(book, COUNTED + TOLD, _counted(book, rules))


@transaction.atomic
def recount(
    *,
    actor=None,
    now: dt.datetime | None = None,
    notice: str = "",
    why: str = ClockReason.CALENDAR,
    rules: Collection[int] | None = None,
) -> Recount:
    """Set the due dates of all open terms, or of those of `rules` (ids), by the stored calendar and rules.

    Each due date that moves leaves a ClockChange with `why` and, as its note, the notice or rule that moved it. Waits
    for the acts on terms that are under way; new ones are refused until the caller's transaction ends.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CALENDAR_LOCK])
    book = RuleBook.load()
    parameters = _counted(book, rules)
    if not parameters["rules"]:
        return Recount([])
    parameters |= {"why": why, "now": now or timezone.now(), "actor": actor and actor.pk, "note": notice}
    with connection.cursor() as cursor:
        # cases before their terms, each in the order of ids, as imports and acts do
        cursor.execute(COUNTED.replace("%(lock)s", "") + LOCK_CASES, parameters)
    return _run(book, COUNTED + MOVE + TOLD, parameters, lock="FOR UPDATE OF k")


def recount_changed(changed: Mapping[str, Collection[str]], *, write: bool, actor=None) -> Recount | None:
    """What follows from changed reference data (`registry.domain.consequences`): rows of the calendar move all open
    terms, a rule its own. None where neither has changed."""
    notices, edited = changed.get("calendar"), changed.get("clock_rules")
    if not notices and not edited:
        return None
    rules = [rule.pk for rule in ClockRule.objects.all() if f"{rule.code}:{rule.valid_from}" in (edited or ())]
    if not write:
        return preview_recount(rules=None if notices else rules)
    found = Recount([])
    if edited:
        found += recount(actor=actor, why=ClockReason.RULE, rules=rules, notice=_listed(edited))
    if notices:
        found += recount(actor=actor, why=ClockReason.CALENDAR, notice=_listed(notices))
    return found


def _listed(keys: Collection[str]) -> str:
    return ", ".join(sorted(keys))[:1000]


def _counted(book: RuleBook, rules: Collection[int] | None) -> dict[str, list]:
    """The parameters of COUNTED: ends by rule and start, and by clock where its case has pauses behind it."""
    known = {rule.pk: rule for versions in book.versions.values() for rule in versions}
    wanted = [pk for pk in known if rules is None or pk in rules]
    with connection.cursor() as cursor:
        cursor.execute(PAIRS, [wanted])
        pairs = cursor.fetchall()
        pausing = [pk for pk in wanted if known[pk].pauses]
        cursor.execute(WITH_PAUSES, [wanted, list(ALL_TERMS_WAIT), list(EXCLUDED_REASONS), pausing])
        apart = cursor.fetchall()
    pauses: dict[int, list[ClockPause]] = {}
    for pause in ClockPause.objects.filter(case__in={case_id for _pk, case_id, _rule, _start in apart}):
        pauses.setdefault(pause.case_id, []).append(pause)
    ends = [book.term(known[rule_id], start) for rule_id, start in pairs]
    apart_ends = [
        book.term(known[rule_id], start, left_out(known[rule_id], pauses[case_id]))
        for _pk, case_id, rule_id, start in apart
    ]
    return {
        "rules": [rule_id for rule_id, _start in pairs],
        "starts": [start for _rule_id, start in pairs],
        "safe": [end.safe_on for end in ends],
        "due": [end.due_on for end in ends],
        "provisional": [end.provisional for end in ends],
        "apart": [row[0] for row in apart],
        "apart_safe": [end.safe_on for end in apart_ends],
        "apart_due": [end.due_on for end in apart_ends],
        "apart_provisional": [end.provisional for end in apart_ends],
    }


def _run(book: RuleBook, statement: str, parameters: dict, *, lock: str = "") -> Recount:
    known = {rule.pk: rule for versions in book.versions.values() for rule in versions}
    with connection.cursor() as cursor:
        cursor.execute(statement.replace("%(lock)s", lock), parameters)
        return Recount([Moved(known[rule_id], *rest) for rule_id, *rest in cursor.fetchall()])
