from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from core.panels import Panel, register_panel


class InsightsConfig(AppConfig):
    name = "insights"
    verbose_name = _("Insights")

    def ready(self):
        from insights import pledged, selections  # noqa: PLC0415 - they need the models

        pledged.register_all()
        selections.register()
        register_panel("pledges", Panel(
            title=_("By type and district"), url_name="insights:pledges",
            note=_("Units in force and newly created, by type and district."),
            shows=lambda record, user: user.has_perms(["cases.view_case", "pledges.view_pledge"]),
        ))  # fmt: skip
