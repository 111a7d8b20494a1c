"""Every write to pledges starts here; the admin, pages, imports and commands only call these functions."""

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
from pledges.domain.pledges import PLEDGE, act_on_pledge, apply_for, expire_pledges, last_day, next_stage
from pledges.domain.premises import change_premises, keeper_of, register_premises
from pledges.domain.targets import keep_target, progress, reached, under_review
from pledges.domain.zones import (
    join_zone,
    keep_workstation,
    keep_zone,
    leave_zone,
    record_item,
    update_item,
)

__all__ = [
    "INSPECTION",
    "PLEDGE",
    "act_on_inspection",
    "act_on_pledge",
    "add_photo",
    "apply_for",
    "change_premises",
    "checklist",
    "expire_pledges",
    "failed",
    "join_zone",
    "keep_plan",
    "keep_target",
    "keep_workstation",
    "keep_zone",
    "keeper_of",
    "last_day",
    "leave_zone",
    "next_stage",
    "open_photo",
    "photo_context",
    "plan_inspection",
    "plan_progress",
    "progress",
    "reached",
    "record_item",
    "register_premises",
    "score",
    "to_rectify",
    "under_review",
    "update_item",
    "withdraw_photo",
]
