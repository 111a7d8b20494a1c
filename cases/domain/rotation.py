"""Re-encryption of personal data with the current key."""

import datetime as dt
from collections.abc import Callable

from django.db import transaction
from django.db.models import Model

from cases.domain.attachments import attachment_context
from cases.domain.documents import document_context
from cases.domain.reveal import personal_context
from cases.domain.templates import template_context
from cases.models import Attachment, Document, DocumentTemplate, ImportReject, Party
from core import vault
from core.personal_data import decrypt, encrypt, is_current

BATCH = 2000
FILE_STEP = 100  # files between two words of progress
# rows that own a file in the vault, and the place to which its ciphertext is bound
FILES: dict[type[Model], Callable[[int], str]] = {
    Attachment: attachment_context,
    Document: document_context,
    DocumentTemplate: template_context,
}


def reject_context(file_id: int, line: int) -> str:
    """The place to which the ciphertext of a rejected row is bound."""
    return f"cases.ImportReject:{file_id}:{line}"


def rotate(progress: Callable[[str, int], None] = lambda table, done: None) -> dict[str, int]:
    """Re-encrypt what older keys encrypted; how many rows of each table were, and how many files.

    Each batch is one transaction and each file is replaced in one step, so that a cut-off call goes on where it
    stopped. Once this has ended without an error, the old keys may leave PERSONAL_DATA_KEYS. Raises PersonalDataError
    where a row or a file cannot be read.
    """
    return {
        "cases_party": _rotate(Party, "personal", lambda row: personal_context(row.pk), progress),
        "cases_importreject": _rotate(
            ImportReject, "raw", lambda row: reject_context(row.file_id, row.line), progress
        ),
        "cases_document": _rotate(Document, "values", lambda row: document_context(row.pk), progress),
        "files": sum(_renew(model, context, progress) for model, context in FILES.items()),
    }


def _rotate(model, column: str, context, progress) -> int:
    done, last = 0, 0
    while True:
        with transaction.atomic():
            rows = list(
                model.objects.select_for_update()
                .filter(pk__gt=last, **{f"{column}__isnull": False})
                .order_by("pk")[:BATCH]
            )
            if not rows:
                return done
            last = rows[-1].pk
            stale = [row for row in rows if not is_current(getattr(row, column))]
            for row in stale:
                plain = decrypt(getattr(row, column), context=context(row))
                setattr(row, column, encrypt(plain, context=context(row)))
            model.objects.bulk_update(stale, [column])
            done += len(stale)
        progress(model._meta.db_table, done)


def _renew(model, context: Callable[[int], str], progress) -> int:
    """The files of a table, encrypted with the current key."""
    done = 0
    for pk, name in model.objects.order_by("pk").values_list("pk", "file").iterator():
        renewed = vault.renew(name, context=context(pk))
        done += renewed
        if renewed and done % FILE_STEP == 0:
            progress(f"{model._meta.db_table} files", done)
    return done


def remove_orphans(*, older_than: dt.datetime) -> int:
    """Delete stored files that no row names, such as a failed transaction leaves behind; how many. Files written after
    `older_than` may belong to a transaction that still runs, and stay."""
    owned: set[str] = set()
    orphans = list(vault.names(older_than=older_than.timestamp()))
    for model in FILES:
        owned |= set(model.objects.filter(file__in=orphans).values_list("file", flat=True))
    found = [name for name in orphans if name not in owned]
    for name in found:
        vault.remove(name)
    return len(found)
