from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from core.importing.values import (
    MAX_AMOUNT,
    BadValue,
    cell_text,
    masked_address,
    masked_name,
    number_text,
    parse_amount,
    parse_credit_code,
    parse_date,
    parse_datetime,
    parse_id_number,
    parse_phone,
    shown_number,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2021, 3, 12, 10, 0, tzinfo=SHANGHAI)


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def at(*parts):
    return datetime(*parts, tzinfo=SHANGHAI)


# Text of any cell


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (" as written ", " as written "),
        (None, ""),
        (True, "TRUE"),
        (False, "FALSE"),
        (12, "12"),
        (12.0, "12"),
        (-0.5, "-0.5"),
        (96.84999999999999, "96.85"),
        (1e-7, "0.0000001"),
        (1.5e20, "150000000000000000000"),
        (0.0, "0"),
        (datetime(2020, 1, 2, 3, 4, 5), "2020-01-02 03:04:05"),  # noqa: DTZ001
        (date(2020, 1, 2), "2020-01-02"),
        (time(3, 4), "03:04:00"),
        (timedelta(hours=30), "1 day, 6:00:00"),
    ],
)
def test_cell_text(cell, text):
    assert cell_text(cell) == text


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("33010220200101000001", "33010220200101000001"),
        ("\t'33010220200101000001 ", "33010220200101000001"),
        ("HZDH20200101", "HZDH20200101"),
        ("12E5", "12E5"),
        (330102.0, "330102"),
        (999999999999999, "999999999999999"),
        ("", ""),
        (None, ""),
    ],
)
def test_number_text(cell, text):
    assert number_text(cell) == text


@pytest.mark.parametrize(
    "cell", [3.3010220200101e19, 1e15, 10**15, "3.30102E+19", "1.23457e+19", "1E+19", " 3.30102E+19"]
)
def test_a_number_that_a_spreadsheet_has_rounded_is_refused(cell):
    with pytest.raises(BadValue, match="as text in the source") as bad:
        number_text(cell)

    assert bad.value.rule == "number.rounded"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (13800001234.0, "13800001234"),
        (999_999_999_999_999.0, "999999999999999"),
        (1e15, "1E+15"),
        (33010600002020050601.0, "3.301060000202E+19"),
        (12345678901234567890, "1.23456789012346E+19"),
        (1.5, "1.5"),
        ("33010600002020050601", "33010600002020050601"),
        (None, ""),
        (True, "TRUE"),
    ],
)
def test_shown_number(cell, text):
    assert shown_number(cell) == text


@pytest.mark.parametrize(
    ("written", "masked"),
    [
        ("王＊＊", "王**"),
        ("王××", "王**"),
        ("王●●", "王**"),
        ("王•", "王*"),
        ("王●明", "王*明"),
        ("王XX", "王**"),
        ("张x", "张*"),
        ("王某", "王*"),
        ("王某某", "王**"),
        ("王某某某", "王某某某"),
        ("欧阳某某", "欧阳某某"),
        ("王某明", "王某明"),
        ("王小明", "王小明"),
        ("买买提•吐尔逊", "买买提•吐尔逊"),
        ("买买提·吐尔逊", "买买提·吐尔逊"),
        ("Max", "Max"),
        ("", ""),
    ],
)
def test_masked_name(written, masked):
    assert masked_name(written) == masked


@pytest.mark.parametrize(
    ("written", "masked"),
    [
        ("文三路＊＊号", "文三路**号"),
        ("文三路××号", "文三路**号"),
        ("文三路5××号", "文三路5**号"),
        ("文三路XX号", "文三路**号"),
        ("●●小区", "**小区"),
        ("×号", "*号"),
        ("3×5室", "3×5室"),
        ("8栋X单元", "8栋X单元"),
        ("文三路某号", "文三路某号"),
    ],
)
def test_masked_address(written, masked):
    assert masked_address(written) == masked


