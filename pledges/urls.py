from django.urls import path

from pledges.views import lists, records

app_name = "pledges"
urlpatterns = [
    path("pledges/", lists.PledgeList.as_view(), name="list"),
    path("pledges/export/", lists.PledgeExport.as_view(), name="export"),
    path("pledges/<int:pk>/", records.PledgePage.as_view(), name="detail"),
    path("pledges/merchants/<int:pk>/", records.MerchantPage.as_view(), name="merchant"),
]
