import datetime as dt
from decimal import Decimal

import pytest
from django.core.management import CommandError
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from cases.domain import recount
from cases.importers import engine
from cases.models import (
    Case,
    CaseEvent,
    Clock,
    ClockChange,
    ClockPause,
    ImportFile,
    ImportReject,
    ImportRun,
    ImportWarning,
)
from mediation.domain import act_on_referral, lapse_referrals, recount_terms
from mediation.models import PlatformReferral, ReferralEvent
from tests.cases.files import row, write, write_sheet
from tests.factories import (
    AgencyFactory,
    CaseFactory,
    CaseReferenceFactory,
    ClockFactory,
    PlatformFactory,
    ReferralFactory,
    UserFactory,
)
from tests.factories.cases import local
from tests.importing import called, counts, write_lines

pytestmark = pytest.mark.django_db
HEADER = ("登记编号", "平台名称", "转办时间", "答复时间", "办结时间", "办理结果", "和解内容", "答复内容", "退回原因")
MODELS = (PlatformReferral, ReferralEvent, Case, CaseEvent, ClockPause, Clock)


@pytest.fixture
def district(db):
    return AgencyFactory(parent=AgencyFactory())


@pytest.fixture
def case(district):
    return CaseFactory(handling=district, closed=True, received_at=local(2020, 5, 6), external_number="3301")


@pytest.fixture
def platform(db):
    return PlatformFactory(name="青团商城", aliases=["青团"], green_to=dt.date(2026, 1, 1))


@pytest.fixture
def line(case, platform):
    return {
        "登记编号": "3301", "平台名称": "青团", "转办时间": "2020-05-07 10:00", "答复时间": "2020-05-09 11:30",
        "办结时间": "2020-05-12 16:00", "办理结果": "已和解", "和解内容": "退款 300 元", "答复内容": "已联系消费者",
    }  # fmt: skip


@pytest.fixture
def waiting(district, platform):
    """The row of a complaint, not decided on yet, that a platform has had since yesterday."""
    platform.green_to = None
    platform.save()
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    CaseFactory(handling=district, received_at=timezone.now() - dt.timedelta(days=3), external_number="OPEN")
    return {"登记编号": "OPEN", "平台名称": "青团", "转办时间": f"{yesterday} 09:00"}


def again(line, **changes) -> dict:
    """The row of a further referral, after it had come back."""
    later = {"转办时间": "2020-05-12 17:00", "答复时间": "", "答复内容": "", "办结时间": "2020-05-14 10:00"}
    return line | later | changes


@pytest.fixture
def run(capsys, tmp_path):
    """Import rows as a file; the JSON object that the command prints."""

    def call(*lines, **options):
        return called(capsys, "import_referrals", write_lines(tmp_path / "referrals.csv", HEADER, lines), **options)

    return call


def stored() -> list:
    return [list(model.objects.order_by("pk").values()) for model in MODELS]


def reject() -> tuple:
    return ImportReject.objects.values_list("line", "column", "value", "rule").get()


