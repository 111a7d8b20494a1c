"""Every write to pledges starts here; the admin, pages, imports and commands only call these functions."""

from pledges.domain.breaches import BREACH, act_on_breach
from pledges.domain.pledges import PLEDGE, act_on_pledge, apply_for, expire_pledges, last_day
from pledges.domain.rules import coverage_changed
from pledges.domain.suspicion import BREACHES, find_breaches, look_again

__all__ = [
    "BREACH",
    "BREACHES",
    "PLEDGE",
    "act_on_breach",
    "act_on_pledge",
    "apply_for",
    "coverage_changed",
    "expire_pledges",
    "find_breaches",
    "last_day",
    "look_again",
]
