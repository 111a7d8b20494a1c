"""What platforms answer, and what regulators say when they refer a complaint or take it back."""

from decimal import Decimal

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.domain.recoveries import KNOWN_KINDS, STATED
from cases.enums import PartyRole
from cases.forms.reasons import REASON_HELP
from core.act_forms import ActForm, text_field
from core.templatetags.portal import money
from registry.models import Platform

TEXT_LENGTH = 5000
NOTE_LENGTH = 500
CHOOSE = ("", _("Choose…"))


class ReplyForm(ActForm):
    text = text_field(
        _("Reply"), rows=6, length=TEXT_LENGTH,
        help_text=_("What has been done so far. The complaint stays with the platform; a settlement is recorded apart."),
    )  # fmt: skip


class SettleForm(ActForm):
    """What was settled on, and what of it is money."""

    settlement = text_field(
        _("Settlement"), rows=6, length=TEXT_LENGTH,
        help_text=_("What the platform and the consumer settled on, when and how."),
    )  # fmt: skip
    amount = forms.DecimalField(
        label=_("Amount recovered (CNY)"), required=False, min_value=Decimal("0.01"), max_digits=14, decimal_places=2,
    )  # fmt: skip
    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=[CHOOSE, *((kind.value, kind.label) for kind in KNOWN_KINDS)]
    )
    status = forms.ChoiceField(
        label=_("Status"), required=False, choices=[CHOOSE, *((one.value, one.label) for one in STATED)]
    )
    evidence = forms.CharField(
        label=_("Evidence"), required=False, max_length=300, widget=forms.TextInput({"class": "vTextField"}),
        help_text=_("What shows it, such as the number of the refund or of the order."),
    )  # fmt: skip
    reason = forms.CharField(
        label=_("Reason for more than was claimed"), required=False, max_length=NOTE_LENGTH,
        widget=forms.TextInput({"class": "vTextField"}),
    )  # fmt: skip

    def build(self):
        case = self.subject.case
        claimed = _("Claimed: %(amount)s. Empty where no money was paid or promised.") % {"amount": money(case.claimed)}
        self.fields["amount"].help_text = claimed
        if case.parties.filter(role=PartyRole.CONSUMER).count() > 1:
            self.fields["represented_agree"] = forms.BooleanField(
                label=_("Those who are represented have agreed"), required=False
            )

    def clean(self):
        given = super().clean()
        if given.get("amount") is not None:
            for name in ("kind", "status", "evidence"):
                if not given.get(name):
                    self.add_error(name, _("Needed with an amount."))
        return given


class ReasonForm(ActForm):
    note = text_field(_("Reason"), length=NOTE_LENGTH, help_text=REASON_HELP)


class ReferForm(forms.Form):
    """To which member of the green channel a complaint goes."""

    platform = forms.ModelChoiceField(
        Platform.objects.none(), label=_("Platform"), empty_label=_("Choose…"),
        help_text=_("Members of the green channel today"),
    )  # fmt: skip
    note = forms.CharField(
        label=_("Note to the platform"), required=False, max_length=NOTE_LENGTH,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("The platform reads it beside the case. Name no reporter, and no number of a person."),
    )  # fmt: skip

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["platform"].queryset = Platform.objects.members_on(timezone.localdate()).order_by("code")


class RecallForm(forms.Form):
    seen = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("Reason"), max_length=NOTE_LENGTH, widget=forms.Textarea({"rows": 2}),
        help_text=REASON_HELP,
    )  # fmt: skip
