from django.urls import path

from insights import views

app_name = "insights"
urlpatterns = [
    path("", views.DashboardPage.as_view(), name="dashboard"),
    path("insights/definitions/", views.Definitions.as_view(), name="definitions"),
    path("insights/channel/", views.ScorecardPage.as_view(), name="channel"),
    path("insights/channel/export/", views.ScorecardExport.as_view(), name="channel_export"),
    path("insights/channel/figures/", views.ChannelFigures.as_view(), name="channel_figures"),
    path("insights/mediation/", views.MediationPage.as_view(), name="mediation"),
    path("insights/mediators/", views.LoadList.as_view(), name="mediators"),
    path("insights/mediators/export/", views.LoadExport.as_view(), name="mediators_export"),
    path("insights/pledges/", views.PledgesPage.as_view(), name="pledges"),
    path("insights/returns/", views.ReturnList.as_view(), name="returns"),
    path("insights/returns/export/", views.ReturnExport.as_view(), name="returns_export"),
    path("insights/uncounted/", views.UncountedPage.as_view(), name="uncounted"),
]
