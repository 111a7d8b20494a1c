"""The statutory terms of a case: started, stopped, paused, extended, started anew, put under other rules.

The acts on a case call these functions inside their own transaction, on a case that they have locked; they check who may
act and write the CaseEvent. What is checked here is what would make a term wrong. Each move of a due date leaves one
ClockChange.
"""

import datetime as dt
from collections.abc import Collection, Iterable
from typing import NamedTuple

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.clocks import RuleBook
from cases.domain.reasons import check_reason
from cases.enums import ALL_TERMS_WAIT, EXCLUDED_REASONS, ClockReason, PauseReason
from cases.models import UNKNOWN_END, Case, Clock, ClockChange, ClockPause, ClockRule, Extension
from core.bulk import copy_line, copy_lines
from core.exceptions import DomainError
from core.working_days import DAY, Pause

CALENDAR_LOCK = 7_312_017  # shared by acts on terms, alone in a recount
APPROVE = "cases.approve_case"
# a term and what approval makes of it (penalty procedure art 18; Order 121 art 27)
EXTENDED = {"report.verify": "report.verify_extended", "lead.verify": "lead.verify_extended"}
PLACE = """
UPDATE cases_clock k SET safe_on = n.safe_on, due_on = n.due_on, paused_on = n.paused_on, provisional = n.provisional
  FROM unnest(%s::bigint[], %s::date[], %s::date[], %s::date[], %s::boolean[])
       AS n(id, safe_on, due_on, paused_on, provisional) WHERE k.id = n.id"""
PLACED = ("rule", "started_on", "safe_on", "due_on", "stopped_on", "paused_on", "provisional")


class PastPause(NamedTuple):
    """A pause that is over: `started_on` is the first day that does not count, `ended_on` the first that counts again."""

    case_id: int
    reason: str
    started_on: dt.date
    ended_on: dt.date
    document: str


def start_clock(
    case: Case,
    code: str,
    *,
    on: dt.date,
    side: str = "",
    actor=None,
    now: dt.datetime | None = None,
    book: RuleBook | None = None,
) -> Clock | None:
    """Start a term of `case` on `on`, which does not count; it stands still at once while its time is being left out.

    The version of the rule is that of the case's rules, else of the day of receipt. None where no version applies. A
    term that has stopped starts anew. Raises DomainError for a day before the receipt or in the future, and for a term
    that is running.
    """
    hold_calendar()
    _check_day(case, on, now)
    rule = (book := book or RuleBook.load()).rule(code, _received_on(case), case.regime)
    if rule is None:
        return None
    clock = _clocks(case, code).filter(side=side).first()
    if clock is None:
        clock = Clock(case=case, rule=rule, side=side, started_on=on)
        _place(clock, book, _pauses(case))
        clock.save(force_insert=True)
    elif clock.stopped_on is None:
        raise DomainError(_("The term “%(term)s” of this case is running already.") % {"term": clock.rule.label})
    else:
        _restart(clock, rule, book, on=on, actor=actor, now=now, note="")
    return clock


def stop_clocks(
    case: Case, *codes: str, on: dt.date, side: str | None = None, actor=None, now: dt.datetime | None = None
) -> list[Clock]:
    """Stop the running terms with these codes, extended ones among them; without a code all. Returns them.

    A term that stands still ends its pause there, so that its due date is known. Raises DomainError for a day before
    the start or in the future.
    """
    hold_calendar()
    running = _clocks(case, *codes).filter(stopped_on=None)
    clocks = list(running if side is None else running.filter(side=side))
    for clock in clocks:
        if on < clock.started_on:
            raise DomainError(
                _("The term “%(term)s” started on %(start)s and cannot stop before, on %(stop)s.")
                % {"term": clock.rule.label, "start": clock.started_on, "stop": on}
            )
    _check_day(case, on, now)
    book = RuleBook.load() if any(clock.paused_on for clock in clocks) else None
    for clock in clocks:
        clock.stopped_on = on
        if clock.paused_on:
            _move(clock, book, _pauses(case), ClockReason.RESUME, actor=actor, now=now)
        else:
            clock.save(update_fields=["stopped_on"])
    return clocks


