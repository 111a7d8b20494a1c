"""Premises in the register."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from cases.admin import masked_row
from cases.list_files import ListFile, field_column
from core.admin import ReadOnlyInline, VerbAdmin
from core.exports import Column
from core.templatetags.portal import state
from pledges.admin.breaches import DistrictFilter
from pledges.domain import change_premises, register_premises
from pledges.forms.pledges import PremisesForm
from pledges.found import found_premises
from pledges.models import Pledge, Premises
from pledges.tones import PLEDGE_TONES


class PledgeInline(ReadOnlyInline):
    """The pledges of these premises, each with a page of its own."""

    model = Pledge
    fk_name = "premises"
    fields = readonly_fields = ["kind", "shown_state", "applied_on", "published_on", "valid_to", "terms"]
    ordering = ["-applied_on", "-pk"]

    @admin.display(description=_("type"))
    def kind(self, pledge):
        return format_html('<a href="{}">{}</a>', reverse("admin:pledges_pledge_change", args=[pledge.pk]), pledge.type)

    @admin.display(description=_("state"))
    def shown_state(self, pledge):
        return state(pledge.get_state_display(), PLEDGE_TONES[pledge.state])

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("type")


class PlaceFilter(DistrictFilter):
    path = "region"


@admin.register(Premises)
class PremisesAdmin(ListFile, VerbAdmin):
    form = PremisesForm
    list_display = ["name", "merchant", "region", "agency"]
    list_select_related = ["merchant", "region", "agency"]
    list_filter = [PlaceFilter]
    ordering = ["-pk"]
    sortable_by = []
    search_fields = ["name"]
    search_help_text = _("Name of the premises or of the merchant")
    autocomplete_fields = ["merchant"]
    inlines = [PledgeInline]
    export_name, export_permission, export_related = "premises", "pledges.export_pledge", ("platform",)
    export_columns = (
        field_column(Premises, "name", masked=True, width=28),
        field_column(Premises, "merchant", "merchant.name", masked=True, width=32),
        Column(_("Unified social credit code"), "merchant.credit_code", width=22),
        field_column(Premises, "region", "region.label"),
        field_column(Premises, "address", masked=True, width=32),
        field_column(Premises, "platform", "platform.label"),
        field_column(Premises, "link", masked=True, width=32),
        field_column(Premises, "agency", "agency.label", width=28),
    )
    keeps = staticmethod(masked_row(Premises, "merchant"))

    def get_inlines(self, request, obj):
        return self.inlines if obj else []

    def get_readonly_fields(self, request, obj=None):
        return [self.keeps, "agency"] if obj else []

    def get_fields(self, request, obj=None):
        fields = ["name", "region", "address", "platform", "link"]
        return [self.keeps, *fields, "agency"] if obj else ["merchant", *fields]

    def get_search_results(self, request, queryset, search_term):
        return found_premises(queryset, search_term), False

    def write(self, request, obj, form, change):
        given = {name: form.cleaned_data[name] for name in ("name", "region", "address", "platform", "link")}
        if change:
            return change_premises(obj, actor=request.user, **given)
        return register_premises(form.cleaned_data["merchant"], actor=request.user, **given)
