import csv
import datetime as dt
import io
import itertools
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.messages import get_messages
from django.db import connection
from django.db.models import BooleanField
from django.db.models.expressions import RawSQL
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape, strip_tags
from django.utils.http import urlencode
from python_calamine import CalamineWorkbook

from accounts.models import AccessLog
from accounts.roles import ROLES
from cases import casefile, search
from cases.casefile import facts
from cases.domain import pause_clocks, resume_clocks, start_clock, write_search
from cases.models import CallBack, Case, CaseHistory, ClockRule, FeedPosition, Party, Recovery
from cases.views import lists
from core import pagination
from core.exceptions import DomainError
from registry.domain.calendar import shown_calendar
from tests.cases.pages import text, transactions
from tests.factories import (
    AgencyFactory,
    CaseEventFactory,
    CaseFactory,
    CaseReferenceFactory,
    CategoryFactory,
    ClockFactory,
    ImportDifferenceFactory,
    ImportFileFactory,
    MerchantFactory,
    PartyFactory,
    RecoveryFactory,
    RegionFactory,
    SupervisionFactory,
    UserFactory,
    grant,
)
from tests.factories.cases import PERSON, local

pytestmark = pytest.mark.django_db
LIST = "/cases/"
LEDGER = "/cases/recoveries/"
REASON = "回访当事人"


def url(case) -> str:
    return f"/cases/{case.number}/"


def index() -> None:
    """Let the search read all cases."""
    write_search(list(Case.objects.values_list("pk", flat=True)))


@pytest.fixture
def handled(district):
    """`handled(...)`: a case of the officer's own district."""
    return lambda **fields: CaseFactory(handling=district, **fields)


# the list


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_takes_as_many_queries_for_one_row_as_for_three(warm, officer, handled, rows):
    for _n in range(rows):
        ClockFactory(case=handled(region=RegionFactory(), category=CategoryFactory()))
    client = warm(officer, LIST)

    with CaptureQueriesContext(connection) as queries:
        response = client.get(LIST)

    # session, user with agency, permissions, the time limit, vocabularies, the count, rows, their clocks, the tabs with
    # a time limit of their own
    assert len(queries) - transactions(queries) == 10
    assert text(response).count("净水器") == 2 * rows  # the words and their title


def test_more_than_a_page_takes_no_more_queries(warm, officer, handled):
    for _n in range(26):
        handled()
    client = warm(officer, LIST)

    with CaptureQueriesContext(connection) as queries:
        response = client.get(LIST)

    assert len(queries) - transactions(queries) == 10
    assert response.context_data["page"].count == 26


def test_a_search_stays_within_twelve_queries(warm, officer, handled):
    for _n in range(26):
        handled()
    client = warm(officer, LIST)

    index()
    with CaptureQueriesContext(connection) as queries:
        response = client.get(LIST, {"q": "净水器"})

    # the list, and one for the keys of the page
    assert len(queries) - transactions(queries) == 11
    assert response.context_data["page"].count == 26


def test_order_and_size_of_the_page_go_with_the_next_filters(visit, officer, handled):
    handled()

    html = text(visit(officer, LIST, sort="-claimed", size="50"))

    assert '<input type="hidden" form="query" name="sort" value="-claimed">' in html
    assert '<input type="hidden" form="query" name="size" value="50">' in html


def test_where_nothing_matches_the_filters_can_be_cleared(visit, officer, handled):
    handled()

    assert f'<a href="{LIST}">清除全部筛选条件</a>' in text(visit(officer, LIST, kind="report"))


def test_only_cases_of_the_own_agency_and_below_are_listed(visit, officer, handled, district, neighbour):
    mine = handled()
    below = CaseFactory(handling=AgencyFactory(station=True, parent=district))
    theirs = CaseFactory(handling=neighbour)

    html = text(visit(officer, LIST))

    assert mine.number in html
    assert below.number in html
    assert theirs.number not in html


def test_the_whole_city_is_for_those_who_may_see_it(visit, city, neighbour):
    case = CaseFactory(handling=neighbour)

    assert case.number in text(visit(UserFactory(agency=city, roles=["city_regulator"]), LIST))
    assert case.number not in text(visit(UserFactory(agency=AgencyFactory(council=True), roles=["regulator"]), LIST))


def test_without_the_permission_there_is_no_list(visit):
    assert visit(UserFactory(roles=["auditor"]), LIST).status_code == 403


def test_htmx_gets_the_results_alone(client, officer, handled):
    case = handled()
    client.force_login(officer)

    response = client.get(LIST, headers={"HX-Request": "true"})

    html = text(response)
    assert case.number in html
    assert "<html" not in html
    assert "HX-Request" in response.headers["Vary"]


def test_a_row_shows_what_matters_and_hides_phone_numbers(visit, officer, handled):
    handled(
        narrative="请打电话13800001234给我", merchant=None, merchant_written="无名早餐铺", region=None,
        region_written="不知何处", category=CategoryFactory(name="餐饮服务"), claimed=Decimal("12345.6"), accepted=True,
    )

    html = text(visit(officer, LIST))

    assert "请打电话138****1234给我" in html
    assert "13800001234" not in html
    for words in ("投诉", "无名早餐铺", "不知何处", "餐饮服务", "12,345.60", "2026-11-02", "办理中"):
        assert words in html, words


def test_tabs_count_what_the_user_sees(visit, officer, handled, neighbour):
    today = timezone.localdate()
    ClockFactory(case=handled(), due_on=today - dt.timedelta(days=1))
    ClockFactory(case=handled(), due_on=today + dt.timedelta(days=7))
    ClockFactory(case=CaseFactory(handling=neighbour), due_on=today - dt.timedelta(days=1))
    CaseFactory(handling=None, custodian=officer.agency)

    context = visit(officer, LIST, due="7").context_data

    assert [(tab.url, tab.count, tab.current) for tab in context["tabs"]] == [
        ("/cases/", 3, False),
        ("/cases/?due=overdue", 1, False),
        ("/cases/?due=7", 1, True),
        ("/cases/?mark=dispatch", 1, False),
    ]


def test_a_term_within_seven_working_days_may_be_nine_days_away(visit, officer, handled, bridge):
    near, far = (handled() for _n in range(2))
    for case, left in ((near, 9), (far, 10)):
        ClockFactory(case=case, due_on=timezone.localdate() + dt.timedelta(days=left))

    context = visit(officer, LIST, due="7").context_data

    assert context["page"].rows == [near]
    assert context["tabs"][2].count == 1


def test_counts_stop_at_the_cap(visit, officer, handled, monkeypatch):
    for module in (pagination, lists):
        monkeypatch.setattr(module, "COUNT_CAP", 2)
    for _n in range(3):
        handled()

    response = visit(officer, LIST)

    tab = response.context_data["tabs"][0]
    assert (tab.count, tab.capped) == (2, True)
    assert "<b>2+</b>" in text(response)


@pytest.mark.parametrize(
    ("sort", "order"),
    [("-received", "cab"), ("received", "bac"), ("claimed", "acb"), ("-claimed", "cab"), ("number", "abc")],
)
def test_sorts(visit, officer, handled, sort, order):
    cases = {
        "a": handled(number="2026-90000001", received_at=local(2026, 5, 2), claimed=Decimal(1)),
        "b": handled(number="2026-90000002", received_at=local(2026, 5, 1), claimed=None),
        "c": handled(number="2026-90000003", received_at=local(2026, 5, 3), claimed=Decimal(5)),
    }

    rows = visit(officer, LIST, sort=sort).context_data["page"].rows

    assert rows == [cases[name] for name in order]


