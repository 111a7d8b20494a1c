from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminURLFieldWidget
from django.core.exceptions import ValidationError
from django.db.models import Q, URLField
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.admin import ScopedAdmin, ScopedInline
from core.models import valid_on
from core.pinyin import pinyin_key
from core.text import name_key
from registry.models import (
    HANDOVER_NEEDED,
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
class ProblemAdmin(ReferenceAdmin):
    list_display = ["code", "shown_name", "scheme", "parent", "council"]
    list_filter = ["scheme"]
    list_select_related = ["parent", "council"]
    autocomplete_fields = ["parent", "council"]
    key_fields = ("scheme", "code")


@admin.register(Industry)
class IndustryAdmin(ReferenceAdmin):
    list_display = ["code", "shown_name"]


class CalendarDayInline(ScopedInline):
    model = CalendarDay


@admin.register(CalendarNotice)
class CalendarNoticeAdmin(ReferenceAdmin):
    list_display = ["code", "shown_name", "year", "published_on"]
    list_filter = ["year"]
    ordering = ["-published_on"]
    formfield_overrides = {URLField: {"widget": AdminURLFieldWidget, "assume_scheme": "https"}}
    inlines = [CalendarDayInline]


class MerchantForm(forms.ModelForm):
    """Keeps in step with the name: the normalised name, under which imports find a merchant, and the key of lists."""

    def _post_clean(self):
        super()._post_clean()
        self.instance.name_key = name_key(self.instance.name)
        self.instance.pinyin = pinyin_key(self.instance.name_key)
        if not self.errors:
            try:
                self.instance.validate_constraints()  # those on the normalised name, which is no field of the form
            except ValidationError as error:
                self.add_error(None, error)


@admin.register(Merchant)
class MerchantAdmin(ScopedAdmin):
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
