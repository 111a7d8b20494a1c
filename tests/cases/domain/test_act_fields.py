"""The table of what each act asks for, held against the table of acts, the pages and what `perform` refuses."""

import re
from collections.abc import Iterator

import pytest
from django.db import transaction
from django.db.models import Model
from django.urls import reverse

from cases.domain import WORKFLOWS, available_acts, perform
from cases.enums import GroundPurpose, Kind, State
from cases.models import (
    Case,
    CaseEvent,
    CaseReference,
    Clock,
    ClockChange,
    ClockPause,
    Extension,
    Party,
    Recovery,
    Supervision,
)
from core.exceptions import DomainError, TransitionNotAllowed
from tests.cases.act_fields import FIELDS, JOINT, UNASKED, fields_of
from tests.cases.domain.test_acts import (
    DATA,
    NOW,
    OFFERED,
    POSSIBLE,
    RECEIVED,
    given,
    ground,
    in_state,
    register,
)
from tests.factories import CaseFactory, UserFactory

pytestmark = pytest.mark.django_db


def ready(world, kind) -> Iterator[tuple[Case, str]]:
    """A case of that kind in each of its states and situations, with each act that is legal in it."""
    for state in POSSIBLE[kind]:
        case = in_state(world, kind, state)
        yield from ((case, verb) for verb in OFFERED[kind, state])
    if kind == Kind.INQUIRY:
        there = CaseFactory(kind=kind, source="national12315", handling=world.district, received_at=RECEIVED)
        perform(there, "answer", actor=world.officer, now=NOW, **DATA["answer"])
        yield there, "enter_national"
        return
    paused = in_state(world, kind, State.ACCEPTED)
    perform(paused, "pause", actor=world.officer, now=NOW, **DATA["pause"])
    yield paused, "resume"
    if kind == Kind.REPORT:
        asked = in_state(world, kind, State.ACCEPTED)
        perform(asked, "ask_extension", actor=world.officer, now=NOW, **DATA["ask_extension"])
        yield from ((asked, verb) for verb in ("grant_extension", "deny_extension"))
    else:
        told = in_state(world, kind, State.ENDED)
        for side in ("complainant", "respondent"):
            perform(told, "inform", actor=world.officer, now=NOW, side=side, **DATA["inform"])
        yield told, "close"
        yield register(world, people=2), "represent"
        promised = in_state(world, kind, State.MEDIATING)
        perform(promised, "post_recovery", actor=world.officer, now=NOW, **DATA["post_recovery"])
        yield from ((promised, verb) for verb in ("pay_recovery", "reverse_recovery"))


def verbs_of(kind) -> set[str]:
    return {str(step.verb) for step in WORKFLOWS[kind]}


def shown(html: str) -> set[str]:
    """The names of what can be filled in."""
    form = html[html.index("<form") : html.index("</form>")]
    return set(re.findall(r'<(?:input|select|textarea)\b[^>]*?\bname="([^"]+)"', form)) - {"csrfmiddlewaretoken", "seen"}


def stored() -> dict:
    """All that an act could write, but for documents and accounts."""
    tables = (Case, CaseEvent, CaseReference, Clock, ClockChange, ClockPause, Extension, Party, Recovery, Supervision)
    return {model: list(model.objects.order_by("pk").values()) for model in tables}


def test_the_table_names_every_act_and_no_other():
    named = {(kind, verb) for kind in Kind for verb in verbs_of(kind) if verb in FIELDS or (kind, verb) in FIELDS}

    assert named == {(kind, verb) for kind in Kind for verb in verbs_of(kind)}
    assert {key if isinstance(key, str) else key[1] for key in FIELDS} == set().union(*map(verbs_of, Kind))


@pytest.mark.parametrize("kind", Kind)
def test_the_table_of_acts_needs_and_takes_just_that(kind):
    for step in WORKFLOWS[kind]:
        needed, optional = fields_of(kind, step.verb)

        assert set(step.needs) == needed, step.verb
        assert set(step.takes) == optional | UNASKED.get(step.verb, set()), step.verb


