"""The list of mediators."""

from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from core.tables import Column, NumberColumn, Table
from core.templatetags.portal import percent
from mediation.models import Mediator


class LoadTable(Table):
    agency = Column(card="line")
    mediator = Column(accessor="name", verbose_name=_("Mediator"), card="title")
    ahead = NumberColumn(verbose_name=_("Sessions ahead"))
    held = NumberColumn(verbose_name=_("Sessions held"))
    hours = NumberColumn(accessor="led_hours", verbose_name=_("Hours"))
    in_hand = NumberColumn(verbose_name=_("Cases in hand"))
    share = NumberColumn(verbose_name=_("Share of the agency's hours"))

    class Meta(Table.Meta):
        model = Mediator
        fields = ("agency", "mediator", "ahead", "held", "hours", "in_hand", "share")
        empty_text = _("No mediator matches these filters.")
        attrs = {"class": "table list-table load-table"}

    def render_agency(self, record):
        return record.agency.label

    def render_hours(self, value):
        return number_format(round(value, 1), decimal_pos=1, force_grouping=True)

    def render_share(self, value):
        return percent(value)
