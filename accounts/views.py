import math

from axes.helpers import get_client_username
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView, redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import View

from accounts import domain
from accounts.client import client_browser, client_ip
from accounts.enums import SignInOutcome
from accounts.filters import AccessLogFilterSet, SignInFilterSet
from accounts.forms import SignInForm
from accounts.models import AccessLog, SignIn, User
from accounts.tables import AccessLogTable, SignInTable
from core.views import ListPage

# the first page that a user may open is where he starts
HOMES = (
    ("cases.view_case", settings.LOGIN_REDIRECT_URL),
    ("mediation.rule_judicialconfirmation", "admin:mediation_judicialconfirmation_changelist"),
    ("accounts.view_accesslog", "accounts:access_log"),
    ("accounts.view_user", "admin:accounts_user_changelist"),
    ("accounts.view_signin", "accounts:sign_ins"),
    ("cases.view_importrun", "imports:list"),
    ("mediation.view_platformreferral", "admin:mediation_platformreferral_changelist"),
)


def home_url(user: User) -> str:
    """Where `user` starts: the dashboard for those who work on cases, the page of their own work for others."""
    page = next((page for permission, page in HOMES if user.has_perm(permission)), HOMES[0][1])
    return resolve_url(page)


def record(request: HttpRequest, *, outcome: str, username: str, user: User | None) -> None:
    domain.log_sign_in(
        outcome=outcome,
        username=username,
        user=user,
        ip=client_ip(request),
        user_agent=client_browser(request),
    )


class SignInView(LoginView):
    """The only way in; each try that names a user and a password is a line of the sign-in log. An address from which
    too many failed must wait."""

    form_class = SignInForm
    redirect_authenticated_user = True

    def post(self, request, *args, **kwargs):
        if domain.must_wait(ip=client_ip(request)):
            page = render(request, "registration/must_wait.html", status=429)
            page["Retry-After"] = "60"
            return page
        return super().post(request, *args, **kwargs)

    def get_default_redirect_url(self):
        return home_url(self.request.user)

    def form_valid(self, form):
        user = form.get_user()
        with transaction.atomic():
            response = super().form_valid(form)
            record(self.request, outcome=SignInOutcome.SUCCEEDED, username=user.username, user=user)
        return response

    def form_invalid(self, form):
        if form.was_attempt():
            username = form.cleaned_data["username"]
            locked = getattr(self.request, "axes_locked_out", False)
            record(
                self.request,
                outcome=SignInOutcome.LOCKED_OUT if locked else SignInOutcome.FAILED,
                username=username,
                user=User.objects.filter(username=username).first(),
            )
        return super().form_invalid(form)


class SignOutView(LogoutView):
    http_method_names = ["post", "options"]

    def post(self, request, *args, **kwargs):
        record(request, outcome=SignInOutcome.SIGNED_OUT, username=request.user.username, user=request.user)
        response = super().post(request, *args, **kwargs)
        messages.success(request, _("You are signed out. Close the browser on a shared computer."))
        return response


class StillSignedIn(View):
    """Nothing for whoever is signed in; anybody else is led to the sign-in page. Long forms ask before they are sent."""

    http_method_names = ["get", "head"]

    def get(self, request):
        return HttpResponse(status=204)


@method_decorator(sensitive_post_parameters(), name="dispatch")
class PasswordChange(PasswordChangeView):
    """A user's own password. With a temporary one, the only page that he can open."""

    template_name = "registration/password_change_form.html"

    def form_valid(self, form):
        user = domain.change_password(user=self.request.user, password=form.cleaned_data["new_password1"])
        update_session_auth_hash(self.request, user)
        messages.success(self.request, _("Your password has been changed. Use the new one from now on."))
        return redirect(home_url(user))


def locked_out(request: HttpRequest, response: HttpResponse, credentials: dict | None) -> HttpResponse:
    """What axes answers instead of the login page: the account is locked out, and for how long still."""
    now = timezone.now()
    until = domain.locked_until(get_client_username(request, credentials) or "", now=now)
    left = max(until - now, timezone.timedelta()) if until else timezone.timedelta()
    context = {"failure_limit": settings.AXES_FAILURE_LIMIT, "cooloff_timedelta": left}
    page = render(request, "registration/locked_out.html", context, status=429)
    page["Retry-After"] = str(math.ceil(left.total_seconds()))
    return page


@login_not_required
def admin_login(request: HttpRequest) -> HttpResponse:
    """The admin sends here whom it does not let in: on to the portal's login page, or away if he is signed in."""
    if request.user.is_authenticated and not request.user.is_staff:
        raise PermissionDenied
    if request.user.is_authenticated:
        return redirect("admin:index")
    return redirect_to_login(request.GET.get("next") or resolve_url("admin:index"))


class SignInList(ListPage):
    """Who signed in, or tried to."""

    model = SignIn
    permission_required = "accounts.view_signin"
    filterset_class = SignInFilterSet
    table_class = SignInTable
    template_name = "accounts/sign_ins.html"
    fragment_template_name = "accounts/_results.html"
    sorts = {"at": "at"}
    default_sort = "-at"

    def get_queryset(self):
        return super().get_queryset().select_related("user__agency")


class AccessLogList(ListPage):
    """Who saw or took out which personal data, and why."""

    model = AccessLog
    permission_required = "accounts.view_accesslog"
    filterset_class = AccessLogFilterSet
    table_class = AccessLogTable
    template_name = "accounts/access_log.html"
    fragment_template_name = "accounts/_results.html"
    sorts = {"at": "at"}
    default_sort = "-at"

    def get_queryset(self):
        return super().get_queryset().select_related("user__agency")
