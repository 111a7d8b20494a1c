import csv
import datetime as dt
import stat
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
import xlsxwriter
from django.core.management import CommandError
from django.db import connection, transaction
from django.utils import timezone, translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.domain import pause_clocks
from cases.domain.reveal import personal_context
from cases.importers.commands import BUILT_IN
from cases.models import (
    UNKNOWN_END,
    Case,
    CaseEvent,
    CaseHistory,
    CaseReference,
    ImportDifference,
    ImportFile,
    ImportReject,
    ImportRun,
    ImportWarning,
    Party,
    Recovery,
)
from core.importing.profile import load_profile
from core.personal_data import decrypt, lookup_hash
from registry.models import Agency, Merchant, Region
from tests.cases.files import COMPLAINT, HEADER, row, rows, write, write_sheet

pytestmark = pytest.mark.django_db
EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
DATA = Path(__file__).resolve().parents[1] / "data"
CODE = "91000000MA0000001A"


def counts(summary: dict) -> dict:
    names = ("rows", "created", "updated", "unchanged", "duplicates", "rejected", "differing")
    return {name: summary[name] for name in names if summary[name]}


def only_reject() -> tuple:
    reject = ImportReject.objects.get()
    return reject.line, reject.column, reject.value, reject.rule


def only_warning() -> tuple:
    return ImportWarning.objects.values_list("rule", "column", "value", "count", "first_line").get()


def profile_with(path: Path, more: str) -> Path:
    """The national profile, with some lines behind it."""
    text = (BUILT_IN / "national12315.toml").read_text(encoding="utf-8")
    path.write_text(f"{text}\n{more}\n", encoding="utf-8")
    return path


def personal() -> dict[str, str]:
    party = Party.objects.get()
    return decrypt(party.personal, context=personal_context(party.pk))


class TestExamples:
    @pytest.mark.parametrize(
        ("profile", "excerpt"),
        [
            ("car_complaints.toml", "car_complaints_2024_excerpt.csv"),
            ("cfpb_complaints.toml", "cfpb_complaints_2020_excerpt.csv"),
        ],
    )
    def test_every_row_of_a_real_file_becomes_a_case(self, run, profile, excerpt):
        with (DATA / excerpt).open(encoding="utf-8-sig", newline="") as file:
            source = list(csv.DictReader(file))

        first = run(DATA / excerpt, profile=EXAMPLES / profile)
        again = run(DATA / excerpt, profile=EXAMPLES / profile)

        assert counts(first) == {"rows": len(source), "created": len(source)}
        assert counts(again) == {"rows": len(source), "unchanged": len(source)}
        key = next(iter(load_profile(EXAMPLES / profile, known_fields=_fields()).columns["external_number"]))
        assert set(Case.objects.values_list("external_number", flat=True)) == {r[key] for r in source}

    def test_values_of_the_car_complaints_stand_where_the_profile_says(self, run):
        run(DATA / "car_complaints_2024_excerpt.csv", profile=EXAMPLES / "car_complaints.toml")
        with (DATA / "car_complaints_2024_excerpt.csv").open(encoding="utf-8-sig", newline="") as file:
            source = {r["投诉编号"]: r for r in csv.DictReader(file)}

        for case in Case.objects.all():
            written = source[case.external_number]
            assert case.brand == written["投诉品牌"].strip()
            assert case.goods == written["投诉车系"].strip()
            assert case.extra.get("投诉车型", "") == written["投诉车型"].strip()
            assert case.narrative == written["投诉简述"].strip()
            assert str(case.received_on) == written["投诉日期"]
            assert case.kind == "complaint"

    def test_outcomes_of_the_cfpb_file_follow_its_value_map(self, run):
        run(DATA / "cfpb_complaints_2020_excerpt.csv", profile=EXAMPLES / "cfpb_complaints.toml")
        with (DATA / "cfpb_complaints_2020_excerpt.csv").open(encoding="utf-8", newline="") as file:
            said = Counter(r["Company response to consumer"] for r in csv.DictReader(file))

        stored = Counter(Case.objects.values_list("outcome", flat=True))
        relief = said["Closed with monetary relief"] + said["Closed with non-monetary relief"]
        assert stored["settled"] == relief
        assert stored["failed"] == said["Closed with explanation"]
        assert stored[""] == said["In progress"]

    def test_a_workbook_gives_the_same_cases_as_the_csv(self, run, tmp_path):
        lines = rows(3)
        book = xlsxwriter.Workbook(tmp_path / "a.xlsx", {"default_date_format": "yyyy-mm-dd hh:mm"})
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        for at, line in enumerate(lines, start=1):
            for column, header in enumerate(HEADER):
                if header == "登记时间":
                    sheet.write_datetime(at, column, dt.datetime(2020, 5, 6, 9, 30))  # noqa: DTZ001
                elif header.startswith(("消费金额", "挽回")):
                    sheet.write_number(at, column, float(line[header]))
                else:
                    sheet.write_string(at, column, line[header])
        book.close()
        columns = (
            "external_number",
            "received_at",
            "claimed",
            "state",
            "outcome",
            "region_id",
            "merchant_id",
        )

        run(tmp_path / "a.xlsx")
        from_sheet = list(Case.objects.order_by("external_number").values_list(*columns))
        summary = run(write(tmp_path / "a.csv", lines))

        assert counts(summary) == {
            "rows": 3,
            "updated": 3,
        }  # 1200 and 1200.00 are different rows of the source
        assert from_sheet == list(Case.objects.order_by("external_number").values_list(*columns))


def _fields():
    from cases.importers.rows import FIELDS  # noqa: PLC0415 - after the apps are loaded

    return FIELDS


