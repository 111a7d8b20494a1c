"""What mediators and courts enter about judicial confirmation."""

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.admin import VerbForm
from core.filters import DateInput
from mediation.domain import cases_of
from mediation.domain.confirmations import NUMBER_LENGTH
from mediation.enums import DismissalGround
from mediation.models import Agreement, JudicialConfirmation

NOTE_LENGTH = 1000
NAME_LENGTH = 200
DAY_FORMATS = ["%Y-%m-%d"]


class PrepareForm(VerbForm):
    """Names the agreement by the number of its case: a case has one that stands."""

    number = forms.CharField(
        label=_("Case number"), max_length=20, widget=forms.TextInput({"autocomplete": "off"}),
        help_text=_("Of the case whose agreement is in effect"),
    )  # fmt: skip
    note = forms.CharField(
        label=_("Note"), required=False, max_length=NOTE_LENGTH, widget=AdminTextareaWidget({"rows": 3})
    )

    class Meta:
        model = JudicialConfirmation
        fields = ["court"]

    def clean_number(self):
        number = self.cleaned_data["number"].strip()
        rows = Agreement.objects.filter(case__in=cases_of(self.user).filter(number=number)).standing()
        self.agreement = rows.select_related("case").first()
        if self.agreement is None:
            raise forms.ValidationError(_("No case that you may mediate has this number and an agreement."))
        return number


class ConfirmationActForm(forms.Form):
    """The form of one act about a confirmation. `seen`: the last act that its reader knew of."""

    seen = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args, confirmation: JudicialConfirmation, refusal: str = "", **kwargs):
        super().__init__(*args, **kwargs)
        self.confirmation, self.refusal = confirmation, refusal
        for name, field in self.fields.items():
            if isinstance(field, forms.DateField):
                self.initial.setdefault(name, timezone.localdate())

    def clean(self):
        if self.refusal:
            self.add_error(None, self.refusal)
        return self.cleaned_data

    def act_data(self) -> dict:
        """What the act is given."""
        return {name: value for name, value in self.cleaned_data.items() if name != "seen"}


def _day(label) -> forms.DateField:
    return forms.DateField(label=label, input_formats=DAY_FORMATS, widget=DateInput())


def _number(label) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=NUMBER_LENGTH, widget=forms.TextInput({"class": "vTextField", "autocomplete": "off"})
    )


def _name(label, **kwargs) -> forms.CharField:
    widget = forms.TextInput({"class": "vTextField", "autocomplete": "off"})
    return forms.CharField(label=label, max_length=NAME_LENGTH, widget=widget, **kwargs)


def _note(label=_("Note"), *, required: bool = False, **kwargs) -> forms.CharField:
    widget = AdminTextareaWidget({"rows": 3})
    return forms.CharField(label=label, required=required, max_length=NOTE_LENGTH, widget=widget, **kwargs)


class PackageForm(ConfirmationActForm):
    mediators = _name(_("Mediators"), help_text=_("Who mediated, as it stands in the agreement"))
    respondent_representative = _name(_("Representative of the respondent"), required=False)
    complainant_agent = _name(_("Agent of the complainant"), required=False)
    respondent_agent = _name(_("Agent of the respondent"), required=False)
    note = _note()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if session := self.confirmation.agreement.session:
            self.initial.setdefault("mediators", session.mediator.name)


class ApplicationForm(ConfirmationActForm):
    applied_on = _day(_("Applied for on"))
    both_parties = forms.BooleanField(
        label=_("Both parties apply jointly"), required=False
    )
    note = _note()


class AcceptanceForm(ConfirmationActForm):
    accepted_on = _day(_("Accepted by the court on"))
    number = _number(_("Number of the court"))
    note = _note()


class RulingForm(ConfirmationActForm):
    ruled_on = _day(_("Ruled on"))
    ruling = _number(_("Number of the ruling"))
    note = _note()


class DismissalForm(ConfirmationActForm):
    ruled_on = _day(_("Ruled on"))
    ruling = _number(_("Number of the ruling"))
    ground = forms.ChoiceField(label=_("Ground"), choices=[("", _("Choose…")), *DismissalGround.choices])
    note = _note(help_text=_("Needed for another ground than those of the law"))


class WithdrawalForm(ConfirmationActForm):
    note = _note(_("Reason"), required=True)


class EnforcementForm(ConfirmationActForm):
    enforced_on = _day(_("Enforcement applied for on"))
    enforcement = _number(_("Number of the enforcement"))
    note = _note(help_text=_("Needed where no instalment is overdue: what is to be enforced"))
