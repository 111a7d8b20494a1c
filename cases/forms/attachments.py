from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cases.domain.attachments import NOTE_LENGTH, too_large
from cases.enums import AttachmentKind
from core.filetypes import allowed_names


class AttachmentForm(forms.Form):
    """A file of a case. `dropped`: it was so large that it was not kept while it arrived (core.uploads)."""

    kind = forms.ChoiceField(label=_("Kind"), choices=AttachmentKind.choices)
    file = forms.FileField(label=_("File"), max_length=1000, allow_empty_file=True)
    note = forms.CharField(label=_("Note"), max_length=NOTE_LENGTH, required=False)

    def __init__(self, *args, dropped: bool = False, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["file"].help_text = gettext("Allowed are: %(allowed)s.") % {"allowed": allowed_names()}
        if dropped:
            self.fields["file"].error_messages["required"] = too_large()
