"""Agreements: drawn up, signed, performed, annulled; what they promise and what was paid stand in the ledger."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import translation

from accounts.models import AccessLog
from cases.domain import pay_recovery, perform, reverse_recovery
from cases.domain.documents import document_context
from cases.domain.recoveries import promises, recovered, standing
from cases.domain.registration import custody
from cases.enums import Body, Outcome, State
from cases.models import Recovery
from core import vault
from core.exceptions import DomainError, TransitionNotAllowed
from core.personal_data import decrypt
from mediation.domain import (
    AGREEMENT,
    Due,
    act_on,
    act_on_agreement,
    cases_of,
    document_of,
    draw_up,
    owed_of,
    prepare,
)
from mediation.enums import AgreementState, AgreementVerb, SessionVerb
from mediation.models import Agreement, AgreementEvent, Instalment, Signature
from tests.core.test_docx_templates import text_of
from tests.factories import (
    AgencyFactory,
    AgreementFactory,
    CaseFactory,
    ConfirmationFactory,
    EntrustmentFactory,
    InstalmentFactory,
    MediatorFactory,
    PartyFactory,
    RecoveryFactory,
    RecusalFactory,
    SessionFactory,
    UserFactory,
)
from tests.factories.cases import local

pytestmark = pytest.mark.django_db

NOW = local(2026, 11, 12, 16)
TODAY = dt.date(2026, 11, 12)
REACHED = dt.date(2026, 11, 10)
TERMS = "一、经营者于2026年11月20日前退还货款300元；\n二、经营者于2026年11月30日前补发配件。"
DUES = [
    Due(dt.date(2026, 11, 30), "补发配件"),
    Due(dt.date(2026, 11, 20), "退还货款", "refund", Decimal("300.00")),
]


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def case(district):
    case = CaseFactory(
        handling=district, accepted=True, regime="order121", state=State.ENDED, outcome=Outcome.AGREEMENT,
        ended_at=local(2026, 11, 10, 11), claimed=Decimal("500.00"),
    )  # fmt: skip
    PartyFactory(case=case)
    return case


def drawn(case, clerk, **changes):
    given = {"terms": TERMS, "reached_on": REACHED, "instalments": DUES, "actor": clerk, "now": NOW}
    return draw_up(case, **given | changes)


def sign(agreement, clerk, *, on=TODAY, note="", signatures=None):
    chosen = list(agreement.signatures.all()) if signatures is None else signatures
    return act_on_agreement(
        agreement, "sign", actor=clerk, now=NOW, signatures=chosen, signed_on=on, note=note
    )


def do(agreement, verb, clerk, **data):
    return act_on_agreement(agreement, verb, actor=clerk, now=NOW, **data)


def stored():
    tables = (Agreement, Signature, Instalment, AgreementEvent, Recovery)
    return [list(model.objects.order_by("pk").values()) for model in tables]


# ---- drawing up


def test_an_agreement_is_drawn_up_for_those_who_sign_it(case, clerk):
    session = SessionFactory(case=case, held=True, starts=local(2026, 11, 10))

    agreement = drawn(case, clerk)

    assert (agreement.state, agreement.form, agreement.session, agreement.effective_on) == (
        AgreementState.DRAFT, "bureau", session, None,
    )  # fmt: skip
    assert [(one.due_on, one.what, one.kind, one.amount) for one in agreement.instalments.all()] == [
        (dt.date(2026, 11, 20), "退还货款", "refund", Decimal("300.00")), (dt.date(2026, 11, 30), "补发配件", "", None),
    ]  # fmt: skip
    assert [(one.side, one.party, one.signed_on) for one in agreement.signatures.all()] == [
        ("complainant", case.parties.get(), None), ("respondent", None, None),
    ]  # fmt: skip
    event = agreement.events.get()
    assert (event.verb, event.before, event.after, event.actor, event.at) == ("draw_up", "", "draft", clerk, NOW)
    assert recovered(case) == 0  # nothing is promised before both have signed


def test_a_council_s_agreement_is_another_document_than_a_bureau_s(clerk):
    council = AgencyFactory(council=True)
    mediator = UserFactory(agency=council, roles=["mediator"])
    case = CaseFactory(
        handling=council, body=Body.COUNCIL, accepted=True, state=State.ENDED, outcome=Outcome.AGREEMENT,
        ended_at=local(2026, 11, 10, 11),
    )  # fmt: skip

    agreement = drawn(case, mediator)

    assert agreement.form == "council"
    do(agreement, "issue", mediator)
    document = agreement.documents.get()
    assert document.form == "council_agreement"
    for words in ("履行事项及期限：", "1．2026年11月20日前（含当日）：退还货款，金额300.00元", "2．2026年11月30日前"):
        assert words in content(document)


def test_in_a_joint_complaint_the_representatives_sign(case, clerk):
    PartyFactory(case=case)
    acting = PartyFactory(case=case, representative=1)

    agreement = drawn(case, clerk)

    assert [one.party for one in agreement.signatures.filter(side="complainant")] == [acting]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"terms": "  "}, "Write down"),
        ({"reached_on": dt.date(2026, 11, 13)}, "between the acceptance"),
        ({"reached_on": dt.date(2026, 1, 1)}, "between the acceptance"),
        ({"instalments": [Due(dt.date(2026, 11, 9), "退款")]}, "“退款” is to be done"),
        ({"instalments": [Due(dt.date(2037, 11, 9), "退款")]}, "within ten years"),
    ],
)
def test_what_makes_no_sense_is_not_drawn_up(case, clerk, changes, words):
    with pytest.raises(DomainError, match=words):
        drawn(case, clerk, **changes)
    assert not Agreement.objects.exists()


@pytest.mark.parametrize(
    "facts",
    [
        {"state": State.MEDIATING, "outcome": "", "ended_at": None}, {"outcome": Outcome.FAILED},
        {"outcome": Outcome.SETTLED},
    ],
)  # fmt: skip
def test_a_case_that_did_not_come_to_an_agreement_has_none(case, clerk, facts):
    type(case).objects.filter(pk=case.pk).update(**facts)

    with pytest.raises(DomainError, match="once mediation has ended with one"):
        drawn(case, clerk)
    assert not Agreement.objects.exists()


def test_a_case_has_one_agreement_until_that_is_annulled(case, clerk):
    first = drawn(case, clerk)
    before = stored()

    with pytest.raises(DomainError, match="Annul that one first"):
        drawn(case, clerk)
    assert stored() == before
    with pytest.raises(IntegrityError, match="one_standing"), transaction.atomic():
        AgreementFactory(case=case)

    do(first, "annul", clerk, note="双方要求重新约定")
    assert drawn(case, clerk).state == AgreementState.DRAFT


def test_another_agency_draws_up_nothing_and_the_entrusted_body_does(case, clerk):
    stranger = UserFactory(agency=AgencyFactory(), roles=["mediator"])
    reader = UserFactory(agency=case.custodian, roles=["approver"])
    council = AgencyFactory(council=True)
    entrusted = UserFactory(agency=council, roles=["mediator"])
    for user in (stranger, reader, entrusted):
        with pytest.raises(PermissionDenied):
            drawn(case, user)
    assert not Agreement.objects.exists()

    EntrustmentFactory(case=case, agency=council)
    agreement = drawn(case, entrusted)

    assert list(Agreement.objects.visible_to(entrusted)) == [agreement]
    assert list(Agreement.objects.visible_to(clerk)) == [agreement]
    assert list(Agreement.objects.visible_to(stranger)) == []


@pytest.fixture
def led(case):
    """The session in which the case came to an agreement, led by the mediator of a station below; he has an account."""
    leader = UserFactory(agency=AgencyFactory(parent=case.custodian), roles=["mediator"])
    mediator = MediatorFactory(agency=leader.agency, user=leader)
    return SessionFactory(case=case, held=True, starts=local(2026, 11, 10), mediator=mediator)


def test_who_led_the_session_for_an_agency_above_draws_up_makes_out_and_revises(case, led, clerk):
    leader = led.mediator.user

    agreement = drawn(case, leader)
    do(agreement, "issue", leader)
    reworded(agreement, leader)
    do(agreement, "issue", leader)

    assert (agreement.session, agreement.terms) == (led, "退还200元")
    assert [one.is_void for one in agreement.documents.order_by("pk")] == [True, False]
    assert {one.actor for one in agreement.events.all()} == {leader}
    assert list(Agreement.objects.open_to(leader)) == [agreement]
    assert not Agreement.objects.visible_to(leader).exists()  # which is what lists have
    assert not cases_of(leader).exists()
    assert list(Agreement.objects.open_to(clerk)) == [agreement]


def test_what_follows_is_done_by_the_agency_of_the_case(case, led, clerk):
    leader, court = led.mediator.user, AgencyFactory(court=True)
    agreement = drawn(case, leader)
    before = stored()
    of_agency = "The rest is done by that agency"
    with pytest.raises(TransitionNotAllowed, match=of_agency):
        sign(agreement, leader)
    with pytest.raises(TransitionNotAllowed, match=of_agency):
        do(agreement, "annul", leader, note="双方要求重新约定")
    assert stored() == before

    sign(agreement, clerk)
    before = stored()
    refund = agreement.instalments.get(kind="refund")
    with pytest.raises(TransitionNotAllowed, match=of_agency):
        do(agreement, "perform", leader, instalment=refund, performed_on=TODAY, evidence="转账")
    with pytest.raises(TransitionNotAllowed, match=of_agency):
        do(agreement, "annul", leader, note="双方要求重新约定")
    with pytest.raises(PermissionDenied):
        prepare(agreement, court=court, actor=leader, now=NOW)
    assert stored() == before
    assert [step.verb for step in AGREEMENT.available(agreement, leader)] == ["issue"]


def test_who_led_it_draws_up_for_no_other_case_and_nobody_else_of_his_agency_does(case, led, district):
    leader = led.mediator.user
    colleague = UserFactory(agency=leader.agency, roles=["mediator"])
    MediatorFactory(agency=leader.agency, user=colleague)
    reader = UserFactory(agency=leader.agency, roles=["approver"])
    other = CaseFactory(
        handling=district, accepted=True, state=State.ENDED, outcome=Outcome.AGREEMENT, ended_at=local(2026, 11, 10, 11)
    )
    SessionFactory(case=other, held=True, starts=local(2026, 11, 10))
    SessionFactory(case=other, held=True, starts=local(2026, 11, 9), outcome="adjourned", mediator=led.mediator)
    for one, user in ((other, leader), (case, colleague), (case, reader)):
        with pytest.raises(PermissionDenied):
            drawn(one, user)
    mine = SessionFactory(case__handling=district, held=True, starts=local(2026, 11, 8), mediator=led.mediator)
    with pytest.raises(PermissionDenied):
        drawn(case, leader, session=mine)
    assert not Agreement.objects.exists()

    theirs = AgreementFactory(case=other, session=other.sessions.get(outcome="agreement"))
    without_session = AgreementFactory(case=case)
    assert not Agreement.objects.open_to(leader).exists()
    for agreement in (theirs, without_session):
        with pytest.raises(PermissionDenied):
            reworded(agreement, leader)


@pytest.mark.parametrize("what", ["another leads", "left", "case elsewhere", "later session", "no account", "no role"])
def test_who_leads_the_session_no_longer_works_on_no_agreement(case, led, clerk, what):
    leader, mediator = led.mediator.user, led.mediator
    if what == "another leads":
        type(led).objects.filter(pk=led.pk).update(mediator=MediatorFactory(agency=case.custodian))
    elif what == "left":
        RecusalFactory(
            case=case, mediator=mediator, decision="granted", decided_at=NOW, decided_by=UserFactory()
        )
    elif what == "case elsewhere":
        neighbour = AgencyFactory(parent=case.custodian.parent)
        type(case).objects.filter(pk=case.pk).update(**custody(neighbour), handling=neighbour)
    elif what == "later session":
        SessionFactory(case=case, held=True, starts=local(2026, 11, 11))
    elif what == "no account":
        type(mediator).objects.filter(pk=mediator.pk).update(user=None)
    else:
        leader.groups.clear()
        leader = type(leader).objects.get(pk=leader.pk)
    with pytest.raises(PermissionDenied):
        drawn(case, leader)
    agreement = AgreementFactory(case=case, session=led)
    before = stored()

    for verb, given in (("revise", {"terms": "改", "reached_on": REACHED}), ("issue", {})):
        with pytest.raises(PermissionDenied):
            do(agreement, verb, leader, **given)

    assert not Agreement.objects.open_to(leader).exists()
    assert stored() == before
    assert not agreement.documents.exists()


def test_a_list_asks_for_few_agreements_by_key_and_for_many_by_their_cases(case, clerk, monkeypatch):
    council = AgencyFactory(council=True)
    readers = {
        "own": clerk, "entrusted": UserFactory(agency=council, roles=["mediator"]),
        "none": UserFactory(agency=AgencyFactory(), roles=["mediator"]),
        "blind": UserFactory(agency=case.custodian, roles=["clerk"]), "all": UserFactory(is_superuser=True),
    }  # fmt: skip
    EntrustmentFactory(case=case, agency=council)
    both = AgreementFactory(case=case)
    other = AgreementFactory(case=CaseFactory(handling=case.custodian, accepted=True))
    AgreementFactory()
    seen = {name: set(Agreement.objects.visible_to(user)) for name, user in readers.items()}
    assert [len(rows) for rows in seen.values()] == [2, 1, 0, 0, 3]

    def conditions():
        lists = {name: Agreement.objects.listed_for(user) for name, user in readers.items()}
        assert {name: set(rows) for name, rows in lists.items()} == seen
        return {name: str(lists[name].query).partition("WHERE ")[2] for name in ("own", "entrusted")}

    few = conditions()
    assert f"IN ({both.pk}, {other.pk})" in few["own"]
    assert f"IN ({both.pk})" in few["entrusted"]
    assert not any("custodian" in one for one in few.values())

    monkeypatch.setattr("mediation.querysets.FEW_LISTED", 1)
    assert f'"custodian_district_id" = {case.custodian_district_id} ORDER' in conditions()["own"]

    EntrustmentFactory(case=CaseFactory(accepted=True), agency=case.custodian)
    assert f'"custodian_district_id" = {case.custodian_district_id} OR' in conditions()["own"]


def test_parts_are_together_what_is_seen(case, clerk):
    council = AgencyFactory(council=True)
    readers = (
        clerk, UserFactory(agency=council, roles=["mediator"]), UserFactory(agency=AgencyFactory(), roles=["mediator"]),
        UserFactory(agency=case.custodian, roles=["clerk"]), UserFactory(is_superuser=True),
        UserFactory(roles=["mediator"]),
    )  # fmt: skip
    EntrustmentFactory(case=case, agency=council)
    for of in (case, CaseFactory(handling=case.custodian, accepted=True), CaseFactory(accepted=True)):
        InstalmentFactory(agreement=AgreementFactory(case=of))

    for model in (Agreement, Instalment):
        seen = [set(model.objects.visible_to(user)) for user in readers]
        assert [len(rows) for rows in seen] == [2, 1, 0, 0, 3, 0]
        assert [set().union(*model.objects.parts_visible_to(user)) for user in readers] == seen


def test_the_session_is_one_of_the_case_that_came_to_an_agreement(case, clerk):
    other = SessionFactory(held=True)
    failed = SessionFactory(case=case, held=True, outcome="failed", starts=local(2026, 11, 9))
    for session in (other, failed):
        with pytest.raises(DomainError, match="Choose a session of this case"):
            drawn(case, clerk, session=session)
    assert not Agreement.objects.exists()


# ---- signing


def test_with_the_last_signature_it_is_in_force_and_what_it_promises_is_posted(case, clerk):
    agreement = drawn(case, clerk)
    complainant, respondent = agreement.signatures.all()

    sign(agreement, clerk, on=dt.date(2026, 11, 11), signatures=[respondent])
    assert (agreement.state, agreement.effective_on, recovered(case)) == (AgreementState.DRAFT, None, 0)
    sign(agreement, clerk, signatures=[complainant])

    agreement.refresh_from_db()
    assert (agreement.state, agreement.effective_on) == (AgreementState.IN_FORCE, TODAY)
    (promise,) = promises(case)
    assert (promise.amount, promise.kind, promise.means, promise.posted_on, promise.evidence) == (
        Decimal("300.00"), "refund", "mediation", TODAY, "投诉调解书 2026-11-10",
    )  # fmt: skip
    assert agreement.instalments.get(amount__isnull=False).promise == promise
    assert agreement.instalments.get(amount__isnull=True).promise is None


@pytest.mark.parametrize("day", [dt.date(2026, 11, 9), dt.date(2026, 11, 13)])
def test_it_is_signed_once_it_is_reached_and_not_in_the_future(case, clerk, day):
    agreement = drawn(case, clerk)
    before = stored()

    with pytest.raises(DomainError, match="signed between"):
        sign(agreement, clerk, on=day)
    assert stored() == before


def test_nobody_signs_twice_and_nobody_of_another_agreement(case, clerk):
    agreement, other = drawn(case, clerk), AgreementFactory()
    strange = Signature.objects.create(agreement=other, side="respondent")
    respondent = agreement.signatures.get(side="respondent")
    sign(agreement, clerk, signatures=[respondent])
    before = stored()

    for chosen in (respondent, strange):
        with pytest.raises(DomainError, match="Choose who has signed"):
            sign(agreement, clerk, signatures=[chosen])
    assert stored() == before


def test_more_than_the_claim_is_promised_only_with_a_reason(case, clerk):
    type(case).objects.filter(pk=case.pk).update(claimed=Decimal("299.99"))
    agreement = drawn(case, clerk)
    before = stored()

    with pytest.raises(DomainError, match="more than the claim"):
        sign(agreement, clerk)
    assert stored() == before  # neither signed nor posted

    sign(agreement, clerk, note="另含快递费用")
    assert Recovery.objects.get().reason == "另含快递费用"


def test_another_wording_has_to_be_signed_anew(case, clerk):
    agreement = drawn(case, clerk)
    sign(agreement, clerk, signatures=[agreement.signatures.get(side="respondent")])

    do(agreement, "revise", clerk, terms="退还200元", reached_on=REACHED,
       instalments=[Due(TODAY, "退还货款", "refund", Decimal("200.00"))])  # fmt: skip

    agreement.refresh_from_db()
    assert agreement.terms == "退还200元"
    assert [one.amount for one in agreement.instalments.all()] == [Decimal("200.00")]
    assert set(agreement.signatures.values_list("signed_on", flat=True)) == {None}

    do(agreement, "revise", clerk, terms="退还200元", reached_on=REACHED, instalments=[])
    assert not agreement.instalments.exists()


# ---- performance


@pytest.fixture
def in_force(case, clerk):
    agreement = drawn(case, clerk)
    sign(agreement, clerk, on=dt.date(2026, 11, 11))
    return agreement


def owed(agreement, **conditions):
    return agreement.instalments.get(performed_on__isnull=True, **conditions)


def test_performed_in_parts_the_recovered_loss_stays_what_it_was(case, clerk, in_force):
    refund = owed(in_force, amount__isnull=False)

    do(in_force, "perform", clerk, instalment=refund, amount=Decimal("100.00"), performed_on=TODAY, evidence="转账记录")
    refund.refresh_from_db()
    assert (refund.performed_on, refund.promise.amount) == (None, Decimal("200.00"))
    assert in_force.state == AgreementState.IN_FORCE
    do(in_force, "perform", clerk, instalment=refund, performed_on=TODAY, evidence="第二笔转账")
    do(in_force, "perform", clerk, instalment=owed(in_force), performed_on=TODAY, evidence="签收单")

    in_force.refresh_from_db()
    assert (in_force.state, in_force.performed_on) == (AgreementState.PERFORMED, TODAY)
    assert recovered(case) == Decimal("300.00")
    assert sorted((row.amount, row.status, row.means) for row in standing(case)) == [
        (Decimal("100.00"), "paid", "mediation"), (Decimal("200.00"), "paid", "mediation"),
    ]  # fmt: skip
    with pytest.raises(TransitionNotAllowed):
        do(in_force, "perform", clerk, instalment=refund, performed_on=TODAY, evidence="转账")


def test_what_was_paid_in_part_on_the_case_is_no_longer_owed_here(case, clerk, in_force):
    refund = owed(in_force, kind="refund")
    for part in ("100.00", "50.00"):
        pay_recovery(promises(case)[0], amount=Decimal(part), evidence="转账", actor=clerk, now=NOW)
    assert owed_of(in_force) == {refund.pk: Decimal("150.00")}
    with pytest.raises(DomainError, match="Promised are 150.00"):
        do(in_force, "perform", clerk, instalment=refund, amount=Decimal("150.01"), performed_on=TODAY, evidence="转账")

    event = do(in_force, "perform", clerk, instalment=refund, performed_on=TODAY, evidence="第三笔转账")

    refund.refresh_from_db()
    assert (event.data["amount"], refund.performed_on, owed_of(in_force)) == ("150.00", TODAY, {})
    assert sorted((row.amount, row.status) for row in standing(case)) == [
        (Decimal("50.00"), "paid"), (Decimal("100.00"), "paid"), (Decimal("150.00"), "paid"),
    ]  # fmt: skip


def test_what_had_to_be_enforced_was_paid_by_the_court(case, clerk, in_force):
    do(in_force, "perform", clerk, instalment=owed(in_force, kind="refund"), performed_on=TODAY, evidence="执行款",
       enforced=True)  # fmt: skip

    assert [(row.status, row.means) for row in standing(case)] == [("paid", "court")]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"performed_on": dt.date(2026, 11, 10)}, "took effect"),
        ({"performed_on": dt.date(2026, 11, 13)}, "took effect"),
        ({"amount": Decimal("300.01")}, "Promised are 300.00"),
        ({"amount": Decimal("-1.00")}, "above zero"),
        ({"evidence": ""}, "Missing: evidence"),
    ],
)
def test_wrong_performance_is_refused_and_changes_nothing(case, clerk, in_force, changes, words):
    given = {"instalment": owed(in_force, kind="refund"), "performed_on": TODAY, "evidence": "转账"}
    before = stored()

    with pytest.raises(DomainError, match=words):
        do(in_force, "perform", clerk, **given | changes)
    assert stored() == before


def test_of_what_has_no_amount_none_is_paid_and_nothing_of_another_agreement(case, clerk, in_force):
    other = InstalmentFactory(agreement__in_force=True)
    parts = owed(in_force, amount__isnull=True)
    before = stored()

    with pytest.raises(DomainError, match="has no amount"):
        do(in_force, "perform", clerk, instalment=parts, amount=Decimal("1.00"), performed_on=TODAY, evidence="签收单")
    with pytest.raises(DomainError, match="Choose what is still owed"):
        do(in_force, "perform", clerk, instalment=other, performed_on=TODAY, evidence="签收单")
    assert stored() == before


def test_a_promise_taken_back_on_the_case_is_no_longer_paid_here(case, clerk, in_force):
    refund = owed(in_force, kind="refund")
    reverse_recovery(refund.promise, reason="双方改为换货", actor=clerk, now=NOW)

    do(in_force, "perform", clerk, instalment=refund, performed_on=TODAY, evidence="换货签收单")

    refund.refresh_from_db()
    assert (refund.performed_on, refund.promise) == (TODAY, None)
    assert recovered(case) == 0


def test_overdue_is_what_was_not_performed_in_time(case, clerk, in_force):
    assert list(Agreement.objects.overdue(dt.date(2026, 11, 20))) == []
    assert list(Agreement.objects.overdue(dt.date(2026, 11, 21))) == [in_force]

    do(in_force, "perform", clerk, instalment=owed(in_force, kind="refund"), performed_on=TODAY, evidence="转账")
    assert list(Agreement.objects.overdue(dt.date(2026, 11, 21))) == []
    assert list(Agreement.objects.overdue(dt.date(2026, 12, 1))) == [in_force]


# ---- annulment


def test_annulled_it_takes_back_what_is_promised_and_leaves_what_was_paid(case, clerk, in_force):
    given = {"amount": Decimal("60.00"), "evidence": "转账"}
    do(in_force, "perform", clerk, instalment=owed(in_force, kind="refund"), performed_on=TODAY, **given)
    pay_recovery(promises(case)[0], actor=clerk, now=NOW, **given | {"amount": Decimal("40.00")})

    do(in_force, "annul", clerk, note="双方同意解除协议")

    in_force.refresh_from_db()
    assert (in_force.state, in_force.annulled_at) == (AgreementState.ANNULLED, NOW)
    assert recovered(case) == Decimal("100.00")
    assert promises(case) == []


def test_what_a_court_is_asked_about_is_not_annulled(case, clerk, in_force):
    ConfirmationFactory(agreement=in_force)
    before = stored()

    with pytest.raises(TransitionNotAllowed, match="A court has been asked"):
        do(in_force, "annul", clerk, note="双方同意解除协议")
    assert stored() == before


# ---- the table

OFFERED = {
    AgreementState.DRAFT: {"issue", "revise", "sign", "annul"},
    AgreementState.IN_FORCE: {"issue", "perform", "annul"},
    AgreementState.PERFORMED: {"issue"},
    AgreementState.ANNULLED: set(),
}


@pytest.mark.parametrize("state", AgreementState)
def test_each_verb_in_each_state(case, clerk, state):
    facts = {
        "effective_on": REACHED if state in ("in_force", "performed") else None,
        "performed_on": REACHED if state == "performed" else None, "annulled_at": NOW if state == "annulled" else None,
    }  # fmt: skip
    agreement = AgreementFactory(case=case, state=state, **facts)
    if state == AgreementState.IN_FORCE:
        InstalmentFactory(agreement=agreement)
    assert {step.verb for step in AGREEMENT.available(agreement, clerk)} == OFFERED[state]
    before = stored()

    for step in AGREEMENT:
        if step.verb not in OFFERED[state]:
            with pytest.raises(TransitionNotAllowed):
                do(agreement, step.verb, clerk, note="原因说明")
    assert stored() == before


def test_whoever_saw_an_older_state_is_told(case, clerk):
    agreement = drawn(case, clerk)
    seen = agreement.events.latest("pk").pk
    sign(agreement, clerk, signatures=[agreement.signatures.get(side="respondent")])

    with pytest.raises(TransitionNotAllowed, match="Someone else has worked"):
        act_on_agreement(agreement, AgreementVerb.ANNUL, actor=clerk, now=NOW, seen=seen, note="解除协议")


@pytest.mark.parametrize(
    "facts",
    [
        {"state": "in_force"}, {"state": "draft", "effective_on": REACHED}, {"state": "annulled"},
        {"state": "performed", "effective_on": REACHED},
        {"state": "in_force", "effective_on": dt.date(2026, 11, 9)},
    ],
)  # fmt: skip
def test_the_database_ties_each_state_to_its_day(facts):
    with pytest.raises(IntegrityError), transaction.atomic():
        AgreementFactory(**facts)


@pytest.mark.parametrize(
    "facts",
    [
        {"amount": Decimal("-1"), "kind": "refund"}, {"amount": Decimal("1")}, {"kind": "refund"},
        {"performed_on": REACHED},
    ],
)  # fmt: skip
def test_the_database_keeps_instalments_in_order(facts):
    with pytest.raises(IntegrityError), transaction.atomic():
        InstalmentFactory(**facts)
    paid = RecoveryFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        InstalmentFactory(performed_on=REACHED, evidence="收条", promise=paid, amount=Decimal("1"), kind="refund")


# ---- documents


def content(document) -> str:
    return text_of(vault.read(document.file, context=document_context(document.pk)))


def values(document) -> dict:
    return decrypt(document.values, context=document_context(document.pk))


def test_the_document_of_an_agreement_says_what_was_agreed_on_and_who_mediated(case, clerk):
    mediator = MediatorFactory(agency=case.custodian, name="测调解")
    SessionFactory(case=case, held=True, starts=local(2026, 11, 10), mediator=mediator)
    agreement = drawn(case, clerk)

    event = do(agreement, "issue", clerk, respondent_representative="周法人")

    document = agreement.documents.get()
    text = content(document)
    assert (document.form, document.side, event.data["document"]) == ("agreement", "both", document.pk)
    assert values(document)["terms"] == (
        f"{TERMS}\n履行事项及期限：\n1．2026年11月20日前（含当日）：退还货款，金额300.00元\n"
        "2．2026年11月30日前（含当日）：补发配件"
    )
    assert "1．2026年11月20日前（含当日）：退还货款，金额300.00元" in text
    assert "2．2026年11月30日前（含当日）：补发配件" in text
    for words in ("经营者于2026年11月20日前退还货款300元", "测调解", "周法人", "2026年11月10日"):
        assert words in text
    sign(agreement, clerk)
    assert Recovery.objects.get().evidence == f"投诉调解书 {document.number}"


def test_an_agreement_without_anything_to_be_done_by_a_day_is_printed_as_it_stands(case, clerk):
    agreement = drawn(case, clerk, instalments=[])

    do(agreement, "issue", clerk)

    assert values(agreement.documents.get())["terms"] == TERMS


def test_many_instalments_go_into_one_document_with_the_longest_terms(case, clerk):
    dues = [Due(REACHED + dt.timedelta(days=30 * n), "退还货款" * 40) for n in range(60)]
    agreement = drawn(case, clerk, terms="一" * 5_000, instalments=dues)

    do(agreement, "issue", clerk)

    assert "60．2031年9月15日前（含当日）：" in values(agreement.documents.get())["terms"]


def reworded(agreement, clerk, **changes):
    given = {"terms": "退还200元", "reached_on": REACHED, "instalments": DUES} | changes
    return do(agreement, "revise", clerk, **given)


def test_with_another_wording_the_document_of_the_first_is_void(case, clerk):
    agreement = drawn(case, clerk)
    issued = do(agreement, "issue", clerk).data["number"]

    event = reworded(agreement, clerk)

    document = agreement.documents.get()
    assert (document.voided_at, document.voided_by, document.void_reason) == (
        NOW, clerk, "The agreement was revised.",
    )  # fmt: skip
    assert event.data["voided"] == [issued]
    assert document_of(agreement) is None
    assert [one.verb for one in case.events.order_by("pk")] == ["issue_document", "void_document"]
    sign(agreement, clerk)
    assert Recovery.objects.get().evidence == "投诉调解书 2026-11-10"  # and not the number of what is void

    do(agreement, "issue", clerk)
    assert document_of(agreement) == agreement.documents.get(voided_at=None)
    assert "退还200元" in content(document_of(agreement))


@pytest.mark.parametrize(
    "changes",
    [
        {"terms": "退还200元"}, {"reached_on": dt.date(2026, 11, 11)}, {"instalments": DUES[:1]},
        {"instalments": [DUES[0], DUES[1]._replace(amount=Decimal("299.00"))]},
    ],
)  # fmt: skip
def test_whatever_is_revised_makes_the_document_void_and_what_stays_does_not(case, clerk, changes):
    same = {"terms": TERMS, "reached_on": REACHED, "instalments": DUES}
    agreement = drawn(case, clerk)
    do(agreement, "issue", clerk)
    sign(agreement, clerk, signatures=[agreement.signatures.get(side="respondent")])

    event = act_on_agreement(agreement, "revise", actor=clerk, now=NOW + dt.timedelta(hours=1), **same)

    assert event.data["unchanged"] is True
    assert document_of(agreement) == agreement.documents.get(voided_at=None)
    assert not agreement.signatures.exclude(signed_on=None).exists()

    reworded(agreement, clerk, **same | changes)
    assert document_of(agreement) is None


def test_the_entrusted_body_revises_what_it_made_out(case):
    council = AgencyFactory(council=True)
    entrusted = UserFactory(agency=council, roles=["mediator"])
    EntrustmentFactory(case=case, agency=council)
    agreement = drawn(case, entrusted)
    do(agreement, "issue", entrusted)

    reworded(agreement, entrusted)

    assert agreement.documents.get().voided_by == entrusted


def test_a_document_that_stood_when_a_wording_changed_is_not_that_of_the_new_one(case, clerk):
    agreement = drawn(case, clerk)
    do(agreement, "issue", clerk)
    assert document_of(agreement) == agreement.documents.get()

    later = NOW + dt.timedelta(hours=1)
    agreement.events.create(verb="revise", before="draft", after="draft", actor=clerk, at=later)

    assert document_of(agreement) is None
    issued = act_on_agreement(agreement, "issue", actor=clerk, now=later).data["document"]
    assert document_of(agreement).pk == issued


def test_a_notice_and_the_record_of_a_session_say_what_is_stored(district, clerk):
    case = CaseFactory(handling=district, accepted=True, regime="order121")
    PartyFactory(case=case)
    session = SessionFactory(case=case, starts=local(2026, 11, 13, 9))
    given = {"contact_phone": "0571-22222222", "recusal_days": 3}

    act_on(session, SessionVerb.NOTICE, actor=clerk, now=NOW, side="respondent", **given)
    notice = session.documents.get()
    assert (notice.form, notice.side) == ("mediation_notice", "respondent")
    for words in ("2026年11月13日9时00分", "线上（会议号 1234）", session.mediator.name, "0571-22222222"):
        assert words in content(notice)
    with pytest.raises(TransitionNotAllowed):
        act_on(session, SessionVerb.RECORD, actor=clerk, now=NOW)
    with pytest.raises(DomainError, match="for which side"):
        act_on(session, SessionVerb.NOTICE, actor=clerk, now=NOW, side="both", **given)
    assert session.documents.count() == 1

    held = SessionFactory(case=case, held=True, starts=local(2026, 11, 12), minutes="双方各自陈述。")
    held.attendances.create(side="respondent", presence="present")
    act_on(held, SessionVerb.RECORD, actor=clerk, now=NOW)

    record = held.documents.get()
    assert (record.form, record.side, record.personal) == ("mediation_record", "internal", True)
    for words in ("双方各自陈述。", "达成调解协议", "被投诉人到场"):
        assert words in content(record)


def test_a_text_that_names_a_reporter_is_refused_and_the_try_is_kept(case, clerk):
    """Whatever else the act has written is undone."""
    PartyFactory(case=case, reporter=True, plain={"name": "赵举报"})
    open_case = CaseFactory(handling=case.handling, accepted=True, regime="order121")
    PartyFactory(case=open_case, reporter=True, plain={"name": "赵举报"})
    session = SessionFactory(case=open_case, starts=local(2026, 11, 13, 9))
    agreement = drawn(case, clerk, terms="退还200元，赵举报撤回举报")

    with pytest.raises(DomainError, match="tells who complained or reported"):
        do(agreement, "issue", clerk)
    with pytest.raises(DomainError, match="tells who complained or reported"):
        act_on(
            session, SessionVerb.NOTICE, actor=clerk, now=NOW, side="respondent", contact_phone="0571-22222222",
            recusal_days=3, bring="赵举报的小票",
        )  # fmt: skip

    assert not agreement.documents.exists()
    assert not session.documents.exists()
    assert list(AccessLog.objects.order_by("pk").values_list("user", "action", "target", "reason")) == [
        (clerk.pk, "lookup", case.number, "agreement"), (clerk.pk, "lookup", open_case.number, "mediation_notice"),
    ]  # fmt: skip


def test_the_entrusted_body_makes_out_the_documents_of_the_bureau(case, clerk):
    council = AgencyFactory(council=True)
    entrusted = UserFactory(agency=council, roles=["mediator"])
    EntrustmentFactory(case=case, agency=council)
    agreement = drawn(case, entrusted)

    do(agreement, "issue", entrusted)

    document = agreement.documents.get()
    assert (document.form, document.agency) == ("agreement", case.handling)  # in the bureau's name (Order 121 art 19)


def test_a_reopened_case_keeps_its_agreement_until_that_is_annulled(case, clerk):
    head = UserFactory(agency=case.custodian, roles=["approver", "officer"])
    type(case).objects.filter(pk=case.pk).update(state=State.CLOSED, closed_at=local(2026, 11, 11))
    case.refresh_from_db()
    agreement = drawn(case, clerk)

    assert not Agreement.objects.reopened().exists()

    perform(case, "reopen", actor=head, now=NOW + dt.timedelta(hours=1), note="当事人不满意")

    assert Agreement.objects.standing().get() == agreement
    with pytest.raises(DomainError):
        drawn(case, clerk)
    ended = {"state": State.ENDED, "outcome": Outcome.AGREEMENT, "ended_at": local(2026, 11, 12, 18)}
    for facts in ({}, ended):  # also once it has ended with another agreement: that one is not drawn up beside the first
        type(case).objects.filter(pk=case.pk).update(**facts)
        assert Agreement.objects.reopened().get() == agreement
        assert Agreement.objects.with_reopened().get().reopened
    do(agreement, "annul", clerk, note="双方同意解除原协议")
    assert not Agreement.objects.reopened().exists()
    assert not Agreement.objects.with_reopened().get().reopened
    anew = drawn(case, clerk, now=NOW + dt.timedelta(hours=3))
    assert not Agreement.objects.reopened().exists()
    type(case).objects.filter(pk=case.pk).update(outcome=Outcome.FAILED)  # as its source corrects it
    assert Agreement.objects.reopened().get() == anew
