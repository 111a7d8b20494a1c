"""The admin as a part of the portal: the rows of its pages, nothing deleted, quick on large tables."""

import hashlib

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminSplitDateTime, AutocompleteSelect, AutocompleteSelectMultiple
from django.db import IntegrityError, transaction
from django.db.models import ForeignKey, Model
from django.forms import BaseInlineFormSet
from django.http import Http404
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.exceptions import DomainError
from core.language import listed
from core.pagination import KEY, CappedPaginator
from core.refusals import refusal
from core.views import visible

admin.site.site_title = _("Consumer Rights Supervision")
admin.site.site_header = _("Consumer Rights Supervision")
admin.site.index_title = _("Administration")
admin.site.enable_nav_sidebar = False  # the portal's own menu takes its place


def label_split_time(formfield) -> None:
    """Name the two inputs of a date and time, which share one <label> in the admin's own template."""
    if formfield is None or not isinstance(formfield.widget, AdminSplitDateTime):
        return
    for part, name in zip(formfield.widget.widgets, (_("date"), _("time of day")), strict=True):
        part.attrs["aria-label"] = f"{capfirst(formfield.label)} {name}"


class LabelledFormSet(BaseInlineFormSet):
    """A tabular inline has no <label>: each control is named by its column and row."""

    def _construct_form(self, i, **kwargs):
        """Rows know their parent, by which they are named: otherwise each would ask for it anew."""
        form = super()._construct_form(i, **kwargs)
        if form.instance.pk:
            setattr(form.instance, self.fk.name, self.instance)
        return form

    def add_fields(self, form, index):
        super().add_fields(form, index)
        row = "" if index is None else f" {index + 1}"
        for field in form.fields.values():
            widget = getattr(field.widget, "widget", field.widget)  # inside a RelatedFieldWidgetWrapper
            for part in getattr(widget, "widgets", [widget]):
                part.attrs.setdefault("aria-label", f"{capfirst(field.label or '')}{row}")


class OnlyKeys:
    """Looks up what is a key, and nothing else that an address or a form may say."""

    def optgroups(self, name, value, attr=None):
        return super().optgroups(name, [one for one in value if KEY.fullmatch(str(one))], attr)


class KeyAutocomplete(OnlyKeys, AutocompleteSelect):
    pass


class KeysAutocomplete(OnlyKeys, AutocompleteSelectMultiple):
    pass


class ScopedChoices:
    """Choices of a foreign key are rows that the user may see."""

    def formfield_for_foreignkey(self, db_field: ForeignKey, request, **kwargs):
        model = db_field.remote_field.model
        if hasattr(model._default_manager.all(), "visible_to"):
            kwargs.setdefault("queryset", visible(model, request.user))
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", KeyAutocomplete(db_field, self.admin_site, using=kwargs.get("using")))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", KeysAutocomplete(db_field, self.admin_site, using=kwargs.get("using")))
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        formfield = super().formfield_for_dbfield(db_field, request, **kwargs)
        label_split_time(formfield)
        return formfield


SEEN = "_seen"  # what a form carries to tell what its reader knew


class ChangedSince(DomainError):
    """Someone else has changed what a form would overwrite."""


class ChangedSinceForm:
    """Says so above what was entered."""

    changed_since = ""

    def _post_clean(self):
        super()._post_clean()
        self.add_error(None, self.changed_since)


def digests(form: forms.ModelForm, where: str = "") -> dict[str, str]:
    """A digest of what each field of the form held in the database when the form was made."""
    return {
        f"{where}{name}": _digest(form.initial[name])
        for name, field in form.fields.items() if name in form.initial and not field.disabled
    }  # fmt: skip


def _digest(value) -> str:
    if isinstance(value, list) and value and isinstance(value[0], Model):
        value = sorted(row.pk for row in value)
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]


def _place(formset: BaseInlineFormSet, form: forms.ModelForm) -> str:
    """A row of an inline is known by its key: another may have come before it."""
    return f"{formset.prefix}.{form.instance.pk}."


def check_unchanged(form: forms.ModelForm, seen: str, where: str = "") -> None:
    """Raises ChangedSince where the form would overwrite what its reader has not seen; `seen` is what it carried."""
    known = dict(part.split("=", 1) for part in seen.split() if "=" in part)
    now = digests(form, where)
    names = [name for name in form.changed_data if known.get(key := f"{where}{name}", now.get(key)) != now.get(key)]
    if names:
        raise ChangedSince(
            gettext(
                "Someone else has changed this since you opened it: %(names)s. Nothing was saved, and what you have "
                "entered stands below. Open the page anew to see what there is now, or save once more to replace it."
            )
            % {"names": listed(form.fields[name].label or name for name in names)}
        )


