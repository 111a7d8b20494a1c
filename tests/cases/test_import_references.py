"""A case met under numbers of several systems is one case, and follows the system from which it came."""

from decimal import Decimal

import pytest
from django.utils import translation

from cases.importers.commands import ImportCommand
from cases.models import (
    Case,
    CaseReference,
    Clock,
    ImportDifference,
    ImportReject,
    ImportWarning,
    Party,
    Recovery,
)
from registry.models import Merchant
from tests.cases.files import COMPLAINT, ORDER, order, row, rows, write, write_orders, write_with_references
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
NATIONAL, HOTLINE = COMPLAINT["登记编号"], ORDER["工单编号"]


def counts(summary: dict) -> dict:
    names = ("rows", "created", "updated", "unchanged", "duplicates", "rejected", "warnings", "differing")
    return {name: summary[name] for name in names if summary[name]}


def everything() -> dict[str, list]:
    """All that an import could have changed."""
    return {
        model.__name__: list(model.objects.order_by("pk").values())
        for model in (Case, CaseReference, Clock, ImportDifference, ImportWarning, Merchant, Party, Recovery)
    }


def found(visit, number: str) -> list[Case]:
    return visit(UserFactory(is_superuser=True), "/cases/", q=number).context_data["page"].rows


@pytest.fixture
def national(run, tmp_path):
    """Import rows of the national platform."""
    return lambda *lines: run(write_with_references(tmp_path / "national.csv", list(lines)))


@pytest.fixture
def hotline(run, tmp_path):
    """Import work orders of the 12345 line."""
    return lambda *lines: run(write_orders(tmp_path / "hotline.csv", list(lines)), profile="hotline12345")


def named(**changes) -> dict:
    """A row of the national platform that names its work order."""
    return row(**changes) | {"12345工单号": HOTLINE}


class TestTwoSystems:
    @pytest.mark.parametrize("naming", ["order", "row", "both"])
    def test_an_order_and_then_its_row_are_one_case(self, visit, national, hotline, naming):
        first = hotline(order(further="" if naming == "row" else NATIONAL))
        second = national(row() if naming == "order" else named())

        assert counts(first) == {"rows": 1, "created": 1}
        assert counts(second) == {"rows": 1, "unchanged": 1}
        case = Case.objects.get()
        assert (case.source, case.external_number, case.differs) == ("hotline12345", HOTLINE, False)
        assert list(CaseReference.objects.values_list("case", "source", "number")) == [
            (case.pk, "national12315", NATIONAL)
        ]
        assert found(visit, NATIONAL) == found(visit, HOTLINE) == [case]
        assert second["control"]["file"] == second["control"]["database"]

    @pytest.mark.parametrize("naming", ["order", "row", "both"])
    def test_a_row_and_then_its_order_are_one_case(self, visit, national, hotline, naming):
        first = national(row() if naming == "order" else named())
        second = hotline(order(further="" if naming == "row" else NATIONAL))

        assert counts(first) == {"rows": 1, "created": 1}
        assert counts(second) == {"rows": 1, "unchanged": 1}
        case = Case.objects.get()
        assert (case.source, case.external_number, case.differs) == ("national12315", NATIONAL, False)
        assert list(CaseReference.objects.values_list("case", "source", "number")) == [
            (case.pk, "hotline12345", HOTLINE)
        ]
        assert found(visit, NATIONAL) == found(visit, HOTLINE) == [case]
        assert [posting.amount for posting in Recovery.objects.all()] == [Decimal("800.50")]

    @pytest.mark.parametrize("hotline_first", [True, False])
    @pytest.mark.parametrize("again", ["same order", "other order"])
    def test_both_files_again_change_nothing(self, national, hotline, hotline_first, again):
        calls = [lambda: hotline(order(further=NATIONAL, 办结时间="2020-06-02 16:00:00")), lambda: national(named())]
        calls = calls if hotline_first else calls[::-1]
        first = [counts(call()) for call in calls]
        before = everything()

        later = [counts(call()) for call in (calls if again == "same order" else calls[::-1])]

        assert first == [{"rows": 1, "created": 1}, {"rows": 1, "unchanged": 1, "differing": 1}]
        assert later == [{"rows": 1, "unchanged": 1}] * 2
        assert everything() == before

    def test_what_an_order_does_not_say_is_no_difference(self, national, hotline):
        national(row())

        summary = hotline(order(
            further=NATIONAL, 受理状态="", 工单状态="", 办理结果="", 签收时间="", 办结时间="", 涉及金额="",
            挽回经济损失="",
        ))  # fmt: skip

        assert counts(summary) == {"rows": 1, "unchanged": 1}
        assert not Case.objects.get().differs

    def test_a_day_without_a_time_is_compared_as_a_day(self, national, hotline):
        national(row(登记时间="2020-05-06 09:10:00", 初查时间="2020-05-06 11:00:00", 受理时间="2020-05-06 11:00:00"))

        summary = hotline(order(further=NATIONAL, 来电时间="2020-05-06 08:30:00", 签收时间="2020-05-06"))

        assert counts(summary) == {"rows": 1, "unchanged": 1}

    def test_two_systems_may_give_equal_numbers(self, national, hotline):
        hotline(order(工单编号=NATIONAL, further=NATIONAL))

        summary = national(row())

        assert counts(summary) == {"rows": 1, "unchanged": 1}
        assert Case.objects.count() == 1

    def test_a_case_never_follows_another_system(self, national, hotline):
        national(named(办理情况状态="办理中", 办结时间="", 调解结果="", 挽回经济损失=""))
        before = Case.objects.values().get()

        summary = hotline(order(涉事单位="别的名字", 承办单位="杭州市上城区市场监督管理局", 行政区划="上城区"))

        case = Case.objects.values().get()
        assert counts(summary) == {"rows": 1, "unchanged": 1, "differing": 1}
        assert case == before | {"differs": True}
        assert Recovery.objects.count() == 0
        assert not Merchant.objects.filter(name="别的名字").exists()
        difference = ImportDifference.objects.get()
        assert (difference.case_id, difference.line, difference.open) == (case["id"], 2, True)
        assert (difference.says["state"], difference.says["unspecified"]) == ("closed", "800.50")
        assert summary["control"]["file"]["amounts"] == {"claimed": "1200.00", "recovered": "800.50"}
        assert summary["control"]["database"]["amounts"] == {"claimed": "1200.00"}

    def test_the_mark_goes_when_the_other_system_agrees_again(self, national, hotline):
        national(named())
        hotline(order(办结时间="2020-06-02 16:00:00"))
        assert Case.objects.get().differs

        summary = hotline(order())

        assert counts(summary) == {"rows": 1, "unchanged": 1}
        assert not Case.objects.get().differs
        assert [difference.open for difference in ImportDifference.objects.all()] == [False]

    def test_when_the_case_has_changed_the_other_system_is_compared_anew(self, national, hotline):
        national(named(办结时间="2020-06-03 16:00:00"))
        hotline(order())
        assert national(named(处理部门="新的科室"))["updated"] == 1
        assert Case.objects.get().differs  # what the other system says is known to have been different

        assert counts(hotline(order())) == {"rows": 1, "unchanged": 1}
        assert not Case.objects.get().differs

    def test_when_its_own_source_changes_the_case_what_another_said_stays_listed(self, national, hotline):
        national(named())
        hotline(order(涉及金额="1300.00"))

        national(named(处理部门="新的科室"))

        assert Case.objects.get().differs

    def test_a_report_of_the_other_system_is_sealed(self, national, hotline):
        national(named())
        hotline(order(诉求类型="举报", 办理结果=""))

        assert (Party.objects.get().role, Party.objects.get().sealed) == ("consumer", True)
        assert Case.objects.get().kind == "complaint"

    def test_recheck_compares_again(self, run, national, hotline, tmp_path):
        national(named())
        hotline(order(涉及金额="1300.00"))
        Case.objects.update(claimed="1300.00")

        summary = run(tmp_path / "hotline.csv", profile="hotline12345", recheck=True)

        assert counts(summary) == {"rows": 1, "unchanged": 1}
        assert not Case.objects.get().differs


