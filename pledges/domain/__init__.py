"""Every write to pledges starts here; the admin, pages, imports and commands only call these functions."""

from pledges.domain.pledges import PLEDGE, act_on_pledge, apply_for, expire_pledges, last_day, next_stage
from pledges.domain.premises import change_premises, keeper_of, register_premises
from pledges.domain.returns import first_month, record_returns

__all__ = [
    "PLEDGE",
    "act_on_pledge",
    "apply_for",
    "change_premises",
    "expire_pledges",
    "first_month",
    "keeper_of",
    "last_day",
    "next_stage",
    "record_returns",
    "register_premises",
]
