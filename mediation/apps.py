from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from core.panels import Panel, register_panel


class MediationConfig(AppConfig):
    name = "mediation"
    verbose_name = _("Mediation")

    def ready(self):
        from cases.worker import register_job  # noqa: PLC0415 - models exist by now
        from mediation.domain import lapse_referrals  # noqa: PLC0415 - as above

        register_job("lapse_referrals", lapse_referrals)
        register_panel("case", Panel(
            title=_("Mediation"), url_name="mediation:case", note=_("Sessions, and to whom mediation is entrusted."),
            shows=lambda case, user: case.kind == "complaint" and case.accepted_at is not None,
        ))  # fmt: skip
        register_panel("case", Panel(
            title=_("Green channel"), url_name="mediation:channel",
            note=_("Whether a platform has the complaint, or has had it."),
            shows=lambda case, user: case.kind == "complaint",
        ))  # fmt: skip
