from mediation.importers.commands import MediationImportCommand
from mediation.importers.sessions import SessionTarget


class Command(MediationImportCommand):
    help = "Import mediation sessions, past and planned, from CSV or XLSX files by a profile."
    target = SessionTarget
    default_profile = "sessions"
