"""The register on the pages: applied for, decided on one by one and many at once, looked at, exported."""

import csv
import datetime as dt
import html
import re
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AccessLog
from core.exceptions import DomainError
from pledges.domain import change_premises, register_premises
from pledges.models import Pledge, PledgeType, Premises
from registry.models import Region
from tests.factories import (
    AgencyFactory,
    BreachFactory,
    CaseFactory,
    FindingFactory,
    InspectionFactory,
    MembershipFactory,
    MerchantFactory,
    PledgeFactory,
    PledgeTypeFactory,
    PremisesFactory,
    RegionFactory,
    ReturnEntryFactory,
    TargetFactory,
    UserFactory,
    ZoneFactory,
)
from tests.factories.cases import local

pytestmark = pytest.mark.django_db
ADD = "/admin/pledges/pledge/add/"
LIST = "/admin/pledges/pledge/"


@pytest.fixture
def desk(client, clerk):
    client.force_login(clerk)
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def boss(client, head):
    client.force_login(head)
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def today():
    return timezone.localdate()


def url(pledge, page):
    return f"{LIST}{pledge.pk}/{page}"


def text_of(response) -> str:
    return response.content.decode()


def test_premises_are_taken_up_by_the_bureau_of_their_district(desk, district):
    region = RegionFactory(level="district", parent=RegionFactory(level="city"))
    district.region = region
    district.save()
    merchant = MerchantFactory()
    entered = {"merchant": merchant.pk, "name": "湖滨店", "region": region.pk, "address": "", "platform": "", "link": ""}

    response = desk.post("/admin/pledges/premises/add/", entered)

    premises = Premises.objects.get()
    assert (response.status_code, premises.agency, premises.name_key) == (302, district, "湖滨店")
    again = desk.post("/admin/pledges/premises/add/", entered)
    assert "has premises of this name there already" in text_of(again)
    assert Premises.objects.count() == 1


def test_an_application_is_entered_and_what_it_lacks_is_said(desk, premises, today):
    kind = PledgeTypeFactory(returns=True)
    entered = {"premises": premises.pk, "type": kind.pk, "application": "杭放2026-7", "applied_on": f"{today}",
               "waiting_reason": "", "days": "6", "goods": "全部商品", "proof": "小票"}  # fmt: skip

    refused = desk.post(ADD, entered)
    assert "for 7 days at least, not 6" in text_of(refused)
    assert "杭放2026-7" in text_of(refused)
    assert not Pledge.objects.exists()

    assert desk.post(ADD, entered | {"days": "15"}).status_code == 302
    pledge = Pledge.objects.get()
    assert (pledge.days, pledge.application, pledge.state, pledge.origin) == (15, "杭放2026-7", "applied", "clerk")


def test_a_no_reason_return_says_what_is_excluded_and_may_say_which_stores_take_goods_back(desk, premises, today):
    kind = PledgeType.objects.get(code="no_reason_return")
    entered = {
        "premises": premises.pk, "type": kind.pk, "application": "", "applied_on": f"{today}", "days": "7",
        "goods": "全部商品", "proof": "小票", "freight": "consumer", "refund_days": "3", "cross_store": "本市各门店",
    }  # fmt: skip

    assert "“No-reason return” states: goods excluded." in text_of(desk.post(ADD, entered))
    assert desk.post(ADD, entered | {"excluded": "无"}).status_code == 302
    assert (Pledge.objects.get().excluded, Pledge.objects.get().cross_store) == ("无", "本市各门店")


