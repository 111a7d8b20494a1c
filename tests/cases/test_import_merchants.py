import csv
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from cases.importers import engine
from cases.models import CaseChange, ImportReject, ImportRun, ImportWarning
from core.text import name_key
from registry.models import Merchant, Region
from tests.cases.files import write_sheet
from tests.factories import CaseFactory

pytestmark = pytest.mark.django_db
HEADER = ("名称", "统一社会信用代码", "别名", "行政区划", "地址", "行业门类")
CODE, OTHER = "91000000MA0000010P", "91000000MA0000020Q"
GYM = ("杭州青禾健身有限公司", CODE, "青禾健身；青禾会馆", "西湖区", "文三路1号", "R")
TEA = ("杭州河坊茶庄", "", "", "上城区", "河坊街2号", "F")


@pytest.fixture
def run(capsys, tmp_path):
    """Import rows as a file; the JSON object that the command prints."""

    def call(*lines, **options):
        path = tmp_path / "merchants.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([HEADER, *lines])
        call_command("import_merchants", str(path), json=True, **options)
        return json.loads(capsys.readouterr().out.splitlines()[-1])

    return call


def counts(summary: dict) -> dict:
    names = ("rows", "created", "updated", "unchanged", "duplicates", "rejected", "warnings")
    return {name: summary[name] for name in names if summary[name]}


def stored(**fields) -> Merchant:
    return Merchant.objects.create(**fields | {"name_key": name_key(fields["name"])})


def west() -> Region:
    return Region.objects.filter(code="330106").first()


class TestRows:
    def test_new_merchants_are_created_with_all_that_the_file_says(self, run):
        assert counts(run(GYM, TEA)) == {"rows": 2, "created": 2}

        gym, tea = Merchant.objects.order_by("pk")
        assert (gym.name, gym.credit_code, gym.aliases) == (GYM[0], CODE, ["青禾健身", "青禾会馆"])
        assert (gym.region.code, gym.address, gym.industry.code, gym.verified) == ("330106", "文三路1号", "R", True)
        assert (gym.pinyin, tea.pinyin) == (
            "hang zhou qing he jian shen you xian gong si ", "hang zhou he fang cha zhuang ",
        )  # fmt: skip
        assert (tea.credit_code, tea.aliases, tea.region.code, tea.verified) == (None, [], "330102", True)
        run_stored = ImportRun.objects.get()
        assert (run_stored.target, run_stored.state, run_stored.created) == ("merchants", "completed", 2)

    def test_again_they_are_unchanged(self, run):
        run(GYM, TEA)
        before = list(Merchant.objects.values())

        assert counts(run(GYM, TEA)) == {"rows": 2, "unchanged": 2}
        assert list(Merchant.objects.values()) == before

    def test_what_was_stated_to_be_another_merchant_stays_that(self, run):
        region = Region.objects.get(code="330102", valid_to=None)
        other = stored(name="杭州河坊茶业有限公司", credit_code=OTHER, region=region, verified=True)
        stored(name=TEA[0], region=region, same_as=other)
        before = list(Merchant.objects.order_by("pk").values())

        assert counts(run(TEA)) == {"rows": 1, "unchanged": 1}
        assert list(Merchant.objects.order_by("pk").values()) == before

    def test_cases_of_merchants_with_new_names_or_aliases_stand_in_the_feed(self, run):
        run(GYM, TEA)
        gym, tea = Merchant.objects.order_by("pk")
        case = CaseFactory(merchant=gym)
        CaseFactory(merchant=tea)
        CaseChange.objects.all().delete()

        run(GYM, (*TEA[:4], "河坊街3号", TEA[5]))
        assert not CaseChange.objects.exists()
        run(("杭州青禾体育有限公司", *GYM[1:]), TEA)
        run((*GYM[:2], "青禾体育", *GYM[3:]), TEA)
        assert list(CaseChange.objects.values_list("case_id", "kind")) == [(case.pk, "changed")] * 2

    def test_a_merchant_of_that_code_is_updated_whatever_its_name(self, run):
        merchant = stored(name="旧名字", credit_code=CODE, verified=True)

        assert counts(run(GYM)) == {"rows": 1, "updated": 1}
        merchant.refresh_from_db()
        assert (merchant.name, merchant.name_key, merchant.region) == (GYM[0], name_key(GYM[0]), west())
        assert merchant.pinyin == "hang zhou qing he jian shen you xian gong si "

    def test_an_unverified_merchant_of_name_and_region_becomes_verified(self, run):
        merchant = stored(name="河坊 茶庄", region=west(), verified=False)

        assert counts(run(("河坊茶庄", "", "", "西湖区", "", ""))) == {"rows": 1, "updated": 1}
        merchant.refresh_from_db()
        assert (merchant.name, merchant.verified) == ("河坊茶庄", True)

    def test_one_that_a_case_of_an_earlier_map_made_becomes_verified(self, run):
        before, today = Region.objects.filter(code="330110").order_by("valid_from")
        merchant = stored(name="良渚茶庄", region=before, verified=False)

        assert counts(run(("良渚茶庄", "", "", "余杭区", "", ""))) == {"rows": 1, "updated": 1}
        merchant.refresh_from_db()
        assert (merchant.verified, merchant.region) == (True, today)

    def test_a_namesake_elsewhere_or_with_a_code_is_left_alone(self, run):
        elsewhere = stored(name="河坊茶庄", region=None, verified=False)
        coded = stored(name="河坊茶庄", region=west(), credit_code=OTHER, verified=True)

        assert counts(run(("河坊茶庄", "", "", "西湖区", "新地址", ""))) == {"rows": 1, "created": 1}
        elsewhere.refresh_from_db()
        coded.refresh_from_db()
        assert (elsewhere.verified, coded.address) == (False, "")

    def test_an_empty_cell_takes_nothing_away(self, run):
        run(GYM)

        assert counts(run((GYM[0], CODE, "", "", "", ""))) == {"rows": 1, "unchanged": 1}
        merchant = Merchant.objects.get()
        assert (merchant.aliases, merchant.address) == (["青禾健身", "青禾会馆"], "文三路1号")
        assert (merchant.region, merchant.industry.code) == (west(), "R")

    def test_aliases_are_added_to_those_that_are_there(self, run):
        run(GYM)

        assert counts(run((*GYM[:2], "青禾会馆、青禾游泳", *GYM[3:]))) == {"rows": 1, "updated": 1}
        assert Merchant.objects.get().aliases == ["青禾健身", "青禾会馆", "青禾游泳"]


