"""Which complaints become suspected breaches, of which pledge, and what the evidence says: exactly those and no more."""

import datetime as dt

import pytest

from cases.domain import consumers
from cases.models import Case, CaseChange
from pledges.domain import BREACHES, act_on_pledge, coverage_changed, find_breaches, look_again
from pledges.domain.rules import LookedAgain
from pledges.models import Breach, BreachEvent, Pledge, PledgeEvent, Suspension
from registry.models import Region, RegionSuccession
from tests.factories import (
    BreachFactory,
    CaseFactory,
    CoverageFactory,
    ImportFileFactory,
    MerchantFactory,
    PlatformFactory,
    PledgeFactory,
    PledgeTypeFactory,
    PremisesFactory,
    ProblemFactory,
    RegionFactory,
)
from tests.factories.cases import local

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
day = dt.date
FIRST, LAST = day(2026, 1, 1), day(2026, 12, 31)
NOW = local(2026, 11, 12, 16)


@pytest.fixture
def type():
    """Whatever is asked for with one of two words falls under it."""
    return CoverageFactory(type=PledgeTypeFactory(code="returns"), words=["退货", "退款"]).type


@pytest.fixture
def pledge(premises, type):
    """In force for the whole of 2026."""
    return PledgeFactory(premises=premises, type=type, in_force=True, published_on=FIRST, valid_to=LAST)


def complaint(pledge, **facts):
    """Received on 2 November 2026 about the merchant, in the region of the premises; wants its money back."""
    given = {"merchant": pledge.premises.merchant, "region": pledge.premises.region, "demand": "要求退款"} | facts
    return CaseFactory(**given)


def found(*cases) -> list[tuple[int, int, bool]]:
    """(case, pledge, matches) after a look at these cases."""
    find_breaches([case.pk for case in cases], now=NOW)
    return sorted(Breach.objects.values_list("case", "pledge", "matches"))


def bound(case) -> list[Pledge]:
    found(case)
    return [breach.pledge for breach in case.breaches.order_by("pk")]


def test_a_complaint_under_a_pledge_is_a_suspicion_and_nothing_more(pledge):
    case = complaint(pledge)

    assert found(case) == [(case.pk, pledge.pk, True)]

    breach = Breach.objects.get()
    assert (breach.state, breach.counts_on, breach.found_at) == ("suspected", day(2026, 11, 2), NOW)
    assert (breach.decided_at, breach.due_on) == (None, None)
    assert breach.evidence == {
        "day": "2026-11-02", "by": "receipt", "type": "returns", "term": ["2026-01-01", "2026-12-31"],
        "promise": {"states": ["statement"]}, "problem": None, "rules": [{"problem": None, "words": ["退款"]}],
        "text": "demand", "premises": {"by": "region", "platform": False, "among": 1},
    }  # fmt: skip
    event = breach.events.get()
    assert (event.verb, event.before, event.after, event.actor, event.at) == ("find", "", "suspected", None, NOW)
    assert (event.data, event.label) == ({}, "Suspicion found")
    assert (Pledge.objects.get().state, PledgeEvent.objects.count()) == ("in_force", 0)


def test_the_figures_of_the_promise_stand_in_the_evidence(pledge):
    figures = {"days": 15, "refund_days": 3, "freight": "merchant", "fund": "5000.00"}
    Pledge.objects.update(**figures, goods="服装", proof="小票", statement="")

    found(complaint(pledge))

    assert Breach.objects.get().evidence["promise"] == {
        "days": 15, "refund_days": 3, "freight": "merchant", "fund": "5000.00", "states": ["goods", "proof"],
    }  # fmt: skip


@pytest.mark.parametrize(("kind", "facts"), [
    ("report", {"kind": "report"}), ("inquiry", {"kind": "inquiry"}), ("of nobody", {"merchant": None}),
])  # fmt: skip
def test_reports_inquiries_and_what_names_no_merchant_never_are(pledge, kind, facts):
    assert found(complaint(pledge, **facts)) == []


def test_a_merchant_of_the_same_name_is_another(pledge):
    merchant = pledge.premises.merchant
    namesake = MerchantFactory(name=merchant.name, credit_code=None)

    assert found(complaint(pledge, merchant=namesake, merchant_written=merchant.name)) == []


