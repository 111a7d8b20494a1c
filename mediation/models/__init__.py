from mediation.models.agreement import Agreement, AgreementEvent, Instalment, Signature
from mediation.models.confirmation import ConfirmationEvent, JudicialConfirmation
from mediation.models.entrustment import ENTRUSTED_KINDS, Entrustment
from mediation.models.mediator import MEDIATING_KINDS, Leave, Mediator, Room, WorkingHours
from mediation.models.referral import PlatformReferral, ReferralEvent
from mediation.models.session import Attendance, MediatedCase, Recusal, Session, SessionEvent

__all__ = [
    "ENTRUSTED_KINDS",
    "MEDIATING_KINDS",
    "Agreement",
    "AgreementEvent",
    "Attendance",
    "ConfirmationEvent",
    "Entrustment",
    "Instalment",
    "JudicialConfirmation",
    "Leave",
    "MediatedCase",
    "Mediator",
    "PlatformReferral",
    "Recusal",
    "ReferralEvent",
    "Room",
    "Session",
    "SessionEvent",
    "Signature",
    "WorkingHours",
]
