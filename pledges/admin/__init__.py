"""Where pledge clerks keep the register. Every write calls a verb of the domain."""

from pledges.admin import pledges, premises, returns

__all__ = ["pledges", "premises", "returns"]