class TestRows:
    def test_a_settled_referral(self, run, line, case, platform):
        models = (ReferralEvent, Case, CaseEvent)
        before = [list(model.objects.values()) for model in models]

        assert counts(run(line)) == {"rows": 1, "created": 1}

        referral = PlatformReferral.objects.get()
        assert (referral.case, referral.platform, referral.state) == (case, platform, "settled")
        assert (referral.referred_at, referral.replied_at) == (local(2020, 5, 7, 10), local(2020, 5, 9, 11, 30))
        assert (referral.ended_at, referral.returned_because) == (local(2020, 5, 12, 16), "")
        assert (referral.settlement, referral.reply, referral.reason) == ("退款 300 元", "已联系消费者", "")
        # ten working days from Thursday 7 May; the Saturday of the ninth was worked for the holidays
        assert (referral.safe_on, referral.due_on, referral.provisional) == (*[dt.date(2020, 5, 20)] * 2, False)
        assert (referral.created_by, referral.recovery, referral.import_line) == (None, None, 2)
        assert referral.import_file == ImportFile.objects.get()
        assert [list(model.objects.values()) for model in models] == before  # the case follows its own source
        total = {"rows": 1, "amounts": {}, "by_kind": {"settled": 1}, "by_region": {"": 1}}
        stored_run = ImportRun.objects.get()
        assert (stored_run.target, stored_run.control) == ("referrals", {"file": total, "database": total})

    def test_again_it_is_unchanged(self, run, line):
        run(line)
        before = stored()

        assert counts(run(line)) == {"rows": 1, "unchanged": 1}
        assert stored() == before

    @pytest.mark.parametrize(
        ("changes", "because", "ended_at"),
        [
            ({"办理结果": "平台退回", "退回原因": "非本平台订单"}, "declined", local(2020, 5, 12, 16)),
            ({"办理结果": "recalled"}, "recalled", local(2020, 5, 12, 16)),
            ({"办理结果": "逾期未答复"}, "silence", local(2020, 5, 12, 16)),
            ({"办理结果": "逾期未和解"}, "silence", local(2020, 5, 12, 16)),
            ({"办理结果": "逾期未答复", "办结时间": ""}, "silence", local(2020, 5, 21, 0)),
        ],
    )
    def test_one_that_came_back(self, run, line, changes, because, ended_at):
        assert counts(run(line | {"和解内容": ""} | changes)) == {"rows": 1, "created": 1}

        referral = PlatformReferral.objects.get()
        assert (referral.state, referral.returned_because, referral.ended_at) == ("returned", because, ended_at)
        assert referral.reason == changes.get("退回原因", "")

    def test_a_day_without_a_time_is_any_time_of_that_day(self, run, line):
        assert counts(run(line | {"答复时间": "2020-05-07", "办结时间": "2020-05-07"})) == {"rows": 1, "created": 1}

        assert PlatformReferral.objects.values_list("replied_at", "ended_at").get() == (local(2020, 5, 7, 10),) * 2

    def test_a_case_goes_a_second_time_once_it_has_come_back(self, run, line):
        back = line | {"办理结果": "平台退回", "和解内容": ""}
        again = line | {"转办时间": "2020-05-13", "答复时间": "", "答复内容": "", "办结时间": "2020-05-14"}

        assert counts(run(back, again)) == {"rows": 2, "created": 2}

    def test_the_portals_own_number_and_a_further_one_name_the_case(self, run, line, case):
        CaseReferenceFactory(case=case, source="national12315", number="ANDERE")
        second = again(line, 登记编号="ANDERE")

        assert counts(run(line | {"登记编号": case.number}, second)) == {"rows": 2, "created": 2}

    def test_a_workbook(self, capsys, tmp_path, line):
        header = [name for name in HEADER if name in line]
        path = write_sheet(tmp_path / "a.xlsx", [line | {"登记编号": 3301, "转办时间": 43958.5}], header=header)

        assert counts(called(capsys, "import_referrals", path)) == {"rows": 1, "created": 1}
        assert PlatformReferral.objects.get().referred_at == local(2020, 5, 7, 12)


