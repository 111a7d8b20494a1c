"""The pages of bulk acts: choosing in a list, confirming, what became of each case, choosing again."""

import csv
import io

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape

from accounts.models import AccessLog
from cases import choosing
from cases.domain import bulk as domain
from cases.domain import perform, prepare_bulk, run_bulk_acts
from cases.enums import BulkOrigin, BulkState, GroundPurpose, State, Verb
from cases.models import BulkAct, Case, CaseEvent, Ground
from cases.views import bulk as views
from tests.cases.bulk_acts import outcomes
from tests.cases.pages import said, text, transactions
from tests.factories import CaseFactory, ClockFactory, UserFactory, grant
from tests.factories.cases import local

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]
LIST = "/cases/"
ACTS = "/cases/bulk/"
START = "/cases/bulk/start/"


@pytest.fixture
def handled(district):
    """`handled(...)`: a case of the officer's own district."""
    return lambda **fields: CaseFactory(handling=district, regime="order121", **fields)


@pytest.fixture
def cases(handled):
    return [handled(received_at=local(2026, 11, day)) for day in (3, 2, 1)]


@pytest.fixture
def signed_in(client, officer):
    client.force_login(officer)
    return client


def start(client, chosen=(), verb=Verb.TAKE, **given):
    return client.post(START, {"list": "cases", "query": "", "verb": verb, "case": list(chosen)} | given)


def chosen(client, cases, verb=Verb.TAKE, **given) -> BulkAct:
    """The act that is prepared for `cases`, still to be confirmed."""
    response = start(client, [case.pk for case in cases], verb, **given)
    act = BulkAct.objects.latest("pk")
    assert response.url == f"/cases/bulk/{act.pk}/confirm/"
    return act


def confirm(client, act, **data):
    return client.post(f"/cases/bulk/{act.pk}/confirm/", data)


def in_act(act) -> list[int]:
    return list(act.rows.order_by("position").values_list("case", flat=True))


# ---- the bar of the list


def test_whoever_has_bulk_acts_can_choose_rows(visit, officer, cases):
    html = text(visit(officer, LIST))

    for case in cases:
        assert (
            f'form="bulk" name="case" value="{case.pk}" data-pick aria-label="Choose {case.number}"' in html
        )
    assert "All 3 cases that match the filters" in html
    assert '<option value="accept">Accept</option>' in html
    assert '<option value="assign">' not in html
    assert '<option value="merge">' not in html
    assert 'href="/cases/bulk/"' in html


@pytest.mark.parametrize("role", ["mediator", "clerk"])
def test_whoever_has_none_sees_no_boxes(visit, district, cases, role):
    html = text(visit(UserFactory(agency=district, roles=[role]), LIST))

    assert cases[0].number in html
    assert "data-pick" not in html
    assert 'id="bulk"' not in html
    assert 'href="/cases/bulk/"' not in html


def test_where_nothing_is_listed_there_is_no_bar(visit, officer):
    assert 'id="bulk"' not in text(visit(officer, LIST))


def test_more_than_the_limit_cannot_be_chosen_as_a_whole(visit, officer, cases, monkeypatch):
    monkeypatch.setattr(choosing, "MAX_CASES", 2)

    html = text(visit(officer, LIST))

    assert 'name="all"' not in html
    assert "More than 2 cases match; narrow the list to act on all of them." in html


def test_the_fragment_of_the_list_has_the_bar_with_its_query(signed_in, cases):
    html = text(signed_in.get(LIST, {"kind": "complaint", "size": "50"}, headers={"HX-Request": "true"}))

    assert "<html" not in html
    assert 'name="query" value="kind=complaint"' in html


# ---- choosing


def test_the_chosen_rows_and_no_others_are_fixed(signed_in, officer, cases):
    act = chosen(signed_in, [cases[2], cases[0]], query="kind=complaint&sort=claimed&after=x&nonsense=1")

    assert in_act(act) == [cases[2].pk, cases[0].pk]
    assert (act.actor, act.verb, act.origin, act.missing) == (officer, "take", BulkOrigin.SELECTION, 0)
    assert (act.list, act.query) == ("cases", "kind=complaint&sort=claimed")
    assert act.language == "en"


