"""What is entered of an agreement. The rules stand in the domain."""

from decimal import Decimal

from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from cases.forms.acts import party_in_words
from cases.official_forms import asked_label
from core.act_forms import ActForm, day_field, text_field
from core.admin import LabelledFormSet, VerbForm
from core.filters import DateInput
from core.templatetags.portal import money
from core.text import mask_numbers
from mediation.domain import Due, cases_to_agree, owed_of
from mediation.domain.papers import AGENTS
from mediation.forms.sessions import CaseNumberForm
from mediation.models import Agreement, Instalment, Session, Signature

EVIDENCE_LENGTH = 300
LINE_LENGTH = 120


class AgreementForm(CaseNumberForm):
    """What was agreed on, and when."""

    class Meta:
        model = Agreement
        fields = ["reached_on", "terms"]
        widgets = {"reached_on": DateInput()}
        help_texts = {
            "terms": _("As it stands in the document, which says after it what is to be done by when."),
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["number"].help_text = _("Of a case whose mediation ended with an agreement; its session leads here.")

    def cases(self, number):
        return cases_to_agree(Session.objects.agreed().filter(case__number=number).first(), self.user)


class RevisionForm(VerbForm):
    """Another wording, before anyone has signed for good."""

    class Meta(AgreementForm.Meta):
        pass


class InstalmentFormSet(LabelledFormSet):
    """What is to be done by when, as it is entered."""

    def entered(self) -> list[Due]:
        return [
            Due(row["due_on"], row["what"], row["kind"], row["amount"])
            for form in self.forms
            if (row := form.cleaned_data) and not row.get("DELETE")
        ]


class SignForm(ActForm):
    signatures = forms.ModelMultipleChoiceField(
        Signature.objects.none(), label=_("Who has signed"), widget=forms.CheckboxSelectMultiple
    )
    signed_on = day_field(_("Signed on"))
    note = text_field(
        _("Note"), required=False,
        help_text=_("With the last signature what is promised is posted. Where that is more than the claim, say why."),
    )  # fmt: skip

    def build(self):
        field = self.fields["signatures"]
        field.queryset = self.subject.signatures.filter(signed_on=None).select_related("party")
        field.label_from_instance = _untranslated


class PerformForm(ActForm):
    instalment = forms.ModelChoiceField(
        Instalment.objects.none(), label=_("What was performed"), empty_label=None, widget=forms.RadioSelect
    )
    performed_on = day_field(_("Performed on"))
    amount = forms.DecimalField(
        label=_("Amount (CNY)"), required=False, min_value=0, max_digits=14, decimal_places=2,
        help_text=_("Empty: all that is still owed of it."),
    )  # fmt: skip
    evidence = forms.CharField(
        label=_("Evidence"), max_length=EVIDENCE_LENGTH,
        help_text=_("What shows it, such as a receipt, a transfer or the agreement."),
    )  # fmt: skip
    enforced = forms.BooleanField(label=_("Enforced by a court"), required=False)
    note = text_field(_("Note"), required=False)

    def build(self):
        field, owed = self.fields["instalment"], owed_of(self.subject)
        field.queryset = self.subject.instalments.filter(performed_on=None)
        field.label_from_instance = lambda instalment: instalment_in_words(instalment, owed.get(instalment.pk))
        field.initial = field.queryset.first()


class AnnulForm(ActForm):
    note = text_field(_("Reason"))


class PaperForm(ActForm):
    """What the document names besides: who signs for the parties."""

    def build(self):
        for name in AGENTS:
            self.fields[name] = forms.CharField(label=asked_label(name), required=False, max_length=LINE_LENGTH)


def signature_in_words(signature: Signature) -> str:
    return party_in_words(signature.party) if signature.party else str(signature.get_side_display())


def _untranslated(signature: Signature) -> str:
    return format_html('<span translate="no">{}</span>', signature_in_words(signature))


def instalment_in_words(instalment: Instalment, owed: Decimal | None) -> str:
    """With what is still promised of it, in yuan."""
    what, amount = mask_numbers(instalment.what), "" if owed is None else money(owed)
    return format_html('{} <span translate="no">{}</span> {}', f"{instalment.due_on}", what, amount)