class TestTwice:
    @pytest.mark.parametrize("chunk_rows", [1, 10])
    def test_the_first_row_of_a_code_is_taken(self, run, chunk_rows):
        again = ("另一个名字", CODE, "", "", "", "")

        assert counts(run(GYM, TEA, again, chunk_rows=chunk_rows)) == {"rows": 3, "created": 2, "duplicates": 1}
        assert Merchant.objects.get(credit_code=CODE).name == GYM[0]
        reject = ImportReject.objects.values_list("line", "kind", "column", "value").get()
        assert reject == (4, "duplicate", "统一社会信用代码", CODE)

    def test_without_a_code_name_and_region_tell_merchants_apart(self, run):
        spelled, elsewhere = ("杭州河坊（茶庄）", *TEA[1:]), (*TEA[:3], "西湖区", *TEA[4:])

        assert counts(run(TEA, spelled, elsewhere)) == {"rows": 3, "created": 2, "duplicates": 1}
        assert ImportReject.objects.values_list("line", "column").get() == (3, "名称")


class TestBadValues:
    @pytest.mark.parametrize(
        ("line", "column", "value", "rule"),
        [
            (("", CODE, "", "西湖区", "", ""), "名称", "", "required"),
            (("长" * 201, "", "", "", "", ""), "名称", "长" * 60 + "…", "length"),
            (("甲店", "", "", "", "路" * 301, ""), "地址", "路" * 60 + "…", "length"),
            (("甲店", "", "店" * 201, "", "", ""), "别名", "店" * 60 + "…", "length"),
            (("\ufdfa" * 14, "", "", "", "", ""), "名称", "\ufdfa" * 14 + "…", "length"),
            (("-", CODE, "", "西湖区", "", ""), "名称", "", "required"),
            (("甲店", "9.1E+17", "", "", "", ""), "统一社会信用代码", "9.1E+17", "number.rounded"),
        ],
    )
    def test_a_row_that_cannot_be_taken_is_named_and_the_others_go_on(self, run, line, column, value, rule):
        assert counts(run(GYM, line)) == {"rows": 2, "created": 1, "rejected": 1}

        reject = ImportReject.objects.get()
        assert (reject.line, reject.column, reject.value, reject.rule) == (3, column, value, rule)
        assert reject.message
        assert Merchant.objects.get().name == GYM[0]

    def test_a_wrong_code_is_a_warning_and_the_name_decides(self, run):
        summary = run(("甲店", CODE[:-1] + "0", "", "西湖区", "", ""))

        assert counts(summary) == {"rows": 1, "created": 1, "warnings": 1}
        assert Merchant.objects.get().credit_code is None
        warning = ImportWarning.objects.values_list("rule", "column", "value", "first_line").get()
        assert warning == ("credit_code", "统一社会信用代码", CODE[:-1] + "0", 2)

    def test_an_identity_number_for_a_code_is_told_masked(self, run):
        run(("甲店", "110000 19900101 1238", "", "西湖区", "", ""))

        warning = ImportWarning.objects.values_list("rule", "value").get()
        assert warning == ("credit_code", "110000********1238")

    def test_a_placeholder_is_an_empty_cell(self, run):
        assert counts(run(("甲店", "无", "-", "/", "无", "--"))) == {"rows": 1, "created": 1}

        merchant = Merchant.objects.get()
        assert (merchant.credit_code, merchant.aliases, merchant.region, merchant.address) == (None, [], None, "")

    def test_a_row_that_is_not_taken_adds_no_warnings(self, run):
        first, again = ("甲店", CODE, "", "火星区", "", ""), ("乙店", CODE, "", "金星区", "", "")

        assert counts(run(first, again)) == {"rows": 2, "created": 1, "duplicates": 1, "warnings": 1}
        assert ImportWarning.objects.get().value == "火星区"

    def test_a_code_that_a_workbook_has_rounded_is_a_reject(self, tmp_path):
        header = ["名称", "统一社会信用代码"]
        lines = [dict(zip(header, ("甲店", 123456789012345678), strict=True))]
        call_command("import_merchants", str(write_sheet(tmp_path / "a.xlsx", lines, header=header)))

        reject = ImportReject.objects.values_list("line", "column", "value", "rule").get()
        assert reject == (2, "统一社会信用代码", "1.23456789012346E+17", "number.rounded")

    def test_a_code_in_small_letters_is_the_same_code(self, run):
        run(GYM)

        assert counts(run((GYM[0], CODE.lower(), *GYM[2:]))) == {"rows": 1, "unchanged": 1}

    def test_an_unknown_region_and_industry_are_warnings(self, run):
        summary = run(("甲店", "", "", "火星区", "", "9"))

        assert counts(summary) == {"rows": 1, "created": 1, "warnings": 2}
        merchant = Merchant.objects.get()
        assert (merchant.region, merchant.industry) == (None, None)
        found = set(ImportWarning.objects.values_list("rule", "value"))
        assert found == {("region", "火星区"), ("industry", "9")}


