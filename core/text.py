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


# each begins with a plain character, so that the search is quick; the look-behind then tells that no longer
# number or code is cut
_BORN = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_IDENTITY = re.compile(rf"([1-8](?<![0-9A-Za-z].)\d{{5}})(?:19|20)\d\d{_BORN}(\d{{3}}[\dXx])(?![0-9A-Za-z])")
_OLD_IDENTITY = re.compile(rf"([1-8](?<![0-9A-Za-z].)\d{{5}})\d\d{_BORN}(\d{{3}})(?![0-9A-Za-z])")
_GAP = r"[-\s.\u00b7\u2014]?"
_MOBILE = re.compile(
    rf"([1\uff11](?:(?<!\d.)|(?<=(?<!\d)86.))\d\d){_GAP}\d{{4}}{_GAP}(\d{{4}})(?!\d)", re.DOTALL
)
_LANDLINE = re.compile(rf"(0(?<![\d.].)\d{{2,3}}\)?{_GAP})\d{{3,4}}{_GAP}(\d{{4}})(?!\d)", re.DOTALL)


def mask_numbers(text: str) -> str:
    """Free text with phone and citizen identity numbers masked: 138****0000, 330102********1234.

    Longer numbers (orders, registrations) stay; masking twice changes nothing.
    """
    text = _IDENTITY.sub(r"\1********\2", text)
    text = _OLD_IDENTITY.sub(r"\1******\2", text)
    text = _MOBILE.sub(r"\1****\2", text)
    return _LANDLINE.sub(r"\1****\2", text)
