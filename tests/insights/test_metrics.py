"""Exact values on small data. The as-of day is the last of 2020 unless a test says otherwise."""

import datetime as dt
from decimal import Decimal

import pytest

from cases.domain import pay_recovery, post_recovery
from cases.enums import Body, Kind, Outcome, RecoveryKind, RecoveryStatus, State
from cases.models import UNKNOWN_END, Clock
from core.exceptions import DomainError
from insights.enums import Part, Unit
from insights.metrics import Value, metric, metrics
from insights.periods import Period
from insights.places import Map
from insights.scopes import Scope
from mediation.enums import AgreementState, ConfirmationState, DismissalGround, ReferralReturn, ReferralState
from registry.models import Category, Region
from tests.factories import (
    AgreementFactory,
    BreachFactory,
    CaseFactory,
    ClockFactory,
    ConfirmationFactory,
    ImportFileFactory,
    InstalmentFactory,
    PlatformFactory,
    RecoveryFactory,
    ReferralFactory,
    SessionFactory,
    UserFactory,
)
from tests.factories.cases import local

pytestmark = pytest.mark.django_db

YEAR = Period.of_year(2020)
LAST = dt.date(2020, 12, 31)


def scope(user=None, *, period=YEAR, as_of=LAST, **kwargs) -> Scope:
    return Scope(user, period, as_of, **kwargs)


def value(code: str, *args, **kwargs):
    return metric(code).compute(scope(*args, **kwargs)).value


def sides(code: str, *args, **kwargs) -> tuple[int, int]:
    found = metric(code).compute(scope(*args, **kwargs))
    return found.numerator, found.denominator


def rows(code: str, part: Part, *args, **kwargs) -> set:
    return set(metric(code).queryset(part, scope(*args, **kwargs)))


def day(month: int, number: int) -> dt.date:
    return dt.date(2020, month, number)


# the registry


def test_every_figure_says_what_it_is():
    for figure in metrics():
        assert str(figure.label)
        assert str(figure.definition)
        assert str(figure.basis)
        assert str(figure.source)
        assert bool(figure.numerator) == bool(figure.denominator) == (figure.unit == Unit.RATE)
        assert set(figure.rows) == (
            {Part.NUMERATOR, Part.DENOMINATOR} if figure.unit == Unit.RATE else {Part.VALUE}
        )
        assert not figure.uncounted or metric(figure.uncounted).unit == Unit.CASES


def test_the_codes_that_others_rely_on():
    assert {figure.code for figure in metrics() if not figure.code.endswith(".uncounted")} == {
        "cases.received", "cases.received.complaint", "cases.received.report", "cases.received.inquiry",
        "cases.accepted_on_time", "cases.closed_on_time", "cases.verified_on_time", "cases.resolution_rate",
        "cases.open", "cases.overdue", "mediation.success_national", "mediation.success_council", "recoveries.total",
        "recoveries.council", "recoveries.multiple_and_moral", "councils.received", "councils.inquiries",
        "councils.disputes", "councils.accepted_on_time", "channel.referred", "channel.settled", "channel.returned",
        "channel.returned.declined", "channel.returned.silence", "channel.returned.recalled",
        "channel.settlement_rate", "channel.platforms", "channel.time_saved", "channel.time_saved.pairs",
        "mediation.success_council.bureaus", "mediation.success_national.councils", "mediation.time_to_settlement",
        "mediation.time_to_settlement.councils", "mediation.sessions", "mediation.agreements", "mediation.performed",
        "confirmation.applied", "confirmation.confirmed", "confirmation.dismissed", "confirmation.late",
        "recoveries.promised", "recoveries.paid", "recoveries.unspecified", "recoveries.council.promised",
        "recoveries.council.paid", "recoveries.council.unspecified", "pledges.created", "pledges.in_force",
        "pledges.ended", "pledges.renewed", "returns.count", "returns.amount", "breaches.suspected",
        "breaches.confirmed",
    }  # fmt: skip


def test_an_unknown_code_or_part_is_refused():
    with pytest.raises(DomainError, match=r"cases\.nothing"):
        metric("cases.nothing")
    with pytest.raises(DomainError, match="numerator"):
        metric("cases.received").queryset("numerator", scope())


def test_without_cases_counts_are_nought_and_rates_unknown():
    for figure in metrics():
        expected = {
            Unit.CASES: Value(0), Unit.MONEY: Value(Decimal("0.00")), Unit.RATE: Value(None, 0, 0),
            Unit.PLATFORMS: Value(0), Unit.PAIRS: Value(0), Unit.SAVING: Value(None),
            Unit.DAYS: Value(None), Unit.UNITS: Value(0), Unit.PLEDGES: Value(0),
            Unit.RETURNS: Value(0),
        }  # fmt: skip
        assert figure.compute(scope()) == expected[figure.unit]


# received


def test_received_by_kind_and_body(city):
    for kind, n in ((Kind.COMPLAINT, 3), (Kind.REPORT, 2), (Kind.INQUIRY, 1)):
        CaseFactory.create_batch(n, kind=kind, handling=city.district, received_at=local(2020, 5, 4))
    CaseFactory(kind=Kind.INQUIRY, handling=city.branch, body=Body.COUNCIL, received_at=local(2020, 5, 4))
    CaseFactory(handling=city.branch, body=Body.COUNCIL, received_at=local(2020, 5, 4))
    CaseFactory(handling=city.district, body=Body.COURT, received_at=local(2020, 5, 4))

    assert value("cases.received") == 6
    assert value("cases.received.complaint") == 3
    assert value("cases.received.report") == 2
    assert value("cases.received.inquiry") == 1
    assert value("councils.received") == 2
    assert value("councils.inquiries") == 1


