"""Script typed into any text field stays text on every page that shows the case."""

import datetime as dt

import pytest
from django import forms
from django.db import transaction
from django.utils.html import escape

from cases.domain import WORKFLOWS, perform, register_case
from cases.enums import Kind, State
from cases.forms import act_form
from cases.forms.intake import IntakeForm, PersonForm
from cases.models import Case, Party
from core.workflow import last_event_id
from tests.cases.pages import SCRIPT, filled, filled_in, post, shown_to, text
from tests.factories import (
    AgencyFactory,
    CaseFactory,
    ClockFactory,
    ExtensionFactory,
    PartyFactory,
    RecoveryFactory,
    SupervisionFactory,
    UserFactory,
)
from tests.factories.cases import PERSON, local

pytestmark = pytest.mark.django_db
ACTS = [(kind, step.verb) for kind, workflow in WORKFLOWS.items() for step in workflow]
# what is asked for only sometimes, and here is
ALSO = {
    "agree": {"represented_agree": "on"}, "settle": {"represented_agree": "on"}, "withdraw": {"represented_agree": "on"},
    "terminate": {"outcome": "withdrawn", "represented_agree": "on"},
    "correct": {"goods": "净水器"}, "enter_national": {"number": "330100"},
}  # fmt: skip
FORMED = {"phone", "id_number", "target"}  # what is typed there has a form, and script has not
# who someone is and where he lives is masked on every page; `merchant` is the id of one that was chosen
UNSHOWN = {"name", "address", "merchant"}


@pytest.fixture
def reader(city):
    """Sees the case wherever it goes."""
    return UserFactory(agency=city, roles=["officer", "approver"])


@pytest.fixture
def pages(client, city, reader):
    """`pages()`: what the pages show that the cases are on."""
    auditor = UserFactory(agency=city, roles=["auditor"])

    def show():
        numbers = list(Case.objects.values_list("number", flat=True))
        read = ["/cases/", "/cases/queue/"]
        read += [f"/cases/{number}/{page}" for number in numbers for page in ("", "copy-out/")]
        return shown_to(client, [(reader, read), (auditor, [f"/audit/cases/{number}/" for number in numbers])])

    return show


def ready_for(step, kind, district):
    """A case on which the act can be done now, with all that it asks for."""
    AgencyFactory(parent=district, kind="station")
    UserFactory(agency=district, roles=["officer"])
    case = register_case(
        actor=UserFactory(agency=district, roles=["officer"]), kind=kind, received_at=local(2026, 11, 9),
        handling=district, people=[PERSON, PERSON], merchant_written="杭州测试商店", narrative="有质量问题",
        now=local(2026, 11, 9),
    )  # fmt: skip
    state = next(state for state in (State.REGISTERED, *step.sources) if state in step.sources)
    stamps = {"accepted_at": local(2026, 11, 10), "ended_at": local(2026, 11, 10), "closed_at": None}
    if state in (State.CLOSED, State.REFUSED, State.NOT_FILED):
        stamps["closed_at"] = local(2026, 11, 10)
    Case.objects.filter(pk=case.pk).update(state=state, national_entry="to_enter", **stamps)
    case.refresh_from_db()
    return case


def prepare(case, verb, head):
    """What must have come before."""
    if verb == "reply":
        SupervisionFactory(case=case)
    elif verb == "inform":
        if case.kind == Kind.REPORT:
            ClockFactory(case=case, code="report.inform")
        else:
            ClockFactory(case=case, code="complaint.notify_end", side="complainant")
    elif verb in ("ask_extension", "grant_extension", "deny_extension", "resume", "pause"):
        code = "report.verify" if case.kind == Kind.REPORT else "complaint.mediate"
        far = dt.date(2100, 1, 1)
        if not case.clocks.filter(rule__code=code).update(safe_on=far, due_on=far):
            ClockFactory(case=case, code=code, due_on=far)
    if verb in ("grant_extension", "deny_extension"):
        ExtensionFactory(case=case)
    elif verb == "resume":
        perform(
            case, "pause", actor=head, reason="testing", started_on=dt.date(2026, 11, 10), document="委托书"
        )
    elif verb in ("pay_recovery", "reverse_recovery"):
        RecoveryFactory(case=case, status="promised")
    elif verb == "merge":
        earlier = CaseFactory(report=True, handling=case.handling, merchant=case.merchant, received_at=local(2026, 11, 2))
        PartyFactory(case=earlier, reporter=True)
        return {"target": earlier.number}
    elif verb == "represent":
        return {"representatives": list(Party.objects.filter(case=case).values_list("pk", flat=True)[:1])}
    return {}


