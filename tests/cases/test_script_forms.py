"""Script typed into any other form, and into the names that the administration keeps, stays text wherever it is shown.

The fields are those of the forms: a new one is tested as soon as it is there. Acts and intake: test_script_text.py."""

import datetime as dt
import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from django import forms
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

import cases.forms
from cases.domain import WORKFLOWS, bulk_steps
from cases.domain.bulk import step_labels
from cases.domain.templates import built_in
from cases.forms.attachments import AttachmentForm
from cases.forms.audit import AuditedPersonForm
from cases.forms.documents import DeliveryForm, IssueForm, ReasonForm
from cases.forms.reveal import RevealForm
from cases.forms.signals import SignalDecisionForm
from cases.forms.templates import TemplateForm
from cases.models import BulkAct, Case, DocumentTemplate, Ground, SavedFilter, SignalRule
from cases.tables import CaseTable, QueueTable
from core.admin import ReadOnlyAdmin
from mediation.models import Agreement, JudicialConfirmation, Recusal
from pledges.models import (
    ChecklistItem,
    Inspection,
    Pledge,
    PledgeType,
    ReturnEntry,
    WorkstationItem,
    ZoneMembership,
)
from registry.models import CalendarNotice
from tests.cases.pages import SCRIPT, filled_in, shown_to, text
from tests.cases.test_documents import COPIES, READY, later, typed
from tests.factories import (
    AgreementFactory,
    AttachmentFactory,
    CaseFactory,
    CategoryFactory,
    ChannelFactory,
    ClockFactory,
    ConfirmationFactory,
    DocumentFactory,
    DocumentTemplateFactory,
    EntrustmentFactory,
    IndustryFactory,
    InspectionFactory,
    ItemFactory,
    LetterheadFactory,
    MediatorFactory,
    MembershipFactory,
    MerchantFactory,
    PartyFactory,
    PlanFactory,
    PlatformFactory,
    PledgeFactory,
    ProblemFactory,
    RecusalFactory,
    RegionFactory,
    ReturnEntryFactory,
    RoomFactory,
    SessionFactory,
    TargetFactory,
    UserFactory,
    WorkstationFactory,
    ZoneFactory,
    grant,
)
from tests.factories.cases import PERSON
from tests.factories.documents import PDF
from tests.registry.test_admin import posted

pytestmark = pytest.mark.django_db
REASON = "回访当事人"
TEMPLATES = "/admin/cases/documenttemplate/"


@pytest.fixture
def staff(city, district):
    """Whoever works, looks and keeps the product in this file, by what they do."""
    worker = UserFactory(agency=city, roles=["officer", "approver", "clerk"])
    grant(worker, "view_signals", "decide_signals", "export_personal", "export_case")
    return SimpleNamespace(
        worker=worker, auditor=UserFactory(agency=city, roles=["auditor"]), root=UserFactory(superuser=True)
    )


@pytest.fixture
def pages(client, staff):
    """`pages()`: by address, what is shown of all that was typed."""

    def show():
        numbers = list(Case.objects.values_list("number", flat=True))
        worker = ["/cases/", "/cases/queue/", "/cases/saved/", "/cases/bulk/"]
        worker += [f"/cases/bulk/{pk}/" for pk in BulkAct.objects.values_list("pk", flat=True)]
        worker += [f"/cases/{number}/{page}" for number in numbers for page in ("", "copy-out/", "signals/")]
        auditor = ["/accounts/access-log/", f"/audit/users/{staff.worker.pk}/"]
        auditor += [f"/audit/cases/{number}/" for number in numbers]
        root = [TEMPLATES, *(f"{TEMPLATES}{template.pk}/change/" for template in DocumentTemplate.objects.all())]
        return shown_to(client, [(staff.worker, worker), (staff.auditor, auditor), (staff.root, root)])

    return show


def texts(form) -> list[str]:
    """The fields of a form that take what one types."""
    return [name for name, field in form.fields.items() if isinstance(field, forms.CharField)]


# the forms of the portal


@dataclass(frozen=True)
class Way:
    """A form where it is filled in: `opens` gives (user, address, a function of what a browser sends, its form) and
    `seen` how the address begins of a page that then shows its text; None where no page does."""

    form: type[forms.BaseForm]
    name: str
    opens: Callable
    seen: str | None
    refused: tuple[str, ...] = ()  # what is typed there has a form, and script has not

    def __str__(self):
        return self.name


def on_page(client, user, path, data, key="form"):
    client.force_login(user)
    return user, path, data, client.get(path).context[key]


def adding(client, staff, case):
    def data():
        return {"kind": "evidence", "file": SimpleUploadedFile("发票.pdf", PDF)}

    return on_page(client, staff.worker, f"/cases/{case.number}/attachments/add/", data)


