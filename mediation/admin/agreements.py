"""Agreements in the mediators' workplace: drawn up with what is to be done by when, signed, performed."""

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import DateField, OuterRef
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from cases.admin import masked
from cases.models import Case
from cases.paper_pages import PaperPages
from cases.tables import as_written
from core.act_pages import ActPages
from core.admin import ReadOnlyInline, ScopedInline, VerbAdmin
from core.filters import DateInput
from core.language import listed
from core.templatetags.portal import money, state
from mediation.admin.lists import MediatedLists
from mediation.domain import (
    AGREEMENT,
    act_on_agreement,
    confirmable_since,
    document_of,
    draw_up,
    owed_of,
    works_on_case_of,
)
from mediation.enums import AgreementState, AgreementVerb
from mediation.forms.agreements import (
    AgreementForm,
    AnnulForm,
    InstalmentFormSet,
    PaperForm,
    PerformForm,
    RevisionForm,
    SignForm,
    signature_in_words,
)
from mediation.models import Agreement, AgreementEvent, Instalment, JudicialConfirmation, Signature

FORMS = {
    AgreementVerb.ISSUE: PaperForm, AgreementVerb.SIGN: SignForm, AgreementVerb.PERFORM: PerformForm,
    AgreementVerb.ANNUL: AnnulForm,
}  # fmt: skip
TONES = {
    AgreementState.DRAFT: "amber", AgreementState.IN_FORCE: "blue", AgreementState.PERFORMED: "green",
    AgreementState.ANNULLED: "grey",
}  # fmt: skip

VOIDED = _("Void with this revision: %(numbers)s. Make out the document anew before it is signed or goes to a court.")


class OfAgreement:
    """What belongs to an agreement is seen by whoever sees agreements."""

    def has_view_permission(self, request, obj=None):
        return request.user.has_perm("mediation.view_agreement")


class InstalmentInline(OfAgreement, ScopedInline):
    """Entered with the agreement, and revised until it is signed."""

    model = Instalment
    formset = InstalmentFormSet
    fields = ["due_on", "what", "kind", "amount"]
    formfield_overrides = {DateField: {"widget": DateInput}}
    extra = 1
    can_delete = True

    def _in_hand(self, request, obj) -> bool:
        verb = "add" if obj is None else "change"
        return request.user.has_perm(f"mediation.{verb}_agreement") and (
            obj is None or obj.state == AgreementState.DRAFT
        )

    def has_add_permission(self, request, obj=None):
        return self._in_hand(request, obj)

    def has_change_permission(self, request, obj=None):
        return self._in_hand(request, obj)

    def has_delete_permission(self, request, obj=None):
        return self._in_hand(request, obj)


class PerformanceInline(OfAgreement, ReadOnlyInline):
    """What is owed once the agreement is in force, and what was done."""

    model = Instalment
    fields = readonly_fields = [
        "due_on", masked(Instalment, "what"), "kind", "sum", "still_owed", "performed_on", masked(Instalment, "evidence"),
    ]  # fmt: skip
    verbose_name_plural = _("performance")

    @admin.display(description=_("Amount (CNY)"))
    def sum(self, instalment):
        return money(instalment.amount)

    @admin.display(description=_("still owed"))
    def still_owed(self, instalment):
        if instalment.pk not in self.owed:
            return "-"
        words = money(self.owed[instalment.pk])
        late = instalment.due_on < timezone.localdate()
        return format_html('<span class="flag">{}</span> {}', _("overdue"), words) if late else words

    def get_formset(self, request, obj=None, **kwargs):
        self.owed = owed_of(obj) if obj else {}  # an inline is made for each request
        return super().get_formset(request, obj, **kwargs)


class SignatureInline(OfAgreement, ReadOnlyInline):
    model = Signature
    fields = readonly_fields = ["who", "signed_on"]

    @admin.display(description=_("who signs"))
    def who(self, signature):
        return format_html('<span translate="no">{}</span>', signature_in_words(signature))

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("party")


