"""Official documents of a case: their panel on the case page, issuing, delivery, voiding, and the logged download."""

import datetime as dt
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Prefetch
from django.db.models.functions import JSONObject
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.generic import View

from accounts.client import client_ip
from cases.domain.attachments import are_sealed, may_open
from cases.domain.documents import (
    DOCX_TYPE,
    check_may_issue,
    issue_document,
    issuer_of,
    may_open_document,
    open_document,
    record_delivery,
    void_document,
    why_not,
)
from cases.enums import Addressee, DeliveryResult, DocumentForm, NoticeMeans
from cases.forms import DeliveryForm, IssueForm, ReasonForm
from cases.models import Case, Delivery, Document, Letterhead
from cases.official_forms import ALLOWED, FORMS, ISSUE
from cases.views.case_forms import CaseFormPage, back_to, file_response
from core.personal_data import PersonalDataError
from core.text import mask_numbers
from core.views import ScopedMixin

PANEL = "documents"


@dataclass(frozen=True)
class Told:
    """A delivery as the panel shows it."""

    at: dt.datetime
    text: str
    arrived: bool


@dataclass(frozen=True)
class Row:
    document: Document
    deliveries: list[Told]
    void_reason: str
    can_open: bool
    can_deliver: bool
    can_void: bool


@dataclass(frozen=True)
class Choice:
    """A document that can be issued now."""

    form: str
    side: str
    label: str
    addressee: str


def with_deliveries() -> Prefetch:
    """The documents of a case with their deliveries, in one query."""
    deliveries = Delivery.objects.filter(document=OuterRef("pk")).order_by("at", "pk")
    told = JSONObject(at="at", means="means", addressee="addressee", result="result")
    rows = Document.objects.defer("values").select_related("created_by", "voided_by")
    return Prefetch("documents", rows.annotate(told=ArraySubquery(deliveries.values(told=told))))


def document_rows(case: Case, user) -> list[Row]:
    """The documents of a case that was read `with_deliveries`, the newest first."""
    issues = user.has_perm(ISSUE)
    return [
        Row(
            document,
            [_told(document, entry) for entry in document.told],
            mask_numbers(document.void_reason) if opens or not document.sealed else "",
            opens,
            issues and not document.is_void,
            issues and not document.is_void and FORMS[DocumentForm(document.form)].of_case,
        )
        for document in reversed(case.documents.all())
        for opens in [may_open_document(document, user)]
    ]


def _told(document: Document, entry: dict) -> Told:
    parts = [NoticeMeans(entry["means"]).label, DeliveryResult(entry["result"]).label]
    if document.side == Addressee.BOTH:
        parts.insert(0, Addressee(entry["addressee"]).label)
    at = dt.datetime.fromisoformat(entry["at"])
    text = pgettext("between parts of a line", ", ").join(map(str, parts))
    return Told(at, text, entry["result"] == DeliveryResult.DELIVERED)


def choices(case: Case, user) -> list[Choice]:
    """What `user` can issue for `case` now, in the order of the official forms."""
    found = []
    for form, side in ALLOWED:
        if not FORMS[form].of_case or why_not(case, form):
            continue
        try:
            check_may_issue(user, form, side)
        except PermissionDenied:
            continue
        found.append(Choice(form.value, side.value, str(form.label), str(side.label)))
    return found


class IssueDocument(CaseFormPage):
    model = Case
    permission_required = ISSUE
    form_class = IssueForm
    panel = PANEL

    def get_queryset(self):
        return super().get_queryset().select_related("officer", "handling__parent", "custodian__parent")

    @cached_property
    def key(self) -> tuple[DocumentForm, Addressee]:
        key = (self.kwargs["form"], self.kwargs["side"])
        if key not in ALLOWED or not FORMS[DocumentForm(key[0])].of_case:
            raise Http404
        return DocumentForm(key[0]), Addressee(key[1])

    def why_not(self) -> str:
        check_may_issue(self.request.user, *self.key)
        return why_not(self.case, self.key[0])

    def get_form_kwargs(self):
        form, _side = self.key
        letterhead = None
        if self.case.handling_id:
            letterhead = Letterhead.objects.filter(agency=issuer_of(self.case, form, self.request.user)).first()
        return super().get_form_kwargs() | {"case": self.case, "code": form, "letterhead": letterhead}

    def act(self, form) -> str:
        code, side = self.key
        issued = issue_document(self.case, form=code, side=side, actor=self.request.user, values=form.cleaned_data)
        return _("%(document)s %(number)s has been issued.") % {"document": code.label, "number": issued.number}

    def texts(self):
        form, side = self.key
        return {
            "heading": str(form.label),
            "button": _("Issue"),
            "hint": _("For: %(side)s. It gets the next number and cannot be changed afterwards, only be voided.")
            % {"side": side.label},
        }


class OfDocument(CaseFormPage):
    """A form about one document that is in force."""

    model = Document
    permission_required = ISSUE
    panel = PANEL

    def why_not(self) -> str:
        return _("This document is void.") if self.object.is_void else ""


class VoidDocument(OfDocument):
    form_class = ReasonForm

    def why_not(self) -> str:
        if not FORMS[DocumentForm(self.object.form)].of_case:
            raise PermissionDenied
        return super().why_not()

    def act(self, form) -> str:
        void_document(self.object, reason=form.cleaned_data["reason"], actor=self.request.user)
        return _("%(number)s has been declared void.") % {"number": self.object.number}

    def texts(self):
        return {
            "heading": _("Declare %(number)s void") % {"number": self.object.number},
            "button": _("Declare void"),
            "hint": _("The number stays used. This cannot be undone."),
        }


class DeliverDocument(OfDocument):
    form_class = DeliveryForm

    def get_initial(self):
        return {"at": timezone.localtime()}

    def get_form_kwargs(self):
        sealed, user = are_sealed(self.case), self.request.user
        there = self.case.attachments.filter(withdrawn_at=None)
        open_ones = [found.pk for found in there if may_open(found, user, sealed=sealed)]
        attachments = there.filter(pk__in=open_ones).order_by("-added_at", "-pk")
        return super().get_form_kwargs() | {"document": self.object, "attachments": attachments}

    def act(self, form) -> str:
        record_delivery(self.object, actor=self.request.user, **form.cleaned_data)
        return _("The delivery of %(number)s has been recorded.") % {"number": self.object.number}

    def texts(self):
        return {
            "heading": _("Record the delivery of %(number)s") % {"number": self.object.number},
            "button": _("Record"),
        }


@method_decorator(never_cache, name="dispatch")
class DocumentFile(ScopedMixin, View):
    """The very file that was issued; in the access log before its first byte."""

    model = Document
    permission_required = "cases.view_case"
    http_method_names = ["get"]

    def get(self, request, number, pk):
        document = get_object_or_404(self.get_queryset().select_related("case"), pk=pk, case__number=number)
        try:
            content = open_document(document, actor=request.user, ip=client_ip(request))
        except PersonalDataError as refused:
            messages.error(request, str(refused))
            return back_to(document.case, PANEL)
        name = f"{FORMS[DocumentForm(document.form)].title} {document.number}.docx"
        return file_response(content, name=name, content_type=DOCX_TYPE)
