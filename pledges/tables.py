"""The tables of the lists of pledges' registers."""

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from core.tables import Column, DateColumn, Table
from pledges.models import Pledge, Workstation, Zone


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

    def render_name(self, record):
        return format_html('<a href="{}">{}</a>', reverse("pledges:zone", args=[record.pk]), record.name)


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