def test_paging_walks_through_all_rows(visit, officer, handled):
    for day in range(1, 31):
        handled(received_at=local(2026, 6, day))

    first = visit(officer, LIST).context_data["page"]
    second = visit(officer, LIST, after=first.next).context_data["page"]

    assert (len(first.rows), len(second.rows)) == (25, 5)
    assert first.count == second.count == 30
    assert set(first.rows) | set(second.rows) == set(Case.objects.visible_to(officer))


def test_chips_take_one_filter_away(visit, officer, handled):
    handled()

    html = text(visit(officer, LIST, state="registered", kind="complaint"))

    assert 'class="chip" href="/cases/?state=registered"' in html
    assert 'class="chip" href="/cases/?kind=complaint"' in html


def test_a_wrong_filter_shows_no_rows_and_says_why(client, visit, officer, handled):
    case = handled()

    html = text(visit(officer, LIST, received_from="2026-02-30"))
    assert case.number not in html
    assert "invalid-feedback" in html

    fragment = text(client.get(LIST, {"received_from": "2026-02-30"}, headers={"HX-Request": "true"}))
    assert "alert-error" in fragment
    assert case.number not in fragment


def test_a_list_that_takes_too_long_says_so(visit, officer, handled, monkeypatch):
    case = handled(narrative="退款")
    index()
    monkeypatch.setattr(lists, "SEARCH_SECONDS", 0.05)
    rows = lists.CaseList.get_queryset
    slept = RawSQL("pg_sleep(3)::text", [])
    monkeypatch.setattr(lists.CaseList, "get_queryset", lambda page: rows(page).annotate(slept=slept))

    response = visit(officer, LIST, q="退款")

    html = text(response)
    assert response.status_code == 200
    assert response.context_data["too_slow"]
    assert "alert-warning" in html
    assert case.number not in html
    assert [tab.count for tab in response.context_data["tabs"]] == [None] * 4


def test_tabs_count_what_their_lists_hold(visit, officer, handled):
    """Once each case, and the days on which the terms begin and end to be near."""
    today = timezone.localdate()
    until = shown_calendar().calendar().add_working_days(today, lists.SOON_DAYS).due_on
    started = today - dt.timedelta(days=60)
    for day in (today - dt.timedelta(days=1), today, until, until + dt.timedelta(days=1)):
        ClockFactory(case=handled(received_at=local(2026, 1, 5)), started_on=started, due_on=day)
    both = handled(received_at=local(2026, 1, 5))
    for code, day in (("complaint.accept", today - dt.timedelta(days=9)), ("complaint.mediate", today)):
        ClockFactory(case=both, code=code, started_on=started, due_on=day)

    tabs = visit(officer, LIST).context_data["tabs"]

    assert [tab.count for tab in tabs] == [5, 2, 3, 0]
    for tab, query in zip(tabs[1:3], ({"due": "overdue"}, {"due": str(lists.SOON_DAYS)}), strict=True):
        assert visit(officer, LIST, **query).context_data["page"].count == tab.count


def test_tabs_that_take_too_long_to_count_stand_without_a_count(visit, officer, handled, monkeypatch):
    case = handled(narrative="退款")
    monkeypatch.setattr(lists, "COUNT_SECONDS", 0.05)
    count = lists.capped_counts

    def slowly(*given):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(3)")
        return count(*given)

    monkeypatch.setattr(lists, "capped_counts", slowly)

    response = visit(officer, LIST)

    assert not response.context_data["too_slow"]
    assert case.number in text(response)
    assert [tab.count for tab in response.context_data["tabs"]] == [None] * 4


def test_how_a_search_was_understood_is_stated(english, visit, officer, handled, district):
    case = handled(narrative="电话13800001234")
    PartyFactory(case=case)
    index()
    stated = {
        "电话": "All words were looked for", "0000": "All words were looked for", case.number: "number of the case",
        PERSON["phone"]: "compared as a whole",
    }  # fmt: skip

    for words, expected in stated.items():
        html = text(visit(officer, LIST, q=words))
        assert expected in html, words
        assert (case.number in html) is (words != "0000"), words
    html = text(visit(UserFactory(agency=district, roles=["clerk"]), LIST, q=PERSON["phone"]))
    assert "Nothing was searched" in html
    assert case.number not in html
    assert "asof" not in text(visit(officer, LIST))


def test_the_log_of_an_export_holds_no_number_of_a_person(visit, officer, handled):
    case = handled()
    PartyFactory(case=case)

    assert case.number in text(visit(officer, "/cases/export/", format="csv", q=PERSON["phone"]))
    assert AccessLog.objects.get().target == "cases?q=138****0001"


def test_what_the_search_has_not_read_yet_is_stated(english, visit, officer, handled):
    handled()
    assert "1 change of cases is not in the search yet." in text(visit(officer, LIST, q="净水器"))

    FeedPosition.objects.create(consumer="search", last_id=2**62)
    assert "not in the search yet" not in text(visit(officer, LIST, q="净水器"))
    FeedPosition.objects.update(last_id=0)
    handled()
    assert "2 changes of cases are not in the search yet." in text(visit(officer, LIST, q="净水器"))


def test_a_search_is_paged_to_its_end_and_back(visit, officer, handled, monkeypatch):
    for _n in range(60):
        handled()
    index()
    for walked in (5, 4000):
        monkeypatch.setattr(search, "WALKED", walked)
        first = visit(officer, LIST, q="净水器 退货").context_data["page"]
        second = visit(officer, LIST, q="净水器 退货", after=first.next).context_data["page"]
        third = visit(officer, LIST, q="净水器 退货", after=second.next).context_data["page"]
        back = visit(officer, LIST, q="净水器 退货", before=third.previous).context_data["page"]

        assert [len(page.rows) for page in (first, second, third)] == [25, 25, 10]
        assert len({case.pk for page in (first, second, third) for case in page}) == 60
        assert back.rows == second.rows
        assert third.next is None


def test_a_search_shows_the_cases_before_and_after_on_the_page_of_one(visit, officer, handled, monkeypatch):
    cases = [handled(received_at=local(2026, 1, day), narrative="漏水" if day % 2 else "异味") for day in range(1, 8)]
    index()
    for walked in (1, 4000):
        monkeypatch.setattr(search, "WALKED", walked)
        for way, other in (("previous", cases[6]), ("next", cases[2])):
            response = visit(officer, f"{url(cases[4])}{way}/", q="漏水")

            assert response.url.startswith(url(other)), way


# the rows behind a figure


def test_a_figure_opens_its_own_rows_and_no_others(visit, officer, handled, figures, neighbour):
    counted, other = handled(), handled()
    theirs = CaseFactory(handling=neighbour)
    asked = {}

    def select(user, parameters):
        asked.update(parameters, user=user)
        return Case.objects.filter(pk__in=[counted.pk, theirs.pk]), "按期受理率", "在七个工作日内决定"

    figures("metric", select)
    query = {"metric": "cases.accepted_on_time", "part": "numerator", "from": "2026-01-01", "to": "2026-11-30",
             "region": "330106", "state": "registered"}

    response = visit(officer, LIST, **query)

    html = text(response)
    assert asked == {key: value for key, value in query.items() if key != "state"} | {"user": officer}
    assert response.context_data["page"].rows == [counted]
    assert other.number not in html
    assert theirs.number not in html  # whatever the figure counts, nobody sees another agency's cases
    assert "按期受理率" in html
    assert "在七个工作日内决定" in html
    # the chip takes the figure away and leaves the rest; the form keeps the figure
    assert 'class="chip" href="/cases/?state=registered"' in html
    assert '<input type="hidden" form="query" name="metric" value="cases.accepted_on_time">' in html


def test_an_unknown_figure_shows_a_message_and_no_rows(visit, officer, handled, figures):
    case = handled()

    def select(user, parameters):
        raise DomainError("没有这个指标。")

    figures("metric", select)

    response = visit(officer, LIST, metric="nothing")

    assert response.status_code == 200
    assert case.number not in text(response)
    assert "没有这个指标。" in text(response)


