"""Official documents: issued under a number without gaps, voided with a reason, brought to the parties.

What is in one is settled when it is issued. It is never changed; printed again, it is the very same file.
"""

import datetime as dt
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.domain import log_access
from accounts.enums import AccessAction
from cases.domain.attachments import NOTE_LENGTH, checked_reason, checked_text
from cases.domain.clocks import stop_clocks
from cases.domain.contents import NamesPerson, contents_of
from cases.domain.templates import template_for
from cases.enums import Addressee, DeliveryResult, DocumentForm, Outcome, Side, State, Verb
from cases.models import Attachment, Case, CaseEvent, Delivery, Document, DocumentSeries, Letterhead
from cases.official_forms import ALLOWED, FORMS, ISSUE, OfficialForm, is_personal, is_sealed
from cases.querysets import sees_reporters
from core import vault
from core.bulk import next_ids
from core.exceptions import DomainError
from core.personal_data import encrypt
from registry.enums import AgencyKind
from registry.models import Agency

DOCX_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
# the term within which the addressee is to be told of what the document says. For acceptance and refusal the law has no
# term of its own: they are told within that of the decision (Order 121 art 15), which the decision itself stops
NOTICE_CLOCKS = {
    DocumentForm.TERMINATION: "complaint.notify_end",
    DocumentForm.REPORT_RESULT: "report.inform",
}


def document_context(pk: int) -> str:
    """The place to which the ciphertexts of a document are bound."""
    return f"cases.Document:{pk}"


def issue_document(
    case: Case,
    *,
    form: str,
    side: str,
    actor,
    now: dt.datetime | None = None,
    values: dict[str, Any] | None = None,
    among: QuerySet | None = None,
    agency: Agency | None = None,
) -> Document:
    """Issue `form` for `side` (Addressee) under the next number. `values`: what the form asks for (official_forms);
    `among`: the cases on which the caller lets the actor work, where these are others than those he sees; `agency`: in
    whose name the actor issues it, where that is not for the case to say.

    The row of the series stays locked until the transaction ends, and the number counts only with it: whatever fails
    leaves no gap. Raises PermissionDenied; DomainError where the case is not so far, something is missing, or the copy
    would tell who complained or reported; PersonalDataError where a person's data cannot be read.
    """
    definition, side = _definition(form, side)
    check_may_issue(actor, definition.code, side)
    now = now or timezone.now()
    stored = []
    try:
        with issuing(case, actor):
            locked = _locked(case, actor, among)
            return _issue(
                locked, definition, side, actor=actor, now=now, values=values or {}, stored=stored, agency=agency
            )
    except BaseException:
        for name in stored:
            vault.remove(name)
        raise


@contextmanager
def issuing(case: Case, actor) -> Iterator[None]:
    """A transaction of `actor` in which documents of `case` are issued, among other things. A refused text that names a
    person of the case is kept in the access log, although all else is undone."""
    try:
        with transaction.atomic():
            yield
    except NamesPerson as error:
        log_access(user=actor, action=AccessAction.LOOKUP, target=case.number, fields="name", reason=error.form)
        raise


def _issue(
    case, definition: OfficialForm, side: Addressee, *, actor, now, values, stored: list[str], agency: Agency | None
) -> Document:
    from core import docx_templates  # noqa: PLC0415 - loads two libraries that most processes never need

    if reason := why_not(case, definition.code):
        raise DomainError(reason)
    officer = actor if agency else case.officer or actor
    agency = bureau_of(agency) if agency else issuer_of(case, definition.code, actor)
    letterhead = Letterhead.objects.filter(agency=agency).first()
    contents = contents_of(
        case, form=definition.code, side=side, given=values, letterhead=letterhead, now=now,
        agency_name=(letterhead and letterhead.full_name) or agency.name,
        officer=officer.get_full_name(),
    )  # fmt: skip
    template, source = template_for(definition.code, agency)
    year = timezone.localdate(now).year
    serial = _next_serial(agency, definition.code, year)
    number = number_text(letterhead.prefix if letterhead else agency.name, definition, year, serial)
    if Document.objects.filter(number=number).exists():
        raise DomainError(
            _("Another agency has given the number %(number)s. Give this agency a prefix of its own.")
            % {"number": number}
        )
    contents["number"] = number
    file = docx_templates.render(
        source, contents, title=f"{definition.title} {number}", author=contents["agency"], now=now
    )
    with connection.cursor() as cursor:
        (pk,) = next_ids(cursor, Document._meta.db_table, 1)
    stored.append(vault.write(file, context=document_context(pk)))
    document = Document.objects.create(
        pk=pk, case=case, form=definition.code, side=side, agency=agency, year=year, serial=serial, number=number,
        template=template, template_sha256=hashlib.sha256(source).hexdigest(),
        values=encrypt(contents, context=document_context(pk)), personal=is_personal(definition.code, side),
        sealed=is_sealed(definition.code, side), file=stored[0], size=len(file),
        sha256=hashlib.sha256(file).hexdigest(), created_by=actor, created_at=now,
    )  # fmt: skip
    _write_event(document, Verb.ISSUE, actor=actor, at=now)
    return document


