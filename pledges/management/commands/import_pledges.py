from pledges.importers.commands import PledgeImportCommand
from pledges.importers.pledges import PledgeTarget


class Command(PledgeImportCommand):
    help = "Import the pledges of merchants at their premises from CSV or XLSX files by a profile."
    target = PledgeTarget
    default_profile = "pledges"
