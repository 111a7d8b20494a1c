from pathlib import Path

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PledgesConfig(AppConfig):
    name = "pledges"
    verbose_name = _("Merchant pledges")

    def ready(self):
        from cases.domain.rotation import FILES  # noqa: PLC0415 - as above
        from cases.worker import register_job  # noqa: PLC0415 - models exist by now
        from pledges.domain import expire_pledges, photo_context  # noqa: PLC0415 - as above
        from pledges.models import (  # noqa: PLC0415 - as above
            ChecklistItem,
            Coverage,
            InspectionPhoto,
            PledgeType,
            Target,
        )
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
