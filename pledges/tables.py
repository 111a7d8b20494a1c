"""The columns of the register."""

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from core.tables import Column, DateColumn, NumberColumn, StateColumn, Table
from pledges.models import Pledge
from pledges.tones import PLEDGE_TONES


class PledgeTable(Table):
    premises = Column(card="title", css="clip")
    merchant = Column(accessor="premises__merchant", verbose_name=_("Merchant"), css="clip")
    type = Column(css="nowrap", written=False)
    state = StateColumn(tones=PLEDGE_TONES, card="aside")
    district = Column(accessor="premises__region", verbose_name=_("District"), css="nowrap", written=False)
    published = DateColumn(accessor="published_on", verbose_name=_("Published on"))
    until = DateColumn(accessor="valid_to", verbose_name=_("Last day"))
    terms = NumberColumn(verbose_name=_("Terms"), card="hide")

    class Meta(Table.Meta):
        model = Pledge
        fields = ("premises", "merchant", "type", "state", "district", "published", "until", "terms")
        empty_text = _("No pledge matches these filters.")

    def render_premises(self, record):
        return format_html('<a href="{}">{}</a>', reverse("pledges:detail", args=[record.pk]), record.premises)

    def render_merchant(self, record):
        merchant = record.premises.merchant
        return format_html('<a href="{}">{}</a>', reverse("pledges:merchant", args=[merchant.pk]), merchant)
