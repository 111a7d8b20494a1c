"""Photos of inspections: kept encrypted like the files of cases, given out after the access is logged."""

import datetime as dt
import hashlib

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.domain import log_access
from accounts.enums import AccessAction
from cases.domain.attachments import NOTE_LENGTH, checked_reason, checked_text, too_large
from core import vault
from core.bulk import next_ids
from core.exceptions import DomainError, FileRefused
from core.filetypes import HEIC, JPEG, PNG, WEBP, recognise, safe_name
from core.language import listed
from core.uploads import limit_bytes
from pledges.domain.inspections import CHANGE
from pledges.domain.keeping import check_seen, locked
from pledges.enums import SEEN, InspectionVerb
from pledges.models import Inspection, InspectionPhoto

MAX_PHOTOS = 50  # of one inspection, withdrawn ones included
PICTURES = (JPEG, PNG, WEBP, HEIC)


def photo_context(pk: int) -> str:
    """The place to which the ciphertext of a photo is bound."""
    return f"pledges.InspectionPhoto:{pk}"


def add_photo(
    inspection: Inspection, *, name: str, content: bytes, actor, note: str = "", now: dt.datetime | None = None
) -> InspectionPhoto:
    """Add the picture `content`, called `name` by whoever took it. Its format is found in the content.

    Raises PermissionDenied, FileRefused (no picture, name that claims another format) or DomainError (too large, too
    many, nobody was there yet).
    """
    now = now or timezone.now()
    if not actor.has_perm(CHANGE):
        raise PermissionDenied
    if len(content) > limit_bytes():
        raise DomainError(too_large())
    format_ = recognise(content, name)
    if format_ not in PICTURES:
        raise FileRefused(
            _("Only pictures are taken here: %(kinds)s.") % {"kinds": listed(kind.label for kind in PICTURES)}
        )
    note = checked_text(note, NOTE_LENGTH)
    with connection.cursor() as cursor:
        (pk,) = next_ids(cursor, InspectionPhoto._meta.db_table, 1)
    # the file before its row: a row without a file would be a loss, a file without a row is swept away
    stored = vault.write(content, context=photo_context(pk))
    try:
        with transaction.atomic():
            inspection = locked(inspection, actor)
            if inspection.state not in SEEN:
                raise DomainError(_("Record the visit first."))
            if inspection.photos.count() >= MAX_PHOTOS:
                raise DomainError(_("An inspection may have %(n)d photos.") % {"n": MAX_PHOTOS})
            photo = InspectionPhoto.objects.create(
                pk=pk, inspection=inspection, name=safe_name(name, format_), content_type=format_.content_type,
                size=len(content), sha256=hashlib.sha256(content).hexdigest(), file=stored, note=note, added_by=actor,
                added_at=now,
            )  # fmt: skip
            _write_event(photo, InspectionVerb.PHOTO, actor, now)
    except BaseException:
        vault.remove(stored)
        raise
    return photo


@transaction.atomic
def withdraw_photo(
    photo: InspectionPhoto, *, reason: str, actor, now: dt.datetime | None = None
) -> InspectionPhoto:
    """Take a wrong photo out: it stays stored and is no longer given out. Raises PermissionDenied, or DomainError where
    the reason is missing or it was withdrawn already."""
    if not actor.has_perm(CHANGE):
        raise PermissionDenied
    reason = checked_reason(reason)
    check_seen(photo, actor)
    locked(photo.inspection, actor)
    photo = locked(photo, actor)
    if photo.is_withdrawn:
        raise DomainError(_("This photo was withdrawn already."))
    photo.withdrawn_by, photo.withdrawn_at = actor, now or timezone.now()
    photo.withdrawal_reason = reason
    photo.save(update_fields=["withdrawn_by", "withdrawn_at", "withdrawal_reason"])
    _write_event(photo, InspectionVerb.WITHDRAW_PHOTO, actor, photo.withdrawn_at, note=reason)
    return photo


@transaction.atomic
def open_photo(photo: InspectionPhoto, *, actor, ip: str | None) -> bytes:
    """The picture, after the access is logged. Raises PermissionDenied, DomainError for a withdrawn one,
    PersonalDataError where the stored file cannot be read."""
    check_seen(photo, actor)
    if photo.is_withdrawn:
        raise DomainError(_("This photo was withdrawn and is no longer given out."))
    content = vault.read(photo.file, context=photo_context(photo.pk))
    target = f"inspection-{photo.inspection_id}/photo/{photo.pk}"
    log_access(user=actor, action=AccessAction.DOWNLOAD, target=target, fields="photo", ip=ip)
    return content


def _write_event(photo: InspectionPhoto, verb: str, actor, at: dt.datetime, note: str = "") -> None:
    """Without the file's name, which may name a person."""
    state = photo.inspection.state
    photo.inspection.events.create(
        verb=verb, before=state, after=state, actor=actor, at=at, note=note, data={"photo": photo.pk}
    )