def test_all_that_match_the_filters_are_fixed_in_the_order_of_the_list(signed_in, cases, handled, neighbour):
    report, theirs = handled(report=True), CaseFactory(handling=neighbour)

    act = chosen(signed_in, [report], all="1", query="kind=complaint&sort=received")

    assert in_act(act) == [cases[2].pk, cases[1].pk, cases[0].pk]
    assert theirs.pk not in in_act(act)
    assert (act.origin, act.query, act.total) == (BulkOrigin.FILTER, "kind=complaint&sort=received", 3)


def test_a_case_that_enters_the_filter_later_is_not_touched(signed_in, cases, handled):
    act = chosen(signed_in, [], all="1")
    late = handled()

    confirm(signed_in, act)

    late.refresh_from_db()
    assert late.officer is None
    assert outcomes(act) == ["done"] * 3


def test_the_rows_behind_a_figure_can_be_chosen(signed_in, cases, figures):
    figures("metric", lambda user, parameters: (Case.objects.filter(pk=cases[1].pk), "Figure", ""))

    act = chosen(signed_in, [], all="1", query="metric=cases.received&part=value")

    assert in_act(act) == [cases[1].pk]
    assert act.query == "metric=cases.received&part=value"


def test_more_than_the_limit_is_refused(signed_in, cases, monkeypatch):
    monkeypatch.setattr(domain, "MAX_CASES", 2)
    monkeypatch.setattr(views, "MAX_CASES", 2)

    for given in ({"all": "1"}, {"case": [case.pk for case in cases]}):
        response = start(signed_in, query="kind=complaint", **given)
        assert response.url == "/cases/?kind=complaint"
        assert said(response)[-1] == "A bulk act takes at most 2 cases, and these are more. Narrow the list."

    assert not BulkAct.objects.exists()


def test_ids_out_of_sight_and_forged_ids_are_as_if_they_did_not_exist(signed_in, cases, neighbour):
    theirs = CaseFactory(handling=neighbour)
    full_width = "".join(chr(ord(digit) + 0xFEE0) for digit in str(cases[1].pk))
    huge = ["9" * 400, "9" * 5000, "9223372036854775808"]
    forged = [full_width, *huge, "abc", "-1", "0", "1e3", " 1", "\x00", "1;DROP TABLE", ""]

    response = start(signed_in, [cases[0].pk, theirs.pk, 10**12, *forged])

    act = BulkAct.objects.get()
    assert in_act(act) == [cases[0].pk]
    assert (act.total, act.missing) == (1, 2 + len(forged))
    html = text(signed_in.get(response.url))
    assert "14 of the chosen cases were not found. Nothing is done to them." in html
    assert theirs.number not in html
    confirm(signed_in, act)
    theirs.refresh_from_db()
    assert theirs.officer is None
    assert "14 of the chosen cases were not found." in text(signed_in.get(f"/cases/bulk/{act.pk}/"))


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ("theirs", "None of the chosen cases was found."), (["1234567890123"], "None of the chosen cases was found."),
        (["abc"], "Choose at least one case."), (["9" * 400, "-1"], "Choose at least one case."),
    ],
)  # fmt: skip
def test_only_forged_ids_choose_nothing(signed_in, cases, neighbour, ids, message):
    theirs = CaseFactory(handling=neighbour)

    response = start(signed_in, [theirs.pk] if ids == "theirs" else ids)

    assert (response.url, said(response)) == (LIST, [message])
    assert not BulkAct.objects.exists()


def test_what_is_missing_is_said(signed_in, cases):
    nothing = start(signed_in)
    assert (nothing.url, said(nothing)) == (LIST, ["Choose at least one case."])
    no_act = start(signed_in, [cases[0].pk], verb="", query="kind=complaint")
    assert (no_act.url, said(no_act)[-1]) == (
        "/cases/?kind=complaint",
        "Choose what is to be done with the cases.",
    )
    wrong = start(signed_in, all="1", query="received_from=2020-02-30")
    assert said(wrong)[-1] == "A filter is wrong, and nothing was chosen. Correct it first."

    assert not BulkAct.objects.exists()


