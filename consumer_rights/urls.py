from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("insights.urls")),
    path("cases/", include("cases.urls")),
    path("imports/", include("cases.import_urls")),
    path("accounts/", include("accounts.urls")),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
]