def test_a_period_goes_from_midnight_to_midnight_in_shanghai(city):
    inside = {
        CaseFactory(handling=city.district, received_at=dt.datetime(2019, 12, 31, 16, 0, 0, tzinfo=dt.UTC)),
        CaseFactory(handling=city.district, received_at=dt.datetime(2020, 12, 31, 15, 59, 59, 999999, tzinfo=dt.UTC)),
    }
    CaseFactory(handling=city.district, received_at=dt.datetime(2019, 12, 31, 15, 59, 59, tzinfo=dt.UTC))
    CaseFactory(handling=city.district, received_at=dt.datetime(2020, 12, 31, 16, 0, 0, tzinfo=dt.UTC))

    assert rows("cases.received", Part.VALUE, as_of=dt.date(2021, 6, 1)) == inside


def test_nothing_after_as_of_counts(city):
    for number in (9, 10, 11):
        CaseFactory(handling=city.district, received_at=local(2020, 5, number))

    assert value("cases.received", as_of=day(5, 10)) == 2
    assert value("cases.received", as_of=dt.date(2019, 12, 31)) == 0


# on time


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("cases.accepted_on_time", "complaint.accept"),
        ("cases.closed_on_time", "complaint.mediate"),
        ("cases.verified_on_time", "report.verify"),
        ("cases.verified_on_time", "report.verify_extended"),
        ("councils.accepted_on_time", "council.accept"),
    ],
)
def test_on_time_is_done_by_the_last_day_over_all_that_fell_due(city, code, rule):
    early, last_day, late, undone = CaseFactory.create_batch(4, handling=city.district, received_at=local(2020, 5, 1))
    before, after, provisional, other = CaseFactory.create_batch(
        4, handling=city.district, received_at=local(2020, 5, 1)
    )
    due = {"code": rule, "due_on": day(5, 12)}
    ClockFactory(case=early, stopped_on=day(5, 6), **due)
    ClockFactory(case=last_day, stopped_on=day(5, 12), **due)
    ClockFactory(case=late, stopped_on=day(5, 13), **due)
    ClockFactory(case=undone, **due)
    ClockFactory(case=before, code=rule, due_on=dt.date(2019, 12, 31))
    ClockFactory(case=after, code=rule, due_on=dt.date(2021, 1, 1))
    ClockFactory(case=provisional, provisional=True, **due)
    ClockFactory(case=other, due_on=day(5, 12), code="council.accept" if rule != "council.accept" else "report.verify")

    assert metric(code).compute(scope()) == Value(0.5, 2, 4)
    assert rows(code, Part.NUMERATOR) == {early, last_day}
    assert rows(code, Part.DENOMINATOR) == {early, last_day, late, undone}


@pytest.mark.parametrize("code", ["complaint.mediate", "report.verify", "report.verify_extended"])
def test_a_term_that_stands_still_is_due_in_no_period_and_never_overdue(city, code):
    kind = Kind.REPORT if code.startswith("report") else Kind.COMPLAINT
    state = State.REGISTERED if kind == Kind.REPORT else State.ACCEPTED
    case = CaseFactory(
        handling=city.district, received_at=local(2020, 5, 1), kind=kind, state=state, accepted_at=local(2020, 5, 2)
    )
    clock = ClockFactory(
        case=case, code=code, started_on=day(5, 2), safe_on=UNKNOWN_END, due_on=UNKNOWN_END, paused_on=day(5, 20)
    )
    figure = "cases.closed_on_time" if kind == Kind.COMPLAINT else "cases.verified_on_time"

    assert sides(figure) == (0, 0)
    assert value(f"{figure}.uncounted") == 0  # it has a term
    assert value("cases.overdue") == 0

    Clock.objects.filter(pk=clock.pk).update(paused_on=None, safe_on=day(8, 1), due_on=day(8, 3))
    assert sides(figure) == (0, 1)
    assert value("cases.overdue") == 1


def test_a_lead_is_overdue_but_in_no_rate(city):
    case = CaseFactory(handling=city.district, received_at=local(2020, 5, 1), kind=Kind.REPORT)
    ClockFactory(case=case, code="lead.verify", due_on=day(5, 25))
    assert value("cases.overdue") == 1
    assert sides("cases.verified_on_time") == (0, 0)
    assert value("cases.verified_on_time.uncounted") == 0


def test_what_falls_due_after_as_of_is_not_judged_yet(city):
    case = CaseFactory(handling=city.district, received_at=local(2020, 5, 1))
    ClockFactory(case=case, due_on=day(5, 12), stopped_on=day(5, 6))

    assert sides("cases.accepted_on_time", as_of=day(5, 11)) == (0, 0)
    assert sides("cases.accepted_on_time", as_of=day(5, 12)) == (1, 1)