def pause_clocks(
    case: Case,
    *,
    reason: str,
    started_on: dt.date,
    document: str,
    actor,
    note: str = "",
    now: dt.datetime | None = None,
) -> ClockPause:
    """Let the running terms of `case` that leave out such a time stand still from `started_on` on.

    A recusal is recorded and moves nothing: that it stops the term of mediation, too, the rules do not say (Order 121
    art 21). With a platform, every running term stands still, and a case of none may be there, too. Raises DomainError
    for a second pause at a time, a day before the receipt or in the future, a pause without its document, and where no
    running term leaves it out or the term was over before.
    """
    hold_calendar()
    _check_day(case, started_on, now)
    if reason not in PauseReason.values:
        raise DomainError(_("%(reason)s is no reason to pause a term.") % {"reason": reason})
    if not document.strip():
        raise DomainError(_("Name the document that orders the pause."))
    pauses = list(case.pauses.all())
    if any(pause.ended_on is None for pause in pauses):
        raise DomainError(_("The case is paused already. End that pause first."))
    pause = ClockPause(
        case=case, reason=reason, started_on=started_on, document=document.strip(), note=note.strip(), actor=actor,
        created_at=now or timezone.now(),
    )  # fmt: skip
    waiting = [clock for clock in _clocks(case).filter(stopped_on=None) if leaves_out(clock.rule, reason)]
    standing = [clock for clock in waiting if started_on <= clock.due_on]
    if reason in EXCLUDED_REASONS and not waiting:
        raise DomainError(_("No running term of this case leaves out such a time."))
    if reason in EXCLUDED_REASONS and not standing:
        raise DomainError(
            _("The term ended on %(due)s, before the pause would start.")
            % {"due": max(clock.due_on for clock in waiting)}
        )
    book = RuleBook.load() if standing else None
    for clock in standing:
        _move(clock, book, [*pauses, pause], ClockReason.PAUSE, actor=actor, now=now, note=pause.document)
    pause.save(force_insert=True)
    return pause


def resume_clocks(case: Case, *, ended_on: dt.date, actor, note: str = "", now: dt.datetime | None = None) -> ClockPause:
    """End the open pause of `case`: `ended_on` is the first day that counts again. The terms that stood still get
    their new due dates, all pauses left out.

    Raises DomainError where there is none, for an end before its start and in the future; the day on which a case comes
    back from a platform is no longer the regulator's, so that it may count from the next day on.
    """
    hold_calendar()
    pauses = list(case.pauses.all())
    pause = next((pause for pause in pauses if pause.ended_on is None), None)
    if pause is None:
        raise DomainError(_("The case is not paused."))
    if ended_on < pause.started_on:
        raise DomainError(
            _("The pause started on %(start)s and cannot end before, on %(end)s.")
            % {"start": pause.started_on, "end": ended_on}
        )
    _check_day(case, ended_on - DAY if pause.reason in ALL_TERMS_WAIT else ended_on, now)
    pause.ended_on, pause.ended_by = ended_on, actor
    pause.save(update_fields=["ended_on", "ended_by"])
    clocks = list(_clocks(case).filter(stopped_on=None, paused_on__isnull=False))
    book = RuleBook.load() if clocks else None
    for clock in clocks:
        _move(clock, book, pauses, ClockReason.RESUME, actor=actor, now=now, note=note or pause.document)
    return pause


def end_open_pause(case: Case, *, on: dt.date, actor) -> None:
    """End the open pause of a case whose terms have all stopped: were it reopened, they would stand still for ever."""
    case.pauses.filter(ended_on=None).update(ended_on=on, ended_by=actor)


