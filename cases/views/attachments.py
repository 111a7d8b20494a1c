"""Files of a case: its panel on the case page, adding, withdrawing, and the logged download."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.generic import FormView, View

from accounts.client import client_ip
from cases.domain.attachments import (
    add_attachment,
    are_sealed,
    may_open,
    open_attachment,
    withdraw_attachment,
)
from cases.forms import AttachmentForm, ReasonForm
from cases.models import Attachment, Case
from core.exceptions import DomainError
from core.personal_data import PersonalDataError
from core.text import mask_numbers
from core.uploads import is_too_large
from core.views import ScopedMixin

ADD = "cases.add_attachment"
PANEL = "attachments"


@dataclass(frozen=True)
class Row:
    """A file as the panel shows it; name and note are hidden from whoever may not open it: they may name a person."""

    attachment: Attachment
    name: str
    note: str
    can_open: bool
    can_withdraw: bool


def attachment_rows(case: Case, user, *, masked: bool) -> list[Row]:
    """The files of a case whose parties and attachments are at hand, those in use first."""
    sealed, adds = are_sealed(case), user.has_perm(ADD)
    rows = []
    for attachment in sorted(case.attachments.all(), key=lambda found: (found.is_withdrawn, found.added_at, found.pk)):
        allowed = may_open(attachment, user, sealed=sealed)
        text = mask_numbers if masked else str
        note = attachment.withdrawal_reason if attachment.is_withdrawn else attachment.note
        rows.append(
            Row(
                attachment,
                text(attachment.name) if allowed else "",
                text(note) if allowed else "",
                allowed and not attachment.is_withdrawn,
                adds and not attachment.is_withdrawn,
            )
        )
    return rows


def file_response(content: bytes, *, name: str, content_type: str) -> HttpResponse:
    """A file to be saved: never shown as a page of the portal, whatever is in it."""
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def back_to(case: Case, panel: str) -> HttpResponseRedirect:
    return HttpResponseRedirect(f"{case.get_absolute_url()}#{panel}")


class CaseFormPage(ScopedMixin, FormView):
    """A form about a case, or about something that belongs to one, on a page of its own; it leads back to the case."""

    template_name = "cases/paper_form.html"
    panel = PANEL

    @cached_property
    def object(self):
        rows = self.get_queryset()
        if self.model is Case:
            return get_object_or_404(rows, number=self.kwargs["number"])
        return get_object_or_404(rows.select_related("case"), pk=self.kwargs["pk"], case__number=self.kwargs["number"])

    @property
    def case(self) -> Case:
        """Raises Http404 outside the user's scope."""
        return self.object if self.model is Case else self.object.case

    def dispatch(self, request, *args, **kwargs):
        if self.has_permission() and (refusal := self.why_not()):
            messages.error(request, refusal)
            return back_to(self.case, self.panel)
        return super().dispatch(request, *args, **kwargs)

    def why_not(self) -> str:
        """Why there is nothing to fill in, in words; raises Http404 where there is nothing at all."""
        return "" if self.case else _("There is no such case.")

    def form_valid(self, form):
        try:
            done = self.act(form)
        except DomainError as refused:
            form.add_error(None, str(refused))
            return self.form_invalid(form)
        except PersonalDataError:
            form.add_error(None, _("The stored data cannot be read: the key that encrypted it is not configured."))
            return self.form_invalid(form)
        messages.success(self.request, done)
        return back_to(self.case, self.panel)

    def act(self, form) -> str:
        """Do it; what is said of it. Raises DomainError."""
        raise NotImplementedError

    def get_context_data(self, **kwargs):
        return super().get_context_data(case=self.case, panel=self.panel, **self.texts(), **kwargs)

    def texts(self) -> dict[str, str]:
        """`heading`, `button`, and perhaps a `hint`."""
        raise NotImplementedError


class AddAttachment(CaseFormPage):
    model = Case
    permission_required = ADD
    form_class = AttachmentForm

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"dropped": is_too_large(self.request)}

    def act(self, form) -> str:
        file = form.cleaned_data["file"]
        try:
            added = add_attachment(
                self.case, kind=form.cleaned_data["kind"], name=file.name, content=file.read(), actor=self.request.user,
                note=form.cleaned_data["note"],
            )  # fmt: skip
        finally:
            file.close()
        return _("“%(name)s” has been added.") % {"name": added.name}

    def texts(self):
        return {"heading": _("Add an attachment"), "button": _("Add")}


class WithdrawAttachment(CaseFormPage):
    model = Attachment
    permission_required = ADD
    form_class = ReasonForm

    def why_not(self) -> str:
        return _("This file was withdrawn already.") if self.object.is_withdrawn else ""

    def act(self, form) -> str:
        withdraw_attachment(self.object, reason=form.cleaned_data["reason"], actor=self.request.user)
        return _("The attachment has been withdrawn.")

    def texts(self):
        return {
            "heading": _("Withdraw an attachment"),
            "button": _("Withdraw"),
            "hint": _("The file stays stored and is no longer given out. This cannot be undone."),
        }


@method_decorator(never_cache, name="dispatch")
class AttachmentFile(ScopedMixin, View):
    """The one GET that writes: the download is in the access log before its first byte."""

    model = Attachment
    permission_required = "cases.view_case"
    http_method_names = ["get"]

    def get(self, request, number, pk):
        rows = self.get_queryset().select_related("case").prefetch_related("case__parties")
        attachment = get_object_or_404(rows, pk=pk, case__number=number)
        try:
            content = open_attachment(attachment, actor=request.user, ip=client_ip(request))
        except (DomainError, PersonalDataError) as refused:
            messages.error(request, str(refused))
            return back_to(attachment.case, PANEL)
        return file_response(content, name=attachment.name, content_type=attachment.content_type)
