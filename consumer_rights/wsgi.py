"""The WSGI entry. It refuses to start without its variables, in one clear line."""

import os
import sys

REQUIRED = ("DATABASE_URL", "SECRET_KEY", "ALLOWED_HOSTS", "PERSONAL_DATA_KEYS", "LOOKUP_KEY")

if missing := [name for name in REQUIRED if not os.environ.get(name)]:
    sys.exit(
        f"The portal does not start: set {', '.join(missing)} in the environment (README, section Settings)."
    )

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "consumer_rights.settings")

from django.conf import settings  # noqa: E402 - after the check of the environment
from django.core.exceptions import ImproperlyConfigured  # noqa: E402 - as above
from django.core.wsgi import get_wsgi_application  # noqa: E402

from core.personal_data import check_keys  # noqa: E402
from core.startup import load_for_good  # noqa: E402

try:
    application = get_wsgi_application()
    check_keys()
except ImproperlyConfigured as error:
    sys.exit(f"The portal does not start: {error}")
if settings.DATABASE_OWNER:
    sys.exit("The portal does not start: DATABASE_OWNER_URL is for migrate alone; take it out of the environment.")
if settings.DEBUG and not settings.EMBEDDED_DATABASE:  # its error pages show settings, queries and personal data
    sys.exit("The portal does not start: DEBUG=1 is for the embedded database alone; take DEBUG out of the environment.")
load_for_good()
