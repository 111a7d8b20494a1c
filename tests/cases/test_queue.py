import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from cases.domain import choose_columns
from cases.enums import State
from cases.models import UNKNOWN_END, Case, Clock
from cases.tables import QueueTable, countdown
from cases.views import lists
from cases.views.queue import QueueRows
from core.pagination import capped_counts
from core.working_days import Calendar
from tests.cases.pages import transactions
from tests.factories import (
    AgencyFactory,
    CaseEventFactory,
    CaseFactory,
    CategoryFactory,
    ChannelFactory,
    ClockFactory,
    ExtensionFactory,
    RegionFactory,
    SavedFilterFactory,
    SupervisionFactory,
    UserFactory,
    grant,
)
from tests.factories.cases import local

pytestmark = pytest.mark.django_db
QUEUE = "/cases/queue/"
DAY = dt.timedelta(days=1)


@pytest.fixture
def today():
    return timezone.localdate()


@pytest.fixture
def case_of(officer, district):
    """`case_of(...)`: an open case of the officer's."""
    return lambda **fields: CaseFactory(**{"handling": district, "officer": officer} | fields)


@pytest.fixture
def rows(visit):
    """`rows(user, todo="overdue")`: the cases on the page."""
    return lambda user, **query: visit(user, QUEUE, **query).context_data["page"].rows


def paused(case, on=dt.date(2026, 11, 10)):
    return ClockFactory(
        case=case, due_on=UNKNOWN_END, safe_on=UNKNOWN_END, started_on=dt.date(2026, 11, 2), paused_on=on
    )


def cells(response) -> list[dict[str, str]]:
    return [
        {column.name: str(value) for column, value in row.items()}
        for row in response.context_data["table"].rows
    ]


# whose


def test_mine_are_open_and_have_me_as_officer(rows, officer, case_of, district, neighbour):
    mine = case_of()
    case_of(closed=True)
    theirs = case_of(officer=UserFactory(agency=district))
    nobodys = case_of(officer=None)
    below = CaseFactory(handling=AgencyFactory(station=True, parent=district))
    moved = CaseFactory(handling=neighbour, officer=officer)  # out of his sight since

    assert rows(officer) == rows(officer, desk="mine") == [mine]
    assert set(rows(officer, desk="agency")) == {mine, theirs, nobodys, below}
    assert moved not in rows(officer, desk="agency")


def test_the_queue_is_for_those_who_handle_or_approve(visit, officer, approver, district):
    assert visit(officer, QUEUE).status_code == 200
    assert visit(approver, QUEUE).status_code == 200
    assert visit(UserFactory(agency=district, roles=["regulator"]), QUEUE).status_code == 403
    blind = UserFactory(agency=district)
    grant(blind, "handle_case")
    assert visit(blind, QUEUE).status_code == 403


def test_who_approves_starts_with_the_cases_of_the_agency(visit, approver, case_of):
    case = case_of()

    context = visit(approver, QUEUE).context_data

    assert context["page"].rows == [case]
    assert [desk.current for desk in context["desks"]] == [False, True]


def test_the_menu_names_the_queue_first_to_those_who_have_it(visit, english, officer, district):
    entry = '<a href="/cases/queue/"'
    html = visit(officer, "/cases/").content.decode()

    assert html.index(entry) < html.index('<a href="/cases/"')
    assert entry not in visit(UserFactory(agency=district, roles=["regulator"]), "/cases/").content.decode()


# in which order


