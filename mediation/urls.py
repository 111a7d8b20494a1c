from django.urls import path

from mediation import views

app_name = "mediation"
urlpatterns = [
    path("cases/<str:number>/mediation/", views.CaseMediation.as_view(), name="case"),
    path("cases/<str:number>/channel/", views.CaseChannel.as_view(), name="channel"),
]
