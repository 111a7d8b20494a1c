import datetime as dt

import pytest
from django.core.management import CommandError, call_command
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

from cases.importers import engine
from cases.importers.report import finding_words
from cases.models import Case, CaseEvent, ImportFile, ImportReject, ImportRun, ImportWarning
from mediation.domain import act_on
from mediation.models import Attendance, Session, SessionEvent
from registry.domain import load_calendar
from tests.cases.files import write_sheet
from tests.factories import (
    AgencyFactory,
    AgreementFactory,
    CaseFactory,
    CaseReferenceFactory,
    EntrustmentFactory,
    LeaveFactory,
    MediatorFactory,
    PartyFactory,
    RecusalFactory,
    RoomFactory,
    SessionFactory,
    UserFactory,
    WorkingHoursFactory,
)
from tests.factories.cases import local
from tests.importing import called, counts, write_lines

pytestmark = pytest.mark.django_db
HEADER = (
    "场次编号", "登记编号", "调解机构", "调解员", "调解员工号", "调解日期", "开始时间", "结束时间", "调解方式", "调解室",
    "调解地点", "会议号", "场次状态", "调解结果", "调解记录", "已通知当事人", "通知方式", "通知时间", "取消时间",
)  # fmt: skip
RECEIVED = local(2020, 5, 6)
MODELS = (Session, Attendance, SessionEvent, Case, CaseEvent)


@pytest.fixture
def district(db):
    return AgencyFactory(parent=AgencyFactory())


@pytest.fixture
def case(district):
    """A closed complaint, accepted on 2020-05-08 at nine."""
    case = CaseFactory(handling=district, closed=True, received_at=RECEIVED, external_number="33010600002020050600000001")
    PartyFactory(case=case)
    return case


@pytest.fixture
def mediator(district):
    return MediatorFactory(agency=district, name="赵调解")


@pytest.fixture
def room(district):
    return RoomFactory(agency=district, name="第一调解室")


@pytest.fixture
def line(case, mediator, room):
    return {
        "场次编号": "C1", "登记编号": case.external_number, "调解机构": mediator.agency.code, "调解员": "赵调解",
        "开始时间": "2020-05-20 09:00", "结束时间": "2020-05-20 10:30", "调解方式": "现场", "调解室": "第一调解室",
        "场次状态": "已召开", "调解结果": "达成调解协议",
    }  # fmt: skip


@pytest.fixture
def run(capsys, tmp_path):
    """Import rows as a file; the JSON object that the command prints."""

    def call(*lines, **options):
        return called(capsys, "import_sessions", write_lines(tmp_path / "sessions.csv", HEADER, lines), **options)

    return call


def stored() -> list:
    return [list(model.objects.order_by("pk").values()) for model in MODELS]


def ahead(line, days=30, **changes) -> dict:
    """The row of a session that is planned for the first working day after so many days."""
    day = load_calendar().add_working_days(timezone.localdate() + dt.timedelta(days=days), 1).due_on
    return line | {
        "开始时间": f"{day} 09:00", "结束时间": f"{day} 10:00", "场次状态": "待召开", "调解结果": "",
    } | changes  # fmt: skip


def remote(line, **changes) -> dict:
    return line | {"调解方式": "远程", "调解室": "", "会议号": "会议 123"} | changes


def reject() -> tuple:
    return ImportReject.objects.values_list("line", "column", "value", "rule").get()


