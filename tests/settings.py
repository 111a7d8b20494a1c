"""Settings of the test suite: production's, with a quick password hasher and no redirect to HTTPS."""

from consumer_rights.settings import *  # noqa: F403 - the point of this module

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = False
# of thousands of pages that are refused, each would be written out with its traceback
LOGGING["loggers"] = {"django.request": {"level": "ERROR"}}  # noqa: F405