def ask_extension(case: Case, code: str, *, reason: str, actor, now: dt.datetime | None = None) -> Extension:
    """Ask for the longer term that the rules allow. Raises DomainError where there is none, where it has been asked for
    or granted since the term began, once the term has ended, and without a reason."""
    reason = check_reason(reason)
    clock = _clock_to_extend(case, code, now)
    if case.extensions.filter(code=code, granted=None).exists():
        raise DomainError(_("The extension has been asked for and is not decided yet."))
    return Extension.objects.create(
        case=case, code=code, started_on=clock.started_on, reason=reason, asked_by=actor,
        asked_at=now or timezone.now(),
    )  # fmt: skip


@transaction.atomic
def decide_extension(
    extension: Extension, *, granted: bool, reason: str = "", actor, now: dt.datetime | None = None
) -> Extension:
    """Grant or refuse a longer term, by another person than the one who asked. Granted, the term runs on under the
    extended rule, from the same start. Locks the case.

    Raises PermissionDenied, and DomainError where it has been decided, by the same person, once the term has ended, and
    for a refusal without a reason.
    """
    if not actor.has_perm(APPROVE):
        raise PermissionDenied(_("Your roles do not include approving extensions."))
    reason = reason.strip() if granted else check_reason(reason)
    case = Case.objects.select_for_update(of=("self",)).get(pk=extension.case_id)
    extension.refresh_from_db()
    if extension.granted is not None:
        raise DomainError(_("The extension has been decided already."))
    if extension.asked_by_id == actor.pk:
        raise DomainError(_("Whoever asks for an extension cannot decide on it. Ask a colleague."))
    now = now or timezone.now()
    if granted:
        hold_calendar()
        clock = _clock_to_extend(case, extension.code, now)
        book = RuleBook.load()
        clock.rule = _version(book, case, EXTENDED[extension.code])
        _move(clock, book, _pauses(case), ClockReason.EXTENSION, actor=actor, now=now, note=reason)
        extension.started_on = clock.started_on  # it may have begun anew since it was asked for
    extension.granted, extension.decision = granted, reason
    extension.decided_by, extension.decided_at = actor, now
    extension.save(update_fields=["granted", "decision", "decided_by", "decided_at", "started_on"])
    return extension


def restart_clock(
    case: Case, code: str, *, on: dt.date, side: str = "", actor, now: dt.datetime | None = None, note: str = ""
) -> Clock | None:
    """Let a term run anew from `on`, whether it was running, paused, extended or stopped; start it where the case has
    had none. `note`: why. Errors as `start_clock`, but for a term that is running."""
    hold_calendar()
    _check_day(case, on, now)
    clock = _clocks(case, code).filter(side=side).first()
    if clock is None:
        return start_clock(case, code, on=on, side=side, actor=actor, now=now)
    book = RuleBook.load()
    _restart(clock, _version(book, case, code), book, on=on, actor=actor, now=now, note=note)
    return clock


def change_regime(case: Case, *, regime: str, reason: str, actor, now: dt.datetime | None = None) -> list[Clock]:
    """Put `case` under other rules: its running terms take the versions that these have, and their due dates. Terms that
    have stopped stay as they were judged. Returns the terms whose rule is another now.

    Raises PermissionDenied, and DomainError for rules that are not known or apply already, and without a reason.
    """
    if not actor.has_perm(APPROVE):
        raise PermissionDenied(_("Your roles do not include changing the rules of a case."))
    reason = check_reason(reason)
    hold_calendar()
    book = RuleBook.load()
    if regime not in book.regimes:
        raise DomainError(
            _("No clock rule belongs to %(regime)s. There are: %(regimes)s.")
            % {"regime": regime, "regimes": ", ".join(sorted(book.regimes))}
        )
    if regime == case.regime:
        raise DomainError(_("These rules apply to the case already."))
    case.regime = regime
    case.save(update_fields=["regime"])
    pauses, changed = _pauses(case), []
    for clock in _clocks(case).filter(stopped_on=None):
        rule = book.rule(clock.rule.code, _received_on(case), regime)
        if rule is not None and rule.regime == regime and rule.pk != clock.rule_id:
            clock.rule = rule
            _move(clock, book, pauses, ClockReason.REGIME, actor=actor, now=now, note=reason)
            changed.append(clock)
    return changed