def test_an_amount_opens_its_postings(visit, officer, handled, figures):
    counted, other = RecoveryFactory(case=handled(), amount=Decimal("77.00")), RecoveryFactory(case=handled())

    figures("postings", lambda user, parameters: (Recovery.objects.filter(pk=counted.pk), "挽回经济损失", ""))

    response = visit(officer, LEDGER, metric="recoveries.total")

    assert response.context_data["page"].rows == [counted]
    assert response.context_data["totals"]["loss"] == Decimal("77.00")
    assert other.case.number not in text(response)


# export


def rows_of(response) -> list[dict]:
    return list(csv.DictReader(io.StringIO(text(response))))


def test_the_export_holds_the_filtered_rows_in_their_order(english, visit, officer, handled, neighbour):
    first = handled(
        received_at=local(2026, 5, 1), closed=True, narrative="电话13800001234", goods="=1+1",
        merchant_code_written="9133-错",
    )  # fmt: skip
    RecoveryFactory(case=first, amount=Decimal("60.00"))
    RecoveryFactory(case=first, amount=Decimal("40.50"))
    RecoveryFactory(case=first, amount=Decimal("500.00"), kind="moral")
    second = handled(received_at=local(2026, 5, 2), closed=True)
    handled()
    CaseFactory(handling=neighbour, closed=True)
    PartyFactory(case=first)

    response = visit(officer, "/cases/export/", format="csv", state="closed")

    rows = rows_of(response)
    assert [row["Case number"] for row in rows] == [second.number, first.number]
    row = rows[1]
    assert row["Recovered (CNY)"] == "100.50"
    assert row["Goods or service"] == "'=1+1"
    assert row["Narrative"] == "电话138****1234"
    assert row["Received"] == "2026-05-01 09:00:00"
    assert row["Handling agency"] == officer.agency.name_en
    assert row["Merchant"] == first.merchant.name
    assert row["Credit code as written"] == "9133-错"
    assert not set(PERSON.values()) & set(row.values())


PERSONAL_EXPORT = "/cases/export/personal/"


@pytest.fixture
def entrusted(officer):
    """An officer who may take personal data out, as where an installation has added it to the role: none has it."""
    allow_personal_export("officer")
    return officer


def allow_personal_export(role):
    Group.objects.get(name=role).permissions.add(Permission.objects.get(codename="export_personal"))


@pytest.mark.usefixtures("english")
def test_an_export_with_personal_data_holds_the_parties_and_the_numbers(client, entrusted, handled):
    case = handled(narrative="电话13800001234", received_at=local(2026, 5, 1))
    PartyFactory(case=case)
    PartyFactory(case=case, plain={"name": "李某", "phone": ""})
    Party.objects.filter(pk=PartyFactory(case=case).pk).update(personal=None)
    handled(received_at=local(2026, 5, 2), state="closed", closed_at=local(2026, 5, 3))
    client.force_login(entrusted)

    response = client.post(
        f"{PERSONAL_EXPORT}?state=registered", {"format": "csv", "reason": f" {REASON} "}, REMOTE_ADDR="192.0.2.7"
    )

    entry = AccessLog.objects.get()  # nothing of the stream has been read
    assert (entry.user, entry.action, entry.ip) == (entrusted, "export", "192.0.2.7")
    assert (entry.target, entry.fields) == ("cases-personal?state=registered", "csv, name, phone, texts")
    assert entry.reason == REASON
    (row,) = rows_of(response)
    assert row["Case number"] == case.number
    assert row["Narrative"] == "电话13800001234"
    assert row["Names of the parties"] == f"{PERSON['name']}; 李某"
    assert row["Telephone numbers of the parties"] == PERSON["phone"]
    assert not {PERSON["address"], PERSON["id_number"]} & set(row.values())


@pytest.mark.usefixtures("english")
def test_a_sealed_reporter_and_what_a_report_says_are_never_exported(client, entrusted, handled):
    case = handled(report=True, narrative="我的电话13800001234")
    PartyFactory(case=case, reporter=True)
    client.force_login(entrusted)

    (row,) = rows_of(client.post(PERSONAL_EXPORT, {"format": "csv", "reason": REASON}))

    assert row["Narrative"] == "我的电话138****1234"
    assert (row["Names of the parties"], row["Telephone numbers of the parties"]) == ("", "")


@pytest.mark.parametrize("reason", ["", "因为", "  回访   "])
def test_without_a_reason_no_personal_data_goes_out(client, entrusted, handled, reason):
    handled()
    client.force_login(entrusted)

    response = client.post(f"{PERSONAL_EXPORT}?kind=complaint", {"format": "xlsx", "reason": reason})

    assert response.headers["Location"] == f"{LIST}?kind=complaint"
    assert [str(message) for message in get_messages(response.wsgi_request)]
    assert not AccessLog.objects.exists()


def test_personal_data_goes_out_by_post_and_with_both_permissions_alone(client, visit, entrusted, district, handled):
    handled()
    mediator = UserFactory(agency=district, roles=["mediator"])
    allow_personal_export("mediator")
    client.force_login(mediator)
    refused = client.post(PERSONAL_EXPORT, {"format": "csv", "reason": REASON})
    shown = text(client.get(LIST))

    assert refused.status_code == 403
    assert PERSONAL_EXPORT not in shown
    assert visit(entrusted, PERSONAL_EXPORT, format="csv", reason=REASON).status_code == 405
    assert f'action="{PERSONAL_EXPORT}?kind=complaint"' in text(visit(entrusted, LIST, kind="complaint"))
    assert not AccessLog.objects.exists()


def test_no_role_takes_personal_data_out():
    assert not [role.code for role in ROLES.values() if "cases.export_personal" in role.permissions]


@pytest.mark.usefixtures("english")
def test_personal_data_that_cannot_be_read_breaks_no_export(client, entrusted, handled):
    party = PartyFactory(case=handled())
    Party.objects.filter(pk=party.pk).update(personal=b"no ciphertext")
    client.force_login(entrusted)

    (row,) = rows_of(client.post(PERSONAL_EXPORT, {"format": "csv", "reason": REASON}))

    assert row["Names of the parties"] == "(cannot be read)"


def test_the_export_as_a_workbook(english, visit, officer, handled):
    case = handled(goods="=1+1", claimed=Decimal("99.90"))

    response = visit(officer, "/cases/export/", format="xlsx")

    sheet = CalamineWorkbook.from_filelike(io.BytesIO(b"".join(response.streaming_content))).get_sheet_by_index(0)
    heading, row = sheet.to_python()
    cells = dict(zip(heading, row, strict=True))
    assert cells["Case number"] == case.number
    assert cells["Goods or service"] == "=1+1"
    assert cells["Claimed (CNY)"] == 99.9


def test_every_export_is_logged_before_its_first_byte(client, officer, handled):
    handled()
    client.force_login(officer)

    response = client.get("/cases/export/?format=csv&state=open", REMOTE_ADDR="192.0.2.7")

    entry = AccessLog.objects.get()  # nothing of the stream has been read
    assert (entry.user, entry.action, entry.ip) == (officer, "export", "192.0.2.7")
    assert (entry.target, entry.fields) == ("cases?state=open", "csv")
    response.close()


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("/cases/export/?format=csv", "cases"),
        ("/cases/export/?x=" + "a" * 400 + "&format=csv&q=健身房", "cases?q=健身房"),
        (
            "/cases/export/?received_from=2020-01-02&format=csv&q=+甲%26乙%3D+丙&page=7",
            "cases?q=甲%26乙%3D%20丙&received_from=2020-01-02",
        ),
        ("/cases/export/?sort=-claimed&kind=report&format=csv&after=9~9", "cases?kind=report&sort=-claimed"),
        ("/cases/export/?sort=nothing&kind=&size=100&format=csv", "cases"),
        ("/cases/recoveries/export/?format=csv&origin=here&kind=loss", "recoveries?kind=loss&origin=here"),
    ],
)  # fmt: skip
def test_the_log_names_the_filters_that_were_used_and_nothing_else(client, officer, address, target):
    client.force_login(officer)

    response = client.get(address)

    assert response.status_code == 200
    assert text(response)
    assert AccessLog.objects.get().target == target


