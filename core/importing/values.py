"""Cells to values: dates, amounts, telephone and identity numbers, credit codes as people write them.

A cell is the text of a CSV file or whatever a sheet holds (text, number, date). Functions either return a
value or raise `BadValue`; none guesses.
"""

import itertools
import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from stdnum.cn import uscc

from core.money import ZERO, yuan
from core.text import clean_cell

SHANGHAI = ZoneInfo("Asia/Shanghai")
EARLIEST = date(1990, 1, 1)
MAX_AMOUNT = Decimal("10000000000")
# what clerks write for "nothing"
_PLACEHOLDERS = "- -- — —— / \\ 无 空 暂无 不详 未知 未填 未填写 null none n/a"
# in capitals and small letters as they come
PLACEHOLDERS = frozenset(
    "".join(letters)
    for word in _PLACEHOLDERS.split()
    for letters in itertools.product(*((letter, letter.upper()) for letter in word))
)

_CACHE = 65536


class BadValue(Exception):
    """A cell cannot be read: `rule` is a stable dotted code, `reason` and `advice` are safe to show."""

    def __init__(self, reason: str, advice: str, *, rule: str):
        super().__init__(f"{reason} {advice}")
        self.reason = reason
        self.advice = advice
        self.rule = rule


def is_empty(text: str) -> bool:
    """Whether a cell holds nothing, or what clerks write for it."""
    return not text or text in PLACEHOLDERS


# Text of any cell -------------------------------------------------------------------------------------------

_SHORTENED = re.compile(r"\d(?:[.,]\d+)?[eE]\+\d+")
# a spreadsheet keeps fifteen digits of a number
_EXACT_BELOW = 10**15


def cell_text(cell) -> str:
    """The text of a cell as its author saw it; numbers without exponent and without a trailing ".0"."""
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int):
        return str(cell)
    if isinstance(cell, float):
        return format(_decimal(cell), "f")
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return str(cell)


def _decimal(number: float) -> Decimal:
    """The number that a spreadsheet shows: fifteen significant digits, no trailing zeros."""
    value = Decimal(f"{number:.15g}")
    return value.normalize() if value else Decimal(0)


def shown_number(cell) -> str:
    """The text of a cell in a column of numbers that are names: one that a spreadsheet has rounded keeps its
    exponent (3.301060000202E+19), so that `number_text` tells it later."""
    if isinstance(cell, int | float) and not isinstance(cell, bool) and abs(cell) >= _EXACT_BELOW:
        return f"{cell:.15G}"
    return cell_text(cell)


def number_text(cell) -> str:
    """A registration or telephone number as exact, clean text.

    BadValue (number.rounded) where a spreadsheet has kept only its first fifteen digits, be it as a number
    cell or as text such as 1.23457E+19.
    """
    if isinstance(cell, float) or (isinstance(cell, int) and not isinstance(cell, bool)):
        if abs(cell) < _EXACT_BELOW:
            return cell_text(cell)
    else:
        text = clean_cell(cell if isinstance(cell, str) else cell_text(cell))
        if not _SHORTENED.fullmatch(text):
            return text
    raise BadValue(
        _("A spreadsheet has rounded this number; its last digits are lost."),
        _("Format the column as text in the source and export again."),
        rule="number.rounded",
    )


# Dates ------------------------------------------------------------------------------------------------------


class Moment(NamedTuple):
    """An aware datetime; `date_only` when the cell gave no time of day (the time is then midnight)."""

    at: datetime
    date_only: bool


