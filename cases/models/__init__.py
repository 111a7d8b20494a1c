"""Complaints, reports and inquiries with their parties, clocks, recoveries, history and imports.

States, outcomes and dates move only through `cases.domain`; what must hold is a constraint of the database. `CaseHistory`
is put here by the decorator of Case.
"""

from cases.models.attachment import Attachment
from cases.models.audit import AuditEntry
from cases.models.bulk import BulkAct, BulkRow
from cases.models.case import Case, CaseReference
from cases.models.clock import UNKNOWN_END, Clock, ClockChange, ClockPause, ClockRule, Extension
from cases.models.document import Delivery, Document, DocumentSeries, DocumentTemplate, Letterhead
from cases.models.event import CaseEvent
from cases.models.feed import CaseChange, FeedPosition
from cases.models.fields import LocalDate
from cases.models.handling import CallBack, Ground, Supervision
from cases.models.imports import ImportDifference, ImportFile, ImportReject, ImportRun, ImportWarning
from cases.models.lists import ListColumns, SavedFilter
from cases.models.party import Party
from cases.models.recovery import Recovery
from cases.models.search import Bigrams, CaseSearch
from cases.models.signal import SignalDecision, SignalRule

__all__ = [
    "Attachment",
    "AuditEntry",
    "Bigrams",
    "BulkAct",
    "BulkRow",
    "CallBack",
    "Case",
    "CaseChange",
    "CaseEvent",
    "CaseReference",
    "CaseSearch",
    "Clock",
    "ClockChange",
    "ClockPause",
    "ClockRule",
    "Delivery",
    "Document",
    "DocumentSeries",
    "DocumentTemplate",
    "Extension",
    "FeedPosition",
    "Ground",
    "ImportDifference",
    "ImportFile",
    "ImportReject",
    "ImportRun",
    "ImportWarning",
    "Letterhead",
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
