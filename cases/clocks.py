"""Statutory clocks: which version of a rule applies, when its term ends, and why."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases.enums import Body, Kind, Roll, TermUnit
from cases.models import ClockRule
from core.exceptions import DomainError
from core.language import in_language
from core.working_days import DAY, Calendar, Pause, Step, Term
from registry.domain import calendar_days
from registry.domain.calendar import CalendarDays

UNSEEN = object()
# by whose version the rules of a case are named. Reports follow the same orders as complaints, and are verified by the
# penalty procedure besides, whose versions change on days of their own.
REGIME_TERM = {
    (Kind.COMPLAINT, Body.BUREAU): "complaint.mediate",
    (Kind.COMPLAINT, Body.COUNCIL): "council.mediate",
    (Kind.REPORT, Body.BUREAU): "jurisdiction.settle",
}


class UnknownRule(DomainError):
    """There is no such rule, or no version of it on that day; the message lists what there is."""


class Due(NamedTuple):
    """The end of a term: the last day before any roll, the legal last day, and whether a calendar was missing."""

    safe_on: dt.date
    due_on: dt.date
    provisional: bool


class RuleBook:
    """All versions of all rules with the calendar, loaded once; `rule` and `term` remember what they found."""

    def __init__(self, rules: Iterable[ClockRule], calendar: Calendar, days: CalendarDays | None = None):
        self.versions: dict[str, list[ClockRule]] = {}
        for rule in sorted(rules, key=lambda rule: (rule.code, rule.valid_from)):
            self.versions.setdefault(rule.code, []).append(rule)
        self.calendar, self._days = calendar, days
        self._rules: dict[tuple[str, dt.date, str], ClockRule | None] = {}
        self._terms: dict[tuple, Due] = {}

    @classmethod
    def load(cls, calendar: Calendar | None = None) -> "RuleBook":
        """The stored rules with `calendar`, or with the stored calendar. One query, or two."""
        days = None if calendar else calendar_days()
        return cls(ClockRule.objects.all(), calendar or days.calendar(), days)

    def regime_of(self, kind: str, body: str, received_on: dt.date) -> str:
        """The rules that apply to a case received on that day, "" where there are none."""
        rule = self.rule(REGIME_TERM.get((kind, body), ""), received_on)
        return rule.regime if rule else ""

    @property
    def regimes(self) -> set[str]:
        """The codes of all rules that have a version here."""
        return {rule.regime for versions in self.versions.values() for rule in versions}

    def rule(self, code: str, day: dt.date, regime: str = "") -> ClockRule | None:
        """The version of the rule that `regime` has, or, where it has none, the one in force on `day`, the day of
        receipt; None where there is none either."""
        key = (code, day, regime)
        found = self._rules.get(key, UNSEEN)
        if found is UNSEEN:
            versions = self.versions.get(code, ())
            own = [rule for rule in versions if regime and rule.regime == regime]
            found = self._rules[key] = _in_force(own, day) or (own[-1] if own else _in_force(versions, day))
        return found

    def term(self, rule: ClockRule, start: dt.date, pauses: Sequence[Pause] = ()) -> Due:
        """The end of the rule's term that starts with `start`, without the days of `pauses`."""
        key = (rule.pk, start, *pauses)
        found = self._terms.get(key)
        if found is None:
            found = self._terms[key] = Due(*self._count(rule, start, pauses)[:3])
        return found

    def by_key(self) -> dict[int, ClockRule]:
        """All versions of all rules by their keys."""
        return {rule.pk: rule for versions in self.versions.values() for rule in versions}

    def explain(self, code: str, day: dt.date, *, regime: str = "", pauses: Sequence[Pause] = ()) -> dict:
        """How the term that starts on `day` is counted, by the version then in force, or by that of `regime`.

        `{"rule", "regime", "start_on", "due_on", "safe_on", "provisional", "basis", "steps"}`: dates as ISO text,
        `steps` sentences in the present language, each naming a date and why it counts or not. Raises UnknownRule, and
        DomainError where the rule leaves out no pauses.
        """
        rule = self.rule(code, day, regime)
        if rule is None or (regime and rule.regime != regime):
            raise UnknownRule(self._missing(code, day, regime))
        if pauses and not rule.pauses:
            raise DomainError(
                _("%(code)s (%(regime)s) leaves out no pauses: every day counts.")
                % {"code": code, "regime": rule.regime}
            )
        term, sentences = self.tell(rule, day, pauses)
        return {
            "rule": code,
            "regime": rule.regime,
            "start_on": day.isoformat(),
            "due_on": term.due_on.isoformat(),
            "safe_on": term.safe_on.isoformat(),
            "provisional": term.provisional,
            "basis": _basis(rule),
            "steps": sentences,
        }

    def tell(self, rule: ClockRule, start: dt.date, pauses: Sequence[Pause] = ()) -> tuple[Term, list[str]]:
        """The term of a rule that starts with `start`, and the sentences that explain its end."""
        term = self._count(rule, start, pauses, steps=True)
        return term, list(self._sentences(rule, term))

    def _count(
        self, rule: ClockRule, start: dt.date, pauses: Sequence[Pause] = (), *, steps: bool = False
    ) -> Term:
        if rule.unit == TermUnit.WORKING:
            return self.calendar.add_working_days(start, rule.length, pauses=pauses, steps=steps)
        return self.calendar.add_natural_days(start, rule.length, rule.roll, pauses=pauses, steps=steps)

    def _missing(self, code: str, day: dt.date, regime: str) -> str:
        if not self.versions:
            return _("No clock rules are loaded. Run manage.py load_reference.")
        if code not in self.versions:
            return _("There is no rule %(code)s. The rules are: %(codes)s.") % {
                "code": code, "codes": ", ".join(self.versions),
            }  # fmt: skip
        versions = "; ".join(f"{rule.regime} {_period(rule)}" for rule in self.versions[code])
        if regime:
            return _("%(code)s has no version under %(regime)s. The versions: %(versions)s.") % {
                "code": code, "regime": regime, "versions": versions,
            }  # fmt: skip
        return _("No version of %(code)s was in force on %(date)s. The versions: %(versions)s.") % {
            "code": code, "date": day.isoformat(), "versions": versions,
        }  # fmt: skip

    def _sentences(self, rule: ClockRule, term: Term) -> Iterator[str]:
        yield _("%(rule)s: %(length)s from: %(starts)s. In force %(period)s. Basis: %(basis)s.") % {
            "rule": rule.label,
            "length": _length(rule),
            "starts": in_language(rule.starts, rule.starts_en),
            "period": _period(rule),
            "basis": _basis(rule),
        }
        if rule.unit == TermUnit.NATURAL:
            yield _rolls(rule)
        for (reason, why), days in groupby(term.steps, key=lambda step: (step.reason, self._why(step))):
            yield _sentence(reason, why, list(days))
        if term.provisional:
            # of a term of natural days only the end asks the calendar
            first = term.steps[0].on + DAY if rule.unit == TermUnit.WORKING else term.safe_on
            asked = (step.on for step in term.steps if step.on >= first and step.reason != "paused")
            yield _(
                "The calendar of %(years)s is not known: of the days on which its notice may speak only weekends are"
                " left out, and the end may change."
            ) % {"years": ", ".join(map(str, self.calendar.missing_years(asked)))}
        if term.due_on > term.safe_on:
            yield _("Safe until %(safe)s, before the last day moves; legally the term ends on %(due)s.") % {
                "safe": _written(term.safe_on), "due": _written(term.due_on),
            }  # fmt: skip
        else:
            yield _("The term ends on %(due)s.") % {"due": _written(term.due_on)}

    def _why(self, step: Step) -> str:
        """The holiday that makes a day special, with the notice that says so."""
        if step.reason not in ("holiday", "make_up"):
            return ""
        if self._days is None:
            self._days = calendar_days()
        day = self._days.days[step.on]
        return _("%(holiday)s, notice of %(published)s") % {
            "holiday": day.label, "published": day.published_on.isoformat(),
        }  # fmt: skip


