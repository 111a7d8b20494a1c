"""Premises and pledges, as forms of others name them."""

from django.contrib import admin

from core.admin import ReadOnlyAdmin
from pledges.models import Pledge, Premises


@admin.register(Premises)
class PremisesAdmin(ReadOnlyAdmin):
    list_display = ["name", "merchant", "agency", "region"]
    list_select_related = ["merchant", "agency", "region"]
    search_fields = ["name", "merchant__name"]


@admin.register(Pledge)
class PledgeAdmin(ReadOnlyAdmin):
    list_display = ["premises", "type", "state", "valid_to"]
    list_select_related = ["premises", "type"]
    list_filter = ["state"]
    search_fields = ["premises__name", "plaque"]
