"""A seeded muddle of cases in every state, with every kind of date missing and every edge of a period hit."""

import datetime as dt
import random
from decimal import Decimal

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from cases.enums import FINAL_STATES, Body, Kind, MediationMode, Outcome, RecoveryKind, RecoveryStatus, State
from cases.models import UNKNOWN_END, Case, Clock, ClockRule, Recovery
from mediation.enums import (
    AgreementForm,
    AgreementState,
    ConfirmationState,
    DismissalGround,
    ReferralReturn,
    ReferralState,
    SessionOutcome,
    SessionState,
)
from mediation.models import Agreement, Instalment, JudicialConfirmation, PlatformReferral, Session
from registry.models import Category, Channel, Region
from tests.factories import AgencyFactory, ImportFileFactory, MediatorFactory, PlatformFactory
from tests.factories.cases import ancestor, local

FIRST, DAYS = dt.date(2019, 10, 1), 500
RULES = ("complaint.accept", "complaint.mediate", "report.verify", "lead.verify", "council.accept")
EXTENDED = "report.verify_extended"
REASONS = [reason for reason in ReferralReturn.values if reason]


def muddle(agencies: dict, n: int, seed: int) -> None:
    """`agencies` maps each handling agency to its body."""
    rng = random.Random(seed)
    regions = [None, *Region.objects.filter(code__in=["330100", "330102", "330103", "330106", "330106005", "330114"])]
    categories = [None, *Category.objects.order_by("pk")[:30]]
    channels = [None, *Channel.objects.order_by("pk")[:5]]
    rules = {code: ClockRule.objects.filter(code=code).order_by("valid_from")[0] for code in (*RULES, EXTENDED)}
    file = ImportFileFactory()
    cases = [
        _case(rng, number, rng.choice(list(agencies.items())), regions, categories, channels, file)
        for number in range(n)
    ]
    Case.objects.bulk_create(cases)
    Clock.objects.bulk_create(clock for case in cases for clock in _clocks(rng, case, rules))
    Recovery.objects.bulk_create(posting for case in cases for posting in _postings(rng, case, file))
    platforms = [PlatformFactory() for _ in range(3)]
    PlatformReferral.objects.bulk_create(
        referral for case in cases if case.kind == Kind.COMPLAINT for referral in _referrals(rng, case, platforms)
    )
    _mediate(rng, [case for case in cases if case.kind == Kind.COMPLAINT])


def _time(rng, start: dt.datetime, days: int) -> dt.datetime:
    """Some time within so many days, often a second before or exactly at local midnight."""
    day = start + dt.timedelta(days=rng.randrange(days))
    edge = rng.choice(["00:00:00", "23:59:59", None, None])
    if edge:
        at = dt.datetime.combine(day.astimezone(start.tzinfo).date(), dt.time.fromisoformat(edge), start.tzinfo)
        return max(at, start)
    return day + dt.timedelta(seconds=rng.randrange(80_000))


def _ended(rng, state, received_at, closed_at):
    """Nearly always before the closing, which says nothing of it in half of the cases."""
    if state == State.ENDED or closed_at and rng.random() < 0.3:
        return _time(rng, received_at, 60)
    return closed_at if rng.random() < 0.5 else None


COMMON = [State.REGISTERED, State.ACCEPTED, State.REFUSED, State.ENDED, State.CLOSED]
STATES = {
    Kind.COMPLAINT: [*COMMON, State.MEDIATING],
    Kind.REPORT: [*COMMON, State.FILED, State.NOT_FILED],
    Kind.INQUIRY: COMMON,
}


