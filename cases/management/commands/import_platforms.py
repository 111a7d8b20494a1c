from cases.importers.commands import ImportCommand
from cases.importers.platforms import PlatformTarget


class Command(ImportCommand):
    help = "Import platforms and their membership in the green channel from CSV or XLSX files by a profile."
    target = PlatformTarget
    default_profile = "platforms"
