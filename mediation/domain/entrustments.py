"""Entrusted mediation (Order 121 art 19): by consent of both sides, to a council or committee, never passed on."""

import datetime as dt

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.domain.reasons import check_reason
from cases.enums import MEDIATED_STATES, Body, Kind
from cases.models import Case
from core.exceptions import DomainError
from core.refusals import refusal
from mediation.domain.sessions import check_here, lock_case
from mediation.models import ENTRUSTED_KINDS, Entrustment, Session
from registry.models import Agency

ADD, CHANGE = "mediation.add_entrustment", "mediation.change_entrustment"


def entrust(
    case: Case, agency: Agency, *, complainant_agrees: bool, respondent_agrees: bool, actor,
    now: dt.datetime | None = None, note: str = "",
) -> Entrustment:  # fmt: skip
    """Put the mediation of a bureau's accepted complaint into the hands of `agency`. The case, its custody and its terms
    stay with the bureau. Raises PermissionDenied and DomainError."""
    now = now or timezone.now()
    with transaction.atomic():
        # whoever has it entrusted does not see the case itself, and so cannot pass it on
        case = lock_case(case, actor, ADD, among=Case.objects.visible_to(actor))
        if case.kind != Kind.COMPLAINT or case.body != Body.BUREAU:
            raise DomainError(_("A bureau entrusts the mediation of its own complaints; others are handed over."))
        if case.state not in MEDIATED_STATES:
            raise DomainError(_("Mediation is entrusted once a complaint is accepted and until mediation is over."))
        check_here(case, actor)
        if agency.kind not in ENTRUSTED_KINDS:
            raise DomainError(_("Mediation is entrusted to councils and mediation committees alone (Order 121, art 19)."))
        if agency.valid_to and agency.valid_to <= timezone.localdate(now):
            raise DomainError(_("This agency no longer exists."))
        if not (complainant_agrees and respondent_agrees):
            raise DomainError(_("Both sides must agree to entrusted mediation (Order 121, art 19)."))
        _check_no_sessions(case)
        try:
            with transaction.atomic():
                return Entrustment.objects.create(
                    case=case, agency=agency, complainant_agrees=True, respondent_agrees=True, note=note,
                    entrusted_at=now, entrusted_by=actor,
                )  # fmt: skip
        except IntegrityError as error:
            raise DomainError(refusal(error)) from error


def end_entrustment(
    entrustment: Entrustment, *, because: str, actor, now: dt.datetime | None = None
) -> Entrustment:
    """The bureau takes the mediation back, or the entrusted body gives it back, for a reason."""
    with transaction.atomic():
        case = lock_case(entrustment.case, actor, CHANGE)
        locked = Entrustment.objects.select_for_update(of=("self",)).get(pk=entrustment.pk)
        if locked.ended_at is not None:
            raise DomainError(_("This entrustment has ended already."))
        _check_no_sessions(case)
        locked.ended_because = check_reason(because)
        locked.ended_at, locked.ended_by = now or timezone.now(), actor
        locked.save(update_fields=["ended_at", "ended_by", "ended_because"])
    return locked


def _check_no_sessions(case: Case) -> None:
    """The mediators of another body cannot hold what is booked."""
    if session := Session.objects.scheduled().filter(case=case).first():
        raise DomainError(
            _("A session is scheduled for %(time)s. Record what came of it or cancel it first.")
            % {"time": f"{timezone.localtime(session.period.lower):%Y-%m-%d %H:%M}"}
        )
