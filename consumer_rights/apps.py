from django.apps import AppConfig
from django.core import checks


class ConsumerRightsConfig(AppConfig):
    name = "consumer_rights"

    def ready(self):
        from consumer_rights.checks import check_database, check_keys  # noqa: PLC0415 - registered once

        checks.register(check_keys, checks.Tags.security)
        checks.register(check_database, checks.Tags.database)