class TestWaiting:
    def test_the_terms_of_its_case_stand_still(self, run, waiting):
        assert counts(run(waiting)) == {"rows": 1, "created": 1}

        referral = PlatformReferral.objects.get()
        pause = ClockPause.objects.get()
        assert (referral.state, referral.ended_at) == ("waiting", None)
        assert (pause.case, pause.reason, pause.ended_on) == (referral.case, "green_channel", None)
        assert pause.started_on == timezone.localdate(referral.referred_at)
        assert counts(run(waiting)) == {"rows": 1, "unchanged": 1}
        assert ClockPause.objects.count() == 1

    def test_the_platform_can_settle_it_here(self, run, waiting, platform):
        run(waiting)
        referral, person = PlatformReferral.objects.get(), UserFactory(agency=platform.agency, roles=["platform_partner"])

        act_on_referral(referral, "settle", actor=person, settlement="退款")

        referral.refresh_from_db()
        assert (referral.state, referral.case.state) == ("settled", "ended")

    def test_a_later_file_that_says_how_it_ended_lets_the_terms_run_on(self, run, waiting):
        run(waiting)
        today = timezone.localdate()
        ended = waiting | {"办结时间": f"{today} 00:00:01", "办理结果": "平台退回", "退回原因": "非本平台订单"}

        assert counts(run(ended)) == {"rows": 1, "updated": 1}

        referral = PlatformReferral.objects.get()
        assert (referral.state, referral.returned_because, referral.reason) == ("returned", "declined", "非本平台订单")
        assert ClockPause.objects.get().ended_on == today + dt.timedelta(days=1)
        assert referral.case.state == "registered"
        assert counts(run(ended)) == {"rows": 1, "unchanged": 1}
        # an older file, in which it still waited, states nothing of its end
        assert counts(run(waiting)) == {"rows": 1, "unchanged": 1}

    @pytest.mark.parametrize("chunk_rows", [1, 10])
    def test_a_case_is_with_one_platform_at_a_time(self, run, waiting, chunk_rows):
        other = PlatformFactory()

        summary = run(waiting, waiting | {"平台名称": other.code}, chunk_rows=chunk_rows)
        assert counts(summary) == {"rows": 2, "created": 1, "rejected": 1}
        assert reject() == (3, "登记编号", "OPEN", "waiting")

    def test_it_goes_to_another_once_the_first_has_given_it_back(self, run, waiting):
        run(waiting)
        now = f"{timezone.localdate()} 00:00:01"
        lines = [waiting | {"平台名称": PlatformFactory().code, "转办时间": now},
                 waiting | {"办结时间": now, "办理结果": "平台退回"}]  # fmt: skip

        assert counts(run(*lines)) == {"rows": 2, "created": 1, "updated": 1}
        assert set(PlatformReferral.objects.values_list("state", flat=True)) == {"waiting", "returned"}

    def test_what_is_told_of_an_earlier_one_frees_no_place_with_another(self, run, waiting):
        now = f"{timezone.localdate()} 00:00:01"
        first, other = waiting | {"办结时间": now, "办理结果": "平台退回"}, waiting | {"转办时间": now}
        run(first, other | {"平台名称": PlatformFactory().code})

        summary = run(first | {"退回原因": "商家不在平台经营"}, other | {"平台名称": PlatformFactory().code})
        assert counts(summary) == {"rows": 2, "updated": 1, "rejected": 1}
        assert reject() == (3, "登记编号", "OPEN", "waiting")

    def test_a_case_that_is_paused_already_keeps_that_pause(self, run, waiting):
        case = Case.objects.get(external_number="OPEN")
        case.pauses.create(
            reason="recusal", started_on=timezone.localdate(), document="申请", actor=UserFactory(),
            created_at=timezone.now(),
        )  # fmt: skip

        assert counts(run(waiting)) == {"rows": 1, "created": 1, "warnings": 1}
        assert ImportWarning.objects.values_list("rule", "column", "value").get() == ("paused", "登记编号", "OPEN")
        assert ClockPause.objects.get().reason == "recusal"


