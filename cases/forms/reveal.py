from django import forms
from django.utils.translation import gettext_lazy as _

REASON_LENGTH = 300


class RevealForm(forms.Form):
    """The reason for which someone needs a party's data. How long it must be is the domain's rule."""

    reason = forms.CharField(
        label=_("Reason"), max_length=REASON_LENGTH, strip=True, required=False,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", "required": True}),
    )
