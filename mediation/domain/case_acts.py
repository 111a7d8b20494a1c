"""What is still done to a case once its mediation has come to something: money is posted, both sides are told.

These are acts of the case, open to whoever may work on its mediation: a body to which it is entrusted does not see the
case itself.
"""

import datetime as dt

from django.utils.translation import gettext as _

from cases.domain import WORKFLOWS, perform
from cases.enums import Verb
from cases.models import Case
from core.exceptions import TransitionNotAllowed
from core.workflow import Transition
from mediation.domain.mediating import cases_of

OF_MEDIATION = (Verb.INFORM, Verb.POST, Verb.PAY, Verb.REVERSE)


def acts_on_mediated(case: Case, user) -> list[Transition]:
    """What of this `user`, who may work on the mediation of `case`, can do to it now."""
    steps = (WORKFLOWS[case.kind][verb] for verb in OF_MEDIATION)
    return [step for step in steps if user.has_perm(step.permission) and not step.why_not(case, user)]


def act_on_mediated(
    case: Case, verb: str, *, actor, now: dt.datetime | None = None, seen: int | None = None, **data
):
    """Do `verb`, one of OF_MEDIATION, to a case on whose mediation `actor` may work; returns the event. See
    core.workflow.Workflow.apply for what is checked and raised."""
    if verb not in OF_MEDIATION:
        raise TransitionNotAllowed(_("There is no such act here."))
    return perform(case, verb, actor=actor, now=now, seen=seen, among=cases_of(actor), **data)