def record_pauses(spans: Iterable[PastPause], *, actor, now: dt.datetime) -> None:
    """Record pauses that are over, as an import brings them, and leave them out of the terms of their cases, which the
    caller has locked. One that is recorded with another end gets this one. A running term whose end moves notes that.
    Raises DomainError while due dates are counted anew."""
    spans = sorted(spans, key=lambda span: span.ended_on)  # of two that begin on one day the longer one
    wanted = {(span.case_id, span.reason, span.started_on): span for span in spans}
    over = ClockPause.objects.filter(case__in={span.case_id for span in wanted.values()}, ended_on__isnull=False)
    touched = set()
    for pause in over:
        span = wanted.pop((pause.case_id, pause.reason, pause.started_on), None)
        if span is not None and span.ended_on != pause.ended_on:
            pause.ended_on, pause.ended_by = span.ended_on, actor
            pause.save(update_fields=["ended_on", "ended_by"])
            touched.add(pause.case_id)
    with connection.cursor() as cursor:
        copy_lines(
            cursor, "cases_clockpause", (*PastPause._fields, "note", "actor_id", "ended_by_id", "created_at"),
            (copy_line((*span, "", actor.pk, actor.pk, now)) for span in wanted.values()),
        )  # fmt: skip
    touched.update(span.case_id for span in wanted.values())
    if touched:
        hold_calendar()
        moved = place_anew(touched)
        ClockChange.objects.bulk_create([
            ClockChange(
                case_id=clock.case_id, rule=clock.rule, side=clock.side, why=ClockReason.RESUME, before_on=before,
                after_on=_known(clock), at=now, actor=actor,
            )
            for clock, before in moved if clock.stopped_on is None
        ])  # fmt: skip


def place_anew(cases: Collection[int]) -> list[tuple[Clock, dt.date | None]]:
    """Leave out the pauses of these cases from terms that were counted without them, as an import counts them. Returns
    the terms whose end moves, each with the end that it had."""
    pauses: dict[int, list[ClockPause]] = {}
    for pause in ClockPause.objects.filter(case__in=cases).order_by("started_on", "pk"):
        pauses.setdefault(pause.case_id, []).append(pause)
    if not pauses:
        return []
    book, placed, moved = RuleBook.load(), [], []
    rules = book.by_key()
    for clock in Clock.objects.filter(case__in=pauses):
        met = [pause for pause in pauses[clock.case_id] if _meets(pause, clock)]
        if not met:
            continue
        known, clock.rule = _known(clock), rules[clock.rule_id]
        _place(clock, book, met)
        placed.append(clock)
        if _known(clock) != known:
            moved.append((clock, known))
    with connection.cursor() as cursor:  # in one statement: there may be thousands
        columns = ("pk", "safe_on", "due_on", "paused_on", "provisional")
        cursor.execute(PLACE, [[getattr(clock, name) for clock in placed] for name in columns])
    return moved


def _meets(pause: ClockPause, clock: Clock) -> bool:
    """Whether some of the pause lies between the start of the term and its stop, if it has one."""
    begins = clock.stopped_on is None or pause.started_on < clock.stopped_on
    return begins and (pause.ended_on is None or pause.ended_on > clock.started_on)