def test_an_application_tells_who_brought_it_and_for_which_premises(desk, premises, district, today):
    other = PremisesFactory(merchant=premises.merchant, agency=district, name="湖滨店")
    foreign = PremisesFactory(merchant=premises.merchant)
    entered = {
        "premises": other.pk, "further": [premises.pk], "type": PledgeTypeFactory().pk, "applied_on": f"{today}",
        "application": "杭放2026-7", "origin": "merchant", "waiting_reason": "", "statement": "缺一赔十",
    }  # fmt: skip
    form = text_of(desk.get(ADD))
    assert '<option value="clerk" selected>By a clerk on the merchant' in form
    assert 'value="file"' not in form

    for wrong in ({"further": [foreign.pk]}, {"origin": "file"}):
        assert "Select a valid choice" in text_of(desk.post(ADD, entered | wrong))
    refused = text_of(desk.post(ADD, entered | {"further": [PremisesFactory(agency=district).pk]}))
    assert "Premises that are applied for together are of one merchant." in refused
    assert Pledge.objects.count() == 0

    done = desk.post(ADD, entered, follow=True)

    assert "The application was taken for 2 premises" in text_of(done)
    pledges = Pledge.objects.order_by("premises")
    assert [(row.premises, row.origin, row.application) for row in pledges] == [
        (premises, "merchant", "杭放2026-7"), (other, "merchant", "杭放2026-7"),
    ]  # fmt: skip
    assert "By the merchant" in text_of(desk.get(url(pledges[0], "change/")))


def test_it_goes_from_the_application_to_the_publication(desk, clerk, head, client, premises, today):
    pledge = PledgeFactory(
        premises=premises, type=PledgeTypeFactory(stages=["council"]), days=15, refund_days=3, fund="2000.00",
        freight="consumer",
    )  # fmt: skip
    opinion = {
        "favourable": "yes", "text": "符合", "body": "区消保委", "person": "王五", "given_on": f"{today}", "seen": "0",
    }  # fmt: skip
    assert desk.post(url(pledge, "act/opine/"), opinion).status_code == 302
    assert desk.post(url(pledge, "act/admit/"), {"on": f"{today}"}).status_code == 403
    client.force_login(head)
    assert client.post(url(pledge, "act/admit/"), {"on": f"{today}", "note": ""}).status_code == 302
    assert client.post(url(pledge, "act/publish/"), {"on": f"{today}", "plaque": "A1"}).status_code == 302

    pledge.refresh_from_db()
    assert (pledge.state, pledge.published_on, pledge.plaque) == ("in_force", today, "A1")
    page = text_of(client.get(url(pledge, "change/")))
    assert "A1" in page
    assert "act/renew/" in page
    portal = text_of(client.get(f"/pledges/{pledge.pk}/"))
    for part in ("15", "2000.00", "Consumer<"):
        assert part in page
        assert part in portal


def test_an_act_on_what_somebody_else_has_changed_is_refused_with_his_name(boss, premises, head, today):
    pledge = PledgeFactory(premises=premises, in_force=True)
    form = boss.get(url(pledge, "act/suspend/"))
    assert 'name="seen" value="0"' in text_of(form)
    pledge.events.create(verb="pool", before="in_force", after="in_force", actor=head, at=timezone.now())

    refused = boss.post(url(pledge, "act/suspend/"), {"on": f"{today}", "note": "多次拒绝退货", "seen": "0"})

    assert "Someone else has worked on this" in text_of(refused)
    assert "多次拒绝退货" in text_of(refused)
    assert Pledge.objects.get().state == "in_force"


def many(client, verb, rows, **data):
    chosen = [row.pk for row in rows]
    begun = client.post(LIST, {"action": verb, "_selected_action": chosen})
    assert begun.status_code == 200
    return client.post(f"{LIST}many/{verb}/", {"confirmed": "1", "chosen": chosen, **data})


def test_many_are_renewed_at_once_and_what_one_is_refused_for_keeps_back_no_other(boss, premises, today):
    soon, late = (today + dt.timedelta(days=days) for days in (30, 300))
    rows = [PledgeFactory(premises=premises, in_force=True, valid_to=one) for one in (soon, late, soon)]
    PledgeFactory(in_force=True, valid_to=soon)  # of another agency

    response = many(boss, "renew", [*rows, *Pledge.objects.exclude(pk__in=[row.pk for row in rows])], on=f"{today}")

    assert "Done for 2 of 3" in text_of(response)
    assert "It can be renewed from" in text_of(response)
    assert list(Pledge.objects.order_by("pk").values_list("terms", flat=True)) == [2, 1, 2, 1]


