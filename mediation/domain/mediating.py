"""Who may mediate which case, and when: asked before a session is booked, and by the suggestions of mediators."""

import datetime as dt

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.models import Case
from core.working_days import Calendar
from mediation.enums import RecusalDecision
from mediation.hours import Hours, why_closed
from mediation.models import MediatedCase, Mediator, Session
from registry.domain import load_calendar
from registry.models import Agency

CLOSED_BECAUSE = {
    "several_days": gettext_lazy("A session begins and ends on one day."),
    "holiday": gettext_lazy("This day is a public holiday."),
    "rest_day": gettext_lazy("This day is no working day."),
    "hours": gettext_lazy("This is outside the working hours of the mediator."),
}


def cases_of(user) -> QuerySet[Case]:
    """The cases on whose mediation `user` may work."""
    return Case.objects.filter(pk__in=MediatedCase.objects.visible_to(user).order_by().values("pk"))


def cases_for(session: Session, user) -> QuerySet[Case]:
    """Those on which `user` may work in acts on the session: `cases_of`, and its own case for the mediator who leads it,
    though the case be of an agency above his."""
    if Session.objects.led_by(user).filter(pk=session.pk).exists():
        return Case.objects.filter(pk=session.case_id)
    return cases_of(user)


def cases_to_agree(session: Session | None, user) -> QuerySet[Case]:
    """Those on which `user` may work in acts on the agreement that the session came to: `cases_of`, and its own case for
    the mediator who leads it, as long as it is the last one that came to an agreement and he has not left the case."""
    if session is not None and Session.objects.agreed_under(user).filter(pk=session.pk).exists():
        return Case.objects.filter(pk=session.case_id)
    return cases_of(user)


def mediating_agency(case: Case) -> Agency:
    """Whose mediators lead the sessions of a case: the body that it is entrusted to, else the agency that holds it."""
    entrusted = case.entrustments.filter(ended_at__isnull=True).select_related("agency").first()
    return entrusted.agency if entrusted else case.custodian


def mediators_of(case: Case, day: dt.date) -> QuerySet[Mediator]:
    """Who may lead a session of the case on `day`: of the mediating agency, of one above it or below it; whoever has
    left the case after an application for recusal may not."""
    return mediators_near(case, day).exclude(pk__in=who_left(case))


def mediators_near(case: Case, day: dt.date) -> QuerySet[Mediator]:
    """`mediators_of`, and those who have left the case."""
    return Mediator.objects.active_on(day).near(mediating_agency(case))


def who_left(case: Case) -> QuerySet:
    """The keys of the mediators who have left the case after an application for recusal."""
    return case.recusals.filter(decision=RecusalDecision.GRANTED).values_list("mediator", flat=True)


def left_words(mediator: Mediator) -> str:
    """That `mediator` has left the case."""
    return _("%(mediator)s has left this case after an application for recusal.") % {"mediator": mediator}


def why_outside(mediator: Mediator, starts: dt.datetime, ends: dt.datetime, calendar: Calendar) -> str:
    """Why what is booked from `starts` to `ends` lies outside the times of `mediator`: he does not mediate then, or
    `why_not_bookable`; empty where it does not."""
    day = timezone.localdate(starts)
    if mediator.active_from and day < mediator.active_from or mediator.active_to and day >= mediator.active_to:
        return _("This person does not mediate on that day.")
    return why_not_bookable(mediator, starts, ends, calendar)


def sessions_outside(mediator: Mediator, sessions: QuerySet[Session], now: dt.datetime) -> list[Session]:
    """Those of `sessions` that are ahead of `mediator`, and that could not be booked with him as his hours, leave and
    activity are now; the earliest first."""
    mediator = Mediator.objects.prefetch_related("hours", "leaves").get(pk=mediator.pk)
    ahead = sessions.scheduled().filter(mediator=mediator, period__startswith__gt=now).select_related("case")
    calendar = load_calendar()
    return [
        session for session in ahead.order_by("period", "pk")
        if why_outside(mediator, session.period.lower, session.period.upper, calendar)
    ]


def why_not_bookable(mediator: Mediator, starts: dt.datetime, ends: dt.datetime, calendar: Calendar) -> str:
    """Why `mediator` cannot be booked from `starts` to `ends`, whatever else he has to do then; empty where he can. Asked
    of many, they come with their `hours` and `leaves`."""
    first, last = timezone.localtime(starts), timezone.localtime(ends)
    for leave in mediator.leaves.all():
        if leave.starts_on <= last.date() and leave.ends_on >= first.date():
            return _("%(mediator)s is on leave from %(first)s to %(last)s.") % {
                "mediator": mediator, "first": leave.starts_on, "last": leave.ends_on,
            }  # fmt: skip
    weekly = [Hours(one.weekday, one.starts, one.ends) for one in mediator.hours.all()]
    reason = why_closed(first, last, weekly, calendar)
    return str(CLOSED_BECAUSE[reason]) if reason else ""
