"""The portal in a process of its own, with nothing but the variables of production."""

import os
import secrets
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def variables(**changes: str | None) -> dict[str, str]:
    """What an installation sets; None takes a variable away."""
    given = {
        "DATABASE_URL": os.environ["DATABASE_URL"],
        "SECRET_KEY": secrets.token_urlsafe(50),
        "ALLOWED_HOSTS": "portal.example.org",
        "PERSONAL_DATA_KEYS": f"2026:{'1a' * 32}",
        "LOOKUP_KEY": "2b" * 32,
        "PATH": os.environ["PATH"],
    }
    return {name: value for name, value in (given | changes).items() if value is not None}


def run(*arguments: str, **changes: str | None) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=variables(**changes), capture_output=True, text=True, check=False,
        timeout=120,
    )  # fmt: skip