# Dates


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2020-01-02", at(2020, 1, 2)),
        ("2020/1/2", at(2020, 1, 2)),
        ("2020.1.2", at(2020, 1, 2)),
        ("2020年1月2日", at(2020, 1, 2)),
        ("2020 年 1 月 2 日", at(2020, 1, 2)),
        ("２０２０－０１－０２", at(2020, 1, 2)),
        ("20200102", at(2020, 1, 2)),
        (" '20200102 ", at(2020, 1, 2)),
        ("2020-02-29", at(2020, 2, 29)),
        (date(2020, 1, 2), at(2020, 1, 2)),
        (43832, at(2020, 1, 2)),
        (43832.0, at(2020, 1, 2)),
        (20200102.0, at(2020, 1, 2)),
    ],
)
def test_parse_datetime_of_a_day(text, expected):
    assert parse_datetime(text, now=NOW) == (expected, True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2020-01-02 13:04", at(2020, 1, 2, 13, 4)),
        ("2020-01-02 13:04:05", at(2020, 1, 2, 13, 4, 5)),
        ("2020-01-02 13:04:05.000", at(2020, 1, 2, 13, 4, 5)),
        ("2020-01-02T13:04:05", at(2020, 1, 2, 13, 4, 5)),
        ("2020-01-02T05:04:05Z", at(2020, 1, 2, 13, 4, 5)),
        ("2020-01-02T13:04:05+08:00", at(2020, 1, 2, 13, 4, 5)),
        ("2020/1/2 9:04", at(2020, 1, 2, 9, 4)),
        ("2020/1/2 下午 1:04:05", at(2020, 1, 2, 13, 4, 5)),
        ("2020/1/2 上午 12:04", at(2020, 1, 2, 0, 4)),
        ("2020/1/2 1:04:05 PM", at(2020, 1, 2, 13, 4, 5)),
        ("2020年1月2日13时4分5秒", at(2020, 1, 2, 13, 4, 5)),
        ("2020年1月2日 13时4分", at(2020, 1, 2, 13, 4)),
        ("20200102130405", at(2020, 1, 2, 13, 4, 5)),
        ("202001021304", at(2020, 1, 2, 13, 4)),
        ("20200102 13:04:05", at(2020, 1, 2, 13, 4, 5)),
        ("2020-01-02 00:00:00", at(2020, 1, 2)),
        (datetime(2020, 1, 2, 13, 4, 5), at(2020, 1, 2, 13, 4, 5)),  # noqa: DTZ001
        (43832.5, at(2020, 1, 2, 12)),
        (43832.54450231481, at(2020, 1, 2, 13, 4, 5)),
    ],
)
def test_parse_datetime_with_a_time(text, expected):
    moment = parse_datetime(text, now=NOW)

    assert moment == (expected, False)
    assert moment.at.tzinfo is SHANGHAI


@pytest.mark.parametrize("cell", ["", "  ", "-", "无", "NULL", None])
def test_parse_datetime_of_nothing(cell):
    assert parse_datetime(cell, now=NOW) is None
    assert parse_date(cell, now=NOW) is None


@pytest.mark.parametrize(
    ("cell", "rule"),
    [
        ("2020-02-30", "date.impossible"),
        ("2019-02-29", "date.impossible"),
        ("2020-13-01", "date.impossible"),
        ("20201301", "date.impossible"),
        ("0000-01-01", "date.impossible"),
        ("2020-01-02 25:00", "date.impossible"),
        ("2020-01-02 13:60", "date.impossible"),
        (3e6, "date.impossible"),
        (-1, "date.impossible"),
        (float("inf"), "date.impossible"),
        (float("nan"), "date.impossible"),
        ("1989-12-31", "date.early"),
        ("1899-12-30", "date.early"),
        ("0001-01-01T00:00Z", "date.early"),
        (1, "date.early"),
        ("2021-03-13", "date.future"),
        ("2021-03-12 10:00:01", "date.future"),
        ("9999-12-31", "date.future"),
        ("01/02/2020", "date.unreadable"),
        ("1-2-2020", "date.unreadable"),
        ("20-1-2", "date.unreadable"),
        ("2020-01-13:04", "date.unreadable"),
        ("2020-01", "date.unreadable"),
        ("43832", "date.unreadable"),
        ("1577934245000", "date.unreadable"),
        ("昨天", "date.unreadable"),
        ("2020-01-02 or so", "date.unreadable"),
        (True, "date.unreadable"),
        (time(1, 2), "date.unreadable"),
    ],
)
def test_a_bad_date_is_refused_with_advice(cell, rule):
    with pytest.raises(BadValue) as bad:
        parse_datetime(cell, now=NOW)

    assert bad.value.rule == rule
    assert bad.value.reason
    assert bad.value.advice


def test_a_bad_date_is_refused_each_time():
    for _attempt in range(2):
        with pytest.raises(BadValue, match="no such date"):
            parse_datetime("2020-02-30", now=NOW)


