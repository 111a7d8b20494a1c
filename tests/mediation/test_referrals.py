"""The green channel: a complaint goes to a platform and is settled there, or comes back."""

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command

from accounts.models import AccessLog
from cases.domain import perform, start_clock
from cases.domain.clocks import pause_clocks
from cases.enums import Kind, PauseReason
from cases.models import Case, CaseEvent, Clock, ClockChange, ClockPause, Ground, Recovery
from cases.worker import JOBS
from core.exceptions import DomainError, TransitionNotAllowed
from mediation.domain import (
    act_on_referral,
    ask_recusal,
    entrust,
    lapse_referrals,
    recount_terms,
    refer,
    reveal_phones,
    schedule,
)
from mediation.models import PlatformReferral, ReferralEvent
from tests.factories import (
    AgencyFactory,
    CalendarDayFactory,
    CalendarNoticeFactory,
    CaseFactory,
    EntrustmentFactory,
    PartyFactory,
    PlatformFactory,
    RecusalFactory,
    ReferralFactory,
    SessionFactory,
    UserFactory,
)
from tests.factories.cases import local

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
D = dt.date
MONDAY = local(2026, 11, 9, 10)  # a working week without holidays, and so is the next
DUE = D(2026, 11, 23)  # ten working days after it


@pytest.fixture
def world(db):
    """A district with an officer, a platform with an account, and a complaint of 5 November, not accepted yet."""
    district = AgencyFactory(parent=AgencyFactory())
    platform = PlatformFactory(name="澄测商城", name_en="Chengce Mall")
    case = CaseFactory(handling=district, received_at=local(2026, 11, 5), regime="order121", claimed=Decimal("300.00"))
    officer = UserFactory(agency=district, roles=["officer"])
    start_clock(case, "complaint.accept", on=D(2026, 11, 5), actor=officer, now=MONDAY)
    PartyFactory(case=case)
    return SimpleNamespace(
        district=district, platform=platform, case=case, officer=officer,
        partner=UserFactory(agency=platform.agency, roles=["platform_partner"]),
    )  # fmt: skip


@pytest.fixture
def referral(world):
    return refer(world.case, world.platform, actor=world.officer, now=MONDAY)


def stored():
    """All that these functions write."""
    models = (PlatformReferral, ReferralEvent, Case, CaseEvent, Clock, ClockPause, ClockChange, Recovery, AccessLog)
    return [list(model.objects.order_by("pk").values()) for model in models]


def term(case):
    clock = case.clocks.get()
    return clock.due_on, clock.paused_on, clock.stopped_on


def refused(error, words, function, *args, **kwargs):
    before = stored()
    with pytest.raises(error, match=words):
        function(*args, **kwargs)
    assert stored() == before


# ---- referring


def test_a_complaint_goes_to_a_platform_and_its_terms_stand_still(world):
    assert term(world.case) == (D(2026, 11, 16), None, None)

    referral = refer(world.case, world.platform, actor=world.officer, note="请尽快联系", now=MONDAY)

    assert (referral.state, referral.safe_on, referral.due_on, referral.provisional) == ("waiting", DUE, DUE, False)
    assert (referral.referred_at, referral.created_by) == (MONDAY, world.officer)
    assert term(world.case) == (D.max, D(2026, 11, 9), None)
    pause = world.case.pauses.get()
    assert (pause.reason, pause.started_on, pause.document) == (
        "green_channel", D(2026, 11, 9), "Referral to Chengce Mall",
    )  # fmt: skip
    (event,) = referral.events.all()
    assert (event.verb, event.before, event.after, event.actor, event.note) == (
        "refer", "", "waiting", world.officer, "请尽快联系",
    )  # fmt: skip
    told = world.case.events.get()
    assert (told.verb, told.before, told.after, told.data["worded"], told.note) == (
        "refer_channel", "registered", "registered", ["澄测商城", "Chengce Mall"], "请尽快联系",
    )  # fmt: skip


def test_the_term_counts_the_calendar_of_working_days(world):
    """Ten working days across the autumn of 2026 with its make-up days; whoever refers late in the year is told that the
    calendar is not known."""
    spring = refer(world.case, world.platform, actor=world.officer, now=local(2026, 12, 28))
    assert (spring.due_on, spring.provisional) == (D(2027, 1, 11), True)


