"""A case in the words and the order of the national 12315 record, to be copied into it field by field.

What is copied is Chinese whatever the language of the page: it goes into a Chinese form.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from cases.casefile import amounts, ground_in_words, hides_numbers, parties, personal_label, times_asked
from cases.domain.parties import PERSONAL
from cases.enums import NATIONAL_SOURCE, PartyRole, RecoveryKind, State
from cases.models import UNKNOWN_END, Case
from core.text import mask_numbers

Field = tuple[str, str]
DECISIONS = (State.REFUSED, State.NOT_FILED, State.FILED)


def copy_out(case: Case, user, *, revealed: Mapping[int, Mapping[str, str]] | None = None) -> list[Field]:
    """(label, text) of every field that has one, as the record has them one after the other. Personal data, and numbers
    inside the texts, are masked; with `revealed`, the data of parties in clear, by key, after the access has been
    logged, the texts are as the page of the case shows them to `user`. What a source said beside its known fields
    comes last, under the source's own names."""
    text = mask_numbers if revealed is None or hides_numbers(case, user) else str
    with translation.override("zh-hans"):
        values = [
            *_system(case, text),
            *_people(case, user, revealed or {}),
            *_respondent(case, text),
            *_matter(case, text),
            *_outcome(case, text),
        ]
    labels, colon = _labels(), pgettext("between label and value", ": ")
    return [
        (f"{role}{colon}{labels.get(name, name)}" if role else labels.get(name, name), found)
        for role, name, value in values
        if (found := _written(value))
    ]


def as_text(fields: list[Field]) -> str:
    """All fields at once, one a line."""
    colon = pgettext("between label and value", ": ")
    return "\n".join(f"{label}{colon}{text}" for label, text in fields)


def _labels() -> dict[str, str]:
    return {
        "number": _("Registration number"), "kind": _("Kind"), "received": _("Received"), "channel": _("Channel"),
        "receiving": _("Receiving agency"), "handling": _("Handling agency"), "department": _("Department"),
        "urged": _("Times urged"), "supervised": _("Times supervised"), "first_due": _("First check due"),
        "due": _("Handling due"), **{name: personal_label(name) for name in PERSONAL},
        "merchant": _("Merchant"), "merchant_address": _("Address of the merchant"), "industry": _("Industry"),
        "credit_code": _("Unified social credit code"), "platform": _("Platform"), "category": _("Category"),
        "goods": _("Goods or service"), "brand": _("Brand"), "sales_mode": _("Sales mode"),
        "claimed": _("Claimed (CNY)"), "order_number": _("Order number"), "problem": _("Problem"),
        "narrative": _("Narrative"), "occurred": _("Date of the dispute"), "region": _("Region"),
        "demand": _("Demand"), "decision": pgettext("acceptance or filing", "Decision"), "decided": _("Decided"),
        "state": _("State"), "outcome": _("Outcome"), "ground": _("Legal ground"), "closed": _("Closed"),
        "recovered": _("Recovered (CNY)"), "moral": _("Moral damages (CNY)"), "multiple": _("Multiple damages (CNY)"),
    }  # fmt: skip


def _system(case: Case, text) -> Iterator[tuple[str, str, Any]]:
    numbers = [reference.number for reference in case.references.all() if reference.source == NATIONAL_SOURCE]
    known = case.external_number if case.source == NATIONAL_SOURCE else None
    urged, supervised = times_asked(case)
    due = {clock.rule.code.rpartition(".")[2]: clock.due_on for clock in case.clocks.all()}
    yield "", "number", known or next(iter(numbers), "")
    yield "", "kind", case.get_kind_display()
    yield "", "received", case.received_at
    yield "", "channel", _named(case.channel, text(case.channel_written))
    yield "", "receiving", _named(case.receiving, "")
    yield "", "handling", _named(case.handling, text(case.agency_written))
    yield "", "department", text(case.department)
    yield "", "urged", urged or None
    yield "", "supervised", supervised or None
    yield "", "first_due", due.get("accept") or due.get("verify") or due.get("verify_extended")
    yield "", "due", due.get("mediate")


def _people(case: Case, user, revealed) -> Iterator[tuple[str, str, Any]]:
    for view in parties(case, user):
        clear = revealed.get(view.party.pk)
        role = PartyRole(view.party.role).label  # in the language of the page
        if clear is None:
            # the rows are labelled in the language of the moment, and in one order
            shown = dict(view.rows)
            clear = {name: shown.get(personal_label(name)) for name in PERSONAL}
        for name in PERSONAL:
            yield role, name, clear.get(name)


def _respondent(case: Case, text) -> Iterator[tuple[str, str, Any]]:
    merchant = case.merchant
    yield "", "merchant", text(merchant.name if merchant else case.merchant_written)
    yield "", "merchant_address", text(case.merchant_address or (merchant.address if merchant else ""))
    yield "", "industry", _named(merchant.industry if merchant else None, "")
    yield "", "credit_code", (merchant.credit_code if merchant else None) or text(case.merchant_code_written)
    yield "", "platform", _named(case.platform, text(case.platform_written))


def _matter(case: Case, text) -> Iterator[tuple[str, str, Any]]:
    yield "", "category", _named(case.category, text(case.category_written))
    yield "", "goods", text(case.goods)
    yield "", "brand", text(case.brand)
    yield "", "sales_mode", case.get_sales_mode_display()
    yield "", "claimed", case.claimed
    yield "", "order_number", text(case.order_number)
    yield "", "problem", _named(case.problem, text(case.problem_written))
    yield "", "narrative", text(case.narrative)
    yield "", "occurred", case.occurred_on
    yield "", "region", _named(case.region, text(case.region_written))
    yield "", "demand", text(case.demand)


def _outcome(case: Case, text) -> Iterator[tuple[str, str, Any]]:
    decision = case.get_state_display() if case.state in DECISIONS else _("Accepted") if case.accepted_at else ""
    apart = {posting.kind: Decimal(0) for posting in case.recoveries.all()}
    for posting in case.recoveries.all():
        apart[posting.kind] += posting.amount
    yield "", "decision", decision
    yield "", "decided", case.decided_at
    yield "", "state", case.get_state_display()
    yield "", "outcome", case.get_outcome_display()
    yield "", "ground", ground_in_words(case) or text(case.ground)
    yield "", "closed", case.closed_at
    yield "", "recovered", amounts(case).recovered
    yield "", "moral", apart.get(RecoveryKind.MORAL)
    yield "", "multiple", apart.get(RecoveryKind.MULTIPLE)
    for name, value in case.extra.items():
        yield "", name, text(str(value)) if value not in (None, "") else ""


def _named(resolved, written: str) -> str:
    return resolved.name if resolved is not None else written


def _written(value) -> str:
    """A value as the national form takes it; "" for none, and for a day that is not known."""
    if value is None or value == UNKNOWN_END:
        return ""
    if isinstance(value, dt.datetime):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return str(value)
