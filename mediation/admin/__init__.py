"""The workplace of mediators and of platform partners. Every write calls a verb of the domain."""

from mediation.admin import agreements, referrals, sessions

__all__ = ["agreements", "referrals", "sessions"]
