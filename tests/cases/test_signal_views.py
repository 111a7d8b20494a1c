import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.models import Case, SignalDecision
from cases.views import signals as views
from tests.cases.filings import AT, PHONE, REASON, TEXT
from tests.cases.pages import transactions
from tests.factories import CaseFactory, MerchantFactory, PartyFactory, UserFactory, grant
from tests.factories.cases import local

pytestmark = pytest.mark.django_db


def url(case) -> str:
    return f"/cases/{case.number}/signals/"


@pytest.fixture
def regulator(district):
    return UserFactory(agency=district, roles=["regulator"])


@pytest.fixture
def repeated(filed):
    """A case, and another of the same person about the same merchant in the same words."""
    merchant = MerchantFactory(name="测试青禾商贸")
    return filed(merchant=merchant, narrative=TEXT), filed(days=-1, merchant=merchant, narrative=TEXT)


@pytest.mark.usefixtures("english")
def test_the_page_shows_signals_with_their_cases(visit, regulator, repeated):
    case, other = repeated

    html = visit(regulator, url(case)).content.decode()

    for words in (
        "Other cases of the same person", "The same person about the same merchant", "Like texts",
        f'<a href="/cases/{other.number}/">{other.number}</a>', "2026-11-01", "测试青禾商贸", "same phone number",
        "1,280.00", "100%", "(SAMR Order 121), art 17", "not added up", "Leads on breaches of the law are verified",
    ):  # fmt: skip
        assert words in html, words


@pytest.mark.usefixtures("english")
def test_of_a_report_the_page_says_that_the_lead_is_verified(visit, regulator, district):
    report = CaseFactory(handling=district, report=True)
    PartyFactory(case=report, reporter=True)

    html = visit(regulator, url(report)).content.decode()

    assert "The lead of this report is verified all the same." in html
    assert "Reporters are sealed" in html
    assert "There are no signals" in html


def test_texts_are_escaped_and_numbers_masked(visit, regulator, filed):
    case = filed()
    filed(
        days=-1, narrative="<script>alert(1)</script>电话13800001234", merchant=None,
        merchant_written="<b>某店</b>13800005678",
    )  # fmt: skip
    SignalDecision.objects.create(
        case=case, actor=regulator, at=AT, decision="repeat", reason="<i>与13800009999的投诉相同</i>"
    )

    html = visit(regulator, url(case)).content.decode()

    for written in ("<script>alert", "<b>某店", "<i>与", "13800001234", "13800005678", "13800009999"):
        assert written not in html
    for shown in ("&lt;script&gt;alert(1)&lt;/script&gt;电话138****1234", "&lt;b&gt;某店&lt;/b&gt;138****5678",
                  "&lt;i&gt;与138****9999的投诉相同&lt;/i&gt;"):  # fmt: skip
        assert shown in html


@pytest.mark.usefixtures("english")
def test_cases_of_other_agencies_are_counted_alone(visit, regulator, filed, neighbour):
    case = filed()
    theirs = [filed(days=-n, handling=neighbour) for n in (1, 2)]

    html = visit(regulator, url(case)).content.decode()

    assert "2 more cases of other agencies" in html
    assert not any(other.number in html for other in theirs)


def test_rows_beyond_the_first_are_folded_away_and_still_there(visit, regulator, filed, monkeypatch):
    monkeypatch.setattr(views, "OPEN_ROWS", 2)
    case = filed()
    others = [filed(days=-n) for n in (1, 2, 3)]

    html = visit(regulator, url(case)).content.decode()

    open_rows, _details, folded = html.partition('<details class="more-rows">')
    assert all(other.number in open_rows for other in others[:2])
    assert others[2].number in folded
    assert others[2].number not in open_rows


@pytest.mark.parametrize("others", [1, 3])
def test_the_page_takes_as_many_queries_for_one_row_as_for_three(warm, regulator, filed, others):
    merchant = MerchantFactory()
    case = filed(narrative=TEXT, merchant=merchant)
    for n in range(1, others + 1):
        filed(days=-n, narrative=TEXT, merchant=merchant)
        filed(days=-n, narrative=TEXT, merchant=merchant, phone=f"1380000001{n}")
        SignalDecision.objects.create(
            case=case, actor=UserFactory(), at=local(2026, 11, n), decision="none", reason=REASON
        )
    client = warm(regulator, url(case))

    with CaptureQueriesContext(connection) as queries:
        html = client.get(url(case)).content.decode()

    # session, user with agency, permissions, the case; five of the signals; the decisions with their actors
    assert len(queries) == 10
    assert html.count(REASON) == others


