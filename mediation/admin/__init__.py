"""The workplace of mediators, of platform partners and of the people of a court. Every write calls a verb of the
domain."""

from mediation.admin import agreements, confirmations, referrals, sessions

__all__ = ["agreements", "confirmations", "referrals", "sessions"]
