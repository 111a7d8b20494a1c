"""A checkout that names no database works on its own: embedded PostgreSQL, keys under `var/`, plain HTTP.

Production sets DATABASE_URL, and then nothing here applies: every variable must be given (see README, "Settings").
"""

import fcntl
import json
import os
import secrets
from pathlib import Path

from consumer_rights import embedded

KEYS = ("SECRET_KEY", "PERSONAL_DATA_KEYS", "LOOKUP_KEY")
BASE_DIR = Path(__file__).resolve().parents[1]
VAR_DIR = BASE_DIR / "var"
# commands that must work while no server runs, or that manage the server themselves
WITHOUT_DATABASE = {"embedded_db", "help", "version", "--help", "--version"}


def needs_database(argv: list[str]) -> bool:
    """Whether the command line `argv` names a command that uses the database."""
    return len(argv) > 1 and argv[1] not in WITHOUT_DATABASE


def prepare(*, start_database: bool = True) -> None:
    """Fill the environment of a checkout without DATABASE_URL; leave any variable that is set as it is."""
    if os.environ.get("DATABASE_URL"):
        return
    os.environ["EMBEDDED_DATABASE"] = "1"
    os.environ["DATABASE_URL"] = embedded.start() if start_database else embedded.url()
    for name, value in keys().items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
    os.environ.setdefault("PLAIN_HTTP", "1")
    (VAR_DIR / "static").mkdir(exist_ok=True)  # files are served from their sources; WhiteNoise wants the folder


def keys() -> dict[str, str]:
    """The keys of this checkout, made once and readable by their owner alone (`var/keys.json`, mode 0600)."""
    path = VAR_DIR / "keys.json"
    VAR_DIR.mkdir(exist_ok=True)
    if not path.exists():
        _make_keys(path)
    return _read_keys(path)


def _make_keys(path: Path) -> None:
    """By one process alone; the file appears whole, so that no other ever reads half of it."""
    with path.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():
            return
        values = {
            "SECRET_KEY": secrets.token_urlsafe(50),
            "PERSONAL_DATA_KEYS": f"local1:{secrets.token_hex(32)}",
            "LOOKUP_KEY": secrets.token_hex(32),
        }
        part = path.with_suffix(".part")
        part.unlink(missing_ok=True)  # of a process that was ended meanwhile
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(values, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)


def _read_keys(path: Path) -> dict[str, str]:
    try:
        values = json.loads(path.read_text())
        return {name: values[name] for name in KEYS}
    except (ValueError, KeyError, TypeError):
        # it was damaged: never guess a key
        raise SystemExit(
            f"{path} holds no readable keys. Restore it from a backup, or delete it "
            "(personal data stored with the lost keys cannot be read again)."
        ) from None
