from django.urls import path

from pledges.views import targets, zones

app_name = "pledges"
urlpatterns = [
    path("zones/", zones.ZoneList.as_view(), name="zones"),
    path("zones/<int:pk>/", zones.ZoneSheet.as_view(), name="zone"),
    path("targets/", targets.TargetsPage.as_view(), name="targets"),
    path("targets/<int:pk>/<slug:part>/", targets.TargetRows.as_view(), name="target_rows"),
]
