"""Files that somebody made badly or means badly: what holds for cases and mediations holds for pledges and returns."""

import csv
import datetime as dt

import pytest
from django.core.management import CommandError, call_command

from cases.models import ImportReject, ImportRun
from pledges.models import Pledge, PledgeType, ReturnEntry
from registry.models import Agency, Region
from tests.factories import MerchantFactory, PledgeFactory, PremisesFactory
from tests.importing import called, counts, write_lines

pytestmark = pytest.mark.django_db
NASTY = "=HYPERLINK(\"x\")\t\\N \\. '; DROP TABLE pledges_pledge; --\n{{ 7*7 }} <script>🙂"
TARGETS = {"pledges": Pledge, "returns": ReturnEntry}
CODE = "91000000MA0000010P"


@pytest.fixture
def good(db):
    """A good row for each target, by its name."""
    place = Region.objects.filter(code="330106").first()
    merchant = MerchantFactory(coded=True, credit_code=CODE, name="杭州青禾商贸有限公司", region=place)
    west = Agency.objects.get(name="杭州市西湖区市场监督管理局")
    premises = PremisesFactory(merchant=merchant, name="青禾武林店", agency=west, region=place)
    PledgeFactory(
        premises=premises, type=PledgeType.objects.get(code="no_reason_return"), in_force=True,
        published_on=dt.date(2024, 5, 1),
    )  # fmt: skip
    return {
        "pledges": {
            "承诺编号": "C1", "承诺类型": "长三角异地异店退换货", "经营者名称": "杭州青禾商贸有限公司",
            "统一社会信用代码": CODE, "门店名称": "青禾武林店", "区县": "西湖区", "地址": "文三路1号",
            "管辖单位": west.name, "申请日期": "2024-05-06", "公布日期": "2024-05-20", "有效期至": "2025-05-19",
            "状态": "摘牌", "结束日期": "2025-01-01", "原因": "失联",
            "连续期数": "1", "牌匾编号": "HZ-0001", "退货天数": "10", "适用商品": "全部", "除外商品": "内衣",
            "商品条件": "完好", "凭证": "小票", "运费承担": "消费者", "退款天数": "3", "异店范围": "长三角直营店",
            "承诺内容": "一诺千金", "先行赔付金": "100.00",
        },
        "returns": {
            "统一社会信用代码": CODE, "经营者名称": "杭州青禾商贸有限公司", "门店名称": "青禾武林店", "区县": "西湖区",
            "月份": "2024-06", "退货件数": "3", "退货金额": "99.90",
        },
    }  # fmt: skip


@pytest.fixture
def before(good):
    return {name: model.objects.count() for name, model in TARGETS.items()}


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize(
    "content",
    [b"", b"<html><table><tr><td>1</td></tr></table></html>", b"PK\x03\x04 no archive", b"\x00\x01\x02\xff" * 99],
)
def test_what_is_no_table_is_refused_in_one_line(good, before, tmp_path, name, content):
    path = tmp_path / "a.xls"
    path.write_bytes(content)

    with pytest.raises(CommandError) as refused:
        call_command(f"import_{name}", str(path))

    assert (refused.value.returncode, "\n" in str(refused.value)) == (1, False)
    assert (ImportRun.objects.count(), TARGETS[name].objects.count()) == (0, before[name])


@pytest.mark.parametrize("name", TARGETS)
def test_rows_of_another_width_are_rejected_and_the_good_one_is_taken(good, before, capsys, tmp_path, name):
    line = good[name]
    path = tmp_path / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([line.keys(), ["zu wenig"], [*line.values(), "zu", "viel"], line.values()])

    assert counts(called(capsys, f"import_{name}", path)) == {"rows": 3, "created": 1, "rejected": 2}
    assert list(ImportReject.objects.values_list("line", flat=True)) == [2, 3]
    assert TARGETS[name].objects.count() == before[name] + 1


@pytest.mark.parametrize("name", TARGETS)
def test_an_unknown_column_is_refused_and_not_dropped(good, tmp_path, name):
    line = good[name] | {"神秘": "x"}
    path = write_lines(tmp_path / "a.csv", line.keys(), [line])

    with pytest.raises(CommandError, match="神秘"):
        call_command(f"import_{name}", str(path))


@pytest.mark.parametrize("name", TARGETS)
def test_every_cell_may_hold_anything(good, capsys, tmp_path, name):
    """One bad cell a row, in every column: nothing but rejects and rows comes of it."""
    line = good[name]
    values = (NASTY, "\ufdfa" * 999, "1e999", "9999-12-31 23:59", "-1", "\u202e\u200b\ud7ff", "0" * 5000, "٣", "²")
    lines = [line | {column: value} for column in line for value in values]
    path = write_lines(tmp_path / "a.csv", line.keys(), lines)

    summary = called(capsys, f"import_{name}", path, rejects=tmp_path / "r.csv")

    assert summary["rows"] == len(lines)
    assert sum(summary[part] for part in ("created", "updated", "unchanged", "duplicates", "rejected")) == len(lines)
    assert not ImportReject.objects.filter(rule="database").exists()
    with (tmp_path / "r.csv").open(encoding="utf-8-sig", newline="") as file:
        assert not [cell for line in csv.reader(file) for cell in line if cell[:1] in ("=", "+", "@", "\t")]


@pytest.mark.parametrize(
    ("column", "field"),
    [("适用商品", "goods"), ("除外商品", "excluded"), ("商品条件", "condition"), ("异店范围", "cross_store"),
     ("承诺内容", "statement")],
)  # fmt: skip
def test_a_long_text_is_kept_to_the_letter(good, capsys, tmp_path, column, field):
    line = good["pledges"] | {column: NASTY * 20}
    path = write_lines(tmp_path / "a.csv", line.keys(), [line])

    assert counts(called(capsys, "import_pledges", path)) == {"rows": 1, "created": 1}
    assert getattr(Pledge.objects.get(external_number="C1"), field) == NASTY * 20
    assert counts(called(capsys, "import_pledges", path)) == {"rows": 1, "unchanged": 1}