class TestDecidedByItsSource:
    """The source of the case closes or refuses it while, as the file of referrals has it, a platform still has it."""

    RECEIVED = timezone.localdate() - dt.timedelta(days=3)
    LATER = timezone.now() + dt.timedelta(days=40)  # the term of the platform is over
    OPEN = {"初查时间": "", "受理时间": "", "办结时间": "", "调解结果": "", "挽回经济损失": "", "办理情况状态": ""}

    @pytest.fixture
    def imported(self, run, capsys, tmp_path, platform):
        """`imported(**changes)`: the referral of an imported case whose row then says these things."""
        platform.green_to = None
        platform.save()

        def bring(**changes):
            line = row(登记编号="OPEN", 登记时间=f"{self.RECEIVED} 09:00:00", **changes)
            called(capsys, "import_cases", write(tmp_path / "cases.csv", [line]), profile="national12315")

        def make(**changes):
            bring(初查受理状态="待初查", **self.OPEN)
            run({"登记编号": "OPEN", "平台名称": "青团", "转办时间": f"{self.RECEIVED} 10:00"})
            bring(**changes)
            referral = PlatformReferral.objects.get(case__external_number="OPEN")
            assert referral.case.pauses.get().ended_on is None
            return referral

        return make

    @pytest.fixture
    def closed(self, imported):
        day = f"{self.RECEIVED} 09:00:00"
        return imported(
            初查时间=day, 受理时间=day, 办结时间=f"{self.RECEIVED + dt.timedelta(days=1)} 09:00:00"
        )

    def test_it_comes_back_when_the_term_is_over(self, closed):
        assert lapse_referrals(50, now=self.LATER) == 1

        closed.refresh_from_db()
        assert (closed.state, closed.returned_because, closed.case.state) == ("returned", "silence", "closed")
        assert [event.verb for event in closed.events.all()] == ["lapse"]
        assert not closed.case.events.exists()
        assert closed.case.pauses.get().ended_on == closed.due_on + dt.timedelta(days=1)

    def test_one_that_was_refused_comes_back_too(self, imported):
        day = f"{self.RECEIVED} 09:00:00"
        refused = self.OPEN | {"初查时间": day}
        referral = imported(初查受理状态="不予受理", **refused)

        assert lapse_referrals(50, now=self.LATER) == 1

        referral.refresh_from_db()
        assert (referral.state, referral.case.state) == ("returned", "refused")
        assert not referral.case.pauses.filter(ended_on=None).exists()

    @pytest.mark.parametrize(
        ("verb", "given", "end"),
        [
            ("settle", {"settlement": "退款"}, ("settled", "")),
            ("decline", {"note": "该订单不属于本平台"}, ("returned", "declined")),
            ("recall", {"note": "消费者要求调解"}, ("returned", "recalled")),
        ],
    )
    def test_platform_and_regulator_can_still_end_it(self, closed, platform, verb, given, end):
        partner = UserFactory(agency=platform.agency, roles=["platform_partner"])
        officer = UserFactory(agency=closed.case.handling, roles=["officer"])

        act_on_referral(closed, verb, actor=officer if verb == "recall" else partner, **given)

        closed.refresh_from_db()
        assert (closed.state, closed.returned_because, closed.case.state) == (*end, "closed")
        assert not closed.case.events.exists()
        assert closed.case.pauses.get().ended_on == timezone.localdate() + dt.timedelta(days=1)

    def test_what_the_platform_paid_is_posted(self, closed, platform):
        partner = UserFactory(agency=platform.agency, roles=["platform_partner"])
        money = {"amount": Decimal("30"), "kind": "refund", "status": "paid", "evidence": "退款凭证"}

        act_on_referral(closed, "settle", actor=partner, settlement="退款", **money)

        assert (closed.recovery.amount, closed.recovery.means) == (Decimal("30"), "platform")

    def test_terms_that_still_run_stand_still_no_longer(self, imported):
        """Ended here, where the file of referrals comes afterwards: the notices to both sides are still owed."""
        day = f"{self.RECEIVED} 09:00:00"
        referral = imported(**self.OPEN | {"初查时间": day, "受理时间": day, "办理情况状态": "办理中"})
        case = referral.case
        Case.objects.filter(pk=case.pk).update(state="ended", ended_at=timezone.now(), outcome="settled")
        assert case.clocks.filter(paused_on=None, stopped_on=None).count() == 0

        assert lapse_referrals(50, now=self.LATER) == 1

        clock = case.clocks.get(stopped_on=None)
        assert (clock.paused_on, clock.due_on < dt.date.max) == (None, True)

    def test_a_case_in_mediation_comes_back_by_an_act_of_its_own(self, run, waiting):
        Case.objects.update(state="mediating", decided_at=timezone.now(), accepted_at=timezone.now())
        run(waiting)

        assert lapse_referrals(50, now=self.LATER) == 1

        case = Case.objects.get()
        assert [event.verb for event in case.events.all()] == ["lapse_channel"]
        assert not case.pauses.filter(ended_on=None).exists()


