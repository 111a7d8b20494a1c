"""What people enter about a breach."""

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.domain.reasons import MIN_REASON
from core.act_forms import DAY_FORMATS, ActForm, day_field, text_field
from core.filters import DateInput

LETTER_LENGTH = 60


def reason_field(label) -> forms.CharField:
    return text_field(label, help_text=_("At least %(n)d characters.") % {"n": MIN_REASON})


class ReasonForm(ActForm):
    note = reason_field(_("Reason"))


class DatedForm(ActForm):
    on = day_field(_("Holds from"))
    note = reason_field(_("Reason"))


class WarningForm(ActForm):
    on = day_field(_("Warned on"))
    letter = forms.CharField(
        label=_("Number of the warning letter"), max_length=LETTER_LENGTH, required=False,
        widget=forms.TextInput({"class": "vTextField", "autocomplete": "off"}),
    )  # fmt: skip
    note = reason_field(_("What the merchant is warned of"))


class CorrectionForm(ActForm):
    on = day_field(_("Ordered on"))
    correct_by = forms.DateField(
        label=_("To be corrected by"), required=False, input_formats=DAY_FORMATS, widget=DateInput(),
        help_text=_("Empty: the working days that the type of pledge gives"),
    )  # fmt: skip
    note = reason_field(_("What is to be corrected"))