def test_a_list_that_takes_too_long_is_not_chosen(signed_in, cases, monkeypatch):
    monkeypatch.setattr(views, "SEARCH_SECONDS", 0.001)
    monkeypatch.setattr(
        views.ListedCases, "get_queryset", lambda page: Case.objects.extra(where=["pg_sleep(1) IS NULL"])
    )

    response = start(signed_in, all="1")

    assert said(response)[0].endswith("seconds, and nothing was chosen. Narrow the list.")
    assert not BulkAct.objects.exists()


@pytest.mark.parametrize("name", ["", "nothing", "bulk"])
def test_there_are_no_other_lists(signed_in, cases, name):
    assert start(signed_in, [cases[0].pk], list=name).status_code == 404


def test_a_list_that_the_user_may_not_open_is_not_chosen_from(signed_in, cases, monkeypatch):
    page = type("Closed", (views.ListedCases,), {"permission_required": "cases.assign_case"})
    monkeypatch.setitem(views.LISTS, "closed", views.ListOfCases("cases:list", page))

    for given in ({"all": "1"}, {"case": [cases[0].pk]}):
        assert start(signed_in, list="closed", **given).status_code == 403

    assert not BulkAct.objects.exists()


@pytest.mark.parametrize("verb", [Verb.ASSIGN, Verb.MERGE, "nothing", "\x00"])
def test_an_act_that_is_not_offered_is_refused(signed_in, cases, verb):
    assert start(signed_in, [cases[0].pk], verb).status_code == 403
    assert not BulkAct.objects.exists()


@pytest.mark.parametrize(
    "query", ["\x00=1", "q=%00", "after=%00&" * 20, "kind=nothing", "//example.test/", "a=1\r\nX: 1"]
)
def test_whatever_the_query_carries_leads_back_to_the_list(signed_in, cases, query):
    response = start(signed_in, [], query=query)

    assert response.url.startswith("/cases/?") or response.url == LIST


# ---- in the work queue

QUEUE = "/cases/queue/"


@pytest.fixture
def unassigned(client, approver, handled):
    """Three cases that nobody has, in the order of the queue; the approver is signed in."""
    cases = [handled(received_at=local(2026, 11, day)) for day in (3, 1, 2)]
    for case, due in zip(cases, (4, 5, 6), strict=True):
        ClockFactory(case=case, due_on=local(2026, 12, due).date())
    ClockFactory(case=cases[0], due_on=local(2026, 12, 9).date(), code="complaint.mediate")
    client.force_login(approver)
    return cases


def test_rows_of_the_queue_can_be_chosen(visit, approver, unassigned):
    html = text(visit(approver, QUEUE, desk="agency", todo="unassigned"))

    for case in unassigned:
        assert f'form="bulk" name="case" value="{case.pk}" data-pick' in html
    assert 'name="list" value="queue"' in html
    assert 'name="query" value="desk=agency&amp;todo=unassigned"' in html
    assert "All 3 cases that match the filters" in html
    assert '<option value="assign">' in html
    assert 'href="/cases/bulk/"' in html
    assert "portal/bulk.js" in html
    assert "portal/bulk.css" in html


def test_all_that_match_in_the_queue_are_assigned_and_no_others(client, unassigned, handled, officer, neighbour):
    colleague = UserFactory(agency=officer.agency, roles=["officer"])
    left = [handled(officer=colleague), handled(closed=True), CaseFactory(handling=neighbour)]
    owners = [case.officer for case in left]

    act = chosen(client, [], Verb.ASSIGN, list="queue", query="desk=agency&todo=unassigned&after=x", all="1")
    confirm(client, act, officer=officer.pk)

    assert in_act(act) == [case.pk for case in unassigned]  # the most urgent first, each once
    assert (act.origin, act.list, act.query) == (BulkOrigin.FILTER, "queue", "desk=agency&todo=unassigned")
    assert outcomes(act) == ["done"] * 3
    assert [Case.objects.get(pk=case.pk).officer for case in unassigned] == [officer] * 3
    assert [Case.objects.get(pk=case.pk).officer for case in left] == owners
    assert f'href="{QUEUE}?desk=agency&amp;todo=unassigned"' in text(client.get(act.get_absolute_url()))