def test_complaints_without_a_term_are_counted_apart(city):
    told, untold, provisional = CaseFactory.create_batch(3, handling=city.district, received_at=local(2020, 5, 1))
    ClockFactory(case=told, due_on=day(5, 12))
    ClockFactory(case=provisional, due_on=day(5, 12), provisional=True)
    CaseFactory(handling=city.district, received_at=local(2020, 5, 1), kind=Kind.REPORT)
    CaseFactory(handling=city.branch, body=Body.COUNCIL, received_at=local(2020, 5, 1))
    CaseFactory(handling=city.district, received_at=local(2019, 5, 1))

    assert rows("cases.accepted_on_time.uncounted", Part.VALUE) == {untold, provisional}
    assert value("cases.verified_on_time.uncounted") == 1
    assert value("councils.accepted_on_time.uncounted") == 1


def test_only_accepted_complaints_want_a_term_of_mediation(city):
    accepted = CaseFactory(accepted=True, handling=city.district, received_at=local(2020, 5, 1))
    closed = CaseFactory(closed=True, handling=city.district, received_at=local(2020, 5, 1))
    mediated = CaseFactory(closed=True, handling=city.district, received_at=local(2020, 5, 1))
    ClockFactory(case=mediated, code="complaint.mediate", due_on=day(7, 1))
    CaseFactory(handling=city.district, received_at=local(2020, 5, 1))
    CaseFactory(refused=True, handling=city.district, received_at=local(2020, 5, 1))

    assert rows("cases.closed_on_time.uncounted", Part.VALUE) == {accepted, closed}


def test_a_complaint_withdrawn_before_it_was_accepted_wants_nothing(city):
    of_may = {"handling": city.district, "received_at": local(2020, 5, 1)}
    mediating = CaseFactory(accepted=True, state=State.MEDIATING, **of_may)
    ended = {"state": State.ENDED, "ended_at": local(2020, 5, 9)}
    undated = CaseFactory(outcome=Outcome.FAILED, **ended, **of_may)
    withdrawn = CaseFactory(outcome=Outcome.WITHDRAWN, **ended, **of_may)
    late = CaseFactory(accepted=True, outcome=Outcome.WITHDRAWN, **ended, **of_may)

    assert withdrawn.accepted_at is None
    assert rows("cases.closed_on_time.uncounted", Part.VALUE) == {mediating, undated, late}
    assert rows("cases.resolution_rate.uncounted", Part.VALUE) == {undated}


# outcomes


def ended(city, outcome: Outcome, **kwargs):
    kwargs = {"handling": city.district, "received_at": local(2020, 5, 1)} | kwargs
    return CaseFactory(closed=True, outcome=outcome, **kwargs)


def test_resolution_and_success_are_over_the_complaints_accepted_in_the_period(city):
    agreed, settled = ended(city, Outcome.AGREEMENT), ended(city, Outcome.SETTLED)
    failed, withdrawn = ended(city, Outcome.FAILED), ended(city, Outcome.WITHDRAWN)
    running = CaseFactory(accepted=True, handling=city.district, received_at=local(2020, 5, 1))
    ended(city, Outcome.AGREEMENT, received_at=local(2019, 12, 29))  # accepted on the 31st
    ended(city, Outcome.AGREEMENT, handling=city.branch, body=Body.COUNCIL)
    CaseFactory(refused=True, handling=city.district, received_at=local(2020, 5, 1))

    assert metric("cases.resolution_rate").compute(scope()) == Value(0.4, 2, 5)
    assert metric("mediation.success_national").compute(scope()) == Value(0.2, 1, 5)
    assert rows("cases.resolution_rate", Part.NUMERATOR) == {agreed, settled}
    assert rows("mediation.success_national", Part.NUMERATOR) == {agreed}
    assert rows("mediation.success_national", Part.DENOMINATOR) == {agreed, settled, failed, withdrawn, running}


def test_an_outcome_counts_from_the_day_of_closing(city):
    ended(city, Outcome.AGREEMENT, received_at=local(2020, 5, 1))  # closed on the 21st

    assert sides("cases.resolution_rate", as_of=day(5, 20)) == (0, 1)
    assert sides("cases.resolution_rate", as_of=day(5, 21)) == (1, 1)


def test_an_outcome_after_the_period_counts_for_the_complaints_of_the_period(city):
    ended(city, Outcome.AGREEMENT, received_at=local(2020, 12, 12))  # closed on 1 January

    assert sides("cases.resolution_rate", as_of=LAST) == (0, 1)
    assert sides("cases.resolution_rate", as_of=dt.date(2021, 1, 1)) == (1, 1)


def test_an_outcome_without_a_day_counts_at_once(city):
    ended(city, Outcome.AGREEMENT, closed_at=None, import_file=ImportFileFactory())

    assert sides("cases.resolution_rate", as_of=day(5, 20)) == (1, 1)


def test_complaints_without_a_day_of_acceptance_are_counted_apart(city):
    file = ImportFileFactory()
    undated = ended(city, Outcome.AGREEMENT, decided_at=None, accepted_at=None, import_file=file)
    ended(city, Outcome.AGREEMENT)
    CaseFactory(refused=True, handling=city.district, received_at=local(2020, 5, 1))

    assert sides("cases.resolution_rate") == (1, 1)
    assert rows("cases.resolution_rate.uncounted", Part.VALUE) == {undated}
    assert rows("mediation.success_national.uncounted", Part.VALUE) == {undated}