_TIME = (
    r"(上午|下午|AM|PM|am|pm)?\s*(\d{1,2})\s*[:时点]\s*(\d{1,2})\s*"
    r"(?:[:分]\s*(\d{1,2})(?:[.,]\d+)?\s*秒?|分)?"
)
_ZONE = r"(Z|[+-]\d{2}:?\d{2})"
_YEAR_FIRST = re.compile(
    rf"(\d{{4}})\s*(?:[-/.]|年)\s*(\d{{1,2}})\s*(?:[-/.]|月)\s*(\d{{1,2}})\s*[日号]?"
    rf"(?:(?:T|\s+|(?<=[日号])){_TIME}\s*(AM|PM|am|pm)?\s*{_ZONE}?)?"
)
_DIGITS = re.compile(r"(\d{4})(\d{2})(\d{2})(?:[T\s]?(\d{2}):?(\d{2})(?::?(\d{2}))?)?")
_ONLY_NUMBER = re.compile(r"\d{1,6}(?:\.\d+)?")
# a profile's format that says no more than the built-in ones is left to them: they are quicker
_BUILT_IN_FORMAT = re.compile(r"%Y(?:[-/.]|年)%m(?:[-/.]|月)%d日?(?:[T ]%H:%M(?::%S)?)?|%Y%m%d(?:%H%M%S)?")


def parse_datetime(
    cell, formats: Sequence[str] = (), tz: ZoneInfo = SHANGHAI, *, now: datetime | None = None
) -> Moment | None:
    """A point in time, None for an empty cell.

    Text: first the profile's `formats` (strptime), then year-first styles (2020-01-02, 2020/1/2, 2020.1.2,
    2020年1月2日, 20200102, each with or without time, ISO 8601 with offset). A number cell of a sheet is
    a serial date. Times without offset are local to `tz`. BadValue: date.unreadable, date.impossible,
    date.early (before 1990), date.future (after `now`, default the present).
    """
    if isinstance(cell, str):
        formats = tuple(formats)
        at = read_stamp(cell, tz) if reads_stamps(formats) else None
        moment = Moment(at, False) if at else _read_text(cell, formats, tz)
    elif cell is None:
        moment = None
    else:
        moment = _read_cell(cell, tz)
    if moment is None:
        return None
    if moment.at.year < EARLIEST.year:
        raise BadValue(
            _("The date lies before 1990."), _("Correct the year in the source."), rule="date.early"
        )
    if moment.at > (now or datetime.now(UTC)):
        raise BadValue(
            _("The date lies in the future."), _("Correct the date in the source."), rule="date.future"
        )
    return moment


def parse_date(
    cell, formats: Sequence[str] = (), tz: ZoneInfo = SHANGHAI, *, now: datetime | None = None
) -> date | None:
    """A local date; reads and refuses like `parse_datetime`, a time of day is dropped."""
    moment = parse_datetime(cell, formats, tz, now=now)
    return moment and moment.at.date()


def _impossible() -> BadValue:
    return BadValue(
        _("There is no such date or time."), _("Correct it in the source."), rule="date.impossible"
    )


def read_stamp(text: str, tz: ZoneInfo) -> datetime | None:
    """2020-01-31 13:45:00, as most exports write it, local to `tz`; None for anything else. Ten times quicker than the
    patterns, and without the bounds of `parse_datetime`."""
    if len(text) != 19 or text[4] != "-" or text[7] != "-" or text[10] != " ":
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=tz)
    except ValueError:
        return None


def reads_stamps(formats: Sequence[str]) -> bool:
    """Whether no format of a profile stands before the one of `read_stamp`."""
    return not _special_formats(tuple(formats))


@lru_cache(maxsize=_CACHE)
def _read_text(text: str, formats: tuple[str, ...], tz: ZoneInfo) -> Moment | None:
    text = unicodedata.normalize("NFKC", clean_cell(text))
    if is_empty(text):
        return None
    for pattern in _special_formats(formats):
        try:
            found = datetime.strptime(text, pattern)  # noqa: DTZ007
        except ValueError:
            continue
        date_only = not any(directive in pattern for directive in ("%H", "%I", "%X", "%c", "%T"))
        return _moment(found, date_only, tz)
    if match := _YEAR_FIRST.fullmatch(text):
        year, month, day, before, hour, minute, second, after, zone = match.groups()
        return _build(tz, year, month, day, hour, minute, second, half=before or after, zone=zone)
    if match := _DIGITS.fullmatch(text):
        return _build(tz, *match.groups())
    if _ONLY_NUMBER.fullmatch(text):
        raise BadValue(
            _("This is a number, not a date; a spreadsheet stores dates as such numbers."),
            _("Format the column as a date and export again."),
            rule="date.unreadable",
        )
    raise BadValue(
        _("The date cannot be read."),
        _("Write it as 2020-01-31 or name its format in the profile under [dates]."),
        rule="date.unreadable",
    )


