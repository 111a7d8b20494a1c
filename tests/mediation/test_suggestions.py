import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.exceptions import DomainError
from mediation.domain import Appointment, schedule, suggest
from tests.factories import (
    CategoryFactory,
    LeaveFactory,
    MediatorFactory,
    RecusalFactory,
    SessionFactory,
    UserFactory,
    WorkingHoursFactory,
)
from tests.mediation.conftest import HOUR, NOW, THURSDAY

pytestmark = pytest.mark.django_db


def test_who_is_free_comes_first_then_who_knows_the_field_then_who_has_least_to_do(
    in_english, case, district, clerk, django_assert_num_queries
):  # fmt: skip
    above = CategoryFactory()
    case.category = CategoryFactory(parent=above)
    case.save()
    idle, busy, expert, away, elsewhere, part_time = (
        MediatorFactory(agency=district, name=name)
        for name in ("idle", "busy", "expert", "away", "elsewhere", "part-time")
    )
    expert.fields.add(above)
    LeaveFactory(mediator=away)
    WorkingHoursFactory(mediator=part_time, weekday=0)
    SessionFactory(case__handling=district, mediator=elsewhere, starts=THURSDAY)
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(days=2)
    SessionFactory(case__handling=district, mediator=busy, starts=soon)
    gone = MediatorFactory(agency=district, name="gone")
    RecusalFactory(case=case, mediator=gone, decision="granted", decided_at=NOW, decided_by=UserFactory())

    found = suggest(case, THURSDAY + HOUR / 2, THURSDAY + HOUR)

    assert [one.mediator for one in found][:3] == [expert, idle, busy]
    assert [one.mediator.name for one in found if one.left] == [found[-1].mediator.name] == ["gone"]
    against = {one.mediator.name: one.against for one in found[3:]}
    assert against == {
        "away": ["away is on leave from 2026-11-09 to 2026-11-13."],
        "elsewhere": ["elsewhere leads another session from 2026-11-12 09:00 to 2026-11-12 10:00: remotely."],
        "part-time": ["This is outside the working hours of the mediator."],
        "gone": ["gone has left this case after an application for recusal."],
    }  # fmt: skip
    for one in found:  # whoever is booked all the same is refused in the same words
        appointment = Appointment(one.mediator, THURSDAY + HOUR / 2, THURSDAY + HOUR, "remote", link="会议号 1")
        if not one.against:
            continue
        with pytest.raises(DomainError) as refusal:
            schedule(case, appointment, actor=clerk, now=NOW)
        assert [str(refusal.value)] == one.against
    with CaptureQueriesContext(connection) as few:
        suggest(case, THURSDAY, THURSDAY + HOUR)
    LeaveFactory(mediator=idle)
    MediatorFactory.create_batch(3, agency=district)
    with django_assert_num_queries(len(few)):
        suggest(case, THURSDAY, THURSDAY + HOUR)
    assert found[0].reasons == ["knows the field", "0 sessions in the next 14 days"]
    assert found[2].reasons == ["1 session in the next 14 days"]