def test_the_accepted_complaint_of_a_council_goes_too(world):
    council = AgencyFactory(council=True)
    clerk = UserFactory(agency=council, roles=["officer"])
    case = CaseFactory(handling=council, custodian=council, body="council", accepted=True, received_at=local(2026, 11, 3))
    start_clock(case, "council.mediate", on=D(2026, 11, 5), actor=clerk, now=MONDAY)

    refer(case, world.platform, actor=clerk, now=MONDAY)

    # a rule that leaves out no testing stands still for this
    assert not case.clocks.get().rule.pauses
    assert term(case) == (D.max, D(2026, 11, 9), None)


def test_a_complaint_without_a_running_term_goes_too(world):
    case = CaseFactory(handling=world.district, received_at=local(2026, 11, 5))

    refer(case, world.platform, actor=world.officer, now=MONDAY)

    assert case.pauses.get().reason == "green_channel"


def test_a_term_that_is_over_stays_over(world):
    late = local(2026, 11, 17)
    refer(world.case, world.platform, actor=world.officer, now=late)

    assert term(world.case) == (D(2026, 11, 16), None, None)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"kind": Kind.REPORT}, "Only complaints go to a platform"),
        ({"kind": Kind.INQUIRY}, "Only complaints go to a platform"),
        ({"closed": True}, "does not apply in the state “Closed”"),
        ({"refused": True}, "does not apply in the state “Not accepted”"),
        ({"accepted": True, "state": "mediating"}, "does not apply in the state “In mediation”"),
        ({"accepted": True, "state": "ended", "ended_at": MONDAY}, "does not apply in the state “To be closed”"),
    ],
)
def test_what_does_not_go_to_a_platform(world, facts, words):
    case = CaseFactory(handling=world.district, received_at=local(2026, 10, 5), **facts)

    refused(TransitionNotAllowed, words, refer, case, world.platform, actor=world.officer, now=MONDAY)


@pytest.mark.parametrize(
    "membership",
    [
        {"green_from": None}, {"green_from": D(2026, 11, 10)}, {"green_to": D(2026, 11, 9)},
        {"green_to": D(2026, 11, 1)},
    ],
)  # fmt: skip
def test_only_members_on_the_day_get_complaints(world, membership):
    platform = PlatformFactory(name_en="Former Mall", **membership)

    words = "Former Mall is no member of the green channel on 2026-11-09"
    refused(DomainError, words, refer, world.case, platform, actor=world.officer, now=MONDAY)


def test_on_the_last_day_of_a_membership_and_on_the_first_a_complaint_goes(world):
    platform = PlatformFactory(green_from=D(2026, 11, 9), green_to=D(2026, 11, 10))

    assert refer(world.case, platform, actor=world.officer, now=MONDAY).platform == platform


def test_what_is_open_runs_on_after_the_membership(world, referral):
    world.platform.green_to = D(2026, 11, 10)
    world.platform.save()

    act_on_referral(referral, "settle", actor=world.partner, now=local(2026, 11, 12), settlement="全额退款")

    assert referral.state == "settled"


def test_a_case_is_referred_once_at_a_time(world, referral):
    words = "is with a platform of the green channel"
    refused(TransitionNotAllowed, words, refer, world.case, PlatformFactory(), actor=world.officer, now=MONDAY)


def test_a_paused_case_is_not_referred(world):
    case = CaseFactory(handling=world.district, accepted=True, received_at=local(2026, 11, 5), regime="order121")
    start_clock(case, "complaint.mediate", on=D(2026, 11, 7), actor=world.officer, now=MONDAY)
    pause_clocks(
        case, reason="testing", started_on=D(2026, 11, 8), document="检测委托书1号", actor=world.officer, now=MONDAY
    )

    refused(TransitionNotAllowed, "paused already", refer, case, world.platform, actor=world.officer, now=MONDAY)


@pytest.mark.parametrize(
    ("beside", "words"),
    [
        (SessionFactory, "A session of this case is scheduled"),
        (EntrustmentFactory, "is entrusted to another body"),
        (RecusalFactory, "application for recusal"),
    ],
)
def test_what_is_being_mediated_is_not_referred(world, beside, words):
    case = CaseFactory(handling=world.district, accepted=True, received_at=local(2026, 11, 3))
    beside(case=case)

    refused(DomainError, words, refer, case, world.platform, actor=world.officer, now=MONDAY)


