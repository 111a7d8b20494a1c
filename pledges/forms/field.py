"""What is entered of zones, workstations, inspections and targets. The rules stand in the domain."""

from django import forms
from django.contrib.admin.widgets import AdminRadioSelect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.domain.attachments import NOTE_LENGTH as PHOTO_NOTE_LENGTH
from cases.domain.attachments import too_large
from cases.forms.reasons import REASON_HELP
from cases.models import Case
from core.act_forms import DAY_FORMATS, ActForm, day_field, text_field
from core.admin import VerbForm
from core.filters import DateInput
from pledges.domain.inspections import NOTE_LENGTH, SUMMARY_LENGTH, checklist
from pledges.enums import FindingResult, InspectionMode
from pledges.models import (
    Inspection,
    InspectionPlan,
    PledgeType,
    Target,
    Workstation,
    WorkstationItem,
    Zone,
    ZoneMembership,
)
from registry.enums import RegionLevel
from registry.models import Region

INSPECTORS_LENGTH = 200


def districts(kept: Region | None = None):
    """The districts of today, and the one that a row already names."""
    today = Region.objects.valid_on(timezone.localdate()).filter(level=RegionLevel.DISTRICT)
    return (today | Region.objects.filter(pk=kept.pk) if kept else today).order_by("code")