def test_the_log_names_the_figure_of_an_export(visit, officer, handled, figures):
    case = handled()
    figures("metric", lambda user, parameters: (Case.objects.filter(pk=case.pk), "已收", ""))

    response = visit(
        officer, "/cases/export/", format="csv", state="open", merchant=case.merchant_id, to="2026-12-31",
        metric="cases.received", part="value",
    )  # fmt: skip

    assert case.number in text(response)
    assert AccessLog.objects.get().target == (
        f"cases?metric=cases.received&part=value&to=2026-12-31&state=open&merchant={case.merchant_id}"
    )


def test_filters_that_do_not_fit_into_the_log_let_nothing_out(english, visit, officer, handled, figures):
    case = handled(narrative="词" * 100)
    figures("metric", lambda user, parameters: (Case.objects.all(), "已收", ""))
    query = {"q": "词" * 100, "metric": "cases.received", "region": "3" * 99}

    response = visit(officer, "/cases/export/", format="csv", **query)

    assert response.status_code == 302
    assert response.url.startswith("/cases/?q=")
    assert not AccessLog.objects.exists()
    assert case.number not in text(response)
    assert "The filters are too long for the access log" in text(visit(officer, response.url))


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.usefixtures("english")
def test_an_export_whose_rows_take_too_long_is_stopped(visit, officer, handled, figures, monkeypatch, form):
    case = handled()
    monkeypatch.setattr(lists.LoggedExport, "seconds", 0.05)
    slow = RawSQL("pg_sleep(5) IS NOT NULL", [], output_field=BooleanField())
    figures("metric", lambda user, parameters: (Case.objects.alias(slow=slow).filter(slow=True), "慢", ""))

    response = visit(officer, "/cases/export/", format=form, metric="slow")

    assert (response.status_code, response.url) == (302, "/cases/?metric=slow")
    assert case.number not in text(response)
    assert not AccessLog.objects.exists()
    assert "took more than" in str(next(iter(get_messages(response.wsgi_request))))


def test_a_workbook_has_a_stated_limit(visit, officer, handled, monkeypatch):
    monkeypatch.setattr(lists.LoggedExport, "xlsx_rows", 2)
    for _n in range(3):
        handled()

    response = visit(officer, "/cases/export/", format="xlsx", state="registered")

    assert response.url == "/cases/?state=registered"
    assert not AccessLog.objects.exists()
    assert "2" in str(next(iter(visit(officer, response.url).context["messages"])))


def test_an_export_of_a_wrong_filter_leads_back_and_is_not_logged(visit, officer, handled):
    handled()

    response = visit(officer, "/cases/export/", format="csv", kind="petition")

    assert response.url == "/cases/?kind=petition"
    assert not AccessLog.objects.exists()


def test_without_the_permission_nothing_is_exported_nor_logged(visit, district, handled):
    handled()
    mediator = UserFactory(agency=district, roles=["mediator"])

    assert visit(mediator, "/cases/export/", format="csv").status_code == 403
    assert visit(mediator, "/cases/recoveries/export/", format="csv").status_code == 403
    assert not AccessLog.objects.exists()
    assert "export" not in text(visit(mediator, LIST))


def test_the_export_takes_as_many_queries_for_one_row_as_for_three(warm, officer, handled):
    counts = []
    client = warm(officer, LIST)
    for _n in range(2):
        handled()
        with CaptureQueriesContext(connection) as queries:
            text(client.get("/cases/export/?format=csv"))
        counts.append(len(queries))
        handled()

    assert counts[0] == counts[1]


# the ledger


@pytest.mark.parametrize("rows", [1, 3])
def test_the_ledger_takes_as_many_queries_for_one_row_as_for_three(warm, officer, handled, rows):
    for _n in range(rows):
        RecoveryFactory(case=handled())
    client = warm(officer, LEDGER)

    with CaptureQueriesContext(connection) as queries:
        response = client.get(LEDGER)

    # session, user, two of permissions, the time limit, rows, totals
    assert len(queries) - transactions(queries) == 6
    assert len(response.context_data["page"].rows) == rows


def test_the_ledger_adds_up_what_it_shows(visit, officer, handled, neighbour):
    case = handled()
    RecoveryFactory(case=case, amount=Decimal("60.00"))
    reversed_one = RecoveryFactory(case=case, amount=Decimal("40.00"))
    RecoveryFactory(case=case, amount=Decimal("-40.00"), reversal_of=reversed_one)
    RecoveryFactory(case=case, amount=Decimal("500.00"), kind="moral")
    RecoveryFactory(case=case, amount=Decimal("9.00"), posted_on=dt.date(2020, 1, 1))
    RecoveryFactory(case=CaseFactory(handling=neighbour), amount=Decimal("1000.00"))

    response = visit(officer, LEDGER, posted_from="2026-01-01")

    totals = response.context_data["totals"]
    assert totals == {"amount": Decimal("560.00"), "loss": Decimal("60.00"), "rows": 4}
    assert "冲正" in text(response)


def test_an_empty_ledger_adds_up_to_nothing(visit, officer):
    assert text(visit(officer, LEDGER)).count("0.00") == 2


def test_the_export_of_the_ledger(english, visit, officer, handled):
    posting = RecoveryFactory(case=handled(), evidence="转账凭证 13800001234")

    rows = rows_of(visit(officer, "/cases/recoveries/export/", format="csv"))

    assert len(rows) == 1
    assert (rows[0]["Case number"], rows[0]["Amount (CNY)"]) == (posting.case.number, "100.00")
    assert "13800001234" not in "".join(rows[0].values())
    assert AccessLog.objects.get().target == "recoveries"


# the case page


def full_case(district, **fields):
    """A case with everything that its page can show."""
    file = ImportFileFactory()
    case = CaseFactory(
        handling=district, closed=True, region=None, region_written="不知何处", category=CategoryFactory(name="餐饮"),
        category_written="服务->餐饮", import_file=file, import_line=17, extra={"罚款金额(单位:元)": "2000"},
        narrative="电话13800001234", regime="order121", differs=True, officer=UserFactory(last_name="李"), **fields,
    )
    CaseReferenceFactory(case=case, number="HZDH0000000001")
    PartyFactory(case=case)
    ClockFactory(case=case, due_on=dt.date(2026, 11, 11), stopped_on=dt.date(2026, 11, 4))
    RecoveryFactory(case=case)
    CaseEventFactory(case=case, note="电话联系 13800001234")
    ImportDifferenceFactory(case=case, file=file)
    CaseFactory.create_batch(6, merchant=case.merchant, handling=district)
    return case


def test_the_case_page_shows_all_of_the_case(visit, officer, district):
    case = full_case(district)

    html = text(visit(officer, url(case)))

    for words in (
        case.number, case.external_number, "HZDH0000000001", case.merchant.name, "不知何处", "服务-&gt;餐饮",
        "1,280.00", "100.00", "2026-11-11", "罚款金额(单位:元)", "2000", case.import_file.name, "17", "退款",
        "张**", "138****0001", "88.00", "市场监管总局令第121号",
    ):
        assert words in html, words
    assert "order121" not in html
    assert PERSON["phone"] not in html
    assert PERSON["name"] not in html


