"""Every write to mediation starts here; the admin, imports and commands only call these functions."""

from mediation.domain.entrustments import end_entrustment, entrust
from mediation.domain.mediating import cases_of, mediating_agency, mediators_of, why_not_bookable
from mediation.domain.recusals import ask_recusal, decide_recusal
from mediation.domain.sessions import SESSION, Appointment, act_on, adjourn, schedule
from mediation.domain.suggestions import suggest

__all__ = [
    "SESSION",
    "Appointment",
    "act_on",
    "adjourn",
    "ask_recusal",
    "cases_of",
    "decide_recusal",
    "end_entrustment",
    "entrust",
    "mediating_agency",
    "mediators_of",
    "schedule",
    "suggest",
    "why_not_bookable",
]
