"""What people decide of a suspected breach, and what follows for the pledge.

Confirmed or dismissed for a reason; then a warning and its letter, a correction by a day, suspension, revocation of the
pledge and the way back. What follows is an act on the pledge, done with it in one transaction and with the permission
that it takes there; where the pledge has it already, from its own page or for another breach, the breach is joined to
that act. Locks are taken in this order: case (for its letter), premises, pledge, breach. Source: a public promise is a
part of the contract (Regulation implementing the Consumer Rights Law, art 12); warning and removal of the plaque are
practice of the programme.
"""

import datetime as dt
from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.domain import cases_concerned, issuing
from cases.domain.reasons import check_reason
from cases.models import Case
from core.exceptions import DomainError
from core.workflow import Act, Transition, Workflow
from pledges.domain.letters import make_out_letter, why_no_letter
from pledges.domain.pledges import CHANGE as CHANGE_PLEDGE
from pledges.domain.pledges import DECIDE, PLEDGE, act_on_pledge
from pledges.enums import BreachState, BreachVerb, EvaluationResult, PledgeState, PledgeVerb
from pledges.models import Breach, Pledge, PledgeEvent, Premises

CHANGE = "pledges.change_breach"
LETTER_LENGTH = 60
CASE = "SELECT %s::bigint"

# the act on the pledge that a verb stands for, and whether the pledge has it already
ON_PLEDGE: dict[str, tuple[str, Callable[[Pledge], bool]]] = {
    BreachVerb.WARN: (PledgeVerb.WARN, lambda pledge: False),
    BreachVerb.RECTIFY: (PledgeVerb.RECTIFY, lambda pledge: pledge.correct_by is not None),
    BreachVerb.CORRECT: (PledgeVerb.CORRECT, lambda pledge: pledge.is_public and pledge.correct_by is None),
    BreachVerb.SUSPEND: (PledgeVerb.SUSPEND, lambda pledge: pledge.state == PledgeState.SUSPENDED),
    BreachVerb.REINSTATE: (PledgeVerb.REINSTATE, lambda pledge: pledge.state == PledgeState.IN_FORCE),
    BreachVerb.REMOVE: (PledgeVerb.REVOKE, lambda pledge: pledge.state == PledgeState.REVOKED),
}  # fmt: skip


def act_on_breach(
    breach: Breach, verb: str, *, actor, now: dt.datetime | None = None, seen: int | None = None, **data
):
    """Do `verb` to `breach`; returns its event. See core.workflow.Workflow.apply for what is checked and raised."""
    now = now or timezone.now()
    with issuing(breach.case, actor):
        pledge = breach.pledge
        if verb == BreachVerb.LETTER:  # before the others, as where a merchant's cases and premises move
            Case.objects.select_for_update(of=("self",)).filter(pk=breach.case_id).first()
        Premises.objects.select_for_update(of=("self",)).filter(pk=pledge.premises_id).first()
        Pledge.objects.select_for_update(of=("self",)).filter(pk=pledge.pk).first()
        event = BREACH.apply(breach, verb, actor=actor, now=now, seen=seen, **data)
        if verb == BreachVerb.REOPEN:  # while it was decided, the case may have changed
            cases_concerned(CASE, [breach.case_id])
    return event


# ---- guards and effects


def _joined(pledge: Pledge, verb: str) -> PledgeEvent | None:
    """The act that the pledge has already, which `verb` would do to it again."""
    act, is_done = ON_PLEDGE[verb]
    if not is_done(pledge):
        return None
    done = Q(verb=act)
    if act == PledgeVerb.RECTIFY:  # a yearly evaluation orders one, too
        done |= Q(verb=PledgeVerb.EVALUATE, data__result=EvaluationResult.RECTIFY)
    return pledge.events.filter(done).order_by("-pk").first()


def _guard(verb: str) -> Callable[[Breach, object], str]:
    def why_not(breach: Breach, user) -> str:
        pledge = breach.pledge
        return "" if _joined(pledge, verb) else PLEDGE[ON_PLEDGE[verb][0]].why_not(pledge, user)

    return why_not


def _why_not_correct(breach: Breach, user) -> str:
    if breach.due_on is None:
        return _("No correction has been ordered.")
    return _guard(BreachVerb.CORRECT)(breach, user)


