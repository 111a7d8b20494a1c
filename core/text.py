"""Text as people and programs write it, made fit to store, compare and show."""

import re
import unicodedata
from functools import lru_cache

_INVISIBLE = "\u00ad\u200b\u200c\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"
_CONTROL = "\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff"
# a joiner is kept where it joins emoji
_JOINER = "(?<![\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])\u200d"
_UNWANTED = re.compile(f"[{_CONTROL}{_INVISIBLE}]|{_JOINER}")
_LINE_END = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_NEEDS_WORK = re.compile(f"[\r\x0b\x0c\u200d\u2028\u2029{_CONTROL}{_INVISIBLE}]")
# Excel users put an apostrophe before numbers, our exports before what a spreadsheet would take for a formula
_APOSTROPHE = re.compile(r"['\u2019\uff07](?=[\d=+\-@]|[A-Za-z]+[\w/-]*\d[\w/-]*$)")


def clean_cell(text: str) -> str:
    """A cell without what no reader can see: NFC, outer white space (full-width and tabs too), the
    apostrophe before a number, zero-width and control characters. Line ends become "\\n"; inner line
    ends, tabs and emoji stay.
    """
    text = text.strip()
    if _NEEDS_WORK.search(text):
        text = _UNWANTED.sub("", _LINE_END.sub("\n", text)).strip()
    if text[:1] in ("'", "\u2019", "\uff07") and _APOSTROPHE.match(text) and text[0] not in text[1:]:
        text = text[1:].strip()
    return text if text.isascii() else unicodedata.normalize("NFC", text)


_KEPT_PUNCTUATION = frozenset("&#@%+")


@lru_cache(maxsize=65536)
def name_key(name: str) -> str:
    """Key under which two spellings of a name meet: case, width, white space and punctuation do not
    count ("\uff08" and "(" and nothing are the same), the signs & # @ % + do.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    key = "".join(
        char for char in folded if char in _KEPT_PUNCTUATION or unicodedata.category(char)[0] in "LMN"
    )
    return key or "".join(folded.split())


# What people put between the digits of a number. No comma: it parts thousands, and one number from the next.
_GAP = r"[-\s./·\u2013\u2014\uff0d\uff0f_()（）]{0,3}"
_BORN = r"(?:[0０][1-9１-９]|[1１][0-2０-２])(?:[0０][1-9１-９]|[12１２]\d|[3３][01０１])"
_CENTURY = r"(?:[1１][9９]|[2２][0０])"
# each begins with a plain character, so that the search is quick; the look-behind then tells that no longer
# number or code is cut
_OPENS = r"[1-8１-８](?<![0-9０-９A-Za-z].)"
_IDENTITY = re.compile(
    rf"{_OPENS}\d{{5}}{_GAP}(?:{_CENTURY}\d\d{_BORN}{_GAP}\d{{3}}{_GAP}[\dXxＸｘ]|\d\d{_BORN}{_GAP}\d{{3}})"
    "(?![0-9０-９A-Za-z])",
    re.DOTALL,
)
_AFTER = r"(?:(?<!\d.)|(?<=(?<!\d)[8８][6６].)|(?<=(?<!\d)[0０][0０][8８][6６].))"  # nothing, 86, 0086
# with gaps it must be of a kind that there is (13 to 19), and no case number ("2026-13800001 123")
_MOBILE = re.compile(
    rf"[1１]{_AFTER}(?:\d{{10}}|(?<!20\d\d-.){_GAP}[3-9３-９](?:{_GAP}\d){{9}})(?!\d)", re.DOTALL
)
_LANDLINE = re.compile(rf"([0０](?<![\d.].)[)）]?\d{{2,3}}{_GAP})\d{{3,4}}{_GAP}(\d{{4}})(?!\d)", re.DOTALL)
_LANDLINE_ABROAD = re.compile(rf"((?:\+|00)86{_GAP}\d{{2,3}}{_GAP})\d{{3,4}}{_GAP}(\d{{4}})(?!\d)")


def _masked(head: int, stars: dict[int, int]):
    """A replacement that leaves the first `head` digits and the last four (three of an identity number of old)."""

    def replace(match: re.Match) -> str:
        digits = [char for char in match[0] if char.isalnum()]
        tail = 3 if len(digits) == 15 else 4
        return "".join([*digits[:head], "*" * stars[len(digits)], *digits[-tail:]])

    return replace


_DATE = re.compile(r"(?:19|20)\d\d([-./])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])(?!\d)")
_mask_identity = _masked(6, {18: 8, 15: 6})
_mask_eleven = _masked(3, {11: 4})


def _mask_mobile(match: re.Match) -> str:
    """Eleven digits with gaps among which a date is written are an amount or a date and another: no number."""
    if len(match[0]) > 11 and _DATE.search(match.string, match.start(), match.end() + 3):
        return match[0]
    return _mask_eleven(match)


def mask_numbers(text: str) -> str:
    """Free text with phone and citizen identity numbers masked, however they are spaced: 138****0000,
    330102********1234.

    Longer numbers (orders, registrations) stay; masking twice changes nothing.
    """
    text = _IDENTITY.sub(_mask_identity, text)
    text = _MOBILE.sub(_mask_mobile, text)
    text = _LANDLINE.sub(r"\1****\2", text)
    return _LANDLINE_ABROAD.sub(r"\1****\2", text) if "86" in text else text
