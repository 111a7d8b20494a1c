"""What a person gives for a document: one small form for each, made of what its official form asks for."""

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cases.domain.attachments import NOTE_LENGTH
from cases.domain.contents import RECORD_LENGTH, TEXT_LENGTH, grounds_of, statable
from cases.enums import Addressee, DeliveryResult, DocumentForm, NoticeMeans, Verb
from cases.models import Case, Document
from cases.official_forms import FORMS, asked_label
from core.filters import DateInput
from core.text import mask_numbers

LONG = ("id_papers", "reason", "bring", "terms", "result", "present")
LINE_LENGTH = 300
RECUSAL_DAYS = 3


class TimeInput(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self, **kwargs):
        super().__init__(format="%Y-%m-%dT%H:%M", **kwargs)


def _date():
    return forms.DateField(widget=DateInput())


def _count(low: int, high: int):
    return forms.IntegerField(min_value=low, max_value=high)


SPECIAL = {
    "report_back_on": _date,
    "id_deadline": _date,
    "mediated_on": _date,
    "effective_on": _date,
    "record": lambda: forms.CharField(max_length=RECORD_LENGTH, widget=forms.Textarea(attrs={"rows": 10})),
    "mediate_at": lambda: forms.DateTimeField(widget=TimeInput()),
    "recusal_days": lambda: _count(1, 30),
    "enclosures": lambda: _count(0, 9_999),
    "pages": lambda: _count(0, 9_999),
}


class IssueForm(forms.Form):
    """What the official form `code` asks for that `case` does not hold; `letterhead` and case propose what they can."""

    def __init__(self, *args, case: Case, code: DocumentForm, letterhead=None, **kwargs):
        definition = FORMS[code]
        kwargs["initial"] = proposed(case, letterhead) | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)
        for name in definition.asks:
            field = self._field(name, case, code)
            field.label, field.required = asked_label(name), name not in definition.optional
            self.fields[name] = field

    def _field(self, name: str, case: Case, code: DocumentForm) -> forms.Field:
        if name == "ground":
            grounds = statable(case, grounds_of(case, code))
            return forms.ChoiceField(choices=[(ground.code, str(ground)) for ground in grounds])
        if name in SPECIAL:
            return SPECIAL[name]()
        if name in LONG:
            return forms.CharField(max_length=TEXT_LENGTH, widget=forms.Textarea(attrs={"rows": 4}))
        return forms.CharField(max_length=LINE_LENGTH)


def proposed(case: Case, letterhead) -> dict:
    """What may stand in a form before anybody has typed."""
    refused = case.events.filter(verb=Verb.REFUSE).order_by("-pk").values_list("note", flat=True).first()
    return {
        "contact_phone": letterhead.phone if letterhead else "",
        "contact_address": letterhead.address if letterhead else "",
        "mediators": case.officer.get_full_name() if case.officer else "",
        "ground": case.ground,
        "reason": refused or "",
        "recusal_days": RECUSAL_DAYS,
        "enclosures": case.attachments.filter(withdrawn_at=None).count(),
    }


class ReasonForm(forms.Form):
    """Why something is taken back. How long it must be is the domain's rule."""

    reason = forms.CharField(label=_("Reason"), max_length=NOTE_LENGTH, strip=True)


class DeliveryForm(forms.Form):
    """How a document came to its addressee."""

    addressee = forms.ChoiceField(
        label=_("Addressee"),
        choices=[(side.value, side.label) for side in (Addressee.COMPLAINANT, Addressee.RESPONDENT)],
    )
    means = forms.ChoiceField(label=_("Means"), choices=NoticeMeans.choices)
    at = forms.DateTimeField(label=_("Time"), widget=TimeInput())
    result = forms.ChoiceField(label=pgettext_lazy("delivery", "Result"), choices=DeliveryResult.choices)
    proof = forms.ModelChoiceField(
        label=_("Proof"),
        queryset=None,
        required=False,
        help_text=_("A file that has been added to the case"),
        widget=forms.Select({"translate": "no"}),
    )
    note = forms.CharField(label=_("Note"), max_length=NOTE_LENGTH, required=False)

    def __init__(self, *args, document: Document, attachments, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["proof"].queryset = attachments
        self.fields["proof"].label_from_instance = lambda attachment: mask_numbers(attachment.name)
        if document.side != Addressee.BOTH:
            del self.fields["addressee"]
