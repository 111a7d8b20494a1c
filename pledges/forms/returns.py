"""The form of the returns ledger. Its rules are the domain's."""

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget
from django.utils.translation import gettext_lazy as _

from core.admin import VerbForm
from pledges.models import ReturnChange, ReturnEntry


class ReturnForm(VerbForm):
    """What was taken back in a month."""

    class Meta:
        model = ReturnEntry
        fields = ["premises", "month", "count", "amount"]
        help_texts = {"month": _("Any day of the month")}  # noqa: RUF012 - as Django has it


class CorrectionForm(ReturnForm):
    """A correction, which has its reason."""

    reason = forms.CharField(
        label=_("Reason of the correction"), max_length=ReturnChange._meta.get_field("reason").max_length,
        widget=AdminTextareaWidget({"rows": 2}),
    )  # fmt: skip