@transaction.atomic
def void_document(
    document: Document, *, reason: str, actor, now: dt.datetime | None = None, among: QuerySet | None = None
) -> Document:
    """Declare a wrong document void; its number stays used. `among`: as for issue_document. Raises PermissionDenied, or
    DomainError where the reason is missing or the document is void already."""
    if not actor.has_perm(FORMS[DocumentForm(document.form)].permission):
        raise PermissionDenied
    reason = checked_reason(reason)
    document = _locked_document(document, actor, among)
    document.voided_by, document.voided_at, document.void_reason = actor, now or timezone.now(), reason
    document.save(update_fields=["voided_by", "voided_at", "void_reason"])
    # the timeline is read by all who see the case, and a reason may say who reported
    note = "" if document.sealed else reason
    _write_event(document, Verb.VOID, actor=actor, at=document.voided_at, note=note)
    return document


@transaction.atomic
def record_delivery(
    document: Document,
    *,
    means: str,
    at: dt.datetime,
    result: str,
    actor,
    addressee: str = "",
    note: str = "",
    proof: Attachment | None = None,
    now: dt.datetime | None = None,
) -> Delivery:
    """Write down how a document was brought to its addressee; one that arrived stops the term of the notice.

    `addressee` is needed where a document is for both parties. Raises PermissionDenied or DomainError.
    """
    if not actor.has_perm(ISSUE):
        raise PermissionDenied
    now = now or timezone.now()
    document = _locked_document(document, actor)
    addressee = _checked_addressee(document, addressee)
    if not document.created_at.replace(second=0, microsecond=0) <= at <= now:
        raise DomainError(_("A document is delivered after it was issued, and not in the future."))
    if proof is not None and (proof.case_id != document.case_id or proof.is_withdrawn):
        raise DomainError(_("The proof must be a file of the same case."))
    delivery = Delivery.objects.create(
        document=document, means=means, addressee=addressee, at=at, result=result,
        note=checked_text(note, NOTE_LENGTH), proof=proof, recorded_by=actor, recorded_at=now,
    )  # fmt: skip
    _write_event(document, Verb.DELIVER, actor=actor, at=now, data={"delivery": delivery.pk, "result": result})
    if result == DeliveryResult.DELIVERED:
        stop_notice(document, addressee=addressee, on=timezone.localdate(at), actor=actor, now=now)
    return delivery


def stop_notice(document: Document, *, addressee: str, on: dt.date, actor, now: dt.datetime) -> int:
    """Stop the term within which `addressee` was to be told of what the document says; returns how many stopped. A
    term that started later is about a later decision."""
    code = NOTICE_CLOCKS.get(document.form)
    if code is None:
        return 0
    clocks = document.case.clocks.running().filter(
        rule__code=code, side__in=(Side.BOTH, addressee), started_on__lte=on
    )
    sides = list(clocks.values_list("side", flat=True))
    return sum(
        len(stop_clocks(document.case, code, on=on, side=side, actor=actor, now=now)) for side in sides
    )


@transaction.atomic
def open_document(document: Document, *, actor, ip: str | None, among: QuerySet | None = None) -> bytes:
    """The file as it was issued, after the access is logged. `among`: the documents that were made out for the actor's
    agency, where he reads these and no others, whatever he may know of persons besides. Raises PermissionDenied, or
    PersonalDataError where the stored file cannot be read."""
    may = may_open_document(document, actor) if among is None else among.filter(pk=document.pk).exists()
    if not may:
        raise PermissionDenied
    content = vault.read(document.file, context=document_context(document.pk))
    log_access(
        user=actor,
        action=AccessAction.DOWNLOAD,
        target=f"{document.case.number}/document/{document.number}",
        fields=document.form,
        ip=ip,
    )
    return content


# who may


def check_may_issue(actor, form: DocumentForm, side: Addressee) -> None:
    """Raise PermissionDenied unless `actor` may issue this copy: who has no right to know a person puts him into no
    document."""
    knows = _may_know(actor, is_personal(form, side), is_sealed(form, side))
    if not (knows and actor.has_perm(FORMS[form].permission)):
        raise PermissionDenied


def may_open_document(document: Document, user) -> bool:
    """Whether `user`, who sees the case, may read the document."""
    return _may_know(user, document.personal, document.sealed)


def _may_know(user, personal: bool, sealed: bool) -> bool:
    if sealed:
        return sees_reporters(user)
    return not personal or user.has_perm("cases.reveal_party")


# when, by whom, under which number


