import datetime as dt

import pytest
from django.core.management import CommandError

from cases.importers import engine
from cases.models import ImportReject, ImportRun
from mediation.hours import Hours
from mediation.importers.hours import hours_text
from mediation.models import Leave, Mediator, WorkingHours
from tests.cases.files import write_sheet
from tests.factories import (
    AgencyFactory,
    CategoryFactory,
    LeaveFactory,
    MediatorFactory,
    UserFactory,
    WorkingHoursFactory,
)
from tests.importing import called, counts, write_lines

pytestmark = pytest.mark.django_db
HEADER = (
    "姓名", "所属机构", "工号", "账号", "擅长领域", "语言", "工作时间", "周一", "周三", "请假",
    "开始调解日期", "停止调解日期",
)  # fmt: skip
HOURS = "周一至周五 09:00-12:00,13:30-17:00；周六 09:00-12:00"
MODELS = (Mediator, WorkingHours, Leave, Mediator.fields.through)


@pytest.fixture
def council(db):
    return AgencyFactory(council=True, name="测试消保委", aliases=["测试消费者委员会"])


@pytest.fixture
def line(council):
    return {"姓名": "赵调解", "所属机构": council.code}


@pytest.fixture
def run(capsys, tmp_path):
    """Import rows as a file; the JSON object that the command prints."""

    def call(*lines, **options):
        return called(capsys, "import_mediators", write_lines(tmp_path / "mediators.csv", HEADER, lines), **options)

    return call


def stored() -> list:
    return [list(model.objects.order_by("pk").values()) for model in MODELS]


def hours_of(mediator) -> str:
    return hours_text(Hours(one.weekday, one.starts, one.ends) for one in mediator.hours.all())


class TestRows:
    def test_a_new_mediator_has_all_that_the_file_says(self, run, line, council):
        home, food = CategoryFactory(councils=True), CategoryFactory(councils=True, aliases=["吃的"])
        user = UserFactory(agency=council, roles=["mediator"])
        line |= {
            "所属机构": "测试消费者委员会", "工号": "T01", "账号": user.username, "擅长领域": f"{home.code}、吃的",
            "语言": "杭州话,English；普通话", "工作时间": HOURS, "请假": "2026-01-02~2026-01-05;2026-02-01",
            "开始调解日期": "2020-01-01", "停止调解日期": "2030-01-01",
        }  # fmt: skip

        assert counts(run(line)) == {"rows": 1, "created": 1}

        mediator = Mediator.objects.get()
        assert (mediator.name, mediator.agency, mediator.number, mediator.user) == ("赵调解", council, "T01", user)
        assert (set(mediator.fields.all()), mediator.languages) == ({home, food}, ["cmn", "wuu", "eng"])
        assert (mediator.active_from, mediator.active_to) == (dt.date(2020, 1, 1), dt.date(2030, 1, 1))
        assert hours_of(mediator) == HOURS
        assert list(mediator.leaves.order_by("starts_on").values_list("starts_on", "ends_on")) == [
            (dt.date(2026, 1, 2), dt.date(2026, 1, 5)), (dt.date(2026, 2, 1), dt.date(2026, 2, 1)),
        ]  # fmt: skip
        run_stored = ImportRun.objects.get()
        total = {"rows": 1, "amounts": {}, "by_kind": {"mediator": 1}, "by_region": {"": 1}}
        assert (run_stored.target, run_stored.control) == ("mediators", {"file": total, "database": total})

        before = stored()
        assert counts(run(line)) == {"rows": 1, "unchanged": 1}
        assert stored() == before

    def test_hours_may_stand_in_a_column_for_each_weekday(self, run, line):
        assert counts(run(line | {"周一": "9:00-12:00，13:30-17:00", "周三": "13:30-17:00"})) == {"rows": 1, "created": 1}

        assert hours_of(Mediator.objects.get()) == "周一 09:00-12:00,13:30-17:00；周三 13:30-17:00"

    def test_an_empty_cell_takes_nothing_away(self, run, line, council):
        mediator = MediatorFactory(
            agency=council, name="赵调解", languages=["wuu"], active_from=dt.date(2020, 1, 1), number="T01"
        )
        WorkingHoursFactory(mediator=mediator)
        LeaveFactory(mediator=mediator)
        mediator.fields.add(CategoryFactory(councils=True))
        before = stored()

        assert counts(run(line)) == {"rows": 1, "unchanged": 1}
        assert stored() == before

    def test_what_the_file_says_replaces_what_is_stored_and_leave_is_added(self, run, line, council):
        mediator = MediatorFactory(agency=council, name="赵调解", languages=["wuu"])
        WorkingHoursFactory(mediator=mediator)
        LeaveFactory(mediator=mediator)

        line |= {"语言": "cmn", "工作时间": "周二 09:00-10:00", "请假": "2026-11-16"}
        assert counts(run(line)) == {"rows": 1, "updated": 1}

        mediator.refresh_from_db()
        assert (mediator.languages, hours_of(mediator), mediator.leaves.count()) == (["cmn"], "周二 09:00-10:00", 2)

    def test_office_hours_are_no_hours_of_ones_own(self, run, line, council):
        WorkingHoursFactory(mediator=MediatorFactory(agency=council, name="赵调解"))

        assert counts(run(line | {"工作时间": "办公时间"})) == {"rows": 1, "updated": 1}
        assert WorkingHours.objects.count() == 0

    def test_a_workbook(self, capsys, tmp_path, line):
        header = ["姓名", "所属机构", "工号", "开始调解日期"]
        path = write_sheet(tmp_path / "a.xlsx", [line | {"工号": 17, "开始调解日期": 43831}], header=header)

        assert counts(called(capsys, "import_mediators", path)) == {"rows": 1, "created": 1}
        assert Mediator.objects.values_list("number", "active_from").get() == ("17", dt.date(2020, 1, 1))


