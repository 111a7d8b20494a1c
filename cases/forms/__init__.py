"""Forms of the case pages. They check what was typed; whether it may be done is the domain's."""

from cases.forms.acts import act_form
from cases.forms.reveal import REASON_LENGTH, RevealForm
from cases.forms.signals import SignalDecisionForm

__all__ = ["REASON_LENGTH", "RevealForm", "SignalDecisionForm", "act_form"]
