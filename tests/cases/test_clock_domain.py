"""The terms of a case: what starts, stops, moves and refuses to."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied

from cases.domain import (
    ask_extension,
    change_regime,
    decide_extension,
    pause_clocks,
    restart_clock,
    resume_clocks,
    start_clock,
    stop_clocks,
)
from cases.domain.clocks import left_out
from cases.models import UNKNOWN_END, CaseEvent, Clock, ClockChange, ClockPause, ClockRule, Extension
from core.exceptions import DomainError
from tests.factories import CaseFactory, UserFactory
from tests.factories.cases import local

D = dt.date
NOW = local(2026, 7, 1, 10)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def case():
    """A complaint received on Wednesday, 6 May 2026, accepted two days later."""
    return CaseFactory(accepted=True, received_at=local(2026, 5, 6), regime="order121")


@pytest.fixture
def report():
    return CaseFactory(report=True, received_at=local(2026, 5, 6), regime="order42")


@pytest.fixture
def officer():
    return UserFactory(roles=["officer"])


@pytest.fixture
def chief():
    return UserFactory(roles=["officer", "approver"])


def ends(clock):
    clock.refresh_from_db()
    return clock.safe_on, clock.due_on, clock.paused_on, clock.stopped_on


def moves(case):
    return [(change.why, change.before_on, change.after_on) for change in case.clock_changes.order_by("pk")]


def stored():
    """All that these functions write."""
    return [
        list(model.objects.order_by("pk").values()) for model in (Clock, ClockPause, ClockChange, Extension)
    ]


@pytest.fixture
def refused():
    """`refused(message, call, …)`: the call raises a DomainError that says so, and nothing has changed."""

    def check(message, call, *arguments, **options):
        before = stored()
        with pytest.raises(DomainError) as error:
            call(*arguments, **options)
        assert str(error.value) == message
        assert stored() == before

    return check


# start


def test_a_term_starts_by_the_rules_of_the_case(case):
    clock = start_clock(case, "complaint.mediate", on=D(2026, 5, 8), now=NOW)

    assert (clock.rule.regime, clock.started_on, clock.provisional) == ("order121", D(2026, 5, 8), False)
    assert ends(clock) == (D(2026, 7, 7), D(2026, 7, 7), None, None)
    assert moves(case) == []
    assert not CaseEvent.objects.exists()


def test_rules_without_this_term_leave_it_to_the_day_of_receipt():
    case = CaseFactory(received_at=local(2024, 7, 1), regime="decree778")
    assert start_clock(case, "complaint.notify_end", on=D(2024, 9, 2), now=NOW).rule.regime == "order20"
    assert start_clock(case, "complaint.mediate", on=D(2024, 7, 3), now=NOW).rule.regime == "decree778"


def test_no_version_starts_nothing():
    case = CaseFactory(received_at=local(2019, 5, 6))
    assert start_clock(case, "complaint.notify_end", on=D(2019, 7, 1), now=NOW) is None
    assert not Clock.objects.exists()


def test_each_side_has_a_term_of_its_own(case):
    one = start_clock(case, "complaint.notify_end", on=D(2026, 6, 1), side="complainant", now=NOW)
    two = start_clock(case, "complaint.notify_end", on=D(2026, 6, 1), side="respondent", now=NOW)

    assert stop_clocks(case, "complaint.notify_end", side="respondent", on=D(2026, 6, 2), now=NOW) == [two]
    assert ends(one) == (D(2026, 6, 10), D(2026, 6, 10), None, None)
    assert ends(two) == (D(2026, 6, 10), D(2026, 6, 10), None, D(2026, 6, 2))


def test_what_cannot_start(case, refused):
    start = {"call": start_clock, "case": case, "now": NOW}
    refused(
        "2026-05-05 lies before the receipt of the case on 2026-05-06.",
        code="complaint.accept",
        on=D(2026, 5, 5),
        **start,
    )
    refused("2026-07-02 lies in the future.", code="complaint.accept", on=D(2026, 7, 2), **start)
    start_clock(case, "complaint.accept", on=D(2026, 5, 6), now=NOW)
    refused(
        "The term “Decision on accepting a complaint” of this case is running already.",
        code="complaint.accept", on=D(2026, 5, 7), **start,
    )  # fmt: skip


def test_the_local_day_decides():
    """Received at 01:00 in Hangzhou, which is the day before in UTC."""
    case = CaseFactory(received_at=local(2026, 5, 6, 1))
    assert start_clock(case, "complaint.accept", on=D(2026, 5, 6), now=local(2026, 5, 6, 2)).started_on == D(
        2026, 5, 6
    )


# stop


def test_terms_stop_by_their_code(case):
    accept = start_clock(case, "complaint.accept", on=D(2026, 5, 6), now=NOW)
    mediate = start_clock(case, "complaint.mediate", on=D(2026, 5, 8), now=NOW)

    assert stop_clocks(case, "complaint.accept", on=D(2026, 5, 8), now=NOW) == [accept]
    assert ends(accept)[1:] == (D(2026, 5, 14), None, D(2026, 5, 8))
    assert ends(mediate)[3] is None
    assert stop_clocks(case, "complaint.accept", on=D(2026, 5, 9), now=NOW) == []
    assert ends(accept)[3] == D(2026, 5, 8)
    assert stop_clocks(case, on=D(2026, 6, 1), now=NOW) == [mediate]
    assert moves(case) == []


def test_what_cannot_stop(case, refused):
    start_clock(case, "complaint.mediate", on=D(2026, 5, 8), now=NOW)
    refused(
        "The term “Mediation of a complaint” started on 2026-05-08 and cannot stop before, on 2026-05-07.",
        stop_clocks, case, "complaint.mediate", on=D(2026, 5, 7), now=NOW,
    )  # fmt: skip
    refused("2026-07-02 lies in the future.", stop_clocks, case, on=D(2026, 7, 2), now=NOW)


# pauses


def pause(case, actor, started_on, reason="testing", **more):
    return pause_clocks(
        case, reason=reason, started_on=started_on, document="检测委托书", actor=actor, now=NOW, **more
    )


def test_testing_is_left_out_of_mediation(case, officer):
    mediate = start_clock(case, "complaint.mediate", on=D(2026, 5, 8), now=NOW)
    accept = start_clock(case, "complaint.accept", on=D(2026, 5, 6), now=NOW)

    made = pause(case, officer, D(2026, 5, 20), note="送检")
    assert ends(mediate) == (UNKNOWN_END, UNKNOWN_END, D(2026, 5, 20), None)
    assert ends(accept)[1] == D(2026, 5, 14)  # which leaves nothing out
    assert (made.reason, made.document, made.note, made.actor) == ("testing", "检测委托书", "送检", officer)

    ended = resume_clocks(case, ended_on=D(2026, 6, 3), actor=officer, now=NOW)
    assert ended == made
    assert (ended.ended_on, ended.ended_by) == (D(2026, 6, 3), officer)
    assert ends(mediate) == (D(2026, 7, 21), D(2026, 7, 21), None, None)
    assert moves(case) == [("pause", D(2026, 7, 7), None), ("resume", None, D(2026, 7, 21))]
    change = case.clock_changes.first()
    assert (change.rule, change.actor, change.at, change.note) == (mediate.rule, officer, NOW, "检测委托书")


def test_a_second_pause_is_left_out_beside_the_first(case, officer):
    mediate = start_clock(case, "complaint.mediate", on=D(2026, 5, 8), now=NOW)
    for start, end in [
        (D(2026, 5, 20), D(2026, 6, 3)),
        (D(2026, 6, 1), D(2026, 6, 5)),
        (D(2026, 6, 8), D(2026, 6, 8)),
    ]:
        pause(case, officer, start)
        resume_clocks(case, ended_on=end, actor=officer, now=NOW)
    assert ends(mediate)[1] == D(2026, 7, 23)  # 16 days of it, not 18


def test_a_recusal_is_recorded_and_moves_nothing(case, officer):
    mediate = start_clock(case, "complaint.mediate", on=D(2026, 5, 8), now=NOW)
    pause(case, officer, D(2026, 5, 20), reason="recusal")
    assert ends(mediate) == (D(2026, 7, 7), D(2026, 7, 7), None, None)
    lead = start_clock(case, "lead.verify", on=D(2026, 5, 21), now=NOW)
    assert ends(lead) == (D(2026, 6, 11), D(2026, 6, 11), None, None)
    resume_clocks(case, ended_on=D(2026, 6, 3), actor=officer, now=NOW)
    assert ends(mediate)[1] == D(2026, 7, 7)
    assert moves(case) == []
    assert left_out(mediate.rule, case.pauses.all()) == []


def test_every_running_term_stands_still_while_a_platform_has_the_complaint(case, officer):
    """Also those whose rule leaves out no testing; one that starts meanwhile waits, too."""
    mediate = start_clock(case, "complaint.mediate", on=D(2026, 5, 8), now=NOW)
    accept = start_clock(case, "complaint.accept", on=D(2026, 5, 6), now=NOW)

    pause(case, officer, D(2026, 5, 11), reason="green_channel")
    dispute = start_clock(case, "jurisdiction.settle", on=D(2026, 5, 12), now=NOW)
    for clock in (mediate, accept, dispute):
        assert ends(clock) == (UNKNOWN_END, UNKNOWN_END, D(2026, 5, 11), None)

    resume_clocks(case, ended_on=D(2026, 5, 18), actor=officer, now=NOW)
    assert ends(accept)[1] == D(2026, 5, 21)  # due on the 14th; five of its days, the 11th to the 15th, were left out
    assert ends(mediate)[1] == D(2026, 7, 14)  # five working days after the 7th
    assert ends(dispute)[1] == D(2026, 5, 26)  # seven working days from the 18th on


@pytest.mark.parametrize(("reason", "day"), [("green_channel", 2), ("testing", 1)])
def test_the_day_on_which_a_platform_gives_back_counts_for_nobody(case, officer, reason, day):
    """Of other pauses the first day that counts is today at the latest."""
    start_clock(case, "complaint.mediate", on=D(2026, 5, 8), now=NOW)
    pause(case, officer, D(2026, 6, 29), reason=reason)

    with pytest.raises(DomainError, match="lies in the future"):
        resume_clocks(case, ended_on=D(2026, 7, day + 1), actor=officer, now=NOW)
    assert resume_clocks(case, ended_on=D(2026, 7, day), actor=officer, now=NOW).ended_on == D(2026, 7, day)


def test_a_term_that_starts_while_its_time_is_left_out_stands_still(report, officer):
    verify = start_clock(report, "report.verify", on=D(2026, 5, 6), now=NOW)
    pause(report, officer, D(2026, 5, 11), reason="appraisal")
    lead = start_clock(report, "lead.verify", on=D(2026, 5, 13), now=NOW)
    assert ends(lead) == (UNKNOWN_END, UNKNOWN_END, D(2026, 5, 11), None)

    resume_clocks(report, ended_on=D(2026, 5, 18), actor=officer, now=NOW)
    assert ends(lead)[1] == D(2026, 6, 5)  # 15 working days from the 18th on
    assert ends(verify)[1] == D(2026, 6, 2)


def test_a_paused_term_that_stops_has_its_due_date_and_ends_its_pause_there(report, officer):
    verify = start_clock(report, "report.verify", on=D(2026, 5, 6), now=NOW)
    pause(report, officer, D(2026, 5, 11))
    stop_clocks(report, "report.verify", on=D(2026, 5, 18), actor=officer, now=NOW)

    assert ends(verify) == (D(2026, 6, 2), D(2026, 6, 2), None, D(2026, 5, 18))
    assert moves(report) == [("pause", D(2026, 5, 26), None), ("resume", None, D(2026, 6, 2))]
    # the end of the pause itself moves it no more
    resume_clocks(report, ended_on=D(2026, 5, 25), actor=officer, now=NOW)
    assert ends(verify)[1] == D(2026, 6, 2)


def test_a_pause_may_start_on_the_last_day_and_not_after_it(report, officer, refused):
    verify = start_clock(report, "report.verify", on=D(2026, 5, 6), now=NOW)
    refused(
        "The term ended on 2026-05-26, before the pause would start.", pause, report, officer, D(2026, 5, 27)
    )
    pause(report, officer, D(2026, 5, 26))
    assert ends(verify)[2] == D(2026, 5, 26)
    resume_clocks(report, ended_on=D(2026, 5, 29), actor=officer, now=NOW)
    assert ends(verify)[1] == D(2026, 5, 29)


def test_a_pause_revives_no_term_that_is_over(report, officer):
    verify = start_clock(report, "report.verify", on=D(2026, 5, 6), now=NOW)
    start_clock(report, "lead.verify", on=D(2026, 6, 1), now=NOW)
    pause(report, officer, D(2026, 6, 2))
    assert ends(verify) == (D(2026, 5, 26), D(2026, 5, 26), None, None)
    change_regime(report, regime="order2", reason="依旧规定处理", actor=UserFactory(superuser=True), now=NOW)
    assert ends(verify) == (D(2026, 5, 26), D(2026, 5, 26), None, None)
    resume_clocks(report, ended_on=D(2026, 6, 9), actor=officer, now=NOW)
    assert ends(verify)[1] == D(2026, 5, 26)


def test_what_cannot_be_paused(case, officer, refused):
    refused("No running term of this case leaves out such a time.", pause, case, officer, D(2026, 5, 20))
    start_clock(case, "complaint.mediate", on=D(2026, 5, 8), now=NOW)
    refused(
        "2026-05-05 lies before the receipt of the case on 2026-05-06.", pause, case, officer, D(2026, 5, 5)
    )
    refused("2026-07-02 lies in the future.", pause, case, officer, D(2026, 7, 2))
    refused("holiday is no reason to pause a term.", pause, case, officer, D(2026, 5, 20), reason="holiday")
    refused(
        "Name the document that orders the pause.",
        pause_clocks, case, reason="testing", started_on=D(2026, 5, 20), document=" ", actor=officer, now=NOW,
    )  # fmt: skip
    refused("The case is not paused.", resume_clocks, case, ended_on=D(2026, 5, 20), actor=officer, now=NOW)
    pause(case, officer, D(2026, 5, 20))
    refused("The case is paused already. End that pause first.", pause, case, officer, D(2026, 5, 21))
    refused(
        "The pause started on 2026-05-20 and cannot end before, on 2026-05-19.",
        resume_clocks, case, ended_on=D(2026, 5, 19), actor=officer, now=NOW,
    )  # fmt: skip
    refused(
        "2026-07-02 lies in the future.", resume_clocks, case, ended_on=D(2026, 7, 2), actor=officer, now=NOW
    )


# extensions

IN_TIME = local(2026, 5, 26, 23)  # the last day of a verification from 6 May


def ask(case, actor, code="report.verify", now=IN_TIME):
    return ask_extension(case, code, reason="案情复杂需要外调", actor=actor, now=now)


def decide(extension, actor, granted=True, now=IN_TIME):
    return decide_extension(extension, granted=granted, reason="同意延长核查", actor=actor, now=now)


@pytest.mark.parametrize(
    ("code", "due"), [("report.verify", D(2026, 6, 16)), ("lead.verify", D(2026, 6, 16))]
)
def test_an_approved_extension_runs_from_the_same_start(report, officer, chief, code, due):
    clock = start_clock(report, code, on=D(2026, 5, 6), now=NOW)
    extension = decide(ask(report, officer, code), chief)

    assert (extension.granted, extension.decided_by, extension.decision) == (True, chief, "同意延长核查")
    clock.refresh_from_db()
    assert (clock.rule.code, clock.started_on, clock.due_on) == (f"{code}_extended", D(2026, 5, 6), due)
    assert moves(report) == [("extension", D(2026, 5, 26), due)]
    change = report.clock_changes.get()
    assert (change.rule, change.actor, change.at, change.note) == (clock.rule, chief, IN_TIME, "同意延长核查")
    assert stop_clocks(report, code, on=D(2026, 6, 1), now=NOW) == [clock]


def test_a_refused_extension_leaves_the_term(report, officer, chief):
    clock = start_clock(report, "report.verify", on=D(2026, 5, 6), now=NOW)
    extension = decide(ask(report, officer), chief, granted=False)
    assert (extension.granted, extension.decision) == (False, "同意延长核查")
    assert ends(clock)[1] == D(2026, 5, 26)
    assert moves(report) == []
    assert ask(report, officer).pk != extension.pk  # and may be asked for again


def test_an_extension_keeps_the_pauses(report, officer, chief):
    clock = start_clock(report, "report.verify", on=D(2026, 5, 6), now=NOW)
    pause(report, officer, D(2026, 5, 11))
    decide(ask(report, officer), chief)
    assert ends(clock)[2] == D(2026, 5, 11)
    resume_clocks(report, ended_on=D(2026, 5, 18), actor=officer, now=NOW)
    clock.refresh_from_db()
    assert (clock.rule.code, clock.due_on) == ("report.verify_extended", D(2026, 6, 24))


def test_what_cannot_be_extended(case, report, officer, chief, refused):
    late = local(2026, 5, 27, 0)
    refused("The rules allow no extension of this term.", ask, case, officer, "complaint.mediate")
    refused("The term is not running.", ask, report, officer)
    start_clock(report, "report.verify", on=D(2026, 5, 6), now=NOW)
    refused("The term ended on 2026-05-26; it can be extended no longer.", ask, report, officer, now=late)
    refused(
        "Give the reason (at least 5 characters).",
        ask_extension, report, "report.verify", reason=" 忙  ", actor=officer, now=IN_TIME,
    )  # fmt: skip
    extension = ask(report, officer)
    refused("The extension has been asked for and is not decided yet.", ask, report, chief)
    refused(
        "Give the reason (at least 5 characters).",
        decide_extension, extension, granted=False, reason="不同意", actor=chief, now=IN_TIME,
    )  # fmt: skip
    refused("The term ended on 2026-05-26; it can be extended no longer.", decide, extension, chief, now=late)
    decide(extension, chief)
    refused("The extension has been decided already.", decide, extension, chief)
    refused(
        "The term “Verification of a report, extended with approval” has been extended once already.",
        ask,
        report,
        officer,
    )


def test_two_people_decide(report, officer, chief, refused):
    start_clock(report, "report.verify", on=D(2026, 5, 6), now=NOW)
    own = ask(report, chief)
    refused("Whoever asks for an extension cannot decide on it. Ask a colleague.", decide, own, chief)
    before = stored()
    with pytest.raises(PermissionDenied):
        decide(own, officer)
    assert stored() == before


# anew, and under other rules


def test_a_term_starts_anew_from_new_facts(report, officer, chief):
    clock = start_clock(report, "report.verify", on=D(2026, 5, 6), now=NOW)
    decide(ask(report, officer), chief)
    stop_clocks(report, "report.verify", on=D(2026, 6, 1), now=NOW)

    assert (
        restart_clock(report, "report.verify", on=D(2026, 6, 8), note="又有新的事实", actor=officer, now=NOW)
        == clock
    )
    clock.refresh_from_db()
    assert (clock.rule.code, clock.started_on, clock.stopped_on) == ("report.verify", D(2026, 6, 8), None)
    assert clock.due_on == D(2026, 6, 30)
    assert moves(report)[-1] == ("restart", D(2026, 6, 16), D(2026, 6, 30))
    assert report.clock_changes.last().note == "又有新的事实"


def test_a_stopped_term_that_starts_again_starts_anew(case, officer):
    told = start_clock(case, "complaint.notify_end", on=D(2026, 6, 1), side="respondent", now=NOW)
    stop_clocks(case, "complaint.notify_end", side="respondent", on=D(2026, 6, 2), now=NOW)
    again = start_clock(
        case, "complaint.notify_end", on=D(2026, 6, 8), side="respondent", actor=officer, now=NOW
    )
    assert again == told
    assert ends(told) == (D(2026, 6, 17), D(2026, 6, 17), None, None)
    assert moves(case) == [("restart", D(2026, 6, 10), D(2026, 6, 17))]
    assert case.clock_changes.get().actor == officer


def test_a_term_that_never_ran_is_started(case, refused):
    assert restart_clock(case, "complaint.accept", on=D(2026, 5, 6), actor=None, now=NOW).due_on == D(
        2026, 5, 14
    )
    refused(
        "2026-07-02 lies in the future.",
        restart_clock,
        case,
        "complaint.accept",
        on=D(2026, 7, 2),
        actor=None,
        now=NOW,
    )


def test_other_rules_take_the_running_terms_along(case, chief):
    accept = start_clock(case, "complaint.accept", on=D(2026, 5, 6), now=NOW)
    stop_clocks(case, "complaint.accept", on=D(2026, 5, 8), now=NOW)
    mediate = start_clock(case, "complaint.mediate", on=D(2026, 5, 8), now=NOW)

    assert change_regime(case, regime="order20", reason="依旧办法受理", actor=chief, now=NOW) == [mediate]
    case.refresh_from_db()
    assert case.regime == "order20"
    assert ends(mediate)[1] == D(2026, 7, 10)
    assert mediate.rule.regime == "order20"
    assert Clock.objects.get(pk=accept.pk).rule.regime == "order121"  # judged as it was
    assert moves(case) == [("regime", D(2026, 7, 7), D(2026, 7, 10))]
    assert case.clock_changes.get().note == "依旧办法受理"


def test_rules_without_a_version_leave_a_term_as_it_is(case, chief):
    mediate = start_clock(case, "complaint.mediate", on=D(2026, 5, 8), now=NOW)
    change_regime(case, regime="order62", reason="试用旧办法", actor=chief, now=NOW)
    assert change_regime(case, regime="zhejiang2017", reason="由消保委处理", actor=chief, now=NOW) == []
    mediate.refresh_from_db()
    assert mediate.rule.regime == "order62"


def test_rules_that_leave_nothing_out_let_a_paused_term_run_on(case, officer, chief):
    mediate = start_clock(case, "complaint.mediate", on=D(2026, 5, 8), now=NOW)
    pause(case, officer, D(2026, 5, 20))
    change_regime(case, regime="order62", reason="试用旧办法", actor=chief, now=NOW)
    assert ends(mediate) == (D(2026, 7, 7), D(2026, 7, 7), None, None)
    change_regime(case, regime="order121", reason="改回新办法", actor=chief, now=NOW)
    assert ends(mediate) == (UNKNOWN_END, UNKNOWN_END, D(2026, 5, 20), None)


def test_what_rules_cannot_apply(case, officer, chief, refused):
    start_clock(case, "complaint.mediate", on=D(2026, 5, 8), now=NOW)
    change = {"call": change_regime, "case": case, "now": NOW}
    refused("Give the reason (at least 5 characters).", regime="order20", reason="", actor=chief, **change)
    known = ", ".join(sorted(set(ClockRule.objects.values_list("regime", flat=True))))
    refused(
        f"No clock rule belongs to order99. There are: {known}.",
        regime="order99", reason="依旧办法受理", actor=chief, **change,
    )  # fmt: skip
    refused(
        "These rules apply to the case already.",
        regime="order121",
        reason="依旧办法受理",
        actor=chief,
        **change,
    )
    before = stored()
    with pytest.raises(PermissionDenied):
        change_regime(case, regime="order20", reason="依旧办法受理", actor=officer, now=NOW)
    assert stored() == before
    case.refresh_from_db()
    assert case.regime == "order121"
