from mediation.models.entrustment import ENTRUSTED_KINDS, Entrustment
from mediation.models.mediator import MEDIATING_KINDS, Leave, Mediator, Room, WorkingHours
from mediation.models.referral import PlatformReferral, ReferralEvent
from mediation.models.session import Attendance, MediatedCase, Recusal, Session, SessionEvent

__all__ = [
    "ENTRUSTED_KINDS",
    "MEDIATING_KINDS",
    "Attendance",
    "Entrustment",
    "Leave",
    "MediatedCase",
    "Mediator",
    "PlatformReferral",
    "Recusal",
    "ReferralEvent",
    "Room",
    "Session",
    "SessionEvent",
    "WorkingHours",
]