def test_of_many_that_are_published_at_once_each_gets_a_plaque_of_its_own(boss, premises, today):
    rows = [PledgeFactory(premises=premises, state="admitted", applied_on=today) for _n in range(2)]

    begun = boss.post(LIST, {"action": "publish", "_selected_action": [row.pk for row in rows]})
    assert 'name="valid_to"' in text_of(begun)
    assert 'name="plaque"' not in text_of(begun)
    assert "Done for 2 of 2" in text_of(many(boss, "publish", rows, on=f"{today}", plaque="A1"))
    assert set(Pledge.objects.values_list("state", "plaque")) == {("in_force", "")}

    assert boss.post(url(rows[0], "act/plaque/"), {"plaque": "A1"}).status_code == 302
    assert list(Pledge.objects.order_by("pk").values_list("plaque", flat=True)) == ["A1", ""]


def test_many_are_evaluated_at_once(desk, premises, today):
    rows = [PledgeFactory(premises=premises, in_force=True) for _n in range(2)]

    response = many(desk, "evaluate", rows, year=f"{today.year}", result="confirmed", on=f"{today}")

    assert "Done for 2 of 2" in text_of(response)
    assert [row.evaluations.get().result for row in rows] == ["confirmed", "confirmed"]


def test_more_than_can_be_done_at_once_is_refused_and_not_cut_off(boss, premises, today, monkeypatch):
    monkeypatch.setattr("pledges.admin.pledges.PledgeAdmin.most_rows", 1)
    rows = [PledgeFactory(premises=premises, in_force=True, valid_to=today + dt.timedelta(days=30)) for _n in range(2)]
    chosen = [row.pk for row in rows]

    begun = boss.post(LIST, {"action": "renew", "_selected_action": chosen}, follow=True)
    assert "At most 1 rows at once" in text_of(begun)
    sent = boss.post(f"{LIST}many/renew/", {"confirmed": "1", "chosen": chosen, "on": f"{today}"}, follow=True)
    assert "Choose rows of the list first" in text_of(sent)
    assert set(Pledge.objects.values_list("terms", flat=True)) == {1}


def test_who_may_not_decide_has_no_such_action(desk, premises):
    PledgeFactory(premises=premises, in_force=True)
    page = text_of(desk.get(LIST))
    assert 'value="evaluate"' in page
    assert 'value="renew"' not in page
    assert "delete_selected" not in page
    assert desk.post(f"{LIST}many/renew/", {"chosen": [Pledge.objects.get().pk]}).status_code == 403


@pytest.mark.parametrize("word", ["清泉", "湖滨"])
def test_the_register_is_searched_by_merchant_and_premises(desk, district, word):
    wanted = PledgeFactory(premises=PremisesFactory(agency=district, name="湖滨店", merchant__name="清泉百货"))
    PledgeFactory(premises__agency=district)
    for address in (LIST, "/pledges/"):
        page = text_of(desk.get(address, {"q": word}))
        assert "湖滨店" in page, address
        assert page.count("门店") == 0, address
    assert wanted.premises.merchant.name == "清泉百货"


def test_what_was_applied_for_together_is_found_by_its_number(desk, district):
    for name in ("湖滨店", "武林店"):
        PledgeFactory(premises=PremisesFactory(agency=district, name=name), application="申2026-7")
    PledgeFactory(premises__name="他处店", application="申2026-7")
    PledgeFactory(premises=PremisesFactory(agency=district, name="另一店"), application="申2026-8")

    page = text_of(desk.get(LIST, {"q": " 申2026-7 "}))
    assert [name in page for name in ("湖滨店", "武林店", "他处店", "另一店")] == [True, True, False, False]


