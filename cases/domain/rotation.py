"""Re-encryption of personal data with the current key."""

from collections.abc import Callable

from django.db import transaction

from cases.domain.reveal import personal_context
from cases.models import ImportReject, Party
from core.personal_data import decrypt, encrypt, is_current

BATCH = 2000


def reject_context(file_id: int, line: int) -> str:
    """The place to which the ciphertext of a rejected row is bound."""
    return f"cases.ImportReject:{file_id}:{line}"


def rotate(progress: Callable[[str, int], None] = lambda table, done: None) -> dict[str, int]:
    """Re-encrypt what older keys encrypted; how many rows of each table were.

    Each batch is one transaction, so that a cut-off call goes on where it stopped. Once this has ended without an
    error, the old keys may leave PERSONAL_DATA_KEYS. Raises PersonalDataError where a row cannot be read.
    """
    return {
        "cases_party": _rotate(Party, "personal", lambda row: personal_context(row.pk), progress),
        "cases_importreject": _rotate(
            ImportReject, "raw", lambda row: reject_context(row.file_id, row.line), progress
        ),
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
