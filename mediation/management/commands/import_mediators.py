from mediation.importers.commands import MediationImportCommand
from mediation.importers.mediators import MediatorTarget


class Command(MediationImportCommand):
    help = "Import mediators with their hours and leave from CSV or XLSX files by a profile."
    target = MediatorTarget
    default_profile = "mediators"
