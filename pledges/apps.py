from pathlib import Path

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from core.panels import Panel, register_panel


class PledgesConfig(AppConfig):
    name = "pledges"
    verbose_name = _("Merchant pledges")

    def ready(self):
        from cases.domain import register_consumer  # noqa: PLC0415 - models exist by now
        from cases.worker import register_job  # noqa: PLC0415 - as above
        from pledges.domain import (  # noqa: PLC0415 - as above
            BREACHES,
            coverage_changed,
            expire_pledges,
            find_breaches,
        )
        from pledges.models import Coverage, PledgeType  # noqa: PLC0415 - as above
        from registry.domain.consequences import CONSEQUENCES  # noqa: PLC0415 - as above
        from registry.reference import Dataset, register  # noqa: PLC0415 - as above
        from registry.reference.datasets import Children  # noqa: PLC0415 - as above

        folder = Path(__file__).parent / "reference"
        register(Dataset(
            "pledge_types", PledgeType, folder / "types.csv",
            children=Children("coverages", Coverage, "type", folder / "coverages.csv"),
        ))  # fmt: skip
        register_job("expire_pledges", expire_pledges)
        register_consumer(BREACHES, find_breaches)
        CONSEQUENCES.append(coverage_changed)
        register_panel("case", Panel(
            title=_("Pledges"), url_name="pledges:case",
            note=_("What the merchant had promised in public, and whether the complaint falls under it."),
            shows=lambda case, user: case.kind == "complaint" and case.merchant_id is not None
            and user.has_perm("pledges.view_pledge"),
        ))  # fmt: skip
