"""How pressing a confirmation is, and what is still to be taken to a court."""

import datetime as dt

from django import template
from django.core.cache import cache
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html

from core.exceptions import DomainError
from core.pagination import capped_counts
from core.templatetags.portal import state
from mediation.domain.confirmations import Pressing, confirmable_since, pressing, term_from, urgency
from mediation.enums import SOON_FROM, ConfirmationState, Urgency
from mediation.models import Agreement, JudicialConfirmation
from registry.domain.calendar import CACHE_SECONDS

register = template.Library()

SHOWN = 10
MOST = 100  # counted on the first page; the list behind the number has them all
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
    """What is prepared and can still be applied for in time, of the user's agencies, the first last day first; how many
    have had their last day, and for how many agreements nothing is prepared though the time runs out."""
    if not user.has_perm("mediation.change_judicialconfirmation"):
        return {"shown": False}
    today = timezone.localdate()
    in_time = JudicialConfirmation.objects.visible_to(user).in_time(today).select_related("agreement__case", "court")
    prepared = JudicialConfirmation.objects.parts_visible_to(user)
    late = [part.pressing(Urgency.OVERDUE, today) for part in prepared]
    overdue, unprepared = capped_counts([_any_of(late), _any_of(_unprepared(user, today))], cap=MOST)
    return {
        "shown": True, "most": MOST, "rows": list(in_time.order_by("due_on", "pk")[:SHOWN]),
        "overdue": overdue, "unprepared": unprepared, "soon_from": SOON_FROM,
    }  # fmt: skip


def _any_of(parts: list):
    """The keys of the rows of `parts`, those in several once, and no more of each part than are counted."""
    if len(parts) == 1:
        return parts[0]
    first, *others = (part.order_by().values("pk")[: MOST + 1] for part in parts)
    return first.union(*others)


def _unprepared(user, today: dt.date) -> list:
    """The agreements of the user's agencies that can still be taken to a court in time, though not for long, and for
    which nothing is prepared. The first of the days on which they may have taken effect is kept for a while."""
    key = f"mediation.confirmable_since.{today}"
    try:
        since = cache.get_or_set(key, lambda: confirmable_since(today), CACHE_SECONDS)
    except DomainError:  # no rule is known for the day
        return [Agreement.objects.none()]
    return [part.confirmable_soon(since, today) for part in Agreement.objects.parts_visible_to(user)]
