"""Whether sessions lie within the times of their mediators, asked of one and of many at once."""

import datetime as dt

import pytest
from django.utils import timezone

from mediation.domain import outside_words, times_in, why_outside
from mediation.models import Mediator, Session
from registry.domain import load_calendar
from tests.factories import LeaveFactory, MediatorFactory, SessionFactory, WorkingHoursFactory
from tests.factories.cases import local
from tests.mediation.conftest import HOUR, NOW, THURSDAY

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def mediator(district):
    """Works on Thursday mornings; on leave on the 19th and 20th; from the 2nd to the 26th of November 2026."""
    one = MediatorFactory(
        agency=district, name="汤婕", active_from=dt.date(2026, 11, 2), active_to=dt.date(2026, 11, 27)
    )
    WorkingHoursFactory(mediator=one, weekday=3)
    LeaveFactory(mediator=one, starts_on=dt.date(2026, 11, 19), ends_on=dt.date(2026, 11, 20))
    LeaveFactory()  # of another
    return one


@pytest.mark.parametrize(
    ("starts", "words"),
    [
        (THURSDAY, ""),
        (THURSDAY + 3 * HOUR, "This is outside the working hours of the mediator."),
        (THURSDAY + DAY, "This is outside the working hours of the mediator."),
        (THURSDAY + 2 * DAY, "This day is no working day."),
        (THURSDAY + 7 * DAY, "汤婕 is on leave from 2026-11-19 to 2026-11-20."),
        (THURSDAY + 8 * DAY, "汤婕 is on leave from 2026-11-19 to 2026-11-20."),
        (THURSDAY + 14 * DAY, ""),
        (THURSDAY + 15 * DAY, "This person does not mediate on that day."),
        (local(2026, 10, 29), "This person does not mediate on that day."),
    ],
)
def test_many_sessions_are_told_the_same_as_one_without_a_further_query(
    in_english, mediator, starts, words, django_assert_num_queries
):  # fmt: skip
    session = SessionFactory(mediator=mediator, case__handling=mediator.agency, starts=starts)
    ends, calendar = session.period.upper, load_calendar()

    with django_assert_num_queries(1):
        brought = Session.objects.with_times(local(2026, 10, 1)).get(pk=session.pk).times
    with django_assert_num_queries(1):
        of_mediator = Mediator.objects.with_times(local(2026, 10, 1)).get(pk=mediator.pk)

    for times in (brought, of_mediator.times):
        assert outside_words(times_in(times), *_span(session), calendar) == words
    assert why_outside(Mediator.objects.get(pk=mediator.pk), starts, ends, calendar) == words


def test_a_mediator_of_whom_nothing_is_entered_keeps_office_hours(in_english, district):
    mediator = MediatorFactory(agency=district)
    starts = [THURSDAY, THURSDAY + 8 * HOUR]  # 9 and 17 o'clock
    sessions = [SessionFactory(case__handling=district, mediator=mediator, starts=one) for one in starts]

    known = Session.objects.with_times(NOW).in_bulk([one.pk for one in sessions])

    told = [outside_words(times_in(known[one.pk].times), *_span(one), load_calendar()) for one in sessions]
    assert told == ["", "This is outside the working hours of the mediator."]


def _span(session) -> tuple:
    return tuple(timezone.localtime(when) for when in (session.period.lower, session.period.upper))


def test_of_what_has_begun_or_is_over_nothing_is_told(mediator):
    on_leave = THURSDAY + 7 * DAY
    held = SessionFactory(mediator=mediator, starts=on_leave, held=True)
    cancelled = SessionFactory(mediator=mediator, starts=on_leave + HOUR, cancelled=True)
    ahead = SessionFactory(mediator=mediator, starts=on_leave + 2 * HOUR)

    def known(now, *mediators) -> set[int]:
        return {one.pk for one in Session.objects.with_times(now, list(mediators)) if one.times is not None}

    assert known(on_leave, mediator.pk) == set()
    assert known(on_leave, held.pk + 1_000_000) == {ahead.pk}
    assert known(on_leave) == known(on_leave + HOUR) == {ahead.pk}
    assert known(on_leave + 2 * HOUR) == set()
    assert {held.pk, cancelled.pk, ahead.pk} == set(Session.objects.values_list("pk", flat=True))
    assert outside_words(times_in(None), on_leave, on_leave + HOUR, load_calendar()) == ""
