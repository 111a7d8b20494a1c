"""The pages on which breaches are decided: in the administration, and on the case."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pledges.domain import act_on_breach, find_breaches
from pledges.models import Breach, BreachEvent, Pledge, PledgeEvent, Suspension
from tests.factories import (
    AgencyFactory,
    BreachFactory,
    CaseFactory,
    CoverageFactory,
    MerchantFactory,
    PartyFactory,
    PledgeFactory,
    PledgeTypeFactory,
    PremisesFactory,
    UserFactory,
)
from tests.factories.cases import local

pytestmark = pytest.mark.django_db
LIST = "/admin/pledges/breach/"
day = dt.date
REASON = "门店拒绝七日内退货"


@pytest.fixture
def visit(client):
    """`visit(user)`: the client, signed in as that user, in English."""

    def sign_in(user):
        client.force_login(user)
        client.cookies["django_language"] = "en"
        return client

    return sign_in


@pytest.fixture
def officer(district):
    return UserFactory(agency=district, roles=["officer"])


@pytest.fixture
def breach(premises, district):
    """Found by itself: a complaint of the district under a pledge of the district."""
    type = CoverageFactory(type=PledgeTypeFactory(code="returns", name_en="No-reason return"), words=["退款"]).type
    PledgeFactory(
        premises=premises, type=type, in_force=True, published_on=day(2026, 1, 1), valid_to=day(2028, 12, 31),
        days=10, statement="十天内可退", goods="服装 13900000001",
    )  # fmt: skip
    case = CaseFactory(
        handling=district, merchant=premises.merchant, region=premises.region, occurred_on=day(2026, 10, 20),
        narrative="电话13900000002，商家不退", demand="退款，联系13900000003", goods="外套",
    )  # fmt: skip
    PartyFactory(case=case)
    find_breaches([case.pk], now=local(2026, 11, 3))
    return Breach.objects.get()


def page(breach, part="change") -> str:
    return f"{LIST}{breach.pk}/{part}/"


def stored():
    return [list(model.objects.order_by("pk").values()) for model in (Breach, BreachEvent, PledgeEvent, Suspension)]


def errors(response) -> list[str]:
    return [str(message) for messages in response.context_data["form"].errors.values() for message in messages]


# ---- in the administration


def test_the_evidence_is_laid_out_side_by_side(visit, clerk, breach):
    html = visit(clerk).get(page(breach)).content.decode()

    for shown in (
        "What was promised", "What the complaint says", "Why it is suspected", "What the law says", "No-reason return",
        "十天内可退", "2026-10-20, of the dispute", "2026-01-01 to 2028-12-31", "in the demand: 退款",
        "In the district of the case", "Regulation implementing the Consumer Rights Law, art 12", "外套",
        "电话139****0002", "联系139****0003", "服装 139****0001", breach.case.number, breach.case.get_absolute_url(),
    ):
        assert shown in html, shown
    assert ">None<" not in html
    for hidden in ("张测试", "13900000002", "13900000003", "13900000001", "no longer falls"):
        assert hidden not in html, hidden


def test_before_the_regulation_was_in_force_the_law_says_something_else(visit, clerk, breach):
    Breach.objects.update(counts_on=day(2024, 6, 30))
    assert "Consumer Rights Law, art 16" in visit(clerk).get(page(breach)).content.decode()
    Breach.objects.update(counts_on=day(2024, 7, 1))
    assert "Consumer Rights Law, art 12" in visit(clerk).get(page(breach)).content.decode()


def test_whoever_does_not_see_the_case_reads_none_of_its_texts(visit, clerk, breach):
    breach.case.custodian = breach.case.custodian_district = breach.case.handling = AgencyFactory()
    breach.case.custodian_root = breach.case.custodian
    breach.case.save()

    html = visit(clerk).get(page(breach)).content.decode()

    assert "Only for the agency that has the case." in html
    assert breach.case.number in html
    for hidden in ("商家不退", "联系", "外套", breach.case.get_absolute_url()):
        assert hidden not in html, hidden


def test_what_no_longer_falls_under_the_promise_is_said(visit, clerk, breach):
    type(breach.case).objects.update(demand="道歉")
    find_breaches([breach.case_id])

    html = visit(clerk).get(page(breach)).content.decode()

    assert "the complaint no longer falls under the promise" in html
    assert "No longer under the promise" in html


def test_earlier_breaches_of_the_merchant_stand_beside_it(visit, clerk, breach, district):
    merchant = breach.pledge.premises.merchant
    same = BreachFactory(
        pledge__premises=PremisesFactory(merchant=merchant, agency=district), case__handling=district, confirmed=True
    )
    elsewhere = BreachFactory(pledge__premises=PremisesFactory(merchant=merchant))
    other = BreachFactory(pledge__premises__agency=district)

    html = visit(clerk).get(page(breach)).content.decode()

    assert page(same) in html
    for hidden in (elsewhere, other):
        assert page(hidden) not in html


@pytest.mark.parametrize(("verb", "state"), [("confirm", "confirmed"), ("dismiss", "dismissed")])
def test_it_is_decided_on_a_page_of_its_own(visit, clerk, breach, verb, state):
    desk = visit(clerk)
    assert page(breach, f"act/{verb}") in desk.get(page(breach)).content.decode()

    response = desk.post(page(breach, f"act/{verb}"), {"note": REASON, "seen": breach.events.last().pk})

    assert (response.status_code, response["Location"]) == (302, page(breach))
    breach.refresh_from_db()
    assert (breach.state, breach.events.last().actor, breach.events.last().note) == (state, clerk, REASON)


def test_a_reason_that_is_too_short_is_refused(visit, clerk, breach):
    before = stored()

    response = visit(clerk).post(page(breach, "act/confirm"), {"note": "退货吧"})

    assert errors(response) == ["Give the reason (at least 5 characters)."]
    assert stored() == before


def test_whoever_was_quicker_is_named(visit, clerk, officer, breach):
    seen = breach.events.last().pk
    act_on_breach(breach, "dismiss", actor=officer, note=REASON)
    act_on_breach(breach, "reopen", actor=officer, note=REASON)
    before = stored()

    response = visit(clerk).post(page(breach, "act/confirm"), {"note": REASON, "seen": seen})

    assert "Someone else has worked on this" in errors(response)[0]
    assert stored() == before


def test_the_warning_letter_and_the_clock_of_a_correction(visit, clerk, breach):
    desk, today = visit(clerk), timezone.localdate()
    desk.post(page(breach, "act/confirm"), {"note": REASON})
    desk.post(page(breach, "act/warn"), {"note": REASON, "on": today, "letter": "告诫3号"})
    due = today + dt.timedelta(days=9)
    desk.post(page(breach, "act/rectify"), {"note": REASON, "on": today, "correct_by": due})

    breach.refresh_from_db()
    assert (breach.state, breach.due_on) == ("correcting", due)
    html = desk.get(page(breach)).content.decode()
    assert "告诫3号" in html
    assert f"{due:%Y-%m-%d}" in html
    assert "9 days left" in html
    assert list(breach.pledge.events.values_list("verb", flat=True)) == ["warn", "rectify"]


def test_each_reader_has_the_acts_that_are_his(visit, clerk, head, breach):
    act_on_breach(breach, "confirm", actor=clerk, note=REASON)

    def offered(user):
        html = visit(user).get(page(breach)).content.decode()
        return [verb for verb in ("confirm", "reopen", "warn", "rectify", "suspend", "remove") if f"/act/{verb}/" in html]

    assert offered(clerk) == ["reopen", "warn", "rectify"]
    assert offered(head) == ["reopen", "warn", "rectify", "suspend", "remove"]


FILTERS = {
    "state__exact=suspected": ["a", "lost"], "state__exact=confirmed": ["confirmed"], "todo=decide": ["a"],
    "todo=lost": ["lost"], "todo=follow": ["confirmed"], "todo=late": ["late"], "matches__exact=0": ["lost"],
    "type={type}": ["a"], "district={district}": ["a"], "type=0": ["a", "confirmed", "late", "lost"],
    "todo=nonsense": ["a", "confirmed", "late", "lost"], "district=%00": ["a", "confirmed", "late", "lost"],
}  # fmt: skip


@pytest.fixture
def several(district):
    """One of each: to be decided, no longer under the promise, confirmed, with an overdue correction."""
    late = {"state": "correcting", "decided_at": local(2026, 1, 2), "due_on": day(2026, 1, 20)}
    facts = {"a": {}, "lost": {"matches": False}, "confirmed": {"confirmed": True}, "late": late}
    return {
        name: BreachFactory(pledge__premises__agency=district, case__handling=district, **given)
        for name, given in facts.items()
    }  # fmt: skip


@pytest.mark.parametrize("query", FILTERS)
def test_the_list_is_narrowed(visit, clerk, several, query):
    first = several["a"].pledge
    address = query.format(type=first.type_id, district=first.premises.region_id)

    response = visit(clerk).get(f"{LIST}?{address}")

    listed = [] if response.status_code != 200 else list(response.context_data["cl"].result_list)
    if "%00" in query:
        assert response.status_code in (200, 302, 400)
        return
    assert sorted(name for name, breach in several.items() if breach in listed) == FILTERS[query]


@pytest.mark.parametrize(("state", "waits"), [("revoked", True), ("deregistered", False), ("expired", False)])
def test_it_waits_for_somebody_as_long_as_anything_can_be_done(several, state, waits):
    """Where the pledge was revoked on its own page, the breach is still to be joined to that."""
    ended = day(2026, 1, 30) if state != "expired" else None
    Pledge.objects.update(
        state=state, ended_on=ended, published_on=day(2025, 1, 1), applied_on=day(2025, 1, 1), valid_to=day(2026, 1, 31)
    )

    assert list(Breach.objects.late(day(2026, 2, 1))) == ([several["late"]] if waits else [])
    assert list(Breach.objects.to_follow()) == ([several["confirmed"]] if waits else [])


def test_the_list_is_searched_by_case_and_merchant(visit, clerk, several):
    desk = visit(clerk)
    for words in (several["late"].case.number, several["late"].pledge.premises.merchant.name):
        assert list(desk.get(LIST, {"q": words}).context_data["cl"].result_list) == [several["late"]]


def test_the_list_takes_the_same_queries_for_one_as_for_many(visit, clerk, district):
    def queries(path=LIST):
        with CaptureQueriesContext(connection) as made:
            assert desk.get(path).status_code == 200
        return len(made)

    def further(number):
        for _n in range(number):
            BreachFactory(
                pledge__premises=PremisesFactory(merchant=one.pledge.premises.merchant, agency=district),
                case__handling=district,
            )  # fmt: skip

    desk = visit(clerk)
    one = BreachFactory(pledge__premises__agency=district, case__handling=district)
    for path in (LIST, page(one)):  # what a first call keeps for the next is not counted
        desk.get(path)
    first = queries()
    further(1)
    of_page = queries(page(one))
    further(2)

    assert queries() == first <= 12
    assert queries(page(one)) == of_page <= 20


def test_what_is_of_others_is_not_there(visit, clerk, head):
    other = BreachFactory()
    desk = visit(head)
    assert list(desk.get(LIST).context_data["cl"].result_list) == []
    before = stored()
    for part in ("change", "act/confirm"):
        assert desk.get(page(other, part)).status_code == 404
    assert desk.post(page(other, "act/confirm"), {"note": REASON}).status_code == 404
    assert stored() == before


# ---- on the case


def test_the_case_shows_what_was_promised_on_the_day(visit, officer, breach):
    case = breach.case
    premises = breach.pledge.premises
    PledgeFactory(premises=premises, type__name_en="Too late", in_force=True, published_on=day(2026, 10, 21))
    suspended = PledgeFactory(
        premises=premises, type__name_en="Asleep", in_force=True, published_on=day(2026, 1, 1)
    )
    Suspension.objects.create(pledge=suspended, since=day(2026, 10, 1), reason=REASON)
    desk = visit(officer)

    html = desk.get(f"/cases/{case.number}/pledges/").content.decode()
    part = desk.get(f"/cases/{case.number}/pledges/", headers={"HX-Request": "true"}).content.decode()

    for shown in ("on the day of the dispute, 2026-10-20", "No-reason return", "Asleep", "suspended on that day",
                  "to be confirmed or dismissed", f"/cases/{case.number}/pledges/{breach.pk}/"):  # fmt: skip
        assert shown in html, shown
        assert shown in part, shown
    assert "Too late" not in html
    assert "<html" in html
    assert "<html" not in part
    assert f"/cases/{case.number}/pledges/" in desk.get(case.get_absolute_url()).content.decode()


@pytest.mark.parametrize("facts", [{"merchant": None}, {"kind": "report"}])
def test_of_what_can_break_no_promise_the_page_of_the_case_says_nothing(visit, officer, district, facts):
    case = CaseFactory(handling=district, **facts)
    desk = visit(officer)

    assert f"/{case.number}/pledges/" not in desk.get(case.get_absolute_url()).content.decode()
    html = desk.get(f"/cases/{case.number}/pledges/").content.decode()
    assert "had no pledge in force on that day" in html


def test_whoever_may_see_no_breaches_is_not_led_to_them(visit, district, breach):
    desk = visit(UserFactory(agency=district, roles=["mediator"]))

    assert f"/{breach.case.number}/pledges/" not in desk.get(breach.case.get_absolute_url()).content.decode()
    assert desk.get(f"/cases/{breach.case.number}/pledges/").status_code == 403


def test_an_officer_decides_on_the_case(visit, officer, breach):
    desk, address = visit(officer), f"/cases/{breach.case.number}/pledges/{breach.pk}/"
    html = desk.get(address).content.decode()
    for shown in (
        "What was promised", "in the demand: 退款", "you decide", "At least 5 characters.", 'value="confirm"',
        'value="dismiss"',
    ):
        assert shown in html, shown
    assert 'value="reopen"' not in html

    response = desk.post(address, {"act": "confirm", "note": REASON, "seen": breach.events.last().pk})

    assert (response.status_code, response["Location"]) == (302, address)
    breach.refresh_from_db()
    assert (breach.state, breach.events.last().actor) == ("confirmed", officer)
    html = desk.get(address).content.decode()
    assert 'value="reopen"' in html
    for verb in ("warn", "suspend", "remove", "confirm"):
        assert f'value="{verb}"' not in html


@pytest.mark.parametrize(("data", "status"), [
    ({"act": "confirm", "note": ""}, 422), ({"act": "confirm", "note": "退货吧"}, 409),
    ({"act": "confirm", "note": REASON, "seen": 0}, 409), ({"act": "reopen", "note": REASON}, 302),
    ({"act": "warn", "note": REASON}, 302), ({"note": REASON}, 302),
])  # fmt: skip
def test_what_is_refused_on_the_case_changes_nothing(visit, officer, breach, data, status):
    before = stored()

    response = visit(officer).post(f"/cases/{breach.case.number}/pledges/{breach.pk}/", data)

    assert response.status_code == status
    assert stored() == before


def test_a_breach_is_on_its_own_case_alone(visit, officer, district, breach):
    other = CaseFactory(handling=district)
    desk = visit(officer)
    assert desk.get(f"/cases/{other.number}/pledges/{breach.pk}/").status_code == 404
    stranger = BreachFactory()
    assert desk.get(f"/cases/{stranger.case.number}/pledges/").status_code == 404
    assert desk.get(f"/cases/{stranger.case.number}/pledges/{stranger.pk}/").status_code == 404


def test_a_regulator_looks_and_decides_nothing(visit, district, breach):
    desk = visit(UserFactory(agency=district, roles=["regulator"]))
    address = f"/cases/{breach.case.number}/pledges/{breach.pk}/"
    before = stored()

    html = desk.get(address).content.decode()

    assert "What was promised" in html
    assert 'name="act"' not in html
    assert desk.post(address, {"act": "confirm", "note": REASON}).status_code == 403
    assert stored() == before


def test_the_pages_are_in_chinese_first(client, officer, breach):
    client.force_login(officer)
    html = client.get(f"/cases/{breach.case.number}/pledges/{breach.pk}/").content.decode()
    assert "承诺了什么" in html
    assert "What was promised" not in html


def test_a_merchant_without_pledges(visit, officer, district):
    case = CaseFactory(handling=district, merchant=MerchantFactory())
    html = visit(officer).get(f"/cases/{case.number}/pledges/").content.decode()
    assert "on the day" not in html
    assert "had no pledge in force on that day" in html
