"""Who may mediate which case, and when: asked before a session is booked, and by the suggestions of mediators."""

import datetime as dt
from typing import NamedTuple

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


class Times(NamedTuple):
    """When a mediator can be booked, as far as it is entered: a day of `leaves` is none, nor is one before `active_from`
    or from `active_to` on."""

    name: str
    active_from: dt.date | None
    active_to: dt.date | None
    hours: list[Hours]
    leaves: list[tuple[dt.date, dt.date]]


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
    return outside_words(_times_of(mediator), *_local(starts, ends), calendar)


def outside_words(times: Times | None, starts: dt.datetime, ends: dt.datetime, calendar: Calendar) -> str:
    """`why_outside` of local times, by what is known of the mediator already; empty where that is nothing. See
    `times_in`."""
    if times is None:
        return ""
    day = starts.date()
    if times.active_from and day < times.active_from or times.active_to and day >= times.active_to:
        return _("This person does not mediate on that day.")
    return _why_not_bookable(times, starts, ends, calendar)


def times_in(stored: dict | None) -> Times | None:
    """What `with_times` of sessions or mediators brings along."""
    if stored is None:
        return None
    day, time = dt.date.fromisoformat, dt.time.fromisoformat
    return Times(
        stored["name"], *(stored[name] and day(stored[name]) for name in ("active_from", "active_to")),
        [Hours(one["weekday"], time(one["starts"]), time(one["ends"])) for one in stored["hours"]],
        [(day(one["starts_on"]), day(one["ends_on"])) for one in stored["leaves"]],
    )  # fmt: skip


def _times_of(mediator: Mediator) -> Times:
    return Times(
        mediator.name, mediator.active_from, mediator.active_to,
        [Hours(one.weekday, one.starts, one.ends) for one in mediator.hours.all()],
        [(one.starts_on, one.ends_on) for one in mediator.leaves.all()],
    )  # fmt: skip


def _local(*times: dt.datetime) -> list[dt.datetime]:
    return [timezone.localtime(when) for when in times]


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
    return _why_not_bookable(_times_of(mediator), *_local(starts, ends), calendar)


def _why_not_bookable(times: Times, first: dt.datetime, last: dt.datetime, calendar: Calendar) -> str:
    for starts_on, ends_on in times.leaves:
        if starts_on <= last.date() and ends_on >= first.date():
            return _("%(mediator)s is on leave from %(first)s to %(last)s.") % {
                "mediator": times.name, "first": starts_on, "last": ends_on,
            }  # fmt: skip
    reason = why_closed(first, last, times.hours, calendar)
    return str(CLOSED_BECAUSE[reason]) if reason else ""