def test_a_decision_is_recorded_and_shown(client, regulator, repeated):
    case, other = repeated
    client.force_login(regulator)

    response = client.post(url(case), {"decision": "repeat", "reason": REASON}, follow=True)

    assert response.redirect_chain == [(url(case), 302)]
    decision = SignalDecision.objects.get()
    assert (decision.case, decision.actor, decision.decision, decision.reason) == (case, regulator, "repeat", REASON)
    assert {seen["code"] for seen in decision.seen} == {"person.cases", "person.merchant", "text.alike"}
    assert all(seen["numbers"] == [other.number] for seen in decision.seen)
    assert REASON in response.content.decode()


@pytest.mark.usefixtures("english")
@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"decision": "repeat", "reason": "一样的"}, "at least 10 characters"),
        ({"decision": "repeat", "reason": ""}, "This field is required."),
        ({"decision": "", "reason": REASON}, "This field is required."),
        ({"decision": "guilty", "reason": REASON}, "guilty is not one of the available choices."),
        ({}, "This field is required."),
    ],
)
def test_a_decision_without_reason_or_meaning_comes_back_with_the_text(client, regulator, repeated, data, message):
    client.force_login(regulator)

    response = client.post(url(repeated[0]), data)

    html = response.content.decode()
    assert (response.status_code, SignalDecision.objects.count()) == (200, 0)
    assert message in html
    assert data.get("reason", "") in html


def test_who_may_only_see_has_no_form_and_decides_nothing(client, district, repeated):
    user = UserFactory(agency=district)
    grant(user, "view_case", "view_signals")
    client.force_login(user)

    assert "<textarea" not in client.get(url(repeated[0])).content.decode()
    assert client.post(url(repeated[0]), {"decision": "repeat", "reason": REASON}).status_code == 403
    assert not SignalDecision.objects.exists()


@pytest.mark.parametrize("role", ["officer", "mediator", "clerk"])
def test_ordinary_staff_sees_no_signals_and_no_way_to_them(client, district, repeated, role):
    case, other = repeated
    client.force_login(UserFactory(agency=district, roles=[role]))

    response = client.get(url(case))
    posted = client.post(url(case), {"decision": "repeat", "reason": REASON})

    assert (response.status_code, posted.status_code) == (403, 403)
    assert other.number not in response.content.decode()
    assert not SignalDecision.objects.exists()
    assert url(case) not in client.get(f"/cases/{case.number}/").content.decode()


def test_those_who_may_are_led_there_from_the_case(visit, regulator, repeated):
    assert url(repeated[0]) in visit(regulator, f"/cases/{repeated[0].number}/").content.decode()


def test_the_timeline_of_the_case_does_not_tell_of_a_decision(client, regulator, district, repeated):
    case, _other = repeated
    client.force_login(regulator)
    client.post(url(case), {"decision": "not_living", "reason": REASON})

    client.force_login(UserFactory(agency=district, roles=["officer"]))
    assert REASON not in client.get(f"/cases/{case.number}/").content.decode()


def test_a_case_of_another_district_is_not_there(client, regulator, filed, neighbour):
    case = filed(handling=neighbour)
    client.force_login(regulator)

    assert client.get(url(case)).status_code == 404
    assert client.post(url(case), {"decision": "repeat", "reason": REASON}).status_code == 404
    assert not SignalDecision.objects.exists()


# what a case may repeat


def repeats(case) -> str:
    return f"/cases/{case.number}/repeats/"


