"""Documents of mediation, filled with what is recorded: who mediated, when, where, and what came of it."""

from typing import Any

from django.db.models import Max
from django.utils import translation

from cases.domain import issue_document
from cases.domain.contents import day_in_words, in_words
from cases.enums import Addressee, Body, DocumentForm, MediationMode
from cases.models import Case, Document, Letterhead
from core.exceptions import DomainError
from core.workflow import Act
from mediation.domain.mediating import cases_for, cases_of, cases_to_agree
from mediation.enums import AgreementForm, AgreementVerb
from mediation.models import Agreement, Session

AGENTS = ("respondent_representative", "complainant_agent", "respondent_agent")
NOTICES = {Body.BUREAU: DocumentForm.MEDIATION_NOTICE}  # of others than bureaus: COUNCIL_NOTICE
AGREEMENTS = {
    AgreementForm.BUREAU: DocumentForm.AGREEMENT, AgreementForm.COUNCIL: DocumentForm.COUNCIL_AGREEMENT,
}  # fmt: skip
NOT_RECORDED = "未记录"
DUES = "履行事项及期限："


def issue(act: Act, case: Case, form: DocumentForm, side: str, values: dict[str, Any], among=None) -> Document:
    """Issue one of the documents for the row that is acted on, and keep it with that row. `among`: as for issue_document,
    without it the cases on whose mediation the actor works. Raises as issue_document."""
    among = cases_of(act.actor) if among is None else among
    document = issue_document(case, form=form, side=side, values=values, actor=act.actor, now=act.now, among=among)
    act.obj.documents.add(document)
    act.facts |= {"document": document.pk, "number": document.number}
    return document


def standing_documents(row):
    """The documents of a session, an agreement or a confirmation that are not void, the oldest first."""
    return row.documents.filter(voided_at__isnull=True).defer("values").order_by("created_at", "pk")


def document_of(agreement: Agreement) -> Document | None:
    """The agreement's own document as it reads now: the last one that is not void and that no revision came after."""
    revisions = agreement.events.filter(verb=AgreementVerb.REVISE).exclude(data__has_key="unchanged")
    revised_at = revisions.aggregate(last=Max("at"))["last"]
    found = standing_documents(agreement).filter(form=AGREEMENTS[agreement.form])
    return (found.filter(created_at__gte=revised_at) if revised_at else found).last()


def letterhead_of(case: Case) -> Letterhead | None:
    return Letterhead.objects.filter(agency=case.handling_id).first()


def issue_notice(act: Act) -> None:
    """The notice of a session for one side: time, place and mediator (Order 121 art 20)."""
    session, data = act.obj, act.data
    side = data["side"]
    if side not in (Addressee.COMPLAINANT, Addressee.RESPONDENT):
        raise DomainError(translation.gettext("Say for which side the notice is made out."))
    issue(act, session.case, NOTICES.get(session.case.body, DocumentForm.COUNCIL_NOTICE), side, {
        "mediate_at": session.period.lower, "place": place_in_words(session), "mediators": session.mediator.name,
        "recusal_days": data["recusal_days"], "contact_phone": data["contact_phone"], "bring": data.get("bring", ""),
    }, among=cases_for(session, act.actor))  # fmt: skip


def issue_record(act: Act) -> None:
    """The record of a session that was held (Order 121 art 24)."""
    session = act.obj
    with translation.override("zh-hans"):  # the language of official documents
        present = "；".join(
            f"{one.get_side_display()}{one.get_presence_display() if one.presence else NOT_RECORDED}"
            for one in session.attendances.order_by("side", "pk")
        )
        outcome = session.get_outcome_display()
    issue(act, session.case, DocumentForm.MEDIATION_RECORD, Addressee.INTERNAL, {
        "held_at": session.period.lower, "place": place_in_words(session), "mediators": session.mediator.name,
        "present": present or NOT_RECORDED, "record": session.minutes or NOT_RECORDED, "outcome": outcome,
    }, among=cases_for(session, act.actor))  # fmt: skip


def issue_agreement(act: Act) -> None:
    """The agreement as the parties sign it: a council's, or a bureau's under its seal."""
    agreement = act.obj
    issue(act, agreement.case, AGREEMENTS[agreement.form], Addressee.BOTH, {
        "terms": terms_in_words(agreement), "mediated_on": agreement.reached_on,
        "mediators": mediators_in_words(agreement),
        **{name: act.data[name] for name in AGENTS if act.data.get(name)},
    }, among=cases_to_agree(agreement.session, act.actor))  # fmt: skip


def terms_in_words(agreement: Agreement) -> str:
    """What was agreed on, as a document has it: the terms, and after them what is to be done by which day, numbered, each
    with its amount in yuan where it has one. What is posted as promised stands so in what the parties sign."""
    lines = [agreement.terms]
    for number, one in enumerate(agreement.instalments.all(), 1):
        amount = "" if one.amount is None else f"，金额{in_words(one.amount)}"
        lines += [DUES] if number == 1 else []
        lines.append(f"{number}．{day_in_words(one.due_on)}前（含当日）：{one.what}{amount}")
    return "\n".join(lines)


def mediators_in_words(agreement: Agreement) -> str:
    """Who led the sessions of the case that were held, in their order; else whose name stands on the case."""
    held = Session.objects.filter(case=agreement.case, held_at__isnull=False).select_related("mediator")
    names = dict.fromkeys(session.mediator.name for session in held.order_by("period"))
    if not names and agreement.case.officer:
        names = {agreement.case.officer.get_full_name(): None}
    return "、".join(names) or NOT_RECORDED


def place_in_words(session: Session) -> str:
    """Where a session takes place, as a document has it."""
    if session.mode == MediationMode.REMOTE:
        return f"线上（{session.link}）"
    room = session.room
    return " ".join(filter(None, (room.address, room.name))) if room else session.place