def withdrawing(client, staff, case):
    path = f"/cases/{case.number}/attachments/{AttachmentFactory(case=case).pk}/withdraw/"
    return on_page(client, staff.worker, path, dict)


def of_document(act, **data):
    def open_page(client, staff, case):
        document = DocumentFactory(case=case, agency=case.handling, created_at=timezone.now() - dt.timedelta(hours=2))
        at = typed({"at": timezone.localtime() - dt.timedelta(hours=1)})
        path = f"/cases/{case.number}/documents/{document.pk}/{act}/"
        return on_page(client, staff.worker, path, lambda: at | data)

    return open_page


def issuing(form, side):
    def open_page(client, staff, case):
        LetterheadFactory(agency=case.handling)
        received = timezone.now() - dt.timedelta(days=20)
        other = CaseFactory(handling=case.handling, regime="order121", received_at=received, **READY[form])
        path = f"/cases/{other.number}/documents/{form}/{side}/issue/"
        return on_page(client, staff.worker, path, lambda: typed(later(form)))

    return open_page


def revealing(client, staff, case):
    return staff.worker, f"/cases/{case.number}/parties/{PartyFactory(case=case).pk}/reveal/", dict, RevealForm()


def copying_out(client, staff, case):
    PartyFactory(case=case)
    return on_page(client, staff.worker, f"/cases/{case.number}/copy-out/", dict)


def auditing_a_person(client, staff, case):
    PartyFactory(case=case)
    data = {"kind": "phone", "number": PERSON["phone"], "reason": REASON}
    return staff.auditor, "/audit/persons/", lambda: data, AuditedPersonForm()


def deciding(client, staff, case):
    return on_page(client, staff.worker, f"/cases/{case.number}/signals/", lambda: {"decision": "repeat"})


def uploading(client, staff, case):
    def data():
        return {"form": "acceptance", "upload": SimpleUploadedFile("a.docx", built_in("acceptance"))}

    *found, form = on_page(client, staff.root, f"{TEMPLATES}add/", data, "adminform")
    return *found, form.form


WAYS = [
    Way(AttachmentForm, "add an attachment", adding, "/cases/2"),
    Way(ReasonForm, "withdraw an attachment", withdrawing, "/cases/2"),
    Way(ReasonForm, "void a document", of_document("void"), "/cases/2"),
    Way(DeliveryForm, "deliver a document", of_document("deliver", means="letter", result="delivered"), None),
    *(Way(IssueForm, f"issue {form}, {side}", issuing(form, side), None) for form, side in COPIES),
    Way(RevealForm, "reveal a party", revealing, "/accounts/access-log/"),
    Way(RevealForm, "reveal in the text to copy", copying_out, "/audit/cases/"),
    Way(AuditedPersonForm, "audit a person", auditing_a_person, "/accounts/access-log/", ("number",)),
    Way(SignalDecisionForm, "decide on signals", deciding, "/cases/2"),
    Way(TemplateForm, "upload a template", uploading, TEMPLATES),
]


def test_every_form_has_its_way():
    found = set()
    for module in pkgutil.iter_modules(cases.forms.__path__):
        members = vars(importlib.import_module(f"cases.forms.{module.name}")).values()
        found |= {kind.__name__ for kind in members if inspect.isclass(kind) and issubclass(kind, forms.BaseForm)}

    others = {"ActForm", "Dressed", "IntakeForm", "PersonForm"}  # of test_script_text
    assert found == {way.form.__name__ for way in WAYS} | others


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_what_is_typed_into_a_form(client, staff, district, pages, way):
    case = CaseFactory(handling=district, accepted=True, regime="order121", national_entry="to_enter")
    user, path, data, form = way.opens(client, staff, case)
    assert isinstance(form, way.form)
    names = texts(form)
    assert names or way.form is IssueForm  # one of the ten asks for days and numbers alone

    client.force_login(user)
    with transaction.atomic():  # nothing else is given, which is seldom enough
        response = client.post(path, dict.fromkeys(names, SCRIPT))
        alone = text(response)
        again = response.status_code == 200 and way.form is not RevealForm
        transaction.set_rollback(True)
    response = client.post(path, data() | {name: SCRIPT for name in names if name not in way.refused})
    shown = {"alone": alone, "done": text(response)} | pages()

    assert not (response.context and response.context.get("form") and response.context["form"].errors)
    assert [where for where, html in shown.items() if SCRIPT in html] == []
    if again:
        assert alone.count(escape(SCRIPT)) >= len(names) - len(way.refused)
    if way.seen:
        assert [where for where, html in shown.items() if where.startswith(way.seen) and escape(SCRIPT) in html]


# without a form of Django's


