from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RegistryConfig(AppConfig):
    name = "registry"
    verbose_name = _("Registry")

    def ready(self):
        # these modules need the models, which are not loaded any sooner
        from registry.reference import register  # noqa: PLC0415
        from registry.reference.own import DATASETS  # noqa: PLC0415

        register(*DATASETS)
