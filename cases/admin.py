"""Cases and their imports are looked at here and worked on in the portal; clock rules are edited here."""

from functools import cache

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import linebreaksbr
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.http import content_disposition_header
from django.utils.translation import gettext_lazy as _

from accounts.querysets import keeps_for
from cases.domain.documents import DOCX_TYPE
from cases.domain.templates import add_template, built_in, content_of, use_template
from cases.enums import DocumentForm
from cases.forms import TemplateForm
from cases.models import (
    UNKNOWN_END,
    Case,
    Clock,
    ClockRule,
    DocumentTemplate,
    Ground,
    ImportFile,
    ImportRun,
    ImportWarning,
    Letterhead,
    Recovery,
    SignalRule,
)
from cases.official_forms import FORMS
from core.admin import ReadOnlyAdmin, ReadOnlyInline, ScopedAdmin
from core.exceptions import DomainError
from core.personal_data import PersonalDataError
from core.templatetags.portal import UNKNOWN
from core.text import mask_numbers
from core.uploads import is_too_large
from registry.admin import ConsequencesAdmin, InForceFilter, ReferenceAdmin
from registry.models import Agency

NUMBERS = ["number__startswith", "external_number__startswith"]


COUNTING = {"length", "unit", "roll", "pauses"}  # of a rule, what its due dates depend on


@cache
def masked(model: type[Model], name: str):
    """A line of a page that shows free text, untranslated, with phone and identity numbers masked."""

    def show(row):
        text = mask_numbers(getattr(row, name))
        return format_html('<span translate="no">{}</span>', linebreaksbr(text, autoescape=True)) if text else UNKNOWN

    show.__name__ = name
    return admin.display(description=model._meta.get_field(name).verbose_name, empty_value="-")(show)


@cache
def masked_row(model: type[Model], name: str, *, opens: bool = True):
    """A line of a page that names another row as somebody wrote it: untranslated, with phone and identity numbers
    masked. `opens`: it leads to the page of that row."""
    field = model._meta.get_field(name)
    meta = field.related_model._meta

    def show(row):
        related = getattr(row, name)
        if related is None:
            return None
        text = mask_numbers(str(related))
        if not opens:
            return format_html('<span translate="no">{}</span>', text)
        address = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[related.pk])
        return format_html('<a href="{}" translate="no">{}</a>', address, text)

    show.__name__ = name
    return admin.display(description=field.verbose_name, empty_value="-")(show)


class MaskedTexts:
    """`texts` are the fields of a read-only page that hold free text."""

    texts: tuple[str, ...] = ()

    def get_fields(self, request, obj=None):
        return [masked(self.model, name) if name in self.texts else name for name in super().get_fields(request, obj)]


class OfCase:
    """What belongs to a case is seen by whoever sees cases."""

    def has_view_permission(self, request, obj=None):
        return request.user.has_perm("cases.view_case")


class OfRun:
    """What belongs to a run is seen by whoever sees runs."""

    def has_view_permission(self, request, obj=None):
        return request.user.has_perm("cases.view_importrun")


class ShownEnds:
    """The ends of a term, which has none while it stands still."""

    @admin.display(description=_("safe until"), empty_value="-")
    def shown_safe(self, clock):
        return None if clock.safe_on == UNKNOWN_END else clock.safe_on

    @admin.display(description=_("due on"), empty_value="-", ordering="due_on")
    def shown_due(self, clock):
        return None if clock.due_on == UNKNOWN_END else clock.due_on


TERM = ["rule", "side", "started_on", "shown_safe", "shown_due", "paused_on", "stopped_on", "provisional"]


class ClockInline(OfCase, ShownEnds, ReadOnlyInline):
    model = Clock
    fields = readonly_fields = TERM

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("rule")