class TestNamesakes:
    def test_numbers_tell_them_apart(self, run, line):
        lines = [line | {"工号": "1"}, line | {"工号": "2"}]

        assert counts(run(*lines)) == {"rows": 2, "created": 2}
        assert counts(run(*lines)) == {"rows": 2, "unchanged": 2}
        assert list(Mediator.objects.order_by("pk").values_list("name", "number")) == [("赵调解", "1"), ("赵调解", "2")]

    def test_a_number_finds_its_person_whatever_the_name(self, run, line, council):
        mediator = MediatorFactory(agency=council, name="旧名字", number="1")

        assert counts(run(line | {"工号": "1"})) == {"rows": 1, "updated": 1}
        mediator.refresh_from_db()
        assert mediator.name == "赵调解"

    def test_a_namesake_of_another_agency_is_another_person(self, run, line):
        MediatorFactory(name="赵调解")

        assert counts(run(line)) == {"rows": 1, "created": 1}

    @pytest.mark.parametrize("numbers", [("", ""), ("1", "2")])
    def test_without_a_number_a_row_means_none_of_several(self, run, line, council, numbers):
        for number in numbers:
            MediatorFactory(agency=council, name="赵调解", number=number)
        before = stored()

        assert counts(run(line | {"语言": "英语"})) == {"rows": 1, "rejected": 1}
        assert ImportReject.objects.values_list("column", "value", "rule").get() == ("姓名", "赵调解", "namesake")
        assert stored() == before

    def test_a_number_is_given_to_nobody_by_guess(self, run, line, council):
        MediatorFactory(agency=council, name="赵调解")
        before = stored()

        assert counts(run(line | {"工号": "1"})) == {"rows": 1, "rejected": 1}
        assert (ImportReject.objects.get().rule, stored()) == ("namesake", before)

    @pytest.mark.parametrize("chunk_rows", [1, 10])
    @pytest.mark.parametrize("numbers", [("", ""), ("1", ""), ("", "1")])
    def test_two_rows_of_one_name_are_not_taken_for_one_person(self, run, line, numbers, chunk_rows):
        first, second = numbers
        lines = [line | {"工号": first, "语言": "wuu"}, line | {"工号": second, "语言": "eng"}]

        assert counts(run(*lines, chunk_rows=chunk_rows)) == {"rows": 2, "created": 1, "rejected": 1}
        assert ImportReject.objects.values_list("line", "rule").get() == (3, "namesake")
        assert Mediator.objects.values_list("number", "languages").get() == (numbers[0], ["wuu"])

    @pytest.mark.parametrize("number", ["", "1"])
    def test_the_same_row_again_stands_twice(self, run, line, number):
        line |= {"工号": number}

        assert counts(run(line, line)) == {"rows": 2, "created": 1, "duplicates": 1}

    def test_rows_before_a_cut_are_remembered(self, run, line, monkeypatch):
        lines = [line | {"语言": "wuu"}, line | {"姓名": "钱调解"}, line | {"语言": "eng"}]
        commit = engine._commit

        def cut_off(target, converted, options):
            if target.file.rows_done:
                raise KeyboardInterrupt
            commit(target, converted, options)

        with monkeypatch.context() as patch:
            patch.setattr(engine, "_commit", cut_off)
            with pytest.raises(KeyboardInterrupt):
                run(*lines, chunk_rows=1)

        assert counts(run(*lines, chunk_rows=1)) == {"rows": 3, "created": 2, "rejected": 1}