class TestWhole:
    def test_control_totals_of_file_and_database_are_equal(self, run):
        lines = (GYM, TEA, (GYM[0], CODE, "", "西湖区", "", ""), ("", "", "", "", "x", ""), ("乙店", "", "", "", "", ""))
        for summary in (run(*lines), run(*lines)):
            assert counts(summary)["duplicates"] == 1
            expected = {
                "rows": 3,
                "amounts": {},
                "by_kind": {"merchant": 3},
                "by_region": {"": 1, "330102": 1, "330106": 1},
            }
            assert summary["control"] == {"file": expected, "database": expected}

    def test_a_dry_run_writes_nothing(self, run):
        summary = run(GYM, TEA, dry_run=True)

        assert counts(summary) == {"rows": 2, "created": 2}
        assert (Merchant.objects.count(), ImportRun.objects.count()) == (0, 0)

    def test_an_atomic_import_with_a_reject_writes_nothing(self, run):
        with pytest.raises(CommandError) as refused:
            run(GYM, ("", CODE, "", "", "", ""), atomic=True)

        assert refused.value.returncode == 2
        assert (Merchant.objects.count(), ImportRun.objects.count()) == (0, 0)

    def test_a_file_without_names_is_refused_in_one_line(self, tmp_path):
        path = tmp_path / "a.csv"
        path.write_text("地址\n文三路1号\n", encoding="utf-8")

        with pytest.raises(CommandError, match="企业名称") as refused:
            call_command("import_merchants", str(path))

        assert (refused.value.returncode, "\n" in str(refused.value)) == (1, False)
        assert ImportRun.objects.count() == 0


def test_a_row_refused_before_a_kill_does_not_make_a_later_one_a_duplicate(run):
    """The first row breaks a rule that only the database knows; then the run is cut off, and goes on."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE registry_merchant ADD CONSTRAINT no_ghosts CHECK (address <> 'ghost')")
    ghost = (*TEA[:4], "ghost", TEA[5])
    commit = engine._commit

    def cut_off(target, converted, options):
        if target.file.rows_done:
            raise KeyboardInterrupt
        commit(target, converted, options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "_commit", cut_off)
        with pytest.raises(KeyboardInterrupt):
            run(ghost, GYM, TEA, chunk_rows=1)

    summary = run(ghost, GYM, TEA, chunk_rows=1)

    assert counts(summary) == {"rows": 3, "created": 2, "rejected": 1}
    assert Merchant.objects.get(name=TEA[0]).address == TEA[4]
