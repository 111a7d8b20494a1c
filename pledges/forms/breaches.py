"""What people enter about a breach, besides what acts on pledges are given too."""

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.forms.reasons import REASON_HELP
from core.act_forms import day_field, text_field
from pledges.domain.breaches import LETTER_LENGTH
from pledges.forms.acts import ReasonForm


class WarningForm(ReasonForm):
    on = day_field(_("Warned on"))
    letter = forms.CharField(
        label=_("Number of the warning letter"), max_length=LETTER_LENGTH, required=False,
        widget=forms.TextInput({"class": "vTextField", "autocomplete": "off"}),
    )  # fmt: skip
    note = text_field(_("What the merchant is warned of"), help_text=REASON_HELP)

    field_order = ["on", "letter", "note"]
