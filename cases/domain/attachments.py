"""Files of a case: what people hand in, and proofs of what was done."""

import datetime as dt
import hashlib

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.domain import log_access
from accounts.enums import AccessAction
from cases.domain.reasons import check_reason
from cases.enums import AttachmentKind, Kind, Verb
from cases.models import Attachment, Case, CaseEvent
from cases.querysets import sees_reporters
from core import vault
from core.bulk import next_ids
from core.exceptions import DomainError
from core.filetypes import recognise, safe_name
from core.text import clean_cell
from core.uploads import limit_bytes

MAX_FILES = 100  # of one case, withdrawn ones included
NOTE_LENGTH = 300
# papers that show who somebody is
PERSONAL_KINDS = (AttachmentKind.IDENTITY, AttachmentKind.AUTHORITY)


def attachment_context(pk: int) -> str:
    """The place to which the ciphertext of an attachment is bound."""
    return f"cases.Attachment:{pk}"


def are_sealed(case: Case) -> bool:
    """Whether the attachments of `case` may show who reported (Order 121 art 37)."""
    return case.kind == Kind.REPORT or any(party.sealed for party in case.parties.all())


def may_open(attachment: Attachment, user, *, sealed: bool) -> bool:
    """Whether `user`, who sees the case, may see what is in the file; `sealed`: are_sealed(case)."""
    if sealed:
        return sees_reporters(user)
    return attachment.kind not in PERSONAL_KINDS or user.has_perm("cases.reveal_party")


def add_attachment(
    case: Case,
    *,
    kind: str,
    name: str,
    content: bytes,
    actor,
    note: str = "",
    now: dt.datetime | None = None,
) -> Attachment:
    """Add the file `content`, called `name` by whoever handed it in. Its format is found in the content.

    Raises PermissionDenied, FileRefused (format, macros, name that claims another format) or DomainError (too large,
    too many).
    """
    if not actor.has_perm("cases.add_attachment"):
        raise PermissionDenied
    if len(content) > limit_bytes():
        raise DomainError(too_large())
    format_ = recognise(content, name)
    note = checked_text(note, NOTE_LENGTH)
    with connection.cursor() as cursor:
        (pk,) = next_ids(cursor, Attachment._meta.db_table, 1)
    # the file before its row: a row without a file would be a loss, a file without a row is swept away
    stored = vault.write(content, context=attachment_context(pk))
    try:
        with transaction.atomic():
            if not Case.objects.visible_to(actor).select_for_update(of=("self",)).filter(pk=case.pk).exists():
                raise PermissionDenied
            if Attachment.objects.filter(case=case).count() >= MAX_FILES:
                raise DomainError(_("A case may have %(n)d files.") % {"n": MAX_FILES})
            attachment = Attachment.objects.create(
                pk=pk, case=case, kind=kind, name=safe_name(name, format_), content_type=format_.content_type,
                size=len(content), sha256=hashlib.sha256(content).hexdigest(), file=stored, note=note, added_by=actor,
                added_at=now or timezone.now(),
            )  # fmt: skip
            _write_event(attachment, Verb.ATTACH, actor=actor, at=attachment.added_at)
    except BaseException:
        vault.remove(stored)
        raise
    return attachment


@transaction.atomic
def withdraw_attachment(
    attachment: Attachment, *, reason: str, actor, now: dt.datetime | None = None
) -> Attachment:
    """Take a wrong file out of the case: it stays stored and is no longer given out. Raises PermissionDenied, or
    DomainError where the reason is missing or the file was withdrawn already."""
    if not actor.has_perm("cases.add_attachment"):
        raise PermissionDenied
    reason = checked_reason(reason)
    rows = Attachment.objects.visible_to(actor).select_for_update(of=("self",)).select_related("case")
    attachment = rows.filter(pk=attachment.pk).first()
    if attachment is None:
        raise PermissionDenied
    if attachment.is_withdrawn:
        raise DomainError(_("This file was withdrawn already."))
    attachment.withdrawn_by, attachment.withdrawn_at = actor, now or timezone.now()
    attachment.withdrawal_reason = reason
    attachment.save(update_fields=["withdrawn_by", "withdrawn_at", "withdrawal_reason"])
    # the timeline is read by all who see the case, and a reason may say who reported
    note = "" if are_sealed(attachment.case) else reason
    _write_event(attachment, Verb.WITHDRAW_FILE, actor=actor, at=attachment.withdrawn_at, note=note)
    return attachment


@transaction.atomic
def open_attachment(attachment: Attachment, *, actor, ip: str | None) -> bytes:
    """The content of a file, after the access is logged. Raises PermissionDenied, DomainError for a withdrawn file,
    PersonalDataError where the stored file cannot be read."""
    if not may_open(attachment, actor, sealed=are_sealed(attachment.case)):
        raise PermissionDenied
    if attachment.is_withdrawn:
        raise DomainError(_("This file was withdrawn and is no longer given out."))
    content = vault.read(attachment.file, context=attachment_context(attachment.pk))
    log_access(
        user=actor,
        action=AccessAction.DOWNLOAD,
        target=f"{attachment.case.number}/attachment/{attachment.pk}",
        fields=attachment.kind,
        ip=ip,
    )
    return content


def too_large() -> str:
    """What is said of a file that is larger than the portal takes."""
    return _("The file is too large: at most %(n)d MB.") % {"n": limit_bytes() >> 20}


def checked_reason(reason: str) -> str:
    return check_reason(checked_text(reason, NOTE_LENGTH))


def checked_text(text: str, length: int) -> str:
    text = clean_cell(text)
    if len(text) > length:
        raise DomainError(_("At most %(n)d characters.") % {"n": length})
    return text


def _write_event(attachment: Attachment, verb: str, *, actor, at: dt.datetime, note: str = "") -> None:
    """Without the file's name, which may name a person."""
    state = attachment.case.state
    CaseEvent.objects.create(
        case=attachment.case, verb=verb, before=state, after=state, actor=actor, at=at, note=note,
        data={"attachment": attachment.pk, "kind": attachment.kind},
    )  # fmt: skip
