"""Forms of the case pages. They check what was typed; whether it may be done is the domain's."""

from cases.forms.acts import act_form
from cases.forms.attachments import AttachmentForm
from cases.forms.documents import DeliveryForm, IssueForm, ReasonForm
from cases.forms.reveal import RevealForm
from cases.forms.signals import SignalDecisionForm
from cases.forms.templates import TemplateForm

__all__ = [
    "AttachmentForm",
    "DeliveryForm",
    "IssueForm",
    "ReasonForm",
    "RevealForm",
    "SignalDecisionForm",
    "TemplateForm",
    "act_form",
]