def test_chosen_rows_of_the_queue_and_no_others_are_assigned(client, unassigned, officer):
    act = chosen(client, [unassigned[1]], Verb.ASSIGN, list="queue", query="desk=agency&sort=-due")
    confirm(client, act, officer=officer.pk)

    assert (act.origin, act.list, act.query) == (BulkOrigin.SELECTION, "queue", "desk=agency&sort=-due")
    assert [Case.objects.get(pk=case.pk).officer for case in unassigned] == [None, officer, None]


def test_a_queue_chosen_without_a_desk_is_that_on_which_one_starts(client, officer, handled, unassigned):
    mine = handled(officer=officer)
    client.force_login(officer)

    assert in_act(chosen(client, [], Verb.ACCEPT, list="queue", all="1")) == [mine.pk]


def test_the_queue_is_chosen_from_by_those_alone_who_have_one(client, district, unassigned):
    user = UserFactory(agency=district, roles=["regulator"])
    grant(user, "assign_case")
    client.force_login(user)

    assert start(client, [unassigned[0].pk], Verb.ASSIGN, list="queue").status_code == 403
    assert not BulkAct.objects.exists()


# ---- confirming


def test_the_page_says_who_can_and_why_others_cannot(signed_in, cases, handled):
    refused = handled(refused=True)
    act = chosen(signed_in, [*cases, refused], Verb.ACCEPT)

    html = text(signed_in.get(f"/cases/bulk/{act.pk}/confirm/"))

    assert "Accept: 3 cases" in html
    assert '<b class="tnum">1</b><span>This act does not apply in the state' in html
    for case in (*cases, refused):
        assert f'href="/cases/{case.number}/"' in html
    assert CaseEvent.objects.count() == 0


def test_where_no_case_can_there_is_no_button(signed_in, handled):
    act = chosen(signed_in, [handled(refused=True)], Verb.ACCEPT)

    html = text(signed_in.get(f"/cases/bulk/{act.pk}/confirm/"))

    assert "None of the cases can take this act now." in html
    assert 'action="/cases/bulk/' not in html


def test_an_act_that_no_kind_has_cannot_be_confirmed(signed_in, handled):
    act = chosen(signed_in, [handled(report=True)], Verb.ACCEPT)

    assert confirm(signed_in, act).status_code == 422
    assert outcomes(act) == ["pending"]


def test_the_first_ten_rows_are_shown(signed_in, handled):
    act = chosen(signed_in, [handled() for _n in range(12)])

    html = text(signed_in.get(f"/cases/bulk/{act.pk}/confirm/"))

    assert html.count('<th scope="row">') == 10
    assert "The first 10" in html


def test_a_telephone_number_in_a_merchants_name_is_masked(signed_in, handled):
    act = chosen(signed_in, [handled(merchant=None, merchant_written="老王 13800000001")])

    html = text(signed_in.get(f"/cases/bulk/{act.pk}/confirm/"))

    assert "老王 138****0001" in html
    assert "13800000001" not in html


def test_confirmed_it_is_done_and_the_outcome_shown(signed_in, officer, cases):
    act = chosen(signed_in, cases, Verb.ACCEPT)

    response = confirm(signed_in, act, note="统一受理")

    assert response.url == f"/cases/bulk/{act.pk}/"
    act.refresh_from_db()
    assert (act.state, act.data) == (BulkState.DONE, {"note": "统一受理"})
    assert outcomes(act) == ["done"] * 3
    assert set(CaseEvent.objects.values_list("verb", "actor", "note")) == {("accept", officer.pk, "统一受理")}


def test_sent_twice_the_form_runs_once(signed_in, cases):
    act = chosen(signed_in, cases)

    first, second = confirm(signed_in, act), confirm(signed_in, act)

    assert first.url == second.url == f"/cases/bulk/{act.pk}/"
    assert CaseEvent.objects.count() == 3
    assert BulkAct.objects.count() == 1


