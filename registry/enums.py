from django.db import models
from django.utils.translation import gettext_lazy as _


class RegionLevel(models.TextChoices):
    PROVINCE = "province", _("Province")
    CITY = "city", _("City")
    DISTRICT = "district", _("District or county")
    STREET = "street", _("Street or town")


class AgencyKind(models.TextChoices):
    BUREAU = "bureau", _("Market regulation bureau")
    STATION = "station", _("Market regulation station")
    COUNCIL = "council", _("Consumer council")
    COMMITTEE = "committee", _("People's mediation committee")
    COURT = "court", _("Court")
    PLATFORM = "platform", _("Platform partner")


BUREAU_KINDS = (AgencyKind.BUREAU, AgencyKind.STATION)


class Scheme(models.TextChoices):
    """Two linked vocabularies: the national platform's for handling, the councils' for their statistics."""

    NATIONAL = "12315", _("National 12315 platform")
    COUNCIL = "council", _("Consumer councils")


class Branch(models.TextChoices):
    GOODS = "goods", _("Goods")
    SERVICES = "services", _("Services")
    OTHER = "other", _("Other")
