"""Complaints, reports and inquiries with their parties, clocks, recoveries, history and imports.

States, outcomes and dates move only through `cases.domain`; what must hold is a constraint of the database. `CaseHistory`
is put here by the decorator of Case.
"""

from cases.models.case import Case, CaseReference
from cases.models.clock import UNKNOWN_END, Clock, ClockChange, ClockPause, ClockRule, Extension
from cases.models.event import CaseEvent
from cases.models.fields import LocalDate
from cases.models.handling import CallBack, Ground, Supervision
from cases.models.imports import ImportDifference, ImportFile, ImportReject, ImportRun, ImportWarning
from cases.models.lists import ListColumns, SavedFilter
from cases.models.party import Party
from cases.models.recovery import Recovery
from cases.models.signal import SignalDecision, SignalRule

__all__ = [
    "CallBack",
    "Case",
    "CaseEvent",
    "CaseReference",
    "Clock",
    "ClockChange",
    "ClockPause",
    "ClockRule",
    "Extension",
    "Ground",
    "ImportDifference",
    "ImportFile",
    "ImportReject",
    "ImportRun",
    "ImportWarning",
    "ListColumns",
    "LocalDate",
    "Party",
    "Recovery",
    "SavedFilter",
    "SignalDecision",
    "SignalRule",
    "Supervision",
    "UNKNOWN_END",
]
