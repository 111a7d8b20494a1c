"""Every write to pledges starts here; the admin, pages, imports and commands only call these functions."""

from pledges.domain.pledges import PLEDGE, act_on_pledge, apply_for, expire_pledges, last_day, next_stage
from pledges.domain.premises import change_premises, keeper_of, register_premises

__all__ = [
    "PLEDGE",
    "act_on_pledge",
    "apply_for",
    "change_premises",
    "expire_pledges",
    "keeper_of",
    "last_day",
    "next_stage",
    "register_premises",
]
