"""Every write to mediation starts here; the admin, imports and commands only call these functions."""

from mediation.domain.agreements import AGREEMENT, Due, act_on_agreement, draw_up, owed_of, works_on_case_of
from mediation.domain.case_acts import OF_MEDIATION, act_on_mediated, acts_on_mediated
from mediation.domain.confirmations import (
    CONFIRMATION,
    act_on_confirmation,
    confirmable_since,
    issue_package,
    open_paper,
    papers_for_court,
    prepare,
    urgency,
)
from mediation.domain.disclosure import facts_for_platform
from mediation.domain.entrustments import end_entrustment, entrust
from mediation.domain.mediating import (
    cases_of,
    cases_to_agree,
    mediating_agency,
    mediators_of,
    outside_words,
    sessions_outside,
    times_in,
    why_not_bookable,
    why_outside,
)
from mediation.domain.papers import document_of
from mediation.domain.recounts import recount_terms
from mediation.domain.recusals import ask_recusal, decide_recusal
from mediation.domain.referrals import (
    REFERRAL,
    act_on_referral,
    lapse_referrals,
    refer,
    reveal_phones,
)
from mediation.domain.sessions import LAPSING, SESSION, Appointment, act_on, adjourn, lapse_sessions, schedule
from mediation.domain.suggestions import suggest

__all__ = [
    "AGREEMENT",
    "CONFIRMATION",
    "LAPSING",
    "OF_MEDIATION",
    "REFERRAL",
    "SESSION",
    "Appointment",
    "Due",
    "act_on",
    "act_on_agreement",
    "act_on_confirmation",
    "act_on_mediated",
    "act_on_referral",
    "acts_on_mediated",
    "adjourn",
    "ask_recusal",
    "cases_of",
    "cases_to_agree",
    "confirmable_since",
    "decide_recusal",
    "document_of",
    "draw_up",
    "end_entrustment",
    "entrust",
    "facts_for_platform",
    "issue_package",
    "lapse_referrals",
    "lapse_sessions",
    "mediating_agency",
    "mediators_of",
    "owed_of",
    "recount_terms",
    "open_paper",
    "outside_words",
    "papers_for_court",
    "prepare",
    "refer",
    "reveal_phones",
    "schedule",
    "sessions_outside",
    "suggest",
    "times_in",
    "urgency",
    "why_not_bookable",
    "why_outside",
    "works_on_case_of",
]
