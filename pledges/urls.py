from django.urls import path

from pledges.views import breaches, lists, public, records

app_name = "pledges"
urlpatterns = [
    path("pledges/", lists.PledgeList.as_view(), name="list"),
    path("pledges/export/", lists.PledgeExport.as_view(), name="export"),
    path("pledges/public/", public.PublicRegister.as_view(), name="public"),
    path("pledges/<int:pk>/", records.PledgePage.as_view(), name="detail"),
    path("pledges/merchants/<int:pk>/", records.MerchantPage.as_view(), name="merchant"),
    path("cases/<str:number>/pledges/", breaches.CasePledges.as_view(), name="case"),
    path("cases/<str:number>/pledges/<int:pk>/", breaches.CaseBreach.as_view(), name="breach"),
]
