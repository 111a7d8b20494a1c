"""Templates of official documents: ten built in, any of them replaced by one of the staff's."""

import datetime as dt
import hashlib
from functools import cache
from pathlib import Path

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import F, Max, Q
from django.utils import timezone

from accounts.querysets import keeps_for
from cases.domain.attachments import NOTE_LENGTH, checked_text
from cases.enums import DocumentForm
from cases.models import DocumentTemplate
from cases.official_forms import required_of, sample_values, variables_of
from core import vault
from core.bulk import next_ids
from registry.models import Agency

FOLDER = Path(__file__).resolve().parents[1] / "document_templates"
PERMISSION = "cases.change_documenttemplate"


def template_context(pk: int) -> str:
    """The place to which the ciphertext of a template is bound."""
    return f"cases.DocumentTemplate:{pk}"


@cache
def built_in(form: str) -> bytes:
    """The template that the product brings along."""
    return (FOLDER / f"{DocumentForm(form).value}.docx").read_bytes()


def template_for(form: str, agency: Agency) -> tuple[DocumentTemplate | None, bytes]:
    """The template in use at `agency`: its own, else everyone's, else the built-in one (None)."""
    found = (
        DocumentTemplate.objects.filter(Q(agency=agency) | Q(agency=None), form=form, active=True)
        .order_by(F("agency").asc(nulls_last=True))
        .first()
    )
    return (found, content_of(found)) if found else (None, built_in(form))


def content_of(template: DocumentTemplate) -> bytes:
    """The stored DOCX file. Raises PersonalDataError where it cannot be read."""
    return vault.read(template.file, context=template_context(template.pk))


def add_template(
    *,
    form: str,
    agency: Agency | None,
    name: str,
    content: bytes,
    actor,
    note: str = "",
    now: dt.datetime | None = None,
) -> DocumentTemplate:
    """Put a DOCX of the staff's in place of the template in use; the older versions stay. `name` is the file's.

    It is read closely and filled once with made-up contents. Raises PermissionDenied, also for a template of another
    agency's, or FileRefused with the tag or part that is wrong.
    """
    if not actor.has_perm(PERMISSION) or not keeps_for(actor, agency):
        raise PermissionDenied
    now = now or timezone.now()
    check_template(form, name=name, content=content, now=now)
    note = checked_text(note, NOTE_LENGTH)
    with connection.cursor() as cursor:
        (pk,) = next_ids(cursor, DocumentTemplate._meta.db_table, 1)
    stored = vault.write(content, context=template_context(pk))
    try:
        with transaction.atomic():
            last = _retire_locked(form, agency)
            return DocumentTemplate.objects.create(
                pk=pk, form=form, agency=agency, version=last + 1, active=True, file=stored, size=len(content),
                sha256=hashlib.sha256(content).hexdigest(), note=note, uploaded_by=actor, uploaded_at=now,
            )  # fmt: skip
    except BaseException:
        vault.remove(stored)
        raise


def check_template(form: str, *, name: str, content: bytes, now: dt.datetime) -> None:
    """Raise FileRefused unless the DOCX `content` can serve as template of `form`."""
    from core import docx_templates  # noqa: PLC0415 - loads two libraries that most processes never need

    form = DocumentForm(form)
    docx_templates.check(content, name=name, variables=variables_of(form), required=required_of(form))
    docx_templates.check_filled(
        docx_templates.render(content, sample_values(form), title=str(form.label), author="", now=now)
    )


@transaction.atomic
def use_template(template: DocumentTemplate, *, active: bool, actor) -> DocumentTemplate:
    """Go back to an older version, or (`active` False) without any to everyone's or the built-in template. Raises
    PermissionDenied."""
    if not actor.has_perm(PERMISSION) or not keeps_for(actor, template.agency):
        raise PermissionDenied
    _retire_locked(template.form, template.agency)
    template.active = active
    template.save(update_fields=["active"])
    return template


def _retire_locked(form: str, agency: Agency | None) -> int:
    """Let no version be in use, and return the last one's number. Whoever changes templates waits for his turn."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('cases.DocumentTemplate'))")
    versions = DocumentTemplate.objects.filter(form=form, agency=agency)
    versions.filter(active=True).update(active=False)
    return versions.aggregate(last=Max("version"))["last"] or 0
