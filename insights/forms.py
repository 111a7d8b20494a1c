"""What the reader of the dashboard chooses: a period and a region."""

import datetime as dt
from dataclasses import dataclass

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from insights.periods import FIRST_YEAR, LAST_YEAR, NAMED, YEAR, Period, named


@dataclass(frozen=True)
class Choice:
    """`whole` is the calendar's month, quarter or year, `period` as much of it as has passed."""

    name: str  # one of NAMED, "years" for a picked year, "custom" for two dates
    whole: Period
    period: Period


class PeriodForm(forms.Form):
    """A picked year goes before two dates, and these before a named period."""

    period = forms.ChoiceField(choices=NAMED, required=False)
    year = forms.IntegerField(min_value=FIRST_YEAR, max_value=LAST_YEAR, required=False)
    region = forms.CharField(required=False, max_length=40)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, label in (("from", gettext_lazy("From")), ("to", gettext_lazy("To"))):
            self.fields[name] = forms.DateField(label=label, required=False, input_formats=["%Y-%m-%d"])

    def clean(self):
        data = super().clean()
        start, end = data.get("from"), data.get("to")
        if "from" in self.errors or "to" in self.errors:
            return data
        if bool(start) != bool(end):
            raise ValidationError(_("A period of your own needs both its first and its last day."))
        if start and end < start:
            raise ValidationError(_("The last day comes before the first."))
        if start and not (start.year >= FIRST_YEAR and end.year <= LAST_YEAR):
            raise ValidationError(
                _("Years from %(first)s to %(last)s, please.") % {"first": FIRST_YEAR, "last": LAST_YEAR}
            )
        return data

    def choice(self, today: dt.date) -> Choice:
        """The period chosen; this year so far where nothing valid was."""
        data = self.cleaned_data if self.is_valid() else {}
        if data.get("year"):
            name, whole = "years", Period.of_year(data["year"])
        elif data.get("from"):
            period = Period(data["from"], data["to"])
            return Choice("custom", period, period)
        else:
            name = data.get("period") or YEAR
            whole = named(name, today)
        return Choice(name, whole, whole.until(today))