@pytest.mark.parametrize(
    ("resolved", "written", "shown"),
    [
        (None, "91330000XXXXXXXXXX", "91330000XXXXXXXXXX"),
        ("91000000MA0000001A", "91000000ma0000001a", "91000000ma0000001a"),
        ("91000000MA0000001A", "91000000MA0000001A", ""),
        ("91000000MA0000001A", "", ""),
    ],
)
def test_the_case_page_shows_a_credit_code_as_written_where_it_is_another(
    visit, officer, handled, resolved, written, shown
):
    merchant = MerchantFactory(credit_code=resolved, verified=bool(resolved))
    case = handled(merchant=merchant, merchant_code_written=written)

    groups = facts(case, masked=True)
    code = next(fact for _group, group in groups for fact in group if fact.label == "统一社会信用代码")
    assert (code.value, code.written) == (resolved or "", shown)
    page = text(visit(officer, url(case)))
    assert (f'<span translate="no">{shown}</span>' in page) == bool(shown)


def test_the_case_page_stays_within_twelve_queries(warm, officer, district, handled):
    case = full_case(district)
    grant(officer, "view_casehistory")
    category = case.category
    handled(category=category)
    client = warm(officer, LIST)
    shown_calendar()  # which pages keep for a minute

    with CaptureQueriesContext(connection) as queries:
        response = client.get(url(case), {"sort": "claimed", "category": f"12315:{category.code}", "state": "open"})

    assert response.status_code == 200
    # session, user, permissions, case, parties, clocks, recoveries, documents with their deliveries, all that is short
    # together, its people, differences and other cases of the merchant
    assert len(queries) - transactions(queries) == 12


def test_a_case_of_another_agency_is_not_found(visit, officer, neighbour):
    assert visit(officer, url(CaseFactory(handling=neighbour))).status_code == 404


def test_an_unknown_number_is_not_found(visit, officer):
    assert visit(officer, "/cases/2026-99999999/").status_code == 404


def test_numbers_in_the_narrative_are_masked_for_those_who_may_not_reveal(visit, officer, district, handled):
    case = handled(narrative="电话13800001234", demand="退款到 13800005678", extra={"备注": "13800009999"})
    regulator = UserFactory(agency=district, roles=["regulator"])

    masked, plain = text(visit(regulator, url(case))), text(visit(officer, url(case)))

    for number in ("13800001234", "13800005678", "13800009999"):
        assert number not in masked
        assert number in plain
    assert "138****1234" in masked


# free text besides narrative and demand, and where a case keeps it
WRITTEN = (
    "channel_written", "region_written", "agency_written", "department", "merchant_written", "merchant_address",
    "platform_written", "category_written", "problem_written", "goods", "brand", "order_number",
)  # fmt: skip


def phone(number: int) -> str:
    return f"139{number:08d}"


@pytest.fixture
def written(district):
    """A case whose every free text holds a telephone number of its own: 13900000000, 13900000001, …"""
    return CaseFactory(
        custodian=district, handling=None, merchant=None, narrative="", demand="", refused=True,
        ground=f"依据{phone(len(WRITTEN))}", external_number="N13800009999", differs=True,
        **{name: f"某{phone(n)}" for n, name in enumerate(WRITTEN)},
    )  # fmt: skip


def numbers_in(html: str) -> set[str]:
    return {phone(n) for n in range(len(WRITTEN) + 1) if phone(n) in html}


def test_numbers_in_any_free_text_are_masked_on_the_case_page(visit, officer, district, written):
    ImportDifferenceFactory(case=written, says={"goods": "电13700001111", "demand": "退到13700002222"})
    regulator = UserFactory(agency=district, roles=["regulator"])

    html = text(visit(regulator, url(written)))

    assert numbers_in(html) == set()
    assert html.count("某139****") == len(WRITTEN) + 1  # the goods stand in what differs too
    assert "依据139****0012" in html
    assert "1370000" not in html
    assert "N13800009999" in html
    assert numbers_in(text(visit(officer, url(written)))) == {phone(n) for n in range(len(WRITTEN) + 1)}


def test_numbers_in_any_free_text_are_masked_in_lists_and_exports(visit, officer, written):
    RecoveryFactory(case=written, evidence="收条13700001111")

    for address in (LIST, LEDGER, "/cases/export/?format=csv", "/cases/recoveries/export/?format=csv"):
        html = text(visit(officer, *address.split("?")[:1], **({"format": "csv"} if "?" in address else {})))
        assert numbers_in(html) == set(), address
        assert "某139****" in html, address
        assert "13700001111" not in html, address
    assert "N13800009999" in html


def test_a_merchant_of_whom_only_a_name_with_a_number_is_known_shows_it_masked(visit, officer, district, handled):
    case = handled(merchant=MerchantFactory(name="李四13900000000"), merchant_written="李四13900000000")
    RecoveryFactory(case=case)
    regulator = UserFactory(agency=district, roles=["regulator"])

    for user, address in (
        (officer, LIST), (officer, LEDGER), (officer, "/cases/export/"), (regulator, url(case)),
    ):  # fmt: skip
        html = text(visit(user, address, format="csv"))
        assert "13900000000" not in html, address
        assert "李四139****0000" in html, address
    html = text(visit(regulator, LIST, merchant=case.merchant_id))  # where “All” leads; the name is a chip there
    assert "13900000000" not in html
    assert '<span class="chip-value" translate="no">李四139****0000</span>' in html


def test_numbers_in_a_report_are_masked_for_those_who_may_not_see_reporters(visit, district, handled):
    case = handled(report=True, narrative="举报人电话13800001234")
    mediator = UserFactory(agency=district, roles=["mediator"])
    assert mediator.has_perm("cases.reveal_party")

    assert "13800001234" not in text(visit(mediator, url(case)))


def test_a_sealed_reporter_shows_nothing_without_the_permission(visit, officer, district, handled):
    party = PartyFactory(case=handled(report=True), reporter=True)
    mediator = UserFactory(agency=district, roles=["mediator"])

    sealed, masked = text(visit(mediator, url(party.case))), text(visit(officer, url(party.case)))

    assert "身份信息保密" in sealed
    assert "张**" not in sealed
    assert "138****0001" not in sealed
    assert reverse("cases:reveal", args=[party.case.number, party.pk]) not in sealed
    assert "张**" in masked
    assert PERSON["phone"] not in masked
    assert reverse("cases:reveal", args=[party.case.number, party.pk]) in masked


def test_a_superuser_sees_a_reporter_only_after_a_logged_reveal(client, visit, handled):
    party = PartyFactory(case=handled(report=True, narrative="举报人电话13900005678"), reporter=True)
    consumer = PartyFactory(case=party.case)
    root = UserFactory(superuser=True)

    html = text(visit(root, url(party.case)))

    assert html.count("张**") == 1  # the consumer, who is not sealed
    assert "13900005678" not in html
    assert "139****5678" in html
    assert "身份信息保密" in html
    for one in (party, consumer):
        assert reverse("cases:reveal", args=[party.case.number, one.pk]) in html
    assert not AccessLog.objects.exists()

    assert PERSON["phone"] in text(reveal(client, party))
    assert AccessLog.objects.get().target == f"{party.case.number}/{party.pk}"


def test_data_that_cannot_be_decrypted_is_said_to_be_unreadable(visit, officer, handled):
    party = PartyFactory(case=handled())
    Party.objects.filter(pk=party.pk).update(personal=b"\x01\x03old" + bytes(40))

    response = visit(officer, url(party.case))

    assert response.status_code == 200
    assert "无法读取" in text(response)