def test_a_word_that_stands_in_many_names_finds_all_of_them(desk, district, monkeypatch):
    monkeypatch.setattr("pledges.found.FEW", 2)
    for number in range(3):
        PledgeFactory(premises=PremisesFactory(agency=district, name=f"湖滨{number}号"))
        PledgeFactory(premises=PremisesFactory(agency=district, merchant__name=f"湖滨百货{number}"))
    PledgeFactory(premises__agency=district)

    for address in (LIST, "/pledges/"):
        page = text_of(desk.get(address, {"q": "湖滨"}))
        assert [page.count(f"湖滨{number}号") > 0 for number in range(3)] == [True] * 3, address
        assert [page.count(f"湖滨百货{number}") > 0 for number in range(3)] == [True] * 3, address
    assert desk.get("/pledges/", {"q": "湖滨"}).context["table"].paginator.count == 6


@pytest.mark.usefixtures("in_english")
def test_premises_are_one_unit_on_whatever_days_map(desk, district, clerk):
    """下城区 went into 拱墅区 on 2021-04-09: an import of 2020 has put the premises into the former."""
    old, new = Region.objects.get(code="330103"), Region.objects.filter(code="330105").latest("valid_from")
    elsewhere = Region.objects.filter(code="330106").latest("valid_from")
    premises = PremisesFactory(agency=district, region=old, name="湖滨店")
    given = {"name": "湖滨店", "actor": clerk}

    with pytest.raises(DomainError, match="there already, in"):
        register_premises(premises.merchant, region=new, **given)
    assert Premises.objects.get() == premises
    assert register_premises(premises.merchant, region=elsewhere, **given).region == elsewhere
    assert change_premises(premises, region=new, **given).region == new


@pytest.mark.parametrize(("todo", "shown"), [
    ("review", {"applied"}), ("renew", {"soon"}), ("correct", {"late"}), ("", {"applied", "soon", "late"}),
])  # fmt: skip
def test_the_register_is_narrowed_to_what_is_to_be_done(desk, district, today, todo, shown):
    def made(name, **facts):
        return PledgeFactory(premises=PremisesFactory(agency=district, name=f"{name}-shop"), **facts)

    made("applied")
    made("soon", in_force=True, valid_to=today + dt.timedelta(days=90))
    made("late", in_force=True, correct_by=today - dt.timedelta(days=1))
    for address in (LIST, "/pledges/"):
        page = text_of(desk.get(address, {"todo": todo} if todo else {}))
        assert {name for name in ("applied", "soon", "late") if f"{name}-shop" in page} == shown, address


def test_nobody_finds_the_pledges_of_another_agency(desk):
    other = PledgeFactory(in_force=True)
    assert other.premises.name not in text_of(desk.get("/pledges/"))
    for address in (f"/pledges/{other.pk}/", f"/pledges/merchants/{other.premises.merchant_id}/", url(other, "change/"),
                    url(other, "act/evaluate/")):  # fmt: skip
        assert desk.get(address).status_code == 404, address


def test_the_page_of_a_merchant_has_its_pledges_and_what_became_of_complaints(desk, district, premises):
    PledgeFactory(premises=premises, in_force=True)
    now = timezone.now()
    for outcome in ("agreement", "settled", "failed"):
        CaseFactory(handling=district, merchant=premises.merchant, closed=True, outcome=outcome, received_at=now)
    CaseFactory(handling=AgencyFactory(), merchant=premises.merchant, received_at=now)
    first = dt.date(timezone.localdate().year - 4, 1, 1)
    for day in (first, first - dt.timedelta(days=1)):
        CaseFactory(handling=district, merchant=premises.merchant, received_at=local(day.year, day.month, day.day, 9))

    page = desk.get(f"/pledges/merchants/{premises.merchant_id}/")

    year, oldest = page.context["years"]
    assert (oldest["year"], oldest["complaints"]) == (first, 1)
    assert {name: year[name] for name in ("complaints", "reports", "settled", "failed")} == {
        "complaints": 3, "reports": 0, "settled": 2, "failed": 1,
    }  # fmt: skip
    assert premises.name in text_of(page)
    assert len(page.context["newest"]) == 5


