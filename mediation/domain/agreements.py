"""Agreements: drawn up, signed, performed, annulled. What is promised in one is posted as recovered when it takes effect,
and as paid when it is performed.

Every function locks the case first and the agreement after it. Sources: Order 121 art 24 (bureaus), Zhejiang measures
art 32 (councils); an agreement takes effect with the last signature.
"""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.domain import issuing, perform, post_recovery, reverse_recovery, void_document
from cases.domain.reasons import check_reason
from cases.domain.recoveries import still_promised
from cases.enums import Body, Outcome, PartyRole, RecoveryMeans, RecoveryStatus, Side, State, Verb
from cases.models import Case
from cases.official_forms import FORMS, ISSUE
from core.exceptions import DomainError
from core.refusals import refusal
from core.workflow import Act, Transition, Workflow
from mediation.domain.mediating import cases_of, cases_to_agree
from mediation.domain.papers import (
    AGENTS,
    AGREEMENTS,
    document_of,
    issue_agreement,
    standing_documents,
)
from mediation.domain.sessions import lock_case
from mediation.enums import AgreementForm, AgreementState, AgreementVerb, SessionOutcome
from mediation.models import Agreement, Instalment, Session, Signature

ADD, CHANGE = "mediation.add_agreement", "mediation.change_agreement"
LONGEST = dt.timedelta(days=3650)  # of performance; a later day is a slip of the pen


class Due(NamedTuple):
    """One thing to be done by a day. `kind` (RecoveryKind) and `amount` in yuan where it is to be posted."""

    due_on: dt.date
    what: str
    kind: str = ""
    amount: Decimal | None = None


def draw_up(
    case: Case, *, terms: str, reached_on: dt.date, instalments: Sequence[Due], actor, session: Session | None = None,
    now: dt.datetime | None = None, note: str = "",
) -> Agreement:  # fmt: skip
    """Draw up what the parties have agreed on, to be signed by the respondent and by each complainant, or by those who
    represent them. `session`: in which it was reached; by default the last one that ended so. Whoever leads that draws
    it up as the people of the agency do, also where the case is another agency's.

    Raises PermissionDenied, and DomainError where the case has not ended with an agreement, or has one already.
    """
    now = now or timezone.now()
    with transaction.atomic():
        agreed = session or case.sessions.agreed().first()
        case = lock_case(case, actor, ADD, cases_to_agree(agreed, actor))
        if case.outcome != Outcome.AGREEMENT or case.state not in (State.ENDED, State.CLOSED):
            raise DomainError(_("An agreement is drawn up once mediation has ended with one."))
        if case.agreements.standing().exists():
            raise DomainError(_("The case has an agreement already. Annul that one first."))
        reached = case.sessions.filter(outcome=SessionOutcome.AGREEMENT)
        if agreed is not None and not reached.filter(pk=agreed.pk).exists():
            raise DomainError(_("Choose a session of this case that came to an agreement."))
        _check(case, terms, reached_on, instalments, now)
        form = AgreementForm.BUREAU if case.body == Body.BUREAU else AgreementForm.COUNCIL
        try:
            with transaction.atomic():
                agreement = Agreement.objects.create(
                    case=case, session=agreed, form=form, reached_on=reached_on, terms=terms.strip(),
                )  # fmt: skip
        except IntegrityError as error:
            raise DomainError(refusal(error)) from error
        _write(agreement, instalments)
        Signature.objects.bulk_create(
            [Signature(agreement=agreement, side=Side.RESPONDENT)]
            + [Signature(agreement=agreement, side=Side.COMPLAINANT, party=party) for party in _signing(case)]
        )
        agreement.events.create(
            verb=AgreementVerb.DRAW_UP, before="", after=agreement.state, actor=actor, at=now, note=note,
            data=_told(agreement.reached_on, instalments),
        )  # fmt: skip
    return agreement


def act_on_agreement(
    agreement: Agreement, verb: str, *, actor, now: dt.datetime | None = None, seen: int | None = None, **data
):
    """Do `verb` to `agreement`; returns the event. See core.workflow.Workflow.apply for what is checked and raised."""
    with issuing(agreement.case, actor):
        permission = AGREEMENT[verb].permission if verb in AGREEMENT else CHANGE
        lock_case(agreement.case, actor, permission, cases_to_agree(agreement.session, actor))
        among = Agreement.objects.open_to(actor)
        return AGREEMENT.apply(agreement, verb, actor=actor, now=now, seen=seen, among=among, **data)


def works_on_case_of(agreement: Agreement, user) -> bool:
    """Whether `user` works on the mediation of its case, and not on this agreement alone; asked once of each row that is
    read."""
    known = vars(agreement).setdefault("_worked_on_by", {})
    if user.pk not in known:
        known[user.pk] = cases_of(user).filter(pk=agreement.case_id).exists()
    return known[user.pk]