class TestRows:
    def test_a_session_that_was_held(self, run, line, case, mediator, room, district):
        before = Case.objects.values().get()

        line |= {"调解记录": "双方同意退款。\n各自签字。", "通知方式": "电话", "通知时间": "2020-05-15 10:00"}
        assert counts(run(line)) == {"rows": 1, "created": 1}

        session = Session.objects.get()
        assert (session.case, session.agency, session.mediator, session.room) == (case, district, mediator, room)
        assert session.period == DateTimeTZRange(local(2020, 5, 20, 9), local(2020, 5, 20, 10, 30), "[)")
        assert (session.mode, session.place, session.link) == ("on_site", "", "")
        assert (session.state, session.outcome, session.minutes) == ("held", "agreement", "双方同意退款。\n各自签字。")
        assert (session.held_at, session.cancelled_at) == (local(2020, 5, 20, 10, 30), None)
        assert (session.source, session.external_number, session.import_line) == ("sessions", "C1", 2)
        assert session.import_file == ImportFile.objects.get()
        assert list(session.attendances.values_list("side", "party", "means", "called_at", "presence")) == [
            ("complainant", case.parties.get().pk, "phone", local(2020, 5, 15, 10), ""),
            ("respondent", None, "phone", local(2020, 5, 15, 10), ""),
        ]
        # the case follows its own source, and the run is the origin of the session
        assert Case.objects.values().get() == before
        assert (SessionEvent.objects.count(), CaseEvent.objects.count()) == (0, 0)
        total = {"rows": 1, "amounts": {}, "by_kind": {"held": 1}, "by_region": {"": 1}}
        stored_run = ImportRun.objects.get()
        assert (stored_run.target, stored_run.control) == ("sessions", {"file": total, "database": total})

    def test_again_it_is_unchanged(self, run, line):
        later = {"场次编号": "C2", "开始时间": "2020-05-21 09:00", "结束时间": "2020-05-21 10:00"}
        lines = [line | {"调解记录": "记录"}, remote(line, **later)]
        run(*lines)
        before = stored()

        assert counts(run(*lines)) == {"rows": 2, "unchanged": 2}
        assert stored() == before

    def test_a_planned_session_can_be_held_here(self, run, line, case, district):
        Case.objects.filter(pk=case.pk).update(state="accepted", outcome="", closed_at=None)

        assert counts(run(ahead(line))) == {"rows": 1, "created": 1}

        session = Session.objects.get()
        clerk = UserFactory(agency=district, roles=["mediator"])
        roll = {pk: "present" for pk in session.attendances.values_list("pk", flat=True)}
        act_on(
            session, "hold", actor=clerk, now=session.period.lower, outcome="adjourned", roll=roll, minutes="择日再调",
            both_consent=True,
        )  # fmt: skip
        session.refresh_from_db()
        assert (session.state, session.outcome) == ("held", "adjourned")

    @pytest.mark.parametrize(
        ("starts", "ends", "active_hours", "away", "words"),
        [
            ("06:00", "07:00", False, False, "This is outside the working hours of the mediator."),
            ("09:00", "10:00", True, False, "This is outside the working hours of the mediator."),
            ("09:00", "10:00", False, True, "赵调解 is on leave from {day} to {day}."),
        ],
    )
    def test_a_planned_session_outside_hours_or_leave_is_taken_and_named(
        self, in_english, run, line, case, mediator, starts, ends, active_hours, away, words
    ):  # fmt: skip
        Case.objects.filter(pk=case.pk).update(state="accepted", outcome="", closed_at=None)
        row = ahead(line)
        day = row["开始时间"].split()[0]
        row |= {"开始时间": f"{day} {starts}", "结束时间": f"{day} {ends}"}
        if active_hours:
            WorkingHoursFactory(mediator=mediator, weekday=dt.date.fromisoformat(day).weekday(), starts=dt.time(14),
                                ends=dt.time(16))
        if away:
            LeaveFactory(mediator=mediator, starts_on=day, ends_on=day)

        assert counts(run(row)) == {"rows": 1, "created": 1, "warnings": 1}

        assert Session.objects.get().mediator == mediator
        warning = ImportWarning.objects.get()
        assert (warning.rule, warning.column, warning.first_line) == ("hours", "开始时间", 2)
        assert warning.value == f"{day} {starts} {words.format(day=day)}"
        assert finding_words("hours") == "Outside the mediator's hours or leave, booked all the same"

    def test_what_was_held_outside_hours_is_no_warning(self, run, line, mediator):
        LeaveFactory(mediator=mediator, starts_on="2020-05-20", ends_on="2020-05-20")

        assert counts(run(line)) == {"rows": 1, "created": 1}

    def test_a_cancelled_session(self, run, line):
        line |= {"场次状态": "已取消", "调解结果": ""}
        assert counts(run(line, line | {"场次编号": "C2", "取消时间": "2020-05-19 16:00"})) == {"rows": 2, "created": 2}

        first, second = Session.objects.order_by("pk")
        assert (first.state, first.cancelled_at) == ("cancelled", local(2020, 5, 20, 9))
        assert (second.state, second.cancelled_at) == ("cancelled", local(2020, 5, 19, 16))

    def test_times_may_stand_beside_their_day(self, run, line):
        assert counts(run(line | {"调解日期": "2020年5月20日", "开始时间": "9:00", "结束时间": "10:30"}))["created"] == 1

        assert Session.objects.get().period.upper == local(2020, 5, 20, 10, 30)

    def test_a_workbook(self, capsys, tmp_path, line):
        header = [name for name in HEADER if name in line]
        path = write_sheet(tmp_path / "a.xlsx", [line | {"场次编号": 17, "开始时间": 43971.375}], header=header)

        assert counts(called(capsys, "import_sessions", path)) == {"rows": 1, "created": 1}
        session = Session.objects.get()
        assert (session.external_number, session.period.lower) == ("17", local(2020, 5, 20, 9))

    def test_an_unknown_room_is_a_place_as_written(self, run, line):
        assert counts(run(line | {"调解室": "贵宾室"})) == {"rows": 1, "created": 1, "warnings": 1}

        assert Session.objects.values_list("room", "place").get() == (None, "贵宾室")
        assert ImportWarning.objects.values_list("rule", "column", "value").get() == ("room", "调解室", "贵宾室")

    def test_a_room_that_is_no_longer_used_is_a_place_for_what_is_planned(self, run, line, case, room):
        room.closed = True
        room.save()
        Case.objects.update(state="accepted", outcome="", ended_at=None, closed_at=None)

        run(line, ahead(line, 场次编号="C2"))

        assert list(Session.objects.order_by("period").values_list("room", "place")) == [
            (room.pk, ""), (None, "第一调解室"),
        ]  # fmt: skip

    def test_the_portals_own_number_and_a_further_one_name_the_case(self, run, line, case):
        CaseReferenceFactory(case=case, source="national12315", number="ANDERE")
        later = {"开始时间": "2020-05-21 09:00", "结束时间": "2020-05-21 10:00"}

        summary = run(line | {"登记编号": case.number}, line | {"场次编号": "C2", "登记编号": "ANDERE"} | later)
        assert counts(summary) == {"rows": 2, "created": 2}
        assert set(Session.objects.values_list("case", flat=True)) == {case.pk}

    def test_one_called_side(self, run, line):
        run(line | {"已通知当事人": "经营者", "通知方式": "sms", "通知时间": "2020-05-15 10:00"})

        assert dict(Attendance.objects.values_list("side", "means")) == {"complainant": "", "respondent": "sms"}

    def test_a_mediator_of_the_body_to_which_the_case_is_entrusted(self, run, line, case):
        council = AgencyFactory(council=True)
        EntrustmentFactory(case=case, agency=council, entrusted_at=local(2020, 5, 10))
        MediatorFactory(agency=council, name="钱调解")

        assert counts(run(remote(line, 调解机构=council.code, 调解员="钱调解"))) == {"rows": 1, "created": 1}
        assert Session.objects.get().agency == council

    def test_a_mediator_of_an_agency_above(self, run, line, district):
        MediatorFactory(agency=district.parent, name="钱调解")

        assert counts(run(line | {"调解机构": district.parent.code, "调解员": "钱调解"}))["created"] == 1
        assert Session.objects.get().agency == district


