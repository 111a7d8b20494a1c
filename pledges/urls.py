from django.urls import path

from pledges.views import lists, records, targets, zones

app_name = "pledges"
urlpatterns = [
    path("pledges/", lists.PledgeList.as_view(), name="list"),
    path("pledges/export/", lists.PledgeExport.as_view(), name="export"),
    path("pledges/<int:pk>/", records.PledgePage.as_view(), name="detail"),
    path("pledges/merchants/<int:pk>/", records.MerchantPage.as_view(), name="merchant"),
    path("pledges/zones/", zones.ZoneList.as_view(), name="zones"),
    path("pledges/zones/<int:pk>/", zones.ZoneSheet.as_view(), name="zone"),
    path("pledges/targets/", targets.TargetsPage.as_view(), name="targets"),
    path("pledges/targets/<int:pk>/<slug:part>/", targets.TargetRows.as_view(), name="target_rows"),
]