def test_who_refers(world):
    """Officers, approvers and mediators of the case's agency and of those above; nobody of another agency, no clerk, no
    regulator, no platform."""
    for user in (
        UserFactory(agency=AgencyFactory(), roles=["officer"]),
        UserFactory(agency=world.district, roles=["clerk"]),
        UserFactory(agency=world.district, roles=["regulator"]),
        UserFactory(agency=AgencyFactory(council=True), roles=["mediator"]),
        world.partner,
    ):
        refused(PermissionDenied, None, refer, world.case, world.platform, actor=user, now=MONDAY)
    for role in ("officer", "approver", "mediator"):
        case = CaseFactory(handling=world.district, received_at=local(2026, 11, 5))
        refer(case, world.platform, actor=UserFactory(agency=world.district, roles=[role]), now=MONDAY)


# ---- while it is there


def test_nothing_is_decided_while_a_platform_has_the_complaint(world):
    """What another act would decide waits; what is learnt meanwhile is written down."""
    accepted = CaseFactory(handling=world.district, accepted=True, received_at=local(2026, 11, 3), regime="order121")
    start_clock(accepted, "complaint.mediate", on=D(2026, 11, 5), actor=world.officer, now=MONDAY)
    for case in (world.case, accepted):
        refer(case, world.platform, actor=world.officer, now=MONDAY)
    head = UserFactory(agency=world.district, roles=["officer", "approver"])
    ground = Ground.objects.for_case(accepted, "terminate").get(position=3)
    station = AgencyFactory(parent=world.district, kind="station")
    acts = {
        world.case: {
            "accept": {}, "refuse": {"ground": Ground.objects.for_case(world.case, "refuse").first(), "note": "原因不符"},
            "withdraw": {}, "dispatch": {"agency": station},
            "return_to_intake": {"ground": Ground.objects.filter(purpose="return").first(), "note": "不属于辖区"},
        },
        accepted: {
            "mediate": {"mode": "remote", "both_consent": True}, "settle": {}, "fail": {"ground": ground},
            "withdraw": {}, "terminate": {"ground": ground}, "resume": {"ended_on": D(2026, 11, 10)},
            "pause": {"reason": "testing", "started_on": D(2026, 11, 10), "document": "检测委托书1号"},
            "dispatch": {"agency": station},
        },
    }  # fmt: skip
    words = "Take it back from there first"
    for case, verbs in acts.items():
        for verb, data in verbs.items():
            refused(TransitionNotAllowed, words, perform, case, verb, actor=head, now=local(2026, 11, 10), **data)

    perform(accepted, "supplement", actor=head, now=local(2026, 11, 10), text="消费者补充了照片")
    perform(accepted, "take", actor=head, now=local(2026, 11, 10))


def test_no_mediation_begins_while_a_platform_has_the_complaint(world, at):
    case = CaseFactory(handling=world.district, accepted=True, received_at=local(2026, 11, 3), regime="order121")
    refer(case, world.platform, actor=world.officer, now=MONDAY)
    clerk = UserFactory(agency=world.district, roles=["mediator", "approver"])
    words = "Take it back from there first"
    appointment = at()
    appointment.mediator.agency = world.district
    appointment.mediator.save()

    refused(DomainError, words, schedule, case, appointment, actor=clerk, now=MONDAY)
    refused(
        DomainError, words, entrust, case, AgencyFactory(council=True), complainant_agrees=True, respondent_agrees=True,
        actor=clerk, now=MONDAY,
    )  # fmt: skip
    refused(
        DomainError, words, ask_recusal, case, appointment.mediator, side="complainant", reason="与被投诉人有亲属关系",
        actor=clerk, now=MONDAY,
    )  # fmt: skip


def test_nobody_chooses_the_green_channel_as_a_pause(world):
    case = CaseFactory(handling=world.district, accepted=True, received_at=local(2026, 11, 3), regime="order121")
    start_clock(case, "complaint.mediate", on=D(2026, 11, 5), actor=world.officer, now=MONDAY)
    given = {"reason": PauseReason.GREEN_CHANNEL, "started_on": D(2026, 11, 9), "document": "转办单"}

    refused(DomainError, "stands still for this reason", perform, case, "pause", actor=world.officer, now=MONDAY, **given)


# ---- the platform's answers


