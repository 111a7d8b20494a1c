from django import forms
from django.utils.translation import gettext_lazy as _

from cases.enums import SignalFinding


class SignalDecisionForm(forms.Form):
    """What someone concludes from the signals of a case. How long the reason must be is the domain's rule."""

    decision = forms.ChoiceField(
        label=_("Decision"),
        choices=[("", _("Please choose")), *SignalFinding.choices],
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=1000,
        strip=True,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 4}),
    )
