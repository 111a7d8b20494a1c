from django.urls import path

from insights import views

app_name = "insights"
urlpatterns = [
    path("", views.DashboardPage.as_view(), name="dashboard"),
    path("insights/definitions/", views.Definitions.as_view(), name="definitions"),
    path("insights/uncounted/", views.UncountedPage.as_view(), name="uncounted"),
]
