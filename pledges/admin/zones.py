"""Zones with their members, and workstations with what they handle."""

from django.contrib import admin, messages
from django.utils import timezone
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from cases.admin import OfAgencyAdmin, masked, masked_row
from cases.list_files import ListFile, field_column
from core.admin import VerbAdmin
from core.exports import Column
from core.language import listed
from core.text import mask_numbers
from pledges.domain import (
    join_zone,
    keep_workstation,
    keep_zone,
    leave_zone,
    may_leave,
    record_item,
    update_item,
)
from pledges.forms.field import AnswerForm, ItemForm, LeaveForm, MembershipForm, WorkstationForm, ZoneForm
from pledges.models import Premises, Workstation, WorkstationItem, Zone, ZoneMembership

EXPORT = "pledges.export_pledge"


class OpenFilter(admin.SimpleListFilter):
    """Zones and workstations by whether there still are."""

    title = _("state")
    parameter_name = "open"

    def lookups(self, request, model_admin):
        return [
            ("yes", pgettext_lazy("a zone or workstation", "Open")),
            ("no", pgettext_lazy("a zone or workstation", "Closed")),
        ]

    def queryset(self, request, queryset):
        today = timezone.localdate()
        match self.value():
            case "yes":
                return queryset.open_on(today)
            case "no":
                return queryset.filter(closed_on__lte=today)
        return queryset


class ChosenFilter(admin.SimpleListFilter):
    """The rows of one record, whose page leads here: it stands beside the list once it is chosen."""

    of: str
    chosen_elsewhere = True

    def lookups(self, request, model_admin):
        value = request.GET.get(self.parameter_name, "")
        if not (value.isascii() and value.isdigit() and len(value) < 19):
            return []
        related = model_admin.model._meta.get_field(self.of).related_model
        return [(str(row.pk), str(row)) for row in related.objects.visible_to(request.user).filter(pk=value)]

    def queryset(self, request, queryset):
        known = {value for value, _label in self.lookup_choices}
        return queryset.filter(**{self.of: self.value()}) if self.value() in known else queryset


class ZoneFilter(ChosenFilter):
    title, parameter_name, of = pgettext_lazy("pledges", "zone"), "zone", "zone"


class WorkstationFilter(ChosenFilter):
    title, parameter_name, of = _("workstation"), "workstation", "workstation"


class MemberFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "member"

    def lookups(self, request, model_admin):
        return [("now", _("Member today")), ("ended", pgettext_lazy("a membership", "Ended"))]

    def queryset(self, request, queryset):
        today = timezone.localdate()
        match self.value():
            case "now":
                return queryset.on(today)
            case "ended":
                return queryset.filter(until__lte=today)
        return queryset


@admin.register(Zone)
class ZoneAdmin(OfAgencyAdmin, VerbAdmin):
    form = ZoneForm
    list_display = ["name", "kind", "agency", "region", "opened_on", "closed_on"]
    list_select_related = ["agency", "region"]
    list_filter = [OpenFilter, "kind"]
    ordering = ["name", "pk"]
    sortable_by = ["name", "opened_on"]
    search_fields = ["name"]
    autocomplete_fields = ["agency", "operator"]
    change_form_template = "pledges/admin/zone.html"

    def write(self, request, obj, form, change):
        zone = keep_zone(Zone(pk=obj.pk), actor=request.user, **form.cleaned_data)
        if zone.joined_elsewhere:
            self._tell(request, zone.joined_elsewhere)
        return zone

    def _tell(self, request, premises: list[Premises]) -> None:
        """Who is no member again, by name as far as the user sees them."""
        seen = set(Premises.objects.visible_to(request.user).filter(pk__in=[one.pk for one in premises]))
        names = [mask_numbers(one.name) for one in premises if one in seen]
        if others := len(premises) - len(names):
            names.append(ngettext("%(n)s that others keep", "%(n)s that others keep", others) % {"n": others})
        message = gettext("These have joined another zone since, and are no members here again: %(names)s.")
        self.message_user(request, message % {"names": listed(names)}, messages.WARNING)


@admin.register(ZoneMembership)
class MembershipAdmin(ListFile, VerbAdmin):
    """Premises join; what is done to a membership later is to end it."""

    form, second_form = MembershipForm, LeaveForm
    list_display = ["premises", "merchant", "zone", "since", "until"]
    list_select_related = ["premises__merchant", "zone"]
    list_filter = [MemberFilter, ZoneFilter]
    ordering = ["-since", "-pk"]
    sortable_by = ["since"]
    search_fields = ["premises__name", "zone__name"]
    autocomplete_fields, proposed = ["zone", "premises"], ("zone", "premises")
    export_name, export_permission = "members-of-zones", EXPORT
    export_related = ("premises__region",)
    export_columns = (
        field_column(ZoneMembership, "zone", "zone.name", masked=True, width=28),
        field_column(ZoneMembership, "premises", "premises.name", masked=True, width=28),
        Column(_("Merchant"), "premises.merchant.name", masked=True, width=32),
        Column(_("District"), "premises.region.label"),
        field_column(ZoneMembership, "since", width=11),
        field_column(ZoneMembership, "until", width=11),
    )
    looked_at = [
        masked_row(ZoneMembership, "zone"), masked_row(ZoneMembership, "premises"), "since",
        masked_row(ZoneMembership, "added_by", opens=False),
    ]  # fmt: skip
    leaver = staticmethod(masked_row(ZoneMembership, "ended_by", opens=False))

    @admin.display(description=_("merchant"))
    def merchant(self, membership):
        return membership.premises.merchant

    def has_change_permission(self, request, obj=None):
        ends = obj is None or may_leave(obj, timezone.localdate())
        return super().has_change_permission(request, obj) and ends

    def get_fields(self, request, obj=None):
        if obj is None:
            return ["zone", "premises", "since"]
        ended = [self.leaver] if obj.until else []
        return [*self.looked_at, "until", *ended]

    def get_readonly_fields(self, request, obj=None):
        return [*self.looked_at, self.leaver] if obj else []

    def write(self, request, obj, form, change):
        given = form.cleaned_data
        if change:
            return leave_zone(obj, until=given["until"], actor=request.user)
        return join_zone(given["zone"], given["premises"], since=given["since"], actor=request.user)


