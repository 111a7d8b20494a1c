"""Imported referrals to platforms, written set-wise: the exception to verbs, under the same constraints.

An imported referral writes no ReferralEvent; its run is its origin. It ends no case: that follows its own source. The
time with the platform is left out of the terms of its case, as for any other: while one waits, they stand still. One on
which a verb was used here is left as it is, and only compared; that its term ran out, or was counted anew, is nothing
that anybody did.
"""

import datetime as dt
from dataclasses import dataclass, field
from typing import NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _

from cases.domain import PastPause, pause_clocks, record_pauses, resume_clocks
from cases.enums import PauseReason
from cases.models import Case
from core.bulk import copy_line, copy_lines, next_ids
from core.exceptions import DomainError
from mediation.enums import ReferralReturn, ReferralState, ReferralVerb

STORED = """
SELECT case_id, platform_id, referred_at, id, state, returned_because, replied_at, ended_at, reply, reason, settlement,
       EXISTS (SELECT FROM mediation_referralevent WHERE referral_id = r.id AND verb <> ALL(%s))
  FROM mediation_platformreferral r WHERE case_id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"""
# what time and the calendar bring about is nothing that anybody did
BY_ITSELF = [ReferralVerb.LAPSE.value, ReferralVerb.RECOUNT.value]
TEXTS = ("reply", "reason", "settlement")
FOLLOWED = ("state", "returned_because", "replied_at", "ended_at", *TEXTS)
COLUMNS = (*FOLLOWED, "import_file_id", "import_line")
NEW_COLUMNS = ("id", "case_id", "platform_id", "referred_at", "safe_on", "due_on", "provisional", "created_at")
READ_BACK = "SELECT state, count(*) FROM mediation_platformreferral WHERE id = ANY(%s) GROUP BY state"
WAITING, SETTLED = ReferralState.WAITING.value, ReferralState.SETTLED.value
DAY = dt.timedelta(days=1)

Identity = tuple[int, int, dt.datetime]
Days = tuple[dt.date, dt.date]  # of the referral, and of its end


@dataclass(slots=True)
class ImportedReferral:
    """A referral as its row states it; what its cells leave empty is "" or None. A waiting one states no end."""

    line: int
    platform_id: int
    platform: str
    referred_at: dt.datetime
    safe_on: dt.date
    due_on: dt.date
    provisional: bool
    state: str
    returned_because: str = ""
    replied_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    reply: str = ""
    reason: str = ""
    settlement: str = ""
    case_id: int = 0

    @property
    def identity(self) -> Identity:
        return self.case_id, self.platform_id, self.referred_at


class Stored(NamedTuple):
    """A referral as it is, and whether it was worked on here."""

    id: int
    state: str
    returned_because: str
    replied_at: dt.datetime | None
    ended_at: dt.datetime | None
    reply: str
    reason: str
    settlement: str
    worked: bool