class TestOneRow:
    def test_everything_of_a_complaint_is_stored(self, run, tmp_path):
        summary = run(write(tmp_path / "a.csv", [row()]))

        case = Case.objects.select_related("region", "handling", "custodian", "merchant", "category").get()
        assert counts(summary) == {"rows": 1, "created": 1}
        assert case.number == f"2020-{case.pk:08d}"
        assert (case.kind, case.body, case.source) == ("complaint", "bureau", "national12315")
        assert (case.state, case.outcome, case.regime) == ("closed", "agreement", "order20")
        assert case.region.code == "330106"
        assert case.handling == case.custodian
        assert case.custodian_root_id == case.custodian.ancestor_ids[0]
        assert case.custodian_district_id == case.custodian.pk
        assert (case.received_on, case.decided_on) == (dt.date(2020, 5, 6), dt.date(2020, 5, 8))
        assert (case.accepted_on, case.closed_on) == (dt.date(2020, 5, 8), dt.date(2020, 6, 1))
        assert case.claimed == Decimal("1200.00")
        assert (case.merchant.name, case.merchant.verified) == ("杭州青禾健身有限公司", False)
        assert case.sales_mode == "on_site"
        assert case.category is not None

    def test_the_recovery_is_posted_on_the_day_of_closing(self, run, tmp_path):
        run(write(tmp_path / "a.csv", [row()]))

        posting = Recovery.objects.get()
        assert (posting.posted_on, posting.amount) == (dt.date(2020, 6, 1), Decimal("800.50"))
        assert (posting.kind, posting.status, posting.means) == ("unspecified", "unspecified", "unspecified")

    def test_clocks_follow_the_rules_in_force_on_receipt(self, run, tmp_path):
        run(write(tmp_path / "a.csv", [row()]))

        clocks = {c.rule.code: c for c in Case.objects.get().clocks.select_related("rule")}
        assert set(clocks) == {"complaint.accept", "complaint.mediate"}
        accept, mediate = clocks["complaint.accept"], clocks["complaint.mediate"]
        # 7 working days from 6 May 2020, Sat 9 May being a make-up working day
        assert (accept.due_on, accept.stopped_on) == (dt.date(2020, 5, 14), dt.date(2020, 5, 8))
        # 45 working days from 8 May 2020 over the Dragon Boat holiday and two make-up days
        assert (mediate.due_on, mediate.stopped_on) == (dt.date(2020, 7, 10), dt.date(2020, 6, 1))
        assert (accept.rule.regime, mediate.rule.regime) == ("order20", "order20")

    @pytest.mark.parametrize(
        ("received", "regime", "unit"),
        [
            ("2019-12-31 08:00:00", "order62", "natural"),
            ("2020-01-01 08:00:00", "order20", "working"),
            ("2024-06-30 08:00:00", "order20", "working"),
            ("2024-07-01 08:00:00", "decree778", "natural"),
            ("2026-04-14 08:00:00", "decree778", "natural"),
            ("2026-04-15 08:00:00", "order121", "natural"),
        ],
    )
    def test_the_regime_is_chosen_by_the_date_of_receipt(self, run, tmp_path, received, regime, unit):
        run(write(tmp_path / "a.csv", [row(登记时间=received, 初查时间="", 受理时间=received, 办结时间="")]))

        case = Case.objects.get()
        assert case.regime == regime
        # closed, and the file does not say when: whether the mediation was in time cannot be told
        assert [c.rule.code for c in case.clocks.select_related("rule")] == ["complaint.accept"]
        run(
            write(
                tmp_path / "b.csv",
                [
                    row(
                        登记时间=received,
                        初查时间="",
                        受理时间=received,
                        办结时间="",
                        办理情况状态="办理中",
                        调解结果="",
                    )
                ],
            )
        )
        mediate = Case.objects.get().clocks.select_related("rule").get(rule__code="complaint.mediate")
        assert (mediate.rule.regime, mediate.rule.unit, mediate.stopped_on) == (regime, unit, None)

    @pytest.mark.parametrize(
        ("changes", "state", "closed_on"),
        [
            (
                {
                    "初查受理状态": "不予受理",
                    "办理情况状态": "",
                    "受理时间": "",
                    "办结时间": "",
                    "调解结果": "",
                },
                "refused",
                dt.date(2020, 5, 8),
            ),
            (
                {
                    "初查受理状态": "待受理",
                    "办理情况状态": "办理中",
                    "初查时间": "",
                    "受理时间": "",
                    "办结时间": "",
                    "调解结果": "",
                },
                "registered",
                None,
            ),
            ({"办理情况状态": "办理中", "办结时间": "", "调解结果": ""}, "accepted", None),
            (
                {
                    "类型": "举报",
                    "初查受理状态": "立案",
                    "办理情况状态": "办理中",
                    "受理时间": "",
                    "办结时间": "",
                    "调解结果": "",
                },
                "filed",
                None,
            ),
            (
                {
                    "类型": "举报",
                    "初查受理状态": "不予立案",
                    "办理情况状态": "",
                    "受理时间": "",
                    "办结时间": "",
                    "调解结果": "",
                },
                "not_filed",
                dt.date(2020, 5, 8),
            ),
            (
                {"类型": "咨询", "初查受理状态": "", "受理时间": "", "调解结果": ""},
                "closed",
                dt.date(2020, 6, 1),
            ),
        ],
    )
    def test_states(self, run, tmp_path, changes, state, closed_on):
        summary = run(write(tmp_path / "a.csv", [row(**changes)]))

        case = Case.objects.get()
        assert summary["rejected"] == 0
        assert (case.state, case.closed_on) == (state, closed_on)

    @pytest.mark.parametrize("status", ["待分派", "预登记", "网上登记", "待受理", "待初查"])
    def test_statuses_before_the_decision(self, run, tmp_path, status):
        changes = {"初查时间": "", "受理时间": "", "办结时间": "", "调解结果": "", "办理情况状态": ""}
        summary = run(write(tmp_path / "a.csv", [row(初查受理状态=status, **changes)]))

        assert summary["rejected"] == 0
        assert Case.objects.get().state == "registered"

    @pytest.mark.parametrize(("decided", "expected"), [("2020-05-07 10:00:00", 7), ("", 8)])
    def test_what_was_refused_was_never_accepted(self, run, tmp_path, decided, expected):
        changes = {"初查时间": decided, "办结时间": "", "调解结果": "", "办理情况状态": ""}
        run(write(tmp_path / "a.csv", [row(初查受理状态="不予受理", **changes)]))

        case = Case.objects.get()
        assert (case.state, case.accepted_at) == ("refused", None)
        assert case.decided_on == case.closed_on == dt.date(2020, 5, expected)
        assert [clock.rule.code for clock in case.clocks.select_related("rule")] == ["complaint.accept"]

    def test_an_outcome_of_an_open_case_is_a_warning_and_not_taken(self, run, tmp_path):
        summary = run(write(tmp_path / "a.csv", [row(办理情况状态="办理中", 办结时间="")]))

        case = Case.objects.get()
        assert (case.state, case.outcome) == ("accepted", "")
        assert only_warning() == ("outcome", "调解结果", "达成调解协议", 1, 2)
        assert summary["warnings"] == 1

    def test_an_answered_inquiry_says_so(self, run, tmp_path):
        run(write(tmp_path / "a.csv", [row(类型="咨询", 初查受理状态="", 调解结果="")]))

        assert Case.objects.get().outcome == "answered"

    def test_a_council_case_has_the_clock_of_the_council(self, run, tmp_path):
        run(write(tmp_path / "a.csv", [row(处理机构="杭州市消费者权益保护委员会", 行政区划="")]))

        case = Case.objects.get()
        assert case.body == "council"
        assert [c.rule.code for c in case.clocks.select_related("rule")] == ["council.accept"]

    def test_the_region_is_the_handling_agencys_where_the_file_names_none(self, run, tmp_path):
        run(write(tmp_path / "a.csv", [row(行政区划="")]))

        assert Case.objects.get().region.code == "330106"

    def test_a_date_without_a_time_never_lies_before_the_receipt_of_that_day(self, run, tmp_path):
        summary = run(write(tmp_path / "a.csv", [row(初查时间="2020-05-06", 受理时间="2020-05-06")]))

        case = Case.objects.get()
        assert summary["rejected"] == 0
        assert case.decided_at == case.received_at

    @pytest.mark.parametrize(
        ("received", "agency", "region"),
        [
            ("2020-05-06", "杭州市临平区市场监督管理局", ("330110", "2001-03-25")),
            ("2020-05-06", "杭州市钱塘区市场监督管理局", None),
            ("2022-05-06", "杭州市临平区市场监督管理局", ("330113", "2021-04-09")),
        ],
    )
    def test_before_its_district_began_an_agency_is_where_that_came_from(
        self, run, tmp_path, received, agency, region
    ):
        dates = {"登记时间": received, "初查时间": received, "受理时间": received, "办结时间": received}
        run(write(tmp_path / "a.csv", [row(行政区划="", 处理机构=agency, **dates)]))

        found = Case.objects.select_related("region").get().region
        assert (found and (found.code, str(found.valid_from))) == region

    @pytest.mark.parametrize(
        ("closed", "expected"),
        [("2020-05-08", "2020-05-08 10:00:00"), ("2020-05-08 10:00:00", "2020-05-08 10:00:00")],
    )
    def test_a_closing_on_the_day_of_the_acceptance_does_not_lie_before_it(self, run, tmp_path, closed, expected):
        summary = run(write(tmp_path / "a.csv", [row(办结时间=closed)]))

        assert summary["rejected"] == 0
        assert f"{timezone.localtime(Case.objects.get().closed_at):%Y-%m-%d %H:%M:%S}" == expected

    def test_an_apostrophe_before_a_number_is_no_part_of_it(self, run, tmp_path):
        lines = [row(登记编号=f"{mark}33010600{n}") for n, mark in enumerate(("'", "\u2019", "＇"))]
        run(write(tmp_path / "a.csv", lines))

        numbers = Case.objects.order_by("pk").values_list("external_number", flat=True)
        assert list(numbers) == ["330106000", "330106001", "330106002"]

    @pytest.mark.parametrize("nothing", ["-", "无", "/", "——", "NULL", "N/A"])
    def test_a_placeholder_is_an_empty_cell(self, run, tmp_path, nothing):
        named = (
            "企业名称", "企业地址", "行政区划", "处理机构", "处理部门", "客体类别全称", "问题类别全称", "接收方式",
            "统一社会信用代码", "姓名", "联系电话", "证件号码",
        )  # fmt: skip
        summary = run(write(tmp_path / "a.csv", [row(**dict.fromkeys(named, nothing))]))

        case = Case.objects.get()
        assert summary["warnings"] == 0
        assert (case.merchant, case.region, case.handling, case.category, case.problem, case.channel) == (None,) * 6
        assert Case.objects.filter(
            merchant_written="", merchant_address="", merchant_code_written="", region_written="",
            agency_written="", department="", category_written="", problem_written="", channel_written="",
        ).exists()  # fmt: skip
        assert (Merchant.objects.count(), Party.objects.get().personal) == (0, None)

    def test_a_placeholder_for_the_region_leaves_that_of_the_agency(self, run, tmp_path):
        run(write(tmp_path / "a.csv", [row(行政区划="-")]))

        assert Case.objects.get().region.code == "330106"

    def test_amounts_may_be_constants(self, run, tmp_path):
        more = '[constants]\nrecovered = "5"\nmultiple_damages = "6.50"\nmoral_damages = "7"\nclaimed = "8"'
        header = [name for name in HEADER if not name.startswith(("挽回", "消费金额"))]
        path = write(tmp_path / "a.csv", [row()], header=header)

        summary = run(path, profile=profile_with(tmp_path / "p.toml", more))

        posted = dict(Recovery.objects.values_list("kind", "amount"))
        assert posted == {"unspecified": Decimal("5"), "multiple": Decimal("6.50"), "moral": Decimal("7")}
        assert Case.objects.get().claimed == Decimal("8.00")
        assert summary["control"]["file"] == summary["control"]["database"]
        assert run(path, profile=tmp_path / "p.toml")["control"] == summary["control"]

    def test_a_constant_with_line_end_tab_and_backslash_is_stored_as_it_is(self, run, tmp_path):
        more = '[constants]\nnarrative = "a\\nb\\tc\\\\d"\nregion = "西\\u0000湖区"'
        path = write(tmp_path / "a.csv", [row(行政区划="")])

        run(path, profile=profile_with(tmp_path / "p.toml", more))

        case = Case.objects.get()
        assert (case.narrative, case.region_written, case.region.code) == ("a\nb\tc\\d", "西湖区", "330106")

    def test_a_case_of_unknown_agency_goes_to_the_importing_agency(self, run, tmp_path):
        summary = run(write(tmp_path / "a.csv", [row(处理机构="某某局", 行政区划="")]))

        case = Case.objects.select_related("custodian").get()
        assert case.handling is None
        assert case.agency_written == "某某局"
        assert case.custodian == Agency.objects.filter(kind="bureau", parent=None).get()
        assert summary["warnings"] == 1


