"""Rows of complaints that went to a platform of the green channel, and what became of them there."""

import datetime as dt
from dataclasses import dataclass
from functools import partial

from django.utils import timezone
from django.utils.translation import gettext as _

from cases.clocks import RuleBook
from cases.enums import FINAL_STATES, Kind
from cases.importers.engine import Options
from cases.importers.plain import ConvertedRows, Entry, PlainRow, PlainTarget, reach
from cases.importers.rows import RowRejected
from cases.models import ClockRule
from mediation.domain.imported import CaseFacts, cases_numbered, lock_cases
from mediation.domain.imported_referrals import ImportedReferral, states_of_referrals, write_referrals
from mediation.domain.referrals import RULE
from mediation.enums import ReferralReturn, ReferralState
from registry.domain import Directory, load_calendar
from registry.models import Platform, Region

SETTLED, RETURNED, WAITING = ReferralState.SETTLED.value, ReferralState.RETURNED.value, ReferralState.WAITING.value
RETURNS = frozenset(value for value in ReferralReturn.values if value)
DAY = dt.timedelta(days=1)


@dataclass
class Shared:
    directory: Directory
    within: frozenset[int] | None
    book: RuleBook


@dataclass(slots=True)
class Said:
    """What a row says: the referral, and the number of its case."""

    referral: ImportedReferral
    case: str


