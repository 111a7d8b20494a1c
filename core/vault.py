"""Files encrypted at rest, under MEDIA_ROOT and names that tell nothing.

A file is a ciphertext as in core.personal_data, bound to the row that owns it (`context`), so that it cannot be taken
for another row's. It is written whole and before its row; what a failed transaction leaves behind is ciphertext that
no row names, and `manage.py clean_files` takes it away.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from core.personal_data import PersonalDataError, decrypt_bytes, encrypt_bytes, is_current

FOLDER = "sealed"
NAME_LENGTH = 64  # of the column that keeps a name
_HEAD = 64  # bytes: algorithm and key id stand in them


def write(content: bytes, *, context: str) -> str:
    """Encrypt `content` for the row `context` and store it; its name. Readable by the server's user alone."""
    token = secrets.token_hex(16)
    name = f"{token[:2]}/{token}"
    _replace(_path(name), encrypt_bytes(content, context=context))
    return name


def read(name: str, *, context: str) -> bytes:
    """The content of a stored file. Raises PersonalDataError where it is missing, altered or another row's."""
    return decrypt_bytes(_blob(name), context=context)


def renew(name: str, *, context: str) -> bool:
    """Encrypt a file anew with the current key; False where it was already. The old file is replaced in one step, so
    that a cut-off call leaves it whole and readers never see half of it. Raises PersonalDataError."""
    path = _path(name)
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        raise _missing(name) from None
    if is_current(head):
        return False
    _replace(path, encrypt_bytes(read(name, context=context), context=context))
    return True


def remove(name: str) -> None:
    """Delete a stored file, if it is there."""
    _path(name).unlink(missing_ok=True)


def names(*, older_than: float) -> Iterator[str]:
    """All stored files last written before the time stamp `older_than`, half-written ones included."""
    for path in sorted(_root().glob("??/*")):
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < older_than:
                yield f"{path.parent.name}/{path.name}"


def _root() -> Path:
    return Path(settings.MEDIA_ROOT) / FOLDER


def _path(name: str) -> Path:
    return _root() / name


def _blob(name: str) -> bytes:
    try:
        return _path(name).read_bytes()
    except OSError:
        raise _missing(name) from None


def _missing(name: str) -> PersonalDataError:
    return PersonalDataError(f"The file {FOLDER}/{name} is missing under MEDIA_ROOT.")


def _replace(path: Path, blob: bytes) -> None:
    """Write the file under a name of its own and then give it its name: it is there whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(blob)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