def why_not(case: Case, form: str) -> str:
    """Why `form` cannot be issued for `case` now, in words; "" where it can."""
    definition = FORMS[DocumentForm(form)]
    if case.kind not in definition.kinds:
        return _("This form is not for cases of this kind.")
    if case.body not in definition.bodies:
        return _("This form is for the cases of another body than the one that handles this case.")
    if case.handling_id is None and definition.of_case and form != DocumentForm.DISPATCH_NOTICE:
        return _("The case must first be dispatched to an agency.")
    mediated = (State.ACCEPTED, State.MEDIATING)
    ended = case.state in (State.ENDED, State.CLOSED) and case.accepted_at is not None
    agreed = (
        case.state in mediated or (ended and case.outcome == Outcome.AGREEMENT),
        _("The parties have not been brought to an agreement."),
    )
    ready = {
        DocumentForm.IDENTITY_NOTICE: (case.state == State.REGISTERED, _("The complaint has been decided on already.")),
        DocumentForm.ACCEPTANCE: (case.accepted_at is not None, _("The complaint has not been accepted.")),
        DocumentForm.REFUSAL: (case.state == State.REFUSED, _("It has not been decided not to accept the complaint.")),
        DocumentForm.MEDIATION_NOTICE: (case.state in mediated, _("The complaint is not in mediation.")),
        DocumentForm.TERMINATION: (
            ended and case.outcome != Outcome.AGREEMENT, _("Mediation has not been ended without an agreement."),
        ),
        DocumentForm.AGREEMENT: agreed,
        DocumentForm.COUNCIL_NOTICE: (case.state in mediated, _("The complaint is not in mediation.")),
        DocumentForm.COUNCIL_AGREEMENT: agreed,
        DocumentForm.MEDIATION_RECORD: (case.accepted_at is not None, _("The complaint has not been accepted.")),
        DocumentForm.COURT_APPLICATION: agreed,
        DocumentForm.MEDIATOR_CERTIFICATE: agreed,
        DocumentForm.REPORT_RESULT: (
            case.state not in (State.REGISTERED, State.ACCEPTED), _("The report has not been decided on."),
        ),
    }  # fmt: skip
    possible, reason = ready.get(form, (True, ""))
    return "" if possible else reason


def issuer_of(case: Case, form: str, actor) -> Agency:
    """The agency in whose name a document is issued: a station acts for its bureau (Order 121 art 30), and intake
    sends cases on in its own name."""
    sends_on = form == DocumentForm.DISPATCH_NOTICE
    return bureau_of((actor.agency or case.custodian) if sends_on else case.handling)


def bureau_of(agency: Agency) -> Agency:
    """The agency itself, or of a station its bureau."""
    while agency.kind == AgencyKind.STATION and agency.parent is not None:
        agency = agency.parent
    return agency


def number_text(prefix: str, definition: OfficialForm, year: int, serial: int) -> str:
    """杭市监投受〔2026〕第12号."""
    return f"{prefix}{definition.word}〔{year}〕第{serial}号"


def _next_serial(agency: Agency, form: DocumentForm, year: int) -> int:
    series = {"agency": agency, "form": form, "year": year}
    DocumentSeries.objects.bulk_create([DocumentSeries(**series)], ignore_conflicts=True)
    row = DocumentSeries.objects.select_for_update().get(**series)
    row.last += 1
    row.save(update_fields=["last"])
    return row.last


def _definition(form: str, side: str) -> tuple[OfficialForm, Addressee]:
    if form not in DocumentForm.values or side not in Addressee.values or (form, side) not in ALLOWED:
        raise DomainError(_("This document is not made out for this addressee."))
    return FORMS[DocumentForm(form)], Addressee(side)


def _locked(case: Case, actor, among: QuerySet | None = None) -> Case:
    locked = (
        (Case.objects.visible_to(actor) if among is None else among)
        .select_for_update(of=("self",))
        .select_related(
            "merchant", "handling__parent", "custodian__parent", "officer", "channel", "category", "problem"
        )
        .filter(pk=case.pk)
        .first()
    )
    if locked is None:
        raise PermissionDenied
    return locked


def _locked_document(document: Document, actor, among: QuerySet | None = None) -> Document:
    """The document; its case is locked before it, as by all that is done to a case."""
    case = _locked(document.case, actor, among)
    rows = Document.objects.visible_to(actor) if among is None else case.documents
    locked = rows.select_for_update(of=("self",)).filter(pk=document.pk).first()
    if locked is None:
        raise PermissionDenied
    locked.case = case
    if locked.is_void:
        raise DomainError(_("This document is void."))
    return locked


def _checked_addressee(document: Document, addressee: str) -> str:
    if document.side != Addressee.BOTH:
        if addressee not in ("", document.side):
            raise DomainError(_("The document is made out for another addressee."))
        return document.side
    if addressee not in (Addressee.COMPLAINANT, Addressee.RESPONDENT):
        raise DomainError(_("Say to which of the parties the document was brought."))
    return addressee


def _write_event(
    document: Document, verb: str, *, actor, at: dt.datetime, note: str = "", data: dict | None = None
) -> None:
    state = document.case.state
    CaseEvent.objects.create(
        case=document.case, verb=verb, before=state, after=state, actor=actor, at=at, note=note,
        data={"document": document.pk, "number": document.number} | (data or {}),
    )  # fmt: skip
