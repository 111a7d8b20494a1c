import datetime as dt

import pytest
from django.core.management import CommandError

from cases.models import ImportReject, ImportRun
from core.text import name_key
from registry.models import Merchant, Platform
from registry.reference.loading import load
from tests.cases.files import write_sheet
from tests.factories import AgencyFactory, MerchantFactory, PlatformFactory
from tests.importing import called, counts, write_lines

pytestmark = pytest.mark.django_db
HEADER = (
    "平台编码", "平台名称", "英文名称", "别名", "运营主体统一社会信用代码", "运营主体", "机构编码", "绿色通道加入日期",
    "绿色通道退出日期",
)  # fmt: skip
CODE = "91000000MA0000010P"
MALL = {
    "平台编码": "qingtuan", "平台名称": "青团商城", "英文名称": "Qingtuan Mall", "别名": "青团；青团网",
    "绿色通道加入日期": "2020-03-01",
}  # fmt: skip


@pytest.fixture
def run(capsys, tmp_path):
    """Import rows as a file; the JSON object that the command prints."""

    def call(*lines, **options):
        return called(capsys, "import_platforms", write_lines(tmp_path / "platforms.csv", HEADER, lines), **options)

    return call


def operator(**fields) -> Merchant:
    fields = {"name": "杭州青团网络有限公司", "verified": True} | fields
    return MerchantFactory(**fields, name_key=name_key(fields["name"]))


class TestRows:
    def test_a_new_platform_has_all_that_the_file_says(self, run):
        merchant, agency = operator(credit_code=CODE), AgencyFactory(partner=True)

        line = MALL | {"运营主体统一社会信用代码": CODE, "机构编码": agency.code, "绿色通道退出日期": "2030-01-01"}
        assert counts(run(line)) == {"rows": 1, "created": 1}

        mall = Platform.objects.get(code="qingtuan")
        assert (mall.name, mall.name_en, mall.aliases) == ("青团商城", "Qingtuan Mall", ["青团", "青团网"])
        assert (mall.operator, mall.agency) == (merchant, agency)
        assert (mall.green_from, mall.green_to) == (dt.date(2020, 3, 1), dt.date(2030, 1, 1))
        stored = ImportRun.objects.get()
        assert (stored.target, stored.source, stored.state) == ("platforms", "platforms", "completed")
        total = {"rows": 1, "amounts": {}, "by_kind": {"platform": 1}, "by_region": {"": 1}}
        assert stored.control == {"file": total, "database": total}

    def test_again_it_is_unchanged(self, run):
        run(MALL)
        before = list(Platform.objects.order_by("pk").values())

        assert counts(run(MALL)) == {"rows": 1, "unchanged": 1}
        assert list(Platform.objects.order_by("pk").values()) == before

    def test_the_file_is_the_source_and_an_empty_cell_takes_nothing_away(self, run):
        platform = PlatformFactory(code="qingtuan", aliases=["团团"], green_from=dt.date(2019, 1, 1))

        line = MALL | {"平台名称": "", "绿色通道退出日期": "2026-07-01"}
        assert counts(run(line)) == {"rows": 1, "updated": 1}

        name, agency = platform.name, platform.agency
        platform.refresh_from_db()
        assert (platform.name, platform.name_en, platform.agency) == (name, "Qingtuan Mall", agency)
        assert platform.aliases == ["团团", "青团", "青团网"]
        assert (platform.green_from, platform.green_to) == (dt.date(2020, 3, 1), dt.date(2026, 7, 1))

    def test_the_operator_is_found_by_name_too(self, run):
        merchant = operator(credit_code=None)

        assert counts(run(MALL | {"运营主体": "杭州青团网络 有限公司"})) == {"rows": 1, "created": 1}
        assert Platform.objects.get(code="qingtuan").operator == merchant

    def test_what_was_imported_is_kept_by_a_load_of_the_reference_files(self, run):
        load(only=["agencies", "platforms"])
        run({"平台编码": "chengkuang", "绿色通道加入日期": "2020-06-01"})

        report = load(only=["agencies", "platforms"])

        assert Platform.objects.get(code="chengkuang").green_from == dt.date(2020, 6, 1)
        assert [(one.key, one.field) for one in report.differences] == [("chengkuang", "green_from")]

    def test_a_workbook_gives_its_dates(self, capsys, tmp_path):
        header = ["平台编码", "平台名称", "英文名称", "绿色通道加入日期"]
        line = {"平台编码": "qingtuan", "平台名称": "青团商城", "英文名称": "Qingtuan Mall", "绿色通道加入日期": 43891}
        path = write_sheet(tmp_path / "a.xlsx", [line], header=header)

        assert counts(called(capsys, "import_platforms", path)) == {"rows": 1, "created": 1}
        assert Platform.objects.get(code="qingtuan").green_from == dt.date(2020, 3, 1)