def test_every_complaint_of_a_year_stands_in_one_column(desk, district, premises):
    facts = {"handling": district, "merchant": premises.merchant, "received_at": timezone.now()}
    for outcome in ("agreement", "failed", "withdrawn", "withdrawn", "unreachable", "other"):
        CaseFactory(closed=True, outcome=outcome, **facts)
    CaseFactory(closed=True, outcome="", **facts)
    CaseFactory(refused=True, **facts)
    CaseFactory(**facts)
    CaseFactory(accepted=True, **facts)
    CaseFactory(accepted=True, state="ended", outcome="failed", ended_at=timezone.now(), **facts)
    CaseFactory(report=True, **facts)

    page = desk.get(f"/pledges/merchants/{premises.merchant_id}/")

    [year] = page.context["years"]
    ways = ("settled", "failed", "withdrawn", "other", "open")
    assert [year[way] for way in ways] == [1, 2, 2, 4, 2]
    assert sum(year[way] for way in ways) == year["complaints"] == 11
    rows = text_of(page).partition('id="h-years"')[2].partition("</section>")[0]
    links = re.findall(r'href="(/cases/\?[^"]+)">(\d+)</a>', rows)
    opened = [(int(n), desk.get(html.unescape(link)).context["page"].count) for link, n in links]
    assert opened == [(11, 11), (2, 2), (2, 2), (1, 1)]


def test_the_last_day_of_a_pledge_that_was_ended_is_the_one_before(desk, premises):
    first = dt.date(2025, 3, 1)
    for end, last in (
        (dt.date(2026, 5, 10), "2026-05-09"), (None, "2028-02-28"), (first, "-"),
    ):  # fmt: skip
        state = "revoked" if end else "in_force"
        pledge = PledgeFactory(
            premises=premises, in_force=True, published_on=first, valid_to=dt.date(2028, 2, 28), state=state, ended_on=end
        )
        page = text_of(desk.get(f"/pledges/merchants/{premises.merchant_id}/"))
        row = page.partition(f'href="/pledges/{pledge.pk}/"')[2].partition("</tr>")[0]
        assert re.findall(r'<td class="date">([^<]*)</td>', row) == ["2025-03-01", last]


def test_the_page_of_a_merchant_tells_a_suspicion_that_fell_away(desk, district, premises):
    pledge = PledgeFactory(premises=premises, in_force=True)
    for matches in (True, False):
        BreachFactory(
            pledge=pledge, case__handling=district, case__merchant=premises.merchant, matches=matches,
            found_at=local(2026, 11, 3 + matches),
        )  # fmt: skip

    page = text_of(desk.get(f"/pledges/merchants/{premises.merchant_id}/"))

    shown = re.findall(r'<span class="state state-amber">Suspected</span>([^<]*)</span>', page)
    assert [words.strip() for words in shown] == ["", "(no longer under the promise)"]


def test_the_page_of_a_merchant_shows_what_the_public_would_see(desk, district, premises):
    binding = PledgeFactory(premises=premises, in_force=True)
    suspended = PledgeFactory(premises=premises, in_force=True, state="suspended")
    suspended.suspensions.create(since=suspended.published_on, reason="多次拒绝退货")
    PledgeFactory(premises=premises)  # not published
    PledgeFactory(premises=PremisesFactory(merchant=premises.merchant), in_force=True)  # in the register of others

    page = desk.get(f"/pledges/merchants/{premises.merchant_id}/")

    assert page.context["public"] == [binding]
    assert "Of the pledges that you see." in text_of(page)


def test_the_page_of_a_merchant_has_its_breaches_and_returns(desk, district, premises):
    pledge = PledgeFactory(premises=premises, in_force=True)
    BreachFactory(pledge=pledge, case__handling=district, case__merchant=premises.merchant)
    BreachFactory()
    for month, count, amount in ((dt.date(2026, 3, 1), 4, "120.50"), (dt.date(2026, 4, 1), 2, "30.00")):
        ReturnEntryFactory(premises=premises, month=month, count=count, amount=amount)
    ReturnEntryFactory(month=dt.date(2026, 3, 1))

    page = desk.get(f"/pledges/merchants/{premises.merchant_id}/")

    [(breach, opens)] = page.context["breaches"]
    assert (breach.pledge, opens) == (pledge, f"/admin/pledges/breach/{breach.pk}/change/")
    [year] = page.context["returns"]
    assert (year["year"].year, year["times"], year["amount"]) == (2026, 6, Decimal("150.50"))


