"""Every total of the synthetic city, counted from the written files with the csv module alone."""

import csv
import datetime as dt
import re
import statistics
from collections import Counter
from decimal import Decimal

import pytest
from stdnum.cn import ric, uscc

from demo.city import Manifest, write_city
from demo.city.figures import UNITS, new_units
from registry.domain import load_calendar

TODAY = dt.date(2026, 11, 24)
CASE_FILES = (
    "12315_2019.csv", "12315_2020.csv", "12315_open.csv", "council_2019.csv", "council_2020.csv", "council_open.csv",
)
REFERRAL_FILES = ("referrals_2019.csv", "referrals_2020.csv")
ENCODINGS = {"council_2019.csv": "gb18030"}
OLD_DISTRICTS = {
    "上城区", "下城区", "江干区", "拱墅区", "西湖区", "滨江区", "萧山区", "余杭区", "富阳区", "临安区", "桐庐县",
    "淳安县", "建德市",
}
NEW_DISTRICTS = OLD_DISTRICTS - {"下城区", "江干区"} | {"临平区", "钱塘区"}
RECOVERED, CLAIMED = "挽回经济损失(单位:元)", "消费金额(单位:元)"
STAMPS = ("登记时间", "初查时间", "受理时间", "办结时间")


def read(directory, name):
    with open(directory / name, encoding=ENCODINGS.get(name, "utf-8-sig"), newline="") as file:
        return list(csv.DictReader(file))


class City:
    def __init__(self, directory):
        self.directory = directory
        self.files = {name: read(directory, name) for name in CASE_FILES}
        self.referrals = {name: read(directory, name) for name in REFERRAL_FILES}
        self.merchants = read(directory, "merchants.csv")

    def rows(self, *names):
        return [row for name in names or CASE_FILES for row in self.files[name]]

    def recovered(self, *names, closed=None):
        return sum(
            Decimal(row[RECOVERED])
            for row in self.rows(*names)
            if row[RECOVERED] and (closed is None or row["办结时间"][:4] == closed)
        )

    def success(self, *names, closed):
        results = Counter(row["调解结果"] for row in self.rows(*names) if row["办结时间"][:4] == closed)
        agreed, failed = results["达成调解协议"], results["未达成调解协议"]
        return agreed, failed

    def accepted(self, year):
        """Disputes by the date of their acceptance at the councils, in whichever file they stand."""
        rows = self.rows("council_2019.csv", "council_2020.csv", "council_open.csv")
        return sum(1 for row in rows if row["类型"] == "投诉" and row["受理时间"][:4] == year)


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    directory = tmp_path_factory.mktemp("city")
    write_city(directory, scale="0.01", seed=2020, today=TODAY)
    return City(directory)


def kinds(rows):
    return Counter(row["类型"] for row in rows)


def day(text):
    return dt.date.fromisoformat(text[:10])


def days_between(row, start, end):
    return (day(row[end]) - day(row[start])).days


def share(rows, condition):
    return sum(1 for row in rows if condition(row)) / len(rows)


# totals


def test_bureaus_receive_a_hundredth_of_the_750000_items_of_2020_in_the_mix_of_zhejiang(city):
    rows = city.rows("12315_2020.csv")
    assert kinds(rows) == {"投诉": 3510, "举报": 2736, "咨询": 1254}
    assert {row["登记时间"][:4] for row in rows} == {"2020"}


def test_bureaus_receive_a_hundredth_of_the_689900_items_of_2019(city):
    rows = city.rows("12315_2019.csv")
    assert kinds(rows) == {"投诉": 3300, "举报": 1850, "咨询": 1749}
    assert {row["登记时间"][:4] for row in rows} == {"2019"}


def test_councils_receive_disputes_and_inquiries(city):
    assert kinds(city.rows("council_2020.csv")) == {"投诉": 140, "咨询": 150}
    assert kinds(city.rows("council_2019.csv")) == {"投诉": 126, "咨询": 141}
    assert {row["初查受理状态"] for row in city.rows("council_2020.csv") if row["类型"] == "投诉"} == {"已受理"}


