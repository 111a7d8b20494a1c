from django.urls import path

from pledges.views import breaches

app_name = "pledges"
urlpatterns = [
    path("cases/<str:number>/pledges/", breaches.CasePledges.as_view(), name="case"),
    path("cases/<str:number>/pledges/<int:pk>/", breaches.CaseBreach.as_view(), name="breach"),
]
