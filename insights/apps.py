from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InsightsConfig(AppConfig):
    name = "insights"
    verbose_name = _("Insights")

    def ready(self):
        from insights import pledged, selections  # noqa: PLC0415 - they need the models

        pledged.register_all()
        selections.register()