def test_success_of_councils_is_over_agreements_and_failures_closed_in_the_period(city):
    here = {"handling": city.branch, "body": Body.COUNCIL}
    agreed = ended(city, Outcome.AGREEMENT, **here)
    failed = ended(city, Outcome.FAILED, **here)
    for outcome in (Outcome.SETTLED, Outcome.WITHDRAWN, Outcome.OTHER):
        ended(city, outcome, **here)
    ended(city, Outcome.FAILED)
    ended(city, Outcome.AGREEMENT, received_at=local(2020, 12, 12), **here)  # closed on 1 January

    assert metric("mediation.success_council").compute(scope()) == Value(0.5, 1, 2)
    assert rows("mediation.success_council", Part.DENOMINATOR) == {agreed, failed}
    assert value("councils.disputes") == 6


def test_both_definitions_of_success_for_both_bodies(city):
    for where, body in ((city.district, Body.BUREAU), (city.branch, Body.COUNCIL)):
        for outcome in (Outcome.AGREEMENT, Outcome.AGREEMENT, Outcome.FAILED, Outcome.SETTLED, Outcome.WITHDRAWN):
            ended(city, outcome, handling=where, body=body)
        CaseFactory(accepted=True, handling=where, body=body, received_at=local(2020, 5, 1))
    ended(city, Outcome.AGREEMENT, received_at=local(2020, 12, 12))  # accepted in the period, closed after it
    ended(city, Outcome.FAILED, received_at=local(2019, 12, 29), handling=city.branch, body=Body.COUNCIL)  # likewise

    assert sides("mediation.success_council.bureaus") == (2, 3)
    assert sides("mediation.success_council") == (2, 4)
    assert sides("mediation.success_national") == (2, 7)
    assert sides("mediation.success_national.councils") == (2, 6)


def test_without_dates_the_other_definition_counts_apart(city):
    file = ImportFileFactory()
    without = {"decided_at": None, "accepted_at": None, "closed_at": None, "import_file": file}
    here = ended(city, Outcome.AGREEMENT, **without)
    there = ended(city, Outcome.FAILED, handling=city.branch, body=Body.COUNCIL, **without)

    assert rows("mediation.success_council.bureaus.uncounted", Part.VALUE) == {here}
    assert rows("mediation.success_national.councils.uncounted", Part.VALUE) == {there}


# on a day


def test_open_is_what_was_received_and_not_closed_on_the_day(city):
    running = CaseFactory(accepted=True, handling=city.district, received_at=local(2019, 3, 1))
    closed_later = CaseFactory(closed=True, handling=city.district, received_at=local(2020, 12, 12))
    CaseFactory(closed=True, handling=city.district, received_at=local(2020, 12, 11))  # closed on the 31st
    CaseFactory(handling=city.district, received_at=local(2021, 1, 1))
    CaseFactory(handling=city.branch, body=Body.COUNCIL, received_at=local(2020, 5, 1))

    assert rows("cases.open", Part.VALUE, as_of=dt.date(2021, 6, 1)) == {running, closed_later}


def test_overdue_is_a_term_that_had_passed_and_was_still_running(city):
    running, kept, late_then, done_since, two = CaseFactory.create_batch(
        5, handling=city.district, received_at=local(2020, 5, 1)
    )
    ClockFactory(case=running, due_on=day(12, 30))
    ClockFactory(case=kept, due_on=day(12, 30), stopped_on=day(12, 30))
    ClockFactory(case=late_then, due_on=day(12, 29), stopped_on=day(12, 31))
    ClockFactory(case=done_since, code="report.verify", due_on=day(12, 29), stopped_on=dt.date(2021, 1, 1))
    ClockFactory(case=two, due_on=day(5, 12))
    ClockFactory(case=two, code="complaint.mediate", due_on=day(5, 12))
    ClockFactory(case=CaseFactory(handling=city.district), due_on=LAST)  # still has the day itself
    ClockFactory(case=CaseFactory(handling=city.branch, body=Body.COUNCIL), code="council.accept", due_on=day(5, 12))

    assert rows("cases.overdue", Part.VALUE, as_of=dt.date(2021, 6, 1)) == {running, done_since, two}
    assert value("cases.overdue", as_of=dt.date(2021, 6, 1)) == 3


# money


def test_recovered_loss_is_the_ledger_of_the_period(city):
    case = CaseFactory(handling=city.district)
    council = CaseFactory(handling=city.branch, body=Body.COUNCIL)
    first = RecoveryFactory(case=case, posted_on=day(1, 1), amount=Decimal("100.10"))
    last = RecoveryFactory(case=case, posted_on=LAST, amount=Decimal("50.05"), kind=RecoveryKind.COMPENSATION)
    back = RecoveryFactory(case=case, posted_on=LAST, amount=Decimal("-100.10"), reversal_of=first)
    RecoveryFactory(case=case, posted_on=dt.date(2019, 12, 31))
    RecoveryFactory(case=case, posted_on=dt.date(2021, 1, 1))
    RecoveryFactory(case=case, posted_on=day(5, 5), amount=Decimal("300"), kind=RecoveryKind.MULTIPLE)
    RecoveryFactory(case=case, posted_on=day(5, 5), amount=Decimal("7.50"), kind=RecoveryKind.MORAL)
    RecoveryFactory(case=council, posted_on=day(5, 5), amount=Decimal("20.00"))

    assert value("recoveries.total", as_of=dt.date(2021, 6, 1)) == Decimal("50.05")
    assert rows("recoveries.total", Part.VALUE, as_of=dt.date(2021, 6, 1)) == {first, last, back}
    assert value("recoveries.multiple_and_moral") == Decimal("307.50")
    assert value("recoveries.council") == Decimal("20.00")


