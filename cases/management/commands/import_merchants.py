from cases.importers.commands import ImportCommand
from cases.importers.merchants import MerchantTarget


class Command(ImportCommand):
    help = "Import a list of merchants from CSV or XLSX files by a profile."
    target = MerchantTarget
    default_profile = "merchants"