def test_the_most_urgent_running_term_comes_first(rows, officer, case_of, today):
    none_old, none_new = (case_of(received_at=local(2026, 6, day)) for day in (1, 2))
    standing, late, soon, soon_older, far = (
        case_of(received_at=at)
        for at in (local(2026, 6, 1), local(2026, 8, 1), local(2026, 9, 2), local(2026, 9, 1), local(2026, 6, 1))
    )
    paused(standing)
    for case, days in ((far, 30), (soon, 2), (soon_older, 2), (late, 20), (late, -3), (far, 60)):
        code = "complaint.mediate" if case.clocks.exists() else "complaint.accept"
        ClockFactory(case=case, due_on=today + days * DAY, code=code)
    ClockFactory(case=far, due_on=today - 9 * DAY, stopped_on=today - 9 * DAY, code="council.accept")
    ClockFactory(case=none_new, due_on=today - 9 * DAY, stopped_on=today - 12 * DAY)
    order = [late, soon_older, soon, far, standing, none_old, none_new]

    assert rows(officer) == order
    assert rows(officer, sort="-due") == [standing, far, soon, soon_older, late, none_new, none_old]
    assert rows(officer, sort="received") == sorted(order, key=lambda case: (case.received_at, case.pk))


def test_a_case_with_terms_that_end_on_one_day_stands_once(rows, officer, case_of, today):
    case = case_of(state=State.ENDED, ended_at=local(2026, 11, 20))
    for side in ("complainant", "respondent"):
        ClockFactory(case=case, side=side, due_on=today, code="complaint.notify_end")

    assert rows(officer) == [case]


def test_pages_lead_through_all_cases_in_both_directions(visit, officer, case_of, today):
    for number in range(60):
        case = case_of(received_at=local(2026, 6, 1 + number % 7))
        if number % 3:
            ClockFactory(case=case, due_on=today + (number % 5 - 2) * DAY)

    seen, place = [], {}
    for _page in range(3):
        context = visit(officer, QUEUE, **place).context_data
        seen += context["page"].rows
        assert context["page"].count == 60
        place = {"after": context["page"].next}
    back = visit(officer, QUEUE, before=context["page"].previous).context_data["page"].rows

    assert len(set(seen)) == len(seen) == 60
    assert back == seen[25:50]
    clocks = [case.due_on for case in seen]
    assert clocks[:40] == sorted(clocks[:40])
    assert clocks[40:] == [None] * 20
    assert visit(officer, QUEUE, before="end").context_data["page"].rows == seen[35:]


# what


@pytest.fixture
def desk(case_of, officer, district, today, bridge):
    """A case for each thing to do, by its name, open but where it says so, and a few that are none of them."""
    cases = {name: case_of() for name in ("overdue", "3", "7", "paused", "reply", "extension", "returned", "rest")}
    cases |= {
        "unassigned": case_of(officer=None),
        "dispatch": case_of(officer=None, handling=None, custodian=district),
        "close": case_of(state=State.ENDED, ended_at=local(2026, 11, 20)),
        "enter": case_of(national_entry="to_enter"),
        "update": case_of(national_entry="to_update", closed=True),
        "entered": case_of(national_entry="entered"),
        "reply, closed": case_of(closed=True),
        "untold": case_of(closed=True),
    }
    # by the notice of `bridge` the third working day is the fifth from now, the seventh the ninth
    for name, days in (("overdue", -1), ("3", 5), ("7", 9), ("rest", 10)):
        ClockFactory(case=cases[name], due_on=today + days * DAY)
    ClockFactory(case=cases["untold"], code="complaint.notify_end", due_on=today - DAY)
    paused(cases["paused"])
    SupervisionFactory(case=cases["reply"])
    SupervisionFactory(case=cases["reply, closed"], supervised=True)
    SupervisionFactory(case=cases["rest"], replied=True)
    ExtensionFactory(case=cases["extension"])
    ExtensionFactory(case=cases["rest"], granted=False, decided_by=UserFactory(), decided_at=local(2026, 11, 21))
    CaseEventFactory(case=cases["returned"], verb="return_to_intake")
    CaseEventFactory(case=cases["rest"], verb="return_to_intake")
    CaseEventFactory(case=cases["rest"], verb="dispatch")
    return cases