class TestPersonalData:
    def test_nothing_of_a_party_stands_in_clear_anywhere(self, run, tmp_path):
        run(write(tmp_path / "a.csv", [row(), row(登记编号="2", 登记时间="2099-01-01")]))

        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT table_name FROM information_schema.tables"
                " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
            )
            for (table,) in cursor.fetchall():
                cursor.execute(f'SELECT t::text FROM "{table}" t')
                for (text,) in cursor.fetchall():
                    assert "13800001234" not in text, table
                    assert "王小明" not in text, table

    def test_it_can_be_read_with_the_key_and_found_by_hash(self, run, tmp_path):
        run(write(tmp_path / "a.csv", [row(证件号码="11000019900101123x")]))

        party = Party.objects.get()
        personal = decrypt(party.personal, context=personal_context(party.pk))
        assert (personal["name"], personal["phone"]) == ("王小明", "13800001234")
        assert Party.objects.filter(phone_hash=lookup_hash("phone", "+86 138-0000-1234")).get() == party

    def test_a_reporter_is_sealed(self, run, tmp_path):
        run(write(tmp_path / "a.csv", [row(类型="举报", 调解结果="", 受理时间="")]))

        party = Party.objects.get()
        assert (party.role, party.sealed) == ("reporter", True)

    def test_a_masked_value_never_overwrites_a_real_one(self, run, tmp_path):
        run(write(tmp_path / "a.csv", [row()]))
        summary = run(write(tmp_path / "b.csv", [row(联系电话="138****1234", 姓名="王**")]))

        party = Party.objects.get()
        assert counts(summary) == {"rows": 1, "updated": 1}
        personal = decrypt(party.personal, context=personal_context(party.pk))
        assert (personal["name"], personal["phone"]) == ("王小明", "13800001234")

    @pytest.mark.parametrize("masked", ["王＊＊", "王××", "王●●", "王某某", "王某", "王XX"])
    def test_whatever_hides_a_name_or_an_address_it_never_overwrites_a_real_one(self, run, tmp_path, masked):
        header = [*HEADER, "联系地址"]
        first = [COMPLAINT | {"联系地址": "文三路1号3×5室"}]
        run(write(tmp_path / "a.csv", first, header=header))
        assert personal()["address"] == "文三路1号3×5室"

        run(write(tmp_path / "b.csv", [row(姓名=masked) | {"联系地址": "文三路××号"}], header=header))

        assert (personal()["name"], personal()["address"]) == ("王小明", "文三路1号3×5室")

    def test_a_placeholder_for_a_name_takes_nothing_away(self, run, tmp_path):
        run(write(tmp_path / "a.csv", [row()]))
        run(write(tmp_path / "b.csv", [row(姓名="-", 联系电话="无")]))

        assert (personal()["name"], personal()["phone"]) == ("王小明", "13800001234")

    def test_an_identity_number_among_the_credit_codes_is_nowhere_in_clear(self, run, tmp_path):
        lines = [
            row(登记编号="1", 统一社会信用代码="11000019900101123x"),
            row(登记编号="2", 统一社会信用代码="１１００００ 19900101 123X"),
            row(登记编号="3", 统一社会信用代码="110000199001011238"),  # of a wrong check digit
        ]
        run(write(tmp_path / "a.csv", lines))

        written = Case.objects.order_by("external_number").values_list("merchant_code_written", flat=True)
        assert list(written) == ["110000********123x", "110000********123X", "110000********1238"]
        warnings = ImportWarning.objects.order_by("first_line").values_list("rule", "value", "count")
        assert list(warnings) == [("credit_code", value, 1) for value in written]

    def test_what_reports_and_warnings_name_is_masked(self, run, tmp_path):
        lines = [row(登记编号="1", 行政区划="张三 13800001234"), row(登记编号="2", 调解结果="电13800001234")]
        run(write(tmp_path / "a.csv", lines))

        assert only_warning()[:3] == ("region", "行政区划", "张三 138****1234")
        assert only_reject() == (3, "调解结果", "电138****1234", "vocabulary")

    def test_a_masked_phone_has_no_hash(self, run, tmp_path):
        run(write(tmp_path / "a.csv", [row(联系电话="138****1234")]))

        party = Party.objects.get()
        assert party.phone_hash is None
        assert decrypt(party.personal, context=personal_context(party.pk))["phone"] == "138****1234"


