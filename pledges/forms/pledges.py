"""What an application states, and what each act on a pledge is given."""

from django import forms
from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.act_forms import ActForm, day_field, text_field
from core.admin import KeysAutocomplete, VerbForm
from core.filters import DateInput
from pledges.domain import next_stage
from pledges.domain.pledges import PLAQUE_LENGTH
from pledges.enums import EvaluationResult, Origin, PledgeVerb, Pool, PromiseField, Stage
from pledges.forms.acts import CorrectionForm, DatedForm
from pledges.forms.field import DistrictForm
from pledges.models import Pledge, PledgeType, Premises

CHOOSE = ("", _("Choose…"))


class PremisesForm(DistrictForm):
    class Meta:
        model = Premises
        fields = ["merchant", "name", "region", "address", "platform", "link"]


class PromiseForm(forms.ModelForm):
    """The parts of a promise, whatever type needs them; what the type asks for, the domain says."""

    class Meta:
        model = Pledge
        fields = PromiseField.values
        widgets = {  # noqa: RUF012 - as Django has it
            name: forms.Textarea({"rows": 2, "class": "vLargeTextField"})
            for name in ("goods", "excluded", "condition", "cross_store", "statement")
        }


class ApplicationForm(VerbForm):
    """An application at one of the premises, or at several of a merchant in one. Its rules are the domain's."""

    further = forms.ModelMultipleChoiceField(
        Premises.objects.none(), label=_("Further premises"), required=False,
        widget=KeysAutocomplete(Pledge._meta.get_field("premises"), admin.site),
        help_text=_("Of the same merchant, applied for together: with the same promise and number"),
    )  # fmt: skip
    origin = forms.ChoiceField(
        label=_("Applied for"), choices=[(one.value, one.label) for one in (Origin.CLERK, Origin.MERCHANT)],
        initial=Origin.CLERK, required=False,
    )  # fmt: skip

    class Meta:
        model = Pledge
        fields = ["premises", "type", "application", "applied_on", "origin", "waiting_reason", *PromiseField.values]
        widgets = PromiseForm.Meta.widgets | {"applied_on": DateInput()}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["type"].queryset = PledgeType.objects.offered_on(timezone.localdate())
        self.fields["application"].help_text = _("The same for all premises that are applied for together")
        self.fields["further"].queryset = Premises.objects.visible_to(self.user)

    def promise(self) -> dict:
        return {name: self.cleaned_data[name] for name in PromiseField.values}


class ReviseForm(ActForm):
    """The promise anew."""

    def build(self):
        fields = PromiseForm(instance=self.subject).fields
        for name in PromiseField.values:
            field = fields[name]
            field.initial = getattr(self.subject, name)
            field.required = False
            self.fields[name] = field

    def act_data(self):
        return {"promise": {name: self.cleaned_data[name] for name in PromiseField.values}}


class OpinionForm(ActForm):
    """The opinion that the application waits for."""

    favourable = forms.ChoiceField(
        label=_("Opinion"), choices=[("yes", _("In favour")), ("no", _("Against"))], widget=forms.RadioSelect,
    )  # fmt: skip
    text = text_field(_("Reasons"), rows=3)
    body = forms.CharField(label=_("Body"), max_length=120, widget=forms.TextInput({"class": "vTextField"}))
    person = forms.CharField(label=_("Person"), max_length=60, widget=forms.TextInput({"class": "vTextField"}))
    given_on = day_field(_("Given on"))

    def build(self):
        self.stage = next_stage(self.subject)
        if self.stage:
            self.fields["body"].help_text = Stage(self.stage).label

    def act_data(self):
        return super().act_data() | {"stage": self.stage, "favourable": self.cleaned_data["favourable"] == "yes"}


class DayForm(ActForm):
    """An act that holds from a day, with a note where one wishes."""

    on = day_field(_("Holds from"))
    note = text_field(_("Note"), rows=2, required=False)


class PublishManyForm(DayForm):
    """Each has a plaque of its own, whose number is recorded once it is made."""

    valid_to = forms.DateField(
        label=_("Last day"), required=False, input_formats=["%Y-%m-%d"], widget=DateInput(),
        help_text=_("Empty: the term of the type"),
    )  # fmt: skip
    field_order = ["on", "valid_to", "note"]


def plaque_field(**kwargs) -> forms.CharField:
    widget = forms.TextInput({"class": "vTextField"})
    return forms.CharField(label=_("Number of the plaque"), max_length=PLAQUE_LENGTH, widget=widget, **kwargs)


class PublishForm(PublishManyForm):
    plaque = plaque_field(required=False)
    field_order = ["on", "valid_to", "plaque", "note"]


class PlaqueForm(ActForm):
    plaque = plaque_field()
    note = text_field(_("Note"), rows=2, required=False)

    def build(self):
        self.fields["plaque"].initial = self.subject.plaque


class EvaluateForm(DayForm):
    year = forms.IntegerField(label=_("Year"), min_value=2000, max_value=2199)
    result = forms.ChoiceField(label=_("Result"), choices=[CHOOSE, *EvaluationResult.choices])
    field_order = ["year", "result", "on", "note"]

    def build(self):
        self.fields["year"].initial = timezone.localdate().year


class PoolForm(ActForm):
    pool = forms.ChoiceField(label=_("Pool"), choices=Pool.choices)
    note = text_field(_("Note"), rows=2, required=False)


ACT_FORMS = {
    PledgeVerb.REVISE: ReviseForm, PledgeVerb.OPINE: OpinionForm, PledgeVerb.ADMIT: DayForm,
    PledgeVerb.PUBLISH: PublishForm, PledgeVerb.RENEW: DayForm, PledgeVerb.EVALUATE: EvaluateForm,
    PledgeVerb.UPGRADE: DayForm, PledgeVerb.POOL: PoolForm, PledgeVerb.WARN: DatedForm,
    PledgeVerb.RECTIFY: CorrectionForm, PledgeVerb.CORRECT: DatedForm, PledgeVerb.SUSPEND: DatedForm,
    PledgeVerb.REINSTATE: DatedForm, PledgeVerb.REVOKE: DatedForm, PledgeVerb.DEREGISTER: DatedForm,
    PledgeVerb.REJECT: DatedForm, PledgeVerb.WITHDRAW: DatedForm, PledgeVerb.PLAQUE: PlaqueForm,
}  # fmt: skip
MANY_FORMS = {PledgeVerb.PUBLISH: PublishManyForm}