class TestFollowed:
    def test_an_imported_session_follows_its_source(self, run, line, case):
        run(line | {"场次状态": "待召开", "调解结果": "", "通知方式": "电话", "通知时间": "2020-05-15 10:00"})
        pk = Session.objects.get().pk

        new = {"开始时间": "2020-05-21 14:00", "结束时间": "2020-05-21 15:00", "调解记录": "补录"}
        assert counts(run(line | new)) == {"rows": 1, "updated": 1}

        session = Session.objects.get()
        assert (session.pk, session.state, session.outcome, session.minutes) == (pk, "held", "agreement", "补录")
        assert session.period.lower == local(2020, 5, 21, 14)
        # who was told of another time has to be told again
        assert set(session.attendances.values_list("side", "means")) == {("complainant", ""), ("respondent", "")}
        assert counts(run(line | new)) == {"rows": 1, "unchanged": 1}

    def test_an_empty_cell_takes_nothing_away(self, run, line):
        run(line | {"调解记录": "记录", "通知方式": "电话", "通知时间": "2020-05-15 10:00"})
        before = stored()

        assert counts(run(line)) == {"rows": 1, "unchanged": 1}
        assert stored() == before

    def test_two_sessions_change_places(self, run, line):
        first, second = (
            line | {"场次编号": f"C{n}", "开始时间": f"2020-05-20 {9 + n}:00", "结束时间": f"2020-05-20 {9 + n}:50"}
            for n in (1, 2)
        )
        run(first, second)
        times = {"开始时间", "结束时间"}
        swapped = [
            first | {name: second[name] for name in times}, second | {name: first[name] for name in times},
        ]  # fmt: skip

        assert counts(run(*swapped)) == {"rows": 2, "updated": 2}
        begin = {session.external_number: session.period.lower for session in Session.objects.all()}
        assert begin == {"C1": local(2020, 5, 20, 11), "C2": local(2020, 5, 20, 10)}

    def test_who_cannot_leave_keeps_his_time(self, run, line, monkeypatch):
        """The second row would move away for the first, but to where the third stands."""
        lines = [
            line | {"场次编号": f"C{n}", "开始时间": f"2020-05-20 {8 + n:02}:00", "结束时间": f"2020-05-20 {8 + n:02}:50"}
            for n in (1, 2, 3)
        ]
        run(*lines)
        before = list(Session.objects.order_by("pk").values())
        moved = [lines[0] | {name: lines[1][name] for name in ("开始时间", "结束时间")},
                 lines[1] | {name: lines[2][name] for name in ("开始时间", "结束时间")}]  # fmt: skip

        monkeypatch.setattr(engine, "_write_halves", None)  # it is known before the database would refuse the chunk

        assert counts(run(*moved)) == {"rows": 2, "rejected": 2}
        assert set(ImportReject.objects.values_list("line", "rule")) == {(2, "booked"), (3, "booked")}
        assert list(Session.objects.order_by("pk").values()) == before

    def test_one_that_was_worked_on_here_is_left_and_told(self, run, line, district):
        run(line | {"场次状态": "待召开", "调解结果": ""})
        session = Session.objects.get()
        clerk = UserFactory(agency=district, roles=["mediator"])
        act_on(session, "cancel", actor=clerk, now=local(2020, 5, 19), note="消费者出差")
        before = stored()

        summary = run(line)

        assert counts(summary) == {"rows": 1, "unchanged": 1, "differing": 1, "warnings": 1}
        assert stored() == before
        assert ImportWarning.objects.values_list("rule", "column", "value").get() == ("session", "场次编号", "C1")


    def test_one_from_which_an_agreement_was_drawn_up_is_left_and_told(self, run, line, case):
        run(line)
        AgreementFactory(case=case, session=Session.objects.get())
        before = stored()

        assert counts(run(line | {"调解结果": "未达成协议"})) == {
            "rows": 1, "unchanged": 1, "differing": 1, "warnings": 1,
        }  # fmt: skip
        assert stored() == before

    def test_that_one_was_cancelled_by_itself_is_nobodys_work(self, run, line):
        planned = line | {"场次状态": "待召开", "调解结果": ""}
        run(planned)
        Session.objects.update(state="cancelled", cancelled_at=local(2020, 5, 19))
        Session.objects.get().events.create(
            verb="lapse", before="scheduled", after="cancelled", actor=UserFactory(), at=local(2020, 5, 19)
        )

        assert counts(run(planned)) == {"rows": 1, "unchanged": 1}
        assert Session.objects.get().state == "cancelled"
        assert counts(run(line)) == {"rows": 1, "updated": 1}
        assert (Session.objects.get().state, Session.objects.get().outcome) == ("held", "agreement")

    def test_a_call_of_a_side_without_anybody_on_the_list_says_nothing(self, run, line, case):
        case.parties.get().delete()
        called = line | {"通知方式": "电话", "通知时间": "2020-05-15 10:00"}
        run(called)
        before = stored()

        assert counts(run(called)) == {"rows": 1, "unchanged": 1}
        assert stored() == before
        assert counts(run(called | {"通知时间": "2020-05-15 11:00"})) == {"rows": 1, "updated": 1}