class TestBadRows:
    @pytest.mark.parametrize(
        ("changes", "column", "value", "rule"),
        [
            ({"消费金额": "-5"}, "消费金额(单位:元)", "-5", "amount.negative"),
            ({"消费金额": "99999999999"}, "消费金额(单位:元)", "99999999999", "amount.absurd"),
            ({"挽回经济损失": "12.345"}, "挽回经济损失(单位:元)", "12.345", "amount.fraction"),
            ({"登记时间": "2020-02-30"}, "登记时间", "2020-02-30", "date.impossible"),
            ({"登记时间": "2999-01-01"}, "登记时间", "2999-01-01", "date.future"),
            ({"登记时间": ""}, "登记时间", "", "required"),
            ({"办结时间": "2020-05-01 10:00:00"}, "办结时间", "2020-05-01 10:00:00", "date_order"),
            ({"类型": "表扬"}, "类型", "表扬", "vocabulary"),
            ({"类型": ""}, "类型", "", "required"),
            ({"调解结果": "皆大欢喜"}, "调解结果", "皆大欢喜", "vocabulary"),
            ({"登记编号": ""}, "登记编号", "", "required"),
            ({"登记编号": "3.30106E+25"}, "登记编号", "3.30106E+25", "number.rounded"),
            ({"企业名称": "长" * 201}, "企业名称", "长" * 60 + "…", "length"),
            ({"企业名称": "\ufdfa" * 14}, "企业名称", "\ufdfa" * 14 + "…", "length"),
            ({"统一社会信用代码": "9" * 61}, "统一社会信用代码", "9" * 60 + "…", "length"),
            ({"处理部门": f"{'长' * 50}110000199001011238{'长' * 99}"}, "处理部门", f"{'长' * 50}110000****…", "length"),
            # an end before the decision or the acceptance
            ({"办结时间": "2020-05-07 10:00:00"}, "办结时间", "2020-05-07 10:00:00", "date_order"),
            ({"办结时间": "2020-05-08 09:59:59"}, "办结时间", "2020-05-08 09:59:59", "date_order"),
            ({"办结时间": "2020-05-07"}, "办结时间", "2020-05-07", "date_order"),
            ({"办结时间": "2020-05-07", "受理时间": ""}, "办结时间", "2020-05-07", "date_order"),
            ({"办结时间": "2020-05-07", "初查时间": ""}, "办结时间", "2020-05-07", "date_order"),
            (
                {"类型": "举报", "初查受理状态": "立案", "受理时间": "", "办结时间": "2020-05-07", "调解结果": ""},
                "办结时间", "2020-05-07", "date_order",
            ),
            (
                {"初查受理状态": "不予受理", "受理时间": "", "办结时间": "2020-05-07", "调解结果": ""},
                "办结时间", "2020-05-07", "date_order",
            ),
            # filing is for reports
            ({"初查受理状态": "不予立案"}, "初查受理状态", "不予立案", "vocabulary"),
            ({"初查受理状态": "立案"}, "初查受理状态", "立案", "vocabulary"),
            ({"类型": "咨询", "初查受理状态": "不予立案"}, "初查受理状态", "不予立案", "vocabulary"),
            ({"类型": "建议"}, "类型", "建议", "vocabulary"),
            ({"类型": "其他"}, "类型", "其他", "vocabulary"),
            *(({"登记编号": nothing}, "登记编号", "", "required") for nothing in ("-", "无", "/")),
            # numbers that a spreadsheet has rounded
            ({"联系电话": "8.6138E+12"}, "联系电话", "8.6138E+12", "number.rounded"),
            ({"证件号码": "3.30106E+17"}, "证件号码", "3.30106E+17", "number.rounded"),
            ({"统一社会信用代码": "9.1E+17"}, "统一社会信用代码", "9.1E+17", "number.rounded"),
        ],
    )
    def test_a_bad_value_is_named_with_line_and_column_and_harms_nothing(
        self, run, tmp_path, changes, column, value, rule
    ):
        good = row(登记编号="1")
        summary = run(write(tmp_path / "a.csv", [good, row(**changes)]))

        assert counts(summary) == {"rows": 2, "created": 1, "rejected": 1}
        assert only_reject() == (3, column, value, rule)
        assert ImportReject.objects.get().message
        assert Case.objects.get().external_number == "1"

    @pytest.mark.parametrize(
        ("references", "value", "rule"),
        [
            (f"HZ-1；{'9' * 81}", "9" * 60 + "…", "length"),
            ("HZ-1 3.30106E+25", "3.30106E+25", "number.rounded"),
        ],
    )
    def test_a_bad_further_number_is_a_reject(self, run, tmp_path, references, value, rule):
        header = [*HEADER, "关联编号"]
        lines = [row(登记编号="1") | {"关联编号": f"HZ-2、{'9' * 80}、-"}, row() | {"关联编号": references}]
        summary = run(write(tmp_path / "a.csv", lines, header=header))

        assert counts(summary) == {"rows": 2, "created": 1, "rejected": 1}
        assert only_reject() == (3, "关联编号", value, rule)
        assert set(CaseReference.objects.values_list("number", flat=True)) == {"HZ-2", "9" * 80}

    def test_a_kind_that_is_not_imported_is_told_so(self, run, tmp_path):
        run(write(tmp_path / "a.csv", [row(类型="建议")]))

        with translation.override("en"):
            run(write(tmp_path / "b.csv", [row(类型="其他")]))
        assert ImportReject.objects.get(value="其他").message.startswith(
            "Only complaints, reports and inquiries are imported"
        )

    def test_a_constant_that_is_too_long_is_a_reject_that_names_the_profile(self, run, tmp_path):
        more = f'[constants]\nbrand = "{"长" * 121}"'
        summary = run(write(tmp_path / "a.csv", [row()]), profile=profile_with(tmp_path / "p.toml", more))

        assert counts(summary) == {"rows": 1, "rejected": 1}
        assert only_reject() == (2, "[constants] brand", "长" * 60 + "…", "length")

    def test_odd_headers_are_named_cut_and_clean(self, run, tmp_path):
        header = [
            {"联系电话": f"联系{' ' * 130}电话", "消费金额(单位:元)": "消费\x00金额\u200b(单位:元)"}.get(h, h)
            for h in HEADER
        ]
        lines = [row(联系电话="007"), row(消费金额="-1")]
        path = write(tmp_path / "a.csv", [dict(zip(header, line.values(), strict=True)) for line in lines], header=header)

        summary = run(path)

        assert counts(summary) == {"rows": 2, "created": 1, "rejected": 1}
        assert only_warning()[:2] == ("phone", f"联系{' ' * 118}")
        assert only_reject() == (3, "消费金额(单位:元)", "-1", "amount.negative")

    def test_a_row_that_is_not_taken_adds_no_warnings(self, run, tmp_path):
        lines = [
            row(登记编号="1", 行政区划="火星区"),
            row(登记编号="2", 行政区划="金星区", 消费金额="-1"),
            row(登记编号="1", 行政区划="水星区"),
        ]
        summary = run(write(tmp_path / "a.csv", lines))

        assert counts(summary) == {"rows": 3, "created": 1, "duplicates": 1, "rejected": 1}
        assert summary["warnings"] == 1
        assert only_warning() == ("region", "行政区划", "火星区", 1, 2)

    @pytest.mark.parametrize(
        "text", ["=1+1", "+86", "-见附件", "@SUM(A1)", "退款😀", "a\x0bb\x00c", "\t'20200506"]
    )
    def test_odd_text_is_kept_as_text(self, run, tmp_path, text):
        summary = run(write(tmp_path / "a.csv", [row(诉求内容=text)]))

        assert summary["rejected"] == 0
        kept = Case.objects.get().demand
        assert kept.strip("\t'").startswith(text.strip("\t'")[0])
        assert "\x00" not in kept
        assert not kept.startswith(("\t", "'"))

    def test_line_ends_tabs_and_backslashes_inside_a_text_survive(self, run, tmp_path):
        text = 'C:\\新建\\a\n第二行\t"引号"，完'
        run(write(tmp_path / "a.csv", [row(诉求内容=text)]))

        assert Case.objects.get().demand == text

    def test_unknown_names_are_kept_as_written_and_counted(self, run, tmp_path):
        changes = {
            "行政区划": "火星区",
            "问题类别全称": "闻所未闻",
            "客体类别全称": "天外之物",
            "接收方式": "飞鸽传书",
        }
        summary = run(write(tmp_path / "a.csv", rows(3, **changes)))

        case = Case.objects.first()
        assert (case.region, case.problem, case.category, case.channel) == (None, None, None, None)
        assert case.region_written == "火星区"
        assert case.channel_written == "飞鸽传书"
        found = set(ImportWarning.objects.values_list("rule", "column", "value", "count", "first_line"))
        assert found == {
            ("region", "行政区划", "火星区", 3, 2),
            ("problem", "问题类别全称", "闻所未闻", 3, 2),
            ("category", "客体类别全称", "天外之物", 3, 2),
            ("channel", "接收方式", "飞鸽传书", 3, 2),
        }
        assert summary["warnings"] == 12

    def test_a_bad_credit_code_is_a_warning(self, run, tmp_path):
        run(write(tmp_path / "a.csv", [row(统一社会信用代码="91330000XXXXXXXXXX")]))

        case = Case.objects.select_related("merchant").get()
        assert (case.merchant.name, case.merchant.credit_code) == ("杭州青禾健身有限公司", None)
        assert case.merchant_code_written == "91330000XXXXXXXXXX"
        assert only_warning() == ("credit_code", "统一社会信用代码", "91330000XXXXXXXXXX", 1, 2)

    def test_a_good_credit_code_is_kept_as_written_too(self, run, tmp_path):
        run(write(tmp_path / "a.csv", [row(统一社会信用代码="91330100ma0000000c")]))

        case = Case.objects.select_related("merchant").get()
        assert (case.merchant.credit_code, case.merchant_code_written) == ("91330100MA0000000C", "91330100ma0000000c")

    def test_a_number_twice_is_taken_once(self, run, tmp_path):
        lines = [row(登记编号="7", 企业名称="甲店"), row(登记编号="8"), row(登记编号="7", 企业名称="乙店")]
        summary = run(write(tmp_path / "a.csv", lines))

        assert counts(summary) == {"rows": 3, "created": 2, "duplicates": 1}
        assert Case.objects.get(external_number="7").merchant_written == "甲店"
        assert ImportReject.objects.values_list("line", "kind", "value").get() == (4, "duplicate", "7")

    def test_a_good_row_is_taken_where_the_first_of_its_number_is_bad(self, run, tmp_path):
        lines = [row(登记编号="7", 消费金额="-1"), row(登记编号="7", 企业名称="乙店")]
        summary = run(write(tmp_path / "a.csv", lines))

        assert counts(summary) == {"rows": 2, "created": 1, "rejected": 1}
        assert Case.objects.get().merchant_written == "乙店"

    def test_a_number_twice_in_different_chunks_is_taken_once(self, run, tmp_path):
        lines = [*rows(5), row(登记编号="330100000002", 企业名称="乙店")]
        summary = run(write(tmp_path / "a.csv", lines), chunk_rows=2)

        assert counts(summary) == {"rows": 6, "created": 5, "duplicates": 1}

    def test_a_row_with_missing_cells_is_rejected(self, run, tmp_path):
        path = write(tmp_path / "a.csv", rows(2))
        path.write_bytes(path.read_bytes() + "3301,投诉,半截".encode())

        summary = run(path)

        assert counts(summary) == {"rows": 3, "created": 2, "rejected": 1}
        assert ImportReject.objects.get().line == 4

    def test_the_raw_row_of_a_reject_is_encrypted(self, run, tmp_path):
        run(write(tmp_path / "a.csv", [row(消费金额="-5")]))

        reject = ImportReject.objects.get()
        assert b"13800001234" not in bytes(reject.raw)
        cells = decrypt(reject.raw, context=f"cases.ImportReject:{reject.file_id}:{reject.line}")["cells"]
        assert (
            cells == list((COMPLAINT | {"消费金额(单位:元)": "-5"}).values())[: len(cells)]
            or "13800001234" in cells
        )


