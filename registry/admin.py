from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminURLFieldWidget
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, URLField
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.admin import RefusableAdmin, RefusableForm, ScopedAdmin, ScopedInline
from core.language import listed
from core.models import valid_on
from core.pinyin import pinyin_key
from core.text import name_key
from registry.domain.calendar import forget_calendar
from registry.domain.consequences import consequences
from registry.domain.merchants import IDENTIFY, identify_merchant
from registry.models import (
    HANDOVER_NEEDED,
    RENAMED,
    Agency,
    CalendarDay,
    CalendarNotice,
    Category,
    Channel,
    Industry,
    Merchant,
    Platform,
    Problem,
    Region,
    RegionSuccession,
)

CONFIRMED = "_confirmed"


class InForceFilter(admin.SimpleListFilter):
    """Rows by their validity today."""

    title = _("validity")
    parameter_name = "validity"

    def lookups(self, request, model_admin):
        return [("now", _("In force")), ("ended", _("Ended")), ("coming", _("Not yet in force"))]

    def queryset(self, request, queryset):
        today = timezone.localdate()
        conditions = {"now": valid_on(today), "ended": Q(valid_to__lte=today), "coming": Q(valid_from__gt=today)}
        return queryset.filter(conditions[self.value()]) if self.value() in conditions else queryset


class ReferenceForm(forms.ModelForm):
    """Checks the constraints of the whole row: Django leaves out those that name a read-only field."""

    def _post_clean(self):
        super()._post_clean()
        if not self.errors:
            try:
                self.instance.validate_constraints()
            except ValidationError as error:
                self._update_errors(error)


class ReferenceAdmin(ScopedAdmin):
    """Reference data: edited here, a row is kept by `load_reference` and reported as differing from its file.
    What identifies a row in the files cannot be changed."""

    form = ReferenceForm
    search_fields = ["code", "name", "name_en"]
    key_fields = ("code",)

    @admin.display(description=_("name"), ordering="name")
    def shown_name(self, row):
        return row.label

    def get_readonly_fields(self, request, obj=None):
        fixed = [*self.key_fields, *sorted(obj.fixed_fields())] if obj else []
        return [*super().get_readonly_fields(request, obj), *fixed]


class ConsequencesAdmin(ReferenceAdmin):
    """Reference data from which something follows in other apps. A change is first made in a transaction that is rolled
    back, to show what would follow; once that is confirmed, it is saved together with what follows."""

    dataset = ""

    def asks(self, form, formsets, *, change: bool) -> bool:
        """Whether something may follow from what was entered."""
        return form.has_changed() or any(formset.has_changed() for formset in formsets)

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        request.only_asked = request.method == "POST" and CONFIRMED not in request.POST
        if request.only_asked:
            with transaction.atomic():
                response = super().changeform_view(request, object_id, form_url, extra_context)
                transaction.set_rollback(True)
            if getattr(request, "consequences", None) != []:
                return response
            request.only_asked = False  # saved, with nothing to confirm
        return super().changeform_view(request, object_id, form_url, extra_context)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        request.consequences = []
        if self.asks(form, formsets, change=change):
            key = ":".join(str(getattr(form.instance, name)) for name in self.key_fields)
            request.consequences = consequences(
                {self.dataset: [key]}, write=not request.only_asked, actor=request.user
            )
        if not request.only_asked:
            transaction.on_commit(forget_calendar)

    def response_add(self, request, obj, post_url_continue=None):
        if request.only_asked:
            return self._confirmation(request, obj)
        return self._told(request, super().response_add(request, obj, post_url_continue))

    def response_change(self, request, obj):
        if request.only_asked:
            return self._confirmation(request, obj)
        return self._told(request, super().response_change(request, obj))

    def _confirmation(self, request, obj):
        entered = [(name, value) for name, values in request.POST.lists() for value in values]
        context = {
            "title": _("Confirm what follows"),
            "opts": self.opts,
            "entered": [pair for pair in entered if pair[0] != "csrfmiddlewaretoken"],
            "confirmed": CONFIRMED,
            "subtitle": str(obj),
            "consequences": [list(found.sentences()) for found in request.consequences],
        }
        return TemplateResponse(
            request, "registry/admin/consequences.html", self.admin_site.each_context(request) | context
        )

    def _told(self, request, response):
        for found in request.consequences:
            self.message_user(request, next(iter(found.sentences())))
        return response


class SuccessionInline(ScopedInline):
    model = RegionSuccession
    fk_name = "predecessor"
    autocomplete_fields = ["successor"]
    verbose_name_plural = _("successors")


@admin.register(Region)
class RegionAdmin(ReferenceAdmin):
    list_display = ["code", "shown_name", "level", "parent", "valid_from", "valid_to"]
    list_filter = ["level", InForceFilter]
    list_select_related = ["parent"]
    autocomplete_fields = ["parent"]
    key_fields = ("code", "valid_from")
    inlines = [SuccessionInline]


@admin.register(Agency)
class AgencyAdmin(ReferenceAdmin):
    list_display = ["code", "shown_name", "kind", "parent", "region", "valid_from", "valid_to"]
    list_filter = ["kind", InForceFilter]
    list_select_related = ["parent", "region"]
    autocomplete_fields = ["parent", "region"]

    def get_form(self, request, obj=None, **kwargs):
        if obj and obj.fixed_fields():
            kwargs = {"help_texts": {"parent": HANDOVER_NEEDED}} | kwargs
        return super().get_form(request, obj, **kwargs)


