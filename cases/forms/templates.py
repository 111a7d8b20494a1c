from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.domain.attachments import too_large
from cases.domain.templates import check_template
from cases.models import DocumentTemplate
from core.exceptions import FileRefused


class TemplateForm(forms.ModelForm):
    """A DOCX template to upload. It is read here, so that what is wrong with it stands beside the file.

    `dropped`: the file was so large that it was not kept while it arrived (core.uploads)."""

    dropped = False
    upload = forms.FileField(
        label=_("File"), max_length=1000, help_text=_("DOCX; docs/documents.md lists the variables of each form.")
    )

    class Meta:
        model = DocumentTemplate
        fields = ["form", "agency", "note"]

    def clean(self):
        cleaned = super().clean()
        file, code = cleaned.get("upload"), cleaned.get("form")
        if self.dropped and not file:
            self.errors.pop("upload", None)
            self.add_error("upload", too_large())
        elif file and code:
            self.content = file.read()
            try:
                check_template(code, name=file.name, content=self.content, now=timezone.now())
            except FileRefused as refused:
                self.add_error("upload", ValidationError(str(refused)))
        return cleaned