class TestOver:
    def test_the_time_with_the_platform_is_left_out_of_the_terms_that_it_meets(self, run, line, case, district):
        """Seven working days from 6 May, of which the ninth was one, end on the 14th; without those from the 7th to the
        12th, on the 21st; of what was decided on the 11th, those after that matter no more."""
        start, due = dt.date(2020, 5, 6), dt.date(2020, 5, 14)
        decided = CaseFactory(handling=district, received_at=case.received_at, external_number="3302")
        term = {"started_on": start, "due_on": due}
        running = ClockFactory(case=case, **term)
        stopped = ClockFactory(case=decided, stopped_on=dt.date(2020, 5, 11), **term)
        before = ClockFactory(case=decided, code="complaint.mediate", stopped_on=dt.date(2020, 5, 7), **term)
        later = ClockFactory(case=decided, code="complaint.notify_end", started_on=dt.date(2020, 5, 13), due_on=due)
        lines = [line, line | {"登记编号": "3302", "办理结果": "平台退回", "和解内容": ""}]

        def ends() -> list[dt.date]:
            return [Clock.objects.get(pk=clock.pk).due_on for clock in (running, stopped, before, later)]

        run(*lines)
        assert ends() == [dt.date(2020, 5, 21), dt.date(2020, 5, 19), due, due]
        for pause in ClockPause.objects.all():
            assert (pause.reason, pause.started_on, pause.ended_on) == (
                "green_channel", dt.date(2020, 5, 7), dt.date(2020, 5, 13),
            )  # fmt: skip
        change = ClockChange.objects.get()
        assert (change.case, change.why, change.before_on, change.after_on) == (
            case, "resume", due, dt.date(2020, 5, 21),
        )  # fmt: skip

        run(line | {"办结时间": "2020-05-13 09:00"})  # as the source corrects it

        assert ends() == [dt.date(2020, 5, 22), dt.date(2020, 5, 19), due, due]
        assert ClockPause.objects.get(case=case).ended_on == dt.date(2020, 5, 14)

        # in silence until its last day, the 20th, whenever that is written down
        run(line | {"办结时间": "", "办理结果": "逾期未答复", "和解内容": ""})

        assert ends()[0] == dt.date(2020, 5, 29)
        assert ClockPause.objects.get(case=case).ended_on == dt.date(2020, 5, 21)

    def test_what_was_over_before_is_no_longer_overdue_for_it(self, run, line, case):
        """A term that had run out before the referral stays as it was, and a recount finds the others as they are."""
        early = ClockFactory(case=case, started_on=dt.date(2020, 4, 20), due_on=dt.date(2020, 4, 28))
        ClockFactory(case=case, code="lead.verify", started_on=dt.date(2020, 5, 6), due_on=dt.date(2020, 5, 26))
        early.refresh_from_db()

        run(line)

        assert Clock.objects.get(pk=early.pk).due_on == early.due_on
        assert Clock.objects.get(rule__code="lead.verify").due_on == dt.date(2020, 6, 2)
        with transaction.atomic():
            assert recount().moved == 0


class TestAtATime:
    def test_a_case_is_with_one_platform_on_a_day(self, run, line):
        other = PlatformFactory(green_to=dt.date(2026, 1, 1))
        assert counts(run(line)) == {"rows": 1, "created": 1}
        before = stored()
        corrected = line | {"转办时间": "2020-05-07 10:30"}
        within = again(line, 平台名称=other.code, 转办时间="2020-05-08 09:00", 办结时间="2020-05-08 10:00")
        across = again(line, 平台名称=other.code, 转办时间="2020-05-11 09:00")

        assert counts(run(corrected, within, across)) == {"rows": 3, "rejected": 3}
        assert set(ImportReject.objects.values_list("column", "rule")) == {("转办时间", "overlap")}
        assert stored() == before
        # back and away again on one day, of which a source may know no more
        assert counts(run(across | {"转办时间": "2020-05-12"})) == {"rows": 1, "created": 1}
        # an end that is corrected must not reach into the next one either
        assert counts(run(line | {"办结时间": "2020-05-13 09:00"})) == {"rows": 1, "rejected": 1}
        assert PlatformReferral.objects.get(platform__name="青团商城").ended_at == local(2020, 5, 12, 16)

    @pytest.mark.parametrize("chunk_rows", [1, 10])
    def test_where_the_first_row_of_a_referral_cannot_stand_the_next_one_is_taken(self, run, line, chunk_rows):
        after = again(line, 平台名称=PlatformFactory(green_to=dt.date(2026, 1, 1)).code)
        reaches = line | {"办结时间": "2020-05-13 09:00"}

        assert counts(run(after, reaches, line, line, chunk_rows=chunk_rows)) == {
            "rows": 4, "created": 2, "duplicates": 1, "rejected": 1,
        }  # fmt: skip
        assert set(ImportReject.objects.values_list("line", "rule")) == {(3, "overlap"), (5, "duplicate")}

    def test_one_that_waits_takes_all_days_to_come(self, run, waiting):
        run(waiting)
        now = f"{timezone.localdate()} 00:00:01"

        ended = {"平台名称": PlatformFactory().code, "转办时间": now, "办结时间": now, "办理结果": "平台退回"}
        assert counts(run(waiting | ended)) == {"rows": 1, "rejected": 1}
        assert reject()[3] == "overlap"