def test_what_the_act_needs_is_asked_for_once(signed_in, cases):
    act = chosen(signed_in, cases, Verb.REFUSE)
    ground = Ground.objects.for_case(cases[0], GroundPurpose.REFUSE).get(position=1)

    refused = confirm(signed_in, act, note="不属于职责范围")
    assert refused.status_code == 422
    assert outcomes(act) == ["pending"] * 3

    confirm(signed_in, act, ground=ground.pk, note="不属于职责范围")
    assert outcomes(act) == ["done"] * 3
    assert set(Case.objects.values_list("state", "ground")) == {(State.REFUSED, ground.code)}
    html = text(signed_in.get(f"/cases/bulk/{act.pk}/"))
    assert "不属于职责范围" in html
    assert escape(ground.name_en) in html


def test_what_one_kind_of_case_needs_is_asked_for_all(signed_in, handled):
    ended = handled(state=State.ENDED, outcome="settled", ended_at=local(2026, 11, 9))
    filed = handled(report=True, state=State.FILED, decided_at=local(2026, 11, 9))

    def needs_note(cases) -> bool:
        act = chosen(signed_in, cases, Verb.CLOSE)
        return signed_in.get(f"/cases/bulk/{act.pk}/confirm/").context["form"].fields["note"].required

    assert not needs_note([ended])
    assert needs_note([filed])
    assert needs_note([ended, filed])


def test_only_grounds_that_one_of_the_cases_may_have_are_offered(signed_in, cases, handled):
    def offered(chosen_cases) -> set[str]:
        act = chosen(signed_in, chosen_cases, Verb.REFUSE)
        form = signed_in.get(f"/cases/bulk/{act.pk}/confirm/").context["form"]
        return {regime for ground in form.fields["ground"].queryset for regime in ground.regimes}

    older = handled()
    Case.objects.filter(pk=older.pk).update(regime="order20")

    assert offered(cases) == {"order121"}
    assert offered([older]) == {"order20", "decree778", "order62"}  # they share theirs
    assert offered([*cases, older]) == {"order121", "order20", "decree778", "order62"}


def test_a_case_that_changes_before_it_is_confirmed_is_refused_with_who_did_what(signed_in, officer, cases):
    colleague = UserFactory(agency=officer.agency, roles=["officer"])
    act = chosen(signed_in, cases, Verb.ACCEPT)
    perform(cases[1], Verb.TAKE, actor=colleague)

    html = text(signed_in.get(f"/cases/bulk/{act.pk}/confirm/"))
    assert "Someone else has worked on this case since you chose it." in html
    confirm(signed_in, act)

    assert outcomes(act) == ["done", "refused", "done"]
    message = act.rows.get(position=2).message
    assert f"The last act: {colleague.get_full_name()}, Taken over" in message
    assert message.replace("“", "&ldquo;") in text(signed_in.get(f"/cases/bulk/{act.pk}/"))


def test_a_permission_that_is_gone_by_then_is_refused(signed_in, officer, cases):
    act = chosen(signed_in, cases)
    officer.groups.set([Group.objects.get(name="mediator")])

    assert signed_in.get(f"/cases/bulk/{act.pk}/confirm/").status_code == 403
    assert confirm(signed_in, act).status_code == 403
    assert outcomes(act) == ["pending"] * 3


def test_up_to_fifty_are_done_at_once_and_more_by_the_worker(signed_in, handled, monkeypatch):
    assert domain.AT_ONCE == 50
    monkeypatch.setattr(views, "AT_ONCE", 2)
    two, three = (
        chosen(signed_in, [handled(), handled()]),
        chosen(signed_in, [handled(), handled(), handled()]),
    )

    confirm(signed_in, two)
    confirm(signed_in, three)

    assert (outcomes(two), outcomes(three)) == (["done"] * 2, ["pending"] * 3)
    three.refresh_from_db()
    assert three.state == BulkState.QUEUED
    assert run_bulk_acts() == 3


