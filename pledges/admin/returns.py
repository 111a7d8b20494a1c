"""The returns ledger: entered by month, corrected for a reason."""

from django.contrib import admin
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from cases.admin import masked, masked_row
from core.admin import ReadOnlyInline, VerbAdmin
from core.text import mask_numbers
from pledges.domain import record_returns
from pledges.forms.returns import CorrectionForm, ReturnForm
from pledges.found import found_premises
from pledges.models import ReturnChange, ReturnEntry

FIRST_YEAR = 2019  # of the programme


def _who(user, file) -> str:
    """A person, or the file that a row came from."""
    return format_html('<span translate="no">{}</span>', file.name if file else user.get_full_name())


class ChangeInline(ReadOnlyInline):
    model = ReturnChange
    fields = readonly_fields = [
        "at", "count_before", "amount_before", "count", "amount", masked(ReturnChange, "reason"), "who",
    ]  # fmt: skip
    ordering = ["-pk"]

    def has_view_permission(self, request, obj=None):
        return request.user.has_perm("pledges.view_returnentry")

    @admin.display(description=_("by"))
    def who(self, change):
        return _who(change.actor, change.import_file)

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("actor", "import_file")


class YearFilter(admin.SimpleListFilter):
    title = _("year")
    parameter_name = "year"

    def lookups(self, request, model_admin):
        return [(str(year), str(year)) for year in range(timezone.localdate().year, FIRST_YEAR - 1, -1)]

    def queryset(self, request, queryset):
        known = {year for year, _label in self.lookup_choices}
        return queryset.filter(month__year=self.value()) if self.value() in known else queryset


@admin.register(ReturnEntry)
class ReturnEntryAdmin(VerbAdmin):
    form, second_form = ReturnForm, CorrectionForm
    list_display = ["premises", "merchant", "shown_month", "count", "amount", "origin"]
    list_select_related = ["premises__merchant", "entered_by", "import_file"]
    list_filter = [YearFilter]
    ordering = ["-month", "-pk"]
    sortable_by = []
    search_fields = ["premises__name"]
    search_help_text = _("Name of the premises or of the merchant")
    autocomplete_fields = ["premises"]
    inlines = [ChangeInline]
    looked_at = [masked_row(ReturnEntry, "premises"), "merchant", "shown_month", "origin"]

    @admin.display(description=_("merchant"))
    def merchant(self, entry):
        return format_html('<span translate="no">{}</span>', mask_numbers(str(entry.premises.merchant)))

    @admin.display(description=_("month"))
    def shown_month(self, entry):
        return f"{entry.month:%Y-%m}"

    @admin.display(description=_("entered by"))
    def origin(self, entry):
        return _who(entry.entered_by, entry.import_file)

    def get_inlines(self, request, obj):
        return self.inlines if obj else []

    def get_fields(self, request, obj=None):
        if obj is None:
            return ["premises", "month", "count", "amount"]
        fields = [*self.looked_at, "count", "amount"]
        return [*fields, "reason"] if self.has_change_permission(request, obj) else fields

    def get_readonly_fields(self, request, obj=None):
        return self.looked_at if obj else []

    def get_search_results(self, request, queryset, search_term):
        return found_premises(queryset, search_term, "premises"), False

    def write(self, request, obj, form, change):
        given = form.cleaned_data
        premises, month = (obj.premises, obj.month) if change else (given["premises"], given["month"])
        return record_returns(
            premises, month, given["count"], given["amount"], actor=request.user, reason=given.get("reason", "")
        )