@admin.register(Workstation)
class WorkstationAdmin(ListFile, OfAgencyAdmin, VerbAdmin):
    form = WorkstationForm
    list_display = ["name", "kind", "zone", "agency", "region", "opened_on", "closed_on"]
    list_select_related = ["zone", "agency", "region"]
    list_filter = [OpenFilter, "kind"]
    ordering = ["name", "pk"]
    sortable_by = ["name", "opened_on"]
    search_fields = ["name", "host"]
    autocomplete_fields, proposed = ["agency", "zone"], ("zone",)
    export_name, export_permission = "workstations", EXPORT
    export_columns = (
        field_column(Workstation, "name", masked=True, width=28),
        field_column(Workstation, "kind", "get_kind_display"),
        field_column(Workstation, "zone", "zone.name", masked=True, width=28),
        field_column(Workstation, "agency", "agency.label", width=28),
        field_column(Workstation, "region", "region.label"),
        field_column(Workstation, "host", masked=True, width=28),
        field_column(Workstation, "address", masked=True, width=32),
        # as its sign tells them to everybody
        field_column(Workstation, "contact"),
        field_column(Workstation, "telephone", width=20),
        field_column(Workstation, "mediators", width=28),
        field_column(Workstation, "opened_on", width=11),
        field_column(Workstation, "closed_on", width=11),
    )
    change_form_template = "pledges/admin/workstation.html"

    def write(self, request, obj, form, change):
        return keep_workstation(Workstation(pk=obj.pk), actor=request.user, **form.cleaned_data)

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj:
            context["figures"] = obj.items.figures()
        return super().render_change_form(request, context, add, change, form_url, obj)


class EndedFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "ended"

    def lookups(self, request, model_admin):
        return [
            ("no", pgettext_lazy("items of a workstation", "In hand")),
            ("yes", pgettext_lazy("items of a workstation", "Ended")),
        ]

    def queryset(self, request, queryset):
        ended = {"no": False, "yes": True}.get(self.value())
        return queryset if ended is None else queryset.filter(ended_at__isnull=not ended)


@admin.register(WorkstationItem)
class ItemAdmin(ListFile, VerbAdmin):
    """What was received stays as it was written down; what came of it is added."""

    form, second_form = ItemForm, AnswerForm
    list_display = ["received_at", "workstation", masked(WorkstationItem, "what"), "first_response_at", "ended_at"]
    list_select_related = ["workstation"]
    list_filter = [EndedFilter, WorkstationFilter]
    ordering = ["-received_at", "-pk"]
    sortable_by = ["received_at"]
    search_fields = ["workstation__name"]
    search_help_text = _("Name of the workstation")
    autocomplete_fields, proposed = ["workstation"], ("workstation",)
    export_name, export_permission, export_related = "items-of-workstations", EXPORT, ("workstation__region", "case")
    export_columns = (
        field_column(WorkstationItem, "received_at", width=19),
        field_column(WorkstationItem, "workstation", "workstation.name", masked=True, width=28),
        Column(_("District"), "workstation.region.label"),
        field_column(WorkstationItem, "what", masked=True, width=40),
        field_column(WorkstationItem, "first_response_at", width=19),
        field_column(WorkstationItem, "ended_at", width=19),
        field_column(WorkstationItem, "result", masked=True, width=32),
        field_column(WorkstationItem, "case", "case.number", width=20),
    )
    looked_at = [
        masked_row(WorkstationItem, "workstation"), "received_at", masked(WorkstationItem, "what"),
        masked_row(WorkstationItem, "recorded_by", opens=False),
    ]  # fmt: skip
    answer = ["first_response_at", "ended_at"]

    def has_change_permission(self, request, obj=None):
        may = super().has_change_permission(request, obj)
        return may and (obj is None or obj.ended_at is None)

    def get_fields(self, request, obj=None):
        if obj is None:
            return ["workstation", "received_at", "what", *self.answer, "result", "number"]
        if self.has_change_permission(request, obj):
            return [*self.looked_at, *self.answer, "result", "number"]
        return [*self.looked_at, *self.answer, masked(WorkstationItem, "result"), "case_number"]

    def get_readonly_fields(self, request, obj=None):
        return [*self.looked_at, masked(WorkstationItem, "result"), "case_number"] if obj else []

    @admin.display(description=_("case"), empty_value="-")
    def case_number(self, item):
        return item.case and item.case.number

    def write(self, request, obj, form, change):
        given = {name: value for name, value in form.cleaned_data.items() if name != "number"} | {"case": form.case}
        if change:
            return update_item(obj, actor=request.user, **given)
        return record_item(given.pop("workstation"), actor=request.user, **given)