def test_a_day_first_date_is_read_where_the_profile_names_its_format():
    assert parse_datetime("01/02/2020", ["%d/%m/%Y"], now=NOW) == (at(2020, 2, 1), True)
    assert parse_datetime("01/02/2020", ["%m/%d/%Y"], now=NOW) == (at(2020, 1, 2), True)
    assert parse_datetime("01/02/2020 13:04", ["%d/%m/%Y", "%d/%m/%Y %H:%M"], now=NOW) == (
        at(2020, 2, 1, 13, 4),
        False,
    )


def test_a_format_of_the_profile_goes_before_the_built_in_ones():
    assert parse_date("2020-01-02", ["%Y-%d-%m"], now=NOW) == date(2020, 2, 1)
    assert parse_date("2020-01-02", ["%Y-%m-%d"], now=NOW) == date(2020, 1, 2)
    assert parse_date("2020/01/02", ["%Y-%d-%m"], now=NOW) == date(2020, 1, 2)


def test_now_is_the_present_by_default():
    tomorrow = datetime.now(UTC) + timedelta(days=1)

    with pytest.raises(BadValue, match="future"):
        parse_datetime(tomorrow.isoformat())
    assert parse_date("2020-01-02") == date(2020, 1, 2)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2021, 3, 11)))  # noqa: DTZ001
def test_a_written_time_is_read_back(moment):
    moment = moment.replace(microsecond=0, fold=0)

    assert parse_datetime(f"{moment:%Y-%m-%d %H:%M:%S}", now=NOW).at.replace(tzinfo=None) == moment


# Amounts


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("0", "0.00"),
        ("12", "12.00"),
        ("12.5", "12.50"),
        ("12.500", "12.50"),
        ("12.", "12.00"),
        ("1,234,567.89", "1234567.89"),
        ("1，234.5", "1234.50"),
        ("￥100", "100.00"),
        ("¥ 1,000.00", "1000.00"),
        ("100元", "100.00"),
        ("100 元整", "100.00"),
        ("人民币100元", "100.00"),
        ("RMB 100", "100.00"),
        ("1.26万元", "12600.00"),
        ("1.23456万", "12345.60"),
        ("１２．５", "12.50"),
        ("+5", "5.00"),
        ("-0.00", "0.00"),
        ("'12.50", "12.50"),
        ("10000000000", "10000000000.00"),
        (12, "12.00"),
        (96.84999999999999, "96.85"),
        (0.1 + 0.2, "0.30"),
        (Decimal("1.10"), "1.10"),
    ],
)
def test_parse_amount(cell, expected):
    assert str(parse_amount(cell)) == expected


@pytest.mark.parametrize("cell", ["", " ", "-", "--", "—", "无", "/", "NULL", "N/A", None])
def test_parse_amount_of_nothing(cell):
    assert parse_amount(cell) is None


@pytest.mark.parametrize(
    ("cell", "rule"),
    [
        ("-5", "amount.negative"),
        ("−5", "amount.negative"),
        ("－5", "amount.negative"),
        ("(5)", "amount.negative"),
        ("（5.00）", "amount.negative"),
        ("¥-5", "amount.negative"),
        ("5-", "amount.negative"),
        ("负5元", "amount.negative"),
        (-5, "amount.negative"),
        (-0.01, "amount.negative"),
        ("10000000000.01", "amount.absurd"),
        ("33010220200101000001", "amount.absurd"),
        ("9" * 60, "amount.absurd"),
        ("1000001万元", "amount.absurd"),
        (1e20, "amount.absurd"),
        (1e300, "amount.absurd"),
        ("1.005", "amount.fraction"),
        ("1.23456789万", "amount.fraction"),
        (1.005, "amount.fraction"),
        ("12,5", "amount.unreadable"),
        ("1,2345", "amount.unreadable"),
        ("1.2.3", "amount.unreadable"),
        ("100-200", "amount.unreadable"),
        ("约100元", "amount.unreadable"),
        ("1.2E+06", "amount.unreadable"),
        ("(5", "amount.unreadable"),
        ("元", "amount.unreadable"),
        ("NaN", "amount.unreadable"),
        ("Infinity", "amount.unreadable"),
        ("一百", "amount.unreadable"),
        (float("nan"), "amount.unreadable"),
        (float("inf"), "amount.unreadable"),
        (True, "amount.unreadable"),
        (date(2020, 1, 1), "amount.unreadable"),
    ],
)
def test_a_bad_amount_is_refused_with_advice(cell, rule):
    with pytest.raises(BadValue) as bad:
        parse_amount(cell)

    assert bad.value.rule == rule
    assert bad.value.advice


