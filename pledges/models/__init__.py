from pledges.models.breach import Breach, BreachEvent
from pledges.models.pledge import Evaluation, Opinion, Pledge, PledgeEvent, Premises, Suspension
from pledges.models.returns import ReturnChange, ReturnEntry
from pledges.models.type import Coverage, PledgeType

__all__ = [
    "Breach",
    "BreachEvent",
    "Coverage",
    "Evaluation",
    "Opinion",
    "Pledge",
    "PledgeEvent",
    "PledgeType",
    "Premises",
    "ReturnChange",
    "ReturnEntry",
    "Suspension",
]
