"""Types of pledges with their rules, and what falls under each."""

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextInputWidget
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.forms import SimpleArrayField
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from cases.admin import masked
from core.admin import RefusableAdmin, RefusableForm, ScopedInline
from core.language import listed
from pledges.enums import PromiseField, Stage
from pledges.models import Coverage, PledgeType
from registry.admin import ConsequencesAdmin, InForceFilter, ReferenceForm

COMMAS = str.maketrans("，、", ",,")  # those of a Chinese keyboard


class WordsField(SimpleArrayField):
    def to_python(self, value):
        return super().to_python(value.translate(COMMAS) if isinstance(value, str) else value)


def untranslated(words: list[str]) -> str:
    return format_html('<span translate="no">{}</span>', listed(words)) if words else "-"


class TypeForm(ReferenceForm, RefusableForm):
    needs = forms.MultipleChoiceField(
        label=_("needs"), choices=PromiseField, required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("What the promise must state"),
    )  # fmt: skip
    stages = forms.MultipleChoiceField(
        label=_("opinions"), choices=Stage, required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("Whose opinions an application takes, in this order"),
    )  # fmt: skip

    def clean_needs(self):
        return self._as_it_stands("needs")

    def clean_stages(self):
        return self._as_it_stands("stages")

    def _as_it_stands(self, name: str) -> list[str]:
        """What is chosen, in the order that it has: a row that nobody has changed would else differ from its file."""
        chosen, kept = self.cleaned_data[name], getattr(self.instance, name)
        return kept if set(chosen) == set(kept) else chosen


class CoverageInline(ScopedInline):
    """A rule that holds no longer is taken out: nothing refers to it, and evidence names its problem and its words."""

    model = Coverage
    autocomplete_fields = ["problem"]
    can_delete = True

    def has_delete_permission(self, request, obj=None):
        return self.has_change_permission(request, obj)

    def get_fields(self, request, obj=None):
        return ["problem", "words"] if self.has_change_permission(request, obj) else ["named", "written"]

    def get_readonly_fields(self, request, obj=None):
        return ["named", "written"]

    @admin.display(description=_("problem"), empty_value="-")
    def named(self, coverage):
        return coverage.problem and coverage.problem.label

    @admin.display(description=_("words of the demand"))
    def written(self, coverage):
        return untranslated(coverage.words)

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if db_field.name == "words":
            kwargs |= {"form_class": WordsField, "show_hidden_initial": False, "widget": AdminTextInputWidget}
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("type", "problem")


@admin.register(PledgeType)
class PledgeTypeAdmin(RefusableAdmin, ConsequencesAdmin):
    """Rules hold for what is done from now on. Where it is said anew what falls under a type, the complaints of its
    pledges are held against it again, once that has been confirmed."""

    dataset = "pledge_types"
    form = TypeForm
    list_display = ["code", "shown_name", "least_days", "term_months", "correction_days", "valid_from", "valid_to"]
    list_filter = [InForceFilter]
    ordering = ["position", "code"]
    sortable_by = []
    inlines = [CoverageInline]
    fields = [
        "code", "name", "name_en", "aliases", "position", "needs", "stages", "least_days", "term_months",
        "waiting_months", "correction_days", "valid_from", "valid_to",
    ]  # fmt: skip
    formfield_overrides = {ArrayField: {"widget": AdminTextInputWidget}}
    read = [
        "code", masked(PledgeType, "name"), "name_en", "other_names", "position", "needed", "asked", "least_days",
        "term_months", "waiting_months", "correction_days", "valid_from", "valid_to",
    ]  # fmt: skip

    def get_fields(self, request, obj=None):
        """Whoever only reads finds words where there are codes."""
        return self.read if self._reads(request, obj) else super().get_fields(request, obj)

    def get_readonly_fields(self, request, obj=None):
        return self.read if self._reads(request, obj) else super().get_readonly_fields(request, obj)

    def _reads(self, request, obj) -> bool:
        return obj is not None and not self.has_change_permission(request, obj)

    @admin.display(description=_("aliases"))
    def other_names(self, type):
        return untranslated(type.aliases)

    @admin.display(description=_("needs"), empty_value="-")
    def needed(self, type):
        return listed(PromiseField(one).label for one in type.needs)

    @admin.display(description=_("opinions"), empty_value="-")
    def asked(self, type):
        return listed(Stage(one).label for one in type.stages)

    def asks(self, form, formsets, *, change):
        return change and any(formset.has_changed() for formset in formsets)