@pytest.mark.parametrize(
    ("fields", "steps"),
    [
        ({}, ["now", "todo", "todo", "todo", "todo"]),
        ({"accepted": True}, ["done", "now", "todo", "todo", "todo"]),
        ({"accepted": True, "state": "mediating"}, ["done", "done", "now", "todo", "todo"]),
        ({"accepted": True, "state": "ended", "ended_at": local(2026, 11, 20)}, ["done", "done", "done", "now", "todo"]),
        ({"closed": True}, ["done", "done", "done"]),
        ({"refused": True}, ["done", "done"]),
        ({"kind": "inquiry"}, ["now", "todo", "todo"]),
        ({"kind": "report"}, ["now", "todo", "todo", "todo"]),
        ({"kind": "report", "state": "filed"}, ["done", "done", "now", "todo"]),
    ],
)
def test_the_step_bar(visit, officer, handled, fields, steps):
    context = visit(officer, url(handled(**fields))).context_data

    assert [step.status for step in context["steps"]] == steps


def test_clocks_tell_how_much_time_is_left(visit, officer, handled):
    case, today = handled(), timezone.localdate()
    for days, code in ((-2, "complaint.accept"), (3, "complaint.mediate"), (30, "report.verify")):
        ClockFactory(case=case, due_on=today + dt.timedelta(days=days), code=code)
    for day, code in ((10, "council.accept"), (13, "council.mediate")):
        ClockFactory(case=case, due_on=dt.date(2026, 11, 10), stopped_on=dt.date(2026, 11, day), code=code)

    terms = visit(officer, url(case)).context_data["terms"]

    assert [(term.tone, term.days) for term in terms] == [
        ("over", -2), ("soon", 3), ("far", 30), ("done", 0), ("late", -3),
    ]  # fmt: skip
    rule = terms[0].clock.rule
    assert (terms[0].name, terms[0].basis) == (rule.name, rule.basis)


@pytest.fixture
def mediated(handled):
    """A complaint in mediation from 8 May 2026; its term is due on 7 July."""
    case = handled(accepted=True, received_at=local(2026, 5, 6))
    start_clock(case, "complaint.mediate", on=dt.date(2026, 5, 8), now=local(2026, 5, 8, 10))
    return case


def paused(case, actor):
    pause_clocks(case, reason="testing", started_on=dt.date(2026, 5, 20), document="检测委托书 13800001234",
                 actor=actor, now=local(2026, 5, 20))  # fmt: skip


def test_a_term_says_how_it_is_counted(visit, officer, mediated):
    page = visit(officer, url(mediated))
    (term,) = page.context_data["terms"]
    assert len(term.told) == 5
    assert "2026-07-07" in term.told[-1]
    html = text(page)
    assert all(escape(sentence) in html for sentence in term.told)
    assert term.changes == []


def test_a_paused_term_has_no_due_date(visit, officer, mediated):
    paused(mediated, officer)
    page = visit(officer, url(mediated))
    (term,) = page.context_data["terms"]
    assert (term.tone, term.days, len(term.told)) == ("paused", 0, 1)
    html = text(page)
    assert "2026-05-20" in html
    assert "9999" not in html
    assert "9999" not in text(visit(officer, LIST))
    assert "9999" not in text(visit(officer, "/cases/export/", format="csv"))


@pytest.mark.parametrize("provisional", [True, False])
def test_a_provisional_due_date_is_marked(visit, english, officer, handled, provisional):
    case = handled()
    ClockFactory(case=case, provisional=provisional)
    ClockFactory(case=case, code="complaint.mediate")

    shown = text(visit(officer, url(case)))

    named, end = escape(case.clocks.order_by("pk")[0].rule.name_en), "</h3>"
    flag = '<span class="flag">provisional</span>'
    assert f'<h3 class="sub">{named}{flag if provisional else ""}{end}' in shown
    assert shown.count(flag) == provisional


def test_the_changes_of_a_due_date_say_who_and_why(visit, officer, mediated):
    paused(mediated, officer)
    resume_clocks(mediated, ended_on=dt.date(2026, 6, 3), actor=officer, now=local(2026, 6, 3))
    page = visit(officer, url(mediated))
    (term,) = page.context_data["terms"]
    assert [(change.why, change.after_on, note) for change, note in term.changes] == [
        ("pause", None, "检测委托书 138****1234"), ("resume", dt.date(2026, 7, 21), "检测委托书 138****1234"),
    ]  # fmt: skip
    html = text(page)
    assert html.count(officer.get_full_name()) >= 2
    assert "13800001234" not in html
    assert any("2026-05-20" in sentence and "2026-06-02" in sentence for sentence in term.told)
    assert "2026-07-21" in term.told[-1]


def test_a_due_date_that_is_counted_otherwise_now_says_so(visit, officer, mediated):
    mediated.clocks.update(safe_on=dt.date(2026, 7, 1), due_on=dt.date(2026, 7, 1))
    (term,) = visit(officer, url(mediated)).context_data["terms"]
    assert "2026-07-01" in term.told[-1]
    assert "2026-07-07" in term.told[-2]


def test_an_extended_term_keeps_the_changes_of_the_one_it_extends(visit, officer, handled):
    case = handled(report=True)
    clock = ClockFactory(case=case, code="report.verify_extended", due_on=dt.date(2026, 12, 14))
    base = ClockRule.objects.filter(code="report.verify").latest("valid_from")
    other = ClockRule.objects.filter(code="complaint.accept").latest("valid_from")
    for rule, side in ((base, ""), (clock.rule, ""), (other, ""), (base, "respondent")):
        case.clock_changes.create(rule=rule, side=side, why="restart", at=local(2026, 11, 3))
    (term,) = visit(officer, url(case)).context_data["terms"]
    assert [change.rule for change, _note in term.changes] == [base, clock.rule]


def test_the_timeline_is_made_of_stamps_and_acts_newest_first(visit, officer, handled):
    case = handled(closed=True)
    event = CaseEventFactory(case=case, after="accepted", note="致电 13800001234")

    entries = visit(officer, url(case)).context_data["entries"]

    assert [entry.at for entry in entries] == sorted((entry.at for entry in entries), reverse=True)
    assert {case.received_at, case.accepted_at, case.closed_at, event.at} <= {entry.at for entry in entries}
    assert any(entry.note == "致电 138****1234" for entry in entries)


def test_amounts_keep_losses_and_other_damages_apart(visit, officer, handled):
    case = handled()
    RecoveryFactory(case=case, amount=Decimal("60.00"))
    RecoveryFactory(case=case, amount=Decimal("40.00"), kind="repair")
    RecoveryFactory(case=case, amount=Decimal("300.00"), kind="multiple")

    amounts = visit(officer, url(case)).context_data["amounts"]

    assert (amounts.recovered, amounts.apart, len(amounts.postings)) == (Decimal("100.00"), Decimal("300.00"), 3)


def test_unknown_amounts_are_not_nought(visit, officer, handled):
    amounts = visit(officer, url(handled(claimed=None))).context_data["amounts"]

    assert (amounts.claimed, amounts.recovered) == (None, None)


def test_what_the_source_says_otherwise(visit, officer, handled):
    case = handled(differs=True, accepted=True, regime="decree778")
    RecoveryFactory(case=case, amount=Decimal("60.00"), kind="unspecified")
    ImportDifferenceFactory(
        case=case,
        says={
            "state": "closed", "unspecified": "88.00", "closed_at": "2026-11-20T01:00:00+00:00", "regime": "order121",
        },
    )  # fmt: skip

    rows = visit(officer, url(case)).context_data["differences"][0].rows

    assert [(here, there) for _label, here, there in rows] == [
        ("-", "2026-11-20 09:00"), ("办理中", "已办结"), ("国务院令第778号", "市场监管总局令第121号"),
        ("60.00", "88.00"),
    ]  # fmt: skip


