"""How pressing a confirmation is, and what is still to be taken to a court."""

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html

from core.exceptions import DomainError
from core.templatetags.portal import state
from mediation.domain.confirmations import Pressing, pressing, term_from, urgency
from mediation.enums import ConfirmationState, Urgency
from mediation.models import JudicialConfirmation

register = template.Library()

SHOWN = 10
TONES = {
    ConfirmationState.PREPARED: "amber", ConfirmationState.APPLIED: "blue", ConfirmationState.ACCEPTED: "blue",
    ConfirmationState.CONFIRMED: "green", ConfirmationState.DISMISSED: "red", ConfirmationState.WITHDRAWN: "grey",
}  # fmt: skip
URGENCY_TONES = {Urgency.CALM: "grey", Urgency.SOON: "amber", Urgency.URGENT: "red", Urgency.OVERDUE: "red"}


@register.simple_tag
def urgency_mark(confirmation):
    """How far the term has run, in words and colour; empty where there is nothing to apply for any more."""
    found = urgency(confirmation, timezone.localdate())
    return _mark(found) if found else ""


@register.simple_tag
def application_term(agreement):
    """Of an agreement that could be taken to a court: the last day for that, and how far the term has run. Empty where
    no rule is known for its day."""
    try:
        due_on = term_from(agreement.effective_on).due_on
    except DomainError:
        return ""
    found = pressing(agreement.effective_on, due_on, timezone.localdate())
    return format_html("{} {}", date_format(due_on), _mark(found))


def _mark(found: Pressing):
    return state(found.words, URGENCY_TONES[found.level])


@register.simple_tag
def confirmation_state(confirmation):
    return state(confirmation.get_state_display(), TONES[confirmation.state])


@register.inclusion_tag("mediation/admin/_to_court.html")
def to_be_taken_to_court(user) -> dict:
    """What is prepared and not applied for yet, of the user's agencies, the first last day first."""
    if not user.has_perm("mediation.change_judicialconfirmation"):
        return {"shown": False}
    prepared = JudicialConfirmation.objects.visible_to(user).to_apply().select_related("agreement__case", "court")
    return {"shown": True, "rows": list(prepared.order_by("due_on", "pk")[:SHOWN])}
