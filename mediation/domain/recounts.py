"""What changed reference data (`registry.domain.consequences`) moves here: the terms of platforms that have a complaint,
and the last days for applications to a court that are prepared. It comes after the recount of the terms of cases, which
keeps acts off until the transaction ends."""

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import ngettext

from accounts.domain import system_user
from cases.clocks import RuleBook
from mediation.domain.confirmations import TERM
from mediation.domain.referrals import RULE
from mediation.enums import ConfirmationVerb, ReferralVerb
from mediation.models import JudicialConfirmation, PlatformReferral

FIELDS = ("safe_on", "due_on", "provisional")


@dataclass(frozen=True)
class RecountedTerms:
    """How many terms of platforms, and how many last days for applications to a court, move."""

    referrals: int
    confirmations: int

    def sentences(self) -> Iterator[str]:
        """The same in words."""
        if self.referrals:
            yield ngettext(
                "%(n)d term of a platform moves.", "%(n)d terms of platforms move.", self.referrals
            ) % {"n": self.referrals}  # fmt: skip
        if self.confirmations:
            yield ngettext(
                "%(n)d last day for an application to a court moves.",
                "%(n)d last days for applications to a court move.", self.confirmations,
            ) % {"n": self.confirmations}  # fmt: skip

    def as_json(self) -> dict:
        """The same as one JSON object."""
        return {"referrals": self.referrals, "confirmations": self.confirmations}


def recount_terms(changed: Mapping[str, Collection[str]], *, write: bool, actor=None) -> RecountedTerms | None:
    """Count them anew, and write it down with `write`. None where the calendar and the rules are as before, and where no
    day or certainty changes."""
    if not changed.get("calendar") and not changed.get("clock_rules"):
        return None
    book = RuleBook.load()
    referrals = _recount(
        PlatformReferral.objects.waiting(), RULE, lambda referral: timezone.localdate(referral.referred_at),
        ReferralVerb.RECOUNT, book, write=write, actor=actor,
    )  # fmt: skip
    confirmations = _recount(
        JudicialConfirmation.objects.to_apply().select_related("agreement"), TERM,
        lambda confirmation: confirmation.agreement.effective_on,
        ConfirmationVerb.RECOUNT, book, write=write, actor=actor,
    )  # fmt: skip
    return RecountedTerms(referrals, confirmations) if referrals or confirmations else None


def _recount(
    rows: QuerySet, code: str, start: Callable[..., dt.date], verb: str, book: RuleBook, *, write: bool, actor
) -> int:
    """How many of `rows` move, whose term by the rule `code` begins with the day that `start` gives."""
    rows, now, moved = rows.order_by("pk"), timezone.now(), 0
    for row in rows.select_for_update(of=("self",)) if write else rows:
        rule = book.rule(code, start(row))
        before = tuple(getattr(row, name) for name in FIELDS)
        if rule is None or (term := tuple(book.term(rule, start(row)))) == before:
            continue
        moved += 1
        if write:
            before_on = row.due_on.isoformat()
            row.safe_on, row.due_on, row.provisional = term
            row.save(update_fields=[*FIELDS, "updated_at"])
            row.events.create(
                verb=verb, before=row.state, after=row.state, actor=actor or system_user(), at=now,
                data={"before_on": before_on, "after_on": row.due_on.isoformat()},
            )  # fmt: skip
    return moved