def owed_of(agreement: Agreement) -> dict[int, Decimal]:
    """In yuan, by the key of each instalment, what is still promised of it, whoever has posted what was paid."""
    left = still_promised(agreement.case)
    promised = agreement.instalments.filter(promise__in=left).values_list("pk", "promise")
    return {pk: left[promise].amount for pk, promise in promised}


def _signing(case: Case) -> list:
    """Who signs on the complainant's side: those who represent the others, else everyone; somebody in any case."""
    consumers = list(case.parties.filter(role=PartyRole.CONSUMER).order_by("representative", "pk"))
    return [party for party in consumers if party.representative] or consumers or [None]


def _check(case: Case, terms: str, reached_on: dt.date, instalments: Sequence[Due], now: dt.datetime) -> None:
    if not terms.strip():
        raise DomainError(_("Write down what was agreed on."))
    accepted = case.accepted_on or case.received_on
    if not accepted <= reached_on <= timezone.localdate(now):
        raise DomainError(
            _("An agreement is reached between the acceptance of the case, on %(day)s, and today.") % {"day": accepted}
        )
    for one in instalments:
        if not reached_on <= one.due_on <= reached_on + LONGEST:
            raise DomainError(
                _("“%(what)s” is to be done on the day of the agreement or within ten years.") % {"what": one.what}
            )


def _write(agreement: Agreement, instalments: Sequence[Due]) -> None:
    Instalment.objects.bulk_create(
        [
            Instalment(agreement=agreement, due_on=one.due_on, what=one.what, kind=one.kind, amount=one.amount)
            for one in sorted(instalments, key=lambda one: one.due_on)
        ]
    )


def _told(reached_on: dt.date, instalments: Sequence[Due]) -> dict:
    return {
        "reached_on": reached_on.isoformat(),
        "instalments": [
            [one.due_on.isoformat(), one.kind, None if one.amount is None else str(one.amount)] for one in instalments
        ],
    }


# ---- guards and effects


def _is_of_agency(agreement, user) -> str:
    """Who leads a session for another agency writes down what it came to; what follows is that agency's business."""
    if works_on_case_of(agreement, user):
        return ""
    return _("Whoever leads a session for another agency draws the agreement up. The rest is done by that agency.")


def _no_court(agreement, user) -> str:
    if reason := _is_of_agency(agreement, user):
        return reason
    if agreement.confirmations.standing().exists():
        return _("A court has been asked to confirm this agreement. Withdraw that first; what is confirmed stays.")
    return ""


def _is_owed(agreement, user) -> str:
    if reason := _is_of_agency(agreement, user):
        return reason
    if agreement.instalments.filter(performed_on__isnull=True).exists():
        return ""
    return _("Nothing of this agreement is left to be performed.")


def _revise(act: Act) -> None:
    """Another wording, to be signed anew. What was made out says what no longer holds, and is void."""
    agreement, data = act.obj, act.data
    instalments, reached_on, terms = data.pop("instalments", []), data.pop("reached_on"), data.pop("terms")
    _check(agreement.case, terms, reached_on, instalments, act.now)
    said = (agreement.terms, agreement.reached_on, _dues(agreement))
    agreement.instalments.all().delete()
    _write(agreement, instalments)
    # what was signed was another text
    agreement.signatures.update(signed_on=None)
    act.changes |= {"terms": terms.strip(), "reached_on": reached_on}
    act.facts |= _told(reached_on, instalments)
    if said == (terms.strip(), reached_on, _dues(agreement)):
        act.facts["unchanged"] = True
        return
    outdated = list(standing_documents(agreement).filter(form=AGREEMENTS[agreement.form]))
    rows = cases_to_agree(agreement.session, act.actor)
    for document in outdated:
        void_document(document, reason=_("The agreement was revised."), actor=act.actor, now=act.now, among=rows)
    act.facts["voided"] = [document.number for document in outdated]


def _dues(agreement: Agreement) -> list[Due]:
    return [Due(*one) for one in agreement.instalments.values_list("due_on", "what", "kind", "amount")]


