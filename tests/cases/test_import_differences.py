"""What a source says of cases that were worked on here: compared, listed where it differs, never applied."""

from decimal import Decimal

import pytest
from django.utils import timezone

from cases.models import Case, CaseEvent, ImportDifference, Party, Recovery
from registry.models import Merchant
from tests.cases.files import row, rows, write
from tests.factories import RecoveryFactory, UserFactory

pytestmark = pytest.mark.django_db


def counts(summary: dict) -> dict:
    names = ("rows", "created", "updated", "unchanged", "duplicates", "rejected", "differing")
    return {name: summary[name] for name in names if summary[name]}


@pytest.fixture
def load(run, tmp_path):
    """Import one row with some cells changed."""
    return lambda **changes: run(write(tmp_path / "a.csv", [row(**changes)]))


@pytest.fixture
def worked(load):
    """The case of `row()`, on which an act was recorded here."""
    load()
    CaseEvent.objects.create(case=Case.objects.get(), verb="assign", at=timezone.now())
    return Case.objects.get()


class TestCompared:
    @pytest.mark.parametrize(
        "changes",
        [
            {"诉求内容": "另一种说法", "企业名称": "别的名字"},
            {"办结时间": "2020-06-01"},  # a day without a time
            {"挽回经济损失": "", "消费金额": ""},
            {"行政区划": "火星区"},  # not recognised: states nothing
        ],
    )
    def test_a_changed_row_that_says_the_same_is_only_noted(self, worked, load, changes):
        summary = load(**changes)
        noted = bytes(Case.objects.get().source_digest)

        assert counts(summary) == {"rows": 1, "unchanged": 1}
        assert noted != bytes(worked.source_digest)
        assert ImportDifference.objects.count() == 0
        case = Case.objects.get()
        assert (case.differs, case.demand, case.merchant_id) == (False, worked.demand, worked.merchant_id)
        assert not Merchant.objects.filter(name="别的名字").exists()
        assert summary["control"]["file"]["amounts"] == summary["control"]["database"]["amounts"]

    @pytest.mark.parametrize(
        ("changes", "field", "says"),
        [
            ({"办理情况状态": "办理中", "办结时间": "", "调解结果": ""}, "state", "accepted"),
            ({"调解结果": "未达成"}, "outcome", "failed"),
            ({"登记时间": "2020-05-06 09:31:00"}, "received_at", "2020-05-06 09:31:00+08:00"),
            ({"初查时间": "2020-05-07 10:00:00"}, "decided_at", "2020-05-07 10:00:00+08:00"),
            ({"受理时间": "2020-05-07"}, "accepted_at", "2020-05-07 00:00:00+08:00"),
            ({"办结时间": "2020-06-02"}, "closed_at", "2020-06-02 00:00:00+08:00"),
            ({"消费金额": "1200.01"}, "claimed", "1200.01"),
            ({"挽回经济损失": "800.51"}, "unspecified", "800.51"),
            ({"类型": "咨询"}, "kind", "inquiry"),
            ({"处理机构": "杭州市上城区市场监督管理局"}, "agency_written", "杭州市上城区市场监督管理局"),
            ({"行政区划": "上城区"}, "region_written", "上城区"),
        ],
    )
    def test_whatever_differs_is_listed_once(self, worked, load, changes, field, says):
        first, again = load(**changes), load(**changes)

        assert counts(first) == {"rows": 1, "unchanged": 1, "differing": 1}
        assert counts(again) == {"rows": 1, "unchanged": 1}
        assert ImportDifference.objects.get().says[field] == says
        worked.source_digest = Case.objects.get().source_digest
        assert Case.objects.values().get() == Case.objects.filter(pk=worked.pk).values().get() | {
            "differs": True, "state": "closed", "outcome": "agreement", "claimed": Decimal("1200.00"),
        }  # fmt: skip

    def test_a_ground_that_differs_is_listed(self, run, tmp_path):
        ground = {"不予受理理由": "不属于职责范围"}
        header = [*row(), *ground]
        run(write(tmp_path / "a.csv", [row() | ground], header=header))
        CaseEvent.objects.create(case=Case.objects.get(), verb="assign", at=timezone.now())

        summary = run(write(tmp_path / "b.csv", [row() | {"不予受理理由": "超过三年"}], header=header))

        assert summary["differing"] == 1
        assert ImportDifference.objects.get().says["ground"] == "超过三年"

    def test_the_mark_goes_when_a_later_row_agrees_again(self, worked, load):
        load(调解结果="未达成")
        assert Case.objects.get().differs

        assert counts(load(诉求内容="另一种说法")) == {"rows": 1, "unchanged": 1}
        assert not Case.objects.get().differs
        assert [difference.open for difference in ImportDifference.objects.all()] == [False]

    def test_what_a_source_says_now_replaces_what_it_said(self, worked, load):
        load(调解结果="未达成")
        load(调解结果="撤回")

        found = ImportDifference.objects.order_by("pk")
        assert [(d.says["outcome"], d.open) for d in found] == [("failed", False), ("withdrawn", True)]

    def test_losses_are_compared_as_one_sum_and_other_damages_apart(self, worked, load):
        for kind, amount in (("refund", "100"), ("repair", "60"), ("compensation", "39.50"), ("multiple", "500")):
            RecoveryFactory(case=worked, kind=kind, amount=amount)

        assert counts(load(挽回经济损失="1000.00")) == {"rows": 1, "unchanged": 1}
        summary = load(挽回经济损失="1500.00")
        assert counts(summary) == {"rows": 1, "unchanged": 1, "differing": 1}
        assert summary["control"]["file"]["amounts"]["recovered"] == "1500.00"
        assert summary["control"]["database"]["amounts"]["recovered"] == "1000.00"

    def test_a_worked_complaint_that_is_a_report_is_sealed_at_once(self, worked, load):
        assert counts(load(类型="举报", 调解结果="")) == {"rows": 1, "unchanged": 1, "differing": 1}

        assert (Party.objects.get().sealed, Party.objects.get().role, Case.objects.get().kind) == (
            True, "consumer", "complaint",
        )  # fmt: skip


