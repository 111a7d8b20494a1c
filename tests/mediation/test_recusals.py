import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError

from cases.enums import State
from core.exceptions import DomainError
from mediation.domain import act_on, ask_recusal, decide_recusal, schedule
from mediation.enums import RecusalDecision, SessionVerb
from mediation.models import Recusal, Session
from tests.factories import AgencyFactory, EntrustmentFactory, MediatorFactory, RecusalFactory, UserFactory
from tests.factories.cases import local
from tests.mediation.conftest import HOUR, NOW, THURSDAY

pytestmark = pytest.mark.django_db
REASON = "与被投诉人有亲属关系"


@pytest.fixture
def head(district):
    return UserFactory(agency=district, roles=["approver"])


def ask(case, mediator, actor, **fields):
    given = {"side": "complainant", "reason": REASON, "now": NOW} | fields
    return ask_recusal(case, mediator, actor=actor, **given)


def test_mediation_waits_until_another_person_has_decided(in_english, case, clerk, head, place, at):
    recusal = ask(case, place.mediator, clerk)

    assert (recusal.decision, recusal.recorded_by, recusal.asked_at) == ("", clerk, NOW)
    pause = case.pauses.get()
    assert (pause.reason, pause.started_on, pause.ended_on) == ("recusal", NOW.date(), None)
    with pytest.raises(DomainError, match="Mediation waits"):
        schedule(case, at(), actor=clerk, now=NOW)

    decide_recusal(recusal, granted=False, actor=head, now=NOW + HOUR, note="理由不成立")

    recusal.refresh_from_db()
    pause.refresh_from_db()
    assert (recusal.decision, recusal.decided_by, recusal.note) == (RecusalDecision.DENIED, head, "理由不成立")
    assert pause.ended_on == NOW.date()
    assert schedule(case, at(), actor=clerk, now=NOW).mediator == place.mediator
    assert list(case.events.order_by("pk").values_list("verb", flat=True)) == ["pause", "resume"]


def test_whoever_is_granted_to_leave_leads_no_session_of_the_case(in_english, case, clerk, head, place, at, district):
    session = schedule(case, at(), actor=clerk, now=NOW)
    decide_recusal(ask(case, place.mediator, clerk), granted=True, actor=head, now=NOW)

    with pytest.raises(DomainError, match="has left this case. Move the session"):
        act_on(session, SessionVerb.HOLD, actor=clerk, now=THURSDAY + HOUR, outcome="agreement", minutes="双方同意",
               roll={one.pk: "present" for one in session.attendances.all()}, both_consent=True)
    other = MediatorFactory(agency=district)
    act_on(session, SessionVerb.MOVE, actor=clerk, now=NOW, appointment=at(mediator=other))

    assert Session.objects.get().mediator == other


def test_nobody_decides_on_what_he_recorded_or_on_himself(in_english, case, clerk, head, place):
    recusal = ask(case, place.mediator, head)
    place.mediator.user = UserFactory(agency=case.custodian, roles=["approver"])
    place.mediator.save()
    for actor in (head, place.mediator.user):
        with pytest.raises(DomainError, match="Someone other than the mediator"):
            decide_recusal(Recusal.objects.get(), granted=True, actor=actor, now=NOW)
    with pytest.raises(PermissionDenied):
        decide_recusal(recusal, granted=True, actor=clerk, now=NOW)
    assert Recusal.objects.get().decision == ""


def test_a_decision_is_made_once(in_english, case, clerk, head, place):
    recusal = ask(case, place.mediator, clerk)
    decide_recusal(recusal, granted=True, actor=head, now=NOW)

    with pytest.raises(DomainError, match="decided already"):
        decide_recusal(recusal, granted=False, actor=head, now=NOW)
    assert Recusal.objects.get().decision == RecusalDecision.GRANTED


def test_with_the_last_of_several_applications_mediation_goes_on(case, clerk, head, place, district):
    first, second = ask(case, place.mediator, clerk), ask(case, MediatorFactory(agency=district), clerk)
    assert case.pauses.count() == 1

    decide_recusal(first, granted=True, actor=head, now=NOW)
    assert case.pauses.get().ended_on is None
    decide_recusal(second, granted=False, actor=head, now=NOW)

    assert case.pauses.get().ended_on == NOW.date()


@pytest.mark.parametrize("reason", ["", "  亲属 "])
def test_an_application_gives_its_reason(in_english, case, clerk, place, reason):
    with pytest.raises(DomainError, match="Give the reason"):
        ask(case, place.mediator, clerk, reason=reason)
    assert not Recusal.objects.exists()
    assert not case.pauses.exists()


def test_an_application_is_about_a_mediator_of_the_case_and_pending_once(in_english, case, clerk, place):
    with pytest.raises(DomainError, match="does not mediate this case"):
        ask(case, MediatorFactory(agency=AgencyFactory()), clerk)
    ask(case, place.mediator, clerk)
    with pytest.raises(DomainError, match="still to be decided"):
        ask(case, place.mediator, clerk, side="respondent")
    assert Recusal.objects.count() == 1


def test_recusal_is_asked_for_while_a_case_is_mediated(in_english, case, clerk, place):
    type(case).objects.filter(pk=case.pk).update(state=State.CLOSED, outcome="settled", closed_at=local(2026, 11, 9))
    with pytest.raises(DomainError, match="while a complaint is being mediated"):
        ask(case, place.mediator, clerk)


def test_the_database_refuses_a_decision_by_whoever_recorded_the_application(case):
    recusal = RecusalFactory(case=case)
    with pytest.raises(IntegrityError, match="mediation_recusal_by_another"):
        Recusal.objects.filter(pk=recusal.pk).update(
            decision="granted", decided_at=NOW, decided_by=recusal.recorded_by
        )


def test_an_application_about_a_mediator_of_an_agency_above_is_seen_and_decided_by_those_of_the_case(
    case, clerk, head, district
):  # fmt: skip
    above = MediatorFactory(agency=district.parent)
    neighbour = UserFactory(agency=AgencyFactory(parent=district.parent), roles=["approver"])
    recusal = ask(case, above, clerk)
    RecusalFactory(mediator=above)  # of a case elsewhere

    assert list(Recusal.objects.visible_to(clerk)) == list(Recusal.objects.visible_to(head)) == [recusal]
    assert not Recusal.objects.visible_to(neighbour).exists()
    decide_recusal(recusal, granted=True, actor=head, now=NOW)

    recusal.refresh_from_db()
    assert recusal.decision == RecusalDecision.GRANTED


def test_an_application_in_an_entrusted_case_is_seen_by_those_who_mediate_it(case):
    council = AgencyFactory(council=True, parent=AgencyFactory(council=True))
    EntrustmentFactory(case=case, agency=council)
    recusal = RecusalFactory(case=case, mediator=MediatorFactory(agency=council.parent))
    theirs = UserFactory(agency=council, roles=["mediator"])

    assert list(Recusal.objects.visible_to(theirs)) == [recusal]