def test_the_act_of_someone_else_does_not_exist(signed_in, officer, cases):
    colleague = UserFactory(agency=officer.agency, roles=["officer"])
    act = prepare_bulk(actor=colleague, verb=Verb.TAKE, case_ids=[case.pk for case in cases], list="cases")

    for path in ("", "confirm/", "export/?format=csv"):
        assert signed_in.get(f"/cases/bulk/{act.pk}/{path}").status_code == 404
    for path in ("confirm/", "cancel/", "again/"):
        data = {"outcome": "pending", "verb": "take"}
        assert signed_in.post(f"/cases/bulk/{act.pk}/{path}", data).status_code == 404
    act.refresh_from_db()
    assert (act.state, outcomes(act)) == (BulkState.PREPARED, ["pending"] * 3)
    assert BulkAct.objects.count() == 1


# ---- what became of it


@pytest.fixture
def mixed(signed_in, cases, handled):
    """Done for three cases, refused for one."""
    act = chosen(signed_in, [*cases, handled(refused=True)], Verb.ACCEPT)
    confirm(signed_in, act)
    act.refresh_from_db()
    return act


def test_before_it_is_confirmed_its_page_leads_to_the_confirmation_and_not_back(signed_in, cases):
    act = chosen(signed_in, cases)
    page = f"/cases/bulk/{act.pk}/"

    assert signed_in.get(page).url == f"{page}confirm/"
    confirm(signed_in, act)
    assert signed_in.get(page).status_code == 200
    assert signed_in.get(f"{page}confirm/").url == page


def test_the_page_counts_and_names_every_case(signed_in, mixed, cases):
    chosen(signed_in, cases)  # another act, of which nothing is shown

    response = signed_in.get(f"/cases/bulk/{mixed.pk}/")

    html = text(response)
    assert dict(response.context_data["counts"]) == {
        "pending": 0, "done": 3, "refused": 1, "failed": 0, "cancelled": 0,
    }  # fmt: skip
    assert '<progress max="4" value="4"' in html
    assert "This act does not apply in the state" in html
    for row in mixed.rows.select_related("case"):
        assert f'<a href="/cases/{row.case.number}/">{row.case.number}</a>' in html
    assert len(response.context_data["page"].rows) == 4
    assert 'id="poll"' not in html
    assert "Stop what is still to do" not in html


def test_the_rows_of_one_outcome(signed_in, mixed):
    response = signed_in.get(f"/cases/bulk/{mixed.pk}/", {"outcome": "refused"})

    assert [row.position for row in response.context_data["page"].rows] == [4]
    assert [(tab.label, tab.count, tab.current) for tab in response.context_data["tabs"]] == [
        ("All", 4, False), ("Done", 3, False), ("Refused", 1, True),
    ]  # fmt: skip


def test_a_case_that_has_left_for_another_agency_is_named_without_a_link(signed_in, mixed, neighbour):
    row = mixed.rows.select_related("case").get(position=1)
    Case.objects.filter(pk=row.case_id).update(
        custodian=neighbour, custodian_district=neighbour, handling=neighbour
    )

    html = text(signed_in.get(f"/cases/bulk/{mixed.pk}/"))

    assert row.case.number in html
    assert f"/cases/{row.case.number}/" not in html


def test_while_it_runs_the_page_asks_again_and_can_stop_it(signed_in, cases, monkeypatch):
    monkeypatch.setattr(views, "AT_ONCE", 2)
    act = chosen(signed_in, cases)
    confirm(signed_in, act)
    page = f"/cases/bulk/{act.pk}/"

    assert "It waits its turn" in text(signed_in.get(page))
    run_bulk_acts(1)
    html = text(signed_in.get(page, headers={"HX-Request": "true", "HX-Target": "progress"}))
    assert html.lstrip().startswith('<div id="progress">')
    assert f'<div id="poll" hx-get="{page}"' in html
    assert "list-table" not in html  # the rows, their page and the focus stay as they are
    assert '<progress max="3" value="1"' in html
    assert "1 of 3 cases" in html
    assert "Choose again" not in html

    response = signed_in.post(f"{page}cancel/")
    assert (response.url, said(response)) == (page, ["Stopped; 2 cases are left as they were."])
    assert outcomes(act) == ["done", "cancelled", "cancelled"]
    assert 'id="poll"' not in text(signed_in.get(page))
    # the last answer asks for all once more, under the address that the page has by then, and that asks for nothing
    last = 'hx-get="" hx-trigger="load" hx-target="#run"'
    fragment = {
        part: text(signed_in.get(page, headers={"HX-Request": "true", "HX-Target": part})) for part in ("progress", "run")
    }
    assert last in fragment["progress"]
    assert last not in fragment["run"]
    assert "list-table" in fragment["run"]
    assert said(signed_in.post(f"{page}cancel/"))[-1] == "There was nothing left to stop."