@pytest.mark.parametrize("urged", [0, 2])
def test_urging_supervision_and_call_backs_are_counted_each(visit, english, officer, handled, urged):
    case = handled(closed=True)
    for _n in range(urged):
        SupervisionFactory(case=case, replied=True)
    for _n in range(3):
        SupervisionFactory(case=case, supervised=True)
    CallBack.objects.create(case=case, at=local(2026, 11, 24), reached=False, actor=officer)

    html = text(visit(officer, url(case)))

    panels = {
        name: html.partition(f'id="h-{name}">')[2].partition("</header>")[0] for name in ("supervision", "callbacks")
    }
    shown = {name: strip_tags(panel.partition('class="unit">')[2]) for name, panel in panels.items()}
    assert shown == {"supervision": f"Times urged: {urged}Times supervised: 3", "callbacks": "1 time"}


NATIONAL_STATES = [
    # of a bureau's case: what is stored, where it came from, and what is said of it
    ({"national_entry": "to_enter", "source": "portal"}, "To be entered", "blue"),
    ({"national_entry": "to_update", "source": "portal"}, "To be updated", "blue"),
    ({"national_entry": "entered", "source": "portal"}, "Entered", "grey"),
    ({"source": "portal"}, "Nothing to enter", None),
    ({"source": "hotline12345"}, "Nothing to enter", None),
    ({"source": "national12315"}, "Entered", "grey"),
    ({"national_entry": "to_update", "source": "national12315"}, "To be updated", "blue"),
    ({"source": "national12315", "body": "council"}, "Nothing to enter", None),
]


@pytest.mark.parametrize(("fields", "words", "tone"), NATIONAL_STATES)
@pytest.mark.usefixtures("english")
def test_whether_a_case_is_entered_nationally_is_said_alike(visit, officer, handled, fields, words, tone):
    case, to_enter = handled(officer=officer, **fields), tone == "blue"

    html = text(visit(officer, url(case)))
    listed = visit(officer, LIST, columns="national_entry").context_data["table"].rows[0].get_cell("national_entry")
    queued = visit(officer, "/cases/queue/").context_data["table"].rows[0].get_cell("marks")
    due = visit(officer, "/cases/queue/", todo="enter").context_data["page"].rows

    mark = f'<span class="mark mark-{tone}">National platform: {words}</span>'
    assert (mark in html, "National platform: " in html) == (bool(tone), bool(tone))
    assert listed == words
    assert (words in queued, due == [case], f'href="{url(case)}copy-out/"' in html) == (to_enter,) * 3


def test_a_case_that_differs_from_its_source_is_marked(visit, english, officer, handled):
    flag = '<span class="flag">Differs from its source</span>'

    assert flag in text(visit(officer, url(handled(differs=True))))
    assert flag not in text(visit(officer, url(handled())))


def test_the_record_of_a_merchant_by_hand():
    now, year = local(2026, 11, 25), dt.timedelta(days=365)
    cases = [
        Case(kind="complaint", state="closed", outcome="agreement", received_at=now - dt.timedelta(days=1)),
        Case(kind="complaint", state="closed", outcome="settled", received_at=now - dt.timedelta(days=2)),
        Case(kind="complaint", state="ended", outcome="failed", received_at=now - dt.timedelta(days=3)),
        Case(kind="complaint", state="mediating", received_at=now - dt.timedelta(days=4)),
        Case(kind="complaint", state="refused", received_at=now - dt.timedelta(days=5)),
        Case(kind="report", state="filed", received_at=now - dt.timedelta(days=6)),
        Case(kind="report", state="not_filed", received_at=now - dt.timedelta(days=7)),
        Case(kind="inquiry", state="registered", received_at=now - dt.timedelta(days=8)),
        Case(kind="complaint", state="closed", outcome="agreement", received_at=now - year + dt.timedelta(seconds=1)),
        Case(kind="complaint", state="mediating", received_at=now - year),  # a year ago, and no longer counted
    ]

    record = casefile.merchant_record(cases, now)

    # open: ended, mediating, filed, registered; of four complaints with an outcome three were agreed or settled
    assert record == casefile.MerchantRecord(complaints=6, reports=2, open=4, ended=4, agreed=3, capped=False)
    assert record.rate == 75
    assert casefile.merchant_record(cases[3:8], now).rate is None  # no complaint has an outcome: not nought per cent
    assert casefile.merchant_record([cases[0], cases[1], cases[2]], now).rate == 67
    assert casefile.merchant_record([cases[2]], now).rate == 0


@pytest.mark.parametrize(
    ("recent", "old", "shown", "capped"), [(2, 0, 2, False), (3, 0, 3, False), (4, 0, 3, True), (2, 2, 2, False)]
)
def test_the_record_of_a_merchant_is_read_as_far_as_its_cap(monkeypatch, recent, old, shown, capped):
    monkeypatch.setattr(casefile, "RECORD_CASES", 3)
    now = local(2026, 11, 25)
    ages = [1] * recent + [400] * old
    cases = [Case(kind="complaint", state="closed", received_at=now - dt.timedelta(days=age)) for age in ages]

    record = casefile.merchant_record(cases[:4], now)  # one more than the cap, as the page reads them

    assert (record.complaints, record.capped) == (shown, capped)


def test_the_record_of_a_merchant_leaves_out_the_case_itself_and_what_is_out_of_scope(
    visit, english, officer, handled, neighbour, monkeypatch
):
    now = timezone.now()
    case = handled(received_at=now)
    near, far = {"merchant": case.merchant, "received_at": now - dt.timedelta(days=60)}, now - dt.timedelta(days=400)
    handled(closed=True, **near)
    handled(closed=True, **near | {"outcome": "failed"})
    handled(closed=True, **near | {"outcome": "settled"})
    handled(report=True, **near)
    handled(**near)
    handled(**near | {"received_at": far})
    CaseFactory(handling=neighbour, **near)

    def shown():
        panel = text(visit(officer, url(case))).partition('id="h-others"')[2].partition("</dl>")[0]
        return [strip_tags(cell.partition("</dd>")[0]) for cell in panel.split('<dd class="tnum">')[1:]]

    assert shown() == ["4", "1", "2", "2 / 3 (67 %)"]
    monkeypatch.setattr(casefile, "RECORD_CASES", 2)
    assert shown()[:2] == ["1+", "1+"]


def test_other_cases_of_the_merchant_stay_in_scope(visit, officer, handled, neighbour):
    case = handled()
    others = [handled(merchant=case.merchant, received_at=local(2026, 6, day)) for day in range(1, 8)]
    CaseFactory(merchant=case.merchant, handling=neighbour, received_at=local(2026, 12, 1))

    context = visit(officer, url(case)).context_data

    assert context["others"] == others[:1:-1]
    assert len(context["others"]) == 5


def test_history_is_for_those_who_may_read_it(visit, officer, handled):
    case = handled()
    Case.objects.filter(pk=case.pk).update(claimed=Decimal("9.50"), state="accepted", regime="order20")

    before, after = CaseHistory.objects.filter(pgh_obj=case.pk).order_by("pgh_id")
    assert {(was, now) for _label, was, now in casefile.changed(before, after)} == {
        ("1,280.00", "9.50"), ("待处理", "办理中"), ("-", "市场监管总局令第20号"),
    }  # fmt: skip
    link = f'href="/audit/cases/{case.number}/"'
    assert link not in text(visit(officer, url(case)))
    grant(officer, "view_casehistory")
    assert link not in text(visit(officer, url(case)))  # the page that it leads to shows the logs, too
    assert link in text(visit(UserFactory(superuser=True), url(case)))


def neighbour_of(visit, user, case, way, **query):
    """Where the way to the next or previous case leads, and what is said there."""
    response = visit(user, reverse(f"cases:{way}", args=[case.number]), **query)
    assert response.status_code == 302
    return response.url, [str(message) for message in get_messages(response.wsgi_request)]


