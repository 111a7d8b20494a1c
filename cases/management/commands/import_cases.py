from cases.importers.cases import CaseTarget
from cases.importers.commands import ImportCommand


class Command(ImportCommand):
    help = "Import complaints, reports and inquiries from CSV or XLSX files by a profile."
    target = CaseTarget