@dataclass
class Written:
    """What became of the referrals. `second`: lines of those whose complaint is with a platform already; `overlapping`:
    of those whose complaint was with one at that time; `running`: of those while which, against the rule, the terms of
    the case do not stand still; `ids`: of all that were taken."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    differing: list[ImportedReferral] = field(default_factory=list)
    second: list[int] = field(default_factory=list)
    overlapping: list[int] = field(default_factory=list)
    running: list[int] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)


def write_referrals(
    cursor, referrals: list[ImportedReferral], *, file_id: int, actor, now: dt.datetime
) -> Written:
    """Write referrals whose cases are locked. One transaction, the caller's. `actor` pauses the terms of cases that are
    with a platform."""
    cursor.execute(STORED, [BY_ITSELF, list({one.case_id for one in referrals})])
    stored: dict[Identity, Stored] = {}
    with_platform: dict[int, Identity] = {}  # by case, the referral that waits
    spans: dict[int, dict[Identity, Days]] = {}  # by case, when a platform has had it
    for row in cursor.fetchall():
        stored[row[:3]] = found = Stored(*row[3:])
        spans.setdefault(row[0], {})[row[:3]] = _days(row[2], found.ended_at)
        if found.state == WAITING:
            with_platform[row[0]] = row[:3]

    written, fresh, changed, same_as_stored = Written(), [], [], []
    for referral in referrals:
        found = stored.get(referral.identity)
        if found is None:
            fresh.append(referral)
            continue
        same = _agrees(found, referral)
        if same or found.worked:
            written.unchanged += 1
            written.ids.append(found.id)
            if not same:
                written.differing.append(referral)
            elif not found.worked:
                same_as_stored.append(referral)
            continue
        if not _alone(referral, spans, referral.ended_at or found.ended_at):
            written.overlapping.append(referral.line)
            continue
        changed.append(referral)
        if referral.state != WAITING and with_platform.get(referral.case_id) == referral.identity:
            del with_platform[referral.case_id]
    taken = []
    for referral in fresh:
        if referral.state == WAITING and referral.case_id in with_platform:
            written.second.append(referral.line)
            continue
        if not _alone(referral, spans, referral.ended_at):
            written.overlapping.append(referral.line)
            continue
        if referral.state == WAITING:
            with_platform[referral.case_id] = referral.identity
        taken.append(referral)
    _update(cursor, changed, stored, file_id, now)
    ids = _insert(cursor, taken, file_id, now)
    written.updated, written.created = len(changed), len(ids)
    written.ids += [*(stored[one.identity].id for one in changed), *ids]
    _hold_terms(changed, taken, stored, written, actor, now)
    _leave_out([*changed, *taken, *same_as_stored], actor, now)
    return written


def _days(referred_at: dt.datetime, ended_at: dt.datetime | None) -> Days:
    return timezone.localdate(referred_at), timezone.localdate(ended_at) if ended_at else dt.date.max


def _alone(referral: ImportedReferral, spans: dict[int, dict[Identity, Days]], ended_at: dt.datetime | None) -> bool:
    """Whether no other referral of its case takes its days, which it then takes. On one day a case can come back and go
    again: many sources know no more than the days."""
    first, last = days = _days(referral.referred_at, ended_at)
    taken = spans.setdefault(referral.case_id, {})
    for identity, (other_first, other_last) in taken.items():
        if identity != referral.identity and first < other_last and other_first < last:
            return False
    taken[referral.identity] = days
    return True


def _stated(referral: ImportedReferral) -> dict:
    """What the row states, by column; an empty cell states nothing, and so does a row without an end."""
    said = {name: getattr(referral, name) for name in ("replied_at", *TEXTS) if getattr(referral, name)}
    if referral.state != WAITING:
        said |= {name: getattr(referral, name) for name in ("state", "returned_because", "ended_at")}
    return said


def _agrees(found: Stored, referral: ImportedReferral) -> bool:
    return all(getattr(found, name) == value for name, value in _stated(referral).items())


def _update(cursor, referrals: list[ImportedReferral], stored, file_id: int, now: dt.datetime) -> None:
    if not referrals:
        return
    columns = ", ".join(COLUMNS)
    cursor.execute(
        f"CREATE TEMP TABLE IF NOT EXISTS imported_referral ON COMMIT DELETE ROWS AS SELECT id, {columns}"  # noqa: S608
        " FROM mediation_platformreferral WITH NO DATA"
    )
    cursor.execute("TRUNCATE imported_referral")
    lines = []
    for referral in referrals:
        found = stored[referral.identity]
        values = {name: getattr(found, name) for name in FOLLOWED} | _stated(referral)
        if values["state"] != SETTLED:
            values["settlement"] = ""  # what was corrected to have come back was not settled
        lines.append(copy_line((found.id, *(values[name] for name in FOLLOWED), file_id, referral.line)))
    copy_lines(cursor, "imported_referral", ("id", *COLUMNS), lines)
    assignments = ", ".join(f"{name} = i.{name}" for name in COLUMNS)
    cursor.execute(
        f"UPDATE mediation_platformreferral r SET updated_at = %s, {assignments} FROM imported_referral i"  # noqa: S608
        " WHERE r.id = i.id",
        [now],
    )


def _insert(cursor, referrals: list[ImportedReferral], file_id: int, now: dt.datetime) -> list[int]:
    ids = next_ids(cursor, "mediation_platformreferral", len(referrals))
    copy_lines(
        cursor, "mediation_platformreferral", (*NEW_COLUMNS, "updated_at", *COLUMNS),
        (
            copy_line((
                pk, one.case_id, one.platform_id, one.referred_at, one.safe_on, one.due_on, one.provisional, now, now,
                one.state, one.returned_because, one.replied_at, one.ended_at, one.reply, one.reason, one.settlement,
                file_id, one.line,
            ))
            for pk, one in zip(ids, referrals, strict=True)
        ),
    )  # fmt: skip
    return ids


def _hold_terms(changed, taken, stored, written: Written, actor, now: dt.datetime) -> None:
    """The terms of a case stand still while a platform has it, and run on from the day after. These are few: nearly all
    rows of a file are of referrals that were over when it was first read."""
    back = [one for one in changed if stored[one.identity].state == WAITING and one.state != WAITING]
    away = [one for one in taken if one.state == WAITING]
    cases = Case.objects.in_bulk({one.case_id for one in (*back, *away)})
    for referral in back:
        case = cases[referral.case_id]
        if any(one.reason == PauseReason.GREEN_CHANNEL for one in case.pauses.filter(ended_on=None)):
            resume_clocks(case, ended_on=_runs_on(referral), actor=actor, now=now)
    for referral in away:
        try:
            pause_clocks(
                cases[referral.case_id], reason=PauseReason.GREEN_CHANNEL, actor=actor, now=now, document=_told(referral),
                started_on=timezone.localdate(referral.referred_at),
            )  # fmt: skip
        except DomainError:  # paused for another reason: whoever ends that decides what the terms do
            written.running.append(referral.line)


def _leave_out(referrals: list[ImportedReferral], actor, now: dt.datetime) -> None:
    """What a platform has settled or given back was not the regulator's while it was there."""
    record_pauses(
        [
            PastPause(
                one.case_id, PauseReason.GREEN_CHANNEL, timezone.localdate(one.referred_at),
                _runs_on(one), _told(one),
            )
            for one in referrals if one.state != WAITING
        ],
        actor=actor, now=now,
    )  # fmt: skip


def _runs_on(referral: ImportedReferral) -> dt.date:
    """From which day the terms of its case count again: from the day after its end, in silence after its term."""
    last = timezone.localdate(referral.ended_at)
    return (min(last, referral.due_on) if referral.returned_because == ReferralReturn.SILENCE else last) + DAY


def _told(referral: ImportedReferral) -> str:
    return _("Referral to %(platform)s") % {"platform": referral.platform}


def states_of_referrals(cursor, ids: list[int]) -> dict[str, int]:
    """How many of these referrals there are in each state, as the database has them."""
    cursor.execute(READ_BACK, [ids])
    return dict(cursor.fetchall())
