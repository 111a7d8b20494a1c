from django.urls import path

from cases import urls  # noqa: F401 - registers the converter of case numbers
from cases.views import audit

app_name = "audit"
urlpatterns = [
    path("", audit.AuditPage.as_view(), name="home"),
    path("cases/<case_number:number>/", audit.CaseAudit.as_view(), name="case"),
    path("cases/<case_number:number>/export/", audit.CaseAuditExport.as_view(), name="case_export"),
    path("persons/", audit.PersonSearch.as_view(), name="person_search"),
    path("persons/<slug:token>/", audit.PersonAudit.as_view(), name="person"),
    path("persons/<slug:token>/export/", audit.PersonAuditExport.as_view(), name="person_export"),
    path("users/<int:pk>/", audit.OfficerAudit.as_view(), name="officer"),
    path("users/<int:pk>/export/", audit.OfficerAuditExport.as_view(), name="officer_export"),
]