@pytest.mark.parametrize(("received", "is_found"), [
    (local(2025, 12, 31, 23, 59), False), (local(2026, 1, 1, 0, 0), True), (local(2026, 12, 31, 23, 59), True),
    (local(2027, 1, 1, 0, 0), False),
])  # fmt: skip
def test_the_pledge_binds_from_its_publication_to_its_last_day(pledge, received, is_found):
    assert bool(found(complaint(pledge, received_at=received))) is is_found


@pytest.mark.parametrize(("occurred", "is_found"), [
    (day(2025, 12, 31), False), (day(2026, 1, 1), True), (day(2026, 12, 31), True),
])  # fmt: skip
def test_the_day_of_the_dispute_goes_before_that_of_the_receipt(pledge, occurred, is_found):
    case = complaint(pledge, received_at=local(2027, 3, 1), occurred_on=occurred)

    assert bool(found(case)) is is_found

    if is_found:
        breach = Breach.objects.get()
        assert (breach.counts_on, breach.evidence["day"], breach.evidence["by"]) == (
            occurred, occurred.isoformat(), "dispute",
        )  # fmt: skip


def test_a_dispute_before_the_pledge_does_not_count_although_the_complaint_came_in_its_term(pledge):
    assert found(complaint(pledge, occurred_on=day(2025, 12, 31))) == []


@pytest.mark.parametrize(("disputed", "is_found"), [(day(2026, 6, 30), True), (day(2026, 7, 1), False)])
def test_from_the_day_of_its_end_it_binds_no_longer(pledge, disputed, is_found):
    Pledge.objects.update(state="revoked", ended_on=day(2026, 7, 1))

    assert bool(found(complaint(pledge, occurred_on=disputed))) is is_found


@pytest.mark.parametrize(("disputed", "is_found"), [
    (day(2026, 4, 30), True), (day(2026, 5, 1), False), (day(2026, 5, 31), False), (day(2026, 6, 1), True),
])  # fmt: skip
def test_on_the_days_of_a_suspension_it_does_not_bind(pledge, disputed, is_found):
    Suspension.objects.create(pledge=pledge, since=day(2026, 5, 1), until=day(2026, 6, 1), reason="多次拒绝退货")

    assert bool(found(complaint(pledge, occurred_on=disputed))) is is_found


def test_a_suspension_without_an_end_goes_on(pledge):
    Suspension.objects.create(pledge=pledge, since=day(2026, 5, 1), reason="多次拒绝退货")

    assert found(complaint(pledge, occurred_on=day(2026, 12, 31))) == []


def test_what_was_never_published_binds_nobody(premises, type):
    assert found(complaint(PledgeFactory(premises=premises, type=type))) == []


# ---- what falls under it


@pytest.mark.parametrize(("demand", "narrative", "words", "text"), [
    ("请协助退款、退货", "", ["退货", "退款"], "demand"), ("要求赔礼道歉", "商家拒绝退货", None, None),
    ("", "商家拒绝退货", ["退货"], "narrative"), (" \n", "商家拒绝退货", ["退货"], "narrative"),
    ("", "态度恶劣", None, None),
])  # fmt: skip
def test_words_are_looked_for_in_the_demand_or_else_in_the_narrative(pledge, demand, narrative, words, text):
    found(complaint(pledge, demand=demand, narrative=narrative))

    rules = [(breach.evidence["rules"], breach.evidence["text"]) for breach in Breach.objects.all()]
    assert rules == ([([{"problem": None, "words": words}], text)] if words else [])


def test_a_problem_covers_itself_those_below_it_and_those_that_name_one_of_them(premises):
    nature = ProblemFactory(councils=True, code="x01")
    below = ProblemFactory(councils=True, parent=nature)
    national = ProblemFactory(council=nature)
    under_national = ProblemFactory(parent=national)
    of_below = ProblemFactory(council=below)
    other, above = ProblemFactory(council=ProblemFactory(councils=True)), ProblemFactory()
    national.parent = above
    national.save()
    pledge = PledgeFactory(premises=premises, in_force=True, published_on=FIRST)
    CoverageFactory(type=pledge.type, problem=nature, words=[])
    problems = [nature, below, national, under_national, of_below, other, above, None]
    cases = [complaint(pledge, problem=problem, demand="道歉") for problem in problems]

    found(*cases)

    assert [problems[cases.index(breach.case)] for breach in Breach.objects.order_by("case_id")] == problems[:5]
    first = Breach.objects.order_by("case_id").first().evidence
    assert (first["problem"], first["rules"]) == ("council:x01", [{"problem": "council:x01", "words": []}])
    assert first["text"] is None


