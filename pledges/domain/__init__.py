"""Every write to pledges starts here; the admin, pages, imports and commands only call these functions."""

from pledges.domain.pledges import PLEDGE, act_on_pledge, apply_for, expire_pledges, last_day

__all__ = ["PLEDGE", "act_on_pledge", "apply_for", "expire_pledges", "last_day"]