class ScopedAdmin(ScopedChoices, admin.ModelAdmin):
    """Shows the rows that the portal shows the same user, and never deletes one. A form that would overwrite what someone
    else has entered since it was opened is refused."""

    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 200
    proposed: tuple[str, ...] | None = None  # the fields of a new row that the address may fill; None: any
    locks_first = True  # the row, before it is compared with what was seen

    def scoped(self, request):
        """The rows that the user may see."""
        return visible(self.model, request.user)

    def get_queryset(self, request):
        queryset = self.scoped(request)
        ordering = self.get_ordering(request)
        return queryset.order_by(*ordering) if ordering else queryset

    def lookup_allowed(self, lookup, value, request=None):
        """What the list's own filters send and nothing else. Django lets the address filter by any field of the
        model, and whether a row is then listed would tell a password's hash or a narrative piece by piece."""
        allowed = set()
        for item in self.get_list_filter(request):
            if isinstance(item, type):  # a SimpleListFilter
                allowed.add(item.parameter_name)
            else:
                field = item if isinstance(item, str) else item[0]
                allowed |= {field, *(f"{field}__{end}" for end in ("exact", "isnull", "id__exact"))}
        return lookup in allowed and "\x00" not in str(value)  # which PostgreSQL takes in no text

    def get_changeform_initial_data(self, request):
        given = super().get_changeform_initial_data(request)
        return {name: value for name, value in given.items() if self.proposed is None or name in self.proposed}

    def changelist_view(self, request, extra_context=None):
        title = {"title": capfirst(self.opts.verbose_name_plural)}
        return super().changelist_view(request, title | (extra_context or {}))

    def get_object(self, request, object_id, from_field=None):
        found = super().get_object(request, object_id, from_field)
        saves = request.method == "POST" and transaction.get_connection().in_atomic_block
        if found is None or not (saves and self.locks_first):
            return found
        self.model._base_manager.select_for_update(no_key=True).filter(pk=found.pk).values_list("pk").first()
        return super().get_object(request, object_id, from_field)

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change, **kwargs)
        if not (since := getattr(request, "changed_since", "")):
            return form
        return type(form)(form.__name__, (ChangedSinceForm, form), {"changed_since": since})

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except ChangedSince as refused:
            request.changed_since = str(refused)
            return super().changeform_view(request, object_id, form_url, extra_context)

    def save_form(self, request, form, change):
        if change:
            check_unchanged(form, request.POST.get(SEEN, ""))
        return super().save_form(request, form, change)

    def save_formset(self, request, form, formset, change):
        for row in formset.initial_forms:
            if row.has_changed():
                check_unchanged(row, request.POST.get(SEEN, ""), _place(formset, row))
        super().save_formset(request, form, formset, change)

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if change:
            known = "" if hasattr(request, "changed_since") else request.POST.get(SEEN, "")
            context |= {"seen_name": SEEN, "seen": known or self._seen(context)}
        return super().render_change_form(request, context, add, change, form_url, obj)

    @staticmethod
    def _seen(context) -> str:
        found = digests(context["adminform"].form)
        for inline in context["inline_admin_formsets"]:
            for row in inline.formset.initial_forms:
                found |= digests(row, _place(inline.formset, row))
        return " ".join(f"{name}={value}" for name, value in found.items())

    def has_delete_permission(self, request, obj=None):
        return False

    def _get_obj_does_not_exist_redirect(self, request, opts, object_id):
        """A row outside the user's scope is not there, as in the portal."""
        raise Http404


class RefusableForm(forms.ModelForm):
    """Shows what was refused when it was to be written."""

    refusal = ""

    def _post_clean(self):
        super()._post_clean()
        if self.refusal and not self.errors:  # by now the check finds what it did not see before
            self.add_error(None, self.refusal)


class VerbForm(RefusableForm):
    """Leaves the rules to the domain, which writes."""

    def _post_clean(self):
        if self.refusal:
            self.add_error(None, self.refusal)


class RefusableAdmin(ScopedAdmin):
    """What the domain refuses, or a constraint because someone else was quicker, stands above the form with all that was
    entered; nothing is written then."""

    form = RefusableForm

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change, **kwargs)
        form.refusal, form.user = getattr(request, "refusal", ""), request.user
        return form

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except (DomainError, IntegrityError) as error:
            request.refusal = refusal(error)
            return super().changeform_view(request, object_id, form_url, extra_context)


class VerbAdmin(RefusableAdmin):
    """Rows that the domain writes: `write(request, obj, form, change)` calls its verb and returns the row."""

    form = VerbForm
    locks_first = False  # the verb does, in the order of its domain
    second_form: type[VerbForm] | None = None  # once the row is there, where that asks for something else

    def write(self, request, obj, form, change: bool) -> Model:
        raise NotImplementedError

    def save_model(self, request, obj, form, change):
        obj.pk = self.write(request, obj, form, change).pk
        obj.refresh_from_db()

    def save_related(self, request, form, formsets, change):
        for formset in formsets:
            self.save_formset(request, form, formset, change=change)

    def get_form(self, request, obj=None, change=False, **kwargs):
        if obj is not None and self.second_form:
            kwargs["form"] = self.second_form
        return super().get_form(request, obj, change, **kwargs)

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        buttons = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().changeform_view(request, object_id, form_url, buttons | (extra_context or {}))


class ReadOnlyAdmin(ScopedAdmin):
    """Rows that only the system writes: looked at here, never changed."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False


class ScopedInline(ScopedChoices, admin.TabularInline):
    """Rows of a parent that is itself scoped; never deleted."""

    formset = LabelledFormSet
    extra = 0
    can_delete = False


class ReadOnlyInline(ScopedInline):
    """Rows of a parent, looked at and never changed."""

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False