class TestBooked:
    @pytest.mark.parametrize("chunk_rows", [1, 10])
    @pytest.mark.parametrize("same", ["mediator", "room", "case"])
    def test_nobody_is_booked_twice(self, run, line, district, case, same, chunk_rows):
        """Of two sessions at one time, the second is refused for what it shares with the first."""
        MediatorFactory(agency=district, name="钱调解")
        RoomFactory(agency=district, name="第二调解室")
        CaseFactory(handling=district, closed=True, received_at=RECEIVED, external_number="T2")
        other = {"调解员": "钱调解", "调解室": "第二调解室", "登记编号": "T2"}
        other.pop({"mediator": "调解员", "room": "调解室", "case": "登记编号"}[same])

        second = line | {"场次编号": "C2", "开始时间": "2020-05-20 10:29", "结束时间": "2020-05-20 11:00"} | other
        third = line | {"场次编号": "C3", "开始时间": "2020-05-20 10:30", "结束时间": "2020-05-20 11:00"}
        summary = run(line, second, third, chunk_rows=chunk_rows)

        assert counts(summary) == {"rows": 3, "created": 2, "rejected": 1}
        assert reject() == (3, "开始时间", "2020-05-20 10:29", "booked")
        message = ImportReject.objects.get().message
        assert "2020-05-20 09:00" in message
        assert "赵调解" in message
        assert same != "mediator" or "第一调解室" in message  # in the file or stored, by the size of the chunk

    def test_a_session_booked_here_stands(self, run, line, mediator):
        own = SessionFactory(mediator=mediator, agency=mediator.agency, starts=local(2020, 5, 20, 10))

        assert counts(run(line)) == {"rows": 1, "rejected": 1}
        assert ("booked", [own]) == (ImportReject.objects.get().rule, list(Session.objects.all()))

    def test_a_cancelled_session_is_in_nobodys_way(self, run, line):
        cancelled = line | {"场次编号": "C2", "场次状态": "已取消", "调解结果": ""}

        assert counts(run(line, cancelled)) == {"rows": 2, "created": 2}