def test_a_chain_has_no_more_pledges_on_its_page_than_can_be_read(desk, district, premises, monkeypatch):
    monkeypatch.setattr("pledges.views.records.MOST_PLEDGES", 2)
    rows = [PledgeFactory(premises=premises, in_force=True) for _n in range(2)]
    address, all_of_them = f"/pledges/merchants/{premises.merchant_id}/", "/pledges/?q="
    assert all_of_them not in text_of(desk.get(address))

    PledgeFactory(premises=PremisesFactory(agency=district, merchant=premises.merchant), applied_on=dt.date(2020, 1, 1))
    page = desk.get(address)
    assert [pledge for pledge, _tone in page.context["pledges"]] == rows[::-1]
    link = re.search(r'href="(/pledges/\?q=[^"]+)"', text_of(page)).group(1)
    assert desk.get(link).context["page"].count == 3


def test_an_officer_opens_the_breaches_of_the_cases_that_he_sees(client, district, premises):
    pledge = PledgeFactory(premises=premises, in_force=True)
    seen = {"case__handling": district, "case__merchant": premises.merchant, "found_at": local(2026, 11, 5)}
    own = BreachFactory(pledge=pledge, **seen)
    BreachFactory(pledge=pledge, case__handling=AgencyFactory(), case__merchant=premises.merchant)
    client.force_login(UserFactory(agency=district, roles=["officer"]))

    breaches = client.get(f"/pledges/merchants/{premises.merchant_id}/").context["breaches"]

    assert [url for _breach, url in breaches] == [f"/cases/{own.case.number}/pledges/{own.pk}/", ""]
    assert client.get(breaches[0][1]).status_code == 200


def test_numbers_written_in_names_are_masked_on_every_page(boss, district, today):
    number, masked = "13900000001", "139****0001"
    named = {"merchant__name": f"张三小店{number}", "name": f"门店{number}", "address": f"路{number}"}
    premises = PremisesFactory(agency=district, **named)
    pledge = PledgeFactory(premises=premises, in_force=True, published_on=today, applied_on=today)
    pledge.opinions.create(
        stage="council", favourable=True, text="同意", body="区消保委", person=f"李四{number}", given_on=today
    )
    zone = ZoneFactory(agency=district, name=f"商圈{number}", operator=premises.merchant, address=f"街{number}")
    MembershipFactory(premises=premises, zone=zone)
    InspectionFactory(premises=premises, visited=True)
    target = TargetFactory(agency=district, what="premises_created", year=today.year)
    BreachFactory(pledge=pledge, case__handling=district, case__merchant=premises.merchant)

    for address in (
        "/pledges/", f"/pledges/{pledge.pk}/", f"/pledges/merchants/{premises.merchant_id}/", "/pledges/zones/",
        f"/pledges/zones/{zone.pk}/", f"/pledges/targets/{target.pk}/reached/",
    ):  # fmt: skip
        page = text_of(boss.get(address))
        assert number not in page, address
        assert masked in page, address


def test_a_number_of_complaints_opens_as_many(desk, district, premises, today):
    long_ago, zone = dt.date(today.year - 2, 6, 1), MembershipFactory(premises=premises, zone__agency=district).zone
    for day, kind in ((today, "complaint"), (today, "report"), (long_ago, "complaint"), (long_ago, "complaint")):
        CaseFactory(
            handling=district, merchant=premises.merchant, region=zone.region, kind=kind,
            received_at=local(day.year, day.month, day.day, 9),
        )  # fmt: skip
    opened = {}
    for address in (f"/pledges/zones/{zone.pk}/", f"/pledges/merchants/{premises.merchant_id}/"):
        links = re.findall(r'href="(/cases/\?[^"]+)">(\d+)</a>', text_of(desk.get(address)))
        opened[address] = [(int(n), desk.get(html.unescape(link)).context["page"].count) for link, n in links]
    assert list(opened.values()) == [[(1, 1)], [(1, 1), (1, 1), (2, 2)]]


