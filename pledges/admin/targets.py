"""Targets of a year; what has been reached is on a page of the portal."""

from django.contrib import admin

from cases.admin import OfAgencyAdmin
from core.admin import VerbAdmin
from pledges.domain import keep_target
from pledges.forms.field import TargetForm
from pledges.models import Target


@admin.register(Target)
class TargetAdmin(OfAgencyAdmin, VerbAdmin):
    form = TargetForm
    list_display = ["year", "what", "agency", "number", "source"]
    list_select_related = ["agency"]
    list_filter = ["what"]
    ordering = ["-year", "code"]
    sortable_by = ["year"]
    search_fields = ["year", "agency__name"]
    autocomplete_fields = ["agency"]
    change_list_template = "pledges/admin/targets.html"

    def write(self, request, obj, form, change):
        return keep_target(Target(pk=obj.pk), actor=request.user, **form.cleaned_data)