def test_a_rule_of_a_problem_with_words_wants_both(premises):
    problem = ProblemFactory()
    pledge = PledgeFactory(premises=premises, in_force=True, published_on=FIRST)
    CoverageFactory(type=pledge.type, problem=problem, words=["换货"])
    both = complaint(pledge, problem=problem, demand="换货")

    found(both, complaint(pledge, problem=problem), complaint(pledge, demand="换货"))

    assert [breach.case for breach in Breach.objects.all()] == [both]


def test_all_rules_under_which_it_falls_are_named(pledge):
    problem = ProblemFactory(code="p7")
    CoverageFactory(type=pledge.type, problem=problem, words=[])

    found(complaint(pledge, problem=problem))

    assert Breach.objects.get().evidence["rules"] == [
        {"problem": None, "words": ["退款"]}, {"problem": "12315:p7", "words": []},
    ]  # fmt: skip


def test_a_type_without_rules_covers_nothing(premises):
    assert found(complaint(PledgeFactory(premises=premises, in_force=True, published_on=FIRST))) == []


# ---- at which premises


def beside(pledge, **facts):
    """A pledge of the same type at further premises of the merchant."""
    premises = PremisesFactory(merchant=pledge.premises.merchant, agency=pledge.agency, **facts)
    return PledgeFactory(premises=premises, type=pledge.type, in_force=True, published_on=day(2026, 2, 1), valid_to=LAST)


def test_premises_in_the_region_of_the_case_go_before_all_others(pledge):
    there = beside(pledge)

    assert bound(complaint(pledge)) == [pledge]
    assert bound(complaint(there)) == [there]
    assert [breach.evidence["premises"] for breach in Breach.objects.order_by("pk")] == [
        {"by": "region", "platform": False, "among": 1}
    ] * 2


@pytest.mark.parametrize("elsewhere", [True, False])
def test_elsewhere_or_nowhere_the_oldest_of_all_counts(pledge, elsewhere):
    beside(pledge)

    assert bound(complaint(pledge, region=RegionFactory() if elsewhere else None)) == [pledge]
    assert Breach.objects.get().evidence["premises"] == {"by": "merchant", "platform": False, "among": 2}


def _street_of(region) -> Region:
    return RegionFactory(street=True, parent=region)


def _same_code(region) -> Region:
    return RegionFactory(code=region.code, name=region.name, valid_from=day(2021, 4, 9))


def _gone_into(region) -> Region:
    """A district that became another, which became `region`."""
    between, before = RegionFactory(ended=True), RegionFactory(ended=True)
    for earlier, later in ((before, between), (between, region)):
        RegionSuccession.objects.create(predecessor=earlier, successor=later)
    return before


def _came_from(region) -> Region:
    after = RegionFactory()
    RegionSuccession.objects.create(predecessor=region, successor=after)
    return after


def _street_of_the_old_map(region) -> Region:
    return _street_of(_same_code(region))


@pytest.mark.parametrize("place", [_street_of, _same_code, _gone_into, _came_from, _street_of_the_old_map])
def test_the_premises_are_those_in_the_district_of_the_case_on_whatever_map(pledge, place):
    """Of a chain the oldest pledge is elsewhere."""
    shop = beside(pledge)

    assert bound(complaint(pledge, region=place(shop.premises.region))) == [shop]
    assert Breach.objects.get().evidence["premises"] == {"by": "region", "platform": False, "among": 1}


def test_premises_on_the_map_of_another_day_are_not_hidden_by_those_on_today_s(pledge):
    today = _same_code(pledge.premises.region)
    PremisesFactory(merchant=pledge.premises.merchant, region=today)

    assert bound(complaint(pledge, region=today)) == [pledge]


def test_premises_in_the_district_go_before_those_in_one_that_it_came_from(pledge):
    shop = beside(pledge)
    RegionSuccession.objects.create(predecessor=pledge.premises.region, successor=shop.premises.region)

    assert bound(complaint(pledge, region=shop.premises.region)) == [shop]


def test_where_the_merchant_has_premises_in_the_region_those_without_a_pledge_speak_against_it(pledge):
    unpledged = PremisesFactory(merchant=pledge.premises.merchant)

    assert found(complaint(pledge, region=unpledged.region)) == []