def _case(rng, number, handled, regions, categories, channels, file) -> Case:
    agency, body = handled
    kind = rng.choice([Kind.COMPLAINT, Kind.COMPLAINT, Kind.REPORT, Kind.INQUIRY])
    received_at = _time(rng, local(FIRST.year, FIRST.month, FIRST.day, 0), DAYS)
    state = rng.choice([*STATES[kind], State.CLOSED, State.CLOSED])
    mediating = state == State.MEDIATING
    decided_at = _time(rng, received_at, 15) if mediating or rng.random() < 0.8 else None
    may_be_accepted = state in (State.ACCEPTED, State.ENDED, State.CLOSED) and rng.random() < 0.9
    accepted_at = decided_at if mediating or may_be_accepted else None
    closed_at = _time(rng, received_at, 90) if state in FINAL_STATES and rng.random() < 0.85 else None
    return Case(
        number=f"2020-{number:08d}", source="muddle", kind=kind, body=body, state=state,
        outcome=rng.choice([*Outcome.values, "agreement", "failed"]) if state in (State.CLOSED, State.ENDED) else "",
        received_at=received_at, decided_at=decided_at, accepted_at=accepted_at, closed_at=closed_at,
        ended_at=_ended(rng, state, received_at, closed_at),
        region=rng.choice(regions), category=rng.choice(categories), channel=rng.choice(channels),
        handling=agency, custodian=agency, custodian_root_id=ancestor(agency, 0),
        custodian_district_id=ancestor(agency, 1), import_file=file, import_line=number + 2,
    )  # fmt: skip


def _clocks(rng, case: Case, rules: dict):
    start = case.received_at.date()
    council = case.body == Body.COUNCIL
    for code in RULES:
        if council != (code == "council.accept") or rng.random() < 0.3:
            continue
        rule = rules[EXTENDED if code == "report.verify" and rng.random() < 0.3 else code]
        due = start + dt.timedelta(days=rng.randrange(9, 70))
        stopped = start + dt.timedelta(days=rng.randrange(1, 120)) if rng.random() < 0.8 else None
        if rng.random() < 0.2:
            stopped = due  # on the very last day
        paused = start if rng.random() < 0.1 else None
        if paused:
            due, stopped = UNKNOWN_END, None
        yield Clock(
            case=case, rule=rule, started_on=start, safe_on=due, due_on=due, stopped_on=stopped, paused_on=paused,
            provisional=paused is None and rng.random() < 0.1,
        )  # fmt: skip


def _postings(rng, case: Case, file):
    for _posting in range(rng.choice([0, 0, 1, 2])):
        yield Recovery(
            case=case, posted_on=case.received_at.date() + dt.timedelta(days=rng.randrange(90)),
            amount=Decimal(rng.randrange(-2000, 9000) or 1) / 100, kind=rng.choice(RecoveryKind.values), import_file=file,
            status=rng.choice(RecoveryStatus.values),
        )  # fmt: skip


def _referrals(rng, case: Case, platforms: list):
    """None, one, or one that came back and another; at most the last waits or is settled."""
    at, n = case.received_at, rng.choice([0, 0, 0, 1, 1, 2])
    for number in range(n):
        last = number == n - 1
        state = rng.choice(ReferralState.values) if last else ReferralState.RETURNED
        sent = _time(rng, at, 20)
        at = _time(rng, sent, 20)
        yield PlatformReferral(
            case=case, platform=rng.choice(platforms), state=state, referred_at=sent, safe_on=at.date(), due_on=at.date(),
            ended_at=None if state == ReferralState.WAITING else at,
            returned_because=rng.choice(REASONS) if state == ReferralState.RETURNED else "",
        )  # fmt: skip


