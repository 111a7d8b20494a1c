"""The workplace of mediators and of platform partners. Every write calls a verb of the domain."""

from mediation.admin import sessions

__all__ = ["sessions"]
