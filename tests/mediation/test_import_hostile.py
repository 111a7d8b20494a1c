"""Files that somebody made badly or means badly: what holds for cases and merchants holds for all targets."""

import csv

import pytest
from django.core.management import CommandError, call_command

from cases.models import ImportReject, ImportRun
from mediation.models import Mediator, PlatformReferral, Session
from registry.models import Platform
from tests.factories import AgencyFactory, CaseFactory, MediatorFactory, PlatformFactory
from tests.factories.cases import local
from tests.importing import called, counts, write_lines

pytestmark = pytest.mark.django_db
NASTY = "=HYPERLINK(\"x\")\t\\N \\. '; DROP TABLE cases_case; --\n{{ 7*7 }} <script>🙂"
TARGETS = {"platforms": Platform, "mediators": Mediator, "sessions": Session, "referrals": PlatformReferral}


@pytest.fixture
def good(db):
    """A good row for each target, by its name."""
    agency = AgencyFactory()
    CaseFactory(handling=agency, closed=True, received_at=local(2020, 5, 6), external_number="3301")
    MediatorFactory(agency=agency, name="赵调解")
    mall = PlatformFactory(name="青团商城")
    return {
        "platforms": {"平台编码": "neu", "平台名称": "新商城", "英文名称": "New Mall"},
        "mediators": {"姓名": "钱调解", "所属机构": agency.code},
        "sessions": {
            "场次编号": "C1", "登记编号": "3301", "调解机构": agency.code, "调解员": "赵调解",
            "开始时间": "2020-05-20 09:00", "结束时间": "2020-05-20 10:30", "调解方式": "现场", "调解地点": "会议厅",
            "场次状态": "已召开", "调解结果": "达成调解协议",
        },
        "referrals": {
            "登记编号": "3301", "平台名称": mall.name, "转办时间": "2020-05-07 10:00", "答复时间": "2020-05-08",
            "办结时间": "2020-05-12 10:00", "办理结果": "已和解",
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
    values = (NASTY, "\ufdfa" * 999, "1e999", "9999-12-31 23:59", "-1", "\u202e\u200b\ud7ff", "0" * 5000)
    lines = [line | {column: value} for column in line for value in values]
    path = write_lines(tmp_path / "a.csv", line.keys(), lines)

    summary = called(capsys, f"import_{name}", path, rejects=tmp_path / "r.csv")

    assert summary["rows"] == len(lines)
    assert sum(summary[part] for part in ("created", "updated", "unchanged", "duplicates", "rejected")) == len(lines)
    assert not ImportReject.objects.filter(rule="database").exists()
    with (tmp_path / "r.csv").open(encoding="utf-8-sig", newline="") as file:
        assert not [cell for line in csv.reader(file) for cell in line if cell[:1] in ("=", "+", "@", "\t")]


@pytest.mark.parametrize(
    ("name", "column", "field"), [("sessions", "调解记录", "minutes"), ("referrals", "答复内容", "reply")]
)
def test_a_long_text_is_kept_to_the_letter(good, capsys, tmp_path, name, column, field):
    line = good[name] | {column: NASTY}
    path = write_lines(tmp_path / "a.csv", line.keys(), [line])

    assert counts(called(capsys, f"import_{name}", path)) == {"rows": 1, "created": 1}
    assert getattr(TARGETS[name].objects.get(), field) == NASTY
    assert counts(called(capsys, f"import_{name}", path)) == {"rows": 1, "unchanged": 1}
