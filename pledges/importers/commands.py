"""What the import commands of this app share."""

from pathlib import Path

from cases.importers.commands import ImportCommand

BUILT_IN = Path(__file__).resolve().parent / "profiles"


class PledgeImportCommand(ImportCommand):
    """An import whose built-in profiles are this app's."""

    profiles = BUILT_IN
