"""What the forms of acts have in common, whatever is acted on."""

from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget
from django.utils import timezone

from core.filters import DateInput

NOTE_LENGTH = 1000
DAY_FORMATS = ["%Y-%m-%d"]


class ActForm(forms.Form):
    """The form of one act on `subject`. `seen`: the last act that its reader knew of; `refusal`: why the act was not
    done, with what was entered."""

    seen = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args, subject: Any, user, refusal: str = "", **kwargs):
        super().__init__(*args, **kwargs)
        self.subject, self.user, self.refusal = subject, user, refusal
        self.build()

    def build(self) -> None:
        """Add what depends on the subject."""

    def clean(self):
        if self.refusal:
            self.add_error(None, self.refusal)
        return self.cleaned_data

    def act_data(self) -> dict:
        """What the act is given."""
        return {name: value for name, value in self.cleaned_data.items() if name != "seen"}


def text_field(label, *, rows: int = 3, length: int = NOTE_LENGTH, **kwargs) -> forms.CharField:
    return forms.CharField(label=label, max_length=length, widget=AdminTextareaWidget({"rows": rows}), **kwargs)


def day_field(label, **kwargs) -> forms.DateField:
    """A day, today unless something else is said."""
    return forms.DateField(
        label=label, input_formats=DAY_FORMATS, widget=DateInput(), **{"initial": timezone.localdate} | kwargs
    )
