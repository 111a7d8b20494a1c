"""The register of pledges and the workplace of its keepers. Every write calls a verb of the domain."""

from pledges.admin import breaches, pledges, premises, returns

__all__ = ["breaches", "pledges", "premises", "returns"]
