"""The colours of states, the same on every page."""

from pledges.enums import FindingResult, InspectionState, PledgeState

PLEDGE_TONES = {
    PledgeState.APPLIED: "amber", PledgeState.ADMITTED: "blue", PledgeState.IN_FORCE: "green",
    PledgeState.SUSPENDED: "red", PledgeState.EXPIRED: "grey", PledgeState.REVOKED: "red",
    PledgeState.DEREGISTERED: "grey", PledgeState.REJECTED: "grey", PledgeState.WITHDRAWN: "grey",
}  # fmt: skip
INSPECTION_TONES = {
    InspectionState.PLANNED: "blue", InspectionState.VISITED: "amber", InspectionState.CORRECTING: "amber",
    InspectionState.CLOSED: "green", InspectionState.CANCELLED: "grey",
}  # fmt: skip
FINDING_TONES = {FindingResult.OK: "green", FindingResult.NOT_OK: "red", FindingResult.NOT_APPLICABLE: "grey"}
