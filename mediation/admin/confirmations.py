"""Judicial confirmation, as mediators prepare it and as the people of a court record what became of it."""

from django.contrib import admin, messages
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.client import client_ip
from cases.admin import masked
from cases.models import Case
from cases.paper_pages import PaperPages
from cases.tables import as_written
from core.act_pages import ActPages
from core.admin import ReadOnlyInline, VerbAdmin, VerbForm
from core.templatetags.portal import state
from mediation.admin.lists import MediatedLists
from mediation.domain import (
    CONFIRMATION,
    act_on_confirmation,
    cases_of,
    open_paper,
    papers_for_court,
    prepare,
)
from mediation.enums import ConfirmationState, ConfirmationVerb, Urgency
from mediation.forms.confirmations import (
    AcceptanceForm,
    ApplicationForm,
    DismissalForm,
    EnforcementForm,
    PackageForm,
    PrepareForm,
    RulingForm,
    WithdrawalForm,
)
from mediation.models import Agreement, ConfirmationEvent, JudicialConfirmation
from mediation.querysets import is_of_court
from mediation.templatetags.confirmations import TONES, urgency_mark

ACT_FORMS = {
    ConfirmationVerb.ISSUE: PackageForm, ConfirmationVerb.APPLY: ApplicationForm,
    ConfirmationVerb.ACCEPT: AcceptanceForm, ConfirmationVerb.CONFIRM: RulingForm,
    ConfirmationVerb.DISMISS: DismissalForm, ConfirmationVerb.WITHDRAW: WithdrawalForm,
    ConfirmationVerb.ENFORCE: EnforcementForm,
}  # fmt: skip
LATE = _("The last day for the application was %(date)s: it is recorded, and does not count as in time.")
AFTER = _("The last day for the application was %(date)s. A court need not take what comes later.")


class StateFilter(admin.SimpleListFilter):
    """How far a confirmation has come. A court is not offered what it is never shown: it sees what was applied for."""

    title = _("state")
    parameter_name = "state__exact"

    def lookups(self, request, model_admin):
        hidden = ConfirmationState.PREPARED if is_of_court(request.user) else None
        return [choice for choice in ConfirmationState.choices if choice[0] != hidden]

    def queryset(self, request, queryset):
        return queryset.filter(state=self.value()) if self.value() in ConfirmationState.values else queryset


class UrgencyFilter(admin.SimpleListFilter):
    """How pressing the application is."""

    title = _("urgency")
    parameter_name = "urgency"

    def lookups(self, request, model_admin):
        return Urgency.choices

    def queryset(self, request, queryset):
        known = self.value() in Urgency.values
        return queryset.pressing(self.value(), timezone.localdate()) if known else queryset


class InTimeFilter(admin.SimpleListFilter):
    """Whether the application came on its last day at the latest; of what was not applied for nothing is known."""

    title = _("time of the application")
    parameter_name = "timely"

    def lookups(self, request, model_admin):
        return [("yes", _("In time")), ("no", _("Not in time"))]

    def queryset(self, request, queryset):
        timely = {"yes": True, "no": False}.get(self.value())
        return queryset if timely is None else queryset.filter(in_time=timely)


class EventInline(ReadOnlyInline):
    """The timeline. What mediators note among themselves is not for the court."""

    model = ConfirmationEvent
    readonly_fields = ["at", "what", "who", masked(ConfirmationEvent, "note")]
    ordering = ["-pk"]

    def has_view_permission(self, request, obj=None):
        return request.user.has_perm("mediation.view_judicialconfirmation")

    def get_fields(self, request, obj=None):
        return self.readonly_fields[:-1] if is_of_court(request.user) else self.readonly_fields

    @admin.display(description=_("act"))
    def what(self, event):
        return event.label

    @admin.display(description=_("by"))
    def who(self, event):
        return format_html('<span translate="no">{}</span>', event.actor.get_full_name())

    def get_queryset(self, request):
        # a row is named by its confirmation, and that by its case
        return super().get_queryset(request).select_related("actor", "confirmation__agreement__case")