@pytest.mark.parametrize(
    ("todo", "names"),
    [
        ("overdue", {"overdue", "untold"}), ("3", {"3"}), ("7", {"3", "7"}), ("paused", {"paused"}),
        ("unassigned", {"unassigned", "dispatch"}), ("dispatch", {"dispatch"}), ("returned", {"returned"}),
        ("reply", {"reply", "reply, closed"}), ("extension", {"extension"}), ("close", {"close"}),
        ("enter", {"enter", "update"}),
    ],
)  # fmt: skip
def test_quick_filters(visit, officer, approver, desk, todo, names):
    user = approver if todo == "extension" else officer

    context = visit(user, QUEUE, desk="agency", todo=todo).context_data

    assert set(context["page"].rows) == {desk[name] for name in names}
    (tab,) = [tab for tab in context["tabs"] if tab.current]
    assert tab.count == len(names)
    assert tab.url == "/cases/queue/?desk=agency"  # once more takes it away


def test_tabs_count_the_desk_they_stand_on(visit, officer, desk):
    context = visit(officer, QUEUE).context_data

    open_cases = {name for name in desk if name not in ("update", "reply, closed", "untold")}
    assert [(tab.count, tab.current) for tab in context["desks"]] == [
        (len(open_cases - {"unassigned", "dispatch"}), True), (len(open_cases), False),
    ]  # fmt: skip
    assert {tab.url.rpartition("=")[2]: tab.count for tab in context["tabs"]} == {
        "overdue": 2, "3": 1, "7": 2, "paused": 1, "returned": 1, "reply": 2, "close": 1, "enter": 2,
    }  # fmt: skip


def test_terms_are_counted_within_the_scope_of_each_reader_open_or_closed(officer, district, neighbour, today):
    station = AgencyFactory(station=True, parent=district)
    for handling in (district, station, neighbour):
        for closed, days in ((False, -1), (True, -1), (True, 0), (False, 3), (True, 4)):
            ClockFactory(case=CaseFactory(handling=handling, officer=officer, closed=closed), due_on=today + days * DAY)
    twice = CaseFactory(handling=station)
    for days in (-5, -1, 2):
        ClockFactory(case=twice, code="complaint.mediate" if days < 0 else "complaint.accept", side=f"{days}",
                     due_on=today + days * DAY)
    windows = [(dt.date.min, today - DAY), (today, today + 3 * DAY)]
    everything = UserFactory(agency=district, roles=["officer"])
    grant(everything, "view_all_agencies")

    for user, counts in (
        (UserFactory(agency=station, roles=["officer"]), [3, 3]), (officer, [5, 5]),
        (UserFactory(agency=district.parent, roles=["officer"]), [7, 7]), (everything, [7, 7]), (UserFactory(), [0, 0]),
    ):
        cases = Case.objects.visible_to(user)
        assert capped_counts([cases], cases.due_counts(*windows))[1:] == counts
        assert [cases.due_between(*window).count() for window in windows] == counts


@pytest.mark.parametrize(
    ("query", "count"), [({}, 27), ({"todo": "overdue"}, 26), ({"kind": "complaint"}, 26), ({"todo": "7"}, 0)]
)
def test_several_pages_say_how_many_rows_there_are(visit, officer, case_of, today, query, count):
    for _n in range(26):
        ClockFactory(case=case_of(), due_on=today - DAY)
    case_of(report=True)

    page = visit(officer, QUEUE, **query).context_data["page"]

    assert page.count == count
    assert len(page.rows) == min(count, 25)


def test_what_has_no_tab_at_a_desk_is_counted_too(visit, officer, case_of, district):
    for _n in range(26):
        case_of(handling=None, custodian=district)

    assert visit(officer, QUEUE, desk="mine", todo="dispatch").context_data["page"].count == 26


def test_extensions_are_a_matter_of_those_who_approve(visit, officer, approver, desk):
    def named(user):
        return [tab.url.rpartition("=")[2] for tab in visit(user, QUEUE, desk="agency").context_data["tabs"]]

    assert "extension" not in named(officer)
    assert "extension" in named(approver)
    assert visit(officer, QUEUE, todo="extension").context_data["page"].rows == []  # and the form says why
    assert "invalid-feedback" in visit(officer, QUEUE, todo="extension").content.decode()


