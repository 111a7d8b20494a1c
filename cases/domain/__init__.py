"""Every write to a case starts here; views, admin and importers only call these functions."""

from cases.domain.acts import WORKFLOWS, available_acts, officers_for, perform
from cases.domain.imported import CASE_COLUMNS, ImportedCase, NewCases, lock_worked, write_imported
from cases.domain.registration import register_case
from cases.domain.reveal import reveal_party
from cases.domain.rotation import reject_context, rotate

__all__ = [
    "CASE_COLUMNS",
    "WORKFLOWS",
    "ImportedCase",
    "NewCases",
    "available_acts",
    "lock_worked",
    "officers_for",
    "perform",
    "register_case",
    "reject_context",
    "reveal_party",
    "rotate",
    "write_imported",
]