@pytest.mark.parametrize("name", ["cases", "queue"])
def test_the_name_of_a_filter(client, staff, district, pages, name):
    colleague = UserFactory(agency=district, roles=["officer"])
    query, path = {"cases": "state=closed", "queue": "todo=reply"}[name], {"cases": "/cases/", "queue": "/cases/queue/"}
    client.force_login(staff.worker)

    def save():
        return client.post(f"/cases/saved/{name}/save/", {"name": SCRIPT, "query": query}, follow=True)

    answers = {"saved": save(), "taken": save()}
    saved = SavedFilter.objects.get()
    for act, data in (("rename", {"name": f"{SCRIPT}2"}), ("share", {"shared": "on"})):
        answers[act] = client.post(f"/cases/saved/{saved.pk}/{act}/", data, follow=True)
    shown = {act: text(answer) for act, answer in answers.items()}
    shown |= {f"own {path}": html for path, html in pages().items()}
    shown |= shown_to(client, [(colleague, ["/cases/saved/", path[name]])])
    client.force_login(staff.worker)
    shown["deleted"] = text(client.post(f"/cases/saved/{saved.pk}/delete/", follow=True))

    assert [where for where, html in shown.items() if SCRIPT in html] == []
    told = ("saved", "taken", "rename", "share", "/cases/saved/", path[name], "deleted", f"own {path[name]}")
    assert [where for where in told if escape(SCRIPT) not in shown[where]] == []


def test_the_reason_of_an_export(client, staff, district, pages):
    CaseFactory(handling=district)
    client.force_login(staff.worker)

    response = client.post("/cases/export/personal/", {"format": "csv", "reason": SCRIPT})

    assert b"".join(response.streaming_content)
    shown = pages()
    assert [where for where, html in shown.items() if SCRIPT in html] == []
    assert escape(SCRIPT) in shown["/accounts/access-log/"]


@pytest.mark.parametrize("verb", step_labels())
def test_what_is_typed_for_a_bulk_act(client, staff, district, pages, verb):
    assert verb in bulk_steps(staff.worker)
    UserFactory(agency=district, roles=["officer"])
    kind = next(kind for kind, workflow in WORKFLOWS.items() if verb in workflow)
    cases = [CaseFactory(handling=district, kind=kind, regime="order121") for _n in range(2)]
    client.force_login(staff.worker)
    listed = {"list": "cases", "query": "", "verb": verb, "case": [case.pk for case in cases]}
    path = client.post("/cases/bulk/start/", listed).url
    form = client.get(path).context["form"]

    names = texts(form)
    assert names
    with transaction.atomic():
        alone = text(client.post(path, dict.fromkeys(names, SCRIPT)))
        transaction.set_rollback(True)
    chosen = {"outcome": "failed"} if "outcome" in form.fields else {}
    response = client.post(path, filled_in(form) | chosen | dict.fromkeys(names, SCRIPT))
    shown = {"alone": alone} | pages()

    assert response.status_code == 302, response.context["form"].errors
    assert [where for where, html in shown.items() if SCRIPT in html] == []
    assert shown[response.url].count(escape(SCRIPT)) >= len(names)


# the administration


KEPT = [model for model, kept in admin.site._registry.items() if not isinstance(kept, ReadOnlyAdmin)]
ON_CASE_PAGE = {
    "Agency", "Category", "Channel", "Merchant", "Platform", "Problem", "Region", "User", "ClockRule", "Ground",
}  # fmt: skip


# what has to be chosen beside what is written
ENDED = {
    f"{name}_{part}": value for name, hour in (("first_response_at", "10:00"), ("ended_at", "11:00"))
    for part, value in enumerate(("2026-10-01", hour))
}  # fmt: skip
CHOSEN = {
    Recusal: {"verdict": "denied"}, Agreement: {"instalments-0-due_on": "2026-11-20"}, WorkstationItem: ENDED,
    ReturnEntry: {"count": "7"},
}  # fmt: skip