def _mediate(rng, cases: list[Case]) -> None:
    """Sessions, agreements with and without instalments, and what courts made of them."""
    mediators = {agency: MediatorFactory(agency=agency) for agency in {case.handling for case in cases}}
    held = [case for case in cases for _session in range(rng.choice([0, 1, 1, 2]))]
    Session.objects.bulk_create(_session(rng, case, mediators[case.handling], n) for n, case in enumerate(held))
    agreements = Agreement.objects.bulk_create(_agreement(rng, case) for case in cases if rng.random() < 0.8)
    annulled = [_agreement(rng, case, AgreementState.ANNULLED) for case in cases if rng.random() < 0.2]
    agreements += Agreement.objects.bulk_create(annulled)
    instalments = [one for agreement in agreements for one in _instalments(rng, agreement)]
    Instalment.objects.bulk_create(instalments)
    court = AgencyFactory(court=True)
    JudicialConfirmation.objects.bulk_create(
        _confirmation(rng, agreement, court) for agreement in agreements if agreement.effective_on and rng.random() < 0.7
    )


def _session(rng, case: Case, mediator, number: int) -> Session:
    """Of a minute that no other session has."""
    day = case.received_at.astimezone(local(2020, 1, 1).tzinfo).date() + dt.timedelta(days=rng.randrange(60))
    starts = local(day.year, day.month, day.day, 0) + dt.timedelta(minutes=number)
    state = rng.choice([*SessionState.values, SessionState.HELD])
    return Session(
        case=case, agency=mediator.agency, mediator=mediator, mode=MediationMode.REMOTE, link="会议号 1234", state=state,
        period=DateTimeTZRange(starts, starts + dt.timedelta(minutes=1), "[)"),
        outcome=rng.choice(SessionOutcome.values) if state == SessionState.HELD else "",
        held_at=starts if state == SessionState.HELD else None,
        cancelled_at=starts if state == SessionState.CANCELLED else None,
    )  # fmt: skip


def _agreement(rng, case: Case, state: str = "") -> Agreement:
    state = state or rng.choice([AgreementState.DRAFT, AgreementState.IN_FORCE, AgreementState.PERFORMED])
    reached = case.received_at.date() + dt.timedelta(days=rng.randrange(60))
    effective = reached + dt.timedelta(days=rng.randrange(4))
    return Agreement(
        case=case, form=AgreementForm.BUREAU, state=state, reached_on=reached, terms="退还货款。",
        effective_on=None if state == AgreementState.DRAFT or rng.random() < 0.5 and state == AgreementState.ANNULLED
        else effective,
        performed_on=effective + dt.timedelta(days=rng.randrange(40)) if state == AgreementState.PERFORMED else None,
        annulled_at=_time(rng, case.received_at, 400) if state == AgreementState.ANNULLED else None,
    )  # fmt: skip


def _instalments(rng, agreement: Agreement):
    for _instalment in range(rng.choice([0, 1, 1, 2])):
        due_on = agreement.reached_on + dt.timedelta(days=rng.randrange(1, 60))
        if agreement.performed_on and rng.random() < 0.3:
            due_on = agreement.performed_on  # on the very last day
        yield Instalment(agreement=agreement, due_on=due_on, what="退还货款")


def _confirmation(rng, agreement: Agreement, court) -> JudicialConfirmation:
    state = rng.choice(ConfirmationState.values)
    due = agreement.effective_on + dt.timedelta(days=29)
    days = dt.timedelta(days=rng.randrange(45))
    applied = None if state == ConfirmationState.PREPARED else agreement.effective_on + days
    if state == ConfirmationState.WITHDRAWN and rng.random() < 0.5:
        applied = None
    with_court = state in (ConfirmationState.ACCEPTED, ConfirmationState.CONFIRMED)
    ruled = state in (ConfirmationState.CONFIRMED, ConfirmationState.DISMISSED)
    return JudicialConfirmation(
        agreement=agreement, court=court, state=state, safe_on=due, due_on=due, applied_on=applied,
        article=205 if applied else None, in_time=applied <= due if applied else None,
        number="（2020）浙0102民特1号" if with_court else "", accepted_on=applied if with_court else None,
        ruled_on=applied + dt.timedelta(days=rng.randrange(30)) if ruled else None,
        ground=DismissalGround.UNCLEAR if state == ConfirmationState.DISMISSED else "",
    )  # fmt: skip