class EventInline(OfAgreement, ReadOnlyInline):
    model = AgreementEvent
    fields = readonly_fields = ["at", "what", "who", masked(AgreementEvent, "note")]
    ordering = ["-pk"]

    @admin.display(description=_("act"))
    def what(self, event):
        return event.label

    @admin.display(description=_("by"))
    def who(self, event):
        return format_html('<span translate="no">{}</span>', event.actor.get_full_name())

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("actor")


class OwedFilter(admin.SimpleListFilter):
    """Agreements by what is still to be done about them."""

    title = _("to do")
    parameter_name = "todo"

    def lookups(self, request, model_admin):
        return [
            ("sign", _("To be signed")), ("perform", _("To be performed")), ("late", _("Performance overdue")),
            ("court", _("To be confirmed by a court")),
            ("court_soon", _("To be confirmed by a court, from day 20")), ("reopened", _("Case reopened")),
        ]  # fmt: skip

    def queryset(self, request, queryset):
        match self.value():
            case "sign":
                return queryset.to_sign()
            case "perform":
                return queryset.to_perform()
            case "late":
                return queryset.overdue(timezone.localdate())
            case "court":
                return queryset.confirmable(confirmable_since(timezone.localdate()))
            case "court_soon":
                today = timezone.localdate()
                return queryset.confirmable_soon(confirmable_since(today), today)
            case "reopened":
                return queryset.reopened()
        return queryset


class AgreementList(ChangeList):
    """Tells which of the agreements on the page have had their case reopened: found for all that are there, it would
    take longer than the list."""

    def get_results(self, request):
        super().get_results(request)
        self.result_list = list(self.result_list)
        keys = [agreement.pk for agreement in self.result_list]
        reopened = set(Agreement.objects.filter(pk__in=keys).reopened().values_list("pk", flat=True))
        for agreement in self.result_list:
            agreement.reopened = agreement.pk in reopened


