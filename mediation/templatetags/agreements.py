"""What is still to be done about agreements."""

import datetime as dt

from django import template
from django.utils import timezone

from core.templatetags.portal import state
from mediation.admin.agreements import TONES
from mediation.models import Agreement, Instalment, Session
from mediation.querysets import first_of, of_case

register = template.Library()

SHOWN = 10
COMING = dt.timedelta(days=14)  # how far ahead performance is looked at
DRAWN_UP_WITHIN = dt.timedelta(days=30)  # whatever came to an agreement longer ago is found in the list of sessions


@register.simple_tag
def agreement_state(agreement):
    return state(agreement.get_state_display(), TONES[agreement.state])


@register.inclusion_tag("mediation/admin/_to_perform.html")
def agreements_to_see_to(user) -> dict:
    """What came to an agreement and is not drawn up, what is not signed, and what is due to be performed, of the user's
    agencies."""
    if not user.has_perm("mediation.view_agreement"):
        return {"shown": False}
    today = timezone.localdate()
    drawn_up = Session.objects.of_agencies(user).to_draw_up(timezone.now() - DRAWN_UP_WITHIN)
    drafts = [
        part.to_sign().select_related("case__merchant").only("reached_on", "state", *of_case("case__"))
        for part in Agreement.objects.parts_visible_to(user)
    ]
    owed = [
        part.owed(today + COMING).select_related("agreement__case")
        .only("due_on", "what", "amount", "agreement__case__number")
        for part in Instalment.objects.parts_visible_to(user)
    ]  # fmt: skip
    return {
        "shown": True,
        "may_draw_up": user.has_perm("mediation.add_agreement"),
        "to_draw_up": drawn_up.select_related("case__merchant").only(*of_case("case__"))
        .order_by("-held_at", "-pk")[:SHOWN],
        "to_sign": first_of(
            [part.order_by("reached_on", "pk") for part in drafts], SHOWN, lambda one: (one.reached_on, one.pk)
        ),
        "owed": [
            (one, one.due_on < today)
            for one in first_of(
                [part.order_by("due_on", "pk") for part in owed], SHOWN, lambda one: (one.due_on, one.pk)
            )
        ],
    }
