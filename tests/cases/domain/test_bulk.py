"""One act on many cases: which are taken, what becomes of each, and what a kill, a second run or a stop leaves."""

import datetime as dt

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import translation

from accounts.models import User
from cases.domain import (
    WORKFLOWS,
    bulk_steps,
    cancel_bulk,
    confirm_bulk,
    perform,
    prepare_bulk,
    run_bulk_acts,
)
from cases.domain import bulk as domain
from cases.domain.bulk import outlook
from cases.enums import BulkOutcome, BulkState, GroundPurpose, State, Verb
from cases.models import BulkAct, BulkRow, Case, CaseEvent, CaseHistory, Clock, Ground
from core.exceptions import DomainError
from tests.cases.bulk_acts import NOW, outcomes, prepare, queue, state
from tests.factories import AgencyFactory, CaseFactory, ClockFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def cases(district):
    return [CaseFactory(handling=district, regime="order121") for _n in range(3)]


def ids(cases) -> list[int]:
    return [case.pk for case in cases]


def messages(act) -> list[str]:
    return list(act.rows.order_by("position").values_list("message", flat=True))


def taken(cases) -> list[int | None]:
    return [Case.objects.get(pk=case.pk).officer_id for case in cases]


# ---- which acts


def test_only_bulk_acts_that_the_user_may_do_are_offered(district):
    def offered(*roles):
        return list(bulk_steps(UserFactory(agency=district, roles=roles)))

    assert offered("officer") == [
        "dispatch", "return_to_intake", "take", "accept", "refuse", "terminate", "close", "verify", "not_file", "decline",
    ]  # fmt: skip
    assert offered("regulator") == ["supervise"]
    assert offered("approver") == ["dispatch", "assign", "supervise"]
    assert offered("mediator") == offered("clerk") == offered("auditor") == offered() == []
    assert {step.verb for flow in WORKFLOWS.values() for step in flow if step.bulk} == set(
        offered("officer", "approver")
    )


@pytest.mark.parametrize("verb", [Verb.MERGE, Verb.SUPERVISE, "", "take_all"])
def test_an_act_that_is_none_of_the_users_bulk_acts_is_refused(officer, cases, verb):
    with pytest.raises(PermissionDenied):
        prepare(officer, cases, verb)

    assert not BulkAct.objects.exists()


# ---- which cases


def test_the_cases_are_fixed_in_the_given_order_with_what_was_known_of_them(officer, cases):
    event = perform(cases[1], Verb.TAKE, actor=officer, now=NOW)

    act = prepare(officer, [cases[2], cases[0], cases[1], cases[0]])

    assert list(act.rows.values_list("position", "case", "seen", "outcome")) == [
        (1, cases[2].pk, 0, "pending"), (2, cases[0].pk, 0, "pending"), (3, cases[1].pk, event.pk, "pending"),
    ]  # fmt: skip
    assert (act.total, act.missing, act.state, act.agency) == (3, 0, BulkState.PREPARED, officer.agency)
    assert (act.created_at, act.language) == (NOW, "en")


def test_cases_of_other_agencies_and_cases_that_do_not_exist_are_counted_alike(officer, cases, neighbour):
    theirs = CaseFactory(handling=neighbour)

    act = prepare_bulk(
        actor=officer,
        verb=Verb.TAKE,
        case_ids=[theirs.pk, cases[0].pk, 2**63 - 1, 0],
        chosen=6,
        list="cases",
        now=NOW,
    )

    assert list(act.rows.values_list("case", flat=True)) == [cases[0].pk]
    assert (act.total, act.missing) == (1, 5)


def test_nothing_is_prepared_without_a_case_that_the_user_sees(officer, neighbour):
    for chosen in ([], [CaseFactory(handling=neighbour)]):
        with pytest.raises(DomainError):
            prepare(officer, chosen)

    assert not BulkAct.objects.exists()


def test_more_cases_than_the_limit_are_refused(officer, cases, monkeypatch):
    monkeypatch.setattr(domain, "MAX_CASES", 2)

    with pytest.raises(DomainError, match="at most 2 cases"):
        prepare(officer, cases)
    assert prepare(officer, cases[:2]).total == 2