def seen_as_text(shown) -> bool:
    return any(escape(SCRIPT) in html for html in shown.values())


@pytest.mark.parametrize(("kind", "verb"), ACTS)
def test_acts(client, district, pages, kind, verb):
    step, head = WORKFLOWS[kind][verb], UserFactory(agency=district, roles=["officer", "approver"])
    case = ready_for(step, kind, district)
    given = prepare(case, verb, head)
    form = act_form(step, user=head, case=case)
    names = [name for name, field in form.fields.items() if isinstance(field, forms.CharField)]
    data, wrong = filled_in(form) | ALSO.get(verb, {}) | given, {}
    assert names

    for name in names:
        with transaction.atomic():
            response = post(client, head, case, verb, seen=last_event_id(case), **data | {name: SCRIPT})
            answer = text(response)
            assert SCRIPT not in answer
            if (response.status_code, name in FORMED) not in ((302, False), (422, True)):
                wrong[name] = (response.status_code, response.context and response.context["form"].errors)
            elif name not in FORMED:
                shown = pages()
                raw = [path for path, html in shown.items() if SCRIPT in html]
                if not case.events.filter(verb=verb).exists():
                    wrong[name] = "not done"
                elif raw:
                    wrong[name] = raw
                elif seen_as_text(shown) != (name not in UNSHOWN):
                    wrong[name] = "seen" if name in UNSHOWN else "seen nowhere"
            transaction.set_rollback(True)

    assert wrong == {}


TEXT_FIELDS = sorted(
    name for name, field in IntakeForm.base_fields.items() if isinstance(field, forms.CharField)
)
PERSON_FIELDS = sorted(
    name for name, field in PersonForm.base_fields.items() if isinstance(field, forms.CharField)
)
# which kind has the field, where it is not all of them
KIND_OF = {"answer": "inquiry"}
REFUSED = {"token", "people-0-phone", "people-0-id_number"}


@pytest.mark.parametrize("name", [*TEXT_FIELDS, *(f"people-0-{name}" for name in PERSON_FIELDS)])
def test_intake(client, officer, pages, name):
    client.force_login(officer)
    form = client.get("/cases/new/").context["form"]
    kind = KIND_OF.get(name, "complaint")

    response = client.post("/cases/new/", filled(form, kind=kind, split="on") | {name: SCRIPT})

    assert SCRIPT not in text(response)
    assert response.status_code == (422 if name in REFUSED else 302)
    if name not in REFUSED:
        shown = pages()
        assert [path for path, html in shown.items() if SCRIPT in html] == []
        assert seen_as_text(shown) is (name.removeprefix("people-0-") not in UNSHOWN)


def test_script_that_is_read_is_seen_as_text(client, officer, pages):
    client.force_login(officer)
    form = client.get("/cases/new/").context["form"]

    client.post("/cases/new/", filled(form, narrative=SCRIPT, goods=SCRIPT))

    shown = pages()
    number = Case.objects.get().number
    assert [path for path in (f"/cases/{number}/", f"/cases/{number}/copy-out/") if escape(SCRIPT) in shown[path]] == [
        f"/cases/{number}/", f"/cases/{number}/copy-out/"
    ]  # fmt: skip
