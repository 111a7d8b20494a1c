"""The columns of the registers."""

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from core.tables import Column, DateColumn, NumberColumn, StateColumn, Table
from core.templatetags.portal import due_tag
from core.text import mask_numbers
from pledges.enums import BreachState, InspectionState
from pledges.models import Breach, Inspection, Pledge, Workstation, Zone
from pledges.templatetags.breaches import breach_state
from pledges.tones import INSPECTION_TONES, PLEDGE_TONES


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


def _due(day, *, runs: bool):
    """The last day of a correction, and where that still runs, how far off it is."""
    return format_html("{} {}", f"{day:%Y-%m-%d}", due_tag(day)) if runs else f"{day:%Y-%m-%d}"


class BreachTable(Table):
    """`seen`: the cases that the reader sees; of others a breach has no page."""

    seen: frozenset[int] | set[int] = frozenset()

    number = Column(accessor="case__number", verbose_name=_("Case number"), css="nowrap tnum")
    premises = Column(accessor="pledge__premises__name", verbose_name=_("Premises"), card="title", css="clip")
    merchant = Column(accessor="pledge__premises__merchant__name", verbose_name=_("Merchant"), css="clip")
    type = Column(accessor="pledge__type__label", verbose_name=_("Type of pledge"), css="nowrap", written=False)
    state = Column(css="nowrap", written=False, card="aside")
    district = Column(accessor="pledge__premises__region__label", verbose_name=_("District"), css="nowrap", written=False)
    counts = DateColumn(accessor="counts_on", verbose_name=_("Day that counts"))
    due = Column(accessor="due_on", css="nowrap", written=False)
    found = DateColumn(accessor="found_at", verbose_name=_("Found on"))

    class Meta(Table.Meta):
        model = Breach
        fields = ("number", "premises", "merchant", "type", "state", "district", "counts", "due", "found")
        empty_text = _("No breach matches these filters.")

    def render_number(self, record):
        if record.case_id not in self.seen:
            return record.case.number
        address = reverse("pledges:breach", args=[record.case.number, record.pk])
        return format_html('<a href="{}">{}</a>', address, record.case.number)

    def render_premises(self, value):
        return mask_numbers(value)

    def render_merchant(self, value):
        return mask_numbers(value)

    def render_state(self, record):
        return breach_state(record)

    def render_due(self, value, record):
        return _due(value, runs=record.state == BreachState.CORRECTING)


class InspectionTable(Table):
    planned = DateColumn(accessor="planned_on", verbose_name=_("Planned on"))
    premises = Column(card="title", css="clip")
    merchant = Column(accessor="premises__merchant__name", verbose_name=_("Merchant"), css="clip")
    district = Column(accessor="premises__region__label", verbose_name=_("District"), css="nowrap", written=False)
    type = Column(accessor="type__label", verbose_name=_("Checklist of"), css="nowrap", written=False)
    mode = Column(css="nowrap", written=False)
    state = StateColumn(tones=INSPECTION_TONES, card="aside")
    visited = DateColumn(accessor="visited_on", verbose_name=_("Visited on"))
    due = Column(accessor="correct_by", css="nowrap", written=False)

    class Meta(Table.Meta):
        model = Inspection
        fields = ("planned", "premises", "merchant", "district", "type", "mode", "state", "visited", "due")
        empty_text = _("No inspection matches these filters.")

    def render_premises(self, record):
        return _named("pledges:inspection", record.pk, record.premises.name)

    def render_merchant(self, value):
        return mask_numbers(value)

    def render_due(self, value, record):
        return _due(value, runs=record.state == InspectionState.CORRECTING)


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