def test_a_platform_replies_and_adds_to_its_reply(world, referral):
    first, second = local(2026, 11, 10, 9, 30), local(2026, 11, 11, 14, 5)

    act_on_referral(referral, "reply", actor=world.partner, now=first, text=" 已联系消费者 ")
    act_on_referral(referral, "reply", actor=world.partner, now=second, text="等待退货")

    referral.refresh_from_db()
    assert referral.reply == "已联系消费者\n\n[2026-11-11 14:05] 等待退货"
    assert (referral.state, referral.replied_at, referral.ended_at) == ("waiting", first, None)
    assert [event.data for event in referral.events.filter(verb="reply")] == [{}, {}]  # the text stands in one place


def test_a_settled_complaint_has_ended_and_owes_no_notice_where_it_was_never_accepted(world, referral):
    now = local(2026, 11, 12, 15)

    act_on_referral(referral, "settle", actor=world.partner, now=now, settlement="退货退款")

    case = world.case
    for row in (referral, case):
        row.refresh_from_db()
    assert (referral.state, referral.ended_at, referral.settlement) == ("settled", now, "退货退款")
    assert referral.recovery is None
    assert (case.state, case.outcome, case.ground, case.ended_at) == ("ended", "settled", "", now)
    clock = case.clocks.get()
    # Friday the sixth counted; from the ninth on nothing did
    assert (clock.rule.code, clock.due_on, clock.stopped_on) == ("complaint.accept", D(2026, 11, 19), D(2026, 11, 12))
    assert case.pauses.get().ended_on == D(2026, 11, 12)
    event = case.events.get(verb="settle_channel")
    assert (event.before, event.after, event.actor) == ("registered", "ended", world.partner)

    perform(case, "close", actor=world.officer, now=now)

    case.refresh_from_db()
    assert case.state == "closed"


def test_of_an_accepted_complaint_both_sides_are_told_that_it_has_ended(world):
    case = CaseFactory(handling=world.district, accepted=True, received_at=local(2026, 11, 3), regime="order121")
    start_clock(case, "complaint.mediate", on=D(2026, 11, 5), actor=world.officer, now=MONDAY)
    referral = refer(case, world.platform, actor=world.officer, now=MONDAY)
    now = local(2026, 11, 12)

    act_on_referral(referral, "settle", actor=world.partner, now=now, settlement="换货")

    case.refresh_from_db()
    first = Ground.objects.for_case(case, "terminate").get(position=1)
    assert (case.state, case.outcome, case.ground) == ("ended", "settled", first.code)
    notices = case.clocks.filter(rule__code="complaint.notify_end", stopped_on=None)
    assert [(clock.side, clock.due_on, clock.paused_on) for clock in notices.order_by("side")] == [
        ("complainant", D(2026, 11, 23), None), ("respondent", D(2026, 11, 23), None),
    ]  # fmt: skip
    refused(TransitionNotAllowed, "must be told first", perform, case, "close", actor=world.officer, now=now)
    for side in ("complainant", "respondent"):
        perform(case, "inform", actor=world.officer, now=now, side=side, means="phone", told_on=D(2026, 11, 12))
    perform(case, "close", actor=world.officer, now=now)


def test_money_of_a_settlement_is_one_posting(world, referral):
    now = local(2026, 11, 12)
    money = {"amount": Decimal("250.00"), "kind": "refund", "status": "promised", "evidence": "聊天记录"}

    act_on_referral(referral, "settle", actor=world.partner, now=now, settlement="退款二百五十元", **money)

    posting = Recovery.objects.get()
    referral.refresh_from_db()
    assert referral.recovery == posting
    assert (posting.case, posting.amount, posting.kind, posting.status, posting.means, posting.evidence) == (
        world.case, Decimal("250.00"), "refund", "promised", "platform", "聊天记录",
    )  # fmt: skip
    assert (posting.actor, posting.posted_on) == (world.partner, D(2026, 11, 12))


