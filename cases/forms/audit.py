from django import forms
from django.utils.translation import gettext_lazy as _

from cases.forms.reveal import RevealForm


class AuditedPersonForm(RevealForm):
    """The number of a person whose cases are audited, and why."""

    kind = forms.ChoiceField(
        label=_("Kind of number"), choices=[("phone", _("Telephone number")), ("id_number", _("Identity number"))],
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    number = forms.CharField(
        label=_("Number of the person"), max_length=40, strip=True,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )

    field_order = ("kind", "number", "reason")
