from django.urls import path

from cases.views import case, lists

app_name = "cases"
urlpatterns = [
    path("", lists.CaseList.as_view(), name="list"),
    path("export/", lists.CaseExport.as_view(), name="export"),
    path("recoveries/", lists.RecoveryList.as_view(), name="recoveries"),
    path("recoveries/export/", lists.RecoveryExport.as_view(), name="recoveries_export"),
    path("<str:number>/", case.CaseDetail.as_view(), name="detail"),
    path("<str:number>/parties/<int:pk>/reveal/", case.RevealParty.as_view(), name="reveal"),
]