def test_what_is_promised_becomes_paid_on_the_day_of_payment(city):
    """As the act of payment posts it: the promise is reversed, what was paid and what is still owed are posted."""
    case = CaseFactory(handling=city.district, received_at=local(2020, 5, 1), accepted=True, claimed=Decimal(500))
    officer = UserFactory(roles=["officer"], agency=city.district)
    promise = post_recovery(
        case, amount=Decimal("100.00"), kind="refund", status="promised", means="mediation", evidence="协议",
        posted_on=day(5, 20), actor=officer, now=local(2020, 5, 20),
    )  # fmt: skip
    pay_recovery(
        promise, amount=Decimal("60.00"), paid_on=day(6, 1), evidence="转账", actor=officer, now=local(2020, 6, 2)
    )
    RecoveryFactory(case=case, posted_on=day(6, 1), amount=Decimal("5.00"), status=RecoveryStatus.UNSPECIFIED)
    RecoveryFactory(case=case, posted_on=day(6, 1), kind=RecoveryKind.MORAL, status=RecoveryStatus.PAID)

    def known_of(first, last):
        period = Period(first, last)
        return [value(f"recoveries.{name}", period=period) for name in ("promised", "paid", "unspecified", "total")]

    assert known_of(day(5, 1), day(5, 31)) == [Decimal("100.00"), 0, 0, Decimal("100.00")]
    assert known_of(day(6, 1), day(6, 1)) == [Decimal("-60.00"), Decimal("60.00"), Decimal("5.00"), Decimal("5.00")]
    assert known_of(day(1, 1), LAST) == [Decimal("40.00"), Decimal("60.00"), Decimal("5.00"), Decimal("105.00")]


def test_what_councils_were_promised_has_codes_of_its_own(city):
    council = CaseFactory(handling=city.branch, body=Body.COUNCIL)
    for status, amount in ((RecoveryStatus.PROMISED, 3), (RecoveryStatus.PAID, 20), (RecoveryStatus.UNSPECIFIED, 100)):
        RecoveryFactory(case=council, posted_on=day(5, 5), amount=Decimal(amount), status=status)

    assert [value(f"recoveries.council.{status}") for status in RecoveryStatus.values] == [3, 20, 100]
    assert [value(f"recoveries.{status}") for status in RecoveryStatus.values] == [0, 0, 0]


# mediation


def test_time_to_settlement_is_the_median_from_acceptance_to_the_end_of_mediation(city):
    def took(days, outcome=Outcome.SETTLED, **kwargs):
        """Accepted on 2 May."""
        over = local(2020, 5, 2) + dt.timedelta(days=days)
        kwargs = {"closed_at": over + dt.timedelta(days=90), "ended_at": over} | kwargs
        return ended(city, outcome, decided_at=local(2020, 5, 2), accepted_at=local(2020, 5, 2), **kwargs)

    told = {took(2), took(3, Outcome.AGREEMENT), took(10), took(30)}
    told.add(took(0, ended_at=None, closed_at=local(2020, 5, 7)))  # five days: a source that gives the closing alone
    told.add(took(9, state=State.ENDED, closed_at=None))
    took(1, Outcome.FAILED)
    took(1, Outcome.WITHDRAWN)
    took(244)  # over on 1 January
    took(7, handling=city.branch, body=Body.COUNCIL)
    undated = ended(city, Outcome.SETTLED, decided_at=None, accepted_at=None, import_file=ImportFileFactory())

    assert rows("mediation.time_to_settlement", Part.VALUE) == told
    assert metric("mediation.time_to_settlement").compute(scope()) == Value(5)  # of 2, 3, 5, 9, 10, 30
    assert value("mediation.time_to_settlement", as_of=day(5, 5)) == 2
    assert value("mediation.time_to_settlement", as_of=day(5, 3)) is None
    assert value("mediation.time_to_settlement.councils") == 7
    assert rows("mediation.time_to_settlement.uncounted", Part.VALUE) == {undated}
    assert value("mediation.time_to_settlement.councils.uncounted") == 0


def test_cases_with_a_session_that_was_held_in_the_period(city):
    of_may = {"handling": city.district, "received_at": local(2020, 5, 1), "accepted": True}
    twice, last, later, waiting, cancelled = CaseFactory.create_batch(5, **of_may)
    council = CaseFactory(**of_may | {"handling": city.branch, "body": Body.COUNCIL})
    SessionFactory(case=twice, starts=local(2020, 5, 9), held=True)
    SessionFactory(case=twice, starts=local(2020, 5, 19), held=True)
    SessionFactory(case=last, starts=local(2020, 12, 31, 23), held=True)
    SessionFactory(case=later, starts=local(2021, 1, 1, 0), held=True)
    SessionFactory(case=waiting, starts=local(2020, 5, 9))
    SessionFactory(case=cancelled, starts=local(2020, 5, 9), cancelled=True)
    SessionFactory(case=council, starts=local(2020, 5, 9), held=True)

    assert rows("mediation.sessions", Part.VALUE) == {twice, last, council}


def agreed(city, on: dt.date, **kwargs):
    case = {"case": ended(city, Outcome.AGREEMENT)} if "case" not in kwargs else {}
    return AgreementFactory(in_force=True, reached_on=on, **case, **kwargs)


