"""Documents that were made out for a row of the admin are opened from its page."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpResponseRedirect
from django.urls import path, reverse
from django.views.decorators.cache import never_cache

from accounts.client import client_ip
from cases.domain import open_document
from cases.domain.documents import DOCX_TYPE, may_open_document
from cases.enums import DocumentForm
from cases.models import Document
from cases.official_forms import FORMS
from cases.views.case_forms import file_response
from core.personal_data import PersonalDataError


@dataclass(frozen=True)
class Paper:
    """A document as the page of its row shows it; `url` is empty for whoever may not open it."""

    document: Document
    url: str


class PaperPages:
    """The model has `documents`. Each download is in the access log before its first byte."""

    def papers(self, request, obj) -> list[Paper]:
        rows = obj.documents.defer("values").order_by("created_at", "pk")
        return [Paper(row, self._paper_url(obj, row) if self.may_open(request.user, obj, row) else "") for row in rows]

    def may_open(self, user, obj, document: Document) -> bool:
        return may_open_document(document, user)

    def open_paper(self, request, obj, document: Document) -> bytes:
        return open_document(document, actor=request.user, ip=client_ip(request))

    def paper_urls(self) -> list:
        wrap = self.admin_site.admin_view
        return [path("<int:pk>/papers/<int:document>/", wrap(never_cache(self.paper_view)), name=self._name("paper"))]

    def _name(self, page: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{page}"

    def _paper_url(self, obj, document: Document) -> str:
        return reverse(f"admin:{self._name('paper')}", args=[obj.pk, document.pk])

    def paper_view(self, request, pk, document):
        obj = self.get_queryset(request).filter(pk=pk).first()
        paper = obj and obj.documents.select_related("case").filter(pk=document).first()
        if paper is None:
            raise Http404
        try:
            content = self.open_paper(request, obj, paper)
        except PersonalDataError as refused:
            messages.error(request, str(refused))
            return HttpResponseRedirect(reverse(f"admin:{self._name('change')}", args=[pk]))
        name = f"{FORMS[DocumentForm(paper.form)].title} {paper.number}.docx"
        return file_response(content, name=name, content_type=DOCX_TYPE)