def _follow(act: Act) -> None:
    """Do the act on the pledge, or join the breach to the one that was done there."""
    check_reason(act.data["note"])
    pledge = act.obj.pledge
    event = _joined(pledge, act.verb)
    if event is None:
        given = {name: act.data[name] for name in ("note", "on", "correct_by") if name in act.data}
        event = act_on_pledge(pledge, ON_PLEDGE[act.verb][0], actor=act.actor, now=act.now, **given)
    elif not Pledge.objects.visible_to(act.actor).filter(pk=pledge.pk).exists():
        raise PermissionDenied
    act.facts |= {"pledge_event": event.pk, "on": event.data["on"]}


def _rectify(act: Act) -> None:
    asked = act.data.get("correct_by")
    _follow(act)
    act.changes["due_on"] = due_on = act.obj.pledge.correct_by
    if asked not in (None, due_on):
        raise DomainError(
            _("A correction until %(day)s is under way already. Leave the last day empty to go along with it.")
            % {"day": due_on}
        )
    act.facts["correct_by"] = act.changes["due_on"].isoformat()


def _decide(act: Act) -> None:
    check_reason(act.data["note"])


def _reopen(act: Act) -> None:
    check_reason(act.data["note"])
    act.changes["decided_at"] = None


SUSPECTED, CONFIRMED, DISMISSED = BreachState.SUSPECTED, BreachState.CONFIRMED, BreachState.DISMISSED
WARNED, CORRECTING, CORRECTED = BreachState.WARNED, BreachState.CORRECTING, BreachState.CORRECTED
SUSPENDED, REINSTATED, REMOVED = BreachState.SUSPENDED, BreachState.REINSTATED, BreachState.REMOVED


def _step(verb: str, label, sources: tuple[str, ...], target: str, permission: str, takes=("on",), **more) -> Transition:
    """A verb that stands for an act on the pledge."""
    given = {"guard": _guard(verb), "effect": _follow} | more
    return Transition(verb, label, sources, target, permission, ("note",), takes, **given)


BREACH = Workflow(
    Transition(BreachVerb.CONFIRM, gettext_lazy("Confirm the breach"), (SUSPECTED,), CONFIRMED, CHANGE, ("note",), (),
               stamps=("decided_at",), effect=_decide),
    Transition(BreachVerb.DISMISS, gettext_lazy("Dismiss the suspicion"), (SUSPECTED,), DISMISSED, CHANGE, ("note",), (),
               stamps=("decided_at",), effect=_decide),
    Transition(BreachVerb.REOPEN, gettext_lazy("Take up again"), (DISMISSED, CONFIRMED), SUSPECTED, CHANGE, ("note",), (),
               effect=_reopen),
    _step(BreachVerb.WARN, gettext_lazy("Warn the merchant"), (CONFIRMED,), WARNED, CHANGE_PLEDGE, ("on", "letter")),
    Transition(BreachVerb.LETTER, gettext_lazy("Make out the warning letter"), (WARNED, CORRECTING), None, CHANGE_PLEDGE,
               (), ("findings", "warned_of"), guard=why_no_letter, effect=make_out_letter),
    _step(BreachVerb.RECTIFY, gettext_lazy("Order a correction"), (CONFIRMED, WARNED), CORRECTING, CHANGE_PLEDGE,
          ("on", "correct_by"), effect=_rectify),
    _step(BreachVerb.CORRECT, gettext_lazy("Accept the correction"), (CORRECTING, REINSTATED), CORRECTED, CHANGE_PLEDGE,
          guard=_why_not_correct),
    _step(BreachVerb.SUSPEND, gettext_lazy("Suspend the pledge"), (CONFIRMED, WARNED, CORRECTING, REINSTATED), SUSPENDED,
          DECIDE, grave=True),
    _step(BreachVerb.REINSTATE, gettext_lazy("Reinstate the pledge"), (SUSPENDED,), REINSTATED, DECIDE),
    _step(BreachVerb.REMOVE, gettext_lazy("Revoke the pledge"), (CONFIRMED, WARNED, CORRECTING, SUSPENDED, REINSTATED),
          REMOVED, DECIDE, grave=True),
)  # fmt: skip
