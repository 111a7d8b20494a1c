"""What people decide of a suspected breach, and what follows for the pledge."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from cases.models import CaseChange
from core.exceptions import DomainError, TransitionNotAllowed
from core.workflow import last_event_id
from pledges.domain import BREACH, act_on_breach, act_on_pledge
from pledges.enums import BreachState, BreachVerb
from pledges.models import Breach, BreachEvent, Pledge, PledgeEvent, Suspension
from tests.factories import (
    AgencyFactory,
    BreachFactory,
    CaseFactory,
    PledgeFactory,
    PremisesFactory,
    UserFactory,
)
from tests.factories.cases import local

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
day = dt.date
NOW, TODAY = local(2026, 11, 23, 16), day(2026, 11, 23)
REASON = "门店拒绝七日内退货"


@pytest.fixture
def pledge(premises):
    return PledgeFactory(
        premises=premises, in_force=True, published_on=day(2025, 1, 1), valid_to=day(2027, 12, 31)
    )


@pytest.fixture
def breach(pledge, district):
    return BreachFactory(pledge=pledge, case__handling=district)


@pytest.fixture
def confirmed(pledge, district):
    return BreachFactory(pledge=pledge, case__handling=district, confirmed=True)


@pytest.fixture
def officer(district):
    return UserFactory(agency=district, roles=["officer"])


def do(breach, *verbs, actor, **data):
    """The last event; each verb is done with a reason."""
    for verb in verbs:
        event = act_on_breach(breach, verb, actor=actor, now=NOW, note=REASON, **data)
    return event


def stored():
    models = (Breach, BreachEvent, Pledge, PledgeEvent, Suspension)
    return [list(model.objects.order_by("pk").values()) for model in models]


@pytest.mark.parametrize(("verb", "state"), [("confirm", "confirmed"), ("dismiss", "dismissed")])
@pytest.mark.parametrize("role", ["clerk", "officer", "head"])
def test_somebody_decides_for_a_reason(request, breach, verb, state, role):
    actor = request.getfixturevalue(role)

    event = do(breach, verb, actor=actor)

    breach.refresh_from_db()
    assert (breach.state, breach.decided_at, breach.due_on) == (state, NOW, None)
    assert (event.verb, event.before, event.after, event.actor, event.note) == (
        verb, "suspected", state, actor, REASON,
    )  # fmt: skip
    assert PledgeEvent.objects.count() == 0


@pytest.mark.parametrize("verb", ["confirm", "dismiss"])
@pytest.mark.parametrize("reason", ["", "   ", "退货吧"])
def test_without_a_reason_nothing_is_decided(breach, officer, verb, reason):
    before = stored()
    with pytest.raises(DomainError, match="Missing: note|at least 5 characters"):
        act_on_breach(breach, verb, actor=officer, now=NOW, note=reason)
    assert stored() == before


def test_what_was_decided_is_taken_up_again_and_looked_at(breach, officer):
    for verb in ("dismiss", "confirm"):
        do(breach, verb, actor=officer)
        CaseChange.objects.all().delete()

        do(breach, "reopen", actor=officer)

        breach.refresh_from_db()
        assert (breach.state, breach.decided_at) == ("suspected", None)
        assert list(CaseChange.objects.values_list("case", flat=True)) == [breach.case_id]


def test_a_warning_stands_at_the_pledge_too(confirmed, pledge, clerk):
    event = do(confirmed, "warn", actor=clerk, on=day(2026, 11, 20), letter="西市监告诫〔2026〕3号")

    warned = pledge.events.get()
    assert (confirmed.state, warned.verb, warned.note, warned.actor, warned.data) == (
        "warned", "warn", REASON, clerk, {"on": "2026-11-20"},
    )  # fmt: skip
    assert event.data == {"on": "2026-11-20", "letter": "西市监告诫〔2026〕3号", "pledge_event": warned.pk}
    assert Pledge.objects.get().state == "in_force"


def test_a_correction_has_its_clock_and_is_accepted(confirmed, pledge, clerk):
    do(confirmed, "warn", actor=clerk)
    # fifteen working days from Monday 23 November
    ordered = do(confirmed, "rectify", actor=clerk)

    confirmed.refresh_from_db()
    assert (confirmed.state, confirmed.due_on) == ("correcting", day(2026, 12, 14))
    assert Pledge.objects.get().correct_by == day(2026, 12, 14)
    assert (ordered.data["correct_by"], ordered.data["pledge_event"]) == (
        "2026-12-14", pledge.events.get(verb="rectify").pk,
    )  # fmt: skip
    assert not Breach.objects.late(day(2026, 12, 14)).exists()
    assert Breach.objects.late(day(2026, 12, 15)).get() == confirmed

    do(confirmed, "correct", actor=clerk)

    assert (confirmed.state, confirmed.due_on, Pledge.objects.get().correct_by) == ("corrected", day(2026, 12, 14), None)
    assert not Breach.objects.late(day(2027, 1, 1)).exists()


def test_a_day_of_its_own_for_a_correction(confirmed, clerk):
    do(confirmed, "rectify", actor=clerk, correct_by=day(2026, 11, 30))
    assert Breach.objects.get().due_on == day(2026, 11, 30)


def test_suspension_and_the_way_back(confirmed, pledge, head):
    suspended = do(confirmed, "suspend", actor=head, on=day(2026, 11, 20))
    assert (confirmed.state, Pledge.objects.get().state) == ("suspended", "suspended")
    assert suspended.data == {"on": "2026-11-20", "pledge_event": pledge.events.get().pk}

    do(confirmed, "reinstate", actor=head)

    assert (confirmed.state, Pledge.objects.get().state) == ("reinstated", "in_force")
    assert list(Suspension.objects.values_list("since", "until", "reason")) == [(day(2026, 11, 20), TODAY, REASON)]


def test_a_correction_that_was_ordered_before_a_suspension_is_accepted_after_it(confirmed, clerk, head):
    do(confirmed, "rectify", actor=clerk)
    do(confirmed, "suspend", "reinstate", actor=head)

    do(confirmed, "correct", actor=clerk)

    assert (confirmed.state, Pledge.objects.get().correct_by) == ("corrected", None)


def test_without_an_order_there_is_no_correction_to_accept(confirmed, clerk, head, pledge):
    act_on_pledge(pledge, "rectify", actor=clerk, now=NOW, note=REASON)
    do(confirmed, "suspend", "reinstate", actor=head)

    with pytest.raises(TransitionNotAllowed, match="No correction has been ordered"):
        do(confirmed, "correct", actor=clerk)
    assert Pledge.objects.get().correct_by is not None


@pytest.mark.parametrize("first", [(), ("warn",), ("rectify",), ("suspend",), ("suspend", "reinstate")])
def test_removal(confirmed, pledge, head, first):
    event = do(confirmed, *first, "remove", actor=head)

    assert (confirmed.state, Pledge.objects.get().state, Pledge.objects.get().ended_on) == ("removed", "revoked", TODAY)
    assert event.data == {"on": "2026-11-23", "pledge_event": pledge.events.get(verb="revoke").pk}


# ---- what the pledge has already


def test_a_second_breach_is_joined_to_what_was_done_for_the_first(confirmed, pledge, clerk, head, district):
    second = BreachFactory(pledge=pledge, case__handling=district, confirmed=True)
    for verb, actor in (
        ("rectify", clerk), ("suspend", head), ("reinstate", head), ("correct", clerk),
    ):
        done = do(confirmed, verb, actor=actor)
        joined = do(second, verb, actor=actor)
        assert joined.data["pledge_event"] == done.data["pledge_event"], verb
    assert (second.state, second.due_on) == ("corrected", confirmed.due_on)
    assert pledge.events.count() == 4

    third = BreachFactory(pledge=pledge, case__handling=district, confirmed=True)
    fourth = BreachFactory(pledge=pledge, case__handling=district, confirmed=True)
    revoked = do(third, "remove", actor=head)
    assert do(fourth, "remove", actor=head).data["pledge_event"] == revoked.data["pledge_event"]


def test_what_was_done_on_the_pledges_own_page_is_taken_over(confirmed, pledge, clerk):
    do(confirmed, "rectify", actor=clerk)
    accepted = act_on_pledge(pledge, "correct", actor=clerk, now=NOW, note="已改正，予以认可")

    assert do(confirmed, "correct", actor=clerk).data["pledge_event"] == accepted.pk
    assert confirmed.state == "corrected"


def test_a_correction_that_is_under_way_has_its_last_day(confirmed, pledge, clerk, district):
    """Another day that is asked for is not dropped in silence."""
    do(confirmed, "rectify", actor=clerk, correct_by=day(2026, 12, 31))
    second = BreachFactory(pledge=pledge, case__handling=district, confirmed=True)
    before = stored()

    with pytest.raises(DomainError, match="until 2026-12-31 is under way already. Leave the last day empty"):
        do(second, "rectify", actor=clerk, correct_by=day(2026, 12, 1))
    assert stored() == before
    do(second, "rectify", actor=clerk, correct_by=day(2026, 12, 31))
    assert (second.state, second.due_on) == ("correcting", day(2026, 12, 31))


def test_a_correction_of_the_yearly_evaluation_is_joined_too(confirmed, pledge, clerk):
    ordered = act_on_pledge(pledge, "evaluate", actor=clerk, now=NOW, year=2026, result="rectify", note="价签不全")

    assert do(confirmed, "rectify", actor=clerk).data["pledge_event"] == ordered.pk
    assert Breach.objects.get().due_on == day(2026, 12, 14)


def test_to_what_has_ended_nothing_is_done_any_more(confirmed, pledge, clerk, head):
    Pledge.objects.update(state="expired", valid_to=day(2026, 11, 22))
    before = stored()
    for verb, actor in (("warn", clerk), ("rectify", clerk), ("suspend", head), ("remove", head)):
        with pytest.raises(TransitionNotAllowed, match="does not apply in the state “Expired”"):
            do(confirmed, verb, actor=actor)
    assert stored() == before
    assert BREACH.available(Breach.objects.get(), head) == [BREACH["reopen"]]


def test_what_the_pledge_refuses_is_done_to_neither(confirmed, clerk):
    before = stored()
    with pytest.raises(DomainError, match="does not lie before its order"):
        do(confirmed, "rectify", actor=clerk, correct_by=day(2026, 11, 22))
    with pytest.raises(DomainError, match="between the last act on this pledge"):
        do(confirmed, "warn", actor=clerk, on=day(2026, 11, 24))
    assert stored() == before


# ---- who and when

STATES = {
    "confirm": ["suspected"], "dismiss": ["suspected"], "reopen": ["dismissed", "confirmed"], "warn": ["confirmed"],
    "letter": ["warned", "correcting"], "rectify": ["confirmed", "warned"], "correct": ["correcting", "reinstated"],
    "suspend": ["confirmed", "warned", "correcting", "reinstated"], "reinstate": ["suspended"],
    "remove": ["confirmed", "warned", "correcting", "suspended", "reinstated"],
}  # fmt: skip
REFUSED = [(verb, state) for verb, sources in STATES.items() for state in BreachState.values if state not in sources]


def test_every_verb_is_tried_here():
    assert set(STATES) == {step.verb for step in BREACH} == set(BreachVerb.values) - {"find", "renew", "lose"}


@pytest.mark.parametrize(("verb", "state"), REFUSED)
def test_each_verb_in_its_states_alone(pledge, district, verb, state):
    decided_at = None if state == "suspected" else local(2026, 11, 20)
    due_on = day(2026, 12, 1) if state in ("correcting", "corrected") else None
    breach = BreachFactory(
        pledge=pledge, case__handling=district, state=state, decided_at=decided_at, due_on=due_on
    )
    before, everyone = stored(), UserFactory(agency=district, roles=["pledge_clerk", "approver"])

    with pytest.raises(TransitionNotAllowed):
        do(breach, verb, actor=everyone)

    assert stored() == before
    assert BREACH[verb] not in BREACH.available(breach, everyone)


@pytest.mark.parametrize("verb", STATES)
def test_nobody_else_decides_or_does_anything(pledge, district, verb):
    state = STATES[verb][0]
    breach = BreachFactory(
        pledge=pledge, case__handling=district, state=state, decided_at=None if state == "suspected" else NOW,
        due_on=day(2026, 12, 1) if state == "correcting" else None,
    )  # fmt: skip
    before = stored()
    for actor in (
        UserFactory(agency=AgencyFactory(), roles=["pledge_clerk", "approver", "officer"]),
        *(UserFactory(agency=district, roles=[role]) for role in ("regulator", "mediator", "clerk")),
        UserFactory(agency=district), UserFactory(agency=AgencyFactory(), roles=["city_regulator"]),
    ):
        with pytest.raises(PermissionDenied):
            do(breach, verb, actor=actor)
    assert stored() == before


@pytest.mark.parametrize("verb", ["suspend", "reinstate", "remove"])
def test_a_clerk_decides_nothing_about_the_pledge(pledge, district, clerk, verb):
    breach = BreachFactory(pledge=pledge, case__handling=district, state=STATES[verb][0], decided_at=NOW)
    with pytest.raises(PermissionDenied):
        do(breach, verb, actor=clerk)


@pytest.mark.parametrize("verb", ["warn", "rectify"])
def test_whoever_has_only_the_case_does_nothing_to_the_pledge(confirmed, officer, verb):
    before = stored()
    with pytest.raises(PermissionDenied):
        do(confirmed, verb, actor=officer)
    assert stored() == before


def test_an_officer_decides_about_his_case_although_the_pledge_is_of_others(district, officer):
    breach = BreachFactory(case__handling=district)

    do(breach, "confirm", actor=officer)

    assert breach.state == "confirmed"


def test_who_has_the_case_alone_does_nothing_to_a_pledge_of_others(district, clerk, head):
    breach = BreachFactory(case__handling=district, confirmed=True)
    second = BreachFactory(
        pledge=breach.pledge, case=CaseFactory(handling=district, merchant=breach.case.merchant), confirmed=True
    )
    before = stored()
    for verb, actor in (("warn", clerk), ("suspend", head), ("remove", head)):
        with pytest.raises(PermissionDenied):
            do(breach, verb, actor=actor)
    assert stored() == before
    # nor is it joined to what its keepers have done
    keeper = UserFactory(agency=breach.pledge.agency, roles=["approver"])
    act_on_pledge(breach.pledge, "suspend", actor=keeper, now=NOW, note=REASON)
    with pytest.raises(PermissionDenied):
        do(second, "suspend", actor=head)


def test_who_sees_it(pledge, district):
    here, elsewhere = AgencyFactory(), AgencyFactory()
    breach = BreachFactory(pledge=pledge, case__handling=here)

    def seen(role, agency):
        return Breach.objects.visible_to(UserFactory(agency=agency, roles=[role])).filter(pk=breach.pk).exists()

    assert [seen("regulator", agency) for agency in (district, here, elsewhere, district.parent)] == [
        True, True, False, True,
    ]  # fmt: skip
    assert [seen(role, elsewhere) for role in ("officer", "pledge_clerk", "approver", "city_regulator")] == [
        False, False, False, True,
    ]  # fmt: skip
    assert [seen(role, district) for role in ("officer", "pledge_clerk", "approver")] == [True, True, True]
    assert [seen(role, district) for role in ("mediator", "clerk", "platform_partner")] == [False, False, False]
    assert not Breach.objects.visible_to(UserFactory(roles=["regulator"], agency=None)).exists()
    events = BreachEvent.objects.visible_to(UserFactory(agency=elsewhere, roles=["regulator"]))
    assert not events.exists()


def test_an_agency_that_sees_few_sees_those_of_its_pledges_and_of_its_cases(pledge, district):
    """They are found in another way than those of the city and its districts."""
    station, council = AgencyFactory(kind="station", parent=district), AgencyFactory(council=True)
    of_case = BreachFactory(pledge=pledge, case__handling=council)
    of_pledge = BreachFactory(pledge__agency=station)
    BreachFactory()

    def seen(agency, role="regulator"):
        return set(Breach.objects.visible_to(UserFactory(agency=agency, roles=[role])))

    assert seen(council) == {of_case}
    assert seen(station) == {of_pledge}
    assert seen(district) == {of_case, of_pledge}


def test_what_was_not_seen_is_not_decided_on(breach, officer, clerk):
    seen = last_event_id(breach)
    do(breach, "dismiss", actor=clerk)
    do(breach, "reopen", actor=clerk)
    before = stored()

    with pytest.raises(TransitionNotAllowed, match="Someone else has worked on this since you opened it"):
        act_on_breach(breach, "confirm", actor=officer, now=NOW, seen=seen, note=REASON)

    assert stored() == before


# ---- what the database keeps


@pytest.mark.parametrize(("facts", "constraint"), [
    ({"state": "confirmed"}, "breach_decided"), ({"decided_at": NOW}, "breach_decided"),
    ({"state": "correcting", "decided_at": NOW}, "breach_correction"), ({"due_on": TODAY}, "breach_correction"),
    ({"state": "warned", "decided_at": NOW, "due_on": TODAY}, "breach_correction"),
    ({"state": "nonsense", "decided_at": NOW}, "breach_state_known"),
])  # fmt: skip
def test_the_database_refuses(breach, facts, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Breach.objects.update(**facts)


def test_a_case_stands_against_a_pledge_once(breach):
    with pytest.raises(IntegrityError, match="breach_once"), transaction.atomic():
        BreachFactory(case=breach.case, pledge=breach.pledge)
    BreachFactory(case=breach.case, pledge=PledgeFactory(premises=PremisesFactory(), in_force=True))
