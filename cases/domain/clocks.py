"""Terms start and stop with the acts of a case; called on a locked case, inside the transaction of the act."""

import datetime as dt

from cases.clocks import RuleBook
from cases.enums import ClockReason
from cases.models import Case, Clock, ClockChange


def start_clock(case: Case, code: str, *, on: dt.date, side: str = "", book: RuleBook | None = None) -> Clock | None:
    """Start the term `code` of `case` on `on`, by the version in force on its receipt; None where there was none."""
    book = book or RuleBook.load()
    rule = book.rule(code, case.received_on)
    if rule is None:
        return None
    due = book.term(rule, on)
    return Clock.objects.create(
        case=case, rule=rule, side=side, started_on=on, safe_on=due.safe_on, due_on=due.due_on,
        provisional=due.provisional,
    )  # fmt: skip


def stop_clocks(case: Case, *codes: str, on: dt.date, side: str | None = None) -> int:
    """Stop the running terms `codes` of `case`; returns how many."""
    running = case.clocks.filter(rule__code__in=codes, stopped_on__isnull=True)
    if side is not None:
        running = running.filter(side=side)
    return running.update(stopped_on=on)


def restart_clock(case: Case, code: str, *, on: dt.date, actor, now: dt.datetime, note: str = "") -> Clock | None:
    """Let the term `code` of `case` run anew from `on`, and write down which end it had before; a term that never ran
    starts. None where no version of the rule was in force."""
    clock = case.clocks.select_related("rule").filter(rule__code=code).first()
    if clock is None:
        return start_clock(case, code, on=on)
    before = clock.due_on
    due = RuleBook.load().term(clock.rule, on)
    clock.started_on, clock.stopped_on, clock.paused_on = on, None, None
    clock.safe_on, clock.due_on, clock.provisional = due
    clock.save()
    ClockChange.objects.create(
        case=case, rule=clock.rule, side=clock.side, why=ClockReason.RESTART, before_on=before, after_on=clock.due_on,
        at=now, actor=actor, note=note,
    )  # fmt: skip
    return clock