AMOUNTS = st.decimals(0, MAX_AMOUNT, places=2)


@given(AMOUNTS, st.sampled_from(["{}", "{:,}", "￥{:,}", "{}元", " {} ", "'{}"]))
def test_a_written_amount_is_read_back(amount, style):
    assert parse_amount(style.format(amount)) == amount


@given(AMOUNTS.filter(lambda amount: amount < 10**9))
def test_an_amount_of_a_sheet_is_read_back(amount):
    assert parse_amount(float(amount)) == amount


@given(AMOUNTS.filter(bool))
def test_a_negative_amount_is_never_read(amount):
    for text in (f"-{amount}", f"({amount:,})"):
        with pytest.raises(BadValue, match="negative"):
            parse_amount(text)


# Telephone and identity numbers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("13800001234", ("13800001234", False, True)),
        ("+86 138-0000-1234", ("13800001234", False, True)),
        ("8613800001234", ("13800001234", False, True)),
        ("0086 13800001234", ("13800001234", False, True)),
        ("\t'13800001234", ("13800001234", False, True)),
        ("１３８００００１２３４", ("13800001234", False, True)),
        ("0571-88000000", ("057188000000", False, True)),
        ("(010)80000000", ("01080000000", False, True)),
        ("4000000000", ("4000000000", False, True)),
        ("12315", ("12315", False, True)),
        ("138****0000", ("138****0000", True, True)),
        ("138＊＊＊＊0000", ("138****0000", True, True)),
        ("138xxxx0000", ("138****0000", True, True)),
        ("+86138****0000", ("138****0000", True, True)),
        ("86138****0000", ("138****0000", True, True)),
        ("***", ("***", True, False)),
        ("13800001234、13900001234", ("13800001234、13900001234", False, False)),
        ("1380000", ("1380000", False, False)),
        ("没有电话", ("没有电话", False, False)),
        ("", ("", False, True)),
        ("无", ("", False, True)),
    ],
)
def test_parse_phone(text, expected):
    assert parse_phone(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("330102199001010012", ("330102199001010012", False, True)),
        ("11010519491231002x", ("11010519491231002X", False, True)),
        (" 330102 19900101 0012 ", ("330102199001010012", False, True)),
        ("330102199001010011", ("330102199001010011", False, False)),
        ("330102199002300011", ("330102199002300011", False, False)),
        ("330102000101010019", ("330102000101010019", False, False)),
        ("330102900101001", ("330102900101001", False, True)),
        ("330102901301001", ("330102901301001", False, False)),
        ("330102********1234", ("330102********1234", True, True)),
        ("330102********123x", ("330102********123X", True, True)),
        ("330102XXXXXXXX1234", ("330102********1234", True, True)),
        ("33010219900101XXXX", ("33010219900101****", True, True)),
        ("3301****", ("3301****", True, False)),
        ("E12345678", ("E12345678", False, False)),
        ("", ("", False, True)),
    ],
)
def test_parse_id_number(text, expected):
    assert parse_id_number(text) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("91330100MA0000000C", "91330100MA0000000C"),
        (" 91330100ma0000000c", "91330100MA0000000C"),
        ("9133 0100 MA00 0000 0C", "91330100MA0000000C"),
        ("９１３３０１００ＭＡ０００００００Ｃ", "91330100MA0000000C"),
        ("92330106MA2AAAAA12", "92330106MA2AAAAA12"),
        ("N2000000MF0000000G", "N2000000MF0000000G"),
    ],
)
def test_parse_credit_code(text, code):
    assert parse_credit_code(text) == (code, None)


@pytest.mark.parametrize("text", ["", "无", "-"])
def test_parse_credit_code_of_nothing(text):
    assert parse_credit_code(text) == (None, None)


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("91330100MA0000000D", "check character"),
        ("91330100MA000000OC", "contains characters"),
        ("91330100MA", "18 characters, this one has 10"),
        ("330100000000000", "old registration number of fifteen digits"),
    ],
)
def test_a_bad_credit_code_is_a_warning(text, warning):
    code, message = parse_credit_code(text)

    assert code is None
    assert warning in message
