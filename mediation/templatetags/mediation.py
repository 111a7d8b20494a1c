"""What the first page of the administration tells a mediator of the day."""

import datetime as dt

from django import template
from django.utils import timezone

from cases.domain.registration import MEDIATION_TERM
from cases.models import Clock
from mediation.domain import outside_words, times_in
from mediation.models import MediatedCase, Session
from mediation.querysets import first_of, of_case
from registry.domain.calendar import shown_calendar

register = template.Library()

SOON_DAYS = 7  # working days
AHEAD = dt.timedelta(hours=1)  # how far, what can no longer be held is looked for
SHOWN = 10  # rows of each list
LATE = dt.timedelta(days=90)  # whatever was to be held longer ago is found in the list of sessions
TODAY = 20  # sessions of the day, beside the user's own: a city has thousands


@register.inclusion_tag("mediation/admin/_day.html", takes_context=True)
def mediators_day(context) -> dict:
    """Today's sessions, those that can no longer be held, past ones without an outcome, cases to schedule, terms running
    out; of the user's agencies, his own sessions first. Of many sessions the earliest, and the page says so. Sessions of
    today that are ahead say why they lie outside the times of their mediator."""
    user = context["request"].user
    if not user.has_perm("mediation.view_session"):
        return {"shown": False}
    today, now = timezone.localdate(), timezone.now()
    sessions = Session.objects.visible_to(user).select_related("case__merchant", "mediator", "room")
    sessions = sessions.only(
        "period", "state", "mode", "place", "room__name", "mediator__name", "mediator__user", *of_case("case__")
    )
    parts = [part.in_mediation() for part in MediatedCase.objects.parts_visible_to(user)]
    calendar = shown_calendar().calendar()
    until = calendar.add_working_days(today, SOON_DAYS).due_on
    # no other term runs in mediation, and most of those that end first are not of such cases
    running = Clock.objects.ending().filter(due_on__lte=until, rule__code__in=MEDIATION_TERM.values())
    running = running.select_related("case", "rule")
    running = running.only("due_on", "rule__name", "rule__name_en", "case__number")
    days_sessions = Session.objects.visible_to(user).standing().on(today)
    # the keys first: the database would else join all the day's sessions with their cases to sort them
    of_others = days_sessions.exclude(mediator__user=user).order_by("period__startswith", "period", "pk")
    keys = days_sessions.filter(mediator__user=user).order_by().values("pk").union(
        of_others.values("pk")[: TODAY + 1], all=True
    )  # fmt: skip
    own, others = [], []
    for session in sessions.filter(pk__in=keys).with_times(now).order_by("period", "pk"):
        booked = (timezone.localtime(when) for when in (session.period.lower, session.period.upper))
        session.outside = outside_words(times_in(session.times), *booked, calendar)
        (own if session.mediator.user_id == user.pk else others).append(session)
    late = sessions.scheduled().filter(period__startswith__gte=now - LATE)
    # of what is further ahead the worker takes care; to look through it would take longer than the rest of the page
    near = late.filter(period__startswith__lte=now + AHEAD)
    stranded = list(near.stranded().order_by("period__startswith", "period", "pk")[:SHOWN])
    return {
        "shown": True,
        "user": user,
        "stranded": stranded,
        "lapsed": sessions.lapsed(now).order_by("period", "pk")[:SHOWN],
        "may_change": user.has_perm("mediation.change_session"),
        "may_schedule": user.has_perm("mediation.add_session"),
        "today": today,
        "sessions": own + others[:TODAY],
        "more_today": len(others) > TODAY,
        "most_today": TODAY,
        "late": late.filter(period__endswith__lt=now).exclude(pk__in=[one.pk for one in stranded])
        .order_by("-period__startswith", "-period", "-pk")[:SHOWN],
        "to_schedule": first_of(
            [
                part.to_schedule().select_related("merchant").only("received_at", *of_case(""))
                .order_by("-received_at", "-pk")
                for part in parts
            ],
            SHOWN, lambda case: (case.received_at, case.pk), last_first=True,
        ),
        "terms": first_of(
            [running.filter(case__in=part.values("pk")).order_by("due_on", "pk") for part in parts],
            SHOWN, lambda clock: (clock.due_on, clock.pk),
        ),
    }  # fmt: skip
