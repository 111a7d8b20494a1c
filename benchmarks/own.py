"""This portal's importer, called as `manage.py import_cases` calls it."""

from pathlib import Path

from accounts.domain import system_user
from cases.importers.cases import CaseTarget
from cases.importers.commands import BUILT_IN
from cases.importers.engine import Options, run_import
from core.importing.profile import load_profile
from registry.models import Agency

PROFILE = "national12315"


def import_file(path: Path) -> dict:
    """Import a file of the national platform, everything included; returns the run's summary."""
    profile = load_profile(
        PROFILE, known_fields=CaseTarget.fields, builtin_dir=BUILT_IN, key_field=CaseTarget.key_field
    )
    return run_import(CaseTarget, [path], profile, Options(user=system_user(), agency=city_bureau()))


def city_bureau() -> Agency:
    return Agency.objects.get(kind="bureau", parent=None)