@pytest.mark.parametrize(
    ("money", "words"),
    [
        ({"amount": Decimal("300.01"), "kind": "refund", "status": "paid", "evidence": "回单"}, "more than the claim"),
        ({"amount": Decimal("0.00"), "kind": "refund", "status": "paid", "evidence": "回单"}, "Missing: amount"),
        ({"amount": Decimal("-5.00"), "kind": "refund", "status": "paid", "evidence": "银行回单"}, "above zero"),
        ({"amount": Decimal("10.00"), "kind": "refund", "status": "paid"}, "Missing: evidence"),
        ({"amount": Decimal("10.00"), "status": "paid", "evidence": "银行回单"}, "Missing: recovery_kind"),
        ({"kind": "refund", "status": "paid"}, "Give the amount"),
    ],
)
def test_wrong_money_settles_nothing(world, referral, money, words):
    given = {"actor": world.partner, "now": local(2026, 11, 12), "settlement": "退款"} | money

    refused(DomainError, words, act_on_referral, referral, "settle", **given)


def test_more_than_was_claimed_is_settled_with_a_reason(world, referral):
    money = {"amount": Decimal("600.00"), "kind": "compensation", "status": "paid", "evidence": "银行回单"}

    given = {"settlement": "退款并赔偿", "reason": "含赔偿金"} | money
    act_on_referral(referral, "settle", actor=world.partner, now=local(2026, 11, 12), **given)

    assert Recovery.objects.get().amount == Decimal("600.00")


def test_a_joint_complaint_is_settled_with_the_consent_of_all(world):
    PartyFactory(case=world.case)
    referral = refer(world.case, world.platform, actor=world.officer, now=MONDAY)
    given = {"actor": world.partner, "now": local(2026, 11, 12), "settlement": "退款"}

    refused(DomainError, "must have agreed", act_on_referral, referral, "settle", **given)
    act_on_referral(referral, "settle", represented_agree=True, **given)

    assert referral.state == "settled"


@pytest.mark.parametrize(
    ("verb", "who", "because"), [("decline", "partner", "declined"), ("recall", "officer", "recalled")]
)
def test_a_complaint_comes_back_and_its_terms_run_on_from_the_next_day(world, referral, verb, who, because):
    now = local(2026, 11, 11, 23, 30)

    act_on_referral(referral, verb, actor=getattr(world, who), now=now, note="该订单不属于本平台")

    for row in (referral, world.case):
        row.refresh_from_db()
    assert (referral.state, referral.returned_because, referral.reason, referral.ended_at) == (
        "returned", because, "该订单不属于本平台", now,
    )  # fmt: skip
    pause = world.case.pauses.get()
    assert (pause.started_on, pause.ended_on, pause.ended_by) == (D(2026, 11, 9), D(2026, 11, 12), getattr(world, who))
    # three working days left out of the term until the sixteenth
    assert term(world.case) == (D(2026, 11, 19), None, None)
    assert (world.case.state, world.case.outcome) == ("registered", "")
    event = world.case.events.get(verb=f"{verb}_channel")
    assert (event.actor, event.note) == (getattr(world, who), "该订单不属于本平台")
    perform(world.case, "accept", actor=world.officer, now=local(2026, 11, 12))


def test_what_has_come_back_may_go_out_again_and_no_day_counts_twice(world, referral):
    act_on_referral(referral, "decline", actor=world.partner, now=local(2026, 11, 11), note="该订单不属于本平台")

    again = refer(world.case, PlatformFactory(), actor=world.officer, now=local(2026, 11, 11, 16))
    act_on_referral(again, "recall", actor=world.officer, now=local(2026, 11, 13), note="消费者要求调解")

    # Monday to Friday were left out
    assert term(world.case) == (D(2026, 11, 23), None, None)


@pytest.mark.parametrize(("verb", "who"), [("decline", "partner"), ("recall", "officer")])
def test_a_reason_is_given_for_a_return(world, referral, verb, who):
    given = {"actor": getattr(world, who), "now": local(2026, 11, 11)}

    refused(DomainError, "Missing: note", act_on_referral, referral, verb, note="  ", **given)
    refused(DomainError, "at least 5 characters", act_on_referral, referral, verb, note="不行", **given)


ANSWERS = {
    "reply": {"text": "已联系消费者"}, "settle": {"settlement": "退款"}, "decline": {"note": "该订单不属于本平台"},
}  # fmt: skip


@pytest.mark.parametrize("verb", ANSWERS)
def test_a_platform_answers_its_own_referrals_alone(world, referral, verb):
    other = UserFactory(agency=PlatformFactory().agency, roles=["platform_partner"])
    stray = UserFactory(agency=world.district, roles=["platform_partner"])  # in a bureau the role opens nothing

    for user in (other, stray, world.officer):
        refused(
            PermissionDenied, None, act_on_referral, referral, verb, actor=user, now=local(2026, 11, 10), **ANSWERS[verb]
        )