def test_councils_accept_as_many_disputes_in_a_year_as_they_receive(city):
    assert {year: city.accepted(year) for year in ("2019", "2020", "2021")} == {"2019": 126, "2020": 140, "2021": 0}


def test_recovered_sums_are_exact_by_receipt_and_by_closing(city):
    both = ("12315_2019.csv", "12315_2020.csv")
    councils = ("council_2019.csv", "council_2020.csv")
    assert city.recovered("12315_2020.csv") == Decimal("1260000.00")
    assert city.recovered(*both, closed="2020") == Decimal("1260000.00")
    assert city.recovered("12315_2019.csv", "council_2019.csv") == Decimal("2060000.00")
    assert city.recovered(*both, *councils, closed="2019") == Decimal("2060000.00")


def test_councils_succeed_in_98_1_percent_of_what_was_mediated_to_its_end_in_2020(city):
    agreed, failed = city.success("council_2019.csv", "council_2020.csv", closed="2020")
    assert round(agreed / (agreed + failed), 3) == 0.981
    assert failed > 0
    closed = [r for r in city.rows("council_2019.csv", "council_2020.csv") if r["办结时间"][:4] == "2020"]
    disputes = [row for row in closed if row["类型"] == "投诉"]
    assert 0.75 < (agreed + failed) / len(disputes) < 0.95
    assert {row["调解结果"] for row in disputes} >= {"自行和解", "撤回"}


@pytest.mark.parametrize("scale", ["0.001", "0.0037", "0.02"])
def test_totals_scale(tmp_path, scale):
    write_city(tmp_path, scale=scale, seed=7, today=TODAY)
    small, factor = City(tmp_path), Decimal(scale)
    assert len(small.rows("12315_2020.csv")) == round(750_000 * factor)
    assert len(small.rows("12315_2019.csv")) == round(689_900 * factor)
    assert kinds(small.rows("council_2020.csv")) == {"投诉": round(14_000 * factor), "咨询": round(15_000 * factor)}
    assert (small.accepted("2019"), small.accepted("2020")) == (round(12_600 * factor), round(14_000 * factor))
    assert len(small.referrals["referrals_2020.csv"]) == round(59_000 * factor)
    assert small.recovered("12315_2020.csv") == 126_000_000 * factor
    assert small.recovered("12315_2019.csv", "council_2019.csv") == 206_000_000 * factor
    assert all(Decimal(r[RECOVERED]) <= Decimal(r[CLAIMED]) for r in small.rows() if r[RECOVERED])


def test_the_manifest_says_what_the_files_hold(city):
    manifest = Manifest.load(city.directory)
    assert manifest.complete
    assert (manifest.scale, manifest.seed, manifest.today) == ("0.01", 2020, "2026-11-24")
    assert manifest.damaged(city.directory) == []
    entries = {entry.name: entry for entry in manifest.files}
    assert set(entries) == {*CASE_FILES, *REFERRAL_FILES, "merchants.csv"}
    assert entries["merchants.csv"].rows == len(city.merchants)
    for name in CASE_FILES:
        assert entries[name].rows == len(city.files[name])
        assert Decimal(entries[name].recovered) == city.recovered(name)
        assert entries[name].size == (city.directory / name).stat().st_size
    for name in REFERRAL_FILES:
        assert (entries[name].body, entries[name].rows) == ("referrals", len(city.referrals[name]))


# the same again, and limits


