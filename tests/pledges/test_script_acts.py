"""Script typed into the form of any act on pledges, breaches and inspections stays text wherever it is shown."""

import datetime as dt

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from pledges.admin.breaches import ACT_FORMS as BREACH_FORMS
from pledges.admin.inspections import FORMS as INSPECTION_FORMS
from pledges.domain import BREACH, INSPECTION, PLEDGE
from pledges.forms.pledges import ACT_FORMS as PLEDGE_FORMS
from pledges.models import Breach, Inspection, Pledge, Premises, Zone
from tests.cases.pages import SCRIPT, filled_in, shown_to, text
from tests.factories import (
    BreachFactory,
    CaseFactory,
    ChecklistItemFactory,
    FindingFactory,
    InspectionFactory,
    MembershipFactory,
    MerchantFactory,
    PhotoFactory,
    PledgeFactory,
    PledgeTypeFactory,
    RegionFactory,
    ReturnEntryFactory,
    UserFactory,
    WorkstationFactory,
)
from tests.factories.pledges import PNG

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def preview(settings):
    settings.PUBLIC_REGISTER_PREVIEW = True


@pytest.fixture
def keeper(district):
    """Does every act."""
    return UserFactory(agency=district, roles=["approver", "pledge_clerk", "officer"])


@pytest.fixture
def pages(client, keeper):
    """`pages()`: by address, what the pages show of pledges, breaches and inspections; with `lists` also those on which
    no act tells anything but names."""

    def show(*, lists: bool = False):
        paths = []
        if lists:
            paths = ["/pledges/", "/pledges/public/", "/pledges/zones/", "/insights/pledges/", "/insights/returns/"]
        for model in (Pledge, Breach, Inspection, *([Premises] if lists else [])):
            name = f"admin:pledges_{model._meta.model_name}"
            if lists:
                paths.append(reverse(f"{name}_changelist"))
            paths += [reverse(f"{name}_change", args=[row.pk]) for row in model.objects.all()]
        paths += [f"/pledges/{pledge.pk}/" for pledge in Pledge.objects.all()]
        paths += [f"/pledges/merchants/{premises.merchant_id}/" for premises in Premises.objects.all()]
        paths += [f"/pledges/zones/{zone.pk}/" for zone in Zone.objects.all()]
        for breach in Breach.objects.select_related("case"):
            pledges = f"/cases/{breach.case.number}/pledges/"
            paths += [breach.case.get_absolute_url(), pledges, f"{pledges}{breach.pk}/"]
        return shown_to(client, [(keeper, paths)])

    return show


# what must have come before, by the state in which the act is done


def pledge_for(step, premises) -> Pledge:
    today = timezone.localdate()
    facts = {"premises": premises, "type__stages": ["council"] if step.verb == "opine" else []}
    state = "in_force" if "in_force" in step.sources else step.sources[0]
    if state in ("applied", "admitted"):
        return PledgeFactory(state=state, **facts)
    pledge = PledgeFactory(in_force=True, valid_to=today + dt.timedelta(days=30), **facts)
    Pledge.objects.filter(pk=pledge.pk).update(state=state)
    if state == "suspended":
        pledge.suspensions.create(since=today - dt.timedelta(days=3), reason="停用整改")
    if step.verb == "correct":
        Pledge.objects.filter(pk=pledge.pk).update(correct_by=today)
    pledge.refresh_from_db()
    return pledge


def breach_for(step, premises) -> Breach:
    state = step.sources[0]
    pledge = PledgeFactory(premises=premises, in_force=True)
    case = CaseFactory(handling=premises.agency, merchant=premises.merchant, region=premises.region)
    decided = None if state == "suspected" else timezone.now()
    due = timezone.localdate() if state == "correcting" else None
    breach = BreachFactory(pledge=pledge, case=case, state=state, decided_at=decided, due_on=due)
    if state == "suspended":
        pledge.suspensions.create(since=timezone.localdate(), reason="停用整改")
        Pledge.objects.filter(pk=pledge.pk).update(state="suspended")
    if state == "correcting":
        Pledge.objects.filter(pk=pledge.pk).update(correct_by=timezone.localdate())
    if step.verb == "letter":
        breach.events.create(verb="warn", at=timezone.now(), data={"on": f"{timezone.localdate()}"})
    return breach