def test_kind_and_agency_narrow_the_queue(rows, officer, case_of, district):
    station = AgencyFactory(station=True, parent=district)
    report, below = case_of(report=True), case_of(handling=station)

    assert rows(officer, kind="report") == [report]
    assert rows(officer, handling=station.code) == [below]
    assert set(rows(officer, handling=district.code)) == {report, below}


def test_counts_that_take_too_long_are_left_out(visit, officer, case_of, monkeypatch):
    case = case_of()
    monkeypatch.setattr(lists, "COUNT_SECONDS", 0.05)

    def slowly(*_given):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(3)")

    monkeypatch.setattr(lists, "capped_counts", slowly)

    context = visit(officer, QUEUE).context_data

    assert context["page"].rows == [case]
    assert {tab.count for tab in (*context["desks"], *context["tabs"])} == {None}


def test_a_queue_is_kept_as_a_filter(client, visit, officer):
    client.force_login(officer)

    client.post("/cases/saved/queue/save/", {"name": "催办", "query": "desk=agency&todo=reply&sort=-received&x=1"})

    SavedFilterFactory(owner=officer, name="别的")
    response = visit(officer, QUEUE, desk="agency", todo="reply", sort="-received")
    assert [kept.query for kept in response.context_data["desk"].own] == ["desk=agency&todo=reply&sort=-received"]
    assert response.context_data["kept_now"].name == "催办"


def test_a_queue_is_kept_by_those_who_have_one(client, district):
    client.force_login(UserFactory(agency=district, roles=["regulator"]))

    assert client.post("/cases/saved/queue/save/", {"name": "催办", "query": "todo=reply"}).status_code == 404


# a row


def test_a_countdown_in_working_days():
    tuesday = dt.date(2026, 11, 24)
    calendar = Calendar({dt.date(2026, 11, 26): False, dt.date(2026, 11, 28): True})  # Thursday off, Saturday not

    def left(month, day):
        with translation.override("en"):
            return countdown(calendar, tuesday, dt.date(2026, month, day))

    assert left(11, 20) == ("over", "2 working days overdue")
    assert left(11, 23) == ("over", "1 working day overdue")
    assert left(11, 24) == ("soon", "due today")
    assert left(11, 25) == ("soon", "1 working day left")
    assert left(11, 27) == ("soon", "2 working days left")
    assert left(11, 29) == ("soon", "3 working days left")
    assert left(11, 30) == ("far", "4 working days left")
    with translation.override("en"):
        assert countdown(calendar, dt.date(2026, 11, 22), dt.date(2026, 11, 20)) == ("over", "overdue")


def test_a_row_says_what_is_next_and_what_is_special(visit, english, officer, case_of, today, bridge):
    case = case_of(differs=True, national_entry="to_update", accepted=True)
    ClockFactory(case=case, due_on=today + 5 * DAY, safe_on=today + 3 * DAY, provisional=True)
    SupervisionFactory(case=case, reply_due_on=today - DAY)
    SupervisionFactory(case=case, replied=True)
    SupervisionFactory(case=case, supervised=True, reply_due_on=today + DAY)
    for _n in range(2):
        SupervisionFactory(case=case, supervised=True, replied=True)
    case_of(merchant=None, merchant_written="无名早餐铺")

    special, plain = cells(visit(officer, QUEUE))

    at = f"{today + 5 * DAY}~2026-11-02T01%3A00%3A00%2B00%3A00~{case.pk}"
    link = f"{case.get_absolute_url()}?sort=due&amp;list=queue&amp;at={at}"
    assert special["number"] == f'<a href="{link}">{case.number}</a>'
    assert special["officer"] == officer.get_full_name()
    term = special["term"]
    assert f"{today + 5 * DAY:%Y-%m-%d}" in term
    assert '<span class="due due-soon">3 working days left</span>' in term
    assert f"Safe until {today + 3 * DAY:%Y-%m-%d}" in term
    assert "provisional" in term
    assert term.startswith(f'<div class="queue-term">{case.clocks.get().rule.name_en} ')
    assert special["marks"] == (
        '<span class="mark mark-amber">urged ×2</span> <span class="mark mark-amber">supervised ×3</span> '
        f'<span class="mark mark-red">reply overdue since {today - DAY:%Y-%m-%d}</span> '
        f'<span class="mark mark-red">differs</span> '
        f'<a class="mark mark-blue" href="/cases/{case.number}/copy-out/">To be updated</a>'
    )
    assert "no term runs" in plain["term"]
    assert plain["marks"] == "-"
    assert "无名早餐铺" in plain["merchant"]


