"""The lists of mediators, and of units and pledges."""

from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from core.tables import Column, DateColumn, NumberColumn, StateColumn, Table
from core.templatetags.portal import percent
from core.text import mask_numbers
from mediation.models import Mediator
from pledges.enums import PledgeState
from pledges.models import Pledge


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


UNIT_TONES = {
    PledgeState.IN_FORCE: "green", PledgeState.SUSPENDED: "amber", PledgeState.EXPIRED: "grey",
    PledgeState.REVOKED: "red", PledgeState.DEREGISTERED: "grey",
}  # fmt: skip


class UnitTable(Table):
    premises = Column(card="title")
    merchant = Column(accessor="premises__merchant", verbose_name=_("Merchant"), css="clip")
    type = Column(written=False)
    district = Column(accessor="premises__region", verbose_name=_("District"), written=False)
    kept = Column(accessor="agency", verbose_name=_("Kept by"), written=False, card="hide")
    published = DateColumn(accessor="published_on", verbose_name=_("Published"))
    last = DateColumn(accessor="valid_to", verbose_name=_("Last day"))
    state = StateColumn(verbose_name=_("State"), tones=UNIT_TONES, card="aside")

    class Meta(Table.Meta):
        model = Pledge
        fields = ("premises", "merchant", "type", "district", "kept", "published", "last", "state")
        empty_text = _("No pledge matches these filters.")

    def render_merchant(self, value):
        return mask_numbers(str(value))
