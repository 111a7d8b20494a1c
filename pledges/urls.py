from django.urls import path

from pledges import views

app_name = "pledges"
urlpatterns = [
    path("cases/<str:number>/pledges/", views.CasePledges.as_view(), name="case"),
    path("cases/<str:number>/pledges/<int:pk>/", views.CaseBreach.as_view(), name="breach"),
]