def hold_calendar() -> None:
    """Keep recounts off until the transaction ends: a due date must not be counted by a calendar that is just being
    replaced. It never waits, since its caller holds locks that a recount may wait for. Raises DomainError."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock_shared(%s)", [CALENDAR_LOCK])
        if not cursor.fetchone()[0]:
            raise DomainError(
                _("All due dates are being counted anew, because the calendar or a rule has changed. Try again shortly.")
            )


def leaves_out(rule: ClockRule, reason: str) -> bool:
    """Whether the terms of `rule` stand still for `reason`."""
    return reason in ALL_TERMS_WAIT or (rule.pauses and reason in EXCLUDED_REASONS)


def left_out(rule: ClockRule, pauses: Iterable[ClockPause], until: dt.date | None = None) -> list[Pause]:
    """The spans that the terms of `rule` leave out. An open pause has none yet, unless the term stopped on `until`: there
    it ends, and nothing after it matters."""
    ends = [(pause, min(filter(None, (pause.ended_on, until)), default=None)) for pause in pauses]
    return [
        (pause.started_on, end)
        for pause, end in ends
        if leaves_out(rule, pause.reason) and end is not None and pause.started_on < end
    ]


def _restart(
    clock: Clock, rule: ClockRule, book: RuleBook, *, on: dt.date, actor, now: dt.datetime | None, note: str
) -> None:
    clock.rule, clock.started_on, clock.stopped_on = rule, on, None
    _move(clock, book, _pauses(clock.case), ClockReason.RESTART, actor=actor, now=now, note=note)


def _place(clock: Clock, book: RuleBook, pauses: Iterable[ClockPause]) -> None:
    """Set the due date of a term by its rule, its start and the pauses of its case, or let it stand still."""
    spans = left_out(clock.rule, pauses, clock.stopped_on)
    clock.safe_on, clock.due_on, clock.provisional = book.term(clock.rule, clock.started_on, spans)
    clock.paused_on = None
    if clock.stopped_on is None:
        starts = [p.started_on for p in pauses if p.ended_on is None and leaves_out(clock.rule, p.reason)]
        if starts and starts[0] <= clock.due_on:
            clock.paused_on, clock.provisional = starts[0], False
            clock.safe_on = clock.due_on = UNKNOWN_END


def _move(
    clock: Clock,
    book: RuleBook,
    pauses: Iterable[ClockPause],
    why: str,
    *,
    actor,
    now: dt.datetime | None,
    note: str = "",
) -> None:
    """Place a stored term anew, and note the move of its due date."""
    before = _known(clock)
    _place(clock, book, pauses)
    clock.save(update_fields=PLACED)
    if (after := _known(clock)) != before:
        ClockChange.objects.create(
            case_id=clock.case_id, rule=clock.rule, side=clock.side, why=why, before_on=before, after_on=after,
            at=now or timezone.now(), actor=actor, note=note,
        )  # fmt: skip


def _known(clock: Clock) -> dt.date | None:
    return None if clock.due_on == UNKNOWN_END else clock.due_on


def _clocks(case: Case, *codes: str):
    """The terms of `case`, with these codes or the extended ones to them, or all."""
    clocks = Clock.objects.filter(case=case).select_related("rule").order_by("pk")
    if not codes:
        return clocks
    return clocks.filter(rule__code__in=[*codes, *(EXTENDED[code] for code in codes if code in EXTENDED)])


def _pauses(case: Case) -> list[ClockPause]:
    return list(case.pauses.all())


def _version(book: RuleBook, case: Case, code: str) -> ClockRule:
    rule = book.rule(code, _received_on(case), case.regime)
    if rule is None:
        raise DomainError(_("No version of %(code)s applies to this case.") % {"code": code})
    return rule


def _clock_to_extend(case: Case, code: str, now: dt.datetime | None) -> Clock:
    """The running term that an extension would lengthen."""
    if code not in EXTENDED:
        raise DomainError(_("The rules allow no extension of this term."))
    clock = _clocks(case, code).filter(stopped_on=None).first()
    if clock is None:
        raise DomainError(_("The term is not running."))
    if clock.rule.code != code:
        raise DomainError(_("The term “%(term)s” has been extended once already.") % {"term": clock.rule.label})
    if clock.due_on < timezone.localdate(now or timezone.now()):
        raise DomainError(_("The term ended on %(due)s; it can be extended no longer.") % {"due": clock.due_on})
    return clock


def _received_on(case: Case) -> dt.date:
    return timezone.localdate(case.received_at)


def _check_day(case: Case, day: dt.date, now: dt.datetime | None) -> None:
    if day < (received := _received_on(case)):
        raise DomainError(
            _("%(day)s lies before the receipt of the case on %(received)s.") % {"day": day, "received": received}
        )
    if day > timezone.localdate(now or timezone.now()):
        raise DomainError(_("%(day)s lies in the future.") % {"day": day})
