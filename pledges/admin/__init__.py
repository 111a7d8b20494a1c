"""Where pledge clerks keep the registers. Every write calls a verb of the domain."""

from pledges.admin import inspections, pledges, premises, targets, zones

__all__ = ["inspections", "pledges", "premises", "targets", "zones"]
