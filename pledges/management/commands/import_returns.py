from pledges.importers.commands import PledgeImportCommand
from pledges.importers.returns import ReturnTarget


class Command(PledgeImportCommand):
    help = "Import what stores took back, month by month, from CSV or XLSX files by a profile."
    target = ReturnTarget
    default_profile = "returns"