def test_a_term_that_stands_still_has_no_day(visit, english, officer, case_of):
    case = case_of()
    paused(case)
    CaseEventFactory(case=case, verb="return_to_intake")

    (row,) = cells(visit(officer, QUEUE))

    assert "9999" not in row["term"]
    assert "paused" in row["term"]
    assert row["marks"] == (
        '<span class="mark mark-amber">returned</span> <span class="mark mark-grey">paused</span>'
    )


def test_phone_numbers_stay_hidden(visit, officer, case_of):
    case_of(narrative="电话13800001234", merchant=None, merchant_written="13900001234")

    html = visit(officer, QUEUE).content.decode()

    assert "138****1234" in html
    assert "13800001234" not in html
    assert "13900001234" not in html


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({}, "No open case is assigned to you."), ({"desk": "agency"}, "Your agency has no open case."),
        ({"todo": "overdue"}, "Nothing of this kind is to be done."),
    ],
)  # fmt: skip
def test_an_empty_queue_says_what_to_do(visit, english, officer, query, words):
    assert words in visit(officer, QUEUE, **query).content.decode()


# its columns


COLUMNS = "/cases/columns/queue/"


def test_further_columns_of_the_queue_are_off_until_they_are_chosen(client, visit, officer, case_of):
    case = case_of(
        goods="净水器13800001234", channel=ChannelFactory(), category=CategoryFactory(), region=RegionFactory(),
        claimed=Decimal("12345.60"),
    )  # fmt: skip
    usual = ("number", "kind", "subject", "merchant", "state", "term", "officer", "received", "marks")
    response = visit(officer, QUEUE)
    assert tuple(cells(response)[0]) == usual
    assert f'href="{COLUMNS}"' in response.content.decode()
    form = visit(officer, COLUMNS)
    assert [name for name, _header, shown, _fixed in form.context_data["rows"] if not shown] == [
        *QueueTable.on_request
    ]

    chosen = ["goods", "number", "marks", "claimed", "channel", "category", "region", "handling"]
    saved = client.post(COLUMNS, {"order": [*chosen, "kind"], "column": chosen, "save": "yes"})

    assert saved["Location"] == QUEUE
    (row,) = cells(visit(officer, QUEUE))
    assert list(row) == chosen
    assert {name: value for name, value in row.items() if name not in ("number", "marks")} == {
        "goods": "净水器138****1234", "claimed": "12,345.60", "channel": str(case.channel),
        "category": str(case.category), "region": str(case.region), "handling": str(case.handling),
    }  # fmt: skip
    assert tuple(cells(visit(officer, QUEUE, columns=",".join(usual)))[0]) == usual  # an address may name others


def test_columns_of_the_queue_are_for_those_who_have_one(visit, officer, district):
    assert visit(officer, COLUMNS).status_code == 200
    assert visit(UserFactory(agency=district, roles=["regulator"]), COLUMNS).status_code == 404


# queries


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("columns", [None, QueueTable._meta.fields])
def test_the_queue_takes_as_many_queries_for_one_row_as_for_three(warm, officer, case_of, number, columns):
    if columns:
        choose_columns(actor=officer, list="queue", columns=columns)
    for _n in range(number):
        case = case_of(channel=ChannelFactory(), category=CategoryFactory(), region=RegionFactory())
        ClockFactory(case=case)
        SupervisionFactory(case=case)
    client = warm(officer, QUEUE)

    with CaptureQueriesContext(connection) as queries:
        client.get(QUEUE)

    # session, user with agency, permissions, the time limit, filters with columns and calendar, agencies, rows with a
    # term and without, the tabs with a time limit of their own
    assert len(queries) - transactions(queries) == 10


