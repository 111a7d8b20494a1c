from django.urls import path

from pledges.views import breaches, lists, public, records, supervised, targets, zones

app_name = "pledges"
urlpatterns = [
    path("pledges/", lists.PledgeList.as_view(), name="list"),
    path("pledges/export/", lists.PledgeExport.as_view(), name="export"),
    path("pledges/public/", public.PublicRegister.as_view(), name="public"),
    path("pledges/<int:pk>/", records.PledgePage.as_view(), name="detail"),
    path("pledges/merchants/<int:pk>/", records.MerchantPage.as_view(), name="merchant"),
    path("cases/<str:number>/pledges/", breaches.CasePledges.as_view(), name="case"),
    path("cases/<str:number>/pledges/<int:pk>/", breaches.CaseBreach.as_view(), name="breach"),
    path("pledges/breaches/", supervised.BreachList.as_view(), name="breaches"),
    path("pledges/breaches/export/", supervised.BreachExport.as_view(), name="breaches_export"),
    path("pledges/inspections/", supervised.InspectionList.as_view(), name="inspections"),
    path("pledges/inspections/export/", supervised.InspectionExport.as_view(), name="inspections_export"),
    path("pledges/inspections/<int:pk>/", supervised.InspectionPage.as_view(), name="inspection"),
    path("pledges/zones/", zones.ZoneList.as_view(), name="zones"),
    path("pledges/zones/export/", zones.ZoneExport.as_view(), name="zones_export"),
    path("pledges/zones/<int:pk>/", zones.ZoneSheet.as_view(), name="zone"),
    path("pledges/targets/", targets.TargetsPage.as_view(), name="targets"),
    path("pledges/targets/<int:pk>/<slug:part>/", targets.TargetRows.as_view(), name="target_rows"),
]
