"""What mediators and courts enter about judicial confirmation."""

from django import forms
from django.utils.translation import gettext_lazy as _

from core.act_forms import ActForm, day_field, text_field
from core.admin import VerbForm
from mediation.domain import cases_of
from mediation.domain.confirmations import NUMBER_LENGTH
from mediation.enums import DismissalGround
from mediation.models import Agreement, JudicialConfirmation

NAME_LENGTH = 200


class PrepareForm(VerbForm):
    """Names the agreement by the number of its case: a case has one that stands."""

    case_number = forms.CharField(
        label=_("Case number"), max_length=20, widget=forms.TextInput({"autocomplete": "off"}),
        help_text=_("Of the case whose agreement is in effect"),
    )  # fmt: skip
    note = text_field(_("Note"), required=False)

    class Meta:
        model = JudicialConfirmation
        fields = ["court"]

    def clean_case_number(self):
        number = self.cleaned_data["case_number"].strip()
        rows = Agreement.objects.filter(case__in=cases_of(self.user).filter(number=number)).standing()
        self.agreement = rows.select_related("case").first()
        if self.agreement is None:
            raise forms.ValidationError(_("No case that you may mediate has this number and an agreement."))
        return number


def _line(label, length: int, **kwargs) -> forms.CharField:
    widget = forms.TextInput({"class": "vTextField", "autocomplete": "off"})
    return forms.CharField(label=label, max_length=length, widget=widget, **kwargs)


class PackageForm(ActForm):
    respondent_representative = _line(_("Representative of the respondent"), NAME_LENGTH, required=False)
    complainant_agent = _line(_("Agent of the complainant"), NAME_LENGTH, required=False)
    respondent_agent = _line(_("Agent of the respondent"), NAME_LENGTH, required=False)
    note = text_field(_("Note"), required=False)


class ApplicationForm(ActForm):
    applied_on = day_field(_("Applied for on"))
    both_parties = forms.BooleanField(label=_("Both parties apply jointly"), required=False)
    note = text_field(_("Note"), required=False)


class AcceptanceForm(ActForm):
    accepted_on = day_field(_("Accepted by the court on"))
    number = _line(_("Number of the court"), NUMBER_LENGTH)
    note = text_field(_("Note"), required=False)


class RulingForm(ActForm):
    ruled_on = day_field(_("Ruled on"))
    ruling = _line(_("Number of the ruling"), NUMBER_LENGTH)
    note = text_field(_("Note"), required=False)


class DismissalForm(ActForm):
    ruled_on = day_field(_("Ruled on"))
    ruling = _line(_("Number of the ruling"), NUMBER_LENGTH)
    ground = forms.ChoiceField(label=_("Ground"), choices=[("", _("Choose…")), *DismissalGround.choices])
    note = text_field(_("Note"), required=False, help_text=_("Needed for another ground than those of the law"))


class WithdrawalForm(ActForm):
    note = text_field(_("Reason"))


class EnforcementForm(ActForm):
    enforced_on = day_field(_("Enforcement applied for on"))
    enforcement = _line(_("Number of the enforcement"), NUMBER_LENGTH)
    note = text_field(
        _("Note"), required=False, help_text=_("Needed where no instalment is overdue: what is to be enforced")
    )
