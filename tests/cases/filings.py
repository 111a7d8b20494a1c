"""Made-up filings of one person, for tests of what repeats."""

import itertools

from tests.factories.cases import local

AT = local(2026, 11, 2)
TEXT = "我在该店购买的净水器使用三天后漏水，联系商家多次，商家拒绝退货也拒绝维修，要求退一赔三。"
REASON = "一年内针对多家商户提交，均要求赔偿"
PHONE, IDENTITY = "13800000001", "000000199001010011"
texts = itertools.count()


def own_text() -> str:
    """A text that has no two characters in common with any other of a test."""
    first = 0x4E00 + next(texts) % 400 * 50
    return "".join(chr(first + n) for n in range(50))