class ReferralTarget(PlainTarget):
    name = "referrals"
    fields = frozenset({
        "case", "platform", "referred_at", "replied_at", "ended_at", "result", "settlement", "reply", "reason",
    })  # fmt: skip
    key_field = "case"
    analyzed = ("mediation_platformreferral",)
    needed = (Region, ClockRule, Platform)
    limits = {"case": 80, "platform": 120}
    numbers = frozenset({"case"})
    moments = frozenset({"referred_at", "replied_at", "ended_at"})
    texts = frozenset({"settlement", "reply", "reason"})
    codes = {"result": frozenset({SETTLED, *RETURNS})}

    @classmethod
    def load(cls, options: Options) -> Shared:
        return Shared(Directory.load(), reach(options.agency), RuleBook.load(load_calendar()))

    # in a worker

    def build(self, row: PlainRow) -> Said:
        row.required("case", _("The row does not say of which case it is."))
        row.required("referred_at", _("The row does not say when the complaint was referred."))
        referred = row.moment("referred_at")
        if referred is None:
            raise row.bad("referred_at", "required", _("The row does not say when the complaint was referred."))
        day = referred.at.date()  # local, as read
        platform = self._platform(row, day)
        rule = self.shared.book.rule(RULE, day)
        if rule is None:
            raise row.bad("referred_at", "rule", _("There was no term for the green channel on that day."))
        term = self.shared.book.term(rule, day)
        result = row.code("result")
        referral = ImportedReferral(
            0, platform.pk, platform.name, referred.at, term.safe_on, term.due_on, term.provisional,
            RETURNED if result in RETURNS else result or WAITING, result if result in RETURNS else "",
        )  # fmt: skip
        referral.replied_at = self._after(row, "replied_at", referred.at)
        referral.ended_at = self._after(row, "ended_at", referred.at) or self._end_of_silence(referral)
        referral.reply, referral.reason, referral.settlement = row["reply"], row["reason"], row["settlement"]
        self._check(row, referral)
        return Said(referral, row.number("case"))

    def _platform(self, row: PlainRow, day: dt.date) -> Platform:
        platform = self.shared.directory.platform(row.required("platform", _("The row names no platform.")))
        if platform is None:
            raise row.bad("platform", "platform", _("There is no platform of this code, name or alias."))
        from_day, to_day = platform.green_from, platform.green_to
        if from_day is None or day < from_day or (to_day is not None and day >= to_day):
            raise row.bad("platform", "member", _("The platform was no member of the green channel on that day."))
        return platform

    def _after(self, row: PlainRow, name: str, referred_at: dt.datetime) -> dt.datetime | None:
        """A time that cannot lie before the referral; one without a time of day stands for any time of its day."""
        moment = row.moment(name)
        if moment is None:
            return None
        if moment.date_only and moment.at.date() == referred_at.date():
            return max(moment.at, referred_at)
        if moment.at < referred_at:
            raise row.bad(name, "date_order", _("A platform answers and ends a referral after it was made."))
        return moment.at

    def _end_of_silence(self, referral: ImportedReferral) -> dt.datetime | None:
        """A term that ran out in silence has ended with its last day."""
        if referral.returned_because != ReferralReturn.SILENCE:
            return None
        return dt.datetime.combine(referral.due_on + DAY, dt.time.min, self.zone)

    def _check(self, row: PlainRow, referral: ImportedReferral) -> None:
        if referral.state == WAITING:
            if referral.ended_at:
                raise row.bad("result", "required", _("The row does not say how the referral ended."), "")
            if referral.reason:
                raise row.bad("reason", "result", _("Only a referral that came back has a reason of that."))
        elif referral.ended_at is None:
            raise row.bad("ended_at", "required", _("The row does not say when the referral ended."))
        elif referral.ended_at > self.now:
            raise row.bad("result", "date.future", _("The term of the platform is not over yet."))
        if referral.settlement and referral.state != SETTLED:
            raise row.bad("settlement", "result", _("Only a settled referral has a settlement."))
        if referral.reply and referral.replied_at is None:
            raise row.bad("replied_at", "required", _("A reply has its time."))

    def keys(self, said: Said) -> tuple:
        if self.source.key_hash(said.case) not in self.source.duplicate_keys:
            return ()
        return ((said.case, said.referral.platform_id, said.referral.referred_at),)

    # in the main process

    def write(self, cursor, converted: ConvertedRows) -> None:
        message = _("This referral stands in the file before; the first row was taken. Remove one of them.")
        write = partial(self._write, cursor, converted, message)
        good = self._resolved(cursor, converted)
        self.write_firsts(converted, good, write, message, "case", lambda said: said.case)

    def _write(self, cursor, converted: ConvertedRows, message: str, entries: list[Entry]) -> None:
        by_line = {entry.line: entry for entry in self._once(converted, entries, message)}
        written = write_referrals(
            cursor, [entry.item.referral for entry in by_line.values()], file_id=self.file.pk, actor=self.run.user,
            now=self.now,
        )  # fmt: skip
        waiting = _("This complaint is with a platform already.")
        overlap = _(
            "This complaint was with a platform in those days already. Correct the times; a referral that is known is "
            "found again by its platform and the time at which it was referred."
        )
        for line, column, rule, reason in sorted((
            *((line, "case", "waiting", waiting) for line in written.second),
            *((line, "referred_at", "overlap", overlap) for line in written.overlapping),
        )):
            entry = by_line.pop(line)
            self.give_up(converted, entry, self.row(entry).bad(column, rule, reason))
        for entry in by_line.values():
            converted.control.add(kind=entry.item.referral.state)
        for line in written.running:
            converted.warn("paused", self.header("case"), by_line[line].item.case, line)
        for referral in written.differing:
            converted.warn("referral", self.header("case"), by_line[referral.line].item.case, referral.line)
        for state, rows in states_of_referrals(cursor, written.ids).items():
            converted.stored.add(kind=state, rows=rows)
        converted.counts.update(
            created=written.created, updated=written.updated, unchanged=written.unchanged,
            differing=len(written.differing),
        )  # fmt: skip

    def _resolved(self, cursor, converted: ConvertedRows) -> list[Entry]:
        """The rows of cases that there are, locked; the others are rejected."""
        numbered = cases_numbered(
            cursor, list({entry.item.case for entry in converted.entries}), self.profile.reference_source
        )
        cases = lock_cases(cursor, set(numbered.values()))
        good = []
        for entry in converted.entries:
            try:
                entry.item.referral.case_id = self._case(entry, cases.get(numbered.get(entry.item.case, 0))).id
            except RowRejected as bad:
                self.refuse(converted, entry, bad)
                continue
            entry.item.referral.line = entry.line
            good.append(entry)
        return good

    def _case(self, entry: Entry, case: CaseFacts | None) -> CaseFacts:
        row, referral, within = self.row(entry), entry.item.referral, self.shared.within
        if case is None or (within is not None and case.custodian_id not in within):
            raise row.bad("case", "case", _("There is no case of this number."))
        if case.kind != Kind.COMPLAINT:
            message = _("Only complaints go to a platform; reports and inquiries are for the authorities alone.")
            raise row.bad("case", "case", message)
        early = referral.referred_at < case.received_at
        if early and referral.referred_at.date() < timezone.localdate(case.received_at):  # both days are local
            raise row.bad("referred_at", "date_order", _("The complaint was received after that day."))
        if referral.state == WAITING and case.state in FINAL_STATES:
            raise row.bad("case", "case", _("The case is over, so no platform can have it."))
        return case

    def _once(self, converted: ConvertedRows, entries: list[Entry], message: str) -> list[Entry]:
        """Rows that name one case by different numbers may stand for one referral."""
        seen: set = set()
        kept = []
        for entry in entries:
            identity = entry.item.referral.identity
            if identity in seen:
                converted.duplicate(entry.line, message, entry.raw, self.header("case"), entry.item.case)
            else:
                seen.add(identity)
                kept.append(entry)
        return kept