class TestAgain:
    def test_a_changed_row_updates_an_unworked_case(self, run, tmp_path):
        run(
            write(tmp_path / "a.csv", [row(办理情况状态="办理中", 办结时间="", 调解结果="", 挽回经济损失="")])
        )
        summary = run(write(tmp_path / "b.csv", [row()]))

        case = Case.objects.get()
        assert counts(summary) == {"rows": 1, "updated": 1}
        assert (case.state, case.outcome) == ("closed", "agreement")
        assert [p.amount for p in case.recoveries.all()] == [Decimal("800.50")]
        assert case.clocks.get(rule__code="complaint.mediate").stopped_on == dt.date(2020, 6, 1)

    def test_a_term_that_stands_still_stands_still_after_another_import(self, run, tmp_path, django_user_model):
        unfinished = {"办理情况状态": "办理中", "办结时间": "", "调解结果": "", "挽回经济损失": ""}
        run(write(tmp_path / "a.csv", [row(**unfinished)]))
        case, actor = Case.objects.get(), django_user_model.objects.create(username="x")
        with transaction.atomic():
            pause_clocks(
                case, reason="green_channel", started_on=case.accepted_on, document="转平台", actor=actor
            )

        run(write(tmp_path / "b.csv", [row(**unfinished, 诉求内容="又补充了材料")]))

        case.refresh_from_db()
        assert case.narrative == "又补充了材料"
        mediate = case.clocks.get(rule__code="complaint.mediate")
        assert (mediate.paused_on, mediate.due_on) == (case.accepted_on, UNKNOWN_END)

    @pytest.mark.parametrize(("later", "difference"), [("1000.50", "200.00"), ("300.00", "-500.50")])
    def test_the_difference_of_a_changed_amount_is_posted(self, run, tmp_path, later, difference):
        run(write(tmp_path / "a.csv", [row()]))
        run(write(tmp_path / "b.csv", [row(挽回经济损失=later)]))

        assert [p.amount for p in Recovery.objects.order_by("pk")] == [Decimal("800.50"), Decimal(difference)]

    def test_an_empty_amount_takes_nothing_away(self, run, tmp_path):
        run(write(tmp_path / "a.csv", [row()]))
        run(write(tmp_path / "b.csv", [row(挽回经济损失="")]))

        assert [p.amount for p in Recovery.objects.all()] == [Decimal("800.50")]

    def test_where_postings_were_made_here_the_difference_is_listed_and_not_posted(
        self, run, tmp_path, django_user_model
    ):
        run(write(tmp_path / "a.csv", [row()]))
        case, actor = Case.objects.get(), django_user_model.objects.create(username="x")
        Recovery.objects.create(
            case=case, posted_on="2020-06-02", amount="50", kind="unspecified", evidence="收条", actor=actor
        )

        run(write(tmp_path / "b.csv", [row(挽回经济损失="900.00")]))

        case.refresh_from_db()
        assert case.differs
        assert sum(p.amount for p in case.recoveries.all()) == Decimal("850.50")
        assert ImportDifference.objects.get().says["unspecified"] == "900.00"

    def test_local_work_wins(self, run, tmp_path):
        run(write(tmp_path / "a.csv", [row(办理情况状态="办理中", 办结时间="", 调解结果="")]))
        case = Case.objects.get()
        CaseEvent.objects.create(case=case, verb="assign", at=timezone.now())

        first = run(write(tmp_path / "b.csv", [row()]))
        again = run(tmp_path / "b.csv")

        case.refresh_from_db()
        assert (case.state, case.outcome, case.closed_at, case.differs) == ("accepted", "", None, True)
        assert counts(first) == {"rows": 1, "unchanged": 1, "differing": 1}
        assert counts(again) == {"rows": 1, "unchanged": 1}
        assert ImportDifference.objects.get().says["state"] == "closed"

    def test_recheck_resolves_names_that_have_become_known(self, run, tmp_path):
        path = write(tmp_path / "a.csv", [row(处理机构="西湖分局")])
        run(path)
        agency = Agency.objects.get(name="杭州市西湖区市场监督管理局")
        agency.aliases.append("西湖分局")
        agency.save()

        assert counts(run(path)) == {"rows": 1, "unchanged": 1}
        assert counts(run(path, recheck=True)) == {"rows": 1, "updated": 1}
        assert Case.objects.get().handling == agency

    def test_a_case_is_found_by_its_number_in_another_system(self, run, tmp_path):
        run(write(tmp_path / "a.csv", [row()]))
        CaseReference.objects.create(case=Case.objects.get(), source="national12315", number="HZ-9")

        summary = run(write(tmp_path / "b.csv", [row(登记编号="HZ-9", 企业名称="新名字")]))

        assert counts(summary) == {"rows": 1, "updated": 1}
        assert Case.objects.get().merchant_written == "新名字"

    def test_history_is_written_by_the_database(self, run, tmp_path):
        run(write(tmp_path / "a.csv", [row(办理情况状态="办理中", 办结时间="", 调解结果="")]))
        run(write(tmp_path / "b.csv", [row()]))

        labels = list(CaseHistory.objects.order_by("pgh_id").values_list("pgh_label", "state"))
        assert labels == [("insert", "accepted"), ("update", "closed")]
        assert CaseEvent.objects.count() == 0