class TestRefused:
    @pytest.mark.parametrize(
        ("changes", "column", "value", "rule"),
        [
            ({"平台编码": ""}, "平台编码", "", "required"),
            ({"平台名称": ""}, "平台名称", "", "required"),
            ({"英文名称": "-"}, "英文名称", "", "required"),
            ({"平台编码": "c" * 33}, "平台编码", "c" * 33, "length"),
            ({"平台名称": "长" * 121}, "平台名称", "长" * 60 + "…", "length"),
            ({"别名": "青团；" + "长" * 61}, "别名", "长" * 60 + "…", "length"),
            ({"平台编码": "1.23E+17"}, "平台编码", "1.23E+17", "number.rounded"),
            ({"运营主体统一社会信用代码": CODE}, "运营主体统一社会信用代码", CODE, "operator"),
            ({"运营主体统一社会信用代码": "91"}, "运营主体统一社会信用代码", "91", "credit_code"),
            ({"运营主体": "无此公司"}, "运营主体", "无此公司", "operator"),
            ({"机构编码": "nowhere"}, "机构编码", "nowhere", "agency"),
            ({"绿色通道加入日期": "2020-02-30"}, "绿色通道加入日期", "2020-02-30", "date.impossible"),
            ({"绿色通道退出日期": "2020-03-01"}, "绿色通道退出日期", "2020-03-01", "date_order"),
            ({"别名": "别家"}, "别名", "别家", "name_taken"),
            ({"平台名称": "BIEJIA mall"}, "平台名称", "BIEJIA mall", "name_taken"),
        ],
    )
    def test_a_row_that_cannot_be_taken_is_named_and_the_others_go_on(self, run, changes, column, value, rule):
        other = {"平台编码": "biejia", "平台名称": "别家商城", "英文名称": "Biejia Mall", "别名": "别家"}

        assert counts(run(other, MALL | changes)) == {"rows": 2, "created": 1, "rejected": 1}

        reject = ImportReject.objects.get()
        assert (reject.line, reject.column, reject.value, reject.rule) == (3, column, value, rule)
        assert reject.message
        assert not Platform.objects.filter(code="qingtuan").exists()

    def test_an_operator_of_whom_there_are_two_is_not_guessed(self, run):
        operator(), operator()

        assert counts(run(MALL | {"运营主体": "杭州青团网络有限公司"})) == {"rows": 1, "rejected": 1}

    def test_a_refused_row_leaves_its_platform_as_it_was(self, run):
        platform = PlatformFactory(code="qingtuan")
        before = Platform.objects.values().get(pk=platform.pk)

        assert counts(run(MALL | {"绿色通道退出日期": "2019-12-31"})) == {"rows": 1, "rejected": 1}
        assert Platform.objects.values().get(pk=platform.pk) == before

    @pytest.mark.parametrize("kind", ["council", "partner"])
    def test_the_agency_is_the_platforms_own(self, run, kind):
        agency = AgencyFactory(**{kind: True})
        if kind == "partner":
            PlatformFactory(agency=agency)

        assert counts(run(MALL | {"机构编码": agency.code})) == {"rows": 1, "rejected": 1}
        assert ImportReject.objects.values_list("column", "rule").get() == ("机构编码", "agency")

    @pytest.mark.parametrize("chunk_rows", [1, 10])
    def test_of_two_rows_of_one_code_the_first_is_taken(self, run, chunk_rows):
        summary = run(MALL, MALL | {"平台名称": "又一个"}, chunk_rows=chunk_rows)

        assert counts(summary) == {"rows": 2, "created": 1, "duplicates": 1}
        assert ImportReject.objects.values_list("line", "column", "value").get() == (3, "平台编码", "qingtuan")

    def test_a_file_without_codes_is_refused_in_one_line(self, tmp_path, capsys):
        path = write_lines(tmp_path / "a.csv", ("平台名称",), [{"平台名称": "青团商城"}])

        with pytest.raises(CommandError, match="平台编码"):
            called(capsys, "import_platforms", path)
        assert ImportRun.objects.count() == 0


class TestModes:
    def test_a_dry_run_writes_nothing(self, run):
        before = Platform.objects.count()

        assert counts(run(MALL, dry_run=True)) == {"rows": 1, "created": 1}
        assert (Platform.objects.count(), ImportRun.objects.count()) == (before, 0)

    def test_an_atomic_import_with_a_reject_writes_nothing(self, run):
        before = Platform.objects.count()

        with pytest.raises(CommandError) as refused:
            run(MALL, {"平台名称": "无编码"}, atomic=True)
        assert refused.value.returncode == 2
        assert (Platform.objects.count(), ImportRun.objects.count()) == (before, 0)