class TestRefused:
    @pytest.mark.parametrize(
        ("changes", "column", "value", "rule"),
        [
            ({"场次编号": "-"}, "场次编号", "", "required"),
            ({"登记编号": ""}, "登记编号", "", "required"),
            ({"登记编号": "不知"}, "登记编号", "不知", "case"),
            ({"登记编号": "3.30106E+25"}, "登记编号", "3.30106E+25", "number.rounded"),
            ({"调解员": ""}, "调解员", "", "required"),
            ({"调解员": "无名氏"}, "调解员", "无名氏", "mediator"),
            ({"调解员工号": "9"}, "调解员", "赵调解", "mediator"),
            ({"调解机构": ""}, "调解机构", "", "required"),
            ({"调解机构": "不知何处"}, "调解机构", "不知何处", "agency"),
            ({"开始时间": ""}, "开始时间", "", "required"),
            ({"开始时间": "2020-05-20"}, "开始时间", "2020-05-20", "date.no_time"),
            ({"开始时间": "2020-02-30 09:00"}, "开始时间", "2020-02-30 09:00", "date.impossible"),
            ({"结束时间": "2020-05-20 09:00"}, "结束时间", "2020-05-20 09:00", "date_order"),
            ({"结束时间": "2020-05-20 17:01"}, "结束时间", "2020-05-20 17:01", "long"),
            ({"开始时间": "2020-05-08 08:59", "结束时间": "2020-05-08 10:00"}, "开始时间", "2020-05-08 08:59",
             "date_order"),
            ({"调解方式": ""}, "调解方式", "", "required"),
            ({"调解方式": "心灵感应"}, "调解方式", "心灵感应", "vocabulary"),
            ({"调解地点": "会议厅"}, "调解地点", "会议厅", "place"),
            ({"调解室": ""}, "调解地点", "", "place"),
            ({"调解方式": "远程"}, "调解室", "第一调解室", "place"),
            ({"调解方式": "远程", "调解室": ""}, "会议号", "", "place"),
            ({"场次状态": ""}, "场次状态", "", "required"),
            ({"场次状态": "也许"}, "场次状态", "也许", "vocabulary"),
            ({"调解结果": ""}, "调解结果", "", "outcome"),
            ({"调解结果": "皆大欢喜"}, "调解结果", "皆大欢喜", "vocabulary"),
            ({"场次状态": "已取消"}, "调解结果", "达成调解协议", "outcome"),
            ({"场次状态": "待召开"}, "调解结果", "达成调解协议", "outcome"),
            ({"取消时间": "2020-05-19"}, "取消时间", "2020-05-19", "outcome"),
            ({"通知方式": "电话"}, "通知时间", "", "required"),
            ({"通知时间": "2020-05-15 10:00"}, "通知方式", "", "required"),
            ({"已通知当事人": "路人", "通知方式": "电话", "通知时间": "2020-05-15 10:00"}, "已通知当事人", "路人",
             "vocabulary"),
            ({"调解地点": "路" * 201, "调解室": ""}, "调解地点", "路" * 60 + "…", "length"),
        ],
    )
    def test_a_row_that_cannot_be_taken_is_named_and_the_others_go_on(self, run, line, changes, column, value, rule):
        good = line | {"场次编号": "C0", "开始时间": "2020-05-19 09:00", "结束时间": "2020-05-19 10:00"}

        assert counts(run(good, line | changes)) == {"rows": 2, "created": 1, "rejected": 1}
        assert reject() == (3, column, value, rule)
        assert ImportReject.objects.get().message
        assert Session.objects.get().external_number == "C0"

    def test_a_held_session_that_lies_ahead(self, run, line):
        assert counts(run(ahead(line, 场次状态="已召开", 调解结果="达成协议"))) == {"rows": 1, "rejected": 1}
        assert ImportReject.objects.get().rule == "date.future"

    def test_a_planned_session_of_a_case_whose_mediation_is_over(self, run, line):
        assert counts(run(ahead(line))) == {"rows": 1, "rejected": 1}
        assert ImportReject.objects.values_list("column", "rule").get() == ("登记编号", "case")

    def test_a_planned_session_of_a_complaint_that_a_platform_has(self, run, line, case):
        Case.objects.filter(pk=case.pk).update(state="accepted", outcome="", closed_at=None)
        case.pauses.create(
            reason="green_channel", started_on=dt.date(2020, 5, 10), document="转办", actor=UserFactory(),
            created_at=RECEIVED,
        )  # fmt: skip

        assert counts(run(ahead(line), line | {"场次编号": "C2"})) == {"rows": 2, "created": 1, "rejected": 1}
        assert ImportReject.objects.values_list("line", "rule").get() == (2, "case")

    @pytest.mark.parametrize("kind", [{"report": True}, {}])
    def test_a_report_or_a_case_that_was_not_accepted(self, run, line, district, kind):
        other = CaseFactory(handling=district, received_at=RECEIVED, **kind)

        assert counts(run(line | {"登记编号": other.number})) == {"rows": 1, "rejected": 1}
        assert ImportReject.objects.get().rule == "case"

    def test_a_number_of_another_source_names_no_case(self, run, line, case):
        Case.objects.filter(pk=case.pk).update(source="hotline12345")

        assert counts(run(line)) == {"rows": 1, "rejected": 1}

    def test_a_mediator_of_another_agency(self, run, line, district):
        other = AgencyFactory(parent=district.parent)
        MediatorFactory(agency=other, name="钱调解")

        assert counts(run(remote(line, 调解机构=other.code, 调解员="钱调解"))) == {"rows": 1, "rejected": 1}
        assert reject() == (2, "调解员", "钱调解", "agency")

    def test_after_the_entrustment_has_ended_its_mediators_lead_no_more(self, run, line, case):
        council, user = AgencyFactory(council=True), UserFactory()
        EntrustmentFactory(
            case=case, agency=council, entrusted_at=local(2020, 5, 10), ended_at=local(2020, 5, 20), ended_by=user,
            ended_because="消保委退回",
        )  # fmt: skip
        MediatorFactory(agency=council, name="钱调解")
        line |= {"调解机构": council.code, "调解员": "钱调解", "调解室": "", "调解地点": "消保委"}

        before = line | {"场次编号": "C0", "开始时间": "2020-05-19 09:00", "结束时间": "2020-05-19 10:00"}
        assert counts(run(before, line)) == {"rows": 2, "created": 1, "rejected": 1}
        assert ImportReject.objects.values_list("line", "rule").get() == (3, "agency")

    @pytest.mark.parametrize("number", ["", "1"])
    def test_namesakes_need_a_number(self, run, line, mediator, number):
        MediatorFactory(agency=mediator.agency, name="赵调解", number="1")

        assert counts(run(line | {"调解员工号": number})) == {"rows": 1, "created" if number else "rejected": 1}
        assert set(Session.objects.values_list("mediator__number", flat=True)) == ({"1"} if number else set())

    def test_a_mediator_who_had_not_begun(self, run, line, mediator):
        mediator.active_from = dt.date(2020, 5, 21)
        mediator.save()

        assert counts(run(line)) == {"rows": 1, "rejected": 1}
        assert reject() == (2, "调解员", "赵调解", "mediator")

    @pytest.mark.parametrize(("decided_at", "taken"), [(local(2020, 5, 19), False), (local(2020, 5, 21), True)])
    def test_a_mediator_who_had_left_the_case(self, run, line, case, mediator, decided_at, taken):
        RecusalFactory(
            case=case, mediator=mediator, asked_at=local(2020, 5, 18), decision="granted", decided_at=decided_at,
            decided_by=UserFactory(),
        )  # fmt: skip

        assert counts(run(line)) == {"rows": 1, "created" if taken else "rejected": 1}
        assert set(ImportReject.objects.values_list("rule", flat=True)) == (set() if taken else {"recused"})

    @pytest.mark.parametrize("chunk_rows", [1, 10])
    def test_the_first_good_row_of_a_number_is_taken(self, run, line, chunk_rows):
        bad = line | {"登记编号": "不知"}
        again = line | {"开始时间": "2020-05-21 09:00", "结束时间": "2020-05-21 10:00"}

        assert counts(run(bad, line, again, chunk_rows=chunk_rows)) == {
            "rows": 3, "created": 1, "duplicates": 1, "rejected": 1,
        }  # fmt: skip
        assert Session.objects.get().period.lower == local(2020, 5, 20)
        assert set(ImportReject.objects.values_list("line", "kind")) == {(2, "rejected"), (4, "duplicate")}

    @pytest.mark.parametrize("chunk_rows", [1, 10])
    def test_where_the_first_row_of_a_number_cannot_stand_the_next_one_is_taken(self, run, line, chunk_rows):
        later, latest = (
            line | {"开始时间": f"2020-05-{day} 09:00", "结束时间": f"2020-05-{day} 10:00"} for day in (21, 22)
        )

        assert counts(run(line | {"场次编号": "C0"}, line, later, latest, chunk_rows=chunk_rows)) == {
            "rows": 4, "created": 2, "duplicates": 1, "rejected": 1,
        }  # fmt: skip
        assert Session.objects.get(external_number="C1").period.lower == local(2020, 5, 21)
        assert set(ImportReject.objects.values_list("line", "rule")) == {(3, "booked"), (5, "duplicate")}

    def test_what_only_the_database_refuses_stands_alone(self, run, line, monkeypatch):
        """Somebody books the room between the look and the write: the chunk goes on without that row."""
        monkeypatch.setattr("mediation.domain.imported.Plan.booked", lambda plan, session: "")
        second = line | {"场次编号": "C2"}
        third = line | {"场次编号": "C3", "开始时间": "2020-05-21 09:00", "结束时间": "2020-05-21 10:00"}

        assert counts(run(line, second, third)) == {"rows": 3, "created": 2, "rejected": 1}
        assert ImportReject.objects.values_list("line", "rule").get() == (3, "database")


