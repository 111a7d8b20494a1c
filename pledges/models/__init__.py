from pledges.models.breach import Breach, BreachEvent
from pledges.models.inspection import (
    ChecklistItem,
    Finding,
    Inspection,
    InspectionEvent,
    InspectionPhoto,
    InspectionPlan,
)
from pledges.models.pledge import Evaluation, Opinion, Pledge, PledgeEvent, Premises, Suspension
from pledges.models.returns import ReturnChange, ReturnEntry
from pledges.models.target import Target
from pledges.models.type import Coverage, PledgeType
from pledges.models.zone import Workstation, WorkstationItem, Zone, ZoneMembership

__all__ = [
    "Breach",
    "BreachEvent",
    "ChecklistItem",
    "Coverage",
    "Evaluation",
    "Finding",
    "Inspection",
    "InspectionEvent",
    "InspectionPhoto",
    "InspectionPlan",
    "Opinion",
    "Pledge",
    "PledgeEvent",
    "PledgeType",
    "Premises",
    "ReturnChange",
    "ReturnEntry",
    "Suspension",
    "Target",
    "Workstation",
    "WorkstationItem",
    "Zone",
    "ZoneMembership",
]
