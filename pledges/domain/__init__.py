"""Every write to pledges starts here; the admin, pages, imports and commands only call these functions."""

from pledges.domain.breaches import BREACH, act_on_breach
from pledges.domain.identified import move_premises
from pledges.domain.inspections import (
    INSPECTION,
    act_on_inspection,
    checklist,
    failed,
    keep_plan,
    plan_inspection,
    plan_progress,
    score,
    to_rectify,
)
from pledges.domain.photos import add_photo, open_photo, photo_context, withdraw_photo
from pledges.domain.pledges import (
    PLEDGE,
    act_on_pledge,
    apply_for,
    apply_together,
    expire_pledges,
    last_day,
    next_stage,
)
from pledges.domain.premises import change_premises, keeper_of, register_premises
from pledges.domain.returns import first_month, record_returns
from pledges.domain.rules import coverage_changed
from pledges.domain.suspicion import BREACHES, find_breaches, look_again
from pledges.domain.targets import keep_target, progress, reached, under_review
from pledges.domain.zones import (
    join_zone,
    keep_workstation,
    keep_zone,
    leave_zone,
    may_leave,
    record_item,
    update_item,
)

__all__ = [
    "BREACH",
    "BREACHES",
    "INSPECTION",
    "PLEDGE",
    "act_on_breach",
    "act_on_inspection",
    "act_on_pledge",
    "add_photo",
    "apply_for",
    "apply_together",
    "change_premises",
    "checklist",
    "coverage_changed",
    "expire_pledges",
    "failed",
    "find_breaches",
    "first_month",
    "join_zone",
    "keep_plan",
    "keep_target",
    "keep_workstation",
    "keep_zone",
    "keeper_of",
    "last_day",
    "leave_zone",
    "look_again",
    "may_leave",
    "move_premises",
    "next_stage",
    "open_photo",
    "photo_context",
    "plan_inspection",
    "plan_progress",
    "progress",
    "reached",
    "record_item",
    "record_returns",
    "register_premises",
    "score",
    "to_rectify",
    "under_review",
    "update_item",
    "withdraw_photo",
]