class TestFollowed:
    def test_what_the_file_adds_is_taken_and_an_empty_cell_takes_nothing_away(self, run, line):
        run(line | {"和解内容": "", "答复内容": ""})

        assert counts(run(line | {"答复时间": ""} | {"答复内容": ""})) == {"rows": 1, "updated": 1}
        referral = PlatformReferral.objects.get()
        assert (referral.settlement, referral.reply) == ("退款 300 元", "")
        assert referral.replied_at == local(2020, 5, 9, 11, 30)

    def test_a_corrected_result(self, run, line):
        run(line)

        assert counts(run(line | {"办理结果": "平台退回", "和解内容": ""})) == {"rows": 1, "updated": 1}
        referral = PlatformReferral.objects.get()
        assert (referral.state, referral.returned_because, referral.settlement) == ("returned", "declined", "")

    def test_one_that_was_worked_on_here_is_left_and_told(self, run, waiting, platform):
        run(waiting)
        person = UserFactory(agency=platform.agency, roles=["platform_partner"])
        act_on_referral(PlatformReferral.objects.get(), "decline", actor=person, note="非本平台订单，请联系商家")
        before = stored()

        ended = waiting | {"办结时间": f"{timezone.localdate()} 00:00:01", "办理结果": "已和解"}
        assert counts(run(ended)) == {"rows": 1, "unchanged": 1, "differing": 1, "warnings": 1}
        assert stored() == before
        assert ImportWarning.objects.values_list("rule", "column", "value").get() == ("referral", "登记编号", "OPEN")

    def test_what_time_and_the_calendar_did_is_nobodys_work(self, run, waiting):
        run(waiting)
        PlatformReferral.objects.update(due_on=F("due_on") + dt.timedelta(days=1))
        recount_terms({"calendar": {"2026"}}, write=True)
        lapse_referrals(10, now=timezone.now() + dt.timedelta(days=40))
        assert PlatformReferral.objects.get().returned_because == "silence"

        ended = waiting | {"办结时间": f"{timezone.localdate()} 00:00:01", "办理结果": "已和解"}
        assert counts(run(ended)) == {"rows": 1, "updated": 1}
        referral = PlatformReferral.objects.get()
        assert (referral.state, referral.returned_because) == ("settled", "")
        assert list(referral.events.values_list("verb", flat=True)) == ["recount", "lapse"]

    def test_a_referral_made_here_is_the_same_one(self, run, line, case, platform):
        ReferralFactory(case=case, platform=platform, referred_at=local(2020, 5, 7, 10))

        assert counts(run(line)) == {"rows": 1, "updated": 1}
        assert PlatformReferral.objects.count() == 1


