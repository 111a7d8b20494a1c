"""What consumers got back, posted, paid and corrected: the effects of these acts, and what callers of other apps use.

Every yuan is one posting, and the recovered loss of a case is the sum of its postings. None is ever edited: a wrong one
is taken back by its reversal, and a promise that is kept gives way to what was paid.
"""

import datetime as dt
from decimal import Decimal

from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.domain.reasons import check_reason
from cases.enums import LOSS_KINDS, RecoveryKind, RecoveryMeans, RecoveryStatus, Verb
from cases.models import Case, Recovery
from core.exceptions import DomainError
from core.money import ZERO, yuan
from core.workflow import Act

STATED = (RecoveryStatus.PROMISED, RecoveryStatus.PAID)  # what is posted here says which
KNOWN_KINDS = tuple(kind for kind in RecoveryKind if kind != RecoveryKind.UNSPECIFIED)
KNOWN_MEANS = tuple(means for means in RecoveryMeans if means != RecoveryMeans.UNSPECIFIED)


def standing(case: Case) -> list[Recovery]:
    """The postings of `case` that have not been taken back, and take none back."""
    postings = list(case.recoveries.all())
    taken_back = {posting.reversal_of_id for posting in postings}
    return [one for one in postings if one.reversal_of_id is None and one.pk not in taken_back]


def promises(case: Case) -> list[Recovery]:
    """The promises of `case` that have been neither kept nor taken back."""
    return [posting for posting in standing(case) if posting.status == RecoveryStatus.PROMISED]


def still_promised(case: Case) -> dict[int, Recovery]:
    """By the key of each promise of `case` that was not wholly kept or taken back: what is still promised of it, which is
    a posting of its own once a part was paid."""
    left = {posting.pk: posting for posting in promises(case)}
    paid = case.events.filter(verb=Verb.PAY, data__has_key="still_promised").order_by("-pk")
    for data in paid.values_list("data", flat=True):  # the last payment first: it knows what became of the rest
        if data["still_promised"] in left:
            left[data["promise"]] = left[data["still_promised"]]
    return left


def recovered(case: Case) -> Decimal:
    """The recovered loss of `case` in yuan: all its postings of a loss, reversals among them."""
    total = case.recoveries.filter(kind__in=LOSS_KINDS).aggregate(sum=Sum("amount"))["sum"]
    return total or ZERO


# ---- guards and effects of the acts


def can_be_reversed(case, user) -> str:
    return "" if standing(case) else _("Nothing is posted on this case that could be reversed.")


def is_promised(case, user) -> str:
    return "" if promises(case) else _("Nothing is promised on this case that has not been paid.")


def post(act: Act) -> None:
    """One posting with its evidence. More than was claimed needs a reason."""
    data, case = act.data, act.obj
    kind, status, means = (data[name] for name in ("recovery_kind", "recovery_status", "recovery_means"))
    if kind not in KNOWN_KINDS or status not in STATED or means not in KNOWN_MEANS:
        raise DomainError(_("Say what was recovered, by which means, and whether it is paid or promised."))
    amount, reason = _amount(data.pop("amount")), data.get("note", "")
    day = _day(case, data.pop("posted_on", None), act.now)
    if kind in LOSS_KINDS and case.claimed is not None and recovered(case) + amount > case.claimed:
        if not reason:
            raise DomainError(
                _("With this the recovered loss is more than the claim of %(claimed)s yuan. Say why.")
                % {"claimed": case.claimed}
            )
        act.facts["above_claim"] = True
    made = Recovery.objects.create(
        case=case, posted_on=day, amount=amount, kind=kind, status=status, means=means,
        evidence=data.pop("evidence"), reason=reason, actor=act.actor,
    )  # fmt: skip
    act.facts |= {"recovery": made.pk, "amount": made.amount, "posted_on": day}


def reverse(act: Act) -> None:
    """The posting is taken back, whole, on the day of the correction."""
    posting, reason = _posting(act, standing(act.obj), act.data.pop("recovery")), check_reason(act.data["note"])
    made = _take_back(posting, timezone.localdate(act.now), act, reason=reason)
    act.facts |= {"recovery": posting.pk, "reversal": made.pk, "amount": made.amount}


def pay(act: Act) -> None:
    """A promise is kept, whole or in part: it gives way to what was paid and to what is still promised. The recovered
    loss stays what it was. What had to be enforced was paid by other means than it was promised by."""
    data, case = act.data, act.obj
    means = data.get("recovery_means")
    if means is not None and means not in KNOWN_MEANS:
        raise DomainError(_("Say by which means it was paid."))
    promise = _posting(act, promises(case), data.pop("recovery"))
    given = data.pop("amount", None)
    amount = promise.amount if given is None else _amount(given)
    day, evidence = _day(case, data.pop("paid_on", None), act.now), data.pop("evidence")
    if amount > promise.amount:
        raise DomainError(
            _("Promised are %(amount)s yuan. Post what was paid beyond that by itself.") % {"amount": promise.amount}
        )
    _take_back(promise, day, act, evidence=evidence)
    parts = [
        (RecoveryStatus.PAID, amount, means or promise.means),
        (RecoveryStatus.PROMISED, promise.amount - amount, promise.means),
    ]
    made = [
        Recovery.objects.create(
            case=case, posted_on=day, amount=part, kind=promise.kind, status=status, means=by,
            evidence=evidence, actor=act.actor,
        )
        for status, part, by in parts
        if part
    ]  # fmt: skip
    act.facts |= {"promise": promise.pk, "recovery": made[0].pk, "amount": amount, "posted_on": day}
    if len(made) > 1:
        act.facts["still_promised"] = made[1].pk


def _take_back(posting: Recovery, day: dt.date, act: Act, *, reason: str = "", evidence: str = "") -> Recovery:
    if day < posting.posted_on:
        raise DomainError(
            _("It was posted for %(day)s, and is neither paid nor taken back before.") % {"day": posting.posted_on}
        )
    return Recovery.objects.create(
        case=act.obj, posted_on=day, amount=-posting.amount, kind=posting.kind, status=posting.status,
        means=posting.means, reversal_of=posting, reason=reason, evidence=evidence, actor=act.actor,
    )  # fmt: skip


def _posting(act: Act, among: list[Recovery], chosen: Recovery) -> Recovery:
    """The chosen posting as it stands now, of this case."""
    if found := next((posting for posting in among if posting == chosen), None):
        return found
    if chosen.case_id != act.obj.pk:
        raise DomainError(_("Choose a posting of this case."))
    if chosen.reversal_of_id is not None:
        raise DomainError(_("A reversal is not reversed. Post the amount anew."))
    raise DomainError(_("This posting has been taken back or paid already."))


def _amount(amount: Decimal) -> Decimal:
    if amount <= 0:
        raise DomainError(_("An amount is posted above zero; what was posted wrongly is reversed."))
    if yuan(amount) != amount:
        raise DomainError(_("An amount is posted to the fen."))
    return amount


def _day(case: Case, day: dt.date | None, now: dt.datetime) -> dt.date:
    """The day on which it counts; today unless told."""
    today = timezone.localdate(now)
    if day is None:
        return today
    if not timezone.localdate(case.received_at) <= day <= today:
        raise DomainError(_("The day lies between the receipt of the case and today."))
    return day
