from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("login/", views.SignInView.as_view(), name="login"),
    path("logout/", views.SignOutView.as_view(), name="logout"),
    path("session/", views.StillSignedIn.as_view(), name="session"),
    path("password/", views.PasswordChange.as_view(), name="password_change"),
    path("sign-ins/", views.SignInList.as_view(), name="sign_ins"),
    path("access-log/", views.AccessLogList.as_view(), name="access_log"),
]
