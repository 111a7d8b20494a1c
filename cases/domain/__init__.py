"""Every write to a case starts here; views, admin and importers only call these functions."""

from cases.domain.imported import CASE_COLUMNS, ImportedCase, NewCases, write_imported
from cases.domain.reveal import reveal_party

__all__ = ["CASE_COLUMNS", "ImportedCase", "NewCases", "reveal_party", "write_imported"]