@pytest.fixture
def kept_rows(district):
    """`kept_rows(model)`: a row of what the administration keeps, with a case on whose pages its names stand."""
    officer = UserFactory(agency=district, roles=["officer"])
    case = CaseFactory(
        handling=district, officer=officer, channel=ChannelFactory(), region=RegionFactory(), category=CategoryFactory(),
        problem=ProblemFactory(), platform=PlatformFactory(), merchant=MerchantFactory(industry=IndustryFactory()),
        refused=True, regime="order121", ground=Ground.objects.under_any(["order121"]).first().code,
    )  # fmt: skip
    rule = ClockFactory(case=case).rule
    open_case = CaseFactory(
        handling=district, merchant=case.merchant, **{name: getattr(case, name) for name in
        ("officer", "channel", "region", "category", "problem", "platform")},
    )  # fmt: skip
    ClockFactory(case=open_case)
    pledge = PledgeFactory(
        premises__agency=district, premises__region=RegionFactory(parent=RegionFactory(level="city")), in_force=True,
        published_on=dt.date(2026, 1, 5), type__returns=True,
    )  # fmt: skip
    rows = [
        district, officer, case.channel, case.region, case.category, case.problem, case.platform, case.merchant,
        case.merchant.industry, rule, Ground.objects.get(code=case.ground), SignalRule.objects.first(),
        CalendarNotice.objects.first(), DocumentTemplateFactory(), LetterheadFactory(agency=district),
        MediatorFactory(agency=district), RoomFactory(agency=district), EntrustmentFactory(case=open_case),
        RecusalFactory(case=open_case, mediator__agency=district),
        SessionFactory(case=CaseFactory(handling=district, accepted=True), mode="on_site", place="商场", link=""),
        ConfirmationFactory(), AgreementFactory(),
        ZoneFactory(agency=district), MembershipFactory(), WorkstationFactory(agency=district), ItemFactory(),
        pledge, pledge.premises, ReturnEntryFactory(premises=pledge.premises, month=dt.date(2026, 3, 1)),
        PlanFactory(agency=district), InspectionFactory(), TargetFactory(agency=district), ChecklistItem.objects.first(),
        PledgeType.objects.first(),
    ]  # fmt: skip
    found = {type(row): row for row in rows}
    return lambda model: (found[model], case, open_case)


@pytest.mark.parametrize("model", KEPT, ids=lambda model: model.__name__)
def test_names_that_the_administration_keeps(client, staff, kept_rows, model):
    row, case, open_case = kept_rows(model)
    here = {page: reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_{page}", args=[row.pk])
            for page in ("change", "history")}  # fmt: skip
    client.force_login(staff.root)
    page = client.get(here["change"])
    names = written(page)
    if not names:
        # what is uploaded, see above, and what is changed by acts alone
        assert model in (DocumentTemplate, JudicialConfirmation, Inspection, Pledge, ZoneMembership)
        return

    given = posted(page) | CHOSEN.get(model, {})
    refused, answer = send(client, here["change"], given | dict.fromkeys(names, SCRIPT))
    assert SCRIPT not in answer
    left = [name for name in names if name not in refused]
    assert left, refused
    if refused:
        assert escape(SCRIPT) in answer
        again, answer = send(client, here["change"], given | dict.fromkeys(left, SCRIPT))
        assert (again, SCRIPT in answer) == (set(), False)

    changelist = reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_changelist")
    columns = {table: ",".join(table._meta.fields) for table in (CaseTable, QueueTable)}
    portal = [
        "/", "/cases/new/", f"/cases/?columns={columns[CaseTable]}",
        f"/cases/queue/?desk=agency&columns={columns[QueueTable]}", case.get_absolute_url(), open_case.get_absolute_url(),
        f"/cases/{open_case.number}/copy-out/", f"/cases/{open_case.number}/act/dispatch/",
    ]  # fmt: skip
    shown = shown_to(
        client,
        [
            (staff.root, [changelist, *here.values()]), (staff.worker, portal),
            (staff.auditor, [f"/audit/cases/{case.number}/"]),
        ],
    )  # fmt: skip
    client.cookies["django_language"] = "en"
    english = shown_to(client, [(staff.worker, [f"/cases/?columns={columns[CaseTable]}", case.get_absolute_url()])])

    assert [where for where, html in (*shown.items(), *english.items()) if SCRIPT in html] == []
    assert escape(SCRIPT) in shown[here["change"]]
    if model.__name__ in ON_CASE_PAGE:
        assert escape(SCRIPT) in shown[case.get_absolute_url()]


def written(page) -> list[str]:
    """The names under which a page of the administration is sent what one types there."""
    found = [page.context["adminform"].form]
    for formset in page.context["inline_admin_formsets"]:
        found += formset.formset.forms
    return [form.add_prefix(name) for form in found for name in texts(form)]


def send(client, path, data) -> tuple[set[str], str]:
    """The fields that were refused, and the answer; what would follow is confirmed."""
    response = client.post(path, data)
    html = text(response)
    if response.context and "consequences" in response.context:
        assert SCRIPT not in html
        response = client.post(path, data | {"_confirmed": "yes"})
    if response.status_code == 302:
        return set(), text(client.get(response.url))
    refused = set(response.context["adminform"].form.errors)
    for formset in response.context["inline_admin_formsets"]:
        refused |= {form.add_prefix(name) for form in formset.formset.forms for name in form.errors}
    return refused, html


def test_the_letterhead_stands_in_the_form_of_a_document(client, staff, district):
    LetterheadFactory(agency=district, phone=SCRIPT)
    case = CaseFactory(handling=district, accepted=True, regime="order121")

    page = shown_to(client, [(staff.worker, [f"/cases/{case.number}/documents/acceptance/complainant/issue/"])])

    (html,) = page.values()
    assert SCRIPT not in html
    assert escape(SCRIPT) in html