@lru_cache(maxsize=64)
def _special_formats(formats: tuple[str, ...]) -> tuple[str, ...]:
    patterns = (unicodedata.normalize("NFKC", pattern) for pattern in formats)
    return tuple(pattern for pattern in patterns if not _BUILT_IN_FORMAT.fullmatch(pattern))


def _moment(local: datetime, date_only: bool, tz: ZoneInfo) -> Moment:
    return Moment(local.astimezone(tz) if local.tzinfo else local.replace(tzinfo=tz), date_only)


def _build(tz, year, month, day, hour=None, minute=None, second=None, half=None, zone=None) -> Moment:
    try:
        if hour is None:
            return Moment(datetime(int(year), int(month), int(day), tzinfo=tz), True)
        hours = int(hour)
        if half in ("下午", "PM", "pm") and hours < 12:
            hours += 12
        elif half in ("上午", "AM", "am") and hours == 12:
            hours = 0
        clock = (hours, int(minute), int(second or 0))
        offset = datetime.strptime(zone, "%z").tzinfo if zone else None
        return _moment(datetime(int(year), int(month), int(day), *clock, tzinfo=offset), False, tz)
    except (ValueError, OverflowError):
        raise _impossible() from None


_SERIAL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001


def _read_cell(cell, tz: ZoneInfo) -> Moment:
    if isinstance(cell, datetime):
        return _moment(cell, False, tz)
    if isinstance(cell, date):
        return Moment(datetime(cell.year, cell.month, cell.day, tzinfo=tz), True)
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        if cell >= 10_000_000 and float(cell).is_integer():
            found = _read_text(cell_text(cell), (), tz)
            if found:
                return found
        if not 1 <= cell < 2_958_466:
            raise _impossible()
        return _moment(_SERIAL_EPOCH + timedelta(seconds=round(cell * 86400)), float(cell).is_integer(), tz)
    raise BadValue(
        _("The date cannot be read."),
        _("Format the column as a date and export again."),
        rule="date.unreadable",
    )


# Amounts ----------------------------------------------------------------------------------------------------

_PLAIN = re.compile(r"\d{1,10}(?:\.\d{1,2})?", re.ASCII)
_AMOUNT = re.compile(
    r"(?P<open>\()?(?P<sign>[-\u2212+]|负)?\s*(?:¥|RMB|CNY|人民币)?\s*(?P<minus>[-\u2212])?\s*"
    r"(?P<number>\d+|\d{1,3}(?:,\d{3})+)(?P<fraction>\.\d*)?\s*(?P<unit>万)?\s*(?:元整?|圆|RMB|CNY)?"
    r"(?P<close>\))?(?P<after>-)?",
    re.ASCII | re.IGNORECASE,
)
_YEN_SIGNS = str.maketrans({"\uffe5": "¥", "\u2015": "-", "\uff0d": "-"})


def parse_amount(cell) -> Decimal | None:
    """CNY with two decimals, None for an empty cell or a word for nothing ("-", 无).

    Accepts thousands separators, ¥ and 元, 万元 (ten thousand). BadValue: amount.negative, amount.absurd
    (above `MAX_AMOUNT`), amount.fraction (less than a fen), amount.unreadable.
    """
    if isinstance(cell, str):
        return _read_amount(cell)
    if cell is None:
        return None
    if isinstance(cell, bool) or not isinstance(cell, int | float | Decimal):
        raise _no_amount()
    value = _decimal(cell) if isinstance(cell, float) else Decimal(cell)
    if not value.is_finite():
        raise _no_amount()
    return _checked(value)


