"""What consumers got back: posted, paid, corrected, and always the sum of what stands."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.casefile import amounts
from cases.domain import pay_recovery, perform, post_recovery, reverse_recovery
from cases.domain.recoveries import promises, recovered, standing
from cases.enums import LOSS_KINDS, Kind, NationalEntry, State
from cases.models import CaseEvent, Recovery
from core.exceptions import DomainError, TransitionNotAllowed
from tests.cases.domain.test_acts import NOW, in_state
from tests.factories import CaseFactory, RecoveryFactory, UserFactory

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 10)
REFUND = {"kind": "refund", "status": "paid", "means": "mediation", "evidence": "转账记录"}


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def case(world):
    return in_state(world, Kind.COMPLAINT, State.MEDIATING)


def rows() -> list:
    return list(Recovery.objects.order_by("pk").values_list("pk", "amount", "status", "reversal_of"))


def test_a_posting_keeps_what_was_recovered_by_which_means_and_what_shows_it(world, case):
    made = post_recovery(
        case, amount=Decimal("128.50"), actor=world.officer, now=NOW, posted_on=dt.date(2026, 11, 9), **REFUND
    )

    made.refresh_from_db()
    assert (made.case, made.amount, made.kind, made.status, made.means) == (
        case, Decimal("128.50"), "refund", "paid", "mediation",
    )  # fmt: skip
    assert (made.posted_on, made.evidence, made.actor, made.reversal_of) == (
        dt.date(2026, 11, 9), "转账记录", world.officer, None,
    )  # fmt: skip
    event = case.events.latest("pk")
    assert (event.verb, event.before, event.after) == ("post_recovery", "mediating", "mediating")
    assert event.data["amount"] == "128.50"
    assert "转账记录" not in str(event.data)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"amount": Decimal("-1.00")}, "above zero"),
        ({"amount": Decimal("0.00")}, "Missing: amount"),
        ({"amount": Decimal("1.005")}, "to the fen"),
        ({"posted_on": dt.date(2026, 11, 8)}, "between the receipt"),
        ({"posted_on": dt.date(2026, 11, 11)}, "between the receipt"),
        ({"kind": "unspecified"}, "Say what was recovered"),
        ({"status": "unspecified"}, "Say what was recovered"),
        ({"means": "luck"}, "Say what was recovered"),
        ({"evidence": " "}, "Missing: evidence"),
    ],
)
def test_what_cannot_be_posted_leaves_nothing(world, case, changes, message):
    given_ = {"amount": Decimal("10.00"), "actor": world.officer, "now": NOW} | REFUND | changes
    events = CaseEvent.objects.count()

    with pytest.raises(DomainError, match=message):
        post_recovery(case, **given_)

    assert rows() == []
    assert CaseEvent.objects.count() == events


def test_more_than_the_claim_needs_a_reason(world, case):
    type(case).objects.filter(pk=case.pk).update(claimed=Decimal("100.00"))
    post_recovery(case, amount=Decimal("100.00"), actor=world.officer, now=NOW, **REFUND)
    before = rows()

    with pytest.raises(DomainError, match="more than the claim of 100.00 yuan"):
        post_recovery(case, amount=Decimal("0.01"), actor=world.officer, now=NOW, **REFUND)
    assert rows() == before

    made = post_recovery(
        case, amount=Decimal("0.01"), actor=world.officer, now=NOW, reason="商家另外补偿运费", **REFUND
    )
    assert made.reason == "商家另外补偿运费"
    assert case.events.latest("pk").data["above_claim"] is True
    # damages are no part of the loss that is claimed
    post_recovery(case, amount=Decimal("300.00"), actor=world.officer, now=NOW, **REFUND | {"kind": "multiple"})
    assert recovered(case) == Decimal("100.01")


@pytest.mark.parametrize("state", [State.REGISTERED, State.REFUSED])
def test_nothing_is_posted_on_a_dispute_that_was_not_taken_up(world, state):
    case = in_state(world, Kind.COMPLAINT, state)

    with pytest.raises(TransitionNotAllowed):
        post_recovery(case, amount=Decimal("1.00"), actor=world.officer, now=NOW, **REFUND)
    assert rows() == []


def test_nothing_is_posted_on_the_case_of_another_agency_or_without_the_permission(world, case):
    foreign = CaseFactory(state=State.ACCEPTED, accepted_at=NOW, received_at=NOW)
    reader = UserFactory(agency=world.district, roles=["regulator"])

    with pytest.raises(PermissionDenied):
        post_recovery(foreign, amount=Decimal("1.00"), actor=world.officer, now=NOW, **REFUND)
    with pytest.raises(PermissionDenied):
        post_recovery(case, amount=Decimal("1.00"), actor=reader, now=NOW, **REFUND)
    assert rows() == []


def test_a_posting_is_taken_back_whole_and_once(world, case):
    made = post_recovery(case, amount=Decimal("80.00"), actor=world.officer, now=NOW, **REFUND)

    reversal = reverse_recovery(made, reason="转账被退回", actor=world.officer, now=NOW)

    assert (reversal.amount, reversal.kind, reversal.status, reversal.means, reversal.reversal_of, reversal.reason) == (
        Decimal("-80.00"), "refund", "paid", "mediation", made, "转账被退回",
    )  # fmt: skip
    assert (recovered(case), list(standing(case))) == (Decimal("0.00"), [])
    before = rows()
    other = post_recovery(case, amount=Decimal("5.00"), actor=world.officer, now=NOW, **REFUND)
    for posting, message in ((made, "taken back"), (reversal, "A reversal is not reversed")):
        with pytest.raises(DomainError, match=message):
            reverse_recovery(posting, reason="再次更正金额", actor=world.officer, now=NOW)
    assert rows() == [*before, (other.pk, Decimal("5.00"), "paid", None)]


def test_a_posting_of_another_case_is_not_taken_back_here(world, case):
    other = in_state(world, Kind.COMPLAINT, State.MEDIATING)
    strange = post_recovery(other, amount=Decimal("80.00"), actor=world.officer, now=NOW, **REFUND)
    post_recovery(case, amount=Decimal("1.00"), actor=world.officer, now=NOW, **REFUND)
    before = rows()

    with pytest.raises(DomainError, match="of this case"):
        perform(case, "reverse_recovery", actor=world.officer, now=NOW, recovery=strange, note="金额登记有误")
    assert rows() == before


def test_a_promise_gives_way_to_what_was_paid(world, case):
    promise = post_recovery(
        case, amount=Decimal("300.00"), actor=world.officer, now=NOW, **REFUND | {"status": "promised"}
    )

    paid = pay_recovery(promise, amount=Decimal("100.00"), evidence="第一期转账", actor=world.officer, now=NOW)

    assert (paid.amount, paid.status, paid.evidence) == (Decimal("100.00"), "paid", "第一期转账")
    (rest,) = promises(case)
    assert rest.amount == Decimal("200.00")
    assert recovered(case) == Decimal("300.00")
    assert amounts(case).promised == Decimal("200.00")
    with pytest.raises(DomainError, match="Promised are 200.00"):
        pay_recovery(rest, amount=Decimal("200.01"), evidence="转账", actor=world.officer, now=NOW)
    with pytest.raises(DomainError, match="posted for 2026-11-10"):
        pay_recovery(rest, paid_on=dt.date(2026, 11, 9), evidence="转账", actor=world.officer, now=NOW)

    pay_recovery(rest, evidence="第二期转账", actor=world.officer, now=NOW)

    assert list(promises(case)) == []
    assert recovered(case) == Decimal("300.00")
    with pytest.raises(TransitionNotAllowed, match="Nothing is promised"):
        pay_recovery(promise, evidence="转账", actor=world.officer, now=NOW)


def test_what_was_recovered_is_carried_over_to_the_national_platform(world, case):
    perform(case, "enter_national", actor=world.officer, now=NOW, number="3301002026111000009")

    post_recovery(case, amount=Decimal("1.00"), actor=world.officer, now=NOW, **REFUND)

    case.refresh_from_db()
    assert case.national_entry == NationalEntry.TO_UPDATE


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": Decimal("-40.00")}, {"kind": "repair"}, {"status": "promised"}, {"means": "court"},
        {"case": "other"}, {"posted_on": dt.date(2026, 11, 9)}, {"reversal_of": "reversal"},
    ],
)  # fmt: skip
def test_the_database_refuses_a_reversal_of_anything_but_one_whole_posting(changes):
    posting = RecoveryFactory(amount=Decimal("100.00"))
    whole = {"case": posting.case, "amount": Decimal("-100.00"), "reversal_of": posting, "reason": "更正"}
    if changes.get("reversal_of"):
        taken = RecoveryFactory(**whole)
        changes = {"reversal_of": taken, "amount": Decimal("100.00")}
    if changes.get("case"):
        changes = {"case": CaseFactory()}
    count = Recovery.objects.count()

    with pytest.raises(IntegrityError, match="whole posting"), transaction.atomic():
        RecoveryFactory(**whole | changes)

    assert Recovery.objects.count() == count


def test_the_database_refuses_a_posting_without_evidence_and_a_second_reversal():
    with pytest.raises(IntegrityError, match="has_evidence"), transaction.atomic():
        RecoveryFactory(evidence="")
    posting = RecoveryFactory(amount=Decimal("100.00"))
    whole = {"case": posting.case, "amount": Decimal("-100.00"), "reversal_of": posting, "reason": "更正"}
    RecoveryFactory(**whole)
    with pytest.raises(IntegrityError, match="reversal_of"), transaction.atomic():
        RecoveryFactory(**whole)


class Undone(Exception):
    """Takes an example's rows back."""


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["post", "promise", "pay", "reverse"]), st.integers(1, 50_000),
        st.sampled_from(["refund", "repair", "compensation", "multiple", "moral"]), st.integers(0, 5),
    ),
    max_size=14,
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ACTS)
def test_however_postings_and_reversals_are_mixed_the_recovered_loss_is_the_sum_of_what_stands(world, case, acts):
    try:
        with transaction.atomic():
            _do(world, case, acts)
            raise Undone
    except Undone:
        pass


