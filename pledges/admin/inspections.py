"""Checklists, plans and inspections."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.cache import never_cache

from accounts.client import client_ip
from cases.admin import OfAgencyAdmin, masked, masked_row
from cases.list_files import ListFile, field_column
from cases.views.case_forms import file_response
from core.act_pages import ActPages
from core.admin import ReadOnlyInline, VerbAdmin
from core.exceptions import DomainError
from core.exports import Column
from core.language import listed
from core.personal_data import PersonalDataError
from core.templatetags.portal import state
from core.uploads import is_too_large
from pledges.details import InspectionDetails
from pledges.domain import (
    INSPECTION,
    act_on_inspection,
    add_photo,
    keep_plan,
    open_photo,
    plan_inspection,
    plan_progress,
    score,
    to_rectify,
    withdraw_photo,
)
from pledges.domain.inspections import CHANGE
from pledges.enums import SEEN, InspectionState, InspectionVerb
from pledges.forms.field import (
    CancelForm,
    CloseForm,
    ExtendForm,
    FindForm,
    InspectionForm,
    MoveForm,
    OrderForm,
    PhotoForm,
    PlanForm,
    VisitForm,
    WithdrawPhotoForm,
)
from pledges.models import ChecklistItem, Finding, Inspection, InspectionEvent, InspectionPlan, PledgeType
from pledges.tones import FINDING_TONES, INSPECTION_TONES
from registry.admin import InForceFilter, ReferenceAdmin

FORMS = {
    InspectionVerb.VISIT: VisitForm, InspectionVerb.MOVE: MoveForm, InspectionVerb.FIND: FindForm,
    InspectionVerb.ORDER: OrderForm, InspectionVerb.EXTEND: ExtendForm, InspectionVerb.CLOSE: CloseForm,
    InspectionVerb.CANCEL: CancelForm,
}  # fmt: skip


@admin.register(ChecklistItem)
class ChecklistItemAdmin(ReferenceAdmin):
    list_display = ["code", "shown_name", "type", "head", "weight", "critical", "valid_from", "valid_to"]
    list_select_related = ["type"]
    list_filter = [InForceFilter, "head", "critical", "type"]
    ordering = ["type__position", "position", "code"]
    sortable_by = []


class PlanFilter(admin.SimpleListFilter):
    """Plans by their time."""

    title = _("time")
    parameter_name = "time"

    def lookups(self, request, model_admin):
        return [("now", pgettext_lazy("a plan", "Running")), ("past", pgettext_lazy("a plan", "Past"))]

    def queryset(self, request, queryset):
        today = timezone.localdate()
        match self.value():
            case "now":
                return queryset.filter(starts_on__lte=today, ends_on__gte=today)
            case "past":
                return queryset.filter(ends_on__lt=today)
        return queryset


@admin.register(InspectionPlan)
class PlanAdmin(ListFile, OfAgencyAdmin, VerbAdmin):
    form = PlanForm
    list_display = ["name", "agency", "starts_on", "ends_on", "visits", "undercover"]
    list_select_related = ["agency"]
    list_filter = [PlanFilter]
    ordering = ["-starts_on", "-pk"]
    sortable_by = ["starts_on"]
    search_fields = ["name"]
    change_form_template = "pledges/admin/plan.html"
    export_name, export_permission = "inspection-plans", "pledges.export_pledge"

    @property
    def export_columns(self):
        names = {one.code: one.label for one in PledgeType.objects.all()}
        return (
            field_column(InspectionPlan, "name", masked=True, width=28),
            field_column(InspectionPlan, "agency", "agency.label", width=28),
            field_column(InspectionPlan, "starts_on", width=11),
            field_column(InspectionPlan, "ends_on", width=11),
            field_column(
                InspectionPlan, "types", lambda plan: listed(names.get(code, code) for code in plan.types), width=40
            ),
            field_column(InspectionPlan, "visits"),
            field_column(InspectionPlan, "undercover"),
        )

    def write(self, request, obj, form, change):
        return keep_plan(InspectionPlan(pk=obj.pk), actor=request.user, **form.cleaned_data)

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj:
            context["progress"] = plan_progress(obj)
        return super().render_change_form(request, context, add, change, form_url, obj)


class LateFilter(admin.SimpleListFilter):
    """Of what is being corrected: what should have been by now."""

    title = _("correction")
    parameter_name = "correction"

    def lookups(self, request, model_admin):
        return [("late", _("Not corrected in time"))]

    def queryset(self, request, queryset):
        return queryset.late(timezone.localdate()) if self.value() == "late" else queryset


class OfInspection:
    """What belongs to an inspection is seen by whoever sees inspections."""

    def has_view_permission(self, request, obj=None):
        return request.user.has_perm("pledges.view_inspection")


class FindingInline(OfInspection, ReadOnlyInline):
    model = Finding
    fields = readonly_fields = ["head", "question", "answer", masked(Finding, "note")]

    @admin.display(description=_("head"))
    def head(self, finding):
        return finding.item.get_head_display()

    @admin.display(description=_("item"))
    def question(self, finding):
        if finding.item.critical:
            return format_html('{} <span class="flag">{}</span>', finding.item.label, _("critical"))
        return finding.item.label

    @admin.display(description=_("result"))
    def answer(self, finding):
        return state(finding.get_result_display(), FINDING_TONES[finding.result])

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("item")


class InspectionEventInline(OfInspection, ReadOnlyInline):
    model = InspectionEvent
    told: InspectionDetails | None = None
    fields = readonly_fields = ["at", "what", "details", "who", masked(InspectionEvent, "note")]
    ordering = ["-pk"]

    @admin.display(description=_("act"))
    def what(self, event):
        return event.label

    @admin.display(description=_("details"))
    def details(self, event):
        if self.told is None:  # of one inspection, on one page
            self.told = InspectionDetails(event.inspection)
        return self.told(event) or "-"

    @admin.display(description=_("by"))
    def who(self, event):
        return format_html('<span translate="no">{}</span>', event.actor.get_full_name()) if event.actor else "-"

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("actor", "inspection__premises")


class PhotoPages:
    """Photos of an inspection are added, withdrawn, and opened after that is in the access log."""

    def photo_urls(self) -> list:
        wrap, name = self.admin_site.admin_view, f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path("<int:pk>/photos/add/", wrap(self.add_photo_view), name=f"{name}_photo"),
            path("<int:pk>/photos/<int:photo>/", wrap(never_cache(self.photo_view)), name=f"{name}_file"),
            path("<int:pk>/photos/<int:photo>/withdraw/", wrap(self.withdraw_view), name=f"{name}_withdraw"),
        ]

    def _found(self, request, pk, *, changes: bool):
        if not self.has_view_permission(request) or (changes and not request.user.has_perm(CHANGE)):
            raise PermissionDenied
        found = self.get_queryset(request).filter(pk=pk).first()
        if found is None:
            raise Http404
        return found

    def _photo(self, inspection, photo):
        found = inspection.photos.filter(pk=photo).first()
        if found is None:
            raise Http404
        return found

    def _back(self, inspection) -> str:
        return reverse("admin:pledges_inspection_change", args=[inspection.pk])

    def _page(self, request, inspection, form, title, button, *, grave: bool = False):
        context = self.admin_site.each_context(request) | {
            "title": title, "subtitle": str(inspection), "opts": self.opts, "subject": inspection, "form": form,
            "button": button, "grave": grave, "back": self._back(inspection),
        }  # fmt: skip
        return TemplateResponse(request, "pledges/admin/photo.html", context)

    def add_photo_view(self, request, pk):
        inspection = self._found(request, pk, changes=True)
        if inspection.state not in SEEN:
            messages.error(request, _("Record the visit first."))
            return HttpResponseRedirect(self._back(inspection))
        given = (request.POST, request.FILES) if request.method == "POST" else ()
        form = PhotoForm(*given, dropped=is_too_large(request))
        if given and form.is_valid():
            file = form.cleaned_data["file"]
            try:
                add_photo(
                    inspection, name=file.name, content=file.read(), note=form.cleaned_data["note"], actor=request.user
                )
            except DomainError as refused:
                form.add_error("file", str(refused))
            else:
                messages.success(request, _("The photo has been added."))
                return HttpResponseRedirect(self._back(inspection))
            finally:
                file.close()
        return self._page(request, inspection, form, _("Add a photo"), _("Add"))

    def withdraw_view(self, request, pk, photo):
        inspection = self._found(request, pk, changes=True)
        found = self._photo(inspection, photo)
        if found.is_withdrawn:
            messages.error(request, _("This photo was withdrawn already."))
            return HttpResponseRedirect(self._back(inspection))
        form = WithdrawPhotoForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                withdraw_photo(found, reason=form.cleaned_data["reason"], actor=request.user)
            except DomainError as refused:
                form.add_error("reason", str(refused))
            else:
                messages.success(request, _("The photo has been withdrawn."))
                return HttpResponseRedirect(self._back(inspection))
        return self._page(request, inspection, form, _("Withdraw a photo"), _("Withdraw"), grave=True)

    def photo_view(self, request, pk, photo):
        inspection = self._found(request, pk, changes=False)
        found = self._photo(inspection, photo)
        try:
            content = open_photo(found, actor=request.user, ip=client_ip(request))
        except (DomainError, PersonalDataError) as refused:
            messages.error(request, str(refused))
            return HttpResponseRedirect(self._back(inspection))
        return file_response(content, name=found.name, content_type=found.content_type)


@admin.register(Inspection)
class InspectionAdmin(ActPages, PhotoPages, ListFile, VerbAdmin):
    """Planned here, and from then on changed by acts alone."""

    workflow, act_forms, act_related = INSPECTION, FORMS, ("premises", "type", "plan")
    form, proposed = InspectionForm, ("premises", "pledge", "type", "plan", "first")
    list_display = ["planned_on", "premises", "type", "mode", "shown_state", "visited_on", "correct_by"]
    list_select_related = ["premises", "type"]
    list_filter = ["state", LateFilter, "mode", "type"]
    ordering = ["-planned_on", "-pk"]
    sortable_by = ["planned_on"]
    search_fields = ["premises__name"]
    search_help_text = _("Name of the premises")
    autocomplete_fields = ["premises", "pledge", "plan"]
    inlines = [FindingInline, InspectionEventInline]
    change_form_template = "pledges/admin/inspection.html"
    export_name, export_permission = "inspections", "pledges.export_pledge"
    export_related = ("premises__merchant", "premises__region")
    export_columns = (
        field_column(Inspection, "planned_on", width=11),
        Column(_("Premises"), "premises.name", masked=True, width=28),
        Column(_("Merchant"), "premises.merchant.name", masked=True, width=32),
        Column(_("District"), "premises.region.label"),
        Column(_("Type"), "type.label", width=20),
        field_column(Inspection, "mode", "get_mode_display"),
        field_column(Inspection, "state", "get_state_display"),
        field_column(Inspection, "visited_on", width=11),
        field_column(Inspection, "correct_by", width=11),
        field_column(Inspection, "corrected_on", width=11),
    )
    looked_at = [
        masked_row(Inspection, "premises"), masked_row(Inspection, "pledge"), "type", masked_row(Inspection, "plan"),
        masked_row(Inspection, "follows"), "mode", "shown_state", "planned_on", "visited_on",
        masked(Inspection, "inspectors"), "points", masked(Inspection, "summary"), "correct_by", "corrected_on",
        "ended_at",
    ]  # fmt: skip

    def has_change_permission(self, request, obj=None):
        return obj is None and super().has_change_permission(request, obj)

    def get_fields(self, request, obj=None):
        if obj is None:
            return ["premises", "pledge", "type", "plan", "mode", "planned_on", "inspectors", "first"]
        named = ((one, one.__name__ if callable(one) else one) for one in self.looked_at)
        return [one for one, name in named if getattr(obj, name, True) not in (None, "")]

    def get_readonly_fields(self, request, obj=None):
        return self.looked_at if obj else []

    def get_inlines(self, request, obj):
        return self.inlines if obj else []

    @admin.display(description=_("state"))
    def shown_state(self, inspection):
        late = inspection.state == InspectionState.CORRECTING and inspection.correct_by < timezone.localdate()
        if late:
            return state(_("Not corrected in time"), "red")
        return state(inspection.get_state_display(), INSPECTION_TONES[inspection.state])

    @admin.display(description=_("points"), empty_value="-")
    def points(self, inspection):
        good, whole = score(inspection)
        return f"{good} / {whole}" if whole else None

    def write(self, request, obj, form, change):
        given = dict(form.cleaned_data)
        return plan_inspection(given.pop("premises"), follows=given.pop("first"), actor=request.user, **given)

    def get_urls(self):
        return [*self.act_urls(), *self.photo_urls(), *super().get_urls()]

    def act(self, request, verb, obj, form):
        act_on_inspection(obj, verb, actor=request.user, seen=form.cleaned_data["seen"], **form.act_data())

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj:
            user, again = request.user, ""
            if obj.state in SEEN and user.has_perm("pledges.add_inspection"):
                given = {"premises": obj.premises_id, "type": obj.type_id, "first": obj.pk}
                given |= {"pledge": obj.pledge_id} if obj.pledge_id else {}
                again = f"{reverse('admin:pledges_inspection_add')}?{urlencode(given)}"
            context |= {
                "inspection": obj, "steps": INSPECTION.available(obj, user), "again_url": again,
                "proposed": to_rectify(obj), "followers": list(obj.followers.order_by("planned_on", "pk")),
                "photos": list(obj.photos.all()), "adds_photos": obj.state in SEEN and user.has_perm(CHANGE),
            }  # fmt: skip
        return super().render_change_form(request, context, add, change, form_url, obj)