def _in_force(versions: Iterable[ClockRule], day: dt.date) -> ClockRule | None:
    return next(
        (rule for rule in versions if rule.valid_from <= day and (rule.valid_to is None or day < rule.valid_to)), None
    )


def _sentence(reason: str, why: str, steps: list[Step]) -> str:
    """What a run of days of one kind does for the term."""
    first, last = steps[0], steps[-1]
    days = _written(first.on)
    if len(steps) > 1:
        days = _("%(first)s to %(last)s") % {"first": days, "last": _written(last.on)}
    numbers = str(first.number) if len(steps) == 1 else f"{first.number}–{last.number}"
    values = {"days": days, "why": why, "numbers": numbers}
    match reason:
        case "start":
            return _("%(days)s: the term starts; this day does not count.") % values
        case "working":
            return _("%(days)s: counted, working day %(numbers)s.") % values
        case "make_up":
            return _("%(days)s: make-up working day (%(why)s), counted, working day %(numbers)s.") % values
        case "weekend":
            return _("%(days)s: weekend, no working day.") % values
        case "holiday":
            return _("%(days)s: holiday (%(why)s), no working day.") % values
        case "natural":
            return _("%(days)s: every day counts, day %(numbers)s.") % values
        case "rolled":
            return _("%(days)s: the first day after, to which the last day moves.") % values
        case "paused":
            return _("%(days)s: paused, not counted.") % values
    raise ValueError(reason)


def _rolls(rule: ClockRule) -> str:
    """What becomes of a last day of a term of natural days that is a day off."""
    match rule.roll:
        case Roll.NONE:
            return _("The last day stays where it falls, on a day off too.")
        case Roll.HOLIDAYS:
            return _(
                "A last day on a statutory holiday moves to the first day after; an ordinary weekend does not move it."
            )
        case Roll.REST_DAYS:
            return _(
                "A last day that is no working day moves to the first working day after, from an ordinary weekend too."
            )
    raise ValueError(rule.roll)


def _written(day: dt.date) -> str:
    return f"{day.isoformat()} ({WEEKDAYS_ABBR[day.weekday()]})"


def _length(rule: ClockRule) -> str:
    if rule.unit == TermUnit.WORKING:
        return ngettext("%(n)d working day", "%(n)d working days", rule.length) % {"n": rule.length}
    return ngettext("%(n)d natural day", "%(n)d natural days", rule.length) % {"n": rule.length}


def _period(rule: ClockRule) -> str:
    start = rule.valid_from.isoformat()
    if rule.valid_to is None:
        return _("from %(start)s") % {"start": start}
    return _("from %(start)s until %(end)s") % {
        "start": start, "end": (rule.valid_to - dt.timedelta(days=1)).isoformat(),
    }  # fmt: skip


def _basis(rule: ClockRule) -> str:
    return in_language(rule.basis, rule.basis_en)