def inspection_for(step, premises) -> Inspection:
    state, type = step.sources[0], PledgeTypeFactory()
    item = ChecklistItemFactory(type=type)
    if state == "planned":
        return InspectionFactory(premises=premises, type=type)
    inspection = InspectionFactory(premises=premises, type=type, visited=True)
    FindingFactory(inspection=inspection, item=item, result="not_ok")
    if state == "correcting":
        Inspection.objects.filter(pk=inspection.pk).update(state=state, correct_by=timezone.localdate())
    return inspection


KINDS = {
    "pledge": (PLEDGE, PLEDGE_FORMS, pledge_for), "breach": (BREACH, BREACH_FORMS, breach_for),
    "inspection": (INSPECTION, INSPECTION_FORMS, inspection_for),
}  # fmt: skip
ACTS = [(kind, str(verb)) for kind, (_workflow, act_forms, _ready) in KINDS.items() for verb in act_forms]
# what is chosen or counted beside what is written
ALSO = {
    "revise": {"days": "10", "refund_days": "3", "fund": "10.00"}, "evaluate": {"year": f"{timezone.localdate().year}"},
    "extend": {"correct_by": f"{timezone.localdate() + dt.timedelta(days=9)}"},
}  # fmt: skip


# what is typed stands in a file and on no page: see test_letters
IN_FILE = {"letter"}


def days(form, today: dt.date) -> dict:
    """Today for each day that the form needs."""
    needed = [name for name, field in form.fields.items() if isinstance(field, forms.DateField) and field.required]
    return dict.fromkeys(needed, f"{today}")


@pytest.mark.parametrize(("kind", "verb"), ACTS, ids=lambda value: str(value))
def test_what_is_typed_for_an_act(client, keeper, premises, pages, kind, verb):
    workflow, _forms, ready_for = KINDS[kind]
    MembershipFactory(premises=premises)
    subject = ready_for(workflow[verb], premises)
    client.force_login(keeper)
    address = reverse(f"admin:pledges_{kind}_act", args=[subject.pk, verb])
    page = client.get(address)
    assert page.status_code == 200
    form = page.context_data["form"]
    names = [name for name, field in form.fields.items() if isinstance(field, forms.CharField)]
    given = filled_in(form) | days(form, timezone.localdate()) | ALSO.get(verb, {})
    assert names

    with transaction.atomic():  # nothing else is given, which is seldom enough
        alone = text(client.post(address, dict.fromkeys(names, SCRIPT)))
        transaction.set_rollback(True)
    response = client.post(address, given | dict.fromkeys(names, SCRIPT))
    done = response.status_code == 302
    assert done, response.context_data["form"].errors
    shown = {"alone": alone, "done": text(client.get(response.url))} | pages()

    assert [where for where, html in shown.items() if SCRIPT in html] == []
    assert subject.events.get(verb=verb)
    told = [where for where, html in shown.items() if where != "alone" and escape(SCRIPT) in html]
    assert (told == []) is (verb in IN_FILE)


@pytest.mark.parametrize("verb", [str(step.verb) for step in PLEDGE if step.bulk])
def test_what_is_typed_for_an_act_on_many(client, keeper, premises, pages, verb):
    rows = [pledge_for(PLEDGE[verb], premises) for _n in range(2)]
    client.force_login(keeper)
    chosen = {"chosen": [row.pk for row in rows]}
    address = reverse("admin:pledges_pledge_many", args=[verb])
    form = client.post(address, chosen).context_data["form"]
    names = [name for name, field in form.fields.items() if isinstance(field, forms.CharField)]
    given = chosen | {"confirmed": "1"} | dict.fromkeys(names, SCRIPT)
    assert names

    with transaction.atomic():
        wrong = text(client.post(address, given | {"on": "x", "pool": "x"}))
        transaction.set_rollback(True)
    response = client.post(address, given | filled_in(form) | days(form, timezone.localdate()) | ALSO.get(verb, {}))
    assert response.context_data["done"] == 2
    shown = {"wrong": wrong, "done": text(response)} | pages()

    assert [where for where, html in shown.items() if SCRIPT in html] == []
    assert escape(SCRIPT) in wrong
    assert [where for where, html in shown.items() if where != "wrong" and escape(SCRIPT) in html]


@pytest.mark.parametrize("verb", ["confirm", "dismiss", "reopen"])
def test_what_is_typed_on_the_case_about_a_breach(client, keeper, premises, pages, verb):
    breach = breach_for(BREACH[verb], premises)
    client.force_login(keeper)
    address = f"/cases/{breach.case.number}/pledges/{breach.pk}/"

    response = client.post(address, {"act": verb, "note": SCRIPT, "seen": "0"})
    assert response.status_code == 302
    shown = pages()

    assert [where for where, html in shown.items() if SCRIPT in html] == []
    assert escape(SCRIPT) in shown[address]


