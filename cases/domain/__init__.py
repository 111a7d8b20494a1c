"""Every write to a case starts here; views, admin and importers only call these functions."""

from cases.domain.imported import CASE_COLUMNS, ImportedCase, NewCases, lock_worked, write_imported
from cases.domain.reveal import reveal_party
from cases.domain.rotation import reject_context, rotate

__all__ = [
    "CASE_COLUMNS",
    "ImportedCase",
    "NewCases",
    "lock_worked",
    "reject_context",
    "reveal_party",
    "rotate",
    "write_imported",
]