class TestRefused:
    @pytest.mark.parametrize(
        ("changes", "column", "value", "rule"),
        [
            ({"姓名": "无"}, "姓名", "", "required"),
            ({"所属机构": ""}, "所属机构", "", "required"),
            ({"所属机构": "不知何处"}, "所属机构", "不知何处", "agency"),
            ({"姓名": "长" * 61}, "姓名", "长" * 60 + "…", "length"),
            ({"工号": "1.23E+17"}, "工号", "1.23E+17", "number.rounded"),
            ({"账号": "nobody"}, "账号", "nobody", "account"),
            ({"擅长领域": "占星"}, "擅长领域", "占星", "category"),
            ({"语言": "普通话、拉丁语"}, "语言", "拉丁语", "vocabulary"),
            ({"工作时间": "随时"}, "工作时间", "随时", "hours.unreadable"),
            ({"工作时间": "周一 12:00-09:00"}, "工作时间", "周一 12:00-09:00", "hours.order"),
            ({"工作时间": HOURS, "周三": "09:00-10:00"}, "周三", "09:00-10:00", "hours.twice"),
            ({"周三": "09:00-11:00,10:00-12:00"}, "周三", "09:00-11:00,10:00-12:00", "hours.overlap"),
            ({"请假": "2026-01-05~2026-01-02"}, "请假", "2026-01-05~2026-01-02", "leave.order"),
            ({"开始调解日期": "2020-02-30"}, "开始调解日期", "2020-02-30", "date.impossible"),
            ({"开始调解日期": "2020-01-02", "停止调解日期": "2020-01-02"}, "停止调解日期", "2020-01-02", "date_order"),
        ],
    )
    def test_a_row_that_cannot_be_taken_is_named_and_the_others_go_on(self, run, line, changes, column, value, rule):
        assert counts(run(line | {"姓名": "钱调解"}, line | changes)) == {"rows": 2, "created": 1, "rejected": 1}

        reject = ImportReject.objects.get()
        assert (reject.line, reject.column, reject.value, reject.rule) == (3, column, value, rule)
        assert reject.message
        assert Mediator.objects.get().name == "钱调解"

    @pytest.mark.parametrize("kind", ["court", "partner", "ended"])
    def test_an_agency_that_mediates_nothing_now(self, run, line, kind):
        assert counts(run(line | {"所属机构": AgencyFactory(**{kind: True}).code})) == {"rows": 1, "rejected": 1}
        assert ImportReject.objects.get().rule == "agency"

    def test_an_account_without_the_role_or_of_another_mediator(self, run, line, council):
        taken = MediatorFactory(user=UserFactory(roles=["mediator"])).user
        others = [UserFactory(roles=["officer"]), UserFactory(roles=["mediator"], is_active=False), taken]
        lines = [line | {"姓名": f"调解{n}", "账号": user.username} for n, user in enumerate(others)]

        assert counts(run(*lines)) == {"rows": 3, "rejected": 3}
        assert set(ImportReject.objects.values_list("column", "rule")) == {("账号", "account")}

    def test_leave_that_overlaps_another_changes_nothing(self, run, line, council):
        LeaveFactory(mediator=MediatorFactory(agency=council, name="赵调解"))
        before = stored()

        assert counts(run(line | {"请假": "2026-11-13~2026-11-20", "语言": "英语"})) == {"rows": 1, "rejected": 1}
        assert (ImportReject.objects.get().rule, stored()) == ("leave.overlap", before)


class TestScope:
    def test_an_agency_brings_its_own_mediators_and_those_below_it(self, run):
        district = AgencyFactory(parent=AgencyFactory())
        station, neighbour = AgencyFactory(station=True, parent=district), AgencyFactory(parent=district.parent)
        lines = [
            {"姓名": f"调解{n}", "所属机构": agency.code}
            for n, agency in enumerate((district, station, neighbour, district.parent))
        ]

        assert counts(run(*lines, agency=district.code)) == {"rows": 4, "created": 2, "rejected": 2}
        assert set(Mediator.objects.values_list("agency", flat=True)) == {district.pk, station.pk}
        assert list(ImportReject.objects.values_list("line", "rule")) == [(4, "agency"), (5, "agency")]

    def test_an_account_of_another_agency_is_not_known_there(self, run):
        district = AgencyFactory(parent=AgencyFactory())
        user = UserFactory(roles=["mediator"], agency=AgencyFactory(parent=district.parent))

        summary = run({"姓名": "赵调解", "所属机构": district.code, "账号": user.username}, agency=district.code)
        assert counts(summary) == {"rows": 1, "rejected": 1}


class TestModes:
    def test_a_dry_run_writes_nothing(self, run, line):
        assert counts(run(line | {"工作时间": HOURS}, dry_run=True)) == {"rows": 1, "created": 1}
        assert (stored(), ImportRun.objects.count()) == ([[], [], [], []], 0)

    def test_an_atomic_import_with_a_reject_writes_nothing(self, run, line):
        with pytest.raises(CommandError) as refused:
            run(line, line | {"姓名": ""}, atomic=True)

        assert refused.value.returncode == 2
        assert (stored(), ImportRun.objects.count()) == ([[], [], [], []], 0)
