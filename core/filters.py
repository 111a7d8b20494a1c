"""The query form of list pages: filters laid out in a grid, and the ones in use as removable chips."""

import datetime as dt
from dataclasses import dataclass

import django_filters
from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Layout
from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.dateparse import parse_date
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.language import listed
from core.text import mask_numbers

ALL = pgettext_lazy("any value of a filter", "All")
FIRST_DAY, LAST_DAY = dt.date(1950, 1, 1), dt.date(2199, 12, 31)
WORDS_LENGTH = 100  # characters


class DateInput(forms.DateInput):
    """The browser's own date picker; always exchanges ISO dates."""

    input_type = "date"

    def __init__(self, attrs=None):
        super().__init__(attrs=attrs, format="%Y-%m-%d")

    def format_value(self, value):
        """What the picker can show; of anything else it would complain in the console and stay empty."""
        text = super().format_value(value)
        return text if text and _is_date(text) else None


def _is_date(text: str) -> bool:
    try:
        return parse_date(text) is not None
    except ValueError:
        return False


OUT_OF_RANGE = _("Give a date from 1950 to 2199.")


class DateFilter(django_filters.DateFilter):
    """A date field that reads and shows ISO dates whatever the language. Beyond its range neither the next day nor
    a local midnight may exist."""

    def __init__(self, *args, **kwargs):
        bounds = [MinValueValidator(FIRST_DAY, OUT_OF_RANGE), MaxValueValidator(LAST_DAY, OUT_OF_RANGE)]
        kwargs = {"widget": DateInput(), "input_formats": ["%Y-%m-%d"], "validators": bounds} | kwargs
        super().__init__(*args, **kwargs)


class WordFilter(django_filters.CharFilter):
    """A search box. `id_q`, the one named "q", starts a search while one types."""

    def __init__(self, *args, placeholder="", **kwargs):
        widget = forms.TextInput({"placeholder": placeholder, "autocomplete": "off", "type": "search"})
        super().__init__(*args, **({"widget": widget, "max_length": WORDS_LENGTH} | kwargs))


@dataclass(frozen=True)
class Chip:
    """One filter in use: its label, its value in words, and the URL parameters that set it."""

    label: str
    value: str
    parameters: tuple[str, ...]


class FilterSet(django_filters.FilterSet):
    """A filter form that is checked as a whole: with one wrong value the list stays empty and says why.

    `on_phone` names the filters that a narrow screen shows at once, `folded` those that a wide one hides; a
    button opens the others, and they stand open while one of them is in use.
    """

    on_phone: tuple[str, ...] = ("q",)
    folded: tuple[str, ...] = ()

    @cached_property
    def form(self):
        form = super().form
        form.helper = helper = FormHelper()
        helper.form_tag = False
        helper.disable_csrf = True
        helper.include_media = False
        helper.label_class = "query-label"
        helper.field_class = "query-field"
        helper.layout = Layout(
            Div(
                *(
                    Field(name, wrapper_class=" ".join(["query-item", *self._hidden(name)]))
                    for name in self.filters
                ),
                css_class="query-grid",
            )
        )
        return form

    def _hidden(self, name: str) -> list[str]:
        classes = {"query-more": name not in self.on_phone, "query-folded": name in self.folded}
        return [css for css, applies in classes.items() if applies]

    @property
    def opens_folded(self) -> bool:
        """Whether a folded filter is in use, or wrong."""
        return any(self.data.get(name) for name in self.folded)

    def understood(self) -> dict[str, str]:
        """The filters in use as an address writes them, each with its value as it was understood."""
        if not self.form.is_valid():
            return {}
        return {
            name: str(getattr(value, "pk", value))
            for name, value in self.form.cleaned_data.items()
            if value not in (None, "")
        }

    def chips(self) -> list[Chip]:
        """The filters in use, in the order of the form."""
        if not self.form.is_valid():
            return []
        chips = []
        for name, field in self.form.fields.items():
            value = self.form.cleaned_data.get(name)
            if value in (None, "", [], ()) or (hasattr(value, "exists") and not value):
                continue
            chips.append(Chip(str(field.label), self._in_words(field, value), (name,)))
        return chips

    @staticmethod
    def _in_words(field, value) -> str:
        if isinstance(value, (list, tuple)) or hasattr(value, "exists"):
            return listed(FilterSet._in_words(field, item) for item in value)
        if isinstance(field, forms.ModelChoiceField):
            return mask_numbers(str(value))  # names that people write may hold a number
        choices: dict = {}
        for key, label in getattr(field, "choices", []):
            choices.update(label if isinstance(label, (list, tuple)) else {key: label})
        return str(choices.get(value, value)).strip()