def _no_amount() -> BadValue:
    return BadValue(
        _("The amount cannot be read."),
        _("Write one plain number in yuan, such as 1234.50."),
        rule="amount.unreadable",
    )


@lru_cache(maxsize=_CACHE)
def _read_amount(text: str) -> Decimal | None:
    if _PLAIN.fullmatch(text):
        return _checked(Decimal(text))
    text = unicodedata.normalize("NFKC", clean_cell(text).translate(_YEN_SIGNS))
    if is_empty(text):
        return None
    match = _AMOUNT.fullmatch(text)
    if not match or bool(match["open"]) != bool(match["close"]):
        raise _no_amount()
    value = Decimal(match["number"].replace(",", "") + (match["fraction"] or ""))
    if match["unit"]:
        value *= 10_000
    negative = match["open"] or match["minus"] or match["after"] or match["sign"] not in (None, "+")
    return _checked(-value if negative else value)


def _checked(value: Decimal) -> Decimal:
    if value < 0:
        raise BadValue(
            _("The amount is negative."),
            _("Amounts are never below zero; correct it in the source."),
            rule="amount.negative",
        )
    if value > MAX_AMOUNT:
        raise BadValue(
            _("The amount is above %(limit)s yuan.") % {"limit": f"{MAX_AMOUNT:,}"},
            _("Check whether a number of another kind stands in this column."),
            rule="amount.absurd",
        )
    amount = yuan(value)
    if amount != value:
        raise BadValue(
            _("The amount has more than two decimals."),
            _("Round it to the fen in the source."),
            rule="amount.fraction",
        )
    return amount if amount else ZERO


# Names and addresses ----------------------------------------------------------------------------------------

_HAN = "\u3400-\u9fff\U00020000-\U0003ffff"
_NAME_MASK = re.compile(rf"[*＊×✱※]+|[•●]{{2,}}|[•●]$|(?<=^[{_HAN}])[•●](?=[{_HAN}]$)|(?<=[{_HAN}])[xX]+$")
_SOMEBODY = re.compile(rf"([{_HAN}])(某{{1,2}})")
_ADDRESS_MASK = re.compile(r"[*＊✱※]+|[×•●]{2,}|(?<!\d)×|×(?!\d)|[xX]{2,}")


@lru_cache(maxsize=_CACHE)
def masked_name(text: str) -> str:
    """A name with what hides it written as asterisks: 王××, 王●明, 王XX and 王某某 become 王**, 王*明, 王**, 王**.
    A dot between the parts of a name hides nothing."""
    if somebody := _SOMEBODY.fullmatch(text):
        return somebody[1] + "*" * len(somebody[2])
    return _NAME_MASK.sub(_asterisks, text)


@lru_cache(maxsize=_CACHE)
def masked_address(text: str) -> str:
    """An address with what hides a part of it written as asterisks; 3×5 and 8栋X单元 hide nothing."""
    return _ADDRESS_MASK.sub(_asterisks, text)


# Telephone and identity numbers -----------------------------------------------------------------------------


class Number(NamedTuple):
    """A personal number: `value` normalised ("" when empty), `masked` when digits are hidden by asterisks,
    `ok` when it has the form of such a number (kept as written otherwise)."""

    value: str
    masked: bool
    ok: bool


_NOTHING = Number("", False, True)
_PHONE_MASK = re.compile(r"[×•●✱※*]+|(?<=\d)[xX]{2,}")
_PHONE_NOISE = re.compile(r"[\s\-.()·—–]")
_COUNTRY = re.compile(r"(?:\+86|0086|86(?=1[\d*]{10}$))")
_PHONE = re.compile(r"1\d{10}|0\d{2,3}[2-9]\d{6,7}|[48]00\d{7}|[2-9]\d{6,7}|9\d{4}|1\d{4}", re.ASCII)
_MASKED_PHONE = re.compile(r"[\d*]{7,15}", re.ASCII)


