"""What people enter about a breach, besides what acts on pledges are given too."""

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.forms.reasons import REASON_HELP
from cases.official_forms import asked_label
from core.act_forms import ActForm, day_field, text_field
from pledges.domain.breaches import LETTER_LENGTH
from pledges.domain.letters import proposed
from pledges.forms.acts import ReasonForm


class WarningForm(ReasonForm):
    on = day_field(_("Warned on"))
    letter = forms.CharField(
        label=_("Number of the warning letter"), max_length=LETTER_LENGTH, required=False,
        help_text=_("Of one written elsewhere. The letter that is made out here gets a number of its own."),
        widget=forms.TextInput({"class": "vTextField", "autocomplete": "off"}),
    )  # fmt: skip
    note = text_field(_("What the merchant is warned of"), help_text=REASON_HELP)

    field_order = ["on", "letter", "note"]


class LetterForm(ActForm):
    """What the letter tells the merchant, as the confirmation and the warning have it unless it is worded anew."""

    findings = text_field("", rows=5, help_text=_("The merchant reads this. Do not say who complained."))
    warned_of = text_field("", rows=5)

    def build(self):
        for name, said in proposed(self.subject).items():
            self.fields[name].label, self.fields[name].initial = asked_label(name), said