class TestScope:
    def test_an_agency_brings_the_sessions_of_its_own_mediators(self, run, line, district):
        neighbour = AgencyFactory(parent=district.parent)

        assert counts(run(line, agency=neighbour.code)) == {"rows": 1, "rejected": 1}
        assert (ImportReject.objects.get().rule, Session.objects.count()) == ("agency", 0)
        assert counts(run(line, agency=district.code)) == {"rows": 1, "created": 1}


    def test_a_number_of_another_agencys_session_takes_nothing_from_it(self, run, line, district):
        run(line)
        before = stored()
        neighbour = AgencyFactory(parent=district.parent)
        MediatorFactory(agency=neighbour, name="钱调解")
        CaseFactory(handling=neighbour, closed=True, received_at=RECEIVED, external_number="N2")
        row = remote(line, 登记编号="N2", 调解机构=neighbour.code, 调解员="钱调解")

        assert counts(run(row, agency=neighbour.code)) == {"rows": 1, "rejected": 1}
        assert reject() == (2, "场次编号", "C1", "agency")
        assert stored()[:3] == before[:3]
        # whoever imports for both may move it
        assert counts(run(row)) == {"rows": 1, "updated": 1}


class TestModes:
    def test_a_dry_run_writes_nothing(self, run, line):
        before = stored()

        assert counts(run(line, dry_run=True)) == {"rows": 1, "created": 1}
        assert (stored(), ImportRun.objects.count()) == (before, 0)

    def test_an_atomic_import_with_a_reject_writes_nothing(self, run, line):
        before = stored()

        with pytest.raises(CommandError) as refused:
            run(line, line | {"场次编号": ""}, atomic=True)
        assert refused.value.returncode == 2
        assert (stored(), ImportRun.objects.count()) == (before, 0)

    def test_a_profile_of_ones_own(self, line, tmp_path, case):
        profile = tmp_path / "own.toml"
        profile.write_text(
            'name = "own"\nsource = "court-system"\nrequired = ["case"]\n'
            '[columns]\nexternal_number = "No"\ncase = "Case"\n'
            'agency = "Agency"\nmediator = "Who"\nstarts = "From"\nends = "To"\n[constants]\nmode = "remote"\n'
            'link = "1234"\nstate = "held"\noutcome = "failed"\n',
            encoding="utf-8",
        )
        cells = ("1", case.number, line["调解机构"], "赵调解", line["开始时间"], line["结束时间"])
        path = tmp_path / "own.csv"
        path.write_text("No,Case,Agency,Who,From,To\n" + ",".join(cells) + "\n", encoding="utf-8")

        call_command("import_sessions", str(path), profile=str(profile), verbosity=0)

        session = Session.objects.get()
        assert (session.source, session.external_number, session.outcome) == ("court-system", "1", "failed")

    def test_a_file_without_its_headers_is_refused_in_one_line(self, capsys, tmp_path):
        path = write_lines(tmp_path / "a.csv", ("场次编号", "登记编号"), [{"场次编号": "C1"}])

        with pytest.raises(CommandError, match="调解员") as refused:
            called(capsys, "import_sessions", path)
        assert (refused.value.returncode, ImportRun.objects.count()) == (1, 0)

    def test_cut_off_it_goes_on_as_if_it_had_not_been(self, run, line, monkeypatch):
        commit = engine._commit
        times = {"开始时间": "2020-05-21 09:00", "结束时间": "2020-05-21 10:00"}
        lines = [line, line | {"场次编号": "C2"} | times, line | times, line | {"场次编号": "C3"}]

        def cut_off(target, converted, options):
            if target.file.rows_done:
                raise KeyboardInterrupt
            commit(target, converted, options)

        with monkeypatch.context() as patch:
            patch.setattr(engine, "_commit", cut_off)
            with pytest.raises(KeyboardInterrupt):
                run(*lines, chunk_rows=1)
        assert Session.objects.count() == 1

        assert counts(run(*lines, chunk_rows=1)) == {
            "rows": 4, "created": 2, "duplicates": 1, "rejected": 1,
        }  # fmt: skip
        assert ImportRun.objects.count() == 1