def test_a_full_page_of_several_takes_one_query_less(warm, officer, case_of):
    for _n in range(26):
        ClockFactory(case=case_of())
    client = warm(officer, QUEUE)

    with CaptureQueriesContext(connection) as queries:
        response = client.get(QUEUE)

    assert len(queries) - transactions(queries) == 9  # counted with the tabs
    assert response.context_data["page"].count == 26


# to the next case


def test_the_way_on_from_a_case_is_that_of_the_queue(visit, officer, case_of, today):
    first, second, third, last = (case_of() for _n in range(4))
    for case, days in ((second, 1), (first, -1), (third, 2)):
        ClockFactory(case=case, due_on=today + days * DAY)

    def leads(case, way, **query):
        response = visit(officer, f"{case.get_absolute_url()}{way}/", list="queue", sort="due", **query)
        return response["Location"].partition("?")[0]

    assert leads(first, "next") == second.get_absolute_url()
    assert leads(second, "next") == third.get_absolute_url()
    assert leads(third, "next") == last.get_absolute_url()
    assert leads(last, "next") == last.get_absolute_url()  # there is none
    assert leads(last, "previous") == third.get_absolute_url()
    assert leads(third, "previous") == second.get_absolute_url()
    assert leads(first, "next", todo="7") == second.get_absolute_url()
    context = visit(officer, second.get_absolute_url(), list="queue", sort="due", todo="7").context_data
    assert (context["back"], context["list_label"]) == ("/cases/queue/?todo=7", QueueRows.list_label)


def test_the_way_on_starts_where_the_case_stood_when_it_was_opened(client, visit, officer, case_of, today):
    first, second, third = (case_of() for _n in range(3))
    clocks = [ClockFactory(case=case, due_on=today + days * DAY) for case, days in ((first, 1), (second, 2), (third, 3))]
    context = visit(officer, QUEUE).context_data
    link = context["table"].link(context["page"].rows[0])
    Clock.objects.filter(pk=clocks[0].pk).update(stopped_on=today)  # done meanwhile, and no longer urgent

    where = link.partition("?")[2]
    leads = client.get(f"{first.get_absolute_url()}next/?{where}")["Location"]

    assert leads.startswith(second.get_absolute_url())
    assert client.get(leads).context_data["back"] == "/cases/queue/"
    onwards = client.get(leads.replace("/?", "/next/?", 1))["Location"]
    assert onwards.startswith(third.get_absolute_url())
    for wrong in ("1", "~", f"{today}~1", f"9~9~{first.pk}", f"{today}~2026-11-02T01:00:00+00:00~{third.pk}"):
        response = visit(officer, f"{second.get_absolute_url()}next/", list="queue", at=wrong)
        assert response["Location"].startswith(third.get_absolute_url())


def test_the_way_from_the_list_is_the_lists_own(visit, officer, case_of):
    older, newer = case_of(received_at=local(2026, 5, 1)), case_of(received_at=local(2026, 5, 2))

    response = visit(officer, f"{older.get_absolute_url()}previous/", sort="-received")

    assert response["Location"] == f"{newer.get_absolute_url()}?sort=-received"
    assert visit(officer, older.get_absolute_url(), sort="-received").context_data["back"] == "/cases/"


def test_another_agencys_case_is_no_neighbour(visit, officer, case_of, neighbour, today):
    case = case_of()
    ClockFactory(case=case, due_on=today)
    ClockFactory(case=CaseFactory(handling=neighbour, officer=officer), due_on=today + DAY)

    for way in ("previous", "next"):
        response = visit(officer, f"{case.get_absolute_url()}{way}/", list="queue", desk="agency")
        assert response["Location"].startswith(case.get_absolute_url())