def test_of_several_alike_those_on_the_platform_of_the_case_count(pledge):
    shop = beside(pledge, region=pledge.premises.region, platform=PlatformFactory())

    assert bound(complaint(pledge)) == [pledge]
    assert bound(complaint(pledge, platform=shop.premises.platform)) == [shop]
    assert bound(complaint(pledge, platform=PlatformFactory())) == [pledge]
    assert [breach.evidence["premises"] for breach in Breach.objects.order_by("pk")] == [
        {"by": "region", "platform": False, "among": 2}, {"by": "region", "platform": True, "among": 1},
        {"by": "region", "platform": False, "among": 2},
    ]  # fmt: skip


def test_each_type_has_its_own(pledge):
    other = PledgeFactory(
        premises=pledge.premises, type=CoverageFactory(words=["要求"]).type, in_force=True, published_on=FIRST
    )
    PledgeFactory(premises=pledge.premises, type=CoverageFactory(words=["换货"]).type, in_force=True, published_on=FIRST)

    assert bound(complaint(pledge)) == [pledge, other]


def test_where_it_stands_already_it_stays(pledge):
    """Older premises that come to light later do not take the case over."""
    case = complaint(pledge)
    found(case)
    older = beside(pledge, region=pledge.premises.region)
    Pledge.objects.filter(pk=older.pk).update(published_on=day(2025, 6, 1), applied_on=day(2025, 5, 1))

    assert bound(case) == [pledge]


# ---- looked at again


def test_looked_at_again_nothing_happens_twice(pledge):
    case = complaint(pledge)
    found(case)
    before = list(Breach.objects.values()), list(BreachEvent.objects.values())

    find_breaches([case.pk], now=local(2026, 11, 13))
    find_breaches([case.pk, case.pk], now=local(2026, 11, 14))
    find_breaches([], now=local(2026, 11, 15))

    assert (list(Breach.objects.values()), list(BreachEvent.objects.values())) == before


def test_what_nobody_has_decided_follows_the_case(pledge):
    case = complaint(pledge)
    found(case)

    Case.objects.filter(pk=case.pk).update(demand="要求道歉")
    assert found(case) == [(case.pk, pledge.pk, False)]
    assert found(case) == [(case.pk, pledge.pk, False)]
    Case.objects.filter(pk=case.pk).update(demand="要求退货")
    assert found(case) == [(case.pk, pledge.pk, True)]

    breach = Breach.objects.get()
    assert (breach.state, breach.evidence["rules"]) == ("suspected", [{"problem": None, "words": ["退货"]}])
    assert list(breach.events.values_list("verb", "before", "after")) == [
        ("find", "", "suspected"), ("lose", "suspected", "suspected"), ("renew", "suspected", "suspected"),
    ]  # fmt: skip
    assert breach.events.last().data["before"]["rules"] == [{"problem": None, "words": ["退款"]}]


def test_evidence_that_has_changed_is_renewed(pledge):
    case = complaint(pledge)
    found(case)

    Case.objects.filter(pk=case.pk).update(occurred_on=day(2026, 10, 1))
    found(case)

    breach = Breach.objects.get()
    assert (breach.counts_on, breach.evidence["by"], breach.matches) == (day(2026, 10, 1), "dispute", True)
    assert list(breach.events.values_list("verb", flat=True)) == ["find", "renew"]


@pytest.mark.parametrize("state", ["confirmed", "dismissed", "warned"])
def test_what_somebody_has_decided_is_left(pledge, state):
    case = complaint(pledge)
    found(case)
    Breach.objects.update(state=state, decided_at=NOW)
    before = list(Breach.objects.values()), list(BreachEvent.objects.values())

    for demand in ("要求退货", "要求道歉"):
        Case.objects.filter(pk=case.pk).update(demand=demand)
        find_breaches([case.pk], now=NOW)

    assert (list(Breach.objects.values()), list(BreachEvent.objects.values())) == before


def test_a_case_that_moves_to_other_premises_leaves_a_suspicion_behind(pledge):
    case, there = complaint(pledge), beside(pledge)
    found(case)

    Case.objects.filter(pk=case.pk).update(region=there.premises.region)

    assert found(case) == [(case.pk, pledge.pk, False), (case.pk, there.pk, True)]


@pytest.mark.parametrize(("state", "is_new"), [("confirmed", False), ("removed", False), ("dismissed", True)])
def test_once_a_breach_is_established_no_other_of_its_type_is_found(pledge, state, is_new):
    case, there = complaint(pledge), beside(pledge)
    BreachFactory(case=case, pledge=pledge, state=state, decided_at=NOW)

    Case.objects.filter(pk=case.pk).update(region=there.premises.region)
    found(case)

    assert case.breaches.filter(pledge=there).exists() is is_new


# ---- by the change feed


