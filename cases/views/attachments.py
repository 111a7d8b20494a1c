"""Files of a case: its panel on the case page, adding, withdrawing, and the logged download."""

from dataclasses import dataclass

from django.contrib import messages
from django.shortcuts import get_object_or_404
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.generic import View

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
from cases.views.case_forms import CaseFormPage, back_to, file_response
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


class AddAttachment(CaseFormPage):
    panel = PANEL
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
    panel = PANEL
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
    """The file as it was added; in the access log before its first byte."""

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