def test_previous_and_next_follow_the_list(visit, officer, handled):
    newest, middle, oldest = (handled(received_at=local(2026, 6, day), claimed=day) for day in (9, 5, 1))
    handled(received_at=local(2026, 6, 4), report=True)
    query = {"sort": "-received", "kind": "complaint"}

    assert neighbour_of(visit, officer, middle, "next", **query) == (f"{url(oldest)}?{urlencode(query)}", [])
    assert neighbour_of(visit, officer, middle, "previous", **query) == (f"{url(newest)}?{urlencode(query)}", [])
    by_claim = {"sort": "claimed", "kind": "complaint"}
    assert neighbour_of(visit, officer, newest, "previous", **by_claim)[0] == f"{url(middle)}?{urlencode(by_claim)}"
    address, said = neighbour_of(visit, officer, newest, "next", **by_claim)
    assert address == f"{url(newest)}?{urlencode(by_claim)}"
    assert len(said) == 1


def test_links_to_the_neighbours_keep_the_list(visit, officer, handled):
    case = handled()

    html = text(visit(officer, url(case), sort="-received", kind="complaint"))

    for way in ("previous", "next"):
        assert f'href="{url(case)}{way}/?sort=-received&amp;kind=complaint"' in html
    assert 'href="/cases/?kind=complaint"' in html
    assert f"{url(case)}next/" not in text(visit(officer, url(case)))


# reveal


@pytest.fixture
def party(handled):
    return PartyFactory(case=handled())


def reveal(client, party, reason=REASON, **headers):
    return client.post(reverse("cases:reveal", args=[party.case.number, party.pk]), {"reason": reason}, headers=headers)


@pytest.mark.parametrize("htmx", [True, False])
def test_a_reveal_shows_the_data_once_and_is_logged(client, officer, party, htmx):
    client.force_login(officer)

    response = reveal(client, party, **({"HX-Request": "true"} if htmx else {}))

    html = text(response)
    for value in PERSON.values():
        assert value in html
    assert ("<html" in html) is not htmx
    assert "no-store" in response.headers["Cache-Control"]
    entry = AccessLog.objects.get()
    assert (entry.user, entry.action, entry.reason, entry.ip) == (officer, "reveal", REASON, "127.0.0.1")
    assert entry.target == f"{party.case.number}/{party.pk}"


def test_a_reveal_needs_a_reason(client, officer, party):
    client.force_login(officer)

    for reason in ("", "  x  "):
        html = text(reveal(client, party, reason))
        assert PERSON["phone"] not in html
        assert "invalid-feedback" in html
    assert not AccessLog.objects.exists()


def test_a_reveal_is_never_a_get(client, officer, party):
    client.force_login(officer)

    assert client.get(reverse("cases:reveal", args=[party.case.number, party.pk])).status_code == 405
    assert not AccessLog.objects.exists()


def test_who_may_not_reveal_gets_nothing(client, district, party):
    client.force_login(UserFactory(agency=district, roles=["regulator"]))

    response = reveal(client, party)

    assert response.status_code == 403
    assert PERSON["phone"] not in text(response)
    assert not AccessLog.objects.exists()


def test_a_sealed_reporter_needs_his_own_permission(client, district, handled):
    party = PartyFactory(case=handled(report=True), reporter=True)
    client.force_login(UserFactory(agency=district, roles=["mediator"]))

    assert reveal(client, party).status_code == 403
    assert not AccessLog.objects.exists()


def test_a_party_of_another_agency_is_not_found(client, officer, neighbour):
    party = PartyFactory(case=CaseFactory(handling=neighbour))
    client.force_login(officer)

    assert reveal(client, party).status_code == 404
    assert not AccessLog.objects.exists()


def test_a_party_under_the_number_of_another_case_is_not_found(client, officer, party, handled):
    client.force_login(officer)

    path = reverse("cases:reveal", args=[handled().number, party.pk])
    assert client.post(path, {"reason": REASON}).status_code == 404
    assert not AccessLog.objects.exists()


# scope, once more: every page of this module, seen from the neighbouring district


def test_nothing_of_another_district_is_seen_anywhere(visit, neighbour, district):
    case = full_case(district)
    stranger = UserFactory(agency=neighbour, roles=["officer"])
    pages = [LIST, LEDGER, "/cases/export/?format=csv", "/cases/recoveries/export/?format=csv"]
    queries = ["", f"q={case.number}", f"q={case.merchant.name}", "mark=differs", f"merchant={case.merchant_id}"]

    for path, query in itertools.product(pages, queries):
        response = visit(stranger, f"{path}{'&' if '?' in path else '?'}{query}")
        assert case.external_number not in text(response), (path, query)


def test_merchants_share_no_cases_by_name(visit, officer, handled):
    case, namesake = (handled(merchant=MerchantFactory(name="同名商店")) for _n in range(2))

    assert namesake not in visit(officer, url(case)).context_data["others"]


def test_searchable_selects_come_with_the_acts(visit, officer, district, handled):
    case = handled()
    clerk = UserFactory(agency=district, roles=["clerk"])

    for user, there in ((officer, True), (clerk, False)):
        html = text(visit(user, url(case)))
        assert ("tom-select.base.min.js" in html, "tom-select.bootstrap5.min.css" in html) == (there, there)


def test_a_reason_that_is_too_short_is_said_at_its_field(client, officer, handled):
    party = PartyFactory(case=handled())
    client.force_login(officer)

    html = text(client.post(reverse("cases:reveal", args=[party.case.number, party.pk]), {"reason": "看"}))

    assert f'aria-describedby="reason-{party.pk}-error reason-{party.pk}-note" aria-invalid="true"' in html
    assert f'<div id="reason-{party.pk}-error">' in html
    assert 'maxlength="300"' in html


def test_an_export_of_personal_data_asks_for_its_reason_before_it_is_sent(visit, officer):
    grant(officer, "export_personal")

    assert 'name="reason" minlength="5" maxlength="300" required' in text(visit(officer, LIST))


@pytest.mark.parametrize(
    ("query", "group", "label", "back"),
    [
        ("", "监管", "案件", "/cases/"),
        ("state=open&amp;sort=-received", "监管", "案件", "/cases/?state=open"),
        ("list=queue&amp;desk=mine&amp;at=x", "案件办理", "办案工作台", "/cases/queue/?desk=mine"),
    ],
)
def test_pages_about_a_case_lead_back_to_the_list_it_was_opened_from(visit, officer, handled, query, group, label, back):
    case, further = handled(), ("act/accept/", "repeats/", "attachments/add/")
    suffix = f"?{query}" if query else ""
    pages = {page: text(visit(officer, f"{url(case)}{page}{suffix}".replace("&amp;", "&"))) for page in ("", *further)}

    for page, html in pages.items():
        crumbs = html.split('<ol class="crumbs">')[1].split("</ol>")[0]
        assert crumbs.startswith(f'<li>{group}</li><li><a href="{back}">{label}</a></li>'), page
        if page:
            assert f'<a href="{url(case)}{suffix}">{case.number}</a>' in crumbs, page
            assert crumbs.count("<li") == 4, page
    for page in further:
        assert f'href="{url(case)}{page}{suffix}"' in pages[""]


@pytest.mark.parametrize(
    "page", ["", "repeats/", "act/supplement/", "attachments/add/", "documents/acceptance/complainant/issue/"]
)
def test_every_page_about_a_case_has_its_entry_in_the_menu(visit, officer, handled, page):
    case = handled(accepted=True)

    response = visit(officer, f"{url(case)}{page}")

    assert response.status_code == 200
    menu = text(response).split('id="side"')[1].split("</nav>")[0]
    assert f'<a href="{LIST}" aria-current="page">' in menu
    assert menu.count("aria-current") == 1