class TestRefused:
    @pytest.mark.parametrize(
        ("changes", "column", "value", "rule"),
        [
            ({"登记编号": "-"}, "登记编号", "", "required"),
            ({"登记编号": "不知"}, "登记编号", "不知", "case"),
            ({"登记编号": "3.30106E+25"}, "登记编号", "3.30106E+25", "number.rounded"),
            ({"平台名称": ""}, "平台名称", "", "required"),
            ({"平台名称": "无名网"}, "平台名称", "无名网", "platform"),
            ({"转办时间": ""}, "转办时间", "", "required"),
            ({"转办时间": "2020-02-30"}, "转办时间", "2020-02-30", "date.impossible"),
            ({"转办时间": "2020-05-05 10:00"}, "转办时间", "2020-05-05 10:00", "date_order"),
            ({"转办时间": "2018-12-31 10:00"}, "平台名称", "青团", "member"),
            ({"转办时间": "2026-01-01 10:00", "答复时间": "", "答复内容": "", "办结时间": "2026-01-02"},
             "平台名称", "青团", "member"),
            ({"答复时间": "2020-05-07 09:59"}, "答复时间", "2020-05-07 09:59", "date_order"),
            ({"办结时间": "2020-05-06"}, "办结时间", "2020-05-06", "date_order"),
            ({"办结时间": ""}, "办结时间", "", "required"),
            ({"办理结果": ""}, "办理结果", "", "required"),
            ({"办理结果": "不了了之"}, "办理结果", "不了了之", "vocabulary"),
            ({"办理结果": "平台退回"}, "和解内容", "退款 300 元", "result"),
            ({"办理结果": "", "办结时间": "", "退回原因": "非本平台"}, "退回原因", "非本平台", "result"),
            ({"答复时间": ""}, "答复时间", "", "required"),
        ],
    )  # fmt: skip
    def test_a_row_that_cannot_be_taken_is_named_and_the_others_go_on(self, run, line, changes, column, value, rule):
        good = line | {"转办时间": "2020-05-07 09:00"}

        assert counts(run(good, line | changes)) == {"rows": 2, "created": 1, "rejected": 1}
        assert reject() == (3, column, value, rule)
        assert ImportReject.objects.get().message
        assert PlatformReferral.objects.get().referred_at == local(2020, 5, 7, 9)

    def test_a_platform_that_is_no_member(self, run, line):
        outside = PlatformFactory(outside=True)

        assert counts(run(line | {"平台名称": outside.name})) == {"rows": 1, "rejected": 1}
        assert ImportReject.objects.get().rule == "member"

    def test_a_term_that_is_not_over_has_not_ended_in_silence(self, run, waiting):
        assert counts(run(waiting | {"办理结果": "逾期未答复"})) == {"rows": 1, "rejected": 1}
        assert ImportReject.objects.get().rule == "date.future"

    def test_a_report_and_a_case_that_is_over(self, run, line, district):
        CaseFactory(handling=district, report=True, received_at=local(2020, 5, 6), external_number="R")
        still = {"办结时间": "", "办理结果": "办理中", "和解内容": ""}

        assert counts(run(line | {"登记编号": "R"}, line | still)) == {"rows": 2, "rejected": 2}
        assert set(ImportReject.objects.values_list("line", "rule")) == {(2, "case"), (3, "case")}

    @pytest.mark.parametrize("chunk_rows", [1, 10])
    def test_the_first_good_row_of_a_referral_is_taken(self, run, line, case, chunk_rows):
        bad, again = line | {"办理结果": "不了了之"}, line | {"和解内容": "换货"}

        assert counts(run(bad, line, again, chunk_rows=chunk_rows)) == {
            "rows": 3, "created": 1, "duplicates": 1, "rejected": 1,
        }  # fmt: skip
        assert PlatformReferral.objects.get().settlement == "退款 300 元"

    def test_a_referral_under_two_numbers_of_its_case_stands_twice(self, run, line, case):
        assert counts(run(line, line | {"登记编号": case.number})) == {"rows": 2, "created": 1, "duplicates": 1}


class TestScope:
    def test_an_agency_brings_the_referrals_of_its_own_cases(self, run, line, district):
        neighbour = AgencyFactory(parent=district.parent)

        assert counts(run(line, agency=neighbour.code)) == {"rows": 1, "rejected": 1}
        assert (ImportReject.objects.get().rule, PlatformReferral.objects.count()) == ("case", 0)
        assert counts(run(line, agency=district.code)) == {"rows": 1, "created": 1}


class TestModes:
    def test_a_dry_run_writes_nothing(self, run, line, waiting):
        before = stored()

        assert counts(run(line, waiting, dry_run=True)) == {"rows": 2, "created": 2}
        assert (stored(), ImportRun.objects.count()) == (before, 0)

    def test_an_atomic_import_with_a_reject_writes_nothing(self, run, line, waiting):
        before = stored()

        with pytest.raises(CommandError) as refused:
            run(line, waiting, line | {"登记编号": "不知"}, atomic=True)
        assert refused.value.returncode == 2
        assert (stored(), ImportRun.objects.count()) == (before, 0)

    def test_cut_off_it_goes_on_as_if_it_had_not_been(self, run, line, monkeypatch):
        commit = engine._commit
        lines = [line, again(line), line | {"和解内容": "换货"}]

        def cut_off(target, converted, options):
            if target.file.rows_done:
                raise KeyboardInterrupt
            commit(target, converted, options)

        with monkeypatch.context() as patch:
            patch.setattr(engine, "_commit", cut_off)
            with pytest.raises(KeyboardInterrupt):
                run(*lines, chunk_rows=1)
        assert PlatformReferral.objects.count() == 1

        assert counts(run(*lines, chunk_rows=1)) == {"rows": 3, "created": 2, "duplicates": 1}
        assert ImportRun.objects.count() == 1
