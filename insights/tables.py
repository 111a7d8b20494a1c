"""The lists of mediators and of returns."""

from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from core.tables import Column, MoneyColumn, NumberColumn, Table
from core.templatetags.portal import percent
from core.text import mask_numbers
from mediation.models import Mediator
from pledges.models import ReturnEntry


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


class ReturnTable(Table):
    month = Column(css="nowrap tnum", written=False)
    premises = Column(card="title", css="clip")
    merchant = Column(accessor="premises__merchant", verbose_name=_("Merchant"), css="clip")
    district = Column(accessor="premises__region", verbose_name=_("District"), css="nowrap", written=False)
    returns = NumberColumn(accessor="count", verbose_name=_("Returns"), card="aside")
    amount = MoneyColumn(verbose_name=_("Amount paid back (CNY)"))

    class Meta(Table.Meta):
        model = ReturnEntry
        fields = ("month", "premises", "merchant", "district", "returns", "amount")
        empty_text = _("No entry matches these filters.")

    def render_month(self, value):
        return f"{value:%Y-%m}"

    def render_premises(self, value):
        return mask_numbers(str(value))

    def render_merchant(self, value):
        return mask_numbers(str(value))
