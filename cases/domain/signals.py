import datetime as dt

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases.enums import SignalFinding
from cases.models import Case, SignalDecision
from cases.models.signal import MIN_DECISION
from cases.signals import signals_of
from core.exceptions import DomainError


@transaction.atomic
def decide_on_signals(
    case: Case, *, actor, decision: str, reason: str, now: dt.datetime | None = None
) -> SignalDecision:
    """Record what `actor` concludes from the signals of `case`, with those that he sees at this time.

    Nothing else happens: the case keeps its state, the lead of a report is verified all the same (Order 121 art 27), and
    earlier decisions stay. No act is written into the timeline of the case, which ordinary staff read, and the case does
    not count as worked on. Raises PermissionDenied, or DomainError where the decision is unknown, the reason too short or
    the case out of scope.
    """
    if not actor.has_perm("cases.decide_signals"):
        raise PermissionDenied
    if decision not in SignalFinding.values:
        raise DomainError(_("Choose what you conclude from the signals."))
    reason = reason.strip()
    if len(reason) < MIN_DECISION:
        raise DomainError(
            ngettext(
                "Give the reason for the decision (at least %(n)d character).",
                "Give the reason for the decision (at least %(n)d characters).",
                MIN_DECISION,
            )
            % {"n": MIN_DECISION}
        )
    if not Case.objects.visible_to(actor).filter(pk=case.pk).exists():
        raise DomainError(_("This case is not in your scope."))
    seen = [signal.as_seen() for signal in signals_of(case, actor)]
    return SignalDecision.objects.create(
        case=case, decision=decision, reason=reason, seen=seen, actor=actor, at=now or timezone.now()
    )