def test_the_limit_is_two_thousand():
    domain.check_size(2000)
    with pytest.raises(DomainError, match="at most 2,000 cases"):
        domain.check_size(2001)


def test_what_was_never_confirmed_is_thrown_away_a_day_later(officer, cases):
    other = UserFactory(agency=officer.agency, roles=["officer"])
    old, confirmed, theirs = prepare(officer, cases), queue(officer, cases), prepare(other, cases)
    BulkAct.objects.update(created_at=NOW - dt.timedelta(days=1, seconds=1))
    fresh = prepare(officer, cases)

    prepare(officer, cases)

    assert not BulkAct.objects.filter(pk=old.pk).exists()
    assert not BulkRow.objects.filter(act=old.pk).exists()
    assert BulkAct.objects.filter(pk__in=[confirmed.pk, theirs.pk, fresh.pk]).count() == 3


# ---- what would become of them


def test_the_outlook_counts_who_can_and_why_others_cannot(officer, cases, district):
    refused = [CaseFactory(handling=district, refused=True) for _n in range(2)]
    report = CaseFactory(handling=district, report=True)
    undispatched = CaseFactory(handling=None, custodian=district)
    act = prepare(officer, [*cases, *refused, report, undispatched], Verb.ACCEPT)
    perform(cases[2], Verb.TAKE, actor=officer, now=NOW)

    found = outlook(act, actor=officer, first=4)

    assert found.able == 2
    assert found.reasons == [
        ("This act does not apply in the state “Not accepted”.", 2),
        ("Someone else has worked on this case since you chose it.", 1),
        ("There is no such act for a case of this kind.", 1),
        ("The case must first be dispatched to an agency.", 1),
    ]
    assert [(row.position, case.pk, reason[:7]) for row, case, reason in found.first] == [
        (1, cases[0].pk, ""), (2, cases[1].pk, ""), (3, cases[2].pk, "Someone"), (4, refused[0].pk, "This ac"),
    ]  # fmt: skip


def test_a_case_that_has_gone_out_of_sight_is_not_shown(officer, cases, neighbour):
    act = prepare(officer, cases)
    Case.objects.filter(pk=cases[0].pk).update(
        custodian=neighbour, custodian_district=neighbour, handling=neighbour
    )

    found = outlook(act, actor=officer, first=1)

    assert found.able == 2
    assert found.first == [
        (act.rows.get(position=1), None, "The case is no longer among those that you see.")
    ]


def test_the_outlook_takes_as_many_queries_for_one_case_as_for_three(
    officer, cases, django_assert_num_queries
):
    for case in cases:
        Case.objects.filter(pk=case.pk).update(state=State.ENDED, outcome="settled", ended_at=NOW)
        ClockFactory(case=case, code="complaint.notify_end")
    officer = User.objects.select_related("agency").get(pk=officer.pk)
    bulk_steps(officer)

    for chosen in (cases[:1], cases):
        act = prepare(officer, chosen, Verb.CLOSE)
        with django_assert_num_queries(3):  # cases, clocks, rows
            assert outlook(act, actor=officer, first=10).reasons == [
                ("Both sides must be told first that mediation has ended.", len(chosen))
            ]


# ---- confirming


def test_nothing_is_done_before_it_is_confirmed(officer, cases):
    act = prepare(officer, cases)

    assert run_bulk_acts(now=NOW) == 0
    assert outcomes(act) == ["pending"] * 3
    assert taken(cases) == [None] * 3


def test_confirming_twice_queues_once(officer, cases):
    act = queue(officer, cases)

    assert not confirm_bulk(act, actor=officer, data={"note": "second"}, now=NOW + dt.timedelta(minutes=1))
    assert run_bulk_acts(now=NOW) == 3
    assert not confirm_bulk(act, actor=officer, data={}, now=NOW)
    assert run_bulk_acts(now=NOW) == 0

    act.refresh_from_db()
    assert (act.confirmed_at, act.data) == (NOW, {})
    assert CaseEvent.objects.count() == 3


def test_nobody_else_confirms_or_stops_it(officer, cases, city):
    act = prepare(officer, cases)
    for other in (
        UserFactory(agency=officer.agency, roles=["officer"]),
        UserFactory(agency=city, roles=["officer", "city_regulator"]),
        UserFactory(superuser=True),
    ):
        with pytest.raises(PermissionDenied):
            confirm_bulk(act, actor=other, data={})
        with pytest.raises(PermissionDenied):
            cancel_bulk(act, actor=other)

    assert state(act) == BulkState.PREPARED


