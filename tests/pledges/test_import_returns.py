"""The returns ledger from files: what a row makes, what it corrects, and why it is not taken."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.management import CommandError
from django.utils import timezone

from cases.importers import engine
from cases.models import ImportFile, ImportReject, ImportRun, ImportWarning
from pledges.domain import record_returns
from pledges.models import Pledge, PledgeType, Premises, ReturnChange, ReturnEntry
from registry.models import Agency, Merchant, Region
from tests.cases.files import write_sheet
from tests.factories import AgencyFactory, MerchantFactory, PledgeFactory, PremisesFactory, UserFactory
from tests.importing import called, counts, write_lines

pytestmark = pytest.mark.django_db
HEADER = ("统一社会信用代码", "经营者名称", "门店名称", "区县", "月份", "退货件数", "退货金额(元)")
MODELS = (Merchant, Premises, Pledge, ReturnEntry, ReturnChange)
CODE = "91000000MA0000010P"
MAY = dt.date(2024, 5, 1)
LINE = {
    "统一社会信用代码": CODE, "经营者名称": "杭州青禾商贸有限公司", "门店名称": "青禾武林店", "区县": "西湖区",
    "月份": "2024-05", "退货件数": "12", "退货金额(元)": "1,234.50",
}  # fmt: skip


@pytest.fixture
def west():
    return Agency.objects.get(name="杭州市西湖区市场监督管理局")


@pytest.fixture
def place():
    return Region.objects.filter(code="330106").first()


@pytest.fixture
def merchant(place):
    return MerchantFactory(coded=True, credit_code=CODE, name="杭州青禾商贸有限公司", region=place)


@pytest.fixture
def type():
    return PledgeType.objects.get(code="no_reason_return")


@pytest.fixture
def premises(merchant, west, place, type):
    """With a return pledge since 20 May 2024."""
    premises = PremisesFactory(merchant=merchant, name="青禾武林店", agency=west, region=place)
    PledgeFactory(premises=premises, type=type, in_force=True, published_on=dt.date(2024, 5, 20))
    return premises


@pytest.fixture
def importer(west):
    return UserFactory(agency=west.parent, roles=["clerk"])


@pytest.fixture
def run(capsys, tmp_path, premises, importer):
    """Import rows as a file; the JSON object that the command prints."""

    def call(*lines, **options):
        path = write_lines(tmp_path / "returns.csv", HEADER, lines)
        return called(capsys, "import_returns", path, **{"user": importer.username} | options)

    return call


def stored() -> list:
    return [list(model.objects.order_by("pk").values()) for model in MODELS]


def reject() -> tuple:
    return ImportReject.objects.values_list("line", "column", "value", "rule").get()


class TestRows:
    def test_the_returns_of_a_month(self, run, premises):
        assert counts(run(LINE)) == {"rows": 1, "created": 1}

        entry = ReturnEntry.objects.get()
        assert (entry.premises, entry.month, entry.count, entry.amount) == (premises, MAY, 12, Decimal("1234.50"))
        assert (entry.entered_by, entry.import_file, entry.import_line) == (None, ImportFile.objects.get(), 2)
        total = {
            "rows": 1, "amounts": {"returned": "1234.50"}, "by_kind": {"returns": 1}, "by_region": {"330106": 1},
        }  # fmt: skip
        run_row = ImportRun.objects.get()
        assert (run_row.target, run_row.control) == ("returns", {"file": total, "database": total})

    def test_again_it_is_unchanged(self, run):
        run(LINE)
        before = stored()

        assert counts(run(LINE)) == {"rows": 1, "unchanged": 1}
        assert stored() == before

    def test_nothing_but_entries_is_made(self, run):
        before = stored()[:3]

        run(LINE, LINE | {"统一社会信用代码": "", "经营者名称": "杭州河坊茶庄"})

        assert stored()[:3] == before

    @pytest.mark.parametrize(
        "written",
        ["2024-05", "2024-5", "2024/05", "2024年5月", "2024年05月", "202405", "2024.05", "2024-05-31", "2024年5月7日"],
    )
    def test_a_month_as_people_write_it(self, run, written):
        assert counts(run(LINE | {"月份": written})) == {"rows": 1, "created": 1}
        assert ReturnEntry.objects.get().month == MAY

    @pytest.mark.parametrize(
        ("count", "amount", "expected"),
        [
            ("0", "0", (0, Decimal(0))), ("1,200件", "¥1,234.5元", (1200, Decimal("1234.50"))),
            ("3.0", "1.2万元", (3, Decimal(12_000))), ("5", "0", (5, Decimal(0))),
        ],
    )  # fmt: skip
    def test_counts_and_amounts(self, run, count, amount, expected):
        assert counts(run(LINE | {"退货件数": count, "退货金额(元)": amount})) == {"rows": 1, "created": 1}
        assert ReturnEntry.objects.values_list("count", "amount").get() == expected

    def test_a_workbook(self, capsys, tmp_path, premises):
        path = write_sheet(tmp_path / "a.xlsx", [LINE | {"月份": 45432, "退货件数": 12}], header=list(HEADER))

        assert counts(called(capsys, "import_returns", path)) == {"rows": 1, "created": 1}
        assert ReturnEntry.objects.values_list("month", "count").get() == (MAY, 12)

    def test_a_code_alone_names_the_merchant(self, run):
        assert counts(run(LINE | {"区县": "", "经营者名称": "旧名称"})) == {"rows": 1, "created": 1}

    def test_name_and_district_do_too_if_one_alone_bears_it(self, run, premises):
        MerchantFactory(name=LINE["经营者名称"], verified=True)  # elsewhere

        assert counts(run(LINE | {"统一社会信用代码": ""})) == {"rows": 1, "created": 1, "warnings": 1}
        assert ReturnEntry.objects.get().premises == premises
        listed = ImportWarning.objects.values_list("rule", "column", "value").get()
        assert listed == ("merchant_named", "经营者名称", LINE["经营者名称"])

    def test_one_that_is_not_verified_is_that_of_the_pledge(self, run, premises):
        Merchant.objects.filter(pk=premises.merchant_id).update(credit_code=None, verified=False)

        assert counts(run(LINE | {"统一社会信用代码": ""})) == {"rows": 1, "created": 1}

    def test_without_a_name_of_their_own_premises_bear_the_merchants(self, run, premises):
        Premises.objects.update(name="杭州青禾商贸有限公司", name_key="杭州青禾商贸有限公司")

        assert counts(run(LINE | {"门店名称": ""})) == {"rows": 1, "created": 1}

    def test_a_wrong_code_is_a_warning(self, run):
        assert counts(run(LINE | {"统一社会信用代码": "91000000MA0000010X"})) == {"rows": 1, "created": 1, "warnings": 2}
        assert set(ImportWarning.objects.values_list("rule", flat=True)) == {"credit_code", "merchant_named"}

    def test_of_an_ended_pledge_too(self, run):
        Pledge.objects.update(state="revoked", ended_on=dt.date(2024, 6, 1))

        assert counts(run(LINE | {"月份": "2024-07"})) == {"rows": 1, "created": 1}


class TestCorrections:
    def test_a_later_file_corrects_and_keeps_what_stood_before(self, run, importer):
        run(LINE)

        assert counts(run(LINE | {"退货件数": "11", "退货金额(元)": "1100"})) == {"rows": 1, "updated": 1}

        entry, change = ReturnEntry.objects.get(), ReturnChange.objects.get()
        assert (entry.count, entry.amount, entry.import_file) == (11, Decimal(1100), ImportFile.objects.latest("pk"))
        assert (change.entry, change.count_before, change.amount_before) == (entry, 12, Decimal("1234.50"))
        assert (change.count, change.amount, change.actor, change.reason) == (11, Decimal(1100), importer, "")
        assert (change.import_file, change.import_line) == (entry.import_file, 2)
        assert counts(run(LINE)) == {"rows": 1, "updated": 1}

    @pytest.mark.parametrize("imported_first", [True, False])
    def test_what_was_entered_or_corrected_here_is_left(self, run, premises, west, imported_first):
        if imported_first:
            run(LINE)
        clerk = UserFactory(agency=west, roles=["pledge_clerk"])
        record_returns(premises, MAY, 7, Decimal(70), actor=clerk, reason="核对原始票据")
        before = stored()

        assert counts(run(LINE)) == {"rows": 1, "unchanged": 1, "warnings": 1, "differing": 1}

        assert stored() == before
        found = ImportWarning.objects.get()
        assert (found.rule, found.column, found.value) == ("returns", "月份", "杭州青禾商贸有限公司 2024-05")
        assert counts(run(LINE | {"退货件数": "7", "退货金额(元)": "70"})) == {"rows": 1, "unchanged": 1}


class TestRejects:
    @pytest.mark.parametrize(
        ("changes", "column", "value", "rule"),
        [
            ({"经营者名称": ""}, "经营者名称", "", "required"), ({"月份": ""}, "月份", "", "required"),
            ({"退货件数": ""}, "退货件数", "", "required"), ({"退货金额(元)": ""}, "退货金额(元)", "", "required"),
            ({"退货件数": "-1"}, "退货件数", "-1", "count"), ({"退货件数": "1.5"}, "退货件数", "1.5", "count"),
            ({"退货件数": "许多"}, "退货件数", "许多", "count"),
            ({"退货件数": "1000000000"}, "退货件数", "1000000000", "count"),
            ({"退货件数": "9" * 4000}, "退货件数", None, "count"),
            ({"退货金额(元)": "-0.01"}, "退货金额(元)", "-0.01", "amount.negative"),
            ({"退货金额(元)": "1.005"}, "退货金额(元)", "1.005", "amount.fraction"),
            ({"退货金额(元)": "多"}, "退货金额(元)", "多", "amount.unreadable"),
            ({"退货件数": "0"}, "退货金额(元)", "1,234.50", "count"),
            ({"月份": "2024-04"}, "月份", "2024-04", "date_order"),
            ({"月份": "2024-13"}, "月份", "2024-13", "date.impossible"),
            ({"月份": "2024-00"}, "月份", "2024-00", "date.impossible"),
            ({"月份": "1989-12"}, "月份", "1989-12", "date.impossible"),
            ({"月份": "五月"}, "月份", "五月", "date.unreadable"),
            ({"区县": "不知"}, "区县", "不知", "region"),
            ({"统一社会信用代码": "91000000MA0000020Q"}, "统一社会信用代码", "91000000MA0000020Q", "merchant"),
            ({"统一社会信用代码": "", "区县": ""}, "经营者名称", "杭州青禾商贸有限公司", "merchant"),
            ({"统一社会信用代码": "", "经营者名称": "杭州河坊茶庄"}, "经营者名称", "杭州河坊茶庄", "merchant"),
            ({"统一社会信用代码": "", "区县": "上城区"}, "经营者名称", "杭州青禾商贸有限公司", "merchant"),
            ({"门店名称": "青禾二店"}, "门店名称", "青禾二店", "premises"),
            ({"门店名称": ""}, "经营者名称", "杭州青禾商贸有限公司", "premises"),
            ({"区县": "上城区"}, "门店名称", "青禾武林店", "premises"),
            ({"统一社会信用代码": "9.1E+17"}, "统一社会信用代码", "9.1E+17", "number.rounded"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_is_rejected_with_its_reason(self, run, changes, column, value, rule):
        before = stored()

        assert counts(run(LINE | changes)) == {"rows": 1, "rejected": 1}

        found = reject()
        assert (found[0], found[1], found[3]) == (2, column, rule)
        assert value is None or found[2] == value
        assert len(ImportReject.objects.get().message) > 8
        assert stored() == before

    def test_no_month_to_come(self, run):
        today = timezone.localdate()
        later = (today.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
        lines = [LINE | {"月份": f"{month:%Y-%m}"} for month in (today, later)]

        assert counts(run(*lines)) == {"rows": 2, "created": 1, "rejected": 1}
        assert reject() == (3, "月份", f"{later:%Y-%m}", "date.future")

    def test_a_namesake_is_never_taken(self, run, merchant, place):
        """Two verified merchants of one name in one district: neither is meant for certain."""
        MerchantFactory(name=merchant.name, region=place, verified=True)

        assert counts(run(LINE | {"统一社会信用代码": ""})) == {"rows": 1, "rejected": 1}
        assert reject()[1:] == ("经营者名称", merchant.name, "merchant")

    def test_premises_of_one_name_in_two_districts(self, run, merchant, premises, type):
        other = PremisesFactory(merchant=merchant, name=premises.name, region=Region.objects.get(code="330108"))
        PledgeFactory(premises=other, type=type, in_force=True, published_on=MAY)

        summary = run(LINE | {"区县": ""}, LINE | {"区县": "滨江区"})

        assert counts(summary) == {"rows": 2, "created": 1, "rejected": 1}
        assert reject() == (2, "门店名称", "青禾武林店", "premises")
        assert ReturnEntry.objects.get().premises == other

    @pytest.mark.parametrize("pledge", ["none", "another type", "an application"])
    def test_premises_without_a_return_pledge(self, run, premises, type, pledge):
        Pledge.objects.all().delete()
        if pledge == "another type":
            PledgeFactory(premises=premises, in_force=True, published_on=MAY)
        elif pledge == "an application":
            PledgeFactory(premises=premises, type=type)

        assert counts(run(LINE)) == {"rows": 1, "rejected": 1}
        assert reject() == (2, "门店名称", "青禾武林店", "pledge")

    def test_premises_of_another_agency_are_not_there(self, run, premises, west):
        outsider = UserFactory(agency=AgencyFactory(parent=AgencyFactory()), roles=["clerk"])

        assert counts(run(LINE, user=outsider.username)) == {"rows": 1, "rejected": 1}
        assert reject() == (2, "门店名称", "青禾武林店", "premises")
        own = UserFactory(agency=west, roles=["clerk"])
        assert counts(run(LINE, user=own.username)) == {"rows": 1, "created": 1}

    @pytest.mark.parametrize("chunk_rows", [1, 10])
    @pytest.mark.parametrize("changes", [{}, {"统一社会信用代码": "", "月份": "2024年5月", "退货件数": "1"}])
    def test_a_month_twice_in_the_file(self, run, chunk_rows, changes):
        bad = LINE | {"退货件数": "-1"}

        summary = run(bad, LINE, LINE | changes, LINE | {"月份": "2024-06"}, chunk_rows=chunk_rows)

        assert counts(summary) == {"rows": 4, "created": 2, "duplicates": 1, "rejected": 1}
        assert ImportReject.objects.filter(kind="duplicate").values_list("line", "column").get() == (4, "月份")
        assert ReturnEntry.objects.get(month=MAY).count == 12

    def test_atomic_is_all_or_none(self, run):
        before = stored()

        with pytest.raises(CommandError) as refused:
            run(LINE, LINE | {"月份": "2024-04"}, atomic=True)
        assert (refused.value.returncode, stored()) == (2, before)

    def test_a_dry_run_writes_nothing(self, run):
        before = stored()

        assert counts(run(LINE, dry_run=True)) == {"rows": 1, "created": 1}
        assert stored() == before


def test_a_run_that_was_cut_off_goes_on(run, monkeypatch):
    lines = [LINE | {"月份": f"2024-{n:02}"} for n in (4, 5, 6, 7, 8)] + [LINE | {"统一社会信用代码": ""}]
    commit, calls = engine._commit, []

    def cut(*args):
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(1)
        return commit(*args)

    monkeypatch.setattr(engine, "_commit", cut)
    with pytest.raises(KeyboardInterrupt):
        run(*lines, chunk_rows=2)
    assert ReturnEntry.objects.count() == 3
    monkeypatch.setattr(engine, "_commit", commit)

    assert counts(run(*lines, chunk_rows=2)) == {"rows": 6, "created": 4, "duplicates": 1, "rejected": 1}
    assert (ImportRun.objects.count(), ReturnChange.objects.count()) == (1, 0)
