from django.db import models
from django.utils.translation import gettext_lazy as _


class Unit(models.TextChoices):
    CASES = "cases", _("cases")
    MONEY = "CNY", _("CNY")
    RATE = "rate", _("rate")


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