@pytest.mark.usefixtures("english")
def test_the_cases_that_one_may_repeat(visit, officer, repeated, neighbour, filed):
    case, other = repeated
    theirs = filed(days=-2, handling=neighbour)

    response = visit(officer, repeats(case))
    html = response.content.decode()

    for words in (
        f'<a class="tnum" href="/cases/{other.number}/">{other.number}</a>', "2026-11-01", "测试青禾商贸",
        "same phone number, same merchant, like text", "<html",
    ):  # fmt: skip
        assert words in html
    assert f'<li><a class="tnum" href="/cases/{case.number}/">' not in html  # no repeat of itself
    assert theirs.number not in html
    assert PHONE not in html
    assert "no-store" in response["Cache-Control"]


@pytest.mark.usefixtures("english")
def test_the_page_of_a_case_loads_what_it_may_repeat(client, visit, officer, regulator, repeated):
    case, other = repeated
    client.force_login(officer)

    fragment = client.get(repeats(case), headers={"HX-Request": "true"}).content.decode()

    assert other.number in fragment
    assert "<html" not in fragment
    html = client.get(case.get_absolute_url()).content.decode()
    assert f'hx-get="{repeats(case)}" hx-trigger="load"' in html
    assert f'<a href="{repeats(case)}">Look for them</a>' in html
    assert repeats(case) not in visit(regulator, case.get_absolute_url()).content.decode()


@pytest.mark.usefixtures("english")
def test_a_sealed_reporter_links_for_those_alone_who_see_reporters(visit, officer, district, filed):
    report, complaint = filed(reporter=True, report=True), filed(days=-1)

    seen = visit(officer, repeats(report)).content.decode()
    unseen = visit(UserFactory(agency=district, roles=["mediator"]), repeats(report)).content.decode()

    assert complaint.number in seen
    assert "Reporters are sealed" not in seen
    assert complaint.number not in unseen
    assert "Reporters are sealed" in unseen
    assert "No earlier case of the same person" in unseen


@pytest.mark.usefixtures("english")
def test_more_than_are_shown_is_said(visit, officer, filed, monkeypatch):
    monkeypatch.setattr(views, "REPEATS", 2)
    case, *_others = (filed(days=-n) for n in range(4))

    html = visit(officer, repeats(case)).content.decode()

    assert html.count("same phone number") == 2
    assert "No more than 2 cases are shown; there may be more." in html


@pytest.mark.usefixtures("english")
def test_what_takes_too_long_is_not_waited_for(visit, officer, filed, monkeypatch):
    case = filed()
    monkeypatch.setattr(views, "REPEAT_SECONDS", 0.05)
    monkeypatch.setattr(
        views, "repeats_of", lambda *_given, **_limit: list(Case.objects.extra(where=["pg_sleep(1) IS NULL"]))
    )

    response = visit(officer, repeats(case))

    assert response.status_code == 200
    assert "The search was stopped" in response.content.decode()


@pytest.mark.parametrize("others", [1, 3])
def test_what_a_case_may_repeat_takes_as_many_queries_for_one_row_as_for_three(warm, officer, filed, others):
    merchant = MerchantFactory()
    case = filed(merchant=merchant, narrative=TEXT)
    for n in range(1, others + 1):
        PartyFactory(case=case, plain={"phone": f"1380000001{n}"})
        filed(days=-n, merchant=merchant, narrative=TEXT, phone=f"1380000001{n}")
    client = warm(officer, repeats(case))

    with CaptureQueriesContext(connection) as queries:
        html = client.get(repeats(case)).content.decode()

    assert html.count("2026-10-") + html.count("2026-11-01") == others
    # session, user with agency, permissions, the case, the time limit; parties, rules, cases
    assert len(queries) - transactions(queries) == 8


def test_what_is_wrong_with_a_decision_is_said_at_its_field(client, regulator, repeated):
    client.force_login(regulator)

    html = client.post(url(repeated[0]), {"decision": "", "reason": ""}).content.decode()

    for name in ("decision", "reason"):
        assert f'aria-describedby="id_{name}_error"' in html
        assert f'<ul class="errorlist" id="id_{name}_error">' in html
    assert 'data-ask-first' in html.split("<textarea")[0].split("<form")[-1]


def test_a_decision_leads_back_to_the_page_under_its_own_address(client, regulator, repeated):
    client.force_login(regulator)
    address = f"{url(repeated[0])}?state=open"

    response = client.post(address, {"decision": "repeat", "reason": REASON})

    assert (response.status_code, response["Location"]) == (302, address)
