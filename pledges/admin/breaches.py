"""Complaints that fall under a pledge: what speaks for a breach, side by side, and what people decide of it."""

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from cases.list_files import ListFile, field_column
from cases.models import Case
from cases.paper_pages import PaperPages
from core.act_pages import ActPages
from core.admin import ReadOnlyAdmin, ReadOnlyInline
from core.exports import Column
from core.language import in_language
from core.templatetags.portal import due_tag
from core.text import mask_numbers
from pledges.domain import BREACH, act_on_breach
from pledges.domain.evidence import earlier, exhibits
from pledges.enums import BreachState, BreachToDo, BreachVerb
from pledges.forms.acts import CorrectionForm, DatedForm, ReasonForm
from pledges.forms.breaches import LetterForm, WarningForm
from pledges.models import Breach, BreachEvent, PledgeType, Premises
from pledges.templatetags.breaches import breach_state
from registry.models import Region

ACT_FORMS = {
    BreachVerb.CONFIRM: ReasonForm, BreachVerb.DISMISS: ReasonForm, BreachVerb.REOPEN: ReasonForm,
    BreachVerb.WARN: WarningForm, BreachVerb.LETTER: LetterForm, BreachVerb.RECTIFY: CorrectionForm,
    BreachVerb.CORRECT: DatedForm, BreachVerb.SUSPEND: DatedForm, BreachVerb.REINSTATE: DatedForm,
    BreachVerb.REMOVE: DatedForm,
}  # fmt: skip


class ChoiceFilter(admin.SimpleListFilter):
    """Filters by the key of a row that is among the choices, and else not at all."""

    path = ""

    def queryset(self, request, queryset):
        known = {str(key) for key, _label in self.lookup_choices}
        return queryset.filter(**{self.path: self.value()}) if self.value() in known else queryset


class TypeFilter(ChoiceFilter):
    title = _("type of pledge")
    parameter_name = "type"
    path = "pledge__type"

    def lookups(self, request, model_admin):
        return [(str(one.pk), one.label) for one in PledgeType.objects.order_by("position", "code")]


class DistrictFilter(ChoiceFilter):
    """Where the premises are: the districts in which the reader keeps any, or all of them."""

    title = _("district")
    parameter_name = "district"
    path = "pledge__premises__region"

    def lookups(self, request, model_admin):
        kept = Premises.objects.visible_to(request.user).order_by().values("region")
        return [(str(one.pk), one.label) for one in Region.objects.filter(pk__in=kept).order_by("code", "valid_from")]


class ToDoFilter(admin.SimpleListFilter):
    """What waits for somebody."""

    title = _("to do")
    parameter_name = "todo"

    def lookups(self, request, model_admin):
        return BreachToDo.choices

    def queryset(self, request, queryset):
        asked = self.value()
        return queryset.waiting(asked, timezone.localdate()) if asked in BreachToDo.values else queryset


class BreachEventInline(ReadOnlyInline):
    """The timeline."""

    model = BreachEvent
    fields = readonly_fields = ["at", "what", "who", "said", "pledge_act"]
    ordering = ["-pk"]

    def has_view_permission(self, request, obj=None):
        return request.user.has_perm("pledges.view_breach")

    @admin.display(description=_("act"))
    def what(self, event):
        return event.label

    @admin.display(description=_("by"))
    def who(self, event):
        if event.actor is None:
            return _("By itself")
        return format_html('<span translate="no">{}</span>', event.actor.get_full_name())

    @admin.display(description=_("note"))
    def said(self, event):
        return format_html('<span translate="no">{}</span>', mask_numbers(event.note)) if event.note else "-"

    @admin.display(description=_("details"))
    def pledge_act(self, event):
        """The day from which it holds, the last day of a correction, the number of a letter."""
        told = (event.data.get(name) for name in ("on", "correct_by", "letter", "number"))
        return in_language("；", "; ").join(mask_numbers(str(value)) for value in told if value) or "-"

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("actor")


