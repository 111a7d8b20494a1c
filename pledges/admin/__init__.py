"""The register of pledges and the workplace of its keepers. Every write calls a verb of the domain."""

from pledges.admin import breaches, inspections, pledges, premises, returns, targets, types, zones

__all__ = ["breaches", "inspections", "pledges", "premises", "returns", "targets", "types", "zones"]
