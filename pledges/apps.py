from pathlib import Path

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from cases.targets import ImportTarget, register_target
from core.panels import Panel, register_panel
from pledges.enums import PledgeState

IMPORT = "pledges.import_pledge"  # pledges, and what was taken back under them


class PledgesConfig(AppConfig):
    name = "pledges"
    verbose_name = _("Merchant pledges")

    def ready(self):
        from cases.domain import register_consumer  # noqa: PLC0415 - models exist by now
        from cases.domain.rotation import FILES  # noqa: PLC0415 - as above
        from cases.worker import register_job  # noqa: PLC0415 - as above
        from pledges.domain import (  # noqa: PLC0415 - as above
            BREACHES,
            coverage_changed,
            expire_pledges,
            find_breaches,
            move_premises,
            photo_context,
        )
        from pledges.models import (  # noqa: PLC0415 - as above
            ChecklistItem,
            Coverage,
            InspectionPhoto,
            PledgeType,
            Target,
        )
        from registry.domain.consequences import CONSEQUENCES  # noqa: PLC0415 - as above
        from registry.models import IDENTIFIED  # noqa: PLC0415 - as above
        from registry.reference import Dataset, register  # noqa: PLC0415 - as above
        from registry.reference.datasets import Children  # noqa: PLC0415 - as above

        folder = Path(__file__).parent / "reference"
        register(Dataset(
            "pledge_types", PledgeType, folder / "types.csv",
            children=Children("coverages", Coverage, "type", folder / "coverages.csv"),
        ))  # fmt: skip
        register(
            Dataset("checklist", ChecklistItem, folder / "checklist.csv"),
            Dataset("targets", Target, folder / "targets.csv"),
        )
        FILES[InspectionPhoto] = photo_context
        register_job("expire_pledges", expire_pledges)
        register_target(ImportTarget(
            "pledges", _("Pledges"), "import_pledges FILE.csv --user NAME",
            differing=_("Differing from pledges worked on here"), kinds=dict(PledgeState.choices),
            permission=IMPORT,
        ))  # fmt: skip
        register_target(ImportTarget(
            "returns", _("Returns by month"), "import_returns FILE.csv --user NAME",
            differing=_("Differing from returns entered here"), kinds={"returns": _("Returns of a month")},
            amounts={"returned": _("Amount paid back")}, permission=IMPORT,
        ))  # fmt: skip
        register_consumer(BREACHES, find_breaches)
        CONSEQUENCES.append(coverage_changed)
        IDENTIFIED.append(move_premises)
        register_panel("case", Panel(
            title=_("Pledges"), url_name="pledges:case",
            note=_("What the merchant had promised in public, and whether the complaint falls under it."),
            shows=lambda case, user: case.kind == "complaint" and case.merchant_id is not None
            and user.has_perm("pledges.view_pledge"),
        ))  # fmt: skip