def test_only_the_regulator_takes_back(world, referral):
    elsewhere = UserFactory(agency=AgencyFactory(), roles=["officer"])

    for user in (world.partner, elsewhere, UserFactory(agency=world.district, roles=["regulator"])):
        refused(
            PermissionDenied, None, act_on_referral, referral, "recall", actor=user, now=local(2026, 11, 10),
            note="消费者要求调解",
        )  # fmt: skip


VERBS = ANSWERS | {"recall": {"note": "消费者要求调解"}, "lapse": {}}


@pytest.mark.parametrize("end", ["settled", "declined", "silent", "recalled"])
@pytest.mark.parametrize("verb", VERBS)
def test_nothing_is_done_to_a_referral_that_is_over(world, end, verb):
    case = CaseFactory(handling=world.district, received_at=local(2026, 11, 3))
    referral = ReferralFactory(case=case, platform=world.platform, **{end: True})
    actor = world.officer if verb == "recall" else world.partner

    refused(
        TransitionNotAllowed, "does not apply in the state", act_on_referral, referral, verb, actor=actor,
        now=local(2026, 11, 24), **VERBS[verb],
    )  # fmt: skip


# ---- silence


@pytest.mark.parametrize("verb", ANSWERS)
def test_once_the_term_is_over_the_platform_answers_no_longer(world, referral, verb):
    late = {"actor": world.partner, "now": local(2026, 11, 24, 0, 1)}

    refused(DomainError, "ended on 2026-11-23", act_on_referral, referral, verb, **late, **ANSWERS[verb])
    act_on_referral(referral, verb, actor=world.partner, now=local(2026, 11, 23, 23, 59), **ANSWERS[verb])


@pytest.mark.parametrize("day", [24, 30])
def test_silence_comes_back_by_itself_and_counts_from_the_day_after_the_term(world, referral, day):
    now = local(2026, 11, day, 3)
    assert lapse_referrals(50, now=local(2026, 11, 23, 23, 59)) == 0

    assert lapse_referrals(50, now=now) == 1
    assert lapse_referrals(50, now=now) == 0

    referral.refresh_from_db()
    assert (referral.state, referral.returned_because, referral.reason, referral.ended_at) == (
        "returned", "silence", "", now,
    )  # fmt: skip
    pause = world.case.pauses.get()
    assert (pause.ended_on, pause.ended_by.username) == (D(2026, 11, 24), "system")
    # six of the seven working days were left when it went out on the ninth: the 24th is the first of them
    assert term(world.case) == (D(2026, 12, 1), None, None)
    assert [event.verb for event in referral.events.all()] == ["refer", "lapse"]
    assert world.case.events.get(verb="lapse_channel").actor.username == "system"


def test_lapse_before_the_term_is_over_is_refused(world, referral):
    words = "runs until 2026-11-23"
    refused(DomainError, words, act_on_referral, referral, "lapse", actor=world.officer, now=local(2026, 11, 23))


def test_who_takes_back_after_the_term_finds_that_it_has_come_back(world, referral):
    now = local(2026, 11, 25)

    act_on_referral(referral, "recall", actor=world.officer, now=now, note="消费者要求调解")

    referral.refresh_from_db()
    assert (referral.state, referral.returned_because) == ("returned", "silence")
    assert world.case.pauses.get().ended_on == D(2026, 11, 24)


def test_a_turn_of_the_job_does_so_many_and_the_worker_has_it(world):
    for _n in range(3):
        case = CaseFactory(handling=world.district, received_at=local(2026, 11, 5))
        refer(case, world.platform, actor=world.officer, now=MONDAY)
    now = local(2026, 11, 24)

    assert [lapse_referrals(2, now=now) for _turn in range(3)] == [2, 1, 0]
    assert JOBS["lapse_referrals"] is lapse_referrals