def contents(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_the_same_seed_scale_and_day_give_the_same_bytes(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_city(tmp_path / name, scale="0.002", seed=seed, today=TODAY)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert contents(tmp_path / "a")["12315_2020.csv"] != contents(tmp_path / "c")["12315_2020.csv"]


def test_a_damaged_or_absent_file_is_seen(tmp_path):
    manifest = write_city(tmp_path, scale="0.001", seed=1, today=TODAY)
    (tmp_path / "12315_2019.csv").unlink()
    with open(tmp_path / "merchants.csv", "ab") as file:
        file.write(b"x")
    assert manifest.damaged(tmp_path) == ["merchants.csv", "12315_2019.csv"]


def test_an_unfinished_city_says_so(tmp_path):
    class Stop(Exception):
        pass

    def stop(name):
        if name == "12315_2020.csv":
            raise Stop

    with pytest.raises(Stop):
        write_city(tmp_path, scale="0.001", seed=1, today=TODAY, progress=stop)
    manifest = Manifest.load(tmp_path)
    assert not manifest.complete
    assert (manifest.scale, manifest.seed, manifest.today) == ("0.001", 1, "2026-11-24")


def test_a_broken_manifest_is_refused_clearly(tmp_path):
    assert Manifest.load(tmp_path) is None
    (tmp_path / "manifest.json").write_text('{"seed": 1')
    with pytest.raises(ValueError, match="not a manifest of a demo city"):
        Manifest.load(tmp_path)


@pytest.mark.parametrize("scale", ["0", "0.0009", "10.1", "-1"])
def test_a_scale_outside_the_limits_is_refused(tmp_path, scale):
    with pytest.raises(ValueError, match="scale"):
        write_city(tmp_path / "x", scale=scale, seed=1, today=TODAY)
    assert not (tmp_path / "x").exists()


def test_a_day_before_the_open_work_is_refused(tmp_path):
    with pytest.raises(ValueError, match="2021-02-01 or later"):
        write_city(tmp_path / "x", scale="0.01", seed=1, today=dt.date(2021, 1, 31))
    assert not (tmp_path / "x").exists()


# identity


def test_registration_numbers_are_unique_digits_with_division_and_date(city):
    numbers = [row["登记编号"] for row in city.rows()]
    assert len(set(numbers)) == len(numbers)
    for row in city.rows():
        number = row["登记编号"]
        assert re.fullmatch(r"3301\d{16}|3301\d{18}", number)
        assert number[-14:-6] == row["登记时间"][:10].replace("-", "")


def test_the_lines_of_a_file_follow_the_time_of_receipt(city):
    for name in CASE_FILES:
        times = [row["登记时间"] for row in city.files[name]]
        assert times == sorted(times)


def test_credit_codes_are_valid_made_up_and_belong_to_one_trader_each(city):
    codes = [row["统一社会信用代码"] for row in city.merchants]
    assert all(uscc.is_valid(code) and code[2:8] == "000000" for code in codes)
    assert len(set(codes)) == len(codes) == len({row["企业名称"] for row in city.merchants})
    names = {row["统一社会信用代码"]: row["企业名称"] for row in city.merchants}
    written = [row for row in city.rows() if row["统一社会信用代码"]]
    good = [row for row in written if uscc.is_valid(row["统一社会信用代码"])]
    assert 0.003 < 1 - len(good) / len(written) < 0.02
    assert all(names[row["统一社会信用代码"]] == row["企业名称"] for row in good)
    assert all(row["统一社会信用代码"][2:8] == "000000" for row in written)


def test_no_telephone_number_can_be_real(city):
    whole = "\n".join((city.directory / n).read_text(ENCODINGS.get(n, "utf-8-sig")) for n in CASE_FILES)
    phones = re.findall(r"(?<!\d)1[3-9]\d{9}(?!\d)", whole)
    assert len(phones) > 5000
    assert all(phone[3:7] == "0000" for phone in phones)
    assert {row["联系电话"][3:7] for row in city.rows() if row["联系电话"]} == {"0000", "****"}


def test_identity_numbers_are_of_no_division_and_check(city):
    numbers = [row["证件号码"] for row in city.rows() if row["证件号码"]]
    plain = [number for number in numbers if "*" not in number]
    assert 0 < len(numbers) - len(plain) < len(plain)
    assert all(number.startswith("000000") and ric.calc_check_digit(number) == number[17] for number in plain)


def test_some_reporters_are_anonymous_and_a_few_report_often(city):
    reports = [row for row in city.rows("12315_2020.csv") if row["类型"] == "举报"]
    assert 0.3 < share(reports, lambda row: not row["联系电话"]) < 0.4
    people = Counter(row["联系电话"] for row in reports if row["联系电话"])
    assert people.most_common(1)[0][1] > 30


# the life of a case


def test_stamps_follow_one_another_and_nothing_happens_from_today_on(city):
    for row in city.rows():
        stamps = [row[name] for name in STAMPS if row[name]]
        assert stamps == sorted(stamps)
        assert day(stamps[-1]) < TODAY
        assert not row["争议发生时间"] or row["争议发生时间"] <= row["登记时间"][:10]


def test_states_agree_with_stamps(city):
    for row in city.rows():
        assert (row["办理情况状态"] == "已办结") == bool(row["办结时间"])
        assert bool(row["调解结果"]) == bool(row["办结时间"]) or row["初查受理状态"] in {"不予受理", "立案", "不予立案"}
        if row["类型"] == "投诉":
            assert bool(row["受理时间"]) == (row["初查受理状态"] == "已受理")
            assert bool(row["初查时间"]) == (row["初查受理状态"] != "待受理")
        if row["类型"] == "举报":
            assert bool(row["初查时间"]) == (row["初查受理状态"] != "待核查")
            assert not row[RECOVERED]


def test_shares_in_time_are_near_those_of_zhejiang(city):
    """45 working days are at most 71 calendar days over the two years, 15 at most 33, 7 at most 19."""
    rows = city.rows("12315_2020.csv")
    accepted = [row for row in rows if row["受理时间"]]
    reports = [row for row in rows if row["类型"] == "举报"]
    complaints = [row for row in rows if row["类型"] == "投诉"]
    assert 0.06 < share(accepted, lambda row: days_between(row, "受理时间", "办结时间") > 71) < 0.095
    assert 0.02 < share(reports, lambda row: days_between(row, "登记时间", "初查时间") > 33) < 0.045
    assert share(complaints, lambda row: days_between(row, "登记时间", "初查时间") > 19) < 0.01


def test_open_work_is_recent_and_partly_overdue(city):
    rows = city.rows("12315_open.csv")
    assert len(rows) == 2700
    assert (day(rows[0]["登记时间"]), day(rows[-1]["登记时间"])) == (TODAY - dt.timedelta(120), TODAY - dt.timedelta(1))
    still = [row for row in rows if row["办理情况状态"] != "已办结"]
    assert 400 <= len(still) <= 700
    waiting = Counter(row["初查受理状态"] for row in still)
    assert {"待受理", "已受理", "待核查"} <= set(waiting)
    accepted = [row for row in still if row["受理时间"]]
    overdue = [row for row in accepted if (TODAY - day(row["受理时间"])).days > 60]
    soon = [row for row in accepted if 45 <= (TODAY - day(row["受理时间"])).days <= 60]
    assert 3 <= len(overdue) <= 40
    assert soon
    assert [row for row in city.rows("council_open.csv") if row["办理情况状态"] == "办理中"]


def test_today_may_lie_soon_after_the_past_years(tmp_path):
    write_city(tmp_path, scale="0.01", seed=1, today=dt.date(2021, 3, 12))
    early = City(tmp_path)
    assert early.recovered("12315_2020.csv") == Decimal("1260000.00")
    assert {row["登记时间"][:4] for row in early.rows("12315_open.csv")} == {"2021"}
    assert {row["办理情况状态"] for row in early.rows("12315_2020.csv") if row["类型"] == "投诉"} == {"已办结", "办理中"}
    assert max(row["办结时间"] for row in early.rows()) < "2021-03-12"
    assert "江干区" in {row["行政区划"] for row in early.rows("12315_open.csv")}


# the green channel


def referred(city, year):
    """The referrals of a year, each with its complaint."""
    cases = {row["登记编号"]: row for row in city.rows(f"12315_{year}.csv")}
    return [(row, cases[row["登记编号"]]) for row in city.referrals[f"referrals_{year}.csv"]]


def test_a_hundredth_of_the_59000_complaints_of_2020_went_to_the_15_platforms(city):
    rows = city.referrals["referrals_2020.csv"]
    assert len(rows) == len({row["登记编号"] for row in rows}) == 590
    assert len({row["平台名称"] for row in rows}) == 15
    assert {row["转办时间"][:4] for row in rows} == {"2020"}
    assert len(city.referrals["referrals_2019.csv"]) == 360


@pytest.mark.parametrize("year", ["2019", "2020"])
def test_a_complaint_is_referred_to_the_platform_on_which_its_trader_sells(city, year):
    for referral, case in referred(city, year):
        assert case["类型"] == "投诉"
        assert case["平台名称"] == referral["平台名称"]
        assert case["受理时间"] < referral["转办时间"] < referral["办结时间"] <= case["办结时间"]


@pytest.mark.parametrize("year", ["2019", "2020"])
def test_what_a_platform_settles_is_closed_with_that_and_the_rest_goes_on(city, year):
    results = Counter()
    for referral, case in referred(city, year):
        results[referral["办理结果"]] += 1
        settled = referral["办理结果"] == "已和解"
        assert (referral["办结时间"] == case["办结时间"]) == settled
        assert (referral["和解内容"] == case["反馈内容"]) == settled
        assert bool(referral["答复时间"]) == bool(referral["答复内容"]) == (referral["办理结果"] != "逾期未答复")
        if settled:
            assert case["调解结果"] == "自行和解"
    assert set(results) == {"已和解", "平台退回", "逾期未答复"}
    assert 0.77 < results["已和解"] / sum(results.values()) < 0.87


@pytest.mark.django_db
@pytest.mark.parametrize("year", ["2019", "2020"])
def test_platforms_settle_or_decline_within_ten_working_days_and_are_silent_for_longer(city, year):
    calendar = load_calendar()
    for referral, _case in referred(city, year):
        first, last = day(referral["转办时间"]), day(referral["办结时间"])
        passed = sum(calendar.is_working(first + dt.timedelta(n)) for n in range(1, (last - first).days + 1))
        assert (passed > 10) == (referral["办理结果"] == "逾期未答复")


def test_what_a_platform_settles_takes_two_thirds_of_the_time_of_the_rest(tmp_path):
    """Over all, without any matching: the portal matches."""
    write_city(tmp_path, scale="0.05", seed=2020, today=TODAY)
    larger = City(tmp_path)
    numbers = {row["登记编号"]: row["办理结果"] for row in larger.referrals["referrals_2020.csv"]}
    there, here = [], []
    for row in larger.rows("12315_2020.csv"):
        if row["受理时间"] and numbers.get(row["登记编号"], "已和解") == "已和解":
            (there if row["登记编号"] in numbers else here).append(days_between(row, "登记时间", "办结时间"))
    assert 0.60 < statistics.median(there) / statistics.median(here) < 0.72


# places, seasons, words


def test_districts_follow_the_map_of_the_day(city):
    past = Counter(row["行政区划"] for row in city.rows("12315_2020.csv") if row["类型"] == "投诉")
    now = Counter(row["行政区划"] for row in city.rows("12315_open.csv") if row["类型"] == "投诉")
    assert set(past) >= OLD_DISTRICTS
    assert not {"临平区", "钱塘区"} & set(past)
    assert set(now) >= NEW_DISTRICTS
    assert not {"下城区", "江干区"} & set(now)
    assert past.most_common(2)[0][0] == "余杭区"
    assert "滨江区" in dict(past.most_common(3))


def test_a_few_rows_have_an_unknown_place_or_agency(city):
    rows = [row for row in city.rows("12315_2020.csv") if row["行政区划"]]
    assert 0.003 < share(rows, lambda row: row["行政区划"] not in OLD_DISTRICTS) < 0.02
    assert 0.0005 < share(rows, lambda row: not re.fullmatch(r"\w+[区县市]?市场监督管理局", row["处理机构"])) < 0.01
    councils = city.rows("council_2019.csv", "council_2020.csv", "council_open.csv")
    assert all(row["处理机构"].endswith("消费者权益保护委员会") for row in councils)


def test_the_epidemic_brings_masks_and_the_autumn_sale_many_cases(city):
    complaints = [row for row in city.rows("12315_2020.csv") if row["类型"] == "投诉"]
    epidemic = [row for row in complaints if "2020-02-01" <= row["登记时间"] < "2020-03-15"]
    rest = [row for row in complaints if row["登记时间"] >= "2020-05"]
    assert share(epidemic, lambda row: "医疗器械" in row["客体类别全称"]) > 0.12
    assert share(rest, lambda row: "医疗器械" in row["客体类别全称"]) < 0.05
    sale = sum(1 for row in complaints if "2020-11-11" <= row["登记时间"] < "2020-12-01") / 20
    assert sale > 1.2 * len(complaints) / 366


def test_merchants_have_a_long_tail(city):
    counts = Counter(row["企业名称"] for row in city.rows("12315_2019.csv", "12315_2020.csv") if row["企业名称"])
    assert len(counts) > 1000
    assert counts.most_common(1)[0][1] > 40
    assert sum(1 for number in counts.values() if number == 1) > len(counts) / 10
    assert len({row["平台名称"] for row in city.rows() if row["平台名称"]}) == 15


def test_texts_are_whole_and_various(city):
    rows = city.rows()
    assert all(row["诉求内容"] and not re.search(r"[{}%]|None", row["诉求内容"] + row["反馈内容"]) for row in rows)
    texts = [row["诉求内容"] for row in city.rows("12315_2020.csv") if row["类型"] == "投诉"]
    assert len(set(texts)) > 0.99 * len(texts)
    assert 60 < sum(map(len, texts)) / len(texts) < 160
    assert len({row["客体类别全称"] for row in rows}) > 60
    assert all(row["订单号"] in row["诉求内容"] or row["销售方式"] == "网购" for row in rows if row["订单号"])


def test_council_file_of_2019_is_in_gb18030_and_the_others_in_utf_8_with_mark(city):
    for name in CASE_FILES:
        head = (city.directory / name).read_bytes()[:200]
        assert head.startswith(b"\xef\xbb\xbf") == (name != "council_2019.csv")
    with pytest.raises(UnicodeDecodeError):
        (city.directory / "council_2019.csv").read_text("utf-8")


@pytest.mark.parametrize(
    ("scale", "total", "returns", "factories", "blocks"),
    [
        ("1", 31_304, 16_251, 3_256, 25), ("0.008", 250, 130, 26, 0), ("0.1", 3_130, 1_625, 326, 3),
        ("10", 313_040, 162_510, 32_560, 250),
    ],
)
def test_units_newly_created_keep_their_ratios_at_every_scale(scale, total, returns, factories, blocks):
    units = new_units(2020, Decimal(scale))

    assert sum(units.values()) == total
    assert (units["no_reason_return"], units["factory"], units["street_block"]) == (returns, factories, blocks)
    assert min(units.values()) >= 0


def test_the_rest_of_2020_is_of_other_types():
    assert sum(UNITS[2020].values()) - 16_251 - 3_256 - 25 == 11_772
    assert {code: UNITS[2019][code] for code in ("reassuring_unit", "no_reason_return", "factory", "street_block")} == {
        "reassuring_unit": 8_945, "no_reason_return": 6_709, "factory": 2_412, "street_block": 21,
    }  # fmt: skip
