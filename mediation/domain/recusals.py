"""Recusal of a mediator (Order 121 art 21): mediation waits for the decision, which is another person's."""

import datetime as dt

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.domain import perform
from cases.domain.reasons import check_reason
from cases.enums import MEDIATED_STATES, PauseReason, Verb
from cases.models import Case
from core.exceptions import DomainError
from core.refusals import refusal
from mediation.domain.mediating import cases_of, mediators_of
from mediation.domain.sessions import check_here, lock_case
from mediation.enums import RecusalDecision
from mediation.models import Mediator, Recusal

ADD, CHANGE = "mediation.add_recusal", "mediation.change_recusal"


def ask_recusal(
    case: Case, mediator: Mediator, *, side: str, reason: str, actor, now: dt.datetime | None = None
) -> Recusal:
    """Record that a side, or the mediator himself, asks that he leave the case; mediation is suspended. Raises
    PermissionDenied and DomainError."""
    now = now or timezone.now()
    with transaction.atomic():
        case = lock_case(case, actor, ADD)
        if case.state not in MEDIATED_STATES:
            raise DomainError(_("Recusal is asked for while a complaint is being mediated."))
        check_here(case, actor)
        if not mediators_of(case, timezone.localdate(now)).filter(pk=mediator.pk).exists():
            raise DomainError(_("%(mediator)s does not mediate this case.") % {"mediator": mediator})
        reason = check_reason(reason)
        try:
            with transaction.atomic():
                recusal = Recusal.objects.create(
                    case=case, mediator=mediator, side=side, reason=reason, asked_at=now, recorded_by=actor
                )
        except IntegrityError as error:
            raise DomainError(refusal(error)) from error
        if not case.pauses.filter(ended_on__isnull=True).exists():
            perform(
                case, Verb.PAUSE, actor=actor, now=now, among=cases_of(actor), reason=PauseReason.RECUSAL,
                started_on=timezone.localdate(now), document=_("Application for recusal"),
            )  # fmt: skip
    return recusal


def decide_recusal(
    recusal: Recusal, *, granted: bool, actor, now: dt.datetime | None = None, note: str = ""
) -> Recusal:
    """Decide on an application that another person recorded; with the last one mediation goes on. Sessions of a mediator
    who leaves the case stay booked until they are moved to another. Raises PermissionDenied and DomainError."""
    now = now or timezone.now()
    with transaction.atomic():
        case = lock_case(recusal.case, actor, CHANGE)
        locked = Recusal.objects.select_for_update(of=("self",)).select_related("mediator").get(pk=recusal.pk)
        if locked.decision:
            raise DomainError(_("This application has been decided already."))
        if actor.pk in (locked.recorded_by_id, locked.mediator.user_id):
            raise DomainError(_("Someone other than the mediator and whoever recorded the application decides on it."))
        locked.decision = RecusalDecision.GRANTED if granted else RecusalDecision.DENIED
        locked.decided_at, locked.decided_by, locked.note = now, actor, note
        locked.save(update_fields=["decision", "decided_at", "decided_by", "note"])
        if not case.recusals.filter(decision=RecusalDecision.PENDING).exists():
            for pause in case.pauses.filter(reason=PauseReason.RECUSAL, ended_on__isnull=True):
                perform(
                    case, Verb.RESUME, actor=actor, now=now, among=cases_of(actor),
                    ended_on=max(timezone.localdate(now), pause.started_on),
                )  # fmt: skip
    return locked