def test_what_is_typed_about_a_photo(client, keeper, premises, pages):
    inspection = InspectionFactory(premises=premises, visited=True)
    old = PhotoFactory(inspection=inspection)
    client.force_login(keeper)
    add = reverse("admin:pledges_inspection_photo", args=[inspection.pk])
    withdraw = reverse("admin:pledges_inspection_withdraw", args=[inspection.pk, old.pk])

    alone = {path: text(client.post(path, {"note": SCRIPT, "reason": ""})) for path in (add, withdraw)}
    file = SimpleUploadedFile(f"{SCRIPT}.png", PNG, content_type="image/png")
    assert client.post(add, {"file": file, "note": SCRIPT}).status_code == 302
    assert client.post(withdraw, {"reason": SCRIPT}).status_code == 302
    shown = alone | pages()

    assert [where for where, html in shown.items() if SCRIPT in html] == []
    assert escape(SCRIPT) in alone[add]
    assert shown[reverse("admin:pledges_inspection_change", args=[inspection.pk])].count(escape(SCRIPT)) >= 2


def typed_into(client, address, chosen) -> tuple[list[str], dict, str]:
    """The text fields of a form of the administration that take script, what is sent, and the answer to script alone."""
    form = client.get(address).context["adminform"].form
    names = [name for name, field in form.fields.items() if isinstance(field, forms.CharField)]
    refused = client.post(address, dict.fromkeys(names, SCRIPT))
    taken = [name for name in names if name not in chosen and name not in ("link", "freight")]
    return taken, chosen | dict.fromkeys(taken, SCRIPT), text(refused)


def test_what_is_typed_into_an_application(client, keeper, premises, pages):
    type = PledgeTypeFactory()
    client.force_login(keeper)
    address, today = reverse("admin:pledges_pledge_add"), timezone.localdate()
    chosen = {"premises": premises.pk, "type": type.pk, "applied_on": f"{today}"}

    names, given, alone = typed_into(client, address, chosen)
    assert {"application", "waiting_reason", "goods", "statement"} <= set(names)
    response = client.post(address, given)
    assert response.status_code == 302, response.context["errors"]
    shown = {"alone": alone} | pages()

    assert [where for where, html in shown.items() if SCRIPT in html] == []
    pledge = Pledge.objects.get()
    for page in (f"/pledges/{pledge.pk}/", reverse("admin:pledges_pledge_change", args=[pledge.pk])):
        assert shown[page].count(escape(SCRIPT)) >= len(names) - 2  # the application and why it is made so soon


def test_what_is_typed_of_premises_and_merchant(client, keeper, district, pages):
    district.region = RegionFactory(level="district", parent=RegionFactory(level="city"))
    district.save()
    merchant = MerchantFactory(name=SCRIPT)
    client.force_login(keeper)
    address = reverse("admin:pledges_premises_add")

    names, given, alone = typed_into(client, address, {"merchant": merchant.pk, "region": district.region_id})
    assert names == ["name", "address"]
    response = client.post(address, given)
    assert response.status_code == 302, response.context["errors"]
    premises = Premises.objects.get()
    PledgeFactory(premises=premises, in_force=True, type=PledgeTypeFactory(name=SCRIPT, name_en=SCRIPT))
    zone = MembershipFactory(premises=premises, zone__name=SCRIPT, zone__address=SCRIPT).zone
    ReturnEntryFactory(premises=premises)
    WorkstationFactory(zone=zone, agency=district, name=SCRIPT, contact=SCRIPT, telephone=SCRIPT, mediators=SCRIPT)
    case = CaseFactory(handling=district, merchant=merchant, region=premises.region)
    BreachFactory(case=case, pledge=premises.pledges.get())
    InspectionFactory(premises=premises, visited=True)
    shown = {"alone": alone} | pages(lists=True)

    assert [where for where, html in shown.items() if SCRIPT in html] == []
    named = [
        "/pledges/", "/pledges/public/", "/pledges/zones/", "/insights/pledges/", "/insights/returns/",
        f"/pledges/merchants/{merchant.pk}/", f"/pledges/zones/{zone.pk}/", f"/cases/{case.number}/pledges/",
    ]  # fmt: skip
    assert [where for where in named if escape(SCRIPT) not in shown[where]] == []