@admin.register(Agreement)
class AgreementAdmin(ActPages, PaperPages, MediatedLists, VerbAdmin):
    workflow, act_forms = AGREEMENT, FORMS
    act_related = ("case__merchant",)
    form, second_form = AgreementForm, RevisionForm
    list_display = ["number", "merchant", "shown_state", "reached_on", "effective_on", "next_due"]
    list_select_related = ["case__merchant"]
    list_filter = [OwedFilter, "state", "form"]
    ordering = ["-reached_on", "-pk"]
    sortable_by = ["reached_on"]
    search_fields = ["case__number__startswith"]
    search_help_text = _("Beginning of the case number")
    change_form_template = "mediation/admin/agreement.html"

    @admin.display(description=_("case"))
    def number(self, agreement):
        return agreement.case.number

    @admin.display(description=_("merchant"), empty_value="-")
    def merchant(self, agreement):
        return as_written(agreement.case.merchant, agreement.case.merchant_written)

    @admin.display(description=_("state"))
    def shown_state(self, agreement):
        shown = state(agreement.get_state_display(), TONES[agreement.state])
        return format_html('{} <span class="flag">{}</span>', shown, _("case reopened")) if agreement.reopened else shown

    @admin.display(description=_("next due"), empty_value="-")
    def next_due(self, agreement):
        if agreement.state != AgreementState.IN_FORCE or agreement.next_due_on is None:
            return None
        day = date_format(agreement.next_due_on)
        late = agreement.next_due_on < timezone.localdate()
        return format_html('{} <span class="flag">{}</span>', day, _("overdue")) if late else day

    def of_page(self, request):
        return Agreement.objects.open_to(request.user).select_related("case__merchant")

    def get_changelist(self, request, **kwargs):
        return AgreementList

    def get_queryset(self, request):
        # asked for by row: a join of all instalments would be sorted for one page of agreements
        owed = Instalment.objects.filter(agreement=OuterRef("pk"), performed_on__isnull=True).order_by("due_on")
        return super().get_queryset(request).annotate(next_due_on=owed.values("due_on")[:1])

    def get_fieldsets(self, request, obj=None):
        if obj is None:
            return [(None, {"fields": ["number", "reached_on", "terms"]})]
        if self.has_change_permission(request, obj):
            return [(None, {"fields": ["reached_on", "terms"]})]
        return []

    def get_inlines(self, request, obj):
        if obj is None:
            return [InstalmentInline]
        first = InstalmentInline if self.has_change_permission(request, obj) else PerformanceInline
        return [first, SignatureInline, EventInline]

    def has_change_permission(self, request, obj=None):
        may = super().has_change_permission(request, obj)
        return may and (obj is None or obj.state == AgreementState.DRAFT)

    def get_changeform_initial_data(self, request):
        today = {"reached_on": timezone.localdate()}
        return today | ({"number": request.GET["number"]} if "number" in request.GET else {})

    def save_model(self, request, obj, form, change):
        """Written with its instalments, once these are read."""

    def save_related(self, request, form, formsets, change):
        entered = next(one.entered() for one in formsets if isinstance(one, InstalmentFormSet))
        given = {"terms": form.cleaned_data["terms"], "reached_on": form.cleaned_data["reached_on"]}
        obj = form.instance
        if change:
            event = act_on_agreement(obj, AgreementVerb.REVISE, actor=request.user, instalments=entered, **given)
            if voided := event.data.get("voided"):
                messages.warning(request, VOIDED % {"numbers": listed(voided)})
        else:
            obj.pk = draw_up(form.case, actor=request.user, instalments=entered, **given).pk
        obj.refresh_from_db()
        for one in formsets:  # what the administration's own log would ask for stands in the events
            one.new_objects, one.changed_objects, one.deleted_objects = [], [], []

    def act(self, request, verb, obj, form):
        act_on_agreement(obj, verb, actor=request.user, seen=form.cleaned_data["seen"], **form.act_data())

    def get_urls(self):
        return [*self.act_urls(), *self.paper_urls(), *super().get_urls()]

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj:
            user = request.user
            seen = Case.objects.visible_to(user).filter(pk=obj.case_id).exists()
            context |= {
                "steps": [step for step in AGREEMENT.available(obj, user) if step.verb in FORMS],
                "agreement": obj, "reopened": Agreement.objects.filter(pk=obj.pk).reopened().exists(),
                "case_url": obj.case.get_absolute_url() if seen else "",
                "papers": self.papers(request, obj), "outdated": self._outdated(request, obj),
                "session_url": self._session_url(request, obj),
                **self._court(request.user, obj),
            }  # fmt: skip
        return super().render_change_form(request, context, add, change, form_url, obj)

    def _outdated(self, request, agreement) -> str:
        """The document that a revision would make void, for whoever may revise; "" where there is none."""
        document = document_of(agreement) if self.has_change_permission(request, agreement) else None
        return document.number if document else ""

    @staticmethod
    def _session_url(request, agreement) -> str:
        if agreement.session_id is None or not request.user.has_perm("mediation.view_session"):
            return ""
        return reverse("admin:mediation_session_change", args=[agreement.session_id])

    @staticmethod
    def _court(user, agreement) -> dict:
        """Where its confirmation by a court stands, or else until when it can be asked for and where it is prepared, for
        whoever may see or do that."""
        standing = agreement.confirmations.standing().values_list("pk", flat=True).first()
        if standing is not None:
            seen = JudicialConfirmation.objects.visible_to(user).filter(pk=standing)
            if user.has_perm("mediation.view_judicialconfirmation") and seen.exists():
                return {"confirmation_url": reverse("admin:mediation_judicialconfirmation_change", args=[standing])}
        elif agreement.is_in_effect:
            may = user.has_perm("mediation.add_judicialconfirmation") and works_on_case_of(agreement, user)
            address = f"{reverse('admin:mediation_judicialconfirmation_add')}?{urlencode({'agreement': agreement.pk})}"
            return {"confirmable": True, "to_court_url": address if may else ""}
        return {}