@admin.register(Platform)
class PlatformAdmin(ReferenceAdmin):
    list_display = ["code", "shown_name", "agency", "green_from", "green_to"]
    list_select_related = ["agency"]
    autocomplete_fields = ["operator", "agency"]


@admin.register(Channel)
class ChannelAdmin(ReferenceAdmin):
    list_display = ["code", "shown_name", "valid_from", "valid_to", "position"]
    list_filter = [InForceFilter]


@admin.register(Category)
class CategoryAdmin(ReferenceAdmin):
    list_display = ["code", "shown_name", "scheme", "branch", "parent", "council"]
    list_filter = ["scheme", "branch"]
    list_select_related = ["parent", "council"]
    autocomplete_fields = ["parent", "council"]
    key_fields = ("scheme", "code")


@admin.register(Problem)
class ProblemAdmin(ConsequencesAdmin):
    """Where a problem stands under another, or is linked to one, what falls under that one may change."""

    dataset = "problems"
    list_display = ["code", "shown_name", "scheme", "parent", "council"]
    list_filter = ["scheme"]
    list_select_related = ["parent", "council"]
    autocomplete_fields = ["parent", "council"]
    key_fields = ("scheme", "code")

    def asks(self, form, formsets, *, change):
        return change and not {"parent", "council"}.isdisjoint(form.changed_data)


@admin.register(Industry)
class IndustryAdmin(ReferenceAdmin):
    list_display = ["code", "shown_name"]


class CalendarDayInline(ScopedInline):
    model = CalendarDay


@admin.register(CalendarNotice)
class CalendarNoticeAdmin(ConsequencesAdmin):
    dataset = "calendar"
    list_display = ["code", "shown_name", "year", "published_on"]
    list_filter = ["year"]
    ordering = ["-published_on"]
    formfield_overrides = {URLField: {"widget": AdminURLFieldWidget, "assume_scheme": "https"}}
    inlines = [CalendarDayInline]


class MerchantForm(RefusableForm):
    """Keeps in step with the name: the normalised name, under which imports find a merchant, and the key of lists."""

    registered = forms.CharField(
        label=_("Is the registered merchant with the code"), required=False, max_length=40,
        widget=forms.TextInput({"autocomplete": "off"}),
        help_text=_(
            "Unified social credit code of the merchant that this unverified one is. Its premises, pledges and cases "
            "move there, and so does whatever comes under its name and place later. This cannot be taken back."
        ),
    )  # fmt: skip

    def clean_registered(self):
        code = self.cleaned_data["registered"].strip().upper()
        if not code and len(self.fields) > 1:
            return None
        if not code:  # there is nothing else to save
            raise ValidationError(self.fields["registered"].default_error_messages["required"], code="required")
        found = Merchant.objects.filter(credit_code=code).first()
        if found is None:
            raise ValidationError(
                _("No merchant with this credit code is known. Take it up first, or enter the code as that of this one.")
            )
        return found

    def _post_clean(self):
        super()._post_clean()
        self.instance.name_key = name_key(self.instance.name)
        self.instance.pinyin = pinyin_key(self.instance.name_key)
        if not self.errors:
            try:
                self.instance.validate_constraints()  # those on the normalised name, which is no field of the form
            except ValidationError as error:
                self.add_error(None, error)


WRITTEN = ("name", "credit_code", "aliases", "region", "address", "industry", "verified")


@admin.register(Merchant)
class MerchantAdmin(RefusableAdmin):
    """Who may not change merchants but state which one an unverified one is has that one field."""

    form = MerchantForm
    list_display = ["shown_name", "credit_code", "region", "industry", "verified"]
    ordering = ["pinyin", "pk"]
    list_filter = ["verified", "industry"]
    list_select_related = ["region", "industry"]
    search_fields = ["name__contains", "credit_code__startswith"]  # by the trigram index and the unique one
    autocomplete_fields = ["region", "industry"]
    readonly_fields = ["created_at", "updated_at"]

    @admin.display(description=_("name"), ordering="pinyin")
    def shown_name(self, row):
        return row.name

    def identifies(self, request, obj) -> bool:
        unknown = obj is not None and not obj.verified and obj.same_as_id is None
        return unknown and request.user.has_perm(IDENTIFY)

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) or self.identifies(request, obj)

    def get_fields(self, request, obj=None):
        fields = [name for name in super().get_fields(request, obj) if name != "registered"]
        return [*fields, *(["registered"] if self.identifies(request, obj) else [])]

    def get_readonly_fields(self, request, obj=None):
        fixed = [*self.readonly_fields, *(["same_as"] if obj is not None and obj.same_as_id else [])]
        return fixed if obj is None or super().has_change_permission(request) else [*WRITTEN, *fixed]

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        if change and (registered := form.cleaned_data.get("registered")):
            moved = identify_merchant(obj, registered, actor=request.user)
            message = gettext("Moved to %(name)s: %(what)s.") if moved else gettext("This is now known to be %(name)s.")
            self.message_user(request, message % {"name": registered.name, "what": listed(moved)})
        if change and {"name", "aliases"} & set(form.changed_data):
            for follow in RENAMED:
                follow([obj.pk])