def test_htmx_gets_the_rows_alone_for_another_page_of_them(signed_in, mixed):
    html = text(
        signed_in.get(f"/cases/bulk/{mixed.pk}/", headers={"HX-Request": "true", "HX-Target": "results"})
    )

    assert "list-table" in html
    assert "<progress" not in html


def test_the_refused_ones_can_be_chosen_again(signed_in, mixed):
    response = signed_in.post(f"/cases/bulk/{mixed.pk}/again/", {"outcome": "refused", "verb": "take"})

    act = BulkAct.objects.latest("pk")
    assert response.url == f"/cases/bulk/{act.pk}/confirm/"
    assert in_act(act) == [mixed.rows.get(position=4).case_id]
    assert (act.verb, act.total) == ("take", 1)
    assert f'href="/cases/bulk/{mixed.pk}/"' in text(signed_in.get(response.url))


def test_choosing_again_needs_an_act_and_an_outcome(signed_in, mixed, cases):
    again = f"/cases/bulk/{mixed.pk}/again/"

    no_act = signed_in.post(again, {"outcome": "refused", "verb": ""})
    assert said(no_act)[-1] == "Choose what is to be done with the cases."
    none = signed_in.post(again, {"outcome": "failed", "verb": "take"})
    assert said(none)[-1] == "Choose at least one case."
    assert signed_in.post(again, {"outcome": "nothing", "verb": "take"}).status_code == 404
    assert signed_in.post(again, {"outcome": "refused", "verb": "assign"}).status_code == 403
    prepared = chosen(signed_in, cases)
    assert (
        signed_in.post(
            f"/cases/bulk/{prepared.pk}/again/", {"outcome": "pending", "verb": "take"}
        ).status_code
        == 404
    )
    assert BulkAct.objects.count() == 2


@pytest.mark.parametrize(
    ("verb", "words"), [(Verb.TAKE, "can be assigned anew"), (Verb.ACCEPT, "reopened case by case")]
)
def test_the_page_says_how_it_can_be_taken_back(signed_in, cases, verb, words):
    act = chosen(signed_in, cases, verb)

    assert words in text(signed_in.get(f"/cases/bulk/{act.pk}/confirm/"))
    confirm(signed_in, act)
    assert words in text(signed_in.get(f"/cases/bulk/{act.pk}/"))


def test_the_outcome_as_a_file_is_logged_before_its_first_byte(signed_in, officer, mixed):
    response = signed_in.get(f"/cases/bulk/{mixed.pk}/export/", {"format": "csv", "outcome": "refused"})

    (entry,) = AccessLog.objects.all()
    assert (entry.user, entry.action, entry.target) == (officer, "export", f"bulk-{mixed.pk}?outcome=refused")
    rows = list(csv.reader(io.StringIO(text(response))))
    row = mixed.rows.select_related("case").get(position=4)
    assert rows == [
        ["Position", "Case number", "Act", "Outcome", "Message", "Time"],
        ["4", row.case.number, "Accept", "Refused", row.message, ""],
    ]  # fmt: skip


def test_the_file_has_the_time_of_what_was_done(signed_in, mixed):
    rows = list(
        csv.reader(io.StringIO(text(signed_in.get(f"/cases/bulk/{mixed.pk}/export/", {"format": "csv"}))))
    )

    done_at = timezone.localtime(mixed.rows.get(position=1).event.at)
    assert rows[1][5] == f"{done_at:%Y-%m-%d %H:%M:%S}"
    assert len(rows) == 5