def test_agreements_count_from_the_day_on_which_they_came_into_force(city):
    first, last = agreed(city, day(1, 1)), agreed(city, LAST)
    agreed(city, dt.date(2019, 12, 31))
    agreed(city, dt.date(2021, 1, 1))
    AgreementFactory(case=ended(city, Outcome.AGREEMENT), reached_on=day(5, 5))  # not signed
    annulled = agreed(city, day(5, 5), state=AgreementState.ANNULLED, annulled_at=local(2020, 6, 1))
    council = agreed(city, day(5, 5), case=ended(city, Outcome.AGREEMENT, handling=city.branch, body=Body.COUNCIL))
    agreed(city, day(5, 5), case=ended(city, Outcome.AGREEMENT, body=Body.COMMITTEE))

    assert rows("mediation.agreements", Part.VALUE) == {first.case, last.case, council.case}
    assert rows("mediation.agreements", Part.VALUE, as_of=day(5, 31)) == {first.case, annulled.case, council.case}


def test_performed_in_time_is_by_the_last_instalment(city):
    def owed(*due, performed=None):
        state = {"state": AgreementState.PERFORMED, "performed_on": performed} if performed else {}
        agreement = agreed(city, day(5, 5), **state)
        for on in due:
            InstalmentFactory(agreement=agreement, due_on=on)
        return agreement.case

    in_time, late = owed(day(6, 1), day(7, 1), performed=day(7, 1)), owed(day(7, 1), performed=day(7, 2))
    undone = owed(day(7, 1))
    owed(day(7, 1), dt.date(2021, 1, 1), performed=day(6, 1))
    owed(performed=day(6, 1))

    assert metric("mediation.performed").compute(scope()) == Value(1 / 3, 1, 3)
    assert rows("mediation.performed", Part.NUMERATOR) == {in_time}
    assert rows("mediation.performed", Part.DENOMINATOR) == {in_time, late, undone}
    assert sides("mediation.performed", as_of=day(6, 30)) == (0, 0)


def confirmed(agreement, state, applied=None, ruled=None):
    """What a court was asked, and said; its term ends on 10 June."""
    with_court = {"number": "（2020）浙0102民特1号", "accepted_on": applied} if state in (
        ConfirmationState.ACCEPTED, ConfirmationState.CONFIRMED,
    ) else {}  # fmt: skip
    if state == ConfirmationState.DISMISSED:
        with_court["ground"] = DismissalGround.UNCLEAR
    return ConfirmationFactory(
        agreement=agreement, state=state, safe_on=day(6, 10), due_on=day(6, 10), applied_on=applied, ruled_on=ruled,
        article=194 if applied else None, in_time=applied <= day(6, 10) if applied else None, **with_court,
    )  # fmt: skip


def test_confirmations_count_by_the_day_of_the_application_and_of_the_ruling(city):
    def case(state, *days):
        agreement = agreed(city, day(5, 12))
        confirmed(agreement, state, *days)
        return agreement.case

    prepared = case(ConfirmationState.PREPARED)
    last_day = case(ConfirmationState.APPLIED, day(6, 10))
    late = case(ConfirmationState.ACCEPTED, day(6, 11))
    withdrawn = case(ConfirmationState.WITHDRAWN, day(6, 1))
    good = case(ConfirmationState.CONFIRMED, day(6, 1), LAST)
    next_year = case(ConfirmationState.CONFIRMED, day(6, 1), dt.date(2021, 1, 1))
    dismissed = case(ConfirmationState.DISMISSED, day(6, 1), day(6, 20))
    council = agreed(city, day(5, 12), case=ended(city, Outcome.AGREEMENT, handling=city.branch, body=Body.COUNCIL))
    confirmed(council, ConfirmationState.DISMISSED, day(6, 1), day(6, 20))
    confirmed(council, ConfirmationState.CONFIRMED, day(6, 30), day(7, 10))

    assert prepared not in rows("confirmation.applied", Part.VALUE)
    assert rows("confirmation.applied", Part.VALUE) == {
        last_day, late, withdrawn, good, next_year, dismissed, council.case,
    }  # fmt: skip
    assert rows("confirmation.late", Part.VALUE) == {late, council.case}
    assert rows("confirmation.confirmed", Part.VALUE) == {good, council.case}
    assert rows("confirmation.dismissed", Part.VALUE) == {dismissed, council.case}
    assert value("confirmation.confirmed", as_of=day(7, 9)) == 0
    assert value("confirmation.applied", as_of=day(5, 31)) == 0


# the green channel; the time saved has its own tests (test_matching)


def test_referred_is_every_complaint_of_bureaus_that_went_to_a_platform_in_the_period(city):
    of_may = {"handling": city.district, "received_at": local(2020, 5, 1)}
    once, twice = CaseFactory.create_batch(2, **of_may)
    referred(once, day(1, 1))
    referred(twice, day(5, 2), state=ReferralState.RETURNED, returned_because=ReferralReturn.DECLINED)
    referred(twice, LAST)
    referred(CaseFactory(**of_may), dt.date(2019, 12, 31))
    referred(CaseFactory(**of_may), dt.date(2021, 1, 1))
    referred(CaseFactory(handling=city.branch, body=Body.COUNCIL, received_at=local(2020, 5, 1)), day(5, 2))
    CaseFactory(**of_may)

    assert rows("channel.referred", Part.VALUE, as_of=dt.date(2021, 6, 1)) == {once, twice}
    assert value("channel.referred", as_of=day(12, 30)) == 2
    assert value("channel.referred", as_of=day(5, 1)) == 1