def test_it_is_not_confirmed_once_the_permission_is_gone(officer, cases):
    act = prepare(officer, cases)
    officer.groups.set([Group.objects.get(name="mediator")])

    with pytest.raises(PermissionDenied):
        confirm_bulk(act, actor=User.objects.get(pk=officer.pk), data={})

    assert state(act) == BulkState.PREPARED


# ---- the run


def test_each_case_is_done_with_an_event_of_its_own(officer, cases):
    act = queue(officer, cases, Verb.ACCEPT, {"note": "统一受理"})

    assert run_bulk_acts(now=NOW) == 3

    act.refresh_from_db()
    assert (act.state, act.started_at, act.finished_at) == (BulkState.DONE, NOW, NOW)
    for row, case in zip(act.rows.select_related("event"), cases, strict=True):
        case.refresh_from_db()
        assert (row.outcome, row.message, row.case_id) == (BulkOutcome.DONE, "", case.pk)
        assert (row.event.case_id, row.event.verb, row.event.note) == (case.pk, "accept", "统一受理")
        assert (row.event.actor, row.event.at) == (officer, NOW)
        assert (case.state, case.accepted_at) == (State.ACCEPTED, NOW)


def test_the_history_bears_the_one_who_asked(officer, cases):
    queue(officer, cases, Verb.ACCEPT)

    run_bulk_acts(now=NOW)

    history = CaseHistory.objects.filter(pgh_obj__in=ids(cases), state=State.ACCEPTED)
    assert list(history.values_list("actor", flat=True)) == [officer.pk] * 3


def test_one_that_is_refused_stops_no_other_and_says_why(officer, cases):
    perform(cases[1], Verb.TAKE, actor=officer, now=NOW)
    act = queue(officer, cases)

    run_bulk_acts(now=NOW)

    assert outcomes(act) == ["done", "refused", "done"]
    assert messages(act)[1].startswith("The case is yours already.")
    assert state(act) == BulkState.DONE


def test_a_case_that_changes_after_it_was_chosen_is_refused_with_who_did_what(officer, cases):
    colleague = UserFactory(agency=officer.agency, roles=["officer"])
    act = prepare(officer, cases, Verb.ACCEPT)
    perform(cases[1], Verb.TAKE, actor=colleague, now=NOW)
    confirm_bulk(act, actor=officer, data={}, now=NOW)

    run_bulk_acts(now=NOW)

    assert outcomes(act) == ["done", "refused", "done"]
    assert messages(act)[1] == (
        "Someone else has worked on this since you opened it, so nothing was done. The last act: "
        f"{colleague.get_full_name()}, Taken over, 2026-11-20 10:00."
    )
    cases[1].refresh_from_db()
    assert (cases[1].state, cases[1].officer) == (State.REGISTERED, colleague)


def test_what_the_act_is_given_is_found_again(officer, district, cases):
    """Rows by their key, dates as text; a kind of case that does not take a word of it goes without."""
    ground = Ground.objects.for_case(cases[0], GroundPurpose.REFUSE).get(position=1)
    refuse = queue(officer, cases, Verb.REFUSE, {"ground": ground, "note": "不属于职责范围", "outcome": ""})
    assert refuse.data == {"ground": ground.pk, "note": "不属于职责范围"}
    run_bulk_acts(now=NOW)
    assert set(Case.objects.filter(pk__in=ids(cases)).values_list("state", "ground")) == {
        ("refused", ground.code)
    }

    head = UserFactory(agency=district, roles=["officer", "approver"])
    more = [CaseFactory(handling=district), CaseFactory(handling=district, report=True)]
    day = dt.date(2026, 12, 1)
    supervise = queue(head, more, Verb.SUPERVISE, {"text": "尽快办理", "reply_due_on": day})
    assert supervise.data == {"text": "尽快办理", "reply_due_on": "2026-12-01"}
    run_bulk_acts(now=NOW)
    assert [case.supervisions.get().reply_due_on for case in more] == [day, day]

    assign = queue(head, more, Verb.ASSIGN, {"officer": officer})
    run_bulk_acts(now=NOW)
    assert outcomes(assign) == ["done", "done"]
    assert taken(more) == [officer.pk] * 2

    station = AgencyFactory(station=True, parent=district)
    dispatch = queue(head, more, Verb.DISPATCH, {"agency": station})
    run_bulk_acts(now=NOW)
    assert outcomes(dispatch) == ["done", "done"]
    assert set(Case.objects.filter(pk__in=ids(more)).values_list("handling", flat=True)) == {station.pk}


