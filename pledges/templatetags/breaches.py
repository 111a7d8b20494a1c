"""The state of a breach as a mark."""

from django import template
from django.utils.html import format_html
from django.utils.translation import gettext as _

from core.templatetags.portal import state
from pledges.enums import BreachState
from pledges.models import Breach

register = template.Library()

TONES = {
    BreachState.SUSPECTED: "amber", BreachState.CONFIRMED: "red", BreachState.DISMISSED: "grey",
    BreachState.WARNED: "blue", BreachState.CORRECTING: "amber", BreachState.CORRECTED: "green",
    BreachState.SUSPENDED: "red", BreachState.REINSTATED: "green", BreachState.REMOVED: "red",
}  # fmt: skip


@register.simple_tag
def breach_state(breach: Breach):
    """The state; of a suspicion that no longer matches, that too."""
    mark = state(breach.get_state_display(), TONES[breach.state])
    if breach.state == BreachState.SUSPECTED and not breach.matches:
        return format_html("{} {}", mark, _("(no longer under the promise)"))
    return mark