def test_a_pledge_that_states_nothing_says_so(desk, premises):
    pledge = PledgeFactory(premises=premises, statement="")

    page = text_of(desk.get(f"/pledges/{pledge.pk}/"))

    assert '<p class="muted">Nothing is stated.</p>' in page
    assert '<dl class="desc">' not in page
def inspected(premises, day, **facts):
    return InspectionFactory(premises=premises, visited=True, planned_on=day, **facts)


def test_the_page_of_a_merchant_has_the_visits_to_its_premises_the_latest_first(desk, district, premises):
    second = PremisesFactory(agency=district, merchant=premises.merchant, name="二店")
    late = inspected(
        premises, dt.date(2026, 3, 2), state="correcting", correct_by=timezone.localdate() - dt.timedelta(days=2)
    )
    for result in ("not_ok", "not_ok", "ok", "not_applicable"):
        FindingFactory(inspection=late, result=result)
    newest = inspected(second, dt.date(2026, 4, 1), mode="undercover")
    inspected(PremisesFactory(agency=district), dt.date(2026, 4, 1))

    page = desk.get(f"/pledges/merchants/{premises.merchant_id}/")

    rows = [(visit, visit.not_ok, tone, url) for visit, tone, url in page.context["inspections"]]
    assert rows == [
        (newest, 0, "amber", f"/admin/pledges/inspection/{newest.pk}/change/"),
        (late, 2, "amber", f"/admin/pledges/inspection/{late.pk}/change/"),
    ]
    shown = text_of(page).partition('id="h-inspections"')[2]
    for words in ("二店", "Undercover", "2026-04-01", "Being corrected", "2026-03-02", "2 days overdue"):
        assert words in shown, words


def test_what_is_only_planned_or_was_cancelled_is_not_told_on_the_page_of_a_merchant(desk, premises):
    for state in ("planned", "cancelled"):
        ended_at = timezone.now() if state == "cancelled" else None
        InspectionFactory(premises=premises, mode="undercover", state=state, ended_at=ended_at)

    page = desk.get(f"/pledges/merchants/{premises.merchant_id}/")

    assert page.context["inspections"] == []
    assert "Its premises have not been visited." in text_of(page)
    assert "Undercover" not in text_of(page)


def test_an_inspection_is_seen_on_the_page_of_a_merchant_by_whoever_sees_it_elsewhere(client, district, premises):
    """A case officer sees the register and no inspections; another district sees its own premises of the same merchant
    and nothing of what was done at these."""
    inspected(premises, dt.date(2026, 4, 1), mode="undercover")
    other = PremisesFactory(merchant=premises.merchant, agency=AgencyFactory(parent=district.parent))
    theirs = inspected(other, dt.date(2026, 4, 2))
    address = f"/pledges/merchants/{premises.merchant_id}/"
    client.cookies["django_language"] = "en"

    client.force_login(UserFactory(agency=district, roles=["officer"]))
    page = client.get(address)
    assert (page.status_code, page.context["inspections"]) == (200, [])
    assert "Inspections" not in text_of(page)
    assert "Undercover" not in text_of(page)

    client.force_login(UserFactory(agency=other.agency, roles=["regulator"]))
    page = client.get(address)
    assert [(visit, url) for visit, _tone, url in page.context["inspections"]] == [(theirs, "")]
    assert "Undercover" not in text_of(page)
    assert premises.name not in text_of(page)


@pytest.mark.parametrize("rows", [1, 3])
def test_the_page_of_a_merchant_takes_as_many_queries_for_three_visits_as_for_one(desk, district, premises, rows):
    for number in range(rows):
        second = PremisesFactory(agency=district, merchant=premises.merchant)
        FindingFactory(inspection=inspected(second, dt.date(2026, 4, 1 + number)), result="not_ok")
    address = f"/pledges/merchants/{premises.merchant_id}/"
    desk.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert desk.get(address).status_code == 200
    assert len(queries) == 14