def _do(world, case, acts) -> None:
    expected = dict.fromkeys(("loss", "apart"), 0)  # in fen, by our own count
    for verb, fen, kind, which in acts:
        side = "loss" if kind in LOSS_KINDS else "apart"
        amount, now = Decimal(fen) / 100, {"actor": world.officer, "now": NOW}
        chosen = list(case.recoveries.order_by("pk"))[which : which + 1]
        if verb in ("post", "promise"):
            status = "paid" if verb == "post" else "promised"
            given_ = REFUND | {"kind": kind, "status": status}
            post_recovery(case, amount=amount, reason="超出诉求金额的说明", **given_, **now)
            expected[side] += fen
        elif chosen and verb == "reverse":
            taken = chosen[0] in standing(case)
            try:
                reverse_recovery(chosen[0], reason="金额登记有误", **now)
            except DomainError:
                assert not taken
            else:
                assert taken
                expected["loss" if chosen[0].kind in LOSS_KINDS else "apart"] -= int(chosen[0].amount * 100)
        elif chosen:
            owed = chosen[0] in promises(case) and amount <= chosen[0].amount
            try:
                pay_recovery(chosen[0], amount=amount, evidence="转账", **now)
            except DomainError:
                assert not owed
            else:
                assert owed

    live = {
        "loss": sum(row.amount for row in standing(case) if row.kind in LOSS_KINDS),
        "apart": sum(row.amount for row in standing(case) if row.kind not in LOSS_KINDS),
    }
    shown = amounts(case)
    assert {name: int(100 * total) for name, total in live.items()} == expected
    assert (shown.recovered or 0, shown.apart or 0) == (live["loss"], live["apart"])
    assert recovered(case) == live["loss"]
