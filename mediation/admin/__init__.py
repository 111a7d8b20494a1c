"""The mediators' workplace in the administration. Every write calls a verb of the domain."""

from mediation.admin import sessions

__all__ = ["sessions"]
