"""The tables of acts: each verb in each state, what it needs, what it leaves behind."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from cases.domain import WORKFLOWS, available_acts, perform, register_case
from cases.domain.acts import pause_reasons
from cases.domain.parties import add_party, personal_data
from cases.enums import FINAL_STATES, GroundPurpose, Kind, NationalEntry, Outcome, State
from cases.models import (
    CallBack,
    Case,
    CaseEvent,
    CaseReference,
    Clock,
    ClockChange,
    Ground,
    Recovery,
    Supervision,
)
from core.exceptions import DomainError, TransitionNotAllowed
from core.workflow import last_event_id
from tests.factories import AgencyFactory, CaseFactory, MerchantFactory, PartyFactory, UserFactory
from tests.factories.cases import PERSON, local

pytestmark = pytest.mark.django_db

NOW = local(2026, 11, 10)
RECEIVED = local(2026, 11, 9)
WORK = ["officer", "approver"]


def register(world, kind=Kind.COMPLAINT, people=1, personal=PERSON, **facts):
    given = {
        "actor": world.officer, "kind": kind, "received_at": RECEIVED, "handling": world.district, "now": RECEIVED,
        "people": [personal | ({"name": f"测试{n}"} if "name" in personal else {}) for n in range(people)],
        "merchant_written": "杭州测试商店", "narrative": "买到的商品有质量问题", "demand": "退款",
    }  # fmt: skip
    return register_case(**(given | facts))


def ground(case, purpose, position=1):
    return Ground.objects.for_case(case, purpose).get(position=position)


def running(case) -> dict:
    clocks = Clock.objects.filter(case=case, stopped_on=None).select_related("rule")
    return {f"{clock.rule.code}{clock.side and ':' + clock.side}": clock.due_on for clock in clocks}


def verbs(case) -> list[str]:
    return list(case.events.order_by("pk").values_list("verb", flat=True))


# ---- registration


def test_a_registered_complaint_has_its_number_its_rules_its_term_and_its_event(world):
    case = register(world)

    case.refresh_from_db()
    assert case.number == f"2026-{case.pk:08d}"
    assert (case.state, case.source, case.regime) == (State.REGISTERED, "portal", "order121")
    assert (case.custodian, case.custodian_root, case.custodian_district) == (
        world.district, world.city, world.district,
    )  # fmt: skip
    assert (case.receiving, case.handling, case.body) == (world.district, world.district, "bureau")
    assert case.merchant.name == "杭州测试商店"
    assert not case.merchant.verified
    assert running(case) == {"complaint.accept": dt.date(2026, 11, 18)}
    assert case.national_entry == NationalEntry.TO_ENTER
    assert verbs(case) == ["register"]
    (party,) = case.parties.all()
    assert (party.role, party.sealed, party.representative) == ("consumer", False, None)
    assert personal_data(party) == PERSON | {"name": "测试0"}


def test_a_report_is_sealed_and_runs_by_the_rules_of_verification(world):
    case = register(world, Kind.REPORT)

    assert case.parties.get().sealed
    assert case.regime == "order121"
    assert running(case) == {"report.verify": dt.date(2026, 11, 30)}


def test_an_inquiry_has_no_term_and_needs_no_entry_elsewhere(world):
    case = register(world, Kind.INQUIRY)

    assert running(case) == {}
    assert case.national_entry == NationalEntry.NONE


@pytest.mark.parametrize(
    ("day", "regime", "version"),
    [((2019, 12, 31), "", "order2"), ((2020, 1, 1), "order20", "order2"), ((2026, 4, 14), "order20", "order42"),
     ((2026, 4, 15), "order121", "order42")],
)  # fmt: skip
def test_a_report_stands_under_the_order_of_its_receipt_and_is_verified_by_the_penalty_procedure(
    world, day, regime, version
):
    case = register(world, Kind.REPORT, received_at=local(*day, 10), now=local(*day, 11))

    assert (case.regime, case.clocks.get().rule.regime) == (regime, version)


def test_nobody_represents_others_before_they_have_chosen(world):
    case = register(world, people=4)

    assert set(case.parties.values_list("representative", flat=True)) == {None}


def test_a_council_registers_by_its_own_terms(world):
    council = AgencyFactory(council=True)
    clerk = UserFactory(agency=council, roles=["officer"])

    case = register(world, actor=clerk, handling=council)

    assert (case.body, case.regime, case.national_entry) == ("council", "zhejiang2017", "")
    assert running(case) == {"council.accept": dt.date(2026, 11, 16)}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"received_at": local(2026, 11, 11), "now": NOW}, "收到时间晚于现在"),
        ({"handling": "other"}, "案件只能分送本机构"),
    ],
)
def test_what_cannot_be_registered_leaves_nothing(world, changes, message):
    if changes.get("handling") == "other":
        changes["handling"] = world.other

    with pytest.raises(DomainError, match=message):
        register(world, **changes)

    assert not Case.objects.exists()
    assert not CaseEvent.objects.exists()


def test_reports_are_taken_by_bureaus_alone(world):
    council = AgencyFactory(council=True)
    clerk = UserFactory(agency=council, roles=["officer"])

    with pytest.raises(DomainError, match="市场监管"):
        register(world, Kind.REPORT, actor=clerk, handling=council)

    assert not Case.objects.exists()


def test_only_who_may_register_does(world):
    with pytest.raises(PermissionDenied):
        register(world, actor=UserFactory(agency=world.district, roles=["mediator"]))

    assert not Case.objects.exists()


# ---- the tables

DATA = {
    "dispatch": {"agency": "station"}, "return_to_intake": {"ground": (GroundPurpose.RETURN, 1), "note": "不属于辖区"},
    "take": {}, "assign": {"officer": "colleague"}, "accept": {},
    "refuse": {"ground": (GroundPurpose.REFUSE, 1), "note": "原因"},
    "mediate": {"mode": "remote", "both_consent": True}, "agree": {}, "settle": {},
    "fail": {"ground": (GroundPurpose.TERMINATE, 3)}, "withdraw": {},
    "terminate": {"ground": (GroundPurpose.TERMINATE, 7)},
    "inform": {"means": "phone", "told_on": dt.date(2026, 11, 10)}, "close": {"note": "已告知"}, "split": {},
    "verify": {}, "file": {}, "not_file": {"ground": (GroundPurpose.NOT_FILE, 1), "note": "原因"},
    "decline": {"ground": (GroundPurpose.DECLINE, 1), "note": "原因"}, "answer": {"note": "可以七日内退货"},
    "merge": {"target": "target", "note": "同一事实"}, "supplement": {"text": "补充材料"},
    "correct": {"goods": "另一商品", "note": "更正"}, "join": {"role": "proxy", "name": "李测试"},
    "check_identity": {"party": "party", "identity": "verified"},
    "represent": {"representatives": "parties"},
    "urge": {"text": "请尽快办理", "reply_due_on": dt.date(2026, 11, 12)},
    "supervise": {"text": "请说明", "reply_due_on": dt.date(2026, 11, 12)},
    "reply": {"supervision": "supervision", "text": "正在办理"}, "call_back": {"reached": "yes"},
    "pause": {"reason": "testing", "started_on": dt.date(2026, 11, 10), "document": "检测委托书1号"},
    "resume": {"ended_on": dt.date(2026, 11, 10)}, "change_regime": {"regime": "order20", "note": "适用旧规定"},
    "ask_extension": {"note": "案情复杂需要延长"}, "grant_extension": {}, "deny_extension": {"note": "无需延长办理"},
    "enter_national": {"number": "3301002026111000001"}, "reopen": {"note": "当事人不满意"},
    "post_recovery": {
        "recovery_kind": "refund", "recovery_status": "promised", "recovery_means": "mediation",
        "amount": Decimal("100.00"), "evidence": "退款承诺书",
    },
    "pay_recovery": {"recovery": "recovery", "evidence": "转账记录"},
    "reverse_recovery": {"recovery": "recovery", "note": "金额登记有误"},
}  # fmt: skip


def given(world, case, verb):
    data = dict(DATA[verb])
    for name, value in data.items():
        if name == "ground":
            data[name] = ground(case, *value)
        elif name in ("agency", "officer"):
            data[name] = getattr(world, value)
        elif name == "target":
            data[name] = register(world, Kind.REPORT)
        elif name == "party":
            data[name] = case.parties.first()
        elif name == "representatives":
            data[name] = list(case.parties.all()[:1])
        elif name == "recovery":
            data[name] = case.recoveries.order_by("pk").first() or Recovery(pk=0)
        elif name == "supervision":
            data[name] = case.supervisions.first() or Supervision(pk=0)
    if verb == "inform" and case.kind == Kind.COMPLAINT:
        data["side"] = "respondent"
    return data


def in_state(world, kind, state):
    """A case of that kind brought to that state by its own acts."""
    case = register(world, kind, received_at=local(2026, 11, 9), now=local(2026, 11, 9))
    way = {
        (Kind.COMPLAINT, State.REGISTERED): [], (Kind.COMPLAINT, State.ACCEPTED): ["accept"],
        (Kind.COMPLAINT, State.MEDIATING): ["accept", "mediate"], (Kind.COMPLAINT, State.ENDED): ["accept", "settle"],
        (Kind.COMPLAINT, State.REFUSED): ["refuse"],
        (Kind.COMPLAINT, State.CLOSED): ["accept", "mediate", "agree", "close"],
        (Kind.REPORT, State.REGISTERED): [], (Kind.REPORT, State.ACCEPTED): ["verify"],
        (Kind.REPORT, State.FILED): ["verify", "file"], (Kind.REPORT, State.NOT_FILED): ["verify", "not_file"],
        (Kind.REPORT, State.REFUSED): ["decline"], (Kind.REPORT, State.CLOSED): ["verify", "file", "close"],
        (Kind.INQUIRY, State.REGISTERED): [], (Kind.INQUIRY, State.ENDED): ["answer"],
        (Kind.INQUIRY, State.CLOSED): ["answer", "close"],
    }  # fmt: skip
    for verb in way[kind, state]:
        perform(case, verb, actor=world.officer, now=NOW, **given(world, case, verb))
    if state not in FINAL_STATES:
        perform(case, "urge", actor=world.officer, now=NOW, **DATA["urge"])
    return case


POSSIBLE = {
    Kind.COMPLAINT: [
        State.REGISTERED, State.ACCEPTED, State.MEDIATING, State.ENDED, State.REFUSED, State.CLOSED,
    ],
    Kind.REPORT: [
        State.REGISTERED, State.ACCEPTED, State.FILED, State.NOT_FILED, State.REFUSED, State.CLOSED,
    ],
    Kind.INQUIRY: [State.REGISTERED, State.ENDED, State.CLOSED],
}  # fmt: skip
# written by hand: which acts a head of the unit who is also an officer is offered, in each state
DESK = ["dispatch", "take", "assign"]
DISPUTE = ["settle", "fail", "withdraw", "terminate", "split", "post_recovery"]
BESIDE = ["supplement", "correct", "join", "check_identity", "urge", "supervise", "reply"]
TERM = ["ask_extension", "pause", "change_regime"]
FINISHED = ["correct", "call_back", "enter_national", "reopen"]
OFFERED = {
    (Kind.COMPLAINT, State.REGISTERED): [
        *DESK, "return_to_intake", "accept", "refuse", "withdraw", "split", "change_regime", *BESIDE,
        "enter_national",
    ],
    (Kind.COMPLAINT, State.ACCEPTED): [*DESK, "mediate", *DISPUTE, "pause", "change_regime", *BESIDE, "enter_national"],
    (Kind.COMPLAINT, State.MEDIATING): [
        "take", "assign", "agree", *DISPUTE, "pause", "change_regime", *BESIDE, "enter_national",
    ],
    (Kind.COMPLAINT, State.ENDED): [
        "take", "assign", "inform", "supplement", "correct", "urge", "supervise", "reply", "enter_national",
        "change_regime", "split", "post_recovery",
    ],
    (Kind.COMPLAINT, State.REFUSED): ["split", *FINISHED],
    (Kind.COMPLAINT, State.CLOSED): ["split", "post_recovery", *FINISHED],
    (Kind.REPORT, State.REGISTERED): [
        *DESK, "return_to_intake", "verify", "decline", "merge", "split", *TERM, *BESIDE, "enter_national",
    ],
    (Kind.REPORT, State.ACCEPTED): [
        *DESK, "return_to_intake", "file", "not_file", "decline", "merge", "split", *TERM, *BESIDE, "enter_national",
    ],
    (Kind.REPORT, State.FILED): ["take", "assign", "inform", "close", "change_regime", *BESIDE, "enter_national"],
    (Kind.REPORT, State.NOT_FILED): ["inform", *FINISHED],
    (Kind.REPORT, State.REFUSED): ["inform", *FINISHED],
    (Kind.REPORT, State.CLOSED): ["inform", *FINISHED],
    (Kind.INQUIRY, State.REGISTERED): [*DESK, "return_to_intake", "answer", *BESIDE],
    (Kind.INQUIRY, State.ENDED): ["take", "assign", "close", "supplement", "correct", "urge", "supervise", "reply"],
    (Kind.INQUIRY, State.CLOSED): ["correct", "call_back", "reopen"],
}  # fmt: skip
TURNS = [(kind, state) for kind, states in POSSIBLE.items() for state in states]
# written by hand: the state in which an act leaves the case, where it is another than before
LEADS_TO = {
    (Kind.COMPLAINT, "accept"): State.ACCEPTED, (Kind.COMPLAINT, "refuse"): State.REFUSED,
    (Kind.COMPLAINT, "mediate"): State.MEDIATING, (Kind.COMPLAINT, "agree"): State.ENDED,
    (Kind.COMPLAINT, "settle"): State.ENDED, (Kind.COMPLAINT, "fail"): State.ENDED,
    (Kind.COMPLAINT, "withdraw"): State.ENDED, (Kind.COMPLAINT, "terminate"): State.ENDED,
    (Kind.REPORT, "return_to_intake"): State.REGISTERED, (Kind.REPORT, "verify"): State.ACCEPTED,
    (Kind.REPORT, "file"): State.FILED, (Kind.REPORT, "not_file"): State.NOT_FILED,
    (Kind.REPORT, "decline"): State.REFUSED, (Kind.REPORT, "merge"): State.CLOSED,
    (Kind.REPORT, "close"): State.CLOSED, (Kind.INQUIRY, "answer"): State.ENDED,
    (Kind.INQUIRY, "close"): State.CLOSED,
}  # fmt: skip
# and in which it is open again: where it had been accepted or verified before it was decided, it is so again
REOPENED = {
    (Kind.COMPLAINT, State.REFUSED): State.REGISTERED, (Kind.COMPLAINT, State.CLOSED): State.ACCEPTED,
    (Kind.REPORT, State.NOT_FILED): State.ACCEPTED, (Kind.REPORT, State.REFUSED): State.REGISTERED,
    (Kind.REPORT, State.CLOSED): State.ACCEPTED, (Kind.INQUIRY, State.CLOSED): State.REGISTERED,
}  # fmt: skip


@pytest.mark.parametrize(("kind", "state"), TURNS)
def test_only_the_legal_acts_are_offered(world, kind, state):
    case = in_state(world, kind, state)
    assert case.state == state

    offered = [step.verb for step in available_acts(case, world.head)]

    assert sorted(offered) == sorted(OFFERED[kind, state])


@pytest.mark.parametrize(("kind", "state"), TURNS)
def test_every_other_act_is_refused_and_changes_nothing(world, kind, state):
    case = in_state(world, kind, state)
    offered = {step.verb for step in available_acts(case, world.head)}
    refused = [step.verb for step in WORKFLOWS[kind] if step.verb not in offered]
    assert refused
    for verb in refused:
        data = given(world, case, verb)
        before = (Case.objects.filter(pk=case.pk).values().get(), CaseEvent.objects.count(), Clock.objects.count())

        with pytest.raises(TransitionNotAllowed):
            perform(case, verb, actor=world.head, now=NOW, **data)

        assert (
            Case.objects.filter(pk=case.pk).values().get(), CaseEvent.objects.count(), Clock.objects.count(),
        ) == before  # fmt: skip


@pytest.mark.parametrize(("kind", "state"), TURNS)
def test_every_offered_act_is_done_once_and_writes_its_event(world, kind, state):
    for verb in OFFERED[kind, state]:
        case = in_state(world, kind, state)
        head = UserFactory(agency=world.district, roles=WORK)
        data = given(world, case, verb)
        count = case.events.count()

        event = perform(case, verb, actor=head, now=NOW, **data)

        case.refresh_from_db()
        assert case.events.count() == count + 1
        assert case.state == (REOPENED[kind, state] if verb == "reopen" else LEADS_TO.get((kind, verb), state)), verb
        assert (event.verb, event.before, event.after, event.actor, event.at) == (verb, state, case.state, head, NOW)
        assert event.note == data.get("note", "")


def test_what_a_case_has_nothing_for_is_not_offered(world):
    council = AgencyFactory(council=True)
    clerk = UserFactory(agency=council, roles=WORK)
    of_council = register(world, actor=clerk, handling=council, people=2)
    perform(of_council, "accept", actor=clerk, now=NOW)
    anonymous, alone, joint = register(world, Kind.REPORT, people=0), register(world), register(world, people=2)

    def offered(case, user=world.head):
        return {step.verb for step in available_acts(case, user)}

    assert {"represent", "check_identity", "pause"} <= offered(of_council, clerk)
    assert "change_regime" not in offered(of_council, clerk)  # its rules have no other version
    assert [reason.value for reason in pause_reasons(of_council)] == ["recusal"]  # no term of it leaves time out
    assert "check_identity" not in offered(anonymous)
    assert "pause" in offered(anonymous)
    perform(anonymous, "verify", actor=world.head, now=NOW)
    anonymous.clocks.update(stopped_on=dt.date(2026, 11, 10))
    assert "pause" not in offered(anonymous)
    assert "represent" not in offered(alone)
    assert {"represent", "change_regime"} <= offered(joint)


def test_a_verb_of_another_kind_does_not_exist(world):
    case = register(world)

    with pytest.raises(TransitionNotAllowed):
        perform(case, "verify", actor=world.officer, now=NOW)

    assert verbs(case) == ["register"]


@pytest.mark.parametrize("kind", Kind)
def test_no_act_without_its_permission(world, kind):
    reader = UserFactory(agency=world.district, roles=["clerk"])
    for step in WORKFLOWS[kind]:
        case = in_state(world, kind, next(s for s in POSSIBLE[kind] if s in step.sources))
        data = given(world, case, step.verb)
        before = Case.objects.filter(pk=case.pk).values().get()

        with pytest.raises(PermissionDenied):
            perform(case, step.verb, actor=reader, now=NOW, **data)

        assert Case.objects.filter(pk=case.pk).values().get() == before


def test_no_act_on_a_case_of_another_agency(world):
    case = register(world)
    stranger = UserFactory(agency=world.other, roles=WORK)

    with pytest.raises(PermissionDenied):
        perform(case, "accept", actor=stranger, now=NOW)

    assert verbs(case) == ["register"]


def test_whoever_saw_an_older_state_is_told_what_happened(world):
    case = register(world)
    seen = last_event_id(case)
    perform(case, "supplement", actor=world.colleague, now=NOW, text="新材料")

    with pytest.raises(TransitionNotAllowed) as refused:
        perform(case, "accept", actor=world.officer, now=NOW, seen=seen)

    assert world.colleague.get_full_name() in str(refused.value)
    case.refresh_from_db()
    assert case.state == State.REGISTERED


def test_data_that_a_verb_does_not_take_is_a_mistake_of_the_programme(world):
    with pytest.raises(TypeError):
        perform(register(world), "accept", actor=world.officer, outcome="agreement")


# ---- what single acts do


def test_a_complaint_from_acceptance_to_the_end(world):
    case = register(world)
    perform(case, "accept", actor=world.officer, now=NOW)
    assert running(case) == {"complaint.mediate": dt.date(2027, 1, 11)}  # raw Saturday 2027-01-09

    perform(case, "mediate", actor=world.officer, now=NOW, mode="on_site", both_consent=True)
    perform(case, "agree", actor=world.officer, now=NOW, note="退款二百元")

    case.refresh_from_db()
    assert (case.state, case.outcome, case.ground, case.ended_at) == (State.ENDED, Outcome.AGREEMENT, "", NOW)
    assert running(case) == {}
    perform(case, "close", actor=world.officer, now=NOW)
    case.refresh_from_db()
    assert (case.state, case.closed_at) == (State.CLOSED, NOW)


def test_outcome_and_ground_are_apart(world):
    settled, failed = in_state(world, Kind.COMPLAINT, State.ACCEPTED), in_state(world, Kind.COMPLAINT, State.ACCEPTED)

    perform(settled, "settle", actor=world.officer, now=NOW)
    perform(failed, "fail", actor=world.officer, now=NOW, ground=ground(failed, GroundPurpose.TERMINATE, 3))

    assert (settled.outcome, settled.ground) == (Outcome.SETTLED, "o121.terminate.1")
    assert (failed.outcome, failed.ground) == (Outcome.FAILED, "o121.terminate.3")
    for case in (settled, failed):
        assert running(case) == {
            "complaint.notify_end:complainant": dt.date(2026, 11, 19),
            "complaint.notify_end:respondent": dt.date(2026, 11, 19),
        }


def test_mediation_is_terminated_by_its_term_only_after_it(world):
    case = in_state(world, Kind.COMPLAINT, State.ACCEPTED)
    by_term = ground(case, GroundPurpose.TERMINATE, 5)
    due_on = running(case)["complaint.mediate"]

    with pytest.raises(DomainError, match=due_on.isoformat()):
        perform(case, "terminate", actor=world.officer, now=local(2027, 1, 11, 23), ground=by_term)
    assert Case.objects.get(pk=case.pk).state == State.ACCEPTED
    perform(case, "terminate", actor=world.officer, now=local(2027, 1, 12, 0), ground=by_term)

    case.refresh_from_db()
    assert (case.state, case.outcome, case.ground) == (State.ENDED, Outcome.FAILED, "o121.terminate.5")


@pytest.mark.parametrize("position", [1, 8])
def test_a_ground_that_tells_no_outcome_needs_one(world, position):
    case = in_state(world, Kind.COMPLAINT, State.ACCEPTED)
    chosen = ground(case, GroundPurpose.TERMINATE, position)
    for wrong in ({}, {"outcome": "agreement"}):
        with pytest.raises(DomainError):
            perform(case, "terminate", actor=world.officer, now=NOW, ground=chosen, **wrong)

    perform(case, "terminate", actor=world.officer, now=NOW, ground=chosen, outcome="withdrawn")

    assert case.outcome == Outcome.WITHDRAWN


def test_grounds_follow_the_rules_of_the_case(world):
    old = register(world, received_at=local(2026, 4, 14), now=local(2026, 4, 14))
    new = register(world, received_at=local(2026, 4, 15), now=local(2026, 4, 15))

    assert (old.regime, Ground.objects.for_case(old, GroundPurpose.REFUSE).count()) == ("decree778", 6)
    assert (new.regime, Ground.objects.for_case(new, GroundPurpose.REFUSE).count()) == ("order121", 7)
    with pytest.raises(DomainError):
        perform(old, "refuse", actor=world.officer, now=NOW, ground=ground(new, GroundPurpose.REFUSE), note="原因")
    assert Case.objects.get(pk=old.pk).state == State.REGISTERED


def test_a_complaint_is_closed_only_when_both_sides_were_told(world):
    case = in_state(world, Kind.COMPLAINT, State.ENDED)
    told = {"means": "phone", "told_on": dt.date(2026, 11, 10), "actor": world.officer, "now": NOW}

    perform(case, "inform", side="complainant", **told)
    with pytest.raises(DomainError):
        perform(case, "close", actor=world.officer, now=NOW)
    with pytest.raises(DomainError):
        perform(case, "inform", side="complainant", **told)
    perform(case, "inform", side="respondent", **told)
    perform(case, "close", actor=world.officer, now=NOW)

    assert case.state == State.CLOSED


@pytest.mark.parametrize("told_on", [dt.date(2026, 11, 9), dt.date(2026, 11, 11)])
def test_nobody_is_told_before_the_end_or_in_the_future(world, told_on):
    case = in_state(world, Kind.COMPLAINT, State.ENDED)

    with pytest.raises(DomainError):
        perform(case, "inform", actor=world.officer, now=NOW, side="complainant", means="phone", told_on=told_on)

    assert len(running(case)) == 2


def test_a_case_goes_down_to_the_own_agencies_and_never_sideways(world):
    case = register(world)

    with pytest.raises(DomainError):
        perform(case, "dispatch", actor=world.officer, now=NOW, agency=world.other)
    perform(case, "dispatch", actor=world.officer, now=NOW, agency=world.station)

    case.refresh_from_db()
    assert (case.handling, case.custodian, case.custodian_district) == (world.station, world.station, world.district)
    station_officer = UserFactory(agency=world.station, roles=["officer"])
    with pytest.raises(TransitionNotAllowed):
        perform(case, "dispatch", actor=UserFactory(agency=world.other, roles=["officer", "city_regulator"]), now=NOW,
                agency=world.other)  # fmt: skip
    perform(case, "return_to_intake", actor=station_officer, now=NOW, ground=ground(case, GroundPurpose.RETURN),
            note="不在辖区")  # fmt: skip
    case.refresh_from_db()
    assert (case.handling, case.custodian, case.state) == (None, world.district, State.REGISTERED)


def test_after_two_returns_the_agency_above_decides(world):
    case = register(world, handling=world.station)
    station_officer = UserFactory(agency=world.station, roles=["officer"])
    terms = []
    for _time in range(2):
        perform(case, "return_to_intake", actor=station_officer, now=NOW, ground=ground(case, GroundPurpose.RETURN),
                note="不在辖区")  # fmt: skip
        terms.append(running(case))
        perform(case, "dispatch", actor=world.officer, now=NOW, agency=world.station)

    accept = {"complaint.accept": dt.date(2026, 11, 18)}
    assert terms == [accept, accept | {"jurisdiction.settle": dt.date(2026, 11, 19)}]
    assert running(case) == accept
    with pytest.raises(DomainError, match="已退回 2 次"):
        perform(case, "return_to_intake", actor=station_officer, now=NOW, ground=ground(case, GroundPurpose.RETURN),
                note="不在辖区")  # fmt: skip

    assert Case.objects.get(pk=case.pk).handling == world.station


@pytest.mark.parametrize(
    ("kind", "verb"),
    [(Kind.COMPLAINT, "withdraw"), (Kind.REPORT, "decline"), (Kind.REPORT, "merge"), (Kind.INQUIRY, "answer")],
)
def test_the_end_of_a_case_ends_the_dispute_of_who_is_competent(world, kind, verb):
    case = register(world, kind, handling=world.station)
    station_officer = UserFactory(agency=world.station, roles=["officer"])
    back = {"actor": station_officer, "now": NOW, "ground": ground(case, GroundPurpose.RETURN), "note": "不在辖区"}
    perform(case, "return_to_intake", **back)
    perform(case, "dispatch", actor=world.officer, now=NOW, agency=world.station)
    perform(case, "return_to_intake", **back)
    assert "jurisdiction.settle" in running(case)

    perform(case, verb, actor=world.officer, now=NOW, **given(world, case, verb))

    assert "jurisdiction.settle" not in running(case)


def test_only_those_who_handle_cases_of_the_agency_get_one(world):
    case = register(world)
    for wrong in (
        UserFactory(agency=world.other, roles=["officer"]), UserFactory(agency=world.district, roles=["mediator"]),
        UserFactory(agency=world.station, roles=["officer"]),
        UserFactory(agency=world.district, roles=["officer"], closed=True),
    ):  # fmt: skip
        with pytest.raises(DomainError):
            perform(case, "assign", actor=world.head, now=NOW, officer=wrong)

    perform(case, "assign", actor=world.head, now=NOW, officer=UserFactory(agency=world.city, roles=["officer"]))

    assert verbs(case) == ["register", "assign"]


def test_a_mixed_submission_is_split_with_the_reporter_sealed(world):
    case = register(world, narrative="商品过期，要求退款并查处")

    perform(case, "split", actor=world.officer, now=NOW, text="销售过期食品")

    report = case.derived.get()
    assert (report.kind, report.state, report.narrative) == (Kind.REPORT, State.REGISTERED, "销售过期食品")
    assert (report.received_at, report.merchant, report.custodian) == (case.received_at, case.merchant, case.custodian)
    assert running(report) == {"report.verify": dt.date(2026, 11, 30)}
    party = report.parties.get()
    assert (party.role, party.sealed) == ("reporter", True)
    assert personal_data(party) == personal_data(case.parties.get())
    event = case.events.get(verb="split")
    assert event.data == {"number": report.number}
    with pytest.raises(DomainError):
        perform(case, "split", actor=world.officer, now=NOW)
    assert case.derived.count() == 1


def test_a_lead_found_in_mediation_is_verified_from_its_discovery(world):
    case = in_state(world, Kind.COMPLAINT, State.MEDIATING)

    perform(case, "split", actor=world.officer, now=NOW, lead=True, text="经营者无证经营")

    lead = case.derived.get()
    assert lead.received_at == NOW
    assert not lead.parties.exists()
    assert running(lead) == {"lead.verify": dt.date(2026, 12, 1)}


def test_leads_are_found_again_and_again_and_after_the_end_too(world):
    case = register(world, narrative="商品过期，要求退款并查处")
    perform(case, "split", actor=world.officer, now=NOW)
    perform(case, "refuse", actor=world.officer, now=NOW, ground=ground(case, GroundPurpose.REFUSE), note="非生活消费")
    found_on = dt.date(2026, 11, 9)

    perform(case, "split", actor=world.officer, now=NOW, lead=True, found_on=found_on, text="无证经营")
    perform(case, "split", actor=world.officer, now=NOW, lead=True, text="虚假标注")

    first, second = case.derived.order_by("pk")[1:]
    assert timezone.localdate(first.received_at) == found_on
    assert running(first) == {"lead.verify": dt.date(2026, 11, 30)}
    assert running(second) == {"lead.verify": dt.date(2026, 12, 1)}
    assert case.state == State.REFUSED


@pytest.mark.parametrize("day", [dt.date(2026, 11, 8), dt.date(2026, 11, 11)])
def test_a_lead_is_found_between_receipt_and_today(world, day):
    case = register(world, received_at=local(2026, 11, 9))

    with pytest.raises(DomainError):
        perform(case, "split", actor=world.officer, now=NOW, lead=True, found_on=day)

    assert not case.derived.exists()


def test_a_half_is_not_split_again(world):
    case = register(world, Kind.REPORT)
    head = UserFactory(agency=world.district, roles=[*WORK, "regulator"])
    perform(case, "split", actor=head, now=NOW)
    half = case.derived.get()

    assert half.kind == Kind.COMPLAINT
    for one in (case, half):
        with pytest.raises(DomainError):
            perform(one, "split", actor=head, now=NOW)


def test_a_lead_runs_its_own_term_after_a_repeat_and_after_it_is_reopened(world):
    case = in_state(world, Kind.COMPLAINT, State.MEDIATING)
    perform(case, "split", actor=world.officer, now=NOW, lead=True)
    lead = case.derived.get()
    add_party(lead, role="reporter", personal=PERSON)
    later = local(2026, 11, 16)
    repeat = register(world, Kind.REPORT, received_at=later, now=later, merchant=lead.merchant)

    perform(repeat, "merge", actor=world.officer, now=later, target=lead, new_facts=True, note="新增照片")

    assert running(lead) == {"lead.verify": dt.date(2026, 12, 7)}
    perform(lead, "verify", actor=world.officer, now=later)
    perform(lead, "not_file", actor=world.officer, now=later, ground=ground(lead, GroundPurpose.NOT_FILE), note="无证据")
    perform(lead, "reopen", actor=world.head, now=later, note="另有证据")
    assert running(lead) == {"lead.verify": dt.date(2026, 12, 7)}


def test_a_submission_has_one_other_half_whatever_becomes_of_it(world):
    case = register(world)
    perform(case, "split", actor=world.officer, now=NOW)
    half = case.derived.get()
    perform(half, "merge", actor=world.officer, now=NOW, target=register(world, Kind.REPORT), note="同一事实")

    for split_off in (case, Case.objects.get(pk=half.pk)):
        with pytest.raises(DomainError):
            perform(split_off, "split", actor=world.officer, now=NOW)

    assert Case.objects.count() == 3


def test_representatives_settle_only_with_the_consent_of_the_represented(world):
    case = register(world, people=3)
    perform(case, "accept", actor=world.officer, now=NOW)
    perform(case, "mediate", actor=world.officer, now=NOW, mode="remote", both_consent=True)
    by_law = {"ground": ground(case, GroundPurpose.TERMINATE), "outcome": "withdrawn"}
    for verb, data in (("agree", {}), ("settle", {}), ("withdraw", {}), ("terminate", by_law)):
        with pytest.raises(DomainError, match="共同投诉"):
            perform(case, verb, actor=world.officer, now=NOW, **data)

    perform(case, "settle", actor=world.officer, now=NOW, represented_agree=True)

    assert case.outcome == Outcome.SETTLED


def test_representatives_are_at_most_two_of_the_complainants(world):
    case, elsewhere = register(world, people=3), register(world)
    a, b, c = case.parties.order_by("pk")
    for wrong in ([a, b, c], [elsewhere.parties.get()]):
        with pytest.raises(DomainError):
            perform(case, "represent", actor=world.officer, now=NOW, representatives=wrong)

    perform(case, "represent", actor=world.officer, now=NOW, representatives=[c, a])

    assert list(case.parties.order_by("pk").values_list("representative", flat=True)) == [2, None, 1]


def test_a_repeat_with_new_facts_starts_the_earlier_term_anew(world):
    earlier = register(world, Kind.REPORT, received_at=local(2026, 11, 2), now=local(2026, 11, 2))
    repeat = register(world, Kind.REPORT, received_at=local(2026, 11, 9))
    assert running(earlier) == {"report.verify": dt.date(2026, 11, 23)}

    perform(repeat, "merge", actor=world.officer, now=NOW, target=earlier, new_facts=True, note="新增照片")

    repeat.refresh_from_db()
    assert (repeat.state, repeat.origin, repeat.outcome) == (State.CLOSED, earlier, Outcome.OTHER)
    assert running(repeat) == {}
    assert running(earlier) == {"report.verify": dt.date(2026, 11, 30)}
    change = ClockChange.objects.get(case=earlier)
    assert (change.why, change.before_on, change.after_on) == ("restart", dt.date(2026, 11, 23), dt.date(2026, 11, 30))
    assert verbs(earlier) == ["register", "receive_repeat"]


def test_a_repeat_without_new_facts_is_not_handled_again(world):
    earlier, repeat = register(world, Kind.REPORT), register(world, Kind.REPORT)

    perform(repeat, "merge", actor=world.officer, now=NOW, target=earlier, note="同一事实")

    assert repeat.state == State.CLOSED
    assert not ClockChange.objects.exists()


@pytest.mark.parametrize(
    ("earlier_facts", "repeat_facts", "message"),
    [
        ({"merchant_written": "另一商店"}, {}, "经营者"),
        ({"people": 0}, {}, "同一人"),
        ({}, {"people": 0}, "同一人"),
        ({"personal": {"name": "测试0", "phone": "13800009999"}}, {}, "同一人"),
    ],
)
def test_another_persons_report_or_one_on_another_merchant_is_no_repeat(world, earlier_facts, repeat_facts, message):
    earlier, repeat = (register(world, Kind.REPORT, **facts) for facts in (earlier_facts, repeat_facts))

    with pytest.raises(DomainError, match=message):
        perform(repeat, "merge", actor=world.officer, now=NOW, target=earlier, note="同一事实")

    repeat.refresh_from_db()
    assert repeat.state == State.REGISTERED


def test_before_order_121_repeats_are_reports_of_their_own(world):
    earlier, repeat = (
        register(world, Kind.REPORT, received_at=local(2026, 4, day), now=local(2026, 4, day)) for day in (13, 14)
    )

    with pytest.raises(TransitionNotAllowed, match="121"):
        perform(repeat, "merge", actor=world.officer, now=NOW, target=earlier, note="同一事实")


@pytest.mark.parametrize("new_facts", [True, False])
def test_nothing_is_merged_into_a_report_that_is_itself_a_repeat(world, new_facts):
    first, second, third = (register(world, Kind.REPORT) for _n in range(3))
    perform(second, "merge", actor=world.officer, now=NOW, target=first, note="同一事实")

    for late in (first, third):
        with pytest.raises(DomainError, match=first.number):
            perform(late, "merge", actor=world.officer, now=NOW, target=second, new_facts=new_facts, note="同一事实")

    assert [verbs(case) for case in (first, second, third)] == [
        ["register", "receive_repeat"], ["register", "merge"], ["register"],
    ]  # fmt: skip


def test_a_repeat_that_was_reopened_is_a_report_again(world):
    first, second, third = (register(world, Kind.REPORT) for _n in range(3))
    perform(second, "merge", actor=world.officer, now=NOW, target=first, note="同一事实")
    perform(second, "reopen", actor=world.head, now=NOW, note="并非同一事实")

    perform(third, "merge", actor=world.officer, now=NOW, target=second, note="同一事实")

    assert third.origin == second


@pytest.mark.parametrize(
    ("which", "message"),
    [
        ("itself", "有权查看的在先举报"), ("later", "晚于本举报收到"), ("complaint", "有权查看的在先举报"),
        ("elsewhere", "有权查看的在先举报"), ("decided", "已作出决定"),
    ],
)  # fmt: skip
def test_a_repeat_is_merged_only_into_an_earlier_open_report_in_sight(world, which, message):
    """All of them are about the same merchant, and name the same reporter."""
    repeat = register(world, Kind.REPORT)
    shared = {"merchant": repeat.merchant, "received_at": local(2026, 11, 1)}
    target = {
        "itself": lambda: repeat,
        "later": lambda: register(world, Kind.REPORT, received_at=local(2026, 11, 9, 10), now=NOW),
        "complaint": lambda: CaseFactory(handling=world.district, **shared),
        "elsewhere": lambda: CaseFactory(report=True, handling=world.other, **shared),
        "decided": lambda: in_state(world, Kind.REPORT, State.NOT_FILED),
    }[which]()
    if which in ("complaint", "elsewhere"):
        PartyFactory(case=target, reporter=True)

    with pytest.raises(DomainError, match=message):
        perform(repeat, "merge", actor=world.officer, now=NOW, target=target, new_facts=True, note="重复")

    repeat.refresh_from_db()
    assert repeat.state == State.REGISTERED


def test_a_decided_report_tells_a_reporter_who_gave_a_name(world):
    named = in_state(world, Kind.REPORT, State.NOT_FILED)
    anonymous = register(world, Kind.REPORT, people=0)
    perform(anonymous, "decline", actor=world.officer, now=NOW, ground=ground(anonymous, GroundPurpose.DECLINE),
            note="无线索")  # fmt: skip

    by_phone = register(world, Kind.REPORT, personal={"phone": "13800001234"})
    perform(by_phone, "decline", actor=world.officer, now=NOW, ground=ground(by_phone, GroundPurpose.DECLINE),
            note="无线索")  # fmt: skip

    assert running(named) == {"report.inform": dt.date(2026, 11, 17)}
    assert running(anonymous) == running(by_phone) == {}
    perform(named, "inform", actor=world.officer, now=NOW, means="letter", told_on=dt.date(2026, 11, 10))
    assert running(named) == {}


def test_reopening_keeps_what_was(world):
    case = in_state(world, Kind.COMPLAINT, State.CLOSED)
    later = local(2026, 11, 20)

    perform(case, "reopen", actor=world.head, now=later, note="回访不满意")

    case.refresh_from_db()
    assert (case.state, case.outcome, case.closed_at, case.ended_at) == (State.ACCEPTED, "", None, None)
    assert running(case) == {"complaint.mediate": dt.date(2027, 1, 19)}
    event = case.events.get(verb="reopen")
    assert event.data == {"outcome": "agreement", "ground": ""}
    assert "agreement" in [row.outcome for row in case.history.order_by("pgh_id")]


def test_a_case_that_ended_during_a_pause_runs_again_when_it_is_reopened(world):
    case = in_state(world, Kind.COMPLAINT, State.MEDIATING)
    perform(case, "pause", actor=world.officer, now=NOW, **DATA["pause"])
    later = local(2026, 11, 20)
    perform(case, "settle", actor=world.officer, now=later)
    pause = case.pauses.get()
    assert (pause.ended_on, pause.ended_by) == (dt.date(2026, 11, 20), world.officer)
    for side in ("complainant", "respondent"):
        perform(case, "inform", actor=world.officer, now=later, side=side, means="phone", told_on=later.date())
    perform(case, "close", actor=world.officer, now=later)

    perform(case, "reopen", actor=world.head, now=later, note="回访不满意")

    assert running(case) == {"complaint.mediate": dt.date(2027, 1, 19)}


def test_a_refused_complaint_is_reopened_to_be_decided(world):
    case = in_state(world, Kind.COMPLAINT, State.REFUSED)

    perform(case, "reopen", actor=world.head, now=NOW, note="复议决定")

    assert (case.state, case.decided_at) == (State.REGISTERED, None)
    assert list(running(case)) == ["complaint.accept"]


def test_a_call_back_is_made_by_another(world):
    case = register(world, Kind.INQUIRY)
    perform(case, "take", actor=world.officer, now=NOW)
    perform(case, "answer", actor=world.officer, now=NOW, note="已答复")
    perform(case, "close", actor=world.officer, now=NOW)
    nobody = in_state(world, Kind.INQUIRY, State.CLOSED)  # without an officer: whoever closed it

    for one in (case, nobody):
        with pytest.raises(DomainError):
            perform(one, "call_back", actor=world.officer, now=NOW, reached="yes", satisfaction="satisfied")
        assert not CallBack.objects.exists()
    with pytest.raises(DomainError):
        perform(case, "call_back", actor=world.colleague, now=NOW, reached="no", satisfaction="satisfied")
    perform(case, "call_back", actor=world.colleague, now=NOW, reached="yes", satisfaction="dissatisfied")

    call = CallBack.objects.get()
    assert (call.actor, call.handler, call.satisfaction) == (world.colleague, world.officer, "dissatisfied")


def test_whoever_handled_a_case_does_not_call_back_though_another_has_it(world):
    case = in_state(world, Kind.COMPLAINT, State.ACCEPTED)  # accepted by the officer
    perform(case, "assign", actor=world.head, now=NOW, officer=world.colleague)
    perform(case, "mediate", actor=world.colleague, now=NOW, **DATA["mediate"])
    perform(case, "agree", actor=world.colleague, now=NOW)
    perform(case, "close", actor=world.colleague, now=NOW)

    for handler in (world.officer, world.colleague):
        with pytest.raises(TransitionNotAllowed, match="回访"):
            perform(case, "call_back", actor=handler, now=NOW, reached="yes")
    perform(case, "call_back", actor=world.head, now=NOW, reached="yes")


def test_to_receive_a_call_or_to_open_a_case_again_is_not_to_handle_it(world):
    case = register(world, Kind.INQUIRY)
    for head, handler in ((world.head, world.colleague), (world.head, world.colleague)):
        perform(case, "answer", actor=handler, now=NOW, note="已答复")
        perform(case, "close", actor=handler, now=NOW)
        perform(case, "call_back", actor=world.officer, now=NOW, reached="no")
        perform(case, "reopen", actor=head, now=NOW, note="当事人不满意")
    perform(case, "answer", actor=world.colleague, now=NOW, note="已答复")
    perform(case, "close", actor=world.colleague, now=NOW)

    perform(case, "call_back", actor=world.head, now=NOW, reached="yes")

    assert case.call_backs.count() == 3


def test_an_urging_is_answered_once(world):
    case = register(world)
    perform(case, "urge", actor=world.officer, now=NOW, text="请尽快", reply_due_on=dt.date(2026, 11, 10))
    made = case.supervisions.get()

    perform(case, "reply", actor=world.colleague, now=NOW, supervision=made, text="今日受理")
    with pytest.raises(TransitionNotAllowed):
        perform(case, "reply", actor=world.officer, now=NOW, supervision=made, text="再答")

    made.refresh_from_db()
    assert (made.reply, made.replied_by, made.replied_at) == ("今日受理", world.colleague, NOW)
    with pytest.raises(DomainError):
        perform(case, "urge", actor=world.officer, now=NOW, text="请尽快", reply_due_on=dt.date(2026, 11, 9))


def test_work_on_a_case_of_the_national_platform_has_to_be_carried_over(world):
    case = CaseFactory(source="national12315", handling=world.district, received_at=RECEIVED)

    perform(case, "take", actor=world.officer, now=NOW)
    assert case.national_entry == NationalEntry.NONE
    perform(case, "accept", actor=world.officer, now=NOW)
    assert case.national_entry == NationalEntry.TO_UPDATE
    perform(case, "enter_national", actor=world.officer, now=NOW)
    assert case.national_entry == NationalEntry.ENTERED
    perform(case, "settle", actor=world.officer, now=NOW)

    case.refresh_from_db()
    assert case.national_entry == NationalEntry.TO_UPDATE


SHOWN_THERE = ["supplement", "correct", "join", "pause", "change_regime", "urge", "supervise", "dispatch"]
SHOWN_HERE = ["take", "assign", "check_identity"]


@pytest.mark.parametrize("verb", [*SHOWN_THERE, *SHOWN_HERE])
def test_what_the_record_on_the_national_platform_shows_is_updated_there(world, verb):
    case = in_state(world, Kind.COMPLAINT, State.ACCEPTED)
    perform(case, "enter_national", actor=world.officer, now=NOW, number="330101")

    perform(case, verb, actor=world.head, now=NOW, **given(world, case, verb))

    case.refresh_from_db()
    assert case.national_state == ("to_update" if verb in SHOWN_THERE else "entered")


@pytest.mark.parametrize("verb", ["resume", "grant_extension", "return_to_intake"])
def test_what_ends_or_moves_a_term_is_updated_there_too(world, verb):
    case = in_state(world, Kind.REPORT, State.ACCEPTED)
    before = {"resume": "pause", "grant_extension": "ask_extension"}.get(verb)
    if before:
        perform(case, before, actor=world.officer, now=NOW, **DATA[before])
    perform(case, "enter_national", actor=world.officer, now=NOW, number="330101")

    perform(case, verb, actor=world.head, now=NOW, **given(world, case, verb))

    assert case.national_state == "to_update"


def test_a_case_registered_here_is_entered_with_its_number(world):
    case, other = register(world), register(world)
    CaseReference.objects.create(case=other, source="national12315", number="330100")

    with pytest.raises(DomainError):
        perform(case, "enter_national", actor=world.officer, now=NOW)
    with pytest.raises(DomainError, match="330100"):
        perform(case, "enter_national", actor=world.officer, now=NOW, number="330100")
    perform(case, "enter_national", actor=world.officer, now=NOW, number="330101")

    assert case.national_entry == NationalEntry.ENTERED
    assert list(case.references.values_list("source", "number")) == [("national12315", "330101")]


def test_a_correction_says_what_was_before(world):
    case, merchant = register(world), MerchantFactory(verified=True)
    before = case.merchant

    perform(case, "correct", actor=world.officer, now=NOW, merchant=merchant, goods="电饭煲", note="核对发票")

    case.refresh_from_db()
    assert (case.merchant, case.goods) == (merchant, "电饭煲")
    assert case.events.get(verb="correct").data["changed"] == {
        "merchant": [str(before.pk), str(merchant.pk)], "goods": ["", "电饭煲"],
    }  # fmt: skip
    with pytest.raises(DomainError):
        perform(case, "correct", actor=world.officer, now=NOW, goods="电饭煲", note="再次")


def test_narratives_and_personal_data_stay_out_of_the_events(world):
    case = register(world)
    perform(case, "supplement", actor=world.officer, now=NOW, text="补充：本人电话13900000009")
    perform(case, "join", actor=world.officer, now=NOW, role="consumer", name="赵测试", phone="13900000008")

    texts = [f"{event.note} {event.data}" for event in case.events.all()]

    assert not [text for text in texts if "139" in text or "赵" in text]
    case.refresh_from_db()
    assert case.narrative.endswith("补充：本人电话13900000009")
    assert case.parties.count() == 2


def test_time_stamps_are_the_given_ones(world):
    case = register(world)
    perform(case, "accept", actor=world.officer, now=NOW)

    case.refresh_from_db()
    assert (case.decided_at, case.accepted_at) == (NOW, NOW)
    assert timezone.localdate(case.accepted_at) == case.accepted_on


def test_a_party_of_another_case_is_not_checked_here(world):
    case, party = register(world), PartyFactory()

    with pytest.raises(DomainError):
        perform(case, "check_identity", actor=world.officer, now=NOW, party=party, identity="verified")

    party.refresh_from_db()
    assert party.identity == ""


def test_an_extension_is_asked_for_by_one_and_granted_by_another(world):
    case = in_state(world, Kind.REPORT, State.ACCEPTED)
    perform(case, "ask_extension", actor=world.head, now=NOW, note="需要检验，案情复杂")
    assert "grant_extension" not in [step.verb for step in available_acts(case, world.head)]
    with pytest.raises(TransitionNotAllowed):
        perform(case, "grant_extension", actor=world.head, now=NOW)
    assert running(case) == {"report.verify": dt.date(2026, 11, 30)}
    approver = UserFactory(agency=world.district, roles=["approver"])

    perform(case, "grant_extension", actor=approver, now=NOW, note="同意延长")

    assert running(case) == {"report.verify_extended": dt.date(2026, 12, 21)}
    assert verbs(case)[-2:] == ["ask_extension", "grant_extension"]
    perform(case, "file", actor=world.officer, now=NOW)
    assert "report.verify_extended" not in running(case)


def test_a_term_that_runs_anew_may_be_extended_again(world):
    case = in_state(world, Kind.REPORT, State.ACCEPTED)
    for now in (NOW, local(2026, 11, 20)):
        perform(case, "ask_extension", actor=world.officer, now=now, note="案情复杂需要延长")
        assert "ask_extension" not in {step.verb for step in available_acts(case, world.officer)}
        perform(case, "grant_extension", actor=world.head, now=now)
        assert list(running(case)) == ["report.verify_extended"]
        with pytest.raises(DomainError):
            perform(case, "ask_extension", actor=world.officer, now=now, note="还需要再延长")
        perform(case, "not_file", actor=world.officer, now=now, ground=ground(case, GroundPurpose.NOT_FILE), note="无")
        perform(case, "reopen", actor=world.head, now=now, note="另有证据")
        assert list(running(case)) == ["report.verify"]

    assert case.extensions.filter(granted=True).count() == 2


def test_an_extension_lengthens_the_run_in_which_it_is_granted(world):
    earlier = in_state(world, Kind.REPORT, State.ACCEPTED)
    perform(earlier, "ask_extension", actor=world.officer, now=NOW, note="案情复杂需要延长")
    later = local(2026, 11, 16)
    repeat = register(world, Kind.REPORT, received_at=later, now=later)
    perform(repeat, "merge", actor=world.officer, now=later, target=earlier, new_facts=True, note="新增照片")

    perform(earlier, "grant_extension", actor=world.head, now=later)

    assert earlier.extensions.get().started_on == later.date()
    assert running(earlier) == {"report.verify_extended": dt.date(2026, 12, 28)}


@pytest.mark.parametrize(("kind", "reason"), [(Kind.COMPLAINT, "rights_holder"), (Kind.REPORT, "recusal")])
def test_a_term_stands_still_only_for_what_its_law_knows(world, kind, reason):
    case = in_state(world, kind, State.ACCEPTED)

    with pytest.raises(DomainError):
        perform(case, "pause", actor=world.officer, now=NOW, **DATA["pause"] | {"reason": reason})

    assert not case.pauses.exists()


def test_mediation_waits_for_a_decision_on_recusal(world):
    case = in_state(world, Kind.COMPLAINT, State.MEDIATING)
    perform(case, "pause", actor=world.officer, now=NOW, **DATA["pause"] | {"reason": "recusal"})
    for verb in ("agree", "fail"):
        with pytest.raises(TransitionNotAllowed, match="回避"):
            perform(case, verb, actor=world.officer, now=NOW, **given(world, case, verb))

    failed, dead = (ground(case, GroundPurpose.TERMINATE, position) for position in (2, 7))
    with pytest.raises(DomainError, match="回避"):
        perform(case, "terminate", actor=world.officer, now=NOW, ground=failed)
    case.refresh_from_db()
    assert case.state == State.MEDIATING

    perform(case, "resume", actor=world.officer, now=NOW, **DATA["resume"])
    perform(case, "agree", actor=world.officer, now=NOW)
    another = in_state(world, Kind.COMPLAINT, State.MEDIATING)
    perform(another, "pause", actor=world.officer, now=NOW, **DATA["pause"] | {"reason": "recusal"})
    perform(another, "terminate", actor=world.officer, now=NOW, ground=dead)  # no mediator has to decide that


def test_a_report_found_to_be_anothers_goes_back_while_it_is_verified(world):
    case = in_state(world, Kind.REPORT, State.ACCEPTED)
    before = running(case)

    perform(case, "return_to_intake", actor=world.officer, now=NOW, **given(world, case, "return_to_intake"))

    case.refresh_from_db()
    assert (case.state, case.accepted_at, case.handling) == (State.REGISTERED, None, None)
    assert running(case) == before


def test_the_first_ground_means_withdrawn_or_settled(world):
    case = in_state(world, Kind.COMPLAINT, State.MEDIATING)
    first = ground(case, GroundPurpose.TERMINATE)
    for outcome in ("failed", "unreachable", "other", ""):
        with pytest.raises(DomainError):
            perform(case, "terminate", actor=world.officer, now=NOW, ground=first, outcome=outcome)

    perform(case, "terminate", actor=world.officer, now=NOW, ground=first, outcome="withdrawn")


def test_a_notice_of_the_end_is_no_public_notice(world):
    case = in_state(world, Kind.COMPLAINT, State.ENDED)

    with pytest.raises(DomainError):
        perform(case, "inform", actor=world.officer, now=NOW, **given(world, case, "inform") | {"means": "public"})


def test_a_station_has_nobody_to_dispatch_to(world):
    case = register(world, handling=world.station)
    at_station = UserFactory(agency=world.station, roles=WORK)

    assert "dispatch" not in {step.verb for step in available_acts(case, at_station)}
    assert "dispatch" in {step.verb for step in available_acts(case, world.head)}


def test_after_the_last_return_none_is_offered(world):
    case = register(world, handling=world.station)
    station_officer = UserFactory(agency=world.station, roles=["officer"])
    for _time in range(2):
        perform(case, "return_to_intake", actor=station_officer, now=NOW, **given(world, case, "return_to_intake"))
        perform(case, "dispatch", actor=world.officer, now=NOW, agency=world.station)

    assert "return_to_intake" not in {step.verb for step in available_acts(case, station_officer)}


def test_a_term_is_paused_for_a_test_and_resumed(world):
    case = in_state(world, Kind.COMPLAINT, State.MEDIATING)
    due_on = running(case)["complaint.mediate"]
    perform(case, "pause", actor=world.officer, now=NOW, **DATA["pause"])
    assert running(case) == {"complaint.mediate": dt.date.max}
    assert "resume" in [step.verb for step in available_acts(case, world.officer)]
    assert "pause" not in [step.verb for step in available_acts(case, world.officer)]

    perform(case, "resume", actor=world.officer, now=local(2026, 11, 20), ended_on=dt.date(2026, 11, 20))

    # nine days that would have counted are left out of the sixty; the day of acceptance is none of them
    assert running(case) == {"complaint.mediate": dt.date(2027, 1, 18)}
    assert due_on == dt.date(2027, 1, 11)


def test_other_rules_are_kept_on_the_case(world):
    case = register(world, received_at=local(2026, 4, 14), now=local(2026, 4, 14))

    perform(case, "change_regime", actor=world.head, now=NOW, regime="order121", note="按新办法办理")

    case.refresh_from_db()
    assert case.regime == "order121"
    assert case.events.get(verb="change_regime").data == {"regime": "order121", "from": "decree778"}
    assert Ground.objects.for_case(case, GroundPurpose.REFUSE).count() == 7
