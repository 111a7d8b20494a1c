"""The table of the green channel: each of its acts in each state of a complaint, here and with a platform."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied

from cases.domain import CHANNEL, pause_clocks, perform_in_channel
from cases.enums import Kind, State
from cases.models import Case, CaseEvent, Clock, ClockPause
from core.exceptions import TransitionNotAllowed
from tests.cases.domain.test_acts import NOW, POSSIBLE, in_state
from tests.factories import PlatformFactory, UserFactory, grant

pytestmark = pytest.mark.django_db
DUE = dt.date(2026, 11, 24)
DATA = {
    "refer_channel": {"due_on": DUE}, "settle_channel": {}, "decline_channel": {"note": "非本平台订单"},
    "recall_channel": {"note": "消费者要求调解"}, "lapse_channel": {"last_on": dt.date(2026, 11, 10)},
}  # fmt: skip
# written by hand: what is done here and what while a platform has the complaint, and where it leaves it
HERE = {State.REGISTERED: ["refer_channel"], State.ACCEPTED: ["refer_channel"]}
AWAY = ["settle_channel", "decline_channel", "recall_channel", "lapse_channel"]
LEADS_TO = {"settle_channel": State.ENDED}


def stored():
    return [list(model.objects.order_by("pk").values()) for model in (Case, CaseEvent, Clock, ClockPause)]


def do(case, verb, user):
    platform = {"platform": PlatformFactory()} if verb == "refer_channel" else {}
    return perform_in_channel(
        case, verb, actor=user, among=Case.objects.filter(pk=case.pk), now=NOW, **DATA[verb], **platform
    )


@pytest.fixture
def user(world):
    """Someone who may do all of it, which no role does."""
    user = UserFactory(agency=world.district)
    grant(user, "refer_case", "settle_channel")
    return user


def test_every_act_has_its_data_and_its_place():
    assert {step.verb for step in CHANNEL} == set(DATA) == {"refer_channel", *AWAY}


@pytest.mark.parametrize("state", POSSIBLE[Kind.COMPLAINT])
@pytest.mark.parametrize("verb", DATA)
def test_a_complaint_that_is_here_is_referred_and_nothing_else(world, user, state, verb):
    case = in_state(world, Kind.COMPLAINT, state)
    before = stored()

    if verb in HERE.get(state, []):
        event = do(case, verb, user)
        assert (event.verb, event.before, event.after, event.actor) == (verb, state, state, user)
        assert case.pauses.get().reason == "green_channel"
        return
    with pytest.raises(TransitionNotAllowed):
        do(case, verb, user)
    assert stored() == before


@pytest.mark.parametrize("state", HERE)
@pytest.mark.parametrize("verb", DATA)
def test_a_complaint_that_is_away_is_settled_or_comes_back(world, user, state, verb):
    case = in_state(world, Kind.COMPLAINT, state)
    do(case, "refer_channel", user)
    before = stored()

    if verb in AWAY:
        event = do(case, verb, user)
        case.refresh_from_db()
        assert (event.before, event.after) == (state, LEADS_TO.get(verb, state))
        assert case.state == event.after
        assert not case.pauses.filter(ended_on=None).exists()
        return
    with pytest.raises(TransitionNotAllowed):
        do(case, verb, user)
    assert stored() == before


@pytest.mark.parametrize("verb", AWAY)
def test_one_in_mediation_that_an_import_says_is_away(world, user, verb):
    case = in_state(world, Kind.COMPLAINT, State.MEDIATING)
    pause_clocks(case, reason="green_channel", started_on=NOW.date(), document="转办", actor=user, now=NOW)

    event = do(case, verb, user)

    assert (event.before, event.after) == (State.MEDIATING, LEADS_TO.get(verb, State.MEDIATING))
    assert not case.pauses.filter(ended_on=None).exists()


@pytest.mark.parametrize("kind", [Kind.REPORT, Kind.INQUIRY])
def test_only_complaints_go_there(world, user, kind):
    case = in_state(world, kind, State.REGISTERED)
    before = stored()

    with pytest.raises(TransitionNotAllowed):
        do(case, "refer_channel", user)
    assert stored() == before


@pytest.mark.parametrize(
    ("role", "verbs"), [("officer", AWAY[:2]), ("platform_partner", ["refer_channel", "recall_channel"])]
)
def test_each_side_does_its_own(world, user, role, verbs):
    """Time brings about the rest, for nobody."""
    case = in_state(world, Kind.COMPLAINT, State.REGISTERED)
    if "refer_channel" not in verbs:
        do(case, "refer_channel", user)
    other = UserFactory(agency=world.district, roles=[role])
    before = stored()

    for verb in verbs:
        with pytest.raises(PermissionDenied):
            do(case, verb, other)
    assert stored() == before