class TestMerchants:
    def test_a_credit_code_decides_whatever_the_name(self, run, tmp_path):
        lines = rows(2, 统一社会信用代码="91330100MA0000000C")
        lines[1]["企业名称"] = "别的写法"
        run(write(tmp_path / "a.csv", lines))

        merchant = Merchant.objects.get(credit_code="91330100MA0000000C")
        assert set(Case.objects.values_list("merchant_id", flat=True)) == {merchant.pk}
        assert merchant.verified

    def test_a_namesake_elsewhere_is_never_taken(self, run, tmp_path):
        elsewhere = Merchant.objects.create(name="同名店", name_key="同名店", verified=True, region=None)
        run(write(tmp_path / "a.csv", [row(企业名称="同名店")]))

        made = Case.objects.get().merchant
        assert made != elsewhere
        assert not made.verified

    def test_the_one_verified_merchant_of_that_name_and_region_is_taken(self, run, tmp_path):
        run(write(tmp_path / "a.csv", [row(登记编号="1")]))
        region = Case.objects.get().region
        verified = Merchant.objects.create(name="老字号", name_key="老字号", verified=True, region=region)

        run(write(tmp_path / "b.csv", [row(登记编号="2", 企业名称="老 字 号")]))

        assert Case.objects.get(external_number="2").merchant == verified

    def test_a_verified_merchant_of_today_is_found_by_a_case_of_an_earlier_map(self, run, tmp_path):
        today = Region.objects.get(code="330110", valid_to=None)
        verified = Merchant.objects.create(name="老字号", name_key="老字号", verified=True, region=today)

        run(write(tmp_path / "a.csv", [row(企业名称="老字号", 行政区划="余杭区")]))

        case = Case.objects.select_related("region").get()
        assert (case.region.code, case.region == today) == ("330110", False)
        assert case.merchant == verified

    def test_two_verified_namesakes_of_one_region_are_not_guessed_between(self, run, tmp_path):
        run(write(tmp_path / "a.csv", [row(登记编号="1")]))
        region = Case.objects.get().region
        for code in (None, None):
            Merchant.objects.create(
                name="双生", name_key="双生", verified=True, region=region, credit_code=code
            )

        run(write(tmp_path / "b.csv", [row(登记编号="2", 企业名称="双生")]))

        assert not Case.objects.get(external_number="2").merchant.verified