def test_the_list_of_a_figure_says_how_many_units_there_are_as_far_as_any_list(desk, district, monkeypatch):
    monkeypatch.setattr("core.pagination.DearPaginator.count_cap", 10)
    PledgeFactory.create_batch(26, premises__agency=district, in_force=True)
    today = timezone.localdate()

    page = desk.get("/pledges/", {"metric": "pledges.in_force", "part": "value", "from": today, "to": today})

    assert (len(page.context["page"]), page.context["page"].count, page.context["page"].is_capped) == (25, 26, False)


@pytest.mark.parametrize("rows", [1, 3])
def test_lists_take_as_many_queries_for_three_as_for_one(desk, district, rows):
    for _n in range(rows):
        PledgeFactory(premises__agency=district, in_force=True)
    counts = {}
    for address in (LIST, "/pledges/"):
        desk.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert desk.get(address).status_code == 200
        counts[address] = len(queries)
    assert counts == {LIST: 7, "/pledges/": 10}


@pytest.mark.parametrize(
    ("role", "status"), [("regulator", 200), ("pledge_clerk", 200), ("officer", 403), ("mediator", 403)]
)
def test_the_register_goes_out_to_whoever_may_export_it(client, district, premises, role, status):
    PledgeFactory(premises=premises, in_force=True)
    client.force_login(UserFactory(agency=district, roles=[role]))

    response = client.get("/pledges/export/?format=csv")

    assert response.status_code == status
    if status == 200:
        assert premises.name in b"".join(response.streaming_content).decode("utf-8-sig")


def cells(client, address) -> list[list[str]]:
    return list(csv.reader(b"".join(client.get(address).streaming_content).decode("utf-8-sig").splitlines()))


@pytest.mark.parametrize(("language", "words"), [
    ("en", ["West", "No-reason return", "In force", "City level", "In no pool", "Consumer"]),
    ("zh-hans", ["西区", "无理由退货承诺单位", "在期", "市级", "未入库", "消费者"]),
])  # fmt: skip
def test_a_file_is_in_the_language_of_its_reader(desk, district, language, words):
    region = RegionFactory(name="西区", name_en="West")
    premises = PremisesFactory(agency=district, region=region, name="湖滨店")
    PledgeFactory(premises=premises, in_force=True, type__returns=True, freight="consumer", level=2)
    ReturnEntryFactory(premises=premises)
    MembershipFactory(premises=premises, zone__region=region, zone__name="湖滨商圈", zone__kind="mall")
    desk.cookies["django_language"] = language

    head, row = cells(desk, "/pledges/export/?format=csv")
    named = dict(zip(head, row, strict=True))
    assert [named[head[column]] for column in (3, 5, 6, 13, 14, 18)] == words
    assert cells(desk, "/insights/returns/export/?format=csv")[1][3] == words[0]
    zone = cells(desk, "/pledges/zones/export/?format=csv")[1]
    assert (zone[0], zone[3], zone[8]) == ("湖滨商圈", words[0], "1")


def test_zones_go_out_as_they_are_listed_to_whoever_may_export(desk, client, district, today):
    for name, facts in (("开放区", {}), ("关闭区", {"closed_on": today})):
        ZoneFactory(agency=district, name=name, **facts)
    ZoneFactory(name="别处区")
    assert 'href="/pledges/zones/export/' in text_of(desk.get("/pledges/zones/"))

    assert [row[0] for row in cells(desk, "/pledges/zones/export/?format=csv&open=yes")[1:]] == ["开放区"]
    assert AccessLog.objects.get().target == "zones?open=yes"
    grant = UserFactory(agency=district)
    grant.user_permissions.add(Permission.objects.get(codename="view_zone"))
    client.force_login(grant)
    assert "/pledges/zones/export/" not in text_of(client.get("/pledges/zones/"))
    assert client.get("/pledges/zones/export/?format=csv").status_code == 403
    assert AccessLog.objects.count() == 1
