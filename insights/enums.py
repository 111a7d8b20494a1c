from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Unit(models.TextChoices):
    CASES = "cases", pgettext_lazy("unit", "cases")
    MONEY = "CNY", pgettext_lazy("unit", "CNY")
    RATE = "rate", pgettext_lazy("unit", "rate")
    PLATFORMS = "platforms", pgettext_lazy("unit", "platforms")
    PAIRS = "pairs", pgettext_lazy("unit", "pairs")
    DAYS = "days", pgettext_lazy("unit", "days")
    UNITS = "units", pgettext_lazy("unit", "units")
    PLEDGES = "pledges", pgettext_lazy("unit", "pledges")
    RETURNS = "returns", pgettext_lazy("unit", "returns")
    SAVING = "saving", pgettext_lazy("unit", "share of the time")


class Part(models.TextChoices):
    """What of a figure is opened: the rows it counts, or one side of a rate."""

    VALUE = "value", _("value")
    NUMERATOR = "numerator", _("numerator")
    DENOMINATOR = "denominator", _("denominator")


class Good(models.TextChoices):
    """Which way a figure should go; volumes are neither good nor bad."""

    UP = "up", _("higher is better")
    DOWN = "down", _("lower is better")
    NONE = "none", _("neither")