def test_without_the_permission_to_export_there_is_no_file(signed_in, mixed):
    Group.objects.get(name="officer").permissions.remove(
        Group.objects.get(name="officer").permissions.get(codename="export_case")
    )

    assert "export/?" not in text(signed_in.get(f"/cases/bulk/{mixed.pk}/"))
    assert signed_in.get(f"/cases/bulk/{mixed.pk}/export/", {"format": "csv"}).status_code == 403
    assert not AccessLog.objects.exists()


# ---- the list of bulk acts


def test_the_list_has_ones_own_confirmed_acts(signed_in, officer, mixed, cases):
    colleague = UserFactory(agency=officer.agency, roles=["officer"])
    prepare_bulk(actor=colleague, verb=Verb.TAKE, case_ids=[cases[0].pk], list="cases")
    chosen(signed_in, cases)  # not confirmed

    response = signed_in.get(ACTS)

    (act,) = response.context_data["page"].rows
    assert (act, act.done, act.refused, act.failed) == (mixed, 3, 1, 0)
    assert signed_in.get(ACTS, {"verb": "take"}).context_data["page"].rows == []
    assert signed_in.get(ACTS, {"state": "done", "verb": "accept"}).context_data["page"].rows == [mixed]


# ---- queries


def run_of(client, handled, n) -> BulkAct:
    act = chosen(client, [handled() for _n in range(n)])
    confirm(client, act)
    return act


@pytest.mark.parametrize("rows", [1, 3])
def test_the_outcome_takes_as_many_queries_for_one_case_as_for_three(warm, officer, handled, rows):
    client = warm(officer, LIST)
    act = run_of(client, handled, rows)

    with CaptureQueriesContext(connection) as queries:
        client.get(f"/cases/bulk/{act.pk}/")

    # session, user with agency, permissions, the act, its rows, its counts
    assert len(queries) == 6


@pytest.mark.parametrize("rows", [1, 3])
def test_the_confirmation_takes_as_many_queries_for_one_case_as_for_three(warm, officer, handled, rows):
    client = warm(officer, LIST)
    act = chosen(client, [handled() for _n in range(rows)])

    with CaptureQueriesContext(connection) as queries:
        client.get(f"/cases/bulk/{act.pk}/confirm/")

    # session, user with agency, permissions, the act, its kinds, cases, clocks, rows
    assert len(queries) == 8


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_takes_as_many_queries_for_one_act_as_for_three(warm, officer, handled, rows):
    client = warm(officer, LIST)
    for _n in range(rows):
        run_of(client, handled, 1)

    with CaptureQueriesContext(connection) as queries:
        response = client.get(ACTS)

    # session, user with agency, permissions, the acts with their counts
    assert len(queries) == 4
    assert len(response.context_data["page"].rows) == rows


@pytest.mark.parametrize("rows", [1, 3])
def test_choosing_takes_as_many_queries_for_one_case_as_for_three(warm, officer, handled, rows):
    cases = [handled() for _n in range(rows)]
    client = warm(officer, LIST)

    with CaptureQueriesContext(connection) as queries:
        start(client, [case.pk for case in cases])

    # session, user with agency, who is at work and no longer is, permissions, the cases, old acts that were never
    # confirmed and their rows, the act, its rows
    assert len(queries) - transactions(queries) == 11


@pytest.mark.parametrize("role", ["regulator", "city_regulator", "officer", "approver"])
def test_the_menu_leads_whoever_has_bulk_acts_to_them(visit, city, district, role):
    user = UserFactory(agency=city if role == "city_regulator" else district, roles=[role])

    html = text(visit(user, ACTS))

    assert f'<a href="{ACTS}" aria-current="page">' in html


def test_what_an_act_was_given_is_said_in_words(signed_in, officer, handled):
    case = handled(accepted=True)
    ground = Ground.objects.for_case(case, GroundPurpose.TERMINATE).filter(outcome="", after_term=False).first()
    act = chosen(signed_in, [case], Verb.TERMINATE)
    response = confirm(signed_in, act, ground=ground.pk, outcome="settled", note="")
    assert response.status_code == 302, response.context["form"].errors

    html = text(signed_in.get(response.url))

    assert "<dd translate=\"no\">Settled by the parties</dd>" in html
    assert ">settled<" not in html
    assert "Choose…" not in html.split('id="results"')[0].split("bulk-again")[0]
