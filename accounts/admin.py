from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext, pgettext_lazy

from accounts import domain
from accounts.enums import Family
from accounts.models import User
from accounts.roles import ROLES
from core.admin import KeyAutocomplete, ScopedAdmin
from core.exceptions import DomainError
from registry.models import Agency

admin.site.unregister(Group)  # roles come from the code


def manageable_agencies(user: User):
    """The agencies whose accounts `user` manages."""
    return Agency.objects.all() if user.is_superuser else Agency.objects.within(user.agency)


class AgencyAutocomplete(AutocompleteJsonView):
    def get_queryset(self):
        return super().get_queryset() & manageable_agencies(self.request.user)


class AgencySelect(KeyAutocomplete):
    url_name = "%s:accounts_user_agencies"


class AccountForm(forms.ModelForm):
    """Checks with the rules of the domain; the admin saves through its verbs."""

    roles = forms.MultipleChoiceField(
        label=_("Roles"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Roles of different groups exclude each other."),
    )

    class Meta:
        model = User
        fields = ["username", "last_name", "first_name", "email", "agency"]
        help_texts = {"is_active": ""}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "roles" in self.fields:  # a reader who may not change sees them as text
            self.fields["roles"].choices = [
                (family.label, [(role.code, role.label) for role in ROLES.values() if role.family == family])
                for family in Family
            ]
            self.fields["roles"].initial = (
                sorted(domain.role_codes(self.instance)) if self.instance.pk else []
            )

    def clean(self):
        data = super().clean()
        if "agency" in data and "roles" in data:
            try:
                domain.check_roles(roles=data["roles"], agency=data["agency"])
            except DomainError as refused:
                self.add_error("roles", str(refused))
        if data.get("username", "").casefold() == domain.SYSTEM:
            self.add_error("username", _("This user name belongs to the system."))
        return data


class RoleFilter(admin.SimpleListFilter):
    title = _("role")
    parameter_name = "role"

    def lookups(self, request, model_admin):
        return [(role.code, role.label) for role in ROLES.values()]

    def queryset(self, request, queryset):
        return queryset.filter(groups__name=self.value()) if self.value() else queryset


@admin.register(User)
class UserAdmin(ScopedAdmin):
    """Accounts of the manager's agency and below. His own account and superusers' he can only look at."""

    form = AccountForm
    list_display = ["username", "full_name", "agency", "role_names", "is_active", "last_login"]
    list_filter = ["is_active", RoleFilter]
    list_select_related = ["agency"]
    search_fields = ["username", "last_name", "first_name"]
    search_help_text = _("User name or name")
    ordering = ["username"]
    readonly_fields = [
        "is_active",
        "role_names",
        "must_change_password",
        "password_changed_at",
        "last_login",
        "locked",
    ]
    change_form_template = "accounts/admin/change_form.html"

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("groups")

    def get_fieldsets(self, request, obj=None):
        person = (None, {"fields": ["username", "last_name", "first_name", "email", "agency"]})
        if obj is None:
            note = _("When you save, a temporary password is made and shown once.")
            return [person, (None, {"fields": ["roles"], "description": note})]
        roles = "roles" if self.has_change_permission(request, obj) else "role_names"
        state = ["is_active", "must_change_password", "password_changed_at", "last_login", "locked"]
        return [person, (None, {"fields": [roles]}), (_("State"), {"fields": state})]

    def get_readonly_fields(self, request, obj=None):
        return [*self.readonly_fields, *(["username"] if obj else [])]

    @admin.display(description=pgettext_lazy("of a person", "name"), ordering="last_name")
    def full_name(self, user):
        return user.get_full_name()

    @admin.display(description=_("roles"))
    def role_names(self, user):
        held = {group.name for group in user.groups.all()}
        return (
            pgettext("between items", ", ").join(
                str(role.label) for role in ROLES.values() if role.code in held
            )
            or "-"
        )

    @admin.display(description=_("locked out"))
    def locked(self, user):
        until = domain.locked_until(user.username)
        if until is None:
            return _("No")
        return _("Until %(time)s") % {"time": f"{timezone.localtime(until):%Y-%m-%d %H:%M}"}

    def has_change_permission(self, request, obj=None):
        if not super().has_change_permission(request, obj):
            return False
        try:
            if obj is not None:
                domain.check_manageable(
                    actor=request.user, user=obj, agency=obj.agency, permission="accounts.change_user"
                )
        except PermissionDenied:
            return False
        return True

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == "agency":
            kwargs |= {
                "queryset": manageable_agencies(request.user),
                "widget": AgencySelect(db_field, self.admin_site),
                "required": not request.user.is_superuser,
            }
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request, obj, form, change):
        given = {name: form.cleaned_data[name] for name in ("last_name", "first_name", "email", "agency")}
        given["roles"] = form.cleaned_data["roles"]
        if change:
            domain.change_user(actor=request.user, user=obj, **given)
        else:
            user, request.temporary_password = domain.create_user(
                actor=request.user, username=form.cleaned_data["username"], **given
            )
            obj.pk = user.pk

    def log_addition(self, request, obj, message):
        """The domain has written it down."""

    def log_change(self, request, obj, message):
        """The domain has written it down."""

    def response_add(self, request, obj, post_url_continue=None):
        return self._show_password(request, obj, request.temporary_password)

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
            path(
                "agencies/",
                wrap(AgencyAutocomplete.as_view(admin_site=self.admin_site)),
                name="accounts_user_agencies",
            ),
            path("<path:object_id>/password/", wrap(self.password_view), name="accounts_user_password"),
            path("<path:object_id>/active/", wrap(self.active_view), name="accounts_user_active"),
            path("<path:object_id>/unlock/", wrap(self.unlock_view), name="accounts_user_unlock"),
            *super().get_urls(),
        ]

    def password_view(self, request, object_id):
        user = self._to_change(request, object_id)
        if request.method == "POST":
            return self._show_password(request, user, domain.reset_password(actor=request.user, user=user))
        return self._confirm(
            request,
            user,
            title=_("Reset the password"),
            text=_(
                "The account gets a temporary password, shown once on the next page. Its sessions end, "
                "and a lockout is lifted."
            ),
        )

    def active_view(self, request, object_id):
        user = self._to_change(request, object_id)
        if request.method == "POST":
            if user.is_active:
                domain.deactivate(actor=request.user, user=user)
                messages.success(request, _("The account is closed."))
            else:
                domain.activate(actor=request.user, user=user)
                messages.success(request, _("The account is open again."))
            return self._back(user)
        if user.is_active:
            title, text = (
                _("Close the account"),
                _("Nobody can sign in with it any more. Nothing is deleted."),
            )
        else:
            title, text = (
                _("Open the account again"),
                _("It has the roles and the password that it had before."),
            )
        return self._confirm(request, user, title=title, text=text)

    def unlock_view(self, request, object_id):
        user = self._to_change(request, object_id)
        if request.method == "POST":
            domain.unlock(actor=request.user, user=user)
            messages.success(request, _("The account is unlocked."))
            return self._back(user)
        return self._confirm(
            request,
            user,
            title=_("Unlock the account"),
            text=_("Failed sign-ins are forgotten, and the user may try again at once."),
        )

    def _to_change(self, request: HttpRequest, object_id: str) -> User:
        if not self.has_change_permission(request):
            raise PermissionDenied
        user = self.get_object(request, unquote(object_id))
        if user is None:
            raise Http404
        if not self.has_change_permission(request, user):
            raise PermissionDenied
        return user

    def _context(self, request: HttpRequest, user: User, **more) -> dict:
        return {**self.admin_site.each_context(request), "opts": self.opts, "original": user, **more}

    def _confirm(self, request: HttpRequest, user: User, **texts) -> TemplateResponse:
        return TemplateResponse(request, "accounts/admin/confirm.html", self._context(request, user, **texts))

    def _show_password(self, request: HttpRequest, user: User, password: str) -> TemplateResponse:
        """The only time that it is seen: no redirect, no message in a cookie, nothing kept by the browser."""
        context = self._context(request, user, title=_("Temporary password"), password=password)
        return TemplateResponse(request, "accounts/admin/password.html", context)

    @staticmethod
    def _back(user: User) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse("admin:accounts_user_change", args=[user.pk]))