def test_settled_and_returned_are_counted_by_the_day_on_which_the_referral_ended(city):
    of_may = {"handling": city.district, "received_at": local(2020, 5, 1)}
    settled, both, declined, silent, recalled, waiting, later = CaseFactory.create_batch(7, **of_may)
    back = {"state": ReferralState.RETURNED}
    referred(settled, day(5, 2), ended=LAST, state=ReferralState.SETTLED)
    referred(both, day(5, 2), returned_because=ReferralReturn.DECLINED, **back)
    referred(both, day(5, 6), state=ReferralState.SETTLED)
    referred(declined, dt.date(2019, 12, 30), day(1, 1), returned_because=ReferralReturn.DECLINED, **back)
    referred(silent, day(5, 2), returned_because=ReferralReturn.SILENCE, **back)
    referred(recalled, day(5, 2), returned_because=ReferralReturn.RECALLED, **back)
    referred(waiting, day(5, 2))
    referred(later, day(5, 2), dt.date(2021, 1, 1), state=ReferralState.SETTLED)

    assert rows("channel.settled", Part.VALUE) == {settled, both}
    assert rows("channel.returned", Part.VALUE) == {both, declined, silent, recalled}
    assert rows("channel.returned.declined", Part.VALUE) == {both, declined}
    assert rows("channel.returned.silence", Part.VALUE) == {silent}
    assert rows("channel.returned.recalled", Part.VALUE) == {recalled}
    assert metric("channel.settlement_rate").compute(scope()) == Value(0.4, 2, 5)
    assert rows("channel.settlement_rate", Part.DENOMINATOR) == {settled, both, declined, silent, recalled}
    assert sides("channel.settlement_rate", as_of=day(12, 30)) == (1, 4)


@pytest.mark.usefixtures("in_english")
def test_a_term_that_ran_out_after_a_reply_is_not_said_to_be_unanswered(city):
    case = CaseFactory(handling=city.district, received_at=local(2020, 5, 1))
    ran_out = {"state": ReferralState.RETURNED, "returned_because": ReferralReturn.SILENCE}
    referred(case, day(5, 2), reply="已联系消费者", replied_at=local(2020, 5, 3), **ran_out)
    figure = metric("channel.returned.silence")

    assert value(figure.code) == 1
    assert str(figure.label) == "Term of the platform over without a settlement"
    assert str(figure.definition).endswith("whether or not it had replied.")
    assert "answered" not in f"{metric('channel.returned').definition}"


def test_platforms_are_those_that_were_sent_something_in_the_period(city):
    of_may = {"handling": city.district, "received_at": local(2020, 5, 1)}
    some, other, idle = PlatformFactory.create_batch(3)
    for case in CaseFactory.create_batch(2, **of_may):
        referred(case, day(5, 2), platform=some)
    referred(CaseFactory(**of_may), dt.date(2021, 1, 1), platform=other)
    referred(CaseFactory(handling=city.branch, body=Body.COUNCIL), day(5, 2), platform=idle)

    assert rows("channel.platforms", Part.VALUE) == {some}
    assert metric("channel.platforms").compute(scope()) == Value(1)


def test_a_platform_narrows_the_figures_of_the_channel(city):
    of_may = {"handling": city.district, "received_at": local(2020, 5, 1)}
    first, second = CaseFactory.create_batch(2, **of_may)
    some, other = PlatformFactory.create_batch(2)
    referred(first, platform=some, state=ReferralState.SETTLED)
    referred(second, platform=other, state=ReferralState.RETURNED, returned_because=ReferralReturn.SILENCE)

    assert rows("channel.referred", Part.VALUE, platform=some) == {first}
    assert sides("channel.settlement_rate", platform=some) == (1, 1)
    assert sides("channel.settlement_rate", platform=other) == (0, 1)
    assert rows("channel.platforms", Part.VALUE, platform=other) == {other}


def test_the_time_saved_is_in_days_beside_its_share(city):
    of_may = {"closed": True, "handling": city.district, "received_at": local(2020, 5, 1)}
    category = Category.objects.order_by("pk")[0]
    for _ in range(30):
        case = CaseFactory(**of_may | {"closed_at": local(2020, 5, 16)}, category=category)
        referred(case, day(5, 2), day(5, 16), state=ReferralState.SETTLED)
        CaseFactory(**of_may, category=category)
    without = CaseFactory(**of_may)
    referred(without, day(5, 2), state=ReferralState.SETTLED)

    assert metric("channel.time_saved").compute(scope()) == Value(0.25, 5, 20)
    assert metric("channel.time_saved.pairs").compute(scope()) == Value(30)
    assert rows("channel.time_saved.uncounted", Part.VALUE) == {without}
    assert len(rows("channel.time_saved", Part.VALUE)) == 30


# whose, and where

# of bureaus and councils
BOTH = ("confirmation.", "mediation.sessions", "mediation.agreements", "mediation.performed", "breaches.")


