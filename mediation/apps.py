from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from cases.targets import ImportTarget, register_target
from core.panels import Panel, register_panel
from mediation.enums import ReferralState, SessionState


class MediationConfig(AppConfig):
    name = "mediation"
    verbose_name = _("Mediation")

    def ready(self):
        from cases.domain import register_consumer  # noqa: PLC0415 - models exist by now
        from cases.worker import register_job  # noqa: PLC0415 - as above
        from mediation.domain import (  # noqa: PLC0415 - as above
            LAPSING,
            lapse_referrals,
            lapse_sessions,
            recount_terms,
        )
        from registry.domain.consequences import CONSEQUENCES  # noqa: PLC0415 - as above

        register_job("lapse_referrals", lapse_referrals)
        register_consumer(LAPSING, lapse_sessions)
        CONSEQUENCES.append(recount_terms)
        register_panel("case", Panel(
            title=_("Mediation"), url_name="mediation:case", note=_("Sessions, and to whom mediation is entrusted."),
            shows=lambda case, user: case.kind == "complaint" and case.accepted_at is not None,
        ))  # fmt: skip
        register_panel("case", Panel(
            title=_("Green channel"), url_name="mediation:channel",
            note=_("Whether a platform has the complaint, or has had it."),
            shows=lambda case, user: case.kind == "complaint",
        ))  # fmt: skip
        register_target(ImportTarget(
            "mediators", _("Mediators"), "import_mediators FILE.csv --user NAME", kinds={"mediator": _("Mediator")},
        ))  # fmt: skip
        register_target(ImportTarget(
            "sessions", _("Sessions"), "import_sessions FILE.csv --user NAME",
            differing=_("Differing from sessions worked on here"), kinds=dict(SessionState.choices),
        ))  # fmt: skip
        register_target(ImportTarget(
            "referrals", _("Referrals to platforms"), "import_referrals FILE.csv --user NAME",
            differing=_("Differing from referrals worked on here"), kinds=dict(ReferralState.choices),
        ))  # fmt: skip