class BreachList(ChangeList):
    """Of each row what the list and its file name: five tables have a hundred columns more."""

    SHOWN = (
        "state", "matches", "counts_on", "due_on", "found_at", "decided_at", "case__number", "pledge__type__name",
        "pledge__type__name_en", "pledge__premises__name", "pledge__premises__merchant__name",
        "pledge__premises__region__name", "pledge__premises__region__name_en",
    )  # fmt: skip

    def get_queryset(self, request, exclude_parameters=None):
        return super().get_queryset(request, exclude_parameters).only(*self.SHOWN)


@admin.register(Breach)
class BreachAdmin(ActPages, PaperPages, ListFile, ReadOnlyAdmin):
    workflow, act_forms = BREACH, ACT_FORMS
    act_related = ("case", "pledge__type", "pledge__premises")
    list_display = [
        "number", "shown_state", "merchant", "premises_name", "type_name", "district", "counts_on", "due", "matches",
        "found_at",
    ]  # fmt: skip
    list_filter = ["state", ToDoFilter, TypeFilter, DistrictFilter, "matches"]
    ordering = ["-found_at", "-pk"]
    sortable_by = ["found_at"]
    search_fields = ["case__number__startswith", "pledge__premises__merchant__name__startswith"]
    search_help_text = _("Beginning of the case number or of the merchant's name")
    inlines = [BreachEventInline]
    fields = readonly_fields = ["number", "shown_state", "found_at", "decided_at", "due"]
    change_form_template = "pledges/admin/breach.html"
    export_name, export_permission = "breaches", "pledges.export_pledge"
    export_columns = (
        Column(_("Case number"), "case.number", width=20),
        field_column(Breach, "state", "get_state_display"),
        Column(_("Merchant"), "pledge.premises.merchant.name", masked=True, width=32),
        Column(_("Premises"), "pledge.premises.name", masked=True, width=28),
        Column(_("Type"), "pledge.type.label", width=20),
        Column(_("District"), "pledge.premises.region.label"),
        field_column(Breach, "counts_on", width=11),
        field_column(Breach, "due_on", width=11),
        field_column(Breach, "matches"),
        field_column(Breach, "found_at", width=19),
        field_column(Breach, "decided_at", width=19),
    )

    def get_changelist(self, request, **kwargs):
        return BreachList

    def get_queryset(self, request):
        return super().get_queryset(request).with_facts()

    def get_search_results(self, request, queryset, search_term):
        words = search_term.strip()
        return (queryset.search(words) if words else queryset), False

    # what is shown

    @admin.display(description=_("case"))
    def number(self, breach):
        return breach.case.number

    @admin.display(description=_("merchant"))
    def merchant(self, breach):
        return format_html('<span translate="no">{}</span>', mask_numbers(str(breach.pledge.premises.merchant)))

    @admin.display(description=_("premises"))
    def premises_name(self, breach):
        return format_html('<span translate="no">{}</span>', mask_numbers(breach.pledge.premises.name))

    @admin.display(description=_("type of pledge"))
    def type_name(self, breach):
        return breach.pledge.type.label

    @admin.display(description=_("district"))
    def district(self, breach):
        return breach.pledge.premises.region.label

    @admin.display(description=_("state"))
    def shown_state(self, breach):
        return breach_state(breach)

    @admin.display(description=_("to be corrected by"))
    def due(self, breach):
        if breach.due_on is None:
            return "-"
        day = f"{breach.due_on:%Y-%m-%d}"
        return format_html("{} {}", day, due_tag(breach.due_on)) if breach.state == BreachState.CORRECTING else day

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        user = request.user
        sees_case = Case.objects.visible_to(user).filter(pk=obj.case_id).exists()
        context |= {
            "breach": obj, "steps": [step for step in BREACH.available(obj, user) if step.verb in ACT_FORMS],
            "exhibits": exhibits(obj, user), "earlier": earlier(obj, user), "papers": self.papers(request, obj),
            "case_url": obj.case.get_absolute_url() if sees_case else "",
        }  # fmt: skip
        return super().render_change_form(request, context, add, change, form_url, obj)

    # what is done

    def act(self, request, verb, obj, form):
        act_on_breach(obj, verb, actor=request.user, seen=form.cleaned_data["seen"], **form.act_data())

    def get_urls(self):
        return [*self.act_urls(), *self.paper_urls(), *super().get_urls()]
