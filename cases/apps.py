from pathlib import Path

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from cases.enums import Kind
from cases.targets import ImportTarget, register_target


class CasesConfig(AppConfig):
    name = "cases"
    verbose_name = _("Cases")

    def ready(self):
        # models are not loaded any sooner
        from cases.domain import (  # noqa: PLC0415 - models exist by now
            SEARCH,
            merchants_renamed,
            move_cases,
            recount_changed,
            register_consumer,
            settle_search,
            write_search,
        )
        from cases.models import Case, ClockRule, Ground, SignalRule  # noqa: PLC0415 - as above
        from registry.domain.consequences import CONSEQUENCES  # noqa: PLC0415 - as above
        from registry.models import CUSTODY, IDENTIFIED, RENAMED  # noqa: PLC0415 - as above
        from registry.reference import Dataset, register  # noqa: PLC0415

        folder = Path(__file__).parent / "reference"
        register(Dataset("clock_rules", ClockRule, folder / "clock_rules.csv", key=("code", "valid_from")))
        register(Dataset("grounds", Ground, folder / "grounds.csv"))
        register(Dataset("signals", SignalRule, folder / "signals.csv", key=("code", "valid_from")))
        CONSEQUENCES.append(recount_changed)
        CUSTODY.append(lambda agencies: Case.objects.filter(custodian__in=agencies).exists())
        RENAMED.append(merchants_renamed)
        IDENTIFIED.append(move_cases)
        register_consumer(SEARCH, write_search, settle=settle_search)
        register_target(ImportTarget(
            "cases", _("Cases"), "import_cases FILE.csv --profile national12315 --user NAME",
            differing=_("Differing from the stored case"), kinds=dict(Kind.choices),
        ))  # fmt: skip
        for name, label, kind in (
            ("merchants", _("Merchants"), _("Merchant")), ("platforms", _("Platforms"), _("Platform")),
        ):  # fmt: skip
            register_target(
                ImportTarget(name, label, f"import_{name} FILE.csv --user NAME", kinds={name.removesuffix("s"): kind})
            )
