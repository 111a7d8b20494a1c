from mediation.importers.commands import MediationImportCommand
from mediation.importers.referrals import ReferralTarget


class Command(MediationImportCommand):
    help = "Import complaints referred to platforms of the green channel from CSV or XLSX files by a profile."
    target = ReferralTarget
    default_profile = "referrals"
