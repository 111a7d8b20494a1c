"""What acts on pledges and on their breaches are given alike."""

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.forms.reasons import REASON_HELP
from core.act_forms import DAY_FORMATS, ActForm, day_field, text_field
from core.filters import DateInput


class ReasonForm(ActForm):
    """Whatever is done takes a reason."""

    note = text_field(_("Reason"), help_text=REASON_HELP)


class DatedForm(ReasonForm):
    """An act that holds from a day and takes a reason."""

    on = day_field(_("Holds from"))

    field_order = ["on", "note"]


class CorrectionForm(ReasonForm):
    """The order to correct something, with its clock."""

    on = day_field(_("Ordered on"))
    correct_by = forms.DateField(
        label=_("To be corrected by"), required=False, input_formats=DAY_FORMATS, widget=DateInput(),
        help_text=_("Empty: the working days that the type of pledge gives"),
    )  # fmt: skip
    note = text_field(_("What is to be corrected"), help_text=REASON_HELP)

    field_order = ["on", "correct_by", "note"]
