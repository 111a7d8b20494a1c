"""What whoever decides about a suspected breach reads: the pledge, the complaint, what speaks for a breach, and what the
law says. Nothing of it is about people: no party is named, and numbers in texts are masked."""

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from cases.models import Case
from core.language import in_language, listed
from core.templatetags.portal import money
from core.text import mask_numbers
from pledges.enums import Freight, PromiseField
from pledges.models import Breach, Pledge
from registry.models import Problem

EARLIER = 10
BINDS_SINCE = dt.date(2024, 7, 1)  # Decree 778
TEXTS = ("goods", "excluded", "condition", "proof", "cross_store", "statement")


class Fact(NamedTuple):
    label: str
    value: object
    written: bool = False  # by someone, in one language


@dataclass(frozen=True)
class Exhibit:
    """One side of the evidence."""

    title: str
    facts: list[Fact]


def exhibits(breach: Breach, user) -> list[Exhibit]:
    """The evidence as `user` may read it, side by side: whoever does not see the case reads no text of it."""
    sees_case = Case.objects.visible_to(user).filter(pk=breach.case_id).exists()
    return [
        Exhibit(_("What was promised"), promised(breach.pledge)),
        Exhibit(_("What the complaint says"), complained(breach.case, sees_case=sees_case)),
        Exhibit(_("Why it is suspected"), found(breach)),
        Exhibit(_("What the law says"), law(breach.counts_on)),
    ]


def promised(pledge: Pledge) -> list[Fact]:
    """The promise in full, as it was published."""
    premises, merchant = pledge.premises, pledge.premises.merchant
    facts = [
        Fact(_("Merchant"), mask_numbers(str(merchant)), written=True),
        Fact(_("Premises"), mask_numbers(premises.name), written=True),
        Fact(_("District"), premises.region),
        Fact(_("Type"), pledge.type),
        Fact(_("State now"), pledge.get_state_display()),
        Fact(_("Published on"), _day(pledge.published_on)),
        Fact(_("Last day"), _day(pledge.valid_to)),
    ]
    if pledge.ended_on:
        facts.append(Fact(_("Ended on"), _day(pledge.ended_on)))
    return facts + promise_of(pledge)


def promise_of(pledge: Pledge) -> list[Fact]:
    """What was promised, part by part."""
    facts = []
    for field in PromiseField:
        value = getattr(pledge, field.value)
        if value in (None, ""):
            continue
        if field == PromiseField.FREIGHT:
            value = Freight(value).label
        elif field == PromiseField.FUND:
            value = money(value)
        written = field.value in TEXTS
        facts.append(Fact(_sentence(field.label), mask_numbers(value) if written else value, written))
    return facts


def complained(case: Case, *, sees_case: bool) -> list[Fact]:
    """The facts of the case by its codes; what was written in it only for whoever sees the case."""
    facts = [
        Fact(_("Case number"), case.number),
        Fact(_("Received on"), _day(case.received_on)),
        Fact(_("Date of the dispute"), _day(case.occurred_on)),
        Fact(_("District"), case.region or "-"),
        Fact(_("Category"), case.category or "-"),
        Fact(_("Problem"), case.problem or "-"),
        Fact(_("State now"), case.get_state_display()),
        Fact(_("Outcome"), case.get_outcome_display() or "-"),
    ]
    if not sees_case:
        return [*facts, Fact(_("Texts"), _("Only for the agency that has the case."))]
    return [
        *facts,
        Fact(_("Amount claimed (CNY)"), money(case.claimed)),
        Fact(_("Goods or service"), mask_numbers(case.goods) or "-", written=True),
        Fact(_("Demand"), mask_numbers(case.demand) or "-", written=True),
        Fact(_("Narrative"), mask_numbers(case.narrative) or "-", written=True),
    ]


def found(breach: Breach) -> list[Fact]:
    """What the evidence says, in words; see pledges.domain.suspicion for what it holds."""
    evidence = breach.evidence
    rules = evidence.get("rules", [])
    names = _problems([rule.get("problem") for rule in rules])
    counted = _("%(day)s, of the dispute")
    if evidence.get("by") == "receipt":
        counted = _("%(day)s, of the receipt; that of the dispute is unknown")
    first, last = (_day(parse_date(day)) for day in evidence["term"]) if "term" in evidence else ("-", "-")
    premises = evidence.get("premises", {})
    facts = [
        Fact(_("Day that counts"), counted % {"day": _day(breach.counts_on)}),
        Fact(_("Term that covers it"), _("%(first)s to %(last)s") % {"first": first, "last": last}),
        *(Fact(_("Falls under the rule"), _rule(rule, names, evidence.get("text"))) for rule in rules),
        Fact(_("Premises"), _premises(premises)),
    ]
    if not breach.matches:
        facts.append(
            Fact(_("Now"), _("The case or the pledge has changed: the complaint no longer falls under the promise."))
        )
    return facts


def law(day: dt.date) -> list[Fact]:
    """What made a public promise binding on that day, in our words."""
    if day >= BINDS_SINCE:
        source = _("Regulation implementing the Consumer Rights Law, art 12")
        says = _(
            "Whoever offers goods or services with a public promise about their quantity, quality, price, after-sales "
            "service or liability, be it in advertising, a recommendation, a display, a notice or a sign in the shop, "
            "owes what was promised to the consumers who buy them."
        )
    else:
        source = _("Consumer Rights Law, art 16")
        says = _(
            "What trader and consumer have agreed is to be performed as agreed. That a public promise is owed to whoever "
            "buys is law in so many words since 1 July 2024."
        )
    return [Fact(_("Source"), source), Fact(_("Content"), says)]


def earlier(breach: Breach, user) -> list[Breach]:
    """Other breaches of the merchant that `user` sees, the newest first, ten at most."""
    others = Breach.objects.visible_to(user).filter(pledge__premises__merchant=breach.pledge.premises.merchant_id)
    newest = others.exclude(pk=breach.pk).order_by("-counts_on", "-pk")
    # of platforms there are tens of thousands: sorted without what stands beside them
    keys = list(newest.values_list("pk", flat=True)[:EARLIER])
    return sorted(Breach.objects.filter(pk__in=keys).with_facts(), key=lambda one: keys.index(one.pk))


def _problems(codes: list[str | None]) -> dict[str, Problem]:
    """The problems named by "scheme:code"."""
    wanted = {code for code in codes if code}
    rows = Problem.objects.filter(code__in={code.partition(":")[2] for code in wanted})
    return {f"{row.scheme}:{row.code}": row for row in rows}


def _rule(rule: dict, names: dict[str, Problem], text: str | None) -> str:
    parts = []
    if code := rule.get("problem"):
        parts.append(_("problem “%(name)s”") % {"name": names.get(code, code)})
    if words := rule.get("words"):
        where = _("in the demand: %(words)s") if text == "demand" else _("in the narrative: %(words)s")
        parts.append(where % {"words": listed(words)})
    return in_language("；", "; ").join(map(str, parts))


def _premises(premises: dict) -> str:
    by_region = premises.get("by") == "region"
    how = _("In the district of the case") if by_region else _("The merchant has none in the district of the case")
    if premises.get("platform"):
        how = _("%(how)s, on the platform of the case") % {"how": how}
    if premises.get("among", 1) > 1:
        how = _("%(how)s; one of %(n)d alike") % {"how": how, "n": premises["among"]}
    return how


def _sentence(label) -> str:
    text = str(label)
    return text[:1].upper() + text[1:]


def _day(day: dt.date | None) -> str:
    return date_format(day, "Y-m-d") if day else "-"
