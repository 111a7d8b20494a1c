from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.generic import RedirectView
from django.views.i18n import set_language

from accounts.views import SignOutView, admin_login

urlpatterns = [
    path("", include("insights.urls")),
    path("", include("mediation.urls")),
    path("", include("pledges.urls")),
    path("cases/", include("cases.urls")),
    path("imports/", include("cases.import_urls")),
    path("audit/", include("cases.audit_urls")),
    path("accounts/", include("accounts.urls")),
    # one way in and out, so that lockout, log and password rules hold for the admin too
    path("admin/login/", admin_login),
    path("admin/logout/", SignOutView.as_view()),
    path("admin/password_change/", RedirectView.as_view(pattern_name="accounts:password_change")),
    path("admin/password_change/done/", RedirectView.as_view(pattern_name="accounts:password_change")),
    path("admin/", admin.site.urls),
    path("i18n/setlang/", login_not_required(set_language), name="set_language"),
]
