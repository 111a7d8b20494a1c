"""Every write to pledges starts here; the admin, pages, imports and commands only call these functions."""

from pledges.domain.pledges import PLEDGE, act_on_pledge, apply_for, expire_pledges, last_day
from pledges.domain.returns import first_month, record_returns

__all__ = [
    "PLEDGE", "act_on_pledge", "apply_for", "expire_pledges", "first_month", "last_day", "record_returns",
]  # fmt: skip