def test_a_note_that_only_one_kind_needs_is_given_to_all(officer, district):
    ended = CaseFactory(handling=district, state=State.ENDED, outcome="settled", ended_at=NOW)
    filed = CaseFactory(handling=district, report=True, state=State.FILED, decided_at=NOW)
    act = queue(officer, [ended, filed], Verb.CLOSE, {"note": "归档"})

    run_bulk_acts(now=NOW)

    assert outcomes(act) == ["done", "done"]
    assert set(CaseEvent.objects.values_list("verb", "note")) == {("close", "归档")}


def test_an_error_that_nobody_expected_changes_nothing_and_is_logged(officer, cases, caplog):
    # the database itself refuses one of the three
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION pg_temp.stumble() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'no room'; END $$"
        )
        cursor.execute(
            f"CREATE TRIGGER stumble BEFORE INSERT ON cases_caseevent FOR EACH ROW WHEN (NEW.case_id = {cases[1].pk})"
            " EXECUTE FUNCTION pg_temp.stumble()"
        )
    act = queue(officer, cases, Verb.ACCEPT)

    run_bulk_acts(now=NOW)

    assert outcomes(act) == ["done", "failed", "done"]
    assert messages(act)[1] == "An error that was not expected; nothing was changed. It has been logged."
    assert f"Row 2 of the bulk act {act.pk} has failed." in caplog.text
    cases[1].refresh_from_db()
    assert cases[1].state == State.REGISTERED
    assert not Clock.objects.filter(case=cases[1]).exists()
    assert state(act) == BulkState.DONE


def test_a_permission_taken_away_between_two_rows_counts_from_there_on(officer, cases):
    act = queue(officer, cases)
    assert run_bulk_acts(1, now=NOW) == 1
    officer.groups.clear()

    assert run_bulk_acts(now=NOW) == 2

    assert outcomes(act) == ["done", "refused", "refused"]
    assert messages(act)[1:] == ["The permission for this act has been taken away."] * 2
    assert taken(cases) == [officer.pk, None, None]


def test_a_permission_taken_away_in_the_midst_of_a_run_counts_from_there_on(officer, cases):
    act = queue(officer, cases)
    # whoever takes the role away does so just after the first row
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION pg_temp.take_away() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN DELETE FROM accounts_user_groups WHERE user_id = {officer.pk}; RETURN NULL; END $$;"
            " CREATE TRIGGER take_away AFTER INSERT ON cases_caseevent FOR EACH ROW"
            " EXECUTE FUNCTION pg_temp.take_away()"
        )

    assert run_bulk_acts(now=NOW) == 3

    assert outcomes(act) == ["done", "refused", "refused"]
    assert taken(cases) == [officer.pk, None, None]


def test_what_a_closed_account_has_asked_for_is_refused(officer, cases):
    act = queue(officer, cases)
    User.objects.filter(pk=officer.pk).update(is_active=False)

    run_bulk_acts(now=NOW)

    assert outcomes(act) == ["refused"] * 3
    assert set(messages(act)) == {"The account of the person who asked for this has been closed."}
    assert taken(cases) == [None] * 3


def test_a_case_that_has_gone_out_of_sight_is_refused(officer, cases, neighbour):
    act = queue(officer, cases)
    Case.objects.filter(pk=cases[2].pk).update(
        custodian=neighbour, custodian_district=neighbour, handling=neighbour
    )

    run_bulk_acts(now=NOW)

    assert outcomes(act) == ["done", "done", "refused"]
    assert messages(act)[2] == "The case is no longer among those that you see."