@pytest.mark.parametrize("kind", Kind)
def test_the_page_of_every_act_asks_for_just_that(world, client, kind):
    client.force_login(world.head)
    reached = set()
    for case, verb in ready(world, kind):
        needed, optional = fields_of(kind, verb)

        response = client.get(reverse("cases:act", args=[case.number, verb]), headers={"HX-Request": "true"})

        assert response.status_code == 200, (case.state, verb)
        fields = {name: field for name, field in response.context["form"].fields.items() if name != "seen"}
        assert set(fields) == needed | optional - JOINT, (case.state, verb)
        assert {name for name, field in fields.items() if field.required} == needed, (case.state, verb)
        assert shown(response.content.decode()) == set(fields), (case.state, verb)
        reached.add(str(verb))
    assert reached == verbs_of(kind)


@pytest.mark.parametrize("verb", ["agree", "settle", "withdraw", "terminate"])
def test_a_joint_complaint_asks_for_the_consent_of_the_represented(world, client, verb):
    case = register(world, people=3)
    perform(case, "accept", actor=world.officer, now=NOW)
    perform(case, "mediate", actor=world.officer, now=NOW, **DATA["mediate"])
    client.force_login(world.officer)

    fields = client.get(reverse("cases:act", args=[case.number, verb])).context["form"].fields

    needed, optional = fields_of(Kind.COMPLAINT, verb)
    assert set(fields) - {"seen"} == needed | optional
    assert "represented_agree" in optional
    assert not fields["represented_agree"].required


@pytest.mark.parametrize("kind", Kind)
def test_without_any_of_what_it_needs_an_act_is_refused_and_changes_nothing(world, kind):
    done = set()
    for case, verb in ready(world, kind):
        if verb in done:
            continue
        data, head = given(world, case, verb), UserFactory(agency=world.district, roles=["officer", "approver"])
        assert verb in [step.verb for step in available_acts(Case.objects.get(pk=case.pk), head)]
        needed, _optional = fields_of(kind, verb)
        before = stored()
        for name in sorted(needed):
            rest = {key: value for key, value in data.items() if key != name}
            for without in (rest, *(rest | {name: empty} for empty in empties(data[name]))):
                with pytest.raises(DomainError, match=rf"\b{name}\b") as refused:
                    perform(case, verb, actor=head, now=NOW, **without)
                assert not isinstance(refused.value, TransitionNotAllowed)
                assert stored() == before, (verb, name)
        with transaction.atomic():  # nothing but that was wrong
            perform(case, verb, actor=head, now=NOW, **data)
            transaction.set_rollback(True)
        case.refresh_from_db()
        done.add(str(verb))
    assert done == verbs_of(kind)


def empties(value) -> list:
    """What an empty field may come as."""
    if value is True:
        return [None, False]
    if isinstance(value, list):
        return [None, []]
    return [None] if isinstance(value, Model) or not isinstance(value, str) else [None, "", "  "]


@pytest.mark.parametrize("position", [1, 8])
def test_what_a_ground_leaves_open_is_asked_for_beside_the_field(world, client, position):
    case = in_state(world, Kind.COMPLAINT, State.ACCEPTED)
    page, chosen = reverse("cases:act", args=[case.number, "terminate"]), ground(case, GroundPurpose.TERMINATE, position)
    client.force_login(world.officer)
    before = stored()

    response = client.post(page, {"ground": chosen.pk, "outcome": ""})

    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["outcome"]
    assert stored() == before
    assert client.post(page, {"ground": chosen.pk, "outcome": "withdrawn"}).status_code == 302
    assert Case.objects.get(pk=case.pk).outcome == "withdrawn"


@pytest.mark.parametrize(("position", "outcome"), [(2, "failed"), (7, "other")])
def test_a_ground_that_tells_the_outcome_needs_none(world, client, position, outcome):
    case = in_state(world, Kind.COMPLAINT, State.ACCEPTED)
    chosen = ground(case, GroundPurpose.TERMINATE, position)
    client.force_login(world.officer)

    response = client.post(reverse("cases:act", args=[case.number, "terminate"]), {"ground": chosen.pk})

    assert response.status_code == 302
    assert Case.objects.get(pk=case.pk).outcome == outcome