def _asterisks(match: re.Match) -> str:
    return "*" * len(match[0])


@lru_cache(maxsize=_CACHE)
def parse_phone(text: str) -> Number:
    """A telephone number as digits without +86, spaces and dashes; 138****0000 stays masked."""
    text = unicodedata.normalize("NFKC", clean_cell(text))
    if is_empty(text):
        return _NOTHING
    digits, masked = _PHONE_MASK.subn(_asterisks, text)
    digits = _PHONE_NOISE.sub("", digits)
    if country := _COUNTRY.match(digits):
        digits = digits[country.end() :]
    if masked:
        return Number(digits, True, bool(_MASKED_PHONE.fullmatch(digits)))
    if _PHONE.fullmatch(digits):
        return Number(digits, False, True)
    return Number(text, False, False)


_ID_MASK = re.compile(r"[×•●✱※*]+|[xX]{2,}")
_MASKED_ID = re.compile(r"[\d*]{14,17}[\dX*]", re.ASCII)


@lru_cache(maxsize=_CACHE)
def parse_id_number(text: str) -> Number:
    """A citizen identity number (GB 11643-1999, and the fifteen digits of before) in upper case.

    `ok` means a plausible birth date and the right check digit; a masked number is ok by its form.
    """
    text = unicodedata.normalize("NFKC", clean_cell(text))
    if is_empty(text):
        return _NOTHING
    number = re.sub(r"[\s-]", "", text).upper()
    number, masked = _ID_MASK.subn(_asterisks, number)
    if masked:
        return Number(number, True, bool(_MASKED_ID.fullmatch(number)))
    return Number(number, False, _is_id_number(number))


_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def _is_id_number(number: str) -> bool:
    if re.fullmatch(r"\d{15}", number, re.ASCII):
        born = f"19{number[6:12]}"
    elif re.fullmatch(r"\d{17}[\dX]", number, re.ASCII):
        total = sum(int(digit) * weight for digit, weight in zip(number[:17], _ID_WEIGHTS, strict=True))
        if "10X98765432"[total % 11] != number[17]:
            return False
        born = number[6:14]
    else:
        return False
    try:
        date(int(born[:4]), int(born[4:6]), int(born[6:]))
    except ValueError:
        return False
    return int(born[:4]) >= 1880


# Credit codes -----------------------------------------------------------------------------------------------

_CREDIT_CODE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}", re.ASCII)


def parse_credit_code(text: str) -> tuple[str | None, str | None]:
    """(unified social credit code by GB 32100-2015 in upper case or None, warning or None).

    A wrong code and an old registration number of fifteen digits give a warning and no code; the caller
    keeps the text as written.
    """
    code, valid = _read_credit_code(text)
    if valid or not code:
        return code or None, None
    if re.fullmatch(r"\d{15}", code, re.ASCII):
        return None, _("This is an old registration number of fifteen digits, not a credit code.")
    if len(code) != 18:
        return None, _("A credit code has 18 characters, this one has %(count)s.") % {"count": len(code)}
    if not _CREDIT_CODE.fullmatch(code):
        return None, _("The credit code contains characters that no such code has.")
    return None, _("The check character of the credit code is wrong.")


@lru_cache(maxsize=_CACHE)
def _read_credit_code(text: str) -> tuple[str, bool]:
    text = unicodedata.normalize("NFKC", clean_cell(text))
    if is_empty(text):
        return "", True
    code = re.sub(r"[\s-]", "", text).upper()
    return code, bool(_CREDIT_CODE.fullmatch(code)) and uscc.calc_check_digit(code) == code[-1]