def filled(city, handling, **kwargs):
    """One case that stands in every part of every figure of bureaus, and one in those of councils."""
    body = Body.COUNCIL if handling in (city.council, city.branch) else Body.BUREAU
    case = ended(city, Outcome.AGREEMENT, handling=handling, body=body, **kwargs)
    overdue = CaseFactory(handling=handling, body=body, received_at=local(2020, 5, 1), **kwargs)
    terms = ("council.accept",) if body == Body.COUNCIL else ("complaint.accept", "complaint.mediate", "report.verify")
    for rule in terms:
        ClockFactory(case=case, code=rule, due_on=day(6, 1), stopped_on=day(5, 25))
        ClockFactory(case=overdue, code=rule, due_on=day(6, 1))
    undated = {"handling": handling, "body": body, "received_at": local(2020, 5, 1), **kwargs}
    for kind in Kind.values:
        CaseFactory(kind=kind, **undated)
    CaseFactory(
        closed=True, outcome=Outcome.FAILED, decided_at=None, accepted_at=None, closed_at=None,
        import_file=ImportFileFactory(), **undated,
    )  # fmt: skip
    RecoveryFactory(case=case, posted_on=day(6, 1))
    RecoveryFactory(case=case, posted_on=day(6, 1), kind=RecoveryKind.MORAL)
    for status in (RecoveryStatus.PROMISED, RecoveryStatus.UNSPECIFIED):
        RecoveryFactory(case=case, posted_on=day(6, 1), status=status)
    CaseFactory(
        closed=True, outcome=Outcome.SETTLED, decided_at=None, accepted_at=None, import_file=ImportFileFactory(),
        **undated,
    )
    ended(city, Outcome.FAILED, handling=handling, body=body, **kwargs)
    filled_mediation(case)
    BreachFactory(case=case, confirmed=True, decided_at=local(2020, 7, 1))
    if body == Body.BUREAU:
        filled_channel(**undated)


def filled_mediation(case):
    """What was mediated, agreed on and confirmed, each in time and too late."""
    SessionFactory(case=case, starts=local(2020, 5, 9), held=True)
    agreement = agreed(None, day(5, 12), case=case, state=AgreementState.PERFORMED, performed_on=day(5, 20))
    InstalmentFactory(agreement=agreement, due_on=day(5, 20))
    confirmed(agreement, ConfirmationState.DISMISSED, day(6, 11), day(6, 20))
    confirmed(agreement, ConfirmationState.CONFIRMED, day(6, 30), day(7, 10))


def filled_channel(**kwargs):
    """A complaint in each figure of the green channel: settled with and without a match, come back for every reason."""
    category = Category.objects.order_by("pk")[0]
    for reason in filter(None, ReferralReturn.values):
        referred(CaseFactory(**kwargs), day(6, 5), returned_because=reason, state=ReferralState.RETURNED)
    for matching in (category, None):
        referred(CaseFactory(closed=True, category=matching, **kwargs), day(6, 5), state=ReferralState.SETTLED)
    CaseFactory(closed=True, category=category, **kwargs)


def referred(case, on=None, ended=None, **kwargs):
    """A referral sent on the day of receipt, or `on`, and ended two days later, or `ended`."""
    sent = local(*on.timetuple()[:3]) if on else case.received_at
    over = local(*ended.timetuple()[:3]) if ended else sent + dt.timedelta(days=2)
    waiting = kwargs.get("state", ReferralState.WAITING) == ReferralState.WAITING
    return ReferralFactory(case=case, referred_at=sent, ended_at=None if waiting else over, **kwargs)


def test_every_part_of_every_figure_keeps_to_what_the_reader_sees(city):
    bureaus, councils = {city.district, city.station, city.neighbour}, {city.council, city.branch}
    for agency in bureaus | councils:
        filled(city, agency)

    for figure in metrics():
        if figure.code.startswith(("pledges.", "returns.")):  # of premises, in test_pledged
            continue
        of_council = "council" in figure.code and not figure.code.startswith("mediation.success_council.bureaus")
        reader, seen_by = (city.mediator, {city.branch}) if of_council else (city.officer, {city.district, city.station})
        of_both = figure.code.startswith(BOTH)
        for part in figure.rows:
            everything, seen = (set(figure.queryset(part, scope(user))) for user in (None, reader))

            assert not figure.queryset(part, scope(city.auditor)).exists(), figure.code
            if figure.unit == Unit.PLATFORMS:
                assert len(everything) > len(seen) > 0
                continue

            def handled_by(row, of_postings=figure.unit == Unit.MONEY):
                return (row.case if of_postings else row).handling

            counted = bureaus | councils if of_both else councils if of_council else bureaus
            assert {handled_by(row) for row in everything} == counted, figure.code
            assert seen == {row for row in everything if handled_by(row) in seen_by}, figure.code
        assert figure.compute(scope(city.auditor)).value in (0, None)


def test_a_case_handed_over_keeps_its_agency_in_the_figures(city):
    CaseFactory(handling=city.station, custodian=city.neighbour, received_at=local(2020, 5, 1))

    assert value("cases.received", agency=city.district) == 1
    assert value("cases.received", agency=city.neighbour) == 0
    assert value("cases.received", city.stranger) == 1
    assert value("cases.received", city.officer) == 0


def test_a_region_counts_with_all_below_it(city):
    regions = Map.load()
    for code in ("330106", "330106005", "330108", "330100"):
        region = Region.objects.filter(code=code).order_by("valid_from")[0]
        CaseFactory(handling=city.district, region=region, received_at=local(2020, 5, 1))
    CaseFactory(handling=city.district, region=None, received_at=local(2020, 5, 1))

    for token, n in (("330106", 2), ("330100", 4), ("330100:only", 1), ("330108", 1), ("unknown", 1), ("330000", 4)):
        assert value("cases.received", place=regions.place(token, YEAR)) == n, token