def test_messages_are_in_the_language_of_the_one_who_asked(officer, cases):
    Case.objects.filter(pk=cases[0].pk).update(state=State.REFUSED, decided_at=NOW, closed_at=NOW)
    with translation.override("zh-hans"):
        act, label = queue(officer, cases[:1], Verb.ACCEPT), str(State.REFUSED.label)

    run_bulk_acts(now=NOW)

    assert label != "Not accepted"
    assert label in messages(act)[0]


def test_a_run_does_no_more_than_it_is_asked_for_and_goes_on_next_time(officer, cases):
    first = queue(officer, cases)
    second = queue(officer, cases, Verb.ACCEPT)

    assert run_bulk_acts(2, now=NOW) == 2
    assert (outcomes(first), state(first)) == (["done", "done", "pending"], BulkState.RUNNING)
    assert state(second) == BulkState.QUEUED
    assert run_bulk_acts(2, now=NOW) == 2
    assert state(first) == BulkState.DONE
    assert run_bulk_acts(only=first) == 0
    assert run_bulk_acts(only=second) == 2


def test_an_act_whose_run_was_cut_off_after_its_last_row_is_finished(officer, cases):
    act = queue(officer, cases)
    run_bulk_acts(now=NOW)
    BulkAct.objects.filter(pk=act.pk).update(state=BulkState.RUNNING, finished_at=None)

    assert run_bulk_acts(now=NOW) == 0

    assert state(act) == BulkState.DONE


def test_the_command_does_what_waits(officer, cases, capsys):
    act = queue(officer, cases)

    call_command("run_bulk_acts", limit=2, json=True)
    call_command("run_bulk_acts")

    assert capsys.readouterr().out.splitlines() == ['{"rows": 2}', "1"]
    assert state(act) == BulkState.DONE


# ---- stopping


def test_stopping_leaves_out_what_is_still_to_do(officer, cases):
    act = queue(officer, cases)
    run_bulk_acts(1, now=NOW)

    assert cancel_bulk(act, actor=officer, now=NOW) == 2

    act.refresh_from_db()
    assert (act.state, act.finished_at) == (BulkState.CANCELLED, NOW)
    assert outcomes(act) == ["done", "cancelled", "cancelled"]
    assert run_bulk_acts(now=NOW) == 0
    assert taken(cases) == [officer.pk, None, None]


def test_what_waits_is_stopped_before_it_begins(officer, cases):
    act = queue(officer, cases)

    assert cancel_bulk(act, actor=officer, now=NOW) == 3

    assert state(act) == BulkState.CANCELLED
    assert run_bulk_acts(now=NOW) == 0


def test_what_is_finished_or_not_confirmed_is_not_stopped(officer, cases):
    finished, prepared = queue(officer, cases), prepare(officer, cases)
    run_bulk_acts(now=NOW)

    assert cancel_bulk(finished, actor=officer, now=NOW) == 0
    assert cancel_bulk(prepared, actor=officer, now=NOW) == 0

    assert (state(finished), state(prepared)) == (BulkState.DONE, BulkState.PREPARED)


# ---- what the database holds to


@pytest.mark.parametrize(
    "wrong",
    [
        {"total": 0}, {"state": "queued"}, {"state": "running"}, {"state": "done"}, {"state": "cancelled"},
        {"confirmed_at": NOW}, {"finished_at": NOW},
    ],
    ids=str,
)  # fmt: skip
def test_an_act_has_cases_and_the_times_of_its_state(officer, cases, wrong):
    act = prepare(officer, cases)

    with pytest.raises(IntegrityError), transaction.atomic():
        BulkAct.objects.filter(pk=act.pk).update(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"outcome": "done"}, {"outcome": "refused"}, {"outcome": "failed"}, {"message": "why"},
        {"outcome": "cancelled", "message": "why"}, {"position": 2},
    ],
    ids=str,
)  # fmt: skip
def test_a_row_says_what_became_of_it(officer, cases, wrong):
    act = prepare(officer, cases)

    with pytest.raises(IntegrityError), transaction.atomic():
        act.rows.filter(position=1).update(**wrong)


def test_a_case_stands_in_an_act_once(officer, cases):
    act = prepare(officer, cases)

    with pytest.raises(IntegrityError), transaction.atomic():
        BulkRow.objects.create(act=act, case=cases[0], position=4, seen=0)