@admin.register(JudicialConfirmation)
class JudicialConfirmationAdmin(ActPages, PaperPages, MediatedLists, VerbAdmin):
    """What was prepared is changed by acts alone, each on its page."""

    workflow, act_forms = CONFIRMATION, ACT_FORMS
    form, second_form = PrepareForm, VerbForm
    list_display = ["case_number", "shown_state", "shown_due", "applied", "number", "ruled_on", "court"]
    list_select_related = ["agreement__case", "court"]
    list_filter = [StateFilter, InTimeFilter, UrgencyFilter]
    ordering = ["-pk"]
    sortable_by = ["shown_due"]
    search_fields = ["agreement__case__number__startswith", "number__startswith"]
    search_help_text = _("Beginning of the case number or of the court's number")
    autocomplete_fields = ["court"]
    fieldsets = [
        (_("Agreement"), {"fields": ["case_number", "merchant", "effective_on"]}),
        (_("Application"), {"fields": [
            "court", "shown_state", "due_on", "pressing", "safe_on", "provisional", "applied_on", "article", "in_time",
        ]}),
        (_("Court"), {"fields": [
            masked(JudicialConfirmation, "number"), "accepted_on", "ruled_on", masked(JudicialConfirmation, "ruling"),
            "ground", "enforced_on", masked(JudicialConfirmation, "enforcement"),
        ]}),
    ]  # fmt: skip
    looked_at = [name for _title, part in fieldsets for name in part["fields"]]
    inlines = [EventInline]
    change_form_template = "mediation/admin/confirmation.html"

    def has_change_permission(self, request, obj=None):
        return False

    def get_list_filter(self, request):
        # a court sees what was applied for, which is pressing no more
        return self.list_filter[:-1] if is_of_court(request.user) else self.list_filter

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("agreement__case__merchant", "court")

    def get_fieldsets(self, request, obj=None):
        return self.fieldsets if obj else [(None, {"fields": ["case_number", "court", "note"]})]

    def get_readonly_fields(self, request, obj=None):
        return self.looked_at if obj else []

    def get_inlines(self, request, obj):
        return self.inlines if obj else []

    def get_changeform_initial_data(self, request):
        """The case whose number the address gives, or whose agreement it does."""
        agreement = request.GET.get("agreement", "")
        if agreement.isdecimal() and len(agreement) < 19:
            found = Agreement.objects.filter(pk=agreement, case__in=cases_of(request.user))
            return {"case_number": found.values_list("case__number", flat=True).first()}
        return {"case_number": request.GET.get("number", "")}

    # what is shown

    @admin.display(description=_("case"))
    def case_number(self, confirmation):
        return confirmation.agreement.case.number

    @admin.display(description=_("merchant"), empty_value="-")
    def merchant(self, confirmation):
        case = confirmation.agreement.case
        return format_html('<span translate="no">{}</span>', as_written(case.merchant, case.merchant_written))

    @admin.display(description=_("in force from"))
    def effective_on(self, confirmation):
        return confirmation.agreement.effective_on

    @admin.display(description=_("state"))
    def shown_state(self, confirmation):
        return state(confirmation.get_state_display(), TONES[confirmation.state])

    @admin.display(description=_("due on"), ordering="due_on")
    def shown_due(self, confirmation):
        return format_html("{} {}", date_format(confirmation.due_on), urgency_mark(confirmation))

    @admin.display(description=_("applied for on"), empty_value="-")
    def applied(self, confirmation):
        if confirmation.applied_on is None:
            return None
        in_time = state(_("In time"), "green") if confirmation.in_time else state(_("Not in time"), "red")
        return format_html("{} {}", date_format(confirmation.applied_on), in_time)

    @admin.display(description=_("urgency"))
    def pressing(self, confirmation):
        return urgency_mark(confirmation) or "-"

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj:
            user, case = request.user, obj.agreement.case
            seen = Case.objects.visible_to(user).filter(pk=case.pk).exists()
            context |= {
                "confirmation": obj, "papers": self.papers(request, obj),
                "steps": [step for step in CONFIRMATION.available(obj, user) if step.verb in ACT_FORMS],
                "case_url": case.get_absolute_url() if seen else "",
                "agreement_url": self._agreement_url(user, obj),
            }  # fmt: skip
        return super().render_change_form(request, context, add, change, form_url, obj)

    @staticmethod
    def _agreement_url(user, confirmation) -> str:
        if is_of_court(user) or not user.has_perm("mediation.view_agreement"):
            return ""
        return reverse("admin:mediation_agreement_change", args=[confirmation.agreement_id])

    def papers(self, request, obj):
        papers = super().papers(request, obj)
        if not is_of_court(request.user):
            return papers
        keys = [paper.document.pk for paper in papers]
        made_out = set(papers_for_court(request.user).filter(pk__in=keys).values_list("pk", flat=True))
        return [paper for paper in papers if paper.document.pk in made_out]

    def may_open(self, user, obj, document):
        # a court is shown no others than those that were made out for it
        return is_of_court(user) or super().may_open(user, obj, document)

    def open_paper(self, request, obj, document):
        return open_paper(obj, document, actor=request.user, ip=client_ip(request))

    # what is done

    def write(self, request, obj, form, change):
        given = form.cleaned_data
        return prepare(form.agreement, court=given["court"], note=given["note"], actor=request.user)

    def response_add(self, request, obj, post_url_continue=None):
        late = timezone.localdate() > obj.due_on
        words = AFTER if late else _("Prepared. The last day for the application is %(date)s.")
        self.message_user(request, words % {"date": obj.due_on}, messages.WARNING if late else messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:mediation_judicialconfirmation_change", args=[obj.pk]))

    def act(self, request, verb, obj, form):
        seen = form.cleaned_data["seen"]
        act_on_confirmation(obj, verb, actor=request.user, seen=seen, **form.act_data())
        if verb == ConfirmationVerb.APPLY and not obj.in_time:
            messages.warning(request, LATE % {"date": obj.due_on})

    def get_urls(self):
        return [*self.act_urls(), *self.paper_urls(), *super().get_urls()]
