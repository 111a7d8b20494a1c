from pathlib import Path

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CasesConfig(AppConfig):
    name = "cases"
    verbose_name = _("Cases")

    def ready(self):
        # models are not loaded any sooner
        from cases.domain import (  # noqa: PLC0415 - models exist by now
            SEARCH,
            merchants_renamed,
            recount_changed,
            register_consumer,
            settle_search,
            write_search,
        )
        from cases.models import Case, ClockRule, Ground, SignalRule  # noqa: PLC0415 - as above
        from registry.domain.consequences import CONSEQUENCES  # noqa: PLC0415 - as above
        from registry.models import CUSTODY, RENAMED  # noqa: PLC0415 - as above
        from registry.reference import Dataset, register  # noqa: PLC0415

        folder = Path(__file__).parent / "reference"
        register(Dataset("clock_rules", ClockRule, folder / "clock_rules.csv", key=("code", "valid_from")))
        register(Dataset("grounds", Ground, folder / "grounds.csv"))
        register(Dataset("signals", SignalRule, folder / "signals.csv", key=("code", "valid_from")))
        CONSEQUENCES.append(recount_changed)
        CUSTODY.append(lambda agencies: Case.objects.filter(custodian__in=agencies).exists())
        RENAMED.append(merchants_renamed)
        register_consumer(SEARCH, write_search, settle=settle_search)