def _sign(act: Act) -> None:
    """Who has signed, and when. With the last signature the agreement is in force, and what it promises is posted."""
    agreement, day = act.obj, act.data["signed_on"]
    if not agreement.reached_on <= day <= timezone.localdate(act.now):
        raise DomainError(_("It is signed between the day on which it was reached and today."))
    chosen = agreement.signatures.filter(pk__in=[one.pk for one in act.data.pop("signatures")], signed_on=None)
    act.facts["sides"] = list(chosen.values_list("side", flat=True))
    if not chosen.update(signed_on=day):
        raise DomainError(_("Choose who has signed."))
    days = list(agreement.signatures.values_list("signed_on", flat=True))
    if None in days:
        return
    act.changes |= {"state": AgreementState.IN_FORCE, "effective_on": max(days)}
    evidence = _evidence(agreement)
    for instalment in agreement.instalments.filter(amount__isnull=False):
        instalment.promise = post_recovery(
            agreement.case, amount=instalment.amount, kind=instalment.kind, status=RecoveryStatus.PROMISED,
            means=RecoveryMeans.MEDIATION, evidence=evidence, posted_on=max(days), reason=act.data.get("note", ""),
            actor=act.actor, now=act.now, among=cases_of(act.actor),
        )  # fmt: skip
        instalment.save(update_fields=["promise"])


def _evidence(agreement: Agreement) -> str:
    """The agreement itself, as evidence of what it promises."""
    document = document_of(agreement)
    return f"{FORMS[AGREEMENTS[agreement.form]].title} {document.number if document else agreement.reached_on}"


def _perform(act: Act) -> None:
    """One instalment was performed, whole or with `amount` in part; enforced, it was paid by a court."""
    agreement, data = act.obj, act.data
    case, day, evidence = agreement.case, data["performed_on"], data.pop("evidence")
    owed = agreement.instalments.select_for_update().filter(performed_on__isnull=True)
    instalment = owed.filter(pk=data.pop("instalment").pk).first()
    if instalment is None:
        raise DomainError(_("Choose what is still owed."))
    if not agreement.effective_on <= day <= timezone.localdate(act.now):
        raise DomainError(_("It is performed between the day on which the agreement took effect and today."))
    amount = data.pop("amount", None)
    promise = still_promised(case).get(instalment.promise_id)  # part of it may have been paid on the case
    if promise is not None:
        means = RecoveryMeans.COURT if data.get("enforced") else None
        event = perform(
            case, Verb.PAY, actor=act.actor, now=act.now, among=cases_of(act.actor), recovery=promise,
            amount=amount, paid_on=day, evidence=evidence, recovery_means=means,
        )  # fmt: skip
        instalment.promise_id = event.data.get("still_promised")
        act.facts |= {"recovery": event.data["recovery"], "amount": event.data["amount"]}
    elif amount is not None:
        raise DomainError(_("Of this nothing is posted as promised, so it has no amount. Post it on the case."))
    else:  # paid or taken back on the case, or of no amount
        instalment.promise = None
    if instalment.promise_id is None:
        instalment.performed_on, instalment.evidence = day, evidence
    instalment.save(update_fields=["promise", "performed_on", "evidence"])
    act.facts |= {"instalment": instalment.pk, "whole": instalment.performed_on is not None}
    if not owed.exists():
        done = agreement.instalments.order_by("-performed_on").values_list("performed_on", flat=True).first()
        act.changes |= {"state": AgreementState.PERFORMED, "performed_on": done}


def _annul(act: Act) -> None:
    """It no longer binds: what is still promised is taken back; what was paid stays recovered."""
    agreement, reason = act.obj, check_reason(act.data["note"])
    left = still_promised(agreement.case)
    for instalment in agreement.instalments.filter(promise__isnull=False):
        if promise := left.get(instalment.promise_id):
            reverse_recovery(promise, reason=reason, actor=act.actor, now=act.now, among=cases_of(act.actor))
        instalment.promise = None
        instalment.save(update_fields=["promise"])


DRAFT, IN_FORCE, PERFORMED = AgreementState.DRAFT, AgreementState.IN_FORCE, AgreementState.PERFORMED
AGREEMENT = Workflow(
    Transition(AgreementVerb.ISSUE, gettext_lazy("Make out the document"), (DRAFT, IN_FORCE, PERFORMED), None, ISSUE,
               (), AGENTS, effect=issue_agreement),
    Transition(AgreementVerb.REVISE, gettext_lazy("Revise"), (DRAFT,), None, CHANGE,
               ("terms", "reached_on"), ("instalments",), effect=_revise),
    Transition(AgreementVerb.SIGN, gettext_lazy("Record signatures"), (DRAFT,), None, CHANGE,
               ("signatures", "signed_on"), ("note",), guard=_is_of_agency, effect=_sign),
    Transition(AgreementVerb.PERFORM, gettext_lazy("Record performance"), (IN_FORCE,), None, CHANGE,
               ("instalment", "performed_on", "evidence"), ("amount", "enforced", "note"), guard=_is_owed,
               effect=_perform),
    Transition(AgreementVerb.ANNUL, gettext_lazy("Annul"), (DRAFT, IN_FORCE), AgreementState.ANNULLED, CHANGE,
               ("note",), (), stamps=("annulled_at",), guard=_no_court, effect=_annul, grave=True),
)  # fmt: skip