class DistrictForm(VerbForm):
    """A row that lies in a district: there are few, and they are chosen from a list."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "region" in self.fields:
            row = self.instance
            self.fields["region"].queryset = districts(row.region if row.pk else None)


class ZoneForm(DistrictForm):
    class Meta:
        model = Zone
        fields = ["kind", "name", "agency", "region", "operator", "address", "opened_on", "closed_on"]
        widgets = {"opened_on": DateInput(), "closed_on": DateInput()}


class MembershipForm(VerbForm):
    class Meta:
        model = ZoneMembership
        fields = ["zone", "premises", "since"]
        widgets = {"since": DateInput()}


class LeaveForm(VerbForm):
    """The end of a membership."""

    until = forms.DateField(
        label=_("until"), input_formats=DAY_FORMATS, widget=DateInput(), help_text=_("First day no longer a member")
    )

    class Meta:
        model = ZoneMembership
        fields: list[str] = []


class WorkstationForm(DistrictForm):
    class Meta:
        model = Workstation
        fields = [
            "name", "kind", "zone", "agency", "region", "host", "address", "contact", "telephone", "mediators",
            "opened_on", "closed_on",
        ]  # fmt: skip
        widgets = {"opened_on": DateInput(), "closed_on": DateInput()}


class AnswerForm(VerbForm):
    """What came of an item of a workstation. A case is named by its number."""

    number = forms.CharField(
        label=_("Case number"), max_length=20, required=False, widget=forms.TextInput({"autocomplete": "off"}),
        help_text=_("Where a case was made of it"),
    )  # fmt: skip

    class Meta:
        model = WorkstationItem
        fields = ["first_response_at", "ended_at", "result"]

    def __init__(self, *args, **kwargs):
        row = kwargs.get("instance")
        if row is not None and row.pk and row.case_id:
            kwargs["initial"] = {"number": row.case.number} | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)

    def clean_number(self):
        number, row = self.cleaned_data["number"].strip(), self.instance
        if row.pk and row.case_id and number == row.case.number:  # by now perhaps of others
            self.case = row.case
            return number
        self.case = Case.objects.visible_to(self.user).filter(number=number).first() if number else None
        if number and self.case is None:
            raise forms.ValidationError(_("No case that you see has this number."))
        return number


class ItemForm(AnswerForm):
    """What a workstation has received, and perhaps what came of it at once."""

    class Meta(AnswerForm.Meta):
        fields = ["workstation", "received_at", "what", "first_response_at", "ended_at", "result"]


class PlanForm(VerbForm):
    types = forms.MultipleChoiceField(
        label=_("Types of pledges"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: any type"),
    )  # fmt: skip

    class Meta:
        model = InspectionPlan
        fields = ["name", "agency", "starts_on", "ends_on", "types", "visits", "undercover"]
        widgets = {"starts_on": DateInput(), "ends_on": DateInput()}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "types" in self.fields:
            kept = self.instance.types if self.instance.pk else []
            offered = PledgeType.objects.offered_on(timezone.localdate()) | PledgeType.objects.filter(code__in=kept)
            self.fields["types"].choices = [(one.code, one.label) for one in offered.order_by("position", "code")]


class InspectionForm(VerbForm):
    """A visit to come: to premises, by the checklist of a pledge or of a type of pledge. `first`: the inspection that it
    looks at again."""

    first = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)

    class Meta:
        model = Inspection
        fields = ["premises", "pledge", "type", "plan", "mode", "planned_on", "inspectors"]
        widgets = {"planned_on": DateInput()}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "type" in self.fields:
            self.fields["type"].required = False
            self.fields["type"].help_text = _("Where no pledge is named, or the same as its own")

    def clean_first(self):
        key = self.cleaned_data["first"]
        first = Inspection.objects.visible_to(self.user).filter(pk=key).first() if key else None
        if key and first is None:
            raise forms.ValidationError(_("There is no such inspection."))
        return first


class MoveForm(ActForm):
    planned_on = day_field(_("Planned on"))
    mode = forms.ChoiceField(label=_("Mode"), choices=InspectionMode.choices)
    inspectors = forms.CharField(
        label=_("Inspectors"), required=False, max_length=INSPECTORS_LENGTH,
        widget=forms.TextInput({"class": "vTextField"}),
    )  # fmt: skip
    note = text_field(_("Note"), required=False)

    def build(self):
        for name in ("planned_on", "mode", "inspectors"):
            self.fields[name].initial = getattr(self.subject, name)


class ChecklistForm(ActForm):
    """One question an item, in the order of the checklist of a day. The fields are named by the code."""

    def ask(self, day) -> None:
        known = {finding.item_id: finding for finding in self.subject.findings.all()}
        self.items = list(checklist(self.subject.type, day))
        choices = [(result.value, result.label) for result in FindingResult]
        for item in self.items:
            finding = known.get(item.pk)
            label = f"{item.get_head_display()} · {item.label}"
            self.fields[f"result-{item.code}"] = forms.ChoiceField(
                label=_("%(item)s (critical)") % {"item": label} if item.critical else label, choices=choices,
                widget=AdminRadioSelect({"class": "radiolist inline"}), help_text=item.hint,
                initial=finding and finding.result,
            )  # fmt: skip
            self.fields[f"note-{item.code}"] = forms.CharField(
                label=_("Note on “%(item)s”") % {"item": item.label}, required=False, max_length=NOTE_LENGTH,
                initial=finding and finding.note, widget=forms.TextInput({"class": "vTextField"}),
            )  # fmt: skip

    def act_data(self):
        given = super().act_data()
        findings = [
            {"code": item.code, "result": given.pop(f"result-{item.code}"), "note": given.pop(f"note-{item.code}")}
            for item in self.items
        ]
        return given | {"findings": findings}


class VisitForm(ChecklistForm):
    """The visit and what was found, by the checklist of the day on which it is recorded; where that has changed since
    the visit, the domain says so."""

    visited_on = day_field(_("Visited on"))
    inspectors = forms.CharField(
        label=_("Inspectors"), required=False, max_length=INSPECTORS_LENGTH,
        widget=forms.TextInput({"class": "vTextField"}),
    )  # fmt: skip
    summary = text_field(
        _("Summary"), required=False, length=SUMMARY_LENGTH, rows=5,
        help_text=_("What was seen there. No personal data of customers."),
    )  # fmt: skip

    def build(self):
        self.fields["inspectors"].initial = self.subject.inspectors
        day = forms.DateField(input_formats=DAY_FORMATS)
        try:
            self.ask(day.clean(self.data.get("visited_on") or timezone.localdate()))
        except forms.ValidationError:
            self.ask(timezone.localdate())


class FindForm(ChecklistForm):
    note = text_field(_("Reason"), help_text=REASON_HELP)

    def build(self):
        self.ask(self.subject.visited_on)


class OrderForm(ActForm):
    note = text_field(_("What is to be corrected"), help_text=REASON_HELP)
    correct_by = day_field(_("To be corrected by"), required=False, initial=None)

    def build(self):
        self.fields["correct_by"].help_text = _("Empty: within %(n)d working days") % {
            "n": self.subject.type.correction_days
        }


class ExtendForm(ActForm):
    correct_by = day_field(_("To be corrected by"), initial=None)
    note = text_field(_("Reason"), help_text=REASON_HELP)

    def build(self):
        self.fields["correct_by"].help_text = _("So far: %(day)s") % {"day": self.subject.correct_by}


class CloseForm(ActForm):
    corrected_on = day_field(
        _("Corrected on"), required=False, initial=None,
        help_text=_("Where something was not in order and now is. Without it, a reason is needed."),
    )  # fmt: skip
    note = text_field(_("Note"), required=False)


class CancelForm(ActForm):
    note = text_field(_("Reason"), help_text=REASON_HELP)


class PhotoForm(forms.Form):
    """A picture of an inspection. `dropped`: it was so large that it was not kept while it arrived (core.uploads)."""

    file = forms.FileField(label=_("Photo"), max_length=1000, allow_empty_file=True, help_text="JPEG, PNG, WebP, HEIC")
    note = forms.CharField(label=_("Note"), max_length=PHOTO_NOTE_LENGTH, required=False)

    def __init__(self, *args, dropped: bool = False, **kwargs):
        super().__init__(*args, **kwargs)
        if dropped:
            self.fields["file"].error_messages["required"] = too_large()


class WithdrawPhotoForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=PHOTO_NOTE_LENGTH, help_text=REASON_HELP)


class TargetForm(VerbForm):
    class Meta:
        model = Target
        fields = ["year", "what", "agency", "number", "source"]
