import factory

from registry.enums import AgencyKind
from registry.models import Agency


class AgencyFactory(factory.django.DjangoModelFactory):
    """A bureau without a parent, unless told otherwise: `AgencyFactory(parent=city)`."""

    class Meta:
        model = Agency
        skip_postgeneration_save = True

    code = factory.Sequence(lambda n: f"test-agency-{n}")
    name = factory.Sequence(lambda n: f"市场监管局{n}")
    name_en = factory.Sequence(lambda n: f"Bureau {n}")
    kind = AgencyKind.BUREAU
