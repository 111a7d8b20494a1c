"""Cases that are registered here, and the one that is split from another."""

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.clocks import RuleBook
from cases.domain.clocks import start_clock
from cases.domain.parties import ROLES, add_party
from cases.enums import Body, Kind, NationalEntry, State, Verb
from cases.models import Case
from core.bulk import next_ids
from core.exceptions import DomainError
from core.text import name_key
from registry.domain.merchants import resolve_merchants
from registry.enums import AgencyKind
from registry.models import Agency, Merchant, Region

SOURCE = "portal"  # of cases registered here
BODIES = {
    AgencyKind.BUREAU: Body.BUREAU, AgencyKind.STATION: Body.BUREAU, AgencyKind.COUNCIL: Body.COUNCIL,
    AgencyKind.COMMITTEE: Body.COMMITTEE, AgencyKind.COURT: Body.COURT, AgencyKind.PLATFORM: Body.PLATFORM,
}  # fmt: skip
# the terms that run from receipt, and from acceptance, by kind and body
FIRST_TERM = {
    (Kind.COMPLAINT, Body.BUREAU): "complaint.accept",
    (Kind.COMPLAINT, Body.COUNCIL): "council.accept",
    (Kind.REPORT, Body.BUREAU): "report.verify",
}
MEDIATION_TERM = {Body.BUREAU: "complaint.mediate", Body.COUNCIL: "council.mediate"}


def custody(agency: Agency) -> dict:
    """The columns of a case that say in whose custody it is; the ancestors repeat the agency's tree."""
    ids = agency.ancestor_ids
    return {
        "custodian": agency,
        "custodian_root_id": ids[0],
        "custodian_district_id": ids[1] if len(ids) > 1 else None,
    }


def merchant_of(name: str, *, region: Region | None, now: dt.datetime) -> Merchant | None:
    """The verified merchant of that name and place, else the one still to be verified, made where there is none."""
    name = " ".join(name.split())
    if not name:
        return None
    key = (None, name_key(name), region.pk if region else None, name)
    with connection.cursor() as cursor:
        return Merchant.objects.get(pk=resolve_merchants(cursor, {key}, now=now)[key])


@transaction.atomic
def register_case(
    *,
    actor,
    kind: str,
    received_at: dt.datetime,
    people: list[dict[str, str]],
    merchant: Merchant | None = None,
    merchant_written: str = "",
    handling: Agency | None = None,
    origin: Case | None = None,
    note: str = "",
    form: dict[str, str] | None = None,
    now: dt.datetime | None = None,
    **facts,
) -> Case:
    """Register a case that came to the actor's agency: its number, its people, its first statutory term.

    `people`: personal data of each person (name, phone, address, id_type, id_number). `handling`: the agency that is to
    handle it, of the actor's or below; None leaves it to be dispatched. `form`: by what its event is known again
    (cases.domain.intake). `facts`: further columns of Case. Bureaus alone take reports (Order 121 arts 29 to 32).
    Raises PermissionDenied or DomainError.
    """
    now = now or timezone.now()
    if not actor.has_perm("cases.register_case") or actor.agency is None:
        raise PermissionDenied
    agency = actor.agency
    if received_at > now:
        raise DomainError(_("The time of receipt lies in the future."))
    if handling is not None and not handling.path.startswith(agency.path):
        raise DomainError(_("A case is dispatched to your own agency or to one below it."))
    body = BODIES[(handling or agency).kind]
    if kind == Kind.REPORT and body != Body.BUREAU:
        raise DomainError(_("Reports are verified by bureaus. Send the caller to the local bureau."))
    if merchant is None:
        merchant = merchant_of(merchant_written, region=facts.get("region"), now=now)
    return _write(
        Case(
            kind=kind, body=body, source=SOURCE, received_at=received_at, receiving=agency, handling=handling,
            merchant=merchant, merchant_written=merchant_written or (merchant.name if merchant else ""), origin=origin,
            state=State.REGISTERED, **custody(handling or agency), **facts,
        ),
        people, actor=actor, now=now, note=note, form=form,
    )  # fmt: skip


def _write(
    case: Case, people: list[dict[str, str]], *, actor, now, note: str, first_term: str | None = None,
    form: dict[str, str] | None = None,
) -> Case:  # fmt: skip
    """Store a new case with number, people, first term and event."""
    received_on = timezone.localdate(case.received_at)
    with connection.cursor() as cursor:
        (case.pk,) = next_ids(cursor, "cases_case", 1)
    case.number = f"{received_on.year}-{case.pk:08d}"
    book = RuleBook.load()
    case.regime = book.regime_of(case.kind, case.body, received_on)
    if case.body == Body.BUREAU and case.kind != Kind.INQUIRY:
        case.national_entry = NationalEntry.TO_ENTER
    case.save(force_insert=True)
    for personal in people:
        add_party(case, role=ROLES[case.kind], personal=personal)
    term = first_term or FIRST_TERM.get((case.kind, case.body))
    if term:
        start_clock(case, term, on=received_on, actor=actor, now=now, book=book)
    case.events.create(
        verb=Verb.REGISTER, before="", after=case.state, actor=actor, at=now, note=note, data=form or {}
    )
    return case


COPIED = (
    "body", "channel", "channel_written", "region", "region_written", "receiving", "handling", "agency_written",
    "department", "merchant", "merchant_written", "merchant_address", "merchant_code_written", "platform",
    "platform_written", "category", "category_written", "problem", "problem_written", "goods", "brand", "order_number",
    "sales_mode", "occurred_on",
)  # fmt: skip


def split_case(
    case: Case, *, kind: str, people: list[dict[str, str]], received_at: dt.datetime, narrative: str, actor, now,
    first_term: str | None = None,
) -> Case:  # fmt: skip
    """The other half of a mixed submission (Order 121 art 9), or the lead found in mediation (art 27), as a case of
    its own, linked to `case`, which the caller has locked. The people of a report are sealed."""
    facts = {name: getattr(case, name) for name in COPIED}
    half = Case(
        kind=kind, source=SOURCE, received_at=received_at, origin=case, narrative=narrative, state=State.REGISTERED,
        **custody(case.custodian), **facts,
    )  # fmt: skip
    if kind == Kind.COMPLAINT:
        half.demand, half.claimed = case.demand, case.claimed
    return _write(half, people, actor=actor, now=now, note="", first_term=first_term, form={"split_from": case.number})


