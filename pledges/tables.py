"""The columns of the registers."""

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from core.tables import Column, DateColumn, NumberColumn, StateColumn, Table
from core.text import mask_numbers
from pledges.models import Pledge, Workstation, Zone
from pledges.tones import PLEDGE_TONES


def _named(page: str, pk: int, name: str):
    """A name that leads to its page; numbers that are written in it are masked."""
    return format_html('<a href="{}">{}</a>', reverse(page, args=[pk]), mask_numbers(name))


class PledgeTable(Table):
    premises = Column(card="title", css="clip")
    merchant = Column(accessor="premises__merchant", verbose_name=_("Merchant"), css="clip")
    type = Column(css="nowrap", written=False)
    state = StateColumn(tones=PLEDGE_TONES, card="aside")
    district = Column(accessor="premises__region", verbose_name=_("District"), css="nowrap", written=False)
    published = DateColumn(accessor="published_on", verbose_name=_("Published on"))
    until = DateColumn(accessor="valid_to", verbose_name=_("Last day"))
    terms = NumberColumn(verbose_name=_("Continuous terms"), card="hide")

    class Meta(Table.Meta):
        model = Pledge
        fields = ("premises", "merchant", "type", "state", "district", "published", "until", "terms")
        empty_text = _("No pledge matches these filters.")

    def render_premises(self, record):
        return _named("pledges:detail", record.pk, record.premises.name)

    def render_merchant(self, record):
        merchant = record.premises.merchant
        return _named("pledges:merchant", merchant.pk, merchant.name)


class ZoneTable(Table):
    name = Column(card="title")
    kind = Column(written=False)
    agency = Column(accessor="agency__label", verbose_name=_("Kept by"), written=False)
    region = Column(accessor="region__label", verbose_name=_("District"), written=False)
    operator = Column(verbose_name=_("Operator"))
    opened = DateColumn(accessor="opened_on", verbose_name=_("Zone since"))
    closed = DateColumn(accessor="closed_on", verbose_name=_("Closed on"))

    class Meta(Table.Meta):
        model = Zone
        fields = ("name", "kind", "agency", "region", "operator", "opened", "closed")
        empty_text = _("No zone matches these filters.")

    def render_operator(self, value):
        return mask_numbers(str(value))

    def render_name(self, record):
        return _named("pledges:zone", record.pk, record.name)


class PublishedTable(Table):
    """Pledges that count for a target."""

    premises = Column(accessor="premises__name", verbose_name=_("Premises"), card="title")
    merchant = Column(accessor="premises__merchant__name", verbose_name=_("Merchant"))
    type = Column(accessor="type__label", verbose_name=_("Type"), written=False)
    region = Column(accessor="premises__region__label", verbose_name=_("District"), written=False)
    agency = Column(accessor="agency__label", verbose_name=_("Kept by"), written=False)
    applied = DateColumn(accessor="applied_on", verbose_name=_("Applied on"))
    day = DateColumn(accessor="published_on", verbose_name=_("Published on"))

    class Meta(Table.Meta):
        model = Pledge
        fields = ("premises", "merchant", "type", "region", "agency", "applied", "day")
        empty_text = _("Nothing counts so far.")

    def render_premises(self, value):
        return mask_numbers(value)

    def render_merchant(self, value):
        return mask_numbers(value)


class OpenedTable(Table):
    """Workstations that count for a target."""

    name = Column(card="title")
    host = Column()
    region = Column(accessor="region__label", verbose_name=_("District"), written=False)
    agency = Column(accessor="agency__label", verbose_name=_("Kept by"), written=False)
    day = DateColumn(accessor="opened_on", verbose_name=_("Opened on"))

    class Meta(Table.Meta):
        model = Workstation
        fields = ("name", "host", "region", "agency", "day")
        empty_text = _("Nothing counts so far.")

    def render_name(self, value):
        return mask_numbers(value)

    def render_host(self, value):
        return mask_numbers(value)
