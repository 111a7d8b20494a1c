from django.apps import AppConfig
from django.core import checks


class ConsumerRightsConfig(AppConfig):
    name = "consumer_rights"

    def ready(self):
        from consumer_rights.checks import (  # noqa: PLC0415 - registered once
            check_database,
            check_keys,
            check_rights,
            check_triggers,
        )

        checks.register(check_keys, checks.Tags.security)
        for check in (check_database, check_triggers, check_rights):
            checks.register(check, checks.Tags.database)