class TestWhole:
    def test_control_totals_of_file_and_database_are_equal(self, run, tmp_path):
        lines = [*rows(3), row(登记编号="x", 类型="举报", 调解结果="", 挽回经济损失="", 消费金额="")]
        control = run(write(tmp_path / "a.csv", lines))["control"]

        assert (
            control["file"]
            == control["database"]
            == {
                "rows": 4,
                "amounts": {"claimed": "3600.00", "recovered": "2401.50"},
                "by_kind": {"complaint": 3, "report": 1},
                "by_region": {"330106": 4},
            }
        )
        again = run(tmp_path / "a.csv")["control"]
        assert again == control

    def test_a_dry_run_writes_nothing(self, run, tmp_path):
        summary = run(write(tmp_path / "a.csv", [*rows(2), row(消费金额="-1")]), dry_run=True)

        assert counts(summary) == {"rows": 3, "created": 2, "rejected": 1}
        assert summary["run"] is None
        assert [m.objects.count() for m in (Case, Party, Recovery, ImportRun, ImportFile, ImportReject)] == [
            0
        ] * 6

    def test_an_atomic_import_with_a_reject_writes_nothing(self, run, tmp_path):
        path = write(tmp_path / "a.csv", [*rows(2), row(消费金额="-1")])

        with pytest.raises(CommandError, match="1") as refused:
            run(path, atomic=True, rejects=tmp_path / "r.csv")

        assert refused.value.returncode == 2
        assert [m.objects.count() for m in (Case, Party, ImportRun, ImportReject)] == [0] * 4
        assert "amount.negative" in (tmp_path / "r.csv").read_text(encoding="utf-8-sig")

    def test_an_atomic_import_of_good_rows_is_written(self, run, tmp_path):
        summary = run(write(tmp_path / "a.csv", rows(2)), atomic=True)

        assert counts(summary) == {"rows": 2, "created": 2}
        assert Case.objects.count() == 2

    def test_nothing_is_written_where_the_second_file_cannot_be_read(self, run, tmp_path):
        good, bad = write(tmp_path / "a.csv", rows(2)), tmp_path / "b.csv"
        bad.write_text("", encoding="utf-8")

        with pytest.raises(CommandError, match="b.csv") as refused:
            run(good, bad)

        assert refused.value.returncode == 1
        assert "\n" not in str(refused.value)
        assert [m.objects.count() for m in (Case, ImportRun, ImportFile)] == [0] * 3

    def test_several_files_are_one_run(self, run, tmp_path):
        summary = run(write(tmp_path / "a.csv", rows(2)), write(tmp_path / "b.csv", [row(登记编号="9")]))

        assert counts(summary) == {"rows": 3, "created": 3}
        assert [f["rows"] for f in summary["files"]] == [2, 1]
        assert ImportRun.objects.get().files.count() == 2

    def test_the_file_of_rejects_is_for_its_owner_alone_and_safe_to_open(self, run, tmp_path):
        out = tmp_path / "r.csv"
        out.write_text("old")
        out.chmod(0o644)
        run(write(tmp_path / "a.csv", [row(消费金额="=1+1", 诉求内容="=cmd()")]), rejects=out)

        with out.open(encoding="utf-8-sig", newline="") as file:
            header, line = list(csv.reader(file))
        assert stat.S_IMODE(out.stat().st_mode) == 0o600
        assert header[:4] == ["file", "line", "kind", "column"]
        assert line[:3] == ["a.csv", "2", "rejected"]
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in line)
        assert "13800001234" in line

    def test_an_unknown_profile_is_one_clear_line(self, run, tmp_path):
        with pytest.raises(CommandError, match="nirgends") as refused:
            run(write(tmp_path / "a.csv", rows(1)), profile="nirgends")

        assert "\n" not in str(refused.value)

    def test_a_user_without_the_permission_may_not_import(self, run, tmp_path, django_user_model):
        django_user_model.objects.create(username="guest")

        with pytest.raises(CommandError, match="guest"):
            run(write(tmp_path / "a.csv", rows(1)), user="guest")

        assert Case.objects.count() == 0


