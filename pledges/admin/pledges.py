"""Pledges in the register: applied for, decided on, renewed and ended, one by one and many at once."""

from django.contrib import admin, messages
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.domain import SYSTEM
from cases.admin import masked
from core.act_pages import ActPages, BulkActPages
from core.admin import ReadOnlyInline, VerbAdmin, VerbForm
from core.templatetags.portal import state
from pledges.details import of_pledge
from pledges.domain import PLEDGE, act_on_pledge, apply_together
from pledges.domain.pledges import RENEWABLE_DAYS
from pledges.enums import Origin, Pool, PromiseField
from pledges.forms.pledges import ACT_FORMS, MANY_FORMS, ApplicationForm
from pledges.found import found_premises
from pledges.models import Evaluation, Opinion, Pledge, PledgeEvent, PledgeType, Suspension
from pledges.tones import PLEDGE_TONES


class OfPledge:
    """What belongs to a pledge is seen by whoever sees pledges."""

    def has_view_permission(self, request, obj=None):
        return request.user.has_perm("pledges.view_pledge")


class OpinionInline(OfPledge, ReadOnlyInline):
    model = Opinion
    fields = readonly_fields = ["stage", "favourable", masked(Opinion, "text"), "body", "person", "given_on"]


class SuspensionInline(OfPledge, ReadOnlyInline):
    model = Suspension
    fields = readonly_fields = ["since", "until", masked(Suspension, "reason")]


class EvaluationInline(OfPledge, ReadOnlyInline):
    model = Evaluation
    fields = readonly_fields = ["year", "result", masked(Evaluation, "text"), "evaluated_on"]


class EventInline(OfPledge, ReadOnlyInline):
    model = PledgeEvent
    fields = readonly_fields = ["at", "what", "details", "day", "who", masked(PledgeEvent, "note")]
    ordering = ["-pk"]

    @admin.display(description=_("act"))
    def what(self, event):
        return event.label

    @admin.display(description=_("details"))
    def details(self, event):
        return of_pledge(event) or "-"

    @admin.display(description=_("holds from"), empty_value="-")
    def day(self, event):
        return event.data.get("on")

    @admin.display(description=_("by"), empty_value="-")
    def who(self, event):
        if event.actor is None:
            return None
        if event.actor.username == SYSTEM:
            return _("By itself")
        return format_html('<span translate="no">{}</span>', event.actor.get_full_name())

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("actor")


class TodoFilter(admin.SimpleListFilter):
    """Pledges by what is to be done about them."""

    title = _("to do")
    parameter_name = "todo"

    def lookups(self, request, model_admin):
        return [
            ("review", _("Under review")), ("renew", _("Expiring soon")), ("correct", _("Correction overdue")),
            ("expired", _("Term over")),
        ]  # fmt: skip

    def queryset(self, request, queryset):
        today = timezone.localdate()
        match self.value():
            case "review":
                return queryset.under_review()
            case "renew":
                return queryset.expiring(today, RENEWABLE_DAYS)
            case "correct":
                return queryset.late(today)
            case "expired":
                return queryset.run_out(today)
        return queryset


class TypeFilter(admin.SimpleListFilter):
    title = _("type")
    parameter_name = "type"

    def lookups(self, request, model_admin):
        return [(one.code, one.label) for one in PledgeType.objects.all()]

    def queryset(self, request, queryset):
        return queryset.filter(type__code=self.value()) if self.value() else queryset


@admin.register(Pledge)
class PledgeAdmin(BulkActPages, ActPages, VerbAdmin):
    workflow, act_forms, many_forms = PLEDGE, ACT_FORMS, MANY_FORMS
    act_related = ("premises", "type")
    form, second_form = ApplicationForm, VerbForm
    list_display = ["premises", "merchant", "type", "shown_state", "published_on", "last_day", "terms", "shown_pool"]
    list_select_related = ["premises__merchant", "type"]
    list_filter = [TodoFilter, "state", TypeFilter, "pool", "level"]
    ordering = ["-applied_on", "-pk"]
    sortable_by = []
    search_fields = ["plaque"]
    search_help_text = _("Name of the premises or of the merchant, or number of the application")
    autocomplete_fields = ["premises"]
    change_form_template = "pledges/admin/pledge.html"

    @admin.display(description=_("merchant"))
    def merchant(self, pledge):
        return pledge.premises.merchant

    @admin.display(description=_("state"))
    def shown_state(self, pledge):
        return state(pledge.get_state_display(), PLEDGE_TONES[pledge.state])

    @admin.display(description=_("last day"), empty_value="-")
    def last_day(self, pledge):
        if pledge.valid_to is None:
            return None
        flag = ""
        if pledge.correct_by is not None and pledge.correct_by < timezone.localdate():
            flag = format_html(' <span class="flag">{}</span>', _("correction overdue"))
        return format_html("{}{}", date_format(pledge.valid_to), flag)

    @admin.display(description=_("pool"))
    def shown_pool(self, pledge):
        return "-" if pledge.pool == Pool.NONE else pledge.get_pool_display()

    def get_search_results(self, request, queryset, search_term):
        together = queryset.filter(application=search_term.strip()) if search_term.strip() else queryset.none()
        return (together if together.exists() else found_premises(queryset, search_term, "premises")), False

    def get_fieldsets(self, request, obj=None):
        if obj is not None:
            return []
        first = ["premises", "further", "type", "application", "applied_on", "origin", "waiting_reason"]
        return [(None, {"fields": first}), (_("Promise"), {"fields": PromiseField.values})]

    def get_inlines(self, request, obj):
        return [OpinionInline, SuspensionInline, EvaluationInline, EventInline] if obj else []

    def has_change_permission(self, request, obj=None):
        """A pledge is changed by acts, each on its page."""
        return False if obj is not None else super().has_change_permission(request, obj)

    def get_changeform_initial_data(self, request):
        return {"applied_on": timezone.localdate()} | super().get_changeform_initial_data(request)

    def write(self, request, obj, form, change):
        given = form.cleaned_data
        premises = [given["premises"], *given["further"]]
        pledges = apply_together(
            premises, given["type"], promise=form.promise(), applied_on=given["applied_on"],
            origin=given["origin"] or Origin.CLERK, application=given["application"],
            waiting_reason=given["waiting_reason"], actor=request.user,
        )  # fmt: skip
        if len(pledges) > 1:
            told = _("The application was taken for %(n)d premises, each with a pledge of its own.")
            messages.success(request, told % {"n": len(pledges)})
        return next(pledge for pledge in pledges if pledge.premises_id == given["premises"].pk)

    def act(self, request, verb, obj, form):
        act_on_pledge(obj, verb, actor=request.user, seen=form.cleaned_data["seen"], **form.act_data())

    def act_on_one_of_many(self, request, verb, obj, form):
        act_on_pledge(obj, verb, actor=request.user, **form.act_data())

    def get_urls(self):
        return [*self.bulk_urls(), *self.act_urls(), *super().get_urls()]

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj:
            context |= {
                "pledge": obj,
                "steps": [step for step in PLEDGE.available(obj, request.user) if step.verb in ACT_FORMS],
                "promise": obj.promise,
                "premises_url": reverse("admin:pledges_premises_change", args=[obj.premises_id]),
            }
        return super().render_change_form(request, context, add, change, form_url, obj)