def test_the_consumer_is_registered():
    assert BREACHES in consumers()


def fed() -> list[int]:
    return sorted(CaseChange.objects.values_list("case", flat=True).distinct())


def test_published_after_the_complaint_it_has_a_look_at_those_of_its_term(premises, type, head):
    pledge = PledgeFactory(
        premises=premises, type=type, state="admitted", applied_on=day(2026, 9, 1)
    )
    inside = complaint(pledge, received_at=local(2026, 10, 1, 0))
    bought = complaint(pledge, received_at=local(2026, 11, 1), occurred_on=day(2026, 9, 30))
    before = complaint(pledge, received_at=local(2026, 9, 30, 23, 59))
    report = complaint(pledge, kind="report")
    stranger = CaseFactory()
    CaseChange.objects.all().delete()

    act_on_pledge(pledge, "publish", actor=head, now=NOW, on=day(2026, 10, 1))

    assert fed() == [inside.pk]
    assert {bought.pk, before.pk, report.pk, stranger.pk} & set(fed()) == set()
    assert found(inside, bought, before) == [(inside.pk, pledge.pk, True)]


@pytest.mark.parametrize("verb", ["suspend", "revoke", "deregister", "renew"])
def test_whatever_changes_its_days_has_a_look_at_the_complaints_again(pledge, head, verb):
    case = complaint(pledge)
    found(case)
    CaseChange.objects.all().delete()
    note = {} if verb == "renew" else {"note": "多次拒绝退货", "on": day(2026, 11, 1)}

    act_on_pledge(pledge, verb, actor=head, now=NOW, **note)

    assert fed() == [case.pk]
    matches = found(case)
    assert matches == [(case.pk, pledge.pk, verb == "renew")]


def test_other_acts_on_a_pledge_have_nothing_looked_at(pledge, clerk):
    complaint(pledge)
    CaseChange.objects.all().delete()

    act_on_pledge(pledge, "pool", actor=clerk, now=NOW, pool="star")

    assert fed() == []


def test_what_an_import_has_brought_is_looked_at_in_one(pledge):
    cases = [complaint(pledge) for _n in range(3)]
    lost = BreachFactory(case__merchant=MerchantFactory(), pledge=pledge)
    CaseChange.objects.all().delete()

    assert look_again([pledge.pk]) == 4
    assert look_again([]) == 0
    assert fed() == sorted([*(case.pk for case in cases), lost.case_id])


def test_imported_complaints_are_found_like_others(pledge):
    case = complaint(pledge, import_file=ImportFileFactory(), import_line=2, state="closed", closed_at=None)

    assert found(case) == [(case.pk, pledge.pk, True)]


@pytest.mark.parametrize(("changed", "is_fed"), [
    ({"pledge_types": ["returns"]}, True), ({"pledge_types": ["other"]}, False), ({"problems": ["council:c01"]}, False),
    ({"calendar": ["2026"]}, False), ({}, False),
])  # fmt: skip
def test_when_it_is_said_anew_what_falls_under_a_type_its_complaints_are_looked_at(pledge, changed, is_fed):
    case = complaint(pledge)
    complaint(pledge, received_at=local(2025, 12, 1))
    CaseChange.objects.all().delete()

    told = coverage_changed(changed, write=False)
    assert fed() == []
    written = coverage_changed(changed, write=True)

    assert (told, written) == ((LookedAgain(1), LookedAgain(1)) if is_fed else (None, None))
    assert fed() == ([case.pk] if is_fed else [])
    if is_fed:
        assert list(written.sentences()) == ["1 complaint is held against the pledges again."]
        assert written.as_json() == {"complaints": 1}


def test_when_problems_change_those_whose_type_covers_any_are_looked_at(pledge):
    case = complaint(pledge)
    CoverageFactory(type=pledge.type, problem=ProblemFactory(), words=[])

    assert coverage_changed({"problems": ["12315:t1"]}, write=False) == LookedAgain(1)
    assert case.pk


def test_nobody_decides_by_machine(pledge):
    """However often and whatever is looked at: all it makes are suspicions."""
    cases = [complaint(pledge) for _n in range(3)]
    for demand in ("要求退货", "要求道歉", "要求退款"):
        Case.objects.update(demand=demand)
        found(*cases)

    assert set(Breach.objects.values_list("state", "decided_at")) == {("suspected", None)}
    assert set(BreachEvent.objects.values_list("actor", "after")) == {(None, "suspected")}
    assert PledgeEvent.objects.count() == 0
