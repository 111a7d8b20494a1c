from django.urls import path

from cases.views import imports

app_name = "imports"
urlpatterns = [
    path("", imports.RunList.as_view(), name="list"),
    path("<int:pk>/", imports.RunDetail.as_view(), name="detail"),
    path("<int:pk>/rejects.csv", imports.RunRejects.as_view(), name="rejects"),
]