class RecoveryInline(OfCase, ReadOnlyInline):
    model = Recovery
    fields = readonly_fields = ["posted_on", "amount", "kind", "status", "means", "import_file", "actor"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("import_file", "actor")


@admin.register(Case)
class CaseAdmin(MaskedTexts, ReadOnlyAdmin):
    """Without the texts of the case: they may hold personal data, which the portal's page masks."""

    list_display = ["number", "kind", "state", "body", "received_at", "region", "handling", "merchant"]
    list_select_related = ["region", "handling", "merchant"]
    list_filter = ["kind", "state", "body"]
    sortable_by = ["number", "received_at"]
    search_fields = NUMBERS
    search_help_text = _("Beginning of the case number or of the external number")
    fields = [
        "portal_page", "number", "kind", "body", "source", "external_number", "channel", "received_at", "decided_at",
        "accepted_at", "closed_at", "region", "region_written", "handling", "agency_written", "custodian", "merchant",
        "merchant_written", "merchant_code_written", "category", "category_written", "problem", "problem_written",
        "claimed", "state", "outcome", "ground", "regime", "import_file", "import_line", "differs",
    ]
    texts = ("region_written", "agency_written", "merchant_written", "category_written", "problem_written", "ground")
    inlines = [ClockInline, RecoveryInline]

    @admin.display(description=_("case page"))
    def portal_page(self, case):
        return format_html('<a href="{}">{}</a>', case.get_absolute_url(), case.number)


@admin.register(Recovery)
class RecoveryAdmin(OfCase, MaskedTexts, ReadOnlyAdmin):
    list_display = ["posted_on", "case", "amount", "kind", "status", "means", "import_file", "actor"]
    list_select_related = ["case", "import_file", "actor"]
    list_filter = ["kind", "status", "means"]
    texts = ("evidence",)
    ordering = ["-posted_on", "-pk"]
    sortable_by = ["posted_on"]
    search_fields = ["case__number__startswith", "case__external_number__startswith"]
    search_help_text = _("Beginning of the case number or of the external number")
    fields = [
        "case", "posted_on", "amount", "kind", "status", "means", "evidence", "reversal_of", "actor", "import_file",
        "created_at",
    ]


@admin.register(Clock)
class ClockAdmin(OfCase, ShownEnds, ReadOnlyAdmin):
    list_display = fields = ["case", *TERM]
    readonly_fields = ["shown_safe", "shown_due"]
    list_select_related = ["case", "rule"]
    list_filter = ["provisional"]
    ordering = ["-due_on", "-pk"]
    sortable_by = ["shown_due"]
    search_fields = ["case__number__startswith", "case__external_number__startswith"]
    search_help_text = _("Beginning of the case number or of the external number")


@admin.register(ClockRule)
class ClockRuleAdmin(ConsequencesAdmin):
    """The statutory terms. A case's clocks follow the version of its rules, else the one in force when it was received.
    Open terms move with their rule, once that has been confirmed."""

    dataset = "clock_rules"
    list_display = ["code", "shown_name", "regime", "length", "unit", "roll", "pauses", "valid_from", "valid_to"]
    list_filter = ["regime", "unit", InForceFilter]
    key_fields = ("code", "valid_from")
    search_fields = ["code", "name", "name_en", "basis"]

    def asks(self, form, formsets, *, change):
        return change and not COUNTING.isdisjoint(form.changed_data)


@admin.register(Ground)
class GroundAdmin(ReferenceAdmin):
    """The legal grounds for decisions. An act on a case stores the code of the ground that was given."""

    list_display = ["code", "shown_name", "purpose", "kind", "outcome", "position"]
    list_filter = ["purpose", "kind"]
    search_fields = ["code", "name", "name_en", "basis"]


@admin.register(SignalRule)
class SignalRuleAdmin(ReferenceAdmin):
    """From when on a sign is shown as a signal; a city may refine it (Order 121 art 17)."""

    list_display = ["code", "shown_name", "window_days", "at_least", "overlap", "valid_from", "valid_to"]
    list_filter = [InForceFilter]
    key_fields = ("code", "valid_from")
    search_fields = ["code", "name", "name_en", "basis"]

    def get_form(self, request, obj=None, **kwargs):
        days = _("{days} stands for the days before and after")
        return super().get_form(
            request, obj, **({"help_texts": {"explanation": days, "explanation_en": days}} | kwargs)
        )


class FileInline(OfRun, ReadOnlyInline):
    model = ImportFile
    fields = readonly_fields = [
        "position", masked(ImportFile, "name"), "size", "encoding", "rows_total", "rows_done", "sha256",
    ]  # fmt: skip


class WarningInline(OfRun, ReadOnlyInline):
    model = ImportWarning
    fields = readonly_fields = [
        "rule", masked(ImportWarning, "column"), masked(ImportWarning, "value"), "count",
        masked_row(ImportWarning, "file", opens=False), "first_line",
    ]  # fmt: skip

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("file")


@admin.register(ImportRun)
class ImportRunAdmin(ReadOnlyAdmin):
    list_display = [
        "id", "target", "profile", "state", "rows", "created", "updated", "unchanged", "duplicates", "rejected",
        "warnings", "user", "started_at",
    ]
    list_select_related = ["user"]
    list_filter = ["target", "state"]
    sortable_by = ["started_at"]
    search_fields = ["profile", "source"]
    fields = [
        "target", "profile", "source", "digest", "state", "user", "agency", "started_at", "finished_at", "seconds",
        "rows", "created", "updated", "unchanged", "duplicates", "rejected", "warnings", "differing",
    ]
    inlines = [FileInline, WarningInline]


class OfAgencyAdmin(ScopedAdmin):
    """Rows that belong to an agency, or to all: whoever may see such rows sees all of them, and changes those that are
    kept for his own agency and the ones below it."""

    autocomplete_fields = ["agency"]

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and (obj is None or keeps_for(request.user, obj.agency))

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        user = request.user
        if db_field.name == "agency" and not user.is_superuser:
            kwargs["queryset"] = (
                Agency.objects.filter(path__startswith=user.agency.path) if user.agency else Agency.objects.none()
            )
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(Letterhead)
class LetterheadAdmin(OfAgencyAdmin):
    """How agencies sign, and what the numbers of their documents begin with. Numbers that were given stay."""

    list_display = ["agency", "prefix", "full_name", "phone", "address"]
    list_select_related = ["agency"]
    search_fields = ["prefix", "full_name", "agency__name"]


@admin.register(DocumentTemplate)
class DocumentTemplateAdmin(OfAgencyAdmin):
    """DOCX templates of the staff's. A new one is uploaded, never an old one changed; an older version, or the
    built-in template, can be taken into use again."""

    form = TemplateForm
    list_display = ["form", "version", "agency", "active", "uploaded_by", "uploaded_at", "download"]
    list_select_related = ["agency", "uploaded_by"]
    list_filter = ["form", "active"]
    ordering = ["form", "-version"]
    sortable_by = ["form", "uploaded_at"]
    change_list_template = "cases/admin/templates.html"
    looked_at = [
        "form", "version", "agency", "size", "sha256", masked(DocumentTemplate, "note"), "uploaded_by", "uploaded_at",
        "download",
    ]  # fmt: skip

    def has_add_permission(self, request):
        return request.user.has_perm("cases.change_documenttemplate")

    def get_fields(self, request, obj=None):
        return ["form", "agency", "upload", "note"] if obj is None else ["active", *self.looked_at]

    def get_readonly_fields(self, request, obj=None):
        return [] if obj is None else self.looked_at

    def get_form(self, request, obj=None, change=False, **kwargs):
        if obj is not None:
            return super().get_form(request, obj, change, **kwargs, form=admin.ModelAdmin.form)
        form = super().get_form(request, obj, change, **kwargs)
        form.dropped = is_too_large(request)
        form.base_fields["agency"].required = not keeps_for(request.user, None)
        return form

    def save_model(self, request, obj, form, change):
        if change:
            use_template(obj, active=form.cleaned_data["active"], actor=request.user)
            return
        given = {name: form.cleaned_data[name] for name in ("form", "agency", "note")}
        file = form.cleaned_data["upload"]
        added = add_template(name=file.name, content=form.content, actor=request.user, **given)
        obj.pk, obj.version, obj.uploaded_by, obj.uploaded_at = (
            added.pk, added.version, added.uploaded_by, added.uploaded_at,
        )  # fmt: skip

    @admin.display(description=_("file"))
    def download(self, template):
        address = reverse("admin:cases_documenttemplate_file", args=[template.pk])
        return format_html('<a href="{}">{}</a>', address, _("Download"))

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {"built_in": DocumentForm.choices} | (extra_context or {}))

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        buttons = {"show_save_and_add_another": False, "show_save_and_continue": False}
        try:
            return super().changeform_view(request, object_id, form_url, buttons | (extra_context or {}))
        except DomainError as refused:  # something has changed since the form was checked
            messages.error(request, str(refused))
            return HttpResponseRedirect(request.get_full_path())

    def get_urls(self):
        wrap = self.admin_site.admin_view
        return [
            path("built-in/<slug:code>/", wrap(self.built_in_view), name="cases_documenttemplate_built_in"),
            path("<int:pk>/file/", wrap(self.file_view), name="cases_documenttemplate_file"),
            *super().get_urls(),
        ]

    def built_in_view(self, request, code):
        """The template that the product brings along, to begin one's own with."""
        if code not in DocumentForm.values:
            raise Http404
        return self._file(request, lambda: built_in(code), code, _("built-in"))

    def file_view(self, request, pk):
        template = self.get_queryset(request).filter(pk=pk).first()
        if template is None:
            raise Http404
        return self._file(request, lambda: content_of(template), template.form, template.version)

    def _file(self, request, read, code: str, version) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            response = HttpResponse(read(), content_type=DOCX_TYPE)
        except PersonalDataError as refused:
            messages.error(request, str(refused))
            return HttpResponseRedirect(reverse("admin:cases_documenttemplate_changelist"))
        name = f"{FORMS[DocumentForm(code)].title} {version}.docx"
        response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
        return response
