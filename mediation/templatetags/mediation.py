"""What the first page of the administration tells a mediator of the day."""

import datetime as dt

from django import template
from django.utils import timezone

from cases.models import Clock
from mediation.models import MediatedCase, Session
from registry.domain.calendar import shown_calendar

register = template.Library()

SOON_DAYS = 7  # working days
SHOWN = 10  # rows of each list


@register.inclusion_tag("mediation/admin/_day.html", takes_context=True)
def mediators_day(context) -> dict:
    """Today's sessions, past ones without an outcome, cases to schedule, terms running out; of the user's agencies, his
    own sessions first."""
    user = context["request"].user
    if not user.has_perm("mediation.view_session"):
        return {"shown": False}
    today, now = timezone.localdate(), timezone.now()
    sessions = Session.objects.visible_to(user).select_related("case__merchant", "mediator", "room")
    cases = MediatedCase.objects.visible_to(user).in_mediation().select_related("merchant")
    until = shown_calendar().calendar().add_working_days(today, SOON_DAYS).due_on
    running = Clock.objects.ending().filter(case__in=cases.values("pk"), due_on__lte=until)
    days_sessions = list(sessions.standing().on(today).order_by("period"))
    return {
        "shown": True,
        "user": user,
        "may_schedule": user.has_perm("mediation.add_session"),
        "today": today,
        "sessions": sorted(days_sessions, key=lambda one: one.mediator.user_id != user.pk),
        "late": sessions.scheduled().filter(period__endswith__lt=now, period__startswith__gte=now - dt.timedelta(days=90))
        .order_by("-period")[:SHOWN],
        "to_schedule": cases.to_schedule().order_by("-received_at", "-pk")[:SHOWN],
        "terms": running.select_related("case__merchant", "rule").order_by("due_on", "pk")[:SHOWN],
    }