class TestRoundedNumbers:
    """A number cell of a workbook keeps fifteen digits; the registration number alone has twenty or more."""

    def test_two_long_numbers_do_not_become_one_case(self, run, tmp_path):
        lines = [row(登记编号=33010600002020050601 + n) for n in range(2)]
        summary = run(write_sheet(tmp_path / "a.xlsx", [row(登记编号=330106), *lines]))

        assert counts(summary) == {"rows": 3, "created": 1, "rejected": 2}
        assert Case.objects.get().external_number == "330106"
        rejects = ImportReject.objects.order_by("line").values_list("line", "column", "value", "rule")
        assert list(rejects) == [
            (3, "登记编号", "3.301060000202E+19", "number.rounded"),
            (4, "登记编号", "3.301060000202E+19", "number.rounded"),
        ]

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("订单号", 1234567890123456789),
            ("关联编号", 1234567890123456789),
            ("统一社会信用代码", 123456789012345678),
            ("证件号码", 330106199001011234),
            ("联系电话", 861380000123456789),
        ],
    )
    def test_so_it_is_with_other_numbers_that_are_names(self, run, tmp_path, column, value):
        header = [*HEADER, "订单号", "关联编号"]
        full = COMPLAINT | {"订单号": 999999999999999, "关联编号": 12345, "联系电话": 13800001234}
        lines = [full | {"登记编号": "1"}, full | {"登记编号": "2", column: value}]
        summary = run(write_sheet(tmp_path / "a.xlsx", lines, header=header))

        assert counts(summary) == {"rows": 2, "created": 1, "rejected": 1}
        assert only_reject() == (3, column, f"{value:.15G}", "number.rounded")
        case = Case.objects.get()
        assert (case.external_number, case.order_number) == ("1", "999999999999999")
        assert (CaseReference.objects.get().number, personal()["phone"]) == ("12345", "13800001234")


STAMP = st.one_of(
    st.just(""),
    st.dates(dt.date(2020, 5, 5), dt.date(2020, 5, 9)).map(str),
    st.datetimes(dt.datetime(2020, 5, 5), dt.datetime(2020, 5, 9)).map("{:%Y-%m-%d %H:%M:%S}".format),  # noqa: DTZ001
)
CELLS = st.fixed_dictionaries({
    "登记时间": STAMP, "初查时间": STAMP, "受理时间": STAMP, "办结时间": STAMP,
    "类型": st.sampled_from(["投诉", "举报", "咨询"]),
    "初查受理状态": st.sampled_from(["", "受理", "不予受理", "待受理", "立案", "不予立案"]),
    "办理情况状态": st.sampled_from(["", "已办结", "办理中"]),
    "调解结果": st.sampled_from(["", "达成调解协议", "未达成"]),
    "处理机构": st.sampled_from(["杭州市西湖区市场监督管理局", "杭州市消费者权益保护委员会", "不知何处"]),
})  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(CELLS, min_size=30, max_size=60))
def test_whatever_the_order_of_stamps_and_the_states_a_row_is_taken_or_rejected_with_a_reason(run, tmp_path, lines):
    header = list(COMPLAINT)
    before = set(ImportReject.objects.values_list("pk", flat=True))
    summary = run(write(tmp_path / "a.csv", [row(登记编号=str(n), **line) for n, line in enumerate(lines)]))

    rejects = ImportReject.objects.exclude(pk__in=before)
    assert len(rejects) == summary["rejected"]
    assert summary["rows"] == len(lines)
    for reject in rejects:
        assert reject.rule in ("date_order", "required", "vocabulary")
        assert reject.column in header
        assert reject.message