class TestResolving:
    def test_an_own_number_wins_over_a_reference(self, national, hotline):
        hotline(order())
        national(row())
        before = Case.objects.get(source="national12315")

        summary = hotline(order(further=NATIONAL, 承办科室="消保科"))

        assert counts(summary) == {"rows": 1, "updated": 1, "warnings": 1}
        assert Case.objects.count() == 2
        assert CaseReference.objects.count() == 0
        assert Case.objects.get(source="national12315") == before
        assert ImportWarning.objects.values_list("rule", "column", "value", "count", "first_line").get() == (
            "reference", "12315登记编号", NATIONAL, 1, 2,
        )  # fmt: skip

    def test_an_own_number_wins_over_the_reference_of_another_file(self, national, hotline):
        hotline(order(further="X"))
        elsewhere = Case.objects.get()
        Case.objects.create(
            number="2020-1", source="national12315", external_number="X", kind="complaint",
            received_at="2020-05-06T00:00Z", custodian=elsewhere.custodian, custodian_root=elsewhere.custodian_root,
        )  # fmt: skip

        assert counts(national(row(登记编号="X"))) == {"rows": 1, "updated": 1}
        assert Case.objects.get(external_number="X").merchant_written == COMPLAINT["企业名称"]

    def test_a_reference_of_another_case_is_a_warning_with_its_line(self, national, hotline):
        summary = hotline(order(further=NATIONAL), order(工单编号="H2", further=f"{NATIONAL};N2"))

        first, second = Case.objects.order_by("pk")
        assert counts(summary) == {"rows": 2, "created": 2, "warnings": 1}
        assert set(CaseReference.objects.values_list("case", "source", "number")) == {
            (first.pk, "national12315", NATIONAL), (second.pk, "national12315", "N2"),
        }  # fmt: skip
        assert ImportWarning.objects.values_list("rule", "value", "first_line").get() == ("reference", NATIONAL, 3)

    def test_without_a_reference_source_numbers_are_found_and_resolve_nothing(self, visit, run, tmp_path):
        text = (
            'name = "line"\nsource = "line"\n[columns]\nexternal_number = "编号"\nreferences = "关联"\n'
            'received_at = "时间"\n[constants]\nkind = "complaint"\n'
        )
        (tmp_path / "line.toml").write_text(text, encoding="utf-8")
        path = tmp_path / "line.csv"
        path.write_text(f"编号,关联,时间\nL1,{NATIONAL},2020-05-06\n", encoding="utf-8")
        run(write(tmp_path / "a.csv", [row()]))

        summary = run(path, profile=tmp_path / "line.toml")

        assert counts(summary) == {"rows": 1, "created": 1}
        assert CaseReference.objects.values_list("case__external_number", "source", "number").get() == (
            "L1", "", NATIONAL,
        )  # fmt: skip
        assert {case.external_number for case in found(visit, NATIONAL)} == {"L1", NATIONAL}
        assert counts(run(tmp_path / "a.csv")) == {"rows": 1, "unchanged": 1}