def test_one_that_cannot_come_back_keeps_none_waiting(world):
    stuck, other = (
        refer(CaseFactory(handling=world.district, received_at=local(2026, 11, 5)), world.platform, actor=world.officer,
              now=MONDAY)
        for _n in range(2)
    )  # fmt: skip
    # its case was received, as its source corrects it, after the term of the platform
    Case.objects.filter(pk=stuck.case_id).update(received_at=local(2026, 11, 25))
    now = local(2026, 11, 26)

    assert [lapse_referrals(1, now=now) for _turn in range(2)] == [1, 0]

    stuck.refresh_from_db(), other.refresh_from_db()
    assert (stuck.state, other.state) == ("waiting", "returned")


def test_an_imported_referral_comes_back_without_touching_its_closed_case(world):
    case = CaseFactory(handling=world.district, closed=True, received_at=local(2026, 10, 5))
    referral = ReferralFactory(case=case, platform=world.platform)

    assert lapse_referrals(50, now=local(2026, 11, 24)) == 1

    referral.refresh_from_db()
    assert referral.returned_because == "silence"
    assert not case.events.exists()


def test_the_command_says_how_many_came_back(world, capsys):
    ReferralFactory(case__handling=world.district, due_on=D(2020, 1, 2), safe_on=D(2020, 1, 2))

    call_command("lapse_referrals", "--json")
    call_command("lapse_referrals")

    assert capsys.readouterr().out.splitlines() == ['{"lapsed": 1}', "0 referrals lapsed."]


def test_a_calendar_that_becomes_known_moves_the_term_of_the_platform(world):
    """New Year and a make-up Saturday, in a notice that comes after the complaint was referred."""
    referral = refer(world.case, world.platform, actor=world.officer, now=local(2026, 12, 28))
    over = ReferralFactory(settled=True)
    assert (referral.due_on, referral.provisional) == (D(2027, 1, 11), True)
    notice = CalendarNoticeFactory(year=2027)
    for day, working in ((D(2027, 1, 1), False), (D(2027, 1, 4), False), (D(2027, 1, 9), True)):
        CalendarDayFactory(notice=notice, date=day, working=working)
    before = stored()

    assert recount_terms({"platforms": ["x"]}, write=True) is None
    seen = recount_terms({"calendar": [notice.code]}, write=False)
    assert (list(seen.sentences()), stored()) == (["1 term of a platform moves."], before)
    done = recount_terms({"calendar": [notice.code]}, write=True, actor=world.officer)

    assert done.as_json() == {"referrals": 1, "confirmations": 0}
    referral.refresh_from_db()
    # 29, 30, 31 December, 5 to 9 January, 11, 12
    assert (referral.safe_on, referral.due_on, referral.provisional) == (D(2027, 1, 12), D(2027, 1, 12), False)
    event = referral.events.get(verb="recount")
    assert (event.actor, event.data) == (world.officer, {"before_on": "2027-01-11", "after_on": "2027-01-12"})
    assert not over.events.exists()
    assert recount_terms({"calendar": [notice.code]}, write=True) is None


# ---- who the consumer is


def test_a_platform_gets_the_telephone_of_the_complainant_once_it_is_logged(world, referral):
    PartyFactory(case=world.case, role="proxy")
    (party,) = world.case.parties.filter(role="consumer")

    phones = reveal_phones(
        referral, actor=world.partner, reason="联系消费者协商", ip="192.0.2.7", now=local(2026, 11, 10)
    )

    assert phones == [("张某", "13800000001")]
    line = AccessLog.objects.get()
    assert (line.user, line.action, line.target, line.fields, line.reason, line.ip) == (
        world.partner, "reveal", f"{world.case.number}/{party.pk}", "phone", "联系消费者协商", "192.0.2.7",
    )  # fmt: skip


def test_who_gets_no_telephone(world, referral):
    now = local(2026, 11, 10)
    given = {"reason": "联系消费者协商", "ip": None, "now": now}
    for user in (UserFactory(agency=PlatformFactory().agency, roles=["platform_partner"]), world.officer):
        refused(PermissionDenied, None, reveal_phones, referral, actor=user, **given)
    refused(DomainError, "Give the reason", reveal_phones, referral, actor=world.partner, **given | {"reason": "要"})
    late = given | {"now": local(2026, 11, 24)}
    refused(DomainError, "no longer with the platform", reveal_phones, referral, actor=world.partner, **late)
    act_on_referral(referral, "decline", actor=world.partner, now=now, note="该订单不属于本平台")
    refused(DomainError, "no longer with the platform", reveal_phones, referral, actor=world.partner, **given)
