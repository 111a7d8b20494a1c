"""The life of a pledge: what each step needs, what it does, and what is refused."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from core.exceptions import DomainError, TransitionNotAllowed
from pledges.domain import PLEDGE, act_on_pledge, apply_for, apply_together, expire_pledges, last_day
from pledges.domain.pledges import checked_promise, next_stage
from pledges.enums import ENDED, PUBLIC, PledgeState, PledgeVerb
from pledges.models import Pledge, PledgeEvent, Premises, Suspension
from tests.factories import (
    AgencyFactory,
    PledgeFactory,
    PledgeTypeFactory,
    PremisesFactory,
    RegionFactory,
    UserFactory,
)
from tests.factories.cases import local

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

NOW = local(2026, 11, 12, 16)
TODAY = dt.date(2026, 11, 12)
PROMISE = {"days": 10, "goods": "全部商品", "proof": "小票", "excluded": "内衣"}
day = dt.date


@pytest.fixture
def returns():
    return PledgeTypeFactory(returns=True)


@pytest.fixture
def applied(premises, returns, clerk):
    return apply_for(premises, returns, promise=PROMISE, applied_on=day(2026, 11, 2), actor=clerk, now=NOW)


def opine(pledge, actor, stage, favourable=True, **changes):
    given = {"text": "符合条件。", "body": "区消保委", "person": "王五", "given_on": day(2026, 11, 3)} | changes
    return act_on_pledge(pledge, "opine", actor=actor, now=NOW, stage=stage, favourable=favourable, **given)


def in_force(premises, **facts):
    """In force since 2024-11-12, so that 2027-11-11 is its last day."""
    given = {"published_on": day(2024, 11, 12), "valid_to": day(2027, 11, 11)} | facts
    return PledgeFactory(premises=premises, in_force=True, **given)


def row(pledge):
    return Pledge.objects.filter(pk=pledge.pk).values().get()


def test_an_application_keeps_what_is_promised(applied, premises, returns, clerk, district):
    assert (applied.state, applied.premises, applied.type, applied.agency) == ("applied", premises, returns, district)
    assert (applied.days, applied.goods, applied.proof, applied.excluded) == (10, "全部商品", "小票", "内衣")
    assert (applied.origin, applied.previous, applied.terms) == ("clerk", None, 0)
    event = applied.events.get()
    assert (event.verb, event.before, event.after, event.actor) == ("apply", "", "applied", clerk)
    assert event.data == {"on": "2026-11-02", "origin": "clerk", "previous": None}


def together(premises, type, clerk, **changes):
    given = {"promise": PROMISE, "applied_on": day(2026, 11, 2), "application": "杭放2026-7", "origin": "merchant"}
    return apply_together(premises, type, actor=clerk, now=NOW, **(given | changes))


def test_premises_of_one_merchant_are_applied_for_together(premises, returns, clerk, district):
    others = [PremisesFactory(merchant=premises.merchant, agency=district) for _n in range(2)]

    pledges = together([premises, *others, premises], returns, clerk)

    assert [pledge.premises for pledge in pledges] == [premises, *others]
    facts = ("application", "origin", "state", "days", "goods", "proof", "excluded", "applied_on")
    told = {tuple(getattr(pledge, name) for name in facts) for pledge in Pledge.objects.all()}
    assert told == {("杭放2026-7", "merchant", "applied", 10, "全部商品", "小票", "内衣", day(2026, 11, 2))}
    assert [event.data["origin"] for event in PledgeEvent.objects.all()] == ["merchant"] * 3


def test_one_alone_takes_no_number_of_an_application(premises, returns, clerk):
    [pledge] = together([premises], returns, clerk, application="")

    assert (pledge.premises, pledge.application) == (premises, "")


def test_what_is_applied_for_together_is_taken_for_all_or_for_none(premises, returns, clerk, district):
    region = RegionFactory(name_en="West Lake")
    other = PremisesFactory(merchant=premises.merchant, agency=district, name="湖滨店13900000001", region=region)
    foreign = PremisesFactory(merchant=premises.merchant)
    PledgeFactory(premises=other, type=returns)
    reason = r"^湖滨店139\*\*\*\*0001 \(West Lake\): There is an application for this type at these premises already"
    elsewhere = PremisesFactory(agency=district)
    for rows, changes, message in (
        ([premises, other], {}, reason), ([premises, elsewhere], {}, "are of one merchant"),
        ([premises, other], {"application": " "}, "Give the number of the application"),
        ([other], {}, "^There is an application for this type"),
    ):  # fmt: skip
        with pytest.raises(DomainError, match=message):
            together(rows, returns, clerk, **changes)
    with pytest.raises(PermissionDenied):
        together([premises, foreign], returns, clerk)
    with pytest.raises(PermissionDenied):
        together([premises], returns, UserFactory(agency=district, roles=["officer"]))
    assert Pledge.objects.get().premises == other


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"days": 6}, "for 7 days at least, not 6"), ({"days": None}, "states: return days"),
        ({"goods": "  ", "proof": ""}, "states: goods covered, proof of purchase"),
        ({"fund": Decimal("-1")}, "never below zero"),
    ],
)  # fmt: skip
def test_a_promise_that_lacks_something_or_undercuts_the_law_is_refused(premises, returns, clerk, changes, message):
    with pytest.raises(DomainError, match=message):
        apply_for(premises, returns, promise=PROMISE | changes, applied_on=TODAY, actor=clerk, now=NOW)
    assert not Pledge.objects.exists()


def test_a_type_may_ask_for_more_days_than_the_law():
    longer = PledgeTypeFactory(least_days=15, needs=["days"])

    with pytest.raises(DomainError, match="for 15 days at least, not 14"):
        checked_promise(longer, {"days": 14})
    assert checked_promise(longer, {"days": 15}) == {"days": 15}


def test_an_application_is_of_a_day_on_which_the_type_was_offered(premises, clerk):
    past = PledgeTypeFactory(valid_from=day(2020, 1, 1), valid_to=day(2026, 1, 1))
    for applied_on, message in ((day(2026, 1, 1), "not taken on"), (day(2026, 11, 13), "day to come")):
        with pytest.raises(DomainError, match=message):
            apply_for(premises, past, promise={"statement": "诚信经营"}, applied_on=applied_on, actor=clerk, now=NOW)

    made = apply_for(
        premises, past, promise={"statement": "诚信经营"}, applied_on=day(2025, 12, 31), actor=clerk, now=NOW
    )
    assert made.statement == "诚信经营"


def test_nobody_applies_for_premises_of_others(returns, clerk, district):
    for actor in (clerk, UserFactory(agency=district, roles=["officer"])):
        with pytest.raises(PermissionDenied):
            apply_for(PremisesFactory(), returns, promise=PROMISE, applied_on=TODAY, actor=actor, now=NOW)
    assert not Pledge.objects.exists()


def test_one_application_of_a_type_at_a_time(applied, premises, returns, clerk):
    with pytest.raises(DomainError, match="There is an application for this type"):
        apply_for(premises, returns, promise=PROMISE, applied_on=TODAY, actor=clerk, now=NOW)

    act_on_pledge(applied, "withdraw", actor=clerk, now=NOW, note="商户改变主意了")
    assert apply_for(premises, returns, promise=PROMISE, applied_on=TODAY, actor=clerk, now=NOW).state == "applied"


def test_opinions_come_in_stages_and_all_in_favour_before_it_is_admitted(applied, clerk, head):
    assert next_stage(applied) == "council"
    with pytest.raises(DomainError, match="First comes the opinion of this stage: Consumer council"):
        opine(applied, clerk, "bureau")
    opine(applied, clerk, "council", favourable=False)
    with pytest.raises(TransitionNotAllowed, match="missing or not in favour: Consumer council"):
        act_on_pledge(applied, "admit", actor=head, now=NOW)
    opine(applied, clerk, "council")
    for wrong in (day(2026, 11, 1), day(2026, 11, 13)):
        with pytest.raises(DomainError, match="between the application and today"):
            opine(applied, clerk, "bureau", given_on=wrong)
    opine(applied, clerk, "bureau")
    with pytest.raises(TransitionNotAllowed, match="All opinions are in favour"):
        opine(applied, clerk, "bureau")

    act_on_pledge(applied, "admit", actor=head, now=NOW)

    assert row(applied)["state"] == "admitted"
    assert list(applied.opinions.values_list("stage", "favourable")) == [
        ("council", False), ("council", True), ("bureau", True),
    ]  # fmt: skip


def test_published_it_is_in_force_for_the_term_of_its_type(premises, clerk, head):
    pledge = apply_for(
        premises, PledgeTypeFactory(), promise={"statement": "诚信"}, applied_on=day(2026, 2, 1), actor=clerk, now=NOW
    )
    act_on_pledge(pledge, "admit", actor=head, now=NOW, on=day(2026, 2, 20))
    act_on_pledge(pledge, "publish", actor=head, now=NOW, on=day(2026, 2, 28), plaque="杭放心2026-001")

    found = row(pledge)
    assert (found["state"], found["published_on"], found["valid_to"]) == ("in_force", day(2026, 2, 28), day(2029, 2, 27))
    assert (found["terms"], found["plaque"], found["ended_on"]) == (1, "杭放心2026-001", None)
    assert pledge.events.last().data == {"on": "2026-02-28", "valid_to": "2029-02-27", "plaque": "杭放心2026-001"}
    in_force = [day(2026, 2, 28), day(2029, 2, 27)]
    for one, binds in [*((one, True) for one in in_force), (day(2026, 2, 27), False), (day(2029, 2, 28), False)]:
        assert Pledge.objects.in_force_on(one).exists() is binds, one
        assert Premises.objects.units_on(one).exists() is binds, one


def test_the_plaque_is_made_later_and_has_a_number_of_its_own(premises, clerk):
    pledge = in_force(premises)
    act_on_pledge(pledge, "plaque", actor=clerk, now=NOW, plaque=" 杭放心2026-001 ")
    with pytest.raises(DomainError, match="At most 40 characters"):
        act_on_pledge(pledge, "plaque", actor=clerk, now=NOW, plaque="1" * 41)
    assert row(pledge)["plaque"] == "杭放心2026-001"
    act_on_pledge(pledge, "plaque", actor=clerk, now=NOW, plaque="杭放心2026-002", note="编号录入有误")
    assert row(pledge)["plaque"] == "杭放心2026-002"
    assert [event.data["plaque"] for event in pledge.events.order_by("pk")] == ["杭放心2026-001", "杭放心2026-002"]

    ended = in_force(premises, state="expired", valid_to=day(2025, 11, 11))
    with pytest.raises(TransitionNotAllowed):
        act_on_pledge(ended, "plaque", actor=clerk, now=NOW, plaque="A1")


@pytest.mark.parametrize(("start", "months", "end"), [
    (day(2024, 2, 29), 36, day(2027, 2, 27)), (day(2026, 1, 1), 36, day(2028, 12, 31)),
    (day(2026, 1, 31), 1, day(2026, 2, 27)),
])  # fmt: skip
def test_the_last_day_of_a_term(start, months, end):
    assert last_day(start, PledgeTypeFactory(term_months=months)) == end


def test_acts_follow_one_another_by_their_days(applied, clerk, head):
    opine(applied, clerk, "council")
    opine(applied, clerk, "bureau")
    act_on_pledge(applied, "admit", actor=head, now=NOW, on=day(2026, 11, 10))
    for wrong in (day(2026, 11, 9), day(2026, 11, 13)):
        with pytest.raises(DomainError, match="between the last act on this pledge, on 2026-11-10, and today"):
            act_on_pledge(applied, "publish", actor=head, now=NOW, on=wrong)
    with pytest.raises(DomainError, match="does not lie before the publication"):
        act_on_pledge(applied, "publish", actor=head, now=NOW, valid_to=day(2026, 11, 11))
    assert (row(applied)["state"], row(applied)["published_on"]) == ("admitted", None)


def test_renewed_it_goes_on_as_the_same_pledge(premises, head):
    pledge = in_force(premises)
    for too_early in (day(2027, 8, 12), ):
        with pytest.raises(DomainError, match="can be renewed from 2027-08-13 on"):
            act_on_pledge(pledge, "renew", actor=head, now=local(2027, 8, 12, 9), on=too_early)

    act_on_pledge(pledge, "renew", actor=head, now=local(2027, 8, 13, 9))

    found = row(pledge)
    assert (found["valid_to"], found["terms"], found["published_on"]) == (day(2030, 11, 11), 2, day(2024, 11, 12))
    assert pledge.events.get().data == {"on": "2027-08-13", "valid_to": "2030-11-11"}


def test_it_is_not_renewed_while_a_correction_is_under_way(premises, clerk, head):
    pledge = in_force(premises, valid_to=day(2026, 12, 1))
    act_on_pledge(pledge, "rectify", actor=clerk, now=NOW, note="标识缺失，限期改正")
    # fifteen working days from Thursday 12 November
    assert row(pledge)["correct_by"] == day(2026, 12, 3)
    with pytest.raises(TransitionNotAllowed, match="A correction is under way"):
        act_on_pledge(pledge, "renew", actor=head, now=NOW)
    with pytest.raises(TransitionNotAllowed, match="A correction is under way already"):
        act_on_pledge(pledge, "rectify", actor=clerk, now=NOW, note="标识缺失，限期改正")

    act_on_pledge(pledge, "correct", actor=clerk, now=NOW, note="已补齐")
    act_on_pledge(pledge, "renew", actor=head, now=NOW)

    assert (row(pledge)["correct_by"], row(pledge)["terms"]) == (None, 2)
    assert Pledge.objects.late(day(2027, 1, 1)).count() == 0


def test_suspended_it_stands_and_does_not_bind(premises, head):
    pledge = in_force(premises)
    act_on_pledge(pledge, "suspend", actor=head, now=NOW, on=day(2026, 11, 1), note="多次拒绝退货")
    assert (row(pledge)["state"], list(Suspension.objects.values_list("since", "until"))) == (
        "suspended", [(day(2026, 11, 1), None)],
    )  # fmt: skip
    act_on_pledge(pledge, "reinstate", actor=head, now=NOW, on=day(2026, 11, 8), note="已改正，恢复")

    def binding():
        days = [day(2026, 10, 31) + dt.timedelta(days=n) for n in range(10)]
        return [one.day for one in days if Pledge.objects.in_force_on(one).exists()]

    assert row(pledge)["state"] == "in_force"
    assert binding() == [31, 8, 9]
    assert Pledge.objects.standing_on(day(2026, 11, 4)).count() == 1


@pytest.mark.parametrize(("verb", "state"), [("revoke", "revoked"), ("deregister", "deregistered")])
def test_ended_it_no_longer_binds_from_that_day(premises, head, verb, state):
    pledge = in_force(premises)
    act_on_pledge(pledge, "suspend", actor=head, now=NOW, on=day(2026, 11, 1), note="多次拒绝退货")

    act_on_pledge(pledge, verb, actor=head, now=NOW, on=day(2026, 11, 5), note="拒不改正，予以摘牌")

    assert (row(pledge)["state"], row(pledge)["ended_on"]) == (state, day(2026, 11, 5))
    assert Suspension.objects.get().until == day(2026, 11, 5)
    assert Pledge.objects.standing_on(day(2026, 11, 4)).exists()
    assert not Pledge.objects.standing_on(day(2026, 11, 5)).exists()


def test_after_a_revocation_it_is_taken_up_again_late_or_for_a_reason(premises, head, clerk):
    pledge = in_force(premises, type=PledgeTypeFactory(waiting_months=12))
    act_on_pledge(pledge, "revoke", actor=head, now=NOW, note="拒不改正，予以摘牌")

    def again(applied_on, **given):
        made = apply_for(
            premises, pledge.type, promise={"statement": "诚信"}, applied_on=applied_on, actor=clerk,
            now=local(2027, 11, 12, 9), **given,
        )  # fmt: skip
        act_on_pledge(made, "withdraw", actor=clerk, now=local(2027, 11, 12, 9), note="测试以后撤回")
        return made

    with pytest.raises(DomainError, match="revoked on 2026-11-12. Before 2027-11-12"):
        again(day(2027, 11, 11))
    assert Pledge.objects.count() == 1
    early = again(day(2027, 11, 11), waiting_reason="已更换经营者，整改到位")
    assert (early.previous, early.waiting_reason) == (pledge, "已更换经营者，整改到位")
    assert (again(day(2027, 11, 12)).previous, again(day(2027, 11, 12)).waiting_reason) == (pledge, "")


@pytest.mark.parametrize("verb", ["admit", "publish"])
def test_what_was_revoked_after_the_application_is_not_waited_for_without_a_reason(premises, head, verb):
    """The term was over on the day before, so that it was applied for anew; then that one was revoked all the same."""
    old = in_force(premises, published_on=day(2023, 11, 11), valid_to=day(2026, 11, 10))
    state = "applied" if verb == "admit" else "admitted"
    new = PledgeFactory(premises=premises, type=old.type, state=state, applied_on=day(2026, 11, 11))
    act_on_pledge(old, "revoke", actor=head, now=NOW, on=day(2026, 11, 10), note="拒不改正，予以摘牌")
    before = row(new)

    for note in ("", "好"):
        with pytest.raises(DomainError, match=r"revoked on 2026-11-10|Give the reason"):
            act_on_pledge(new, verb, actor=head, now=NOW, note=note)
    assert (row(new), new.events.count()) == (before, 0)

    act_on_pledge(new, verb, actor=head, now=NOW, note="已更换经营者，整改到位")
    found = row(new)
    assert (found["waiting_reason"], found["previous_id"]) == ("已更换经营者，整改到位", old.pk)


def test_it_is_admitted_no_earlier_than_its_last_opinion(applied, clerk, head):
    opine(applied, clerk, "council")
    opine(applied, clerk, "bureau", given_on=day(2026, 11, 9))

    with pytest.raises(DomainError, match="last opinion was given on 2026-11-09"):
        act_on_pledge(applied, "admit", actor=head, now=NOW, on=day(2026, 11, 8))
    assert row(applied)["state"] == "applied"
    act_on_pledge(applied, "admit", actor=head, now=NOW, on=day(2026, 11, 9))
    assert row(applied)["state"] == "admitted"


def test_a_reason_that_does_not_fit_is_refused_and_not_lost(premises, head, clerk):
    pledge, reason = in_force(premises), "多次拒绝退货" * 84  # 504 characters

    with pytest.raises(DomainError, match="At most 500 characters"):
        act_on_pledge(pledge, "suspend", actor=head, now=NOW, note=reason)
    assert (row(pledge)["state"], Suspension.objects.count(), pledge.events.count()) == ("in_force", 0, 0)

    act_on_pledge(pledge, "revoke", actor=head, now=NOW, note=reason)
    with pytest.raises(DomainError, match="At most 500 characters"):
        apply_for(
            premises, pledge.type, promise={"statement": "诚信"}, applied_on=TODAY, actor=clerk, now=NOW,
            waiting_reason=reason,
        )  # fmt: skip
    assert Pledge.objects.get() == pledge


def test_what_stands_is_renewed_and_not_applied_for_again(premises, clerk):
    pledge = in_force(premises)

    with pytest.raises(DomainError, match="in force at these premises until 2027-11-11. Renew that one"):
        apply_for(premises, pledge.type, promise={"statement": "诚信"}, applied_on=TODAY, actor=clerk, now=NOW)
    other = apply_for(
        premises, PledgeTypeFactory(), promise={"statement": "诚信"}, applied_on=TODAY, actor=clerk, now=NOW
    )
    assert other.previous is None


def test_at_the_end_of_its_term_it_expires_by_itself(premises, head):
    over, last = in_force(premises, valid_to=day(2026, 11, 11)), in_force(premises, valid_to=TODAY)
    act_on_pledge(over, "suspend", actor=head, now=local(2026, 11, 2), note="多次拒绝退货")

    assert expire_pledges(10, now=NOW) == 1
    assert expire_pledges(10, now=NOW) == 0

    assert [row(one)["state"] for one in (over, last)] == ["expired", "in_force"]
    event = over.events.last()
    assert (event.verb, event.actor.username, event.data) == ("expire", "system", {"on": "2026-11-12"})
    assert Suspension.objects.get().until == day(2026, 11, 12)
    with pytest.raises(PermissionDenied):
        act_on_pledge(last, "expire", actor=head, now=NOW)


def test_the_yearly_evaluation_counts_once_a_year(premises, clerk):
    pledge = in_force(premises)
    act_on_pledge(pledge, "evaluate", actor=clerk, now=NOW, year=2025, result="confirmed")
    act_on_pledge(pledge, "evaluate", actor=clerk, now=NOW, year=2026, result="rectify", note="价签不全")
    for year, message in ((2026, "evaluated for that year"), (2023, "in which it was"), (2027, "in which it was")):
        with pytest.raises(DomainError, match=message):
            act_on_pledge(pledge, "evaluate", actor=clerk, now=NOW, year=year, result="confirmed")

    assert list(pledge.evaluations.values_list("year", "result")) == [(2026, "rectify"), (2025, "confirmed")]
    assert row(pledge)["correct_by"] == day(2026, 12, 3)


def test_an_evaluation_that_wants_it_revoked_revokes_nothing(premises, clerk):
    pledge = in_force(premises)

    act_on_pledge(pledge, "evaluate", actor=clerk, now=NOW, year=2026, result="revoke", note="连续两年不合格")

    assert (row(pledge)["state"], row(pledge)["pool"]) == ("in_force", "warning")


def test_it_rises_to_the_province_and_no_higher(premises, head):
    pledge = in_force(premises)
    act_on_pledge(pledge, "upgrade", actor=head, now=NOW)
    act_on_pledge(pledge, "upgrade", actor=head, now=NOW)
    with pytest.raises(TransitionNotAllowed, match="by the province already"):
        act_on_pledge(pledge, "upgrade", actor=head, now=NOW)
    assert row(pledge)["level"] == 3


def test_pools(premises, clerk):
    pledge = in_force(premises)
    act_on_pledge(pledge, "pool", actor=clerk, now=NOW, pool="star")
    assert row(pledge)["pool"] == "star"
    act_on_pledge(pledge, "pool", actor=clerk, now=NOW, pool="none")
    assert row(pledge)["pool"] == "none"


def test_what_was_promised_is_revised_until_it_is_admitted(applied, clerk, head):
    act_on_pledge(applied, "revise", actor=clerk, now=NOW, promise={"days": 30, "goods": "鞋帽", "proof": "小票"})
    found = row(applied)
    assert (found["days"], found["goods"], found["excluded"], found["fund"]) == (30, "鞋帽", "", None)
    assert applied.events.latest("pk").data == {"before": {"days": 10, "goods": "全部商品", "excluded": "内衣"}}
    with pytest.raises(DomainError, match="for 7 days at least"):
        act_on_pledge(applied, "revise", actor=clerk, now=NOW, promise=PROMISE | {"days": 3})
    assert row(applied)["days"] == 30


DATA = {
    "revise": {"promise": PROMISE}, "opine": {
        "stage": "council", "text": "同意", "body": "会", "person": "李四", "given_on": TODAY, "favourable": True,
    },
    "admit": {}, "publish": {}, "plaque": {"plaque": "A1"}, "renew": {},
    "evaluate": {"year": 2026, "result": "confirmed"}, "upgrade": {},
    "pool": {"pool": "star"}, "warn": {"note": "多次投诉，予以告诫"}, "rectify": {"note": "标识缺失，限期改正"},
    "correct": {"note": "已改正"}, "suspend": {"note": "多次拒绝退货"}, "reinstate": {"note": "已改正，恢复"},
    "revoke": {"note": "拒不改正，予以摘牌"}, "deregister": {"note": "商户歇业注销"},
    "reject": {"note": "不符合条件"}, "withdraw": {"note": "商户改变主意"}, "expire": {},
}  # fmt: skip


def test_every_verb_is_tried_here():
    assert set(DATA) == {step.verb for step in PLEDGE} == set(PledgeVerb.values) - {"apply", "identify"}


def test_published_while_another_stands_it_is_refused_in_words(premises, head):
    pledge = in_force(premises)
    other = PledgeFactory(premises=premises, type=pledge.type, state="admitted", applied_on=day(2026, 11, 1))

    with pytest.raises(DomainError, match="A pledge of this type is in force at these premises at that time"):
        act_on_pledge(other, "publish", actor=head, now=NOW)
    assert (row(other)["state"], other.events.count()) == ("admitted", 0)


@pytest.mark.parametrize("verb", DATA)
def test_nobody_else_does_anything_to_it(premises, verb, district):
    pledge = in_force(premises)
    before = (row(pledge), PledgeEvent.objects.count())
    strangers = [
        UserFactory(agency=AgencyFactory(), roles=["pledge_clerk", "approver"]),
        *(UserFactory(agency=district, roles=[role]) for role in ("officer", "regulator", "mediator", "clerk")),
    ]
    for actor in strangers:
        with pytest.raises(PermissionDenied):
            act_on_pledge(pledge, verb, actor=actor, now=NOW, **DATA[verb])
    assert (row(pledge), PledgeEvent.objects.count()) == before


@pytest.mark.parametrize(
    "verb",
    ["admit", "publish", "renew", "upgrade", "suspend", "reinstate", "revoke", "deregister", "reject"],
)
def test_a_clerk_decides_nothing(premises, clerk, verb):
    with pytest.raises(PermissionDenied):
        act_on_pledge(in_force(premises), verb, actor=clerk, now=NOW, **DATA[verb])


def test_the_database_keeps_two_of_a_type_apart(premises):
    pledge = in_force(premises)
    with pytest.raises(IntegrityError, match="one_in_force"), transaction.atomic():
        in_force(premises, type=pledge.type, published_on=day(2027, 11, 11), valid_to=day(2028, 1, 1))
    in_force(premises, type=pledge.type, published_on=day(2027, 11, 12), valid_to=day(2028, 1, 1))
    in_force(PremisesFactory(merchant=premises.merchant), type=pledge.type)
    assert Pledge.objects.first_ones().count() == 2
    assert {pledge.state for pledge in Pledge.objects.all()} <= {*PUBLIC, *ENDED}
    assert PledgeState.IN_FORCE in PUBLIC