class TestOneRowACase:
    @pytest.fixture
    def twofold(self, run, national):
        """A case of the national platform that bears a second number of it."""
        national(row(登记编号="X", 挽回经济损失=""))
        case = Case.objects.get()
        CaseReference.objects.create(case=case, source="national12315", number="Y")
        return case

    @pytest.mark.parametrize("chunk_rows", [5000, 1])
    def test_two_rows_of_one_case_are_taken_once(self, run, twofold, tmp_path, chunk_rows):
        lines = [row(登记编号="X", 挽回经济损失="900"), row(登记编号="Y", 挽回经济损失="900")]
        path = write(tmp_path / "two.csv", lines)

        with translation.override("en"):
            first = run(path, chunk_rows=chunk_rows)
        again = run(path, chunk_rows=chunk_rows)

        assert counts(first) == {"rows": 2, "updated": 1, "duplicates": 1}
        assert counts(again) == {"rows": 2, "unchanged": 1, "duplicates": 1}
        assert [posting.amount for posting in Recovery.objects.all()] == [Decimal("900.00")]
        assert Clock.objects.filter(case=twofold).count() == 2
        assert first["control"]["file"] == first["control"]["database"]
        assert again["control"]["file"] == again["control"]["database"]
        reject = ImportReject.objects.order_by("pk")[0]
        assert (reject.line, reject.kind, reject.column, reject.value) == (3, "duplicate", "登记编号", "Y")
        assert "stands for the same case" in reject.message

    def test_two_orders_of_one_row_are_taken_once(self, run, national, hotline):
        national(row())
        lines = [order(further=NATIONAL), order(工单编号="H2", further=NATIONAL)]

        assert counts(hotline(*lines)) == {"rows": 2, "unchanged": 1, "duplicates": 1}
        assert counts(hotline(*lines)) == {"rows": 2, "unchanged": 1, "duplicates": 1}
        assert CaseReference.objects.values_list("number", flat=True).get() == HOTLINE

    def test_a_bad_row_does_not_stand_for_the_case(self, run, twofold, tmp_path):
        lines = [row(登记编号="X", 消费金额="-1"), row(登记编号="Y", 挽回经济损失="900")]

        assert counts(run(write(tmp_path / "two.csv", lines))) == {"rows": 2, "updated": 1, "rejected": 1}

    def test_a_run_that_was_cut_off_knows_which_cases_it_took(self, run, twofold, tmp_path, monkeypatch):
        lines = [
            row(登记编号="X", 挽回经济损失="900"), *rows(3), row(登记编号="twice"),
            row(登记编号="Y", 挽回经济损失="900"), row(登记编号="twice"),
        ]  # fmt: skip
        path = write(tmp_path / "two.csv", lines)

        def stop(command, run, file):
            if file.rows_done >= 5:
                raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(ImportCommand, "_progress", stop)
            with pytest.raises(KeyboardInterrupt):
                run(path, chunk_rows=1)
        summary = run(path, chunk_rows=1)

        assert counts(summary) == {"rows": 7, "created": 4, "updated": 1, "duplicates": 2}
        assert Recovery.objects.filter(case=twofold).count() == 1


def test_equal_numbers_of_nobody_knows_which_system_stand_for_each_case_that_names_them(visit, run, tmp_path):
    profile = tmp_path / "own.toml"
    profile.write_text(
        'name = "own"\ntitle = "own"\nsource = "own"\nrequired = ["external_number", "narrative", "received_at"]\n'
        '[columns]\nexternal_number = "编号"\nreferences = "相关"\nnarrative = "内容"\nreceived_at = "日期"\n'
        '[constants]\nkind = "complaint"\n',
        encoding="utf-8",
    )
    path = tmp_path / "own.csv"
    path.write_text("编号,相关,内容,日期\nL1,REF-0001,甲,2020-05-06\nL2,REF-0001,乙,2020-05-06\n", encoding="utf-8")

    summary = run(path, profile=profile)
    again = run(path, profile=profile)

    assert counts(summary) == {"rows": 2, "created": 2}
    assert counts(again) == {"rows": 2, "unchanged": 2}
    assert {case.external_number for case in found(visit, "REF-0001")} == {"L1", "L2"}