class TestLocalPostings:
    @pytest.fixture
    def posted(self, load):
        """An unworked case with a posting made here beside the imported one of 800.50."""
        load()
        return RecoveryFactory(case=Case.objects.get(), kind="refund", amount="50", actor=UserFactory())

    def test_a_difference_counts_and_is_not_posted(self, posted, load):
        summary = load(挽回经济损失="900.00")

        assert counts(summary) == {"rows": 1, "updated": 1, "differing": 1}
        assert Case.objects.get().differs
        assert Recovery.objects.count() == 2

    def test_an_equal_sum_is_no_difference(self, posted, load):
        load(挽回经济损失="900.00")

        summary = load(挽回经济损失="850.50")

        assert counts(summary) == {"rows": 1, "updated": 1}
        assert not Case.objects.get().differs
        assert summary["control"]["file"] == summary["control"]["database"]


class TestControlTotals:
    def test_a_number_in_two_files_of_a_run_counts_in_each(self, run, tmp_path):
        first = write(tmp_path / "a.csv", [*rows(2), row(登记编号="x", 行政区划="上城区")])
        second = write(
            tmp_path / "b.csv",
            [row(登记编号="x", 消费金额="1500.00", 挽回经济损失="900.00"), rows(1)[0], row(登记编号="y")],
        )

        summary = run(first, second)

        assert counts(summary) == {"rows": 6, "created": 4, "updated": 1, "unchanged": 1}
        assert summary["control"]["file"] == summary["control"]["database"] == {
            "rows": 6,
            "amounts": {"claimed": "7500.00", "recovered": "4902.50"},
            "by_kind": {"complaint": 6},
            "by_region": {"330106": 5, "330102": 1},
        }  # fmt: skip

    def test_an_amount_that_was_emptied_is_no_difference(self, run, load):
        load()

        changed = load(挽回经济损失="", 消费金额="")
        again = load(挽回经济损失="", 消费金额="")

        assert (counts(changed), counts(again)) == ({"rows": 1, "updated": 1}, {"rows": 1, "unchanged": 1})
        assert sum(posting.amount for posting in Recovery.objects.all()) == Decimal("800.50")
        for summary in (changed, again):
            assert summary["control"]["file"] == summary["control"]["database"]
            assert summary["control"]["file"]["amounts"] == {}

    def test_emptied_in_the_second_file_of_a_run(self, run, load, tmp_path):
        load()
        files = [
            write(tmp_path / "b.csv", [row(挽回经济损失="", 处理部门="甲")]),
            write(tmp_path / "c.csv", [row(挽回经济损失="900.00", 处理部门="乙")]),
            write(tmp_path / "d.csv", [row(挽回经济损失="", 处理部门="丙")]),
        ]

        summary = run(*files)

        assert counts(summary) == {"rows": 3, "updated": 3}
        assert summary["control"]["file"] == summary["control"]["database"]
        assert summary["control"]["file"]["amounts"] == {"claimed": "3600.00", "recovered": "900.00"}


def test_merchants_of_rows_that_are_not_taken_are_not_made(worked, run, tmp_path):
    before = set(Merchant.objects.values_list("name", flat=True))
    lines = [
        row(企业名称="被办理的店", 调解结果="未达成"), row(登记编号="bad", 企业名称="被拒收的店", 消费金额="-1"),
        row(登记编号="2", 企业名称="新店"), row(登记编号="2", 企业名称="重复的店"),
    ]  # fmt: skip

    run(write(tmp_path / "b.csv", lines))

    assert set(Merchant.objects.values_list("name", flat=True)) - before == {"新店"}
