"""The registers of pledges. Every write calls a verb of the domain."""

from pledges.admin import inspections, premises, targets, zones

__all__ = ["inspections", "premises", "targets", "zones"]
